//! Who gets in, and who gets to know: tokens, and incidents that outsiders must not learn of in any way.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::TimeDelta;
use domain::authz::{Actor, visible};
use domain::people::secrets::CACHED_FOR;
use domain::people::tokens::{self, CreateToken};
use entity::{AccessLevel, Grant, IncidentId, PersonId, TokenBounds, incident, incident_access};
use harness::drive::{id, text};
use harness::live::Transport;
use harness::{Client, TestApp, both_dbs, eventually};
use sea_orm::EntityTrait;
use serde_json::{Value, json};

both_dbs![
    only_a_valid_token_opens_the_door,
    a_token_does_what_it_may_and_no_more_than_its_owner,
    a_revoked_token_stops_working,
    someone_who_left_can_do_nothing_with_old_tokens,
    a_sign_in_link_opens_one_session,
    an_outsider_cannot_learn_of_a_restricted_incident,
    an_outsider_can_change_nothing_in_a_restricted_incident,
    participants_and_the_granted_see_a_restricted_incident,
    sharing_lets_somebody_in_and_out_again,
    the_person_who_restricts_an_incident_still_sees_it,
    a_board_never_tells_an_outsider,
    a_subscription_is_cut_when_the_incident_becomes_restricted,
    a_subscription_is_cut_when_the_token_is_revoked,
    the_last_administrator_stays,
    rows_and_queries_agree_on_who_sees_what,
];

const VIEWER: &str = "{ viewer { person { name } can } }";

/// A token of `client` with these limits, made by Muster itself.
async fn token(app: &TestApp, client: &Client, access_level: AccessLevel, lifetime: TimeDelta) -> String {
    let input = CreateToken { name: "second".into(), access_level, expires_at: Some(app.now() + lifetime), bounds: TokenBounds::default() };
    tokens::create(&app.system(), client.person_id(), input).await.unwrap().1
}

async fn refused_as_nobody(client: &Client) {
    let answer = client.try_query(VIEWER, json!({})).await;
    assert_eq!((answer.status, answer.code()), (401, "UNAUTHENTICATED"), "{answer:?}");
}

async fn only_a_valid_token_opens_the_door(app: &TestApp) {
    let sam = app.responder("Sam").await;
    assert_eq!(sam.query(VIEWER, json!({})).await["viewer"]["person"]["name"], "Sam");
    let short_lived = sam.with_token(&token(app, &sam, AccessLevel::Responder, TimeDelta::hours(1)).await);
    short_lived.query(VIEWER, json!({})).await;
    app.advance(Duration::from_secs(3_601));
    refused_as_nobody(&short_lived).await;
    refused_as_nobody(&app.anonymous()).await;
    for wrong in ["", "muster_", "muster_wrong", "x", &sam.token()[7..], &sam.token().to_uppercase(), &format!("{}x", sam.token())] {
        refused_as_nobody(&sam.with_token(wrong)).await;
    }
    let request = app.anonymous().request(reqwest::Method::GET, "/graphql?query=%7B__typename%7D");
    let basic = request.header("authorization", "Basic c2FtOnNlY3JldA==").send().await.unwrap();
    assert_eq!(basic.status(), 401);
    assert!(basic.headers().contains_key("www-authenticate"));
}

async fn a_token_does_what_it_may_and_no_more_than_its_owner(app: &TestApp) {
    let ada = app.admin().await;
    let looking = ada.with_token(&token(app, &ada, AccessLevel::Viewer, TimeDelta::days(1)).await);
    assert_eq!(looking.query(VIEWER, json!({})).await["viewer"]["can"], json!(["READ", "REPORT"]));
    assert_eq!(looking.refused("declareIncident", json!({ "name": "errors", "severity": "MAJOR" })).await.code(), "FORBIDDEN");
    let restricted = ada.declare_with(json!({ "name": "a stranger", "severity": "MAJOR", "visibility": "RESTRICTED" })).await;
    // Ada is its reporter, so even the little token sees it; another administrator's little token does not.
    assert!(!looking.incident(text(&restricted, "reference"), "id").await.is_null());
    let bea = app.admin().await;
    let looking = bea.with_token(&token(app, &bea, AccessLevel::Viewer, TimeDelta::days(1)).await);
    hidden(&looking, text(&restricted, "reference")).await;
    let refusal = looking.refused("createApiToken", json!({ "name": "more", "accessLevel": "ADMIN" })).await;
    assert_eq!(refusal.code(), "FORBIDDEN");
    // A token of a level above its owner's does what the owner may.
    let sam = app.responder("Sam").await;
    let proud = sam.with_token(&token(app, &sam, AccessLevel::Admin, TimeDelta::days(1)).await);
    assert_eq!(proud.query(VIEWER, json!({})).await["viewer"]["can"], json!(["READ", "REPORT", "RESPOND"]));
}

async fn a_revoked_token_stops_working(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let made = sam.mutate("createApiToken", json!({ "name": "script", "accessLevel": "RESPONDER" }), "token name expiresAt").await;
    let script = sam.with_token(text(&made, "token"));
    script.report("errors").await;
    let listed = sam.query("{ viewer { tokens { id name accessLevel revokedAt lastUsedAt } } }", json!({})).await;
    let row = listed["viewer"]["tokens"].as_array().unwrap().iter().find(|row| row["name"] == "script").unwrap();
    assert!(!row["lastUsedAt"].is_null() && row["revokedAt"].is_null());
    assert!(!listed.to_string().contains(script.token()));
    // Nobody else can, or even learns that it exists.
    assert_eq!(app.responder("Kim").await.refused("revokeApiToken", json!({ "tokenId": row["id"] })).await.code(), "NOT_FOUND");
    sam.mutate("revokeApiToken", json!({ "tokenId": row["id"] }), "token { revokedAt }").await;
    refused_as_nobody(&script).await;
}

async fn someone_who_left_can_do_nothing_with_old_tokens(app: &TestApp) {
    let (ada, sam) = (app.admin().await, app.responder("Sam").await);
    sam.report("errors").await;
    ada.mutate("updatePerson", json!({ "personId": sam.id(), "deactivated": true }), "person { deactivatedAt }").await;
    refused_as_nobody(&sam).await;
    ada.mutate("updatePerson", json!({ "personId": sam.id(), "deactivated": false, "accessLevel": "VIEWER" }), "person { id }").await;
    refused_as_nobody(&sam).await;
    let again = sam.with_token(&token(app, &sam, AccessLevel::Responder, TimeDelta::days(1)).await);
    assert_eq!(again.query(VIEWER, json!({})).await["viewer"]["can"], json!(["READ", "REPORT"]));
}

async fn a_sign_in_link_opens_one_session(app: &TestApp) {
    let ada = app.admin().await;
    let input = json!({ "name": "Kim", "email": "kim@example.org", "accessLevel": "RESPONDER" });
    let invited = ada.mutate("invitePerson", input.clone(), "person { name email } signInUrl").await;
    let refusal = ada.refused("invitePerson", input).await;
    assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", "email"));
    let link = text(&invited, "signInUrl").split_once("link=").expect("the address carries the link").1;
    let browser = app.anonymous();
    // Opening the page uses nothing up: mail scanners do that.
    for _ in 0..2 {
        assert_eq!(browser.get(&format!("/sign-in?link={link}")).await.status(), 200);
    }
    let signed_in = sign_in(&browser, link).await;
    let cookie = signed_in.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    assert_eq!(sign_in(&browser, link).await.status(), 401);
    let cookie = cookie.split(';').next().unwrap();
    let call = || app.anonymous().request(reqwest::Method::POST, "/graphql").header("cookie", cookie).json(&json!({ "query": VIEWER }));
    let answer: Value = call().send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["data"]["viewer"]["person"]["name"], "Kim");
    // A page of another site can make the browser send the cookie, but it counts for nothing.
    assert_eq!(call().header("origin", "https://evil.example").send().await.unwrap().status(), 403);
    app.advance(Duration::from_secs(31 * 24 * 60 * 60));
    assert_eq!(call().send().await.unwrap().status(), 401);
}

async fn sign_in(browser: &Client, link: &str) -> reqwest::Response {
    let form = harness::browser().post(browser.url("/sign-in")).header("content-type", "application/x-www-form-urlencoded");
    form.body(format!("link={link}")).send().await.unwrap()
}

/// As far as `client` can tell, `reference` does not exist.
async fn hidden(client: &Client, reference: &str) {
    let answer = client.try_query("query($r: String!) { incident(reference: $r) { id } }", json!({ "r": reference })).await;
    let nothing = client.try_query("query($r: String!) { incident(reference: $r) { id } }", json!({ "r": "INC-777" })).await;
    assert_eq!((&answer.data, answer.code()), (&nothing.data, nothing.code()), "{reference} differs from one that never was");
    assert!(answer.data["incident"].is_null());
}

/// A restricted incident with everything that an incident can have, and the ids of those things.
struct Secret {
    incident: Value,
    site: String,
    ids: Vec<String>,
}

async fn secret(app: &TestApp, sam: &Client) -> Secret {
    let (site, client) = (sam.add_site("example.org").await, sam.add_client("Example Ltd").await);
    let incident = sam
        .declare_with(json!({
            "name": "a stranger in the shop", "description": "xyzzy", "severity": "CRITICAL", "visibility": "RESTRICTED",
            "leadId": sam.id(), "siteIds": [site], "affectedClientIds": [client]
        }))
        .await;
    let note = sam.note(id(&incident), "the plugh door").await;
    let action = sam.mutate("addAction", json!({ "incidentId": incident["id"], "title": "lock" }), "action { id }").await;
    let file = sam.upload(id(&incident), "evidence.txt", b"xyzzy".to_vec()).await;
    let role = sam.incident(text(&incident, "reference"), "roles { id }").await["roles"][0]["id"].clone();
    let alert = crate::fixture::alert_of(app, id(&incident)).await;
    let ids = [&incident["id"], &note["id"], &action["action"]["id"], &file["id"], &role, &json!(alert)];
    let ids = ids.map(|id| id.as_str().expect("an id").to_owned()).to_vec();
    Secret { incident, site, ids }
}

async fn an_outsider_cannot_learn_of_a_restricted_incident(app: &TestApp) {
    let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
    let Secret { incident, site, ids } = secret(app, &sam).await;
    let open = kim.declare_with(json!({ "name": "an open one", "severity": "MINOR", "siteIds": [site] })).await;
    hidden(&kim, text(&incident, "reference")).await;
    for id in &ids {
        let prefix = &id[..4];
        let nothing = format!("{prefix}00000000000000000000000000000001");
        let query = "query($id: ID!) { node(id: $id) { id } }";
        let (answer, never) = (kim.try_query(query, json!({ "id": id })).await, kim.try_query(query, json!({ "id": nothing })).await);
        assert_eq!((&answer.data["node"], answer.code()), (&never.data["node"], never.code()), "{id}");
        assert!(answer.data["node"].is_null());
        // Sam sees all of it.
        assert!(!sam.query(query, json!({ "id": id })).await["node"].is_null(), "{id}");
    }
    let nodes = kim.query("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", json!({ "ids": ids })).await;
    assert!(nodes["nodes"].as_array().unwrap().iter().all(Value::is_null), "{nodes}");
    for filter in [json!({}), json!({ "siteId": site }), json!({ "live": true }), json!({ "severity": ["CRITICAL", "MINOR"] })] {
        let query = "query($f: IncidentFilter) { incidents(filter: $f) { totalCount nodes { name } edges { node { id } } } }";
        let found = kim.query(query, json!({ "f": filter })).await;
        assert_eq!((&found["incidents"]["totalCount"], &found["incidents"]["nodes"]), (&json!(1), &json!([{ "name": "an open one" }])));
        assert_eq!(sam.query(query, json!({ "f": filter })).await["incidents"]["totalCount"], 2);
    }
    for filter in [json!({ "text": "stranger" }), json!({ "text": "xyzzy" }), json!({ "text": "plugh" }), json!({ "personId": sam.id() })] {
        let query = "query($f: IncidentFilter) { incidents(filter: $f) { totalCount nodes { id } } }";
        let found = kim.query(query, json!({ "f": filter })).await;
        assert_eq!(found["incidents"], json!({ "totalCount": 0, "nodes": [] }), "{filter}");
        assert_eq!(sam.query(query, json!({ "f": filter })).await["incidents"]["totalCount"], 1, "{filter}");
    }
    let of_site = kim.node(&site, "Site { incidents { totalCount nodes { id } } }").await;
    assert_eq!(of_site["incidents"], json!({ "totalCount": 1, "nodes": [{ "id": open["id"] }] }));
    let file = ids.iter().find(|id| id.starts_with("att_")).unwrap();
    assert_eq!(kim.get(&format!("/files/{file}")).await.status(), 404);
    assert_eq!(sam.get(&format!("/files/{file}")).await.status(), 200);
    for transport in [Transport::WebSocket, Transport::ServerSentEvents] {
        let query = "subscription($id: ID!) { timeline(incidentId: $id) { cursor } }";
        let (code, results) = kim.subscribe(transport, query, json!({ "id": incident["id"] })).await.end().await;
        assert_eq!((code.as_str(), results.len()), ("NOT_FOUND", 0));
    }
}

async fn an_outsider_can_change_nothing_in_a_restricted_incident(app: &TestApp) {
    let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
    let Secret { incident, ids, .. } = secret(app, &sam).await;
    let own = kim.declare("an open one").await;
    let client = kim.add_client("Other Ltd").await;
    let of_kind = |prefix: &str| ids.iter().find(|id| id.starts_with(prefix)).unwrap();
    let (secret, event) = (id(&incident), of_kind("evt_"));
    let before = sam.incident(text(&incident, "reference"), "version timeline { totalCount }").await;
    for (mutation, input) in [
        ("declareIncident", json!({ "incidentId": secret, "severity": "MINOR" })),
        ("declineIncident", json!({ "incidentId": secret, "reason": "no" })),
        ("answerTriage", json!({ "incidentId": secret, "answers": [{ "criterion": "security", "answer": "NO" }] })),
        ("updateIncident", json!({ "incidentId": secret, "visibility": "OPEN" })),
        ("updateIncident", json!({ "incidentId": secret, "name": "mine", "expectedVersion": 1 })),
        ("changeSeverity", json!({ "incidentId": secret, "severity": "MINOR", "reason": "no" })),
        ("changeStatus", json!({ "incidentId": secret, "status": "FIXING" })),
        ("assignRole", json!({ "incidentId": secret, "role": "RESPONDER", "personId": kim.id() })),
        ("endRole", json!({ "roleAssignmentId": of_kind("rol_") })),
        ("shareIncident", json!({ "incidentId": secret, "personId": kim.id() })),
        ("confirmGoal", json!({ "incidentId": secret, "goal": "contain", "evidence": "no" })),
        ("markClientAffected", json!({ "incidentId": secret, "clientId": client })),
        ("addAction", json!({ "incidentId": secret, "title": "no" })),
        ("settleAction", json!({ "actionId": of_kind("act_"), "state": "DONE" })),
        ("resolveIncident", json!({ "incidentId": secret, "summary": "no" })),
        ("reopenIncident", json!({ "incidentId": secret, "reason": "no" })),
        ("closeIncident", json!({ "incidentId": secret })),
        ("mergeIncident", json!({ "incidentId": secret, "intoIncidentId": own["id"] })),
        ("mergeIncident", json!({ "incidentId": own["id"], "intoIncidentId": secret })),
        ("addTimelineEvent", json!({ "incidentId": secret, "kind": "NOTE", "text": "no" })),
        ("amendTimelineEvent", json!({ "eventId": event, "text": "no" })),
        ("starTimelineEvent", json!({ "eventId": event, "starred": true })),
        ("postUpdate", json!({ "incidentId": secret, "text": "no" })),
    ] {
        assert_eq!(kim.refused(mutation, input).await.code(), "NOT_FOUND", "{mutation}");
    }
    assert_eq!(kim.try_upload(secret, "no.txt", b"no".to_vec()).await.status(), 404);
    // A file of one incident can't be taken into another, nor does the attempt tell that it is there.
    let steal = json!({ "incidentId": own["id"], "kind": "FILE", "text": "mine", "attachmentIds": [of_kind("att_")] });
    assert_eq!(kim.refused("addTimelineEvent", steal).await.field(), "attachmentIds");
    assert_eq!(sam.incident(text(&incident, "reference"), "version timeline { totalCount }").await, before);
}

async fn participants_and_the_granted_see_a_restricted_incident(app: &TestApp) {
    let (sam, kim, ada) = (app.responder("Sam").await, app.responder("Kim").await, app.admin().await);
    let incident = app.viewer("Vic").await.report("a stranger").await;
    let reference = text(&incident, "reference");
    sam.declare_with(json!({ "incidentId": incident["id"], "severity": "MAJOR", "leadId": sam.id(), "visibility": "RESTRICTED" })).await;
    hidden(&kim, reference).await;
    for insider in [&sam, &ada] {
        assert_eq!(insider.incident(reference, "visibility").await["visibility"], "RESTRICTED");
    }
    let granted = app.viewer("Gus").await;
    hidden(&granted, reference).await;
    ada.mutate("updatePerson", json!({ "personId": granted.id(), "grants": ["SEE_RESTRICTED"] }), "person { grants }").await;
    assert_eq!(granted.incident(reference, "reference").await["reference"], reference);
    // Getting a role means getting to know.
    sam.incident_of("assignRole", json!({ "incidentId": incident["id"], "role": "RESPONDER", "personId": kim.id() })).await;
    kim.note(id(&incident), "here I am").await;
}

async fn sharing_lets_somebody_in_and_out_again(app: &TestApp) {
    let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
    let incident = sam.declare_with(json!({ "name": "a stranger", "severity": "MAJOR", "visibility": "RESTRICTED" })).await;
    let share = |shared: bool| json!({ "incidentId": incident["id"], "personId": kim.id(), "shared": shared });
    hidden(&kim, "INC-1").await;
    sam.incident_of("shareIncident", share(true)).await;
    kim.note(id(&incident), "I see").await;
    let names = async || sam.incident("INC-1", "participants { name }").await["participants"].take();
    assert_eq!(names().await, json!([{ "name": "Kim" }, { "name": "Sam" }]));
    sam.incident_of("shareIncident", share(false)).await;
    assert_eq!(names().await, json!([{ "name": "Sam" }]));
    hidden(&kim, "INC-1").await;
}

/// Nobody locks themselves out of what they work on.
async fn the_person_who_restricts_an_incident_still_sees_it(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let reported = app.viewer("Vic").await.report("a stranger").await;
    sam.declare_with(json!({ "incidentId": reported["id"], "severity": "MAJOR", "visibility": "RESTRICTED" })).await;
    assert_eq!(sam.incident("INC-1", "reference").await["reference"], "INC-1", "after declaring");
    let open = app.responder("Kim").await.declare("another stranger").await;
    sam.incident_of("updateIncident", json!({ "incidentId": open["id"], "visibility": "RESTRICTED" })).await;
    assert_eq!(sam.incident("INC-2", "reference").await["reference"], "INC-2", "after restricting");
}

async fn a_board_never_tells_an_outsider(app: &TestApp) {
    let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
    let mut board = kim.subscribe(Transport::WebSocket, "subscription { incidentChanged { name } }", json!({})).await;
    let open = sam.declare("an open one").await;
    eventually("the board is notified", Duration::from_secs(20), async || {
        sam.note(id(&open), "knock").await;
        tokio::time::timeout(Duration::from_millis(300), board.frame()).await.ok()
    })
    .await;
    let secret = sam.declare_with(json!({ "name": "a stranger", "severity": "MAJOR", "visibility": "RESTRICTED" })).await;
    sam.note(id(&secret), "closer").await;
    let marker = sam.declare("the marker").await;
    loop {
        let data = board.next().await;
        assert_ne!(data["incidentChanged"]["name"], "a stranger");
        if data["incidentChanged"]["name"] == marker["name"] {
            break;
        }
    }
}

async fn a_subscription_is_cut_when_the_incident_becomes_restricted(app: &TestApp) {
    let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
    for transport in [Transport::WebSocket, Transport::ServerSentEvents] {
        let incident = sam.declare("errors").await;
        let query = "subscription($id: ID!) { timeline(incidentId: $id) { node { text } } }";
        let mut watching = kim.subscribe(transport, query, json!({ "id": incident["id"] })).await;
        watching.next().await;
        sam.incident_of("updateIncident", json!({ "incidentId": incident["id"], "visibility": "RESTRICTED" })).await;
        sam.note(id(&incident), "now it is secret").await;
        let (code, results) = watching.end().await;
        assert_eq!(code, "NOT_FOUND", "{transport:?}");
        assert!(!json!(results).to_string().contains("secret"), "{results:?}");
    }
}

async fn a_subscription_is_cut_when_the_token_is_revoked(app: &TestApp) {
    let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
    for transport in [Transport::WebSocket, Transport::ServerSentEvents] {
        let script = kim.with_token(&token(app, &kim, AccessLevel::Responder, TimeDelta::days(1)).await);
        let incident = sam.declare("errors").await;
        let query = "subscription($id: ID!) { timeline(incidentId: $id) { node { text } } }";
        let mut watching = script.subscribe(transport, query, json!({ "id": incident["id"] })).await;
        watching.next().await;
        for row in tokens::of(&app.system(), kim.person_id()).await.unwrap().iter().filter(|row| row.name == "second") {
            tokens::revoke(&app.system(), row.id).await.unwrap();
        }
        sam.note(id(&incident), "after the revocation").await;
        let (code, results) = watching.end().await;
        assert_eq!(code, "UNAUTHENTICATED", "{transport:?} (other processes may take {CACHED_FOR:?})");
        assert!(results.is_empty(), "{results:?}");
    }
}

async fn the_last_administrator_stays(app: &TestApp) {
    let ada = app.admin().await;
    for change in [json!({ "deactivated": true }), json!({ "accessLevel": "RESPONDER" })] {
        let mut input = change;
        input["personId"] = json!(ada.id());
        assert_eq!(ada.refused("updatePerson", input).await.code(), "FAILED_PRECONDITION");
    }
    app.admin().await;
    ada.mutate("updatePerson", json!({ "personId": ada.id(), "accessLevel": "RESPONDER" }), "person { id }").await;
}

/// `Actor::sees` is the rule for rows in memory, `authz::visible` the same rule for queries.
async fn rows_and_queries_agree_on_who_sees_what(app: &TestApp) {
    let (ada, sam, eve, viewer) = (app.admin().await, app.responder("Sam").await, app.responder("Eve").await, app.viewer("Vic").await);
    sam.declare_with(json!({ "name": "open", "severity": "MAJOR" })).await;
    let sams = sam.declare_with(json!({ "name": "Sam's", "severity": "MAJOR", "visibility": "RESTRICTED" })).await;
    ada.declare_with(json!({ "name": "Ada's", "severity": "MAJOR", "visibility": "RESTRICTED" })).await;
    let shared = eve.declare_with(json!({ "name": "shared", "severity": "MAJOR", "visibility": "RESTRICTED" })).await;
    let query = "mutation($i: ID!, $p: ID!) { shareIncident(input: { incidentId: $i, personId: $p, shared: true }) { incident { id } } }";
    eve.query(query, json!({ "i": shared["id"], "p": viewer.id() })).await;
    sam.query(query, json!({ "i": sams["id"], "p": viewer.id() })).await;
    let ctx = app.system();
    let db = ctx.db.read();
    let all = incident::Entity::find().all(db).await.unwrap();
    let participants = incident_access::Entity::find().all(db).await.unwrap();
    let levels = [AccessLevel::Viewer, AccessLevel::Responder, AccessLevel::Admin];
    let people = [&ada, &sam, &eve, &viewer].map(Client::person_id);
    let mut seen_by: BTreeSet<usize> = BTreeSet::new();
    for (id, access, may_see) in
        people.into_iter().flat_map(|id| levels.map(|access| (id, access))).flat_map(|(id, a)| [(id, a, false), (id, a, true)])
    {
        let grants = may_see.then_some(Grant::SeeRestricted).into_iter().collect();
        let actor = Actor::Person { id, access, grants, token: None };
        let queried: BTreeSet<IncidentId> = visible(&actor).all(db).await.unwrap().into_iter().map(|row| row.id).collect();
        let of = |row: &incident::Model| -> Vec<PersonId> {
            participants.iter().filter(|access| access.incident_id == row.id).map(|access| access.person_id).collect()
        };
        let sees: BTreeSet<IncidentId> = all.iter().filter(|row| actor.sees(row, &of(row))).map(|row| row.id).collect();
        assert_eq!(queried, sees, "{actor:?}");
        seen_by.insert(sees.len());
    }
    assert_eq!(seen_by, BTreeSet::from([2, 3, 4]), "the rows must tell the callers apart");
}
