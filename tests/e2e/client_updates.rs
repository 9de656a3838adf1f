//! Updates to affected clients (R21, R22): who is told how, what a person must do before, and what happens when it does not arrive.

use std::time::Duration;

use domain::clients::update::{self, Compose};
use domain::playbook::Playbook;
use domain::ports::{Comment, DeskOrder, Effect, MailOrder, Receipt, Refusal, Seen, SeenTicket};
use entity::{ClientId, DeliveryState, IncidentId, Severity, System, TicketLink, delivery, ticket};
use harness::drive::{id, kinds, text};
use harness::worker::Outside;
use harness::{Client, Engine, TestApp, both_dbs, eventually};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};

use crate::fixture::{self, client_with};

both_dbs![
    without_systems_people_deliver_the_update,
    an_update_may_be_for_some_clients,
    clients_are_told_while_it_lasts_and_once_afterwards,
    sending_settles_the_step_and_restarts_the_hour,
    a_draft_waits_until_a_person_sends_it,
    an_update_needs_a_second_reader_if_the_playbook_says_so,
    the_same_press_twice_tells_once,
    only_responders_who_see_it_tell_clients,
    only_people_tell_clients,
    an_update_has_a_maximum_length,
    a_proposal_says_what_is_known,
    the_addresses_are_a_harmless_file,
];

both_dbs![by connected:
    each_client_is_told_where_it_can_be_reached,
    what_failed_is_sent_again_and_nothing_else,
    the_name_of_a_restricted_incident_is_never_in_a_subject,
    hundreds_of_clients_are_told_at_once,
    the_requester_of_a_ticket_of_no_known_client_gets_an_answer,
];

mod letters;

const MINUTE: Duration = Duration::from_secs(60);
const SOON: Duration = Duration::from_secs(20);
const UPDATE: &str = "clientUpdate { id body state createdAt sentAt author { name } sentBy { name } approvedBy { name } approvedAt \
    recipients { name email } outcomes { client { name } state deliveries { id system state instructions } } } incident { id version }";

fn connected(engine: Engine, test: impl AsyncFnOnce(&TestApp)) {
    harness::run_with(TestApp::builder(engine).connected(System::Email).connected(System::Zendesk), test);
}

fn incident_id(incident: &Value) -> IncidentId {
    IncidentId::parse(id(incident)).unwrap()
}

fn client_id(text: &str) -> ClientId {
    ClientId::parse(text).unwrap()
}

async fn affecting(sam: &Client, clients: &[&str]) -> Value {
    sam.declare_with(json!({ "name": "errors", "severity": "MINOR", "leadId": sam.id(), "affectedClientIds": clients })).await
}

fn telling(incident: &Value, body: &str) -> Value {
    json!({ "incidentId": incident["id"], "body": body })
}

async fn send(by: &Client, input: Value) -> Value {
    by.mutate("sendClientUpdate", input, UPDATE).await["clientUpdate"].take()
}

/// The state with each client, by name.
fn outcomes(update: &Value) -> Vec<(&str, &str)> {
    let mut outcomes: Vec<(&str, &str)> =
        update["outcomes"].as_array().unwrap().iter().map(|one| (text(&one["client"], "name"), text(one, "state"))).collect();
    outcomes.sort_unstable();
    outcomes
}

async fn again(by: &Client, update: &Value) -> Value {
    let selection = UPDATE.trim_start_matches("clientUpdate {").split("} incident {").next().unwrap();
    by.node(id(update), &format!("ClientUpdate {{ {selection} }}")).await
}

/// What was ordered for clients.
async fn ordered(app: &TestApp) -> Vec<delivery::Model> {
    let to_clients = delivery::Entity::find().filter(delivery::Column::ClientUpdateId.is_not_null());
    to_clients.all(app.domain.db.read()).await.unwrap()
}

async fn each_client_is_told_where_it_can_be_reached(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let (ticketed, mailed, lost) = (
        sam.add_client("Ticketed").await,
        client_with(
            &sam,
            "Mailed",
            json!([{ "name": "Lee", "email": "lee@example.org" }, { "name": "Kim", "email": "kim@example.org", "kind": "SENIOR" }]),
        )
        .await,
        client_with(&sam, "Lost", json!([])).await,
    );
    let incident = affecting(&sam, &[&ticketed, &mailed, &lost]).await;
    let ctx = app.system();
    let ticket = |number: &str, client: &str| fixture::linked_ticket(&ctx, incident_id(&incident), client_id(client), number);
    let tickets = vec![
        ticket("11", &ticketed),
        ticket("12", &ticketed),
        ticket::Model { status: Some("solved".into()), ..ticket("13", &ticketed) },
        ticket::Model { link: TicketLink::Suggested, ..ticket("14", &ticketed) },
        ticket::Model { link: TicketLink::Dismissed, ..ticket("15", &mailed) },
    ];
    fixture::keep_tickets(&ctx, tickets).await;
    let sent = send(&sam, telling(&incident, "We are on it.")).await;
    assert_eq!((&sent["state"], &sent["author"]["name"], &sent["sentBy"]["name"]), (&json!("SENDING"), &json!("Sam"), &json!("Sam")));
    assert_eq!(outcomes(&sent), [("Lost", "BY_HAND"), ("Mailed", "SENDING"), ("Ticketed", "SENDING")]);
    assert_eq!(sent["recipients"].as_array().unwrap().len(), 3);
    let (desk, mail) = (Outside::new(), Outside::new());
    let worker = app.worker_with([(System::Zendesk, desk.clone()), (System::Email, mail.clone())]).await;
    let arrived = eventually("they are told", SOON, async || {
        let now = again(&sam, &sent).await;
        (outcomes(&now) == [("Lost", "BY_HAND"), ("Mailed", "SENT"), ("Ticketed", "SENT")]).then_some(now)
    })
    .await;
    worker.stop().await;
    assert_eq!(arrived["state"], "SENDING", "one still needs a person");
    let replies: Vec<Comment> = desk
        .orders()
        .into_iter()
        .filter_map(|order| match order.effect {
            Effect::Desk(DeskOrder::Comment(comment)) => Some(comment),
            _ => None,
        })
        .collect();
    let mut numbers: Vec<&str> = replies.iter().map(|reply| &*reply.ticket).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, ["11", "12"], "open tickets that are linked, each once");
    assert!(replies.iter().all(|reply| reply.public && reply.text == "We are on it." && reply.to == "Ticketed"));
    let mails: Vec<_> = mail
        .orders()
        .into_iter()
        .filter_map(|order| match order.effect {
            Effect::Mail(MailOrder::Email(email)) => Some((email.to, email.subject, email.text)),
            _ => None,
        })
        .collect();
    let expected = |to: &str| (to.to_owned(), "[INC-1] Status update".to_owned(), "We are on it.".to_owned());
    assert_eq!(mails.len(), 2);
    assert!(mails.contains(&expected("kim@example.org")) && mails.contains(&expected("lee@example.org")), "{mails:?}");
    let lost = arrived["outcomes"].as_array().unwrap().iter().find(|one| one["client"]["name"] == "Lost").unwrap()["deliveries"][0].clone();
    assert!(text(&lost, "instructions").starts_with("Contact Lost") && text(&lost, "instructions").contains("We are on it."), "{lost}");
    sam.mutate("settleDeliveryByHand", json!({ "deliveryId": lost["id"] }), "delivery { client { name } clientUpdate { id } }").await;
    assert_eq!(again(&sam, &sent).await["state"], "SENT");
    let event = sam.timeline(id(&incident)).await.into_iter().find(|event| event["kind"] == "CLIENT_UPDATE").unwrap();
    assert_eq!((&event["text"], &event["details"]["count"]), (&json!("We are on it."), &json!(3)));
    assert_eq!(event["details"]["clientUpdate"], sent["id"]);
    assert_eq!(event["details"]["clients"][0]["name"], "Lost");
}

async fn without_systems_people_deliver_the_update(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let client = sam.add_client("Example Ltd").await;
    let incident = affecting(&sam, &[&client]).await;
    let sent = send(&sam, telling(&incident, "We are on it.")).await;
    assert_eq!((&sent["state"], outcomes(&sent)), (&json!("SENDING"), vec![("Example Ltd", "BY_HAND")]));
    let instructions = text(&sent["outcomes"][0]["deliveries"][0], "instructions").to_owned();
    assert!(instructions.contains("kim@example.org") && instructions.contains("We are on it."), "{instructions}");
    assert_eq!(sam.refused("retryClientUpdate", json!({ "clientUpdateId": sent["id"] })).await.code(), "FAILED_PRECONDITION");
}

async fn an_update_may_be_for_some_clients(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let (one, two, other) = (sam.add_client("One").await, sam.add_client("Two").await, sam.add_client("Other").await);
    let incident = affecting(&sam, &[&one, &two]).await;
    let to = |clients: Value| json!({ "incidentId": incident["id"], "body": "We are on it.", "clientIds": clients });
    let sent = send(&sam, to(json!([two, two]))).await;
    assert_eq!(outcomes(&sent), [("Two", "BY_HAND")]);
    assert_eq!(ordered(app).await.len(), 1);
    for wrong in [json!([one, other]), json!([]), json!(["cli_1"]), json!([incident["id"]])] {
        for mutation in ["sendClientUpdate", "draftClientUpdate"] {
            let refusal = sam.refused(mutation, to(wrong.clone())).await;
            assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", "clientIds"), "{mutation} {wrong}");
        }
    }
    assert_eq!(ordered(app).await.len(), 1, "a refused request tells nobody");
    let board = sam.incident("INC-1", "affectedClients { client { name } lastUpdatedAt }").await["affectedClients"].take();
    let told = |name: &str| board.as_array().unwrap().iter().find(|row| row["client"]["name"] == name).unwrap()["lastUpdatedAt"].clone();
    assert_eq!((told("One"), told("Two")), (Value::Null, json!("2026-11-22T03:00:00+00:00")));
}

async fn clients_are_told_while_it_lasts_and_once_afterwards(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let client = sam.add_client("Example Ltd").await;
    let report = sam.report("something").await;
    assert_eq!(sam.refused("sendClientUpdate", telling(&report, "Hello")).await.code(), "FAILED_PRECONDITION");
    let incident = affecting(&sam, &[]).await;
    let refusal = sam.refused("sendClientUpdate", telling(&incident, "Hello")).await;
    assert_eq!((refusal.code(), refusal.missing()), ("FAILED_PRECONDITION", vec!["markClientAffected"]), "nobody is affected");
    sam.incident_of("markClientAffected", json!({ "incidentId": incident["id"], "clientId": client })).await;
    sam.resolve(id(&incident)).await;
    send(&sam, telling(&incident, "It is over.")).await;
    sam.incident_of("closeIncident", json!({ "incidentId": incident["id"], "note": "no report" })).await;
    assert_eq!(sam.refused("sendClientUpdate", telling(&incident, "Hello")).await.code(), "FAILED_PRECONDITION");
    assert_eq!(ordered(app).await.len(), 1);
}

async fn sending_settles_the_step_and_restarts_the_hour(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let client = sam.add_client("Example Ltd").await;
    let incident = affecting(&sam, &[&client]).await;
    app.advance(61 * MINUTE);
    fixture::remind_all(&app.system()).await;
    send(&sam, telling(&incident, "We are on it.")).await;
    let steps = sam.incident("INC-1", "nextSteps { key rule dueAt }").await["nextSteps"].take();
    let step = steps.as_array().unwrap().iter().find(|step| step["rule"] == "client-update").unwrap();
    assert_eq!((&step["key"], &step["dueAt"]), (&json!("client-update:1.1"), &json!("2026-11-22T05:01:00+00:00")));
}

async fn a_draft_waits_until_a_person_sends_it(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let (one, two) = (sam.add_client("One").await, sam.add_client("Two").await);
    let incident = affecting(&sam, &[&one]).await;
    let draft = sam.mutate("draftClientUpdate", telling(&incident, "We are on it."), UPDATE).await["clientUpdate"].take();
    assert!(id(&draft).starts_with("upd_"));
    assert_eq!((&draft["state"], &draft["sentAt"], &draft["outcomes"]), (&json!("DRAFT"), &Value::Null, &json!([])));
    assert_eq!(draft["recipients"].as_array().unwrap().len(), 1);
    assert!(ordered(app).await.is_empty() && !kinds(&sam.timeline(id(&incident)).await).contains(&"CLIENT_UPDATE"));
    let which = json!({ "clientUpdateId": draft["id"] });
    let edit = json!({ "clientUpdateId": draft["id"], "body": "We found it." });
    let edited = sam.mutate("editClientUpdate", edit, UPDATE).await["clientUpdate"].take();
    assert_eq!((&edited["body"], &edited["state"]), (&json!("We found it."), &json!("DRAFT")));
    // The clients affected when it is sent are told.
    sam.incident_of("markClientAffected", json!({ "incidentId": incident["id"], "clientId": two })).await;
    app.advance(MINUTE);
    let sent = sam.mutate("sendDraftedClientUpdate", which.clone(), UPDATE).await["clientUpdate"].take();
    assert_eq!(outcomes(&sent), [("One", "BY_HAND"), ("Two", "BY_HAND")]);
    assert_eq!((&sent["createdAt"], &sent["sentAt"]), (&json!("2026-11-22T03:00:00+00:00"), &json!("2026-11-22T03:01:00+00:00")));
    // A repeated press tells nobody anything.
    app.advance(MINUTE);
    assert_eq!(sam.mutate("sendDraftedClientUpdate", which.clone(), UPDATE).await["clientUpdate"]["sentAt"], sent["sentAt"]);
    assert_eq!(ordered(app).await.len(), 1, "Kim is a contact of both and gets one mail");
    for (mutation, input) in [
        ("editClientUpdate", json!({ "clientUpdateId": draft["id"], "body": "Other words." })),
        ("approveClientUpdate", which.clone()),
        ("discardClientUpdate", which),
    ] {
        assert_eq!(sam.refused(mutation, input).await.code(), "FAILED_PRECONDITION", "{mutation}");
    }
    // Clients that a draft names but that are no longer affected are not told.
    let to_both = json!({ "incidentId": incident["id"], "body": "Better.", "clientIds": [one, two] });
    let draft = sam.mutate("draftClientUpdate", to_both, UPDATE).await["clientUpdate"].take();
    sam.incident_of("markClientAffected", json!({ "incidentId": incident["id"], "clientId": one, "affected": false })).await;
    let sent = sam.mutate("sendDraftedClientUpdate", json!({ "clientUpdateId": draft["id"] }), UPDATE).await["clientUpdate"].take();
    assert_eq!(outcomes(&sent), [("Two", "BY_HAND")]);
    let thrown = sam.mutate("draftClientUpdate", telling(&incident, "Never mind."), UPDATE).await["clientUpdate"].take();
    sam.incident_of("discardClientUpdate", json!({ "clientUpdateId": thrown["id"] })).await;
    assert!(again(&sam, &thrown).await.is_null());
    let updates = sam.incident("INC-1", "clientUpdates { body state }").await["clientUpdates"].take();
    assert_eq!(updates, json!([{ "body": "We found it.", "state": "SENDING" }, { "body": "Better.", "state": "SENDING" }]));
}

async fn an_update_needs_a_second_reader_if_the_playbook_says_so(app: &TestApp) {
    let eyes = std::collections::BTreeSet::from([Severity::Minor]);
    app.domain.replace_playbook(Playbook { second_pair_of_eyes: eyes, ..Playbook::default() });
    let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
    let client = sam.add_client("Example Ltd").await;
    let incident = affecting(&sam, &[&client]).await;
    let refusal = sam.refused("sendClientUpdate", telling(&incident, "We are on it.")).await;
    assert_eq!((refusal.code(), refusal.missing()), ("FAILED_PRECONDITION", vec!["draftClientUpdate", "approveClientUpdate"]));
    assert!(refusal.message().contains("sendDraftedClientUpdate"), "{}", refusal.message());
    let draft = sam.mutate("draftClientUpdate", telling(&incident, "We are on it."), UPDATE).await["clientUpdate"].take();
    let which = json!({ "clientUpdateId": draft["id"] });
    let approve = json!({ "clientUpdateId": draft["id"], "note": "checked with legal" });
    assert_eq!(sam.refused("approveClientUpdate", approve.clone()).await.code(), "FORBIDDEN", "their own");
    assert_eq!(sam.refused("sendDraftedClientUpdate", which.clone()).await.code(), "FAILED_PRECONDITION");
    let approved = kim.mutate("approveClientUpdate", approve.clone(), UPDATE).await["clientUpdate"].take();
    assert_eq!((&approved["approvedBy"]["name"], &approved["approvedAt"]), (&json!("Kim"), &json!("2026-11-22T03:00:00+00:00")));
    let read = sam.timeline(id(&incident)).await.pop().unwrap();
    assert_eq!(read["text"], "Kim reviewed and approved the update to clients: checked with legal");
    // Nobody has read the new text, and its own author does not count as a second pair of eyes.
    let edit = |body: &str| json!({ "clientUpdateId": draft["id"], "body": body });
    kim.mutate("editClientUpdate", edit("We are on it."), UPDATE).await;
    assert_eq!(again(&sam, &draft).await["approvedBy"]["name"], "Kim", "the same words");
    let edited = kim.mutate("editClientUpdate", edit("We found it."), UPDATE).await["clientUpdate"].take();
    assert_eq!((&edited["approvedBy"], &edited["author"]["name"]), (&Value::Null, &json!("Kim")));
    assert_eq!(kim.refused("sendDraftedClientUpdate", which.clone()).await.code(), "FAILED_PRECONDITION");
    assert_eq!(kim.refused("approveClientUpdate", approve.clone()).await.code(), "FORBIDDEN");
    assert!(ordered(app).await.is_empty());
    sam.mutate("approveClientUpdate", approve, UPDATE).await;
    kim.mutate("sendDraftedClientUpdate", which, UPDATE).await;
    assert_eq!(ordered(app).await.len(), 1);
    let event = sam.timeline(id(&incident)).await.pop().unwrap();
    assert_eq!(event["details"]["approvedBy"], sam.id());
    // At another severity nobody else needs to read it.
    sam.incident_of("changeSeverity", json!({ "incidentId": incident["id"], "severity": "TRIVIAL", "reason": "over" })).await;
    send(&sam, telling(&incident, "It is over.")).await;
}

async fn what_failed_is_sent_again_and_nothing_else(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let contacts = json!([{ "name": "Lee", "email": "lee@example.org" }, { "name": "Kim", "email": "kim@example.org" }]);
    let client = client_with(&sam, "Example Ltd", contacts).await;
    let incident = affecting(&sam, &[&client]).await;
    let outside = Outside::new();
    outside.refuse_next(Refusal::Never("550 no such mailbox".into()));
    let sent = send(&sam, telling(&incident, "We are on it.")).await;
    let worker = app.worker_with([(System::Email, outside.clone())]).await;
    let until = async |state: &'static str| {
        eventually(state, SOON, async || (again(&sam, &sent).await["state"] == state).then_some(())).await;
    };
    until("FAILED").await;
    eventually("the other arrived", SOON, async || {
        ordered(app).await.iter().any(|row| row.state == DeliveryState::Delivered).then_some(())
    })
    .await;
    assert_eq!(outcomes(&again(&sam, &sent).await), [("Example Ltd", "FAILED")]);
    app.advance(MINUTE);
    let input = json!({ "clientUpdateId": sent["id"] });
    sam.mutate("retryClientUpdate", input.clone(), UPDATE).await;
    until("SENT").await;
    worker.stop().await;
    let orders = outside.orders();
    let arrived = ordered(app).await;
    let tries = |id| orders.iter().filter(|order| order.delivery == id).count();
    let mut tries: Vec<usize> = arrived.iter().map(|row| tries(row.id)).collect();
    tries.sort_unstable();
    assert_eq!(tries, [1, 2], "what arrived was not repeated");
    assert_eq!(sam.refused("retryClientUpdate", input).await.code(), "FAILED_PRECONDITION", "nothing failed");
    let events = sam.timeline(id(&incident)).await;
    assert!(events.iter().any(|event| text(event, "text").contains("550 no such mailbox")), "{events:?}");
}

async fn the_same_press_twice_tells_once(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let client = sam.add_client("Example Ltd").await;
    let incident = affecting(&sam, &[&client]).await;
    let press = |body: &str| json!({ "incidentId": incident["id"], "body": body, "idempotencyKey": "press-1" });
    let sends = (0..4).map(|_| send(&sam, press("We are on it.")));
    let sent = futures_util::future::join_all(sends).await;
    assert!(sent.iter().all(|update| update["id"] == sent[0]["id"]), "{sent:?}");
    assert_eq!(ordered(app).await.len(), 1);
    let refusal = sam.refused("sendClientUpdate", press("Other words.")).await;
    assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", "idempotencyKey"));
    send(&sam, telling(&incident, "We are on it.")).await;
    assert_eq!(ordered(app).await.len(), 2, "without a key it is another press");
}

async fn only_responders_who_see_it_tell_clients(app: &TestApp) {
    let (sam, kim, vic) = (app.responder("Sam").await, app.responder("Kim").await, app.viewer("Vic").await);
    let client = sam.add_client("Example Ltd").await;
    let incident = affecting(&sam, &[&client]).await;
    let sent = send(&sam, telling(&incident, "We are on it.")).await;
    let draft = sam.mutate("draftClientUpdate", telling(&incident, "Later."), UPDATE).await["clientUpdate"].take();
    assert_eq!(vic.incident("INC-1", "clientUpdates { state }").await["clientUpdates"][0]["state"], "SENDING", "viewers may look");
    for hidden in ["clientUpdateDraft", "clientUpdates { outcomes { deliveries { id } } }"] {
        let query = format!("{{ incident(reference: \"INC-1\") {{ {hidden} }} }}");
        assert_eq!(vic.try_query(&query, json!({})).await.code(), "FORBIDDEN", "{hidden}");
    }
    sam.incident_of("updateIncident", json!({ "incidentId": incident["id"], "visibility": "RESTRICTED" })).await;
    let never = json!("upd_00000000000000000000000000000001");
    for (mutation, update) in [
        ("approveClientUpdate", &draft),
        ("discardClientUpdate", &draft),
        ("sendDraftedClientUpdate", &draft),
        ("retryClientUpdate", &sent),
    ] {
        assert_eq!(vic.refused(mutation, json!({ "clientUpdateId": update["id"] })).await.code(), "FORBIDDEN", "{mutation}");
        let theirs = kim.refused(mutation, json!({ "clientUpdateId": update["id"] })).await;
        let nothing = kim.refused(mutation, json!({ "clientUpdateId": never })).await;
        assert_eq!((theirs.code(), theirs.message()), ("NOT_FOUND", nothing.message()), "{mutation}");
    }
    for mutation in ["sendClientUpdate", "draftClientUpdate"] {
        assert_eq!(vic.refused(mutation, telling(&incident, "Hello")).await.code(), "FORBIDDEN");
        assert_eq!(kim.refused(mutation, telling(&incident, "Hello")).await.code(), "NOT_FOUND");
    }
    assert!(again(&kim, &sent).await.is_null());
    assert_eq!(ordered(app).await.len(), 1);
}

async fn only_people_tell_clients(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let client = sam.add_client("Example Ltd").await;
    let incident = affecting(&sam, &[&client]).await;
    let compose = Compose { incident_id: incident_id(&incident), body: "Hello".into(), client_ids: None };
    let ctx = app.system();
    assert_eq!(update::send(&ctx, &compose, None).await.unwrap_err().code(), "FORBIDDEN");
    assert_eq!(update::draft(&ctx, &compose).await.unwrap_err().code(), "FORBIDDEN");
    let (draft, _) = update::draft(&app.ctx(&sam).await, &compose).await.unwrap();
    assert_eq!(update::send_draft(&ctx, draft.id).await.unwrap_err().code(), "FORBIDDEN");
    assert!(ordered(app).await.is_empty());
}

async fn an_update_has_a_maximum_length(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let client = sam.add_client("Example Ltd").await;
    let incident = affecting(&sam, &[&client]).await;
    for (length, accepted) in [(domain::limits::CLIENT_UPDATE_CHARS, true), (domain::limits::CLIENT_UPDATE_CHARS + 1, false)] {
        let input = telling(&incident, &"é".repeat(length));
        if accepted {
            send(&sam, input).await;
        } else {
            let refusal = sam.refused("sendClientUpdate", input).await;
            assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", "body"));
        }
    }
    for nothing in ["", "  \n"] {
        assert_eq!(sam.refused("sendClientUpdate", telling(&incident, nothing)).await.field(), "body");
    }
}

async fn a_proposal_says_what_is_known(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare_with(json!({ "name": "{next} fails", "severity": "MAJOR", "leadId": sam.id() })).await;
    let proposal = async || text(&sam.incident("INC-1", "clientUpdateDraft").await, "clientUpdateDraft").to_owned();
    let first = proposal().await;
    for part in ["INC-1", "a service disruption", "Sun 22 Nov, 03:00 GMT", "We are investigating.", "Sun 22 Nov, 04:00 GMT"] {
        assert!(first.contains(part), "{part} should be in\n{first}");
    }
    assert!(!first.contains("Sam") && !first.contains("{next}"), "{first}");
    sam.incident_of("updateIncident", json!({ "incidentId": incident["id"], "clientName": "{next} is not filled in" })).await;
    sam.event_of("postUpdate", json!({ "incidentId": incident["id"], "text": "The disk of db-01 is full." })).await;
    let second = proposal().await;
    assert!(second.contains("{next} is not filled in") && !second.contains("disk"), "summaries are for the team: {second}");
    sam.resolve(id(&incident)).await;
    let last = proposal().await;
    assert!(last.contains("is over") && last.contains("The service is back.") && !last.contains("04:00"), "{last}");
}

async fn the_name_of_a_restricted_incident_is_never_in_a_subject(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let client = sam.add_client("Example Ltd").await;
    let input = json!({ "name": "a stranger", "severity": "MAJOR", "visibility": "RESTRICTED", "affectedClientIds": [client] });
    let incident = sam.declare_with(input).await;
    send(&sam, telling(&incident, "We are on it.")).await;
    let mail = ordered(app).await.pop().unwrap();
    assert!(!mail.effect.contains("a stranger") && mail.effect.contains("[INC-1]"), "{}", mail.effect);
}

async fn the_addresses_are_a_harmless_file(app: &TestApp) {
    let (sam, kim, vic) = (app.responder("Sam").await, app.responder("Kim").await, app.viewer("Vic").await);
    let contacts = json!([{ "name": "=HYPERLINK(\"http://evil.example\")", "email": "lee@example.org" },
        { "name": "Zoë, \"Boss\"", "email": "+boss@example.org", "kind": "SENIOR" }]);
    let (one, two) = (client_with(&sam, "@Example Ltd", contacts).await, client_with(&sam, "Alone", json!([])).await);
    let incident = affecting(&sam, &[&one]).await;
    app.advance(MINUTE);
    sam.incident_of("markClientAffected", json!({ "incidentId": incident["id"], "clientId": two })).await;
    let ctx = app.system();
    let ticket = |number: &str| fixture::linked_ticket(&ctx, incident_id(&incident), client_id(&one), number);
    fixture::keep_tickets(&ctx, vec![ticket("11"), ticket("12")]).await;
    let response = sam.get("/incidents/INC-1/addresses.csv").await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/csv; charset=utf-8");
    assert_eq!(response.headers()["content-disposition"], "attachment; filename=\"INC-1-addresses.csv\"");
    assert_eq!(response.headers()["cache-control"], "no-store");
    let lines = [
        "client,importance,name,email,kind,tickets",
        "'@Example Ltd,normal,\"Zoë, \"\"Boss\"\"\",'+boss@example.org,senior,11 12",
        "'@Example Ltd,normal,\"'=HYPERLINK(\"\"http://evil.example\"\")\",lee@example.org,regular,11 12",
        "Alone,normal,,,,",
    ];
    assert_eq!(response.text().await.unwrap(), lines.join("\n") + "\n");
    for (who, path, status) in [
        (&app.anonymous(), "/incidents/INC-1/addresses.csv", 401),
        (&vic, "/incidents/INC-1/addresses.csv", 403),
        (&sam, "/incidents/INC-2/addresses.csv", 404),
        (&sam, "/incidents/nonsense/addresses.csv", 400),
    ] {
        assert_eq!(who.get(path).await.status(), status, "{path}");
    }
    sam.incident_of("updateIncident", json!({ "incidentId": incident["id"], "visibility": "RESTRICTED" })).await;
    assert_eq!(kim.get("/incidents/INC-1/addresses.csv").await.status(), 404);
}

async fn the_requester_of_a_ticket_of_no_known_client_gets_an_answer(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let (incident, client) = (affecting(&sam, &[]).await, sam.add_client("Example Ltd").await);
    sam.incident_of("linkTicket", json!({ "incidentId": incident["id"], "externalId": "42" })).await;
    let update = send(&sam, telling(&incident, "We are on it.")).await;
    assert_eq!((&update["state"], &update["outcomes"][0]["client"]), (&json!("SENDING"), &Value::Null));
    let replies = async || ordered(app).await.iter().filter(|row| row.ticket_id.is_some()).count();
    assert_eq!(replies().await, 1);
    // It restarts nobody's hour, and an update for certain clients is not for others.
    sam.incident_of("markClientAffected", json!({ "incidentId": incident["id"], "clientId": client })).await;
    let board = sam.incident("INC-1", "clientBoard { toldCount }").await;
    assert_eq!(board["clientBoard"], json!([{ "toldCount": 0 }]));
    send(&sam, json!({ "incidentId": incident["id"], "body": "For you.", "clientIds": [client] })).await;
    assert_eq!(replies().await, 1);
}

async fn hundreds_of_clients_are_told_at_once(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let ctx = app.ctx(&sam).await;
    let incident = affecting(&sam, &[]).await;
    fixture::affected_clients(&ctx, incident_id(&incident), 300).await;
    let compose = Compose { incident_id: incident_id(&incident), body: "We are on it. ".repeat(40), client_ids: None };
    let before = app.statements();
    update::send(&ctx, &compose, None).await.unwrap();
    let statements = app.statements() - before;
    assert!(statements < 60, "{statements} statements");
    assert_eq!(ordered(app).await.len(), 300);
    let event = sam.timeline(id(&incident)).await.into_iter().find(|event| event["kind"] == "CLIENT_UPDATE").unwrap();
    assert_eq!(event["details"]["count"], 300);
    assert!(event["details"].to_string().len() <= domain::limits::DETAILS_BYTES);
    let board = sam.incident("INC-1", "clientBoard { toldCount lastOutcome }").await["clientBoard"].take();
    assert!(board.as_array().unwrap().iter().all(|row| row["toldCount"] == 1 && row["lastOutcome"] == "SENDING"), "{}", board[0]);
}

#[test]
fn the_boards_of_twenty_incidents_cost_what_those_of_two_do() {
    harness::run(Engine::Postgres, the_boards_of_twenty_incidents);
}

async fn the_boards_of_twenty_incidents(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let client = sam.add_client("Example Ltd").await;
    for _ in 0..20 {
        let incident = affecting(&sam, &[&client]).await;
        send(&sam, telling(&incident, "We are on it.")).await;
    }
    let query = "{ incidents(first: FIRST) { nodes { clientBoard { client { name } contacts { name } tickets { externalId } standing \
        lastUpdate { state } } clientUpdates { state recipients { name } outcomes { client { name } state deliveries { state } } } \
        affectedClients { lastUpdatedAt nextUpdateDueAt } } } }";
    app.assert_reads_in_batches(&sam, query, (2, 20), 60).await;
}
