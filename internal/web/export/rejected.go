package export

import (
	"context"
	"errors"
	"io"
	"net/http"

	"accesscodes/internal/bulk"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/web/kit"
)

// Rejected is the file of the rejected lines of an import that one request asks for.
type Rejected struct {
	Import core.ID
	Name   string                          // how the file's name ends
	Words  func(*bulk.RejectedLine) string // why a line is rejected
	// Again is asked now and then whether the caller still may do this.
	Again func(context.Context) error
}

// Send sends the file, and records that.
func (r Rejected) Send(ctx context.Context, imports *bulk.Imports, exports *bulk.Exports, c *kit.Call) error {
	var to *kit.Download
	rows := int64(0)
	words := func(line *bulk.RejectedLine) string {
		rows++
		return r.Words(line)
	}
	err := imports.Rejected(ctx, &c.Actor, r.Import, words, func() (io.Writer, func() error) {
		to = c.BeginDownload(CSV.MediaType(), "rejected-"+r.Name+".csv", false)
		return to, func() error { return errors.Join(r.Again(ctx), to.Flush()) }
	})
	if to != nil && c.Request.Method != http.MethodHead {
		Record(ctx, exports, c, bulk.BulkRead{
			About: event.Thing(event.SubjectImport, r.Import), What: "rejected", Format: string(CSV), Rows: rows,
			Broken: err != nil,
		})
	}
	if err != nil {
		return err
	}
	return to.Close()
}
