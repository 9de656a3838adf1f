//! What a command answers.

use async_graphql::{Enum, ID, SimpleObject};
use domain::chat::{Answer, Choice, Field, FieldKind, Form, To};

use crate::graphql::incident::Incident;

/// What a command came to.
#[derive(SimpleObject)]
pub struct CommandAnswer {
    /// What to say: short paragraphs and lines of lists, in plain text.
    text: String,
    /// Whether it concerns everybody who works on the incident, rather than whoever asked.
    concerns_everybody: bool,
    /// The incident it is about, at its new version.
    incident: Option<Incident>,
    /// What is still to be filled in; send it with `submitCommandForm`.
    form: Option<CommandForm>,
}

impl From<Answer> for CommandAnswer {
    fn from(answer: Answer) -> Self {
        Self {
            text: answer.text,
            concerns_everybody: answer.to == To::Everybody,
            incident: answer.incident.map(Into::into),
            form: answer.form.map(Into::into),
        }
    }
}

/// A form to fill in.
#[derive(SimpleObject)]
pub struct CommandForm {
    /// Which form.
    kind: String,
    /// What it is for.
    title: String,
    /// What to know before filling it in.
    notes: Vec<String>,
    /// What is asked.
    fields: Vec<CommandField>,
    /// The incident it is about.
    incident_id: Option<ID>,
    /// The incident's version when the form was opened: what others change meanwhile is not overwritten.
    version: Option<i32>,
}

impl From<Form> for CommandForm {
    fn from(form: Form) -> Self {
        Self {
            kind: form.kind.to_string(),
            title: form.title,
            notes: form.notes,
            fields: form.fields.into_iter().map(Into::into).collect(),
            incident_id: form.incident.map(|id| id.to_string().into()),
            version: form.version,
        }
    }
}

/// What a field of a form takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum CommandFieldKind {
    /// One line.
    Text,
    /// Any number of lines.
    Lines,
    /// One of its choices.
    Choice,
    /// Any of its choices.
    Many,
    /// A person: `me`, a name, an e-mail address or an id.
    Person,
    /// Anything for yes, nothing for no.
    Flag,
}

/// One thing that a form asks.
#[derive(SimpleObject)]
pub struct CommandField {
    /// Its name.
    key: String,
    /// What is asked.
    label: String,
    /// How to answer.
    hint: Option<String>,
    /// What it takes.
    kind: CommandFieldKind,
    /// What can be chosen; nothing for other kinds.
    choices: Vec<CommandChoice>,
    /// Whether it must be filled in.
    required: bool,
    /// What it holds when the form opens.
    initial: Vec<String>,
}

impl From<Field> for CommandField {
    fn from(field: Field) -> Self {
        let (kind, choices) = match field.kind {
            FieldKind::Text => (CommandFieldKind::Text, Vec::new()),
            FieldKind::Lines => (CommandFieldKind::Lines, Vec::new()),
            FieldKind::Choice(choices) => (CommandFieldKind::Choice, choices),
            FieldKind::Many(choices) => (CommandFieldKind::Many, choices),
            FieldKind::Person => (CommandFieldKind::Person, Vec::new()),
            FieldKind::Flag => (CommandFieldKind::Flag, Vec::new()),
        };
        let choices = choices.into_iter().map(|Choice { value, label }| CommandChoice { value, label }).collect();
        Self { key: field.key, label: field.label, hint: field.hint, kind, choices, required: field.required, initial: field.initial }
    }
}

/// What can be chosen.
#[derive(SimpleObject)]
pub struct CommandChoice {
    /// What to send.
    value: String,
    /// What it is called.
    label: String,
}
