//! Passkeys, made and shown by a real browser.

mod device;
mod page;

use std::collections::BTreeMap;
use std::time::Duration;

use domain::chores::{self, Chore};
use domain::people::access;
use domain::people::tokens::{self, CreateToken};
use entity::{AccessLevel, AuditAction, TokenBounds, audit_entry, passkey, passkey_attempt};
use harness::oidc::{cookies, keep_cookies};
use harness::{Client, Engine, TestApp, both_dbs, free_port, run, run_with};
use reqwest::Method;
use sea_orm::{EntityTrait, PaginatorTrait, QueryOrder};
use serde_json::{Value, json};

use self::device::{Device, serve_page};

both_dbs![by with:
    a_passkey_signs_its_owner_in,
    an_answer_counts_once,
    a_passkey_that_was_removed_is_refused,
    somebody_who_was_deactivated_is_out,
    an_answer_for_another_page_is_refused,
    a_device_that_counts_back_is_refused,
    only_people_who_are_signed_in_add_passkeys,
    what_was_asked_is_forgotten,
];

#[test]
fn processes_finish_what_others_began() {
    with(Engine::Postgres, across_processes);
}

#[test]
fn one_caller_begins_so_many_sign_ins() {
    with(Engine::Sqlite, too_many);
}

#[test]
fn passkeys_are_not_offered_where_browsers_have_none() {
    run(Engine::Sqlite, async |app| {
        let page = app.anonymous().get("/").await.text().await.unwrap();
        assert!(!page.contains("passkey"), "{page}");
        assert_eq!(app.anonymous().get("/passkeys").await.status(), 404);
        let (status, refusal) = Visitor::new(app, "http://127.0.0.1:8080").post("/sign-in/passkey/begin", Value::Null).await;
        assert_eq!((status, &refusal["error"]["code"]), (409, &json!("FAILED_PRECONDITION")));
    });
}

/// Where people reach Muster, and another origin that browsers take for the same site.
struct Places {
    own: String,
    other: String,
}

fn with(engine: Engine, test: impl AsyncFnOnce(&TestApp, &Places)) {
    let (own, other) = (free_port(), free_port());
    let places = Places { own: format!("http://localhost:{own}"), other: format!("http://localhost:{other}") };
    let public_url = places.own.clone();
    run_with(TestApp::builder(engine).settings(move |settings| settings.public_url = public_url), async |app| {
        serve_page(own).await;
        serve_page(other).await;
        test(app, &places).await;
    });
}

/// A browser without its device, as far as the server can tell.
#[derive(Clone)]
struct Visitor {
    server: String,
    origin: String,
    jar: BTreeMap<String, String>,
}

impl Visitor {
    fn new(server: &TestApp, origin: &str) -> Self {
        Self { server: server.url().to_owned(), origin: origin.to_owned(), jar: BTreeMap::new() }
    }

    /// One in which `client` is signed in.
    async fn signed_in(app: &TestApp, origin: &str, client: &Client) -> Self {
        let link = access::create_sign_in_link(&app.system(), client.person_id()).await.unwrap();
        let session = access::sign_in(&app.system(), &link).await.unwrap();
        let mut visitor = Self::new(app, origin);
        visitor.jar.insert("muster_session".into(), session);
        visitor
    }

    async fn post(&mut self, path: &str, body: Value) -> (u16, Value) {
        let request = harness::browser().request(Method::POST, format!("{}{path}", self.server)).header("origin", &self.origin);
        let answer = request.header("cookie", cookies(&self.jar)).json(&body).send().await.unwrap();
        keep_cookies(&mut self.jar, &answer);
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    async fn asked(&mut self, path: &str) -> Value {
        let (status, options) = self.post(path, Value::Null).await;
        assert_eq!(status, 200, "{options}");
        options
    }

    /// Has the device make a passkey, and adds it.
    async fn add(&mut self, device: &mut Device, name: &str) -> String {
        let credential = device.make(&self.asked("/passkeys/begin").await).await;
        let (status, added) = self.post("/passkeys/finish", json!({ "name": name, "credential": credential })).await;
        assert_eq!(status, 200, "{added}");
        added["id"].as_str().unwrap().to_owned()
    }

    /// Has the device show a passkey, and signs in with it.
    async fn sign_in(&mut self, device: &mut Device) -> (u16, Value) {
        let credential = device.show(&self.asked("/sign-in/passkey/begin").await).await;
        self.post("/sign-in/passkey/finish", json!({ "credential": credential })).await
    }

    async fn query(&mut self, query: &str) -> (u16, Value) {
        let (status, mut answer) = self.post("/graphql", json!({ "query": query })).await;
        (status, answer["data"].take())
    }
}

/// The newest entry of the audit log: what it is, whom it is about, and its details.
async fn last_entry(app: &TestApp) -> (AuditAction, String, Value) {
    let newest = audit_entry::Entity::find().order_by_desc(audit_entry::Column::Sequence).one(app.domain.db.read()).await;
    let entry = newest.unwrap().unwrap();
    let details = entry.details.map_or(Value::Null, |details| serde_json::from_str(&details).unwrap());
    (entry.action, entry.subject.unwrap(), details)
}

async fn assert_refused(app: &TestApp, (status, refusal): (u16, Value), client: &Client, why: &str) {
    assert_eq!((status, &refusal["error"]["code"]), (401, &json!("UNAUTHENTICATED")), "{refusal}");
    let (action, about, details) = last_entry(app).await;
    let expected = json!({ "how": "PASSKEY", "why": why });
    assert_eq!((action, about, details), (AuditAction::SignInFailed, client.id(), expected));
}

async fn a_passkey_signs_its_owner_in(app: &TestApp, places: &Places) {
    const SEEN: &str = "passkeys { id name usedAt person { name } }";
    let (ada, sam, kim) = (app.admin().await, app.responder("Sam").await, app.responder("Kim").await);
    let page = app.anonymous().get("/").await.text().await.unwrap();
    assert!(page.contains("Sign in with a passkey"), "{page}");
    let mut device = Device::at(&places.own).await;
    let mut desk = Visitor::signed_in(app, &places.own, &sam).await;
    let id = desk.add(&mut device, "Sam's phone").await;
    let (action, about, details) = last_entry(app).await;
    let added = json!({ "passkey": id, "name": "Sam's phone" });
    assert_eq!((action, about, details), (AuditAction::PasskeyAdded, sam.id(), added));
    assert_eq!(desk.jar.keys().collect::<Vec<_>>(), ["muster_session"], "nothing else stays");
    let unused = json!([{ "id": id, "name": "Sam's phone", "usedAt": null, "person": { "name": "Sam" } }]);
    assert_eq!(ada.node(&sam.id(), &format!("Person {{ {SEEN} }}")).await["passkeys"], unused);
    assert_eq!(kim.node(&sam.id(), &format!("Person {{ {SEEN} }}")).await["passkeys"], Value::Null);
    assert_eq!(sam.node(&id, "Passkey { name }").await["name"], "Sam's phone");

    let mut phone = Visitor::new(app, &places.own);
    let (status, refusal) = phone.sign_in(&mut device).await;
    assert_eq!(status, 204, "{refusal}");
    assert_eq!(phone.jar.keys().collect::<Vec<_>>(), ["muster_session"]);
    let (action, about, details) = last_entry(app).await;
    assert_eq!((action, about, &details["how"]), (AuditAction::SignedIn, sam.id(), &json!("PASSKEY")));
    let (_, seen) = phone.query("{ viewer { person { name accessLevel passkeys { usedAt } sessions { isCurrent way } } } }").await;
    let person = &seen["viewer"]["person"];
    assert_eq!((&person["name"], &person["accessLevel"]), (&json!("Sam"), &json!("RESPONDER")));
    assert!(person["passkeys"][0]["usedAt"].is_string(), "{person}");
    assert_eq!(person["sessions"][0], json!({ "isCurrent": true, "way": "PASSKEY" }));
    assert_eq!(Visitor::new(app, &places.own).sign_in(&mut device).await.0, 204, "again and again");
}

async fn an_answer_counts_once(app: &TestApp, places: &Places) {
    let sam = app.responder("Sam").await;
    let mut device = Device::at(&places.own).await;
    Visitor::signed_in(app, &places.own, &sam).await.add(&mut device, "phone").await;
    let finish = "/sign-in/passkey/finish";

    let mut phone = Visitor::new(app, &places.own);
    let answer = json!({ "credential": device.show(&phone.asked("/sign-in/passkey/begin").await).await });
    let (mut thief, mut elsewhere) = (phone.clone(), Visitor::new(app, &places.own));
    assert_eq!(elsewhere.post(finish, answer.clone()).await.0, 409, "it began in another browser");
    assert_eq!(phone.post(finish, answer.clone()).await.0, 204);
    let (status, refusal) = thief.post(finish, answer.clone()).await;
    assert!(status == 409 && refusal["error"]["message"].as_str().unwrap().contains("answered before"), "{refusal}");
    thief.asked("/sign-in/passkey/begin").await;
    assert_refused(app, thief.post(finish, answer).await, &sam, "unproven").await;
    assert!(!thief.jar.contains_key("muster_session"));

    let mut phone = Visitor::new(app, &places.own);
    let answer = json!({ "credential": device.show(&phone.asked("/sign-in/passkey/begin").await).await });
    let mut twice = [phone.clone(), phone];
    let [one, other] = &mut twice;
    let (one, other) = tokio::join!(one.post(finish, answer.clone()), other.post(finish, answer.clone()));
    let mut statuses = [one.0, other.0];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 409], "{one:?} {other:?}");
    for nonsense in [json!({}), json!({ "credential": {} }), json!({ "credential": { "id": "AA" } }), json!([])] {
        let mut visitor = Visitor::new(app, &places.own);
        visitor.asked("/sign-in/passkey/begin").await;
        let (status, refusal) = visitor.post(finish, nonsense.clone()).await;
        assert!([401, 422].contains(&status), "{nonsense}: {status} {refusal}");
    }
}

async fn a_passkey_that_was_removed_is_refused(app: &TestApp, places: &Places) {
    let (ada, sam, kim) = (app.admin().await, app.responder("Sam").await, app.responder("Kim").await);
    let mut device = Device::at(&places.own).await;
    let mut desk = Visitor::signed_in(app, &places.own, &sam).await;
    for remover in [&sam, &ada] {
        let id = desk.add(&mut device, "phone").await;
        let input = json!({ "passkeyId": id });
        assert_eq!(kim.refused("removePasskey", input.clone()).await.code(), "NOT_FOUND");
        let weak = CreateToken { name: "weak".into(), access_level: AccessLevel::Viewer, expires_at: None, bounds: TokenBounds::default() };
        let (_, weak) = tokens::create(&app.system(), sam.person_id(), weak).await.unwrap();
        assert_eq!(sam.with_token(&weak).refused("removePasskey", input.clone()).await.code(), "FORBIDDEN");
        let removed = remover.mutate("removePasskey", input.clone(), "passkeyId person { passkeys { id } }").await;
        assert_eq!(removed["passkeyId"], id);
        let (action, about, details) = last_entry(app).await;
        let expected = json!({ "passkey": id, "name": "phone" });
        assert_eq!((action, about, details), (AuditAction::PasskeyRemoved, sam.id(), expected));
        let (status, refusal) = Visitor::new(app, &places.own).sign_in(&mut device).await;
        assert!(status == 401 && refusal["error"]["message"].as_str().unwrap().contains("no longer"), "{refusal}");
        assert_eq!(remover.refused("removePasskey", input).await.code(), "NOT_FOUND");
        device.forget().await;
    }
}

async fn somebody_who_was_deactivated_is_out(app: &TestApp, places: &Places) {
    let (ada, sam) = (app.admin().await, app.responder("Sam").await);
    let mut device = Device::at(&places.own).await;
    let mut desk = Visitor::signed_in(app, &places.own, &sam).await;
    desk.add(&mut device, "phone").await;
    let mut phone = Visitor::new(app, &places.own);
    assert_eq!(phone.sign_in(&mut device).await.0, 204);
    for deactivated in [true, false] {
        ada.mutate("updatePerson", json!({ "personId": sam.id(), "deactivated": deactivated }), "person { id }").await;
        assert_eq!(phone.query("{ viewer { can } }").await.0, 401);
        assert_eq!(Visitor::new(app, &places.own).sign_in(&mut device).await.0, 401);
    }
    assert_eq!(passkey::Entity::find().count(app.domain.db.read()).await.unwrap(), 0, "who comes back begins again");
}

async fn an_answer_for_another_page_is_refused(app: &TestApp, places: &Places) {
    let sam = app.responder("Sam").await;
    let mut device = Device::at(&places.other).await;
    let mut desk = Visitor::signed_in(app, &places.own, &sam).await;
    let credential = device.make(&desk.asked("/passkeys/begin").await).await;
    let (status, refusal) = desk.post("/passkeys/finish", json!({ "name": "phone", "credential": credential })).await;
    assert_eq!((status, &refusal["error"]["code"]), (400, &json!("BAD_USER_INPUT")), "{refusal}");
    device.forget().await;
    device.go_to(&places.own).await;
    desk.add(&mut device, "phone").await;
    device.go_to(&places.other).await;
    assert_refused(app, Visitor::new(app, &places.own).sign_in(&mut device).await, &sam, "unproven").await;
    // A page there has no word here at all.
    assert_eq!(Visitor::new(app, &places.other).post("/sign-in/passkey/begin", Value::Null).await.0, 403);
    device.go_to(&places.own).await;
    assert_eq!(Visitor::new(app, &places.own).sign_in(&mut device).await.0, 204);
}

async fn a_device_that_counts_back_is_refused(app: &TestApp, places: &Places) {
    let sam = app.responder("Sam").await;
    let mut device = Device::at(&places.own).await;
    Visitor::signed_in(app, &places.own, &sam).await.add(&mut device, "phone").await;
    device.count_from(100).await;
    assert_eq!(Visitor::new(app, &places.own).sign_in(&mut device).await.0, 204);
    device.count_from(7).await;
    assert_refused(app, Visitor::new(app, &places.own).sign_in(&mut device).await, &sam, "counted back").await;
    device.count_from(200).await;
    assert_eq!(Visitor::new(app, &places.own).sign_in(&mut device).await.0, 204, "the original still works");
}

async fn only_people_who_are_signed_in_add_passkeys(app: &TestApp, places: &Places) {
    let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
    let by_token = sam.request(Method::POST, "/passkeys/begin").send().await.unwrap();
    assert_eq!(by_token.status(), 403);
    assert_eq!(Visitor::new(app, &places.own).post("/passkeys/begin", Value::Null).await.0, 401);
    let mut device = Device::at(&places.own).await;
    let (mut desk, mut other) = (Visitor::signed_in(app, &places.own, &sam).await, Visitor::signed_in(app, &places.own, &kim).await);
    let credential = device.make(&desk.asked("/passkeys/begin").await).await;
    let answer = json!({ "name": "phone", "credential": credential });
    other.jar.insert("muster_passkey".into(), desk.jar["muster_passkey"].clone());
    assert_eq!(other.post("/passkeys/finish", answer.clone()).await.0, 409, "it was made for Sam");
    assert_eq!(desk.post("/passkeys/finish", json!({ "name": " ", "credential": credential })).await.0, 400);
    assert_eq!(desk.post("/passkeys/finish", answer).await.0, 200, "a name was missing, so nothing was lost");
    // A device has one passkey of each person.
    let options = desk.asked("/passkeys/begin").await;
    assert_eq!(options["excludeCredentials"].as_array().unwrap().len(), 1, "{options}");
    assert_eq!(
        (&options["user"]["displayName"], &options["authenticatorSelection"]["userVerification"]),
        (&json!("Sam"), &json!("required"))
    );
}

async fn what_was_asked_is_forgotten(app: &TestApp, places: &Places) {
    let sam = app.responder("Sam").await;
    let mut device = Device::at(&places.own).await;
    Visitor::signed_in(app, &places.own, &sam).await.add(&mut device, "phone").await;
    let mut phone = Visitor::new(app, &places.own);
    let credential = device.show(&phone.asked("/sign-in/passkey/begin").await).await;
    app.advance(Duration::from_secs(301));
    assert_eq!(phone.post("/sign-in/passkey/finish", json!({ "credential": credential })).await.0, 409);
    let left = async || passkey_attempt::Entity::find().count(app.domain.db.read()).await.unwrap();
    assert_eq!(left().await, 1);
    chores::carry_out(&app.system(), Chore::Expire).await.unwrap();
    assert_eq!(left().await, 0);
}

async fn across_processes(app: &TestApp, places: &Places) {
    let sam = app.responder("Sam").await;
    let second = app.second_process().await;
    let mut device = Device::at(&places.own).await;
    let mut desk = Visitor::signed_in(app, &places.own, &sam).await;
    let credential = device.make(&desk.asked("/passkeys/begin").await).await;
    second.url().clone_into(&mut desk.server);
    assert_eq!(desk.post("/passkeys/finish", json!({ "name": "phone", "credential": credential })).await.0, 200);
    let mut phone = Visitor::new(app, &places.own);
    let credential = device.show(&phone.asked("/sign-in/passkey/begin").await).await;
    second.url().clone_into(&mut phone.server);
    assert_eq!(phone.post("/sign-in/passkey/finish", json!({ "credential": credential })).await.0, 204);
    second.stop().await;
}

async fn too_many(app: &TestApp, places: &Places) {
    let mut visitor = Visitor::new(app, &places.own);
    for _ in 0..domain::limits::PASSKEY_ATTEMPTS_OF_CALLER {
        visitor.asked("/sign-in/passkey/begin").await;
    }
    let (status, refusal) = visitor.post("/sign-in/passkey/begin", Value::Null).await;
    assert_eq!((status, &refusal["error"]["code"]), (429, &json!("RATE_LIMITED")));
    app.advance(Duration::from_secs(601));
    visitor.asked("/sign-in/passkey/begin").await;
}
