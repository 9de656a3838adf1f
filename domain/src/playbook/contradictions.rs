//! What is odd about rules for alerts that can be read: a rule that never decides, and one that leaves nothing to those after it.
//!
//! These are warnings: the rules work as written, and a playbook must not be refused at night over one. What can't be meant at all, such as
//! two rules with the same conditions that do different things, is refused when the file is read.

use super::alert_rules::{AlertRule, AlertRules, Place};
use super::file::Problem;
use super::glob::Pattern;

impl AlertRules {
    /// What is odd about them, in their order. `file` is what people call the file.
    pub fn contradictions(&self, file: &str) -> Vec<Problem> {
        let mut found = Vec::new();
        for (place, rule) in self.rules.iter().enumerate() {
            if let Some(what) = self.oddity(place, rule) {
                found.push(Problem { file: file.to_owned(), line: rule.line, key: format!("alerts.rules[{}]", place + 1), what });
            }
        }
        found
    }

    fn oddity(&self, place: usize, rule: &AlertRule) -> Option<String> {
        let (before, name) = (&self.rules[..place], &rule.name);
        // Said once, at the rule that takes everything.
        if before.iter().any(AlertRule::takes_everything) {
            return None;
        }
        if let Some(earlier) = before.iter().find(|earlier| earlier.covers(rule)) {
            let line = earlier.line.map(|line| format!(" (line {line})")).unwrap_or_default();
            let earlier = &earlier.name;
            return Some(format!(
                "{name:?} never decides: {earlier:?}{line} comes first and takes all that it takes. Put it before that one"
            ));
        }
        let after = self.rules.len() - place - 1;
        if !rule.takes_everything() || after == 0 {
            return None;
        }
        let rest =
            if after == 1 { "the rule after it never decides".to_owned() } else { format!("the {after} rules after it never decide") };
        Some(format!("{name:?} takes every alert, so {rest}. Put it last, or give it a condition"))
    }
}

impl AlertRule {
    /// Whether it takes every alert.
    pub fn takes_everything(&self) -> bool {
        let any = |patterns: &[Pattern]| patterns.is_empty() || patterns.iter().any(Pattern::takes_anything);
        let is_anywhere = self.site.is_empty()
            || (self.site.contains(&Place::Unknown)
                && self.site.iter().any(|place| matches!(place, Place::Named(pattern) if pattern.takes_anything())));
        any(&self.source) && any(&self.title) && self.labels.is_empty() && is_anywhere
    }

    /// Whether both have the same conditions.
    pub(super) fn asks_the_same(&self, other: &Self) -> bool {
        self.covers(other) && other.covers(self)
    }

    /// Whether the same becomes of an alert that either takes.
    pub(super) fn does_the_same(&self, other: &Self) -> bool {
        (self.then, self.severity, self.page) == (other.then, other.severity, other.page)
    }

    /// Whether it takes all that `other` takes: each of its conditions is at least as wide.
    fn covers(&self, other: &Self) -> bool {
        let labels = self.labels.iter().all(|(name, wide)| other.labels.get(name).is_some_and(|narrow| cover(wide, narrow)));
        labels && cover(&self.source, &other.source) && cover(&self.title, &other.title) && cover_places(&self.site, &other.site)
    }
}

/// Whether any of `wide` takes what any of `narrow` takes; no patterns take everything.
fn cover(wide: &[Pattern], narrow: &[Pattern]) -> bool {
    if wide.is_empty() || wide.iter().any(Pattern::takes_anything) {
        return true;
    }
    !narrow.is_empty() && narrow.iter().all(|narrow| wide.iter().any(|wide| wide.covers(narrow)))
}

fn cover_places(wide: &[Place], narrow: &[Place]) -> bool {
    let has = |narrow: &Place| match narrow {
        Place::Unknown => wide.contains(&Place::Unknown),
        Place::Named(narrow) => wide.iter().any(|place| matches!(place, Place::Named(wide) if wide.covers(narrow))),
    };
    wide.is_empty() || (!narrow.is_empty() && narrow.iter().all(has))
}

#[cfg(test)]
mod tests {
    use super::super::alert_rules::tests::rules;

    /// What is odd about rules with these conditions, each its own outcome.
    fn odd(conditions: &[&str]) -> Vec<String> {
        let rule = |(number, conditions): (usize, &&str)| format!("[[alerts.rules]]\nname = 'r{number}'\n{conditions}\nthen = 'record'\n");
        let text: String = conditions.iter().enumerate().map(rule).collect();
        rules(&text).contradictions("playbook.toml").iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_rule_that_never_decides_is_named_with_the_one_that_takes_its_alerts() {
        let earlier = "takes all that it takes";
        for (wide, narrow, is_odd) in [
            ("source = 'grafana*'", "source = 'grafana-2'", true),
            ("source = 'grafana'", "source = 'Grafana'\ntitle = 'x'", true),
            ("source = ['a', 'b']", "source = 'b'", true),
            ("source = ['a', 'b']", "source = ['b', 'c']", false),
            ("labels = { env = 'st*' }", "labels = { env = 'stage', app = 'x' }", true),
            ("labels = { env = 'stage' }", "labels = { app = 'x' }", false),
            ("labels = { env = '*' }", "title = 'x'", false),
            ("site = ['shop*', 'none']", "site = 'none'", true),
            ("site = '*'", "site = ['shop', 'none']", false),
            ("site = '*'", "source = 'a'", false),
            ("title = '*'\nsite = 'shop'", "site = 'shop'", true),
            ("title = 'a*'", "title = '*a'", false),
        ] {
            let found = odd(&[wide, narrow]);
            assert_eq!(found.iter().any(|what| what.contains(earlier)), is_odd, "{wide} / {narrow}: {found:?}");
        }
        let found = odd(&["source = 'a*'", "source = 'ab'"]);
        assert_eq!(
            found,
            ["playbook.toml line 5: alerts.rules[2]: \"r1\" never decides: \"r0\" (line 1) comes first and takes all that it takes. \
              Put it before that one"]
        );
    }

    #[test]
    fn what_takes_everything_must_be_last() {
        for everything in ["", "title = '*'", "source = ['x', '*']", "site = ['*', 'none']"] {
            let found = odd(&[everything, "title = 'a'", "title = 'b'"]);
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(found[0].contains("\"r0\" takes every alert, so the 2 rules after it never decide"), "{found:?}");
            assert!(odd(&["title = 'a'", everything]).is_empty());
        }
        assert!(odd(&["site = '*'", "title = 'a'"]).is_empty());
    }
}
