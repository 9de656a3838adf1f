//! Slack: the team's chat (S1).

use std::sync::Arc;

use api::SlackHook;
use document::Press;
use domain::config::{ChatRules, Config};
use entity::System;
use worker::outlets::client::base_url;
use worker::outlets::slack::{SLACK as ADDRESS, SlackEar, SlackOutlet, SlackSettings};

use super::{BY_HAND, Connector, Entry, Offer};
use crate::settings::{Secret, Source};

/// Slack.
pub const SLACK: Entry = Entry {
    system: System::Slack,
    about: "The team's chat",
    needs: "slack.bot_token and slack.general_channel",
    docs: "docs/integrations/slack.md",
    without: BY_HAND,
    read: |source| Arc::new(Slack::read(source)),
};

struct Slack {
    connection: Option<SlackSettings>,
    /// What it signs with when it posts; none: nothing may be posted.
    signing_secret: Option<Secret>,
    rules: ChatRules,
}

impl Slack {
    fn read(source: &mut Source<'_>) -> Self {
        let (connection, signing_secret, rules) = (connection(source), source.secret("slack.signing_secret"), rules(source));
        if connection.is_none() && signing_secret.is_some() {
            source.problem("slack.signing_secret", "is of no use without slack.bot_token");
        }
        Self { connection, signing_secret, rules }
    }
}

fn connection(source: &mut Source<'_>) -> Option<SlackSettings> {
    let base_url = address(source);
    let bot_token = token(source, "slack.bot_token", "xoxb-", "under “OAuth & Permissions”");
    let app_token = token(source, "slack.app_token", "xapp-", "under “Basic Information”");
    let general_channel = source.filled("slack.general_channel");
    let is_id = |id: &str| id.starts_with(['C', 'G']) && id.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    if general_channel.as_deref().is_some_and(|id| !is_id(id)) {
        source.problem("slack.general_channel", "must be the id of a channel, such as C0123ABCD, which stands at the end of its details");
    }
    match (bot_token, general_channel) {
        (Some(bot_token), Some(general_channel)) => Some(SlackSettings { bot_token, app_token, general_channel, base_url }),
        (Some(_), None) => {
            source.problem("slack.general_channel", "is needed as well as slack.bot_token");
            None
        }
        (None, general_channel) => {
            if general_channel.is_some() || app_token.is_some() {
                source.problem("slack.bot_token", "is needed as well: Slack is connected by the bot's token");
            }
            None
        }
    }
}

/// A token as Slack shows it.
fn token(source: &mut Source<'_>, key: &str, beginning: &str, place: &str) -> Option<String> {
    let token = source.filled(key)?;
    if !token.starts_with(beginning) || !token.chars().all(|c| c.is_ascii_graphic()) {
        source.problem(key, format_args!("must begin with {beginning}, as Slack shows it {place}"));
    }
    Some(token)
}

fn address(source: &mut Source<'_>) -> String {
    let given = source.filled("slack.base_url").unwrap_or_else(|| ADDRESS.to_owned());
    if let Err(problem) = base_url(&given) {
        source.problem("slack.base_url", problem);
    }
    given
}

fn rules(source: &mut Source<'_>) -> ChatRules {
    let mut one_of = |key: &str, usual: &str, other: &str| match source.filled(key).as_deref() {
        None => false,
        Some(given) if given == usual => false,
        Some(given) if given == other => true,
        Some(_) => {
            source.problem(key, format_args!("must be {usual} or {other}"));
            false
        }
    };
    ChatRules { captures_all: one_of("slack.capture", "picked", "all"), admits_newcomers: one_of("slack.newcomers", "nobody", "viewer") }
}

impl Connector for Slack {
    fn is_connected(&self) -> bool {
        self.connection.is_some()
    }

    fn connect(&self, _: &Arc<Press>) -> Result<Option<Offer>, String> {
        let Some(connection) = &self.connection else { return Ok(None) };
        let slack = Arc::new(SlackOutlet::connect(connection)?);
        Ok(Some(Offer { chat: Some(slack.clone()), socket: Some(slack.clone()), ..Offer::of(slack) }))
    }

    fn notes(&self) -> Vec<String> {
        let Some(connection) = &self.connection else { return Vec::new() };
        let note = match (&connection.app_token, &self.signing_secret) {
            (None, None) => {
                "neither slack.app_token nor slack.signing_secret is set: Muster writes to Slack, but commands, buttons and messages there do \
                 not reach it."
            }
            (Some(_), Some(_)) => {
                "slack.app_token and slack.signing_secret are both set: as long as socket mode is on for the app, Slack uses the socket alone."
            }
            _ => return Vec::new(),
        };
        vec![note.to_owned()]
    }

    fn configure(&self, config: &mut Config) {
        config.chat = self.rules;
    }

    fn admit(&self, api: &mut api::Settings) {
        api.slack = self.signing_secret.as_ref().map(|secret| SlackHook { secret: secret.0.clone(), ear: Arc::new(SlackEar) });
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn slack(file: &str) -> Result<Slack, Vec<String>> {
        Source::read("muster.toml", &format!("[slack]\n{file}"), &BTreeMap::new(), Slack::read)
    }

    const CONNECTED: &str = "bot_token = 'xoxb-hunter2'\ngeneral_channel = 'C0123ABCD'\n";

    #[test]
    fn slack_is_connected_by_token_and_channel() {
        let by_socket = slack(&format!("{CONNECTED}app_token = 'xapp-hunter3'")).unwrap();
        assert!(by_socket.is_connected() && by_socket.notes().is_empty());
        assert_eq!(by_socket.connection.as_ref().map(|connection| connection.base_url.as_str()), Some(ADDRESS));
        let by_both = slack(&format!("{CONNECTED}app_token = 'xapp-hunter3'\nsigning_secret = 'hunter4hunter4hunter4'")).unwrap();
        assert!(by_both.notes()[0].contains("both"));
        assert!(slack(CONNECTED).unwrap().notes()[0].contains("neither"));
        assert!(!slack("").unwrap().is_connected());
    }

    #[test]
    fn what_is_taken_from_slack_is_chosen_in_words() {
        let rules = |file: &str| slack(file).map(|slack| slack.rules);
        assert_eq!(rules(""), Ok(ChatRules { captures_all: false, admits_newcomers: false }));
        assert_eq!(rules("capture = 'all'\nnewcomers = 'viewer'"), Ok(ChatRules { captures_all: true, admits_newcomers: true }));
        assert!(rules("capture = 'some'").is_err());
    }

    #[test]
    fn what_is_wrong_with_slack_is_told_without_its_secrets() {
        for wrong in [
            "bot_token = 'xoxb-hunter2'",
            "general_channel = 'C0123ABCD'",
            "app_token = 'xapp-hunter3'",
            "signing_secret = 'hunter4hunter4hunter4'",
            "bot_token = 'xapp-hunter2'\ngeneral_channel = 'C1'",
            "bot_token = 'xoxb-hunter2'\ngeneral_channel = '#general'",
            &format!("{CONNECTED}base_url = 'http://example.org'"),
        ] {
            let problems = slack(wrong).err().unwrap();
            assert!(problems.len() == 1 && !problems[0].contains("hunter"), "{wrong}: {problems:?}");
        }
    }
}
