//! Forms without a vendor: what is asked, and what was filled in.
//!
//! The key of a field is the name of the use case's input that it fills, so that an error about that input is an error of that field. The
//! fields for the evidence of goals are named after them: [`FormKind::goal_field`].

use std::collections::BTreeMap;

use entity::IncidentId;

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

/// A form to fill in.
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
    /// A person: `me`, a name, an e-mail address or an id.
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
    pub(super) fn new(value: impl Into<String>, label: impl Into<String>) -> Self {
        Self { value: value.into(), label: label.into() }
    }
}

/// One thing that is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
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
}

impl Field {
    pub(super) fn new(key: impl Into<String>, label: impl Into<String>, kind: FieldKind) -> Self {
        Self { key: key.into(), label: label.into(), hint: None, kind, required: false, initial: Vec::new() }
    }

    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    pub(super) fn required(self) -> Self {
        Self { required: true, ..self }
    }

    pub(super) fn initially(self, value: impl Into<String>) -> Self {
        let value: String = value.into();
        Self { initial: Some(value).filter(|value| !value.is_empty()).into_iter().collect(), ..self }
    }
}

/// What was filled in, by field. A flag is set if it holds anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values(pub BTreeMap<String, Vec<String>>);

impl Values {
    /// What a field holds, unless it was left empty.
    pub(super) fn one(&self, key: &str) -> Option<&str> {
        self.many(key).first().map(String::as_str).filter(|value| !value.trim().is_empty())
    }

    /// All that a field holds.
    pub(super) fn many(&self, key: &str) -> &[String] {
        self.0.get(key).map_or(&[], Vec::as_slice)
    }

    /// Whether a flag is set.
    pub(super) fn is_set(&self, key: &str) -> bool {
        self.one(key).is_some()
    }
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
