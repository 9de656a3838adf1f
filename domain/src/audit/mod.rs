//! The audit log: who got in, who changed what others may do, who took data out, and who saw what is hidden from most.
//!
//! Called by every use case that does such a thing, which appends its entry in its own transaction, as the last thing before the commit:
//! no such change without an entry, no entry without its change. Administrators read it ([`page`]), the command line exports
//! ([`after`]) and verifies it ([`verify()`]).
//!
//! All entries are one chain, by the rule of [`crate::chain`]. Appending locks the chain's end until the commit. As that is the last lock
//! of every transaction, it is held for two statements and a commit, and nobody who holds it waits for another lock.
//!
//! Entries hold no secrets, and no values of fields that may be personal: of those they name the field alone.

mod query;
pub mod restricted;
pub(crate) mod sights;
mod verify;

use std::fmt::Display;

use entity::{ApiTokenId, AuditAction, AuditEntryId, PersonId, Source, audit_entry, audit_head};
use sea_orm::{DatabaseTransaction, DbErr, EntityTrait, IntoActiveModel, QuerySelect, Set};
use serde::Serialize;

use crate::chain::{Link, link};
use crate::ctx::Ctx;
use crate::error::Result;

pub use query::{Filter, after, by_ids, page};
pub use verify::verify;

/// The id of the one row with the end of the chain.
const HEAD: i32 = 1;

/// Entries in one statement.
const ROWS_AT_ONCE: usize = 500;

/// What an entry says beyond who did it, when, how and from where.
#[derive(Clone, Debug)]
pub struct Entry {
    action: AuditAction,
    subject: Option<String>,
    details: Option<serde_json::Value>,
}

impl Entry {
    /// An entry about nothing in particular.
    pub fn new(action: AuditAction) -> Self {
        Self { action, subject: None, details: None }
    }

    /// About `subject`: an id, or the name of an outside system.
    #[must_use]
    pub fn about(self, subject: impl Display) -> Self {
        Self { subject: Some(subject.to_string()), ..self }
    }

    /// With data for programs.
    #[must_use]
    pub fn details(self, details: serde_json::Value) -> Self {
        Self { details: Some(details), ..self }
    }
}

/// Appends entries by the actor of `ctx`, as the last thing that `tx` does before it is committed.
pub(crate) async fn append(ctx: &Ctx, tx: &DatabaseTransaction, entries: Vec<Entry>) -> Result<(), DbErr> {
    if entries.is_empty() {
        return Ok(());
    }
    // On SQLite the transaction has had the write lock since it began.
    let head = audit_head::Entity::find_by_id(HEAD).lock_exclusive().one(tx).await?;
    let mut head = head.ok_or_else(|| DbErr::RecordNotFound("the end of the audit log".to_owned()))?;
    let rows: Vec<_> = entries.into_iter().map(|entry| sealed(ctx, entry, &mut head).into_active_model()).collect();
    for rows in rows.chunks(ROWS_AT_ONCE) {
        audit_entry::Entity::insert_many(rows.to_vec()).exec_without_returning(tx).await?;
    }
    let end = audit_head::ActiveModel { id: Set(HEAD), last_sequence: Set(head.last_sequence), last_hash: Set(head.last_hash) };
    audit_head::Entity::update(end).exec(tx).await?;
    Ok(())
}

/// Appends one entry in a transaction of its own, about what changes nothing else.
pub async fn record(ctx: &Ctx, entry: Entry) -> Result<()> {
    let tx = ctx.db.begin().await?;
    append(ctx, &tx, vec![entry]).await?;
    tx.commit().await?;
    Ok(())
}

/// Records that the caller saw `subjects`, before they are shown; once an hour each. What Muster itself reads is seen by nobody.
pub async fn saw(ctx: &Ctx, action: AuditAction, subjects: impl IntoIterator<Item = impl Display>) -> Result<()> {
    let Some(person) = ctx.actor.person_id() else { return Ok(()) };
    let token = ctx.actor.token().map(|token| token.id);
    let looks = subjects.into_iter().map(|subject| (person, token, action, subject.to_string()));
    let news: Vec<_> = looks.filter(|look| !ctx.sights.knows(look)).collect();
    if news.is_empty() {
        return Ok(());
    }
    let tx = ctx.db.begin().await?;
    append(ctx, &tx, news.iter().map(|(.., subject)| Entry::new(action).about(subject)).collect()).await?;
    tx.commit().await?;
    for look in news {
        ctx.sights.keep(look).await;
    }
    Ok(())
}

/// The next entry after `head`, which becomes the new end.
fn sealed(ctx: &Ctx, entry: Entry, head: &mut audit_head::Model) -> audit_entry::Model {
    let (now, token) = (ctx.now(), ctx.actor.token());
    let mut row = audit_entry::Model {
        id: AuditEntryId(ctx.ids.uuid(now)),
        sequence: head.last_sequence + 1,
        at: now,
        action: entry.action,
        actor_id: ctx.actor.person_id(),
        token_id: token.map(|token| token.id),
        token_name: token.map(|token| token.name.to_string()),
        source: ctx.source,
        address: ctx.address.map(|address| address.to_string()),
        subject: entry.subject,
        details: entry.details.map(|details| details.to_string()),
        hash: Vec::new(),
    };
    row.hash = row.hash_after(&head.last_hash);
    head.last_sequence = row.sequence;
    head.last_hash.clone_from(&row.hash);
    row
}

/// What is hashed of an entry, in this order.
#[derive(Serialize)]
struct Hashed<'a> {
    id: AuditEntryId,
    sequence: i32,
    at_micros: i64,
    action: AuditAction,
    actor: Option<PersonId>,
    token: Option<ApiTokenId>,
    token_name: Option<&'a str>,
    source: Source,
    address: Option<&'a str>,
    subject: Option<&'a str>,
    details: Option<&'a str>,
}

impl Link for audit_entry::Model {
    fn sequence(&self) -> i32 {
        self.sequence
    }

    fn hash(&self) -> &[u8] {
        &self.hash
    }

    fn hash_after(&self, previous: &[u8]) -> Vec<u8> {
        let hashed = Hashed {
            id: self.id,
            sequence: self.sequence,
            at_micros: self.at.timestamp_micros(),
            action: self.action,
            actor: self.actor_id,
            token: self.token_id,
            token_name: self.token_name.as_deref(),
            source: self.source,
            address: self.address.as_deref(),
            subject: self.subject.as_deref(),
            details: self.details.as_deref(),
        };
        link(previous, &hashed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::START;
    use chrono::DateTime;
    use uuid::Uuid;

    fn row() -> audit_entry::Model {
        audit_entry::Model {
            id: AuditEntryId(Uuid::from_u128(1)),
            sequence: 1,
            at: DateTime::from_timestamp_micros(1_800_000_000_123_456).unwrap(),
            action: AuditAction::TokenCreated,
            actor_id: Some(PersonId(Uuid::from_u128(2))),
            token_id: None,
            token_name: None,
            source: Source::Web,
            address: Some("192.0.2.7".into()),
            subject: Some("tok_1".into()),
            details: Some("{}".into()),
            hash: Vec::new(),
        }
    }

    #[test]
    fn every_field_is_hashed() {
        let altered: [fn(&mut audit_entry::Model); 11] = [
            |row| row.id = AuditEntryId(Uuid::from_u128(9)),
            |row| row.sequence = 2,
            |row| row.at += chrono::Duration::microseconds(1),
            |row| row.action = AuditAction::TokenRevoked,
            |row| row.actor_id = None,
            |row| row.token_id = Some(ApiTokenId(Uuid::from_u128(3))),
            |row| row.token_name = Some("deploy".into()),
            |row| row.source = Source::Cli,
            |row| row.address = None,
            |row| row.subject = Some("tok_2".into()),
            |row| row.details = None,
        ];
        for alter in altered {
            let mut other = row();
            alter(&mut other);
            assert_ne!(other.hash_after(&START), row().hash_after(&START), "{other:?}");
        }
        assert_ne!(row().hash_after(&[1; 32]), row().hash_after(&START));
    }

    #[test]
    fn the_format_is_fixed() {
        // Computed independently of this code; changing the format would break every existing log.
        assert_eq!(hex::encode(row().hash_after(&START))[..8], *"995921c9");
    }
}
