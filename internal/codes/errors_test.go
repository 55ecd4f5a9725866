package codes_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"accesscodes/internal/core"
)

var errDisk = errors.New("disk /dev/sda1 is full")

func TestAnErrorKeepsItsCauseForTheLogAndFromItsDetail(t *testing.T) {
	for name, err := range map[string]*core.Error{
		"unavailable":     core.Unavailable(errDisk),
		"outcome unknown": core.OutcomeUnknown(errDisk),
		"any other":       core.AsError(errDisk),
	} {
		if !errors.Is(err, errDisk) || !strings.Contains(err.Error(), errDisk.Error()) {
			t.Errorf("%s: the cause is lost: %v", name, err)
		}
		if strings.Contains(err.Detail, "disk") {
			t.Errorf("%s: the detail tells of internals: %s", name, err.Detail)
		}
	}
}

func TestAnErrorIsRecognisedWhateverIsWrappedAroundIt(t *testing.T) {
	tests := []struct {
		err    error
		kind   core.Kind
		reason core.Reason
	}{
		{core.Unavailable(errDisk), core.KindUnavailable, core.ReasonStoreUnavailable},
		{core.Overloaded(), core.KindUnavailable, core.ReasonOverloaded},
		{core.OutcomeUnknown(errDisk), core.KindInternal, core.ReasonOutcomeUnknown},
		{core.NotFound(core.ReasonCodeNotFound, "no"), core.KindNotFound, core.ReasonCodeNotFound},
		{core.Conflict(core.ReasonCodeSpaceExhausted, "no"), core.KindConflict, core.ReasonCodeSpaceExhausted},
	}
	for _, test := range tests {
		wrapped := fmt.Errorf("insert: %w", test.err)
		checkError(t, wrapped, test.kind, test.reason)
		if got := core.AsError(wrapped); error(got) != test.err {
			t.Errorf("AsError(%v) = %v", wrapped, got)
		}
		if retry := core.AsError(wrapped).RetryAfter; (retry > 0) != (test.kind == core.KindUnavailable) {
			t.Errorf("%v: retry after %v", test.err, retry)
		}
	}
	if core.IsKind(errDisk, core.KindInternal) || core.HasReason(errDisk, core.ReasonInternal) {
		t.Error("an error of another type was taken for one of ours")
	}
	if err := core.AsError(errDisk); err.Kind != core.KindInternal || err.Reason != core.ReasonInternal {
		t.Errorf("AsError of another type: kind %d, reason %s", err.Kind, err.Reason)
	}
}
