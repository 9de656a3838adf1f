//! Markdown as one tree of blocks and words, for all formats.

use pulldown_cmark::{Alignment, Event, HeadingLevel, LinkType, Options, Parser, Tag, TagEnd};
use serde::Serialize;

use crate::picture::Picture;
use crate::text::{clean, target};

/// The kinds of Markdown beyond the basic ones.
const OPTIONS: Options = Options::ENABLE_TABLES.union(Options::ENABLE_STRIKETHROUGH);
/// Quotes, lists and emphasis within each other beyond this are taken for what they stand in: nobody reads them, and Typst and Word have
/// bounds of their own.
const DEEPEST: usize = 6;

/// A part of a document.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Block {
    /// Level 2 and above, never more than one above the heading before; never empty.
    Heading {
        level: u8,
        text: Vec<Inline>,
    },
    Paragraph {
        text: Vec<Inline>,
    },
    Quote {
        blocks: Vec<Block>,
    },
    /// Numbered from `start`, if that is there.
    List {
        start: Option<u64>,
        items: Vec<Vec<Block>>,
    },
    Code {
        text: String,
    },
    /// Each row has as many cells as `columns`.
    Table {
        columns: Vec<Align>,
        head: Vec<Vec<Inline>>,
        rows: Vec<Vec<Vec<Inline>>>,
    },
    Picture(Picture),
    Rule,
}

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Inline {
    Text {
        text: String,
    },
    Code {
        text: String,
    },
    Emphasis {
        of: Vec<Inline>,
    },
    Strong {
        of: Vec<Inline>,
    },
    Struck {
        of: Vec<Inline>,
    },
    /// `to` is a full address with `http`, `https` or `mailto`.
    Link {
        to: String,
        of: Vec<Inline>,
    },
    Break,
}

/// How a column of a table is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Align {
    Start,
    Center,
    End,
}

/// The words alone.
pub fn plain(text: &[Inline]) -> String {
    let mut words = String::new();
    for inline in text {
        match inline {
            Inline::Text { text } | Inline::Code { text } => words.push_str(text),
            Inline::Emphasis { of } | Inline::Strong { of } | Inline::Struck { of } | Inline::Link { of, .. } => words.push_str(&plain(of)),
            Inline::Break => words.push(' '),
        }
    }
    words
}

/// The title, if the text begins with one, and what follows it.
pub fn parse(markdown: &str, pictures: Vec<Picture>) -> (Option<String>, Vec<Block>) {
    // Without a newline at its end, a code block that was left open stays open.
    let markdown = format!("{markdown}\n");
    let mut shallow = Shallow::default();
    let events = Parser::new_ext(&markdown, OPTIONS).filter_map(|event| shallow.pass(event)).collect();
    let mut reader = Reader { events, at: 0, pictures: pictures.into_iter().map(|picture| (picture, false)).collect(), level: 1 };
    let title = reader.title();
    let body = reader.blocks(None);
    let unnamed = reader.pictures.into_iter().filter(|(_, named)| !named).map(|(picture, _)| Block::Picture(picture));
    (title, unnamed.chain(body).collect())
}

struct Reader<'a> {
    events: Vec<Event<'a>>,
    /// The next event.
    at: usize,
    /// With whether the text names them.
    pictures: Vec<(Picture, bool)>,
    /// Of the heading before.
    level: u8,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Option<Event<'a>> {
        let event = self.events.get(self.at).cloned();
        self.at += 1;
        event
    }

    fn title(&mut self) -> Option<String> {
        let Some(Event::Start(Tag::Heading { level: HeadingLevel::H1, .. })) = self.events.first() else { return None };
        self.at += 1;
        Some(plain(&self.inlines_to_end()))
    }

    /// What stands before `end`, which is taken as well.
    fn blocks(&mut self, end: Option<TagEnd>) -> Vec<Block> {
        let mut blocks = Vec::new();
        while let Some(event) = self.next() {
            match event {
                Event::End(tag) if Some(tag) == end => break,
                Event::Start(tag) if !is_inline(tag.to_end()) => blocks.extend(self.block(tag)),
                Event::Rule => blocks.push(Block::Rule),
                Event::End(_) => {}
                // The text of an item of a list without paragraphs.
                _ => {
                    self.at -= 1;
                    blocks.extend(paragraph(self.inlines()));
                }
            }
        }
        blocks
    }

    fn block(&mut self, tag: Tag<'a>) -> Option<Block> {
        match tag {
            Tag::Heading { level, .. } => {
                let text = self.inlines_to_end();
                if plain(&text).trim().is_empty() {
                    return None;
                }
                self.level = (level as u8).clamp(2, self.level + 1);
                Some(Block::Heading { level: self.level, text })
            }
            Tag::BlockQuote(_) => Some(Block::Quote { blocks: self.blocks(Some(tag.to_end())) }),
            Tag::List(start) => Some(self.list(start)),
            Tag::CodeBlock(_) => Some(Block::Code { text: plain(&self.inlines_to_end()).trim_end_matches('\n').to_owned() }),
            Tag::Table(alignments) => Some(self.table(&alignments)),
            _ => match self.picture() {
                Some(picture) => Some(Block::Picture(picture)),
                None => paragraph(self.inlines_to_end()),
            },
        }
    }

    fn list(&mut self, start: Option<u64>) -> Block {
        let mut items = Vec::new();
        while let Some(Event::Start(Tag::Item)) = self.next() {
            items.push(self.blocks(Some(TagEnd::Item)));
        }
        Block::List { start, items }
    }

    fn table(&mut self, alignments: &[Alignment]) -> Block {
        let columns = alignments.iter().map(|alignment| match alignment {
            Alignment::None | Alignment::Left => Align::Start,
            Alignment::Center => Align::Center,
            Alignment::Right => Align::End,
        });
        let mut rows: Vec<Vec<Vec<Inline>>> = Vec::new();
        while let Some(event) = self.next() {
            match event {
                Event::End(TagEnd::Table) => break,
                Event::Start(Tag::TableHead | Tag::TableRow) => rows.push(Vec::new()),
                Event::Start(Tag::TableCell) => {
                    let cell = self.inlines_to_end();
                    rows.last_mut().expect("a cell stands in a row").push(cell);
                }
                _ => {}
            }
        }
        let head = rows.remove(0);
        Block::Table { columns: columns.collect(), head, rows }
    }

    /// The picture that is all of this paragraph, which is taken with its end.
    fn picture(&mut self) -> Option<Picture> {
        let Some(Event::Start(Tag::Image { dest_url, .. })) = self.events.get(self.at) else { return None };
        let (picture, named) = self.pictures.iter_mut().find(|(picture, _)| *picture.name == **dest_url)?;
        let end = self.at + self.events[self.at..].iter().position(|event| matches!(event, Event::End(TagEnd::Image)))?;
        matches!(self.events.get(end + 1), Some(Event::End(TagEnd::Paragraph))).then(|| {
            *named = true;
            self.at = end + 2;
            picture.clone()
        })
    }

    /// What is left of a block that has words alone, and its end.
    fn inlines_to_end(&mut self) -> Vec<Inline> {
        let text = self.inlines();
        self.at += 1;
        text
    }

    /// Words, up to what is none.
    fn inlines(&mut self) -> Vec<Inline> {
        let mut text = Vec::new();
        while let Some(event) = self.events.get(self.at).cloned() {
            match event {
                Event::Text(words) => push(&mut text, &words),
                Event::Html(html) | Event::InlineHtml(html) => push(&mut text, &html.replace('\n', " ")),
                Event::Code(code) => text.push(Inline::Code { text: clean(&code) }),
                Event::SoftBreak => push(&mut text, " "),
                Event::HardBreak => text.push(Inline::Break),
                Event::Start(tag) if is_inline(tag.to_end()) => {
                    self.at += 1;
                    let of = self.inlines();
                    wrap(&mut text, &tag, of);
                }
                _ => break,
            }
            self.at += 1;
        }
        text
    }
}

fn is_inline(tag: TagEnd) -> bool {
    matches!(tag, TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough | TagEnd::Link | TagEnd::Image)
}

fn push(text: &mut Vec<Inline>, words: &str) {
    let words = clean(words);
    if let Some(Inline::Text { text }) = text.last_mut() {
        text.push_str(&words);
    } else if !words.is_empty() {
        text.push(Inline::Text { text: words });
    }
}

/// Adds `of` as `tag` has it.
fn wrap(text: &mut Vec<Inline>, tag: &Tag<'_>, of: Vec<Inline>) {
    let empty = plain(&of).trim().is_empty();
    match tag {
        Tag::Image { dest_url, .. } if empty => push(text, &format!("Picture without description: {dest_url}")),
        Tag::Image { .. } => push(text, &plain(&of)),
        Tag::Link { link_type, dest_url, .. } => {
            let to = if *link_type == LinkType::Email { target(&format!("mailto:{dest_url}")) } else { target(dest_url) };
            match to {
                Some(to) if empty => text.push(Inline::Link { of: vec![Inline::Text { text: to.clone() }], to }),
                Some(to) => text.push(Inline::Link { to, of }),
                None => text.extend(of),
            }
        }
        _ if of.is_empty() => {}
        Tag::Strong => text.push(Inline::Strong { of }),
        Tag::Strikethrough => text.push(Inline::Struck { of }),
        _ => text.push(Inline::Emphasis { of }),
    }
}

/// None if there is nothing to be read in it.
fn paragraph(mut text: Vec<Inline>) -> Option<Block> {
    while let Some(Inline::Break) = text.last() {
        text.pop();
    }
    if let Some(Inline::Text { text }) = text.last_mut() {
        text.truncate(text.trim_end().len());
    }
    let breaks = text.iter().take_while(|inline| **inline == Inline::Break).count();
    text.drain(..breaks);
    (!plain(&text).trim().is_empty()).then_some(Block::Paragraph { text })
}

/// Takes what stands too deep out of what it stands in.
#[derive(Default)]
struct Shallow {
    /// Of each tag that is open and counts: its end, and whether it is kept.
    open: Vec<(TagEnd, bool)>,
    /// How many of those are kept.
    blocks: usize,
    inlines: usize,
}

impl Shallow {
    fn pass<'a>(&mut self, event: Event<'a>) -> Option<Event<'a>> {
        match &event {
            Event::Start(tag) => {
                let end = tag.to_end();
                let kept = match self.depth(end) {
                    Some(depth) if *depth < DEEPEST => {
                        *depth += 1;
                        true
                    }
                    Some(_) => false,
                    None if end == TagEnd::Item => self.open.last().is_none_or(|(_, kept)| *kept),
                    None => return Some(event),
                };
                self.open.push((end, kept));
                // What was an item of its own stays apart from the one before.
                if kept { Some(event) } else { (end == TagEnd::Item).then_some(Event::HardBreak) }
            }
            Event::End(end) if self.open.last().is_some_and(|(open, _)| open == end) => {
                let (end, kept) = self.open.pop()?;
                if kept && let Some(depth) = self.depth(end) {
                    *depth -= 1;
                }
                kept.then_some(event)
            }
            _ => Some(event),
        }
    }

    /// How deep we are in what counts with `end`.
    fn depth(&mut self, end: TagEnd) -> Option<&mut usize> {
        match end {
            TagEnd::BlockQuote(_) | TagEnd::List(_) => Some(&mut self.blocks),
            end if is_inline(end) => Some(&mut self.inlines),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
