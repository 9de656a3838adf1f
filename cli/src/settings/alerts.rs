//! Where alerts come from: what levels mean, what is asked for the alerts that it did not tell of, and the sources that the team named.

use std::collections::BTreeMap;
use std::sync::Arc;

use api::AlertSource;
use api::alert_sources::{self, KINDS, Kind, Mapping, Topic};
use domain::heartbeats;
use domain::limits::SOURCE_SILENT_MINUTES;
use domain::playbook::file::parse_duration;
use domain::zone::Zone;
use entity::Severity;
use worker::outlets::client::base_url;
use worker::outlets::webhook;

use super::mail_alerts::mail_rules;
use super::{Secret, Source};

/// The table of sources.
pub(super) const SOURCES: &str = "alerts.sources";
/// Characters of a source's name: it is part of an address, and of what people read.
const NAME_CHARS: usize = 40;
/// The source of Alertmanager's hook, whose alerts are compared with what Alertmanager lists.
const RESERVED: &str = "alertmanager";

/// Every Alertmanager that notifies us.
pub fn alertmanagers(source: &mut Source<'_>) -> Option<Secret> {
    let text = source.text("alerts.alertmanager_url")?;
    if let Err(problem) = worker::alerts::addresses(&text) {
        source.problem("alerts.alertmanager_url", problem);
    }
    Some(Secret(text))
}

/// A source that is asked which of its alerts fire.
#[derive(Clone, Debug)]
pub struct Monitored {
    /// Where; may hold a password.
    pub url: Secret,
    /// What it is shown, if it is Grafana.
    pub token: Option<Secret>,
}

/// The sources that are asked, by their names.
pub fn monitored(source: &mut Source<'_>) -> BTreeMap<String, Monitored> {
    let names = source.names_in(SOURCES);
    names.into_iter().filter_map(|name| asked(source, &name).map(|monitored| (name, monitored))).collect()
}

fn asked(source: &mut Source<'_>, name: &str) -> Option<Monitored> {
    let at = |field: &str| format!("{SOURCES}.{name}.{field}");
    let (kind, url) = (source.filled(&at("kind")), source.filled(&at("url")).map(Secret));
    let token = source.filled(&at("token")).map(Secret);
    let Some(url) = url else {
        if token.is_some() {
            source.problem(&at("token"), "is for url, which is not set: where Grafana is, such as https://grafana.example.org");
        }
        return None;
    };
    let is_grafana = kind.as_deref() == Some("grafana");
    let addresses = match kind.as_deref() {
        Some("grafana") => worker::alerts::grafana_address(&url.0),
        Some("alertmanager") => worker::alerts::addresses(&url.0),
        _ => Err("has no use for this kind: only alertmanager and grafana can be asked which alerts fire".to_owned()),
    };
    if let Err(problem) = addresses {
        source.problem(&at("url"), problem);
    }
    if name == RESERVED && source.filled("alerts.alertmanager_url").is_some() {
        source.problem(&at("url"), "can't be set together with alerts.alertmanager_url: both are about the alerts of this source");
    }
    match token {
        None if is_grafana => source.problem(&at("token"), "is needed with url: that of a service account that may read alerts"),
        Some(_) if !is_grafana => source.problem(&at("token"), "has no use for this kind: only grafana is shown one"),
        _ => {}
    }
    Some(Monitored { url, token })
}

/// What levels mean; written as `critical=CRITICAL, error=MAJOR`.
pub fn levels(source: &mut Source<'_>, key: &str) -> Option<BTreeMap<String, Severity>> {
    let text = source.text(key)?;
    let mut levels = BTreeMap::new();
    for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
        let severity = |name: &str| Severity::ALL.iter().copied().find(|severity| severity.as_str() == name);
        match pair.split_once('=').and_then(|(label, name)| Some((label.trim().to_lowercase(), severity(name.trim())?))) {
            Some((label, severity)) => drop(levels.insert(label, severity)),
            None => {
                source.problem(key, format_args!("must be pairs such as critical=CRITICAL, error=MAJOR; `{pair}` is not one"));
            }
        }
    }
    Some(levels)
}

/// The sources, by their names.
pub fn sources(source: &mut Source<'_>) -> BTreeMap<String, Arc<AlertSource>> {
    let names = source.names_in(SOURCES);
    names.into_iter().filter_map(|name| one(source, &name).map(|found| (name, Arc::new(found)))).collect()
}

fn one(source: &mut Source<'_>, name: &str) -> Option<AlertSource> {
    let at = |field: &str| format!("{SOURCES}.{name}.{field}");
    let given = source.filled(&at("kind"));
    let kind = given.as_deref().and_then(alert_sources::kind);
    let is_plain = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte));
    if !is_plain || name.len() > NAME_CHARS {
        source.problem(
            &at("kind"),
            format_args!("must be that of a source named by at most {NAME_CHARS} lower-case letters, digits, - and _, a letter first"),
        );
    }
    if name == RESERVED && kind.is_some_and(|kind| kind.name != RESERVED) {
        source.problem(&at("kind"), format_args!("must be {RESERVED} for a source of this name: give it another name"));
    }
    if name == heartbeats::SOURCE {
        source.problem(&at("kind"), "must be that of a source with another name: this one is that of Muster's own heartbeats");
    }
    if kind.is_none() {
        let names = KINDS.iter().map(|kind| kind.name).collect::<Vec<_>>().join(", ");
        source.problem(&at("kind"), format_args!("must be one of {names}"));
    }
    // Everything is read, even if nothing comes of it: what is not read counts as unknown.
    let read = AlertSource {
        name: Some(name.to_owned()),
        secret: source.secret(&at("secret")).map(|secret| secret.0),
        signing_secret: source.secret(&at("signing_secret")).map(|secret| secret.0),
        levels: levels(source, &at("levels")),
        zone: zone(source, &at("zone")),
        map: mapping(source, &at("map")),
        mail: mail_rules(source, &at("mail")),
        topics: topics(source, &at("topics"), &at("sns_url")),
        silent_after: silent_after(source, &at("silent_after")),
        ..AlertSource::plain(kind.unwrap_or(&KINDS[0]))
    };
    let kind = kind?;
    for (field, problem) in problems(&read, kind) {
        source.problem(&at(field), problem);
    }
    // Levels of the team's own may be any words.
    if source.filled("alerts.levels").is_none() {
        for (level, number) in unknown_levels(&read, kind) {
            source.problem(
                &at(&format!("mail.{number}.level")),
                format_args!("is {level:?}, which means nothing: use critical, major or minor, or say in {} what it means", at("levels")),
            );
        }
    }
    Some(read)
}

/// The levels of rules for mails that would report nothing, and the numbers of the rules.
fn unknown_levels(read: &AlertSource, kind: &Kind) -> Vec<(String, usize)> {
    let is_known = |level: &String| match &read.levels {
        Some(levels) => levels.contains_key(&level.to_lowercase()),
        None => kind.words.iter().any(|(word, _)| level.eq_ignore_ascii_case(word)),
    };
    let levels = read.mail.iter().zip(1..).filter_map(|(rule, number)| Some((rule.level.clone()?, number)));
    levels.filter(|(level, _)| !is_known(level)).collect()
}

/// What a kind needs and lacks, and what is set that it has no use for.
fn problems(read: &AlertSource, kind: &Kind) -> Vec<(&'static str, String)> {
    let mut problems = Vec::new();
    let AlertSource { secret, signing_secret, levels, map, mail, topics, .. } = read;
    let docs = kind.docs;
    if secret.is_none() && kind.takes_address() && !kind.takes_header() && !kind.has_topics() {
        problems.push(("secret", format!("is needed: {} can show nothing but its address, which ends with it ({docs})", kind.name)));
    }
    if secret.as_deref().is_some_and(|secret| kind.takes_address() && !secret.bytes().all(is_of_address)) {
        problems.push(("secret", "must have letters, digits, - and _ only: it may be part of the address".to_owned()));
    }
    match signing_secret.as_deref() {
        None if kind.signs() && !kind.takes_header() => {
            problems.push(("signing_secret", format!("is needed: {} proves itself by its signature ({docs})", kind.name)));
        }
        Some(_) if !kind.signs() => problems.push(("signing_secret", format!("has no use for {}, which signs nothing", kind.name))),
        Some(given) if kind.name == "standard-webhooks" => {
            problems.extend(webhook::key(given).err().map(|problem| ("signing_secret", problem)));
        }
        _ => {}
    }
    let maps = matches!(kind.name, "json" | "standard-webhooks");
    if !maps && *map != Mapping::default() {
        problems.push(("map.title", format!("has no use for {}: only json and standard-webhooks have a mapping", kind.name)));
    }
    if map.title.is_none() && (kind.name == "json" || (maps && *map != Mapping::default())) {
        problems.push(("map.title", format!("is needed: it says where the title is, such as /job/name ({docs})")));
    }
    let names_own_word = levels.as_ref().is_none_or(|levels| kind.words.iter().any(|(word, _)| levels.contains_key(*word)));
    if map.title.is_some() && map.severity.is_none() && maps && !names_own_word {
        let words = kind.words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
        problems.push(("map.severity", format!("is needed with levels: without it the level is always {words}, which they don't name")));
    }
    if !mail.is_empty() && kind.name != "mail" {
        problems.push(("mail", format!("has no use for {}: only a source of kind mail has rules for mails", kind.name)));
    }
    if kind.has_topics() == topics.is_empty() {
        let what = if topics.is_empty() {
            "are needed: ARNs of the topics that may post, separated by commas"
        } else {
            "have no use for this kind"
        };
        problems.push(("topics", what.to_owned()));
    }
    problems
}

fn is_of_address(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

fn zone(source: &mut Source<'_>, key: &str) -> Option<Zone> {
    let zone = Zone::named(&source.filled(key)?);
    if zone.is_none() {
        source.problem(key, "must be a time zone such as Europe/London");
    }
    zone
}

/// After which silence of a source an alarm is raised.
fn silent_after(source: &mut Source<'_>, key: &str) -> Option<chrono::Duration> {
    let (least, most) = (*SOURCE_SILENT_MINUTES.start(), *SOURCE_SILENT_MINUTES.end());
    match parse_duration(&source.filled(key)?) {
        Ok(span) if SOURCE_SILENT_MINUTES.contains(&span.num_minutes()) => return Some(span),
        Ok(_) => source.problem(key, format_args!("must be between {least}m and {}d", most / (24 * 60))),
        Err(_) => source.problem(key, "must be a duration such as 30m, 6h or 7d"),
    }
    None
}

fn mapping(source: &mut Source<'_>, key: &str) -> Mapping {
    let mut pointer = |name: &str| {
        let key = format!("{key}.{name}");
        let pointer = source.text(&key)?.trim().to_owned();
        if !pointer.is_empty() && !pointer.starts_with('/') {
            source.problem(&key, "must be a JSON pointer such as /job/name, or empty for all of it");
        }
        Some(pointer)
    };
    let (alerts, title, fingerprint) = (pointer("alerts"), pointer("title"), pointer("fingerprint"));
    let (description, state, severity) = (pointer("description"), pointer("state"), pointer("severity"));
    let (starts_at, ends_at) = (pointer("starts_at"), pointer("ends_at"));
    let (group, link) = (pointer("group"), pointer("link"));
    let ended = source.filled(&format!("{key}.ended")).unwrap_or_default();
    let ended = ended.split(',').map(|word| word.trim().to_lowercase()).filter(|word| !word.is_empty()).collect();
    let of_labels = format!("{key}.labels");
    let mut labels = BTreeMap::new();
    for name in source.names_in(&of_labels) {
        let key = format!("{of_labels}.{name}");
        let Some(pointer) = source.text(&key) else { continue };
        if !pointer.starts_with('/') {
            source.problem(&key, "must be a JSON pointer such as /job/region");
        }
        labels.insert(name, pointer);
    }
    Mapping { alerts, title, fingerprint, description, state, ended, starts_at, ends_at, severity, group, link, labels }
}

fn topics(source: &mut Source<'_>, key: &str, host_key: &str) -> Vec<Topic> {
    let host = source.filled(host_key).map(|text| base_url(&text));
    if let Some(Err(problem)) = &host {
        source.problem(host_key, problem);
    }
    let host = host.and_then(Result::ok);
    let text = source.filled(key).unwrap_or_default();
    let mut topics = Vec::new();
    for arn in text.split(',').map(str::trim).filter(|arn| !arn.is_empty()) {
        match Topic::read(arn, host.as_ref()) {
            Ok(topic) => topics.push(topic),
            Err(problem) => source.problem(key, problem),
        }
    }
    topics
}

#[cfg(test)]
mod tests {
    use crate::settings::{Settings, Source};

    const SECRET: &str = "hunter2-hunter2-hunter2";

    fn read(settings: &str) -> Result<Settings, Vec<String>> {
        Settings::of_file(&settings.replace("SECRET", SECRET))
    }

    fn problem(of_source: &str) -> String {
        let problems = read(&format!("[alerts.sources.ours]\n{of_source}")).unwrap_err();
        assert!(problems.iter().all(|problem| !problem.contains("hunter2")), "{problems:?}");
        problems.join("\n")
    }

    #[test]
    fn several_sources_of_one_kind_have_names() {
        let file = "[alerts.sources.grafana]\nkind = 'grafana'\nsecret = 'SECRET'\nlevels = 'page=CRITICAL'\n\
                    [alerts.sources.grafana-2]\nkind = 'grafana'\nsigning_secret = 'SECRET'\nzone = 'Europe/London'\nsilent_after = '6h'\n\
                    [alerts.sources.pd]\nkind = 'pagerduty'\nsigning_secret = 'SECRET'";
        let sources = read(file).unwrap().alert_sources;
        assert_eq!(sources.keys().collect::<Vec<_>>(), ["grafana", "grafana-2", "pd"]);
        assert_eq!((&sources["grafana"].kind.name, sources["grafana"].levels.as_ref().unwrap().len()), (&"grafana", 1));
        assert!(sources["grafana-2"].zone.is_some() && sources["grafana-2"].secret.is_none());
        assert_eq!(sources["grafana-2"].silent_after, Some(chrono::Duration::hours(6)));
        assert!(!format!("{sources:?}").contains("hunter2"));
    }

    #[test]
    fn a_source_can_be_set_by_the_environment() {
        let environment = [("KIND", "statuscake"), ("SECRET", SECRET)]
            .map(|(name, value)| (format!("MUSTER_ALERTS__SOURCES__STATUS_CAKE__{name}"), value.to_owned()));
        let settings = Source::read("muster.toml", "", &environment.into_iter().collect(), Settings::from_source).unwrap();
        assert_eq!(settings.alert_sources["status_cake"].secret.as_deref(), Some(SECRET));
    }

    #[test]
    fn alertmanager_and_grafana_can_be_asked_which_alerts_fire() {
        let file = "[alerts.sources.am]\nkind = 'alertmanager'\nurl = 'http://muster:hunter2@10.0.0.1:9093'\n\
                    [alerts.sources.grafana]\nkind = 'grafana'\nurl = 'https://grafana.example.org'\ntoken = 'glsa_hunter2'";
        let settings = read(file).unwrap();
        assert_eq!(settings.monitored.keys().collect::<Vec<_>>(), ["am", "grafana"]);
        assert!(!format!("{settings:?}").contains("hunter2"));
    }

    #[test]
    fn your_own_source_is_five_lines() {
        let file = "[alerts.sources.backups]\nkind = 'json'\nsecret = 'SECRET'\nlevels = '1=CRITICAL'\n\
                    map = { title = '/job/name', state = '/status', ended = 'OK, Fixed', severity = '/priority', labels = { region = '/region' } }";
        let settings = read(file).unwrap();
        let map = &settings.alert_sources["backups"].map;
        assert_eq!((map.title.as_deref(), &map.ended), (Some("/job/name"), &vec!["ok".to_owned(), "fixed".to_owned()]));
        assert_eq!(map.labels["region"], "/region");
    }

    #[test]
    fn what_a_source_lacks_is_said_with_its_key() {
        for (settings, expected) in [
            ("secret = 'SECRET'", "alerts.sources.ours.kind (MUSTER_ALERTS__SOURCES__OURS__KIND) must be one of alertmanager, "),
            ("kind = 'jira'", "must be one of alertmanager, "),
            ("kind = 'pagerduty'", "alerts.sources.ours.signing_secret"),
            ("kind = 'pagerduty'\nsigning_secret = 'hunter2'", "must have at least 16 characters"),
            ("kind = 'statuscake'", "alerts.sources.ours.secret"),
            ("kind = 'statuscake'\nsecret = 'SECRET/SECRET'", "must have letters, digits, - and _ only"),
            ("kind = 'opsgenie'\nsigning_secret = 'SECRET'", "has no use for opsgenie"),
            ("kind = 'standard-webhooks'\nsigning_secret = 'SECRET'", "must be whsec_"),
            ("kind = 'json'", "alerts.sources.ours.map.title"),
            ("kind = 'json'\nmap = { title = 'name' }", "must be a JSON pointer"),
            ("kind = 'json'\nmap = { title = '/n', colour = '/c' }", "unknown setting `alerts.sources.ours.map.colour`"),
            ("kind = 'json'\nlevels = '1=CRITICAL'\nmap = { title = '/n' }", "alerts.sources.ours.map.severity"),
            ("kind = 'grafana'\nmap = { title = '/n' }", "has no use for grafana"),
            ("kind = 'grafana'\nzone = 'Moon'", "must be a time zone"),
            ("kind = 'cloudwatch'", "alerts.sources.ours.topics"),
            ("kind = 'cloudwatch'\ntopics = 'alarms'", "must be ARNs of topics"),
            ("kind = 'cloudwatch'\ntopics = 'arn:aws:sns:eu-west-1:1:t'\nsns_url = 'http://example.org'", "alerts.sources.ours.sns_url"),
            ("kind = 'grafana'\nlevels = 'x'", "alerts.sources.ours.levels"),
            ("kind = 'grafana'\nmail = [{ from = '*', subject = '*', means = 'ignore' }]", "only a source of kind mail has rules"),
            (
                "kind = 'mail'\nsecret = 'SECRET'\nmail = [{ from = '*', subject = '{id} down', means = 'fires', level = 'critcal' }]",
                "alerts.sources.ours.mail.1.level",
            ),
            ("kind = 'pagerduty'\nsigning_secret = 'SECRET'\nurl = 'https://x.example'", "only alertmanager and grafana can be asked"),
            ("kind = 'grafana'\nurl = 'http://hunter2.example'\ntoken = 'hunter2'", "alerts.sources.ours.url"),
            ("kind = 'grafana'\nurl = 'https://x.example'", "alerts.sources.ours.token"),
            ("kind = 'grafana'\ntoken = 'hunter2'", "is for url, which is not set"),
            ("kind = 'alertmanager'\nurl = 'http://x.example'\ntoken = 'hunter2'", "only grafana is shown one"),
            ("kind = 'grafana'\nsilent_after = 'soon'", "must be a duration such as 30m"),
            ("kind = 'grafana'\nsilent_after = '4m'", "must be between 5m and 366d"),
            ("kind = 'grafana'\nsecert = 'SECRET'", "did you mean `alerts.sources.ours.secret`?"),
        ] {
            let said = problem(settings);
            assert!(said.contains(expected), "{settings}: {said}");
        }
        for name in ["Ours", "'a b'", "9", "alertmanager", "heartbeat"] {
            assert!(read(&format!("[alerts.sources.{name}]\nkind = 'grafana'")).is_err(), "{name}");
        }
        assert!(read("[alerts.sources.alertmanager]\nkind = 'alertmanager'").is_ok());
        let twice = "[alerts]\nalertmanager_url = 'http://a'\n[alerts.sources.alertmanager]\nkind = 'alertmanager'\nurl = 'http://b'";
        assert!(read(twice).unwrap_err()[0].starts_with("alerts.sources.alertmanager.url"));
        assert!(read("[alerts.sources.ours]\nkind = 'json'\nlevels = 'alert=MINOR'\nmap = { title = '/n' }").is_ok());
        assert!(read("[alerts.sources.sns]\nkind = 'cloudwatch'\ntopics = 'arn:aws:sns:eu-west-1:1:a, arn:aws:sns:eu-west-1:1:b'").is_ok());
    }
}
