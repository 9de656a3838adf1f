//! What Slack really sends: its samples are taken or knowingly let go, and what the fake sends has the same shape.
//!
//! The samples have no licence, so they are not part of the project: `MUSTER_CONTRACTS` names the folder where they are.

use std::collections::BTreeSet;
use std::time::Instant;

use api::SlackHook;
use domain::ports::{Button, ChatEar, ChatReplies, Choice, Field, FieldKind, Form, FormKind, Press};
use harness::fakes::contract;
use harness::fakes::slack::{Delivering, Kind, LEE, Pressed, SAM, SIGNING_SECRET, Sent};
use harness::{both_dbs, run_with};
use reqwest::StatusCode;
use serde_json::{Value, json};
use url::form_urlencoded;
use worker::outlets::slack::SlackEar;

use super::hook::{posted, posted_to};
use super::*;

both_dbs![by posted_to: every_sample_is_taken_or_knowingly_let_go];

/// Samples of what Muster takes.
const TAKEN: [&str; 12] = [
    "events/AppHomeOpened",
    "events/ChannelArchive",
    "events/ChannelRename",
    "events/ChannelUnarchive",
    "events/Message",
    "events/MessageBot",
    "events/MessageDeleted",
    "events/PinAdded",
    "events/ReactionAdded",
    "inbound/SlashCommandPayload",
    "inbound/real_EventTest/messagePayload",
    "inbound/real_SlashCommandTest/slashCommandPayload",
];
/// Samples of what another app has shown: Muster takes the like of it where it is its own.
const OF_ANOTHER_APP: [&str; 6] = [
    "inbound/BlockActionPayload",
    "inbound/MessageShortcutPayload",
    "inbound/ViewSubmissionPayload",
    "inbound/real_BlockActionTest/realPayload",
    "inbound/real_MessageShortcutTest/realPayload",
    "inbound/real_view_submission/realPayload",
];
/// Samples of what is none of Muster's business.
const LET_GO: [&str; 18] = [
    "events/AppMention",
    "events/AppRateLimited",
    "events/AppUninstalled",
    "events/ChannelIdChanged",
    "events/LinkShared",
    "events/MemberJoinedChannel",
    "events/MemberLeftChannel",
    "events/MessageChannelName",
    "events/MessageChannelTopic",
    "events/SubteamMembersChanged",
    "events/SubteamUpdated",
    "events/TokensRevoked",
    "events/UserChange",
    "inbound/ViewClosedPayload",
    "inbound/real_EventTest/appMentionPayload",
    "inbound/real_EventTest/appMentionPayload2",
    "inbound/real_GlobalShortcutTest/realPayload",
    "inbound/real_ViewClosedTest/realPayload",
];

/// Many samples hold every field that there is, with nothing in it: what is in these, and none of the others is there at all.
const FILLED_IN: [(&str, &str); 17] = [
    ("channel", "C1"),
    ("channel_id", "C1"),
    ("command", "/incident"),
    ("deleted_ts", "1583636399.000700"),
    ("event_ts", "1583636399.000900"),
    ("event_type", "an_event"),
    ("hash", "1583639131.8ac7cc0b"),
    ("id", "X1"),
    ("message_ts", "1583636399.000700"),
    ("name", "shop"),
    ("reaction", "pushpin"),
    ("response_url", "https://hooks.slack.com/commands/1/2/3"),
    ("tab", "home"),
    ("ts", "1583636399.000800"),
    ("user", "U1"),
    ("user_id", "U1"),
    ("view_id", "V1"),
];
/// What no sample holds, and Slack's types do: a field of an object of this name, and the type.
const TYPED: [(&str, &str, &str); 4] = [
    ("event", "message", "MessageChangedEvent"),
    ("event", "files", "FileShareMessageEvent"),
    (ELEMENT, "selected_option", "ViewStateValue"),
    (ELEMENT, "selected_user", "ViewStateValue"),
];
/// What stands for the names in a form, which are the app's.
const BLOCK: &str = "<block>";
const ELEMENT: &str = "<element>";

/// All samples of what Slack sends, by name; nothing unless `MUSTER_CONTRACTS` says where they are.
fn samples() -> Option<Vec<(String, Value)>> {
    if std::env::var_os("MUSTER_CONTRACTS").is_none() {
        eprintln!("MUSTER_CONTRACTS is not set: none of Slack's samples was read");
        return None;
    }
    let mut found = Vec::new();
    for part in ["events", "inbound"] {
        for file in std::fs::read_dir(contract::folder().join("samples/slack").join(part)).unwrap() {
            let path = file.unwrap().path();
            let name = format!("{part}/{}", path.file_stem().unwrap().to_string_lossy());
            let said: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
            let fields = said.as_object().unwrap();
            if fields.keys().all(|key| key.to_lowercase().contains("payload")) {
                found.extend(fields.iter().map(|(key, said)| (format!("{name}/{key}"), unpacked(said))));
            } else {
                found.push((name, said));
            }
        }
    }
    Some(found)
}

/// A command is a form.
fn unpacked(said: &Value) -> Value {
    match said.as_str() {
        Some(form) => form_urlencoded::parse(form.as_bytes()).into_owned().collect(),
        None => said.clone(),
    }
}

/// As Slack posts it: the address, and the body.
fn packed(name: &str, said: &Value) -> (&'static str, String) {
    let form = || form_urlencoded::Serializer::new(String::new());
    if name.starts_with("events/") || name.contains("EventTest") {
        ("events", said.to_string())
    } else if name.contains("SlashCommand") {
        let word = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        ("commands", form().extend_pairs(said.as_object().unwrap().iter().map(|(key, value)| (key, word(value)))).finish())
    } else {
        ("interactions", form().append_pair("payload", &said.to_string()).finish())
    }
}

/// The same with something in its fields, and with fields that nobody knows yet. Slack's ids are its name.
fn filled_in(name: &str, said: &Value) -> Value {
    match said {
        Value::Object(fields) => {
            let filled = fields.iter().filter_map(|(key, value)| {
                let value = match (value.as_str(), key.as_str()) {
                    (Some(""), "event_id" | "trigger_id") => name.into(),
                    (Some(""), key) => FILLED_IN.iter().find(|(known, _)| *known == key)?.1.into(),
                    _ => filled_in(name, value),
                };
                Some((key.clone(), value))
            });
            filled.chain([("not_known_yet".to_owned(), json!({ "deep": [1, null] }))]).collect()
        }
        Value::Array(parts) => parts.iter().map(|part| filled_in(name, part)).collect(),
        other => other.clone(),
    }
}

/// The same from a button, an action or a form of ours.
fn of_ours(said: &Value) -> Value {
    let mut ours = said.clone();
    match said["type"].as_str() {
        Some("block_actions") => ours["actions"][0]["action_id"] = "accept:0".into(),
        Some("message_action") => ours["callback_id"] = "add_to_timeline".into(),
        _ => {
            let view = &mut ours["view"];
            view["callback_id"] = "muster_form".into();
            view["private_metadata"] = json!({ "form": "declare", "incident": null, "version": null }).to_string().into();
            if !view["state"]["values"].is_object() {
                view["state"]["values"] = json!({});
            }
        }
    }
    ours
}

/// Posts it as Slack does, and says whether it is stored.
async fn is_stored(app: &TestApp, name: &str, said: &Value) -> bool {
    let (address, body) = packed(name, said);
    let (before, asked) = (arrivals(app).await.len(), Instant::now());
    let answer = posted(app, address, &body, SIGNING_SECRET, 0).await;
    assert_eq!(answer.status(), StatusCode::OK, "{name}: {:?}", answer.text().await);
    assert!(asked.elapsed() < Duration::from_secs(3), "{name}: Slack waits no longer");
    arrivals(app).await.len() > before
}

async fn every_sample_is_taken_or_knowingly_let_go(app: &TestApp) {
    let Some(samples) = samples() else { return };
    let names: BTreeSet<&str> = samples.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, TAKEN.iter().chain(&OF_ANOTHER_APP).chain(&LET_GO).copied().collect(), "which of them does Muster take?");
    for (name, said) in &samples {
        let filled = filled_in(name, said);
        assert_eq!(is_stored(app, name, &filled).await, TAKEN.contains(&name.as_str()), "{name}");
        assert!(!is_stored(app, name, &filled).await, "{name} comes again");
        if OF_ANOTHER_APP.contains(&name.as_str()) {
            assert!(is_stored(app, name, &of_ours(&filled)).await, "{name} of ours");
        }
        // With nothing in its fields there may be nothing to take.
        is_stored(app, name, said).await;
    }
}

/// The vendor's own vector, at its time.
#[test]
fn what_slack_signed_is_accepted_and_nothing_else() {
    if samples().is_none() {
        return;
    }
    let vector = contract::load("samples/slack/signature_vector.json");
    let word = |name: &str| vector[name].as_str().unwrap().to_owned();
    let hook = SlackHook { secret: word("signing_secret"), ear: Arc::new(SlackEar) };
    let builder = TestApp::builder(Engine::Sqlite).settings(|settings| settings.slack = Some(hook));
    run_with(builder, async |app| {
        let signed_at: i64 = word("timestamp").parse().unwrap();
        app.set_back(Duration::from_secs(app.now().timestamp().abs_diff(signed_at)));
        let http = harness::http().build().unwrap();
        let post = async |body: String| {
            let request = http.post(format!("{}/hooks/slack/commands", app.url())).header("x-slack-signature", word("valid_signature"));
            request.header("x-slack-request-timestamp", word("timestamp")).body(body).send().await.unwrap().status()
        };
        assert_eq!(post(word("body") + "&more=1").await, StatusCode::UNAUTHORIZED);
        assert_eq!(post(word("body")).await, StatusCode::OK);
        app.advance(Duration::from_secs(310));
        assert_eq!(post(word("body")).await, StatusCode::UNAUTHORIZED, "it is a replay");
        assert_eq!(arrivals(app).await.len(), 1);
    });
}

/// What the fake sends is understood by nothing but what real samples have as well: without all else, it says the same.
#[tokio::test]
async fn the_fake_sends_what_slack_sends() {
    let Some(samples) = samples() else { return };
    let types = contract::load("slack.types.schema.json");
    let mut known = BTreeSet::new();
    samples.iter().for_each(|(_, said)| fields("", said, &mut known));
    for (object, field, definition) in TYPED {
        assert!(types["definitions"][definition]["properties"].get(field).is_some(), "{definition} has no {field}");
        assert!(known.insert((object.to_owned(), field.to_owned())), "there is a sample of {field} now");
    }
    for Sent { kind, payload, .. } in everything_that_people_do().await {
        let kind = match kind {
            Kind::Command => "command",
            Kind::Interaction => "interaction",
            Kind::Event => "event",
        };
        let hear = |said: &Value| SlackEar.hear(kind, &said.to_string());
        let heard = hear(&payload);
        assert!(heard.is_some(), "{payload}");
        assert_eq!(heard, hear(&pruned("", &payload, &known)), "Muster reads something of this that no sample has: {payload}");
    }
}

/// What the fake tells when people do one of each.
async fn everything_that_people_do() -> Vec<Sent> {
    let fake = fake().await;
    fake.deliver(Delivering::Lose);
    let outlet = outlet(&fake);
    let mut asked = message(GENERAL, "Who has it?");
    asked.said.buttons = vec![Button { press: Press::Accept, value: "pag_1".into(), label: "I have it".into(), is_main: true }];
    done(&outlet, order(1, 1, asked)).await;
    let page = fake.messages(GENERAL)[0].ts.clone();
    fake.presses(KIM, Pressed::Message(GENERAL, &page), "I have it");
    let ts = fake.says(KIM, GENERAL, "It is &lt;down&gt;, <@U0LEE>.");
    fake.answers(LEE, GENERAL, &ts, "Since when?");
    fake.shares(LEE, GENERAL, "the log", "log.txt", "disk full");
    fake.edits(GENERAL, &ts, "It is up.");
    fake.pins(SAM, GENERAL, &ts);
    fake.reacts(LEE, GENERAL, &ts, "pushpin");
    fake.adds(LEE, GENERAL, &ts);
    fake.deletes(GENERAL, &ts);
    fake.opens_home(KIM);
    let room = fake.makes_channel(SAM, "war-room");
    fake.changes(&room, "channel_rename", |channel| channel.name = "peace-room".to_owned());
    fake.changes(&room, "channel_archive", |channel| channel.is_archived = true);
    fake.changes(&room, "channel_unarchive", |channel| channel.is_archived = false);
    fake.throws_out(&room);
    fake.deletes_channel(&room);
    fake.changes_user(LEE, |lee| lee.is_deleted = true);
    fake.types(KIM, GENERAL, "/incident", "lead <@U0LEE|lee> &amp; more");
    fake.quiet().await;
    let trigger = fake.sent().iter().find_map(|sent| (sent.kind == Kind::Command).then(|| sent.payload["trigger_id"].clone())).unwrap();
    outlet.open_form(trigger.as_str().unwrap(), &form()).await.unwrap();
    fake.fills_in(KIM, &[("name", &["It is down"]), ("leadId", &[LEE])]);
    fake.quiet().await;
    fake.sent()
}

/// A form with a field of each sort that matters.
pub(super) fn form() -> Form {
    let field = |key: &str, kind, initial: &str| Field {
        key: key.to_owned(),
        label: key.to_owned(),
        hint: None,
        kind,
        required: false,
        initial: vec![initial.to_owned()],
        problem: None,
    };
    let choice = Choice { value: "OPEN".to_owned(), label: "Everybody".to_owned() };
    Form {
        kind: FormKind::Declare,
        title: "A new incident".to_owned(),
        notes: Vec::new(),
        fields: vec![
            field("name", FieldKind::Text, "down"),
            field("leadId", FieldKind::Person, KIM),
            field("visibility", FieldKind::Choice(vec![choice]), "OPEN"),
        ],
        incident: None,
        version: None,
    }
}

/// What a field is called in an object of this name.
fn named<'a>(object: &str, field: &'a str) -> &'a str {
    match object {
        "values" => BLOCK,
        BLOCK => ELEMENT,
        _ => field,
    }
}

/// Notes which fields there are, each with the name of the object that it is in.
fn fields(object: &str, value: &Value, found: &mut BTreeSet<(String, String)>) {
    match value {
        Value::Array(parts) => parts.iter().for_each(|part| fields(object, part, found)),
        Value::Object(all) => {
            for (field, value) in all {
                let field = named(object, field);
                found.insert((object.to_owned(), field.to_owned()));
                fields(field, value, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => (),
    }
}

/// The value with known fields alone.
fn pruned(object: &str, value: &Value, known: &BTreeSet<(String, String)>) -> Value {
    match value {
        Value::Array(parts) => parts.iter().map(|part| pruned(object, part, known)).collect(),
        Value::Object(all) => {
            let is_known = |field: &str| known.contains(&(object.to_owned(), named(object, field).to_owned()));
            let kept = all.iter().filter(|(field, _)| is_known(field));
            kept.map(|(field, value)| (field.clone(), pruned(named(object, field), value, known))).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}
