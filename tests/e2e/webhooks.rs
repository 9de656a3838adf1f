//! Events are posted to endpoints of others: what was committed, signed, until it is taken, and never what is restricted.

mod catalogue;
mod endings;
mod killed;
mod libraries;
mod receiver;
mod restricted;

use std::sync::Arc;
use std::time::Duration;

use domain::webhooks::rules::WebhookRules;
use domain::webhooks::secret::WebhookKey;
use entity::AuditAction;
use harness::drive::{id, text};
use harness::fakes::sign;
use harness::worker::{TestWorker, start_with};
use harness::{Client, Engine, TestApp, both_dbs, eventually, run_with};
use serde_json::{Value, json};
use worker::Connections;
use worker::outlets::client::CallLimits;
use worker::outlets::endpoint::Endpoints;

use crate::audit::{actions, left_by};
use receiver::{Answer, Post, Receiver};

both_dbs![by with_webhooks:
    what_happens_is_posted_and_signed,
    an_endpoint_gets_what_it_wants,
    an_endpoint_that_hangs_keeps_no_other_waiting,
    a_redirect_is_not_followed,
    a_name_that_leads_to_a_private_address_is_not_posted_to,
    endpoints_are_where_the_settings_say,
    there_are_only_so_many_endpoints,
    each_change_of_an_endpoint_is_in_the_audit_log,
    after_a_rotation_both_secrets_are_good_for_a_day,
    a_copy_posts_nothing,
];

const SOON: Duration = Duration::from_secs(20);
const HOUR: Duration = Duration::from_hours(1);
/// The setting `webhooks.key`.
const KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

fn rules(hosts: &str, networks: &str) -> WebhookRules {
    WebhookRules { key: WebhookKey::read(KEY).unwrap(), hosts: hosts.parse().unwrap(), networks: networks.parse().unwrap() }
}

/// Those that allow receivers on this machine, by its address. Its name leads there as well, and is allowed as well; but not what it leads to
/// by IPv6.
fn ours() -> WebhookRules {
    rules("127.0.0.1, localhost", "127.0.0.1")
}

fn with_webhooks(engine: Engine, test: impl AsyncFnOnce(&TestApp)) {
    run_with(TestApp::builder(engine).webhooks(ours()), test);
}

/// Adds an endpoint, and returns its id and its secret.
async fn add(ada: &Client, url: &str, more: Value) -> (String, String) {
    let mut input = json!({ "name": "automation", "url": url });
    input.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    let saved = ada.mutate("saveWebhookEndpoint", input, "endpoint { id } secret").await;
    (id(&saved["endpoint"]).to_owned(), text(&saved, "secret").to_owned())
}

async fn endpoint(ada: &Client, id: &str, selection: &str) -> Value {
    let mut endpoint = ada.node(id, &format!("WebhookEndpoint {{ {selection} }}")).await;
    endpoint.as_object_mut().unwrap().remove("__typename");
    endpoint
}

/// What is to be posted to an endpoint or was, newest first.
async fn messages(ada: &Client, id: &str) -> Vec<Value> {
    let selection = "messages(first: 200) { nodes { id eventType state attempts nextAttemptAt lastStatus lastError answer body } }";
    endpoint(ada, id, selection).await["messages"]["nodes"].as_array().unwrap().clone()
}

async fn test(ada: &Client, id: &str) -> String {
    let sent = ada.mutate("testWebhookEndpoint", json!({ "endpointId": id }), "message { id state eventType }").await;
    assert_eq!((&sent["message"]["state"], &sent["message"]["eventType"]), (&json!("QUEUED"), &json!("webhook.test")));
    text(&sent["message"], "id").to_owned()
}

/// A worker that posts as these rules say, and has little patience.
async fn worker_with(app: &TestApp, rules: WebhookRules) -> TestWorker {
    let limits = CallLimits { connect: Duration::from_secs(5), whole: Duration::from_secs(10) };
    let endpoints = Endpoints::with_limits(rules, limits).unwrap();
    start_with(app, Connections { endpoints: Some(Arc::new(endpoints)), ..Connections::default() }).await
}

/// Waits until a message is as `wanted` says, and returns it.
async fn message_when(ada: &Client, endpoint: &str, message: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let look = async || messages(ada, endpoint).await.into_iter().find(|row| row["id"] == message && wanted(row));
    eventually("the message is as it should be", SOON, look).await
}

/// Checks a post with our own implementation of the specification, and returns what it says.
fn verified(post: &Post, secret: &str) -> Value {
    let signatures = post.header("webhook-signature");
    let expected = sign::standard(secret, post.header("webhook-id"), post.header("webhook-timestamp"), post.body.as_bytes());
    assert!(signatures.split(' ').any(|signature| signature == expected), "{signatures} is not {expected}");
    assert_eq!(post.header("content-type"), "application/json");
    assert!(post.header("webhook-id").starts_with("msg_") && post.header("user-agent").starts_with("muster/"));
    serde_json::from_str(&post.body).unwrap()
}

async fn what_happens_is_posted_and_signed(app: &TestApp) {
    let (ada, sam) = (app.admin().await, app.responder("Sam").await);
    let receiver = Receiver::start().await;
    let (endpoint_id, secret) = add(&ada, &receiver.url("/hook?team=ops"), json!({ "types": ["incident.*"] })).await;
    let worker = worker_with(app, ours()).await;
    let incident = sam.declare_with(json!({ "name": "Checkout is down", "severity": "MAJOR", "leadId": sam.id() })).await;
    let worse = json!({ "incidentId": incident["id"], "severity": "CRITICAL", "reason": "words of people stay here" });
    sam.incident_of("changeSeverity", worse).await;
    let posts = receiver.until("the severity is told", |posts| posts.iter().any(|post| post.kind() == "incident.severity_changed")).await;
    let declared = posts.iter().find(|post| post.kind() == "incident.declared").expect("the declaration is told");
    assert_eq!(declared.target, "/hook?team=ops");
    let declared = verified(declared, &secret);
    assert_eq!(
        declared["data"]["incident"],
        json!({
            "id": incident["id"], "reference": "INC-1", "name": "Checkout is down", "severity": "MAJOR", "status": "INVESTIGATING",
            "visibility": "OPEN", "url": format!("{}/incidents/INC-1", app.domain.config.public_url),
        })
    );
    let event = &declared["data"]["event"];
    assert_eq!((&event["kind"], &event["actorId"], &event["source"]), (&json!("DECLARED"), &json!(sam.id()), &json!("API")));
    let worse = verified(posts.iter().find(|post| post.kind() == "incident.severity_changed").unwrap(), &secret);
    assert_eq!(worse["data"]["changes"], json!({ "from": "MAJOR", "to": "CRITICAL" }));
    assert_eq!(worse["data"]["incident"]["severity"], "CRITICAL");
    assert!(posts.iter().all(|post| !post.body.contains("words of people")), "messages are thin");
    let taken = async || messages(&ada, &endpoint_id).await.iter().all(|row| row["state"] == "DELIVERED").then_some(());
    eventually("all is taken", SOON, taken).await;
    worker.stop().await;
    let all = messages(&ada, &endpoint_id).await;
    let mut posted: Vec<String> = receiver.posts().iter().map(|post| post.header("webhook-id").to_owned()).collect();
    posted.sort();
    let mut known: Vec<&str> = all.iter().map(|row| text(row, "id")).collect();
    known.sort_unstable();
    assert_eq!(posted, known, "each is posted once");
    assert!(all.iter().all(|row| (&row["lastStatus"], &row["attempts"]) == (&json!(204), &json!(1))), "{all:?}");
    assert!(all.iter().all(|row| !text(row, "body").contains(&secret)));
}

async fn an_endpoint_gets_what_it_wants(app: &TestApp) {
    let (ada, sam) = (app.admin().await, app.responder("Sam").await);
    let url = "http://127.0.0.1:9/";
    let (all, _) = add(&ada, url, json!({})).await;
    let (bad, _) = add(&ada, url, json!({ "types": ["incident.declared"], "leastSeverity": "MAJOR" })).await;
    for severity in ["MINOR", "CRITICAL"] {
        sam.declare_with(json!({ "name": severity, "severity": severity })).await;
    }
    let got = messages(&ada, &bad).await;
    assert_eq!(got.len(), 1, "{got:?}");
    assert!(text(&got[0], "body").contains("\"name\":\"CRITICAL\""));
    let declared = messages(&ada, &all).await.iter().filter(|row| row["eventType"] == "incident.declared").count();
    assert_eq!(declared, 2);
    // What it wants from now on.
    ada.mutate("saveWebhookEndpoint", json!({ "id": bad, "types": null, "leastSeverity": null }), "endpoint { types } secret").await;
    let before = messages(&ada, &bad).await.len();
    sam.note(id(&sam.incident("INC-1", "id").await), "a note").await;
    assert_eq!(messages(&ada, &bad).await.len(), before + 1);
    let counts = endpoint(&ada, &bad, "waiting failed types leastSeverity includesRestricted createdBy { id }").await;
    assert_eq!(
        counts,
        json!({ "waiting": 2, "failed": 0, "types": null, "leastSeverity": null, "includesRestricted": false, "createdBy": { "id": ada.id() } })
    );
    for (input, field) in [
        (json!({ "types": [] }), "types"),
        (json!({ "types": ["incident.exploded"] }), "types"),
        (json!({ "types": ["webhook.test"] }), "types"),
        (json!({ "name": " " }), "name"),
    ] {
        let mut input = input;
        input["id"] = json!(bad);
        let refusal = ada.refused("saveWebhookEndpoint", input.clone()).await;
        assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", field), "{input}");
    }
    let types = ada.query("{ webhookEventTypes { name about } webhookHosts }", json!({})).await;
    assert!(types["webhookEventTypes"].as_array().unwrap().iter().any(|of| of["name"] == "incident.declared"));
    assert_eq!(types["webhookHosts"], json!(["127.0.0.1", "localhost"]));
}

async fn an_endpoint_that_hangs_keeps_no_other_waiting(app: &TestApp) {
    let (ada, sam) = (app.admin().await, app.responder("Sam").await);
    let (hanging, well) = (Receiver::start().await, Receiver::start().await);
    hanging.otherwise(Answer::Hang);
    for number in 0..3 {
        add(&ada, &hanging.url(&format!("/{number}")), json!({ "types": ["timeline.note"] })).await;
    }
    let (endpoint_id, _) = add(&ada, &well.url("/"), json!({ "types": ["timeline.note"] })).await;
    let incident = sam.declare("errors").await;
    for number in 0..30 {
        sam.note(id(&incident), &format!("note {number}")).await;
    }
    let worker = worker_with(app, ours()).await;
    well.until("the other gets all", |posts| posts.len() >= 30).await;
    assert!(!hanging.posts().is_empty());
    drop(worker);
    assert_eq!(messages(&ada, &endpoint_id).await.len(), 30);
}

async fn a_redirect_is_not_followed(app: &TestApp) {
    let ada = app.admin().await;
    let receiver = Receiver::start().await;
    receiver.otherwise(Answer::Redirect("/elsewhere"));
    let (endpoint_id, _) = add(&ada, &receiver.url("/"), json!({})).await;
    let worker = worker_with(app, ours()).await;
    let message = test(&ada, &endpoint_id).await;
    let tried = message_when(&ada, &endpoint_id, &message, |row| row["state"] == "RETRYING").await;
    assert_eq!(tried["lastStatus"], 302);
    assert!(text(&tried, "lastError").contains("change its address"), "{tried}");
    worker.stop().await;
    assert!(receiver.posts().iter().all(|post| post.target == "/"));
}

async fn a_name_that_leads_to_a_private_address_is_not_posted_to(app: &TestApp) {
    let ada = app.admin().await;
    let receiver = Receiver::start().await;
    let url = receiver.url("/").replace("127.0.0.1", "localhost");
    let (endpoint_id, _) = add(&ada, &url, json!({})).await;
    // The worker's settings are others by now, as after a restart.
    let worker = worker_with(app, rules("localhost", "10.0.0.0/8")).await;
    let message = test(&ada, &endpoint_id).await;
    let tried = message_when(&ada, &endpoint_id, &message, |row| row["state"] == "RETRYING").await;
    assert!(text(&tried, "lastError").contains("not on the internet"), "{tried}");
    worker.stop().await;
    let worker = worker_with(app, rules("hooks.example.org", "127.0.0.1")).await;
    test(&ada, &endpoint_id).await;
    let refused = async || {
        let all = messages(&ada, &endpoint_id).await;
        all.into_iter().find(|row| row["lastError"].as_str().is_some_and(|why| why.contains("webhooks.hosts")))
    };
    eventually("a host that is no longer allowed gets nothing", SOON, refused).await;
    worker.stop().await;
    assert!(receiver.posts().is_empty());
}

async fn endpoints_are_where_the_settings_say(app: &TestApp) {
    let ada = app.admin().await;
    for url in [
        "https://hooks.example.org/",
        "http://127.0.0.2/",
        "https://127.0.0.1.example.org/",
        "http://[::1]/",
        "https://169.254.169.254/latest/meta-data",
        "ftp://127.0.0.1/",
        "https://user:password@127.0.0.1/",
        "127.0.0.1",
        "",
    ] {
        let refusal = ada.refused("saveWebhookEndpoint", json!({ "name": "automation", "url": url })).await;
        assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", "url"), "{url}");
        assert!(refusal.message().starts_with("url "), "{}", refusal.message());
    }
    let (id, _) = add(&ada, "http://127.0.0.1:9/a", json!({})).await;
    let refusal = ada.refused("saveWebhookEndpoint", json!({ "id": id, "url": "https://hooks.example.org/" })).await;
    assert_eq!(refusal.field(), "url");
    app.elsewhere(app.engine(), async |other| {
        let ada = other.admin().await;
        let refusal = ada.refused("saveWebhookEndpoint", json!({ "name": "automation", "url": "http://127.0.0.1/" })).await;
        assert_eq!(refusal.code(), "FAILED_PRECONDITION");
        assert!(refusal.message().contains("webhooks.key"), "{}", refusal.message());
    })
    .await;
}

async fn there_are_only_so_many_endpoints(app: &TestApp) {
    let ada = app.admin().await;
    let mut last = String::new();
    for _ in 0..domain::limits::WEBHOOK_ENDPOINTS {
        last = add(&ada, "http://127.0.0.1:9/", json!({})).await.0;
    }
    let one_more = json!({ "name": "one more", "url": "http://127.0.0.1:9/" });
    assert_eq!(ada.refused("saveWebhookEndpoint", one_more.clone()).await.code(), "FAILED_PRECONDITION");
    ada.mutate("removeWebhookEndpoint", json!({ "endpointId": last }), "endpointId").await;
    ada.mutate("saveWebhookEndpoint", one_more, "secret").await;
    let all = ada.query("{ webhookEndpoints { id } }", json!({})).await;
    assert_eq!(all["webhookEndpoints"].as_array().unwrap().len(), domain::limits::WEBHOOK_ENDPOINTS);
}

async fn each_change_of_an_endpoint_is_in_the_audit_log(app: &TestApp) {
    use AuditAction::{
        WebhookAdded, WebhookChanged, WebhookDisabled, WebhookEnabled, WebhookRemoved, WebhookReplayed, WebhookSecretRotated,
    };
    let ada = app.admin().await;
    let secrets = std::sync::Mutex::new(Vec::new());
    let entries = left_by(app, async || {
        let (id, secret) = add(&ada, "http://127.0.0.1:9/hook?token=hunter2", json!({})).await;
        let of = json!({ "endpointId": id });
        ada.mutate("saveWebhookEndpoint", json!({ "id": id, "includesRestricted": true }), "secret").await;
        // The second time nothing changes.
        ada.mutate("saveWebhookEndpoint", json!({ "id": id, "includesRestricted": true }), "secret").await;
        let rotated = ada.mutate("rotateWebhookSecret", of.clone(), "secret").await;
        let message = test(&ada, &id).await;
        ada.mutate("disableWebhookEndpoint", of.clone(), "endpoint { disabledWhy }").await;
        ada.mutate("disableWebhookEndpoint", of.clone(), "endpoint { disabledWhy }").await;
        ada.mutate("enableWebhookEndpoint", of.clone(), "endpoint { disabledWhy }").await;
        let replay = json!({ "endpointId": id, "messageIds": [message] });
        assert_eq!(ada.mutate("replayWebhookMessages", replay, "replayed").await["replayed"], 1);
        ada.mutate("removeWebhookEndpoint", of.clone(), "endpointId").await;
        assert_eq!(ada.refused("rotateWebhookSecret", of).await.code(), "NOT_FOUND");
        secrets.lock().unwrap().extend([secret, text(&rotated, "secret").to_owned()]);
    })
    .await;
    let wanted = [WebhookAdded, WebhookChanged, WebhookSecretRotated, WebhookDisabled, WebhookEnabled, WebhookReplayed, WebhookRemoved];
    assert_eq!(actions(&entries), wanted);
    assert!(entries.iter().all(|entry| entry.actor_id == Some(ada.person_id())));
    let details: Vec<&str> = entries.iter().filter_map(|entry| entry.details.as_deref()).collect();
    assert!(details[1].contains("\"includesRestricted\":true"), "{}", details[1]);
    let secrets = secrets.into_inner().unwrap();
    assert_ne!(secrets[0], secrets[1]);
    for secret in secrets.iter().map(String::as_str).chain(["hunter2"]) {
        assert!(details.iter().all(|details| !details.contains(secret)), "{details:?}");
    }
}

async fn after_a_rotation_both_secrets_are_good_for_a_day(app: &TestApp) {
    let ada = app.admin().await;
    let receiver = Receiver::start().await;
    let (id, old) = add(&ada, &receiver.url("/"), json!({})).await;
    let worker = worker_with(app, ours()).await;
    let rotated = ada.mutate("rotateWebhookSecret", json!({ "endpointId": id }), "secret endpoint { rotatedAt }").await;
    let new = text(&rotated, "secret");
    test(&ada, &id).await;
    let posts = receiver.until("the first is there", |posts| posts.len() == 1).await;
    assert_eq!(posts[0].header("webhook-signature").split(' ').count(), 2);
    for secret in [&old, new] {
        verified(&posts[0], secret);
    }
    app.advance(HOUR * 25);
    test(&ada, &id).await;
    let posts = receiver.until("the second is there", |posts| posts.len() == 2).await;
    worker.stop().await;
    assert_eq!(posts[1].header("webhook-signature").split(' ').count(), 1);
    verified(&posts[1], new);
}

/// What `muster restore` and `muster hold all` do.
async fn a_copy_posts_nothing(app: &TestApp) {
    let (ada, sam) = (app.admin().await, app.responder("Sam").await);
    let (id, _) = add(&ada, "http://127.0.0.1:9/", json!({})).await;
    sam.declare("errors").await;
    assert_eq!(domain::webhooks::switch_all_off(&app.system(), "This is a copy.").await.unwrap().len(), 1);
    assert_eq!(domain::webhooks::switch_all_off(&app.system(), "This is a copy.").await.unwrap().len(), 0);
    assert!(messages(&ada, &id).await.iter().all(|row| row["state"] == "FAILED"), "what waited is given up");
    let before = messages(&ada, &id).await.len();
    sam.declare("more errors").await;
    assert_eq!(messages(&ada, &id).await.len(), before, "and nothing is added");
    assert_eq!(ada.refused("testWebhookEndpoint", json!({ "endpointId": id })).await.code(), "FAILED_PRECONDITION");
    assert!(domain::webhooks::claim_due(&app.system(), 32).await.unwrap().is_empty());
    assert_eq!(endpoint(&ada, &id, "disabledWhy").await["disabledWhy"], "This is a copy.");
}
