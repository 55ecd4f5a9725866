package storetest

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"accesscodes/internal/bulk"
	"accesscodes/internal/core"
)

// testImportRaces: of several imports of the same codes each code is accepted by one.
func testImportRaces(t *testing.T, openStore func() Store) {
	const count, nodes = 1500, 3
	actor := newCaller(t, openStore())
	lines := strings.Split(strings.TrimSuffix(table(count, "n"), "\n"), "\n")
	var done sync.WaitGroup
	results := make([]bulk.Import, nodes)
	for n := range nodes {
		node := newImporting(t, openStore(), actor)
		own := slices.Clone(lines[1:])
		if n%2 == 1 {
			slices.Reverse(own)
		}
		file := strings.Join(append([]string{lines[0]}, own...), "\n")
		done.Go(func() {
			var err error
			if results[n], err = node.try(bulk.ImportSpec{}, strings.NewReader(file), ""); err != nil {
				t.Error(err)
			}
		})
	}
	done.Wait()
	var sum bulk.Lines
	for _, got := range results {
		sum.Accepted += got.Accepted
		sum.Skipped += got.Skipped
	}
	if sum.Accepted != count || sum.Skipped != (nodes-1)*count {
		t.Errorf("%+v in all", sum)
	}
}

// testImportDeleted: a code that is deleted while an import changes it is changed before or made after.
func testImportDeleted(t *testing.T, openStore func() Store) {
	const count = 400
	actor := newCaller(t, openStore())
	node, other := newImporting(t, openStore(), actor), newImporting(t, openStore(), actor)
	node.run(bulk.ImportSpec{}, table(count, "n"), count, 0, 0)
	var deleting sync.WaitGroup
	deleting.Go(func() {
		for n := range count {
			err := other.codes.DeleteCode(t.Context(), actor, fmt.Sprintf("BULK-%05d", n))
			if err != nil && !core.HasReason(err, core.ReasonCodeNotFound) {
				t.Error(err)
			}
		}
	})
	for n := range 6 {
		node.run(bulk.ImportSpec{OnExisting: bulk.UpdateOnExisting}, table(count, fmt.Sprint(n)), count, 0, 0)
	}
	deleting.Wait()
}
