//! Who is on call (R1, R18): by hand, and from a calendar.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use domain::on_call::on_duty;
use entity::{PersonKind, ShiftId, person, shift};
use harness::drive::text;
use harness::process::Home;
use harness::{Client, TestApp, both_dbs};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, Set};
use serde_json::{Value, json};

both_dbs![
    nobody_is_on_call_until_somebody_says_so,
    a_hand_over_takes_effect_at_once_and_keeps_history,
    one_line_is_handed_over_without_the_other,
    covering_for_someone_ends_automatically,
    shifts_can_be_planned_ahead,
    people_who_left_are_skipped,
    services_that_were_people_are_skipped,
    people_who_cannot_respond_are_refused,
    times_that_make_no_sense_are_refused,
    saying_it_twice_makes_no_second_shift,
    working_hours_follow_the_wall_clock_and_not_utc,
    a_rota_is_imported_over_the_change_of_the_clock,
    importing_again_replaces_the_rota_and_leaves_what_was_set_by_hand,
    an_import_can_be_strict_and_take_some_events_only,
    years_of_past_shifts_do_not_count,
    events_that_say_too_little_are_skipped_by_name,
    a_file_without_a_shift_leaves_the_rota_as_it_is,
    what_is_not_a_calendar_is_refused,
    a_calendar_with_new_uids_each_time_leaves_a_swap_alone,
    the_command_line_imports_a_rota,
    the_command_line_says_what_was_lost,
    finding_who_is_on_duty_takes_one_statement,
];

const ON_CALL: &str =
    "onCall { workingHours firstLine { name } secondLine { name } until next { at firstLine { name } secondLine { name } } }";

/// `Kim/Sam until 04:00, then Alex/-`, times as hours from the start of the test's time.
async fn on_call(app: &TestApp, caller: &Client) -> String {
    let data = caller.query(&format!("{{ {ON_CALL} }}"), json!({})).await;
    words(app, &data["onCall"])
}

fn words(app: &TestApp, on_call: &Value) -> String {
    let name = |value: &Value| value["name"].as_str().unwrap_or("-").to_owned();
    let lines = |value: &Value| format!("{}/{}", name(&value["firstLine"]), name(&value["secondLine"]));
    let mut words = lines(on_call);
    if let Some(until) = on_call["until"].as_str() {
        assert_eq!(on_call["next"]["at"], until);
        let hours = (until.parse::<DateTime<Utc>>().unwrap() - harness::app::start_of_time()).num_hours();
        words = format!("{words} until {hours}, then {}", lines(&on_call["next"]));
    }
    assert!(app.now() >= harness::app::start_of_time());
    words
}

/// This many hours after the start of the test's time, a Sunday at three in the morning.
fn hour(hours: i64) -> String {
    (harness::app::start_of_time() + TimeDelta::hours(hours)).to_rfc3339()
}

async fn set(app: &TestApp, caller: &Client, input: Value) -> String {
    words(app, &caller.mutate("setOnCall", input, ON_CALL).await["onCall"])
}

async fn shifts(app: &TestApp) -> Vec<shift::Model> {
    let mut rows = shift::Entity::find().all(app.domain.db.read()).await.unwrap();
    rows.sort_by_key(|row| row.id);
    rows
}

async fn nobody_is_on_call_until_somebody_says_so(app: &TestApp) {
    let vic = app.viewer("Vic").await;
    assert_eq!(on_call(app, &vic).await, "-/-");
    let duty = on_duty(&app.system(), app.now()).await.unwrap();
    assert_eq!((duty.first, duty.second), (None, None));
    let sam = app.responder("Sam").await;
    assert_eq!(vic.refused("setOnCall", json!({ "firstLineId": sam.id() })).await.code(), "FORBIDDEN");
    assert_eq!(vic.refused("importRota", json!({ "line": "FIRST", "calendar": "" })).await.code(), "FORBIDDEN");
    assert_eq!(on_call(app, &vic).await, "-/-");
}

async fn a_hand_over_takes_effect_at_once_and_keeps_history(app: &TestApp) {
    let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
    assert_eq!(set(app, &sam, json!({ "firstLineId": sam.id() })).await, "Sam/-");
    app.advance(Duration::from_secs(3_600));
    assert_eq!(set(app, &kim, json!({ "firstLineId": kim.id() })).await, "Kim/-");
    let duty = on_duty(&app.system(), app.now()).await.unwrap();
    assert_eq!((duty.first.map(|person| person.name), duty.second), (Some("Kim".into()), None));
    let before = on_duty(&app.system(), app.now() - TimeDelta::seconds(1)).await.unwrap();
    assert_eq!(before.first.map(|person| person.name), Some("Sam".into()));
    let rows = shifts(app).await;
    assert_eq!((rows[0].ends_at, rows[1].ends_at, rows[1].starts_at), (Some(app.now()), None, app.now()));
    assert!(ShiftId::parse(&rows[0].id.to_string()).is_some_and(|id| id == rows[0].id));
}

async fn one_line_is_handed_over_without_the_other(app: &TestApp) {
    let (sam, kim, alex) = (app.responder("Sam").await, app.responder("Kim").await, app.responder("Alex").await);
    assert_eq!(set(app, &sam, json!({ "firstLineId": sam.id(), "secondLineId": kim.id() })).await, "Sam/Kim");
    app.advance(Duration::from_secs(60));
    assert_eq!(set(app, &sam, json!({ "firstLineId": alex.id() })).await, "Alex/Kim");
    app.advance(Duration::from_secs(60));
    // The other way round: the first line keeps its shift as it is.
    assert_eq!(set(app, &sam, json!({ "firstLineId": alex.id(), "secondLineId": sam.id() })).await, "Alex/Sam");
    assert_eq!(shifts(app).await.len(), 4);
    app.advance(Duration::from_secs(60));
    assert_eq!(set(app, &sam, json!({ "secondLineId": kim.id() })).await, "Alex/Kim", "second line alone");
    assert_eq!(shifts(app).await.len(), 5);
    let refusal = sam.refused("setOnCall", json!({ "secondLineId": alex.id() })).await;
    assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", "secondLineId"), "Alex is on first line: {refusal:?}");
    let refusal = sam.refused("setOnCall", json!({ "until": hour(5) })).await;
    assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", "firstLineId"));
    assert!(refusal.message().contains("secondLineId"), "it says the way out: {}", refusal.message());
    assert_eq!(on_call(app, &sam).await, "Alex/Kim");
}

async fn covering_for_someone_ends_automatically(app: &TestApp) {
    let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
    set(app, &sam, json!({ "firstLineId": sam.id() })).await;
    app.advance(Duration::from_secs(3_600));
    assert_eq!(set(app, &sam, json!({ "firstLineId": kim.id(), "until": hour(5) })).await, "Kim/- until 5, then Sam/-");
    app.advance(Duration::from_secs(4 * 3_600));
    assert_eq!(on_call(app, &sam).await, "Sam/-");
}

async fn shifts_can_be_planned_ahead(app: &TestApp) {
    let (sam, kim, alex) = (app.responder("Sam").await, app.responder("Kim").await, app.responder("Alex").await);
    assert_eq!(
        set(app, &sam, json!({ "firstLineId": kim.id(), "startsAt": hour(10), "until": hour(20) })).await,
        "-/- until 10, then Kim/-"
    );
    let input = json!({ "firstLineId": sam.id(), "secondLineId": alex.id(), "until": hour(15) });
    assert_eq!(set(app, &sam, input).await, "Sam/Alex until 15, then Kim/-");
    let view = "{ onCall { upcoming { line person { name } startsAt endsAt } } }";
    let view = sam.query(view, json!({})).await["onCall"]["upcoming"].take();
    let stretch = |row: &Value| {
        let hours = |at: &Value| at.as_str().map(|at| (at.parse::<DateTime<Utc>>().unwrap() - harness::app::start_of_time()).num_hours());
        (text(row, "line").to_owned(), text(&row["person"], "name").to_owned(), hours(&row["startsAt"]), hours(&row["endsAt"]))
    };
    let expected = [("FIRST", "Sam", 0, 15), ("FIRST", "Kim", 15, 20), ("SECOND", "Alex", 0, 15)];
    let expected = expected.map(|(line, name, from, to)| (line.to_owned(), name.to_owned(), Some(from), Some(to)));
    assert_eq!(view.as_array().unwrap().iter().map(stretch).collect::<Vec<_>>(), expected);
    let part = "query($from: DateTime, $to: DateTime) { onCall { upcoming(from: $from, to: $to) { person { name } } } }";
    let names = sam.query(part, json!({ "from": hour(16), "to": hour(17) })).await;
    assert_eq!(names["onCall"]["upcoming"], json!([{ "person": { "name": "Kim" } }]));
    for (from, to) in [(2, 2), (2, 1), (0, 401 * 24)] {
        let answer = sam.try_query(part, json!({ "from": hour(from), "to": hour(to) })).await;
        assert_eq!((answer.code(), answer.errors[0].field()), ("BAD_USER_INPUT", "to"));
    }
    // Any date will do as a bound.
    sam.query(part, json!({ "from": "0001-01-01T00:00:00Z", "to": "1970-06-01T00:00:00Z" })).await;
}

async fn people_who_left_are_skipped(app: &TestApp) {
    let (ada, sam, kim) = (app.admin().await, app.responder("Sam").await, app.responder("Kim").await);
    set(app, &sam, json!({ "firstLineId": sam.id(), "secondLineId": ada.id() })).await;
    set(app, &sam, json!({ "firstLineId": kim.id(), "until": hour(5) })).await;
    assert_eq!(on_call(app, &sam).await, "Kim/Ada until 5, then Sam/Ada");
    ada.mutate("updatePerson", json!({ "personId": kim.id(), "deactivated": true }), "person { id }").await;
    assert_eq!(on_call(app, &sam).await, "Sam/Ada");
    ada.mutate("updatePerson", json!({ "personId": sam.id(), "deactivated": true }), "person { id }").await;
    assert_eq!(on_call(app, &ada).await, "-/Ada");
}

async fn services_that_were_people_are_skipped(app: &TestApp) {
    let (sam, robot) = (app.responder("Sam").await, app.responder("Robot").await);
    set(app, &sam, json!({ "firstLineId": sam.id() })).await;
    set(app, &sam, json!({ "firstLineId": robot.id(), "until": hour(5) })).await;
    // Its shift is older than the difference between people and services.
    let kind = person::ActiveModel { kind: Set(PersonKind::Service), ..Default::default() };
    let which = person::Column::Id.eq(robot.person_id());
    person::Entity::update_many().set(kind).filter(which).exec(app.domain.db.write()).await.unwrap();
    assert_eq!(on_call(app, &sam).await, "Sam/-");
}

async fn people_who_cannot_respond_are_refused(app: &TestApp) {
    let (sam, vic) = (app.responder("Sam").await, app.viewer("Vic").await);
    let nobody = "per_00000000000000000000000000000001";
    for (input, field) in [
        (json!({ "firstLineId": vic.id() }), "firstLineId"),
        (json!({ "firstLineId": nobody }), "firstLineId"),
        (json!({ "firstLineId": "sam" }), "firstLineId"),
        (json!({ "firstLineId": sam.id(), "secondLineId": vic.id() }), "secondLineId"),
        (json!({ "firstLineId": sam.id(), "secondLineId": sam.id() }), "secondLineId"),
    ] {
        let refusal = sam.refused("setOnCall", input.clone()).await;
        assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", field), "{input}");
    }
    assert!(shifts(app).await.is_empty());
}

async fn times_that_make_no_sense_are_refused(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let days = 24;
    for (start, until, field) in [
        (None, Some(0), "until"),
        (None, Some(-1), "until"),
        (None, Some(400 * days + 1), "until"),
        (Some(-1), None, "startsAt"),
        (Some(400 * days + 1), None, "startsAt"),
        (Some(5), Some(5), "until"),
        (Some(5), Some(4), "until"),
    ] {
        let input = json!({ "firstLineId": sam.id(), "startsAt": start.map(hour), "until": until.map(hour) });
        let refusal = sam.refused("setOnCall", input.clone()).await;
        assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", field), "{input}");
    }
    // At the limits; and by a clock that is a little behind.
    for (start, until) in [(None, Some(400 * days)), (Some(400 * days), None), (Some(0), None)] {
        set(app, &sam, json!({ "firstLineId": sam.id(), "startsAt": start.map(hour), "until": until.map(hour) })).await;
    }
}

async fn saying_it_twice_makes_no_second_shift(app: &TestApp) {
    let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
    let input = json!({ "firstLineId": sam.id(), "secondLineId": kim.id(), "until": hour(5) });
    for _ in 0..2 {
        assert_eq!(set(app, &sam, input.clone()).await, "Sam/Kim until 5, then -/-");
    }
    assert_eq!(shifts(app).await.len(), 2);
}

/// The playbook's day is from ten to six in London.
async fn working_hours_follow_the_wall_clock_and_not_utc(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let until = async |moment: &str| {
        app.advance((moment.parse::<DateTime<Utc>>().unwrap() - app.now()).to_std().unwrap());
        sam.query("{ onCall { workingHours } }", json!({})).await["onCall"]["workingHours"].as_bool().unwrap()
    };
    for (moment, working) in [
        ("2026-11-22T12:00:00Z", false),
        ("2026-11-23T09:59:59Z", false),
        ("2026-11-23T10:00:00Z", true),
        ("2026-11-23T18:00:00Z", false),
        ("2027-07-01T09:00:00Z", true),
        ("2027-07-01T17:00:00Z", false),
    ] {
        assert_eq!(until(moment).await, working, "{moment}");
    }
}

/// A calendar of events: title, and further lines.
fn calendar(events: &[(&str, &[&str])]) -> String {
    let mut text = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//tests//EN\r\n".to_owned();
    for (number, (summary, lines)) in events.iter().enumerate() {
        text += &format!("BEGIN:VEVENT\r\nUID:{number}@example.org\r\nSUMMARY:{summary}\r\n{}\r\nEND:VEVENT\r\n", lines.join("\r\n"));
    }
    text + "END:VCALENDAR\r\n"
}

const IMPORTED: &str = "imported replaced skippedCount lostCount skipped { summary reason } \
    onCall { workingHours firstLine { name } secondLine { name } until next { at firstLine { name } secondLine { name } } }";

async fn import(caller: &Client, line: &str, calendar: &str) -> Value {
    caller.mutate("importRota", json!({ "line": line, "calendar": calendar }), IMPORTED).await
}

/// A week each from Monday at ten in London, for ever, over the changes of the clock in between.
async fn a_rota_is_imported_over_the_change_of_the_clock(app: &TestApp) {
    let (sam, _, vic) = (app.responder("Sam").await, app.responder("Kim").await, app.viewer("Vic").await);
    let times = |day: &str| {
        [format!("DTSTART;TZID=Europe/London:202611{day}T100000"), "DURATION:P7D".to_owned(), "RRULE:FREQ=WEEKLY;INTERVAL=2".to_owned()]
    };
    let [kims, sams] = [times("16"), times("23")];
    let (kims, sams) = (kims.each_ref().map(String::as_str), sams.each_ref().map(String::as_str));
    let done = import(&sam, "FIRST", &calendar(&[("Kim", &kims), ("Sam", &sams)])).await;
    assert_eq!((done["imported"].as_u64(), &done["skipped"]), (Some(58), &json!([])));
    assert_eq!(words(app, &done["onCall"]), "Kim/- until 31, then Sam/-");
    for (moment, name) in [
        ("2027-03-29T08:59:59Z", "Kim"),
        ("2027-03-29T09:00:00Z", "Sam"),
        ("2027-10-25T08:59:59Z", "Kim"),
        ("2027-10-25T09:00:00Z", "Sam"),
        ("2027-11-01T10:00:00Z", "Kim"),
    ] {
        let duty = on_duty(&app.system(), moment.parse().unwrap()).await.unwrap();
        assert_eq!(duty.first.map(|person| person.name).as_deref(), Some(name), "{moment}");
    }
    assert_eq!(on_call(app, &vic).await, "Kim/- until 31, then Sam/-");
}

async fn importing_again_replaces_the_rota_and_leaves_what_was_set_by_hand(app: &TestApp) {
    let (sam, kim, alex) = (app.responder("Sam").await, app.responder("Kim").await, app.responder("Alex").await);
    let day = |date: &str, name: &str| format!("BEGIN:VEVENT\nUID:{date}\nSUMMARY:{name}\nDTSTART;VALUE=DATE:{date}\nEND:VEVENT\n");
    let days = |names: &[(&str, &str)]| {
        format!("BEGIN:VCALENDAR\n{}END:VCALENDAR\n", names.iter().map(|(date, name)| day(date, name)).collect::<String>())
    };
    let first = days(&[("20261121", "Sam"), ("20261122", "Kim"), ("20261123", "Sam"), ("20261124", "Kim")]);
    assert_eq!(import(&sam, "FIRST", &first).await["imported"], 3, "what is over is left out");
    import(&sam, "SECOND", &days(&[("20261122", "Alex")])).await;
    assert_eq!(on_call(app, &sam).await, "Kim/Alex until 21, then Sam/-");
    // Alex swaps with Sam on Monday, and Sam takes over from Kim right now.
    set(app, &sam, json!({ "firstLineId": alex.id(), "startsAt": hour(21), "until": hour(45) })).await;
    app.advance(Duration::from_secs(3_600));
    assert_eq!(set(app, &sam, json!({ "firstLineId": sam.id() })).await, "Sam/Alex until 21, then Alex/-");

    app.advance(Duration::from_secs(3_600));
    let second = days(&[("20261122", "Kim"), ("20261123", "Kim"), ("20261124", "Sam"), ("20261125", "Alex")]);
    let done = import(&kim, "FIRST", &second).await;
    assert_eq!(done["imported"], 4);
    // Kim's shift of today goes on as it is, so that Sam's taking over holds until the rota's next change.
    assert_eq!(words(app, &done["onCall"]), "Sam/Alex until 21, then Alex/-");
    let at = async |hours: i64| {
        let duty = on_duty(&app.system(), harness::app::start_of_time() + TimeDelta::hours(hours)).await.unwrap();
        [duty.first, duty.second].map(|person| person.map_or("-".into(), |person| person.name)).join("/")
    };
    for (hours, expected) in [(1, "Sam/Alex"), (20, "Sam/Alex"), (30, "Alex/-"), (50, "Sam/-"), (80, "Alex/-"), (100, "Sam/-")] {
        assert_eq!(at(hours).await, expected, "{hours}");
    }
    // History says what the first rota said.
    assert_eq!(at(0).await, "Kim/Alex");
    // The file as it is, again and again, changes nothing.
    let rows = shifts(app).await.len();
    import(&kim, "FIRST", &second).await;
    assert_eq!((shifts(app).await.len(), on_call(app, &sam).await), (rows, "Sam/Alex until 21, then Alex/-".to_owned()));
}

async fn years_of_past_shifts_do_not_count(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let past = (0..2_001).map(|_| ("Sam", &["DTSTART:20250101T100000Z", "DURATION:PT1H"][..]));
    let next = ("Sam", &["DTSTART:20261123T100000Z", "DURATION:PT1H"][..]);
    let done = import(&sam, "FIRST", &calendar(&past.chain([next]).collect::<Vec<_>>())).await;
    assert_eq!((&done["imported"], &done["lostCount"]), (&json!(1), &json!(0)), "{done}");
}

async fn an_import_can_be_strict_and_take_some_events_only(app: &TestApp) {
    let (sam, _) = (app.responder("Sam").await, app.responder("Kim").await);
    let day = ["DTSTART;VALUE=DATE:20261122"];
    import(&sam, "FIRST", &calendar(&[("Sam", &day)])).await;
    let two = calendar(&[("L1: Kim", &day), ("L1: somebody", &["DTSTART;VALUE=DATE:20261123"]), ("L2: Sam", &day)]);
    let import = async |strict: bool| {
        let input = json!({ "line": "FIRST", "calendar": two, "only": "L1", "strict": strict });
        let done = sam.mutate("importRota", input, IMPORTED).await;
        (done["replaced"] == true, done["imported"].as_u64(), done["lostCount"].as_u64(), on_call(app, &sam).await)
    };
    assert_eq!(import(true).await, (false, Some(1), Some(1), "Sam/- until 21, then -/-".to_owned()));
    assert_eq!(import(false).await, (true, Some(1), Some(1), "Kim/- until 21, then -/-".to_owned()));
}

async fn events_that_say_too_little_are_skipped_by_name(app: &TestApp) {
    let (ada, sam, gone) = (app.admin().await, app.responder("Sam").await, app.responder("Gus").await);
    ada.mutate("updatePerson", json!({ "personId": gone.id(), "deactivated": true }), "person { id }").await;
    app.viewer("Vic").await;
    let whole_day = "DTSTART;VALUE=DATE:20261124";
    let invited = "ATTENDEE;CN=Sam:mailto:sam.1@example.org";
    let text = calendar(&[
        ("On call", &[whole_day, invited]),
        ("ada.0@example.org", &["DTSTART;VALUE=DATE:20261125"]),
        ("Nobody", &[whole_day]),
        ("Gus", &[whole_day]),
        ("Vic", &[whole_day]),
        ("Sam", &["DTSTART;TZID=Atlantis:20261124T100000", "DURATION:PT8H"]),
        ("Sam", &["DTSTART:20261124T100000Z"]),
        ("Nobody", &["DTSTART;VALUE=DATE:20251124"]),
    ]);
    let done = import(&sam, "SECOND", &text).await;
    assert_eq!((&done["imported"], &done["skippedCount"]), (&json!(2), &json!(5)));
    let skipped: Vec<(&str, &str)> = done["skipped"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| (event["summary"].as_str().unwrap(), event["reason"].as_str().unwrap()))
        .collect();
    for ((summary, reason), (expected, part)) in skipped.iter().zip([
        ("Nobody", "Nobody on the team"),
        ("Gus", "has left"),
        ("Vic", "viewer access"),
        ("Sam", "Atlantis is unknown"),
        ("Sam", "no end"),
    ]) {
        assert!(*summary == expected && reason.contains(part), "{summary}: {reason}");
    }
    assert_eq!(on_call(app, &sam).await, "-/- until 45, then -/Sam");
}

async fn a_file_without_a_shift_leaves_the_rota_as_it_is(app: &TestApp) {
    let sam = app.responder("Sam").await;
    import(&sam, "FIRST", &calendar(&[("Sam", &["DTSTART;VALUE=DATE:20261122"])])).await;
    for text in [calendar(&[]), calendar(&[("Nobody", &["DTSTART;VALUE=DATE:20261122"])])] {
        assert_eq!(import(&sam, "FIRST", &text).await["imported"], 0);
        assert_eq!(on_call(app, &sam).await, "Sam/- until 21, then -/-");
    }
    // A hundred of those that were skipped are named.
    let many = vec![("Nobody", &["DTSTART;VALUE=DATE:20261122"][..]); 101];
    let done = import(&sam, "FIRST", &calendar(&many)).await;
    assert_eq!((done["skipped"].as_array().unwrap().len(), &done["skippedCount"]), (100, &json!(101)));
}

async fn what_is_not_a_calendar_is_refused(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let whole = calendar(&[("Sam", &["DTSTART;VALUE=DATE:20261122"])]);
    let daily = |count: usize| {
        let event =
            |number: usize| format!("BEGIN:VEVENT\nUID:{number}\nSUMMARY:Sam\nDTSTART;VALUE=DATE:20261122\nRRULE:FREQ=DAILY\nEND:VEVENT\n");
        format!("BEGIN:VCALENDAR\n{}END:VCALENDAR", (0..count).map(event).collect::<String>())
    };
    let padding = " ".repeat(domain::limits::CALENDAR_BYTES);
    for (text, part) in [
        (String::new(), "END:VCALENDAR"),
        ("Kim is on call".into(), "END:VCALENDAR"),
        (whole[..whole.len() / 2].to_owned(), "END:VCALENDAR"),
        (format!("{padding}{whole}"), "longer than"),
        (calendar(&vec![("Sam", &["DTSTART;VALUE=DATE:20261122"][..]); 2_001]), "more than 2000 events"),
        (daily(6), "more than 2000 shifts"),
    ] {
        let refusal = sam.refused("importRota", json!({ "line": "FIRST", "calendar": text })).await;
        assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", "calendar"));
        assert!(refusal.message().contains(part), "{}", refusal.message());
    }
    assert!(shifts(app).await.is_empty());
    assert_eq!(import(&sam, "FIRST", &daily(4)).await["imported"], 4 * 401);
}

/// Kim's shift of today runs, Sam has taken over by hand, and the calendar comes with other UIDs.
async fn a_calendar_with_new_uids_each_time_leaves_a_swap_alone(app: &TestApp) {
    let (sam, _) = (app.responder("Sam").await, app.responder("Kim").await);
    let feed = |number: usize| {
        let day = |date: &str, name: &str| {
            format!("BEGIN:VEVENT\nUID:{date}-{number}\nSUMMARY:On call: {name}\nDTSTART;VALUE=DATE:{date}\nEND:VEVENT\n")
        };
        format!("BEGIN:VCALENDAR\n{}{}END:VCALENDAR\n", day("20261122", "Kim"), day("20261123", "Kim"))
    };
    import(&sam, "FIRST", &feed(1)).await;
    app.advance(Duration::from_secs(3_600));
    assert_eq!(set(app, &sam, json!({ "firstLineId": sam.id() })).await, "Sam/- until 21, then Kim/-");
    for number in 2..4 {
        app.advance(Duration::from_secs(3_600));
        import(&sam, "FIRST", &feed(number)).await;
        assert_eq!(on_call(app, &sam).await, "Sam/- until 21, then Kim/-");
    }
    let rows = shifts(app).await;
    assert_eq!(rows.iter().filter_map(|row| row.source.as_deref()).collect::<Vec<_>>(), ["20261122-3", "20261123-3"]);
}

/// The exit code of an import, and what it printed.
fn imported(home: &Home, file: &std::path::Path, options: &[&str]) -> (i32, String) {
    let arguments = [&["on-call", "import", file.to_str().unwrap()], options].concat();
    let output = home.command(&arguments).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(said).unwrap())
}

async fn the_command_line_says_what_was_lost(app: &TestApp) {
    let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
    let home = Home::new(app.data_dir(), app.database_url());
    let file = app.data_dir().join("rota.ics");
    let people = async || shifts(app).await.iter().map(|row| row.person_id).collect::<Vec<_>>();
    // The command uses the machine's clock, not the test's.
    let daily = |lines: &str| format!("BEGIN:VEVENT\n{lines}\nDTSTART;VALUE=DATE:20200101\nRRULE:FREQ=MONTHLY\nEND:VEVENT\n");
    let write = |events: &[String]| std::fs::write(&file, format!("BEGIN:VCALENDAR\n{}END:VCALENDAR\n", events.concat())).unwrap();

    let cancelled = daily("SUMMARY:Kim\nSTATUS:CANCELLED");
    write(&[daily("UID:1\nSUMMARY:On call - Sam\nCATEGORIES:Primary"), cancelled]);
    let (code, said) = imported(&home, &file, &["--line", "first"]);
    assert!(code == 0 && said.contains("skipped: Kim: It was cancelled."), "{said}");
    assert!(people().await.iter().all(|person| *person == sam.person_id()));

    // An exception without an end is lost alone; with --strict, nothing is changed.
    let broken = "BEGIN:VEVENT\nUID:1\nSUMMARY:Kim\nRECURRENCE-ID:20270101\nDTSTART:20270101T100000Z\nEND:VEVENT\n".to_owned();
    let (before, both) = (people().await.len(), daily("SUMMARY:Kim\nCATEGORIES:Secondary"));
    write(&[daily("UID:1\nSUMMARY:Sam\nCATEGORIES:Primary"), broken]);
    let (code, said) = imported(&home, &file, &["--line", "second", "--strict"]);
    assert!(code == 3 && said.contains("skipped: Kim: It has no end.") && said.contains("--strict"), "{said}");
    assert_eq!(people().await.len(), before);
    let (code, said) = imported(&home, &file, &["--line", "second"]);
    assert!(code == 3 && said.contains("shifts imported, 1 events skipped"), "{said}");
    assert_eq!(people().await.len(), 2 * before);

    // Two people at once: neither, unless one is chosen.
    write(&[daily("UID:1\nSUMMARY:Sam\nCATEGORIES:Primary"), both]);
    let (code, said) = imported(&home, &file, &["--line", "second"]);
    assert!(code == 1 && said.contains("Kim and Sam have exactly the same time"), "{said}");
    let (code, said) = imported(&home, &file, &["--line", "second", "--only", "secondary"]);
    assert!(code == 0 && !said.contains("skipped:"), "{said}");
    assert_eq!(people().await.iter().filter(|person| **person == kim.person_id()).count(), before);
}

async fn the_command_line_imports_a_rota(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let home = Home::new(app.data_dir(), app.database_url());
    let file = app.data_dir().join("rota.ics");
    // The command uses the machine's clock, not the test's.
    let soon = |event: &str| {
        format!(
            "BEGIN:VCALENDAR\n{event}BEGIN:VEVENT\nUID:1\nSUMMARY:Sam\nDTSTART;VALUE=DATE:20200101\nRRULE:FREQ=DAILY\nEND:VEVENT\nEND:VCALENDAR\n"
        )
    };
    std::fs::write(&file, soon("BEGIN:VEVENT\nUID:2\nSUMMARY:Nobody\nDTSTART;VALUE=DATE:20200101\nRRULE:FREQ=DAILY\nEND:VEVENT\n"))
        .unwrap();
    let (code, said) = imported(&home, &file, &["--line", "second"]);
    assert!(said.contains("skipped: Nobody: Nobody on the team") && said.contains("401 shifts imported, 1 events skipped"), "{said}");
    assert_eq!(code, 3);
    assert!(shifts(app).await.iter().all(|row| row.person_id == sam.person_id() && row.source.as_deref() == Some("1")));
    std::fs::write(&file, "no calendar").unwrap();
    let refused = home.command(&["on-call", "import", file.to_str().unwrap(), "--line", "second"]).output().unwrap();
    assert!(!refused.status.success() && String::from_utf8_lossy(&refused.stderr).contains("END:VCALENDAR"));
}

async fn finding_who_is_on_duty_takes_one_statement(app: &TestApp) {
    if app.engine() == harness::Engine::Sqlite {
        // Only PostgreSQL's statements are counted.
        return;
    }
    let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
    set(app, &sam, json!({ "firstLineId": sam.id(), "secondLineId": kim.id() })).await;
    let ctx = app.system();
    let statements = app.fewest_statements(async || {
        let duty = on_duty(&ctx, app.now()).await.unwrap();
        assert!(duty.first.is_some() && duty.second.is_some());
    });
    assert_eq!(statements.await, 1);
}
