//! Texts that the fonts can show.
//!
//! PDF/UA is all or nothing: one character without a glyph, an emoji say, and there is no accessible PDF at all.

use std::fmt::Write;

use serde_json::Value;

use crate::fonts::covers;

/// `text` with each character that no font has by its number: `[U+1F525]`. What is not to be seen anyway is left out.
pub fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' => out.push(c),
            c if c.is_control() || is_unseen(c) => {}
            c if covers(c) => out.push(c),
            c if c.is_whitespace() => out.push(' '),
            c => {
                let _ = write!(out, "[U+{:04X}]", u32::from(c));
            }
        }
    }
    out
}

/// Every text in `value`.
pub fn clean_all(value: &mut Value) {
    match value {
        Value::String(text) => *text = clean(text),
        Value::Array(values) => values.iter_mut().for_each(clean_all),
        Value::Object(fields) => fields.values_mut().for_each(clean_all),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Joiners, selectors, directions and tags, which change how their neighbours look.
fn is_unseen(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_font_has_is_told_by_its_number() {
        for (text, shown) in [
            ("plain, é → ſ\tand\nmore", "plain, é → ſ\tand\nmore"),
            ("fire 🔥!", "fire [U+1F525]!"),
            ("👩\u{200d}🚒\u{fe0f}", "[U+1F469][U+1F692]"),
            ("a\u{0}\u{7}b\u{feff}", "ab"),
            ("漢", "[U+6F22]"),
            ("a\u{3000}b", "a b"),
        ] {
            assert_eq!(clean(text), shown);
        }
    }
}
