//! The real binary: what it says of itself, what it shows Prometheus, and that it lives and ends whatever happens around it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use harness::process::{Home, Process};
use harness::smtp::Smtp;
use harness::{Client, eventually};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

const SOON: Duration = Duration::from_secs(30);

/// A folder with a SQLite database that is not there yet.
fn home() -> (Home, TempDir) {
    let data = TempDir::with_prefix("muster-home-").unwrap();
    let home = Home::new(data.path(), &format!("sqlite:{}", data.path().join("muster.db").display()));
    (home, data)
}

fn token(home: &Home, name: &str) -> String {
    home.run(&["token", "create", "--name", name, "--access", "admin", "--email", &format!("{name}@example.org")])
}

fn log(data: &TempDir) -> String {
    std::fs::read_to_string(data.path().join("log")).unwrap()
}

/// `muster serve`, with its standard error where the shell's `redirection` puts it.
async fn serve_with(home: &Home, redirection: &str) -> Process {
    let muster = home.command(&[]);
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("exec \"$0\" serve 2>{redirection}")]).arg(muster.get_program());
    shell.current_dir(muster.get_current_dir().unwrap());
    shell.envs(muster.get_envs().filter_map(|(name, value)| Some((name, value?))));
    home.start_by(shell).await
}

#[test]
fn variables_that_nobody_knows_are_refused_with_the_likely_one() {
    let (home, _data) = home();
    let outcome = home.command(&["verify"]).env("MUSTER_SMTP_URL", "smtp://mail.example.org").env("MUSTER_LISTEN", "x").output().unwrap();
    let told = String::from_utf8(outcome.stderr).unwrap();
    assert_eq!(outcome.status.code(), Some(2), "{told}");
    assert!(told.contains("unknown setting MUSTER_SMTP_URL; did you mean MUSTER_SMTP__URL?"), "{told}");
    assert!(told.contains("listen (MUSTER_LISTEN)"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_says_what_it_runs_on_and_that_nobody_can_be_woken() {
    let (home, data) = home();
    let server = home.start("serve").await;
    let log = log(&data);
    for said in [
        format!("Muster {}", env!("CARGO_PKG_VERSION")),
        format!("  database      SQLite, {}/muster.db\n", data.path().display()),
        format!("  address       {}\n", server.url("")),
        "  connected     nothing\n".to_owned(),
        "no mail server is connected: nobody can be woken".to_owned(),
    ] {
        assert!(log.contains(&said), "{said}: {log}");
    }
    assert!(!log.contains('\u{1b}'), "colours are for terminals: {log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_of_json_has_an_object_a_line_from_the_start() {
    let (home, data) = home();
    let mut command = home.command(&["serve"]);
    command
        .env("MUSTER_LOG__FORMAT", "json")
        .env("MUSTER_SMTP__URL", "smtp://user:hunter2@localhost")
        .env("MUSTER_SMTP__FROM", "m@example.org");
    let _server = home.start_by(command).await;
    let log = log(&data);
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect();
    let started = lines.iter().find(|line| line["fields"]["message"] == "started").expect("it says that it started");
    assert_eq!((&started["fields"]["connected"], &started["fields"]["role"]), (&json!("email"), &json!("serve")));
    assert!(!log.contains("hunter2") && !log.contains("woken"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_cant_be_written_ends_nothing() {
    let (home, data) = home();
    let pipe = data.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let closed_pipe = format!("{}", pipe.display());
    for redirection in ["/dev/full", "&-", &closed_pipe] {
        // Whoever reads the pipe goes away at once.
        let reader = (redirection == closed_pipe).then(|| {
            std::thread::spawn({
                let pipe = pipe.clone();
                move || drop(File::open(pipe))
            })
        });
        let server = serve_with(&home, redirection).await;
        if let Some(reader) = reader {
            reader.join().unwrap();
        }
        let client = server.client(&token(&home, "tests"));
        // Which is logged.
        server.hang_up();
        client.declare("the disk is full").await;
        assert_eq!(server.stop().await, Some(0), "{redirection}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_cant_be_shown_is_none() {
    let (home, _data) = home();
    let server = home.start("serve").await;
    let client = server.client(&token(&home, "tests"));
    let mut command = home.command(&["token", "create", "--name", "unseen", "--access", "admin", "--email", "tests@example.org"]);
    let full = File::options().write(true).open("/dev/full").unwrap();
    let outcome = command.stdout(full).stderr(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap();
    let told = String::from_utf8(outcome.stderr).unwrap();
    assert_eq!(outcome.status.code(), Some(1), "{told}");
    assert!(told.contains("the token could not be printed and is revoked again"), "{told}");
    let tokens = client.query("{ viewer { tokens { name revokedAt } } }", json!({})).await["viewer"]["tokens"].take();
    let unseen = tokens.as_array().unwrap().iter().find(|token| token["name"] == "unseen");
    assert!(unseen.is_none_or(|token| token["revokedAt"].is_string()), "{tokens}");
}

/// Containers are killed ten seconds after they were asked to stop.
#[tokio::test(flavor = "multi_thread")]
async fn sigterm_ends_within_ten_seconds_whatever_others_do() {
    let (home, data) = home();
    let mail = Smtp::start().await;
    mail.hang(true);
    let mut command = home.command(&["serve"]);
    command.env("MUSTER_SMTP__URL", mail.url()).env("MUSTER_SMTP__FROM", "muster@example.org");
    let server = home.start_by(command).await;
    let (sam, kim) = (server.client(&token(&home, "sam")), server.client(&token(&home, "kim")));
    let id = async |client: &Client| client.query("{ viewer { person { id } } }", json!({})).await["viewer"]["person"]["id"].take();
    let incident = sam.declare_with(json!({ "name": "stuck", "severity": "MINOR", "leadId": id(&sam).await })).await;
    let offer = json!({ "incidentId": incident["id"], "role": "INCIDENT_LEAD", "personId": id(&kim).await });
    sam.mutate("offerRole", offer, "offer { id }").await;
    eventually("a mail hangs", SOON, async || (mail.connections() > 0).then_some(())).await;
    let address = server.url("").trim_start_matches("http://").to_owned();
    let _silent = TcpStream::connect(&address).await.unwrap();
    let mut stuttering = TcpStream::connect(&address).await.unwrap();
    stuttering.write_all(b"POST /graphql HTTP/1.1\r\nHost: muster\r\nContent-Len").await.unwrap();
    let mut promising = TcpStream::connect(&address).await.unwrap();
    promising.write_all(b"POST /sign-in HTTP/1.1\r\nHost: muster\r\nContent-Length: 100\r\n\r\nli").await.unwrap();
    let asked = Instant::now();
    assert_eq!(server.stop().await, Some(0), "{}", log(&data));
    assert!(asked.elapsed() < Duration::from_secs(10), "{:?}: {}", asked.elapsed(), log(&data));
}

/// What has a name, a type and words.
struct Described {
    names: BTreeMap<String, String>,
    samples: BTreeMap<String, f64>,
}

/// Reads what Prometheus would read, and is stricter than it.
fn read(text: &str) -> Described {
    let (mut names, mut helped, mut samples) = (BTreeMap::new(), BTreeSet::new(), BTreeMap::new());
    for line in text.lines().filter(|line| !line.is_empty()) {
        let mut words = line.splitn(4, ' ');
        match (words.next(), words.next(), words.next(), words.next()) {
            (Some("#"), Some("HELP"), Some(name), Some(help)) => {
                assert!(help.ends_with('.') && helped.insert(name.to_owned()), "{line}");
            }
            (Some("#"), Some("TYPE"), Some(name), Some(kind)) => {
                assert!(names.insert(name.to_owned(), kind.to_owned()).is_none(), "{line}");
                assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
            }
            _ => {
                let (series, value) = line.rsplit_once(' ').unwrap();
                let name = series.split('{').next().unwrap();
                let family = ["_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
                assert!(names.contains_key(family) && helped.contains(family), "no words for {line}");
                samples.insert(series.to_owned(), value.parse().unwrap_or_else(|_| panic!("{line}")));
            }
        }
    }
    Described { names, samples }
}

async fn scrape(url: &str) -> Option<String> {
    harness::http().build().unwrap().get(url).send().await.ok()?.text().await.ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_told_to_prometheus() {
    let (home, _data) = home();
    let server = home.start("serve").await;
    let (sam, kim) = (server.client(&token(&home, "sam")), server.client(&token(&home, "kim")));
    let id = async |client: &Client| client.query("{ viewer { person { id } } }", json!({})).await["viewer"]["person"]["id"].take();
    let incident = sam.declare_with(json!({ "name": "slow", "severity": "MINOR", "leadId": id(&sam).await })).await;
    let offer = json!({ "incidentId": incident["id"], "role": "INCIDENT_LEAD", "personId": id(&kim).await });
    sam.mutate("offerRole", offer, "offer { id }").await;
    let text = eventually("the mail that nobody sends is counted", SOON, async || {
        scrape(&server.url("/metrics")).await.filter(|text| text.contains("muster_deliveries{state=\"BY_HAND\"} 1"))
    })
    .await;
    let Described { names, samples } = read(&text);
    for (name, kind) in [("muster_deliveries", "gauge"), ("muster_requests_total", "counter"), ("muster_request_seconds", "summary")] {
        assert_eq!(names[name], kind);
    }
    for gauge in [
        "muster_deliveries{state=\"FAILED\"}",
        "muster_deliveries_oldest_due_seconds",
        "muster_deliveries_oldest_queued_seconds",
        "muster_reminders_waiting",
        "muster_reminders_oldest_seconds",
        "muster_system_held{system=\"zendesk\"}",
    ] {
        assert_eq!(samples.get(gauge), Some(&0.0), "{gauge}: {text}");
    }
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs_f64();
    assert!((now - samples["muster_last_tick_timestamp_seconds"]).abs() < SOON.as_secs_f64(), "{text}");
    assert!(samples["muster_worker_silence_seconds"] < SOON.as_secs_f64(), "{text}");
    asked_of_promtool(&text);
}

/// A second opinion, where Prometheus is installed.
fn asked_of_promtool(text: &str) {
    use std::io::Write;
    let promtool = Command::new("promtool").args(["check", "metrics"]).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let Ok(mut promtool) = promtool else { return };
    promtool.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let outcome = promtool.wait_with_output().unwrap();
    assert!(outcome.status.success(), "{}", String::from_utf8_lossy(&outcome.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_separate_worker_shows_its_metrics_where_it_is_told() {
    let (home, data) = home();
    home.run(&["migrate"]);
    let listen = format!("127.0.0.1:{}", harness::free_port());
    let log = File::create(data.path().join("log")).unwrap();
    let mut worker = home.command(&["worker"]).env("MUSTER_METRICS_LISTEN", &listen).stderr(log).spawn().unwrap();
    let text = eventually("the worker works", SOON, async || {
        let text = scrape(&format!("http://{listen}/metrics")).await?;
        (text.contains("muster_ticks_total") && text.contains("muster_worker_silence_seconds")).then_some(text)
    })
    .await;
    read(&text);
    assert_eq!(scrape(&format!("http://{listen}/healthz")).await.as_deref(), Some("ok\n"));
    let stopped = Command::new("kill").arg(worker.id().to_string()).status().unwrap();
    assert!(stopped.success() && worker.wait().unwrap().success());
}

/// Every metric that the code counts has words.
#[test]
fn every_metric_is_described_in_one_place() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let described = std::fs::read_to_string(root.join("cli/src/metrics.rs")).unwrap();
    let operations = std::fs::read_to_string(root.join("docs/operations.md")).unwrap();
    let mut counted = BTreeSet::new();
    for folder in ["api/src", "cli/src", "domain/src", "worker/src"] {
        for (_, text) in crate::hygiene::rust_files(folder) {
            for kind in ["counter!(\"", "gauge!(\"", "histogram!(\""] {
                counted.extend(text.split(kind).skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()));
            }
        }
    }
    assert!(counted.len() > 10, "{counted:?}");
    for name in counted {
        assert!(
            described.contains(&format!("describe_counter!(\"{name}\""))
                || described.contains(&format!("describe_gauge!(\"{name}\""))
                || described.contains(&format!("describe_histogram!(\"{name}\"")),
            "{name} is not described in cli/src/metrics.rs"
        );
        assert!(operations.contains(&format!("`{name}")), "{name} is not in docs/operations.md");
    }
}
