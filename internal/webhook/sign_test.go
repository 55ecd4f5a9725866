package webhook

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// The vector of Standard Webhooks' own tests.
const (
	vectorSecret    = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	vectorID        = "msg_p5jXN8AQM9LWM0D4loKWxJek"
	vectorBody      = `{"test": 2432232314}`
	vectorSignature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
)

var vectorTime = time.Unix(1614265330, 0)

func TestSignaturesOfStandardWebhooks(t *testing.T) {
	got, err := Signatures([]string{vectorSecret}, vectorID, vectorTime, []byte(vectorBody))
	if err != nil || got != vectorSignature {
		t.Errorf("got %q, %v, want %q", got, err, vectorSignature)
	}
}

func TestSignaturesCountWholeSeconds(t *testing.T) {
	at := vectorTime.Add(time.Second - 1).In(time.FixedZone("", 3600))
	got, err := Signatures([]string{vectorSecret}, vectorID, at, []byte(vectorBody))
	if err != nil || got != vectorSignature {
		t.Errorf("got %q, %v, want %q", got, err, vectorSignature)
	}
}

func TestEachSecretSigns(t *testing.T) {
	other := newSecret(t)
	both, err := Signatures([]string{other, vectorSecret}, vectorID, vectorTime, []byte(vectorBody))
	if err != nil {
		t.Fatal(err)
	}
	alone, err := Signatures([]string{other}, vectorID, vectorTime, []byte(vectorBody))
	if err != nil {
		t.Fatal(err)
	}
	if want := alone + " " + vectorSignature; both != want {
		t.Errorf("got %q, want %q", both, want)
	}
}

func TestSignaturesRefuse(t *testing.T) {
	for name, c := range map[string]struct {
		secrets []string
		id      string
	}{
		"no secret":                  {nil, vectorID},
		"a secret without prefix":    {[]string{strings.TrimPrefix(vectorSecret, "whsec_")}, vectorID},
		"a secret that is no base64": {[]string{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa!!"}, vectorID},
		"a secret without a key":     {[]string{"whsec_"}, vectorID},
		"one bad secret of two":      {[]string{vectorSecret, "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}, vectorID},
		"an id with a full stop":     {[]string{vectorSecret}, "msg.1"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Signatures(c.secrets, c.id, vectorTime, nil)
			if err == nil || got != "" {
				t.Fatalf("got %q, %v, want an error", got, err)
			}
			if strings.Contains(err.Error(), "MfKQ9r8") {
				t.Errorf("the error repeats the secret: %v", err)
			}
		})
	}
}

func TestNewSecret(t *testing.T) {
	key := bytes.Repeat([]byte{0xfb}, 32)
	got, err := NewSecret(bytes.NewReader(key))
	if want := "whsec_" + base64.StdEncoding.EncodeToString(key); err != nil || got != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	if first, second := newSecret(t), newSecret(t); first == second {
		t.Errorf("the same secret twice: %s", first)
	}
}

func TestNewSecretNeedsAllItsEntropy(t *testing.T) {
	for name, entropy := range map[string]io.Reader{
		"too little": bytes.NewReader(make([]byte, 31)),
		"broken":     iotest.ErrReader(io.ErrClosedPipe),
	} {
		if got, err := NewSecret(entropy); err == nil || got != "" {
			t.Errorf("%s: got %q, %v, want an error", name, got, err)
		}
	}
}

func newSecret(t *testing.T) string {
	t.Helper()
	secret, err := NewSecret(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return secret
}
