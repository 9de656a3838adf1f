//! The tables of an incident, in an order in which a row comes after those that it names.

use async_trait::async_trait;
use entity::{
    IncidentId, action, alert, attachment, chat_capture, checklist_item, client_update, delivery, follow_up, goal, incident,
    incident_access, incident_client, incident_site, known_rating, page, parked_topic, report, report_approval, report_comment,
    report_names, report_part, report_publication, report_reader, report_revision, report_section, review, review_attendee, review_comment,
    review_moment, role_assignment, role_offer, step, ticket, timeline_event, triage_answer,
};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ActiveModelTrait, ColumnTrait, DatabaseTransaction, EntityTrait, ModelTrait, QueryFilter, QueryOrder, QuerySelect, Value};
use serde_json::Value as Json;

use super::row::{Members, members, read};
use crate::ctx::Ctx;
use crate::error::{Error, Result};

/// Rows that are read or written at once.
pub const AT_ONCE: u64 = 500;

/// What comes after it is the next page.
pub type Place = Vec<Value>;

/// A table whose rows belong to incidents.
#[async_trait]
pub trait Table: Send + Sync {
    /// What it is called in the database.
    fn name(&self) -> &'static str;

    /// The next rows of `incident` after `place`, and the place of the last of them, if there may be more.
    async fn page(&self, ctx: &Ctx, incident: IncidentId, place: Option<Place>) -> Result<(Vec<Members>, Option<Place>)>;

    /// Writes rows.
    ///
    /// # Errors
    /// `BAD_USER_INPUT` if they are not of this table, and the database's.
    async fn insert(&self, tx: &DatabaseTransaction, rows: Vec<Members>) -> Result<()>;
}

struct Of<E: EntityTrait> {
    name: &'static str,
    incident: E::Column,
    order: &'static [E::Column],
}

#[async_trait]
impl<E> Table for Of<E>
where
    E: EntityTrait,
    E::Column: Sync,
    E::ActiveModel: ActiveModelTrait<Entity = E> + Send,
{
    fn name(&self) -> &'static str {
        self.name
    }

    async fn page(&self, ctx: &Ctx, incident: IncidentId, place: Option<Place>) -> Result<(Vec<Members>, Option<Place>)> {
        let mut select = E::find().filter(self.incident.eq(incident)).limit(AT_ONCE);
        if let Some(place) = place {
            let key = Expr::tuple(self.order.iter().map(|column| Expr::col(column.as_column_ref())));
            select = select.filter(key.gt(Expr::tuple(place.into_iter().map(Expr::val))));
        }
        for column in self.order {
            select = select.order_by_asc(*column);
        }
        let rows = select.all(ctx.db.read()).await?;
        let last = rows.last().filter(|_| rows.len() as u64 == AT_ONCE);
        let place = last.map(|last| self.order.iter().map(|column| last.get(*column)).collect());
        // What is not shown to anybody yet is not shown here either.
        let shown = |members: &Members| members.get("shown") != Some(&Json::Bool(false));
        let rows = rows.iter().map(members).filter(|members| members.as_ref().map_or(true, shown));
        Ok((rows.collect::<Result<_>>()?, place))
    }

    async fn insert(&self, tx: &DatabaseTransaction, rows: Vec<Members>) -> Result<()> {
        let rows: Result<Vec<E::ActiveModel>, String> = rows.into_iter().map(read::<E>).collect();
        let rows = rows.map_err(|why| Error::invalid("file", format!("A row of {} is not one: {why}.", self.name)))?;
        E::insert_many(rows).exec_without_returning(tx).await?;
        Ok(())
    }
}

macro_rules! tables {
    ($($table:ident of $incident:ident by $($key:ident)+;)+) => {
        &[$(&Of::<$table::Entity> {
            name: stringify!($table),
            incident: $table::Column::$incident,
            order: &[$($table::Column::$key),+],
        }),+]
    };
}

/// All of them.
pub static TABLES: &[&dyn Table] = tables! {
    incident of Id by Id;
    incident_site of IncidentId by SiteId;
    incident_client of IncidentId by ClientId;
    incident_access of IncidentId by PersonId;
    timeline_event of IncidentId by Sequence;
    attachment of IncidentId by Id;
    role_assignment of IncidentId by Id;
    role_offer of IncidentId by Id;
    triage_answer of IncidentId by Criterion;
    goal of IncidentId by Goal;
    checklist_item of IncidentId by Goal Item;
    action of IncidentId by Id;
    step of IncidentId by Key;
    page of IncidentId by Id;
    alert of IncidentId by Id;
    ticket of IncidentId by Id;
    client_update of IncidentId by Id;
    follow_up of IncidentId by Id;
    delivery of IncidentId by Id;
    report of IncidentId by Id;
    report_section of IncidentId by Key;
    report_revision of IncidentId by Key Version;
    report_comment of IncidentId by Id;
    report_reader of IncidentId by PersonId;
    report_names of IncidentId by ReportId;
    report_part of IncidentId by ClientId;
    report_approval of IncidentId by ClientId Sha256;
    report_publication of IncidentId by DeliveryId;
    review of IncidentId by Id;
    review_attendee of IncidentId by PersonId;
    review_comment of IncidentId by Id;
    review_moment of IncidentId by EventId;
    parked_topic of IncidentId by Id;
    chat_capture of IncidentId by Channel Ts;
    known_rating of IncidentId by PersonId Subject;
};
