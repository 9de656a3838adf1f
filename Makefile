# Everything a newcomer needs. `make run` for the product, `make test` for proof.

.PHONY: help run fakes test quick check lint deny spelling bench schema tools built prism fuzz
.DEFAULT_GOAL := run

# Where tests/tools.sh puts what is installed nowhere else.
export PATH := $(PATH):$(CURDIR)/target/tools/bin

## Lists these commands.
help:
	@awk '/^## / { text = substr($$0, 4) } /^[a-z]+:/ && text { sub(":.*", ""); printf "make %-9s %s\n", $$0, text; text = "" }' Makefile

## Runs the product on SQLite in ./data, with a made-up incident on the first start, and prints a sign-in link.
run:
	@echo "Building Muster: minutes the first time, seconds later. Then it starts and prints a link to sign in."
	cargo run --profile quick --locked -p cli -- serve --demo

## Starts fakes of Zendesk and Trello, to try the product without accounts: docs/integrations/fakes.md.
fakes:
	cargo run --locked --bin fakes

## Checks everything: formatting, lints, licences, and all tests on SQLite and PostgreSQL with a real Alertmanager, mail server and browser.
test: tools check
	cargo build --locked --bin muster
	cargo nextest run --workspace --locked

## What is worth running after every edit: formatting, lints, unit tests, and the end-to-end tests that need SQLite alone.
quick: built lint
	cargo build --locked --bin muster
	cargo nextest run --workspace --locked --profile quick

## What needs no running server.
check: lint deny spelling

lint:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings

# Advisories are left out: they need a list from the network.
deny: built
	cargo deny check licenses bans sources

spelling: built
	typos

## Measures against plain SQL of the same work; takes about ten minutes on a quiet machine.
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
