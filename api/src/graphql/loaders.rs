//! The look-ups that fields make, one loader each.

use std::collections::HashMap;
use std::convert::identity;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use domain::alerts::quiet;
use domain::clients::{board, progress};
use domain::incident::kept::Version;
use domain::incident::parts;
use domain::telling::{answers, duty, ways};
use domain::timeline::stretch::{self, Stretch};
use domain::{
    Ctx, Result, alerts, audit, catalogue, delivery, files, follow_up, heartbeats, incident, known, people, report, review, rooms, tickets,
    timeline, webhooks,
};
use entity::{
    ActionId, AlertId, AlertPostId, ApiTokenId, AttachmentId, AuditEntryId, ClientId, ClientUpdateId, ContactId, DeliveryId, EventId,
    FollowUpId, HeartbeatId, IncidentId, OpsPageId, PageId, ParkedTopicId, PasskeyId, PersonId, QuietWindowId, ReportCommentId, ReportId,
    ReviewCommentId, ReviewId, RoleAssignmentId, RoleOfferId, SessionId, SiteId, TicketId, WebhookEndpointId, WebhookMessageId, action,
    alert, alert_post, api_token, attachment, audit_entry, chat_channel, checklist_item, client, client_update, contact, goal, heartbeat,
    incident_access, incident_client, incident_import, incident_site, page, parked_topic, passkey, person, report_approval, report_comment,
    report_publication, report_reader, review_attendee, review_comment, role_assignment, role_offer, session, site, ticket, timeline_event,
    triage_answer, webhook_endpoint, webhook_message,
};
use futures_util::FutureExt;

use super::loader::Loader;

type Many<T> = Arc<Vec<T>>;

/// An incident's row, as it was read. Two are the same if they are of the same version.
#[derive(Clone)]
pub struct IncidentRow(pub Arc<entity::incident::Model>);

impl PartialEq for IncidentRow {
    fn eq(&self, other: &Self) -> bool {
        Version::from(&*self.0) == Version::from(&*other.0)
    }
}

impl Eq for IncidentRow {}

impl Hash for IncidentRow {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Version::from(&*self.0).hash(state);
    }
}

/// Declares [`Loaders`]: a line for each gives its name, the type of its keys and of its values, the use case that finds them for many
/// keys, and how what that returns is handed out; behind `but`, what finds the value of a key that the process knows already.
macro_rules! loaders {
    ($($(#[$doc:meta])* $name:ident: $key:ty => $value:ty = $shape:ident($find:path $(, $by:expr)?) $(but $known:path)?;)+) => {
        /// All loaders of one request.
        pub struct Loaders {
            $($(#[$doc])* pub $name: Loader<$key, $value>,)+
        }

        impl Loaders {
            /// The loaders for a request made with `ctx`.
            pub fn new(ctx: &Ctx) -> Self {
                let ctx = Arc::new(ctx.clone());
                Self {
                    $($name: Loader::new(&ctx, |ctx, keys| async move { Ok($shape($find(&ctx, &keys).await? $(, $by)?)) }.boxed()) $(.but_for(|ctx, key| $known(ctx, *key)))?,)+
                }
            }
        }
    };
}

loaders! {
    /// People by id.
    person: PersonId => Arc<person::Model> = one_each(people::by_ids, |row| row.id);
    /// Incidents by id, if the caller may see them.
    incident: IncidentId => Arc<entity::incident::Model> = one_each(incident::seen_by_ids, |row| row.id);
    /// How an incident came here that was taken in from an archive.
    import: Version => Many<incident_import::Model> =
        identity(parts::read::<incident_import::Entity>) but parts::known::<incident_import::Entity>;
    /// Incidents by id that are hidden from nobody.
    open_incident: IncidentId => Arc<entity::incident::Model> = one_each(incident::open_by_ids, |row| row.id);
    /// Clients by id.
    client: ClientId => Arc<client::Model> = one_each(catalogue::clients_by_ids, |row| row.id);
    /// Sites by id.
    site: SiteId => Arc<site::Model> = one_each(catalogue::sites_by_ids, |row| row.id);
    /// Quiet windows by id.
    quiet_window: QuietWindowId => Arc<quiet::QuietWindow> = one_each(quiet::by_ids, |window| window.row.id);
    /// The quiet windows of a site that are on or to come.
    site_windows: SiteId => Many<quiet::QuietWindow> = pairs(quiet::of_sites);
    /// Events by id, as far as the caller may see them.
    event: EventId => Arc<timeline_event::Model> = one_each(timeline::by_ids, |row| row.id);
    /// Updates to clients by id, if the caller may see their incidents.
    client_update: ClientUpdateId => Arc<client_update::Model> = one_each(progress::by_ids, |row| row.id);
    /// Actions by id, if the caller may see their incidents.
    action: ActionId => action::Model = one_each(incident::actions_by_ids, |row| row.id);
    /// Alerts by id, except those of incidents that the caller may not see.
    alert: AlertId => alert::Model = one_each(alerts::by_ids, |row| row.id);
    /// Heartbeats by id. Fails for viewers.
    heartbeat: HeartbeatId => Arc<heartbeat::Model> = one_each(heartbeats::by_ids, |row| row.id);
    /// The incident of a heartbeat's alarm, which the caller may not see.
    heartbeat_incident: HeartbeatId => IncidentId = identity(heartbeats::incidents);
    /// Contacts by id.
    contact: ContactId => contact::Model = one_each(catalogue::show_contacts_by_ids, |row| row.id);
    /// Deliveries by id, as far as the caller may see them. Fails for viewers.
    delivery: DeliveryId => Arc<entity::delivery::Model> = one_each(delivery::by_ids, |row| row.id);
    /// Files by id, if the caller may see their incidents.
    file: AttachmentId => attachment::Model = one_each(files::by_ids, |row| row.id);
    /// Follow-ups by id, if the caller may see their incidents.
    follow_up: FollowUpId => entity::follow_up::Model = one_each(follow_up::by_ids, |row| row.id);
    /// Reports by id, if the caller may see their incidents.
    report: ReportId => entity::report::Model = one_each(report::by_ids, |row| row.id);
    /// Comments on reports by id, if the caller may see their incidents.
    report_comment: ReportCommentId => report_comment::Model = one_each(report::comments_by_ids, |row| row.id);
    /// Reviews by id, if the caller may see their incidents.
    review: ReviewId => entity::review::Model = one_each(review::by_ids, |row| row.id);
    /// Comments for reviews by id that people see, if the caller may see their incidents.
    review_comment: ReviewCommentId => review_comment::Model = one_each(review::comments_by_ids, |row| row.id);
    /// Parked topics by id, if the caller may see their incidents.
    parked_topic: ParkedTopicId => parked_topic::Model = one_each(review::topics_by_ids, |row| row.id);
    /// Pages of the ops docs by id.
    ops_page: OpsPageId => Arc<entity::ops_page::Model> = one_each(known::ops::by_ids, |row| row.id);
    /// Offers of roles by id, if the caller may see their incidents.
    offer: RoleOfferId => role_offer::Model = one_each(incident::offers_by_ids, |row| row.id);
    /// Pages by id, if the caller may see their incidents.
    page: PageId => page::Model = one_each(answers::by_ids, |row| row.id);
    /// Role assignments by id, if the caller may see their incidents.
    role: RoleAssignmentId => role_assignment::Model = one_each(incident::roles_by_ids, |row| row.id);
    /// Tickets by id, if the caller may see their incidents.
    ticket: TicketId => ticket::Model = one_each(tickets::by_ids, |row| row.id);
    /// API tokens by id, as far as the caller may see them.
    token: ApiTokenId => api_token::Model = one_each(people::tokens::by_ids, |row| row.id);
    /// Sessions by id, as far as the caller may see them.
    session: SessionId => session::Model = one_each(people::sessions::sessions_by_ids, |row| row.id);
    /// Passkeys by id, as far as the caller may see them.
    passkey: PasskeyId => passkey::Model = one_each(people::passkeys::by_ids, |row| row.id);
    /// Entries of the audit log by id. Fails for all but administrators.
    audit: AuditEntryId => Arc<audit_entry::Model> = one_each(audit::by_ids, |row| row.id);
    /// Endpoints by id. Fails for all but administrators.
    webhook_endpoint: WebhookEndpointId => Arc<webhook_endpoint::Model> = one_each(webhooks::endpoints_by_ids, |row| row.id);
    /// Messages to endpoints by id. Fails for all but administrators.
    webhook_message: WebhookMessageId => Arc<webhook_message::Model> = one_each(webhooks::messages_by_ids, |row| row.id);
    /// What was posted to the hooks of alerts, by id. Fails for all but administrators.
    alert_post: AlertPostId => Arc<alert_post::Model> = one_each(alerts::inbox::by_ids, |row| row.id);
    /// The bodies of what was posted there. Fails for all but administrators.
    alert_post_body: AlertPostId => Many<u8> = shared(alerts::inbox::bodies);
    /// How many messages of an endpoint wait or failed.
    webhook_counts: WebhookEndpointId => webhooks::Counts = identity(webhooks::counts);
    /// Contacts of a client.
    contacts: ClientId => Many<contact::Model> = grouped(catalogue::show_contacts_of, |row| row.client_id);
    /// Who of the team looks after a client.
    client_team: ClientId => Many<person::Model> = pairs(catalogue::team_of);
    /// Sites of a client.
    client_sites: ClientId => Many<site::Model> = grouped_if(catalogue::sites_of, |row| row.client_id);
    /// Roles of an incident.
    roles: Version => Many<role_assignment::Model> =
        identity(parts::read::<role_assignment::Entity>) but parts::known::<role_assignment::Entity>;
    /// Goals of an incident that have been touched.
    goals: Version => Many<goal::Model> =
        identity(parts::read::<goal::Entity>) but parts::known::<goal::Entity>;
    /// Ticked checklist items of an incident.
    checklist: Version => Many<checklist_item::Model> =
        identity(parts::read::<checklist_item::Entity>) but parts::known::<checklist_item::Entity>;
    /// Actions of an incident.
    actions: Version => Many<action::Model> =
        identity(parts::read::<action::Entity>) but parts::known::<action::Entity>;
    /// Affected clients of an incident, those affected longest first.
    affected: Version => Many<incident_client::Model> =
        identity(parts::read::<incident_client::Entity>) but parts::known::<incident_client::Entity>;
    /// The client board of an incident.
    client_board: IncidentRow => Many<board::Row> = shared(boards);
    /// Updates to the clients of an incident.
    client_updates: Version => Many<client_update::Model> =
        identity(parts::read::<client_update::Entity>) but parts::known::<client_update::Entity>;
    /// How far an update has got with each client it was sent to.
    client_outcomes: ClientUpdateId => Many<progress::ClientOutcome> = shared(progress::outcomes_of);
    /// The clients that an update told or, as a draft, will tell.
    update_clients: ClientUpdateId => Many<ClientId> = shared(progress::clients_of);
    /// The deliveries of an update to clients.
    update_deliveries: ClientUpdateId => Many<entity::delivery::Model> = grouped_if(progress::deliveries_of, |row| row.client_update_id);
    /// Sites of an incident.
    incident_sites: Version => Many<incident_site::Model> =
        identity(parts::read::<incident_site::Entity>) but parts::known::<incident_site::Entity>;
    /// With whom an incident is shared.
    access: Version => Many<incident_access::Model> =
        identity(parts::read::<incident_access::Entity>) but parts::known::<incident_access::Entity>;
    /// Files of an incident.
    incident_files: IncidentId => Many<attachment::Model> = grouped(files::of_incidents, |row| row.incident_id);
    /// Alerts of an incident.
    alerts: IncidentId => Many<alert::Model> = grouped_if(alerts::of_incidents, |row| row.incident_id);
    /// The triage answers of an incident.
    triage: Version => Many<triage_answer::Model> =
        identity(parts::read::<triage_answer::Entity>) but parts::known::<triage_answer::Entity>;
    /// What the playbook asks for in an incident.
    open_steps: IncidentRow => Many<incident::Listed> = shared(open_steps);
    /// The same, including steps that are over.
    all_steps: IncidentRow => Many<incident::Listed> = shared(all_steps);
    /// Pages of an incident.
    pages: IncidentId => Many<page::Model> = grouped(answers::of_incidents, |row| row.incident_id);
    /// The ways of the pages of an incident.
    page_ways: IncidentId => Many<(IncidentId, ways::Way)> = grouped(ways::of_incidents, |(incident, _)| *incident);
    /// The leadership contacts there was a duty to tell.
    leadership: IncidentRow => Many<duty::LeadershipNotice> = shared(leadership);
    /// Offers of roles in an incident.
    offers: IncidentId => Many<role_offer::Model> = grouped(incident::offers_of, |row| row.incident_id);
    /// Follow-ups of an incident.
    follow_ups: Version => Many<entity::follow_up::Model> =
        identity(parts::read::<entity::follow_up::Entity>) but parts::known::<entity::follow_up::Entity>;
    /// The report of an incident.
    reports: Version => Many<entity::report::Model> =
        identity(parts::read::<entity::report::Entity>) but parts::known::<entity::report::Entity>;
    /// Comments on a report.
    report_comments: ReportId => Many<report_comment::Model> = grouped(report::comments_of, |row| row.report_id);
    /// Who was asked to read a report.
    report_readers: ReportId => Many<report_reader::Model> = grouped(report::readers_of, |row| row.report_id);
    /// What was approved of a report.
    report_approvals: ReportId => Many<report_approval::Model> = grouped(report::approvals_of, |row| row.report_id);
    /// Where a report was published.
    report_publications: ReportId => Many<report_publication::Model> = grouped(report::publications_of, |row| row.report_id);
    /// The review of an incident.
    reviews: Version => Many<entity::review::Model> =
        identity(parts::read::<entity::review::Entity>) but parts::known::<entity::review::Entity>;
    /// Who is invited to a review.
    review_attendees: ReviewId => Many<review_attendee::Model> = grouped(review::attendees_of, |row| row.review_id);
    /// What people see of the comments for a review.
    review_comments: ReviewId => Many<review_comment::Model> = grouped(review::comments_of, |row| row.review_id);
    /// What a review leaves for others.
    parked_topics: ReviewId => Many<parked_topic::Model> = grouped(review::topics_of, |row| row.review_id);
    /// Effects of an incident on outside systems.
    deliveries: IncidentId => Many<entity::delivery::Model> = grouped_if(delivery::of_incidents, |row| row.incident_id);
    /// Tickets of an incident, the problem ticket first.
    tickets: Version => Many<ticket::Model> =
        identity(parts::read::<ticket::Entity>) but parts::known::<ticket::Entity>;
    /// What the chat has of an incident.
    chat_channels: IncidentId => Many<chat_channel::Model> = grouped(rooms::of_incidents, |row| row.incident_id);
    /// Stretches of timelines.
    stretch: Stretch => Many<Arc<timeline_event::Model>> =
        identity(stretch::read) but stretch::known;
    /// The same from the database, whatever is known: for whoever walks along a timeline, as those do who verify its hashes.
    walked: Stretch => Many<Arc<timeline_event::Model>> = identity(stretch::read);
    /// Files of an event.
    event_files: EventId => Many<attachment::Model> = grouped_if(files::of_events, |row| row.event_id);
    /// Corrections of an event.
    amendments: EventId => Many<timeline_event::Model> = shared(timeline::amendments_of);
}

async fn boards(ctx: &Ctx, incidents: &[IncidentRow]) -> Result<HashMap<IncidentRow, Vec<board::Row>>> {
    Ok(by_incident(incidents, board::boards(ctx, &rows(incidents)).await?))
}

async fn open_steps(ctx: &Ctx, incidents: &[IncidentRow]) -> Result<HashMap<IncidentRow, Vec<incident::Listed>>> {
    Ok(by_incident(incidents, incident::steps_of(ctx, &rows(incidents), false).await?))
}

async fn all_steps(ctx: &Ctx, incidents: &[IncidentRow]) -> Result<HashMap<IncidentRow, Vec<incident::Listed>>> {
    Ok(by_incident(incidents, incident::steps_of(ctx, &rows(incidents), true).await?))
}

async fn leadership(ctx: &Ctx, incidents: &[IncidentRow]) -> Result<HashMap<IncidentRow, Vec<duty::LeadershipNotice>>> {
    Ok(by_incident(incidents, duty::leadership_of(ctx, &rows(incidents)).await?))
}

fn rows(incidents: &[IncidentRow]) -> Vec<Arc<entity::incident::Model>> {
    incidents.iter().map(|incident| incident.0.clone()).collect()
}

fn by_incident<T>(incidents: &[IncidentRow], mut found: HashMap<IncidentId, T>) -> HashMap<IncidentRow, T> {
    incidents.iter().filter_map(|incident| Some((incident.clone(), found.remove(&incident.0.id)?))).collect()
}

fn shared<K: Eq + Hash, T>(lists: HashMap<K, Vec<T>>) -> HashMap<K, Many<T>> {
    lists.into_iter().map(|(key, list)| (key, Arc::new(list))).collect()
}

fn one_each<K: Eq + Hash, T, V: From<T>>(rows: Vec<T>, key: impl Fn(&T) -> K) -> HashMap<K, V> {
    rows.into_iter().map(|row| (key(&row), row.into())).collect()
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
