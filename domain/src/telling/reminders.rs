//! Reminders: the right people are prompted about each step of the playbook when it falls due and once more when it is overdue.
//!
//! The tick of `worker` asks whether a reminder is due for any incident ([`anything_due`]), and a job sends it ([`remind_some`]).
//! The prompt on the timeline, the mark that it was given and the deliveries that carry it are written in one change of the incident,
//! so it is given once, however many workers run and however often one dies. A step that Muster does rather than a person (a notice,
//! a page) works the same way.

use std::collections::HashMap;

use entity::incident::{self, Column};
use entity::{IncidentId, TimelineKind, Timestamp, chat_channel};
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, Set};

use crate::authz::Right;
use crate::change::{change, change_many};
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::playbook::steps::{Stage, Step, next_look};
use crate::record::{Draft, Facts, NewEvent, Whole, put_right};
use crate::sql;
use crate::telling::prompt::Moment;
use crate::telling::roster::Staffed;
use crate::timeline::latest_updates;

/// Incidents whose reminders share a transaction: enough to share what is read, few enough that nobody working on one waits long.
const AT_ONCE: u64 = 48;

/// An incident that was taken but not handled within this time is due again: its worker died.
const TAKEN: chrono::Duration = chrono::Duration::seconds(30);

/// Whether a reminder is due for any incident. Cheap enough for every tick.
pub async fn anything_due(ctx: &Ctx) -> Result<bool> {
    let due = incident::Entity::find().select_only().column(Column::Id).filter(is_due(ctx.now())).limit(1);
    Ok(due.into_tuple::<IncidentId>().one(ctx.db.read()).await?.is_some())
}

/// Reminds people of what is due or overdue in the incidents that have waited longest, and does what the playbook has Muster do
/// itself. Returns whether there were any. After a failure, the incidents are due again after [`TAKEN`].
pub async fn remind_some(ctx: &Ctx) -> Result<bool> {
    let taken = take_due(ctx).await?;
    if taken.is_empty() {
        return Ok(false);
    }
    let ids: Vec<IncidentId> = taken.iter().map(|incident| incident.id).collect();
    let decide = |facts: &Reminded, draft: &mut Draft<'_>| {
        tell(facts, draft);
        Ok(())
    };
    let together = async { change_many(ctx, &Reminded::load_many(ctx, taken).await?, Right::Administer, decide).await };
    match Box::pin(together).await {
        Ok(()) => return Ok(true),
        Err(error @ Error::Unavailable(_)) => return Err(error),
        Err(error) => tracing::warn!(error = error.for_the_log(), "could not send reminders together; trying incidents one at a time"),
    }
    for id in ids {
        if let Err(error) = Box::pin(change::<Reminded, ()>(ctx, id, Right::Administer, None, decide)).await {
            error.log(&format!("could not send the reminders of incident {id}"));
        }
    }
    Ok(true)
}

fn is_due(now: Timestamp) -> Expr {
    Column::NextDueAt.is_not_null().and(Column::NextDueAt.lte(now))
}

/// The incidents that have waited longest, postponed in the same statement, so that several workers take different ones.
async fn take_due(ctx: &Ctx) -> Result<Vec<incident::Model>> {
    let now = ctx.now();
    let mut oldest = Query::select();
    oldest.column(Column::Id).from(incident::Entity).and_where(is_due(now));
    oldest.order_by(Column::NextDueAt, sea_orm::Order::Asc).limit(AT_ONCE);
    let taken = incident::Entity::update_many()
        .set(incident::ActiveModel { next_due_at: Set(Some(now + TAKEN)), ..Default::default() })
        // Repeated, because PostgreSQL re-evaluates a row that another worker has taken in the meantime.
        .filter(is_due(now))
        .filter(Column::Id.in_subquery(oldest))
        .exec_with_returning(ctx.db.write());
    Ok(taken.await?)
}

/// An incident and the team, with what the incident's reminders quote, and where they are given.
struct Reminded {
    staffed: Staffed,
    /// The newest summary for everybody.
    latest: Option<String>,
    /// Its channel in the chat.
    channel: Option<chat_channel::Model>,
}

impl Reminded {
    async fn load_many(ctx: &Ctx, incidents: Vec<incident::Model>) -> Result<Vec<Self>> {
        let newest = incidents.iter().filter_map(|incident| Some((incident.id, incident.latest_update_sequence?))).collect::<Vec<_>>();
        let mut latest = if newest.is_empty() { HashMap::new() } else { latest_updates(ctx, &newest).await? };
        let in_chat =
            incidents.iter().filter(|incident| incident.channel_ordered_at.is_some()).map(|incident| incident.id).collect::<Vec<_>>();
        let channels = if in_chat.is_empty() { Vec::new() } else { sql::of_incidents::<chat_channel::Entity>(ctx, &in_chat).await? };
        let mut channels: HashMap<_, _> = channels.into_iter().map(|channel| (channel.incident_id, channel)).collect();
        let staffed = Staffed::load_many(ctx, incidents).await?.into_iter();
        let facts = staffed.map(|staffed| {
            let id = staffed.whole.incident.id;
            Self { latest: latest.remove(&id).map(|event| event.text), channel: channels.remove(&id), staffed }
        });
        Ok(facts.collect())
    }
}

impl Facts for Reminded {
    type Scope = Whole;

    async fn load(ctx: &Ctx, incident: incident::Model) -> Result<Self> {
        Self::load_many(ctx, vec![incident]).await?.pop().ok_or(Error::NotFound("incident"))
    }

    fn scope(&self) -> &Whole {
        self.staffed.scope()
    }
}

/// Writes into the draft the reminders that are due for an incident.
fn tell(facts: &Reminded, draft: &mut Draft<'_>) {
    if put_right(draft) {
        // By its own times the incident is reminded of in the next moment.
        let text = "The clock was ahead when this incident last changed: times that had not come yet were set to now.";
        draft.record(NewEvent::new(TimelineKind::Note, text));
        return;
    }
    let Reminded { staffed, latest, channel } = facts;
    let playbook = draft.ctx().playbook();
    let now = draft.now;
    let (case, steps) = (staffed.whole.case(), draft.steps());
    let is_due = |step: &&Step| {
        let told_next = step.next_reminder(case.marks.get(&step.key));
        step.state != Stage::Upcoming && told_next.is_some_and(|at| at <= now)
    };
    let due: Vec<&Step> = steps.iter().filter(is_due).collect();
    if !due.is_empty() {
        let moment = Moment { facts: staffed, latest: latest.as_deref(), channel: channel.as_ref(), playbook: &playbook, steps: &steps };
        moment.give(draft, &due);
    }
    // Even if nobody was reminded: time has passed, and the playbook may have changed.
    draft.incident_mut().next_due_at = next_look(&case, &playbook, now);
}
