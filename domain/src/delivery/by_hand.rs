//! What people can do about deliveries: have one tried again, or do it themselves.

use std::collections::BTreeSet;

use entity::{ClientUpdateId, DeliveryId, DeliveryState, IncidentId, Operation, PageLoss, TimelineKind, delivery, incident, page};
use sea_orm::sea_query::ExprTrait;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, Set};

use super::{by_ids, find, what};
use crate::authz::Right;
use crate::change::change;
use crate::ctx::Ctx;
use crate::delivery::attempt::{WithDelivery, does_step, event};
use crate::error::{Error, Result};
use crate::incident::marks::{self, Settlement};
use crate::ports::{Effect, Receipt};
use crate::record::{Draft, NewEvent};
use crate::telling::answers::{self, Answer, Said};
use crate::telling::roster::Roster;
use crate::traces;
use crate::validate;

/// Tries a delivery again now that failed, is waiting for its next attempt, or is waiting to be done by hand.
///
/// # Errors
/// `FORBIDDEN`, `NOT_FOUND`; `FAILED_PRECONDITION` if it is over or under way, or its system is not connected.
pub async fn retry(ctx: &Ctx, id: DeliveryId) -> Result<delivery::Model> {
    let row = find(ctx, id).await?;
    let mut effect = Effect::of(&row)?;
    effect.outgoing_mut().readdress(ctx, &row).await?;
    let effect = serde_json::to_string(&effect).map_err(Error::internal)?;
    settle(ctx, id, |row, draft| {
        if !is_connected(draft, row) {
            return Err(unconnected(row));
        }
        if !matches!(row.state, DeliveryState::Failed | DeliveryState::Retrying | DeliveryState::ByHand) {
            return Err(refusal(row, "tried again"));
        }
        let again = delivery::ActiveModel {
            state: Set(DeliveryState::Queued),
            next_attempt_at: Set(Some(draft.now)),
            effect: Set(effect.clone()),
            trace: Set(traces::current()),
            ..Default::default()
        };
        update_as_seen(draft, row, again);
        let lost = draft.whole().pages.iter().find(|page| Some(page.id) == row.page_id && page.lost == Some(PageLoss::Unsent)).cloned();
        if let Some(page) = lost {
            draft.put::<page::Entity>(page::Model { lost_at: None, lost: None, ..page });
        }
        draft.record(event(row, DeliveryState::Queued, format!("{} will be tried again", what(row))));
        draft.ring();
        Ok(())
    })
    .await
}

fn is_connected(draft: &Draft<'_>, row: &delivery::Model) -> bool {
    draft.ctx().config.systems.contains(&row.system)
}

fn unconnected(row: &delivery::Model) -> Error {
    Error::precondition(format!("{} is not connected: do it by hand, or have an administrator connect it.", row.system))
}

/// Tries all failed messages of an update to clients again now; those that arrived, or still may, are left alone.
///
/// # Errors
/// `FORBIDDEN`, `NOT_FOUND`; `FAILED_PRECONDITION` if no message failed, or the systems are not connected.
pub(crate) async fn retry_update(ctx: &Ctx, incident: IncidentId, update: ClientUpdateId) -> Result<incident::Model> {
    let changed = change::<WithDelivery, _>(ctx, incident, Right::Respond, None, |facts, draft| {
        let of_update = |row: &&delivery::Model| row.client_update_id == Some(update) && row.state == DeliveryState::Failed;
        let failed: Vec<&delivery::Model> = facts.deliveries.iter().filter(of_update).collect();
        let Some(first) = failed.first() else {
            return Err(Error::precondition("No message of this update failed: there is nothing to send again."));
        };
        let again: Vec<DeliveryId> = failed.iter().filter(|row| is_connected(draft, row)).map(|row| row.id).collect();
        if again.is_empty() {
            return Err(unconnected(first));
        }
        let queued = delivery::ActiveModel {
            state: Set(DeliveryState::Queued),
            next_attempt_at: Set(Some(draft.now)),
            trace: Set(traces::current()),
            ..Default::default()
        };
        let these = delivery::Column::Id.is_in(again.iter().copied());
        draft.update_many(&delivery::Entity::update_many().set(queued).filter(these));
        let text = match again.len() {
            1 => format!("{} will be tried again", what(first)),
            many => format!("{many} messages of an update to clients will be tried again"),
        };
        let details = serde_json::json!({ "clientUpdate": update.to_string(), "count": again.len(), "state": DeliveryState::Queued });
        draft.record(NewEvent::new(TimelineKind::Delivery, text).details(details));
        draft.ring();
        Ok(())
    });
    Ok(changed.await?.incident)
}

/// Marks a delivery as done by a person. `external_url` is where the result can be seen. For a page it is the answer: `reached` says
/// whether the person was, and if not, the next one is paged.
///
/// # Errors
/// `BAD_USER_INPUT`, `FORBIDDEN`, `NOT_FOUND`; `FAILED_PRECONDITION` if it is over or under way.
pub async fn settle_by_hand(ctx: &Ctx, id: DeliveryId, external_url: Option<&str>, reached: Reached) -> Result<delivery::Model> {
    let url = external_url.map(|url| validate::web_url("externalUrl", url)).transpose()?;
    let receipt = Receipt { external_url: url.clone(), ..Receipt::default() };
    let row = find(ctx, id).await?;
    let (answer, roster) = tokio::try_join!(answer_to(ctx, &row, reached), Roster::load(ctx))?;
    let consequence = match Effect::of(&row) {
        Ok(effect) => effect.outgoing().consequence(ctx, &row, &receipt).await?,
        Err(_) => None,
    };
    settle(ctx, id, |row, draft| {
        if !matches!(row.state, DeliveryState::ByHand | DeliveryState::Failed | DeliveryState::Retrying | DeliveryState::Queued) {
            return Err(refusal(row, "marked as done"));
        }
        let done = delivery::ActiveModel {
            state: Set(if reached == Reached::Yes { DeliveryState::DoneByHand } else { DeliveryState::Cancelled }),
            next_attempt_at: Set(None),
            external_url: Set(url.clone()),
            delivered_at: Set((reached == Reached::Yes).then_some(draft.now)),
            ..Default::default()
        };
        update_as_seen(draft, row, done);
        if let (Some(answer), Some(page)) = (&answer, row.page_id) {
            answer.write(&roster, draft, page)?;
            return Ok(());
        }
        if reached == Reached::No {
            draft.record(event(row, DeliveryState::Cancelled, format!("{}: nobody was reached", what(row))));
            return Ok(());
        }
        draft.record(event(row, DeliveryState::DoneByHand, format!("{}: done by hand", what(row))));
        if let Some(consequence) = &consequence {
            consequence(draft, row);
        }
        // Somebody told them in person, so they know.
        let told = row.step_key.as_deref().filter(|_| row.operation == Operation::Tell);
        if let Some(key) = does_step(row).or(told) {
            let by = draft.actor();
            marks::settle(draft, key, Settlement { by, waived: false, note: None });
        }
        Ok(())
    })
    .await
}

/// Whether a person who had to be told by hand was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reached {
    /// They know.
    Yes,
    /// They could not be reached.
    No,
}

/// Dismisses reminders that wait for a person to pass them on: what they ask for stands on the incidents. Reminders that are over stay as
/// they are. Each incident is a change of its own; after a failure, the same call does the rest.
///
/// # Errors
/// `BAD_USER_INPUT` for anything but a reminder, `FORBIDDEN`, `NOT_FOUND`: then none is dismissed.
pub async fn dismiss(ctx: &Ctx, ids: &[DeliveryId]) -> Result<Dismissed> {
    ctx.require(Right::Respond)?;
    let ids = validate::list("deliveryIds", ids)?;
    let rows = by_ids(ctx, &ids).await?;
    if rows.len() < ids.len() {
        return Err(Error::NotFound("delivery"));
    }
    if let Some(row) = rows.iter().find(|row| row.operation != Operation::Remind) {
        let reason = format!("“{}” is no reminder: settle it with settleDeliveryByHand, or try it again with retryDelivery.", what(row));
        return Err(Error::invalid("deliveryIds", reason));
    }
    let mut dismissed = 0;
    let incidents: BTreeSet<IncidentId> = rows.iter().filter_map(|row| row.incident_id).collect();
    for incident in incidents {
        let changed = change::<WithDelivery, _>(ctx, incident, Right::Respond, None, |facts, draft| {
            let waits = |row: &&delivery::Model| matches!(row.state, DeliveryState::ByHand | DeliveryState::Failed);
            let waiting: Vec<&delivery::Model> = facts.deliveries.iter().filter(|row| ids.contains(&row.id)).filter(waits).collect();
            for row in &waiting {
                let cancelled = delivery::ActiveModel { state: Set(DeliveryState::Cancelled), ..Default::default() };
                update_as_seen(draft, row, cancelled);
            }
            let text = match waiting.as_slice() {
                [] => return Ok(0),
                [row] => format!("{}: seen", what(row)),
                many => format!("{} reminders that could not be sent: seen", many.len()),
            };
            let details = serde_json::json!({ "count": waiting.len(), "state": DeliveryState::Cancelled });
            draft.record(NewEvent::new(TimelineKind::Delivery, text).details(details));
            Ok(waiting.len())
        });
        dismissed += changed.await?.output;
    }
    Ok(Dismissed { deliveries: by_ids(ctx, &ids).await?, dismissed })
}

/// What became of the reminders to dismiss.
pub struct Dismissed {
    /// All of them, as they are now.
    pub deliveries: Vec<delivery::Model>,
    /// How many were still waiting.
    pub dismissed: usize,
}

/// What it says of the person paged, if the delivery carries a page.
async fn answer_to(ctx: &Ctx, row: &delivery::Model, reached: Reached) -> Result<Option<Said>> {
    let Some(page) = row.page_id.filter(|_| row.operation == Operation::Page) else { return Ok(None) };
    let answer = if reached == Reached::Yes { Answer::Seen } else { Answer::Unreached };
    let page = answers::find(ctx, page).await?;
    Said::by_hand(ctx, &page, answer).await.map(Some)
}

/// Writes a change of a delivery into the draft, to take effect unless the worker starts an attempt at this very moment: a claim does
/// not raise the incident's version.
fn update_as_seen(draft: &mut Draft<'_>, row: &delivery::Model, change: delivery::ActiveModel) {
    use delivery::Column;
    let as_seen = Column::Id.eq(row.id).and(Column::State.eq(row.state)).and(Column::Attempts.eq(row.attempts));
    draft.update_many(&delivery::Entity::update_many().set(change).filter(as_seen));
}

async fn settle(
    ctx: &Ctx,
    id: DeliveryId,
    decide: impl Fn(&delivery::Model, &mut Draft<'_>) -> Result<()> + Send + Sync,
) -> Result<delivery::Model> {
    ctx.require(Right::Respond)?;
    let row = find(ctx, id).await?;
    let Some(incident) = row.incident_id else { return Err(refusal(&row, "changed")) };
    change::<WithDelivery, _>(ctx, incident, Right::Respond, None, |facts, draft| match facts.delivery(id) {
        Some(row) => decide(row, draft),
        None => Err(refusal(&row, "changed")),
    })
    .await?;
    find(ctx, id).await
}

fn refusal(row: &delivery::Model, what: &str) -> Error {
    let state = match row.state {
        DeliveryState::Queued | DeliveryState::Sending => "under way",
        DeliveryState::Delivered => "already delivered",
        DeliveryState::DoneByHand => "already done by hand",
        DeliveryState::Cancelled => "cancelled because it is no longer needed",
        DeliveryState::Retrying => "waiting for its next attempt",
        DeliveryState::Failed => "failed",
        DeliveryState::ByHand => "waiting for somebody to do it by hand",
    };
    Error::precondition(format!("This delivery is {state} and can't be {what}."))
}
