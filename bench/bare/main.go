// Command bare is the ceiling that the benchmarks measure against: a net/http endpoint
// that reads the same body and writes the same answer as the server, and does nothing
// in between.
package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
)

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("Listening on http://%s\n", listener.Addr())
	mux := http.NewServeMux()
	mux.HandleFunc("POST /tenant-codes/generate", func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadAll(r.Body); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"code":"CODE-ABCD-EFGH"}`)
	})
	log.Fatal(http.Serve(listener, mux))
}
