//! `muster check airtable`, the real binary: each thing that can be wrong is named, with what to do.

use std::process::Output;
use std::time::Duration;

use harness::fakes::airtable::{BASE, FIELDS, TABLE, TOKEN, VIEW};
use harness::fakes::{AirtableFake, Fault};
use harness::process::Home;
use serde_json::json;

use super::{fake, with_sites};

/// Runs it with the table of the fake, but for these settings; returns its exit code and what it says.
async fn check(fake: &AirtableFake, others: &[(&str, &str)]) -> (Option<i32>, String) {
    // What was asked before does not count.
    fake.advance(Duration::from_secs(31));
    let fields = FIELDS.map(|(field, name)| (format!("FIELDS__{}", field.to_uppercase()), name.to_owned()));
    let place = [("BASE_URL", fake.url()), ("TOKEN", TOKEN), ("BASE", BASE), ("TABLE", TABLE), ("VIEW", VIEW)];
    let place = place.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let others = others.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let all: Vec<(String, String)> = place.into_iter().chain(fields).chain(others).collect();
    let run = move || {
        let folder = tempfile::TempDir::with_prefix("muster-check-").unwrap();
        let mut command = Home::new(folder.path(), "sqlite:unused.db").command(&["check", "airtable"]);
        command.envs(all.iter().map(|(name, value)| (format!("MUSTER_AIRTABLE__{name}"), value))).output().unwrap()
    };
    let Output { status, stdout, stderr } = tokio::task::spawn_blocking(run).await.unwrap();
    let said = String::from_utf8([stdout, stderr].concat()).unwrap();
    assert!(!said.contains(TOKEN), "{said}");
    (status.code(), said)
}

fn assert_says(said: &str, parts: &[&str]) {
    for part in parts {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_says_what_works() {
    let fake = fake().await;
    with_sites(&fake, 120);
    fake.change(|base| base.add(TABLE, &json!({ "Notes": "nameless", "URL": "example.org" })));
    let (code, said) = check(&fake, &[]).await;
    assert_eq!(code, Some(0), "{said}");
    assert_says(
        &said,
        &[
            "airtable: ok: The base appFakeSites00001 has the table “Sites”",
            "airtable: ok: The table has the view “Live”",
            "airtable: ok: The table has all fields",
            "airtable: ok: The sites can be listed from Airtable, base appFakeSites00001, table Sites, view Live",
            "airtable: ok: A list can be continued",
            "airtable: note: 100 records on the first page",
            "airtable: note: read every 15 minutes",
        ],
    );
    assert_eq!(fake.violations(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_names_what_is_wrong_in_the_settings() {
    let fake = fake().await;
    with_sites(&fake, 3);
    for (others, parts) in [
        (&[("TOKEN", "pat.hunter2")][..], &["PROBLEM", "does not accept the token", "airtable.token"][..]),
        (&[("BASE", "appOther")], &["PROBLEM", "no table “Sites” in the base appOther", "airtable.base"]),
        (&[("TABLE", "Site")], &["PROBLEM", "the table “Site”", "did you mean “Sites”?"]),
        (&[("VIEW", "Life")], &["PROBLEM", "the view “Life”", "did you mean “Live”?"]),
        (
            &[("FIELDS__RUNBOOK", "Runbok"), ("FIELDS__HOSTING", "Provider")],
            &["“Runbok” (airtable.fields.runbook)", "did you mean “Runbook”?", "“Provider” (airtable.fields.hosting)", "There are “Site”"],
        ),
    ] {
        let (code, said) = check(&fake, others).await;
        assert_eq!(code, Some(1), "{said}");
        assert_says(&said, parts);
        assert!(!said.contains("hunter2"), "{said}");
    }
    let home = tempfile::tempdir().unwrap();
    let output = Home::new(home.path(), "sqlite:unused.db").command(&["check", "airtable"]).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.code() == Some(1) && said.contains("airtable: not read: set airtable.token"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_names_missing_fields_to_a_token_that_may_not_see_the_schema() {
    let fake = fake().await;
    with_sites(&fake, 3);
    fake.show_schema(false);
    let (code, said) = check(&fake, &[]).await;
    assert_eq!(code, Some(0), "{said}");
    assert_says(&said, &["note: The token may not see", "schema.bases:read", "ok: The sites can be listed"]);
    let (code, said) = check(&fake, &[("FIELDS__RUNBOOK", "Runbok"), ("FIELDS__URL", "URI")]).await;
    assert_eq!(code, Some(1), "{said}");
    assert_says(&said, &["“Runbok” (airtable.fields.runbook)", "did you mean “Runbook”?", "“URI” (airtable.fields.url)"]);
    let (code, said) = check(&fake, &[("VIEW", "Life")]).await;
    assert_eq!(code, Some(1), "{said}");
    assert_says(&said, &["no view “Life”", "airtable.view"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_names_what_is_wrong_at_airtable() {
    let fake = fake().await;
    let hidden = with_sites(&fake, 3);
    fake.change(|base| base.hide_all(VIEW, 0));
    let (code, said) = check(&fake, &[]).await;
    assert_eq!(code, Some(1), "{said}");
    assert_says(&said, &["PROBLEM", "There is no record: the table is empty, or the view shows none."]);
    fake.change(|base| {
        base.show_all(VIEW);
        base.set(&hidden[0], "URL", json!({ "error": "#ERROR!" }));
        base.set(&hidden[1], "Tier", json!("the cloud"));
    });
    let (code, said) = check(&fake, &[]).await;
    assert_eq!(code, Some(0), "single values keep nothing else back: {said}");
    assert_says(&said, &["note: Site 001, URL: Its formula ends with an error (#ERROR!).", "note: Site 002, Tier: environment must be"]);
    fake.fail_next(1, "GET", "/v0/meta/", Fault::TooMany { retry_after: 1 });
    let (code, said) = check(&fake, &[]).await;
    assert_eq!(code, Some(1), "{said}");
    assert_says(&said, &["PROBLEM", "no more requests for now (429)"]);
    with_sites(&fake, 120);
    fake.forget_lists_between_pages();
    let (code, said) = check(&fake, &[]).await;
    assert_eq!(code, Some(1), "{said}");
    assert_says(&said, &["PROBLEM: A list can be continued after its first page", "LIST_RECORDS_ITERATOR_NOT_AVAILABLE"]);
}
