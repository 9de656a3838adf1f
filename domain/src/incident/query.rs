//! Finding incidents. Every query here starts from what the caller may see.

use std::sync::Arc;

use crate::audit::restricted;
use crate::authz::visible;
use crate::ctx::Ctx;
use crate::cursor::{Slice, TimeKey, Window};
use crate::error::{Error, Result};
use crate::incident::kept::{Part, Version};
use crate::incident::names::{MARK, Names};
use crate::incident::reading;
use crate::search::Search;
use crate::sql::{changed, padded};
use crate::validate::storable;
use entity::{
    ClientId, Flag, IncidentId, IncidentStatus, PersonId, Severity, SiteId, Timestamp, Visibility, incident, incident_client,
    incident_site, role_assignment,
};
use sea_orm::prelude::Uuid;
use sea_orm::sea_query::{Condition, Expr, ExprTrait, SimpleExpr};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select};

/// Which incidents. Fields that are left empty do not filter.
#[derive(Clone, Debug, Default)]
pub struct IncidentFilter {
    /// In one of these statuses.
    pub status: Option<Vec<IncidentStatus>>,
    /// Live, or not.
    pub live: Option<bool>,
    /// Of one of these severities.
    pub severity: Option<Vec<Severity>>,
    /// About this site.
    pub site_id: Option<SiteId>,
    /// Affecting this client.
    pub client_id: Option<ClientId>,
    /// In which this person has or had a role.
    pub person_id: Option<PersonId>,
    /// With this flag.
    pub flag: Option<Flag>,
    /// Declared then or later.
    pub declared_after: Option<Timestamp>,
    /// Declared then or earlier.
    pub declared_before: Option<Timestamp>,
    /// With words in the name, summary or timeline that begin with each of these.
    pub text: Option<String>,
}

impl IncidentFilter {
    /// Those that people work on, or have yet to judge.
    pub fn running() -> Self {
        use IncidentStatus::{Fixing, Investigating, Monitoring, Triage};
        Self { status: Some(vec![Triage, Investigating, Fixing, Monitoring]), ..Self::default() }
    }
}

/// The order of incidents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IncidentOrder {
    /// Newest report first.
    #[default]
    Newest,
    /// Oldest report first.
    Oldest,
    /// Most severe first; among equals, the one that has waited longest.
    MostSevere,
    /// Most recently changed first.
    RecentlyChanged,
}

impl IncidentFilter {
    /// All but the text.
    pub(crate) fn condition(&self) -> Condition {
        use incident::Column;
        let related = |subquery: sea_orm::sea_query::SelectStatement| Column::Id.in_subquery(subquery);
        let sites = self.site_id.map(|site| {
            related(
                incident_site::Entity::find()
                    .select_only()
                    .column(incident_site::Column::IncidentId)
                    .filter(incident_site::Column::SiteId.eq(site))
                    .into_query(),
            )
        });
        let clients = self.client_id.map(|client| {
            related(
                incident_client::Entity::find()
                    .select_only()
                    .column(incident_client::Column::IncidentId)
                    .filter(incident_client::Column::ClientId.eq(client))
                    .into_query(),
            )
        });
        let people = self.person_id.map(|person| {
            related(
                role_assignment::Entity::find()
                    .select_only()
                    .column(role_assignment::Column::IncidentId)
                    .filter(role_assignment::Column::PersonId.eq(person))
                    .into_query(),
            )
        });
        Condition::all()
            .add_option(self.status.as_ref().map(|status| Column::Status.is_in(status.iter().copied())))
            .add_option(self.live.map(|live| Column::Live.eq(live)))
            .add_option(self.severity.as_ref().map(|severity| Column::Severity.is_in(severity.iter().copied())))
            .add_option(self.flag.map(|flag| Expr::col(Column::Flags).bit_and(flag.bit()).ne(0)))
            .add_option(self.declared_after.map(|after| Column::DeclaredAt.gte(storable(after))))
            .add_option(self.declared_before.map(|before| Column::DeclaredAt.lte(storable(before))))
            .add_option(sites)
            .add_option(clients)
            .add_option(people)
    }

    /// What is looked for in names, summaries and timelines.
    ///
    /// # Errors
    /// `BAD_USER_INPUT` for an overlong search text.
    pub(crate) fn search(&self) -> Result<Search> {
        Search::of(self.text.as_deref().unwrap_or_default())
    }
}

/// Whether `filter` can be answered from the incident's row alone, by [`matches`].
pub fn touches_rows_only(filter: &IncidentFilter) -> bool {
    filter.site_id.is_none() && filter.client_id.is_none() && filter.person_id.is_none() && filter.text.is_none()
}

/// Whether an incident passes the parts of `filter` that its row answers.
pub fn matches(filter: &IncidentFilter, incident: &incident::Model) -> bool {
    filter.status.as_ref().is_none_or(|status| status.contains(&incident.status))
        && filter.live.is_none_or(|live| live == incident.live)
        && filter.severity.as_ref().is_none_or(|severity| severity.contains(&incident.severity))
        && filter.flag.is_none_or(|flag| incident.flags.contains(flag))
        && filter.declared_after.is_none_or(|after| incident.declared_at.is_some_and(|at| at >= after))
        && filter.declared_before.is_none_or(|before| incident.declared_at.is_some_and(|at| at <= before))
}

/// The incident `id`.
///
/// # Errors
/// `NOT_FOUND`, also for an incident that the caller may not see.
pub async fn find(ctx: &Ctx, id: IncidentId) -> Result<incident::Model> {
    let found = visible(&ctx.actor).filter(incident::Column::Id.eq(id)).one(ctx.db.read()).await?.ok_or(Error::NotFound("incident"))?;
    reading::note_all(ctx, std::slice::from_ref(&found));
    restricted::saw_rows(ctx, std::slice::from_ref(&found)).await?;
    Ok(found)
}

/// The incident with the reference number `number`.
///
/// # Errors
/// `NOT_FOUND`, also for an incident that the caller may not see.
pub async fn by_number(ctx: &Ctx, number: i32) -> Result<incident::Model> {
    let found = visible(&ctx.actor).filter(incident::Column::Number.eq(number)).one(ctx.db.read()).await?;
    let found = found.ok_or(Error::NotFound("incident"))?;
    reading::note_all(ctx, std::slice::from_ref(&found));
    restricted::saw_rows(ctx, std::slice::from_ref(&found)).await?;
    Ok(found)
}

/// The same, of whose row nothing is read again that is known, and the names as they were then, if they were looked at.
///
/// # Errors
/// `NOT_FOUND`, also for an incident that the caller may not see.
pub async fn seen_by_number(ctx: &Ctx, number: i32) -> Result<(Arc<incident::Model>, Option<Names>)> {
    let select = visible(&ctx.actor).filter(incident::Column::Number.eq(number));
    let (mut found, names) = rows(ctx, &IncidentFilter::default(), select).await?;
    let found = found.pop().ok_or(Error::NotFound("incident"))?;
    restricted::saw_rows(ctx, std::slice::from_ref(&found)).await?;
    Ok((found, names))
}

/// The incidents with reference numbers after `number`, in order, at most `limit`: for walking over all of them.
pub async fn numbered_after(ctx: &Ctx, number: i32, limit: u64) -> Result<Vec<incident::Model>> {
    let select = visible(&ctx.actor).filter(incident::Column::Number.gt(number)).order_by_asc(incident::Column::Number);
    Ok(select.limit(limit).all(ctx.db.read()).await?)
}

/// The incidents among `ids` that exist and that the caller may see.
pub async fn by_ids(ctx: &Ctx, ids: &[IncidentId]) -> Result<Vec<incident::Model>> {
    let found = visible(&ctx.actor).filter(incident::Column::Id.is_in(padded(ids))).all(ctx.db.read()).await?;
    reading::note_all(ctx, &found);
    restricted::saw_rows(ctx, &found).await?;
    Ok(found)
}

/// The same, of whose rows nothing is read again that is known.
pub async fn seen_by_ids(ctx: &Ctx, ids: &[IncidentId]) -> Result<Vec<Arc<incident::Model>>> {
    let (found, _) = rows(ctx, &IncidentFilter::default(), visible(&ctx.actor).filter(incident::Column::Id.is_in(padded(ids)))).await?;
    // What is shown of them is not divided as that of a list is.
    for row in &found {
        reading::note_beside(ctx, Version::from(&**row));
    }
    restricted::saw_rows(ctx, &found).await?;
    Ok(found)
}

/// Those among `ids` that the caller may see and that are hidden from nobody, so that seeing them is not worth an entry of the audit log.
pub async fn open_by_ids(ctx: &Ctx, ids: &[IncidentId]) -> Result<Vec<incident::Model>> {
    let open = visible(&ctx.actor).filter(incident::Column::Visibility.eq(Visibility::Open));
    let found = open.filter(incident::Column::Id.is_in(padded(ids))).all(ctx.db.read()).await?;
    reading::note_all(ctx, &found);
    Ok(found)
}

/// A page of a list of incidents.
pub struct Page {
    /// The incidents, and where they are in the list.
    pub slice: Slice<Arc<incident::Model>>,
    /// Why some are left out that belong here.
    pub left_out: Option<Error>,
    /// The names as they were then, if they were looked at.
    pub names: Option<Names>,
}

/// A page of the incidents that pass `filter`.
///
/// # Errors
/// `BAD_USER_INPUT` for an overlong search text and for a cursor of another order.
pub async fn page(ctx: &Ctx, filter: &IncidentFilter, order: IncidentOrder, window: &Window<TimeKey>) -> Result<Page> {
    for (field, cursor) in [("after", &window.after), ("before", &window.before)] {
        if cursor.is_some_and(|TimeKey(rank, ..)| !is_of(order, rank)) {
            return Err(Error::invalid(field, format!("{field} is a cursor of a list in another order: begin at its first page.")));
        }
    }
    let said = filter.search()?.of_page(ctx).await?;
    let mut select = visible(&ctx.actor).filter(filter.condition()).filter(said);
    let descending = matches!(order, IncidentOrder::Newest | IncidentOrder::RecentlyChanged);
    if let Some(key) = &window.after {
        select = select.filter(beyond(order, key, descending));
    }
    if let Some(key) = &window.before {
        select = select.filter(beyond(order, key, !descending));
    }
    let direction = if descending == window.backwards { sea_orm::Order::Asc } else { sea_orm::Order::Desc };
    if order == IncidentOrder::RecentlyChanged {
        select = select.order_by(changed::hour(), direction.clone());
    }
    for column in columns(order) {
        select = select.order_by(*column, direction.clone());
    }
    let (rows, names) = rows(ctx, filter, select.limit(window.rows())).await?;
    let mut slice = window.slice(rows);
    match restricted::saw_rows(ctx, &slice.items).await {
        Ok(()) => Ok(Page { slice, left_out: None, names }),
        Err(Error::Unrecorded { incidents, cause }) => {
            slice.items.retain(|row| !incidents.contains(&row.id));
            Ok(Page { slice, left_out: Some(Error::Unrecorded { incidents, cause }), names })
        }
        Err(error) => Err(error),
    }
}

/// The incidents that `select` gives, in its order. Their rows are long: what comes first are their versions alone, with the mark of the names, and if
/// all rows are known in these, nothing else. But nobody searches twice.
async fn rows(ctx: &Ctx, filter: &IncidentFilter, select: Select<incident::Entity>) -> Result<(Vec<Arc<incident::Model>>, Option<Names>)> {
    use incident::Column;
    let mut names = None;
    if ctx.kept.is_on() && filter.text.is_none() {
        let columns = [Column::Id, Column::Version, Column::ChangedAt, Column::NextDueAt];
        let now = select.clone().select_only().columns(columns).expr(Expr::cust(MARK));
        let now = now.into_tuple::<(IncidentId, i32, Timestamp, Option<Timestamp>, Option<Uuid>)>().all(ctx.db.read()).await?;
        names = now.first().and_then(|(.., mark)| *mark).map(Names);
        let row = |(incident, number, changed_at, next_due_at, _)| ctx.kept.row(Version { incident, number, changed_at }, next_due_at);
        if let Some(known) = now.into_iter().map(row).collect::<Option<Vec<_>>>() {
            reading::note_all(ctx, &known);
            return Ok((known, names));
        }
    }
    let rows: Vec<Arc<incident::Model>> = select.all(ctx.db.read()).await?.into_iter().map(Arc::new).collect();
    for row in &rows {
        // A row says itself which version it is.
        ctx.kept.keep(Version::from(&**row), Part::Row, row.clone());
    }
    reading::note_all(ctx, &rows);
    Ok((rows, names))
}

/// The position of `incident` in `order`.
pub fn key(order: IncidentOrder, incident: &incident::Model) -> TimeKey {
    match order {
        IncidentOrder::Newest | IncidentOrder::Oldest => TimeKey(0, incident.reported_at, incident.id.0),
        IncidentOrder::MostSevere => TimeKey(sea_orm::ActiveEnum::to_value(&incident.severity), incident.reported_at, incident.id.0),
        IncidentOrder::RecentlyChanged => TimeKey(BY_CHANGE, incident.changed_at, incident.id.0),
    }
}

/// The rank in cursors of lists by change, by which they are told from those by report.
const BY_CHANGE: i16 = -1;

/// Whether a cursor with this rank is one of `order`. Newest and oldest first share theirs: it is the same line, walked the other way.
fn is_of(order: IncidentOrder, rank: i16) -> bool {
    match order {
        IncidentOrder::Newest | IncidentOrder::Oldest => rank == 0,
        IncidentOrder::MostSevere => rank > 0,
        IncidentOrder::RecentlyChanged => rank == BY_CHANGE,
    }
}

fn columns(order: IncidentOrder) -> &'static [incident::Column] {
    use incident::Column::{ChangedAt, Id, ReportedAt, Severity};
    match order {
        IncidentOrder::Newest | IncidentOrder::Oldest => &[ReportedAt, Id],
        IncidentOrder::MostSevere => &[Severity, ReportedAt, Id],
        IncidentOrder::RecentlyChanged => &[ChangedAt, Id],
    }
}

/// The condition for rows beyond `key`: smaller if `less`, greater otherwise. Row values let the database use the index.
fn beyond(order: IncidentOrder, TimeKey(rank, time, id): &TimeKey, less: bool) -> SimpleExpr {
    let row = Expr::tuple(columns(order).iter().map(|column| Expr::col(column.as_column_ref())));
    let mut values = vec![Expr::val(*time), Expr::val(*id)];
    if order == IncidentOrder::MostSevere {
        values.insert(0, Expr::val(*rank));
    }
    let key = Expr::tuple(values);
    let is_beyond = if less { row.lt(key) } else { row.gt(key) };
    match order {
        IncidentOrder::RecentlyChanged => is_beyond.and(if less { changed::until(*time) } else { changed::since(*time) }),
        _ => is_beyond,
    }
}

/// How many incidents pass `filter`.
///
/// # Errors
/// `BAD_USER_INPUT` for an overlong search text.
pub async fn count(ctx: &Ctx, filter: &IncidentFilter) -> Result<u64> {
    let search = filter.search()?;
    // A common word is counted in all incidents that have it.
    let _turn = if search.is_empty() { None } else { Some(ctx.long_turn().await?) };
    let said = search.of_all(ctx).await?;
    Ok(visible(&ctx.actor).filter(filter.condition()).filter(said).count(ctx.db.read()).await?)
}

#[cfg(test)]
mod tests {
    use crate::incident::parse_reference;

    #[test]
    fn references_are_read_as_people_write_them() {
        for text in ["INC-42", "inc-42", "42"] {
            assert_eq!(parse_reference(text).unwrap(), 42);
        }
        for text in ["", "INC-", "INC-0", "INC--1", "INC-42x", "INC-99999999999", "ünc-1", "+4"] {
            assert!(parse_reference(text).is_err(), "{text}");
        }
    }
}
