package api

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"accesscodes/internal/campaign"
)

// oddParts are what odd values and texts are made of.
var oddParts = []string{
	`"`, `""`, "'", "=", "+", "@", "-", ",", ";", "|", "\\", "/", "é", "日本", "👩‍👩‍👧", "🎉",
	"ß", "Ω", "%", "#", "&", "<", ">",
	"true", "1E5", "0012", "2031-01-01", "null",
}

// oddBreaks are only in texts: values have none.
var oddBreaks = []string{"\n", "\r\n", "\r", "\t", "\u2028", "\u2029", " "}

// TestAnExportIsImportedAndExportedAgain into an empty installation: it has the same rows but for the
// columns that an import reads past, in whatever order.
func TestAnExportIsImportedAndExportedAgain(t *testing.T) { exportAgain(t, 2_000) }

// TestCampaignAnExportIsImportedAndExportedAgain does the same with many codes.
func TestCampaignAnExportIsImportedAndExportedAgain(t *testing.T) {
	exportAgain(t, campaign.Length(t, 10_000, 100_000))
}

func exportAgain(t *testing.T, count int) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("random seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	from := newFixture(t)
	server := from.serve(t, false)
	file := oddFile(t, random, count)
	made := from.sendFile(t, server, "?format=ndjson", bytes.NewReader(file))
	report := made.object(t)
	if toInt(t, report["accepted"]) < count*9/10 || toInt(t, report["rejected"]) > 0 {
		t.Fatalf("import %s, %.2000s", made.body, from.rejected(t, made.text(t, "id")))
	}
	for _, format := range []string{"csv", "ndjson"} {
		exported := from.exported(t, "/exports/codes?format="+format)
		to := newFixture(t)
		again := to.sendFile(t, to.serve(t, false), "?format="+format, strings.NewReader(exported))
		if toInt(t, again.object(t)["accepted"]) != from.stored(t) || toInt(t, again.object(t)["rejected"]) != 0 {
			t.Fatalf("%s: import %s, %.2000s", format, again.body, to.rejected(t, again.text(t, "id")))
		}
		before, after := readable(t, exported, format), readable(t, to.exported(t, "/exports/codes?format="+format), format)
		if len(before) != len(after) {
			t.Errorf("%s: %d rows, then %d", format, len(before), len(after))
		}
		for value, row := range before {
			if after[value] != row {
				t.Fatalf("%s: %q was\n%q, is\n%q", format, value, row, after[value])
			}
		}
	}
}

// oddFile is a file of objects.
func oddFile(t *testing.T, random *rand.Rand, count int) []byte {
	t.Helper()
	odd := func(length int, more ...string) (text string) {
		for range length {
			all := append(oddParts, more...)
			text += all[random.IntN(len(all))]
		}
		return text
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	for n := range count {
		code := map[string]any{"code": odd(3) + fmt.Sprint(n), "type": []string{"Normal", "Premium", "Upgrade"}[n%3]}
		for name, value := range map[string]any{
			"note": odd(4, oddBreaks...), "recipient": odd(2), "maxRedemptions": 1 + random.IntN(1000),
			"metadata":  map[string]string{odd(2): odd(3, "\n", "\t"), "k": ""},
			"expiresAt": "2001-02-03T04:05:06.789012Z", "startsAt": "1999-01-01T00:00:00Z", "revokedAt": "2000-01-01T00:00:00Z",
		} {
			if random.IntN(2) == 0 {
				code[name] = value
			}
		}
		if err := encoder.Encode(code); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}

// readPast are the columns of an export that an import does not take in.
var readPast = []string{"redemptions", "reservations", "batchId", "batchIndex", "createdAt", "createdBy"}

// readable are the rows of an export by their codes, without what an import reads past.
func readable(t *testing.T, text, format string) map[string]string {
	t.Helper()
	rows := map[string]string{}
	if format == "ndjson" {
		for decoder := json.NewDecoder(strings.NewReader(text)); decoder.More(); {
			var row map[string]any
			if err := decoder.Decode(&row); err != nil {
				t.Fatal(err)
			}
			for _, name := range readPast {
				delete(row, name)
			}
			rows[row["code"].(string)] = fmt.Sprint(row)
		}
		return rows
	}
	all, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	code := slices.Index(all[0], "code")
	for _, cells := range all[1:] {
		row := ""
		for i, cell := range cells {
			if !slices.Contains(readPast, all[0][i]) {
				row += fmt.Sprintf("%s=%q ", all[0][i], cell)
			}
		}
		rows[cells[code]] = row
	}
	return rows
}
