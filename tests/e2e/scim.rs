//! The company's directory manages people by SCIM.

use std::process::Command;

use domain::people::tokens::{self, CreateToken};
use domain::people::{access, find_or_add_service};
use entity::{AccessLevel, AuditAction, PersonId, TokenBounds, audit_entry, person};
use harness::{Client, TestApp, both_dbs};
use reqwest::Method;
use sea_orm::{EntityTrait, QueryOrder};
use serde_json::{Value, json};

both_dbs![
    a_directory_adds_changes_and_deactivates_people,
    entra_id_is_understood,
    people_who_were_added_by_hand_are_taken_over,
    who_was_deleted_is_gone_and_comes_back_as_the_same_person,
    pages_and_filters_are_as_asked,
    names_and_addresses_are_unique,
    the_last_administrator_stays,
    only_an_administrators_token_gets_in,
    a_public_tester_finds_nothing_wrong,
];

const CHECK: &str = include_str!("../harness/scim_check.py");
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/scim");
/// The Python that Debian's packages are for.
const PYTHON: &str = "/usr/bin/python3";
const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";

/// A directory with the token of a service.
struct Directory<'a> {
    app: &'a TestApp,
    token: String,
}

impl<'a> Directory<'a> {
    async fn of(app: &'a TestApp) -> Self {
        let service = find_or_add_service(&app.system(), "directory", AccessLevel::Admin).await.unwrap();
        let input = CreateToken { name: "scim".into(), access_level: AccessLevel::Admin, expires_at: None, bounds: TokenBounds::default() };
        let (_, token) = tokens::create(&app.system(), service.id, input).await.unwrap();
        Self { app, token }
    }

    async fn call(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let url = format!("{}/scim/v2{path}", self.app.url());
        let request = harness::browser().request(method, url).bearer_auth(&self.token).header("content-type", "application/scim+json");
        let request = if body.is_null() { request } else { request.body(body.to_string()) };
        let answer = request.send().await.unwrap();
        let kind = answer.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
        let (status, text) = (answer.status().as_u16(), answer.text().await.unwrap());
        if text.is_empty() {
            return (status, Value::Null);
        }
        assert_eq!(kind.as_deref(), Some("application/scim+json"), "{text}");
        (status, serde_json::from_str(&text).unwrap())
    }

    async fn get(&self, path: &str) -> Value {
        let (status, answer) = self.call(Method::GET, path, Value::Null).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    async fn add(&self, user: Value) -> Value {
        let (status, user) = self.call(Method::POST, "/Users", user).await;
        assert_eq!(status, 201, "{user}");
        user
    }

    async fn change(&self, user: &Value, operations: Value) -> Value {
        let request = json!({ "schemas": [PATCH], "Operations": operations });
        let (status, user) = self.call(Method::PATCH, &path(user), request).await;
        assert_eq!(status, 200, "{user}");
        user
    }

    /// The user with this name, as a filter finds it.
    async fn named(&self, name: &str) -> Option<Value> {
        let filter: String = url::form_urlencoded::byte_serialize(format!("userName eq \"{name}\"").as_bytes()).collect();
        let mut found = self.get(&format!("/Users?filter={filter}")).await;
        assert_eq!(found["totalResults"].as_u64().unwrap(), u64::try_from(found["Resources"].as_array().unwrap().len()).unwrap());
        found["Resources"].as_array_mut().unwrap().pop()
    }
}

fn path(user: &Value) -> String {
    format!("/Users/{}", user["id"].as_str().unwrap())
}

async fn person_of(app: &TestApp, user: &Value) -> person::Model {
    let id = PersonId::parse(user["id"].as_str().unwrap()).unwrap();
    person::Entity::find_by_id(id).one(app.domain.db.read()).await.unwrap().unwrap()
}

async fn last_action(app: &TestApp) -> (AuditAction, Option<String>) {
    let newest = audit_entry::Entity::find().order_by_desc(audit_entry::Column::Sequence).one(app.domain.db.read()).await;
    let entry = newest.unwrap().unwrap();
    (entry.action, entry.token_name)
}

async fn can_sign_in(app: &TestApp, user: &Value) -> bool {
    match access::create_sign_in_link(&app.system(), PersonId::parse(user["id"].as_str().unwrap()).unwrap()).await {
        Ok(link) => access::sign_in(&app.system(), &link).await.is_ok(),
        Err(_) => false,
    }
}

fn okta_user() -> Value {
    json!({
        "schemas": [USER], "userName": "Kim@Example.org", "name": { "givenName": "Kim", "familyName": "Lee" },
        "emails": [{ "primary": true, "value": "kim@example.org", "type": "work" }], "displayName": "Kim Lee", "locale": "en-US",
        "externalId": "00ujl29u0le5T6Aj10h7", "groups": [], "password": "1mz050nq", "active": true,
    })
}

async fn a_directory_adds_changes_and_deactivates_people(app: &TestApp) {
    let (directory, ada) = (Directory::of(app).await, app.admin().await);
    assert_eq!(directory.named("kim@example.org").await, None);
    let kim = directory.add(okta_user()).await;
    let expected = json!({
        "schemas": [USER], "id": kim["id"], "externalId": "00ujl29u0le5T6Aj10h7", "userName": "Kim@Example.org", "displayName": "Kim Lee",
        "emails": [{ "value": "kim@example.org", "type": "work" }], "active": true, "meta": kim["meta"],
    });
    assert_eq!(kim, expected);
    assert!(kim["meta"]["location"].as_str().unwrap().ends_with(&format!("/scim/v2{}", path(&kim))), "{kim}");
    assert_eq!(last_action(app).await, (AuditAction::PersonAdded, Some("scim".to_owned())));
    let row = person_of(app, &kim).await;
    assert_eq!((row.name.as_str(), row.email.as_deref(), row.access_level), ("Kim Lee", Some("kim@example.org"), AccessLevel::Viewer));
    assert_eq!(directory.named("kim@example.ORG").await.unwrap(), kim);
    assert_eq!(directory.get(&path(&kim)).await, kim);

    // What they are and may do is ours to say.
    ada.mutate("updatePerson", json!({ "personId": kim["id"], "accessLevel": "RESPONDER" }), "person { id }").await;
    let mut renamed = okta_user();
    renamed["displayName"] = "Kim Okonjo".into();
    renamed["emails"][0]["value"] = "kim.okonjo@example.org".into();
    let (status, seen) = directory.call(Method::PUT, &path(&kim), renamed.clone()).await;
    assert_eq!((status, &seen["displayName"]), (200, &json!("Kim Okonjo")), "{seen}");
    assert_eq!(last_action(app).await.0, AuditAction::PersonChanged);
    let row = person_of(app, &kim).await;
    assert_eq!((row.email.as_deref(), row.access_level), (Some("kim.okonjo@example.org"), AccessLevel::Responder));

    let input =
        CreateToken { name: "phone".into(), access_level: AccessLevel::Responder, expires_at: None, bounds: TokenBounds::default() };
    let (_, token) = tokens::create(&app.system(), row.id, input).await.unwrap();
    let phone = ada.with_token(&token);
    phone.query("{ viewer { can } }", Value::Null).await;
    let seen = directory.change(&kim, json!([{ "op": "replace", "value": { "active": false } }])).await;
    assert_eq!(seen["active"], false);
    assert_eq!(last_action(app).await.0, AuditAction::PersonDeactivated);
    assert_eq!(phone.try_query("{ viewer { can } }", Value::Null).await.code(), "UNAUTHENTICATED");
    assert!(!can_sign_in(app, &kim).await);
    // Nothing changes, so nothing is said.
    let before = last_action(app).await;
    renamed["active"] = false.into();
    directory.call(Method::PUT, &path(&kim), renamed).await;
    assert_eq!(last_action(app).await, before);
    assert_eq!(directory.change(&kim, json!([{ "op": "replace", "value": { "active": true } }])).await["active"], true);
    assert!(can_sign_in(app, &kim).await);
}

async fn entra_id_is_understood(app: &TestApp) {
    let directory = Directory::of(app).await;
    let user = json!({
        "schemas": [USER, "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"], "externalId": "kim", "userName": "kim@example.org",
        "active": true, "displayName": "Kim Lee", "emails": [{ "primary": true, "type": "work", "value": "kim@example.org" }],
        "meta": { "resourceType": "User" }, "name": { "formatted": "Kim Lee", "familyName": "Lee", "givenName": "Kim" }, "roles": [],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { "department": "Platform" },
    });
    let kim = directory.add(user).await;
    let changes = json!([
        { "op": "Replace", "path": "emails[type eq \"work\"].value", "value": "kim.lee@example.org" },
        { "op": "Replace", "path": "name.familyName", "value": "Okonjo" },
        { "op": "Add", "path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", "value": "Support" },
        { "op": "Replace", "path": "displayName", "value": "Kim Okonjo" },
    ]);
    let seen = directory.change(&kim, changes).await;
    assert_eq!(
        (&seen["displayName"], &seen["emails"]),
        (&json!("Kim Okonjo"), &json!([{ "value": "kim.lee@example.org", "type": "work" }]))
    );
    let seen = directory.change(&kim, json!([{ "op": "Replace", "path": "active", "value": "False" }])).await;
    assert_eq!(seen["active"], false);
    assert!(person_of(app, &kim).await.deactivated_at.is_some());
    let seen = directory.change(&kim, json!([{ "op": "Add", "value": { "active": "True", "userName": "kim.okonjo@example.org" } }])).await;
    assert_eq!((&seen["active"], &seen["userName"]), (&json!(true), &json!("kim.okonjo@example.org")));
    let wrong = json!({ "schemas": [PATCH], "Operations": [{ "op": "Replace", "path": "active", "value": "perhaps" }] });
    let (status, refusal) = directory.call(Method::PATCH, &path(&kim), wrong).await;
    assert_eq!((status, &refusal["scimType"], &refusal["schemas"]), (400, &json!("invalidValue"), &json!([ERROR])), "{refusal}");
}

async fn people_who_were_added_by_hand_are_taken_over(app: &TestApp) {
    let (directory, sam) = (Directory::of(app).await, app.responder("Sam").await);
    let email = person_of(app, &json!({ "id": sam.id() })).await.email.unwrap();
    let found = directory.named(&email.to_uppercase()).await.unwrap();
    assert_eq!((&found["id"], &found["active"]), (&json!(sam.id()), &json!(true)));
    let (status, refusal) = directory.call(Method::POST, "/Users", json!({ "userName": email })).await;
    assert_eq!((status, &refusal["scimType"]), (409, &json!("uniqueness")), "{refusal}");
    let changes = json!([{ "op": "add", "path": "externalId", "value": "00u1" }, { "op": "replace", "path": "userName", "value": "sam" }]);
    let seen = directory.change(&found, changes).await;
    assert_eq!((&seen["userName"], &seen["externalId"]), (&json!("sam"), &json!("00u1")));
    assert_eq!(directory.named(&email).await, None, "they have a name there now");
    assert_eq!(person_of(app, &found).await.access_level, AccessLevel::Responder);
}

async fn who_was_deleted_is_gone_and_comes_back_as_the_same_person(app: &TestApp) {
    let (directory, ada) = (Directory::of(app).await, app.admin().await);
    let kim = directory.add(okta_user()).await;
    let rights = json!({ "personId": kim["id"], "accessLevel": "ADMIN", "grants": ["SEE_RESTRICTED"] });
    ada.mutate("updatePerson", rights, "person { id }").await;
    assert_eq!(directory.call(Method::DELETE, &path(&kim), Value::Null).await, (204, Value::Null));
    assert!(person_of(app, &kim).await.deactivated_at.is_some());
    assert_eq!(directory.named("kim@example.org").await, None);
    for method in [Method::GET, Method::DELETE] {
        let (status, refusal) = directory.call(method, &path(&kim), Value::Null).await;
        assert_eq!((status, &refusal["status"]), (404, &json!("404")), "{refusal}");
    }
    assert_eq!(directory.call(Method::PUT, &path(&kim), okta_user()).await.0, 404);
    let mut user = okta_user();
    user["userName"] = "kim".into();
    let back = directory.add(user).await;
    assert_eq!((&back["id"], &back["active"], &back["userName"]), (&kim["id"], &json!(true), &json!("kim")));
    assert!(can_sign_in(app, &back).await);
    let row = person_of(app, &back).await;
    assert_eq!((row.access_level, row.grants.iter().count()), (AccessLevel::Viewer, 0), "they may be somebody else by now");
    // Who has no address is not taken for others without one.
    let zoe = directory.add(json!({ "userName": "zoe" })).await;
    directory.call(Method::DELETE, &path(&zoe), Value::Null).await;
    assert_ne!(directory.add(json!({ "userName": "yan" })).await["id"], zoe["id"]);
}

async fn pages_and_filters_are_as_asked(app: &TestApp) {
    let directory = Directory::of(app).await;
    for n in 1..=5 {
        directory.add(json!({ "userName": format!("kim-{n}@example.org"), "externalId": format!("x{n}") })).await;
    }
    let names = async |query: &str| {
        let page = directory.get(&format!("/Users?{query}")).await;
        let names = page["Resources"].as_array().unwrap().iter().map(|user| user["userName"].as_str().unwrap().replace("@example.org", ""));
        (page["totalResults"].as_u64().unwrap(), page["startIndex"].as_u64().unwrap(), names.collect::<Vec<_>>().join(" "))
    };
    assert_eq!(names("startIndex=2&count=2").await, (5, 2, "kim-2 kim-3".to_owned()), "and no service");
    assert_eq!(names("startIndex=5&count=2").await, (5, 5, "kim-5".to_owned()));
    assert_eq!(names("startIndex=9").await, (5, 9, String::new()));
    assert_eq!(names("count=0").await, (5, 1, String::new()));
    assert_eq!(names("filter=externalId%20eq%20%22x3%22").await, (1, 1, "kim-3".to_owned()));
    assert_eq!(names("filter=emails.value+eq+%22KIM-4@example.org%22").await, (1, 1, "kim-4".to_owned()));
    let some = directory.get("/Users?count=1&attributes=userName").await["Resources"][0].take();
    assert_eq!(some.as_object().unwrap().keys().collect::<Vec<_>>(), ["id", "schemas", "userName"]);
    let (status, refusal) = directory.call(Method::GET, "/Users?filter=title%20eq%20%22x%22", Value::Null).await;
    assert_eq!((status, &refusal["scimType"]), (400, &json!("invalidFilter")), "{refusal}");
}

async fn names_and_addresses_are_unique(app: &TestApp) {
    let directory = Directory::of(app).await;
    directory.add(okta_user()).await;
    let other = directory.add(json!({ "userName": "zoe" })).await;
    assert_eq!((&other["displayName"], other.get("emails")), (&json!("zoe"), None));
    let refused = async |method: Method, path: &str, user: Value| {
        let (status, refusal) = directory.call(method, path, user).await;
        (status, refusal["scimType"].as_str().unwrap_or_default().to_owned())
    };
    let taken = || (409, "uniqueness".to_owned());
    assert_eq!(refused(Method::POST, "/Users", okta_user()).await, taken());
    let of_kim = || json!([{ "value": "kim@example.org" }]);
    assert_eq!(refused(Method::POST, "/Users", json!({ "userName": "yan", "emails": of_kim() })).await, taken());
    assert_eq!(refused(Method::PUT, &path(&other), json!({ "userName": "KIM@example.org", "emails": [] })).await, taken());
    assert_eq!(refused(Method::PUT, &path(&other), json!({ "userName": "zoe", "emails": of_kim() })).await, taken());
    let invalid = || (400, "invalidValue".to_owned());
    assert_eq!(refused(Method::POST, "/Users", json!({ "displayName": "Yan" })).await, invalid());
    assert_eq!(refused(Method::POST, "/Users", json!({ "userName": "yan", "emails": [{ "value": "nowhere" }] })).await, invalid());
    assert_eq!(refused(Method::POST, "/Users", json!([])).await, (400, "invalidSyntax".to_owned()));
}

async fn the_last_administrator_stays(app: &TestApp) {
    let (directory, ada) = (Directory::of(app).await, app.admin().await);
    let user = json!({ "id": ada.id() });
    let (status, refusal) = directory.call(Method::DELETE, &path(&user), Value::Null).await;
    assert!(status == 409 && refusal["detail"].as_str().unwrap().contains("last administrator"), "{refusal}");
    let seen = directory.get(&path(&user)).await;
    assert_eq!(seen["active"], true);
    ada.query("{ viewer { can } }", Value::Null).await;
}

async fn only_an_administrators_token_gets_in(app: &TestApp) {
    let (sam, ada) = (app.responder("Sam").await, app.admin().await);
    let status = async |client: &Client| client.get("/scim/v2/Users").await.status().as_u16();
    assert_eq!((status(&app.anonymous()).await, status(&sam).await, status(&ada).await), (401, 403, 200));
    let link = access::create_sign_in_link(&app.system(), ada.person_id()).await.unwrap();
    let session = access::sign_in(&app.system(), &link).await.unwrap();
    let by_browser = app.anonymous().request(Method::GET, "/scim/v2/Users").header("cookie", format!("muster_session={session}"));
    assert_eq!(by_browser.send().await.unwrap().status(), 403);
    let refusal: Value = sam.get("/scim/v2/Users").await.json().await.unwrap();
    assert_eq!((&refusal["schemas"], &refusal["status"]), (&json!([ERROR]), &json!("403")));
    let directory = Directory { app, token: ada.token().to_owned() };
    assert_eq!(directory.call(Method::GET, "/Nothing", Value::Null).await.1["status"], "404");
    assert_eq!(directory.call(Method::POST, "/Schemas", json!({})).await.1["status"], "405");
    assert_eq!(directory.call(Method::POST, "/.search", json!({})).await.1["status"], "501");
    for id in ["1", "per_00000000000000000000000000000001"] {
        assert_eq!(directory.call(Method::GET, &format!("/Users/{id}"), Value::Null).await.0, 404);
    }
}

async fn a_public_tester_finds_nothing_wrong(app: &TestApp) {
    app.admin().await;
    let directory = Directory::of(app).await;
    let arguments = ["-c".to_owned(), CHECK.to_owned(), FOLDER.to_owned(), format!("{}/scim/v2", app.url()), directory.token];
    // The server shares this thread.
    let run = tokio::task::spawn_blocking(move || Command::new(PYTHON).args(arguments).output().unwrap());
    let output = run.await.unwrap();
    assert!(output.status.success(), "`sh tests/tools.sh` installs what it needs: {}", String::from_utf8_lossy(&output.stderr));
    let checks: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let failed: Vec<&Value> = checks.iter().filter(|check| !["SUCCESS", "SKIPPED"].contains(&check["status"].as_str().unwrap())).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    let passed = checks.iter().filter(|check| check["status"] == "SUCCESS").count();
    assert!(passed >= 40, "{passed} of {}: {checks:#?}", checks.len());
}
