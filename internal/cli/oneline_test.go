package cli

import "testing"

func TestErrorsOfSeveralLinesAreOneLine(t *testing.T) {
	const refused = "\n\thost: tls error: server refused TLS connection"
	for text, want := range map[string]string{
		"one":                        "one",
		"--a is wrong\n--b is wrong": "--a is wrong; --b is wrong",
		"cannot connect:" + refused + "\n\thost: no such user": "cannot connect: host: no such user",
		"cannot connect:" + refused: "cannot connect: host: tls error: server refused TLS " +
			"connection",
		"no code \x1b]0;title\a\u202eABC\u2028D":            "no code  ]0;title  ABC D",
		"cannot connect:\n\thost: refused\n\thost: refused": "cannot connect: host: refused",
	} {
		if got := oneLine(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
