//! Nights in which somebody does nothing, or the clock is wrong: nobody is flooded, and nothing is silent.

use std::time::Duration;

use domain::delivery;
use domain::ports::Refusal;
use domain::telling::answers::{self, Answer};
use entity::{DeliveryState, IncidentId, Timestamp, delivery as deliveries, incident, incident_client, page};
use harness::drive::id;
use harness::worker::Outside;
use harness::{Client, TestApp, both_dbs, eventually};
use sea_orm::IdenStatic;
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, Iterable, Value};
use serde_json::json;

use crate::fixture::remind_all;
use crate::reminders::{MINUTE, SOON, about, incident_id, led, mail, prompt_events, prompts, sent, with_mail};

both_dbs![by with_mail:
    a_message_lists_everything_that_is_due_with_words_and_links,
    whoever_does_nothing_gets_few_messages_and_others_are_paged,
    whoever_answers_in_their_place_is_reminded_instead,
    anything_they_do_ends_the_wait,
    whoever_does_what_is_asked_gets_no_more_messages_than_moments,
    whoever_does_it_in_time_gets_fewer,
    after_a_downtime_nobody_is_said_not_to_have_answered_before_they_were_paged,
    a_clock_that_was_a_day_ahead_silences_nothing,
    a_page_that_was_written_by_a_clock_ahead_is_sent_and_followed_up,
    no_time_that_the_playbook_counts_from_stays_in_the_future,
    reminders_are_written_in_few_statements,
];

/// A night with a lead, somebody on call for second line and a CTO, in an incident that asks for everything.
async fn night(app: &TestApp) -> (Client, Client, Client, IncidentId) {
    let (sam, ben, cto) = (app.responder("Sam").await, app.responder("Ben").await, app.responder("Cleo").await);
    let second =
        domain::on_call::Set { first_line_id: Some(sam.person_id()), second_line_id: Some(ben.person_id()), starts_at: None, until: None };
    domain::on_call::set(&app.system(), second).await.unwrap();
    let grants = domain::people::UpdatePerson { grants: Some(vec![entity::Grant::NotifyCto]), ..Default::default() };
    domain::people::update(&app.system(), cto.person_id(), grants).await.unwrap();
    let client = sam.add_client("Example").await;
    let input = json!({ "name": "errors", "severity": "MAJOR", "leadId": sam.id(), "affectedClientIds": [client] });
    let incident = sam.incident_of("declareIncident", input).await;
    let comms = json!({ "incidentId": id(&incident), "role": "CLIENT_COMMS_MANAGER", "personId": sam.id() });
    sam.incident_of("assignRole", comms).await;
    (sam, ben, cto, incident_id(&incident))
}

async fn minutes(app: &TestApp, minutes: u32) {
    for _ in 0..minutes {
        app.advance(MINUTE);
        remind_all(&app.system()).await;
    }
}

async fn to(app: &TestApp, person: &Client) -> Vec<deliveries::Model> {
    sent(app).await.into_iter().filter(|row| row.person_id == Some(person.person_id())).collect()
}

async fn paged(app: &TestApp, person: &Client) -> Option<deliveries::Model> {
    to(app, person).await.into_iter().find(|row| row.page_id.is_some())
}

async fn a_message_lists_everything_that_is_due_with_words_and_links(app: &TestApp) {
    let (sam, _, _, incident) = night(app).await;
    sam.mutate("postUpdate", json!({ "incidentId": incident.to_string(), "text": "the queue is full" }), "event { id }").await;
    for _ in 0..4 {
        minutes(app, 14).await;
        sam.note(&incident.to_string(), "still here").await;
        minutes(app, 1).await;
    }
    let reminder = about(app, "client-update:0.1").await.into_iter().next().unwrap();
    let email = mail(&reminder);
    assert_eq!(delivery::steps_of(&reminder).collect::<Vec<_>>(), ["client-update:0.1", "summary:1.2"]);
    assert!(email.subject.starts_with("[INC-1] Due: ") && email.subject.ends_with(", and 1 more"), "{}", email.subject);
    for part in [
        "/incidents/INC-1?do=client-update:0.1",
        "/incidents/INC-1?do=summary:1.2",
        "Where things stand: We are investigating.",
        "At the last summary: the queue is full",
        "Still open:\n* Page second line (Overdue since Sun 22 Nov, 03:10 GMT)",
        "/incidents/INC-1?do=second-line",
    ] {
        assert!(email.text.contains(part), "{part} is missing: {}", email.text);
    }
}

/// R33 of the night: five hours.
async fn whoever_does_nothing_gets_few_messages_and_others_are_paged(app: &TestApp) {
    let (sam, ben, cto, _) = night(app).await;
    minutes(app, 300).await;
    let to_sam = to(app, &sam).await;
    assert!(
        (4..=12).contains(&to_sam.len()),
        "{} messages: {:#?}",
        to_sam.len(),
        to_sam.iter().map(|row| mail(row).subject).collect::<Vec<_>>()
    );
    let (second, leadership) =
        (paged(app, &ben).await.expect("second line is paged"), paged(app, &cto).await.expect("the leadership is paged"));
    assert_eq!((second.step_key.as_deref(), leadership.step_key.as_deref()), (Some("no-reaction"), Some("no-reaction-fallback")));
    assert_eq!((leadership.created_at - second.created_at).num_minutes(), 20, "the playbook's reminders.escalate_after");
    for (row, open) in [(second, "Page second line"), (leadership, "Post a summary")] {
        let text = mail(&row).text;
        assert!(text.contains("Sam has not reacted to reminders since") && text.contains(open), "{text}");
    }
    let last = mail(to_sam.last().unwrap()).text;
    assert!(
        last.contains("Still open:\n* ") && !last.contains("Reminders go unheeded"),
        "what Muster did itself asks nothing of her: {last}"
    );
    assert!(last.contains("errors (INC-1): major, investigating. It began Sun 22 Nov, 03:00 GMT.\n"), "{last}");
    assert!(prompt_events(app).await.len() < prompts(app).await.len(), "they are folded");
}

async fn whoever_answers_in_their_place_is_reminded_instead(app: &TestApp) {
    let (sam, ben, cto, _) = night(app).await;
    minutes(app, 21).await;
    let page = paged(app, &ben).await.expect("second line is paged");
    answers::answer(&app.ctx(&ben).await, page.page_id.unwrap(), Answer::Seen, None).await.unwrap();
    let before = to(app, &sam).await.len();
    minutes(app, 40).await;
    assert_eq!(to(app, &sam).await.len(), before);
    assert!(about(app, "summary:0.1").await.iter().any(|row| row.person_id == Some(ben.person_id())));
    assert!(paged(app, &cto).await.is_none(), "somebody looks after it");
    // Until they fall asleep as well.
    minutes(app, 60).await;
    assert!(paged(app, &cto).await.is_some());
}

async fn anything_they_do_ends_the_wait(app: &TestApp) {
    let (sam, ben, _, incident) = night(app).await;
    for _ in 0..12 {
        minutes(app, 15).await;
        sam.note(&incident.to_string(), "looking into it").await;
    }
    assert!(paged(app, &ben).await.is_none());
}

async fn whoever_does_what_is_asked_gets_no_more_messages_than_moments(app: &TestApp) {
    let messages = five_hours_of_work(app, 0).await;
    assert!(messages <= 12, "{messages}");
}

async fn whoever_does_it_in_time_gets_fewer(app: &TestApp) {
    let messages = five_hours_of_work(app, 2).await;
    assert!(messages <= 8, "{messages}");
}

/// Has the lead do each step that many minutes before it is due, and returns how many messages reach them in five hours.
async fn five_hours_of_work(app: &TestApp, ahead: i64) -> usize {
    let (sam, ben, _, incident) = night(app).await;
    let incident = incident.to_string();
    for minute in 1..=300 {
        minutes(app, 1).await;
        let until = app.now() + chrono::Duration::minutes(ahead);
        for step in sam.incident("INC-1", "nextSteps { key rule dueAt }").await["nextSteps"].as_array().unwrap() {
            let due_at: Timestamp = step["dueAt"].as_str().unwrap().parse().unwrap();
            if due_at > until {
                continue;
            }
            match step["rule"].as_str().unwrap() {
                "summary" => {
                    drop(sam.mutate("postUpdate", json!({ "incidentId": incident, "text": format!("{minute}") }), "event { id }").await)
                }
                "client-update" => {
                    let input = json!({ "incidentId": incident, "body": "We are on it." });
                    drop(sam.mutate("sendClientUpdate", input, "clientUpdate { id }").await);
                }
                _ => drop(
                    sam.incident_of("settleStep", json!({ "incidentId": incident, "key": step["key"], "waive": true, "note": "decided" }))
                        .await,
                ),
            }
        }
    }
    let moments: std::collections::BTreeSet<_> = to(app, &sam).await.iter().map(|row| row.created_at).collect();
    let reminders = to(app, &sam).await.into_iter().filter(|row| row.operation == entity::Operation::Remind).count();
    assert_eq!(reminders, moments.len(), "one message a moment");
    assert!(paged(app, &ben).await.is_none());
    reminders
}

async fn after_a_downtime_nobody_is_said_not_to_have_answered_before_they_were_paged(app: &TestApp) {
    let (sam, _, cto, incident) = night(app).await;
    let worse = json!({ "incidentId": incident.to_string(), "severity": "CRITICAL", "reason": "worse" });
    sam.incident_of("changeSeverity", worse).await;
    app.advance(MINUTE * 120);
    remind_all(&app.system()).await;
    let fallback = async || prompts(app).await.iter().filter(|prompt| prompt.contains("leadership-fallback")).count();
    assert!(paged(app, &cto).await.is_some());
    assert_eq!(fallback().await, 0);
    minutes(app, 14).await;
    assert_eq!(fallback().await, 0);
    minutes(app, 1).await;
    assert_eq!(fallback().await, 3, "a quarter of an hour after they were told");
}

const DAY: Duration = Duration::from_secs(86_400);

async fn a_clock_that_was_a_day_ahead_silences_nothing(app: &TestApp) {
    let (sam, incident) = led(app).await;
    let outside = Outside::new();
    outside.refuse_all(Some(Refusal::Later { reason: "connection refused".into(), after: None }));
    let worker = app.worker(&outside).await;
    app.advance(DAY);
    eventually("it was tried", SOON, async || (!outside.orders().is_empty()).then_some(())).await;
    sam.mutate("postUpdate", json!({ "incidentId": incident.to_string(), "text": "found it" }), "event { id }").await;
    let kim = app.responder("Kim").await;
    let input = domain::people::UpdatePerson { seniority: Some(Some(3)), ..Default::default() };
    domain::people::update(&app.system(), kim.person_id(), input).await.unwrap();
    domain::telling::answers::escalate(&app.ctx(&sam).await, incident, "please help").await.unwrap();
    app.set_back(DAY);
    outside.refuse_all(None);
    eventually("the page arrives", SOON, async || {
        let page = paged(app, &kim).await?;
        (page.state == DeliveryState::Delivered).then_some(())
    })
    .await;
    eventually("its times are put right", SOON, async || {
        let row = incident::Entity::find_by_id(incident).one(app.domain.db.read()).await.unwrap().unwrap();
        (row.last_update_at? <= app.now() && row.escalated_at? <= app.now() && row.next_due_at? <= app.now() + MINUTE * 30).then_some(())
    })
    .await;
    app.advance(MINUTE * 31);
    eventually("the next summary is asked for", SOON, async || prompts(app).await.contains(&"DUE summary:1.1".to_owned()).then_some(()))
        .await;
    worker.stop().await;
}

async fn a_page_that_was_written_by_a_clock_ahead_is_sent_and_followed_up(app: &TestApp) {
    let (sam, ben, _, _) = night(app).await;
    app.advance(DAY);
    let report = app.viewer("Vic").await.report("smoke").await;
    app.set_back(DAY);
    let outside = Outside::new();
    let worker = app.worker(&outside).await;
    eventually("the page is sent", SOON, async || paged(app, &sam).await.filter(|page| page.state == DeliveryState::Delivered).map(drop))
        .await;
    let report = incident_id(&report);
    eventually("its times are put right", SOON, async || {
        let row = incident::Entity::find_by_id(report).one(app.domain.db.read()).await.unwrap().unwrap();
        (row.reported_at <= app.now()).then_some(())
    })
    .await;
    app.advance(MINUTE * 6);
    eventually("the next one is paged", SOON, async || paged(app, &ben).await.map(drop)).await;
    worker.stop().await;
}

/// The times of a row that have not come yet.
fn to_come<M: IntoActiveModel<A>, A: ActiveModelTrait>(row: M, now: Timestamp) -> Vec<String> {
    let row = row.into_active_model();
    let is_to_come = |column: &<A::Entity as EntityTrait>::Column| match row.get(*column).into_value() {
        Some(Value::ChronoDateTimeUtc(Some(at))) => at > now,
        _ => false,
    };
    <A::Entity as EntityTrait>::Column::iter().filter(is_to_come).map(|column| column.as_str().to_owned()).collect()
}

async fn no_time_that_the_playbook_counts_from_stays_in_the_future(app: &TestApp) {
    app.advance(DAY);
    let (sam, ben, _, incident) = night(app).await;
    let id = incident.to_string();
    sam.incident_of("changeSeverity", json!({ "incidentId": id, "severity": "CRITICAL", "reason": "worse" })).await;
    sam.incident_of("updateIncident", json!({ "incidentId": id, "flags": ["SECURITY_BREACH", "DATA_BREACH"] })).await;
    sam.mutate("postUpdate", json!({ "incidentId": id, "text": "found it" }), "event { id }").await;
    sam.mutate("sendClientUpdate", json!({ "incidentId": id, "body": "We are on it." }), "clientUpdate { id }").await;
    answers::escalate(&app.ctx(&sam).await, incident, "please help").await.unwrap();
    let page = paged(app, &ben).await.and_then(|row| row.page_id).expect("second line is paged");
    answers::answer(&app.ctx(&ben).await, page, Answer::Decline, None).await.unwrap();
    app.set_back(DAY);
    domain::telling::schedule::reschedule(&app.system()).await.unwrap();
    remind_all(&app.system()).await;
    let (db, now) = (app.domain.db.read(), app.now() + MINUTE);
    let row = incident::Entity::find_by_id(incident).one(db).await.unwrap().unwrap();
    assert!(row.critical_since.is_some() && row.security_breach_since.is_some() && row.data_breach_since.is_some());
    // The next look, and what is only remembered.
    let ahead: Vec<String> = to_come(row, now)
        .into_iter()
        .filter(|column| !["next_due_at", "problem_ordered_at", "chat_since", "channel_ordered_at"].contains(&&**column))
        .collect();
    assert_eq!(ahead, [] as [&str; 0]);
    for row in page::Entity::find().all(db).await.unwrap() {
        assert_eq!(to_come(row, now), [] as [&str; 0]);
    }
    for row in incident_client::Entity::find().all(db).await.unwrap() {
        assert!(row.told_at.is_some());
        assert_eq!(to_come(row, now), [] as [&str; 0]);
    }
}

async fn reminders_are_written_in_few_statements(app: &TestApp) {
    let (sam, _) = led(app).await;
    for number in 1..16 {
        sam.declare_with(json!({ "name": format!("errors {number}"), "severity": "MINOR", "leadId": sam.id() })).await;
    }
    app.advance(MINUTE * 30);
    let before = app.statements();
    domain::telling::reminders::remind_some(&app.system()).await.unwrap();
    let statements = app.statements() - before;
    assert_eq!(prompts(app).await.len(), 32);
    assert!(statements <= 40, "{statements} statements for sixteen incidents");
}
