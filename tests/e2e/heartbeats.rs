//! Silence is a signal (S8): jobs that stop telling that they live, and sources of alerts from which nothing comes any more.

mod clockwork;
mod sources;

use std::sync::Mutex;
use std::time::Duration;

use domain::heartbeats::look;
use entity::AuditAction;
use harness::drive::{id, text};
use harness::{Client, TestApp, both_dbs};
use reqwest::Method;
use serde_json::{Value, json};

use crate::audit::{actions, left_by};

both_dbs![
    a_missed_beat_is_one_alarm_and_the_next_beat_ends_it,
    nobody_waits_before_the_first_beat,
    a_job_that_says_that_it_failed_is_an_alarm_at_once,
    a_job_that_fails_again_after_its_incident_is_over_is_reported_again,
    a_beat_comes_in_every_form_a_job_has_at_hand,
    who_shows_no_secret_learns_nothing,
    nobody_waits_for_what_is_paused,
    what_is_removed_burns_no_longer,
    another_rhythm_counts_at_once,
    what_belongs_to_one_site_is_one_incident,
    what_can_not_be_is_refused_with_a_way_out,
    each_change_is_in_the_audit_log_without_the_secret,
];

const MINUTE: Duration = Duration::from_mins(1);

/// Adds a heartbeat that is expected every five minutes and may be a minute late. Returns its id and the path that it calls.
async fn add(ada: &Client, name: &str, more: Value) -> (String, String) {
    let mut input = json!({ "name": name, "everySeconds": 300, "graceSeconds": 60, "severity": "MAJOR" });
    input.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    let added = ada.mutate("createHeartbeat", input, "heartbeat { id address } url").await;
    let address = text(&added["heartbeat"], "address");
    assert!(text(&added, "url").starts_with(address) && !address.contains(path_of(text(&added, "url")).rsplit('/').next().unwrap()));
    (id(&added["heartbeat"]).to_owned(), path_of(text(&added, "url")).to_owned())
}

fn path_of(url: &str) -> &str {
    &url[url.find("/hooks/").expect("it is a hook")..]
}

/// The status and the answer.
async fn call(app: &TestApp, method: Method, path: &str, body: impl Into<reqwest::Body>) -> (u16, String) {
    let response = app.anonymous().request(method, path).body(body).send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

async fn beat(app: &TestApp, path: &str) {
    assert_eq!(call(app, Method::GET, path, "").await.0, 200, "{path}");
}

/// Has a worker look once.
async fn looked(app: &TestApp) {
    while look(&app.system()).await.unwrap() {}
}

/// Lets minutes pass, with a worker that looks in each.
async fn pass(app: &TestApp, minutes: usize) {
    for _ in 0..minutes {
        app.advance(MINUTE);
        looked(app).await;
    }
}

async fn heartbeat(client: &Client, id: &str, selection: &str) -> Value {
    client.node(id, &format!("Heartbeat {{ {selection} }}")).await
}

async fn state(client: &Client, id: &str) -> String {
    text(&heartbeat(client, id, "state").await, "state").to_owned()
}

async fn incidents(client: &Client) -> Value {
    client.query("{ incidents { totalCount } }", Value::Null).await["incidents"]["totalCount"].clone()
}

/// Title, whether it fires, and how often it was told, of each alert of an incident.
async fn alerts(client: &Client, reference: &str) -> Vec<(String, bool, i64)> {
    let seen = client.incident(reference, "alerts { title firing count }").await;
    let alert = |alert: &Value| (text(alert, "title").to_owned(), alert["firing"] == true, alert["count"].as_i64().unwrap());
    seen["alerts"].as_array().unwrap().iter().map(alert).collect()
}

const SILENT: &str = "No sign of life from nightly-backup since 2026-11-22 03:00:00 UTC";

async fn a_missed_beat_is_one_alarm_and_the_next_beat_ends_it(app: &TestApp) {
    let (ada, sam) = (app.admin().await, app.responder("Sam").await);
    looked(app).await;
    let (id, path) = add(&ada, "nightly-backup", json!({ "note": "It runs on db1." })).await;
    beat(app, &path).await;
    pass(app, 5).await;
    assert_eq!((state(&sam, &id).await, incidents(&sam).await), ("BEATING".to_owned(), json!(0)));
    let expected = heartbeat(&sam, &id, "lastBeatAt nextExpectedAt alarmAt").await;
    assert_eq!(expected["lastBeatAt"], "2026-11-22T03:00:00+00:00");
    assert_eq!(
        (&expected["nextExpectedAt"], &expected["alarmAt"]),
        (&json!("2026-11-22T03:05:00+00:00"), &json!("2026-11-22T03:06:00+00:00"))
    );
    app.advance(Duration::from_secs(30));
    looked(app).await;
    assert_eq!((state(&sam, &id).await, incidents(&sam).await), ("LATE".to_owned(), json!(0)));
    app.advance(Duration::from_secs(30));
    looked(app).await;
    assert_eq!((state(&sam, &id).await, incidents(&sam).await), ("SILENT".to_owned(), json!(1)));
    pass(app, 20).await;
    assert_eq!(incidents(&sam).await, 1);
    let incident = "incident { reference }";
    assert_eq!(heartbeat(&sam, &id, incident).await["incident"]["reference"], "INC-1");
    assert_eq!(alerts(&sam, "INC-1").await, [(SILENT.to_owned(), true, 1)]);
    let seen = sam.incident("INC-1", "name severity summary impactStartedAt timeline { nodes { text } }").await;
    assert_eq!((text(&seen, "name"), text(&seen, "severity")), (SILENT, "MAJOR"));
    assert_eq!(seen["impactStartedAt"], "2026-11-22T03:06:00+00:00");
    assert!(seen.to_string().contains("It should tell that it lives every 5 min, and may be 1 min late."), "{seen}");
    assert!(seen.to_string().contains("It runs on db1."), "{seen}");
    beat(app, &path).await;
    assert_eq!(state(&sam, &id).await, "BEATING");
    looked(app).await;
    assert_eq!(heartbeat(&sam, &id, incident).await["incident"], Value::Null);
    // Its end is the second time that it was told.
    assert_eq!(alerts(&sam, "INC-1").await, [(SILENT.to_owned(), false, 2)]);
    assert!(sam.incident("INC-1", "timeline { nodes { text } }").await.to_string().contains("It is back."));
    // It falls silent again: that belongs to the same incident, as long as it runs.
    pass(app, 6).await;
    let again = "No sign of life from nightly-backup since 2026-11-22 03:26:00 UTC";
    assert_eq!(alerts(&sam, "INC-1").await, [(SILENT.to_owned(), false, 2), (again.to_owned(), true, 1)]);
    assert_eq!(incidents(&sam).await, 1);
}

async fn nobody_waits_before_the_first_beat(app: &TestApp) {
    let ada = app.admin().await;
    looked(app).await;
    let (id, path) = add(&ada, "nightly-backup", json!({})).await;
    pass(app, 10).await;
    let waiting = heartbeat(&ada, &id, "state lastBeatAt nextExpectedAt alarmAt").await;
    let nothing = Value::Null;
    assert_eq!((text(&waiting, "state"), &waiting["lastBeatAt"]), ("WAITING", &nothing));
    assert_eq!((&waiting["nextExpectedAt"], &waiting["alarmAt"], incidents(&ada).await), (&nothing, &nothing, json!(0)));
    beat(app, &path).await;
    pass(app, 6).await;
    assert_eq!(incidents(&ada).await, 1);
}

async fn a_job_that_says_that_it_failed_is_an_alarm_at_once(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let ada = app.admin().await;
    looked(app).await;
    let (id, path) = add(&ada, "nightly-backup", json!({ "note": "It runs on db1." })).await;
    let log = format!("{}\0\u{7}\nE: the disk of db1 is full", "x".repeat(1024 * 1024));
    assert_eq!(call(app, Method::POST, &format!("{path}/fail"), log).await.0, 200);
    looked(app).await;
    assert_eq!(alerts(&sam, "INC-1").await, [("nightly-backup says that it failed".to_owned(), true, 1)]);
    let failed = heartbeat(&sam, &id, "state failedAt failure").await;
    assert_eq!((text(&failed, "state"), text(&failed, "failedAt")), ("FAILED", "2026-11-22T03:00:00+00:00"));
    let failure = text(&failed, "failure");
    assert!(failure.ends_with("E: the disk of db1 is full") && failure.chars().count() == 4_000, "{}", failure.len());
    let told = sam.incident("INC-1", "timeline { nodes { text } }").await.to_string();
    assert!(told.contains("E: the disk of db1 is full") && told.contains("It runs on db1."), "{told}");
    // The next run succeeds.
    app.advance(MINUTE);
    beat(app, &path).await;
    looked(app).await;
    assert_eq!(alerts(&sam, "INC-1").await, [("nightly-backup says that it failed".to_owned(), false, 2)]);
    let well = heartbeat(&sam, &id, "state failedAt failure").await;
    assert_eq!((text(&well, "state"), &well["failedAt"], &well["failure"]), ("BEATING", &Value::Null, &Value::Null));
    // A shell says how it ended.
    app.advance(MINUTE);
    for (status, expected) in [("0", "BEATING"), ("3", "FAILED")] {
        assert_eq!(call(app, Method::GET, &format!("{path}?exit={status}"), "").await.0, 200);
        assert_eq!(state(&sam, &id).await, expected);
    }
    assert_eq!(heartbeat(&sam, &id, "failure").await["failure"], "It ended with status 3.");
    for wrong in ["", "one", "0x1"] {
        let (status, answer) = call(app, Method::GET, &format!("{path}?exit={wrong}"), "").await;
        assert!(status == 400 && answer.contains("?exit=$?"), "{status} {answer}");
    }
}

async fn a_job_that_fails_again_after_its_incident_is_over_is_reported_again(app: &TestApp) {
    let ada = app.admin().await;
    looked(app).await;
    let (_, path) = add(&ada, "nightly-backup", json!({})).await;
    let fail = format!("{path}/fail");
    beat(app, &fail).await;
    looked(app).await;
    let first = ada.incident("INC-1", "id").await;
    app.advance(MINUTE);
    ada.incident_of("declineIncident", json!({ "incidentId": first["id"], "reason": "It was a test." })).await;
    app.advance(MINUTE);
    beat(app, &fail).await;
    looked(app).await;
    assert_eq!(incidents(&ada).await, 2);
    assert_eq!(alerts(&ada, "INC-2").await, [("nightly-backup says that it failed".to_owned(), true, 1)]);
}

async fn a_beat_comes_in_every_form_a_job_has_at_hand(app: &TestApp) {
    let ada = app.admin().await;
    let (id, path) = add(&ada, "nightly-backup", json!({})).await;
    let (named, secret) = path.rsplit_once('/').unwrap();
    let forms = [(Method::GET, ""), (Method::HEAD, ""), (Method::POST, ""), (Method::POST, "all 7 databases\n")];
    for (method, body) in forms {
        app.advance(MINUTE);
        assert_eq!(call(app, method.clone(), &path, body).await.0, 200, "{method}");
        assert_eq!(heartbeat(&ada, &id, "lastBeatAt").await["lastBeatAt"], json!(app.now().to_rfc3339()), "{method}");
    }
    // Whatever it sends along, it lives.
    app.advance(MINUTE);
    assert_eq!(call(app, Method::POST, &path, vec![0xff; 5 * 1024 * 1024]).await.0, 200);
    assert_eq!(heartbeat(&ada, &id, "lastBeatAt").await["lastBeatAt"], json!(app.now().to_rfc3339()));
    app.advance(MINUTE);
    let in_header = app.anonymous().with_token(secret).request(Method::POST, named).send().await.unwrap();
    assert_eq!(in_header.status(), 200);
    assert_eq!(heartbeat(&ada, &id, "lastBeatAt").await["lastBeatAt"], json!(app.now().to_rfc3339()));
    let failed = app.anonymous().with_token(secret).request(Method::HEAD, &format!("{named}/fail")).send().await.unwrap();
    assert_eq!((failed.status().as_u16(), state(&ada, &id).await), (200, "FAILED".to_owned()));
    assert_eq!(call(app, Method::DELETE, &path, "").await.0, 405);
}

async fn who_shows_no_secret_learns_nothing(app: &TestApp) {
    let ada = app.admin().await;
    let (id, path) = add(&ada, "nightly-backup", json!({})).await;
    let secret = path.rsplit('/').next().unwrap().to_owned();
    let refused = async |path: &str| {
        let (status, answer) = call(app, Method::POST, path, "").await;
        assert!(status == 401 && !answer.contains(&secret), "{path}: {status} {answer}");
        answer
    };
    let wrong = refused(&format!("{path}x")).await;
    assert_eq!(refused(&format!("/hooks/heartbeat/another/{secret}")).await, wrong, "which there are is not told");
    for unknown in
        ["/hooks/heartbeat/nightly-backup/guessed/fail", "/hooks/heartbeat/a%00b/guessed", "/hooks/heartbeat/%F0%9F%92%93/guessed"]
    {
        assert_eq!(refused(unknown).await, wrong, "{unknown}");
    }
    assert_eq!(refused(&format!("/hooks/heartbeat/{}/guessed", "a".repeat(4_000))).await, wrong);
    assert!(refused("/hooks/heartbeat/nightly-backup").await.contains("Authorization: Bearer SECRET"));
    // A token of the API is not the secret of a heartbeat.
    let token = ada.request(Method::POST, "/hooks/heartbeat/nightly-backup").send().await.unwrap();
    assert_eq!(token.status(), 401);
    assert_eq!(state(&ada, &id).await, "WAITING");
    let rotated = ada.mutate("rotateHeartbeatSecret", json!({ "heartbeatId": id }), "heartbeat { rotatedAt } url").await;
    assert_eq!(refused(&path).await, wrong, "the one before is worth nothing");
    beat(app, path_of(text(&rotated, "url"))).await;
    ada.mutate("deleteHeartbeat", json!({ "heartbeatId": id }), "heartbeatId").await;
    assert_eq!(refused(path_of(text(&rotated, "url"))).await, wrong);
}

async fn nobody_waits_for_what_is_paused(app: &TestApp) {
    let ada = app.admin().await;
    looked(app).await;
    let (id, path) = add(&ada, "nightly-backup", json!({})).await;
    beat(app, &path).await;
    pass(app, 6).await;
    assert_eq!(alerts(&ada, "INC-1").await, [(SILENT.to_owned(), true, 1)]);
    let paused = async |is: bool| {
        ada.mutate("updateHeartbeat", json!({ "heartbeatId": id, "isPaused": is }), "heartbeat { state pausedAt alarmAt }").await["heartbeat"].take()
    };
    let now = paused(true).await;
    assert_eq!((text(&now, "state"), &now["alarmAt"]), ("PAUSED", &Value::Null));
    looked(app).await;
    assert!(!alerts(&ada, "INC-1").await[0].1, "its alarm is over");
    // What comes meanwhile is noted, and changes nothing.
    beat(app, &path).await;
    beat(app, &format!("{path}/fail")).await;
    pass(app, 20).await;
    assert_eq!((state(&ada, &id).await, incidents(&ada).await), ("PAUSED".to_owned(), json!(1)));
    // From its resumption on it has all the time that it may take.
    let resumed = paused(false).await;
    assert_eq!((text(&resumed, "alarmAt"), &resumed["pausedAt"]), ("2026-11-22T03:32:00+00:00", &Value::Null));
    pass(app, 5).await;
    assert_eq!(alerts(&ada, "INC-1").await.len(), 1);
    pass(app, 1).await;
    assert_eq!(alerts(&ada, "INC-1").await.iter().filter(|alert| alert.1).count(), 1);
}

async fn what_is_removed_burns_no_longer(app: &TestApp) {
    let ada = app.admin().await;
    looked(app).await;
    let (id, path) = add(&ada, "nightly-backup", json!({})).await;
    beat(app, &path).await;
    pass(app, 6).await;
    ada.mutate("deleteHeartbeat", json!({ "heartbeatId": id }), "heartbeatId").await;
    assert!(!alerts(&ada, "INC-1").await[0].1);
    assert_eq!(heartbeat(&ada, &id, "name").await, Value::Null);
    assert_eq!(ada.refused("deleteHeartbeat", json!({ "heartbeatId": id })).await.code(), "NOT_FOUND");
    // Its name can be had again, by another one.
    let (other, _) = add(&ada, "nightly-backup", json!({})).await;
    pass(app, 20).await;
    assert_eq!((state(&ada, &other).await, incidents(&ada).await), ("WAITING".to_owned(), json!(1)));
}

async fn another_rhythm_counts_at_once(app: &TestApp) {
    let ada = app.admin().await;
    looked(app).await;
    let (id, path) = add(&ada, "nightly-backup", json!({})).await;
    beat(app, &path).await;
    let every = async |seconds: i32| {
        ada.mutate("updateHeartbeat", json!({ "heartbeatId": id, "everySeconds": seconds }), "heartbeat { everySeconds alarmAt }").await
    };
    assert_eq!(every(3_600).await["heartbeat"]["alarmAt"], "2026-11-22T04:01:00+00:00");
    pass(app, 10).await;
    assert_eq!(incidents(&ada).await, 0);
    // By the new one, it is overdue.
    every(120).await;
    looked(app).await;
    assert_eq!(alerts(&ada, "INC-1").await, [(SILENT.to_owned(), true, 1)]);
    every(3_600).await;
    looked(app).await;
    assert_eq!((alerts(&ada, "INC-1").await[0].1, state(&ada, &id).await), (false, "BEATING".to_owned()));
}

async fn what_belongs_to_one_site_is_one_incident(app: &TestApp) {
    let ada = app.admin().await;
    looked(app).await;
    let site = json!({ "name": "Shop", "url": "https://shop.example.org/" });
    let site = id(&ada.mutate("saveSite", site, "site { id }").await["site"]).to_owned();
    let (backup, of_backup) = add(&ada, "shop-backup", json!({ "siteId": site })).await;
    let (_, of_cron) = add(&ada, "shop-cron", json!({ "siteId": site })).await;
    for path in [&of_backup, &of_cron] {
        beat(app, path).await;
    }
    pass(app, 6).await;
    assert_eq!((incidents(&ada).await, alerts(&ada, "INC-1").await.len()), (json!(1), 2));
    let incident = ada.incident("INC-1", "sites { name }").await;
    assert_eq!(incident["sites"], json!([{ "name": "Shop" }]));
    let named = heartbeat(&ada, &backup, "site { name }").await;
    assert_eq!(named["site"]["name"], "Shop");
    let left = ada
        .mutate("updateHeartbeat", json!({ "heartbeatId": backup, "siteId": null, "note": " " }), "heartbeat { site { id } note }")
        .await;
    assert_eq!((&left["heartbeat"]["site"], &left["heartbeat"]["note"]), (&Value::Null, &Value::Null));
}

async fn what_can_not_be_is_refused_with_a_way_out(app: &TestApp) {
    let ada = app.admin().await;
    let (id, _) = add(&ada, "nightly-backup", json!({})).await;
    let valid = json!({ "name": "other", "everySeconds": 60, "graceSeconds": 60, "severity": "MINOR" });
    for (field, value, says) in [
        ("name", json!("Nightly backup"), "lower-case letters"),
        ("name", json!(""), "lower-case letters"),
        ("name", json!("nightly-backup"), "choose another name"),
        ("everySeconds", json!(59), "between 60 and"),
        ("everySeconds", json!(366 * 86_400 + 1), "366 days"),
        ("graceSeconds", json!(-1), "between 60 and"),
        ("siteId", json!("sit_00000000000000000000000000000001"), "not a site"),
        ("note", json!("x".repeat(50_001)), "characters"),
    ] {
        let mut input = valid.clone();
        input[field] = value;
        let refusal = ada.refused("createHeartbeat", input.clone()).await;
        assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", field), "{field}");
        assert!(refusal.message().contains(says), "{}", refusal.message());
        if field != "name" {
            let change = json!({ "heartbeatId": id, field: input[field] });
            assert_eq!(ada.refused("updateHeartbeat", change).await.field(), field, "{field}");
        }
    }
    let all = ada.query("{ heartbeats(first: 1) { nodes { name } pageInfo { hasNextPage } } }", Value::Null).await;
    assert_eq!(all["heartbeats"], json!({ "nodes": [{ "name": "nightly-backup" }], "pageInfo": { "hasNextPage": false } }));
}

async fn each_change_is_in_the_audit_log_without_the_secret(app: &TestApp) {
    use AuditAction::{HeartbeatAdded, HeartbeatChanged, HeartbeatPaused, HeartbeatRemoved, HeartbeatResumed, HeartbeatSecretRotated};
    let ada = app.admin().await;
    let secrets = Mutex::new(Vec::new());
    let entries = left_by(app, async || {
        let (id, path) = add(&ada, "nightly-backup", json!({})).await;
        secrets.lock().unwrap().push(path.rsplit('/').next().unwrap().to_owned());
        let of = |change: Value| {
            let mut input = json!({ "heartbeatId": id });
            input.as_object_mut().unwrap().extend(change.as_object().cloned().unwrap_or_default());
            input
        };
        for change in
            [json!({ "severity": "MAJOR" }), json!({ "severity": "MINOR", "isPaused": true }), json!({ "isPaused": false }), json!({})]
        {
            ada.mutate("updateHeartbeat", of(change), "heartbeat { id }").await;
        }
        let rotated = ada.mutate("rotateHeartbeatSecret", of(json!({})), "url").await;
        secrets.lock().unwrap().push(text(&rotated, "url").rsplit('/').next().unwrap().to_owned());
        // Beats are no changes.
        beat(app, path_of(text(&rotated, "url"))).await;
        ada.mutate("deleteHeartbeat", of(json!({})), "heartbeatId").await;
    })
    .await;
    let wanted = [HeartbeatAdded, HeartbeatChanged, HeartbeatPaused, HeartbeatResumed, HeartbeatSecretRotated, HeartbeatRemoved];
    assert_eq!(actions(&entries), wanted);
    let secrets = secrets.into_inner().unwrap();
    for entry in &entries {
        let details = entry.details.as_deref().unwrap();
        assert!(details.contains("nightly-backup") && secrets.iter().all(|secret| !details.contains(secret)), "{details}");
        assert!(entry.subject.as_deref().unwrap().starts_with("hbt_"));
    }
}
