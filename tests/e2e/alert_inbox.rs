//! The inbox of alerts (S8): what senders posted who proved who they are is kept for a while, without secrets, and can be read again; also
//! by other rules, before they are in force.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use api::AlertSource;
use api::alert_sources::{self, Mapping, kind};
use domain::alerts::inbox;
use domain::chores::{Chore, carry_out};
use domain::playbook::AlertRules;
use entity::{AlertPostId, AuditAction, alert_post, alert_post_body};
use harness::app::HOOK_SECRET;
use harness::drive::{id, text};
use harness::{Client, Engine, TestApp, both_dbs, eventually, run_with};
use reqwest::Method;
use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::{Value, json};

use crate::audit::{actions, left_by};

both_dbs![by with_a_source:
    what_was_posted_is_kept_without_secrets_and_with_what_came_of_it,
    why_nothing_came_of_an_alert_is_told,
    only_administrators_see_what_was_posted,
    what_strangers_post_is_not_kept_and_the_source_shows_that_it_was_refused,
    what_names_no_source_is_known_by_its_hook,
    a_body_that_could_not_be_read_is_taken_again_once_its_mapping_is_right,
    taking_again_what_was_taken_changes_nothing,
    what_should_not_be_kept_is_deleted_for_good_and_that_is_audited,
    of_a_large_body_the_beginning_is_kept_and_it_is_taken_all_the_same,
    what_was_posted_is_listed_page_by_page_and_goes_after_two_weeks,
    rules_are_tried_on_what_was_posted_and_change_nothing,
    rules_that_can_not_be_read_are_told_with_their_line,
];

/// Long enough for a slow machine.
const SOON: Duration = Duration::from_secs(30);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const SECRET: &str = "secret-of-a-source-in-the-tests";
const POSTS: &str = "query($filter: AlertPostFilter, $first: Int, $after: String) { alertPosts(filter: $filter, first: $first, after: $after) { \
    nodes { id hook source kind receivedAt headers { name value } bytes isWhole body digest outcome problem alarms began ended ignored dropped \
    recorded quiet tooLow unjoined notFiring takenAgainAt takenAgainBy { id } incident { reference } } pageInfo { hasNextPage endCursor } } }";
const FORESEE: &str = "query($rules: String, $days: Int) { foreseeAlertRules(rules: $rules, days: $days) { problems { line key message } \
    warnings { key message } posts leftOut unreadable alarms rules { rule alarms reported joined recorded ignored } differing \
    differences { post { id } alarm { title differs outcome { rule then severity pages } inForce { rule then severity } } } } }";
const REPLAY: &str = "query($id: ID!, $rules: String) { replayAlertPost(id: $id, rules: $rules) { problems { line } unreadable \
    alarms { title firing differs outcome { rule then severity } inForce { rule then severity } } } }";
const NOISE: &str = "[[alerts.rules]]\nname = \"Noise\"\ntitle = \"*noise*\"\nthen = \"ignore\"\n";

/// With a source of the team's own whose title is at `title`.
fn sources(title: &str) -> BTreeMap<String, Arc<AlertSource>> {
    let map = Mapping { title: Some(title.to_owned()), ..Mapping::default() };
    let source =
        AlertSource { name: Some("backups".to_owned()), secret: Some(SECRET.to_owned()), map, ..AlertSource::plain(kind("json").unwrap()) };
    BTreeMap::from([("backups".to_owned(), Arc::new(source))])
}

fn with_a_source(engine: Engine, test: impl AsyncFnOnce(&TestApp)) {
    run_with(TestApp::builder(engine).settings(|settings| settings.alert_sources = sources("/job")), test);
}

/// Posts, and returns the status.
async fn post(app: &TestApp, path: &str, secret: &str, body: Vec<u8>) -> u16 {
    let request = app.anonymous().request(Method::POST, path).header("content-type", "application/json").body(body);
    request.header("authorization", format!("Bearer {secret}")).send().await.unwrap().status().as_u16()
}

/// Posts an alert in Muster's own form.
async fn alert(app: &TestApp, title: &str, severity: &str, more: Value) {
    let mut alert = json!({ "id": title, "title": title, "state": "firing", "severity": severity });
    alert.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    let body = json!({ "source": "monit", "group": title, "alerts": [alert] }).to_string().into_bytes();
    assert_eq!(post(app, "/hooks/alerts", HOOK_SECRET, body).await, 200);
}

async fn list(client: &Client, variables: Value) -> Value {
    client.query(POSTS, variables).await["alertPosts"].take()
}

/// What is kept, newest first, once it is `count`.
async fn kept(client: &Client, count: usize) -> Vec<Value> {
    eventually("what was posted is kept", SOON, async || {
        let posts = list(client, json!({ "first": 30 })).await["nodes"].as_array().unwrap().clone();
        (posts.len() == count).then_some(posts)
    })
    .await
}

async fn incidents(client: &Client) -> Value {
    client.query("{ incidents { totalCount } }", Value::Null).await["incidents"]["totalCount"].clone()
}

async fn what_was_posted_is_kept_without_secrets_and_with_what_came_of_it(app: &TestApp) {
    let ada = app.admin().await;
    let labels = json!({ "labels": { "api_token": "hunter2", "env": "live" } });
    alert(app, "Checkout is down", "critical", labels.clone()).await;
    let post = kept(&ada, 1).await.remove(0);
    assert_eq!((text(&post, "hook"), text(&post, "source"), text(&post, "kind")), ("alerts", "monit", "generic"));
    assert_eq!((text(&post, "outcome"), &post["problem"], &post["isWhole"]), ("TAKEN", &Value::Null, &json!(true)));
    assert_eq!((&post["alarms"], &post["began"], &post["ended"], &post["ignored"]), (&json!(1), &json!(1), &json!(0), &json!(0)));
    assert_eq!(post["incident"]["reference"], "INC-1");
    assert_eq!(post["headers"], json!([{ "name": "content-type", "value": "application/json" }]));
    let body: Value = serde_json::from_str(text(&post, "body")).unwrap();
    assert_eq!(body["alerts"][0]["labels"], json!({ "api_token": "(cut)", "env": "live" }));
    assert_eq!(body["alerts"][0]["title"], "Checkout is down");
    let shown = post.to_string();
    assert!(!shown.contains("hunter2") && !shown.contains(HOOK_SECRET), "{shown}");
    // The same once more is another post, with the same digest, of which nothing came.
    alert(app, "Checkout is down", "critical", labels).await;
    let posts = kept(&ada, 2).await;
    assert_eq!((&posts[0]["digest"], &posts[0]["began"]), (&posts[1]["digest"], &json!(0)));
}

async fn why_nothing_came_of_an_alert_is_told(app: &TestApp) {
    let ada = app.admin().await;
    let mut playbook = domain::playbook::Playbook::clone(&app.domain.playbook());
    playbook.alert_rules = AlertRules::read(
        "[[alerts.rules]]\nname = 'Backups'\ntitle = 'backup'\nthen = 'record'\n\
         [[alerts.rules]]\nname = 'Slow'\ntitle = 'slow'\nthen = 'join'\n",
    )
    .unwrap();
    app.domain.replace_playbook(playbook);
    alert(app, "backup", "critical", json!({})).await;
    alert(app, "slow", "critical", json!({})).await;
    alert(app, "disk", "info", json!({})).await;
    alert(app, "gone", "critical", json!({ "state": "resolved" })).await;
    let ends_at = (app.now() + chrono::Duration::hours(1)).to_rfc3339();
    ada.mutate("addQuietWindow", json!({ "source": "monit", "why": "Upgrade", "endsAt": ends_at }), "quietWindow { id }").await;
    alert(app, "down", "critical", json!({})).await;
    let posts = kept(&ada, 5).await;
    let why = |post: &Value| ["recorded", "quiet", "tooLow", "unjoined", "notFiring"].map(|name| post[name].as_i64().unwrap());
    assert_eq!(
        posts.iter().map(why).collect::<Vec<_>>(),
        [[0, 1, 0, 0, 0], [0, 0, 0, 0, 1], [0, 0, 1, 0, 0], [0, 0, 0, 1, 0], [1, 0, 0, 0, 0]]
    );
    assert!(posts.iter().all(|post| post["incident"].is_null()), "{posts:?}");
}

async fn only_administrators_see_what_was_posted(app: &TestApp) {
    let ada = app.admin().await;
    alert(app, "Checkout is down", "critical", json!({})).await;
    let post = kept(&ada, 1).await.remove(0);
    for other in [app.responder("Sam").await, app.viewer("Vic").await] {
        assert_eq!(other.try_query(POSTS, json!({})).await.code(), "FORBIDDEN");
        assert_eq!(other.try_query(REPLAY, json!({ "id": post["id"] })).await.code(), "FORBIDDEN");
        assert_eq!(other.try_query(FORESEE, json!({ "rules": "" })).await.code(), "FORBIDDEN");
        assert_eq!(other.refused("receiveAlertPost", json!({ "postId": post["id"] })).await.code(), "FORBIDDEN");
        let node = other.query("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", json!({ "ids": [post["id"]] })).await;
        assert_eq!(node["nodes"], json!([null]));
    }
    assert_eq!(ada.node(id(&post), "AlertPost { source }").await["source"], "monit");
}

async fn source_of(client: &Client, hook: &str) -> Value {
    let sources =
        client.query("{ alertSources { name hook kind lastHeardAt lastRefusedAt refusal isSilent } }", Value::Null).await["alertSources"]
            .take();
    let all = sources.as_array().unwrap();
    assert_eq!(all.iter().map(|source| text(source, "hook")).collect::<Vec<_>>(), ["alertmanager", "alerts", "alerts/backups"]);
    assert_eq!(all.iter().map(|source| text(source, "name")).collect::<Vec<_>>(), ["alertmanager", "alerts", "backups"]);
    all.iter().find(|source| source["hook"] == hook).unwrap().clone()
}

/// The same once `field` of it is known: that is written beside the answer.
async fn noted(client: &Client, hook: &str, field: &str) -> Value {
    let noted = async || Some(source_of(client, hook).await).filter(|source| !source[field].is_null());
    eventually("it is noted", SOON, noted).await
}

async fn what_strangers_post_is_not_kept_and_the_source_shows_that_it_was_refused(app: &TestApp) {
    let (ada, sam) = (app.admin().await, app.responder("Sam").await);
    let body = || json!({ "job": "Backup" }).to_string().into_bytes();
    for secret in ["guessed", "", HOOK_SECRET] {
        assert_eq!(post(app, "/hooks/alerts/backups", secret, body()).await, 401);
        assert_eq!(post(app, "/hooks/alerts", "guessed", body()).await, 401);
    }
    let refused = noted(&ada, "alerts/backups", "lastRefusedAt").await;
    assert!(text(&refused, "refusal").contains("alerts.sources.backups.secret") && refused["lastHeardAt"].is_null(), "{refused}");
    let for_responders = source_of(&sam, "alerts/backups").await;
    assert_eq!((&for_responders["lastRefusedAt"], &for_responders["refusal"]), (&refused["lastRefusedAt"], &Value::Null));
    // What is posted afterwards is kept, and nothing before it.
    assert_eq!(post(app, &format!("/hooks/alerts/backups/{SECRET}"), "", body()).await, 200);
    let post = kept(&ada, 1).await.remove(0);
    assert_eq!((text(&post, "hook"), text(&post, "source")), ("alerts/backups", "backups"));
    assert!(!post.to_string().contains(SECRET), "the secret in the address is not kept: {post}");
    assert_eq!(noted(&sam, "alerts/backups", "lastHeardAt").await["lastHeardAt"], post["receivedAt"]);
}

async fn what_names_no_source_is_known_by_its_hook(app: &TestApp) {
    let ada = app.admin().await;
    assert_eq!(post(app, "/hooks/alerts", HOOK_SECRET, b"{".to_vec()).await, 400);
    let post = kept(&ada, 1).await.remove(0);
    // As the list of sources and the filter call it.
    assert_eq!((text(&post, "source"), text(&post, "hook"), text(&post, "outcome")), ("alerts", "alerts", "UNREADABLE"));
    assert_eq!(text(&source_of(&ada, "alerts").await, "name"), "alerts");
}

async fn a_body_that_could_not_be_read_is_taken_again_once_its_mapping_is_right(app: &TestApp) {
    let ada = app.admin().await;
    let body = json!({ "task": "Backup of the shop" }).to_string().into_bytes();
    assert_eq!(post(app, "/hooks/alerts/backups", SECRET, body).await, 400);
    let post = kept(&ada, 1).await.remove(0);
    assert_eq!((text(&post, "outcome"), &post["alarms"]), ("UNREADABLE", &json!(0)));
    assert!(text(&post, "problem").contains("nothing readable is at \"/job\""), "{post}");
    let source = noted(&ada, "alerts/backups", "refusal").await;
    assert_eq!(text(&source, "refusal"), text(&post, "problem"));
    assert_eq!(source["lastHeardAt"], source["lastRefusedAt"], "it lives, and posts what can't be read: {source}");
    let tried = ada.query(REPLAY, json!({ "id": post["id"] })).await["replayAlertPost"].take();
    assert!(text(&tried, "unreadable").contains("/job") && tried["alarms"] == json!([]), "{tried}");
    let refusal = ada.refused("receiveAlertPost", json!({ "postId": post["id"] })).await;
    assert!(refusal.code() == "FAILED_PRECONDITION" && refusal.message().contains("/job"), "{}", refusal.message());
    assert_eq!(incidents(&ada).await, 0);
    // Another server, whose settings are right.
    let reader = alert_sources::reader(sources("/task"), BTreeMap::new());
    let post_id = AlertPostId::parse(id(&post)).unwrap();
    inbox::again(&app.ctx(&ada).await, post_id, |kept| reader.read(kept)).await.unwrap();
    let post = kept(&ada, 1).await.remove(0);
    assert_eq!((text(&post, "outcome"), &post["problem"], &post["began"]), ("TAKEN", &Value::Null, &json!(1)));
    assert_eq!((&post["incident"]["reference"], &post["takenAgainBy"]["id"]), (&json!("INC-1"), &json!(ada.id())));
    assert_eq!(ada.incident("INC-1", "name").await["name"], "Backup of the shop");
}

async fn taking_again_what_was_taken_changes_nothing(app: &TestApp) {
    let ada = app.admin().await;
    alert(app, "Checkout is down", "critical", json!({})).await;
    let post = kept(&ada, 1).await.remove(0);
    let before = ada.incident("INC-1", "timeline { totalCount }").await;
    app.advance(Duration::from_secs(60));
    let again =
        ada.mutate("receiveAlertPost", json!({ "postId": post["id"] }), "post { outcome began incident { reference } takenAgainAt }").await;
    assert_eq!((&again["post"]["outcome"], &again["post"]["began"]), (&json!("TAKEN"), &json!(0)));
    assert!(again["post"]["incident"]["reference"] == "INC-1" && !again["post"]["takenAgainAt"].is_null());
    assert_eq!(ada.incident("INC-1", "timeline { totalCount }").await, before);
    assert_eq!(kept(&ada, 1).await.len(), 1, "it is no other post");
}

async fn what_should_not_be_kept_is_deleted_for_good_and_that_is_audited(app: &TestApp) {
    let (ada, sam) = (app.admin().await, app.responder("Sam").await);
    alert(app, "Mail of somebody@shop.example bounced", "critical", json!({})).await;
    let post = kept(&ada, 1).await.remove(0);
    let input = || json!({ "postId": post["id"] });
    let entries = left_by(app, async || {
        assert_eq!(sam.refused("deleteAlertPost", input()).await.code(), "FORBIDDEN");
        assert_eq!(ada.mutate("deleteAlertPost", input(), "postId").await["postId"], post["id"]);
        assert_eq!(ada.refused("deleteAlertPost", input()).await.code(), "NOT_FOUND");
    })
    .await;
    assert_eq!(actions(&entries), [AuditAction::AlertPostDeleted]);
    let details = entries[0].details.as_deref().unwrap();
    assert!(details.contains("monit") && !details.contains("somebody@shop.example"), "{details}");
    assert_eq!(entries[0].subject.as_deref(), Some(id(&post)));
    kept(&ada, 0).await;
    assert_eq!(alert_post_body::Entity::find().count(app.domain.db.read()).await.unwrap(), 0);
    assert_eq!(ada.incident("INC-1", "alerts { firing }").await["alerts"], json!([{ "firing": true }]));
}

async fn of_a_large_body_the_beginning_is_kept_and_it_is_taken_all_the_same(app: &TestApp) {
    let ada = app.admin().await;
    alert(app, "Checkout is down", "critical", json!({ "labels": { "log": "x".repeat(domain::limits::ALERT_POST_BYTES) } })).await;
    let post = kept(&ada, 1).await.remove(0);
    assert_eq!((text(&post, "outcome"), &post["isWhole"], &post["began"]), ("TAKEN", &json!(false), &json!(1)));
    assert_eq!(text(&post, "body").len(), domain::limits::ALERT_POST_HEAD_BYTES);
    assert!(post["bytes"].as_u64() > Some(domain::limits::ALERT_POST_BYTES as u64));
    assert_eq!(ada.try_query(REPLAY, json!({ "id": post["id"] })).await.code(), "FAILED_PRECONDITION");
    assert_eq!(ada.refused("receiveAlertPost", json!({ "postId": post["id"] })).await.code(), "FAILED_PRECONDITION");
    let seen = ada.query(FORESEE, json!({ "rules": NOISE })).await["foreseeAlertRules"].take();
    assert_eq!((&seen["posts"], &seen["leftOut"]), (&json!(0), &json!(1)));
}

async fn what_was_posted_is_listed_page_by_page_and_goes_after_two_weeks(app: &TestApp) {
    let ada = app.admin().await;
    for title in ["one", "two", "three"] {
        alert(app, title, "none", json!({})).await;
    }
    assert_eq!(post(app, "/hooks/alerts/backups", SECRET, b"{".to_vec()).await, 400);
    let all = kept(&ada, 4).await;
    let first = list(&ada, json!({ "first": 3 })).await;
    assert_eq!((&first["nodes"][2]["id"], &first["pageInfo"]["hasNextPage"]), (&all[2]["id"], &json!(true)));
    let rest = list(&ada, json!({ "first": 3, "after": first["pageInfo"]["endCursor"] })).await;
    assert_eq!((rest["nodes"].as_array().unwrap().len(), &rest["nodes"][0]["id"]), (1, &all[3]["id"]));
    for (filter, count) in [
        (json!({ "outcome": "UNREADABLE" }), 1),
        (json!({ "source": "monit" }), 3),
        (json!({ "hook": "alerts" }), 3),
        (json!({ "hook": "alerts/backups", "outcome": "TAKEN" }), 0),
        (json!({ "since": app.now() }), 4),
        (json!({ "since": app.now() + chrono::Duration::seconds(1) }), 0),
    ] {
        let found = list(&ada, json!({ "filter": filter })).await;
        assert_eq!(found["nodes"].as_array().unwrap().len(), count, "{filter}");
    }
    app.advance(DAY * 14 - Duration::from_secs(1));
    carry_out(&app.system(), Chore::Expire).await.unwrap();
    kept(&ada, 4).await;
    app.advance(Duration::from_secs(1));
    carry_out(&app.system(), Chore::Expire).await.unwrap();
    kept(&ada, 0).await;
    let db = app.domain.db.read();
    assert_eq!((alert_post::Entity::find().count(db).await.unwrap(), alert_post_body::Entity::find().count(db).await.unwrap()), (0, 0));
}

async fn rules_are_tried_on_what_was_posted_and_change_nothing(app: &TestApp) {
    let ada = app.admin().await;
    alert(app, "noise on web1", "critical", json!({})).await;
    alert(app, "Checkout is down", "critical", json!({})).await;
    alert(app, "Disk", "info", json!({})).await;
    assert_eq!(post(app, "/hooks/alerts/backups", SECRET, b"{}".to_vec()).await, 400);
    let posts = kept(&ada, 4).await;
    let before = incidents(&ada).await;
    let seen = ada.query(FORESEE, json!({ "rules": NOISE })).await["foreseeAlertRules"].take();
    assert_eq!((&seen["problems"], &seen["warnings"]), (&json!([]), &json!([])));
    assert_eq!((&seen["posts"], &seen["unreadable"], &seen["alarms"], &seen["leftOut"]), (&json!(4), &json!(1), &json!(3), &json!(0)));
    let of = |rule: Value, alarms: u32, reported: u32, recorded: u32, ignored: u32| json!({ "rule": rule, "alarms": alarms, "reported": reported, "joined": 0, "recorded": recorded, "ignored": ignored });
    assert_eq!(seen["rules"], json!([of(json!("Noise"), 1, 0, 0, 1), of(Value::Null, 2, 1, 1, 0)]));
    assert_eq!(seen["differing"], 1);
    let noise = &seen["differences"][0];
    assert_eq!((&noise["post"]["id"], &noise["alarm"]["title"]), (&posts[3]["id"], &json!("noise on web1")));
    assert_eq!((&noise["alarm"]["outcome"]["then"], &noise["alarm"]["inForce"]["then"]), (&json!("IGNORE"), &json!("REPORT")));
    // One of them alone, and by the rules in force.
    let tried = ada.query(REPLAY, json!({ "id": posts[3]["id"], "rules": NOISE })).await["replayAlertPost"].take();
    assert_eq!((&tried["alarms"][0]["outcome"]["rule"], &tried["alarms"][0]["differs"]), (&json!("Noise"), &json!(true)));
    let tried = ada.query(REPLAY, json!({ "id": posts[3]["id"] })).await["replayAlertPost"].take();
    let outcome = json!({ "rule": null, "then": "REPORT", "severity": "CRITICAL" });
    assert_eq!((&tried["alarms"][0]["outcome"], &tried["alarms"][0]["differs"]), (&outcome, &json!(false)));
    assert_eq!((incidents(&ada).await, kept(&ada, 4).await.len()), (before, 4));
    // Once they are in force, they are the ones to compare with, and what they ignore is counted.
    let mut playbook = domain::playbook::Playbook::clone(&app.domain.playbook());
    playbook.alert_rules = AlertRules::read(NOISE).unwrap();
    app.domain.replace_playbook(playbook);
    alert(app, "noise on web2", "critical", json!({})).await;
    assert_eq!(kept(&ada, 5).await[0]["ignored"], 1);
    let seen = ada.query(FORESEE, json!({})).await["foreseeAlertRules"].take();
    assert_eq!((&seen["rules"][0]["ignored"], &seen["differing"]), (&json!(2), &json!(0)));
    let rules = ada.query("{ alertRules { text rules { name conditions then severity page } } }", Value::Null).await["alertRules"].take();
    assert_eq!(rules["text"], NOISE);
    assert_eq!((&rules["rules"][0]["conditions"], &rules["rules"][0]["then"]), (&json!(["title = \"*noise*\""]), &json!("IGNORE")));
}

async fn rules_that_can_not_be_read_are_told_with_their_line(app: &TestApp) {
    let ada = app.admin().await;
    alert(app, "Checkout is down", "critical", json!({})).await;
    let post = kept(&ada, 1).await.remove(0);
    let wrong = NOISE.replace("\"ignore\"", "\"forget\"");
    let seen = ada.query(FORESEE, json!({ "rules": wrong })).await["foreseeAlertRules"].take();
    assert_eq!((&seen["problems"][0]["line"], &seen["posts"], &seen["rules"]), (&json!(4), &json!(0), &json!([])));
    assert!(text(&seen["problems"][0], "key").contains("then"), "{seen}");
    let tried = ada.query(REPLAY, json!({ "id": post["id"], "rules": wrong })).await["replayAlertPost"].take();
    assert_eq!((&tried["problems"][0]["line"], &tried["alarms"]), (&json!(4), &json!([])));
    let everything = "[[alerts.rules]]\nname = \"All\"\nthen = \"record\"\n".to_owned() + NOISE;
    let seen = ada.query(FORESEE, json!({ "rules": everything })).await["foreseeAlertRules"].take();
    assert!(!seen["warnings"].as_array().unwrap().is_empty(), "{seen}");
    for days in [0, 15] {
        let refusal = ada.try_query(FORESEE, json!({ "rules": NOISE, "days": days })).await;
        assert_eq!((refusal.code(), refusal.errors[0].field()), ("BAD_USER_INPUT", "days"), "{days}");
    }
    assert_eq!(ada.query(FORESEE, json!({ "rules": NOISE, "days": 1 })).await["foreseeAlertRules"]["posts"], 1);
}
