package console

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/web/export"
)

func (s *server) activityRoutes() []Route {
	return []Route{get("/activity", core.PermissionRead, s.activity)}
}

// eventsShown is how many events a page shows.
const eventsShown = 50

// activityView is what the page of events shows.
type activityView struct {
	form         *form
	chips        []activityChip
	add          []activityChoice
	days         []activityDay
	older, newer templ.SafeURL // empty: there are none
	keeps        time.Duration // 0: forever
}

// activityChip is a filter that is on.
type activityChip struct {
	label, value string
	without      templ.SafeURL
}

// activityChoice is a filter that can be added: a heading and its choices.
type activityChoice struct {
	heading string
	choices []activityLink
}

type activityLink struct {
	name    string
	address templ.SafeURL
}

// activityDay is a day with its events, the newest first.
type activityDay struct {
	name   string
	events []eventLine
}

// activityFilters are the filters of the page, in the order in which it shows them.
var activityFilters = []string{"by", "what", "code", "user", "about", "request", "from", "to"}

// activity answers GET /activity.
func (s *server) activity(ctx context.Context, p *page) error {
	f := p.question()
	if typed := f.get("q"); typed != "" {
		address, err := s.findActivity(ctx, p, typed)
		if err != nil {
			return err
		}
		return p.see(address)
	}
	v := &activityView{form: f, keeps: s.deps.Events.Keeps()}
	q, err := p.eventQuery(f)
	if err != nil {
		return err
	}
	found, err := s.eventPage(ctx, &q, f, v)
	if err != nil {
		return err
	}
	if err := s.describeFilters(ctx, p, v, found); err != nil {
		return err
	}
	around, err := s.aroundEvents(ctx, p, found)
	if err != nil {
		return err
	}
	v.days = p.byDay(found, around)
	return p.show(ctx, activityPage(p, v))
}

// findActivity finds out what somebody wants to see the events of: a code, a user, a request.
func (s *server) findActivity(ctx context.Context, p *page, typed string) (templ.SafeURL, error) {
	name := "request"
	if _, err := s.deps.Codes.GetCode(ctx, &p.Actor, typed); err == nil {
		name = "code"
	} else if !core.IsKind(err, core.KindNotFound) && !core.IsKind(err, core.KindInvalid) {
		return "", err
	} else if _, err := s.deps.Codes.GetUser(ctx, &p.Actor, typed); err == nil {
		name = "user"
	} else if !core.IsKind(err, core.KindNotFound) {
		return "", err
	}
	return with(p.path("activity"), name, typed), nil
}

// eventQuery reads the filters. One that names nothing finds nothing.
func (p *page) eventQuery(f *form) (event.Query, error) {
	q := event.Query{Workspace: p.workspace.ID, Limit: eventsShown, RequestID: f.get("request")}
	if code := f.get("code"); code != "" {
		q.Subject = &event.SubjectName{Kind: event.SubjectCode, Key: core.Canonical(code)}
	} else if user := f.raw("user"); user != "" {
		q.Subject = &event.SubjectName{Kind: event.SubjectUser, Key: user}
	} else if kind, key, isNamed := strings.Cut(f.get("about"), ":"); isNamed {
		q.Subject = &event.SubjectName{Kind: event.SubjectKind(kind), Key: key}
	}
	if what := f.get("what"); what != "" {
		q.Types = slices.DeleteFunc(event.Types(), func(t event.Type) bool {
			return string(t) != what && !strings.HasPrefix(string(t), what+".")
		})
	}
	if by := f.get("by"); by != "" {
		kind, text, isOne := strings.Cut(by, ":")
		id, err := core.ParseID(text)
		if isOne && err != nil {
			q.Types = []event.Type{}
		}
		q.Actor = &event.ActorName{Kind: core.ActorKind(kind), ID: id}
	}
	from, err := p.day(f.get("from"), 0)
	if err != nil {
		return q, err
	}
	to, err := p.day(f.get("to"), 1)
	if err != nil {
		return q, err
	}
	q.From, q.To = core.OrZero(from), core.OrZero(to)
	return q, nil
}

// eventPage reads a page of events, the newest first, and where to go on from it.
func (s *server) eventPage(ctx context.Context, q *event.Query, f *form, v *activityView) ([]event.Event, error) {
	if q.Types != nil && len(q.Types) == 0 {
		return nil, nil
	}
	before, _ := strconv.ParseInt(f.get("before"), 10, 64) // what is no position is the newest
	after, _ := strconv.ParseInt(f.get("after"), 10, 64)
	if after > 0 {
		q.After = after
		page, err := s.deps.Events.List(ctx, *q, 0)
		if err == nil && len(page.Events) > 0 {
			slices.Reverse(page.Events)
			if page.Next < page.Head {
				v.newer = f.filtered("after", strconv.FormatInt(page.Next, 10))
			}
			v.older = f.filtered("before", strconv.FormatInt(page.Events[len(page.Events)-1].Position, 10))
			return page.Events, nil
		}
		if err != nil && !core.IsKind(err, core.KindGone) && !core.IsKind(err, core.KindInvalid) {
			return nil, err
		}
		q.After = 0 // nothing is there any more, or not yet: the newest are shown
	}
	q.Before = max(before, 0)
	if err := s.deps.Events.Near(ctx, q); err != nil {
		return nil, err
	}
	page, err := s.deps.Events.Newest(ctx, *q)
	if err != nil {
		return nil, err
	}
	if page.Next > max(page.Oldest, q.After+1) {
		v.older = f.filtered("before", strconv.FormatInt(page.Next, 10))
	}
	if before > 0 && len(page.Events) > 0 {
		newest := page.Events[0].Position
		q.After, q.Before, q.Limit = newest, 0, 1
		behind, err := s.deps.Events.List(ctx, *q, 0)
		if err == nil && (len(behind.Events) > 0 || behind.Next < behind.Head) {
			v.newer = f.filtered("after", strconv.FormatInt(newest, 10))
		}
	}
	return page.Events, nil
}

// filtered is the page with the filters that are on, and one thing more.
func (f *form) filtered(name, value string) templ.SafeURL {
	return with(f.page.path("activity"), append(f.filters(name), name, value)...)
}

// exported is the file of the events that the filters find.
func (f *form) exported(format export.Format) templ.SafeURL {
	return with(f.page.path("exports", "events"), append(f.filters(), "format", string(format))...)
}

// filters are the filters that are on but some, as pairs of names and values.
func (f *form) filters(but ...string) (pairs []string) {
	for _, filter := range activityFilters {
		if !slices.Contains(but, filter) {
			pairs = append(pairs, filter, f.raw(filter))
		}
	}
	return pairs
}

// describeFilters says which filters are on, and which can be added.
func (s *server) describeFilters(ctx context.Context, p *page, v *activityView, found []event.Event) error {
	who, err := s.actors(ctx, p)
	if err != nil {
		return err
	}
	for _, filter := range activityFilters {
		value := v.form.raw(filter)
		if value == "" || filter == "from" || filter == "to" {
			continue
		}
		chip := activityChip{label: p.Say("activity.by_" + filter), value: value, without: v.form.filtered(filter, "")}
		switch filter {
		case "by":
			if i := slices.IndexFunc(who, func(a activityLink) bool { return string(a.address) == value }); i >= 0 {
				chip.value = who[i].name
			} else if len(found) > 0 && actsOf(found[0].Actor) == value { // somebody who has left, a revoked key
				chip.value = p.nameOf(found[0].Actor)
			}
		case "what":
			if p.Has("activity.kind." + value) {
				chip.value = p.Say("activity.kind." + value)
			}
		case "about":
			chip.value = s.aboutWords(ctx, p, value)
		}
		v.chips = append(v.chips, chip)
	}
	if from, to := v.form.get("from"), v.form.get("to"); from != "" || to != "" {
		v.chips = append(v.chips, activityChip{
			p.Say("activity.by_when"), p.between(from, to), with(p.path("activity"), v.form.filters("from", "to")...),
		})
	}
	if v.form.get("by") == "" {
		for i := range who {
			who[i].address = v.form.filtered("by", string(who[i].address))
		}
		v.add = append(v.add, activityChoice{p.Say("activity.by_by"), who})
	}
	if v.form.get("what") == "" {
		kinds := activityChoice{heading: p.Say("activity.by_what")}
		for _, g := range typeGroups() {
			name := p.Say("activity.kind." + g.kind)
			kinds.choices = append(kinds.choices, activityLink{name, v.form.filtered("what", g.kind)})
		}
		v.add = append(v.add, kinds)
	}
	return nil
}

// actors are whose acts can be asked for, with the value of the filter as the address.
func (s *server) actors(ctx context.Context, p *page) (all []activityLink, err error) {
	seated, err := s.deps.Members.In(ctx, p.workspace.ID)
	if err != nil {
		return nil, err
	}
	for i := range seated {
		all = append(all, activityLink{seated[i].Name, templ.SafeURL("member:" + seated[i].ID.String())})
	}
	if p.may(core.PermissionAdminister) {
		keys, err := s.deps.Tenancy.By(&p.Actor).Keys(ctx, p.workspace.Slug)
		if err != nil {
			return nil, err
		}
		for i := range keys {
			if keys[i].ActiveAt(p.Now()) {
				name := p.Say("activity.key", "name", keys[i].Name)
				all = append(all, activityLink{name, templ.SafeURL("key:" + keys[i].ID.String())})
			}
		}
	}
	return append(all,
		activityLink{p.Say("activity.any_key"), "key"}, activityLink{p.Say("activity.cli"), "cli"},
		activityLink{p.Say("actor.system"), "system"}), nil
}

// byDay puts events together by the viewer's days.
func (p *page) byDay(events []event.Event, around *surroundings) (days []activityDay) {
	for i := range events {
		name := p.dayOf(events[i].At)
		if len(days) == 0 || days[len(days)-1].name != name {
			days = append(days, activityDay{name: name})
		}
		last := &days[len(days)-1]
		last.events = append(last.events, newEventLine(&events[i], around))
	}
	return days
}

// dayOf names a day: today, yesterday, its date.
func (p *page) dayOf(at time.Time) string {
	at, now := at.In(p.Zone()), p.Now().In(p.Zone())
	switch at.Format(time.DateOnly) {
	case now.Format(time.DateOnly):
		return p.Say("activity.today")
	case now.AddDate(0, 0, -1).Format(time.DateOnly):
		return p.Say("activity.yesterday")
	default:
		return p.Brief(at)
	}
}
