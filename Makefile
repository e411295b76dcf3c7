# guichet: everything a developer or an operator types. `make` alone tells what there is.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

TOOLS := $(CURDIR)/.tools
GOLANGCI_VERSION := v2.15.0
DEADCODE_VERSION := v0.52.0
GATEWAY_VERSION := $(shell sed -n 's|.*github.com/versity/versitygw \(v[^ ]*\).*|\1|p' fixtures/gateway/go.mod)
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS := -s -w -X main.version=$(VERSION)
DEMO_DIR ?= demo
DEMO_CLAIMS ?= 200
FUZZTIME ?= 20s
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

.PHONY: help build demo test soak race lint fuzz bench tools gateway packages compiler

help: ## what can be typed
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

build: ## the binary, ./guichet
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o guichet ./cmd/guichet

demo: build packages ## a store with generated claims in ./demo, and the nightly run on it
	./guichet demo --force --dir $(DEMO_DIR) --claims $(DEMO_CLAIMS) --seed 1

test: packages gateway ## every test
	go test -timeout 30m ./...

soak: packages gateway ## every crash point and fault, 200 seeds: half an hour; prints its figures
	go test -timeout 120m -v -run '^Test(Crash|CrashWhileReading|Faults|Wire|Terminated|Determinism|Splits|AuditFindsFlippedBits|RandomRecoveries)$$' ./pipeline -soak \
		| grep --line-buffered -vE '^ *(=== |--- PASS: Test.*/)'

race: packages compiler gateway ## every test but the largest, under the race detector
	CGO_ENABLED=1 go test -race -short -timeout 30m ./...

lint: tools ## linters, formatting, room boundaries, unused code
	$(TOOLS)/golangci-lint run
	$(TOOLS)/golangci-lint fmt --diff
	@unused="$$($(TOOLS)/deadcode -test ./...)"; if [ -n "$$unused" ]; then echo "$$unused"; exit 1; fi

fuzz: ## each fuzz target for FUZZTIME
	@go list ./... | while read -r package; do \
		go test -list '^Fuzz' "$$package" | { grep '^Fuzz' || true; } | while read -r target; do \
			echo "$$package $$target"; go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) "$$package"; \
		done; done

bench: ## benchmarks, ready for benchstat
	go test -run '^$$' -bench . -benchmem ./...

tools: $(TOOLS)/golangci-lint-$(GOLANGCI_VERSION) $(TOOLS)/deadcode-$(DEADCODE_VERSION) ## the linters, in ./.tools

$(TOOLS)/golangci-lint-$(GOLANGCI_VERSION):
	GOBIN=$(TOOLS) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
	touch $@

$(TOOLS)/deadcode-$(DEADCODE_VERSION):
	GOBIN=$(TOOLS) go install golang.org/x/tools/cmd/deadcode@$(DEADCODE_VERSION)
	touch $@

gateway: $(TOOLS)/versitygw-$(GATEWAY_VERSION) ## the S3 server of the tests, in ./.tools

$(TOOLS)/versitygw-$(GATEWAY_VERSION):
	CGO_ENABLED=0 go build -C fixtures/gateway -o $@ github.com/versity/versitygw/cmd/versitygw

packages: ## Debian packages: what scans are read with
	@command -v tesseract >/dev/null && tesseract --list-langs | grep -qx fra || $(call install,tesseract-ocr tesseract-ocr-fra)

compiler: ## Debian packages that the race detector needs
	@command -v gcc >/dev/null || $(call install,gcc libc6-dev)

install = { $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq $(1); }
