//! Rules for alerts: what becomes of one, by where it comes from and what it says (S8, R18). Pure.
//!
//! The first rule that takes an alert decides about it; where none does, its level does. Called by `alerts::verdict`, which knows the
//! sites, by the console's editor, and by `muster alerts try`. The file is read by [`super::file`]; what is odd about rules that can be
//! read is said by [`AlertRules::contradictions`].

use std::collections::BTreeMap;
use std::fmt;

use entity::{Severity, SiteId};
use serde_json::Value;

use super::glob::{Pattern, folded};
use crate::alerts::Alarm;
use crate::limits;

/// The rules, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlertRules {
    /// The first that takes an alert decides.
    pub rules: Vec<AlertRule>,
}

/// One of them. A condition that is empty takes everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertRule {
    /// For people; each has its own.
    pub name: String,
    /// The line of the file where it begins.
    pub line: Option<usize>,
    /// Any of these sources.
    pub source: Vec<Pattern>,
    /// All of these labels, each with any of its values; the names are in lower case.
    pub labels: BTreeMap<String, Vec<Pattern>>,
    /// Any of these titles.
    pub title: Vec<Pattern>,
    /// Any of these sites.
    pub site: Vec<Place>,
    /// What becomes of the alert.
    pub then: Then,
    /// What it counts as, whatever its level says.
    pub severity: Option<Severity>,
    /// Whether it pages somebody at any hour, or waits for the morning; without it, what the playbook says of its severity.
    pub page: Option<bool>,
}

/// A site of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// No site is known for the alert.
    Unknown,
    /// By its name, or one of its hosts.
    Named(Pattern),
}

/// What becomes of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// It opens an incident, unless one runs for it.
    Report,
    /// It joins what runs for it, and never opens an incident.
    Join,
    /// It is remembered, and nobody hears of it.
    Record,
    /// It is not even remembered.
    Ignore,
}

/// A site, as rules name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteNamed {
    /// Its id.
    pub id: SiteId,
    /// Its name.
    pub name: String,
    /// Its hosts.
    pub hosts: Vec<String>,
}

/// What a rule sees of an alert.
#[derive(Clone, Copy, Debug)]
pub struct Sighting<'a> {
    /// Where it comes from.
    pub source: &'a str,
    /// What its source says.
    pub alarm: &'a Alarm,
    /// The sites that it is about.
    pub sites: &'a [SiteNamed],
}

/// What becomes of an alert, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict<'a> {
    /// The rule that decides; none if the alert's level does.
    pub rule: Option<&'a AlertRule>,
    /// What becomes of it.
    pub then: Then,
    /// How bad it is; `None` if it warrants no report.
    pub severity: Option<Severity>,
    /// Whether it pages somebody, if the rule says so.
    pub page: Option<bool>,
}

/// A sighting as patterns compare it.
struct Folded {
    source: String,
    title: String,
    /// Each label with its values.
    labels: Vec<(String, Vec<String>)>,
    /// The names of its sites, and their hosts.
    sites: Vec<String>,
}

impl Then {
    /// All of them, in the order of what people hear.
    pub const ALL: [Self; 4] = [Self::Report, Self::Join, Self::Record, Self::Ignore];

    /// As the file writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Report => "report",
            Self::Join => "join",
            Self::Record => "record",
            Self::Ignore => "ignore",
        }
    }

    /// Whether people hear of the alert.
    pub fn is_heard(self) -> bool {
        match self {
            Self::Report | Self::Join => true,
            Self::Record | Self::Ignore => false,
        }
    }
}

impl fmt::Display for Then {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl AlertRules {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Whether deciding takes the sites of an alert.
    pub fn asks_for_sites(&self) -> bool {
        self.rules.iter().any(|rule| !rule.site.is_empty() || rule.then == Then::Join)
    }

    /// The place of the rule that takes an alert.
    pub fn place_of(&self, sighting: &Sighting<'_>) -> Option<usize> {
        if self.rules.is_empty() {
            return None;
        }
        let folded = Folded::of(sighting);
        self.rules.iter().position(|rule| rule.takes(&folded))
    }

    /// What becomes of an alert.
    pub fn verdict(&self, sighting: &Sighting<'_>) -> Verdict<'_> {
        self.verdict_by(self.place_of(sighting), sighting.alarm.severity)
    }

    /// What the rule at `place`, if any, makes of an alert with this level.
    pub fn verdict_by(&self, place: Option<usize>, level: Option<Severity>) -> Verdict<'_> {
        let Some(rule) = place.and_then(|place| self.rules.get(place)) else {
            return Verdict { rule: None, then: Then::Report, severity: level, page: None };
        };
        let severity = match rule.then {
            Then::Report => rule.severity.or(level).or(Some(Severity::Minor)),
            Then::Join => rule.severity.or(level),
            Then::Record | Then::Ignore => None,
        };
        Verdict { rule: Some(rule), then: rule.then, severity, page: rule.page }
    }
}

impl AlertRule {
    fn takes(&self, seen: &Folded) -> bool {
        let any = |patterns: &[Pattern], text: &str| patterns.is_empty() || patterns.iter().any(|pattern| pattern.takes(text));
        let has = |name: &str, wanted: &[Pattern]| {
            let mut values = seen.labels.iter().filter(|(label, _)| label == name).flat_map(|(_, values)| values);
            values.any(|value| any(wanted, value))
        };
        let is_there = |place: &Place| match place {
            Place::Unknown => seen.sites.is_empty(),
            Place::Named(pattern) => seen.sites.iter().any(|site| pattern.takes(site)),
        };
        any(&self.source, &seen.source)
            && any(&self.title, &seen.title)
            && self.labels.iter().all(|(name, wanted)| has(name, wanted))
            && (self.site.is_empty() || self.site.iter().any(is_there))
    }
}

impl Folded {
    fn of(Sighting { source, alarm, sites }: &Sighting<'_>) -> Self {
        let labels = alarm.labels.get("labels").and_then(Value::as_object);
        let label = |(name, value): (&String, &Value)| (folded(name), values(value));
        let named = |site: &SiteNamed| std::iter::once(&site.name).chain(&site.hosts).map(|text| folded(text)).collect::<Vec<_>>();
        Self {
            source: folded(source),
            title: folded(&alarm.title),
            labels: labels.into_iter().flatten().map(label).collect(),
            sites: sites.iter().flat_map(named).collect(),
        }
    }
}

/// The values of a label: one, or those of a list. Of a long one, only the beginning is compared.
fn values(value: &Value) -> Vec<String> {
    let text = |value: &Value| match value {
        Value::String(text) => Some(folded(&text[..text.floor_char_boundary(limits::RULE_VALUE_BYTES)])),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(is) => Some(is.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    };
    match value {
        Value::Array(items) => items.iter().filter_map(text).collect(),
        value => text(value).into_iter().collect(),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    pub(in crate::playbook) fn rules(text: &str) -> AlertRules {
        AlertRules::read(text).unwrap_or_else(|problems| panic!("{problems:#?}"))
    }

    fn alarm(title: &str, labels: &Value, severity: Option<Severity>) -> Alarm {
        Alarm {
            fingerprint: "f".to_owned(),
            title: title.to_owned(),
            description: None,
            firing: true,
            starts_at: None,
            ends_at: None,
            labels: json!({ "labels": labels }),
            links: Vec::new(),
            severity,
        }
    }

    fn site(name: &str, host: &str) -> SiteNamed {
        SiteNamed { id: SiteId(Uuid::from_u128(1)), name: name.to_owned(), hosts: vec![host.to_owned()] }
    }

    #[test]
    fn the_first_rule_that_takes_an_alert_decides() {
        let rules = rules(
            r#"
            [[alerts.rules]]
            name = "backups of stage"
            source = ["grafana", "prom-*"]
            labels = { AlertName = "Backup*", env = ["stage", "test"] }
            then = "ignore"
            [[alerts.rules]]
            name = "backups"
            title = ["*backup*", "*restore*"]
            then = "record"
            [[alerts.rules]]
            name = "the shop"
            site = ["Shop", "*.shop.example"]
            then = "report"
            severity = "critical"
            page = true
            [[alerts.rules]]
            name = "nobody's"
            site = "none"
            then = "join"
            "#,
        );
        let shop = [site("shop", "shop.example")];
        let api = [site("API", "api.shop.example")];
        let other = [site("Blog", "blog.example")];
        let stage = json!({ "alertname": "BackupFailed", "env": "Stage" });
        for (source, title, labels, sites, expected) in [
            ("Grafana", "Backup failed", stage.clone(), &other[..], Some("backups of stage")),
            ("prom-1", "Backup failed", stage.clone(), &other, Some("backups of stage")),
            ("zabbix", "Backup failed", stage.clone(), &other, Some("backups")),
            ("zabbix", "Failed", stage, &other, None),
            ("grafana", "Failed", json!({ "alertname": "Backup", "env": ["live", "test"] }), &other, Some("backups of stage")),
            ("grafana", "Failed", json!({ "alertname": "Backup" }), &other, None),
            ("grafana", "Failed", json!({ "alertname": "Backup", "env": null }), &other, None),
            ("grafana", "RESTORE fails", json!({}), &shop, Some("backups")),
            ("grafana", "Down", json!({}), &shop, Some("the shop")),
            ("grafana", "Down", json!({}), &api, Some("the shop")),
            ("grafana", "Down", json!({}), &[], Some("nobody's")),
        ] {
            let alarm = alarm(title, &labels, Some(Severity::Major));
            let verdict = rules.verdict(&Sighting { source, alarm: &alarm, sites });
            assert_eq!(verdict.rule.map(|rule| &*rule.name), expected, "{source} {title} {labels}");
        }
    }

    #[test]
    fn what_an_alert_counts_as_follows_from_the_rule_then_from_its_level() {
        let file = |then: &str| format!("[[alerts.rules]]\nname = 'x'\ntitle = 'down'\nthen = {then}\n");
        let (major, minor) = (Some(Severity::Major), Some(Severity::Minor));
        for (then, level, severity) in [
            ("'report'", major, major),
            ("'report'", None, minor),
            ("'report'\nseverity = 'trivial'", major, Some(Severity::Trivial)),
            ("'join'", major, major),
            ("'join'", None, None),
            ("'join'\nseverity = 'minor'", None, minor),
            ("'record'", major, None),
            ("'ignore'", major, None),
        ] {
            let rules = rules(&file(then));
            let alarm = alarm("Down", &json!({}), level);
            assert_eq!(rules.verdict(&Sighting { source: "s", alarm: &alarm, sites: &[] }).severity, severity, "{then} {level:?}");
        }
        let none = AlertRules::default();
        let verdict = none.verdict_by(None, major);
        assert_eq!((verdict.rule, verdict.then, verdict.severity, verdict.page), (None, Then::Report, major, None));
    }

    #[test]
    fn a_verdict_on_a_level_that_was_judged_is_the_same() {
        let rules = rules("[[alerts.rules]]\nname = 'x'\ntitle = 'a'\nthen = 'report'\n");
        for place in [None, Some(0)] {
            for level in [None, Some(Severity::Critical)] {
                let once = rules.verdict_by(place, level);
                assert_eq!(rules.verdict_by(place, once.severity), once);
            }
        }
    }

    #[test]
    fn numbers_count_as_text_and_of_a_long_value_the_beginning_is_compared() {
        let rules = rules("[[alerts.rules]]\nname = 'x'\nlabels = { code = '50*', log = 'begin*' }\nthen = 'record'\n");
        let long = format!("Begin {}", "é".repeat(limits::RULE_VALUE_BYTES));
        let alarm = alarm("Down", &json!({ "code": 503, "log": long }), None);
        assert!(rules.verdict(&Sighting { source: "s", alarm: &alarm, sites: &[] }).rule.is_some());
    }
}
