//! The methods that Muster needs: how often, with which scopes and in which form they are called.
//!
//! A test compares them with Slack's own description, which has no licence and so isn't part of the project.

/// A method.
#[derive(Clone, Copy, Debug)]
pub struct Method {
    /// As in its address.
    pub name: &'static str,
    /// Calls in a minute; of [`POST`], one a second in each channel instead.
    pub a_minute: usize,
    /// Whether it takes JSON; else its arguments are in the query.
    pub takes_json: bool,
    /// One of these is needed.
    pub scopes: &'static [&'static str],
    /// One of these is needed for a private channel.
    pub private: &'static [&'static str],
    /// What it may be called with.
    pub arguments: &'static [&'static str],
}

/// The method with a limit for each channel.
pub const POST: &str = "chat.postMessage";
/// The method that takes the app's own token.
pub const CONNECT: &str = "apps.connections.open";
/// Methods of which Slack's description in our hands says nothing.
pub const OPEN: &str = "conversations.open";
pub const BOOKMARKS: &str = "bookmarks.list";

const T2: usize = 20;
const T3: usize = 50;
const T4: usize = 100;
/// A limit of its own, high enough not to matter.
const SPECIAL: usize = 600;

const NONE: &[&str] = &[];
const MANAGE: &[&str] = &["channels:manage"];
const MANAGE_PRIVATE: &[&str] = &["groups:write"];
const READ: &[&str] = &["channels:read"];
const READ_PRIVATE: &[&str] = &["groups:read"];
const HISTORY: &[&str] = &["channels:history"];
const HISTORY_PRIVATE: &[&str] = &["groups:history", "im:history"];
const WRITE: &[&str] = &["chat:write"];

const fn json(
    name: &'static str,
    a_minute: usize,
    scopes: &'static [&'static str],
    private: &'static [&'static str],
    arguments: &'static [&'static str],
) -> Method {
    Method { name, a_minute, takes_json: true, scopes, private, arguments }
}

const fn query(
    name: &'static str,
    a_minute: usize,
    scopes: &'static [&'static str],
    private: &'static [&'static str],
    arguments: &'static [&'static str],
) -> Method {
    Method { takes_json: false, ..json(name, a_minute, scopes, private, arguments) }
}

/// All of them.
pub const METHODS: [Method; 23] = [
    json("auth.test", SPECIAL, NONE, NONE, &[]),
    json(CONNECT, T2, NONE, NONE, &[]),
    json("conversations.create", T2, MANAGE, MANAGE_PRIVATE, &["name", "is_private"]),
    json("conversations.invite", T3, &["channels:manage", "channels:write.invites"], MANAGE_PRIVATE, &["channel", "users", "force"]),
    json("conversations.setTopic", T2, &["channels:manage", "channels:write.topic"], MANAGE_PRIVATE, &["channel", "topic"]),
    json("conversations.setPurpose", T2, &["channels:manage", "channels:write.topic"], MANAGE_PRIVATE, &["channel", "purpose"]),
    json("conversations.archive", T2, MANAGE, MANAGE_PRIVATE, &["channel"]),
    json(OPEN, T3, &["im:write"], &["im:write"], &["users"]),
    json("conversations.join", T3, &["channels:join"], &["channels:join"], &["channel"]),
    query(
        "conversations.history",
        T3,
        HISTORY,
        HISTORY_PRIVATE,
        &["channel", "cursor", "include_all_metadata", "inclusive", "latest", "limit", "oldest"],
    ),
    query(
        "conversations.replies",
        T3,
        HISTORY,
        HISTORY_PRIVATE,
        &["channel", "ts", "cursor", "include_all_metadata", "inclusive", "latest", "limit", "oldest"],
    ),
    query("conversations.info", T3, READ, READ_PRIVATE, &["channel"]),
    query("conversations.list", T2, READ, READ_PRIVATE, &["cursor", "exclude_archived", "limit", "types"]),
    json(POST, SPECIAL, WRITE, WRITE, &["channel", "text", "blocks", "metadata", "unfurl_links", "unfurl_media"]),
    json("chat.update", T3, WRITE, WRITE, &["channel", "ts", "text", "blocks", "metadata"]),
    json("views.open", T4, NONE, NONE, &["trigger_id", "view"]),
    json("views.update", T4, NONE, NONE, &["view_id", "view", "hash"]),
    json("views.publish", T4, NONE, NONE, &["user_id", "view", "hash"]),
    query("users.info", T4, &["users:read"], &["users:read"], &["user"]),
    query("users.lookupByEmail", T3, &["users:read.email"], &["users:read.email"], &["email"]),
    json("bookmarks.add", T2, &["bookmarks:write"], &["bookmarks:write"], &["channel_id", "title", "type", "link", "emoji"]),
    query(BOOKMARKS, T3, &["bookmarks:read"], &["bookmarks:read"], &["channel_id"]),
    json("pins.add", T2, &["pins:write"], &["pins:write"], &["channel", "timestamp"]),
];

/// The one of this name.
pub fn named(name: &str) -> Option<&'static Method> {
    METHODS.iter().find(|method| method.name == name)
}
