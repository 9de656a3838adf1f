//! Browsers that are signed in, and tokens: what ends them, and how soon.

use domain::people::access;
use domain::people::tokens::{self, CreateToken};
use entity::{AccessLevel, TokenBounds};
use harness::drive::{id, text};
use harness::live::{Frame, Transport};
use harness::{Client, Engine, TestApp, both_dbs};
use serde_json::{Value, json};

both_dbs![
    a_session_that_was_stolen_is_ended_by_its_owner_or_an_administrator,
    others_neither_see_nor_end_sessions,
    all_but_this_one_are_ended,
    an_administrator_makes_a_sign_in_link,
    who_left_and_comes_back_begins_anew,
    a_token_is_no_cookie,
    a_weak_token_ends_no_stronger_one,
    a_silent_subscription_ends_as_soon_as_its_rights_do,
];

const SESSIONS: &str =
    "query($id: ID!) { node(id: $id) { ... on Person { sessions { id isCurrent way incident { id } } tokens { id } } } }";

/// A session of `client`, as a browser has it after sign-in.
async fn session(app: &TestApp, client: &Client) -> String {
    let link = access::create_sign_in_link(&app.system(), client.person_id()).await.unwrap();
    access::sign_in(&app.system(), &link).await.unwrap()
}

/// The answer that a browser with this cookie gets.
async fn asked(app: &TestApp, session: &str, query: &str, variables: Value) -> (u16, Value) {
    let request = app.anonymous().request(reqwest::Method::POST, "/graphql").header("cookie", format!("muster_session={session}"));
    let response = request.json(&json!({ "query": query, "variables": variables })).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

async fn is_signed_in(app: &TestApp, session: &str) -> bool {
    asked(app, session, "{ viewer { can } }", json!({})).await.0 == 200
}

async fn a_session_that_was_stolen_is_ended_by_its_owner_or_an_administrator(app: &TestApp) {
    let (ada, sam) = (app.admin().await, app.responder("Sam").await);
    let (own, stolen, third) = (session(app, &sam).await, session(app, &sam).await, session(app, &sam).await);
    let (_, seen) = asked(app, &own, SESSIONS, json!({ "id": sam.id() })).await;
    let sessions = seen["data"]["node"]["sessions"].as_array().unwrap().clone();
    let current: Vec<bool> = sessions.iter().map(|session| session["isCurrent"].as_bool().unwrap()).collect();
    assert_eq!(current, [false, false, true], "the newest first: {sessions:?}");
    assert!(sessions.iter().all(|session| session["way"] == "LINK"), "{sessions:?}");
    assert!(is_signed_in(app, &stolen).await);
    let end = "mutation($id: ID!) { endSession(input: { sessionId: $id }) { sessionId person { id sessions { id } } } }";
    let (_, ended) = asked(app, &own, end, json!({ "id": sessions[1]["id"] })).await;
    assert_eq!(ended["data"]["endSession"]["sessionId"], sessions[1]["id"]);
    let left = json!({ "id": sam.id(), "sessions": [{ "id": sessions[0]["id"] }, { "id": sessions[2]["id"] }] });
    assert_eq!(ended["data"]["endSession"]["person"], left, "a cache learns which are left");
    assert_eq!((is_signed_in(app, &own).await, is_signed_in(app, &stolen).await, is_signed_in(app, &third).await), (true, false, true));
    let ended = ada.mutate("endSessions", json!({ "personId": sam.id() }), "ended person { sessions { id } }").await;
    assert_eq!(ended, json!({ "ended": 2, "person": { "sessions": [] } }));
    assert!(!is_signed_in(app, &own).await && !is_signed_in(app, &third).await);
}

async fn others_neither_see_nor_end_sessions(app: &TestApp) {
    let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
    let own = session(app, &sam).await;
    let mine = sam.query(SESSIONS, json!({ "id": sam.id() })).await;
    let theirs = kim.query(SESSIONS, json!({ "id": sam.id() })).await;
    assert_eq!(theirs["node"], json!({ "sessions": null, "tokens": null }));
    let stolen = json!({ "sessionId": mine["node"]["sessions"][0]["id"] });
    assert_eq!(kim.refused("endSession", stolen.clone()).await.code(), "NOT_FOUND");
    assert_eq!(kim.refused("endSessions", json!({ "personId": sam.id() })).await.code(), "FORBIDDEN");
    assert_eq!(
        kim.query("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", json!({ "ids": [stolen["sessionId"]] })).await["nodes"],
        json!([null])
    );
    assert!(is_signed_in(app, &own).await);
}

async fn all_but_this_one_are_ended(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let (own, other) = (session(app, &sam).await, session(app, &sam).await);
    let end =
        "mutation($id: ID!) { endSessions(input: { personId: $id, exceptCurrent: true }) { ended person { sessions { isCurrent } } } }";
    let (_, ended) = asked(app, &own, end, json!({ "id": sam.id() })).await;
    assert_eq!(ended["data"]["endSessions"], json!({ "ended": 1, "person": { "sessions": [{ "isCurrent": true }] } }));
    assert_eq!((is_signed_in(app, &own).await, is_signed_in(app, &other).await), (true, false));
    // A token has no session of its own.
    let ended = sam.mutate("endSessions", json!({ "personId": sam.id(), "exceptCurrent": true }), "ended").await;
    assert_eq!(ended["ended"], 1);
}

async fn an_administrator_makes_a_sign_in_link(app: &TestApp) {
    let (ada, sam) = (app.admin().await, app.responder("Sam").await);
    let made = ada.mutate("createSignInLink", json!({ "personId": sam.id() }), "person { id } signInUrl").await;
    assert_eq!(made["person"]["id"], sam.id());
    let (address, secret) = text(&made, "signInUrl").split_once("/sign-in?link=").unwrap();
    assert!(address.starts_with("http"), "{address}");
    let opened = access::sign_in(&app.system(), secret).await.unwrap();
    assert!(is_signed_in(app, &opened).await);
    assert!(access::sign_in(&app.system(), secret).await.is_err(), "it works once");
    let log = "{ auditLog(filter: { actions: [SIGN_IN_LINK_CREATED] }) { nodes { subject actor { name } details } } }";
    let entry = ada.query(log, json!({})).await["auditLog"]["nodes"][0].take();
    assert_eq!((&entry["subject"], &entry["actor"]["name"]), (&json!(sam.id()), &json!("Ada")));
    assert!(!entry.to_string().contains(secret));
    assert_eq!(sam.refused("createSignInLink", json!({ "personId": sam.id() })).await.code(), "FORBIDDEN");
    let unknown = json!({ "personId": "per_00000000000000000000000000000001" });
    assert_eq!(ada.refused("createSignInLink", unknown).await.code(), "NOT_FOUND");
    ada.mutate("updatePerson", json!({ "personId": sam.id(), "deactivated": true }), "person { id }").await;
    let refusal = ada.refused("createSignInLink", json!({ "personId": sam.id() })).await;
    assert_eq!(refusal.code(), "FAILED_PRECONDITION");
    assert!(refusal.message().contains("reactivate"), "{}", refusal.message());
}

async fn who_left_and_comes_back_begins_anew(app: &TestApp) {
    let (ada, sam) = (app.admin().await, app.responder("Sam").await);
    let browser = session(app, &sam).await;
    let link = access::create_sign_in_link(&app.system(), sam.person_id()).await.unwrap();
    for deactivated in [true, false] {
        ada.mutate("updatePerson", json!({ "personId": sam.id(), "deactivated": deactivated }), "person { id }").await;
        assert_eq!(sam.try_query("{ viewer { can } }", json!({})).await.code(), "UNAUTHENTICATED");
        assert!(!is_signed_in(app, &browser).await);
        assert!(access::sign_in(&app.system(), &link).await.is_err(), "an old link");
    }
    assert!(is_signed_in(app, &session(app, &sam).await).await);
}

async fn a_token_is_no_cookie(app: &TestApp) {
    let sam = app.responder("Sam").await;
    // Just used, and so remembered.
    sam.query("{ viewer { can } }", json!({})).await;
    assert!(!is_signed_in(app, sam.token()).await);
    let browser = session(app, &sam).await;
    assert!(is_signed_in(app, &browser).await);
    assert_eq!(sam.with_token(&browser).try_query("{ viewer { can } }", json!({})).await.status, 401);
}

async fn a_weak_token_ends_no_stronger_one(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let made =
        async |level: &str| sam.mutate("createApiToken", json!({ "name": level, "accessLevel": level }), "token apiToken { id }").await;
    let (weak, strong) = (made("VIEWER").await, made("RESPONDER").await);
    let reader = sam.with_token(text(&weak, "token"));
    let refusal = reader.refused("revokeApiToken", json!({ "tokenId": strong["apiToken"]["id"] })).await;
    assert_eq!(refusal.code(), "FORBIDDEN");
    sam.with_token(text(&strong, "token")).query("{ viewer { can } }", json!({})).await;
    reader.mutate("revokeApiToken", json!({ "tokenId": weak["apiToken"]["id"] }), "token { revokedAt }").await;
}

/// While nothing happens, and on PostgreSQL by way of another process.
async fn a_silent_subscription_ends_as_soon_as_its_rights_do(app: &TestApp) {
    let ada = app.admin().await;
    let second = if app.engine() == Engine::Postgres { Some(app.second_process().await) } else { None };
    let ada = second.as_ref().map_or(ada.clone(), |second| ada.at(second));
    let watched = app.responder("Zoe").await.declare("errors").await;
    for transport in [Transport::WebSocket, Transport::ServerSentEvents] {
        for (mutation, code) in [("revokeApiToken", "UNAUTHENTICATED"), ("updatePerson", "UNAUTHENTICATED"), ("", "FAILED_PRECONDITION")] {
            let sam = app.responder("Sam").await;
            let level = AccessLevel::Responder;
            let (row, token) = tokens::create(
                &app.system(),
                sam.person_id(),
                CreateToken { name: "x".into(), access_level: level, expires_at: None, bounds: TokenBounds::default() },
            )
            .await
            .unwrap();
            let phone = sam.with_token(&token);
            let mut board = phone.subscribe(transport, "subscription { incidentChanged { id } }", json!({})).await;
            let mut timeline = phone
                .subscribe(transport, "subscription($id: ID!) { timeline(incidentId: $id) { node { id } } }", json!({ "id": id(&watched) }))
                .await;
            timeline.next().await;
            match mutation {
                "revokeApiToken" => ada.mutate(mutation, json!({ "tokenId": row.id.to_string() }), "token { id }").await,
                "updatePerson" => ada.mutate(mutation, json!({ "personId": sam.id(), "deactivated": true }), "person { id }").await,
                _ => ada.mutate("updatePerson", json!({ "personId": sam.id(), "accessLevel": "VIEWER" }), "person { id }").await,
            };
            for live in [&mut board, &mut timeline] {
                let refusals = loop {
                    match live.frame().await {
                        Frame::Next(_) => {}
                        Frame::Failed(refusals) => break refusals,
                        frame => panic!("{transport:?} {mutation}: {frame:?}"),
                    }
                };
                assert_eq!(refusals[0].code(), code, "{transport:?} {mutation}");
            }
        }
    }
    if let Some(second) = second {
        second.stop().await;
    }
}
