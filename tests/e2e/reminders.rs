//! The playbook reminds: the right people, once, whatever dies or moves in between.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use domain::delivery::{self, hold};
use domain::playbook::Playbook;
use domain::ports::{Effect, MailOrder, Refusal};
use domain::telling::schedule;

use entity::{DeliveryState, IncidentId, Operation, System, TimelineKind, delivery as deliveries, incident, timeline_event};
use harness::drive::id;
use harness::worker::Outside;
use harness::{Client, Engine, TestApp, both_dbs, eventually};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::json;

use crate::fixture::remind_all;

pub(crate) const MINUTE: Duration = Duration::from_secs(60);
/// After this long, what a worker claimed and did not report is due again.
const TAKEN: Duration = Duration::from_secs(30);
pub(crate) const SOON: Duration = Duration::from_secs(20);

both_dbs![by with_mail:
    people_are_reminded_when_a_step_is_due_and_once_more_when_it_is_overdue,
    missed_reminders_are_reported_once_and_counted,
    a_reminder_goes_to_the_role_else_the_lead_else_the_reporter,
    a_quiet_person_is_not_reminded_but_paged,
    whatever_await_the_worker_dies_at_a_reminder_is_given_once,
    whatever_await_the_worker_dies_at_a_delivery_arrives,
    an_incident_that_changes_meanwhile_is_reminded_with_the_others,
    a_clock_that_jumps_reminds_of_nothing_twice,
    a_mail_server_that_is_away_delays_and_loses_nothing,
    what_waits_goes_to_nobody_who_may_not_know_or_is_not_asked_any_more,
    what_is_refused_for_good_is_recorded_on_the_timeline,
    what_was_acted_on_is_no_longer_sent,
    what_was_under_way_when_it_was_acted_on_is_not_tried_again,
    what_is_due_waits_while_its_system_is_held,
    a_system_that_a_person_holds_is_not_released_by_the_worker,
    three_workers_remind_once,
    another_playbook_moves_what_falls_due,
    the_next_look_is_always_what_the_rows_say,
];

pub(crate) fn with_mail(engine: Engine, test: impl AsyncFnOnce(&TestApp)) {
    harness::run_with(TestApp::builder(engine).connected(System::Email), test);
}

pub(crate) fn incident_id(incident: &serde_json::Value) -> IncidentId {
    IncidentId::parse(id(incident)).unwrap()
}

/// The events about what fell due.
pub(crate) async fn prompt_events(app: &TestApp) -> Vec<timeline_event::Model> {
    let events = timeline_event::Entity::find().filter(timeline_event::Column::Kind.eq(TimelineKind::Prompt));
    events.order_by_asc(timeline_event::Column::Id).all(app.domain.db.read()).await.unwrap()
}

/// What was prompted so far, as `STAGE key`.
pub(crate) async fn prompts(app: &TestApp) -> Vec<String> {
    let details = |event: &timeline_event::Model| serde_json::from_str::<serde_json::Value>(event.details.as_deref().unwrap()).unwrap();
    let events: Vec<_> = prompt_events(app).await.iter().map(details).collect();
    let steps = events.iter().flat_map(|details| details["steps"].as_array().unwrap());
    steps.map(|step| format!("{} {}", step["stage"].as_str().unwrap(), step["step"].as_str().unwrap())).collect()
}

/// The reminders that are about a step.
pub(crate) async fn about(app: &TestApp, key: &str) -> Vec<deliveries::Model> {
    sent(app).await.into_iter().filter(|row| delivery::steps_of(row).any(|step| step == key)).collect()
}

pub(crate) fn mail(row: &deliveries::Model) -> domain::ports::Email {
    match serde_json::from_str::<Effect>(&row.effect).unwrap() {
        Effect::Mail(MailOrder::Email(email)) => email,
        other => panic!("{other:?} is no mail"),
    }
}

pub(crate) async fn sent(app: &TestApp) -> Vec<deliveries::Model> {
    deliveries::Entity::find().order_by_asc(deliveries::Column::Id).all(app.domain.db.read()).await.unwrap()
}

async fn states(app: &TestApp) -> Vec<DeliveryState> {
    sent(app).await.into_iter().map(|row| row.state).collect()
}

/// A minor incident that Sam leads, at a time when nobody works.
pub(crate) async fn led(app: &TestApp) -> (Client, IncidentId) {
    let sam = app.responder("Sam").await;
    let incident = led_by(&sam).await;
    (sam, incident)
}

async fn led_by(sam: &Client) -> IncidentId {
    let incident = sam.incident_of("declareIncident", json!({ "name": "errors", "severity": "MINOR", "leadId": sam.id() })).await;
    incident_id(&incident)
}

async fn people_are_reminded_when_a_step_is_due_and_once_more_when_it_is_overdue(app: &TestApp) {
    let ctx = app.system();
    led(app).await;
    app.advance(MINUTE * 29);
    remind_all(&ctx).await;
    assert!(prompts(app).await.is_empty());
    app.advance(MINUTE);
    remind_all(&ctx).await;
    remind_all(&ctx).await;
    assert_eq!(prompts(app).await, ["DUE second-line", "DUE summary:0.1"]);
    app.advance(MINUTE * 10);
    remind_all(&ctx).await;
    assert_eq!(prompts(app).await[2..], ["OVERDUE second-line", "OVERDUE summary:0.1"]);
    assert_eq!(sent(app).await.len(), 2, "each moment is one mail to the lead");
    assert_eq!(prompt_events(app).await.len(), 2, "and one event");
}

async fn missed_reminders_are_reported_once_and_counted(app: &TestApp) {
    let ctx = app.system();
    led(app).await;
    app.advance(MINUTE * 155);
    remind_all(&ctx).await;
    remind_all(&ctx).await;
    let prompts = prompts(app).await;
    assert_eq!(prompts.iter().filter(|prompt| prompt.contains("summary")).collect::<Vec<_>>(), ["DUE summary:0.5"]);
    let mails = about(app, "summary:0.5").await;
    assert_eq!(mails.len(), 1);
    assert!(mails[0].effect.contains("4 earlier reminders were missed"), "{}", mails[0].effect);
}

async fn a_reminder_goes_to_the_role_else_the_lead_else_the_reporter(app: &TestApp) {
    let ctx = app.system();
    let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
    let client = sam.add_client("Example").await;
    let input = json!({ "name": "errors", "severity": "MINOR", "affectedClientIds": [client] });
    let incident = sam.incident_of("declareIncident", input).await;
    app.advance(MINUTE * 5);
    remind_all(&ctx).await;
    let to = async |key: &str| {
        let rows = about(app, key).await;
        rows.iter().map(|row| row.person_id.unwrap().to_string()).collect::<Vec<_>>()
    };
    assert_eq!(to("lead").await, [sam.id()], "nobody leads, nobody is on call: the reporter");
    let lead = json!({ "incidentId": id(&incident), "role": "INCIDENT_LEAD", "personId": kim.id() });
    kim.incident_of("assignRole", lead).await;
    app.advance(MINUTE * 5);
    remind_all(&ctx).await;
    assert_eq!(to("comms-manager").await, [kim.id()], "the lead");
    let comms = json!({ "incidentId": id(&incident), "role": "CLIENT_COMMS_MANAGER", "personId": sam.id() });
    kim.incident_of("assignRole", comms).await;
    app.advance(MINUTE * 50);
    remind_all(&ctx).await;
    assert_eq!(to("client-update:0.1").await, [sam.id()], "the holder of the role");
}

async fn a_quiet_person_is_not_reminded_but_paged(app: &TestApp) {
    let ctx = app.system();
    let (sam, _) = led(app).await;
    let quiet = entity::person::ActiveModel {
        quiet: sea_orm::Set([entity::Channel::Email].into_iter().collect()),
        seniority: sea_orm::Set(Some(1)),
        ..Default::default()
    };
    let who = entity::person::Column::Id.eq(sam.person_id());
    entity::person::Entity::update_many().set(quiet).filter(who).exec(app.domain.db.write()).await.unwrap();
    app.advance(MINUTE * 30);
    remind_all(&ctx).await;
    assert_eq!(prompts(app).await.len(), 2);
    assert!(sent(app).await.is_empty(), "the prompts are on the timeline, and that is all");
    let kim = app.responder("Kim").await;
    // Not where Sam leads and knows already.
    let other = incident_id(&kim.declare("something else").await);
    domain::telling::answers::escalate(&app.ctx(&kim).await, other, "please help").await.unwrap();
    let pages = sent(app).await;
    assert_eq!((pages.len(), pages[0].person_id, pages[0].page_id.is_some()), (1, Some(sam.person_id()), true));
}

/// Polls `future` this many times; `true` if it has ended by then. Dropped after that, it is as if the process had died at that await.
async fn ends_within(polls: usize, mut future: Pin<&mut impl Future<Output = ()>>) -> bool {
    let mut left = polls;
    poll_fn(|context| {
        left -= 1;
        match future.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(true),
            Poll::Pending if left == 0 => Poll::Ready(false),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

async fn whatever_await_the_worker_dies_at_a_reminder_is_given_once(app: &TestApp) {
    let ctx = app.system();
    let (sam, incident) = led(app).await;
    let mut given = 0;
    app.advance(TAKEN);
    for polls in 1.. {
        app.advance(MINUTE * 30 - TAKEN);
        let ended = ends_within(polls, pin!(remind_all(&ctx))).await;
        // The next worker finds what the previous one had claimed.
        app.advance(TAKEN);
        remind_all(&ctx).await;
        given += 1;
        let told = prompts(app).await;
        let key = format!("DUE summary:0.{given}");
        assert_eq!(told.iter().filter(|prompt| **prompt == key).count(), 1, "{key} after {polls} polls: {told:?}");
        // Whoever does nothing is left alone after a while, so somebody must do something.
        let mails = about(app, &key[4..]).await.len();
        assert_eq!(mails, 1, "{key} after {polls} polls");
        sam.note(&incident.to_string(), "still here").await;
        if ended {
            assert!(polls > 1, "it was never interrupted");
            return;
        }
    }
}

async fn whatever_await_the_worker_dies_at_a_delivery_arrives(app: &TestApp) {
    let ctx = app.system();
    led(app).await;
    app.advance(MINUTE * 30);
    remind_all(&ctx).await;
    let outside = Outside::new();
    let carry_out = async || {
        let Some(claim) = delivery::claim_due(&ctx, System::Email, 1).await.unwrap().pop() else { return };
        let outcome = domain::ports::Outlet::carry_out(&*outside, &claim.order).await;
        delivery::record(&ctx, &claim, outcome).await.unwrap();
    };
    let mut polls = 1;
    loop {
        if ends_within(polls, pin!(carry_out())).await {
            break;
        }
        // Whatever was in progress falls due again.
        app.advance(MINUTE * 2);
        polls += 1;
    }
    assert!(polls > 1, "it was never interrupted");
    while states(app).await.iter().any(|state| *state != DeliveryState::Delivered) {
        app.advance(MINUTE * 2);
        carry_out().await;
    }
    let names: std::collections::BTreeSet<_> = outside.orders().iter().map(|order| order.delivery).collect();
    assert_eq!(names.len(), sent(app).await.len());
}

async fn an_incident_that_changes_meanwhile_is_reminded_with_the_others(app: &TestApp) {
    let ctx = app.system();
    let (sam, changing) = led(app).await;
    let others = [led_by(&sam).await, led_by(&sam).await];
    for polls in 1.. {
        app.advance(MINUTE * 30);
        let mut reminding = pin!(remind_all(&ctx));
        let ended = ends_within(polls, reminding.as_mut()).await;
        let text = changing.to_string();
        let change = sam.note(&text, "still here");
        if ended {
            change.await;
        } else {
            tokio::join!(change, reminding);
        }
        let key = format!("DUE summary:0.{polls}");
        let told = prompts(app).await;
        assert_eq!(told.iter().filter(|prompt| **prompt == key).count(), 3, "{key} after {polls} polls: {told:?}");
        if ended {
            assert!(polls > 1, "nothing changed meanwhile");
            return;
        }
        // Whoever does nothing is left alone after a while.
        for other in others {
            sam.note(&other.to_string(), "still here").await;
        }
    }
}

async fn a_clock_that_jumps_reminds_of_nothing_twice(app: &TestApp) {
    let ctx = app.system();
    led(app).await;
    app.advance(MINUTE * 31);
    remind_all(&ctx).await;
    let told = prompts(app).await;
    app.set_back(MINUTE * 60);
    remind_all(&ctx).await;
    assert_eq!(prompts(app).await, told);
    app.advance(MINUTE * 120);
    remind_all(&ctx).await;
    app.set_back(MINUTE * 60);
    remind_all(&ctx).await;
    app.advance(MINUTE * 60);
    remind_all(&ctx).await;
    let told = prompts(app).await;
    let unique: std::collections::BTreeSet<_> = told.iter().collect();
    assert_eq!(unique.len(), told.len(), "{told:?}");
}

async fn a_mail_server_that_is_away_delays_and_loses_nothing(app: &TestApp) {
    let (_, incident) = led(app).await;
    let outside = Outside::new();
    outside.refuse_all(Some(Refusal::Later { reason: "connection refused".into(), after: None }));
    let worker = app.worker(&outside).await;
    app.advance(MINUTE * 30);
    // Not when it reaches the outside system: the next attempt counts from when the failure is recorded.
    let failures = async || {
        let rows = sent(app).await;
        let is_running = rows.iter().any(|row| row.state == DeliveryState::Sending);
        (!is_running).then(|| rows.iter().map(|row| row.attempts).sum::<i32>())
    };
    eventually("it failed", SOON, async || failures().await.filter(|failed| *failed > 0)).await;
    for _ in 0..6 {
        let tried = outside.orders().len();
        let failed = eventually("nothing is being tried", SOON, failures).await;
        app.advance(MINUTE * 10);
        eventually("it fails again", SOON, async || failures().await.filter(|again| *again > failed)).await;
        assert!(outside.orders().len() > tried);
    }
    let late = sent(app).await;
    assert!(late.iter().any(|row| row.last_error.as_deref() == Some("connection refused") && row.next_attempt_at.is_some()));
    outside.refuse_all(None);
    eventually("all arrive", SOON, async || {
        app.advance(MINUTE);
        states(app).await.iter().all(|state| *state == DeliveryState::Delivered).then_some(())
    })
    .await;
    worker.stop().await;
    let events = timeline_event::Entity::find().filter(timeline_event::Column::IncidentId.eq(incident));
    let told = events.all(app.domain.db.read()).await.unwrap();
    assert!(told.iter().all(|event| event.kind != TimelineKind::Delivery), "a mere delay adds no event");
}

/// What waited for a system is not sent to somebody who may no longer know of it, nor about what is no longer asked.
async fn what_waits_goes_to_nobody_who_may_not_know_or_is_not_asked_any_more(app: &TestApp) {
    let (sam, kim, lee) = (app.responder("Sam").await, app.responder("Kim").await, app.responder("Lee").await);
    let incident = sam.declare("errors").await;
    let offer = |to: &Client, role: &str| json!({ "incidentId": incident["id"], "role": role, "personId": to.id() });
    sam.mutate("offerRole", offer(&kim, "INCIDENT_LEAD"), "offer { id }").await;
    sam.mutate("offerRole", offer(&lee, "CLIENT_COMMS_MANAGER"), "offer { id }").await;
    // Somebody else takes the one; of the other, the incident is kept from its addressee.
    sam.incident_of("assignRole", offer(&sam, "INCIDENT_LEAD")).await;
    sam.incident_of("updateIncident", json!({ "incidentId": incident["id"], "visibility": "RESTRICTED" })).await;
    sam.incident_of("shareIncident", json!({ "incidentId": incident["id"], "personId": lee.id(), "shared": false })).await;
    let outside = Outside::new();
    let worker = app.worker(&outside).await;
    eventually("nothing waits", SOON, async || {
        let offers: Vec<_> = sent(app).await.into_iter().filter(|row| row.operation == Operation::Offer).collect();
        (offers.len() == 2 && offers.iter().all(|row| row.state == DeliveryState::Cancelled)).then_some(())
    })
    .await;
    worker.stop().await;
    let told: Vec<_> = outside.orders().iter().filter_map(|order| order.effect.outgoing().target()).collect();
    assert!(!told.iter().any(|target| target.contains("kim") || target.contains("lee")), "{told:?}");
}

async fn what_is_refused_for_good_is_recorded_on_the_timeline(app: &TestApp) {
    led(app).await;
    let outside = Outside::new();
    outside.refuse_next(Refusal::Never("550 no such mailbox".into()));
    let worker = app.worker(&outside).await;
    app.advance(MINUTE * 30);
    let told = eventually("it is recorded", SOON, async || {
        let events = timeline_event::Entity::find().filter(timeline_event::Column::Kind.eq(TimelineKind::Delivery));
        events.one(app.domain.db.read()).await.unwrap()
    })
    .await;
    assert!(told.text.contains("550 no such mailbox") && told.text.contains("Sam"), "{}", told.text);
    assert_eq!(states(app).await, [DeliveryState::Failed]);
    worker.stop().await;
}

async fn what_was_acted_on_is_no_longer_sent(app: &TestApp) {
    let ctx = app.system();
    let (sam, incident) = led(app).await;
    app.advance(MINUTE * 30);
    remind_all(&ctx).await;
    sam.mutate("postUpdate", json!({ "incidentId": incident.to_string(), "text": "found it" }), "event { id }").await;
    let state = async |key: &str| about(app, key).await[0].state;
    assert_eq!(state("summary:0.1").await, DeliveryState::Queued, "it is about second line as well");
    let skip = json!({ "incidentId": incident.to_string(), "key": "second-line", "waive": true, "note": "not needed" });
    sam.incident_of("settleStep", skip).await;
    assert_eq!(state("second-line").await, DeliveryState::Cancelled);
}

async fn what_was_under_way_when_it_was_acted_on_is_not_tried_again(app: &TestApp) {
    let ctx = app.system();
    let (sam, incident) = led(app).await;
    app.advance(MINUTE * 30);
    remind_all(&ctx).await;
    let skip = json!({ "incidentId": incident.to_string(), "key": "second-line", "waive": true, "note": "not needed" });
    sam.incident_of("settleStep", skip).await;
    let reminder = async || about(app, "summary:0.1").await[0].clone();
    let id = reminder().await.id;
    let claim = delivery::claim(&ctx, id).await.unwrap().unwrap();
    sam.mutate("postUpdate", json!({ "incidentId": incident.to_string(), "text": "found it" }), "event { id }").await;
    delivery::record(&ctx, &claim, Err(Refusal::Later { reason: "busy".into(), after: None })).await.unwrap();
    assert_eq!(reminder().await.state, DeliveryState::Retrying);
    app.advance(MINUTE * 30);
    assert!(delivery::claim(&ctx, id).await.unwrap().is_none());
    let row = reminder().await;
    assert_eq!((row.state, row.next_attempt_at), (DeliveryState::Cancelled, None));
}

async fn what_is_due_waits_while_its_system_is_held(app: &TestApp) {
    let ctx = app.system();
    led(app).await;
    app.advance(MINUTE * 30);
    remind_all(&ctx).await;
    let due = sent(app).await[0].id;
    hold::hold(&ctx, System::Email, "the password is wrong").await.unwrap();
    assert!(delivery::claim_due(&ctx, System::Email, 100).await.unwrap().is_empty());
    assert!(delivery::claim(&ctx, due).await.unwrap().is_none());
    delivery::release(&ctx, System::Email).await.unwrap();
    assert_eq!(delivery::claim(&ctx, due).await.unwrap().map(|claim| claim.order.attempt), Some(1));
}

async fn a_system_that_a_person_holds_is_not_released_by_the_worker(app: &TestApp) {
    let ctx = app.system();
    led(app).await;
    hold::hold_by_hand(&ctx, &[System::Email], "restored").await.unwrap();
    // One that refused our credentials meanwhile is a person's to release all the same.
    hold::hold(&ctx, System::Email, "the password is wrong").await.unwrap();
    hold::hold(&ctx, System::Zendesk, "the token is wrong").await.unwrap();
    let outside = Outside::new();
    let _worker = app.worker_with([(System::Email, outside.clone()), (System::Zendesk, outside.clone())]).await;
    let held = async || hold::held(&ctx).await.unwrap().into_iter().map(|row| row.system).collect::<Vec<_>>();
    eventually("the other one is released", SOON, async || (held().await == [System::Email]).then_some(())).await;
    app.advance(MINUTE * 30);
    eventually("somebody should be told", SOON, async || (!states(app).await.is_empty()).then_some(())).await;
    assert!(outside.orders().is_empty());
    delivery::release(&ctx, System::Email).await.unwrap();
    eventually("they are told", SOON, async || (!outside.orders().is_empty()).then_some(())).await;
}

async fn three_workers_remind_once(app: &TestApp) {
    let (sam, _) = led(app).await;
    for number in 0..20 {
        let input = json!({ "name": format!("errors {number}"), "severity": "MINOR", "leadId": sam.id() });
        sam.incident_of("declareIncident", input).await;
    }
    let outside = Outside::new();
    let workers = [app.worker(&outside).await, app.worker(&outside).await, app.worker(&outside).await];
    app.advance(MINUTE * 30);
    eventually("everyone is reminded", SOON, async || {
        let states = states(app).await;
        (states.len() == 21 && states.iter().all(|state| *state == DeliveryState::Delivered)).then_some(())
    })
    .await;
    for worker in workers {
        worker.stop().await;
    }
    assert_eq!((prompts(app).await.len(), prompt_events(app).await.len()), (42, 21));
    let orders = outside.orders();
    let names: std::collections::BTreeSet<_> = orders.iter().map(|order| order.delivery).collect();
    assert_eq!((orders.len(), names.len()), (21, 21), "each was sent once");
    assert!(
        orders.iter().all(|order| matches!(&order.effect, Effect::Mail(MailOrder::Email(email)) if email.subject.starts_with("[INC-")))
    );
}

async fn another_playbook_moves_what_falls_due(app: &TestApp) {
    led(app).await;
    let outside = Outside::new();
    let worker = app.worker(&outside).await;
    app.domain.replace_playbook(Playbook { summary_every: chrono::Duration::minutes(3), ..Playbook::default() });
    app.advance(MINUTE * 3);
    eventually("it is recorded", SOON, async || prompts(app).await.contains(&"DUE summary:0.1".to_owned()).then_some(())).await;
    worker.stop().await;
}

async fn the_next_look_is_always_what_the_rows_say(app: &TestApp) {
    let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
    let client = sam.add_client("Example").await;
    let incident = sam.incident_of("declareIncident", json!({ "name": "errors", "severity": "MINOR" })).await;
    let of = |mut input: serde_json::Value| {
        input["incidentId"] = json!(id(&incident));
        input
    };
    let acts = [
        ("assignRole", of(json!({ "role": "INCIDENT_LEAD", "personId": sam.id() }))),
        ("markClientAffected", of(json!({ "clientId": client }))),
        ("assignRole", of(json!({ "role": "CLIENT_COMMS_MANAGER", "personId": kim.id() }))),
        ("changeSeverity", of(json!({ "severity": "CRITICAL", "reason": "worse" }))),
        ("updateIncident", of(json!({ "flags": ["DATA_BREACH"] }))),
        ("changeStatus", of(json!({ "status": "FIXING" }))),
        ("changeSeverity", of(json!({ "severity": "MINOR", "reason": "better" }))),
        ("assignRole", of(json!({ "role": "INCIDENT_LEAD", "personId": kim.id() }))),
        ("updateIncident", of(json!({ "flags": [] }))),
        ("markClientAffected", of(json!({ "clientId": client, "affected": false }))),
    ];
    for (name, input) in acts {
        app.advance(MINUTE * 7);
        remind_all(&app.system()).await;
        sam.incident_of(name, input).await;
        let kept = incident::Entity::find_by_id(incident_id(&incident)).one(app.domain.db.read()).await.unwrap().unwrap();
        assert!(kept.next_due_at.is_some(), "{name}");
        assert_eq!(schedule::reschedule(&app.system()).await.unwrap(), 0, "{name}");
    }
}
