package storetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"accesscodes/internal/bulk"
	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/job"
)

func testImports(t *testing.T, newStore Factory) {
	for name, test := range map[string]func(i *importing){
		"new codes have what their lines say":          testImportNew,
		"a code that exists":                           testImportExisting,
		"an update":                                    testImportUpdate,
		"all or nothing":                               testImportAtomic,
		"a dry run says what the import does":          testImportDryRun,
		"the codes of a batch":                         testImportBatch,
		"an import that was ended stores nothing more": testImportEnded,
		"a step whose lease is lost leaves nothing":    testImportFence,
		"an upload that breaks off can be sent again":  testImportAgain,
		"rejected lines are kept for some time":        testImportRejected,
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, newStore)
			test(newImporting(t, s, newCaller(t, s)))
		})
	}
	t.Run("imports of the same codes at once", func(t *testing.T) { testImportRaces(t, newStore(t)) })
	t.Run("codes that are deleted meanwhile", func(t *testing.T) { testImportDeleted(t, newStore(t)) })
}

func testImportNew(i *importing) {
	got := i.run(bulk.ImportSpec{}, "code,type,maxRedemptions,startsAt,expiresAt,revokedAt,note,recipient,metadata\n"+
		"b-ware,Normal,,,,,,,\n"+
		`A-ware,Premium,3,2001-02-03T04:05:06.789012Z,2002-02-03T04:05:06Z,2003-02-03T04:05:06Z," n",r,"{""k"":""v""}"`+"\n",
		2, 0, 0)
	want := codes.Code{
		Value: "A-ware", WorkspaceID: i.actor.WorkspaceID, Type: codes.TypePremium, MaxRedemptions: new(int64(3)),
		StartsAt:  new(time.Date(2001, 2, 3, 4, 5, 6, 789_012_000, time.UTC)),
		ExpiresAt: new(time.Date(2002, 2, 3, 4, 5, 6, 0, time.UTC)),
		RevokedAt: new(time.Date(2003, 2, 3, 4, 5, 6, 0, time.UTC)), Note: " n", Recipient: "r",
		Metadata: map[string]string{"k": "v"}, CreatedAt: now, CreatedBy: i.actor.ID,
	}
	checkSame(i.t, "the code", want, i.code("AWARE"))
	checkSame(i.t, "the other", codes.Code{
		Value: "b-ware", WorkspaceID: want.WorkspaceID, Type: codes.TypeNormal, CreatedAt: now, CreatedBy: i.actor.ID,
	}, i.code("B WARE"))
	if got.Read != 2 || got.Bytes == 0 || eventCount(i.t, i.s, i.actor.WorkspaceID) != 1 {
		i.t.Errorf("the import is %+v", got)
	}
}

func testImportExisting(i *importing) {
	other := newImporting(i.t, i.s, newCaller(i.t, i.s))
	other.run(bulk.ImportSpec{}, "code,type\nFOREIGN,Normal\n", 1, 0, 0)
	const file = "code,type,note\nONE,Normal,n\none,Normal,n\nFOREIGN,Normal,\nONE,Premium,n\nONE,,n\n-O-N-E-,Normal,m\n"
	got := i.run(bulk.ImportSpec{}, file, 1, 1, 4)
	want := []string{"4 code_already_exists", "5 code_already_exists", "6 missing_field", "7 code_already_exists"}
	if diff := cmp.Diff(want, i.reasons(got)); diff != "" {
		i.t.Errorf("rejected (-want +got):\n%s", diff)
	}
	before := i.code("ONE")
	i.run(bulk.ImportSpec{OnExisting: bulk.SkipOnExisting}, file, 0, 5, 1)
	checkSame(i.t, "the code", before, i.code("ONE"))
	if code := i.code("ONE"); code.Value != "ONE" || code.Note != "n" {
		i.t.Errorf("code %+v", code)
	}
}

// testImportUpdate: an empty cell is none, an absent column stays.
func testImportUpdate(i *importing) {
	update := bulk.ImportSpec{OnExisting: bulk.UpdateOnExisting}
	i.run(update, "code,type,maxRedemptions,expiresAt,note,recipient,metadata,revokedAt\n"+
		`ONE,Normal,5,2040-01-01T00:00:00Z,n,r,"{""a"":""1"",""b"":""2""}",2001-01-01T00:00:00Z`+"\n", 1, 0, 0)
	want := i.code("ONE")
	for _, step := range []struct {
		file  string
		want  func(c *codes.Code)
		count []int64
	}{
		{"code,note\none,\n", func(c *codes.Code) { c.Note = "" }, []int64{1, 0, 0}},
		{"code,note\none,\n", func(*codes.Code) {}, []int64{0, 1, 0}},
		{"code\nONE\n", func(*codes.Code) {}, []int64{0, 1, 0}},
		{"code,type,maxRedemptions\nONE,Normal,\n", func(c *codes.Code) { c.MaxRedemptions = nil }, []int64{1, 0, 0}},
		{"code,expiresAt\nONE,2000-01-01T00:00:00Z\n", func(c *codes.Code) {
			c.ExpiresAt = new(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC))
		}, []int64{1, 0, 0}},
		{"code,metadata.a,metadata.c\nONE,,3\n", func(c *codes.Code) {
			c.Metadata = map[string]string{"b": "2", "c": "3"}
		}, []int64{1, 0, 0}},
		{"code,metadata\nONE,\"{\"\"d\"\":\"\"4\"\"}\"\n", func(c *codes.Code) {
			c.Metadata = map[string]string{"d": "4"}
		}, []int64{1, 0, 0}},
		{"code,revokedAt\nONE,\n", func(c *codes.Code) { c.RevokedAt = nil }, []int64{1, 0, 0}},
		{"code,type\nONE,Premium\n", func(*codes.Code) {}, []int64{0, 0, 1}},
		{"code,note\nNEW,n\n", func(*codes.Code) {}, []int64{0, 0, 1}}, // a new code has a type
		{"code,note\nONE,a\nONE,b\nONE,b\n", func(c *codes.Code) { c.Note = "b" }, []int64{2, 1, 0}},
		{"code,metadata,recipient\nONE,,\n", func(c *codes.Code) { c.Metadata, c.Recipient = nil, "" }, []int64{1, 0, 0}},
	} {
		i.run(update, step.file, step.count...)
		step.want(&want)
		checkSame(i.t, step.file, want, i.code("ONE"))
	}
	redeem := codes.RedeemRequest{Code: "ONE", UserID: "ada"}
	i.run(update, "code,expiresAt\nONE,\n", 1, 0, 0)
	for _, redeem.UserID = range []string{"ada", "bob"} {
		if _, err := i.codes.Redeem(i.t.Context(), i.actor, redeem); err != nil {
			i.t.Fatal(err)
		}
	}
	got := i.run(update, "code,maxRedemptions\nONE,1\nONE,2\n", 1, 0, 1)
	if diff := cmp.Diff([]string{"2 code_in_use"}, i.reasons(got)); diff != "" {
		i.t.Errorf("rejected (-want +got):\n%s", diff)
	}
	if code := i.code("ONE"); code.Redemptions != 2 || *code.MaxRedemptions != 2 {
		i.t.Errorf("code %+v", code)
	}
}

func testImportAtomic(i *importing) {
	atomic := bulk.ImportSpec{Atomic: true}
	for _, file := range []string{
		"code,type\nA,Normal\nB,no such type\n", "code,type\nA,Normal\nA,Premium\n",
		"code,type\nA,Normal\n\"B,Normal\n", "code,type,note\nA,Normal,n\nB,,n\n",
	} {
		got, err := i.try(atomic, strings.NewReader(file), "")
		if err != nil {
			i.t.Fatal(err)
		}
		i.check(got, job.Failed, 0, 0, 1)
		if got.Read != 2 || !strings.Contains(got.Failure, "1 line is rejected, so nothing is stored") {
			i.t.Errorf("the import of %q is %+v", file, got)
		}
		i.mustBeNone("A")
		if len(i.reasons(got)) != 1 {
			i.t.Errorf("rejected %v", i.reasons(got))
		}
	}
	most := table(bulk.MaxAtomicLines, "n")
	got, err := i.try(atomic, strings.NewReader(most+"ONE-MORE,Normal,n\n"), "")
	if !core.HasReason(err, core.ReasonFileTooLarge) || core.AsError(err).Import != got.ID {
		i.t.Errorf("error %v", err)
	}
	i.mustBeNone("BULK-00000")
	i.run(atomic, most, bulk.MaxAtomicLines, 0, 0)
	i.run(atomic, most, 0, bulk.MaxAtomicLines, 0)
}

func testImportDryRun(i *importing) {
	i.run(bulk.ImportSpec{}, "code,type,note\nOLD,Normal,n\n", 1, 0, 0)
	file := "code,type,note\nOLD,Normal,n\nOLD,Normal,m\nNEW,Normal,n\nnew,Normal,n\nNEW,Normal,m\nBAD,,\n" +
		"NEW,Normal,m\nNEW,Normal,n\nNEW,Premium,n\n"
	for range 3 { // so that codes come again in later steps
		file += strings.TrimPrefix(table(1500, "n"), "code,type,note\n")
	}
	for _, on := range bulk.OnExistings() {
		would := i.run(bulk.ImportSpec{OnExisting: on, DryRun: true}, file, map[bulk.OnExisting][]int64{
			bulk.FailOnExisting: {1501, 3003, 5}, bulk.SkipOnExisting: {1501, 3007, 1}, bulk.UpdateOnExisting: {1504, 3003, 2},
		}[on]...)
		i.mustBeNone("NEW")
		if old := i.code("OLD"); old.Note != "n" {
			i.t.Errorf("code %+v", old)
		}
		if on != bulk.UpdateOnExisting {
			continue
		}
		did := i.run(bulk.ImportSpec{OnExisting: on}, file, 1504, 3003, 2)
		checkSame(i.t, "what it would do and did", would.Lines, did.Lines)
	}
	if got := eventCount(i.t, i.s, i.actor.WorkspaceID); got != 2 { // dry runs have none
		i.t.Errorf("%d events, want 2", got)
	}
}

// testImportBatch: indexes are in the order of the file, without gaps.
func testImportBatch(i *importing) {
	i.run(bulk.ImportSpec{}, "code,type\nTHERE,Normal\n", 1, 0, 0)
	const file = "code,type\nZ,Normal\nTHERE,Normal\nBAD,\nA,Premium\nZ,Normal\nM,Normal\n"
	got := i.run(bulk.ImportSpec{Name: "spring"}, file, 3, 2, 1)
	found, err := i.s.BatchCodes(i.t.Context(), i.actor.WorkspaceID, got.ID, 0, 10, now)
	if err != nil {
		i.t.Fatal(err)
	}
	var values []string
	for n, code := range found {
		values = append(values, code.Value)
		if *code.BatchIndex != int64(n) || code.BatchID != got.BatchID() {
			i.t.Errorf("code %d is %+v", n, code)
		}
	}
	if diff := cmp.Diff([]string{"Z", "A", "M"}, values); diff != "" {
		i.t.Errorf("codes (-want +got):\n%s", diff)
	}
	if there := i.code("THERE"); !there.BatchID.IsZero() {
		i.t.Errorf("code %+v", there)
	}
	batches := bulk.NewBatches(bulk.Deps{Store: i.s, Jobs: i.s, Now: func() time.Time { return now }})
	reader := &core.Actor{WorkspaceID: i.actor.WorkspaceID, Permissions: []core.Permission{core.PermissionRead}}
	batch, err := batches.Batch(i.t.Context(), reader, got.ID)
	if err != nil || !batch.Imported || batch.Name != "spring" || batch.Count != 3 || *batch.Redeemed != 0 {
		i.t.Errorf("the batch is %+v, %v", batch, err)
	}
}

// endJob ends a job as another node or a person does.
func (i *importing) endJob(j job.Job, status job.Status) {
	_, err := i.s.ChangeJob(context.Background(), j.WorkspaceID, j.ID, j.Kind, func(j *job.Job) ([]*event.Event, error) {
		j.End(status, now)
		return nil, nil
	})
	if err != nil {
		i.t.Error(err)
	}
}

func testImportEnded(i *importing) {
	for n, status := range []job.Status{job.Canceled, job.Failed} {
		file := fmt.Sprintf("code,type\nFIRST-%d,Normal\n", n)
		got, err := i.try(bulk.ImportSpec{}, &halves{
			first: strings.NewReader(file + blank), second: strings.NewReader(fmt.Sprintf("SECOND-%d,Normal\n", n)),
			between: func() { i.endJob(i.underway(), status) },
		}, "")
		if (status == job.Canceled) != (err == nil) || err != nil && !core.IsKind(err, core.KindUnavailable) {
			i.t.Errorf("%s: error %v", status, err)
		}
		i.check(got, status, 1, 0, 0)
		i.code(fmt.Sprintf("FIRST-%d", n))
		i.mustBeNone(fmt.Sprintf("SECOND-%d", n))
	}
}

// testImportFence: nothing is done for who had the lease before.
func testImportFence(i *importing) {
	j := newJob(i.t, i.actor.WorkspaceID, 0)
	j.Kind = bulk.KindImport
	never := func(*job.Job) bool { return false }
	j, lost, err := i.s.StartJob(i.t.Context(), j, over, never)
	if err != nil || j.Status != job.Running || j.StartedAt == nil {
		i.t.Fatalf("StartJob = %+v, %v", j, err)
	}
	_, lease := claim(i.t, i.s, core.ID{15: 2}, time.Hour)
	called := false
	finish := func(*job.Job, []codes.Result, bulk.Rejects) ([]*event.Event, error) { called = true; return nil, nil }
	_, err = i.s.StoreImport(i.t.Context(), lost, new(bulk.ImportSet), finish)
	if !errors.Is(err, job.ErrLeaseLost) || called {
		i.t.Errorf("StoreImport: %v; finish was called: %v", err, called)
	}
	broken := errors.New("no")
	_, err = i.s.StoreImport(i.t.Context(), lease, new(bulk.ImportSet),
		func(_ *job.Job, _ []codes.Result, rejects bulk.Rejects) ([]*event.Event, error) {
			kept := []bulk.RejectedLine{{WorkspaceID: j.WorkspaceID, ImportID: j.ID, Raw: []byte{0, 0xff}}}
			return nil, errors.Join(rejects.Keep(kept), broken)
		})
	if !errors.Is(err, broken) {
		i.t.Errorf("StoreImport: %v", err)
	}
	if kept, err := i.s.RejectedLines(i.t.Context(), j.WorkspaceID, j.ID, 0, 10); err != nil || len(kept) != 0 {
		i.t.Errorf("lines %v were kept, %v", kept, err)
	}
	i.endJob(j, job.Failed)
	j.ID = newID(i.t)
	if _, _, err := i.s.StartJob(i.t.Context(), j, time.Hour, never); err != nil {
		i.t.Fatal(err)
	}
	// While an import runs, another job of its workspace has its turn.
	batch := newBatch(i.t, i.s, i.actor.WorkspaceID, 1)
	if next, _ := claim(i.t, i.s, core.ID{15: 3}, time.Hour); next.ID != batch.ID {
		i.t.Errorf("job %v was taken, want the batch", next.ID)
	}
}

func testImportAgain(i *importing) {
	file := table(2000, "n")
	cut := func(at int) io.Reader {
		return io.MultiReader(strings.NewReader(file[:at]), iotest.ErrReader(io.ErrUnexpectedEOF))
	}
	spec := bulk.ImportSpec{Name: "spring"}
	first, err := i.try(spec, cut(len(file)/2), "key")
	if broken := new(bulk.BrokenUpload); !errors.As(err, &broken) || first.Status != job.Failed || first.Accepted < 900 ||
		!strings.Contains(first.Failure, fmt.Sprintf("after %d lines", first.Read)) {
		i.t.Fatalf("the import is %+v, %v", first, err)
	}
	second, err := i.try(spec, strings.NewReader(file), "key")
	if err != nil || second.ID != first.ID {
		i.t.Fatalf("the import is %+v, %v", second, err)
	}
	i.check(second, job.Succeeded, 2000-first.Accepted, first.Accepted, 0)
	requireBatch(i.t, i.s, second.Job, 2000)
	third, err := i.try(spec, iotest.ErrReader(errors.New("it was read")), "key")
	if err != nil || third.Cursor != second.Cursor {
		i.t.Errorf("the third is %+v, %v", third, err)
	}
	if _, err = i.try(bulk.ImportSpec{}, cut(100), "key"); !core.HasReason(err, core.ReasonIdempotencyKeyReused) {
		i.t.Errorf("error %v", err)
	}
	_, err = i.try(bulk.ImportSpec{OnExisting: bulk.SkipOnExisting}, &halves{
		first: strings.NewReader("code,type\nA,Normal\n" + blank), second: strings.NewReader("B,Normal\n"), between: func() {
			under := i.underway()
			_, err := i.try(bulk.ImportSpec{OnExisting: bulk.SkipOnExisting}, cut(100), "running")
			if !core.HasReason(err, core.ReasonImportRunning) || core.AsError(err).Import != under.ID {
				i.t.Errorf("while it runs: %v", err)
			}
		},
	}, "running")
	if err != nil {
		i.t.Error(err)
	}
}

func testImportRejected(i *importing) {
	raw := "\"\xff\x00\""
	file := "code,type\nÉ,Normal\n" + strings.Repeat(raw+",Normal\n", 1200)
	got := i.run(bulk.ImportSpec{}, file, 1, 0, 1200)
	kept, err := i.s.RejectedLines(i.t.Context(), got.WorkspaceID, got.ID, 1195, 3)
	if err != nil || len(kept) != 3 || kept[0].Number != 1195 || string(kept[0].Raw) != raw+",Normal" ||
		kept[0].Reason != "invalid_text" {
		i.t.Errorf("lines %+v, %v", kept, err)
	}
	if foreign, err := i.s.RejectedLines(i.t.Context(), newID(i.t), got.ID, 0, 3); err != nil || len(foreign) != 0 {
		i.t.Errorf("another workspace finds %v, %v", foreign, err)
	}
	if pruned, err := i.s.PruneRejected(i.t.Context(), got.ID); err != nil || pruned != 0 {
		i.t.Errorf("%d younger lines were pruned, %v", pruned, err)
	}
	below := got.ID // and one more
	for n := len(below) - 1; ; n-- {
		if below[n]++; below[n] != 0 {
			break
		}
	}
	sum := 0
	for _, next := range []func() (int, error){
		func() (int, error) { return i.s.ForgetRejected(i.t.Context(), got.WorkspaceID, got.ID) },
		func() (int, error) { return i.s.PruneRejected(i.t.Context(), below) },
		func() (int, error) { return i.s.PruneRejected(i.t.Context(), below) },
		func() (int, error) { return i.s.PruneRejected(i.t.Context(), below) },
	} {
		deleted, err := next()
		if err != nil {
			i.t.Fatal(err)
		}
		sum += deleted
	}
	if sum != 1200 {
		i.t.Errorf("%d lines were deleted", sum)
	}
}
