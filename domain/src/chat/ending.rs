//! How an incident ends, and what comes after.

use entity::ReportState;

use super::answer::Answer;
use super::asked::Asked;
use super::phrases::headline;
use crate::error::Result;
use crate::incident::{self as incidents, parse_reference, reference};
use crate::{report, review};

/// Merges it into another.
pub(super) async fn merge(asked: &Asked<'_>, into: &str) -> Result<Answer> {
    let into = incidents::by_number(asked.ctx, parse_reference(into)?).await?;
    let incident = incidents::merge(asked.ctx, asked.id()?, into.id).await?;
    // Not everybody who reads this may know the other one's name.
    Ok(Answer::aloud(format!("{} was merged: it goes on as {}.", headline(&incident), reference(&into)), incident))
}

/// Resolves it.
pub(super) async fn resolve(asked: &Asked<'_>, summary: &str) -> Result<Answer> {
    let incident = incidents::resolve(asked.ctx, asked.id()?, summary, None).await?;
    Ok(Answer::aloud(format!("{} is resolved: {summary}", headline(&incident)), incident))
}

/// Reopens it.
pub(super) async fn reopen(asked: &Asked<'_>, why: &str) -> Result<Answer> {
    let incident = incidents::reopen(asked.ctx, asked.id()?, why, None).await?;
    Ok(Answer::aloud(format!("{} is open again: {why}", headline(&incident)), incident))
}

/// Closes it.
pub(super) async fn close(asked: &Asked<'_>, note: Option<&str>) -> Result<Answer> {
    let incident = incidents::close(asked.ctx, asked.id()?, note, None).await?;
    Ok(Answer::aloud(format!("{} is closed.", headline(&incident)), incident))
}

/// Where its report is.
pub(super) async fn report(asked: &Asked<'_>) -> Result<Answer> {
    let incident = asked.incident()?;
    let known = report::of_incidents(asked.ctx, &[incident.id]).await?.into_iter().next();
    let state = match known.map(|row| row.state) {
        None => "There is no report yet: it begins when the incident is resolved.",
        Some(ReportState::Draft) => "The report is being written.",
        Some(ReportState::Circulated) => "The report is with its readers.",
        Some(ReportState::Final) => "The report is final.",
    };
    Ok(Answer::quiet(format!("{state}\n{}/report", incidents::link(asked.ctx, incident))).about(incident))
}

/// When it is reviewed.
pub(super) async fn review(asked: &Asked<'_>) -> Result<Answer> {
    let incident = asked.incident()?;
    let planned = review::of_incidents(asked.ctx, &[incident.id]).await?;
    let planned = planned.into_iter().rfind(|row| row.called_off_at.is_none());
    let text = match planned {
        Some(row) => {
            let place = row.place.map(|place| format!(", {place}")).unwrap_or_default();
            format!("The review begins {}{place}.", asked.ctx.playbook().local(row.starts_at))
        }
        None => "No review is planned yet.".to_owned(),
    };
    Ok(Answer::quiet(format!("{text}\n{}/review", incidents::link(asked.ctx, incident))).about(incident))
}
