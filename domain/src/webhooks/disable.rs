//! Endpoints to which nothing is posted any more, and how administrators hear of it.

use entity::{AccessLevel, AuditAction, Operation, PersonKind, System, WebhookMessageState, person, webhook_endpoint, webhook_message};
use sea_orm::sea_query::ExprTrait;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, Set};
use serde_json::json;

use crate::audit::{self, Entry};
use crate::ctx::Ctx;
use crate::delivery::order::{self, New};
use crate::error::Result;
use crate::ports::Email;

/// Disables an endpoint, and tells administrators why.
pub(super) async fn give_up(ctx: &Ctx, endpoint: &webhook_endpoint::Model, why: &str) -> Result<()> {
    let tx = ctx.db.begin().await?;
    let is_news = write(ctx, &tx, endpoint, why).await?;
    tx.commit().await?;
    if is_news {
        announce(ctx, endpoint, why);
    }
    Ok(())
}

/// The same within a transaction, as the last thing before its commit; [`announce`] is for afterwards. False if it is disabled already.
pub(super) async fn write(ctx: &Ctx, tx: &DatabaseTransaction, endpoint: &webhook_endpoint::Model, why: &str) -> Result<bool> {
    if !switch_off(ctx, tx, endpoint, why).await? {
        return Ok(false);
    }
    warn_administrators(ctx, tx, endpoint, why).await?;
    audit::append(ctx, tx, vec![entry(endpoint, why)]).await?;
    Ok(true)
}

/// Posts nothing there any more: what waits is given up, and can be replayed. False if it is disabled already.
pub(super) async fn switch_off(ctx: &Ctx, tx: &DatabaseTransaction, endpoint: &webhook_endpoint::Model, why: &str) -> Result<bool> {
    use webhook_endpoint::Column as Of;
    use webhook_message::Column;
    let now = ctx.now();
    let disabled =
        webhook_endpoint::ActiveModel { disabled_at: Set(Some(now)), disabled_why: Set(Some(why.to_owned())), ..Default::default() };
    let enabled = Of::Id.eq(endpoint.id).and(Of::DisabledAt.is_null());
    if webhook_endpoint::Entity::update_many().set(disabled).filter(enabled).exec(tx).await?.rows_affected == 0 {
        return Ok(false);
    }
    let given_up = webhook_message::ActiveModel {
        state: Set(WebhookMessageState::Failed),
        next_attempt_at: Set(None),
        ended_at: Set(Some(now)),
        ..Default::default()
    };
    let waiting = Column::EndpointId.eq(endpoint.id).and(Column::NextAttemptAt.is_not_null());
    webhook_message::Entity::update_many().set(given_up).filter(waiting).exec(tx).await?;
    Ok(true)
}

/// What the audit log has about it.
pub(super) fn entry(endpoint: &webhook_endpoint::Model, why: &str) -> Entry {
    Entry::new(AuditAction::WebhookDisabled).about(endpoint.id).details(json!({ "name": endpoint.name, "reason": why }))
}

/// Says that an endpoint was given up, after the commit.
pub(super) fn announce(ctx: &Ctx, endpoint: &webhook_endpoint::Model, why: &str) {
    ctx.waker.access_changed();
    order::rings(ctx);
    metrics::counter!("muster_webhook_endpoints_disabled_total").increment(1);
    tracing::error!(
        endpoint.id = %endpoint.id,
        endpoint.name,
        why,
        "events are no longer posted to this endpoint: put it right, enable it under Webhooks, and replay what it missed"
    );
}

/// Mails each administrator, if mail is connected.
async fn warn_administrators(ctx: &Ctx, tx: &DatabaseTransaction, endpoint: &webhook_endpoint::Model, why: &str) -> Result<()> {
    use person::Column;
    if !ctx.config.systems.contains(&System::Email) {
        return Ok(());
    }
    let administrators = person::Entity::find()
        .filter(Column::AccessLevel.eq(AccessLevel::Admin))
        .filter(Column::Kind.eq(PersonKind::Human))
        .filter(Column::DeactivatedAt.is_null())
        .filter(Column::Email.is_not_null());
    let administrators = administrators.order_by_asc(Column::Id).all(tx).await?;
    let mails = administrators.into_iter().filter_map(|person| {
        let email = Email {
            to_name: person.name.clone(),
            to: person.email?,
            subject: format!("Muster no longer posts events to {}", endpoint.name),
            text: format!(
                "Hello {},\n\nMuster no longer posts events to the endpoint “{}”. {why}\n\nPut it right, enable it, and replay what it missed: \
                 {}/webhooks\n\nMessages are kept for 14 days. What happens until it is enabled is not kept for it.\n",
                person.name, endpoint.name, ctx.config.public_url
            ),
            thread: None,
            answers_to: None,
            paper: None,
            invitation: None,
        };
        Some(New { person: Some(person.id), ..New::of(Operation::Warn, email) })
    });
    order::place_all(ctx, tx, mails.collect()).await
}
