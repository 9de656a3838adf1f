//! Alerts that come back, move, get worse or come in floods (S8): whatever monitoring sends in whatever order, an outage has an incident, and
//! nobody gets a thousand pages.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::alerts::Alarm;
use domain::alerts::look::{self, Listed, Listing};
use domain::on_call;
use entity::{Severity, timeline_event};
use harness::app::HOOK_SECRET;
use harness::drive::{kinds, text};
use harness::{Client, TestApp, both_dbs};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::{Value, json};

both_dbs![
    an_alert_that_fires_again_with_the_same_start_joins_the_running_incident,
    an_alert_that_fires_again_after_the_incident_is_over_reports_anew,
    a_generic_alert_fires_again_with_the_start_it_had,
    a_clock_that_is_ahead_makes_one_incident,
    a_clock_that_was_never_set_is_no_reason_to_refuse,
    the_start_moves_while_it_fires,
    a_level_that_is_reached_later_reports,
    a_level_that_rises_raises_the_severity_and_pages,
    an_alert_pages_when_the_incident_was_thought_to_be_fixed,
    people_who_lowered_the_severity_are_not_overruled_by_the_same_alert,
    a_critical_alert_raises_what_people_declared_minor,
    a_notice_that_the_end_overtook_still_reports,
    an_alert_twice_in_one_call_is_one_alert,
    an_alert_that_begins_and_ends_in_one_call_is_reported_and_over,
    the_critical_alert_at_the_end_of_a_long_call_is_taken,
    alerts_beyond_any_measure_are_dropped_from_the_least_severe_and_that_is_said,
    a_group_key_may_be_of_any_length,
    a_storm_of_groups_pages_a_few_times,
    what_alertmanager_left_out_is_said_on_the_incident,
    what_a_look_finds_is_as_urgent_as_an_alert,
];

const SEEN: &str = "reference status severity impactStartedAt timeline(first: 200) { totalCount nodes { kind text } } \
    alerts { title firing startsAt endsAt } pages { person { name } }";

async fn post(app: &TestApp, path: &str, body: &Value) -> Value {
    let request = app.anonymous().request(reqwest::Method::POST, path).bearer_auth(HOOK_SECRET).json(body);
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200, "{}", response.text().await.unwrap());
    response.json().await.unwrap()
}

async fn notify(app: &TestApp, alerts: Value) -> Value {
    notify_of("site", app, alerts).await
}

async fn notify_of(group: &str, app: &TestApp, alerts: Value) -> Value {
    let mut body = json!({ "groupKey": group });
    body["alerts"] = alerts;
    post(app, "/hooks/alertmanager", &body).await
}

async fn send(app: &TestApp, alerts: Value) -> Value {
    let mut body = json!({ "source": "uptime" });
    body["alerts"] = alerts;
    post(app, "/hooks/alerts", &body).await
}

/// A critical alert as Alertmanager sends it.
fn fires(start: &str) -> Value {
    json!({
        "status": "firing", "fingerprint": "f1", "startsAt": start, "endsAt": "0001-01-01T00:00:00Z",
        "labels": { "alertname": "Down", "instance": "web1", "severity": "critical" }
    })
}

fn ended(start: &str, end: &str) -> Value {
    json!({ "status": "resolved", "endsAt": end, "fingerprint": "f1", "startsAt": start, "labels": fires(start)["labels"] })
}

fn of_level(mut alert: Value, level: &str) -> Value {
    alert["labels"]["severity"] = level.into();
    alert
}

fn of(fingerprint: &str, mut alert: Value) -> Value {
    alert["fingerprint"] = fingerprint.into();
    alert
}

/// A generic alert.
fn generic(state: &str, severity: &str) -> Value {
    json!({ "id": "shop", "title": "The shop is down", "state": state, "severity": severity })
}

fn at(mut alert: Value, start: &str) -> Value {
    alert["startsAt"] = start.into();
    alert
}

async fn seen(client: &Client, reference: &str) -> Value {
    client.incident(reference, SEEN).await
}

fn texts(incident: &Value) -> Vec<String> {
    incident["timeline"]["nodes"].as_array().unwrap().iter().map(|event| text(event, "text").to_owned()).collect()
}

fn firing(incident: &Value) -> Vec<bool> {
    incident["alerts"].as_array().unwrap().iter().map(|alert| alert["firing"] == true).collect()
}

fn paged(incident: &Value) -> usize {
    incident["pages"].as_array().unwrap().len()
}

async fn incidents(client: &Client) -> u64 {
    client.query("{ incidents { totalCount } }", json!({})).await["incidents"]["totalCount"].as_u64().unwrap()
}

/// Somebody who works on incidents and is on call.
async fn on_duty(app: &TestApp) -> Client {
    let sam = app.responder("Sam").await;
    let input = on_call::Set { first_line_id: Some(sam.person_id()), second_line_id: None, starts_at: None, until: None };
    on_call::set(&app.system(), input).await.unwrap();
    sam
}

const T: &str = "2026-11-22T02:00:00Z";

async fn an_alert_that_fires_again_with_the_same_start_joins_the_running_incident(app: &TestApp) {
    let sam = on_duty(app).await;
    notify(app, json!([fires(T)])).await;
    notify(app, json!([ended(T, "2026-11-22T02:50:00Z")])).await;
    let answer = notify(app, json!([fires(T)])).await;
    assert_eq!(answer["new"], 1);
    let again = seen(&sam, "INC-1").await;
    assert_eq!(firing(&again), [false, true]);
    assert!(texts(&again).contains(&"Firing again: Down on web1".to_owned()), "{:?}", texts(&again));
    // It can end again.
    assert_eq!(notify(app, json!([ended(T, "2026-11-22T02:59:59Z")])).await["ended"], 1);
    assert_eq!(firing(&seen(&sam, "INC-1").await), [false, false]);
    assert_eq!(incidents(&sam).await, 1);
}

async fn an_alert_that_fires_again_after_the_incident_is_over_reports_anew(app: &TestApp) {
    let sam = on_duty(app).await;
    let first = notify(app, json!([fires(T)])).await;
    notify(app, json!([ended(T, "2026-11-22T02:50:00Z")])).await;
    sam.incident_of("declineIncident", json!({ "incidentId": first["incident"], "reason": "a test" })).await;
    app.advance(Duration::from_mins(5));
    notify(app, json!([fires(T)])).await;
    let second = seen(&sam, "INC-2").await;
    assert_eq!((firing(&second), paged(&second)), (vec![true], 1));
    // It began when we heard of it again: before, it was over.
    assert_eq!(second["alerts"][0]["startsAt"], "2026-11-22T03:05:00+00:00");
}

async fn a_generic_alert_fires_again_with_the_start_it_had(app: &TestApp) {
    let sam = on_duty(app).await;
    send(app, json!([at(generic("firing", "critical"), T)])).await;
    send(app, json!([at(generic("resolved", "critical"), T)])).await;
    // A repetition that was under way when it ended.
    send(app, json!([at(generic("firing", "critical"), T)])).await;
    assert_eq!(firing(&seen(&sam, "INC-1").await), [false]);
    app.advance(Duration::from_secs(10));
    send(app, json!([at(generic("firing", "critical"), T)])).await;
    assert_eq!(firing(&seen(&sam, "INC-1").await), [false, true]);
}

async fn a_clock_that_is_ahead_makes_one_incident(app: &TestApp) {
    let sam = on_duty(app).await;
    let ahead = "2026-11-22T04:30:00Z";
    for _ in 0..4 {
        notify(app, json!([fires(ahead)])).await;
        send(app, json!([at(generic("firing", "critical"), ahead)])).await;
        app.advance(Duration::from_mins(31));
    }
    assert_eq!(incidents(&sam).await, 2);
    assert_eq!(firing(&seen(&sam, "INC-2").await), [true], "one alert, not one with each repetition");
    let first = seen(&sam, "INC-1").await;
    assert_eq!(
        (&first["alerts"][0]["startsAt"], &first["impactStartedAt"]),
        (&json!("2026-11-22T03:00:00+00:00"), &json!("2026-11-22T03:00:00+00:00"))
    );
    notify(app, json!([ended(ahead, "2026-11-22T06:40:00Z")])).await;
    assert_eq!(firing(&seen(&sam, "INC-1").await), [false]);
}

async fn a_clock_that_was_never_set_is_no_reason_to_refuse(app: &TestApp) {
    let sam = on_duty(app).await;
    for (number, start) in ["1970-01-01T00:00:07Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"].into_iter().enumerate() {
        let mut alert = at(generic("firing", "critical"), start);
        alert["id"] = format!("clock {number}").into();
        alert["endsAt"] = start.into();
        send(app, json!([alert])).await;
    }
    let one = seen(&sam, "INC-1").await;
    assert_eq!(firing(&one), [true; 3]);
    assert!(one["alerts"].as_array().unwrap().iter().all(|alert| alert["startsAt"] == "2026-11-22T03:00:00+00:00"), "{one}");
}

async fn the_start_moves_while_it_fires(app: &TestApp) {
    let sam = on_duty(app).await;
    for start in ["2026-11-22T02:00:10Z", T, "2026-11-22T02:00:10Z", "2026-11-22T02:30:00Z"] {
        notify(app, json!([fires(start)])).await;
    }
    assert_eq!(firing(&seen(&sam, "INC-1").await), [true]);
    notify(app, json!([ended(T, "2026-11-22T02:59:00Z")])).await;
    assert_eq!(firing(&seen(&sam, "INC-1").await), [false]);
    assert_eq!(incidents(&sam).await, 1);
}

async fn a_level_that_is_reached_later_reports(app: &TestApp) {
    let sam = on_duty(app).await;
    assert_eq!(send(app, json!([at(generic("firing", "warning"), T)])).await["incident"], Value::Null);
    assert_ne!(send(app, json!([at(generic("firing", "critical"), T)])).await["incident"], Value::Null);
    let one = seen(&sam, "INC-1").await;
    assert_eq!((text(&one, "severity"), firing(&one), paged(&one)), ("CRITICAL", vec![true], 1));
}

async fn a_level_that_rises_raises_the_severity_and_pages(app: &TestApp) {
    let sam = on_duty(app).await;
    send(app, json!([generic("firing", "major")])).await;
    send(app, json!([generic("firing", "critical")])).await;
    send(app, json!([generic("firing", "critical")])).await;
    let one = seen(&sam, "INC-1").await;
    // At night the first could wait for the morning.
    assert_eq!((text(&one, "severity"), paged(&one)), ("CRITICAL", 1));
    let kinds = kinds(one["timeline"]["nodes"].as_array().unwrap());
    assert_eq!(kinds.iter().filter(|kind| **kind == "SEVERITY_CHANGED").count(), 1);
    assert_eq!(incidents(&sam).await, 1);
}

async fn an_alert_pages_when_the_incident_was_thought_to_be_fixed(app: &TestApp) {
    let sam = on_duty(app).await;
    let first = notify(app, json!([fires(T)])).await;
    sam.declare_with(json!({ "incidentId": first["incident"], "severity": "CRITICAL" })).await;
    sam.incident_of("changeStatus", json!({ "incidentId": first["incident"], "status": "MONITORING" })).await;
    app.advance(Duration::from_mins(11));
    for other in ["f2", "f3"] {
        notify(app, json!([of(other, fires(T))])).await;
    }
    let one = seen(&sam, "INC-1").await;
    // Two alerts at a time are one page.
    assert_eq!((text(&one, "severity"), paged(&one), firing(&one).len()), ("CRITICAL", 2, 3));
}

async fn people_who_lowered_the_severity_are_not_overruled_by_the_same_alert(app: &TestApp) {
    let sam = on_duty(app).await;
    let first = notify(app, json!([fires(T)])).await;
    sam.declare_with(json!({ "incidentId": first["incident"], "severity": "MINOR" })).await;
    notify(app, json!([ended(T, "2026-11-22T02:50:00Z")])).await;
    app.advance(Duration::from_mins(11));
    notify(app, json!([fires(T)])).await;
    let one = seen(&sam, "INC-1").await;
    assert_eq!((text(&one, "severity"), paged(&one)), ("MINOR", 2));
}

async fn a_critical_alert_raises_what_people_declared_minor(app: &TestApp) {
    let sam = on_duty(app).await;
    let first = notify(app, json!([of_level(fires(T), "major")])).await;
    sam.declare_with(json!({ "incidentId": first["incident"], "severity": "MINOR" })).await;
    notify(app, json!([of("f2", fires(T))])).await;
    let one = seen(&sam, "INC-1").await;
    assert_eq!((text(&one, "severity"), paged(&one)), ("CRITICAL", 1));
}

async fn a_notice_that_the_end_overtook_still_reports(app: &TestApp) {
    let sam = on_duty(app).await;
    assert_eq!(notify(app, json!([ended(T, "2026-11-22T02:59:30Z")])).await["incident"], Value::Null);
    notify(app, json!([fires(T)])).await;
    let one = seen(&sam, "INC-1").await;
    assert_eq!(firing(&one), [false]);
    assert_eq!(texts(&one).iter().filter(|text| text.starts_with("Firing") || text.starts_with("Ended")).count(), 2);
}

async fn an_alert_twice_in_one_call_is_one_alert(app: &TestApp) {
    let sam = on_duty(app).await;
    for start in [T, "2026-11-22T02:30:00Z"] {
        notify(app, json!([fires(T), fires(start)])).await;
    }
    send(app, json!([generic("firing", "critical"), generic("firing", "critical")])).await;
    assert_eq!(firing(&seen(&sam, "INC-1").await), [true]);
    assert_eq!(firing(&seen(&sam, "INC-2").await), [true]);
}

async fn an_alert_that_begins_and_ends_in_one_call_is_reported_and_over(app: &TestApp) {
    let sam = on_duty(app).await;
    let answer = notify(app, json!([fires(T), ended(T, "2026-11-22T02:50:00Z")])).await;
    assert_eq!((&answer["new"], &answer["ended"]), (&json!(1), &json!(1)));
    assert_eq!(firing(&seen(&sam, "INC-1").await), [false]);
    // Within a call, the last word counts.
    notify(app, json!([ended(T, "2026-11-22T02:50:00Z"), fires(T)])).await;
    let one = seen(&sam, "INC-1").await;
    assert_eq!(firing(&one), [false, true], "{:?}", texts(&one));
}

async fn the_critical_alert_at_the_end_of_a_long_call_is_taken(app: &TestApp) {
    let sam = on_duty(app).await;
    let mut alerts: Vec<Value> = (0..1_200).map(|number| of(&format!("w{number}"), of_level(fires(T), "warning"))).collect();
    alerts.push(fires(T));
    let answer = notify(app, json!(alerts)).await;
    assert_eq!((&answer["new"], &answer["dropped"]), (&json!(1_201), &Value::Null));
    let one = sam.incident("INC-1", "severity alerts { id }").await;
    assert_eq!((text(&one, "severity"), one["alerts"].as_array().unwrap().len()), ("CRITICAL", 1_201));
}

async fn alerts_beyond_any_measure_are_dropped_from_the_least_severe_and_that_is_said(app: &TestApp) {
    let sam = on_duty(app).await;
    let many = (0..10_002).map(|number| json!({ "id": number.to_string(), "title": "t", "state": "firing" }));
    let answer = send(app, many.chain([generic("firing", "critical")]).collect()).await;
    assert_eq!((&answer["new"], &answer["dropped"]), (&json!(10_000), &json!(3)));
    assert_eq!(sam.incident("INC-1", "severity").await["severity"], "CRITICAL");
    let said = timeline_event::Column::Text.contains("The 3 least severe were passed over");
    let said = timeline_event::Entity::find().filter(said).count(app.domain.db.read()).await.unwrap();
    assert_eq!(said, 1, "once, however many statements it takes");
}

async fn a_group_key_may_be_of_any_length(app: &TestApp) {
    let sam = on_duty(app).await;
    // Nothing that compresses well, as PostgreSQL does with what it indexes.
    let key: String = (0..4_000_u64).map(|number| char::from(b'!' + u8::try_from(number * number * 7919 % 90).unwrap())).collect();
    let first = notify_of(&key, app, json!([fires(T)])).await;
    assert_eq!(notify_of(&key, app, json!([of("f2", fires(T))])).await["incident"], first["incident"]);
    assert_ne!(notify_of(&format!("{key}x"), app, json!([of("f3", fires(T))])).await["incident"], first["incident"]);
    assert_eq!(incidents(&sam).await, 2);
}

async fn a_storm_of_groups_pages_a_few_times(app: &TestApp) {
    let sam = on_duty(app).await;
    let groups: Vec<String> = (0..40).map(|number| format!("group {number}")).collect();
    let calls = groups.iter().map(|group| notify_of(group, app, json!([of(group, fires(T))])));
    futures_util::future::join_all(calls).await;
    assert_eq!(incidents(&sam).await, 10);
    let all =
        sam.query("{ incidents { nodes { alerts { firing } pages { id } timeline(first: 20) { nodes { text } } } } }", json!({})).await;
    let all = all["incidents"]["nodes"].as_array().unwrap();
    let (alerts, pages) = all.iter().fold((0, 0), |(alerts, pages), one| (alerts + firing(one).len(), pages + paged(one)));
    assert_eq!((alerts, pages), (40, 10));
    let notes = all.iter().flat_map(texts).filter(|text| text.contains("reports much at once")).count();
    assert_eq!(notes, 1);
    // Ten minutes later it is over, and each group has its own again.
    app.advance(Duration::from_mins(10));
    notify_of("later", app, json!([of("later", fires(T))])).await;
    assert_eq!(incidents(&sam).await, 11);
}

async fn what_alertmanager_left_out_is_said_on_the_incident(app: &TestApp) {
    let sam = on_duty(app).await;
    let body = json!({ "groupKey": "site", "truncatedAlerts": 7, "alerts": [fires(T)] });
    let answer = post(app, "/hooks/alertmanager", &body).await;
    assert_eq!(answer["truncated"], 7);
    // Once, not with each repetition.
    post(app, "/hooks/alertmanager", &body).await;
    let one = seen(&sam, "INC-1").await;
    assert_eq!(texts(&one).iter().filter(|text| text.contains("left 7 more alerts")).count(), 1, "{:?}", texts(&one));
}

/// Out of hours, an alert that is not critical waits for the morning however it was found (R18).
async fn what_a_look_finds_is_as_urgent_as_an_alert(app: &TestApp) {
    let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
    let shift = on_call::Set { first_line_id: Some(kim.person_id()), second_line_id: None, starts_at: None, until: None };
    on_call::set(&app.system(), shift).await.unwrap();
    let start = "2026-11-22T03:00:00Z";
    notify(app, json!([fires(start), of("f2", fires(start))])).await;
    assert_eq!(paged(&seen(&sam, "INC-1").await), 1);
    notify(app, json!([ended(start, start), of("f2", ended(start, start))])).await;
    sam.incident_of("declineIncident", json!({ "incidentId": sam.incident("INC-1", "id").await["id"], "reason": "It was a test." })).await;
    app.advance(Duration::from_secs(3600));
    let alarm = Alarm {
        fingerprint: "f1".into(),
        title: "Search is slow".into(),
        description: None,
        firing: true,
        starts_at: Some(app.now()),
        ends_at: None,
        labels: json!({}),
        links: Vec::new(),
        severity: Some(Severity::Major),
    };
    let groups = vec![vec![Listed { alarm, suppressed: false }]];
    let up_since = app.now() - chrono::Duration::hours(9);
    let listing = Listing { system: "Alertmanager", asked_at: app.now(), up_since, groups, lately: BTreeSet::new() };
    assert_eq!(look::take(&app.system(), "alertmanager", &listing, chrono::Duration::zero()).await.unwrap(), (0, 1));
    let found = seen(&sam, "INC-2").await;
    assert_eq!((paged(&found), texts(&found).iter().any(|text| text.contains("Nobody is paged for this out of hours"))), (0, true));
}
