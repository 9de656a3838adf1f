//! Effects on outside systems, for people: what needs a person, who sees it, and how it ends. No worker runs here.

use std::time::Duration;

use domain::ports::{Receipt, Refusal};
use domain::{delivery, people};
use entity::{DeliveryId, DeliveryState, System};
use futures_util::future::join_all;
use harness::drive::{id, kinds, text};
use harness::{Client, Engine, TestApp, both_dbs, run_with};
use sea_orm::EntityTrait;
use serde_json::{Value, json};

use crate::fixture::remind_all;

both_dbs![
    what_no_system_does_waits_for_a_person,
    a_notice_that_a_person_posted_settles_its_step,
    reminders_of_a_step_that_is_done_are_cancelled,
    reminders_that_could_not_be_sent_are_dismissed_together,
    deliveries_page_both_ways_and_by_state,
    viewers_and_outsiders_see_no_deliveries,
];
both_dbs![by with_mail: a_mail_that_failed_is_tried_again_by_a_person, outcomes_that_come_at_once_are_each_their_own];

fn with_mail(engine: Engine, test: impl AsyncFnOnce(&TestApp)) {
    run_with(TestApp::builder(engine).connected(System::Email), test);
}

const MINUTE: Duration = Duration::from_secs(60);
const DELIVERY: &str = "id title system operation state attempts lastError nextAttemptAt externalUrl instructions createdAt deliveredAt step steps person { name } \
    incident { reference }";

async fn reminded(app: &TestApp) {
    remind_all(&app.system()).await;
}

async fn deliveries(client: &Client) -> Vec<Value> {
    let found = client.incident("INC-1", &format!("deliveries {{ {DELIVERY} }}")).await;
    found["deliveries"].as_array().expect("a list of deliveries").clone()
}

fn is_about(delivery: &Value, step: &str) -> bool {
    delivery["steps"].as_array().expect("a list of steps").iter().any(|key| key == step)
}

async fn of_step(client: &Client, step: &str) -> Value {
    deliveries(client).await.into_iter().find(|row| is_about(row, step)).unwrap_or_else(|| panic!("no delivery for {step}"))
}

async fn skip(by: &Client, incident: &Value, steps: &[&str]) {
    for key in steps {
        by.incident_of("settleStep", json!({ "incidentId": incident["id"], "key": key, "waive": true, "note": "not needed" })).await;
    }
}

async fn major(sam: &Client) -> Value {
    sam.declare_with(json!({ "name": "errors", "severity": "MAJOR", "leadId": sam.id() })).await
}

async fn what_no_system_does_waits_for_a_person(app: &TestApp) {
    let sam = app.responder("Sam").await;
    major(&sam).await;
    reminded(app).await;
    let notice = deliveries(&sam).await.into_iter().find(|row| row["operation"] == "notice").unwrap();
    assert_eq!((&notice["system"], &notice["state"], &notice["attempts"]), (&json!("slack"), &json!("BY_HAND"), &json!(0)));
    assert_eq!((&notice["step"], &notice["incident"]["reference"]), (&json!("general-notice:1"), &json!("INC-1")));
    assert!(text(&notice, "instructions").starts_with("Post in the general channel:"), "{notice}");
    assert!(text(&notice, "instructions").contains("INC-1"), "{notice}");
    assert!(notice["nextAttemptAt"].is_null() && notice["deliveredAt"].is_null());
    assert_eq!(sam.node(id(&notice), "Delivery { state }").await["state"], "BY_HAND");
    // Nothing is connected, so nothing can be tried.
    assert_eq!(sam.refused("retryDelivery", json!({ "deliveryId": notice["id"] })).await.code(), "FAILED_PRECONDITION");
}

async fn a_notice_that_a_person_posted_settles_its_step(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = major(&sam).await;
    reminded(app).await;
    let stands = async || {
        let found = sam.incident("INC-1", "nextSteps { key }").await;
        found["nextSteps"].as_array().unwrap().iter().any(|step| step["key"] == "general-notice:1")
    };
    let rows = deliveries(&sam).await;
    let (notice, reminder) = rows.iter().partition::<Vec<&Value>, _>(|row| row["operation"] == "notice");
    let (notice, reminder) = (notice[0], reminder.into_iter().find(|row| is_about(row, "general-notice:1")).unwrap());
    // Marking the reminder as done does not post the notice.
    sam.mutate("settleDeliveryByHand", json!({ "deliveryId": reminder["id"] }), "delivery { state }").await;
    assert!(stands().await);
    let settle = |url: &str| json!({ "deliveryId": notice["id"], "externalUrl": url });
    let refusal = sam.refused("settleDeliveryByHand", settle("javascript:alert(1)")).await;
    assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", "externalUrl"));
    app.advance(MINUTE);
    let done = sam.mutate("settleDeliveryByHand", settle("https://chat.example.org/p1"), &format!("delivery {{ {DELIVERY} }}")).await;
    let done = &done["delivery"];
    assert_eq!((&done["state"], &done["externalUrl"]), (&json!("DONE_BY_HAND"), &json!("https://chat.example.org/p1")));
    assert_eq!((&done["deliveredAt"], &done["instructions"]), (&json!("2026-11-22T03:01:00+00:00"), &Value::Null));
    assert!(!stands().await);
    let listed = sam.incident("INC-1", "nextSteps(includeSettled: true) { key state settledBy { name } }").await;
    let step = listed["nextSteps"].as_array().unwrap().iter().find(|step| step["key"] == "general-notice:1").unwrap();
    assert_eq!((&step["state"], &step["settledBy"]["name"]), (&json!("DONE"), &json!("Sam")));
    assert!(kinds(&sam.timeline(id(&incident)).await).contains(&"DELIVERY"));
    assert_eq!(sam.refused("settleDeliveryByHand", settle("https://chat.example.org/p2")).await.code(), "FAILED_PRECONDITION");
}

async fn reminders_that_could_not_be_sent_are_dismissed_together(app: &TestApp) {
    let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
    let mut incidents = Vec::new();
    for visibility in ["OPEN", "RESTRICTED"] {
        let declare = json!({ "name": "errors", "severity": "MAJOR", "leadId": sam.id(), "visibility": visibility });
        incidents.push(sam.declare_with(declare).await);
    }
    for _ in 0..2 {
        app.advance(30 * MINUTE);
        reminded(app).await;
    }
    let list = "{ deliveries(state: BY_HAND, first: 200) { nodes { id operation } } }";
    let waiting = async || sam.query(list, json!({})).await["deliveries"]["nodes"].as_array().unwrap().clone();
    let (reminders, others): (Vec<Value>, Vec<Value>) = waiting().await.into_iter().partition(|row| row["operation"] == "remind");
    let ids = |rows: &[Value]| rows.iter().map(|row| row["id"].clone()).collect::<Vec<_>>();
    assert!(reminders.len() >= 2 && !others.is_empty(), "{reminders:?} {others:?}");
    // A notice is something that a person must do.
    let with_notice: Vec<Value> = reminders.iter().chain(&others).map(|row| row["id"].clone()).collect();
    let with_notice = json!({ "deliveryIds": with_notice });
    let refusal = sam.refused("dismissDeliveries", with_notice).await;
    assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", "deliveryIds"));
    assert!(refusal.message().contains("settleDeliveryByHand"), "{}", refusal.message());
    assert_eq!(kim.refused("dismissDeliveries", json!({ "deliveryIds": ids(&reminders) })).await.code(), "NOT_FOUND");
    assert_eq!(sam.refused("dismissDeliveries", json!({ "deliveryIds": vec![&reminders[0]["id"]; 101] })).await.field(), "deliveryIds");
    assert_eq!(waiting().await.len(), reminders.len() + others.len(), "nothing was dismissed");
    let before: Vec<usize> = events_of(&sam, &incidents).await;
    let dismiss = json!({ "deliveryIds": ids(&reminders) });
    let done = sam.mutate("dismissDeliveries", dismiss.clone(), "dismissed deliveries { id state }").await;
    assert_eq!(done["dismissed"], reminders.len());
    assert!(done["deliveries"].as_array().unwrap().iter().all(|row| row["state"] == "CANCELLED"), "{done}");
    let after = events_of(&sam, &incidents).await;
    assert_eq!(after, before.iter().map(|count| count + 1).collect::<Vec<_>>(), "one event an incident");
    assert_eq!(ids(&waiting().await), ids(&others));
    let again = sam.mutate("dismissDeliveries", dismiss, "dismissed").await;
    assert_eq!(again["dismissed"], 0);
    assert_eq!(events_of(&sam, &incidents).await, after, "the second time nothing is recorded");
}

async fn events_of(client: &Client, incidents: &[Value]) -> Vec<usize> {
    let mut counts = Vec::new();
    for incident in incidents {
        counts.push(client.timeline(id(incident)).await.len());
    }
    counts
}

async fn reminders_of_a_step_that_is_done_are_cancelled(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = major(&sam).await;
    app.advance(30 * MINUTE);
    reminded(app).await;
    let mail = of_step(&sam, "summary:0.1").await;
    assert_eq!((&mail["state"], &mail["person"]["name"]), (&json!("BY_HAND"), &json!("Sam")));
    assert!(text(&mail, "title").contains("e-mail to Sam") && text(&mail, "title").contains("INC-1"), "{mail}");
    sam.event_of("postUpdate", json!({ "incidentId": incident["id"], "text": "soon" })).await;
    assert_eq!(of_step(&sam, "summary:0.1").await["state"], "BY_HAND", "it is about other steps as well");
    skip(&sam, &incident, &["second-line", "general-notice:1"]).await;
    let mail = of_step(&sam, "summary:0.1").await;
    assert_eq!((&mail["state"], &mail["instructions"]), (&json!("CANCELLED"), &Value::Null));
    for mutation in ["settleDeliveryByHand", "retryDelivery"] {
        assert_eq!(sam.refused(mutation, json!({ "deliveryId": mail["id"] })).await.code(), "FAILED_PRECONDITION", "{mutation}");
    }
    let cancelled = sam.incident("INC-1", "deliveries(state: CANCELLED) { id }").await["deliveries"].take();
    assert!(cancelled.as_array().unwrap().contains(&json!({ "id": mail["id"] })), "{cancelled}");
}

async fn deliveries_page_both_ways_and_by_state(app: &TestApp) {
    let sam = app.responder("Sam").await;
    for _ in 0..3 {
        major(&sam).await;
        reminded(app).await;
        app.advance(MINUTE);
    }
    let list = "query($first: Int, $after: String, $last: Int, $before: String, $state: DeliveryState) { deliveries(state: $state, first: $first, \
        after: $after, last: $last, before: $before) { nodes { id createdAt state } edges { cursor node { id } } pageInfo { hasNextPage endCursor \
        hasPreviousPage startCursor } } }";
    let all = sam.query(list, json!({})).await["deliveries"].take();
    let ids: Vec<&str> = all["nodes"].as_array().unwrap().iter().map(id).collect();
    assert!(ids.len() >= 6, "{all}");
    let times: Vec<&str> = all["nodes"].as_array().unwrap().iter().map(|node| text(node, "createdAt")).collect();
    assert!(times.is_sorted_by(|a, b| a >= b), "the newest first: {times:?}");
    for (count, cursor, more, end) in [("first", "after", "hasNextPage", "endCursor"), ("last", "before", "hasPreviousPage", "startCursor")]
    {
        let (mut walked, mut place) = (Vec::new(), Value::Null);
        loop {
            let page = sam.query(list, json!({ count: 2, cursor: place })).await["deliveries"].take();
            let mut found: Vec<String> = page["nodes"].as_array().unwrap().iter().map(|node| id(node).to_owned()).collect();
            if count == "last" {
                found.append(&mut walked);
                walked = found;
            } else {
                walked.append(&mut found);
            }
            if page["pageInfo"][more] != true {
                break;
            }
            place = page["pageInfo"][end].clone();
        }
        assert_eq!(walked, ids, "{count}");
    }
    sam.mutate("settleDeliveryByHand", json!({ "deliveryId": ids[0] }), "delivery { id }").await;
    let done = sam.query(list, json!({ "state": "DONE_BY_HAND" })).await;
    assert_eq!(done["deliveries"]["nodes"].as_array().unwrap().iter().map(id).collect::<Vec<_>>(), [ids[0]]);
    assert_eq!(sam.try_query(list, json!({ "after": "nonsense" })).await.code(), "BAD_USER_INPUT");
}

async fn viewers_and_outsiders_see_no_deliveries(app: &TestApp) {
    let (sam, kim, vic, ada) = (app.responder("Sam").await, app.responder("Kim").await, app.viewer("Vic").await, app.admin().await);
    let incident = major(&sam).await;
    reminded(app).await;
    let delivery = id(&deliveries(&sam).await[0]).to_owned();
    for query in [
        "{ deliveries { nodes { id } } }".to_owned(),
        "{ incident(reference: \"INC-1\") { deliveries { id } } }".to_owned(),
        format!("{{ node(id: \"{delivery}\") {{ id }} }}"),
    ] {
        assert_eq!(vic.try_query(&query, json!({})).await.code(), "FORBIDDEN", "{query}");
        assert_eq!(kim.try_query(&query, json!({})).await.code(), "", "{query}");
    }
    sam.incident_of("updateIncident", json!({ "incidentId": incident["id"], "visibility": "RESTRICTED" })).await;
    assert_eq!(kim.query("{ deliveries { nodes { id } } }", json!({})).await["deliveries"]["nodes"], json!([]));
    assert!(kim.node(&delivery, "Delivery { id }").await.is_null());
    let never = "dlv_00000000000000000000000000000001";
    for mutation in ["settleDeliveryByHand", "retryDelivery"] {
        let theirs = kim.refused(mutation, json!({ "deliveryId": delivery })).await;
        let nothing = kim.refused(mutation, json!({ "deliveryId": never })).await;
        assert_eq!((theirs.code(), theirs.message()), (nothing.code(), nothing.message()), "{mutation}");
        assert_eq!(vic.refused(mutation, json!({ "deliveryId": delivery })).await.code(), "FORBIDDEN", "{mutation}");
    }
    for insider in [&sam, &ada] {
        assert!(!insider.node(&delivery, "Delivery { id }").await.is_null());
    }
}

/// Queued until the step is done; what failed for good is retried when a person says so.
async fn a_mail_that_failed_is_tried_again_by_a_person(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = major(&sam).await;
    app.advance(30 * MINUTE);
    reminded(app).await;
    let mail = of_step(&sam, "summary:0.1").await;
    assert_eq!((&mail["state"], &mail["instructions"]), (&json!("QUEUED"), &Value::Null));
    assert_eq!(sam.refused("retryDelivery", json!({ "deliveryId": mail["id"] })).await.code(), "FAILED_PRECONDITION", "it is in progress");
    let delivery = DeliveryId::parse(id(&mail)).unwrap();
    let claim = delivery::claim(&app.system(), delivery).await.unwrap().unwrap();
    assert_eq!(of_step(&sam, "summary:0.1").await["state"], "SENDING");
    delivery::record(&app.system(), &claim, Err(Refusal::Never("no such mailbox".into()))).await.unwrap();
    let failed = of_step(&sam, "summary:0.1").await;
    assert_eq!((&failed["state"], &failed["attempts"], &failed["lastError"]), (&json!("FAILED"), &json!(1), &json!("no such mailbox")));
    let address = people::find(&app.system(), sam.person_id()).await.unwrap().email.unwrap();
    assert!(text(&failed, "instructions").contains(&address), "a person can write it instead: {failed}");
    let again = sam.mutate("retryDelivery", json!({ "deliveryId": mail["id"] }), "delivery { state nextAttemptAt }").await;
    assert_eq!(again["delivery"], json!({ "state": "QUEUED", "nextAttemptAt": "2026-11-22T03:30:00+00:00" }));
    sam.event_of("postUpdate", json!({ "incidentId": incident["id"], "text": "soon" })).await;
    skip(&sam, &incident, &["second-line", "general-notice:1"]).await;
    assert_eq!(of_step(&sam, "summary:0.1").await["state"], "CANCELLED");
}

async fn outcomes_that_come_at_once_are_each_their_own(app: &TestApp) {
    let sam = app.responder("Sam").await;
    for _ in 0..8 {
        major(&sam).await;
    }
    app.advance(30 * MINUTE);
    reminded(app).await;
    let ctx = app.system();
    let claims = delivery::claim_due(&ctx, System::Email, 8).await.unwrap();
    assert_eq!(claims.len(), 8);
    // The last one takes so long that its delivery falls due again, and is claimed by another worker.
    app.advance(2 * MINUTE);
    let last = claims.last().unwrap().order.delivery;
    delivery::claim(&ctx, last).await.unwrap().unwrap();
    let outcome = |number: usize| match number {
        0 => Err(Refusal::Later { reason: "busy".into(), after: None }),
        1 => Ok(Receipt { external_id: Some("m-1".into()), ..Receipt::default() }),
        _ => Ok(Receipt::default()),
    };
    let recorded = claims.iter().enumerate().map(|(number, claim)| delivery::record(&ctx, claim, outcome(number)));
    for result in join_all(recorded).await {
        result.unwrap();
    }
    let row = async |claim: &delivery::Claim| {
        let row = entity::delivery::Entity::find_by_id(claim.order.delivery).one(ctx.db.read()).await.unwrap().unwrap();
        (row.state, row.attempts, row.last_error, row.external_id, row.next_attempt_at.is_some(), row.delivered_at)
    };
    use DeliveryState::{Delivered, Retrying, Sending};
    let now = Some(app.now());
    assert_eq!(row(&claims[0]).await, (Retrying, 1, Some("busy".into()), None, true, None));
    assert_eq!(row(&claims[1]).await, (Delivered, 1, None, Some("m-1".into()), false, now));
    for claim in &claims[2..7] {
        assert_eq!(row(claim).await, (Delivered, 1, None, None, false, now));
    }
    assert_eq!(row(&claims[7]).await, (Sending, 2, None, None, true, None), "somebody else has it by now");
}
