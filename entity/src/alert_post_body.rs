//! What is kept of the body of an [`crate::alert_post`], packed and without secrets. It goes with its post.

use sea_orm::entity::prelude::*;

use crate::AlertPostId;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "alert_post_body")]
pub struct Model {
    /// That of the post.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AlertPostId,
    pub body: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}
