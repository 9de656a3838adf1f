//! What a team can learn from many incidents: how many, how fast, how much in time, and who was woken for it.
//!
//! Called by `api` for the page and its files. [`insights`] has the figures of a period, [`ledger`] who was paged when, [`files`] both as CSV.
//! Figures are computed here, in memory, from rows that come in a few statements, so they are the same whatever the database: [`facts`] says
//! which incidents are counted, [`spread`] what a percentile is, [`tally`] from when to when a time is.
//!
//! Guarantees: no incident that the caller may not see is in any figure. What is not known is counted as such, and never as zero.

pub mod facts;
pub mod files;
pub mod ledger;
pub mod period;
pub mod spread;
pub mod tally;

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use entity::{ActionState, ClientId, IncidentStatus, PersonId, Severity, SiteId, Timestamp};

use self::facts::{Filter, FollowedUp, Grouped, Paged};
use self::ledger::{in_time, is_at_night};
use self::period::Period;
use self::spread::{Spread, Times};
use self::tally::{Fact, Figures, InTime, Tally, repeats};
use crate::authz::Right;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::playbook::Playbook;

/// The figures of a period.
#[derive(Clone, Debug)]
pub struct Insights {
    /// The period.
    pub period: Period,
    /// Of all its incidents.
    pub all: Figures,
    /// Of each month, oldest first, also of those without an incident.
    pub by_month: Vec<(String, Figures)>,
    /// Of each severity, worst first, also of those without an incident.
    pub by_severity: Vec<(Severity, Figures)>,
    /// Of each site that had an incident: most incidents first.
    pub by_site: Vec<Group<SiteId>>,
    /// Of each client that was affected: most incidents first.
    pub by_client: Vec<Group<ClientId>>,
    /// Pages that were answered in time, by when they were sent.
    pub pages: InTime,
    /// Who was paged how often in which month: all people for administrators, oneself for others.
    pub woken: Vec<Woken>,
    /// The follow-ups of its incidents.
    pub follow_ups: FollowUps,
    /// Reports of the period that were declined.
    pub declined: i64,
    /// Reports of the period that were merged into other incidents.
    pub merged: i64,
}

/// The figures of a site, or of a client.
#[derive(Clone, Debug)]
pub struct Group<Id> {
    /// Which.
    pub id: Id,
    /// Its name.
    pub name: String,
    /// Its figures.
    pub figures: Figures,
    /// How many of its incidents came soon after another one of its own.
    pub repeats: usize,
}

/// How often somebody was paged in a month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Woken {
    /// The month, such as `2026-11`.
    pub month: String,
    /// Who.
    pub person: PersonId,
    /// How often.
    pub pages: i64,
    /// How often out of hours.
    pub out_of_hours: i64,
    /// How often at night.
    pub at_night: i64,
}

/// What became of follow-ups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FollowUps {
    /// Those that were done, or were due: by the end of the day they were due. Unknown is what was done without a day.
    pub done: InTime,
    /// Those that will not be done.
    pub dropped: usize,
    /// How long those that are open have been.
    pub open: Spread,
}

/// The figures of the incidents from one day to another, both included, in the team's zone.
///
/// # Errors
/// `BAD_USER_INPUT` for a period that can't be looked at.
pub async fn insights(ctx: &Ctx, from: NaiveDate, to: NaiveDate, filter: &Filter) -> Result<Insights> {
    ctx.require(Right::Read)?;
    let (playbook, now) = (ctx.playbook(), ctx.now());
    let period = Period::new(from, to, playbook.working_hours.zone.clone())?;
    let turn = ctx.long_turn().await?;
    // Two connections at a time: SQLite has few that read.
    let (facts, (sites, clients)) = tokio::try_join!(facts::facts(ctx, &period, filter), facts::groups(ctx, &period, filter))?;
    let (pages, follow_ups) = tokio::try_join!(facts::pages(ctx, &period, filter), facts::follow_ups(ctx, &period, filter))?;
    let left_out = facts::left_out(ctx, &period, filter).await?;
    drop(turn);
    let left = |status| left_out.iter().find(|(of, _)| *of == status).map_or(0, |(_, count)| *count);
    let (declined, merged) = (left(IncidentStatus::Declined), left(IncidentStatus::Merged));
    let own = (!ctx.actor.may(Right::Administer)).then(|| ctx.actor.person_id());
    // A tenth of a second of work for a hundred thousand incidents.
    let counted = tokio::task::spawn_blocking(move || {
        let woken = woken(pages.iter().filter(|page| own.is_none_or(|own| own == Some(page.person_id))), &period, &playbook);
        Insights {
            by_month: by_month(&facts, &period),
            by_severity: by_severity(&facts),
            by_site: by_group(&facts, sites),
            by_client: by_group(&facts, clients),
            pages: answered(&pages, &playbook, now),
            follow_ups: followed_up(&follow_ups, &playbook, now),
            all: facts.iter().collect::<Tally>().figures(),
            woken,
            declined,
            merged,
            period,
        }
    });
    counted.await.map_err(Error::internal)
}

fn by_month(facts: &[Fact], period: &Period) -> Vec<(String, Figures)> {
    let mut months: Vec<Tally> = period.months().map(|_| Tally::default()).collect();
    for fact in facts {
        months[period.month_of(fact.declared_at)].add(fact);
    }
    period.months().map(str::to_owned).zip(months.into_iter().map(Tally::figures)).collect()
}

fn by_severity(facts: &[Fact]) -> Vec<(Severity, Figures)> {
    let of = |severity| facts.iter().filter(move |fact| fact.severity == severity).collect::<Tally>().figures();
    Severity::ALL.iter().map(|severity| (*severity, of(*severity))).collect()
}

fn by_group<Id: Ord>(facts: &[Fact], groups: Vec<Grouped<Id>>) -> Vec<Group<Id>> {
    let by_number: HashMap<i32, &Fact> = facts.iter().map(|fact| (fact.number, fact)).collect();
    let group = |Grouped { id, name, numbers }| {
        let facts: Vec<&Fact> = numbers.iter().filter_map(|number| by_number.get(number).copied()).collect();
        let declared = facts.iter().map(|fact| fact.declared_at.timestamp()).collect();
        Group { id, name, figures: facts.into_iter().collect::<Tally>().figures(), repeats: repeats(declared) }
    };
    let mut groups: Vec<Group<Id>> = groups.into_iter().map(group).collect();
    groups.sort_by(|a, b| b.figures.incidents.cmp(&a.figures.incidents).then_with(|| a.name.cmp(&b.name)).then_with(|| a.id.cmp(&b.id)));
    groups
}

fn answered(pages: &[Paged], playbook: &Playbook, now: Timestamp) -> InTime {
    let mut answered = InTime::default();
    for page in pages {
        answered.count(in_time(page, playbook, now));
    }
    answered
}

fn woken<'a>(pages: impl Iterator<Item = &'a Paged>, period: &Period, playbook: &Playbook) -> Vec<Woken> {
    let mut counts = BTreeMap::<(usize, PersonId), (i64, i64, i64)>::new();
    for page in pages {
        let (pages, out_of_hours, at_night) = counts.entry((period.month_of(page.paged_at), page.person_id)).or_default();
        *pages += 1;
        *out_of_hours += i64::from(!playbook.working_hours.is_working(page.paged_at));
        *at_night += i64::from(is_at_night(page.paged_at, &period.zone));
    }
    let months: Vec<&str> = period.months().collect();
    let woken = |((month, person), (pages, out_of_hours, at_night)): ((usize, PersonId), _)| Woken {
        month: months[month].to_owned(),
        person,
        pages,
        out_of_hours,
        at_night,
    };
    counts.into_iter().map(woken).collect()
}

fn followed_up(rows: &[FollowedUp], playbook: &Playbook, now: Timestamp) -> FollowUps {
    let zone = &playbook.working_hours.zone;
    let day = |at: Timestamp| at.with_timezone(zone).date_naive();
    let (mut done, mut dropped, mut open) = (InTime::default(), 0, Times::default());
    for row in rows {
        match row.state {
            ActionState::Done => done.count(row.due_on.zip(row.settled_at).map(|(due, settled)| day(settled) <= due)),
            ActionState::Dropped => dropped += 1,
            ActionState::Open => {
                open.add(row.created_at.timestamp(), Some(now.timestamp()));
                if row.due_on.is_some_and(|due| due < day(now)) {
                    done.count(Some(false));
                }
            }
        }
    }
    FollowUps { done, dropped, open: open.spread() }
}
