package cli_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestExport(t *testing.T) {
	p := withServer(t)
	p.do(t, "code add SPRING --type Normal --note =a")
	p.do(t, "code add OTHER --type Premium")
	p.do(t, "code redeem SPRING --user user_1")
	p.do(t, "code redeem OTHER --user person")
	for line, want := range map[string][]string{
		"export codes --query spring":                     {"code,type,", "SPRING,Normal,"},
		"export codes --type Premium --format ndjson":     {`{"code":"OTHER",`},
		"export redemptions --user user_1":                {"id,code,", "-"},
		"export redemptions --code other --format ndjson": {`{"id":"`},
		"export users --status Premium":                   {"userId,status,", "person,Premium,"},
		"export users --query user":                       {"userId,status,", "user 1,Normal,"},
		"export users --query nobody":                     {"userId,status,"},
		"export events --types user.* --format csv":       {"position,id,type,"},
		"export events --types key.* --actor system":      {`"type":"key.created"`},

		"export codes --created-after 2131-01-01T00:00:00Z --created-before 2132-01-01T00:00:00Z": {"code,type,"},
	} {
		got := p.do(t, line+" --out -")
		lines := strings.Split(strings.TrimSpace(got.stdout), "\n")
		if len(lines) != len(want) || got.stderr != "" {
			t.Errorf("%s: %q, stderr %q", line, lines, got.stderr)
			continue
		}
		for i := range want {
			if !strings.Contains(lines[i], want[i]) {
				t.Errorf("%s: %q, want %q", line, lines[i], want[i])
			}
		}
	}
	sheet := filepath.Join(t.TempDir(), "codes.xlsx")
	got := p.do(t, "export codes --format xlsx --out "+sheet)
	if text, err := os.ReadFile(sheet); err != nil || !strings.HasPrefix(string(text), "PK") || got.stdout != "" {
		t.Errorf("a sheet: %.20q, %v; stdout %q", text, err, got.stdout)
	}
	for line, stderr := range map[string]string{
		"export users --format xlsx --out -":                "format must be csv or ndjson",
		"export codes":                                      "--out is required",
		"export events --out - --from today":                `--from "today" is not a time`,
		"export codes --out - --created-after today":        `--created-after "today" is not a time`,
		"export redemptions --out - --created-before today": `--created-before "today" is not a time`,
		"export": "accesscodes export needs a command",
	} {
		got := p.exec(t, strings.Fields(line)...)
		if checkOneLine(t, got); got.code != 2 || !strings.Contains(got.stderr, stderr) {
			t.Errorf("%s: exit %d: %s", line, got.code, got.stderr)
		}
	}
}

// TestAnExportThatBreaksOff leaves the file of the last one as it is.
func TestAnExportThatBreaksOff(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/csv")
		_, _ = io.WriteString(w, "code,type\r\nSPRING")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}))
	t.Cleanup(server.Close)
	p := newProgram(t)
	p.env["ACCESSCODES_SERVER"], p.env["ACCESSCODES_API_KEY"] = server.URL, "ack_any"
	folder := t.TempDir()
	name := filepath.Join(folder, "codes.csv")
	if err := os.WriteFile(name, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := p.exec(t, "export", "codes", "--out", name)
	checkOneLine(t, got)
	if got.code != 1 || !strings.Contains(got.stderr, "the file breaks off: unexpected EOF (request ") {
		t.Errorf("exit %d: %s", got.code, got.stderr)
	}
	text, err := os.ReadFile(name)
	if files, _ := os.ReadDir(folder); err != nil || string(text) != "old" || len(files) != 1 {
		t.Errorf("%q, %v, %d files", text, err, len(files))
	}
}
