//! The end of what a command prints, as text for the record.

use std::collections::VecDeque;

/// Bytes that are kept.
const KEPT: usize = 4 * 1024;
/// What begins a sequence that moves the cursor or sets a colour.
const ESCAPE: char = '\u{1b}';

/// The last bytes of what was printed.
#[derive(Default)]
pub struct Tail {
    bytes: VecDeque<u8>,
    taken: usize,
    is_cut: bool,
}

impl Tail {
    /// Takes in what was printed.
    pub fn push(&mut self, printed: &[u8]) {
        self.bytes.extend(printed);
        self.taken += printed.len();
        let surplus = self.bytes.len().saturating_sub(KEPT);
        self.is_cut |= surplus > 0;
        self.bytes.drain(..surplus);
    }

    /// How many bytes were printed.
    pub fn taken(&self) -> usize {
        self.taken
    }

    /// As text: whole lines if it was cut, without what only a terminal understands.
    pub fn text(self) -> String {
        let bytes: Vec<u8> = self.bytes.into();
        let text = plain(&String::from_utf8_lossy(&bytes));
        let whole = if self.is_cut { text.split_once('\n').map_or(&*text, |(_, rest)| rest) } else { &text };
        let ellipsis = if self.is_cut { "…\n" } else { "" };
        format!("{ellipsis}{}", whole.trim_end())
    }
}

/// `text` without control characters. Of a line that was written over again and again, the last state stays.
pub fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            ESCAPE => skip_sequence(&mut characters),
            '\r' if characters.peek().is_some_and(|next| *next != '\n') => {
                let line = plain.rfind('\n').map_or(0, |at| at + 1);
                plain.truncate(line);
            }
            '\n' | '\t' => plain.push(c),
            c if c.is_control() => {}
            c => plain.push(c),
        }
    }
    plain
}

/// Skips what follows an escape: `[` up to a letter, `]` up to a bell or another escape, or one character.
fn skip_sequence(characters: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    match characters.next() {
        Some('[') => while characters.next().is_some_and(|c| !matches!(c, '@'..='~')) {},
        Some(']') => {
            while let Some(c) = characters.next() {
                if c == '\u{7}' {
                    break;
                }
                if c == ESCAPE {
                    characters.next_if_eq(&'\\');
                    break;
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_a_terminal_understands_goes() {
        for (printed, text) in [
            ("\u{1b}[1;31mred\u{1b}[0m and\u{7} plain", "red and plain"),
            ("\u{1b}]0;title\u{7}a\u{1b}]8;;https://x\u{1b}\\b", "ab"),
            ("  1 %\r 50 %\r100 %\nend\r\n", "100 %\nend\n"),
            ("a\tb\u{0}c\u{1b}", "a\tbc"),
            ("\u{1b}[", ""),
        ] {
            assert_eq!(plain(printed), text, "{printed:?}");
        }
    }

    #[test]
    fn the_end_stays() {
        let mut tail = Tail::default();
        for number in 0..2_000 {
            tail.push(format!("line {number}\n").as_bytes());
        }
        let text = tail.text();
        assert!(text.starts_with("…\nline ") && text.ends_with("\nline 1999") && text.len() <= KEPT + 10, "{text}");
        let mut short = Tail::default();
        short.push("é".as_bytes());
        assert_eq!(short.text(), "é");
    }
}
