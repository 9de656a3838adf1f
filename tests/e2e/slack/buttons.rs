//! What buttons do: steps and pages are answered where they are read, and a button is gone when it does nothing any more.

use domain::on_call;
use domain::playbook::Playbook;
use harness::both_dbs;
use harness::drive::text;
use harness::fakes::slack::{LEE, Message, Pressed};

use super::night::begin;
use super::*;

both_dbs![by reminding_at_once: a_step_is_put_off_and_done_by_its_buttons, whoever_can_read_no_channel_is_reminded_alone];
both_dbs![by connected: a_page_is_answered_where_it_is_read];

fn reminding_at_once(engine: Engine, test: impl AsyncFnOnce(&Scene<'_>)) {
    let at_once = |playbook: &mut Playbook| {
        playbook.lead_within = chrono::Duration::zero();
        playbook.comms_manager_within = chrono::Duration::zero();
    };
    connected_as(TestApp::builder(engine).playbook(at_once), test);
}

/// The newest of these messages that has a button which says this.
fn with_button(messages: &[Message], label: &str) -> Option<String> {
    messages.iter().rev().find(|message| message.has_button(label)).map(|message| message.ts.clone())
}

async fn a_step_is_put_off_and_done_by_its_buttons(scene: &Scene<'_>) {
    let fake = &scene.fake;
    let channel = begin(scene, "Shop is down", &[("severity", &["MINOR"])]).await;
    let reminder = scene.until("a reminder", || with_button(&fake.messages(&channel), "Not now")).await;
    let look = || fake.messages(&channel).into_iter().find(|message| message.ts == reminder).unwrap();
    assert!(look().words().contains("for Kim") && look().text.contains("<@U0KIM>"), "{:?}", look());
    fake.presses(KIM, Pressed::Message(&channel, &reminder), "Not now");
    scene.until("a form", || fake.form_of(KIM).filter(|view| view.words().contains("What became of it?"))).await;
    fake.fills_in(KIM, &[("note", &["We are looking for one."])]);
    scene.read(&channel, "Not now: Muster reminds again in 10 minutes.").await;
    let watcher = scene.app.responder("Watcher").await;
    let events = watcher.timeline(text(&watcher.incident("INC-1", "id").await, "id")).await;
    let [put_off] = &events.iter().filter(|event| event.to_string().contains("We are looking for one.")).collect::<Vec<_>>()[..] else {
        panic!("{events:?}")
    };
    assert_eq!(put_off["source"], "SLACK");
    fake.presses(KIM, Pressed::Message(&channel, &reminder), "Do it now");
    scene.read(&channel, "Kim is incident lead now.").await;
    scene.until("no button is left", || (look().buttons().is_empty() && look().words().contains("Done")).then_some(())).await;
}

async fn whoever_can_read_no_channel_is_reminded_alone(scene: &Scene<'_>) {
    let (fake, watcher) = (&scene.fake, scene.app.responder("Watcher").await);
    watcher.add_client("Acme").await;
    let channel = begin(scene, "Shop is down", &[("severity", &["MINOR"])]).await;
    scene.until("a reminder", || with_button(&fake.messages(&channel), "Not now")).await;
    assert_eq!(with_button(&fake.letters(KIM), "Not now"), None, "once is enough");
    fake.changes(&channel, "channel_archive", |channel| channel.is_archived = true);
    scene.settled().await;
    // Somebody must manage what clients are told.
    scene.ask(KIM, GENERAL, "INC-1 client Acme").await;
    let letter = scene.until("a letter", || with_button(&fake.letters(KIM), "Not now")).await;
    fake.presses(KIM, Pressed::Message(&fake.conversation_with(KIM), &letter), "Not now");
    scene.until("a form", || fake.form_of(KIM).filter(|view| view.words().contains("What became of it?"))).await;
}

async fn a_page_is_answered_where_it_is_read(scene: &Scene<'_>) {
    let (fake, system) = (&scene.fake, scene.app.system());
    let lee = domain::people::find_or_add(&system, "Lee", "lee@example.org", AccessLevel::Responder).await.unwrap();
    on_call::set(&system, on_call::Set { first_line_id: None, second_line_id: Some(lee.id), starts_at: None, until: None }).await.unwrap();
    // Whose accounts are whose is found by and by.
    scene.ask(LEE, GENERAL, "who").await;
    let channel = begin(scene, "Shop is down", &[("severity", &["MINOR"])]).await;
    scene.say(KIM, &channel, "escalate because nobody knows the till", "Paged Lee.").await;
    let page = scene.until("a page", || with_button(&fake.letters(LEE), "I have it")).await;
    let asked = fake.whispers(LEE).len();
    fake.presses(LEE, Pressed::Message(&fake.conversation_with(LEE), &page), "I have it");
    assert!(scene.whisper(LEE, asked).await.contains("You have it."));
    let look = || fake.letters(LEE).into_iter().find(|letter| letter.ts == page).unwrap();
    scene.until("no button is left", || (look().buttons().is_empty() && look().words().contains("You have it.")).then_some(())).await;
    let watcher = scene.app.responder("Watcher").await;
    let pages = watcher.incident("INC-1", "pages { answeredBy { name } }").await;
    assert_eq!(text(&pages["pages"][0]["answeredBy"], "name"), "Lee");
}
