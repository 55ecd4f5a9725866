package client_test

import (
	"errors"
	"slices"
	"testing"

	"accesscodes/client"
)

// TestManyCodesAreChangedAndThatIsUndone: on a real server, with a preview before.
func TestManyCodesAreChangedAndThatIsUndone(t *testing.T) {
	s := newServer(t)
	c := newClient(t, s.url, s.key)
	for _, code := range []string{"SPRING-1", "SPRING-2", "OTHER"} {
		if _, err := c.AddCode(t.Context(), client.AddCodeRequest{Code: code, Type: client.TypeNormal}); err != nil {
			t.Fatal(err)
		}
	}
	change := client.CreateChangeRequest{
		Select: client.Selection{Query: "spring"}, Do: client.ChangeDo{Revoke: true},
	}
	preview, err := c.PreviewChange(t.Context(), change)
	if err != nil || !preview.Complete || preview.Changed != 2 || len(preview.Sample) != 2 {
		t.Fatalf("preview %+v, %v", preview, err)
	}
	made, err := c.CreateChange(t.Context(), change)
	if err != nil || made.ID == "" {
		t.Fatalf("change %+v, %v", made, err)
	}
	if done := ended(t, c, made.ID, client.ChangeSucceeded); done.Changed != 2 || done.UndoableUntil == nil {
		t.Errorf("done %+v", done)
	}
	if code, err := c.GetCode(t.Context(), "spring 1"); err != nil || code.RevokedAt == nil {
		t.Errorf("code %+v, %v", code, err)
	}
	if _, err := c.CancelChange(t.Context(), made.ID); !errors.Is(err, client.ReasonChangeFinished) {
		t.Errorf("cancel: %v", err)
	}
	if _, err := c.UndoChange(t.Context(), made.ID); err != nil {
		t.Fatal(err)
	}
	if undone := ended(t, c, made.ID, client.ChangeUndone); undone.Undone == nil || undone.Undone.Changed != 2 {
		t.Errorf("undone %+v", undone)
	}
	if code, err := c.GetCode(t.Context(), "spring 1"); err != nil || code.RevokedAt != nil {
		t.Errorf("code %+v, %v", code, err)
	}
	var listed []string
	for change, err := range c.Changes(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		listed = append(listed, change.ID)
	}
	if !slices.Equal(listed, []string{made.ID}) {
		t.Errorf("listed %v", listed)
	}
}

// ended follows a change until it has a status.
func ended(t *testing.T, c *client.Client, id string, status client.ChangeStatus) (last *client.Change) {
	t.Helper()
	for _, last = range collect(t, c.FollowChange(t.Context(), id)) {
		if last.ID != id {
			t.Errorf("change %+v", last)
		}
	}
	if last == nil || last.Status != status {
		t.Fatalf("change %+v", last)
	}
	return last
}

// TestManyCodesAreDeletedOrTheirRedemptionsRolledBack: on a real server, and undone.
func TestManyCodesAreDeletedOrTheirRedemptionsRolledBack(t *testing.T) {
	t.Parallel()
	c := newServer(t).client(t)
	for _, code := range []string{"OLD-1", "OLD-2", "OLD-3"} {
		must(c.AddCode(t.Context(), client.AddCodeRequest{Code: code, Type: client.TypeNormal}))(t)
	}
	used := must(c.RedeemCode(t.Context(), client.RedeemCodeRequest{Code: "OLD-2", UserID: "ada"}))(t)
	change := client.CreateChangeRequest{
		Select: client.Selection{Query: "old"}, Do: client.ChangeDo{Revoke: true}, RollBackRedemptions: true,
	}
	if preview := must(c.PreviewChange(t.Context(), change))(t); preview.RolledBack != 1 || preview.People != 1 {
		t.Errorf("preview %+v", preview)
	}
	made := must(c.CreateChange(t.Context(), change))(t)
	if done := ended(t, c, made.ID, client.ChangeSucceeded); done.RolledBack != 1 || done.Changed != 3 {
		t.Errorf("done %+v", done)
	}
	if _, err := c.GetUser(t.Context(), "ada"); !errors.Is(err, client.ReasonUserNotFound) {
		t.Errorf("the user: %v", err)
	}
	must(c.UndoChange(t.Context(), made.ID))(t)
	if undone := ended(t, c, made.ID, client.ChangeUndone); undone.Undone.PutBack != 1 || undone.Undone.Changed != 3 {
		t.Errorf("undone %+v", undone.Undone)
	}
	again := collect(t, c.Redemptions(t.Context(), client.RedemptionFilter{}))
	if len(again) != 1 || again[0].ID != used.ID || again[0].RolledBackAt != nil {
		t.Errorf("redemptions %+v", again)
	}

	change.Do, change.RollBackRedemptions = client.ChangeDo{Delete: true}, false
	made = must(c.CreateChange(t.Context(), change))(t)
	done := ended(t, c, made.ID, client.ChangeSucceeded)
	if done.Do != "delete" || done.Changed != 2 || done.Skipped[string(client.ReasonCodeInUse)] != 1 {
		t.Errorf("done %+v", done)
	}
	if _, err := c.GetCode(t.Context(), "OLD-1"); !errors.Is(err, client.ReasonCodeNotFound) {
		t.Errorf("the code: %v", err)
	}
	must(c.UndoChange(t.Context(), made.ID))(t)
	if undone := ended(t, c, made.ID, client.ChangeUndone); undone.Undone.Changed != 2 {
		t.Errorf("undone %+v", undone.Undone)
	}
	must(c.GetCode(t.Context(), "OLD-1"))(t)
}
