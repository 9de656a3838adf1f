//! Saying in words what is to be done: for the command line, and whatever else has no pages.

use async_graphql::{Context, Description, ID, InputObject, Object, SimpleObject};
use domain::Error;
use domain::chat::{self, FormKind, Mentions, Values};

use super::object::CommandAnswer;
use crate::graphql::context::ctx;
use crate::graphql::error::ApiResult;
use crate::graphql::scalars::optional_id;

/// A command.
#[derive(InputObject)]
pub struct RunCommandInput {
    /// What is to be done, such as `severity major because half of it is down`. `help` explains all commands. A reference at its beginning
    /// names the incident, as in `INC-7 next`.
    text: String,
    /// The incident it is about, unless the text names one.
    incident_id: Option<ID>,
    /// Repeating a key writes nothing a second time where the command writes something new: an incident, an update, an event.
    idempotency_key: Option<String>,
}

/// A form that was filled in.
#[derive(InputObject)]
pub struct SubmitCommandFormInput {
    /// The form's `kind`.
    kind: String,
    /// The form's `incidentId`.
    incident_id: Option<ID>,
    /// The form's `version`: what others changed since is not overwritten.
    version: Option<i32>,
    /// What was filled in. Fields that are left out count as empty.
    values: Vec<CommandValueInput>,
    /// Repeating a key writes nothing a second time where the form writes something new.
    idempotency_key: Option<String>,
}

/// What a field holds.
#[derive(InputObject)]
pub struct CommandValueInput {
    /// The field.
    key: String,
    /// What it holds: one value, or several where many can be chosen.
    values: Vec<String>,
}

/// The answer to a command.
#[derive(SimpleObject)]
pub struct CommandPayload {
    /// What it came to.
    answer: CommandAnswer,
}

impl From<chat::Answer> for CommandPayload {
    fn from(answer: chat::Answer) -> Self {
        Self { answer: answer.into() }
    }
}

/// Mutations in words.
#[derive(Default, Description)]
pub struct CommandMutation;

#[Object(use_type_description)]
impl CommandMutation {
    /// Carries out a command in words, with the rights of the caller.
    async fn run_command(&self, gql: &Context<'_>, #[graphql(desc = "The command.")] input: RunCommandInput) -> ApiResult<CommandPayload> {
        let incident = optional_id("incidentId", input.incident_id.as_ref())?;
        let (mentions, key) = (Mentions::default(), input.idempotency_key.as_deref());
        Ok(Box::pin(chat::run(ctx(gql), incident, &input.text, &mentions, key)).await?.into())
    }

    /// Carries out a form that a command asked to be filled in. An error's `field` is one of the form.
    async fn submit_command_form(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What was filled in.")] input: SubmitCommandFormInput,
    ) -> ApiResult<CommandPayload> {
        let kind = FormKind::parse(&input.kind).ok_or_else(|| Error::invalid("kind", "There is no such form: take kind from the form."))?;
        let incident = optional_id("incidentId", input.incident_id.as_ref())?;
        let values = Values(input.values.into_iter().map(|value| (value.key, value.values)).collect());
        let submitted = chat::submit(ctx(gql), &kind, incident, input.version, &values, input.idempotency_key.as_deref());
        Ok(Box::pin(submitted).await?.into())
    }
}
