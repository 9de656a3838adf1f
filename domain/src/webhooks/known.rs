//! The endpoints, as a process knows them: the door looks at them with every change.

use std::sync::Arc;
use std::time::Instant;

use arc_swap::ArcSwapOption;
use entity::webhook_endpoint;
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter, QueryOrder};

use crate::db::Db;
use crate::people::secrets::CACHED_FOR;
use crate::wake::Waker;

/// Those to which events are posted. Nobody is told of what was read before somebody changed an endpoint, here or, a moment later, in
/// another process; a wake-up that is lost costs five seconds.
#[derive(Default)]
pub struct Known(ArcSwapOption<Read>);

/// What was read.
pub(super) struct Read {
    /// The endpoints, in the order in which they were made.
    pub endpoints: Vec<webhook_endpoint::Model>,
    at: Instant,
    /// What [`Waker::access`] was before it was read.
    as_of: u64,
}

impl Known {
    /// Reads them again, unless that was just done.
    pub(super) async fn refresh(&self, db: &Db, waker: &Waker) -> Result<(), DbErr> {
        let as_of = waker.access();
        if self.0.load().as_ref().is_some_and(|read| read.as_of == as_of && read.at.elapsed() < CACHED_FOR) {
            return Ok(());
        }
        // Boxed: most changes read nothing, and their futures should not be larger for it.
        Box::pin(self.read(db, as_of)).await
    }

    async fn read(&self, db: &Db, as_of: u64) -> Result<(), DbErr> {
        let at = Instant::now();
        let select = webhook_endpoint::Entity::find().filter(webhook_endpoint::Column::DisabledAt.is_null());
        let endpoints = select.order_by_asc(webhook_endpoint::Column::Id).all(db.read()).await?;
        self.0.store(Some(Arc::new(Read { endpoints, at, as_of })));
        Ok(())
    }

    /// As they were last read; nothing before that.
    pub(super) fn last(&self) -> Option<Arc<Read>> {
        self.0.load_full()
    }
}
