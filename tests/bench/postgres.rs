//! A PostgreSQL of its own from the installed binaries: durable, with default settings but for 256 MB of buffers.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::process::{self, Running};
use crate::store::{Place, Store};

/// A running cluster in a folder that someone else removes.
pub struct Cluster {
    process: Running,
    binaries: PathBuf,
    port: u16,
}

impl Cluster {
    /// Makes and starts a cluster in `folder`; `None` where PostgreSQL is not installed.
    pub async fn start(folder: &Path) -> Result<Option<Self>> {
        let Some(binaries) = binaries() else { return Ok(None) };
        let data = folder.join("postgres");
        fs::create_dir_all(&data)?;
        let user = ordinary_user()?;
        if let Some((uid, gid)) = user {
            chown(&data, Some(uid), Some(gid))?;
            fs::set_permissions(folder, Permissions::from_mode(0o755))?;
        }
        let command = |name: &str| {
            let mut command = Command::new(binaries.join(name));
            command.arg("-D").arg(&data).current_dir("/");
            if let Some((uid, gid)) = user {
                command.uid(uid).gid(gid);
            }
            command
        };
        process::output(command("initdb").args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]))?;
        let port = crate::server::free_port()?;
        let log = File::create(folder.join("postgres.log"))?;
        let mut server = command("postgres");
        server.args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]);
        server.args(["-c", "shared_buffers=256MB"]).stdout(log.try_clone()?).stderr(log);
        let mut cluster = Self { process: Running::start(&mut server, "INT")?, binaries, port };
        cluster.wait().await.with_context(|| format!("see {}", folder.join("postgres.log").display()))?;
        Ok(Some(cluster))
    }

    async fn wait(&mut self) -> Result<()> {
        let place = self.place("postgres");
        for _ in 0..300 {
            if self.process.has_ended()? {
                bail!("PostgreSQL did not start");
            }
            if Store::execute(&place, "SELECT 1").await.is_ok() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        bail!("PostgreSQL does not answer")
    }

    /// Makes an empty database.
    pub async fn create(&self, name: &str) -> Result<Place> {
        Store::execute(&self.place("postgres"), &format!("CREATE DATABASE {name}")).await?;
        Ok(self.place(name))
    }

    /// Where a program of PostgreSQL is.
    pub fn binary(&self, name: &str) -> PathBuf {
        self.binaries.join(name)
    }

    /// The version, in words.
    pub fn version(&self) -> Result<String> {
        Ok(process::output(Command::new(self.binary("postgres")).arg("--version"))?.trim().to_owned())
    }

    fn place(&self, database: &str) -> Place {
        Place::Postgres(format!("postgres://postgres@127.0.0.1:{}/{database}", self.port))
    }
}

/// The folder of the newest installed binaries.
fn binaries() -> Option<PathBuf> {
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path().join("bin"));
    let mut found: Vec<PathBuf> = debian.chain(["/usr/bin".into(), "/usr/local/bin".into()]).collect();
    found.retain(|folder| ["initdb", "postgres", "pgbench"].iter().all(|name| folder.join(name).exists()));
    found.sort();
    found.pop()
}

/// PostgreSQL refuses to run as root: the user and group to run it as instead.
fn ordinary_user() -> Result<Option<(u32, u32)>> {
    if fs::metadata("/proc/self")?.uid() != 0 {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd")?;
    let find = |name: &str| {
        let fields: Vec<&str> = users.lines().map(|line| line.split(':').collect::<Vec<_>>()).find(|fields| fields[0] == name)?;
        Some((fields.get(2)?.parse().ok()?, fields.get(3)?.parse().ok()?))
    };
    find("postgres").or_else(|| find("nobody")).map(Some).context("no user but root to run PostgreSQL as")
}
