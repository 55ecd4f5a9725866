package postgres_test

import (
	"context"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"accesscodes/internal/store/pgtest"
	"accesscodes/internal/store/postgres"
)

// checkRefused checks that a database is not opened, and why.
func checkRefused(t *testing.T, address string, want ...string) {
	t.Helper()
	store, err := postgres.Open(t.Context(), address, postgres.Options{Timeout: time.Second})
	if err == nil {
		t.Error("Open accepts the database")
		_ = store.Close() // it is not what is tested
		return
	}
	for _, word := range want {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("Open: %v; want a sentence with %q", err, word)
		}
	}
}

func TestADatabaseThatWouldLoseCodesInACrashIsRefused(t *testing.T) {
	t.Parallel()
	t.Run("fsync", func(t *testing.T) {
		checkRefused(t, startCluster(t, "fsync=off").URL("postgres"), "fsync is off")
	})
	const setting = "synchronous_commit"
	tests := []struct {
		name string
		set  func(t *testing.T, address string) string // returns the address to open
	}{
		{"database", func(t *testing.T, address string) string {
			exec(t, connect(t, address), "ALTER DATABASE "+nameOf(t, address)+" SET "+setting+" = off")
			return address
		}},
		{"role", func(t *testing.T, address string) string {
			exec(t, connect(t, address), "CREATE ROLE hasty LOGIN SUPERUSER", "ALTER ROLE hasty SET "+setting+" = off")
			return strings.Replace(address, "postgres@", "hasty@", 1)
		}},
		{"address", func(_ *testing.T, address string) string { return with(address, setting, "off") }},
	}
	for _, test := range tests {
		t.Run(setting+" of the "+test.name, func(t *testing.T) {
			checkRefused(t, test.set(t, pgtest.Database(t)), setting+" is off")
		})
	}
	for _, value := range []string{"on", "local", "remote_write", "remote_apply"} {
		open(t, with(pgtest.Database(t), setting, value), postgres.Options{})
	}
}

// TestNoErrorRepeatsThePassword: each address is one that an operator may get wrong.
func TestNoErrorRepeatsThePassword(t *testing.T) {
	t.Parallel()
	cluster := pgtest.Shared(t)
	requirePassword(t, cluster, "guarded", "Correct-Horse")
	tests := []struct {
		name, address, secret string
	}{
		{"wrong password", "postgres://guarded:Wrong-Battery@HOST/postgres", "Battery"},
		{"wrong password as a parameter", "postgres://guarded@HOST/postgres?password=Wrong-Battery", "Battery"},
		{"no such database", "postgres://guarded:Correct-Horse@HOST/nothing", "Horse"},
		{"no such role", "postgres://nobody:Correct-Horse@HOST/postgres", "Horse"},
		{"nobody listens", "postgres://guarded:Correct-Horse@127.0.0.1:1/postgres", "Horse"},
		{"no such host", "postgres://guarded:Correct-Horse@nowhere.invalid/postgres", "Horse"},
		{"no port", "postgres://guarded:Correct-Horse@127.0.0.1:port/postgres", "Horse"},
		{"unknown parameter", "postgres://guarded:Correct-Horse@HOST/postgres?colour=red", "Horse"},
		{"wrong parameter", "postgres://guarded:Correct-Horse@HOST/postgres?pool_max_conns=many", "Horse"},
		{"another scheme", "mysql://guarded:Correct-Horse@HOST/postgres", "Horse"},
		{"no host", "postgres://guarded:Correct-Horse@/postgres", "Horse"},
		{"not escaped: %", "postgres://guarded:Correct%Horse@HOST/postgres", "Horse"},
		{"not escaped: @", "postgres://guarded:Correct@Horse@HOST/postgres", "Horse"},
		{"not escaped: /", "postgres://guarded:Correct/Horse@HOST/postgres", "Horse"},
		{"not escaped: / after a number", "postgres://guarded:4711/Horse@HOST/postgres", "Horse"},
		{"not escaped: #", "postgres://guarded:Correct#Horse@HOST/postgres", "Horse"},
		{"not escaped: ?", "postgres://guarded:4711?Horse@HOST/postgres", "Horse"},
	}
	actions := map[string]func(ctx context.Context, address string) error{
		"Open": func(ctx context.Context, address string) error {
			_, err := postgres.Open(ctx, address, postgres.Options{Timeout: time.Second})
			return err
		},
		"Migrate": func(ctx context.Context, address string) error {
			_, err := postgres.Migrate(ctx, address)
			return err
		},
		"MigrationStatus": func(ctx context.Context, address string) error {
			_, err := postgres.MigrationStatus(ctx, address)
			return err
		},
	}
	var all sync.WaitGroup
	for _, test := range tests {
		for name, action := range actions {
			all.Go(func() {
				err := action(t.Context(), strings.Replace(test.address, "HOST", cluster.Address(), 1))
				if err == nil {
					t.Errorf("%s: %s succeeded", test.name, name)
				} else if strings.Contains(strings.ToLower(err.Error()), strings.ToLower(test.secret)) {
					t.Errorf("%s: %s repeats the password: %v", test.name, name, err)
				}
			})
		}
	}
	all.Wait()
	right := url.UserPassword("guarded", "Correct-Horse")
	open(t, "postgres://"+right.String()+"@"+cluster.Address()+"/postgres", postgres.Options{})
}

// requirePassword makes a role that has to show a password.
func requirePassword(t *testing.T, cluster *pgtest.Cluster, role, password string) {
	t.Helper()
	conn := connect(t, cluster.URL("postgres"))
	exec(t, conn, "CREATE ROLE "+role+" LOGIN PASSWORD '"+password+"'")
	path := ask[string](t, conn, "SHOW hba_file")
	rules, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	rules = append([]byte("host all "+role+",nobody 127.0.0.1/32 scram-sha-256\n"), rules...)
	if err := os.WriteFile(path, rules, 0o600); err != nil {
		t.Fatal(err)
	}
	exec(t, conn, "SELECT pg_reload_conf()")
	awaitTrue(t, conn, "SELECT EXISTS (SELECT 1 FROM pg_hba_file_rules WHERE auth_method = 'scram-sha-256')")
}
