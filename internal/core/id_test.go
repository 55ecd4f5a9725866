package core_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"accesscodes/internal/core"
)

func TestAnIDIsWrittenAsAUUIDAndReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := core.ID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
		if got, want := id.String(), uuid.UUID(id).String(); got != want {
			t.Errorf("String() = %s, want %s", got, want)
		}
		for _, text := range []string{id.String(), strings.ToUpper(id.String())} {
			if got, err := core.ParseID(text); err != nil || got != id {
				t.Errorf("ParseID(%s) = %s, %v", text, got, err)
			}
		}
	})
}

func TestWhatIsNoUUIDIsNotRead(t *testing.T) {
	const good = "01890a5d-ac96-774b-bcce-b302099a8057"
	bad := []string{
		"", good[:35], good + "0", "{" + good + "}", "urn:uuid:" + good, strings.ReplaceAll(good, "-", ""),
		strings.Replace(good, "-", "0", 1), "g" + good[1:], " " + good[1:], good[:34] + "é",
	}
	for _, text := range bad {
		if id, err := core.ParseID(text); err == nil || !id.IsZero() {
			t.Errorf("ParseID(%q) = %s, %v", text, id, err)
		}
	}
}
