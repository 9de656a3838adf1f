//! Sources of alerts with a name in the settings (S8): each proves itself in its own way, and what it posts becomes alerts.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use api::AlertSource;
use api::alert_sources::{Mapping, Topic, kind};
use base64::Engine as Encoding;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, SecondsFormat, Utc};
use flate2::Compression;
use flate2::write::GzEncoder;
use harness::fakes::{SnsFake, sign, sns};
use harness::{Client, Engine, TestApp, both_dbs, free_port, run_with};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::process::Command;
use url::Url;
use worker::topics::Sns;

both_dbs![by with_sources:
    pagerduty_triggers_and_resolves_one_alert_while_its_secret_is_replaced,
    grafana_signs_with_its_time,
    statuscake_shows_the_end_of_its_address,
    your_own_source_is_five_lines_of_settings,
    a_standard_webhook_is_taken_once_it_is_verified,
    only_who_proves_itself_may_post,
    a_body_that_is_not_understood_says_what_to_do,
    a_packed_body_is_unpacked_within_bounds,
    the_script_for_nagios_tells_of_a_problem_and_its_end,
];
both_dbs![by with_sns: cloudwatch_is_believed_by_amazons_certificate, strangers_of_amazon_are_refused];

const SECRET: &str = "secret-of-a-source-in-the-tests";
const STANDARD_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const SEEN: &str = "status severity name timeline { totalCount nodes { kind text } } alerts { title firing startsAt endsAt count }";

fn source(name: &str, kind_name: &str, change: impl FnOnce(&mut AlertSource)) -> (String, Arc<AlertSource>) {
    let mut source = AlertSource { name: Some(name.to_owned()), ..AlertSource::plain(kind(kind_name).unwrap()) };
    change(&mut source);
    (name.to_owned(), Arc::new(source))
}

fn sources() -> BTreeMap<String, Arc<AlertSource>> {
    let with_secret = |source: &mut AlertSource| source.secret = Some(SECRET.to_owned());
    let signing = |source: &mut AlertSource| source.signing_secret = Some(SECRET.to_owned());
    BTreeMap::from([
        source("pd", "pagerduty", signing),
        source("grafana", "grafana", signing),
        source("grafana-2", "grafana", with_secret),
        source("both", "grafana", |source| {
            with_secret(source);
            signing(source);
        }),
        source("by-token", "grafana", |_| ()),
        source("cake", "statuscake", with_secret),
        source("pingdom", "pingdom", with_secret),
        source("backups", "json", |source| {
            with_secret(source);
            source.levels = Some(BTreeMap::from([("1".to_owned(), entity::Severity::Critical)]));
            let at = |pointer: &str| Some(pointer.to_owned());
            source.map = Mapping {
                title: at("/job/name"),
                fingerprint: at("/job/id"),
                state: at("/status"),
                severity: at("/prio"),
                ..Mapping::default()
            };
        }),
        source("standard", "standard-webhooks", |source| source.signing_secret = Some(STANDARD_SECRET.to_owned())),
        source("vector", "standard-webhooks", |source| {
            source.signing_secret = Some(STANDARD_SECRET.to_owned());
            source.map.title = Some("/test".to_owned());
        }),
        source("ours", "generic", with_secret),
        source("nagios", "nagios", with_secret),
    ])
}

fn with_sources(engine: Engine, test: impl AsyncFnOnce(&TestApp)) {
    run_with(TestApp::builder(engine).settings(|settings| settings.alert_sources = sources()), test);
}

/// With a source of a topic at a fake of Amazon SNS, and one whose topic is elsewhere.
fn with_sns(engine: Engine, test: impl AsyncFnOnce(&TestApp, &SnsFake)) {
    let address = format!("127.0.0.1:{}", free_port());
    let host = Url::parse(&format!("http://{address}")).unwrap();
    let topic = Topic::read(sns::TOPIC, Some(&host)).unwrap();
    let builder = TestApp::builder(engine).settings(move |settings| {
        let other = Topic::read("arn:aws:sns:eu-west-1:123456789012:other", Some(&host)).unwrap();
        settings.alert_sources = BTreeMap::from([
            source("aws", "cloudwatch", |source| source.topics = vec![topic]),
            source("elsewhere", "cloudwatch", |source| source.topics = vec![other]),
        ]);
        settings.topics = Some(Arc::new(Sns::new([&host]).unwrap()));
    });
    run_with(builder, async |app| {
        let fake = SnsFake::start_at(&address).await.unwrap();
        test(app, &fake).await;
    });
}

/// What a source posted, and how it proves itself.
struct Call<'a> {
    path: &'a str,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl<'a> Call<'a> {
    fn json(path: &'a str, body: &Value) -> Self {
        Self { path, headers: Vec::new(), body: body.to_string().into_bytes() }
    }

    fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    fn bearer(self, secret: &str) -> Self {
        self.with("authorization", format!("Bearer {secret}"))
    }

    fn signed_by_pagerduty(self, secret: &str) -> Self {
        let signature = sign::pagerduty(secret, &self.body);
        self.with("x-pagerduty-signature", signature)
    }

    fn signed_by_grafana(self, secret: &str, time: i64) -> Self {
        let signature = sign::grafana(secret, &time.to_string(), &self.body);
        self.with("x-grafana-alerting-signature", signature).with("x-grafana-alerting-timestamp", time.to_string())
    }

    /// The status and the answer.
    async fn post(self, app: &TestApp) -> (u16, Value) {
        let request = app.anonymous().request(Method::POST, self.path).body(self.body);
        let request = self.headers.into_iter().fold(request, |request, (name, value)| request.header(name, value));
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        assert!(!text.contains(SECRET), "{text}");
        (status, serde_json::from_str(&text).unwrap_or_else(|_| panic!("{status}: {text}")))
    }

    async fn taken(self, app: &TestApp) -> Value {
        let path = self.path.to_owned();
        let (status, answer) = self.post(app).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    /// The message of a refusal with this status.
    async fn refused(self, app: &TestApp, expected: u16) -> String {
        let path = self.path.to_owned();
        let (status, answer) = self.post(app).await;
        assert_eq!(status, expected, "{path}: {answer}");
        answer["error"]["message"].as_str().unwrap().to_owned()
    }
}

async fn seen(client: &Client, reference: &str) -> Value {
    client.incident(reference, SEEN).await
}

async fn incidents(client: &Client) -> Value {
    client.query("{ incidents { totalCount } }", Value::Null).await["incidents"]["totalCount"].clone()
}

fn counts(answer: &Value) -> (u64, u64) {
    (answer["new"].as_u64().unwrap(), answer["ended"].as_u64().unwrap())
}

async fn pagerduty_triggers_and_resolves_one_alert_while_its_secret_is_replaced(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let event = |kind: &str, status: &str, at: &str| {
        json!({ "event": { "id": "01B", "event_type": kind, "occurred_at": at, "data": { "type": "incident", "id": "P1", "status": status,
            "title": "The shop is down", "created_at": "2026-11-22T02:59:00Z", "priority": { "summary": "P1" } } } })
    };
    let triggered = event("incident.triggered", "triggered", "2026-11-22T02:59:01Z");
    let fires = || Call::json("/hooks/alerts/pd", &triggered).signed_by_pagerduty(SECRET);
    assert_eq!(counts(&fires().taken(app).await), (1, 0));
    assert_eq!(counts(&fires().taken(app).await), (0, 0), "it may be sent again");
    // While the secret is replaced, PagerDuty signs with both.
    let acknowledged = event("incident.acknowledged", "acknowledged", "2026-11-22T02:59:30Z");
    let call = Call::json("/hooks/alerts/pd", &acknowledged);
    let both = [sign::pagerduty("the new secret of PagerDuty", &call.body), sign::pagerduty(SECRET, &call.body)].join(",");
    assert_eq!(counts(&call.with("x-pagerduty-signature", both).taken(app).await), (0, 0));
    let resolved = event("incident.resolved", "resolved", "2026-11-22T02:59:50Z");
    let over = || Call::json("/hooks/alerts/pd", &resolved).signed_by_pagerduty(SECRET);
    assert_eq!(counts(&over().taken(app).await), (0, 1));
    // Hours later somebody sends again what was once signed.
    app.advance(Duration::from_secs(5 * 3600));
    for old in [fires(), over(), Call::json("/hooks/alerts/pd", &acknowledged).signed_by_pagerduty(SECRET)] {
        assert_eq!(counts(&old.taken(app).await), (0, 0));
    }
    let incident = seen(&sam, "INC-1").await;
    assert_eq!((&incident["severity"], &incident["name"]), (&json!("CRITICAL"), &json!("The shop is down")));
    assert_eq!((incident["alerts"].as_array().unwrap().len(), &incident["alerts"][0]["firing"]), (1, &json!(false)));
    assert_eq!(incident["alerts"][0]["endsAt"], "2026-11-22T02:59:50+00:00");
    assert_eq!(incidents(&sam).await, 1);
    let reopened = event("incident.reopened", "triggered", "2026-11-22T08:00:00Z");
    assert_eq!(counts(&Call::json("/hooks/alerts/pd", &reopened).signed_by_pagerduty(SECRET).taken(app).await), (1, 0));
    assert_eq!(incidents(&sam).await, 1, "it joins what is still in triage");
}

fn grafana(status: &str) -> Value {
    json!({ "orgId": 1, "groupKey": "{}:{}", "version": "1", "alerts": [{ "status": status, "fingerprint": "c6ea", "startsAt": "2026-11-22T02:50:00Z",
        "endsAt": if status == "firing" { "0001-01-01T00:00:00Z" } else { "2026-11-22T02:59:59Z" },
        "labels": { "alertname": "Memory" }, "annotations": { "summary": "Memory is short" } }] })
}

async fn grafana_signs_with_its_time(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let now = app.now().timestamp();
    let call = |status: &str| Call::json("/hooks/alerts/grafana", &grafana(status));
    for time in [now, now - 299] {
        call("firing").signed_by_grafana(SECRET, time).taken(app).await;
    }
    assert_eq!(seen(&sam, "INC-1").await["severity"], "MAJOR");
    assert!(call("firing").signed_by_grafana(SECRET, now - 301).refused(app, 401).await.contains("it is a replay, or a clock is wrong"));
    assert!(call("firing").signed_by_grafana("guessed", now).refused(app, 401).await.contains("The signature is wrong"));
    assert!(call("firing").refused(app, 401).await.contains("x-grafana-alerting-signature is missing"));
    let undated = call("firing").with("x-grafana-alerting-signature", "00");
    assert!(undated.refused(app, 401).await.contains("x-grafana-alerting-timestamp is missing"));
    let mut changed = call("firing").signed_by_grafana(SECRET, now);
    changed.body.push(b' ');
    changed.refused(app, 401).await;
    assert_eq!(counts(&call("resolved").signed_by_grafana(SECRET, now).taken(app).await), (0, 1));
    // Another Grafana, with the same group and fingerprint, is another source; this one shows its secret, as a token or as a password.
    let other = || Call::json("/hooks/alerts/grafana-2", &grafana("firing"));
    assert_eq!(counts(&other().bearer(SECRET).taken(app).await), (1, 0));
    let basic = format!("Basic {}", Encoding::encode(&BASE64_STANDARD, format!("grafana:{SECRET}")));
    assert_eq!(counts(&other().with("authorization", basic).taken(app).await), (0, 0));
    assert_eq!(incidents(&sam).await, 2);
}

async fn statuscake_shows_the_end_of_its_address(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let path = format!("/hooks/alerts/cake/{SECRET}");
    let call = |path: &'_ str, status: &str| {
        let body = format!("URL=https%3A%2F%2Fwww.example.com&Token=540c97b0&Status={status}&StatusCode=500&Tags=prod%2Cweb&Name=Example");
        (path.to_owned(), body.into_bytes())
    };
    let post = async |(path, body): (String, Vec<u8>)| {
        let call = Call { path: &path, headers: vec![("content-type", "application/x-www-form-urlencoded".to_owned())], body };
        call.post(app).await
    };
    let (status, answer) = post(call(&path, "Down")).await;
    assert_eq!((status, counts(&answer)), (200, (1, 0)), "{answer}");
    for wrong in ["/hooks/alerts/cake", "/hooks/alerts/cake/guessed", &path[..path.len() - 1], &format!("{path}x")] {
        let (status, answer) = post(call(wrong, "Up")).await;
        assert_eq!(status, 401, "{wrong}: {answer}");
        assert!(answer["error"]["message"].as_str().unwrap().contains("its address ends with it"), "{answer}");
    }
    let (status, answer) = post(call(&path, "Up")).await;
    assert_eq!((status, counts(&answer)), (200, (0, 1)), "{answer}");
    let incident = seen(&sam, "INC-1").await;
    assert_eq!((&incident["name"], &incident["severity"]), (&json!("Example is down"), &json!("CRITICAL")));
    assert!(!incident.to_string().contains("540c97b0"), "its token is kept nowhere");
    // Others can't put a secret there.
    Call::json(&format!("/hooks/alerts/grafana-2/{SECRET}"), &grafana("firing")).refused(app, 401).await;
}

async fn your_own_source_is_five_lines_of_settings(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let call = |status: &str| {
        let body = json!({ "job": { "id": 7, "name": "The backup of the shop" }, "status": status, "prio": 1, "more": [] });
        Call::json("/hooks/alerts/backups", &body).bearer(SECRET)
    };
    assert_eq!(counts(&call("failed").taken(app).await), (1, 0));
    assert_eq!(counts(&call("failed").taken(app).await), (0, 0));
    assert_eq!(counts(&call("Success").taken(app).await), (0, 1));
    let incident = seen(&sam, "INC-1").await;
    assert_eq!((&incident["name"], &incident["severity"]), (&json!("The backup of the shop"), &json!("CRITICAL")));
    let why = Call::json("/hooks/alerts/backups", &json!({ "job": "x" })).bearer(SECRET).refused(app, 400).await;
    assert!(why.contains("nothing readable is at \"/job/name\"") && why.contains("docs/integrations/alerts.md"), "{why}");
}

async fn a_standard_webhook_is_taken_once_it_is_verified(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let body = json!({ "type": "alert.fired", "timestamp": "2026-11-22T03:00:00Z", "data": { "alerts": [
        { "id": "a1", "title": "Down", "state": "firing", "severity": "critical" }
    ] } });
    let call = |id: &'static str, time: i64, secret: &str| {
        let call = Call::json("/hooks/alerts/standard", &body);
        let signature = sign::standard(secret, id, &time.to_string(), &call.body);
        call.with("webhook-id", id).with("webhook-timestamp", time.to_string()).with("webhook-signature", format!("v1,AAAA {signature}"))
    };
    let now = app.now().timestamp();
    assert_eq!(counts(&call("msg_1", now, STANDARD_SECRET).taken(app).await), (1, 0));
    assert_eq!(counts(&call("msg_1", now, STANDARD_SECRET).taken(app).await), (0, 0));
    call("msg_1", now - 301, STANDARD_SECRET).refused(app, 401).await;
    call("msg_1", now + 301, STANDARD_SECRET).refused(app, 401).await;
    call("msg_1", now, "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").refused(app, 401).await;
    Call::json("/hooks/alerts/standard", &body).refused(app, 401).await;
    assert_eq!(incidents(&sam).await, 1);
    // The example of the standard's own library, at its time.
    let then = "2021-02-25T15:02:10Z".parse::<DateTime<Utc>>().unwrap();
    app.set_back((app.now() - then).to_std().unwrap());
    let vector = Call {
        path: "/hooks/alerts/vector",
        headers: vec![
            ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek".to_owned()),
            ("webhook-timestamp", "1614265330".to_owned()),
            ("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=".to_owned()),
        ],
        body: br#"{"test": 2432232314}"#.to_vec(),
    };
    assert_eq!(counts(&vector.taken(app).await), (1, 0));
}

async fn only_who_proves_itself_may_post(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let fires = grafana("firing");
    let at = |path: &'static str| Call::json(path, &fires);
    for path in ["/hooks/alerts/grafana-2", "/hooks/alerts/by-token", "/hooks/alerts/ours", "/hooks/alerts/backups"] {
        let why = at(path).refused(app, 401).await;
        assert!(why.contains("Authorization: Bearer") && why.contains("docs/integrations/alerts.md"), "{path}: {why}");
        for wrong in ["", "wrong", "muster_unknown", &SECRET[1..]] {
            at(path).bearer(wrong).refused(app, 401).await;
        }
    }
    let why = at("/hooks/alerts/ours").bearer("wrong").refused(app, 401).await;
    assert!(why.contains("alerts.sources.ours.secret") && why.contains("docs/integrations/alerts.md"), "{why}");
    // What the settings have is demanded, all of it.
    let now = app.now().timestamp();
    at("/hooks/alerts/both").bearer(SECRET).refused(app, 401).await;
    at("/hooks/alerts/both").signed_by_grafana(SECRET, now).refused(app, 401).await;
    assert!(at("/hooks/alerts/pd").bearer(SECRET).refused(app, 401).await.contains("x-pagerduty-signature is missing"));
    assert!(at("/hooks/alerts/nobody").bearer(SECRET).refused(app, 404).await.contains("alerts.sources.nobody.kind is missing"));
    assert_eq!(incidents(&sam).await, 0);
    at("/hooks/alerts/both").bearer(SECRET).signed_by_grafana(SECRET, now).taken(app).await;
    // An API token is as good as the secret, and can be revoked on its own.
    for path in ["/hooks/alerts/by-token", "/hooks/alerts/grafana-2"] {
        assert_eq!(counts(&at(path).bearer(sam.token()).taken(app).await), (1, 0), "{path}");
    }
    let put = app.anonymous().request(Method::PUT, "/hooks/alerts/grafana-2").bearer_auth(SECRET).json(&fires);
    assert_eq!(put.send().await.unwrap().status(), 200);
}

async fn a_body_that_is_not_understood_says_what_to_do(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let pingdom = json!({ "check_id": 1, "current_state": "DOWN", "check_name": "Shop" });
    let told = |field: &str, value: Value| {
        let mut body = json!({ "alerts": [{ "id": "a", "title": "Down", "state": "firing" }] });
        body["alerts"][0][field] = value;
        Call::json("/hooks/alerts/ours", &body).bearer(SECRET)
    };
    for (call, expected) in [
        (Call::json("/hooks/alerts/grafana-2", &pingdom).bearer(SECRET), "a source of kind pingdom posts, and this address is for grafana"),
        (Call::json("/hooks/alertmanager", &grafana("firing")).bearer(harness::app::HOOK_SECRET), ""),
        (Call::json("/hooks/alertmanager", &pingdom).bearer(harness::app::HOOK_SECRET), "a source of kind pingdom posts"),
        (Call::json("/hooks/alerts", &pingdom).bearer(harness::app::HOOK_SECRET), "a source of kind pingdom posts"),
        (told("startsAt", json!("soon")), "alerts[0].startsAt must be a time"),
        (told("id", json!([])), "alerts[0].id must be a text."),
        (told("state", json!("smouldering")), "alerts[0].state must be firing or resolved."),
    ] {
        let path = call.path.to_owned();
        let (status, answer) = call.post(app).await;
        if expected.is_empty() {
            // Near enough: its form is that of Alertmanager.
            assert_eq!(status, 200, "{path}: {answer}");
        } else {
            assert_eq!(status, 400, "{path}: {answer}");
            assert!(answer["error"]["message"].as_str().unwrap().contains(expected), "{path}: {answer}");
        }
    }
    let now = app.now();
    for (number, time) in [
        json!(now.timestamp()),
        json!(now.timestamp_millis()),
        json!(now.timestamp().to_string()),
        json!(now.to_rfc3339_opts(SecondsFormat::Millis, true)),
        json!("2026-11-22 03:00:00 UTC"),
        json!("2026-11-22T03:00:00"),
        Value::Null,
    ]
    .into_iter()
    .enumerate()
    {
        let mut call =
            json!({ "alerts": [{ "id": number, "title": "Down", "state": "firing", "severity": "critical", "startsAt": time }] });
        call["group"] = json!(7);
        Call::json("/hooks/alerts/ours", &call).bearer(SECRET).taken(app).await;
    }
    let all = sam.query("{ incidents { nodes { alerts { startsAt firing } } } }", Value::Null).await;
    let ours = all["incidents"]["nodes"].as_array().unwrap().iter().find(|incident| incident["alerts"].as_array().unwrap().len() == 7);
    let alerts = ours.expect("they are of one group")["alerts"].as_array().unwrap();
    assert!(alerts.iter().all(|alert| alert["startsAt"] == "2026-11-22T03:00:00+00:00" && alert["firing"] == true), "{alerts:?}");
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

async fn a_packed_body_is_unpacked_within_bounds(app: &TestApp) {
    let packed = |path: &'static str, body: Vec<u8>| Call { path, headers: vec![("content-encoding", "gzip".to_owned())], body };
    let fires = grafana("firing").to_string().into_bytes();
    assert_eq!(counts(&packed("/hooks/alerts/grafana-2", gzip(&fires)).bearer(SECRET).taken(app).await), (1, 0));
    // What is signed is what was packed.
    let now = app.now().timestamp();
    let mut signed = Call { path: "/hooks/alerts/grafana", headers: Vec::new(), body: fires.clone() }.signed_by_grafana(SECRET, now);
    signed.body = gzip(&fires);
    assert_eq!(counts(&signed.with("content-encoding", "gzip").taken(app).await), (1, 0));
    let bomb = gzip(&vec![b' '; 8 << 20]);
    assert!(bomb.len() < 256 * 1024);
    for path in ["/hooks/alerts/grafana-2", "/hooks/alerts/ours"] {
        let why = packed(path, bomb.clone()).bearer(SECRET).refused(app, 413).await;
        assert!(why.contains("unpacked"), "{why}");
    }
    packed("/hooks/alerts", bomb).bearer(harness::app::HOOK_SECRET).refused(app, 413).await;
    packed("/hooks/alerts/grafana-2", fires.clone()).bearer(SECRET).refused(app, 400).await;
    let other = Call { path: "/hooks/alerts/grafana-2", headers: vec![("content-encoding", "br".to_owned())], body: fires };
    other.bearer(SECRET).refused(app, 415).await;
}

async fn the_script_for_nagios_tells_of_a_problem_and_its_end(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let folder = tempfile::TempDir::with_prefix("muster-nagios-").unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, format!("{SECRET}\n")).unwrap();
    let run = async |arguments: &[&str]| {
        let mut command = Command::new("sh");
        command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/nagios.sh")).args(arguments);
        command.env("ALERTS_URL", format!("{}/hooks/alerts/nagios", app.url())).env("ALERTS_SECRET_FILE", &secret);
        let output = command.output().await.expect("sh is there");
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{told} {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_str::<Value>(&told).unwrap()
    };
    let fires = ["PROBLEM", "web1", "web1.example.org", "1795316340", "CRITICAL", "98 % full & \"worse\"", "disk"];
    assert_eq!(counts(&run(&fires).await), (1, 0));
    assert_eq!(counts(&run(&["PROBLEM", "web1", "web1.example.org", "1795316350", "DOWN", "no answer"]).await), (1, 0));
    assert_eq!(counts(&run(&["RECOVERY", "web1", "web1.example.org", "1795316380", "OK", "fine", "disk"]).await), (0, 1));
    // Nobody heard that it was not.
    assert_eq!(counts(&run(&["RECOVERY", "web1", "web1.example.org", "1795316390", "OK", "fine", "load"]).await), (0, 0));
    let incident = seen(&sam, "INC-1").await;
    assert_eq!((incidents(&sam).await, incident["alerts"].as_array().unwrap().len()), (json!(1), 2), "they are of one host");
    let texts = incident["timeline"]["nodes"].to_string();
    assert!(!texts.contains("load on web1"), "{texts}");
    assert!(texts.contains("disk on web1 is CRITICAL") && texts.contains(r#"98 % full & \"worse"#), "{texts}");
}

fn alarm(state: &str, at: &str) -> Value {
    json!({ "AlarmName": "shop-errors", "AlarmDescription": "Errors of the shop", "NewStateValue": state, "NewStateReason": "Threshold Crossed",
        "StateChangeTime": at, "Region": "EU (Ireland)", "AlarmArn": "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:shop-errors",
        "Trigger": { "MetricName": "Errors", "Namespace": "AWS/Lambda", "Dimensions": [] } })
}

async fn cloudwatch_is_believed_by_amazons_certificate(app: &TestApp, fake: &SnsFake) {
    let sam = app.responder("Sam").await;
    let call = |body: &Value| Call::json("/hooks/alerts/aws", body).with("content-type", "text/plain; charset=UTF-8");
    assert_eq!(call(&fake.confirmation()).taken(app).await, json!({ "confirmed": true }));
    assert_eq!(fake.confirmed(), 1);
    let fires = fake.notification(&alarm("ALARM", "2026-11-22T02:59:00.000+0000"));
    assert_eq!(counts(&call(&fires).taken(app).await), (1, 0));
    assert_eq!(counts(&call(&fires).taken(app).await), (0, 0));
    assert_eq!(counts(&call(&fake.notification(&alarm("OK", "2026-11-22T02:59:30.000+0000"))).taken(app).await), (0, 1));
    app.advance(Duration::from_secs(3600));
    assert_eq!(counts(&call(&fires).taken(app).await), (0, 0), "it was replayed");
    let incident = seen(&sam, "INC-1").await;
    assert_eq!((&incident["name"], &incident["severity"]), (&json!("shop-errors"), &json!("MAJOR")));
    assert_eq!(fake.requests_to("GET", "/SimpleNotificationService").len(), 1, "the certificate is kept");
}

async fn strangers_of_amazon_are_refused(app: &TestApp, fake: &SnsFake) {
    let sam = app.responder("Sam").await;
    let call = |path: &'static str, body: &Value| Call::json(path, body);
    let fires = fake.notification(&alarm("ALARM", "2026-11-22T02:59:00.000+0000"));
    for (field, value) in [
        ("Message", json!(alarm("ALARM", "2026-11-22T03:00:00.000+0000").to_string())),
        ("Timestamp", json!("2026-11-22T03:00:01.000Z")),
        ("Type", json!("SubscriptionConfirmation")),
        ("Signature", json!("AAAA")),
        ("Signature", json!("not base64!")),
        ("SignatureVersion", json!("1")),
        ("SignatureVersion", json!("3")),
        ("TopicArn", json!("arn:aws:sns:eu-west-1:999999999999:evil")),
        ("SigningCertURL", json!("https://evil.example/SimpleNotificationService-010a507c1833636cd94bdb98bd93083a.pem")),
        ("SigningCertURL", json!(format!("{}/SimpleNotificationService-010a507c1833636cd94bdb98bd93083a.pem?x=1", fake.url()))),
    ] {
        let mut body = fires.clone();
        body[field] = value;
        let why = call("/hooks/alerts/aws", &body).refused(app, 401).await;
        assert!(!why.contains("evil"), "{why}");
    }
    // A topic of another source, however genuine.
    call("/hooks/alerts/elsewhere", &fires).refused(app, 401).await;
    call("/hooks/alerts/elsewhere", &fake.confirmation()).refused(app, 401).await;
    call("/hooks/alerts/aws", &json!({ "hello": 1 })).refused(app, 400).await;
    // Without its certificate nothing can be known, so it is to be sent again.
    let mut other = fires.clone();
    other["SigningCertURL"] = json!(format!("{}/SimpleNotificationService-00000000000000000000000000000000.pem", fake.url()));
    call("/hooks/alerts/aws", &other).refused(app, 503).await;
    assert_eq!((fake.confirmed(), incidents(&sam).await), (0, json!(0)));
}
