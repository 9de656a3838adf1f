//! R25, R30 to R33: a review is planned by rules, led by the incident's own record, and its outcome kept.

mod anonymous;
mod at_once;
mod calendars;
mod client_team;
mod closing;
mod feed;
mod handed_round;

use std::time::Duration;

use chrono::DateTime;
use domain::ports::Invitation;
use entity::{DeliveryState, Operation, System};
use harness::drive::{id, text};
use harness::{Client, Engine, TestApp, both_dbs};
use serde_json::{Value, json};

use crate::reminders::{mail, sent};

both_dbs![
    a_plan_says_who_comes_when_and_which_rules_it_breaks,
    a_plan_that_breaks_rules_needs_a_reason_that_is_kept,
    a_facilitator_who_turns_out_to_be_involved_is_said,
    the_playbook_asks_for_a_review_until_it_is_held,
    the_guide_is_made_from_the_incident,
    what_came_of_it_is_written_down,
    what_can_not_be_planned_is_refused,
    outsiders_learn_nothing_of_the_review_of_a_restricted_incident,
];

both_dbs![by connected: an_invitation_is_one_event_that_moves_and_goes, ten_changes_at_once_end_in_one_invitation];

fn connected(engine: Engine, test: impl AsyncFnOnce(&TestApp)) {
    harness::run_with(TestApp::builder(engine).connected(System::Email), test);
}

const PLAN: &str = "startsAt durationMinutes slots { startsAt busy { name } } attendees { person { name } expectation reason } \
    warnings { rule text } candidates { person { name } lastLedAt }";

/// A major incident that Sam led, resolved on Sunday, with Fay and Nat who had no part in it.
struct World {
    sam: Client,
    fay: Client,
    nat: Client,
    incident: Value,
}

impl World {
    async fn new(app: &TestApp) -> Self {
        let (sam, fay, nat) = (app.responder("Sam").await, app.responder("Fay").await, app.responder("Nat").await);
        let incident = sam.declare_with(json!({ "name": "Shop is down", "severity": "MAJOR", "leadId": sam.id() })).await;
        sam.note(id(&incident), "the disk is full").await;
        sam.resolve(id(&incident)).await;
        Self { sam, fay, nat, incident }
    }

    fn plan(&self, starts_at: &str) -> Value {
        json!({
            "incidentId": self.incident["id"], "startsAt": starts_at, "facilitatorId": self.fay.id(), "noteTakerId": self.nat.id(),
            "overrideReason": "nobody senior has time",
        })
    }

    async fn schedule(&self, starts_at: &str) -> String {
        id(&self.sam.mutate("scheduleReview", self.plan(starts_at), "review { id }").await["review"]).to_owned()
    }

    async fn review(&self, selection: &str) -> Value {
        self.sam.incident("INC-1", &format!("review {{ {selection} }}")).await["review"].take()
    }

    async fn considered(&self, rest: Value) -> Value {
        let mut input = json!({ "incidentId": self.incident["id"] });
        input.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        let query = format!("query($input: ReviewPlanInput!) {{ reviewPlan(input: $input) {{ {PLAN} }} }}");
        self.sam.query(&query, json!({ "input": input })).await["reviewPlan"].take()
    }
}

fn names<'a>(people: &'a Value, of: impl Fn(&'a Value) -> &'a Value) -> Vec<&'a str> {
    people.as_array().unwrap().iter().map(|row| text(of(row), "name")).collect()
}

fn rules(warnings: &Value) -> Vec<&str> {
    warnings.as_array().unwrap().iter().map(|warning| text(warning, "rule")).collect()
}

async fn a_plan_says_who_comes_when_and_which_rules_it_breaks(app: &TestApp) {
    let world = World::new(app).await;
    let vic = app.viewer("Vic").await;
    // Resolved on Sunday: a week later it is Monday morning.
    let plan = world.considered(json!({})).await;
    assert_eq!((text(&plan, "startsAt"), &plan["durationMinutes"]), ("2026-11-30T10:00:00+00:00", &json!(90)), "R25, R30");
    assert_eq!(names(&plan["candidates"], |row| &row["person"]), ["Fay", "Nat"], "who had no part in it, and may lead: {plan}");
    assert_eq!(
        plan["attendees"],
        json!([{ "person": { "name": "Sam" }, "expectation": "MUST", "reason": plan["attendees"][0]["reason"] }])
    );
    assert!(text(&plan["attendees"][0], "reason").starts_with("was incident lead and wrote"), "{plan}");
    assert_eq!(rules(&plan["warnings"]), ["SENIOR_OUTSIDER"]);
    // Sam leads and writes, in the night, for half an hour.
    let wishes = json!({ "startsAt": "2026-11-29T22:00:00Z", "durationMinutes": 30, "facilitatorId": world.sam.id(), "noteTakerId": world.sam.id() });
    let plan = world.considered(wishes).await;
    let broken = rules(&plan["warnings"]);
    assert_eq!(broken, ["FACILITATOR_FROM_OUTSIDE", "NOTE_TAKER_APART", "SENIOR_OUTSIDER", "LENGTH", "WORKING_HOURS"]);
    // Everything as it should be.
    let wishes = json!({
        "facilitatorId": world.fay.id(), "noteTakerId": world.nat.id(), "seniorOutsiderId": vic.id(), "startsAt": "2026-11-30T10:00:00Z",
    });
    let plan = world.considered(wishes).await;
    assert_eq!(plan["warnings"], json!([]));
    let invited: Vec<(&str, &str)> =
        plan["attendees"].as_array().unwrap().iter().map(|row| (text(&row["person"], "name"), text(row, "expectation"))).collect();
    assert_eq!(invited, [("Fay", "MUST"), ("Nat", "MUST"), ("Sam", "MUST"), ("Vic", "SHOULD")]);
    // Sam is on call on Monday: another time is better.
    let shift = json!({ "firstLineId": world.sam.id(), "startsAt": "2026-11-30T00:00:00Z", "until": "2026-12-01T00:00:00Z" });
    app.admin().await.mutate("setOnCall", shift, "onCall { until }").await;
    let plan = world.considered(json!({})).await;
    assert_eq!(plan["startsAt"], "2026-12-01T10:00:00+00:00");
    let plan = world.considered(json!({ "startsAt": "2026-11-30T10:00:00Z", "seniorOutsiderId": vic.id() })).await;
    assert_eq!(rules(&plan["warnings"]), ["TIME_FREE"]);
    assert_eq!(plan["warnings"][0]["text"], "At that time Sam is on call.");
}

async fn a_plan_that_breaks_rules_needs_a_reason_that_is_kept(app: &TestApp) {
    let world = World::new(app).await;
    let mut plan = world.plan("2026-11-30T10:00:00Z");
    plan.as_object_mut().unwrap().remove("overrideReason");
    let refusal = world.sam.refused("scheduleReview", plan).await;
    assert_eq!(refusal.code(), "FAILED_PRECONDITION");
    assert!(refusal.message().contains("somebody senior") && refusal.message().contains("overrideReason"), "{}", refusal.message());
    world.schedule("2026-11-30T10:00:00Z").await;
    let events = world.sam.timeline(id(&world.incident)).await;
    let told = events.iter().find(|event| event["kind"] == "REVIEW").unwrap();
    let told = text(told, "text");
    assert!(
        told.contains("led by Fay") && told.contains("somebody senior") && told.ends_with("The reason: nobody senior has time"),
        "{told}"
    );
    let made = world.review("overrideReason facilitator { name } noteTaker { name } attendees { person { name } answer } place").await;
    assert_eq!(made["overrideReason"], "nobody senior has time");
    // Planned again as it is, nothing happens.
    let before = world.sam.timeline(id(&world.incident)).await.len();
    world.schedule("2026-11-30T10:00:00Z").await;
    assert_eq!(world.sam.timeline(id(&world.incident)).await.len(), before);
    // People answer for themselves; a new time asks again.
    let review = id(&world.review("id").await).to_owned();
    let answer = json!({ "reviewId": review, "answer": "YES" });
    world.nat.mutate("answerReviewInvitation", answer.clone(), "review { id }").await;
    let refusal = app.responder("Uma").await.refused("answerReviewInvitation", answer).await;
    assert_eq!(refusal.code(), "FORBIDDEN");
    let answers = async || world.review("attendees { person { name } answer }").await["attendees"].take();
    let nat = |rows: Value| rows.as_array().unwrap().iter().find(|row| row["person"]["name"] == "Nat").unwrap()["answer"].clone();
    assert_eq!(nat(answers().await), "YES");
    world.schedule("2026-11-30T12:00:00Z").await;
    assert_eq!(nat(answers().await), Value::Null);
    // Both hold their roles in the incident.
    let roles = world.sam.incident("INC-1", "roles { role person { name } }").await;
    for (role, name) in [("REVIEW_FACILITATOR", "Fay"), ("NOTE_TAKER", "Nat")] {
        assert!(roles["roles"].as_array().unwrap().contains(&json!({ "role": role, "person": { "name": name } })), "{roles}");
    }
}

async fn a_facilitator_who_turns_out_to_be_involved_is_said(app: &TestApp) {
    let world = World::new(app).await;
    world.schedule("2026-11-30T10:00:00Z").await;
    assert_eq!(rules(&world.review("warnings { rule }").await["warnings"]), ["SENIOR_OUTSIDER"]);
    let reopen = json!({ "incidentId": world.incident["id"], "reason": "it is back" });
    world.fay.incident_of("reopenIncident", reopen).await;
    world.sam.resolve(id(&world.incident)).await;
    let warnings = world.review("warnings { rule text }").await["warnings"].take();
    assert_eq!(rules(&warnings), ["FACILITATOR_FROM_OUTSIDE", "SENIOR_OUTSIDER"]);
    assert!(text(&warnings[0], "text").contains("Fay leads the review and wrote"), "{warnings}");
}

async fn the_playbook_asks_for_a_review_until_it_is_held(app: &TestApp) {
    let world = World::new(app).await;
    let steps = async || {
        let found = world.sam.incident("INC-1", "nextSteps { key }").await["nextSteps"].take();
        found.as_array().unwrap().iter().map(|step| text(step, "key").to_owned()).collect::<Vec<_>>()
    };
    let has = async |key: &str| steps().await.iter().any(|known| known == key);
    assert!(has("schedule-review").await && !has("report-circulated").await);
    let review = world.schedule("2026-11-30T10:00:00Z").await;
    assert!(!has("schedule-review").await && has("report-circulated").await, "{:?}", steps().await);
    world.sam.mutate("callOffReview", json!({ "reviewId": review, "reason": "too early" }), "review { calledOffAt }").await;
    assert!(has("schedule-review").await);
    assert_eq!(world.schedule("2026-12-01T10:00:00Z").await, review, "it is the same review");
    app.advance(Duration::from_secs(10 * 86_400));
    let record = json!({ "reviewId": review, "heldAt": "2026-12-01T10:00:00Z", "notes": "We learned much." });
    world.sam.mutate("recordReview", record, "review { heldAt }").await;
    assert!(has("report-final").await && !has("schedule-review").await);
    let refusal = world.sam.refused("scheduleReview", world.plan("2026-12-10T10:00:00Z")).await;
    assert_eq!(refusal.code(), "FAILED_PRECONDITION");
}

async fn the_guide_is_made_from_the_incident(app: &TestApp) {
    let (sam, fay) = (app.responder("Sam").await, app.responder("Fay").await);
    let incident = sam.declare_with(json!({ "name": "Shop is down", "severity": "MINOR", "leadId": sam.id() })).await;
    let add = async |kind: &str, what: &str| {
        let event = json!({ "incidentId": incident["id"], "kind": kind, "text": what });
        id(&sam.event_of("addTimelineEvent", event).await).to_owned()
    };
    let decision = add("DECISION", "Sam and Fay roll back").await;
    let note = add("NOTE", "the graph looks odd").await;
    app.advance(Duration::from_secs(25 * 60));
    let raise = json!({ "incidentId": incident["id"], "severity": "MAJOR", "reason": "more shops" });
    sam.incident_of("changeSeverity", raise).await;
    sam.incident_of("assignRole", json!({ "incidentId": incident["id"], "role": "INCIDENT_LEAD", "personId": fay.id() })).await;
    fay.resolve(id(&incident)).await;
    let plan = json!({
        "incidentId": incident["id"], "startsAt": "2026-11-30T10:00:00Z", "facilitatorId": sam.id(), "noteTakerId": sam.id(),
        "overrideReason": "nobody else is there",
    });
    let review = id(&sam.mutate("scheduleReview", plan, "review { id }").await["review"]).to_owned();
    let guide = async || {
        let selection =
            "guide { opening moments { kind text event { id } questions { topic text } } closing { topic } coverage { topic questions } }";
        sam.incident("INC-1", &format!("review {{ {selection} }}")).await["review"]["guide"].take()
    };
    let kinds =
        |guide: &Value| guide["moments"].as_array().unwrap().iter().map(|moment| text(moment, "kind").to_owned()).collect::<Vec<_>>();
    let made = guide().await;
    assert_eq!(kinds(&made), ["DECISION", "GAP", "SEVERITY_CHANGE", "HAND_OVER"], "{made}");
    let told = made.to_string();
    assert!(!told.contains("Sam") && !told.contains("Fay"), "R27: {told}");
    assert!(made["coverage"].as_array().unwrap().iter().all(|topic| topic["questions"].as_i64() > Some(0)), "{made}");
    assert!(text(&made, "opening").contains("prime directive"));
    // The facilitator takes one out and adds one; a star adds one as well.
    let choose = |event: &str, wanted: bool| json!({ "reviewId": review, "eventId": event, "wanted": wanted });
    sam.mutate("chooseReviewMoment", choose(&decision, false), "review { id }").await;
    sam.mutate("chooseReviewMoment", choose(&note, true), "review { id }").await;
    assert_eq!(kinds(&guide().await), ["MARKED", "GAP", "SEVERITY_CHANGE", "HAND_OVER"]);
    let elsewhere = sam.declare("other").await;
    let other = id(&sam.note(id(&elsewhere), "elsewhere").await).to_owned();
    assert_eq!(sam.refused("chooseReviewMoment", choose(&other, true)).await.code(), "BAD_USER_INPUT");
}

async fn what_came_of_it_is_written_down(app: &TestApp) {
    let world = World::new(app).await;
    let review = world.schedule("2026-11-30T10:00:00Z").await;
    app.advance(Duration::from_secs(9 * 86_400));
    let begun = world.fay.mutate("beginReview", json!({ "reviewId": review }), "review { begunAt }").await;
    assert!(begun["review"]["begunAt"].is_string());
    let park = json!({ "reviewId": review, "topic": "Should packages be audited?", "forum": "tech forum" });
    let topic = world.nat.mutate("parkReviewTopic", park, "topic { id topic forum }").await["topic"].take();
    let second = json!({ "reviewId": review, "topic": "Lunch", "forum": "kitchen" });
    let second = world.nat.mutate("parkReviewTopic", second, "topic { id }").await["topic"].take();
    world.nat.mutate("unparkReviewTopic", json!({ "topicId": second["id"] }), "review { id }").await;
    let record = json!({
        "reviewId": review, "heldAt": "2026-11-30T10:00:00Z", "notes": "The disk was never watched.",
        "recordingUrl": "https://video.example.org/7", "noFollowUps": true,
    });
    world.nat.mutate("recordReview", record.clone(), "review { id }").await;
    let kept = world.review("heldAt notes recordingUrl noFollowUps parkedTopics { id topic forum }").await;
    assert_eq!(kept["parkedTopics"], json!([topic]));
    assert_eq!((&kept["noFollowUps"], &kept["recordingUrl"]), (&json!(true), &json!("https://video.example.org/7")));
    // The report can be finished without a reason, as the review was held (R29).
    let events = world.sam.timeline(id(&world.incident)).await;
    let texts: Vec<&str> = events.iter().filter(|event| event["kind"] == "REVIEW").map(|event| text(event, "text")).collect();
    assert!(
        texts.iter().any(|text| text.starts_with("Review held on Mon 30 Nov, 10:00 GMT: nothing needs to be followed up")),
        "{texts:?}"
    );
    let follow_up =
        json!({ "incidentId": world.incident["id"], "title": "watch disks", "board": "incident-actions", "ownerId": world.sam.id() });
    world.sam.mutate("addFollowUp", follow_up, "followUp { id }").await;
    let mut again = record;
    again["notes"] = json!("More.");
    let refusal = world.nat.refused("recordReview", again).await;
    assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", "noFollowUps"));
}

async fn what_can_not_be_planned_is_refused(app: &TestApp) {
    let world = World::new(app).await;
    let with = |field: &str, value: Value| {
        let mut plan = world.plan("2026-11-30T10:00:00Z");
        plan[field] = value;
        plan
    };
    let (vic, gone) = (app.viewer("Vic").await.id(), "per_00000000000000000000000000000001");
    for (field, value) in [
        ("durationMinutes", json!(5)),
        ("durationMinutes", json!(481)),
        ("facilitatorId", json!(vic)),
        ("noteTakerId", json!(gone)),
        ("seniorOutsiderId", json!(gone)),
        ("extraAttendeeIds", json!([gone])),
        ("startsAt", json!("2029-01-01T10:00:00Z")),
        ("overrideReason", json!("\u{1}")),
    ] {
        let refusal = world.sam.refused("scheduleReview", with(field, value.clone())).await;
        assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", field), "{value}: {}", refusal.message());
    }
    let reported = world.sam.report("errors").await;
    let refusal = world.sam.refused("scheduleReview", with("incidentId", reported["id"].clone())).await;
    assert_eq!(refusal.code(), "FAILED_PRECONDITION");
    // Of a time that has passed nobody hears, and it is said.
    let plan = with("startsAt", json!("2026-11-20T10:00:00Z"));
    world.sam.mutate("scheduleReview", plan, "review { id }").await;
    assert_eq!(invitations(app).await, []);
    assert!(rules(&world.review("warnings { rule }").await["warnings"]).contains(&"TO_COME"));
}

async fn outsiders_learn_nothing_of_the_review_of_a_restricted_incident(app: &TestApp) {
    let (sam, fay, uma) = (app.responder("Sam").await, app.responder("Fay").await, app.responder("Uma").await);
    let incident = sam.declare_with(json!({ "name": "leak", "severity": "MINOR", "visibility": "RESTRICTED", "leadId": sam.id() })).await;
    let plan = json!({
        "incidentId": incident["id"], "startsAt": "2026-11-30T10:00:00Z", "facilitatorId": fay.id(), "noteTakerId": sam.id(),
        "overrideReason": "few may know",
    });
    let review = sam.mutate("scheduleReview", plan.clone(), "review { id }").await["review"].take();
    assert_eq!(fay.node(id(&review), "Review { durationMinutes }").await["durationMinutes"], 90, "who is invited may know of it");
    let node = uma.try_query("query($id: ID!) { node(id: $id) { id } }", json!({ "id": review["id"] })).await;
    assert_eq!(node.code(), "NOT_FOUND");
    for (mutation, input) in [
        ("scheduleReview", plan),
        ("commentOnReview", json!({ "reviewId": review["id"], "body": "hm", "anonymous": true })),
        ("recordReview", json!({ "reviewId": review["id"], "heldAt": "2026-11-22T03:00:00Z" })),
        ("parkReviewTopic", json!({ "reviewId": review["id"], "topic": "a", "forum": "b" })),
    ] {
        assert_eq!(uma.refused(mutation, input).await.code(), "NOT_FOUND", "{mutation}");
    }
}

/// The invitations that were ordered and not taken back, oldest first, with whom they are for.
async fn invitations(app: &TestApp) -> Vec<(String, Invitation)> {
    let rows = sent(app).await;
    let stand = rows.iter().filter(|row| row.operation == Operation::Invite && row.state != DeliveryState::Cancelled);
    stand.filter_map(|row| Some((mail(row).to_name, *mail(row).invitation?))).collect()
}

async fn an_invitation_is_one_event_that_moves_and_goes(app: &TestApp) {
    let world = World::new(app).await;
    world.schedule("2026-11-30T10:00:00Z").await;
    let first = invitations(app).await;
    let whom: Vec<&str> = first.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(whom, ["Fay", "Nat", "Sam"]);
    let at = |text: &str| DateTime::parse_from_rfc3339(text).unwrap();
    assert!(first.iter().all(|(_, event)| event.starts_at == at("2026-11-30T10:00:00Z") && event.ends_at == at("2026-11-30T11:30:00Z")));
    let uids: std::collections::BTreeSet<&str> = first.iter().map(|(_, event)| event.uid.as_str()).collect();
    assert_eq!(uids.len(), 1, "one event for all");
    // It moves, and Uma leads it instead of Fay, who no longer comes.
    let uma = app.responder("Uma").await;
    let mut plan = world.plan("2026-12-01T10:00:00Z");
    plan["facilitatorId"] = json!(uma.id());
    world.sam.mutate("scheduleReview", plan, "review { id }").await;
    let all = invitations(app).await;
    let second: Vec<(&str, bool, i32)> = all.iter().map(|(name, event)| (name.as_str(), event.is_cancelled, event.sequence)).collect();
    assert_eq!(second, [("Nat", false, 1), ("Sam", false, 1), ("Uma", false, 1), ("Fay", true, 1)], "what waited is taken back");
    assert!(all.iter().all(|(_, event)| event.uid == first[0].1.uid));
    // It is off.
    let review = id(&world.review("id").await).to_owned();
    world.sam.mutate("callOffReview", json!({ "reviewId": review, "reason": "later" }), "review { id }").await;
    let all = invitations(app).await;
    assert!(all.iter().all(|(_, event)| event.is_cancelled && event.sequence == 2), "{all:?}");
    assert_eq!(all.len(), 3);
}

async fn ten_changes_at_once_end_in_one_invitation(app: &TestApp) {
    let world = World::new(app).await;
    for minute in 10..20 {
        world.schedule(&format!("2026-11-30T10:{minute}:00Z")).await;
    }
    let left = invitations(app).await;
    assert_eq!(left.len(), 3, "one for each who is invited");
    assert!(left.iter().all(|(_, event)| event.sequence == 9 && event.starts_at.to_rfc3339().contains("T10:19")));
}
