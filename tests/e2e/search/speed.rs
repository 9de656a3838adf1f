//! How long a search takes, and what its index costs who writes. `MUSTER_SEARCH=100000x20` measures it with so many incidents and events of each, which take
//! some minutes to make, and holds it to 50 milliseconds; otherwise there are few, and it is only held to come.

use std::time::{Duration, Instant};

use domain::chores::{Chore, carry_out};
use domain::cursor::Window;
use domain::db::Db;
use domain::incident::{IncidentFilter, IncidentOrder, page};
use domain::sql::contains;
use domain::timeline::{AddEvent, add};
use domain::{Ctx, incident as incidents};
use entity::{EventId, IncidentId, IncidentStatus, TimelineKind, Visibility, counter, incident, timeline_event};
use futures_util::future::join_all;
use harness::{Engine, TestApp, both_dbs, run_within};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter};

use crate::fixture::{Words, long_timeline};

both_dbs![by measured: a_search_takes_no_time];

/// What 99 of 100 searches take at most.
const BOUND: Duration = Duration::from_millis(50);
/// The same on a machine that does something else.
const PATIENCE: Duration = Duration::from_secs(5);
/// What is left at least of the rate of appends, where it is measured.
const LEFT: f64 = 0.8;
/// Rows in one statement.
const BATCH: usize = 1_000;
/// Notes that are written at once.
const AT_ONCE: u32 = 8;

fn measured(engine: Engine, test: impl AsyncFnOnce(&TestApp)) {
    run_within(Duration::from_secs(50 * 60), TestApp::builder(engine), test);
}

/// `INCIDENTSxEVENTS`, and whether somebody asked for it.
fn size() -> (u64, i32, bool) {
    let asked = std::env::var("MUSTER_SEARCH");
    let text = asked.as_deref().unwrap_or("300x5");
    let (incidents, events) = text.split_once('x').expect("MUSTER_SEARCH is INCIDENTSxEVENTS");
    (incidents.parse().expect("a number"), events.parse().expect("a number"), asked.is_ok())
}

/// Makes the incidents past the door, and has the chore give them their words.
async fn make(app: &TestApp, ctx: &Ctx, words: &mut Words, count: u64, events: i32) -> Vec<IncidentId> {
    let pattern = long_timeline(ctx, 2).await;
    let pattern = incident::Entity::find_by_id(pattern).one(ctx.db.read()).await.unwrap().unwrap();
    let (mut incidents, mut rows, mut ids) = (Vec::new(), Vec::new(), Vec::new());
    for number in 2..count + 2 {
        app.advance(Duration::from_secs(60));
        let id = IncidentId(ctx.ids.uuid(ctx.now()));
        ids.push(id);
        incidents.push(incident::Model {
            id,
            number: i32::try_from(number).unwrap(),
            name: format!("site web-{number}.example.org {}", words.text(3)),
            summary: Some(words.text(10)),
            status: IncidentStatus::Closed,
            visibility: if number.is_multiple_of(25) { Visibility::Restricted } else { Visibility::Open },
            live: false,
            next_due_at: None,
            reported_at: ctx.now(),
            changed_at: ctx.now(),
            last_sequence: events,
            ..pattern.clone()
        });
        rows.extend((1..=events).map(|sequence| event(ctx, id, sequence, words.text(10))));
        if incidents.len() == BATCH || number == count + 1 {
            let batch = incidents.drain(..).map(IntoActiveModel::into_active_model);
            insert_incidents(ctx, batch.collect()).await;
            for batch in std::mem::take(&mut rows).chunks(BATCH) {
                let batch = batch.iter().cloned().map(IntoActiveModel::into_active_model);
                timeline_event::Entity::insert_many(batch).exec_without_returning(ctx.db.write()).await.unwrap();
            }
        }
    }
    let newest = i32::try_from(count).unwrap() + 1;
    let number = |name: &str, value: i32| {
        counter::Entity::update_many().col_expr(counter::Column::Value, Expr::val(value)).filter(counter::Column::Name.eq(name))
    };
    number("incident", newest).exec(ctx.db.write()).await.unwrap();
    number("unsearched", newest).exec(ctx.db.write()).await.unwrap();
    while counter::Entity::find_by_id("unsearched").one(ctx.db.read()).await.unwrap().unwrap().value > 0 {
        carry_out(ctx, Chore::FindIncidents).await.unwrap();
    }
    ids
}

async fn insert_incidents(ctx: &Ctx, rows: Vec<incident::ActiveModel>) {
    // Each has some fifty columns.
    for rows in rows.chunks(BATCH / 4) {
        incident::Entity::insert_many(rows.to_vec()).exec_without_returning(ctx.db.write()).await.unwrap();
    }
}

fn event(ctx: &Ctx, incident: IncidentId, sequence: i32, text: String) -> timeline_event::Model {
    timeline_event::Model {
        id: EventId(ctx.ids.uuid(ctx.now())),
        incident_id: incident,
        sequence,
        kind: TimelineKind::Note,
        occurred_at: ctx.now(),
        recorded_at: ctx.now(),
        actor_id: None,
        source: ctx.source,
        text,
        details: None,
        amends_id: None,
        starred: false,
        hash: vec![0; 32],
        redacted_at: None,
    }
}

/// The tests' server does not look after its tables by itself, as others do.
async fn look_after(app: &TestApp) {
    if app.engine() == Engine::Postgres {
        let alone = Db::connect(app.database_url(), 1).await.unwrap();
        for statement in ["SET statement_timeout = 0", "VACUUM (ANALYZE) incident, incident_word, timeline_event"] {
            alone.write().execute_unprepared(statement).await.unwrap();
        }
        alone.close().await;
    }
}

async fn search(who: &Ctx, text: String, order: IncidentOrder) -> usize {
    let filter = IncidentFilter { text: Some(text), ..IncidentFilter::default() };
    page(who, &filter, order, &Window::first(50)).await.unwrap().slice.items.len()
}

/// A way to search, and what it looks for.
type Kind = (&'static str, fn(&mut Words, u64) -> String);

const KINDS: [Kind; 6] = [
    ("a host", |words, count| format!("web-{}.example", 2 + words.next(count))),
    ("a word", |words, _| words.word()),
    ("a word of all", |_, _| "site".to_owned()),
    ("a word of all and another", |words, _| format!("site {}", words.word())),
    ("two words", |words, _| words.text(2)),
    ("two letters", |words, _| words.word()[..2].to_owned()),
];

async fn a_search_takes_no_time(app: &TestApp) {
    let ((count, events, is_measured), ctx, mut words) = (size(), app.system(), Words(11));
    let ids = make(app, &ctx, &mut words, count, events).await;
    look_after(app).await;
    let kim = app.ctx(&app.responder("Kim").await).await;
    let searches: u32 = if is_measured { 300 } else { 20 };
    println!("{:?}, {count} incidents with {events} events each", app.engine());
    for (kind, text) in KINDS {
        let (mut times, mut found) = (Vec::new(), 0);
        for number in 0..searches {
            let order = if number.is_multiple_of(2) { IncidentOrder::Newest } else { IncidentOrder::RecentlyChanged };
            let text = text(&mut words, count);
            let begun = Instant::now();
            found += search(&kim, text, order).await;
            times.push(begun.elapsed());
        }
        times.sort_unstable();
        let slowest = times[times.len() * 99 / 100];
        println!("  {kind}: median {:?}, p99 {slowest:?}, {found} found", times[times.len() / 2]);
        assert!(slowest < if is_measured { BOUND } else { PATIENCE }, "{kind}: {slowest:?}");
    }
    let begun = Instant::now();
    let every = contains(ctx.db.backend(), timeline_event::Column::Text, &words.word());
    timeline_event::Entity::find().filter(every).count(ctx.db.read()).await.unwrap();
    println!("  a look at the text of every event: {:?}", begun.elapsed());
    let sam = app.ctx(&app.responder("Sam").await).await;
    let left = appends(&sam, &mut words, &ids, if is_measured { 200 } else { 5 }).await;
    assert!(!is_measured || left > LEFT, "{left}");
}

/// How much is left of the rate of appends: of notes with words to that of notes as long that have none.
async fn appends(sam: &Ctx, words: &mut Words, ids: &[IncidentId], turns: u32) -> f64 {
    // Only those that everybody may see.
    let open = incidents::by_ids(sam, &ids[..ids.len().min(2_000)]).await.unwrap();
    let (mut with, mut without) = (Duration::ZERO, Duration::ZERO);
    for _ in 0..turns {
        let mut note = || (open[usize::try_from(words.next(open.len() as u64)).unwrap()].id, words.text(10));
        let notes: Vec<(IncidentId, String)> = (0..AT_ONCE).map(|_| note()).collect();
        without += write(sam, notes.iter().map(|(id, note)| (*id, "·".repeat(note.len() / 2))).collect()).await;
        with += write(sam, notes).await;
    }
    let notes = f64::from(turns * AT_ONCE);
    let (with, without) = (notes / with.as_secs_f64(), notes / without.as_secs_f64());
    println!("  appends: {with:.0} a second, {without:.0} without words, {:.2} are left", with / without);
    with / without
}

/// How long these notes take, all at once.
async fn write(sam: &Ctx, notes: Vec<(IncidentId, String)>) -> Duration {
    let begun = Instant::now();
    let notes = notes.into_iter().map(async |(incident_id, text)| {
        add(sam, AddEvent::new(incident_id, TimelineKind::Note, text), None).await.unwrap();
    });
    join_all(notes).await;
    begun.elapsed()
}
