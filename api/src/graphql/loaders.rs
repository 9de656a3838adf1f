//! The look-ups that fields make, one loader each.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use domain::clients::{board, progress};
use domain::telling::{answers, duty};
use domain::timeline::{self, Range};
use domain::{Ctx, Result, alerts, catalogue, delivery, files, follow_up, incident, people, tickets};
use entity::{
    ClientId, ClientUpdateId, EventId, IncidentId, PersonId, action, alert, attachment, checklist_item, client, client_update, contact,
    goal, incident_client, page, person, role_assignment, role_offer, site, ticket, timeline_event, triage_answer,
};
use futures_util::FutureExt;

use super::loader::Loader;

type Many<T> = Arc<Vec<T>>;

/// All loaders of one request.
pub struct Loaders {
    /// People by id.
    pub person: Loader<PersonId, Arc<person::Model>>,
    /// Incidents by id, if the caller may see them.
    pub incident: Loader<IncidentId, Arc<entity::incident::Model>>,
    /// Clients by id.
    pub client: Loader<ClientId, Arc<client::Model>>,
    /// Contacts of a client.
    pub contacts: Loader<ClientId, Many<contact::Model>>,
    /// Sites of a client.
    pub client_sites: Loader<ClientId, Many<site::Model>>,
    /// Roles of an incident.
    pub roles: Loader<IncidentId, Many<role_assignment::Model>>,
    /// Goals of an incident that have been touched.
    pub goals: Loader<IncidentId, Many<goal::Model>>,
    /// Ticked checklist items of an incident.
    pub checklist: Loader<IncidentId, Many<checklist_item::Model>>,
    /// Actions of an incident.
    pub actions: Loader<IncidentId, Many<action::Model>>,
    /// Open actions of an incident: what a board needs, without the settled ones.
    pub open_actions: Loader<IncidentId, Many<action::Model>>,
    /// Affected clients of an incident.
    pub affected: Loader<IncidentId, Many<(incident_client::Model, client::Model)>>,
    /// The client board of an incident.
    pub client_board: Loader<IncidentId, Many<board::Row>>,
    /// Updates to the clients of an incident.
    pub client_updates: Loader<IncidentId, Many<client_update::Model>>,
    /// Updates to clients by id, if the caller may see their incidents.
    pub client_update: Loader<ClientUpdateId, Arc<client_update::Model>>,
    /// How far an update has got with each client it was sent to.
    pub client_outcomes: Loader<ClientUpdateId, Many<progress::ClientOutcome>>,
    /// The clients that an update told or, as a draft, will tell.
    pub update_clients: Loader<ClientUpdateId, Many<ClientId>>,
    /// The deliveries of an update to clients.
    pub update_deliveries: Loader<ClientUpdateId, Many<entity::delivery::Model>>,
    /// Sites of an incident.
    pub incident_sites: Loader<IncidentId, Many<site::Model>>,
    /// Files of an incident.
    pub incident_files: Loader<IncidentId, Many<attachment::Model>>,
    /// Alerts of an incident.
    pub alerts: Loader<IncidentId, Many<alert::Model>>,
    /// The triage answers of an incident.
    pub triage: Loader<IncidentId, Many<triage_answer::Model>>,
    /// What the playbook asks for in an incident.
    pub open_steps: Loader<IncidentId, Many<incident::Listed>>,
    /// The same, including steps that are over.
    pub all_steps: Loader<IncidentId, Many<incident::Listed>>,
    /// Pages of an incident.
    pub pages: Loader<IncidentId, Many<page::Model>>,
    /// The leadership contacts there was a duty to tell.
    pub leadership: Loader<IncidentId, Many<duty::LeadershipNotice>>,
    /// Offers of roles in an incident.
    pub offers: Loader<IncidentId, Many<role_offer::Model>>,
    /// Follow-ups of an incident.
    pub follow_ups: Loader<IncidentId, Many<entity::follow_up::Model>>,
    /// Effects of an incident on outside systems.
    pub deliveries: Loader<IncidentId, Many<entity::delivery::Model>>,
    /// Tickets of an incident.
    pub tickets: Loader<IncidentId, Many<ticket::Model>>,
    /// Stretches of timelines.
    pub stretch: Loader<Range, Many<timeline_event::Model>>,
    /// Files of an event.
    pub event_files: Loader<EventId, Many<attachment::Model>>,
    /// Corrections of an event.
    pub amendments: Loader<EventId, Many<timeline_event::Model>>,
}

impl Loaders {
    /// The loaders for a request made with `ctx`.
    pub fn new(ctx: &Ctx) -> Self {
        Self {
            person: Loader::new(ctx, |ctx, ids| async move { Ok(one_each(people::by_ids(&ctx, &ids).await?, |row| row.id)) }.boxed()),
            incident: Loader::new(ctx, |ctx, ids| async move { Ok(one_each(incident::by_ids(&ctx, &ids).await?, |row| row.id)) }.boxed()),
            client: Loader::new(ctx, |ctx, ids| {
                async move { Ok(one_each(catalogue::clients_by_ids(&ctx, &ids).await?, |row| row.id)) }.boxed()
            }),
            contacts: Loader::new(ctx, |ctx, ids| {
                async move { Ok(grouped(catalogue::contacts_of(&ctx, &ids).await?, |row| row.client_id)) }.boxed()
            }),
            client_sites: Loader::new(ctx, |ctx, ids| {
                async move { Ok(grouped_if(catalogue::sites_of(&ctx, &ids).await?, |row| row.client_id)) }.boxed()
            }),
            roles: Loader::new(ctx, |ctx, ids| {
                async move { Ok(grouped(incident::roles_of(&ctx, &ids).await?, |row| row.incident_id)) }.boxed()
            }),
            goals: Loader::new(ctx, |ctx, ids| {
                async move { Ok(grouped(incident::goals_of(&ctx, &ids).await?, |row| row.incident_id)) }.boxed()
            }),
            checklist: Loader::new(ctx, |ctx, ids| {
                async move { Ok(grouped(incident::checklist_of(&ctx, &ids).await?, |row| row.incident_id)) }.boxed()
            }),
            actions: Loader::new(ctx, |ctx, ids| {
                async move { Ok(grouped(incident::actions_of(&ctx, &ids).await?, |row| row.incident_id)) }.boxed()
            }),
            open_actions: Loader::new(ctx, |ctx, ids| {
                async move { Ok(grouped(incident::open_actions_of(&ctx, &ids).await?, |row| row.incident_id)) }.boxed()
            }),
            affected: Loader::new(ctx, |ctx, ids| {
                async move { Ok(grouped(incident::affected_clients_of(&ctx, &ids).await?, |(row, _)| row.incident_id)) }.boxed()
            }),
            client_board: Loader::new(ctx, |ctx, ids| {
                async move { Ok(shared(board::boards(&ctx, &incident::by_ids(&ctx, &ids).await?).await?)) }.boxed()
            }),
            client_updates: Loader::new(ctx, |ctx, ids| {
                async move { Ok(grouped(progress::of_incidents(&ctx, &ids).await?, |row| row.incident_id)) }.boxed()
            }),
            client_update: Loader::new(ctx, |ctx, ids| {
                async move { Ok(one_each(progress::by_ids(&ctx, &ids).await?, |row| row.id)) }.boxed()
            }),
            client_outcomes: Loader::new(ctx, |ctx, ids| async move { Ok(shared(progress::outcomes_of(&ctx, &ids).await?)) }.boxed()),
            update_clients: Loader::new(ctx, |ctx, ids| async move { Ok(shared(progress::clients_of(&ctx, &ids).await?)) }.boxed()),
            update_deliveries: Loader::new(ctx, |ctx, ids| {
                async move { Ok(grouped_if(progress::deliveries_of(&ctx, &ids).await?, |row| row.client_update_id)) }.boxed()
            }),
            incident_sites: Loader::new(ctx, |ctx, ids| async move { Ok(pairs(incident::sites_of(&ctx, &ids).await?)) }.boxed()),
            incident_files: Loader::new(ctx, |ctx, ids| {
                async move { Ok(grouped(files::of_incidents(&ctx, &ids).await?, |row| row.incident_id)) }.boxed()
            }),
            alerts: Loader::new(ctx, |ctx, ids| {
                async move { Ok(grouped_if(alerts::of_incidents(&ctx, &ids).await?, |row| row.incident_id)) }.boxed()
            }),
            triage: Loader::new(ctx, |ctx, ids| {
                async move { Ok(grouped(incident::triage::answers_of(&ctx, &ids).await?, |row| row.incident_id)) }.boxed()
            }),
            open_steps: Loader::new(ctx, |ctx, ids| async move { steps(&ctx, &ids, false).await }.boxed()),
            all_steps: Loader::new(ctx, |ctx, ids| async move { steps(&ctx, &ids, true).await }.boxed()),
            pages: Loader::new(ctx, |ctx, ids| {
                async move { Ok(grouped(answers::of_incidents(&ctx, &ids).await?, |row| row.incident_id)) }.boxed()
            }),
            leadership: Loader::new(ctx, |ctx, ids| {
                async move { Ok(shared(duty::leadership_of(&ctx, &incident::by_ids(&ctx, &ids).await?).await?)) }.boxed()
            }),
            offers: Loader::new(ctx, |ctx, ids| {
                async move { Ok(grouped(incident::offers_of(&ctx, &ids).await?, |row| row.incident_id)) }.boxed()
            }),
            follow_ups: Loader::new(ctx, |ctx, ids| {
                async move { Ok(grouped(follow_up::of_incidents(&ctx, &ids).await?, |row| row.incident_id)) }.boxed()
            }),
            deliveries: Loader::new(ctx, |ctx, ids| {
                async move { Ok(grouped_if(delivery::of_incidents(&ctx, &ids).await?, |row| row.incident_id)) }.boxed()
            }),
            tickets: Loader::new(ctx, |ctx, ids| {
                async move { Ok(grouped(tickets::of_incidents(&ctx, &ids).await?, |row| row.incident_id)) }.boxed()
            }),
            stretch: Loader::new(ctx, |ctx, ranges| {
                async move { Ok(timeline::range(&ctx, &ranges).await?.into_iter().map(|(range, events)| (range, Arc::new(events))).collect()) }.boxed()
            }),
            event_files: Loader::new(ctx, |ctx, ids| {
                async move { Ok(grouped_if(files::of_events(&ctx, &ids).await?, |row| row.event_id)) }.boxed()
            }),
            amendments: Loader::new(ctx, |ctx, ids| {
                async move { Ok(timeline::amendments_of(&ctx, &ids).await?.into_iter().map(|(event, rows)| (event, Arc::new(rows))).collect()) }.boxed()
            }),
        }
    }
}

async fn steps(ctx: &Ctx, ids: &[IncidentId], settled: bool) -> Result<HashMap<IncidentId, Many<incident::Listed>>> {
    Ok(shared(incident::steps_of(ctx, incident::by_ids(ctx, ids).await?, settled).await?))
}

fn shared<K: Eq + Hash, T>(lists: HashMap<K, Vec<T>>) -> HashMap<K, Many<T>> {
    lists.into_iter().map(|(key, list)| (key, Arc::new(list))).collect()
}

fn one_each<K: Eq + Hash, T>(rows: Vec<T>, key: impl Fn(&T) -> K) -> HashMap<K, Arc<T>> {
    rows.into_iter().map(|row| (key(&row), Arc::new(row))).collect()
}

fn grouped<K: Eq + Hash, T>(rows: Vec<T>, key: impl Fn(&T) -> K) -> HashMap<K, Many<T>> {
    pairs(rows.into_iter().map(|row| (key(&row), row)))
}

fn grouped_if<K: Eq + Hash, T>(rows: Vec<T>, key: impl Fn(&T) -> Option<K>) -> HashMap<K, Many<T>> {
    pairs(rows.into_iter().filter_map(|row| Some((key(&row)?, row))))
}

fn pairs<K: Eq + Hash, T>(rows: impl IntoIterator<Item = (K, T)>) -> HashMap<K, Many<T>> {
    let mut groups: HashMap<K, Vec<T>> = HashMap::new();
    for (key, row) in rows {
        groups.entry(key).or_default().push(row);
    }
    groups.into_iter().map(|(key, rows)| (key, Arc::new(rows))).collect()
}
