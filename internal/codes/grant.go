package codes

import "accesscodes/internal/core"

// Grant is what redeeming a code gives to a user. That is decided here, and nowhere else; whether the
// code can be used at all is decided by the rules.
type Grant struct {
	Status UserStatus // that the user gets
}

// Grant returns what the code gives to whoever may redeem it.
func (c *Code) Grant() Grant {
	if c.Type == TypeNormal {
		return Grant{Status: UserNormal}
	}
	return Grant{Status: UserPremium}
}

// grantTo returns what the code gives to a user with a status, or why they cannot redeem it.
func (c *Code) grantTo(user UserStatus) (Grant, error) {
	switch {
	case c.Type == TypeUpgrade && user == Unregistered:
		return Grant{}, core.Conflict(core.ReasonUserNotRegistered,
			"this user is not registered; an Upgrade code is for a registered user")
	case c.Type == TypeUpgrade && user == UserPremium:
		return Grant{}, core.Conflict(core.ReasonUserAlreadyPremium, "this user is premium already")
	case c.Type != TypeUpgrade && user != Unregistered:
		return Grant{}, core.Conflict(core.ReasonUserAlreadyRegistered,
			"this user is registered already; a "+string(c.Type)+" code registers a new user")
	default:
		return c.Grant(), nil
	}
}
