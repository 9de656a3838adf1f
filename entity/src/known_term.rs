//! What pages of the ops docs and incidents can be found by.

use sea_orm::entity::prelude::*;

use crate::KnownKind;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "known_term")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: KnownKind,
    /// The stem of a word, or an alert or a site.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub term: String,
    /// The page's or the incident's number.
    #[sea_orm(primary_key, auto_increment = false)]
    pub doc: i32,
    /// How much it says of it, of 100.
    pub weight: i16,
}

impl ActiveModelBehavior for ActiveModel {}
