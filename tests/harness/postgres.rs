//! PostgreSQL: one cluster for all test processes, and a database of it for each test.
//!
//! The first process that needs the cluster starts it under a supervisor, a little shell program that stops it when
//! for some seconds no process has held the users' lock. So it serves `cargo test`, where all tests share a
//! process, and nextest, where each has its own, and nothing is left running. Tests that harm their server take a
//! cluster of their own ([`Cluster::own`]).

use std::fs::{File, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use domain::db::Db;
use migration::{Migrator, MigratorTrait};
use sea_orm::ConnectionTrait;
use tempfile::TempDir;

use crate::database::{build_name, exclusive, shared_folder};
use crate::pooler::Pooler;

/// How long the server may take to start or stop.
const PATIENCE: Duration = Duration::from_secs(60);
/// The owner of everything in the cluster.
const OWNER: &str = "muster";
/// Makes a server fast that need not survive a power failure; what it committed survives its own end.
const SETTINGS: &str = "-c listen_addresses= -c max_connections=300 -c fsync=off -c full_page_writes=off \
    -c autovacuum=off -c shared_buffers=64MB -c max_wal_size=128MB -c log_min_messages=warning";
/// Where files are in memory. A database is hundreds of files, and making and removing those of each test took a quarter of all the tests' time.
const MEMORY: &str = "/dev/shm";
/// What must be free there: else the files are on the disk.
const ROOM: u64 = 2 << 30;
/// Stops the server once nobody has used it for a while. The lock is held while it stops, so that nobody joins.
const SUPERVISOR: &str = r#"
"$BIN/postgres" -D "$HOME/data" -k "$HOME" $SETTINGS &
while :; do
  flock "$HOME/users.lock" true
  sleep 10
  flock -n "$HOME/users.lock" sh -c '"$BIN/pg_ctl" stop -w -m immediate -D "$HOME/data"; rm -rf "$HOME/data"' && exit
done
"#;

/// Where the files of a server are fastest.
fn fast_folder() -> PathBuf {
    let free = rustix::fs::statvfs(MEMORY).map_or(0, |system| system.f_bavail * system.f_frsize);
    if free >= ROOM { MEMORY.into() } else { std::env::temp_dir() }
}

/// The effective user of this process.
pub fn user_id() -> u32 {
    std::fs::metadata("/proc/self").map_or(u32::MAX, |meta| meta.uid())
}

/// A running server.
pub struct Cluster {
    /// Data, socket and log are here.
    home: PathBuf,
    server: Option<(Child, TempDir)>,
}

/// The cluster that all tests share.
#[expect(clippy::zombie_processes, reason = "the supervisor outlives this process")]
pub fn shared() -> &'static Cluster {
    static SHARED: OnceLock<(Cluster, File)> = OnceLock::new();
    let (cluster, _user) = SHARED.get_or_init(|| {
        let home = shared_folder(&fast_folder()).join("postgres");
        prepare(&home);
        let _starting = exclusive(&home.join("start.lock"));
        let user = File::create(home.join("users.lock")).expect("the lock file can be made");
        std::fs::set_permissions(home.join("users.lock"), Permissions::from_mode(0o666)).expect("the lock file is ours");
        user.lock_shared().expect("the file system knows locks");
        let cluster = Cluster { home, server: None };
        if !cluster.answers() {
            cluster.stop_leftover();
            init(&cluster.home);
            cluster.spawn(command("sh").args(["-c", SUPERVISOR]).process_group(0));
            cluster.await_start();
        }
        (cluster, user)
    });
    cluster
}

impl Cluster {
    /// A cluster for one test, which may do anything to it.
    pub fn own() -> Self {
        let folder = TempDir::with_prefix_in("muster-pg-", fast_folder()).expect("a temporary folder can be made");
        prepare(folder.path());
        init(folder.path());
        let mut cluster = Self { home: folder.path().to_owned(), server: None };
        cluster.server = Some((cluster.spawn_server(), folder));
        cluster.await_start();
        cluster
    }

    /// A standby of this cluster, which follows it and answers queries.
    pub(crate) fn standby(&self) -> Self {
        let folder = TempDir::with_prefix_in("muster-pg-", fast_folder()).expect("a temporary folder can be made");
        prepare(folder.path());
        let copied = command(bin("pg_basebackup"))
            .args(["--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync", "--username", OWNER, "--host"])
            .arg(&self.home)
            .arg("--pgdata")
            .arg(folder.path().join("data"))
            .current_dir(folder.path())
            .output()
            .expect("pg_basebackup can be run");
        assert!(copied.status.success(), "pg_basebackup: {}", String::from_utf8_lossy(&copied.stderr));
        let mut standby = Self { home: folder.path().to_owned(), server: None };
        standby.server = Some((standby.spawn_server(), folder));
        standby.await_start();
        standby
    }

    /// Makes this standby a primary.
    pub(crate) fn promote(&self) {
        self.pg_ctl(&["promote", "-w"]);
    }

    /// Kills all processes of the server, as kill -9 does.
    pub(crate) fn kill_nine(&mut self) {
        self.signal("-KILL");
        if let Some((server, _)) = &mut self.server {
            server.wait().expect("the server is our child");
        }
    }

    /// The socket on which it listens.
    pub(crate) fn socket(&self) -> PathBuf {
        self.home.join(".s.PGSQL.5432")
    }

    /// Stops the server at once, without a word to its clients.
    pub fn kill(&mut self) {
        self.pg_ctl(&["stop", "-w", "-m", "immediate"]);
        if let Some((server, _)) = &mut self.server {
            server.wait().expect("the server is our child");
        }
    }

    /// Starts the server again after [`Cluster::kill`].
    pub fn revive(&mut self) {
        let (_, folder) = self.server.take().expect("only a cluster of one's own is killed and revived");
        self.server = Some((self.spawn_server(), folder));
        self.await_start();
    }

    /// Stops all processes of the server in their tracks: connections stay open and nothing answers.
    pub fn freeze(&self) {
        self.signal("-STOP");
    }

    /// Lets the processes go on after [`Cluster::freeze`].
    pub fn thaw(&self) {
        self.signal("-CONT");
    }

    /// A PgBouncer in front of it, which keeps a connection for each session.
    pub async fn pooler(&self) -> Pooler {
        Pooler::start(&self.home).await
    }

    /// Where Muster finds the database `name` of this cluster.
    pub fn url(&self, name: &str) -> String {
        format!("postgres:///{name}?host={}&user={OWNER}", self.home.display())
    }

    /// Runs a statement of an administrator, in a connection of its own.
    pub async fn administer(&self, statement: &str) {
        let db = Db::connect(&self.url("postgres"), 1).await.expect("the cluster's address is well formed");
        let done = db.write().execute_unprepared(statement).await;
        db.close().await;
        done.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }

    fn signal(&self, signal: &str) {
        let Some((server, _)) = &self.server else { panic!("the shared cluster is not to be harmed") };
        let postmaster = server.id().to_string();
        // The postmaster stands still meanwhile, so that it starts no more of them. Each backend leads a process group of its
        // own, so they are named one by one.
        signal_one("-STOP", &postmaster);
        let children = std::fs::read_to_string(format!("/proc/{postmaster}/task/{postmaster}/children")).unwrap_or_default();
        children.split_whitespace().for_each(|child| signal_one(signal, child));
        signal_one(signal, &postmaster);
    }

    fn spawn_server(&self) -> Child {
        let settings = SETTINGS.split_whitespace();
        self.spawn(command(bin("postgres")).arg("-D").arg(self.home.join("data")).arg("-k").arg(&self.home).args(settings))
    }

    fn spawn(&self, command: &mut Command) -> Child {
        let log = || Stdio::from(File::options().create(true).append(true).open(self.home.join("log")).expect("the log can be written"));
        let command = command.current_dir(&self.home).env("HOME", &self.home).env("BIN", bin("")).env("SETTINGS", SETTINGS);
        command.stdin(Stdio::null()).stdout(log()).stderr(log()).spawn().expect("the server can be started")
    }

    fn answers(&self) -> bool {
        UnixStream::connect(self.socket()).is_ok()
    }

    #[expect(clippy::disallowed_methods, reason = "blocks a test that can't begin before, and no runtime of a server")]
    fn await_start(&self) {
        let start = Instant::now();
        let ready = || command(bin("pg_isready")).arg("-q").arg("-h").arg(&self.home).current_dir(&self.home).status();
        while !ready().is_ok_and(|status| status.success()) {
            let log = || std::fs::read_to_string(self.home.join("log")).unwrap_or_default();
            assert!(start.elapsed() < PATIENCE, "PostgreSQL did not start: {}", log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn pg_ctl(&self, arguments: &[&str]) {
        let _ = command(bin("pg_ctl")).args(arguments).arg("-D").arg(self.home.join("data")).current_dir(&self.home).output();
    }

    /// Removes what is left of a run that was killed together with its supervisor.
    fn stop_leftover(&self) {
        self.pg_ctl(&["stop", "-w", "-m", "immediate"]);
        let _ = std::fs::remove_dir_all(self.home.join("data"));
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if self.server.is_some() {
            // One by one: a frozen backend does not notice that its postmaster is gone.
            self.signal("-KILL");
        }
        if let Some((server, _)) = &mut self.server {
            let _ = server.wait();
        }
    }
}

fn signal_one(signal: &str, process: &str) {
    // A backend may be gone by now.
    let _ = Command::new("kill").args([signal, process]).stderr(Stdio::null()).status();
}

/// Makes the folder of a cluster and gives it to the user that runs the server.
/// Makes a folder for such a program.
pub(crate) fn prepare(home: &Path) {
    std::fs::create_dir_all(home).expect("the temporary folder can be written");
    if let Some((user, group)) = unprivileged() {
        std::os::unix::fs::chown(home, Some(user), Some(group)).expect("root may give folders away");
    }
}

fn init(home: &Path) {
    let made = command(bin("initdb"))
        .args(["--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--username", OWNER, "--pgdata"])
        .arg(home.join("data"))
        .current_dir(home)
        .output()
        .expect("initdb can be run");
    assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
}

/// A command as the user that runs the server: PostgreSQL refuses to be root.
/// A program without rights, as PostgreSQL and what belongs to it want.
pub(crate) fn command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    if let Some((user, group)) = unprivileged() {
        command.uid(user).gid(group);
    }
    command
}

/// For root: user and group of someone without rights.
fn unprivileged() -> Option<(u32, u32)> {
    if user_id() != 0 {
        return None;
    }
    let passwd = std::fs::read_to_string("/etc/passwd").expect("the users can be read");
    let find = |name: &str| {
        let mut fields = passwd.lines().map(|line| line.split(':')).find(|fields| fields.clone().next() == Some(name))?.skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    Some(find("postgres").or_else(|| find("nobody")).expect("there is a user postgres or nobody"))
}

/// The path of one of PostgreSQL's programs; of their folder for an empty name.
fn bin(program: &str) -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(find_bin).join(program)
}

fn find_bin() -> PathBuf {
    let given = std::env::var_os("MUSTER_PG_BIN").map(PathBuf::from);
    let mut installed: Vec<PathBuf> =
        std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|version| version.path().join("bin")).collect();
    installed.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let candidates = given.into_iter().chain(installed.into_iter().rev()).chain(std::env::split_paths(&path));
    candidates
        .into_iter()
        .find(|folder| folder.join("initdb").exists() && folder.join("postgres").exists())
        .expect("PostgreSQL is needed for the tests: `apt-get install postgresql`, or name the folder of initdb in MUSTER_PG_BIN")
}

/// A migrated database for one test.
pub struct Database {
    name: String,
    url: String,
    cluster: &'static Cluster,
}

impl Database {
    /// Copies the template.
    pub async fn create(cluster: &'static Cluster) -> Self {
        let template = template(cluster).await;
        Self::copy(cluster, &format!("TEMPLATE {template}")).await
    }

    /// A database that has no tables yet.
    pub async fn empty(cluster: &'static Cluster) -> Self {
        Self::copy(cluster, "").await
    }

    async fn copy(cluster: &'static Cluster, template: &str) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("t_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        cluster.administer(&format!("CREATE DATABASE {name} {template}")).await;
        Self { url: cluster.url(&name), name, cluster }
    }

    /// Where Muster finds it.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let dropped = command(bin("dropdb"))
            .args(["--force", "--if-exists", "--username", OWNER, "--host"])
            .args([self.cluster.home.as_os_str(), self.name.as_ref()])
            .current_dir(&self.cluster.home)
            .output();
        if let Ok(output) = dropped
            && !output.status.success()
        {
            eprintln!("dropping {}: {}", self.name, String::from_utf8_lossy(&output.stderr));
        }
    }
}

/// The name of the migrated database that others are copied from, made by the first process that needs it.
async fn template(cluster: &Cluster) -> String {
    let finished = format!("template_{}", build_name());
    let _turn = exclusive(&cluster.home.join("template.lock"));
    let marker = cluster.home.join("data").join(&finished);
    if !marker.exists() {
        cluster.administer(&format!("DROP DATABASE IF EXISTS {finished}")).await;
        cluster.administer(&format!("CREATE DATABASE {finished}")).await;
        migrate(&cluster.url(&finished)).await;
        File::create(marker).expect("the data folder can be written");
    }
    finished
}

/// Runs all migrations on the database at `url`.
pub async fn migrate(url: &str) {
    let db = Db::connect(url, 2).await.expect("the address is well formed");
    Migrator::up(db.write(), None).await.expect("the migrations run");
    db.close().await;
}
