package bulk

import (
	"encoding/hex"
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"accesscodes/internal/bulk/upload"
	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/job"
)

// What is stored as JSON is read by later versions: jobs that are under way, and what undoing needs.
// So names, and what the values look like, stay as they are in these tests. A new field is left out where
// it is not given, so that what is stored before it can be read as if it had been there.

var fullID = core.ID{1, 2, 6: 0x70, 8: 0x80, 15: 9}

const fullIDNumbers = `[1,2,0,0,0,0,112,0,128,0,0,0,0,0,0,9]`

func fullOptions() codes.Options {
	return codes.Options{
		MaxRedemptions: codes.Limit{Given: true, Max: new(int64(5))}, StartsAt: new(at), ExpiresAt: new(at.Add(time.Hour)),
		Note: "n", Recipient: "r", Metadata: map[string]string{"a": "b"},
	}
}

func fullChange() *codes.CodeChange {
	return &codes.CodeChange{
		MaxRedemptions: codes.Limit{Given: true, Max: new(int64(5))},
		StartsAt:       core.Field[time.Time]{Given: true, Value: new(at)},
		ExpiresAt:      core.Field[time.Time]{Given: true, Value: new(at)},
		Note:           core.Field[string]{Given: true, Value: new("n")},
		Recipient:      core.Field[string]{Given: true, Value: new("r")},
		Metadata:       core.Field[map[string]*string]{Given: true, Value: &map[string]*string{"a": new("b"), "gone": nil}},
	}
}

func fullFilter() codes.CodeFilter {
	return codes.CodeFilter{
		Type: codes.TypePremium, Status: codes.StatusActive, BatchID: fullID, Query: "q", CreatedAfter: new(at),
		CreatedBefore: new(at.Add(time.Hour)),
	}
}

// requireFull requires that no field is empty, so that a test of what is stored has all of them.
func requireFull(t *testing.T, name string, v reflect.Value) {
	t.Helper()
	switch {
	case v.IsZero():
		t.Errorf("%s is empty", name)
	case v.Kind() == reflect.Pointer:
		requireFull(t, name, v.Elem())
	case v.Type() == reflect.TypeFor[time.Time]():
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			requireFull(t, name+"."+v.Type().Field(i).Name, v.Field(i))
		}
	}
}

// checkStored requires a value to be stored as a text, and to be read from it.
func checkStored[T any](t *testing.T, name string, value T, want string) {
	t.Helper()
	requireFull(t, name, reflect.ValueOf(value))
	text, err := json.Marshal(value)
	if diff := cmp.Diff(want, string(text)); err != nil || diff != "" {
		t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
	}
	var read T
	err = json.Unmarshal([]byte(want), &read)
	if !reflect.DeepEqual(value, read) || err != nil {
		t.Errorf("%s is read as %+v, %v", name, read, err)
	}
}

const storedOptions = `{"MaxRedemptions":{"Given":true,"Max":5},"StartsAt":"2031-02-03T04:05:06.789012Z",` +
	`"ExpiresAt":"2031-02-03T05:05:06.789012Z","Note":"n","Recipient":"r","Metadata":{"a":"b"}}`

const storedSet = `{"MaxRedemptions":{"Given":true,"Max":5},` +
	`"StartsAt":{"Given":true,"Value":"2031-02-03T04:05:06.789012Z"},` +
	`"ExpiresAt":{"Given":true,"Value":"2031-02-03T04:05:06.789012Z"},` +
	`"Note":{"Given":true,"Value":"n"},"Recipient":{"Given":true,"Value":"r"},` +
	`"Metadata":{"Given":true,"Value":{"a":"b","gone":null}}}`

const storedFilter = `"Type":"Premium","Status":"active","BatchID":` + fullIDNumbers + `,"Query":"q",` +
	`"CreatedAfter":"2031-02-03T04:05:06.789012Z","CreatedBefore":"2031-02-03T05:05:06.789012Z"`

func TestJobsAreStoredAsBefore(t *testing.T) {
	checkStored(t, "a batch", BatchSpec{
		Name: "spring", Count: 7, Type: codes.TypePremium, Options: fullOptions(),
		Format: core.Format{Prefix: "FAIR", Groups: 2, GroupLength: 4},
	}, `{"Name":"spring","Count":7,"Type":"Premium","Options":`+storedOptions+
		`,"Format":{"Prefix":"FAIR","Groups":2,"GroupLength":4}}`)
	checkStored(t, "a change", ChangeSpec{
		Select: codes.Selection{CodeFilter: fullFilter(), Until: at}, Listed: true,
		Do: codes.Act{Revoke: true, Restore: true, Delete: true, Set: fullChange()}, RollBack: true,
		Reason: "r",
	}, `{"Select":{`+storedFilter+`,"Until":"2031-02-03T04:05:06.789012Z"},"Listed":true,`+
		`"Do":{"Revoke":true,"Restore":true,"Delete":true,"Set":`+storedSet+`},"RollBack":true,"Reason":"r"}`)
	counts := Counts{Changed: 3, Skipped: map[core.Reason]int64{SkipUnchanged: 2}}
	checkStored(t, "how far a change is", changeState{
		Tally: Tally{Counts: counts, Matched: 4, People: 5, Sample: []string{"A"}, RolledBack: 6},
		Place: place{
			Next: 7, After: &codes.CodeKey{CreatedAt: at, Canonical: "A"}, Counting: "B", Counted: fullID,
			Rolling: &rolling{Next: 1, End: 2, After: fullID, Done: 3, Refused: 4},
		},
		Items: 8, Ended: new(at),
		Undo: &undoState{
			Counts: counts, Next: 9, PutBack: 10, Actor: event.Actor{Kind: core.ActorKey, ID: fullID, Name: "k"},
		},
	}, `{"Changed":3,"Skipped":{"unchanged":2},"Matched":4,"People":5,"Sample":["A"],"RolledBack":6,`+
		`"Place":{"Next":7,"After":{"CreatedAt":"2031-02-03T04:05:06.789012Z","Canonical":"A"},"Counting":"B",`+
		`"Counted":`+fullIDNumbers+`,"Rolling":{"Next":1,"End":2,"After":`+fullIDNumbers+`,"Done":3,"Refused":4}},`+
		`"Items":8,"Ended":"2031-02-03T04:05:06.789012Z","Undo":{"Changed":3,"Skipped":{"unchanged":2},"Next":9,`+
		`"PutBack":10,"Actor":{"Kind":"key","ID":`+fullIDNumbers+`,"Name":"k"}}}`)
}

func TestImportsAreStoredAsBefore(t *testing.T) {
	checkStored(t, "an import",
		ImportSpec{
			Format: upload.CSV, OnExisting: SkipOnExisting, DryRun: true, Atomic: true, Name: "spring", Zone: "Europe/Berlin",
		},
		`{"Format":"csv","OnExisting":"skip","DryRun":true,"Atomic":true,"Name":"spring","Zone":"Europe/Berlin"}`)
	checkStored(t, "how far an import is", importState{
		Lines: Lines{Read: 1, Accepted: 2, Skipped: 3, Rejected: 4}, Bytes: 5, Steps: 6, Made: 7, Kept: 8, KeptBytes: 9,
		Layout: &upload.Layout{Names: []string{"Code"}, As: []string{"code"}, Separator: ';', Mark: true, Objects: true},
		Notes:  []string{"n"},
		Noted:  []core.Said{{Name: "n", Numbers: map[string]int64{"a": 1}, Texts: map[string]string{"b": "c"}}},
		Reason: core.ReasonInvalidFile, Broken: true,
	}, `{"Read":1,"Accepted":2,"Skipped":3,"Rejected":4,"Bytes":5,"Steps":6,"Made":7,"Kept":8,"KeptBytes":9,`+
		`"Layout":{"Names":["Code"],"As":["code"],"Separator":59,"Mark":true,"Objects":true},"Notes":["n"],`+
		`"Noted":[{"name":"n","numbers":{"a":1},"texts":{"b":"c"}}],`+
		`"Reason":"invalid_file","Broken":true}`)
}

// TestJobsOfBeforeAreRead: as they were stored before changes could delete and roll back.
func TestJobsOfBeforeAreRead(t *testing.T) {
	early := job.Job{
		Spec: `{"Select":{"Type":"Normal","Status":"","BatchID":[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0],"Query":"",` +
			`"CreatedAfter":null,"CreatedBefore":null,"Until":"2031-02-03T04:05:06.789012Z"},"Listed":false,` +
			`"Do":{"Revoke":true}}`,
		Cursor: `{"Changed":3,"Matched":4,"People":0,"Sample":["A"],"Place":{"Next":0,"After":` +
			`{"CreatedAt":"2031-02-03T04:05:06.789012Z","Canonical":"A"}},"Items":3}`,
	}
	want := Change{
		Job: early,
		ChangeSpec: ChangeSpec{
			Select: codes.Selection{CodeFilter: codes.CodeFilter{Type: codes.TypeNormal}, Until: at},
			Do:     codes.Act{Revoke: true},
		},
		changeState: changeState{
			Tally: Tally{Counts: Counts{Changed: 3}, Matched: 4, Sample: []string{"A"}},
			Place: place{After: &codes.CodeKey{CreatedAt: at, Canonical: "A"}}, Items: 3,
		},
	}
	got, err := changeOf(early)
	if err != nil || !reflect.DeepEqual(want, got) {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
	if err := got.store(); err != nil || got.Cursor != early.Cursor {
		t.Errorf("it is stored as %s, %v", got.Cursor, err)
	}
	spec, err := json.Marshal(got.ChangeSpec)
	if err != nil || string(spec) != early.Spec {
		t.Errorf("its request is stored as %s, %v", spec, err)
	}
}

// TestAChangeIsKnownByTheMarkOfBefore: a retry finds the change that an earlier version stored.
func TestAChangeIsKnownByTheMarkOfBefore(t *testing.T) {
	for want, r := range map[string]NewChange{
		"f2132e2ee7816c7ea27781b4a0a8667e": {Filter: fullFilter(), Do: codes.Act{Set: fullChange()}},
		"c75508f99e28f02209e4460db974978a": {Codes: []string{"a b"}, Do: codes.Act{Revoke: true}},
		"65b1a38987fb4814bceb0be7e81c073f": {Codes: []string{"a b"}, Do: codes.Act{Revoke: true}, RollBack: true},
		"5d8d05f2aa46b9c8ad3f6b096c16bdd4": {Codes: []string{"a b"}, Do: codes.Act{Delete: true}},
	} {
		r.IdempotencyKey = "k"
		mark, err := r.retry(fullID, []string{"AB"})
		if got := hex.EncodeToString(mark.Fingerprint[:]); err != nil || got != want {
			t.Errorf("%+v: %s, %v; want %s", r, got, err, want)
		}
	}
}

// checkItem requires what is stored of an item to be these texts.
func checkItem(t *testing.T, name string, item ChangeItem, err error, canonical, was, is string) {
	t.Helper()
	got := []string{item.Canonical, item.Was, item.Is}
	if diff := cmp.Diff([]string{canonical, was, is}, got); err != nil || diff != "" {
		t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
	}
}

func TestItemsOfChangesAreStoredAsBefore(t *testing.T) {
	code := codes.Code{
		Value: "Fair-1", Type: codes.TypePremium, MaxRedemptions: new(int64(5)), StartsAt: new(at), ExpiresAt: new(at),
		RevokedAt: new(at), Note: "n", Recipient: "r", Metadata: map[string]string{"a": "b"}, BatchID: fullID,
		BatchIndex: new(int64(7)), CreatedAt: at, CreatedBy: core.ID{15: 1},
	}
	retry := codes.Retry{Key: [16]byte{1}, Fingerprint: [16]byte{2}}
	before := &codes.RetriedCode{Code: code, Retry: retry}
	deleting, setting := Change{}, Change{}
	deleting.Do.Delete = true

	deleted, err := deleting.itemOf(&codes.Result{Before: before, Code: &code})
	checkItem(t, "a deleted code", deleted, err, "FAIR1", `{"batchId":"01020000-0000-7000-8000-000000000009",`+
		`"batchIndex":7,"code":"Fair-1","createdAt":"2031-02-03T04:05:06.789012Z",`+
		`"createdBy":"00000000-0000-0000-0000-000000000001","expiresAt":"2031-02-03T04:05:06.789012Z",`+
		`"maxRedemptions":5,"metadata":{"a":"b"},"note":"n","recipient":"r","retryFingerprint":"AgAAAAAAAAAAAAAAAAAAAA==",`+
		`"retryKey":"AQAAAAAAAAAAAAAAAAAAAA==","revokedAt":"2031-02-03T04:05:06.789012Z",`+
		`"startsAt":"2031-02-03T04:05:06.789012Z","type":"Premium"}`, "")
	undo, err := reversalOf(&deleted, nil)
	if got := undo.(*undeletion).Was; err != nil || !reflect.DeepEqual(got, *before) {
		t.Errorf("a deleted code is read as %+v, %v", got, err)
	}

	after := code
	after.RevokedAt, after.Note, after.Metadata = nil, "", map[string]string{"a": "c"}
	set, err := setting.itemOf(&codes.Result{Before: before, Code: &after})
	checkItem(t, "a changed code", set, err, "FAIR1",
		`{"createdAt":"2031-02-03T04:05:06.789012Z","metadata":{"a":"b"},"note":"n",`+
			`"revokedAt":"2031-02-03T04:05:06.789012Z"}`,
		`{"metadata":{"a":"c"},"note":"","revokedAt":null}`)
	undo, err = reversalOf(&set, nil)
	got := undo.(*fieldReversal)
	if err != nil || len(got.Fields) != 3 || got.Was.Note != "n" || got.Is.Metadata["a"] != "c" ||
		!got.CreatedAt.Equal(at) {
		t.Errorf("a changed code is read as %+v, %v", got, err)
	}

	rollback := codes.Rollback{
		Redemption: fullID, UserID: "ada", Is: codes.UserNormal,
		Was: &codes.User{ID: "ada", Status: codes.UserPremium, CreatedAt: at, UpdatedAt: at, LastOrdinal: 2},
	}
	rolled, err := itemOfRollback(&rollback, "FAIR1")
	checkItem(t, "a redemption", rolled, err, "FAIR1", `{"redemptionId":"01020000-0000-7000-8000-000000000009",`+
		`"user":{"status":"Premium","createdAt":"2031-02-03T04:05:06.789012Z",`+
		`"updatedAt":"2031-02-03T04:05:06.789012Z","lastOrdinal":2}}`, `{"userStatus":"Normal"}`)
	undo, err = reversalOf(&rolled, map[core.ID]string{fullID: "ada"})
	rollback.Was.ID = "" // which is not stored
	if got := undo.(*reinstatement).Rollback; err != nil || !reflect.DeepEqual(got, rollback) {
		t.Errorf("a redemption is read as %+v, %v", got, err)
	}
}
