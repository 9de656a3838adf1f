//! Which endpoints an event goes to, as written on a draft.

use entity::{Visibility, incident, webhook_endpoint, webhook_message};
use sea_orm::IntoActiveModel;

use super::event_type::EventType;
use super::message;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::record::{Draft, Scope};

/// Makes sure that [`follow`] knows which endpoints there are. Called before the transaction of a change begins.
pub(crate) async fn prepare(ctx: &Ctx) -> Result<()> {
    if ctx.config.webhooks.is_some() {
        ctx.webhooks.refresh(&ctx.db, &ctx.waker).await?;
    }
    Ok(())
}

/// Writes a message into the draft for each of its events and each endpoint that wants it. The last thing that happens to a draft.
pub(crate) fn follow<S: Scope>(draft: &mut Draft<'_, S>) {
    let (ctx, now) = (draft.ctx(), draft.now);
    let Some(known) = ctx.webhooks.last().filter(|known| !known.endpoints.is_empty()) else { return };
    let mut rows: Vec<webhook_message::Model> = Vec::new();
    for (of, event) in draft.recorded() {
        let incident = draft.incident();
        // One body for all.
        let mut body = None;
        for endpoint in known.endpoints.iter().filter(|endpoint| wants(endpoint, of, incident)) {
            let body = body.get_or_insert_with(|| message::of_event(ctx, of, incident, event)).clone();
            let row = message::row(ctx, endpoint.id, of, body, now);
            rows.push(webhook_message::Model { incident_id: Some(incident.id), ..row });
        }
    }
    if rows.is_empty() {
        return;
    }
    for row in rows {
        draft.insert(row.into_active_model());
    }
    draft.post();
}

/// Whether an endpoint gets an event of this type, of an incident that is like this then.
fn wants(endpoint: &webhook_endpoint::Model, of: EventType, incident: &incident::Model) -> bool {
    let may = incident.visibility == Visibility::Open || endpoint.includes_restricted;
    // The worst comes first.
    let is_bad_enough = endpoint.least_severity.is_none_or(|least| incident.severity <= least);
    may && is_bad_enough && endpoint.types.as_ref().is_none_or(|types| of.is_among(&types.0))
}

#[cfg(test)]
mod tests {
    use entity::{Severity, Timestamp, WebhookEndpointId, WebhookTypes};
    use uuid::Uuid;

    use super::*;
    use crate::fixtures;

    fn endpoint() -> webhook_endpoint::Model {
        webhook_endpoint::Model {
            id: WebhookEndpointId(Uuid::from_u128(1)),
            name: "automation".to_owned(),
            url: "https://hooks.example.org/".to_owned(),
            types: None,
            least_severity: None,
            includes_restricted: false,
            generation: 1,
            rotated_at: None,
            secret_hash: String::new(),
            created_by_id: None,
            created_at: Timestamp::UNIX_EPOCH,
            disabled_at: None,
            disabled_why: None,
            failing_since: None,
            paused_until: None,
        }
    }

    #[test]
    fn an_endpoint_gets_what_it_wants_and_may_have() {
        let incident =
            incident::Model { severity: Severity::Minor, visibility: Visibility::Open, ..fixtures::live_incident(Timestamp::UNIX_EPOCH) };
        let declared = EventType::IncidentDeclared;
        assert!(wants(&endpoint(), declared, &incident));
        for (types, wanted) in
            [(vec!["incident.*"], true), (vec!["page.*", "incident.declared"], true), (vec!["page.*"], false), (vec![], false)]
        {
            let types = Some(WebhookTypes(types.into_iter().map(str::to_owned).collect()));
            assert_eq!(wants(&webhook_endpoint::Model { types, ..endpoint() }, declared, &incident), wanted);
        }
        for (least, wanted) in [(Severity::Trivial, true), (Severity::Minor, true), (Severity::Major, false), (Severity::Critical, false)] {
            let endpoint = webhook_endpoint::Model { least_severity: Some(least), ..endpoint() };
            assert_eq!(wants(&endpoint, declared, &incident), wanted, "{least}");
        }
        let restricted = incident::Model { visibility: Visibility::Restricted, ..incident };
        assert!(!wants(&endpoint(), declared, &restricted));
        assert!(wants(&webhook_endpoint::Model { includes_restricted: true, ..endpoint() }, declared, &restricted));
    }
}
