//! Bad input of every kind: a clear refusal with its code and field, nothing half done, and a server that still answers.

use harness::drive::{id, text};
use harness::{Client, TestApp, both_dbs};
use serde_json::{Value, json};

both_dbs![
    malformed_ids_and_ids_of_other_kinds_are_refused_by_field,
    strange_names_and_texts_are_refused_by_field,
    lists_have_bounds,
    implausible_dates_are_refused,
    pages_of_impossible_sizes_are_refused,
    cursors_of_other_lists_are_refused,
    searches_survive_any_text,
    references_are_read_as_people_write_them,
    huge_and_twisted_documents_are_refused,
    what_is_not_a_request_is_refused,
    a_body_of_fifty_megabytes_is_refused,
    wrong_types_are_refused,
    an_unknown_address_is_reported_as_such,
];

const NOTHING: &str = "00000000000000000000000000000001";

/// The server still answers, and the database holds this many incidents.
async fn still_fine(client: &Client, incidents: i64) {
    assert_eq!(client.get("/healthz").await.status(), 200);
    let found = client.query("{ incidents { totalCount } }", json!({})).await;
    assert_eq!(found["incidents"]["totalCount"], incidents);
}

async fn refused(client: &Client, mutation: &str, input: Value, code: &str, field: &str) {
    let refusal = client.refused(mutation, input.clone()).await;
    let shown: String = input.to_string().chars().take(200).collect();
    assert_eq!((refusal.code(), refusal.field()), (code, field), "{mutation} {shown}: {}", refusal.message());
    assert!(refusal.message().chars().count() < 500, "{mutation}: a message that nobody reads");
}

async fn malformed_ids_and_ids_of_other_kinds_are_refused_by_field(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare("errors").await;
    let incident = id(&incident);
    // The field, the prefix of its ids, and the rest of the input.
    for (mutation, field, prefix, rest, code) in [
        ("declineIncident", "incidentId", "inc", json!({ "reason": "no" }), "NOT_FOUND"),
        ("updateIncident", "incidentId", "inc", json!({ "name": "n" }), "NOT_FOUND"),
        ("declareIncident", "incidentId", "inc", json!({ "severity": "MAJOR" }), "NOT_FOUND"),
        ("declareIncident", "leadId", "per", json!({ "severity": "MAJOR", "name": "n" }), "BAD_USER_INPUT"),
        ("mergeIncident", "intoIncidentId", "inc", json!({ "incidentId": incident }), "NOT_FOUND"),
        ("assignRole", "personId", "per", json!({ "incidentId": incident, "role": "RESPONDER" }), "BAD_USER_INPUT"),
        ("endRole", "roleAssignmentId", "rol", json!({}), "NOT_FOUND"),
        ("shareIncident", "personId", "per", json!({ "incidentId": incident }), "NOT_FOUND"),
        ("markClientAffected", "clientId", "cli", json!({ "incidentId": incident }), "NOT_FOUND"),
        ("settleAction", "actionId", "act", json!({ "state": "DONE" }), "NOT_FOUND"),
        ("addTimelineEvent", "incidentId", "inc", json!({ "kind": "NOTE", "text": "t" }), "NOT_FOUND"),
        ("amendTimelineEvent", "eventId", "evt", json!({ "text": "t" }), "NOT_FOUND"),
        ("starTimelineEvent", "eventId", "evt", json!({ "starred": true }), "NOT_FOUND"),
        ("saveSite", "id", "sit", json!({ "name": "n" }), "NOT_FOUND"),
        ("saveSite", "clientId", "cli", json!({ "name": "n" }), "BAD_USER_INPUT"),
        ("saveClient", "id", "cli", json!({ "name": "n" }), "NOT_FOUND"),
        ("revokeApiToken", "tokenId", "tok", json!({}), "NOT_FOUND"),
    ] {
        let with = |value: &str| {
            let mut input = rest.clone();
            input[field] = json!(value);
            input
        };
        let unknown_field = if code == "NOT_FOUND" { "" } else { field };
        refused(&sam, mutation, with(&format!("{prefix}_{NOTHING}")), code, unknown_field).await;
        let other_kind = if prefix == "evt" { "inc" } else { "evt" };
        let shouted = format!("{}_{NOTHING}", prefix.to_uppercase());
        for wrong in
            [format!("{other_kind}_{NOTHING}"), NOTHING.into(), "".into(), "INC-1".into(), format!("{prefix}_1"), shouted, "🦀".into()]
        {
            refused(&sam, mutation, with(&wrong), "BAD_USER_INPUT", field).await;
        }
    }
    for wrong in ["", "x", "zzz_1", "inc_", "inc_xyz", &format!("abc_{NOTHING}"), "\0"] {
        let answer = sam.try_query("query($id: ID!) { node(id: $id) { id } }", json!({ "id": wrong })).await;
        assert_eq!(answer.code(), "BAD_USER_INPUT", "{wrong:?}: {answer:?}");
    }
    still_fine(&sam, 1).await;
}

async fn strange_names_and_texts_are_refused_by_field(app: &TestApp) {
    let (sam, ada) = (app.responder("Sam").await, app.admin().await);
    let incident = sam.declare("errors").await;
    let incident = id(&incident);
    let long = "n".repeat(100_000);
    let bad_names = ["", " \t ", "a\nb", "nul\0", "bell\u{7}", "\u{202e}evil", &long];
    for (mutation, field, rest) in [
        ("reportIncident", "name", json!({})),
        ("declareIncident", "name", json!({ "severity": "MAJOR" })),
        ("updateIncident", "name", json!({ "incidentId": incident })),
        ("addAction", "title", json!({ "incidentId": incident })),
        ("saveSite", "name", json!({})),
        ("saveClient", "name", json!({})),
        ("createApiToken", "name", json!({ "accessLevel": "VIEWER" })),
    ] {
        for bad in bad_names {
            let mut input = rest.clone();
            input[field] = json!(bad);
            refused(&sam, mutation, input, "BAD_USER_INPUT", field).await;
        }
    }
    for bad in bad_names {
        let input = json!({ "name": bad, "email": "kim@example.org", "accessLevel": "VIEWER" });
        refused(&ada, "invitePerson", input, "BAD_USER_INPUT", "name").await;
    }
    for (mutation, field, rest) in [
        ("addTimelineEvent", "text", json!({ "incidentId": incident, "kind": "NOTE" })),
        ("postUpdate", "text", json!({ "incidentId": incident })),
        ("changeSeverity", "reason", json!({ "incidentId": incident, "severity": "MINOR" })),
        ("confirmGoal", "evidence", json!({ "incidentId": incident, "goal": "contain" })),
        ("resolveIncident", "summary", json!({ "incidentId": incident })),
        ("reopenIncident", "reason", json!({ "incidentId": incident })),
        ("declineIncident", "reason", json!({ "incidentId": incident })),
    ] {
        for bad in ["", "\n\n", "nul\0", "bell\u{7}", &long] {
            let mut input = rest.clone();
            input[field] = json!(bad);
            refused(&sam, mutation, input, "BAD_USER_INPUT", field).await;
        }
    }
    for (mutation, field, input) in [
        ("saveSite", "url", json!({ "name": "n", "url": "javascript:alert(1)" })),
        ("saveSite", "repository", json!({ "name": "n", "repository": "not a url" })),
        ("saveClient", "contacts.email", json!({ "name": "n", "contacts": [{ "name": "Kim", "email": "kim" }] })),
        ("updateIncident", "impact.users", json!({ "incidentId": incident, "impact": { "users": -1 } })),
    ] {
        refused(&sam, mutation, input, "BAD_USER_INPUT", field).await;
    }
    // Nothing was half done.
    assert_eq!(
        sam.incident("INC-1", "version name timeline { totalCount }").await,
        json!({ "version": 1, "name": "errors", "timeline": { "totalCount": 1 } })
    );
    let rest = sam.query("{ sites { nodes { id } } clients { nodes { id } } people { nodes { id } } }", json!({})).await;
    assert_eq!((&rest["sites"]["nodes"], &rest["clients"]["nodes"]), (&json!([]), &json!([])));
    assert_eq!(rest["people"]["nodes"].as_array().unwrap().len(), 2);
    still_fine(&sam, 1).await;
}

async fn lists_have_bounds(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let site = sam.add_site("example.org").await;
    let many: Vec<String> = (0..101).map(|number| format!("sit_{number:032x}")).collect();
    refused(&sam, "reportIncident", json!({ "name": "n", "siteIds": many }), "BAD_USER_INPUT", "siteIds").await;
    refused(&sam, "reportIncident", json!({ "name": "n", "siteIds": [site, format!("sit_{NOTHING}")] }), "BAD_USER_INPUT", "siteIds").await;
    let contacts: Vec<Value> = (0..101).map(|number| json!({ "name": "Kim", "email": format!("kim{number}@example.org") })).collect();
    refused(&sam, "saveClient", json!({ "name": "n", "contacts": contacts }), "BAD_USER_INPUT", "contacts").await;
    let answer =
        sam.try_query("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", json!({ "ids": vec![format!("inc_{NOTHING}"); 101] })).await;
    assert_eq!((answer.code(), answer.errors[0].field()), ("BAD_USER_INPUT", "ids"));
    still_fine(&sam, 0).await;
}

async fn implausible_dates_are_refused(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare("errors").await;
    let incident = id(&incident);
    for date in ["9999-12-31T23:59:59Z", "2026-11-22T03:05:01Z", "1970-01-01T00:00:00Z", "0000-01-01T00:00:00Z"] {
        for (mutation, field, rest) in [
            ("addTimelineEvent", "occurredAt", json!({ "incidentId": incident, "kind": "NOTE", "text": "t" })),
            ("declareIncident", "impactStartedAt", json!({ "name": "n", "severity": "MAJOR" })),
            ("updateIncident", "impactStartedAt", json!({ "incidentId": incident })),
            ("updateIncident", "impactEndedAt", json!({ "incidentId": incident })),
        ] {
            let mut input = rest;
            input[field] = json!(date);
            refused(&sam, mutation, input, "BAD_USER_INPUT", field).await;
        }
    }
    for date in ["1999-01-01T00:00:00Z", "2026-11-22T03:00:00Z", "9999-12-31T23:59:59Z"] {
        let input = json!({ "name": "script", "accessLevel": "VIEWER", "expiresAt": date });
        refused(&sam, "createApiToken", input, "BAD_USER_INPUT", "expiresAt").await;
    }
    for date in ["yesterday", "2026-13-01T00:00:00Z", "2026-11-22", "+262143-01-01T00:00:00Z", ""] {
        let input = json!({ "incidentId": incident, "kind": "NOTE", "text": "t", "occurredAt": date });
        assert_eq!(sam.refused("addTimelineEvent", input).await.code(), "BAD_USER_INPUT", "{date}");
    }
    // As bounds of a search any date will do.
    for date in ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "+12026-01-01T00:00:00Z", "-0001-01-01T00:00:00Z"] {
        let query = "query($t: DateTime!) { incidents(filter: { declaredAfter: $t }) { totalCount } incident(reference: \"INC-1\") { \
            timeline(filter: { since: $t, until: $t }) { totalCount nodes { id } } } }";
        let answer = sam.try_query(query, json!({ "t": date })).await;
        assert!(["", "BAD_USER_INPUT"].contains(&answer.code()), "{date}: {answer:?}");
        if answer.errors.is_empty() {
            let expected = i32::from(date.starts_with('0') || date.starts_with('-'));
            assert_eq!(answer.data["incidents"]["totalCount"], expected, "{date}");
        }
    }
    still_fine(&sam, 1).await;
}

async fn pages_of_impossible_sizes_are_refused(app: &TestApp) {
    let sam = app.responder("Sam").await;
    sam.declare("errors").await;
    for list in ["incidents", "people", "sites", "clients"] {
        for size in [-1, 201, i32::MAX, i32::MIN] {
            let answer = sam.try_query(&format!("{{ {list}(first: {size}) {{ nodes {{ id }} }} }}"), json!({})).await;
            assert_eq!((answer.code(), answer.errors[0].field()), ("BAD_USER_INPUT", "first"), "{list} {size}");
        }
        sam.query(&format!("{{ {list}(first: 200) {{ nodes {{ id }} }} }}"), json!({})).await;
    }
    for arguments in ["first: 1, last: 1", "last: -1", "last: 201"] {
        for list in [
            format!("{{ incidents({arguments}) {{ totalCount }} }}"),
            format!("{{ incident(reference: \"INC-1\") {{ timeline({arguments}) {{ totalCount }} }} }}"),
        ] {
            let answer = sam.try_query(&list, json!({})).await;
            assert_eq!((answer.code(), answer.errors[0].field()), ("BAD_USER_INPUT", "last"), "{list}");
        }
    }
    still_fine(&sam, 1).await;
}

async fn cursors_of_other_lists_are_refused(app: &TestApp) {
    let sam = app.responder("Sam").await;
    sam.declare("errors").await;
    sam.add_site("example.org").await;
    let lists = [
        ("incidents(first: 1 AFTER) { pageInfo { endCursor } }", "/incidents/pageInfo/endCursor"),
        ("sites(first: 1 AFTER) { pageInfo { endCursor } }", "/sites/pageInfo/endCursor"),
        ("incident(reference: \"INC-1\") { timeline(first: 1 AFTER) { pageInfo { endCursor } } }", "/incident/timeline/pageInfo/endCursor"),
    ];
    let ask = async |list: &str, after: Option<&str>| {
        let after = after.map(|cursor| format!(", after: {}", json!(cursor))).unwrap_or_default();
        sam.try_query(&format!("{{ {} }}", list.replace(" AFTER", &after)), json!({})).await
    };
    let mut cursors = Vec::new();
    for (list, path) in lists {
        cursors.push(text(&json!({ "c": ask(list, None).await.expect(list).pointer(path) }), "c").to_owned());
    }
    for (at, (list, _)) in lists.iter().enumerate() {
        for (of, cursor) in cursors.iter().enumerate() {
            let answer = ask(list, Some(cursor)).await;
            let expected = if at == of { "" } else { "BAD_USER_INPUT" };
            assert_eq!(answer.code(), expected, "{list} after a cursor of {}", lists[of].0);
        }
        for strange in ["", "x", "\0", "🦀", "c-1", "czk5OTk5OTk5OTk5OTk5OTk5OTk", &"A".repeat(10_000)] {
            let answer = ask(list, Some(strange)).await;
            assert_eq!((answer.code(), answer.errors[0].field()), ("BAD_USER_INPUT", "after"), "{list} {strange:?}");
        }
    }
    still_fine(&sam, 1).await;
}

async fn searches_survive_any_text(app: &TestApp) {
    let sam = app.responder("Sam").await;
    sam.declare("Österreich 100%_ \\ 'quoted'").await;
    for (words, found) in [
        ("österreich", 1),
        ("ÖSTERREICH", 1),
        ("osterr", 1),
        ("100%_", 1),
        ("1%_", 1),
        ("0%_", 0),
        ("\\", 1),
        ("'quoted'", 1),
        ("\" OR 1=1 --", 0),
        ("%", 1),
        ("quoted österr", 1),
        ("quoted erreich", 0),
    ] {
        let query = "query($t: String!) { incidents(filter: { text: $t }) { totalCount } }";
        let count = sam.query(query, json!({ "t": words })).await["incidents"]["totalCount"].as_i64().unwrap();
        assert_eq!(count, found, "{words:?}");
    }
    let long = "x".repeat(100_000);
    for words in ["nul\0", "\u{202e}", "🦀", "%_\\", " ", &"word ".repeat(50), &long] {
        for query in [
            "query($t: String!) { incidents(filter: { text: $t }) { totalCount } }",
            "query($t: String!) { people(text: $t) { nodes { id } } }",
            "query($t: String!) { sites(text: $t) { nodes { id } } }",
            "query($t: String!) { clients(text: $t) { nodes { id } } }",
            "query($t: String!) { incident(reference: \"INC-1\") { timeline(filter: { text: $t }) { totalCount nodes { id } } } }",
            "query($t: String!) { incident(reference: $t) { id } }",
        ] {
            let answer = sam.try_query(query, json!({ "t": words })).await;
            let shown: String = words.chars().take(20).collect();
            assert!(["", "BAD_USER_INPUT"].contains(&answer.code()), "{query} {shown:?}: {answer:?}");
        }
    }
    still_fine(&sam, 1).await;
}

async fn references_are_read_as_people_write_them(app: &TestApp) {
    let sam = app.responder("Sam").await;
    sam.declare("errors").await;
    for written in ["INC-1", "inc-1", "1"] {
        assert_eq!(sam.incident(written, "reference").await["reference"], "INC-1", "{written}");
    }
    for wrong in ["", "INC-", "INC-0", "INC--1", "INC-1x", "INC-99999999999999999999", "ÏNC-1", "INC-1\0"] {
        let answer = sam.try_query("query($r: String!) { incident(reference: $r) { id } }", json!({ "r": wrong })).await;
        assert_eq!((answer.code(), answer.errors[0].field()), ("BAD_USER_INPUT", "reference"), "{wrong:?}");
    }
}

async fn huge_and_twisted_documents_are_refused(app: &TestApp) {
    let sam = app.responder("Sam").await;
    sam.declare("errors").await;
    let nested = |levels: usize| {
        format!("{{ sites {{ nodes {{ {} id {} }} }} }}", "incidents { nodes { sites { ".repeat(levels / 3), "} } } ".repeat(levels / 3))
    };
    let aliases: String = (0..1_000).map(|number| format!("a{number}: viewer {{ can }} ")).collect();
    let spread: String =
        (0..40).map(|number| format!("fragment f{number} on Query {{ ...f{} ...f{} }} ", number + 1, number + 1)).collect();
    let wide =
        "{ incidents(first: 200) { nodes { timeline(first: 200) { nodes { amendments { amendments { id } } attachments { id } } } } } }";
    for (document, code) in [
        (nested(60), "QUERY_TOO_COMPLEX"),
        (format!("{{ {aliases} }}"), "QUERY_TOO_COMPLEX"),
        (format!("{{ ...f0 }} {spread} fragment f40 on Query {{ viewer {{ can }} }}"), "QUERY_TOO_COMPLEX"),
        (wide.to_owned(), "QUERY_TOO_COMPLEX"),
        (format!("{{ viewer {{ can }} {} }}", "#".repeat(200_000)), "QUERY_TOO_COMPLEX"),
        ("{".repeat(60_000), "QUERY_TOO_COMPLEX"),
        (format!("{{ incidents(filter: {}{}) {{ totalCount }} }}", "[".repeat(30_000), "]".repeat(30_000)), "QUERY_TOO_COMPLEX"),
        ("fragment a on Query { ...b } fragment b on Query { ...a } { ...a }".into(), "BAD_USER_INPUT"),
        ("{ nothing }".into(), "BAD_USER_INPUT"),
        ("{ viewer }".into(), "BAD_USER_INPUT"),
        ("".into(), "BAD_USER_INPUT"),
        ("mutation { reportIncident(input: {}) { incident { id } } }".into(), "BAD_USER_INPUT"),
        ("query a { viewer { can } } query b { viewer { can } }".into(), "BAD_USER_INPUT"),
        ("subscription { incidentChanged { id } }".into(), "BAD_USER_INPUT"),
    ] {
        let answer = sam.try_query(&document, json!({})).await;
        let shown: String = document.chars().take(80).collect();
        assert_eq!(answer.code(), code, "{shown}: {answer:?}");
        assert!(answer.data.is_null(), "{shown}");
    }
    still_fine(&sam, 1).await;
}

async fn what_is_not_a_request_is_refused(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let post = || sam.request(reqwest::Method::POST, "/graphql").header("content-type", "application/json");
    for body in [
        &b"{"[..],
        b"",
        b"null",
        b"7",
        b"\"text\"",
        b"[]",
        b"{}",
        b"{\"query\": 7}",
        b"{\"query\": \"\xff\xfe { viewer { can } }\"}",
        b"\xff\xfe\x00",
    ] {
        let response = post().body(body.to_vec()).send().await.unwrap();
        let status = response.status().as_u16();
        let answer: Value = response.json().await.expect("a refusal is JSON");
        assert_eq!(
            (status, &answer["errors"][0]["extensions"]["code"]),
            (400, &json!("BAD_USER_INPUT")),
            "{:?}",
            String::from_utf8_lossy(body)
        );
    }
    // A deep pyramid of JSON must not exhaust the stack.
    let pyramid = format!("{{\"query\": \"{{ viewer {{ can }} }}\", \"variables\": {}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(post().body(pyramid).send().await.unwrap().status().is_client_error());
    let form =
        sam.request(reqwest::Method::POST, "/graphql").header("content-type", "text/plain").body("{\"query\":\"{ viewer { can } }\"}");
    assert_eq!(form.send().await.unwrap().status(), 415);
    let by_get = "/graphql?query=mutation%7BreportIncident(input%3A%7Bname%3A%22x%22%7D)%7Bincident%7Bid%7D%7D%7D";
    assert_eq!(sam.get(by_get).await.status(), 405);
    assert_eq!(sam.get("/graphql?query=%7Bviewer%7Bcan%7D%7D").await.status(), 200);
    still_fine(&sam, 0).await;
}

async fn a_body_of_fifty_megabytes_is_refused(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let huge = "x".repeat(50 * 1024 * 1024);
    for path in ["/graphql", "/graphql/stream", "/hooks/alertmanager", "/hooks/alerts"] {
        let request = sam.request(reqwest::Method::POST, path).header("content-type", "application/json").body(huge.clone());
        // The server may answer and hang up before it has received everything.
        match request.send().await {
            Ok(response) => assert_eq!(response.status(), 413, "{path}"),
            Err(error) => assert!(error.is_request() || error.is_body(), "{path}: {error}"),
        }
    }
    still_fine(&sam, 0).await;
}

async fn wrong_types_are_refused(app: &TestApp) {
    let sam = app.responder("Sam").await;
    for input in [
        json!({ "name": 7 }),
        json!({ "name": null }),
        json!({ "name": ["a"] }),
        json!({ "name": "n", "surprise": true }),
        json!({ "name": "n", "siteIds": "x" }),
        json!({ "name": "n", "siteIds": [null] }),
        json!("n"),
        json!(null),
    ] {
        let refusal = sam.refused("reportIncident", input.clone()).await;
        assert_eq!(refusal.code(), "BAD_USER_INPUT", "{input}");
    }
    for severity in [json!("TERRIBLE"), json!("major"), json!(1), json!(null)] {
        assert_eq!(sam.refused("declareIncident", json!({ "name": "n", "severity": severity })).await.code(), "BAD_USER_INPUT");
    }
    for version in [json!(1.5), json!(i64::MAX), json!("1")] {
        let incident = json!({ "incidentId": format!("inc_{NOTHING}"), "name": "n", "expectedVersion": version });
        assert_eq!(sam.refused("updateIncident", incident).await.code(), "BAD_USER_INPUT", "{version}");
    }
    still_fine(&sam, 0).await;
}

async fn an_unknown_address_is_reported_as_such(app: &TestApp) {
    let sam = app.responder("Sam").await;
    for path in ["/nothing", "/graphql/nothing", "/files/", "/files/att_1", "/files/..%2f..%2fetc%2fpasswd", "/assets/..%2fCargo.toml"] {
        assert_eq!(sam.get(path).await.status(), 404, "{path}");
    }
    assert_eq!(sam.request(reqwest::Method::DELETE, "/graphql").send().await.unwrap().status(), 405);
    still_fine(&sam, 0).await;
}
