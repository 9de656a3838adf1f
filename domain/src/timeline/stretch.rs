//! Stretches of timelines, as [`kept`](crate::incident::kept) may keep them.
//!
//! Called by `api`'s loader, which first asks [`known`], and for all that is not known [`read`] once. An event never changes but by a star or a
//! redaction; both are changes of its incident like any other.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use entity::{incident, timeline_event};

use super::query::{Range, TimelineFilter, range};
use crate::ctx::Ctx;
use crate::cursor::Slice;
use crate::error::Result;
use crate::incident::kept::{Part, Version};
use crate::incident::reading;

/// How many events at the end of a timeline are looked at for the newest few that pass a filter: as many as a board shows of some twenty.
const LOOKED_AT: i32 = 20;

/// A stretch of the timeline of an incident that the caller has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stretch {
    version: Version,
    after: i32,
    upto: i32,
    is_end: bool,
}

/// The events of a stretch, in order.
pub type Events = Arc<Vec<Arc<timeline_event::Model>>>;

impl Stretch {
    /// The events of `incident` with the numbers after `after`, up to and including `upto`.
    pub fn of(incident: &incident::Model, after: i32, upto: i32) -> Self {
        Self { version: incident.into(), after, upto, is_end: upto == incident.last_sequence }
    }

    /// The end of the timeline of `incident`, in which to look for the newest that pass a filter.
    pub fn end(incident: &incident::Model) -> Self {
        Self::of(incident, (incident.last_sequence - LOOKED_AT).max(0), incident.last_sequence)
    }

    /// The newest `limit` of `events`, which are the end of a timeline, that pass a plain `filter`, and whether there are more; `None` if that takes
    /// a look at those before them.
    pub fn newest(self, events: &Events, filter: &TimelineFilter, limit: usize) -> Option<Slice<Arc<timeline_event::Model>>> {
        let mut items: Vec<_> = events.iter().rev().filter(|event| filter.passes(event)).take(limit + 1).cloned().collect();
        let more = items.len() > limit;
        if !more && self.after > 0 {
            return None;
        }
        items.truncate(limit);
        items.reverse();
        Some(Slice { items, has_previous: more, has_next: false })
    }

    fn range(&self) -> Range {
        (self.version.incident, self.after, self.upto)
    }

    fn part(&self) -> Part {
        // By its length, the end takes the place of what was the end before.
        if self.is_end { Part::Last(self.upto - self.after) } else { Part::Events(self.after, self.upto) }
    }
}

/// The events of `stretch`, if they are known.
pub fn known(ctx: &Ctx, stretch: Stretch) -> Option<Events> {
    ctx.kept.get(stretch.version, stretch.part())
}

/// The events of stretches, at least as new as the versions in which their incidents were seen, from the database.
pub async fn read(ctx: &Ctx, stretches: &[Stretch]) -> Result<HashMap<Stretch, Events>> {
    let ranges: HashSet<Range> = stretches.iter().map(Stretch::range).collect();
    let read = range(ctx, &ranges.into_iter().collect::<Vec<_>>()).await?;
    let read: HashMap<Range, Events> =
        read.into_iter().map(|(range, events)| (range, Arc::new(events.into_iter().map(Arc::new).collect()))).collect();
    let found: HashMap<Stretch, Events> =
        stretches.iter().map(|stretch| (*stretch, read.get(&stretch.range()).cloned().unwrap_or_default())).collect();
    reading::keep(ctx, found.iter().map(|(stretch, events)| (stretch.version, stretch.part(), events.clone())).collect()).await?;
    Ok(found)
}

#[cfg(test)]
mod tests {
    use chrono::Duration;
    use entity::{EventId, IncidentId, Source, TimelineKind, Timestamp};
    use uuid::Uuid;

    use super::*;

    fn event(sequence: i32) -> timeline_event::Model {
        timeline_event::Model {
            id: EventId(Uuid::from_u128(u128::from(sequence.unsigned_abs()))),
            incident_id: IncidentId(Uuid::nil()),
            sequence,
            kind: if sequence % 3 == 0 { TimelineKind::Note } else { TimelineKind::Prompt },
            occurred_at: Timestamp::UNIX_EPOCH + Duration::seconds(i64::from(sequence)),
            recorded_at: Timestamp::UNIX_EPOCH,
            actor_id: None,
            source: Source::Web,
            text: String::new(),
            details: None,
            amends_id: None,
            starred: sequence == 9,
            hash: Vec::new(),
            redacted_at: None,
        }
    }

    /// The numbers of the newest `limit` of the events from `after` to 12 that pass, and whether there are more.
    fn newest(after: i32, filter: &TimelineFilter, limit: usize) -> Option<(Vec<i32>, bool)> {
        let version = Version { incident: IncidentId(Uuid::nil()), number: 1, changed_at: Timestamp::UNIX_EPOCH };
        let stretch = Stretch { version, after, upto: 12, is_end: true };
        let events: Events = Arc::new((after + 1..=12).map(event).map(Arc::new).collect());
        let slice = stretch.newest(&events, filter, limit)?;
        assert!(!slice.has_next);
        Some((slice.items.iter().map(|event| event.sequence).collect(), slice.has_previous))
    }

    #[test]
    fn the_newest_that_pass_are_found_at_the_end() {
        let notes = TimelineFilter { kinds: Some(vec![TimelineKind::Note]), ..TimelineFilter::default() };
        let no_prompts = TimelineFilter { except_kinds: Some(vec![TimelineKind::Prompt]), ..TimelineFilter::default() };
        let stars = TimelineFilter { starred: Some(true), ..TimelineFilter::default() };
        for notes in [notes, no_prompts] {
            assert_eq!(newest(0, &notes, 2), Some((vec![9, 12], true)));
            assert_eq!(newest(0, &notes, 4), Some((vec![3, 6, 9, 12], false)));
            assert_eq!(newest(4, &notes, 2), Some((vec![9, 12], true)));
            assert_eq!(newest(8, &notes, 2), None, "whether there are more is not known");
            assert_eq!(newest(10, &notes, 2), None, "nor which these are");
            assert_eq!(newest(4, &notes, 0), Some((Vec::new(), true)));
        }
        assert_eq!(newest(0, &stars, 1), Some((vec![9], false)));
        assert_eq!(newest(2, &stars, 1), None);
    }
}
