//! What surrounds GraphQL: health, the headers of every page, and the schema that clients build on.

use std::path::Path;

use harness::{Engine, TestApp, both_dbs, run_with};
use serde_json::json;

both_dbs![a_server_reports_that_it_is_alive_and_ready, every_answer_forbids_what_a_browser_might_do_with_it];

async fn a_server_reports_that_it_is_alive_and_ready(app: &TestApp) {
    let browser = app.anonymous();
    for path in ["/healthz", "/readyz"] {
        assert_eq!(browser.get(path).await.status(), 200, "{path}");
    }
    // Without a recorder there is nothing to count.
    assert_eq!(browser.get("/metrics").await.status(), 404);
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
        "/incidents/INC-1",
        "/incidents/%3Cscript%3E",
        "/nothing",
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
        assert_eq!(header("referrer-policy"), "no-referrer", "{path}");
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

/// The committed schema is what the server prints; `make schema` regenerates it.
#[test]
fn the_committed_schema_is_the_printed_one() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("api/schema.graphql");
    let committed = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert!(committed == api::graphql::sdl(), "api/schema.graphql is not what the server prints: run `make schema`");
}
