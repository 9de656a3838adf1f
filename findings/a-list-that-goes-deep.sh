#!/bin/sh
# One would expect: in which place of a `MergedObject` a group stands makes no difference, and a resolver that keeps much while it waits costs
# stack only for those who ask for it.
#
# What happens: async-graphql 7.2.1 nests the groups in each other, the first listed innermost, and each level is a future that holds all those
# within it. So in a build without optimisation, a field of the first of 16 groups is resolved far deeper on the stack than one of the last; and one
# resolver that keeps 16 KiB across an await adds more than that to every level on the way to any field of the first group, whether it is asked for
# or not. The same groups as a list of lists take a quarter less.
#
# Seen: without it, the first is 136 KiB down and the last 77 KiB; with it 838 KiB and 237 KiB; as four lists of four, the first is 602 KiB down.
#
# Why it matters here: a tokio worker has 2 MiB of stack. With twenty-two groups of mutations, those listed first, which were the ones used most,
# had a megabyte above them before a use case began. Muster lists its mutations in groups of groups, and what is used most last.
#
# Versions: async-graphql 7.2.1, futures-executor and futures-util 0.3.32 (cargo).
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

mkdir src
cat > Cargo.toml <<'END'
[package]
name = "depth"
edition = "2024"
[dependencies]
async-graphql = { version = "=7.2.1", default-features = false }
futures-executor = "=0.3.32"
futures-util = { version = "=0.3.32", default-features = false }
END
cat > src/main.rs <<'END'
use std::hint::black_box;
use std::sync::Mutex;

use async_graphql::{EmptyMutation, EmptySubscription, MergedObject, Object, ObjectType, Schema};

/// How far down the stack resolvers ran.
static DEPTH: Mutex<usize> = Mutex::new(0);

fn here() -> usize {
    let local = 0u8;
    black_box(&raw const local) as usize
}

macro_rules! groups {
    ($($group:ident $field:ident,)+) => {
        $(
            #[derive(Default)]
            struct $group;
            #[Object]
            impl $group {
                async fn $field(&self) -> i32 {
                    *DEPTH.lock().unwrap() = here();
                    1
                }
            }
        )+
    };
}

groups! {
    A a, B b, C c, D d, E e, F f, G g, H h, I i, J j, K k, L l, M m, N n, O o, P p,
}

/// As `A`, with another resolver that keeps much while it waits.
#[derive(Default)]
struct Large;

#[Object]
impl Large {
    async fn a(&self) -> i32 {
        *DEPTH.lock().unwrap() = here();
        1
    }
    async fn large(&self) -> u8 {
        let kept = black_box([1u8; 16_384]);
        futures_util::future::ready(()).await;
        kept[0]
    }
}

#[derive(MergedObject, Default)]
struct List(A, B, C, D, E, F, G, H, I, J, K, L, M, N, O, P);

#[derive(MergedObject, Default)]
struct ListWithLarge(Large, B, C, D, E, F, G, H, I, J, K, L, M, N, O, P);

#[derive(MergedObject, Default)]
struct First(Large, B, C, D);
#[derive(MergedObject, Default)]
struct Second(E, F, G, H);
#[derive(MergedObject, Default)]
struct Third(I, J, K, L);
#[derive(MergedObject, Default)]
struct Fourth(M, N, O, P);
#[derive(MergedObject, Default)]
struct ListOfLists(First, Second, Third, Fourth);

fn depth<Q: ObjectType + Default + 'static>(query: &str) -> usize {
    let schema = Schema::new(Q::default(), EmptyMutation, EmptySubscription);
    let top = here();
    let answer = futures_executor::block_on(schema.execute(query));
    assert!(answer.errors.is_empty(), "{:?}", answer.errors);
    top - *DEPTH.lock().unwrap()
}

fn main() {
    let kib = |bytes: usize| bytes / 1024;
    let (first, last) = (depth::<List>("{ a }"), depth::<List>("{ p }"));
    let (with_large, last_with_large) = (depth::<ListWithLarge>("{ a }"), depth::<ListWithLarge>("{ p }"));
    let lists = depth::<ListOfLists>("{ a }");
    println!("16 groups: the first is {} KiB down, the last {} KiB", kib(first), kib(last));
    println!("with a resolver in the first that keeps 16 KiB: {} KiB and {} KiB", kib(with_large), kib(last_with_large));
    println!("the same as four lists of four: the first is {} KiB down", kib(lists));
    let is_so = first > last + 16 * 1024 && with_large - first > 16 * 16 * 1024 && lists < with_large * 4 / 5;
    std::process::exit(if is_so { 0 } else { 1 });
}
END
cargo run --quiet
