//! Real reverse proxies, configured as `deploy/proxies` says; only ports and certificates are the test's own.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::{CertificateDer, pem::PemObject};
use tempfile::TempDir;
use tokio_tungstenite::Connector;

use crate::client::Client;
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
        Self::start_by(kind, |folder, port| kind.command(folder, port, upstream)).await
    }

    /// Starts one in front of two servers, between which it chooses.
    pub async fn start_for_two(kind: Kind, upstreams: [&str; 2]) -> Self {
        Self::start_by(kind, |folder, port| kind.command_for_two(folder, port, upstreams)).await
    }

    async fn start_by(kind: Kind, command: impl FnOnce(&Path, u16) -> Command) -> Self {
        let folder = TempDir::with_prefix("muster-proxy-").expect("a temporary folder can be made");
        certify(folder.path());
        let port = crate::port::free();
        let process = command(folder.path(), port).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
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
        self.trusting().build().expect("a client can be made")
    }

    /// A caller behind it who has connections of their own, and gives up on an answer after `patience`.
    pub fn client(&self, token: &str, patience: Duration) -> Client {
        let http = self.trusting().timeout(patience).build().expect("a client can be made");
        Client::at_proxy(&self.url, token, http, self.connector())
    }

    /// How WebSockets that trust it are encrypted.
    pub fn connector(&self) -> Connector {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(&self.certificate()).expect("it is a certificate")).expect("it is one to trust");
        Connector::Rustls(Arc::new(rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()))
    }

    fn trusting(&self) -> reqwest::ClientBuilder {
        let certificate = reqwest::Certificate::from_pem(&self.certificate()).expect("it is a certificate");
        crate::http().tls_certs_only([certificate])
    }
}

impl Kind {
    fn command(self, folder: &Path, port: u16, upstream: &str) -> Command {
        let file = match self {
            Self::Nginx => "nginx.conf",
            Self::Haproxy => "haproxy.cfg",
            Self::Apache => "apache.conf",
            Self::Caddy => "Caddyfile",
        };
        self.command_by(folder, port, file, &[("127.0.0.1:8080", upstream)])
    }

    fn command_for_two(self, folder: &Path, port: u16, [one, two]: [&str; 2]) -> Command {
        let file = match self {
            Self::Nginx => "nginx-two.conf",
            Self::Haproxy => "haproxy-two.cfg",
            Self::Apache | Self::Caddy => panic!("deploy/proxies has no file for {self:?} and two servers"),
        };
        self.command_by(folder, port, file, &[("10.0.0.11:8080", one), ("10.0.0.12:8080", two)])
    }

    fn command_by(self, folder: &Path, port: u16, file: &str, upstreams: &[(&str, &str)]) -> Command {
        let path = |name: &str| folder.join(name).display().to_string();
        let listen = match self {
            Self::Nginx => ("listen 443 ", format!("listen 127.0.0.1:{port} ")),
            Self::Haproxy => ("bind :443 ", format!("bind 127.0.0.1:{port} ")),
            Self::Apache => ("*:443", format!("127.0.0.1:{port}")),
            Self::Caddy => {
                ("muster.example.org {", format!("https://127.0.0.1:{port} {{\n    tls {} {}", path("muster.crt"), path("muster.key")))
            }
        };
        let ours = std::fs::read_to_string(given(file)).expect("it is part of the project");
        assert!(ours.contains(listen.0), "{file} does not say where to listen as expected");
        let ours = ours.replace(listen.0, &listen.1).replace("/etc/ssl/", &path(""));
        let ours = upstreams.iter().fold(ours, |ours, (given, upstream)| ours.replace(given, upstream));
        let whole = match self {
            Self::Nginx => {
                let temporary =
                    ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(|what| format!("{what}_temp_path {};\n", path(what)));
                format!(
                    "daemon off;\npid {};\nevents {{ worker_connections 4096; }}\nhttp {{\naccess_log off;\n{}{ours}}}\n",
                    path("pid"),
                    temporary.concat()
                )
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
