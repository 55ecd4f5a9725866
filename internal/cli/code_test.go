package cli_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// withServer is a program whose environment names a running server and a key of its.
func withServer(t *testing.T, flags ...string) *program {
	t.Helper()
	p := newProgram(t)
	s := p.serve(t, flags...)
	t.Cleanup(func() {
		if code, log := s.stop(); code != 0 {
			t.Errorf("the server ended with %d: %s", code, log)
		}
	})
	p.env["ACCESSCODES_SERVER"], p.env["ACCESSCODES_API_KEY"] = s.url, secrets.FindString(s.greeting)
	return p
}

// do runs a command line that has to succeed, in which a _ is a space within an argument.
func (p *program) do(t *testing.T, line string) result {
	t.Helper()
	args := strings.Fields(line)
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], "_", " ")
	}
	r := p.exec(t, args...)
	if r.code != 0 {
		t.Fatalf("%s: exit %d: %s", line, r.code, r.stderr)
	}
	return r
}

// requests are ids of requests in errors.
var requests = regexp.MustCompile(`request [a-z2-7]{26}\b`)

func TestCodeOutput(t *testing.T) {
	p := withServer(t)
	p.do(t, "code add WELCOME2131 --type Premium --max-redemptions 100 --starts-at 2020-01-01T00:00:00Z "+
		"--expires-at 2131-12-31T23:59:59Z --note =spring --recipient Ann --metadata place=Bonn --metadata a==")
	if got := p.exec(t, "code", "add", "PLAIN", "--type", "Normal", "--note", "two\nlines"); got.code != 0 {
		t.Fatal(got.stderr)
	}
	const at, id = "2030-01-02T03:04:05Z", "00000000-0000-7000-8000-000000000000"
	cases := []struct{ name, line, want string }{
		{"a table", "code list", `
CODE         TYPE     STATUS  MAXREDEMPTIONS  REDEMPTIONS  EXPIRESAT             NOTE
PLAIN        Normal   active                  0                                  two lines
WELCOME2131  Premium  active  100             0            ` + at + `  =spring
`},
		{"CSV", "code list --type Premium -o csv", `
code,type,status,maxRedemptions,redemptions,reservations,startsAt,expiresAt,revokedAt,note,recipient,metadata,` +
			`batchId,batchIndex,createdAt,createdBy
WELCOME2131,Premium,active,100,0,0,` + at + "," + at + `,,'=spring,Ann,"{""a"":""="",""place"":""Bonn""}",,,` +
			at + "," + id + "\n"},
		{"JSON", "code get welcome_2131 -o json", `
[
  {
    "batchId": null,
    "batchIndex": null,
    "code": "WELCOME2131",
    "createdAt": "` + at + `",
    "createdBy": "` + id + `",
    "expiresAt": "` + at + `",
    "maxRedemptions": 100,
    "metadata": {
      "a": "=",
      "place": "Bonn"
    },
    "note": "=spring",
    "recipient": "Ann",
    "redemptions": 0,
    "reservations": 0,
    "revokedAt": null,
    "startsAt": "` + at + `",
    "status": "active",
    "type": "Premium"
  }
]
`},
		{"nothing, as JSON", "code list --query NONE -o json", "\n[]\n"},
		{"what redeeming would do", "code validate plian", `
VALID  REASON          DETAIL                                   GRANTS  CODE  SUGGESTION
false  code_not_found  there is no such code in this workspace                PLAIN
`},
		{"what redeeming would do, later", "code validate welcome2131 --at 2132-01-01T00:00:00Z -o csv", `
valid,reason,detail,grants,code,suggestion
false,code_expired,this code expired at ` + at + `,,WELCOME2131,
`},
		{"a redemption", "code redeem plain --user user_1", `
ID                                    CODE   USERID  GRANTS  CREATEDAT
` + id + `  PLAIN  user 1  Normal  ` + at + "\n"},
		{"a redemption as CSV, again", "code redeem plain --user user_1 -o csv", `
id,code,type,userId,grants,metadata,reservationId,createdAt,createdBy,rolledBackAt,rolledBackBy,rollbackReason
` + id + ",PLAIN,Normal,user 1,Normal,{},," + at + "," + id + ",,,\n"},
	}
	for _, c := range cases {
		got := normalise(p.do(t, c.line).stdout)
		if diff := cmp.Diff(strings.TrimPrefix(c.want, "\n"), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

// codeRow is what JSON shows of a code.
type codeRow struct {
	Code, Type, Status, Note, Recipient string
	MaxRedemptions                      *int
	StartsAt, ExpiresAt                 *string
	Metadata                            map[string]string
}

// code runs a command that prints one code.
func (p *program) code(t *testing.T, line string) codeRow {
	t.Helper()
	var rows []codeRow
	if err := json.Unmarshal([]byte(p.do(t, line+" -o json").stdout), &rows); err != nil || len(rows) != 1 {
		t.Fatalf("%s: %v, %d rows", line, err, len(rows))
	}
	return rows[0]
}

func TestCodeLife(t *testing.T) {
	p := withServer(t)
	generated := strings.TrimSpace(p.do(t, "code generate --type Normal --idempotency-key order-1").stdout)
	again := strings.TrimSpace(p.do(t, "code generate --type Normal --idempotency-key order-1").stdout)
	if again != generated {
		t.Errorf("%s, and then %s", generated, again)
	}
	if got := p.code(t, "code get "+generated); got.MaxRedemptions == nil || *got.MaxRedemptions != 1 {
		t.Errorf("generated: %+v", got)
	}
	const options = " --max-redemptions none --expires-at 90d --note Bonn --metadata a=b"
	got := p.code(t, "code update "+generated+options)
	if got.MaxRedemptions != nil || got.ExpiresAt == nil || got.Note != "Bonn" || got.Metadata["a"] != "b" {
		t.Errorf("updated: %+v", got)
	}
	got = p.code(t, "code update "+generated+" --expires-at none --metadata c=d --remove-metadata a")
	if diff := cmp.Diff(codeRow{
		Code: generated, Type: "Normal", Status: "active", Note: "Bonn", Metadata: map[string]string{"c": "d"},
	}, got); diff != "" {
		t.Errorf("updated again:\n%s", diff)
	}
	if got := p.code(t, "code update "+generated+" --note="); got.Note != "" {
		t.Errorf("without its note: %+v", got)
	}
	if got := p.code(t, "code revoke "+generated); got.Status != "revoked" {
		t.Errorf("revoked: %+v", got)
	}
	if got := p.code(t, "code restore "+generated); got.Status != "active" {
		t.Errorf("restored: %+v", got)
	}
	if got := p.do(t, "code delete "+generated); got.stdout+got.stderr != "" {
		t.Errorf("deleted: %+v", got)
	}
	if got := p.do(t, "code list -o json"); got.stdout != "[]\n" {
		t.Errorf("left: %s", got.stdout)
	}
}

func TestCodeListIsLimited(t *testing.T) {
	p := withServer(t)
	for i := range 51 {
		p.do(t, "code add C"+strconv.Itoa(i)+" --type Normal")
	}
	for _, test := range []struct {
		line, note string
		rows       int
	}{
		{"code list -o csv", "There are more than these 50; --limit 0 lists all.\n", 50},
		{"code list -o csv --limit 51", "", 51},
		{"code list -o csv --limit 0", "", 51},
	} {
		got := p.do(t, test.line)
		if rows := strings.Count(got.stdout, "\n") - 1; rows != test.rows || got.stderr != test.note {
			t.Errorf("%s: %d rows, %q", test.line, rows, got.stderr)
		}
	}
}

func TestCodeErrors(t *testing.T) {
	p := withServer(t)
	p.do(t, "code add USED --type Normal")
	p.do(t, "code redeem used --user u")
	for _, c := range []struct {
		line string
		want result
	}{
		{"code get nope", result{1, "", "there is no such code in this workspace (code_not_found, request ID)"}},
		{"code add used --type Normal", result{
			1, "", "a code with this value exists already (code_already_exists, request ID)",
		}},
		{"code delete used", result{
			1, "", "this code has been redeemed or reserved, so it stays on record; revoke it instead " +
				"(code_in_use, request ID)",
		}},
		{"code redeem used --user v --metadata " + strings.Repeat("x", 41) + "=y --metadata =z", result{
			2, "", "a metadata key must not be empty; a metadata key must have at most 40 characters " +
				"(invalid_value, request ID)",
		}},
		{"code add X --type Golden", result{
			2, "", `type must be "Normal", "Premium" or "Upgrade", spelt exactly so (invalid_value, request ID)`,
		}},
		{"code list --status old", result{
			2, "", "status must be revoked, expired, scheduled, exhausted or active (invalid_parameter, request ID)",
		}},
		{"code add X --type Normal --max-redemptions many", result{
			2, "", `--max-redemptions "many" is not a whole number, or none for no limit`,
		}},
		{"code add X --type Normal --expires-at soon", result{
			2, "", `--expires-at "soon" is not a time such as 2030-01-02T03:04:05Z, 90d or 12h`,
		}},
		{"code add X --type Normal --expires-at=", result{2, "", "--expires-at is empty; none means none"}},
		{"code add X --type Normal --metadata a", result{2, "", `--metadata "a" is not NAME=VALUE, with a name of its own`}},
		{"code add X --type Normal --metadata a=b --metadata a=c", result{
			2, "", `--metadata "a=c" is not NAME=VALUE, with a name of its own`,
		}},
		{"code add X", result{2, "", "--type is required"}},
		{"code redeem X", result{2, "", "--user is required"}},
		{"code update X", result{2, "", "there is nothing to change; see accesscodes code update --help"}},
		{"code update X --metadata a=b --remove-metadata a", result{2, "", `--remove-metadata "a" is in --metadata, too`}},
		{"code list --limit -1", result{2, "", "--limit -1 is less than 0"}},
		{"code list --created-after 90d", result{
			2, "", `--created-after "90d" is not a time such as 2030-01-02T03:04:05Z`,
		}},
		{"code get X --server codes.example.org", result{
			2, "", `--server "codes.example.org" is not an address like http://127.0.0.1:8080`,
		}},
		{"code get X --server http://127.0.0.1:1", result{
			1, "", "the server does not answer: dial tcp 127.0.0.1:1: connect: connection refused; " +
				"its address is set with --server",
		}},
	} {
		got := p.exec(t, strings.Fields(c.line)...)
		got.stderr = requests.ReplaceAllString(got.stderr, "request ID")
		c.want.stderr = "accesscodes: " + c.want.stderr + "\n"
		t.Run(c.line, func(t *testing.T) { check(t, got, c.want) })
	}
}

func TestWhereTheAPIKeyComesFrom(t *testing.T) {
	p := withServer(t)
	key := p.env["ACCESSCODES_API_KEY"]
	delete(p.env, "ACCESSCODES_API_KEY")
	check(t, p.exec(t, "code", "list"), result{code: 2, stderr: "accesscodes: --api-key is required\n"})
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte(key+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const line = "code list -o json "
	if got := p.do(t, line+"--api-key-file "+file); got.stdout != "[]\n" || got.stderr != "" {
		t.Errorf("from a file: %+v", got)
	}
	p.env["ACCESSCODES_API_KEY_FILE"] = file
	if got := p.do(t, line); got.stdout != "[]\n" || got.stderr != "" {
		t.Errorf("from the file of the environment: %+v", got)
	}
	p.stdin = key + "\nmore"
	if got := p.do(t, line+"--api-key -"); got.stdout != "[]\n" || got.stderr != "" {
		t.Errorf("from stdin: %+v", got)
	}
	p.stdin = ""
	check(t, p.exec(t, "code", "list", "--api-key", "-"), result{
		code: 2, stderr: "accesscodes: --api-key is -, but there is no key on stdin\n",
	})
	got := p.exec(t, "code", "list", "-o", "json", "--api-key="+key)
	if got.code != 0 || !strings.HasPrefix(got.stderr, "Hint: ") || strings.Contains(got.stderr, key) {
		t.Errorf("on the command line: %+v", got)
	}
	check(t, p.exec(t, "code", "list", "--api-key", key+"\nx"), result{
		code: 2, stderr: "accesscodes: --api-key has control characters\n",
	})
}

// A list that breaks off must not look complete, and nothing is printed of what failed at once.
func TestAListThatFailsPrintsNothing(t *testing.T) {
	p := withServer(t)
	p.env["ACCESSCODES_API_KEY"] = "ack_wrong"
	for _, output := range []string{"table", "json", "csv"} {
		if got := p.exec(t, "code", "list", "-o", output); got.code != 1 || got.stdout != "" ||
			!bytes.Contains([]byte(got.stderr), []byte("(invalid_api_key, request ")) {
			t.Errorf("%s: %+v", output, got)
		}
	}
}
