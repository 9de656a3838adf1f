//! R29: what a client would get of a report leaves by no way, whoever asks and whatever is done, before somebody approves it.

use entity::Grant;
use harness::drive::text;
use harness::{Client, TestApp, both_dbs};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::authz_matrix::{World, lines};
use crate::fixture::{grant, rows};
use crate::forbidden_fields::{Fields, TYPES};
use crate::handouts::words_of;

both_dbs![no_question_shows_it, nothing_that_is_done_carries_it_away, no_download_has_it];

/// In no other text of these tests.
const MARKER: &str = "quokka";
/// Where those who write a report keep it, and what they wrote.
const OF_AUTHORS: [&str; 2] = ["report_revision", "report_section"];
/// How far below its root a type's fields are asked for.
const LEVELS: usize = 3;

/// A world in which a client's version says something that nobody has approved.
async fn world(app: &TestApp, sam: &Client) -> World {
    let world = World::make(app, sam).await;
    let words = json!({
        "reportId": world.report, "sectionKey": "overview", "expectedVersion": 0,
        "body": "The disk was full.", "client": format!("Your {MARKER} is lost."),
    });
    sam.mutate("editReportSection", words, "report { id }").await;
    let words = json!({ "reportId": world.report, "sectionKey": "explanation", "expectedVersion": 0, "body": "Logs were never rotated." });
    sam.mutate("editReportSection", words, "report { id }").await;
    world
}

/// What makes all of the client's version visible to those who may read it.
fn rendered(client: &str) -> String {
    format!(
        "rendered(version: CLIENT, clientId: \"{client}\") {{ text besideFull {{ text }} sinceApproved {{ text }} others {{ quote }} }}"
    )
}

async fn no_question_shows_it(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let world = world(app, &sam).await;
    let fields = Fields::read(&sam.query(TYPES, Value::Null).await);
    let mut questions = Vec::new();
    for line in lines(&world).iter().filter(|line| line.root == "query") {
        questions.push(format!("{{ {} }}", line.call));
    }
    for (field, ty) in &fields.0["Query"] {
        let selection = if fields.0.contains_key(ty) { fields.select(ty, LEVELS, &mut Vec::new()) } else { String::new() };
        questions.push(format!("{{ {field} {selection} }}"));
    }
    for (ty, id) in [("Report", &world.report), ("Incident", &world.live)] {
        for (field, of) in &fields.0[ty] {
            let selection = if fields.0.contains_key(of) { fields.select(of, LEVELS, &mut vec![ty.to_owned()]) } else { String::new() };
            questions.push(format!("{{ node(id: \"{id}\") {{ ... on {ty} {{ {field} {selection} }} }} }}"));
        }
    }
    questions.push(format!("{{ node(id: \"{}\") {{ ... on Report {{ {} }} }} }}", world.report, rendered(&world.client)));
    let sees = async |by: &Client| {
        let mut seen = Vec::new();
        for question in &questions {
            let answer = by.try_query(question, Value::Null).await;
            if format!("{answer:?}").contains(MARKER) {
                seen.push(question);
            }
        }
        seen.len()
    };
    assert!(sees(&sam).await >= 3, "those who write it do: the walk gets there");
    let vic = app.viewer("Vic").await;
    assert_eq!(sees(&vic).await, 0);
    let lea = app.viewer("Lea").await;
    grant(app, &lea, Grant::ApproveClientReports).await;
    assert!(sees(&lea).await > 0, "who approves it reads it");
}

/// Tables in which the marker stands.
async fn tables_with_it(app: &TestApp) -> Vec<String> {
    // Bytes are read as digits.
    let as_bytes = hex::encode(MARKER);
    let has_it = |row: &str| row.contains(MARKER) || row.contains(&as_bytes);
    let mut found: Vec<String> = rows(app).await.into_iter().filter(|(_, row)| has_it(row)).map(|(table, _)| table).collect();
    found.dedup();
    found
}

async fn nothing_that_is_done_carries_it_away(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let world = world(app, &sam).await;
    assert_eq!(tables_with_it(app).await, OF_AUTHORS, "the walk sees every table");
    let ada = app.admin().await;
    let client = &world.client;
    let more = [
        format!("circulateReport(input: {{ reportId: \"{}\" }}) {{ __typename }}", world.report),
        format!("publishReport(input: {{ reportId: \"{}\" version: CLIENT clientId: \"{client}\" }}) {{ __typename }}", world.report),
        format!("publishReport(input: {{ reportId: \"{}\" version: ABRIDGED }}) {{ __typename }}", world.report),
    ];
    let mut done = 0;
    // The first round takes the report back, and some things only work once others are done.
    for round in 0..2 {
        let calls = lines(&world).into_iter().filter(|line| line.root == "mutation").map(|line| line.call);
        for call in calls.chain(more.clone()) {
            let by = if round == 0 { &sam } else { &ada };
            done += usize::from(by.try_query(&format!("mutation {{ {call} }}"), Value::Null).await.errors.is_empty());
        }
        assert_eq!(tables_with_it(app).await, OF_AUTHORS, "an order, a message, an event or a log has it in round {round}");
    }
    assert!(done > 40, "only {done} mutations did something");
    let comments = sam.node(&world.report, "Report { comments { id resolvedAt } }").await;
    for comment in comments["comments"].as_array().unwrap().iter().filter(|comment| comment["resolvedAt"].is_null()) {
        sam.mutate("resolveReportComment", json!({ "commentId": comment["id"], "resolution": "done" }), "comment { id }").await;
    }
    sam.mutate("finaliseReport", json!({ "reportId": world.report, "reviewWaived": "small" }), "report { id }").await;
    for version in ["CLIENT", "ABRIDGED"] {
        let client = (version == "CLIENT").then_some(client);
        sam.try_mutate("publishReport", json!({ "reportId": world.report, "version": version, "clientId": client }), "report { id }").await;
    }
    assert_eq!(tables_with_it(app).await, OF_AUTHORS, "what is final and not approved stays as well");
    // With an approval it goes out, so there is a way to be barred.
    let lea = app.viewer("Lea").await;
    grant(app, &lea, Grant::ApproveClientReports).await;
    let read = format!("Report {{ rendered(version: CLIENT, clientId: \"{client}\") {{ sha256 }} }}");
    let read = lea.node(&world.report, &read).await;
    let approved = json!({ "reportId": world.report, "clientId": client, "sha256": text(&read["rendered"], "sha256") });
    lea.mutate("approveReport", approved, "report { id }").await;
    sam.mutate("publishReport", json!({ "reportId": world.report, "version": "CLIENT", "clientId": client }), "report { id }").await;
    assert_eq!(tables_with_it(app).await, ["delivery", "report_approval", "report_revision", "report_section"]);
}

async fn no_download_has_it(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let world = world(app, &sam).await;
    let lea = app.viewer("Lea").await;
    grant(app, &lea, Grant::ApproveClientReports).await;
    for by in [&sam, &lea, &app.admin().await, &app.viewer("Vic").await] {
        let addresses = by.get("/incidents/INC-1/addresses.csv").await;
        assert!(!addresses.text().await.unwrap().contains(MARKER));
        for file in ["figures", "incidents", "follow-ups", "woken"] {
            let list = by.get(&format!("/insights/{file}.csv?from=2026-01-01&to=2026-12-31")).await;
            assert_eq!(list.status(), StatusCode::OK, "{file}");
            assert!(!list.text().await.unwrap().contains(MARKER), "{file}");
        }
        for form in ["md", "html", "docx", "pdf"] {
            for version in ["FULL", "ABRIDGED"] {
                let answer = by.get(&format!("/incidents/INC-1/report.{form}?version={version}")).await;
                assert_eq!(answer.status(), StatusCode::OK, "{form} of {version}");
                let words = words_of(&format!("report.{form}"), &answer.bytes().await.unwrap());
                assert!(words.contains("The disk was full") && !words.contains(MARKER), "{form} of {version}: {words}");
            }
            let answer = by.get(&format!("/incidents/INC-1/report.{form}?version=CLIENT&client={}", world.client)).await;
            assert_eq!(answer.status(), StatusCode::CONFLICT, "{form}");
            assert!(!answer.text().await.unwrap().contains(MARKER), "{form}");
        }
    }
}
