//! An effect on an outside system, as others refer to it.

use std::sync::Arc;

use async_graphql::Description;

/// One effect on an outside system. It happens once, however often a worker dies.
#[derive(Clone, Description)]
pub struct Delivery(pub Arc<entity::delivery::Model>);

impl From<Arc<entity::delivery::Model>> for Delivery {
    fn from(row: Arc<entity::delivery::Model>) -> Self {
        Self(row)
    }
}
