package storetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"accesscodes/internal/bulk"
	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/job"
)

// importing imports files into a store.
type importing struct {
	t     *testing.T
	s     Store
	actor *core.Actor
	all   *bulk.Imports
	codes *codes.Services
}

func newImporting(t *testing.T, s Store, actor *core.Actor) *importing {
	t.Helper()
	clock := func() time.Time { return now }
	services := codes.NewServices(codes.Deps{Store: s, Now: clock, Entropy: core.SystemEntropy(), NewID: nextID})
	return &importing{t: t, s: s, actor: actor, codes: services, all: bulk.NewImports(bulk.ImportsDeps{
		Store: s, DryRun: s.DryRun, Jobs: s, Forms: services.FormOfNew, Now: clock,
		Entropy: core.SystemEntropy(), NewID: nextID,
	})}
}

// try imports a file of CSV.
func (i *importing) try(spec bulk.ImportSpec, file io.Reader, key string) (bulk.Import, error) {
	if spec.OnExisting == "" {
		spec.OnExisting = bulk.FailOnExisting
	}
	got, _, err := i.all.Run(context.Background(), i.actor, bulk.NewImport{
		ImportSpec: spec, IdempotencyKey: key, Body: file,
		Interrupt: func() {}, Check: func(context.Context) error { return nil },
	})
	return got, err
}

// run imports a file, which must end with these numbers: accepted, skipped, rejected.
func (i *importing) run(spec bulk.ImportSpec, file string, want ...int64) bulk.Import {
	i.t.Helper()
	got, err := i.try(spec, strings.NewReader(file), "")
	if err != nil {
		i.t.Fatal(err)
	}
	i.check(got, job.Succeeded, want...)
	return got
}

// check holds an import to its status and numbers.
func (i *importing) check(got bulk.Import, status job.Status, want ...int64) {
	i.t.Helper()
	numbers := []int64{got.Accepted, got.Skipped, got.Rejected}
	if got.Status != status || fmt.Sprint(numbers) != fmt.Sprint(want) {
		i.t.Errorf("%s %v, want %s %v: %s", got.Status, numbers, status, want, got.Failure)
	}
	if stored, err := i.all.Import(i.t.Context(), i.actor, got.ID); err != nil || stored.Cursor != got.Cursor {
		i.t.Errorf("the stored import is %+v, %v", stored, err)
	}
}

func (i *importing) code(value string) codes.Code {
	i.t.Helper()
	code, err := i.s.Code(i.t.Context(), i.actor.WorkspaceID, core.Canonical(value), now)
	if err != nil {
		i.t.Fatalf("code %s: %v", value, err)
	}
	return code
}

func (i *importing) mustBeNone(value string) {
	i.t.Helper()
	_, err := i.s.Code(i.t.Context(), i.actor.WorkspaceID, core.Canonical(value), now)
	if !errors.Is(err, core.ErrNotFound) {
		i.t.Errorf("code %s is there: %v", value, err)
	}
}

// reasons are those of the rejected lines.
func (i *importing) reasons(got bulk.Import) (all []string) {
	i.t.Helper()
	kept, err := i.s.RejectedLines(i.t.Context(), got.WorkspaceID, got.ID, 0, 1000)
	if err != nil {
		i.t.Fatal(err)
	}
	for n, line := range kept {
		if line.Number != int64(n) {
			i.t.Errorf("line %d has the number %d", n, line.Number)
		}
		all = append(all, fmt.Sprintf("%d %s", line.Line, line.Reason))
	}
	return all
}

// table is a file of so many codes with a note.
func table(count int, note string) string {
	var file strings.Builder
	file.WriteString("code,type,note\n")
	for n := range count {
		fmt.Fprintf(&file, "BULK-%05d,Normal,%s\n", n, note)
	}
	return file.String()
}

// blank is so much that what stands before it is read although more may come.
var blank = strings.Repeat("\n", 64<<10+1)

// halves is a file of which the second half comes after something was done. That waits until the first
// half is stored.
type halves struct {
	first, second io.Reader
	between       func()
}

// Read implements [io.Reader].
func (h *halves) Read(into []byte) (int, error) {
	n, err := h.first.Read(into)
	if n > 0 || err != io.EOF {
		return n, err
	}
	if h.between != nil {
		h.between()
		h.between = nil
	}
	return h.second.Read(into)
}

// underway waits until lines of the workspace's newest import are stored, and returns its job.
func (i *importing) underway() job.Job {
	for deadline := time.Now().Add(time.Minute); ; runtime.Gosched() {
		found, err := i.s.Jobs(context.Background(), &job.Query{
			WorkspaceID: i.actor.WorkspaceID, Kinds: []job.Kind{bulk.KindImport, bulk.KindImportBatch}, Limit: 1,
		})
		switch {
		case err != nil, time.Now().After(deadline):
			i.t.Errorf("no import is under way: %v", err)
			return job.Job{}
		case len(found) > 0 && found[0].Done > 0:
			return found[0]
		}
	}
}
