package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strconv"
	"time"
)

// ImportStatus is what becomes of an import.
type ImportStatus string

// The statuses of imports.
const (
	ImportRunning   ImportStatus = "running"
	ImportSucceeded ImportStatus = "succeeded" // the file was read to its end; see Rejected
	ImportFailed    ImportStatus = "failed"    // see Failure; what was accepted stays
	ImportCanceled  ImportStatus = "canceled"  // what was accepted stays
)

// Ended reports whether no further line will be read.
func (s ImportStatus) Ended() bool { return s != ImportRunning }

// OnExisting is what an import does with a line whose code exists.
type OnExisting string

// What can be done with a line whose code exists.
const (
	FailExisting   OnExisting = "fail"   // reject it, unless it is equal to the code: then it is skipped
	SkipExisting   OnExisting = "skip"   // pass over it
	UpdateExisting OnExisting = "update" // change the code (role full); an empty cell means none, an absent column stays
)

// Import is a file of codes that was sent, or is. Times are in UTC, to the microsecond.
type Import struct {
	ID         string       `json:"id"` // a UUID
	Status     ImportStatus `json:"status"`
	Format     ExportFormat `json:"format"` // CSV or NDJSON
	OnExisting OnExisting   `json:"onExisting"`
	DryRun     bool         `json:"dryRun"`
	Atomic     bool         `json:"atomic"`
	BatchID    string       `json:"batchId"` // of the batch that the codes belong to; empty: none
	Name       string       `json:"name"`    // of that batch
	Lines      int64        `json:"lines"`   // that were read, without the header and blank ones
	Accepted   int64        `json:"accepted"`
	Skipped    int64        `json:"skipped"`
	Rejected   int64        `json:"rejected"`  // see [Client.DownloadRejected]
	Bytes      int64        `json:"bytes"`     // that were read, unpacked
	PerSecond  int64        `json:"perSecond"` // lines, on average since it was started
	Notes      []string     `json:"notes"`     // what was noticed about the file, in words
	CreatedAt  time.Time    `json:"createdAt"`
	FinishedAt *time.Time   `json:"finishedAt"`
	CreatedBy  string       `json:"createdBy"` // the id of the API key
	Failure    string       `json:"failure"`   // why it has failed, in words

	// Replayed: [Client.CreateImport] had been called before with the same key, perhaps by a retry.
	Replayed bool `json:"-"`
}

func (i *Import) replayed() *bool { return &i.Replayed }

// CreateImportRequest says how to read a file. All of it may be left out.
type CreateImportRequest struct {
	Format     ExportFormat // CSV (the default) or NDJSON
	OnExisting OnExisting   // FailExisting is the default
	DryRun     bool         // only say what would be done
	Atomic     bool         // all lines or none, of up to 10,000 and 16 MiB together
	Batch      string       // name of a new batch that the codes belong to, up to 200 characters; empty: none

	IdempotencyKey string // a file sent again with the key of one that was imported is not read
}

func (r CreateImportRequest) values() values {
	return values{
		"format": string(cmp.Or(r.Format, FormatCSV)), "onExisting": string(r.OnExisting), "batch": r.Batch,
		"dryRun": flag(r.DryRun), "atomic": flag(r.Atomic),
	}
}

// flag is a truth as parameters have it.
func flag(is bool) string {
	if !is {
		return ""
	}
	return strconv.FormatBool(is)
}

// CreateImport sends a file of codes, which may be packed with gzip, up to 1 GiB unpacked, and returns
// the report when all of it has been worked on. It needs little memory, however long the file is, and may
// take as long as the file moves: [WithTimeout] is for when nothing moves.
//
// A report is no error, whatever its Status: [ImportFailed] if lines of an atomic import were rejected,
// [ImportCanceled] if somebody has ended it. A file that cannot be read is [ReasonInvalidFile], a longer
// one [ReasonFileTooLarge]; what was accepted before stays. While another call with the same key is under
// way, it is [ReasonImportRunning]. All of these have the ImportID in the [Error].
//
// A file that is an [io.Seeker], such as an [os.File], is sent again from where it was when the connection
// breaks. Another one cannot be. Then, and after a failure of any other kind, the same file can be sent
// with another call: the lines that were accepted count as skipped. After the context has ended, a Read of
// the file that is under way may still come to its end.
func (c *Client) CreateImport(ctx context.Context, file io.Reader, r CreateImportRequest) (*Import, error) {
	ready, err := c.prepare(call{
		operation: "createImport", method: http.MethodPost, path: []string{"imports"}, query: r.values().given(),
		effect: settles, key: idempotencyKey(r.IdempotencyKey),
		file: newUpload(file, mediaTypes[cmp.Or(r.Format, FormatCSV)]),
	})
	if err != nil {
		return nil, fmt.Errorf("client: createImport: %w", err)
	}
	for try := 1; ; try++ {
		report := new(Import)
		response, err := c.repeat(ctx, ready, func() (*http.Response, error) { return c.sendFile(ctx, ready, report) })
		if err == nil {
			report.Replayed = response.Header.Get("Idempotent-Replayed") == "true"
			return report, nil
		}
		e, refused := errors.AsType[*Error](err)
		if !refused || e.Reason != ReasonImportRunning || e.ImportID == "" || !ready.file.begun() {
			return nil, ready.file.explain(err)
		}
		// An earlier try broke off: it arrived as a whole, or the server has not noticed yet.
		earlier, err := c.endOfImport(ctx, e.ImportID)
		if err != nil {
			return nil, err
		}
		if earlier.Replayed = true; earlier.Status != ImportFailed {
			return earlier, nil
		}
		if try >= c.tries || !ready.file.repeatable() {
			return nil, e
		}
	}
}

func (c *Client) endOfImport(ctx context.Context, id string) (last *Import, err error) {
	for last, err = range c.FollowImport(ctx, id) {
		if err != nil {
			return nil, err
		}
	}
	return last, nil
}

// explain says of a file that broke off, and could not be sent again by itself, what to do.
func (u *upload) explain(err error) error {
	if _, ok := errors.AsType[*NoAnswerError](err); !ok || u.again != nil || !u.begun() {
		return err
	}
	return fmt.Errorf("%w; the file cannot be read twice, so it was not sent again: send it from its start, "+
		"and what was accepted counts as skipped", err)
}

// ListImports returns a page of imports, newest first. [Client.Imports] goes through all of them.
func (c *Client) ListImports(ctx context.Context, page PageRequest) (*Page[Import], error) {
	return list[Import](ctx, c, "listImports", "imports", values{}.given(), page)
}

// Imports goes through all imports, newest first.
func (c *Client) Imports(ctx context.Context) iter.Seq2[*Import, error] {
	return pages(func(page PageRequest) (*Page[Import], error) { return c.ListImports(ctx, page) })
}

// GetImport looks an import up.
func (c *Client) GetImport(ctx context.Context, id string) (*Import, error) {
	return fetch[Import](ctx, c, aboutImport("getImport", http.MethodGet, id, reads))
}

// CancelImport ends an import: no further line is read, and who sends the file gets the report. Canceling
// twice changes nothing; one that has ended otherwise is [ReasonImportFinished].
func (c *Client) CancelImport(ctx context.Context, id string) (*Import, error) {
	return fetch[Import](ctx, c, aboutImport("cancelImport", http.MethodPost, id, settles, "cancel"))
}

// DownloadRejected returns the lines that an import rejected as CSV: each as it was, and why in columns
// whose names begin with _. Mended, the file can be sent as it is. It has the first 100,000 lines, of
// 64 MiB together, for 30 days; after that it is [ReasonRejectedLinesExpired].
func (c *Client) DownloadRejected(ctx context.Context, id string) (*Download, error) {
	return c.download(ctx, aboutImport("downloadRejected", http.MethodGet, id, reads, "rejected"), FormatCSV)
}

// FollowImport looks at an import now and then, and yields it each time, until it has ended: then it is the
// last thing that it yields. So is an error.
func (c *Client) FollowImport(ctx context.Context, id string) iter.Seq2[*Import, error] {
	return follow(ctx, c, func() (*Import, error) { return c.GetImport(ctx, id) },
		func(i *Import) bool { return i.Status.Ended() })
}

func aboutImport(operation, method, id string, effect effect, rest ...string) call {
	path := append([]string{"imports", id}, rest...)
	return call{operation: operation, method: method, path: path, effect: effect}
}
