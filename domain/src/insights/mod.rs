//! What a team can learn from many incidents: how many, how fast, how much in time, and who was woken for it.
//!
//! Called by `api` for the page and its files. [`insights`] has the figures of a period, [`ledger`] who was paged when, [`files`] both as CSV.
//! Figures are computed here, in memory, so they are the same whatever the database: [`kept`] has what they are made of, [`facts`] says
//! which incidents are counted, [`spread`] what a percentile is, [`tally`] from when to when a time is.
//!
//! Guarantees: no incident that the caller may not see is in any figure. What is not known is counted as such, and never as zero.

pub mod facts;
pub mod files;
pub mod kept;
pub mod ledger;
mod look;
pub mod period;
pub mod spread;
pub mod tally;

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::sync::Arc;

use chrono::NaiveDate;
use entity::{ActionState, ClientId, IncidentStatus, PersonId, Severity, SiteId, Timestamp};

use self::facts::{Facts, Filter};
use self::kept::{FollowedUp, Known, Paged};
use self::ledger::{in_time, is_at_night};
use self::period::Period;
use self::spread::{Spread, Times};
use self::tally::{Figures, InTime, Tally, repeats};
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
    pub declined: usize,
    /// Reports of the period that were merged into other incidents.
    pub merged: usize,
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
    let (facts, names) = tokio::try_join!(facts::facts(ctx, period, filter), facts::names(ctx))?;
    drop(turn);
    let own = (!ctx.actor.may(Right::Administer)).then(|| ctx.actor.person_id());
    // A tenth of a second of work for a hundred thousand incidents, on each of two cores.
    let facts = Arc::new(facts);
    let grouped = tokio::task::spawn_blocking({
        let facts = facts.clone();
        move || (by_group(&facts, |known| &known.sites, &names.sites), by_group(&facts, |known| &known.clients, &names.clients))
    });
    let counted = tokio::task::spawn_blocking(move || {
        let woken = woken(facts.pages().filter(|page| own.is_none_or(|own| own == Some(page.person_id))), &facts.period, &playbook);
        Insights {
            by_month: by_month(&facts),
            by_severity: by_severity(&facts),
            by_site: Vec::new(),
            by_client: Vec::new(),
            pages: answered(facts.pages(), &playbook, now),
            follow_ups: followed_up(facts.follow_ups(), &playbook, now),
            all: facts.all().collect::<Tally>().figures(),
            woken,
            declined: facts.left_out(IncidentStatus::Declined),
            merged: facts.left_out(IncidentStatus::Merged),
            period: facts.period.clone(),
        }
    });
    let (counted, (by_site, by_client)) = tokio::try_join!(counted, grouped).map_err(Error::internal)?;
    Ok(Insights { by_site, by_client, ..counted })
}

fn by_month(facts: &Facts) -> Vec<(String, Figures)> {
    let period = &facts.period;
    let mut months: Vec<Tally> = period.months().map(|_| Tally::default()).collect();
    for fact in facts.all() {
        months[period.month_of(fact.declared_at)].add(fact);
    }
    period.months().map(str::to_owned).zip(months.into_iter().map(Tally::figures)).collect()
}

fn by_severity(facts: &Facts) -> Vec<(Severity, Figures)> {
    let mut severities: BTreeMap<Severity, Tally> = Severity::ALL.iter().map(|severity| (*severity, Tally::default())).collect();
    for fact in facts.all() {
        severities.entry(fact.severity).or_default().add(fact);
    }
    severities.into_iter().map(|(severity, tally)| (severity, tally.figures())).collect()
}

fn by_group<Id>(facts: &Facts, groups: impl Fn(&Known) -> &[Id], names: &HashMap<Id, String>) -> Vec<Group<Id>>
where
    Id: Copy + Eq + Hash + Ord,
{
    let mut tallies = HashMap::<Id, (Tally, Vec<i64>)>::new();
    for (fact, known) in facts.of_period() {
        for id in groups(known) {
            let (tally, declared) = tallies.entry(*id).or_default();
            tally.add(fact);
            declared.push(fact.declared_at.timestamp());
        }
    }
    let group = |(id, (tally, declared)): (Id, (Tally, Vec<i64>))| {
        Some(Group { id, name: names.get(&id)?.clone(), figures: tally.figures(), repeats: repeats(declared) })
    };
    let mut groups: Vec<Group<Id>> = tallies.into_iter().filter_map(group).collect();
    groups.sort_by(|a, b| b.figures.incidents.cmp(&a.figures.incidents).then_with(|| a.name.cmp(&b.name)).then_with(|| a.id.cmp(&b.id)));
    groups
}

fn answered<'a>(pages: impl Iterator<Item = &'a Paged>, playbook: &Playbook, now: Timestamp) -> InTime {
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

fn followed_up<'a>(rows: impl Iterator<Item = &'a FollowedUp>, playbook: &Playbook, now: Timestamp) -> FollowUps {
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
