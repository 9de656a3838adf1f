//! Known events (R5, S9): pages of the ops docs and past incidents are found, suggested and rated.

mod docs;
mod measured;
mod speed;

use std::path::Path;
use std::time::Duration;

use domain::authz::Actor;
use domain::chores::{Chore, carry_out};
use domain::known::{self, ops};
use entity::{AccessLevel, Grant, IncidentId, Source};
use harness::drive::{id, text};
use harness::{Client, TestApp, both_dbs};
use serde_json::{Value, json};
use worker::ops_docs::OpsDocs;

use crate::fixture::grant;

both_dbs![
    a_page_is_found_by_words_in_all_their_forms_and_misspelt,
    a_past_incident_is_suggested_with_what_helped,
    a_restricted_incident_is_found_by_who_may_see_it_alone,
    what_others_find_does_not_depend_on_what_is_restricted,
    what_helped_rises_and_what_is_out_of_date_falls,
    a_rating_in_a_restricted_incident_counts_for_who_may_see_it_alone,
    whom_a_link_lets_in_finds_nothing,
    what_can_not_be_asked_is_refused,
];

const MINUTE: Duration = Duration::from_secs(60);
/// All there is to know of a known event.
const KNOWN: &str = "id title path url excerpt score reasons helped outdated ownVerdict page { path } incident { reference }";

/// Reads the ops docs in `folder`, as the worker does.
pub async fn read(app: &TestApp, folder: &Path) -> ops::Taken {
    let docs = OpsDocs::Folder(folder.to_owned());
    let reading = docs.read(None, app.data_dir()).await.unwrap().unwrap();
    ops::take(&app.system(), reading).await.unwrap()
}

/// Ops docs with these pages.
async fn with_pages(app: &TestApp, pages: &[(&str, &str)]) {
    let folder = tempfile::tempdir().unwrap();
    for (path, page) in pages {
        let file = folder.path().join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, page).unwrap();
    }
    assert_eq!(read(app, folder.path()).await.changed, pages.len());
}

/// Makes incidents findable by what they say now.
pub async fn settle(app: &TestApp) {
    app.advance(MINUTE);
    carry_out(&app.system(), Chore::FindIncidents).await.unwrap();
}

/// What a search finds, the best first.
async fn search(by: &Client, text: &str) -> Vec<Value> {
    let query = format!("query($text: String!) {{ knownEvents(text: $text) {{ {KNOWN} }} }}");
    by.query(&query, json!({ "text": text })).await["knownEvents"].as_array().unwrap().clone()
}

/// What is suggested for an incident, the best first.
pub async fn suggested(by: &Client, reference: &str) -> Vec<Value> {
    by.incident(reference, &format!("knownEvents {{ {KNOWN} }}")).await["knownEvents"].as_array().unwrap().clone()
}

fn paths(found: &[Value]) -> Vec<&str> {
    found.iter().map(|one| text(one, "path")).collect()
}

const DISK: (&str, &str) = (
    "alerts/disk-full.md",
    "---\nalert: DiskAlmostFull\n---\n# A disk is filling up\n\nStay calm. Old releases and logs fill the volume, delete the oldest releases first. Call nobody.\n",
);
const CERTIFICATE: (&str, &str) =
    ("alerts/certificate.md", "# Certificates that expire\n\nThe renewal of a certificate fails when the challenge can't be fetched.\n");
const QUEUE: (&str, &str) = ("howto/queue.md", "# The queue is stuck\n\nRestart the workers, the queue of mails drains by itself.\n");

/// S9: English words are found in all their forms, with a typo, and by what a page says it is about.
async fn a_page_is_found_by_words_in_all_their_forms_and_misspelt(app: &TestApp) {
    with_pages(app, &[DISK, CERTIFICATE, QUEUE]).await;
    let vic = app.viewer("Vic").await;
    for (text, path) in [
        ("certificate expired", CERTIFICATE.0),
        ("expiring certificates", CERTIFICATE.0),
        ("certifcate", CERTIFICATE.0),
        ("renewl", CERTIFICATE.0),
        ("DiskAlmostFull", DISK.0),
        ("delete logs", DISK.0),
        ("queueing", QUEUE.0),
    ] {
        assert_eq!(paths(&search(&vic, text).await).first(), Some(&path), "{text}");
    }
    assert_eq!(search(&vic, "volcano").await, Vec::<Value>::new());
    let found = search(&vic, "old releases fill the volume").await;
    assert_eq!(text(&found[0], "excerpt"), "Old releases and logs fill the volume, delete the oldest releases first.");
    assert_eq!((text(&found[0], "title"), &found[0]["page"]["path"]), ("A disk is filling up", &json!(DISK.0)));
    assert!(text(&found[0], "url").ends_with("/ops/alerts/disk-full.md"), "{found:?}");
    let page = vic
        .query("{ opsPage(path: \"alerts/disk-full.md\") { id text alerts problem } opsDocs { pages unread { path } } }", json!({}))
        .await;
    assert!(text(&page["opsPage"], "text").starts_with("# A disk is filling up"), "{page}");
    assert_eq!((&page["opsPage"]["alerts"], &page["opsDocs"]["pages"]), (&json!(["DiskAlmostFull"]), &json!(3)));
    assert_eq!(vic.node(text(&page["opsPage"], "id"), "OpsPage { path }").await["path"], DISK.0);
}

/// R5: a past incident is known as well, by its name, what it was and what helped.
async fn a_past_incident_is_suggested_with_what_helped(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let site = sam.add_site("shop.example.org").await;
    let past = json!({ "name": "Payment webhooks rejected by the shop", "severity": "MAJOR", "siteIds": [site] });
    let past = sam.declare_with(past).await;
    let summary = "Rotated the signing secret of the payment provider, and webhooks were accepted again.";
    sam.meet_goals(id(&past)).await;
    sam.incident_of("resolveIncident", json!({ "incidentId": past["id"], "summary": summary })).await;
    sam.declare("Printer out of paper").await;
    settle(app).await;
    let new = sam.declare_with(json!({ "name": "Shop rejects webhooks for payments", "severity": "MAJOR", "siteIds": [site] })).await;
    let found = suggested(&sam, text(&new, "reference")).await;
    assert_eq!(paths(&found), ["INC-1"], "and neither itself nor the printer");
    assert!(found[0]["reasons"].as_array().unwrap().contains(&json!("SAME_SITE")), "{found:?}");
    assert_eq!(found[0]["incident"]["reference"], "INC-1");
    assert_eq!(text(&found[0], "excerpt"), summary, "how it ended is what matters");
    assert_eq!(paths(&search(&sam, "rotated signing secrets").await), ["INC-1"]);
    // What it is called now counts, once that has settled.
    sam.incident_of("updateIncident", json!({ "incidentId": past["id"], "name": "Nothing" })).await;
    sam.incident_of("mergeIncident", json!({ "incidentId": new["id"], "intoIncidentId": id(&sam.declare("other").await) })).await;
    settle(app).await;
    assert!(!paths(&search(&sam, "webhooks for payments").await).contains(&"INC-3"), "what was merged is not found");
}

/// Whoever may not see a restricted incident does not find it, by whatever words; participants and those with the right do, and that is recorded.
async fn a_restricted_incident_is_found_by_who_may_see_it_alone(app: &TestApp) {
    let (sam, kim, ada) = (app.responder("Sam").await, app.responder("Kim").await, app.admin().await);
    let hidden = json!({ "name": "Acquisition papers leaked", "severity": "MAJOR", "visibility": "RESTRICTED" });
    let hidden = sam.declare_with(hidden).await;
    let open = sam.declare("Acquisition website slow, papers missing").await;
    settle(app).await;
    let reference = text(&hidden, "reference");
    for words in ["acquisition papers leaked", "acquisitoin", "leaked"] {
        assert!(!paths(&search(&kim, words).await).contains(&reference), "{words}");
    }
    assert_eq!(paths(&search(&sam, "acquisition papers leaked").await)[0], reference, "a participant finds it");
    assert_eq!(paths(&search(&ada, "acquisition papers leaked").await)[0], reference, "so does who sees all");
    let log = ada.query("{ auditLog(filter: { actions: [RESTRICTED_SEEN] }) { nodes { action } } }", json!({})).await;
    assert_eq!(log["auditLog"]["nodes"].as_array().unwrap().len(), 1, "{log}");
    let third = kim.declare("Acquisition papers leaked again").await;
    assert_eq!(paths(&suggested(&kim, text(&third, "reference")).await), [text(&open, "reference")]);
    // What is hidden later is not found from that moment on, whenever what it is found by follows.
    sam.incident_of("updateIncident", json!({ "incidentId": open["id"], "visibility": "RESTRICTED" })).await;
    assert_eq!(paths(&search(&app.responder("Ben").await, "acquisition website").await), Vec::<&str>::new());
    settle(app).await;
    assert_eq!(paths(&search(&sam, "acquisition website").await)[0], text(&open, "reference"));
}

/// Restricted incidents neither count nor displace anything: who may not see them finds the same, with the same score, as without them.
async fn what_others_find_does_not_depend_on_what_is_restricted(app: &TestApp) {
    with_pages(app, &[DISK, CERTIFICATE]).await;
    let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
    sam.declare("Disk of the archive is full").await;
    let hidden = |name: &str| json!({ "name": name, "severity": "MINOR", "visibility": "RESTRICTED" });
    // One that is Kim's as well: others that are not must not hide it.
    kim.declare_with(hidden("Archive disk papers")).await;
    settle(app).await;
    let searches = ["disk full", "archive", "archvie disk"];
    let found = async || {
        let mut found = Vec::new();
        for words in searches {
            found
                .push(search(&kim, words).await.iter().map(|one| (text(one, "path").to_owned(), one["score"].clone())).collect::<Vec<_>>());
        }
        found
    };
    let before = found().await;
    for number in 0..60 {
        sam.declare_with(hidden(&format!("Archive disk {number} is full of archives"))).await;
    }
    settle(app).await;
    // Only how many incidents there are in all is told by the numbers of new ones, and may move a score.
    let after = found().await;
    let order = |found: &[Vec<(String, Value)>]| -> Vec<Vec<String>> {
        found.iter().map(|one| one.iter().map(|(path, _)| path.clone()).collect()).collect()
    };
    assert_eq!(order(&before), order(&after));
    assert!(order(&before).iter().all(|found| found.iter().any(|path| path == "INC-2")), "{before:?}");
    let pages = |found: &[Vec<(String, Value)>]| -> Vec<(String, Value)> {
        found.iter().flatten().filter(|(path, _)| path.contains('/')).cloned().collect()
    };
    assert_eq!(pages(&before), pages(&after));
    assert!(search(&sam, "archive disk").await.len() > 5, "who may see them finds them");
}

async fn rate(by: &Client, incident: &Value, known: &Value, verdict: Value) -> Value {
    by.incident_of("rateKnownEvent", json!({ "incidentId": incident["id"], "knownEventId": known["id"], "verdict": verdict })).await
}

/// R5: what helped is ranked before what is as good, what is out of date after it; the timeline says what helped.
async fn what_helped_rises_and_what_is_out_of_date_falls(app: &TestApp) {
    let twin = ("b/disk.md", DISK.1);
    with_pages(app, &[("a/disk.md", DISK.1), twin, QUEUE]).await;
    let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
    let incident = sam.declare("Disk is full, releases fill the volume").await;
    let found = suggested(&sam, "INC-1").await;
    assert_eq!(paths(&found), ["a/disk.md", "b/disk.md"]);
    rate(&sam, &incident, &found[1], json!("HELPED")).await;
    let after = suggested(&sam, "INC-1").await;
    assert_eq!(
        (paths(&after), &after[0]["helped"], &after[0]["ownVerdict"]),
        (vec!["b/disk.md", "a/disk.md"], &json!(1), &json!("HELPED"))
    );
    // The same again changes nothing; another person's counts as well.
    let version = rate(&sam, &incident, &found[1], json!("HELPED")).await["version"].clone();
    assert_eq!(rate(&sam, &incident, &found[1], json!("HELPED")).await["version"], version);
    rate(&kim, &incident, &found[1], json!("OUTDATED")).await;
    rate(&sam, &incident, &found[1], json!("OUTDATED")).await;
    let after = suggested(&sam, "INC-1").await;
    assert_eq!(paths(&after)[0], "a/disk.md");
    let said = sam.timeline(id(&incident)).await;
    let said: Vec<&str> = said.iter().map(|event| text(event, "text")).filter(|said| said.contains("b/disk.md")).collect();
    assert_eq!(said.len(), 3, "{said:?}");
    assert!(said[0].ends_with("helped") && said[2].ends_with("out of date"), "{said:?}");
    for by in [&sam, &kim] {
        rate(by, &incident, &found[1], Value::Null).await;
    }
    let after = suggested(&sam, "INC-1").await;
    assert_eq!((paths(&after), &after[0]["ownVerdict"]), (vec!["a/disk.md", "b/disk.md"], &Value::Null));
    let itself = json!({ "incidentId": incident["id"], "knownEventId": incident["id"], "verdict": "HELPED" });
    assert_eq!(sam.refused("rateKnownEvent", itself).await.field(), "knownEventId");
}

async fn a_rating_in_a_restricted_incident_counts_for_who_may_see_it_alone(app: &TestApp) {
    with_pages(app, &[DISK, QUEUE]).await;
    let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
    let hidden = json!({ "name": "Disk is full of papers", "severity": "MAJOR", "visibility": "RESTRICTED" });
    let hidden = sam.declare_with(hidden).await;
    let found = search(&sam, "disk full").await;
    rate(&sam, &hidden, &found[0], json!("HELPED")).await;
    let counted = async |by: &Client| search(by, "disk full").await[0]["helped"].clone();
    assert_eq!((counted(&sam).await, counted(&kim).await), (json!(1), json!(0)));
    grant(app, &kim, Grant::SeeRestricted).await;
    assert_eq!(counted(&kim).await, 1);
    // People are counted, and not how often they say so.
    rate(&sam, &sam.declare("Disk is full again").await, &found[0], json!("HELPED")).await;
    assert_eq!((counted(&sam).await, counted(&kim).await), (json!(1), json!(1)));
}

/// Whoever came by the link of a page sees their incident and nothing beside it.
async fn whom_a_link_lets_in_finds_nothing(app: &TestApp) {
    with_pages(app, &[DISK]).await;
    let sam = app.responder("Sam").await;
    let incident = sam.declare("Disk is full, releases fill the volume").await;
    assert_eq!(suggested(&sam, "INC-1").await.len(), 1);
    let incident = IncidentId::parse(id(&incident)).unwrap();
    let visitor = Actor::Visitor { id: sam.person_id(), access: AccessLevel::Responder, incident };
    let ctx = app.domain.ctx(visitor, Source::Web);
    let row = domain::incident::find(&ctx, incident).await.unwrap();
    assert_eq!(known::suggestions(&ctx, &row).await.unwrap().len(), 0);
    assert_eq!(known::search(&ctx, "disk", 10).await.unwrap_err().code(), "FORBIDDEN");
    assert_eq!(ops::by_path(&ctx, DISK.0).await.unwrap_err().code(), "FORBIDDEN");
    assert_eq!(ops::status(&ctx).await.unwrap_err().code(), "FORBIDDEN");
}

async fn what_can_not_be_asked_is_refused(app: &TestApp) {
    let vic = app.viewer("Vic").await;
    let query = "query($text: String!, $first: Int) { knownEvents(text: $text, first: $first) { title } }";
    let long = "disk ".repeat(100);
    for (asked, first, field) in [(" ", 10, "text"), (long.as_str(), 10, "text"), ("disk", -1, "first"), ("disk", 51, "first")] {
        let refusal = vic.try_query(query, json!({ "text": asked, "first": first })).await.expect_refusal("knownEvents");
        assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", field), "{asked} {first}");
    }
    let odd = "the and of \u{0} 💥 ÄÖÜ 漢字";
    assert_eq!(vic.query(query, json!({ "text": odd, "first": 0 })).await["knownEvents"], json!([]));
    assert_eq!(vic.query("{ opsPage(path: \"../../etc/passwd\") { text } }", json!({})).await["opsPage"], Value::Null);
}
