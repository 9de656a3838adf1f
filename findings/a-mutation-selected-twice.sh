#!/bin/sh
# One would expect: `mutation { add add }` adds once. Fields of one name are merged before anything runs (the specification's CollectFields);
# clients count on it when a fragment repeats what the operation selects.
#
# What happens: async-graphql 7.2.1 runs the resolver once for each place where the field stands, and merges the answers afterwards. The
# counter is at 2, and nothing in the answer shows it.
#
# Why it matters here: declaring an incident twice wakes people twice. Muster refuses a mutation that is selected twice under one name.
#
# Versions: async-graphql 7.2.1 with tokio 1 (cargo), graphql 17.1.0 (node with npm).
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

mkdir src
cat > Cargo.toml <<'END'
[package]
name = "twice"
edition = "2024"
[dependencies]
async-graphql = { version = "=7.2.1", default-features = false }
tokio = { version = "1", features = ["macros", "rt"] }
END
cat > src/main.rs <<'END'
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use async_graphql::{EmptySubscription, Object, Schema};

static COUNTER: AtomicU32 = AtomicU32::new(0);

struct Query;

#[Object]
impl Query {
    async fn counter(&self) -> u32 {
        COUNTER.load(SeqCst)
    }
}

struct Mutation;

#[Object]
impl Mutation {
    async fn add(&self) -> u32 {
        COUNTER.fetch_add(1, SeqCst) + 1
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let schema = Schema::new(Query, Mutation, EmptySubscription);
    let answer = schema.execute("mutation { add ...Again } fragment Again on Mutation { add }").await;
    println!("answer {} counter {}", answer.data.to_string().replace(' ', ""), COUNTER.load(SeqCst));
}
END
rust=$(cargo run --quiet 2> cargo.log) || { cat cargo.log; exit 1; }

npm init -y > npm.log
npm install --silent --no-audit --no-fund graphql@17.1.0 > npm.log 2>&1
cat > twice.mjs <<'END'
import { buildSchema, graphql } from 'graphql';
const schema = buildSchema('type Query { counter: Int! } type Mutation { add: Int! }');
let counter = 0;
const source = 'mutation { add ...Again } fragment Again on Mutation { add }';
const { data } = await graphql({ schema, source, rootValue: { add: () => ++counter } });
console.log(`answer ${JSON.stringify(data).replaceAll('"', '')} counter ${counter}`);
END
javascript=$(node twice.mjs)

echo "async-graphql: $rust"
echo "graphql-js:    $javascript"
[ "$rust" = "answer {add:1} counter 2" ] && [ "$javascript" = "answer {add:1} counter 1" ] || { echo "This has changed."; exit 1; }
