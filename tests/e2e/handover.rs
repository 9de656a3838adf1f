//! Handing a role over (R13): who is rested, the state of the incident, and an offer that moves the role when it is accepted.

use std::time::Duration;

use domain::on_call;
use domain::people::{UpdatePerson, update};
use harness::drive::{id, kinds, text};
use harness::{Client, TestApp, both_dbs};
use serde_json::{Value, json};

both_dbs![
    rested_people_come_first,
    a_role_moves_when_the_offer_is_accepted,
    a_refusal_leaves_everything_as_it_was,
    only_the_person_who_was_offered_it_can_answer,
    an_offer_is_superseded_by_another_hand_over,
    an_offer_that_makes_no_sense_is_refused,
    a_brief_sums_up_the_incident,
    nothing_about_a_hand_over_leaks,
];

const MINUTE: Duration = Duration::from_secs(60);
const OFFER: &str = "offer { id role person { name } offeredBy { name } offeredAt note brief state answeredAt } incident { id version }";

async fn seniority(app: &TestApp, client: &Client, seniority: i32) {
    update(&app.system(), client.person_id(), UpdatePerson { seniority: Some(Some(seniority)), ..UpdatePerson::default() }).await.unwrap();
}

async fn led_by(sam: &Client) -> Value {
    sam.declare_with(json!({ "name": "errors", "severity": "MINOR", "leadId": sam.id() })).await
}

async fn offer(from: &Client, incident: &Value, to: &Client) -> Value {
    let input = json!({ "incidentId": incident["id"], "role": "INCIDENT_LEAD", "personId": to.id(), "note": "watch web2" });
    from.mutate("offerRole", input, OFFER).await["offer"].clone()
}

async fn lead(client: &Client) -> String {
    text(&client.incident("INC-1", "lead { name }").await["lead"], "name").to_owned()
}

/// The step to hand the lead over: key and due date of the next one.
async fn next_handover(client: &Client) -> (String, String) {
    let found = client.incident("INC-1", "nextSteps { key rule dueAt state }").await;
    let step =
        found["nextSteps"].as_array().unwrap().iter().find(|step| step["rule"] == "handover" && step["state"] == "UPCOMING").unwrap();
    (text(step, "key").to_owned(), text(step, "dueAt").to_owned())
}

async fn rested_people_come_first(app: &TestApp) {
    let (sam, kim, lee) = (app.responder("Sam").await, app.responder("Kim").await, app.responder("Lee").await);
    let (zoe, vic, gus) = (app.responder("Zoe").await, app.viewer("Vic").await, app.responder("Gus").await);
    let gone = UpdatePerson { deactivated: Some(true), ..UpdatePerson::default() };
    update(&app.system(), gus.person_id(), gone).await.unwrap();
    seniority(app, &lee, 9).await;
    let on_duty = on_call::Set { first_line_id: Some(zoe.person_id()), second_line_id: None, starts_at: None, until: None };
    on_call::set(&app.system(), on_duty).await.unwrap();
    led_by(&sam).await;
    // Kim is the most senior and leads another incident, which not everyone may know of.
    seniority(app, &kim, 10).await;
    kim.declare_with(json!({ "name": "a stranger", "severity": "MAJOR", "leadId": kim.id(), "visibility": "RESTRICTED" })).await;
    let found = sam.incident("INC-1", "handoverCandidates(role: INCIDENT_LEAD) { person { name } rested reason }").await;
    let candidates = found["handoverCandidates"].as_array().unwrap();
    let names: Vec<(&str, bool)> = candidates.iter().map(|one| (text(&one["person"], "name"), one["rested"] == true)).collect();
    assert_eq!(names, [("Zoe", true), ("Lee", true), ("Kim", false)], "on call, then senior; not the holder, no viewer, nobody who left");
    assert!(text(&candidates[0], "reason").contains("on call"));
    assert_eq!(text(&candidates[2], "reason"), "leads another incident");
    let refusal =
        vic.try_query("{ incident(reference: \"INC-1\") { handoverCandidates(role: INCIDENT_LEAD) { rested } } }", json!({})).await;
    assert_eq!(refusal.code(), "FORBIDDEN");
}

async fn a_role_moves_when_the_offer_is_accepted(app: &TestApp) {
    let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
    let incident = led_by(&sam).await;
    assert_eq!(next_handover(&sam).await, ("handover:incident-lead:1.1".into(), "2026-11-22T05:00:00+00:00".into()));
    app.advance(110 * MINUTE);
    let made = offer(&sam, &incident, &kim).await;
    assert!(id(&made).starts_with("off_"));
    let (to, by) = (&made["person"]["name"], &made["offeredBy"]["name"]);
    assert_eq!((to, by, &made["state"], &made["note"]), (&json!("Kim"), &json!("Sam"), &json!("OPEN"), &json!("watch web2")));
    assert!(text(&made, "brief").contains("errors"));
    let mail = sam.incident("INC-1", "deliveries { person { name } instructions }").await["deliveries"][0].clone();
    assert_eq!(mail["person"]["name"], "Kim");
    assert!(text(&mail, "instructions").contains("watch web2"), "{mail}");
    app.advance(20 * MINUTE);
    assert_eq!(lead(&kim).await, "Sam", "until it is accepted the old holder stays");
    let answered = kim.mutate("answerRoleOffer", json!({ "offerId": made["id"], "accept": true }), OFFER).await;
    assert_eq!((&answered["offer"]["state"], &answered["offer"]["answeredAt"]), (&json!("ACCEPTED"), &json!("2026-11-22T05:10:00+00:00")));
    assert_eq!(lead(&sam).await, "Kim");
    assert_eq!(
        next_handover(&sam).await,
        ("handover:incident-lead:2.1".into(), "2026-11-22T07:10:00+00:00".into()),
        "the clock starts again"
    );
    let roles = sam.incident("INC-1", "roles(includeEnded: true) { person { name } endedAt handoverNote }").await;
    assert_eq!(
        roles["roles"],
        json!([
            { "person": { "name": "Sam" }, "endedAt": "2026-11-22T05:10:00+00:00", "handoverNote": null },
            { "person": { "name": "Kim" }, "endedAt": null, "handoverNote": "watch web2" }
        ])
    );
    // The same answer again is refused: the offer is no longer open.
    assert_eq!(kim.refused("answerRoleOffer", json!({ "offerId": made["id"], "accept": true })).await.code(), "FAILED_PRECONDITION");
}

async fn a_refusal_leaves_everything_as_it_was(app: &TestApp) {
    let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
    let incident = led_by(&sam).await;
    let made = offer(&sam, &incident, &kim).await;
    let refused = json!({ "offerId": made["id"], "accept": false, "note": "on a train" });
    let answered = kim.mutate("answerRoleOffer", refused, OFFER).await;
    assert_eq!(answered["offer"]["state"], "REFUSED");
    assert_eq!(lead(&sam).await, "Sam");
    assert_eq!(next_handover(&sam).await.0, "handover:incident-lead:1.1");
    let events = sam.timeline(id(&incident)).await;
    assert!(text(events.last().unwrap(), "text").contains("on a train"), "{events:?}");
    let offers = sam.incident("INC-1", "roleOffers { state person { name } }").await;
    assert_eq!(offers["roleOffers"], json!([{ "state": "REFUSED", "person": { "name": "Kim" } }]));
}

async fn only_the_person_who_was_offered_it_can_answer(app: &TestApp) {
    let (sam, kim, ada) = (app.responder("Sam").await, app.responder("Kim").await, app.admin().await);
    let incident = led_by(&sam).await;
    let made = offer(&sam, &incident, &kim).await;
    for other in [&sam, &ada, &app.viewer("Vic").await] {
        for accept in [true, false] {
            let refusal = other.refused("answerRoleOffer", json!({ "offerId": made["id"], "accept": accept })).await;
            assert_eq!(refusal.code(), "FORBIDDEN");
        }
    }
    assert_eq!(sam.node(id(&made), "RoleOffer { state incident { reference } }").await["state"], "OPEN");
}

async fn an_offer_is_superseded_by_another_hand_over(app: &TestApp) {
    let (sam, kim, lee) = (app.responder("Sam").await, app.responder("Kim").await, app.responder("Lee").await);
    let incident = led_by(&sam).await;
    let first = offer(&sam, &incident, &kim).await;
    let second = offer(&sam, &incident, &lee).await;
    let states = async || sam.incident("INC-1", "roleOffers { state }").await["roleOffers"].take();
    assert_eq!(states().await, json!([{ "state": "WITHDRAWN" }, { "state": "OPEN" }]));
    assert_eq!(kim.refused("answerRoleOffer", json!({ "offerId": first["id"], "accept": true })).await.code(), "FAILED_PRECONDITION");
    sam.incident_of("assignRole", json!({ "incidentId": incident["id"], "role": "INCIDENT_LEAD", "personId": kim.id() })).await;
    assert_eq!(states().await, json!([{ "state": "WITHDRAWN" }, { "state": "WITHDRAWN" }]));
    assert_eq!(lee.refused("answerRoleOffer", json!({ "offerId": second["id"], "accept": true })).await.code(), "FAILED_PRECONDITION");
    assert_eq!(lead(&sam).await, "Kim");
}

async fn an_offer_that_makes_no_sense_is_refused(app: &TestApp) {
    let (sam, kim, vic) = (app.responder("Sam").await, app.responder("Kim").await, app.viewer("Vic").await);
    let incident = led_by(&sam).await;
    let input = |role: &str, person: &Client| json!({ "incidentId": incident["id"], "role": role, "personId": person.id() });
    for (input, code, field) in [
        (input("RESPONDER", &kim), "BAD_USER_INPUT", "role"),
        (input("INCIDENT_LEAD", &vic), "BAD_USER_INPUT", "personId"),
        (input("INCIDENT_LEAD", &sam), "FAILED_PRECONDITION", ""),
    ] {
        let refusal = sam.refused("offerRole", input).await;
        assert_eq!((refusal.code(), refusal.field()), (code, field));
    }
    assert_eq!(vic.refused("offerRole", input("INCIDENT_LEAD", &kim)).await.code(), "FORBIDDEN");
    sam.resolve(id(&incident)).await;
    assert_eq!(sam.refused("offerRole", input("INCIDENT_LEAD", &kim)).await.code(), "FAILED_PRECONDITION");
    assert!(!kinds(&sam.timeline(id(&incident)).await).contains(&"DELIVERY"));
}

async fn a_brief_sums_up_the_incident(app: &TestApp) {
    let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
    let client = sam.add_client("Example Ltd").await;
    let input = json!({ "name": "checkout fails", "severity": "MAJOR", "leadId": sam.id(), "affectedClientIds": [client], "description": "since the release" });
    let incident = sam.declare_with(input).await;
    sam.mutate("addAction", json!({ "incidentId": incident["id"], "title": "roll back", "assigneeId": kim.id() }), "action { id }").await;
    sam.event_of("postUpdate", json!({ "incidentId": incident["id"], "text": "we roll back" })).await;
    let evidence = json!({ "incidentId": incident["id"], "goal": "understand", "evidence": "the log of web2" });
    sam.incident_of("confirmGoal", evidence).await;
    let began = json!({ "incidentId": incident["id"], "impactStartedAt": "2026-11-22T02:40:00Z" });
    sam.incident_of("updateIncident", began).await;
    app.advance(Duration::from_secs(45 * 60));
    let found = sam.incident("INC-1", "handoverBrief").await;
    let brief = text(&found, "handoverBrief");
    for part in [
        "INC-1: checkout fails",
        "MAJOR, investigating, for 1 h 5 min (since Sun 02:40 GMT)",
        "overdue since Sun 03:10 GMT: Page second line",
        "since the release",
        "roll back (Kim)",
        "we roll back",
        "the log of web2",
        "Example Ltd",
        "incident lead: Sam",
    ] {
        assert!(brief.contains(part), "{part} should be in\n{brief}");
    }
    let viewer = app.viewer("Vic").await.try_query("{ incident(reference: \"INC-1\") { handoverBrief } }", json!({})).await;
    assert_eq!(viewer.code(), "FORBIDDEN");
}

async fn nothing_about_a_hand_over_leaks(app: &TestApp) {
    let (sam, kim, lee) = (app.responder("Sam").await, app.responder("Kim").await, app.responder("Lee").await);
    let secret = json!({ "name": "a stranger", "severity": "MAJOR", "leadId": sam.id(), "visibility": "RESTRICTED" });
    let incident = sam.declare_with(secret).await;
    let made = offer(&sam, &incident, &kim).await;
    assert!(lee.node(id(&made), "RoleOffer { id }").await.is_null());
    let never = "off_00000000000000000000000000000001";
    let answer = |offer: &str| json!({ "offerId": offer, "accept": true });
    let (theirs, nothing) = (lee.refused("answerRoleOffer", answer(id(&made))).await, lee.refused("answerRoleOffer", answer(never)).await);
    assert_eq!((theirs.code(), theirs.message()), (nothing.code(), nothing.message()));
    let own = json!({ "incidentId": incident["id"], "role": "INCIDENT_LEAD", "personId": lee.id() });
    assert_eq!(lee.refused("offerRole", own).await.code(), "NOT_FOUND");
    // The person who was asked may know about it.
    kim.mutate("answerRoleOffer", answer(id(&made)), OFFER).await;
    assert_eq!(lead(&sam).await, "Kim");
}
