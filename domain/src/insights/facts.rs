//! Which incidents are counted. Pure, but for reading them.
//!
//! The incidents of a period are those declared in it. Merged ones are left out, because what they were merged into counts for them; so are
//! declined ones, which were none.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use entity::{ClientId, IncidentId, IncidentStatus, Severity, SiteId, Timestamp, Visibility, client, site};
use sea_orm::{EntityTrait, QuerySelect};

use super::kept::{FollowedUp, Known, Paged};
use super::look::look;
use super::period::Period;
use super::tally::Fact;
use crate::ctx::Ctx;
use crate::error::Result;

/// Which incidents of a period. Empty fields do not restrict.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of one of these severities.
    pub severity: Option<Vec<Severity>>,
    /// About this site.
    pub site_id: Option<SiteId>,
    /// Affecting this client.
    pub client_id: Option<ClientId>,
}

impl Filter {
    fn passes(&self, known: &Known) -> bool {
        self.severity.as_ref().is_none_or(|severities| severities.contains(&known.severity))
            && self.site_id.is_none_or(|site| known.sites.contains(&site))
            && self.client_id.is_none_or(|client| known.clients.contains(&client))
    }
}

/// The incidents that the caller may see and that pass a filter, and a period to look at.
pub(super) struct Facts {
    pub period: Period,
    span: Range<Timestamp>,
    passing: Vec<Arc<Known>>,
    of_period: Vec<Arc<Known>>,
}

/// Reads them.
pub(super) async fn facts(ctx: &Ctx, period: Period, filter: &Filter) -> Result<Facts> {
    let mut passing = look(ctx).await?;
    passing.retain(|known| filter.passes(known));
    let span = period.start()..period.end();
    let is_counted = |known: &&Arc<Known>| known.fact.is_some_and(|fact| span.contains(&fact.declared_at)) && !is_left_out(known.status);
    let of_period = passing.iter().filter(is_counted).cloned().collect();
    Ok(Facts { period, span, passing, of_period })
}

/// Whether it is left out of the figures.
fn is_left_out(status: IncidentStatus) -> bool {
    matches!(status, IncidentStatus::Declined | IncidentStatus::Merged)
}

impl Facts {
    /// The incidents of the period by number: the facts about each, and what else is known.
    pub fn of_period(&self) -> impl Iterator<Item = (&Fact, &Known)> {
        self.of_period.iter().filter_map(|known| Some((known.fact.as_ref()?, &**known)))
    }

    /// The facts about all of them.
    pub fn all(&self) -> impl Iterator<Item = &Fact> {
        self.of_period().map(|(fact, _)| fact)
    }

    /// How many reports of the period have this status, which is one that is left out.
    pub fn left_out(&self, status: IncidentStatus) -> usize {
        self.passing.iter().filter(|known| known.status == status && self.span.contains(&known.reported_at)).count()
    }

    /// The pages of the period, whatever became of the incidents that they were about.
    pub fn pages(&self) -> impl Iterator<Item = &Paged> {
        self.passing.iter().flat_map(|known| &known.pages).filter(|page| self.span.contains(&page.paged_at))
    }

    /// The follow-ups of the period's incidents, in the order of those.
    pub fn follow_ups(&self) -> impl Iterator<Item = &FollowedUp> {
        self.of_period.iter().flat_map(|known| &known.follow_ups)
    }

    /// Those incidents of the period that are hidden from most.
    pub fn restricted(&self) -> impl Iterator<Item = IncidentId> {
        let hidden = self.of_period.iter().filter(|known| known.visibility == Visibility::Restricted);
        hidden.map(|known| known.id)
    }
}

/// What sites and clients are called.
pub(super) struct Names {
    pub sites: HashMap<SiteId, String>,
    pub clients: HashMap<ClientId, String>,
}

/// The names of all sites and clients.
pub(super) async fn names(ctx: &Ctx) -> Result<Names> {
    let sites = site::Entity::find().select_only().columns([site::Column::Id, site::Column::Name]).into_tuple();
    let clients = client::Entity::find().select_only().columns([client::Column::Id, client::Column::Name]).into_tuple();
    let sites: Vec<(SiteId, String)> = sites.all(ctx.db.read()).await?;
    let clients: Vec<(ClientId, String)> = clients.all(ctx.db.read()).await?;
    Ok(Names { sites: sites.into_iter().collect(), clients: clients.into_iter().collect() })
}
