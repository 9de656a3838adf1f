//! A night by Slack alone: from `/incident` in the general channel to `/incident close`, and nobody opens the console.

use harness::both_dbs;
use harness::drive::{id, kinds, text};
use harness::fakes::slack::{LEE, Message, Pressed, View};
use serde_json::Value;

use super::*;

both_dbs![by connected:
    a_night_is_carried_by_slack_alone,
    a_form_that_was_overtaken_says_so,
    a_form_that_is_sent_twice_is_taken_once,
    what_nobody_understands_is_explained,
];

/// Reports an incident by its form, and returns its channel.
pub(super) async fn begin(scene: &Scene<'_>, name: &str, answers: &[(&str, &[&str])]) -> String {
    scene.fake.types(KIM, GENERAL, "/incident", name);
    let form = scene.until("a form", || scene.fake.form_of(KIM)).await;
    assert_eq!(
        form.view["blocks"].as_array().unwrap().iter().find(|block| block["block_id"] == "name").unwrap()["element"]["initial_value"],
        name
    );
    scene.fake.fills_in(KIM, answers);
    // The summary comes when Muster knows whose channel it is.
    scene.until("a channel with its summary", || scene.fake.channels_like("inc-").pop().filter(|channel| !channel.pins.is_empty())).await.id
}

async fn a_night_is_carried_by_slack_alone(scene: &Scene<'_>) {
    let fake = &scene.fake;
    let severe: [(&str, &[&str]); 4] =
        [("description", &["Nobody can pay."]), ("urgency", &["HIGH"]), ("impact", &["HIGH"]), ("extent", &["HIGH"])];
    let channel = begin(scene, "Shop is down", &severe).await;
    let look = || fake.channels().into_iter().find(|known| known.id == channel).unwrap();
    assert!(look().name.ends_with("shop-is-down"), "{}", look().name);
    scene.until("a summary", || (look().pins.len() == 1 && look().topic.to_lowercase().contains("critical")).then_some(())).await;
    scene.read(GENERAL, "Shop is down").await;
    for (text, words) in [
        ("lead me", "Kim is incident lead now."),
        ("comms <@U0LEE|lee>", "Lee is client comms manager now."),
        ("status fixing because the certificate has expired", "the certificate has expired"),
        ("update Payments work again, says <@U0LEE|lee>; we are watching.", "Payments work again, says @lee;"),
        ("severity minor because it works again", "is minor"),
    ] {
        scene.say(KIM, &channel, text, words).await;
    }
    scene.until("Lee is invited", || look().members.contains(LEE).then_some(())).await;
    scene.until("the topic follows", || look().topic.to_lowercase().contains("minor").then_some(())).await;
    let told = scene.ask(LEE, &channel, "next").await;
    assert!(!told.is_empty());

    fake.types(KIM, &channel, "/incident", "resolve");
    let form = scene.until("a form", || fake.form_of(KIM).filter(|view| view.words().contains("Resolve"))).await;
    let mut answers: Vec<(String, &[&str])> = vec![("summary".to_owned(), &["The certificate is renewed."] as &[&str])];
    let goals =
        form.view["blocks"].as_array().unwrap().iter().filter_map(|block| block["block_id"].as_str()).filter(|id| id.starts_with("goal:"));
    answers.extend(goals.map(|goal| (goal.to_owned(), &["seen"] as &[&str])));
    let answers: Vec<(&str, &[&str])> = answers.iter().map(|(field, values)| (field.as_str(), *values)).collect();
    fake.fills_in(KIM, &answers);
    scene.read(&channel, "is resolved").await;
    scene.read(GENERAL, "is resolved").await;
    let answer = scene.until("the form says so", || fake.form_of(KIM).filter(|view| view.words().contains("is resolved"))).await;
    assert!(answer.view["submit"].is_null(), "there is nothing to send any more");
    scene.ask(KIM, &channel, "report").await;
    fake.types(KIM, &channel, "/incident", "close because it was small");
    scene.read(&channel, "is closed").await;
    let pin = look().pins[0].clone();
    let archive = || fake.messages(&channel).iter().any(|message| message.ts == pin && message.has_button("Archive now")).then_some(());
    scene.until("a button that archives", archive).await;
    fake.presses(KIM, Pressed::Message(&channel, &pin), "Archive now");
    scene.until("the end of the channel", || look().is_archived.then_some(())).await;

    let watcher = scene.app.responder("Watcher").await;
    let seen = watcher.incident("INC-1", "id status severity lead { name } clientCommsManager { name }").await;
    assert_eq!([text(&seen, "status"), text(&seen, "severity"), text(&seen["lead"], "name")], ["CLOSED", "MINOR", "Kim"]);
    let events = watcher.timeline(id(&seen)).await;
    for kind in ["DECLARED", "ROLE_CHANGED", "UPDATE", "GOAL_CHANGED", "RESOLVED", "CLOSED"] {
        assert!(kinds(&events).contains(&kind), "{kind}");
    }
    assert!(events.iter().any(|event| event["kind"] == "RESOLVED" && event["source"] == "SLACK"));
    let notices = fake.messages(GENERAL).iter().filter(|message| message.words().contains("Shop is down")).count();
    assert_eq!((notices, fake.channels_like("inc-").len()), (1, 1));
    let is_of_steps = |action: &str| ["do_step", "not_now", "not_needed"].iter().any(|press| action.starts_with(press));
    let alive = || fake.messages(&channel).iter().flat_map(Message::buttons).filter(|(_, action, _)| is_of_steps(action)).count();
    scene.until("no button is dead", || (alive() == 0).then_some(())).await;
}

async fn a_form_that_was_overtaken_says_so(scene: &Scene<'_>) {
    let fake = &scene.fake;
    let channel = begin(scene, "Shop is down", &[("severity", &["MINOR"])]).await;
    fake.types(KIM, &channel, "/incident", "update");
    scene
        .until("a form", || fake.form_of(KIM).filter(|view| view.view["callback_id"] == "muster_form" && view.words().contains("INC-1")))
        .await;
    scene.say(LEE, &channel, "severity critical because it spreads", "is critical").await;
    fake.fills_in(KIM, &[("text", &["It is nearly over."]), ("severity", &["MINOR"])]);
    // What was typed is kept.
    let is_back = |view: &View| view.view["callback_id"] == "muster_form" && view.view.to_string().contains("It is nearly over.");
    scene.until("the form comes back", || fake.form_of(KIM).filter(is_back)).await;
    let watcher = scene.app.responder("Watcher").await;
    assert_eq!(watcher.incident("INC-1", "severity").await["severity"], "CRITICAL");
}

/// Whoever does not see that a form was taken sends it again.
async fn a_form_that_is_sent_twice_is_taken_once(scene: &Scene<'_>) {
    let fake = &scene.fake;
    fake.types(KIM, GENERAL, "/incident", "Shop is down");
    scene.until("a form", || fake.form_of(KIM)).await;
    for _ in 0..2 {
        fake.fills_in(KIM, &[("severity", &["MINOR"])]);
    }
    scene.settled().await;
    scene.until("a channel", || fake.channels_like("inc-").pop()).await;
    let watcher = scene.app.responder("Watcher").await;
    assert_eq!(watcher.incident("INC-2", "id").await, Value::Null);
}

async fn what_nobody_understands_is_explained(scene: &Scene<'_>) {
    let channel = begin(scene, "Shop", &[("name", &["<!channel> & <@U0SAM>"]), ("severity", &["MINOR"])]).await;
    scene.say(KIM, &channel, "lead me", "Kim is incident lead now.").await;
    scene.until("a summary", || (!scene.fake.messages(&channel).is_empty()).then_some(())).await;
    assert!(scene.ask(KIM, &channel, "laed me").await.contains("Did you mean"));
    scene.fake.opens_home(KIM);
    let home = scene.until("a home", || scene.fake.home_of(KIM)).await.to_string();
    assert!(home.contains("INC-1"), "{home}");
    for message in scene.fake.messages(&channel).iter().chain(&scene.fake.messages(GENERAL)) {
        let said = format!("{} {}", message.words(), message.text);
        assert!(!said.contains("<!channel>") && !said.contains("<@U0SAM>"), "{said}");
    }
}
