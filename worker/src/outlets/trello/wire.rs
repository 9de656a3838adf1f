//! Cards and members as Trello writes them, and what we write into a description.

use chrono::{DateTime, SecondsFormat, Utc};
use domain::ports::{Member, SeenCard};
use serde::Deserialize;

/// The fields requested for a card.
pub const CARD_FIELDS: &str = "name,desc,due,dueComplete,closed,idBoard,idList,idMembers,dateLastActivity,shortUrl";

/// A card.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WireCard {
    pub id: String,
    pub name: String,
    #[serde(default)]
    pub desc: String,
    pub due: Option<DateTime<Utc>>,
    #[serde(default)]
    pub due_complete: bool,
    pub closed: bool,
    pub id_board: String,
    pub id_list: String,
    #[serde(default)]
    pub id_members: Vec<String>,
    pub date_last_activity: DateTime<Utc>,
    pub short_url: Option<String>,
}

/// A member of a board.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WireMember {
    id: String,
    full_name: Option<String>,
    username: Option<String>,
    email: Option<String>,
}

impl From<WireMember> for Member {
    fn from(WireMember { id, full_name, username, email }: WireMember) -> Self {
        Self { id, name: full_name.unwrap_or_default(), username, email }
    }
}

impl WireCard {
    /// In the domain's form, with the known members of its board.
    pub fn seen(self, members: &[Member]) -> SeenCard {
        let member = |id: String| {
            let known = members.iter().find(|member| member.id == id).cloned();
            known.unwrap_or(Member { id, name: String::new(), username: None, email: None })
        };
        SeenCard {
            url: self.short_url,
            title: self.name,
            text: self.desc,
            due_at: self.due,
            board: self.id_board,
            list: self.id_list,
            complete: self.due_complete,
            archived: self.closed,
            members: self.id_members.into_iter().map(member).collect(),
            changed_at: self.date_last_activity,
            id: self.id,
        }
    }
}

/// A time in Trello's format.
pub fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The line that identifies a follow-up permanently.
pub fn marker_line(marker: &str) -> String {
    format!("muster:{marker}")
}

/// The line that names an owner who is not a board member.
pub fn owner_line(name: &str) -> String {
    format!("Owner: {name}")
}

/// Whether a description has such a line.
pub fn names_owner(text: &str) -> bool {
    text.lines().any(|line| line.starts_with("Owner: "))
}
