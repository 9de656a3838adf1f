//! People, sites, clients, incidents and their timelines.

use sea_orm_migration::prelude::*;

use crate::columns::{id, integer, key, optional_text, optional_time, reference, text, time};

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261122_000001_incidents"
    }
}

/// Tables in the order in which they can be created; dropped in reverse.
const TABLES: &[(&str, fn(&mut TableCreateStatement))] = &[
    ("person", person),
    ("api_token", api_token),
    ("session", secret_of_person),
    ("sign_in_link", sign_in_link),
    ("client", client),
    ("contact", contact),
    ("site", site),
    ("counter", counter),
    ("incident", incident),
    ("incident_access", incident_access),
    ("incident_site", incident_site),
    ("incident_client", incident_client),
    ("role_assignment", role_assignment),
    ("goal", goal),
    ("checklist_item", checklist_item),
    ("action", action),
    ("timeline_event", timeline_event),
    ("attachment", attachment),
    ("alert", alert),
    ("idempotency_key", idempotency_key),
    ("watermark", watermark),
    ("chain_check", chain_check),
];

/// `(table, columns, unique)`; the index name is derived from them.
const INDEXES: &[(&str, &[&str], bool)] = &[
    ("person", &["email"], true),
    ("person", &["name", "id"], false),
    ("api_token", &["secret_hash"], true),
    ("api_token", &["person_id"], false),
    ("api_token", &["expires_at"], false),
    ("session", &["secret_hash"], true),
    ("session", &["person_id"], false),
    ("session", &["expires_at"], false),
    ("sign_in_link", &["secret_hash"], true),
    ("sign_in_link", &["person_id"], false),
    ("sign_in_link", &["expires_at"], false),
    ("client", &["name", "id"], false),
    ("contact", &["client_id"], false),
    ("site", &["name", "id"], false),
    ("site", &["client_id"], false),
    ("incident", &["number"], true),
    ("incident", &["live", "reported_at", "id"], false),
    ("incident", &["live", "severity", "reported_at", "id"], false),
    ("incident", &["status", "reported_at", "id"], false),
    ("incident", &["reported_at", "id"], false),
    ("incident", &["severity", "reported_at", "id"], false),
    ("incident", &["changed_at", "id"], false),
    ("incident_access", &["person_id"], false),
    ("incident_site", &["site_id"], false),
    ("incident_client", &["client_id"], false),
    ("role_assignment", &["incident_id", "role"], false),
    ("role_assignment", &["person_id"], false),
    ("action", &["incident_id", "state"], false),
    ("action", &["assignee_id"], false),
    ("timeline_event", &["incident_id", "sequence"], true),
    ("attachment", &["incident_id"], false),
    ("attachment", &["event_id"], false),
    ("alert", &["source", "fingerprint", "starts_at"], true),
    ("alert", &["source", "group_key"], false),
    ("alert", &["incident_id"], false),
    ("idempotency_key", &["expires_at"], false),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, columns) in TABLES {
            let mut table = Table::create();
            table.table(*name);
            columns(&mut table);
            manager.create_table(table).await?;
        }
        for (table, columns, unique) in INDEXES {
            let kind = if *unique { "uq" } else { "ix" };
            let mut index = Index::create();
            index.name(format!("{kind}_{table}_{}", columns.join("_"))).table(*table);
            for column in *columns {
                index.col(*column);
            }
            if *unique {
                index.unique();
            }
            manager.create_index(index).await?;
        }
        // Few events are corrections: a partial index costs appends nothing.
        manager
            .get_connection()
            .execute_unprepared("CREATE INDEX ix_timeline_event_amends_id ON timeline_event (amends_id) WHERE amends_id IS NOT NULL")
            .await?;
        manager
            .execute(
                Query::insert().into_table("counter").columns(["name", "value"]).values_panic(["incident".into(), 0.into()]).to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, _) in TABLES.iter().rev() {
            manager.drop_table(Table::drop().table(*name).to_owned()).await?;
        }
        Ok(())
    }
}

fn person(table: &mut TableCreateStatement) {
    id(table);
    text(table, &["name"]);
    optional_text(table, &["email"]);
    text(table, &["access_level"]);
    table.col(ColumnDef::new("seniority").integer());
    integer(table, &["grants"]);
    time(table, &["created_at"]);
    optional_time(table, &["deactivated_at"]);
}

fn api_token(table: &mut TableCreateStatement) {
    id(table);
    reference(table, "person_id", "person", true);
    text(table, &["name", "access_level", "secret_hash"]);
    time(table, &["created_at"]);
    optional_time(table, &["expires_at", "revoked_at", "last_used_at"]);
}

fn secret_of_person(table: &mut TableCreateStatement) {
    id(table);
    reference(table, "person_id", "person", true);
    text(table, &["secret_hash"]);
    time(table, &["created_at", "expires_at"]);
}

fn sign_in_link(table: &mut TableCreateStatement) {
    secret_of_person(table);
    optional_time(table, &["used_at"]);
}

fn client(table: &mut TableCreateStatement) {
    id(table);
    text(table, &["name", "importance"]);
    optional_text(table, &["zendesk_organization_id"]);
    time(table, &["created_at"]);
}

fn contact(table: &mut TableCreateStatement) {
    id(table);
    reference(table, "client_id", "client", true);
    text(table, &["name", "email", "kind"]);
}

fn site(table: &mut TableCreateStatement) {
    id(table);
    text(table, &["name"]);
    optional_text(table, &["url", "repository"]);
    reference(table, "client_id", "client", false);
    table.col(ColumnDef::new("tooling").json_binary().not_null());
    optional_text(table, &["runbook"]);
    text(table, &["importance"]);
    optional_text(table, &["expected"]);
    optional_time(table, &["last_synced_at"]);
    time(table, &["created_at"]);
}

fn counter(table: &mut TableCreateStatement) {
    table.col(ColumnDef::new("name").text().not_null().primary_key());
    integer(table, &["value"]);
}

fn incident(table: &mut TableCreateStatement) {
    id(table);
    integer(table, &["number"]);
    text(table, &["name"]);
    optional_text(table, &["summary"]);
    table.col(ColumnDef::new("severity").small_integer().not_null());
    text(table, &["status"]);
    table.col(ColumnDef::new("live").boolean().not_null());
    text(table, &["visibility"]);
    integer(table, &["flags"]);
    for column in ["reporter_id", "lead_id", "comms_manager_id"] {
        reference(table, column, "person", false);
    }
    time(table, &["reported_at"]);
    optional_time(table, &["declared_at", "impact_started_at", "impact_ended_at", "resolved_at", "closed_at"]);
    reference(table, "merged_into_id", "incident", false);
    for column in ["impact_requests", "impact_visits", "impact_users"] {
        table.col(ColumnDef::new(column).integer());
    }
    optional_text(table, &["impact_description"]);
    integer(table, &["version", "last_sequence"]);
    table.col(ColumnDef::new("last_hash").blob().not_null());
    table.col(ColumnDef::new("latest_update_sequence").integer());
    time(table, &["changed_at"]);
}

fn incident_access(table: &mut TableCreateStatement) {
    reference(table, "incident_id", "incident", true);
    reference(table, "person_id", "person", true);
    time(table, &["granted_at"]);
    key(table, &["incident_id", "person_id"]);
}

fn incident_site(table: &mut TableCreateStatement) {
    reference(table, "incident_id", "incident", true);
    reference(table, "site_id", "site", true);
    key(table, &["incident_id", "site_id"]);
}

fn incident_client(table: &mut TableCreateStatement) {
    reference(table, "incident_id", "incident", true);
    reference(table, "client_id", "client", true);
    time(table, &["since"]);
    optional_text(table, &["note"]);
    key(table, &["incident_id", "client_id"]);
}

fn role_assignment(table: &mut TableCreateStatement) {
    id(table);
    reference(table, "incident_id", "incident", true);
    text(table, &["role"]);
    reference(table, "person_id", "person", true);
    time(table, &["assigned_at"]);
    optional_time(table, &["ended_at"]);
    optional_text(table, &["handover_note"]);
}

fn goal(table: &mut TableCreateStatement) {
    reference(table, "incident_id", "incident", true);
    text(table, &["goal"]);
    optional_time(table, &["met_at"]);
    reference(table, "met_by_id", "person", false);
    optional_text(table, &["evidence"]);
    key(table, &["incident_id", "goal"]);
}

fn checklist_item(table: &mut TableCreateStatement) {
    reference(table, "incident_id", "incident", true);
    text(table, &["goal", "item"]);
    time(table, &["done_at"]);
    reference(table, "done_by_id", "person", false);
    key(table, &["incident_id", "goal", "item"]);
}

fn action(table: &mut TableCreateStatement) {
    id(table);
    reference(table, "incident_id", "incident", true);
    text(table, &["title"]);
    reference(table, "assignee_id", "person", false);
    text(table, &["state"]);
    time(table, &["created_at"]);
    optional_time(table, &["settled_at"]);
}

fn timeline_event(table: &mut TableCreateStatement) {
    id(table);
    reference(table, "incident_id", "incident", true);
    integer(table, &["sequence"]);
    text(table, &["kind"]);
    time(table, &["occurred_at", "recorded_at"]);
    reference(table, "actor_id", "person", false);
    text(table, &["source", "text"]);
    optional_text(table, &["details"]);
    reference(table, "amends_id", "timeline_event", false);
    table.col(ColumnDef::new("starred").boolean().not_null());
    table.col(ColumnDef::new("hash").blob().not_null());
}

fn attachment(table: &mut TableCreateStatement) {
    id(table);
    reference(table, "incident_id", "incident", true);
    reference(table, "event_id", "timeline_event", false);
    text(table, &["file_name", "content_type"]);
    table.col(ColumnDef::new("bytes").big_integer().not_null());
    text(table, &["sha256"]);
    reference(table, "uploaded_by_id", "person", false);
    time(table, &["created_at"]);
}

fn alert(table: &mut TableCreateStatement) {
    id(table);
    text(table, &["source", "fingerprint", "group_key", "title"]);
    table.col(ColumnDef::new("firing").boolean().not_null());
    time(table, &["starts_at"]);
    optional_time(table, &["ends_at"]);
    integer(table, &["count"]);
    reference(table, "incident_id", "incident", false);
    table.col(ColumnDef::new("labels").json_binary().not_null());
    time(table, &["received_at"]);
}

fn idempotency_key(table: &mut TableCreateStatement) {
    reference(table, "person_id", "person", true);
    text(table, &["operation", "key", "fingerprint"]);
    table.col(ColumnDef::new("subject_id").uuid().not_null());
    time(table, &["expires_at"]);
    key(table, &["person_id", "operation", "key"]);
}

fn watermark(table: &mut TableCreateStatement) {
    table.col(ColumnDef::new("name").text().not_null().primary_key());
    time(table, &["changed_at"]);
    table.col(ColumnDef::new("incident_id").uuid().not_null());
}

fn chain_check(table: &mut TableCreateStatement) {
    table.col(ColumnDef::new("incident_id").uuid().not_null().primary_key());
    integer(table, &["verified_sequence"]);
    table.col(ColumnDef::new("broken_sequence").integer());
    time(table, &["checked_at"]);
}
