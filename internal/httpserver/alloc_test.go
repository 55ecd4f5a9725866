package httpserver

import (
	"context"
	"net/http"
	"testing"

	"github.com/valyala/fasthttp"

	"accesscodes/internal/alloctest"
)

// limitOfRequest is what may be allocated for showing a request like the one before as one of
// net/http, and its answer to fasthttp.
const limitOfRequest = 0

var hot = []alloctest.Function{{Name: "Request", Start: request, Limit: limitOfRequest}}

func TestHotFunctionsKeepToTheirAllocations(t *testing.T) { alloctest.Hold(t, hot) }

func BenchmarkHot(b *testing.B) { alloctest.Measure(b, hot) }

func request(t testing.TB) func() {
	var asked fasthttp.Request
	asked.Header.SetMethod(http.MethodPost)
	asked.SetRequestURI("/tenant-codes/generate")
	for name, value := range map[string]string{"Host": "x", "Content-Type": "application/json", "X-Api-Key": "ack_0123456789abcdefghijklmnopqrstuvwxyz", "Accept": "*/*"} {
		asked.Header.Set(name, value)
	}
	var ctx fasthttp.RequestCtx
	ctx.Init(&asked, nil, nil)
	var e exchange
	e.prepare(context.Background(), "127.0.0.1:1")
	kind, id, body := []string{"application/json"}, []string{"k3v9xq2m7pdw-1f"}, []byte(`{"code":"CODE-ABCD-EFGH"}`)
	return func() {
		ctx.Response.Reset()
		if !e.begin(&ctx) || e.request.Header.Get("X-Api-Key") == "" {
			t.Fatal("the request was not read")
		}
		e.Header()["Content-Type"], e.Header()["X-Request-Id"] = kind, id
		if _, err := e.Write(body); err != nil {
			t.Fatal(err)
		}
	}
}
