//! The real binary, as people run it: started, asked, stopped and killed.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use document::Press;
use document::typesetter::Typesetter;

use crate::client::Client;
use crate::wait::eventually;

/// How long a server may take to be ready or to stop.
const PATIENCE: Duration = Duration::from_secs(30);

/// A folder with a database and the settings to run Muster on it.
pub struct Home {
    data: PathBuf,
    url: String,
}

/// A running server.
pub struct Process {
    child: Child,
    url: String,
}

impl Home {
    /// Files in `data`, rows in the database at `url`.
    pub fn new(data: &Path, url: &str) -> Self {
        Self { data: data.to_owned(), url: url.to_owned() }
    }

    /// Where the database is.
    pub fn database_url(&self) -> &str {
        &self.url
    }

    /// `muster ARGUMENTS`, ready to be started.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command.args(arguments).current_dir(&self.data).env("MUSTER_DATA_DIR", &self.data).env("MUSTER_DATABASE_URL", &self.url);
        command
    }

    /// Runs a command to its end and returns what it printed.
    ///
    /// # Panics
    /// If it fails.
    pub fn run(&self, arguments: &[&str]) -> String {
        let Output { status, stdout, stderr } = self.command(arguments).output().expect("muster can be run");
        assert!(status.success(), "muster {arguments:?}: {}", String::from_utf8_lossy(&stderr));
        String::from_utf8(stdout).expect("muster prints UTF-8").trim().to_owned()
    }

    /// Starts `muster ROLE` on a free port and waits until it is ready.
    pub async fn start(&self, role: &str) -> Process {
        self.start_by(self.command(&[role])).await
    }

    /// Starts `muster ROLE` with its port, a worker's for metrics, at `address`, and waits until it is ready.
    pub async fn start_at(&self, role: &str, address: &str) -> Process {
        let command = self.command(&[role]);
        match role {
            "worker" => self.spawn(command, ("MUSTER_METRICS_LISTEN", address), "/healthz").await,
            _ => self.spawn(command, ("MUSTER_LISTEN", address), "/readyz").await,
        }
    }

    /// Starts a worker by a command on a free port, which has its metrics, and waits until it is ready.
    pub async fn start_worker(&self, command: Command) -> Process {
        let address = format!("127.0.0.1:{}", crate::port::free());
        self.spawn(command, ("MUSTER_METRICS_LISTEN", &address), "/healthz").await
    }

    /// Starts a server by a command that may be wrapped in another.
    pub async fn start_by(&self, command: Command) -> Process {
        self.start_on(command, crate::port::free()).await
    }

    /// Starts a server by a command, on this port.
    pub async fn start_on(&self, command: Command, port: u16) -> Process {
        self.spawn(command, ("MUSTER_LISTEN", &format!("127.0.0.1:{port}")), "/readyz").await
    }

    async fn spawn(&self, mut command: Command, (setting, listen): (&str, &str), ready: &str) -> Process {
        let url = format!("http://{listen}");
        let log = std::fs::File::options().create(true).append(true).open(self.data.join("log")).expect("the log can be written");
        let child = command.env(setting, listen).stdout(Stdio::null()).stderr(log).spawn().expect("muster can be started");
        let mut process = Process { child, url };
        let http = crate::http().build().expect("a client can be made");
        let ready = format!("{}{ready}", process.url);
        eventually("the server is ready", PATIENCE, async || {
            assert_eq!(
                process.child.try_wait().expect("it is our child"),
                None,
                "the server ended: see {}",
                self.data.join("log").display()
            );
            http.get(&ready).send().await.ok().filter(|answer| answer.status() == 200)
        })
        .await;
        process
    }
}

impl Process {
    /// The address of `path`.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// A client that shows this token.
    pub fn client(&self, token: &str) -> Client {
        Client::at_url(&self.url, token)
    }

    /// The most memory that it has had resident since its start, in MiB.
    ///
    /// # Panics
    /// If the kernel does not say.
    pub fn most_resident_mib(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("Linux has this");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("it has memory");
        line.trim().trim_end_matches(" kB").parse::<f64>().expect("a number") / 1024.0
    }

    /// Kills it without a word, as kill -9 and the kernel do.
    pub fn kill(mut self) {
        self.child.kill().expect("it is our child");
        self.child.wait().expect("it is our child");
    }

    /// Makes it read its playbook again, by SIGHUP.
    pub fn hang_up(&self) {
        self.signal("-HUP");
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([name, &self.child.id().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()), "the signal can be sent");
    }

    /// Asks it to stop by SIGTERM, and returns its exit code.
    pub async fn stop(mut self) -> Option<i32> {
        self.signal("-TERM");
        eventually("the server stops", PATIENCE, async || self.child.try_wait().expect("it is our child")).await.code()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // A test that failed must not leave a server behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The binary that was built with the tests.
///
/// # Panics
/// If it was not built.
pub fn binary() -> PathBuf {
    let binary = beside("muster");
    assert!(binary.exists(), "{} is missing: `cargo build --bin muster` makes it, and `make test` does so first", binary.display());
    binary
}

/// Makes PDFs by the program that `cargo build -p typeset` makes.
pub fn press() -> Arc<Press> {
    press_at(beside("typeset"))
}

/// Makes PDFs by the program at this path, which may not be there.
pub fn press_at(program: impl Into<PathBuf>) -> Arc<Press> {
    Arc::new(Press::new(Typesetter::at(program.into())))
}

/// Where the build puts a program of this name.
pub(crate) fn beside(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("the test program has a path");
    test.ancestors().nth(2).expect("tests are in target/PROFILE/deps").join(name)
}
