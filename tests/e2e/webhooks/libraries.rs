//! What is posted is verified by the specification's own libraries, in three languages.

use std::io::Write;
use std::process::{Command, Stdio};

use harness::{Engine, TestApp, node};
use serde_json::{Value, json};
use standardwebhooks::Webhook;

use super::receiver::{Post, Receiver};
use super::{add, ours, test, with_webhooks, worker_with};

const CHECK: &str = include_str!("../../harness/standard_webhooks.py");
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/webhooks");
/// The Python that Debian's packages are for.
const PYTHON: &str = "/usr/bin/python3";

/// A post, and whether it is to be believed with this secret.
struct Case {
    secret: String,
    post: Post,
    is_good: bool,
}

impl Case {
    fn json(&self) -> Value {
        let headers: serde_json::Map<String, Value> =
            self.post.headers.iter().map(|(name, value)| (name.to_string(), json!(value.to_str().unwrap()))).collect();
        json!({ "secret": self.secret, "headers": headers, "body": self.post.body })
    }
}

#[test]
fn the_libraries_of_the_specification_believe_it() {
    with_webhooks(Engine::Sqlite, verified_by_others);
}

async fn verified_by_others(app: &TestApp) {
    let cases = cases(app).await;
    let wanted: Vec<bool> = cases.iter().map(|case| case.is_good).collect();
    let input = json!(cases.iter().map(Case::json).collect::<Vec<_>>()).to_string();
    let read = |printed: &str| -> Vec<bool> { serde_json::from_str(printed).unwrap() };
    assert_eq!(read(&tokio::task::block_in_place(|| node("standard_webhooks.mjs", &[], &input))), wanted, "JavaScript");
    assert_eq!(read(&tokio::task::block_in_place(|| python(&input))), wanted, "Python");
    let rust = |case: &Case| Webhook::new(&case.secret).unwrap().verify(case.post.body.as_bytes(), &case.post.headers).is_ok();
    assert_eq!(cases.iter().map(rust).collect::<Vec<_>>(), wanted, "Rust");
}

async fn cases(app: &TestApp) -> Vec<Case> {
    let (ada, sam) = (app.admin().await, app.responder("Sam").await);
    let receiver = Receiver::start().await;
    let (id, old) = add(&ada, &receiver.url("/"), json!({})).await;
    let worker = worker_with(app, ours()).await;
    sam.declare_with(json!({ "name": "Zoë’s “checkout” 🦀 is\u{a0}down \\ \"here\"", "severity": "CRITICAL" })).await;
    test(&ada, &id).await;
    let before = receiver.until("both are there", |posts| {
        ["incident.declared", "webhook.test"].iter().all(|kind| posts.iter().any(|post| post.kind() == *kind))
    });
    let mut cases: Vec<Case> = before.await.into_iter().map(|post| Case { secret: old.clone(), post, is_good: true }).collect();
    let rotated = ada.mutate("rotateWebhookSecret", json!({ "endpointId": id }), "secret").await;
    let new = rotated["secret"].as_str().unwrap().to_owned();
    let message = test(&ada, &id).await;
    let is_it = |post: &Post| post.header("webhook-id") == message;
    let posts = receiver.until("the one after the rotation is there", |posts| posts.iter().any(is_it)).await;
    worker.stop().await;
    let after = posts.into_iter().find(is_it).unwrap();
    for secret in [&old, &new] {
        cases.push(Case { secret: secret.clone(), post: after.clone(), is_good: true });
    }
    // What was changed on its way, and what others made.
    let first = cases[0].post.clone();
    let mut spoiled =
        vec![(new, first.clone()), (old.clone(), Post { body: first.body.replace("CRITICAL", "MINOR") + " ", ..first.clone() })];
    for (header, value) in [("webhook-id", "msg_another"), ("webhook-timestamp", "1614265330"), ("webhook-signature", "v1,AAAA")] {
        let mut post = first.clone();
        post.headers.insert(header, value.parse().unwrap());
        spoiled.push((old.clone(), post));
    }
    cases.extend(spoiled.into_iter().map(|(secret, post)| Case { secret, post, is_good: false }));
    cases
}

fn python(input: &str) -> String {
    let mut python =
        Command::new(PYTHON).args(["-c", CHECK, FOLDER]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("Python is there");
    python.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success(), "it failed, see above; `make tools` installs what it needs");
    String::from_utf8(output.stdout).unwrap()
}
