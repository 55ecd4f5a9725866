package console

import (
	"context"
	"strings"

	"accesscodes/internal/bulk"
	"accesscodes/internal/core"
	"accesscodes/internal/job"
	"accesscodes/internal/web/export"
)

func (s *server) importRoutes() []Route {
	return []Route{
		get("/imports", core.PermissionFollow, s.listImports),
		get("/imports/new", core.PermissionIssue, s.newImport),
		post("/imports", core.PermissionIssue, s.createImport).streams(),
		get("/imports/{id}", core.PermissionFollow, s.showImport),
		post("/imports/{id}/cancel", core.PermissionIssue, s.cancelImport),
		get("/imports/{id}/rejected.csv", core.PermissionExport, s.downloadRejected).streams(),
	}
}

// listImports answers GET /console/w/{workspace}/imports.
func (s *server) listImports(ctx context.Context, p *page) error {
	list, err := s.deps.Imports.List(ctx, &p.Actor, core.PageRequest{Cursor: p.query("cursor")})
	if err != nil {
		return err
	}
	return p.show(ctx, importsPage(p, list))
}

const (
	rejectedShown = 100 // rejected lines on the page of an import
	rejectedText  = 300 // characters of each
)

// importView is what the page of an import shows.
type importView struct {
	imported *bulk.Import
	rejected []rejectedLine // the first ones
	gone     bool           // they are not kept any more
}

type rejectedLine struct {
	line      int64
	text, why string
}

func (s *server) importInPath(ctx context.Context, p *page) (bulk.Import, error) {
	missing := bulk.ImportNotFound()
	id, err := p.PathID("id", missing.Reason, missing.Detail)
	if err != nil {
		return bulk.Import{}, err
	}
	return s.deps.Imports.Import(ctx, &p.Actor, id)
}

// showImport answers GET /console/w/{workspace}/imports/{id}.
func (s *server) showImport(ctx context.Context, p *page) error {
	imported, err := s.importInPath(ctx, p)
	if err != nil {
		return err
	}
	v := &importView{imported: &imported, gone: !p.Now().Before(imported.RejectedUntil())}
	if imported.IsEnded() {
		p.reloadPoll()
		err = s.deps.Imports.FirstRejected(ctx, &p.Actor, imported.ID, rejectedShown, func(line *bulk.RejectedLine) {
			v.rejected = append(v.rejected, rejectedLine{
				line.Line, shortened(string(line.Raw)), p.whyRejected(&imported, line),
			})
		})
		if err != nil {
			return err
		}
	}
	return p.show(ctx, importPage(p, v))
}

// whyRejected says why a line is rejected, of columns by the names that the file has for them.
func (p *page) whyRejected(i *bulk.Import, line *bulk.RejectedLine) string {
	headings := map[string]string{}
	if i.Layout != nil {
		for n, as := range i.Layout.As {
			headings[as] = i.Layout.Names[n]
		}
	}
	return p.allWords(core.ReadFieldErrors(line.Said), line.Detail, headings)
}

// shortened is the beginning of a line, as text.
func shortened(line string) string {
	runes := []rune(strings.ToValidUTF8(line[:min(len(line), 4*rejectedText)], "�"))
	if len(runes) <= rejectedText && len(line) <= 4*rejectedText {
		return string(runes)
	}
	return string(runes[:min(len(runes), rejectedText)]) + "…"
}

// cancelImport answers POST /console/w/{workspace}/imports/{id}/cancel.
func (s *server) cancelImport(ctx context.Context, p *page) error {
	imported, err := s.importInPath(ctx, p)
	if err != nil {
		return err
	}
	_, err = s.deps.Imports.Cancel(ctx, &p.Actor, imported.ID)
	if err := p.sayStopped(err, core.ReasonImportFinished); err != nil {
		return err
	}
	return p.see(p.link("imports", imported.ID.String()))
}

// downloadRejected answers GET /console/w/{workspace}/imports/{id}/rejected.csv.
func (s *server) downloadRejected(ctx context.Context, p *page) error {
	imported, err := s.importInPath(ctx, p)
	if err != nil {
		return err
	}
	if err := export.CSV.CheckProtocol(p.Call); err != nil {
		return err
	}
	rejected := export.Rejected{
		Import: imported.ID, Name: p.importName(&imported), Again: p.stillMay,
		Words: func(line *bulk.RejectedLine) string { return p.whyRejected(&imported, line) },
	}
	return rejected.Send(ctx, s.deps.Imports, s.deps.Exports, p.Call)
}

// importName is what an import is called: as its batch, else by its id.
func (p *page) importName(i *bulk.Import) string {
	if i.ImportSpec.Name == "" {
		return i.ID.String()
	}
	return i.ImportSpec.Name
}

// importCount is how many lines came to what.
type importCount struct {
	count int64
	what  string
}

// hasLines reports whether there is something to say of lines: a file that could not be read has none.
func (v *importView) hasLines() bool { return v.imported.Read > 0 || v.imported.Failure == "" }

// outcome is what became of the lines of a file, or what would.
func (v *importView) outcome(p *page) []importCount {
	i := v.imported
	name := "import.came."
	if i.DryRun {
		name = "import.would."
	}
	accepted := "added"
	if i.OnExisting == bulk.UpdateOnExisting {
		accepted = "added_or_changed"
	}
	return []importCount{
		{i.Accepted, p.Say(name+accepted, "count", i.Accepted)},
		{i.Skipped, p.Say(name+"skipped", "count", i.Skipped)},
		{i.Rejected, p.Say(name+"rejected", "count", i.Rejected)},
	}
}

// readColumn is a column of a file, and what it was read as.
type readColumn struct{ name, as string }

// columns are those of the file; none for a file that names none.
func (v *importView) columns(p *page) (all []readColumn) {
	layout := v.imported.Layout
	if layout == nil || layout.Objects {
		return nil
	}
	for i, as := range layout.As {
		what := p.Say("import.read_past")
		switch {
		case as == "":
		case p.Has("import.column." + as):
			what = p.Say("import.read_as", "what", p.Say("import.column."+as), "column", as)
		default: // an entry of metadata
			what = as
		}
		all = append(all, readColumn{layout.Names[i], what})
	}
	return all
}

// notes are what was noticed about the file.
func (v *importView) notes(p *page) (all []string) {
	for i, note := range v.imported.Notes {
		said := core.Said{Detail: note}
		if i < len(v.imported.Noted) { // imports of before had no other languages
			said = v.imported.Noted[i]
			said.Detail = note
		}
		if said.Name == "noted_column" { // the page lists what all columns are read as
			continue
		}
		all = append(all, p.words(said))
	}
	return all
}

// canImportForReal reports whether a file that was only checked can be imported now.
func (v *importView) canImportForReal(p *page) bool {
	return v.imported.DryRun && v.imported.Status == job.Succeeded && v.imported.Accepted > 0 &&
		p.may(core.PermissionIssue)
}

// again are the choices of an import, for a form that does it again.
func (v *importView) again(p *page, do string) string {
	i := v.imported
	atomic := ""
	if i.Atomic {
		atomic = "yes"
	}
	return string(with(p.path("imports", "new"),
		"do", do, "format", string(i.ImportSpec.Format), "onExisting", string(i.OnExisting), "atomic", atomic,
		"batch", i.ImportSpec.Name))
}
