//! Series: their exceptions, further dates, odd ends, and zones of the calendar's own.

use super::*;

/// The series of the tests of exceptions: Kim on four Mondays in July from ten to six.
const SERIES: [&str; 5] = [
    "SUMMARY:Kim",
    "SEQUENCE:5",
    "DTSTART;TZID=Europe/London:20260706T100000",
    "DTEND;TZID=Europe/London:20260706T180000",
    "RRULE:FREQ=WEEKLY;COUNT=4",
];

/// Who has which shifts according to events with one UID, `Kim 07-06T09:00 07-06T17:00`; or why there is none.
fn shifts(parts: &[&[&str]]) -> Vec<String> {
    let lines: Vec<&str> =
        parts.iter().flat_map(|part| ["BEGIN:VEVENT", "UID:1"].into_iter().chain(part.iter().copied()).chain(["END:VEVENT"])).collect();
    let mut words: Vec<String> = Vec::new();
    for event in events(&lines) {
        words.extend(self::words(std::slice::from_ref(&event)).into_iter().map(|word| format!("{} {word}", event.summary)));
    }
    words.sort_unstable_by(|one, other| one.split_once(' ').map(|(_, word)| word).cmp(&other.split_once(' ').map(|(_, word)| word)));
    words
}

/// What the series gives, with the shifts of some Mondays replaced.
fn series_but(replaced: &[(usize, &[&str])]) -> Vec<String> {
    let mut shifts: Vec<Vec<String>> =
        ["07-06", "07-13", "07-20", "07-27"].map(|day| vec![format!("Kim {day}T09:00 {day}T17:00")]).to_vec();
    for (monday, with) in replaced {
        shifts[*monday] = with.iter().map(|text| (*text).to_owned()).collect();
    }
    shifts.concat()
}

#[test]
fn of_two_exceptions_for_one_occurrence_the_later_version_counts_in_any_order() {
    let of = "RECURRENCE-ID;TZID=Europe/London:20260713T100000";
    let times = ["DTSTART;TZID=Europe/London:20260713T120000", "DURATION:PT2H"];
    for (later, earlier) in [
        (&["SEQUENCE:7"][..], &["SEQUENCE:6", "LAST-MODIFIED:20260701T000000Z"][..]),
        (&["SEQUENCE:1"], &[]),
        (&["LAST-MODIFIED:20260602T000000Z"], &["LAST-MODIFIED:20260601T000000Z", "DTSTAMP:20260701T000000Z"]),
        (&["DTSTAMP:20260602T000000Z"], &["DTSTAMP:20260601T000000Z"]),
    ] {
        let sam = [&["SUMMARY:Sam", of], &times[..], later].concat();
        let alex = [&["SUMMARY:Alex", of], &times[..], earlier].concat();
        for order in [[&SERIES[..], &sam, &alex], [&alex, &SERIES, &sam], [&sam, &alex, &SERIES]] {
            assert_eq!(shifts(&order), series_but(&[(1, &["Sam 07-13T11:00 07-13T13:00"])]), "{later:?} {earlier:?}");
        }
        // The later one may cancel the shift, or give it back.
        let cancelled = [&["STATUS:CANCELLED", of], later].concat();
        assert_eq!(shifts(&[&SERIES, &cancelled, &alex]), series_but(&[(1, &[])]));
        let cancelled = [&["STATUS:CANCELLED", of], earlier].concat();
        assert_eq!(shifts(&[&SERIES, &sam, &cancelled]), series_but(&[(1, &["Sam 07-13T11:00 07-13T13:00"])]));
    }
}

#[test]
fn an_exception_is_one_occurrence_whatever_it_says_of_recurring() {
    let sam = [
        "SUMMARY:Sam",
        "RECURRENCE-ID:20260713T090000Z",
        "DTSTART:20260713T110000Z",
        "DURATION:PT2H",
        "RRULE:FREQ=DAILY;COUNT=5",
        "RDATE:20260801T110000Z",
        "EXDATE:20260713T110000Z",
    ];
    assert_eq!(shifts(&[&SERIES, &sam]), series_but(&[(1, &["Sam 07-13T11:00 07-13T13:00"])]));
}

#[test]
fn an_exception_that_cannot_be_read_is_passed_over_alone() {
    for (lines, reason) in [
        (&["RECURRENCE-ID:20260713T090000Z", "DTSTART:20260713T110000Z"][..], "It has no end."),
        (&["RECURRENCE-ID:20260713T090000Z", "DTSTART:soon", "DURATION:PT1H"], "Its start can't be read."),
        (&["RECURRENCE-ID:20260713T090000Z", "DTSTART:20260713T110000Z", "DTEND:20260713T110000Z"], "It ends before it begins."),
        (&["RECURRENCE-ID:20260713T090000Z", "DURATION:PT1H"], "It has no start."),
        (&["RECURRENCE-ID:soon", "DTSTART:20260713T110000Z", "DURATION:PT1H"], "One of its times can't be read."),
    ] {
        let broken = [&["SUMMARY:Sam", "SEQUENCE:9"], lines].concat();
        for order in [[&SERIES[..], &broken], [&broken, &SERIES]] {
            let mut expected = series_but(&[]);
            expected.push(format!("Sam {reason}"));
            assert_eq!(shifts(&order), expected);
        }
    }
    // An earlier version that can be read counts; a later one replaces one that can't.
    let alex = ["SUMMARY:Alex", "SEQUENCE:8", "RECURRENCE-ID:20260713T090000Z", "DTSTART:20260713T110000Z", "DURATION:PT1H"];
    let broken = ["SUMMARY:Sam", "SEQUENCE:7", "RECURRENCE-ID:20260713T090000Z", "DTSTART:20260713T110000Z"];
    assert_eq!(shifts(&[&SERIES, &alex, &broken]), series_but(&[(1, &["Alex 07-13T11:00 07-13T12:00"])]));
}

#[test]
fn an_exception_of_an_occurrence_that_the_series_leaves_out_is_none() {
    let series = [&SERIES[..], &["EXDATE;TZID=Europe/London:20260713T100000"]].concat();
    let sam = ["SUMMARY:Sam", "RECURRENCE-ID:20260713T090000Z", "DTSTART:20260713T110000Z", "DURATION:PT2H"];
    assert_eq!(shifts(&[&series, &sam]), series_but(&[(1, &[])]));
}

#[test]
fn further_dates_are_occurrences_like_others() {
    let start = ["SUMMARY:Kim", "DTSTART:20260701T100000Z", "DURATION:PT8H"];
    let kim = |days: &[&str]| days.iter().map(|day| format!("Kim {day}T10:00 {day}T18:00")).collect::<Vec<_>>();
    for (lines, expected) in [
        // Twice is once, also in other words and by the rule.
        (&["RDATE:20260708T100000Z,20260708T100000Z", "RDATE;TZID=Europe/London:20260708T110000"][..], &["07-01", "07-08"][..]),
        (&["RRULE:FREQ=WEEKLY;COUNT=2", "RDATE:20260708T100000Z"], &["07-01", "07-08"]),
        (&["RDATE:20260708T100000Z,20260709T100000Z", "EXDATE:20260708T100000Z"], &["07-01", "07-09"]),
        (&["RDATE:20260708T100000Z", "EXDATE;VALUE=DATE:20260708,20260701"], &[]),
        (&["RDATE;VALUE=DATE:20260708"], &["07-01", "07-08"]),
        (&["RDATE;VALUE=PERIOD:20260708T100000Z/PT8H,20260709T100000Z/20260709T180000Z"], &["07-01", "07-08", "07-09"]),
    ] {
        assert_eq!(shifts(&[&[&start[..], lines].concat()]), kim(expected), "{lines:?}");
    }
    let series = [&start[..], &["RDATE:20260708T100000Z,20260709T100000Z"]].concat();
    let moved = ["SUMMARY:Sam", "RECURRENCE-ID:20260708T100000Z", "DTSTART:20260708T120000Z", "DURATION:PT1H"];
    assert_eq!(shifts(&[&series, &moved]), ["Kim 07-01T10:00 07-01T18:00", "Sam 07-08T12:00 07-08T13:00", "Kim 07-09T10:00 07-09T18:00"]);
    assert_eq!(shifts(&[&series, &["STATUS:CANCELLED", "RECURRENCE-ID:20260708T100000Z"]]), kim(&["07-01", "07-09"]));
    // Of another length.
    let short = [&start[..], &["RDATE;VALUE=PERIOD:20260708T100000Z/PT2H"]].concat();
    assert_eq!(shifts(&[&short])[1], "Kim 07-08T10:00 07-08T12:00");
}

#[test]
fn dates_left_out_are_days_on_the_wall() {
    // Half past midnight in London is the day before in UTC.
    let night = ["DTSTART;TZID=Europe/London:20260701T003000", "DURATION:PT8H", "RRULE:FREQ=DAILY;COUNT=3"];
    for (left_out, expected) in [
        ("EXDATE;VALUE=DATE:20260702", ["06-30T23:30 07-01T07:30", "07-02T23:30 07-03T07:30"]),
        ("EXDATE:20260702", ["06-30T23:30 07-01T07:30", "07-02T23:30 07-03T07:30"]),
        ("EXDATE:20260701T233000Z", ["06-30T23:30 07-01T07:30", "07-02T23:30 07-03T07:30"]),
        ("EXDATE;TZID=Europe/Berlin:20260702T013000", ["06-30T23:30 07-01T07:30", "07-02T23:30 07-03T07:30"]),
    ] {
        assert_eq!(times(&[&night[..], &[left_out]].concat()), expected, "{left_out}");
    }
    let days = ["DTSTART;VALUE=DATE:20260701", "RRULE:FREQ=DAILY;COUNT=3"];
    for left_out in [
        "EXDATE;VALUE=DATE:20260702",
        "EXDATE:20260702T000000Z",
        "EXDATE;TZID=America/New_York:20260702T000000",
        "EXDATE:20260702T000000",
        "EXDATE:20260701T230000Z",
    ] {
        assert_eq!(times(&[&days[..], &[left_out]].concat()), ["06-30T23:00 07-01T23:00", "07-02T23:00 07-03T23:00"], "{left_out}");
    }
}

#[test]
fn an_exception_may_change_all_that_follow() {
    let sam =
        |lines: &[&'static str]| [&["SUMMARY:Sam", "RECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Europe/London:20260713T100000"], lines].concat();
    let later = sam(&["DTSTART;TZID=Europe/London:20260714T120000", "DTEND;TZID=Europe/London:20260714T140000"]);
    let moved = [(1, &["Sam 07-14T11:00 07-14T13:00"][..]), (2, &["Sam 07-21T11:00 07-21T13:00"]), (3, &["Sam 07-28T11:00 07-28T13:00"])];
    for order in [[&SERIES[..], &later], [&later, &SERIES]] {
        assert_eq!(shifts(&order), series_but(&moved));
    }
    // A later exception, by the original time or by that of the range.
    for of in ["RECURRENCE-ID:20260720T090000Z", "RECURRENCE-ID:20260721T110000Z"] {
        let alex = ["SUMMARY:Alex", of, "DTSTART:20260722T090000Z", "DURATION:PT1H"];
        assert_eq!(shifts(&[&SERIES, &later, &alex]), series_but(&[moved[0], (2, &["Alex 07-22T09:00 07-22T10:00"]), moved[2]]));
        assert_eq!(shifts(&[&SERIES, &later, &["STATUS:CANCELLED", of]]), series_but(&[moved[0], (2, &[]), moved[2]]));
    }
    // A second range.
    let second =
        ["SUMMARY:Alex", "RECURRENCE-ID;RANGE=THISANDFUTURE:20260727T090000Z", "DTSTART:20260727T090000Z", "DTEND:20260727T100000Z"];
    assert_eq!(shifts(&[&second, &SERIES, &later]), series_but(&[moved[0], moved[1], (3, &["Alex 07-27T09:00 07-27T10:00"])]));
    // The end of the series.
    let cancelled = ["STATUS:CANCELLED", "RECURRENCE-ID;RANGE=THISANDFUTURE:20260720T090000Z"];
    assert_eq!(shifts(&[&SERIES, &cancelled]), series_but(&[(2, &[]), (3, &[])]));
    assert_eq!(shifts(&[&SERIES, &later, &cancelled]), series_but(&[moved[0], (2, &[]), (3, &[])]));
    // What the series leaves out stays out, and so does what one can't read.
    let without = [&SERIES[..], &["EXDATE:20260720T090000Z"]].concat();
    assert_eq!(shifts(&[&without, &later]), series_but(&[moved[0], (2, &[]), moved[2]]));
    let prior = ["SUMMARY:Sam", "RECURRENCE-ID;RANGE=THISANDPRIOR:20260713T090000Z", "DTSTART:20260713T090000Z", "DURATION:PT1H"];
    assert!(shifts(&[&SERIES, &prior])[4].contains("RFC 5545 no longer has"));
}

/// A shift moved by months is found although its original time is outside the requested time.
#[test]
fn what_a_range_moves_into_the_requested_time_is_found() {
    let series = ["SUMMARY:Kim", "DTSTART:20251201T100000Z", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;COUNT=3"];
    let moved = ["SUMMARY:Sam", "RECURRENCE-ID;RANGE=THISANDFUTURE:20251208T100000Z", "DTSTART:20260701T100000Z", "DURATION:PT1H"];
    assert_eq!(shifts(&[&series, &moved]), ["Sam 07-01T10:00 07-01T11:00", "Sam 07-08T10:00 07-08T11:00"]);
}

#[test]
fn of_several_versions_of_an_event_the_latest_counts() {
    let kim = ["SUMMARY:Kim", "SEQUENCE:2", "DTSTART:20260701T100000Z", "DURATION:PT1H"];
    let sam = ["SUMMARY:Sam", "SEQUENCE:1", "DTSTART:20260702T100000Z", "DURATION:PT1H"];
    assert_eq!(shifts(&[&kim, &sam]), ["Kim 07-01T10:00 07-01T11:00"]);
    assert_eq!(shifts(&[&sam, &kim]), ["Kim 07-01T10:00 07-01T11:00"]);
    // Some programs give all events one UID; then none is a version of another.
    let alex = ["SUMMARY:Alex", "SEQUENCE:2", "DTSTART:20260702T100000Z", "DURATION:PT1H"];
    assert_eq!(shifts(&[&kim, &alex]), ["Kim 07-01T10:00 07-01T11:00", "Alex 07-02T10:00 07-02T11:00"]);
}

#[test]
fn the_last_time_of_a_series_may_be_odd() {
    for (lines, expected) in [
        // Before the first: none at all.
        (&["DTSTART:20260701T100000Z", "DURATION:PT8H", "RRULE:FREQ=DAILY;UNTIL=20260630T100000Z"][..], &[][..]),
        (&["DTSTART;VALUE=DATE:20260701", "RRULE:FREQ=DAILY;UNTIL=20260630"], &[]),
        // In UTC, of whole days: its date.
        (
            &["DTSTART;VALUE=DATE:20260701", "RRULE:FREQ=DAILY;UNTIL=20260702T000000Z"],
            &["06-30T23:00 07-01T23:00", "07-01T23:00 07-02T23:00"],
        ),
        (&["DTSTART;VALUE=DATE:20260701", "RRULE:FREQ=DAILY;UNTIL=20260701T230000Z"], &["06-30T23:00 07-01T23:00"]),
        // Without a zone: that of the start.
        (
            &["DTSTART;TZID=America/New_York:20260701T200000", "DURATION:PT1H", "RRULE:FREQ=DAILY;UNTIL=20260702T200000"],
            &["07-02T00:00 07-02T01:00", "07-03T00:00 07-03T01:00"],
        ),
    ] {
        assert_eq!(times(lines), expected, "{lines:?}");
    }
}

/// Checked with recurring-ical-events 3.8.2 and ical.js 2.2, except where they disagree.
#[test]
fn rules_fall_when_they_say() {
    for (rule, expected) in [
        ("FREQ=MONTHLY;BYMONTHDAY=31;COUNT=3", "05-31 07-31 08-31"),
        ("FREQ=MONTHLY;BYDAY=-1SU;COUNT=3", "05-31 06-28 07-26"),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=4", "05-31 06-30 07-31 08-31"),
        ("FREQ=MONTHLY;BYDAY=2MO,4MO;COUNT=4", "05-31 06-08 06-22 07-13"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,WE;WKST=SU;COUNT=4", "05-31 06-03 06-14 06-17"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,WE;WKST=MO;COUNT=4", "05-31 06-10 06-14 06-24"),
        ("FREQ=YEARLY;BYMONTH=7,6;BYDAY=1MO;COUNT=3", "05-31 06-01 07-06"),
        ("FREQ=YEARLY;BYWEEKNO=30;COUNT=2", "05-31 07-26"),
        ("FREQ=YEARLY;BYYEARDAY=200,-100;COUNT=3", "05-31 07-19 09-23"),
        ("FREQ=YEARLY;BYDAY=27MO;COUNT=2", "05-31 07-06"),
        ("FREQ=DAILY;INTERVAL=10;COUNT=3", "05-31 06-10 06-20"),
        ("FREQ=DAILY;BYMONTH=7;BYDAY=MO;COUNT=3", "05-31 07-06 07-13"),
        ("FREQ=HOURLY;INTERVAL=36;COUNT=3", "05-31 06-01 06-03"),
        ("FREQ=MINUTELY;INTERVAL=1440;COUNT=3", "05-31 06-01 06-02"),
        ("freq=daily;count=2;", "05-31 06-01"),
        ("RSCALE=GREGORIAN;FREQ=DAILY;SKIP=OMIT;COUNT=2", "05-31 06-01"),
    ] {
        let rule = format!("RRULE:{rule}");
        let days: Vec<String> =
            times(&["DTSTART:20260531T100000Z", "DURATION:PT1H", &rule]).iter().map(|time| time[..5].to_owned()).collect();
        assert_eq!(days.join(" "), expected, "{rule}");
    }
    let twice = times(&["DTSTART:20260531T100000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY;BYHOUR=10,22;COUNT=3"]);
    assert_eq!(twice, ["05-31T10:00 05-31T11:00", "05-31T22:00 05-31T23:00", "06-01T10:00 06-01T11:00"]);
    let hours = times(&["DTSTART:20260531T103000Z", "DURATION:PT1H", "RRULE:FREQ=HOURLY;BYHOUR=8,10;COUNT=3"]);
    assert_eq!(hours, ["05-31T10:30 05-31T11:30", "06-01T08:30 06-01T09:30", "06-01T10:30 06-01T11:30"]);
    for wrong in [
        "COUNT=2",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;BYDAY=XX",
        "FREQ=DAILY;UNTIL=soon",
        "FREQ=MONTHLY;BYMONTHDAY=32",
        "FREQ=DAILY;BYMOON=1",
    ] {
        let rule = format!("RRULE:{wrong}");
        assert_eq!(times(&["DTSTART:20260531T100000Z", "DURATION:PT1H", &rule]), ["How it recurs can't be read."], "{wrong}");
    }
}

#[test]
fn an_end_that_is_given_is_that_moment() {
    for (lines, expected) in [
        // The second half past one of the night on which the clocks go back.
        (&["DTSTART;TZID=Europe/London:20261024T220000", "DTEND:20261025T013000Z"][..], "10-24T21:00 10-25T01:30"),
        (&["DTSTART;VALUE=DATE:20260701", "DTEND:20260702T080000Z"], "06-30T23:00 07-02T08:00"),
        // The clocks skip the start; the end is not before it.
        (&["DTSTART;TZID=Europe/London:20260329T013000", "DURATION:PT45M"], "03-29T01:30 03-29T02:15"),
    ] {
        assert_eq!(times(lines), [expected], "{lines:?}");
    }
    let nights =
        times(&["DTSTART;TZID=Europe/London:20260328T013000", "DTEND;TZID=Europe/London:20260328T021500", "RRULE:FREQ=DAILY;COUNT=2"]);
    assert_eq!(nights, ["03-28T01:30 03-28T02:15", "03-29T01:30 03-29T02:15"]);
}

/// New York's clocks, in the words of Outlook.
const DESCRIBED: [&str; 14] = [
    "BEGIN:STANDARD",
    "DTSTART:16010101T020000",
    "TZOFFSETFROM:-0400",
    "TZOFFSETTO:-0500",
    "RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=1SU;BYMONTH=11",
    "END:STANDARD",
    "BEGIN:DAYLIGHT",
    "DTSTART:16010101T020000",
    "TZOFFSETFROM:-0500",
    "TZOFFSETTO:-0400",
    "RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=2SU;BYMONTH=3",
    "END:DAYLIGHT",
    "END:VTIMEZONE",
    "BEGIN:VEVENT",
];

#[test]
fn a_zone_of_an_unknown_name_means_what_the_calendar_says() {
    for name in ["Customized Time Zone", "GMT-0500", "tzone://Microsoft/Custom", "custom_America/New_York", "\"(UTC-05:00) Somewhere\""] {
        let id = format!("TZID:{}", name.trim_matches('"'));
        let [start, end] = ["DTSTART;TZID=NAME:20260307T100000", "DTEND;TZID=NAME:20260307T180000"].map(|line| line.replace("NAME", name));
        let event = ["SUMMARY:Kim", &start, &end, "RRULE:FREQ=DAILY;COUNT=2", "END:VEVENT"];
        let lines = [&["BEGIN:VTIMEZONE", &id], &DESCRIBED[..], &event].concat();
        assert_eq!(words(&events(&lines)), ["03-07T15:00 03-07T23:00", "03-08T14:00 03-08T22:00"], "{name}");
    }
    // A fixed offset, after the event.
    let fixed = [
        "BEGIN:VEVENT",
        "DTSTART;TZID=GMT+0200:20260701T100000",
        "DURATION:PT1H",
        "END:VEVENT",
        "BEGIN:VTIMEZONE",
        "TZID:GMT+0200",
        "BEGIN:STANDARD",
        "DTSTART:19700101T000000",
        "TZOFFSETFROM:+0200",
        "TZOFFSETTO:+0200",
        "END:STANDARD",
        "END:VTIMEZONE",
    ];
    assert_eq!(words(&events(&fixed)), ["07-01T08:00 07-01T09:00"]);
    // A known name counts as our tables have it.
    let known = fixed.map(|line| line.replace("GMT+0200", "/freeassociation.sourceforge.net/Tzfile/America/New_York"));
    assert_eq!(words(&events(&known.iter().map(String::as_str).collect::<Vec<_>>())), ["07-01T14:00 07-01T15:00"]);
    let broken = fixed.map(|line| line.replace("TZOFFSETFROM:+0200", "TZOFFSETFROM:2"));
    assert!(words(&events(&broken.iter().map(String::as_str).collect::<Vec<_>>()))[0].contains("GMT+0200 is unknown"));
}

#[test]
fn events_of_one_uid_belong_together_across_the_calendars_of_a_file() {
    let lines = [
        "BEGIN:VEVENT",
        "UID:1",
        "DTSTART:20260701T100000Z",
        "DURATION:PT1H",
        "RRULE:FREQ=DAILY;COUNT=2",
        "END:VEVENT",
        "END:VCALENDAR",
        "BEGIN:VCALENDAR",
        "BEGIN:VEVENT",
        "UID:1",
        "STATUS:CANCELLED",
        "RECURRENCE-ID:20260701T100000Z",
        "END:VEVENT",
    ];
    assert_eq!(words(&events(&lines)), ["07-02T10:00 07-02T11:00"]);
}
