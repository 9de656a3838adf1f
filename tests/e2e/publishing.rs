//! R29: a client gets its own part of a report, once somebody who did not write it has approved exactly that text.

mod letters;

use domain::delivery::claim;
use domain::ports::{BlogOrder, DeskOrder, Effect, MailOrder};
use entity::{ClientId, DeliveryState, Grant, IncidentId, Operation, System, delivery};
use harness::drive::{id, text};
use harness::{Client, Engine, TestApp, both_dbs};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};

use crate::fixture::{self, client_with, grant};

both_dbs![
    a_client_reads_its_own_part_alone,
    what_mixes_several_clients_needs_a_text_of_its_own,
    an_approval_is_of_one_text_by_somebody_else,
    nothing_leaves_to_a_client_without_approval,
    an_approval_and_an_edit_at_once_leave_no_other_text,
    a_report_goes_out_once_it_is_final,
    only_who_may_see_names_sees_them,
];

both_dbs![by connected:
    each_client_gets_its_version_where_it_can_be_reached,
    what_failed_does_not_go_out_later_in_an_old_text,
    the_company_reads_the_abridged_version_on_the_blog,
    what_waits_is_not_published_once_the_report_is_taken_back,
];

fn connected(engine: Engine, test: impl AsyncFnOnce(&TestApp)) {
    harness::run_with(TestApp::builder(engine).connected(System::Email).connected(System::Zendesk), test);
}

/// A resolved incident that affects two clients, with its report.
pub struct World {
    pub sam: Client,
    /// Approves, and writes nothing.
    pub lea: Client,
    pub incident: Value,
    pub report: String,
    pub acme: String,
    pub bexley: String,
}

impl World {
    pub async fn new(app: &TestApp) -> Self {
        let (sam, lea) = (app.responder("Sam").await, app.viewer("Lea").await);
        grant(app, &lea, Grant::ApproveClientReports).await;
        let acme = client_with(&sam, "Acme Retail", json!([{ "name": "Ann", "email": "ann@acme.example" }])).await;
        let bexley = client_with(&sam, "Bexley & Sons plc", json!([{ "name": "Bo", "email": "bo@bexley.example" }])).await;
        let mut sites = Vec::new();
        for (name, owner) in [("Acme Shop", &acme), ("Sons of Bexley", &bexley)] {
            sites.push(id(&sam.mutate("saveSite", json!({ "name": name, "clientId": owner }), "site { id }").await["site"]).to_owned());
        }
        let incident = sam
            .declare_with(json!({
                "name": "Database of Bexley & Sons full", "severity": "MAJOR", "leadId": sam.id(),
                "siteIds": sites, "affectedClientIds": [acme, bexley],
            }))
            .await;
        sam.note(id(&incident), "The disk of db-1 of Bexley & Sons is full").await;
        let impact =
            json!({ "incidentId": incident["id"], "impact": { "requests": 123_456, "description": "Half of both shops' orders" } });
        sam.incident_of("updateIncident", impact).await;
        sam.resolve(id(&incident)).await;
        let report = sam.incident("INC-1", "report { id }").await;
        Self { report: id(&report["report"]).to_owned(), sam, lea, incident, acme, bexley }
    }

    pub async fn write(&self, key: &str, seen: i32, texts: Value) {
        let mut input = json!({ "reportId": self.report, "sectionKey": key, "expectedVersion": seen });
        input.as_object_mut().unwrap().extend(texts.as_object().unwrap().clone());
        self.sam.mutate("editReportSection", input, "report { id }").await;
    }

    /// What `client` would get, to `by`.
    pub async fn read(&self, by: &Client, client: &str) -> Value {
        let fields = "text sha256 mixed others { sectionKey quote kind } approval { approvedBy { name } note } \
            lastApproval { sha256 } sinceApproved { change text } besideFull { change text }";
        let selection = format!("Report {{ rendered(version: CLIENT, clientId: \"{client}\") {{ {fields} }} }}");
        by.node(&self.report, &selection).await["rendered"].take()
    }

    pub async fn approve(&self, by: &Client, client: &str, read: &Value) -> Value {
        let input = json!({ "reportId": self.report, "clientId": client, "sha256": read["sha256"], "note": "fine by us" });
        by.mutate("approveReport", input, "report { approvals { client { name } sha256 } }").await["report"]["approvals"].take()
    }

    /// What Lea reads and approves for `client`, and Sam publishes.
    pub async fn publish(&self, client: &str) {
        let read = self.read(&self.lea, client).await;
        self.approve(&self.lea, client, &read).await;
        self.sam.mutate("publishReport", self.publishing(client), "report { id }").await;
    }

    pub fn publishing(&self, client: &str) -> Value {
        json!({ "reportId": self.report, "version": "CLIENT", "clientId": client })
    }

    pub async fn finish(&self) {
        self.sam.mutate("circulateReport", json!({ "reportId": self.report }), "report { id }").await;
        let waived = json!({ "reportId": self.report, "reviewWaived": "small" });
        self.sam.mutate("finaliseReport", waived, "report { id }").await;
    }
}

fn assert_names_nobody_else(text: &str) {
    for foreign in ["Bexley", "Sons", "123456", "Clients affected", "both shops"] {
        assert!(!text.contains(foreign), "{foreign} in {text}");
    }
}

async fn a_client_reads_its_own_part_alone(app: &TestApp) {
    let world = World::new(app).await;
    let everywhere = json!({ "versions": ["FULL", "ABRIDGED", "CLIENT"] });
    for key in ["timeline", "explanation", "helped"] {
        world.write(key, 0, everywhere.clone()).await;
    }
    let full = world.sam.node(&world.report, "Report { rendered { text } }").await;
    assert!(text(&full["rendered"], "text").contains("Bexley") && text(&full["rendered"], "text").contains("123456"));
    let read = world.read(&world.sam, &world.acme).await;
    let told = text(&read, "text");
    assert!(told.starts_with("# INC-1: a service disruption\n"), "R22: nobody has said what clients call it: {told}");
    assert!(told.contains("Acme Shop"), "{told}");
    assert_names_nobody_else(told);
    // Told otherwise to the other.
    let other = world.read(&world.sam, &world.bexley).await;
    assert!(text(&other, "text").contains("Sons of Bexley") && !text(&other, "text").contains("Acme"), "{other}");
    // Alone, it reads the figures.
    world
        .sam
        .incident_of("markClientAffected", json!({ "incidentId": world.incident["id"], "clientId": world.bexley, "affected": false }))
        .await;
    let alone = world.read(&world.sam, &world.acme).await;
    assert!(text(&alone, "text").contains("123456"), "{alone}");
    let refused = world.sam.try_query(
        "query($id: ID!, $client: ID!) { node(id: $id) { ... on Report { rendered(version: CLIENT, clientId: $client) { text } } } }",
        json!({ "id": world.report, "client": world.bexley }),
    );
    assert_eq!(refused.await.expect_refusal("another's").field(), "clientId", "it is not affected");
}

async fn what_mixes_several_clients_needs_a_text_of_its_own(app: &TestApp) {
    let world = World::new(app).await;
    // Somebody's own words lose the names.
    world
        .write(
            "overview",
            0,
            json!({ "body": "The database of Bexley & Sons and Acme Retail was full; we saw it on Sons of Bexley. It hit 2 clients." }),
        )
        .await;
    let read = world.read(&world.sam, &world.acme).await;
    assert!(text(&read, "text").contains("The database of others and Acme Retail was full; we saw it on others."), "{read}");
    let found: Vec<(&str, &str)> =
        read["others"].as_array().unwrap().iter().map(|one| (text(one, "sectionKey"), text(one, "kind"))).collect();
    let expected = [("overview", "REPLACED"), ("overview", "REPLACED"), ("overview", "COUNT")];
    assert_eq!(found, expected, "a number is pointed at: {read}");
    // Words among the facts of all go with the facts of this client.
    let impact = world.sam.node(&world.report, "Report { sections { key body } }").await;
    let facts = impact["sections"].as_array().unwrap().iter().find(|section| section["key"] == "impact").unwrap();
    let added = format!("{}\n\nNobody lost data.", text(facts, "body"));
    world.write("impact", 0, json!({ "body": added })).await;
    let read = world.read(&world.sam, &world.acme).await;
    assert!(text(&read, "text").contains("Nobody lost data."), "{read}");
    assert_names_nobody_else(text(&read, "text").split("## Impact").nth(1).unwrap());
    // What can't be told apart is left out, and can't be approved, until it has a text of its own.
    let changed = text(facts, "body").replace("| Clients affected | 2 |", "| Clients affected | 2 of our 40 |");
    world.write("impact", 1, json!({ "body": changed })).await;
    let read = world.read(&world.sam, &world.acme).await;
    assert_eq!((&read["mixed"], text(&read, "text").contains("## Impact")), (&json!(["impact"]), false), "{read}");
    let input = json!({ "reportId": world.report, "clientId": world.acme, "sha256": read["sha256"] });
    let refusal = world.lea.refused("approveReport", input).await;
    assert_eq!((refusal.code(), refusal.missing()), ("FAILED_PRECONDITION", vec!["impact"]));
    world.write("impact", 2, json!({ "client": "Orders could not be placed." })).await;
    let read = world.read(&world.sam, &world.acme).await;
    assert_eq!(read["mixed"], json!([]));
    world.approve(&world.lea, &world.acme, &read).await;
}

async fn an_approval_is_of_one_text_by_somebody_else(app: &TestApp) {
    let world = World::new(app).await;
    world.write("actions", 0, json!({ "body": "We will rotate logs." })).await;
    let read = world.read(&world.lea, &world.acme).await;
    assert_eq!((&read["approval"], &read["lastApproval"]), (&Value::Null, &Value::Null));
    assert!(read["besideFull"].as_array().unwrap().iter().any(|part| part["change"] == "REMOVED"), "{read}");
    let approving = |read: &Value| json!({ "reportId": world.report, "clientId": world.acme, "sha256": read["sha256"] });
    // Without the grant, nobody; with it, nobody who wrote any of it.
    assert_eq!(world.sam.refused("approveReport", approving(&read)).await.code(), "FORBIDDEN");
    assert_eq!(app.admin().await.refused("approveReport", approving(&read)).await.code(), "FORBIDDEN");
    grant(app, &world.sam, Grant::ApproveClientReports).await;
    let refusal = world.sam.refused("approveReport", approving(&read)).await;
    assert!(refusal.code() == "FORBIDDEN" && refusal.message().contains("wrote"), "{}", refusal.message());
    // What was read is what is approved.
    world.write("actions", 1, json!({ "body": "We will rotate logs daily." })).await;
    assert_eq!(world.lea.refused("approveReport", approving(&read)).await.code(), "FAILED_PRECONDITION");
    let read = world.read(&world.lea, &world.acme).await;
    let approvals = world.approve(&world.lea, &world.acme, &read).await;
    assert_eq!(approvals, world.approve(&world.lea, &world.acme, &read).await, "twice is once");
    assert_eq!(approvals.as_array().unwrap().len(), 1);
    let approved = world.read(&world.sam, &world.acme).await;
    assert_eq!(approved["approval"], json!({ "approvedBy": { "name": "Lea" }, "note": "fine by us" }));
    assert_eq!(world.read(&world.sam, &world.bexley).await["approval"], Value::Null, "it is of one client's version");
    // An edit voids it for all to see, and what restores the text restores it.
    world.write("actions", 2, json!({ "body": "We will rotate logs hourly." })).await;
    let edited = world.read(&world.lea, &world.acme).await;
    assert_eq!((&edited["approval"], &edited["lastApproval"]["sha256"]), (&Value::Null, &read["sha256"]));
    let since: Vec<&str> = edited["sinceApproved"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|part| part["change"] == "ADDED")
        .map(|part| text(part, "text"))
        .collect();
    assert!(since.concat().contains("hourly"), "{edited}");
    world.write("actions", 3, json!({ "body": "We will rotate logs daily." })).await;
    assert_eq!(world.read(&world.lea, &world.acme).await["approval"]["approvedBy"]["name"], "Lea");
    // Facts that come later, and facts that go, change what a client reads and break nothing.
    let follow_up =
        json!({ "incidentId": world.incident["id"], "title": "Ask Bexley", "board": "incident-actions", "ownerId": world.sam.id() });
    world.sam.mutate("addFollowUp", follow_up, "followUp { id }").await;
    let later = world.read(&world.lea, &world.acme).await;
    assert!(text(&later, "text").contains("daily") && !text(&later, "text").contains("Ask"), "{later}");
    // Whoever approved it and then writes in it no longer counts.
    let uma = app.responder("Uma").await;
    grant(app, &uma, Grant::ApproveClientReports).await;
    world.write("actions", 4, json!({ "body": "We will rotate logs weekly." })).await;
    let read = world.read(&uma, &world.acme).await;
    world.approve(&uma, &world.acme, &read).await;
    for (seen, body) in [(5, "Mine."), (6, "We will rotate logs weekly.")] {
        let input = json!({ "reportId": world.report, "sectionKey": "actions", "expectedVersion": seen, "body": body });
        uma.mutate("editReportSection", input, "report { id }").await;
    }
    let again = world.read(&world.sam, &world.acme).await;
    assert_eq!((&again["sha256"], &again["approval"]), (&read["sha256"], &Value::Null));
}

/// Whoever asks in whatever way, a client's version that nobody has approved is for those who write and approve it.
async fn nothing_leaves_to_a_client_without_approval(app: &TestApp) {
    let world = World::new(app).await;
    let vic = app.viewer("Vic").await;
    let secret = "Orders of the last hour are lost.";
    world.write("overview", 0, json!({ "client": secret })).await;
    let everything = format!(
        "Report {{ sections {{ client revisions {{ client }} }} rendered(version: CLIENT, clientId: \"{}\") {{ text }} }}",
        world.acme
    );
    let document = format!("query($id: ID!) {{ node(id: $id) {{ ... on {everything} }} }}");
    let seen = vic.try_query(&document, json!({ "id": world.report })).await;
    assert!(!format!("{seen:?}").contains(secret), "{seen:?}");
    assert_eq!(seen.expect_refusal("what nobody has approved").code(), "FAILED_PRECONDITION");
    let sections = vic.node(&world.report, "Report { sections { body client revisions { body client } } }").await;
    assert!(!sections.to_string().contains(secret), "{sections}");
    world.write("explanation", 0, json!({ "body": "Logs were never rotated." })).await;
    world.finish().await;
    let refusal = world.sam.refused("publishReport", world.publishing(&world.acme)).await;
    assert_eq!((refusal.code(), refusal.missing()), ("FAILED_PRECONDITION", vec!["approveReport"]));
    assert!(published(app).await.is_empty());
    // The approved text is for everybody, and only that.
    let read = world.read(&world.lea, &world.acme).await;
    world.approve(&world.lea, &world.acme, &read).await;
    let seen = world.read(&vic, &world.acme).await;
    assert_eq!((&seen["text"], &seen["besideFull"], &seen["others"]), (&read["text"], &Value::Null, &json!([])));
}

async fn an_approval_and_an_edit_at_once_leave_no_other_text(app: &TestApp) {
    let world = World::new(app).await;
    for turn in 0..8 {
        let read = world.read(&world.lea, &world.acme).await;
        let input = json!({ "reportId": world.report, "clientId": world.acme, "sha256": read["sha256"] });
        let written = json!({ "body": format!("Text {turn}.") });
        let (_, ()) = tokio::join!(world.lea.try_mutate("approveReport", input, "report { id }"), world.write("actions", turn, written));
        let now = world.read(&world.lea, &world.acme).await;
        assert!(text(&now, "text").contains(&format!("Text {turn}.")));
        assert_eq!(now["approval"], Value::Null, "nobody has read this text yet: {now}");
    }
}

async fn a_report_goes_out_once_it_is_final(app: &TestApp) {
    let world = World::new(app).await;
    let read = world.read(&world.lea, &world.acme).await;
    world.approve(&world.lea, &world.acme, &read).await;
    world.write("explanation", 0, json!({ "body": "Logs were never rotated." })).await;
    let refusal = world.sam.refused("publishReport", world.publishing(&world.acme)).await;
    assert_eq!(refusal.missing(), ["finaliseReport"]);
    world.finish().await;
    let full = json!({ "reportId": world.report, "version": "FULL" });
    assert_eq!(world.sam.refused("publishReport", full).await.code(), "FAILED_PRECONDITION", "it stays here");
    for (version, client) in [("CLIENT", Value::Null), ("ABRIDGED", json!(world.acme))] {
        let input = json!({ "reportId": world.report, "version": version, "clientId": client });
        assert_eq!(world.sam.refused("publishReport", input).await.field(), "clientId");
    }
    let asked = async || world.sam.incident("INC-1", "nextSteps { key }").await["nextSteps"].to_string().contains("client-report");
    assert!(asked().await, "R29");
    // Its explanation is not for clients, so the approval holds. Nothing is connected: a person has the text to send.
    let publications = "report { publications { version client { name } sha256 publishedBy { name } delivery { state instructions } } }";
    let published = world.sam.mutate("publishReport", world.publishing(&world.acme), publications).await;
    let one = &published["report"]["publications"][0];
    assert_eq!((&one["version"], &one["client"]["name"], &one["sha256"]), (&json!("CLIENT"), &json!("Acme Retail"), &read["sha256"]));
    assert_eq!((&one["delivery"]["state"], &one["publishedBy"]["name"]), (&json!("BY_HAND"), &json!("Sam")));
    let instructions = text(&one["delivery"], "instructions");
    let file = format!("/incidents/INC-1/report.pdf?version=CLIENT&client={} attached:\n\n", world.acme);
    assert!(instructions.contains("Acme Shop") && instructions.contains(&file), "{instructions}");
    assert!(instructions.contains("\nOverview\n--------\n") && !instructions.contains('|'), "{instructions}");
    let again = world.sam.mutate("publishReport", world.publishing(&world.acme), publications).await;
    assert_eq!(again, published, "the same text to the same readers goes out once");
    assert!(asked().await, "the other client waits");
    world.publish(&world.bexley).await;
    assert!(!asked().await);
}

async fn only_who_may_see_names_sees_them(app: &TestApp) {
    let world = World::new(app).await;
    world.write("explanation", 0, json!({ "body": "Sam rotated the logs." })).await;
    let selection = "Report { rendered(names: true) { text } }";
    let document = format!("query($id: ID!) {{ node(id: $id) {{ ... on {selection} }} }}");
    for nobody in [&world.sam, &world.lea, &app.admin().await] {
        assert_eq!(nobody.try_query(&document, json!({ "id": world.report })).await.expect_refusal("names").code(), "FORBIDDEN");
    }
    grant(app, &world.lea, Grant::SeeNames).await;
    let seen = world.lea.node(&world.report, selection).await;
    assert!(text(&seen["rendered"], "text").contains("Sam rotated"), "{seen}");
    let seen = world.lea.node(&world.report, "Report { rendered { text } }").await;
    assert!(!text(&seen["rendered"], "text").contains("Sam rotated"), "{seen}");
}

async fn published(app: &TestApp) -> Vec<delivery::Model> {
    delivery::Entity::find().filter(delivery::Column::Operation.eq(Operation::Publish)).all(app.domain.db.read()).await.unwrap()
}

async fn each_client_gets_its_version_where_it_can_be_reached(app: &TestApp) {
    let world = World::new(app).await;
    let incident = IncidentId::parse(id(&world.incident)).unwrap();
    let ctx = app.system();
    fixture::keep_tickets(&ctx, vec![fixture::linked_ticket(&ctx, incident, ClientId::parse(&world.acme).unwrap(), "11")]).await;
    world.write("explanation", 0, json!({ "body": "Logs were never rotated." })).await;
    world.finish().await;
    for client in [&world.acme, &world.bexley] {
        world.publish(client).await;
    }
    let mut orders: Vec<Effect> = published(app).await.iter().map(|row| serde_json::from_str(&row.effect).unwrap()).collect();
    orders.sort_by_key(|order| matches!(order, Effect::Mail(_)));
    let [Effect::Desk(DeskOrder::Comment(reply)), Effect::Mail(MailOrder::Email(mail))] = orders.as_slice() else { panic!("{orders:?}") };
    assert!(reply.public && reply.ticket == "11", "{reply:?}");
    assert_names_nobody_else(&reply.text);
    let [paper, other] = [&reply.paper, &mail.paper].map(|paper| paper.as_ref().unwrap());
    assert_names_nobody_else(&paper.markdown);
    assert_eq!((paper.name.as_str(), other.name.as_str()), ("INC-1-report-acme-retail", "INC-1-report-bexley-sons-plc"));
    assert_eq!((mail.to.as_str(), mail.subject.as_str()), ("bo@bexley.example", "Report on INC-1: a service disruption"));
    assert!(!mail.text.contains("Acme"), "{mail:?}");
}

async fn what_failed_does_not_go_out_later_in_an_old_text(app: &TestApp) {
    let world = World::new(app).await;
    world.write("explanation", 0, json!({ "body": "Logs were never rotated." })).await;
    world.write("actions", 0, json!({ "body": "We will rotate logs." })).await;
    world.finish().await;
    world.publish(&world.bexley).await;
    // Whatever happened to the order meanwhile, it is looked at again before each attempt.
    let [row] = published(app).await.try_into().unwrap();
    world
        .sam
        .incident_of("markClientAffected", json!({ "incidentId": world.incident["id"], "clientId": world.bexley, "affected": false }))
        .await;
    assert!(claim(&app.system(), row.id).await.unwrap().is_none(), "it is about a client who is not affected any more");
    assert_eq!(published(app).await[0].state, DeliveryState::Cancelled);
    world
        .sam
        .incident_of("markClientAffected", json!({ "incidentId": world.incident["id"], "clientId": world.bexley, "affected": true }))
        .await;
    world.sam.mutate("publishReport", world.publishing(&world.bexley), "report { id }").await;
    let row = published(app).await.pop().unwrap();
    assert!(claim(&app.system(), row.id).await.unwrap().is_some(), "it is sent as it was approved");
}

async fn the_company_reads_the_abridged_version_on_the_blog(app: &TestApp) {
    let world = World::new(app).await;
    world.write("explanation", 0, json!({ "body": "Sam: logs were <b>never</b> rotated." })).await;
    world.finish().await;
    let publish = json!({ "reportId": world.report, "version": "ABRIDGED" });
    for _ in 0..2 {
        world.sam.mutate("publishReport", publish.clone(), "report { id }").await;
    }
    let [row] = published(app).await.try_into().unwrap();
    let Ok(Effect::Blog(BlogOrder::Post(post))) = serde_json::from_str(&row.effect) else { panic!("{row:?}") };
    assert_eq!((post.marker.as_str(), post.title.as_str()), ("inc-1-report-abridged", "INC-1: Database of Bexley & Sons full"));
    assert!(
        post.html.contains("logs were &lt;b&gt;never&lt;/b&gt; rotated") && post.html.contains("/incidents/INC-1/report"),
        "{}",
        post.html
    );
    assert!(!post.html.contains("Sam"), "{}", post.html);
    let steps = world.sam.incident("INC-1", "nextSteps { key }").await;
    assert!(!steps["nextSteps"].to_string().contains("abridged-report"), "R29: {steps}");
}

async fn what_waits_is_not_published_once_the_report_is_taken_back(app: &TestApp) {
    let world = World::new(app).await;
    world.write("explanation", 0, json!({ "body": "Logs were never rotated." })).await;
    world.finish().await;
    let read = world.read(&world.lea, &world.acme).await;
    world.approve(&world.lea, &world.acme, &read).await;
    world.sam.mutate("publishReport", world.publishing(&world.acme), "report { id }").await;
    world.sam.mutate("takeBackReport", json!({ "reportId": world.report, "reason": "wrong time" }), "report { id }").await;
    let states: Vec<DeliveryState> = published(app).await.into_iter().map(|row| row.state).collect();
    assert_eq!(states, [DeliveryState::Cancelled]);
    let selection = "Report { publications { sha256 } approvals { sha256 } }";
    let kept = world.sam.node(&world.report, selection).await;
    assert_eq!(
        (&kept["publications"][0]["sha256"], &kept["approvals"][0]["sha256"]),
        (&read["sha256"], &read["sha256"]),
        "they stay on record"
    );
}
