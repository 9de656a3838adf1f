//! Bad weather: Zendesk and Trello fail in every way and the worker keeps dying, while incidents with tickets, updates to clients
//! and follow-ups pass through (R20, R22, R33). What arrived is counted on the other side: nothing twice, nothing missing.
//!
//! In every `make test` a few incidents pass. `MUSTER_STORM=300x100` lets 300 of them pass while the worker is killed 100 times, which
//! takes half an hour.

use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use domain::db::Db;
use entity::{DeliveryState, System, delivery};
use futures_util::future::join_all;
use harness::database::TestDatabase;
use harness::drive::id;
use harness::fakes::{Fault, TrelloFake, ZendeskFake, replay, trello, zendesk};
use harness::process::Home;
use harness::smtp::Smtp;
use harness::{Client, Engine, eventually};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Calls in a hundred that fail.
const FAILING: u64 = 30;
/// Clients with a ticket each, and clients who get mail.
const WITH_TICKET: usize = 3;
const BY_MAIL: usize = 2;
const UPDATES: [&str; 2] = ["We are looking into it.", "We have found the cause."];
const FOLLOW_UPS: [&str; 2] = ["Watch the disk", "Renew the certificate earlier"];
const SOON: Duration = Duration::from_secs(30);
/// What a killed worker had in hand is tried again after a minute, and may fail again.
const PATIENCE: Duration = Duration::from_mins(4);
/// Incidents that are worked on side by side.
const AT_ONCE: usize = 4;

/// How many incidents pass, and how often the worker is killed.
pub(crate) fn size() -> (usize, usize) {
    let text = std::env::var("MUSTER_STORM").unwrap_or_else(|_| "8x12".to_owned());
    let (incidents, kills) = text.split_once('x').expect("MUSTER_STORM is INCIDENTSxKILLS");
    (incidents.parse().expect("a number of incidents"), kills.parse().expect("a number of kills"))
}

struct Place {
    home: Home,
    desk: ZendeskFake,
    boards: TrelloFake,
    mail: Smtp,
    token: String,
    url: String,
    _data: TempDir,
    _database: TestDatabase,
}

async fn place(engine: Engine) -> Place {
    let (data, database) = (TempDir::with_prefix("muster-storm-").unwrap(), TestDatabase::create(engine).await);
    let (desk, boards, mail) = (ZendeskFake::start().await.checked(), TrelloFake::start().await.checked(), Smtp::start().await);
    // The vendor's limits are for other tests; here they would only make everything take an hour.
    desk.set_limits(1_000_000, 1_000_000);
    let settings = format!(
        "[smtp]\nurl = '{}'\nfrom = 'Muster <muster@example.org>'\n[zendesk]\nbase_url = '{}'\nemail = '{}'\napi_token = '{}'\n\
         requests_per_minute = 100000\nupdates_per_minute = 100000\n[trello]\nbase_url = '{}'\nkey = '{}'\ntoken = '{}'\n\
         [deliveries]\nfirst_pause = 0.2\nlongest_pause = 2\n",
        mail.url(),
        desk.url(),
        zendesk::EMAIL,
        zendesk::API_TOKEN,
        boards.url(),
        trello::KEY,
        trello::TOKEN,
    );
    std::fs::write(data.path().join("muster.toml"), settings).unwrap();
    let board = format!(
        "[boards.incident-actions]\ntrello_board = '{}'\ntrello_list = '{}'\ntrello_done_list = '{}'\n",
        trello::BOARD,
        trello::TODO,
        trello::DONE
    );
    std::fs::write(data.path().join("playbook.toml"), board).unwrap();
    let home = Home::new(data.path(), database.url());
    let token = home.run(&["token", "create", "--name", "Ann", "--access", "admin", "--email", "ann@example.org"]);
    let url = database.url().to_owned();
    Place { home, desk, boards, mail, token, url, _data: data, _database: database }
}

/// One incident from its declaration to the last follow-up.
struct Passage {
    incident: String,
    tickets: Vec<u64>,
}

async fn pass(ann: &Client, desk: &ZendeskFake, clients: &[Value], number: usize) -> Passage {
    let me = ann.query("{ viewer { person { id } } }", json!({})).await["viewer"]["person"]["id"].take();
    let declared = json!({ "name": format!("errors {number}"), "severity": "MINOR", "leadId": me, "affectedClientIds": clients });
    let incident = id(&ann.incident_of("declareIncident", declared).await).to_owned();
    let mut tickets = Vec::new();
    for client in &clients[..WITH_TICKET] {
        let ticket = desk.add_ticket(zendesk::CLIENT, &format!("broken {number}"), "It does not work.", json!({}));
        ann.incident_of("linkTicket", json!({ "incidentId": incident, "externalId": ticket.to_string(), "clientId": client })).await;
        tickets.push(ticket);
    }
    for update in UPDATES {
        let body = format!("{update} ({number})");
        ann.mutate("sendClientUpdate", json!({ "incidentId": incident, "body": body }), "clientUpdate { id }").await;
    }
    for follow_up in FOLLOW_UPS {
        let input =
            json!({ "incidentId": incident, "title": format!("{follow_up} ({number})"), "board": "incident-actions", "ownerId": me });
        ann.mutate("addFollowUp", input, "followUp { id }").await;
    }
    ann.meet_goals(&incident).await;
    ann.incident_of("resolveIncident", json!({ "incidentId": incident, "summary": "fixed" })).await;
    Passage { incident, tickets }
}

async fn pass_all(ann: &Client, desk: &ZendeskFake, clients: &[Value], incidents: usize) -> Vec<Passage> {
    let mut passages = Vec::new();
    for portion in (0..incidents).collect::<Vec<_>>().chunks(AT_ONCE) {
        passages.extend(join_all(portion.iter().map(|number| pass(ann, desk, clients, *number))).await);
    }
    passages
}

async fn clients(ann: &Client) -> Vec<Value> {
    let mut clients = Vec::new();
    for number in 0..WITH_TICKET + BY_MAIL {
        let contacts = json!([{ "name": format!("Contact {number}"), "email": format!("contact{number}@client.example") }]);
        let input = json!({ "name": format!("Client {number}"), "contacts": contacts });
        clients.push(ann.mutate("saveClient", input, "client { id }").await["client"]["id"].take());
    }
    clients
}

pub(crate) fn spawn(mut command: Command) -> Child {
    command.env("MUSTER_LISTEN", "127.0.0.1:0").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// How the workers of a storm live.
pub(crate) struct Life<'a> {
    /// Where they run.
    pub home: &'a Home,
    /// What they are started as.
    pub role: &'a str,
    /// How much each does on the other side before it is killed.
    pub work: usize,
    /// How long it has for that.
    pub time: Duration,
}

/// Starts workers and kills each in the middle of its work: after `done` has grown by as much as one does, or after its time.
pub(crate) async fn kill_many(life: &Life<'_>, kills: usize, done: impl Fn() -> usize) {
    for _ in 0..kills {
        let (mut worker, began, before) = (spawn(life.home.command(&[life.role])), Instant::now(), done());
        let in_mid_work = async || (done() >= before + life.work || began.elapsed() > life.time).then_some(());
        eventually("it works", SOON, in_mid_work).await;
        worker.kill().unwrap();
        worker.wait().unwrap();
    }
}

/// What was ordered of these systems.
pub(crate) async fn orders(db: &Db, systems: &[System]) -> Vec<delivery::Model> {
    let ordered = delivery::Entity::find().filter(delivery::Column::System.is_in(systems.iter().copied()));
    ordered.all(db.read()).await.unwrap()
}

/// Whether all of it has arrived, or is not wanted any more. None may fail for good.
pub(crate) async fn is_delivered(db: &Db, systems: &[System]) -> bool {
    let orders = orders(db, systems).await;
    let failed = orders.iter().find(|row| matches!(row.state, DeliveryState::Failed | DeliveryState::ByHand));
    assert!(failed.is_none(), "{failed:?}");
    orders.iter().all(|row| matches!(row.state, DeliveryState::Delivered | DeliveryState::Cancelled))
}

async fn storm(engine: Engine) {
    let (incidents, kills) = size();
    let place = place(engine).await;
    let (api, worker) = if engine == Engine::Postgres { ("api", "worker") } else { ("serve", "serve") };
    let server = place.home.start(api).await;
    let ann = server.client(&place.token);
    let clients = clients(&ann).await;
    place.desk.fail_at_random(7, FAILING, &Fault::ALL);
    place.boards.fail_at_random(11, FAILING, &Fault::ALL);
    let life = Life { home: &place.home, role: worker, work: 4, time: Duration::from_secs(3) };
    let killing = kill_many(&life, kills, || place.desk.changes().len() + place.boards.changes().len());
    let passages = if engine == Engine::Postgres {
        tokio::join!(pass_all(&ann, &place.desk, &clients, incidents), killing).0
    } else {
        let passages = pass_all(&ann, &place.desk, &clients, incidents).await;
        server.kill();
        killing.await;
        passages
    };
    let mut worker = spawn(place.home.command(&[worker]));
    let began = Instant::now();
    let patience = PATIENCE + Duration::from_secs(5) * u32::try_from(incidents).unwrap();
    let db = Db::connect(&place.url, 1).await.unwrap();
    eventually("everything is delivered", patience, async || is_delivered(&db, System::ALL).await.then_some(())).await;
    db.close().await;
    println!("{incidents} incidents, {kills} kills: the rest took {:?}", began.elapsed());
    worker.kill().unwrap();
    worker.wait().unwrap();
    check_tickets(&place.desk, &passages);
    check_cards(&place.boards, incidents);
    check_mails(&place.mail, incidents);
    assert_eq!((place.desk.violations(), place.boards.violations()), (Vec::new(), Vec::new()));
    check_by_prism(&place).await;
}

/// `make prism`: a second opinion on the requests, from a mock that others wrote. It must also catch deliberate mistakes.
async fn check_by_prism(place: &Place) {
    let (Ok(desk), Ok(boards)) = (std::env::var("MUSTER_PRISM_ZENDESK"), std::env::var("MUSTER_PRISM_TRELLO")) else { return };
    let bad = json!({ "ticket": { "comment": { "body": "x" }, "priority": "P1" } });
    assert!(replay::is_refused("POST", "/api/v2/tickets", &[], Some(&bad), &desk).await, "Prism lets a wrong priority pass");
    assert!(replay::is_refused("POST", "/cards", &[("name", "x")], None, &boards).await, "Prism lets a card without a list pass");
    assert_eq!(replay::replay(&place.desk.requests(), &desk, "").await, Vec::<String>::new());
    assert_eq!(replay::replay(&place.boards.requests(), &boards, "/1").await, Vec::<String>::new());
}

/// One problem ticket per incident, solved; each ticket is linked to it and has each update once.
fn check_tickets(desk: &ZendeskFake, passages: &[Passage]) {
    let tickets = desk.tickets();
    let problems = tickets.iter().filter(|ticket| ticket.kind.as_deref() == Some("problem")).count();
    assert_eq!(problems, passages.len(), "problem tickets");
    for (number, Passage { incident, tickets: linked }) in passages.iter().enumerate() {
        let problem = tickets.iter().find(|ticket| ticket.external_id.as_ref() == Some(incident));
        let problem = problem.unwrap_or_else(|| panic!("{incident} has no problem ticket"));
        assert_eq!(problem.status, "solved", "{incident}");
        for ticket in linked.iter().filter_map(|id| desk.ticket(*id)) {
            assert_eq!((ticket.kind.as_deref(), ticket.problem_id), (Some("incident"), Some(problem.id)), "#{}", ticket.id);
            let replies: Vec<&str> =
                ticket.comments.iter().filter(|comment| comment.author_id == zendesk::ME).map(|comment| comment.body.as_str()).collect();
            for update in UPDATES.map(|update| format!("{update} ({number})")) {
                let times = replies.iter().filter(|body| body.contains(&update)).count();
                assert_eq!(times, 1, "“{update}” on #{}: {replies:?}", ticket.id);
            }
            assert_eq!(replies.len(), UPDATES.len(), "{replies:?}");
        }
    }
}

fn check_cards(boards: &TrelloFake, incidents: usize) {
    let cards = boards.cards();
    assert_eq!(cards.len(), incidents * FOLLOW_UPS.len(), "cards");
    for (number, follow_up) in (0..incidents).flat_map(|number| FOLLOW_UPS.map(|follow_up| (number, follow_up))) {
        let title = format!("{follow_up} ({number})");
        let found: Vec<_> = cards.iter().filter(|card| card.name == title && !card.closed).collect();
        assert_eq!(found.len(), 1, "{title}");
    }
}

/// A mail that was cut off may come again, with the same id.
fn check_mails(mail: &Smtp, incidents: usize) {
    let mut told: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for mail in mail.mails().into_iter().filter(|mail| mail.to[0].ends_with("@client.example")) {
        told.entry((mail.to[0].clone(), mail.text)).or_default().push(mail.message_id);
    }
    assert_eq!(told.len(), incidents * UPDATES.len() * BY_MAIL, "mails to clients");
    for ((to, text), mut ids) in told {
        ids.dedup();
        assert_eq!(ids.len(), 1, "{to} was written to more than once: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_doubled_and_nothing_is_lost_on_sqlite() {
    storm(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_doubled_and_nothing_is_lost_on_postgres() {
    storm(Engine::Postgres).await;
}
