package webhooks

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os/exec"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// verifyOfficially returns what the official Go library says.
func verifyOfficially(t *testing.T, secret string, m message) error {
	t.Helper()
	official, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	return official.Verify([]byte(m.body), m.header())
}

func TestTheOfficialGoLibraryTakesWhatIsSigned(t *testing.T) {
	secret := newSecret(t)
	for _, m := range messages(t, secret) {
		if err := verifyOfficially(t, secret, m); m.readable && (err == nil) != m.good {
			t.Errorf("%s: %v", m.name, err)
		}
	}
}

func TestTheOfficialGoLibraryRefusesReplays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		secret := newSecret(t)
		m := signed(t, "", event, 0, secret)
		time.Sleep(5 * time.Minute)
		if err := verifyOfficially(t, secret, m); err != nil {
			t.Errorf("after five minutes: %v", err)
		}
		time.Sleep(time.Second)
		if err := verifyOfficially(t, secret, m); !errors.Is(err, standardwebhooks.ErrMessageTooOld) {
			t.Errorf("a second later: %v", err)
		}
		early := signed(t, "", event, -5*time.Minute-time.Second, secret)
		if err := verifyOfficially(t, secret, early); !errors.Is(err, standardwebhooks.ErrMessageTooNew) {
			t.Errorf("from the future: %v", err)
		}
	})
}

func TestTheOfficialGoLibraryFollowsARotation(t *testing.T) {
	before, after := newSecret(t), newSecret(t)
	meanwhile := signed(t, "", event, 0, after, before)
	for _, secret := range []string{before, after} {
		if err := verifyOfficially(t, secret, meanwhile); err != nil {
			t.Error(err)
		}
	}
	later := signed(t, "", event, 0, after)
	if err := verifyOfficially(t, before, later); !errors.Is(err, standardwebhooks.ErrNoMatchingSignature) {
		t.Errorf("the old secret, after the overlap: %v", err)
	}
}

// asked is one message for official.mjs.
type asked struct {
	Secret  string            `json:"secret"`
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"`
}

func TestTheOfficialNodeLibraryTakesWhatIsSigned(t *testing.T) {
	t.Parallel()
	lookAt(t, ".")
	secret, old := newSecret(t), newSecret(t)
	all := messages(t, secret)
	secrets := make([]string, len(all))
	for i := range secrets {
		secrets[i] = secret
	}
	meanwhile := signed(t, "the old secret, meanwhile", event, 0, secret, old)
	later := signed(t, "the old secret, later", event, 0, secret)
	later.good = false
	all, secrets = append(all, meanwhile, later), append(secrets, old, old)
	var questions []asked
	for i, m := range all {
		headers := map[string]string{}
		for name := range m.header() {
			headers[strings.ToLower(name)] = m.header().Get(name)
		}
		questions = append(questions, asked{Secret: secrets[i], Headers: headers, Body: m.body})
	}
	answers := askNode(t, questions)
	if len(answers) != len(all) {
		t.Fatalf("%d answers to %d messages", len(answers), len(all))
	}
	for i, m := range all {
		if m.readable && (answers[i] == "") != m.good {
			t.Errorf("%s: it says %q", m.name, answers[i])
		}
	}
}

// askNode returns what the library says about each message; empty: it takes it.
func askNode(t *testing.T, questions []asked) (answers []string) {
	t.Helper()
	input, err := json.Marshal(questions)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), programLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", "official.mjs")
	cmd.Stdin = bytes.NewReader(input)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	if err := json.Unmarshal(out, &answers); err != nil {
		t.Fatal(err)
	}
	return answers
}
