//! Where in a text something stands: in prose or in code, at the beginning of a sentence, between which words. Pure.

use std::ops::Range;

use super::fold::fold;

/// What is written as code in a text, found once.
pub struct Code {
    ranges: Vec<Range<usize>>,
}

/// The surroundings of a range of a text.
pub struct Place<'a> {
    text: &'a str,
    pub range: Range<usize>,
    /// In a code span or block.
    pub is_code: bool,
    pub start: Start,
}

/// What makes the first letter of a range a capital.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// A sentence, cell, heading, item or paragraph begins here.
    Sentence,
    /// Perhaps: after a line's end, colon, bracket, number or dash.
    Perhaps,
    /// Nothing does.
    No,
}

/// A word next to a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Neighbour<'a> {
    pub word: &'a str,
    /// What stands between.
    pub gap: &'a str,
}

impl Code {
    /// Fenced blocks, and spans between as many backticks.
    pub fn of(text: &str) -> Self {
        let (mut ranges, mut at) = (Vec::new(), 0);
        while let Some(found) = text[at..].find(['`', '~']) {
            let from = at + found;
            let mark = &text[from..=from];
            let length = text[from..].bytes().take_while(|byte| *byte == mark.as_bytes()[0]).count();
            let begins_line = text[..from].rsplit('\n').next().is_some_and(|line| line.trim_matches([' ', '>', '\t']).is_empty());
            let inside = from + length;
            at = inside;
            if length >= 3 && begins_line {
                let end = end_of_fence(text, inside, &mark.repeat(length));
                ranges.push(inside..end);
                at = text[end..].find('\n').map_or(text.len(), |line| end + line);
            } else if mark == "`" {
                let paragraph = text[inside..].find("\n\n").map_or(text.len(), |end| inside + end);
                if let Some(end) = text[inside..paragraph].find(&mark.repeat(length)) {
                    ranges.push(inside..inside + end);
                    at = inside + end + length;
                }
            }
            // Anything longer closes no span, and was passed over.
        }
        Self { ranges }
    }

    fn contains(&self, at: usize) -> bool {
        let next = self.ranges.partition_point(|range| range.end <= at);
        self.ranges.get(next).is_some_and(|range| range.start <= at)
    }
}

fn end_of_fence(text: &str, from: usize, fence: &str) -> usize {
    let mut at = from;
    while let Some(end) = text[at..].find('\n') {
        at += end + 1;
        if text[at..].trim_start_matches([' ', '>', '\t']).starts_with(fence) {
            return at;
        }
    }
    text.len()
}

impl<'a> Place<'a> {
    pub fn of(text: &'a str, range: Range<usize>, code: &Code) -> Self {
        let is_code = code.contains(range.start);
        let start = start_of(&text[..range.start]);
        Self { text, range, is_code, start }
    }

    /// The place of a range that begins a little earlier, or ends later.
    pub fn widened(&self, range: Range<usize>) -> Self {
        Self { start: start_of(&self.text[..range.start]), range, ..*self }
    }

    pub fn own(&self) -> &'a str {
        &self.text[self.range.clone()]
    }

    pub fn before(&self) -> &'a str {
        &self.text[..self.range.start]
    }

    pub fn after(&self) -> &'a str {
        &self.text[self.range.end..]
    }

    /// The nearest words before, the nearest first, in the same line or the one before.
    pub fn previous(&self) -> impl Iterator<Item = Neighbour<'a>> + use<'a> {
        let mut rest = self.before();
        std::iter::from_fn(move || {
            let trimmed = rest.trim_end_matches(|c: char| !c.is_alphanumeric());
            let start = trimmed.rfind(|c: char| !is_in_word(c)).map_or(0, |at| at + next_length(trimmed, at));
            let found = Neighbour { word: trimmed[start..].trim_start_matches(['\'', '’']), gap: &rest[trimmed.len()..] };
            rest = &trimmed[..start];
            (!found.word.is_empty() && found.gap.len() < 80).then_some(found)
        })
    }

    /// The nearest words after, and what stands before each.
    pub fn next(&self) -> impl Iterator<Item = Neighbour<'a>> + use<'a> {
        let mut rest = self.after();
        std::iter::from_fn(move || {
            let start = rest.find(char::is_alphanumeric)?;
            let trimmed = &rest[start..];
            let end = trimmed.find(|c: char| !is_in_word(c)).unwrap_or(trimmed.len());
            let found = Neighbour { word: trimmed[..end].trim_end_matches(['\'', '’']), gap: &rest[..start] };
            rest = &trimmed[end..];
            (found.gap.len() < 80).then_some(found)
        })
    }

    /// Whether it is joined to more by a sign that words of prose do not have between them: a file's name, an address, a setting.
    pub fn is_joined(&self) -> bool {
        let joins = |sign: Option<char>, beyond: Option<char>| match sign {
            Some('-' | '‑' | '‐' | '.' | '%' | '&' | ':') => beyond.is_some_and(char::is_alphanumeric),
            Some('_' | '=' | '\\' | '~' | '#') => beyond.is_some_and(|c| c.is_alphanumeric() || c == '/' || c == '$'),
            Some('/') => beyond.is_some_and(|c| c.is_alphanumeric() || "/.~-_".contains(c)),
            Some('@') => true,
            Some(c) => c.is_alphanumeric(),
            None => false,
        };
        let (mut before, mut after) = (self.before().chars().rev(), self.after().chars());
        // `/home/kim`: what ends a path has nothing beyond.
        let ends_path = self.before().ends_with(['/', '\\']) && !self.before().trim_end_matches(['/', '\\']).ends_with(' ');
        let own = self.own();
        joins(before.next(), before.next()) || joins(after.next(), after.next()) || ends_path || own.contains('_') || has_inner_stop(own)
    }

    /// Whether it stands alone in a cell, item, heading or line.
    pub fn is_alone(&self) -> bool {
        let before = self.before().trim_end_matches([' ', '*', '_', '\t']);
        let after = self.after().trim_start_matches([' ', '*', '_', '\t']);
        (before.is_empty() || before.ends_with(['\n', '|', '>', '-', '#'])) && (after.is_empty() || after.starts_with(['\n', '|', '\r']))
    }

    /// Number of the line, from 1.
    pub fn line(&self) -> usize {
        1 + self.before().matches('\n').count()
    }

    /// Its line, cut to what is near.
    pub fn quote(&self) -> String {
        const NEAR: usize = 60;
        let from = self.before().rfind('\n').map_or(0, |at| at + 1);
        let to = self.after().find('\n').map_or(self.text.len(), |at| self.range.end + at);
        let near: Vec<char> = self.text[from..self.range.start].chars().rev().take(NEAR).collect();
        let before: String = near.into_iter().rev().collect();
        let after: String = self.text[self.range.end..to].chars().take(NEAR).collect();
        format!("{before}{}{after}", self.own()).trim().to_owned()
    }

    /// The two words on either side, folded, as far as the sentence goes: tells one doubt from another, and the same one again after an edit
    /// elsewhere.
    pub fn context(&self) -> String {
        let is_within = |one: &Neighbour| !one.gap.contains(['.', '!', '?', '|', '\n']);
        let words = |found: Vec<Neighbour>| found.iter().map(|one| fold(one.word)).collect::<Vec<_>>();
        let mut before = words(self.previous().take(2).take_while(is_within).collect());
        before.reverse();
        format!("{} _ {}", before.join(" "), words(self.next().take(2).take_while(is_within).collect()).join(" ")).trim().to_owned()
    }

    /// Whether nearly all longer words of its line have a capital: a heading in title case, or a line of names.
    pub fn is_in_title(&self) -> bool {
        let from = self.before().rfind('\n').map_or(0, |at| at + 1);
        let to = self.after().find('\n').map_or(self.text.len(), |at| self.range.end + at);
        let words: Vec<&str> = self.text[from..to].split(|c: char| !is_in_word(c)).filter(|word| word.len() > 3).collect();
        let with_capital = words.iter().filter(|word| word.starts_with(char::is_uppercase)).count();
        words.len() > 2 && with_capital * 5 >= words.len() * 4
    }
}

fn start_of(before: &str) -> Start {
    let line = before.rsplit('\n').next().unwrap_or_default();
    if line.trim_matches([' ', '\t', '\r']).is_empty() {
        let above = before.trim_end_matches([' ', '\t', '\r']);
        let ends = above.is_empty() || above.trim_end_matches([' ', '\t', '\r', '\n']).ends_with(['.', '!', '?', '|', '`']);
        return if ends || above.ends_with("\n\n") || above.ends_with("\n\r\n") { Start::Sentence } else { Start::Perhaps };
    }
    let is_mark = |c: char| c.is_whitespace() || "-*+#>|•_".contains(c);
    let marks = line.trim_start().trim_start_matches(|c: char| c.is_ascii_digit()).trim_start_matches(['.', ')']);
    if marks.chars().all(is_mark) && line.chars().any(|c| "-*+#|•.)".contains(c)) {
        return Start::Sentence;
    }
    if line.chars().all(is_mark) {
        return Start::Perhaps;
    }
    let quoted = line.trim_end_matches([' ', '\t', '*', '_']);
    let opened = quoted.trim_end_matches(['"', '“', '‘', '\'', '«', '„']);
    let is_quote = opened.len() < quoted.len() && !line.ends_with(char::is_whitespace);
    let last = if is_quote { opened } else { quoted }.trim_end().chars().next_back();
    match last {
        None | Some('.' | '!' | '?' | '…' | '|') => Start::Sentence,
        _ if is_quote => Start::Sentence,
        Some(':' | '(' | '[' | ']' | ')' | '—' | '–' | '-' | '"' | '”' | '>' | '/' | '=') => Start::Perhaps,
        Some(c) if c.is_ascii_digit() => Start::Perhaps,
        Some(_) => Start::No,
    }
}

fn next_length(text: &str, at: usize) -> usize {
    text[at..].chars().next().map_or(0, char::len_utf8)
}

fn is_in_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '\'' | '’')
}

/// `kim.lee`, but not `K. Lee`.
fn has_inner_stop(own: &str) -> bool {
    own.split('.').skip(1).any(|rest| rest.starts_with(char::is_alphanumeric))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place<'a>(text: &'a str, word: &str) -> Place<'a> {
        let at = text.find(word).unwrap();
        Place::of(text, at..at + word.len(), &Code::of(text))
    }

    #[test]
    fn the_beginning_of_a_sentence_is_seen() {
        for (text, start) in [
            ("Will x", Start::Sentence),
            ("Done. Will x", Start::Sentence),
            ("- Will x", Start::Sentence),
            ("1. Will x", Start::Sentence),
            ("| a | Will x", Start::Sentence),
            ("## Will x", Start::Sentence),
            ("She said, \"Will x", Start::Sentence),
            ("It is \"so\" Will x", Start::Perhaps),
            ("a b\n\nWill x", Start::Sentence),
            ("a b\nWill x", Start::Perhaps),
            ("10:32 Will x", Start::Perhaps),
            ("note: Will x", Start::Perhaps),
            ("> Will x", Start::Perhaps),
            ("asked Will x", Start::No),
            ("asked, Will x", Start::No),
            ("asked **Will** x", Start::No),
        ] {
            assert_eq!(place(text, "Will").start, start, "{text}");
        }
    }

    #[test]
    fn code_is_seen_where_it_is() {
        for (text, is_code) in [
            ("run `su kim` now", true),
            ("run ``su ` kim`` now", true),
            ("```\nsu kim\n```\nx", true),
            ("> ~~~sh\n> su kim\n> ~~~", true),
            ("`a` kim `b`", false),
            ("a ` kim", false),
            ("```\na\n```\nkim", false),
        ] {
            assert_eq!(place(text, "kim").is_code, is_code, "{text}");
        }
    }

    #[test]
    fn file_names_and_addresses_are_no_prose() {
        for (text, joined) in [
            ("kim-screenshot.png", true),
            ("/home/kim", true),
            ("user=kim", true),
            ("kim@db-01", true),
            ("@kim", true),
            ("kim.log", true),
            ("asked kim.", false),
            ("asked kim - he", false),
            ("(kim)", false),
            ("note: kim", false),
        ] {
            assert_eq!(place(text, "kim").is_joined(), joined, "{text}");
        }
    }

    #[test]
    fn a_doubt_is_known_by_the_words_around_it() {
        assert_eq!(place("When they saw it, Mark the first one.", "Mark").context(), "saw it _ the first");
        assert_eq!(place("Mark", "Mark").context(), "_");
    }
}
