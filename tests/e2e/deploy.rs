//! What operators take from `deploy/`: rules and a dashboard that name metrics that exist.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

fn read(path: &str) -> String {
    std::fs::read_to_string(file(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The names of Muster's metrics in a text.
fn metrics(text: &str) -> BTreeSet<String> {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    words.filter(|word| word.starts_with("muster_") && *word != "muster_").map(str::to_owned).collect()
}

#[test]
fn rules_and_dashboard_name_metrics_that_exist() {
    let known = metrics(&read("cli/src/metrics.rs"));
    for path in ["deploy/prometheus/muster.rules.yml", "deploy/grafana/muster.json"] {
        let named = metrics(&read(path));
        assert!(named.len() > 5, "{path} names {named:?}");
        assert!(named.is_subset(&known), "{path} names what there is not: {:?}", named.difference(&known));
    }
    let dashboard: serde_json::Value = serde_json::from_str(&read("deploy/grafana/muster.json")).expect("the dashboard is JSON");
    assert!(dashboard["panels"].as_array().is_some_and(|panels| panels.len() > 5));
}

#[test]
fn promtool_takes_the_rules() {
    let checked = Command::new("promtool").args(["check", "rules"]).arg(file("deploy/prometheus/muster.rules.yml")).output();
    let checked = checked.expect("promtool is installed (make tools)");
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}
