//! A timeline as a strip: what happened when, at a glance.

use chrono::{DateTime, Utc};

use super::axis::{Axis, length};
use super::drawing::{Drawing, Picture};
use crate::text::clean;

const LEFT: f64 = 16.0;
/// Of a numbered mark, with some air.
const MARK: f64 = 22.0;
const LANE: f64 = 24.0;
/// More than these nobody tells apart.
const MOST_NUMBERED: usize = 12;

/// Something that happened.
#[derive(Clone, Debug)]
pub struct Moment {
    pub at: DateTime<Utc>,
    /// What, in a few words.
    pub label: String,
    /// Whether it gets a number and is told in words; the others are ticks.
    pub is_key: bool,
}

/// Draws what happened from `from` to `to`; what happened at another time is left out. At most twelve key moments, the earliest, have a
/// number, which stands beside their words as well.
pub fn strip(moments: &[Moment], from: DateTime<Utc>, to: DateTime<Utc>) -> Picture {
    let axis = Axis::new(from, to, LEFT);
    let mut shown: Vec<&Moment> = moments.iter().filter(|moment| axis.has(moment.at)).collect();
    shown.sort_by_key(|moment| moment.at);
    let numbered: Vec<&Moment> = shown.iter().filter(|moment| moment.is_key).take(MOST_NUMBERED).copied().collect();
    let places = lanes(&numbered, &axis);
    let lanes = places.iter().map(|(_, lane)| lane + 1).max().unwrap_or(1);
    let band = f64::from(lanes) * LANE + 8.0;

    let mut drawing = Drawing::new();
    axis.draw(&mut drawing, band, band + 22.0);
    drawing.line("rule", (axis.x(axis.from), band + 22.0), (axis.x(axis.to), band + 22.0), 1.5);
    for moment in &shown {
        drawing.line("accent", (axis.x(moment.at), band + 6.0), (axis.x(moment.at), band + 22.0), 1.2);
    }
    let y = |lane: u32| band - LANE / 2.0 - f64::from(lane) * LANE;
    for (x, lane) in &places {
        drawing.line("accent", (*x, y(*lane)), (*x, band + 6.0), 0.8);
    }
    for (n, (x, lane)) in (1..).zip(&places) {
        let y = y(*lane);
        drawing.circle((*x, y), MARK / 2.0 - 1.5);
        drawing.text("paper", (*x, y + 4.2), "middle", &format!("{n}"));
    }
    let title = format!("What happened in {}", length(axis.to - axis.from));
    drawing.finish("strip", &title, words(&axis, &numbered, shown.len()), band + 64.0)
}

/// Where the mark of each moment stands: at its time, in the lowest lane that has room there.
fn lanes(numbered: &[&Moment], axis: &Axis) -> Vec<(f64, u32)> {
    // Where each lane is taken up to.
    let mut taken: Vec<f64> = Vec::new();
    let mut places = Vec::new();
    for moment in numbered {
        let x = axis.x(moment.at);
        let free = taken.iter().position(|end| end + MARK <= x);
        let lane = free.unwrap_or(taken.len());
        if free.is_some() {
            taken[lane] = x;
        } else {
            taken.push(x);
        }
        places.push((x, u32::try_from(lane).expect("there are at most twelve")));
    }
    places
}

fn words(axis: &Axis, numbered: &[&Moment], shown: usize) -> Vec<String> {
    let mut words = vec![axis.span()];
    words.extend((1..).zip(numbered).map(|(n, moment)| format!("{n}: {} {}.", axis.name(moment.at), clean(&moment.label))));
    match shown - numbered.len() {
        0 => {}
        1 => words.push("And one more moment.".to_owned()),
        more => words.push(format!("And {more} more moments.")),
    }
    words
}
