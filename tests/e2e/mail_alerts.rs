//! Alerts that come as mails (S8): what watches can often do nothing else. The mails are of our own making, in the style of those that send
//! such.

use std::collections::BTreeMap;
use std::sync::Arc;

use api::AlertSource;
use api::alert_sources::mail_rules::{Means, Pattern};
use api::alert_sources::{MailRule, kind};
use entity::alert;
use harness::{Engine, TestApp, both_dbs, run_with};
use reqwest::Method;
use sea_orm::EntityTrait;
use serde_json::{Value, json};

both_dbs![by with_mail:
    a_mail_begins_an_alert_and_another_ends_it,
    a_mail_that_is_delivered_twice_is_one_alert,
    a_mail_that_comes_late_does_not_fire_again,
    a_mail_that_no_rule_names_is_recorded_and_wakes_nobody,
    what_answers_by_itself_is_ignored_and_said_to_be,
    a_mail_with_files_is_read_and_a_huge_one_refused,
    what_is_no_mail_is_refused_with_the_way_out,
];

const SECRET: &str = "secret-of-the-mails-in-the-tests";
const SEEN: &str = "name severity status timeline { nodes { kind text } } alerts { title firing count startsAt endsAt }";

fn with_mail(engine: Engine, test: impl AsyncFnOnce(&TestApp)) {
    let rule = |from: &str, subject: &str, means: Means, level: Option<&str>| MailRule {
        from: Pattern::read(from).unwrap(),
        subject: Pattern::read(subject).unwrap(),
        means,
        level: level.map(str::to_owned),
    };
    let mail = vec![
        rule("*@checks.example", "Website down: {id} *", Means::Fires, Some("critical")),
        rule("*@checks.example", "Website up again: {id} *", Means::Ends, None),
        rule("root@*", "Cron <*> */logrotate*", Means::Ignore, None),
    ];
    let source =
        AlertSource { name: Some("mail".to_owned()), secret: Some(SECRET.to_owned()), mail, ..AlertSource::plain(kind("mail").unwrap()) };
    let settings = |settings: &mut api::Settings| settings.alert_sources = BTreeMap::from([("mail".to_owned(), Arc::new(source))]);
    run_with(TestApp::builder(engine).settings(settings), test);
}

/// A mail of a service that watches websites.
fn checked(number: u32, minute: u32, subject: &str) -> String {
    [
        "Return-Path: <bounce+7@checks.example>",
        "Received: from mta7.checks.example (mta7.checks.example [192.0.2.7]) by mx.agency.example with ESMTPS; Sun, 22 Nov 2026 03:00:00 +0000",
        &format!("Date: Sun, 22 Nov 2026 02:{minute:02}:00 +0000"),
        "From: Checks <noreply@checks.example>",
        "To: oncall@agency.example",
        &format!("Message-ID: <{number}.7@checks.example>"),
        &format!("Subject: {subject}"),
        "Auto-Submitted: auto-generated",
        "MIME-Version: 1.0",
        "Content-Type: text/html; charset=utf-8",
        "Content-Transfer-Encoding: quoted-printable",
        "",
        "<html><body><p>The test of <b>shop.example.org</b> says: Connection refused =E2=80=93 seen from Frankfurt.</p></body></html>",
        "",
    ]
    .join("\r\n")
}

fn down(number: u32, minute: u32) -> String {
    checked(number, minute, "Website down: shop.example.org (HTTP)")
}

fn up(number: u32, minute: u32) -> String {
    checked(number, minute, "Website up again: shop.example.org (after 12 minutes)")
}

async fn post_as(app: &TestApp, media_type: &str, mail: Vec<u8>) -> (u16, Value) {
    let request = app.anonymous().request(Method::POST, "/hooks/alerts/mail").bearer_auth(SECRET);
    let response = request.header("content-type", media_type).body(mail).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap_or_default())
}

/// Posts a mail that must be taken, and gives the answer.
async fn post(app: &TestApp, mail: &str) -> Value {
    let (status, answer) = post_as(app, "message/rfc822", mail.as_bytes().to_vec()).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

async fn incidents(app: &TestApp) -> Value {
    let client = app.responder("Kim").await;
    client.query("{ incidents { totalCount } }", json!({})).await["incidents"]["totalCount"].clone()
}

async fn rows(app: &TestApp) -> Vec<alert::Model> {
    alert::Entity::find().all(app.system().db.read()).await.unwrap()
}

async fn a_mail_begins_an_alert_and_another_ends_it(app: &TestApp) {
    let sam = app.responder("Sam").await;
    assert_eq!(post(app, &down(1, 0)).await["new"], 1);
    let seen = sam.incident("INC-1", SEEN).await;
    assert_eq!((&seen["name"], &seen["severity"]), (&json!("Website down: shop.example.org (HTTP)"), &json!("CRITICAL")));
    assert_eq!((&seen["alerts"][0]["firing"], &seen["alerts"][0]["startsAt"]), (&json!(true), &json!("2026-11-22T02:00:00+00:00")));
    let text = seen["timeline"].to_string();
    assert!(text.contains("Connection refused – seen from Frankfurt") && !text.contains("<b>"), "{text}");
    assert_eq!(post(app, &up(2, 12)).await["ended"], 1);
    let seen = sam.incident("INC-1", SEEN).await;
    assert_eq!((&seen["alerts"][0]["firing"], &seen["alerts"][0]["endsAt"]), (&json!(false), &json!("2026-11-22T02:12:00+00:00")));
    assert_eq!((seen["alerts"].as_array().map(Vec::len), incidents(app).await), (Some(1), json!(1)));
}

async fn a_mail_that_is_delivered_twice_is_one_alert(app: &TestApp) {
    let sam = app.responder("Sam").await;
    post(app, &down(1, 0)).await;
    let once = sam.incident("INC-1", SEEN).await["timeline"].clone();
    assert_eq!(post(app, &down(1, 0)).await["new"], 0);
    let seen = sam.incident("INC-1", SEEN).await;
    assert_eq!((&seen["timeline"], &seen["alerts"][0]["count"]), (&once, &json!(2)));
    // A mail without a rule is known by its Message-ID.
    let unknown = checked(9, 0, "Your invoice");
    post(app, &unknown).await;
    post(app, &unknown).await;
    assert_eq!(rows(app).await.len(), 2);
}

async fn a_mail_that_comes_late_does_not_fire_again(app: &TestApp) {
    let sam = app.responder("Sam").await;
    post(app, &down(1, 0)).await;
    post(app, &up(2, 12)).await;
    app.advance(std::time::Duration::from_secs(3600));
    assert_eq!(post(app, &down(1, 0)).await["new"], 0);
    assert_eq!(sam.incident("INC-1", SEEN).await["alerts"][0]["firing"], false);
    assert_eq!(post(app, &down(3, 30)).await["new"], 1);
    assert_eq!(incidents(app).await, 1);
}

async fn a_mail_that_no_rule_names_is_recorded_and_wakes_nobody(app: &TestApp) {
    post(app, &checked(1, 0, "Your invoice for November")).await;
    let rows = rows(app).await;
    assert_eq!((rows.len(), &*rows[0].title, rows[0].firing), (1, "Your invoice for November", false));
    assert_eq!((rows[0].severity, rows[0].incident_id), (None, None));
    assert_eq!(incidents(app).await, 0);
}

async fn what_answers_by_itself_is_ignored_and_said_to_be(app: &TestApp) {
    let away = down(1, 0).replace("auto-generated", "auto-replied");
    let bounce = down(2, 0).replace("<bounce+7@checks.example>", "<>");
    let rule =
        checked(3, 0, "Cron <root@web1> /usr/sbin/logrotate /etc/logrotate.conf").replace("noreply@checks.example", "root@web1.example");
    let newsletter = checked(4, 0, "Offers").replace("Auto-Submitted: auto-generated", "List-Id: <offers.checks.example>");
    for mail in [away, bounce, rule, newsletter] {
        assert_eq!(post(app, &mail).await, json!({ "incident": null, "new": 0, "ended": 0, "ignored": 1 }), "{mail}");
    }
    assert_eq!((rows(app).await.len(), incidents(app).await), (0, json!(0)));
}

async fn a_mail_with_files_is_read_and_a_huge_one_refused(app: &TestApp) {
    let with_file = |bytes: usize| {
        let headers = "From: noreply@checks.example\r\nSubject: Website down: shop.example.org (HTTP)\r\nDate: Sun, 22 Nov 2026 02:00:00 +0000\r\n\
                       Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nConnection refused\r\n\
                       --x\r\nContent-Type: image/png; name=shot.png\r\nContent-Transfer-Encoding: base64\r\n\r\n";
        let mut mail = headers.as_bytes().to_vec();
        mail.extend(std::iter::repeat_n(b'A', bytes));
        mail
    };
    let (status, answer) = post_as(app, "message/rfc822", with_file(3 * 1024 * 1024)).await;
    assert_eq!((status, &answer["new"]), (200, &json!(1)));
    let seen = app.responder("Sam").await.incident("INC-1", SEEN).await["timeline"].to_string();
    assert!(seen.contains("Connection refused") && seen.len() < 100_000, "{}", seen.len());
    let request = app.anonymous().request(Method::POST, "/hooks/alerts/mail").bearer_auth(SECRET).header("content-type", "message/rfc822");
    match request.body(with_file(5 * 1024 * 1024)).send().await {
        Ok(response) => assert_eq!(response.status(), 413),
        // The server answers and closes while the body is still being sent.
        Err(error) => assert!(error.is_request(), "{error}"),
    }
    assert_eq!(rows(app).await.len(), 1);
}

async fn what_is_no_mail_is_refused_with_the_way_out(app: &TestApp) {
    for (media_type, body, part) in [
        ("message/rfc822", "hello", "a mail begins with its headers"),
        ("application/json", "{}", "with the content type message/rfc822"),
        ("text/plain", "From: a@b.example\r\n\r\nx=1", "with the content type message/rfc822"),
    ] {
        let (status, answer) = post_as(app, media_type, body.as_bytes().to_vec()).await;
        let said = answer["error"]["message"].as_str().unwrap_or_default().to_owned();
        assert!(status == 400 && said.contains(part) && said.contains("docs/integrations/mail-alerts.md"), "{status} {said}");
    }
}
