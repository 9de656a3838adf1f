//! How people are answered: in the form that they filled in, at the address that came with what they did, or by a message to them.

use std::time::Duration;

use async_trait::async_trait;
use domain::clock::{Clock, SystemClock};
use domain::ports::{Answer, ChatReplies, Form, Home, Refusal, ReplyTo, SentForm, To};
use serde_json::{Value, json};

use super::pace::POST;
use super::{SlackOutlet, blocks, forms};

/// How long Slack may take to show what a form was acknowledged with, which would take the place of whatever we show sooner.
const SETTLING: Duration = Duration::from_millis(500);
/// Errors of a form that was closed meanwhile.
const CLOSED: [&str; 2] = ["not_found", "view_not_found"];
/// Errors of a channel that we can't write in; the address of a command can.
const CLOSED_TO_US: [&str; 3] = ["not_in_channel", "channel_not_found", "is_archived"];

#[async_trait]
impl ChatReplies for SlackOutlet {
    async fn open_form(&self, trigger: &str, form: &Form) -> Result<(), Refusal> {
        Ok(self.say("views.open", json!({ "trigger_id": trigger, "view": forms::view(form) })).await?)
    }

    async fn reshow_form(&self, to: &ReplyTo, form: &Form) -> Result<(), Refusal> {
        let Some(shown) = &to.form else { return Err(Refusal::Never("There is no form to show again.".to_owned())) };
        let is_open = self.show(shown, forms::view(form)).await?;
        if is_open { Ok(()) } else { Err(Refusal::Never("The form was closed meanwhile.".to_owned())) }
    }

    async fn answer(&self, to: &ReplyTo, answer: &Answer) -> Result<(), Refusal> {
        let body = blocks::answer(answer);
        let is_shown = match &to.form {
            Some(form) => self.show(form, forms::note(&answer.text, answer.rest.as_deref())).await?,
            None => false,
        };
        match answer.to {
            To::Everybody if self.said_in(to, &body).await? => Ok(()),
            _ if is_shown => Ok(()),
            _ => self.whispered(to, body).await,
        }
    }

    async fn publish_home(&self, account: &str, home: &Home) -> Result<(), Refusal> {
        Ok(self.say("views.publish", json!({ "user_id": account, "view": blocks::home(home) })).await?)
    }
}

impl SlackOutlet {
    /// Shows something in the place of a form; `false` if that was closed.
    async fn show(&self, form: &SentForm, view: Value) -> Result<bool, Refusal> {
        let since = (SystemClock.now() - form.at).to_std().unwrap_or_default();
        tokio::time::sleep(SETTLING.saturating_sub(since)).await;
        match self.say("views.update", json!({ "view_id": form.id, "view": view })).await {
            Ok(()) => Ok(true),
            Err(trouble) if trouble.is(&CLOSED) => Ok(false),
            Err(trouble) => Err(trouble.into()),
        }
    }

    /// Says something to everybody in the channel where it was asked; `false` if there is no way.
    async fn said_in(&self, to: &ReplyTo, body: &Value) -> Result<bool, Refusal> {
        if let Some(channel) = &to.channel {
            let mut message = body.clone();
            message["channel"] = channel.as_str().into();
            match self.say(POST, message).await {
                Ok(()) => return Ok(true),
                Err(trouble) if trouble.is(&CLOSED_TO_US) => {}
                Err(trouble) => return Err(trouble.into()),
            }
        }
        let Some(address) = &to.address else { return Ok(false) };
        let mut message = body.clone();
        message["response_type"] = "in_channel".into();
        message["replace_original"] = false.into();
        Ok(self.wire.respond(address, &message).await?)
    }

    /// Says something to whoever asked: there, or else by a message to them.
    async fn whispered(&self, to: &ReplyTo, mut body: Value) -> Result<(), Refusal> {
        if let Some(address) = &to.address {
            let mut message = body.clone();
            message["response_type"] = "ephemeral".into();
            message["replace_original"] = false.into();
            if self.wire.respond(address, &message).await? {
                return Ok(());
            }
        }
        body["channel"] = to.account.as_str().into();
        Ok(self.say(POST, body).await?)
    }
}
