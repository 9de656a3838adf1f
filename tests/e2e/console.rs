//! What the program serves of the console; what people do with it is tested in `web/tests`, by Playwright.

use harness::{Engine, TestApp, run};
use reqwest::{Method, StatusCode};

use crate::hygiene::root;

/// A cookie of somebody signed in.
async fn session(app: &TestApp) -> String {
    let sam = app.responder("Sam").await;
    let link = domain::people::access::create_sign_in_link(&app.system(), sam.person_id()).await.unwrap();
    format!("muster_session={}", domain::people::access::sign_in(&app.system(), &link).await.unwrap())
}

/// The addresses that the console's router knows, with an example for each parameter.
fn addresses() -> Vec<String> {
    let router = std::fs::read_to_string(root().join("web/src/router.ts")).unwrap();
    let lines = router.lines().filter_map(|line| line.trim().strip_prefix("'/")?.split_once("':"));
    lines
        .map(|(path, _)| format!("/{}", path.replace(":reference", "INC-1").replace(":id", "sit_00000000000000000000000000000001")))
        .collect()
}

#[test]
fn every_address_of_the_console_shows_its_page_to_who_is_signed_in() {
    run(Engine::Sqlite, async |app| {
        let session = session(app).await;
        assert!(addresses().len() > 10);
        for address in addresses() {
            let request = app.anonymous().request(Method::GET, &address).header("cookie", &session);
            let response = request.send().await.unwrap();
            assert_eq!(response.status(), StatusCode::OK, "{address}");
            assert_eq!(response.headers()["cache-control"], "no-store", "{address}");
            let policy = response.headers()["content-security-policy"].to_str().unwrap();
            assert!(policy.contains("require-trusted-types-for 'script'") && !policy.contains("unsafe"), "{policy}");
            assert!(response.text().await.unwrap().contains("src=\"/console/assets/"), "{address}: build it first: make console");
            let stranger = app.anonymous().request(Method::GET, &address).send().await.unwrap().text().await.unwrap();
            assert!(stranger.contains("You are not signed in") && !stranger.contains("/console/"), "{address}");
        }
    });
}

#[test]
fn its_files_are_compressed_and_kept_for_good() {
    run(Engine::Sqlite, async |app| {
        let page =
            app.anonymous().request(Method::GET, "/").header("cookie", session(app).await).send().await.unwrap().text().await.unwrap();
        let script = page.split("src=\"").nth(1).unwrap().split('"').next().unwrap();
        let get = async |encodings: &'static str| {
            let response = app.anonymous().request(Method::GET, script).header("accept-encoding", encodings).send().await.unwrap();
            assert_eq!(response.headers()["cache-control"], "public, max-age=31536000, immutable");
            assert_eq!(response.headers()["content-type"], "text/javascript; charset=utf-8");
            assert_eq!(response.headers()["vary"], "accept-encoding");
            let encoding = response.headers().get("content-encoding").map(|value| value.to_str().unwrap().to_owned());
            (encoding, response.bytes().await.unwrap().len())
        };
        let (brotli, gzip, plain) = (get("gzip, deflate, br, zstd").await, get("gzip;q=0.9").await, get("identity").await);
        assert_eq!((brotli.0.as_deref(), gzip.0.as_deref(), plain.0.as_deref()), (Some("br"), Some("gzip"), None));
        assert!(brotli.1 < gzip.1 && gzip.1 < plain.1 / 2, "{brotli:?} {gzip:?} {plain:?}");
        for missing in ["/console/assets/none.js", "/console/index.html", "/console/assets/../index.html", "/console/"] {
            let response = app.anonymous().request(Method::GET, missing).send().await.unwrap();
            assert_eq!(response.status(), StatusCode::NOT_FOUND, "{missing}");
        }
    });
}
