//! A whole Muster: a migrated database, the rules, and the served router.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::authz::Actor;
use domain::clock::{Clock, ManualClock, SystemClock};
use domain::config::{CatalogueSource, ChatRules, Config, Retention, TicketRules};
use domain::db::Db;
use domain::delivery::policy::Pauses;
use domain::limits::CACHE_BYTES;
use domain::people::tokens::CreateToken;
use domain::playbook::Playbook;
use domain::ports::TicketDesk;
use domain::webhooks::rules::WebhookRules;
use domain::{Ctx, Domain};
use entity::{AccessLevel, Grants, Source, System, Timestamp, TokenBounds, person};
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::client::Client;
use crate::database::{Engine, TestDatabase};
use crate::logs::Logs;
use crate::process::press;
use crate::wait::within;

/// Connections of one server to PostgreSQL.
const CONNECTIONS: u32 = 10;

/// How long a server may take to end its requests and connections.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(15);

/// How often the statements of the same work are counted.
const TRIES: usize = 5;

/// The secret that hooks must show.
pub const HOOK_SECRET: &str = "hook-secret-of-the-tests";

/// The secret with which hooks sign that do so.
pub const SIGNING_SECRET: &str = "signing-secret-of-the-tests";

/// The sender that clients see.
pub const CLIENT_REPLY_TO: &str = "Example Support <support@example.org>";

/// The start of tests that do not use the machine's clock.
pub fn start_of_time() -> Timestamp {
    "2026-11-22T03:00:00Z".parse::<DateTime<Utc>>().expect("a time")
}

/// How a test's Muster differs from the usual.
pub struct Builder {
    engine: Engine,
    database_url: Option<String>,
    system_clock: bool,
    systems: Vec<System>,
    watches_cards: bool,
    chat: ChatRules,
    ops_docs: Option<String>,
    webhooks: Option<WebhookRules>,
    catalogue: Option<CatalogueSource>,
    cache_bytes: u64,
    tickets: Box<dyn FnOnce(&mut TicketRules)>,
    ticket_desk: Option<Arc<dyn TicketDesk>>,
    playbook: Box<dyn FnOnce(&mut Playbook)>,
    settings: Box<dyn FnOnce(&mut api::Settings)>,
}

impl Builder {
    /// Uses the machine's clock, because another program is part of the test.
    pub fn system_clock(self) -> Self {
        Self { system_clock: true, ..self }
    }

    /// With other settings of the API.
    pub fn settings(self, change: impl FnOnce(&mut api::Settings) + 'static) -> Self {
        Self { settings: Box::new(change), ..self }
    }

    /// With other values of the team.
    pub fn playbook(self, change: impl FnOnce(&mut Playbook) + 'static) -> Self {
        Self { playbook: Box::new(change), ..self }
    }

    /// With other rules for tickets.
    pub fn tickets(self, change: impl FnOnce(&mut TicketRules) + 'static) -> Self {
        Self { tickets: Box::new(change), ..self }
    }

    /// With this place to search for tickets.
    pub fn ticket_desk(self, desk: impl TicketDesk + 'static) -> Self {
        Self { ticket_desk: Some(Arc::new(desk)), ..self }
    }

    /// With this outside system connected.
    pub fn connected(mut self, system: System) -> Self {
        self.systems.push(system);
        self
    }

    /// With Trello reporting changes.
    pub fn watching_cards(self) -> Self {
        Self { watches_cards: true, ..self }
    }

    /// With these rules for what comes from the team's chat.
    pub fn chat(self, rules: ChatRules) -> Self {
        Self { chat: rules, ..self }
    }

    /// With ops docs, which the test reads.
    pub fn with_ops_docs(self) -> Self {
        Self { ops_docs: Some("the test's ops docs".to_owned()), ..self }
    }

    /// With endpoints where these rules allow them.
    pub fn webhooks(self, rules: WebhookRules) -> Self {
        Self { webhooks: Some(rules), ..self }
    }

    /// With a catalogue elsewhere, which is read every quarter of an hour.
    pub fn with_catalogue(self) -> Self {
        let place = "the test's catalogue".to_owned();
        Self { catalogue: Some(CatalogueSource { place, every: chrono::Duration::minutes(15) }), ..self }
    }

    /// With room for so many bytes of what was read of incidents; none for nothing.
    pub fn cache_bytes(self, cache_bytes: u64) -> Self {
        Self { cache_bytes, ..self }
    }

    /// On this database, which the test has made and migrated, rather than on one of its own.
    pub fn on_database(self, url: String) -> Self {
        Self { database_url: Some(url), ..self }
    }

    /// Starts it.
    pub async fn start(self, logs: &Logs) -> TestApp {
        let (database, url) = match self.database_url {
            Some(url) => {
                // Who brings a database takes it away. What of the pool is just being connected then says so, or not.
                logs.allow("error returned from after_connect");
                (None, url)
            }
            None => {
                let database = TestDatabase::create(self.engine).await;
                let url = database.url().to_owned();
                (Some(database), url)
            }
        };
        let manual = Arc::new(ManualClock::new(start_of_time()));
        let clock: Arc<dyn Clock> = if self.system_clock { Arc::new(SystemClock) } else { manual.clone() };
        let data = TempDir::with_prefix("muster-data-").expect("a temporary folder can be made");
        let mut settings = api::Settings {
            alerts_secret: Some(HOOK_SECRET.to_owned()),
            zendesk_secret: Some(SIGNING_SECRET.to_owned()),
            press: press(),
            ..api::Settings::default()
        };
        (self.settings)(&mut settings);
        let mut playbook = Playbook::default();
        (self.playbook)(&mut playbook);
        let mut rules = TicketRules::default();
        (self.tickets)(&mut rules);
        let config = Config {
            data_dir: data.path().to_owned(),
            public_url: settings.public_url.clone(),
            systems: self.systems,
            tickets: rules,
            pauses: Pauses::default(),
            retention: Retention::default(),
            client_reply_to: Some(CLIENT_REPLY_TO.to_owned()),
            watches_cards: self.watches_cards,
            chat: self.chat,
            ops_docs: self.ops_docs,
            webhooks: self.webhooks,
            reads_mailboxes: false,
            alert_sources: settings.alert_sources.values().map(|source| source.watched()).collect(),
            catalogue: self.catalogue,
            cache_bytes: self.cache_bytes,
        };
        let setup = Setup { url, clock, playbook, config, ticket_desk: self.ticket_desk, settings };
        let server = Server::start(&setup).await;
        let people = AtomicUsize::new(0);
        TestApp { engine: self.engine, server, setup, manual, logs: logs.clone(), people, _data: data, _database: database }
    }
}

/// What the servers of one Muster share.
#[derive(Clone)]
struct Setup {
    url: String,
    clock: Arc<dyn Clock>,
    playbook: Playbook,
    config: Config,
    ticket_desk: Option<Arc<dyn TicketDesk>>,
    settings: api::Settings,
}

/// One server process, as far as a test can tell.
pub struct Server {
    /// Its rules.
    pub domain: Arc<Domain>,
    url: String,
    shutdown: CancellationToken,
    serving: JoinHandle<()>,
    listening: JoinHandle<()>,
}

impl Server {
    async fn start(setup: &Setup) -> Self {
        let db = Db::connect(&setup.url, CONNECTIONS).await.expect("the database can be opened");
        let domain = Domain::new(db, setup.clock.clone(), setup.playbook.clone(), setup.config.clone(), setup.ticket_desk.clone());
        let shutdown = CancellationToken::new();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let app = api::App::new(domain.clone(), setup.settings.clone(), shutdown.clone());
        let serving = tokio::spawn(async move {
            api::serve(app, listener).await;
        });
        let listening = tokio::spawn({
            let (domain, shutdown) = (domain.clone(), shutdown.clone());
            async move { domain.waker.run(&domain.db, shutdown).await }
        });
        Self { domain, url, shutdown, serving, listening }
    }

    /// Where it is reached, e.g. `http://127.0.0.1:4000`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its address without the scheme.
    pub fn address(&self) -> &str {
        self.url.trim_start_matches("http://")
    }

    /// Asks it to end, as SIGTERM does, without waiting for it.
    pub fn begin_shutdown(&self) {
        self.shutdown.cancel();
    }

    /// Ends it, as SIGTERM does.
    pub async fn stop(self) {
        self.shutdown.cancel();
        within("draining the server", DRAIN_TIMEOUT, self.serving).await.expect("the server does not panic");
        within("ending the listener", DRAIN_TIMEOUT, self.listening).await.expect("the listener does not panic");
        self.domain.db.close().await;
    }
}

/// A whole Muster with one server, and the means to start more.
pub struct TestApp {
    engine: Engine,
    server: Server,
    setup: Setup,
    manual: Arc<ManualClock>,
    logs: Logs,
    people: AtomicUsize,
    _data: TempDir,
    _database: Option<TestDatabase>,
}

impl std::ops::Deref for TestApp {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

impl TestApp {
    /// Begins to describe one.
    pub fn builder(engine: Engine) -> Builder {
        Builder {
            engine,
            database_url: None,
            system_clock: false,
            systems: Vec::new(),
            watches_cards: false,
            chat: ChatRules::default(),
            ops_docs: None,
            webhooks: None,
            catalogue: None,
            cache_bytes: CACHE_BYTES,
            tickets: Box::new(|_| ()),
            ticket_desk: None,
            playbook: Box::new(|_| ()),
            settings: Box::new(|_| ()),
        }
    }

    /// Which database it works on.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// Where its database is.
    pub fn database_url(&self) -> &str {
        &self.setup.url
    }

    /// Where its files are.
    pub fn data_dir(&self) -> &std::path::Path {
        &self.setup.config.data_dir
    }

    /// Moves the clock on.
    pub fn advance(&self, by: Duration) {
        self.manual.advance(chrono::Duration::from_std(by).expect("tests are short"));
    }

    /// Sets the clock back, as an administrator or a broken time server does.
    pub fn set_back(&self, by: Duration) {
        self.manual.advance(-chrono::Duration::from_std(by).expect("tests are short"));
    }

    /// What the clock shows.
    pub fn now(&self) -> Timestamp {
        self.setup.clock.now()
    }

    /// Expects an error that contains `part` in the log.
    pub fn expect_error_log(&self, part: &str) {
        self.logs.expect(part);
    }

    /// Allows an error that contains `part` in the log: it depends on what happens first.
    pub fn allow_error_log(&self, part: &str) {
        self.logs.allow(part);
    }

    /// The errors in the log so far.
    pub fn error_logs(&self) -> Vec<String> {
        self.logs.errors()
    }

    /// How many statements PostgreSQL was sent so far, the server's own looks among them.
    pub fn statements(&self) -> usize {
        self.logs.statements()
    }

    /// The fewest statements that `work` sends to PostgreSQL in several tries. A look of the server's own falls into some of them.
    pub async fn fewest_statements(&self, mut work: impl AsyncFnMut()) -> usize {
        let mut fewest = usize::MAX;
        for _ in 0..TRIES {
            let before = self.statements();
            work().await;
            fewest = fewest.min(self.statements() - before);
        }
        fewest
    }

    /// How many statements of each kind `work` sends to PostgreSQL: for each, the fewest in several tries. Fields of one request share a statement
    /// when their turn comes at the same moment, which on a busy machine it does not always.
    pub async fn fewest_of_each<K: Ord>(&self, kind: impl Fn(&str) -> K, mut work: impl AsyncFnMut()) -> BTreeMap<K, usize> {
        let mut fewest: Option<BTreeMap<K, usize>> = None;
        for _ in 0..TRIES {
            self.logs.hear_statements();
            work().await;
            let mut heard: BTreeMap<K, usize> = BTreeMap::new();
            for text in self.logs.heard_statements() {
                *heard.entry(kind(&text)).or_default() += 1;
            }
            if let Some(before) = fewest {
                heard.retain(|kind, _| before.contains_key(kind));
                heard.iter_mut().for_each(|(kind, count)| *count = before[kind].min(*count));
            }
            fewest = Some(heard);
        }
        fewest.unwrap_or_default()
    }

    /// Asserts that `query`, which asks for `FIRST` incidents, reads nothing per incident, and sends at most `most` statements.
    ///
    /// If anything were read per incident, each further one would cost a further statement. The count itself varies a little: fields of one
    /// request share a statement when their turn comes at the same moment, and that depends on how fast each answer before was.
    pub async fn assert_reads_in_batches(&self, client: &Client, query: &str, (few, many): (usize, usize), most: usize) {
        let statements = async |first: usize| {
            let query = query.replace("FIRST", &first.to_string());
            self.fewest_statements(async || drop(client.query(&query, Value::Null).await)).await
        };
        let (of_few, of_many) = (statements(few).await, statements(many).await);
        let once_each = of_few + (many - few);
        assert!(of_many < once_each && of_many <= most, "{of_few} statements for {few} incidents, {of_many} for {many}");
    }

    /// A second server on the same database. On SQLite there is only ever one.
    pub async fn second_process(&self) -> Server {
        assert_eq!(self.engine, Engine::Postgres, "SQLite serves one process");
        Server::start(&self.setup).await
    }

    /// A second server on the same database that keeps nothing of what it reads. It is only to be asked: on SQLite, one process writes.
    pub async fn forgetful(&self) -> Server {
        let config = Config { cache_bytes: 0, ..self.setup.config.clone() };
        Server::start(&Setup { config, ..self.setup.clone() }).await
    }

    /// A use case of Muster itself.
    pub fn system(&self) -> Ctx {
        self.domain.system()
    }

    /// Someone with administrator access.
    pub async fn admin(&self) -> Client {
        self.person("Ada", AccessLevel::Admin).await
    }

    /// Someone who works on incidents.
    pub async fn responder(&self, name: &str) -> Client {
        self.person(name, AccessLevel::Responder).await
    }

    /// Someone with read access.
    pub async fn viewer(&self, name: &str) -> Client {
        self.person(name, AccessLevel::Viewer).await
    }

    /// Someone without a token.
    pub fn anonymous(&self) -> Client {
        Client::new(&self.server, None, None)
    }

    /// A new person with a token of the same level.
    pub async fn person(&self, name: &str, access: AccessLevel) -> Client {
        let email = format!("{}.{}@example.org", name.to_lowercase().replace(' ', "."), self.people.fetch_add(1, Ordering::Relaxed));
        let person = domain::people::find_or_add(&self.system(), name, &email, access).await.expect("a person can be added");
        self.sign_in(&person).await
    }

    async fn sign_in(&self, person: &person::Model) -> Client {
        let input =
            CreateToken { name: "tests".into(), access_level: person.access_level, expires_at: None, bounds: TokenBounds::default() };
        let (_, secret) = domain::people::tokens::create(&self.system(), person.id, input).await.expect("a token can be made");
        Client::new(&self.server, Some(secret), Some(person.id))
    }

    /// Calls use cases directly, as `client` would.
    pub async fn ctx(&self, client: &Client) -> Ctx {
        let person = domain::people::find(&self.system(), client.person_id()).await.expect("the person is there");
        let grants: Grants = person.grants;
        self.domain.ctx(Actor::Person { id: person.id, access: person.access_level, grants, token: None }, Source::Api)
    }

    /// Runs `test` with another Muster, which is empty, on `engine`.
    pub async fn elsewhere(&self, engine: Engine, test: impl AsyncFnOnce(&Self)) {
        let other = Self::builder(engine).start(&self.logs).await;
        test(&other).await;
        other.finish().await;
    }

    pub(crate) async fn finish(self) {
        self.server.stop().await;
    }
}
