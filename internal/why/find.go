package why

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"accesscodes/internal/bulk"
	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/tenancy"
)

// Target is the kind of page on which a search ends.
type Target string

// The targets. With TargetNone there is nothing but the counts.
const (
	TargetNone     Target = ""
	TargetWhy      Target = "why"      // Value: what to explain
	TargetUser     Target = "user"     // Value: the id
	TargetBatch    Target = "batch"    // ID
	TargetImport   Target = "import"   // ID
	TargetChange   Target = "change"   // ID
	TargetKey      Target = "key"      // ID, Value: the display form
	TargetActivity Target = "activity" // Value: a request id
)

// Found is what a text in the search box means.
type Found struct {
	Target Target
	ID     core.ID
	Value  string
	Read   string // how the text is read as a code, in capitals; empty: it cannot be one
	Code   *codes.Code
	Status codes.Status // of Code now
	// Secret: the text was a whole API key. It must not be shown, kept or put into an address.
	Secret bool
	// Codes and Users are how much begins with the text, Batches how many have it in their names. They are
	// counted with TargetWhy, TargetUser and TargetNone. Named are the newest of those batches.
	Codes, Users, Batches Count
	Named                 []bulk.Batch
}

// Count is a bounded count.
type Count struct {
	N    int
	More bool // there are more than N
}

// Limits of a search.
const (
	maxFindLength = 2000 // bytes of a text
	maxCounted    = 20   // of a kind
	maxBatches    = 200  // the newest, whose names are looked at
	maxNamed      = 5    // of these, those that are shown
)

// What is said of texts that are longer than anything that is found.
var (
	searchTooLong = core.NewSentence("search_too_long", "a search must have at most {max} bytes")
	typedTooLong  = core.NewSentence("typed_too_long", "what was typed must have at most {max} bytes")
)

// Find returns what a text in the search box means to an actor. It looks into the actor's workspace
// only. Keys are found by actors who may administer.
//
// Errors: KindForbidden without [core.PermissionRead]; KindInvalid with ReasonInvalidParameter for a
// text that is too long; KindUnavailable.
func (s *Service) Find(ctx context.Context, actor *core.Actor, text string) (*Found, error) {
	if err := actor.Require(core.PermissionRead); err != nil {
		return nil, err
	}
	if text = strings.TrimSpace(text); len(text) > maxFindLength {
		return nil, core.WrongParameter(searchTooLong.With("max", maxFindLength))
	}
	found := &Found{}
	if text == "" || !utf8.ValidString(text) {
		return found, nil
	}
	if tenancy.HoldsKey(text) { // before anything else could keep it
		found.Secret = true
		return found, s.findSecret(ctx, actor, text, found)
	}
	for _, find := range []func(context.Context, *core.Actor, string, *Found) error{
		s.findCode, s.findUser, s.findID, s.findKey, s.findTypo, s.findRequest,
	} {
		if err := find(ctx, actor, text, found); err != nil {
			return nil, err
		}
		if found.Target != TargetNone {
			break
		}
	}
	switch found.Target {
	case TargetNone, TargetWhy, TargetUser:
	default:
		return found, nil
	}
	if err := s.count(ctx, actor, text, found); err != nil {
		return nil, err
	}
	if found.Target == TargetNone || found.Code == nil && found.Target == TargetWhy {
		found.chooseBatch(text)
	}
	return found, s.findNearest(ctx, actor, text, found)
}

// findNearest leads to the page about a text that is nothing, but nearly a code.
func (s *Service) findNearest(ctx context.Context, actor *core.Actor, text string, found *Found) error {
	if found.Target != TargetNone || found.Read == "" || found.Codes.N+found.Users.N+found.Batches.N > 0 {
		return nil
	}
	nearest, err := s.deps.Codes.Nearest(ctx, actor, text)
	if nearest != nil {
		found.Target, found.Value = TargetWhy, text
	}
	return err
}

// chooseBatch makes a batch the target if the text is its name, or if nothing else has the text.
func (f *Found) chooseBatch(text string) {
	var is []bulk.Batch
	for _, b := range f.Named {
		if strings.EqualFold(b.Name, text) {
			is = append(is, b)
		}
	}
	if len(is) == 0 && f.Target == TargetNone && f.Codes.N+f.Users.N == 0 && !f.Batches.More {
		is = f.Named
	}
	if len(is) == 1 {
		f.Target, f.ID, f.Value = TargetBatch, is[0].ID, ""
	}
}

// findSecret finds the key of a secret.
func (s *Service) findSecret(ctx context.Context, actor *core.Actor, text string, found *Found) error {
	if !actor.May(core.PermissionAdminister) {
		return nil
	}
	key, err := s.deps.Keys.FindKey(ctx, text)
	if core.IsKind(err, core.KindNotFound) || err == nil && key.WorkspaceID != actor.WorkspaceID {
		return nil
	}
	if err == nil {
		found.Target, found.ID, found.Value = TargetKey, key.ID, key.Display
	}
	return err
}

// findCode finds a code in any spelling, or in a link.
func (s *Service) findCode(ctx context.Context, actor *core.Actor, text string, found *Found) error {
	value, err := s.read(ctx, actor, text)
	if err != nil {
		return err
	}
	if found.Read = capitals(core.Canonical(value)); utf8.RuneCountInString(found.Read) > core.MaxCodeLength {
		found.Read = ""
		return nil
	}
	code, err := s.deps.Codes.GetCode(ctx, actor, value)
	if core.IsKind(err, core.KindNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	found.Target, found.Value = TargetWhy, text
	found.Code, found.Status = &code, s.deps.Codes.StatusNow(&code)
	return nil
}

func (s *Service) findUser(ctx context.Context, actor *core.Actor, text string, found *Found) error {
	user, err := s.user(ctx, actor, text)
	if err == nil && user != nil {
		found.Target, found.Value = TargetUser, user.ID
	}
	return err
}

// findID finds a batch, an import or a change.
func (s *Service) findID(ctx context.Context, actor *core.Actor, text string, found *Found) error {
	id, err := core.ParseID(text)
	if err != nil {
		return nil
	}
	for _, look := range []struct {
		target Target
		up     func() error
	}{
		{TargetImport, func() error { _, err := s.deps.Imports.Import(ctx, actor, id); return err }},
		{TargetBatch, func() error { _, err := s.deps.Batches.One(ctx, actor, id); return err }},
		{TargetChange, func() error { _, err := s.deps.Changes.Change(ctx, actor, id); return err }},
	} {
		err := look.up()
		if err == nil {
			found.Target, found.ID = look.target, id
			return nil
		}
		if !core.IsKind(err, core.KindNotFound) {
			return err
		}
	}
	return nil
}

// findKey finds a key by its id or its display form.
func (s *Service) findKey(ctx context.Context, actor *core.Actor, text string, found *Found) error {
	id, err := core.ParseID(text)
	display := strings.ReplaceAll(text, "...", "…")
	if !actor.May(core.PermissionAdminister) || err != nil && !strings.Contains(display, "…") {
		return nil
	}
	keys, err := s.deps.Keys.Keys(ctx, actor.Workspace)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(keys, func(k tenancy.Key) bool {
		return k.WorkspaceID == actor.WorkspaceID && (k.ID == id || k.Display == display)
	})
	if at >= 0 {
		found.Target, found.ID, found.Value = TargetKey, keys[at].ID, keys[at].Display
	}
	return nil
}

// findTypo finds what looks like a code, or a link to one, and is none: the page about it says what is
// near.
func (s *Service) findTypo(_ context.Context, actor *core.Actor, text string, found *Found) error {
	if found.Read != "" && (isLink(text) || codes.LooksGenerated(actor.Format, text)) {
		found.Target, found.Value = TargetWhy, text
	}
	return nil
}

// minRequestID is the shortest text that is looked for among ids of requests: looking through the log
// is dear, and the program's own ids are longer.
const minRequestID = 12

// findRequest finds a request that the newest events of the log name.
func (s *Service) findRequest(ctx context.Context, actor *core.Actor, text string, found *Found) error {
	if len(text) < minRequestID || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil
	}
	q := event.Query{Workspace: actor.WorkspaceID, Limit: 1}
	log, err := s.deps.Log.List(ctx, q, 0)
	if err != nil {
		return err
	}
	q.RequestID, q.After = text, max(log.Oldest-1, log.Head-event.Window)
	log, err = s.deps.Log.List(ctx, q, 0)
	if core.HasReason(err, core.ReasonPositionExpired) { // they are deleted just now
		return nil
	}
	if len(log.Events) > 0 {
		found.Target, found.Value = TargetActivity, text
	}
	return err
}

// count counts what begins with a text.
func (s *Service) count(ctx context.Context, actor *core.Actor, text string, found *Found) error {
	if utf8.RuneCountInString(text) > codes.MaxUserIDLength || core.Canonical(text) == "" {
		return nil // nothing begins with it
	}
	page := core.PageRequest{Limit: maxCounted}
	list, err := s.deps.Codes.ListCodes(ctx, actor, codes.CodeFilter{Query: text}, page)
	if core.HasReason(err, core.ReasonInvalidParameter) {
		return nil // it holds characters that nothing stored has
	}
	if err != nil {
		return err
	}
	found.Codes = Count{len(list.Items), list.Next != ""}
	users, err := s.deps.Codes.ListUsers(ctx, actor, codes.UserFilter{Query: text}, page)
	if err != nil {
		return err
	}
	found.Users = Count{len(users.Items), users.Next != ""}
	batches, err := s.deps.Batches.ListUncounted(ctx, actor, core.PageRequest{Limit: maxBatches})
	if err != nil {
		return err
	}
	for i := range batches.Items {
		if !strings.Contains(strings.ToLower(batches.Items[i].Name), strings.ToLower(text)) {
			continue
		}
		if found.Batches.N++; len(found.Named) < maxNamed {
			found.Named = append(found.Named, batches.Items[i])
		}
	}
	found.Batches.More = batches.Next != ""
	return nil
}
