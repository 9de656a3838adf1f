//! What somebody who is paged is told of the incident beyond its name: who leads, where it is and what to do when it breaks, the newest
//! update, the alerts behind it.
//!
//! Put together when the first message about a page leaves, and kept with the page: every attempt on every channel says the same, and so
//! does the page behind its link.

use std::fmt::Write;

use entity::{PageId, alert, incident, incident_site, page};
use sea_orm::sea_query::ExprTrait;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set};
use serde_json::Value;

use crate::ctx::Ctx;
use crate::error::Result;
use crate::timeline::redactions::shown;
use crate::{catalogue, people, timeline};

/// Alerts that are named; a storm has hundreds.
const ALERTS: u64 = 5;
/// Characters of the newest update.
const UPDATE_CHARS: usize = 600;
/// Sites whose runbooks are named.
const RUNBOOKS: usize = 5;
/// Labels of an alert.
const LABELS: usize = 12;

/// The briefing of the page `id`, the same at every call.
pub(super) async fn of_page(ctx: &Ctx, id: PageId) -> Result<String> {
    let Some(row) = page::Entity::find_by_id(id).one(ctx.db.read()).await? else { return Ok(String::new()) };
    if let Some(briefing) = row.briefing {
        return Ok(briefing);
    }
    let Some(incident) = incident::Entity::find_by_id(row.incident_id).one(ctx.db.read()).await? else { return Ok(String::new()) };
    let briefing = now(ctx, &incident).await?;
    let keep = page::ActiveModel { briefing: Set(Some(briefing.clone())), ..Default::default() };
    let first = page::Column::Id.eq(id).and(page::Column::Briefing.is_null());
    let kept = page::Entity::update_many().set(keep).filter(first).exec(ctx.db.write()).await?;
    if kept.rows_affected > 0 {
        return Ok(briefing);
    }
    // Another channel's message was faster.
    let row = page::Entity::find_by_id(id).one(ctx.db.read()).await?;
    Ok(row.and_then(|row| row.briefing).unwrap_or(briefing))
}

/// The situation as it is now, one line for each thing, each after a line break.
pub async fn now(ctx: &Ctx, incident: &incident::Model) -> Result<String> {
    let playbook = ctx.playbook();
    let mut text = String::new();
    // Writing to a string can't fail.
    let _ = match incident.lead_id {
        Some(lead) => write!(text, "\nLead: {}", people::find(ctx, lead).await?.name),
        None => write!(text, "\nLead: nobody yet"),
    };
    let sites = incident_site::Entity::find().filter(incident_site::Column::IncidentId.eq(incident.id)).all(ctx.db.read()).await?;
    let sites: Vec<_> = sites.into_iter().map(|row| row.site_id).collect();
    if !sites.is_empty() {
        let sites = catalogue::sites_by_ids(ctx, &sites).await?;
        let named = sites.iter().map(|site| match &site.url {
            Some(url) => format!("{} ({url})", site.name),
            None => site.name.clone(),
        });
        let _ = write!(text, "\nSites: {}", named.collect::<Vec<_>>().join(", "));
        for (site, runbook) in sites.iter().take(RUNBOOKS).filter_map(|site| Some((site, site.runbook.as_ref()?))) {
            let _ = write!(text, "\nRunbook of {}: {runbook}", site.name);
        }
    }
    if let Some(update) = timeline::latest_update(ctx, incident).await? {
        let words: String = shown(&update).chars().take(UPDATE_CHARS).collect();
        let _ = write!(text, "\nNewest update, {}: {words}", playbook.local(update.occurred_at));
    }
    let alerts = alert::Entity::find().filter(alert::Column::IncidentId.eq(incident.id)).filter(alert::Column::Firing.eq(true));
    let alerts = alerts.order_by_desc(alert::Column::ReceivedAt).order_by_desc(alert::Column::Id).limit(ALERTS);
    for alert in alerts.all(ctx.db.read()).await? {
        let _ = write!(text, "\nAlert of {}: {}, firing since {}", alert.source, alert.title, playbook.local(alert.starts_at));
        for line in [labels(&alert.labels), links(&alert.labels)].into_iter().filter(|line| !line.is_empty()) {
            let _ = write!(text, "\n  {line}");
        }
    }
    Ok(text)
}

/// `name=value` of an alert's labels. Alertmanager's are in a table of their own, next to the annotations.
fn labels(known: &Value) -> String {
    let table = known.get("labels").unwrap_or(known).as_object();
    let pair = |(name, value): (&String, &Value)| Some(format!("{name}={}", value.as_str()?)).filter(|pair| !is_link(pair));
    table.into_iter().flatten().filter_map(pair).take(LABELS).collect::<Vec<_>>().join(" ")
}

/// Every web address among an alert's labels and annotations: its source, its dashboard, its runbook.
fn links(known: &Value) -> String {
    let Some(table) = known.as_object() else { return String::new() };
    let nested = ["labels", "annotations"].into_iter().filter_map(|name| known.get(name)?.as_object()).flatten();
    let own = table.iter().filter(|(_, value)| value.is_string());
    let mut links: Vec<&str> = own.chain(nested).filter_map(|(_, value)| value.as_str()).filter(|text| is_address(text)).collect();
    links.dedup();
    links.join(" ")
}

fn is_address(text: &str) -> bool {
    ["https://", "http://"].iter().any(|scheme| text.starts_with(scheme)) && !text.contains(char::is_whitespace)
}

fn is_link(pair: &str) -> bool {
    pair.split_once('=').is_some_and(|(_, value)| is_address(value))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn labels_and_links_of_an_alert_are_told_apart() {
        let of_alertmanager = json!({
            "labels": { "alertname": "Down", "instance": "web1" },
            "annotations": { "summary": "web1 is down", "runbook_url": "https://wiki.example.org/down" },
            "source": "https://prometheus.example.org/graph?g0=up",
        });
        for (known, expected, addresses) in [
            (of_alertmanager, "alertname=Down instance=web1", "https://prometheus.example.org/graph?g0=up https://wiki.example.org/down"),
            (json!({ "host": "web1", "url": "https://a.example" }), "host=web1", "https://a.example"),
            (json!({ "port": 80, "text": "see http://a.example" }), "text=see http://a.example", ""),
            (json!({}), "", ""),
            (Value::Null, "", ""),
        ] {
            assert_eq!((labels(&known), links(&known)), (expected.to_owned(), addresses.to_owned()), "{known}");
        }
    }
}
