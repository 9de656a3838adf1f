//! Texts with `*` for anything, as people write them in rules.
//!
//! Case does not count. Comparing takes time in proportion to the text, whatever the pattern: its pieces are looked for one after the
//! other, and the first place at which one is found is as good as any.

/// A text in which `*` stands for anything, also for nothing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pattern {
    written: String,
    /// What stands around the stars, in lower case; a single one has no star.
    pieces: Vec<String>,
}

/// Stands for the star of another pattern; a pattern itself has no control characters.
const ANYTHING: &str = "\u{0}";

impl Pattern {
    /// Reads what people wrote.
    pub fn new(text: &str) -> Self {
        Self { written: text.to_owned(), pieces: folded(text).split('*').map(str::to_owned).collect() }
    }

    /// As people wrote it.
    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// Whether it takes any text.
    pub fn takes_anything(&self) -> bool {
        self.pieces.len() > 1 && self.pieces.iter().all(String::is_empty)
    }

    /// Whether it takes this text, which must be [`folded`].
    pub fn takes(&self, text: &str) -> bool {
        let [first, between @ .., last] = self.pieces.as_slice() else { return self.pieces.first().is_some_and(|only| only == text) };
        let Some(mut rest) = text.strip_prefix(&**first).and_then(|rest| rest.strip_suffix(&**last)) else { return false };
        for piece in between {
            let Some((_, after)) = rest.split_once(&**piece) else { return false };
            rest = after;
        }
        true
    }

    /// Whether it takes all that `other` takes.
    pub fn covers(&self, other: &Self) -> bool {
        // A star of the other one can only be taken by a star of this one.
        self.takes(&other.pieces.join(ANYTHING))
    }
}

/// A text as patterns compare it.
pub fn folded(text: &str) -> String {
    text.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_anything_and_case_does_not_count() {
        for (pattern, text, takes) in [
            ("Backup", "backup", true),
            ("backup", "backups", false),
            ("backup*", "Backup", true),
            ("backup*", "the backup", false),
            ("*backup*", "the Backup failed", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("ox*xo", "oxo", false),
            ("ox*xo", "oxxo", true),
            ("*", "", true),
            ("**", "x", true),
            ("*a*a*", "a", false),
            ("ÜBER*", "über uns", true),
            ("?", "x", false),
            ("", "x", false),
        ] {
            assert_eq!(Pattern::new(pattern).takes(&folded(text)), takes, "{pattern} {text}");
        }
    }

    #[test]
    fn a_pattern_covers_what_is_narrower() {
        for (wide, narrow, covers) in [
            ("*", "anything", true),
            ("*", "*", true),
            ("a*", "ab*", true),
            ("ab*", "a*", false),
            ("a*c", "a*b*c", true),
            ("a*b*c", "a*c", false),
            ("*b*", "b", true),
            ("a", "A", true),
            ("a", "a*", false),
            ("*", "", true),
            ("a*", "*a", false),
        ] {
            assert_eq!(Pattern::new(wide).covers(&Pattern::new(narrow)), covers, "{wide} {narrow}");
        }
    }

    #[test]
    fn a_text_that_almost_fits_many_stars_takes_no_time() {
        let pattern = Pattern::new(&"*a".repeat(99));
        let text = format!("{}b", "a".repeat(1_000_000));
        assert!(!pattern.takes(&text));
        assert!(pattern.takes(&"a".repeat(1_000_000)));
    }
}
