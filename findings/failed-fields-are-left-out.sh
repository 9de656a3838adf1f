#!/bin/sh
# One would expect: a field that failed is null where it may be null, and every selected field is in the answer, in the order of the selection.
# The specification says both ("Handling Field Errors", and "Serialized Map Ordering": "the order of response fields must match the order in the
# request"), and clients with a cache or with types rely on it.
#
# What happens: async-graphql 7.2.1 leaves the failed field out; it keeps an object of which a field failed that may not be null, without that
# field; and a field that has to wait comes after one that does not. graphql-js 17.1.0 does as the specification says for the same schema.
#
# Why it matters here: a Rust client says "missing field" instead of FORBIDDEN, caches take the answer for complete or fetch again for ever,
# and no two answers to one query need be the same text. Muster completes answers from the document and the schema before it sends them.
#
# Versions: async-graphql 7.2.1 with tokio 1 (cargo), graphql 17.1.0 (node with npm).
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

mkdir src
cat > Cargo.toml <<'END'
[package]
name = "failing"
edition = "2024"
[dependencies]
async-graphql = { version = "=7.2.1", default-features = false }
tokio = { version = "1", features = ["macros", "rt"] }
END
cat > src/main.rs <<'END'
use async_graphql::{EmptyMutation, EmptySubscription, Object, Result, Schema};

struct Query;

#[Object]
impl Query {
    async fn slow(&self) -> bool {
        tokio::task::yield_now().await;
        true
    }
    async fn quick(&self) -> bool {
        true
    }
    async fn maybe(&self) -> Result<Option<bool>> {
        Err("no".into())
    }
    async fn thing(&self) -> Option<Thing> {
        Some(Thing)
    }
}

struct Thing;

#[Object]
impl Thing {
    async fn quick(&self) -> bool {
        true
    }
    async fn sure(&self) -> Result<bool> {
        Err("no".into())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let schema = Schema::new(Query, EmptyMutation, EmptySubscription);
    for query in ["{ slow quick }", "{ quick maybe }", "{ thing { quick sure } }"] {
        println!("{}", text(&schema.execute(query).await.data));
    }
}

fn text(value: &async_graphql::Value) -> String {
    value.to_string().replace(' ', "")
}
END
rust=$(cargo run --quiet 2> cargo.log) || { cat cargo.log; exit 1; }

npm init -y > npm.log
npm install --silent --no-audit --no-fund graphql@17.1.0 > npm.log 2>&1
cat > failing.mjs <<'END'
import { buildSchema, graphql } from 'graphql';
const schema = buildSchema('type Query { slow: Boolean! quick: Boolean! maybe: Boolean thing: Thing } type Thing { quick: Boolean! sure: Boolean! }');
const fails = () => { throw new Error('no'); };
const rootValue = { slow: async () => true, quick: true, maybe: fails, thing: { quick: true, sure: fails } };
for (const source of ['{ slow quick }', '{ quick maybe }', '{ thing { quick sure } }']) {
  const { data } = await graphql({ schema, source, rootValue });
  console.log(JSON.stringify(data).replaceAll('"', ''));
}
END
javascript=$(node failing.mjs)

echo "async-graphql:"; echo "$rust"
echo "graphql-js:"; echo "$javascript"
[ "$rust" = "{quick:true,slow:true}
{quick:true}
{thing:{quick:true}}" ] && [ "$javascript" = "{slow:true,quick:true}
{quick:true,maybe:null}
{thing:null}" ] || { echo "This has changed."; exit 1; }
