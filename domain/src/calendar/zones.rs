//! What a calendar means by the name of a time zone (TZID).
//!
//! A name that is known counts as our tables have it, because they are newer than the calendar: an IANA name or one of Windows, in any
//! case, also behind a prefix such as `/freeassociation.sourceforge.net/` or `tzone://Microsoft/`. Any other name means what the
//! calendar's own VTIMEZONE says.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{Duration, NaiveDateTime};

use super::expand::{self, Work};
use super::lines::{Component, Property};
use super::rule::Rule;
use super::values::{self, Written};
use super::wall::{Change, Wall};
use crate::zone::Zone;

/// The zones of one calendar.
pub(super) struct Zones<'a> {
    calendar: &'a Component,
    /// Of times that name no zone.
    floating: Wall,
    /// Changes of clocks after this don't matter.
    horizon: NaiveDateTime,
    named: HashMap<String, Option<Wall>>,
}

impl<'a> Zones<'a> {
    pub fn new(calendar: &'a Component, floating: Wall, horizon: NaiveDateTime) -> Self {
        Self { calendar, floating, horizon, named: HashMap::new() }
    }

    /// The zone that goes with a property's times.
    ///
    /// # Errors
    /// That it is unknown, in words.
    pub fn of(&mut self, property: &Property, work: &mut Work) -> Result<Wall, String> {
        let Some(name) = property.parameter("TZID").filter(|name| !name.is_empty()) else { return Ok(self.floating.clone()) };
        if !self.named.contains_key(name) {
            let wall = known(name).map(Wall::Zone).or_else(|| self.described(name, work));
            self.named.insert(name.to_owned(), wall);
        }
        self.named[name].clone().ok_or_else(|| {
            let shown: String = name.chars().take(60).collect();
            format!("Its time zone {shown} is unknown: use a name such as Europe/London.")
        })
    }

    fn described(&self, name: &str, work: &mut Work) -> Option<Wall> {
        let is_named = |zone: &&Component| zone.text("TZID").is_some_and(|id| id.trim().trim_matches('"').eq_ignore_ascii_case(name));
        let zone = self.calendar.parts.iter().filter(|part| part.name == "VTIMEZONE").find(is_named)?;
        let mut changes = Vec::new();
        for part in zone.parts.iter().filter(|part| matches!(part.name.as_str(), "STANDARD" | "DAYLIGHT")) {
            changes.extend(self.changes(part, work)?);
        }
        changes.sort_unstable();
        (!changes.is_empty()).then(|| Wall::Described(Arc::new(changes)))
    }

    /// When clocks change as one part of a VTIMEZONE says.
    fn changes(&self, part: &Component, work: &mut Work) -> Option<Vec<Change>> {
        let [before, after] = ["TZOFFSETFROM", "TZOFFSETTO"].map(|name| part.first(name).and_then(|offset| values::offset(&offset.value)));
        let (before, after) = (before?, after?);
        let local = |text: &str| match values::time(text)? {
            Written::Date(date) => Some(date.and_time(chrono::NaiveTime::MIN)),
            Written::Local(time) => Some(time),
            Written::Utc(time) => time.checked_add_signed(Duration::seconds(before.into())),
        };
        let start = local(&part.first("DTSTART")?.value)?;
        let mut times = vec![start];
        for rule in part.all("RRULE") {
            let rule = Rule::parse(&rule.value)?;
            let until = match rule.until {
                None => self.horizon,
                Some(Written::Date(date)) => date.and_hms_opt(23, 59, 59)?,
                Some(Written::Local(time)) => time,
                Some(Written::Utc(time)) => time.checked_add_signed(Duration::seconds(before.into()))?,
            };
            times.extend(expand::starts(&rule, start, until, (start, self.horizon), work).ok()?);
        }
        for more in part.all("RDATE") {
            times.extend(more.value.split(',').map(local).collect::<Option<Vec<_>>>()?);
        }
        let at = |time: NaiveDateTime| time.checked_sub_signed(Duration::seconds(before.into()));
        times.into_iter().map(|time| Some(Change { at: at(time)?, before, after })).collect()
    }
}

/// The zone that is known by this name.
fn known(name: &str) -> Option<Zone> {
    let named = |name: &str| Zone::named(name).or_else(|| Zone::of_windows(name));
    let is_prefixed = name.starts_with('/') || name.contains("://");
    let behind_prefixes = name.match_indices('/').map(|(at, _)| &name[at + 1..]).filter(|rest| is_prefixed && !rest.is_empty());
    named(name).or_else(|| behind_prefixes.map(named).find_map(|found| found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_names_are_found_behind_prefixes_and_in_any_case() {
        for (name, found) in [
            ("Europe/London", Some("Europe/London")),
            ("europe/london", Some("Europe/London")),
            ("GMT Standard Time", Some("Europe/London")),
            ("w. europe standard time", Some("Europe/Berlin")),
            ("/freeassociation.sourceforge.net/Europe/London", Some("Europe/London")),
            ("/freeassociation.sourceforge.net/Tzfile/America/Argentina/Ushuaia", Some("America/Argentina/Ushuaia")),
            ("/mozilla.org/20050126_1/Europe/Berlin", Some("Europe/Berlin")),
            ("/citadel.org/20210210_1/America/New_York", Some("America/New_York")),
            ("tzone://Microsoft/Utc", Some("UTC")),
            ("tzone://Microsoft/Eastern Standard Time", Some("America/New_York")),
            ("tzone://Microsoft/Custom", None),
            ("custom_America/New_York", None),
            ("Customized Time Zone", None),
            ("GMT+0200", None),
            ("/", None),
        ] {
            assert_eq!(known(name).as_ref().map(Zone::name), found, "{name}");
        }
    }
}
