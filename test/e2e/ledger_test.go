package e2e

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// generatedCode is what the first workspace's generated codes look like.
var generatedCode = regexp.MustCompile(`^CODE-[A-HJ-NP-Z2-9]{4}-[A-HJ-NP-Z2-9]{4}$`)

// wanted is a code as its caller asked for it. A generated one has a value only once
// it has been answered.
type wanted struct {
	generated   bool
	value, kind string
}

// canonicalForm is right for the values that these tests add: upper-case ASCII.
func canonicalForm(value string) string { return strings.ReplaceAll(value, "-", "") }

// ledger is what callers asked for and what they were told, to be held against the
// database.
type ledger struct {
	mu           sync.Mutex
	since        time.Time
	acknowledged map[string]wanted // 200; by canonical form
	refused      map[string]wanted // 503: must not be there; only added ones can be known
	unknown      map[string]wanted // added, no answer or no outcome: may be there
	unknownMade  map[string]int    // generated, the same, by type: as many may be there
	silent       int               // requests that got no answer
	refusals     int
	doubts       int  // requests whose outcome the server did not know
	mayDoubt     bool // it may say so: its database is taken away while it works
	unexpected   []string
}

func newLedger() *ledger {
	return &ledger{
		since: time.Now(), acknowledged: map[string]wanted{}, refused: map[string]wanted{},
		unknown: map[string]wanted{}, unknownMade: map[string]int{},
	}
}

// record enters one request and its answer; err means that none came.
func (l *ledger) record(w wanted, a answer, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err != nil:
		l.silent++
		l.leaveOpen(w)
	case l.mayDoubt && a.status == http.StatusInternalServerError && a.Reason == "outcome_unknown":
		l.doubts++
		l.leaveOpen(w)
	case a.status == http.StatusOK:
		l.acknowledge(w, a)
	case a.isRefusal():
		l.refusals++
		if !w.generated {
			l.refused[canonicalForm(w.value)] = w
		}
	default:
		l.unexpected = append(l.unexpected, fmt.Sprintf("%+v was answered with %d %v: %s", w, a.status, a.header, a.body))
	}
}

// leaveOpen enters that nobody knows what became of a request.
func (l *ledger) leaveOpen(w wanted) {
	if w.generated {
		l.unknownMade[w.kind]++
		return
	}
	l.unknown[canonicalForm(w.value)] = w
}

// acknowledge enters a code that is there from now on, even if it was refused before.
func (l *ledger) acknowledge(w wanted, a answer) {
	if w.generated {
		w.value = a.Code
	}
	if a.Code != w.value || w.generated && !generatedCode.MatchString(a.Code) || !w.generated && a.Type != w.kind {
		l.unexpected = append(l.unexpected, fmt.Sprintf("%+v was answered with %s", w, a.body))
	}
	if other, ok := l.acknowledged[canonicalForm(w.value)]; ok {
		l.unexpected = append(l.unexpected, fmt.Sprintf("%s was given to two callers, as %+v and %+v", w.value, other, w))
	}
	l.acknowledged[canonicalForm(w.value)] = w
	delete(l.refused, canonicalForm(w.value))
}

// successes is how many requests were acknowledged.
func (l *ledger) successes() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.acknowledged)
}

// refusalCount is how many requests were refused with 503.
func (l *ledger) refusalCount() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.refusals
}

// await waits until a condition holds and gives up at the first answer that nobody
// expects.
func (l *ledger) await(t testing.TB, what string, holds func() bool) {
	t.Helper()
	eventually(t, workLimit, what, func() bool {
		t.Helper()
		l.mu.Lock()
		unexpected := slices.Clone(l.unexpected)
		l.mu.Unlock()
		if len(unexpected) > 0 {
			t.Fatalf("%d unexpected answers, such as:\n%s", len(unexpected), unexpected[0])
		}
		return holds()
	})
}

// unanswered is how many requests got no answer.
func (l *ledger) unanswered() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.silent
}

// doubtCount is how many requests were answered with an unknown outcome.
func (l *ledger) doubtCount() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.doubts
}

// check holds the rows of the database against what callers were told.
func (l *ledger) check(t testing.TB, rows map[string]row) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	faults := slices.Clone(l.unexpected)
	for canonical, w := range l.acknowledged {
		if _, ok := rows[canonical]; !ok {
			faults = append(faults, fmt.Sprintf("%+v was acknowledged and is not there", w))
		}
	}
	left := maps.Clone(l.unknownMade)
	for _, r := range rows {
		if fault := l.fault(r, left); fault != "" {
			faults = append(faults, fmt.Sprintf("%s: %+v", fault, r))
		}
	}
	if len(faults) > 0 {
		t.Errorf("%d faults, such as:\n%s", len(faults), strings.Join(faults[:min(10, len(faults))], "\n"))
	}
}

// fault says what is wrong with a row; left is how many generated ones of each type
// may still turn up without anybody having been told.
func (l *ledger) fault(r row, left map[string]int) string {
	w, ok := l.acknowledged[r.canonical]
	if !ok {
		w, ok = l.unknown[r.canonical]
	}
	if !ok && generatedCode.MatchString(r.value) && left[r.kind] > 0 {
		left[r.kind]--
		w, ok = wanted{generated: true, value: r.value, kind: r.kind}, true
	}
	limit := int64(0)
	if w.generated {
		limit = 1
	}
	switch _, refused := l.refused[r.canonical]; {
	case refused:
		return "it was refused and is there"
	case !ok:
		return "nobody asked for it"
	case r.value != w.value || r.canonical != canonicalForm(w.value) || r.kind != w.kind:
		return fmt.Sprintf("it is not what was asked for, %+v", w)
	case r.maxRedemptions != limit || r.redemptions != 0 || !r.owned:
		return "its fields are not those of a new code"
	case r.createdAt.Before(l.since.Truncate(time.Microsecond)) || r.createdAt.After(time.Now()):
		return "it was created at another time"
	}
	return ""
}
