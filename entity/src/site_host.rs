//! An address of a site, as it is looked for: from its URL and its further hosts, made again whenever they change.

use sea_orm::entity::prelude::*;

use crate::SiteId;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "site_host")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub site_id: SiteId,
    /// In lower case and ASCII, without `www.`.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub host: String,
    /// 0 for the usual one.
    #[sea_orm(primary_key, auto_increment = false)]
    pub port: i32,
    /// Empty for the whole host; without a slash at its end.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub path: String,
}

impl ActiveModelBehavior for ActiveModel {}
