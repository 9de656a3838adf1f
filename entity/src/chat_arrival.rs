//! What arrived from the chat, to be done once.

use sea_orm::entity::prelude::*;

use crate::Timestamp;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "chat_arrival")]
pub struct Model {
    /// Names it for ever, so that a repeat is not done again.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub id: String,
    /// What sort of thing it is, by the words of the chat.
    #[sea_orm(column_type = "Text")]
    pub kind: String,
    /// As it arrived; empty once it is done.
    #[sea_orm(column_type = "Text")]
    pub body: String,
    /// Whether it waits for what arrived before it, rather than somebody for it.
    pub in_turn: bool,
    pub arrived_at: Timestamp,
    /// When somebody takes it; while it is worked on, the end of the lease.
    pub due_at: Option<Timestamp>,
    pub done_at: Option<Timestamp>,
    pub attempts: i32,
    /// Why it could not be done.
    #[sea_orm(column_type = "Text", nullable)]
    pub problem: Option<String>,
    /// The account of somebody whom Muster does not know and who reported an incident with it.
    #[sea_orm(column_type = "Text", nullable)]
    pub reporter: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
