//! What became of a step of the playbook.

use std::sync::Arc;

use entity::incident;

use super::filled::Filled;
use crate::authz::Right;
use crate::chat::answer::Answer;
use crate::chat::form::{Choice, Field, FieldKind, Form, FormKind};
use crate::chat::phrases::due;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::incident::{self as incidents, Listed};
use crate::limits;
use crate::playbook::Rule;

/// The field of the form that says what became of the step.
pub const OUTCOME: &str = "outcome";
const DONE: &str = "DONE";
/// The outcome that drops the step.
pub const NOT_NEEDED: &str = "NOT_NEEDED";
/// How the outcomes begin that put it off.
pub const NOT_NOW: &str = "NOT_NOW";

/// Opens the form of a step.
pub(in crate::chat) async fn open(ctx: &Ctx, incident: &incident::Model, step: &Listed) -> Result<Answer> {
    ctx.require(Right::Respond)?;
    let mut notes = vec![step.why.clone(), format!("It is {}.", due(step, &ctx.playbook()))];
    let is_done_elsewhere = step.rule.is_some_and(|rule| rule.done_by().is_some());
    if is_done_elsewhere {
        notes.push(match step.rule.and_then(command_for) {
            Some(command) => format!("It is done with “{command}”."),
            None => format!("It is done in the console: {}", incidents::link(ctx, incident)),
        });
    }
    let done = (!is_done_elsewhere).then(|| Choice::new(DONE, "Done, or decided"));
    let later = limits::SNOOZE_MINUTES.map(|minutes| Choice::new(not_now(minutes), format!("Not now: remind again in {minutes} minutes")));
    // Of what nobody was reminded there is nothing to put off.
    let later = later.into_iter().filter(|_| step.reminded_at.is_some());
    let outcomes: Vec<Choice> = done.into_iter().chain(later).chain([Choice::new(NOT_NEEDED, "Not needed")]).collect();
    let first = outcomes[0].value.clone();
    let fields = vec![
        Field::new(OUTCOME, "What became of it?", FieldKind::Choice(outcomes)).required().initially(first),
        Field::new("note", "What was decided, and why?", FieldKind::Lines).hint("Needed for all but what was simply done."),
    ];
    let form = Form::about(incident, FormKind::Step(step.key.clone()), step.title.clone(), notes, fields);
    Ok(Answer::form(form).about(incident))
}

/// The outcome that puts a step off.
fn not_now(minutes: i64) -> String {
    format!("{NOT_NOW}_{minutes}")
}

/// Settles the step, or puts it off.
pub(super) async fn submit(filled: &Filled<'_>, step: &str) -> Result<Answer> {
    let outcome = filled.text(OUTCOME);
    if let Some(minutes) = limits::SNOOZE_MINUTES.into_iter().find(|minutes| not_now(*minutes) == outcome) {
        let incident = incidents::snooze_step(filled.ctx, filled.incident()?, step, minutes, filled.text("note")).await?;
        return Ok(Answer::aloud(format!("Not now: Muster reminds again in {minutes} minutes."), incident));
    }
    let waive = match outcome {
        DONE => false,
        NOT_NEEDED => true,
        _ => return Err(Error::invalid(OUTCOME, "outcome must be one of those that the form has.")),
    };
    let incident = incidents::settle_step(filled.ctx, filled.incident()?, step, waive, filled.values.one("note")).await?;
    let steps = incidents::steps_of(filled.ctx, &[Arc::new(incident.clone())], true).await?.remove(&incident.id).unwrap_or_default();
    let title = steps.into_iter().find(|known| known.key == step).map_or_else(|| step.to_owned(), |known| known.title);
    Ok(Answer::aloud(format!("{}: {title}", if waive { "Not needed" } else { "Done" }), incident))
}

/// What to write to do a step of this rule, if a command does it.
pub fn command_for(rule: Rule) -> Option<&'static str> {
    Some(match rule {
        Rule::Triage | Rule::Page => "accept",
        Rule::Lead => "lead me",
        Rule::CommsManager => "comms me",
        Rule::SecondLine => "escalate",
        Rule::Summary => "update",
        Rule::ClientUpdate | Rule::ClientClosing => "tell-clients",
        Rule::Containment => "goals",
        Rule::ReportAuthor => "role author me",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::parse::parse;

    #[test]
    fn what_does_a_step_is_a_command() {
        for rule in Rule::ALL {
            assert!(command_for(*rule).is_none_or(|command| parse(command).is_ok()), "{rule}");
        }
    }
}
