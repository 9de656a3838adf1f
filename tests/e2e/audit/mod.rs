//! The audit log: what is in it, who reads it, and that nobody can change it unnoticed.

mod chain;
mod reading;
mod recorded;
mod seen;
mod unwritable;

use entity::{AuditAction, audit_entry};
use harness::TestApp;
use sea_orm::{EntityTrait, QueryOrder};
use serde_json::Value;

/// All entries, oldest first.
async fn log(app: &TestApp) -> Vec<audit_entry::Model> {
    let entries = audit_entry::Entity::find().order_by_asc(audit_entry::Column::Sequence);
    entries.all(app.domain.db.read()).await.unwrap()
}

/// The entries that `work` leaves.
pub async fn left_by(app: &TestApp, work: impl AsyncFnOnce()) -> Vec<audit_entry::Model> {
    let before = log(app).await.len();
    work().await;
    log(app).await.split_off(before)
}

pub fn actions(entries: &[audit_entry::Model]) -> Vec<AuditAction> {
    entries.iter().map(|entry| entry.action).collect()
}

fn details(entry: &audit_entry::Model) -> Value {
    entry.details.as_deref().map_or(Value::Null, |details| serde_json::from_str(details).unwrap())
}
