package app

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// certificateFiles are a certificate with its key, in files.
type certificateFiles struct{ cert, key string }

func newCertificateFiles(t *testing.T) certificateFiles {
	t.Helper()
	folder := t.TempDir()
	return certificateFiles{filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")}
}

// write writes a new certificate with this serial number, last changed at this second.
func (f certificateFiles) write(t *testing.T, serial int64) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotAfter: time.Now().Add(time.Hour),
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	f.put(t, f.cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}), serial)
	f.put(t, f.key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded}), serial)
}

func (f certificateFiles) put(t *testing.T, name string, text []byte, second int64) {
	t.Helper()
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(name, time.Unix(second, 0), time.Unix(second, 0)); err != nil {
		t.Fatal(err)
	}
}

func serialOf(t *testing.T, c *certificate) int64 {
	t.Helper()
	got, err := c.get(nil)
	if err != nil {
		t.Fatal(err)
	}
	return got.Leaf.SerialNumber.Int64()
}

func TestACertificateIsReadAgainWhenItsFilesChange(t *testing.T) {
	files := newCertificateFiles(t)
	files.write(t, 1)
	now := time.Now()
	var log bytes.Buffer
	clock := func() time.Time { return now }
	c, err := loadCertificate(files.cert, files.key, clock, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	check := func(step string, want int64, errors int) {
		t.Helper()
		if got := serialOf(t, c); got != want {
			t.Errorf("%s: certificate %d, want %d", step, got, want)
		}
		if got := strings.Count(log.String(), "level=ERROR"); got != errors {
			t.Errorf("%s: %d errors were logged, want %d:\n%s", step, got, errors, log.String())
		}
	}
	check("at first", 1, 0)
	files.write(t, 2)
	check("changed just now", 1, 0)
	now = now.Add(certificateInterval)
	check("changed", 2, 0)

	files.put(t, files.cert, []byte("nonsense"), 3)
	now = now.Add(certificateInterval)
	check("a bad file", 2, 1)
	now = now.Add(certificateInterval)
	check("a bad file, seen before", 2, 1)
	files.write(t, 4)
	now = now.Add(certificateInterval)
	check("mended", 4, 1)

	other := newCertificateFiles(t)
	other.write(t, 5)
	text, err := os.ReadFile(other.key)
	if err != nil {
		t.Fatal(err)
	}
	files.put(t, files.key, text, 5)
	now = now.Add(certificateInterval)
	check("the key of another", 4, 2)
	if err := os.Remove(files.cert); err != nil {
		t.Fatal(err)
	}
	now = now.Add(certificateInterval)
	check("a file that is gone", 4, 3)
}

func TestACertificateThatCannotBeReadIsAnErrorAtTheStart(t *testing.T) {
	files := newCertificateFiles(t)
	check := func(what string) {
		t.Helper()
		_, err := loadCertificate(files.cert, files.key, time.Now, slog.New(slog.DiscardHandler))
		if err == nil || !strings.Contains(err.Error(), files.cert) {
			t.Errorf("%s: %v", what, err)
		}
	}
	check("no files")
	files.put(t, files.cert, []byte("nonsense"), 1)
	files.put(t, files.key, []byte("nonsense"), 1)
	check("nonsense")
}

func TestTLSServesHTTP2AndRefusesOldVersions(t *testing.T) {
	files := newCertificateFiles(t)
	files.write(t, 1)
	c, err := loadCertificate(files.cert, files.key, time.Now, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	begun := make(chan struct{})
	r := startServer(t, 10, c, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Proto)
		if r.URL.Path == "/stream" {
			_ = http.NewResponseController(w).Flush()
			close(begun)
			<-r.Context().Done()
		}
	})
	call := func(config *tls.Config, http2 bool, path string) (*http.Response, error) {
		config.InsecureSkipVerify = true // a certificate of its own
		transport := &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: http2}
		t.Cleanup(transport.CloseIdleConnections)
		return (&http.Client{Transport: transport, Timeout: patience}).Get("https://" + r.address + path)
	}
	for _, test := range []struct {
		config *tls.Config
		http2  bool
		want   string
	}{
		{&tls.Config{}, true, "HTTP/2.0"},
		{&tls.Config{}, false, "HTTP/1.1"},
		{&tls.Config{MaxVersion: tls.VersionTLS12}, true, "HTTP/2.0"},
	} {
		response, err := call(test.config, test.http2, "/")
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(response.Body); string(body) != test.want || err != nil {
			t.Errorf("got %q, %v, want %q", body, err, test.want)
		}
	}
	if _, err := call(&tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, true, "/"); err == nil {
		t.Error("TLS 1.1 was taken")
	}

	// What a drain cuts off does not look complete here either.
	response, err := call(&tls.Config{}, true, "/stream")
	if err != nil {
		t.Fatal(err)
	}
	<-begun
	if err := r.drain(50 * time.Millisecond); err == nil {
		t.Error("the drain did not wait for the stream")
	}
	if rest, err := io.ReadAll(response.Body); err == nil {
		t.Errorf("the answer looks complete, with %q", rest)
	}
}
