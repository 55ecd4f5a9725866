package console

import (
	"github.com/a-h/templ"

	"accesscodes/internal/codes"
)

// used says how often a code was used, as lists do: "3 of 5".
func (p *page) used(c *codes.Code) string {
	if c.MaxRedemptions == nil {
		return p.Number(c.Redemptions)
	}
	return p.Say("codes.used", "taken", c.Redemptions, "max", *c.MaxRedemptions)
}

// validity says from when and until when a code can be redeemed, as lists do. A beginning that is past
// is not worth a word.
func (p *page) validity(c *codes.Code) templ.Component {
	starts := c.StartsAt != nil && c.StartsAt.After(p.Now())
	switch {
	case starts && c.ExpiresAt != nil:
		return p.Rich("codes.valid_between", "start", p.Moment(*c.StartsAt), "end", p.Moment(*c.ExpiresAt))
	case starts:
		return p.Rich("codes.valid_from", "start", p.Moment(*c.StartsAt))
	case c.ExpiresAt != nil:
		return p.Rich("codes.valid_until", "end", p.Moment(*c.ExpiresAt))
	default:
		return p.Rich("codes.valid_always")
	}
}

// givenTo is who or what a code is for.
func givenTo(c *codes.Code) string {
	if c.Recipient != "" {
		return c.Recipient
	}
	return c.Note
}

// shownStatuses are the statuses in the order in which people think of them.
var shownStatuses = []codes.Status{
	codes.StatusActive, codes.StatusScheduled, codes.StatusExhausted, codes.StatusExpired, codes.StatusRevoked,
}
