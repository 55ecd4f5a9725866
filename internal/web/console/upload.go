package console

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"path"
	"slices"
	"strings"

	"accesscodes/internal/bulk"
	"accesscodes/internal/core"
	"accesscodes/internal/job"
	"accesscodes/internal/web/export"
	"accesscodes/internal/web/kit"
)

// What may be in a form beside its file.
const (
	maxFormFields = 20
	maxFormField  = 4 << 10
)

// fileField is the field of a form that has the file. It comes last: the others must be known before.
const fileField = "file"

// importExample is a file that can be imported.
const importExample = "code,type,maxRedemptions,expiresAt\n" +
	"ACME-7K2M-9QXR,Premium,1,2031-12-31T23:59:59Z\n" +
	"WELCOME2031,Normal,100,"

// Choices of what to do with a file.
const (
	doCheck  = "check"
	doImport = "import"
)

// uploadView is what the page shows on which a file is chosen.
type uploadView struct {
	form  *form
	retry string // keeps a file from being imported twice
	again bool   // it was checked, and is imported now
	going []bulk.Import
}

// goingShown is how many imports are looked at for those that are under way.
const goingShown = 20

func (s *server) uploadView(ctx context.Context, p *page, f *form) (*uploadView, error) {
	v := &uploadView{form: f, retry: rand.Text(), again: f.get("do") == doImport}
	f.set("do", doCheck)
	f.set("onExisting", string(bulk.FailOnExisting))
	list, err := s.deps.Imports.List(ctx, &p.Actor, core.PageRequest{Limit: goingShown})
	for _, i := range list.Items {
		if i.Status == job.Running && i.Actor.ID == p.Actor.ID {
			v.going = append(v.going, i)
		}
	}
	return v, err
}

// newImport answers GET /console/w/{workspace}/imports/new.
func (s *server) newImport(ctx context.Context, p *page) error {
	v, err := s.uploadView(ctx, p, p.newForm())
	if err != nil {
		return err
	}
	return p.show(ctx, uploadPage(p, v))
}

// createImport answers POST /console/w/{workspace}/imports. The file is read while it arrives.
func (s *server) createImport(ctx context.Context, p *page) error {
	file, err := p.Upload()
	if err != nil {
		return err
	}
	f := p.newForm()
	imported, err := s.importFile(ctx, p, f, file)
	if err == nil && f.isGood() {
		return p.see(p.link("imports", imported.ID.String()))
	}
	file.Discard()
	switch id := core.AsError(err).Import; {
	case err == nil:
	case !id.IsZero(): // its page says what is wrong
		return p.see(p.link("imports", id.String()))
	case !f.take(err):
		return err
	}
	v, err := s.uploadView(ctx, p, f)
	if err != nil {
		return err
	}
	return p.showWith(ctx, http.StatusUnprocessableEntity, uploadPage(p, v))
}

// importFile reads the fields of a form, then the file in it.
func (s *server) importFile(ctx context.Context, p *page, f *form, file *kit.Upload) (bulk.Import, error) {
	part, err := f.readUntilFile(file)
	if err != nil {
		return bulk.Import{}, err
	}
	req, good := f.importRequest(part)
	if !good {
		return bulk.Import{}, nil
	}
	req.Body, req.Interrupt, req.Check = part, file.Interrupt, p.stillMay
	req.IdempotencyKey = retryOf(f.get("retry"), part.FileName(), p.Request.ContentLength)
	imported, _, err := s.deps.Imports.Run(ctx, &p.Actor, req)
	if _, broken := errors.AsType[*bulk.BrokenUpload](err); broken { // its page says so, if anybody is left to read it
		return imported, nil
	}
	return imported, err
}

// retryOf tells a form that is sent twice from one that is sent again with another file.
func retryOf(retry, name string, length int64) string {
	if retry == "" {
		return ""
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %d", retry, name, length))
	return hex.EncodeToString(sum[:])
}

// readUntilFile reads the fields of a form that comes in parts (RFC 7578) up to its file, which is left to be
// read; nil: it has none.
func (f *form) readUntilFile(from io.Reader) (*multipart.Part, error) {
	kind, parameters, err := mime.ParseMediaType(f.page.Request.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" || parameters["boundary"] == "" {
		return nil, core.WrongParameter(formUnreadable.Said())
	}
	parts := multipart.NewReader(from, parameters["boundary"])
	for range maxFormFields {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return nil, nil
		}
		if err != nil {
			return nil, kit.BodyError(err)
		}
		if part.FormName() == fileField {
			return part, nil
		}
		value, err := io.ReadAll(io.LimitReader(part, maxFormField+1))
		if err != nil {
			return nil, kit.BodyError(err)
		}
		if len(value) > maxFormField {
			return nil, core.WrongParameter(fieldTooLong.With("field", part.FormName()))
		}
		f.page.Request.Form.Set(part.FormName(), string(value))
	}
	return nil, core.WrongParameter(tooManyFields.Said())
}

// importRequest reads what an import is asked for, and reports whether nothing is wrong with it.
func (f *form) importRequest(part *multipart.Part) (req bulk.NewImport, good bool) {
	req.OnExisting = bulk.OnExisting(f.get("onExisting"))
	if !slices.Contains(bulk.OnExistings(), req.OnExisting) {
		f.complain("onExisting", "import.no_choice")
	}
	req.Zone = f.page.Zone().String()
	req.DryRun, req.Atomic = f.get("do") != doImport, f.ticked("atomic")
	if part == nil || part.FileName() == "" {
		f.complain(fileField, "import.no_file")
		return req, false
	}
	base, extension := cutExtension(part.FileName())
	req.Format = bulk.FileFormat(f.get("format"))
	if req.Format == "" {
		req.Format = formatNamed(extension)
	}
	if slices.Contains([]string{".xlsx", ".xls", ".ods", ".numbers"}, extension) {
		f.complain(fileField, "import.spreadsheet")
	}
	if req.Format != bulk.FileFormat(export.CSV) && req.Format != bulk.FileFormat(export.NDJSON) {
		f.complain("format", "import.no_choice")
	}
	if req.Name = f.get("batch"); req.Name == "" {
		req.Name = string([]rune(base)[:min(len([]rune(base)), bulk.MaxBatchNameLength)])
	}
	return req, f.isGood()
}

// cutExtension cuts a file's name at its extension, which says its format, also of a file that is packed.
func cutExtension(name string) (base, extension string) {
	base = strings.ToValidUTF8(name, "-")
	if strings.EqualFold(path.Ext(base), ".gz") {
		base = base[:len(base)-len(".gz")]
	}
	extension = path.Ext(base)
	return base[:len(base)-len(extension)], strings.ToLower(extension)
}

// formatNamed is the format that files with an extension have.
func formatNamed(extension string) bulk.FileFormat {
	if slices.Contains([]string{".ndjson", ".jsonl", ".json"}, extension) {
		return bulk.FileFormat(export.NDJSON)
	}
	return bulk.FileFormat(export.CSV)
}

// goingTrigger is when imports under way are looked for again. That the form is sent cannot be the trigger:
// htmx would keep the browser from sending it.
func (v *uploadView) goingTrigger() string {
	if len(v.going) > 0 {
		return "every 1s"
	}
	return "every 3s"
}
