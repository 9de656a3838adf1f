//! What is said of the playbook's rules for alerts when it is checked.

use domain::heartbeats::BUILT_IN_SOURCES;
use domain::playbook::file::Problem;
use domain::playbook::{AlertRules, Pattern, Playbook, Then, folded};

use crate::settings::Settings;

/// How many rules there are, and what they do.
pub fn summary(AlertRules { rules }: &AlertRules) -> String {
    let count = |then: Then| rules.iter().filter(|rule| rule.then == then).count();
    let kinds = Then::ALL.into_iter().map(|then| (count(then), then)).filter(|(count, _)| *count > 0);
    let kinds: Vec<String> = kinds.map(|(count, then)| format!("{count} {then}")).collect();
    if kinds.is_empty() { "none: the level of an alert decides".to_owned() } else { kinds.join(", ") }
}

/// What is odd about the rules: one that never decides, one that leaves nothing to the others, a source that nobody has.
pub fn oddities(playbook: &Playbook, settings: &Settings) -> Vec<Problem> {
    let rules = &playbook.alert_rules;
    let mut found = rules.contradictions(&playbook.source);
    let known: Vec<&str> = settings.alert_sources.keys().map(String::as_str).chain(BUILT_IN_SOURCES).collect();
    for (place, rule) in rules.rules.iter().enumerate() {
        for pattern in rule.source.iter().filter(|pattern| !is_known(pattern, &known)) {
            let (name, known) = (pattern.as_str(), known.join(", "));
            let what =
                format!("{name:?} is no source of the settings, which have {known}: only what names itself so at /hooks/alerts is meant");
            let key = format!("alerts.rules[{}].source", place + 1);
            found.push(Problem { file: playbook.source.clone(), line: rule.line, key, what });
        }
    }
    found.sort_by_key(|problem| problem.line);
    found
}

fn is_known(pattern: &Pattern, known: &[&str]) -> bool {
    known.iter().any(|source| pattern.takes(&folded(source)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn playbook(rules: &str) -> Playbook {
        Playbook { source: "playbook.toml".to_owned(), alert_rules: AlertRules::read(rules).unwrap(), ..Playbook::default() }
    }

    #[test]
    fn a_source_that_is_in_no_settings_is_named_with_those_that_are() {
        let settings = Settings::of_file("[alerts.sources.grafana]\nkind = 'grafana'\nsecret = 'hunter2-hunter2-hunter2'").unwrap();
        let rule = "[[alerts.rules]]\nname = 'x'\nthen = 'record'\n";
        for (source, is_odd) in
            [("'grafana'", false), ("'Graf*'", false), ("'alertmanager'", false), ("'heartbeat'", false), ("['grafana', 'grafanna']", true)]
        {
            let odd = oddities(&playbook(&format!("{rule}source = {source}\n")), &settings);
            assert_eq!(odd.len(), usize::from(is_odd), "{source}: {odd:?}");
            let names_both = |odd: &Problem| odd.what.contains("\"grafanna\"") && odd.what.contains("grafana, alertmanager");
            assert!(odd.iter().all(names_both), "{odd:?}");
        }
    }

    #[test]
    fn the_summary_counts_what_rules_do() {
        assert_eq!(summary(&AlertRules::default()), "none: the level of an alert decides");
        let rule = |name: &str, then: &str| format!("[[alerts.rules]]\nname = '{name}'\ntitle = '{name}'\nthen = '{then}'\n");
        let rules = [rule("a", "record"), rule("b", "report"), rule("c", "record")].concat();
        assert_eq!(summary(&AlertRules::read(&rules).unwrap()), "1 report, 2 record");
    }
}
