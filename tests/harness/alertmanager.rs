//! The real Alertmanager, as teams run it: it groups alerts, notifies Muster, repeats and retries by its own rules.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use domain::clock::{Clock, SystemClock};
use entity::Timestamp;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::app::Server;
use crate::wait::eventually;

/// Its name in Debian.
const PROGRAM: &str = "prometheus-alertmanager";

/// A running Alertmanager whose only receiver is one Muster.
pub struct Alertmanager {
    process: Child,
    port: u16,
    cluster: Cluster,
    url: String,
    http: reqwest::Client,
    folder: TempDir,
}

/// How an Alertmanager differs from the usual.
#[derive(Clone, Default)]
pub struct Setup {
    /// How many alerts it puts into a notification; 0: all.
    pub max_alerts: u32,
    /// An alert that inhibits all others.
    pub inhibited_by: Option<&'static str>,
    /// Which others it forms a cluster with.
    pub cluster: Cluster,
}

/// The ports by which the members of a cluster talk to each other; without any, it is alone.
#[derive(Clone, Default)]
pub struct Cluster {
    /// Its own.
    pub own: Option<u16>,
    /// That of another member.
    pub peer: Option<u16>,
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
        Self::start_with(muster, secret, Setup::default()).await
    }

    /// Starts one that shows `secret` to `muster`, set up like this.
    pub async fn start_with(muster: &Server, secret: &str, setup: Setup) -> Self {
        let folder = TempDir::with_prefix("muster-alertmanager-").expect("a temporary folder can be made");
        std::fs::write(folder.path().join("alertmanager.yml"), configuration(muster.url(), secret, &setup))
            .expect("the folder can be written");
        let port = crate::port::free();
        let alertmanager = Self {
            process: run(folder.path(), port, &setup.cluster),
            port,
            cluster: setup.cluster,
            url: format!("http://127.0.0.1:{port}"),
            http: crate::http().build().expect("a client can be made"),
            folder,
        };
        alertmanager.is_ready().await;
        alertmanager
    }

    /// Ends it as kill -9 does and starts it again; its data is what it wrote to its folder, or nothing. Alerts it never keeps.
    pub async fn restart(&mut self, keeps_data: bool) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        if !keeps_data {
            for file in ["nflog", "silences"] {
                let _ = std::fs::remove_file(self.folder.path().join(file));
            }
        }
        self.process = run(self.folder.path(), self.port, &self.cluster);
        self.is_ready().await;
    }

    async fn is_ready(&self) {
        eventually("Alertmanager is ready", Duration::from_secs(30), async || {
            let ready = self.http.get(format!("{}/-/ready", self.url)).send().await;
            ready.is_ok_and(|response| response.status().is_success()).then_some(())
        })
        .await;
    }

    /// Where it is reached.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Silences an alert for an hour.
    pub async fn silence(&self, name: &str) {
        let now = SystemClock.now();
        let silence = json!({
            "matchers": [{ "name": "alertname", "value": name, "isRegex": false, "isEqual": true }],
            "startsAt": now.to_rfc3339(), "endsAt": (now + chrono::Duration::hours(1)).to_rfc3339(),
            "createdBy": "tests", "comment": "planned work"
        });
        let sent = self.http.post(format!("{}/api/v2/silences", self.url)).json(&silence).send().await.expect("Alertmanager answers");
        assert!(sent.status().is_success(), "{}", sent.text().await.unwrap_or_default());
    }

    /// Waits until this alert is in that state, such as `suppressed`; `None`: until it is not listed.
    pub async fn lists(&self, name: &str, instance: &str, state: Option<&str>) {
        eventually("Alertmanager lists the alert so", Duration::from_secs(30), async || {
            let listed: Value = self.http.get(format!("{}/api/v2/alerts", self.url)).send().await.ok()?.json().await.ok()?;
            let mut alerts = listed.as_array()?.iter();
            let found = alerts.find(|alert| alert["labels"]["alertname"] == name && alert["labels"]["instance"] == instance);
            (found.and_then(|alert| alert["status"]["state"].as_str()) == state).then_some(())
        })
        .await;
    }

    /// An alert fires that says since when, and until when if it is not repeated.
    pub async fn fire_between(&self, name: &str, instance: &str, from: Timestamp, until: Timestamp) {
        self.post(json!([{
            "labels": { "alertname": name, "instance": instance, "severity": "critical" },
            "annotations": { "summary": format!("{name} on {instance}") },
            "startsAt": from.to_rfc3339(), "endsAt": until.to_rfc3339()
        }]))
        .await;
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
        let now = SystemClock.now().to_rfc3339();
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

fn run(folder: &Path, port: u16, cluster: &Cluster) -> Child {
    let log = File::create(folder.join("log")).expect("the folder can be written");
    let member = cluster.own.map(|port| format!("127.0.0.1:{port}")).unwrap_or_default();
    let mut command = Command::new(PROGRAM);
    if let Some(peer) = cluster.peer {
        command.arg(format!("--cluster.peer=127.0.0.1:{peer}"));
    }
    command
        .arg(format!("--config.file={}", folder.join("alertmanager.yml").display()))
        .arg(format!("--storage.path={}", folder.display()))
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        .arg(format!("--cluster.listen-address={member}"))
        .arg("--cluster.peer-timeout=2s")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .expect("Alertmanager is needed for the tests: `apt-get install prometheus-alertmanager`")
}

/// Alerts of one name belong together. Everything is as quick as Alertmanager lets it be.
fn configuration(muster: &str, secret: &str, setup: &Setup) -> String {
    let inhibition = setup
        .inhibited_by
        .map(|name| format!("inhibit_rules:\n- source_matchers: ['alertname = {name}']\n  target_matchers: ['alertname != {name}']\n"));
    format!(
        "route:\n  receiver: muster\n  group_by: [alertname]\n  group_wait: 10ms\n  group_interval: 200ms\n  repeat_interval: 1s\n\
         receivers:\n- name: muster\n  webhook_configs:\n  - url: {muster}/hooks/alertmanager\n    send_resolved: true\n    \
         max_alerts: {}\n    http_config:\n      authorization:\n        type: Bearer\n        credentials: {secret}\n{}",
        setup.max_alerts,
        inhibition.unwrap_or_default()
    )
}
