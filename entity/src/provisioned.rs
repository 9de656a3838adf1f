//! What the company's directory says of a person whom it manages here (SCIM), as far as nothing else has a place for it.

use sea_orm::entity::prelude::*;

use crate::{PersonId, Timestamp};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "provisioned")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub person_id: PersonId,
    /// The directory's name for them, as it writes it.
    #[sea_orm(column_type = "Text")]
    pub user_name: String,
    /// The same in lower case; nobody else's.
    #[sea_orm(column_type = "Text")]
    pub user_name_key: String,
    /// The directory's own id for them.
    #[sea_orm(column_type = "Text", nullable)]
    pub external_id: Option<String>,
    /// What the directory calls the kind of their address, such as `work`.
    #[sea_orm(column_type = "Text", nullable)]
    pub email_type: Option<String>,
    /// When the directory deleted them. It does not see them any more.
    pub deleted_at: Option<Timestamp>,
}

impl ActiveModelBehavior for ActiveModel {}
