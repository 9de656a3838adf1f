//! A page goes out by every channel that leads to the person, and is lost only when all have failed.

use domain::delivery::{self, hold};
use domain::ports::{Effect, MailOrder, Refusal};
use entity::{DeliveryState, System, page};
use harness::drive::{id, text};
use harness::fakes::Fault;
use sea_orm::EntityTrait;
use serde_json::{Value, json};

use super::{ALL, PHONES, Scene, TOPIC, play, ways};
use crate::fixture::remind_all;
use crate::reminders::MINUTE;

/// The link in the mail of a page.
fn link_in_mail(scene: &Scene<'_>) -> String {
    let order = scene.mail.orders().pop().expect("there is a mail");
    let Effect::Mail(MailOrder::Email(mail)) = order.effect else { panic!("it is a mail") };
    mail.text.split_whitespace().find(|word| word.contains("/answer?page=")).expect("it has the link").to_owned()
}

async fn secret_is_kept(scene: &Scene<'_>) -> bool {
    page::Entity::find().one(scene.app.domain.db.read()).await.unwrap().unwrap().secret.is_some()
}

#[test]
fn a_page_goes_out_by_all_channels_at_once_and_any_link_answers_it() {
    play(ALL, async |scene| {
        scene.report().await;
        scene.work().await;
        assert_eq!(scene.ways().await, ways(&[("email", "DELIVERED"), ("ntfy", "DELIVERED"), ("webhook", "DELIVERED")]));
        let link = link_in_mail(scene);
        let [message] = &scene.ntfy.messages()[..] else { panic!("one message") };
        assert_eq!((&message["topic"], &message["priority"], &message["click"]), (&json!(TOPIC), &json!(5), &json!(link)));
        assert_eq!((&message["actions"][0]["url"], &message["actions"][0]["label"]), (&json!(link), &json!("Answer")));
        assert_eq!(message["title"], "PAGE INC-1: the shop is down");
        let said = text(message, "message");
        assert!(said.starts_with("Kim, you are needed: something was reported") && said.contains("Lead: nobody yet"), "{said}");
        let [message] = &scene.gateway.messages()[..] else { panic!("one message") };
        let person =
            json!({ "id": scene.kim.id(), "name": "Kim", "email": message["data"]["person"]["email"], "phone": "+44 20 7946 0018" });
        assert_eq!((&message["type"], &message["data"]["person"]), (&json!("muster.page"), &person));
        assert_eq!((&message["data"]["incident"]["reference"], &message["data"]["link"]), (&json!("INC-1"), &json!(link)));
        assert_eq!(message["data"]["text"], said);
        assert!(text(&person, "email").contains('@'));
        assert!(!secret_is_kept(scene).await, "no message needs it any more");
        assert_eq!(scene.answer(&link).await, 200);
        assert_eq!(scene.pages().await[0]["answeredHow"], "LINK");
    });
}

#[test]
fn an_answer_by_one_channel_stops_what_is_still_to_be_sent_by_another() {
    play(ALL, async |scene| {
        scene.ntfy.fail_next(1, "POST", "/", Fault::Unavailable);
        scene.report().await;
        scene.work().await;
        assert_eq!(scene.ways().await, ways(&[("email", "DELIVERED"), ("ntfy", "RETRYING"), ("webhook", "DELIVERED")]));
        assert_eq!(scene.answer(&link_in_mail(scene)).await, 200);
        assert_eq!(scene.ways().await[1].1, "CANCELLED");
        scene.app.advance(MINUTE);
        scene.work().await;
        assert_eq!(scene.ntfy.messages(), [] as [Value; 0]);
    });
}

#[test]
fn what_is_sent_later_by_another_channel_has_the_same_link() {
    play(PHONES, async |scene| {
        scene.ntfy.fail_next(1, "POST", "/", Fault::Unavailable);
        scene.report().await;
        scene.work().await;
        assert!(secret_is_kept(scene).await, "the mail is out, the push message is not");
        scene.app.advance(MINUTE);
        scene.work().await;
        let message = scene.ntfy.messages().remove(0);
        assert_eq!(message["click"], link_in_mail(scene));
        assert_eq!(scene.answer(text(&message, "click")).await, 200);
        assert!(!secret_is_kept(scene).await);
    });
}

#[test]
fn a_person_with_nothing_but_a_topic_is_woken() {
    play(PHONES, async |scene| {
        scene.without_mail().await;
        let incident = scene.report().await;
        scene.work().await;
        assert_eq!(scene.ways().await, ways(&[("ntfy", "DELIVERED")]));
        assert_eq!((scene.ntfy.messages().len(), scene.mail.orders().len()), (1, 0));
        assert_eq!(scene.pages().await[0]["lost"], Value::Null);
        let said = scene.sam.timeline(id(&incident)).await;
        assert!(said.iter().any(|event| text(event, "text").starts_with("Paged Kim")), "{said:?}");
    });
}

#[test]
fn a_topic_that_is_refused_is_no_loss_while_the_mail_works() {
    play(PHONES, async |scene| {
        scene.ntfy.deny(TOPIC);
        let incident = scene.report().await;
        scene.work().await;
        assert_eq!(scene.ways().await, ways(&[("email", "DELIVERED"), ("ntfy", "FAILED")]));
        let page = scene.pages().await.remove(0);
        assert_eq!(page["lost"], Value::Null);
        assert!(text(&page["ways"][1], "problem").contains("does not let Muster write to the topic of Kim"), "{page}");
        let said = scene.sam.timeline(id(&incident)).await;
        assert!(!said.iter().any(|event| text(event, "text").contains(TOPIC)), "a topic is as good as a password: {said:?}");
        scene.pass(4).await;
        assert_eq!(scene.paged().await, ["Kim"], "Kim has five minutes");
        scene.pass(1).await;
        assert_eq!(scene.paged().await, ["Kim", "Lee"]);
    });
}

#[test]
fn the_next_is_paged_at_once_when_every_channel_refused() {
    play(ALL, async |scene| {
        scene.app.expect_error_log("a page could not be delivered");
        scene.ntfy.deny(TOPIC);
        scene.gateway.answer_with(Some(410));
        scene.mail.refuse_next(Refusal::Never("550 unknown".into()));
        scene.report().await;
        scene.work().await;
        assert_eq!(scene.ways().await, ways(&[("email", "FAILED"), ("ntfy", "FAILED"), ("webhook", "FAILED")]));
        remind_all(&scene.app.system()).await;
        let pages = scene.pages().await;
        assert_eq!((scene.paged().await, &pages[0]["lost"]), (vec!["Kim".to_owned(), "Lee".to_owned()], &json!("UNSENT")));
        assert_eq!(scene.app.error_logs().len(), 1, "one page, one alarm");
        // Trying one of them again takes the loss back.
        scene.gateway.answer_with(None);
        let row = scene.deliveries().await.into_iter().find(|row| row.system == System::Webhook).unwrap();
        scene.sam.mutate("retryDelivery", json!({ "deliveryId": row.id.to_string() }), "delivery { state }").await;
        scene.work().await;
        assert_eq!((scene.state(row.id).await, &scene.pages().await[0]["lost"]), (DeliveryState::Delivered, &Value::Null));
        assert_eq!(scene.answer(text(&scene.gateway.messages()[0]["data"], "link")).await, 200, "the link is still the right one");
    });
}

#[test]
fn a_token_that_is_refused_holds_ntfy_and_loses_no_time_for_pages() {
    play(&[System::Ntfy], async |scene| {
        scene.app.expect_error_log("a page could not be delivered");
        let ctx = scene.app.system();
        scene.ntfy.revoke_token();
        scene.report().await;
        scene.work().await;
        let held = async || hold::held(&ctx).await.unwrap().into_iter().map(|row| row.system).collect::<Vec<_>>();
        assert_eq!((scene.ways().await, held().await), (ways(&[("ntfy", "FAILED")]), vec![System::Ntfy]));
        remind_all(&ctx).await;
        assert_eq!(scene.paged().await, ["Kim", "Lee"], "Lee, who has no topic, is to be reached by hand");
        // A page that finds ntfy held tries it nonetheless, and other messages wait.
        let incident = scene.sam.declare("errors").await;
        let offer = json!({ "incidentId": incident["id"], "role": "INCIDENT_LEAD", "personId": scene.kim.id() });
        scene.sam.incident_of("offerRole", offer).await;
        scene.ntfy.restore_token();
        scene.app.viewer("Uma").await.report("the shop is down again").await;
        scene.work().await;
        let titles: Vec<Value> = scene.ntfy.messages().iter().map(|message| message["title"].clone()).collect();
        assert_eq!(titles, [json!("PAGE INC-3: the shop is down again")]);
        delivery::release(&ctx, System::Ntfy).await.unwrap();
        scene.work().await;
        let messages = scene.ntfy.messages();
        let sent = |title: &str| messages.iter().find(|message| message["title"] == title).expect("it is sent after all");
        let offer = sent("[INC-2] Please take over as incident lead");
        assert!(offer["priority"] == 4 && text(offer, "click").contains("/offer?offer="), "{offer}");
        assert_eq!(scene.answer(text(sent("PAGE INC-1: the shop is down"), "click")).await, 200);
    });
}

fn subject(row: &entity::delivery::Model) -> Value {
    serde_json::from_str::<Value>(&row.effect).unwrap()["subject"].clone()
}

#[test]
fn of_a_restricted_incident_phones_and_subjects_say_only_its_number() {
    play(ALL, async |scene| {
        let input = json!({ "name": "stolen database", "description": "a customer list is for sale", "severity": "MAJOR", "visibility": "RESTRICTED" });
        let incident = scene.sam.declare_with(input).await;
        let summary = json!({ "incidentId": incident["id"], "text": "Vera took it" });
        scene.sam.mutate("postUpdate", summary, "event { id }").await;
        scene.sam.incident_of("escalate", json!({ "incidentId": incident["id"], "reason": "who had access?" })).await;
        let offer = json!({ "incidentId": incident["id"], "role": "INCIDENT_LEAD", "personId": scene.kim.id(), "note": "you know Vera" });
        scene.sam.incident_of("offerRole", offer).await;
        scene.work().await;
        scene.pass(30).await;
        scene.work().await;
        let shown: Vec<Value> = scene.ntfy.messages().into_iter().chain(scene.gateway.messages()).collect();
        assert!(shown.iter().any(|message| message["title"] == "PAGE INC-1 (restricted)"), "{shown:?}");
        assert!(shown.iter().any(|message| message["priority"] == 4), "the offer: {shown:?}");
        let mails: Vec<Value> = scene.deliveries().await.iter().filter(|row| row.system == System::Email).map(subject).collect();
        assert!(mails.contains(&json!("PAGE INC-1: MAJOR (restricted)")), "{mails:?}");
        for message in shown.iter().chain(&mails) {
            let message = message.to_string().to_lowercase();
            for secret in ["stolen", "customer", "vera", "access?", "answer?page=", "offer?offer="] {
                assert!(!message.contains(secret), "{secret}: {message}");
            }
        }
    });
}
