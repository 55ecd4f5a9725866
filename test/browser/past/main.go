// Command past fills a new SQLite database with six weeks of a made-up company, for pictures: the services
// do what people and programs would have done, with a clock that is set to when. The same seed gives the
// same codes, people and colours each time; only days move along with today.
//
//	past codes.db
//
// It prints the secret of a key that may do everything. Mara Lindt, who owns the workspace and runs the
// installation, signs in as mara@acme.example with the password of the flows.
package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/store/sqlite"
	"accesscodes/internal/tenancy"
)

func main() {
	if err := run(context.Background(), os.Args[1]); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "past:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, path string) error {
	if _, err := sqlite.Migrate(ctx, path); err != nil {
		return fmt.Errorf("make the database: %w", err)
	}
	store, err := sqlite.Open(path, sqlite.Options{})
	if err != nil {
		return fmt.Errorf("open the database: %w", err)
	}
	if err := tenancy.EnsureSecret(ctx, store, entropy('s')); err != nil {
		return err
	}
	w, err := newWorld(store)
	if err != nil {
		return err
	}
	story := slices.Concat(w.people(), w.bulk(), w.days(), w.enrolled(store))
	slices.SortStableFunc(story, func(a, b deed) int { return a.at.Compare(b.at) })
	for _, d := range story {
		w.set(d.at)
		if err := d.do(ctx); err != nil {
			return fmt.Errorf("what happened at %s: %w", d.at.Format(time.DateTime), err)
		}
	}
	if err := w.tell(ctx, store); err != nil {
		return fmt.Errorf("tell the receivers: %w", err)
	}
	used := map[core.ID]time.Time{w.shop.ID: w.now, w.crm.ID: w.ago(1, 2, 30)}
	if err := store.TouchKeys(ctx, used); err != nil {
		return err
	}
	fmt.Println(w.secret)
	return store.Close()
}
