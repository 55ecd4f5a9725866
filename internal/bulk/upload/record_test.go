package upload_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"accesscodes/internal/bulk/upload"
	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

// only reads the only row of a file.
func only(t *testing.T, file string, format upload.Format) *upload.Record {
	t.Helper()
	rows := readAll(t, mustOpen(t, file, format))
	if len(rows) != 1 {
		t.Fatalf("%d rows", len(rows))
	}
	record, rejected := rows[0].Record()
	if rejected != nil {
		t.Fatal(rejected)
	}
	return record
}

func given[T any](value T) core.Field[T] { return core.Field[T]{Given: true, Value: &value} }

func day(year int) time.Time { return time.Date(year, 2, 3, 4, 5, 6, 123456000, time.UTC) }

// TestEveryColumnIsRead into its place, whether it comes as a cell or as a member. Times may be past.
func TestEveryColumnIsRead(t *testing.T) {
	three := int64(3)
	a, b := "x", ""
	want := &upload.Record{
		Value: "Welcome 1", Type: codes.TypePremium, WholeMetadata: true, RevokedAt: given(day(2021)),
		Change: codes.CodeChange{
			MaxRedemptions: codes.Limit{Given: true, Max: &three},
			StartsAt:       given(day(2019)), ExpiresAt: given(day(2020)),
			Note: given(" a,\nb "), Recipient: given("ada@example.com"),
			Metadata: given(map[string]*string{"a": &a, "b": &b}),
		},
	}
	table := "code,type,maxRedemptions,startsAt,expiresAt,revokedAt,note,recipient,metadata,status," +
		"redemptions,createdAt\n" +
		`" Welcome 1", Premium ,3,2019-02-03T04:05:06.1234567Z,2020-02-03T05:05:06.123456+01:00,` +
		`2021-02-03T04:05:06.123456Z,` + "\" a,\nb \"" + `,ada@example.com,` +
		`"{""a"":""x"",""b"":""""}",revoked,2,whatever` + "\n"
	object := `{"code":" Welcome 1","type":"Premium","maxRedemptions":3,"startsAt":"2019-02-03T04:05:06.1234567Z",` +
		`"expiresAt":"2020-02-03T05:05:06.123456+01:00","revokedAt":"2021-02-03T04:05:06.123456Z","note":" a,\nb ",` +
		`"recipient":"ada@example.com","metadata":{"a":"x","b":""},"status":"revoked","redemptions":2}`
	for name, got := range map[string]*upload.Record{
		"CSV": only(t, table, upload.CSV), "NDJSON": only(t, object, upload.NDJSON),
	} {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestEveryFieldOfACodeIsAColumn: what exports have can be sent back, and every option is read.
func TestEveryFieldOfACodeIsAColumn(t *testing.T) {
	var names, cells []string
	for _, f := range codes.Fields() {
		if f.Name == "" {
			continue
		}
		cell := ""
		if f.Name == "code" {
			cell = "ABC"
		}
		names, cells = append(names, f.Name), append(cells, cell)
	}
	record := only(t, strings.Join(names, ",")+"\n"+strings.Join(cells, ",")+"\n", upload.CSV)
	want := codes.CodeChange{
		MaxRedemptions: codes.Limit{Given: true},
		StartsAt:       core.Field[time.Time]{Given: true}, ExpiresAt: core.Field[time.Time]{Given: true},
		Note: core.Field[string]{Given: true}, Recipient: core.Field[string]{Given: true},
		Metadata: core.Field[map[string]*string]{Given: true},
	}
	if diff := cmp.Diff(want, record.Change); diff != "" || !record.RevokedAt.Given {
		t.Errorf("empty cells (-want +got):\n%s", diff)
	}
}

// TestAbsentColumnsSayNothing, unlike empty cells and null.
func TestAbsentColumnsSayNothing(t *testing.T) {
	for _, record := range []*upload.Record{
		only(t, "code\nABC\n", upload.CSV), only(t, `{"code":"ABC"}`, upload.NDJSON),
	} {
		if diff := cmp.Diff(&upload.Record{Value: "ABC"}, record); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

// TestMetadataColumns: those of single entries change these alone; a whole one replaces all.
func TestMetadataColumns(t *testing.T) {
	x := "x"
	stored := map[string]string{"a": "old", "b": "old", "c": "old"}
	cases := []struct {
		name   string
		record *upload.Record
		want   core.Field[map[string]*string]
		fresh  map[string]string
	}{
		{
			"entries", only(t, "code,metadata.a,metadata.b\nABC,x,\n", upload.CSV),
			given(map[string]*string{"a": &x, "b": nil}),
			map[string]string{"a": "x"},
		},
		{
			"whole", only(t, "code,metadata\nABC,\"{\"\"a\"\":\"\"x\"\"}\"\n", upload.CSV),
			given(map[string]*string{"a": &x, "b": nil, "c": nil}),
			map[string]string{"a": "x"},
		},
		{"empty", only(t, "code,metadata\nABC,\n", upload.CSV), core.Field[map[string]*string]{Given: true}, nil},
		{"absent", only(t, "code\nABC\n", upload.CSV), core.Field[map[string]*string]{}, nil},
	}
	for _, test := range cases {
		if diff := cmp.Diff(test.want, test.record.ChangeTo(stored).Metadata); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
		if diff := cmp.Diff(test.fresh, test.record.Change.Options().Metadata); diff != "" {
			t.Errorf("%s, of a new code (-want +got):\n%s", test.name, diff)
		}
	}
}

func TestANewCodeNeedsAType(t *testing.T) {
	if _, _, rejected := only(t, "code,type\nABC,\n", upload.CSV).NewCode(); rejected == nil ||
		rejected.Reason != core.ReasonMissingField || rejected.Column != "type" {
		t.Errorf("without a type it is rejected with %v", rejected)
	}
	codeType, options, rejected := only(t, "code,type,note\nABC,Upgrade,n\n", upload.CSV).NewCode()
	if rejected != nil || codeType != codes.TypeUpgrade || options.Note != "n" {
		t.Errorf("it is %s, %+v, %v", codeType, options, rejected)
	}
}
