// Command paced sends one and the same request at a constant rate, whether or not the answers
// keep up, and prints as JSON how long they took. wrk cannot do that: it sends the next
// request when the last one is answered, so a server that stalls is asked less.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

func main() {
	url := flag.String("url", "", "where to send it")
	header := flag.String("header", "", "a header, as `Name: value`")
	body := flag.String("body", "", "its JSON body")
	rate := flag.Int("rate", 1000, "requests in a second")
	connections := flag.Int("connections", 64, "connections at most")
	duration := flag.Duration("duration", 10*time.Second, "for how long")
	flag.Parse()

	target := vegeta.Target{
		Method: http.MethodPost,
		URL:    *url,
		Body:   []byte(*body),
		Header: http.Header{"Content-Type": {"application/json"}},
	}
	if name, value, ok := strings.Cut(*header, ": "); ok {
		target.Header.Set(name, value)
	}
	attacker := vegeta.NewAttacker(
		vegeta.MaxConnections(*connections),
		vegeta.Connections(*connections),
		vegeta.Timeout(10*time.Second),
	)
	var m vegeta.Metrics
	for result := range attacker.Attack(vegeta.NewStaticTargeter(target), vegeta.Rate{
		Freq: *rate,
		Per:  time.Second,
	}, *duration, "") {
		m.Add(result)
	}
	m.Close()
	err := json.NewEncoder(os.Stdout).Encode(map[string]any{
		"Requests": m.Requests, "OK": m.Success, "Rate": m.Throughput,
		"P50": m.Latencies.P50, "P99": m.Latencies.P99, "Errors": m.Errors,
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "paced:", err)
		os.Exit(1)
	}
}
