//! Slack as somebody else understood it: npm's `emulate`, which keeps state and checks scopes. Our own fake may share our misunderstandings; this
//! one has its own. Where emulate 0.10.0 is not as Slack is, or knows nothing of it:
//!
//! - it takes no GET, so `npm/slack.mjs` passes what only reads on as a form;
//! - it refuses no token, so that is not tried here;
//! - one person who can't be invited keeps all others out, although `force` is said;
//! - it lets an app write in public channels that it is not in, change messages in archived ones, and post as often as it likes;
//! - it has no socket mode, commands, buttons or `response_url`, and does not sign the events that it posts.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use domain::ports::{ChatReplies, ChatRooms, Dress, Home, HomePart, Posted, Refusal, SeenChatter};
use harness::drive::text;
use serde_json::{Value, json};
use worker::outlets::slack::SCOPES;

use super::rooms::{dress, dressed};
use super::samples::form;
use super::*;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/npm/slack.mjs");
/// What Kim shows.
const KIMS_TOKEN: &str = "xoxp-kim-0123456789";

/// The emulator; it ends when this is dropped.
struct Emulated {
    process: Child,
    url: String,
    /// The id of the channel for everybody.
    general: String,
}

impl Drop for Emulated {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Emulated {
    /// Starts it, with our app and Kim. The app has the scopes of its manifest, and no call is answered that needs another.
    async fn start() -> Self {
        let user = |name: &str| json!({ "name": name, "email": format!("{name}@example.org") });
        let begin = json!({
            "team": { "name": "Example", "domain": "example" },
            "users": [user("muster"), user("kim")],
            "channels": [{ "name": "war-room" }],
            "tokens": [{ "token": BOT_TOKEN, "user": "muster", "scopes": SCOPES }, { "token": KIMS_TOKEN, "user": "kim" }],
            "strict_scopes": true,
        });
        let mut node = Command::new("node");
        node.args([SCRIPT, &begin.to_string()]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = node.spawn().expect("Node.js is needed for the tests: `sh tests/tools.sh` installs it");
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.starts_with("http"), "it ended: `sh tests/tools.sh` installs what it needs");
        let mut slack = Self { process, url: line.trim().to_owned(), general: String::new() };
        slack.general = slack.channel("general").await;
        slack
    }

    /// Calls a method beside our own code.
    async fn call(&self, method: &str, token: &str, body: Value) -> Value {
        let request = harness::http().build().unwrap().post(format!("{}/api/{method}", self.url)).bearer_auth(token);
        let answer = request.header("content-type", "application/json; charset=utf-8").body(body.to_string()).send().await.unwrap();
        let answer: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        assert_eq!(answer["ok"], true, "{method}: {answer}");
        answer
    }

    /// The id of the channel of this name.
    async fn channel(&self, name: &str) -> String {
        let all = self.call("conversations.list", BOT_TOKEN, json!({ "limit": 1000 })).await;
        let found = all["channels"].as_array().unwrap().iter().find(|channel| channel["name"] == name);
        text(found.unwrap_or_else(|| panic!("no {name} in {all}")), "id").to_owned()
    }

    /// A new outlet, which knows nothing of what others did.
    fn outlet(&self) -> SlackOutlet {
        let settings = SlackSettings {
            bot_token: BOT_TOKEN.to_owned(),
            app_token: None,
            general_channel: self.general.clone(),
            base_url: self.url.clone(),
        };
        SlackOutlet::with_limits(&settings, LIMITS).unwrap()
    }
}

/// A workspace in which the app has joined the general channel, and who Kim is there.
async fn workspace() -> (Emulated, SlackOutlet, SeenChatter) {
    let slack = Emulated::start().await;
    let outlet = slack.outlet();
    slack.call("conversations.join", BOT_TOKEN, json!({ "channel": slack.general })).await;
    let kim = outlet.by_email("kim@example.org").await.unwrap().unwrap();
    (slack, outlet, kim)
}

#[tokio::test]
async fn people_are_known_and_nothing_is_missing() {
    let (_slack, outlet, kim) = workspace().await;
    let problems: Vec<String> = outlet.check().await.into_iter().filter_map(|finding| finding.problem).collect();
    assert_eq!(problems, [""; 0]);
    assert_eq!(outlet.by_account(&kim.account).await, Ok(Some(kim)));
    assert_eq!(outlet.by_email("nobody@example.org").await, Ok(None));
}

#[tokio::test]
async fn a_channel_is_made_once_dressed_and_archived() {
    let (slack, outlet, kim) = workspace().await;
    let wanted = || {
        let mut wanted = channel(MARKER);
        wanted.invite = vec![kim.account.clone()];
        wanted
    };
    let made = done(&outlet, order(1, 1, wanted())).await.external_id.unwrap();
    assert_eq!(done(&slack.outlet(), order(1, 2, wanted())).await.external_id.as_ref(), Some(&made));
    let mut taken = channel("inc_2");
    (taken.name, taken.invite) = ("war-room".to_owned(), Vec::new());
    let beside = done(&outlet, order(2, 1, taken)).await.external_id.unwrap();
    assert_eq!(beside, slack.channel("war-room-2").await);

    let first = dressed(&outlet, &made, &dress("<!here> & down", None)).await;
    let again = dressed(&slack.outlet(), &made, &dress("<!here> & down", None)).await;
    assert_eq!((&first.problem, &again.problem, &first.summary_at), (&None, &None, &again.summary_at));
    let about = slack.call("conversations.info", BOT_TOKEN, json!({ "channel": made })).await["channel"].take();
    assert_eq!((text(&about, "name"), text(&about["topic"], "value")), (NAME, "&lt;!here&gt; &amp; down"));
    let members = slack.call("conversations.members", KIMS_TOKEN, json!({ "channel": made })).await["members"].take();
    assert!(members.as_array().unwrap().contains(&json!(kim.account)), "{members}");
    let pins = slack.call("pins.list", BOT_TOKEN, json!({ "channel": made })).await["items"].take();
    assert_eq!(pins.as_array().unwrap().len(), 1, "{pins}");
    let bookmarks = slack.call("bookmarks.list", BOT_TOKEN, json!({ "channel_id": made })).await["bookmarks"].take();
    assert_eq!(bookmarks.as_array().unwrap().len(), 1, "{bookmarks}");

    let over = Dress { is_archived: true, ..dress("it is over", first.summary_at) };
    assert!(dressed(&outlet, &made, &over).await.is_archived);
    assert!(matches!(refused(&outlet, order(3, 1, message(&made, "late"))).await, Refusal::Never(reason) if reason.contains("archived")));
}

#[tokio::test]
async fn messages_come_once_and_say_something_else_later() {
    let (slack, outlet, kim) = workspace().await;
    let room = slack.channel("war-room").await;
    let place = ChatPlace::Person { name: "Kim".to_owned(), account: kim.account };
    let letter = Box::new(ChatMessage { place, said: said("Please take over.") });
    let effects: [Effect; 3] = [message(&room, "It is the disk.").into(), notice("It is down.").into(), letter.into()];
    for (number, effect) in (1..).zip(effects) {
        let posted = done(&outlet, order(number, 1, effect.clone())).await.external_id;
        let found = done(&slack.outlet(), order(number, 2, effect)).await.external_id;
        assert_eq!(posted, found);
        let (channel, ts) = posted.as_deref().unwrap().split_once('/').unwrap();
        outlet.revise(&Posted { channel: channel.to_owned(), ts: ts.to_owned() }, &said("It is over.")).await.unwrap();
        let history = slack.call("conversations.history", BOT_TOKEN, json!({ "channel": channel })).await;
        let ours: Vec<&Value> = history["messages"].as_array().unwrap().iter().filter(|message| message["ts"] == ts).collect();
        assert!(ours.len() == 1 && text(ours[0], "text") == "It is over.", "{history}");
    }
}

#[tokio::test]
async fn what_people_say_is_read() {
    let (slack, outlet, kim) = workspace().await;
    let room = slack.channel("war-room").await;
    done(&outlet, order(1, 1, message(&room, "It is the disk."))).await;
    let asked = slack.call("chat.postMessage", KIMS_TOKEN, json!({ "channel": room, "text": "it &lt;is&gt; down" })).await;
    let answer = json!({ "channel": room, "text": "since ten", "thread_ts": asked["ts"] });
    slack.call("chat.postMessage", KIMS_TOKEN, answer).await;
    let heard = outlet.history(&room, None, None).await.unwrap().items;
    assert_eq!(heard.iter().map(|message| message.text.as_str()).collect::<Vec<_>>(), ["it <is> down", "since ten"]);
    let at = Posted { channel: room, ts: text(&asked, "ts").to_owned() };
    let one = outlet.message(&at).await.unwrap().unwrap();
    assert_eq!((one.text, one.account), ("it <is> down".to_owned(), Some(kim.account)));
}

#[tokio::test]
async fn forms_open_once_and_homes_are_shown() {
    let (slack, outlet, kim) = workspace().await;
    let trigger = slack.call("views.generateTriggerId", BOT_TOKEN, json!({ "user_id": kim.account })).await;
    outlet.open_form(text(&trigger, "trigger_id"), &form()).await.unwrap();
    assert!(matches!(outlet.open_form(text(&trigger, "trigger_id"), &form()).await, Err(Refusal::Never(_))), "it is used");
    let part = HomePart { title: "Your steps".to_owned(), entries: Vec::new(), otherwise: "Nothing waits for you.".to_owned() };
    outlet.publish_home(&kim.account, &Home { parts: vec![part] }).await.unwrap();
}
