package bulk

import (
	"context"
	"encoding/binary"
	"hash/maphash"

	"accesscodes/internal/bulk/upload"
	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

// maxTried is how many new codes a dry run remembers, so that it knows them in later lines.
const maxTried = 250_000

// triedCodes are the new codes that a dry run has come upon, by digests of their forms.
type triedCodes struct {
	seed  maphash.Seed
	codes map[uint64]triedCode
}

// triedCode is what a new code is to be.
type triedCode struct {
	codes.Type
	digest uint64 // of all
}

func (t *triedCodes) formOf(line *importLine) uint64 { return maphash.String(t.seed, line.form) }

// digest returns the digest of the code that a line makes; 0: it can make none.
func digest(line *importLine) (uint64, error) {
	codeType, options, wrong := line.record.NewCode()
	if wrong != nil {
		return 0, nil
	}
	revoked := ""
	if at := line.record.RevokedAt.Value; at != nil {
		revoked = at.String()
	}
	as := codes.IssueRequest{Type: codeType, Options: options, IdempotencyKey: "-"}
	mark, err := as.RetryOf(core.ID{}, "import", revoked)
	return binary.BigEndian.Uint64(mark.Fingerprint[:]), err
}

// try says what would become of the lines of a set.
func (r *importRun) try(ctx context.Context, set *ImportSet) error {
	if r.tried.codes == nil {
		r.tried = triedCodes{maphash.MakeSeed(), map[uint64]triedCode{}}
	}
	stored, err := r.Store.CodeOwners(ctx, set.Forms())
	if err != nil {
		return err
	}
	owners := map[string]core.ID{}
	for _, line := range set.lines {
		if line.record == nil {
			continue
		}
		if owner, ok := stored[line.form]; ok {
			owners[line.form] = owner
		} else if _, tried := r.tried.codes[r.tried.formOf(line)]; tried {
			owners[line.form] = r.i.WorkspaceID
		}
	}
	fresh, commands := set.Settle(owners)
	added := map[string]bool{}
	for _, code := range fresh {
		added[code.Canonical] = true
	}
	for _, line := range set.lines {
		if added[line.form] && line.outcome == nil && len(r.tried.codes) < maxTried {
			if err := r.tried.add(line); err != nil {
				return err
			}
		}
	}
	return r.tryCommands(ctx, set, stored, commands)
}

// add remembers the code that a line makes, unless an earlier line does.
func (t *triedCodes) add(line *importLine) error {
	form := t.formOf(line)
	if _, tried := t.codes[form]; !tried {
		is, err := digest(line)
		t.codes[form] = triedCode{line.record.Type, is}
		return err
	}
	return nil
}

// tryCommands carries out commands about codes that are stored without storing anything, and judges those
// about codes of earlier lines by what these say.
func (r *importRun) tryCommands(
	ctx context.Context, set *ImportSet, stored map[string]core.ID, commands []*codes.Command,
) error {
	var asked []*importLine
	var real []*codes.Command
	for n, line := range set.asked {
		if _, ok := stored[line.form]; ok {
			asked, real = append(asked, line), append(real, commands[n])
		} else if err := r.tried.judge(line, r.i.OnExisting); err != nil {
			return err
		}
	}
	set.asked = asked
	if len(real) == 0 {
		return nil
	}
	results, err := r.DryRun(ctx, real)
	if err != nil {
		return err
	}
	for n := range results {
		if core.HasReason(results[n].Err, core.ReasonCodeNotFound) { // deleted just now: it would be made
			results[n] = codes.Result{}
		}
	}
	set.take(results)
	return nil
}

// judge says what would become of a line whose code an earlier line makes.
func (t *triedCodes) judge(line *importLine, on OnExisting) error {
	is, err := digest(line)
	if err != nil {
		return err
	}
	form := t.formOf(line)
	code := t.codes[form]
	switch {
	case is != 0 && is == code.digest:
		line.skipped = true
	case on == FailOnExisting:
		line.outcome = upload.RowErrorAt(core.ReasonCodeAlreadyExists, "code", earlierLine.Said())
	case line.record.Type != "" && line.record.Type != code.Type:
		line.outcome = upload.RowErrorOf(codes.TypeStays(code.Type))
	default:
		code.digest = is
		t.codes[form] = code
	}
	return nil
}
