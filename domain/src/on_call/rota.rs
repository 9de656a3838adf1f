//! Imports a rota from an iCalendar file, as teams keep one in a shared calendar.
//!
//! [`whose`](super::whose) finds an event's person. An event without a clear person is skipped and reported with the reason; so are one
//! whose times can't be read and two people at exactly the same time. Better nobody than the wrong person: then second line is paged,
//! and people see the gap.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use entity::{AuditAction, OnCallLine, PersonId, ShiftId, Timestamp, shift};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder};
use serde_json::json;

use super::whose::{Only, Team};
use super::{OnCall, TURN};
use crate::audit::{self, Entry};
use crate::authz::Right;
use crate::calendar::{self, CalendarEvent, Unread};
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::limits;
use crate::wake::Wake;
use crate::zone::Zone;

/// `source` for events without a UID.
const NAMELESS: &str = "-";
/// Rows per statement; SQLite allows 32,766 values.
const BATCH: usize = 1_000;

/// Input of [`import`].
#[derive(Clone, Debug)]
pub struct Import {
    /// Whose shifts these are.
    pub line: OnCallLine,
    /// The file, as it is: long lines may be folded within a character.
    pub calendar: Vec<u8>,
    /// Which of its events are of this line: those with this category, with these words in their title, or to which somebody is invited
    /// in this role. `None` for all.
    pub only: Option<String>,
    /// Whether to leave the rota as it is if any event that should be a shift can't be one.
    pub strict: bool,
}

/// The result of an import.
#[derive(Clone, Debug)]
pub struct Imported {
    /// Who is on call after it.
    pub on_call: OnCall,
    /// How many shifts the file has.
    pub imported: usize,
    /// Whether they replaced the rota.
    pub replaced: bool,
    /// Events that were skipped; at most 100 of them, those that should have been shifts first.
    pub skipped: Vec<Skipped>,
    /// How many events were skipped.
    pub skipped_count: usize,
    /// How many of them should have been shifts: all but those that were cancelled.
    pub lost: usize,
}

/// An event that was skipped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Its title.
    pub summary: String,
    /// Why, in words.
    pub reason: String,
    /// Whether it should have been a shift.
    pub is_lost: bool,
}

/// Replaces a line's rota from now on with the calendar's next 400 days (R1, R18). The calendar is the line's whole rota. Shifts set by
/// hand stay, and so does the past. If no event yields a shift, the rota stays as it is: the wrong file must not leave nobody on call.
///
/// # Errors
/// `BAD_USER_INPUT` if it is not a calendar or is too large; `FORBIDDEN`.
pub async fn import(ctx: &Ctx, input: Import) -> Result<Imported> {
    ctx.require(Right::Respond)?;
    if input.calendar.len() > limits::CALENDAR_BYTES {
        return Err(Error::invalid(
            "calendar",
            format!("calendar is longer than {} bytes: export a shorter period.", limits::CALENDAR_BYTES),
        ));
    }
    let now = ctx.now();
    let zone = ctx.playbook().working_hours.zone.clone();
    let events = read(input.calendar, zone.clone(), now).await?;
    let team = Team::load(ctx).await?;
    let (shifts, mut skipped) = shifts(&events, &team, input.only.as_deref().map(Only::new).as_ref(), &zone);
    if shifts.len() > limits::ROTA_SHIFTS {
        let reason =
            format!("calendar has more than {} shifts in the next {} days.", limits::ROTA_SHIFTS, limits::ON_CALL_AHEAD.num_days());
        return Err(Error::invalid("calendar", reason));
    }
    let lost = skipped.iter().filter(|event| event.is_lost).count();
    let imported = shifts.len();
    let replaced = imported > 0 && (lost == 0 || !input.strict);
    if replaced {
        replace(ctx, input.line, shifts, now).await?;
    }
    let skipped_count = skipped.len();
    tracing::info!(line = %input.line, imported, replaced, skipped_count, lost, "read a rota");
    skipped.sort_by_key(|event| !event.is_lost);
    skipped.truncate(limits::LIST_ITEMS);
    Ok(Imported { on_call: super::now(ctx).await?, imported, replaced, skipped, skipped_count, lost })
}

/// Reads the calendar off the async threads: a large one takes a while.
async fn read(calendar: Vec<u8>, zone: Zone, now: Timestamp) -> Result<Vec<CalendarEvent>> {
    let reading = tokio::task::spawn_blocking(move || {
        let events = calendar::read(&calendar, &zone, now, now + limits::ON_CALL_AHEAD)?;
        let ahead = events.iter().filter(|event| event.times.as_ref().is_ok_and(|times| !times.is_empty())).count();
        if ahead > limits::CALENDAR_EVENTS {
            return Err(format!("It has more than {} events: export a shorter period.", limits::CALENDAR_EVENTS));
        }
        Ok(events)
    });
    let read = reading.await.unwrap_or_else(|_| Err("It can't be read.".into()));
    read.map_err(|reason| Error::invalid("calendar", format!("calendar can't be used. {reason}")))
}

/// A shift from an event.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Wanted {
    person: PersonId,
    starts_at: Timestamp,
    ends_at: Timestamp,
    source: String,
}

/// The shifts from the events, and the events skipped. Events that are over are neither, and neither are those of another line.
fn shifts(events: &[CalendarEvent], team: &Team, only: Option<&Only>, zone: &Zone) -> (Vec<Wanted>, Vec<Skipped>) {
    let mut skipped = Vec::new();
    let mut pass_over = |event: &CalendarEvent, reason: String, is_lost| {
        skipped.push(Skipped { summary: event.summary.clone(), reason, is_lost });
    };
    // By the time that they have: two people at once are no answer to the question who is on call.
    let mut at: BTreeMap<(Timestamp, Timestamp), Vec<(PersonId, &CalendarEvent)>> = BTreeMap::new();
    for event in events {
        let invited = match only {
            None => event.attendees.iter().collect(),
            Some(only) => match only.invited(event) {
                Some(invited) => invited,
                None => continue,
            },
        };
        match &event.times {
            Err(Unread::Cancelled) => pass_over(event, "It was cancelled.".to_owned(), false),
            Err(Unread::Why(reason)) => pass_over(event, reason.clone(), true),
            Ok(times) if times.is_empty() => {}
            Ok(times) => match team.whose(&event.summary, &invited) {
                Err(reason) => pass_over(event, reason, true),
                Ok(person) => {
                    for span in times {
                        at.entry((span.starts_at, span.ends_at)).or_default().push((person, event));
                    }
                }
            },
        }
    }
    let mut shifts = Vec::new();
    let mut disputed: BTreeSet<&str> = BTreeSet::new();
    for ((starts_at, ends_at), claims) in at {
        let people: BTreeSet<PersonId> = claims.iter().map(|(person, _)| *person).collect();
        for (person, event) in claims {
            let source = if event.uid.is_empty() { NAMELESS.to_owned() } else { event.uid.clone() };
            if people.len() == 1 {
                shifts.push(Wanted { person, starts_at, ends_at, source });
            } else if disputed.insert(&event.summary) {
                let local = |at: Timestamp| at.with_timezone(zone).format("%a %-d %b %Y %H:%M %Z").to_string();
                let reason = format!(
                    "{} have exactly the same time, from {} to {}: say which events are of this line (--only), or remove one.",
                    team.names(&people),
                    local(starts_at),
                    local(ends_at)
                );
                pass_over(event, reason, true);
            }
        }
    }
    (shifts, skipped)
}

/// What a new rota does to running shifts of the old one.
#[derive(Debug, Default, PartialEq, Eq)]
struct Changes {
    /// Shifts that continue, with their new ends and sources.
    goes_on: Vec<(ShiftId, Timestamp, String)>,
    /// Shifts that end now.
    over: Vec<ShiftId>,
    /// Shifts to create.
    make: Vec<Wanted>,
}

/// A running shift that the new rota gives to the same person continues, whatever its UID, because some calendars give new ones each time:
/// starting it again would look like a hand-over, which overrides somebody who took over by hand.
fn changes(running: &[shift::Model], wanted: Vec<Wanted>, now: Timestamp) -> Changes {
    let mut changes = Changes::default();
    let (mut begun, later): (Vec<Wanted>, Vec<Wanted>) = wanted.into_iter().partition(|wanted| wanted.starts_at < now);
    // The past is not rewritten: what began before begins now, or when those that began after it, and so count, are over.
    begun.sort_by_key(|wanted| (Reverse(wanted.starts_at), wanted.ends_at));
    let mut free = now;
    for wanted in &mut begun {
        wanted.starts_at = free;
        free = Ord::max(free, wanted.ends_at);
    }
    let same_source = |row: &shift::Model, wanted: &Wanted| row.source.as_ref() == Some(&wanted.source);
    for row in running {
        let of_person = |wanted: &&Wanted| wanted.person == row.person_id;
        let goes_on = begun.iter().filter(of_person).find(|wanted| same_source(row, wanted)).or_else(|| begun.iter().find(of_person));
        match goes_on.and_then(|goes_on| begun.iter().position(|wanted| wanted == goes_on)) {
            Some(index) => {
                let wanted = begun.remove(index);
                changes.goes_on.push((row.id, wanted.ends_at, wanted.source));
            }
            None => changes.over.push(row.id),
        }
    }
    changes.make = begun.into_iter().filter(|wanted| wanted.starts_at < wanted.ends_at).chain(later).collect();
    changes
}

async fn replace(ctx: &Ctx, line: OnCallLine, wanted: Vec<Wanted>, now: Timestamp) -> Result<()> {
    use shift::Column::{EndsAt, Id, Line, Source, StartsAt};
    let row = |wanted: Wanted| shift::Model {
        id: ShiftId(ctx.ids.uuid(now)),
        line,
        person_id: wanted.person,
        starts_at: wanted.starts_at,
        ends_at: Some(wanted.ends_at),
        source: Some(wanted.source),
        created_at: now,
    };
    let of_rota = || Line.eq(line).and(Source.is_not_null());
    let _turn = ctx.lanes.enter(TURN).await;
    let running = shift::Entity::find().filter(of_rota()).filter(StartsAt.lt(now)).filter(EndsAt.gt(now)).order_by_asc(Id);
    let changes = changes(&running.all(ctx.db.read()).await?, wanted, now);
    let rows: Vec<_> = changes.make.into_iter().map(|wanted| row(wanted).into_active_model()).collect();
    let tx = ctx.db.begin().await?;
    shift::Entity::delete_many().filter(of_rota()).filter(StartsAt.gte(now)).exec(&tx).await?;
    for (id, end, source) in changes.goes_on {
        let goes_on = shift::Entity::update_many().col_expr(EndsAt, Expr::val(end)).col_expr(Source, Expr::val(source));
        goes_on.filter(Id.eq(id)).exec(&tx).await?;
    }
    for id in changes.over {
        shift::Entity::update_many().col_expr(EndsAt, Expr::val(now)).filter(Id.eq(id)).exec(&tx).await?;
    }
    for batch in rows.chunks(BATCH) {
        shift::Entity::insert_many(batch.to_vec()).exec_without_returning(&tx).await?;
    }
    let details = json!({ "line": line, "imported": rows.len() });
    audit::append(ctx, &tx, vec![Entry::new(AuditAction::OnCallChanged).details(details)]).await?;
    tx.commit().await?;
    ctx.waker.wake(Wake::OnCall);
    Ok(())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::super::whose::tests::{event, team};
    use super::*;

    fn at(hours: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + chrono::Duration::hours(hours)
    }

    fn person(id: u128) -> PersonId {
        PersonId(Uuid::from_u128(id))
    }

    fn wanted(who: u128, source: &str, from: i64, to: i64) -> Wanted {
        Wanted { person: person(who), starts_at: at(from), ends_at: at(to), source: source.into() }
    }

    fn running(id: u128, who: u128, source: &str) -> shift::Model {
        shift::Model {
            id: ShiftId(Uuid::from_u128(id)),
            line: OnCallLine::First,
            person_id: person(who),
            starts_at: at(0),
            ends_at: Some(at(10)),
            source: Some(source.into()),
            created_at: at(0),
        }
    }

    fn id(id: u128) -> ShiftId {
        ShiftId(Uuid::from_u128(id))
    }

    #[test]
    fn a_running_shift_continues_or_ends_now() {
        let old = [running(1, 1, "a"), running(2, 2, "b"), running(3, 3, "c")];
        // One lasts longer, one changes hands, one is gone, and two are new.
        let new = vec![wanted(1, "a", 0, 12), wanted(3, "b", 5, 10), wanted(1, "a", 20, 30)];
        let changes = changes(&old, new, at(5));
        assert_eq!(changes.goes_on, [(id(1), at(12), "a".to_owned())]);
        assert_eq!(changes.over, [id(2), id(3)]);
        let mut made: Vec<(Timestamp, PersonId)> = changes.make.iter().map(|wanted| (wanted.starts_at, wanted.person)).collect();
        made.sort();
        assert_eq!(made, [(at(5), person(3)), (at(20), person(1))]);
    }

    #[test]
    fn a_running_shift_continues_under_a_new_uid() {
        let changes = changes(&[running(1, 1, "a"), running(2, 2, "b")], vec![wanted(2, "x", 0, 10), wanted(1, "y", 0, 11)], at(5));
        assert_eq!(changes.goes_on, [(id(1), at(11), "y".to_owned()), (id(2), at(10), "x".to_owned())]);
        assert!(changes.over.is_empty() && changes.make.is_empty());
    }

    /// Of two running shifts the one that began later counts; so it does when both are new.
    #[test]
    fn running_shifts_of_a_first_import_keep_their_order() {
        for new in [[wanted(1, "a", 0, 10), wanted(2, "b", 3, 8)], [wanted(2, "b", 3, 8), wanted(1, "a", 0, 10)]] {
            let made = changes(&[], new.to_vec(), at(5)).make;
            assert_eq!(made, [wanted(2, "b", 5, 8), wanted(1, "a", 8, 10)]);
        }
        assert_eq!(changes(&[], vec![wanted(1, "a", 0, 7), wanted(2, "b", 3, 8)], at(5)).make, [wanted(2, "b", 5, 8)]);
    }

    #[test]
    fn past_events_are_ignored_and_lost_ones_named() {
        let over = CalendarEvent { times: Ok(Vec::new()), ..event("Nobody", &[]) };
        let unreadable = CalendarEvent { times: Err(Unread::Why("It has no end.".into())), ..event("Sam", &[]) };
        let cancelled = CalendarEvent { times: Err(Unread::Cancelled), ..event("Kim Lee", &[]) };
        let events = [event("Sam", &[]), over, unreadable, cancelled, event("Nobody", &[])];
        let (shifts, skipped) = shifts(&events, &team(), None, &Zone::UTC);
        assert_eq!(shifts, [wanted(2, NAMELESS, 0, 10), wanted(2, NAMELESS, 20, 30)]);
        let skipped: Vec<(&str, bool)> = skipped.iter().map(|event| (event.summary.as_str(), event.is_lost)).collect();
        assert_eq!(skipped, [("Sam", true), ("Kim Lee", false), ("Nobody", true)]);
    }

    #[test]
    fn two_people_at_the_same_time_are_named_in_any_order() {
        let mut reasons = BTreeSet::new();
        for order in [["Kim Lee", "Sam"], ["Sam", "Kim Lee"]] {
            let (shifts, skipped) = shifts(&order.map(|name| event(name, &[])), &team(), None, &Zone::UTC);
            assert_eq!((shifts.len(), skipped.len()), (0, 2));
            reasons.extend(skipped.into_iter().map(|event| event.reason));
        }
        assert_eq!(reasons.len(), 1);
        assert!(reasons.first().unwrap().starts_with("Kim Lee and Sam have exactly the same time, from Thu 1 Jan 1970 00:00 UTC to"));
        // The same person twice is one.
        let (shifts, skipped) = shifts(&["Sam", "Sam"].map(|name| event(name, &[])), &team(), None, &Zone::UTC);
        assert_eq!((shifts.len(), skipped.len()), (4, 0));
    }
}
