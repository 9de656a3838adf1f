//! Working time: which moments are in the team's working hours, and what "in three working days" means (R18, R25).
//!
//! All arithmetic is in the team's local time and survives daylight saving changes. A local time that does not exist moves forward to
//! the first one that does; of one that exists twice, the earlier counts. Working hours run from `from` up to, but not including, `to`
//! on working days that are not holidays.
//!
//! Nothing here panics or loops for ever: times before 1970 and after 2200 are clamped to those limits, and an event that never
//! happens gets a moment too (see [`NEVER`]).

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike, Days, Duration, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeZone};
use entity::Timestamp;

use crate::zone::Zone;

/// The last moment considered: 2200-01-01T00:00:00Z.
const LAST: Timestamp = DateTime::from_timestamp(7_258_118_400, 0).expect("within chrono's range");
/// How far after the given moment an event is put that never happens (the opening of a team without working days, the closing of
/// one that works round the clock).
pub const NEVER: Duration = Duration::days(3 * 365);

/// Spans up to this are walked day by day, longer ones in whole weeks.
const WALKED: Duration = Duration::days(14);

/// The team's working hours, in one time zone. Everything else is out of hours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// Working days, Monday first.
    pub days: [bool; 7],
    /// Minute of the local day at which work begins.
    pub from: u32,
    /// Minute of the local day at which work has ended; at most 1,440.
    pub to: u32,
    /// The team's time zone.
    pub zone: Zone,
    /// Days off.
    pub holidays: BTreeSet<NaiveDate>,
}

/// A working day's opening and closing.
type Stretch = (Timestamp, Timestamp);

impl Calendar {
    /// Whether `at` is in working hours; closing time itself is not.
    pub fn is_working(&self, at: Timestamp) -> bool {
        let at = within(at);
        self.stretches(at).next().is_some_and(|(opening, _)| opening <= at)
    }

    /// The first moment of work at or after `at`; [`NEVER`] for a team that doesn't work.
    pub fn next_opening(&self, at: Timestamp) -> Timestamp {
        let at = within(at);
        self.stretches(at).next().map_or_else(|| never(at), |(opening, _)| opening.max(at))
    }

    /// The first moment out of hours at or after `at`; [`NEVER`] for a team that works round the clock.
    pub fn next_closing(&self, at: Timestamp) -> Timestamp {
        self.after_out_of_hours(at, Duration::zero())
    }

    /// `days` working days after `at` (before, if negative), at the same time of day; a time outside working hours first moves to the
    /// next opening.
    pub fn plus_working_days(&self, at: Timestamp, days: i32) -> Timestamp {
        let opening = self.next_opening(at);
        let Some(between) = days.unsigned_abs().checked_sub(1) else { return opening };
        let between = usize::try_from(between).unwrap_or(usize::MAX);
        let local = self.local(opening);
        let working = |date: &NaiveDate| self.has_work_on(*date);
        let found = if days > 0 {
            self.dates_from(local.date()).skip(1).filter(working).nth(between)
        } else {
            self.dates_before(local.date()).filter(working).nth(between)
        };
        match found {
            Some(date) => self.moment(date.and_time(local.time())),
            None if days > 0 => never(opening),
            None => within(opening - NEVER),
        }
    }

    /// `span` after `at`. Its whole days are calendar days: the local time stays the same across a clock change.
    pub fn plus_on_the_wall(&self, at: Timestamp, span: Duration) -> Timestamp {
        let at = within(at);
        let days = Duration::days(span.num_days());
        if days.is_zero() {
            return within(at + span);
        }
        match self.local(at).checked_add_signed(days) {
            Some(local) => within(self.moment(local) + (span - days)),
            None if days > Duration::zero() => LAST,
            None => Timestamp::UNIX_EPOCH,
        }
    }

    /// How much of the time from `start` to `end` is out of hours; zero unless `end` is after `start`.
    pub fn out_of_hours_between(&self, start: Timestamp, end: Timestamp) -> Duration {
        let (start, end) = (within(start), within(end));
        if end <= start {
            return Duration::zero();
        }
        end - start - self.worked_between(start, end)
    }

    /// The moment at which `span` of time out of hours has passed since `start`; for a zero span, the first moment out of hours. If that
    /// much never passes: [`NEVER`] plus the remainder after the last opening, so that a longer span always ends later.
    pub fn after_out_of_hours(&self, start: Timestamp, span: Duration) -> Timestamp {
        let mut reached = within(start);
        let mut left = span.max(Duration::zero());
        if left > LAST - reached {
            return LAST;
        }
        // At least that much time must pass, so a few steps cover most of a long span.
        while left > WALKED && left <= LAST - reached && self.works_at_all() && !self.is_round_the_clock() {
            let passed = self.out_of_hours_between(reached, reached + left);
            (reached, left) = (reached + left, left - passed);
            if left.is_zero() {
                return reached;
            }
        }
        for (opening, closing) in self.stretches(reached) {
            let free = opening - reached;
            if free > Duration::zero() && free >= left {
                return reached + left;
            }
            left -= free.max(Duration::zero());
            if self.never_closes_from(opening.max(reached)) {
                return within(opening.max(reached) + NEVER + left);
            }
            reached = closing;
        }
        within(reached + left)
    }

    /// When work ends on `date`, or would end if it were a working day.
    pub fn end_of(&self, date: NaiveDate) -> Timestamp {
        let date = date.clamp(Timestamp::UNIX_EPOCH.date_naive(), LAST.date_naive());
        self.at_minute(date, self.to)
    }

    /// How much of the time from `start` to `end` is in working hours.
    fn worked_between(&self, start: Timestamp, end: Timestamp) -> Duration {
        if !self.works_at_all() {
            return Duration::zero();
        }
        let (first, last) = (self.local(start).date(), self.local(end).date());
        // The weeks in the middle of a long span, well away from both ends, are counted whole.
        let weeks = if self.to <= 1_440 { (last - first).num_days().saturating_sub(4) / 7 } else { 0 };
        let Some(weeks) = u64::try_from(weeks).ok().filter(|weeks| *weeks > 0) else {
            return self.worked_on(first, last + Days::new(2), start, end);
        };
        let middle = first + Days::new(2);
        let rest = middle + Days::new(7 * weeks);
        let ends = self.worked_on(first, middle, start, end) + self.worked_on(rest, last + Days::new(2), start, end);
        (0..weeks).fold(ends, |worked, week| worked + self.worked_in_week(middle + Days::new(7 * week), start, end))
    }

    /// How much of the time from `start` to `end` is in the working hours of the dates from `from` up to, but not including, `to`.
    fn worked_on(&self, from: NaiveDate, to: NaiveDate, start: Timestamp, end: Timestamp) -> Duration {
        let dates = from.iter_days().take_while(|date| *date < to).filter(|date| self.has_work_on(*date));
        let hours = dates.map(|date| self.at_minute(date, self.to).min(end) - self.at_minute(date, self.from).max(start));
        hours.fold(Duration::zero(), |sum, worked| sum + worked.max(Duration::zero()))
    }

    /// The working hours of the seven days from `monday`, which may be any weekday, all of them between `start` and `end`.
    fn worked_in_week(&self, monday: NaiveDate, start: Timestamp, end: Timestamp) -> Duration {
        let next = monday + Days::new(7);
        // Local time is never more than a day away from UTC, and nowhere do clocks change and change back within six days.
        let offset = |date: NaiveDate| self.zone.offset_from_utc_datetime(&date.and_time(NaiveTime::MIN)).fix();
        let before = offset(monday - Days::new(1));
        if [3, 8].iter().any(|days| offset(monday + Days::new(*days)) != before) {
            return self.worked_on(monday, next, start, end);
        }
        let working_days = self.days.iter().filter(|works| **works).count();
        let free = self.holidays.range(monday..next).filter(|date| self.works_on_weekday(**date)).count();
        let days = i32::try_from(working_days - free).unwrap_or_default();
        Duration::minutes(i64::from(self.to) - i64::from(self.from)) * days
    }

    /// The working hours, day by day, that end after `from`.
    fn stretches(&self, from: Timestamp) -> impl Iterator<Item = Stretch> {
        let hours = |date| self.has_work_on(date).then(|| (self.at_minute(date, self.from), self.at_minute(date, self.to)));
        // A spring clock change can swallow the whole of short hours at night.
        let of_use = move |(opening, closing): &Stretch| opening < closing && *closing > from;
        self.dates_from(self.local(from).date()).filter_map(hours).filter(of_use)
    }

    /// `date` and the days after it, as far as there may be work.
    fn dates_from(&self, date: NaiveDate) -> impl Iterator<Item = NaiveDate> {
        let last = if self.works_at_all() { LAST.date_naive() } else { NaiveDate::MIN };
        date.iter_days().take_while(move |date| *date <= last)
    }

    /// The days before `date`, latest first, as far as there may be work.
    fn dates_before(&self, date: NaiveDate) -> impl Iterator<Item = NaiveDate> {
        let first = if self.works_at_all() { Timestamp::UNIX_EPOCH.date_naive() } else { NaiveDate::MAX };
        std::iter::successors(date.pred_opt(), NaiveDate::pred_opt).take_while(move |date| *date >= first)
    }

    fn works_at_all(&self) -> bool {
        self.days.contains(&true) && self.from < self.to
    }

    fn has_work_on(&self, date: NaiveDate) -> bool {
        self.works_on_weekday(date) && !self.holidays.contains(&date)
    }

    fn works_on_weekday(&self, date: NaiveDate) -> bool {
        let weekday = date.weekday().num_days_from_monday() as usize;
        self.days.get(weekday).is_some_and(|works| *works)
    }

    fn is_round_the_clock(&self) -> bool {
        self.from == 0 && self.to >= 1_440 && !self.days.contains(&false)
    }

    /// Whether the team works round the clock and has no holidays left.
    fn never_closes_from(&self, at: Timestamp) -> bool {
        self.is_round_the_clock() && self.holidays.range(self.local(at).date()..).next().is_none()
    }

    fn local(&self, at: Timestamp) -> NaiveDateTime {
        at.with_timezone(&self.zone).naive_local()
    }

    fn at_minute(&self, date: NaiveDate, minute: u32) -> Timestamp {
        self.moment(date.and_time(NaiveTime::MIN) + Duration::minutes(minute.into()))
    }

    /// When the team's clock shows `local`.
    fn moment(&self, local: NaiveDateTime) -> Timestamp {
        within(self.zone.first_moment_from(local))
    }
}

fn within(at: Timestamp) -> Timestamp {
    at.clamp(Timestamp::UNIX_EPOCH, LAST)
}

fn never(at: Timestamp) -> Timestamp {
    within(at + NEVER)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::zone::zone;

    const ZONES: [&str; 5] = ["Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "America/St_Johns"];

    fn london() -> Calendar {
        Calendar {
            days: [true, true, true, true, true, false, false],
            from: 10 * 60,
            to: 18 * 60,
            zone: zone("Europe/London"),
            holidays: BTreeSet::new(),
        }
    }

    fn round_the_clock() -> Calendar {
        Calendar { days: [true; 7], from: 0, to: 1_440, ..london() }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn working_hours_begin_with_their_first_moment_and_end_before_their_last() {
        let table = [
            ("2026-11-20T09:59:59Z", false),
            ("2026-11-20T10:00:00Z", true),
            ("2026-11-20T17:59:59Z", true),
            ("2026-11-20T18:00:00Z", false),
            ("2026-11-21T12:00:00Z", false),
            ("2026-07-10T09:00:00Z", true),
            ("2026-07-10T17:00:00Z", false),
        ];
        for (moment, working) in table {
            assert_eq!(london().is_working(at(moment)), working, "{moment}");
        }
    }

    #[test]
    fn openings_and_closings_skip_weekends_and_holidays() {
        let calendar = Calendar { holidays: BTreeSet::from([date("2026-11-23")]), ..london() };
        assert_eq!(calendar.next_opening(at("2026-11-20T18:00:00Z")), at("2026-11-24T10:00:00Z"));
        assert_eq!(calendar.next_opening(at("2026-11-20T17:59:59Z")), at("2026-11-20T17:59:59Z"));
        assert_eq!(calendar.next_closing(at("2026-11-20T10:00:00Z")), at("2026-11-20T18:00:00Z"));
        assert_eq!(calendar.next_closing(at("2026-11-23T12:00:00Z")), at("2026-11-23T12:00:00Z"));
        assert_eq!(calendar.end_of(date("2026-11-24")), at("2026-11-24T18:00:00Z"));
    }

    #[test]
    fn time_out_of_hours_excludes_working_hours() {
        let calendar = london();
        let half_an_hour = Duration::minutes(30);
        let table = [
            // Friday evening, as in the guide.
            ("2026-11-20T17:45:00Z", half_an_hour, "2026-11-20T18:30:00Z"),
            ("2026-11-20T19:00:00Z", half_an_hour, "2026-11-20T19:30:00Z"),
            // Monday morning: fifteen minutes before work, fifteen after.
            ("2026-11-23T09:45:00Z", half_an_hour, "2026-11-23T18:15:00Z"),
            // Reached exactly at opening time.
            ("2026-11-23T09:30:00Z", half_an_hour, "2026-11-23T10:00:00Z"),
            ("2026-11-23T10:00:00Z", half_an_hour, "2026-11-23T18:30:00Z"),
            // The weekend on which the clocks go back is an hour longer.
            ("2026-10-23T17:00:00Z", Duration::hours(65), "2026-10-26T10:00:00Z"),
            ("2026-03-27T18:00:00Z", Duration::hours(63), "2026-03-30T09:00:00Z"),
        ];
        for (start, span, reached) in table {
            assert_eq!(calendar.after_out_of_hours(at(start), span), at(reached), "{start} + {span}");
            assert_eq!(calendar.out_of_hours_between(at(start), at(reached)), span, "{start} to {reached}");
        }
        assert_eq!(calendar.out_of_hours_between(at("2026-11-23T19:00:00Z"), at("2026-11-23T18:00:00Z")), Duration::zero());
    }

    /// The time out of hours from `start` to `end`, computed day by day.
    fn walked(calendar: &Calendar, start: Timestamp, end: Timestamp) -> Duration {
        let stretches = calendar.stretches(start).take_while(|(opening, _)| *opening < end);
        stretches.fold(end - start, |left, (opening, closing)| left - (closing.min(end) - opening.max(start)))
    }

    #[test]
    fn clocks_that_change_and_change_back_within_a_week_are_handled() {
        // Recife tried summer time for an hour less than seven days; Gaza's pauses for Ramadan will be as short.
        let table = [("America/Recife", "2000-09-01T12:00:00Z"), ("Asia/Gaza", "2040-09-01T12:00:00Z")];
        for (name, start) in table {
            let nights = Calendar { days: [true; 7], from: 0, to: 60, zone: zone(name), ..london() };
            for hours in 0..7 * 24 {
                let (start, end) = (at(start) + Duration::hours(hours), at(start) + Duration::days(90));
                assert_eq!(nights.out_of_hours_between(start, end), walked(&nights, start, end), "{name} {start}");
            }
        }
    }

    #[test]
    fn working_days_keep_the_time_of_day_and_start_in_working_hours() {
        let calendar = Calendar { holidays: BTreeSet::from([date("2026-12-25"), date("2026-12-28")]), ..london() };
        let table = [
            ("2026-11-21T03:00:00Z", 1, "2026-11-24T10:00:00Z"),
            ("2026-11-21T03:00:00Z", 0, "2026-11-23T10:00:00Z"),
            ("2026-11-20T15:20:10Z", 1, "2026-11-23T15:20:10Z"),
            ("2026-11-20T18:00:00Z", 1, "2026-11-24T10:00:00Z"),
            ("2026-12-24T12:00:00Z", 1, "2026-12-29T12:00:00Z"),
            ("2026-11-24T10:00:00Z", -2, "2026-11-20T10:00:00Z"),
            ("2026-11-22T10:00:00Z", -1, "2026-11-20T10:00:00Z"),
            // Across both clock changes.
            ("2026-03-27T10:00:00Z", 1, "2026-03-30T09:00:00Z"),
            ("2026-10-23T09:00:00Z", 1, "2026-10-26T10:00:00Z"),
        ];
        for (start, days, reached) in table {
            assert_eq!(calendar.plus_working_days(at(start), days), at(reached), "{start} {days:+}");
        }
    }

    #[test]
    fn a_week_keeps_the_local_time_across_clock_changes() {
        let calendar = london();
        assert_eq!(calendar.plus_on_the_wall(at("2026-03-27T15:30:00Z"), Duration::days(7)), at("2026-04-03T14:30:00Z"));
        assert_eq!(calendar.plus_on_the_wall(at("2026-10-24T15:30:00Z"), Duration::hours(25)), at("2026-10-25T17:30:00Z"));
        assert_eq!(calendar.plus_on_the_wall(at("2026-10-25T00:30:00Z"), Duration::hours(1)), at("2026-10-25T01:30:00Z"));
        assert_eq!(calendar.plus_on_the_wall(at("2026-04-03T14:30:00Z"), Duration::days(-7)), at("2026-03-27T15:30:00Z"));
    }

    #[test]
    fn a_skipped_time_moves_forward_and_a_repeated_time_means_the_earlier_one() {
        let nights = Calendar { days: [true; 7], from: 90, to: 150, ..london() };
        assert_eq!(nights.next_opening(at("2026-03-29T00:00:00Z")), at("2026-03-29T01:00:00Z"));
        assert_eq!(nights.next_opening(at("2026-10-24T22:00:00Z")), at("2026-10-25T00:30:00Z"));
        let swallowed = Calendar { from: 70, to: 110, ..nights };
        assert_eq!(swallowed.next_opening(at("2026-03-28T23:00:00Z")), at("2026-03-30T00:10:00Z"));
        // The Friday that Samoa skipped.
        let samoa = Calendar { zone: zone("Pacific/Apia"), ..london() };
        assert_eq!(samoa.end_of(date("2011-12-30")), at("2011-12-30T10:00:00Z"));
        assert_eq!(samoa.next_opening(at("2011-12-30T04:00:00Z")), at("2012-01-01T20:00:00Z"));
    }

    #[test]
    fn a_team_that_works_round_the_clock_is_only_out_of_hours_on_holidays() {
        let start = at("2026-11-20T17:45:00Z");
        assert!(round_the_clock().is_working(start));
        assert_eq!(round_the_clock().next_closing(start), start + NEVER);
        assert_eq!(round_the_clock().after_out_of_hours(start, Duration::days(400)), start + NEVER + Duration::days(400));
        assert_eq!(round_the_clock().out_of_hours_between(start, start + Duration::days(400)), Duration::zero());
        let christmas = Calendar { holidays: BTreeSet::from([date("2026-12-25")]), ..round_the_clock() };
        assert_eq!(christmas.next_closing(start), at("2026-12-25T00:00:00Z"));
        assert_eq!(christmas.after_out_of_hours(start, Duration::hours(2)), at("2026-12-25T02:00:00Z"));
        assert_eq!(christmas.after_out_of_hours(start, Duration::hours(25)), at("2026-12-26T01:00:00Z") + NEVER);
    }

    #[test]
    fn a_team_that_never_works_gets_an_answer() {
        let start = at("2026-11-20T17:45:00Z");
        for never in [Calendar { days: [false; 7], ..london() }, Calendar { from: 700, to: 600, ..london() }] {
            assert!(!never.is_working(start));
            assert_eq!(never.next_opening(start), start + NEVER);
            assert_eq!(never.next_closing(start), start);
            assert_eq!(never.after_out_of_hours(start, Duration::hours(5)), start + Duration::hours(5));
            assert!(never.plus_working_days(start, 3) >= start);
            assert!(never.plus_working_days(start, i32::MIN) <= start + NEVER);
        }
    }

    #[test]
    fn nothing_breaks_at_the_ends_of_time() {
        for calendar in [london(), round_the_clock(), Calendar { days: [false; 7], ..london() }] {
            for moment in [Timestamp::MIN_UTC, Timestamp::UNIX_EPOCH, LAST, Timestamp::MAX_UTC] {
                for span in [Duration::MIN, Duration::zero(), Duration::days(365), Duration::MAX] {
                    assert!(calendar.after_out_of_hours(moment, span) <= LAST);
                    assert!(calendar.plus_on_the_wall(moment, span) <= LAST);
                }
                for days in [i32::MIN, -1, 0, 1, i32::MAX] {
                    assert!(calendar.plus_working_days(moment, days) <= LAST);
                }
                assert!(calendar.out_of_hours_between(Timestamp::MIN_UTC, moment) >= Duration::zero());
            }
            assert!(calendar.end_of(NaiveDate::MAX) == LAST && calendar.end_of(NaiveDate::MIN) < at("1970-01-02T00:00:00Z"));
        }
    }

    /// Any time from 2020 to 2035, to the second.
    fn moments() -> impl Strategy<Value = Timestamp> {
        (1_577_836_800_i64..2_051_222_400).prop_map(|seconds| Timestamp::from_timestamp(seconds, 0).unwrap())
    }

    /// Working hours in the daytime, because clocks change at night.
    fn calendars() -> impl Strategy<Value = Calendar> {
        let days = prop::array::uniform7(any::<bool>()).prop_filter("works at all", |days| days.contains(&true));
        let holidays =
            prop::collection::btree_set((18_262_i32..23_700).prop_map(|day| date("1970-01-01") + Duration::days(day.into())), 0..20);
        (days, 300_u32..700, 701_u32..1_380, prop::sample::select(&ZONES[..]).prop_map(zone), holidays)
            .prop_map(|(days, from, to, zone, holidays)| Calendar { days, from, to, zone, holidays })
    }

    fn seconds(up_to: i64) -> impl Strategy<Value = Duration> {
        (0..up_to).prop_map(Duration::seconds)
    }

    proptest! {
        #[test]
        fn time_out_of_hours_adds_up(calendar in calendars(), start in moments(), first in seconds(4_000_000), second in seconds(4_000_000)) {
            let (middle, end) = (start + first, start + first + second);
            let parts = calendar.out_of_hours_between(start, middle) + calendar.out_of_hours_between(middle, end);
            let whole = calendar.out_of_hours_between(start, end);
            prop_assert_eq!(parts, whole);
            prop_assert!(whole <= end - start && whole >= calendar.out_of_hours_between(start, middle));
        }

        #[test]
        fn whole_weeks_add_up_to_their_days(
            from in 0..1_440_u32, length in 1..1_440_u32, days in prop::array::uniform7(any::<bool>()), any_hours in calendars(),
            zone in prop::sample::select(crate::zone::all()), start in moments(), span in seconds(3 * 365 * 86_400),
        ) {
            let calendar = Calendar { from, to: (from + length).min(1_440), days, zone, ..any_hours };
            let end = start + span;
            prop_assert_eq!(calendar.out_of_hours_between(start, end), walked(&calendar, start, end));
            let span = walked(&calendar, start, end);
            let reached = calendar.after_out_of_hours(start, span + Duration::seconds(1));
            if reached < LAST && !calendar.is_round_the_clock() {
                prop_assert_eq!(walked(&calendar, start, reached), span + Duration::seconds(1));
                prop_assert_eq!(walked(&calendar, start, reached - Duration::seconds(1)), span);
            }
        }

        #[test]
        fn time_out_of_hours_is_reached_at_the_first_moment(calendar in calendars(), start in moments(), span in seconds(2_000_000)) {
            let reached = calendar.after_out_of_hours(start, span + Duration::seconds(1));
            prop_assert_eq!(calendar.out_of_hours_between(start, reached), span + Duration::seconds(1));
            prop_assert_eq!(calendar.out_of_hours_between(start, reached - Duration::seconds(1)), span);
        }

        #[test]
        fn an_opening_is_the_first_moment_of_work_and_a_closing_the_first_without(calendar in calendars(), start in moments()) {
            let (opening, closing) = (calendar.next_opening(start), calendar.next_closing(start));
            prop_assert!(calendar.is_working(opening) && !calendar.is_working(closing));
            prop_assert!(opening == start || !calendar.is_working(opening - Duration::seconds(1)));
            prop_assert!(closing == start || calendar.is_working(closing - Duration::seconds(1)));
            prop_assert_eq!(calendar.out_of_hours_between(start, opening), opening - start);
            prop_assert_eq!(calendar.out_of_hours_between(start, closing), Duration::zero());
        }

        #[test]
        fn working_days_go_forward_in_order_and_keep_the_local_time(
            calendar in calendars(), start in moments(), later in seconds(1_000_000), days in 0..40_i32,
        ) {
            let reached = calendar.plus_working_days(start, days);
            prop_assert!(reached >= start && calendar.is_working(reached));
            prop_assert!(calendar.plus_working_days(start + later, days) >= reached);
            let opening = calendar.next_opening(start);
            prop_assert_eq!(calendar.local(reached).time(), calendar.local(opening).time());
            prop_assert_eq!(calendar.plus_working_days(reached, -days), opening);
        }

        #[test]
        fn calendar_days_keep_the_local_time(calendar in calendars(), start in moments(), days in 0..400_i64) {
            let opening = calendar.next_opening(start);
            let reached = calendar.plus_on_the_wall(opening, Duration::days(days));
            prop_assert_eq!(calendar.local(reached), calendar.local(opening) + Duration::days(days));
        }

        #[test]
        fn any_hours_and_any_zone_work(
            from in 0..1_500_u32, to in 0..1_500_u32, days in prop::array::uniform7(any::<bool>()),
            zone in prop::sample::select(crate::zone::all()), start in 0..8_000_000_000_i64, span in seconds(10_000_000),
        ) {
            let calendar = Calendar { days, from, to, zone, holidays: BTreeSet::new() };
            let start = Timestamp::from_timestamp(start, 0).unwrap();
            let reached = calendar.after_out_of_hours(start, span);
            prop_assert!(reached >= start.min(LAST));
            prop_assert!(calendar.out_of_hours_between(start, reached) <= span);
            prop_assert!(calendar.plus_working_days(start, 1) >= start.min(LAST));
        }
    }
}
