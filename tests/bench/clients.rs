//! An update to many clients, each with a ticket: from pressing Send to the last acceptance by a fake of Zendesk that answers as far
//! away as the real one and refuses what is above its documented rate.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use domain::authz::Actor;
use domain::clients::update::{self, Compose};
use domain::clock::{Clock, SystemClock};
use domain::incident::{Declare, declare};
use domain::ports::Outlet;
use domain::{Ctx, people};
use entity::{
    AccessLevel, ClientId, DeliveryState, Grants, Importance, IncidentId, Severity, Source, System, TicketId, TicketLink, Visibility,
    client, delivery, incident, incident_client, ticket,
};
use harness::fakes::{ZendeskFake, zendesk};
use harness::process::press;
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, Set};
use serde_json::json;
use worker::Outlets;
use worker::outlets::zendesk::{UPDATES_PER_MINUTE, ZendeskOutlet, ZendeskSettings};

use crate::house::House;
use crate::report::{Bound, Figure};
use crate::store::Place;

/// Requests of all kinds in a minute, as on the plans Growth and Professional: there, changes of tickets are what is scarce.
const REQUESTS: usize = 400;
/// What an answer of the fake takes.
const LATENCY: Duration = Duration::from_millis(50);
/// How often to check whether all have arrived.
const LOOK: Duration = Duration::from_millis(20);
/// Anything slower has failed.
const PATIENCE: Duration = Duration::from_mins(10);

/// The seconds within which the documented rate allows it: after a full minute the rest may follow at once.
fn allowed(clients: usize) -> f64 {
    60.0 * ((clients - 1) / UPDATES_PER_MINUTE) as f64
}

/// Tells that many clients something, once: what a minute allows is used up after it.
pub async fn tell(place: &Place, folder: &Path, clients: usize) -> Result<Vec<Figure>> {
    let fake = ZendeskFake::start().await;
    fake.set_latency(Some(LATENCY));
    fake.set_limits(REQUESTS, UPDATES_PER_MINUTE);
    let numbers: Vec<u64> =
        (0..clients).map(|number| fake.add_ticket(zendesk::CLIENT, &format!("It is down ({number})"), "Since nine.", json!({}))).collect();
    let house = House::open(place, folder, SystemClock.now(), &[System::Zendesk]).await?;
    let domain = house.domain.clone();
    let tickets = numbers.clone();
    let (ctx, incident) = house
        .within(async move {
            let person = people::find_or_add(&domain.system(), "Sam", "sam@example.org", AccessLevel::Responder).await?;
            let sender = Actor::Person { id: person.id, access: AccessLevel::Responder, grants: Grants::default(), token: None };
            let ctx = domain.ctx(sender, Source::Api);
            let incident = affected(&ctx, &tickets).await?;
            Ok((ctx, incident))
        })
        .await?;
    let outlet: Arc<dyn Outlet> = Arc::new(ZendeskOutlet::connect(&settings(&fake), press()).map_err(anyhow::Error::msg)?);
    let worker = house.work_with(Outlets::from([(System::Zendesk, outlet)]))?;
    let begun = Instant::now();
    let compose = Compose { incident_id: incident, body: "We have found the cause and are putting it right.".into(), client_ids: None };
    house.within(async move { Ok(update::send(&ctx, &compose, None).await?) }).await?;
    let pressed = begun.elapsed().as_secs_f64() * 1_000.0;
    let watch = sea_orm::Database::connect(place.url()).await?;
    let arrived = delivery::Entity::find()
        .filter(delivery::Column::ClientUpdateId.is_not_null())
        .filter(delivery::Column::State.eq(DeliveryState::Delivered));
    let all = async {
        while arrived.clone().count(&watch).await? < clients as u64 {
            tokio::time::sleep(LOOK).await;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(PATIENCE, all).await.context("not all clients were told")??;
    let took = begun.elapsed().as_secs_f64();
    let (requests, refused) = (fake.requests().len(), fake.limits().refused());
    eprintln!("  {clients} clients told in {took:.1} s by {requests} requests, {refused} of them refused; the press took {pressed:.0} ms");
    worker.stop().await?;
    watch.close().await?;
    for number in numbers {
        let replies = fake.ticket(number).context("a ticket is gone")?.comments.iter().filter(|comment| comment.public).count();
        ensure!(replies == 2, "ticket {number} has {replies} public comments instead of the question and one answer");
    }
    let mut figures = vec![Figure::new(format!("an update to {clients} clients: the press of send"), "ms", vec![pressed], Bound::None)];
    // What fits into one minute may go at once: then there is nothing to compare with.
    if clients > UPDATES_PER_MINUTE {
        let what = "until Zendesk has taken the last, by what its documented rate allows";
        figures.push(Figure::new(what, "", vec![took / allowed(clients)], Bound::AtMost(1.3)));
    }
    Ok(figures)
}

fn settings(fake: &ZendeskFake) -> ZendeskSettings {
    ZendeskSettings {
        base_url: fake.url().to_owned(),
        email: zendesk::EMAIL.to_owned(),
        api_token: zendesk::API_TOKEN.to_owned(),
        senior_tag: None,
        senior_field: None,
        requests_per_minute: REQUESTS,
        updates_per_minute: UPDATES_PER_MINUTE,
    }
}

/// An incident that affects a client for each of these tickets.
async fn affected(ctx: &Ctx, tickets: &[u64]) -> Result<IncidentId> {
    let input = Declare {
        incident_id: None,
        name: Some("checkout fails".into()),
        description: None,
        severity: Severity::Major,
        lead_id: None,
        site_ids: Vec::new(),
        affected_client_ids: Vec::new(),
        flags: None,
        // No notice to everyone, and no problem ticket: here only the update counts.
        visibility: Visibility::Restricted,
        impact_started_at: None,
    };
    let incident = declare(ctx, input, None).await?.id;
    let now = ctx.now();
    let ordered = incident::ActiveModel { problem_ordered_at: Set(Some(now)), ..Default::default() };
    incident::Entity::update_many().set(ordered).filter(incident::Column::Id.eq(incident)).exec(ctx.db.write()).await?;
    let (mut clients, mut marks, mut links) = (Vec::new(), Vec::new(), Vec::new());
    for number in tickets {
        let id = ClientId(ctx.ids.uuid(now));
        let name = format!("Client {number}");
        let client = client::Model { id, name, importance: Importance::Normal, zendesk_organization_id: None, created_at: now };
        let link = ticket::Model {
            id: TicketId(ctx.ids.uuid(now)),
            incident_id: incident,
            system: System::Zendesk,
            external_id: number.to_string(),
            url: None,
            parent: false,
            link: TicketLink::Linked,
            subject: None,
            status: None,
            client_id: Some(id),
            created_at: now,
            seen_at: None,
        };
        clients.push(client.into_active_model());
        marks.push(
            incident_client::Model { incident_id: incident, client_id: id, since: now, note: None, told_at: None }.into_active_model(),
        );
        links.push(link.into_active_model());
    }
    client::Entity::insert_many(clients).exec_without_returning(ctx.db.write()).await?;
    incident_client::Entity::insert_many(marks).exec_without_returning(ctx.db.write()).await?;
    ticket::Entity::insert_many(links).exec_without_returning(ctx.db.write()).await?;
    Ok(incident)
}
