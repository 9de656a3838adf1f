//! Tests the connection without changing anything: whose token it is, what it may do, and whether Slack reaches us.

use chrono::{DateTime, Duration};
use domain::clock::{Clock, SystemClock};
use domain::ports::{Finding, Refusal};
use reqwest::header::{DATE, HeaderMap};

use super::channel::One;
use super::errors::Trouble;
use super::{Identity, SCOPES, SlackOutlet};

/// Slack's signatures are good for five minutes.
const APART: Duration = Duration::minutes(4);

impl SlackOutlet {
    pub(super) async fn findings(&self) -> Vec<Finding> {
        let (us, headers) = match self.wire.ask::<Identity>("auth.test", None).await {
            Ok(known) => known,
            Err(trouble) => return vec![finding("Slack accepts the bot's token", Some(reason(trouble)))],
        };
        let mut findings = vec![
            finding(&format!("The bot's token is good for the workspace {}", us.team), None),
            finding("The app has the scopes that it needs", lacking(&headers)),
            finding("This machine's clock agrees with Slack's", apart(&headers)),
            finding("The app sees the channel for notices to everybody", self.problem_of_general().await),
        ];
        if self.app_token.is_some() {
            findings.push(finding("Slack gives out a socket", self.ticket().await.err().map(|refusal| refusal.reason().to_owned())));
        }
        findings
    }

    async fn problem_of_general(&self) -> Option<String> {
        let channel = &self.general_channel;
        match self.about(channel).await {
            Ok(One { channel: known }) if known.is_archived => Some(format!("#{} is archived: set slack.general_channel.", known.name)),
            Ok(One { channel: known }) if known.is_member == Some(false) => {
                Some(format!("The app is not in #{}: invite it there.", known.name))
            }
            Ok(_) => None,
            Err(trouble) if trouble.is(&["channel_not_found"]) => Some(format!(
                "There is no channel {channel}, or the app may not see it: set slack.general_channel to the id at the end of the channel's details."
            )),
            Err(trouble) => Some(reason(trouble)),
        }
    }
}

/// Scopes that the answer's headers do not name.
fn lacking(headers: &HeaderMap) -> Option<String> {
    let given = headers.get("x-oauth-scopes")?.to_str().ok()?;
    let given: Vec<&str> = given.split(',').map(str::trim).collect();
    let lacking: Vec<&str> = SCOPES.into_iter().filter(|scope| !given.contains(scope)).collect();
    let message = || format!("It lacks {}: add them under “OAuth & Permissions”, and install the app again.", lacking.join(", "));
    (!lacking.is_empty()).then(message)
}

fn apart(headers: &HeaderMap) -> Option<String> {
    let there = DateTime::parse_from_rfc2822(headers.get(DATE)?.to_str().ok()?).ok()?;
    let apart = SystemClock.now().signed_duration_since(there);
    let way = if apart < Duration::zero() { "behind" } else { "ahead of" };
    let seconds = apart.num_seconds().abs();
    let message = || format!("It is {seconds} seconds {way} Slack's: what Slack signs is refused after five minutes. Set the clock.");
    (apart.abs() > APART).then(message)
}

fn finding(what: &str, problem: Option<String>) -> Finding {
    Finding { what: what.to_owned(), problem }
}

fn reason(trouble: Trouble) -> String {
    Refusal::from(trouble).reason().to_owned()
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn what_is_missing_is_named() {
        let name = HeaderName::from_static("x-oauth-scopes");
        let headers = |scopes: &str| HeaderMap::from_iter([(name.clone(), HeaderValue::from_str(scopes).unwrap())]);
        let some = SCOPES.iter().filter(|scope| **scope != "pins:write").copied().collect::<Vec<_>>().join(", ");
        assert!(lacking(&headers(&some)).is_some_and(|told| told.contains("pins:write") && !told.contains("groups:read")));
        assert_eq!(lacking(&headers(&SCOPES.join(","))), None);
        let late = HeaderMap::from_iter([(DATE, HeaderValue::from_static("Wed, 21 Oct 2015 07:28:00 GMT"))]);
        assert!(apart(&late).is_some_and(|told| told.contains("ahead")));
    }
}
