//! Sign-in with the company's account, at a real OpenID provider.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use domain::people::company::{CompanyRules, FirstSignIn};
use domain::people::{self, access};
use domain::ports::SeenAccount;
use entity::AuditAction::{AccountLinked, SignInFailed, SignedIn};
use entity::{AccessLevel, Source, identity, session};
use futures_util::future::join_all;
use harness::browser;
use harness::oidc::{CLIENT_ID, CLIENT_SECRET, OidcProvider, There, cookies, issuer, keep_cookies, walk};
use harness::process::Home;
use harness::{Client, Engine, TestApp, both_dbs, eventually, free_port, run_with};
use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::{Value, json};
use tempfile::TempDir;
use url::Url;
use worker::oidc::{Provider, Registration};

use crate::audit::{actions, left_by};

both_dbs![by with_viewers: a_first_sign_in_adds_a_viewer, two_callbacks_at_once_add_one_person, however_they_interleave];
both_dbs![by with_nobody: an_account_is_matched_with_a_person_once, who_is_deactivated_stays_out];
both_dbs![by with_groups: groups_decide_what_people_may_do];

#[test]
fn who_is_in_no_group_is_a_viewer_if_so_wished() {
    with_levels(Engine::Sqlite, viewers(), a_provider_that_stops_naming_groups_takes_nobodys_rights);
}

#[test]
fn what_comes_back_changed_or_twice_does_not_count() {
    with_viewers(Engine::Sqlite, changed_on_the_way);
}

#[test]
fn a_provider_that_is_down_keeps_nobody_else_out() {
    with_viewers(Engine::Sqlite, down_and_up_again);
}

#[test]
fn new_keys_are_learnt_and_foreign_ones_refused() {
    with_viewers(Engine::Sqlite, keys);
}

#[test]
fn clocks_that_differ_are_told_from_a_refusal() {
    with(Engine::Sqlite, viewers(), false, clocks);
}

const SOON: Duration = Duration::from_secs(30);

fn viewers() -> CompanyRules {
    CompanyRules { first_sign_in: FirstSignIn::Viewer, domains: BTreeSet::from(["example.org".to_owned()]), ..CompanyRules::default() }
}

fn with_viewers(engine: Engine, test: impl AsyncFnOnce(&TestApp, &mut OidcProvider)) {
    with(engine, viewers(), true, test);
}

fn with_nobody(engine: Engine, test: impl AsyncFnOnce(&TestApp, &mut OidcProvider)) {
    with(engine, CompanyRules::default(), true, test);
}

fn with_groups(engine: Engine, test: impl AsyncFnOnce(&TestApp, &mut OidcProvider)) {
    with_levels(engine, CompanyRules::default(), test);
}

fn with_levels(engine: Engine, rules: CompanyRules, test: impl AsyncFnOnce(&TestApp, &mut OidcProvider)) {
    let levels = [("leads", AccessLevel::Admin), ("team", AccessLevel::Responder)].map(|(group, level)| (group.to_owned(), level));
    with(engine, CompanyRules { levels: levels.into(), ..rules }, true, test);
}

/// The provider's clock is the machine's, so Muster's is as well where `same_clock`.
fn with(engine: Engine, rules: CompanyRules, same_clock: bool, test: impl AsyncFnOnce(&TestApp, &mut OidcProvider)) {
    let port = free_port();
    let registration = Registration {
        issuer: issuer(port),
        client_id: CLIENT_ID.to_owned(),
        client_secret: CLIENT_SECRET.to_owned(),
        scopes: ["openid", "email", "profile", "groups"].map(str::to_owned).into(),
        email_claim: "email".to_owned(),
        groups_claim: (!rules.levels.is_empty()).then(|| "groups".to_owned()),
    };
    let provider = Arc::new(Provider::new(registration).unwrap());
    let company = api::Company { label: "Sign in with Example's account".to_owned(), rules, provider };
    let builder = TestApp::builder(engine).settings(move |settings| settings.company = Some(company));
    let builder = if same_clock { builder.system_clock() } else { builder };
    run_with(builder, async |app| {
        let mut provider = OidcProvider::start(port).await;
        test(app, &mut provider).await;
    });
}

/// A browser that keeps cookies.
struct Browser<'a> {
    app: &'a TestApp,
    jar: BTreeMap<String, String>,
}

impl<'a> Browser<'a> {
    fn new(app: &'a TestApp) -> Self {
        Self { app, jar: BTreeMap::new() }
    }

    async fn get(&mut self, path: &str) -> (u16, String) {
        let request = harness::browser().get(format!("{}{path}", self.app.url())).header("cookie", cookies(&self.jar));
        let answer = request.send().await.unwrap();
        keep_cookies(&mut self.jar, &answer);
        let (status, next) = (answer.status().as_u16(), answer.headers().get("location").map(|next| next.to_str().unwrap().to_owned()));
        (status, next.unwrap_or(answer.text().await.unwrap()))
    }

    /// Where Muster sends it.
    async fn depart(&mut self) -> String {
        let (status, url) = self.get("/sign-in/company").await;
        assert_eq!(status, 303, "{url}");
        url
    }

    async fn back(&mut self, url: &Url) -> (u16, String) {
        self.get(&format!("{}?{}", url.path(), url.query().unwrap())).await
    }

    /// Signs in, and returns the answer at the end.
    async fn sign_in(&mut self, login: &str) -> (u16, String) {
        let start = self.depart().await;
        self.back(&walk(&start, There::SignIn(login)).await).await
    }

    async fn viewer(&self) -> Value {
        let cookie = self.jar.get("muster_session").cloned().unwrap_or_default();
        let request = self.app.anonymous().request(reqwest::Method::POST, "/graphql").header("cookie", format!("muster_session={cookie}"));
        let query = "{ viewer { person { id name email accessLevel sessions { way } } } }";
        let answer: Value = request.json(&json!({ "query": query })).send().await.unwrap().json().await.unwrap();
        answer["data"]["viewer"]["person"].clone()
    }
}

/// Signs in with another browser, which must work, and returns who they are.
async fn signed_in(app: &TestApp, login: &str) -> Value {
    let mut browser = Browser::new(app);
    let (status, page) = browser.sign_in(login).await;
    assert_eq!((status, &*page), (303, "/"), "{login}: {page}");
    assert_eq!(browser.jar.keys().collect::<Vec<_>>(), ["muster_session"], "nothing else stays");
    browser.viewer().await
}

/// Signs in with another browser, which must be refused, and returns the page.
async fn refused(app: &TestApp, login: &str) -> String {
    let mut browser = Browser::new(app);
    let (status, page) = browser.sign_in(login).await;
    assert_eq!(status, 403, "{login}: {page}");
    assert!(page.contains("href=\"/\"") && browser.jar.is_empty(), "{page}");
    page
}

fn account(email: &str) -> Value {
    json!({ "email": email, "email_verified": true, "name": "Kim Lee" })
}

async fn a_first_sign_in_adds_a_viewer(app: &TestApp, provider: &mut OidcProvider) {
    let page = app.anonymous().get("/").await.text().await.unwrap();
    assert!(page.contains("Sign in with Example&#39;s account"), "{page}");
    provider.account("kim-1", account("Kim@Example.org"));
    let kim = signed_in(app, "kim-1").await;
    let expected = json!({
        "id": kim["id"], "name": "Kim Lee", "email": "kim@example.org", "accessLevel": "VIEWER", "sessions": [{ "way": "COMPANY" }],
    });
    assert_eq!(kim, expected);
    // From now on the account counts, whatever its address.
    provider.account("kim-1", json!({ "email": "kim.lee@example.com", "name": "Kim Lee" }));
    assert_eq!(signed_in(app, "kim-1").await["id"], kim["id"]);

    provider.account("zoe-1", account("zoe@example.com"));
    assert!(refused(app, "zoe-1").await.contains("zoe@example.com"), "another domain");
    provider.account("yan-1", json!({ "email": "yan@example.org", "email_verified": false }));
    assert!(refused(app, "yan-1").await.contains("verified"));
    provider.account("yan-2", json!({ "email": "yan@example.org" }));
    assert!(refused(app, "yan-2").await.contains("verified"), "nothing is said of it");
}

async fn two_callbacks_at_once_add_one_person(app: &TestApp, provider: &mut OidcProvider) {
    provider.account("kim-1", account("kim@example.org"));
    let (mut one, mut other) = (Browser::new(app), Browser::new(app));
    let (first, second) = (one.depart().await, other.depart().await);
    let (first, second) = (walk(&first, There::SignIn("kim-1")).await, walk(&second, There::SignIn("kim-1")).await);
    let (first, second) = tokio::join!(one.back(&first), other.back(&second));
    assert_eq!((first.0, second.0), (303, 303), "{first:?} {second:?}");
    assert_eq!(one.viewer().await["id"], other.viewer().await["id"]);
    assert_eq!(identity::Entity::find().count(app.domain.db.read()).await.unwrap(), 1);
}

async fn however_they_interleave(app: &TestApp, _: &mut OidcProvider) {
    let system = app.system();
    for n in 0..10 {
        let account = SeenAccount {
            issuer: "https://id.example.org".to_owned(),
            subject: format!("kim-{n}"),
            name: None,
            email: Some(format!("kim-{n}@example.org")),
            email_verified: Some(true),
            groups: None,
        };
        let rules = viewers();
        let secrets = join_all((0..8).map(|_| people::company::sign_in(&system, &rules, &account))).await;
        assert!(secrets.iter().all(Result::is_ok), "{n}: {secrets:?}");
    }
    assert_eq!(identity::Entity::find().count(app.domain.db.read()).await.unwrap(), 10);
}

async fn address(app: &TestApp, client: &Client) -> String {
    people::find(&app.system(), client.person_id()).await.unwrap().email.unwrap()
}

async fn an_account_is_matched_with_a_person_once(app: &TestApp, provider: &mut OidcProvider) {
    let sam = app.responder("Sam").await;
    let email = address(app, &sam).await;
    provider.account("kim-1", account("kim@example.org"));
    assert!(refused(app, "kim-1").await.contains("Nobody on the team"));
    provider.account("sam-1", account(&email));
    let entries = left_by(app, async || {
        let seen = signed_in(app, "sam-1").await;
        assert_eq!((&seen["id"], &seen["accessLevel"]), (&json!(sam.id()), &json!("RESPONDER")));
        // Somebody else was given the address.
        provider.account("sam-2", account(&email));
        assert!(refused(app, "sam-2").await.contains("another account"));
    })
    .await;
    assert_eq!(actions(&entries), [AccountLinked, SignedIn, SignInFailed]);
    for entry in &entries {
        assert_eq!((entry.source, entry.address.as_deref(), entry.subject.as_deref()), (Source::Web, Some("127.0.0.1"), Some(&*sam.id())));
    }
    assert_eq!(signed_in(app, "sam-1").await["id"], sam.id());
}

async fn who_is_deactivated_stays_out(app: &TestApp, provider: &mut OidcProvider) {
    let (ada, sam) = (app.admin().await, app.responder("Sam").await);
    let email = address(app, &sam).await;
    let set = async |deactivated: bool| {
        ada.mutate("updatePerson", json!({ "personId": sam.id(), "deactivated": deactivated }), "person { id }").await;
    };
    provider.account("sam-1", account(&email));
    set(true).await;
    assert!(refused(app, "sam-1").await.contains("left the team"), "an account that has never been here");
    set(false).await;
    signed_in(app, "sam-1").await;
    set(true).await;
    assert!(refused(app, "sam-1").await.contains("left the team"), "one that has");
    provider.account("sam-1", account("sam.new@example.org"));
    assert!(refused(app, "sam-1").await.contains("left the team"), "under another address");
    assert_eq!(session::Entity::find().count(app.domain.db.read()).await.unwrap(), 0);
    // Their account was made anew meanwhile.
    set(false).await;
    provider.account("sam-2", account(&email));
    assert_eq!(signed_in(app, "sam-2").await["id"], sam.id());
}

async fn groups_decide_what_people_may_do(app: &TestApp, provider: &mut OidcProvider) {
    let sam = app.responder("Sam").await;
    let email = address(app, &sam).await;
    let of_groups = |groups: &[&str]| json!({ "email": email, "email_verified": true, "groups": groups });
    let level = async |groups: &[&str]| {
        provider.account("sam-1", of_groups(groups));
        signed_in(app, "sam-1").await["accessLevel"].as_str().unwrap().to_owned()
    };
    assert_eq!(level(&["team", "others"]).await, "RESPONDER");
    assert_eq!(level(&["team", "leads"]).await, "ADMIN");
    assert_eq!(level(&["team"]).await, "ADMIN", "there would be no administrator left");
    let ada = app.admin().await;
    assert_eq!(level(&["team"]).await, "RESPONDER");
    ada.mutate("updatePerson", json!({ "personId": sam.id(), "accessLevel": "VIEWER" }), "person { id }").await;
    assert_eq!(level(&["team"]).await, "RESPONDER", "at each sign-in");
    provider.account("sam-1", of_groups(&["others"]));
    let entries = left_by(app, async || assert!(refused(app, "sam-1").await.contains("groups"))).await;
    assert_eq!((actions(&entries), entries[0].subject.as_deref()), (vec![SignInFailed], Some(&*sam.id())));
    provider.account("kim-1", json!({ "email": "kim@example.org", "email_verified": true, "groups": ["team"] }));
    assert!(refused(app, "kim-1").await.contains("Nobody on the team"), "a group adds nobody");
}

async fn a_provider_that_stops_naming_groups_takes_nobodys_rights(app: &TestApp, provider: &mut OidcProvider) {
    let (sam, vic) = (app.responder("Sam").await, app.viewer("Vic").await);
    for (person, login) in [(&sam, "sam-1"), (&vic, "vic-1")] {
        provider.account(login, json!({ "email": address(app, person).await, "email_verified": true }));
    }
    assert!(refused(app, "sam-1").await.contains("does not say which groups"));
    assert_eq!(people::find(&app.system(), sam.person_id()).await.unwrap().access_level, AccessLevel::Responder);
    assert_eq!(signed_in(app, "vic-1").await["accessLevel"], "VIEWER", "who can lose nothing");
}

/// The same address with another value.
fn with_query(url: &Url, name: &str, value: &str) -> Url {
    let mut changed = url.clone();
    let others = url.query_pairs().filter(|(known, _)| known != name).map(|(known, value)| (known.into_owned(), value.into_owned()));
    changed.query_pairs_mut().clear().extend_pairs(others.collect::<Vec<_>>()).append_pair(name, value);
    changed
}

async fn changed_on_the_way(app: &TestApp, provider: &mut OidcProvider) {
    provider.account("kim-1", account("kim@example.org"));
    let mut browser = Browser::new(app);
    let start = browser.depart().await;
    let cookie = browser.jar["muster_departure"].clone();
    let back = walk(&start, There::SignIn("kim-1")).await;
    assert_eq!(browser.back(&with_query(&back, "state", "another")).await.0, 400);
    assert_eq!(browser.back(&back).await.0, 400, "it was given up");
    assert_eq!(Browser::new(app).back(&back).await.0, 400, "another browser");

    let start = browser.depart().await;
    let kept = browser.jar.clone();
    let back = walk(&start, There::SignIn("kim-1")).await;
    assert_eq!(browser.back(&back).await.0, 303);
    let mut thief = Browser { app, jar: kept };
    let (status, page) = thief.back(&back).await;
    assert_eq!(status, 400, "the code was used: {page}");
    assert_ne!(cookie, thief.jar.get("muster_departure").cloned().unwrap_or_default());

    // Each binds the browser to what it set out with.
    for (name, status) in [("nonce", 403), ("code_challenge", 400)] {
        let mut browser = Browser::new(app);
        let start = Url::parse(&browser.depart().await).unwrap();
        let changed = with_query(&start, name, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        let back = walk(changed.as_str(), There::SignIn("kim-1")).await;
        let (answered, page) = browser.back(&back).await;
        assert_eq!(answered, status, "{name}: {page}");
        assert!(browser.jar.is_empty(), "{name}");
    }

    let mut browser = Browser::new(app);
    let start = browser.depart().await;
    let (status, page) = browser.back(&walk(&start, There::Cancel).await).await;
    assert!(status == 403 && page.contains("You cancelled it"), "{page}");
    let forged = Url::parse("http://x/sign-in/company/callback?state=x&error=%3Cb%3E").unwrap();
    assert_eq!(browser.back(&forged).await.0, 400);
}

async fn down_and_up_again(app: &TestApp, provider: &mut OidcProvider) {
    provider.account("kim-1", account("kim@example.org"));
    provider.stop();
    let mut browser = Browser::new(app);
    let (status, page) = browser.get("/sign-in/company").await;
    assert!(status == 503 && page.contains("does not answer") && page.contains("href=\"/\""), "{page}");
    let sam = app.responder("Sam").await;
    let link = access::create_sign_in_link(&app.system(), sam.person_id()).await.unwrap();
    assert!(access::sign_in(&app.system(), &link).await.is_ok());
    provider.restart().await;
    let start = eventually("it is asked again", SOON, async || {
        let (status, next) = browser.get("/sign-in/company").await;
        (status == 303).then_some(next)
    })
    .await;
    // It goes down while somebody is there.
    let back = walk(&start, There::SignIn("kim-1")).await;
    provider.stop();
    let (status, page) = browser.back(&back).await;
    assert!(status == 503 && page.contains("does not answer"), "{page}");
}

async fn keys(app: &TestApp, provider: &mut OidcProvider) {
    provider.account("kim-1", account("kim@example.org"));
    signed_in(app, "kim-1").await;
    provider.restart().await;
    signed_in(app, "kim-1").await;
    provider.publish_foreign_keys(true);
    provider.restart().await;
    let mut browser = Browser::new(app);
    let (status, page) = browser.sign_in("kim-1").await;
    assert!(status == 403 && page.contains("does not count"), "{page}");
    provider.publish_foreign_keys(false);
    signed_in(app, "kim-1").await;
}

async fn clocks(app: &TestApp, provider: &mut OidcProvider) {
    provider.account("kim-1", account("kim@example.org"));
    let mut browser = Browser::new(app);
    let (status, page) = browser.sign_in("kim-1").await;
    assert!(status == 503 && page.contains("clock"), "{page}");
}

/// The whole way in a real browser, at the real program, with its settings. The provider is another site to the browser.
#[tokio::test(flavor = "multi_thread")]
async fn somebody_signs_in_in_a_browser() {
    let (port, data) = (free_port(), TempDir::with_prefix("muster-company-").unwrap());
    let provider = OidcProvider::start(port).await;
    provider.account("kim-1", account("kim@example.org"));
    let home = Home::new(data.path(), &format!("sqlite:{}", data.path().join("muster.db").display()));
    let mut command = home.command(&["serve"]);
    let settings =
        [("ISSUER", &*issuer(port)), ("CLIENT_ID", CLIENT_ID), ("CLIENT_SECRET", CLIENT_SECRET), ("LABEL", "Use my <work> account")];
    command.envs(settings.map(|(name, value)| (format!("MUSTER_OIDC__{name}"), value.to_owned())));
    command.envs([("MUSTER_OIDC__FIRST_SIGN_IN", "viewer"), ("MUSTER_OIDC__DOMAINS", "example.org")]);
    let server = home.start_by(command).await;

    let mut browser = browser::Browser::start().await;
    browser.open(&server.url("/")).await;
    browser.until("document.querySelector('a.button')?.innerText === 'Use my <work> account'").await;
    browser.click("a[href='/sign-in/company']").await;
    browser.fill("input[name=login]", "kim-1").await;
    browser.fill("input[name=password]", "x").await;
    browser.submit("form").await;
    browser.submit("form:has(input[value=consent])").await;
    browser.until("document.querySelector('[data-state=live]')").await;
    browser.until("document.body.innerText.includes('Kim Lee')").await;
    let jar = browser.eval("document.cookie").await;
    assert_eq!(jar, "", "no script reads the session");
    server.stop().await;
}
