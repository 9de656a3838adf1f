//! A real identity provider: npm's oidc-provider, which `tests/tools.sh` installs.

use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::{Method, Response, header};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpStream;
use url::Url;

use crate::wait::eventually;

/// How it knows Muster.
pub const CLIENT_ID: &str = "muster";
/// What Muster proves it with.
pub const CLIENT_SECRET: &str = "a-secret-of-the-tests-with-32-characters";

const PROGRAM: &str = include_str!("oidc_server.mjs");
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/npm");
/// Long enough for a slow machine.
const SOON: Duration = Duration::from_secs(60);
/// Pages on the way through the provider.
const HOPS: usize = 12;

/// A provider; it ends when this is dropped. Its name is another host's than Muster's, so that cookies go the way that they go in life.
pub struct OidcProvider {
    process: Option<Child>,
    port: u16,
    folder: TempDir,
    control: Mutex<Value>,
}

impl Drop for OidcProvider {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Its address, which is its name.
pub fn issuer(port: u16) -> String {
    format!("http://localhost:{port}")
}

impl OidcProvider {
    /// Starts it, with keys of its own and no accounts.
    pub async fn start(port: u16) -> Self {
        let folder = TempDir::with_prefix("muster-oidc-").expect("a temporary folder can be made");
        std::fs::write(folder.path().join("server.mjs"), PROGRAM).expect("the folder can be written");
        let client = json!({
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "redirect_uris": ["http://127.0.0.1/sign-in/company/callback"],
        });
        let control = Mutex::new(json!({ "port": port, "client": client, "accounts": {}, "foreign_keys": false }));
        let mut provider = Self { process: None, port, folder, control };
        provider.tell(|_| ());
        provider.restart().await;
        provider
    }

    /// From now on there is this account, whose login is its subject.
    pub fn account(&self, subject: &str, claims: Value) {
        self.tell(|control| control["accounts"][subject] = claims);
    }

    /// Whether it publishes keys that it does not sign with.
    pub fn publish_foreign_keys(&self, yes: bool) {
        self.tell(|control| control["foreign_keys"] = yes.into());
    }

    /// Kills it.
    pub fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// Starts it again, with new keys.
    pub async fn restart(&mut self) {
        self.stop();
        let process = Command::new("node")
            .arg(self.folder.path().join("server.mjs"))
            .args([FOLDER.as_ref(), self.file().as_path()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(self.folder.path().join("log")).expect("the folder can be written"))
            .spawn()
            .expect("Node.js is needed for the tests: `sh tests/tools.sh` installs it");
        let (process, port) = (self.process.insert(process), self.port);
        eventually("the identity provider listens", SOON, async || {
            let ended = process.try_wait().expect("it is our child");
            assert_eq!(ended, None, "it ended: `sh tests/tools.sh` installs what it needs");
            TcpStream::connect(("127.0.0.1", port)).await.ok()
        })
        .await;
    }

    fn file(&self) -> std::path::PathBuf {
        self.folder.path().join("control.json")
    }

    fn tell(&self, change: impl FnOnce(&mut Value)) {
        let mut control = self.control.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut control);
        // Whole or not at all: it is read at any time.
        let new = self.folder.path().join("new.json");
        std::fs::write(&new, control.to_string()).expect("the folder can be written");
        std::fs::rename(new, self.file()).expect("the folder can be written");
    }
}

/// What somebody does at the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum There<'a> {
    /// Signs in with this account.
    SignIn(&'a str),
    /// Cancels.
    Cancel,
}

/// Goes through the provider's pages, from the address that Muster sent the browser to, to the one that it is sent back to.
///
/// # Panics
/// If the provider does not send it back.
pub async fn walk(start: &str, there: There<'_>) -> Url {
    let (http, mut jar) = (crate::browser(), BTreeMap::<String, String>::new());
    let mut url = Url::parse(start).expect("it is an address");
    let mut form: Option<String> = None;
    for _ in 0..HOPS {
        let method = if form.is_some() { Method::POST } else { Method::GET };
        let cookies: Vec<String> = jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = http.request(method, url.clone()).header(header::COOKIE, cookies.join("; "));
        let request = match form.take() {
            Some(form) => request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(form),
            None => request,
        };
        let answer = request.send().await.expect("the provider answers");
        keep_cookies(&mut jar, &answer);
        if let Some(next) = answer.headers().get(header::LOCATION) {
            url = url.join(next.to_str().expect("it is text")).expect("it is an address");
            if url.path() == "/sign-in/company/callback" {
                return url;
            }
            continue;
        }
        let page = answer.text().await.expect("it is a page");
        match there {
            There::SignIn(login) if page.contains("name=\"login\"") => form = Some(format!("prompt=login&login={login}&password=x")),
            There::SignIn(_) if page.contains("value=\"consent\"") => form = Some("prompt=consent".to_owned()),
            There::Cancel if page.contains("/abort") => url.set_path(&format!("{}/abort", url.path())),
            _ => panic!("{url}: {page}"),
        }
    }
    panic!("the provider never sends the browser back: {url}");
}

/// What a jar sends along.
pub fn cookies(jar: &BTreeMap<String, String>) -> String {
    jar.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
}

/// Takes what an answer sets into a jar, as browsers do, and out what it removes.
pub fn keep_cookies(jar: &mut BTreeMap<String, String>, answer: &Response) {
    for cookie in answer.headers().get_all(header::SET_COOKIE) {
        let cookie = cookie.to_str().expect("it is text");
        let (name, value) = cookie.split(';').next().and_then(|pair| pair.split_once('=')).expect("it is a cookie");
        if value.is_empty() { drop(jar.remove(name)) } else { drop(jar.insert(name.to_owned(), value.to_owned())) }
    }
}
