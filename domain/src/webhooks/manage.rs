//! Where events go, and which. For administrators; each change is in the audit log, without the secret and without the address, which may
//! hold one: of that it names the host.

use entity::{AuditAction, Severity, Visibility, WebhookEndpointId, WebhookTypes, webhook_endpoint};
use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::json;
use url::Url;

use super::disable;
use super::event_type::{EventType, is_choice};
use super::query::{endpoints, find};
use super::rules::WebhookRules;
use crate::audit::{self, Entry};
use crate::authz::Right;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::validate::{self, Edit};
use crate::{limits, sql};

/// Input of [`add`].
pub struct AddEndpoint {
    /// What people call it.
    pub name: String,
    /// Where events are posted to.
    pub url: String,
    /// Which types of events, or groups of them such as `incident.*`; all, if omitted.
    pub types: Option<Vec<String>>,
    /// Only events of incidents that are at least this bad.
    pub least_severity: Option<Severity>,
    /// Which incidents' events: of all, or of those that everybody may know.
    pub reach: Visibility,
}

/// Input of [`update`]: fields that are left out stay unchanged.
#[derive(Default)]
pub struct UpdateEndpoint {
    /// What people call it.
    pub name: Option<String>,
    /// Where events are posted to.
    pub url: Option<String>,
    /// Which types of events, or groups of them.
    pub types: Edit<Vec<String>>,
    /// Only events of incidents that are at least this bad.
    pub least_severity: Edit<Severity>,
    /// Which incidents' events: of all, or of those that everybody may know.
    pub reach: Option<Visibility>,
}

/// The settings that make it possible.
pub(super) fn rules(ctx: &Ctx) -> Result<&WebhookRules> {
    ctx.config.webhooks.as_ref().ok_or_else(|| {
        Error::precondition(
            "Events can't be posted anywhere yet: whoever runs the server sets webhooks.key and webhooks.hosts, as docs/webhooks.md says.",
        )
    })
}

/// Adds an endpoint and returns its secret, which can't be retrieved later.
///
/// # Errors
/// `BAD_USER_INPUT`, `FORBIDDEN`; `FAILED_PRECONDITION` without the settings for it, or if there are as many as may be.
pub async fn add(ctx: &Ctx, input: AddEndpoint) -> Result<(webhook_endpoint::Model, String)> {
    ctx.require(Right::Administer)?;
    let rules = rules(ctx)?;
    let now = ctx.now();
    let id = WebhookEndpointId(ctx.ids.uuid(now));
    let secret = rules.key.secret(id, 1);
    let row = webhook_endpoint::Model {
        id,
        name: validate::name("name", &input.name)?,
        url: address(rules, &input.url)?,
        types: checked_types(input.types)?,
        least_severity: input.least_severity,
        includes_restricted: input.reach == Visibility::Restricted,
        generation: 1,
        rotated_at: None,
        secret_hash: secret.hash(),
        created_by_id: ctx.actor.person_id(),
        created_at: now,
        disabled_at: None,
        disabled_why: None,
        failing_since: None,
        paused_until: None,
    };
    let tx = ctx.db.begin().await?;
    let most = u64::try_from(limits::WEBHOOK_ENDPOINTS).unwrap_or(u64::MAX);
    if webhook_endpoint::Entity::find().count(&tx).await? >= most {
        return Err(Error::precondition(format!("There are {most} endpoints already, and no more are possible: remove one first.")));
    }
    let row = sql::save::<webhook_endpoint::Entity, _>(&tx, None, row).await?;
    audit::append(ctx, &tx, vec![entry(AuditAction::WebhookAdded, &row)]).await?;
    tx.commit().await?;
    ctx.waker.access_changed();
    Ok((row, secret.text()))
}

/// Changes an endpoint. What waits for it goes to its address as it is then.
///
/// # Errors
/// `BAD_USER_INPUT`, `FORBIDDEN`, `NOT_FOUND`; `FAILED_PRECONDITION` without the settings for it.
pub async fn update(ctx: &Ctx, id: WebhookEndpointId, input: UpdateEndpoint) -> Result<webhook_endpoint::Model> {
    ctx.require(Right::Administer)?;
    let before = find(ctx, id).await?;
    let mut after = before.clone();
    if let Some(name) = &input.name {
        after.name = validate::name("name", name)?;
    }
    if let Some(url) = &input.url {
        after.url = address(rules(ctx)?, url)?;
    }
    if let Some(types) = input.types {
        after.types = checked_types(types)?;
    }
    after.least_severity = input.least_severity.unwrap_or(after.least_severity);
    after.includes_restricted = input.reach.map_or(after.includes_restricted, |reach| reach == Visibility::Restricted);
    if after == before {
        return Ok(before);
    }
    if after.url != before.url {
        // How it went at the other address says nothing about this one.
        after.failing_since = None;
        after.paused_until = None;
    }
    saved(ctx, before, after, AuditAction::WebhookChanged).await
}

/// Gives an endpoint another secret and returns it; it can't be retrieved later. For a day, messages are signed with the old one as well.
///
/// # Errors
/// `FORBIDDEN`, `NOT_FOUND`; `FAILED_PRECONDITION` without the settings for it.
pub async fn rotate(ctx: &Ctx, id: WebhookEndpointId) -> Result<(webhook_endpoint::Model, String)> {
    ctx.require(Right::Administer)?;
    let rules = rules(ctx)?;
    let before = find(ctx, id).await?;
    let generation = before.generation + 1;
    let secret = rules.key.secret(id, generation);
    let after = webhook_endpoint::Model { generation, rotated_at: Some(ctx.now()), secret_hash: secret.hash(), ..before.clone() };
    Ok((saved(ctx, before, after, AuditAction::WebhookSecretRotated).await?, secret.text()))
}

/// Posts events to an endpoint again. What happened meanwhile was not kept for it; what it had failed to take can be replayed.
///
/// # Errors
/// `FORBIDDEN`, `NOT_FOUND`; `FAILED_PRECONDITION` if its address or its secret is no longer good.
pub async fn enable(ctx: &Ctx, id: WebhookEndpointId) -> Result<webhook_endpoint::Model> {
    ctx.require(Right::Administer)?;
    let rules = rules(ctx)?;
    let before = find(ctx, id).await?;
    if before.disabled_at.is_none() {
        return Ok(before);
    }
    if let Err(problem) = rules.address(&before.url) {
        return Err(Error::precondition(format!("Its address {problem}.")));
    }
    if rules.key.secret(id, before.generation).hash() != before.secret_hash {
        return Err(Error::precondition(
            "The setting webhooks.key is not the one that its secret was made with: rotate its secret first, and give the new one to its receiver.",
        ));
    }
    let after =
        webhook_endpoint::Model { disabled_at: None, disabled_why: None, failing_since: None, paused_until: None, ..before.clone() };
    let row = saved(ctx, before, after, AuditAction::WebhookEnabled).await?;
    ctx.posts.ring();
    Ok(row)
}

/// Posts nothing to an endpoint any more, until somebody enables it. What waits for it is given up, and can be replayed then.
///
/// # Errors
/// `FORBIDDEN`, `NOT_FOUND`.
pub async fn switch_off(ctx: &Ctx, id: WebhookEndpointId) -> Result<webhook_endpoint::Model> {
    const WHY: &str = "An administrator switched it off.";
    ctx.require(Right::Administer)?;
    let before = find(ctx, id).await?;
    let tx = ctx.db.begin().await?;
    if disable::switch_off(ctx, &tx, &before, WHY).await? {
        audit::append(ctx, &tx, vec![disable::entry(&before, WHY)]).await?;
    }
    tx.commit().await?;
    ctx.waker.access_changed();
    find(ctx, id).await
}

/// Posts nothing to any endpoint any more, until somebody enables them. Returns those that were enabled: for a copy that must not speak in the
/// original's place.
///
/// # Errors
/// `FORBIDDEN`.
pub async fn switch_all_off(ctx: &Ctx, why: &str) -> Result<Vec<webhook_endpoint::Model>> {
    let mut enabled = endpoints(ctx).await?;
    enabled.retain(|endpoint| endpoint.disabled_at.is_none());
    let tx = ctx.db.begin().await?;
    let mut entries = Vec::new();
    for endpoint in &enabled {
        if disable::switch_off(ctx, &tx, endpoint, why).await? {
            entries.push(disable::entry(endpoint, why));
        }
    }
    audit::append(ctx, &tx, entries).await?;
    tx.commit().await?;
    ctx.waker.access_changed();
    Ok(enabled)
}

/// Removes an endpoint and what was posted to it for good.
///
/// # Errors
/// `FORBIDDEN`, `NOT_FOUND`.
pub async fn remove(ctx: &Ctx, id: WebhookEndpointId) -> Result<()> {
    ctx.require(Right::Administer)?;
    let row = find(ctx, id).await?;
    let tx = ctx.db.begin().await?;
    // Its messages are nobody's from now on, and are deleted by a chore: there may be very many.
    if webhook_endpoint::Entity::delete_by_id(id).exec(&tx).await?.rows_affected > 0 {
        audit::append(ctx, &tx, vec![entry(AuditAction::WebhookRemoved, &row)]).await?;
    }
    tx.commit().await?;
    ctx.waker.access_changed();
    Ok(())
}

async fn saved(
    ctx: &Ctx,
    before: webhook_endpoint::Model,
    after: webhook_endpoint::Model,
    action: AuditAction,
) -> Result<webhook_endpoint::Model> {
    let tx = ctx.db.begin().await?;
    let row = sql::save::<webhook_endpoint::Entity, _>(&tx, Some(before), after).await?;
    audit::append(ctx, &tx, vec![entry(action, &row)]).await?;
    tx.commit().await?;
    ctx.waker.access_changed();
    Ok(row)
}

fn address(rules: &WebhookRules, text: &str) -> Result<String> {
    if text.chars().count() > limits::URL_CHARS {
        return Err(Error::invalid("url", format!("url must have at most {} characters.", limits::URL_CHARS)));
    }
    rules.address(text).map(String::from).map_err(|problem| Error::invalid("url", format!("url {problem}.")))
}

fn checked_types(types: Option<Vec<String>>) -> Result<Option<WebhookTypes>> {
    let Some(types) = types else { return Ok(None) };
    if types.is_empty() {
        return Err(Error::invalid("types", "types must not be empty. Omit it, or say null, for all types."));
    }
    validate::at_most("types", types.len())?;
    let mut known: Vec<String> = Vec::with_capacity(types.len());
    for wanted in types {
        if !is_choice(&wanted) {
            let some = [EventType::IncidentDeclared, EventType::SeverityChanged, EventType::PageSent].map(EventType::name).join(", ");
            let wanted: String = wanted.chars().take(limits::NAME_CHARS).collect();
            let reason = format!(
                "types: “{wanted}” is none. There are {some} and others (webhookEventTypes lists them), and groups such as incident.*."
            );
            return Err(Error::invalid("types", reason));
        }
        if !known.contains(&wanted) {
            known.push(wanted);
        }
    }
    Ok(Some(WebhookTypes(known)))
}

fn entry(action: AuditAction, row: &webhook_endpoint::Model) -> Entry {
    let host = Url::parse(&row.url).ok().and_then(|url| url.host_str().map(str::to_owned));
    Entry::new(action).about(row.id).details(json!({
        "name": row.name,
        "host": host,
        "types": row.types.as_ref().map(|types| &types.0),
        "leastSeverity": row.least_severity,
        "includesRestricted": row.includes_restricted,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_named_or_refused_with_a_way_out() {
        let of = |types: &[&str]| checked_types(Some(types.iter().map(|name| (*name).to_owned()).collect()));
        assert_eq!(of(&["incident.*", "page.sent", "incident.*"]).unwrap().unwrap().0, ["incident.*", "page.sent"]);
        assert_eq!(checked_types(None).unwrap(), None);
        for wrong in [vec![], vec!["incident"], vec!["page.sent", "webhook.test"]] {
            let Err(Error::Invalid { field, reason }) = of(&wrong) else { panic!("{wrong:?}") };
            assert!(field == "types" && (wrong.is_empty() || reason.contains("webhookEventTypes")), "{reason}");
        }
    }
}
