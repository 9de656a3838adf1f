//! How a change was tried and put live (R23): first tried where it can do no harm, then by the usual deployment, unless there is a very
//! good reason.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{Error, Result};
use crate::validate;

/// Where it stands in an event's details.
const KEY: &str = "change";

/// How a change was tried, and which way it went live.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rollout {
    /// How it was tried before; `None` if it was not.
    pub tried: Option<String>,
    /// Which way it went live.
    pub deployed: Deployment,
    /// Why the usual way was bypassed.
    pub reason: Option<String>,
}

/// Which way a change went live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Deployment {
    /// The usual way.
    Normal,
    /// Past the usual way.
    Bypass,
}

impl Rollout {
    /// Checks what a caller says.
    ///
    /// # Errors
    /// `BAD_USER_INPUT` for a bypass without its reason.
    pub fn checked(&self) -> Result<Self> {
        let tried = validate::optional_text("tried", self.tried.as_deref())?;
        let reason = validate::optional_text("reason", self.reason.as_deref())?;
        match (self.deployed, &reason) {
            (Deployment::Bypass, None) => {
                Err(Error::invalid("reason", "Say why it could not go the usual way: whoever reads this afterwards will ask."))
            }
            (Deployment::Normal | Deployment::Bypass, _) => Ok(Self { tried, deployed: self.deployed, reason }),
        }
    }

    /// Adds it to an event's details.
    pub fn put(&self, details: &mut Option<Value>) {
        let details = details.get_or_insert_with(|| Value::Object(serde_json::Map::new()));
        details[KEY] = serde_json::to_value(self).unwrap_or_default();
    }

    /// What an event's details say of it.
    pub fn of(details: &Value) -> Option<Self> {
        Self::deserialize(details.get(KEY)?).ok()
    }

    /// For people.
    pub fn in_words(&self) -> String {
        let tried = self.tried.as_ref().map_or_else(|| "not tried before".to_owned(), |how| format!("tried: {how}"));
        let reason = self.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        match self.deployed {
            Deployment::Normal => format!("{tried}; deployed the usual way{reason}"),
            Deployment::Bypass => format!("{tried}; bypassed the usual deployment{reason}"),
        }
    }
}
