//! How often each method may be called: Slack counts each by itself, and messages in each channel.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::outlets::client::Pace;

const MINUTE: Duration = Duration::from_mins(1);
/// Slack's tiers, as calls in a minute.
const TIER_2: usize = 20;
const TIER_3: usize = 50;
const TIER_4: usize = 100;
/// Methods with a limit of their own; it is far above what we need.
const SPECIAL: usize = 300;

/// The method whose messages are counted by channel.
pub(super) const POST: &str = "chat.postMessage";
/// How many channels are remembered at most.
const REMEMBERED: usize = 1_000;

/// The limits of one workspace, as far as this process uses them up.
pub(super) struct Paces {
    methods: Mutex<HashMap<&'static str, Arc<Pace>>>,
    channels: Mutex<HashMap<String, Arc<Pace>>>,
}

impl Paces {
    pub fn new() -> Self {
        Self { methods: Mutex::default(), channels: Mutex::default() }
    }

    /// That of a method.
    pub fn of(&self, method: &'static str) -> Arc<Pace> {
        let mut methods = self.methods.lock().unwrap_or_else(PoisonError::into_inner);
        methods.entry(method).or_insert_with(|| Arc::new(Pace::new(a_minute(method), MINUTE))).clone()
    }

    /// That of messages in one channel, or to one person.
    pub fn in_channel(&self, channel: &str) -> Arc<Pace> {
        let mut channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        if channels.len() >= REMEMBERED {
            channels.retain(|_, pace| Arc::strong_count(pace) > 1 || !pace.rests());
        }
        channels.entry(channel.to_owned()).or_insert_with(|| Arc::new(Pace::new(1, Duration::from_secs(1)))).clone()
    }
}

fn a_minute(method: &str) -> usize {
    match method {
        "apps.connections.open"
        | "conversations.create"
        | "conversations.setTopic"
        | "conversations.setPurpose"
        | "conversations.archive"
        | "conversations.list"
        | "bookmarks.add"
        | "pins.add" => TIER_2,
        "conversations.invite"
        | "conversations.join"
        | "conversations.open"
        | "conversations.history"
        | "conversations.replies"
        | "conversations.info"
        | "chat.update"
        | "bookmarks.list"
        | "users.lookupByEmail" => TIER_3,
        "views.open" | "views.update" | "views.publish" | "users.info" => TIER_4,
        _ => SPECIAL,
    }
}
