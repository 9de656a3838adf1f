//! What decisions about a report are made on.

use entity::{CommentKind, incident, report, report_comment, report_reader, report_section};
use sea_orm::{ColumnTrait, EntityTrait, FromQueryResult, QueryFilter, QuerySelect};

use super::state;
use crate::authz::Right;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::incident::state::require_open_timeline;
use crate::record::{Facts, Scope};

/// A section without its words.
#[derive(Clone, Debug, FromQueryResult)]
pub struct Head {
    pub key: String,
    pub version: i32,
}

/// A comment that is not resolved.
#[derive(Clone, Debug, FromQueryResult)]
pub struct Open {
    pub kind: CommentKind,
}

/// The report of an incident, with as much of the incident as the decision may change.
pub struct Desk<S> {
    pub scope: S,
    pub report: Option<report::Model>,
    pub heads: Vec<Head>,
    pub open: Vec<Open>,
    pub readers: Vec<report_reader::Model>,
}

impl<S: Facts<Scope = S> + Scope> Facts for Desk<S> {
    type Scope = S;

    async fn load(ctx: &Ctx, incident: incident::Model) -> Result<Self> {
        let (db, id) = (ctx.db.read(), incident.id);
        let report = report::Entity::find().filter(report::Column::IncidentId.eq(id)).one(db);
        let heads = report_section::Entity::find().select_only().columns([report_section::Column::Key, report_section::Column::Version]);
        let heads = heads.filter(report_section::Column::IncidentId.eq(id)).into_model().all(db);
        let open = report_comment::Entity::find().select_only().column(report_comment::Column::Kind);
        let open = open.filter(report_comment::Column::IncidentId.eq(id)).filter(report_comment::Column::ResolvedAt.is_null());
        let readers = report_reader::Entity::find().filter(report_reader::Column::IncidentId.eq(id)).all(db);
        let (report, heads, open, readers) = tokio::try_join!(report, heads, open.into_model().all(db), readers)?;
        Ok(Self { scope: S::load(ctx, incident).await?, report, heads, open, readers })
    }

    fn scope(&self) -> &S {
        &self.scope
    }
}

impl<S: Scope> Desk<S> {
    /// The report, as long as it may be changed.
    pub fn open_report(&self) -> Result<&report::Model> {
        let report = self.report()?;
        state::require_open(report.state)?;
        Ok(report)
    }

    /// The report of an incident whose timeline is open.
    pub fn report(&self) -> Result<&report::Model> {
        require_open_timeline(self.scope.incident())?;
        self.report.as_ref().ok_or(Error::NotFound("report"))
    }

    /// Fails unless the caller works on incidents, or was asked to read this report.
    pub fn require_reader(&self, ctx: &Ctx) -> Result<()> {
        let was_asked = ctx.actor.person_id().is_some_and(|person| self.readers.iter().any(|row| row.person_id == person));
        if was_asked { Ok(()) } else { ctx.require(Right::Respond) }
    }
}
