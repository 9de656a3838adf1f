//! How it stands, for everybody (R17).

use entity::IncidentStatus;

use super::filled::Filled;
use super::judged;
use crate::authz::Right;
use crate::chat::answer::Answer;
use crate::chat::asked::Asked;
use crate::chat::form::{Choice, Field, FieldKind, Form, FormKind};
use crate::chat::phrases::headline;
use crate::chat::reading::{LIVE, live_status_named};
use crate::error::{Error, Result};
use crate::incident as incidents;
use crate::timeline::{self, PostUpdate};
use crate::{validate, words};

/// Leaves a field unchanged.
const AS_IT_IS: &str = "AS_IT_IS";

/// Opens the form.
pub(in crate::chat) async fn open(asked: &Asked<'_>) -> Result<Answer> {
    asked.ctx.require(Right::Respond)?;
    let incident = asked.incident()?;
    // Unchanged unless somebody chooses: what others set meanwhile must not be set back.
    let as_it_is = |word: &str| Choice::new(AS_IT_IS, format!("As it is ({word})"));
    let statuses = LIVE.iter().map(|status| Choice::new(status.as_str(), words::sentence(words::status(*status))));
    let statuses = [as_it_is(words::status(incident.status))].into_iter().chain(statuses).collect();
    let levels = [as_it_is(words::severity(incident.severity))].into_iter().chain(judged::levels()).collect();
    let fields = vec![
        Field::new("text", "How does it stand?", FieldKind::Lines).hint("For people who don't follow the timeline.").required(),
        Field::new("status", "Status", FieldKind::Choice(statuses)).initially(AS_IT_IS),
        Field::new("severity", "Severity", FieldKind::Choice(levels)).hint("The text says why it changes.").initially(AS_IT_IS),
    ];
    let title = format!("Update on {}", incidents::reference(incident));
    let form = Form::about(incident, FormKind::Update, title, vec![headline(incident)], fields);
    Ok(Answer::form(form).about(incident))
}

/// Sets severity and status, each unless somebody else did since, and posts the text.
pub(super) async fn submit(filled: &Filled<'_>) -> Result<Answer> {
    let (ctx, id) = (filled.ctx, filled.incident()?);
    let text = validate::text("text", filled.text("text"))?;
    let chosen = |key| filled.values.one(key).filter(|value| *value != AS_IT_IS);
    let severity = chosen("severity").map(judged::severity).transpose()?;
    let status = chosen("status").map(live_status).transpose()?;
    if let Some(severity) = severity {
        incidents::change_severity(ctx, id, severity, &text, filled.version).await?;
    }
    if let Some(status) = status {
        incidents::change_status(ctx, id, status, None, filled.version).await?;
    }
    let (event, incident) = timeline::post_update(ctx, PostUpdate::new(id, text), filled.key).await?;
    let state = format!("{}, {}", words::severity(incident.severity), words::status(incident.status));
    Ok(Answer::aloud(format!("Update on {} ({state}): {}", headline(&incident), event.text), incident))
}

fn live_status(name: &str) -> Result<IncidentStatus> {
    live_status_named(name).ok_or_else(|| Error::invalid("status", "status must be INVESTIGATING, FIXING or MONITORING."))
}
