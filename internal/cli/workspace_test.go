package cli_test

import (
	"strings"
	"testing"
)

func TestWorkspace(t *testing.T) {
	const head = "slug,name,prefix,groups,groupLength,suspendedAt,createdAt,id,events\n"
	const rest = ",2030-01-02T03:04:05Z,00000000-0000-7000-8000-000000000000,some\n"
	cases := []struct {
		name   string
		before []string // command lines that have to succeed first
		line   string
		want   result
	}{
		{
			name: "create with defaults",
			line: "workspace create acme --name Acme -o csv",
			want: result{stdout: head + "acme,Acme,,2,4," + rest},
		},
		{
			name: "create with everything",
			line: "workspace create acme --name Acme --prefix ACME --groups 6 --group-length 8 -o csv",
			want: result{stdout: head + "acme,Acme,ACME,6,8," + rest},
		},
		{
			name:   "create with a slug that exists",
			before: []string{"workspace create acme --name Acme"},
			line:   "workspace create acme --name Other",
			want:   result{code: 1, stderr: "accesscodes: a workspace with the slug acme exists already\n"},
		},
		{
			name: "create with a bad slug",
			line: "workspace create Acme --name Acme",
			want: result{
				code: 2,
				stderr: "accesscodes: slug must be 1 to 63 characters of a-z, 0-9 and dashes, and not begin or end " +
					"with a dash\n",
			},
		},
		{
			name: "create with a bad prefix",
			line: "workspace create acme --name Acme --prefix acme",
			want: result{code: 2, stderr: "accesscodes: prefix must be 0 to 16 characters of A-Z and 0-9\n"},
		},
		{
			name: "create with too few groups",
			line: "workspace create acme --name Acme --groups 1",
			want: result{code: 2, stderr: "accesscodes: groups must be from 2 to 6\n"},
		},
		{
			name: "create with too long groups",
			line: "workspace create acme --name Acme --group-length 9",
			want: result{code: 2, stderr: "accesscodes: group length must be from 3 to 8\n"},
		},
		{
			name: "create with several mistakes",
			line: "workspace create acme --name Acme --prefix ÄÖ --groups 7 --group-length 2",
			want: result{
				code: 2,
				stderr: "accesscodes: prefix must be 0 to 16 characters of A-Z and 0-9; groups must be from 2 to " +
					"6; group length must be from 3 to 8\n",
			},
		},
		{
			name:   "record all events",
			before: []string{"workspace create acme --name Acme"},
			line:   "workspace update acme --events all -o csv",
			want:   result{stdout: head + "acme,Acme,,2,4," + strings.Replace(rest, "some", "all", 1)},
		},
		{
			name:   "record other events than there are",
			before: []string{"workspace create acme --name Acme"},
			line:   "workspace update acme --events none",
			want:   result{code: 2, stderr: "accesscodes: events must be \"all\" or \"some\"\n"},
		},
		{
			name: "list nothing",
			line: "workspace list -o csv",
			want: result{stdout: head},
		},
		{
			name:   "list, oldest first",
			before: []string{"workspace create zoo --name Zoo", "workspace create acme --name Acme --prefix ACME"},
			line:   "workspace list -o csv",
			want:   result{stdout: head + "zoo,Zoo,,2,4," + rest + "acme,Acme,ACME,2,4," + rest},
		},
		{
			name:   "show",
			before: []string{"workspace create zoo --name Zoo", "workspace create acme --name Acme"},
			line:   "workspace show acme -o csv",
			want:   result{stdout: head + "acme,Acme,,2,4," + rest},
		},
		{
			name: "show one that is not there",
			line: "workspace show nosuch",
			want: result{code: 1, stderr: "accesscodes: there is no workspace with the slug nosuch\n"},
		},
		{
			name:   "update everything",
			before: []string{"workspace create acme --name Acme"},
			line:   "workspace update acme --name New --prefix NEW --groups 3 --group-length 5 -o csv",
			want:   result{stdout: head + "acme,New,NEW,3,5," + rest},
		},
		{
			name:   "update leaves the rest as it is",
			before: []string{"workspace create acme --name Acme --prefix ACME --groups 3 --group-length 5"},
			line:   "workspace update acme --name New -o csv",
			want:   result{stdout: head + "acme,New,ACME,3,5," + rest},
		},
		{
			name:   "update to no prefix",
			before: []string{"workspace create acme --name Acme --prefix ACME"},
			line:   "workspace update acme --prefix= -o csv",
			want:   result{stdout: head + "acme,Acme,,2,4," + rest},
		},
		{
			name:   "update to something invalid",
			before: []string{"workspace create acme --name Acme"},
			line:   "workspace update acme --name= --groups 0",
			want:   result{code: 2, stderr: "accesscodes: name must not be empty; groups must be from 2 to 6\n"},
		},
		{
			name: "update one that is not there",
			line: "workspace update nosuch --name New",
			want: result{code: 1, stderr: "accesscodes: there is no workspace with the slug nosuch\n"},
		},
		{
			name:   "suspend",
			before: []string{"workspace create acme --name Acme"},
			line:   "workspace suspend acme -o csv",
			want:   result{stdout: head + "acme,Acme,,2,4,2030-01-02T03:04:05Z" + rest},
		},
		{
			name: "suspend one that is not there",
			line: "workspace suspend nosuch",
			want: result{code: 1, stderr: "accesscodes: there is no workspace with the slug nosuch\n"},
		},
		{
			name:   "resume",
			before: []string{"workspace create acme --name Acme", "workspace suspend acme"},
			line:   "workspace resume acme -o csv",
			want:   result{stdout: head + "acme,Acme,,2,4," + rest},
		},
		{
			name:   "resume one that is not suspended",
			before: []string{"workspace create acme --name Acme"},
			line:   "workspace resume acme -o csv",
			want:   result{stdout: head + "acme,Acme,,2,4," + rest},
		},
		{
			name: "resume one that is not there",
			line: "workspace resume nosuch",
			want: result{code: 1, stderr: "accesscodes: there is no workspace with the slug nosuch\n"},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := newProgram(t)
			p.must(t, "migrate up")
			for _, line := range c.before {
				p.must(t, line)
			}
			check(t, p.run(t, c.line), c.want)
		})
	}
}

func TestARefusedWorkspaceIsNotChanged(t *testing.T) {
	p := newProgram(t)
	p.must(t, "workspace create acme --name Acme --prefix ACME")
	before := p.must(t, "workspace list -o json")
	p.run(t, "workspace create acme --name Other")
	p.run(t, "workspace create bad --name Bad --groups 9")
	p.run(t, "workspace update acme --name New --groups 9")
	if after := p.must(t, "workspace list -o json"); after != before {
		t.Errorf("was %s\nis %s", before, after)
	}
}

func TestSuspendingTwiceKeepsTheFirstTime(t *testing.T) {
	p := newProgram(t)
	p.must(t, "workspace create acme --name Acme")
	first := p.must(t, "workspace suspend acme -o json")
	if second := p.must(t, "workspace suspend acme -o json"); second != first {
		t.Errorf("first %s\nthen %s", first, second)
	}
}

// What is not given stays as it is, so help must not show a default.
func TestWorkspaceUpdateHasNoDefaults(t *testing.T) {
	_, flags, _ := strings.Cut(newProgram(t).exec(t, "workspace", "update", "--help").stdout, "\nFlags:\n")
	flags, _, _ = strings.Cut(flags, "\nGlobal Flags:")
	if strings.Contains(flags, "default") || strings.Count(flags, "; unchanged if not given\n") != 5 {
		t.Errorf("the flags are\n%s", flags)
	}
}

// Whatever a slug holds, a failure stays one line.
func TestAFailureAboutASlugWithLineBreaksIsOneLine(t *testing.T) {
	p := newProgram(t)
	for _, command := range []string{"show", "update", "suspend", "resume"} {
		args := []string{"workspace", command, "no\nsuch", "--database", "sqlite:" + p.path}
		if command == "update" {
			args = append(args, "--name", "New")
		}
		got := p.exec(t, args...)
		if got.code != 1 {
			t.Errorf("%s: exit %d", command, got.code)
		}
		checkOneLine(t, got)
	}
}

func TestNamesMayHoldAnything(t *testing.T) {
	p := newProgram(t)
	name := `Ä "quoted", <b>&amp; 日本`
	p.exec(t, "workspace", "create", "acme", "--name", name, "--database", "sqlite:"+p.path)
	rows := list[workspaceRow](t, p, "workspace list")
	if len(rows) != 1 || rows[0].Name != name {
		t.Errorf("JSON: %+v", rows)
	}
	if got, want := p.must(t, "workspace list -o csv"), `,"Ä ""quoted"", <b>&amp; 日本",`; !strings.Contains(got, want) {
		t.Errorf("CSV: %s", got)
	}
}
