#!/bin/sh
# One would expect: an error of a field has a path, whether the field was selected from an object or from an interface that the object
# implements. The specification: "If an error can be associated to a particular field, it must contain an entry with the key path".
#
# What happens: async-graphql 7.2.1 gives the error of a field selected from an interface a location and no path; the same field selected by a
# fragment on the object has both. graphql-js 17.1.0 gives the path either way.
#
# Why it matters here: a client can't tell which of two hundred nodes failed, and an error without a path reads as one of the whole request
# (GraphQL over HTTP has a status of its own for those). Muster puts the path back by where the field stands in the document.
#
# Versions: async-graphql 7.2.1 with tokio 1 and serde_json 1 (cargo), graphql 17.1.0 (node with npm).
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

mkdir src
cat > Cargo.toml <<'END'
[package]
name = "pathless"
edition = "2024"
[dependencies]
async-graphql = { version = "=7.2.1", default-features = false }
serde_json = "1"
tokio = { version = "1", features = ["macros", "rt"] }
END
cat > src/main.rs <<'END'
use async_graphql::{EmptyMutation, EmptySubscription, Interface, Object, Result, Schema};

struct Dog;

#[Object]
impl Dog {
    async fn name(&self) -> Result<Option<String>> {
        Err("no".into())
    }
}

#[derive(Interface)]
#[graphql(field(name = "name", ty = "Option<String>"))]
enum Pet {
    Dog(Dog),
}

struct Query;

#[Object]
impl Query {
    async fn pet(&self) -> Option<Pet> {
        Some(Pet::Dog(Dog))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let schema = Schema::new(Query, EmptyMutation, EmptySubscription);
    for query in ["{ pet { name } }", "{ pet { ... on Dog { name } } }"] {
        println!("{}", serde_json::to_string(&schema.execute(query).await.errors[0].path).unwrap());
    }
}
END
rust=$(cargo run --quiet 2> cargo.log) || { cat cargo.log; exit 1; }

npm init -y > npm.log
npm install --silent --no-audit --no-fund graphql@17.1.0 > npm.log 2>&1
cat > pathless.mjs <<'END'
import { buildSchema, graphql } from 'graphql';
const schema = buildSchema('interface Pet { name: String } type Dog implements Pet { name: String } type Query { pet: Pet }');
const dog = { __typename: 'Dog', name: () => { throw new Error('no'); } };
for (const source of ['{ pet { name } }', '{ pet { ... on Dog { name } } }']) {
  console.log(JSON.stringify((await graphql({ schema, source, rootValue: { pet: dog } })).errors[0].path));
}
END
javascript=$(node pathless.mjs)

echo "async-graphql:"; echo "$rust"
echo "graphql-js:"; echo "$javascript"
[ "$rust" = '[]
["pet","name"]' ] && [ "$javascript" = '["pet","name"]
["pet","name"]' ] || { echo "This has changed."; exit 1; }
