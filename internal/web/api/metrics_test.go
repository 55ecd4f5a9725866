package api

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// counted reads the series of the request counter that are not zero: labels and value.
func counted(t *testing.T, f *fixture) map[string]string {
	t.Helper()
	got := f.get(t, "/metrics")
	if got.status != 200 || !strings.HasPrefix(got.header.Get("Content-Type"), "text/plain") {
		t.Fatalf("status %d, header %v", got.status, got.header)
	}
	series := map[string]string{}
	line := regexp.MustCompile(`(?m)^accesscodes_http_request_duration_seconds_count\{(.*)\} (\d+)$`)
	for _, match := range line.FindAllStringSubmatch(got.body, -1) {
		if match[2] != "0" {
			series[match[1]] = match[2]
		}
	}
	return series
}

func TestRequestsAreCountedByRoute(t *testing.T) {
	f := newFixture(t)
	f.post(t, addPath, `{"code":"A","type":"Normal"}`)
	f.post(t, addPath, `{"code":"B","type":"Normal"}`)
	f.post(t, addPath, `{"code":"a","type":"Normal"}`)
	f.post(t, generatePath, `{"type":"Normal"}`)
	f.post(t, generatePath, `{"type":"Normal"}`, without("X-Api-Key"))
	f.get(t, addPath)
	f.get(t, "/tenant-codes/A")
	f.send(t, "BREW", "/tenant-codes/B", "")
	f.get(t, "/codes/A")
	f.send(t, "BREW", "/codes/B", "")
	f.send(t, "STEEP", "/livez", "")
	f.get(t, "/docs/start.js")
	want := map[string]string{
		`method="POST",route="/tenant-codes/add",status="200"`:      "2",
		`method="POST",route="/tenant-codes/add",status="400"`:      "1",
		`method="POST",route="/tenant-codes/generate",status="200"`: "1",
		`method="POST",route="/tenant-codes/generate",status="401"`: "1",
		`method="GET",route="/tenant-codes/add",status="405"`:       "1",
		`method="GET",route="/tenant-codes/{code}",status="401"`:    "1",
		`method="other",route="/tenant-codes/{code}",status="405"`:  "1",
		`method="GET",route="(none)",status="404"`:                  "1",
		`method="other",route="(none)",status="404"`:                "1",
		`method="other",route="/livez",status="405"`:                "1",
		`method="GET",route="/docs/start.js",status="200"`:          "1",
	}
	if diff := cmp.Diff(want, counted(t, f)); diff != "" {
		t.Errorf("series (-want +got):\n%s", diff)
	}
}

// TestRefusalsAreCountedByReason: what was not there or could not be used, and nothing else that
// went wrong.
func TestRefusalsAreCountedByReason(t *testing.T) {
	f := newFixture(t)
	f.add(t, "ONE", `"type":"Normal","maxRedemptions":1`)
	for _, body := range []string{
		`{"code":"ONE","userId":"ada"}`, `{"code":"ONE","userId":"bob"}`, `{"code":"NONE","userId":"bob"}`,
		`{"code":"","userId":"bob"}`,
	} {
		f.post(t, "/tenant-codes/redeem", body)
		f.post(t, "/tenant-codes/validate", body)
		f.post(t, "/tenant-codes/validate", body)
		f.post(t, "/tenant-codes/reserve", body)
	}
	f.post(t, "/tenant-codes/validate", `{"code":"NONE"}`, without("X-Api-Key"))
	f.post(t, addPath, `{"code":"ONE","type":"Normal"}`)
	f.call(t, "GET", "/tenant-codes/NONE", "")
	want := map[string]string{
		`reason="already_redeemed",route="/tenant-codes/validate"`: "2",
		`reason="code_exhausted",route="/tenant-codes/validate"`:   "2",
		`reason="code_not_found",route="/tenant-codes/validate"`:   "2",
		`reason="code_exhausted",route="/tenant-codes/redeem"`:     "1",
		`reason="code_not_found",route="/tenant-codes/redeem"`:     "1",
		`reason="code_exhausted",route="/tenant-codes/reserve"`:    "2",
		`reason="code_not_found",route="/tenant-codes/reserve"`:    "1",
	}
	got := map[string]string{}
	line := regexp.MustCompile(`(?m)^accesscodes_refusals_total\{(.*)\} (\d+)$`)
	for _, match := range line.FindAllStringSubmatch(f.get(t, "/metrics").body, -1) {
		got[match[1]] = match[2]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("refusals (-want +got):\n%s", diff)
	}
}

func TestMetricsHoldNoValueThatACallerSent(t *testing.T) {
	f := newFixture(t)
	const marker = "Zq7MarkerZq7"
	value := f.post(t, generatePath, `{"type":"Normal","note":"`+marker+`"}`, with("Idempotency-Key", marker),
		with("X-Request-Id", marker)).generated(t)
	f.post(t, addPath, `{"code":"`+marker+`","type":"Normal","recipient":"`+marker+`"}`)
	f.post(t, addPath, `{"`+marker+`":1}`, with("Content-Type", marker))
	f.post(t, addPath, `{}`, with("X-Api-Key", marker))
	f.get(t, "/tenant-codes/"+marker+"?"+marker)
	f.send(t, marker, "/livez", "")
	got := f.get(t, "/metrics").body
	if !strings.Contains(got, "accesscodes_http_request_duration_seconds_bucket") {
		t.Fatalf("body %s", got)
	}
	for _, secret := range []string{marker, value, f.secret, f.key.Display} {
		if strings.Contains(strings.ToLower(got), strings.ToLower(secret)) {
			t.Errorf("the metrics contain %s:\n%s", secret, got)
		}
	}
	for _, label := range regexp.MustCompile(`(\w+)="`).FindAllStringSubmatch(got, -1) {
		if !slices.Contains([]string{"method", "route", "status", "le", "reason"}, label[1]) {
			t.Errorf("label %s", label[1])
		}
	}
}
