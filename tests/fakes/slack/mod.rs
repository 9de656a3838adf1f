//! A fake of Slack: one workspace with a few people, channels, messages, forms and homes, which tells an app what people do, by socket or by
//! HTTP.
//!
//! Where it is stricter than the real one: a call must have the one form that suits its method, a channel takes one message a second without
//! bursts, a charset must be named, and what a fake can't show is refused.

mod answer;
mod blocks;
mod channels;
mod described;
mod messages;
pub mod methods;
mod outgoing;
mod page;
mod people;
mod socket;
mod state;
mod users;
mod views;

use std::net::TcpListener;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::Method;
use tokio::sync::mpsc::{self, UnboundedSender};
use tokio::task::JoinHandle;

pub use self::described::described;
pub use self::outgoing::{Delivering, Kind, Sent};
use self::outgoing::{Going, Outgoing};
pub use self::people::Pressed;
use self::socket::Sockets;
pub use self::state::{Channel, File, Message, User, View, Whisper};
use self::state::{Refusing, State};
use super::Contract;
use super::control::done;
use super::front::Front;
use super::http::{Reply, Request};
use super::serve::{Fake, Vendor};

/// The setting `slack.bot_token`.
pub const BOT_TOKEN: &str = "xoxb-fake-0123456789";
/// The setting `slack.app_token`.
pub const APP_TOKEN: &str = "xapp-fake-0123456789";
/// The setting `slack.signing_secret`.
pub const SIGNING_SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
/// The workspace.
pub const TEAM: &str = "T0FAKE";
/// The app, its account, and what its messages are signed with.
pub const APP: &str = "A0MUSTER";
pub const BOT_USER: &str = "U0MUSTER";
pub const BOT: &str = "B0MUSTER";
/// The channel that everybody is in.
pub const GENERAL: &str = "C0GENERAL";
/// The people of the workspace.
pub const KIM: &str = "U0KIM";
pub const LEE: &str = "U0LEE";
pub const SAM: &str = "U0SAM";

/// A running fake of it.
pub type SlackFake = Fake<Slack>;

pub struct Slack {
    front: Front,
    state: Mutex<State>,
    outgoing: Mutex<Outgoing>,
    sockets: Mutex<Sockets>,
    queue: UnboundedSender<Going>,
    /// How many deliveries are under way.
    waiting: AtomicUsize,
    http: reqwest::Client,
}

impl SlackFake {
    /// Checks every accepted call against Slack's types.
    #[must_use]
    pub fn checked(self) -> Self {
        self.vendor.front.check_by(Contract::slack());
        self
    }

    /// All channels but conversations of one person.
    pub fn channels(&self) -> Vec<Channel> {
        self.vendor.state().channels.values().filter(|channel| channel.with.is_none()).cloned().collect()
    }

    /// The channel of this name.
    ///
    /// # Panics
    /// If there is none.
    pub fn channel_named(&self, name: &str) -> Channel {
        let channels = self.channels();
        channels.iter().find(|channel| channel.name == name).cloned().unwrap_or_else(|| panic!("no {name} in {channels:?}"))
    }

    /// The channels whose names begin like this.
    pub fn channels_like(&self, beginning: &str) -> Vec<Channel> {
        self.channels().into_iter().filter(|channel| channel.name.starts_with(beginning)).collect()
    }

    /// The messages of a channel, oldest first.
    pub fn messages(&self, channel: &str) -> Vec<Message> {
        self.vendor.state().channels.get(channel).map(|channel| channel.messages.values().cloned().collect()).unwrap_or_default()
    }

    /// The channel in which the app writes to this person alone.
    pub fn conversation_with(&self, user: &str) -> String {
        self.vendor.state().conversation_with(user)
    }

    /// What the app wrote to this person alone.
    pub fn letters(&self, user: &str) -> Vec<Message> {
        let state = self.vendor.state();
        let conversation = state.channels.values().find(|channel| channel.with.as_deref() == Some(user));
        conversation.map(|channel| channel.messages.values().cloned().collect()).unwrap_or_default()
    }

    /// The answers that only this person saw, oldest first.
    pub fn whispers(&self, user: &str) -> Vec<Whisper> {
        self.vendor.state().whispers.iter().filter(|whisper| whisper.user == user).cloned().collect()
    }

    /// The form that this person has open.
    pub fn form_of(&self, user: &str) -> Option<View> {
        self.vendor.state().views.values().rev().find(|view| view.user == user).cloned()
    }

    /// What this person's home shows.
    pub fn home_of(&self, user: &str) -> Option<serde_json::Value> {
        self.vendor.state().homes.get(user).cloned()
    }

    /// From now on, the tokens are worth nothing; or again.
    pub fn revoke(&self, revoked: bool) {
        self.vendor.state().is_revoked = revoked;
    }

    /// From now on, the app lacks this scope.
    pub fn take_scope(&self, scope: &str) {
        self.vendor.state().scopes.remove(scope);
    }

    /// From now on, the app has this scope.
    pub fn give_scope(&self, scope: &str) {
        self.vendor.state().scopes.insert(scope.to_owned());
    }

    /// The next calls of a method are refused with this error, whether or not they are carried out.
    pub fn refuse_next(&self, left: usize, method: &str, error: &str, is_done: Done) {
        let refusing = Refusing { method: method.to_owned(), error: error.to_owned(), is_done: is_done == Done::Yes, left };
        self.vendor.state().refusing.push_back(refusing);
    }

    /// From now on, no socket is given out; or again.
    pub fn refuse_sockets(&self, refuses: bool) {
        self.vendor.state().refuses_sockets = refuses;
    }

    /// How the limit of a method was used.
    pub fn usage(&self, method: &str) -> Option<super::Usage> {
        self.vendor.state().windows.get(method).map(super::limits::Window::usage)
    }
}

/// Whether a call is carried out although it is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    Yes,
    No,
}

impl Slack {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn outgoing(&self) -> MutexGuard<'_, Outgoing> {
        self.outgoing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sockets(&self) -> MutexGuard<'_, Sockets> {
        self.sockets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Vendor for Slack {
    fn open(front: Front) -> (Arc<Self>, Option<JoinHandle<()>>) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        listener.set_nonblocking(true).expect("it can");
        let address = listener.local_addr().expect("it has one");
        let (queue, going) = mpsc::unbounded_channel();
        let slack = Arc::new(Self {
            front,
            state: Mutex::new(State::new(address)),
            outgoing: Mutex::default(),
            sockets: Mutex::default(),
            queue,
            waiting: AtomicUsize::new(0),
            http: crate::http().build().expect("a client can be made"),
        });
        let (listening, sending) = (Arc::clone(&slack), Arc::clone(&slack));
        let task = tokio::spawn(async move {
            tokio::join!(socket::listen(listening, listener), outgoing::send_all(sending, going));
        });
        (slack, Some(task))
    }

    fn front(&self) -> &Front {
        &self.front
    }

    fn secrets(&self) -> &[&str] {
        &[]
    }

    async fn answer(&self, request: &Request) -> Reply {
        self.call(request)
    }

    fn control(&self, request: &Request) -> Option<Reply> {
        match (&request.method, request.segments().get(1..)?) {
            (&Method::POST, ["revoke"]) => self.state().is_revoked = request.json().unwrap_or_default()["on"] == true,
            (&Method::POST, ["cut"]) => self.sockets().cut(),
            (&Method::POST, ["refresh"]) => self.sockets().refresh(),
            _ => return page::answer(self, request),
        }
        Some(done())
    }
}
