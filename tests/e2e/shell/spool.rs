//! What is written while the server is away reaches it later, in order and once.

use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use harness::Engine;
use harness::drive::text;
use harness::eventually;

use super::{Shell, mode};

const WAIT: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_while_the_server_is_away_is_sent_later() {
    let shell = Shell::new(Engine::Sqlite).await;
    let server = shell.server().await;
    shell.says(&["incident", "--field", "severity=minor", "--field", "leadId=me", "Shop is down"]);
    server.kill();

    let away = shell.output(&["note", "first"]);
    assert!(away.status.success() && String::from_utf8_lossy(&away.stderr).contains("Kept for now: 1 to write"), "{away:?}");
    let ran = shell.output(&["run", "--", "sh", "-c", "echo second; exit 4"]);
    assert_eq!((ran.status.code(), &*ran.stdout), (Some(4), &b"second\n"[..]));
    shell.says(&["note", "third"]);
    assert_eq!((shell.kept(), mode(&shell.path("state/muster/spool"))), (3, 0o700));
    assert!(shell.complains(&["next"]).contains("does not answer"));

    let server = shell.server().await;
    let next = shell.output(&["next"]);
    assert!(String::from_utf8_lossy(&next.stderr).contains("3 that waited for the server are written now"), "{next:?}");
    assert_eq!(shell.kept(), 0);
    let events = shell.timeline(&server, "INC-1").await;
    let written: Vec<&str> = events.iter().map(|event| text(event, "text")).filter(|text| !text.is_empty()).collect();
    let place = |part: &str| written.iter().position(|text| text.contains(part)).unwrap_or_else(|| panic!("{part}: {written:?}"));
    assert!(place("first") < place("second") && place("second") < place("third"));
    let first = events.iter().find(|event| text(event, "text") == "first").unwrap();
    assert!(text(first, "occurredAt") < text(first, "recordedAt"), "it happened when it was written");
}

/// Killed at any moment, a command has either kept what it writes or not begun: what was kept is written once.
#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_is_killed_loses_nothing_that_it_kept() {
    let shell = Shell::new(Engine::Sqlite).await;
    let server = shell.server().await;
    shell.says(&["incident", "--field", "severity=minor", "--field", "leadId=me", "Shop is down"]);
    server.kill();
    // A server that takes connections and never answers holds the command where it has kept the note.
    let silent = std::net::TcpListener::bind(("127.0.0.1", shell.port)).unwrap();
    for number in 0..5 {
        let mut command = shell.command(&["note", &format!("note {number}")]);
        let mut child = command.stderr(Stdio::null()).process_group(0).spawn().unwrap();
        eventually("it is kept", WAIT, async || Some(()).filter(|()| shell.kept() == number + 1)).await;
        child.kill().unwrap();
        child.wait().unwrap();
    }
    drop(silent);
    let server = shell.server().await;
    // One that is killed while it sends has sent some; another takes up what is left.
    let mut child = shell.command(&["next"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    eventually("something was sent, or all", WAIT, async || Some(()).filter(|()| shell.kept() < 5)).await;
    let _ = child.kill();
    child.wait().unwrap();
    shell.says(&["next"]);
    assert_eq!(shell.kept(), 0);
    let events = shell.timeline(&server, "INC-1").await;
    let notes: Vec<&str> = events.iter().filter(|event| event["kind"] == "NOTE").map(|event| text(event, "text")).collect();
    assert_eq!(notes, ["note 0", "note 1", "note 2", "note 3", "note 4"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_never_takes_is_set_aside_and_holds_up_nothing() {
    let shell = Shell::new(Engine::Sqlite).await;
    let server = shell.server().await;
    shell.says(&["incident", "--field", "severity=minor", "--field", "leadId=me", "Shop is down"]);
    let refused = shell.complains(&["note", "--incident", "INC-9", "nowhere"]);
    assert!(refused.contains("refuses") && refused.contains("spool/refused"), "{refused}");
    assert_eq!((shell.kept(), std::fs::read_dir(shell.path("state/muster/spool/refused")).unwrap().count()), (0, 1));
    shell.says(&["incident", "--field", "severity=minor", "--field", "leadId=me", "new", "Another"]);
    let unclear = shell.complains(&["note", "which?"]);
    assert!(unclear.contains("INC-1 Shop is down") && unclear.contains("muster next --incident"), "{unclear}");
    assert_eq!(shell.kept(), 1);
    shell.says(&["next", "--incident", "INC-2"]);
    assert_eq!(shell.kept(), 0);
    let events = shell.timeline(&server, "INC-2").await;
    assert!(events.iter().any(|event| text(event, "text") == "which?"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_person_wrote_is_not_sent_in_the_name_of_another() {
    let shell = Shell::new(Engine::Sqlite).await;
    let kim = shell.home.run(&["token", "create", "--name", "kim", "--access", "responder", "--email", "kim@example.org"]);
    let server = shell.server().await;
    shell.says(&["incident", "--field", "severity=minor", "--field", "leadId=me", "Shop is down"]);
    server.kill();
    shell.says(&["note", "by Sam"]);
    let _server = shell.server().await;
    let next = shell.command(&["next"]).env("MUSTER_TOKEN", &kim).output().unwrap();
    assert!(next.status.success() && String::from_utf8_lossy(&next.stderr).contains("another token: 1"), "{next:?}");
    assert_eq!(shell.kept(), 1);
    shell.says(&["next"]);
    assert_eq!(shell.kept(), 0);
}

/// Ctrl-C reaches the whole group: the command ends by it, and that is still written down.
#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_command_is_written_down() {
    let shell = Shell::new(Engine::Sqlite).await;
    let server = shell.server().await;
    shell.says(&["incident", "--field", "severity=minor", "--field", "leadId=me", "Shop is down"]);
    let ready = shell.path("ready");
    let script = format!("touch {}; exec sleep 60", ready.display());
    let mut child = shell.command(&["run", "--", "sh", "-c", &script]).process_group(0).spawn().unwrap();
    eventually("it runs", WAIT, async || Some(()).filter(|()| ready.exists())).await;
    let group = format!("-{}", child.id());
    assert!(Command::new("kill").args(["-INT", "--", &group]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let events = shell.timeline(&server, "INC-1").await;
    assert!(events.iter().any(|event| event["kind"] == "COMMAND" && text(event, "text").contains("ended by signal 2")), "{events:?}");
}
