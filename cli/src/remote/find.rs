//! Which incident is meant when nobody says.

use domain::limits::CLOCK_SKEW;
use entity::Timestamp;
use serde_json::{Value, json};

use super::server::{Failure, Server};

/// How many incidents are looked at.
const LOOKED_AT: usize = 20;

/// What was found.
pub enum Found {
    /// The id of the one that is meant.
    One(String),
    /// Those that may be meant, as people write them; none if nothing is going on.
    Unclear(Vec<String>),
}

impl Found {
    /// The id, if it is clear.
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::One(id) => Some(id),
            Self::Unclear(_) => None,
        }
    }

    /// Says what there is to choose from, if that may be why the server refused.
    pub fn explain(&self, failure: Failure) -> anyhow::Error {
        let choices = match (self, &failure) {
            (Self::Unclear(names), Failure::Refused { code, .. }) if code == domain::error::code::FAILED_PRECONDITION => choices(names),
            _ => None,
        };
        let error = anyhow::Error::from(failure);
        match choices {
            Some(choices) => anyhow::anyhow!("{error:#} {choices}"),
            None => error,
        }
    }
}

/// What to say to whom it is unclear.
pub fn choices(names: &[String]) -> Option<String> {
    (!names.is_empty()).then(|| format!("Live are {}: name one with --incident.", names.join("; ")))
}

/// What is live.
pub struct Live {
    /// What the caller works on.
    mine: Vec<Going>,
    all: Vec<Going>,
}

struct Going {
    id: String,
    name: String,
    reported_at: Timestamp,
}

impl Live {
    /// Asks the server.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn load(server: &Server) -> Result<Self, Failure> {
        let me = server.ask("{ viewer { person { id } } }", Value::Null).await?["viewer"]["person"]["id"].take();
        let mine = going(server, json!({ "live": true, "personId": me })).await?;
        Ok(Self { mine, all: going(server, json!({ "live": true })).await? })
    }

    /// The only one that the caller works on; if they work on none, the only one. What was reported after `written` is not what was meant
    /// then.
    pub fn meant(&self, written: Option<Timestamp>) -> Found {
        let can_be = |going: &&Going| written.is_none_or(|written| going.reported_at <= written + CLOCK_SKEW);
        let mine: Vec<&Going> = self.mine.iter().filter(can_be).collect();
        let found: Vec<&Going> = if mine.is_empty() { self.all.iter().filter(can_be).collect() } else { mine };
        match found[..] {
            [one] => Found::One(one.id.clone()),
            _ => Found::Unclear(found.iter().map(|going| going.name.clone()).collect()),
        }
    }
}

async fn going(server: &Server, filter: Value) -> Result<Vec<Going>, Failure> {
    let document = "query($filter: IncidentFilter, $first: Int) { \
        incidents(filter: $filter, first: $first) { nodes { id reference name reportedAt } } }";
    let data = server.ask(document, json!({ "filter": filter, "first": LOOKED_AT })).await?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let one = |node: &Value| Going {
        id: text(&node["id"]),
        name: format!("{} {}", text(&node["reference"]), text(&node["name"])),
        reported_at: text(&node["reportedAt"]).parse().unwrap_or(Timestamp::MIN_UTC),
    };
    Ok(data["incidents"]["nodes"].as_array().map(|nodes| nodes.iter().map(one).collect()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn going(id: &str, reported_at: &str) -> Going {
        Going { id: id.to_owned(), name: id.to_owned(), reported_at: reported_at.parse().unwrap() }
    }

    #[test]
    fn what_waited_belongs_to_what_was_going_on_then() {
        let old = || going("old", "2026-11-30T01:00:00Z");
        let new = || going("new", "2026-11-30T09:00:00Z");
        let night: Timestamp = "2026-11-30T03:00:00Z".parse().unwrap();
        for (mine, all, written, id) in [
            (vec![old()], vec![old(), new()], None, Some("old")),
            (vec![new()], vec![old(), new()], Some(night), Some("old")),
            (vec![], vec![old(), new()], None, None),
            (vec![new()], vec![new()], Some(night), None),
            (vec![], vec![going("just now", "2026-11-30T03:04:00Z")], Some(night), Some("just now")),
        ] {
            assert_eq!(Live { mine, all }.meant(written).id(), id);
        }
    }
}
