//! Looks at all incidents that the caller may see.
//!
//! Called by [`super::facts`]. Each look asks the database which incidents these are, and their versions, and reads only those of which
//! [`super::kept`] does not have that version. What is read after a version is at least as new, so whatever changes meanwhile is read by the
//! next look.

use std::collections::HashMap;
use std::sync::Arc;

use entity::{ClientId, SiteId, follow_up, incident, incident_client, incident_site, page};
use sea_orm::sea_query::{Expr, ExprTrait, Func, SelectStatement};
use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult, QueryFilter, QuerySelect, QueryTrait};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::kept::{FollowedUp, Known, Paged, Row};
use crate::authz::visible;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::limits;
use crate::sql::{self, padded};

#[derive(Deserialize, FromQueryResult)]
struct OfSite {
    number: i32,
    site_id: SiteId,
}

#[derive(Deserialize, FromQueryResult)]
struct OfClient {
    number: i32,
    client_id: ClientId,
}

/// All incidents that the caller may see, as they are now, by number.
pub(super) async fn look(ctx: &Ctx) -> Result<Vec<Arc<Known>>> {
    let (mut found, news) = ctx.insights.of(&versions(ctx).await?);
    for portion in news.chunks(limits::INSIGHTS_READ) {
        let read = read(ctx, portion).await?;
        ctx.insights.keep(&read);
        found.extend(read);
    }
    if !news.is_empty() {
        found.sort_unstable_by_key(|known| known.number);
    }
    Ok(found)
}

/// The numbers of those incidents and their versions, in order. They come as one text, because a row costs far more than two numbers.
async fn versions(ctx: &Ctx) -> Result<Vec<(i32, i32)>> {
    let gather = if ctx.db.backend() == DbBackend::Postgres { "string_agg" } else { "group_concat" };
    let mut query = visible(&ctx.actor).select_only().into_query();
    query.expr(Func::cust(gather).args([Expr::cust("number || ':' || version"), Expr::val(",")]));
    let Some(row) = ctx.db.read().query_one(&query).await? else { return Ok(Vec::new()) };
    let text: Option<String> = row.try_get_by_index(0)?;
    let pair = |pair: &str| {
        let (number, version) = pair.split_once(':')?;
        Some((number.parse().ok()?, version.parse().ok()?))
    };
    let mut versions: Vec<(i32, i32)> = text.iter().flat_map(|text| text.split(',')).filter_map(pair).collect();
    versions.sort_unstable();
    Ok(versions)
}

/// Reads incidents, given their numbers, in order, and the versions they had before.
async fn read(ctx: &Ctx, versions: &[(i32, i32)]) -> Result<Vec<Arc<Known>>> {
    let these = These::of(versions);
    let these = &these;
    // Two connections at a time: SQLite has few that read.
    let (rows, pages) = tokio::try_join!(rows(ctx, these), pages(ctx, these))?;
    let (sites, clients) = tokio::try_join!(sites(ctx, these), clients(ctx, these))?;
    let mut follow_ups = follow_ups(ctx, these).await?;
    follow_ups.sort_by(|one, other| (one.created_at, &one.title).cmp(&(other.created_at, &other.title)));
    let versions: HashMap<i32, i32> = versions.iter().copied().collect();
    let known = |row: Row| Some((row.number, Known::new(*versions.get(&row.number)?, &row)));
    let mut known: HashMap<i32, Known> = rows.into_iter().filter_map(known).collect();
    for OfSite { number, site_id } in sites {
        known.entry(number).and_modify(|known| known.sites.push(site_id));
    }
    for OfClient { number, client_id } in clients {
        known.entry(number).and_modify(|known| known.clients.push(client_id));
    }
    for page in pages {
        known.entry(page.number).and_modify(|known| known.pages.push(page));
    }
    for follow_up in follow_ups {
        known.entry(follow_up.number).and_modify(|known| known.follow_ups.push(follow_up));
    }
    Ok(known.into_values().map(Arc::new).collect())
}

/// Incidents by their numbers.
enum These {
    /// Those from one to another, and perhaps some between them that nobody asked for.
    FromTo(i32, i32),
    Listed(Vec<i32>),
}

impl These {
    fn of(versions: &[(i32, i32)]) -> Self {
        let numbers: Vec<i32> = versions.iter().map(|(number, _)| *number).collect();
        match (numbers.first(), numbers.last()) {
            (Some(&first), Some(&last)) if usize::try_from(last.abs_diff(first)).is_ok_and(|span| span < 2 * numbers.len()) => {
                Self::FromTo(first, last)
            }
            _ => Self::Listed(padded(&numbers)),
        }
    }

    /// A statement about them, which selects nothing yet.
    fn query(&self) -> SelectStatement {
        let number = incident::Column::Number;
        let these = match self {
            Self::FromTo(first, last) => number.between(*first, *last),
            Self::Listed(numbers) => number.is_in(numbers.iter().copied()),
        };
        incident::Entity::find().select_only().filter(these).into_query()
    }
}

async fn rows(ctx: &Ctx, these: &These) -> Result<Vec<Row>> {
    use incident::Column as C;
    let rest = [
        C::Status,
        C::Visibility,
        C::Severity,
        C::ReportedAt,
        C::DeclaredAt,
        C::LedAt,
        C::SecondLineAt,
        C::ResolvedAt,
        C::Updates,
        C::SummariesInTime,
        C::SummariesLate,
        C::ClientUpdates,
        C::ClientUpdatesInTime,
        C::ClientUpdatesLate,
    ];
    let rest = rest.map(column);
    sql::packed(ctx, these.query(), [column(C::Number), sql::id(ctx, C::Id)].into_iter().chain(rest)).await
}

async fn sites(ctx: &Ctx, these: &These) -> Result<Vec<OfSite>> {
    use incident_site::Column as C;
    of_incidents(ctx, incident_site::Entity, C::IncidentId, these, [sql::id(ctx, C::SiteId)]).await
}

async fn clients(ctx: &Ctx, these: &These) -> Result<Vec<OfClient>> {
    use incident_client::Column as C;
    of_incidents(ctx, incident_client::Entity, C::IncidentId, these, [sql::id(ctx, C::ClientId)]).await
}

async fn pages(ctx: &Ctx, these: &These) -> Result<Vec<Paged>> {
    use page::Column as C;
    let rest = [C::Reason, C::StepKey, C::PagedAt, C::AnsweredAt, C::Lost].map(column);
    of_incidents(ctx, page::Entity, C::IncidentId, these, [sql::id(ctx, C::PersonId)].into_iter().chain(rest)).await
}

async fn follow_ups(ctx: &Ctx, these: &These) -> Result<Vec<FollowedUp>> {
    use follow_up::Column as C;
    let columns = [C::Title, C::Board, C::DueOn, C::State, C::CreatedAt, C::SettledAt].map(column);
    of_incidents(ctx, follow_up::Entity, C::IncidentId, these, columns).await
}

/// The rows of a table that belong to incidents, each behind the number of its own.
async fn of_incidents<T, E>(
    ctx: &Ctx,
    table: E,
    incident_id: E::Column,
    these: &These,
    columns: impl IntoIterator<Item = Expr>,
) -> Result<Vec<T>>
where
    T: FromQueryResult + DeserializeOwned,
    E: EntityTrait,
{
    let mut query = these.query();
    query.inner_join(table, column(incident_id).equals(incident::Column::Id.as_column_ref()));
    sql::packed(ctx, query, std::iter::once(column(incident::Column::Number)).chain(columns)).await
}

fn column(column: impl ColumnTrait) -> Expr {
    Expr::col(column.as_column_ref())
}
