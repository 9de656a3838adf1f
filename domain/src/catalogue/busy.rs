//! When people rely on a site most (R3), as `Mon-Fri 08:00-20:00; Sat 10:00-16:00`. Pure.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, NaiveDateTime, Timelike};

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
/// Minutes of a day.
const DAY: u32 = 24 * 60;
/// Most stretches of a site; nobody's week needs more.
const STRETCHES: usize = 20;
const FORM: &str = "write days and times such as Mon-Fri 08:00-20:00; Sat 10:00-16:00";

/// The busy hours of a site, in the team's local time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BusyHours(Vec<Busy>);

/// One stretch, on each of its days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Busy {
    /// The first day; Monday is 0.
    first: usize,
    /// The last day; before `first` if the stretch spans the end of the week.
    last: usize,
    /// Minute of the day at which it begins.
    from: u32,
    /// Minute of the day at which it has ended; not after `from` if that is the next day.
    to: u32,
}

impl BusyHours {
    /// Whether `local`, in the team's local time, is busy.
    pub fn contains(&self, local: NaiveDateTime) -> bool {
        let day = local.weekday().num_days_from_monday() as usize;
        let minute = local.hour() * 60 + local.minute();
        self.0.iter().any(|busy| busy.contains(day, minute))
    }
}

impl Busy {
    fn contains(self, day: usize, minute: u32) -> bool {
        let on = |day: usize| (day + 7 - self.first) % 7 <= (self.last + 7 - self.first) % 7;
        if self.from < self.to {
            on(day) && (self.from..self.to).contains(&minute)
        } else {
            // Past midnight: the evening of its day and the morning after.
            (on(day) && minute >= self.from) || (on((day + 6) % 7) && minute < self.to)
        }
    }
}

impl FromStr for BusyHours {
    type Err = String;

    /// Reads what people write.
    ///
    /// # Errors
    /// A sentence that says what is wrong and what would be right.
    fn from_str(text: &str) -> Result<Self, String> {
        let stretches = text.split(';').map(str::trim).filter(|stretch| !stretch.is_empty());
        let stretches = stretches.take(STRETCHES + 1).map(stretch).collect::<Result<Vec<_>, _>>()?;
        match stretches.len() {
            0 => Err(format!("{FORM}.")),
            1..=STRETCHES => Ok(Self(stretches)),
            _ => Err(format!("at most {STRETCHES} periods are allowed.")),
        }
    }
}

fn stretch(text: &str) -> Result<Busy, String> {
    let shown: String = text.chars().take(50).collect();
    let wrong = |what: &str| format!("in {shown:?}, {what}; {FORM}.");
    let (days, times) = text.split_once(char::is_whitespace).ok_or_else(|| wrong("the days or the times are missing"))?;
    let (first, last) = days.split_once('-').unwrap_or((days, days));
    let day = |name: &str| DAYS.iter().position(|day| day.eq_ignore_ascii_case(name.trim()));
    let (Some(first), Some(last)) = (day(first), day(last)) else {
        return Err(wrong("a day is not one of Mon, Tue, Wed, Thu, Fri, Sat, Sun"));
    };
    let (from, to) = times.split_once('-').ok_or_else(|| wrong("the times need a start and an end"))?;
    match (minute(from), minute(to)) {
        (Some(from), Some(to)) if from != to && from < DAY => Ok(Busy { first, last, from, to }),
        (Some(_), Some(_)) => Err(wrong("the start and the end are the same")),
        _ => Err(wrong("a time is not between 00:00 and 24:00")),
    }
}

/// The minute of the day for a time such as `08:30`.
fn minute(text: &str) -> Option<u32> {
    let (hours, minutes) = text.trim().split_once(':')?;
    let number = |digits: &str| digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse::<u32>().ok()).flatten();
    let (hours, minutes) = (number(hours)?, number(minutes).filter(|_| minutes.len() == 2)?);
    let minute = hours.checked_mul(60)? + minutes;
    (minutes < 60 && minute <= DAY).then_some(minute)
}

impl fmt::Display for BusyHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, busy) in self.0.iter().enumerate() {
            let gap = if index == 0 { "" } else { "; " };
            let days =
                if busy.first == busy.last { DAYS[busy.first].to_owned() } else { format!("{}-{}", DAYS[busy.first], DAYS[busy.last]) };
            write!(f, "{gap}{days} {:02}:{:02}-{:02}:{:02}", busy.from / 60, busy.from % 60, busy.to / 60, busy.to % 60)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::*;

    /// 2026-11-16 is a Monday.
    fn local(day: u32, hour: u32, minute: u32) -> NaiveDateTime {
        NaiveDate::from_ymd_opt(2026, 11, 15 + day).unwrap().and_hms_opt(hour, minute, 0).unwrap()
    }

    #[test]
    fn what_people_write_is_normalised() {
        for (written, kept) in [
            ("Mon-Fri 08:00-20:00; Sat 10:00-16:00", "Mon-Fri 08:00-20:00; Sat 10:00-16:00"),
            (" mon - fri 8:00-20:00 ;", ""),
            ("mon-FRI 8:00 - 20:00;", "Mon-Fri 08:00-20:00"),
            ("Sat-Mon 00:00-24:00", "Sat-Mon 00:00-24:00"),
            ("Fri 22:00-02:00", "Fri 22:00-02:00"),
        ] {
            assert_eq!(written.parse::<BusyHours>().map(|hours| hours.to_string()).unwrap_or_default(), kept, "{written}");
        }
    }

    #[test]
    fn malformed_hours_are_refused_with_an_example() {
        let many = "Mon 08:00-09:00;".repeat(STRETCHES + 1);
        for wrong in [
            "",
            ";",
            "always",
            "Mon",
            "08:00-20:00",
            "Mon 08:00",
            "Mon-Fry 08:00-20:00",
            "Mon 08:00-08:00",
            "Mon 24:00-08:00",
            "Mon 08:60-10:00",
            "Mon 08:0-10:00",
            "Mon 25:00-26:00",
            "Mon +8:00-10:00",
            "Mon 99999999999:00-10:00",
            "Mon, Tue 08:00-20:00",
            &many,
        ] {
            let reason = wrong.parse::<BusyHours>().unwrap_err();
            assert!(reason.contains("Mon-Fri 08:00-20:00") || reason.contains("at most"), "{wrong}: {reason}");
        }
    }

    #[test]
    fn a_moment_is_busy_or_not() {
        let busy = |text: &str, at| text.parse::<BusyHours>().unwrap().contains(at);
        for (text, at, expected) in [
            ("Mon-Fri 08:00-20:00", local(1, 8, 0), true),
            ("Mon-Fri 08:00-20:00", local(1, 7, 59), false),
            ("Mon-Fri 08:00-20:00", local(5, 19, 59), true),
            ("Mon-Fri 08:00-20:00", local(5, 20, 0), false),
            ("Mon-Fri 08:00-20:00", local(6, 12, 0), false),
            ("Mon-Fri 08:00-20:00; Sat 10:00-16:00", local(6, 12, 0), true),
            // Across the end of the week.
            ("Sat-Mon 10:00-12:00", local(1, 11, 0), true),
            ("Sat-Mon 10:00-12:00", local(7, 11, 0), true),
            ("Sat-Mon 10:00-12:00", local(3, 11, 0), false),
            // Past midnight.
            ("Fri 22:00-02:00", local(5, 23, 0), true),
            ("Fri 22:00-02:00", local(6, 1, 59), true),
            ("Fri 22:00-02:00", local(6, 2, 0), false),
            ("Fri 22:00-02:00", local(5, 1, 0), false),
            ("Sun 22:00-02:00", local(1, 1, 0), true),
            ("Mon-Sun 00:00-24:00", local(4, 23, 59), true),
        ] {
            assert_eq!(busy(text, at), expected, "{text} {at}");
        }
    }
}
