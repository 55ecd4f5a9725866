package client_test

import (
	"errors"
	"io"
	"log"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"accesscodes/client"
)

// breaking is what a breaker does to one connection.
type breaking int

const (
	cutAtOnce   breaking = iota // it passes nothing
	cutAnswer                   // the request is passed and carried out, the answer is not passed
	halveAnswer                 // half of the answer is passed
	cutFile                     // the first 16 KiB of the answer are passed
)

// breaker is a TCP proxy in front of a server. It breaks its first connections and passes the others.
type breaker struct {
	url   string
	mu    sync.Mutex
	plan  []breaking
	conns []net.Conn
	ended sync.WaitGroup
}

// newBreaker listens on an address until the test ends.
func newBreaker(t *testing.T, address string, s *server, plan ...breaking) *breaker {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	b := &breaker{url: "http://" + listener.Addr().String(), plan: plan}
	behind := strings.TrimPrefix(s.url, "http://")
	b.ended.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			b.ended.Go(func() { b.serve(conn.(*net.TCPConn), behind) })
		}
	})
	t.Cleanup(func() {
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
		b.mu.Lock()
		for _, conn := range b.conns {
			_ = conn.Close() // perhaps for the second time
		}
		b.mu.Unlock()
		b.ended.Wait()
	})
	return b
}

// next is what to do to a new connection; false: nothing.
func (b *breaker) next(conns ...net.Conn) (breaking, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.conns = append(b.conns, conns...)
	if len(b.plan) == 0 {
		return 0, false
	}
	defer func() { b.plan = b.plan[1:] }()
	return b.plan[0], true
}

func (b *breaker) serve(caller *net.TCPConn, behind string) {
	defer func() { _ = caller.Close() }() // perhaps for the second time
	server, err := net.Dial("tcp", behind)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }() // as above
	how, breaks := b.next(caller, server)
	if breaks {
		_ = caller.SetLinger(0) // close resets it
	}
	if breaks && how == cutAtOnce {
		return
	}
	b.ended.Go(func() { _, _ = io.Copy(server, caller) })
	if !breaks {
		_, _ = io.Copy(caller, server)
		return
	}
	if how == cutFile {
		_, _ = io.CopyN(caller, server, 16<<10)
		_ = caller.SetLinger(-1) // what was written arrives
		return
	}
	answer := make([]byte, 4<<10)
	n, err := server.Read(answer) // an answer comes after the commit
	if err == nil && how == halveAnswer {
		_, _ = caller.Write(answer[:n/2])
		_ = caller.SetLinger(-1) // what was written arrives
	}
}

func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

// breakings are plans that the usual number of retries gets over.
var breakings = map[string][]breaking{
	"no answer": {cutAnswer}, "half an answer": {halveAnswer}, "no request": {cutAtOnce},
	"three times": {cutAnswer, halveAnswer, cutAtOnce},
}

// TestALostAnswerMakesNoSecondThing: whatever becomes of connections, each call is carried out once.
func TestALostAnswerMakesNoSecondThing(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	direct := s.client(t)
	for name, plan := range breakings {
		through := func() *client.Client {
			b := newBreaker(t, "127.0.0.1:0", s, slices.Clone(plan)...)
			return newClient(t, b.url, s.key, new(patient).option())
		}
		value := "CODE " + name
		made := must(through().AddCode(t.Context(), client.AddCodeRequest{Code: value, Type: client.TypeNormal}))(t)
		if want := plan[0] != cutAtOnce; made.Code != value || made.Replayed != want {
			t.Errorf("%s: added %+v", name, made)
		}
		before := len(collect(t, direct.Codes(t.Context(), client.CodeFilter{})))
		generated := must(through().GenerateCode(t.Context(), client.GenerateCodeRequest{Type: client.TypeNormal}))(t)
		if after := len(collect(t, direct.Codes(t.Context(), client.CodeFilter{}))); after != before+1 {
			t.Errorf("%s: %d codes were generated, the last is %+v", name, after-before, generated)
		}
		request := client.RedeemCodeRequest{Code: value, UserID: name}
		redeemed := must(through().RedeemCode(t.Context(), request))(t)
		undone := must(through().RollBackRedemption(t.Context(), redeemed.ID, ""))(t)
		held := must(through().ReserveCode(t.Context(), client.ReserveCodeRequest{Code: value, UserID: name}))(t)
		confirmed := must(through().ConfirmReservation(t.Context(), held.ID))(t)
		if undone.RolledBackAt == nil || confirmed.ReservationID != held.ID {
			t.Errorf("%s: %+v, %+v", name, undone, confirmed)
		}
		if code := must(direct.GetCode(t.Context(), value))(t); code.Redemptions != 1 || code.Reservations != 0 {
			t.Errorf("%s: %+v", name, code)
		}
		user := must(through().PutUser(t.Context(), name, client.UserPremium))(t)
		if user.Status != client.UserPremium {
			t.Errorf("%s: %+v", name, user)
		}
	}
}

// TestALostAnswerIsToldWhereACallCannotBeRepeated: it was made once, and the error says that it may
// have been done.
func TestALostAnswerIsToldWhereACallCannotBeRepeated(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	direct := s.client(t)
	must(direct.AddCode(t.Context(), client.AddCodeRequest{Code: "SPRING", Type: client.TypeNormal}))(t)
	must(direct.PutUser(t.Context(), "person", client.UserNormal))(t)
	through := func() *client.Client {
		b := newBreaker(t, "127.0.0.1:0", s, cutAnswer)
		return newClient(t, b.url, s.key, client.WithObserver(func(a client.Attempt) {
			if a.Again || a.Status != 0 || a.Err == nil {
				t.Errorf("%+v", a)
			}
		}))
	}
	_, err := through().ChangeCode(t.Context(), "SPRING", client.ChangeCodeRequest{Note: client.Set("new")})
	checkUnknown(t, err)
	if code := must(direct.GetCode(t.Context(), "SPRING"))(t); code.Note != "new" {
		t.Errorf("%+v", code)
	}
	checkUnknown(t, through().DeleteCode(t.Context(), "SPRING"))
	checkUnknown(t, through().EraseUser(t.Context(), "person"))
	for _, check := range []func() error{
		func() error { _, err := direct.GetCode(t.Context(), "SPRING"); return err },
		func() error { _, err := direct.GetUser(t.Context(), "person"); return err },
	} {
		var e *client.Error
		if err := check(); !asError(err, &e) || e.Status != 404 {
			t.Errorf("%v", err)
		}
	}
}

func checkUnknown(t *testing.T, err error) {
	t.Helper()
	var none *client.NoAnswerError
	if !errors.As(err, &none) || none.Unsent || none.RequestID == "" || !client.OutcomeUnknown(err) {
		t.Errorf("%v", err)
	}
}
