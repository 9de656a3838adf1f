//! The search for a person in the chat, by their e-mail address.

use sea_orm::entity::prelude::*;

use crate::{PersonId, Timestamp};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "chat_search")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub person_id: PersonId,
    /// What was looked for.
    #[sea_orm(column_type = "Text")]
    pub email: String,
    /// When to look for it again; never, once it was found or the person wants no account to be theirs.
    pub again_at: Option<Timestamp>,
}

impl ActiveModelBehavior for ActiveModel {}
