//! What Slack's refusals mean, in one table. They come with the status 200:
//!
//! | error | on a change | on a read |
//! | --- | --- | --- |
//! | the token is wrong, revoked or of a closed account | locked, until it is fixed | same |
//! | `ratelimited`, `rate_limited` | later, after `Retry-After` | same |
//! | Slack is busy or moves house | later | same |
//! | `fatal_error`, `internal_error`: some of it may have been done | unclear | later |
//! | `missing_scope` | never, with the scope that is missing | same |
//! | all others | never, with the error in words | same |

use std::time::Duration;

use domain::ports::Refusal;

use crate::outlets::client::Failed;

/// The pause if Slack asks for one and does not say how long.
const PAUSE: Duration = Duration::from_secs(10);

/// A call that did not do what was asked.
#[derive(Debug)]
pub(super) enum Trouble {
    /// Without an answer of Slack's own.
    Failed(Failed),
    /// Slack refused it.
    Refused(Refused),
}

/// What Slack says when it refuses a call.
#[derive(Debug)]
pub(super) struct Refused {
    /// Its name for it.
    pub error: String,
    /// The scope that is missing, if that is why.
    pub needed: Option<String>,
    /// What it adds, for people.
    pub details: String,
    /// The pause that it asks for.
    pub after: Option<Duration>,
    /// Whether the call was meant to change something.
    pub changes: bool,
}

impl Trouble {
    /// Whether Slack refused it with one of these errors.
    pub fn is(&self, errors: &[&str]) -> bool {
        matches!(self, Self::Refused(refused) if errors.contains(&refused.error.as_str()))
    }

    /// What people should put right although everything else can go on: a refusal for good.
    pub fn problem(self) -> Result<String, Refusal> {
        match self.into() {
            Refusal::Never(reason) => Ok(reason),
            other => Err(other),
        }
    }
}

impl From<Failed> for Trouble {
    fn from(failed: Failed) -> Self {
        Self::Failed(failed)
    }
}

impl From<Trouble> for Refusal {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Failed(failed) => failed.into(),
            Trouble::Refused(refused) => refused.into(),
        }
    }
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        let Refused { error, needed, details, after, changes } = refused;
        let details = if details.is_empty() { details } else { format!(" ({details})") };
        match error.as_str() {
            "invalid_auth"
            | "not_authed"
            | "token_revoked"
            | "token_expired"
            | "account_inactive"
            | "not_allowed_token_type"
            | "team_access_not_granted"
            | "org_login_required"
            | "app_access_restricted" => Self::Locked(format!(
                "Slack does not accept Muster's token, saying “{error}”. Fix slack.bot_token (and slack.app_token); Muster then resumes automatically."
            )),
            "ratelimited" | "rate_limited" | "message_limit_exceeded" => Self::Later {
                reason: format!("Slack accepts no more requests of this kind for now ({error})."),
                after: Some(after.unwrap_or(PAUSE)),
            },
            "service_unavailable" | "request_timeout" | "team_added_to_org" | "external_channel_migrating" => {
                Self::Later { reason: format!("Slack can't do it at the moment ({error})."), after }
            }
            "fatal_error" | "internal_error" if changes => {
                Self::Unclear(format!("Slack failed ({error}): it may or may not have been done."))
            }
            "fatal_error" | "internal_error" => Self::Later { reason: format!("Slack failed ({error})."), after },
            "missing_scope" => {
                let scope = needed.unwrap_or_else(|| "that this needs".to_owned());
                Self::Never(format!(
                    "Muster's app lacks the scope {scope} in Slack: add it under “OAuth & Permissions”, install the app again, and try again."
                ))
            }
            _ => Self::Never(match words(&error) {
                Some(words) => format!("{words} ({error})."),
                None => format!("Slack refused it, saying “{error}”{details}."),
            }),
        }
    }
}

/// What people make of an error more easily than of its name.
fn words(error: &str) -> Option<&'static str> {
    Some(match error {
        "channel_not_found" => "There is no such channel in Slack, or Muster's app may not see it: invite the app into it",
        "not_in_channel" => "Muster's app is not in this channel of Slack: invite it",
        "is_archived" => "The channel is archived in Slack",
        "restricted_action" | "cannot_create_channel" => "The workspace's settings do not let Muster's app do that in Slack",
        "user_not_found" | "users_not_found" => "Slack knows no such account, or it was closed",
        "expired_trigger_id" | "exchanged_trigger_id" | "invalid_trigger_id" => {
            "It took too long until Muster could open the form: try once more"
        }
        "messages_tab_disabled" => "Messages of Muster's app are turned off in Slack: enable its messages tab under “App Home”",
        "team_access_denied" | "enterprise_is_restricted" => "The organisation does not let Muster's app into this workspace of Slack",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(error: &str, changes: bool) -> Refusal {
        let needed = (error == "missing_scope").then(|| "pins:write".to_owned());
        Refused { error: error.to_owned(), needed, details: String::new(), after: None, changes }.into()
    }

    #[test]
    fn each_error_means_one_thing() {
        for error in ["invalid_auth", "token_revoked", "account_inactive"] {
            assert!(matches!(refused(error, true), Refusal::Locked(reason) if reason.contains("slack.bot_token")), "{error}");
        }
        for error in ["ratelimited", "rate_limited"] {
            assert!(matches!(refused(error, true), Refusal::Later { after: Some(PAUSE), .. }), "{error}");
        }
        for error in ["fatal_error", "internal_error"] {
            assert!(matches!(refused(error, true), Refusal::Unclear(_)), "{error}");
            assert!(matches!(refused(error, false), Refusal::Later { .. }), "{error}");
        }
        assert!(refused("missing_scope", true).reason().contains("pins:write"));
        for error in ["channel_not_found", "something_new"] {
            assert!(matches!(refused(error, true), Refusal::Never(reason) if reason.contains(error)), "{error}");
        }
    }
}
