package e2e

import (
	"fmt"
	"maps"
	"reflect"
	"strings"

	"github.com/anishathalye/porcupine"
)

// The model of one code of the type Normal, and of users who know no other code, against
// which recorded histories are checked. Reservations do not lapse in it.

// codeCall is one operation on a code.
type codeCall struct {
	number int // of the call; no two have the same
	code   string
	verb   string // redeem, reserve, confirm, release, rollback, revoke, restore, get
	user   string // whom it is about
	id     string // of confirm, release and rollback
}

// codeAnswer is what came back.
type codeAnswer struct {
	unknown  bool   // no answer came, or one that does not say whether it was done
	reason   string // empty: it was done
	id       string // of the redemption or the reservation
	redeemed int    // of get
	reserved int
	revoked  bool
}

// codeState is a code and its users. States are never changed, only replaced.
type codeState struct {
	limit   int
	revoked bool
	held    map[string]string // user → reservation
	used    map[string]string // user → redemption
	ended   map[string]string // reservation → its redemption, or "" if it was released
	undone  map[string]bool   // redemptions that were rolled back
}

func newCodeState(limit int) codeState {
	return codeState{
		limit:  limit,
		held:   map[string]string{},
		used:   map[string]string{},
		ended:  map[string]string{},
		undone: map[string]bool{},
	}
}

func (s codeState) clone() codeState {
	s.held, s.used, s.ended, s.undone = maps.Clone(s.held), maps.Clone(s.used), maps.Clone(s.ended), maps.Clone(s.undone)
	return s
}

// A call whose answer never came may have made something: that has a stand-in for its id
// until an answer names it.

func standIn(call codeCall) string { return fmt.Sprint("?", call.number) }

func isStandIn(id string) bool { return strings.HasPrefix(id, "?") }

// rename puts an id in the place of its stand-in.
func (s codeState) rename(standIn, id string) codeState {
	s = s.clone()
	for _, ids := range []map[string]string{s.held, s.used, s.ended} {
		for name, value := range ids {
			if value == standIn {
				ids[name] = id
			}
		}
	}
	if redemption, ok := s.ended[standIn]; ok {
		delete(s.ended, standIn)
		s.ended[id] = redemption
	}
	return s
}

// do carries out a call and returns the state after it and its answer. id is what the call
// names what it makes.
func (s codeState) do(call codeCall, id string) (codeState, codeAnswer) {
	switch call.verb {
	case "get":
		return s, codeAnswer{redeemed: len(s.used), reserved: len(s.held), revoked: s.revoked}
	case "revoke", "restore":
		s.revoked = call.verb == "revoke"
		return s, codeAnswer{revoked: s.revoked}
	case "redeem":
		return s.redeem(call.user, id)
	case "reserve":
		return s.reserve(call.user, id)
	case "rollback":
		return s.rollBack(call.user, call.id)
	default:
		return s.end(call, id)
	}
}

// refusal is why a user who holds nothing, or holds a use, cannot be given one; "" if they
// can.
func (s codeState) refusal(user string) string {
	_, holds := s.held[user]
	_, has := s.used[user]
	switch {
	case s.revoked:
		return "code_revoked"
	case !holds && len(s.held)+len(s.used) >= s.limit:
		return "code_exhausted"
	case has:
		return "user_already_registered"
	}
	return ""
}

func (s codeState) redeem(user, id string) (codeState, codeAnswer) {
	if earlier, ok := s.used[user]; ok {
		return s, codeAnswer{id: earlier}
	}
	if reason := s.refusal(user); reason != "" {
		return s, codeAnswer{reason: reason}
	}
	s = s.clone()
	if reservation, ok := s.held[user]; ok {
		delete(s.held, user)
		s.ended[reservation] = id
	}
	s.used[user] = id
	return s, codeAnswer{id: id}
}

func (s codeState) reserve(user, id string) (codeState, codeAnswer) {
	if earlier, ok := s.held[user]; ok {
		return s, codeAnswer{id: earlier}
	}
	if reason := s.refusal(user); reason != "" {
		return s, codeAnswer{reason: reason}
	}
	s = s.clone()
	s.held[user] = id
	return s, codeAnswer{id: id}
}

func (s codeState) rollBack(user, redemption string) (codeState, codeAnswer) {
	if s.undone[redemption] {
		return s, codeAnswer{id: redemption}
	}
	if isStandIn(s.used[user]) {
		s = s.rename(s.used[user], redemption)
	}
	if s.used[user] != redemption {
		return s, codeAnswer{reason: "it was never made"}
	}
	s = s.clone()
	delete(s.used, user)
	s.undone[redemption] = true
	return s, codeAnswer{id: redemption}
}

// end is confirm and release.
func (s codeState) end(call codeCall, id string) (codeState, codeAnswer) {
	confirms := call.verb == "confirm"
	if redemption, ended := s.ended[call.id]; ended {
		switch {
		case confirms && redemption == "":
			return s, codeAnswer{reason: "reservation_released"}
		case confirms:
			return s, codeAnswer{id: redemption}
		case redemption != "":
			return s, codeAnswer{reason: "reservation_confirmed"}
		default:
			return s, codeAnswer{id: call.id}
		}
	}
	if isStandIn(s.held[call.user]) {
		s = s.rename(s.held[call.user], call.id)
	}
	switch {
	case s.held[call.user] != call.id:
		return s, codeAnswer{reason: "it was never made"}
	case confirms && s.revoked:
		return s, codeAnswer{reason: "code_revoked"}
	}
	s = s.clone()
	delete(s.held, call.user)
	s.ended[call.id] = ""
	if !confirms {
		return s, codeAnswer{id: call.id}
	}
	s.ended[call.id], s.used[call.user] = id, id
	return s, codeAnswer{id: id}
}

// next returns the states in which a call with this answer may leave a state.
func (s codeState) next(call codeCall, got codeAnswer) []any {
	if got.unknown {
		after, _ := s.do(call, standIn(call))
		return []any{s, after}
	}
	after, want := s.do(call, got.id)
	if isStandIn(want.id) && want.reason == "" && got.reason == "" {
		after = after.rename(want.id, got.id)
		want.id = got.id
	}
	if want != got {
		return nil
	}
	return []any{after}
}

// codeModel is the model of several codes with the same limit, each of them alone.
func codeModel(limit int) porcupine.Model {
	model := porcupine.NondeterministicModel{
		Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
			byCode := map[string][]porcupine.Operation{}
			for _, op := range history {
				code := op.Input.(codeCall).code
				byCode[code] = append(byCode[code], op)
			}
			var all [][]porcupine.Operation
			for _, ops := range byCode {
				all = append(all, ops)
			}
			return all
		},
		Init: func() []any { return []any{newCodeState(limit)} },
		Step: func(state, input, output any) []any {
			return state.(codeState).next(input.(codeCall), output.(codeAnswer))
		},
		Equal:             reflect.DeepEqual,
		DescribeOperation: func(input, output any) string { return fmt.Sprintf("%+v → %+v", input, output) },
	}
	return model.ToModel()
}
