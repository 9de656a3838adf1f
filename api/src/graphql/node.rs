//! Anything by its id, as Relay expects.

use std::sync::Arc;

use async_graphql::{Context, Description, ID, Interface, Object};
use domain::telling::answers;
use domain::{Error, alerts, catalogue, clients, delivery, files, follow_up, incident, people, tickets};
use entity::{
    ActionId, AlertId, ApiTokenId, AttachmentId, ClientId, ClientUpdateId, ContactId, DeliveryId, EventId, FollowUpId, IncidentId, PageId,
    PersonId, RoleAssignmentId, RoleOfferId, SiteId, TicketId,
};

use super::catalogue::{Client, Contact, Site};
use super::clients::ClientUpdate;
use super::context::{ctx, loaders};
use super::delivery::Delivery;
use super::error::ApiResult;
use super::follow_up::FollowUp;
use super::handover::RoleOffer;
use super::incident::{Action, Alert, Incident, RoleAssignment};
use super::pages::Page;
use super::people::{ApiToken, Person};
use super::scalars::id;
use super::tickets::Ticket;
use super::timeline::{Attachment, TimelineEvent};

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
    /// A member of the team.
    Person(Person),
    /// A site.
    Site(Site),
    /// A client.
    Client(Client),
    /// Someone at a client.
    Contact(Contact),
    /// A file.
    Attachment(Attachment),
    /// An alert.
    Alert(Alert),
    /// A page to a person.
    Page(Page),
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
}

/// Look-ups by id.
#[derive(Default, Description)]
pub struct NodeQuery;

#[Object(use_type_description)]
impl NodeQuery {
    /// Anything by its id. Fails with `NOT_FOUND` if it does not exist or you may not see it.
    async fn node(&self, gql: &Context<'_>, #[graphql(desc = "E.g. `inc_…`.")] id: ID) -> ApiResult<Option<Node>> {
        Ok(Some(find(gql, &id).await?))
    }

    /// Many things by their ids, in the same order; null for those that do not exist or that you may not see.
    #[graphql(complexity = "ids.len() * child_complexity")]
    async fn nodes(&self, gql: &Context<'_>, #[graphql(desc = "At most 100.")] ids: Vec<ID>) -> ApiResult<Vec<Option<Node>>> {
        if ids.len() > domain::limits::LIST_ITEMS {
            return Err(Error::invalid("ids", format!("ids has more than {} entries.", domain::limits::LIST_ITEMS)).into());
        }
        let found = futures_util::future::join_all(ids.iter().map(|id| find_or_none(gql, id))).await;
        found.into_iter().collect()
    }
}

async fn find_or_none(gql: &Context<'_>, text: &ID) -> ApiResult<Option<Node>> {
    match find(gql, text).await {
        Ok(node) => Ok(Some(node)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

async fn find(gql: &Context<'_>, text: &ID) -> ApiResult<Node> {
    let (ctx, loaders) = (ctx(gql), loaders(gql));
    let prefix = text.split('_').next().unwrap_or_default();
    Ok(match prefix {
        // What a loader finds, it finds in one statement for all ids of `nodes`.
        IncidentId::PREFIX => Node::Incident(Incident(found(loaders.incident.get(id("id", text)?).await?, "incident")?)),
        EventId::PREFIX => Node::TimelineEvent(found(loaders.event.get(id("id", text)?).await?, "timeline event")?.into()),
        PersonId::PREFIX => Node::Person(Person(found(loaders.person.get(id("id", text)?).await?, "person")?)),
        SiteId::PREFIX => Node::Site(Site(found(loaders.site.get(id("id", text)?).await?, "site")?)),
        ClientId::PREFIX => Node::Client(Client(found(loaders.client.get(id("id", text)?).await?, "client")?)),
        RoleAssignmentId::PREFIX => Node::RoleAssignment(RoleAssignment(incident::find_role(ctx, id("id", text)?).await?)),
        ActionId::PREFIX => Node::Action(Action(incident::find_action(ctx, id("id", text)?).await?)),
        FollowUpId::PREFIX => Node::FollowUp(FollowUp(follow_up::find(ctx, id("id", text)?).await?)),
        ContactId::PREFIX => Node::Contact(Contact(catalogue::find_contact(ctx, id("id", text)?).await?)),
        AttachmentId::PREFIX => Node::Attachment(Attachment(files::find(ctx, id("id", text)?).await?)),
        AlertId::PREFIX => Node::Alert(Alert(alerts::find(ctx, id("id", text)?).await?)),
        PageId::PREFIX => Node::Page(Page(answers::find(ctx, id("id", text)?).await?)),
        RoleOfferId::PREFIX => Node::RoleOffer(RoleOffer(incident::find_offer(ctx, id("id", text)?).await?)),
        ClientUpdateId::PREFIX => Node::ClientUpdate(clients::progress::find(ctx, id("id", text)?).await?.into()),
        DeliveryId::PREFIX => Node::Delivery(Delivery(Arc::new(delivery::find(ctx, id("id", text)?).await?))),
        TicketId::PREFIX => Node::Ticket(Ticket(tickets::find(ctx, id("id", text)?).await?)),
        ApiTokenId::PREFIX => Node::ApiToken(ApiToken(people::access::find_token(ctx, id("id", text)?).await?)),
        _ => return Err(Error::invalid("id", "That is not an id: ids begin with inc_, evt_, per_ and so on.").into()),
    })
}

fn found<T>(row: Option<T>, what: &'static str) -> Result<T, Error> {
    row.ok_or(Error::NotFound(what))
}
