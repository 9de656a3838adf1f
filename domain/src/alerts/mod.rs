//! Alerts: what monitoring sends becomes a report, or joins the ongoing incident (S8, R1).
//!
//! Called by the hooks of `api`, which translate the vendors' bodies into [`Alarm`]s, by the periodic look ([`look`]), and for the mails of
//! mailboxes ([`mailbox`]). What a notice means is decided in [`episode`], when an alert flaps in [`flapping`], and what becomes of an alert, by
//! the playbook's rules and quiet windows, in [`verdict`]. Alerts with the same
//! group key belong to one incident. Alarms may arrive any number of times and in any order: only what is new is recorded.

mod about;
pub(crate) mod again;
mod alarm;
pub mod episode;
pub mod flapping;
pub mod inbox;
mod join;
mod known;
pub mod labelled;
pub mod look;
pub mod mailbox;
pub mod quiet;
mod report;
pub mod settle;
mod stretch;
pub mod verdict;
mod withheld;

use std::collections::{BTreeMap, HashMap};

use entity::{AlertId, IncidentId, alert};
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query, WindowStatement};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use sha2::{Digest, Sha256};

use crate::authz::{Right, visible_through};
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::limits;
use crate::playbook::Then;
use crate::sql::padded;
use known::{Known, Seen, Word};
use verdict::{Judge, Judgement};

pub use alarm::{Alarm, Alarms, Received, links};

/// How many times a notification is processed if another process takes the same alerts at the same moment.
const ATTEMPTS_MAX: usize = 5;

/// Takes the notifications of one body or mail, and adds up what became of them. One that has none, such as an automatic reply, counts as ignored.
pub async fn receive_all(ctx: &Ctx, calls: Vec<Alarms>) -> Result<Received> {
    let mut all = Received { ignored: usize::from(calls.is_empty()), ..Received::default() };
    for call in calls {
        all += Box::pin(receive(ctx, call)).await?;
    }
    Ok(all)
}

/// Takes a notification from a source, which should send it again after a failure.
pub async fn receive(ctx: &Ctx, mut call: Alarms) -> Result<Received> {
    ctx.require(Right::Report)?;
    call.group_key = bounded(call.group_key);
    let mut alarms = std::mem::take(&mut call.alerts);
    // Notifications of one source are processed in turn, so that two can't both find no ongoing incident, and a storm is noticed.
    let _turn = ctx.alert_turns.enter(&call.source).await;
    let judge = Box::pin(Judge::load(ctx, &call.source, &alarms)).await?;
    judge.apply(&mut alarms);
    let (alerts, dropped) = worst_first(&alarms);
    let mut notes = notes(&call, dropped);
    let mut outcome = Received { dropped, ..Received::default() };
    let mut batch = Vec::new();
    for alert in alerts {
        batch.push(alert);
        if batch.iter().map(Vec::len).sum::<usize>() >= limits::ALERTS_AT_ONCE {
            take(ctx, &call, &judge, &std::mem::take(&mut batch), &mut notes, &mut outcome).await?;
        }
    }
    if !batch.is_empty() {
        take(ctx, &call, &judge, &batch, &mut notes, &mut outcome).await?;
    }
    Ok(outcome)
}

/// Takes some alerts of a call, each with its notices in order. The first that are news bring the notes with them.
async fn take(
    ctx: &Ctx,
    call: &Alarms,
    judge: &Judge,
    alerts: &[Vec<&Alarm>],
    notes: &mut Vec<String>,
    outcome: &mut Received,
) -> Result<()> {
    for _ in 0..ATTEMPTS_MAX {
        match take_once(ctx, call, judge, alerts, notes).await {
            // Another process took the same alerts at the same moment: look again at what is known.
            Err(Error::AlreadyThere) => {}
            Err(error) => return Err(error),
            Ok(part) => {
                if part.new + part.ended > 0 {
                    notes.clear();
                }
                let incident = outcome.incident.or(part.incident);
                *outcome += Received { incident, ..part };
                return Ok(());
            }
        }
    }
    Err(Error::AlreadyThere)
}

async fn take_once(ctx: &Ctx, call: &Alarms, judge: &Judge, alerts: &[Vec<&Alarm>], notes: &[String]) -> Result<Received> {
    let now = ctx.now();
    let all: Vec<&Alarm> = alerts.iter().flatten().copied().collect();
    let known = Known::load(ctx, call, &all).await?;
    let (ignored, heard): (Vec<_>, Vec<_>) = alerts.iter().partition(|notices| known.ignores(judge, notices));
    let mut of_incident: BTreeMap<IncidentId, Vec<Seen<'_>>> = BTreeMap::new();
    let (mut of_none, mut unheard): (Vec<Seen<'_>>, Vec<Seen<'_>>) = Default::default();
    // Why nothing comes of alerts that belong to no incident: of what people would hear of, and of the rest.
    let (mut opens_none, mut recorded) = (Received::default(), Received::default());
    for notices in heard {
        let all_seen = stretch::fold(&known, known.hear(ctx, call, judge, notices, now), now);
        if all_seen.iter().all(|seen| seen.row.incident_id.is_none()) {
            let judgement = judge.of(notices[0]);
            let why = nothing_came(&judgement, notices, known.fires(notices[0]));
            let counts = if judgement.is_heard() { &mut opens_none } else { &mut recorded };
            *counts += why;
        }
        for seen in all_seen {
            match seen.row.incident_id {
                Some(incident) => of_incident.entry(incident).or_default().push(seen),
                None if seen.judgement.is_heard() => of_none.push(seen),
                None => unheard.push(seen),
            }
        }
    }
    let told = |word: fn(&Word) -> bool| {
        let seen = of_incident.values().flatten().chain(&of_none).chain(&unheard);
        seen.flat_map(|seen| &seen.told).filter(|(said, _)| word(said)).count()
    };
    // What nobody hears of belongs to no incident, whatever runs for its group.
    let is_heard = !of_none.is_empty() || (unheard.is_empty() && ignored.is_empty());
    let mut outcome = Received {
        incident: of_incident.keys().copied().rfind(|incident| known.runs(*incident)).or(known.running().filter(|_| is_heard)),
        new: told(|word| matches!(word, Word::Firing | Word::Again)),
        ended: told(|word| *word == Word::Ended),
        ignored: ignored.into_iter().map(Vec::len).sum(),
        ..recorded
    };
    // First what is known: an alert that fires again must have ended before.
    for (incident, seen) in &of_incident {
        join::join(ctx, call, *incident, seen, notes).await?;
    }
    report::keep(ctx, &unheard).await?;
    withheld::remember(ctx, &of_incident.values().flatten().chain(&unheard).collect::<Vec<_>>()).await?;
    match report::report(ctx, call, &of_none, notes).await? {
        Some(incident) => outcome.incident = Some(incident),
        None => outcome += opens_none,
    }
    Ok(outcome)
}

/// Why nothing comes of the notices about one alert that belongs to no incident; `was_firing` says whether it was known to fire before. Of the end
/// of what fired there is nothing to explain.
fn nothing_came(judgement: &Judgement<'_>, notices: &[&Alarm], was_firing: bool) -> Received {
    let (count, nothing) = (notices.len(), Received::default());
    let fires = notices.iter().any(|alarm| alarm.firing);
    let has_level = notices.iter().any(|alarm| alarm.firing && alarm.severity.is_some());
    match judgement.verdict.then {
        // What is known to fire is recorded although a rule ignores it: its end must be heard.
        Then::Record | Then::Ignore => Received { recorded: count, ..nothing },
        Then::Report | Then::Join if judgement.quiet.is_some() => Received { quiet: count, ..nothing },
        Then::Report | Then::Join if !fires && !was_firing => Received { not_firing: count, ..nothing },
        Then::Report | Then::Join if !fires => nothing,
        Then::Join => Received { unjoined: count, ..nothing },
        Then::Report if !has_level => Received { too_low: count, ..nothing },
        Then::Report => nothing,
    }
}

/// The notices of a call by alert, in order, the worst alerts first, and how many notices are passed over. What ended comes before what
/// reports nothing: it must not burn for ever.
fn worst_first(alarms: &[Alarm]) -> (Vec<Vec<&Alarm>>, usize) {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut alerts: Vec<Vec<&Alarm>> = Vec::new();
    for alarm in alarms {
        let place = *places.entry(&alarm.fingerprint).or_insert(alerts.len());
        match alerts.get_mut(place) {
            Some(notices) => notices.push(alarm),
            None => alerts.push(vec![alarm]),
        }
    }
    let rank = |alarm: &&Alarm| match (alarm.firing, alarm.severity) {
        (true, Some(severity)) => (0, Some(severity)),
        (false, _) => (1, None),
        (true, None) => (2, None),
    };
    alerts.sort_by_key(|notices| notices.iter().map(rank).min());
    let mut taken = 0;
    alerts.retain(|notices| {
        taken += notices.len();
        taken <= limits::ALERTS_PER_CALL
    });
    let dropped = alarms.len() - alerts.iter().map(Vec::len).sum::<usize>();
    (alerts, dropped)
}

/// What the incident must know about alerts that are missing.
fn notes(call: &Alarms, dropped: usize) -> Vec<String> {
    let mut notes = Vec::new();
    if call.truncated > 0 {
        notes.push(format!(
            "{} left {} more alerts of this group out of its notification. Critical ones may be among them: look there.",
            call.source, call.truncated
        ));
    }
    if dropped > 0 {
        let most = limits::ALERTS_PER_CALL;
        notes.push(format!(
            "{} sent more than {most} alerts at once. The {dropped} least severe were passed over: look there.",
            call.source
        ));
    }
    notes
}

/// A group key that can be indexed.
fn bounded(key: String) -> String {
    if key.len() <= limits::GROUP_KEY_BYTES { key } else { format!("sha256:{}", hex::encode(Sha256::digest(key))) }
}

/// The alerts among `ids` that exist, except those of incidents that the caller may not see.
pub async fn by_ids(ctx: &Ctx, ids: &[AlertId]) -> Result<Vec<alert::Model>> {
    let mut select = alert::Entity::find().filter(alert::Column::Id.is_in(padded(ids)));
    if let Some(seen) = visible_through(&ctx.actor, alert::Column::IncidentId) {
        select = select.filter(alert::Column::IncidentId.is_null().or(seen));
    }
    Ok(select.all(ctx.db.read()).await?)
}

/// The alerts of `incidents`, oldest first.
pub async fn of_incidents(ctx: &Ctx, incidents: &[IncidentId]) -> Result<Vec<alert::Model>> {
    let select = alert::Entity::find().filter(alert::Column::IncidentId.is_in(padded(incidents)));
    Ok(select.order_by_asc(alert::Column::StartsAt).order_by_asc(alert::Column::Id).all(ctx.db.read()).await?)
}

/// The newest alerts of each of `incidents`, at most `each`: one that took in a storm has thousands.
pub async fn newest_of_incidents(ctx: &Ctx, incidents: &[IncidentId], each: u32) -> Result<Vec<alert::Model>> {
    const PLACE: &str = "place";
    let newest_first = WindowStatement::partition_by(alert::Column::IncidentId)
        .order_by(alert::Column::StartsAt, Order::Desc)
        .order_by(alert::Column::Id, Order::Desc)
        .to_owned();
    let ranked = Query::select()
        .column(alert::Column::Id)
        .expr_window_as(Expr::cust("ROW_NUMBER()"), newest_first, PLACE)
        .from(alert::Entity)
        .and_where(alert::Column::IncidentId.is_in(padded(incidents)))
        .to_owned();
    let newest = Query::select()
        .column(alert::Column::Id)
        .from_subquery(ranked, "ranked")
        .and_where(Expr::col(PLACE).lte(i64::from(each)))
        .to_owned();
    Ok(alert::Entity::find().filter(alert::Column::Id.in_subquery(newest)).all(ctx.db.read()).await?)
}

#[cfg(test)]
mod tests;
