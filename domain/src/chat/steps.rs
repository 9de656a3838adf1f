//! What the playbook asks for, and who is on call.

use std::sync::Arc;

use entity::{PersonId, Timestamp, incident, person};

use super::answer::{Answer, listed};
use super::asked::{Asked, Names};
use super::forms;
use super::phrases::{due, headline};
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::incident::{self as incidents, Listed};
use crate::on_call::{self, Stretch};
use crate::people;
use crate::playbook::steps::same_series;
use crate::playbook::{Playbook, Rule};

/// How many turns on call are shown.
const TURNS: usize = 20;

/// Shows what to do next.
pub(super) async fn next(asked: &Asked<'_>) -> Result<Answer> {
    let incident = asked.incident()?;
    let steps = open_steps(asked.ctx, incident).await?;
    let lines: Vec<String> = steps.iter().enumerate().map(|(at, step)| format!("{} {step}", at + 1)).collect();
    Ok(Answer::quiet(listed(&headline(incident), &lines, "The playbook asks for nothing now.")).about(incident))
}

/// The open steps in words, the most urgent first.
pub(super) async fn open_steps(ctx: &Ctx, incident: &incident::Model) -> Result<Vec<String>> {
    let steps = listed_steps(ctx, incident).await?;
    let people: Vec<PersonId> = steps.iter().filter_map(|step| step.assignee).collect();
    let names = Names::load(ctx, &people).await?;
    let playbook = ctx.playbook();
    Ok(steps.iter().map(|step| in_words(step, &names, &playbook)).collect())
}

async fn listed_steps(ctx: &Ctx, incident: &incident::Model) -> Result<Vec<Listed>> {
    Ok(incidents::steps_of(ctx, &[Arc::new(incident.clone())], false).await?.remove(&incident.id).unwrap_or_default())
}

fn in_words(step: &Listed, names: &Names, playbook: &Playbook) -> String {
    let who = step.assignee.map(|person| format!(" ({})", names.of(person))).unwrap_or_default();
    format!("{}{who}: {}", step.title, due(step, playbook))
}

/// Opens the form of a step: by its number in what [`next`] shows, or by its key.
pub(super) async fn settle(asked: &Asked<'_>, which: &str) -> Result<Answer> {
    let incident = asked.incident()?;
    let steps = listed_steps(asked.ctx, incident).await?;
    let numbered = which.parse::<usize>().ok().and_then(|number| steps.get(number.checked_sub(1)?));
    // A button of an earlier reminder is about what is to be done now.
    let named = || steps.iter().find(|step| step.key == which).or_else(|| steps.iter().find(|step| same_series(&step.key, which)));
    let step = numbered.or_else(named);
    let step = step.ok_or_else(|| Error::invalid("text", format!("There is no step {which}: “next” shows them with their numbers.")))?;
    forms::step(asked.ctx, incident, step).await
}

/// Records the decision whether to go on out of hours.
pub(super) async fn go_on(asked: &Asked<'_>, goes_on: bool, why: &str) -> Result<Answer> {
    let incident = asked.incident()?;
    let steps = listed_steps(asked.ctx, incident).await?;
    let step = steps.iter().find(|step| step.rule == Some(Rule::StopOrContinue));
    let step = step.ok_or_else(|| Error::precondition("Nobody has to decide that now. Write “decision …” to record a decision anyway."))?;
    let decision = format!("{}: {why}", if goes_on { "We go on" } else { "We stop for now" });
    let incident = incidents::settle_step(asked.ctx, incident.id, &step.key, false, Some(&decision)).await?;
    Ok(Answer::aloud(decision, incident))
}

/// Shows who is on call now, and who comes next.
pub(super) async fn who(asked: &Asked<'_>) -> Result<Answer> {
    Ok(Answer::quiet(on_call_now(asked.ctx).await?))
}

/// Who is on call now, and who comes next, in words.
pub(super) async fn on_call_now(ctx: &Ctx) -> Result<String> {
    let (now, playbook) = (on_call::now(ctx).await?, ctx.playbook());
    let mut lines = vec![format!("On call: {}", lines_of(ctx, now.first_line.as_deref(), now.second_line.as_deref()))];
    if let Some(next) = now.next {
        let then = lines_of(ctx, next.first_line.as_deref(), next.second_line.as_deref());
        lines.push(format!("From {}: {then}", playbook.local(next.at)));
    }
    Ok(lines.join("\n"))
}

fn lines_of(ctx: &Ctx, first: Option<&person::Model>, second: Option<&person::Model>) -> String {
    let who = |person: Option<&person::Model>| match person {
        Some(person) => match people::phone(ctx, person) {
            Some(phone) => format!("{} ({phone})", person.name),
            None => person.name.clone(),
        },
        None => "nobody".to_owned(),
    };
    format!("first line {}, second line {}", who(first), who(second))
}

/// Shows who will be on call.
pub(super) async fn on_call(asked: &Asked<'_>) -> Result<Answer> {
    let playbook = asked.ctx.playbook();
    let until = |at: Option<Timestamp>| at.map(|at| format!(" until {}", playbook.local(at))).unwrap_or_default();
    let line = |turn: &Stretch| {
        let line = turn.line.as_str().to_lowercase();
        format!("{line} line: {} from {}{}", turn.person.name, playbook.local(turn.starts_at), until(turn.ends_at))
    };
    let turns = on_call::upcoming(asked.ctx, None, None).await?;
    let lines: Vec<String> = turns.iter().take(TURNS).map(line).collect();
    Ok(Answer::quiet(listed("On call in the next four weeks", &lines, "Nobody is on call in the next four weeks.")))
}
