package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

// wireJob is a batch or a change as the API shows it.
type wireJob struct {
	ID, Status, Failure string
	FinishedAt          *time.Time
	Changed             int64
	Progress            struct{ Done int64 }
}

// path is where a job is that was asked for at a path.
func (j *wireJob) path(asked string) string {
	list, _, _ := strings.Cut(strings.TrimPrefix(asked, "/"), "/")
	return "/" + list + "/" + j.ID
}

// lookInterval is how often a job is looked at. More often would be work for the server, which counts
// a batch's redeemed codes each time.
const lookInterval = 500 * time.Millisecond

// await waits for a job to have a status, and returns when it had ended, by the clock of this machine.
func (p *process) await(ctx context.Context, path, want string) (ended time.Time, err error) {
	for {
		var j wireJob
		if err := p.call(ctx, http.MethodGet, path, "", &j); err != nil {
			return ended, err
		}
		if j.FinishedAt != nil {
			if j.Status != want {
				err = fmt.Errorf("%s is %s, not %s: %s", path, j.Status, want, j.Failure)
			}
			return *j.FinishedAt, err
		}
		select {
		case <-time.After(lookInterval):
		case <-ctx.Done():
			return ended, ctx.Err()
		}
	}
}

// call sends a request with a body of JSON and reads the answer.
func (p *process) call(ctx context.Context, method, path, body string, answer any) error {
	return p.send(ctx, method, path, "application/json", strings.NewReader(body), answer)
}

// send sends a request and reads the answer, which must be a good one.
func (p *process) send(ctx context.Context, method, path, mediaType string, body io.Reader, answer any) error {
	response, err := p.open(ctx, method, path, mediaType, body)
	if err != nil {
		return err
	}
	return errors.Join(json.NewDecoder(response.Body).Decode(answer), response.Body.Close())
}

func (p *process) open(
	ctx context.Context, method, path, mediaType string, body io.Reader,
) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, p.url+path, body)
	if err != nil {
		return nil, err
	}
	request.Header.Set("X-Api-Key", p.key)
	request.Header.Set("Content-Type", mediaType)
	request.Header.Set("Accept-Encoding", "identity")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode >= 300 {
		text, err := io.ReadAll(io.LimitReader(response.Body, 1000))
		refused := fmt.Errorf("%s %s: %s: %s", method, path, response.Status, text)
		return nil, errors.Join(refused, err, response.Body.Close())
	}
	return response, nil
}

// lines counts the lines of an answer.
func (p *process) lines(ctx context.Context, path string) (count int, err error) {
	response, err := p.open(ctx, http.MethodGet, path, "", nil)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	for buffer := make([]byte, 1<<16); ; {
		n, err := response.Body.Read(buffer)
		count += bytes.Count(buffer[:n], []byte("\n"))
		if errors.Is(err, io.EOF) {
			return count, nil
		}
		if err != nil {
			return count, err
		}
	}
}

// resetPeak lets the peak of resident memory begin again (proc_pid_clear_refs(5)).
func (p *process) resetPeak() error {
	return os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", p.cmd.Process.Pid), []byte("5"), 0)
}
