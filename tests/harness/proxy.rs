//! Real reverse proxies, configured as `deploy/proxies` says; only ports and certificates are the test's own.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::wait::eventually;

/// Which proxy.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// nginx.
    Nginx,
    /// HAProxy.
    Haproxy,
    /// Apache httpd.
    Apache,
    /// Caddy.
    Caddy,
}

/// All of them.
pub const KINDS: [Kind; 4] = [Kind::Nginx, Kind::Haproxy, Kind::Apache, Kind::Caddy];

/// A proxy with TLS in front of a server, until it is dropped.
pub struct Proxy {
    process: Child,
    url: String,
    folder: TempDir,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Proxy {
    /// Starts one in front of the server at `upstream`, such as `127.0.0.1:8080`.
    pub async fn start(kind: Kind, upstream: &str) -> Self {
        let folder = TempDir::with_prefix("muster-proxy-").expect("a temporary folder can be made");
        certify(folder.path());
        let port = crate::port::free();
        let process = kind.command(folder.path(), port, upstream).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let process = process.unwrap_or_else(|error| panic!("{kind:?} can't be started ({error}): make tools"));
        let proxy = Self { process, url: format!("https://127.0.0.1:{port}"), folder };
        let client = proxy.http();
        eventually(&format!("{kind:?} passes requests on"), Duration::from_secs(20), async || {
            let answer = client.get(format!("{}/readyz", proxy.url)).send().await.ok()?;
            answer.status().is_success().then_some(())
        })
        .await;
        proxy
    }

    /// Its address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its certificate, in PEM.
    pub fn certificate(&self) -> Vec<u8> {
        std::fs::read(self.folder.path().join("muster.crt")).expect("it was made")
    }

    /// A client that trusts it.
    pub fn http(&self) -> reqwest::Client {
        let certificate = reqwest::Certificate::from_pem(&self.certificate()).expect("it is a certificate");
        crate::http().add_root_certificate(certificate).build().expect("a client can be made")
    }
}

impl Kind {
    fn command(self, folder: &Path, port: u16, upstream: &str) -> Command {
        let path = |name: &str| folder.join(name).display().to_string();
        let (file, listen) = match self {
            Self::Nginx => ("nginx.conf", ("listen 443 ", format!("listen 127.0.0.1:{port} "))),
            Self::Haproxy => ("haproxy.cfg", ("bind :443 ", format!("bind 127.0.0.1:{port} "))),
            Self::Apache => ("apache.conf", ("*:443", format!("127.0.0.1:{port}"))),
            Self::Caddy => (
                "Caddyfile",
                ("muster.example.org {", format!("https://127.0.0.1:{port} {{\n    tls {} {}", path("muster.crt"), path("muster.key"))),
            ),
        };
        let ours = std::fs::read_to_string(given(file)).expect("it is part of the project");
        assert!(ours.contains(listen.0), "{file} does not say where to listen as expected");
        let ours = ours.replace(listen.0, &listen.1).replace("127.0.0.1:8080", upstream).replace("/etc/ssl/", &path(""));
        let whole = match self {
            Self::Nginx => {
                let temporary =
                    ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(|what| format!("{what}_temp_path {};\n", path(what)));
                format!("daemon off;\npid {};\nevents {{}}\nhttp {{\naccess_log off;\n{}{ours}}}\n", path("pid"), temporary.concat())
            }
            Self::Apache => {
                let modules = ["mpm_event", "authz_core", "ssl", "socache_shmcb", "proxy", "proxy_http", "http2"];
                let modules = modules.map(|name| format!("LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n")).concat();
                let own = format!("DefaultRuntimeDir {}\nPidFile {}\nErrorLog {}\nUser www-data\n", path(""), path("pid"), path("log"));
                format!("{modules}ServerName 127.0.0.1\n{own}Listen 127.0.0.1:{port} https\n{ours}")
            }
            Self::Caddy => format!("{{\n    admin off\n    auto_https disable_redirects\n}}\n{ours}"),
            Self::Haproxy => ours,
        };
        let configuration = folder.join(file);
        std::fs::write(&configuration, whole).expect("the folder can be written");
        let (program, arguments): (&str, &[&str]) = match self {
            Self::Nginx => ("nginx", &["-e", "stderr", "-c"]),
            Self::Haproxy => ("haproxy", &["-db", "-f"]),
            Self::Apache => ("apache2", &["-D", "FOREGROUND", "-f"]),
            Self::Caddy => ("caddy", &["run", "--adapter", "caddyfile", "--config"]),
        };
        let mut command = Command::new(program);
        command.args(arguments).arg(configuration).env("HOME", folder).env("PATH", format!("{}:/usr/sbin", env!("PATH")));
        command
    }
}

fn given(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/proxies").join(file)
}

/// Makes a certificate of its own, as `muster.crt`, `muster.key`, and both in `muster.pem`.
fn certify(folder: &Path) {
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=muster.example.org"])
        .args([
            "-addext",
            "subjectAltName=IP:127.0.0.1,DNS:muster.example.org",
            "-addext",
            "basicConstraints=critical,CA:FALSE",
            "-keyout",
            "muster.key",
            "-out",
            "muster.crt",
        ])
        .current_dir(folder)
        .output()
        .expect("OpenSSL is installed (make tools)");
    assert!(made.status.success(), "openssl: {}", String::from_utf8_lossy(&made.stderr));
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).expect("it was made");
    std::fs::write(folder.join("muster.pem"), read("muster.crt") + &read("muster.key")).expect("the folder can be written");
}
