//! Lists: every order pages both ways without repeating or losing a row, also where many rows are alike; filters narrow; the
//! catalogue of sites and clients keeps what it was given.

use std::time::Duration;

use harness::drive::{id, text};
use harness::{Client, Engine, TestApp, both_dbs, run};
use serde_json::{Value, json};

both_dbs![
    every_order_pages_both_ways_through_rows_that_are_alike,
    orders_mean_what_they_say,
    filters_narrow_the_board,
    lists_by_name_page_through_equal_names,
    a_saved_site_keeps_what_is_left_out,
    a_saved_client_has_the_contacts_it_was_given_last,
];

/// Walks a list from one end to the other by pages of `size`, and returns the ids in the list's order.
async fn walk(client: &Client, list: &str, arguments: &str, size: usize, backwards: bool) -> Vec<String> {
    let (count, cursor, more, end) =
        if backwards { ("last", "before", "hasPreviousPage", "startCursor") } else { ("first", "after", "hasNextPage", "endCursor") };
    let mut ids: Vec<String> = Vec::new();
    let mut place = Value::Null;
    loop {
        let query = format!(
            "query($at: String) {{ {list}({arguments} {count}: {size}, {cursor}: $at) {{ nodes {{ id }} pageInfo {{ {more} {end} }} }} }}"
        );
        let mut data = client.query(&query, json!({ "at": place })).await;
        let page = &mut data[list];
        let found: Vec<String> = page["nodes"].as_array().unwrap().iter().map(|node| id(node).to_owned()).collect();
        assert!(found.len() <= size);
        if backwards {
            ids.splice(0..0, found)
        } else {
            ids.splice(ids.len().., found)
        };
        place = page["pageInfo"][end].take();
        if page["pageInfo"][more] != true {
            return ids;
        }
    }
}

async fn every_order_pages_both_ways_through_rows_that_are_alike(app: &TestApp) {
    let sam = app.responder("Sam").await;
    for number in 0..13 {
        let severity = ["CRITICAL", "MINOR"][number % 2];
        sam.declare_with(json!({ "name": "the same", "severity": severity })).await;
        if number % 5 == 4 {
            app.advance(Duration::from_secs(40 * 60));
        }
    }
    for order in ["NEWEST", "OLDEST", "MOST_SEVERE", "RECENTLY_CHANGED"] {
        let arguments = format!("orderBy: {order},");
        let whole = walk(&sam, "incidents", &arguments, 200, false).await;
        let mut distinct = whole.clone();
        distinct.sort();
        distinct.dedup();
        assert_eq!(distinct.len(), 13, "{order}");
        for size in [1, 3, 13] {
            assert_eq!(walk(&sam, "incidents", &arguments, size, false).await, whole, "{order} forwards by {size}");
            assert_eq!(walk(&sam, "incidents", &arguments, size, true).await, whole, "{order} backwards by {size}");
        }
    }
}

async fn orders_mean_what_they_say(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let mut incidents = Vec::new();
    for severity in ["MINOR", "CRITICAL", "TRIVIAL", "MAJOR", "CRITICAL"] {
        incidents.push(sam.declare_with(json!({ "name": severity, "severity": severity })).await);
        app.advance(Duration::from_secs(60));
    }
    sam.note(id(&incidents[1]), "news").await;
    for (order, expected) in [
        ("NEWEST", [5, 4, 3, 2, 1]),
        ("OLDEST", [1, 2, 3, 4, 5]),
        // Among equals, the one that waits longest.
        ("MOST_SEVERE", [2, 5, 4, 1, 3]),
        ("RECENTLY_CHANGED", [2, 5, 4, 3, 1]),
    ] {
        let found = sam.query(&format!("{{ incidents(orderBy: {order}) {{ nodes {{ reference }} }} }}"), json!({})).await;
        let references: Vec<&str> = found["incidents"]["nodes"].as_array().unwrap().iter().map(|node| text(node, "reference")).collect();
        assert_eq!(references, expected.map(|number| format!("INC-{number}")), "{order}");
        let others = ["NEWEST", "MOST_SEVERE", "RECENTLY_CHANGED"].into_iter().filter(|other| *other != order);
        let cursor = sam.query(&format!("{{ incidents(orderBy: {order}, first: 1) {{ pageInfo {{ endCursor }} }} }}"), json!({})).await;
        let cursor = text(&cursor["incidents"]["pageInfo"], "endCursor");
        for other in others.filter(|other| (order, *other) != ("OLDEST", "NEWEST")) {
            let query = format!("{{ incidents(orderBy: {other}, after: \"{cursor}\") {{ nodes {{ id }} }} }}");
            let refusal = sam.try_query(&query, json!({})).await.expect_refusal("a cursor of another order");
            assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", "after"), "{order} {other}: {refusal:?}");
        }
    }
}

async fn filters_narrow_the_board(app: &TestApp) {
    let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
    let (site, client) = (sam.add_site("example.org").await, sam.add_client("Example Ltd").await);
    sam.report("one").await;
    sam.declare_with(json!({ "name": "two", "severity": "CRITICAL", "siteIds": [site], "flags": ["DATA_BREACH", "RECURRING"] })).await;
    app.advance(Duration::from_secs(60));
    let three = sam.declare_with(json!({ "name": "three", "severity": "MINOR", "affectedClientIds": [client], "leadId": kim.id() })).await;
    let four = sam.declare_with(json!({ "name": "four", "severity": "MINOR", "description": "checkout fails" })).await;
    sam.note(id(&three), "the disk is full").await;
    sam.resolve(id(&four)).await;
    for (filter, expected) in [
        (json!({}), "1 2 3 4"),
        (json!({ "status": ["TRIAGE", "RESOLVED"] }), "1 4"),
        (json!({ "status": [] }), ""),
        (json!({ "live": true }), "2 3"),
        (json!({ "live": false }), "1 4"),
        (json!({ "severity": ["MINOR"] }), "1 3 4"),
        (json!({ "siteId": site }), "2"),
        (json!({ "clientId": client }), "3"),
        (json!({ "personId": kim.id() }), "3"),
        (json!({ "flag": "DATA_BREACH" }), "2"),
        (json!({ "flag": "SECURITY_BREACH" }), ""),
        (json!({ "declaredAfter": "2026-11-22T03:01:00Z" }), "3 4"),
        (json!({ "declaredBefore": "2026-11-22T03:00:59.999999Z" }), "2"),
        (json!({ "text": "CHECKOUT" }), "4"),
        (json!({ "text": "full disk" }), "3"),
        (json!({ "text": "three full" }), "3"),
        (json!({ "text": "three checkout" }), ""),
        (json!({ "live": true, "severity": ["MINOR"], "personId": kim.id() }), "3"),
    ] {
        let query = "query($f: IncidentFilter) { incidents(filter: $f, orderBy: OLDEST) { totalCount nodes { reference } } }";
        let found = sam.query(query, json!({ "f": filter })).await;
        let numbers: Vec<&str> = found["incidents"]["nodes"].as_array().unwrap().iter().map(|node| &text(node, "reference")[4..]).collect();
        assert_eq!(numbers.join(" "), expected, "{filter}");
        assert_eq!(found["incidents"]["totalCount"], numbers.len(), "{filter}");
    }
}

async fn lists_by_name_page_through_equal_names(app: &TestApp) {
    let sam = app.responder("Sam").await;
    for name in ["b", "a", "Zoë", "a", "ä", "a", "A", "🦀", "a.b", "n0"] {
        sam.add_site(name).await;
        sam.add_client(name).await;
        app.viewer(name).await;
    }
    for list in ["sites", "clients", "people"] {
        let whole = walk(&sam, list, "", 200, false).await;
        assert_eq!(whole.len(), if list == "people" { 11 } else { 10 }, "{list}");
        for size in [1, 3] {
            assert_eq!(walk(&sam, list, "", size, false).await, whole, "{list} by {size}");
        }
    }
    let found = sam.query("{ sites(text: \"zoë\") { nodes { name } } clients(text: \"A.B\") { nodes { name } } }", json!({})).await;
    assert_eq!(found["clients"]["nodes"], json!([{ "name": "a.b" }]));
    assert_eq!(found["sites"]["nodes"], json!([{ "name": "Zoë" }]));
}

async fn a_saved_site_keeps_what_is_left_out(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let client = sam.add_client("Example Ltd").await;
    const SITE: &str = "site { id name url repository runbook importance expected client { name } }";
    let site = sam
        .mutate(
            "saveSite",
            json!({
                "name": "example.org", "url": "https://example.org", "repository": "https://git.example.org/x", "clientId": client,
                "runbook": "https://docs.example.org", "importance": "HIGH", "expected": "Nightly 502s while it backs up."
            }),
            SITE,
        )
        .await;
    let renamed = sam.mutate("saveSite", json!({ "id": site["site"]["id"], "name": "www.example.org" }), SITE).await;
    let mut expected = site["site"].clone();
    expected["name"] = json!("www.example.org");
    assert_eq!(renamed["site"], expected);
    assert_eq!((&expected["importance"], &expected["client"]["name"]), (&json!("HIGH"), &json!("Example Ltd")));
    let sites = sam.node(&client, "Client { sites { name } }").await;
    assert_eq!(sites["sites"], json!([{ "name": "www.example.org" }]));
}

async fn a_saved_client_has_the_contacts_it_was_given_last(app: &TestApp) {
    let sam = app.responder("Sam").await;
    const CLIENT: &str = "client { id name importance zendeskOrganizationId contacts { name email kind } }";
    let client = sam.add_client("Example Ltd").await;
    let save = |rest: Value| {
        let mut input = rest;
        input["id"] = json!(client);
        input
    };
    let kept = sam.mutate("saveClient", save(json!({ "name": "Example plc", "zendeskOrganizationId": "42" })), CLIENT).await;
    assert_eq!(kept["client"]["contacts"], json!([{ "name": "Kim", "email": "kim@example.org", "kind": "SENIOR" }]));
    let contacts = json!([{ "name": "Zed", "email": "ZED@example.org" }, { "name": "Ann", "email": "ann@example.org", "kind": "SENIOR" }]);
    let given = sam.mutate("saveClient", save(json!({ "name": "Example plc", "contacts": contacts })), CLIENT).await;
    assert_eq!(
        given["client"]["contacts"],
        json!([{ "name": "Ann", "email": "ann@example.org", "kind": "SENIOR" }, { "name": "Zed", "email": "zed@example.org", "kind": "REGULAR" }])
    );
    assert_eq!(given["client"]["zendeskOrganizationId"], "42");
    let none = sam.mutate("saveClient", save(json!({ "name": "Example plc", "contacts": [] })), CLIENT).await;
    assert_eq!(none["client"]["contacts"], json!([]));
    let twice = json!([{ "name": "Ann", "email": "ann@example.org" }, { "name": "Ann", "email": "Ann@example.org" }]);
    let refusal = sam.refused("saveClient", save(json!({ "name": "Example plc", "contacts": twice }))).await;
    assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", "contacts.email"));
}

/// The console's board: what it shows of an incident must not be asked for incident by incident.
#[test]
fn a_board_of_forty_costs_the_database_what_a_board_of_one_does() {
    run(Engine::Postgres, a_board_of_many_incidents);
}

async fn a_board_of_many_incidents(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let (site, client) = (sam.add_site("example.org").await, sam.add_client("Example Ltd").await);
    for number in 0..40 {
        sam.declare_with(json!({
            "name": format!("errors {number}"), "severity": "MAJOR", "leadId": sam.id(), "siteIds": [site], "affectedClientIds": [client]
        }))
        .await;
    }
    let board = "{ incidents(first: FIRST) { totalCount nodes { reference lead { name } sites { name client { name } } roles { person { name } } \
        affectedClients { client { name contacts { name } } } goals { goal metAt metBy { name } } latestUpdate { text actor { name } } \
        actions { title assignee { name } } alerts { title } attachments { fileName } timeline(last: 3) { nodes { text actor { name } attachments { id } } } } } }";
    app.assert_reads_in_batches(&sam, board, (1, 40), 30).await;
}
