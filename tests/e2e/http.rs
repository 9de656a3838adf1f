//! What surrounds GraphQL: health, the headers of every page, and the schema that clients build on.

use std::path::Path;
use std::time::Duration;

use domain::people::access;
use futures_util::{SinkExt, StreamExt};
use harness::{Engine, TestApp, both_dbs, browser, eventually, run, run_with};
use sea_orm::ConnectionTrait;
use serde_json::json;
use tokio_tungstenite::tungstenite::{Message, client::IntoClientRequest};

both_dbs![
    a_server_reports_that_it_is_alive_and_ready,
    a_server_whose_database_takes_no_changes_is_not_ready,
    a_server_whose_database_has_no_room_is_not_ready,
    every_answer_forbids_what_a_browser_might_do_with_it,
    a_page_of_another_site_signs_nobody_in_or_out,
];

async fn a_server_reports_that_it_is_alive_and_ready(app: &TestApp) {
    let browser = app.anonymous();
    for path in ["/healthz", "/readyz"] {
        assert_eq!(browser.get(path).await.status(), 200, "{path}");
    }
    // Without a recorder there is nothing to count.
    assert_eq!(browser.get("/metrics").await.status(), 404);
}

async fn a_server_whose_database_takes_no_changes_is_not_ready(app: &TestApp) {
    // What of the pool is just being connected when all connections are ended.
    app.allow_error_log("error returned from after_connect");
    let db = app.system().db.clone();
    let make_read_only = match app.engine() {
        Engine::Sqlite => "PRAGMA query_only = ON",
        Engine::Postgres => {
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database()); END $$;
             SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid();
             SET default_transaction_read_only = on"
        }
    };
    db.write().execute_unprepared(make_read_only).await.unwrap();
    let said = harness::eventually("a server that is not ready", Duration::from_secs(20), async || {
        let response = app.anonymous().get("/readyz").await;
        (response.status() == 503).then_some(response.text())
    });
    let said = said.await.await.unwrap();
    assert!(said.contains("takes no changes") || said.contains("does not answer"), "{said}");
    assert_eq!(app.anonymous().get("/healthz").await.status(), 200, "it is alive");
    if app.engine() == Engine::Sqlite {
        db.write().execute_unprepared("PRAGMA query_only = OFF").await.unwrap();
    }
}

/// What cannot grow is only noticed by who wants it to: a small change still fits where a larger one does not.
async fn a_server_whose_database_has_no_room_is_not_ready(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare("the disk fills up").await;
    let (fill_up, make_room) = match app.engine() {
        // As small as it may be, which is as large as it is.
        Engine::Sqlite => ("PRAGMA max_page_count = 1", "PRAGMA max_page_count = 4294967294"),
        Engine::Postgres => (
            "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no room' USING ERRCODE = '53100'; END $$;
             CREATE TRIGGER no_room BEFORE INSERT ON timeline_event FOR EACH ROW EXECUTE FUNCTION no_room()",
            "DROP TRIGGER no_room ON timeline_event",
        ),
    };
    let status = async || sam.get("/readyz").await.status();
    assert_eq!(status().await, 200);
    app.domain.db.write().execute_unprepared(fill_up).await.unwrap();
    let note = json!({ "incidentId": incident["id"], "kind": "NOTE", "text": "x".repeat(19_000) });
    eventually("there is no room", Duration::from_secs(20), async || {
        let answer = sam.try_mutate("addTimelineEvent", note.clone(), "event { id }").await;
        (!answer.errors.is_empty()).then(|| assert_eq!(answer.code(), "UNAVAILABLE"))
    })
    .await;
    assert_eq!(status().await, 503);
    app.domain.db.write().execute_unprepared(make_room).await.unwrap();
    sam.mutate("addTimelineEvent", note, "event { id }").await;
    assert_eq!(status().await, 200);
}

#[test]
fn metrics_are_shown_if_they_are_kept() {
    let builder = TestApp::builder(Engine::Sqlite).settings(|settings| {
        settings.metrics = Some(std::sync::Arc::new(|| "muster_up 1\n".to_owned()));
    });
    run_with(builder, async |app| {
        let response = app.anonymous().get("/metrics").await;
        assert!(response.headers()["content-type"].to_str().unwrap().starts_with("text/plain"));
        assert_eq!(response.text().await.unwrap(), "muster_up 1\n");
    });
}

async fn every_answer_forbids_what_a_browser_might_do_with_it(app: &TestApp) {
    let sam = app.responder("Sam").await;
    for path in [
        "/",
        "/healthz",
        "/answer?page=abc",
        "/calendar/abc.ics",
        "/incidents/INC-1",
        "/incidents/%3Cscript%3E",
        "/nothing",
        "/passkeys",
        "/sign-in?link=abc",
        "/sign-in?link=%22%3E%3Cscript%3E",
        "/graphql?query=%7Bviewer%7Bcan%7D%7D",
        "/files/att_1",
    ] {
        let response = sam.get(path).await;
        let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
        assert!(header("content-security-policy").contains("default-src 'none'"), "{path}");
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header("x-frame-options"), "DENY", "{path}");
        assert_eq!(header("referrer-policy"), "same-origin", "{path}");
        assert_eq!(header("access-control-allow-origin"), "", "{path}");
        assert!(!response.text().await.unwrap().contains("<script>"), "{path}");
    }
    // A preflight never admits another origin.
    let preflight = sam.request(reqwest::Method::OPTIONS, "/graphql").header("origin", "https://evil.example");
    let response = preflight.header("access-control-request-method", "POST").send().await.unwrap();
    assert!(!response.headers().contains_key("access-control-allow-origin"));
    let query = sam.query("{ __typename }", json!({})).await;
    assert_eq!(query["__typename"], "Query");
}

#[test]
fn pages_of_allowed_origins_call_with_a_token_and_others_do_not() {
    const TOOLS: &str = "https://tools.example.org";
    let builder = TestApp::builder(Engine::Sqlite).settings(|settings| settings.allowed_origins = vec![TOOLS.to_owned()]);
    run_with(builder, async |app| {
        let sam = app.responder("Sam").await;
        for (origin, allowed) in [(TOOLS, TOOLS), ("https://evil.example", "")] {
            let header = |response: &reqwest::Response| {
                let header = response.headers().get("access-control-allow-origin");
                header.map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
            };
            let preflight = sam.request(reqwest::Method::OPTIONS, "/graphql").header("origin", origin);
            let preflight = preflight.header("access-control-request-method", "POST").send().await.unwrap();
            assert_eq!(header(&preflight), allowed);
            assert!(!preflight.headers().contains_key("access-control-allow-credentials"));

            let post = sam.request(reqwest::Method::POST, "/graphql").header("origin", origin).json(&json!({ "query": "{ __typename }" }));
            let response = post.send().await.unwrap();
            assert_eq!((response.status().as_u16(), header(&response).as_str()), (200, allowed), "a token is one's own");

            let session = browser().post(format!("{}/graphql", app.url())).header("origin", origin).header("cookie", "muster_session=abc");
            let response = session.json(&json!({ "query": "{ __typename }" })).send().await.unwrap();
            assert_eq!(response.status(), 403, "a cookie is not");
            assert!(response.text().await.unwrap().contains("public_url"));
        }

        let mut request = format!("{}/graphql", app.url().replacen("http", "ws", 1)).into_client_request().unwrap();
        let headers = [("origin", TOOLS), ("cookie", "muster_session=abc"), ("sec-websocket-protocol", "graphql-transport-ws")];
        for (name, value) in headers {
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        let (mut socket, _) =
            tokio_tungstenite::connect_async(request).await.expect("its cookie counts for nothing, and is in nobody's way");
        let init = json!({ "type": "connection_init", "payload": { "Authorization": format!("Bearer {}", sam.token()) } });
        socket.send(Message::text(init.to_string())).await.unwrap();
        assert_eq!(socket.next().await.unwrap().unwrap().into_text().unwrap(), r#"{"type":"connection_ack"}"#);
    });
}

async fn a_page_of_another_site_signs_nobody_in_or_out(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let browser = browser();
    let link = access::create_sign_in_link(&app.system(), sam.person_id()).await.unwrap();
    let own = app.url();
    let post = async |path: &str, from: &[(&str, &str)], body: String| {
        let mut request = browser.post(format!("{own}{path}")).header("content-type", "application/x-www-form-urlencoded");
        for (name, value) in from {
            request = request.header(*name, *value);
        }
        request.body(body).send().await.unwrap()
    };
    let elsewhere: [&[(&str, &str)]; 4] = [
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site"), ("origin", own)],
    ];
    for from in elsewhere {
        for (path, body) in [
            ("/sign-in", format!("link={link}")),
            ("/sign-out", String::new()),
            ("/sign-in/passkey/begin", String::new()),
            ("/sign-in/passkey/finish", "{}".into()),
            ("/answer", "page=abc&answer=SEEN".into()),
            ("/offer", "offer=abc&accept=true".into()),
        ] {
            assert_eq!(post(path, from, body).await.status(), 403, "{path} {from:?}");
        }
    }
    let response = post("/sign-in", &[("sec-fetch-site", "same-origin"), ("origin", own)], format!("link={link}")).await;
    assert!(response.headers()["set-cookie"].to_str().unwrap().starts_with("muster_session="), "the link was not used up");
}

#[test]
fn behind_tls_browsers_keep_the_session_to_this_host_and_to_tls() {
    let builder = TestApp::builder(Engine::Sqlite).settings(|settings| settings.public_url = "https://muster.example.org".into());
    run_with(builder, async |app| {
        let sam = app.responder("Sam").await;
        let link = access::create_sign_in_link(&app.system(), sam.person_id()).await.unwrap();
        let request = browser().post(format!("{}/sign-in", app.url())).header("origin", "https://muster.example.org");
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let response = request.body(format!("link={link}")).send().await.unwrap();
        let header = |name: &str| response.headers()[name].to_str().unwrap();
        let cookie = header("set-cookie");
        assert!(cookie.starts_with("__Host-muster_session=") && cookie.ends_with("; Secure"), "{cookie}");
        assert!(header("strict-transport-security").starts_with("max-age="));
        let session = cookie.split(';').next().unwrap();
        let board = async |cookie: &str| {
            let request = app.anonymous().request(reqwest::Method::GET, "/").header("cookie", cookie);
            request.send().await.unwrap().text().await.unwrap().contains("/console/assets/")
        };
        assert!(board(session).await);
        assert!(!board(session.trim_start_matches("__Host-")).await, "another host of the domain could have set it");
    });
}

/// nginx without settings, Apache, Varnish and Squid take it away.
#[test]
fn a_websocket_without_its_header_is_told_what_to_do() {
    run(Engine::Sqlite, async |app| {
        let request = app.anonymous().request(reqwest::Method::GET, "/graphql").header("sec-websocket-key", "AAAAAAAAAAAAAAAAAAAAAA==");
        let response = request.header("sec-websocket-protocol", "graphql-transport-ws").send().await.unwrap();
        assert_eq!(response.status(), 426);
        assert_eq!(response.headers()["upgrade"], "websocket");
        let told = response.text().await.unwrap();
        assert!(told.contains("proxy") && told.contains("/graphql/stream"), "{told}");
    });
}

/// The committed schema is what the server prints; `make schema` regenerates it.
#[test]
fn the_committed_schema_is_the_printed_one() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("api/schema.graphql");
    let committed = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert!(committed == api::graphql::sdl(), "api/schema.graphql is not what the server prints: run `make schema`");
}
