package client_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"accesscodes/client"
)

// counting counts the tries of an operation.
func counting(operation string, tries *int) client.Option {
	return client.WithObserver(func(a client.Attempt) {
		if a.Operation == operation {
			*tries++
		}
	})
}

func TestCodesGoesThroughAllPages(t *testing.T) {
	t.Parallel()
	tries := 0
	c := newServer(t).client(t, counting("listCodes", &tries))
	var want []string
	for i := range 201 { // one more than a page has
		code := fmt.Sprintf("SPRING%03d", i)
		must(c.AddCode(t.Context(), client.AddCodeRequest{Code: code, Type: client.TypeNormal}))(t)
		want = append([]string{code}, want...)
	}
	must(c.AddCode(t.Context(), client.AddCodeRequest{Code: "OTHER", Type: client.TypeNormal}))(t)
	var got []string
	for _, code := range collect(t, c.Codes(t.Context(), client.CodeFilter{Query: "spring"})) {
		got = append(got, code.Code)
	}
	if diff := cmp.Diff(want, got); diff != "" || tries != 2 {
		t.Errorf("%d requests, codes (-want +got):\n%s", tries, diff)
	}
	tries = 0
	for range c.Codes(t.Context(), client.CodeFilter{}) {
		break
	}
	if tries != 1 {
		t.Errorf("%d requests for the first code", tries)
	}
}

func TestAPageAndTheNext(t *testing.T) {
	t.Parallel()
	c := newServer(t).client(t)
	for _, user := range []string{"a", "b", "c"} {
		must(c.PutUser(t.Context(), user, client.UserNormal))(t)
	}
	first := must(c.ListUsers(t.Context(), client.UserFilter{}, client.PageRequest{Limit: 2}))(t)
	if len(first.Data) != 2 || first.NextCursor == "" {
		t.Fatalf("%+v", first)
	}
	last := must(c.ListUsers(t.Context(), client.UserFilter{}, client.PageRequest{Cursor: first.NextCursor}))(t)
	if len(last.Data) != 1 || last.Data[0].UserID != "c" || last.NextCursor != "" {
		t.Errorf("%+v", last)
	}
}

func TestRedemptionsOfAUser(t *testing.T) {
	t.Parallel()
	c := newServer(t).client(t)
	code := must(c.AddCode(t.Context(), client.AddCodeRequest{Code: "SHARED", Type: client.TypeNormal}))(t).Code
	for _, user := range []string{"a", "b"} {
		must(c.RedeemCode(t.Context(), client.RedeemCodeRequest{Code: code, UserID: user}))(t)
	}
	if all := collect(t, c.Redemptions(t.Context(), client.RedemptionFilter{Code: "shared"})); len(all) != 2 {
		t.Errorf("of the code: %d", len(all))
	}
	of := collect(t, c.Redemptions(t.Context(), client.RedemptionFilter{UserID: "b"}))
	if len(of) != 1 || of[0].UserID != "b" {
		t.Errorf("of the user: %+v", of)
	}
}

func TestAnErrorEndsAList(t *testing.T) {
	t.Parallel()
	c := newServer(t).client(t)
	var failed []error
	for code, err := range c.Codes(t.Context(), client.CodeFilter{Type: "Golden"}) {
		if code != nil {
			t.Errorf("%+v", code)
		}
		failed = append(failed, err)
	}
	if len(failed) != 1 || !errors.Is(failed[0], client.ReasonInvalidParameter) {
		t.Errorf("%v", failed)
	}
}

func TestNoErrorHoldsTheAddress(t *testing.T) {
	t.Parallel()
	c := newClient(t, "http://127.0.0.1:1", "ack_secret", client.WithRetries(0))
	_, err := c.GetCode(t.Context(), "HIDDEN")
	if err == nil || strings.Contains(err.Error(), "HIDDEN") || strings.Contains(err.Error(), "ack_") {
		t.Errorf("%v", err)
	}
}
