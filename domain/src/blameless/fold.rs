//! Text without the differences that do not make another name: case, accents, kinds of apostrophes and hyphens, how words are joined. Pure.
//!
//! `Kim Lee`, `KIM\n> LEE`, `kim-lee`, `kim_lee`, `Kim%20Lee` and `kim.lee` all fold to `kim lee`; `José` folds to `jose` in either
//! normal form. A full stop, colon or empty line between words stays, as it ends what can be one name.

use std::iter::once;
use std::ops::Range;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Characters in HTML that can stand in a name.
const ENTITIES: [(&str, char); 9] = [
    ("&amp;", '&'),
    ("&#39;", '\''),
    ("&#x27;", '\''),
    ("&apos;", '\''),
    ("&rsquo;", '\''),
    ("&#8217;", '\''),
    ("&nbsp;", ' '),
    ("&#64;", '@'),
    ("&commat;", '@'),
];

/// A folded text that knows where each of its bytes comes from.
pub struct Folded {
    pub text: String,
    from: Vec<u32>,
    to: Vec<u32>,
}

impl Folded {
    pub fn of(text: &str) -> Self {
        let mut folded =
            Self { text: String::with_capacity(text.len()), from: Vec::with_capacity(text.len()), to: Vec::with_capacity(text.len()) };
        let mut at = 0;
        while let Some((c, length)) = char_at(&text[at..]) {
            at = folded.take(text, at, c, length);
        }
        folded
    }

    /// The range of the original text that became `range`.
    pub fn original(&self, range: Range<usize>) -> Range<usize> {
        self.from[range.start] as usize..self.to[range.end - 1] as usize
    }

    /// Whether `range` of the folded text is no part of a longer word.
    pub fn is_whole(&self, range: Range<usize>) -> bool {
        let is_edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
        is_edge(self.text[..range.start].chars().next_back()) && is_edge(self.text[range.end..].chars().next())
    }

    /// Takes what stands at `at`, and returns where it ends.
    fn take(&mut self, text: &str, at: usize, c: char, length: usize) -> usize {
        let rest = at + length;
        if c.is_ascii_alphanumeric() {
            self.push(c.to_ascii_lowercase(), at, rest);
        } else if is_blank(c) {
            return self.take_space(text, at, rest);
        } else if is_joiner(c) {
            let follows = char_at(&text[rest..]).map(|(next, _)| next);
            if self.ends_in_word() && follows.is_some_and(char::is_alphanumeric) {
                self.push(' ', at, rest);
            } else if self.ends_in_word() && is_hyphen(c) && matches!(follows, Some('\n' | '\r')) {
                return self.take_space(text, at, rest);
            } else {
                self.push(if is_hyphen(c) { '-' } else { c }, at, rest);
            }
        } else if matches!(c, '’' | '‘' | 'ʼ' | '′' | '´') {
            self.push('\'', at, rest);
        } else if is_combining_mark(c) || is_invisible(c) {
            if let (Some(to), true) = (self.to.last_mut(), is_combining_mark(c)) {
                *to = offset(rest);
            }
        } else if c != '\\' || !text[rest..].starts_with(|next: char| next.is_ascii_punctuation()) {
            self.push_folded(c, at, rest);
        }
        rest
    }

    /// A run of spaces, with at most one line's end and the next line's indentation and marks of a quote, is one space.
    fn take_space(&mut self, text: &str, at: usize, from: usize) -> usize {
        let (mut lines, mut end) = (usize::from(text[at..from].contains('\n')), from);
        while let Some((c, length)) = char_at(&text[end..]) {
            match c {
                '\n' => lines += 1,
                '>' if lines > 0 => {}
                c if is_blank(c) => {}
                _ => break,
            }
            end += length;
        }
        self.push(if lines > 1 { '\n' } else { ' ' }, at, end);
        end
    }

    fn push_folded(&mut self, c: char, at: usize, end: usize) {
        for c in once(c).nfkd().filter(|c| !is_combining_mark(*c)) {
            match letters_of(c) {
                Some(letters) => letters.chars().for_each(|c| self.push(c, at, end)),
                None => c.to_uppercase().flat_map(char::to_lowercase).for_each(|c| self.push(c, at, end)),
            }
        }
    }

    fn push(&mut self, c: char, from: usize, to: usize) {
        self.text.push(c);
        self.from.resize(self.text.len(), offset(from));
        self.to.resize(self.text.len(), offset(to));
    }

    fn ends_in_word(&self) -> bool {
        self.text.chars().next_back().is_some_and(char::is_alphanumeric)
    }
}

/// A name as it is looked for.
pub fn fold(name: &str) -> String {
    Folded::of(name.trim()).text
}

/// Texts are bounded far below 4 GB (`limits`); what is beyond would be cut off, not misread.
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// The next character, where a percent sign or an ampersand may stand for another, and its length.
fn char_at(text: &str) -> Option<(char, usize)> {
    let c = text.chars().next()?;
    let encoded = match c {
        '%' => percent(text.as_bytes()),
        '&' => ENTITIES.iter().find(|(entity, _)| text.starts_with(entity)).map(|(entity, c)| (*c, entity.len())),
        _ => None,
    };
    Some(encoded.unwrap_or((c, c.len_utf8())))
}

fn percent(text: &[u8]) -> Option<(char, usize)> {
    let mut bytes = [0; 4];
    for length in 1..=4 {
        let digits = text.get((length - 1) * 3..length * 3)?.strip_prefix(b"%")?;
        bytes[length - 1] = u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()?;
        if let Ok(c) = str::from_utf8(&bytes[..length]) {
            return c.chars().next().filter(|c| !c.is_control()).map(|c| (c, length * 3));
        }
    }
    None
}

fn is_blank(c: char) -> bool {
    c.is_whitespace()
}

fn is_joiner(c: char) -> bool {
    is_hyphen(c) || matches!(c, '_' | '.' | '+')
}

fn is_hyphen(c: char) -> bool {
    matches!(c, '-' | '‐' | '‑' | '‒' | '–' | '−')
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
}

/// Letters that no normal form takes apart.
fn letters_of(c: char) -> Option<&'static str> {
    Some(match c {
        'ø' | 'Ø' => "o",
        'ł' | 'Ł' => "l",
        'đ' | 'Đ' | 'ð' | 'Ð' => "d",
        'ı' => "i",
        'æ' | 'Æ' => "ae",
        'œ' | 'Œ' => "oe",
        'þ' | 'Þ' => "th",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_the_same_name_folds_to_the_same_text() {
        for (text, expected) in [
            ("Kim Lee", "kim lee"),
            ("KIM\r\n  > > LEE", "kim lee"),
            ("kim-lee_x", "kim lee x"),
            ("Smith‑\n  Jones", "smith jones"),
            ("Kim%20Lee%40x", "kim lee@x"),
            ("Jose\u{301} José Jos%C3%A9", "jose jose jose"),
            ("O’Brien O&#39;Brien O\\'Brien", "o'brien o'brien o'brien"),
            ("Strauß STRAUSS Łódź Søren", "strauss strauss lodz soren"),
            ("Ki\u{ad}m\u{200b}", "kim"),
            ("Kim. Lee", "kim. lee"),
            ("Kim\n\nLee - x", "kim\nlee - x"),
            ("100% _x_", "100% _x_"),
        ] {
            assert_eq!(fold(text), expected, "{text}");
        }
    }

    #[test]
    fn a_range_leads_back_to_the_original() {
        let text = "— Jose\u{301}\n> Núñez!";
        let folded = Folded::of(text);
        let at = folded.text.find("jose nunez").unwrap();
        assert_eq!(&text[folded.original(at..at + 10)], "Jose\u{301}\n> Núñez");
        assert_eq!(&text[folded.original(at..at + 4)], "Jose\u{301}");
    }
}
