//! From what is known of each incident to figures of many. Pure.

use entity::{Severity, Timestamp};

use super::spread::{Spread, Times};

/// Of incidents at the same site within so many days of each other, the later ones are repeats.
pub const REPEAT_SECONDS: i64 = 30 * 24 * 3_600;

/// What figures are made of, of one incident. Times are cut to whole seconds, as files show them.
#[derive(Clone, Copy, Debug)]
pub struct Fact {
    /// The number in `INC-42`.
    pub number: i32,
    /// How bad it is.
    pub severity: Severity,
    /// When it was reported.
    pub reported_at: Timestamp,
    /// When it was declared.
    pub declared_at: Timestamp,
    /// When somebody first led it.
    pub led_at: Option<Timestamp>,
    /// When second line was first paged.
    pub second_line_at: Option<Timestamp>,
    /// When it was resolved.
    pub resolved_at: Option<Timestamp>,
    /// Its summaries.
    pub summaries: InTime,
    /// Its updates to clients.
    pub client_updates: InTime,
}

/// How many things were done in time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InTime {
    /// So many were.
    pub in_time: i64,
    /// So many were done late, or not at all although they were due.
    pub late: i64,
    /// Of so many nobody knows.
    pub unknown: i64,
}

impl InTime {
    /// The share of those in time among those of which it is known; `None` of none.
    pub fn share(&self) -> Option<f64> {
        let known = self.in_time + self.late;
        #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
        (known > 0).then(|| self.in_time as f64 / known as f64)
    }

    pub(super) fn add(&mut self, other: Self) {
        self.in_time += other.in_time;
        self.late += other.late;
        self.unknown += other.unknown;
    }

    /// Counts one.
    pub(super) fn count(&mut self, in_time: Option<bool>) {
        match in_time {
            Some(true) => self.in_time += 1,
            Some(false) => self.late += 1,
            None => self.unknown += 1,
        }
    }
}

/// Figures of some incidents.
#[derive(Clone, Debug, PartialEq)]
pub struct Figures {
    /// How many they are.
    pub incidents: usize,
    /// From the report to the declaration.
    pub to_declare: Spread,
    /// From the declaration to the first lead.
    pub to_lead: Spread,
    /// From the declaration to the first page to second line.
    pub to_second_line: Spread,
    /// From the declaration to the resolution.
    pub to_resolve: Spread,
    /// Summaries.
    pub summaries: InTime,
    /// Updates to clients.
    pub client_updates: InTime,
}

/// Incidents that are being counted.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    incidents: usize,
    to_declare: Times,
    to_lead: Times,
    to_second_line: Times,
    to_resolve: Times,
    summaries: InTime,
    client_updates: InTime,
}

impl Tally {
    /// Counts one more.
    pub fn add(&mut self, fact: &Fact) {
        let seconds = |at: Option<Timestamp>| at.map(|at| at.timestamp());
        let declared = fact.declared_at.timestamp();
        self.incidents += 1;
        self.to_declare.add(fact.reported_at.timestamp(), Some(declared));
        self.to_lead.add(declared, seconds(fact.led_at));
        self.to_second_line.add(declared, seconds(fact.second_line_at));
        self.to_resolve.add(declared, seconds(fact.resolved_at));
        self.summaries.add(fact.summaries);
        self.client_updates.add(fact.client_updates);
    }

    /// What they come to.
    pub fn figures(self) -> Figures {
        Figures {
            incidents: self.incidents,
            to_declare: self.to_declare.spread(),
            to_lead: self.to_lead.spread(),
            to_second_line: self.to_second_line.spread(),
            to_resolve: self.to_resolve.spread(),
            summaries: self.summaries,
            client_updates: self.client_updates,
        }
    }
}

impl<'a> FromIterator<&'a Fact> for Tally {
    fn from_iter<I: IntoIterator<Item = &'a Fact>>(facts: I) -> Self {
        let mut tally = Self::default();
        facts.into_iter().for_each(|fact| tally.add(fact));
        tally
    }
}

/// How many of the incidents declared at these times came within [`REPEAT_SECONDS`] of the one before.
pub fn repeats(mut declared: Vec<i64>) -> usize {
    declared.sort_unstable();
    declared.windows(2).filter(|pair| pair[1] - pair[0] <= REPEAT_SECONDS).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_incident_soon_after_another_is_a_repeat() {
        let day = 24 * 3_600;
        assert_eq!(repeats(vec![]), 0);
        assert_eq!(repeats(vec![0]), 0);
        assert_eq!(repeats(vec![31 * day, 0, 60 * day, 91 * day + 1]), 1);
        assert_eq!(repeats(vec![0, REPEAT_SECONDS]), 1, "just within");
        assert_eq!(repeats(vec![0, REPEAT_SECONDS + 1]), 0, "just beyond");
    }

    #[test]
    fn a_share_is_of_what_is_known() {
        let share = |in_time, late, unknown| InTime { in_time, late, unknown }.share();
        assert_eq!(share(18, 2, 3), Some(0.9));
        assert_eq!(share(0, 0, 5), None);
    }
}
