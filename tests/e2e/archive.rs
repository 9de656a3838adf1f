//! R28: an incident becomes one file that can be checked without Muster, and that another server takes in as it was.

mod hostile;

use std::fs::File;
use std::io::{Cursor, Write};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use domain::archive::{self, Imported};
use domain::chain::Verdict;
use domain::timeline::verify::verify;
use entity::{AuditAction, audit_entry, delivery, incident, person};
use harness::drive::{id, text};
use harness::process::Home;
use harness::{Client, Engine, TestApp, both_dbs};
use reqwest::StatusCode;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, Statement};
use serde_json::{Value, json};

both_dbs![
    an_incident_moves_to_the_other_database_and_is_the_same_there,
    whoever_has_the_archive_can_check_it_without_muster,
    a_reference_that_is_taken_gets_the_next_and_remembers_the_old,
    an_archive_has_no_secrets_and_nothing_that_waits_to_be_shown,
    administrators_alone_take_incidents_out,
    the_command_line_takes_out_and_in,
];

const HOUR: Duration = Duration::from_secs(3_600);

/// An incident with a bit of everything, from the declaration to its closing.
async fn closed(app: &TestApp) -> Value {
    let (sam, kim, fay) = (app.responder("Sam Okafor").await, app.responder("Kim Lee").await, app.responder("Fay Mori").await);
    let acme = sam.add_client("Acme Retail").await;
    let site = sam.add_site("shop.example.org").await;
    let reported = sam.report("Shops answer nobody").await;
    let of = |rest: Value| {
        let mut input = json!({ "incidentId": reported["id"] });
        input.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        input
    };
    let answers = json!([{ "criterion": "security", "answer": "NO" }]);
    sam.incident_of("answerTriage", of(json!({ "answers": answers }))).await;
    let declared = json!({ "severity": "MAJOR", "leadId": sam.id(), "affectedClientIds": [acme], "siteIds": [site] });
    let incident = sam.declare_with(of(declared)).await;
    for person in [&kim, &fay] {
        sam.incident_of("shareIncident", of(json!({ "personId": person.id(), "shared": true }))).await;
    }
    let note = kim.note(id(&incident), "Sam saw 😀, \"quotes\", \\ and\tnothing else").await;
    kim.mutate("amendTimelineEvent", json!({ "eventId": note["id"], "text": "Sam saw the disk fill up" }), "event { id }").await;
    let secret = kim.note(id(&incident), "the password is hunter2").await;
    let redact = json!({ "eventId": secret["id"], "reason": "a password was pasted" });
    app.admin().await.mutate("redactEvent", redact, "event { id }").await;
    for (name, content) in [("graph.txt", "cpu 100 %"), ("again.txt", "cpu 100 %"), ("trace.txt", "at line 7")] {
        sam.upload(id(&incident), name, content.into()).await;
    }
    let action = sam.mutate("addAction", of(json!({ "title": "restart the pool", "assigneeId": kim.id() })), "action { id }").await;
    kim.mutate("settleAction", json!({ "actionId": action["action"]["id"], "state": "DONE" }), "action { id }").await;
    sam.mutate("offerRole", of(json!({ "role": "CLIENT_COMMS_MANAGER", "personId": kim.id() })), "offer { id }").await;
    app.advance(HOUR);
    sam.incident_of("changeSeverity", of(json!({ "severity": "CRITICAL", "reason": "all shops" }))).await;
    sam.event_of("postUpdate", of(json!({ "text": "Shops are down; we restart them." }))).await;
    sam.resolve(id(&incident)).await;
    let owner = json!({ "title": "Watch the pool", "board": "incident-actions", "ownerId": kim.id(), "dueOn": "2026-12-20" });
    sam.mutate("addFollowUp", of(owner), "followUp { id }").await;
    review(app, &incident, [&sam, &kim, &fay]).await;
    report(&incident, &sam, &kim).await;
    sam.incident_of("closeIncident", of(json!({ "note": "all is done" }))).await
}

async fn review(app: &TestApp, incident: &Value, [sam, kim, fay]: [&Client; 3]) {
    let plan = json!({
        "incidentId": incident["id"], "startsAt": "2026-11-30T10:00:00Z", "facilitatorId": fay.id(), "noteTakerId": kim.id(),
        "overrideReason": "a small team",
    });
    let review = sam.mutate("scheduleReview", plan, "review { id }").await["review"]["id"].clone();
    for body in ["The alarm came late.", "I did not know whom to ask.", "The runbook was right."] {
        let comment = json!({ "reviewId": review, "body": body, "anonymous": true });
        kim.mutate("commentOnReview", comment, "comment { id }").await;
    }
    sam.mutate("parkReviewTopic", json!({ "reviewId": review, "topic": "More disks", "forum": "hosting" }), "topic { id }").await;
    app.advance(10 * 24 * HOUR);
    let slides = fay.try_upload_with(id(incident), &[("held", "true")], "slides.txt", "one slide".into()).await;
    let slides: Value = slides.json().await.unwrap();
    let record = json!({
        "reviewId": review, "heldAt": "2026-11-30T10:00:00Z", "notes": "We learned much.", "fileIds": [slides["id"]],
    });
    fay.mutate("recordReview", record, "review { id }").await;
}

async fn report(incident: &Value, sam: &Client, kim: &Client) {
    let report = id(&sam.incident(text(incident, "reference"), "report { id }").await["report"]).to_owned();
    let edit = json!({ "reportId": report, "sectionKey": "explanation", "expectedVersion": 0, "body": "Okafor had rolled out at six." });
    sam.mutate("editReportSection", edit, "report { id }").await;
    sam.mutate("circulateReport", json!({ "reportId": report }), "report { id }").await;
    kim.mutate("markReportRead", json!({ "reportId": report }), "report { id }").await;
    let comment = json!({ "reportId": report, "sectionKey": "explanation", "body": "since when?", "kind": "FOR_REVIEW" });
    kim.mutate("commentOnReport", comment, "comment { id }").await;
    sam.mutate("finaliseReport", json!({ "reportId": report }), "report { state }").await;
}

/// The archive of `INC-1`, as an administrator downloads it.
async fn download(app: &TestApp, reference: &str) -> Vec<u8> {
    let response = app.admin().await.get(&format!("/incidents/{reference}/archive.zip")).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["content-disposition"], format!("attachment; filename=\"{reference}.zip\""));
    response.bytes().await.unwrap().to_vec()
}

fn on_disk(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file
}

async fn take_in(app: &TestApp, bytes: &[u8]) -> domain::Result<Imported> {
    archive::import(&app.system(), on_disk(bytes)).await
}

fn unpacked(bytes: &[u8]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    zip::ZipArchive::new(Cursor::new(bytes)).unwrap().extract(folder.path()).unwrap();
    folder
}

fn other(engine: Engine) -> Engine {
    if engine == Engine::Sqlite { Engine::Postgres } else { Engine::Sqlite }
}

async fn an_incident_moves_to_the_other_database_and_is_the_same_there(app: &TestApp) {
    let incident = closed(app).await;
    let first = download(app, "INC-1").await;
    assert!(first == download(app, "INC-1").await, "the same incident makes the same archive");
    app.elsewhere(other(app.engine()), async |there| {
        let imported = take_in(there, &first).await.unwrap();
        assert_eq!((imported.was_here, imported.formerly), (false, None));
        assert!(first == download(there, "INC-1").await, "it is the same there, byte for byte");
        let row = incident::Entity::find_by_id(imported.incident.id).one(there.domain.db.read()).await.unwrap().unwrap();
        let verified = verify(&there.system(), &row).await.unwrap();
        assert_eq!((verified.verdict, verified.redacted), (Verdict::Whole(row.last_sequence), 1));
        // People are there as those who did it, and can't come in.
        let people = person::Entity::find().filter(person::Column::Name.eq("Sam Okafor")).all(there.domain.db.read()).await.unwrap();
        assert!(people.len() == 1 && people[0].deactivated_at.is_some(), "{people:?}");
        // Twice is once.
        assert!(take_in(there, &first).await.unwrap().was_here);
        assert!(first == download(there, "INC-1").await);
        // Files are there, and new incidents come after it.
        let admin = there.admin().await;
        let selection = "name attachments { fileName downloadUrl } review { comments { body } files { fileName } } report { state }";
        let files = admin.incident("INC-1", selection).await;
        assert_eq!((&files["name"], &files["report"]["state"]), (&incident["name"], &json!("FINAL")));
        assert_eq!(files["review"]["comments"].as_array().unwrap().len(), 3);
        assert_eq!(files["review"]["files"], json!([{ "fileName": "slides.txt" }]));
        let url = text(&files["attachments"][2], "downloadUrl");
        let path = &url[url.find("/files/").unwrap()..];
        assert_eq!(admin.get(path).await.text().await.unwrap(), "at line 7");
        assert_eq!(text(&there.responder("Uma").await.declare("next").await, "reference"), "INC-2");
    })
    .await;
}

async fn whoever_has_the_archive_can_check_it_without_muster(app: &TestApp) {
    closed(app).await;
    let folder = unpacked(&download(app, "INC-1").await);
    let check = || Command::new("python3").arg(folder.path().join("verify.py")).output().expect("python3 is there");
    let said = |output: &std::process::Output| String::from_utf8_lossy(&output.stdout).into_owned();
    let whole = check();
    assert!(whole.status.success() && said(&whole).contains("events are as they were written, 1 of them redacted."), "{whole:?}");
    let here = |path: &str| folder.path().join(path);
    let without = |path: &str, change: &dyn Fn(&Path), complaint: &str| {
        let kept = std::fs::read(here(path)).ok();
        change(&here(path));
        let broken = check();
        assert!(!broken.status.success() && said(&broken).contains(complaint), "{path}: {broken:?}");
        match kept {
            Some(kept) => std::fs::write(here(path), kept).unwrap(),
            None => std::fs::remove_file(here(path)).unwrap(),
        }
    };
    let file = std::fs::read_dir(here("files")).unwrap().next().unwrap().unwrap().file_name().into_string().unwrap();
    without(&format!("files/{file}"), &|path| std::fs::write(path, "other").unwrap(), "was changed");
    without("rows/ticket.jsonl", &|path| std::fs::remove_file(path).unwrap(), "is missing");
    without("rows/more.jsonl", &|path| std::fs::write(path, "").unwrap(), "was added");
    // Somebody who writes the list anew is found by the chain.
    let lines = std::fs::read_to_string(here("rows/timeline_event.jsonl")).unwrap();
    let forged = lines.replace("the disk fill up", "nothing at all");
    assert_ne!(lines, forged);
    without("rows/timeline_event.jsonl", &|path| std::fs::write(path, &forged).unwrap(), "the timeline is broken at event");
    // Nor is what was redacted written anew.
    let refilled = lines.replace("\"text\":\"\"", "\"text\":\"the password is on the wiki\"");
    assert_ne!(lines, refilled);
    without("rows/timeline_event.jsonl", &|path| std::fs::write(path, &refilled).unwrap(), "the timeline is broken at event");
    assert!(check().status.success() && !lines.contains("hunter2"));
    // And people find what they look for.
    let list = std::fs::read_to_string(here("timeline.csv")).unwrap();
    assert!(list.starts_with("Sequence,Happened at") && list.contains("Sam Okafor") && list.contains("(redacted)"), "{list}");
    let papers: Vec<_> = std::fs::read_dir(here("report")).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(papers.len(), 8, "two versions in four forms; nobody approved the client's: {papers:?}");
}

async fn a_reference_that_is_taken_gets_the_next_and_remembers_the_old(app: &TestApp) {
    closed(app).await;
    let archive = download(app, "INC-1").await;
    app.elsewhere(app.engine(), async |there| {
        let uma = there.responder("Uma").await;
        uma.declare("here before").await;
        uma.add_client("ACME retail").await;
        let imported = take_in(there, &archive).await.unwrap();
        assert_eq!((imported.incident.number, imported.formerly.as_deref()), (2, Some("INC-1")));
        let admin = there.admin().await;
        let selection = "formerReference reference affectedClients { client { name } }";
        let shown = admin.incident("INC-2", selection).await;
        let acme = json!([{ "client": { "name": "ACME retail" } }]);
        assert_eq!(shown, json!({ "formerReference": "INC-1", "reference": "INC-2", "affectedClients": acme }), "one client, not two");
        assert_eq!(admin.incident("INC-1", "name formerReference").await["formerReference"], Value::Null);
        assert_eq!(text(&uma.declare("next").await, "reference"), "INC-3");
        let entries = audit_entry::Entity::find().filter(audit_entry::Column::Action.eq(AuditAction::IncidentImported));
        assert_eq!(entries.all(there.domain.db.read()).await.unwrap().len(), 1);
    })
    .await;
}

async fn an_archive_has_no_secrets_and_nothing_that_waits_to_be_shown(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare_with(json!({ "name": "Shop is down", "severity": "MAJOR", "leadId": sam.id() })).await;
    let kim = app.responder("Kim").await;
    let offer = json!({ "incidentId": incident["id"], "role": "CLIENT_COMMS_MANAGER", "personId": kim.id() });
    sam.mutate("offerRole", offer, "offer { id }").await;
    sam.resolve(id(&incident)).await;
    let plan = json!({
        "incidentId": incident["id"], "startsAt": "2026-11-30T10:00:00Z", "facilitatorId": sam.id(), "noteTakerId": sam.id(),
        "overrideReason": "a drill",
    });
    let review = sam.mutate("scheduleReview", plan, "review { id }").await["review"]["id"].clone();
    let comment = json!({ "reviewId": review, "body": "nobody sees this yet", "anonymous": true });
    sam.mutate("commentOnReview", comment, "comment { id }").await;
    let folder = unpacked(&download(app, "INC-1").await);
    let rows = |table: &str| std::fs::read_to_string(folder.path().join(format!("rows/{table}.jsonl"))).unwrap();
    assert_eq!(rows("review_comment"), "");
    for table in ["page", "role_offer"] {
        for line in rows(table).lines() {
            let row: Value = serde_json::from_str(line).unwrap();
            assert_eq!((&row["secret"], &row["secret_hash"]), (&Value::Null, &Value::Null), "{table}");
        }
    }
    // It is not over: two servers would remind people of it.
    let bytes = download(app, "INC-1").await;
    app.elsewhere(app.engine(), async |there| {
        let refusal = take_in(there, &bytes).await.err().unwrap();
        assert_eq!(refusal.code(), "FAILED_PRECONDITION");
        assert!(refusal.to_string().contains("INC-1 is not over"), "{refusal}");
        assert_eq!(left(there).await, Vec::<String>::new());
    })
    .await;
}

/// What there is of incidents in `app`: tables that have rows, and files.
async fn left(app: &TestApp) -> Vec<String> {
    let mut left = Vec::new();
    for table in archive::tables() {
        let count = Statement::from_string(app.domain.db.backend(), format!("SELECT count(*) AS n FROM {table}"));
        let row = app.domain.db.read().query_one_raw(count).await.unwrap().unwrap();
        if row.try_get::<i64>("", "n").unwrap() > 0 {
            left.push(table.to_owned());
        }
    }
    let mut folders = vec![app.data_dir().join("files")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() { folders.push(entry.path()) } else { left.push(entry.path().display().to_string()) }
        }
    }
    left
}

async fn administrators_alone_take_incidents_out(app: &TestApp) {
    let sam = app.responder("Sam").await;
    sam.declare("Shop is down").await;
    for (who, status) in
        [(sam, StatusCode::FORBIDDEN), (app.viewer("Vic").await, StatusCode::FORBIDDEN), (app.anonymous(), StatusCode::UNAUTHORIZED)]
    {
        assert_eq!(who.get("/incidents/INC-1/archive.zip").await.status(), status);
    }
    assert_eq!(app.admin().await.get("/incidents/INC-7/archive.zip").await.status(), StatusCode::NOT_FOUND);
    download(app, "INC-1").await;
    let entries = audit_entry::Entity::find().filter(audit_entry::Column::Action.eq(AuditAction::IncidentExported));
    let entries = entries.all(app.domain.db.read()).await.unwrap();
    assert!(entries.len() == 1 && entries[0].details.as_ref().unwrap().contains("INC-1"), "{entries:?}");
    // A stored file that is damaged is said, and nothing is handed out.
    let stored = app.responder("Kim").await.upload(&id_of(app).await, "graph.txt", b"cpu 100 %".to_vec()).await;
    std::fs::write(domain::files::path(app.data_dir(), text(&stored, "sha256")), "other").unwrap();
    let response = app.admin().await.get("/incidents/INC-1/archive.zip").await;
    assert_eq!(response.status(), StatusCode::CONFLICT);
    assert!(response.text().await.unwrap().contains("is missing or damaged"));
}

async fn id_of(app: &TestApp) -> String {
    incident::Entity::find().one(app.domain.db.read()).await.unwrap().unwrap().id.to_string()
}

async fn the_command_line_takes_out_and_in(app: &TestApp) {
    closed(app).await;
    let home = Home::new(app.data_dir(), app.database_url());
    let said = home.run(&["export", "INC-1", "--out", "INC-1.zip"]);
    assert!(said.starts_with("INC-1.zip: INC-1 with ") && said.contains("newest hash of the timeline: "), "{said}");
    let file = app.data_dir().join("INC-1.zip");
    let file = file.to_str().unwrap();
    assert!(home.run(&["import", "--check", file]).contains("files are as they were written"));
    assert!(home.run(&["import", file]).contains("it was here already, and nothing was done"));
    app.elsewhere(app.engine(), async |there| {
        let home = Home::new(there.data_dir(), there.database_url());
        assert!(home.run(&["import", file]).starts_with("INC-1: taken in with "));
        assert!(home.run(&["verify", "INC-1"]).contains("1 timeline intact, 1 event redacted"));
        home.run(&["export", "INC-1", "--out", "again.zip"]);
        assert!(std::fs::read(there.data_dir().join("again.zip")).unwrap() == std::fs::read(file).unwrap());
    })
    .await;
    let none = app.data_dir().join("none.zip");
    std::fs::write(&none, "PK").unwrap();
    let output = home.command(&["import", none.to_str().unwrap()]).output().unwrap();
    assert!(!output.status.success() && String::from_utf8_lossy(&output.stderr).contains("it is not a whole ZIP file"), "{output:?}");
}

/// Nothing that is sent there waits to be sent from here.
async fn waiting(app: &TestApp) -> usize {
    let waiting = delivery::Entity::find().filter(delivery::Column::NextAttemptAt.is_not_null());
    waiting.all(app.domain.db.read()).await.unwrap().len()
}

#[derive(FromQueryResult)]
struct Named {
    name: String,
}

/// A table that is added with an incident's rows must be in the archive, or be named here with its reason.
#[test]
fn every_table_of_an_incident_is_in_the_archive() {
    // Who is signed in where, what was verified when, whether it came from an archive, what this server keeps in step in its chat, what is
    // posted to it and what it posts to endpoints.
    const OF_THE_SERVER: [&str; 8] =
        ["alert_post", "chain_check", "chat_channel", "chat_message", "incident_import", "session", "watermark", "webhook_message"];
    harness::run(Engine::Sqlite, async |app| {
        let query =
            "SELECT m.name AS name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND c.name = 'incident_id'";
        let tables = Statement::from_string(app.domain.db.backend(), query);
        let tables = Named::find_by_statement(tables).all(app.domain.db.read()).await.unwrap();
        let kept: Vec<&str> = archive::tables().collect();
        for Named { name } in &tables {
            assert!(kept.contains(&name.as_str()) || OF_THE_SERVER.contains(&name.as_str()), "{name} is not in the archive");
        }
        assert!(tables.len() > 20);
    });
}
