//! How a number of times is spread. Pure.
//!
//! Percentiles are by nearest rank: the smallest of the known times that at least so many in a hundred do not exceed. So each is a time that
//! was really taken, and the median of an even number of times is the lower of the middle two. Nothing is averaged.

/// The upper ends of all bars of a histogram but the last, which has no end, in seconds: a minute to a quarter of a year.
pub const ENDS: [i64; 14] = [60, 300, 900, 1_800, 3_600, 7_200, 14_400, 28_800, 86_400, 259_200, 604_800, 2_592_000, 5_184_000, 7_776_000];

/// Times in seconds, as they are found.
#[derive(Clone, Debug, Default)]
pub struct Times {
    known: Vec<i64>,
    missing: usize,
    invalid: usize,
}

impl Times {
    /// Adds the time from `start` to `end`, both in seconds. Without an end it is missing; with one before the start, invalid.
    pub fn add(&mut self, start: i64, end: Option<i64>) {
        match end {
            Some(end) if end >= start => self.known.push(end - start),
            Some(_) => self.invalid += 1,
            None => self.missing += 1,
        }
    }

    /// How they are spread.
    pub fn spread(mut self) -> Spread {
        let mut histogram = [0; ENDS.len() + 1];
        for seconds in &self.known {
            histogram[ENDS.partition_point(|end| end <= seconds)] += 1;
        }
        let (count, missing, invalid) = (self.known.len(), self.missing, self.invalid);
        Spread { count, missing, invalid, median: self.percentile(50), p90: self.percentile(90), histogram }
    }

    /// The nearest rank: `None` if no time is known.
    fn percentile(&mut self, percent: usize) -> Option<i64> {
        let rank = (self.known.len() * percent).div_ceil(100).checked_sub(1)?;
        Some(*self.known.select_nth_unstable(rank).1)
    }
}

/// How a number of times is spread, in seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spread {
    /// How many are known.
    pub count: usize,
    /// How many there are not: it has not happened, or nobody said when.
    pub missing: usize,
    /// How many end before they begin, so that one of the two must be wrong.
    pub invalid: usize,
    /// Half of those that are known are no longer.
    pub median: Option<i64>,
    /// Nine in ten of those that are known are no longer.
    pub p90: Option<i64>,
    /// How many are shorter than each of [`ENDS`] and not than the one before; the last are all that are longer.
    pub histogram: [usize; ENDS.len() + 1],
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(ends: &[Option<i64>]) -> Spread {
        let mut times = Times::default();
        for end in ends {
            times.add(0, *end);
        }
        times.spread()
    }

    #[test]
    fn percentiles_are_by_nearest_rank() {
        let first = |count: i64| (1..=count).map(Some).collect::<Vec<_>>();
        for (count, median, p90) in [(1, 1, 1), (2, 1, 2), (3, 2, 3), (4, 2, 4), (10, 5, 9), (11, 6, 10), (100, 50, 90), (101, 51, 91)] {
            let spread = of(&first(count));
            assert_eq!((spread.median, spread.p90), (Some(median), Some(p90)), "of {count}");
        }
    }

    #[test]
    fn what_is_missing_or_wrong_is_counted_and_no_time() {
        let spread = of(&[None, Some(-1), Some(0), None, Some(59), Some(60)]);
        assert_eq!((spread.count, spread.missing, spread.invalid), (3, 2, 1));
        assert_eq!((spread.median, spread.p90), (Some(59), Some(60)));
        assert_eq!(spread.histogram[..3], [2, 1, 0]);
        let none = of(&[None, Some(-5)]);
        assert_eq!((none.count, none.median, none.p90), (0, None, None));
    }

    proptest! {
        #[test]
        fn a_percentile_is_one_of_the_times_and_has_its_share_on_each_side(
            ends in prop::collection::vec(prop::option::of(-100..10_000_000_i64), 0..300),
        ) {
            let spread = of(&ends);
            let known: Vec<i64> = ends.iter().flatten().copied().filter(|seconds| *seconds >= 0).collect();
            prop_assert_eq!(spread.count + spread.missing + spread.invalid, ends.len());
            prop_assert_eq!(spread.count, known.len());
            prop_assert_eq!(spread.histogram.iter().sum::<usize>(), known.len());
            for (percent, found) in [(50, spread.median), (90, spread.p90)] {
                prop_assert_eq!(found.is_some(), !known.is_empty());
                if let Some(found) = found {
                    let below = known.iter().filter(|seconds| **seconds < found).count();
                    let up_to = known.iter().filter(|seconds| **seconds <= found).count();
                    prop_assert!(known.contains(&found));
                    prop_assert!(below * 100 < known.len() * percent && up_to * 100 >= known.len() * percent);
                }
            }
        }
    }
}
