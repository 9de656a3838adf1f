//! Stretches of timelines, as [`kept`](crate::incident::kept) may keep them.
//!
//! Called by `api`'s loader, which first asks [`known`], and for all that is not known [`read`] once. An event never changes but by a star or a
//! redaction; both are changes of its incident like any other.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use entity::{incident, timeline_event};

use super::query::{Range, range};
use crate::ctx::Ctx;
use crate::error::Result;
use crate::incident::kept::{Part, Version};
use crate::incident::parts::unchanged;

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
    let versions: HashSet<Version> = stretches.iter().map(|stretch| stretch.version).collect();
    let unchanged = unchanged(ctx, &versions.into_iter().collect::<Vec<_>>()).await?;
    for (stretch, events) in &found {
        if unchanged.contains(&stretch.version) {
            ctx.kept.keep(stretch.version, stretch.part(), events.clone());
        }
    }
    Ok(found)
}
