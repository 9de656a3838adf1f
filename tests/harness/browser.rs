//! A real browser: Chromium without a window, driven by its own protocol (DevTools).

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::wait::{eventually, within};

/// How long a page may take to show something on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);
/// The arguments that keep it from contacting its vendor, which a machine without a network refuses.
const QUIET: &[&str] = &[
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",
];

/// A browser with one page. Ends when it is dropped.
pub struct Browser {
    process: Child,
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    asked: u64,
    complaints: Vec<String>,
    _profile: TempDir,
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Browser {
    /// Starts a browser with an empty profile.
    ///
    /// # Panics
    /// If there is none.
    pub async fn start() -> Self {
        let profile = TempDir::with_prefix("muster-browser-").expect("a temporary folder can be made");
        let process = Command::new("chromium")
            .args(QUIET)
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("Chromium is needed for the tests: `apt-get install chromium`");
        let told = profile.path().join("DevToolsActivePort");
        let port = eventually("the browser listens", PATIENCE, async || {
            let text = std::fs::read_to_string(&told).ok()?;
            text.lines().next()?.parse::<u16>().ok()
        })
        .await;
        let http = crate::http().build().expect("a client can be made");
        let address = eventually("the browser has a page", PATIENCE, async || {
            let pages: Value = http.get(format!("http://127.0.0.1:{port}/json/list")).send().await.ok()?.json().await.ok()?;
            let page = pages.as_array()?.iter().find(|page| page["type"] == "page")?;
            page["webSocketDebuggerUrl"].as_str().map(str::to_owned)
        })
        .await;
        let (socket, _) = tokio_tungstenite::connect_async(address).await.expect("the browser takes orders");
        let mut browser = Self { process, socket, asked: 0, complaints: Vec::new(), _profile: profile };
        for domain in ["Page", "Runtime", "Log"] {
            browser.order(&format!("{domain}.enable"), json!({})).await;
        }
        browser
    }

    /// Goes to this address.
    pub async fn open(&mut self, url: &str) {
        self.order("Page.navigate", json!({ "url": url })).await;
    }

    /// The value of a JavaScript expression on the page.
    ///
    /// # Panics
    /// If it throws.
    pub async fn eval(&mut self, expression: &str) -> Value {
        let arguments = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let mut answer = self.order("Runtime.evaluate", arguments).await;
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {}", answer["exceptionDetails"]);
        answer["result"]["value"].take()
    }

    /// Waits until an expression is true on the page, whichever page that is by then.
    ///
    /// # Panics
    /// If it stays false.
    pub async fn until(&mut self, expression: &str) {
        let began = std::time::Instant::now();
        loop {
            let arguments = json!({ "expression": format!("Boolean({expression})"), "returnByValue": true });
            if self.order("Runtime.evaluate", arguments).await["result"]["value"] == true {
                return;
            }
            let complaints = &self.complaints;
            assert!(began.elapsed() < PATIENCE, "never came true on the page: {expression}; it complained of {complaints:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until there is such an element, and clicks on it.
    ///
    /// # Panics
    /// If there never is.
    pub async fn click(&mut self, selector: &str) {
        self.act(selector, "click()").await;
    }

    /// Waits until there is such a field, and fills it in.
    ///
    /// # Panics
    /// If there never is.
    pub async fn fill(&mut self, selector: &str, value: &str) {
        self.act(selector, &format!("value = {}", json!(value))).await;
    }

    /// Waits until there is such a form, and sends it.
    ///
    /// # Panics
    /// If there never is.
    pub async fn submit(&mut self, selector: &str) {
        self.act(selector, "requestSubmit()").await;
    }

    /// Looks and acts in one step: between two, the page can be another one.
    async fn act(&mut self, selector: &str, action: &str) {
        self.until(&format!("(element => element && (element.{action}, true))(document.querySelector({}))", json!(selector))).await;
    }

    /// What went wrong on its pages: uncaught errors and the browser's own complaints.
    pub fn complaints(&self) -> &[String] {
        &self.complaints
    }

    /// Gives it an order of its protocol, and returns the result.
    ///
    /// # Panics
    /// If it does not answer.
    pub async fn order(&mut self, method: &str, params: Value) -> Value {
        self.asked += 1;
        let (id, order) = (self.asked, json!({ "id": self.asked, "method": method, "params": params }));
        self.socket.send(Message::text(order.to_string())).await.expect("the browser takes orders");
        within("the browser's answer", PATIENCE, async {
            loop {
                let message = self.socket.next().await.expect("the browser is there").expect("the browser is understood");
                let Ok(mut told) = serde_json::from_str::<Value>(message.to_text().unwrap_or_default()) else { continue };
                if told["id"] == id {
                    return told["result"].take();
                }
                self.listen(&told);
            }
        })
        .await
    }

    fn listen(&mut self, told: &Value) {
        let params = &told["params"];
        match told["method"].as_str() {
            Some("Runtime.exceptionThrown") => self.complaints.push(params["exceptionDetails"]["exception"]["description"].to_string()),
            Some("Log.entryAdded") if params["entry"]["level"] == "error" => {
                self.complaints.push(format!("{} {}", params["entry"]["text"], params["entry"]["url"]));
            }
            _ => {}
        }
    }
}
