//! How whoever turned to Muster is answered.

use entity::{Source, person};

use super::accounts::{self, Who, who};
use super::query;
use super::stop::{Stop, fingerprint};
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::incident::link;
use crate::ports::{Answer, Asker, Form, ReplyTo, TeamChat, To};

/// What somebody did, on its way to its answer.
pub(super) struct Turn<'a> {
    /// On behalf of Muster.
    pub ctx: &'a Ctx,
    pub chat: &'a dyn TeamChat,
    /// Who did it.
    pub by: &'a Asker,
    /// Names it for ever.
    pub id: &'a str,
    /// Where the answer goes.
    pub to: ReplyTo,
    /// Opens a form, for seconds.
    pub trigger: Option<&'a str>,
}

impl Turn<'_> {
    /// The person who did it; `None` once they were told why that is nobody, or were invited to say who they are.
    pub async fn person(&self) -> Result<Option<person::Model>, Stop> {
        match who(self.ctx, self.chat, self.by).await? {
            Who::Known(person) => Ok(Some(*person)),
            Who::Denied(why) => {
                self.say(&Answer::quiet(why)).await;
                Ok(None)
            }
            Who::Unknown => {
                self.invite().await?;
                Ok(None)
            }
        }
    }

    /// Invites whoever is not known to say who they are.
    pub async fn invite(&self) -> Result<(), Stop> {
        let link = accounts::invite(self.ctx, self.by).await?;
        let text = format!("Muster does not know you yet. If you have an account there, sign in and say that this is you: {link}");
        self.say(&Answer::quiet(text)).await;
        Ok(())
    }

    /// The call, on their behalf.
    pub fn on_behalf_of(&self, person: &person::Model) -> Ctx {
        self.ctx.on_behalf_of(person).by_way_of(Source::Slack)
    }

    /// The key under which the use cases do it once.
    pub fn key(&self) -> String {
        fingerprint(self.id)
    }

    /// Says what came of it, or opens what is asked next.
    pub async fn finish(&self, outcome: Result<Answer>) -> Result<(), Stop> {
        let answer = match outcome {
            Ok(answer) => answer,
            Err(error) => in_words(error)?,
        };
        match (&answer.form, self.trigger) {
            (Some(form), Some(trigger)) => self.open(trigger, form).await,
            _ => self.say(&answer).await,
        }
        Ok(())
    }

    async fn open(&self, trigger: &str, form: &Form) {
        if let Err(refusal) = self.chat.open_form(trigger, form).await {
            tracing::warn!(reason = refusal.reason(), "a form could not be opened in the chat");
            self.say(&Answer::quiet(format!("I can't open the form. {}", refusal.reason()))).await;
        }
    }

    /// Says it: what everybody should know in the channel of its incident, and nowhere else. Where too many people read that, it is said to
    /// the asker alone.
    pub async fn say(&self, answer: &Answer) {
        let rest = answer.incident.as_ref().map_or_else(|| self.ctx.config.public_url.clone(), |incident| link(self.ctx, incident));
        let quietly = Answer { to: To::OnlyAsker, rest: Some(rest), ..answer.clone() };
        let channel = match (answer.to, &answer.incident) {
            (To::Everybody, Some(incident)) => query::channel_of(self.ctx, incident).await.ok().flatten(),
            (To::Everybody, None) | (To::OnlyAsker, _) => None,
        };
        let Some(channel) = channel else { return self.tell(&self.to, &quietly).await };
        let aloud = Answer { to: To::Everybody, by: Some(self.author().await), ..quietly.clone() };
        if Some(&channel) == self.to.channel.as_ref() {
            return self.tell(&self.to, &aloud).await;
        }
        if self.to.form.is_none() {
            self.tell(&self.to, &quietly).await;
        }
        self.tell(&ReplyTo { channel: Some(channel), address: None, ..self.to.clone() }, &aloud).await;
    }

    /// What others call whoever did it.
    async fn author(&self) -> String {
        let known = accounts::by_account(self.ctx, &self.by.account).await.ok().flatten();
        known.map_or_else(|| self.by.name.clone(), |person| person.name)
    }

    /// What was done stays done if nobody hears of it.
    async fn tell(&self, to: &ReplyTo, answer: &Answer) {
        if let Err(refusal) = self.chat.answer(to, answer).await {
            tracing::warn!(reason = refusal.reason(), "an answer could not be given in the chat");
        }
    }
}

/// What people are told of a refusal. A failure of Muster's is tried again instead.
pub(super) fn in_words(error: Error) -> Result<Answer, Stop> {
    match error {
        Error::Unavailable(_) | Error::Unrecorded { .. } | Error::KeyTaken | Error::AlreadyThere => Err(Stop::Failed(error)),
        Error::Internal(_) => {
            error.log("could not do what somebody asked for in the chat");
            Ok(Answer::quiet("Something went wrong inside Muster. Do it in the console, and tell whoever looks after Muster."))
        }
        error => Ok(Answer::quiet(error.to_string())),
    }
}
