package console

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"accesscodes/internal/bulk"
	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/qr"
	"accesscodes/internal/sheet"
	"accesscodes/internal/web/export"
)

const (
	// maxCards is how many cards one PDF has here: each takes 15 KB of memory until it is sent.
	maxCards = 5000
	// Others wait for their turn while one PDF is put together: one of the same workspace, and those of
	// other workspaces. So nobody fills the queue of all.
	printsWaiting, workspacesWaiting, printWait = 1, 100, 30 * time.Second

	maxPrintText = 2000 // characters of what stands on cards
)

func (s *server) printRoutes() []Route {
	return []Route{
		get("/batches/{id}/print", core.PermissionExport, s.showPrint),
		get("/batches/{id}/sheet.pdf", core.PermissionExport, s.printSheet).streams(),
	}
}

// cardColumns are what can stand on a card.
var cardColumns = []string{"code", "type", "recipient", "note", "startsAt", "expiresAt", "number"}

func cardRow(c *codes.Code) sheet.Row {
	number := strconv.FormatInt(*c.BatchIndex+1, 10)
	return sheet.Row{Place: "number " + number, Cells: []string{
		c.Value, string(c.Type), c.Recipient, c.Note, instantText(c.StartsAt), instantText(c.ExpiresAt), number,
	}}
}

func instantText(at *time.Time) string {
	if at == nil {
		return ""
	}
	return at.Format(time.RFC3339)
}

// printJob is what somebody wants printed.
type printJob struct {
	design   sheet.Design
	from, to int64 // numbers of codes in the batch, from 1 on
	unused   bool  // only codes that were not redeemed
}

// printView is what the page about printing shows.
type printView struct {
	form  *form
	batch *bulk.Batch
	job   printJob
	card  *sheet.Card // the first one; nil: something is wrong
}

// cards is how many cards there will be at most.
func (j *printJob) cards() int64 { return max(j.to-j.from+1, 0) }

// sheets is how many sheets of paper they take.
func (j *printJob) sheets() int64 {
	perPage := int64(max(j.design.Layout.PerPage(), 1))
	return (j.cards() + perPage - 1) / perPage
}

// rest are the cards after the first PDF, up to the most of one: their numbers and the page about them. address
// is empty if there are none, or something is wrong.
func (v *printView) rest(p *page) (from, to int64, address templ.SafeURL) {
	if from = v.job.to + 1; v.card == nil || from > v.batch.Done {
		return 0, 0, ""
	}
	to = min(from+maxCards-1, v.batch.Done)
	query := url.Values{}
	for name, values := range p.Request.Form {
		query[name] = values
	}
	query.Set("from", strconv.FormatInt(from, 10))
	query.Set("to", strconv.FormatInt(to, 10))
	return from, to, templ.SafeURL(p.path("batches", v.batch.ID.String(), "print") + "?" + query.Encode())
}

// printView reads what is to be printed, and shows the first card of it.
func (s *server) printView(ctx context.Context, p *page) (*printView, error) {
	batch, err := s.batchInPath(ctx, p)
	if err != nil {
		return nil, err
	}
	v := &printView{form: p.question(), batch: &batch}
	v.setDefaults(p)
	v.job = v.form.printJob(v.batch)
	first, err := s.deps.Batches.First(ctx, &p.Actor, batch.ID, 1)
	if err != nil {
		return nil, err
	}
	if v.form.isGood() && len(first) > 0 {
		card, err := v.job.design.Preview(sheet.List{Columns: cardColumns}, cardRow(&first[0]))
		if err != nil {
			if !v.takeMistake(p, err) {
				return nil, err
			}
		} else {
			v.card = &card
		}
	}
	return v, nil
}

// takeMistake takes what a person can mend out of an error, and reports whether there is such a thing.
func (v *printView) takeMistake(p *page, err error) bool {
	mistake, is := errors.AsType[*sheet.Mistake](err)
	if is {
		v.form.failure = p.words(mistake.Said)
		if mistake.Code != "" {
			v.form.failure = p.Say("print.of_code", "code", mistake.Code, "why", v.form.failure)
		}
	}
	return is
}

func (v *printView) setDefaults(p *page) {
	for _, field := range [][2]string{
		{"paper", sheet.Papers()[0].Name},
		{"columns", "3"},
		{"rows", "8"},
		{"margin", "10"},
		{"title", p.Say("print.title_default")},
		{"lines", p.Say("print.lines_default")},
		{"from", "1"},
		{"to", strconv.FormatInt(min(v.batch.Done, maxCards), 10)},
	} {
		v.form.set(field[0], field[1])
	}
}

// printJob reads what is to be printed.
func (f *form) printJob(batch *bulk.Batch) printJob {
	paper, known := sheet.PaperNamed(f.get("paper"))
	if !known {
		f.complain("paper", "print.no_paper")
	}
	j := printJob{
		design: sheet.Design{Level: qr.Medium, Zone: f.page.Zone(), Layout: sheet.Layout{
			Paper: paper, CropMarks: f.ticked("cropMarks"),
			Columns: int(f.within("columns", 1, 50)), Rows: int(f.within("rows", 1, 50)),
			Margin: float64(f.within("margin", 0, 100)),
		}},
		from: f.within("from", 1, batch.Done), to: f.within("to", 1, batch.Done), unused: f.ticked("unused"),
	}
	var err error
	if j.design.Link, err = qr.ParseLink(f.get("link")); err != nil {
		f.complain("link", "print.wrong_link")
	}
	j.design.Title = f.template("title", f.get("title"))
	for line := range strings.Lines(f.get("lines")) {
		j.design.Lines = append(j.design.Lines, f.template("lines", strings.TrimSpace(line)))
	}
	switch {
	case !f.isGood():
	case j.to < j.from:
		f.complain("to", "print.wrong_range")
	case j.cards() > maxCards:
		f.complain("to", "print.too_many", "most", maxCards, "last", j.from+maxCards-1)
	default:
		if mistake, is := errors.AsType[*sheet.Mistake](j.design.Layout.Check()); is {
			f.failure = f.page.words(mistake.Said)
		}
	}
	return j
}

// within reads a whole number within limits.
func (f *form) within(name string, least, most int64) int64 {
	number, err := strconv.ParseInt(f.get(name), 10, 64)
	if err != nil || number < least || number > max(least, most) {
		f.complain(name, "print.no_number", "least", least, "most", max(least, most))
	}
	return number
}

// template reads a text that may name columns.
func (f *form) template(field, typed string) sheet.Template {
	if len(typed) > maxPrintText {
		f.complain(field, "print.too_long", "most", maxPrintText)
		return sheet.Template{}
	}
	template, err := sheet.ParseTemplate(typed)
	if err == nil {
		err = sheet.Design{Layout: sampleLayout, Title: template}.Check(sheet.List{Columns: cardColumns})
	}
	if err != nil {
		f.complain(field, "print.wrong_column", "columns", "{"+strings.Join(cardColumns, "}, {")+"}")
	}
	return template
}

// sampleLayout is one that cards can lie like.
var sampleLayout = sheet.Layout{Paper: sheet.Papers()[0], Columns: 1, Rows: 1}

// showPrint answers GET /console/w/{workspace}/batches/{id}/print.
func (s *server) showPrint(ctx context.Context, p *page) error {
	v, err := s.printView(ctx, p)
	if err != nil {
		return err
	}
	return p.show(ctx, printPage(p, v))
}

// printSheet answers GET /console/w/{workspace}/batches/{id}/sheet.pdf. Nothing is sent before all cards are
// drawn, so that a mistake in them can still be said.
func (s *server) printSheet(ctx context.Context, p *page) error {
	v, err := s.printView(ctx, p)
	if err != nil {
		return err
	}
	if !v.form.isGood() {
		return p.showWith(ctx, http.StatusUnprocessableEntity, printPage(p, v))
	}
	file, err := os.CreateTemp("", "accesscodes-cards-*.pdf")
	if err != nil {
		return fmt.Errorf("keep the cards: %w", err)
	}
	defer func() { _ = errors.Join(file.Close(), os.Remove(file.Name())) }() // it was only kept meanwhile
	cards, err := s.drawCards(ctx, p, v, file)
	if v.takeMistake(p, err) {
		return p.showWith(ctx, http.StatusUnprocessableEntity, printPage(p, v))
	}
	if err != nil {
		return err
	}
	export.Record(ctx, s.deps.Exports, p.Call, bulk.BulkRead{
		About: event.Thing(event.SubjectBatch, v.batch.ID), What: "batch", Format: "pdf", Rows: int64(cards),
	})
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("read the cards: %w", err)
	}
	download := p.BeginDownload("application/pdf", s.deps.Exports.FileName(&p.Actor, fileName(v.batch), "pdf"), true)
	if _, err := io.Copy(download, file); err != nil {
		return err
	}
	return download.Close()
}

// drawCards writes the cards to a file, one print at a time: it takes the server's memory. The file is
// sent afterwards, so that a browser that is slow keeps nobody waiting.
func (s *server) drawCards(ctx context.Context, p *page, v *printView, to io.Writer) (int, error) {
	leave, err := s.printing.Enter(ctx, p.workspace.ID)
	if err != nil {
		return 0, err
	}
	defer leave()
	leaveAll, err := s.drawing.Enter(ctx, core.ID{}) // of all workspaces
	if err != nil {
		return 0, err
	}
	defer leaveAll()
	return v.job.design.Write(to, sheet.List{Columns: cardColumns, Rows: s.cardRows(ctx, p, v)})
}

// cardRows are the rows of the cards to print, as long as the person may have them.
func (s *server) cardRows(ctx context.Context, p *page, v *printView) iter.Seq2[sheet.Row, error] {
	return func(yield func(sheet.Row, error) bool) {
		for page, err := range s.deps.Exports.BatchCodes(ctx, &p.Actor, v.batch.ID, v.job.from-1) {
			if err == nil {
				err = p.stillMay(ctx)
			}
			if err != nil {
				yield(sheet.Row{}, err)
				return
			}
			for i := range page.Items {
				c := &page.Items[i]
				if *c.BatchIndex >= v.job.to {
					return
				}
				if v.job.unused && c.Redemptions > 0 {
					continue
				}
				if !yield(cardRow(c), nil) {
					return
				}
			}
		}
	}
}

// at are the attributes of a part of a drawing that lies at a place.
func at(place sheet.Place) templ.Attributes {
	return templ.Attributes{
		"x": millimetres(place.X), "y": millimetres(place.Y),
		"width": millimetres(place.Width), "height": millimetres(place.Height),
	}
}

// fontOf are the attributes of a text in a face of the cards' font. A stylesheet does not reach what is drawn
// again by use.
func fontOf(face string) templ.Attributes {
	family, weight := "DejaVu Sans, sans-serif", "400"
	if face == "mono" {
		family = "DejaVu Sans Mono, Codes Mono, monospace"
	}
	if face != "regular" {
		weight = "700"
	}
	return templ.Attributes{"font-family": family, "font-weight": weight}
}

func millimetres(length float64) string { return strconv.FormatFloat(length, 'f', 2, 64) }

// modules is the path of a QR code's modules, each a square of 1.
func modules(symbol qr.Code) string {
	var path strings.Builder
	for _, run := range symbol.Runs() {
		_, _ = fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", run.X, run.Y, run.Length, run.Length) // it takes everything
	}
	return path.String()
}

// wrongFields are the fields with something wrong, in the order of their names.
func wrongFields(f *form) []string { return slices.Sorted(maps.Keys(f.wrong)) }
