//! Forms and answers, as any front end shows them: what a person is asked, and what they are told.
//!
//! The key of a field is the name of the use case's input that it fills, so that an error about that input is an error of that field. The
//! fields for the evidence of goals are named after them: [`FormKind::goal_field`].

use std::collections::BTreeMap;

use entity::{IncidentId, incident};

/// Which form. Its text is kept by chats until the form comes back: never rename one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FormKind {
    /// Report or declare an incident; with one, declare what was reported.
    Declare,
    /// Say how it stands, for everybody.
    Update,
    /// Say that it is over.
    Resolve,
    /// Say what became of the step with this key.
    Step(String),
}

/// What comes before the key of a step.
const STEP: &str = "step:";

impl FormKind {
    /// Reads what [`Display`](std::fmt::Display) wrote.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "declare" => Some(Self::Declare),
            "update" => Some(Self::Update),
            "resolve" => Some(Self::Resolve),
            _ => text.strip_prefix(STEP).filter(|key| !key.is_empty()).map(|key| Self::Step(key.to_owned())),
        }
    }

    /// The field with the evidence for a goal.
    pub fn goal_field(goal: &str) -> String {
        format!("goal:{goal}")
    }
}

impl std::fmt::Display for FormKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Declare => f.write_str("declare"),
            Self::Update => f.write_str("update"),
            Self::Resolve => f.write_str("resolve"),
            Self::Step(key) => write!(f, "{STEP}{key}"),
        }
    }
}

/// A form to fill in. Its texts are plain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// Which.
    pub kind: FormKind,
    /// What it is for.
    pub title: String,
    /// What to know before filling it in, each a short paragraph.
    pub notes: Vec<String>,
    /// What is asked.
    pub fields: Vec<Field>,
    /// The incident it is about.
    pub incident: Option<IncidentId>,
    /// The incident's version when it was opened: what others change meanwhile is not overwritten.
    pub version: Option<i32>,
}

impl Form {
    /// A form about an incident as it is now.
    pub(crate) fn about(incident: &incident::Model, kind: FormKind, title: String, notes: Vec<String>, fields: Vec<Field>) -> Self {
        Self { kind, title, notes, fields, incident: Some(incident.id), version: Some(incident.version) }
    }
}

/// One thing that is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name. ASCII.
    pub key: String,
    /// What is asked.
    pub label: String,
    /// How to answer.
    pub hint: Option<String>,
    /// What it takes.
    pub kind: FieldKind,
    /// Whether it must be filled in.
    pub required: bool,
    /// What it holds when the form opens.
    pub initial: Vec<String>,
    /// What is wrong with what was filled in, when the form is shown again.
    pub problem: Option<String>,
}

impl Field {
    pub(crate) fn new(key: impl Into<String>, label: impl Into<String>, kind: FieldKind) -> Self {
        Self { key: key.into(), label: label.into(), hint: None, kind, required: false, initial: Vec::new(), problem: None }
    }

    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    pub(crate) fn required(self) -> Self {
        Self { required: true, ..self }
    }

    pub(crate) fn initially(self, value: impl Into<String>) -> Self {
        let value: String = value.into();
        Self { initial: Some(value).filter(|value| !value.is_empty()).into_iter().collect(), ..self }
    }
}

/// What a field takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// One line.
    Text,
    /// Any number of lines.
    Lines,
    /// One of these.
    Choice(Vec<Choice>),
    /// Any of these.
    Many(Vec<Choice>),
    /// A person: `me`, a name, an e-mail address or an id. A chat that has people to choose gives their account, which becomes an id.
    Person,
    /// Yes or no.
    Flag,
}

/// One that can be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What comes back.
    pub value: String,
    /// What it is called.
    pub label: String,
}

impl Choice {
    pub(crate) fn new(value: impl Into<String>, label: impl Into<String>) -> Self {
        Self { value: value.into(), label: label.into() }
    }
}

/// What was filled in, by field. A flag is set if it holds anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values(pub BTreeMap<String, Vec<String>>);

impl Values {
    /// What a field holds, unless it was left empty.
    pub(crate) fn one(&self, key: &str) -> Option<&str> {
        self.many(key).first().map(String::as_str).filter(|value| !value.trim().is_empty())
    }

    /// All that a field holds.
    pub(crate) fn many(&self, key: &str) -> &[String] {
        self.0.get(key).map_or(&[], Vec::as_slice)
    }

    /// Whether a flag is set.
    pub(crate) fn is_set(&self, key: &str) -> bool {
        self.one(key).is_some()
    }
}

/// Who reads an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum To {
    /// Whoever asked.
    OnlyAsker,
    /// Everybody who works on the incident.
    Everybody,
}

/// What is said back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Short paragraphs and lines of lists, without anybody's markup.
    pub text: String,
    /// Who reads it.
    pub to: To,
    /// The incident it is about, as it is now.
    pub incident: Option<incident::Model>,
    /// What is still to be filled in.
    pub form: Option<Form>,
    /// Who wrote it, where others read it.
    pub by: Option<String>,
    /// The address at which all of it is, should a chat have to cut it.
    pub rest: Option<String>,
}

impl Answer {
    /// For whoever asked.
    pub fn quiet(text: impl Into<String>) -> Self {
        Self { text: text.into(), to: To::OnlyAsker, incident: None, form: None, by: None, rest: None }
    }

    /// For everybody who works on the incident.
    pub(crate) fn aloud(text: impl Into<String>, incident: incident::Model) -> Self {
        Self { to: To::Everybody, incident: Some(incident), ..Self::quiet(text) }
    }

    /// A form, for whoever asked.
    pub(crate) fn form(form: Form) -> Self {
        Self { form: Some(form.clone()), ..Self::quiet(form.title) }
    }

    /// The same about `incident`.
    pub(crate) fn about(self, incident: &incident::Model) -> Self {
        Self { incident: Some(incident.clone()), ..self }
    }
}

/// What somebody finds when they open the chat's page of Muster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Home {
    /// Its parts, in order.
    pub parts: Vec<HomePart>,
}

/// A list of it, under a title.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HomePart {
    /// Its title.
    pub title: String,
    /// What is on it.
    pub entries: Vec<HomeEntry>,
    /// What stands there if nothing is.
    pub otherwise: String,
}

/// Something on a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HomeEntry {
    /// A line or two.
    pub text: String,
    /// Where it is to be found in the console.
    pub url: Option<String>,
    /// What can be done about it at once.
    pub buttons: Vec<super::Button>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_read_as_it_was_written() {
        for kind in [FormKind::Declare, FormKind::Update, FormKind::Resolve, FormKind::Step("summary:2.1".into())] {
            assert_eq!(FormKind::parse(&kind.to_string()), Some(kind));
        }
        for other in ["", "step:", "Declare", "summary:2.1"] {
            assert_eq!(FormKind::parse(other), None, "{other}");
        }
    }
}
