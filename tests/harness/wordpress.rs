//! A real WordPress, on SQLite and PHP's own web server; `tests/tools.sh` fetches it.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::wait::eventually;

/// Where `tests/tools.sh` puts it, without settings and a database.
const SITE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/wordpress/site");
const SCRIPTS: [(&str, &str); 3] = [
    ("config.php", include_str!("wordpress/config.php")),
    ("install.php", include_str!("wordpress/install.php")),
    ("router.php", include_str!("wordpress/router.php")),
];
/// Long enough for a slow machine.
const SOON: Duration = Duration::from_secs(60);

/// A blog with an account for each role, such as `muster-author`; it ends when this is dropped.
pub struct Wordpress {
    process: Child,
    url: String,
    passwords: Value,
    http: reqwest::Client,
    folder: TempDir,
}

impl Drop for Wordpress {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Wordpress {
    /// Installs and starts one.
    ///
    /// # Panics
    /// If it is not there: a test that needs it does not pass without.
    pub async fn start() -> Self {
        assert!(Path::new(SITE).exists(), "a real WordPress is needed for this test: `sh tests/tools.sh` (or `make tools`) fetches it");
        let folder = TempDir::with_prefix("muster-wordpress-").expect("a temporary folder can be made");
        for (name, text) in SCRIPTS {
            std::fs::write(folder.path().join(name), text).expect("the folder can be written");
        }
        let port = crate::port::free();
        let url = format!("http://127.0.0.1:{port}");
        let php = || {
            let mut php = Command::new("php");
            php.env("BLOG_SITE", SITE).env("BLOG_URL", &url).env("BLOG_CONFIG", folder.path().join("config.php"));
            php.env("BLOG_NOTICE", folder.path().join("notice"));
            php.stdin(Stdio::null());
            php
        };
        let installed = php().arg(folder.path().join("install.php")).output().expect("PHP is needed for the tests: `sh tests/tools.sh`");
        let told = String::from_utf8_lossy(&installed.stdout);
        let made: Value = serde_json::from_str(&told).unwrap_or_else(|_| panic!("WordPress is not installed: {told}"));
        let log = std::fs::File::create(folder.path().join("log")).expect("the folder can be written");
        let process = php()
            .args(["-S", &format!("127.0.0.1:{port}"), "-t", SITE])
            .arg(folder.path().join("router.php"))
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("it could be started before");
        let http = crate::http().build().expect("a client can be made");
        let mut blog = Self { process, url, passwords: made["passwords"].clone(), http, folder };
        let ready = format!("{}/wp-json/", blog.url);
        eventually("WordPress answers", SOON, async || {
            assert_eq!(blog.process.try_wait().expect("it is our child"), None, "it ended");
            blog.http.get(&ready).send().await.ok().filter(|answer| answer.status() == StatusCode::OK)
        })
        .await;
        blog
    }

    /// Its address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The application password of `muster-ROLE`.
    ///
    /// # Panics
    /// If there is no such role.
    pub fn password(&self, role: &str) -> &str {
        self.passwords[role].as_str().expect("there is an account with this role")
    }

    /// From now on, a plugin prints a notice before every answer; or no longer.
    pub fn be_noisy(&self, noisy: bool) {
        let file = self.folder.path().join("notice");
        if noisy { std::fs::write(file, "").expect("the folder can be written") } else { std::fs::remove_file(file).expect("it is noisy") }
    }

    /// What an editor sees or does by the API, such as `GET`, `posts/5?context=edit`.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn as_editor(&self, method: Method, path: &str, body: Value) -> Value {
        let request = self.http.request(method, format!("{}/wp-json/wp/v2/{path}", self.url));
        let request = request.basic_auth("muster-editor", Some(self.password("editor")));
        let request = if body.is_null() { request } else { request.json(&body) };
        let answer = request.send().await.expect("WordPress answers");
        let (status, body) = (answer.status(), answer.json().await.expect("WordPress answers with JSON"));
        assert!(status.is_success(), "{path}: {body}");
        body
    }

    /// All posts of any status, as an editor sees them.
    pub async fn posts(&self) -> Vec<Value> {
        let all = self.as_editor(Method::GET, "posts?status=any,trash&context=edit&orderby=id&order=asc&per_page=100", json!(null)).await;
        let posts = all.as_array().expect("a list").iter();
        // WordPress greets everybody.
        posts.filter(|post| post["slug"] != "hello-world").cloned().collect()
    }
}
