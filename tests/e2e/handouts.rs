//! A report as a file (R26, R27, R29): in each form, from the record to its end, alike on both databases.

use std::process::Command;
use std::time::Duration;

use entity::{AuditAction, Grant, audit_entry};
use harness::drive::{id, text};
use harness::process::press_at;
use harness::{Client, Engine, TestApp, both_dbs};
use reqwest::StatusCode;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};

use crate::fixture::grant;

both_dbs![a_client_s_version_is_a_file_once_it_is_approved, what_can_not_be_had_is_said];

both_dbs![by untypeset: without_the_program_there_is_all_but_pdf];

const MINUTE: Duration = Duration::from_secs(60);
const FORMS: [&str; 4] = ["md", "html", "docx", "pdf"];

fn untypeset(engine: Engine, test: impl AsyncFnOnce(&TestApp)) {
    let missing = |settings: &mut api::Settings| settings.press = press_at("/nowhere/typeset");
    harness::run_with(TestApp::builder(engine).settings(missing), test);
}

/// The same three nights on both databases give the same files, byte by byte.
#[test]
fn three_incidents_become_the_same_files_on_both_databases() {
    let mut made = Vec::new();
    for engine in [Engine::Sqlite, Engine::Postgres] {
        harness::run(engine, async |app| {
            let sam = app.responder("Sam Okafor").await;
            let kim = app.responder("Kim Lee").await;
            let mut files = Vec::new();
            for tell in Story::ALL {
                let reference = tell.play(app, &sam, &kim).await;
                files.push(files_of(&sam, &reference).await);
            }
            made.push(files);
        });
    }
    let [sqlite, postgres] = made.as_slice() else { unreachable!("two databases") };
    for (one, other) in sqlite.iter().flatten().zip(postgres.iter().flatten()) {
        assert_eq!(one.0, other.0);
        assert!(one.1 == other.1, "{} differs", one.0);
    }
    for files in sqlite {
        for (name, bytes) in files {
            read(name, bytes);
        }
    }
}

/// A night from the declaration to its report.
#[derive(Clone, Copy, Debug)]
pub enum Story {
    /// At night, with two clients.
    Outage,
    /// Data got out.
    Breach,
    /// Seen before, so that it owes nothing; somebody starts a report all the same.
    Ddos,
}

impl Story {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Outage, Self::Breach, Self::Ddos];

    /// From the declaration to the final report.
    async fn play(self, app: &TestApp, sam: &Client, kim: &Client) -> String {
        let (reference, report) = self.play_until_circulated(app, sam, kim).await;
        let done = sam.mutate("finaliseReport", json!({ "reportId": report, "reviewWaived": "a drill" }), "report { state }").await;
        assert_eq!(done["report"]["state"], "FINAL");
        reference
    }

    /// From the declaration until the report lies before its readers. Returns the incident's reference and the report's id.
    pub async fn play_until_circulated(self, app: &TestApp, sam: &Client, kim: &Client) -> (String, String) {
        let (name, severity, flags) = match self {
            Self::Outage => ("Shops answer nobody", "CRITICAL", json!([])),
            Self::Breach => ("Addresses of customers were public", "MAJOR", json!(["DATA_BREACH"])),
            Self::Ddos => ("Requests from everywhere", "MAJOR", json!(["RECURRING"])),
        };
        let mut input = json!({ "name": name, "severity": severity, "flags": flags, "leadId": sam.id() });
        if let Self::Outage = self {
            input["affectedClientIds"] = json!([sam.add_client("Acme Retail").await, sam.add_client("Bexley & Sons plc").await]);
        }
        let incident = sam.declare_with(input).await;
        app.advance(5 * MINUTE);
        kim.note(id(&incident), "Sam saw 😀 and <b>nothing</b> else: https://example.org/a?b=c").await;
        app.advance(5 * MINUTE);
        let change = json!({ "incidentId": incident["id"], "kind": "COMMAND", "text": "kubectl -n shop rollout undo deploy/checkout" });
        kim.event_of("addTimelineEvent", change).await;
        let lower = json!({ "incidentId": incident["id"], "severity": "MINOR", "reason": "most answer again" });
        sam.incident_of("changeSeverity", lower).await;
        app.advance(10 * MINUTE);
        if let Self::Breach = self {
            let items = ["revoke-access", "remove-modifications", "find-compromised-data", "preserve-evidence"];
            let contained = json!({ "incidentId": incident["id"], "goal": "contain", "evidence": "seen", "checklistDone": items });
            sam.incident_of("confirmGoal", contained).await;
        }
        sam.resolve(id(&incident)).await;
        let reference = text(&incident, "reference").to_owned();
        if let Self::Ddos = self {
            assert_eq!(sam.incident(&reference, "report { id }").await["report"], Value::Null, "R25: it owes none");
            sam.mutate("startReport", json!({ "incidentId": incident["id"] }), "report { id }").await;
        }
        let report = id(&sam.incident(&reference, "report { id }").await["report"]).to_owned();
        let words = "Okafor had rolled out at six; Kim's watch showed it first.\n\n1. The pool was too small.\n2. Nobody was told of the busy hour.\n\n\
            | When | What |\n| --- | --- |\n| 06:00 | rollout |\n\n[a trap](javascript:alert(1)) and ![](dashboard.png)";
        let edit = json!({ "reportId": report, "sectionKey": "explanation", "expectedVersion": 0, "body": words });
        sam.mutate("editReportSection", edit, "report { id }").await;
        sam.mutate("circulateReport", json!({ "reportId": report }), "report { id }").await;
        let comment = json!({ "reportId": report, "sectionKey": "explanation", "body": "since when?", "kind": "FIX_NOW" });
        let comment = id(&kim.mutate("commentOnReport", comment, "comment { id }").await["comment"]).to_owned();
        let resolve = json!({ "commentId": comment, "resolution": "said" });
        sam.mutate("resolveReportComment", resolve, "comment { id }").await;
        (reference, report)
    }
}

/// Each form of the full report, twice: the same bytes.
async fn files_of(by: &Client, reference: &str) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for form in FORMS {
        let mut twice = Vec::new();
        for _ in 0..2 {
            let response = by.get(&format!("/incidents/{reference}/report.{form}")).await;
            assert_eq!(response.status(), StatusCode::OK, "{form}: {:?}", response.text().await);
            let disposition = response.headers()["content-disposition"].to_str().unwrap().to_owned();
            assert_eq!(disposition, format!("attachment; filename=\"{reference}-report-full.{form}\""));
            twice.push(response.bytes().await.unwrap());
        }
        assert_eq!(twice[0], twice[1], "{form}");
        files.push((format!("{reference}.{form}"), twice.remove(0).to_vec()));
    }
    files
}

/// The words in a file, as a reader of its form finds them.
pub fn words_of(name: &str, bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(name);
    std::fs::write(&file, bytes).unwrap();
    let said = |program: &str, args: &[&str]| {
        let output = Command::new(program).args(args).output();
        let output = output.unwrap_or_else(|error| panic!("{program}: {error}: tests/tools.sh installs it"));
        assert!(output.status.success(), "{program}: {output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let path = file.to_str().unwrap();
    match name.rsplit('.').next().unwrap() {
        "pdf" => {
            let info = said("pdfinfo", &[path]);
            assert!(info.lines().any(|line| line.starts_with("Tagged:") && line.ends_with("yes")), "{info}");
            said("pdftotext", &[path, "-"])
        }
        "docx" => {
            let inner = said("unzip", &["-p", path, "word/document.xml"]);
            assert!(inner.contains("Heading1") && inner.contains("w:tblHeader"), "{inner}");
            inner
        }
        _ => String::from_utf8(bytes.to_vec()).unwrap(),
    }
}

/// What a reader of the form finds: all that was written, nobody's name, and no trap.
fn read(name: &str, bytes: &[u8]) {
    let text = words_of(name, bytes);
    assert!(!text.contains("href=\"javascript:"), "{name}");
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for told in ["The pool was too small", "incident lead had rolled out", "rollout undo"] {
        assert!(flat.contains(told), "{told} in {name}: {flat}");
    }
    for person in ["Okafor", "Kim", "Lee"] {
        let is_named = flat.split(|c: char| !c.is_alphanumeric()).any(|word| word == person);
        assert!(!is_named, "{person} in {name}: {flat}");
    }
}

async fn a_client_s_version_is_a_file_once_it_is_approved(app: &TestApp) {
    let (sam, lea, vic) = (app.responder("Sam").await, app.viewer("Lea").await, app.viewer("Vic").await);
    grant(app, &lea, Grant::ApproveClientReports).await;
    let client = sam.add_client("Acme & Co.").await;
    let incident = sam.declare_with(json!({ "name": "x", "severity": "MAJOR", "affectedClientIds": [client] })).await;
    sam.resolve(id(&incident)).await;
    let path = |form: &str| format!("/incidents/INC-1/report.{form}?version=CLIENT&client={client}");
    // Whoever asks: those who may read it on the page can't take it out either.
    for by in [&sam, &lea, &vic] {
        for form in FORMS {
            let refused = by.get(&path(form)).await;
            assert_eq!(refused.status(), StatusCode::CONFLICT, "{form}");
            assert!(refused.text().await.unwrap().contains("approved"));
        }
    }
    let selection = format!("report {{ id rendered(version: CLIENT, clientId: \"{client}\") {{ text sha256 }} }}");
    let report = lea.incident("INC-1", &selection).await["report"].take();
    let approve = json!({ "reportId": report["id"], "clientId": client, "sha256": report["rendered"]["sha256"] });
    lea.mutate("approveReport", approve, "report { id }").await;
    let file = vic.get(&path("md")).await;
    assert_eq!(file.headers()["content-disposition"], "attachment; filename=\"INC-1-report-acme-co.md\"");
    assert_eq!(file.text().await.unwrap(), text(&report["rendered"], "text"), "exactly what was approved");
    assert!(vic.get(&path("pdf")).await.bytes().await.unwrap().starts_with(b"%PDF"));
    let taken = audit_entry::Entity::find().filter(audit_entry::Column::Action.eq(AuditAction::ReportTakenOut));
    assert_eq!(taken.all(app.domain.db.read()).await.unwrap().len(), 2, "who took data out is on record");
}

async fn what_can_not_be_had_is_said(app: &TestApp) {
    let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
    let incident = sam.declare_with(json!({ "name": "few know", "severity": "MAJOR", "visibility": "RESTRICTED" })).await;
    assert_eq!(sam.get("/incidents/INC-1/report.md").await.status(), StatusCode::NOT_FOUND, "it has none yet");
    sam.resolve(id(&incident)).await;
    assert_eq!(sam.get("/incidents/INC-1/report.md").await.status(), StatusCode::OK);
    for (by, path, status) in [
        (&kim, "INC-1/report.md", StatusCode::NOT_FOUND),
        (&sam, "INC-2/report.md", StatusCode::NOT_FOUND),
        (&sam, "INC-1/report.exe", StatusCode::NOT_FOUND),
        (&sam, "INC-1/report.md?version=SECRET", StatusCode::BAD_REQUEST),
        (&sam, "INC-1/report.md?version=CLIENT", StatusCode::BAD_REQUEST),
        (&sam, "INC-1/report.md?version=FULL&client=cli_00000000000000000000000000000001", StatusCode::BAD_REQUEST),
        (&sam, "INC-1/report.md?version=CLIENT&client=cli_00000000000000000000000000000001", StatusCode::BAD_REQUEST),
        (&sam, "INC-1/report.md?version=CLIENT&client=x", StatusCode::NOT_FOUND),
    ] {
        assert_eq!(by.get(&format!("/incidents/{path}")).await.status(), status, "{path}");
    }
    let stranger = app.anonymous().get("/incidents/INC-1/report.pdf").await;
    assert_eq!(stranger.status(), StatusCode::UNAUTHORIZED);
}

async fn without_the_program_there_is_all_but_pdf(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare("Shop is down").await;
    app.advance(MINUTE);
    sam.resolve(id(&incident)).await;
    app.allow_error_log("a report could not be typeset");
    for form in ["md", "html", "docx"] {
        assert_eq!(sam.get(&format!("/incidents/INC-1/report.{form}")).await.status(), StatusCode::OK, "{form}");
    }
    let refused = sam.get("/incidents/INC-1/report.pdf").await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    let words = refused.text().await.unwrap();
    assert!(words.contains("DOCX") && words.contains("docs/install.md") && !words.contains("nowhere"), "{words}");
}
