//! `muster audit`: the audit log as lines of JSON, for a system that collects them.

use std::collections::HashMap;

use chrono::{NaiveDate, NaiveTime};
use clap::Args;
use domain::audit::{self, Entry, Filter};
use domain::authz::Actor;
use domain::people;
use entity::{AuditAction, PersonId, Source, Timestamp, audit_entry};
use serde_json::{Value, json};

use crate::database::domain;
use crate::output;
use crate::settings::Settings;

/// Entries read at a time.
const BATCH: u64 = 1_000;

#[derive(Args)]
pub struct Export {
    /// Only entries since then, such as 2026-11-01 or 2026-11-01T08:30:00Z.
    #[arg(long, value_parser = time)]
    since: Option<Timestamp>,
}

/// Reads a day or a time.
pub fn time(text: &str) -> Result<Timestamp, String> {
    let midnight = || text.parse::<NaiveDate>().ok().map(|day| day.and_time(NaiveTime::MIN).and_utc());
    text.parse().ok().or_else(midnight).ok_or_else(|| "write a day or a time, such as 2026-11-01 or 2026-11-01T08:30:00Z".to_owned())
}

/// Prints the entries, oldest first, up to the one about this export.
///
/// # Errors
/// When there is no database, or nobody reads the output to its end.
pub async fn export(settings: &Settings, Export { since }: Export) -> anyhow::Result<()> {
    let ctx = domain(settings).await?.ctx(Actor::System, Source::Cli);
    audit::record(&ctx, Entry::new(AuditAction::AuditExported).details(json!({ "since": since }))).await?;
    let filter = Filter { since, until: Some(ctx.now()), ..Filter::default() };
    let mut after = 0;
    loop {
        let entries = audit::after(&ctx, &filter, after, BATCH).await?;
        let Some(last) = entries.last() else { return Ok(()) };
        after = last.sequence;
        let ids: Vec<PersonId> = entries.iter().filter_map(|entry| entry.actor_id).collect();
        let people = if ids.is_empty() { Vec::new() } else { people::by_ids(&ctx, &ids).await? };
        let names: HashMap<PersonId, &str> = people.iter().map(|person| (person.id, person.name.as_str())).collect();
        for entry in &entries {
            output::line(line(entry, &names))?;
        }
    }
}

/// An entry, with everything that its hash covers.
fn line(entry: &audit_entry::Model, names: &HashMap<PersonId, &str>) -> Value {
    let details: Option<Value> = entry.details.as_deref().and_then(|details| serde_json::from_str(details).ok());
    json!({
        "sequence": entry.sequence,
        "id": entry.id.to_string(),
        "at": entry.at,
        "action": entry.action,
        "actor": entry.actor_id.map(|id| json!({ "id": id.to_string(), "name": names.get(&id) })),
        "token": entry.token_id.map(|id| json!({ "id": id.to_string(), "name": entry.token_name })),
        "source": entry.source,
        "address": entry.address,
        "subject": entry.subject,
        "details": details,
        "hash": hex::encode(&entry.hash),
    })
}

#[cfg(test)]
mod tests {
    use super::time;

    #[test]
    fn a_day_begins_at_midnight_utc() {
        assert_eq!(time("2026-11-01"), time("2026-11-01T00:00:00Z"));
        assert_eq!(time("2026-11-01T01:30:00+01:00"), time("2026-11-01T00:30:00Z"));
        assert!(time("yesterday").unwrap_err().contains("2026-11-01"));
    }
}
