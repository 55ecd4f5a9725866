package webhooks

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"accesscodes/internal/webhook"
)

const (
	messageID = "01a20ecb-8a5e-70b9-a04e-2c5dbd4ee6d0"
	event     = `{"id":"` + messageID + `","type":"code.revoked","subject":{"kind":"code","id":"ACME-Äß😀"},"data":{}}`
)

// message is one webhook as a receiver gets it.
type message struct {
	name       string
	id         string // this and the next two: empty if the header is missing
	timestamp  string
	signatures string
	body       string
	good       bool // a receiver takes it
	// readable: the header is well-formed but wrong. The official libraries are lenient about others.
	readable bool
}

func (m message) header() http.Header {
	header := http.Header{"Content-Type": {"application/json"}}
	for name, value := range map[string]string{
		"webhook-id": m.id, "webhook-timestamp": m.timestamp, "webhook-signature": m.signatures,
	} {
		if value != "" {
			header.Set(name, value)
		}
	}
	return header
}

// signed returns a good message of this age.
func signed(t *testing.T, name, body string, age time.Duration, secrets ...string) message {
	t.Helper()
	at := time.Now().Add(-age)
	signatures, err := webhook.Signatures(secrets, messageID, at, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return message{
		name: name, id: messageID, timestamp: seconds(at), signatures: signatures, body: body,
		good: true, readable: true,
	}
}

// messages returns good and bad messages for a receiver that knows the secret.
func messages(t *testing.T, secret string) []message {
	t.Helper()
	other := newSecret(t)
	refused := func(m message) message { m.good = false; return m }
	all := []message{
		signed(t, "good", event, 0, secret),
		signed(t, "spaces and line breaks", " "+strings.ReplaceAll(event, ",", ",\r\n\t")+"\n", 0, secret),
		signed(t, "long", event+strings.Repeat(" ", 100_000), 0, secret),
		signed(t, "nearly too old", event, 270*time.Second, secret),
		signed(t, "nearly too new", event, -299*time.Second, secret),
		signed(t, "rotation, the first is known", event, 0, secret, other),
		signed(t, "rotation, the second is known", event, 0, other, secret),
		refused(signed(t, "too old", event, 302*time.Second, secret)),
		refused(signed(t, "a day old", event, 24*time.Hour, secret)),
		refused(signed(t, "too new", event, -330*time.Second, secret)),
		refused(signed(t, "another secret", event, 0, other)),
		refused(signed(t, "two other secrets", event, 0, other, newSecret(t))),
	}
	all = append(all, damaged(signed(t, "", event, 0, secret))...)
	return append(all, malformed(t, secret)...)
}

// damaged returns what is not good any more of a good message.
func damaged(good message) (all []message) {
	bare := strings.TrimPrefix(good.signatures, "v1,")
	for name, damage := range map[string]func(*message){
		"a byte more":             func(m *message) { m.body += " " },
		"another code":            func(m *message) { m.body = strings.Replace(m.body, "ACME", "EVIL", 1) },
		"no body":                 func(m *message) { m.body = "" },
		"another id":              func(m *message) { m.id = "01a20ecb-8a5e-70b9-a04e-2c5dbd4ee6d1" },
		"another time":            func(m *message) { m.timestamp = seconds(time.Now().Add(-time.Minute)) },
		"another version":         func(m *message) { m.signatures = "v2," + bare },
		"no version":              func(m *message) { m.signatures = bare },
		"half a signature":        func(m *message) { m.signatures = m.signatures[:20] },
		"an empty signature":      func(m *message) { m.signatures = "v1," },
		"no ASCII":                func(m *message) { m.signatures = "v1,Äß" },
		"a wrong, long list":      func(m *message) { m.signatures = strings.Repeat("v1,AAAA= ", 8) },
		"a pattern of file names": func(m *message) { m.signatures = "*" },
	} {
		m := good
		m.name, m.good = name, false
		damage(&m)
		all = append(all, m)
	}
	return all
}

// malformed returns messages whose headers are none, though signed.
func malformed(t *testing.T, secret string) (all []message) {
	t.Helper()
	now := time.Now().Unix()
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		t.Fatal(err)
	}
	for name, timestamp := range map[string]string{
		"no timestamp":          "",
		"a time in words":       "now",
		"a time that is none":   "NaN",
		"a time with a sign":    "+" + strconv.FormatInt(now, 10),
		"a time with a part":    strconv.FormatInt(now, 10) + ".0",
		"a time with an e":      strconv.FormatInt(now, 10) + "e0",
		"a time in hexadecimal": "0x" + strconv.FormatInt(now, 16),
		"a time as a sum":       strconv.FormatInt(now-1, 10) + "+1",
		"a time in other digits": strings.Map(func(r rune) rune { return '٠' + r - '0' },
			strconv.FormatInt(now, 10)),
		"a huge time": strings.Repeat("9", 30),
	} {
		all = append(all, signedByHand(name, messageID, timestamp, key))
	}
	unsigned := signedByHand("no signature", messageID, strconv.FormatInt(now, 10), key)
	unsigned.signatures = ""
	return append(all, unsigned, signedByHand("no id", "", strconv.FormatInt(now, 10), key))
}

// signedByHand signs also what the server would not sign.
func signedByHand(name, id, timestamp string, key []byte) message {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + timestamp + "." + event))
	signature := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	return message{name: name, id: id, timestamp: timestamp, signatures: signature, body: event}
}

// signedByNothing is signed by the key that an empty secret stands for.
func signedByNothing() message {
	return signedByHand("signed by nothing", messageID, seconds(time.Now()), nil)
}

func newSecret(t *testing.T) string {
	t.Helper()
	secret, err := webhook.NewSecret(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

func seconds(at time.Time) string { return strconv.FormatInt(at.Unix(), 10) }
