//! A night from a shell alone, and what the commands refuse.

use harness::Engine;
use harness::drive::{kinds, text};
use serde_json::Value;

use super::{Shell, mode};

async fn a_night(engine: Engine) {
    let shell = Shell::new(engine).await;
    let server = shell.server().await;
    let said = shell.says(&["incident", "--field", "severity=major", "--field", "leadId=me", "Shop is down"]);
    assert!(said.starts_with("INC-1: Shop is down is declared: major."), "{said}");
    assert!(shell.says(&["next"]).starts_with("INC-1: Shop is down\n- 1 "));
    shell.says(&["note", "the", "host", "answers", "--incident", "INC-1"]);
    shell.says(&["incident", "status", "fixing"]);
    let ran = shell.output(&["run", "--", "sh", "-c", "echo out; printf '\\033[31mred\\033[0m\\n' >&2; exit 3"]);
    assert_eq!((ran.status.code(), &*ran.stdout), (Some(3), &b"out\n"[..]), "{}", String::from_utf8_lossy(&ran.stderr));
    let quiet = shell.output(&["run", "--no-output", "--", "echo", "a secret"]);
    assert_eq!((quiet.status.code(), &*quiet.stdout), (Some(0), &b"a secret\n"[..]));
    assert!(shell.complains(&["incident", "resolve"]).contains("--field goal:understand=…"));
    let fields = ["understand", "contain", "restore", "monitor"].map(|goal| format!("goal:{goal}=seen"));
    let mut resolve = vec!["incident", "--field", "summary=It works again."];
    resolve.extend(fields.iter().flat_map(|field| ["--field", field.as_str()]));
    resolve.push("resolve");
    assert!(shell.says(&resolve).contains("is resolved"));
    assert!(shell.says(&["incident", "--incident", "INC-1", "close", "because", "it was small"]).contains("is closed"));
    let events = shell.timeline(&server, "INC-1").await;
    for kind in ["DECLARED", "NOTE", "STATUS_CHANGED", "COMMAND", "GOAL_CHANGED", "RESOLVED", "CLOSED"] {
        assert!(kinds(&events).contains(&kind), "{kind}");
    }
    assert!(events.iter().any(|event| text(event, "text") == "the host answers"), "options may come last");
    let commands: Vec<&Value> = events.iter().filter(|event| event["kind"] == "COMMAND").collect();
    let told = text(commands[0], "text");
    assert!(told.contains("exit code 3") && told.contains("red") && !told.contains('\u{1b}'), "{told}");
    assert_eq!((&commands[0]["details"]["exitCode"], commands[0]["details"]["host"].is_string()), (&Value::from(3), true));
    assert!(text(commands[1], "text").contains("echo 'a secret'"), "the command itself is on the record");
    assert_eq!(text(commands[1], "text").matches("a secret").count(), 1, "what it printed is not");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_night_on_sqlite() {
    a_night(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_night_on_postgres() {
    a_night(Engine::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_unclear_is_asked() {
    let shell = Shell::new(Engine::Sqlite).await;
    let _server = shell.server().await;
    assert!(shell.complains(&["incident"]).contains("--field name=…"));
    assert!(shell.complains(&["incident", "resovle"]).contains("nobody is there to ask"), "a slip of the pen begins no incident");
    assert!(shell.complains(&["incident", "--field", "nmae=x", "Shop is down"]).contains("no field nmae"));
    assert!(shell.complains(&["next"]).contains("Which incident?"));
    for name in ["one", "two"] {
        shell.says(&["incident", "--field", "severity=minor", "new", name]);
    }
    let unclear = shell.complains(&["next"]);
    assert!(unclear.contains("INC-1 one") && unclear.contains("INC-2 two") && unclear.contains("--incident"), "{unclear}");
    shell.says(&["incident", "INC-2", "lead", "me"]);
    assert!(shell.says(&["next"]).contains("INC-2: two"), "the one that Sam works on");
    let by_variable = shell.command(&["next"]).env("MUSTER_INCIDENT", "INC-1").output().unwrap();
    assert!(String::from_utf8_lossy(&by_variable.stdout).contains("INC-1: one"));
    assert!(shell.complains(&["incident", "INC-1", "laed", "me"]).contains("Did you mean “lead me|@person”?"));
    assert!(shell.complains(&["run", "--", "/nowhere/at-all"]).contains("can't be started"));
}

#[tokio::test(flavor = "multi_thread")]
async fn address_and_token_come_from_a_private_file() {
    let shell = Shell::new(Engine::Sqlite).await;
    let _server = shell.server().await;
    let bare = |shell: &Shell| {
        let mut command = shell.command(&["incident", "help"]);
        command.env_remove("MUSTER_URL").env_remove("MUSTER_TOKEN");
        command.output().unwrap()
    };
    let told = bare(&shell);
    assert!(String::from_utf8_lossy(&told.stderr).contains("MUSTER_URL"), "{told:?}");
    let (folder, file) = (shell.path("config/muster"), shell.path("config/muster/remote.toml"));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(&file, format!("url = \"http://127.0.0.1:{}\"\ntoken = \"{}\"\n", shell.port, shell.token)).unwrap();
    let permit = |mode| std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
    permit(0o644);
    assert!(String::from_utf8_lossy(&bare(&shell).stderr).contains("chmod 600"));
    permit(0o600);
    assert_eq!(mode(&file), 0o600);
    assert!(bare(&shell).status.success());
    std::fs::write(&file, format!("token = {}\n", shell.token)).unwrap();
    let broken = String::from_utf8(bare(&shell).stderr).unwrap();
    assert!(broken.contains("remote.toml is not as it should be") && !broken.contains(&shell.token), "{broken}");
    std::fs::remove_file(&file).unwrap();
    let elsewhere = shell.command(&["next", "--server", "http://muster.example.org"]).output().unwrap();
    assert!(String::from_utf8_lossy(&elsewhere.stderr).contains("must begin with https://"), "the token goes nowhere unencrypted");
}
