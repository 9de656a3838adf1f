//! Rules for alerts as the playbook has them: `[[alerts.rules]]`.

use std::collections::BTreeMap;

use entity::Severity;

use super::source::{Entry, Problem, Sink, Table};
use super::{SEVERITIES, at_least_one, bounded, name};
use crate::limits;
use crate::playbook::alert_rules::{AlertRule, AlertRules, Place, Then};
use crate::playbook::glob::{Pattern, folded};

/// What a text with rules alone is called in problems.
const RULES: &str = "rules";
/// What stands for an alert for which no site is known.
const NO_SITE: &str = "none";

impl AlertRules {
    /// Reads a text that has `[[alerts.rules]]` and nothing else.
    ///
    /// # Errors
    /// All problems, in line order.
    pub fn read(text: &str) -> Result<Self, Vec<Problem>> {
        let sink = Sink::new(RULES);
        if text.len() > limits::PLAYBOOK_BYTES {
            sink.refuse(format!("is larger than {} bytes", limits::PLAYBOOK_BYTES));
            return Err(sink.into_problems());
        }
        let Some(values) = sink.parse(text) else { return Err(sink.into_problems()) };
        let mut root = values.root(&sink);
        let rules = alerts(&mut root);
        root.finish();
        match sink.into_problems() {
            problems if problems.is_empty() => Ok(rules),
            problems => Err(problems),
        }
    }
}

/// What a file says of alerts, if anything.
pub(super) fn alerts(root: &mut Table<'_>) -> AlertRules {
    let Some(entry) = root.optional("alerts") else { return AlertRules::default() };
    let mut table = entry.table();
    let entries = table.optional("rules").map(|entry| bounded(entry, "tables, each under [[alerts.rules]]")).unwrap_or_default();
    let mut rules: Vec<AlertRule> = Vec::new();
    // The places of those that say what they mean. With a condition that is misspelt, a rule takes other alerts than it should.
    let mut sound: Vec<usize> = Vec::new();
    for entry in entries {
        let line = entry.line();
        let mut table = entry.table();
        if let Some(rule) = rule(&mut table, line, &rules) {
            if table.is_sound() {
                contradicts(&table, &rule, sound.iter().map(|place| &rules[*place]));
                sound.push(rules.len());
            }
            rules.push(rule);
        }
        table.finish();
    }
    table.finish();
    AlertRules { rules }
}

/// A rule after those that are `known`, unless it does not say what becomes of alerts.
fn rule(table: &mut Table<'_>, line: Option<usize>, known: &[AlertRule]) -> Option<AlertRule> {
    let of_name = table.entry("name");
    let called = name(&of_name);
    if let Some(taken) = known.iter().find(|known| known.name == called && !called.is_empty()) {
        of_name.problem(format!("{called:?} is already taken{}; each rule needs its own name", at(taken)));
    }
    let source = table.optional("source").map(|entry| patterns(entry, "names of sources")).unwrap_or_default();
    let labels = table.optional("labels").map(|entry| labels(entry.table())).unwrap_or_default();
    let title = table.optional("title").map(|entry| patterns(entry, "titles")).unwrap_or_default();
    let site = table.optional("site").map(|entry| patterns(entry, "names or hosts of sites")).unwrap_or_default();
    let site = site.into_iter().map(|site| if folded(site.as_str()) == NO_SITE { Place::Unknown } else { Place::Named(site) }).collect();
    let then = then(&table.entry("then"));
    let (of_severity, of_page) = (table.optional("severity"), table.optional("page"));
    let severity = of_severity.as_ref().and_then(severity);
    let page = of_page.as_ref().and_then(Entry::boolean);
    let then = then?;
    if !then.is_heard() {
        for entry in of_severity.iter().chain(of_page.iter().filter(|_| page == Some(true))) {
            entry.problem(format!("has no use with then = \"{then}\", of which nobody hears: remove it, or use report or join"));
        }
    }
    Some(AlertRule { name: called, line, source, labels, title, site, then, severity, page })
}

/// Refuses a rule that one of `others` contradicts.
fn contradicts<'a>(table: &Table<'_>, rule: &AlertRule, mut others: impl Iterator<Item = &'a AlertRule>) {
    if let Some(same) = others.find(|other| other.asks_the_same(rule) && !other.does_the_same(rule)) {
        let (name, at) = (&same.name, at(same));
        table.problem(format!("has the same conditions as {name:?}{at}, and does something else: change or remove one of them"));
    }
}

/// Where a rule is.
fn at(rule: &AlertRule) -> String {
    rule.line.map(|line| format!(" (line {line})")).unwrap_or_default()
}

/// One text or a list of them.
fn patterns(entry: Entry<'_>, what: &str) -> Vec<Pattern> {
    let entries = if entry.is_text() { vec![entry] } else { at_least_one(entry, what) };
    entries.iter().map(name).filter(|text| !text.is_empty()).map(|text| Pattern::new(&text)).collect()
}

fn labels(mut table: Table<'_>) -> BTreeMap<String, Vec<Pattern>> {
    let mut labels = BTreeMap::new();
    for label in table.rest() {
        let entry = table.entry(&label);
        if labels.contains_key(&folded(&label)) {
            entry.problem("is there twice: upper and lower case are the same");
            continue;
        }
        labels.insert(folded(&label), patterns(entry, "values"));
    }
    labels
}

fn then(entry: &Entry<'_>) -> Option<Then> {
    let what = "what becomes of the alert: \"report\", \"join\", \"record\" or \"ignore\"";
    let text = entry.text(what)?;
    let then = Then::ALL.into_iter().find(|then| then.as_str() == text);
    if then.is_none() {
        entry.problem(format!("{text:?} is nothing that can become of an alert; use report, join, record or ignore"));
    }
    then
}

fn severity(entry: &Entry<'_>) -> Option<Severity> {
    let text = entry.text("a severity such as \"minor\"")?;
    let severity = SEVERITIES.iter().find(|(name, _)| *name == text).map(|(_, severity)| *severity);
    if severity.is_none() {
        entry.problem(format!("{text:?} is not a severity; use critical, major, minor or trivial"));
    }
    severity
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: &str = "[[alerts.rules]]\nname = 'Backups can wait'\n";

    fn problems(text: &str) -> Vec<String> {
        AlertRules::read(text).err().into_iter().flatten().map(|problem| problem.to_string()).collect()
    }

    #[test]
    fn a_rule_is_read_as_it_is_written() {
        let text = format!(
            "{RULE}source = 'grafana'\nlabels = {{ alertname = 'Backup*', ENV = ['stage', 'test'] }}\ntitle = '*backup*'\n\
             site = ['shop', 'None']\nthen = 'join'\nseverity = 'minor'\npage = false\n"
        );
        let AlertRules { rules } = AlertRules::read(&text).unwrap();
        let expected = AlertRule {
            name: "Backups can wait".to_owned(),
            line: Some(1),
            source: vec![Pattern::new("grafana")],
            labels: BTreeMap::from([
                ("alertname".to_owned(), vec![Pattern::new("Backup*")]),
                ("env".to_owned(), vec![Pattern::new("stage"), Pattern::new("test")]),
            ]),
            title: vec![Pattern::new("*backup*")],
            site: vec![Place::Named(Pattern::new("shop")), Place::Unknown],
            then: Then::Join,
            severity: Some(Severity::Minor),
            page: Some(false),
        };
        assert_eq!(rules, [expected]);
        assert_eq!(AlertRules::read(""), Ok(AlertRules::default()));
    }

    #[test]
    fn each_problem_names_its_line_and_key() {
        for (rest, expected) in [
            ("", "alerts.rules[1].then: is missing"),
            ("then = 'drop'", "rules line 3: alerts.rules[1].then: \"drop\" is nothing that can become of an alert"),
            ("then = 'record'\nsource = []", "alerts.rules[1].source: is empty"),
            ("then = 'record'\nsource = 5", "alerts.rules[1].source: must be a list of names of sources"),
            ("then = 'record'\nlabels = { env = '' }", "alerts.rules[1].labels.env: "),
            ("then = 'record'\nlabels = { env = 'a', Env = 'b' }", "is there twice"),
            ("then = 'record'\nlabel = { env = 'a' }", "alerts.rules[1].label: unknown key"),
            ("then = 'record'\ntitle = \"a\\u0000b\"", "alerts.rules[1].title: "),
            ("then = 'record'\nseverity = 'minor'", "rules line 4: alerts.rules[1].severity: has no use with then = \"record\""),
            ("then = 'ignore'\npage = true", "alerts.rules[1].page: has no use with then = \"ignore\""),
            ("then = 'report'\nseverity = 'huge'", "alerts.rules[1].severity: \"huge\" is not a severity"),
            ("then = 'report'\npage = 'no'", "alerts.rules[1].page: must be true or false"),
            ("then = 'report'\n[[alerts.rules]]\nname = 'Backups can wait'\nthen = 'report'", "rules line 5: alerts.rules[2].name: "),
            ("then = 'report'\n[[alerts.rules]]\nname = 'other'\nthen = 'join'", "alerts.rules[2]: has the same conditions as \"Backups"),
        ] {
            let found = problems(&format!("{RULE}{rest}\n"));
            assert!(found.iter().any(|problem| problem.contains(expected)), "{rest}: {found:#?}");
        }
        // A condition that is misspelt is told as that, and contradicts nothing, whichever of two rules it is in.
        let (typo, other) = ("sauce = 'x'\nthen = 'report'\n", "[[alerts.rules]]\nname = 'other'\n");
        for text in [format!("{RULE}{typo}{other}then = 'join'\n"), format!("{RULE}then = 'join'\n{other}{typo}")] {
            let found = problems(&text);
            assert!(found.len() == 1 && found[0].contains("sauce: unknown key"), "{found:#?}");
        }
        assert_eq!(problems("[alerts]\nrule = []").len(), 1);
        assert_eq!(problems("name = 'x'").len(), 1);
        assert!(problems(&format!("{RULE}then = 'record'\npage = false\n")).is_empty());
    }
}
