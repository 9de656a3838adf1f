//! What people do at Slack, and what the app is told of it.

use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use super::outgoing::{Delivering, Kind, Sent};
use super::state::{Channel, File, Message, State, User, buttons};
use super::{APP, BOT_USER, Slack, SlackFake, TEAM, blocks, views};

/// Where a button is that somebody presses.
#[derive(Clone, Copy, Debug)]
pub enum Pressed<'a> {
    /// Under a message: its channel and time.
    Message(&'a str, &'a str),
    /// In an answer that only they saw: which of them, counted from the oldest.
    Whisper(usize),
    /// In the form that they have open.
    Form,
    /// In their home.
    Home,
}

impl SlackFake {
    /// From now on, the app is told in this way.
    pub fn deliver(&self, delivering: Delivering) {
        self.vendor.outgoing().delivering = delivering;
    }

    /// From now on, events are told twice, or once.
    pub fn double_events(&self, doubles: bool) {
        self.vendor.outgoing().doubles = doubles;
    }

    /// From now on, events are held back.
    pub fn hold_events(&self) {
        self.vendor.outgoing().held = Some(Vec::new());
    }

    /// Tells the events that were held back, the last one first.
    pub fn release_events_backwards(&self) {
        let held = self.vendor.outgoing().held.take().unwrap_or_default();
        held.into_iter().rev().for_each(|going| self.vendor.send(going));
    }

    /// What the app was told, in the order in which it was done with it.
    pub fn sent(&self) -> Vec<Sent> {
        self.vendor.outgoing().sent.clone()
    }

    /// Whether nothing is on its way to the app.
    pub fn is_quiet(&self) -> bool {
        self.vendor.waiting.load(Ordering::SeqCst) == 0
    }

    /// How many sockets are open, and how many there ever were.
    pub fn sockets(&self) -> (usize, usize) {
        self.vendor.sockets().count()
    }

    /// Cuts all sockets.
    pub fn cut_sockets(&self) {
        self.vendor.sockets().cut();
    }

    /// Asks the app to open another socket before this one ends.
    pub fn refresh_sockets(&self) {
        self.vendor.sockets().refresh();
    }

    /// Somebody types a command.
    pub fn types(&self, user: &str, channel: &str, command: &str, text: &str) {
        self.vendor.types(user, channel, command, text);
    }

    /// Somebody presses the button that says this.
    ///
    /// # Panics
    /// If there is none.
    pub fn presses(&self, user: &str, place: Pressed<'_>, label: &str) {
        self.vendor.presses(user, place, label);
    }

    /// Somebody fills in the form that they have open, and sends it. What is not named stays as it is.
    ///
    /// # Panics
    /// If there is no form, or it has no such field.
    pub fn fills_in(&self, user: &str, values: &[(&str, &[&str])]) {
        self.vendor.fills_in(user, values);
    }

    /// Somebody writes a message. Returns its time.
    pub fn says(&self, user: &str, channel: &str, text: &str) -> String {
        self.vendor.says(user, channel, Message::new(String::new(), user, text))
    }

    /// Somebody answers in a thread.
    pub fn answers(&self, user: &str, channel: &str, thread: &str, text: &str) -> String {
        let message = Message { thread: Some(thread.to_owned()), ..Message::new(String::new(), user, text) };
        self.vendor.says(user, channel, message)
    }

    /// Somebody shares a file.
    pub fn shares(&self, user: &str, channel: &str, text: &str, name: &str, content: impl Into<Bytes>) -> String {
        let mut state = self.vendor.state();
        let id = state.id("F");
        let file = File { id: id.clone(), name: name.to_owned(), media_type: "text/plain".to_owned(), content: content.into() };
        state.files.insert(id.clone(), file);
        drop(state);
        self.vendor.says(user, channel, Message { files: vec![id], ..Message::new(String::new(), user, text) })
    }

    /// Somebody changes a message.
    pub fn edits(&self, channel: &str, ts: &str, text: &str) {
        let slack = &self.vendor;
        let mut state = slack.state();
        let message = state.channels.get_mut(channel).and_then(|channel| channel.messages.get_mut(ts)).expect("there is one");
        let before = message.clone();
        text.clone_into(&mut message.text);
        message.edits += 1;
        let after = message.clone();
        let (before, after) = (state.told_with_files(&before, slack.front.url()), state.told_with_files(&after, slack.front.url()));
        let stamp = state.ts(slack.front.now());
        let event = json!({
            "type": "message", "subtype": "message_changed", "channel": channel, "channel_type": "channel", "hidden": true, "ts": stamp,
            "event_ts": stamp, "message": after, "previous_message": before,
        });
        slack.event(&mut state, event);
    }

    /// Somebody deletes a message.
    pub fn deletes(&self, channel: &str, ts: &str) {
        let slack = &self.vendor;
        let mut state = slack.state();
        let gone = state.channels.get_mut(channel).and_then(|channel| channel.messages.remove(ts)).expect("there is one");
        let (before, stamp) = (state.told(&gone, false), state.ts(slack.front.now()));
        let event = json!({
            "type": "message", "subtype": "message_deleted", "channel": channel, "channel_type": "channel", "hidden": true, "ts": stamp,
            "event_ts": stamp, "deleted_ts": ts, "previous_message": before,
        });
        slack.event(&mut state, event);
    }

    /// Somebody pins a message.
    pub fn pins(&self, user: &str, channel: &str, ts: &str) {
        let slack = &self.vendor;
        let mut state = slack.state();
        let known = state.channels.get_mut(channel).expect("there is one");
        known.pins.push(ts.to_owned());
        let message = known.messages[ts].clone();
        let (told, stamp) = (state.told(&message, false), state.ts(slack.front.now()));
        let item = json!({ "type": "message", "channel": channel, "created_by": message.user, "created": 0, "message": told });
        let event = json!({
            "type": "pin_added", "user": user, "channel_id": channel, "item": item, "item_user": message.user, "pin_count": 1, "event_ts": stamp,
        });
        slack.event(&mut state, event);
    }

    /// Somebody puts an emoji on a message.
    pub fn reacts(&self, user: &str, channel: &str, ts: &str, emoji: &str) {
        let slack = &self.vendor;
        let mut state = slack.state();
        let message = state.channels.get_mut(channel).and_then(|channel| channel.messages.get_mut(ts)).expect("there is one");
        message.reactions.insert((emoji.to_owned(), user.to_owned()));
        let (author, stamp) = (message.user.clone(), state.ts(slack.front.now()));
        let event = json!({
            "type": "reaction_added", "user": user, "reaction": emoji, "item_user": author, "event_ts": stamp,
            "item": { "type": "message", "channel": channel, "ts": ts },
        });
        slack.event(&mut state, event);
    }

    /// Somebody chooses “Add to timeline” on a message.
    pub fn adds(&self, user: &str, channel: &str, ts: &str) {
        let slack = &self.vendor;
        let now = slack.front.now();
        let mut state = slack.state();
        let message = state.channels[channel].messages[ts].clone();
        let payload = json!({
            "type": "message_action", "callback_id": "add_to_timeline", "trigger_id": state.trigger(user, now), "message_ts": ts,
            "response_url": slack.response_url(&mut state, user, channel), "message": state.told_with_files(&message, slack.front.url()),
            "user": state.asker(user), "channel": { "id": channel, "name": state.channels[channel].name }, "team": team(), "token": "x",
            "action_ts": "1", "is_enterprise_install": false, "enterprise": null, "api_app_id": APP,
        });
        drop(state);
        slack.tell(Kind::Interaction, payload);
    }

    /// Somebody opens their home.
    pub fn opens_home(&self, user: &str) {
        let slack = &self.vendor;
        let mut state = slack.state();
        let (channel, stamp) = (state.conversation_with(user), state.ts(slack.front.now()));
        slack.event(&mut state, json!({ "type": "app_home_opened", "user": user, "channel": channel, "tab": "home", "event_ts": stamp }));
    }

    /// Somebody makes a channel, without the app. Returns its id.
    pub fn makes_channel(&self, user: &str, name: &str) -> String {
        let mut state = self.vendor.state();
        let id = state.id("C");
        let channel = Channel { creator: user.to_owned(), members: [user.to_owned()].into(), ..Channel::new(&id, name, false) };
        state.channels.insert(id.clone(), channel);
        id
    }

    /// Somebody changes a channel, and the app is told of this event.
    pub fn changes(&self, channel: &str, event: &str, change: impl FnOnce(&mut Channel)) {
        let slack = &self.vendor;
        let mut state = slack.state();
        let known = state.channels.get_mut(channel).expect("there is one");
        change(known);
        let told = if event == "channel_rename" { json!({ "id": channel, "name": known.name, "created": 0 }) } else { json!(channel) };
        let stamp = state.ts(slack.front.now());
        slack.event(&mut state, json!({ "type": event, "channel": told, "user": super::SAM, "event_ts": stamp }));
    }

    /// Somebody deletes a channel.
    pub fn deletes_channel(&self, channel: &str) {
        let slack = &self.vendor;
        let mut state = slack.state();
        state.channels.remove(channel);
        let stamp = state.ts(slack.front.now());
        slack.event(&mut state, json!({ "type": "channel_deleted", "channel": channel, "actor_id": super::SAM, "event_ts": stamp }));
    }

    /// Somebody throws the app out.
    pub fn throws_out(&self, channel: &str) {
        let slack = &self.vendor;
        let mut state = slack.state();
        state.channels.get_mut(channel).expect("there is one").members.remove(BOT_USER);
        let stamp = state.ts(slack.front.now());
        slack.event(&mut state, json!({ "type": "channel_left", "channel": channel, "actor_id": super::SAM, "event_ts": stamp }));
    }

    /// Somebody else comes into the workspace.
    pub fn add_user(&self, user: User) {
        self.vendor.state().users.insert(user.id.clone(), user);
    }

    /// Somebody's account is changed.
    pub fn changes_user(&self, user: &str, change: impl FnOnce(&mut User)) {
        let slack = &self.vendor;
        let mut state = slack.state();
        let known = state.users.get_mut(user).expect("there is one");
        change(known);
        let (told, stamp) = (known.json(), state.ts(slack.front.now()));
        slack.event(&mut state, json!({ "type": "user_change", "user": told, "event_ts": stamp }));
    }

    /// Waits until nothing is on its way to the app.
    pub async fn quiet(&self) {
        while !self.is_quiet() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Slack {
    pub(super) fn types(&self, user: &str, channel: &str, command: &str, text: &str) {
        let now = self.front.now();
        let mut state = self.state();
        let asker = state.asker(user);
        let payload = json!({
            "token": "x", "team_id": asker["team_id"], "team_domain": "fake", "channel_id": channel, "user_id": user, "command": command,
            "channel_name": state.channels.get(channel).map(|channel| channel.name.clone()).unwrap_or_default(), "text": text,
            "user_name": asker["username"], "api_app_id": APP, "is_enterprise_install": "false", "trigger_id": state.trigger(user, now),
            "response_url": self.response_url(&mut state, user, channel),
        });
        drop(state);
        self.tell(Kind::Command, payload);
    }

    pub(super) fn presses(&self, user: &str, place: Pressed<'_>, label: &str) {
        let now = self.front.now();
        let mut state = self.state();
        let whispers: Vec<_> = state.whispers.iter().filter(|whisper| whisper.user == user).cloned().collect();
        let form = state.views.values().rev().find(|view| view.user == user).cloned();
        let blocks = match place {
            Pressed::Message(channel, ts) => state.channels[channel].messages[ts].blocks.clone(),
            Pressed::Whisper(number) => whispers[number].body["blocks"].clone(),
            Pressed::Form => form.as_ref().expect("a form is open").view["blocks"].clone(),
            Pressed::Home => state.homes[user]["blocks"].clone(),
        };
        let (label, action, value) =
            buttons(&blocks).into_iter().find(|(text, ..)| text == label).unwrap_or_else(|| panic!("no button {label} in {blocks}"));
        let mut payload = json!({
            "type": "block_actions", "user": state.asker(user), "api_app_id": APP, "token": "x", "trigger_id": state.trigger(user, now),
            "team": team(), "enterprise": null, "is_enterprise_install": false, "state": { "values": {} },
            "actions": [{
                "type": "button", "action_id": action, "block_id": "b", "value": value, "action_ts": "1",
                "text": { "type": "plain_text", "text": label },
            }],
        });
        let mut of_channel = |channel: &str, container: Value| {
            payload["channel"] = json!({ "id": channel, "name": state.channels.get(channel).map(|known| known.name.clone()) });
            payload["container"] = container;
            payload["response_url"] = self.response_url(&mut state, user, channel).into();
        };
        match place {
            Pressed::Message(channel, ts) => {
                of_channel(channel, json!({ "type": "message", "message_ts": ts, "channel_id": channel, "is_ephemeral": false }));
                payload["message"] = json!({ "type": "message", "ts": ts, "user": BOT_USER });
            }
            Pressed::Whisper(number) => {
                let channel = whispers[number].channel.clone();
                of_channel(&channel, json!({ "type": "message", "message_ts": "1.000001", "channel_id": channel, "is_ephemeral": true }));
            }
            Pressed::Form => {
                let form = form.expect("a form is open");
                payload["container"] = json!({ "type": "view", "view_id": form.id });
                payload["view"] = views::told(&form);
            }
            Pressed::Home => {
                payload["container"] = json!({ "type": "view", "view_id": "V0HOME" });
                payload["view"] = json!({ "id": "V0HOME", "type": "home" });
            }
        }
        drop(state);
        self.tell(Kind::Interaction, payload);
    }

    pub(super) fn fills_in(&self, user: &str, values: &[(&str, &[&str])]) {
        let now = self.front.now();
        let mut state = self.state();
        let view = state.views.values().rev().find(|view| view.user == user).expect("a form is open").clone();
        let mut told = views::told(&view);
        for (field, values) in values {
            let inputs = view.view["blocks"].as_array().expect("a form has blocks");
            let block = inputs.iter().find(|block| block["block_id"] == *field).unwrap_or_else(|| panic!("no {field} in {inputs:?}"));
            let action = block["element"]["action_id"].as_str().expect("it has one");
            told["state"]["values"][field] = json!({ action: blocks::filled(block, values) });
        }
        let payload = json!({
            "type": "view_submission", "user": state.asker(user), "api_app_id": APP, "token": "x", "trigger_id": state.trigger(user, now),
            "team": team(), "enterprise": null, "is_enterprise_install": false, "view": told, "response_urls": [],
        });
        drop(state);
        self.tell(Kind::Interaction, payload);
    }

    pub(super) fn says(&self, user: &str, channel: &str, message: Message) -> String {
        let mut state = self.state();
        let ts = state.ts(self.front.now());
        let message = Message { ts: ts.clone(), ..message };
        let mut told = state.told_with_files(&message, self.front.url());
        let known = state.channels.get_mut(channel).expect("there is one");
        known.members.insert(user.to_owned());
        known.messages.insert(ts.clone(), message);
        told["channel"] = channel.into();
        told["channel_type"] = if known.is_private { "group" } else { "channel" }.into();
        told["event_ts"] = ts.as_str().into();
        if told.get("files").is_some() {
            told["subtype"] = "file_share".into();
        }
        if known.members.contains(BOT_USER) {
            self.event(&mut state, told);
        }
        ts
    }

    fn response_url(&self, state: &mut State, user: &str, channel: &str) -> String {
        format!("{}/respond/{}", self.front.url(), state.may_reply(user, channel, self.front.now()))
    }
}

impl State {
    fn asker(&self, user: &str) -> Value {
        let user = &self.users[user];
        let name = user.name.to_lowercase();
        json!({ "id": user.id, "username": name, "name": name, "team_id": user.team })
    }
}

fn team() -> Value {
    json!({ "id": TEAM, "domain": "fake" })
}
