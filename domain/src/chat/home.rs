//! What concerns one person: their incidents, what they are to do, and who is on call.

use std::sync::Arc;

use entity::{PersonId, incident};

use super::phrases::{due, headline};
use super::steps::on_call_now;
use crate::ctx::Ctx;
use crate::cursor::Window;
use crate::error::Result;
use crate::incident::{self as incidents, IncidentFilter, IncidentOrder, StepState};
use crate::playbook::steps::Stage;

/// How many incidents are shown.
const SHOWN: usize = 20;

/// What concerns one person.
#[derive(Clone, Debug)]
pub struct Home {
    /// The incidents that they have a part in and that are under way, the worst first.
    pub incidents: Vec<Mine>,
    /// Who is on call, and who comes next.
    pub on_call: String,
}

/// An incident in which somebody has a part.
#[derive(Clone, Debug)]
pub struct Mine {
    /// The incident.
    pub incident: incident::Model,
    /// Its reference and name.
    pub headline: String,
    /// Where people see it.
    pub link: String,
    /// What they are to do in it now.
    pub steps: Vec<MyStep>,
}

/// What somebody is to do.
#[derive(Clone, Debug)]
pub struct MyStep {
    /// Its key.
    pub key: String,
    /// What to do.
    pub title: String,
    /// When, in words.
    pub due: String,
}

/// What concerns the caller; nothing but who is on call if that is no person.
///
/// # Errors
/// Those of the use cases.
pub async fn home(ctx: &Ctx) -> Result<Home> {
    let incidents = match ctx.actor.person_id() {
        Some(me) => mine(ctx, me).await?,
        None => Vec::new(),
    };
    Ok(Home { incidents, on_call: on_call_now(ctx).await? })
}

async fn mine(ctx: &Ctx, me: PersonId) -> Result<Vec<Mine>> {
    let filter = IncidentFilter { person_id: Some(me), ..IncidentFilter::running() };
    let found = incidents::page(ctx, &filter, IncidentOrder::MostSevere, &Window::first(SHOWN)).await?.slice.items;
    let mut steps = incidents::steps_of(ctx, &found, false).await?;
    let playbook = ctx.playbook();
    let mine = |incident: incident::Model| {
        let steps = steps.remove(&incident.id).unwrap_or_default();
        let is_asked = |step: &incidents::Listed| step.assignee == Some(me) && step.state != StepState::Open(Stage::Upcoming);
        let steps = steps.into_iter().filter(is_asked).map(|step| MyStep { due: due(&step, &playbook), key: step.key, title: step.title });
        Mine { headline: headline(&incident), link: incidents::link(ctx, &incident), steps: steps.collect(), incident }
    };
    Ok(found.into_iter().map(Arc::unwrap_or_clone).map(mine).collect())
}
