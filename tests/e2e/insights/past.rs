//! A made-up past: many incidents with what figures are made of, always the same, put into the tables as they are.

use chrono::Duration;
use domain::Ctx;
use entity::{
    ActionState, ClientId, FollowUpId, IncidentId, IncidentStatus, PageId, PageLoss, PageReason, PersonId, Severity, SiteId, Timestamp,
    Visibility, follow_up, incident, incident_client, incident_site, page,
};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel};

use crate::fixture::long_timeline;

/// Rows in one statement: PostgreSQL takes 65,535 values, SQLite fewer.
const BATCH: usize = 200;

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: i64) -> i64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        i64::try_from((bits ^ (bits >> 31)) >> 1).unwrap() % bound
    }

    /// True so many times in a hundred.
    fn chance(&mut self, percent: i64) -> bool {
        self.below(100) < percent
    }

    /// `value`, so many times in a hundred.
    fn some<T>(&mut self, percent: i64, value: T) -> Option<T> {
        self.chance(percent).then_some(value)
    }

    fn one_of<T: Copy>(&mut self, list: &[T]) -> T {
        list[usize::try_from(self.below(i64::try_from(list.len()).unwrap())).unwrap()]
    }
}

/// Who and what it is about.
pub struct Cast {
    pub people: Vec<PersonId>,
    pub sites: Vec<SiteId>,
    pub clients: Vec<ClientId>,
}

/// As many `incidents`, spread over the year before now.
pub async fn past(ctx: &Ctx, cast: &Cast, incidents: usize) {
    // One that was made as all are is the pattern of the others.
    let id = long_timeline(ctx, 2).await;
    let pattern = incident::Entity::find_by_id(id).one(ctx.db.read()).await.unwrap().unwrap();
    let mut random = Random(7);
    let mut rows = Rows::default();
    for number in 0..incidents {
        let row = made_up(&mut random, ctx, &pattern, i32::try_from(number).unwrap());
        rows.about(&mut random, ctx, cast, &row);
        rows.incidents.push(row.into_active_model());
    }
    put(ctx, rows.incidents).await;
    put(ctx, rows.sites).await;
    put(ctx, rows.clients).await;
    put(ctx, rows.pages).await;
    put(ctx, rows.follow_ups).await;
}

async fn put<A: ActiveModelTrait>(ctx: &Ctx, rows: Vec<A>) {
    for batch in rows.chunks(BATCH) {
        A::Entity::insert_many(batch.to_vec()).exec_without_returning(ctx.db.write()).await.unwrap();
    }
}

fn later(at: Timestamp, seconds: i64) -> Timestamp {
    at + Duration::seconds(seconds)
}

fn made_up(random: &mut Random, ctx: &Ctx, pattern: &incident::Model, number: i32) -> incident::Model {
    let now = ctx.now();
    let reported = later(now, -random.below(365 * 86_400)) + Duration::microseconds(random.below(1_000_000));
    // One in fifty was declared before it was reported, by a clock that was wrong.
    let declared = if random.chance(2) { later(reported, -60) } else { later(reported, random.below(5_000)) };
    let is_counted = random.chance(90);
    let mut count = |most| is_counted.then(|| i32::try_from(random.below(most)).unwrap());
    let (summaries_in_time, summaries_late) = (count(6), count(3));
    let (client_updates_in_time, client_updates_late) = (count(4), count(2));
    incident::Model {
        id: IncidentId(ctx.ids.uuid(now)),
        number: 100 + number,
        severity: random.one_of(&[Severity::Critical, Severity::Major, Severity::Minor, Severity::Minor, Severity::Trivial]),
        status: random.one_of(&[IncidentStatus::Resolved, IncidentStatus::Closed, IncidentStatus::Closed, IncidentStatus::Merged]),
        visibility: if random.chance(4) { Visibility::Restricted } else { Visibility::Open },
        live: false,
        reported_at: reported,
        declared_at: Some(declared),
        led_at: random.chance(85).then(|| later(declared, random.below(900))),
        second_line_at: random.chance(30).then(|| later(declared, random.below(4_000))),
        resolved_at: random.chance(95).then(|| later(declared, random.below(200_000) - 100)),
        next_due_at: None,
        updates: 3,
        client_updates: 2,
        summaries_in_time,
        summaries_late,
        client_updates_in_time,
        client_updates_late,
        ..pattern.clone()
    }
}

#[derive(Default)]
struct Rows {
    incidents: Vec<incident::ActiveModel>,
    sites: Vec<incident_site::ActiveModel>,
    clients: Vec<incident_client::ActiveModel>,
    pages: Vec<page::ActiveModel>,
    follow_ups: Vec<follow_up::ActiveModel>,
}

impl Rows {
    /// Adds what belongs to an incident.
    fn about(&mut self, random: &mut Random, ctx: &Ctx, cast: &Cast, row: &incident::Model) {
        let declared = row.declared_at.unwrap();
        for site_id in cast.sites.iter().copied().filter(|_| random.chance(60)).take(2) {
            self.sites.push(incident_site::Model { incident_id: row.id, site_id }.into_active_model());
        }
        for client_id in cast.clients.iter().copied().filter(|_| random.chance(50)).take(2) {
            let affected = incident_client::Model { incident_id: row.id, client_id, since: declared, note: None, told_at: None };
            self.clients.push(affected.into_active_model());
        }
        if random.chance(40) {
            self.pages.push(paged(random, ctx, cast, row).into_active_model());
        }
        if random.chance(30) {
            self.follow_ups.push(followed_up(random, ctx, cast, row).into_active_model());
        }
    }
}

fn paged(random: &mut Random, ctx: &Ctx, cast: &Cast, row: &incident::Model) -> page::Model {
    let paged_at = later(row.reported_at, random.below(600));
    let loss = random.one_of(&[PageLoss::Unsent, PageLoss::Unreached, PageLoss::Declined, PageLoss::Left]);
    let lost = random.some(15, loss);
    page::Model {
        id: PageId(ctx.ids.uuid(ctx.now())),
        incident_id: row.id,
        person_id: random.one_of(&cast.people),
        reason: PageReason::Escalated,
        step_key: None,
        why: None,
        paged_at,
        asked_by_id: None,
        lost_at: lost.map(|_| later(paged_at, 60)),
        lost,
        answered_at: random.chance(80).then(|| later(paged_at, random.below(1_800))),
        answered_by_id: None,
        answered_how: None,
        note: None,
        briefing: None,
        opened_at: None,
        secret_hash: None,
        secret: None,
    }
}

fn followed_up(random: &mut Random, ctx: &Ctx, cast: &Cast, row: &incident::Model) -> follow_up::Model {
    let created_at = later(row.declared_at.unwrap(), 90_000);
    let due_on = random.some(80, (created_at + Duration::days(14)).date_naive());
    let state = random.one_of(&[ActionState::Open, ActionState::Done, ActionState::Done, ActionState::Dropped]);
    follow_up::Model {
        id: FollowUpId(ctx.ids.uuid(ctx.now())),
        incident_id: row.id,
        title: "=HYPERLINK(\"https://evil.example\")".to_owned(),
        description: None,
        board: "incident-actions".to_owned(),
        owner_id: random.one_of(&cast.people),
        due_on,
        state,
        reason: None,
        created_at,
        changed_at: created_at,
        settled_at: (state != ActionState::Open).then(|| later(created_at, random.below(28 * 86_400))),
        card_id: None,
        card_url: None,
        card: None,
    }
}
