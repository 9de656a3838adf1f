# Everything a newcomer needs. `make run` for the product, `make test` for proof.

.PHONY: help run typeset fakes test quick check lint deny advisories spelling console web bench schema tools built prism fuzz
.DEFAULT_GOAL := run

# Where tests/tools.sh puts what is installed nowhere else.
export PATH := $(PATH):$(CURDIR)/target/tools/bin

# Tests wait for servers and databases half of their time.
tests_at_once := $(shell expr 2 '*' $$(getconf _NPROCESSORS_ONLN))

## Lists these commands.
help:
	@awk '/^## / { text = substr($$0, 4) } /^[a-z]+:/ && text { sub(":.*", ""); printf "make %-9s %s\n", $$0, text; text = "" }' Makefile

# Sources of the console. What is built is embedded in the program, which does without if there is no Node.js.
console_sources := $(shell find web/src web/index.html web/vite.config.ts web/svelte.config.js web/tsconfig.json -type f) web/package-lock.json api/schema.graphql

web/node_modules/.package-lock.json: web/package-lock.json
	@echo "Installing what the console is built with, from npm"
	cd web && npm ci --silent --no-audit --no-fund --ignore-scripts
	@touch $@

web/dist/console/index.html: web/node_modules/.package-lock.json $(console_sources)
	cd web && npm run --silent build

# Builds the console, if Node.js is new enough for it.
console:
	@if node web/node-version.mjs 2>/dev/null; \
	then $(MAKE) --no-print-directory web/dist/console/index.html; \
	else echo "No Node.js 20.19 or newer: going on without the console, the pages for people. All else is there."; fi

## Runs the product on SQLite in ./data, with a made-up incident on the first start, and prints a sign-in link.
run: console
	@echo "Building Muster: minutes the first time, seconds later. Then it starts and prints a link to sign in."
	cargo run --profile quick --locked -p cli -- serve --demo

## Builds the program that makes PDFs, target/quick/typeset. Minutes the first time; all else does without it.
typeset:
	cargo build --profile quick --locked -p typeset

## Starts fakes of Zendesk, Trello and WordPress, to try the product without accounts: docs/integrations/fakes.md.
fakes:
	cargo run --locked --bin fakes

## Checks everything: formatting, lints, licences, and all tests on SQLite and PostgreSQL with a real Alertmanager, mail server and browser.
test: tools check console web
	cargo nextest run --locked -p typeset
	cargo build --locked --bin muster
	cargo nextest run --locked --test-threads $(tests_at_once)
	cd web && npm run --silent e2e

## What is worth running after every edit: formatting, lints, unit tests, and the end-to-end tests that need SQLite alone.
quick: built lint console
	cargo build --locked --bin muster
	cargo nextest run --locked --profile quick

## What needs no running server.
check: lint deny spelling

lint:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings

# Advisories have a command of their own, because they need a list from the network.
deny: built
	cargo deny check licenses bans sources

## Looks up in RustSec's list what is known against the libraries we use. Needs the network.
advisories: built
	cargo deny --workspace check advisories

spelling: built
	typos

# The console's types, lints, formatting and unit tests.
web: web/node_modules/.package-lock.json
	cd web && npm run --silent check && npm test --silent

## Measures against plain SQL of the same work; takes about an hour on a quiet machine.
bench: tools
	cargo build --release --locked --bin muster --bin bench
	target/release/bench --write

## Rewrites api/schema.graphql after a change to the schema.
schema:
	cargo run --locked -q --bin muster -- schema > api/schema.graphql

## Tries what others send, changed at random, for a minute each; FUZZ_SECONDS=1800 for longer, FUZZ_SEED=2 for other inputs.
fuzz:
	cargo build --locked --bin fuzz
	target/debug/fuzz --seconds $(or $(FUZZ_SECONDS),60) --seed $(or $(FUZZ_SEED),1)

## Has Prism check what we send to vendors against their descriptions. Needs Node.js, npm and MUSTER_CONTRACTS.
prism:
	cargo build --locked --bin muster
	sh tests/prism.sh

# What the tests need in addition to Rust. Installed as root on Debian; elsewhere the script says what to install.
tools:
	@sh tests/tools.sh

built:
	@sh tests/tools.sh built
