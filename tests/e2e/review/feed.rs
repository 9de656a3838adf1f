//! A person's calendar behind a secret link: what is in it, who may have one, when it ends, and programs that ask without end.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use domain::limits;
use domain::people::tokens::{self, CreateToken};
use domain::people::{access, find_or_add_service};
use entity::AuditAction::{CalendarFeedMade, CalendarFeedRevoked, RestrictedSeen};
use entity::{AccessLevel, Grant, Source, TokenBounds};
use harness::database::TestDatabase;
use harness::drive::text;
use harness::fakes::CollectorFake;
use harness::fakes::collector::{AUTHORIZATION, Span};
use harness::process::Home;
use harness::{Client, Engine, TestApp, both_dbs, eventually};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use super::calendars::PYTHON;
use super::{World, connected, invitations};
use crate::audit::{actions, left_by};
use crate::fixture::{grant, rows};

both_dbs![by connected: a_calendar_program_reads_shifts_and_reviews_as_they_are];

both_dbs![
    of_restricted_incidents_it_has_the_number_for_who_may_know_them,
    a_link_ends_when_it_is_made_anew_or_revoked_or_its_person_leaves,
    only_oneself_makes_one_with_all_rights,
    a_program_that_asks_every_second_costs_nothing,
    who_tries_links_is_slowed_down,
];

const MAKE: &str = "mutation { makeCalendarFeed { url person { calendarFeed { createdAt lastReadAt } } } }";
const REVOKE: &str = "mutation { revokeCalendarFeed { person { calendarFeed { createdAt } } } }";
const MINUTE: Duration = Duration::from_mins(1);

/// The path of a new link.
async fn make(by: &Client) -> String {
    let made = by.query(MAKE, Value::Null).await["makeCalendarFeed"].take();
    assert!(made["person"]["calendarFeed"]["createdAt"].is_string(), "{made}");
    let (_, rest) = text(&made, "url").split_once("/calendar/").unwrap();
    format!("/calendar/{rest}")
}

/// When the link of somebody's calendar was last read, as `asker` sees it.
async fn last_read(asker: &Client, of: &Client) -> Value {
    asker.node(&of.id(), "Person { calendarFeed { createdAt lastReadAt } }").await["calendarFeed"].take()
}

/// The file at `path`, a minute later than what was read before.
async fn file(app: &TestApp, path: &str) -> String {
    app.advance(MINUTE);
    let answer = app.anonymous().get(path).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "text/calendar; charset=utf-8");
    answer.text().await.unwrap()
}

/// What a program that is not ours makes of it.
fn read(file: &str) -> Value {
    let program = ["-c", include_str!("feed.py")];
    let mut python = Command::new(PYTHON).args(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    python.stdin.take().unwrap().write_all(file.as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success(), "{file}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn summaries(calendar: &Value) -> Vec<&str> {
    calendar["events"].as_array().unwrap().iter().map(|event| text(event, "summary")).collect()
}

async fn a_calendar_program_reads_shifts_and_reviews_as_they_are(app: &TestApp) {
    let world = World::new(app).await;
    let review = world.schedule("2026-11-30T10:00:00Z").await;
    let shift = json!({ "firstLineId": world.nat.id(), "startsAt": "2026-11-25T08:00:00Z", "until": "2026-11-26T08:00:00Z" });
    app.admin().await.mutate("setOnCall", shift, "onCall { until }").await;
    let (of_nat, of_sam) = (make(&world.nat).await, make(&world.sam).await);

    let written = file(app, &of_nat).await;
    for other in ["Fay", "Sam", "example.org", "mailto:"] {
        assert!(!written.contains(other), "{other} is in {written}");
    }
    let first = read(&written);
    assert_eq!((&first["method"], &first["name"]), (&json!("PUBLISH"), &json!("Muster: Nat")));
    assert_eq!(summaries(&first), ["On call: first line", "Review of INC-1: Shop is down"]);
    let [shift, meeting] = [&first["events"][0], &first["events"][1]];
    assert_eq!((text(shift, "start"), text(shift, "end")), ("2026-11-25T08:00:00+00:00", "2026-11-26T08:00:00+00:00"));
    assert_eq!((text(meeting, "start"), text(meeting, "end")), ("2026-11-30T10:00:00+00:00", "2026-11-30T11:30:00+00:00"));
    assert!(text(meeting, "description").starts_with("You take the notes."), "{meeting}");
    assert_eq!(text(meeting, "uid"), invitations(app).await[0].1.uid, "the event that the mail brought");
    assert_eq!(file(app, &of_nat).await, written, "the same again, to the letter");

    world.schedule("2026-12-01T14:30:00Z").await;
    let moved = read(&file(app, &of_nat).await);
    let after = &moved["events"][1];
    assert_eq!((text(after, "start"), &after["sequence"], &after["uid"]), ("2026-12-01T14:30:00+00:00", &json!(1), &meeting["uid"]));
    assert_eq!(moved["events"][0], *shift);

    assert_eq!(summaries(&read(&file(app, &of_sam).await)), ["Review of INC-1: Shop is down"]);
    world.sam.mutate("answerReviewInvitation", json!({ "reviewId": review, "answer": "NO" }), "review { id }").await;
    assert_eq!(summaries(&read(&file(app, &of_sam).await)), [] as [&str; 0], "who does not come has time");
    world.sam.mutate("callOffReview", json!({ "reviewId": review, "reason": "later" }), "review { id }").await;
    assert_eq!(summaries(&read(&file(app, &of_nat).await)), ["On call: first line"]);
}

async fn of_restricted_incidents_it_has_the_number_for_who_may_know_them(app: &TestApp) {
    let (sam, fay, uma) = (app.responder("Sam").await, app.responder("Fay").await, app.responder("Uma").await);
    let incident = sam.declare_with(json!({ "name": "leak", "severity": "MINOR", "visibility": "RESTRICTED", "leadId": sam.id() })).await;
    let plan = json!({
        "incidentId": incident["id"], "startsAt": "2026-11-30T10:00:00Z", "facilitatorId": fay.id(), "noteTakerId": sam.id(),
        "extraAttendeeIds": [uma.id()], "overrideReason": "few may know",
    });
    sam.mutate("scheduleReview", plan, "review { id }").await;
    let (of_fay, of_uma) = (make(&fay).await, make(&uma).await);
    for path in [&of_fay, &of_uma] {
        let written = file(app, path).await;
        assert_eq!(summaries(&read(&written)), ["Review of INC-1"]);
        assert!(!written.contains("leak"), "{written}");
    }
    let share = json!({ "incidentId": incident["id"], "personId": uma.id(), "shared": false });
    sam.mutate("shareIncident", share, "incident { id }").await;
    assert_eq!(summaries(&read(&file(app, &of_uma).await)), [] as [&str; 0], "it is not shared with Uma any more");
    assert_eq!(summaries(&read(&file(app, &of_fay).await)), ["Review of INC-1"]);
    // By her rights she sees it, and that is recorded as anywhere else.
    let entries = left_by(app, async || {
        grant(app, &uma, Grant::SeeRestricted).await;
        assert_eq!(summaries(&read(&file(app, &of_uma).await)), ["Review of INC-1"]);
    })
    .await;
    let seen = entries.iter().find(|entry| entry.action == RestrictedSeen).expect("it is in the audit log");
    assert_eq!((seen.actor_id, seen.source), (Some(uma.person_id()), Source::Web));
}

/// Status and body of what is behind a link.
async fn found(app: &TestApp, path: &str) -> (u16, String) {
    let answer = app.anonymous().get(path).await;
    (answer.status().as_u16(), answer.text().await.unwrap())
}

async fn a_link_ends_when_it_is_made_anew_or_revoked_or_its_person_leaves(app: &TestApp) {
    let (ada, sam) = (app.admin().await, app.responder("Sam").await);
    let nothing = found(app, "/nothing").await;
    assert_eq!(nothing.0, 404);
    for wrong in ["/calendar/abc.ics", "/calendar/abc", "/calendar/.ics", "/calendar/%3Cscript%3E.ics"] {
        assert_eq!(found(app, wrong).await, nothing, "{wrong}");
    }
    let mut links = Vec::new();
    let entries = left_by(app, async || {
        links.push(make(&sam).await);
        assert_eq!(found(app, &links[0]).await.0, 200);
        links.push(make(&sam).await);
        assert_eq!((found(app, &links[0]).await, found(app, &links[1]).await.0), (nothing.clone(), 200));
        for _ in 0..2 {
            let revoked = sam.query(REVOKE, Value::Null).await;
            assert_eq!(revoked["revokeCalendarFeed"]["person"]["calendarFeed"], Value::Null);
        }
        assert_eq!(found(app, &links[1]).await, nothing);
    })
    .await;
    assert_eq!(actions(&entries), [CalendarFeedMade, CalendarFeedMade, CalendarFeedRevoked]);
    assert!(entries.iter().all(|entry| entry.actor_id == Some(sam.person_id()) && entry.subject == Some(sam.id())), "{entries:?}");

    links.push(make(&sam).await);
    assert_eq!(found(app, &links[2]).await.0, 200);
    // On PostgreSQL, another process ends it, and this one hears of it.
    let second = if app.engine() == Engine::Postgres { Some(app.second_process().await) } else { None };
    let there = second.as_ref().map_or(ada.clone(), |second| ada.at(second));
    for deactivated in [true, false] {
        there.mutate("updatePerson", json!({ "personId": sam.id(), "deactivated": deactivated }), "person { id }").await;
        eventually("the link is dead", Duration::from_secs(10), async || (found(app, &links[2]).await == nothing).then_some(())).await;
    }
    if let Some(second) = second {
        second.stop().await;
    }
    let kept = rows(app).await;
    for link in &links {
        let secret = link.trim_start_matches("/calendar/").trim_end_matches(".ics").to_lowercase();
        assert!(secret.len() > 40 && !kept.iter().any(|(_, row)| row.contains(&secret)), "{secret} is in the database");
    }
}

async fn only_oneself_makes_one_with_all_rights(app: &TestApp) {
    let (ada, sam) = (app.admin().await, app.responder("Sam").await);
    let path = make(&sam).await;
    assert_eq!(last_read(&sam, &sam).await["lastReadAt"], Value::Null);
    file(app, &path).await;
    let at = last_read(&sam, &sam).await["lastReadAt"].take();
    assert_eq!(at, json!(app.now().to_rfc3339()));
    file(app, &path).await;
    assert_eq!(last_read(&sam, &sam).await["lastReadAt"], at, "it is kept to the hour");
    assert_eq!(last_read(&ada, &sam).await, Value::Null, "administrators see nothing of it");

    let made = async |level: AccessLevel, networks: Option<Vec<String>>| {
        let bounds = TokenBounds { documents: None, networks };
        let input = CreateToken { name: "other".into(), access_level: level, expires_at: None, bounds };
        sam.with_token(&tokens::create(&app.system(), sam.person_id(), input).await.unwrap().1)
    };
    let weak = made(AccessLevel::Viewer, None).await;
    let bound = made(AccessLevel::Responder, Some(vec!["127.0.0.1".into()])).await;
    for document in [MAKE, REVOKE] {
        for client in [&weak, &bound] {
            assert_eq!(client.try_query(document, Value::Null).await.code(), "FORBIDDEN", "{document}");
        }
        assert_eq!(app.anonymous().try_query(document, Value::Null).await.code(), "UNAUTHENTICATED", "{document}");
    }
    assert_eq!(found(app, &path).await.0, 200, "it stands");
    let browser = {
        let link = access::create_sign_in_link(&app.system(), sam.person_id()).await.unwrap();
        access::sign_in(&app.system(), &link).await.unwrap()
    };
    let request = app.anonymous().request(Method::POST, "/graphql").header("cookie", format!("muster_session={browser}"));
    let made_there: Value = request.json(&json!({ "query": MAKE })).send().await.unwrap().json().await.unwrap();
    assert!(made_there["data"]["makeCalendarFeed"]["url"].is_string(), "{made_there}");

    let bot = find_or_add_service(&app.system(), "deploy bot", AccessLevel::Responder).await.unwrap();
    let input = CreateToken { name: "bot".into(), access_level: AccessLevel::Responder, expires_at: None, bounds: TokenBounds::default() };
    let (_, token) = tokens::create(&app.system(), bot.id, input).await.unwrap();
    assert_eq!(sam.with_token(&token).try_query(MAKE, Value::Null).await.code(), "FAILED_PRECONDITION");
}

fn header<'a>(answer: &'a Response, name: &str) -> &'a str {
    answer.headers()[name].to_str().unwrap()
}

async fn a_program_that_asks_every_second_costs_nothing(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let shift = json!({ "firstLineId": sam.id(), "startsAt": "2026-11-25T08:00:00Z", "until": "2026-11-26T08:00:00Z" });
    sam.mutate("setOnCall", shift, "onCall { until }").await;
    let path = make(&sam).await;
    let first = app.anonymous().get(&path).await;
    let tag = header(&first, "etag").to_owned();
    assert!(tag.starts_with('"') && tag.len() > 60, "{tag}");
    assert_eq!((header(&first, "cache-control"), header(&first, "referrer-policy")), ("private, max-age=300", "no-referrer"));
    let length = first.text().await.unwrap().len();
    let head = app.anonymous().request(Method::HEAD, &path).send().await.unwrap();
    assert_eq!((head.status().as_u16(), header(&head, "content-length"), header(&head, "etag")), (200, &*length.to_string(), &*tag));

    let program = app.anonymous();
    let again = async |known: &str| program.request(Method::GET, &path).header("if-none-match", known).send().await.unwrap();
    let unchanged = again(&format!("W/\"x\", {tag}")).await;
    assert_eq!((unchanged.status().as_u16(), header(&unchanged, "etag")), (304, &*tag));
    assert_eq!(unchanged.text().await.unwrap(), "");
    assert_eq!(again("\"x\"").await.status(), 200);

    let asked = app.fewest_statements(async || {
        let all = futures_util::future::join_all((0..200).map(|number| again(if number % 2 == 0 { &*tag } else { "\"x\"" }))).await;
        assert_eq!(all.iter().filter(|answer| answer.status() == 304).count(), 100);
        assert_eq!(all.iter().filter(|answer| answer.status() == 200).count(), 100);
    });
    let at_hand = asked.await;
    app.advance(MINUTE);
    let before = app.statements();
    futures_util::future::join_all((0..200).map(|_| again(&tag))).await;
    let anew = app.statements() - before;
    // What the server looks for by itself is among them.
    assert!(at_hand <= 2 && anew <= 20, "{at_hand} statements for 200 requests, {anew} after a minute");

    sam.mutate("setOnCall", json!({ "firstLineId": sam.id(), "until": "2026-11-24T08:00:00Z" }), "onCall { until }").await;
    app.advance(MINUTE);
    let changed = again(&tag).await;
    assert_eq!(changed.status(), 200);
    assert_ne!(header(&changed, "etag"), tag);
}

async fn who_tries_links_is_slowed_down(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let path = make(&sam).await;
    let program = app.anonymous();
    let from = async |path: &str, caller: &str| program.request(Method::GET, path).header("x-forwarded-for", caller).send().await.unwrap();
    let thief = "203.0.113.7";
    assert_eq!(from(&path, thief).await.status(), 200);
    for number in 1..limits::FEED_READS_OF_CALLER {
        assert_eq!(from(&format!("/calendar/{number}.ics"), thief).await.status(), 404);
    }
    let refused = from("/calendar/another.ics", thief).await;
    assert_eq!((refused.status().as_u16(), header(&refused, "retry-after")), (429, "60"));
    assert_eq!(from(&path, thief).await.status(), 200, "what is at hand is looked up nowhere");
    assert_eq!(from("/calendar/another.ics", "203.0.113.8").await.status(), 404, "others are in nobody's way");
    app.advance(MINUTE);
    assert_eq!(from("/calendar/another.ics", thief).await.status(), 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_a_log_nor_a_trace_has_the_secret() {
    let (data, database) = (tempfile::tempdir().unwrap(), TestDatabase::create(Engine::Sqlite).await);
    let (home, collector) = (Home::new(data.path(), database.url()), CollectorFake::start().await);
    let token = home.run(&["token", "create", "--name", "Sam", "--access", "responder", "--email", "sam@example.org"]);
    let mut command = home.command(&["serve"]);
    command
        .env("MUSTER_LOG__FILTER", "trace")
        .env("MUSTER_TRACES__ENDPOINT", collector.url())
        .env("MUSTER_TRACES__HEADERS", format!("authorization={}", AUTHORIZATION.replace(' ', "%20")))
        .env("MUSTER_TRACES__RATIO", "1");
    let server = home.start_by(command).await;
    let sam = server.client(&token);
    let path = make(&sam).await;
    assert_eq!(sam.get(&path).await.status(), 200);
    sam.query(REVOKE, Value::Null).await;
    assert_eq!(sam.get(&path).await.status(), 404);
    assert_eq!(server.stop().await, Some(0));
    let is_read = |span: &&Span| span.attributes.get("http.route").is_some_and(|route| route == "/calendar/{file}");
    let told = collector.spans();
    let told: Vec<&Span> = told.iter().filter(is_read).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    let secret = path.trim_start_matches("/calendar/").trim_end_matches(".ics");
    let log = std::fs::read_to_string(data.path().join("log")).unwrap();
    assert!(log.len() > 10_000 && !log.contains(secret), "{log}");
    let has_it = |body: &[u8]| body.windows(secret.len()).any(|window| window == secret.as_bytes());
    assert!(collector.requests().iter().all(|request| !has_it(&request.body)));
}
