//! The settings: `muster.toml`, each overridden by the environment.
//!
//! A key `alerts.secret` in the file is `MUSTER_ALERTS__SECRET` in the environment. All problems are reported at once; what nobody knows
//! is one ([`unknown`]). Secrets are kept in [`Secret`], which no log and no error can print.

mod systems;
mod unknown;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::config::TicketRules;
use domain::delivery::policy::Pauses;
use entity::Severity;
use tracing_subscriber::EnvFilter;
use url::Url;
use worker::outlets::email;

pub use systems::{Trello, Zendesk};

/// Everything a process is configured with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `sqlite:PATH` or `postgres://…`.
    pub database_url: Secret,
    /// Connections to PostgreSQL, or readers of SQLite.
    pub database_connections: u32,
    /// Where to listen.
    pub listen: SocketAddr,
    /// Where a separate worker shows its metrics; none: nowhere.
    pub metrics_listen: Option<SocketAddr>,
    /// Where people reach the server.
    pub public_url: String,
    /// The folder of the SQLite database and of files.
    pub data_dir: PathBuf,
    /// The playbook's file; without it, `playbook.toml` in this folder when there is one.
    pub playbook: Option<PathBuf>,
    /// The bearer secret of the alert hooks.
    pub alerts_secret: Option<Secret>,
    /// Which values of an alert's label `severity` report an incident, and as what.
    pub alert_levels: Option<BTreeMap<String, Severity>>,
    /// The mail server; none: mails are left to people.
    pub smtp: Option<Smtp>,
    /// How long failed deliveries wait.
    pub pauses: Pauses,
    /// How Zendesk is reached; none: tickets are left to people.
    pub zendesk: Option<Zendesk>,
    /// What Zendesk signs its webhooks with; none: they are refused.
    pub zendesk_webhook_secret: Option<Secret>,
    /// How Trello is reached; none: cards are left to people.
    pub trello: Option<Trello>,
    /// What Trello signs its webhooks with; none: they are refused.
    pub trello_secret: Option<Secret>,
    /// How tickets follow incidents, whoever makes them.
    pub tickets: TicketRules,
    /// Whether logs are lines of JSON.
    pub log_json: bool,
    /// What is logged, in the syntax of `tracing`.
    pub log_filter: String,
}

/// How mails are sent, both as `worker::outlets::email` reads them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Smtp {
    /// The server, with user and password.
    pub url: Secret,
    /// Whom mails come from.
    pub from: String,
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

/// The settings file of the folder in which Muster is started.
const OF_FOLDER: &str = "muster.toml";
/// What variables of Muster begin with.
const PREFIX: &str = "MUSTER_";

/// The variables of the environment that begin with `MUSTER_`.
type Environment = BTreeMap<String, String>;

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
        Self::read(&name, &text, &environment()?)
    }

    /// Reads `text`, the content of the file called `name`.
    fn read(name: &str, text: &str, environment: &Environment) -> Result<Self, Vec<String>> {
        let table: toml::Table = text.parse().map_err(|error| vec![broken(name, text, &error)])?;
        let mut source = Source { file: flattened(&table), environment, known: BTreeSet::new(), problems: Vec::new() };
        let data_dir = PathBuf::from(source.text("data_dir").unwrap_or_else(|| "data".into()));
        let listen =
            source.parsed("listen", "an address such as 127.0.0.1:8080").unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8080)));
        let settings = Self {
            database_url: Secret(source.database_url(&data_dir)),
            database_connections: source.parsed("database_connections", "a number").unwrap_or(16),
            listen,
            metrics_listen: source.parsed("metrics_listen", "an address such as 127.0.0.1:9464"),
            public_url: source.public_url(listen),
            data_dir,
            playbook: source.text("playbook").map(PathBuf::from),
            alerts_secret: source.alerts_secret(),
            alert_levels: source.alert_levels(),
            smtp: source.smtp(),
            pauses: source.pauses(),
            zendesk: source.zendesk(),
            zendesk_webhook_secret: source.zendesk_webhook_secret(),
            trello: source.trello(),
            trello_secret: source.trello_secret(),
            tickets: source.tickets(),
            log_json: source.log_json(),
            log_filter: source.log_filter(),
        };
        let problems = source.finish(name);
        if problems.is_empty() { Ok(settings) } else { Err(problems) }
    }
}

struct Source<'a> {
    file: BTreeMap<String, toml::Value>,
    environment: &'a Environment,
    known: BTreeSet<String>,
    problems: Vec<String>,
}

impl Source<'_> {
    /// The value of `key`, from the environment before the file.
    fn text(&mut self, key: &str) -> Option<String> {
        self.known.insert(key.to_owned());
        let from_environment = self.environment.get(&variable(key)).filter(|value| !value.is_empty());
        from_environment.cloned().or_else(|| match self.file.get(key)? {
            toml::Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        })
    }

    fn parsed<T: std::str::FromStr>(&mut self, key: &str, what: &str) -> Option<T> {
        let text = self.text(key)?;
        let value = text.parse().ok();
        if value.is_none() {
            self.problem(key, format!("must be {what}"));
        }
        value
    }

    fn problem(&mut self, key: &str, what: impl std::fmt::Display) {
        self.problems.push(format!("{key} ({}) {what}.", variable(key)));
    }

    fn database_url(&mut self, data_dir: &Path) -> String {
        let Some(url) = self.text("database_url") else { return format!("sqlite:{}", data_dir.join("muster.db").display()) };
        if !["sqlite:", "postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
            self.problem("database_url", "must begin with sqlite: or postgres://");
        }
        url
    }

    fn public_url(&mut self, listen: SocketAddr) -> String {
        let Some(text) = self.text("public_url") else { return reachable(listen) };
        match Url::parse(&text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.path() == "/" && url.query().is_none() => {}
            _ => self.problem("public_url", "must be scheme and host only, such as https://muster.example.org"),
        }
        text.trim_end_matches('/').to_owned()
    }

    fn alerts_secret(&mut self) -> Option<Secret> {
        let secret = self.text("alerts.secret")?;
        if secret.len() < 16 {
            self.problem("alerts.secret", "must have at least 16 characters");
        }
        Some(Secret(secret))
    }

    /// Written as `critical=CRITICAL, error=MAJOR`.
    fn alert_levels(&mut self) -> Option<BTreeMap<String, Severity>> {
        let text = self.text("alerts.levels")?;
        let mut levels = BTreeMap::new();
        for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
            let severity = |name: &str| {
                [Severity::Critical, Severity::Major, Severity::Minor, Severity::Trivial]
                    .into_iter()
                    .find(|severity| severity.as_str() == name)
            };
            match pair.split_once('=').and_then(|(label, name)| Some((label.trim().to_lowercase(), severity(name.trim())?))) {
                Some((label, severity)) => drop(levels.insert(label, severity)),
                None => {
                    self.problem(
                        "alerts.levels",
                        format_args!("must be pairs such as critical=CRITICAL, error=MAJOR; `{pair}` is not one"),
                    );
                }
            }
        }
        Some(levels)
    }

    fn smtp(&mut self) -> Option<Smtp> {
        let (url, from) = (self.text("smtp.url"), self.text("smtp.from"));
        if let Some(Err(problem)) = url.as_deref().map(email::Relay::parse) {
            self.problem("smtp.url", problem);
        }
        if let Some(Err(problem)) = from.as_deref().map(email::sender) {
            self.problem("smtp.from", problem);
        }
        match (url, from) {
            (Some(url), Some(from)) => return Some(Smtp { url: Secret(url), from }),
            (Some(_), None) => self.problem("smtp.from", "is needed as well as smtp.url, such as Muster <muster@example.org>"),
            (None, Some(_)) => self.problem("smtp.url", "is needed as well as smtp.from, such as smtps://user:password@mail.example.org"),
            (None, None) => {}
        }
        None
    }

    fn pauses(&mut self) -> Pauses {
        let default = Pauses::default();
        let mut pause = |key: &str, default: Duration| {
            let seconds = self.parsed::<f64>(key, "a number of seconds").unwrap_or(default.as_secs_f64());
            Duration::try_from_secs_f64(seconds).ok().filter(|pause| (SHORTEST_PAUSE..=LONGEST_PAUSE).contains(pause)).unwrap_or_else(
                || {
                    self.problem(key, "must be seconds between 0.1 and 3600");
                    default
                },
            )
        };
        let pauses =
            Pauses { first: pause("deliveries.first_pause", default.first), longest: pause("deliveries.longest_pause", default.longest) };
        if pauses.first > pauses.longest {
            self.problem("deliveries.first_pause", "must not be longer than deliveries.longest_pause");
        }
        pauses
    }

    fn log_json(&mut self) -> bool {
        match self.text("log.format").as_deref() {
            None | Some("text") => false,
            Some("json") => true,
            Some(_) => {
                self.problem("log.format", "must be text or json");
                false
            }
        }
    }

    fn log_filter(&mut self) -> String {
        let filter = self.text("log.filter").unwrap_or_else(|| "info,sqlx=warn,sea_orm_migration=warn".into());
        if let Err(error) = EnvFilter::try_new(&filter) {
            self.problem("log.filter", format_args!("must be a filter such as warn or info,domain=debug: {error}"));
        }
        filter
    }

    fn finish(mut self, file: &str) -> Vec<String> {
        self.problems.extend(unknown::keys(file, self.file.keys(), &self.known));
        self.problems.extend(unknown::variables(self.environment, &self.known));
        self.problems
    }
}

/// What concerns Muster in the environment of this process.
fn environment() -> Result<Environment, Vec<String>> {
    let (mut ours, mut problems) = (Environment::new(), Vec::new());
    for (name, value) in std::env::vars_os() {
        let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) else { continue };
        match value.into_string() {
            Ok(value) => drop(ours.insert(name.to_owned(), value)),
            Err(_) => problems.push(format!("{name} is not UTF-8.")),
        }
    }
    if problems.is_empty() { Ok(ours) } else { Err(problems) }
}

/// Where the file is broken. The parser's own text would quote the line, which may hold a secret.
fn broken(name: &str, text: &str, error: &toml::de::Error) -> String {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let (line, column) = (before.matches('\n').count() + 1, before.chars().rev().take_while(|c| *c != '\n').count() + 1);
    format!("{name}, line {line}, column {column}: {}.", error.message())
}

/// Where a server that listens there is reached from its own machine.
fn reachable(listen: SocketAddr) -> String {
    if listen.ip().is_unspecified() { format!("http://localhost:{}", listen.port()) } else { format!("http://{listen}") }
}

fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "__").to_uppercase())
}

fn flattened(table: &toml::Table) -> BTreeMap<String, toml::Value> {
    let mut keys = BTreeMap::new();
    for (name, value) in table {
        match value {
            toml::Value::Table(inner) => keys.extend(flattened(inner).into_iter().map(|(key, value)| (format!("{name}.{key}"), value))),
            value => drop(keys.insert(name.clone(), value.clone())),
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_file(text: &str) -> Result<Settings, Vec<String>> {
        Settings::read(OF_FOLDER, text, &Environment::new())
    }

    fn from(text: &str, environment: &[(&str, &str)]) -> Result<Settings, Vec<String>> {
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Settings::read(OF_FOLDER, text, &environment)
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
    fn mail_needs_a_server_and_a_sender() {
        let read = |url: &str, sender: &str| from("", &[("MUSTER_SMTP__URL", url), ("MUSTER_SMTP__FROM", sender)]);
        let (url, sender) = ("smtps://u:hunter2@mail.example.org", "Muster <muster@example.org>");
        assert_eq!(read("", "").unwrap().smtp, None);
        let settings = read(url, sender).unwrap();
        assert_eq!(settings.smtp, Some(Smtp { url: Secret(url.into()), from: sender.into() }));
        assert!(!format!("{settings:?}").contains("hunter2"));
        assert_eq!(read(url, "").unwrap_err().len(), 1);
        assert_eq!(read("", sender).unwrap_err().len(), 1);
        let problems = read("http://u:hunter2@mail.example.org", "Muster").unwrap_err();
        assert_eq!(problems.len(), 2, "{problems:?}");
        assert!(problems.iter().all(|problem| !problem.contains("hunter2")), "{problems:?}");
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
            ("MUSTER_SLACK__TOKEN", "of a later version"),
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
