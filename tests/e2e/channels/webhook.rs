//! What is posted to a team's own gateway, and what each answer means.

use std::time::Duration;

use domain::clock::{Clock, SystemClock};
use domain::ports::{Addressee, Effect, Order, Outlet, Refusal, Shown, Webhook};
use entity::{DeliveryId, IncidentId, Operation, PersonId, System};
use harness::fakes::{Fault, ReceiverFake};
use serde_json::json;
use uuid::Uuid;
use worker::outlets::client::CallLimits;
use worker::outlets::webhook::{WebhookOutlet, WebhookSettings};

use super::{play, webhook_at};

fn order(number: u128, attempt: i32) -> Order {
    let to = Addressee { id: PersonId(Uuid::from_u128(7)), name: "Kim".into(), email: None, phone: Some("+44 20 7946 0018".into()) };
    let shown =
        Shown { purpose: Operation::Page, title: "PAGE INC-1".into(), text: "Zoë — “now”".into(), link: "https://x.org/a".into() };
    let effect: Effect = Webhook { to, incident: IncidentId(Uuid::from_u128(1)), reference: "INC-1".into(), shown }.into();
    Order { delivery: DeliveryId(Uuid::from_u128(number)), attempt, created_at: SystemClock.now(), is_page: true, effect }
}

#[tokio::test]
async fn what_is_posted_is_signed_and_as_documented() {
    let fake = ReceiverFake::start().await;
    webhook_at(&fake).carry_out(&order(1, 1)).await.unwrap();
    let [message] = &fake.messages()[..] else { panic!("one message") };
    let data = json!({
        "person": { "id": PersonId(Uuid::from_u128(7)).to_string(), "name": "Kim", "email": null, "phone": "+44 20 7946 0018" },
        "incident": { "id": IncidentId(Uuid::from_u128(1)).to_string(), "reference": "INC-1" },
        "title": "PAGE INC-1", "text": "Zoë — “now”", "link": "https://x.org/a",
    });
    assert_eq!((&message["type"], &message["data"]), (&json!("muster.page"), &data));
    let request = fake.requests().pop().unwrap();
    assert_eq!(request.header("webhook-id"), Some(&*DeliveryId(Uuid::from_u128(1)).to_string()));
    let other = "whsec_b3RoZXIgb3RoZXIgb3RoZXIgb3RoZXIgb3RoZXIh";
    let stranger = WebhookOutlet::connect(&WebhookSettings { url: fake.hook(), secret: other.into() }).unwrap();
    let refused = stranger.carry_out(&order(2, 1)).await.unwrap_err();
    assert!(matches!(&refused, Refusal::Locked(why) if why.contains("webhook.secret") && !why.contains(other)), "{refused:?}");
}

#[tokio::test]
async fn every_answer_of_a_receiver_has_its_meaning() {
    let fake = ReceiverFake::start().await;
    let outlet = webhook_at(&fake);
    for (status, expected) in [
        (200, "Ok"),
        (202, "Ok"),
        (204, "Ok"),
        (301, "Err(Never("),
        (307, "Err(Never("),
        (400, "Err(Never("),
        (401, "Err(Locked("),
        (403, "Err(Locked("),
        (404, "Err(Never("),
        (408, "Err(Later "),
        (410, "Err(Never("),
        (413, "Err(Never("),
        (422, "Err(Never("),
        (429, "Err(Later "),
        (500, "Err(Unclear("),
        (502, "Err(Unclear("),
        (503, "Err(Later "),
    ] {
        fake.answer_with(Some(status));
        // A 429 quiets an outlet for a while.
        let outcome = format!("{:?}", webhook_at(&fake).carry_out(&order(1, 1)).await);
        assert!(outcome.starts_with(expected), "{status}: {outcome}");
    }
    assert!(fake.requests_to("", "/elsewhere").is_empty(), "no redirect is followed");
    fake.answer_with(None);
    let settings = WebhookSettings { url: fake.hook(), secret: harness::fakes::receiver::SECRET.into() };
    let hasty = WebhookOutlet::with_limits(&settings, CallLimits { whole: Duration::from_secs(2), ..CallLimits::default() }).unwrap();
    for (fault, expected) in [
        (Fault::Cut, "Err(Unclear("),
        (Fault::DoneThenCut, "Err(Unclear("),
        (Fault::DoneThenSilent, "Err(Unclear("),
        (Fault::DoneThenGarbage, "Ok"),
        (Fault::Huge(32 << 20), "Ok"),
    ] {
        fake.fail_next(1, "POST", "/", fault);
        let outcome = format!("{:?}", hasty.carry_out(&order(1, 1)).await);
        assert!(outcome.starts_with(expected), "{fault:?}: {outcome}");
    }
    fake.fail_next(1, "POST", "/", Fault::TooMany { retry_after: 90 });
    let refused = outlet.carry_out(&order(1, 1)).await.unwrap_err();
    assert!(matches!(refused, Refusal::Later { after: Some(after), .. } if after == Duration::from_secs(90)), "{refused:?}");
    assert!(outlet.check().await.is_empty(), "there is nothing to test without an effect");
}

#[test]
fn a_lost_answer_is_followed_by_the_same_id_and_body() {
    play(&[System::Webhook], async |scene| {
        scene.gateway.fail_next(1, "POST", "/", Fault::DoneThenCut);
        scene.report().await;
        scene.work().await;
        assert_eq!(scene.ways().await[0].1, "RETRYING");
        scene.app.advance(Duration::from_secs(60));
        scene.work().await;
        let [first, second] = &scene.gateway.requests()[..] else { panic!("two attempts") };
        assert_eq!((first.header("webhook-id"), &first.body), (second.header("webhook-id"), &second.body));
        assert_eq!(first.header("webhook-id"), Some(&*scene.deliveries().await[0].id.to_string()));
        assert_eq!((scene.gateway.messages().len(), scene.ways().await[0].1.as_str()), (1, "DELIVERED"));
    });
}
