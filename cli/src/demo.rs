//! A made-up day of a made-up agency, played through the real use cases.
//!
//! `muster demo` and `muster serve --demo` call [`play`]. What happens is data: the [`cast`] says who and what there is, and
//! each file of stories says who does what at which minute. The [`stage`] turns every line into the use case that a person
//! would have called, at a clock that starts [`LENGTH_MINUTES`] before now, so everything in the database could have happened
//! for real.

mod cast;
mod council;
mod museum;
mod script;
mod small;
mod stage;

use std::io;
use std::sync::Arc;

use anyhow::{Context, bail};
use chrono::Duration;
use domain::Domain;
use domain::authz::Actor;
use domain::clock::{Clock, ManualClock, SystemClock};
use domain::db::Db;
use domain::incident::{self, IncidentFilter};
use domain::playbook::Playbook;
use entity::Source;

use crate::settings::Settings;
use crate::{database, output};
use script::{Line, Story};
use stage::Stage;

/// From the first line of the stories to now.
const LENGTH_MINUTES: i64 = 200;

const STORIES: [(Story, &[Line]); 5] = [
    (Story::Museum, museum::LINES),
    (Story::Council, council::LINES),
    (Story::Festival, small::FESTIVAL),
    (Story::Leaflet, small::LEAFLET),
    (Story::Night, small::NIGHT),
];

/// Plays the stories into the database of `server`, which must have no incidents.
///
/// # Errors
/// When there are incidents, or the database can't be reached.
pub async fn play(server: &Domain, settings: &Settings) -> anyhow::Result<()> {
    let now = SystemClock.now();
    let clock = Arc::new(ManualClock::new(now - Duration::minutes(LENGTH_MINUTES)));
    // Nobody wants mails, tickets and cards about made-up incidents among the real ones.
    let apart = settings.clone().disconnected();
    let domain = database::domain_at(Db::clone(&server.db), &apart, Playbook::clone(&server.playbook()), clock.clone(), None);
    let owner = domain.ctx(Actor::System, Source::Cli);
    if incident::count(&owner, &IncidentFilter::default()).await? > 0 {
        bail!(
            "there are incidents in this database, and the demo would mix its own with them. Play it into a folder of its own:\n  \
             MUSTER_DATA_DIR=demo-data muster serve --demo"
        );
    }
    let mut stage = Stage::set(domain, clock, now).await.context("the people and sites of the demo can't be added")?;
    let mut lines: Vec<(Story, &Line)> = STORIES.iter().flat_map(|(story, lines)| lines.iter().map(|line| (*story, line))).collect();
    lines.sort_by_key(|(_, Line(minute, ..))| *minute);
    for (story, Line(minute, who, act)) in lines {
        stage.play(story, *minute, who, act).await.with_context(|| format!("the demo stopped at minute {minute}, {who}"))?;
    }
    farewell(&stage).context("what to try with the demo could not be printed")
}

fn farewell(stage: &Stage) -> io::Result<()> {
    let (people, sites) = (cast::PEOPLE.len(), cast::SITES.len());
    output::line(format_args!("Harbour & Pine, a made-up agency, has moved in: {people} people, {sites} sites."))?;
    for (story, what) in [
        (Story::Council, "live, critical, and nobody is keeping the client informed yet"),
        (Story::Festival, "needs triage: an alert reported it a few minutes ago"),
        (Story::Museum, "resolved, with everything that went wrong on the way"),
        (Story::Leaflet, "declined: it was no incident"),
        (Story::Night, "closed: trivial, written down when it was over"),
    ] {
        output::line(format_args!("  {:<6} {what}", stage.reference(story)))?;
    }
    output::line("What to try:")?;
    let live = stage.reference(Story::Council);
    output::line(format_args!("  Take over: open the page, pick {live}, write what you find, post an update."))?;
    output::line(format_args!("  Sign in as somebody else: muster sign-in-link --email {}", cast::ON_CALL_EMAIL))?;
    output::line("  Check the records: muster verify")
}
