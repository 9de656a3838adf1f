//! Rules for alerts as a text that the playbook's file could have, for the editor to begin with. Pure.

use std::fmt::Write as _;

use super::alert_rules::{AlertRule, AlertRules, Place};
use super::glob::Pattern;

impl AlertRules {
    /// As [`AlertRules::read`] reads them, one table each.
    pub fn text(&self) -> String {
        self.rules.iter().map(AlertRule::text).collect::<Vec<_>>().join("\n")
    }
}

impl AlertRule {
    /// Its conditions, one a line, as the file writes them; none if it takes everything.
    pub fn conditions(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let mut line = |name: &str, values: Vec<&str>| {
            if !values.is_empty() {
                lines.push(format!("{name} = {}", any_of(&values)));
            }
        };
        line("source", written(&self.source));
        line("title", written(&self.title));
        line("site", self.site.iter().map(place).collect());
        let labels: Vec<String> =
            self.labels.iter().map(|(name, wanted)| format!("{} = {}", key(name), any_of(&written(wanted)))).collect();
        if !labels.is_empty() {
            lines.push(format!("labels = {{ {} }}", labels.join(", ")));
        }
        lines
    }

    fn text(&self) -> String {
        let mut text = format!("[[alerts.rules]]\nname = {}\n", quoted(&self.name));
        for condition in self.conditions() {
            text.push_str(&condition);
            text.push('\n');
        }
        // Writing to a text never fails.
        let _ = writeln!(text, "then = {}", quoted(self.then.as_str()));
        if let Some(severity) = self.severity {
            let _ = writeln!(text, "severity = {}", quoted(&severity.as_str().to_lowercase()));
        }
        if let Some(page) = self.page {
            let _ = writeln!(text, "page = {page}");
        }
        text
    }
}

fn written(patterns: &[Pattern]) -> Vec<&str> {
    patterns.iter().map(Pattern::as_str).collect()
}

fn place(place: &Place) -> &str {
    match place {
        Place::Unknown => "none",
        Place::Named(pattern) => pattern.as_str(),
    }
}

fn any_of(values: &[&str]) -> String {
    match values {
        [only] => quoted(only),
        several => format!("[{}]", several.iter().map(|value| quoted(value)).collect::<Vec<_>>().join(", ")),
    }
}

/// A key that needs no quotation marks has none.
fn key(name: &str) -> String {
    let is_bare = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if is_bare { name.to_owned() } else { quoted(name) }
}

/// A text of TOML: those of JSON are.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back_as_the_same_rules() {
        let text = r#"
            [[alerts.rules]]
            name = "Backups \"can\" wait"
            source = "grafana"
            labels = { alertname = "Backup*", "odd name" = ["stage", "c:\\x"] }
            title = ["*backup*", "*restore*"]
            site = ["shop", "none"]
            then = "report"
            severity = "minor"
            page = false

            [[alerts.rules]]
            name = "The rest"
            then = "join"
        "#;
        let plain = |rules: &AlertRules| rules.rules.iter().map(|rule| AlertRule { line: None, ..rule.clone() }).collect::<Vec<_>>();
        let rules = AlertRules::read(text).unwrap();
        let written = rules.text();
        assert_eq!(plain(&AlertRules::read(&written).unwrap()), plain(&rules), "{written}");
        assert!(written.starts_with("[[alerts.rules]]\nname = \"Backups \\\"can\\\" wait\"\nsource = \"grafana\"\n"), "{written}");
        assert_eq!((rules.rules[1].conditions(), AlertRules::default().text()), (Vec::new(), String::new()));
    }
}
