//! Ticket events from Zendesk (R18, R20): who may post them, and what follows, once, however often they are sent.

use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::SecondsFormat;
use entity::{Source, System, Timestamp, hook_event};
use harness::app::{SIGNING_SECRET, start_of_time};
use harness::drive::{id, kinds, text};
use harness::{Client, Engine, TestApp, both_dbs, run_with};
use hmac::{Hmac, KeyInit, Mac};
use sea_orm::{EntityTrait, IntoActiveModel};
use serde_json::{Value, json};
use sha2::Sha256;

both_dbs![
    only_what_zendesk_signed_is_accepted,
    what_is_old_or_ahead_is_refused,
    a_body_that_can_never_be_right_is_refused,
    what_no_database_keeps_is_not_asked_for_again_for_ever,
    a_client_s_answer_is_recorded_once,
    what_colleagues_write_is_no_news,
    our_own_problem_ticket_is_no_news,
    an_answer_concerns_every_incident_of_the_ticket,
    what_was_written_before_a_failure_is_not_written_again,
    an_emergency_ticket_reports_one_incident,
    an_emergency_sent_five_times_at_once_reports_one_incident,
    a_tag_makes_an_emergency_of_a_known_ticket,
    an_ordinary_ticket_is_suggested_where_it_may_belong,
    late_news_does_not_undo_newer_news,
    a_problem_ticket_that_someone_solves_is_recorded,
    a_merged_ticket_takes_its_link_along,
    a_merge_that_cannot_be_followed_is_recorded,
];

const MINUTE: Duration = Duration::from_secs(60);

/// A webhook request with its headers, as Zendesk signs it.
struct Call {
    secret: String,
    time: String,
    invocation: String,
    body: String,
}

impl Call {
    fn of(app: &TestApp, event: &Value) -> Self {
        let invocation = event["id"].as_str().unwrap_or("i-0").to_owned();
        Self { secret: SIGNING_SECRET.into(), time: stamp(app.now()), invocation: format!("i-{invocation}"), body: event.to_string() }
    }

    fn signature(&self, parts: [&str; 2]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret.as_bytes()).unwrap();
        parts.iter().for_each(|part| mac.update(part.as_bytes()));
        STANDARD.encode(mac.finalize().into_bytes())
    }

    async fn send(&self, app: &TestApp) -> reqwest::Response {
        self.send_signed(app, &self.signature([&self.time, &self.body])).await
    }

    async fn send_signed(&self, app: &TestApp, signature: &str) -> reqwest::Response {
        let request = app.anonymous().request(reqwest::Method::POST, "/hooks/zendesk");
        let request = request
            .header("x-zendesk-webhook-signature", signature)
            .header("x-zendesk-webhook-signature-timestamp", &self.time)
            .header("x-zendesk-webhook-invocation-id", &self.invocation)
            .header("content-type", "application/json");
        request.body(self.body.clone()).send().await.expect("the server answers")
    }
}

fn stamp(time: Timestamp) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Sends an event that must be accepted.
async fn tell(app: &TestApp, event: &Value) {
    let response = Call::of(app, event).send(app).await;
    let (status, body) = (response.status(), response.text().await.unwrap());
    assert_eq!((status.as_u16(), body.as_str()), (200, "{\"taken\":true}"), "{event}");
}

/// An event as Zendesk sends it, about ticket #42 of organisation 7.
fn event(app: &TestApp, name: &str, kind: &str, change: Value) -> Value {
    json!({
        "account_id": 1,
        "id": name,
        "type": format!("zen:event-type:ticket.{kind}"),
        "subject": "zen:ticket:42",
        "time": stamp(app.now()),
        "zendesk_event_version": "2022-11-06",
        "detail": { "id": "42", "subject": "The shop is down", "description": "Nobody can buy.", "status": "OPEN", "priority": "HIGH",
            "type": "INCIDENT", "tags": [], "form_id": "11", "organization_id": "7", "external_id": null, "updated_at": stamp(app.now()) },
        "event": change,
    })
}

fn with(mut event: Value, field: &str, value: impl Into<Value>) -> Value {
    event["detail"][field] = value.into();
    event
}

fn written_by(name: &str, staff: bool, public: bool, body: &str) -> Value {
    json!({ "comment": { "id": "c1", "body": body, "is_public": public, "author": { "id": "9", "is_staff": staff, "name": name } } })
}

async fn client_at_zendesk(caller: &Client, name: &str, organization: &str) -> String {
    let input = json!({ "name": name, "zendeskOrganizationId": organization });
    id(&caller.mutate("saveClient", input, "client { id }").await["client"]).to_owned()
}

/// An incident to which #42 of Example Ltd is linked.
async fn linked(sam: &Client) -> Value {
    let client = client_at_zendesk(sam, "Example Ltd", "7").await;
    let incident = sam.declare("errors").await;
    sam.incident_of("linkTicket", json!({ "incidentId": incident["id"], "externalId": "42", "clientId": client })).await
}

async fn events(client: &Client, incident: &Value, kind: &str) -> Vec<Value> {
    let events = client.timeline(id(incident)).await;
    events.into_iter().filter(|event| event["kind"] == kind).collect()
}

async fn count(client: &Client) -> Value {
    client.query("{ incidents { totalCount } }", Value::Null).await["incidents"]["totalCount"].clone()
}

/// A sample of the vendor's, which has no licence and so is not part of the project; nothing unless `MUSTER_CONTRACTS` says where it is.
fn sample(path: &str) -> Option<Value> {
    let Some(contracts) = std::env::var_os("MUSTER_CONTRACTS") else {
        eprintln!("MUSTER_CONTRACTS is not set: {path} was not read");
        return None;
    };
    // A relative path starts at the root of the workspace.
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(contracts).join("samples").join(path);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Some(serde_json::from_str(&text).unwrap())
}

async fn only_what_zendesk_signed_is_accepted(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let call = Call::of(app, &event(app, "e1", "created", json!({})));
    let right = call.signature([&call.time, &call.body]);
    for (wrong, why) in [
        (String::new(), "none"),
        (call.signature([&call.body, &call.time]), "the order of the page of 2021"),
        (call.signature(["", &call.body]), "without the time"),
        (hex::encode(STANDARD.decode(&right).unwrap()), "in hex"),
        (right[..20].to_owned(), "a part of it"),
        (Call { secret: "another".into(), ..Call::of(app, &json!({})) }.signature([&call.time, &call.body]), "another secret"),
        // The secret with which Zendesk tries out webhooks is known to everyone.
        (
            Call { secret: "dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ==".into(), ..Call::of(app, &json!({})) }
                .signature([&call.time, &call.body]),
            "the secret for tests",
        ),
    ] {
        let response = call.send_signed(app, &wrong).await;
        assert_eq!(response.status(), 401, "{why}");
        let body: Value = response.json().await.unwrap();
        assert!(text(&body["error"], "message").contains("signature is wrong"), "{body}");
    }
    let bare = app.anonymous().request(reqwest::Method::POST, "/hooks/zendesk").body(call.body.clone()).send().await.unwrap();
    assert_eq!(bare.status(), 401);
    let changed = Call { body: call.body.replace("shop", "bank"), ..Call::of(app, &json!({})) };
    assert_eq!(changed.send_signed(app, &right).await.status(), 401, "the body is signed");
    assert_eq!(call.send_signed(app, &right).await.status(), 200);
    assert_eq!(count(&sam).await, 0);
}

/// The vector that was computed from Zendesk's rule, with the time set back to when it was made.
#[test]
fn the_vector_of_the_documented_rule_is_accepted() {
    let Some(vectors) = sample("vectors.json") else { return };
    let vector = vectors["zendesk-current-order-computed"].clone();
    let secret = text(&vector, "secret").to_owned();
    let builder = TestApp::builder(Engine::Sqlite).settings(move |settings| settings.zendesk_secret = Some(secret));
    run_with(builder, async |app| {
        let time = text(&vector, "timestamp").to_owned();
        let then: Timestamp = time.parse().unwrap();
        app.set_back((start_of_time() - then).to_std().unwrap());
        let call = Call { secret: String::new(), time, invocation: "8350205582".into(), body: text(&vector, "body").into() };
        let response = call.send_signed(app, text(&vector, "signature")).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.text().await.unwrap(), "{\"taken\":false}", "an event of no kind that matters is passed over");
    });
}

#[test]
fn without_a_secret_there_is_no_hook() {
    let builder = TestApp::builder(Engine::Sqlite).settings(|settings| settings.zendesk_secret = None);
    run_with(builder, async |app| {
        let response = Call::of(app, &event(app, "e1", "created", json!({}))).send(app).await;
        assert_eq!(response.status(), 404);
    });
}

async fn what_is_old_or_ahead_is_refused(app: &TestApp) {
    let call = |time: Timestamp| Call { time: stamp(time), ..Call::of(app, &event(app, "e1", "created", json!({}))) };
    let (now, limit, second) = (app.now(), chrono::Duration::minutes(5), chrono::Duration::seconds(1));
    for (time, expected) in [(now - limit - second, 401), (now + limit + second, 401), (now - limit, 200), (now + limit, 200)] {
        assert_eq!(call(time).send(app).await.status(), expected, "{time}");
    }
    // A number is not a time, however well it is signed.
    let call = Call { time: now.timestamp().to_string(), ..call(now) };
    assert_eq!(call.send(app).await.status(), 401);
}

async fn a_body_that_can_never_be_right_is_refused(app: &TestApp) {
    let sam = app.responder("Sam").await;
    for body in ["", "{", "\"text\"", "7", "{\"type\": 7}", "{\"type\": \"zen:event-type:ticket.created\", \"detail\": 7}"] {
        let call = Call { body: body.into(), ..Call::of(app, &json!({})) };
        assert_eq!(call.send(app).await.status(), 400, "{body}");
    }
    let unknown = [
        json!({}),
        json!({ "type": "zen:event-type:user.created", "detail": { "id": "1" } }),
        json!({ "type": "zen:event-type:ticket.created" }),
        json!({ "type": "zen:event-type:ticket.created", "detail": { "id": "abc" }, "event": null }),
        json!({ "type": "zen:event-type:ticket.exploded", "detail": { "id": "42" }, "more": [1] }),
    ];
    for event in unknown {
        assert_eq!(Call::of(app, &event).send(app).await.status(), 200, "{event}");
    }
    assert_eq!(count(&sam).await, 0);
}

async fn what_no_database_keeps_is_not_asked_for_again_for_ever(app: &TestApp) {
    let sam = app.responder("Sam").await;
    linked(&sam).await;
    for (number, year) in ["-0044", "+12026", "9999"].iter().enumerate() {
        let mut strange = event(app, &format!("strange{number}"), "comment_added", written_by("Lee\0", false, true, "still\0 down"));
        strange["account_name"] = json!("a\0b");
        strange["time"] = json!(format!("{year}-03-15T03:00:00Z"));
        for (field, value) in [("updated_at", strange["time"].clone()), ("created_at", strange["time"].clone()), ("tags", json!(["a\0b"]))]
        {
            strange["detail"][field] = value;
        }
        tell(app, &strange).await;
    }
}

async fn a_client_s_answer_is_recorded_once(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = linked(&sam).await;
    let answer = event(app, "e1", "comment_added", written_by("Kim", false, true, "Still\u{0}down.\nPlease hurry."));
    app.advance(MINUTE);
    for _ in 0..2 {
        tell(app, &answer).await;
    }
    // Sent again under another invocation id, or another event id.
    let again = Call { invocation: "i-other".into(), ..Call::of(app, &answer) };
    assert_eq!(again.send(app).await.status(), 200);
    let found = events(&sam, &incident, "TICKET").await;
    let [_, told] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(text(told, "text"), "Kim (Example Ltd) wrote on #42: Stilldown.\nPlease hurry.");
    assert_eq!((&told["source"], &told["actor"], &told["details"]["comment"]), (&json!("ZENDESK"), &Value::Null, &json!("c1")));
    assert_eq!(told["occurredAt"], "2026-11-22T03:00:00+00:00", "when it was written, not when we heard of it");
    let row = sam.incident("INC-1", "tickets { subject status }").await;
    assert_eq!(row["tickets"][0], json!({ "subject": "The shop is down", "status": "open" }));
}

/// Zendesk reports the problem ticket too, perhaps before we know that it exists.
async fn our_own_problem_ticket_is_no_news(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let site = sam.mutate("saveSite", json!({ "name": "shop.example.org", "url": "https://shop.example.org/" }), "site { id }").await;
    let incident =
        sam.declare_with(json!({ "name": "shop.example.org is down", "severity": "MAJOR", "siteIds": [site["site"]["id"]] })).await;
    let ours = with(event(app, "e1", "created", json!({})), "external_id", incident["id"].clone());
    let ours = with(with(ours, "subject", "INC-1: shop.example.org is down"), "tags", json!(["emergency"]));
    tell(app, &ours).await;
    assert_eq!(count(&sam).await, 1);
    assert_eq!(events(&sam, &incident, "TICKET").await, [] as [Value; 0]);
}

/// Our own replies come back this way too.
async fn what_colleagues_write_is_no_news(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = linked(&sam).await;
    for (name, comment) in [
        ("e1", written_by("Ada", true, true, "We are on it.")),
        ("e2", written_by("Ada", true, false, "Which server?")),
        ("e3", written_by("Kim", false, false, "A note")),
    ] {
        tell(app, &event(app, name, "comment_added", comment)).await;
    }
    // As the vendor's events look, on a ticket that is linked.
    if let Some(sample) = sample("zendesk/webhook_event_ticket.comment_added.json") {
        sam.incident_of("linkTicket", json!({ "incidentId": incident["id"], "externalId": "5158" })).await;
        tell(app, &sample["body"]).await;
        let row = sam.incident("INC-1", "tickets { externalId subject status }").await;
        assert_eq!(row["tickets"][1], json!({ "externalId": "5158", "subject": "Cannot login to mobile app", "status": "open" }));
    }
    let told = events(&sam, &incident, "TICKET").await;
    assert!(told.iter().all(|event| text(event, "text").starts_with("Linked ticket")), "{told:?}");
}

async fn an_answer_concerns_every_incident_of_the_ticket(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let first = linked(&sam).await;
    sam.resolve(id(&first)).await;
    let second = sam.declare("errors again").await;
    sam.incident_of("linkTicket", json!({ "incidentId": second["id"], "externalId": "42" })).await;
    tell(app, &event(app, "e1", "comment_added", written_by("Kim", false, true, "It is down."))).await;
    for incident in [&first, &second] {
        let found = events(&sam, incident, "TICKET").await;
        assert_eq!(text(found.last().unwrap(), "text"), "Kim (Example Ltd) wrote on #42: It is down.");
    }
}

/// The database went away after the first of two incidents was written to, so Zendesk got a 503 and sends it again.
async fn what_was_written_before_a_failure_is_not_written_again(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let first = linked(&sam).await;
    sam.resolve(id(&first)).await;
    let second = sam.declare("errors again").await;
    sam.incident_of("linkTicket", json!({ "incidentId": second["id"], "externalId": "42" })).await;
    let mark = hook_event::Model { system: System::Zendesk, event: format!("event e1 {}", id(&first)), received_at: app.now() };
    hook_event::Entity::insert(mark.into_active_model()).exec_without_returning(app.domain.db.write()).await.unwrap();
    tell(app, &event(app, "e1", "comment_added", written_by("Kim", false, true, "It is down."))).await;
    let written = async |incident: &Value| {
        let found = events(&sam, incident, "TICKET").await;
        found.iter().filter(|event| text(event, "text").contains("wrote on #42")).count()
    };
    assert_eq!((written(&first).await, written(&second).await), (0, 1));
}

/// R18: whoever is on call is paged, as for an alert.
async fn an_emergency_ticket_reports_one_incident(app: &TestApp) {
    let sam = app.responder("Sam").await;
    sam.mutate("setOnCall", json!({ "firstLineId": sam.id() }), "onCall { workingHours }").await;
    client_at_zendesk(&sam, "Example Ltd", "7").await;
    sam.mutate("saveSite", json!({ "name": "Museum Shop", "url": "https://shop.example.org/" }), "site { id }").await;
    sam.mutate("saveSite", json!({ "name": "Museum", "url": "https://example.org/" }), "site { id }").await;
    let created = with(event(app, "e1", "created", json!({})), "tags", json!(["vip", "emergency"]));
    let created = with(created, "description", "shop.example.org says 503.");
    tell(app, &created).await;
    tell(app, &created).await;
    // Sent again under another id, and marked again.
    let mut again = created.clone();
    again["id"] = "e2".into();
    tell(app, &again).await;
    tell(app, &with(event(app, "e3", "tags_changed", json!({ "tags_added": ["emergency"] })), "tags", json!(["emergency"]))).await;
    assert_eq!(count(&sam).await, 1);
    let seen = "name summary status severity reporter { name } sites { name } affectedClients { client { name } } pages { person { name } reason } \
        tickets { externalId link client { name } } timeline { nodes { kind text source } }";
    let seen = sam.incident("INC-1", seen).await;
    assert_eq!((text(&seen, "name"), text(&seen, "summary")), ("The shop is down", "shop.example.org says 503."));
    assert_eq!((text(&seen, "status"), &seen["reporter"]), ("TRIAGE", &Value::Null));
    assert_eq!(seen["sites"], json!([{ "name": "Museum Shop" }]));
    assert_eq!(seen["affectedClients"], json!([{ "client": { "name": "Example Ltd" } }]));
    assert_eq!(seen["tickets"], json!([{ "externalId": "42", "link": "LINKED", "client": { "name": "Example Ltd" } }]));
    assert_eq!(seen["pages"], json!([{ "person": { "name": "Sam" }, "reason": "REPORTED" }]));
    let nodes = seen["timeline"]["nodes"].as_array().unwrap();
    assert_eq!(kinds(nodes), ["REPORTED", "PAGED", "TICKET", "CLIENT_AFFECTED"]);
    assert!(nodes.iter().all(|event| event["source"] == Source::Zendesk.as_str()), "{nodes:?}");
}

async fn an_emergency_sent_five_times_at_once_reports_one_incident(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let created = |name: &str| with(event(app, name, "created", json!({})), "tags", json!(["emergency"]));
    let calls: Vec<Call> = ["e1", "e1", "e1", "e2", "e3"].iter().map(|name| Call::of(app, &created(name))).collect();
    let answers = futures_util::future::join_all(calls.iter().map(|call| call.send(app))).await;
    assert!(answers.iter().all(|answer| answer.status() == 200), "{answers:?}");
    assert_eq!(count(&sam).await, 1);
}

async fn a_tag_makes_an_emergency_of_a_known_ticket(app: &TestApp) {
    let sam = app.responder("Sam").await;
    tell(app, &event(app, "e1", "created", json!({}))).await;
    tell(app, &with(event(app, "e2", "tags_changed", json!({ "tags_added": ["slow"] })), "tags", json!(["slow"]))).await;
    assert_eq!(count(&sam).await, 0);
    let tagged = |name: &str| event(app, name, "tags_changed", json!({ "tags_added": ["emergency"] }));
    tell(app, &with(tagged("e3"), "status", "SOLVED")).await;
    assert_eq!(count(&sam).await, 0, "what is solved is no emergency");
    tell(app, &tagged("e4")).await;
    assert_eq!(count(&sam).await, 1);
}

#[test]
fn a_form_makes_an_emergency_as_well() {
    let builder = TestApp::builder(Engine::Sqlite).tickets(|rules| {
        rules.emergency_tags.clear();
        rules.emergency_form = Some("11".into());
    });
    run_with(builder, async |app| {
        let sam = app.responder("Sam").await;
        tell(app, &with(event(app, "e1", "created", json!({})), "form_id", "12")).await;
        assert_eq!(count(&sam).await, 0);
        tell(app, &with(event(app, "e2", "created", json!({})), "id", "43")).await;
        assert_eq!(count(&sam).await, 1);
    });
}

async fn an_ordinary_ticket_is_suggested_where_it_may_belong(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let client = client_at_zendesk(&sam, "Example Ltd", "7").await;
    let site = sam.mutate("saveSite", json!({ "name": "Museum Shop", "url": "https://shop.example.org/" }), "site { id }").await;
    let by_client = sam.declare_with(json!({ "name": "errors", "severity": "MAJOR", "affectedClientIds": [client] })).await;
    let by_site = sam.incident_of("reportIncident", json!({ "name": "slow", "siteIds": [site["site"]["id"]] })).await;
    let neither = sam.declare("something else").await;
    let over = sam.declare_with(json!({ "name": "old", "severity": "MAJOR", "affectedClientIds": [client] })).await;
    sam.resolve(id(&over)).await;
    tell(app, &with(event(app, "e1", "created", json!({})), "description", "See https://shop.example.org/cart")).await;
    tell(app, &event(app, "e2", "created", json!({}))).await;
    for (incident, expected) in [(&by_client, 1), (&by_site, 1), (&neither, 0), (&over, 0)] {
        let found = events(&sam, incident, "TICKET").await;
        assert_eq!(found.len(), expected, "{incident}: {found:?}");
    }
    let told = events(&sam, &by_site, "TICKET").await;
    let expected = "Ticket #42 of Example Ltd (“The shop is down”) may be about this incident: link it, or dismiss it.";
    assert_eq!(text(&told[0], "text"), expected);
    let suggested = sam.incident("INC-2", "ticketSuggestions { externalId client { name } ticket { id link } } tickets { id }").await;
    assert_eq!(suggested["tickets"], json!([]), "it is not linked");
    let found = &suggested["ticketSuggestions"][0];
    assert_eq!((&found["client"]["name"], &found["ticket"]["link"]), (&json!("Example Ltd"), &json!("SUGGESTED")));
    // A client's answer on an unlinked ticket goes nowhere.
    tell(app, &event(app, "e3", "comment_added", written_by("Kim", false, true, "Still down."))).await;
    assert_eq!(events(&sam, &by_site, "TICKET").await.len(), 1);
    // Linked, its client is affected.
    sam.incident_of("linkTicket", json!({ "incidentId": by_site["id"], "externalId": "42" })).await;
    let affected = sam.incident("INC-2", "affectedClients { client { name } }").await;
    assert_eq!(affected["affectedClients"], json!([{ "client": { "name": "Example Ltd" } }]));
}

async fn late_news_does_not_undo_newer_news(app: &TestApp) {
    let sam = app.responder("Sam").await;
    linked(&sam).await;
    let status = async || sam.incident("INC-1", "tickets { status }").await["tickets"][0]["status"].clone();
    let open = event(app, "e1", "status_changed", json!({}));
    app.advance(MINUTE);
    let pending = with(event(app, "e2", "status_changed", json!({})), "status", "PENDING");
    app.advance(MINUTE);
    let solved = with(event(app, "e3", "status_changed", json!({})), "status", "SOLVED");
    tell(app, &pending).await;
    assert_eq!(status().await, "pending");
    tell(app, &open).await;
    assert_eq!(status().await, "pending");
    tell(app, &solved).await;
    assert_eq!(status().await, "solved");
}

async fn a_problem_ticket_that_someone_solves_is_recorded(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = linked(&sam).await;
    let orders = sam.incident("INC-1", "deliveries(state: BY_HAND) { id system }").await;
    let order = orders["deliveries"].as_array().unwrap().iter().find(|row| row["system"] == System::Zendesk.as_str()).unwrap().clone();
    let url = "https://example.zendesk.com/agent/tickets/900";
    sam.mutate("settleDeliveryByHand", json!({ "deliveryId": order["id"], "externalUrl": url }), "delivery { state }").await;
    app.advance(MINUTE);
    let of_problem = |name: &str, status: &str| with(with(event(app, name, "status_changed", json!({})), "id", "900"), "status", status);
    let told = async || {
        let found = events(&sam, &incident, "TICKET").await;
        found.iter().filter(|event| text(event, "text").contains("was solved in Zendesk")).count()
    };
    tell(app, &of_problem("e1", "SOLVED")).await;
    tell(app, &of_problem("e1", "SOLVED")).await;
    assert_eq!(told().await, 1);
    assert_eq!(sam.incident("INC-1", "status").await["status"], "INVESTIGATING", "it is for people to resolve here");
    // A ticket solved because the incident was resolved is no news, and neither is a late report of it.
    app.advance(MINUTE);
    tell(app, &of_problem("e2", "OPEN")).await;
    sam.resolve(id(&incident)).await;
    app.advance(MINUTE);
    let ours = of_problem("e3", "SOLVED");
    app.advance(MINUTE);
    sam.incident_of("reopenIncident", json!({ "incidentId": incident["id"], "reason": "again" })).await;
    tell(app, &ours).await;
    assert_eq!(told().await, 1);
}

async fn links(client: &Client, reference: &str) -> Vec<(String, String, Value)> {
    let found = client.incident(reference, "tickets(link: null) { externalId link client { name } }").await["tickets"].take();
    let row = |row: &Value| (text(row, "externalId").to_owned(), text(row, "link").to_owned(), row["client"]["name"].clone());
    let mut rows: Vec<_> = found.as_array().unwrap().iter().map(row).collect();
    rows.sort_by(|one, other| one.0.cmp(&other.0));
    rows
}

async fn a_merged_ticket_takes_its_link_along(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = linked(&sam).await;
    let merged = with(event(app, "m1", "merged", json!({ "target_ticket_id": "43" })), "status", "CLOSED");
    for _ in 0..2 {
        tell(app, &merged).await;
    }
    let of = |number: &str, link: &str| (number.to_owned(), link.to_owned(), json!("Example Ltd"));
    assert_eq!(links(&sam, "INC-1").await, [of("42", "DISMISSED"), of("43", "LINKED")]);
    let told: Vec<Value> = events(&sam, &incident, "TICKET").await.into_iter().map(|mut event| event["text"].take()).collect();
    assert_eq!(told.iter().filter(|text| **text == "Ticket #42 was merged into #43, which takes its place").count(), 1, "{told:?}");
    // And on, also if the number is a number.
    let again = with(with(event(app, "m2", "merged", json!({ "target_ticket_id": 44 })), "id", "43"), "status", "CLOSED");
    tell(app, &again).await;
    assert_eq!(links(&sam, "INC-1").await[2], of("44", "LINKED"));
}

async fn a_merge_that_cannot_be_followed_is_recorded(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = linked(&sam).await;
    let other = sam.declare("slow").await;
    sam.incident_of("linkTicket", json!({ "incidentId": other["id"], "externalId": "43" })).await;
    tell(app, &event(app, "m1", "merged", json!({ "target_ticket_id": "43" }))).await;
    let last = events(&sam, &incident, "TICKET").await.pop().unwrap();
    assert!(text(&last, "text").contains("#43, which is linked to another incident"), "{last}");
    assert_eq!(links(&sam, "INC-2").await.len(), 1);
    tell(app, &with(event(app, "m2", "merged", json!({})), "id", "43")).await;
    let last = events(&sam, &other, "TICKET").await.pop().unwrap();
    assert!(text(&last, "text").starts_with("Ticket #43 was merged into another ticket"), "{last}");
}
