#!/bin/sh
# One would expect: `query($on: Boolean) { list @include(if: $on) }` is refused, for `if` wants a Boolean! and $on may be null (the specification's
# rule "All Variable Usages Are Allowed"). Whoever writes it by mistake hears of it at once.
#
# What happens: async-graphql 7.2.1 runs it. Without a value the field is left out, and as it is the only one, `data` is null: nothing that was
# promised is there, and no error says why. The same variable as an argument that may not be null is refused.
#
# Why it matters here: Muster fills failed fields in with null, and took the field that was left out for one of those: null in the place of a
# list that may not be null, without an error. It refuses such a switch now unless it has a value.
#
# Versions: async-graphql 7.2.1 with tokio 1 (cargo), graphql 17.1.0 (node with npm).
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

mkdir src
cat > Cargo.toml <<'END'
[package]
name = "switch"
edition = "2024"
[dependencies]
async-graphql = { version = "=7.2.1", default-features = false }
tokio = { version = "1", features = ["macros", "rt"] }
END
cat > src/main.rs <<'END'
use async_graphql::{EmptyMutation, EmptySubscription, Object, Schema};

struct Query;

#[Object]
impl Query {
    async fn list(&self) -> Vec<u32> {
        vec![1]
    }

    async fn strict(&self, #[graphql(name = "on")] on: bool) -> bool {
        on
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let schema = Schema::new(Query, EmptyMutation, EmptySubscription);
    let switch = schema.execute("query($on: Boolean) { list @include(if: $on) }").await;
    let argument = schema.execute("query($on: Boolean) { strict(on: $on) }").await;
    println!("switch {} errors {}, argument errors {}", switch.data, switch.errors.len(), argument.errors.len());
}
END
rust=$(cargo run --quiet 2> cargo.log) || { cat cargo.log; exit 1; }

npm init -y > npm.log
npm install --silent --no-audit --no-fund graphql@17.1.0 > npm.log 2>&1
cat > switch.mjs <<'END'
import { buildSchema, parse, validate } from 'graphql';
const schema = buildSchema('type Query { list: [Int!]! strict(on: Boolean!): Boolean! }');
const errors = (source) => validate(schema, parse(source)).length;
const [one, other] = ['query($on: Boolean) { list @include(if: $on) }', 'query($on: Boolean) { strict(on: $on) }'].map(errors);
console.log(`switch errors ${one}, argument errors ${other}`);
END
javascript=$(node switch.mjs)

echo "async-graphql: $rust"
echo "graphql-js:    $javascript"
[ "$rust" = "switch null errors 0, argument errors 1" ] && [ "$javascript" = "switch errors 1, argument errors 1" ] || { echo "This has changed."; exit 1; }
