package console

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
)

// TestSettingUpTwiceMakesOneKey: by a double click, and in a second tab later.
func TestSettingUpTwiceMakesOneKey(t *testing.T) {
	o := newOffice(t)
	const path = "/console/w/acme/welcome"
	form := url.Values{"name": {"Acme"}, "prefix": {"KITE"}, "groups": {"2"}, "groupLength": {"4"}}
	pages := make([]string, 4)
	var all sync.WaitGroup
	for i := range pages {
		all.Go(func() {
			if status, _, body := o.mara.do(http.MethodPost, path, form); status == http.StatusOK {
				pages[i] = body
			}
		})
	}
	all.Wait()
	keys, err := o.tenancy.Keys(t.Context(), "acme")
	if err != nil || len(keys) != 1 {
		t.Fatalf("%d keys, %v", len(keys), err)
	}
	shown := 0
	for _, page := range pages {
		if strings.Contains(page, "X-Api-Key") {
			shown++
		} else {
			o.mara.has(path, page, "it was shown once", "/console/w/acme/keys/new")
		}
	}
	if shown != 1 {
		t.Errorf("%d pages show the key", shown)
	}
	codes := slices.Compact(heroes(pages...))
	if len(codes) != 1 || !strings.HasPrefix(codes[0], "KITE-") {
		t.Errorf("the codes %v", codes)
	}
	if again := heroes(o.mara.answered(path, form, http.StatusOK, "it was shown once")); !slices.Equal(again, codes) {
		t.Errorf("later: %v, want %v", again, codes)
	}
}

// heroes are the codes that pages offer to copy.
func heroes(pages ...string) (all []string) {
	for _, page := range pages {
		_, rest, _ := strings.Cut(page, `data-copy="`)
		code, _, _ := strings.Cut(rest, `"`)
		all = append(all, code)
	}
	return all
}
