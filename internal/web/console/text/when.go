package text

import (
	"context"
	"fmt"
	"html"
	"io"
	"strconv"
	"time"

	"github.com/a-h/templ"
)

// Moment shows an instant as briefly as it is clear in the viewer's zone, with all of it in UTC behind
// it: today "14:03", this year "25 Nov", else "31 December 2031".
func (t *Texts) Moment(at time.Time) templ.Component { return t.instant(at, t.Brief(at)) }

// FullMoment is Moment with the words of [Texts.Full].
func (t *Texts) FullMoment(at time.Time) templ.Component { return t.instant(at, t.Full(at)) }

func (t *Texts) instant(at time.Time, words string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := fmt.Fprintf(w, `<time datetime="%s" title="%s">%s</time>`,
			at.UTC().Format(time.RFC3339Nano), html.EscapeString(t.exactly(at)), html.EscapeString(words))
		return err
	})
}

// Brief is the words of [Texts.Moment].
func (t *Texts) Brief(at time.Time) string {
	at, now := at.In(t.zone), t.now.In(t.zone)
	switch {
	case isSameDay(at, now):
		return t.Clock(at)
	case at.Year() == now.Year():
		return t.Say("date.short", "day", strconv.Itoa(at.Day()), "month", t.month("month.short.", at))
	default:
		return t.date(at)
	}
}

func isSameDay(a, b time.Time) bool { return a.Year() == b.Year() && a.YearDay() == b.YearDay() }

// Clock is the time of day in the viewer's zone: "14:03".
func (t *Texts) Clock(at time.Time) string { return at.In(t.zone).Format("15:04") }

// Full is a date with the time of day in the viewer's zone: "25 November 2026, 14:03".
func (t *Texts) Full(at time.Time) string {
	return t.Say("date.full", "date", t.date(at.In(t.zone)), "time", t.Clock(at))
}

// InUTC is an instant for everyone: "31 December 2031, 23:59 UTC".
func (t *Texts) InUTC(at time.Time) string {
	return t.Say("date.full", "date", t.date(at.UTC()), "time", at.UTC().Format("15:04 UTC"))
}

// exactly is InUTC with seconds.
func (t *Texts) exactly(at time.Time) string {
	return t.Say("date.full", "date", t.date(at.UTC()), "time", at.UTC().Format("15:04:05 UTC"))
}

// Day is a day of this year, as charts name it: "28 Oct". It is the day that at has in its own zone.
func (t *Texts) Day(at time.Time) string {
	return t.Say("date.short", "day", strconv.Itoa(at.Day()), "month", t.month("month.short.", at))
}

// Date is a day with its year in the viewer's zone: "25 November 2026".
func (t *Texts) Date(at time.Time) string { return t.date(at.In(t.zone)) }

func (t *Texts) date(at time.Time) string {
	return t.Say("date.long",
		"day", strconv.Itoa(at.Day()), "month", t.month("month.", at), "year", strconv.Itoa(at.Year()))
}

func (t *Texts) month(name string, at time.Time) string {
	return t.Say(name + strconv.Itoa(int(at.Month())))
}

// Until says how far off an instant is: "in 5 days", "tomorrow", "in 3 hours", "3 days ago".
func (t *Texts) Until(at time.Time) string {
	d := at.Sub(t.now)
	if d < 0 {
		return t.Say("ago", "duration", t.lasting("away.", -d))
	}
	if d >= 12*time.Hour && isSameDay(at.In(t.zone), t.now.In(t.zone).AddDate(0, 0, 1)) {
		return t.Say("tomorrow")
	}
	return t.In(d)
}

// In says how far off something is: "in 5 days".
func (t *Texts) In(d time.Duration) string { return t.Say("in", "duration", t.lasting("away.", d)) }

// Duration says about how long something takes, in its largest unit: "7 seconds", "3 minutes", "5 days".
func (t *Texts) Duration(d time.Duration) string { return t.lasting("duration.", d) }

// lasting names a duration. Behind "in" and "ago" some languages use another case.
func (t *Texts) lasting(kind string, d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < 90*time.Second:
		return t.Say(kind+"seconds", "count", int64(d.Round(time.Second)/time.Second))
	case d < 90*time.Minute:
		return t.Say(kind+"minutes", "count", int64(d.Round(time.Minute)/time.Minute))
	case d < 36*time.Hour:
		return t.Say(kind+"hours", "count", int64(d.Round(time.Hour)/time.Hour))
	default:
		return t.Say(kind+"days", "count", int64(d.Round(day)/day))
	}
}

// Zone is the viewer's zone, in which what they type is read.
func (t *Texts) Zone() *time.Location { return t.zone }

// Now is the instant that the texts are about.
func (t *Texts) Now() time.Time { return t.now }
