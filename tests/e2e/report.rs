//! R25 to R27, R29: the report is filled in by the facts, written by people, read by those involved, and finished.

use std::time::Duration;

use domain::people::{UpdatePerson, update};
use entity::Operation;
use harness::drive::{id, text};
use harness::{Client, TestApp, both_dbs};
use serde_json::{Value, json};

use crate::reminders::sent;

both_dbs![
    an_incident_that_owes_a_report_has_one_when_it_is_resolved,
    others_get_one_when_somebody_starts_it,
    the_facts_fill_in_what_nobody_has_written,
    a_section_that_somebody_wrote_is_offered_what_the_facts_say_since,
    two_people_who_write_one_section_lose_nothing,
    eight_people_who_write_thirty_sections_lose_nothing,
    every_text_that_a_section_had_is_kept,
    a_draft_needs_its_outline_before_it_is_read,
    those_involved_are_asked_to_read_it_and_comment,
    a_report_is_final_once_nothing_is_to_be_fixed,
    a_final_report_keeps_what_it_says_until_it_is_taken_back,
    a_change_says_how_it_was_tried_and_deployed,
    what_can_not_be_a_section_is_refused,
    nobody_is_named_in_what_readers_get,
    a_word_that_may_be_a_name_is_decided_once,
    words_of_blame_are_marked_with_a_question,
    outsiders_do_not_learn_of_the_report_of_a_restricted_incident,
    of_merged_incidents_each_keeps_its_report,
    who_becomes_known_later_is_not_named_either,
];

const SECTION: &str = "key title guidance required body abridged client versions version updatedBy { name } prefill \
    news { prefill merged conflicts changes { change text } }";

async fn report(by: &Client, selection: &str) -> Value {
    by.incident("INC-1", &format!("report {{ {selection} }}")).await["report"].take()
}

async fn section(by: &Client, key: &str) -> Value {
    let found = report(by, &format!("sections {{ {SECTION} }}")).await["sections"].take();
    found.as_array().unwrap().iter().find(|section| section["key"] == key).unwrap_or_else(|| panic!("{key} in {found}")).clone()
}

/// Resolves an incident and returns its report's id.
async fn resolved(sam: &Client) -> (Value, String) {
    let incident = sam.declare("Shop is down").await;
    sam.resolve(id(&incident)).await;
    let report = report(sam, "id").await;
    (incident, id(&report).to_owned())
}

fn edit(report: &str, key: &str, body: &str, seen: i32) -> Value {
    json!({ "reportId": report, "sectionKey": key, "body": body, "expectedVersion": seen })
}

async fn write(by: &Client, report: &str, key: &str, body: &str, seen: i32) {
    by.mutate("editReportSection", edit(report, key, body, seen), "report { id }").await;
}

/// Writes what a draft needs besides what the facts say.
async fn outline(by: &Client, report: &str) {
    write(by, report, "explanation", "The disk was full because logs were never rotated.", 0).await;
}

async fn an_incident_that_owes_a_report_has_one_when_it_is_resolved(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare("Shop is down").await;
    assert_eq!(report(&sam, "id").await, Value::Null);
    sam.resolve(id(&incident)).await;
    let made =
        report(&sam, "id state author { name } draftDueOn startedAt circulatedAt finalAt incident { reference } sections { key }").await;
    assert!(id(&made).starts_with("rpt_"), "{made}");
    assert_eq!((&made["state"], &made["incident"]["reference"]), (&json!("DRAFT"), &json!("INC-1")));
    assert!(made["draftDueOn"].is_string(), "R25: {made}");
    let keys: Vec<&str> = made["sections"].as_array().unwrap().iter().map(|section| text(section, "key")).collect();
    assert_eq!(keys, ["overview", "impact", "timeline", "explanation", "helped", "actions"]);
    let author = json!({ "incidentId": incident["id"], "role": "REPORT_AUTHOR", "personId": sam.id() });
    sam.incident_of("assignRole", author).await;
    assert_eq!(report(&sam, "author { name }").await["author"]["name"], "Sam");
    assert_eq!(sam.node(id(&made), "Report { state }").await["state"], "DRAFT");
    // Reopened and resolved again, it is the same.
    sam.incident_of("reopenIncident", json!({ "incidentId": incident["id"], "reason": "again" })).await;
    sam.resolve(id(&incident)).await;
    assert_eq!(report(&sam, "id").await["id"], made["id"]);
}

async fn others_get_one_when_somebody_starts_it(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let reported = sam.report("errors").await;
    let start = json!({ "incidentId": reported["id"] });
    let refusal = sam.refused("startReport", start.clone()).await;
    assert_eq!(refusal.code(), "FAILED_PRECONDITION");
    sam.declare_with(json!({ "incidentId": reported["id"], "severity": "TRIVIAL" })).await;
    sam.resolve(id(&reported)).await;
    assert_eq!(report(&sam, "id").await, Value::Null, "R25: a trivial one owes none");
    let first = sam.mutate("startReport", start.clone(), "report { id state }").await;
    let again = sam.mutate("startReport", start, "report { id state }").await;
    assert_eq!(first, again);
}

async fn the_facts_fill_in_what_nobody_has_written(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare("Shop is down").await;
    let note = sam.note(id(&incident), "the disk of web-1 is full").await;
    let amend = json!({ "eventId": note["id"], "text": "the disk of web-2 is full" });
    sam.event_of("amendTimelineEvent", amend).await;
    let impact = json!({ "incidentId": incident["id"], "impact": { "requests": 1200 } });
    sam.incident_of("updateIncident", impact).await;
    app.advance(Duration::from_secs(3_600));
    sam.resolve(id(&incident)).await;
    let told = section(&sam, "timeline").await;
    let body = text(&told, "body");
    assert!(body.contains("the disk of web-2 is full *(corrected afterwards)*") && !body.contains("web-1"), "{body}");
    let impact = section(&sam, "impact").await;
    let body = text(&impact, "body");
    assert!(body.contains("| Failed requests | 1200 |"), "{body}");
    assert!(
        body.contains("| Impact began | unknown |") && body.contains("| Impact lasted | unknown |"),
        "a missing time is not zero: {body}"
    );
    assert!(body.contains("| From the declaration to the resolution | 1 h |"), "{body}");
    assert_eq!((&impact["version"], &impact["updatedBy"], &impact["news"]), (&json!(0), &Value::Null, &Value::Null));
    // It follows the facts.
    let began = json!({ "incidentId": incident["id"], "impactStartedAt": incident["reportedAt"] });
    sam.incident_of("updateIncident", began).await;
    let body = section(&sam, "impact").await["body"].take();
    assert!(body.as_str().unwrap().contains("| Impact lasted | 1 h |"), "{body}");
    let follow_up = json!({ "incidentId": incident["id"], "title": "Rotate the logs", "board": "incident-actions", "ownerId": sam.id() });
    sam.mutate("addFollowUp", follow_up, "followUp { id }").await;
    assert_eq!(section(&sam, "actions").await["body"], "- Rotate the logs: Sam");
}

async fn a_section_that_somebody_wrote_is_offered_what_the_facts_say_since(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let (incident, report) = resolved(&sam).await;
    let before = section(&sam, "impact").await;
    let mine = format!("{}\n\nAbout a third of the orders.", text(&before, "body"));
    write(&sam, &report, "impact", &mine, 0).await;
    assert_eq!(section(&sam, "impact").await["news"], Value::Null);
    let began = json!({ "incidentId": incident["id"], "impact": { "requests": 1200 } });
    sam.incident_of("updateIncident", began).await;
    let offered = section(&sam, "impact").await;
    assert_eq!(offered["body"], json!(mine), "nothing that a person wrote is overwritten");
    let merged = text(&offered["news"], "merged");
    assert!(merged.contains("| Failed requests | 1200 |") && merged.ends_with("About a third of the orders."), "{merged}");
    assert_eq!(offered["news"]["conflicts"], 0);
    let mut take = edit(&report, "impact", merged, 1);
    take["prefill"] = offered["news"]["prefill"].clone();
    sam.mutate("editReportSection", take, "report { id }").await;
    let taken = section(&sam, "impact").await;
    assert_eq!((&taken["news"], &taken["version"]), (&Value::Null, &json!(2)));
    // Both changed the same line: both are offered.
    write(&sam, &report, "impact", &merged.replace("1200", "about 1000"), 2).await;
    sam.incident_of("updateIncident", json!({ "incidentId": incident["id"], "impact": { "requests": 1300 } })).await;
    let offered = section(&sam, "impact").await;
    let merged = text(&offered["news"], "merged");
    assert!(merged.contains("about 1000") && merged.contains("1300"), "{merged}");
    assert_eq!(offered["news"]["conflicts"], 1);
}

async fn two_people_who_write_one_section_lose_nothing(app: &TestApp) {
    let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
    let (_, report) = resolved(&sam).await;
    write(&kim, &report, "explanation", "Kim's words", 0).await;
    let refusal = sam.refused("editReportSection", edit(&report, "explanation", "Sam's words", 0)).await;
    assert_eq!(refusal.code(), "CONFLICT");
    let told = &refusal.0["extensions"];
    assert_eq!((&told["currentVersion"], &told["present"]["body"], &told["by"]["name"]), (&json!(1), &json!("Kim's words"), &json!("Kim")));
    assert!(refusal.message().contains("Kim wrote “How it came about”"), "{}", refusal.message());
    write(&sam, &report, "explanation", "Kim's words, and Sam's", 1).await;
    // Other sections are not affected, and saying the same again changes nothing.
    write(&sam, &report, "helped", "Luck.", 0).await;
    let version = |report: &Value| report["version"].clone();
    let before = self::report(&sam, "version").await;
    write(&sam, &report, "helped", "Luck.", 1).await;
    assert_eq!(version(&self::report(&sam, "version").await), version(&before));
}

async fn eight_people_who_write_thirty_sections_lose_nothing(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let (_, report) = resolved(&sam).await;
    let keys = ["overview", "impact", "timeline", "explanation", "helped", "actions"];
    let mut writers = Vec::new();
    for number in 0..8 {
        writers.push(app.responder(&format!("Writer {number}")).await);
    }
    let work = writers.iter().enumerate().map(async |(number, writer)| {
        for round in 0..4 {
            let key = keys[(number + round) % keys.len()];
            let line = format!("line {round} of {number}");
            // As an editor does: what others wrote meanwhile is taken in, and one's own written again.
            let (mut body, mut seen) = (line.clone(), 0);
            loop {
                let answer = writer.try_mutate("editReportSection", edit(&report, key, &body, seen), "report { id }").await;
                let Some(refusal) = answer.errors.first() else { break };
                assert_eq!(refusal.code(), "CONFLICT", "{}", refusal.message());
                let told = &refusal.0["extensions"];
                seen = i32::try_from(told["currentVersion"].as_i64().unwrap()).unwrap();
                body = format!("{}\n\n{line}", told["present"]["body"].as_str().unwrap());
            }
        }
    });
    futures_util::future::join_all(work).await;
    let sections = self::report(&sam, "sections { body }").await["sections"].to_string();
    for (number, round) in (0..8).flat_map(|number| (0..4).map(move |round| (number, round))) {
        assert!(sections.contains(&format!("line {round} of {number}")), "{number} {round} is lost");
    }
}

async fn every_text_that_a_section_had_is_kept(app: &TestApp) {
    let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
    let (_, report) = resolved(&sam).await;
    write(&sam, &report, "helped", "An alert.", 0).await;
    write(&kim, &report, "helped", "An early alert.", 1).await;
    let input = json!({ "reportId": report, "sectionKey": "helped", "expectedVersion": 2, "client": "Our monitoring.", "versions": ["FULL", "CLIENT"] });
    sam.mutate("editReportSection", input, "report { id }").await;
    let found =
        self::report(&sam, "sections { key revisions { version body client versions writtenBy { name } changes { change text } } }").await;
    let revisions = found["sections"].as_array().unwrap().iter().find(|section| section["key"] == "helped").unwrap()["revisions"].clone();
    let told: Vec<(&Value, &Value, &Value)> =
        revisions.as_array().unwrap().iter().map(|row| (&row["version"], &row["body"], &row["writtenBy"]["name"])).collect();
    let [early, alert] = [json!("An early alert."), json!("An alert.")];
    assert_eq!(told, [(&json!(3), &early, &json!("Sam")), (&json!(2), &early, &json!("Kim")), (&json!(1), &alert, &json!("Sam"))]);
    assert_eq!((&revisions[0]["client"], &revisions[0]["versions"]), (&json!("Our monitoring."), &json!(["FULL", "CLIENT"])));
    let added: Vec<&Value> = revisions[1]["changes"].as_array().unwrap().iter().filter(|part| part["change"] == "ADDED").collect();
    assert!(added.len() == 1 && text(added[0], "text").trim() == "early", "{added:?}");
}

async fn a_draft_needs_its_outline_before_it_is_read(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let (_, report) = resolved(&sam).await;
    let circulate = json!({ "reportId": report });
    let refusal = sam.refused("circulateReport", circulate.clone()).await;
    assert_eq!((refusal.code(), refusal.missing()), ("FAILED_PRECONDITION", vec!["explanation"]));
    assert!(refusal.message().contains("How it came about"), "{}", refusal.message());
    let refusal = sam.refused("finaliseReport", json!({ "reportId": report, "reviewWaived": "small" })).await;
    assert_eq!(refusal.code(), "FAILED_PRECONDITION");
    outline(&sam, &report).await;
    let asked = |steps: &Value| steps["nextSteps"].as_array().unwrap().iter().any(|step| step["key"] == "report-draft");
    assert!(asked(&sam.incident("INC-1", "nextSteps { key }").await));
    let done = sam.mutate("circulateReport", circulate, "report { state circulatedAt }").await;
    assert_eq!(done["report"]["state"], "CIRCULATED");
    assert!(!asked(&sam.incident("INC-1", "nextSteps { key }").await), "R25: the step is done by it");
}

async fn those_involved_are_asked_to_read_it_and_comment(app: &TestApp) {
    let (sam, kim, vic) = (app.responder("Sam").await, app.responder("Kim").await, app.viewer("Vic").await);
    let (incident, report) = resolved(&sam).await;
    kim.note(id(&incident), "I restarted it").await;
    outline(&sam, &report).await;
    let comment = |body: &str| json!({ "reportId": report, "sectionKey": "explanation", "quote": "never rotated", "body": body, "kind": "FOR_REVIEW" });
    assert_eq!(vic.refused("commentOnReport", comment("hm")).await.code(), "FORBIDDEN");
    sam.mutate("circulateReport", json!({ "reportId": report, "readerIds": [vic.id()] }), "report { id }").await;
    let readers = self::report(&sam, "readers { person { name } askedAt readAt }").await["readers"].take();
    let mut names: Vec<&str> = readers.as_array().unwrap().iter().map(|row| text(&row["person"], "name")).collect();
    names.sort_unstable();
    assert_eq!(names, ["Kim", "Vic"], "who acted, and who was added, but not the one who asks");
    let asked = async || sent(app).await.into_iter().filter(|row| row.operation == Operation::Report).count();
    assert_eq!(asked().await, 2);
    // Asking again reaches nobody who has not read it yet.
    sam.mutate("circulateReport", json!({ "reportId": report }), "report { id }").await;
    assert_eq!(asked().await, 2);
    let read = kim.mutate("markReportRead", json!({ "reportId": report }), "report { readers { readAt } }").await;
    assert_eq!(read["report"]["readers"].as_array().unwrap().iter().filter(|row| row["readAt"].is_string()).count(), 1);
    assert_eq!(sam.refused("markReportRead", json!({ "reportId": report })).await.code(), "FORBIDDEN");
    let mut said = comment("How did we find out?");
    said["idempotencyKey"] = json!("once");
    let first = vic.mutate("commentOnReport", said.clone(), "comment { id kind quote body author { name } resolvedAt }").await;
    let again = vic.mutate("commentOnReport", said, "comment { id }").await;
    assert_eq!(first["comment"]["id"], again["comment"]["id"]);
    assert_eq!((&first["comment"]["kind"], &first["comment"]["author"]["name"]), (&json!("FOR_REVIEW"), &json!("Vic")));
    let listed = self::report(&sam, "comments(open: true) { id sectionKey }").await;
    assert_eq!(listed["comments"], json!([{ "id": first["comment"]["id"], "sectionKey": "explanation" }]));
}

async fn a_report_is_final_once_nothing_is_to_be_fixed(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let (_, report) = resolved(&sam).await;
    outline(&sam, &report).await;
    sam.mutate("circulateReport", json!({ "reportId": report }), "report { id }").await;
    let comment = json!({ "reportId": report, "sectionKey": "impact", "body": "The number is wrong." });
    let comment = sam.mutate("commentOnReport", comment, "comment { id kind }").await;
    assert_eq!(comment["comment"]["kind"], "FIX_NOW");
    let finish = |waived: Value| json!({ "reportId": report, "reviewWaived": waived });
    assert_eq!(sam.refused("finaliseReport", finish(json!("small"))).await.code(), "FAILED_PRECONDITION");
    let resolve = json!({ "commentId": comment["comment"]["id"], "resolution": "It was an estimate; said so now." });
    let resolved = sam.mutate("resolveReportComment", resolve, "comment { resolution resolvedBy { name } }").await;
    assert_eq!(resolved["comment"]["resolvedBy"]["name"], "Sam");
    let refusal = sam.refused("finaliseReport", finish(Value::Null)).await;
    assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", "reviewWaived"));
    let done = sam.mutate("finaliseReport", finish(json!("small")), "report { state finalAt finalBy { name } reviewWaived }").await;
    assert_eq!((&done["report"]["state"], &done["report"]["reviewWaived"]), (&json!("FINAL"), &json!("small")));
}

async fn a_final_report_keeps_what_it_says_until_it_is_taken_back(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let (incident, report) = resolved(&sam).await;
    outline(&sam, &report).await;
    sam.mutate("circulateReport", json!({ "reportId": report }), "report { id }").await;
    sam.mutate("finaliseReport", json!({ "reportId": report, "reviewWaived": "small" }), "report { id }").await;
    let before = section(&sam, "impact").await;
    assert_eq!(before["version"], 1);
    sam.incident_of("updateIncident", json!({ "incidentId": incident["id"], "impact": { "requests": 1200 } })).await;
    assert_eq!(section(&sam, "impact").await["body"], before["body"]);
    for (mutation, input) in [
        ("editReportSection", edit(&report, "impact", "other", 1)),
        ("commentOnReport", json!({ "reportId": report, "sectionKey": "impact", "body": "hm" })),
        ("circulateReport", json!({ "reportId": report })),
        ("finaliseReport", json!({ "reportId": report, "reviewWaived": "x" })),
    ] {
        assert_eq!(sam.refused(mutation, input).await.code(), "FAILED_PRECONDITION", "{mutation}");
    }
    let back = json!({ "reportId": report, "reason": "the number of requests is known now" });
    let back = sam.mutate("takeBackReport", back, "report { state finalAt circulatedAt }").await;
    assert_eq!(back["report"], json!({ "state": "DRAFT", "finalAt": null, "circulatedAt": null }));
    assert!(text(&section(&sam, "impact").await["news"], "merged").contains("| Failed requests | 1200 |"));
    write(&sam, &report, "impact", "other", 1).await;
}

async fn a_change_says_how_it_was_tried_and_deployed(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare("Shop is down").await;
    let change =
        |kind: &str, change: Value| json!({ "incidentId": incident["id"], "kind": kind, "text": "more workers", "change": change });
    let refusal = sam.refused("addTimelineEvent", change("CHANGE", json!({ "deployed": "BYPASS" }))).await;
    assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", "reason"), "R23");
    let refusal = sam.refused("addTimelineEvent", change("NOTE", json!({ "deployed": "NORMAL" }))).await;
    assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", "change"));
    let bypass = json!({ "tried": "on staging", "deployed": "BYPASS", "reason": "the pipeline takes an hour" });
    let event = sam.mutate("addTimelineEvent", change("CHANGE", bypass.clone()), "event { change { tried deployed reason } }").await;
    assert_eq!(event["event"]["change"], bypass);
    sam.resolve(id(&incident)).await;
    let body = section(&sam, "timeline").await["body"].take();
    let told = "Sam: more workers (tried: on staging; bypassed the usual deployment: the pipeline takes an hour)";
    assert!(body.as_str().unwrap().contains(told), "{body}");
}

async fn what_can_not_be_a_section_is_refused(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let (_, report) = resolved(&sam).await;
    let long = "x".repeat(1_000_000);
    for (input, field) in [
        (edit(&report, "impact", &long, 0), "body"),
        (edit(&report, "impact", "a\u{7}b", 0), "body"),
        (edit(&report, "weather", "sunny", 0), "sectionKey"),
        (edit(&report, "impact", "x", 7), "expectedVersion"),
        (edit(id(&sam.report("x").await), "impact", "x", 0), "reportId"),
    ] {
        let refusal = sam.refused("editReportSection", input).await;
        assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", field));
    }
    // It may say nothing, and what looks like markup is text.
    write(&sam, &report, "helped", "<script>alert(1)</script> [x](javascript:alert(1))", 0).await;
    write(&sam, &report, "helped", "", 1).await;
}

async fn rendered(by: &Client, version: &str) -> Value {
    let fields = "text doubts { sectionKey line form context mayBeWord candidates { id alias } }";
    report(by, &format!("rendered(version: {version}) {{ {fields} }}")).await["rendered"].take()
}

/// R27.
async fn nobody_is_named_in_what_readers_get(app: &TestApp) {
    let (sam, kim) = (app.responder("Sam Okafor").await, app.responder("Kim Lee").await);
    let incident = sam.declare_with(json!({ "name": "Kim Lee's shop is down", "severity": "MAJOR", "leadId": sam.id() })).await;
    kim.note(id(&incident), "Sam restarted web-1").await;
    sam.resolve(id(&incident)).await;
    let report = id(&report(&sam, "id").await).to_owned();
    let words = "Okafor saw the alert; Kim's script, kim-lee-restart.sh, restarted it.\n```\nunclosed";
    write(&sam, &report, "explanation", words, 0).await;
    let own = json!({ "reportId": report, "sectionKey": "helped", "expectedVersion": 0, "body": "Long.", "abridged": "Short." });
    sam.mutate("editReportSection", own, "report { id }").await;
    let full = rendered(&sam, "FULL").await;
    let text = text(&full, "text").to_owned();
    for name in ["Sam", "Okafor", "Kim", "kim", "Lee", "lee"] {
        assert!(!text.split(|c: char| !c.is_alphanumeric()).any(|word| word == name), "{name} in {text}");
    }
    assert!(text.contains("incident lead saw the alert"), "{text}");
    assert!(text.contains("## What helped\n\nLong."), "an open code block ends with its section: {text}");
    let short = rendered(&sam, "ABRIDGED").await;
    let short = self::text(&short, "text");
    assert!(short.contains("Short.") && !short.contains("Long.") && !short.contains("## Timeline"), "{short}");
    assert!(short.contains("/incidents/INC-1/report"), "{short}");
    // Somebody who becomes lead later keeps the name that readers know.
    sam.mutate("circulateReport", json!({ "reportId": report }), "report { id }").await;
    let before = rendered(&sam, "FULL").await;
    let role = json!({ "incidentId": incident["id"], "role": "CLIENT_COMMS_MANAGER", "personId": kim.id() });
    sam.incident_of("assignRole", role).await;
    let explanation = |text: &Value| self::text(text, "text").split("## How it came about").nth(1).unwrap().to_owned();
    assert_eq!(explanation(&rendered(&sam, "FULL").await), explanation(&before));
}

async fn a_word_that_may_be_a_name_is_decided_once(app: &TestApp) {
    let (sam, ana, vic) = (app.responder("Ana Lee").await, app.responder("Bo Lee").await, app.viewer("Vic").await);
    let incident = sam.declare("Shop is down").await;
    ana.note(id(&incident), "looked").await;
    sam.resolve(id(&incident)).await;
    let report = id(&report(&sam, "id").await).to_owned();
    write(&sam, &report, "explanation", "Then Lee restarted the queue.", 0).await;
    let doubt = rendered(&sam, "FULL").await["doubts"][0].take();
    assert_eq!(
        (&doubt["sectionKey"], &doubt["form"], &doubt["candidates"].as_array().unwrap().len()),
        (&json!("explanation"), &json!("lee"), &2)
    );
    assert_eq!(rendered(&vic, "FULL").await["doubts"], json!([]), "they have names in them");
    let undecided = rendered(&sam, "FULL").await;
    assert!(text(&undecided, "text").contains("Then someone restarted"), "{undecided}");
    let decide = json!({ "reportId": report, "form": doubt["form"], "context": doubt["context"], "personId": ana.id() });
    sam.mutate("decideReportName", decide, "report { id }").await;
    let decided = rendered(&sam, "FULL").await;
    assert_eq!(decided["doubts"], json!([]));
    assert!(text(&decided, "text").contains("responder") && !text(&decided, "text").contains("someone"), "{decided}");
    // Of two who decide at once, neither is lost.
    write(&sam, &report, "explanation", "Then Lee restarted the queue. Later Lee called the host, and Lee told everybody.", 1).await;
    let doubts = rendered(&sam, "FULL").await["doubts"].take();
    let decisions = doubts.as_array().unwrap().iter().map(async |doubt| {
        let decide = json!({ "reportId": report, "form": doubt["form"], "context": doubt["context"], "personId": sam.id() });
        sam.mutate("decideReportName", decide, "report { id }").await;
    });
    futures_util::future::join_all(decisions).await;
    assert!(doubts.as_array().unwrap().len() > 1, "{doubts}");
    assert_eq!(rendered(&sam, "FULL").await["doubts"], json!([]));
    let nobody = json!({ "reportId": report, "form": "lee", "personId": "per_00000000000000000000000000000001" });
    assert_eq!(sam.refused("decideReportName", nobody).await.field(), "personId");
}

async fn words_of_blame_are_marked_with_a_question(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let (_, report) = resolved(&sam).await;
    write(&sam, &report, "explanation", "We should have known.", 0).await;
    let sections = self::report(&sam, "sections { key remarks { quote question } }").await["sections"].take();
    let remarks = &sections.as_array().unwrap().iter().find(|section| section["key"] == "explanation").unwrap()["remarks"];
    assert_eq!(remarks[0]["quote"], "should have");
    let question = text(&remarks[0], "question");
    assert!(question.starts_with("How") || question.starts_with("What"), "{question}");
}

async fn outsiders_do_not_learn_of_the_report_of_a_restricted_incident(app: &TestApp) {
    let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
    let incident = sam.declare_with(json!({ "name": "few know", "severity": "MAJOR", "visibility": "RESTRICTED" })).await;
    sam.resolve(id(&incident)).await;
    let report = id(&report(&sam, "id").await).to_owned();
    outline(&sam, &report).await;
    let comment = json!({ "reportId": report, "sectionKey": "impact", "body": "more" });
    let comment = id(&sam.mutate("commentOnReport", comment, "comment { id }").await["comment"]).to_owned();
    assert_eq!(kim.node(&report, "Report { state }").await, Value::Null);
    assert_eq!(kim.node(&comment, "ReportComment { body }").await, Value::Null);
    for (mutation, input) in [
        ("startReport", json!({ "incidentId": incident["id"] })),
        ("editReportSection", edit(&report, "impact", "x", 0)),
        ("circulateReport", json!({ "reportId": report })),
        ("markReportRead", json!({ "reportId": report })),
        ("commentOnReport", json!({ "reportId": report, "sectionKey": "impact", "body": "x" })),
        ("resolveReportComment", json!({ "commentId": comment, "resolution": "x" })),
        ("decideReportName", json!({ "reportId": report, "form": "x" })),
        ("finaliseReport", json!({ "reportId": report, "reviewWaived": "x" })),
        ("takeBackReport", json!({ "reportId": report, "reason": "x" })),
        ("approveReport", json!({ "reportId": report, "clientId": "cli_00000000000000000000000000000001", "sha256": "x" })),
        ("publishReport", json!({ "reportId": report, "version": "ABRIDGED" })),
    ] {
        assert_eq!(kim.refused(mutation, input).await.code(), "NOT_FOUND", "{mutation}");
    }
    // Whoever is asked to read it may see it.
    sam.mutate("circulateReport", json!({ "reportId": report, "readerIds": [kim.id()] }), "report { id }").await;
    assert_eq!(kim.node(&report, "Report { state }").await["state"], "CIRCULATED");
}

async fn of_merged_incidents_each_keeps_its_report(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let (into, from) = (sam.declare("Shop is down").await, sam.declare("Shop is slow").await);
    let mut reports = Vec::new();
    for incident in [&into, &from] {
        let begun = sam.mutate("startReport", json!({ "incidentId": incident["id"] }), "report { id }").await;
        let report = id(&begun["report"]).to_owned();
        write(&sam, &report, "explanation", text(incident, "name"), 0).await;
        reports.push(report);
    }
    sam.incident_of("mergeIncident", json!({ "incidentId": from["id"], "intoIncidentId": into["id"] })).await;
    for (report, told) in reports.iter().zip(["Shop is down", "Shop is slow"]) {
        let rendered = sam.node(report, "Report { rendered { text } }").await;
        assert!(text(&rendered["rendered"], "text").contains(told), "{rendered}");
    }
    // The one that goes on is the other's.
    let refusal = sam.refused("editReportSection", edit(&reports[1], "explanation", "more", 1)).await;
    assert!(refusal.code() == "FAILED_PRECONDITION" && refusal.message().contains("merged"), "{}", refusal.message());
    write(&sam, &reports[0], "explanation", "Both were one.", 1).await;
}

/// R27.
async fn who_becomes_known_later_is_not_named_either(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let (_, report) = resolved(&sam).await;
    write(&sam, &report, "explanation", "Zacharias Quimby pulled the plug.", 0).await;
    let named = rendered(&sam, "FULL").await;
    assert!(text(&named, "text").contains("Quimby"), "nobody knows yet who that is: {named}");
    let quimby = app.responder("Zacharias Quimby").await;
    let before = rendered(&sam, "FULL").await;
    assert!(!text(&before, "text").contains("Quimby"), "{before}");
    // Renamed and gone, neither the old name nor the new one comes back.
    sam.mutate("circulateReport", json!({ "reportId": report }), "report { id }").await;
    let renamed = UpdatePerson { name: Some("Zach Newname".into()), ..UpdatePerson::default() };
    update(&app.system(), quimby.person_id(), renamed).await.unwrap();
    let gone = UpdatePerson { deactivated: Some(true), ..UpdatePerson::default() };
    update(&app.system(), quimby.person_id(), gone).await.unwrap();
    write(&sam, &report, "helped", "Newname was near, as Quimby is.", 0).await;
    let after = rendered(&sam, "FULL").await;
    let told = text(&after, "text");
    assert!(!told.contains("Quimby") && !told.contains("Newname"), "{told}");
}
