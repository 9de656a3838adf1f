//! A page of the ops docs (S9), as it was last read.

use sea_orm::entity::prelude::*;

use crate::{OpsPageId, Timestamp};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "ops_page")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: OpsPageId,
    /// What `known_term` calls it.
    pub number: i32,
    /// Where it is in the ops docs, e.g. `alerts/disk-full.md`.
    #[sea_orm(column_type = "Text")]
    pub path: String,
    #[sea_orm(column_type = "Text")]
    pub title: String,
    /// Markdown, without front matter.
    #[sea_orm(column_type = "Text")]
    pub text: String,
    /// Of the file, in hex, to tell whether it changed.
    #[sea_orm(column_type = "Text")]
    pub sha256: String,
    /// What its front matter says it is about: `{alerts, sites, severities}`, lists of texts.
    pub about: Json,
    /// What is wrong with its front matter.
    #[sea_orm(column_type = "Text", nullable)]
    pub problem: Option<String>,
    /// When it was read with this content.
    pub changed_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
