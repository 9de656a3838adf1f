//! What Muster does on its own: reminders while people work, the tick, deliveries by the queue, and the list of steps.

use std::cell::Cell;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use chrono::{DateTime, TimeZone, Utc};
use domain::playbook::Playbook;
use domain::playbook::steps::{Affected, Case, Holder, Mark, Page, steps};
use domain::ports::{Effect, Email, MailOrder};
use domain::telling::reminders;
use domain::telling::schedule;
use domain::{chores, delivery};
use entity::{
    ClientId, DeliveryId, DeliveryState, Flag, Flags, IncidentId, IncidentStatus, PersonId, Role, Severity, System, TimelineKind,
    Timestamp, delivery as row, incident, incident_client, role_assignment, timeline_event,
};
use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect, Set};
use uuid::Uuid;

use crate::house::House;
use crate::load::{self, median};
use crate::report::{Bound, Figure};
use crate::size::Size;
use crate::store::{Place, Store};
use crate::work::{Scene, Work};

/// Facts of the incident whose steps are derived.
const FACTS: usize = 500;
/// How often to check whether it is over.
const LOOK: Duration = Duration::from_millis(20);
/// Anything slower has failed.
const PATIENCE: Duration = Duration::from_secs(300);
/// Rows that are written by one statement.
const PORTION: usize = 200;

/// A working day's morning: only what this bench wants falls due within the hour.
fn morning() -> Timestamp {
    Utc.with_ymd_and_hms(2026, 6, 1, 9, 0, 0).single().unwrap_or(DateTime::<Utc>::UNIX_EPOCH)
}

/// The reminders and the tick at `place`, which has as many incidents as should be live.
pub async fn remind(place: &Place, folder: &std::path::Path, ids: Vec<IncidentId>, size: Size) -> Result<Vec<Figure>> {
    let Size { rounds, round: length, live, at_once, .. } = size;
    let house = House::open(place, folder, morning(), &[System::Email]).await?;
    let tokens = [house.token().await?];
    let ctx = house.ctx();
    house
        .within(async move {
            make_live(ctx.db.write(), morning() - chrono::Duration::minutes(1)).await?;
            Ok(())
        })
        .await?;
    let ctx = house.ctx();
    let begun = Instant::now();
    let moved = house.within(async move { Ok(schedule::reschedule(&ctx).await?) }).await?;
    let rescheduled = begun.elapsed().as_secs_f64();
    ensure!(moved == live as u64, "{moved} incidents have something that falls due");
    if matches!(place, Place::Postgres(_)) {
        Store::execute(place, "VACUUM ANALYZE").await?;
    }
    let ticks = tick(&house).await?;
    let watch = sea_orm::Database::connect(place.url()).await?;
    let scene = Scene::new(ids.clone());
    let worker = house.work()?;
    let (mut alone, mut busy, mut times) = (Vec::new(), Vec::new(), Vec::new());
    let round = async |until: load::Until<'_>, number: usize| {
        load::round(house.address, &tokens, &scene, Work::Append, until, number as u64).await.map(|round| round.rate)
    };
    round(load::Until::Passed(length), 0).await?;
    for number in 0..rounds {
        alone.push(round(load::Until::Passed(length * 2), 1 + 2 * number).await?);
        let chosen = ids.iter().skip(number * at_once).take(at_once).copied().collect();
        let ctx = house.ctx();
        let due = house.within(async move { fall_due(&ctx, chosen).await }).await?;
        let (begun, over) = (Instant::now(), Cell::new(false));
        let (rate, time) = tokio::try_join!(round(load::Until::Set(&over), 2 + 2 * number), async {
            let outcome = until(&watch, due).await;
            over.set(true);
            outcome?;
            Ok(begun.elapsed().as_secs_f64())
        })?;
        eprintln!("  alone {:.0}/s, beside reminders {rate:.0}/s for {time:.1} s", alone[number]);
        busy.push(rate);
        times.push(time);
    }
    worker.stop().await?;
    let prompts = timeline_event::Entity::find().filter(timeline_event::Column::Kind.eq(TimelineKind::Prompt)).count(&watch).await?;
    ensure!(prompts == (rounds * at_once) as u64, "{prompts} prompts were written");
    watch.close().await?;
    let ratios = alone.iter().zip(&busy).map(|(alone, busy)| busy / alone).collect();
    let limit = if matches!(place, Place::Postgres(_)) { 15.0 } else { 30.0 };
    Ok(vec![
        Figure::new(format!("{at_once} of {live} live incidents fall due: until all are reminded"), "s", times, Bound::AtMost(limit)),
        Figure::new("16 clients append meanwhile: share of their rate without", "", ratios, Bound::AtLeast(0.85)),
        Figure::new("their rate without", "/s", alone, Bound::None),
        Figure::new("a tick with nothing due", "ms", ticks, Bound::AtMost(2.0)),
        Figure::new(format!("what falls due when, set again for {live} incidents"), "s", vec![rescheduled], Bound::None),
    ])
}

/// Has all incidents declared at `at`, with people who hold their roles since.
async fn make_live(db: &DatabaseConnection, at: Timestamp) -> Result<()> {
    let declared = incident::ActiveModel {
        status: Set(IncidentStatus::Investigating),
        live: Set(true),
        severity: Set(Severity::Minor),
        reported_at: Set(at),
        declared_at: Set(Some(at)),
        resolved_at: Set(None),
        closed_at: Set(None),
        first_client_at: Set(Some(at)),
        // What is quiet for a while has its hash chain verified; here that is done.
        changed_at: Set(at),
        ..Default::default()
    };
    incident::Entity::update_many().set(declared).exec(db).await?;
    let held = role_assignment::ActiveModel { assigned_at: Set(at), ..Default::default() };
    role_assignment::Entity::update_many().set(held).exec(db).await?;
    let affected = incident_client::ActiveModel { since: Set(at), ..Default::default() };
    incident_client::Entity::update_many().set(affected).exec(db).await?;
    Ok(())
}

/// Makes the summaries of the incidents due now; returns when that is.
async fn fall_due(ctx: &domain::Ctx, ids: Vec<IncidentId>) -> Result<Timestamp> {
    let now = ctx.now();
    let last = now - ctx.playbook().summary_every;
    let due = incident::ActiveModel { last_update_at: Set(Some(last)), next_due_at: Set(Some(now)), ..Default::default() };
    let which = incident::Column::Id.is_in(ids);
    incident::Entity::update_many().set(due).filter(which).exec(ctx.db.write()).await?;
    Ok(now)
}

/// Waits until nothing is due that was at `due`.
async fn until(db: &DatabaseConnection, due: Timestamp) -> Result<()> {
    let left = incident::Entity::find().select_only().column(incident::Column::Id).filter(incident::Column::NextDueAt.lte(due)).limit(1);
    let gone = async {
        while left.clone().into_tuple::<IncidentId>().one(db).await?.is_some() {
            tokio::time::sleep(LOOK).await;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(PATIENCE, gone).await.context("incidents are due and nobody is reminded")?
}

/// The time of a worker's looks when nothing is due, in milliseconds.
async fn tick(house: &House) -> Result<Vec<f64>> {
    let ctx = house.ctx();
    house
        .within(async move {
            for chore in chores::take_due(&ctx, usize::MAX).await? {
                chores::carry_out(&ctx, chore).await?;
            }
            let mut times = Vec::new();
            for _ in 0..500 {
                let begun = Instant::now();
                let due = reminders::anything_due(&ctx).await?;
                let chores = chores::take_due(&ctx, 1).await?;
                let claims = delivery::claim_due(&ctx, System::Email, 8).await?;
                times.push(begun.elapsed().as_secs_f64() * 1_000.0);
                ensure!(!due && chores.is_empty() && claims.is_empty(), "something is due");
            }
            Ok(times)
        })
        .await
}

/// Deliveries from the queue to an outside system that takes everything at once, a second.
pub async fn deliver(place: &Place, folder: &std::path::Path, ids: Vec<IncidentId>, size: Size) -> Result<Vec<Figure>> {
    let Size { rounds, waiting, .. } = size;
    let house = House::open(place, folder, morning(), &[System::Email]).await?;
    let target = if matches!(place, Place::Postgres(_)) { 2_000.0 } else { 1_000.0 };
    let watch = sea_orm::Database::connect(place.url()).await?;
    let mut rates = Vec::new();
    let ctx = house.ctx();
    // Nobody is reminded of anything, so there are no deliveries but these.
    let closed = incident::ActiveModel { status: Set(IncidentStatus::Closed), live: Set(false), ..Default::default() };
    house.within(async move { Ok(incident::Entity::update_many().set(closed).exec(ctx.db.write()).await?) }).await?;
    for number in 0..rounds {
        let (ctx, ids) = (house.ctx(), ids.clone());
        house.within(async move { queue(&ctx, &ids, waiting).await }).await?;
        let begun = Instant::now();
        let worker = house.work()?;
        let under_way = [DeliveryState::Queued, DeliveryState::Sending, DeliveryState::Retrying];
        let left = row::Entity::find().select_only().column(row::Column::Id).filter(row::Column::State.is_in(under_way)).limit(1);
        let gone = async {
            while left.clone().into_tuple::<DeliveryId>().one(&watch).await?.is_some() {
                tokio::time::sleep(LOOK).await;
            }
            anyhow::Ok(())
        };
        tokio::time::timeout(PATIENCE, gone).await.context("deliveries wait and are not made")??;
        rates.push(waiting as f64 / begun.elapsed().as_secs_f64());
        eprintln!("  {:.0} deliveries/s", rates[number]);
        worker.stop().await?;
        let delivered = row::Entity::find().filter(row::Column::State.eq(DeliveryState::Delivered)).filter(row::Column::Attempts.eq(1));
        let delivered = delivered.count(&watch).await?;
        ensure!(delivered == ((number + 1) * waiting) as u64, "{delivered} were delivered at the first attempt");
    }
    watch.close().await?;
    Ok(vec![Figure::new(format!("{waiting} deliveries from queued to delivered"), "/s", rates, Bound::AtLeast(target))])
}

/// Deliveries as decisions leave them behind.
async fn queue(ctx: &domain::Ctx, ids: &[IncidentId], waiting: usize) -> Result<()> {
    let now = ctx.now();
    let rows: Vec<row::ActiveModel> = (0..waiting)
        .map(|number| {
            let incident = ids[number % ids.len()];
            let email = Email {
                to_name: format!("Person {number}"),
                to: format!("person{number}@example.com"),
                subject: "[INC-1] Due: Post a summary".into(),
                text: "Post a summary for people outside the response. ".repeat(8),
                thread: Some(incident.to_string()),
                answers_to: None,
                paper: None,
                invitation: None,
            };
            let effect = Effect::Mail(MailOrder::Email(email));
            row::ActiveModel {
                id: Set(DeliveryId(ctx.ids.uuid(now))),
                incident_id: Set(Some(incident)),
                system: Set(effect.outgoing().system()),
                operation: Set(entity::Operation::Remind),
                state: Set(DeliveryState::Queued),
                attempts: Set(0),
                next_attempt_at: Set(Some(now)),
                effect: Set(serde_json::to_string(&effect).unwrap_or_default()),
                created_at: Set(now),
                ..Default::default()
            }
        })
        .collect();
    for portion in rows.chunks(PORTION) {
        row::Entity::insert_many(portion.to_vec()).exec_without_returning(ctx.db.write()).await?;
    }
    Ok(())
}

/// How long the steps of an incident with many facts take, in microseconds.
pub fn derive() -> Figure {
    let (playbook, case, now) = (Playbook::default(), long_case(), morning());
    let mut times = Vec::new();
    for _ in 0..200 {
        let begun = Instant::now();
        for _ in 0..50 {
            std::hint::black_box(steps(std::hint::black_box(&case), &playbook, now));
        }
        times.push(begun.elapsed().as_secs_f64() * 1e6 / 50.0);
    }
    Figure::new("the steps of an incident with 500 facts", "µs", times, Bound::AtMost(50.0))
}

/// A breach that has been going on for three days, with [`FACTS`] facts.
fn long_case() -> Case {
    let person = |number: usize| PersonId(Uuid::from_u128(number as u128));
    let declared = morning() - chrono::Duration::days(3);
    let at = |number: usize| declared + chrono::Duration::minutes(30 * number as i64);
    let share = FACTS / 4;
    let mut case = Case::declared(Severity::Critical, Flags::from_iter([Flag::SecurityBreach]), declared);
    case.first_client_at = Some(declared);
    case.clients = vec![Affected { client: ClientId(Uuid::nil()), name: String::new(), since: declared, told_at: None }];
    for number in 0..share {
        let role = if number % 2 == 0 { Role::IncidentLead } else { Role::ClientCommsManager };
        let until = (number + 2 < share).then(|| at(number + 2));
        case.holders.push(Holder { role, person: person(number), from: at(number), until });
        case.ticked.push(("contain".into(), format!("item-{number}")));
        case.pages.push(Page { step: None, person: person(number), at: at(number), answered_at: Some(at(number)), lost_at: None });
        let told = Mark { due_reminded_at: Some(at(number)), ..Mark::default() };
        case.marks.insert(format!("summary:0.{number}"), told);
    }
    case
}

/// The middle of the rounds, for people who watch.
pub fn tell(figures: &[Figure]) {
    for Figure { what, unit, rounds, .. } in figures {
        eprintln!("  {what}: {:.2} {unit}", median(rounds));
    }
}
