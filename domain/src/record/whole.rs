//! An incident with all its children, as a decision sees it and as it makes it.

use super::facts::{Facts, Scope};
use crate::ctx::Ctx;
use crate::error::Result;
use crate::sql::{OfIncident, padded};
use entity::{
    ClientId, IncidentId, PersonId, action, checklist_item, client, follow_up, goal, incident, incident_access, incident_client,
    incident_site, page, report, review, role_assignment, role_offer, step, ticket,
};
use sea_orm::{ColumnTrait, EntityTrait, Iterable, ModelTrait, PrimaryKeyToColumn, QueryFilter, QuerySelect, Value};
use std::collections::HashMap;

/// An incident with all its children except the timeline and the deliveries.
#[derive(Clone, Debug)]
pub struct Whole {
    /// The incident.
    pub incident: incident::Model,
    /// Who holds or held which role.
    pub roles: Vec<role_assignment::Model>,
    /// Goals that somebody has worked on.
    pub goals: Vec<goal::Model>,
    /// Items that are ticked.
    pub checklist: Vec<checklist_item::Model>,
    /// Actions in every state.
    pub actions: Vec<action::Model>,
    /// Affected clients.
    pub clients: Vec<incident_client::Model>,
    /// The names of those that were affected when this was loaded.
    pub client_names: HashMap<ClientId, String>,
    /// Sites it is about.
    pub sites: Vec<incident_site::Model>,
    /// Who may know about it while it is restricted.
    pub access: Vec<incident_access::Model>,
    /// Which steps of the playbook were reminded of or settled.
    pub steps: Vec<step::Model>,
    /// Who was paged.
    pub pages: Vec<page::Model>,
    /// Roles that were offered.
    pub offers: Vec<role_offer::Model>,
    /// Tickets about it.
    pub tickets: Vec<ticket::Model>,
    /// Follow-ups in every state.
    pub follow_ups: Vec<follow_up::Model>,
    /// Its report, once that has begun.
    pub reports: Vec<report::Model>,
    /// Its review, once that is planned.
    pub reviews: Vec<review::Model>,
}

/// A table whose rows are part of the [`Whole`].
pub trait Child: OfIncident {
    /// The rows of this table.
    fn rows(whole: &mut Whole) -> &mut Vec<Self::Model>;
}

macro_rules! children {
    ($($table:ident => $rows:ident,)+) => {
        $(impl Child for $table::Entity {
            fn rows(whole: &mut Whole) -> &mut Vec<$table::Model> {
                &mut whole.$rows
            }
        })+

        impl Scope for Whole {
            fn incident(&self) -> &incident::Model {
                &self.incident
            }

            fn incident_mut(&mut self) -> &mut incident::Model {
                &mut self.incident
            }
        }

        impl Facts for Whole {
            type Scope = Self;

            async fn load(ctx: &Ctx, incident: incident::Model) -> Result<Self> {
                let (db, id) = (ctx.db.read(), incident.id);
                // Boxed, because so many statements at once would bloat every future that awaits them.
                let load = Box::pin(async move {
                    tokio::try_join!($($table::Entity::find().filter($table::Column::IncidentId.eq(id)).all(db),)+)
                });
                let ($($rows,)+) = load.await?;
                let mut whole = Self { incident, client_names: HashMap::new(), $($rows,)+ };
                whole.put_in_order();
                name_clients(ctx, std::slice::from_mut(&mut whole)).await?;
                Ok(whole)
            }

            fn scope(&self) -> &Self {
                self
            }
        }

        impl Whole {
            /// An incident in which nothing has happened yet.
            pub(crate) fn new(incident: incident::Model) -> Self {
                Self { incident, client_names: HashMap::new(), $($rows: Vec::new(),)+ }
            }

            /// Many incidents with their children, in the order given, with one statement per table.
            pub async fn load_many(ctx: &Ctx, incidents: Vec<incident::Model>) -> Result<Vec<Self>> {
                let db = ctx.db.read();
                let ids: Vec<IncidentId> = incidents.iter().map(|incident| incident.id).collect();
                let ids = padded(&ids);
                let mut wholes: Vec<Self> = incidents.into_iter().map(Self::new).collect();
                let places: HashMap<IncidentId, usize> =
                    wholes.iter().enumerate().map(|(place, whole)| (whole.incident.id, place)).collect();
                let load = Box::pin(async {
                    tokio::try_join!($($table::Entity::find().filter($table::Column::IncidentId.is_in(ids.iter().copied())).all(db),)+)
                });
                let ($($rows,)+) = load.await?;
                $(for row in $rows {
                    if let Some(whole) = places.get(&row.incident_id).and_then(|place| wholes.get_mut(*place)) {
                        whole.$rows.push(row);
                    }
                })+
                wholes.iter_mut().for_each(Self::put_in_order);
                name_clients(ctx, &mut wholes).await?;
                Ok(wholes)
            }
        }
    };
}

children! {
    role_assignment => roles,
    goal => goals,
    checklist_item => checklist,
    action => actions,
    incident_client => clients,
    incident_site => sites,
    incident_access => access,
    step => steps,
    page => pages,
    role_offer => offers,
    ticket => tickets,
    follow_up => follow_ups,
    report => reports,
    review => reviews,
}

/// Loads the names of affected clients, which the steps about them show.
async fn name_clients(ctx: &Ctx, wholes: &mut [Whole]) -> Result<()> {
    let ids: Vec<ClientId> = wholes.iter().flat_map(|whole| &whole.clients).map(|row| row.client_id).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let select = client::Entity::find().select_only().columns([client::Column::Id, client::Column::Name]);
    let rows = select.filter(client::Column::Id.is_in(padded(&ids))).into_tuple::<(ClientId, String)>();
    let names: HashMap<ClientId, String> = rows.all(ctx.db.read()).await?.into_iter().collect();
    for whole in wholes {
        whole.client_names = whole.clients.iter().filter_map(|row| Some((row.client_id, names.get(&row.client_id)?.clone()))).collect();
    }
    Ok(())
}

/// The values of a row's primary key.
pub(super) fn key<E: EntityTrait>(row: &E::Model) -> Vec<Value> {
    E::PrimaryKey::iter().map(|key| row.get(key.into_column())).collect()
}

impl Whole {
    /// Whether this person holds a role now.
    pub(crate) fn is_at_work(&self, person: PersonId) -> bool {
        self.roles.iter().any(|row| row.person_id == person && row.ended_at.is_none())
    }

    /// Sorts by age, where that matters.
    pub(super) fn put_in_order(&mut self) {
        self.roles.sort_by_key(|row| row.id);
        self.clients.sort_by_key(|row| (row.since, row.client_id));
        self.pages.sort_by_key(|row| row.id);
        self.offers.sort_by_key(|row| row.id);
        self.tickets.sort_by_key(|row| row.id);
        self.follow_ups.sort_by_key(|row| row.id);
    }
}
