package codes_test

import (
	"testing"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/tenancy"
)

// bidi are the controls that turn the direction of writing.
var bidi = []rune("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

func TestTextsForPeopleMustNotTurnTheDirectionOfWriting(t *testing.T) {
	w := newWorld(t)
	w.add(t, w.acme, "CODE", normal(""))
	made := w.redeem(t, "CODE", "ada")
	for _, control := range bidi {
		text := "safe" + string(control) + "txt"
		refusals := []struct {
			name, pointer string
			do            func() error
		}{
			{"a note", "/note", func() error {
				_, err := w.AddCode(t.Context(), w.acme, "NEW", of(codes.TypeNormal, codes.Options{Note: text}))
				return err
			}},
			{"a recipient", "/recipient", func() error {
				_, err := w.GenerateCode(t.Context(), w.acme, of(codes.TypeNormal, codes.Options{Recipient: text}))
				return err
			}},
			{"a changed note", "/note", func() error {
				_, err := w.ChangeCode(t.Context(), w.acme, "CODE", codes.CodeChange{Note: given(text)})
				return err
			}},
			{"a reason", "/reason", func() error { _, err := w.Rollback(t.Context(), w.acme, made.ID, text); return err }},
			{"a workspace's name", "/name", func() error {
				_, err := w.UpdateWorkspace(t.Context(), "acme", tenancy.WorkspaceChange{Name: &text})
				return err
			}},
			{"a new workspace's name", "/name", func() error {
				_, err := w.CreateWorkspace(t.Context(), "new", text, acmeFormat)
				return err
			}},
			{"a key's name", "/name", func() error {
				_, _, err := w.CreateKey(t.Context(), "acme", tenancy.NewKey{Name: text, Role: tenancy.RoleFull})
				return err
			}},
		}
		for _, refusal := range refusals {
			t.Run(refusal.name, func(t *testing.T) {
				checkError(t, refusal.do(), core.KindInvalid, core.ReasonInvalidValue, refusal.pointer)
			})
		}
		if _, err := w.PutUser(t.Context(), w.acme, text, codes.UserNormal); err != nil {
			t.Errorf("a user id with %U: %v", control, err)
		}
	}
}

// TestARuleBindsOnlyWhatARequestSets: what was stored before a rule does not keep the rest
// of a code from being changed.
func TestARuleBindsOnlyWhatARequestSets(t *testing.T) {
	w := newWorld(t)
	big := map[string]string{"": "no such key can be set any more"}
	old := &codes.NewCode{Canonical: "OLD", Code: codes.Code{
		Value: "OLD", WorkspaceID: w.acme.WorkspaceID, Type: codes.TypeNormal, CreatedAt: start, CreatedBy: core.ID{1},
		Note: "note\u202e", Recipient: "ada\u2066", Metadata: big,
	}}
	if _, err := w.Store.InsertCodes(t.Context(), []*codes.NewCode{old}); err != nil {
		t.Fatal(err)
	}
	got, err := w.ChangeCode(t.Context(), w.acme, "OLD", codes.CodeChange{MaxRedemptions: limitOf(3)})
	if err != nil || got.Recipient != old.Recipient || got.Note != old.Note || *got.MaxRedemptions != 3 {
		t.Errorf("the limit: %+v, %v", got, err)
	}
	got, err = w.ChangeCode(t.Context(), w.acme, "OLD", codes.CodeChange{Note: given("new")})
	if err != nil || got.Note != "new" || got.Recipient != old.Recipient {
		t.Errorf("the note: %+v, %v", got, err)
	}
	checkSame(t, "metadata", big, got.Metadata)
}

func TestAKeyWithAnOldNameCanBeRotated(t *testing.T) {
	w := newWorld(t)
	old := tenancy.Key{
		ID: core.ID{15: 99}, WorkspaceID: w.acme.WorkspaceID, Name: "back\u202eend",
		Role: tenancy.RoleFull, CreatedAt: start,
	}
	if err := w.Store.InsertKey(t.Context(), old); err != nil {
		t.Fatal(err)
	}
	if got, _, err := w.RotateKey(t.Context(), old.ID, 0); err != nil || got.Name != old.Name {
		t.Errorf("RotateKey = %+v, %v", got, err)
	}
}
