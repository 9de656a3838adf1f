//! The time along the foot of a picture.

use chrono::{DateTime, Datelike, Duration, DurationRound, Timelike, Utc};

use super::drawing::{Drawing, WIDTH};

/// Between two marks, in minutes: what people count in.
const STEPS: [i64; 14] = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1_440, 2_880, 10_080];
const MOST_MARKS: i64 = 9;
const MARGIN_RIGHT: f64 = 16.0;

pub struct Axis {
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
    /// Where it begins.
    left: f64,
}

impl Axis {
    /// From `from` to `to`, or a minute if there is no time between them.
    pub fn new(from: DateTime<Utc>, to: DateTime<Utc>, left: f64) -> Self {
        Self { from, to: to.max(from + Duration::minutes(1)), left }
    }

    pub fn has(&self, at: DateTime<Utc>) -> bool {
        (self.from..=self.to).contains(&at)
    }

    #[expect(clippy::cast_precision_loss, reason = "a pixel is more than the 53 bits of a second leave out")]
    pub fn x(&self, at: DateTime<Utc>) -> f64 {
        let share = (at - self.from).num_seconds() as f64 / (self.to - self.from).num_seconds() as f64;
        self.left + share.clamp(0.0, 1.0) * (WIDTH - MARGIN_RIGHT - self.left)
    }

    /// Draws the marks of time from `top` to `foot`, and their names below.
    pub fn draw(&self, drawing: &mut Drawing, top: f64, foot: f64) {
        let minutes = (self.to - self.from).num_minutes();
        let step = STEPS.into_iter().find(|step| minutes / step < MOST_MARKS).unwrap_or(minutes / MOST_MARKS + 1);
        let step = Duration::minutes(step);
        let first = self.from.duration_trunc(step).unwrap_or(self.from);
        let marks = (0..).map(|n| first + step * n).take_while(|at| *at <= self.to).filter(|at| self.has(*at));
        for at in marks {
            drawing.line("rule", (self.x(at), top), (self.x(at), foot + 4.0), 1.0);
            drawing.text("soft", (self.x(at), foot + 18.0), "middle", &mark(at));
        }
        drawing.text("soft", (self.left, foot + 36.0), "start", &format!("Times in UTC, {}", self.days()));
    }

    /// From when to when, in words.
    pub fn span(&self) -> String {
        let (from, to) = (self.from.format("%H:%M"), self.to.format("%H:%M"));
        if self.is_a_day() {
            return format!("From {from} to {to} UTC on {}.", day(self.to));
        }
        format!("From {from} UTC on {} to {to} UTC on {}.", day(self.from), day(self.to))
    }

    /// The day, or both days.
    fn days(&self) -> String {
        if self.is_a_day() { day(self.from) } else { format!("{} to {}", day(self.from), day(self.to)) }
    }

    fn is_a_day(&self) -> bool {
        self.from.date_naive() == self.to.date_naive()
    }

    /// `at`, with its day where one may doubt which it is.
    pub fn name(&self, at: DateTime<Utc>) -> String {
        if self.is_a_day() { at.format("%H:%M").to_string() } else { at.format("%-d %b %H:%M").to_string() }
    }
}

/// Midnight is named by its day.
fn mark(at: DateTime<Utc>) -> String {
    if at.hour() == 0 && at.minute() == 0 { format!("{} {}", at.day(), at.format("%b")) } else { at.format("%H:%M").to_string() }
}

fn day(at: DateTime<Utc>) -> String {
    at.format("%-d %B %Y").to_string()
}

/// A length of time in words: `2 h 5 min`.
pub fn length(of: Duration) -> String {
    let (days, hours, minutes) = (of.num_days(), of.num_hours() % 24, of.num_minutes() % 60);
    let parts = [(days, "d"), (hours, "h"), (minutes, "min")];
    let parts: Vec<String> = parts.into_iter().filter(|(n, _)| *n > 0).map(|(n, unit)| format!("{n} {unit}")).collect();
    if parts.is_empty() { "under a minute".to_owned() } else { parts.join(" ") }
}
