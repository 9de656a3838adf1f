//! Live events: every event of a timeline once and in order, over both transports, across reconnects and
//! processes; boards that hear of changes; and nobody who hears what they may not.

use std::time::Duration;

use futures_util::future::join_all;
use harness::drive::{id, sequences, text};
use harness::live::{Frame, Subscription, Transport};
use harness::{Client, Engine, TestApp, both_dbs, eventually, run, within};
use serde_json::{Value, json};

both_dbs![
    a_subscription_sends_history_and_then_what_happens,
    a_subscription_resumes_after_its_cursor,
    sixteen_writers_are_heard_without_gap_or_repeat,
    a_watcher_who_reconnects_all_the_time_misses_nothing,
    a_board_hears_of_what_passes_its_filter,
    who_comes_is_not_told_what_happened_before,
    an_unknown_incident_or_cursor_is_refused,
    a_server_that_stops_says_goodbye,
];

const TIMELINE: &str =
    "subscription($id: ID!, $after: String) { timeline(incidentId: $id, after: $after) { cursor node { sequence kind text } } }";
const CHANGED: &str =
    "subscription($filter: IncidentFilter) { incidentChanged(filter: $filter) { reference name status severity version } }";
const TRANSPORTS: [Transport; 2] = [Transport::WebSocket, Transport::ServerSentEvents];

async fn watch(client: &Client, transport: Transport, incident: &Value, after: Option<&str>) -> Subscription {
    client.subscribe(transport, TIMELINE, json!({ "id": incident["id"], "after": after })).await
}

/// The next event, as its sequence and cursor.
async fn next(subscription: &mut Subscription) -> (i64, String) {
    let mut data = subscription.next().await;
    let edge = data["timeline"].take();
    (edge["node"]["sequence"].as_i64().expect("an event has a sequence"), text(&edge, "cursor").to_owned())
}

async fn a_subscription_sends_history_and_then_what_happens(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare("errors").await;
    sam.note(id(&incident), "before").await;
    for transport in TRANSPORTS {
        let history = sam.timeline(id(&incident)).await;
        let mut watching = watch(&sam, transport, &incident, None).await;
        for event in &history {
            let data = watching.next().await;
            assert_eq!(data["timeline"]["node"]["sequence"], event["sequence"]);
        }
        sam.note(id(&incident), "now").await;
        let data = watching.next().await;
        assert_eq!(data["timeline"]["node"]["text"], "now");
        assert_eq!(data["timeline"]["node"]["sequence"], history.len() + 1);
        // Other mutations are heard too, no matter who made them.
        app.responder("Kim").await.incident_of("changeSeverity", json!({ "incidentId": incident["id"], "severity": if transport == Transport::WebSocket { "MINOR" } else { "CRITICAL" }, "reason": "less" })).await;
        assert_eq!(watching.next().await["timeline"]["node"]["kind"], "SEVERITY_CHANGED");
        assert!(watching.is_silent());
    }
}

async fn a_subscription_resumes_after_its_cursor(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare("errors").await;
    for number in 2..=5 {
        sam.note(id(&incident), &format!("note {number}")).await;
    }
    for transport in TRANSPORTS {
        let mut watching = watch(&sam, transport, &incident, None).await;
        let mut cursor = String::new();
        for expected in 1..=3 {
            let (sequence, at) = next(&mut watching).await;
            assert_eq!(sequence, expected);
            cursor = at;
        }
        drop(watching);
        let mut again = watch(&sam, transport, &incident, Some(&cursor)).await;
        assert_eq!(next(&mut again).await.0, 4);
        let (_, end) = next(&mut again).await;
        let mut at_end = watch(&sam, transport, &incident, Some(&end)).await;
        let total = sam.note(id(&incident), "later").await["sequence"].as_i64().unwrap();
        for watching in [&mut again, &mut at_end] {
            let mut sequence = 5;
            while sequence < total {
                let heard = next(watching).await.0;
                assert_eq!(heard, sequence + 1);
                sequence = heard;
            }
        }
        // A cursor of a page is a cursor of the subscription, and the other way round.
        let page = sam.incident("INC-1", &format!("timeline(first: 1, after: \"{cursor}\") {{ nodes {{ sequence }} }}")).await;
        assert_eq!(page["timeline"]["nodes"][0]["sequence"], 4);
    }
}

/// Writes `each` notes by each of `writers`.
async fn write_all(writers: &[Client], incident: &Value, each: usize) {
    join_all(writers.iter().map(async |writer| {
        for number in 0..each {
            writer.note(id(incident), &format!("{number}")).await;
        }
    }))
    .await;
}

/// Hears events until `total`, each once and in order.
async fn hear_all(mut watching: Subscription, mut sequence: i64, total: i64) {
    while sequence < total {
        let (heard, _) = next(&mut watching).await;
        assert_eq!(heard, sequence + 1);
        sequence = heard;
    }
    assert!(watching.is_silent());
}

async fn sixteen_writers_are_heard_without_gap_or_repeat(app: &TestApp) {
    const EACH: usize = 10;
    let total = 1 + 16 * i64::try_from(EACH).unwrap();
    let sam = app.responder("Sam").await;
    let incident = sam.declare("errors").await;
    let second = match app.engine() {
        Engine::Sqlite => None,
        Engine::Postgres => Some(app.second_process().await),
    };
    let other = second.as_ref().map_or(sam.clone(), |second| sam.at(second));
    let writers: Vec<Client> = (0..16).map(|number| if number % 2 == 0 { sam.clone() } else { other.clone() }).collect();
    // Watchers at both servers and over both transports; some start halfway through.
    let mut early = Vec::new();
    for client in [&sam, &other] {
        for transport in TRANSPORTS {
            early.push(watch(client, transport, &incident, None).await);
        }
    }
    let late = async {
        let mut hearing = Vec::new();
        for number in 0..8 {
            let client = if number % 2 == 0 { &sam } else { &other };
            hearing.push(watch(client, TRANSPORTS[number / 2 % 2], &incident, None).await);
        }
        join_all(hearing.into_iter().map(|watching| hear_all(watching, 0, total))).await;
    };
    let heard = join_all(early.into_iter().map(|watching| hear_all(watching, 0, total)));
    within("all events are heard", Duration::from_secs(60), async { tokio::join!(write_all(&writers, &incident, EACH), heard, late) })
        .await;
    if let Some(second) = second {
        second.stop().await;
    }
}

async fn a_watcher_who_reconnects_all_the_time_misses_nothing(app: &TestApp) {
    const EACH: usize = 8;
    let total = 1 + 8 * i64::try_from(EACH).unwrap();
    let sam = app.responder("Sam").await;
    let incident = sam.declare("errors").await;
    let second = match app.engine() {
        Engine::Sqlite => None,
        Engine::Postgres => Some(app.second_process().await),
    };
    let servers = [sam.clone(), second.as_ref().map_or(sam.clone(), |second| sam.at(second))];
    let hear = async {
        let (mut sequence, mut cursor, mut connections) = (0, None, 0);
        while sequence < total {
            let (server, transport) = (&servers[connections % 2], TRANSPORTS[connections / 2 % 2]);
            let mut watching = watch(server, transport, &incident, cursor.as_deref()).await;
            // Three events a connection, then it is cut off in the middle.
            for _ in 0..3.min(total - sequence) {
                let (heard, at) = next(&mut watching).await;
                assert_eq!(heard, sequence + 1, "connection {connections}");
                (sequence, cursor) = (heard, Some(at));
            }
            connections += 1;
        }
    };
    let writers = vec![sam.clone(); 8];
    within("all events are heard", Duration::from_secs(60), async { tokio::join!(write_all(&writers, &incident, EACH), hear) }).await;
    if let Some(second) = second {
        second.stop().await;
    }
}

/// The next change of another incident than the one that knocked, which was declared before the first.
async fn next_change(board: &mut Subscription) -> String {
    loop {
        let data = board.next().await;
        let number: u32 = text(&data["incidentChanged"], "reference")[4..].parse().unwrap();
        if number > 1 {
            return format!("INC-{}", number - 1);
        }
    }
}

async fn a_board_hears_of_what_passes_its_filter(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let site = sam.add_site("example.org").await;
    let at = match app.engine() {
        Engine::Sqlite => None,
        Engine::Postgres => Some(app.second_process().await),
    };
    let watcher = at.as_ref().map_or(sam.clone(), |server| sam.at(server));
    let mut boards = Vec::new();
    for (filter, expected) in [
        (json!(null), None),
        (json!({ "severity": ["CRITICAL"] }), Some("INC-2")),
        (json!({ "siteId": site }), Some("INC-3")),
        (json!({ "status": ["FIXING"] }), Some("INC-1")),
        (json!({ "text": "second" }), Some("INC-2")),
    ] {
        let board = watcher.subscribe(TRANSPORTS[boards.len() % 2], CHANGED, json!({ "filter": filter })).await;
        boards.push((filter, board, expected));
    }
    // A board has no cursor: knock until each of them hears it, then start.
    let knock = sam.declare_with(json!({ "name": "second knock", "severity": "CRITICAL", "siteIds": [site] })).await;
    sam.incident_of("changeStatus", json!({ "incidentId": knock["id"], "status": "FIXING" })).await;
    let mut number = 0;
    for (filter, board, _) in &mut boards {
        let first = eventually("the board is notified", Duration::from_secs(20), async || {
            number += 1;
            sam.note(id(&knock), &format!("knock {number}")).await;
            tokio::time::timeout(Duration::from_millis(300), board.frame()).await.ok()
        })
        .await;
        assert!(matches!(first, Frame::Next(_)), "{filter}: {first:?}");
    }
    // Changes of one incident that come together are told together, so each is heard before the next is made.
    let declare = async |input: Value| sam.declare_with(input).await;
    let one = declare(json!({ "name": "the first", "severity": "MINOR" })).await;
    assert_eq!(next_change(&mut boards[0].1).await, "INC-1");
    declare(json!({ "name": "the second", "severity": "CRITICAL" })).await;
    assert_eq!(next_change(&mut boards[0].1).await, "INC-2");
    declare(json!({ "name": "the third", "severity": "MINOR", "siteIds": [site] })).await;
    assert_eq!(next_change(&mut boards[0].1).await, "INC-3");
    sam.incident_of("changeStatus", json!({ "incidentId": one["id"], "status": "FIXING" })).await;
    assert_eq!(next_change(&mut boards[0].1).await, "INC-1");
    for (filter, board, expected) in &mut boards {
        if let Some(expected) = expected {
            assert_eq!(next_change(board).await, *expected, "{filter}");
        }
        while !board.is_silent() {
            let late = board.next().await;
            assert_eq!(text(&late["incidentChanged"], "reference"), "INC-1", "nothing but a late knock: {filter}");
        }
    }
    if let Some(server) = at {
        server.stop().await;
    }
}

/// Nobody had watched, so nobody had heard of it: it is no news all the same.
async fn who_comes_is_not_told_what_happened_before(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let silent = sam.declare("changes without a wake-up").await;
    for transport in TRANSPORTS {
        for _ in 0..3 {
            let old = sam.declare("old").await;
            sam.note(id(&old), "before anybody came").await;
            app.advance(Duration::from_secs(20));
        }
        let mut boards = Vec::new();
        for _ in 0..2 {
            boards.push(sam.subscribe(transport, CHANGED, json!({})).await);
        }
        // Only the look at everything finds this change, and it finds those from before with it.
        for board in &mut boards {
            let first = eventually("the look at everything comes", Duration::from_secs(30), async || {
                change_silently(app).await;
                tokio::time::timeout(Duration::from_millis(300), board.frame()).await.ok()
            })
            .await;
            let Frame::Next(data) = first else { panic!("a change was expected, but got {first:?}") };
            assert_eq!(data["incidentChanged"]["reference"], silent["reference"]);
        }
    }
}

/// Changes the first incident, and tells nobody.
async fn change_silently(app: &TestApp) {
    use entity::incident::{Column, Entity};
    use sea_orm::sea_query::{Expr, ExprTrait};
    use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
    let later = Entity::update_many().filter(Column::Number.eq(1)).col_expr(Column::Version, Expr::col(Column::Version).add(1));
    later.col_expr(Column::ChangedAt, Expr::val(app.now())).exec(app.domain.db.write()).await.unwrap();
}

async fn an_unknown_incident_or_cursor_is_refused(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare("errors").await;
    for transport in TRANSPORTS {
        for (variables, code) in [
            (json!({ "id": "inc_00000000000000000000000000000001" }), "NOT_FOUND"),
            (json!({ "id": "per_00000000000000000000000000000001" }), "BAD_USER_INPUT"),
            (json!({ "id": incident["id"], "after": "nonsense" }), "BAD_USER_INPUT"),
        ] {
            let (refused, results) = sam.subscribe(transport, TIMELINE, variables.clone()).await.end().await;
            assert_eq!((refused.as_str(), results.len()), (code, 0), "{transport:?} {variables}");
        }
    }
}

async fn a_server_that_stops_says_goodbye(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare("errors").await;
    let mut watching = Vec::new();
    for transport in TRANSPORTS {
        let mut subscription = watch(&sam, transport, &incident, None).await;
        next(&mut subscription).await;
        watching.push(subscription);
    }
    app.begin_shutdown();
    let (code, _) = watching[0].end().await;
    assert_eq!(code, "1001", "a WebSocket learns that the server is going away");
    // A stream that was cut has no `complete`: the client should connect again.
    assert!(matches!(watching[1].frame().await, Frame::Closed(_)));
}

/// PostgreSQL may end the connection that listens for the changes of other processes, e.g. when it restarts: nothing is lost.
#[test]
fn a_lost_listener_comes_back_and_nothing_is_missed() {
    run(Engine::Postgres, async |app| {
        let second = app.second_process().await;
        let sam = app.responder("Sam").await;
        let incident = sam.declare("errors").await;
        let mut watching = watch(&sam.at(&second), Transport::WebSocket, &incident, None).await;
        assert_eq!(next(&mut watching).await.0, 1);
        for round in 0..3 {
            kill_listeners(app).await;
            let mut expected = 1 + round * 5;
            for _ in 0..5 {
                sam.note(id(&incident), "after the cut").await;
            }
            let target = expected + 5;
            while expected < target {
                expected += 1;
                assert_eq!(next(&mut watching).await.0, expected);
            }
        }
        second.stop().await;
    });
}

/// Ends every connection to this test's database whose last statement was LISTEN.
async fn kill_listeners(app: &TestApp) {
    use sea_orm::{ConnectionTrait, DbBackend, Statement};
    let kill = "SELECT count(pg_terminate_backend(pid)) AS killed FROM pg_stat_activity \
                WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE 'LISTEN%'";
    eventually("both listeners are there to be killed", Duration::from_secs(20), async || {
        let count = "SELECT count(*) AS killed FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'";
        let rows = app.domain.db.read().query_one_raw(Statement::from_string(DbBackend::Postgres, count)).await.unwrap().unwrap();
        (rows.try_get::<i64>("", "killed").unwrap() >= 2).then_some(())
    })
    .await;
    let row = app.domain.db.read().query_one_raw(Statement::from_string(DbBackend::Postgres, kill)).await.unwrap().unwrap();
    assert!(row.try_get::<i64>("", "killed").unwrap() >= 2);
}

/// On one server only the tail decides how soon an event is heard.
#[test]
fn an_event_is_heard_within_a_moment() {
    run(Engine::Sqlite, async |app| {
        let sam = app.responder("Sam").await;
        let incident = sam.declare("errors").await;
        let mut watching = watch(&sam, Transport::WebSocket, &incident, None).await;
        next(&mut watching).await;
        let mut late = 0;
        for _ in 0..20 {
            let start = std::time::Instant::now();
            sam.note(id(&incident), "now").await;
            next(&mut watching).await;
            late += usize::from(start.elapsed() > Duration::from_secs(2));
        }
        // If only the check every five seconds found them, most would be late.
        assert!(late <= 5, "{late} of 20 were late");
        assert_eq!(sequences(&sam.timeline(id(&incident)).await).len(), 21);
    });
}
