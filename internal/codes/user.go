package codes

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"accesscodes/internal/core"
)

// MaxUserIDLength is the longest user id, in characters.
const MaxUserIDLength = 255

// UserStatus is the status of a user. A user who is not registered has none.
type UserStatus string

// The statuses, spelt exactly so wherever they appear.
const (
	Unregistered UserStatus = ""
	UserNormal   UserStatus = "Normal"
	UserPremium  UserStatus = "Premium"
)

// User is someone in the customer's system who is registered in a workspace. Times are
// UTC with microseconds.
type User struct {
	WorkspaceID core.ID
	ID          string // the customer's own, opaque; compared byte by byte
	Status      UserStatus
	CreatedAt   time.Time
	UpdatedAt   time.Time // when the status last changed
	LastOrdinal int64     // of the user's newest redemption; 0: there was none since the user registered
}

// What can be wrong with a user id.
var (
	dottedUserID = core.NewSentence("dotted_user_id",
		`userId must not be "/", "." or "..", which the path of an address cannot name`)
	controlInUserID = core.NewSentence("control_in_user_id", "userId must be UTF-8 without control characters")
)

// CheckUserID refuses an invalid user id. Ids belong to the customer: nothing is trimmed, and case
// matters.
func CheckUserID(errs *core.FieldErrors, pointer, id string) {
	switch {
	case id == "":
		errs.Add(core.ReasonInvalidValue, pointer, core.Empty.With("field", "userId"))
	case utf8.RuneCountInString(id) > MaxUserIDLength:
		errs.Add(core.ReasonInvalidValue, pointer, core.TooLong.With("field", "userId", "max", MaxUserIDLength))
	case id == "/" || id == "." || id == "..":
		errs.Add(core.ReasonInvalidValue, pointer, dottedUserID.Said())
	case !utf8.ValidString(id) || strings.ContainsFunc(id, unicode.IsControl):
		errs.Add(core.ReasonInvalidValue, pointer, controlInUserID.Said())
	}
}
