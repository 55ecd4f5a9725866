package access_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"accesscodes/internal/access"
)

var errDisk = errors.New("disk /dev/sda1 is full")

func TestAnErrorKeepsItsCauseForTheLogAndFromItsDetail(t *testing.T) {
	for name, err := range map[string]*access.Error{
		"unavailable":     access.Unavailable(errDisk),
		"outcome unknown": access.OutcomeUnknown(errDisk),
		"any other":       access.AsError(errDisk),
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
		kind   access.Kind
		reason access.Reason
	}{
		{access.Unavailable(errDisk), access.KindUnavailable, access.ReasonStoreUnavailable},
		{access.Overloaded(), access.KindUnavailable, access.ReasonOverloaded},
		{access.OutcomeUnknown(errDisk), access.KindInternal, access.ReasonOutcomeUnknown},
		{access.NotFound(access.ReasonCodeNotFound, "no"), access.KindNotFound, access.ReasonCodeNotFound},
		{access.Conflict(access.ReasonCodeSpaceExhausted, "no"), access.KindConflict, access.ReasonCodeSpaceExhausted},
	}
	for _, test := range tests {
		wrapped := fmt.Errorf("insert: %w", test.err)
		checkError(t, wrapped, test.kind, test.reason)
		if got := access.AsError(wrapped); error(got) != test.err {
			t.Errorf("AsError(%v) = %v", wrapped, got)
		}
		if retry := access.AsError(wrapped).RetryAfter; (retry > 0) != (test.kind == access.KindUnavailable) {
			t.Errorf("%v: retry after %v", test.err, retry)
		}
	}
	if access.IsKind(errDisk, access.KindInternal) || access.HasReason(errDisk, access.ReasonInternal) {
		t.Error("an error of another type was taken for one of ours")
	}
	if err := access.AsError(errDisk); err.Kind != access.KindInternal || err.Reason != access.ReasonInternal {
		t.Errorf("AsError of another type: kind %d, reason %s", err.Kind, err.Reason)
	}
}
