//! Plain text: what a mail reader shows, and a person pastes, where there is no HTML.
//!
//! No mark-up and nothing that only lines up in a fixed width: mail is read in proportional letters, and on phones. Lines are as long as
//! their paragraph; whoever shows them breaks them.

use crate::document::Document;
use crate::picture::Picture;
use crate::tree::{self, Block, Inline};

/// Beyond this, the line below a heading is a rule of the page.
const LONGEST_LINE: usize = 60;
const CODE: &str = "    ";
const QUOTE: &str = "> ";
const BULLET: &str = "- ";
const RULE: &str = "* * *";

/// The document as text alone.
pub fn plain_text(document: &Document) -> String {
    let Document { title, about, blocks } = document;
    let mut parts = vec![underlined(title, '=')];
    parts.extend((!about.meta.is_empty()).then(|| about.meta.join("\n")));
    parts.extend(blocks.iter().map(block));
    parts.join("\n\n") + "\n"
}

fn blocks(blocks: &[Block]) -> String {
    blocks.iter().map(block).collect::<Vec<_>>().join("\n\n")
}

fn block(block: &Block) -> String {
    match block {
        Block::Heading { level: 2, text } => underlined(&tree::plain(text), '-'),
        Block::Heading { text, .. } => lead(&tree::plain(text)),
        Block::Paragraph { text } => words(text),
        Block::Quote { blocks: quoted } => prefixed(&blocks(quoted), QUOTE, QUOTE),
        Block::List { start, items } => list(*start, items),
        Block::Code { text } => prefixed(text, CODE, CODE),
        Block::Table { head, rows, .. } => table(head, rows),
        Block::Picture(Picture { title, words, .. }) => bullets(&lead(title), words.iter().cloned()),
        Block::Rule => RULE.to_owned(),
    }
}

fn underlined(text: &str, line: char) -> String {
    let width = text.chars().count().clamp(1, LONGEST_LINE);
    format!("{text}\n{}", line.to_string().repeat(width))
}

/// A line that others belong to.
fn lead(text: &str) -> String {
    if text.ends_with(|c: char| c.is_ascii_punctuation()) { text.to_owned() } else { format!("{text}:") }
}

fn bullets(lead: &str, lines: impl Iterator<Item = String>) -> String {
    lines.fold(lead.to_owned(), |text, line| text + "\n" + &item(BULLET, &line))
}

/// `text` behind `marker`, its further lines below its first.
fn item(marker: &str, text: &str) -> String {
    prefixed(text, marker, &" ".repeat(marker.chars().count()))
}

fn prefixed(text: &str, first: &str, then: &str) -> String {
    let lines = text.split('\n').enumerate();
    let lines = lines.map(|(n, line)| format!("{}{line}", if n == 0 { first } else { then }).trim_end().to_owned());
    lines.collect::<Vec<_>>().join("\n")
}

fn list(start: Option<u64>, items: &[Vec<Block>]) -> String {
    let marker = |n: u64| start.map_or_else(|| BULLET.to_owned(), |start| format!("{}. ", start.saturating_add(n)));
    let is_short = |item: &Vec<Block>| item.iter().skip(1).all(|block| matches!(block, Block::List { .. }));
    // What is said in one breath is listed without blank lines, as it was written.
    let (between, within) = if items.iter().all(is_short) { ("\n", "\n") } else { ("\n\n", "\n\n") };
    let items = (0..).zip(items).map(|(n, blocks)| {
        let parts: Vec<String> = blocks.iter().map(block).collect();
        item(&marker(n), &parts.join(within))
    });
    items.collect::<Vec<_>>().join(between)
}

/// What is looked up by its first column as a list, anything wider row by row, each value with the heading of its column.
fn table(head: &[Vec<Inline>], rows: &[Vec<Vec<Inline>>]) -> String {
    let cells = |row: &[Vec<Inline>]| -> Vec<String> { row.iter().map(|cell| words(cell)).collect() };
    let head = cells(head);
    let pair = |row: &[String]| row.iter().filter(|cell| !cell.is_empty()).map(String::as_str).collect::<Vec<_>>().join(": ");
    if head.len() <= 2 {
        let rows = rows.iter().map(|row| pair(&cells(row))).filter(|row| !row.is_empty());
        let lead = pair(&head);
        return if lead.is_empty() { rows.map(|row| item(BULLET, &row)).collect::<Vec<_>>().join("\n") } else { bullets(&lead, rows) };
    }
    if rows.is_empty() {
        return head.join(", ");
    }
    let row = |row: &Vec<Vec<Inline>>| {
        let told = head.iter().zip(cells(row)).filter(|(_, cell)| !cell.is_empty());
        told.map(|(head, cell)| pair(&[head.clone(), cell])).collect::<Vec<_>>().join("\n")
    };
    rows.iter().map(row).filter(|row| !row.is_empty()).collect::<Vec<_>>().join("\n\n")
}

fn words(text: &[Inline]) -> String {
    text.iter()
        .map(|inline| match inline {
            Inline::Text { text } | Inline::Code { text } => text.clone(),
            Inline::Emphasis { of } | Inline::Strong { of } => words(of),
            // Read without it, it would say the opposite.
            Inline::Struck { of } => format!("(struck out: {})", words(of)),
            Inline::Link { to, of } => link(to, &words(of)),
            Inline::Break => "\n".to_owned(),
        })
        .collect()
}

fn link(to: &str, words: &str) -> String {
    let address = to.strip_prefix("mailto:").unwrap_or(to);
    let bare = |address: &str| address.trim_start_matches("https://").trim_start_matches("http://").trim_end_matches('/').to_owned();
    if bare(words) == bare(address) { address.to_owned() } else { format!("{words} ({address})") }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::picture::{Moment, strip};
    use crate::{About, html_fragment};

    fn read(markdown: &str) -> String {
        let about = About { lang: "en".to_owned(), ident: "INC-1".to_owned(), meta: Vec::new(), at: DateTime::UNIX_EPOCH };
        let text = plain_text(&Document::parse(&format!("# T\n\n{markdown}"), about, Vec::new()));
        text.strip_prefix("T\n=\n\n").unwrap_or_default().trim_end().to_owned()
    }

    #[test]
    fn a_letter_has_a_title_and_is_in_blocks() {
        let meta = vec!["Report".to_owned(), "27 November 2026".to_owned()];
        let about = About { lang: "en".to_owned(), ident: "INC-1".to_owned(), meta, at: DateTime::UNIX_EPOCH };
        let markdown =
            "# INC-1: Shop &amp; checkout\n\n## What happened\n\nIt was *down* for\ntwo hours.\n\n### Why\n\n\\<b> `a|b`\n\n***\n\nEnd.";
        let text = plain_text(&Document::parse(markdown, about, Vec::new()));
        assert_eq!(
            text,
            "INC-1: Shop & checkout\n======================\n\nReport\n27 November 2026\n\nWhat happened\n-------------\n\n\
             It was down for two hours.\n\nWhy:\n\n<b> a|b\n\n* * *\n\nEnd.\n"
        );
    }

    #[test]
    fn nothing_of_the_mark_up_is_left() {
        for (markdown, text) in [
            ("**a** *b* ~~c~~ d", "a b (struck out: c) d"),
            ("R&amp;D \\| 5 \\< 6 \\* 7 \\_x\\_", "R&D | 5 < 6 * 7 _x_"),
            ("a\\\nb", "a\nb"),
            ("[the status page](https://status.example.org/a)", "the status page (https://status.example.org/a)"),
            ("<https://status.example.org>", "https://status.example.org/"),
            ("[status.example.org](https://status.example.org/)", "https://status.example.org/"),
            ("<ops@example.org> or [us](mailto:ops@example.org)", "ops@example.org or us (ops@example.org)"),
            ("[a trap](javascript:alert(1))", "a trap"),
            ("![A graph](x.png)", "A graph"),
            ("```\n$ a | b\n\n  c\n```", "    $ a | b\n\n      c"),
            ("> He said\n>\n> - so", "> He said\n>\n> - so"),
        ] {
            assert_eq!(read(markdown), text, "{markdown}");
        }
    }

    #[test]
    fn lists_are_as_tight_as_they_were_written() {
        assert_eq!(read("1. One\n2. Two\n   - a\n   - b\n3. Three"), "1. One\n2. Two\n   - a\n   - b\n3. Three");
        assert_eq!(read("9. Nine\n10. Ten\n\n    More of it."), "9. Nine\n\n10. Ten\n\n    More of it.");
        assert_eq!(read("- a\\\n  b\n- c"), "- a\n  b\n- c");
    }

    #[test]
    fn tables_are_read_without_columns() {
        assert_eq!(
            read("| What | How much |\n| --- | --: |\n| Impact | 2 h 11 min |\n| Orders \\| carts | 9 |\n| | |"),
            "What: How much\n- Impact: 2 h 11 min\n- Orders | carts: 9"
        );
        assert_eq!(read("| | |\n| --- | --- |\n| Impact | 2 h |"), "- Impact: 2 h");
        assert_eq!(read("| Site |\n| --- |\n| a |\n| b |"), "Site\n- a\n- b");
        assert_eq!(
            read("| Time | | What |\n| - | - | - |\n| 22:14 | x | declared |\n| 22:20 | | called [us](https://e.org/a) |"),
            "Time: 22:14\nx\nWhat: declared\n\nTime: 22:20\nWhat: called us (https://e.org/a)"
        );
        assert_eq!(read("| a | b | c |\n| - | - | - |"), "a, b, c");
    }

    #[test]
    fn pictures_are_their_words() {
        let about = About { lang: "en".to_owned(), ident: "INC-1".to_owned(), meta: Vec::new(), at: DateTime::UNIX_EPOCH };
        let moment = Moment { at: DateTime::UNIX_EPOCH, label: "Declared".to_owned(), is_key: true };
        let picture = strip(&[moment], DateTime::UNIX_EPOCH, DateTime::UNIX_EPOCH + chrono::TimeDelta::minutes(5));
        let (title, line) = (picture.title.clone(), picture.words[0].clone());
        let document = Document::parse("# T\n\nend", about, vec![picture]);
        assert!(plain_text(&document).contains(&format!("{title}:\n- {line}\n")), "{}", plain_text(&document));
        assert!(html_fragment(&document).contains(&line));
    }
}
