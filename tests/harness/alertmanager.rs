//! The real Alertmanager, as teams run it: it groups alerts, notifies Muster, repeats and retries by its own rules.

use std::fs::File;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::app::Server;
use crate::wait::eventually;

/// Its name in Debian.
const PROGRAM: &str = "prometheus-alertmanager";

/// A running Alertmanager whose only receiver is one Muster.
pub struct Alertmanager {
    process: Child,
    url: String,
    http: reqwest::Client,
    _folder: TempDir,
}

impl Drop for Alertmanager {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Alertmanager {
    /// Starts one that shows `secret` to `muster`.
    pub async fn start(muster: &Server, secret: &str) -> Self {
        let folder = TempDir::with_prefix("muster-alertmanager-").expect("a temporary folder can be made");
        let config = folder.path().join("alertmanager.yml");
        std::fs::write(&config, configuration(muster.url(), secret)).expect("the folder can be written");
        let port = crate::port::free();
        let log = File::create(folder.path().join("log")).expect("the folder can be written");
        let process = Command::new(PROGRAM)
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.path={}", folder.path().display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .arg("--cluster.listen-address=")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("Alertmanager is needed for the tests: `apt-get install prometheus-alertmanager`");
        let alertmanager = Self {
            process,
            url: format!("http://127.0.0.1:{port}"),
            http: crate::http().build().expect("a client can be made"),
            _folder: folder,
        };
        eventually("Alertmanager is ready", Duration::from_secs(30), async || {
            let ready = alertmanager.http.get(format!("{}/-/ready", alertmanager.url)).send().await;
            ready.is_ok_and(|response| response.status().is_success()).then_some(())
        })
        .await;
        alertmanager
    }

    /// An alert fires, or is still firing: Prometheus says so every minute or so.
    pub async fn fire(&self, name: &str, instance: &str) {
        self.post(json!([{
            "labels": { "alertname": name, "instance": instance, "severity": "critical" },
            "annotations": { "summary": format!("{name} on {instance}"), "description": "Seen by the tests." },
            "generatorURL": "http://prometheus.example.org/graph"
        }]))
        .await;
    }

    /// An alert ends.
    pub async fn end(&self, name: &str, instance: &str) {
        let now = now();
        self.post(json!([{
            "labels": { "alertname": name, "instance": instance, "severity": "critical" },
            "annotations": { "summary": format!("{name} on {instance}") },
            "endsAt": now
        }]))
        .await;
    }

    /// Waits until it has tried in vain to notify Muster.
    pub async fn has_failed_to_notify(&self) {
        eventually("Alertmanager has tried in vain", Duration::from_secs(30), async || {
            let metrics = self.http.get(format!("{}/metrics", self.url)).send().await.ok()?.text().await.ok()?;
            let counts =
                metrics.lines().filter(|line| line.starts_with("alertmanager_notification_requests_failed_total{integration=\"webhook\""));
            counts.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).any(|count| count > 0.0).then_some(())
        })
        .await;
    }

    async fn post(&self, alerts: Value) {
        let sent = self.http.post(format!("{}/api/v2/alerts", self.url)).json(&alerts).send().await.expect("Alertmanager answers");
        assert!(sent.status().is_success(), "{}", sent.text().await.unwrap_or_default());
    }
}

fn now() -> String {
    use domain::clock::{Clock, SystemClock};
    SystemClock.now().to_rfc3339()
}

/// Alerts of one name belong together. Everything is as quick as Alertmanager lets it be.
fn configuration(muster: &str, secret: &str) -> String {
    format!(
        "route:\n  receiver: muster\n  group_by: [alertname]\n  group_wait: 10ms\n  group_interval: 200ms\n  repeat_interval: 1s\n\
         receivers:\n- name: muster\n  webhook_configs:\n  - url: {muster}/hooks/alertmanager\n    send_resolved: true\n    \
         http_config:\n      authorization:\n        type: Bearer\n        credentials: {secret}\n"
    )
}
