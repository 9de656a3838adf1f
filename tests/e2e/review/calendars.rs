//! R30: invitations are read by calendar programs that are not ours, as one event that moves and goes.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use domain::calendar::Party;
use domain::ports::{Invitation, Outlet};
use entity::System;
use harness::process::press;
use harness::smtp::Smtp;
use harness::worker::start_with;
use harness::{TestApp, both_dbs, eventually};
use serde_json::{Value, json};
use worker::outlets::email::EmailOutlet;

use super::{World, connected};

both_dbs![by connected: a_calendar_program_keeps_one_event_that_moves_and_goes];

const SOON: Duration = Duration::from_secs(60);
/// The Python that Debian's packages are for.
pub const PYTHON: &str = "/usr/bin/python3";
const CLIENT: &str = include_str!("calendar_client.py");
const NPM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/npm");

async fn a_calendar_program_keeps_one_event_that_moves_and_goes(app: &TestApp) {
    let world = World::new(app).await;
    let server = Smtp::start().await;
    let mail: Arc<dyn Outlet> = Arc::new(EmailOutlet::connect(&server.url(), "Muster <muster@example.org>", press()).unwrap());
    let worker = start_with(app, BTreeMap::from([(System::Email, mail)])).await;
    let to_nat = || server.mails().into_iter().filter(|mail| mail.to[0].starts_with("nat.")).collect::<Vec<_>>();
    let arrived = async |number: usize| eventually("the mail is there", SOON, async || (to_nat().len() == number).then_some(())).await;
    let review = world.schedule("2026-11-30T10:00:00Z").await;
    arrived(1).await;
    world.schedule("2026-12-01T14:30:00Z").await;
    arrived(2).await;
    world.sam.mutate("callOffReview", json!({ "reviewId": review, "reason": "later" }), "review { id }").await;
    arrived(3).await;
    worker.stop().await;

    let folder = tempfile::tempdir().unwrap();
    let mut paths = Vec::new();
    for (number, mail) in to_nat().iter().enumerate() {
        assert!(mail.text.contains("review of INC-1"), "{}", mail.text);
        let path = folder.path().join(format!("{number}.eml"));
        std::fs::write(&path, &mail.raw).unwrap();
        paths.push(path);
    }
    let read = Command::new(PYTHON).arg("-c").arg(CLIENT).args(&paths).output().unwrap();
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    let steps: Vec<Value> = String::from_utf8_lossy(&read.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told: Vec<Value> = steps.iter().map(|step| json!([step["method"], step["sequence"], step["status"], step["kept"]])).collect();
    assert_eq!(
        told,
        [
            json!(["REQUEST", 0, "CONFIRMED", ["2026-11-30T10:00:00+00:00"]]),
            json!(["REQUEST", 1, "CONFIRMED", ["2026-12-01T14:30:00+00:00"]]),
            json!(["CANCEL", 2, "CANCELLED", []]),
        ]
    );
    assert!(steps.iter().all(|step| step["uid"] == steps[0]["uid"] && step["organizer"] == "mailto:muster@example.org"), "{steps:?}");
    assert!(steps.iter().all(|step| step["attendee"] == format!("mailto:{}", to_nat()[0].to[0])), "{steps:?}");
}

#[test]
fn a_second_reader_sees_the_same() {
    let at = |text: &str| text.parse().unwrap();
    let text = "What it is about: \"all\", of it; and \\n more\nüber “alles” 🦀 ".repeat(12);
    let invitation = Invitation {
        uid: "review-1@muster.example.org".to_owned(),
        sequence: 3,
        is_cancelled: false,
        written_at: at("2026-11-20T10:00:00Z"),
        starts_at: at("2026-11-27T10:30:00Z"),
        ends_at: at("2026-11-27T12:00:00Z"),
        title: "Review of INC-7".to_owned(),
        place: Some("Room 4, first floor; the red one".to_owned()),
        text: text.clone(),
        url: "https://muster.example.org/incidents/INC-7/review".to_owned(),
        to_name: "Kim “Kit” Ñandú: x; y, z".to_owned(),
    };
    let (_, calendar) = invitation.calendar(Party { name: "Muster", address: "muster@example.org" }, "kim@example.org");
    // Modules are looked up from where the script is.
    let script = std::path::Path::new(NPM).join("calendars.mjs");
    std::fs::write(&script, include_str!("calendars.mjs")).unwrap();
    let mut node = Command::new("node").arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    node.stdin.take().unwrap().write_all(calendar.as_bytes()).unwrap();
    let output = node.wait_with_output().unwrap();
    let read: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        read,
        json!({
            "method": "REQUEST", "uid": invitation.uid, "sequence": 3, "start": "2026-11-27T10:30:00.000Z", "end": "2026-11-27T12:00:00.000Z",
            "summary": invitation.title, "location": invitation.place, "description": text,
            "attendee": "mailto:kim@example.org", "called": invitation.to_name,
        })
    );
}
