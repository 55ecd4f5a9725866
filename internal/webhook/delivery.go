package webhook

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
)

const statusGone = http.StatusGone

// DeliveryStatus says what became of a delivery.
type DeliveryStatus string

// The statuses.
const (
	Pending   DeliveryStatus = "pending" // it is sent again at NextAt
	Succeeded DeliveryStatus = "succeeded"
	Failed    DeliveryStatus = "failed" // for good, unless somebody asks for it again
)

// DeliveryStatuses lists every status.
func DeliveryStatuses() []DeliveryStatus { return []DeliveryStatus{Pending, Succeeded, Failed} }

// KeepDays is for how many days deliveries are kept.
const KeepDays = 30

const day = 24 * time.Hour

// maxAttempts is how many attempts a delivery shows: the newest.
const maxAttempts = 20

// Delivery is an event that was sent to an endpoint, or will be sent again.
type Delivery struct {
	WorkspaceID, EndpointID core.ID
	Position                int64 // of the event
	EventID                 core.ID
	Type                    event.Type
	Subject                 event.Subject // of a user without the id
	Status                  DeliveryStatus
	Tries                   int        // that have failed since it was asked for
	NextAt                  *time.Time // when it is sent again; nil: it does not wait
	CreatedAt               time.Time
	Attempts                []Attempt // the newest last
	Answer                  string    // the beginning of the body of the last answer
	// Fresh: it was made of the event, so the store keeps the attempts of before, if there are any.
	Fresh bool
}

// ID is the delivery's name for callers.
func (d *Delivery) ID() string {
	return d.EndpointID.String() + "-" + strconv.FormatInt(d.Position, 10)
}

// ParseDeliveryID reads what [Delivery.ID] has written.
func ParseDeliveryID(text string) (endpoint core.ID, position int64, err error) {
	i := strings.LastIndexByte(text, '-')
	if i < 0 {
		return endpoint, 0, fmt.Errorf("%q is no id of a delivery", text)
	}
	if endpoint, err = core.ParseID(text[:i]); err != nil {
		return endpoint, 0, err
	}
	position, err = strconv.ParseInt(text[i+1:], 10, 64)
	if err != nil || position < 1 {
		return endpoint, 0, fmt.Errorf("%q is no id of a delivery", text)
	}
	return endpoint, position, nil
}

// Attempt is one try to send an event.
type Attempt struct {
	At     time.Time     `json:"at"`
	Took   time.Duration `json:"took"`
	Status int           `json:"status"` // of the answer; 0: there was none
	Error  string        `json:"error"`  // why it is no success, in words; empty: it is one

	answer     string        // the beginning of the answer's body
	retryAfter time.Duration // that the answer asked for
	// interrupted: this server ended it, so it says nothing about the receiver.
	interrupted bool
}

// Succeeded reports whether the event has arrived.
func (a *Attempt) Succeeded() bool { return a.Error == "" }

// isAboutAll reports whether the receiver speaks of itself, not of the event: it has too much to do.
func (a *Attempt) isAboutAll() bool {
	return a.Status == http.StatusTooManyRequests || a.Status == http.StatusServiceUnavailable
}

// Newest returns the attempts that a delivery shows.
func Newest(attempts []Attempt) []Attempt { return attempts[max(len(attempts)-maxAttempts, 0):] }

// EncodeAttempts writes attempts as they are stored.
func EncodeAttempts(attempts []Attempt) (string, error) {
	text, err := json.Marshal(attempts)
	return string(text), err
}

// DecodeAttempts reads what EncodeAttempts has written.
func DecodeAttempts(text string) (attempts []Attempt, err error) {
	if text == "" {
		return nil, nil
	}
	return attempts, json.Unmarshal([]byte(text), &attempts)
}

// newDelivery is the delivery of an event before its first attempt.
func newDelivery(endpoint *Endpoint, e *event.Event, at time.Time) Delivery {
	return Delivery{
		WorkspaceID: endpoint.WorkspaceID, EndpointID: endpoint.ID, Position: e.Position, EventID: e.ID,
		Type: e.Type, Subject: event.Subject{Kind: e.Subject.Kind, ID: e.Subject.ID}, CreatedAt: at, Fresh: true,
	}
}

// attempted notes an attempt, and when to try again.
func (d *Delivery) attempted(a Attempt, schedule Schedule) {
	d.Attempts = Newest(append(d.Attempts, a))
	d.Answer, d.NextAt = a.answer, nil
	if a.Succeeded() {
		d.Status, d.Tries = Succeeded, 0
		return
	}
	if a.interrupted {
		d.Status, d.NextAt = Pending, &a.At
		return
	}
	d.Tries++
	d.Status = Failed
	if wait, again := schedule.after(d.Tries); again {
		d.Status = Pending
		next := a.At.Add(a.Took + max(wait, a.retryAfter)).Truncate(time.Microsecond)
		d.NextAt = &next
	}
}

// end gives a delivery up.
func (d *Delivery) end(a Attempt) {
	d.attempted(a, nil)
}

// Schedule says how long to wait after each failure in a row. After the last the delivery has failed.
type Schedule []time.Duration

// DefaultSchedule returns the schedule that is used unless the operator sets another one: some 75 hours.
func DefaultSchedule() Schedule {
	return Schedule{
		5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour,
		14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
	}
}

// quiet is longer than anything waits to be sent again: after such a time without an attempt, nothing has
// failed meanwhile.
func (s Schedule) quiet() time.Duration {
	longest := day
	for _, wait := range s {
		longest = max(longest, wait)
	}
	return 2 * longest
}

// after returns how long to wait after so many failures, a tenth more or less: so what failed together
// does not come back together.
func (s Schedule) after(failures int) (wait time.Duration, again bool) {
	if failures > len(s) {
		return 0, false
	}
	wait = s[failures-1]
	return wait - wait/10 + time.Duration(rand.Int64N(int64(wait/5)+1)), true
}
