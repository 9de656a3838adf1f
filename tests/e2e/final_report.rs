//! R29: what is final is final for clients too, who may approve it is asked to, and nobody is named in it.

use entity::{Grant, Operation, System, delivery};
use harness::drive::{id, text};
use harness::{Client, Engine, TestApp, both_dbs};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};

use crate::fixture::{client_with, grant};
use crate::publishing::World;

both_dbs![
    no_rendering_names_another_client,
    the_directory_moves_on,
    what_comes_later_changes_no_final_text,
    a_client_reads_none_of_the_team_s_own_words,
    people_of_other_clients_are_named_by_nobody,
];

both_dbs![by connected: who_may_approve_is_asked_to];

fn connected(engine: Engine, test: impl AsyncFnOnce(&TestApp)) {
    harness::run_with(TestApp::builder(engine).connected(System::Email), test);
}

async fn what_comes_later_changes_no_final_text(app: &TestApp) {
    let world = World::new(app).await;
    world.write("explanation", 0, json!({ "body": "Logs were never rotated." })).await;
    let drafted = world.read(&world.lea, &world.acme).await;
    world.finish().await;
    let read = world.read(&world.lea, &world.acme).await;
    assert_eq!(read["text"], drafted["text"], "finishing it changes no word");
    world.approve(&world.lea, &world.acme, &read).await;
    let facts = json!({ "incidentId": world.incident["id"], "clientName": "orders", "impactStartedAt": "2026-11-22T01:00:00Z" });
    world.sam.incident_of("updateIncident", facts).await;
    world.sam.note(id(&world.incident), "The disk of db-2 was full too").await;
    let later = world.read(&world.sam, &world.acme).await;
    assert_eq!((&later["text"], &later["approval"]["approvedBy"]["name"]), (&read["text"], &json!("Lea")), "R29");
    world.sam.mutate("publishReport", world.publishing(&world.acme), "report { id }").await;
    // Taken back, it follows the facts again, and nobody has approved what they make of it.
    world.sam.mutate("takeBackReport", json!({ "reportId": world.report, "reason": "wrong time" }), "report { id }").await;
    let draft = world.read(&world.sam, &world.acme).await;
    assert!(text(&draft, "text").starts_with("# INC-1: orders\n"), "{draft}");
    assert_eq!(draft["approval"], Value::Null);
    world.finish().await;
    let again = world.read(&world.sam, &world.acme).await;
    assert_eq!(again["text"], draft["text"], "what is final is what was drafted last");
}

async fn a_client_reads_none_of_the_team_s_own_words(app: &TestApp) {
    let world = World::new(app).await;
    let again = json!({ "incidentId": world.incident["id"], "reason": "it is back, says quokka" });
    world.sam.incident_of("reopenIncident", again).await;
    let status = json!({ "incidentId": world.incident["id"], "status": "MONITORING", "note": "quokka is calmer" });
    world.sam.incident_of("changeStatus", status).await;
    world.sam.resolve(id(&world.incident)).await;
    world.write("timeline", 0, json!({ "versions": ["FULL", "ABRIDGED", "CLIENT"] })).await;
    let full = world.sam.node(&world.report, "Report { rendered { text } }").await;
    let read = world.read(&world.sam, &world.acme).await;
    let told = text(&read, "text");
    for words in ["it is back, says quokka", "quokka is calmer", "The service is back"] {
        assert!(text(&full["rendered"], "text").contains(words), "the team does: {full}");
        assert!(!told.contains(words), "{told}");
    }
    for step in
        ["We began to work on it as an incident", "It came back, and we went on working on it", "→ monitoring", "The problem was solved"]
    {
        assert!(told.contains(step), "{step} in {told}");
    }
}

async fn people_of_other_clients_are_named_by_nobody(app: &TestApp) {
    let world = World::new(app).await;
    let people = json!([
        { "name": "Dana Blackwood", "email": "dana@cedar.example" },
        { "name": "Festival Office", "email": "festival@cedar.example" },
    ]);
    client_with(&world.sam, "Cedar Foods", people).await;
    let body = "Dana Blackwood saw it too, and Blackwood told us. The festival was over; the Festival Office slept.";
    world.write("explanation", 0, json!({ "body": body, "versions": ["FULL", "ABRIDGED", "CLIENT"] })).await;
    let full = world.sam.node(&world.report, "Report { rendered { text } }").await;
    let told = text(&full["rendered"], "text");
    assert!(!told.contains("Dana") && !told.contains("Blackwood") && !told.contains("Festival Office"), "R27: {told}");
    assert!(told.contains("Client contact 1 of Cedar Foods saw it too"), "{told}");
    assert!(told.contains("The festival was over"), "a mailbox has no first name: {told}");
    let read = world.read(&world.sam, &world.acme).await;
    for foreign in ["Dana", "Blackwood", "Cedar", "Festival Office"] {
        assert!(!text(&read, "text").contains(foreign), "{foreign} in {read}");
    }
}

async fn who_may_approve_is_asked_to(app: &TestApp) {
    let world = World::new(app).await;
    // Who finishes it, and who wrote part of it, is not asked.
    let (uma, kim, vera) = (app.responder("Uma").await, app.responder("Kim").await, app.viewer("Vera").await);
    for granted in [&world.sam, &uma, &kim, &vera] {
        grant(app, granted, Grant::ApproveClientReports).await;
    }
    world.write("explanation", 0, json!({ "body": "Logs were never rotated." })).await;
    let part = json!({ "reportId": world.report, "sectionKey": "helped", "expectedVersion": 0, "body": "Luck." });
    kim.mutate("editReportSection", part, "report { id }").await;
    let may = async |by: &Client| by.node(&world.report, "Report { mayApprove }").await["mayApprove"] == true;
    assert_eq!([may(&world.lea).await, may(&uma).await, may(&kim).await, may(&app.admin().await).await], [true, true, false, false]);
    let read = world.read(&world.lea, &world.bexley).await;
    world.approve(&world.lea, &world.bexley, &read).await;
    world.finish().await;
    let letters = asked(app).await;
    let to: Vec<&str> = letters.iter().map(|letter| text(letter, "to_name")).collect();
    assert_eq!(to, ["Lea", "Uma", "Vera"]);
    let said = text(&letters[0], "text");
    assert!(said.contains("It waits for Acme Retail, and") && said.contains("/incidents/INC-1/report"), "{said}");
    let told = json!(world.sam.timeline(id(&world.incident)).await).to_string();
    assert!(told.contains("Asked to approve what clients get: Lea, Uma and Vera"), "{told}");
    // Once all is approved, nobody is asked again.
    let read = world.read(&world.lea, &world.acme).await;
    world.approve(&world.lea, &world.acme, &read).await;
    let take_back =
        async || world.sam.mutate("takeBackReport", json!({ "reportId": world.report, "reason": "a typo" }), "report { id }").await;
    take_back().await;
    world.finish().await;
    assert_eq!(asked(app).await.len(), 3, "R29");
    // Of what they may not know, nobody is told.
    take_back().await;
    let restricted = json!({ "incidentId": world.incident["id"], "visibility": "RESTRICTED", "clientName": "orders" });
    world.sam.incident_of("updateIncident", restricted).await;
    world.finish().await;
    assert!(vera.node(&world.report, "Report { id }").await.is_null(), "she had no part in it");
    let letters = asked(app).await;
    let of = |name: &str| letters.iter().filter(|letter| letter["to_name"] == name).count();
    assert_eq!((of("Lea"), of("Vera")), (2, 1), "R29");
}

/// The letters that ask for an approval, by name.
async fn asked(app: &TestApp) -> Vec<Value> {
    let sent = delivery::Entity::find().filter(delivery::Column::Operation.eq(Operation::Report)).all(app.domain.db.read()).await;
    let sent = sent.unwrap().into_iter().filter(|row| row.effect.contains("waits for your approval"));
    let mut letters: Vec<Value> = sent.map(|row| serde_json::from_str(&row.effect).unwrap()).collect();
    letters.sort_by_key(|letter| text(letter, "to_name").to_owned());
    letters
}

/// Another client, as people write of it: itself, somebody there, and their shop.
struct Other {
    client: &'static str,
    person: &'static str,
    domain: &'static str,
}

/// Names that are words, share words, end in legal forms, or have signs.
const OTHERS: [Other; 5] = [
    Other { client: "Dovecote Foods", person: "Erin Fox", domain: "dovecote" },
    Other { client: "O'Neil & Daughters GmbH", person: "Hartley, Erin", domain: "oneil" },
    Other { client: "Quartz Retail Ltd", person: "Dr. Erin O’Brien", domain: "quartz" },
    Other { client: "Amberley-Voss plc", person: "Erin van der Berg - Support", domain: "amberley" },
    Other { client: "Nordlys AS", person: "Erin Müller", domain: "nordlys" },
];

/// In everything that people write and the record says, nobody and nothing of others is left in what a client reads.
async fn no_rendering_names_another_client(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let reader = client_with(&sam, "Quince Retail Ltd", json!([{ "name": "Ann Quill", "email": "ann@quince.example" }])).await;
    let (mut written, mut affected, mut sites) = (Vec::new(), vec![reader.clone()], Vec::new());
    for Other { client, person, domain } in OTHERS {
        let contacts = json!([{ "name": person, "email": format!("erin@{domain}.example") }]);
        let saved = client_with(&sam, client, contacts).await;
        let shop = json!({ "name": format!("The {domain} Basket"), "clientId": saved, "url": format!("https://shop.{domain}.example") });
        sites.push(id(&sam.mutate("saveSite", shop, "site { id }").await["site"]).to_owned());
        written.extend([client.to_owned(), person.to_owned(), format!("erin@{domain}.example")]);
        written.extend([format!("The {domain} Basket"), format!("https://shop.{domain}.example/a")]);
        // The last is not affected, and has another name since.
        if domain == "nordlys" {
            sam.mutate("saveClient", json!({ "id": saved, "name": "Polaris AS" }), "client { id }").await;
            written.push("Polaris AS".to_owned());
        } else {
            affected.push(saved);
        }
    }
    let said = |how: fn(&str) -> String| written.iter().map(|name| how(name)).collect::<Vec<_>>().join(" and ");
    let incident = json!({
        "name": "Dovecote Foods is down", "severity": "MAJOR", "leadId": sam.id(), "siteIds": sites, "affectedClientIds": affected,
    });
    let incident = sam.declare_with(incident).await;
    sam.note(id(&incident), &said(str::to_owned)).await;
    sam.resolve(id(&incident)).await;
    let report = id(&sam.incident("INC-1", "report { id }").await["report"]).to_owned();
    let bodies = [
        ("timeline", None),
        ("explanation", Some(said(str::to_owned))),
        ("helped", Some(said(str::to_uppercase))),
        ("actions", Some(said(|name| format!("**{}**", name.replace(' ', "\n"))))),
    ];
    for (key, body) in bodies {
        let mut input = json!({ "reportId": report, "sectionKey": key, "expectedVersion": 0, "versions": ["FULL", "ABRIDGED", "CLIENT"] });
        if let Some(body) = body {
            input["body"] = json!(body);
        }
        sam.mutate("editReportSection", input, "report { id }").await;
    }
    let selection = format!("Report {{ rendered(version: CLIENT, clientId: \"{reader}\") {{ text mixed }} }}");
    let read = sam.node(&report, &selection).await["rendered"].take();
    assert_eq!(read["mixed"], json!([]), "all of it is there");
    let told = text(&read, "text").to_lowercase();
    for word in [
        "dovecote",
        "neil",
        "daughters",
        "quartz",
        "amberley",
        "voss",
        "nordlys",
        "polaris",
        "basket",
        "hartley",
        "brien",
        "berg",
        "müller",
        "erin",
    ] {
        assert!(!told.contains(word), "{word} in {told}");
    }
}

/// A client that was renamed after a report had named it, and contacts that were saved again, change no final text and leave no old name.
async fn the_directory_moves_on(app: &TestApp) {
    let world = World::new(app).await;
    world.write("explanation", 0, json!({ "body": "Ann called, then Bo.", "versions": ["FULL", "CLIENT"] })).await;
    world.write("helped", 0, json!({ "body": "The night watch at Bexley & Sons plc.", "versions": ["FULL", "CLIENT"] })).await;
    world.finish().await;
    let read = world.read(&world.lea, &world.acme).await;
    world.approve(&world.lea, &world.acme, &read).await;
    let contacts = json!([{ "name": "Ann", "email": "ann@acme.example" }]);
    world.sam.mutate("saveClient", json!({ "id": world.acme, "name": "Acme Retail", "contacts": contacts }), "client { id }").await;
    world.sam.mutate("saveClient", json!({ "id": world.bexley, "name": "Heron Stores" }), "client { id }").await;
    let later = world.read(&world.lea, &world.acme).await;
    assert!(!text(&later, "text").contains("Bexley"), "its name of before: {later}");
    assert_eq!((&later["text"], later["approval"].is_null()), (&read["text"], false), "R29");
    // One that becomes affected later has a version, and what is approved of it stays.
    let cedar = client_with(&world.sam, "Cedar Foods", json!([])).await;
    let affected = |is: bool| json!({ "incidentId": world.incident["id"], "clientId": cedar, "affected": is });
    world.sam.incident_of("markClientAffected", affected(true)).await;
    let theirs = world.read(&world.lea, &cedar).await;
    world.approve(&world.lea, &cedar, &theirs).await;
    let facts = json!({ "incidentId": world.incident["id"], "clientName": "orders" });
    world.sam.incident_of("updateIncident", facts).await;
    assert_eq!(world.read(&world.lea, &cedar).await["approval"]["approvedBy"]["name"], "Lea");
    // Nothing of an earlier finishing is left in a later one.
    world.sam.mutate("takeBackReport", json!({ "reportId": world.report, "reason": "a typo" }), "report { id }").await;
    world.sam.incident_of("markClientAffected", affected(false)).await;
    world.finish().await;
    world.sam.incident_of("markClientAffected", affected(true)).await;
    let theirs = world.read(&world.lea, &cedar).await;
    assert!(text(&theirs, "text").starts_with("# INC-1: orders\n"), "{theirs}");
}
