//! A page to a person, as others refer to it.

use async_graphql::Description;
use entity::page;

/// A page to a person. It reaches them even where they have silenced reminders.
#[derive(Clone, Description)]
pub struct Page(pub page::Model);
