//! A member of the team, or a program.

use sea_orm::entity::prelude::*;

use crate::{AccessLevel, Channels, Grants, PersonId, PersonKind, Timestamp};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "person")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: PersonId,
    #[sea_orm(column_type = "Text")]
    pub name: String,
    pub kind: PersonKind,
    /// In lower case; unique.
    #[sea_orm(column_type = "Text", nullable)]
    pub email: Option<String>,
    /// As they wrote it, such as `+44 20 7946 0018`.
    #[sea_orm(column_type = "Text", nullable)]
    pub phone: Option<String>,
    /// Where their phone listens at the ntfy server. Whoever knows it can read along.
    #[sea_orm(column_type = "Text", nullable)]
    pub ntfy_topic: Option<String>,
    /// Their account in the team's chat, once it is known to be theirs; unique.
    #[sea_orm(column_type = "Text", nullable)]
    pub chat_account: Option<String>,
    pub access_level: AccessLevel,
    /// Higher is more senior.
    pub seniority: Option<i32>,
    pub grants: Grants,
    /// Channels on which they don't want reminders; pages are sent regardless.
    pub quiet: Channels,
    pub created_at: Timestamp,
    pub deactivated_at: Option<Timestamp>,
}

impl ActiveModelBehavior for ActiveModel {}
