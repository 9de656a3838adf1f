//! `make fakes`: fakes of Zendesk and Trello on fixed ports, for trying Muster without accounts.
//!
//! They start with a few made-up people and tickets, the same each time, and forget everything when they end.

use std::time::Duration;

use anyhow::{Context, Result};
use clap::Parser;
use harness::fakes::{TrelloFake, ZendeskFake, trello, zendesk};
use serde_json::json;

/// Starts fakes of Zendesk and Trello.
#[derive(Parser)]
struct Arguments {
    /// Where Zendesk listens.
    #[arg(long, default_value = "127.0.0.1:18201")]
    zendesk: String,
    /// Where Trello listens.
    #[arg(long, default_value = "127.0.0.1:18202")]
    trello: String,
    /// Where Zendesk reports changes to Muster; nowhere if empty.
    #[arg(long, default_value = "http://127.0.0.1:8080/hooks/zendesk")]
    webhook: String,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let desk = ZendeskFake::start_at(&arguments.zendesk).await.with_context(|| format!("Zendesk at {}", arguments.zendesk))?;
    let boards = TrelloFake::start_at(&arguments.trello).await.with_context(|| format!("Trello at {}", arguments.trello))?;
    seed(&desk, &boards);
    desk.notify(Some(arguments.webhook.as_str()).filter(|url| !url.is_empty()));
    println!("{}", settings(&desk, &boards));
    tokio::signal::ctrl_c().await.context("can't wait for Ctrl-C")
}

/// Tickets 101 to 103 and two cards.
fn seed(desk: &ZendeskFake, boards: &TrelloFake) {
    desk.set_index_lag(Duration::ZERO);
    desk.add_ticket(zendesk::CLIENT, "Our site is down", "Since nine nobody can reach our site.", json!({ "priority": "urgent" }));
    desk.add_ticket(7102, "Login fails", "We get an error when we sign in.", json!({ "priority": "high" }));
    desk.add_ticket(7102, "How do I change my address?", "It isn't urgent.", json!({ "priority": "low" }));
    desk.set_index_lag(zendesk::INDEX_LAG);
    boards.person_adds(trello::KIM, trello::TODO, "Write down how to renew certificates");
    boards.person_adds(trello::KIM, trello::DOING, "Watch the disk of the mail server");
}

fn settings(desk: &ZendeskFake, boards: &TrelloFake) -> String {
    let zendesk = [
        ("BASE_URL", desk.url()),
        ("EMAIL", zendesk::EMAIL),
        ("API_TOKEN", zendesk::API_TOKEN),
        ("WEBHOOK_SECRET", zendesk::WEBHOOK_SECRET),
    ];
    let trello = [("BASE_URL", boards.url()), ("KEY", trello::KEY), ("TOKEN", trello::TOKEN), ("SECRET", trello::SECRET)];
    let lines = |system: &str, settings: [(&str, &str); 4]| {
        settings.map(|(name, value)| format!("export MUSTER_{system}__{name}={value}")).join("\n")
    };
    format!(
        "# Paste into the shell that starts Muster:\n{}\n{}\n\n# For playbook.toml:\n[boards.incident-actions]\ntrello_board = \"{}\"\ntrello_list = \"{}\"\n\
         trello_done_list = \"{}\"\n\n# Acting as clients and colleagues: docs/integrations/fakes.md",
        lines("ZENDESK", zendesk),
        lines("TRELLO", trello),
        trello::BOARD,
        trello::TODO,
        trello::DONE,
    )
}
