//! The timeline, and what is to be done while the incident lasts.

use entity::{ActionState, PersonId, TimelineKind, action};

use super::answer::{Answer, listed};
use super::asked::{Asked, Names};
use super::people::person_at_end;
use super::phrases::headline;
use crate::cursor::Window;
use crate::error::{Error, Result};
use crate::incident as incidents;
use crate::timeline::redactions::shown;
use crate::timeline::{self, AddEvent, TimelineFilter, others};

/// How many events are shown.
const NEWEST: usize = 15;
/// How much of an event is shown.
const SHOWN_CHARS: usize = 200;

/// Writes onto the timeline.
pub(super) async fn write(asked: &Asked<'_>, kind: TimelineKind, text: String) -> Result<Answer> {
    let event = AddEvent::new(asked.id()?, kind, text);
    let (event, incident) = timeline::add(asked.ctx, event, asked.key).await?;
    let text = format!("{} on the timeline of {}: {}", named(kind), headline(&incident), event.text);
    Ok(Answer::quiet(text).about(&incident))
}

fn named(kind: TimelineKind) -> &'static str {
    match kind {
        TimelineKind::Command => "Command",
        TimelineKind::Finding => "Finding",
        TimelineKind::Decision => "Decision",
        _ => "Note",
    }
}

/// Shows what happened last, oldest first.
pub(super) async fn timeline(asked: &Asked<'_>) -> Result<Answer> {
    let incident = asked.incident()?;
    let window = Window { limit: NEWEST, backwards: true, after: None, before: None };
    let events = timeline::page(asked.ctx, incident, &TimelineFilter::default(), &window).await?.items;
    let people: Vec<PersonId> = events.iter().filter_map(|event| event.actor_id).collect();
    let names = Names::load(asked.ctx, &people).await?;
    let playbook = asked.ctx.playbook();
    let lines = events.iter().map(|event| {
        let who = event.actor_id.map_or("Muster", |person| names.of(person));
        // Not everybody may know of the other incident.
        let text = others::without_name(event).unwrap_or_else(|| shown(event).to_owned());
        format!("{} {who}: {}", playbook.local(event.occurred_at), first_chars(&text))
    });
    let lines: Vec<String> = lines.collect();
    Ok(Answer::quiet(listed(&headline(incident), &lines, "Nothing has happened yet.")).about(incident))
}

/// The first line of a text that says something, shortened.
fn first_chars(text: &str) -> String {
    let says_something = |line: &&str| !line.trim().is_empty() && !line.starts_with("```");
    let line = text.lines().find(says_something).unwrap_or_default();
    let mut shown: String = line.chars().take(SHOWN_CHARS).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

/// Adds something to do.
pub(super) async fn add_action(asked: &Asked<'_>, text: &str) -> Result<Answer> {
    let (title, who) = person_at_end(text, asked.mentions);
    let person = match who {
        Some(who) => Some(asked.person(who).await?),
        None => None,
    };
    let (action, incident) = incidents::add_action(asked.ctx, asked.id()?, title, person.as_ref().map(|person| person.id)).await?;
    let who = person.map(|person| format!(" ({})", person.name)).unwrap_or_default();
    let number = of(asked).await?.iter().position(|row| row.id == action.id).map_or(0, |at| at + 1);
    Ok(Answer::aloud(format!("To do {number}: {}{who}", action.title), incident))
}

/// Shows what is to be done.
pub(super) async fn actions(asked: &Asked<'_>) -> Result<Answer> {
    let incident = asked.incident()?;
    let actions = of(asked).await?;
    let people: Vec<PersonId> = actions.iter().filter_map(|row| row.assignee_id).collect();
    let names = Names::load(asked.ctx, &people).await?;
    let line = |(at, row): (usize, &action::Model)| {
        let who = row.assignee_id.map(|person| format!(" ({})", names.of(person))).unwrap_or_default();
        let state = match row.state {
            ActionState::Open => "",
            ActionState::Done => ": done",
            ActionState::Dropped => ": dropped",
        };
        format!("{} {}{who}{state}", at + 1, row.title)
    };
    let lines: Vec<String> = actions.iter().enumerate().map(line).collect();
    let none = "There is nothing to do. Write “action …” to add something.";
    Ok(Answer::quiet(listed(&headline(incident), &lines, none)).about(incident))
}

/// Says that an action is done.
pub(super) async fn done(asked: &Asked<'_>, number: usize) -> Result<Answer> {
    let actions = of(asked).await?;
    let row = number.checked_sub(1).and_then(|at| actions.get(at));
    let row =
        row.ok_or_else(|| Error::invalid("text", format!("There is no action {number}: “actions” shows them with their numbers.")))?;
    let (action, incident) = incidents::settle_action(asked.ctx, row.id, ActionState::Done).await?;
    Ok(Answer::aloud(format!("Done: {}", action.title), incident))
}

/// All actions, oldest first: their numbers stay.
async fn of(asked: &Asked<'_>) -> Result<Vec<action::Model>> {
    incidents::actions_of(asked.ctx, &[asked.id()?]).await
}
