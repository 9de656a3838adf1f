//! Settings that nobody knows: a slip of the pen must not leave Muster without its mail server.

use std::collections::BTreeSet;

use super::source::{Environment, PREFIX, variable};

/// Variables of the same prefix that are not settings: what names the file, what clients of the API and our tests read.
const OTHERS: [&str; 17] = [
    "MUSTER_ALARMS",
    "MUSTER_CONFIG",
    "MUSTER_TOKEN",
    "MUSTER_URL",
    "MUSTER_CONTRACTS",
    "MUSTER_INCIDENT",
    "MUSTER_KNOWN",
    "MUSTER_PG_BIN",
    "MUSTER_PRISM_TRELLO",
    "MUSTER_PRISM_ZENDESK",
    "MUSTER_ROLLING",
    "MUSTER_SEARCH",
    "MUSTER_SLACK_RATE",
    "MUSTER_STALE",
    "MUSTER_STORM",
    "MUSTER_TEST_LOG",
    "MUSTER_TEST_SMTP_URL",
];

/// How alike a known setting must be to be proposed, of 1.
const ALIKE: f64 = 0.65;

/// Problems with keys of the file.
pub(super) fn keys<'a>(file: &str, given: impl Iterator<Item = &'a String>, known: &BTreeSet<String>) -> Vec<String> {
    let unknown = given.filter(|key| !known.contains(*key));
    unknown.map(|key| format!("unknown setting `{key}` in {file}; {}", hint(key, known, |likely| format!("`{likely}`")))).collect()
}

/// Problems with variables of the environment.
pub(super) fn variables(environment: &Environment, known: &BTreeSet<String>) -> Vec<String> {
    let settings: BTreeSet<String> = known.iter().map(|key| variable(key)).collect();
    let mut problems = Vec::new();
    for (name, value) in environment {
        let key = name.strip_prefix(PREFIX).unwrap_or(name).to_lowercase().replace("__", ".");
        if settings.contains(name) || OTHERS.contains(&name.as_str()) || is_of_kubernetes(name, value) {
            continue;
        }
        problems.push(format!("unknown setting {name}; {}", hint(&key, known, variable)));
    }
    problems
}

/// What was probably meant, or where to look.
fn hint(key: &str, known: &BTreeSet<String>, shown: impl Fn(&str) -> String) -> String {
    let likeness = |other: &String| strsim::normalized_damerau_levenshtein(key, other);
    let likely = known.iter().max_by(|one, other| likeness(one).total_cmp(&likeness(other))).filter(|likely| likeness(likely) >= ALIKE);
    likely.map_or_else(|| "muster.example.toml has them all.".to_owned(), |likely| format!("did you mean {}?", shown(likely)))
}

/// Kubernetes gives every container variables that say where the services of its namespace are, named after them. One called `muster`
/// gives `MUSTER_SERVICE_HOST`, `MUSTER_PORT=tcp://…`, `MUSTER_PORT_8080_TCP_ADDR` and more.
fn is_of_kubernetes(name: &str, value: &str) -> bool {
    let is_address = ["tcp://", "udp://", "sctp://"].iter().any(|scheme| value.starts_with(scheme));
    name.ends_with("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT")
        || (name.ends_with("_PORT") && is_address)
        || (name.contains("_PORT_") && ["_TCP", "_UDP", "_SCTP"].iter().any(|protocol| name.contains(protocol)))
}
