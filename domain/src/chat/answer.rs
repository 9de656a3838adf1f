//! What is said back.

use entity::incident;

use super::form::Form;

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
}

impl Answer {
    /// For whoever asked.
    pub(super) fn quiet(text: impl Into<String>) -> Self {
        Self { text: text.into(), to: To::OnlyAsker, incident: None, form: None }
    }

    /// For everybody who works on the incident.
    pub(super) fn aloud(text: impl Into<String>, incident: incident::Model) -> Self {
        Self { text: text.into(), to: To::Everybody, incident: Some(incident), form: None }
    }

    /// A form, for whoever asked.
    pub(super) fn form(form: Form) -> Self {
        Self { form: Some(form.clone()), ..Self::quiet(form.title) }
    }

    /// The same about `incident`.
    pub(super) fn about(self, incident: &incident::Model) -> Self {
        Self { incident: Some(incident.clone()), ..self }
    }
}

/// A heading and a line for each of `lines`, or `none` if there are none.
pub(super) fn listed(heading: &str, lines: &[String], none: &str) -> String {
    if lines.is_empty() {
        return none.to_owned();
    }
    let lines: Vec<String> = lines.iter().map(|line| format!("- {line}")).collect();
    format!("{heading}\n{}", lines.join("\n"))
}
