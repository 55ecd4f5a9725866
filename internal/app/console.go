package app

import (
	"net/http"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/member"
	"accesscodes/internal/web/console"
)

func newPeople(store member.Store) (*member.People, error) {
	return member.New(member.Deps{Store: store, Now: time.Now, Entropy: core.SystemEntropy(), NewID: newID})
}

// beside serves the console's addresses beside those of the API.
type beside struct{ console, api handler }

// ServeHTTP implements [http.Handler].
func (b beside) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if console.Serves(r.URL.Path) {
		b.console.ServeHTTP(w, r)
		return
	}
	b.api.ServeHTTP(w, r)
}

// Drain implements handler.
func (b beside) Drain() {
	b.console.Drain()
	b.api.Drain()
}
