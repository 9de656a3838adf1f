//! Imports a rota from an iCalendar file, as teams keep one in a shared calendar.
//!
//! An event's person is found by its attendees, else by an e-mail address in its title, else by a title that is somebody's name. An
//! event without a clear person is skipped and reported with the reason; so is one whose times can't be read. Better nobody than the
//! wrong person: then second line is paged, and people see the gap.

use std::collections::HashMap;

use entity::{AccessLevel, OnCallLine, PersonId, ShiftId, Timestamp, person, shift};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder};

use super::ical::{self, CalendarEvent};
use super::{OnCall, TURN};
use crate::authz::Right;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::limits;

/// `source` for events without a UID.
const NAMELESS: &str = "-";
/// Rows per statement; SQLite allows 32,766 values.
const BATCH: usize = 1_000;

/// Input of [`import`].
#[derive(Clone, Debug)]
pub struct Import {
    /// Whose shifts these are.
    pub line: OnCallLine,
    /// The text of the file.
    pub calendar: String,
}

/// The result of an import.
#[derive(Clone, Debug)]
pub struct Imported {
    /// Who is on call after it.
    pub on_call: OnCall,
    /// How many shifts it created.
    pub imported: usize,
    /// Events that were skipped; at most 100 of them.
    pub skipped: Vec<Skipped>,
    /// How many events were skipped.
    pub skipped_count: usize,
}

/// An event that was skipped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Its title.
    pub summary: String,
    /// Why, in words.
    pub reason: String,
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
    let events = read(ctx, input.calendar, now).await?;
    let team = Team::load(ctx).await?;
    let (shifts, skipped) = shifts(&events, &team, now);
    if shifts.len() > limits::ROTA_SHIFTS {
        let reason =
            format!("calendar has more than {} shifts in the next {} days.", limits::ROTA_SHIFTS, limits::ON_CALL_AHEAD.num_days());
        return Err(Error::invalid("calendar", reason));
    }
    let imported = shifts.len();
    if imported > 0 {
        replace(ctx, input.line, shifts, now).await?;
    }
    let skipped_count = skipped.len();
    tracing::info!(line = %input.line, imported, skipped_count, "imported a rota");
    let skipped = skipped.into_iter().take(limits::LIST_ITEMS).collect();
    Ok(Imported { on_call: super::now(ctx).await?, imported, skipped, skipped_count })
}

/// Reads the calendar off the async threads: a large one takes a while.
async fn read(ctx: &Ctx, calendar: String, now: Timestamp) -> Result<Vec<CalendarEvent>> {
    let zone = ctx.playbook().working_hours.zone.name().parse().unwrap_or(chrono_tz::Tz::UTC);
    let reading = tokio::task::spawn_blocking(move || ical::read(&calendar, zone, now, now + limits::ON_CALL_AHEAD));
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

/// The shifts from the events, and the events skipped. Events that are over are neither.
fn shifts(events: &[CalendarEvent], team: &Team, now: Timestamp) -> (Vec<Wanted>, Vec<Skipped>) {
    let (mut shifts, mut skipped) = (Vec::new(), Vec::new());
    for event in events {
        let pass_over = |reason: String| Skipped { summary: event.summary.clone(), reason };
        match &event.times {
            Err(reason) => skipped.push(pass_over(reason.clone())),
            Ok(times) if times.is_empty() => {}
            Ok(times) => match team.whose(event) {
                Err(reason) => skipped.push(pass_over(reason)),
                Ok(person) => shifts.extend(times.iter().map(|(start, end)| Wanted {
                    person,
                    // The past is not rewritten.
                    starts_at: Ord::max(*start, now),
                    ends_at: *end,
                    source: if event.uid.is_empty() { NAMELESS.to_owned() } else { event.uid.clone() },
                })),
            },
        }
    }
    (shifts, skipped)
}

/// What a new rota does to running shifts of the old one.
#[derive(Debug, Default, PartialEq, Eq)]
struct Changes {
    /// Shifts of the old rota, with their new ends.
    end: Vec<(ShiftId, Timestamp)>,
    /// Shifts to create.
    make: Vec<Wanted>,
}

/// A running shift that the new rota gives to the same person continues: starting it again would look like a hand-over, which overrides
/// somebody who took over by hand.
fn changes(running: &[shift::Model], mut wanted: Vec<Wanted>, now: Timestamp) -> Changes {
    let mut end = Vec::new();
    for row in running {
        let same =
            |wanted: &Wanted| wanted.starts_at == now && wanted.person == row.person_id && Some(&wanted.source) == row.source.as_ref();
        let goes_on = wanted.iter().position(same).map(|index| wanted.swap_remove(index));
        end.push((row.id, goes_on.map_or(now, |wanted| wanted.ends_at)));
    }
    Changes { end, make: wanted }
}

async fn replace(ctx: &Ctx, line: OnCallLine, wanted: Vec<Wanted>, now: Timestamp) -> Result<()> {
    use shift::Column::{EndsAt, Line, Source, StartsAt};
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
    let running = shift::Entity::find().filter(of_rota()).filter(StartsAt.lt(now)).filter(EndsAt.gt(now)).order_by_asc(shift::Column::Id);
    let changes = changes(&running.all(ctx.db.read()).await?, wanted, now);
    let rows: Vec<_> = changes.make.into_iter().map(|wanted| row(wanted).into_active_model()).collect();
    let tx = ctx.db.begin().await?;
    shift::Entity::delete_many().filter(of_rota()).filter(StartsAt.gte(now)).exec(&tx).await?;
    for (id, end) in changes.end {
        shift::Entity::update_many().col_expr(EndsAt, Expr::val(end)).filter(shift::Column::Id.eq(id)).exec(&tx).await?;
    }
    for batch in rows.chunks(BATCH) {
        shift::Entity::insert_many(batch.to_vec()).exec_without_returning(&tx).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Everybody who is or was on the team, for looking people up.
struct Team {
    people: Vec<person::Model>,
    by_email: HashMap<String, usize>,
    by_name: HashMap<String, Vec<usize>>,
}

impl Team {
    async fn load(ctx: &Ctx) -> Result<Self> {
        Ok(Self::of(person::Entity::find().all(ctx.db.read()).await?))
    }

    fn of(people: Vec<person::Model>) -> Self {
        let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
        for (index, person) in people.iter().enumerate() {
            by_name.entry(person.name.to_lowercase()).or_default().push(index);
        }
        let by_email = people.iter().enumerate().filter_map(|(index, person)| Some((person.email.clone()?, index))).collect();
        Self { people, by_email, by_name }
    }

    /// Whose shift the event is.
    ///
    /// # Errors
    /// Why that is unclear, in words.
    fn whose(&self, event: &CalendarEvent) -> Result<PersonId, String> {
        let mut invited: Vec<usize> = event.attendees.iter().filter_map(|address| self.by_email.get(address)).copied().collect();
        invited.sort_unstable();
        invited.dedup();
        let title = event.summary.to_lowercase();
        let in_title = addresses(&title).find_map(|address| self.by_email.get(address).copied());
        let named = self.by_name.get(&title).map_or(&[][..], Vec::as_slice);
        match (invited.as_slice(), in_title, named) {
            (&[one], _, _) | (_, Some(one), _) | (_, None, &[one]) => self.able(one),
            ([], None, []) => Err("Nobody on the team has this name or an address in the event.".into()),
            ([], None, _) => Err("Several people have this name: invite one of them to the event.".into()),
            ([..], None, _) => Err("Several people are invited: put one of their names in the title.".into()),
        }
    }

    fn able(&self, index: usize) -> Result<PersonId, String> {
        let person = &self.people[index];
        if person.deactivated_at.is_some() {
            return Err(format!("{} has left the team.", person.name));
        }
        if person.access_level < AccessLevel::Responder {
            return Err(format!("{} only has viewer access: an administrator can raise it to RESPONDER.", person.name));
        }
        Ok(person.id)
    }
}

/// The words of a text that look like e-mail addresses.
fn addresses(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '(' | ')' | '[' | ']' | ',' | ';' | ':' | '"' | '\''));
    words.map(|word| word.trim_end_matches('.')).filter(|word| word.contains('@'))
}

#[cfg(test)]
mod tests {
    use entity::Grants;
    use uuid::Uuid;

    use super::*;

    fn team() -> Team {
        let person = |(id, name, email, access_level, gone): (u128, &str, Option<&str>, AccessLevel, bool)| person::Model {
            id: PersonId(Uuid::from_u128(id)),
            name: name.into(),
            email: email.map(str::to_owned),
            access_level,
            seniority: None,
            grants: Grants::default(),
            quiet: entity::Channels::default(),
            created_at: Timestamp::UNIX_EPOCH,
            deactivated_at: gone.then_some(Timestamp::UNIX_EPOCH),
        };
        let people = [
            (1, "Kim Lee", Some("kim@example.org"), AccessLevel::Responder, false),
            (2, "Sam", Some("sam@example.org"), AccessLevel::Admin, false),
            (3, "Alex", Some("alex.a@example.org"), AccessLevel::Responder, false),
            (4, "ALEX", Some("alex.b@example.org"), AccessLevel::Responder, false),
            (5, "Vic", Some("vic@example.org"), AccessLevel::Viewer, false),
            (6, "Gus", Some("gus@example.org"), AccessLevel::Responder, true),
        ];
        Team::of(people.map(person).to_vec())
    }

    fn event(summary: &str, attendees: &[&str]) -> CalendarEvent {
        let at = |hours| Timestamp::UNIX_EPOCH + chrono::Duration::hours(hours);
        let attendees = attendees.iter().map(|address| (*address).to_owned()).collect();
        CalendarEvent { uid: String::new(), summary: summary.into(), attendees, times: Ok(vec![(at(0), at(10)), (at(20), at(30))]) }
    }

    #[test]
    fn whose_shift_it_is() {
        let team = team();
        for (summary, attendees, expected) in [
            ("On call", &["kim@example.org"][..], Ok(1)),
            ("On call", &["rota@calendars.example.org", "sam@example.org"], Ok(2)),
            // The organiser is invited as well.
            ("Kim Lee", &["sam@example.org", "kim@example.org"], Ok(1)),
            ("On call: <Sam@Example.org>.", &[], Ok(2)),
            ("kim lee", &[], Ok(1)),
            ("Sam", &["kim@example.org"], Ok(1)),
            ("Kim Lee on call", &[], Err("Nobody on the team")),
            ("Alex", &[], Err("Several people have this name")),
            ("Alex", &["alex.b@example.org"], Ok(4)),
            ("On call", &["sam@example.org", "kim@example.org"], Err("Several people are invited")),
            ("Vic", &[], Err("viewer access")),
            ("Gus", &[], Err("has left")),
            ("", &[], Err("Nobody on the team")),
        ] {
            let whose = team.whose(&event(summary, attendees));
            match expected {
                Ok(id) => assert_eq!(whose, Ok(PersonId(Uuid::from_u128(id))), "{summary:?} {attendees:?}"),
                Err(part) => assert!(whose.clone().is_err_and(|reason| reason.contains(part)), "{summary:?} {attendees:?}: {whose:?}"),
            }
        }
    }

    #[test]
    fn a_running_shift_continues_or_ends_now() {
        let at = |hours| Timestamp::UNIX_EPOCH + chrono::Duration::hours(hours);
        let person = |id| PersonId(Uuid::from_u128(id));
        let running = |id: u128, who, source: &str| shift::Model {
            id: ShiftId(Uuid::from_u128(id)),
            line: OnCallLine::First,
            person_id: person(who),
            starts_at: at(0),
            ends_at: Some(at(10)),
            source: Some(source.into()),
            created_at: at(0),
        };
        let wanted =
            |who, source: &str, from, to| Wanted { person: person(who), starts_at: at(from), ends_at: at(to), source: source.into() };
        let old = [running(1, 1, "a"), running(2, 2, "b"), running(3, 3, "c")];
        // One lasts longer, one changes hands, one is gone, and two are new.
        let new = vec![wanted(1, "a", 5, 12), wanted(3, "b", 5, 10), wanted(1, "a", 20, 30)];
        let changes = changes(&old, new, at(5));
        let id = |id| ShiftId(Uuid::from_u128(id));
        assert_eq!(changes.end, [(id(1), at(12)), (id(2), at(5)), (id(3), at(5))]);
        let mut made: Vec<(Timestamp, PersonId)> = changes.make.iter().map(|wanted| (wanted.starts_at, wanted.person)).collect();
        made.sort();
        assert_eq!(made, [(at(5), person(3)), (at(20), person(1))]);
    }

    #[test]
    fn past_events_are_ignored() {
        let now = Timestamp::UNIX_EPOCH + chrono::Duration::hours(5);
        let over = CalendarEvent { times: Ok(Vec::new()), ..event("Nobody", &[]) };
        let unreadable = CalendarEvent { times: Err("It has no end.".into()), ..event("Sam", &[]) };
        let (shifts, skipped) = shifts(&[event("Sam", &[]), over, unreadable, event("Nobody", &[])], &team(), now);
        let times: Vec<i64> = shifts.iter().map(|shift| (shift.starts_at - now).num_hours()).collect();
        assert_eq!((times.as_slice(), shifts[0].source.as_str()), (&[0, 15][..], NAMELESS));
        assert_eq!(skipped.iter().map(|event| event.summary.as_str()).collect::<Vec<_>>(), ["Sam", "Nobody"]);
    }
}
