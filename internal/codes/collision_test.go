package codes_test

import (
	"bytes"
	"fmt"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/words"
)

// The codes of tinyFormat with tinyAlphabet are so few that nearly every draw collides.
const (
	tinyAlphabet = "AB"
	tinySpace    = 64
)

var tinyFormat = core.Format{Prefix: "T", Groups: 2, GroupLength: 3}

func newTinyWorld(t *testing.T) (*world, *core.Actor) {
	t.Helper()
	w := newWorld(t)
	w.SetAlphabet(tinyAlphabet)
	return w, w.join(t, "tiny", tinyFormat)
}

func TestCallersDoNotSeeCollisionsUntilTheSpaceIsUsedUp(t *testing.T) {
	keys := map[string]func(i int) string{
		"without a key":           func(int) string { return "" },
		"with an idempotency key": func(i int) string { return fmt.Sprint("key-", i) },
	}
	for name, key := range keys {
		t.Run(name, func(t *testing.T) {
			w, caller := newTinyWorld(t)
			seen := map[string]bool{}
			for i := range tinySpace {
				issued := w.generate(t, caller, normal(key(i)))
				if seen[issued.Code.Value] || issued.Replayed {
					t.Fatalf("code %d: %+v again", i, issued)
				}
				seen[issued.Code.Value] = true
			}
			_, err := w.GenerateCode(t.Context(), caller, normal(key(tinySpace)))
			checkError(t, err, core.KindConflict, core.ReasonCodeSpaceExhausted)
		})
	}
}

// TestManyCallersShareOutTheLastFreeCodes lets each of many callers have one code of a
// space that has just enough for them: whoever loses a race for a value must look on.
func TestManyCallersShareOutTheLastFreeCodes(t *testing.T) {
	w, caller := newTinyWorld(t)
	var all sync.WaitGroup
	var values sync.Map
	for range tinySpace {
		all.Go(func() {
			issued, err := w.GenerateCode(t.Context(), caller, normal(""))
			if err != nil {
				t.Error(err)
				return
			}
			if _, again := values.LoadOrStore(issued.Code.Value, true); again {
				t.Errorf("%s was issued twice", issued.Code.Value)
			}
		})
	}
	all.Wait()
}

func TestARetryStillFindsItsCodeWhenTheSpaceIsUsedUp(t *testing.T) {
	w, caller := newTinyWorld(t)
	first := w.generate(t, caller, normal("mine"))
	for range tinySpace - 1 {
		w.generate(t, caller, normal(""))
	}
	if again := w.generate(t, caller, normal("mine")); !again.Replayed || again.Code.Value != first.Code.Value {
		t.Errorf("the retry got %+v, want %s", again, first.Code.Value)
	}
}

// TestTheSearchForAFreeValueEnds gives up after a bounded number of different values if
// every one is taken.
func TestTheSearchForAFreeValueEnds(t *testing.T) {
	tried := map[string]bool{}
	service, caller := newFakeService(t, &fakeStore{
		insertCodes: func(list []*codes.NewCode) ([]codes.InsertResult, error) {
			tried[list[0].Canonical] = true
			return []codes.InsertResult{{Outcome: codes.CodeTaken}}, nil
		},
		codesTaken: func(canonicals []string) ([]bool, error) {
			taken := make([]bool, len(canonicals))
			for i, canonical := range canonicals {
				tried[canonical], taken[i] = true, true
			}
			return taken, nil
		},
	})
	_, err := service.GenerateCode(t.Context(), caller, normal(""))
	checkError(t, err, core.KindConflict, core.ReasonCodeSpaceExhausted)
	if len(tried) != 1<<16 {
		t.Errorf("%d different values were tried, want %d", len(tried), 1<<16)
	}
}

func TestCandidatesVisitEveryValueOnceBeforeTheyRepeat(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		alphabet := rapid.SampledFrom([]string{"AB", "ABCD", "ABCDEFGH"}).Draw(t, "alphabet")
		format := core.Format{
			Groups:      rapid.IntRange(1, 2).Draw(t, "groups"),
			GroupLength: rapid.IntRange(1, 2).Draw(t, "group length"),
		}
		length := format.Groups * format.GroupLength
		random := rapid.SliceOfN(rapid.Byte(), 2*length, 2*length).Draw(t, "random bytes")
		next := codes.Candidates(format, alphabet, bytes.NewReader(random), words.None())
		space := int(codes.Space(format, len(alphabet)))
		var values []string
		seen := map[string]bool{}
		for i := range 2 * space {
			value, err := next()
			if err != nil {
				t.Fatal(err)
			}
			if i < space && seen[value] {
				t.Fatalf("value %d of %d, %s, came before", i, space, value)
			}
			if i >= space && value != values[i-space] {
				t.Fatalf("value %d is %s; the sequence should begin again with %s", i, value, values[i-space])
			}
			seen[value], values = true, append(values, value)
		}
	})
}
