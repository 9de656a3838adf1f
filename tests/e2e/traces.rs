//! Traces: from a request to the vendor, by the real binary, at a strict collector; what they hold, and that nothing waits for them.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::{Duration, Instant};

use harness::database::TestDatabase;
use harness::fakes::collector::{AUTHORIZATION, Span};
use harness::fakes::ntfy::TOKEN;
use harness::fakes::{CollectorFake, Fault, NtfyFake};
use harness::process::{Home, Process};
use harness::smtp::Smtp;
use harness::{Client, Engine, eventually};
use serde_json::{Value, json};
use tempfile::TempDir;

const SOON: Duration = Duration::from_secs(30);
/// A trace of somebody else's, which they say is sampled.
const THEIRS: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const THEIR_SPAN: &str = "00f0671109c902b7";
const NOTE: &str = "the tills in the Harbour Street shop are down";
const TOPIC: &str = "muster-kim-7Jd_f3";
/// All that may be told of a span, and of a process.
const TOLD: [&str; 17] = [
    "graphql.operation.name",
    "graphql.operation.type",
    "http.request.method",
    "http.response.status_code",
    "http.route",
    "muster.code",
    "muster.delivery.attempt",
    "muster.delivery.id",
    "muster.delivery.operation",
    "muster.delivery.state",
    "muster.delivery.system",
    "muster.incident.id",
    "server.address",
    "server.port",
    "service.instance.id",
    "service.name",
    "service.version",
];

struct Scene {
    home: Home,
    data: TempDir,
    collector: CollectorFake,
    ntfy: NtfyFake,
    mail: Smtp,
    sam: String,
    kim: String,
    _database: TestDatabase,
}

impl Scene {
    async fn open(engine: Engine) -> Self {
        let (data, database) = (TempDir::with_prefix("muster-traces-").unwrap(), TestDatabase::create(engine).await);
        let home = Home::new(data.path(), database.url());
        let token = |name: &str| {
            home.run(&["token", "create", "--name", name, "--access", "admin", "--email", &format!("{name}@shop.example.org")])
        };
        let (sam, kim) = (token("Samuela"), token("Kimberly"));
        let (collector, ntfy, mail) = (CollectorFake::start().await, NtfyFake::start().await, Smtp::start().await);
        Self { home, data, collector, ntfy, mail, sam, kim, _database: database }
    }

    /// `muster ROLE` with traces of this share, and systems to deliver to.
    fn command(&self, role: &str, ratio: &str) -> Command {
        let mut command = self.home.command(&[role]);
        command
            .env("MUSTER_TRACES__ENDPOINT", self.collector.url())
            .env("MUSTER_TRACES__HEADERS", format!("authorization={}", AUTHORIZATION.replace(' ', "%20")))
            .env("MUSTER_TRACES__RATIO", ratio)
            .envs([("MUSTER_SMTP__URL", &*self.mail.url()), ("MUSTER_SMTP__FROM", "muster@shop.example.org")])
            .envs([("MUSTER_NTFY__URL", self.ntfy.url()), ("MUSTER_NTFY__TOKEN", TOKEN)]);
        command
    }

    /// Sam declares an incident, writes a note, and offers Kim the lead, with this header. Returns the incident.
    async fn act(&self, server: &Process, traceparent: Option<&str>) -> String {
        let (sam, kim) = (server.client(&self.sam), server.client(&self.kim));
        let person = async |client: &Client| client.query("{ viewer { person { id } } }", json!({})).await["viewer"]["person"]["id"].take();
        kim.mutate("setNtfyTopic", json!({ "topic": TOPIC }), "person { id }").await;
        let incident = sam.declare_with(json!({ "name": NOTE, "severity": "MINOR", "leadId": person(&sam).await })).await["id"].take();
        sam.note(incident.as_str().unwrap(), NOTE).await;
        let offer = json!({ "incidentId": incident, "role": "INCIDENT_LEAD", "personId": person(&kim).await, "note": NOTE });
        let document = "mutation HandOver($input: OfferRoleInput!) { offerRole(input: $input) { offer { id } } }";
        let mut request =
            sam.request(reqwest::Method::POST, "/graphql").json(&json!({ "query": document, "variables": { "input": offer } }));
        if let Some(traceparent) = traceparent {
            request = request.header("traceparent", traceparent);
        }
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        assert!(answer["data"]["offerRole"]["offer"]["id"].is_string(), "{answer}");
        incident.as_str().unwrap().to_owned()
    }

    /// Waits until Kim was told on both channels, `times` times.
    async fn delivered(&self, times: usize) {
        self.mail.wait_for(times).await;
        eventually("the phone rings", SOON, async || (self.ntfy.messages().len() >= times).then_some(())).await;
    }

    /// The spans with this name, once there are so many.
    async fn spans(&self, name: &str, least: usize) -> Vec<Span> {
        eventually(name, SOON, async || {
            let spans: Vec<Span> = self.collector.spans().into_iter().filter(|span| span.name == name).collect();
            (spans.len() >= least).then_some(spans)
        })
        .await
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.data.path().join("log")).unwrap()
    }
}

fn of<'a>(spans: &'a [Span], attribute: &str, value: &str) -> &'a Span {
    let mut found = spans.iter().filter(|span| span.attributes.get(attribute).is_some_and(|known| known == value));
    let span = found.next().unwrap_or_else(|| panic!("no span has {attribute} {value}: {spans:#?}"));
    assert!(found.next().is_none(), "two spans have {attribute} {value}: {spans:#?}");
    span
}

fn attributes(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// The operation `HandOver` is followed from the request to both vendors. The trace has nothing to do with what the caller says of one.
async fn assert_followed(scene: &Scene, incident: &str) {
    let operation = of(&scene.spans("mutation", 4).await, "graphql.operation.name", "HandOver").clone();
    assert_eq!(operation.attributes["muster.code"], "OK");
    assert_ne!(operation.trace, THEIRS);
    let request = of_id(&scene.spans("POST /graphql", 4).await, &operation.parent);
    assert_eq!((&*request.parent, &*request.kind), ("", "Server"));
    let expected = [("http.request.method", "POST"), ("http.response.status_code", "200"), ("http.route", "/graphql")];
    assert_eq!(request.attributes, attributes(&expected));
    let changes = scene.spans("change", 2).await;
    let change = changes.iter().find(|span| span.parent == operation.id).unwrap_or_else(|| panic!("{changes:#?}"));
    assert_eq!(change.attributes, attributes(&[("muster.incident.id", incident)]));
    let deliveries = scene.spans("deliver", 2).await;
    for system in ["email", "ntfy"] {
        let delivery = of(&deliveries, "muster.delivery.system", system);
        assert_eq!((&delivery.trace, &delivery.parent, &*delivery.kind), (&operation.trace, &change.id, "Consumer"));
        for (name, value) in [("operation", "offer"), ("attempt", "1"), ("state", "DELIVERED")] {
            assert_eq!(delivery.attributes[&format!("muster.delivery.{name}")], value, "{name}");
        }
        assert!(delivery.attributes["muster.delivery.id"].starts_with("dlv_"), "{delivery:?}");
    }
    let [sent] = &*scene.spans("POST", 1).await else { panic!("one request goes to ntfy") };
    assert_eq!((&sent.parent, &*sent.kind), (&of(&deliveries, "muster.delivery.system", "ntfy").id, "Client"));
    let port = scene.ntfy.url().rsplit_once(':').unwrap().1;
    let expected =
        [("http.request.method", "POST"), ("http.response.status_code", "200"), ("server.address", "127.0.0.1"), ("server.port", port)];
    assert_eq!(sent.attributes, attributes(&expected));
    assert!(scene.ntfy.requests().iter().all(|request| request.header("traceparent").is_none()), "vendors are told nothing of it");
}

fn of_id(spans: &[Span], id: &str) -> Span {
    spans.iter().find(|span| span.id == id).unwrap_or_else(|| panic!("{id} is missing: {spans:#?}")).clone()
}

/// Neither secrets nor people nor what they wrote, and nothing that nobody thought of.
fn assert_discreet(scene: &Scene) {
    let known = [&*scene.sam, &*scene.kim, NOTE, TOPIC, TOKEN, "shop.example.org", "Samuela", "Kimberly", "$input", "offer {", "fakefake"];
    for request in scene.collector.requests() {
        for known in known {
            let found = request.body.windows(known.len()).any(|window| window == known.as_bytes());
            assert!(!found, "{known} is in {}", String::from_utf8_lossy(&request.body));
        }
    }
    for span in scene.collector.spans() {
        for name in span.attributes.keys().chain(span.process.keys()) {
            assert!(TOLD.contains(&&**name), "{name}: {span:?}");
        }
        let process = (&*span.process["service.name"], &*span.process["service.version"]);
        assert!(process == ("muster", env!("CARGO_PKG_VERSION")) && !span.process["service.instance.id"].is_empty(), "{span:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_followed_to_the_vendor_sqlite() {
    let scene = Scene::open(Engine::Sqlite).await;
    let server = scene.home.start_by(scene.command("serve", "1")).await;
    let incident = scene.act(&server, Some(&format!("00-{THEIRS}-{THEIR_SPAN}-01"))).await;
    scene.delivered(1).await;
    assert_followed(&scene, &incident).await;
    assert_eq!(server.stop().await, Some(0));
    assert_discreet(&scene);
    let log = scene.log();
    assert!(log.contains(&format!("  traces        sampled at 1, to {}\n", scene.collector.url())), "{log}");
    assert!(!log.contains("muster.incident") && !log.contains("http.route") && !log.contains("does not take traces"), "{log}");
}

/// Between them lies only the database.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_followed_to_the_vendor_by_another_process_postgres() {
    let scene = Scene::open(Engine::Postgres).await;
    let api = scene.home.start_by(scene.command("api", "1")).await;
    let incident = scene.act(&api, None).await;
    assert_eq!(api.stop().await, Some(0));
    let worker = scene.home.start_worker(scene.command("worker", "0")).await;
    scene.delivered(1).await;
    assert_followed(&scene, &incident).await;
    assert_eq!(worker.stop().await, Some(0));
    assert_discreet(&scene);
    let of_worker = &scene.spans("deliver", 2).await[0].process["service.instance.id"];
    assert_ne!(of_worker, &scene.spans("mutation", 1).await[0].process["service.instance.id"]);
}

/// Else anybody could have everything traced.
#[tokio::test(flavor = "multi_thread")]
async fn no_stranger_decides_what_is_traced() {
    let scene = Scene::open(Engine::Sqlite).await;
    let server = scene.home.start_by(scene.command("serve", "0")).await;
    scene.act(&server, Some(&format!("00-{THEIRS}-{THEIR_SPAN}-01"))).await;
    scene.delivered(1).await;
    assert_eq!(server.stop().await, Some(0));
    assert!(scene.collector.requests().is_empty(), "{:?}", scene.collector.spans());

    let mut command = scene.command("serve", "0");
    command.env("MUSTER_TRACES__JOIN_CALLERS", "true");
    let server = scene.home.start_by(command).await;
    scene.act(&server, Some(&format!("00-{THEIRS}-{THEIR_SPAN}-01"))).await;
    scene.delivered(2).await;
    scene.spans("POST", 1).await;
    assert_eq!(server.stop().await, Some(0));
    let spans = scene.collector.spans();
    assert!(spans.iter().all(|span| span.trace == THEIRS), "all else is at the ratio: {spans:#?}");
    assert_eq!(of(&spans, "http.route", "/graphql").parent, THEIR_SPAN);

    scene.collector.forget_requests();
    let mut command = scene.command("serve", "1");
    command.env("MUSTER_TRACES__JOIN_CALLERS", "true");
    let server = scene.home.start_by(command).await;
    scene.act(&server, Some(&format!("00-{THEIRS}-{THEIR_SPAN}-00"))).await;
    scene.delivered(3).await;
    assert_eq!(server.stop().await, Some(0));
    let spans: Vec<Span> = scene.collector.spans().split_off(spans.len());
    let hand_over =
        |span: &Span| span.name == "deliver" || span.attributes.get("graphql.operation.name").is_some_and(|name| name == "HandOver");
    assert!(!spans.is_empty() && !spans.iter().any(hand_over), "the caller does not want it, nor what follows: {spans:#?}");
}

/// What is wrong with the collector; whether it ever answers.
enum Trouble {
    Hangs,
    Fails,
    IsAway,
    RefusesSome,
}

async fn nothing_waits(trouble: Trouble) {
    let scene = Scene::open(Engine::Sqlite).await;
    let mut command = scene.command("serve", "1");
    match trouble {
        Trouble::Hangs => scene.collector.fail_at_random(1, 100, &[Fault::DoneThenSilent]),
        Trouble::Fails => scene.collector.fail_at_random(1, 100, &[Fault::ServerError]),
        Trouble::IsAway => drop(command.env("MUSTER_TRACES__ENDPOINT", format!("http://127.0.0.1:{}", harness::port::free()))),
        Trouble::RefusesSome => scene.collector.refuse(1),
    }
    let server = scene.home.start_by(command).await;
    let begun = Instant::now();
    let incident = scene.act(&server, None).await;
    scene.delivered(1).await;
    let sam = server.client(&scene.sam);
    let metrics = async || sam.get("/metrics").await.text().await.unwrap();
    eventually("spans are dropped and counted", SOON, async || {
        sam.note(&incident, "another").await;
        metrics().await.contains("muster_spans_total{outcome=\"dropped\"}").then_some(())
    })
    .await;
    // One that is not answered: the collector has five seconds for each batch.
    let slowest = async {
        let mut slowest = Duration::ZERO;
        for _ in 0..20 {
            let asked = Instant::now();
            sam.note(&incident, "another").await;
            slowest = slowest.max(asked.elapsed());
        }
        slowest
    };
    assert!(slowest.await < Duration::from_secs(2), "no request waits for the collector");
    let asked = Instant::now();
    assert_eq!(server.stop().await, Some(0));
    assert!(asked.elapsed() < Duration::from_secs(6), "{:?}", asked.elapsed());
    let log = scene.log();
    assert_eq!(log.matches("the collector does not take traces").count(), 1, "{:?}: {log}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_waits_for_a_collector_that_hangs() {
    nothing_waits(Trouble::Hangs).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_waits_for_a_collector_that_fails() {
    nothing_waits(Trouble::Fails).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_waits_for_a_collector_that_is_away() {
    nothing_waits(Trouble::IsAway).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_collector_does_not_take_is_counted() {
    nothing_waits(Trouble::RefusesSome).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn check_says_whether_the_collector_takes_traces() {
    let scene = Scene::open(Engine::Sqlite).await;
    let check = async |change: &dyn Fn(&mut Command)| {
        let mut command = scene.command("check", "1");
        change(command.arg("traces"));
        let outcome = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        (outcome.status.code(), String::from_utf8(outcome.stdout).unwrap())
    };
    let (code, told) = check(&|_| {}).await;
    assert_eq!((code, &*told), (Some(0), "traces: ok: The collector takes traces\n"));
    assert!(scene.collector.spans().is_empty() && scene.collector.requests().len() == 1);
    for (name, value, problem) in [
        ("MUSTER_TRACES__HEADERS", "authorization=Bearer hunter2", "see traces.headers"),
        ("MUSTER_TRACES__ENDPOINT", &*format!("{}/elsewhere", scene.collector.url()), "see traces.endpoint"),
        ("MUSTER_TRACES__ENDPOINT", &*format!("http://127.0.0.1:{}", harness::port::free()), "can't be reached"),
    ] {
        let (code, told) = check(&|command| {
            command.env(name, value);
        })
        .await;
        assert!(code == Some(1) && told.starts_with("traces: PROBLEM: ") && told.contains(problem), "{told}");
        assert!(!told.contains("hunter2"), "{told}");
    }
    let (code, told) = check(&|command| {
        command.env_remove("MUSTER_TRACES__ENDPOINT");
    })
    .await;
    assert!(code == Some(1) && told.contains("set traces.endpoint"), "{told}");
}
