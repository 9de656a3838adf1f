//! Where a phone listens, who may know, and what people don't want to hear.

use domain::ports::{Effect, MailOrder};
use entity::Operation;
use harness::drive::{id, text};
use serde_json::{Value, json};

use super::{ALL, PHONES, Scene, TOPIC, play};

/// By which systems reminders went to Kim so far.
async fn reminded(scene: &Scene<'_>) -> Vec<String> {
    let rows = scene.deliveries().await.into_iter();
    let kim = Some(scene.kim.person_id());
    let rows = rows.filter(|row| row.person_id == kim && row.operation == Operation::Remind);
    rows.map(|row| row.system.to_string()).collect()
}

#[test]
fn reminders_are_silenced_by_channel_and_pages_are_not() {
    play(ALL, async |scene| {
        let silence = async |channels: Value| {
            scene.kim.mutate("quietReminders", json!({ "channels": channels }), "person { quietChannels }").await;
        };
        let led = scene.kim.declare_with(json!({ "name": "errors", "severity": "MINOR", "leadId": scene.kim.id() })).await;
        silence(json!(["EMAIL", "WEBHOOK"])).await;
        scene.pass(30).await;
        assert_eq!(reminded(scene).await, ["ntfy"]);
        scene.work().await;
        let [message] = &scene.ntfy.messages()[..] else { panic!("one message") };
        assert_eq!((&message["title"], &message["priority"]), (&json!("[INC-1] Due: Page second line, and 1 more"), &json!(3)));
        let (said, click) = (text(message, "message"), text(message, "click"));
        assert!(said.contains("errors (INC-1)") && said.contains("* Post a summary (Due since ") && !said.contains("http"), "{said}");
        assert!(click.ends_with("/incidents/INC-1?do=second-line"), "{click}");
        silence(json!(["NTFY"])).await;
        let summary = json!({ "incidentId": id(&led), "text": "found it" });
        scene.kim.mutate("postUpdate", summary.clone(), "event { id }").await;
        scene.pass(31).await;
        let now = reminded(scene).await;
        assert!(now.contains(&"email".to_owned()) && now.contains(&"webhook".to_owned()), "{now:?}");
        assert_eq!(now.iter().filter(|system| *system == "ntfy").count(), 1, "{now:?}");
        silence(json!(["EMAIL", "NTFY", "WEBHOOK"])).await;
        scene.kim.mutate("postUpdate", summary, "event { id }").await;
        let before = reminded(scene).await.len();
        scene.pass(31).await;
        assert_eq!(reminded(scene).await.len(), before);
        scene.work().await;
        let before = scene.ntfy.messages().len();
        scene.app.viewer("Vic").await.report("the shop is down").await;
        scene.work().await;
        assert_eq!(scene.ntfy.messages().len(), before + 1, "pages ring all the same");
    });
}

#[test]
fn reminders_go_out_by_mail_and_phone() {
    play(PHONES, async |scene| {
        scene.kim.declare_with(json!({ "name": "errors", "severity": "MINOR", "leadId": scene.kim.id() })).await;
        scene.pass(30).await;
        assert_eq!(reminded(scene).await, ["email", "ntfy"]);
        scene.work().await;
        let Effect::Mail(MailOrder::Email(mail)) = scene.mail.orders().remove(0).effect else { panic!("it is a mail") };
        let message = scene.ntfy.messages().remove(0);
        assert_eq!(message["title"], mail.subject);
        assert!(mail.text.len() > text(&message, "message").len(), "a phone shows less");
    });
}

#[test]
fn a_topic_is_shown_to_its_person_and_administrators_alone() {
    play(PHONES, async |scene| {
        let (ada, vic) = (scene.app.admin().await, scene.app.viewer("Vic").await);
        let topic = async |asker: &harness::Client| asker.node(&scene.kim.id(), "Person { ntfyTopic }").await["ntfyTopic"].take();
        assert_eq!((topic(&scene.kim).await, topic(&ada).await), (json!(TOPIC), json!(TOPIC)));
        assert_eq!((topic(&scene.sam).await, topic(&vic).await), (Value::Null, Value::Null));
        let set = async |topic: &str| {
            let made = scene.kim.mutate("setNtfyTopic", json!({ "topic": topic }), "person { ntfyTopic }").await;
            made["person"]["ntfyTopic"].clone()
        };
        assert_eq!((set(" another-phone ").await, topic(&ada).await), (json!("another-phone"), json!("another-phone")));
        let weaker = json!({ "name": "script", "accessLevel": "VIEWER" });
        let weaker = scene.kim.mutate("createApiToken", weaker, "token").await;
        let weaker = scene.kim.with_token(text(&weaker, "token"));
        assert_eq!(topic(&weaker).await, Value::Null, "who reads along can act as Kim");
        assert_eq!(weaker.refused("setNtfyTopic", json!({ "topic": "mine" })).await.code(), "FORBIDDEN");
        let refusal = scene.kim.refused("setNtfyTopic", json!({ "topic": "my phone" })).await;
        assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", "topic"), "{}", refusal.message());
        assert_eq!((set("").await, topic(&ada).await), (Value::Null, Value::Null));
        let input = json!({ "personId": scene.kim.id(), "ntfyTopic": TOPIC });
        ada.mutate("updatePerson", input.clone(), "person { id }").await;
        assert_eq!(topic(&scene.kim).await, TOPIC);
        assert_eq!(scene.sam.refused("updatePerson", input).await.code(), "FORBIDDEN");
        let refusal = ada.refused("updatePerson", json!({ "personId": scene.kim.id(), "ntfyTopic": "a/b" })).await;
        assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", "ntfyTopic"));
    });
}
