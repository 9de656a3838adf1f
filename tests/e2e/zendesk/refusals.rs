//! Missing answers and refusals, and that Zendesk's limits are kept before it has to enforce them.

use std::time::Duration;

use domain::ports::{Outlet, Refusal};
use harness::fakes::Fault;
use harness::process::press;
use worker::outlets::zendesk::ZendeskOutlet;

use super::{LIMITS, asked, assert_as_described, comment, done, fake, order, outlet, problem, refused, settings, ticket};

fn seconds(refusal: &Refusal) -> u64 {
    match refusal {
        Refusal::Later { after: Some(after), .. } => after.as_secs(),
        other => panic!("later, after a time: {other:?}"),
    }
}

#[tokio::test]
async fn a_pause_for_all_is_kept_by_all_updates() {
    let fake = fake().await;
    let outlet = outlet(&fake);
    let (one, other) = (asked(&fake), asked(&fake));
    fake.fail_next(1, "PUT", "/api/v2/tickets", Fault::TooMany { retry_after: 40 });
    assert_eq!(seconds(&refused(&outlet, order(1, 1, comment(one, "a", true))).await), 40);
    let before = fake.requests().len();
    for ticket in [one, other] {
        let pause = seconds(&refused(&outlet, order(2, 1, comment(ticket, "b", true))).await);
        assert!((30..=40).contains(&pause), "{pause}");
    }
    assert_eq!(fake.requests().len(), before, "nothing was asked meanwhile");
    done(&outlet, order(3, 1, problem("inc_1"))).await;
}

#[tokio::test]
async fn a_long_pause_is_about_one_ticket() {
    let fake = fake().await;
    let outlet = outlet(&fake);
    let (one, other) = (asked(&fake), asked(&fake));
    fake.fail_next(1, "PUT", "/api/v2/tickets", Fault::TooMany { retry_after: 500 });
    assert_eq!(seconds(&refused(&outlet, order(1, 1, comment(one, "a", true))).await), 500);
    done(&outlet, order(2, 1, comment(other, "b", true))).await;
    assert!(seconds(&refused(&outlet, order(3, 1, comment(one, "c", true))).await) > 400);
}

#[tokio::test]
async fn limits_are_kept_unprompted() {
    let fake = fake().await;
    let outlet =
        ZendeskOutlet::with_limits(&super::ZendeskSettings { updates_per_minute: 40, ..settings(&fake) }, press(), LIMITS).unwrap();
    let (one, other) = (asked(&fake), asked(&fake));
    for number in 1..=30 {
        done(&outlet, order(number, 1, comment(one, &format!("{number}"), false))).await;
    }
    assert!(seconds(&refused(&outlet, order(31, 1, comment(one, "31", false))).await) > 500, "thirty of one ticket in ten minutes");
    assert!(seconds(&refused(&outlet, order(31, 2, comment(one, "31", false))).await) > 500);
    for number in 41..=50 {
        done(&outlet, order(number, 1, comment(other, &format!("{number}"), false))).await;
    }
    let pause = seconds(&refused(&outlet, order(51, 1, comment(other, "51", false))).await);
    assert!((10..=60).contains(&pause), "{pause}");
    assert_eq!((fake.limits().refused(), fake.changes().len()), (0, 40));
    let audits = fake.requests().iter().filter(|received| received.path.ends_with("/audits")).count();
    assert_eq!(audits, 0, "nothing was sent before, so there is no trace to look for");
    assert_as_described(&fake);
}

#[tokio::test]
async fn a_wrong_token_is_distinguished_from_a_refused_order() {
    let fake = fake().await;
    let outlet =
        ZendeskOutlet::with_limits(&super::ZendeskSettings { api_token: "hunter2".into(), ..settings(&fake) }, press(), LIMITS).unwrap();
    let number = asked(&fake);
    for effect in [problem("inc_1"), comment(number, "x", true)] {
        let refusal = refused(&outlet, order(1, 1, effect)).await;
        assert!(matches!(&refusal, Refusal::Locked(reason) if reason.contains("zendesk.api_token")), "{refusal:?}");
    }
    let findings = outlet.check().await;
    let problem = findings.iter().find_map(|finding| finding.problem.as_deref()).expect("success as nobody is found out");
    assert!(problem.contains("zendesk.api_token") && !problem.contains("hunter2"), "{problem}");
    assert!(super::outlet(&fake).check().await.iter().all(|finding| finding.problem.is_none()));
}

#[tokio::test]
async fn a_look_that_fails_is_repeated_later_and_writes_nothing() {
    let fake = fake().await;
    let outlet = outlet(&fake);
    let number = asked(&fake);
    for fault in
        [Fault::Cut, Fault::Garbage, Fault::Huge(5 << 20), Fault::Slow(Duration::from_secs(30)), Fault::ServerError, Fault::Unavailable]
    {
        fake.fail_next(1, "GET", "/api/v2/tickets", fault);
        let refusal = refused(&outlet, order(1, 1, comment(number, "x", true))).await;
        assert!(matches!(refusal, Refusal::Later { .. }), "{fault:?}: {refusal:?}");
    }
    assert_eq!(ticket(&fake, number).comments.len(), 1);
}

#[tokio::test]
async fn a_server_that_is_away_is_waited_for() {
    let outlet = {
        let fake = fake().await;
        outlet(&fake)
    };
    assert!(matches!(refused(&outlet, order(1, 1, problem("inc_1"))).await, Refusal::Later { .. }));
    assert!(outlet.check().await.iter().any(|finding| finding.problem.is_some()));
}
