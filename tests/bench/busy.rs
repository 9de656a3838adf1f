//! Board and page while others append to the incidents that they show: what was kept of these is out of date all the time.

use std::cell::Cell;
use std::net::SocketAddr;

use anyhow::Result;

use crate::load::{self, Round, Until};
use crate::report::{Bound, Figure};
use crate::size::Size;
use crate::work::{Scene, Work};

/// The share of the rate without writers that must be left.
const LEFT: f64 = 0.6;

/// Asks for board and page with and without as many writers, in turns; returns the figures and how many events were appended.
pub async fn measure(address: SocketAddr, tokens: &[String], scene: &Scene, size: Size) -> Result<(Vec<Figure>, usize)> {
    let (mut figures, mut appended) = (Vec::new(), 0);
    for work in [Work::Board, Work::Page] {
        let (shown, name, scale) = (scene.shown(work), work.name(), scene.scale());
        let (mut shares, mut written) = (Vec::new(), Vec::new());
        for number in 0..size.rounds as u64 {
            let alone = load::round(address, tokens, scene, work, Until::Passed(size.round), 2 * number).await?;
            let over = Cell::new(false);
            let reading = async {
                let round = load::round(address, tokens, scene, work, Until::Passed(size.round), 2 * number + 1).await;
                over.set(true);
                round
            };
            let writing = load::round(address, tokens, &shown, Work::Append, Until::Set(&over), 1_000 + number);
            let (busy, writers): (Round, Round) = tokio::try_join!(reading, writing)?;
            appended += writers.answers;
            shares.push(busy.rate / alone.rate);
            written.push(writers.rate);
            eprintln!("  {name}: alone {:.0}/s, while {:.0}/s are appended {:.0}/s", alone.rate, writers.rate, busy.rate);
        }
        let what =
            format!("{name} of {scale} incidents while {} clients append to what it shows: share of its rate without", load::CONNECTIONS);
        figures.push(Figure::new(what, "", shares, Bound::AtLeast(LEFT)));
        figures.push(Figure::new(format!("{name} of {scale} incidents: what they append"), "/s", written, Bound::None));
    }
    Ok((figures, appended))
}
