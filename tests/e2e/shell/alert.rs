//! `muster alert`: what scripts tell, and mails from a mail server's pipe (S8). Its exit codes are what mail servers go by.

use std::io::Write;
use std::process::{Output, Stdio};

use harness::process::Process;
use harness::{Client, Engine};
use serde_json::{Value, json};

use super::Shell;

/// What sysexits.h calls them.
const UNREADABLE: Option<i32> = Some(65);
const LATER: Option<i32> = Some(75);

const MAIL: &str = "From: noreply@checks.example\nDate: Sun, 22 Nov 2026 02:00:00 +0000\nMessage-ID: <1@checks.example>\n\
                    Subject: Website down: shop.example.org\n\nConnection refused\n";

/// A server with a source for mails.
async fn server(shell: &Shell) -> Process {
    let mut command = shell.home.command(&["serve"]);
    for (name, value) in [
        ("KIND", "mail"),
        ("MAIL__1__FROM", "*@checks.example"),
        ("MAIL__1__SUBJECT", "Website down: {id}"),
        ("MAIL__1__MEANS", "fires"),
        ("MAIL__2__FROM", "*@checks.example"),
        ("MAIL__2__SUBJECT", "Website up: {id}"),
        ("MAIL__2__MEANS", "ends"),
    ] {
        command.env(format!("MUSTER_ALERTS__SOURCES__MAIL__{name}"), value);
    }
    shell.home.start_on(command, shell.port).await
}

/// Pipes a mail into `muster alert`, as a mail server does.
fn pipe(shell: &Shell, arguments: &[&str], mail: &[u8]) -> Output {
    let mut command = shell.command(arguments);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(mail).expect("all of a mail is read");
    child.wait_with_output().unwrap()
}

async fn alerts(client: &Client) -> Value {
    client.incident("INC-1", "alerts { title firing }").await["alerts"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_pipes_its_mails_and_tries_again_while_the_server_is_away() {
    let shell = Shell::new(Engine::Sqlite).await;
    let away = pipe(&shell, &["alert", "--stdin"], MAIL.as_bytes());
    assert_eq!((away.status.code(), shell.kept()), (LATER, 0), "{away:?}");
    let server = server(&shell).await;
    let client = server.client(&shell.token);
    let taken = pipe(&shell, &["alert", "--stdin"], MAIL.as_bytes());
    assert!(taken.status.success() && String::from_utf8_lossy(&taken.stdout).contains("1 new"), "{taken:?}");
    // Of a long one, all is read and the head is sent.
    let long = MAIL.replace("down", "up").replace("02:00", "02:10").into_bytes().into_iter().chain(vec![b'x'; 30 << 20]);
    let taken = pipe(&shell, &["alert", "--stdin", "--source", "mail"], &long.collect::<Vec<u8>>());
    assert!(taken.status.success() && String::from_utf8_lossy(&taken.stdout).contains("1 ended"), "{taken:?}");
    assert_eq!(alerts(&client).await, json!([{ "title": "Website down: shop.example.org", "firing": false }]));
    let ignored = pipe(&shell, &["alert", "--stdin"], MAIL.replace("Message-ID", "Auto-Submitted: auto-replied\nMessage-ID").as_bytes());
    assert!(ignored.status.success() && String::from_utf8_lossy(&ignored.stdout).contains("means nothing"), "{ignored:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_gives_up_only_on_what_is_no_mail() {
    let shell = Shell::new(Engine::Sqlite).await;
    let _server = server(&shell).await;
    assert_eq!(pipe(&shell, &["alert", "--stdin"], b"hello").status.code(), UNREADABLE);
    // What an administrator can put right.
    for (arguments, token) in [(&["alert", "--stdin", "--source", "none"][..], &*shell.token), (&["alert", "--stdin"][..], "muster_wrong")]
    {
        let mut command = shell.command(arguments);
        let mut child = command.env("MUSTER_TOKEN", token).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(MAIL.as_bytes()).unwrap();
        let refused = child.wait_with_output().unwrap();
        assert_eq!(refused.status.code(), LATER, "{refused:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_tells_of_an_alert_which_is_kept_while_the_server_is_away() {
    let shell = Shell::new(Engine::Sqlite).await;
    let away = shell.output(&["alert", "--title", "Backup failed", "--source", "backups", "--severity", "critical"]);
    assert_eq!((away.status.code(), shell.kept()), (LATER, 1), "{away:?}");
    let server = shell.server().await;
    let client = server.client(&shell.token);
    let told = shell.output(&["alert", "--title", "Disk full", "--source", "backups", "--id", "disk", "--site", "shop.example.org"]);
    assert!(told.status.success() && shell.kept() == 0, "{told:?}");
    assert!(String::from_utf8_lossy(&told.stdout).starts_with("It belongs to an incident: 1 new"), "{told:?}");
    let low = shell.output(&["alert", "--title", "Slow", "--source", "slow", "--severity", "info"]);
    assert!(String::from_utf8_lossy(&low.stdout).contains("opens no incident"), "{low:?}");
    let seen = client.incident("INC-1", "name severity").await;
    assert_eq!((&seen["name"], &seen["severity"]), (&json!("Backup failed"), &json!("CRITICAL")));
    shell.says(&["alert", "--title", "Backup failed", "--source", "backups", "--ends"]);
    let mut seen: Vec<String> = alerts(&client).await.as_array().unwrap().iter().map(Value::to_string).collect();
    seen.sort();
    let expected = [json!({ "title": "Backup failed", "firing": false }), json!({ "title": "Disk full", "firing": true })];
    assert_eq!(seen, expected.map(|alert| alert.to_string()));
    assert!(shell.complains(&["alert", "--title", ""]).contains("--title"));
}
