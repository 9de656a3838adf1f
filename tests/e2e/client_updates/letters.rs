//! What clients read, in which order, for whom an update counts, and that they hear the end.

use harness::app::HOOK_SECRET;

use super::*;

both_dbs![
    an_update_to_some_does_not_restart_the_step_for_all,
    who_was_told_hears_the_end,
    what_clients_read_is_for_clients,
    no_machine_is_named_to_clients,
    no_machine_that_an_alert_names_is_named_to_clients,
];

both_dbs![by connected: a_contact_of_two_clients_gets_one_mail, updates_to_one_address_arrive_in_order, a_reply_to_a_closed_ticket_is_mailed_instead,];

async fn asked(by: &Client, rule: &str) -> Vec<Value> {
    let found = by.incident("INC-1", "nextSteps { key rule title state dueAt clients { name } }").await["nextSteps"].take();
    found.as_array().unwrap().iter().filter(|step| step["rule"] == rule).cloned().collect()
}

fn named(step: &Value) -> Vec<&str> {
    step["clients"].as_array().unwrap().iter().map(|client| text(client, "name")).collect()
}

async fn an_update_to_some_does_not_restart_the_step_for_all(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let (one, two) = (sam.add_client("One").await, sam.add_client("Two").await);
    let incident = affecting(&sam, &[&one, &two]).await;
    let to = |client: &str| json!({ "incidentId": incident["id"], "body": "We are on it.", "clientIds": [client] });
    app.advance(30 * MINUTE);
    send(&sam, to(&two)).await;
    app.advance(31 * MINUTE);
    let due = &asked(&sam, "client-update").await[0];
    assert_eq!((&due["key"], &due["dueAt"]), (&json!("client-update:0.1"), &json!("2026-11-22T04:00:00+00:00")));
    assert_eq!((&due["state"], named(due)), (&json!("DUE"), vec!["One"]), "One waits on");
    assert!(text(due, "title").ends_with(": One"), "{due}");
    // Once One has heard, it is Two who waits longest.
    send(&sam, to(&one)).await;
    let next = &asked(&sam, "client-update").await[0];
    assert_eq!((&next["key"], &next["dueAt"]), (&json!("client-update:1.1"), &json!("2026-11-22T04:30:00+00:00")));
    assert_eq!((&next["state"], named(next)), (&json!("UPCOMING"), vec!["Two"]));
    // Nobody waits for a client that is no longer affected.
    sam.incident_of("markClientAffected", json!({ "incidentId": incident["id"], "clientId": two, "affected": false })).await;
    let next = &asked(&sam, "client-update").await[0];
    assert_eq!((&next["key"], &next["dueAt"]), (&json!("client-update:2.1"), &json!("2026-11-22T05:01:00+00:00")));
}

async fn who_was_told_hears_the_end(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let (told, new) = (sam.add_client("Told").await, sam.add_client("New").await);
    let incident = affecting(&sam, &[&told, &new]).await;
    send(&sam, json!({ "incidentId": incident["id"], "body": "We are on it.", "clientIds": [told] })).await;
    app.advance(MINUTE);
    assert!(asked(&sam, "client-closing").await.is_empty());
    sam.resolve(id(&incident)).await;
    let steps = asked(&sam, "client-closing").await;
    let [step] = steps.as_slice() else { panic!("{steps:?}") };
    assert_eq!((&step["state"], named(step)), (&json!("DUE"), vec!["Told"]));
    fixture::remind_all(&app.system()).await;
    let prompts: Vec<String> = sam.timeline(id(&incident)).await.iter().map(|event| text(event, "text").to_owned()).collect();
    assert!(prompts.iter().any(|text| text.contains("Tell clients that it is over: Told")), "{prompts:?}");
    app.advance(MINUTE);
    send(&sam, json!({ "incidentId": incident["id"], "body": "It is over.", "clientIds": [told] })).await;
    assert!(asked(&sam, "client-closing").await.is_empty());
    // If it was not over after all, they hear the end again.
    sam.incident_of("reopenIncident", json!({ "incidentId": incident["id"], "reason": "again" })).await;
    app.advance(MINUTE);
    sam.resolve(id(&incident)).await;
    assert_eq!(named(&asked(&sam, "client-closing").await[0]), ["Told"]);
}

async fn what_clients_read_is_for_clients(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let client = sam.add_client("Example Ltd").await;
    let incident = affecting(&sam, &[&client]).await;
    let effect = async || ordered(app).await.pop().unwrap().effect;
    send(&sam, telling(&incident, "We are on it.")).await;
    assert!(effect().await.contains("\"[INC-1] Status update\"") && !effect().await.contains("errors"), "the name is internal");
    assert!(effect().await.contains(harness::app::CLIENT_REPLY_TO), "answers go where they are read");
    let named = json!({ "incidentId": incident["id"], "clientName": "The shop is slow" });
    let now = sam.mutate("updateIncident", named, "incident { name clientName }").await["incident"].take();
    assert_eq!(now, json!({ "name": "errors", "clientName": "The shop is slow" }));
    send(&sam, telling(&incident, "We found it.")).await;
    assert!(effect().await.contains("\"[INC-1] The shop is slow\""));
    let refusal = sam.refused("updateIncident", json!({ "incidentId": incident["id"], "clientName": "db-01 is slow" })).await;
    assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", "clientName"));
    sam.incident_of("updateIncident", json!({ "incidentId": incident["id"], "clientName": "" })).await;
    assert!(sam.incident("INC-1", "clientName").await["clientName"].is_null());
}

async fn no_machine_is_named_to_clients(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let client = sam.add_client("Example Ltd").await;
    let incident = affecting(&sam, &[&client]).await;
    let draft = sam.mutate("draftClientUpdate", telling(&incident, "We are on it."), UPDATE).await["clientUpdate"].take();
    let body = "db-01.prod.internal (10.0.4.7) is full.";
    let edit = json!({ "clientUpdateId": draft["id"], "body": body });
    for (mutation, input) in
        [("sendClientUpdate", telling(&incident, body)), ("draftClientUpdate", telling(&incident, body)), ("editClientUpdate", edit)]
    {
        let refusal = sam.refused(mutation, input).await;
        assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", "body"), "{mutation}");
        assert!(refusal.message().contains("db-01.prod.internal, 10.0.4.7"), "{}", refusal.message());
    }
    assert!(ordered(app).await.is_empty());
    send(&sam, telling(&incident, "The database of www.example.org is full.")).await;
}

async fn no_machine_that_an_alert_names_is_named_to_clients(app: &TestApp) {
    let (sam, hook) = (app.responder("Sam").await, app.anonymous());
    let client = sam.add_client("Example Ltd").await;
    let alertmanager = json!({ "groupKey": "one", "alerts": [{
        "status": "firing", "fingerprint": "f", "startsAt": "2026-11-22T03:00:00Z", "endsAt": "0001-01-01T00:00:00Z",
        "labels": { "alertname": "Down", "instance": "shop3:9100", "severity": "critical" },
    }] });
    let generic = json!({ "source": "uptime", "alerts": [
        { "id": "q", "title": "slow", "state": "firing", "severity": "critical", "labels": { "host": "queue-7" } },
    ] });
    for (path, body, reference, machine) in
        [("/hooks/alertmanager", alertmanager, "INC-1", "shop3"), ("/hooks/alerts", generic, "INC-2", "queue-7")]
    {
        let request = hook.request(reqwest::Method::POST, path).bearer_auth(HOOK_SECRET).json(&body);
        assert_eq!(request.send().await.unwrap().status(), 200);
        let report = sam.incident(reference, "id").await;
        let declared = json!({ "incidentId": report["id"], "severity": "CRITICAL", "leadId": sam.id(), "affectedClientIds": [client] });
        let incident = sam.declare_with(declared).await;
        let refusal = sam.refused("sendClientUpdate", telling(&incident, &format!("{machine} is full."))).await;
        assert!(refusal.field() == "body" && refusal.message().contains(machine), "{}", refusal.message());
    }
}

async fn a_contact_of_two_clients_gets_one_mail(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let kim = json!({ "name": "Kim", "email": "kim@example.org" });
    let one = client_with(&sam, "One", json!([kim])).await;
    let two = client_with(&sam, "Two", json!([{ "name": "Kim K.", "email": "KIM@example.org" }])).await;
    let three = client_with(&sam, "Three", json!([kim, { "name": "Lee", "email": "lee@example.org" }])).await;
    let incident = affecting(&sam, &[&one, &two, &three]).await;
    let sent = send(&sam, telling(&incident, "We are on it.")).await;
    assert_eq!(outcomes(&sent), [("One", "SENDING"), ("Three", "SENDING"), ("Two", "SENDING")]);
    let outside = Outside::new();
    let worker = app.worker_with([(System::Email, outside.clone())]).await;
    eventually("it arrived", SOON, async || (again(&sam, &sent).await["state"] == "SENT").then_some(())).await;
    worker.stop().await;
    assert_eq!(outcomes(&again(&sam, &sent).await), [("One", "SENT"), ("Three", "SENT"), ("Two", "SENT")]);
    assert_eq!(outside.orders().len(), 2, "one to Kim, one to Lee");
    let board = sam.incident("INC-1", "clientBoard { client { name } toldCount lastOutcome }").await["clientBoard"].take();
    assert!(board.as_array().unwrap().iter().all(|row| row["toldCount"] == 1 && row["lastOutcome"] == "SENT"), "{board}");
}

async fn updates_to_one_address_arrive_in_order(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let mailed = sam.add_client("Mailed").await;
    let ticketed = client_with(&sam, "Ticketed", json!([])).await;
    let incident = affecting(&sam, &[&mailed, &ticketed]).await;
    let ctx = app.system();
    fixture::keep_tickets(&ctx, vec![fixture::linked_ticket(&ctx, incident_id(&incident), client_id(&ticketed), "11")]).await;
    let outside = Outside::new();
    outside.refuse_all(Some(Refusal::Later { reason: "451 later".into(), after: Some(Duration::from_secs(1)) }));
    send(&sam, telling(&incident, "first")).await;
    let worker = app.worker_with([(System::Email, outside.clone()), (System::Zendesk, outside.clone())]).await;
    eventually("both were put off", SOON, async || ordered(app).await.iter().all(|row| row.state == DeliveryState::Retrying).then_some(()))
        .await;
    outside.refuse_all(None);
    send(&sam, telling(&incident, "second")).await;
    let third = send(&sam, telling(&incident, "third")).await;
    app.advance(Duration::from_secs(10));
    eventually("all arrived", SOON, async || (again(&sam, &third).await["state"] == "SENT").then_some(())).await;
    worker.stop().await;
    let texts = |to_ticket: bool| -> Vec<String> {
        let orders = outside.orders().into_iter().filter_map(|order| match order.effect {
            Effect::Desk(DeskOrder::Comment(comment)) if to_ticket => Some(comment.text),
            Effect::Mail(MailOrder::Email(email)) if !to_ticket => Some(email.text),
            _ => None,
        });
        orders.collect()
    };
    for to_ticket in [true, false] {
        assert_eq!(texts(to_ticket), ["first", "first", "second", "third"], "ticket: {to_ticket}");
    }
}

async fn a_reply_to_a_closed_ticket_is_mailed_instead(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let client = sam.add_client("Example Ltd").await;
    let incident = affecting(&sam, &[&client]).await;
    let ctx = app.system();
    fixture::keep_tickets(&ctx, vec![fixture::linked_ticket(&ctx, incident_id(&incident), client_id(&client), "11")]).await;
    let (desk, mail) = (Outside::new(), Outside::new());
    desk.answer(|_| {
        let tags = vec!["closed_by_merge".to_owned()];
        let seen = SeenTicket { number: "11".to_owned(), status: Some("closed".to_owned()), tags, ..SeenTicket::default() };
        Receipt { seen: Some(Seen::TicketClosed(seen)), ..Receipt::default() }
    });
    send(&sam, telling(&incident, "first")).await;
    let worker = app.worker_with([(System::Zendesk, desk.clone()), (System::Email, mail.clone())]).await;
    eventually("it is mailed", SOON, async || (mail.orders().len() == 1).then_some(())).await;
    let events: Vec<String> = sam.timeline(id(&incident)).await.iter().map(|event| text(event, "text").to_owned()).collect();
    let told = "Ticket #11 is closed. It was merged into another ticket: link that one instead. The update is e-mailed instead.";
    assert!(events.iter().any(|text| text == told), "{events:?}");
    // From now on nobody writes there.
    send(&sam, telling(&incident, "second")).await;
    eventually("it is mailed at once", SOON, async || (mail.orders().len() == 2).then_some(())).await;
    worker.stop().await;
    let replies = desk.orders().into_iter().filter(|order| matches!(order.effect, Effect::Desk(DeskOrder::Comment(_))));
    assert_eq!(replies.count(), 1);
}
