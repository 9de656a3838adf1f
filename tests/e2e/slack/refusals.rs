//! What Slack refuses: what waits, what needs a person, and that nothing else stops.

use domain::ports::{Finding, Outlet as _, Refusal};
use harness::fakes::Fault;
use harness::fakes::slack::{Done, GENERAL};

use super::*;

fn problems(findings: &[Finding]) -> Vec<&str> {
    findings.iter().filter_map(|finding| finding.problem.as_deref()).collect()
}

#[tokio::test]
async fn a_revoked_token_holds_everything_until_it_is_good_again() {
    let fake = fake().await;
    let outlet = outlet(&fake);
    fake.revoke(true);
    assert!(matches!(refused(&outlet, order(1, 1, notice("down"))).await, Refusal::Locked(reason) if reason.contains("slack.bot_token")));
    assert!(problems(&outlet.check().await)[0].contains("token_revoked"));
    fake.revoke(false);
    assert_eq!(problems(&outlet.check().await), [""; 0]);
    done(&outlet, order(1, 2, notice("down"))).await;
}

#[tokio::test]
async fn a_missing_scope_is_named_and_stops_nothing_else() {
    let fake = fake().await;
    let outlet = outlet(&fake);
    fake.take_scope("channels:manage");
    assert!(matches!(refused(&outlet, order(1, 1, channel(MARKER))).await, Refusal::Never(reason) if reason.contains("channels:manage")));
    done(&outlet, order(2, 1, notice("down"))).await;
    assert!(problems(&outlet.check().await)[0].contains("channels:manage"));
}

#[tokio::test]
async fn what_slack_says_is_told_in_words() {
    let fake = fake().await;
    let outlet = outlet(&fake);
    for (error, words) in [
        ("is_archived", "archived"),
        ("channel_not_found", "no such channel"),
        ("restricted_action", "settings"),
        ("brand_new", "brand_new"),
    ] {
        fake.refuse_next(1, "chat.postMessage", error, Done::No);
        let refusal = refused(&outlet, order(1, 1, notice("down"))).await;
        assert!(matches!(&refusal, Refusal::Never(reason) if reason.contains(words)), "{refusal:?}");
        fake.advance(Duration::from_secs(2));
    }
    for error in ["ratelimited", "rate_limited"] {
        fake.refuse_next(1, "chat.postMessage", error, Done::No);
        assert!(matches!(refused(&outlet, order(1, 1, notice("down"))).await, Refusal::Later { after: Some(_), .. }), "{error}");
        fake.advance(Duration::from_secs(2));
    }
    fake.fail_next(1, "POST", "/api/chat.postMessage", Fault::TooMany { retry_after: 7 });
    let refusal = refused(&super::outlet(&fake), order(1, 1, notice("down"))).await;
    assert!(matches!(refusal, Refusal::Later { after: Some(after), .. } if after.as_secs() == 7));
}

#[tokio::test]
async fn a_channel_gets_a_message_a_second_and_no_limit_is_passed() {
    let fake = fake().await;
    let outlet = outlet(&fake);
    for number in 1..=4 {
        done(&outlet, order(number, 1, notice("down"))).await;
    }
    let usage = fake.usage(&format!("chat.postMessage {GENERAL}")).unwrap();
    assert_eq!((usage.refused, usage.highest), (0, 1));
}

#[tokio::test]
async fn the_check_says_what_does_not_work() {
    let fake = fake().await;
    assert_eq!(problems(&outlet(&fake).check().await), [""; 0]);
    fake.refuse_sockets(true);
    fake.throws_out(GENERAL);
    let findings = outlet(&fake).check().await;
    let told = problems(&findings);
    assert!(told.len() == 2 && told[0].contains("invite it") && told[1].contains("internal_error"), "{told:?}");
    let lost = SlackSettings { general_channel: "C0NOWHERE".to_owned(), app_token: None, ..settings(&fake) };
    let findings = SlackOutlet::with_limits(&lost, LIMITS).unwrap().check().await;
    assert!(problems(&findings)[0].contains("slack.general_channel"));
}
