package kit

import (
	"crypto/rand"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
)

// maxRequestIDLength is the longest X-Request-Id that is taken over from a caller.
const maxRequestIDLength = 128

// requestIDs names requests: the caller's name if it is sane and holds no API key, else a random prefix
// of this process and a counter, which needs no randomness per request.
type requestIDs struct {
	prefix string
	count  *atomic.Uint64
	secret func(text string) bool // whether a text holds an API key; nil: none does
}

func newRequestIDs(secret func(string) bool) requestIDs {
	return requestIDs{prefix: strings.ToLower(rand.Text()[:12]) + "-", count: new(atomic.Uint64), secret: secret}
}

func (ids requestIDs) of(r *http.Request) string {
	if id := r.Header.Get("X-Request-Id"); saneRequestID(id) && (ids.secret == nil || !ids.secret(id)) {
		return id
	}
	return ids.prefix + strconv.FormatUint(ids.count.Add(1), 36)
}

// saneRequestID: letters, digits and -._~:/+=@ only, so that an id can stand in a log
// and a header without escaping.
func saneRequestID(id string) bool {
	if id == "" || len(id) > maxRequestIDLength {
		return false
	}
	for i := range len(id) {
		b := id[i]
		letter := 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9'
		if !letter && strings.IndexByte("-._~:/+=@", b) < 0 {
			return false
		}
	}
	return true
}
