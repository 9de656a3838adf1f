//! What a server keeps of what it read of incidents is what the database has: each mutation in turn, and two servers that write and read at once.
//!
//! In every `make test` the crowd is small. `MUSTER_STALE=16x500` has 16 writers make 500 changes each.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::Ctx;
use domain::incident::kept::Version;
use domain::incident::{parts, reading, seen_by_number};
use entity::{Visibility, action, incident};
use futures_util::future::join_all;
use harness::drive::{id, is_gap_free, sequences};
use harness::{Client, Engine, TestApp, both_dbs, run, run_within};
use sea_orm::{ConnectionTrait, EntityTrait, Set};
use serde_json::{Value, json};

use crate::authz_matrix::{World, lines};

both_dbs![
    what_is_old_is_not_written_on,
    what_is_shown_is_of_one_version_and_never_of_an_older_one,
    a_change_in_the_middle_of_a_query_is_noticed,
    in_a_snapshot_nothing_changes,
];
both_dbs![by patiently: what_is_kept_is_what_the_database_has_after_each_mutation];

/// Each mutation there is, and two looks at everything after each of them.
const PATIENCE: Duration = Duration::from_secs(280);

fn patiently(engine: Engine, test: impl AsyncFnOnce(&TestApp)) {
    run_within(PATIENCE, TestApp::builder(engine), test);
}

/// What is shown of an incident, as far as it is kept, made of what is kept, or beside it.
const INCIDENT: &str = "id version reference name clientName summary severity status visibility flags lead { name } clientCommsManager { name } \
    roles(includeEnded: true) { id role person { name } assignedAt endedAt handoverNote } sites { name client { name } } participants { name } \
    goals { goal metAt metBy { name } evidence checklist { key doneAt doneBy { name } evidence } } \
    triage { recommendation sites { site { name } weighing } } affectedClients { since note lastUpdatedAt client { name importance } } \
    actions { id title state assignee { name } settledAt } open: actions(state: OPEN) { id } latestUpdate { text redactedAt } \
    nextSteps(includeSettled: true) { key title state dueAt assignee { name } settlement snoozedUntil clients { name } } \
    pages { id answeredAt } roleOffers { id state } followUps { id title state } mergedInto { reference } \
    newest: timeline(last: 1, filter: { exceptKinds: [PROMPT, AMENDMENT] }) { nodes { id text } pageInfo { hasPreviousPage hasNextPage } }";

const EVENTS: &str = "timeline(last: 50) { totalCount pageInfo { hasPreviousPage } nodes { id sequence kind text details starred redactedAt \
    actor { name } amendments { text } attachments { id } } } first: timeline(first: 3) { nodes { id text starred redactedAt } }";

/// What belongs to an incident by itself, and what is made of several tables.
const BESIDE: &str = "formerReference tickets(link: null) { id link status subject parent client { name } } \
    clientUpdates { id body state sentAt approvedAt approvedBy { name } } \
    clientBoard { client { name } since note standing toldCount lastOutcome tickets { externalId status } contacts { name } } \
    report { id state circulatedAt draftDueOn reviewWaived } review { id startsAt place notes calledOffAt heldAt noFollowUps } \
    leadership { contact state calledAt toldAt answeredAt } asked: triage { criteria { key answer note answeredBy { name } } reasons } \
    more: followUps { description dueOn settledAt }";

/// Mutations without which this would prove nothing: they write what is kept.
const MUST: [&str; 21] = [
    "addAction",
    "addFollowUp",
    "addTimelineEvent",
    "amendTimelineEvent",
    "answerTriage",
    "assignRole",
    "changeSeverity",
    "changeStatus",
    "confirmGoal",
    "draftClientUpdate",
    "markClientAffected",
    "mergeIncident",
    "postUpdate",
    "redactEvent",
    "sendClientUpdate",
    "settleAction",
    "startReport",
    "starTimelineEvent",
    "unlinkTicket",
    "updateFollowUp",
    "updateIncident",
];

/// Where the bench has its queries.
const BENCH: &str = include_str!("../bench/work.rs");
/// What the console's board and the page of an incident ask for.
const CONSOLE: [&str; 3] = [
    include_str!("../../web/src/routes/board/incident.ts"),
    include_str!("../../web/src/routes/incident/side/shown.ts"),
    include_str!("../../web/src/routes/incident/timeline/event.ts"),
];

/// What a query of the bench selects.
fn of_bench(name: &str) -> String {
    let (_, text) = BENCH.split_once(&format!("const {name}: &str = \"")).expect("the bench has it");
    let (text, _) = text.split_once("\";").expect("it ends");
    let (_, selection) = text.split_once('{').expect("a selection");
    let (selection, _) = selection.rsplit_once('}').expect("it ends");
    selection.replace("\\\n", " ")
}

/// The fragments of the console in a file.
fn of_console(file: &str) -> String {
    let documents = file.split("graphql(`").skip(1).filter_map(|text| text.split_once('`'));
    documents.map(|(text, _)| text.replace("@_unmask", "")).collect::<Vec<_>>().join("\n")
}

/// What the bench and the console ask for, in one document.
fn measured() -> String {
    let fragments = CONSOLE.map(of_console);
    let spread = |file: &String| {
        let names = file.split("fragment ").filter_map(|text| text.split_once(" on Incident")).map(|(name, _)| format!("...{name}"));
        names.collect::<Vec<_>>().join(" ")
    };
    let [board, facts, _] = fragments.each_ref().map(spread);
    assert!(board.contains("...BoardIncident") && facts.contains("...Roles") && facts.contains("...Actions"), "{board} {facts}");
    let pages: String = (1..=2)
        .map(|number| format!("bench{number}: {} ", of_bench("PAGE").replace("$reference", &format!("\"INC-{number}\"")).trim()))
        .collect();
    format!(
        "query($responds: Boolean! = false) {{ bench: {} {pages} board: incidents(first: 10, orderBy: MOST_SEVERE) {{ nodes {{ {board} }} }} \
         page: incident(reference: \"INC-1\") {{ {facts} timeline(last: 40) {{ nodes {{ ...Event }} pageInfo {{ startCursor hasPreviousPage }} }} \
         newest: timeline(last: 1) {{ pageInfo {{ endCursor }} }} }} }} {}",
        of_bench("BOARD").trim(),
        fragments.join("\n"),
    )
}

/// A board, and the pages of three incidents.
fn looks() -> String {
    let page = |number: usize| format!("page{number}: incident(reference: \"INC-{number}\") {{ {INCIDENT} {BESIDE} {EVENTS} }}");
    let board = format!(
        "incidents(first: 10, orderBy: RECENTLY_CHANGED) {{ totalCount nodes {{ {INCIDENT} timeline(last: 3) {{ nodes {{ id text }} }} }} }}"
    );
    format!("{{ {board} {} }}", (1..=3).map(page).collect::<Vec<_>>().join(" "))
}

/// The answer as it comes.
async fn ask(by: &Client, query: &str) -> String {
    let request = by.request(reqwest::Method::POST, "/graphql").json(&json!({ "query": query }));
    request.send().await.unwrap().text().await.unwrap()
}

/// All that somebody sees.
async fn look(by: &Client) -> String {
    format!("{}\n{}", ask(by, &looks()).await, ask(by, &measured()).await)
}

/// Compares, byte by byte, what each sees of a server that keeps what it reads with what they see of one that does not.
async fn assert_same(after: &str, callers: &[(Client, Client)]) {
    for (warm, afresh) in callers {
        let right = look(afresh).await;
        // The first may have to read; the second has it all in memory.
        for time in ["first", "second"] {
            let seen = look(warm).await;
            assert!(seen == right, "after {after}, the {time} time: {}", difference(&seen, &right));
        }
    }
}

/// Where two answers part, with what is around it.
fn difference(seen: &str, right: &str) -> String {
    let place = seen.bytes().zip(right.bytes()).take_while(|(one, other)| one == other).count();
    let around = |text: &str| {
        String::from_utf8_lossy(text.as_bytes().get(place.saturating_sub(200)..).unwrap_or_default()).chars().take(400).collect::<String>()
    };
    format!("\n{}\ninstead of\n{}", around(seen), around(right))
}

async fn what_is_kept_is_what_the_database_has_after_each_mutation(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let world = World::make(app, &sam).await;
    let (ada, vic) = (app.admin().await, app.viewer("Vic").await);
    let forgetful = app.forgetful().await;
    let callers = [&ada, &vic].map(|caller| (caller.clone(), caller.at(&forgetful)));
    assert_same("the beginning", &callers).await;
    let first = look(&ada).await;
    let all = ["\"page1\":{", "\"page3\":{", "\"bench\":{", "\"bench1\":{", "\"board\":{", "\"page\":{"];
    assert!(all.iter().all(|part| first.contains(part)) && !first.contains("\"errors\""), "{first:.2000}");
    let mut done = BTreeSet::new();
    for (number, line) in lines(&world).into_iter().filter(|line| line.root == "mutation").enumerate() {
        let answer = ada.try_query(&format!("mutation {{ {} }}", line.call), Value::Null).await;
        if answer.errors.is_empty() {
            done.insert(line.field);
        }
        // What is kept is kept for everybody, so a second caller now and then is enough.
        let callers = if number % 5 == 0 { &callers[..] } else { &callers[..1] };
        assert_same(line.field, callers).await;
    }
    let refused: Vec<&&str> = MUST.iter().filter(|name| !done.contains(**name)).collect();
    assert!(refused.is_empty(), "nothing is known of {refused:?}: they were refused");
    let [of_ada, of_vic] = callers;
    let of_sam = (sam.clone(), sam.at(&forgetful));
    what_is_beside_an_incident(&ada, &world, &[of_ada, of_vic, of_sam]).await;
    forgetful.stop().await;
}

/// Names that change without it, who may see it, and what takes two steps.
async fn what_is_beside_an_incident(ada: &Client, world: &World, callers: &[(Client, Client)]) {
    let change = async |name: &str, input: Value, selection: &str| {
        let payload = ada.mutate(name, input, selection).await;
        assert_same(name, callers).await;
        payload
    };
    let live = &world.live;
    let site = change("saveSite", json!({ "name": "Shop" }), "site { id }").await;
    let incident = async |input: Value| {
        let mut all = json!({ "incidentId": live });
        all.as_object_mut().unwrap().extend(input.as_object().unwrap().clone());
        change("updateIncident", all, "incident { goals { goal checklist { key } } }").await
    };
    incident(json!({ "siteIds": [site["site"]["id"]] })).await;
    change("saveSite", json!({ "id": site["site"]["id"], "name": "Shop, renamed" }), "site { id }").await;
    change("saveClient", json!({ "id": world.client, "name": "Example plc" }), "client { id }").await;
    change("saveClient", json!({ "id": world.client, "name": "Example plc", "importance": "HIGH" }), "client { id }").await;
    change("saveSite", json!({ "id": site["site"]["id"], "name": "Shop, renamed", "clientId": world.client }), "site { id }").await;
    change("updatePerson", json!({ "personId": ada.id(), "name": "Ada, renamed" }), "person { id }").await;
    incident(json!({ "siteIds": [] })).await;
    let breach = incident(json!({ "flags": ["SECURITY_BREACH"] })).await;
    let goals = breach["incident"]["goals"].as_array().unwrap();
    let goal = goals.iter().find(|goal| goal["checklist"].as_array().is_some_and(|items| !items.is_empty())).unwrap();
    let item = &goal["checklist"][0]["key"];
    let ticked = json!({ "incidentId": live, "goal": goal["goal"], "evidence": "seen", "checklistDone": [item], "met": false });
    ada.try_mutate("confirmGoal", ticked, "incident { id }").await;
    assert_same("ticking an item", callers).await;
    incident(json!({ "visibility": "RESTRICTED" })).await;
    let share = |shared: bool| json!({ "incidentId": live, "personId": callers[1].0.id(), "shared": shared });
    change("shareIncident", share(true), "incident { id }").await;
    change("shareIncident", share(false), "incident { id }").await;
    incident(json!({ "visibility": "OPEN" })).await;
    let draft = change("draftClientUpdate", json!({ "incidentId": live, "body": "We know." }), "clientUpdate { id }").await;
    let draft = &draft["clientUpdate"]["id"];
    change("editClientUpdate", json!({ "clientUpdateId": draft, "body": "We know why." }), "clientUpdate { id }").await;
    change("discardClientUpdate", json!({ "clientUpdateId": draft }), "incident { id }").await;
    change("markClientAffected", json!({ "incidentId": live, "clientId": world.client, "affected": false }), "incident { id }").await;
}

/// What a server knows of an incident may be old: another has hidden it since, or a fail-over took back what was written last.
async fn what_is_old_is_not_written_on(app: &TestApp) {
    let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
    let incident = sam.declare("errors").await;
    for later in [1, 0] {
        kim.note(id(&incident), "known from here on").await;
        app.advance(Duration::from_secs(1));
        let version = i32::try_from(kim.incident("INC-1", "version").await["version"].as_i64().unwrap()).unwrap();
        let make = async |visibility: Visibility| {
            let row = incident::ActiveModel {
                visibility: Set(visibility),
                version: Set(version + later),
                changed_at: Set(app.now()),
                ..Default::default()
            };
            incident::Entity::update_many().set(row).exec(app.domain.db.write()).await.unwrap();
        };
        make(Visibility::Restricted).await;
        let refused = kim.refused("addTimelineEvent", json!({ "incidentId": incident["id"], "kind": "NOTE", "text": "n" })).await;
        assert_eq!(refused.code(), "NOT_FOUND", "{later}");
        make(Visibility::Open).await;
        kim.note(id(&incident), "seen again").await;
    }
    let events = sam.timeline(id(&incident)).await;
    assert!(events.len() == 5 && is_gap_free(&sequences(&events)), "{events:#?}");
}

async fn actions(ctx: &Ctx, row: &incident::Model) -> usize {
    let version = Version::from(row);
    parts::read::<action::Entity>(ctx, &[version]).await.unwrap()[&version].len()
}

async fn a_change_in_the_middle_of_a_query_is_noticed(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare("contended").await;
    let act = async || drop(sam.mutate("addAction", json!({ "incidentId": id(&incident), "title": "call" }), "action { id }").await);
    let query = || reading::as_it_comes(app.system());
    let calm = query();
    let (row, _) = seen_by_number(&calm, 1).await.unwrap();
    assert_eq!(actions(&calm, &row).await, 0);
    assert!(reading::stands(&calm).await);
    assert!(parts::known::<action::Entity>(&calm, Version::from(&*row)).is_some());
    // What is beside the row is newer.
    let one = query();
    let (row, _) = seen_by_number(&one, 1).await.unwrap();
    act().await;
    assert_eq!(actions(&one, &row).await, 1);
    assert!(!reading::stands(&one).await);
    assert!(
        parts::known::<action::Entity>(&one, Version::from(&*row)).is_some_and(|known| known.is_empty()),
        "what was read then is not kept"
    );
    // One row is newer than the other.
    let two = query();
    seen_by_number(&two, 1).await.unwrap();
    act().await;
    seen_by_number(&two, 1).await.unwrap();
    assert!(!reading::stands(&two).await);
    // The row alone is as it was at some time.
    let row_alone = query();
    seen_by_number(&row_alone, 1).await.unwrap();
    act().await;
    assert!(reading::stands(&row_alone).await);
}

async fn in_a_snapshot_nothing_changes(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare("contended").await;
    let snapshot = reading::in_snapshot(app.system()).await.unwrap();
    let (row, _) = seen_by_number(&snapshot, 1).await.unwrap();
    sam.mutate("addAction", json!({ "incidentId": id(&incident), "title": "call" }), "action { id }").await;
    assert_eq!(actions(&snapshot, &row).await, 0);
    assert_eq!(seen_by_number(&snapshot, 1).await.unwrap().0, row);
    let after = seen_by_number(&app.system(), 1).await.unwrap().0;
    assert_eq!((actions(&app.system(), &after).await, after.version), (1, row.version + 1));
    drop(snapshot);
    // As many as there may be, and the connections are whole afterwards.
    for _ in 0..20 {
        let ctx = reading::in_snapshot(app.system()).await.unwrap();
        assert_eq!(seen_by_number(&ctx, 1).await.unwrap().0, after);
    }
    sam.note(id(&incident), "still writing").await;
}

/// Those who look at the same time.
const READERS: usize = 3;

/// How many write, and how many changes each of them makes.
fn size() -> (usize, usize) {
    let text = std::env::var("MUSTER_STALE").unwrap_or_else(|_| "4x24".to_owned());
    let (writers, changes) = text.split_once('x').expect("MUSTER_STALE is WRITERSxCHANGES");
    (writers.parse().expect("a number of writers"), changes.parse().expect("a number of changes"))
}

/// What somebody saw of the incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seen {
    version: u64,
    actions: usize,
    /// The number of its last event.
    last: u64,
}

async fn seen(by: &Client) -> Seen {
    let incident = by.incident("INC-1", "version actions { id } timeline(last: 5) { totalCount nodes { sequence } }").await;
    let last = incident["timeline"]["totalCount"].as_u64().unwrap();
    let sequences: Vec<u64> =
        incident["timeline"]["nodes"].as_array().unwrap().iter().filter_map(|node| node["sequence"].as_u64()).collect();
    assert_eq!(sequences, (last.saturating_sub(4).max(1)..=last).collect::<Vec<_>>(), "the end of the timeline is that of the incident");
    Seen { version: incident["version"].as_u64().unwrap(), actions: incident["actions"].as_array().unwrap().len(), last }
}

/// Where there can be, two servers write and read.
async fn what_is_shown_is_of_one_version_and_never_of_an_older_one(app: &TestApp) {
    let (writers, changes) = size();
    let sam = app.responder("Sam").await;
    let incident = sam.declare("contended").await;
    let other = if app.engine() == Engine::Postgres { Some(app.second_process().await) } else { None };
    let servers = [sam.clone(), other.as_ref().map_or_else(|| sam.clone(), |other| sam.at(other))];
    let is_over = AtomicBool::new(false);
    // Each third change adds an action; returned is which versions did.
    let write = async |writer: usize| {
        let (by, mut added) = (&servers[writer % 2], Vec::new());
        for number in 0..changes {
            if number % 3 == 0 {
                let input = json!({ "incidentId": id(&incident), "title": format!("call {writer}.{number}") });
                added.push(by.mutate("addAction", input, "incident { version }").await["incident"]["version"].as_u64().unwrap());
            } else {
                by.note(id(&incident), &format!("note {writer}.{number}")).await;
            }
        }
        added
    };
    let read = async |reader: usize| {
        let mut all: Vec<Seen> = Vec::new();
        while !is_over.load(Ordering::Relaxed) {
            // Now here, now there.
            all.push(seen(&servers[(reader + all.len()) % 2]).await);
        }
        all
    };
    let writing = async {
        let added = join_all((0..writers).map(&write)).await.concat();
        is_over.store(true, Ordering::Relaxed);
        added
    };
    let (added, looks) = tokio::join!(writing, join_all((0..READERS).map(&read)));
    for all in &looks {
        assert!(!all.is_empty());
        for pair in all.windows(2) {
            let (one, next) = (pair[0], pair[1]);
            assert!(next.version >= one.version && next.actions >= one.actions && next.last >= one.last, "{one:?}, and then {next:?}");
        }
        for look in all {
            let by_then = added.iter().filter(|version| **version <= look.version).count();
            assert_eq!(look.actions, by_then, "{look:?}, and {by_then} were added by then");
        }
    }
    let [here, there] = [seen(&servers[0]).await, seen(&servers[1]).await];
    assert_eq!((here, here.actions), (there, added.len()));
    if let Some(other) = other {
        other.stop().await;
    }
}

#[test]
fn names_that_another_server_changed_are_shown_at_once() {
    run(Engine::Postgres, names_of_another_server);
}

async fn names_of_another_server(app: &TestApp) {
    const ALL: &str = "roles { person { name } } sites { name client { name } } affectedClients { client { name } } \
                       timeline(last: 5) { nodes { actor { name } } }";
    let (ada, sam) = (app.admin().await, app.responder("Sam").await);
    let save = async |by: &Client, kind: &str, input: Value| {
        let name = format!("save{}{}", kind[..1].to_uppercase(), &kind[1..]);
        id(&by.mutate(&name, input, &format!("{kind} {{ id }}")).await[kind]).to_owned()
    };
    let client = save(&ada, "client", json!({ "name": "client 0" })).await;
    let site = save(&ada, "site", json!({ "name": "site 0", "clientId": client })).await;
    let incident = sam.declare_with(json!({ "name": "shown", "severity": "MAJOR", "leadId": sam.id() })).await;
    sam.incident_of("updateIncident", json!({ "incidentId": id(&incident), "siteIds": [site] })).await;
    sam.incident_of("markClientAffected", json!({ "incidentId": id(&incident), "clientId": client })).await;
    let other = app.second_process().await;
    let there = ada.at(&other);
    for round in 1..=5 {
        let person = json!({ "personId": sam.id(), "name": format!("person {round}") });
        there.mutate("updatePerson", person, "person { id }").await;
        let seen = sam.incident("INC-1", ALL).await.to_string();
        assert!(seen.contains(&format!("person {round}")) && !seen.contains(&format!("person {}", round - 1)), "{seen}");
        save(&there, "client", json!({ "id": client, "name": format!("client {round}") })).await;
        let seen = sam.incident("INC-1", ALL).await.to_string();
        assert_eq!(seen.matches(&format!("client {round}")).count(), 2, "{seen}");
        save(&there, "site", json!({ "id": site, "name": format!("site {round}"), "clientId": client })).await;
        let seen = sam.incident("INC-1", ALL).await.to_string();
        assert!(seen.contains(&format!("site {round}")), "{seen}");
    }
    other.stop().await;
}

#[test]
fn a_board_and_a_page_that_are_known_take_one_statement() {
    // Only PostgreSQL's statements are counted.
    run(Engine::Postgres, one_statement);
}

async fn one_statement(app: &TestApp) {
    let sam = app.responder("Sam").await;
    for number in 0..3 {
        sam.declare_with(json!({ "name": format!("incident {number}"), "severity": "MAJOR", "leadId": sam.id() })).await;
    }
    let page = of_bench("PAGE").replace("$reference", "\"INC-1\"");
    for query in [of_bench("BOARD"), page] {
        let statements = app.fewest_statements(async || drop(sam.query(&format!("{{ {query} }}"), Value::Null).await));
        assert_eq!(statements.await, 1, "{query}");
    }
}

#[test]
fn names_that_change_at_once_do_not_get_in_each_others_way() {
    run(Engine::Postgres, names_at_once);
}

async fn names_at_once(app: &TestApp) {
    let ada = app.admin().await;
    for name in ["one", "two"] {
        ada.mutate("saveClient", json!({ "name": name }), "client { id }").await;
    }
    let rename = |name: &str, to: &str| format!("UPDATE client SET name = '{to}' WHERE name = '{name}'");
    let (first, second) = (app.domain.db.begin().await.unwrap(), app.domain.db.begin().await.unwrap());
    first.execute_unprepared(&rename("one", "1")).await.unwrap();
    // If the first held the mark already, this would wait for it, and below the first for this.
    second.execute_unprepared(&rename("two", "2")).await.unwrap();
    let on = async {
        first.execute_unprepared(&rename("two", "never")).await.unwrap();
        first.commit().await.unwrap();
    };
    let ((), ended) = tokio::join!(on, second.commit());
    ended.unwrap();
    let clients = ada.query("{ clients { nodes { name } } }", Value::Null).await.to_string();
    assert!(clients.contains("\"1\"") && clients.contains("\"2\""), "{clients}");
}
