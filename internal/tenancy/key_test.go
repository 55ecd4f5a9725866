package tenancy_test

import (
	"bytes"
	"crypto/sha256"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/tenancy"
)

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// checksum is the CRC-32 of a key's random characters, written here a second time from
// its definition: IEEE 802.3, bit by bit, least significant bit first; six base62
// digits, most significant first.
func checksum(random string) string {
	crc := ^uint32(0)
	for _, b := range []byte(random) {
		crc ^= uint32(b)
		for range 8 {
			lowest := crc & 1
			crc >>= 1
			if lowest == 1 {
				crc ^= 0xEDB88320
			}
		}
	}
	crc = ^crc
	digits := ""
	for range 6 {
		digits = string(base62[crc%62]) + digits
		crc /= 62
	}
	return digits
}

func TestASecretIsRandomWithAChecksum(t *testing.T) {
	w := newWorld(t)
	shape := regexp.MustCompile(`^ack_[0-9A-Za-z]{36}$`)
	seen := map[string]bool{}
	for range 20 {
		key, secret := w.key(t, "acme", tenancy.NewKey{Name: "CRM", Role: tenancy.RoleFull})
		if !shape.MatchString(secret) || seen[secret] {
			t.Fatalf("secret %s", secret)
		}
		seen[secret] = true
		if got, want := secret[34:], checksum(secret[4:34]); got != want {
			t.Errorf("the checksum of %s should be %s", secret, want)
		}
		if want := secret[:8] + "…" + secret[36:]; key.Display != want {
			t.Errorf("%s is shown as %s, want %s", secret, key.Display, want)
		}
		if key.Hash != sha256.Sum256([]byte(secret)) {
			t.Errorf("the hash of %s is not its SHA-256", secret)
		}
	}
}

// secretsOnly gives its bytes to what draws secrets, and others to everything else.
type secretsOnly struct{ io.Reader }

func (r secretsOnly) Read(p []byte) (int, error) {
	if len(p) == 30 { // the random characters of a secret
		return r.Reader.Read(p)
	}
	return core.SystemEntropy().Read(p)
}

// TestEachSymbolOfASecretIsEquallyLikely: 256 is no multiple of 62, so the bytes from
// 248 on must be drawn again.
func TestEachSymbolOfASecretIsEquallyLikely(t *testing.T) {
	w := newWorld(t)
	source := make([]byte, 256, 512) // every byte once, then zeros
	for i := range source {
		source[i] = byte(i)
	}
	w.entropy = secretsOnly{bytes.NewReader(source[:512])}
	drawn := ""
	for range 9 {
		_, secret := w.key(t, "acme", tenancy.NewKey{Name: "CRM", Role: tenancy.RoleFull})
		drawn += secret[4:34]
	}
	if want := strings.Repeat(base62, 4) + strings.Repeat("0", 9*30-4*62); drawn != want {
		t.Errorf("drew %s, want %s", drawn, want)
	}
}

func TestAMistypedSecretIsRefusedWithoutALookUp(t *testing.T) {
	w := newWorld(t)
	_, secret := w.key(t, "acme", tenancy.NewKey{Name: "CRM", Role: tenancy.RoleFull})
	service := newFakeService(t, &fakeStore{callerByHash: func(tenancy.KeyHash) (*tenancy.Caller, error) {
		t.Error("the store was asked")
		return nil, core.ErrNotFound
	}})
	typos := []string{
		"", "ack_", secret[:39], secret + "0", " " + secret[1:], strings.ToUpper(secret),
		secret[:20] + "é" + secret[22:],
	}
	for i := range secret {
		for _, symbol := range []byte(base62) {
			if symbol != secret[i] {
				typos = append(typos, secret[:i]+string(symbol)+secret[i+1:])
			}
		}
		if i > 0 && secret[i] != secret[i-1] {
			typos = append(typos, secret[:i-1]+string(secret[i])+string(secret[i-1])+secret[i+1:])
		}
	}
	for _, typo := range typos {
		_, err := service.Authenticate(t.Context(), typo)
		checkError(t, err, core.KindUnauthenticated, core.ReasonInvalidAPIKey)
	}
}

func TestOnlyTheHashOfASecretIsStored(t *testing.T) {
	w := newWorld(t)
	key, secret := w.key(t, "acme", tenancy.NewKey{Name: "CRM", Role: tenancy.RoleFull})
	w.login(t, secret)
	files, err := filepath.Glob(w.path + "*") // the write-ahead log too
	if err != nil {
		t.Fatal(err)
	}
	hashFound := false
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for what, part := range map[string]string{"the secret": secret, "its random part": secret[4:34]} {
			if bytes.Contains(content, []byte(part)) {
				t.Errorf("%s is in %s", what, name)
			}
		}
		hashFound = hashFound || bytes.Contains(content, key.Hash[:])
	}
	if !hashFound {
		t.Errorf("the hash is in none of %v", files)
	}
}

func TestAKeyIsCheckedBeforeItIsStored(t *testing.T) {
	w := newWorld(t)
	tests := []struct {
		name     string
		req      tenancy.NewKey
		pointers []string
	}{
		{"no name", tenancy.NewKey{Role: tenancy.RoleFull}, []string{"/name"}},
		{"long name", tenancy.NewKey{Name: strings.Repeat("n", 101), Role: tenancy.RoleFull}, []string{"/name"}},
		{"control character in the name", tenancy.NewKey{Name: "a\x00", Role: tenancy.RoleFull}, []string{"/name"}},
		{"no role", tenancy.NewKey{Name: "CRM"}, []string{"/role"}},
		{"unknown role", tenancy.NewKey{Name: "CRM", Role: "admin"}, []string{"/role"}},
		{"role in another case", tenancy.NewKey{Name: "CRM", Role: "Full"}, []string{"/role"}},
		{"a permission is not a role", tenancy.NewKey{Name: "CRM", Role: "manage"}, []string{"/role"}},
		{"expires now", tenancy.NewKey{Name: "CRM", Role: tenancy.RoleFull, ExpiresAt: after(0)}, []string{"/expiresAt"}},
		{
			"expired",
			tenancy.NewKey{Name: "CRM", Role: tenancy.RoleFull, ExpiresAt: after(-time.Second)},
			[]string{"/expiresAt"},
		},
		{"everything", tenancy.NewKey{ExpiresAt: after(0)}, []string{"/name", "/role", "/expiresAt"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, secret, err := w.CreateKey(t.Context(), "acme", test.req)
			checkError(t, err, core.KindInvalid, core.ReasonInvalidValue, test.pointers...)
			if secret != "" {
				t.Errorf("there is a secret: %s", secret)
			}
		})
	}
	if keys, err := w.Keys(t.Context(), "acme"); err != nil || len(keys) != 1 {
		t.Errorf("%d keys, %v; want only the first", len(keys), err)
	}
	w.key(t, "acme", tenancy.NewKey{
		Name: strings.Repeat("é", 100), Role: tenancy.RoleRead, ExpiresAt: after(time.Microsecond),
	})
}
