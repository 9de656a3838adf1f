//! Orders to the incidents' folder, as the deliveries see them.

use async_trait::async_trait;
use entity::delivery::{self, Column};
use entity::{System, Visibility};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::parts::parts;
use crate::ctx::Ctx;
use crate::delivery::outgoing::Outgoing;
use crate::error::{Error, Result};
use crate::incident as incidents;
use crate::ports::{DriveOrder, Folder};

#[async_trait]
impl Outgoing for DriveOrder {
    fn system(&self) -> System {
        System::Drive
    }

    fn title(&self) -> String {
        let Self::Folder(Folder { name, .. }) = self;
        format!("The folder “{name}”")
    }

    fn instructions(&self) -> String {
        let Self::Folder(Folder { name, url, .. }) = self;
        format!(
            "Make a folder “{name}” in the team's folder of incidents, or open it if it is there. Put into it the report as a PDF, in each \
             version that its readers may have ({url}/report), and the files of the incident ({url}); replace what is there and older."
        )
    }

    fn target(&self) -> Option<String> {
        let Self::Folder(Folder { marker, .. }) = self;
        Some(format!("drive {marker}"))
    }

    /// It may have become restricted while it waited.
    async fn is_wanted(&self, ctx: &Ctx, row: &delivery::Model) -> Result<bool> {
        let Self::Folder(folder) = self;
        let Some(id) = row.incident_id else { return Ok(false) };
        Ok(folder.though_restricted || incidents::find(ctx, id).await?.visibility == Visibility::Open)
    }

    async fn refresh(&mut self, ctx: &Ctx, row: &delivery::Model) -> Result<()> {
        let Self::Folder(folder) = self;
        let id = row.incident_id.ok_or_else(|| Error::internal("an order to file no incident"))?;
        let known = delivery::Entity::find().select_only().column(Column::ExternalId).filter(Column::IncidentId.eq(id));
        let known = known.filter(Column::System.eq(System::Drive)).filter(Column::ExternalId.is_not_null()).order_by_desc(Column::Id);
        folder.folder = known.into_tuple::<String>().one(ctx.db.read()).await?;
        folder.parts = Box::pin(parts(ctx, id)).await?;
        Ok(())
    }
}
