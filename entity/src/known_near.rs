//! Words that are written somewhere, by what is left of them without one letter: so a misspelt one finds them.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "known_near")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub near: String,
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub word: String,
}

impl ActiveModelBehavior for ActiveModel {}
