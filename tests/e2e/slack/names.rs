//! Names that bite: what mentions a whole channel in Slack is text wherever Muster shows it, and a text of any length breaks nothing.

use domain::people::{self, UpdatePerson};
use harness::both_dbs;
use harness::drive::{id, text};
use harness::fakes::slack::{LEE, Message, SAM};
use serde_json::{Value, json};

use super::night::begin;
use super::twice::passed_on;
use super::*;

both_dbs![by connected: a_name_mentions_nobody_wherever_it_is_shown];

const NAME: &str = "<!channel> & <@U123>";
/// The same where Slack reads markup.
const ESCAPED: &str = "&lt;!channel&gt; &amp; &lt;@U123&gt;";

async fn a_name_mentions_nobody_wherever_it_is_shown(scene: &Scene<'_>) {
    let fake = &scene.fake;
    let watcher = scene.app.responder("Watcher").await;
    watcher.add_client(NAME).await;
    let system = scene.app.system();
    let sam = people::find_or_add(&system, "Sam", "sam@example.org", AccessLevel::Admin).await.unwrap();
    people::update(&system, sam.id, UpdatePerson { name: Some(NAME.to_owned()), ..Default::default() }).await.unwrap();
    // Whose accounts are whose is found by and by.
    for account in [SAM, LEE] {
        scene.ask(account, GENERAL, "who").await;
    }
    let words = format!("{NAME} ").repeat(1_000);

    let channel = begin(scene, "Shop", &[("name", &[NAME]), ("severity", &["CRITICAL"])]).await;
    let look = || fake.channels().into_iter().find(|known| known.id == channel).unwrap();
    scene.read(GENERAL, ESCAPED).await;
    let say = async |typed: &str, words: &str| scene.say(KIM, &channel, &passed_on(typed), words).await;
    say("lead @sam", "is incident lead now").await;
    scene.until("a topic with the lead", || look().topic.contains(ESCAPED).then_some(())).await;
    say(&format!("client {NAME}"), "is affected").await;
    say(&format!("handover lead @lee because {NAME} sleeps"), "was asked to take over").await;
    scene.until("a letter", || fake.letters(LEE).iter().any(|letter| letter.words().contains(ESCAPED)).then_some(())).await;
    say(&format!("summary {words}"), "What is known: ").await;
    let pinned = || fake.messages(&channel).into_iter().find(|message| look().pins.contains(&message.ts)).unwrap();
    scene.until("a summary that is cut", || pinned().words().contains("this is cut").then_some(())).await;
    say(&format!("update {words}"), "Update on INC-1").await;
    let update =
        fake.messages(&channel).into_iter().map(|message| message.words()).find(|words| words.contains("Update on INC-1")).unwrap();
    assert!(update.contains("/incidents/INC-1|Muster has the rest>") && update.ends_with("Kim"), "{update}");
    scene.ask(KIM, &channel, "summary").await;
    fake.opens_home(SAM);
    let home = scene.until("a home", || fake.home_of(SAM).filter(|home| home.to_string().contains(ESCAPED))).await;
    fake.types(KIM, GENERAL, "/incident", &passed_on(&format!("new {NAME}")));
    let form = scene.until("a form", || fake.form_of(KIM).filter(|view| view.words().contains("Under way already"))).await;

    // What Slack takes for plain text shows the name as it is.
    let block =
        |key: &str| form.view["blocks"].as_array().unwrap().iter().find(|block| block["block_id"] == key).unwrap()["element"].clone();
    assert_eq!(block("name")["initial_value"], NAME);
    assert_eq!(block("affectedClientIds")["options"][0]["text"], json!({ "type": "plain_text", "text": NAME, "emoji": false }));
    let shown = look();
    assert!(shown.name.ends_with("-channel-u123") && shown.purpose.contains(ESCAPED), "{shown:?}");
    let messages: Vec<Message> = [fake.messages(&channel), fake.messages(GENERAL), fake.letters(LEE)].concat();
    let mut markup = vec![shown.topic, shown.purpose];
    markup.extend(messages.iter().map(|message| message.text.clone()));
    let whispers = [KIM, LEE, SAM].into_iter().flat_map(|account| fake.whispers(account)).map(|whisper| whisper.body);
    let blocks = messages.iter().map(|message| message.blocks.clone());
    for value in blocks.chain(whispers).chain([home, form.view]) {
        read_as_markup(&value, &mut markup);
    }
    assert!(markup.iter().filter(|text| text.contains(ESCAPED)).count() > 5, "{markup:?}");
    for text in &markup {
        assert!(!text.contains("<!") && !text.contains("<@U123"), "{text}");
    }
    // What is cut in the chat is whole in Muster.
    let incident = watcher.incident("INC-1", "id name summary").await;
    assert_eq!([text(&incident, "name"), text(&incident, "summary")], [NAME, words.trim()]);
    let events = watcher.timeline(id(&incident)).await;
    assert!(events.iter().any(|event| event["kind"] == "UPDATE" && event["text"] == words.trim()));
}

/// The texts in `value` in which Slack reads markup.
fn read_as_markup(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Array(parts) => parts.iter().for_each(|part| read_as_markup(part, found)),
        Value::Object(fields) => {
            // The text beside blocks is markup as well.
            let is_markup = value["type"] == "mrkdwn" || fields.contains_key("blocks");
            found.extend(value["text"].as_str().filter(|_| is_markup).map(str::to_owned));
            fields.values().for_each(|part| read_as_markup(part, found));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => (),
    }
}
