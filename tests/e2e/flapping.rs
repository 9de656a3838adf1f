//! Alerts that flap (S8): they fire and end within minutes, again and again. A night of it reads as a page, how each alert stands is right all
//! the time, and what is more than flapping is heard.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::chores::{Chore, carry_out};
use domain::on_call;
use entity::{Timestamp, alert};
use harness::app::HOOK_SECRET;
use harness::drive::{id, text};
use harness::{Client, Engine, TestApp, both_dbs, run};
use sea_orm::EntityTrait;
use serde_json::{Value, json};

use crate::fixture::put_in_force;

both_dbs![
    a_night_of_flapping_reads_as_a_page,
    repeated_and_reordered_notices_of_what_flaps_end_with_the_truth,
    twice_is_not_flapping,
    what_flaps_settles_when_nothing_is_heard,
    a_worse_level_is_heard_at_once_and_once,
    what_flaps_after_its_incident_is_over_reports_when_it_stands,
    what_only_joins_reports_nothing_when_it_stands,
    what_counts_as_less_by_now_is_reported_as_that_when_it_stands,
    what_flaps_while_it_is_being_monitored_pages_when_it_stands,
    what_flaps_in_one_call_is_one_row,
    what_flaps_and_reports_nothing_is_one_row,
    what_nobody_hears_of_joins_nothing_while_it_flaps,
    a_firing_long_after_the_last_is_told_even_if_nobody_looked,
    a_clock_that_was_ahead_delays_no_look,
];

const ALERTS: usize = 5;
const CHANGES: usize = 600;
const NIGHT: Duration = Duration::from_hours(8);
/// Lines of a page.
const PAGE: u64 = 40;
const MINUTE: Duration = Duration::from_mins(1);
const SEEN: &str = "id reference status severity timeline(first: 200) { totalCount nodes { kind text } } \
    alerts { title firing flapping changes endsAt } pages { id }";

/// Somebody who works on incidents and is on call.
async fn on_duty(app: &TestApp) -> Client {
    let sam = app.responder("Sam").await;
    let input = on_call::Set { first_line_id: Some(sam.person_id()), second_line_id: None, starts_at: None, until: None };
    on_call::set(&app.system(), input).await.unwrap();
    sam
}

/// What Alertmanager says of an alert that began, and perhaps ended, at these times.
fn notice(alert: &str, level: &str, start: Timestamp, end: Option<Timestamp>) -> Value {
    json!({
        "status": if end.is_some() { "resolved" } else { "firing" }, "fingerprint": alert, "startsAt": start.to_rfc3339(),
        "endsAt": end.map_or_else(|| "0001-01-01T00:00:00Z".to_owned(), |end| end.to_rfc3339()),
        "labels": { "alertname": "Down", "instance": alert, "severity": level }
    })
}

async fn post(at: &Client, alerts: Value) -> Value {
    let mut body = json!({ "groupKey": "site" });
    body["alerts"] = alerts;
    let request = at.request(reqwest::Method::POST, "/hooks/alertmanager").bearer_auth(HOOK_SECRET).json(&body);
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200, "{}", response.text().await.unwrap());
    response.json().await.unwrap()
}

/// Alerts as they really are.
struct Truth {
    level: &'static str,
    since: Vec<Option<Timestamp>>,
}

impl Truth {
    fn new(alerts: usize, level: &'static str) -> Self {
        Self { level, since: vec![None; alerts] }
    }

    /// An alert changes; returns what its source says of it.
    fn change(&mut self, alert: usize, now: Timestamp) -> Value {
        let (name, since) = (format!("web{alert}"), &mut self.since[alert]);
        match since.take() {
            Some(start) => notice(&name, self.level, start, Some(now)),
            None => notice(&name, self.level, *since.insert(now), None),
        }
    }

    fn firing(&self) -> BTreeSet<String> {
        let firing = self.since.iter().enumerate().filter(|(_, since)| since.is_some());
        firing.map(|(alert, _)| format!("Down on web{alert}")).collect()
    }
}

async fn seen(client: &Client, reference: &str) -> Value {
    client.incident(reference, SEEN).await
}

fn alerts(incident: &Value) -> &Vec<Value> {
    incident["alerts"].as_array().unwrap()
}

fn firing(incident: &Value) -> BTreeSet<String> {
    alerts(incident).iter().filter(|alert| alert["firing"] == true).map(|alert| text(alert, "title").to_owned()).collect()
}

fn texts(incident: &Value) -> Vec<&str> {
    incident["timeline"]["nodes"].as_array().unwrap().iter().map(|event| text(event, "text")).collect()
}

/// How many lines begin like this.
fn lines(incident: &Value, start: &str) -> usize {
    texts(incident).iter().filter(|text| text.starts_with(start)).count()
}

fn paged(incident: &Value) -> usize {
    incident["pages"].as_array().unwrap().len()
}

async fn incidents(client: &Client) -> Value {
    client.query("{ incidents { totalCount } }", json!({})).await["incidents"]["totalCount"].take()
}

async fn settle(app: &TestApp) {
    carry_out(&app.system(), Chore::SettleAlerts).await.unwrap();
}

/// An alert fires and ends until it flaps, a change each minute. It fires then.
async fn until_it_flaps(app: &TestApp, truth: &mut Truth) {
    for change in 0..5 {
        if change > 0 {
            app.advance(MINUTE);
        }
        let notice = truth.change(0, app.now());
        post(&app.anonymous(), json!([notice])).await;
    }
}

async fn change(app: &TestApp, truth: &mut Truth) {
    let notice = truth.change(0, app.now());
    post(&app.anonymous(), json!([notice])).await;
}

/// The night: 600 changes of five alerts within eight hours.
async fn a_night_of_flapping_reads_as_a_page(app: &TestApp) {
    let sam = on_duty(app).await;
    let (here, mut truth) = (app.anonymous(), Truth::new(ALERTS, "critical"));
    for change in 0..CHANGES {
        let notice = truth.change(change % ALERTS, app.now());
        post(&here, json!([notice])).await;
        if change % 10 == 0 {
            settle(app).await;
        }
        if change % 37 == 0 {
            assert_eq!(firing(&seen(&sam, "INC-1").await), truth.firing(), "after {change} changes");
        }
        app.advance(NIGHT / u32::try_from(CHANGES).unwrap());
    }
    let by_then = seen(&sam, "INC-1").await;
    assert_eq!(alerts(&by_then).iter().filter(|alert| alert["flapping"] == true).count(), ALERTS, "{by_then:#}");
    app.advance(Duration::from_mins(30));
    settle(app).await;
    let night = seen(&sam, "INC-1").await;
    assert!(night["timeline"]["totalCount"].as_u64().unwrap() <= PAGE, "{:#?}", texts(&night));
    assert_eq!(
        ["Flapping: ", "Still flapping: ", "Settled: "].map(|start| lines(&night, start)),
        [ALERTS; 3],
        "each began, went on for more than six hours and settled: {:#?}",
        texts(&night)
    );
    assert_eq!((incidents(&sam).await, paged(&night)), (json!(1), 1));
    assert_eq!((firing(&night), truth.firing()), (BTreeSet::new(), BTreeSet::new()));
    assert_eq!(alerts(&night).iter().filter(|alert| alert["flapping"] == true).count(), 0);
    // Two firings each before it was clear that it flaps, and one row for all the others, which counts from the first.
    assert_eq!(alerts(&night).len(), 3 * ALERTS);
    let counted = alerts(&night).iter().filter(|alert| alert["changes"] == CHANGES / ALERTS).count();
    assert_eq!(counted, ALERTS, "{:#}", night["alerts"]);
}

/// Numbers that look like chance, the same each time.
struct Chance(u64);

impl Chance {
    fn one_in(&mut self, bound: u64) -> bool {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33).is_multiple_of(bound)
    }
}

/// Lets two alerts flap, their notices being repeated and overtaking each other, through these servers in turn.
async fn flap_in_disorder(app: &TestApp, servers: &[Client], sam: &Client) {
    let (mut truth, mut chance) = (Truth::new(2, "critical"), Chance(7));
    let (mut late, mut ended) = ([None, None], [Value::Null, Value::Null]);
    let mut servers = servers.iter().cycle();
    let mut take = async |notice: &Value| post(servers.next().unwrap(), json!([notice])).await;
    for change in 0..160 {
        let alert = change % 2;
        let notice = truth.change(alert, app.now());
        if late[alert].is_none() && change > 20 && change < 150 && chance.one_in(5) {
            // The next one overtakes it.
            late[alert] = Some(notice);
        } else {
            take(&notice).await;
            if chance.one_in(3) {
                take(&notice).await;
            }
            // Within the ten seconds that a notice may be under way.
            app.advance(Duration::from_secs(2));
            if let Some(overtaken) = late[alert].take() {
                take(&overtaken).await;
            }
            if notice["status"] == "resolved" {
                ended[alert] = notice;
            } else if ended[alert].is_object() {
                // An old end must not end what fires again.
                take(&ended[alert]).await;
            }
        }
        settle(app).await;
        app.advance(Duration::from_secs(97));
    }
    let flapping = seen(sam, "INC-1").await;
    assert_eq!(firing(&flapping), truth.firing(), "{flapping:#}");
    assert!(alerts(&flapping).len() <= 6, "{:#}", flapping["alerts"]);
    assert!(texts(&flapping).len() <= 16, "{:#?}", texts(&flapping));
    assert_eq!((incidents(sam).await, paged(&flapping)), (json!(1), 1));
    // The end of both is heard like any other.
    for alert in 0..2 {
        if truth.since[alert].is_some() {
            let notice = truth.change(alert, app.now());
            take(&notice).await;
        }
    }
    assert_eq!(firing(&seen(sam, "INC-1").await), BTreeSet::new());
    app.advance(Duration::from_mins(30));
    settle(app).await;
    let settled = seen(sam, "INC-1").await;
    assert_eq!((lines(&settled, "Settled: "), firing(&settled)), (2, BTreeSet::new()), "{:#?}", texts(&settled));
}

async fn repeated_and_reordered_notices_of_what_flaps_end_with_the_truth(app: &TestApp) {
    let sam = on_duty(app).await;
    flap_in_disorder(app, &[app.anonymous()], &sam).await;
}

#[test]
fn two_servers_on_one_database_take_turns_with_what_flaps() {
    run(Engine::Postgres, async |app| {
        let sam = on_duty(app).await;
        let second = app.second_process().await;
        let servers = [app.anonymous(), app.anonymous().at(&second)];
        flap_in_disorder(app, &servers, &sam).await;
        second.stop().await;
    });
}

/// A pair of Alertmanagers tells both servers the same, and one of them what was before: none writes over what the other heard.
#[test]
fn two_servers_hear_of_what_flaps_at_the_same_moment() {
    run(Engine::Postgres, async |app| {
        let sam = on_duty(app).await;
        let second = app.second_process().await;
        let (here, there) = (app.anonymous(), app.anonymous().at(&second));
        let (mut truth, mut before) = (Truth::new(1, "critical"), None);
        until_it_flaps(app, &mut truth).await;
        for _ in 0..40 {
            app.advance(MINUTE);
            let notice = truth.change(0, app.now());
            let again = before.replace(notice.clone()).unwrap_or_else(|| notice.clone());
            tokio::join!(post(&here, json!([notice])), post(&there, json!([notice])), post(&there, json!([again])));
            assert_eq!(firing(&seen(&sam, "INC-1").await), truth.firing(), "after {notice}");
        }
        let flapping = seen(&sam, "INC-1").await;
        assert_eq!((alerts(&flapping).len(), &flapping["alerts"][2]["changes"]), (3, &json!(45)), "{flapping:#}");
        second.stop().await;
    });
}

/// Somebody restarts it, and it fails once more: that is told as it was before.
async fn twice_is_not_flapping(app: &TestApp) {
    let sam = on_duty(app).await;
    let mut truth = Truth::new(1, "critical");
    for _ in 0..4 {
        change(app, &mut truth).await;
        app.advance(Duration::from_mins(8));
    }
    // The third firing comes 32 minutes after the first.
    change(app, &mut truth).await;
    let one = seen(&sam, "INC-1").await;
    assert_eq!((lines(&one, "Firing"), lines(&one, "Ended"), lines(&one, "Flapping")), (3, 2, 0), "{:#?}", texts(&one));
    assert_eq!(alerts(&one).iter().map(|alert| &alert["changes"]).collect::<Vec<_>>(), [2, 2, 1]);
}

async fn what_flaps_settles_when_nothing_is_heard(app: &TestApp) {
    let sam = on_duty(app).await;
    let mut truth = Truth::new(1, "critical");
    until_it_flaps(app, &mut truth).await;
    let flapping = seen(&sam, "INC-1").await;
    let last = texts(&flapping).pop().unwrap().to_owned();
    assert!(last.starts_with("Flapping: Down on web0\n\nIt fired 3 times within 4 min."), "{last}");
    assert_eq!((&flapping["alerts"][2]["flapping"], &flapping["alerts"][2]["changes"]), (&json!(true), &json!(5)));
    // Ten minutes say nothing while people are at work on it.
    app.advance(Duration::from_mins(29));
    settle(app).await;
    assert_eq!(seen(&sam, "INC-1").await["timeline"]["totalCount"], flapping["timeline"]["totalCount"]);
    app.advance(MINUTE);
    settle(app).await;
    settle(app).await;
    let settled = seen(&sam, "INC-1").await;
    let last = texts(&settled).pop().unwrap().to_owned();
    assert!(
        last.starts_with("Settled: Down on web0\n\n") && last.contains("has changed 5 times") && last.contains("It fires, since"),
        "{last}"
    );
    assert_eq!((lines(&settled, "Settled"), firing(&settled).len(), paged(&settled)), (1, 1, 1));
    assert_eq!(settled["alerts"][2]["flapping"], false);
    // What comes later is told again.
    change(app, &mut truth).await;
    assert_eq!(lines(&seen(&sam, "INC-1").await, "Ended"), 3);
}

async fn a_worse_level_is_heard_at_once_and_once(app: &TestApp) {
    let sam = on_duty(app).await;
    let mut truth = Truth::new(1, "major");
    until_it_flaps(app, &mut truth).await;
    let before = seen(&sam, "INC-1").await;
    // At night, what is major waits for the morning.
    assert_eq!((text(&before, "severity"), paged(&before)), ("MAJOR", 0));
    app.advance(MINUTE);
    change(app, &mut truth).await;
    for level in ["critical", "major", "critical", "major"] {
        truth.level = level;
        app.advance(Duration::from_mins(11));
        change(app, &mut truth).await;
        app.advance(MINUTE);
        change(app, &mut truth).await;
    }
    let one = seen(&sam, "INC-1").await;
    assert_eq!((text(&one, "severity"), paged(&one), lines(&one, "Now CRITICAL")), ("CRITICAL", 1, 1), "{:#?}", texts(&one));
    assert_eq!(lines(&one, "MAJOR → CRITICAL"), 1);
}

/// People resolve or decline what flaps, and it goes on: no report each time, but an outage is not kept from them.
async fn what_flaps_after_its_incident_is_over_reports_when_it_stands(app: &TestApp) {
    let sam = on_duty(app).await;
    let mut truth = Truth::new(1, "critical");
    until_it_flaps(app, &mut truth).await;
    let first = seen(&sam, "INC-1").await;
    sam.incident_of("declineIncident", json!({ "incidentId": id(&first), "reason": "the probe is broken" })).await;
    for _ in 0..6 {
        app.advance(Duration::from_mins(9));
        change(app, &mut truth).await;
        settle(app).await;
        assert_eq!(firing(&seen(&sam, "INC-1").await), truth.firing());
    }
    assert_eq!(incidents(&sam).await, 1);
    app.advance(Duration::from_mins(9));
    settle(app).await;
    assert_eq!(incidents(&sam).await, 1);
    app.advance(MINUTE);
    settle(app).await;
    settle(app).await;
    let (first, second) = (seen(&sam, "INC-1").await, seen(&sam, "INC-2").await);
    assert_eq!((firing(&first).len(), firing(&second).len(), paged(&second)), (0, 1, 1), "{first:#} {second:#}");
    assert_eq!(lines(&first, "Settled, and reported again: "), 1);
    assert_eq!((&first["alerts"][2]["changes"], &second["alerts"][0]["changes"]), (&json!(11), &json!(1)));
    change(app, &mut truth).await;
    assert_eq!((firing(&seen(&sam, "INC-2").await).len(), incidents(&sam).await), (0, json!(2)));
}

/// It flaps, people decline its incident, and it stands; by then the playbook has these rules.
async fn stands_under(app: &TestApp, rules: &str) -> Client {
    let sam = on_duty(app).await;
    until_it_flaps(app, &mut Truth::new(1, "critical")).await;
    let first = seen(&sam, "INC-1").await;
    sam.incident_of("declineIncident", json!({ "incidentId": id(&first), "reason": "the probe is broken" })).await;
    put_in_force(app, rules);
    app.advance(Duration::from_mins(10));
    settle(app).await;
    sam
}

async fn what_only_joins_reports_nothing_when_it_stands(app: &TestApp) {
    let sam = stands_under(app, "[[alerts.rules]]\nname = 'Probes'\nthen = 'join'\n").await;
    let first = seen(&sam, "INC-1").await;
    assert_eq!((incidents(&sam).await, lines(&first, "Settled: "), firing(&first).len()), (json!(1), 1, 1), "{:#?}", texts(&first));
}

async fn what_counts_as_less_by_now_is_reported_as_that_when_it_stands(app: &TestApp) {
    let sam = stands_under(app, "[[alerts.rules]]\nname = 'Probes'\nthen = 'report'\nseverity = 'minor'\n").await;
    let second = seen(&sam, "INC-2").await;
    assert_eq!((text(&second, "severity"), paged(&second), incidents(&sam).await), ("MINOR", 0, json!(2)), "{second:#}");
}

async fn what_flaps_while_it_is_being_monitored_pages_when_it_stands(app: &TestApp) {
    let sam = on_duty(app).await;
    let mut truth = Truth::new(1, "critical");
    until_it_flaps(app, &mut truth).await;
    let one = seen(&sam, "INC-1").await;
    sam.declare_with(json!({ "incidentId": id(&one), "severity": "CRITICAL" })).await;
    sam.incident_of("changeStatus", json!({ "incidentId": id(&one), "status": "MONITORING" })).await;
    for _ in 0..4 {
        app.advance(Duration::from_mins(9));
        change(app, &mut truth).await;
        settle(app).await;
    }
    assert_eq!(paged(&seen(&sam, "INC-1").await), 1, "no page for each firing");
    app.advance(Duration::from_mins(10));
    settle(app).await;
    let stands = seen(&sam, "INC-1").await;
    assert_eq!((paged(&stands), firing(&stands).len(), incidents(&sam).await), (2, 1, json!(1)), "{:#?}", texts(&stands));
}

/// A source that was cut off tells of everything at once.
async fn what_flaps_in_one_call_is_one_row(app: &TestApp) {
    let sam = on_duty(app).await;
    let mut truth = Truth::new(1, "critical");
    let mut notices = Vec::new();
    for _ in 0..301 {
        notices.push(truth.change(0, app.now()));
        app.advance(Duration::from_secs(5));
    }
    let answer = post(&app.anonymous(), json!(notices)).await;
    assert_eq!((&answer["new"], &answer["ended"]), (&json!(151), &json!(150)));
    let one = seen(&sam, "INC-1").await;
    assert_eq!((alerts(&one).len(), firing(&one).len(), &one["alerts"][2]["changes"]), (3, 1, &json!(301)), "{one:#}");
    assert!(texts(&one).len() <= 8, "{:#?}", texts(&one));
}

async fn what_flaps_and_reports_nothing_is_one_row(app: &TestApp) {
    let sam = on_duty(app).await;
    let mut truth = Truth::new(1, "warning");
    for number in 0..61 {
        change(app, &mut truth).await;
        settle(app).await;
        app.advance(MINUTE);
        let rows = alert::Entity::find().all(app.domain.db.read()).await.unwrap();
        assert!(rows.len() <= 3 && rows.iter().all(|row| row.incident_id.is_none()), "{rows:#?}");
        assert_eq!(rows.iter().filter(|row| row.firing).count(), usize::from(number % 2 == 0));
    }
    assert_eq!(incidents(&sam).await, 0);
    app.advance(Duration::from_mins(30));
    settle(app).await;
    let rows = alert::Entity::find().all(app.domain.db.read()).await.unwrap();
    assert!(rows.iter().all(|row| row.look_at.is_none()), "{rows:#?}");
    assert_eq!(rows.iter().filter_map(|row| Some(row.stretch.as_ref()?.changes)).collect::<Vec<_>>(), [61]);
    // Now it is bad enough.
    truth.level = "critical";
    let notice = notice("web0", "critical", truth.since[0].unwrap(), None);
    post(&app.anonymous(), json!([notice])).await;
    assert_eq!(firing(&seen(&sam, "INC-1").await).len(), 1);
}

/// A rule keeps it from people since it last fired; its own incident still runs.
async fn what_nobody_hears_of_joins_nothing_while_it_flaps(app: &TestApp) {
    let sam = on_duty(app).await;
    let mut truth = Truth::new(1, "critical");
    for _ in 0..4 {
        change(app, &mut truth).await;
        app.advance(MINUTE);
    }
    put_in_force(app, "[[alerts.rules]]\nname = 'Probes'\nsource = 'alertmanager'\nthen = 'record'\n");
    change(app, &mut truth).await;
    let one = seen(&sam, "INC-1").await;
    assert_eq!((alerts(&one).len(), lines(&one, "Flapping")), (2, 0), "{:#?}", texts(&one));
    // It flaps all the same: once people are to hear of it, it joins without a line for each change.
    put_in_force(app, "");
    post(&app.anonymous(), json!([notice("web0", "critical", truth.since[0].unwrap(), None)])).await;
    let one = seen(&sam, "INC-1").await;
    assert_eq!((alerts(&one).len(), firing(&one).len(), lines(&one, "Firing")), (3, 1, 3), "{:#?}", texts(&one));
    assert_eq!((&one["alerts"][2]["flapping"], incidents(&sam).await), (&json!(true), json!(1)));
}

async fn a_firing_long_after_the_last_is_told_even_if_nobody_looked(app: &TestApp) {
    let sam = on_duty(app).await;
    let mut truth = Truth::new(1, "critical");
    until_it_flaps(app, &mut truth).await;
    app.advance(MINUTE);
    change(app, &mut truth).await;
    app.advance(Duration::from_hours(3));
    change(app, &mut truth).await;
    let again = seen(&sam, "INC-1").await;
    assert_eq!((texts(&again).pop().unwrap(), alerts(&again).len()), ("Firing again: Down on web0", 4));
    settle(app).await;
    let told = seen(&sam, "INC-1").await;
    assert_eq!((lines(&told, "Settled: "), firing(&told).len()), (1, 1));
}

async fn a_clock_that_was_ahead_delays_no_look(app: &TestApp) {
    let sam = on_duty(app).await;
    let mut truth = Truth::new(1, "critical");
    app.advance(Duration::from_hours(24));
    until_it_flaps(app, &mut truth).await;
    app.set_back(Duration::from_hours(24));
    settle(app).await;
    app.advance(Duration::from_mins(30));
    settle(app).await;
    assert_eq!(lines(&seen(&sam, "INC-1").await, "Settled: "), 1);
}
