//! What people do about deliveries: have one tried again, or do it themselves.

use entity::{DeliveryId, DeliveryState, Operation, delivery};
use sea_orm::Set;

use super::{WithDelivery, does_step, event, find, what};
use crate::authz::Right;
use crate::change::{Draft, change};
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::ports::Effect;
use crate::reminders::{self, Settlement};
use crate::validate;

/// Has a delivery tried again now, that failed or waits for its next attempt.
///
/// # Errors
/// `FORBIDDEN`, `NOT_FOUND`; `FAILED_PRECONDITION` for one that is over or is done by hand.
pub async fn retry(ctx: &Ctx, id: DeliveryId) -> Result<delivery::Model> {
    let known = addressed(ctx, &find(ctx, id).await?).await?;
    settle(ctx, id, |row, draft| {
        if !draft.ctx().config.systems.contains(&row.system) {
            return Err(Error::precondition(format!(
                "{} is not connected: do it by hand, or have an administrator connect it.",
                row.system
            )));
        }
        if !matches!(row.state, DeliveryState::Failed | DeliveryState::Retrying | DeliveryState::ByHand) {
            return Err(refusal(row, "tried again"));
        }
        let again = delivery::ActiveModel {
            id: Set(row.id),
            state: Set(DeliveryState::Queued),
            next_attempt_at: Set(Some(draft.now)),
            effect: Set(known.clone()),
            ..Default::default()
        };
        draft.update(again)?;
        draft.record(event(row, DeliveryState::Queued, format!("{} is tried again", what(row))));
        draft.ring();
        Ok(())
    })
    .await
}

/// The effect as it is to be tried again: a person may have got an address since.
async fn addressed(ctx: &Ctx, row: &delivery::Model) -> Result<String> {
    let mut effect: Effect = serde_json::from_str(&row.effect).map_err(Error::internal)?;
    let Effect::Email(email) = &mut effect else { return Ok(row.effect.clone()) };
    if email.to.is_empty() {
        let person = match row.person_id {
            Some(person) => crate::people::find(ctx, person).await?.email,
            None => None,
        };
        let Some(address) = person else {
            return Err(Error::precondition(format!("Nobody knows an e-mail address of {}: do it by hand.", email.to_name)));
        };
        email.to = address;
    }
    serde_json::to_string(&effect).map_err(Error::internal)
}

/// Says that a person did it. `external_url` is where the result is seen.
///
/// # Errors
/// `BAD_USER_INPUT`, `FORBIDDEN`, `NOT_FOUND`; `FAILED_PRECONDITION` for one that is over or under way.
pub async fn settle_by_hand(ctx: &Ctx, id: DeliveryId, external_url: Option<&str>) -> Result<delivery::Model> {
    let url = external_url.map(|url| validate::web_url("externalUrl", url)).transpose()?;
    settle(ctx, id, |row, draft| {
        if !matches!(row.state, DeliveryState::ByHand | DeliveryState::Failed | DeliveryState::Retrying | DeliveryState::Queued) {
            return Err(refusal(row, "settled by hand"));
        }
        let done = delivery::ActiveModel {
            id: Set(row.id),
            state: Set(DeliveryState::DoneByHand),
            next_attempt_at: Set(None),
            external_url: Set(url.clone()),
            delivered_at: Set(Some(draft.now)),
            ..Default::default()
        };
        draft.update(done)?;
        draft.record(event(row, DeliveryState::DoneByHand, format!("{}: done by hand", what(row))));
        // Whom a person has told knows.
        let told = row.step_key.as_deref().filter(|_| row.operation == Operation::Tell);
        if let Some(key) = does_step(row).or(told) {
            let by = draft.actor();
            reminders::settle(draft, key, Settlement { by, waived: false, note: None });
        }
        Ok(())
    })
    .await
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
        DeliveryState::Delivered => "delivered already",
        DeliveryState::DoneByHand => "done by hand already",
        DeliveryState::Cancelled => "cancelled, because what it was for is settled",
        DeliveryState::Retrying => "waiting for its next attempt",
        DeliveryState::Failed => "failed",
        DeliveryState::ByHand => "waiting for a person",
    };
    Error::precondition(format!("This delivery is {state} and can't be {what}."))
}
