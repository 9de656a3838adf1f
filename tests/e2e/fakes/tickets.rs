//! Zendesk: making and changing tickets.

use std::time::Duration;

use harness::fakes::ZendeskFake;
use harness::fakes::zendesk::{AGENT, CLIENT, ME};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, desk, get, post, put, send, ticket};

#[tokio::test]
async fn what_a_ticket_mustn_t_be_is_refused() {
    let fake = ZendeskFake::start().await;
    let other = ticket(&fake, json!({})).await;
    let comment = json!({ "body": "x" });
    for (field, wrong) in [
        ("comment", json!({ "subject": "no comment" })),
        ("comment", json!({ "comment": { "body": " " } })),
        ("comment", json!({ "comment": { "body": "x", "colour": "red" } })),
        ("comment", json!({ "comment": { "body": "x", "public": "no" } })),
        ("priority", json!({ "comment": comment, "priority": "P1" })),
        ("status", json!({ "comment": comment, "status": "done" })),
        ("type", json!({ "comment": comment, "type": "INCIDENT" })),
        ("severity", json!({ "comment": comment, "severity": 1 })),
        ("description", json!({ "comment": comment, "description": "read only" })),
        ("organization_id", json!({ "comment": comment, "organization_id": 1 })),
        ("organization_id", json!({ "comment": comment, "requester_id": CLIENT, "organization_id": 502 })),
        ("problem_id", json!({ "comment": comment, "type": "incident", "problem_id": other })),
        ("external_id", json!({ "comment": comment, "external_id": 5 })),
        ("assignee_id", json!({ "comment": comment, "assignee_id": CLIENT })),
    ] {
        let refused = post(&fake, "tickets", json!({ "ticket": wrong })).await;
        assert_eq!((refused.status, &refused.json()["error"]), (422, &json!("RecordInvalid")), "{wrong}");
        assert!(refused.json()["details"][field][0]["description"].is_string(), "{wrong}: {}", refused.text);
    }
    assert_eq!(fake.tickets().len(), 1);
    let no_json = send(desk(&fake, Method::POST, "tickets").body("ticket[comment]=x")).await.unwrap();
    assert_eq!(no_json.status, 415);
}

#[tokio::test]
async fn an_unwrapped_body_is_accepted_and_ignored() {
    let fake = ZendeskFake::start().await;
    let id = ticket(&fake, json!({ "subject": "Down" })).await;
    let made = post(&fake, "tickets", json!({ "comment": { "body": "x" } })).await;
    let changed = put(&fake, &format!("tickets/{id}"), json!({ "subject": "Up" })).await;
    assert_eq!((made.status, changed.status), (201, 200));
    assert_eq!((&made.json()["audit"], &changed.json()["audit"]), (&Value::Null, &Value::Null));
    assert_eq!(fake.tickets().iter().map(|ticket| ticket.subject.as_str()).collect::<Vec<_>>(), ["Down"]);
}

#[tokio::test]
async fn a_key_makes_one_ticket_for_two_hours() {
    let fake = ZendeskFake::start().await;
    let create = async |key: &str, body: &'static str| -> Answer {
        let request = desk(&fake, Method::POST, "tickets.json").header("idempotency-key", key).header("content-type", "application/json");
        send(request.body(body)).await.unwrap()
    };
    const BODY: &str = r#"{"ticket":{"comment":{"body":"x"},"external_id":"INC-1"}}"#;
    let first = create("inc-1", BODY).await;
    assert_eq!((first.status, first.header("x-idempotency-lookup")), (201, Some("miss")));
    fake.advance(Duration::from_secs(7199));
    let again = create("inc-1", BODY).await;
    assert_eq!((again.status, again.header("x-idempotency-lookup")), (201, Some("hit")));
    assert_eq!(again.json()["ticket"]["id"], first.json()["ticket"]["id"]);
    let other = create("inc-1", r#"{"ticket":{"comment":{"body":"y"},"external_id":"INC-1"}}"#).await;
    assert_eq!((other.status, fake.tickets().len()), (400, 1));
    fake.advance(Duration::from_secs(2));
    let late = create("inc-1", BODY).await;
    assert_eq!((late.status, late.header("x-idempotency-lookup")), (201, Some("miss")));
    let found = get(&fake, "tickets?external_id=INC-1").await.json();
    assert_eq!(found["tickets"].as_array().unwrap().len(), 2);
    assert_eq!(get(&fake, "tickets?external_id=INC-2").await.json()["tickets"], json!([]));
}

#[tokio::test]
async fn an_update_by_an_old_version_is_a_conflict() {
    let fake = ZendeskFake::start().await;
    let id = ticket(&fake, json!({ "subject": "Down" })).await;
    let stamp = |answer: &Answer| answer.json()["ticket"]["updated_at"].as_str().unwrap().to_owned();
    let safely = async |subject: &str, stamp: &str| {
        let fields = json!({ "subject": subject, "safe_update": true, "updated_stamp": stamp });
        put(&fake, &format!("tickets/{id}"), json!({ "ticket": fields })).await
    };
    let first = stamp(&get(&fake, &format!("tickets/{id}")).await);
    let second = safely("Down for all", &first).await;
    assert_eq!(second.status, 200);
    // In the same second, most likely.
    assert_ne!(stamp(&second), first);
    let lost = safely("Down for some", &first).await;
    assert_eq!((lost.status, &lost.json()["error"]), (409, &json!("UpdateConflict")));
    assert_eq!(fake.ticket(id).unwrap().subject, "Down for all");
    assert_eq!(safely("Up", &stamp(&second)).await.status, 200);
    let unstamped = put(&fake, &format!("tickets/{id}"), json!({ "ticket": { "subject": "x", "safe_update": true } })).await;
    assert_eq!(unstamped.status, 422);
}

#[tokio::test]
async fn an_answer_has_the_audit_of_the_change() {
    let fake = ZendeskFake::start().await;
    let id = ticket(&fake, json!({ "status": "open" })).await;
    let fields = json!({ "comment": { "body": "We look.", "public": false }, "status": "pending", "metadata": { "muster": "e-7" } });
    let audit = put(&fake, &format!("tickets/{id}"), json!({ "ticket": fields })).await.json()["audit"].clone();
    assert_eq!(audit["metadata"]["custom"], json!({ "muster": "e-7" }));
    let event =
        |event: &Value| (event["type"].clone(), event["body"].clone(), event["field_name"].clone(), event["previous_value"].clone());
    let events: Vec<_> = audit["events"].as_array().unwrap().iter().map(event).collect();
    let none = Value::Null;
    assert_eq!(
        events,
        [(json!("Comment"), json!("We look."), none.clone(), none.clone()), (json!("Change"), none, json!("status"), json!("open"))]
    );
    let audits = get(&fake, &format!("tickets/{id}/audits")).await.json();
    assert_eq!(audits["audits"][1], audit);
    let comments = get(&fake, &format!("tickets/{id}/comments")).await.json();
    assert_eq!((&comments["comments"][1]["public"], &comments["comments"][1]["audit_id"]), (&json!(false), &audit["id"]));
}

/// A token is good for one comment within the hour.
#[tokio::test]
async fn a_file_is_uploaded_and_named_once() {
    let fake = ZendeskFake::start().await;
    let id = ticket(&fake, json!({ "status": "open" })).await;
    let upload = async |path: &str, kind: Option<&str>, bytes: &'static str| -> Answer {
        let request = desk(&fake, Method::POST, path);
        let request = kind.into_iter().fold(request, |request, kind| request.header("content-type", kind));
        send(request.body(bytes)).await.unwrap()
    };
    let reply = async |tokens: Value| -> Answer {
        let comment = json!({ "html_body": "<p>R&amp;D <a href=\"https://e.org\" rel=\"nofollow\">x</a></p>", "uploads": tokens });
        put(&fake, &format!("tickets/{id}"), json!({ "ticket": { "comment": comment } })).await
    };
    for (path, kind, field) in [("uploads?filename=a.pdf", None, "content_type"), ("uploads", Some("application/pdf"), "filename")] {
        let refused = upload(path, kind, "%PDF").await;
        assert!(refused.status == 422 && refused.json()["details"][field].is_array(), "{path}: {}", refused.text);
    }
    let made = upload("uploads?filename=a.pdf", Some("application/pdf"), "%PDF").await;
    let (token, file) = (made.json()["upload"]["token"].clone(), made.json()["upload"]["attachment"].clone());
    assert_eq!((made.status, &file["file_name"], &file["size"]), (201, &json!("a.pdf"), &json!(4)));
    for wrong in [json!(["unknown"]), json!([token, "unknown"]), json!("text")] {
        assert_eq!(reply(wrong.clone()).await.status, 422, "{wrong}");
    }
    let event = reply(json!([token])).await.json()["audit"]["events"][0].clone();
    assert_eq!((&event["attachments"][0], &event["body"]), (&file, &json!("R&D\nx")), "an attempt that was refused used nothing up");
    assert_eq!(fake.ticket(id).unwrap().comments.last().unwrap().attachments[0].bytes, "%PDF");
    assert_eq!(reply(json!([token])).await.status, 422, "it was used");
    let late = upload("uploads.json?filename=a.pdf", Some("application/pdf"), "%PDF").await.json()["upload"]["token"].clone();
    fake.advance(Duration::from_secs(3_601));
    assert_eq!(reply(json!([late])).await.status, 422, "it is too old");
    fake.set_upload_limit(3);
    assert_eq!(upload("uploads?filename=a.pdf", Some("application/pdf"), "%PDF").await.status, 413);
    fake.refuse_uploads();
    assert_eq!(upload("uploads?filename=a.pdf", Some("application/pdf"), "%").await.status, 422);
    assert_eq!(fake.ticket(id).unwrap().comments.len(), 2);
}

#[tokio::test]
async fn solving_a_problem_solves_its_incidents() {
    let fake = ZendeskFake::start().await;
    let problem = ticket(&fake, json!({ "type": "problem" })).await;
    let (one, two, apart) =
        (fake.add_ticket(CLIENT, "a", "a", json!({})), fake.add_ticket(7102, "b", "b", json!({})), ticket(&fake, json!({})).await);
    assert_eq!(put(&fake, &format!("tickets/{one}"), json!({ "ticket": { "problem_id": problem } })).await.status, 422);
    for incident in [one, two] {
        let link = json!({ "ticket": { "type": "incident", "problem_id": problem } });
        assert_eq!(put(&fake, &format!("tickets/{incident}"), link).await.status, 200);
    }
    let listed = get(&fake, &format!("tickets/{problem}/incidents")).await.json();
    assert_eq!(listed["tickets"].as_array().unwrap().iter().map(|ticket| ticket["id"].as_u64().unwrap()).collect::<Vec<_>>(), [one, two]);
    assert_eq!(get(&fake, &format!("tickets/{problem}")).await.json()["ticket"]["has_incidents"], true);
    let solved = put(&fake, &format!("tickets/{problem}"), json!({ "ticket": { "status": "solved" } })).await;
    assert_eq!(solved.status, 200);
    let status = |id: u64| fake.ticket(id).unwrap().status;
    assert_eq!([status(one), status(two), status(apart)], ["solved", "solved", "new"]);
    assert_eq!(fake.ticket(one).unwrap().audits.last().unwrap()["via"]["source"]["rel"], "problem");
    fake.add_comment(one, CLIENT, "It is still down.", true);
    assert_eq!([status(one), status(problem)], ["open", "solved"]);
}

#[tokio::test]
async fn a_closed_ticket_stays_as_it_is() {
    let fake = ZendeskFake::start().await;
    let id = fake.add_ticket(CLIENT, "a", "a", json!({}));
    fake.change_ticket(id, AGENT, json!({ "status": "closed" }));
    let refused = put(&fake, &format!("tickets/{id}"), json!({ "ticket": { "comment": { "body": "Hello?" } } })).await;
    assert_eq!(
        (refused.status, &refused.json()["details"]["status"][0]["description"]),
        (422, &json!("Status: closed prevents ticket update"))
    );
    assert_eq!(fake.ticket(id).unwrap().comments.len(), 1);
    assert_eq!(put(&fake, "tickets/5", json!({ "ticket": {} })).await.status, 404);
}

#[tokio::test]
async fn the_vendor_s_own_rules_hold() {
    let fake = ZendeskFake::start().await;
    let id = fake.add_ticket(CLIENT, "a", "a", json!({ "priority": "high" }));
    let change = async |fields: Value| put(&fake, &format!("tickets/{id}"), json!({ "ticket": fields })).await;
    assert_eq!(change(json!({ "assignee_id": AGENT })).await.json()["ticket"]["status"], "open");
    assert_eq!(change(json!({ "status": "new" })).await.status, 422);
    assert_eq!(change(json!({ "priority": null })).await.status, 422);
    assert_eq!(change(json!({ "status": "hold" })).await.status, 200);
    fake.add_comment(id, CLIENT, "Hello?", true);
    assert_eq!(fake.ticket(id).unwrap().status, "open");

    let [one, two] = [(); 2].map(|()| fake.add_ticket(CLIENT, "b", "b", json!({})));
    let solve = async |id: u64| put(&fake, &format!("tickets/{id}"), json!({ "ticket": { "status": "solved" } })).await;
    assert_eq!(solve(one).await.json()["ticket"]["assignee_id"], ME);
    fake.refuse_to_solve_unassigned();
    let refused = solve(two).await;
    assert_eq!((refused.status, fake.ticket(two).unwrap().status.as_str()), (422, "new"));
    assert!(refused.json()["details"]["assignee"].is_array(), "{}", refused.text);
}
