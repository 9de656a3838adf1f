//! Severity over time, as steps.

use chrono::{DateTime, Utc};

use super::axis::{Axis, length};
use super::drawing::{Drawing, Picture};
use crate::text::clean;

const LEFT: f64 = 96.0;
const STEP: f64 = 34.0;
const TOP: f64 = 24.0;

/// A severity that held from a time on.
#[derive(Clone, Debug)]
pub struct Level {
    pub since: DateTime<Utc>,
    pub name: String,
    /// The higher, the worse.
    pub rank: u8,
}

/// Draws which severity held when, from `from` to `to`: the worst is at the top, and each is named.
pub fn severity(levels: &[Level], from: DateTime<Utc>, to: DateTime<Utc>) -> Picture {
    let axis = Axis::new(from, to, LEFT);
    let held = held(levels, &axis);
    let mut rows: Vec<(u8, String)> = held.iter().map(|(level, ..)| (level.rank, clean(&level.name))).collect();
    rows.sort_by(|a, b| b.cmp(a));
    rows.dedup();
    let y = |level: &Level| {
        let row = rows.iter().position(|(rank, name)| *rank == level.rank && *name == clean(&level.name)).unwrap_or_default();
        TOP + f64::from(u32::try_from(row).unwrap_or_default()) * STEP
    };

    let mut drawing = Drawing::new();
    let foot = TOP + f64::from(u32::try_from(rows.len().max(1)).unwrap_or(1) - 1) * STEP + 20.0;
    axis.draw(&mut drawing, TOP - 12.0, foot);
    for (rank, name) in &rows {
        let level = Level { since: from, name: name.clone(), rank: *rank };
        drawing.text("ink", (LEFT - 14.0, y(&level) + 4.0), "end", name);
        drawing.line("rule", (LEFT, y(&level)), (axis.x(axis.to), y(&level)), 1.0);
    }
    for (n, (level, since, until)) in held.iter().enumerate() {
        if n > 0 {
            drawing.line("accent", (axis.x(*since), y(held[n - 1].0)), (axis.x(*since), y(level)), 2.0);
        }
        drawing.line("accent", (axis.x(*since), y(level)), (axis.x(*until), y(level)), 4.0);
        drawing.circle((axis.x(*since), y(level)), 5.0);
    }
    let words = held.iter().map(|(level, since, until)| {
        format!("{} from {} to {} ({}).", clean(&level.name), axis.name(*since), axis.name(*until), length(*until - *since))
    });
    let words = std::iter::once(axis.span()).chain(words).collect();
    drawing.finish("severity", "Severity over time", words, foot + 44.0)
}

/// Each severity with the time that it held, within the picture.
fn held<'a>(levels: &'a [Level], axis: &Axis) -> Vec<(&'a Level, DateTime<Utc>, DateTime<Utc>)> {
    let mut levels: Vec<&Level> = levels.iter().collect();
    levels.sort_by_key(|level| level.since);
    let ends = levels.iter().skip(1).map(|next| next.since).chain([axis.to]).collect::<Vec<_>>();
    let held = levels.into_iter().zip(ends).map(|(level, end)| (level, level.since.max(axis.from), end.min(axis.to)));
    held.filter(|(_, since, until)| since < until).collect()
}
