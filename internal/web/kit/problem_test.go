package kit

import (
	"testing"

	"accesscodes/internal/core"
)

func TestTitlesAreTheReasonInWords(t *testing.T) {
	for reason, want := range map[core.Reason]string{
		core.ReasonCodeAlreadyExists: "Code already exists",
		ReasonUnknownField:           "Unknown field",
	} {
		if got := titleOf(reason); got != want {
			t.Errorf("titleOf(%s) = %s, want %s", reason, got, want)
		}
	}
}
