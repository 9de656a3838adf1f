//! What is said, as blocks: within Slack's limits, and cut where they are too narrow.

use domain::ports::{Answer, Button, ChatLink, Home, Said};
use serde_json::{Value, json};

use super::words::{cut, escaped, line, link, mentions, mrkdwn};

/// Characters of a section's text.
const SECTION: usize = 3_000;
/// Sections of one message, so that the whole stays well below what Slack takes.
const SECTIONS: usize = 4;
/// Blocks of a home; it may have 100.
const HOME_BLOCKS: usize = 90;
/// Characters of a line: headlines, notifications, titles of lists.
const LINE: usize = 250;
/// What follows where a text was cut.
const REST: &str = "Muster has the rest";
/// Buttons in one row, and characters of what one says.
const BUTTONS: usize = 25;
const LABEL: usize = 75;

/// What is said, as the fields of a message.
pub(super) fn message(said: &Said) -> Value {
    let mut blocks = Vec::new();
    let notified = mentions(&said.mentions);
    let headline = if said.headline.is_empty() { String::new() } else { format!("*{}*", escaped(&line(&said.headline, LINE))) };
    let first = joined([notified.clone(), headline]);
    blocks.extend(Some(first).filter(|first| !first.is_empty()).map(|first| section(&first)));
    let rest = said.link.as_ref().map(|to| to.url.as_str());
    blocks.extend(sections(&said.paragraphs, rest).iter().map(|text| section(text)));
    blocks.extend(buttons(&said.buttons));
    blocks.extend(said.link.as_ref().map(linked));
    let short = if said.short.is_empty() { &said.headline } else { &said.short };
    json!({ "text": joined([notified, escaped(&line(short, LINE))]), "blocks": blocks })
}

fn joined(parts: [String; 2]) -> String {
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// A notice, as the fields of a message.
pub(super) fn notice(text: &str) -> Value {
    fields(text, &paragraphs(text, None))
}

/// An answer, as the fields of a message.
pub(super) fn answer(answer: &Answer) -> Value {
    let mut blocks = paragraphs(&answer.text, answer.rest.as_deref());
    blocks.extend(answer.by.as_ref().map(|by| context(&escaped(&line(by, LINE)))));
    fields(&answer.text, &blocks)
}

/// The fields of a message that says `text` by these blocks: a phone shows its beginning.
fn fields(text: &str, blocks: &[Value]) -> Value {
    json!({ "text": escaped(&line(text, LINE)), "blocks": blocks })
}

/// Text of any length as sections. What is cut is at `rest`.
pub(super) fn paragraphs(text: &str, rest: Option<&str>) -> Vec<Value> {
    let paragraphs: Vec<String> = text.split("\n\n").map(str::to_owned).collect();
    sections(&paragraphs, rest).iter().map(|text| section(text)).collect()
}

/// A home.
pub(super) fn home(home: &Home) -> Value {
    let mut blocks = Vec::new();
    for part in &home.parts {
        blocks.push(json!({ "type": "header", "text": plain(&part.title, 150) }));
        if part.entries.is_empty() && !part.otherwise.is_empty() {
            blocks.push(section(&mrkdwn(&cut(&part.otherwise, SECTION / 2))));
        }
        for entry in &part.entries {
            let text = mrkdwn(&cut(&entry.text, SECTION / 4));
            let text = entry.url.as_ref().map_or_else(|| text.clone(), |url| format!("{text}  {}", link("Open", url)));
            blocks.push(section(&text));
            blocks.extend(buttons(&entry.buttons));
        }
    }
    if blocks.len() > HOME_BLOCKS {
        blocks.truncate(HOME_BLOCKS);
        blocks.push(section("… and more: see the console."));
    }
    json!({ "type": "home", "blocks": blocks })
}

/// A section of markup, to which Slack adds nothing.
pub(super) fn section(markup: &str) -> Value {
    json!({ "type": "section", "text": { "type": "mrkdwn", "text": markup, "verbatim": true } })
}

/// Text without any markup, at most so long, and never empty: Slack refuses that.
pub(super) fn plain(text: &str, most: usize) -> Value {
    let text = line(text, most);
    json!({ "type": "plain_text", "text": if text.is_empty() { "–" } else { &text }, "emoji": false })
}

/// Paragraphs packed into few sections; what is left out is at `rest`, and that is said.
fn sections(paragraphs: &[String], rest: Option<&str>) -> Vec<String> {
    let mut sections: Vec<String> = Vec::new();
    for paragraph in paragraphs.iter().map(|text| text.trim_end()).filter(|text| !text.is_empty()) {
        for piece in pieces(paragraph) {
            if let Some(last) = sections.last_mut()
                && last.chars().count() + piece.chars().count() + 2 <= SECTION
            {
                last.push_str("\n\n");
                last.push_str(&piece);
            } else if sections.len() < SECTIONS {
                sections.push(piece);
            } else {
                let rest = rest.map_or_else(|| REST.to_owned(), |url| link(REST, url));
                sections.push(format!("… this is cut: {rest}."));
                return sections;
            }
        }
    }
    sections
}

/// A paragraph as markup, in pieces that fit into a section: it is cut before it is escaped, so that no link or character is cut in two.
fn pieces(paragraph: &str) -> Vec<String> {
    let whole = mrkdwn(paragraph);
    if whole.chars().count() <= SECTION {
        return vec![whole];
    }
    let (mut pieces, mut piece, mut chars) = (Vec::new(), String::new(), 0);
    for part in paragraph.split_inclusive('\n').flat_map(parts) {
        let more = mrkdwn(&part).chars().count();
        if chars + more > SECTION {
            pieces.push(mrkdwn(&std::mem::take(&mut piece)));
            chars = 0;
        }
        piece.push_str(&part);
        chars += more;
    }
    pieces.push(mrkdwn(&piece));
    pieces
}

/// A line, or its words if it fits into no section. Words without an end are parted.
fn parts(line: &str) -> Vec<String> {
    if mrkdwn(line).chars().count() <= SECTION {
        return vec![line.to_owned()];
    }
    let words = line.split_inclusive(char::is_whitespace).map(|word| word.chars().collect::<Vec<char>>());
    // Escaping makes a character five at most, and a link two more.
    words.flat_map(|word| word.chunks(SECTION / 6).map(|some| some.iter().collect()).collect::<Vec<String>>()).collect()
}

/// A row of buttons. Each comes back with what it does and what it is about.
fn buttons(buttons: &[Button]) -> Option<Value> {
    let elements = buttons.iter().take(BUTTONS).enumerate().map(|(number, button)| {
        // Two buttons of a row must differ in this.
        let action = format!("{}:{number}", button.press.as_str());
        let mut element = json!({ "type": "button", "action_id": action, "value": button.value, "text": plain(&button.label, LABEL) });
        if button.is_main {
            element["style"] = "primary".into();
        }
        element
    });
    let elements: Vec<Value> = elements.collect();
    (!elements.is_empty()).then(|| json!({ "type": "actions", "elements": elements }))
}

fn linked(to: &ChatLink) -> Value {
    context(&link(&line(&to.text, LINE), &to.url))
}

/// A small line of markup below the rest.
fn context(markup: &str) -> Value {
    json!({ "type": "context", "elements": [{ "type": "mrkdwn", "text": markup, "verbatim": true }] })
}

#[cfg(test)]
mod tests {
    use domain::ports::Press;

    use super::*;

    fn said(paragraphs: Vec<String>) -> Said {
        let button = Button { press: Press::Accept, value: "x".into(), label: "I have it".into(), is_main: true };
        Said {
            mentions: vec!["U1".into()],
            headline: "<!channel> & <@U123>".into(),
            paragraphs,
            short: "it is down".into(),
            link: Some(ChatLink { text: "INC-1".into(), url: "https://m.example.org/incidents/INC-1".into() }),
            buttons: vec![button.clone(), button],
        }
    }

    fn texts(message: &Value) -> Vec<&str> {
        message["blocks"].as_array().unwrap().iter().filter_map(|block| block["text"]["text"].as_str()).collect()
    }

    #[test]
    fn a_name_mentions_nobody() {
        let message = message(&said(vec!["one\ntwo".into(), "three".into()]));
        assert_eq!(message["text"], "<@U1> it is down");
        assert_eq!(texts(&message), ["<@U1> *&lt;!channel&gt; &amp; &lt;@U123&gt;*", "one\ntwo\n\nthree"]);
        let actions = &message["blocks"][2]["elements"];
        assert_eq!((&actions[0]["action_id"], &actions[1]["action_id"]), (&json!("accept:0"), &json!("accept:1")));
    }

    #[test]
    fn three_thousand_words_are_cut_and_nothing_breaks() {
        for word in ["<&> ", "word ", "https://example.org/a&b ", "&"] {
            let message = message(&said(vec![word.repeat(9_000)]));
            let texts = texts(&message);
            assert!(texts.len() <= SECTIONS + 2 && texts.iter().all(|text| text.chars().count() <= SECTION), "{word}: {}", texts.len());
            assert_eq!(texts.last(), Some(&"… this is cut: <https://m.example.org/incidents/INC-1|Muster has the rest>."), "{word}");
        }
    }

    #[test]
    fn what_everybody_reads_says_who_wrote_it_and_where_the_rest_is() {
        let rest = Some("https://m.example.org/incidents/INC-1".to_owned());
        let quiet = Answer { rest, ..Answer::quiet("It is up.\n\nNext: sleep.") };
        assert_eq!(answer(&quiet)["blocks"].as_array().unwrap().len(), 1, "nothing was cut");
        let long = Answer { text: "word ".repeat(9_000), by: Some("Kim <!here>".to_owned()), ..quiet };
        let message = answer(&long);
        assert!(texts(&message).last().is_some_and(|text| text.contains("INC-1|Muster has the rest>")), "{message}");
        let by = message["blocks"].as_array().unwrap().last().unwrap();
        assert_eq!((&by["type"], &by["elements"][0]["text"]), (&json!("context"), &json!("Kim &lt;!here&gt;")));
    }
}
