//! What incidents are found by: the words of their names, summaries and timelines.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "incident_word")]
pub struct Model {
    /// The incident's number.
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i32,
    /// A word, with what is joined to its end. Compared byte by byte on both databases.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub word: String,
}

impl ActiveModelBehavior for ActiveModel {}
