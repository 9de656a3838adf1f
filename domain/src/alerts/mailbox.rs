//! How far mailboxes were read.
//!
//! Called by `worker`, mail by mail: first what a mail means is taken, then its place is kept ([`take`]). Whoever dies in between takes that
//! mail again, which changes nothing.

use entity::{Source, sync_mark};
use sea_orm::sea_query::OnConflict;
use sea_orm::{EntityTrait, IntoActiveModel};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::alarm::Alarms;
use super::receive;
use crate::ctx::Ctx;
use crate::error::Result;

/// A place in a mailbox: all mails up to it are taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Which mailbox, of which user, on which server.
    pub mailbox: String,
    /// What the numbers of its mails belong to (`UIDVALIDITY`): with another one, they begin anew.
    pub validity: u32,
    /// The number (`UID`) of the last mail that was taken.
    pub uid: u32,
}

/// Where `source` has got to in `mailbox`; `None` if it has not read it yet.
pub async fn place(ctx: &Ctx, source: &str, mailbox: &str) -> Result<Option<Place>> {
    let mark = sync_mark::Entity::find_by_id(name(source)).one(ctx.db.read()).await?;
    let place = mark.and_then(|mark| serde_json::from_value::<Place>(mark.under_way?).ok());
    Ok(place.filter(|place| place.mailbox == mailbox))
}

/// Takes what the mail at `place` means, and keeps the place.
pub async fn take(ctx: &Ctx, source: &str, place: &Place, notifications: Vec<Alarms>) -> Result<()> {
    let ctx = &ctx.by_way_of(Source::Alert);
    for alarms in notifications {
        receive(ctx, alarms).await?;
    }
    keep(ctx, source, place).await
}

/// Keeps where `source` has got to.
pub async fn keep(ctx: &Ctx, source: &str, place: &Place) -> Result<()> {
    let row = sync_mark::Model { name: name(source), known_until: Some(ctx.now()), complete_at: None, under_way: Some(json!(place)) };
    let moved =
        OnConflict::column(sync_mark::Column::Name).update_columns([sync_mark::Column::KnownUntil, sync_mark::Column::UnderWay]).to_owned();
    sync_mark::Entity::insert(row.into_active_model()).on_conflict(moved).exec_without_returning(ctx.db.write()).await?;
    Ok(())
}

/// The name of the mark. Stored, so it must never change.
fn name(source: &str) -> String {
    format!("mailbox-{source}")
}
