//! What names a ticket, and the problem ticket that people make by hand.

use super::*;

both_dbs![
    by_hand_tickets_are_linked_once_the_problem_ticket_has_a_number,
    a_problem_ticket_that_was_linked_as_a_client_s_stays_the_problem_ticket,
    by_hand_only_the_address_of_a_ticket_makes_the_problem_ticket,
    what_is_not_a_ticket_is_refused,
];

/// R20 without credentials: the same, step by step, by a person.
async fn by_hand_tickets_are_linked_once_the_problem_ticket_has_a_number(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare("errors").await;
    assert_eq!(by_hand(&sam, "INC-1").await, [] as [Value; 0], "nobody makes a ticket by hand for no purpose");
    link(&sam, &incident, "#42").await;
    assert_eq!(texts(&sam, &incident, "TICKET").await, ["Linked ticket #42"]);
    let waiting = by_hand(&sam, "INC-1").await;
    let [problem] = waiting.as_slice() else { panic!("the problem ticket alone: {waiting:?}") };
    assert!(text(problem, "instructions").starts_with("Create a ticket of type “problem” in Zendesk"), "{problem}");
    let url = "https://example.zendesk.com/agent/tickets/900";
    sam.mutate("settleDeliveryByHand", json!({ "deliveryId": problem["id"], "externalUrl": url }), "delivery { state }").await;
    let parent = ticket(&sam, "INC-1", "900").await;
    assert_eq!((&parent["parent"], &parent["url"], &parent["link"]), (&json!(true), &json!(url), &json!("LINKED")));
    let waiting = by_hand(&sam, "INC-1").await;
    assert_eq!(text(&waiting[0], "instructions"), "In Zendesk, set the type of ticket #42 to “incident” and link it to problem #900.");
    // Now that there is a problem ticket, another one is linked to it at once; linking the same one again changes nothing.
    link(&sam, &incident, "https://example.zendesk.com/agent/tickets/43").await;
    let before = sam.incident("INC-1", "version").await;
    link(&sam, &incident, "42").await;
    assert_eq!(sam.incident("INC-1", "version").await, before);
    assert_eq!(by_hand(&sam, "INC-1").await.len(), 2);
    assert_eq!(tickets(&sam, "INC-1").await[0]["externalId"], "900", "the problem ticket comes first");
    let node = sam.node(id(&parent), "Ticket { externalId incident { reference } }").await;
    assert_eq!((&node["externalId"], &node["incident"]["reference"]), (&json!("900"), &json!("INC-1")));
}

async fn a_problem_ticket_that_was_linked_as_a_client_s_stays_the_problem_ticket(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare("errors").await;
    link(&sam, &incident, "900").await;
    let problem = by_hand(&sam, "INC-1").await;
    let url = "https://example.zendesk.com/agent/tickets/900";
    sam.mutate("settleDeliveryByHand", json!({ "deliveryId": problem[0]["id"], "externalUrl": url }), "delivery { state }").await;
    let rows = tickets(&sam, "INC-1").await;
    assert_eq!((rows.len(), &rows[0]["parent"]), (1, &json!(true)));
    assert_eq!(by_hand(&sam, "INC-1").await, [] as [Value; 0], "it is not linked to itself");
}

async fn by_hand_only_the_address_of_a_ticket_makes_the_problem_ticket(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare("errors").await;
    link(&sam, &incident, "42").await;
    let problem = by_hand(&sam, "INC-1").await;
    let done = |url: &str| json!({ "deliveryId": problem[0]["id"], "externalUrl": url });
    for url in ["https://example.zendesk.com/agent/users/43", "https://example.org/agent/tickets/43"] {
        let refusal = sam.refused("settleDeliveryByHand", done(url)).await;
        assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", "externalUrl"), "{url}");
    }
    assert_eq!(tickets(&sam, "INC-1").await.len(), 1, "nobody is told that #43 is the problem ticket");
    sam.mutate("settleDeliveryByHand", done("https://example.zendesk.com/agent/tickets/900"), "delivery { state }").await;
    assert_eq!(ticket(&sam, "INC-1", "900").await["parent"], true);
}

async fn what_is_not_a_ticket_is_refused(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare("errors").await;
    let refused = async |input: Value| {
        let refusal = sam.refused("linkTicket", input).await;
        (refusal.code().to_owned(), refusal.field().to_owned())
    };
    let input = |number: &str, system: &str| json!({ "incidentId": incident["id"], "externalId": number, "system": system });
    for number in
        ["", "abc", "#", "0", "12a", "-3", "42.5", "INC-42", "https://example.zendesk.com/agent/tickets/", "123456789012345678901"]
    {
        assert_eq!(refused(input(number, "zendesk")).await, ("BAD_USER_INPUT".into(), "externalId".into()), "{number}");
    }
    for (address, found) in [
        ("https://example.zendesk.com/agent/users/43", "/agent/users/43"),
        ("https://example.org/agent/tickets/43", "example.org"),
        ("https://example.zendesk.com/agent/organizations/7/tickets/43", "/agent/organizations/7/tickets/43"),
    ] {
        let refusal = sam.refused("linkTicket", input(address, "zendesk")).await;
        assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", "externalId"), "{address}");
        assert!(refusal.message().contains(found), "{}", refusal.message());
    }
    assert_eq!(refused(input("42", "jira")).await, ("BAD_USER_INPUT".into(), "system".into()));
    let nobody = "cli_00000000000000000000000000000001";
    let input = json!({ "incidentId": incident["id"], "externalId": "42", "clientId": nobody });
    assert_eq!(refused(input).await.0, "NOT_FOUND");
    let input = json!({ "incidentId": "inc_00000000000000000000000000000001", "externalId": "42" });
    assert_eq!(refused(input).await.0, "NOT_FOUND");
    let tickets = tickets(&sam, "INC-1").await;
    assert_eq!(tickets, [] as [Value; 0]);
}
