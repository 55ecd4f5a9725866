package kit

import (
	"net/http"
	"testing"
)

func TestAcceptEncodingIsUnderstood(t *testing.T) {
	for value, want := range map[string]bool{
		"": false, "gzip": true, "GZIP": true, "br, gzip;q=0.5": true,
		"gzip;q=0": false, "gzip; q=0.000": false,
		"*": true, "*;q=0": false,
		"*;q=0, gzip": true, "gzip;q=0, *": false, "identity": false, "br": false, "gzip;q=x": false,
	} {
		if got := acceptsGzip(http.Header{"Accept-Encoding": {value}}); got != want {
			t.Errorf("%q: %v", value, got)
		}
	}
}
