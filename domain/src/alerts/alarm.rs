//! What a source says about its alerts, and what became of it.

use std::ops::AddAssign;

use entity::{IncidentId, Severity, Timestamp};
use url::Url;

use super::episode::Identity;
use crate::limits;

/// Characters of a host's name (RFC 1035).
const HOST_CHARS: usize = 253;

/// One alert as reported by its source.
#[derive(Clone, Debug)]
pub struct Alarm {
    /// Its identity at the source.
    pub fingerprint: String,
    /// Title for people.
    pub title: String,
    /// What else is known, for people.
    pub description: Option<String>,
    /// Whether it is firing.
    pub firing: bool,
    /// When it started firing, as the source says and by the source's clock.
    pub starts_at: Option<Timestamp>,
    /// When it ended, in the same way. The same as its start if the source tells of an end alone.
    pub ends_at: Option<Timestamp>,
    /// A JSON object of names and values.
    pub labels: serde_json::Value,
    /// The addresses of what it is about ([`links`]), as far as its source says so outside its labels: web pages and hosts, but not those of
    /// the source itself.
    pub links: Vec<String>,
    /// How bad the source thinks it is; `None` if it does not warrant a report of its own.
    pub severity: Option<Severity>,
}

impl Alarm {
    /// Whether all that its source says is that it is over, and since when.
    pub fn is_end_alone(&self) -> bool {
        !self.firing && self.ends_at.is_some() && self.starts_at == self.ends_at
    }
}

/// One notification from a source.
#[derive(Clone, Debug)]
pub struct Alarms {
    /// The hook, e.g. `alertmanager`.
    pub source: String,
    /// Identifies what belongs together at the source.
    pub group_key: String,
    /// What tells the firings of one alert apart.
    pub identity: Identity,
    /// The alerts.
    pub alerts: Vec<Alarm>,
    /// How many more alerts the source left out.
    pub truncated: u64,
}

/// What became of a notification.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// The incident that the alerts belong to.
    pub incident: Option<IncidentId>,
    /// Alerts that were not known before.
    pub new: usize,
    /// Known alerts that have ended.
    pub ended: usize,
    /// Alerts that were passed over, because there were too many.
    pub dropped: usize,
    /// Alarms that a rule of the playbook ignores.
    pub ignored: usize,
    /// Alarms that are recorded only, because a rule says so.
    pub recorded: usize,
    /// Alarms that are recorded only, because of a quiet window.
    pub quiet: usize,
    /// Alarms whose level is too low to open an incident, and for whose group none runs.
    pub too_low: usize,
    /// Alarms that a rule has only join what runs, and nothing ran.
    pub unjoined: usize,
    /// Ends of alerts that were not known to fire.
    pub not_firing: usize,
}

/// Adds what became of another notification of the same body.
impl AddAssign for Received {
    fn add_assign(&mut self, other: Self) {
        self.incident = other.incident.or(self.incident);
        self.new += other.new;
        self.ended += other.ended;
        self.dropped += other.dropped;
        self.ignored += other.ignored;
        self.recorded += other.recorded;
        self.quiet += other.quiet;
        self.too_low += other.too_low;
        self.unjoined += other.unjoined;
        self.not_firing += other.not_firing;
    }
}

/// Those of `candidates` that are web addresses or names of hosts, with their port where one is named: each once, the first
/// [`limits::ALERT_LINKS`].
pub fn links<'a>(candidates: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut links: Vec<String> = Vec::new();
    for candidate in candidates.into_iter().map(str::trim).filter(|text| is_address(text)) {
        if links.len() == limits::ALERT_LINKS {
            break;
        }
        if !links.iter().any(|known| known == candidate) {
            links.push(candidate.to_owned());
        }
    }
    links
}

fn is_address(text: &str) -> bool {
    if text.len() > limits::URL_CHARS {
        return false;
    }
    if text.contains("://") {
        return Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    }
    let host = text.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok()).map_or(text, |(host, _)| host);
    let is_known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    let is_name = host.bytes().all(is_known) && host.bytes().any(|byte| byte.is_ascii_alphabetic());
    is_name && host.trim_matches('.').contains('.') && host.len() <= HOST_CHARS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_is_about_web_pages_and_hosts_with_a_domain() {
        for good in ["https://shop.example.org/cart?x=1", "http://127.0.0.1:8080", "shop.example.org", "web-1.example.org:9100"] {
            assert_eq!(links([good]), [good]);
        }
        for bad in
            ["", "web1", "10.0.0.1:9100", "?orgId=1", "ftp://example.org", "shop.example.org is down", ".", "a:b.c", "prod.", "https://"]
        {
            assert_eq!(links([bad]), [""; 0], "{bad}");
        }
        assert_eq!(links([" a.example ", "b.example", "a.example"]), ["a.example", "b.example"]);
        let many: Vec<String> = (0..100).map(|number| format!("host{number}.example")).collect();
        assert_eq!(links(many.iter().map(String::as_str)).len(), limits::ALERT_LINKS);
        assert_eq!(links([&*format!("https://example.org/{}", "x".repeat(limits::URL_CHARS))]).len(), 0);
    }
}
