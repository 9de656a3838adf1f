//! Markdown written in one way, so that what is approved, compared and sent is what it looks like. Pure.

use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

/// What a section's own headings begin with: the report's title is the first level, the section's the second.
const BELOW: usize = 2;
/// The kinds of Markdown that are kept beyond the basic ones.
const OPTIONS: Options = Options::ENABLE_TABLES.union(Options::ENABLE_STRIKETHROUGH);
/// Where links may lead.
const SCHEMES: [&str; 3] = ["http://", "https://", "mailto:"];

/// `markdown` written in one way, so that nothing in it reaches beyond it or hides: an open code block ends, HTML is text, headings are below
/// those of the report, characters stand for themselves, words are not cut by emphasis, links lead to the web or to a mailbox, and
/// no picture is fetched from elsewhere.
pub fn canonical(markdown: &str) -> String {
    // Without a newline at its end, a code block that was left open stays open.
    let markdown = format!("{markdown}\n");
    let events = Parser::new_ext(&markdown, OPTIONS).flat_map(as_lines).map(|event| match event {
        Event::Start(Tag::Heading { level, id, classes, attrs }) => Event::Start(Tag::Heading { level: below(level), id, classes, attrs }),
        Event::End(TagEnd::Heading(level)) => Event::End(TagEnd::Heading(below(level))),
        Event::Start(Tag::HtmlBlock) => Event::Start(Tag::Paragraph),
        Event::End(TagEnd::HtmlBlock) => Event::End(TagEnd::Paragraph),
        event => event,
    });
    let events = whole_words(only_safe_targets(events));
    let mut text = String::with_capacity(markdown.len());
    match pulldown_cmark_to_cmark::cmark(events, &mut text, OPTIONS) {
        Ok(_) => text.trim().to_owned(),
        // Never seen; then as it was written, as a quotation.
        Err(_) => format!("> {}", markdown.trim().replace('\n', "\n> ")),
    }
}

/// HTML as the text that it is, a line at a time.
fn as_lines(event: Event<'_>) -> impl Iterator<Item = Event<'_>> {
    let (line, rest) = match event {
        Event::Html(html) if html.ends_with('\n') => (Event::Text(html.trim_end().to_owned().into()), Some(Event::SoftBreak)),
        Event::Html(html) | Event::InlineHtml(html) => (Event::Text(html), None),
        event => (event, None),
    };
    std::iter::once(line).chain(rest)
}

fn below(level: HeadingLevel) -> HeadingLevel {
    HeadingLevel::try_from(level as usize + BELOW).unwrap_or(HeadingLevel::H6)
}

/// Links that lead elsewhere, and pictures that are not Muster's own, as their words.
fn only_safe_targets<'a>(events: impl Iterator<Item = Event<'a>>) -> Vec<Event<'a>> {
    let mut safe: Vec<Event> = Vec::new();
    // Of each link and picture that is open, whether it stays.
    let mut open = Vec::new();
    for event in events {
        let stays = match &event {
            Event::Start(Tag::Link { dest_url, .. }) => {
                let target = dest_url.to_ascii_lowercase();
                // An address in angle brackets is one without its scheme.
                let is_address = target.contains('@') && !target.contains(':');
                Some(is_address || SCHEMES.iter().any(|scheme| target.starts_with(scheme)))
            }
            Event::Start(Tag::Image { dest_url, .. }) => Some(!dest_url.contains(':') && !dest_url.starts_with("//")),
            _ => None,
        };
        match (&event, stays) {
            (_, Some(stays)) => {
                open.push(stays);
                if stays {
                    safe.push(event);
                }
            }
            (Event::End(TagEnd::Link | TagEnd::Image), None) => {
                if open.pop().unwrap_or(true) {
                    safe.push(event);
                }
            }
            _ => safe.push(event),
        }
    }
    safe
}

/// Without the emphasis that begins or ends within a word: it would hide the word from whoever looks for it.
fn whole_words(events: Vec<Event<'_>>) -> Vec<Event<'_>> {
    let mut cuts = vec![false; events.len()];
    let mut open = Vec::new();
    for (at, event) in events.iter().enumerate() {
        match event {
            Event::Start(Tag::Emphasis | Tag::Strong | Tag::Strikethrough) => open.push(at),
            Event::End(TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough) => {
                let Some(start) = open.pop() else { continue };
                let is_cut = is_within_word(&events, start) || is_within_word(&events, at);
                (cuts[start], cuts[at]) = (is_cut, is_cut);
            }
            _ => {}
        }
    }
    let kept: Vec<Event> = events.into_iter().zip(cuts).filter(|(_, is_cut)| !is_cut).map(|(event, _)| event).collect();
    joined(kept)
}

/// Whether letters stand on both sides of the mark at `at`.
fn is_within_word(events: &[Event<'_>], at: usize) -> bool {
    let is_mark = |event: &&Event<'_>| {
        !matches!(
            event,
            Event::Start(Tag::Emphasis | Tag::Strong | Tag::Strikethrough)
                | Event::End(TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough)
        )
    };
    let text = |event: Option<&Event<'_>>| match event {
        Some(Event::Text(text) | Event::Code(text)) => text.to_string(),
        _ => String::new(),
    };
    let before = text(events[..at].iter().rev().find(is_mark));
    let after = text(events[at + 1..].iter().find(is_mark));
    before.ends_with(char::is_alphanumeric) && after.starts_with(char::is_alphanumeric)
}

/// Texts that follow each other as one, so that they are escaped as one.
fn joined(events: Vec<Event<'_>>) -> Vec<Event<'_>> {
    let mut joined: Vec<Event> = Vec::with_capacity(events.len());
    for event in events {
        match (joined.last_mut(), event) {
            (Some(Event::Text(before)), Event::Text(text)) => *before = CowStr::from(format!("{before}{text}")),
            (_, event) => joined.push(event),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_section_reaches_beyond_it() {
        for (written, canonical_form) in [
            ("```\nopen", "````\nopen\n````"),
            ("# mine", "### mine"),
            ("###### deep", "###### deep"),
            ("<script>alert(1)</script>", "\\<script>alert(1)\\</script>"),
            ("<div>\na\n</div>\n\nb", "\\<div>\na\n\\</div>\n\nb"),
            ("a <b>c</b>", "a \\<b>c\\</b>"),
            ("| a | b |\n| --- | --- |\n| 1 | 2 |", "|a|b|\n|-|-|\n|1|2|"),
        ] {
            assert_eq!(canonical(written), canonical_form, "{written}");
        }
    }

    #[test]
    fn nothing_hides_in_it() {
        for (written, canonical_form) in [
            ("Cloverl&#101;af", "Cloverleaf"),
            ("Cloverl*eaf* To**m** ~~Clover~~leaf", "Cloverleaf Tom Cloverleaf"),
            ("*all* of it, **and** (*more*)", "*all* of it, **and** (*more*)"),
            ("[a trap](javascript:alert(1)) [a page](https://example.org)", "a trap [a page](https://example.org)"),
            ("![a chart](https://example.org/a.png) ![](//example.org/b.png)", "a chart"),
            ("![a chart](strip)", "![a chart](strip)"),
            ("<https://example.org> <ann@example.org>", "<https://example.org> <ann@example.org>"),
        ] {
            assert_eq!(canonical(written), canonical_form, "{written}");
        }
    }

    #[test]
    fn what_is_canonical_stays_as_it_is() {
        for written in ["- a\n  ```\n  df -h\n  ```\n- b", "1. a\n2. b\n\nc *d* **e**", "> x\n> y", "a  \nb"] {
            let once = canonical(written);
            assert_eq!(canonical(&once), once, "{written}");
        }
    }
}
