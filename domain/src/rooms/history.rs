//! The history of a channel that was there before it became an incident's: read once, a page at a time.

use entity::{chat_channel, incident};
use sea_orm::EntityTrait;

use super::capture::{Names, capture};
use super::stop::Stop;
use crate::ctx::Ctx;
use crate::error::Error;
use crate::ports::ChatRooms;

/// Reads the next page, and notes where to go on. What is on the timeline already is passed over, so a page may be read twice.
pub(super) async fn read_on(ctx: &Ctx, rooms: &dyn ChatRooms, row: &mut chat_channel::Model, channel: &str) -> Result<(), Stop> {
    let found = incident::Entity::find_by_id(row.incident_id).one(ctx.db.read()).await?;
    let incident = found.ok_or(Error::NotFound("incident"))?;
    let page = rooms.history(channel, None, row.history_page.as_deref()).await?;
    let mut names = Names::default();
    for message in page.items.into_iter().filter(|message| !message.is_ours) {
        capture(ctx, rooms, &incident, message, &mut names).await?;
    }
    row.reads_history = page.next.is_some();
    row.history_page = page.next;
    Ok(())
}
