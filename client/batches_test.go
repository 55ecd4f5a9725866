package client_test

import (
	"context"
	"encoding/csv"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"accesscodes/client"
)

// madeBatch is a batch that has all its codes.
func madeBatch(t *testing.T, c *client.Client, r client.CreateBatchRequest) *client.Batch {
	t.Helper()
	made := must(c.CreateBatch(t.Context(), r))(t)
	looks := collect(t, c.FollowBatch(t.Context(), made.ID))
	last := looks[len(looks)-1]
	if last.Status != client.BatchSucceeded || last.Progress.Done != r.Count {
		t.Fatalf("%+v", last)
	}
	return last
}

func TestTheLifeOfABatch(t *testing.T) {
	t.Parallel()
	c := newServer(t).client(t)
	expires := time.Date(2131, 2, 3, 4, 5, 6, 0, time.UTC)
	request := client.CreateBatchRequest{
		Count: 30, Type: client.TypePremium, Name: "spring", Note: "fair", Recipient: "shop",
		Format:         client.FormatChoice{Prefix: client.Set("FAIR"), GroupLength: 6},
		MaxRedemptions: client.Set[int64](2), ExpiresAt: expires, Metadata: map[string]string{"a": "b"}, IdempotencyKey: "1",
	}
	made := madeBatch(t, c, request)
	want := &client.Batch{
		Name: "spring", Count: 30, Type: client.TypePremium, MaxRedemptions: new(int64(2)), ExpiresAt: &expires,
		Note: "fair", Recipient: "shop", Metadata: map[string]string{"a": "b"}, Status: client.BatchSucceeded,
		Format:   client.CodeFormat{Prefix: "FAIR", Groups: made.Format.Groups, GroupLength: 6},
		Progress: client.Progress{Done: 30, Total: 30}, Redeemed: new(int64(0)),
	}
	if diff := cmp.Diff(want, made, cmpopts.IgnoreFields(client.Batch{}, "ID", "CreatedAt", "StartedAt", "FinishedAt",
		"CreatedBy"), cmpopts.IgnoreFields(client.Progress{}, "PerSecond")); diff != "" || made.Format.Groups == 0 {
		t.Errorf("batch (-want +got):\n%s", diff)
	}
	if again := must(c.CreateBatch(t.Context(), request))(t); again.ID != made.ID || !again.Replayed {
		t.Errorf("again: %+v", again)
	}
	other := madeBatch(t, c, client.CreateBatchRequest{Count: 1, Type: client.TypeNormal})
	var ids []string
	for _, batch := range collect(t, c.Batches(t.Context())) {
		ids = append(ids, batch.ID)
	}
	if !slices.Equal(ids, []string{other.ID, made.ID}) {
		t.Errorf("batches %v", ids)
	}
	if _, err := c.CancelBatch(t.Context(), made.ID); !errors.Is(err, client.ReasonBatchFinished) {
		t.Errorf("canceled after its end: %v", err)
	}
	if _, err := c.GetBatch(t.Context(), made.CreatedBy); !errors.Is(err, client.ReasonBatchNotFound) {
		t.Errorf("no batch: %v", err)
	}
}

func TestCancelingABatch(t *testing.T) {
	t.Parallel()
	c := newServer(t).client(t)
	made := must(c.CreateBatch(t.Context(), client.CreateBatchRequest{Count: 10_000_000, Type: client.TypeNormal}))(t)
	for range 2 {
		if got := must(c.CancelBatch(t.Context(), made.ID))(t); got.Status != client.BatchCanceled {
			t.Errorf("%+v", got)
		}
	}
	if looks := collect(t, c.FollowBatch(t.Context(), made.ID)); len(looks) != 1 || !looks[0].Status.Ended() {
		t.Errorf("%d looks", len(looks))
	}
}

func TestTheCodesOfABatch(t *testing.T) {
	t.Parallel()
	c := newServer(t).client(t)
	made := madeBatch(t, c, client.CreateBatchRequest{Count: 20, Type: client.TypeUpgrade})
	codes := collect(t, c.BatchCodes(t.Context(), made.ID, 0))
	rows := [][]string{{"batchIndex", "code", "status"}}
	for i, code := range codes {
		if *code.BatchIndex != int64(i) || code.BatchID != made.ID || code.Type != client.TypeUpgrade {
			t.Errorf("%d: %+v", i, code)
		}
		if i >= 18 {
			rows = append(rows, []string{strconv.Itoa(i), code.Code, "active"})
		}
	}
	file := open(c.DownloadBatch(t.Context(), made.ID, 18, client.FormatCSV))(t)
	if diff := cmp.Diff(rows, must(csv.NewReader(file).ReadAll())(t)); diff != "" || len(codes) != 20 {
		t.Errorf("%d codes, rows (-want +got):\n%s", len(codes), diff)
	}
	if behind := collect(t, c.BatchCodes(t.Context(), made.ID, 20)); len(behind) != 0 {
		t.Errorf("behind its end: %v", behind)
	}
	for code, err := range c.BatchCodes(t.Context(), made.CreatedBy, 0) {
		if code != nil || !errors.Is(err, client.ReasonBatchNotFound) {
			t.Errorf("no batch: %+v, %v", code, err)
		}
	}
}

func TestBatchCodesGoesOnAfterABreak(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	const count = 5000
	made := madeBatch(t, s.client(t), client.CreateBatchRequest{Count: count, Type: client.TypeNormal})
	b := newBreaker(t, "127.0.0.1:0", s, cutFile, cutAtOnce, cutFile, cutFile, cutFile, cutAnswer)
	var p patient
	c := newClient(t, b.url, s.key, p.option(), client.WithRetries(1))
	var got []int64
	for _, code := range collect(t, c.BatchCodes(t.Context(), made.ID, 7)) {
		got = append(got, *code.BatchIndex)
	}
	for i, index := range got {
		if index != int64(i+7) {
			t.Fatalf("code %d has the index %d", i, index)
		}
	}
	if len(got) != count-7 || len(p.waits) != 6 {
		t.Errorf("%d codes after %d waits", len(got), len(p.waits))
	}
}

func TestBatchCodesGivesUp(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	begun := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-ndjson")
		_, _ = io.WriteString(w, `{"code":`)
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	foreign := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-ndjson")
		_, _ = io.WriteString(w, "{}\n")
	}
	for name, test := range map[string]struct {
		answers []http.HandlerFunc
		text    string
		tries   int
	}{
		"always broken": {[]http.HandlerFunc{begun, begun, begun}, "breaks off", 3},
		"foreign":       {[]http.HandlerFunc{foreign}, "no index", 1},
	} {
		var p patient
		tries := 0
		c := newClient(t, front(t, s, test.answers...), s.key, p.option(), client.WithRetries(2),
			counting("downloadBatch", &tries))
		var failed []error
		for _, err := range c.BatchCodes(t.Context(), "id", 0) {
			failed = append(failed, err)
		}
		if len(failed) != 1 || failed[0] == nil || !strings.Contains(failed[0].Error(), test.text) || tries != test.tries {
			t.Errorf("%s: %v after %d tries", name, failed, tries)
		}
	}
}

func TestALostAnswerMakesNoSecondBatch(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	b := newBreaker(t, "127.0.0.1:0", s, cutAnswer, halveAnswer, cutAtOnce)
	c := newClient(t, b.url, s.key, new(patient).option())
	made := must(c.CreateBatch(t.Context(), client.CreateBatchRequest{Count: 1, Type: client.TypeNormal}))(t)
	all := collect(t, s.client(t).Batches(t.Context()))
	if len(all) != 1 || all[0].ID != made.ID || !made.Replayed {
		t.Errorf("%+v of %d batches", made, len(all))
	}
}

func TestFollowingEndsWithItsContext(t *testing.T) {
	t.Parallel()
	c := newServer(t).client(t)
	made := must(c.CreateBatch(t.Context(), client.CreateBatchRequest{Count: 10_000_000, Type: client.TypeNormal}))(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var last error
	for _, err := range c.FollowBatch(ctx, made.ID) {
		last = err
		cancel()
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("%v", last)
	}
	must(c.CancelBatch(t.Context(), made.ID))(t)
}
