//! A storm of alerts while people work (S8, R16): every alarm is kept, few reports and pages come of it, and people go on writing.
//!
//! In every `make test` the storm is small. `MUSTER_ALARMS=5000x200x16` posts 5,000 alarms in 200 groups within a minute while 16 people append
//! notes, and prints what it cost; `--no-capture` shows it, and `--cargo-profile release` is the program that people run.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use domain::db::Db;
use entity::{alert, incident, page, timeline_event};
use futures_util::future::join_all;
use harness::database::TestDatabase;
use harness::drive::{id, is_gap_free, sequences};
use harness::process::{Home, Process};
use harness::{Client, Engine, eventually};
use reqwest::Method;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::{MissedTickBehavior, interval};

const SECRET: &str = "the-secret-of-the-storm";
/// Alarms of a post: Alertmanager tells of a group as it grows.
const AT_ONCE: usize = 5;
/// Posts that are under way at the same time.
const POSTING: usize = 8;
/// How long a storm takes that is measured, and how long people write before it.
const STORM: Duration = Duration::from_mins(1);
const CALM: Duration = Duration::from_secs(20);
/// The same if nobody asked for a size.
const SHORT_CALM: Duration = Duration::from_secs(1);
/// Alertmanager sends again what was not taken.
const PATIENCE: Duration = Duration::from_mins(1);

struct Size {
    alarms: usize,
    groups: usize,
    people: usize,
    /// Whether somebody asked for it.
    is_measured: bool,
}

/// `ALARMSxGROUPSxPEOPLE`.
fn size() -> Size {
    let asked = std::env::var("MUSTER_ALARMS");
    let parts = asked.as_deref().unwrap_or("300x20x4").split('x').map(|part| part.parse::<usize>().expect("a number"));
    let Ok([alarms, groups, people]) = <[usize; 3]>::try_from(parts.collect::<Vec<_>>()) else {
        panic!("MUSTER_ALARMS is ALARMSxGROUPSxPEOPLE");
    };
    Size { alarms, groups, people, is_measured: asked.is_ok() }
}

/// The posts of a storm: every group has its share of the alarms, and all groups grow at the same time.
fn posts(size: &Size) -> Vec<Value> {
    let mut groups: Vec<Vec<Value>> = vec![Vec::new(); size.groups];
    for alarm in 0..size.alarms {
        groups[alarm % size.groups].push(json!({
            "status": "firing", "fingerprint": format!("alarm {alarm}"), "startsAt": "2026-11-22T02:00:00Z", "endsAt": "0001-01-01T00:00:00Z",
            "labels": { "alertname": "Down", "instance": format!("web{alarm}"), "severity": "critical", "zone": "eu-west-1" },
            "annotations": { "summary": format!("web{alarm} does not answer"), "description": "No answer for five minutes." }
        }));
    }
    let rounds = groups.iter().map(Vec::len).max().unwrap_or_default().div_ceil(AT_ONCE);
    let post = |round: usize, group: usize| {
        let alerts: Vec<&Value> = groups[group].iter().skip(round * AT_ONCE).take(AT_ONCE).collect();
        (!alerts.is_empty()).then(|| json!({ "groupKey": format!("group {group}"), "alerts": alerts }))
    };
    (0..rounds).flat_map(|round| (0..size.groups).filter_map(move |group| post(round, group)).collect::<Vec<_>>()).collect()
}

/// Has `posts` taken, evenly over `time` if there is one.
async fn blow(server: &Process, posts: &[Value], time: Option<Duration>) {
    let next = AtomicUsize::new(0);
    let client = server.client(SECRET);
    let each = time.map(|time| time / u32::try_from(posts.len().div_ceil(POSTING)).unwrap());
    let poster = || async {
        let mut pace = each.map(interval);
        if let Some(pace) = &mut pace {
            pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
        }
        while let Some(post) = posts.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Some(pace) = &mut pace {
                pace.tick().await;
            }
            eventually("the alarms are taken", PATIENCE, async || {
                let answer = client.request(Method::POST, "/hooks/alertmanager").json(post).send().await.ok()?;
                let status = answer.status().as_u16();
                assert!(status == 200 || status == 503, "{status}: {:?}", answer.text().await);
                (status == 200).then_some(())
            })
            .await;
        }
    };
    join_all((0..POSTING).map(|_| poster())).await;
}

/// Each of these people writes notes on an incident of their own, until `is_over`. Returns how many each wrote.
async fn write_notes(client: &Client, incidents: &[String], is_over: &AtomicBool) -> Vec<usize> {
    let writer = |incident: String| async move {
        let mut written = 0;
        while !is_over.load(Ordering::Relaxed) {
            client.note(&incident, &format!("looked at the graph once more, number {written}")).await;
            written += 1;
        }
        written
    };
    join_all(incidents.iter().cloned().map(writer)).await
}

/// Notes a second, while `what` goes on.
async fn rate_while(client: &Client, incidents: &[String], what: impl Future<Output = ()>) -> (f64, usize) {
    let (is_over, begun) = (AtomicBool::new(false), Instant::now());
    let whole = async {
        what.await;
        is_over.store(true, Ordering::Relaxed);
    };
    let (written, ()) = tokio::join!(write_notes(client, incidents, &is_over), whole);
    let written: usize = written.iter().sum();
    let count = u32::try_from(written).expect("nobody writes so much");
    (f64::from(count) / begun.elapsed().as_secs_f64(), written)
}

async fn storm(engine: Engine) {
    let size = size();
    let (data, database) = (TempDir::with_prefix("muster-alarms-").unwrap(), TestDatabase::create(engine).await);
    std::fs::write(data.path().join("muster.toml"), format!("[alerts]\nsecret = '{SECRET}'\n")).unwrap();
    let home = Home::new(data.path(), database.url());
    let token = home.run(&["token", "create", "--name", "Ann", "--access", "admin", "--email", "ann@example.org"]);
    let server = home.start("serve").await;
    let ann = server.client(&token);
    let me = ann.query("{ viewer { person { id } } }", json!({})).await["viewer"]["person"]["id"].take();
    ann.mutate("setOnCall", json!({ "firstLineId": me }), "onCall { until }").await;
    let mut incidents = Vec::new();
    for number in 0..size.people {
        incidents.push(id(&ann.declare_with(json!({ "name": format!("something else {number}"), "severity": "MINOR" })).await).to_owned());
    }
    let calm = if size.is_measured { CALM } else { SHORT_CALM };
    let (before, first) = rate_while(&ann, &incidents, tokio::time::sleep(calm)).await;
    let (quiet_mib, begun) = (server.most_resident_mib(), Instant::now());
    let posts = posts(&size);
    let (during, second) = rate_while(&ann, &incidents, blow(&server, &posts, size.is_measured.then_some(STORM))).await;
    let (took, storm_mib) = (begun.elapsed(), server.most_resident_mib());

    let db = Db::connect(database.url(), 1).await.unwrap();
    let alerts = alert::Entity::find().all(db.read()).await.unwrap();
    let fingerprints: BTreeSet<&str> = alerts.iter().map(|row| row.fingerprint.as_str()).collect();
    assert_eq!((alerts.len(), fingerprints.len()), (size.alarms, size.alarms), "each alarm has its row");
    assert!(alerts.iter().all(|row| row.firing && row.incident_id.is_some()), "each fires and belongs to an incident");
    let reported = incident::Entity::find().filter(incident::Column::ReporterId.is_null()).all(db.read()).await.unwrap();
    let ids = reported.iter().map(|incident| incident.id);
    let pages = page::Entity::find().filter(page::Column::IncidentId.is_in(ids)).count(db.read()).await.unwrap();
    let reported = reported.len();
    assert!(reported > 0 && reported <= size.groups, "{reported} reports of {} groups", size.groups);
    assert!(pages > 0 && pages <= reported as u64, "{pages} pages of {reported} reports");
    assert_notes_are_kept(&db, first + second).await;
    for incident in &incidents {
        assert!(is_gap_free(&sequences(&ann.timeline(incident).await)));
    }
    db.close().await;
    println!(
        "{engine:?}: {} alarms of {} groups in {} posts within {took:.1?}: {reported} reports, {pages} pages; {} people: {before:.0} notes a \
         second before, {during:.0} during it ({:.2}); at most {quiet_mib:.0} MiB before, {storm_mib:.0} MiB during it",
        size.alarms,
        size.groups,
        posts.len(),
        size.people,
        during / before,
    );
    assert_eq!(server.stop().await, Some(0));
    assert!(home.run(&["verify"]).contains("intact"));
}

/// What was acknowledged is there, and not twice.
async fn assert_notes_are_kept(db: &Db, written: usize) {
    let notes = timeline_event::Entity::find().filter(timeline_event::Column::Text.starts_with("looked at the graph"));
    assert_eq!(notes.count(db.read()).await.unwrap(), written as u64);
}

#[tokio::test(flavor = "multi_thread")]
async fn people_go_on_writing_while_a_storm_of_alerts_is_taken_on_sqlite() {
    storm(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_go_on_writing_while_a_storm_of_alerts_is_taken_on_postgres() {
    storm(Engine::Postgres).await;
}
