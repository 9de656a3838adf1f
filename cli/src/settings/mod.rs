//! The settings: `muster.toml`, each overridden by the environment.
//!
//! A key `alerts.secret` in the file is `MUSTER_ALERTS__SECRET` in the environment. All problems are reported at once; what nobody knows
//! is one ([`unknown`]). Secrets are kept in [`Secret`], which no log and no error can print.

mod airtable;
mod alerts;
mod company;
mod documents;
mod mail_alerts;
mod ops_docs;
mod source;
mod traces;
mod unknown;
mod webhooks;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use api::{AlertSource, Proxies};
use document::Press;
use document::typesetter::Typesetter;
use domain::config::Retention;
use domain::delivery::policy::Pauses;
use domain::documents::DocumentSet;
use domain::limits::{CACHE_BYTES, CACHE_MIB, DAYS_KEPT, MIB};
use domain::webhooks::rules::WebhookRules;
use entity::Severity;
use tracing_subscriber::EnvFilter;
use url::Url;
use worker::mailbox::Account;
use worker::ops_docs::OpsDocs;

use airtable::FollowedTable;
pub use alerts::Monitored;
pub use company::Company;
pub use source::Source;
pub use traces::Traces;

use crate::systems::Systems;

/// Everything a process is configured with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `sqlite:PATH` or `postgres://…`.
    pub database_url: Secret,
    /// The way to PostgreSQL that goes through no pooler, if `database_url` goes through one.
    pub database_direct_url: Option<Secret>,
    /// Connections to PostgreSQL, or readers of SQLite.
    pub database_connections: u32,
    /// Where to listen.
    pub listen: SocketAddr,
    /// Connections of clients at once.
    pub max_connections: usize,
    /// What each person may have running at once.
    pub shares: api::ShareLimits,
    /// Which proxies are believed when they say who calls.
    pub proxies: Proxies,
    /// Where a separate worker shows its metrics; none: nowhere.
    pub metrics_listen: Option<SocketAddr>,
    /// Where people reach the server.
    pub public_url: String,
    /// The folder of the SQLite database and of files.
    pub data_dir: PathBuf,
    /// The program that makes PDFs.
    pub typeset: PathBuf,
    /// The playbook's file; without it, `playbook.toml` in this folder when there is one.
    pub playbook: Option<PathBuf>,
    /// The bearer secret of the alert hooks.
    pub alerts_secret: Option<Secret>,
    /// Which values of an alert's label `severity` report an incident, and as what.
    pub alert_levels: Option<BTreeMap<String, Severity>>,
    /// What else posts alerts, by its name.
    pub alert_sources: BTreeMap<String, Arc<AlertSource>>,
    /// The mailboxes of sources of mails, by the sources' names.
    pub mailboxes: BTreeMap<String, Account>,
    /// Origins whose pages may call the API with a token.
    pub allowed_origins: Vec<String>,
    /// The documents that clients may name by id.
    pub trusted_documents: Arc<DocumentSet>,
    /// Whether tokens run nothing else.
    pub only_trusted_documents: bool,
    /// Every Alertmanager that notifies us, to be asked what it did not tell; may hold passwords.
    pub alertmanagers: Option<Secret>,
    /// The sources that are asked the same, by their names.
    pub monitored: BTreeMap<String, Monitored>,
    /// Where the ops docs are.
    pub ops_docs: Option<OpsDocs>,
    /// Where the sites are, if they are at Airtable.
    pub airtable: Option<FollowedTable>,
    /// Sign-in with the company's account.
    pub company: Option<Company>,
    /// How long failed deliveries wait.
    pub pauses: Pauses,
    /// How long rows are kept that nobody needs any more.
    pub retention: Retention,
    /// Where events may be posted to.
    pub webhooks: Option<WebhookRules>,
    /// How many bytes of what was read of incidents are kept.
    pub cache_bytes: u64,
    /// The outside systems.
    pub systems: Systems,
    /// Where traces go.
    pub traces: Option<Traces>,
    /// Whether logs are lines of JSON.
    pub log_json: bool,
    /// What is logged, in the syntax of `tracing`.
    pub log_filter: String,
}

/// Text that must not be printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(hidden)")
    }
}

/// The bounds of pauses between attempts: below, a system in trouble gets no rest; above, nobody would believe that it is still tried.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_hours(1);

/// Fewer connections would not be enough for one team: each browser opens several.
const FEWEST_CONNECTIONS: usize = 16;

/// The settings file of the folder in which Muster is started.
const OF_FOLDER: &str = "muster.toml";

impl Settings {
    /// Reads the file (`muster.toml` of this folder unless another is named) and the environment.
    ///
    /// # Errors
    /// All problems, in words that name the key.
    pub fn load(file: Option<&Path>) -> Result<Self, Vec<String>> {
        let path = file.unwrap_or(Path::new(OF_FOLDER));
        let name = path.display().to_string();
        let text = match std::fs::read_to_string(path) {
            Err(error) if file.is_none() && error.kind() == std::io::ErrorKind::NotFound => String::new(),
            text => text.map_err(|error| vec![format!("{name}: {error}")])?,
        };
        Source::read(&name, &text, &source::environment()?, Self::from_source)
    }

    /// The same without outside systems: everything is left to people. Ops docs in a folder stay, which is only read.
    pub fn disconnected(self) -> Self {
        let near = self.alert_sources.into_iter().filter(|(_, source)| source.topics.is_empty());
        let alert_sources = near.collect();
        let ops_docs = self.ops_docs.filter(|docs| matches!(docs, OpsDocs::Folder(_)));
        Self {
            systems: Systems::default(),
            alertmanagers: None,
            monitored: BTreeMap::new(),
            mailboxes: BTreeMap::new(),
            alert_sources,
            ops_docs,
            airtable: None,
            company: None,
            webhooks: None,
            ..self
        }
    }

    fn from_source(source: &mut Source<'_>) -> Self {
        let data_dir = PathBuf::from(source.text("data_dir").unwrap_or_else(|| "data".into()));
        let listen =
            source.parsed("listen", "an address such as 127.0.0.1:8080").unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8080)));
        let (trusted_documents, only_trusted_documents) = documents::read(source);
        Self {
            database_url: Secret(database_url(source, &data_dir)),
            database_direct_url: direct_url(source),
            database_connections: source.parsed("database_connections", "a number").unwrap_or(16),
            listen,
            max_connections: max_connections(source),
            shares: shares(source),
            proxies: source
                .parsed("proxies", "addresses or networks, separated by commas, such as 127.0.0.1, 10.0.0.0/8")
                .unwrap_or_default(),
            metrics_listen: source.parsed("metrics_listen", "an address such as 127.0.0.1:9464"),
            public_url: public_url(source, listen),
            data_dir,
            typeset: source.text("typeset").map_or_else(beside, PathBuf::from),
            playbook: source.text("playbook").map(PathBuf::from),
            alerts_secret: source.secret("alerts.secret"),
            alert_levels: alerts::levels(source, "alerts.levels"),
            alert_sources: alerts::sources(source),
            allowed_origins: allowed_origins(source),
            trusted_documents: Arc::new(trusted_documents),
            only_trusted_documents,
            alertmanagers: alerts::alertmanagers(source),
            monitored: alerts::monitored(source),
            mailboxes: mail_alerts::mailboxes(source),
            ops_docs: ops_docs::read(source),
            airtable: airtable::read(source),
            company: Company::read(source),
            webhooks: webhooks::read(source),
            systems: Systems::read(source),
            pauses: pauses(source),
            retention: retention(source),
            cache_bytes: cache_bytes(source),
            traces: Traces::read(source),
            log_json: log_json(source),
            log_filter: log_filter(source),
        }
    }

    /// Writes documents: one a process.
    pub fn press(&self) -> Arc<Press> {
        Arc::new(Press::new(Typesetter::at(self.typeset.clone())))
    }

    /// Reads `text` as the file of the settings, without an environment.
    #[cfg(test)]
    pub fn of_file(text: &str) -> Result<Self, Vec<String>> {
        Source::read(OF_FOLDER, text, &BTreeMap::new(), Self::from_source)
    }
}

/// Where `typeset` is if nobody says otherwise: in the folder of this program.
fn beside() -> PathBuf {
    std::env::current_exe().map_or_else(|_| PathBuf::from("typeset"), |program| program.with_file_name("typeset"))
}

fn database_url(source: &mut Source<'_>, data_dir: &Path) -> String {
    let Some(url) = source.text("database_url") else { return format!("sqlite:{}", data_dir.join("muster.db").display()) };
    if !["sqlite:", "postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
        source.problem("database_url", "must begin with sqlite: or postgres://");
    }
    url
}

fn direct_url(source: &mut Source<'_>) -> Option<Secret> {
    let url = source.text("database_direct_url")?;
    if !["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
        source.problem("database_direct_url", "must begin with postgres://");
    }
    Some(Secret(url))
}

fn public_url(source: &mut Source<'_>, listen: SocketAddr) -> String {
    let Some(text) = source.text("public_url") else { return reachable(listen) };
    match Url::parse(&text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.path() == "/" && url.query().is_none() => {}
        _ => source.problem("public_url", "must be scheme and host only, such as https://muster.example.org"),
    }
    text.trim_end_matches('/').to_owned()
}

/// Written as `https://tools.example.org, http://localhost:5173`.
fn allowed_origins(source: &mut Source<'_>) -> Vec<String> {
    let text = source.text("allowed_origins").unwrap_or_default();
    let mut origins = Vec::new();
    for origin in text.split(',').map(str::trim).filter(|origin| !origin.is_empty()) {
        if Url::parse(origin).is_ok_and(|url| url.origin().is_tuple() && url.origin().ascii_serialization() == origin) {
            origins.push(origin.to_owned());
        } else {
            source.problem("allowed_origins", format_args!("{origin} is not an origin such as https://tools.example.org, without a path"));
        }
    }
    origins
}

fn max_connections(source: &mut Source<'_>) -> usize {
    let most = source.parsed("max_connections", "a number").unwrap_or(api::ConnectionLimits::default().most);
    if most < FEWEST_CONNECTIONS {
        source.problem("max_connections", format_args!("must be at least {FEWEST_CONNECTIONS}"));
    }
    most
}

fn shares(source: &mut Source<'_>) -> api::ShareLimits {
    let defaults = api::ShareLimits::default();
    let mut at_least_one = |key, default| match source.parsed(key, "a number") {
        Some(0) => {
            source.problem(key, "must be at least 1");
            default
        }
        given => given.unwrap_or(default),
    };
    api::ShareLimits {
        requests: at_least_one("requests_per_person", defaults.requests),
        subscriptions: at_least_one("subscriptions_per_person", defaults.subscriptions),
        ..defaults
    }
}

fn pauses(source: &mut Source<'_>) -> Pauses {
    let default = Pauses::default();
    let mut pause = |key: &str, default: Duration| {
        let seconds = source.parsed::<f64>(key, "a number of seconds").unwrap_or(default.as_secs_f64());
        Duration::try_from_secs_f64(seconds).ok().filter(|pause| (SHORTEST_PAUSE..=LONGEST_PAUSE).contains(pause)).unwrap_or_else(|| {
            source.problem(key, "must be seconds between 0.1 and 3600");
            default
        })
    };
    let pauses =
        Pauses { first: pause("deliveries.first_pause", default.first), longest: pause("deliveries.longest_pause", default.longest) };
    if pauses.first > pauses.longest {
        source.problem("deliveries.first_pause", "must not be longer than deliveries.longest_pause");
    }
    pauses
}

fn retention(source: &mut Source<'_>) -> Retention {
    let default = Retention::default();
    let mut days = |key: &str, default: chrono::Duration| match source.parsed::<i64>(key, "a number of days") {
        None => default,
        Some(days) if DAYS_KEPT.contains(&days) => chrono::Duration::days(days),
        Some(_) => {
            source.problem(key, format_args!("must be between {} and {} days", DAYS_KEPT.start(), DAYS_KEPT.end()));
            default
        }
    };
    Retention {
        deliveries: days("retention.deliveries_days", default.deliveries),
        alerts: days("retention.alerts_days", default.alerts),
        tokens: days("retention.tokens_days", default.tokens),
    }
}

fn cache_bytes(source: &mut Source<'_>) -> u64 {
    match source.parsed::<u64>("cache.mib", "a number of mebibytes") {
        None => CACHE_BYTES,
        Some(mib) if CACHE_MIB.contains(&mib) => mib * MIB,
        Some(_) => {
            source.problem("cache.mib", format_args!("must be at most {} mebibytes; 0 keeps nothing", CACHE_MIB.end()));
            CACHE_BYTES
        }
    }
}

fn log_json(source: &mut Source<'_>) -> bool {
    match source.text("log.format").as_deref() {
        None | Some("text") => false,
        Some("json") => true,
        Some(_) => {
            source.problem("log.format", "must be text or json");
            false
        }
    }
}

fn log_filter(source: &mut Source<'_>) -> String {
    let filter = source.text("log.filter").unwrap_or_else(|| "info,sqlx=warn,sea_orm_migration=warn".into());
    if let Err(error) = EnvFilter::try_new(&filter) {
        source.problem("log.filter", format_args!("must be a filter such as warn or info,domain=debug: {error}"));
    }
    filter
}

/// Where a server that listens there is reached from its own machine.
fn reachable(listen: SocketAddr) -> String {
    if listen.ip().is_unspecified() { format!("http://localhost:{}", listen.port()) } else { format!("http://{listen}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_file(text: &str) -> Result<Settings, Vec<String>> {
        Settings::of_file(text)
    }

    fn from(text: &str, environment: &[(&str, &str)]) -> Result<Settings, Vec<String>> {
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Source::read(OF_FOLDER, text, &environment, Settings::from_source)
    }

    #[test]
    fn nothing_is_needed() {
        let settings = from_file("").unwrap();
        assert_eq!(settings.database_url.0, "sqlite:data/muster.db");
        assert_eq!(settings.public_url, "http://127.0.0.1:8080");
        assert_eq!(settings.playbook, None);
    }

    #[test]
    fn the_environment_goes_before_the_file() {
        let file = "listen = '127.0.0.1:1'\n[alerts]\nsecret = 'sixteen characters'";
        let settings = from(file, &[("MUSTER_LISTEN", "127.0.0.1:2")]).unwrap();
        assert_eq!(settings.listen.port(), 2);
        assert_eq!(settings.alerts_secret, Some(Secret("sixteen characters".into())));
    }

    #[test]
    fn rows_are_kept_for_at_least_a_week() {
        let days = |text: &str| from_file(&format!("[retention]\ndeliveries_days = {text}")).map(|settings| settings.retention.deliveries);
        assert_eq!((days("7"), days("36500")), (Ok(chrono::Duration::days(7)), Ok(chrono::Duration::days(36_500))));
        for wrong in ["6", "36501", "-1", "0", "'90 days'"] {
            assert!(
                days(wrong).unwrap_err()[0].starts_with("retention.deliveries_days (MUSTER_RETENTION__DELIVERIES_DAYS) must be"),
                "{wrong}"
            );
        }
    }

    #[test]
    fn the_cache_has_a_bound() {
        let bytes = |text: &str| from_file(&format!("[cache]\nmib = {text}")).map(|settings| settings.cache_bytes);
        assert_eq!(from_file("").unwrap().cache_bytes, 64 * MIB);
        assert_eq!((bytes("0"), bytes("1"), bytes("65536")), (Ok(0), Ok(MIB), Ok(65_536 * MIB)));
        for wrong in ["65537", "-1", "0.5", "'64 MiB'"] {
            assert!(bytes(wrong).unwrap_err()[0].starts_with("cache.mib (MUSTER_CACHE__MIB) must be"), "{wrong}");
        }
    }

    #[test]
    fn the_playbook_is_a_path() {
        assert_eq!(from_file("playbook = 'ours.toml'").unwrap().playbook, Some(PathBuf::from("ours.toml")));
        let theirs = from("playbook = 'ours.toml'", &[("MUSTER_PLAYBOOK", "theirs.toml")]).unwrap();
        assert_eq!(theirs.playbook, Some(PathBuf::from("theirs.toml")));
        assert!(from_file("[playbook]\nname = 'x'").is_err());
    }

    #[test]
    fn all_problems_come_at_once_and_no_secret_with_them() {
        let file = "listen = 'here'\ndatabase_url = 'mysql://root:hunter2@x'\nlisten_too = 1\n[alerts]\nsecret = 'short'\nlevels = 'x'\n[log]\nformat = 'xml'";
        let problems = from_file(file).unwrap_err();
        assert_eq!(problems.len(), 6, "{problems:?}");
        assert!(problems.iter().all(|problem| !problem.contains("hunter2") && !problem.contains("'short'")));
        assert!(problems.iter().any(|problem| problem.contains("MUSTER_LISTEN")));
    }

    #[test]
    fn what_nobody_knows_is_refused_with_what_was_probably_meant() {
        let table = [
            ("listne = 'x'", "unknown setting `listne` in muster.toml; did you mean `listen`?"),
            ("[smtp]\nadress = 'x'", "unknown setting `smtp.adress` in muster.toml; muster.example.toml has them all."),
            ("[smtp]\nurls = 'x'", "unknown setting `smtp.urls` in muster.toml; did you mean `smtp.url`?"),
            ("database = 'x'", "unknown setting `database` in muster.toml; did you mean `database_url`?"),
        ];
        for (file, problem) in table {
            assert_eq!(from_file(file).unwrap_err(), [problem]);
        }
        let table = [
            ("MUSTER_SMTP_URL", "unknown setting MUSTER_SMTP_URL; did you mean MUSTER_SMTP__URL?"),
            ("MUSTER_DATABASEURL", "unknown setting MUSTER_DATABASEURL; did you mean MUSTER_DATABASE_URL?"),
            ("MUSTER_ALERT__SECRET", "unknown setting MUSTER_ALERT__SECRET; did you mean MUSTER_ALERTS__SECRET?"),
            ("MUSTER_WORKERS", "unknown setting MUSTER_WORKERS; muster.example.toml has them all."),
            ("MUSTER_PORT", "unknown setting MUSTER_PORT; muster.example.toml has them all."),
        ];
        for (name, problem) in table {
            assert_eq!(from("", &[(name, "8080")]).unwrap_err(), [problem]);
        }
        assert_eq!(from("listne = 1", &[("MUSTER_SMTP_URL", "x"), ("MUSTER_LISTEN", "x")]).unwrap_err().len(), 3, "all at once");
    }

    #[test]
    fn variables_that_are_meant_for_others_are_left_alone() {
        let others = [
            ("MUSTER_TOKEN", "muster_x"),
            ("MUSTER_URL", "http://127.0.0.1:8080"),
            ("MUSTER_CONFIG", "muster.toml"),
            // What Kubernetes gives each container in the namespace of services that are called muster and muster-api.
            ("MUSTER_SERVICE_HOST", "10.0.0.1"),
            ("MUSTER_SERVICE_PORT_HTTP", "8080"),
            ("MUSTER_PORT", "tcp://10.0.0.1:8080"),
            ("MUSTER_API_PORT_8080_TCP", "tcp://10.0.0.1:8080"),
            ("MUSTER_API_PORT_8080_TCP_ADDR", "10.0.0.1"),
        ];
        assert!(from("", &others).is_ok());
    }

    #[test]
    fn a_broken_file_is_told_by_its_place_and_not_by_its_text() {
        let file = "listen = '127.0.0.1:1'\n[smtp]\nurl = smtps://muster:hunter2@mail.example.org\n";
        let [problem] = from_file(file).unwrap_err().try_into().unwrap();
        assert!(problem.starts_with("muster.toml, line 3, column 7: ") && !problem.contains("hunter2"), "{problem}");
        let [problem] = from_file("[alerts]\nsecret = \"hunter2").unwrap_err().try_into().unwrap();
        assert!(problem.starts_with("muster.toml, line 2, ") && !problem.contains("hunter2"), "{problem}");
    }
}
