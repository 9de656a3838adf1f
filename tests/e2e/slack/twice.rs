//! The same night twice: said in Slack alone, and said at a shell alone. It leaves the same record, whichever way it came.

use std::collections::BTreeMap;
use std::process::Output;

use harness::drive::{id, kinds, text};
use harness::fakes::slack::{LEE, SAM};
use harness::process::Home;
use harness::{Client, both_dbs};
use serde_json::Value;

use super::*;
use crate::shell::typed;

both_dbs![by connected: a_night_leaves_the_same_record_by_slack_and_by_a_shell];

/// What somebody says, and how they fill in the form if one opens.
struct Line {
    by: &'static str,
    says: &'static str,
    fills_in: &'static [(&'static str, &'static str)],
}

const fn says(by: &'static str, says: &'static str) -> Line {
    Line { by, says, fills_in: &[] }
}

const fn fills_in(by: &'static str, says: &'static str, fills_in: &'static [(&'static str, &'static str)]) -> Line {
    Line { by, says, fills_in }
}

/// From the report to the end.
const NIGHT: [Line; 19] = [
    fills_in(
        KIM,
        "new Shop & till are <down>",
        &[("description", "Nobody can pay."), ("urgency", "HIGH"), ("impact", "HIGH"), ("extent", "HIGH")],
    ),
    says(KIM, "lead me"),
    says(KIM, "comms @lee"),
    says(LEE, "client Example Ltd"),
    says(KIM, "status fixing because the certificate has expired"),
    says(LEE, "note The disk is at 95 % & <rising>, see https://status.example.org/?disk=1"),
    says(LEE, "finding The certificate expired at midnight."),
    says(KIM, "decision We roll nothing back."),
    says(KIM, "action Renew it @lee"),
    says(LEE, "cmd certbot renew"),
    says(LEE, "done 1"),
    fills_in(KIM, "update", &[("text", "Payments work again; we are watching."), ("status", "MONITORING")]),
    says(KIM, "handover @sam because I have been up since five"),
    says(SAM, "accept"),
    says(SAM, "severity minor because it works again"),
    says(LEE, "summary The certificate of the shop had expired."),
    says(SAM, "goal understand the certificate had expired"),
    fills_in(
        SAM,
        "resolve",
        &[
            ("goal:contain", "nothing else uses it"),
            ("goal:restore", "payments come in"),
            ("goal:monitor", "an hour without errors"),
            ("summary", "The certificate is renewed."),
        ],
    ),
    says(SAM, "close because it was small"),
];

/// What Muster adds when a system or the clock tells it something.
const OF_ITS_OWN: [&str; 2] = ["DELIVERY", "PROMPT"];

async fn a_night_leaves_the_same_record_by_slack_and_by_a_shell(scene: &Scene<'_>) {
    let watcher = scene.app.responder("Watcher").await;
    watcher.add_client("Example Ltd").await;
    // Whose accounts are whose is found by and by.
    for account in [KIM, LEE, SAM] {
        scene.ask(account, GENERAL, "who").await;
    }
    by_slack(scene).await;
    by_shell(scene, "INC-2");
    let (slack, shell) = (record(&watcher, "INC-1", "SLACK").await, record(&watcher, "INC-2", "API").await);
    assert!(slack.len() >= NIGHT.len(), "{slack:?}");
    assert_eq!(slack, shell);
}

async fn by_slack(scene: &Scene<'_>) {
    let mut channel = GENERAL.to_owned();
    for Line { by, says, fills_in } in &NIGHT {
        scene.fake.types(by, &channel, "/incident", &passed_on(says));
        scene.settled().await;
        if !fills_in.is_empty() {
            let values: Vec<(&str, &[&str])> = fills_in.iter().map(|(field, value)| (*field, std::slice::from_ref(value))).collect();
            scene.fake.fills_in(by, &values);
            scene.settled().await;
        }
        if channel == GENERAL {
            let is_there = || scene.fake.channels_like("inc-").pop().filter(|channel| !channel.pins.is_empty());
            channel = scene.until("a channel with its summary", is_there).await.id;
        }
    }
}

/// What Slack makes of what somebody types: markup is escaped, people are their accounts, and addresses are links.
pub(super) fn passed_on(typed: &str) -> String {
    let sent = |word: &str| match word.trim_end() {
        "@lee" => word.replace("@lee", &format!("<@{LEE}|lee>")),
        "@sam" => word.replace("@sam", &format!("<@{SAM}|sam>")),
        address if address.starts_with("https://") => word.replace(address, &format!("<{address}>")),
        _ => word.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"),
    };
    typed.split_inclusive(' ').map(sent).collect()
}

fn by_shell(scene: &Scene<'_>, reference: &str) {
    let app = scene.app;
    let home = Home::new(app.data_dir(), app.database_url());
    let token = |email: &str| home.run(&["token", "create", "--name", "shell", "--access", "responder", "--email", email]);
    let tokens = BTreeMap::from([(KIM, "kim"), (LEE, "lee"), (SAM, "sam")].map(|(by, name)| (by, token(&format!("{name}@example.org")))));
    for (number, Line { by, says, fills_in }) in NIGHT.iter().enumerate() {
        let fields: Vec<String> = fills_in.iter().map(|(field, value)| format!("--field={field}={value}")).collect();
        let mut arguments = vec!["incident"];
        arguments.extend(fields.iter().map(String::as_str));
        // The first line begins the incident.
        if number > 0 {
            arguments.extend(["--incident", reference]);
        }
        arguments.extend(["--", *says]);
        let Output { status, stderr, .. } = typed(&home, app.data_dir(), (app.url(), &tokens[by]), &arguments).output().unwrap();
        assert!(status.success(), "{says}: {}", String::from_utf8_lossy(&stderr));
    }
}

/// What is on record of an incident, all of which people said by this way: sort, words, and who it was.
async fn record(watcher: &Client, reference: &str, source: &str) -> Vec<[String; 3]> {
    let incident = watcher.incident(reference, "id").await;
    let mut events = watcher.timeline(id(&incident)).await;
    events.retain(|event| !OF_ITS_OWN.contains(&text(event, "kind")));
    for kind in ["DECLARED", "ROLE_CHANGED", "CLIENT_AFFECTED", "COMMAND", "ACTION", "UPDATE", "GOAL_CHANGED", "RESOLVED", "CLOSED"] {
        assert!(kinds(&events).contains(&kind), "{kind}");
    }
    let said: Vec<&Value> = events.iter().filter(|event| !event["actor"].is_null()).collect();
    assert!(said.iter().all(|event| event["source"] == source), "{said:?}");
    let who = |event: &Value| event["actor"]["name"].as_str().unwrap_or("Muster").to_owned();
    events.iter().map(|event| [text(event, "kind").to_owned(), text(event, "text").to_owned(), who(event)]).collect()
}
