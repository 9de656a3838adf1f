#!/bin/sh
# One would expect: a trait that is imported for building queries leaves the methods of plain values alone, or at least those of the standard library.
#
# What happens: sea-query 1.0.2 implements `ExprTrait` for everything that can become an expression, so for numbers, texts, and chrono's times as well.
# Where it is in scope, `a.min(b)` and `a.max(b)` of two times or two integers no longer compile (E0034: `Ord::min` and `ExprTrait::min` both fit).
# `a.lt(b)` and `a.eq(b)` are worse to read: they compile, and are pieces of SQL instead of a comparison, because a method that takes `self`
# is found before `PartialOrd::lt` and `PartialEq::eq`, which borrow it. `a < b` and `a == b` stay what they were.
#
# Why it matters here: rules about times stand next to the queries that load what they are about. Muster writes `min(a, b)` with `std::cmp::min` where
# `ExprTrait` is in scope, compares by signs, and keeps what decides in files without it.
#
# Versions: sea-query 1.0.2 with its feature with-chrono, chrono 0.4.45 (cargo).
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

mkdir -p src/bin
cat > Cargo.toml <<'END'
[package]
name = "minimum"
edition = "2024"
[dependencies]
chrono = { version = "=0.4.45", default-features = false }
sea-query = { version = "=1.0.2", default-features = false, features = ["backend-sqlite", "with-chrono"] }
END
cat > src/bin/without.rs <<'END'
use chrono::{DateTime, Utc};

fn main() {
    let (a, b) = (DateTime::<Utc>::UNIX_EPOCH, DateTime::<Utc>::MAX_UTC);
    println!("without the trait: {} {}", a.min(b) == a, 1.max(2));
}
END
sed 's/^use chrono/use sea_query::ExprTrait;\n&/' src/bin/without.rs > src/bin/with.rs
cat > src/bin/compared.rs <<'END'
use sea_query::{Expr, ExprTrait, Query, SqliteQueryBuilder};

fn main() {
    let is_less: Expr = 1.lt(2);
    println!("1.lt(2) is {}", Query::select().expr(is_less).to_string(SqliteQueryBuilder));
    println!("1 < 2 is {}", 1 < 2);
}
END
cargo run --quiet --bin without
cargo run --quiet --bin compared | tee compared.out
grep -q 'is SELECT 1 < 2' compared.out
if cargo build --quiet --bin with 2> with.out; then
    echo "with the trait it compiles as well"
    exit 1
fi
grep -E '^error' with.out
test "$(grep -c '^error\[E0034\]' with.out)" -ge 1
