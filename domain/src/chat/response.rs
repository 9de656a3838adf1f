//! How it stands: updates, severity, status, goals, and calls for help.

use entity::{IncidentStatus, Severity, page};

use super::answer::{Answer, listed};
use super::asked::{Asked, Names};
use super::phrases::headline;
use crate::error::Result;
use crate::incident::{self as incidents, ConfirmGoal, UpdateIncident};
use crate::playbook::Goal;
use crate::telling::answers;
use crate::timeline::{self, PostUpdate};
use crate::{sql, words};

/// What second line is told if nobody says why.
const HELP: &str = "Help is wanted.";

/// Says how it stands.
pub(super) async fn update(asked: &Asked<'_>, text: &str) -> Result<Answer> {
    let (event, incident) = timeline::post_update(asked.ctx, PostUpdate::new(asked.id()?, text), asked.key).await?;
    Ok(Answer::aloud(format!("Update on {}: {}", headline(&incident), event.text), incident))
}

/// Replaces what is known.
pub(super) async fn describe(asked: &Asked<'_>, text: String) -> Result<Answer> {
    let known = UpdateIncident { summary: Some(Some(text)), ..UpdateIncident::default() };
    let incident = incidents::update(asked.ctx, asked.id()?, known, None).await?;
    let summary = incident.summary.clone().unwrap_or_default();
    Ok(Answer::aloud(format!("What is known: {summary}"), incident))
}

/// Gives it a better name.
pub(super) async fn rename(asked: &Asked<'_>, name: String) -> Result<Answer> {
    let better = UpdateIncident { name: Some(name), ..UpdateIncident::default() };
    let incident = incidents::update(asked.ctx, asked.id()?, better, None).await?;
    Ok(Answer::aloud(format!("It is called {} now.", headline(&incident)), incident))
}

/// Changes the severity.
pub(super) async fn severity(asked: &Asked<'_>, severity: Severity, why: &str) -> Result<Answer> {
    let incident = incidents::change_severity(asked.ctx, asked.id()?, severity, why, None).await?;
    Ok(Answer::aloud(format!("{} is {}: {why}", headline(&incident), words::severity(severity)), incident))
}

/// Changes the status.
pub(super) async fn status(asked: &Asked<'_>, status: IncidentStatus, why: Option<&str>) -> Result<Answer> {
    let incident = incidents::change_status(asked.ctx, asked.id()?, status, why, None).await?;
    let because = why.map(|why| format!(": {why}")).unwrap_or_default();
    Ok(Answer::aloud(format!("{} is {}{because}", headline(&incident), words::status(status)), incident))
}

/// Confirms a goal.
pub(super) async fn goal(asked: &Asked<'_>, goal: String, evidence: String) -> Result<Answer> {
    let confirm = ConfirmGoal { incident_id: asked.id()?, goal: goal.clone(), evidence: evidence.clone(), met: true, checklist_done: None };
    let incident = incidents::confirm_goal(asked.ctx, confirm).await?;
    let playbook = asked.ctx.playbook();
    let title = playbook.goal(&goal).map_or(goal.as_str(), |goal| goal.title.as_str());
    Ok(Answer::aloud(format!("{title}: {evidence}"), incident))
}

/// Shows the goals.
pub(super) async fn goals(asked: &Asked<'_>) -> Result<Answer> {
    let incident = asked.incident()?;
    let met = incidents::goals_of(asked.ctx, &[incident.id]).await?;
    let evidence = |key: &str| met.iter().find(|row| row.goal == key && row.met_at.is_some()).and_then(|row| row.evidence.as_deref());
    let playbook = asked.ctx.playbook();
    let line = |goal: &Goal| match evidence(&goal.key) {
        Some(evidence) => format!("met: {} ({}): {evidence}", goal.title, goal.key),
        None => format!("open: {} ({})", goal.title, goal.key),
    };
    let lines: Vec<String> = playbook.goals.iter().map(line).collect();
    Ok(Answer::quiet(listed(&headline(incident), &lines, "The playbook has no goals.")).about(incident))
}

/// Pages second line, or the next person.
pub(super) async fn escalate(asked: &Asked<'_>, why: Option<&str>) -> Result<Answer> {
    let incident = answers::escalate(asked.ctx, asked.id()?, why.unwrap_or(HELP)).await?;
    let pages = sql::of_incidents::<page::Entity>(asked.ctx, &[incident.id]).await?;
    let Some(page) = pages.last() else { return Ok(Answer::aloud("Escalated.", incident)) };
    let names = Names::load(asked.ctx, &[page.person_id]).await?;
    let text = match page.lost_at {
        None => format!("Paged {}.", names.of(page.person_id)),
        Some(_) => format!("{} could not be paged: reach them another way.", names.of(page.person_id)),
    };
    Ok(Answer::aloud(text, incident))
}
