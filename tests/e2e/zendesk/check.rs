//! `muster check`, the real binary.

use std::process::Output;

use harness::fakes::ZendeskFake;
use harness::fakes::zendesk::{API_TOKEN, EMAIL};
use harness::process::Home;

use super::fake;

/// Runs it with Zendesk at the fake and this token.
async fn check(fake: &ZendeskFake, arguments: &'static [&'static str], token: &'static str) -> (Option<i32>, String, String) {
    let url = fake.url().to_owned();
    let run = move || {
        let folder = tempfile::TempDir::with_prefix("muster-check-").unwrap();
        let mut command = Home::new(folder.path(), "sqlite:unused.db").command(arguments);
        command.env("MUSTER_ZENDESK__BASE_URL", url).env("MUSTER_ZENDESK__EMAIL", EMAIL).env("MUSTER_ZENDESK__API_TOKEN", token);
        command.output().unwrap()
    };
    let Output { status, stdout, stderr } = tokio::task::spawn_blocking(run).await.unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn it_says_what_works_and_what_to_fix() {
    let fake = fake().await;
    let (code, told, _) = check(&fake, &["check", "zendesk"], API_TOKEN).await;
    assert_eq!(code, Some(0), "{told}");
    for part in ["ok: ", "Muster may see tickets", "organisations", "note: zendesk.webhook_secret is not set"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let (code, told, _) = check(&fake, &["check"], API_TOKEN).await;
    assert_eq!(code, Some(0), "what is not connected is a choice: {told}");
    assert!(told.contains("email: not connected: set smtp.url"), "{told}");
    let (code, told, _) = check(&fake, &["check", "zendesk"], "hunter2").await;
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("PROBLEM: ") && told.contains("zendesk.api_token") && !told.contains("hunter2"), "{told}");
    assert_eq!(check(&fake, &["check", "email"], API_TOKEN).await.0, Some(1), "it was asked for");
    let (code, _, told) = check(&fake, &["check", "jira"], API_TOKEN).await;
    assert!(code == Some(2) && told.contains("zendesk"), "{told}");
    assert_eq!(check(&fake, &["check"], "two words").await.0, Some(2), "wrong settings");
    assert!(fake.changes().is_empty(), "it changes nothing");
}
