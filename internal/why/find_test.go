package why_test

import (
	"reflect"
	"strings"
	"testing"

	"accesscodes/internal/bulk"
	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/tenancy"
	"accesscodes/internal/why"
)

func (w *world) find(t *testing.T, actor *core.Actor, text string) *why.Found {
	t.Helper()
	return must[*why.Found](t)(w.Find(t.Context(), actor, text))
}

func TestFind(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	owner := w.as(core.PermissionRead, core.PermissionAdminister)
	key, secret, err := w.tenancy.CreateKey(ctx, "acme", tenancy.NewKey{Name: "Checkout", Role: tenancy.RoleFull})
	if err != nil {
		t.Fatal(err)
	}
	w.add(t, "ACME-7KQW-M2XN", codes.TypePremium, 0)
	w.add(t, "ACME-7KQW-ZZZZ", codes.TypePremium, 0)
	must[codes.User](t)(w.codes.PutUser(ctx, w.acme, "user-4711", codes.UserNormal))
	var summer bulk.Batch
	request := bulk.NewBatch{Name: "Spring fair", Count: 10}
	request.Type = codes.TypePremium
	batch, _, err := w.batches().Create(ctx, w.acme, request)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"The spring fair of 2031", "Summer"} {
		request.Name = name
		if summer, _, err = w.batches().Create(ctx, w.acme, request); err != nil {
			t.Fatal(err)
		}
	}
	change, _, err := w.changes.Create(ctx, w.acme, bulk.NewChange{Codes: []string{"X"}, Do: codes.Act{Revoke: true}})
	if err != nil {
		t.Fatal(err)
	}
	asked := *w.acme
	asked.RequestID = "k3jw0-request-17"
	must[codes.Code](t)(w.codes.RevokeCode(ctx, &asked, "ACME-7KQW-ZZZZ"))
	if err := w.log.Sequence(ctx); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]why.Found{
		"acme 7kqw m2xn": {
			Target: why.TargetWhy, Value: "acme 7kqw m2xn", Read: "ACME7KQWM2XN", Status: codes.StatusActive,
			Codes: why.Count{N: 1},
		},
		"acme 7kqw zzzz": {
			Target: why.TargetWhy, Value: "acme 7kqw zzzz", Read: "ACME7KQWZZZZ", Status: codes.StatusRevoked,
			Codes: why.Count{N: 1},
		},
		"acme 7kgw m2xn":     {Target: why.TargetWhy, Value: "acme 7kgw m2xn", Read: "ACME7KGWM2XN"},
		"https://a.de/c/XY1": {Target: why.TargetWhy, Value: "https://a.de/c/XY1", Read: "XY1"},
		"https://a.de/c/ACME-7KQW-M2XN": {
			Target: why.TargetWhy, Value: "https://a.de/c/ACME-7KQW-M2XN", Read: "ACME7KQWM2XN", Status: codes.StatusActive,
		},
		"user-4711":          {Target: why.TargetUser, Value: "user-4711", Users: why.Count{N: 1}},
		batch.ID.String():    {Target: why.TargetBatch, ID: batch.ID},
		change.ID.String():   {Target: why.TargetChange, ID: change.ID},
		key.ID.String():      {Target: why.TargetKey, ID: key.ID, Value: key.Display},
		key.Display:          {Target: why.TargetKey, ID: key.ID, Value: key.Display},
		" " + secret + " ":   {Target: why.TargetKey, ID: key.ID, Value: key.Display, Secret: true},
		"k3jw0-request-17":   {Target: why.TargetActivity, Value: "k3jw0-request-17"},
		"ACME-7K":            {Codes: why.Count{N: 2}},
		"user":               {Users: why.Count{N: 1}},
		"summer":             {Target: why.TargetBatch, ID: summer.ID, Batches: why.Count{N: 1}},
		"spring FAIR":        {Target: why.TargetBatch, ID: batch.ID, Batches: why.Count{N: 2}},
		"fair":               {Batches: why.Count{N: 2}},
		"nothing-like-this!": {},
		" -- ":               {},
		"":                   {},
	} {
		got := *w.find(t, owner, text)
		if hasCode := want.Status != ""; (got.Code != nil) != hasCode {
			t.Errorf("%s: the code is %v", text, got.Code)
		}
		got.Code = nil
		if want.Read == "" {
			got.Read = ""
		}
		if len(got.Named) != got.Batches.N {
			t.Errorf("%q: %d batches are named", text, len(got.Named))
		}
		got.Named = nil
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%q:\ngot  %+v\nwant %+v", text, got, want)
		}
	}
}

func TestKeysAreFoundOnlyByWhoAdministersThem(t *testing.T) {
	w := newWorld(t)
	other := w.join(t, "other", core.Format{Prefix: "OTHER", Groups: 2, GroupLength: 4})
	key, secret, err := w.tenancy.CreateKey(t.Context(), "other", tenancy.NewKey{Name: "k", Role: tenancy.RoleFull})
	if err != nil {
		t.Fatal(err)
	}
	other.Permissions = []core.Permission{core.PermissionRead}
	for name, actor := range map[string]*core.Actor{
		"a viewer":                         other,
		"an owner of another workspace":    w.as(core.PermissionRead, core.PermissionAdminister),
		"a support agent of another place": w.as(core.PermissionRead, core.PermissionRemedy),
	} {
		for _, text := range []string{secret, key.Display, key.ID.String(), "see " + secret} {
			found := w.find(t, actor, text)
			if found.Target != why.TargetNone || !found.ID.IsZero() || found.Value != "" ||
				found.Secret != strings.Contains(text, secret) || found.Secret && found.Read != "" {
				t.Errorf("%s: %+v", name, found)
			}
		}
	}
}

func TestNothingOfAnotherWorkspaceIsFound(t *testing.T) {
	w := newWorld(t)
	other := w.join(t, "other", core.Format{Prefix: "OTHER", Groups: 2, GroupLength: 4})
	ctx := t.Context()
	must[codes.Issued](t)(w.codes.AddCode(ctx, other, "SECRET-1", codes.IssueRequest{Type: codes.TypePremium}))
	must[codes.User](t)(w.codes.PutUser(ctx, other, "secret-user", codes.UserNormal))
	request := bulk.NewBatch{Name: "Secret batch", Count: 10}
	request.Type = codes.TypePremium
	batch, _, err := w.batches().Create(ctx, other, request)
	if err != nil {
		t.Fatal(err)
	}
	other.RequestID = "secret-request-id"
	must[codes.Code](t)(w.codes.RevokeCode(ctx, other, "SECRET-1"))
	if err := w.log.Sequence(ctx); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"SECRET-1", "secret-user", "Secret", batch.ID.String(), "secret-request-id"} {
		found := w.find(t, w.acme, text)
		if found.Target != why.TargetNone || found.Code != nil ||
			found.Codes.N+found.Users.N+found.Batches.N > 0 {
			t.Errorf("%s: %+v", text, found)
		}
	}
}

func TestATextThatIsTooLongIsRefused(t *testing.T) {
	w := newWorld(t)
	if _, err := w.Find(t.Context(), w.acme, strings.Repeat("x", 2001)); !core.IsKind(err, core.KindInvalid) {
		t.Errorf("got %v", err)
	}
	for _, text := range []string{strings.Repeat("x", 2000), "\xff", "a\x00b", "a\u202eb"} {
		if found, err := w.Find(t.Context(), w.acme, text); err != nil || found.Target != why.TargetNone {
			t.Errorf("%.10q: %+v, %v", text, found, err)
		}
	}
}
