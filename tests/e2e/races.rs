//! Many at once: numbers without gaps, events without gaps, no lost change, in one process and in two.

use futures_util::future::join_all;
use harness::drive::{id, is_gap_free, sequences};
use harness::{Client, Engine, Server, TestApp, both_dbs};
use serde_json::{Value, json};

both_dbs![
    references_have_no_gaps_when_sixteen_declare_at_once_and_some_fail,
    sixteen_writers_leave_no_gap_in_a_timeline,
    of_changes_that_expect_the_same_version_one_wins,
    of_two_who_take_the_lead_at_once_one_leads,
    everybody_can_resolve_but_once,
    merges_into_each_other_leave_one_incident,
    two_who_change_one_row_lose_nothing,
    two_administrators_can_not_demote_each_other_to_none,
];

/// The callers' servers: on PostgreSQL every other caller goes to a second process.
async fn spread(app: &TestApp, callers: &[Client]) -> (Vec<Client>, Option<Server>) {
    match app.engine() {
        Engine::Sqlite => (callers.to_vec(), None),
        Engine::Postgres => {
            let second = app.second_process().await;
            let at = |(number, caller): (usize, &Client)| if number % 2 == 0 { caller.clone() } else { caller.at(&second) };
            (callers.iter().enumerate().map(at).collect(), Some(second))
        }
    }
}

async fn callers(app: &TestApp, count: usize) -> (Vec<Client>, Option<Server>) {
    let mut callers = Vec::new();
    for number in 0..count {
        callers.push(app.responder(&format!("Sam{number}")).await);
    }
    spread(app, &callers).await
}

async fn stop(server: Option<Server>) {
    if let Some(server) = server {
        server.stop().await;
    }
}

async fn references_have_no_gaps_when_sixteen_declare_at_once_and_some_fail(app: &TestApp) {
    let (callers, second) = callers(app, 16).await;
    let one = &callers[0];
    let client = one.add_client("Example Ltd").await;
    let calls = callers.iter().enumerate().map(async |(number, sam)| {
        let input = match number % 4 {
            // Refused early, and refused by the database: a key that another request holds at the moment.
            0 => json!({ "name": "", "severity": "MAJOR" }),
            1 => json!({ "name": "errors", "severity": "MAJOR", "leadId": "per_00000000000000000000000000000001" }),
            2 => json!({ "name": "errors", "severity": "MAJOR", "affectedClientIds": [client] }),
            _ => json!({ "name": "errors", "severity": "MAJOR", "idempotencyKey": "one" }),
        };
        let twice = (
            sam.try_mutate("declareIncident", input.clone(), "incident { reference }"),
            sam.try_mutate("declareIncident", input, "incident { reference }"),
        );
        let (first, second) = tokio::join!(twice.0, twice.1);
        [first, second]
    });
    let answers: Vec<_> = join_all(calls).await.into_iter().flatten().collect();
    let mut references: Vec<String> =
        answers.iter().filter_map(|answer| answer.data["declareIncident"]["incident"]["reference"].as_str().map(str::to_owned)).collect();
    references.sort_by_key(|reference| reference[4..].parse::<i32>().unwrap());
    references.dedup();
    // Four callers twice, four callers once for both calls.
    let expected: Vec<String> = (1..=12).map(|number| format!("INC-{number}")).collect();
    assert_eq!(references, expected);
    assert!(answers.iter().filter(|answer| !answer.errors.is_empty()).all(|answer| answer.code() == "BAD_USER_INPUT"), "{answers:#?}");
    stop(second).await;
}

async fn sixteen_writers_leave_no_gap_in_a_timeline(app: &TestApp) {
    const EACH: usize = 12;
    let (callers, second) = callers(app, 16).await;
    let incident = callers[0].declare("errors").await;
    let calls = callers.iter().enumerate().map(async |(writer, sam)| {
        for number in 0..EACH {
            sam.note(id(&incident), &format!("{writer}.{number}")).await;
        }
    });
    join_all(calls).await;
    let events = callers[0].timeline(id(&incident)).await;
    assert_eq!(events.len(), 1 + 16 * EACH);
    assert!(is_gap_free(&sequences(&events)), "{:?}", sequences(&events));
    let mut texts: Vec<&str> = events.iter().map(|event| event["text"].as_str().unwrap()).collect();
    texts.sort_unstable();
    texts.dedup();
    assert_eq!(texts.len(), events.len());
    // Each writer's own order is kept.
    for writer in 0..16 {
        let prefix = format!("{writer}.");
        let own = events.iter().filter_map(|event| event["text"].as_str().unwrap().strip_prefix(&prefix));
        assert!(own.map(|number| number.parse::<usize>().unwrap()).eq(0..EACH), "writer {writer}");
    }
    let seen = callers[0].incident("INC-1", "version timeline { totalCount }").await;
    assert_eq!(seen["version"], 1 + 16 * EACH);
    stop(second).await;
}

async fn of_changes_that_expect_the_same_version_one_wins(app: &TestApp) {
    let (callers, second) = callers(app, 8).await;
    let incident = callers[0].declare("errors").await;
    let calls = callers.iter().enumerate().map(|(number, sam)| {
        let input = json!({ "incidentId": id(&incident), "name": format!("name {number}"), "expectedVersion": incident["version"] });
        sam.try_mutate("updateIncident", input, "incident { name version }")
    });
    let answers = join_all(calls).await;
    let winners: Vec<&Value> = answers.iter().filter(|answer| answer.errors.is_empty()).map(|answer| &answer.data).collect();
    assert_eq!(winners.len(), 1, "{answers:#?}");
    for loser in answers.iter().filter(|answer| !answer.errors.is_empty()) {
        assert_eq!(
            (loser.code(), loser.errors[0].current_version()),
            ("CONFLICT", incident["version"].as_i64().map(|version| version + 1))
        );
    }
    let name = callers[0].incident("INC-1", "name").await["name"].take();
    assert_eq!(name, winners[0]["updateIncident"]["incident"]["name"]);
    stop(second).await;
}

async fn of_two_who_take_the_lead_at_once_one_leads(app: &TestApp) {
    let (callers, second) = callers(app, 8).await;
    let incident = callers[0].declare("errors").await;
    let calls = callers
        .iter()
        .map(|sam| sam.incident_of("assignRole", json!({ "incidentId": id(&incident), "role": "INCIDENT_LEAD", "personId": sam.id() })));
    join_all(calls).await;
    let seen = callers[0].incident("INC-1", "lead { id } roles { person { id } } all: roles(includeEnded: true) { endedAt }").await;
    assert_eq!(seen["roles"].as_array().unwrap().len(), 1, "{seen}");
    assert_eq!(seen["roles"][0]["person"], seen["lead"]);
    assert_eq!(seen["all"].as_array().unwrap().len(), 8);
    stop(second).await;
}

async fn everybody_can_resolve_but_once(app: &TestApp) {
    let (callers, second) = callers(app, 8).await;
    let incident = callers[0].declare("errors").await;
    callers[0].meet_goals(id(&incident)).await;
    let calls = callers
        .iter()
        .map(|sam| sam.try_mutate("resolveIncident", json!({ "incidentId": id(&incident), "summary": "back" }), "incident { status }"));
    let answers = join_all(calls).await;
    assert_eq!(answers.iter().filter(|answer| answer.errors.is_empty()).count(), 1);
    assert!(answers.iter().all(|answer| ["", "FAILED_PRECONDITION"].contains(&answer.code())), "{answers:#?}");
    stop(second).await;
}

async fn merges_into_each_other_leave_one_incident(app: &TestApp) {
    let (callers, second) = callers(app, 2).await;
    for round in 0..5 {
        let (a, b) = (callers[0].declare("a").await, callers[0].declare("b").await);
        let merge = |sam: &Client, from: &Value, into: &Value| {
            let (sam, input) = (sam.clone(), json!({ "incidentId": id(from), "intoIncidentId": id(into) }));
            async move { sam.try_mutate("mergeIncident", input, "incident { status }").await }
        };
        let (one, two) = tokio::join!(merge(&callers[0], &a, &b), merge(&callers[1], &b, &a));
        let codes = [one.code().to_owned(), two.code().to_owned()];
        assert!(codes.contains(&String::new()) && codes.contains(&"FAILED_PRECONDITION".to_owned()), "round {round}: {codes:?}");
    }
    stop(second).await;
}

/// A deactivation must not be undone by somebody who corrects a name at the same moment; the same for sites and clients.
async fn two_who_change_one_row_lose_nothing(app: &TestApp) {
    let (pair, second) = spread(app, &[app.admin().await, app.admin().await]).await;
    let (one, two) = (&pair[0], &pair[1]);
    for round in 0..20 {
        let kim = app.responder("Kim").await.person_id().to_string();
        let (name, number) = (format!("Kim {round}"), round.to_string());
        let (site, client) = (one.add_site("Shop").await, one.add_client("Example Ltd").await);
        tokio::join!(
            one.mutate("updatePerson", json!({ "personId": kim, "deactivated": true }), "person { id }"),
            two.mutate("updatePerson", json!({ "personId": kim, "name": name }), "person { id }"),
        );
        tokio::join!(
            one.mutate("saveSite", json!({ "id": site, "name": "Shop", "importance": "HIGH" }), "site { id }"),
            two.mutate("saveSite", json!({ "id": site, "name": "Shop", "url": "https://shop.example" }), "site { id }"),
        );
        tokio::join!(
            one.mutate("saveClient", json!({ "id": client, "name": "Example Ltd", "importance": "HIGH" }), "client { id }"),
            two.mutate("saveClient", json!({ "id": client, "name": "Example Ltd", "zendeskOrganizationId": number }), "client { id }"),
        );
        let person = one.node(&kim, "Person { name deactivatedAt }").await;
        assert!(person["name"] == name && person["deactivatedAt"].is_string(), "{person}");
        let site = one.node(&site, "Site { url importance }").await;
        assert!(site["url"] == "https://shop.example/" && site["importance"] == "HIGH", "{site}");
        let client = one.node(&client, "Client { zendeskOrganizationId importance }").await;
        assert!(client["zendeskOrganizationId"] == *number && client["importance"] == "HIGH", "{client}");
    }
    stop(second).await;
}

async fn two_administrators_can_not_demote_each_other_to_none(app: &TestApp) {
    let (pair, second) = spread(app, &[app.admin().await, app.admin().await]).await;
    let others = pair[0].query("{ people(first: 100) { nodes { id accessLevel } } }", json!({})).await;
    let ids: Vec<String> = pair.iter().map(|admin| admin.person_id().to_string()).collect();
    for other in others["people"]["nodes"].as_array().unwrap() {
        if other["accessLevel"] == "ADMIN" && !ids.iter().any(|id| other["id"] == **id) {
            pair[0].mutate("updatePerson", json!({ "personId": other["id"], "accessLevel": "VIEWER" }), "person { id }").await;
        }
    }
    for round in 0..10 {
        let demote = async |one: usize, other: usize| {
            pair[one]
                .try_mutate("updatePerson", json!({ "personId": ids[other], "accessLevel": "RESPONDER" }), "person { id }")
                .await
                .errors
                .len()
        };
        let refused = tokio::join!(demote(0, 1), demote(1, 0));
        assert_eq!(refused.0 + refused.1, 1, "round {round}");
        // Whoever is left makes the other an administrator again.
        let left = usize::from(refused.0 > 0);
        let again = json!({ "personId": ids[1 - left], "accessLevel": "ADMIN" });
        pair[left].mutate("updatePerson", again, "person { id }").await;
    }
    stop(second).await;
}
