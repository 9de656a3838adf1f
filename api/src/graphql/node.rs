//! Anything by its id, as Relay expects.

use std::hash::Hash;

use async_graphql::{Context, Description, ID, Interface, Object};
use domain::Error;
use entity::{
    ActionId, AlertId, AlertPostId, ApiTokenId, AttachmentId, AuditEntryId, ClientId, ClientUpdateId, ContactId, DeliveryId, EventId,
    FollowUpId, HeartbeatId, IncidentId, OpsPageId, PageId, ParkedTopicId, PasskeyId, PersonId, QuietWindowId, ReportCommentId, ReportId,
    ReviewCommentId, ReviewId, RoleAssignmentId, RoleOfferId, SessionId, SiteId, TicketId, WebhookEndpointId, WebhookMessageId,
};
use futures_util::future::join_all;

use super::alerts::AlertPost;
use super::audit::AuditEntry;
use super::catalogue::{Client, Contact, QuietWindow, Site};
use super::clients::ClientUpdate;
use super::context::loaders;
use super::delivery::Delivery;
use super::error::{ApiResult, tell_of_entry};
use super::follow_up::FollowUp;
use super::handover::RoleOffer;
use super::heartbeats::Heartbeat;
use super::incident::{Action, Alert, Incident, RoleAssignment};
use super::known::OpsPage;
use super::loader::Loader;
use super::pages::Page;
use super::people::{ApiToken, Passkey, Person, Session};
use super::report::{Report, ReportComment};
use super::review::{ParkedTopic, Review, ReviewComment};
use super::scalars::{TypedId, id};
use super::tickets::Ticket;
use super::timeline::{Attachment, TimelineEvent};
use super::webhooks::{WebhookEndpoint, WebhookMessage};

/// Anything that has an id.
#[derive(Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "Never changes; begins with the prefix of its kind."))]
pub enum Node {
    /// An incident.
    Incident(Incident),
    /// An event of a timeline.
    TimelineEvent(TimelineEvent),
    /// A period in which a person held a role.
    RoleAssignment(RoleAssignment),
    /// Something to do.
    Action(Action),
    /// A follow-up.
    FollowUp(FollowUp),
    /// A report.
    Report(Report),
    /// A comment on a report.
    ReportComment(ReportComment),
    /// A review.
    Review(Review),
    /// A comment for a review.
    ReviewComment(ReviewComment),
    /// A topic that a review parked.
    ParkedTopic(ParkedTopic),
    /// A member of the team.
    Person(Person),
    /// A site.
    Site(Site),
    /// A time in which alerts are recorded and not reported.
    QuietWindow(QuietWindow),
    /// A client.
    Client(Client),
    /// Someone at a client.
    Contact(Contact),
    /// A file.
    Attachment(Attachment),
    /// An alert.
    Alert(Alert),
    /// A heartbeat, for responders.
    Heartbeat(Heartbeat),
    /// A page to a person.
    Page(Page),
    /// A page of the ops docs.
    OpsPage(OpsPage),
    /// An offer of a role.
    RoleOffer(RoleOffer),
    /// An update to affected clients.
    ClientUpdate(ClientUpdate),
    /// An effect on an outside system.
    Delivery(Delivery),
    /// A ticket related to an incident.
    Ticket(Ticket),
    /// A token of the caller's or, for administrators, of anyone's.
    ApiToken(ApiToken),
    /// A session of the caller's or, for administrators, of anyone's.
    Session(Session),
    /// A passkey of the caller's or, for administrators, of anyone's.
    Passkey(Passkey),
    /// An entry of the audit log, for administrators.
    AuditEntry(AuditEntry),
    /// What was posted to a hook of alerts, for administrators.
    AlertPost(AlertPost),
    /// Where events are posted to, for administrators.
    WebhookEndpoint(WebhookEndpoint),
    /// An event that is posted to an endpoint, for administrators.
    WebhookMessage(WebhookMessage),
}

/// Look-ups by id.
#[derive(Default, Description)]
pub struct NodeQuery;

#[Object(use_type_description)]
impl NodeQuery {
    /// Anything by its id. Fails with `NOT_FOUND` if it does not exist or you may not see it.
    async fn node(&self, gql: &Context<'_>, #[graphql(desc = "E.g. `inc_…`.")] id: ID) -> ApiResult<Option<Node>> {
        find(gql, "id", &id).await.map(Some)
    }

    /// Many things by their ids, in the same order; null for those that do not exist or that you may not see.
    #[graphql(complexity = "ids.len() * child_complexity")]
    async fn nodes(&self, gql: &Context<'_>, #[graphql(desc = "At most 100.")] ids: Vec<ID>) -> ApiResult<Vec<Option<Node>>> {
        if ids.len() > domain::limits::LIST_ITEMS {
            return Err(Error::invalid("ids", format!("ids has more than {} entries.", domain::limits::LIST_ITEMS)).into());
        }
        let found = join_all(ids.iter().map(|id| find(gql, "ids", id))).await;
        let or_null = |(index, node): (usize, ApiResult<Node>)| match node {
            Err(error) if error.is_withheld() => Ok(None),
            Err(error) if error.is_unrecorded() => {
                tell_of_entry(gql, index, error);
                Ok(None)
            }
            node => node.map(Some),
        };
        found.into_iter().enumerate().map(or_null).collect()
    }
}

/// The thing with the id in argument `field`. Look-ups that run together are one statement for each kind.
async fn find(gql: &Context<'_>, field: &'static str, text: &ID) -> ApiResult<Node> {
    let loaders = loaders(gql);
    let given = Given { field, text };
    Ok(match text.split('_').next().unwrap_or_default() {
        IncidentId::PREFIX => Node::Incident(Incident(given.load(&loaders.incident, "incident").await?)),
        EventId::PREFIX => Node::TimelineEvent(given.load(&loaders.event, "timeline event").await?.into()),
        PersonId::PREFIX => Node::Person(Person(given.load(&loaders.person, "person").await?)),
        SiteId::PREFIX => Node::Site(Site(given.load(&loaders.site, "site").await?)),
        ClientId::PREFIX => Node::Client(Client(given.load(&loaders.client, "client").await?)),
        QuietWindowId::PREFIX => Node::QuietWindow(QuietWindow(given.load(&loaders.quiet_window, "quiet window").await?)),
        RoleAssignmentId::PREFIX => Node::RoleAssignment(RoleAssignment(given.load(&loaders.role, "role").await?)),
        ActionId::PREFIX => Node::Action(Action(given.load(&loaders.action, "action").await?)),
        FollowUpId::PREFIX => Node::FollowUp(FollowUp(given.load(&loaders.follow_up, "follow-up").await?)),
        ReportId::PREFIX => Node::Report(Report(given.load(&loaders.report, "report").await?)),
        ReportCommentId::PREFIX => Node::ReportComment(ReportComment(given.load(&loaders.report_comment, "comment").await?)),
        ReviewId::PREFIX => Node::Review(Review(given.load(&loaders.review, "review").await?)),
        ReviewCommentId::PREFIX => Node::ReviewComment(ReviewComment(given.load(&loaders.review_comment, "comment").await?)),
        ParkedTopicId::PREFIX => Node::ParkedTopic(ParkedTopic(given.load(&loaders.parked_topic, "topic").await?)),
        ContactId::PREFIX => Node::Contact(Contact(given.load(&loaders.contact, "contact").await?)),
        AttachmentId::PREFIX => Node::Attachment(Attachment(given.load(&loaders.file, "file").await?)),
        AlertId::PREFIX => Node::Alert(Alert(given.load(&loaders.alert, "alert").await?)),
        HeartbeatId::PREFIX => Node::Heartbeat(Heartbeat(given.load(&loaders.heartbeat, "heartbeat").await?)),
        PageId::PREFIX => Node::Page(Page(given.load(&loaders.page, "page").await?)),
        OpsPageId::PREFIX => Node::OpsPage(OpsPage(given.load(&loaders.ops_page, "page").await?)),
        RoleOfferId::PREFIX => Node::RoleOffer(RoleOffer(given.load(&loaders.offer, "offer").await?)),
        ClientUpdateId::PREFIX => Node::ClientUpdate(ClientUpdate(given.load(&loaders.client_update, "client update").await?)),
        DeliveryId::PREFIX => Node::Delivery(Delivery(given.load(&loaders.delivery, "delivery").await?)),
        TicketId::PREFIX => Node::Ticket(Ticket(given.load(&loaders.ticket, "ticket").await?)),
        ApiTokenId::PREFIX => Node::ApiToken(ApiToken(given.load(&loaders.token, "token").await?)),
        AuditEntryId::PREFIX => Node::AuditEntry(AuditEntry(given.load(&loaders.audit, "entry of the audit log").await?)),
        PasskeyId::PREFIX => Node::Passkey(Passkey(given.load(&loaders.passkey, "passkey").await?)),
        AlertPostId::PREFIX => Node::AlertPost(AlertPost(given.load(&loaders.alert_post, "post").await?)),
        WebhookEndpointId::PREFIX => Node::WebhookEndpoint(WebhookEndpoint(given.load(&loaders.webhook_endpoint, "endpoint").await?)),
        WebhookMessageId::PREFIX => Node::WebhookMessage(WebhookMessage(given.load(&loaders.webhook_message, "message").await?)),
        SessionId::PREFIX => Node::Session(Session(given.load(&loaders.session, "session").await?)),
        _ => return Err(Error::invalid(field, "That is not an id: ids begin with inc_, evt_, per_ and so on.").into()),
    })
}

/// An id as it was given, and in which argument.
struct Given<'a> {
    field: &'static str,
    text: &'a ID,
}

impl Given<'_> {
    async fn load<K, V>(&self, loader: &Loader<K, V>, what: &'static str) -> ApiResult<V>
    where
        K: TypedId + Eq + Hash + Clone + Send + Sync + 'static,
        V: Clone + Send + Sync + 'static,
    {
        let row = loader.get(id(self.field, self.text)?).await?;
        Ok(row.ok_or(Error::NotFound(what))?)
    }
}
