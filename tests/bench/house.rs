//! Muster within this process, on a runtime of its own: for what needs a clock that begins at a chosen moment, a worker that is
//! started and stopped, and an outside system that takes everything.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result};
use async_trait::async_trait;
use domain::clock::Clock;
use domain::config::{ChatRules, Config, Retention, TicketRules};
use domain::db::Db;
use domain::delivery::policy::Pauses;
use domain::limits::CACHE_BYTES;
use domain::people::tokens::{self, CreateToken};
use domain::playbook::Playbook;
use domain::ports::{Order, Outlet, Receipt, Refusal};
use domain::{Ctx, Domain};
use entity::{AccessLevel, System, Timestamp, TokenBounds, person};
use sea_orm::EntityTrait;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use worker::{Outlets, Worker};

use crate::store::Place;

/// Connections to PostgreSQL: the default of `muster serve`.
const CONNECTIONS: u32 = 16;

/// A Muster that serves; ends when it is dropped.
pub struct House {
    runtime: Option<Runtime>,
    pub domain: Arc<Domain>,
    pub address: SocketAddr,
    shutdown: CancellationToken,
}

/// A worker of a house.
pub struct Working {
    shutdown: CancellationToken,
    task: JoinHandle<()>,
}

impl House {
    /// Serves the migrated database at `place`, with files in `folder` and `systems` connected; the clock shows `start` now.
    pub async fn open(place: &Place, folder: &Path, start: Timestamp, systems: &[System]) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let shutdown = CancellationToken::new();
        let (url, data_dir, ended, systems) = (place.url(), folder.to_owned(), shutdown.clone(), systems.to_vec());
        let opening = runtime.spawn(async move {
            let db = Db::connect(&url, CONNECTIONS).await?;
            let settings = api::Settings::default();
            let config = Config {
                data_dir,
                public_url: settings.public_url.clone(),
                systems,
                tickets: TicketRules::default(),
                pauses: Pauses::default(),
                retention: Retention::default(),
                client_reply_to: None,
                watches_cards: false,
                chat: ChatRules::default(),
                ops_docs: None,
                webhooks: None,
                reads_mailboxes: false,
                alert_sources: BTreeMap::new(),
                catalogue: None,
                cache_bytes: CACHE_BYTES,
            };
            let clock = Arc::new(MovedClock { start, begun: Instant::now() });
            let domain = Domain::new(db, clock, Playbook::default(), config, None);
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let address = listener.local_addr()?;
            let app = api::App::new(domain.clone(), settings, ended.clone());
            let background = domain.clone();
            tokio::spawn(async move { background.waker.run(&background.db, ended).await });
            tokio::spawn(async move { api::serve(app, listener).await });
            anyhow::Ok((domain, address))
        });
        let (domain, address) = opening.await??;
        Ok(Self { runtime: Some(runtime), domain, address, shutdown })
    }

    /// Does `work` where Muster works.
    pub async fn within<T: Send + 'static>(&self, work: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
        self.runtime.as_ref().context("it is open")?.spawn(work).await?
    }

    /// A context for Muster itself.
    pub fn ctx(&self) -> Ctx {
        self.domain.system()
    }

    /// A token of a responder.
    pub async fn token(&self) -> Result<String> {
        let ctx = self.ctx();
        self.within(async move {
            let person = person::Entity::find().one(ctx.db.read()).await?.context("nobody is there")?;
            let input = CreateToken {
                name: "bench".into(),
                access_level: AccessLevel::Responder,
                expires_at: None,
                bounds: TokenBounds::default(),
            };
            Ok(tokens::create(&ctx, person.id, input).await?.1)
        })
        .await
    }

    /// Starts a worker with e-mail connected to a system that takes everything at once.
    pub fn work(&self) -> Result<Working> {
        let outlet: Arc<dyn Outlet> = Arc::new(Anything);
        self.work_with(Outlets::from([(System::Email, outlet)]))
    }

    /// Starts a worker with the systems of `outlets` connected.
    pub fn work_with(&self, outlets: Outlets) -> Result<Working> {
        let worker = Worker::new(self.domain.clone(), outlets);
        let shutdown = CancellationToken::new();
        let ended = shutdown.clone();
        let runtime = self.runtime.as_ref().context("it is open")?;
        let task = runtime.spawn(async move { worker.run(ended).await });
        Ok(Working { shutdown, task })
    }
}

impl Working {
    /// Lets it finish.
    pub async fn stop(self) -> Result<()> {
        self.shutdown.cancel();
        Ok(self.task.await?)
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.shutdown.cancel();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A clock that began at a chosen moment and runs like the machine's.
struct MovedClock {
    start: Timestamp,
    begun: Instant,
}

impl Clock for MovedClock {
    fn now(&self) -> Timestamp {
        let passed = i64::try_from(self.begun.elapsed().as_micros()).unwrap_or(i64::MAX);
        self.start + chrono::Duration::microseconds(passed)
    }
}

/// An outside system that takes everything.
struct Anything;

#[async_trait]
impl Outlet for Anything {
    async fn carry_out(&self, order: &Order) -> Result<Receipt, Refusal> {
        Ok(Receipt { external_id: Some(order.delivery.to_string()), ..Receipt::default() })
    }
}
