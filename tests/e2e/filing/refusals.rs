//! Missing answers, refusals, and what is wrong with the folder or the account.

use std::time::Duration;

use domain::ports::{Finding, Outlet, Refusal};
use harness::fakes::Fault;
use harness::fakes::drive::EMAIL;

use worker::outlets::drive::DriveSettings;

use super::{done, fake, order, outlet, outlet_with, refused, settings, text};

const FILES: &str = "/drive/v3/files";

fn kind(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::Never(_) => "never",
        Refusal::Later { .. } => "later",
        Refusal::Unclear(_) => "unclear",
        Refusal::Locked(_) => "locked",
    }
}

#[tokio::test]
async fn every_fault_has_its_meaning() {
    let fake = fake().await;
    let outlet = outlet(&fake);
    for (fault, look, change) in [
        (Fault::ServerError, "later", "unclear"),
        (Fault::Unavailable, "later", "later"),
        (Fault::Cut, "later", "unclear"),
        (Fault::Garbage, "later", "unclear"),
        (Fault::TooMany { retry_after: 0 }, "later", "later"),
    ] {
        for (method, expected) in [("GET", look), ("POST", change)] {
            fake.fail_next(1, method, FILES, fault);
            let refusal = refused(&outlet, order(1, None, &[])).await;
            assert_eq!((kind(&refusal), fake.items().len()), (expected, 0), "{method} {fault:?}: {refusal:?}");
        }
    }
    done(&outlet, order(2, None, &[])).await;
    assert_eq!(fake.violations(), [""; 0]);
}

#[tokio::test]
async fn a_403_that_asks_to_be_slower_is_no_refusal() {
    let fake = fake().await;
    fake.be_busy(1);
    let refusal = refused(&outlet(&fake), order(1, None, &[])).await;
    assert!(matches!(refusal, Refusal::Later { after: Some(after), .. } if after == Duration::from_secs(10)), "{refusal:?}");
    done(&outlet(&fake), order(2, None, &[])).await;
}

#[tokio::test]
async fn a_token_that_is_worth_nothing_any_longer_is_replaced() {
    let fake = fake().await;
    let outlet = outlet(&fake);
    done(&outlet, order(1, None, &[text("a", "1")])).await;
    assert_eq!(fake.requests_to("POST", "/token").len(), 1, "one token does for all");
    fake.revoke_token();
    done(&outlet, order(1, None, &[text("a", "2")])).await;
    assert_eq!(fake.requests_to("POST", "/token").len(), 2);
}

#[tokio::test]
async fn an_account_that_nobody_knows_stops_everything_until_it_is_known() {
    let fake = fake().await;
    let outlet = outlet(&fake);
    fake.know_account(false);
    let refusal = refused(&outlet, order(1, None, &[])).await;
    assert!(
        matches!(&refusal, Refusal::Locked(why) if why.contains("drive.credentials") && why.contains("account not found")),
        "{refusal:?}"
    );
    let findings = outlet.check().await;
    assert!(matches!(&findings[..], [Finding { what, problem: Some(_) }] if what.contains(EMAIL)), "{findings:?}");
    fake.know_account(true);
    done(&outlet, order(2, None, &[])).await;
}

#[tokio::test]
async fn the_account_acts_for_somebody_only_if_it_may() {
    let fake = fake().await;
    let outlet = outlet_with(&DriveSettings { subject: Some("kim@example.org".to_owned()), ..settings(&fake) });
    for delegated in [None, Some("robin@example.org")] {
        delegated.into_iter().for_each(|person| fake.delegate(person));
        let refusal = refused(&outlet, order(1, None, &[])).await;
        assert!(matches!(&refusal, Refusal::Locked(why) if why.contains("unauthorized_client")), "{refusal:?}");
    }
    fake.delegate("kim@example.org");
    done(&outlet, order(2, None, &[])).await;
    let findings = outlet.check().await;
    assert!(findings.iter().all(|found| found.problem.is_none()) && findings[0].what.contains("kim@example.org"), "{findings:?}");
}

#[tokio::test]
async fn a_clock_that_is_wrong_is_told() {
    let fake = fake().await;
    fake.advance(Duration::from_mins(10));
    let refusal = refused(&outlet(&fake), order(1, None, &[])).await;
    assert!(matches!(&refusal, Refusal::Locked(why) if why.contains("clock") && why.contains("behind Google's")), "{refusal:?}");
}

#[tokio::test]
async fn what_is_wrong_with_the_folder_stops_everything_until_it_is_right() {
    let fake = fake().await;
    let outlet = outlet(&fake);
    let problem = async || outlet.check().await.pop().unwrap().problem;
    assert_eq!(problem().await, None);
    fake.let_add(false);
    let refusal = refused(&outlet, order(1, None, &[])).await;
    assert!(matches!(&refusal, Refusal::Locked(why) if why.contains(EMAIL) && why.contains("Content manager")), "{refusal:?}");
    assert_eq!(problem().await.as_deref(), Some(refusal.reason()));
    fake.let_add(true);
    fake.be_shared(false);
    let refusal = refused(&outlet, order(1, None, &[])).await;
    assert!(matches!(&refusal, Refusal::Locked(why) if why.contains("not in a shared drive")), "{refusal:?}");
    fake.be_shared(true);
    let elsewhere = outlet_with(&DriveSettings { folder: "1Nowhere".to_owned(), ..settings(&fake) });
    let refusal = refused(&elsewhere, order(1, None, &[])).await;
    assert!(matches!(&refusal, Refusal::Locked(why) if why.contains("1Nowhere") && why.contains("drive.folder")), "{refusal:?}");
    done(&outlet, order(2, None, &[])).await;
    assert!(fake.requests_to("POST", FILES).len() == 1, "nothing was tried");
}

#[tokio::test]
async fn a_full_drive_is_told() {
    let fake = fake().await;
    let outlet = outlet(&fake);
    fake.be_full(true);
    let refusal = refused(&outlet, order(1, None, &[text("a", "1")])).await;
    assert!(matches!(&refusal, Refusal::Never(why) if why.contains("shared drive")), "{refusal:?}");
    fake.be_full(false);
    done(&outlet, order(1, None, &[text("a", "1")])).await;
    assert_eq!(fake.items().len(), 2);
}
