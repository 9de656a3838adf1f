//! The demo's people are made up, so nothing that happens in it may be seen outside.

use harness::fakes::{TrelloFake, ZendeskFake, trello, zendesk};
use harness::smtp::Smtp;
use serde_json::{Value, json};

use super::Fresh;

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_sends_nothing_whatever_the_settings_connect() {
    let fresh = Fresh::new();
    let (smtp, desk, boards) = (Smtp::start().await, ZendeskFake::start().await, TrelloFake::start().await);
    let mut command = fresh.home.command(&["serve", "--demo"]);
    command
        .envs([("MUSTER_SMTP__URL", &*smtp.url()), ("MUSTER_SMTP__FROM", "muster@example.org")])
        .envs([("MUSTER_ZENDESK__BASE_URL", desk.url()), ("MUSTER_ZENDESK__EMAIL", zendesk::EMAIL)])
        .envs([("MUSTER_ZENDESK__API_TOKEN", zendesk::API_TOKEN), ("MUSTER_TRELLO__BASE_URL", boards.url())])
        .envs([("MUSTER_TRELLO__KEY", trello::KEY), ("MUSTER_TRELLO__TOKEN", trello::TOKEN)]);
    let server = fresh.home.start_by(command).await;
    let secret = fresh.home.run(&["token", "create", "--name", "tests", "--access", "admin", "--email", "tests@example.org"]);
    let client = server.client(&secret);
    client.declare("The shop is down").await;
    let found = client.query("{ incidents(first: 50) { nodes { deliveries { system state } } } }", Value::Null).await;
    let incidents = found["incidents"]["nodes"].as_array().unwrap();
    let deliveries: Vec<&Value> = incidents.iter().flat_map(|incident| incident["deliveries"].as_array().unwrap()).collect();
    let is_of = |system: &str| deliveries.iter().any(|delivery| delivery["system"] == system);
    assert!(["email", "zendesk"].into_iter().all(is_of), "{deliveries:?}");
    for delivery in deliveries {
        assert!(["BY_HAND", "DONE_BY_HAND", "CANCELLED"].map(|state| json!(state)).contains(&delivery["state"]), "{delivery}");
    }
    assert_eq!(server.stop().await, Some(0));
    assert!(smtp.mails().is_empty() && desk.changes().is_empty() && boards.changes().is_empty());
    let log = std::fs::read_to_string(fresh.path("data/log")).unwrap();
    assert!(log.contains("with --demo, outside systems stay disconnected: email, zendesk, trello"), "{log}");
}
