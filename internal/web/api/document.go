package api

import (
	"accesscodes/internal/core"
	"accesscodes/internal/tenancy"
	"accesscodes/internal/web/kit"
)

const apiDescription = `Access codes: values that people type to register, to become premium users, or to be
upgraded. Add or generate them, validate and redeem them exactly as often as they may be, reserve a use while somebody
signs up, roll a redemption back.

* Send your API key in ` + "`X-Api-Key`" + ` with every request.
* Bodies are UTF-8 JSON of at most 64 KiB. Unknown fields, duplicate fields, wrong types and anything after the
  object are refused with 400: a misspelt ` + "`expiresAt`" + ` must never make a code that lives for ever.
* Times are RFC 3339, answered in UTC with at most microseconds.
* Every error is RFC 9457 ` + "`application/problem+json`" + ` with a ` + "`reason`" + ` that a program can switch on.
* 503 means that nothing was done: repeat the request after ` + "`Retry-After`" + ` seconds. To repeat after a lost
  connection without making a second code, send an ` + "`Idempotency-Key`" + `.
* Every answer has an ` + "`X-Request-Id`" + `: yours, if you sent one of 1 to 128 letters,
  digits and ` + "`-._~:/+=@`" + `.`

// document is what the OpenAPI document says beside the routes.
func document(version string) *kit.Document {
	return &kit.Document{
		Title: "Access Codes API", Version: version, Description: apiDescription,
		Tags: tags(), Key: "A key from `accesscodes key create`.", Roles: rolesWith,
	}
}

func rolesWith(p core.Permission) (names []string) {
	for _, role := range tenancy.Roles() {
		if role.Allows(p) {
			names = append(names, string(role))
		}
	}
	return names
}
