package kit

import (
	"mime"
	"testing"
)

func TestNamesOfFiles(t *testing.T) {
	for name, want := range map[string]string{
		"codes-acme-2031-02-03.csv":  "codes-acme-2031-02-03.csv",
		"Loyalty cards (2027).csv":   "Loyalty cards (2027).csv",
		"a\"; filename=\"b.exe":      "a-; filename=-b.exe",
		"line\r\nSet-Cookie: x=1":    "line--Set-Cookie- x=1",
		"../../etc/passwd":           "..-..-etc-passwd",
		`C:\x`:                       "C--x",
		"Größe – 你好 🎤.csv":           "Größe – 你好 🎤.csv",
		"100 %41, it's;really.csv":   "100 -41, it's;really.csv",
		"right-to-left\u202egnp.exe": "right-to-left-gnp.exe",
		"broken\xff.csv":             "broken-.csv",
	} {
		kind, parameters, err := mime.ParseMediaType(attachment(name))
		if err != nil || kind != "attachment" || parameters["filename"] != want {
			t.Errorf("%q is sent as %s, read as %q, %v; want %q", name, attachment(name), parameters["filename"], err, want)
		}
	}
}
