// Command bare is the ceiling that the benchmarks measure against: a net/http server
// that reads the same bodies and writes answers of the same size as the real one, and does
// nothing in between.
package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
)

// Answers as the server gives them.
const (
	code = `{"code":"CODE-ABCD-EFGH","type":"Normal","status":"active","maxRedemptions":null,"redemptions":0,` +
		`"reservations":0,` +
		`"startsAt":null,"expiresAt":null,"revokedAt":null,"note":null,"recipient":null,"metadata":{},"batchId":null,` +
		`"createdAt":"2026-11-24T15:34:31.123456Z","createdBy":"01a20622-6a26-73cf-bf2b-358fa019efcc"}`
	validation = `{"valid":true,"code":` + code + `,"grants":"Normal"}`
	redemption = `{"id":"01a20622-6a26-73cf-bf2b-358fa019efcc","code":"CODE-ABCD-EFGH","type":"Normal",` +
		`"userId":"1764000000-123456","grants":"Normal",` +
		`"metadata":{},"reservationId":null,"createdAt":"2026-11-24T15:34:31.123456Z",` +
		`"createdBy":"01a20622-6a26-73cf-bf2b-358fa019efcc",` +
		`"rolledBackAt":null,"rolledBackBy":null,"rollbackReason":null}`
)

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("Listening on http://%s\n", listener.Addr())
	mux := http.NewServeMux()
	mux.HandleFunc("POST /tenant-codes/generate", answering(`{"code":"CODE-ABCD-EFGH"}`))
	mux.HandleFunc("POST /tenant-codes/add", answering(code))
	mux.HandleFunc("POST /tenant-codes/validate", answering(validation))
	mux.HandleFunc("POST /tenant-codes/redeem", answering(redemption))
	log.Fatal(http.Serve(listener, mux))
}

func answering(answer string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadAll(r.Body); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, answer)
	}
}
