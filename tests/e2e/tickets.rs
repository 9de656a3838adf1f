//! Client tickets and the problem ticket they are linked to (R20): what people say about them, and what follows in Zendesk.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::delivery::{self, hold};
use domain::ports::{DeskOrder, Effect, Order, Receipt, Refusal, Seen, SeenTicket, TicketDesk};
use entity::{DeliveryState, IncidentId, Operation, System};
use harness::drive::{id, text};
use harness::worker::Outside;
use harness::{Client, Engine, TestApp, both_dbs, eventually, run_with};
use sea_orm::EntityTrait;
use serde_json::{Value, json};

use crate::fixture;

both_dbs![
    a_ticket_is_about_one_incident_that_lasts,
    a_ticket_that_is_unlinked_is_not_suggested_again,
    a_merge_takes_the_tickets_along,
    viewers_see_tickets_and_change_none,
    outsiders_see_no_tickets_of_restricted_incidents,
    without_zendesk_nothing_is_searched,
];

mod naming;

const SOON: Duration = Duration::from_secs(30);
const TICKETS: &str = "tickets(link: null) { id system externalId url parent link subject status client { name } incident { reference } }";

both_dbs![by with_zendesk:
    tickets_join_the_problem_ticket_and_show_whose_they_are,
    an_order_that_was_overtaken_is_not_tried_again,
    what_people_write_on_a_ticket_is_written_once,
    a_restricted_incident_has_a_problem_ticket_only_if_needed_and_without_its_name,
    systems_show_whether_they_accept_us,
];

both_dbs![by with_desk: suggestions_are_open_tickets_of_affected_clients];

both_dbs![by with_desk_that_fails: a_desk_that_fails_asks_for_the_number];

fn with_zendesk(engine: Engine, test: impl AsyncFnOnce(&TestApp)) {
    run_with(TestApp::builder(engine).connected(System::Zendesk), test);
}

fn with_desk(engine: Engine, test: impl AsyncFnOnce(&TestApp)) {
    let tickets = vec![seen("42", "It is down", Some("7")), seen("43", "Invoice", Some("7")), seen("44", "down too", Some("8"))];
    run_with(TestApp::builder(engine).connected(System::Zendesk).ticket_desk(Desk(tickets)), test);
}

fn with_desk_that_fails(engine: Engine, test: impl AsyncFnOnce(&TestApp)) {
    run_with(TestApp::builder(engine).connected(System::Zendesk).ticket_desk(Desk(Vec::new())), test);
}

async fn tickets(client: &Client, reference: &str) -> Vec<Value> {
    client.incident(reference, TICKETS).await["tickets"].as_array().expect("a list of tickets").clone()
}

/// The ticket of an incident by its number.
async fn ticket(client: &Client, reference: &str, number: &str) -> Value {
    let rows = tickets(client, reference).await;
    rows.into_iter().find(|row| row["externalId"] == number).unwrap_or_else(|| panic!("no ticket {number}"))
}

async fn link(client: &Client, incident: &Value, number: &str) -> Value {
    client.incident_of("linkTicket", json!({ "incidentId": incident["id"], "externalId": number })).await
}

async fn client_at_zendesk(caller: &Client, name: &str, organization: &str) -> String {
    let input = json!({ "name": name, "zendeskOrganizationId": organization });
    id(&caller.mutate("saveClient", input, "client { id }").await["client"]).to_owned()
}

/// What a person has to do in Zendesk.
async fn by_hand(client: &Client, reference: &str) -> Vec<Value> {
    let found = client.incident(reference, "deliveries(state: BY_HAND) { id system title instructions }").await;
    let rows = found["deliveries"].as_array().unwrap().iter();
    rows.filter(|row| row["system"] == "zendesk").cloned().collect()
}

async fn texts(client: &Client, incident: &Value, kind: &str) -> Vec<String> {
    let events = client.timeline(id(incident)).await;
    events.iter().filter(|event| event["kind"] == kind).map(|event| text(event, "text").to_owned()).collect()
}

/// As Zendesk answers: a problem ticket is #900, and every ticket belongs to organisation 7.
fn receipt(order: &Order) -> Receipt {
    let (number, subject) = match &order.effect {
        Effect::Desk(DeskOrder::OpenProblem(problem)) => ("900".to_owned(), problem.subject.clone()),
        Effect::Desk(DeskOrder::LinkTicket(link)) => (link.ticket.clone(), "It is down".to_owned()),
        _ => return Receipt::default(),
    };
    let url = format!("https://example.zendesk.com/agent/tickets/{number}");
    let seen = SeenTicket {
        number: number.clone(),
        url: Some(url.clone()),
        subject: Some(subject),
        status: Some("open".into()),
        organization: (number != "900").then(|| "7".to_owned()),
        ..SeenTicket::default()
    };
    Receipt { external_id: Some(number), external_url: Some(url), seen: Some(Seen::Ticket(seen)) }
}

fn zendesk() -> Arc<Outside> {
    let outside = Outside::new();
    outside.answer(receipt);
    outside
}

/// What was asked of Zendesk, as titles.
fn asked(outside: &Outside) -> Vec<String> {
    outside.orders().iter().map(|order| order.effect.outgoing().title()).collect()
}

async fn is_asked(outside: &Outside, title: &str) {
    eventually(title, SOON, async || asked(outside).iter().any(|known| known == title).then_some(())).await;
}

async fn only_tickets_of_our_own_account_are_linked(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare("errors").await;
    let other = "https://other.zendesk.com/agent/tickets/43";
    let refusal = sam.refused("linkTicket", json!({ "incidentId": incident["id"], "externalId": other })).await;
    assert!(refusal.message().contains("other.zendesk.com") && refusal.message().contains("ours.zendesk.com"), "{}", refusal.message());
    link(&sam, &incident, "https://ours.zendesk.com/agent/tickets/43").await;
    assert_eq!(ticket(&sam, "INC-1", "43").await["link"], "LINKED");
}

async fn a_ticket_is_about_one_incident_that_lasts(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let (first, second) = (sam.declare("errors").await, sam.declare("slow").await);
    link(&sam, &first, "42").await;
    let refusal = sam.refused("linkTicket", json!({ "incidentId": second["id"], "externalId": "#042" })).await;
    assert_eq!(refusal.code(), "FAILED_PRECONDITION");
    assert!(refusal.message().contains("INC-1"), "{}", refusal.message());
    // People who may not know about the other incident learn only that there is one.
    sam.incident_of("updateIncident", json!({ "incidentId": first["id"], "visibility": "RESTRICTED" })).await;
    let kim = app.responder("Kim").await;
    let refusal = kim.refused("linkTicket", json!({ "incidentId": second["id"], "externalId": "42" })).await;
    assert_eq!(refusal.code(), "FAILED_PRECONDITION");
    assert!(!refusal.message().contains("INC-1") && !refusal.message().contains("errors"), "{}", refusal.message());
    // An incident that is over releases its tickets.
    sam.resolve(id(&first)).await;
    link(&kim, &second, "42").await;
    assert_eq!(ticket(&kim, "INC-2", "42").await["link"], "LINKED");
    // A problem ticket is linked to nothing.
    let orders = by_hand(&kim, "INC-2").await;
    let url = "https://example.zendesk.com/agent/tickets/901";
    kim.mutate("settleDeliveryByHand", json!({ "deliveryId": orders[0]["id"], "externalUrl": url }), "delivery { state }").await;
    for incident in [&second, &kim.declare("third").await] {
        let refusal = kim.refused("linkTicket", json!({ "incidentId": incident["id"], "externalId": "901" })).await;
        assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", "externalId"));
    }
}

async fn a_ticket_that_is_unlinked_is_not_suggested_again(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare("errors").await;
    link(&sam, &incident, "42").await;
    let problem = by_hand(&sam, "INC-1").await;
    let url = "https://example.zendesk.com/agent/tickets/900";
    sam.mutate("settleDeliveryByHand", json!({ "deliveryId": problem[0]["id"], "externalUrl": url }), "delivery { state }").await;
    let (linked, parent) = (ticket(&sam, "INC-1", "42").await, ticket(&sam, "INC-1", "900").await);
    sam.incident_of("unlinkTicket", json!({ "ticketId": linked["id"], "note": "another server" })).await;
    assert_eq!(ticket(&sam, "INC-1", "42").await["link"], "DISMISSED");
    assert_eq!(texts(&sam, &incident, "TICKET").await.last().unwrap(), "Ticket #42 is no longer linked: another server");
    let waiting = by_hand(&sam, "INC-1").await;
    let [order] = waiting.as_slice() else { panic!("the link is no longer needed: {waiting:?}") };
    assert!(text(order, "instructions").contains("unlink problem #900 from ticket #42"), "{order}");
    // Linking it to the incident again links it to the problem ticket again.
    link(&sam, &incident, "42").await;
    let waiting = by_hand(&sam, "INC-1").await;
    let [order] = waiting.as_slice() else { panic!("the unlinking is no longer needed: {waiting:?}") };
    assert!(text(order, "instructions").contains("link it to problem #900"), "{order}");
    assert_eq!(sam.refused("unlinkTicket", json!({ "ticketId": parent["id"] })).await.code(), "FAILED_PRECONDITION");
    assert_eq!(sam.refused("unlinkTicket", json!({ "ticketId": "tkt_00000000000000000000000000000001" })).await.code(), "NOT_FOUND");
}

async fn a_merge_takes_the_tickets_along(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let (first, second) = (sam.declare("errors").await, sam.declare("the same errors").await);
    for (incident, reference, own, problem) in [(&first, "INC-1", "42", "900"), (&second, "INC-2", "43", "901")] {
        link(&sam, incident, own).await;
        let order = by_hand(&sam, reference).await;
        let url = format!("https://example.zendesk.com/agent/tickets/{problem}");
        sam.mutate("settleDeliveryByHand", json!({ "deliveryId": order[0]["id"], "externalUrl": url }), "delivery { state }").await;
    }
    sam.incident_of("mergeIncident", json!({ "incidentId": second["id"], "intoIncidentId": first["id"] })).await;
    assert_eq!(ticket(&sam, "INC-1", "43").await["link"], "LINKED");
    assert_eq!(ticket(&sam, "INC-2", "43").await["link"], "DISMISSED");
    assert_eq!(texts(&sam, &first, "TICKET").await.last().unwrap(), "Took over from another incident: #43");
    let titles: Vec<String> = by_hand(&sam, "INC-1").await.iter().map(|row| text(row, "instructions").to_owned()).collect();
    assert!(titles.iter().any(|text| text.contains("set the type of ticket #43") && text.contains("problem #900")), "{titles:?}");
    let left = by_hand(&sam, "INC-2").await;
    let [note, solve] = left.as_slice() else { panic!("a note, and the problem ticket to be solved: {left:?}") };
    assert!(text(note, "instructions").contains("INC-2 was merged into INC-1, problem ticket #900"), "{note}");
    assert!(text(solve, "instructions").starts_with("Set problem ticket #901 to solved"), "{solve}");
}

async fn viewers_see_tickets_and_change_none(app: &TestApp) {
    let (sam, vic) = (app.responder("Sam").await, app.viewer("Vic").await);
    let incident = sam.declare("errors").await;
    link(&sam, &incident, "42").await;
    let row = ticket(&vic, "INC-1", "42").await;
    for (mutation, input) in [
        ("linkTicket", json!({ "incidentId": incident["id"], "externalId": "43" })),
        ("unlinkTicket", json!({ "ticketId": row["id"] })),
        ("commentOnTicket", json!({ "ticketId": row["id"], "text": "hello" })),
    ] {
        assert_eq!(vic.refused(mutation, input).await.code(), "FORBIDDEN", "{mutation}");
    }
    let answer = vic.try_query("{ incident(reference: \"INC-1\") { name ticketSuggestions { externalId } } }", Value::Null).await;
    assert_eq!((answer.code(), &answer.data["incident"]["name"]), ("FORBIDDEN", &json!("errors")), "the rest is there");
}

async fn outsiders_see_no_tickets_of_restricted_incidents(app: &TestApp) {
    let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
    let incident = sam.declare_with(json!({ "name": "breach", "severity": "MAJOR", "visibility": "RESTRICTED" })).await;
    link(&sam, &incident, "42").await;
    let row = ticket(&sam, "INC-1", "42").await;
    assert!(kim.node(id(&row), "Ticket { externalId }").await.is_null());
    assert_eq!(kim.refused("unlinkTicket", json!({ "ticketId": row["id"] })).await.code(), "NOT_FOUND");
    assert_eq!(kim.refused("commentOnTicket", json!({ "ticketId": row["id"], "text": "hello" })).await.code(), "NOT_FOUND");
}

async fn without_zendesk_nothing_is_searched(app: &TestApp) {
    let sam = app.responder("Sam").await;
    sam.declare("errors").await;
    let refusal = sam.try_query("{ searchTickets(text: \"down\") { externalId } }", Value::Null).await.expect_refusal("searchTickets");
    assert_eq!(refusal.code(), "FAILED_PRECONDITION");
    assert!(refusal.message().starts_with("Zendesk is not connected"), "{}", refusal.message());
    let found = sam.incident("INC-1", "ticketSuggestions { externalId }").await;
    assert_eq!(found["ticketSuggestions"], json!([]));
}

/// R20, R21: the links are made as soon as both ends exist, and clients that write to us are affected.
async fn tickets_join_the_problem_ticket_and_show_whose_they_are(app: &TestApp) {
    let sam = app.responder("Sam").await;
    client_at_zendesk(&sam, "Example Ltd", "7").await;
    let other = client_at_zendesk(&sam, "Other Ltd", "8").await;
    let reported = sam.report("errors").await;
    link(&sam, &reported, "42").await;
    let given = json!({ "incidentId": reported["id"], "externalId": "43", "clientId": other });
    sam.incident_of("linkTicket", given).await;
    let outside = zendesk();
    let worker = app.worker(&outside).await;
    // A report may be no incident: it has no problem ticket yet.
    let incident = sam.declare_with(json!({ "incidentId": reported["id"], "severity": "MAJOR" })).await;
    for title in
        ["The problem ticket “INC-1: errors”", "Linking ticket #42 to the problem ticket", "Linking ticket #43 to the problem ticket"]
    {
        is_asked(&outside, title).await;
    }
    let seen = eventually("the client is known", SOON, async || {
        let row = ticket(&sam, "INC-1", "42").await;
        (row["client"]["name"] == "Example Ltd").then_some(row)
    });
    let seen = seen.await;
    assert_eq!((&seen["subject"], &seen["status"]), (&json!("It is down"), &json!("open")));
    assert_eq!(ticket(&sam, "INC-1", "43").await["client"]["name"], "Other Ltd", "what a person said holds");
    let affected = sam.incident("INC-1", "affectedClients { client { name } note }").await;
    let mut names: Vec<&str> = affected["affectedClients"].as_array().unwrap().iter().map(|row| text(&row["client"], "name")).collect();
    names.sort_unstable();
    assert_eq!(names, ["Example Ltd", "Other Ltd"]);
    // The problem ticket follows the incident.
    sam.resolve(id(&incident)).await;
    is_asked(&outside, "Solving problem ticket #900").await;
    sam.incident_of("reopenIncident", json!({ "incidentId": incident["id"], "reason": "again" })).await;
    is_asked(&outside, "Reopening problem ticket #900").await;
    worker.stop().await;
    assert_eq!(asked(&outside).iter().filter(|title| title.starts_with("The problem ticket")).count(), 1);
}

/// Taking a ticket off was under way when someone linked it again: the late attempt must not take it off.
async fn an_order_that_was_overtaken_is_not_tried_again(app: &TestApp) {
    let (sam, ctx) = (app.responder("Sam").await, app.system());
    let (incident, client) = (sam.declare("errors").await, sam.add_client("Example Ltd").await);
    let problem = fixture::linked_ticket(&ctx, IncidentId::parse(id(&incident)).unwrap(), entity::ClientId::parse(&client).unwrap(), "900");
    fixture::keep_tickets(&ctx, vec![entity::ticket::Model { parent: true, client_id: None, ..problem }]).await;
    link(&sam, &incident, "42").await;
    let linked = ticket(&sam, "INC-1", "42").await;
    sam.mutate("unlinkTicket", json!({ "ticketId": linked["id"] }), "incident { id }").await;
    let rows = entity::delivery::Entity::find().all(ctx.db.read()).await.unwrap();
    let unlink = |row: &&entity::delivery::Model| row.operation == Operation::LinkTicket && row.state == DeliveryState::Queued;
    let order = rows.iter().find(unlink).unwrap().id;
    let claim = delivery::claim(&ctx, order).await.unwrap().unwrap();
    link(&sam, &incident, "42").await;
    delivery::record(&ctx, &claim, Err(Refusal::Unclear("cut off".into()))).await.unwrap();
    app.advance(Duration::from_secs(600));
    assert!(delivery::claim(&ctx, order).await.unwrap().is_none());
    assert_eq!(delivery::find(&ctx, order).await.unwrap().state, DeliveryState::Cancelled);
}

async fn what_people_write_on_a_ticket_is_written_once(app: &TestApp) {
    let sam = app.responder("Sam").await;
    client_at_zendesk(&sam, "Example Ltd", "7").await;
    let incident = sam.declare("errors").await;
    link(&sam, &incident, "42").await;
    let outside = zendesk();
    let worker = app.worker(&outside).await;
    eventually("both are there", SOON, async || {
        let rows = tickets(&sam, "INC-1").await;
        (rows.len() == 2 && rows.iter().all(|row| row["parent"] == true || row["status"] == "open")).then_some(())
    })
    .await;
    let row = ticket(&sam, "INC-1", "42").await;
    for _ in 0..2 {
        let input = json!({ "ticketId": row["id"], "text": "We are on it.", "public": true, "idempotencyKey": "once" });
        sam.incident_of("commentOnTicket", input).await;
    }
    sam.incident_of("commentOnTicket", json!({ "ticketId": row["id"], "text": "see INC-1" })).await;
    is_asked(&outside, "The internal note on ticket #42").await;
    is_asked(&outside, "The reply to Example Ltd on ticket #42").await;
    worker.stop().await;
    let replies: Vec<Effect> = outside.orders().into_iter().map(|order| order.effect).collect();
    let replies: Vec<&str> = replies
        .iter()
        .filter_map(|effect| match effect {
            Effect::Desk(DeskOrder::Comment(comment)) if comment.public => Some(comment.text.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(replies, ["We are on it."]);
    let events = texts(&sam, &incident, "TICKET").await;
    assert_eq!(events[events.len() - 2..], ["Replied on #42: We are on it.", "Noted on #42: see INC-1"]);
    let parent = ticket(&sam, "INC-1", "900").await;
    let refusal = sam.refused("commentOnTicket", json!({ "ticketId": parent["id"], "text": "hello", "public": true })).await;
    assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", "public"));
    sam.incident_of("unlinkTicket", json!({ "ticketId": row["id"] })).await;
    let refusal = sam.refused("commentOnTicket", json!({ "ticketId": row["id"], "text": "hello" })).await;
    assert_eq!(refusal.code(), "FAILED_PRECONDITION");
}

async fn a_restricted_incident_has_a_problem_ticket_only_if_needed_and_without_its_name(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident =
        sam.declare_with(json!({ "name": "stolen cards", "description": "of Kim", "severity": "MAJOR", "visibility": "RESTRICTED" })).await;
    let zendesk_orders = async || {
        let found = sam.incident("INC-1", "deliveries { system title instructions }").await;
        let rows = found["deliveries"].as_array().unwrap().clone();
        rows.into_iter().filter(|row| row["system"] == "zendesk").collect::<Vec<_>>()
    };
    assert_eq!(zendesk_orders().await, [] as [Value; 0]);
    link(&sam, &incident, "42").await;
    let orders = zendesk_orders().await;
    assert_eq!(orders[0]["title"], "The problem ticket “INC-1”");
    let outside = zendesk();
    let worker = app.worker(&outside).await;
    is_asked(&outside, "Linking ticket #42 to the problem ticket").await;
    worker.stop().await;
    for order in outside.orders() {
        let said = format!("{:?}", order.effect);
        assert!(!said.contains("stolen") && !said.contains("Kim"), "{said}");
    }
}

/// A ticket system with these tickets; without any, it refuses.
struct Desk(Vec<SeenTicket>);

impl Desk {
    fn answer(&self) -> Result<Vec<SeenTicket>, Refusal> {
        if self.0.is_empty() { Err(Refusal::Unclear("secret inside".into())) } else { Ok(self.0.clone()) }
    }
}

#[async_trait]
impl TicketDesk for Desk {
    async fn search(&self, text: &str) -> Result<Vec<SeenTicket>, Refusal> {
        let hits = self.answer()?.into_iter().filter(|seen| seen.subject.as_deref().unwrap_or_default().contains(text));
        Ok(hits.collect())
    }

    async fn open_tickets(&self, organizations: &[String]) -> Result<Vec<SeenTicket>, Refusal> {
        let hits = self.answer()?.into_iter().filter(|seen| seen.organization.as_ref().is_some_and(|id| organizations.contains(id)));
        Ok(hits.collect())
    }
}

fn seen(number: &str, subject: &str, organization: Option<&str>) -> SeenTicket {
    SeenTicket {
        number: number.into(),
        subject: Some(subject.into()),
        status: Some("open".into()),
        organization: organization.map(str::to_owned),
        ..SeenTicket::default()
    }
}

async fn suggestions_are_open_tickets_of_affected_clients(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let client = client_at_zendesk(&sam, "Example Ltd", "7").await;
    let incident = sam.declare_with(json!({ "name": "errors", "severity": "MAJOR", "affectedClientIds": [client] })).await;
    let suggested = async || {
        let found = sam.incident("INC-1", "ticketSuggestions { externalId subject status client { name } ticket { id } }").await;
        found["ticketSuggestions"].as_array().unwrap().clone()
    };
    let numbers = |rows: &[Value]| rows.iter().map(|row| text(row, "externalId").to_owned()).collect::<Vec<_>>();
    let rows = suggested().await;
    assert_eq!(numbers(&rows), ["42", "43"]);
    assert_eq!((&rows[0]["client"]["name"], &rows[0]["ticket"]), (&json!("Example Ltd"), &Value::Null));
    link(&sam, &incident, "42").await;
    link(&sam, &incident, "43").await;
    let wrong = ticket(&sam, "INC-1", "43").await;
    sam.incident_of("unlinkTicket", json!({ "ticketId": wrong["id"] })).await;
    assert_eq!(suggested().await, [] as [Value; 0], "what was linked or dismissed is not suggested");
    let found = sam.query("{ searchTickets(text: \"down\") { externalId client { name } } }", Value::Null).await;
    let found = found["searchTickets"].as_array().unwrap();
    assert_eq!(numbers(found), ["42", "44"]);
    assert_eq!((&found[0]["client"]["name"], &found[1]["client"]), (&json!("Example Ltd"), &Value::Null));
    for bad in ["", "  "] {
        let refusal = sam.try_query("query($text: String!) { searchTickets(text: $text) { externalId } }", json!({ "text": bad })).await;
        assert_eq!(refusal.code(), "BAD_USER_INPUT");
    }
}

async fn a_desk_that_fails_asks_for_the_number(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let client = client_at_zendesk(&sam, "Example Ltd", "7").await;
    sam.declare_with(json!({ "name": "errors", "severity": "MAJOR", "affectedClientIds": [client] })).await;
    let document = "{ searchTickets(text: \"down\") { externalId } }";
    let refusal = sam.try_query(document, Value::Null).await.expect_refusal(document);
    assert_eq!(refusal.code(), "UNAVAILABLE");
    assert!(refusal.message().contains("by its number") && !refusal.message().contains("secret"), "{}", refusal.message());
    let answer = sam.try_query("{ incident(reference: \"INC-1\") { name ticketSuggestions { externalId } } }", Value::Null).await;
    assert_eq!((answer.code(), &answer.data["incident"]["ticketSuggestions"]), ("UNAVAILABLE", &Value::Null));
    assert_eq!(answer.data["incident"]["name"], "errors", "the rest is there");
}

async fn systems_show_whether_they_accept_us(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let zendesk = async || {
        let found = sam.query("{ systems { system connected held { reason since } } }", Value::Null).await;
        let systems = found["systems"].as_array().unwrap().clone();
        assert!(systems.iter().any(|row| row["system"] == "trello" && row["connected"] == false));
        systems.into_iter().find(|row| row["system"] == "zendesk").unwrap()
    };
    assert_eq!(zendesk().await, json!({ "system": "zendesk", "connected": true, "held": null }));
    hold::hold(&app.system(), System::Zendesk, "the token is wrong").await.unwrap();
    let held = zendesk().await["held"].clone();
    assert_eq!(held, json!({ "reason": "the token is wrong", "since": "2026-11-22T03:00:00+00:00" }));
}

mod our_own_account {
    use harness::{Engine, TestApp, run_with};

    fn start(engine: Engine) {
        let ours = TestApp::builder(engine).tickets(|rules| rules.account = Some("https://ours.zendesk.com".to_owned()));
        run_with(ours, super::only_tickets_of_our_own_account_are_linked);
    }

    #[test]
    fn sqlite() {
        start(Engine::Sqlite);
    }

    #[test]
    fn postgres() {
        start(Engine::Postgres);
    }
}
