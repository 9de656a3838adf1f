//! Names that are shown in incidents and change without their version: of people, clients and sites.
//!
//! What is kept of an answer ([`super::kept`]) has such names in it. Triggers draw a mark anew with each change of one, in its transaction, so whatever
//! was made of names that were read after a mark is right for as long as the mark is there. Whoever uses what is kept reads the mark in the same
//! request, with the incidents if they can.

use entity::generation;
use sea_orm::prelude::Uuid;
use sea_orm::{EntityTrait, QuerySelect};

pub use super::kept::Names;
use crate::ctx::Ctx;
use crate::error::Result;

/// The mark as a value of any statement.
pub(super) const MARK: &str = "(SELECT mark FROM generation WHERE what = 'names')";

/// The names as they are now, or later. `None` if nothing says so.
pub async fn names(ctx: &Ctx) -> Result<Option<Names>> {
    let select = generation::Entity::find_by_id("names".to_owned()).select_only().column(generation::Column::Mark);
    Ok(select.into_tuple::<Uuid>().one(ctx.db.read()).await?.map(Names))
}
