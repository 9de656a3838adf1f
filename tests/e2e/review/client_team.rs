//! Who of the team looks after a client: set in the catalogue, and invited to reviews of incidents that affect it.

use harness::drive::{id, text};
use harness::{Client, Engine, TestApp, both_dbs};
use serde_json::{Value, json};

both_dbs![who_looks_after_an_affected_client_is_invited, a_team_is_set_whole, teams_of_many_clients_are_read_at_once];

async fn set(by: &Client, client: &str, people: &[&Client]) -> Value {
    let people: Vec<String> = people.iter().map(|person| person.id()).collect();
    by.mutate("setClientTeam", json!({ "clientId": client, "personIds": people }), "client { team { name } }").await["client"]["team"]
        .take()
}

/// Who would be invited to a review: name, expectation and reason.
async fn invited(by: &Client, incident: &Value) -> Vec<(String, String, String)> {
    let query = "query($input: ReviewPlanInput!) { reviewPlan(input: $input) { attendees { person { name } expectation reason } } }";
    let plan = by.query(query, json!({ "input": { "incidentId": incident["id"] } })).await["reviewPlan"].take();
    let guest = |row: &Value| [text(&row["person"], "name"), text(row, "expectation"), text(row, "reason")].map(str::to_owned).into();
    plan["attendees"].as_array().unwrap().iter().map(guest).collect()
}

fn expected(name: &str, expectation: &str, reason: &str) -> (String, String, String) {
    (name.to_owned(), expectation.to_owned(), reason.to_owned())
}

async fn who_looks_after_an_affected_client_is_invited(app: &TestApp) {
    let (ada, sam, nat) = (app.admin().await, app.responder("Sam").await, app.responder("Nat").await);
    let uma = app.viewer("Uma").await;
    let (acme, example, other) = (sam.add_client("Acme").await, sam.add_client("Example Ltd").await, sam.add_client("Not affected").await);
    let incident = json!({ "name": "Shop is down", "severity": "MINOR", "leadId": sam.id(), "affectedClientIds": [acme, example] });
    let incident = sam.declare_with(incident).await;
    sam.resolve(id(&incident)).await;
    assert_eq!(invited(&sam, &incident).await.len(), 1, "Sam had a part in it");
    set(&sam, &acme, &[&sam, &uma, &nat]).await;
    set(&sam, &example, &[&nat]).await;
    set(&sam, &other, &[&ada]).await;
    let guests = invited(&sam, &incident).await;
    assert_eq!(guests[0].1, "MUST", "whoever had a part in it must come, whomever they look after: {guests:?}");
    let should = [expected("Nat", "SHOULD", "looks after Acme and Example Ltd"), expected("Uma", "SHOULD", "looks after Acme")];
    assert_eq!(guests[1..], should);
    let plan = json!({
        "incidentId": incident["id"], "startsAt": "2026-11-30T10:00:00Z", "facilitatorId": ada.id(), "noteTakerId": nat.id(),
        "overrideReason": "few have time",
    });
    let attendees = "review { attendees { person { name } expectation reason } }";
    let planned = sam.mutate("scheduleReview", plan, attendees).await["review"]["attendees"].take();
    let of_uma = planned.as_array().unwrap().iter().find(|row| row["person"]["name"] == "Uma").unwrap();
    assert_eq!((text(of_uma, "expectation"), text(of_uma, "reason")), ("SHOULD", "looks after Acme"));
    ada.mutate("updatePerson", json!({ "personId": uma.id(), "deactivated": true }), "person { id }").await;
    assert!(!invited(&sam, &incident).await.iter().any(|(name, ..)| name == "Uma"), "who left is not invited");
}

async fn a_team_is_set_whole(app: &TestApp) {
    let (ada, sam, vic, uma) = (app.admin().await, app.responder("Sam").await, app.viewer("Vic").await, app.responder("Uma").await);
    let acme = sam.add_client("Acme").await;
    assert_eq!(sam.node(&acme, "Client { team { id } }").await["team"], json!([]));
    assert_eq!(set(&sam, &acme, &[&uma, &sam, &uma]).await, json!([{ "name": "Sam" }, { "name": "Uma" }]), "by name, each once");
    assert_eq!(set(&sam, &acme, &[&vic, &uma]).await, json!([{ "name": "Uma" }, { "name": "Vic" }]));
    let input = json!({ "clientId": acme, "personIds": [sam.id()] });
    assert_eq!(vic.refused("setClientTeam", input).await.code(), "FORBIDDEN");
    ada.mutate("updatePerson", json!({ "personId": uma.id(), "deactivated": true }), "person { id }").await;
    assert_eq!(vic.node(&acme, "Client { team { name } }").await["team"], json!([{ "name": "Vic" }]), "who left looks after nobody");
    for (client, person, code, field) in [
        (&*acme, uma.id(), "BAD_USER_INPUT", "personIds"),
        (&*acme, "per_00000000000000000000000000000001".to_owned(), "BAD_USER_INPUT", "personIds"),
        ("cli_00000000000000000000000000000001", sam.id(), "NOT_FOUND", ""),
    ] {
        let refusal = sam.refused("setClientTeam", json!({ "clientId": client, "personIds": [person] })).await;
        assert_eq!((refusal.code(), refusal.field()), (code, field), "{}", refusal.message());
    }
    assert_eq!(set(&sam, &acme, &[]).await, json!([]));
}

async fn teams_of_many_clients_are_read_at_once(app: &TestApp) {
    if app.engine() == Engine::Sqlite {
        // Only PostgreSQL's statements are counted.
        return;
    }
    let (sam, uma) = (app.responder("Sam").await, app.responder("Uma").await);
    for number in 0..6 {
        let client = sam.add_client(&format!("Client {number}")).await;
        set(&sam, &client, &[&sam, &uma]).await;
    }
    let statements = async |first: usize| {
        let query = format!("{{ clients(first: {first}) {{ nodes {{ team {{ name }} }} }} }}");
        app.fewest_statements(async || drop(sam.query(&query, Value::Null).await)).await
    };
    assert_eq!(statements(1).await, statements(6).await);
}
