package console

import "slices"

// allRoutes are the pages and acts, by noun.
func (s *server) allRoutes() []Route {
	return slices.Concat(
		s.signInRoutes(), s.linkRoutes(), s.homeRoutes(), s.welcomeRoutes(), s.accountRoutes(), s.helpRoutes(),
		s.whyRoutes(), s.searchRoutes(), s.overviewRoutes(), s.batchRoutes(), s.printRoutes(), s.keyRoutes(),
		s.userRoutes(), s.activityRoutes(), s.settingsRoutes(), s.memberRoutes(), s.importRoutes(), s.exportRoutes(),
		s.codesRoutes(), s.changesRoutes(), s.newRoutes(), s.workspaceRoutes(), s.installationRoutes(),
		s.codeRoutes(), s.webhookRoutes(),
	)
}
