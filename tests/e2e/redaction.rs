//! An administrator takes out what an event says (R16, R28): it is nowhere any more, and the record is provably whole.

use std::path::Path;
use std::process::{Command, Output};

use domain::chain::Verdict;
use domain::chores::{Chore, carry_out};
use domain::timeline::redact::redact;
use domain::timeline::verify::{Verified, verify};
use entity::{EventId, IncidentId, Source, TimelineKind, attachment, forgotten_file, incident, timeline_event};
use harness::drive::{EVENT, id, kinds, text};
use harness::live::Transport;
use harness::process::Home;
use harness::{Client, Engine, TestApp, both_dbs};
use sea_orm::sea_query::{Expr, ExprTrait, SimpleExpr};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter};
use serde_json::{Value, json};
use timeline_event::Column;

use crate::fixture::{long_timeline, rows};
use crate::hygiene::root;

both_dbs![
    what_is_taken_out_is_nowhere_and_the_record_is_whole,
    what_somebody_else_took_out_shows,
    only_administrators_take_out_and_say_why,
    a_correction_can_be_taken_out_alone_and_made_afterwards,
    what_is_over_can_be_redacted,
    who_watches_hears_of_it_at_once,
    reports_reviews_and_briefs_do_without,
    bytes_stay_as_long_as_another_file_has_them,
    an_independent_verifier_finds_the_same,
    a_long_timeline_is_verified_in_few_statements,
];

/// In no other text of these tests.
const MARKER: &str = "quokka";

/// An incident, with a note (2) whose text, details and file have the marker, something harmless (3), a correction of the note's text (4)
/// and one of its time alone (5).
struct Scene {
    ada: Client,
    sam: Client,
    incident: Value,
    note: Value,
    file: Value,
}

impl Scene {
    async fn make(app: &TestApp) -> Self {
        let (ada, sam) = (app.admin().await, app.responder("Sam").await);
        let incident = sam.declare("errors").await;
        let content = format!("the password is {MARKER}").into_bytes();
        let file = sam.try_upload_with(id(&incident), &[("held", "true")], &format!("{MARKER}.txt"), content).await;
        let file: Value = file.json().await.unwrap();
        let note = json!({
            "incidentId": incident["id"], "kind": "NOTE", "text": format!("log in with {MARKER}"), "details": { "password": MARKER },
            "attachmentIds": [file["id"]], "idempotencyKey": "k1",
        });
        let note = sam.event_of("addTimelineEvent", note).await;
        sam.note(id(&incident), "harmless").await;
        let correct = json!({ "eventId": note["id"], "text": format!("log in with {MARKER} again"), "reason": "twice" });
        sam.event_of("amendTimelineEvent", correct).await;
        sam.event_of("amendTimelineEvent", json!({ "eventId": note["id"], "occurredAt": note["occurredAt"] })).await;
        Self { ada, sam, incident, note, file }
    }

    async fn redact(&self, event: &Value) -> Value {
        let selection = format!("event {{ {EVENT} redactedAt attachments {{ id }} amendments {{ sequence text redactedAt }} }}");
        let input = json!({ "eventId": event["id"], "reason": "a password was pasted" });
        self.ada.mutate("redactEvent", input, &selection).await["event"].take()
    }

    fn incident(&self) -> IncidentId {
        IncidentId::parse(id(&self.incident)).unwrap()
    }
}

async fn verified(app: &TestApp, id: IncidentId) -> Verified {
    let row = incident::Entity::find_by_id(id).one(app.domain.db.read()).await.unwrap().unwrap();
    verify(&app.system(), &row).await.unwrap()
}

fn whole(sequence: i32, redacted: usize) -> Verified {
    Verified { verdict: Verdict::Whole(sequence), redacted }
}

/// The files in `folder` and below that have the marker, in their name or content.
fn files_with_it(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.append(&mut files_with_it(&path));
        } else {
            let bytes = std::fs::read(&path).unwrap();
            let has_it = bytes.windows(MARKER.len()).any(|part| part == MARKER.as_bytes());
            found.extend((has_it || path.display().to_string().contains(MARKER)).then(|| path.display().to_string()));
        }
    }
    found
}

/// Where the marker stands: tables, files of the data folder, and files of SQLite.
async fn places(app: &TestApp) -> Vec<String> {
    let as_bytes = hex::encode(MARKER);
    let has_it = |row: &str| row.contains(MARKER) || row.contains(&as_bytes);
    let mut found: Vec<String> = rows(app).await.into_iter().filter(|(_, row)| has_it(row)).map(|(table, _)| table).collect();
    found.dedup();
    found.append(&mut files_with_it(app.data_dir()));
    if let Some(database) = app.database_url().strip_prefix("sqlite:") {
        found.append(&mut files_with_it(Path::new(database).parent().unwrap()));
    }
    found
}

async fn what_is_taken_out_is_nowhere_and_the_record_is_whole(app: &TestApp) {
    let scene = Scene::make(app).await;
    assert!(places(app).await.len() >= 3, "the walk gets there");
    let event = scene.redact(&scene.note).await;
    assert_eq!((&event["text"], &event["details"], &event["attachments"]), (&json!(""), &Value::Null, &json!([])));
    for kept in ["id", "sequence", "kind", "occurredAt", "recordedAt", "source", "hash", "actor"] {
        assert_eq!(event[kept], scene.note[kept], "{kept}");
    }
    assert!(event["redactedAt"].is_string());
    let [words, time] = event["amendments"].as_array().unwrap().as_slice() else { panic!("{event}") };
    assert_eq!((&words["sequence"], &words["text"], words["redactedAt"].is_string()), (&json!(4), &json!(""), true));
    assert!(text(time, "text").starts_with("Happened at") && time["redactedAt"] == Value::Null, "a time alone gives nothing away: {time}");
    let events = scene.ada.timeline(id(&scene.incident)).await;
    assert_eq!(kinds(&events), ["DECLARED", "NOTE", "NOTE", "AMENDMENT", "AMENDMENT", "REDACTION"]);
    let said = &events[5];
    assert_eq!(said["text"], "Events 2 and 4 were redacted: a password was pasted");
    assert_eq!((&said["details"]["sequences"], &said["details"]["reason"]), (&json!([2, 4]), &json!("a password was pasted")));
    assert_eq!((&said["actor"]["name"], &events[2]["text"]), (&json!("Ada"), &json!("harmless")));
    assert_eq!(places(app).await, [] as [String; 0]);
    assert_eq!(scene.ada.get(&format!("/files/{}", id(&scene.file))).await.status(), 404);
    assert_eq!(forgotten_file::Entity::find().count(app.domain.db.read()).await.unwrap(), 0);
    assert_eq!(verified(app, scene.incident()).await, whole(6, 2));
    // Again is once.
    assert_eq!(scene.redact(&scene.note).await, event);
    assert_eq!(verified(app, scene.incident()).await, whole(6, 2));
    let home = Home::new(app.data_dir(), app.database_url());
    let said = tokio::task::block_in_place(|| home.run(&["verify", "INC-1"]));
    assert_eq!(said, "1 timeline intact, 2 events redacted");
    let log =
        "{ auditLog(filter: { actions: [EVENT_REDACTED] }) { nodes { actor { name } about { ... on Incident { reference } } details } } }";
    let log = scene.ada.query(log, Value::Null).await;
    let details = json!({ "incident": "INC-1", "sequences": [2, 4], "reason": "a password was pasted" });
    let entry = json!({ "actor": { "name": "Ada" }, "about": { "reference": "INC-1" }, "details": details });
    assert_eq!(log["auditLog"]["nodes"], json!([entry]));
}

/// Sets a column of one event, as somebody with access to the database would.
async fn alter(app: &TestApp, incident: IncidentId, sequence: i32, column: Column, value: SimpleExpr) {
    let event = Column::IncidentId.eq(incident).and(Column::Sequence.eq(sequence));
    let update = timeline_event::Entity::update_many().col_expr(column, value).filter(event);
    assert_eq!(update.exec(app.domain.db.write()).await.unwrap().rows_affected, 1);
}

async fn what_somebody_else_took_out_shows(app: &TestApp) {
    let broken = |verified: Verified| verified.verdict;
    let now = Expr::val(app.now());
    // By hand, with and without its text.
    for texts in [vec![], vec![(Column::Text, Expr::val("")), (Column::Details, Expr::val(None::<String>))]] {
        let scene = Scene::make(app).await;
        for (column, value) in texts.into_iter().chain([(Column::RedactedAt, now.clone())]) {
            alter(app, scene.incident(), 2, column, value).await;
        }
        assert_eq!(broken(verified(app, scene.incident()).await), Verdict::Broken(2));
    }
    // What Muster left of it is part of the record.
    let alterations: [(Column, SimpleExpr); 7] = [
        (Column::Text, Expr::val("all was well")),
        (Column::Details, Expr::val("{}")),
        (Column::Kind, Expr::val(TimelineKind::Decision)),
        (Column::OccurredAt, Expr::val(app.now() + chrono::Duration::hours(1))),
        (Column::Source, Expr::val(Source::Slack)),
        (Column::Hash, Expr::val(vec![0_u8; 32])),
        (Column::RedactedAt, Expr::val(None::<entity::Timestamp>)),
    ];
    for (column, value) in alterations {
        let scene = Scene::make(app).await;
        scene.redact(&scene.note).await;
        alter(app, scene.incident(), 2, column, value).await;
        assert_eq!(broken(verified(app, scene.incident()).await), Verdict::Broken(2), "{column:?}");
    }
    // Nor can what says so be taken back.
    let scene = Scene::make(app).await;
    scene.redact(&scene.note).await;
    scene.sam.note(id(&scene.incident), "and on").await;
    let said = Column::IncidentId.eq(scene.incident()).and(Column::Kind.eq(TimelineKind::Redaction));
    timeline_event::Entity::delete_many().filter(said).exec(app.domain.db.write()).await.unwrap();
    assert_eq!(broken(verified(app, scene.incident()).await), Verdict::Broken(2));
}

async fn only_administrators_take_out_and_say_why(app: &TestApp) {
    let scene = Scene::make(app).await;
    let why = json!({ "eventId": scene.note["id"], "reason": "a password" });
    for by in [&scene.sam, &app.viewer("Vic").await] {
        assert_eq!(by.refused("redactEvent", why.clone()).await.code(), "FORBIDDEN");
    }
    for (input, code, field) in [
        (json!({ "eventId": scene.note["id"], "reason": " " }), "BAD_USER_INPUT", "reason"),
        (json!({ "eventId": scene.incident["id"], "reason": "a password" }), "BAD_USER_INPUT", "eventId"),
        (json!({ "eventId": "evt_00000000000000000000000000000001", "reason": "a password" }), "NOT_FOUND", ""),
    ] {
        let refusal = scene.ada.refused("redactEvent", input).await;
        assert_eq!((refusal.code(), refusal.field()), (code, field));
    }
    assert_eq!(scene.sam.timeline(id(&scene.incident)).await.len(), 5, "nothing was done");
    scene.redact(&scene.note).await;
    let said = scene.sam.timeline(id(&scene.incident)).await.pop().unwrap();
    let refusal = scene.ada.refused("redactEvent", json!({ "eventId": said["id"], "reason": "a password" })).await;
    assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", "eventId"), "what says so stays");
}

async fn a_correction_can_be_taken_out_alone_and_made_afterwards(app: &TestApp) {
    let scene = Scene::make(app).await;
    let events = scene.sam.timeline(id(&scene.incident)).await;
    scene.redact(&events[3]).await;
    let note = scene.sam.node(id(&scene.note), "TimelineEvent { text redactedAt }").await;
    assert!(note["redactedAt"] == Value::Null && text(&note, "text").contains(MARKER), "{note}");
    assert_eq!(verified(app, scene.incident()).await, whole(6, 1));
    scene.redact(&scene.note).await;
    let said = scene.sam.timeline(id(&scene.incident)).await.pop().unwrap();
    assert_eq!(said["text"], "Event 2 was redacted: a password was pasted", "the correction was empty already");
    // Somebody says without it what there was to say.
    scene.sam.event_of("amendTimelineEvent", json!({ "eventId": scene.note["id"], "text": "log in with the usual password" })).await;
    let again = scene.redact(&scene.note).await;
    assert_eq!(again["amendments"][2]["text"], "log in with the usual password");
    assert_eq!(verified(app, scene.incident()).await, whole(8, 2));
}

async fn what_is_over_can_be_redacted(app: &TestApp) {
    let scene = Scene::make(app).await;
    let other = scene.sam.declare("the same").await;
    scene.sam.incident_of("mergeIncident", json!({ "incidentId": scene.incident["id"], "intoIncidentId": other["id"] })).await;
    scene.redact(&scene.note).await;
    let merged = scene.ada.timeline(id(&scene.incident)).await.into_iter().find(|event| event["kind"] == "MERGED").unwrap();
    scene.redact(&merged).await;
    let restricted = json!({ "incidentId": other["id"], "visibility": "RESTRICTED" });
    scene.sam.incident_of("updateIncident", restricted).await;
    let note = scene.sam.note(id(&other), MARKER).await;
    scene.redact(&note).await;
    assert_eq!(places(app).await, [] as [String; 0]);
    for (incident, redacted) in [(&scene.incident, 3), (&other, 1)] {
        let found = verified(app, IncidentId::parse(id(incident)).unwrap()).await;
        assert!(matches!(found, Verified { verdict: Verdict::Whole(_), redacted: count } if count == redacted), "{found:?}");
    }
}

async fn who_watches_hears_of_it_at_once(app: &TestApp) {
    let scene = Scene::make(app).await;
    let vic = app.viewer("Vic").await;
    let timeline = "subscription($id: ID!) { timeline(incidentId: $id) { node { sequence kind text details redactedAt } } }";
    for transport in [Transport::WebSocket, Transport::ServerSentEvents] {
        let note = scene.sam.note(id(&scene.incident), MARKER).await;
        let mut watching = vic.subscribe(transport, timeline, json!({ "id": scene.incident["id"] })).await;
        let mut next = async || watching.next().await["timeline"]["node"].take();
        while next().await["sequence"] != note["sequence"] {}
        scene.redact(&note).await;
        let said = next().await;
        assert_eq!((&said["kind"], &said["details"]["sequences"]), (&json!("REDACTION"), &json!([note["sequence"]])));
    }
    // The first may be over before the server has begun to listen.
    let hints = "subscription { changes(kinds: [REDACTIONS]) { kind incident { reference } event { id text redactedAt } } }";
    let mut watching = vic.subscribe(Transport::WebSocket, hints, Value::Null).await;
    let told = loop {
        let note = scene.sam.note(id(&scene.incident), MARKER).await;
        scene.redact(&note).await;
        if let Ok(told) = tokio::time::timeout(std::time::Duration::from_secs(2), watching.next()).await {
            break told["changes"].clone();
        }
    };
    assert_eq!((&told["kind"], &told["incident"]["reference"]), (&json!("REDACTIONS"), &json!("INC-1")));
    assert!(told["event"]["text"] == "" && told["event"]["redactedAt"].is_string(), "{told}");
}

async fn reports_reviews_and_briefs_do_without(app: &TestApp) {
    let (ada, sam) = (app.admin().await, app.responder("Sam").await);
    let incident = sam.declare_with(json!({ "name": "Shop is down", "severity": "MINOR", "leadId": sam.id() })).await;
    let of = |rest: Value| {
        let mut input = rest;
        input["incidentId"] = incident["id"].clone();
        input
    };
    for kind in ["NOTE", "COMMAND", "DECISION", "FINDING"] {
        sam.event_of("addTimelineEvent", of(json!({ "kind": kind, "text": MARKER }))).await;
    }
    let bypass = json!({ "tried": MARKER, "deployed": "BYPASS", "reason": MARKER });
    sam.event_of("addTimelineEvent", of(json!({ "kind": "CHANGE", "text": MARKER, "change": bypass }))).await;
    sam.incident_of("changeSeverity", of(json!({ "severity": "MAJOR", "reason": MARKER }))).await;
    sam.event_of("postUpdate", of(json!({ "text": MARKER }))).await;
    let brief = async || sam.incident("INC-1", "handoverBrief").await["handoverBrief"].to_string();
    assert!(brief().await.contains(MARKER));
    sam.meet_goals(id(&incident)).await;
    sam.incident_of("resolveIncident", of(json!({ "summary": MARKER }))).await;
    let plan = json!({
        "startsAt": app.now() + chrono::Duration::days(8), "facilitatorId": sam.id(), "noteTakerId": sam.id(),
        "overrideReason": "there is nobody else",
    });
    sam.mutate("scheduleReview", of(plan), "review { id }").await;
    for event in sam.timeline(id(&incident)).await.iter().filter(|event| event.to_string().contains(MARKER)) {
        ada.mutate("redactEvent", json!({ "eventId": event["id"], "reason": "a name" }), "event { id }").await;
    }
    let selection = "handoverBrief clientUpdateDraft latestUpdate { text redactedAt } \
        report { sections { key body } } review { guide { moments { kind text } } }";
    let seen = sam.incident("INC-1", selection).await;
    assert!(!seen.to_string().contains(MARKER), "{seen}");
    assert!(brief().await.contains("(redacted)"));
    let sections = seen["report"]["sections"].as_array().unwrap();
    let body = |key: &str| text(sections.iter().find(|section| section["key"] == key).unwrap(), "body");
    assert!(body("timeline").contains("Sam: (redacted)") && !body("timeline").contains("```"), "{}", body("timeline"));
    assert!(!body("overview").contains("(redacted)"), "{}", body("overview"));
    let guide = &seen["review"]["guide"];
    assert!(!guide.to_string().contains("(redacted)"), "there is nothing to talk about: {guide}");
    for form in ["md", "html"] {
        let report = sam.get(&format!("/incidents/INC-1/report.{form}?version=FULL")).await;
        assert_eq!(report.status(), 200);
        assert!(!report.text().await.unwrap().contains(MARKER), "{form}");
    }
}

async fn bytes_stay_as_long_as_another_file_has_them(app: &TestApp) {
    let (ada, sam) = (app.admin().await, app.responder("Sam").await);
    let incident = sam.declare("errors").await;
    let upload = async |name: &str| {
        let file = sam.upload(id(&incident), name, MARKER.into()).await;
        (file, sam.timeline(id(&incident)).await.pop().unwrap())
    };
    let ((_, first), (kept, second)) = (upload("one.txt").await, upload("two.txt").await);
    let redact = async |event: &Value| {
        ada.mutate("redactEvent", json!({ "eventId": event["id"], "reason": "a password" }), "event { id }").await;
    };
    redact(&first).await;
    assert_eq!(sam.get(&format!("/files/{}", id(&kept))).await.text().await.unwrap(), MARKER);
    assert_eq!(forgotten_file::Entity::find().count(app.domain.db.read()).await.unwrap(), 0);
    redact(&second).await;
    assert_eq!(files_with_it(app.data_dir()), [] as [String; 0]);
    // A server that died right after the commit left the bytes: the next chore removes them.
    let (third, _) = upload("three.txt").await;
    attachment::Entity::delete_many().exec(app.domain.db.write()).await.unwrap();
    let left = forgotten_file::Model { sha256: text(&third, "sha256").to_owned(), forgotten_at: app.now() };
    forgotten_file::Entity::insert(left.into_active_model()).exec_without_returning(app.domain.db.write()).await.unwrap();
    assert_eq!(files_with_it(app.data_dir()).len(), 1);
    carry_out(&app.system(), Chore::Expire).await.unwrap();
    assert_eq!(files_with_it(app.data_dir()), [] as [String; 0]);
}

/// Runs the verifier of docs/operations.md.
fn independent(app: &TestApp, by: &Client) -> Output {
    let docs = std::fs::read_to_string(root().join("docs/operations.md")).unwrap();
    let program = docs.split("```python\n").find(|part| part.starts_with("import hashlib")).unwrap();
    let program = program.split("```").next().unwrap();
    let mut python = Command::new("python3");
    python.args(["-c", program, "INC-1"]).env("MUSTER_TOKEN", by.token()).env("MUSTER_URL", app.url());
    tokio::task::block_in_place(|| python.output().unwrap())
}

async fn an_independent_verifier_finds_the_same(app: &TestApp) {
    let scene = Scene::make(app).await;
    let say = |output: Output| String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(say(independent(app, &scene.sam)).starts_with("whole: 5 events, newest hash "));
    scene.redact(&scene.note).await;
    let said = say(independent(app, &scene.sam));
    assert!(said.starts_with("whole: 6 events, 2 redacted, newest hash "), "{said}");
    alter(app, scene.incident(), 2, Column::Kind, Expr::val(TimelineKind::Decision)).await;
    assert_eq!(say(independent(app, &scene.sam)).trim(), "broken at event 2");
    alter(app, scene.incident(), 2, Column::Kind, Expr::val(TimelineKind::Note)).await;
    alter(app, scene.incident(), 3, Column::RedactedAt, Expr::val(app.now())).await;
    assert_eq!(say(independent(app, &scene.sam)).trim(), "broken at event 3");
}

async fn a_long_timeline_is_verified_in_few_statements(app: &TestApp) {
    let ada = app.admin().await;
    let ctx = app.ctx(&ada).await;
    let incident = long_timeline(&ctx, 5_000).await;
    for sequence in [1, 2_500, 5_000] {
        let event = timeline_event::Entity::find().filter(Column::IncidentId.eq(incident).and(Column::Sequence.eq(sequence)));
        let event: EventId = event.one(ctx.db.read()).await.unwrap().unwrap().id;
        redact(&ctx, event, "a name").await.unwrap();
    }
    assert_eq!(verified(app, incident).await, whole(5_003, 3));
    if app.engine() == Engine::Postgres {
        let statements = app.fewest_statements(async || {
            verified(app, incident).await;
        });
        let statements = statements.await;
        // The incident, six batches, what was redacted for three of them, whether there is more, and looks of the server's own.
        assert!(statements <= 25, "{statements}");
    }
}
