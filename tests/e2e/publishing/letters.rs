//! What a client gets is a letter with the document attached, byte for byte the one that can be downloaded.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::ports::Outlet;
use entity::{ClientId, DeliveryState, IncidentId, System};
use harness::drive::id;
use harness::fakes::ZendeskFake;
use harness::fakes::zendesk::{API_TOKEN, CLIENT, EMAIL};
use harness::process::{press, press_at};
use harness::smtp::Smtp;
use harness::worker::start_with;
use harness::{TestApp, both_dbs, eventually};
use serde_json::json;
use worker::outlets::email::EmailOutlet;
use worker::outlets::zendesk::{ZendeskOutlet, ZendeskSettings};

use super::{World, connected, published};
use crate::fixture;

both_dbs![by connected: clients_get_a_letter_and_a_pdf, without_a_typesetter_the_letter_has_a_docx];

const SOON: Duration = Duration::from_secs(60);

async fn clients_get_a_letter_and_a_pdf(app: &TestApp) {
    letters_with(app, press(), "pdf", "application/pdf").await;
}

async fn without_a_typesetter_the_letter_has_a_docx(app: &TestApp) {
    let media_type = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
    letters_with(app, press_at("/nowhere/typeset"), "docx", media_type).await;
}

/// Publishes to a client with a ticket and to one without.
async fn letters_with(app: &TestApp, press: Arc<document::Press>, ending: &str, media_type: &str) {
    let world = World::new(app).await;
    let desk = ZendeskFake::start().await;
    let desk = if std::env::var_os("MUSTER_CONTRACTS").is_some() { desk.checked() } else { desk };
    let number = desk.add_ticket(CLIENT, "Site down", "Nothing works", json!({}));
    let (ctx, incident) = (app.system(), IncidentId::parse(id(&world.incident)).unwrap());
    let linked = fixture::linked_ticket(&ctx, incident, ClientId::parse(&world.acme).unwrap(), &number.to_string());
    fixture::keep_tickets(&ctx, vec![linked]).await;
    let words =
        "R&D found it < 5 min.\n\n| When | Where | What |\n| --- | --- | --- |\n| 06:00 | shop | [rollout](https://example.org/r) |";
    world.write("overview", 0, json!({ "client": words })).await;
    world.write("explanation", 0, json!({ "body": "Logs were never rotated." })).await;
    world.finish().await;
    for client in [&world.acme, &world.bexley] {
        world.publish(client).await;
    }
    let mut files = Vec::new();
    for client in [&world.acme, &world.bexley] {
        let response = world.sam.get(&format!("/incidents/INC-1/report.{ending}?version=CLIENT&client={client}")).await;
        let name = response.headers()["content-disposition"].to_str().unwrap().split('"').nth(1).unwrap().to_owned();
        files.push((name, response.bytes().await.unwrap()));
    }

    let server = Smtp::start().await;
    let settings = ZendeskSettings {
        base_url: desk.url().to_owned(),
        email: EMAIL.to_owned(),
        api_token: API_TOKEN.to_owned(),
        senior_tag: None,
        senior_field: None,
        requests_per_minute: 1_000,
        updates_per_minute: 100,
    };
    let mail: Arc<dyn Outlet> = Arc::new(EmailOutlet::connect(&server.url(), "Muster <muster@example.org>", press.clone()).unwrap());
    let zendesk: Arc<dyn Outlet> = Arc::new(ZendeskOutlet::connect(&settings, press).unwrap());
    let worker = start_with(app, BTreeMap::from([(System::Email, mail), (System::Zendesk, zendesk)])).await;
    let all_sent = async || published(app).await.iter().all(|row| row.state == DeliveryState::Delivered).then_some(());
    eventually("both clients have it", SOON, all_sent).await;
    worker.stop().await;

    let reply = desk.ticket(number).unwrap().comments.pop().unwrap();
    assert!(reply.public && reply.html_body.contains("<h1>INC-1: a service disruption</h1>"), "{}", reply.html_body);
    assert!(reply.html_body.contains("R&amp;D found it &lt; 5 min.") && reply.html_body.contains("<td>shop</td>"), "{}", reply.html_body);
    let [file] = reply.attachments.as_slice() else { panic!("{:?}", reply.attachments) };
    assert_eq!((file.file_name.as_str(), file.content_type.as_str()), (files[0].0.as_str(), media_type));
    assert_eq!(file.file_name, format!("INC-1-report-acme-retail.{ending}"));
    assert!(file.bytes == files[0].1, "the file is the one that can be downloaded");
    assert_eq!(desk.violations(), [""; 0]);

    let mails = server.mails();
    let mail = mails.iter().find(|mail| mail.to == ["bo@bexley.example"]).expect("the report by mail");
    assert_eq!(mail.subject, "Report on INC-1: a service disruption");
    assert_is_plain(&mail.text);
    let html = mail.html.as_deref().unwrap_or_default();
    assert!(html.starts_with("<!DOCTYPE html>") && html.contains("<h1>INC-1: a service disruption</h1>"), "{html}");
    let [file] = mail.files.as_slice() else { panic!("{:?}", mail.files) };
    assert_eq!((file.name.as_str(), file.media_type.as_str()), (files[1].0.as_str(), media_type));
    assert!(files[1].1 == file.bytes, "the file is the one that can be downloaded");
}

/// What a mail reader without HTML shows, and a person pastes.
fn assert_is_plain(text: &str) {
    for told in
        ["INC-1: a service disruption\n=====", "\n\nOverview\n--------\n\n", "\n\nWhat: How much\n- Impact ended: ", "\nWhere: shop\n"]
    {
        assert!(text.contains(told), "{told} in {text}");
    }
    for mark in ["&amp;", "&lt;", "\\", "|", "##", "]("] {
        assert!(!text.contains(mark), "{mark} in {text}");
    }
}
