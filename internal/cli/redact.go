package cli

import (
	"regexp"
	"strings"
)

// addressForm is in messages about what an address looks like. It is no secret, although it
// looks like one.
const addressForm = "postgres://USER:PASSWORD@HOST/DATABASE"

// secrets are what a person may put where it does not belong, such as the address of a
// database in the place of a command, and what an error message that quotes it must not show.
var secrets = []struct {
	pattern *regexp.Regexp
	shown   string
}{
	{regexp.MustCompile(`(\w+://[^\s:/@"]*:)\S*@`), "${1}…@"}, // the password of an address
	{regexp.MustCompile(`(?i)(password=)[^\s&"']+`), "${1}…"},
	{regexp.MustCompile(`ack_[0-9A-Za-z]{5,}`), "ack_…"}, // a key; lists show four characters of it
}

// redact returns a message without the secrets in it.
func redact(message string) string {
	parts := strings.Split(message, addressForm)
	for i := range parts {
		for _, secret := range secrets {
			parts[i] = secret.pattern.ReplaceAllString(parts[i], secret.shown)
		}
	}
	return strings.Join(parts, addressForm)
}
