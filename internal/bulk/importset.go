package bulk

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"accesscodes/internal/bulk/upload"
	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

// importLine is a line of a file, with what it says.
type importLine struct {
	number  int              // of the file
	raw     string           // what the file has
	record  *upload.Record   // nil: it is rejected
	form    string           // of its code
	outcome *upload.RowError // why it is rejected
	skipped bool
}

// ImportSet is the lines of one step of an import. A store asks for [ImportSet.Forms], gives their owners
// to [ImportSet.Settle].
type ImportSet struct {
	lines    []*importLine
	spec     *ImportSpec
	template codes.Code // what all new codes have in common
	place    int64      // of the next new code in the batch
	at       time.Time
	tells    bool // in what a code differs from a line; whoever may not read codes must not know

	asked []*importLine // for each command
	made  int64
}

// Forms are the canonical forms of the codes of the set, sorted, each once.
func (s *ImportSet) Forms() []string {
	forms := make([]string, 0, len(s.lines))
	for _, line := range s.lines {
		if line.record != nil {
			forms = append(forms, line.form)
		}
	}
	slices.Sort(forms)
	return slices.Compact(forms)
}

// Settle decides what to do with each line, given the owners of the codes that there are: which codes to
// insert, in the order of their canonical forms, and which commands to carry out after that. It forgets
// what an earlier call has decided.
func (s *ImportSet) Settle(owners map[string]core.ID) (fresh []*codes.NewCode, commands []*codes.Command) {
	s.asked, s.made = nil, 0
	added := map[string]*codes.NewCode{}
	for _, line := range s.lines {
		if line.record == nil {
			continue
		}
		line.outcome, line.skipped = nil, false
		owner, exists := owners[line.form]
		switch {
		case exists && owner != s.template.WorkspaceID:
			line.outcome = codeExists()
		case !exists && added[line.form] == nil:
			if code := s.newCode(line, s.place+s.made); code != nil {
				added[line.form] = code
				s.made++
			}
		default:
			if command := s.command(line); command != nil {
				commands, s.asked = append(commands, command), append(s.asked, line)
			}
		}
	}
	fresh = slices.SortedFunc(maps.Values(added), func(a, b *codes.NewCode) int {
		return cmp.Compare(a.Canonical, b.Canonical)
	})
	return fresh, commands
}

// newCode makes a new code of a line; nil: the line is rejected.
func (s *ImportSet) newCode(line *importLine, place int64) *codes.NewCode {
	codeType, options, err := line.record.NewCode()
	if err != nil {
		line.outcome = err
		return nil
	}
	code := &codes.NewCode{Code: s.template, Canonical: line.form}
	options.ApplyTo(&code.Code)
	code.Value, code.Type, code.RevokedAt = line.record.Value, codeType, line.record.RevokedAt.Value
	if !s.template.BatchID.IsZero() {
		code.BatchIndex = &place
	}
	return code
}

// command is what to do about a code that there is; nil: nothing.
func (s *ImportSet) command(line *importLine) *codes.Command {
	switch s.spec.OnExisting {
	case SkipOnExisting:
		line.skipped = true
		return nil
	case UpdateOnExisting:
		return codes.Adopt(s.template.WorkspaceID, line.form, codes.Claim{
			Type: line.record.Type, Change: line.record.ChangeTo, RevokedAt: line.record.RevokedAt,
		}, s.at)
	default:
		want := s.newCode(line, 0)
		if want == nil {
			return nil
		}
		return codes.Compare(want, s.tells)
	}
}

// take takes the results of the commands, in their order. isGone: a code was deleted meanwhile, so that
// the set must be settled once more.
func (s *ImportSet) take(results []codes.Result) (isGone bool) {
	for n := range results {
		line, result := s.asked[n], &results[n]
		switch {
		case core.HasReason(result.Err, core.ReasonCodeNotFound):
			return true
		case result.Err != nil:
			line.outcome = upload.RowErrorOf(result.Err)
		default:
			line.skipped = result.Replayed
		}
	}
	return false
}

// codeExists is why a line is rejected whose code somebody else has.
func codeExists() *upload.RowError {
	return upload.RowErrorAt(core.ReasonCodeAlreadyExists, "code", codes.CodeExists.Said())
}

// count counts what became of the lines.
func (s *ImportSet) count() (lines Lines) {
	for _, line := range s.lines {
		lines.Read++
		switch {
		case line.outcome != nil:
			lines.Rejected++
		case line.skipped:
			lines.Skipped++
		default:
			lines.Accepted++
		}
	}
	return lines
}
