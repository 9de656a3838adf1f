//! The real PgBouncer.

use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use domain::db::Db;
use tempfile::TempDir;

use crate::postgres::{command, prepare};
use crate::wait::eventually;

/// One that passes sessions on to a cluster, until it is dropped.
pub struct Pooler {
    process: Child,
    port: u16,
    _folder: TempDir,
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Pooler {
    /// Starts one in front of the cluster whose socket is in `home`.
    pub(crate) async fn start(home: &Path) -> Self {
        let folder = TempDir::with_prefix("muster-pooler-").expect("a temporary folder can be made");
        prepare(folder.path());
        let port = crate::port::free();
        let users = folder.path().join("users");
        // What it refuses by default is refused here.
        let configuration = format!(
            "[databases]\n* = host={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = trust\n\
             auth_file = {}\npool_mode = session\ndefault_pool_size = 50\n",
            home.display(),
            users.display()
        );
        let file = folder.path().join("pgbouncer.ini");
        std::fs::write(users, "\"muster\" \"\"\n").and_then(|()| std::fs::write(&file, configuration)).expect("the folder can be written");
        let path = format!("{}:/usr/sbin", std::env::var("PATH").unwrap_or_default());
        let process = command("pgbouncer").env("PATH", path).arg("-q").arg(&file).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let pooler = Self { process: process.expect("PgBouncer is installed (make tools)"), port, _folder: folder };
        let db = Db::connect(&pooler.url("postgres"), 1).await.expect("its address is well formed");
        eventually("PgBouncer passes sessions on", Duration::from_secs(20), async || db.answers().await.then_some(())).await;
        db.close().await;
        pooler
    }

    /// Where Muster finds the database `name` behind it.
    pub fn url(&self, name: &str) -> String {
        format!("postgres://muster@127.0.0.1:{}/{name}", self.port)
    }
}
