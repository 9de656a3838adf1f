//! What stands in the place of a name, so that the sentence, file name or address around it still reads as one. Pure.

use std::ops::Range;

use super::cast::Alias;
use super::fold::fold;
use super::forms::is_title;
use super::place::{Place, Start};
use super::words::is_determiner;

/// A range of the text, and what it becomes.
pub struct Change {
    pub range: Range<usize>,
    pub text: String,
}

/// What a doubt reads as until it is decided: it tells nobody who was meant, and what was no name can be restored by deciding so.
const SOMEONE: &str = "someone";

/// Puts `alias`, or "someone", in the place of the name at `place`.
pub fn change(text: &str, place: &Place, alias: Option<&Alias>, is_address: bool) -> Change {
    let name = alias.map_or(SOMEONE, |alias| alias.name.as_str());
    if let Some(range) = chat_id(text, &place.range) {
        return Change { range, text: format!("@{}", slug(name)) };
    }
    if let Some(address) = address_around(text, &place.range) {
        let is_target = place.is_code || text[..address.start].ends_with([':', '/', '=']);
        if !is_target {
            let range = in_angle_brackets(text, address);
            return Change { text: phrase(&place.widened(range.clone()), alias), range };
        }
        // On a machine, the host after the @ is worth knowing; of an address that is known to be theirs it is not.
        return Change { range: if is_address { address } else { place.range.clone() }, text: slug(name) };
    }
    if place.is_code || place.is_joined() {
        return Change { range: place.range.clone(), text: slug(name) };
    }
    let mut range = with_title(place);
    let mut end = String::new();
    if let Some(apostrophe) = bare_possessive(place) {
        range.end += apostrophe.len_utf8();
        end = format!("{apostrophe}s");
    }
    let before = text[..range.start].strip_suffix(' ').unwrap_or_default();
    if before.len() >= name.len()
        && before.is_char_boundary(before.len() - name.len())
        && before[before.len() - name.len()..].eq_ignore_ascii_case(name)
    {
        // "our incident lead Kim": already said.
        range.start = before.len();
        return Change { range, text: end };
    }
    let text = phrase(&place.widened(range.clone()), alias) + &end;
    Change { range, text }
}

/// The name in prose: with an article unless there is a determiner, with a capital where a sentence begins.
fn phrase(place: &Place, alias: Option<&Alias>) -> String {
    let Some(alias) = alias else { return with_capital(SOMEONE, begins(place)) };
    let has_determiner = place.previous().next().is_some_and(|before| before.gap == " " && is_determiner(&fold(before.word)));
    if alias.has_number || has_determiner {
        return with_capital(&alias.name, begins(place));
    }
    with_capital(&format!("the {}", alias.name), begins(place))
}

fn with_capital(text: &str, wanted: bool) -> String {
    let mut chars = text.chars();
    match chars.next().filter(|_| wanted) {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => text.to_owned(),
    }
}

fn begins(place: &Place) -> bool {
    match place.start {
        Start::Sentence => true,
        Start::No => false,
        // A line that begins with it, unless it goes on with the sentence of the line before.
        Start::Perhaps => {
            let (above, line) = place.before().rsplit_once('\n').unwrap_or(("", place.before()));
            let goes_on =
                above.trim_end().ends_with(|c: char| c.is_alphanumeric() || c == ',') && !line.contains(|c: char| c.is_ascii_digit());
            !line.contains(char::is_alphabetic) && !goes_on
        }
    }
}

/// As in file names: "incident-lead".
fn slug(name: &str) -> String {
    let folded = fold(name);
    let parts: Vec<&str> = folded.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty()).collect();
    parts.join("-")
}

/// `<@U0123>` or `<@U0123|kim>` around an id.
fn chat_id(text: &str, range: &Range<usize>) -> Option<Range<usize>> {
    let line = text[..range.start].rfind('\n').map_or(0, |at| at + 1);
    let start = line + text[line..range.start].rfind("<@")?;
    let inside = &text[start..range.start];
    let end = range.end + text[range.end..].find('>')? + 1;
    let is_closed = |part: &str| part.contains([' ', '>', '\n']);
    (!is_closed(inside) && !is_closed(&text[range.end..end - 1])).then_some(start..end)
}

/// The whole address that `range` is the first part of, or all of.
fn address_around(text: &str, range: &Range<usize>) -> Option<Range<usize>> {
    let is_local = |c: char| c.is_alphanumeric() || "._+-".contains(c);
    let start = range.start - text[..range.start].chars().rev().take_while(|c| is_local(*c)).map(char::len_utf8).sum::<usize>();
    let (local, rest) = text[start..].split_once('@').or_else(|| text[start..].split_once("%40"))?;
    let at = start + local.len();
    if !local.chars().all(is_local) || local.is_empty() || range.start > at {
        return None;
    }
    let host =
        rest.find(|c: char| !(c.is_alphanumeric() || ".-".contains(c))).map_or(rest, |end| &rest[..end]).trim_end_matches(['.', '-']);
    let end = text.len() - rest.len() + host.len();
    host.contains('.').then_some(start..end.max(range.end))
}

fn in_angle_brackets(text: &str, range: Range<usize>) -> Range<usize> {
    if text[..range.start].ends_with('<') && text[range.end..].starts_with('>') { range.start - 1..range.end + 1 } else { range }
}

/// "Mr Lee", "Dr. Lee".
fn with_title(place: &Place) -> Range<usize> {
    let title = place.previous().next().filter(|before| [" ", ". "].contains(&before.gap) && is_title(&fold(before.word)));
    place.range.start - title.map_or(0, |title| title.word.len() + title.gap.len())..place.range.end
}

/// The apostrophe of "James' laptop", unless it ends a quotation.
fn bare_possessive(place: &Place) -> Option<char> {
    let apostrophe = place.after().chars().next().filter(|c| matches!(c, '\'' | '’'))?;
    let rest = &place.after()[apostrophe.len_utf8()..];
    let line = place.before().rsplit('\n').next().unwrap_or_default();
    let opens = |(at, c): (usize, char)| matches!(c, '\'' | '‘') && !line[..at].ends_with(char::is_alphanumeric);
    let is_quoted = line.char_indices().any(opens);
    (place.own().ends_with(['s', 'S', 'x', 'z']) && !is_quoted && rest.starts_with(char::is_whitespace)).then_some(apostrophe)
}
