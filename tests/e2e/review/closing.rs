//! R25 to R33: three incidents from the declaration to their closing, and what is kept of them afterwards.

use std::time::Duration;

use domain::archive::{self, Archive};
use entity::Grant;
use harness::drive::{id, text};
use harness::{Client, TestApp, both_dbs};
use serde_json::{Value, json};

use crate::fixture::grant;
use crate::handouts::Story;

both_dbs![three_incidents_are_carried_to_their_closing];

const DAY: Duration = Duration::from_hours(24);

async fn three_incidents_are_carried_to_their_closing(app: &TestApp) {
    let (sam, kim) = (app.responder("Sam Okafor").await, app.responder("Kim Lee").await);
    let (fay, nat, lea) = (app.responder("Fay Mori").await, app.responder("Nat Ode").await, app.viewer("Lea Ray").await);
    grant(app, &lea, Grant::ApproveClientReports).await;
    for story in Story::ALL {
        let (reference, report) = story.play_until_circulated(app, &sam, &kim).await;
        let incident = sam.incident(&reference, "id affectedClients { client { id } }").await;
        let review = review(app, &incident, [&sam, &kim, &fay, &nat, &lea]).await;
        follow_up(&incident, &sam, &kim).await;
        sam.mutate("finaliseReport", json!({ "reportId": report }), "report { state }").await;
        for affected in incident["affectedClients"].as_array().unwrap() {
            send(&report, id(&affected["client"]), &sam, &lea).await;
        }
        sam.mutate("publishReport", json!({ "reportId": report, "version": "ABRIDGED" }), "report { id }").await;
        app.advance(DAY);
        let owed = sam.incident(&reference, "nextSteps { key }").await["nextSteps"].take();
        let closed = sam.try_mutate("closeIncident", json!({ "incidentId": incident["id"] }), "incident { status }").await;
        assert_eq!(closed.expect(&format!("{story:?}, of which {owed} is owed"))["closeIncident"]["incident"]["status"], "CLOSED");
        let held = sam.incident(&reference, "report { state } review { id heldAt } followUps { state }").await;
        assert_eq!((&held["report"]["state"], &held["review"]["id"]), (&json!("FINAL"), &json!(review)));
        assert_eq!(held["followUps"], json!([{ "state": "DONE" }]));
        let (file, incident) = (tempfile::tempfile().unwrap(), entity::IncidentId::parse(id(&incident)).unwrap());
        archive::export(&app.system(), incident, &harness::process::press(), &file).await.unwrap();
        Archive::open(file).unwrap().check().unwrap();
    }
}

/// Planned by all rules, three working days after the report was circulated, and held.
async fn review(app: &TestApp, incident: &Value, [sam, kim, fay, nat, lea]: [&Client; 5]) -> String {
    let at = (app.now() + chrono::Duration::days(8)).date_naive();
    let plan = json!({
        "incidentId": incident["id"], "startsAt": format!("{at}T10:00:00Z"), "facilitatorId": fay.id(), "noteTakerId": nat.id(),
        "seniorOutsiderId": lea.id(), "overrideReason": "the only day on which everybody is there",
    });
    let review = id(&sam.mutate("scheduleReview", plan, "review { id }").await["review"]).to_owned();
    kim.mutate("answerReviewInvitation", json!({ "reviewId": review, "answer": "YES" }), "review { id }").await;
    app.advance(9 * DAY);
    fay.mutate("beginReview", json!({ "reviewId": review }), "review { id }").await;
    let parked = json!({ "reviewId": review, "topic": "who may deploy on Fridays", "forum": "tech leads" });
    fay.mutate("parkReviewTopic", parked, "topic { id }").await;
    let record = json!({ "reviewId": review, "heldAt": format!("{at}T10:00:00Z"), "notes": "We watch the pool." });
    nat.mutate("recordReview", record, "review { id }").await;
    review
}

async fn follow_up(incident: &Value, sam: &Client, kim: &Client) {
    let wanted = json!({ "incidentId": incident["id"], "title": "Watch the pool", "board": "incident-actions", "ownerId": kim.id() });
    let made = sam.mutate("addFollowUp", wanted, "followUp { id }").await;
    kim.mutate("settleFollowUp", json!({ "followUpId": made["followUp"]["id"], "state": "DONE" }), "followUp { id }").await;
}

/// Somebody who wrote none of it approves the client's version, and it leaves.
async fn send(report: &str, client: &str, sam: &Client, lea: &Client) {
    let selection = format!("Report {{ rendered(version: CLIENT, clientId: \"{client}\") {{ text sha256 }} }}");
    let rendered = lea.node(report, &selection).await["rendered"].take();
    assert!(!text(&rendered, "text").contains("Okafor"));
    let approve = json!({ "reportId": report, "clientId": client, "sha256": rendered["sha256"] });
    lea.mutate("approveReport", approve, "report { id }").await;
    sam.mutate("publishReport", json!({ "reportId": report, "clientId": client, "version": "CLIENT" }), "report { id }").await;
}
