.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run build test lint bench profile clean

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)

# The version is stamped with -X: Go's own stamping fails where git distrusts the folder's owner.
export GOFLAGS := $(GOFLAGS) -buildvcs=false
GO_BUILD := CGO_ENABLED=0 go build -trimpath

# The tools' versions are pinned in tools/go.mod.
TOOL := go tool -modfile=tools/go.mod

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-7s  %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## build the server and run it on http://127.0.0.1:8080
	bin/accesscodes serve

build: ## build bin/accesscodes, a static binary
	$(GO_BUILD) -ldflags '-X main.version=$(VERSION)' -o bin/accesscodes ./cmd/accesscodes

test: ## install what the tests need, fuzz for a few seconds, run every test
	scripts/install-test-deps
	go test -run='^$$' -fuzz='^FuzzCanonical$$' -fuzztime=5s ./test/fuzz
	go test -run='^$$' -fuzz='^FuzzDecode$$' -fuzztime=5s ./test/fuzz
	CGO_ENABLED=1 go test -race ./...

lint: ## vet, staticcheck and formatting
	go vet ./...
	$(TOOL) staticcheck ./...
	@files=$$($(TOOL) gofumpt -l .) || exit; \
	if [ -n "$$files" ]; then \
		printf 'not formatted, run %s -w on:\n%s\n' '$(TOOL) gofumpt' "$$files" >&2; \
		exit 1; \
	fi

# CASE is how the names of the cases to measure begin: make bench CASE=redeem
CASE ?=

bench: build ## measure the server side by side with a bare net/http server and pgbench
	scripts/install-bench-deps
	$(GO_BUILD) -o bin/bare ./bench/bare
	go run ./bench -case '$(CASE)'

profile: build ## write a CPU profile of the server under load to bench/out/cpu.pprof
	scripts/install-bench-deps
	go run ./bench -case '$(CASE)' -profile bench/out/cpu.pprof

clean: ## remove what was built
	rm -rf bin bench/out
