package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBatch(t *testing.T) {
	p := withServer(t)
	const id = "00000000-0000-7000-8000-000000000000"
	name := filepath.Join(t.TempDir(), "codes.csv")
	const create = "batch create --count 12 --type Premium --name spring_fair --prefix FAIR --group-length 6 " +
		"--groups 3 --max-redemptions none --note n --metadata a=b --idempotency-key order-1"
	made := p.do(t, create+" --out "+name)
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\r\n")
	if len(lines) != 13 || lines[0] != "batchIndex,code,status" || !strings.HasPrefix(lines[12], "11,FAIR-") ||
		len(lines[12]) != len("11,FAIR-123456-123456-123456,active") || made.stdout != "" ||
		normalise(made.stderr) != "batch "+id+"\n" {
		t.Errorf("%q; stdout %q, stderr %q", lines, made.stdout, made.stderr)
	}
	nowhere := filepath.Join(t.TempDir(), "no", "codes.csv")
	if got := p.exec(t, "batch", "create", "--count", "5", "--type", "Normal", "--out", nowhere); got.code != 1 {
		t.Errorf("a file without a folder: %+v", got)
	}
	again := p.do(t, create)
	const want = `
ID                                    NAME         COUNT  TYPE     STATUS     DONE  REDEEMED  FAILURE
` + id + `  spring fair  12     Premium  succeeded  12    0
`
	batch := ids.FindString(made.stderr)
	for _, got := range []string{again.stdout, p.do(t, "batch list").stdout, p.do(t, "batch get "+batch).stdout} {
		if diff := cmp.Diff(strings.TrimPrefix(want, "\n"), normalise(got)); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
	if got := p.do(t, "batch download "+batch+" --from 11 --out -").stdout; got != lines[0]+"\r\n"+lines[12]+"\r\n" {
		t.Errorf("a part: %q", got)
	}
	var code struct {
		BatchID, Note  string
		BatchIndex     int
		MaxRedemptions *int
		Metadata       map[string]string
	}
	got := p.do(t, "batch download "+batch+" --format ndjson --from 11 --out -").stdout
	if err := json.Unmarshal([]byte(got), &code); err != nil || code.BatchID != batch || code.BatchIndex != 11 ||
		code.Note != "n" || code.MaxRedemptions != nil || code.Metadata["a"] != "b" {
		t.Errorf("%s: %v", got, err)
	}
}

func TestBatchesThatAreCanceledOrRefused(t *testing.T) {
	p := withServer(t)
	large := p.do(t, "batch create --count 10000000 --type Normal --groups 4 -o csv --idempotency-key k").stdout
	batch := ids.FindString(large)
	got := p.do(t, "batch cancel "+batch+" -o csv").stdout
	if !strings.Contains(got, ",10000000,Normal,canceled,") {
		t.Errorf("canceled: %s", got)
	}
	waited := p.exec(t, strings.Fields(
		"batch create --count 10000000 --type Normal --groups 4 --idempotency-key k --wait")...)
	if waited.code != 1 || waited.stdout != "" ||
		waited.stderr != "batch "+batch+"\naccesscodes: the batch is canceled\n" {
		t.Errorf("exit %d: %s", waited.code, waited.stderr)
	}
	for line, want := range map[string]struct {
		code   int
		stderr string
	}{
		"batch create --type Normal":                      {2, "--count is required"},
		"batch create --count 3":                          {2, "--type is required"},
		"batch create --count many --type Normal":         {2, `--count "many" is not a whole number`},
		"batch create --count 0 --type Normal":            {2, "count must be"},
		"batch list --limit -1":                           {2, "--limit -1 is less than 0"},
		"batch download " + batch:                         {2, "--out is required"},
		"batch download 7 --out -":                        {1, "batch_not_found"},
		"batch get":                                       {2, "accesscodes batch get takes BATCH"},
		"batch download " + batch + " --format x --out -": {2, "format must be"},
	} {
		got := p.exec(t, strings.Fields(line)...)
		if checkOneLine(t, got); got.code != want.code || !strings.Contains(got.stderr, want.stderr) {
			t.Errorf("%s: exit %d: %s", line, got.code, got.stderr)
		}
	}
}
