package cli_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"accesscodes/internal/app"
)

// createKey creates a key of the workspace acme and returns its secret.
func createKey(t *testing.T, p *program, flags string) string {
	t.Helper()
	return strings.TrimSpace(p.must(t, "key create --workspace acme "+flags))
}

func withAcme(t *testing.T) *program {
	t.Helper()
	p := newProgram(t)
	p.must(t, "workspace create acme --name Acme")
	return p
}

// works reports whether a server on the database would take the key.
func works(t *testing.T, p *program, secret string) bool {
	t.Helper()
	service, closeService, err := app.OpenTenancy(t.Context(), "sqlite:"+p.path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := closeService(); err != nil {
			t.Error(err)
		}
	}()
	_, err = service.Authenticate(t.Context(), secret)
	return err == nil
}

func TestKeyCreatePrintsTheKeyAlone(t *testing.T) {
	p := withAcme(t)
	got := p.run(t, "key create --workspace acme --name CRM")
	if !regexp.MustCompile(`^ack_[0-9A-Za-z]{36}\n$`).MatchString(got.stdout) {
		t.Errorf("stdout is %q", got.stdout)
	}
	check(t, got, result{
		stdout: "SECRET\n",
		stderr: "Key 00000000-0000-7000-8000-000000000000 with the role full works until it is revoked. It is " +
			"shown only this once:\n",
	})
	if !works(t, p, strings.TrimSpace(got.stdout)) {
		t.Error("the key does not work")
	}
}

func TestKeyCreateRefuses(t *testing.T) {
	cases := []struct {
		name, line string
		want       result
	}{
		{
			"an unknown workspace", "key create --workspace nosuch --name CRM",
			result{code: 1, stderr: "accesscodes: there is no workspace with the slug nosuch\n"},
		},
		{
			"an unknown role", "key create --workspace acme --name CRM --role admin",
			result{code: 2, stderr: "accesscodes: role must be full, issue, redeem or read\n"},
		},
		{
			"a role in capitals", "key create --workspace acme --name CRM --role FULL",
			result{code: 2, stderr: "accesscodes: role must be full, issue, redeem or read\n"},
		},
		{
			"no life where one should be", "key create --workspace acme --name CRM --expires=",
			result{code: 2, stderr: "accesscodes: --expires \"\" is not a positive time such as 90d or 12h\n"},
		},
		{
			"an empty name", "key create --workspace acme --name=",
			result{code: 2, stderr: "accesscodes: name must not be empty\n"},
		},
	}
	for _, life := range []string{"soon", "90", "0d", "0h", "-90d", "-1h", "1.5d", "d", "90D", "99999999d", "3000000h"} {
		cases = append(cases, struct {
			name, line string
			want       result
		}{
			"the life " + life, "key create --workspace acme --name CRM --expires " + life,
			result{code: 2, stderr: `accesscodes: --expires "` + life + "\" is not a positive time such as 90d or 12h\n"},
		})
	}
	p := withAcme(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			check(t, p.run(t, c.line), c.want)
		})
	}
	if keys := list[keyRow](t, p, "key list --workspace acme"); len(keys) != 0 {
		t.Errorf("there are keys: %v", keys)
	}
}

func TestKeyRoles(t *testing.T) {
	p := withAcme(t)
	want := []string{"full", "full", "issue", "redeem", "read"}
	createKey(t, p, "--name default")
	for _, role := range want[1:] {
		createKey(t, p, "--name k --role "+role)
	}
	var got []string
	for _, key := range list[keyRow](t, p, "key list --workspace acme") {
		got = append(got, key.Role)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestKeyExpires(t *testing.T) {
	cases := map[string]time.Duration{
		"90d":   90 * 24 * time.Hour,
		"12h":   12 * time.Hour,
		"1h30m": 90 * time.Minute,
		"1d":    24 * time.Hour,
	}
	p := withAcme(t)
	for life, want := range cases {
		start := time.Now()
		createKey(t, p, "--name k --expires "+life)
		key := last(list[keyRow](t, p, "key list --workspace acme"))
		if key.Status != "active" {
			t.Errorf("%s: the key is %s", life, key.Status)
		}
		checkBetween(t, key.ExpiresAt, start.Add(want), time.Now().Add(want))
	}
	createKey(t, p, "--name k")
	if key := last(list[keyRow](t, p, "key list --workspace acme")); key.ExpiresAt != nil {
		t.Errorf("a key without --expires expires at %s", key.ExpiresAt)
	}
}

func TestKeyListNeverShowsTheSecret(t *testing.T) {
	p := withAcme(t)
	secret := createKey(t, p, "--name CRM")
	for _, output := range []string{"table", "json", "csv"} {
		got := p.must(t, "key list --workspace acme --output "+output)
		if strings.Contains(got, secret[8:len(secret)-4]) { // without what the display form shows
			t.Errorf("%s shows the secret:\n%s", output, got)
		}
		if !strings.Contains(got, secret[:8]+"…"+secret[len(secret)-4:]) {
			t.Errorf("%s does not show the display form:\n%s", output, got)
		}
	}
}

func TestKeyListIsOfOneWorkspace(t *testing.T) {
	p := withAcme(t)
	p.must(t, "workspace create other --name Other")
	createKey(t, p, "--name first")
	createKey(t, p, "--name second")
	p.must(t, "key create --workspace other --name third")
	var got []string
	for _, key := range list[keyRow](t, p, "key list --workspace acme") {
		got = append(got, key.Name)
	}
	if want := []string{"first", "second"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v, oldest first", got, want)
	}
	check(t, p.run(t, "key list --workspace nosuch"),
		result{code: 1, stderr: "accesscodes: there is no workspace with the slug nosuch\n"})
}

func TestKeyRevoke(t *testing.T) {
	references := map[string]func(secret string, key keyRow) string{
		"by id":     func(_ string, key keyRow) string { return key.ID },
		"by secret": func(secret string, _ keyRow) string { return secret },
	}
	for name, reference := range references {
		t.Run(name, func(t *testing.T) {
			p := withAcme(t)
			secret, other := createKey(t, p, "--name CRM"), createKey(t, p, "--name Shop")
			which := reference(secret, list[keyRow](t, p, "key list --workspace acme")[0])
			got := list[keyRow](t, p, "key revoke "+which)
			if len(got) != 1 || got[0].Name != "CRM" || got[0].Status != "revoked" || got[0].RevokedAt == nil {
				t.Errorf("revoked: %+v", got)
			}
			if works(t, p, secret) || !works(t, p, other) {
				t.Error("the wrong key works")
			}
			if again := list[keyRow](t, p, "key revoke "+which); !again[0].RevokedAt.Equal(*got[0].RevokedAt) {
				t.Errorf("revoking again moved the time from %s to %s", got[0].RevokedAt, again[0].RevokedAt)
			}
		})
	}
}

func TestKeysThatAreNotThere(t *testing.T) {
	cases := map[string]string{
		"01a205ec-052c-708d-b352-e6b408b3bbdc": "there is no key 01a205ec-052c-708d-b352-e6b408b3bbdc",
		"nosuch":                               "that is neither the id of a key nor a key",
		"ack_" + strings.Repeat("0", 36):       "that is neither the id of a key nor a key", // a wrong checksum
	}
	p := withAcme(t)
	for reference, detail := range cases {
		for _, command := range []string{"revoke", "rotate"} {
			got := p.run(t, "key "+command+" "+reference)
			if want := (result{code: 1, stderr: "accesscodes: " + detail + "\n"}); got != want {
				t.Errorf("%s %s: got %+v, want %+v", command, reference, got, want)
			}
		}
	}
}

// A mistyped or foreign key that was given as an argument is not repeated: stderr ends
// up in logs.
func TestAGivenSecretIsNotRepeated(t *testing.T) {
	other, p := withAcme(t), withAcme(t)
	unknown := createKey(t, other, "--name k") // real, but not on p's database
	for _, secret := range []string{unknown, unknown[:39] + "!", unknown[:39]} {
		for _, command := range []string{"revoke", "rotate"} {
			got := p.run(t, "key "+command+" "+secret)
			if got.code != 1 {
				t.Errorf("%s: exit %d", command, got.code)
			}
			checkOneLine(t, got)
			if strings.Contains(got.stderr, secret[4:20]) {
				t.Errorf("%s repeats the secret: %s", command, got.stderr)
			}
		}
	}
}

func TestKeyRotate(t *testing.T) {
	cases := []struct {
		name, flags string
		overlap     time.Duration
	}{
		{"a day by default", "", 24 * time.Hour},
		{"hours", "--overlap 1h", time.Hour},
		{"days", "--overlap 7d", 7 * 24 * time.Hour},
		{"none", "--overlap 0h", 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := withAcme(t)
			old := createKey(t, p, "--name CRM --role issue")
			start := time.Now()
			got := p.run(t, "key rotate "+old+" "+c.flags)
			check(t, got, result{
				stdout: "SECRET\n",
				stderr: "Key 00000000-0000-7000-8000-000000000000 with the role issue works until it is revoked. " +
					"It is shown only this once:\n" + keyHint,
			})
			keys := list[keyRow](t, p, "key list --workspace acme")
			if len(keys) != 2 || keys[1].Name != "CRM" || keys[1].Role != "issue" || keys[1].ExpiresAt != nil {
				t.Fatalf("keys: %+v", keys)
			}
			checkBetween(t, keys[0].ExpiresAt, start.Add(c.overlap), time.Now().Add(c.overlap))
			if !works(t, p, strings.TrimSpace(got.stdout)) {
				t.Error("the new key does not work")
			}
			if works(t, p, old) != (c.overlap > 0) {
				t.Errorf("whether the old key works: %t", c.overlap <= 0)
			}
		})
	}
}

func TestKeyRotateKeepsTheExpiry(t *testing.T) {
	p := withAcme(t)
	old := createKey(t, p, "--name CRM --expires 12h")
	p.must(t, "key rotate --overlap 7d "+old)
	keys := list[keyRow](t, p, "key list --workspace acme")
	if !keys[0].ExpiresAt.Equal(*keys[1].ExpiresAt) {
		t.Errorf("the old key expires at %s, the new one at %s", keys[0].ExpiresAt, keys[1].ExpiresAt)
	}
	checkBetween(t, keys[0].ExpiresAt, keys[0].CreatedAt.Add(11*time.Hour), keys[0].CreatedAt.Add(13*time.Hour))
}

func TestKeyRotateRefuses(t *testing.T) {
	p := withAcme(t)
	revoked := createKey(t, p, "--name CRM")
	p.must(t, "key revoke "+revoked)
	check(t, p.run(t, "key rotate "+revoked), result{
		code: 1, stderr: "accesscodes: the key 00000000-0000-7000-8000-000000000000 has expired or was revoked; " +
			"create a new one\n",
	})
	rotated := createKey(t, p, "--name CRM")
	p.must(t, "key rotate "+rotated)
	check(t, p.run(t, "key rotate "+rotated), result{
		code: 1,
		stderr: "accesscodes: the key 00000000-0000-7000-8000-000000000000 was rotated already; rotate the one " +
			"that replaced it, 00000000-0000-7000-8000-000000000000\n",
	})
	active := createKey(t, p, "--name CRM")
	for _, overlap := range []string{"-1h", "soon", "7", ""} {
		check(t, p.run(t, "key rotate "+active+" --overlap="+overlap), result{
			code: 2, stderr: `accesscodes: --overlap "` + overlap + "\" is not a time such as 24h or 7d\n",
		})
	}
	if keys := list[keyRow](t, p, "key list --workspace acme"); len(keys) != 4 || last(keys).ExpiresAt != nil {
		t.Errorf("keys: %+v", keys)
	}
}

func TestKeysOfASuspendedWorkspaceDoNotWork(t *testing.T) {
	p := withAcme(t)
	secret := createKey(t, p, "--name CRM")
	p.must(t, "workspace suspend acme")
	if works(t, p, secret) {
		t.Error("the key works while its workspace is suspended")
	}
	p.must(t, "workspace resume acme")
	if !works(t, p, secret) {
		t.Error("the key does not work after its workspace was resumed")
	}
}

func last[T any](all []T) T { return all[len(all)-1] }

// checkBetween checks a time that is kept to the microsecond.
func checkBetween(t *testing.T, got *time.Time, from, to time.Time) {
	t.Helper()
	if got == nil || got.Before(from.Truncate(time.Microsecond)) || got.After(to) {
		t.Errorf("got %v, want a time from %s to %s", got, from, to)
	}
}
