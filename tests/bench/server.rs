//! Muster itself: the release binary, as people run it.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::http::Connection;
use crate::process::{self, Running};
use crate::store::Place;

/// How long a start may take before it counts as failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// Which of Muster's parts run in the process.
#[derive(Clone, Copy)]
pub enum Role {
    /// The API alone: no worker writes or reads beside the clients.
    Api,
    /// What people run: on SQLite everything, on PostgreSQL the API, beside which workers have processes of their own.
    Server,
}

/// How Muster is run.
pub struct Settings {
    binary: PathBuf,
    place: Place,
    /// For files, and the log.
    folder: PathBuf,
}

/// A running server.
pub struct Server {
    pub process: Running,
    pub address: SocketAddr,
    /// From the start of the process to the first 200 of `/readyz`.
    pub started_in: Duration,
}

impl Settings {
    /// The binary beside this one, on the database at `place`, with files in `folder`.
    pub fn new(place: &Place, folder: &Path) -> Result<Self> {
        let binary = std::env::current_exe()?.with_file_name("muster");
        if !binary.exists() {
            bail!("{} is missing: build it with cargo build --release -p cli", binary.display());
        }
        fs::create_dir_all(folder)?;
        Ok(Self { binary, place: place.clone(), folder: folder.to_owned() })
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.binary);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("MUSTER_") || name == "RUST_LOG") {
            command.env_remove(name);
        }
        command.env("MUSTER_DATABASE_URL", self.place.url()).env("MUSTER_DATA_DIR", &self.folder).current_dir(&self.folder);
        // Few people make all requests.
        command.env("MUSTER_REQUESTS_PER_PERSON", "100000").env("MUSTER_SUBSCRIPTIONS_PER_PERSON", "100000");
        command
    }

    /// Migrates the schema to what this binary needs.
    pub fn migrate(&self) -> Result<()> {
        process::output(self.command().arg("migrate")).map(drop)
    }

    /// Walks the hash chains; fails when one is broken.
    pub fn verify(&self) -> Result<()> {
        process::output(self.command().arg("verify")).map(drop)
    }

    /// New tokens, each of another responder.
    pub fn tokens(&self, count: usize) -> Result<Vec<String>> {
        let token = |number: usize| {
            let (name, email) = (format!("bench {number}"), format!("b{number}@example.org"));
            let arguments = ["token", "create", "--name", &name, "--access", "responder", "--email", &email];
            Ok(process::output(self.command().args(arguments))?.trim().to_owned())
        };
        (1..=count).map(token).collect()
    }

    /// Starts the server and waits until it is ready.
    pub async fn start(&self, role: Role) -> Result<Server> {
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()?));
        let path = self.folder.join("server.log");
        let log = File::create(&path)?;
        let mut command = self.command();
        command.arg(match (role, &self.place) {
            (Role::Server, Place::Sqlite(_)) => "serve",
            _ => "api",
        });
        command.env("MUSTER_LISTEN", address.to_string()).stdout(log.try_clone()?).stderr(log);
        let begun = Instant::now();
        let mut process = Running::start(&mut command, "TERM")?;
        while !is_ready(address).await {
            if process.has_ended()? || begun.elapsed() > PATIENCE {
                bail!("Muster did not start: {}", fs::read_to_string(&path).context("its log")?);
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Ok(Server { process, address, started_in: begun.elapsed() })
    }
}

async fn is_ready(address: SocketAddr) -> bool {
    let Ok(mut connection) = Connection::open(address).await else { return false };
    connection.status("/readyz").await.is_ok_and(|status| status == 200)
}

/// A port that nobody listens on at the moment.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
