//! What mails mean, by their senders and subjects: rules from the settings, of which the first that matches counts.
//!
//! In a pattern, `*` stands for anything, and `{id}` or `{title}` for a part of the subject with a meaning. Case does not count.

use std::fmt;

/// Characters of a sender or a subject that are compared.
const LINE_CHARS: usize = 1_000;

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailRule {
    /// The sender's address.
    pub from: Pattern,
    /// The subject.
    pub subject: Pattern,
    /// What such a mail means.
    pub means: Means,
    /// How bad it is, in a word that has a level.
    pub level: Option<String>,
}

/// What a mail means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Means {
    /// An alert fires.
    Fires,
    /// It is over.
    Ends,
    /// Nothing.
    Ignore,
}

impl Means {
    /// By its name in the settings.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "fires" => Some(Self::Fires),
            "ends" => Some(Self::Ends),
            "ignore" => Some(Self::Ignore),
            _ => None,
        }
    }
}

/// What a part of a subject is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// What is the same when it fires and when it ends.
    Id,
    /// One line for people.
    Title,
}

/// A pattern: text, with gaps for anything.
#[derive(Clone, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    start: Vec<char>,
    gaps: Vec<Gap>,
}

/// Room for anything, and the text behind it.
#[derive(Clone, PartialEq, Eq)]
struct Gap {
    part: Option<Part>,
    then: Vec<char>,
}

/// The parts of a subject that its pattern names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// What is the same when it fires and when it ends.
    pub id: Option<String>,
    /// One line for people.
    pub title: Option<String>,
}

impl MailRule {
    /// The parts that the subject names, if the rule is about such a mail.
    pub fn matches(&self, from: &str, subject: &str) -> Option<Parts> {
        self.from.matches(from)?;
        self.subject.matches(subject)
    }

    /// The identity of an alert, which only mails of the same senders share: what the subject names, or all of it.
    pub fn identity(&self, parts: &Parts, subject: &str) -> String {
        let id = parts.id.as_deref().or(parts.title.as_deref()).unwrap_or(subject);
        format!("{} {id}", self.from.text.to_lowercase())
    }
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// What is wrong, worded to follow the name of the setting.
    pub fn read(text: &str) -> Result<Self, String> {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let (mut start, mut gaps, mut rest) = (Vec::new(), Vec::<Gap>::new(), text.as_str());
        while let Some(next) = rest.chars().next() {
            let part = match next {
                '*' => None,
                '{' => {
                    let name = rest[1..].split_once('}').map(|(name, _)| name);
                    let part = name.and_then(Part::named).ok_or("may name {id} and {title} and nothing else in braces")?;
                    rest = &rest[part.name().len() + 1..];
                    Some(part)
                }
                letter => {
                    gaps.last_mut().map_or(&mut start, |gap| &mut gap.then).push(folded(letter));
                    rest = &rest[letter.len_utf8()..];
                    continue;
                }
            };
            // The star, or the brace at the end.
            rest = &rest[1..];
            gaps.push(Gap { part, then: Vec::new() });
        }
        let times = |part: Part| gaps.iter().filter(|gap| gap.part == Some(part)).count();
        if times(Part::Id) > 1 || times(Part::Title) > 1 {
            return Err("may name {id} and {title} once each".to_owned());
        }
        Ok(Self { text, start, gaps })
    }

    /// Whether it names what is the same each time.
    pub fn has_identity(&self) -> bool {
        self.gaps.iter().any(|gap| gap.part.is_some())
    }

    /// The parts that it names in `text`, if it matches all of that. Each gap takes as little as it can, and a named one takes something.
    pub fn matches(&self, text: &str) -> Option<Parts> {
        let text: Vec<char> = text.trim().chars().take(LINE_CHARS).collect();
        let plain: Vec<char> = text.iter().map(|letter| folded(*letter)).collect();
        let mut parts = Parts::default();
        let mut at = plain.starts_with(&self.start).then_some(self.start.len())?;
        for (number, Gap { part, then }) in self.gaps.iter().enumerate() {
            let from = at + usize::from(part.is_some());
            let last = plain.len().checked_sub(then.len())?;
            // What is behind the last gap is the end.
            let first = if number + 1 == self.gaps.len() { last.max(from) } else { from };
            let found = (first..=last).find(|place| plain[*place..].starts_with(then))?;
            let taken: String = text[at..found].iter().collect();
            match part {
                Some(Part::Id) => parts.id = Some(taken.trim().to_owned()).filter(|id| !id.is_empty()),
                Some(Part::Title) => parts.title = Some(taken.trim().to_owned()).filter(|title| !title.is_empty()),
                None => {}
            }
            at = found + then.len();
        }
        (at == plain.len()).then_some(parts)
    }
}

impl Part {
    fn named(name: &str) -> Option<Self> {
        [Self::Id, Self::Title].into_iter().find(|part| part.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Title => "title",
        }
    }
}

/// As it was written.
impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

fn folded(letter: char) -> char {
    letter.to_lowercase().next().unwrap_or(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(pattern: &str, text: &str) -> Option<(Option<String>, Option<String>)> {
        Pattern::read(pattern).unwrap().matches(text).map(|parts| (parts.id, parts.title))
    }

    #[test]
    fn a_pattern_matches_all_of_a_text_and_names_its_parts() {
        let id = |id: &str| Some((Some(id.to_owned()), None));
        for (pattern, text, expected) in [
            ("Down", "down", Some((None, None))),
            ("Down", "Down again", None),
            ("*", "", Some((None, None))),
            ("*@checks.example", "Alerts@CHECKS.example", Some((None, None))),
            ("*@checks.example", "alerts@checks.example.evil.example", None),
            ("{id} is DOWN*", "Shop is down (HTTP 503)", id("Shop")),
            ("{id} is DOWN*", " is DOWN", None),
            ("[*] {id}: DOWN", "[Checks] My shop: DOWN", id("My shop")),
            ("[*] {id}: DOWN", "[Checks] My shop: UP", None),
            ("Alert: {id}", "Alert: ü ÄÖ", id("ü ÄÖ")),
            ("a*b*a", "aba", Some((None, None))),
            ("a*a", "a", None),
            ("*is*is*", "this is it", Some((None, None))),
        ] {
            assert_eq!(parts(pattern, text), expected, "{pattern} {text}");
        }
        let both = parts("#{id} {title} FIRING", "#7 Disk full FIRING");
        assert_eq!(both, Some((Some("7".to_owned()), Some("Disk full".to_owned()))));
        assert_eq!(parts("{title}*", &"x".repeat(100_000)), Some((None, Some("x".to_owned()))));
    }

    #[test]
    fn what_a_pattern_can_not_say_is_refused() {
        for bad in ["{name} is down", "{id", "{id} or {id}", "{}", "{title}{title}"] {
            assert!(Pattern::read(bad).unwrap_err().contains("{id} and {title}"), "{bad}");
        }
        assert!(Pattern::read("a } b").is_ok());
    }

    #[test]
    fn only_mails_of_the_same_senders_are_about_one_alert() {
        let rule = |from: &str| MailRule {
            from: Pattern::read(from).unwrap(),
            subject: Pattern::read("{id} is DOWN").unwrap(),
            means: Means::Fires,
            level: None,
        };
        let identity = |from: &str, sender: &str, subject: &str| {
            let rule = rule(from);
            Some(rule.identity(&rule.matches(sender, subject)?, subject))
        };
        assert_eq!(identity("*@a.example", "x@a.example", "Shop is DOWN").as_deref(), Some("*@a.example Shop"));
        assert_ne!(identity("*@a.example", "x@a.example", "Shop is DOWN"), identity("*@b.example", "x@b.example", "Shop is DOWN"));
        assert_eq!(identity("*@a.example", "x@b.example", "Shop is DOWN"), None);
    }
}
