package api

import (
	"slices"
	"strings"

	"accesscodes/internal/web/kit"
)

// Tags of routes: the groups of the documentation page.
const (
	tagIssuing      = "Issuing codes"
	tagBatches      = "Batches"
	tagCodes        = "Codes"
	tagImports      = "Imports"
	tagChanges      = "Changes"
	tagRedeeming    = "Redeeming"
	tagReservations = "Reservations"
	tagRedemptions  = "Redemptions"
	tagUsers        = "Users"
	tagEvents       = "Events"
	tagWebhooks     = "Webhooks"
	tagExports      = "Exports"
	tagServer       = "Server"
)

// tags are the groups in the order in which the page shows them.
func tags() []kit.Tag {
	return []kit.Tag{
		{Name: tagIssuing, Description: "Make codes, with values of your own or random ones."},
		{Name: tagBatches, Description: "Make many codes at once, see how far it is, get them."},
		{Name: tagImports, Description: "Bring codes in a file, and mend the lines that are rejected."},
		{Name: tagCodes, Description: "Look codes up, change them, take them back."},
		{Name: tagChanges, Description: "Take many codes back, restore or change them at once, and undo that."},
		{Name: tagRedeeming, Description: "Judge a code that a person typed, and use it up."},
		{Name: tagReservations, Description: "Hold a use of a code while somebody signs up."},
		{Name: tagRedemptions, Description: "See who has used which code, and undo it."},
		{Name: tagUsers, Description: "See who is registered, register people without a code, erase them."},
		{Name: tagEvents, Description: "Follow what happens, from any position on, and keep how far you are."},
		{Name: tagWebhooks, Description: "Have your own server told about what happens."},
		{Name: tagExports, Description: "Take whole lists away in a file."},
		{Name: tagServer, Description: "For whoever runs the server; no key is asked for."},
	}
}

// routes are the routes that the OpenAPI document describes, by noun.
func (s *server) routes() []kit.Route {
	all := slices.Concat(
		s.issuingRoutes(), s.batchRoutes(), s.importRoutes(), s.lookUpRoutes(), s.changeRoutes(), s.bulkChangeRoutes(),
		s.validationRoutes(), s.redemptionRoutes(), s.reservationRoutes(),
		s.userRoutes(), s.eventRoutes(), s.cursorRoutes(), s.webhookRoutes(), s.deliveryRoutes(), s.exportRoutes(),
		s.healthRoutes(),
	)
	for i := range all {
		if name, ok := strings.CutPrefix(all[i].Path, "/tenant-codes/"); ok && !strings.ContainsAny(name, "/{") {
			all[i].Otherwise = "a code of this name is found as /tenant-codes/" + strings.ToUpper(name)
		}
	}
	return all
}

// nothing is the body of a request that has nothing to say. It may be left out.
type nothing struct{}
