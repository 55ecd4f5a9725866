.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run build release quick test test-long lint pictures bench profile rivals clean

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)

# The version is stamped with -X: Go's own stamping fails where git distrusts the folder's owner.
export GOFLAGS := $(GOFLAGS) -buildvcs=false
GO_BUILD := CGO_ENABLED=0 go build
SERVER := -trimpath -ldflags '-X main.version=$(VERSION)' -o bin/accesscodes ./cmd/accesscodes

# The tools' versions are pinned in tools/go.mod.
TOOL := go tool -modfile=tools/go.mod

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-9s  %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## build the server and run it on http://127.0.0.1:8080
	bin/accesscodes serve

build: ## build bin/accesscodes, a static binary
	$(GO_BUILD) $(SERVER)

# A profile of the server under load saves a tenth of its processor time and costs half a minute
# of building.
release: ## build it for production, optimized with a profile of the server under load
	$(GO_BUILD) -pgo=cmd/accesscodes/release.pgo $(SERVER)

# The race detector watches everything but SQLite, which is C translated to Go and ten times as slow
# when it is watched. No other package may be left out: generic types that are compiled into it,
# such as those of sync.Map, would be used by all without their locks being seen.
# What it also checks, how unsafe pointers are used, is left to those who write them: we do not.
RACE := -race -gcflags=all=-d=checkptr=0 -gcflags='modernc.org/sqlite/lib=-race=false -d=checkptr=0'

quick: ## run the tests that answer within half a minute, databases in memory
	scripts/install-test-deps
	scripts/in-memory 2048 scripts/quick-tests

# Packages in which goroutines share little memory of ours, or whose tests talk to the built program:
# without the race detector they are tested five times as fast. make test-long LENGTH=full watches them, too.
UNRACED := ./test/e2e ./test/browser ./internal/web/api ./test/... ./bench/... ./cmd/... ./internal/cli \
	./internal/store/transfer ./internal/web/console/... ./internal/why ./internal/bulk/upload ./internal/sheet ./internal/qr/... \
	./internal/words ./internal/csvcell ./internal/config
RACED = ./internal/store/postgres ./internal/codes $(filter-out $(shell go list $(UNRACED)),$(shell go list ./...))

# What vet has to say is lint's. One package more than there are processors is tested at once: each waits for something now and then.
PACKAGES := $(shell expr $$(nproc) + 1)

# The databases of these tests are in memory if it has room for them; campaigns keep theirs on the
# disk. The packages that take longest begin first. None takes four minutes; a slow machine may take longer.
test: ## install what the tests need, run every test but the campaigns
	scripts/install-test-deps
	@scripts/list-tests-not-run
	CGO_ENABLED=1 scripts/in-memory 6144 go test -p=$(PACKAGES) -timeout=20m -vet=off $(RACE) -skip='^TestCampaign' $(RACED)
	scripts/in-memory 6144 go test -p=$(PACKAGES) -timeout=20m -vet=off -skip='^TestCampaign' $(UNRACED)

# The packages with campaigns. That which takes longest begins first.
CAMPAIGNS = $(shell grep -rl --include='*_test.go' '^func TestCampaign' client cmd internal test | xargs -n1 dirname | \
	sort -u | sed 's|^|./|')

# LENGTH is how long fuzzing and campaigns take: short (minutes) or full (hours).
LENGTH ?= short
FUZZTIME_short := 5s
FUZZTIME_full := 10m

test-long: ## fuzz, and run the campaigns: kills, power cuts, faults, histories; LENGTH=full for hours
	scripts/install-test-deps
	go test -run='^$$' -fuzz='^FuzzCanonical$$' -fuzztime=$(FUZZTIME_$(LENGTH)) ./test/fuzz
	go test -run='^$$' -fuzz='^FuzzDecode$$' -fuzztime=$(FUZZTIME_$(LENGTH)) ./test/fuzz
	go test -run='^$$' -fuzz='^FuzzUpload$$' -fuzztime=$(FUZZTIME_$(LENGTH)) ./test/fuzz
	$(if $(filter full,$(LENGTH)),CGO_ENABLED=1 go test -vet=off $(RACE) -timeout=1h -skip='^TestCampaign' $(UNRACED))
	ACCESSCODES_TEST_LENGTH=$(LENGTH) CGO_ENABLED=1 go test -p=$(PACKAGES) -vet=off $(RACE) -timeout=6h \
		-run='^TestCampaign' ./test/e2e $(CAMPAIGNS)

lint: ## vet, staticcheck and formatting
	go vet ./...
	$(TOOL) staticcheck ./...
	@files=$$($(TOOL) gofumpt -l .) || exit; \
	if [ -n "$$files" ]; then \
		printf 'not formatted, run %s -w on:\n%s\n' '$(TOOL) gofumpt' "$$files" >&2; \
		exit 1; \
	fi

pictures: build ## take the pictures of the console in docs/pictures
	scripts/install-test-deps
	command -v pngquant >/dev/null || scripts/apt-install pngquant
	$(GO_BUILD) -o bin/past ./test/browser/past
	node test/browser/pictures.mjs bin/accesscodes bin/past docs/pictures
	pngquant --force --ext .png --speed 1 --quality 60-90 docs/pictures/*.png

# CASE is how the names of the cases to measure begin: make bench CASE=redeem
# MODE is how much is measured: quick, standard or full.
CASE ?=
MODE ?= standard

bench: release rivals ## measure the server beside what limits it and what one would pick instead
	go run ./bench -mode '$(MODE)' -case '$(CASE)'

profile: release rivals ## write profiles of the server under load to bench/out: processor time, allocations
	go run ./bench -mode '$(MODE)' -case '$(CASE)' -profile bench/out

# What is measured beside the server. Other projects' programs are in modules of their own.
rivals:
	scripts/install-bench-deps
	$(GO_BUILD) -o bin/bare ./bench/bare
	$(GO_BUILD) -C bench/paced -o ../../bin/paced .
	$(GO_BUILD) -C bench/peers/pocketbase -o ../../../bin/pocketbase-bench .
	bench/peers/pds/install || true # it says why not; the benchmarks go on without

clean: ## remove what was built
	rm -rf bin bench/out
