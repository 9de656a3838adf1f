//! How long a suggestion takes. `MUSTER_KNOWN=10000x100000` measures it with so many pages and incidents, which takes some minutes to make, and
//! holds it to 50 milliseconds; otherwise there are few of both, and it is only held to come.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use domain::chores::{Chore, carry_out};
use domain::known::ops::{self, Reading};
use domain::{Ctx, incident as incidents, known};
use entity::{IncidentId, IncidentStatus, Visibility, incident};
use harness::{TestApp, both_dbs};
use sea_orm::{EntityTrait, IntoActiveModel};

use crate::fixture::{Words, long_timeline};

both_dbs![a_suggestion_takes_no_time];

/// What 99 of 100 suggestions take at most.
const BOUND: Duration = Duration::from_millis(50);
/// The same on a machine that does something else.
const PATIENCE: Duration = Duration::from_secs(5);
const SUGGESTIONS: u64 = 300;
/// Rows in one statement.
const BATCH: usize = 200;

/// `PAGESxINCIDENTS`, and whether somebody asked for it.
fn size() -> (u64, u64, bool) {
    let asked = std::env::var("MUSTER_KNOWN");
    let text = asked.as_deref().unwrap_or("200x1000");
    let (pages, incidents) = text.split_once('x').expect("MUSTER_KNOWN is PAGESxINCIDENTS");
    (pages.parse().expect("a number"), incidents.parse().expect("a number"), asked.is_ok())
}

async fn pages(ctx: &Ctx, words: &mut Words, count: u64) {
    let page = |words: &mut Words| format!("# {}\n\n{}.\n\n## {}\n\n{}.\n", words.text(5), words.text(60), words.text(4), words.text(60));
    let pages: BTreeMap<String, String> = (0..count).map(|number| (format!("{:03}/{number}.md", number % 100), page(words))).collect();
    ops::take(ctx, Reading { mark: None, pages, unread: Vec::new() }).await.unwrap();
}

async fn past(ctx: &Ctx, words: &mut Words, count: u64) {
    let id = long_timeline(ctx, 2).await;
    let pattern = incident::Entity::find_by_id(id).one(ctx.db.read()).await.unwrap().unwrap();
    let row = |number: u64, words: &mut Words| incident::Model {
        id: IncidentId(ctx.ids.uuid(ctx.now())),
        number: i32::try_from(number).unwrap() + 100,
        name: words.text(6),
        summary: Some(words.text(15)),
        status: IncidentStatus::Closed,
        visibility: if number.is_multiple_of(25) { Visibility::Restricted } else { Visibility::Open },
        live: false,
        next_due_at: None,
        ..pattern.clone()
    };
    let rows: Vec<incident::ActiveModel> = (0..count).map(|number| row(number, words).into_active_model()).collect();
    for batch in rows.chunks(BATCH) {
        incident::Entity::insert_many(batch.to_vec()).exec_without_returning(ctx.db.write()).await.unwrap();
    }
}

async fn a_suggestion_takes_no_time(app: &TestApp) {
    let ((page_count, incident_count, is_measured), ctx, mut words) = (size(), app.system(), Words(7));
    pages(&ctx, &mut words, page_count).await;
    past(&ctx, &mut words, incident_count).await;
    app.advance(Duration::from_secs(60));
    carry_out(&ctx, Chore::FindIncidents).await.unwrap();
    let kim = app.ctx(&app.responder("Kim").await).await;
    let mut pattern = incidents::by_number(&ctx, 1).await.unwrap();
    let (mut times, mut found) = (Vec::new(), 0);
    for _ in 0..SUGGESTIONS {
        pattern.name = words.text(6);
        pattern.summary = Some(words.text(20));
        let begun = Instant::now();
        found += known::suggestions(&kim, &pattern).await.unwrap().len();
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    let slowest = times[times.len() * 99 / 100];
    println!("{page_count} pages, {incident_count} incidents: median {:?}, p99 {slowest:?}, {found} found", times[times.len() / 2]);
    assert!(slowest < if is_measured { BOUND } else { PATIENCE }, "{slowest:?}");
}
