package client_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"accesscodes/client"
)

// TestAddressesAndKeysThatCannotBe: they are refused when a client is made, without being repeated.
func TestAddressesAndKeysThatCannotBe(t *testing.T) {
	for _, address := range []string{
		"", "codes.example.org", "127.0.0.1:8080", "ftp://secret.example.org", "http://", "http://secret:word@host",
		"http://host?secret", "http://host/#secret", "http://secret\x7f",
	} {
		if _, err := client.New(address, ""); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", address, err)
		}
	}
	if _, err := client.New("http://host", "ack_secret\n"); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("a key with a line break: %v", err)
	}
	for name, option := range map[string]client.Option{
		"no HTTP client": client.WithHTTPClient(nil), "no observer": client.WithObserver(nil),
		"less than no retries": client.WithRetries(-1), "less than no time": client.WithTimeout(-1),
		"a user agent of two lines": client.WithUserAgent("a\nb"),
	} {
		if _, err := client.New("http://host", "", option); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

// TestWhatIsRefusedBeforeItIsSent would name something else on its way.
func TestWhatIsRefusedBeforeItIsSent(t *testing.T) {
	c := newClient(t, "http://host", "", client.WithHTTPClient(&http.Client{
		Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			t.Errorf("%s was sent", r.URL)
			return nil, context.Canceled
		}),
	}))
	broken := "user\xff"
	for name, do := range map[string]func(context.Context) error{
		"no code": func(ctx context.Context) error { return c.DeleteCode(ctx, "") },
		"no user": func(ctx context.Context) error { return c.EraseUser(ctx, "") },
		"broken text": func(ctx context.Context) error {
			_, err := c.RedeemCode(ctx, client.RedeemCodeRequest{UserID: broken})
			return err
		},
		"broken text in a field": func(ctx context.Context) error {
			_, err := c.ChangeCode(ctx, "X", client.ChangeCodeRequest{Note: client.Set(broken)})
			return err
		},
		"broken text in metadata": func(ctx context.Context) error {
			_, err := c.AddCode(ctx, client.AddCodeRequest{Metadata: map[string]string{broken: ""}})
			return err
		},
		"broken text in a list": func(ctx context.Context) error {
			_, err := c.CreateChange(ctx, client.CreateChangeRequest{Select: client.Selection{Codes: []string{broken}}})
			return err
		},
		"a key of two lines": func(ctx context.Context) error {
			_, err := c.GenerateCode(ctx, client.GenerateCodeRequest{IdempotencyKey: "a\nb"})
			return err
		},
	} {
		if err := do(t.Context()); err == nil || client.OutcomeUnknown(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPathsAreEscaped(t *testing.T) {
	for code, want := range map[string]string{
		"a/b": "/tenant-codes/a%2Fb", "50%": "/tenant-codes/50%25", "a?b#c": "/tenant-codes/a%3Fb%23c",
		"..": "/tenant-codes/%2E%2E", ".": "/tenant-codes/%2E", "add": "/tenant-codes/ADD", "é": "/tenant-codes/%C3%A9",
	} {
		var got *url.URL
		c := newClient(t, "http://host/", "", client.WithHTTPClient(&http.Client{
			Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
				got = r.URL
				return &http.Response{StatusCode: http.StatusNoContent, Body: http.NoBody}, nil
			}),
		}))
		if err := c.DeleteCode(t.Context(), code); err != nil || got.EscapedPath() != want {
			t.Errorf("%q: %v, %v; want %s", code, got, err, want)
		}
	}
}
