//! iCalendar files (RFC 5545): the one reader, for rotas and for holidays, and the one writer, for invitations and feeds. Pure.
//!
//! It does what RFC 5545 says, and where that is silent, what most programs do; docs/integrations/rota.md lists what is read. Recurring
//! events recur by the clocks on the wall: a shift from ten to ten remains one after they change. What can't be read is said event by
//! event, with the reason; only a damaged file is refused as a whole.

mod event;
mod expand;
mod found;
mod lines;
mod rule;
mod series;
mod values;
mod wall;
mod written;
mod zones;

use std::collections::HashMap;

use chrono::Duration;
use entity::Timestamp;

use crate::limits;
use crate::zone::Zone;
use event::Event;
use expand::Work;
use wall::Wall;
use zones::Zones;

pub use found::{Attendee, CalendarEvent, Span, Unread};
pub use written::{Entry, Method, Party, uid, written};

/// No shift is longer.
const LONGEST: Duration = Duration::days(31);

/// The events in the file `bytes` between `from` and `to`. Times without a zone and whole days are read in `zone`.
///
/// # Errors
/// Why it is refused, in words: it is not a complete calendar.
pub fn read(bytes: &[u8], zone: &Zone, from: Timestamp, to: Timestamp) -> Result<Vec<CalendarEvent>, String> {
    let calendars = lines::parse(bytes)?;
    let mut work = Work::new(limits::CALENDAR_LOOKS, limits::CALENDAR_OCCURRENCES);
    let horizon = (to + Duration::days(366)).naive_utc();
    let mut groups: Vec<Vec<Event>> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for calendar in &calendars {
        let mut zones = Zones::new(calendar, Wall::Zone(zone.clone()), horizon);
        for component in calendar.parts.iter().filter(|part| part.name == "VEVENT") {
            let event = Event::read(component, &mut zones, &mut work);
            // An event without a UID is alone.
            let group = (!event.uid.is_empty()).then(|| *known.entry(event.uid.clone()).or_insert(groups.len()));
            match group.and_then(|group| groups.get_mut(group)) {
                Some(group) => group.push(event),
                None => groups.push(vec![event]),
            }
        }
    }
    let mut read = Vec::new();
    for group in groups {
        let times = series::times(&group, (from, to), &mut work);
        read.extend(group.into_iter().zip(times).map(|(event, times)| described(event, times, from)));
    }
    Ok(read)
}

fn described(event: Event, times: Result<Vec<Span>, Unread>, from: Timestamp) -> CalendarEvent {
    // What can't be read of an event that is over in any case is of no interest.
    let is_over = event.date_of_single().is_some_and(|date| date + LONGEST < from.date_naive());
    CalendarEvent {
        whole_days: event.whole_days,
        is_exception: event.exception.is_some(),
        uid: event.uid.chars().take(limits::NAME_CHARS).collect(),
        summary: event.summary,
        categories: event.categories,
        attendees: event.attendees,
        times: times.or_else(|unread| if is_over { Ok(Vec::new()) } else { Err(unread) }),
    }
}

#[cfg(test)]
mod tests;
