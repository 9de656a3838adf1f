//! What each answer of an ntfy server means, and what it takes.

use std::time::Duration;

use domain::clock::{Clock, SystemClock};
use domain::ports::{Effect, Order, Outlet, Push, Receipt, Refusal, Shown};
use entity::{DeliveryId, Operation};
use harness::fakes::{Fault, NtfyFake};
use serde_json::Value;
use uuid::Uuid;
use worker::outlets::client::CallLimits;
use worker::outlets::ntfy::{NtfyOutlet, NtfySettings};

use super::{PHONES, TOPIC, ntfy_at, play};

fn order(topic: &str, text: &str) -> Order {
    let link = "https://muster.example.org/answer?page=x".to_owned();
    let shown = Shown { purpose: Operation::Page, title: "PAGE INC-1".into(), text: text.into(), link };
    let effect: Effect = Push { to_name: "Kim".into(), topic: topic.into(), shown }.into();
    Order { delivery: DeliveryId(Uuid::from_u128(7)), attempt: 1, created_at: SystemClock.now(), is_page: true, effect }
}

fn kind(outcome: &Result<Receipt, Refusal>) -> &'static str {
    match outcome {
        Ok(_) => "done",
        Err(Refusal::Never(_)) => "never",
        Err(Refusal::Later { .. }) => "later",
        Err(Refusal::Unclear(_)) => "unclear",
        Err(Refusal::Locked(_)) => "locked",
    }
}

#[tokio::test]
async fn every_answer_of_ntfy_has_its_meaning() {
    let fake = NtfyFake::start().await;
    let settings = NtfySettings { url: fake.url().to_owned(), token: Some(harness::fakes::ntfy::TOKEN.to_owned()) };
    let limits = CallLimits { whole: Duration::from_secs(2), ..CallLimits::default() };
    let hasty = NtfyOutlet::with_limits(&settings, limits).unwrap();
    for (fault, expected, published) in [
        (Fault::ServerError, "unclear", 0),
        (Fault::Unavailable, "later", 0),
        (Fault::Cut, "unclear", 0),
        (Fault::Garbage, "unclear", 0),
        (Fault::DoneThenSilent, "unclear", 1),
        (Fault::DoneThenCut, "unclear", 1),
        (Fault::DoneThenGarbage, "unclear", 1),
        (Fault::Slow(Duration::from_millis(100)), "done", 1),
        (Fault::Huge(32 << 20), "unclear", 1),
    ] {
        let before = fake.messages().len();
        fake.fail_next(1, "POST", "/", fault);
        let outcome = hasty.carry_out(&order(TOPIC, "x")).await;
        assert_eq!((kind(&outcome), fake.messages().len() - before), (expected, published), "{fault:?}: {outcome:?}");
    }
    let outlet = ntfy_at(&fake);
    let outcome = outlet.carry_out(&order(TOPIC, "x")).await.unwrap();
    assert!(outcome.external_id.is_some_and(|id| id.starts_with("fake")));
    for topic in ["docs", "a/b"] {
        assert_eq!(kind(&outlet.carry_out(&order(topic, "x")).await), "never", "{topic}");
    }
    fake.deny(TOPIC);
    let refused = outlet.carry_out(&order(TOPIC, "x")).await.unwrap_err();
    assert!(matches!(&refused, Refusal::Never(why) if why.contains("Kim") && !why.contains(TOPIC)), "{refused:?}");
    fake.revoke_token();
    let refused = outlet.carry_out(&order("another-phone", "x")).await.unwrap_err();
    assert!(matches!(&refused, Refusal::Locked(why) if why.contains("ntfy.token") && !why.contains("tk_")), "{refused:?}");
}

#[tokio::test]
async fn a_limit_of_requests_is_kept_to() {
    let fake = NtfyFake::start().await;
    let outlet = ntfy_at(&fake);
    fake.fail_next(1, "POST", "/", Fault::TooMany { retry_after: 60 });
    let refused = outlet.carry_out(&order(TOPIC, "x")).await.unwrap_err();
    assert!(matches!(refused, Refusal::Later { after: Some(after), .. } if after == Duration::from_secs(60)), "{refused:?}");
}

#[tokio::test]
async fn long_texts_arrive_as_texts() {
    let fake = NtfyFake::start().await;
    let outlet = ntfy_at(&fake);
    for text in ["é", "\n\"", "\u{1f525}", "word "] {
        outlet.carry_out(&order(TOPIC, &format!("The reason. {}", text.repeat(5_000)))).await.unwrap();
        let message = fake.messages().pop().unwrap();
        let said = message["message"].as_str().unwrap();
        assert!(said.starts_with("The reason. ") && said.ends_with('…'), "{said}");
    }
}

#[tokio::test]
async fn the_check_changes_nothing_and_says_what_is_wrong() {
    let fake = NtfyFake::start().await;
    let problems = async |outlet: &NtfyOutlet| {
        let findings = outlet.check().await;
        findings.into_iter().map(|finding| finding.problem.unwrap_or_default()).collect::<Vec<_>>()
    };
    let outlet = ntfy_at(&fake);
    assert_eq!(problems(&outlet).await, ["", ""]);
    let anonymous = NtfyOutlet::connect(&NtfySettings { url: fake.url().to_owned(), token: None }).unwrap();
    assert_eq!(problems(&anonymous).await, [""]);
    fake.revoke_token();
    assert_eq!(problems(&anonymous).await, [""]);
    let found = problems(&outlet).await;
    assert!(found[0].contains("ntfy.token"), "{found:?}");
    assert_eq!(fake.messages(), [] as [Value; 0]);
    drop(fake);
    assert!(problems(&outlet).await[0].contains("ntfy"));
}

#[test]
fn a_pause_that_ntfy_asks_for_is_kept() {
    play(PHONES, async |scene| {
        scene.without_mail().await;
        scene.ntfy.fail_next(1, "POST", "/", Fault::TooMany { retry_after: 60 });
        scene.report().await;
        scene.work().await;
        let posts = || scene.ntfy.requests_to("POST", "/").len();
        assert_eq!((scene.ways().await[0].1.as_str(), posts()), ("RETRYING", 1));
        scene.app.advance(Duration::from_secs(50));
        scene.work().await;
        assert_eq!(posts(), 1, "not before the minute is over");
        scene.app.advance(Duration::from_secs(30));
        assert!(domain::delivery::claim_due(&scene.app.system(), entity::System::Ntfy, 1).await.unwrap().len() == 1);
    });
}

#[test]
fn a_lost_answer_is_followed_by_the_same_message() {
    play(PHONES, async |scene| {
        scene.without_mail().await;
        scene.ntfy.fail_next(1, "POST", "/", Fault::DoneThenCut);
        scene.report().await;
        scene.work().await;
        scene.app.advance(Duration::from_secs(60));
        scene.work().await;
        let [first, second] = &scene.ntfy.messages()[..] else { panic!("waking twice is better than never") };
        for field in ["title", "message", "click", "topic"] {
            assert_eq!(first[field], second[field], "{field}");
        }
        assert_eq!(scene.ways().await[0].1, "DELIVERED");
    });
}
