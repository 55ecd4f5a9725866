package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// consolePages measures the pages of the console with many codes, each redeemed once: what a page takes
// on the server, and the bytes of a first visit.
type consolePages struct{}

func (consolePages) title() string { return "console" }

// pagesOfConsole are the pages that are measured, below the workspace, by the names that results have.
var pagesOfConsole = []struct{ name, path string }{
	{"overview", ""},
	{"codes", "/codes"},
	{"codes, status active", "/codes?status=active"},
	{"codes, text", "/codes?q=" + benchCode(7)[:7]},
	{"a code", "/codes/" + benchCode(7)},
	{"a code of a batch", "/codes/" + codeOfBatch},
	{"why, right", "/why?typed=" + benchCode(7) + "&user=somebody"},
	{"why, mistyped", "/why?typed=" + benchCode(7) + "A"},
	{"users", "/users"},
	{"a user", "/users/user-7"},
	{"batches", "/batches"},
	{"activity", "/activity"},
	{"keys", "/keys"},
	{"settings", "/settings"},
}

// codeOfBatch stands for a code of a batch of so many in the path of a page.
const (
	codeOfBatch = "{code of a batch}"
	batchSize   = 100_000
)

// pageVisits is how often a page is opened in a run.
const pageVisits = 20

func (consolePages) measure(ctx context.Context, b *bench) (results []result, err error) {
	engines, err := b.engines(ctx, "console")
	if err != nil {
		return nil, err
	}
	visitors := map[string]*visitor{}
	for _, e := range engines {
		fmt.Printf("  filling %s with %s codes and redemptions\n", e.name, count(b.rows))
		if err := (filling{count: b.rows, once: true}).fill(ctx, e.address); err != nil {
			return nil, fmt.Errorf("fill the database: %w", err)
		}
		if err := redeemAll(ctx, e.server, b.rows); err != nil {
			return nil, err
		}
		if visitors[e.name], err = newVisitor(ctx, e.server); err != nil {
			return nil, err
		}
		if visitors[e.name].batchCode, err = e.server.makeBatch(ctx); err != nil {
			return nil, err
		}
		if err := visitors[e.name].waitForCounts(ctx); err != nil {
			return nil, err
		}
	}
	for _, page := range pagesOfConsole {
		fmt.Printf(" %s\n", page.name)
		var subjects []subject
		for _, e := range engines {
			v := visitors[e.name]
			subjects = append(subjects, subject{e.name, func(ctx context.Context, _ int) (reading, error) {
				return v.visit(ctx, strings.Replace(page.path, codeOfBatch, v.batchCode, 1))
			}})
		}
		measured, err := inTurn(ctx, "console: "+page.name, b.runs, subjects)
		if err != nil {
			return nil, err
		}
		results = append(results, measured)
	}
	size, err := visitors[engines[0].name].firstVisit(ctx)
	if err != nil {
		return nil, err
	}
	fmt.Printf("  a first visit takes %.1f KB, compressed: the overview, its styles, scripts and fonts\n",
		float64(size)/1000)
	return results, nil
}

// redeemAll redeems each of the first codes once, by a user of its own.
func redeemAll(ctx context.Context, s *process, count int) error {
	var next atomic.Int64
	var failed atomic.Pointer[error]
	var wait sync.WaitGroup
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	for range 64 {
		wait.Go(func() {
			for n := int(next.Add(1)) - 1; n < count && failed.Load() == nil; n = int(next.Add(1)) - 1 {
				if err := redeemOne(ctx, client, s, n); err != nil {
					failed.Store(&err)
				}
			}
		})
	}
	wait.Wait()
	if err := failed.Load(); err != nil {
		return *err
	}
	return nil
}

func redeemOne(ctx context.Context, client *http.Client, s *process, n int) error {
	body := fmt.Sprintf(`{"code":%q,"userId":"user-%d"}`, benchCode(n), n)
	address := s.url + "/tenant-codes/redeem"
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Api-Key", s.key)
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("redeem: %s: %s", response.Status, text)
	}
	return errors.Join(err, response.Body.Close())
}

// makeBatch makes a batch and returns one of its codes.
func (p *process) makeBatch(ctx context.Context) (string, error) {
	var made wireJob
	body := fmt.Sprintf(`{"count":%d,"type":"Normal"}`, batchSize)
	if err := p.call(ctx, http.MethodPost, "/batches", body, &made); err != nil {
		return "", err
	}
	if _, err := p.await(ctx, "/batches/"+made.ID, "succeeded"); err != nil {
		return "", err
	}
	var one struct{ Code string }
	path := fmt.Sprintf("/batches/%s/codes?format=ndjson&from=%d", made.ID, batchSize-1)
	return one.Code, p.send(ctx, http.MethodGet, path, "", http.NoBody, &one)
}

// visitor is the browser of an owner who is signed in.
type visitor struct {
	client    *http.Client
	url       string
	batchCode string
}

// workspaceOfConsole is where the pages of the first workspace begin.
const workspaceOfConsole = "/console/w/default"

// newVisitor sets the console up.
func newVisitor(ctx context.Context, s *process) (*visitor, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{DisableCompression: true}
	v := &visitor{client: &http.Client{Jar: jar, Transport: transport}, url: s.url}
	form := url.Values{"name": {"Mara"}, "email": {"mara@example.org"}, "password": {"correct horse battery"}}
	_, err = v.send(ctx, http.MethodPost, s.setup, strings.NewReader(form.Encode()))
	return v, err
}

func (v *visitor) get(ctx context.Context, path string) ([]byte, error) {
	return v.send(ctx, http.MethodGet, v.url+path, nil)
}

// send returns what an answer holds, compressed as it comes.
func (v *visitor) send(ctx context.Context, method, address string, body io.Reader) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return nil, err
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	} else {
		request.Header.Set("Accept-Encoding", "gzip")
	}
	response, err := v.client.Do(request)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", request.URL.Path, response.Status)
	}
	return text, errors.Join(err, response.Body.Close())
}

// waitForCounts opens the first page until everything has been counted.
func (v *visitor) waitForCounts(ctx context.Context) error {
	for begin := time.Now(); time.Since(begin) < 10*time.Minute; {
		page, err := v.plain(ctx, workspaceOfConsole)
		if err != nil {
			return err
		}
		if !bytes.Contains(page, []byte("being counted")) && !bytes.Contains(page, []byte("Counting the codes")) {
			fmt.Printf("  counted after %s\n", time.Since(begin).Round(time.Millisecond))
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(500 * time.Millisecond):
		}
	}
	return errors.New("the codes were not counted within ten minutes")
}

// plain is get without compression.
func (v *visitor) plain(ctx context.Context, path string) ([]byte, error) {
	client := &http.Client{Jar: v.client.Jar}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, v.url+path, nil)
	if err != nil {
		return nil, err
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(response.Body)
	return text, errors.Join(err, response.Body.Close())
}

// visit opens a page again and again.
func (v *visitor) visit(ctx context.Context, path string) (r reading, err error) {
	var took []time.Duration
	for range pageVisits {
		begin := time.Now()
		if _, err := v.get(ctx, workspaceOfConsole+path); err != nil {
			return r, err
		}
		took = append(took, time.Since(begin))
	}
	slices.Sort(took)
	return reading{P50: took[len(took)/2], P99: took[len(took)-1]}, nil
}

// assetLine finds the files that a page loads.
var assetLine = regexp.MustCompile(`(?:href|src)="(/console/assets/[^"#]+)"`)

// firstVisit is how many bytes the first page takes with all that it loads.
func (v *visitor) firstVisit(ctx context.Context) (size int, err error) {
	packed, err := v.get(ctx, workspaceOfConsole)
	if err != nil {
		return 0, err
	}
	page, err := v.plain(ctx, workspaceOfConsole)
	if err != nil {
		return 0, err
	}
	size = len(packed)
	loaded := map[string]bool{}
	for _, found := range assetLine.FindAllSubmatch(page, -1) {
		loaded[string(found[1])] = true
	}
	for path := range loaded {
		asset, err := v.get(ctx, path)
		if err != nil {
			return 0, err
		}
		size += len(asset)
		if strings.HasSuffix(path, "console.css") { // which loads a second font
			other := strings.Replace(path, "console.css", "font/codes-mono-500.woff2", 1)
			font, err := v.get(ctx, other)
			if err != nil {
				return 0, err
			}
			size += len(font)
		}
	}
	icons, err := v.icons(ctx, page)
	return size + icons, err
}

// icons are the bytes of the file of icons, which elements name with the icon behind it.
func (v *visitor) icons(ctx context.Context, page []byte) (int, error) {
	found := regexp.MustCompile(`href="(/console/assets/[^"#]+)#`).FindSubmatch(page)
	if found == nil {
		return 0, nil
	}
	file, err := v.get(ctx, string(found[1]))
	return len(file), err
}
