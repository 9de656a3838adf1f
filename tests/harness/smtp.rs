//! A real mail server (aiosmtpd) that keeps what it is sent, and misbehaves on demand.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpStream;

use crate::wait::eventually;

/// The Python that Debian's packages are for.
const PYTHON: &str = "/usr/bin/python3";
const PROGRAM: &str = include_str!("smtp_server.py");
/// Long enough for a slow machine.
const SOON: Duration = Duration::from_secs(30);

/// When connections are encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// Never.
    Never,
    /// From the first byte.
    AtOnce,
    /// By STARTTLS.
    StartTls,
}

/// A running mail server; it ends when this is dropped.
pub struct Smtp {
    process: Option<Child>,
    port: u16,
    encryption: Encryption,
    folder: TempDir,
    control: Mutex<Value>,
}

/// A mail that the server took.
#[derive(Clone, Debug)]
pub struct Mail {
    /// With its brackets.
    pub message_id: String,
    /// Which connection it came by.
    pub connection: u64,
    /// The sender of the envelope.
    pub from: String,
    /// The recipients of the envelope.
    pub to: Vec<String>,
    /// Decoded.
    pub subject: String,
    /// As written.
    pub date: String,
    /// All headers in order, decoded.
    pub headers: Vec<(String, String)>,
    /// Decoded, with `\n` at the ends of lines.
    pub text: String,
    /// The same as HTML, decoded.
    pub html: Option<String>,
    /// What is attached.
    pub files: Vec<Attached>,
    /// As it came, with its headers.
    pub raw: Vec<u8>,
}

/// A file that came with a mail.
#[derive(Clone, Debug)]
pub struct Attached {
    /// With its ending.
    pub name: String,
    /// As it was declared.
    pub media_type: String,
    /// Decoded.
    pub bytes: Vec<u8>,
}

impl Mail {
    /// The header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    fn read(line: &str) -> Self {
        let mail: Value = serde_json::from_str(line).expect("the server writes JSON");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let attached = |file: &Value| Attached {
            name: text(&file[0]),
            media_type: text(&file[1]),
            bytes: hex::decode(text(&file[2])).expect("the server writes hexadecimal digits"),
        };
        Self {
            message_id: text(&mail["messageId"]),
            connection: mail["connection"].as_u64().unwrap_or_default(),
            from: text(&mail["from"]),
            to: list(&mail["to"]).iter().map(text).collect(),
            subject: text(&mail["subject"]),
            date: text(&mail["date"]),
            headers: list(&mail["headers"]).iter().map(|header| (text(&header[0]), text(&header[1]))).collect(),
            text: text(&mail["text"]),
            html: mail["html"].as_str().map(str::to_owned),
            files: list(&mail["files"]).iter().map(attached).collect(),
            raw: hex::decode(text(&mail["raw"])).expect("the server writes hexadecimal digits"),
        }
    }
}

impl Drop for Smtp {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Smtp {
    /// Starts a server that takes everything.
    pub async fn start() -> Self {
        Self::start_with(Encryption::Never).await
    }

    /// Starts a server that takes everything over encrypted connections, by a certificate of its own for 127.0.0.1.
    pub async fn start_with(encryption: Encryption) -> Self {
        let folder = TempDir::with_prefix("muster-smtp-").expect("a temporary folder can be made");
        std::fs::write(folder.path().join("server.py"), PROGRAM).expect("the folder can be written");
        let control = Mutex::new(json!({ "refuse": [], "later": false, "hang": null, "cut": false, "slow": 0, "account": null }));
        let mut server = Self { process: None, port: crate::port::free(), encryption, folder, control };
        server.tell(|_| ());
        if encryption != Encryption::Never {
            server.certify();
        }
        server.restart().await;
        server
    }

    /// The setting `smtp.url` for it.
    pub fn url(&self) -> String {
        match self.encryption {
            Encryption::Never => format!("smtp://127.0.0.1:{}", self.port),
            Encryption::AtOnce => format!("smtps://127.0.0.1:{}", self.port),
            Encryption::StartTls => format!("smtp://127.0.0.1:{}?tls=required", self.port),
        }
    }

    /// Its certificate, for `SSL_CERT_FILE`.
    pub fn certificate(&self) -> PathBuf {
        self.file("certificate.pem")
    }

    /// The setting `smtp.url` for it, with an account.
    pub fn url_of(&self, user: &str, password: &str) -> String {
        self.url().replacen("://", &format!("://{user}:{password}@"), 1)
    }

    /// What it has taken so far, also before it was stopped.
    pub fn mails(&self) -> Vec<Mail> {
        let text = std::fs::read_to_string(self.file("mails")).unwrap_or_default();
        // The last line may be under way.
        text.split_inclusive('\n').filter(|line| line.ends_with('\n')).map(Mail::read).collect()
    }

    /// Waits until it has taken `n` mails, and returns all it has.
    pub async fn wait_for(&self, n: usize) -> Vec<Mail> {
        eventually(&format!("{n} mails arrived"), SOON, async || Some(self.mails()).filter(|mails| mails.len() >= n)).await
    }

    /// How many connections to it are open, as the kernel sees it.
    pub fn connections(&self) -> usize {
        let table = std::fs::read_to_string("/proc/net/tcp").expect("Linux has this");
        let own = format!(":{:04X}", self.port);
        let open = |line: &&str| {
            let mut fields = line.split_whitespace().skip(1);
            fields.next().is_some_and(|local| local.ends_with(&own)) && fields.nth(1) == Some("01")
        };
        table.lines().filter(open).count()
    }

    /// From now on, `address` is refused for good (550).
    pub fn refuse(&self, address: &str) {
        self.tell(|control| control["refuse"].as_array_mut().expect("it is a list").push(address.into()));
    }

    /// Whether every mail is refused for now (451).
    pub fn postpone(&self, yes: bool) {
        self.tell(|control| control["later"] = yes.into());
    }

    /// Whether it falls silent once it has the text of a mail. It does not keep that mail.
    pub fn hang(&self, yes: bool) {
        self.tell(|control| control["hang"] = yes.then_some("data").into());
    }

    /// Whether new connections are not even greeted.
    pub fn hang_at_connect(&self, yes: bool) {
        self.tell(|control| control["hang"] = yes.then_some("connect").into());
    }

    /// Whether it keeps each mail and cuts the connection instead of saying so.
    pub fn cut(&self, yes: bool) {
        self.tell(|control| control["cut"] = yes.into());
    }

    /// How long it takes to say that it took a mail.
    pub fn slow(&self, time: Duration) {
        self.tell(|control| control["slow"] = u64::try_from(time.as_millis()).unwrap_or(u64::MAX).into());
    }

    /// From now on, new connections must sign in.
    pub fn require(&self, user: &str, password: &str) {
        self.tell(|control| control["account"] = json!([user, password]));
    }

    /// Kills it. All its connections break.
    pub fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// Starts it again on the same port, if it is stopped. It behaves as last set.
    pub async fn restart(&mut self) {
        if self.process.is_some() {
            return;
        }
        let log = File::options().create(true).append(true).open(self.file("log")).expect("the folder can be written");
        let process = Command::new(PYTHON)
            .arg(self.file("server.py"))
            .arg(self.port.to_string())
            .args([self.file("mails"), self.file("control.json")])
            .args(match self.encryption {
                Encryption::Never => vec![],
                Encryption::AtOnce => vec![self.certificate(), "at-once".into()],
                Encryption::StartTls => vec![self.certificate(), "starttls".into()],
            })
            // Held open by this process; the server ends with it.
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("Python is needed for the tests: `apt-get install python3-aiosmtpd`");
        let process = self.process.insert(process);
        let (port, log) = (self.port, self.folder.path().join("log"));
        eventually("the mail server listens", SOON, async || {
            let ended = process.try_wait().expect("it is our child");
            assert!(ended.is_none(), "the mail server ended: {}", std::fs::read_to_string(&log).unwrap_or_default());
            TcpStream::connect(("127.0.0.1", port)).await.is_ok().then_some(())
        })
        .await;
    }

    /// Makes a certificate and its key, in one file.
    fn certify(&self) {
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
            .args(["-subj", "/CN=mail.example.org", "-addext", "subjectAltName=IP:127.0.0.1"])
            .args(["-addext", "basicConstraints=critical,CA:FALSE"])
            .args([PathBuf::from("-keyout"), self.certificate(), "-out".into(), self.certificate()])
            .output()
            .expect("OpenSSL is needed for the tests: `apt-get install openssl`");
        assert!(made.status.success(), "openssl: {}", String::from_utf8_lossy(&made.stderr));
    }

    fn tell(&self, change: impl FnOnce(&mut Value)) {
        let mut control = self.control.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut control);
        // In one go: the server may be reading it.
        let new = self.file("control.new");
        std::fs::write(&new, control.to_string()).expect("the folder can be written");
        std::fs::rename(new, self.file("control.json")).expect("the folder can be written");
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}
