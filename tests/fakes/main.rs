//! `make fakes`: fakes of Slack, Zendesk, Trello, WordPress, Google Drive, Airtable, ntfy and a webhook's receiver on fixed ports, for trying Muster without accounts.
//!
//! Slack, Zendesk and Trello start with a few made-up people and tickets, the same each time, and all forget everything when they end.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Parser;
use harness::fakes::{
    AirtableFake, DriveFake, NtfyFake, ReceiverFake, SlackFake, TrelloFake, WordpressFake, ZendeskFake, airtable, drive, ntfy, receiver,
    slack, trello, wordpress, zendesk,
};
use serde_json::json;

/// Starts fakes of Slack, Zendesk, Trello, WordPress, Google Drive, Airtable, ntfy and a webhook's receiver.
#[derive(Parser)]
struct Arguments {
    /// Where Zendesk listens.
    #[arg(long, default_value = "127.0.0.1:18201")]
    zendesk: String,
    /// Where Trello listens.
    #[arg(long, default_value = "127.0.0.1:18202")]
    trello: String,
    /// Where ntfy listens.
    #[arg(long, default_value = "127.0.0.1:18203")]
    ntfy: String,
    /// Where the webhook's receiver listens.
    #[arg(long, default_value = "127.0.0.1:18204")]
    receiver: String,
    /// Where WordPress listens.
    #[arg(long, default_value = "127.0.0.1:18205")]
    wordpress: String,
    /// Where Google Drive listens.
    #[arg(long, default_value = "127.0.0.1:18206")]
    drive: String,
    /// Where the key of Google Drive's account is written.
    #[arg(long, default_value = "target/drive-key.json")]
    drive_key: PathBuf,
    /// Where Slack listens.
    #[arg(long, default_value = "127.0.0.1:18207")]
    slack: String,
    /// Where Airtable listens.
    #[arg(long, default_value = "127.0.0.1:18208")]
    airtable: String,
    /// Where Zendesk reports changes to Muster; nowhere if empty.
    #[arg(long, default_value = "http://127.0.0.1:8080/hooks/zendesk")]
    webhook: String,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let desk = ZendeskFake::start_at(&arguments.zendesk).await.with_context(|| format!("Zendesk at {}", arguments.zendesk))?;
    let boards = TrelloFake::start_at(&arguments.trello).await.with_context(|| format!("Trello at {}", arguments.trello))?;
    let phones = NtfyFake::start_at(&arguments.ntfy).await.with_context(|| format!("ntfy at {}", arguments.ntfy))?;
    let gateway = ReceiverFake::start_at(&arguments.receiver).await.with_context(|| format!("the receiver at {}", arguments.receiver))?;
    let blog = WordpressFake::start_at(&arguments.wordpress).await.with_context(|| format!("WordPress at {}", arguments.wordpress))?;
    let files = DriveFake::start_at(&arguments.drive).await.with_context(|| format!("Google Drive at {}", arguments.drive))?;
    let chat = SlackFake::start_at(&arguments.slack).await.with_context(|| format!("Slack at {}", arguments.slack))?;
    let sites = AirtableFake::start_at(&arguments.airtable).await.with_context(|| format!("Airtable at {}", arguments.airtable))?;
    let key = &arguments.drive_key;
    if let Some(folder) = key.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("can't make {}", folder.display()))?;
    }
    std::fs::write(key, files.credentials()).with_context(|| format!("can't write {}", key.display()))?;
    seed(&desk, &boards);
    seed_sites(&sites);
    desk.notify(Some(arguments.webhook.as_str()).filter(|url| !url.is_empty()));
    println!("{}", settings(&desk, &boards, &phones, &gateway, &blog, (&files, key), (&chat, &sites)));
    println!("\n# The workspace, to type /incident into: {}/_fake/page", chat.url());
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

/// A client with two sites, and one of which little is known.
fn seed_sites(sites: &AirtableFake) {
    sites.change(|base| {
        let client = base.add("Clients", &json!({ "Client": "Example plc" }));
        base.add(
            airtable::TABLE,
            &json!({ "Site": "Example shop", "URL": "https://shop.example.org", "Client": [client], "Tier": "Live", "Important": true }),
        );
        base.add(
            airtable::TABLE,
            &json!({ "Site": "Example blog", "URL": "https://blog.example.org", "Client": [client], "Runs at": ["AWS"] }),
        );
        base.add(airtable::TABLE, &json!({ "Site": "Festival" }));
    });
}

fn settings(
    desk: &ZendeskFake,
    boards: &TrelloFake,
    phones: &NtfyFake,
    gateway: &ReceiverFake,
    blog: &WordpressFake,
    drive: (&DriveFake, &Path),
    (chat, sites): (&SlackFake, &AirtableFake),
) -> String {
    let zendesk = [
        ("BASE_URL", desk.url()),
        ("EMAIL", zendesk::EMAIL),
        ("API_TOKEN", zendesk::API_TOKEN),
        ("WEBHOOK_SECRET", zendesk::WEBHOOK_SECRET),
    ];
    let trello = [("BASE_URL", boards.url()), ("KEY", trello::KEY), ("TOKEN", trello::TOKEN), ("SECRET", trello::SECRET)];
    let wordpress = [("URL", blog.url()), ("USER", wordpress::USER), ("PASSWORD", wordpress::PASSWORD)];
    let (files, key) = (drive.0, drive.1.display().to_string());
    let drive = [("BASE_URL", files.url()), ("FOLDER", drive::FOLDER), ("CREDENTIALS", &*key)];
    let slack =
        [("BASE_URL", chat.url()), ("BOT_TOKEN", slack::BOT_TOKEN), ("APP_TOKEN", slack::APP_TOKEN), ("GENERAL_CHANNEL", slack::GENERAL)];
    let named = airtable::FIELDS.map(|(field, name)| (format!("FIELDS__{}", field.to_uppercase()), name));
    let table = [
        ("BASE_URL", sites.url()),
        ("TOKEN", airtable::TOKEN),
        ("BASE", airtable::BASE),
        ("TABLE", airtable::TABLE),
        ("VIEW", airtable::VIEW),
    ];
    let table: Vec<(&str, &str)> = table.into_iter().chain(named.iter().map(|(field, name)| (field.as_str(), *name))).collect();
    let hook = gateway.hook();
    let (ntfy, webhook) = ([("URL", phones.url()), ("TOKEN", ntfy::TOKEN)], [("URL", &*hook), ("SECRET", receiver::SECRET)]);
    let lines = |system: &str, settings: &[(&str, &str)]| {
        settings.iter().map(|(name, value)| format!("export MUSTER_{system}__{name}='{value}'")).collect::<Vec<_>>().join("\n")
    };
    format!(
        "# Paste into the shell that starts Muster:\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n\n# For playbook.toml:\n[boards.incident-actions]\ntrello_board = \"{}\"\ntrello_list = \"{}\"\n\
         trello_done_list = \"{}\"\n\n# Acting as clients and colleagues: docs/integrations/fakes.md",
        lines("ZENDESK", &zendesk),
        lines("TRELLO", &trello),
        lines("NTFY", &ntfy),
        lines("WEBHOOK", &webhook),
        lines("WORDPRESS", &wordpress),
        lines("DRIVE", &drive),
        lines("SLACK", &slack),
        lines("AIRTABLE", &table),
        trello::BOARD,
        trello::TODO,
        trello::DONE,
    )
}
