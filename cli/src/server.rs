//! The long-running commands.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use api::alert_sources::Topic;
use api::{AlertSource, ConnectionLimits};
use document::Press;
use domain::ports::Topics;
use domain::{Domain, files, people};
use entity::{Severity, System};
use sea_orm::DbBackend;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use worker::Worker;
use worker::airtable::Airtable;
use worker::alerts::{Monitor, MonitorKind};
use worker::mailbox::{Account, Mailbox};
use worker::ops_docs::OpsDocs;
use worker::outlets::endpoint::Endpoints;
use worker::topics::Sns;

use crate::database::Intent;
use crate::metrics::Metrics;
use crate::settings::{Company, Monitored, Settings};
use crate::systems::Offers;
use crate::{database, demo, descriptors, hold, output, playbook, start};

/// How long what runs may take to end after a signal, whatever clients and outside systems do: containers are killed after ten seconds.
const GRACE: Duration = Duration::from_secs(8);
/// The kind of the hook without a name in the settings, and the source of its alerts.
const ALERTMANAGER: &str = "alertmanager";

/// API, worker and pages in one process.
///
/// # Errors
/// When the database or the port can't be had.
pub async fn serve(settings: Settings, with_demo: bool) -> anyhow::Result<()> {
    let metrics = Metrics::keep()?;
    let settings = if with_demo { without_systems(settings) } else { settings };
    let press = settings.press();
    let Offers { connections, ticket_desk } = connect(&settings, &press)?;
    let (domain, _claim) = database::to_serve(&settings, Intent::Serve, ticket_desk).await?;
    let shutdown = shutdown_on_signal()?;
    // Before anything is made that is told only once.
    prepare_files(&settings)?;
    let listener = listen(settings.listen, "listen (MUSTER_LISTEN)").await?;
    let first_link = people::bootstrap(&domain.system()).await?;
    if first_link.is_some() && with_demo {
        demo::play(&domain, &settings).await?;
    }
    start::announce("serve", &settings, &domain);
    greet(&settings, first_link.as_deref());
    hold::warn(&domain).await?;
    let worker = Worker::new(domain.clone(), connections);
    let api = api::serve(app(&domain, &settings, press, &metrics, &shutdown)?, listener);
    let background = background(&domain, &settings, &shutdown)?;
    let whole = Box::pin(async {
        tokio::join!(api, worker.run(shutdown.clone()), background, metrics.watch(&domain, &shutdown));
        domain.db.close().await;
        Ok(())
    });
    until_over(&shutdown, whole).await
}

/// The API alone.
///
/// # Errors
/// When the database or the port can't be had.
pub async fn api(settings: Settings) -> anyhow::Result<()> {
    let metrics = Metrics::keep()?;
    let press = settings.press();
    let Offers { ticket_desk, .. } = settings.systems.connect(&press)?;
    let (domain, _claim) = database::to_serve(&settings, Intent::Share, ticket_desk).await?;
    warn_of_sqlite(&domain);
    let shutdown = shutdown_on_signal()?;
    prepare_files(&settings)?;
    let listener = listen(settings.listen, "listen (MUSTER_LISTEN)").await?;
    let first_link = people::bootstrap(&domain.system()).await?;
    start::announce("api", &settings, &domain);
    greet(&settings, first_link.as_deref());
    let api = api::serve(app(&domain, &settings, press, &metrics, &shutdown)?, listener);
    let background = background(&domain, &settings, &shutdown)?;
    let whole = Box::pin(async {
        tokio::join!(api, background, metrics.watch(&domain, &shutdown));
        domain.db.close().await;
        Ok(())
    });
    until_over(&shutdown, whole).await
}

/// The worker alone.
///
/// # Errors
/// When the database, or the port of its metrics, can't be had.
pub async fn worker(settings: Settings) -> anyhow::Result<()> {
    let metrics = match settings.metrics_listen {
        Some(address) => Some((Metrics::keep()?, listen(address, "metrics_listen (MUSTER_METRICS_LISTEN)").await?)),
        None => None,
    };
    let Offers { connections, ticket_desk } = connect(&settings, &settings.press())?;
    let (domain, _claim) = database::to_serve(&settings, Intent::Share, ticket_desk).await?;
    warn_of_sqlite(&domain);
    hold::warn(&domain).await?;
    let shutdown = shutdown_on_signal()?;
    let worker = Worker::new(domain.clone(), connections);
    let background = background(&domain, &settings, &shutdown)?;
    let measured = async {
        let Some((metrics, listener)) = metrics else { return };
        let serving = api::serve_metrics(render(&metrics), listener, shutdown.clone());
        tokio::join!(serving, metrics.watch(&domain, &shutdown));
    };
    start::announce("worker", &settings, &domain);
    let whole = Box::pin(async {
        tokio::join!(worker.run(shutdown.clone()), measured, background, domain.db.watch(shutdown.clone()));
        domain.db.close().await;
        Ok(())
    });
    until_over(&shutdown, whole).await
}

/// The demo's people are made up, and what it does must not be seen outside.
fn without_systems(settings: Settings) -> Settings {
    let ops_docs = matches!(settings.ops_docs, Some(OpsDocs::Git(..))).then_some("ops docs");
    let airtable = settings.airtable.as_ref().map(|_| "Airtable");
    let webhooks = settings.webhooks.as_ref().map(|_| "webhooks");
    let systems = settings.systems.connected().into_iter().map(System::as_str);
    let connected: Vec<&str> = systems.chain(ops_docs).chain(airtable).chain(webhooks).collect();
    if !connected.is_empty() {
        tracing::warn!("with --demo, outside systems stay disconnected: {}. Start without it to work with them", connected.join(", "));
    }
    settings.disconnected()
}

/// What the settings connect, for a process with a worker.
fn connect(settings: &Settings, press: &Arc<Press>) -> anyhow::Result<Offers> {
    let mut offers = settings.systems.connect(press)?;
    offers.connections.monitors = monitors(settings).map_err(anyhow::Error::msg)?;
    offers.connections.mailboxes = mailboxes(settings).map_err(anyhow::Error::msg)?;
    offers.connections.ops_docs = settings.ops_docs.clone().map(Arc::new);
    if let Some(table) = &settings.airtable {
        offers.connections.airtable = Some(Arc::new(Airtable::connect(&table.place).map_err(anyhow::Error::msg)?));
    }
    if let Some(rules) = &settings.webhooks {
        let endpoints = Endpoints::new(rules.clone()).map_err(|problem| anyhow::anyhow!("events can't be posted anywhere: {problem}"))?;
        offers.connections.endpoints = Some(Arc::new(endpoints));
    }
    Ok(offers)
}

/// What levels mean where a source does not say.
fn levels(settings: &Settings) -> Arc<BTreeMap<String, Severity>> {
    Arc::new(settings.alert_levels.clone().unwrap_or_else(|| api::Settings::default().alert_levels))
}

/// The mailboxes whose mails mean alerts.
pub fn mailboxes(settings: &Settings) -> Result<Vec<Arc<Mailbox>>, String> {
    let levels = levels(settings);
    let known = settings.mailboxes.iter().filter_map(|(name, account)| Some((name, account, settings.alert_sources.get(name)?)));
    let mailbox = |(name, account, source): (&String, &Account, &Arc<AlertSource>)| {
        let (levels, source) = (Arc::clone(&levels), Arc::clone(source));
        let translate = Arc::new(move |mail: &[u8]| source.mail(&levels, mail));
        Mailbox::new(name, account.clone(), translate).map(Arc::new)
    };
    known.map(mailbox).collect()
}

/// What is asked for the alerts that it did not tell of.
fn monitors(settings: &Settings) -> Result<Vec<Arc<Monitor>>, String> {
    let levels = levels(settings);
    let unnamed = settings.alertmanagers.iter().map(|urls| {
        let source = Arc::new(api::alert_sources::plain(ALERTMANAGER));
        (ALERTMANAGER.to_owned(), source, Monitored { url: urls.clone(), token: None })
    });
    let named = settings.monitored.iter().filter_map(|(name, monitored)| {
        let source = settings.alert_sources.get(name)?;
        Some((name.clone(), Arc::clone(source), monitored.clone()))
    });
    let monitor = |(name, source, Monitored { url, token }): (String, Arc<AlertSource>, Monitored)| {
        let levels = Arc::clone(&levels);
        let kind = token.map_or(MonitorKind::Alertmanager, |token| MonitorKind::Grafana(token.0));
        let urls = worker::alerts::addresses(&url.0)?;
        Monitor::new(name, kind, urls, Arc::new(move |label: &str| source.severity(&levels, label))).map(Arc::new)
    };
    unnamed.chain(named).map(monitor).collect()
}

/// Does `work`, which ends after `shutdown`; gives up on it when that takes too long. What is cut off is done again after the next start:
/// nothing that was acknowledged depends on it.
async fn until_over(shutdown: &CancellationToken, work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let patience = async {
        shutdown.cancelled().await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        outcome = work => outcome,
        () = patience => {
            tracing::warn!(after = ?GRACE, "ended before all that ran was done: the rest is done after the next start");
            Ok(())
        }
    }
}

/// What every process does in addition to its work: it passes wake-ups on, and on SIGHUP reads the playbook again.
fn background<'a>(
    domain: &'a Domain,
    settings: &'a Settings,
    shutdown: &CancellationToken,
) -> anyhow::Result<impl Future<Output = ()> + 'a> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut hangup = signal(SignalKind::hangup())?;
    let shutdown = shutdown.clone();
    Ok(async move {
        let read_again = async {
            while shutdown.run_until_cancelled(hangup.recv()).await.is_some() {
                reload_playbook(domain, settings);
            }
        };
        tokio::join!(domain.waker.run(&domain.db, shutdown.clone()), read_again);
    })
}

/// Puts the playbook's file as it is now in force; a broken one is refused, and the one in force stays.
fn reload_playbook(domain: &Domain, settings: &Settings) {
    match playbook::load(settings) {
        Ok(playbook) => {
            tracing::info!(name = playbook.name, source = playbook.source, "the playbook was read again and is in force");
            for problem in playbook.alert_rules.contradictions(&playbook.source) {
                tracing::warn!(%problem, "a rule for alerts may not do what was meant");
            }
            domain.replace_playbook(playbook);
        }
        Err(problems) => {
            for problem in &problems {
                tracing::error!(%problem, "the playbook is wrong");
            }
            tracing::error!(problems = problems.len(), "the playbook was not replaced: the one in force stays");
        }
    }
}

/// The API with its settings.
///
/// # Errors
/// What is wrong with the settings of the company's sign-in.
fn app(
    domain: &Arc<Domain>,
    settings: &Settings,
    press: Arc<Press>,
    metrics: &Metrics,
    shutdown: &CancellationToken,
) -> anyhow::Result<api::App> {
    let defaults = api::Settings::default();
    let mut settings_of_api = api::Settings {
        public_url: settings.public_url.clone(),
        alerts_secret: settings.alerts_secret.as_ref().map(|secret| secret.0.clone()),
        alert_levels: settings.alert_levels.clone().unwrap_or(defaults.alert_levels),
        alert_sources: settings.alert_sources.clone(),
        topics: topics(settings)?,
        company: settings.company.as_ref().map(Company::connect).transpose()?,
        metrics: Some(render(metrics)),
        traces: match &settings.traces {
            None => api::Traces::Off,
            Some(traces) if traces.joins_callers => api::Traces::Callers,
            Some(_) => api::Traces::Own,
        },
        allowed_origins: settings.allowed_origins.clone(),
        trusted_documents: Arc::clone(&settings.trusted_documents),
        only_trusted_documents: settings.only_trusted_documents,
        press,
        shares: settings.shares,
        connections: ConnectionLimits {
            most: descriptors::connections(settings.max_connections),
            proxies: settings.proxies.clone(),
            ..defaults.connections
        },
        ..defaults
    };
    settings.systems.admit(&mut settings_of_api);
    Ok(api::App::new(domain.clone(), settings_of_api, shutdown.clone()))
}

/// What verifies messages of topics, if a source has any. It asks nobody before one arrives.
fn topics(settings: &Settings) -> anyhow::Result<Option<Arc<dyn Topics>>> {
    let mut hosts = settings.alert_sources.values().flat_map(|source| source.topics.iter().map(Topic::host)).peekable();
    if hosts.peek().is_none() {
        return Ok(None);
    }
    let sns = Sns::new(hosts).map_err(|problem| anyhow::anyhow!("Amazon SNS can't be asked: {problem}."))?;
    Ok(Some(Arc::new(sns)))
}

fn render(metrics: &Metrics) -> api::Render {
    let metrics = metrics.clone();
    Arc::new(move || metrics.render())
}

/// Listens on `address`, which `setting` names.
async fn listen(address: SocketAddr, setting: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        let way_out = match error.kind() {
            ErrorKind::AddrInUse => "Another program listens there, perhaps another Muster: stop it, or choose another port with",
            ErrorKind::PermissionDenied => "Ports below 1024 are for root: choose a higher one with",
            ErrorKind::AddrNotAvailable => "This machine does not have that address: choose one of its own with",
            _ => "Choose another address with",
        };
        anyhow::anyhow!("can't listen on {address}: {error}. {way_out} {setting}.")
    })
}

/// Makes the folder of attached files, so that a wrong place shows at the start and not at the first upload.
fn prepare_files(settings: &Settings) -> anyhow::Result<()> {
    database::prepare_folder(&files::incoming(&settings.data_dir))?;
    files::forget_abandoned(&settings.data_dir).context("the folder of files can't be read")
}

/// Says where the server is, and lets the first administrator in.
fn greet(settings: &Settings, first_link: Option<&str>) {
    let url = &settings.public_url;
    let say = || -> io::Result<()> {
        output::line(format_args!("Muster is at {url}"))?;
        match first_link {
            Some(secret) => {
                output::line(format_args!("Sign in as its first administrator (once, within a day):\n  {url}/sign-in?link={secret}"))
            }
            None => Ok(()),
        }
    };
    if let Err(error) = say() {
        tracing::error!(%error, "could not print where the server is; `muster sign-in-link` prints another link for its first administrator");
    }
}

fn warn_of_sqlite(domain: &Domain) {
    if domain.db.backend() == DbBackend::Sqlite {
        tracing::warn!("on SQLite, `muster serve` is the way to run: live updates do not cross processes there");
    }
}

/// Cancelled by SIGTERM or ctrl-c. A second signal ends the process at once.
fn shutdown_on_signal() -> anyhow::Result<CancellationToken> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let shutdown = CancellationToken::new();
    let token = shutdown.clone();
    tokio::spawn(async move {
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        tracing::info!("stopping: running work is finished first");
        token.cancel();
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        std::process::exit(130);
    });
    Ok(shutdown)
}
