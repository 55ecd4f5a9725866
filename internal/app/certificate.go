package app

import (
	"crypto/tls"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"time"
)

// certificateInterval is how often, at most, the files of a certificate are looked at.
const certificateInterval = 2 * time.Second

// certificate is a certificate with its key, read again when its files change. It is safe for
// concurrent use.
type certificate struct {
	certFile, keyFile string
	log               *slog.Logger
	now               func() time.Time

	mu      sync.Mutex
	loaded  *tls.Certificate
	stamps  [2]stamp  // of the files that were read last
	checked time.Time // when the files were last looked at
}

// stamp tells whether a file has changed.
type stamp struct {
	modified time.Time
	size     int64
}

func loadCertificate(certFile, keyFile string, now func() time.Time, log *slog.Logger) (*certificate, error) {
	c := &certificate{certFile: certFile, keyFile: keyFile, log: log, now: now, checked: now()}
	stamps, err := c.look()
	if err != nil {
		return nil, fmt.Errorf("read the certificate: %w", err)
	}
	c.stamps = stamps
	if err := c.load(); err != nil {
		return nil, err
	}
	return c, nil
}

// get returns the certificate for a handshake. Files that cannot be used leave the one before
// in place.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	if now.Sub(c.checked) < certificateInterval {
		return c.loaded, nil
	}
	c.checked = now
	stamps, err := c.look()
	if err == nil && stamps == c.stamps {
		return c.loaded, nil
	}
	if err == nil {
		c.stamps = stamps // files that are wrong are reported once, not at each look
		err = c.load()
	}
	if err != nil {
		c.log.Error("the new certificate cannot be used; the one before still is", "error", err.Error())
	} else {
		c.log.Info("certificate read again", "file", c.certFile)
	}
	return c.loaded, nil
}

func (c *certificate) look() (stamps [2]stamp, err error) {
	for i, name := range []string{c.certFile, c.keyFile} {
		var info fs.FileInfo
		if info, err = os.Stat(name); err != nil {
			return stamps, err
		}
		stamps[i] = stamp{info.ModTime(), info.Size()}
	}
	return stamps, nil
}

func (c *certificate) load() error {
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return fmt.Errorf("read the certificate %s with the key %s: %w", c.certFile, c.keyFile, err)
	}
	c.loaded = &pair
	return nil
}
