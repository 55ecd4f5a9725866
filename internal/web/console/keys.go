package console

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/tenancy"
)

func (s *server) keyRoutes() []Route {
	return []Route{
		get("/keys", core.PermissionAdminister, s.keys),
		get("/keys/new", core.PermissionAdminister, s.newKey),
		post("/keys/new", core.PermissionAdminister, s.createKey),
		get("/keys/{id}/rotate", core.PermissionAdminister, s.askToRotateKey),
		post("/keys/{id}/rotate", core.PermissionAdminister, s.rotateKey),
		get("/keys/{id}/revoke", core.PermissionAdminister, s.askToRevokeKey),
		post("/keys/{id}/revoke", core.PermissionAdminister, s.revokeKey),
	}
}

// keyRoles are the roles of keys as pages show them: those that can do least come first.
var keyRoles = []tenancy.Role{tenancy.RoleIssue, tenancy.RoleRedeem, tenancy.RoleRead, tenancy.RoleFull}

// keyDays are the lives that the page offers for a new key, in days; 0: it does not end.
var keyDays = []int{90, 365, 0}

// Limits of what the list of keys says.
const (
	keyEndsSoon   = 14 * 24 * time.Hour // before the end, a key is to be rotated
	keyIdle       = 90 * 24 * time.Hour // without a request, the page asks whether to revoke a key
	keyInUse      = 7 * 24 * time.Hour  // since the last request, a key counts as used
	creatorsShown = 50                  // of how many keys one page says who made them
)

// keysView is what the list of keys shows.
type keysView struct {
	live, ended []keyRow
	opened      bool // those that have ended are shown at once
	form        *form
}

// keyRow is one key in the list.
type keyRow struct {
	tenancy.Key
	by   string // who made it; empty: the log does not reach back so far
	here bool   // somebody has searched for it
}

// keys answers GET /keys.
func (s *server) keys(ctx context.Context, p *page) error {
	all, err := s.deps.Tenancy.By(&p.Actor).Keys(ctx, p.workspace.Slug)
	if err != nil {
		return err
	}
	v := &keysView{form: p.newKeyForm()}
	found := p.query("key")
	for _, key := range slices.Backward(all) {
		row := keyRow{Key: key, here: key.ID.String() == found}
		if key.ActiveAt(p.Now()) {
			v.live = append(v.live, row)
		} else {
			v.ended = append(v.ended, row)
			v.opened = v.opened || row.here
		}
	}
	if err := s.nameCreators(ctx, p, all, v.live[:min(len(v.live), creatorsShown)]); err != nil {
		return err
	}
	return p.show(ctx, keysPage(p, v))
}

// nameCreators finds out from the log who made keys, or rotated those that they replace: in one look at
// it, since rows do not say.
func (s *server) nameCreators(ctx context.Context, p *page, all []tenancy.Key, rows []keyRow) error {
	if len(rows) == 0 {
		return nil
	}
	var keys []string
	replaced := map[string]core.ID{} // by the keys that were rotated
	for i := range rows {
		keys = append(keys, rows[i].ID.String())
	}
	for i := range all {
		if !all[i].ReplacedBy.IsZero() && slices.Contains(keys, all[i].ReplacedBy.String()) {
			replaced[all[i].ID.String()] = all[i].ReplacedBy
		}
	}
	about := slices.Concat(keys, slices.Sorted(maps.Keys(replaced)))
	told, err := s.deps.Events.List(ctx, event.Query{
		Workspace: p.workspace.ID, Types: []event.Type{event.KeyCreated, event.KeyRotated}, Limit: event.MaxLimit,
		Subject: &event.SubjectName{Kind: event.SubjectKey, Key: about[0], Or: about[1:]},
	}, 0)
	if err != nil {
		return err
	}
	creators := map[string]string{}
	for _, e := range told.Events {
		made := e.Subject.ID
		if e.Type == event.KeyRotated {
			made = replaced[e.Subject.ID].String()
		}
		creators[made] = p.nameOf(e.Actor)
	}
	for i := range rows {
		rows[i].by = creators[rows[i].ID.String()]
	}
	return nil
}

// newKeyForm is the form for a key: it may do little, and it ends.
func (p *page) newKeyForm() *form {
	f := p.newForm()
	f.set("role", string(tenancy.RoleRedeem))
	f.set("days", strconv.Itoa(keyDays[0]))
	return f
}

// newKey answers GET /keys/new.
func (s *server) newKey(ctx context.Context, p *page) error {
	return p.show(ctx, newKeyPage(p, p.newKeyForm()))
}

// createKey answers POST /keys/new: the key's secret is in this answer alone.
func (s *server) createKey(ctx context.Context, p *page) error {
	f, err := p.readForm()
	if err != nil {
		return err
	}
	asked := f.newKey()
	administration := s.deps.Tenancy.By(&p.Actor)
	if err := s.refuseSameName(ctx, p, f, administration); err != nil {
		return err
	}
	var key tenancy.Key
	var secret string
	if f.isGood() {
		if key, secret, err = administration.CreateKey(ctx, p.workspace.Slug, asked); err != nil && !f.take(err) {
			return err
		}
	}
	if !f.isGood() {
		return p.showWith(ctx, http.StatusUnprocessableEntity, newKeyPage(p, f))
	}
	return p.showKey(ctx, key, secret)
}

// newKey reads what key is asked for.
func (f *form) newKey() tenancy.NewKey {
	asked := tenancy.NewKey{Name: f.get("name"), Role: tenancy.Role(f.get("role"))}
	days, err := strconv.Atoi(f.get("days"))
	switch {
	case err != nil || !slices.Contains(keyDays, days):
		f.complain("days", "keys.no_end")
	case days > 0:
		ends := f.page.Now().AddDate(0, 0, days)
		asked.ExpiresAt = &ends
	}
	return asked
}

// refuseSameName complains if a key that works has the name: nobody could tell the two apart. So a form
// that is sent twice makes one key.
func (s *server) refuseSameName(ctx context.Context, p *page, f *form, administration *tenancy.Service) error {
	all, err := administration.Keys(ctx, p.workspace.Slug)
	for i := range all {
		if all[i].ActiveAt(p.Now()) && strings.EqualFold(all[i].Name, f.get("name")) {
			f.complain("name", "keys.name_taken", "name", all[i].Name)
		}
	}
	return err
}

// keyView is what a page about one key shows.
type keyView struct {
	key    tenancy.Key
	form   *form
	secret string // only of a key that was just made
	url    string
}

// showKey shows a key that was just made.
func (p *page) showKey(ctx context.Context, key tenancy.Key, secret string) error {
	p.secret = true
	return p.show(ctx, keyCreatedPage(p, &keyView{key: key, secret: secret, url: p.apiURL()}))
}

// curl is a line that tries the key out, without changing anything where the role allows that.
func (v *keyView) curl() string {
	address, body := "/tenant-codes/validate", `{"code":"CODE","userId":"USER-ID"}`
	if !v.key.Role.Allows(core.PermissionValidate) {
		address, body = "/tenant-codes/generate", `{"type":"Normal"}`
	}
	return curlOf(v.url+address, v.secret, body)
}

// curlOf is a line that posts JSON to an address of the API.
func curlOf(address, secret, body string) string {
	return "curl -X POST " + address + " \\\n" +
		"  -H 'Content-Type: application/json' \\\n" +
		"  -H 'X-Api-Key: " + secret + "' \\\n" +
		"  -d '" + body + "'"
}

// keyOf finds the key that the path names.
func (s *server) keyOf(ctx context.Context, p *page) (tenancy.Key, error) {
	id, err := p.PathID("id", core.ReasonKeyNotFound, p.Say("keys.unknown"))
	if err != nil {
		return tenancy.Key{}, err
	}
	return s.deps.Tenancy.By(&p.Actor).FindKey(ctx, id.String())
}

// overlaps are for how long an old key may go on beside the one that replaces it, in hours.
var overlaps = []int{24, 7 * 24, 0}

// askToRotateKey answers GET /keys/{id}/rotate.
func (s *server) askToRotateKey(ctx context.Context, p *page) error {
	key, err := s.keyOf(ctx, p)
	if err != nil {
		return err
	}
	v := &keyView{key: key, form: p.newForm()}
	v.form.set("overlap", strconv.Itoa(overlaps[0]))
	return p.show(ctx, rotateKeyPage(p, v))
}

// rotateKey answers POST /keys/{id}/rotate.
func (s *server) rotateKey(ctx context.Context, p *page) error {
	f, err := p.readForm()
	if err != nil {
		return err
	}
	key, err := s.keyOf(ctx, p)
	if err != nil {
		return err
	}
	hours, err := strconv.Atoi(f.get("overlap"))
	if err != nil || !slices.Contains(overlaps, hours) {
		return core.InvalidParameter("overlap must be one of the choices of the page")
	}
	made, secret, err := s.deps.Tenancy.By(&p.Actor).RotateKey(ctx, key.ID, time.Duration(hours)*time.Hour)
	if err != nil {
		if !f.take(err) {
			return err
		}
		return p.showWith(ctx, http.StatusUnprocessableEntity, rotateKeyPage(p, &keyView{key: key, form: f}))
	}
	return p.showKey(ctx, made, secret)
}

// askToRevokeKey answers GET /keys/{id}/revoke.
func (s *server) askToRevokeKey(ctx context.Context, p *page) error {
	key, err := s.keyOf(ctx, p)
	if err != nil {
		return err
	}
	return p.show(ctx, revokeKeyPage(p, &keyView{key: key}))
}

// revokeKey answers POST /keys/{id}/revoke.
func (s *server) revokeKey(ctx context.Context, p *page) error {
	key, err := s.keyOf(ctx, p)
	if err != nil {
		return err
	}
	if _, err := s.deps.Tenancy.By(&p.Actor).RevokeKey(ctx, key.ID); err != nil {
		return err
	}
	p.sayNext("keys.revoked", "", "name", key.Name)
	return p.see(p.link("keys"))
}

// isIdle reports whether a key that works is not used.
func (p *page) isIdle(key *tenancy.Key) bool {
	last := key.CreatedAt
	if key.LastUsedAt != nil {
		last = *key.LastUsedAt
	}
	return p.Now().Sub(last) > keyIdle
}

// isInUse reports whether something that uses the key would stop working without it.
func (p *page) isInUse(key *tenancy.Key) bool {
	return key.LastUsedAt != nil && p.Now().Sub(*key.LastUsedAt) < keyInUse
}

// endsSoon reports whether an end is near.
func (p *page) endsSoon(at time.Time) bool { return at.Sub(p.Now()) < keyEndsSoon }

// overlapEnd says when an old key stops.
func (v *keyView) overlapEnd(p *page, hours int) string {
	ends := p.Now().Add(time.Duration(hours) * time.Hour)
	switch {
	case hours == 0:
		return p.Say("keys.at_once_why")
	case v.key.ExpiresAt != nil && v.key.ExpiresAt.Before(ends):
		return p.Say("keys.ends_itself", "end", p.Full(*v.key.ExpiresAt))
	default:
		return p.Full(ends)
	}
}

// overlapName names a choice of overlap.
func overlapName(p *page, hours int) string {
	if hours == 0 {
		return p.Say("keys.at_once")
	}
	return p.In(time.Duration(hours) * time.Hour)
}

// lifeName names a choice of a key's life.
func lifeName(p *page, days int) string {
	if days == 0 {
		return p.Say("keys.never")
	}
	return p.Say("keys.in_days", "count", days)
}

// nameOf names who did something.
func (p *page) nameOf(a event.Actor) string {
	switch a.Kind {
	case core.ActorSystem:
		return p.Say("actor.system")
	case core.ActorCLI:
		return p.Say("actor.cli", "name", a.Name)
	default:
		if a.Name == "" {
			return fmt.Sprint(a.ID)
		}
		return a.Name
	}
}
