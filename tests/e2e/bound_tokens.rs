//! Tokens that are good for some documents, or from some networks; servers that run only documents that their operator has listed.

use std::sync::Arc;

use domain::documents::DocumentSet;
use entity::AuditAction;
use harness::live::Transport;
use harness::{Answer, Client, Engine, TestApp, both_dbs, run_with};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::audit::{actions, left_by};

both_dbs![a_token_runs_its_documents_and_nothing_else, a_token_is_good_from_its_networks, a_bound_token_makes_no_others];

#[test]
fn a_server_of_trusted_documents_runs_nothing_else_for_tokens() {
    let mut trusted = DocumentSet::default();
    trusted.add_named("Who", WHO);
    let builder = TestApp::builder(Engine::Sqlite).settings(move |settings| {
        settings.trusted_documents = Arc::new(trusted);
        settings.only_trusted_documents = true;
    });
    run_with(builder, trusted_only);
}

const WHO: &str = "query Who { viewer { person { name } } }";
const NOTE: &str = "mutation Note($input: AddTimelineEventInput!) { addTimelineEvent(input: $input) { event { text } } }";
const WATCH: &str = "subscription Watch { incidentChanged { id } }";

/// Another token of `client`, with these fields of its input.
async fn token(client: &Client, more: Value) -> Client {
    let mut input = json!({ "name": "deploys", "accessLevel": "RESPONDER" });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let made = client.mutate("createApiToken", input, "token").await;
    client.with_token(made["token"].as_str().unwrap())
}

/// What the API says of that token.
async fn bounds(client: &Client) -> Value {
    let data = client.query("{ viewer { tokens { name documents networks } } }", json!({})).await;
    let tokens = data["viewer"]["tokens"].as_array().unwrap();
    tokens.iter().find(|token| token["name"] == "deploys").unwrap().clone()
}

/// What a request with this body is answered.
async fn posted(client: &Client, path: &str, body: Value) -> Answer {
    Answer::read(client.request(reqwest::Method::POST, path).json(&body).send().await.unwrap()).await
}

fn hash(text: &str) -> String {
    hex::encode(Sha256::digest(text))
}

async fn a_token_runs_its_documents_and_nothing_else(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.mutate("declareIncident", json!({ "name": "Shop down", "severity": "MINOR" }), "incident { id }").await;
    let id = incident["incident"]["id"].as_str().unwrap();
    let bound = token(&sam, json!({ "documents": [format!("  {NOTE}\n"), WATCH] })).await;

    let input = json!({ "input": { "incidentId": id, "kind": "NOTE", "text": "Deployed 1.2.3" } });
    bound.query(NOTE, input.clone()).await;
    for named in [hash(NOTE), format!("sha256:{}", hash(NOTE))] {
        posted(&bound, "/graphql", json!({ "documentId": named, "variables": input })).await.expect("its own document, by hash");
    }
    let apollo = json!({ "persistedQuery": { "version": 1, "sha256Hash": hash(NOTE) } });
    posted(&bound, "/graphql", json!({ "extensions": apollo, "variables": input })).await.expect("as Apollo names it");

    let longer = format!("{NOTE} {WHO}");
    for foreign in [WHO, "{ __schema { queryType { name } } }", &NOTE.replace("text }", "text id }"), &longer] {
        let refusal = bound.try_query(foreign, input.clone()).await.expect_refusal(foreign);
        assert_eq!(refusal.code(), "FORBIDDEN", "{foreign}");
    }
    assert_eq!(posted(&bound, "/graphql", json!({ "documentId": hash(WHO) })).await.code(), "FORBIDDEN");
    for transport in [Transport::WebSocket, Transport::ServerSentEvents] {
        let mut watch = bound.subscribe(transport, WATCH, json!({})).await;
        sam.mutate("updateIncident", json!({ "incidentId": id, "summary": format!("{transport:?}") }), "incident { id }").await;
        assert_eq!(watch.next().await["incidentChanged"]["id"], id);
        let (code, _) = bound.subscribe(transport, "subscription { incidentChanged { id name } }", json!({})).await.end().await;
        assert_eq!(code, "FORBIDDEN", "{transport:?}");
    }

    // Nothing but GraphQL is open to it.
    let upload = bound.try_upload_with(id, &[], "a.txt", b"a".to_vec()).await;
    assert_eq!(upload.status(), 403);
    let reference = sam.query("query($id: ID!) { node(id: $id) { ... on Incident { reference } } }", json!({ "id": id })).await;
    let list = format!("/incidents/{}/addresses.csv", reference["node"]["reference"].as_str().unwrap());
    assert_eq!((bound.get(&list).await.status(), sam.get(&list).await.status()), (403.try_into().unwrap(), 200.try_into().unwrap()));
    assert_eq!(posted(&bound, "/hooks/alerts", json!({ "title": "Disk full" })).await.status, 403);
    assert_eq!(bound.get("/scim/v2/Users").await.status(), 403);

    assert_eq!(bounds(&sam).await, json!({ "name": "deploys", "documents": [NOTE, WATCH], "networks": null }));
    for (documents, problem) in [(json!([]), "must not be empty"), (json!(["{ viewer"]), "Syntax error"), (json!([" "]), "expected")] {
        let input = json!({ "name": "x", "accessLevel": "VIEWER", "documents": documents });
        let refusal = sam.try_mutate("createApiToken", input, "token").await.expect_refusal(problem);
        assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", "documents"), "{refusal:?}");
        assert!(refusal.message().contains(problem), "{refusal:?}");
    }
}

/// What `client` is answered that calls from `address`.
async fn from(client: &Client, address: &str) -> Answer {
    let request = client.request(reqwest::Method::POST, "/graphql").header("x-forwarded-for", address);
    Answer::read(request.json(&json!({ "query": WHO })).send().await.unwrap()).await
}

async fn a_token_is_good_from_its_networks(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let bound = token(&sam, json!({ "networks": ["192.0.2.77/24", "2001:db8::1"] })).await;
    for address in ["192.0.2.1", "2001:db8::1", "::ffff:192.0.2.9"] {
        from(&bound, address).await.expect(address);
    }
    let entries = left_by(app, async || {
        for address in ["192.0.3.1", "2001:db8::2", "127.0.0.1"] {
            let answer = from(&bound, address).await;
            assert_eq!((answer.status, answer.code()), (403, "FORBIDDEN"), "{address}: {answer:?}");
            assert!(answer.errors[0].message().contains(address), "{answer:?}");
        }
    })
    .await;
    // Once an hour.
    assert_eq!(actions(&entries), [AuditAction::TokenRefused]);
    let (token, address) = (entries[0].token_name.as_deref(), entries[0].address.as_deref());
    assert_eq!((token, address), (Some("deploys"), Some("192.0.3.1")));
    assert_eq!(from(&sam, "192.0.3.1").await.status, 200, "others are good from anywhere");

    assert_eq!(bounds(&sam).await, json!({ "name": "deploys", "documents": null, "networks": ["192.0.2.0/24", "2001:db8::1"] }));
    for networks in [json!([]), json!(["example.org"]), json!(["192.0.2.0/33"])] {
        let input = json!({ "name": "x", "accessLevel": "VIEWER", "networks": networks });
        let refusal = sam.try_mutate("createApiToken", input, "token").await.expect_refusal("no network");
        assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", "networks"), "{refusal:?}");
    }
}

async fn a_bound_token_makes_no_others(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let make = "mutation Make($input: CreateApiTokenInput!) { createApiToken(input: $input) { token } }";
    let bound = token(&sam, json!({ "documents": [make] })).await;
    let input = json!({ "input": { "name": "free", "accessLevel": "VIEWER" } });
    assert_eq!(bound.try_query(make, input).await.expect_refusal("another token").code(), "FORBIDDEN");
}

async fn trusted_only(app: &TestApp) {
    let sam = app.responder("Sam").await;
    for body in [json!({ "query": WHO }), json!({ "documentId": "Who" }), json!({ "documentId": hash(WHO) })] {
        let data = posted(&sam, "/graphql", body).await.expect("a trusted document");
        assert_eq!(data["viewer"]["person"]["name"], "Sam");
    }
    let by_get = sam.get("/graphql?documentId=Who").await;
    assert_eq!(by_get.status(), 200);
    for (path, body) in [
        ("/graphql", json!({ "query": "{ viewer { can } }" })),
        ("/graphql", json!({ "documentId": "Other" })),
        ("/graphql", json!([{ "query": "{ viewer { can } }" }])),
    ] {
        let text = sam.request(reqwest::Method::POST, path).json(&body).send().await.unwrap().text().await.unwrap();
        assert!(text.contains("FORBIDDEN") && text.contains("trusted_documents"), "{body}: {text}");
    }
    // The pages of this server are for people.
    let link = domain::people::access::create_sign_in_link(&app.system(), sam.person_id()).await.unwrap();
    let session = domain::people::access::sign_in(&app.system(), &link).await.unwrap();
    let request = harness::browser().post(format!("{}/graphql", app.url())).header("cookie", format!("muster_session={session}"));
    let answer = request.header("origin", app.url()).json(&json!({ "query": "{ viewer { can } }" })).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(!answer.text().await.unwrap().contains("errors"));
}
