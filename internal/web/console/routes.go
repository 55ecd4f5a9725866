package console

import "slices"

// allRoutes are the pages and acts, by noun.
func (s *server) allRoutes() []Route {
	return slices.Concat(
		s.signInRoutes(), s.linkRoutes(), s.homeRoutes(), s.welcomeRoutes(), s.accountRoutes(), s.helpRoutes(),
		s.codesRoutes(), s.changesRoutes(), s.newRoutes(),
		s.whyRoutes(), s.searchRoutes(), s.overviewRoutes(),
		s.batchRoutes(), s.printRoutes(), s.importRoutes(), s.exportRoutes(),
		s.keyRoutes(), s.userRoutes(),
	)
}
