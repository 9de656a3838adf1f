//! `muster incident`, `next`, `note`, `run` and `alert`, by the real binary against a real server.

mod alert;
mod night;
mod spool;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use harness::Engine;
use harness::database::TestDatabase;
use harness::process::{Home, Process};
use serde_json::Value;
use tempfile::TempDir;

/// A server, and a person at a shell.
struct Shell {
    home: Home,
    folder: TempDir,
    token: String,
    port: u16,
    _database: TestDatabase,
}

impl Shell {
    async fn new(engine: Engine) -> Self {
        let (folder, database) = (TempDir::with_prefix("muster-shell-").unwrap(), TestDatabase::create(engine).await);
        let home = Home::new(folder.path(), database.url());
        let token = home.run(&["token", "create", "--name", "shell", "--access", "responder", "--email", "sam@example.org"]);
        Self { home, folder, token, port: harness::port::free(), _database: database }
    }

    async fn server(&self) -> Process {
        self.home.start_on(self.home.command(&["serve"]), self.port).await
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What waits to be sent.
    fn kept(&self) -> usize {
        let files = std::fs::read_dir(self.path("state/muster/spool")).into_iter().flatten().flatten();
        files.filter(|file| file.path().extension().is_some_and(|extension| extension == "json")).count()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        typed(&self.home, self.folder.path(), (&format!("http://127.0.0.1:{}", self.port), &self.token), arguments)
    }

    fn output(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// What a command that must succeed prints.
    #[track_caller]
    fn says(&self, arguments: &[&str]) -> String {
        let Output { status, stdout, stderr } = self.output(arguments);
        assert!(status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&stderr));
        String::from_utf8(stdout).unwrap()
    }

    /// What a command that must fail complains of.
    #[track_caller]
    fn complains(&self, arguments: &[&str]) -> String {
        let Output { status, stdout, stderr } = self.output(arguments);
        assert!(!status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&stdout));
        String::from_utf8(stderr).unwrap()
    }

    /// Whatever the incident's timeline says.
    async fn timeline(&self, server: &Process, reference: &str) -> Vec<Value> {
        let client = server.client(&self.token);
        let incident = client.incident(reference, "id").await;
        client.timeline(incident["id"].as_str().unwrap()).await
    }
}

/// `muster ARGUMENTS`, as somebody types it who has a server and a token, and whose own files are in this folder.
pub(crate) fn typed(home: &Home, folder: &Path, (url, token): (&str, &str), arguments: &[&str]) -> Command {
    let mut command = home.command(arguments);
    command.env("MUSTER_URL", url).env("MUSTER_TOKEN", token).stdin(Stdio::null());
    command.env("XDG_STATE_HOME", folder.join("state")).env("XDG_CONFIG_HOME", folder.join("config"));
    command
}

fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().unwrap().permissions().mode() & 0o777
}
