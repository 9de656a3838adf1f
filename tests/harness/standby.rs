//! PostgreSQL with a synchronous standby, and the ways to whichever of the two is the primary.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::db::Db;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use tempfile::TempDir;
use tokio::net::{TcpListener, UnixStream};
use tokio_util::task::AbortOnDropHandle;

use crate::postgres::Cluster;
use crate::wait::eventually;

/// As `deploy/postgres/haproxy.cfg` has them.
const LISTEN: &str = "127.0.0.1:5433";
const SERVERS: [&str; 2] = ["10.0.0.21:5432", "10.0.0.22:5432"];
const SOON: Duration = Duration::from_secs(30);

/// A primary that commits nothing which its standby does not have.
pub struct Pair {
    primary: Cluster,
    standby: Cluster,
}

impl Pair {
    /// Starts both.
    pub async fn start() -> Self {
        let primary = Cluster::own();
        primary.administer("CREATE ROLE haproxy_check LOGIN").await;
        let standby = primary.standby();
        primary.administer("ALTER SYSTEM SET synchronous_standby_names = '*'").await;
        primary.administer("SELECT pg_reload_conf()").await;
        let db = Db::connect(&primary.url("postgres"), 1).await.expect("the cluster's address is well formed");
        eventually("the standby is synchronous", SOON, async || {
            let row = Statement::from_string(DbBackend::Postgres, "SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'");
            db.read().query_one_raw(row).await.expect("the primary answers")
        })
        .await;
        db.close().await;
        Self { primary, standby }
    }

    /// The primary before a fail-over.
    pub fn primary(&self) -> &Cluster {
        &self.primary
    }

    /// The standby, which is the primary after a fail-over.
    pub fn standby(&self) -> &Cluster {
        &self.standby
    }

    /// Kills the primary as kill -9 does.
    pub fn kill_primary(&mut self) {
        self.primary.kill_nine();
    }

    /// Makes the standby the primary.
    pub fn promote_standby(&self) {
        self.standby.promote();
    }

    /// HAProxy in front of both, as `deploy/postgres` says.
    pub async fn front(&self) -> Front {
        let folder = TempDir::with_prefix("muster-front-").expect("a temporary folder can be made");
        let listen = format!("127.0.0.1:{}", crate::port::free());
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/postgres/haproxy.cfg");
        let ours = std::fs::read_to_string(path).expect("it is part of the project");
        let sockets = [&self.primary, &self.standby].map(|cluster| format!("unix@{}", cluster.socket().display()));
        let ours = ours.replace(LISTEN, &listen).replace(SERVERS[0], &sockets[0]).replace(SERVERS[1], &sockets[1]);
        assert!(ours.contains(&format!("bind {listen}")) && sockets.iter().all(|socket| ours.contains(&format!(" {socket}"))));
        let file = folder.path().join("haproxy.cfg");
        std::fs::write(&file, ours).expect("the folder can be written");
        let path = format!("{}:/usr/sbin", std::env::var("PATH").unwrap_or_default());
        let mut haproxy = Command::new("haproxy");
        haproxy.args(["-db", "-f"]).arg(file).env("PATH", path).stdout(Stdio::null()).stderr(Stdio::null());
        let front = Front { process: haproxy.spawn().expect("HAProxy is installed (make tools)"), listen, _folder: folder };
        let db = Db::connect(&front.url("postgres"), 1).await.expect("its address is well formed");
        eventually("HAProxy leads to the primary", SOON, async || db.answers().await.then_some(())).await;
        db.close().await;
        front
    }

    /// An address that leads to the primary until it is [moved](Address::lead_to).
    pub async fn address(&self) -> Address {
        Address::start(self.primary.socket()).await
    }
}

/// HAProxy in front of a [`Pair`], until it is dropped.
pub struct Front {
    process: Child,
    listen: String,
    _folder: TempDir,
}

impl Front {
    /// Where Muster finds the database `name` of the primary.
    pub fn url(&self, name: &str) -> String {
        format!("postgres://muster@{}/{name}", self.listen)
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// An address that moves between servers, as a name or a virtual address does: what is open stays where it is.
pub struct Address {
    port: u16,
    to: Arc<Mutex<PathBuf>>,
    open: Arc<Mutex<Vec<AbortOnDropHandle<()>>>>,
    _listening: AbortOnDropHandle<()>,
}

impl Address {
    async fn start(to: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let port = listener.local_addr().expect("it is bound").port();
        let (to, open) = (Arc::new(Mutex::new(to)), Arc::<Mutex<Vec<_>>>::default());
        let (target, connections) = (to.clone(), open.clone());
        let listening = tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let target = target.lock().unwrap_or_else(PoisonError::into_inner).clone();
                let passing = tokio::spawn(async move {
                    let Ok(mut far) = UnixStream::connect(target).await else { return };
                    // Fails when one side is cut off.
                    let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                });
                connections.lock().unwrap_or_else(PoisonError::into_inner).push(AbortOnDropHandle::new(passing));
            }
        });
        Self { port, to, open, _listening: AbortOnDropHandle::new(listening) }
    }

    /// Where Muster finds the database `name`.
    pub fn url(&self, name: &str) -> String {
        format!("postgres://muster@127.0.0.1:{}/{name}", self.port)
    }

    /// Leads to `cluster` from now on; what is open stays open.
    pub fn lead_to(&self, cluster: &Cluster) {
        *self.to.lock().unwrap_or_else(PoisonError::into_inner) = cluster.socket();
    }

    /// Cuts what is open.
    pub fn cut(&self) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
