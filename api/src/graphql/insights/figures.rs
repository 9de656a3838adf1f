//! Figures of some incidents.

use std::sync::Arc;

use async_graphql::{Description, Object, SimpleObject};
use domain::insights::spread::{ENDS, Spread as Spreading};
use domain::insights::tally::{Figures, InTime as Counts};

/// How a number of times is spread, in seconds. Percentiles are by nearest rank, so each is a time that was really taken.
#[derive(Description)]
pub struct Spread(pub Spreading);

#[Object(use_type_description)]
impl Spread {
    /// How many times are known: of these the rest is told.
    async fn count(&self) -> usize {
        self.0.count
    }
    /// How many there are not: it has not happened, or nobody said when.
    async fn missing(&self) -> usize {
        self.0.missing
    }
    /// How many end before they begin, so that one of the two must be wrong.
    async fn invalid(&self) -> usize {
        self.0.invalid
    }
    /// Half of them are no longer: of an even number, the lower of the middle two. Null if none is known.
    async fn median(&self) -> Option<f64> {
        self.0.median.map(seconds)
    }
    /// Nine in ten of them are no longer. Null if none is known.
    async fn p90(&self) -> Option<f64> {
        self.0.p90.map(seconds)
    }
    /// How many are how long, shortest first.
    async fn histogram(&self) -> Vec<Bar> {
        let ends = ENDS.into_iter().map(Some).chain([None]);
        ends.zip(self.0.histogram).map(|(below, count)| Bar { below: below.map(seconds), count }).collect()
    }
}

#[expect(clippy::cast_precision_loss, reason = "a thousand years are far fewer than 2^52 seconds")]
fn seconds(seconds: i64) -> f64 {
    seconds as f64
}

/// How many times are shorter than so many seconds, and not shorter than those of the bar before.
#[derive(SimpleObject)]
pub struct Bar {
    /// They are shorter than this; null in the last bar, which has all that are longer.
    below: Option<f64>,
    /// How many.
    count: usize,
}

/// How many things were done in time.
#[derive(SimpleObject)]
pub struct InTime {
    /// So many were.
    #[graphql(name = "inTime")]
    on_time: i64,
    /// So many were done late, or were due and not done.
    late: i64,
    /// Of so many nobody knows.
    unknown: i64,
    /// The share of those in time among those of which it is known, 0 to 1; null if it is known of none.
    share: Option<f64>,
}

impl From<Counts> for InTime {
    fn from(counts: Counts) -> Self {
        let Counts { in_time, late, unknown } = counts;
        Self { on_time: in_time, late, unknown, share: counts.share() }
    }
}

/// Figures of some incidents.
#[derive(Clone, Description)]
pub struct IncidentFigures(pub Arc<Figures>);

#[Object(use_type_description)]
impl IncidentFigures {
    /// How many they are.
    async fn incidents(&self) -> usize {
        self.0.incidents
    }
    /// From the report to the declaration.
    async fn time_to_declare(&self) -> Spread {
        Spread(self.0.to_declare.clone())
    }
    /// From the declaration to the first lead.
    async fn time_to_lead(&self) -> Spread {
        Spread(self.0.to_lead.clone())
    }
    /// From the declaration to the first page to second line; missing where nobody called it.
    async fn time_to_second_line(&self) -> Spread {
        Spread(self.0.to_second_line.clone())
    }
    /// From the declaration to the resolution, the last one if it was reopened; missing where it goes on.
    async fn time_to_resolve(&self) -> Spread {
        Spread(self.0.to_resolve.clone())
    }
    /// Summaries for people outside the response.
    async fn summaries(&self) -> InTime {
        self.0.summaries.into()
    }
    /// Updates to affected clients.
    async fn client_updates(&self) -> InTime {
        self.0.client_updates.into()
    }
}
