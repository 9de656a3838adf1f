//! What can be learnt from many incidents, and who was paged when: on the page, by the API and as files.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use domain::on_call;
use entity::{AuditAction, ClientId, PersonId, SiteId, Timestamp, audit_entry, incident};
use harness::drive::{id, text};
use harness::{Client, Engine, TestApp, both_dbs};
use migration::{Migrator, MigratorTrait};
use reqwest::StatusCode;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::{Value, json};

use crate::hygiene::root;

mod past;

both_dbs![
    figures_are_those_that_another_program_finds_in_the_files,
    summaries_and_updates_count_as_they_come,
    who_may_not_see_an_incident_finds_it_nowhere,
    the_ledger_is_one_s_own_or_an_administrator_s,
    whom_a_link_lets_in_learns_of_nothing_beside_the_incident,
    no_cell_of_a_file_is_a_formula,
    a_period_that_can_not_be_looked_at_is_refused,
    what_earlier_incidents_tell_is_filled_in,
    what_has_changed_is_in_the_next_answer,
];

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_hours(1);
/// The days of all that is made up here.
const YEARS: (&str, &str) = ("2025-01-01", "2026-12-31");
const FILES: [&str; 5] = ["figures", "incidents", "follow-ups", "woken", "pages"];

const FIGURES: &str = "incidents timeToDeclare { ...Spread } timeToLead { ...Spread } timeToSecondLine { ...Spread } \
    timeToResolve { ...Spread } summaries { ...InTime } clientUpdates { ...InTime }";

/// All there is.
fn everything() -> String {
    format!(
        "query($from: Date!, $to: Date!) {{ insights(from: $from, to: $to) {{ from to timeZone incidents declined merged sites clients \
         clientUpdatesOnTime followUpsDoneInTime all {{ ...Figures }} byMonth {{ month figures {{ ...Figures }} }} \
         bySeverity {{ severity count figures {{ ...Figures }} }} bySite {{ site {{ name }} repeats figures {{ ...Figures }} }} \
         byClient {{ client {{ name }} repeats figures {{ ...Figures }} }} pages {{ ...InTime }} \
         woken {{ month person {{ name }} pages outOfHours atNight }} followUps {{ dropped done {{ ...InTime }} open {{ ...Spread }} }} }} }} \
         fragment Spread on Spread {{ count missing invalid median p90 histogram {{ below count }} }} \
         fragment InTime on InTime {{ inTime late unknown share }} fragment Figures on IncidentFigures {{ {FIGURES} }}"
    )
}

async fn insights(by: &Client) -> Value {
    by.query(&everything(), json!({ "from": YEARS.0, "to": YEARS.1 })).await["insights"].take()
}

fn address(file: &str) -> String {
    format!("/insights/{file}.csv?from={}&to={}", YEARS.0, YEARS.1)
}

async fn file(by: &Client, address: &str) -> String {
    let response = by.get(address).await;
    assert_eq!(response.status(), StatusCode::OK, "{address}: {:?}", response.text().await);
    assert_eq!(response.headers()["content-type"], "text/csv; charset=utf-8");
    response.text().await.unwrap()
}

/// A year with this many incidents.
async fn year(app: &TestApp, incidents: usize) -> Client {
    let (sam, kim, ada) = (app.responder("Sam").await, app.responder("Kim").await, app.admin().await);
    let mut cast = past::Cast { people: vec![sam.person_id(), kim.person_id()], sites: Vec::new(), clients: Vec::new() };
    for number in 1..=7 {
        cast.sites.push(SiteId::parse(&sam.add_site(&format!("site{number}.example.org")).await).unwrap());
        cast.clients.push(ClientId::parse(&sam.add_client(&format!("Client {number}, \"the best\"")).await).unwrap());
    }
    past::past(&app.system(), &cast, incidents).await;
    ada
}

/// The files and the answer of the API, in a folder.
async fn downloaded(app: &TestApp, by: &Client) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in FILES {
        std::fs::write(folder.path().join(format!("{name}.csv")), file(by, &address(name)).await).unwrap();
    }
    let playbook = app.domain.playbook();
    let asked = json!({
        "insights": insights(by).await,
        "now": app.now().format("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "answerWithin": playbook.page_acknowledge_within.num_seconds(),
        "workingHours": { "from": playbook.working_hours.from / 60, "to": playbook.working_hours.to / 60 },
    });
    std::fs::write(folder.path().join("asked.json"), asked.to_string()).unwrap();
    folder
}

/// What differs.
fn differences(folder: &Path) -> String {
    let script = root().join("tests/e2e/insights/check.py");
    let output = Command::new("python3").arg(script).arg(folder).output().unwrap();
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

async fn figures_are_those_that_another_program_finds_in_the_files(app: &TestApp) {
    let ada = year(app, 400).await;
    let folder = downloaded(app, &ada).await;
    assert_eq!(differences(folder.path()), "");
    let incidents = folder.path().join("incidents.csv");
    let list = std::fs::read_to_string(&incidents).unwrap();
    std::fs::write(&incidents, list.replacen("CRITICAL", "TRIVIAL", 1)).unwrap();
    assert!(differences(folder.path()).contains("CRITICAL incidents"), "the other program notices");
    let told = insights(&ada).await;
    assert!(told["merged"].as_i64().unwrap() > 50 && told["incidents"].as_i64().unwrap() > 200, "{told}");
    for with_some in ["timeToLead", "timeToResolve", "timeToDeclare"] {
        assert!(
            told["all"][with_some]["missing"].as_i64().unwrap() + told["all"][with_some]["invalid"].as_i64().unwrap() > 0,
            "{with_some}"
        );
    }
}

#[test]
fn figures_are_the_same_on_both_databases() {
    let mut told = Vec::new();
    for engine in [Engine::Sqlite, Engine::Postgres] {
        harness::run(engine, async |app| {
            let ada = year(app, 150).await;
            told.push((insights(&ada).await, file(&ada, &address("figures")).await, file(&ada, &address("incidents")).await));
        });
    }
    assert_eq!(told[0], told[1]);
}

/// How long an answer about many incidents takes: `MUSTER_INSIGHTS=100000 cargo nextest run --cargo-profile quick -p tests --no-capture -E
/// 'test(/insights::many/)'`.
#[test]
fn many_incidents_are_added_up_in_time() {
    let Some(incidents) = std::env::var("MUSTER_INSIGHTS").ok().map(|count| count.parse().expect("a number of incidents")) else { return };
    for (engine, most) in [(Engine::Postgres, 300), (Engine::Sqlite, 600)] {
        harness::run(engine, async |app| {
            let ada = year(app, incidents).await;
            let mut took = Vec::new();
            for _ in 0..10 {
                let begun = Instant::now();
                insights(&ada).await;
                took.push(begun.elapsed());
            }
            let first = took.remove(0);
            took.sort();
            let median = took[took.len() / 2];
            println!("{engine:?}: {incidents} incidents in {median:?} ({took:?}), the first time in {first:?}");
            assert!(median < Duration::from_millis(most), "{engine:?}: {median:?}");
        });
    }
}

async fn summaries_and_updates_count_as_they_come(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let client = sam.add_client("Example Ltd").await;
    let declared = json!({ "name": "x", "severity": "MINOR", "affectedClientIds": [client] });
    let incident = sam.declare_with(declared).await;
    let post = async || sam.event_of("postUpdate", json!({ "incidentId": incident["id"], "text": "still at it" })).await;
    let tell = async || {
        let update = json!({ "incidentId": incident["id"], "body": "We are on it." });
        sam.mutate("sendClientUpdate", update, "clientUpdate { id }").await
    };
    let counts = async |summaries: [i64; 3], updates: [i64; 3]| {
        let told = insights(&sam).await;
        let of = |what: &str| ["inTime", "late", "unknown"].map(|part| told["all"][what][part].as_i64().unwrap());
        assert_eq!((of("summaries"), of("clientUpdates")), (summaries, updates), "at {}", app.now());
    };
    counts([0, 0, 0], [0, 0, 0]).await;
    app.advance(29 * MINUTE);
    post().await;
    counts([1, 0, 0], [0, 0, 0]).await;
    app.advance(30 * MINUTE);
    post().await;
    tell().await;
    counts([1, 1, 0], [1, 0, 0]).await;
    // Said in time, and written down late.
    app.advance(40 * MINUTE);
    let said = (app.now() - chrono::Duration::minutes(15)).to_rfc3339();
    sam.event_of("postUpdate", json!({ "incidentId": incident["id"], "text": "better", "occurredAt": said })).await;
    app.advance(20 * MINUTE);
    tell().await;
    counts([2, 1, 0], [1, 1, 0]).await;
    // Both are due, and never come.
    app.advance(2 * HOUR);
    sam.resolve(id(&incident)).await;
    counts([2, 2, 0], [1, 2, 0]).await;
    // A clients' update after the end is none that was due by the hour.
    tell().await;
    sam.incident_of("reopenIncident", json!({ "incidentId": incident["id"], "reason": "not yet" })).await;
    counts([2, 2, 0], [1, 2, 0]).await;
    // Nobody asks for summaries of what is told afterwards.
    let past = sam.declare_with(json!({ "name": "past", "severity": "TRIVIAL", "flags": ["RETROSPECTIVE"] })).await;
    sam.event_of("postUpdate", json!({ "incidentId": past["id"], "text": "it was short" })).await;
    counts([2, 2, 1], [1, 2, 0]).await;
}

async fn who_may_not_see_an_incident_finds_it_nowhere(app: &TestApp) {
    let (sam, vic, ada) = (app.responder("Sam").await, app.viewer("Vic").await, app.admin().await);
    let site = sam.add_site("hidden.example.org").await;
    let client = sam.add_client("Hidden Ltd").await;
    sam.declare("all can see").await;
    let hidden = json!({
        "name": "few can see", "severity": "CRITICAL", "visibility": "RESTRICTED", "siteIds": [site], "affectedClientIds": [client],
        "leadId": sam.id(),
    });
    let hidden = sam.declare_with(hidden).await;
    let follow_up = json!({ "incidentId": hidden["id"], "title": "hush", "board": "incident-actions", "ownerId": sam.id() });
    sam.mutate("addFollowUp", follow_up, "followUp { id }").await;
    for (by, incidents) in [(&sam, 2), (&ada, 2), (&vic, 1)] {
        let told = insights(by).await;
        assert_eq!(told["incidents"], incidents);
        assert_eq!(told["bySeverity"][0]["count"], incidents - 1, "critical ones");
        assert_eq!(told["followUps"]["open"]["count"], incidents - 1);
        for name in FILES.iter().filter(|name| **name != "pages") {
            let list = file(by, &address(name)).await;
            let shows = list.contains("INC-2") || list.contains("idden") || list.contains("hush");
            assert_eq!(shows, incidents == 2 && *name != "woken", "{name}: {list}");
            assert!(!list.contains("few can see"), "files have no names of incidents");
        }
    }
    let seen = audit_entry::Entity::find().filter(audit_entry::Column::ActorId.eq(ada.person_id()));
    let seen = seen.filter(audit_entry::Column::Action.eq(AuditAction::RestrictedSeen)).all(app.domain.db.read()).await.unwrap();
    assert_eq!(seen.len(), 1, "who takes out what is hidden from most is on record");
    let by_site =
        "{ insights(from: \"2026-01-01\", to: \"2026-12-31\", filter: { siteId: \"SITE\" }) { incidents pages { late unknown } } }";
    let by_site = by_site.replace("SITE", &site);
    assert_eq!(sam.query(&by_site, Value::Null).await["insights"]["incidents"], 1);
    assert_eq!(vic.query(&by_site, Value::Null).await["insights"]["incidents"], 0);
}

/// The ledger by the API: whom, what became of it, and until when they were busy.
async fn ledger(by: &Client, of: Option<&Client>) -> Vec<Value> {
    let query = "query($from: Date!, $to: Date!, $of: ID) { pageLedger(from: $from, to: $to, personId: $of) { nodes { person { name } \
        reference reason pagedAt answeredAt outcome answeredInTime isOutOfHours isAtNight busyUntil } } }";
    let asked = json!({ "from": YEARS.0, "to": YEARS.1, "of": of.map(Client::id) });
    by.query(query, asked).await["pageLedger"]["nodes"].as_array().unwrap().clone()
}

async fn on_duty(app: &TestApp, first: PersonId, second: PersonId) {
    let input = on_call::Set { first_line_id: Some(first), second_line_id: Some(second), starts_at: None, until: None };
    on_call::set(&app.system(), input).await.unwrap();
}

async fn the_ledger_is_one_s_own_or_an_administrator_s(app: &TestApp) {
    let (sam, kim, ada) = (app.responder("Sam").await, app.responder("Kim").await, app.admin().await);
    on_duty(app, sam.person_id(), kim.person_id()).await;
    let hidden = json!({ "name": "few can see", "severity": "MAJOR", "visibility": "RESTRICTED", "leadId": sam.id() });
    let incident = sam.declare_with(hidden).await;
    sam.incident_of("escalate", json!({ "incidentId": incident["id"], "reason": "help" })).await;
    app.advance(2 * MINUTE);
    let page = kim.incident("INC-1", "pages { id }").await["pages"][0].take();
    kim.mutate("answerPage", json!({ "pageId": page["id"] }), "page { id }").await;
    app.advance(HOUR);
    kim.note(id(&incident), "found it").await;
    let until = app.now();
    app.advance(HOUR);
    sam.resolve(id(&incident)).await;
    app.advance(MINUTE);
    kim.note(id(&incident), "good night").await;
    let own = ledger(&kim, Some(&kim)).await;
    let [line] = own.as_slice() else { panic!("one page: {own:?}") };
    assert_eq!((&line["reference"], &line["outcome"], &line["answeredInTime"]), (&json!("INC-1"), &json!("ANSWERED"), &json!(true)));
    assert_eq!((&line["isOutOfHours"], &line["isAtNight"]), (&json!(true), &json!(true)), "three on a Sunday");
    assert_eq!(text(line, "busyUntil").parse::<chrono::DateTime<chrono::Utc>>().unwrap(), until);
    let list = file(&kim, &format!("{}&person={}", address("pages"), kim.id())).await;
    assert!(
        list.contains("INC-1,Kim,ESCALATED,2026-11-22T03:00:00Z,2026-11-22T03:02:00Z,ANSWERED,yes,yes,yes,2026-11-22T04:02:00Z"),
        "{list}"
    );
    // Nobody else's, and not everybody's.
    for of in [Some(&kim), None] {
        let query = "query($of: ID) { pageLedger(from: \"2026-01-01\", to: \"2026-12-31\", personId: $of) { nodes { reference } } }";
        assert_eq!(sam.try_query(query, json!({ "of": of.map(Client::id) })).await.code(), "FORBIDDEN");
        let address = of.map_or(address("pages"), |of| format!("{}&person={}", address("pages"), of.id()));
        assert_eq!(sam.get(&address).await.status(), StatusCode::FORBIDDEN);
        assert_eq!(ledger(&ada, of).await, own);
    }
    assert_eq!(insights(&sam).await["woken"], json!([]));
    assert_eq!(insights(&kim).await["woken"], insights(&ada).await["woken"]);
    assert!(insights(&kim).await["woken"][0]["atNight"] == 1);
    let exported = audit_entry::Entity::find().filter(audit_entry::Column::Action.eq(AuditAction::LedgerExported));
    assert_eq!(exported.all(app.domain.db.read()).await.unwrap().len(), 1, "who took it out is on record");
}

async fn whom_a_link_lets_in_learns_of_nothing_beside_the_incident(app: &TestApp) {
    let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
    on_duty(app, sam.person_id(), kim.person_id()).await;
    for name in ["first", "second"] {
        let incident = sam.declare_with(json!({ "name": name, "severity": "MAJOR", "leadId": sam.id() })).await;
        sam.incident_of("escalate", json!({ "incidentId": incident["id"], "reason": "help" })).await;
    }
    let first = domain::incident::by_number(&app.system(), 1).await.unwrap().id;
    let visitor = domain::authz::Actor::Visitor { id: kim.person_id(), access: entity::AccessLevel::Responder, incident: first };
    let ctx = app.domain.ctx(visitor, entity::Source::Web);
    let (from, to) = (YEARS.0.parse().unwrap(), YEARS.1.parse().unwrap());
    let told = domain::insights::insights(&ctx, from, to, &domain::insights::facts::Filter::default()).await.unwrap();
    assert_eq!((told.all.incidents, told.woken[0].pages), (1, 1));
    let wanted = domain::insights::ledger::Wanted::new(&ctx, from, to, Some(kim.person_id())).unwrap();
    let own = domain::insights::ledger::all(&ctx, &wanted).await.unwrap();
    assert_eq!(own.iter().map(|entry| entry.number).collect::<Vec<_>>(), [1]);
    assert!(domain::insights::ledger::Wanted::new(&ctx, from, to, None).is_err());
}

async fn no_cell_of_a_file_is_a_formula(app: &TestApp) {
    let (sam, ada) = (app.responder("-Sam").await, app.admin().await);
    let site = sam.add_site("=1+1").await;
    let client = sam.add_client("+cmd|' /C calc'!A0").await;
    on_duty(app, ada.person_id(), sam.person_id()).await;
    let declared = json!({ "name": "-1", "severity": "MAJOR", "siteIds": [site], "affectedClientIds": [client] });
    let incident = ada.declare_with(declared).await;
    let follow_up = json!({ "incidentId": incident["id"], "title": "-1", "board": "incident-actions", "ownerId": sam.id() });
    ada.mutate("addFollowUp", follow_up, "followUp { id }").await;
    ada.incident_of("escalate", json!({ "incidentId": incident["id"], "reason": "help" })).await;
    let mut guarded = 0;
    for name in FILES {
        let list = file(&ada, &address(name)).await;
        for cell in list.split(['\n', ',']).map(|cell| cell.trim_start_matches('"')) {
            assert!(!cell.starts_with(['=', '+', '-', '@']), "{cell} in {name}");
            guarded += usize::from(cell.starts_with("'"));
        }
    }
    assert!(guarded >= 4, "there were formulas to guard against");
}

async fn a_period_that_can_not_be_looked_at_is_refused(app: &TestApp) {
    let vic = app.viewer("Vic").await;
    for (from, to, field) in [
        ("2026-02-01", "2026-01-31", "to"),
        ("2020-01-01", "2026-01-01", "to"),
        ("1815-06-18", "2026-01-01", "from"),
        ("2026-01-01", "2300-01-01", "to"),
    ] {
        let query = "query($from: Date!, $to: Date!) { insights(from: $from, to: $to) { incidents } }";
        let refusal = vic.try_query(query, json!({ "from": from, "to": to })).await.expect_refusal("insights");
        assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", field), "{from} to {to}");
        assert_eq!(vic.get(&format!("/insights/figures.csv?from={from}&to={to}")).await.status(), StatusCode::BAD_REQUEST);
    }
    for wrong in ["", "?from=2026-01-01", "?from=today&to=tomorrow", "?from=2026-01-01&to=2026-01-02&severity=AWFUL"] {
        assert_eq!(vic.get(&format!("/insights/incidents.csv{wrong}")).await.status(), StatusCode::BAD_REQUEST, "{wrong}");
    }
    let empty =
        vic.query("{ insights(from: \"2026-01-01\", to: \"2026-01-01\") { all { timeToLead { count median } } } }", Value::Null).await;
    assert_eq!(empty["insights"]["all"]["timeToLead"], json!({ "count": 0, "median": null }));
    let many = "{ insights(from: \"2026-01-01\", to: \"2026-01-01\") { bySite(first: 201) { repeats } } }";
    assert_eq!(vic.try_query(many, Value::Null).await.code(), "BAD_USER_INPUT");
    assert_eq!(app.anonymous().get(&address("figures")).await.status(), StatusCode::UNAUTHORIZED);
}

async fn what_earlier_incidents_tell_is_filled_in(app: &TestApp) {
    let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
    on_duty(app, sam.person_id(), kim.person_id()).await;
    let incident = sam.declare("without a lead").await;
    sam.declare("without anybody").await;
    app.advance(7 * MINUTE);
    let lead = json!({ "incidentId": incident["id"], "role": "INCIDENT_LEAD", "personId": sam.id() });
    sam.incident_of("assignRole", lead).await;
    sam.event_of("postUpdate", json!({ "incidentId": incident["id"], "text": "soon" })).await;
    app.advance(MINUTE);
    sam.incident_of("escalate", json!({ "incidentId": incident["id"], "reason": "help" })).await;
    let kept = times(app).await;
    // Whatever looks meanwhile finds an older schema.
    app.allow_error_log("led_at");
    let db = app.domain.db.write();
    while db.execute_unprepared("SELECT led_at FROM incident").await.is_ok() {
        Migrator::down(db, Some(1)).await.unwrap();
    }
    Migrator::up(db, None).await.unwrap();
    assert_eq!(times(app).await, kept);
    let found = insights(&sam).await;
    assert_eq!((&found["all"]["timeToLead"]["median"], &found["all"]["timeToLead"]["missing"]), (&json!(420.0), &json!(1)));
    assert_eq!(found["all"]["timeToSecondLine"]["median"], 480.0);
    assert_eq!(found["all"]["summaries"], json!({ "inTime": 0, "late": 0, "unknown": 1, "share": null }));
}

/// When each incident was first led, and second line first paged for it.
async fn times(app: &TestApp) -> Vec<(Option<Timestamp>, Option<Timestamp>)> {
    let rows = incident::Entity::find().order_by_asc(incident::Column::Number).all(app.domain.db.read()).await.unwrap();
    rows.into_iter().map(|row| (row.led_at, row.second_line_at)).collect()
}

/// The version of an incident proves what is kept of it: after each kind of change, a process that has looked before tells what one tells that
/// looks for the first time.
async fn what_has_changed_is_in_the_next_answer(app: &TestApp) {
    let (sam, kim, ada) = (app.responder("Sam").await, app.responder("Kim").await, app.admin().await);
    on_duty(app, sam.person_id(), kim.person_id()).await;
    let (site, client) = (sam.add_site("www.example.org").await, sam.add_client("Example Ltd").await);
    let mut told = Vec::new();
    let mut looked = async |what: &str| {
        app.advance(MINUTE);
        let now = insights(&ada).await;
        assert_eq!(first_look(app).await, again(app).await, "{what}");
        assert!(told.last() != Some(&now), "{what} shows: {now}");
        told.push(now);
    };
    looked("nothing").await;
    let reported = sam.report("slow").await;
    sam.mutate("declineIncident", json!({ "incidentId": reported["id"], "reason": "it is not" }), "incident { id }").await;
    looked("a report that is declined").await;
    let incident = sam.declare("down").await;
    let incident = id(&incident);
    looked("a declaration").await;
    sam.incident_of("changeSeverity", json!({ "incidentId": incident, "severity": "CRITICAL", "reason": "worse" })).await;
    looked("a severity").await;
    sam.incident_of("updateIncident", json!({ "incidentId": incident, "siteIds": [site] })).await;
    looked("a site").await;
    sam.mutate("markClientAffected", json!({ "incidentId": incident, "clientId": client }), "incident { id }").await;
    looked("a client").await;
    sam.incident_of("assignRole", json!({ "incidentId": incident, "role": "INCIDENT_LEAD", "personId": sam.id() })).await;
    looked("a lead").await;
    sam.incident_of("escalate", json!({ "incidentId": incident, "reason": "help" })).await;
    looked("a page").await;
    let page = kim.incident("INC-2", "pages { id person { name } }").await;
    let page = page["pages"].as_array().unwrap().iter().find(|page| page["person"]["name"] == "Kim").unwrap().clone();
    kim.mutate("answerPage", json!({ "pageId": page["id"] }), "page { id }").await;
    looked("an answer").await;
    sam.event_of("postUpdate", json!({ "incidentId": incident, "text": "at it" })).await;
    looked("a summary").await;
    let follow_up = json!({ "incidentId": incident, "title": "once more", "board": "incident-actions", "ownerId": sam.id() });
    let follow_up = sam.mutate("addFollowUp", follow_up, "followUp { id }").await["followUp"]["id"].take();
    looked("a follow-up").await;
    sam.mutate("settleFollowUp", json!({ "followUpId": follow_up, "state": "DROPPED", "note": "no use" }), "followUp { id }").await;
    looked("what became of it").await;
    let other = sam.declare("down as well").await;
    looked("another one").await;
    sam.incident_of("mergeIncident", json!({ "incidentId": other["id"], "intoIncidentId": incident })).await;
    looked("a merge").await;
    sam.resolve(incident).await;
    looked("a resolution").await;
    sam.incident_of("updateIncident", json!({ "incidentId": incident, "siteIds": [] })).await;
    looked("no site").await;
    let vic = app.viewer("Vic").await;
    assert_eq!(insights(&vic).await["incidents"], 1);
    sam.incident_of("updateIncident", json!({ "incidentId": incident, "visibility": "RESTRICTED" })).await;
    assert_eq!(insights(&vic).await["incidents"], 0, "what was kept is of those who may see it");
}

/// The figures, by the process that serves.
async fn again(app: &TestApp) -> String {
    told_by(&app.domain).await
}

/// The figures, by a process that has read nothing yet.
async fn first_look(app: &TestApp) -> String {
    let domain::ctx::Domain { db, clock, config, .. } = &*app.domain;
    told_by(&domain::ctx::Domain::new(domain::db::Db::clone(db), clock.clone(), (*app.domain.playbook()).clone(), config.clone(), None))
        .await
}

async fn told_by(domain: &std::sync::Arc<domain::ctx::Domain>) -> String {
    let [from, to] = [YEARS.0, YEARS.1].map(|day| day.parse().unwrap());
    let told = domain::insights::insights(&domain.system(), from, to, &domain::insights::facts::Filter::default()).await.unwrap();
    format!("{told:?}")
}
