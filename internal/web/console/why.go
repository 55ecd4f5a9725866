package console

import (
	"context"
	"crypto/rand"
	"net/http"
	"strconv"
	"time"

	"github.com/a-h/templ"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/web/kit"
	"accesscodes/internal/why"
)

func (s *server) whyRoutes() []Route {
	return []Route{
		get("/why", core.PermissionRead, s.why),
		post("/why/replace", core.PermissionRemedy, s.replace),
		post("/why/extend", core.PermissionRemedy, s.extend),
		post("/why/raise", core.PermissionRemedy, s.raise),
		post("/why/restore", core.PermissionRemedy, s.restore),
		post("/why/undo", core.PermissionRemedy, s.undoOne),
	}
}

// whyView is what "Why doesn't it work?" shows.
type whyView struct {
	form  *form
	found *why.Explanation // nil: nothing was asked yet
	retry string           // keeps a remedy from being applied twice
	at    *time.Time       // the moment that was asked about; nil: now

	owners []string // whom those can ask who may not help themselves
}

// why answers GET /console/w/{workspace}/why.
func (s *server) why(ctx context.Context, p *page) error {
	return s.showWhy(ctx, p, http.StatusOK, p.question())
}

func (s *server) showWhy(ctx context.Context, p *page, status int, f *form) error {
	v := &whyView{form: f, retry: rand.Text(), at: f.instant("at")}
	if typed := f.raw("typed"); typed != "" {
		found, err := s.deps.Why.Explain(ctx, &p.Actor, why.Question{Typed: typed, UserID: f.get("user"), At: v.at})
		if err != nil && !f.take(err) {
			return err
		}
		if err == nil {
			v.found = found
		}
	}
	if v.found != nil && !p.may(core.PermissionRemedy) {
		owners, err := s.deps.Members.Owners(ctx, p.workspace.ID)
		if err != nil {
			return err
		}
		v.owners = owners
	}
	return p.showWith(ctx, status, whyPage(p, v))
}

// remedied goes back to the question with what has become of the code.
func (p *page) remedied(f *form, value, said string, args ...string) error {
	back := with(p.path("why"), "typed", value, "user", f.get("user"))
	p.sayNext(said, p.undoOf(value, string(back)), append([]string{"code", value}, args...)...)
	return p.see(back)
}

// remedy reads the form of a remedy, applies it, and shows the page again if that is refused.
func (s *server) remedy(ctx context.Context, p *page, apply func(f *form, value string) error) error {
	f, err := p.readForm()
	if err != nil {
		return err
	}
	err = apply(f, f.raw("code"))
	if err == nil || !f.take(err) {
		return err
	}
	return s.showWhy(ctx, p, http.StatusUnprocessableEntity, f)
}

// replace answers POST /console/w/{workspace}/why/replace.
func (s *server) replace(ctx context.Context, p *page) error {
	return s.remedy(ctx, p, func(f *form, value string) error {
		if f.get("shared") != "" && f.get("user") == "" && !p.may(core.PermissionManage) {
			f.complain("user", "why.whose_replacement")
			return core.Invalid(core.ReasonMissingField, core.FieldError{Pointer: "/user"})
		}
		made, err := s.deps.Why.Replace(ctx, &p.Actor, value, f.get("user"), f.get("retry"))
		if err != nil {
			return err
		}
		said, undo := "why.done.replace", ""
		if made.Replayed {
			said = "why.done.replaced_before"
		} else {
			back := string(with(p.path("why"), "typed", value, "user", f.get("user")))
			undo = p.undoAt(back, "made", made.Code.Value)
		}
		p.sayNext(said, undo, "code", made.Code.Value)
		return p.see(with(p.path("why"), "typed", made.Code.Value, "user", f.get("user"), "instead", value))
	})
}

// extend answers POST /console/w/{workspace}/why/extend.
func (s *server) extend(ctx context.Context, p *page) error {
	return s.remedy(ctx, p, func(f *form, value string) error {
		until := f.instant("until")
		if until == nil {
			f.complain("until", "form.no_time")
			return core.WrongParameter(dateMissing.Said())
		}
		code, err := s.deps.Why.Extend(ctx, &p.Actor, value, *until)
		if err != nil {
			return err
		}
		if code.ExpiresAt == nil {
			return p.remedied(f, code.Value, "why.done.endless")
		}
		return p.remedied(f, code.Value, "why.done.extend", "end", p.Full(*code.ExpiresAt))
	})
}

// raise answers POST /console/w/{workspace}/why/raise.
func (s *server) raise(ctx context.Context, p *page) error {
	return s.remedy(ctx, p, func(f *form, value string) error {
		to, err := strconv.ParseInt(f.get("limit"), 10, 64)
		if err != nil {
			f.complain("limit", "form.no_number")
			return core.WrongParameter(numberMissing.Said())
		}
		code, err := s.deps.Why.RaiseLimit(ctx, &p.Actor, value, to)
		if err != nil {
			return err
		}
		return p.remedied(f, code.Value, "why.done.raise", "limit", p.Number(to))
	})
}

// restore answers POST /console/w/{workspace}/why/restore.
func (s *server) restore(ctx context.Context, p *page) error {
	return s.remedy(ctx, p, func(f *form, value string) error {
		code, err := s.deps.Why.Restore(ctx, &p.Actor, value)
		if err != nil {
			return err
		}
		return p.remedied(f, code.Value, "why.done.restore")
	})
}

// answerName is the name of what became of the code, as texts about it end.
func (v *whyView) answerName() string {
	e := v.found
	switch {
	case e.Answer.Valid && v.form.get("instead") != "":
		return "made"
	case e.Nearest:
		return "near"
	case e.Past != nil && e.Code != nil && e.At.Before(e.Past.CreatedAt):
		return "not_made_yet"
	case e.Deleted != nil:
		return "deleted"
	default:
		return nameOfAnswer(&e.Answer)
	}
}

// nameOfAnswer is the name of an answer about a code that is there.
func nameOfAnswer(a *why.Answer) string {
	switch {
	case a.Replay:
		return "replay"
	case a.Valid:
		return "valid"
	default:
		return string(a.Reason)
	}
}

// verdictClass is the shape of the verdict.
func (v *whyView) verdictClass() string {
	switch a := v.found.Answer; {
	case a.Valid:
		return "active"
	case a.Status == codes.StatusActive || a.Status == "":
		return "revoked" // the user or the value is what stands against it
	default:
		return statusClass(a.Status)
	}
}

// facts are what stands at the places of texts about an answer: instants as words.
func (v *whyView) facts(p *page, a *why.Answer) []any {
	return v.factsWith(p, a, func(at time.Time) any { return p.Full(at) })
}

// richFacts are facts with instants that have UTC behind them.
func (v *whyView) richFacts(p *page, a *why.Answer) []any {
	return v.factsWith(p, a, func(at time.Time) any { return p.FullMoment(at) })
}

func (v *whyView) factsWith(p *page, a *why.Answer, when func(time.Time) any) []any {
	e := v.found
	args := []any{"user", v.form.get("user"), "typed", e.Typed, "count", a.Uses.Taken, "at", when(e.At), "help", v.help(p)}
	if e.Code != nil {
		args = append(args, "code", e.Code.Value, "type", p.Say("type."+string(e.Code.Type)),
			"spelt", p.spell(e.Code.Value), "created", when(e.Code.CreatedAt), "instead", v.form.get("instead"))
	}
	for name, at := range map[string]*time.Time{"start": a.StartsAt, "end": a.ExpiresAt, "revoked": a.RevokedAt} {
		if at != nil {
			args = append(args, name, when(*at), name+"_ago", p.Until(*at))
		}
	}
	if a.Redemption != nil {
		args = append(args, "used", when(a.Redemption.CreatedAt))
	}
	if e.Deleted != nil {
		args = append(args, "deleted", when(e.Deleted.At), "who", e.Deleted.ByName)
	}
	if len(e.Differences) > 0 {
		d := e.Differences[0]
		args = append(args, "differences", p.Number(int64(len(e.Differences))), "place", v.place(p, d),
			"have", d.Have, "got", d.Typed, "word", p.spell(d.Have))
	}
	return args
}

// name is the name of a text of a kind about the moment that was asked for: the one about an earlier or a
// later one, or about the user, if there is such a text.
func (v *whyView) name(p *page, kind string) string {
	name := "why." + kind + "." + v.answerName() + v.differenceName()
	if v.at != nil {
		if then := name + "." + v.tense(p); p.Has(then) {
			return then
		}
	} else if v.form.get("user") != "" && p.Has(name+".user") {
		return name + ".user"
	}
	return name
}

// differenceName is what names of texts about the nearest code end in.
func (v *whyView) differenceName() string {
	switch all := v.found.Differences; {
	case len(all) == 0 || v.answerName() != "near":
		return ""
	case len(all) > 1:
		return ".several"
	default:
		return "." + string(all[0].Kind)
	}
}

// tense says where the moment that was asked for lies.
func (v *whyView) tense(p *page) string {
	if v.at.After(p.Now()) {
		return "future"
	}
	return "past"
}

// keyIf are the attributes of a button that a key presses.
func keyIf(has bool, key string) templ.Attributes {
	if !has {
		return nil
	}
	return templ.Attributes{"data-key": key}
}

// status is the HTTP status with which redeeming answers.
func (v *whyView) status() int {
	if v.found.Answer.Valid {
		return http.StatusOK
	}
	return kit.StatusOf(v.found.Answer.Reason)
}

// today is the answer about the code that is shown as it is now.
func (v *whyView) today() *why.Answer {
	switch e := v.found; {
	case e.Now != nil:
		return e.Now
	case e.Would != nil:
		return e.Would
	default:
		return &e.Answer
	}
}

// comparesCode reports whether any column shows what the code has: without a nearest code there is none.
func (v *whyView) comparesCode() bool { return v.found.Code != nil && v.found.Nearest }

// columnClass is the class of a column of the comparison.
func columnClass(c why.Column) string {
	switch {
	case c.Dropped:
		return "drop-out"
	case c.Differs || c.Missing || c.Extra:
		return "off"
	default:
		return ""
	}
}

// shownTyped is a character as it was typed, with a sign for what cannot be seen.
func shownTyped(typed string) string {
	switch typed {
	case " ":
		return "␣"
	case "\t":
		return "⇥"
	default:
		return typed
	}
}

// copySentence is the id of the sentence to say.
const copySentence = "#sentence"

// action is where the form of a remedy is sent.
func (v *whyView) action(p *page, kind why.RemedyKind) templ.SafeURL {
	return p.link("why", string(kind))
}
