//! What a process says of itself when it starts: enough to tell what runs here, on what, and what can't happen.

use std::fmt::Write;
use std::str::FromStr;

use domain::Domain;
use domain::zone::tables;
use entity::System;
use sea_orm::sqlx::postgres::PgConnectOptions;
use worker::ops_docs::OpsDocs;

use crate::output;
use crate::settings::{Settings, Traces};
use crate::systems::is_done_by_hand;

/// Says on standard error what starts as `role`: as a few lines, or as an entry of the log where that is JSON.
pub fn announce(role: &str, settings: &Settings, domain: &Domain) {
    let names = |systems: Vec<&System>| systems.into_iter().map(|system| system.as_str()).collect::<Vec<_>>().join(", ");
    let (connected, others): (Vec<&System>, Vec<&System>) = System::ALL.iter().partition(|system| domain.config.systems.contains(system));
    let by_hand = names(others.into_iter().filter(|system| is_done_by_hand(**system)).collect());
    let connected = names(connected);
    let playbook = domain.playbook();
    let traces = settings.traces.as_ref().map(Traces::describe);
    let ops_docs = settings.ops_docs.as_ref().map(OpsDocs::describe);
    let sites = settings.airtable.as_ref().map(|table| table.place.describe());
    let sources = settings.alert_sources.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
    let webhooks = settings.webhooks.is_some();
    let (version, database, zones) = (env!("CARGO_PKG_VERSION"), database(&settings.database_url.0), tables().describe());
    if settings.log_json {
        tracing::info!(
            version,
            role,
            address = settings.public_url,
            database,
            playbook = playbook.name,
            playbook_source = playbook.source,
            time_zones = zones,
            connected,
            by_hand,
            traces,
            ops_docs,
            sites,
            sources,
            webhooks,
            "started"
        );
    } else if tracing::enabled!(tracing::Level::INFO) {
        let or_nothing = |systems: String| if systems.is_empty() { "nothing".to_owned() } else { systems };
        let playbook = format!("{} ({})", playbook.name, playbook.source);
        let facts = [
            ("address", settings.public_url.clone()),
            ("database", database),
            ("playbook", playbook),
            ("time zones", zones),
            ("connected", or_nothing(connected)),
            ("done by hand", or_nothing(by_hand)),
        ];
        let mut text = format!("Muster {version}, muster {role}");
        let others = [
            ("traces", traces),
            ("ops docs", ops_docs),
            ("sites from", sites),
            ("alerts from", Some(sources).filter(|sources| !sources.is_empty())),
            ("webhooks", webhooks.then(|| "on".to_owned())),
        ];
        for (what, value) in facts.into_iter().chain(others.into_iter().filter_map(|(what, value)| Some((what, value?)))) {
            // Writing to a string does not fail.
            let _ = write!(text, "\n  {what:<12}  {value}");
        }
        output::complain(text);
    }
    if let Some(warning) = tables().warning(domain.clock.now()) {
        tracing::warn!("{warning}");
    }
    let connected = &domain.config.systems;
    let wakes_somebody = [System::Email, System::Ntfy, System::Webhook, System::Slack].iter().any(|system| connected.contains(system));
    if !wakes_somebody {
        tracing::warn!("no mail server is connected: nobody can be woken. smtp.url and smtp.from connect one; ntfy.url rings phones");
    } else if connected.contains(&System::Email) && domain.config.client_reply_to.is_none() {
        tracing::info!("clients answer the sender of all mails: set smtp.client_reply_to unless somebody reads what arrives there");
    }
}

/// Where the database is, without what opens it.
fn database(url: &str) -> String {
    if let Some(path) = url.strip_prefix("sqlite:") {
        return format!("SQLite, {}", path.trim_start_matches("//").split('?').next().unwrap_or_default());
    }
    let Ok(options) = PgConnectOptions::from_str(url) else { return "PostgreSQL".to_owned() };
    let (user, name) = (options.get_username(), options.get_database().unwrap_or(options.get_username()));
    match options.get_socket() {
        Some(folder) => format!("PostgreSQL, {name} at {} as {user}", folder.display()),
        None => format!("PostgreSQL, {name} at {}:{} as {user}", options.get_host(), options.get_port()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn databases_are_named_without_their_passwords() {
        let table = [
            ("sqlite:data/muster.db", "SQLite, data/muster.db"),
            ("sqlite:///var/lib/muster.db?mode=rwc", "SQLite, /var/lib/muster.db"),
            ("postgres://muster:hunter2@db.example.org/rota", "PostgreSQL, rota at db.example.org:5432 as muster"),
            ("postgres://db.example.org:6432/rota?user=muster&password=hunter2", "PostgreSQL, rota at db.example.org:6432 as muster"),
            ("postgres://muster:hunter2@localhost/rota?host=/run/postgresql", "PostgreSQL, rota at /run/postgresql as muster"),
        ];
        for (url, shown) in table {
            assert_eq!(database(url), shown);
        }
    }
}
