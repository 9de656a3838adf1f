//! HTML: a file that needs nothing else, or a part for a page or mail of somebody else.

use maud::{DOCTYPE, Markup, PreEscaped, html as markup};

use crate::document::Document;
use crate::picture::Picture;
use crate::tree::{Align, Block, Inline};

const STYLE: &str = include_str!("html/style.css");
/// Of what no language has longer words, and into what parts it may break.
const LONGEST_WORD: usize = 30;
const PART: usize = 8;
const POLICY: &str = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

/// One file, to be read on any screen and printed. Nothing in it runs and nothing is fetched.
pub fn html(document: &Document) -> String {
    let Document { title, about, blocks } = document;
    let contents = document.contents();
    let page = markup! {
        (DOCTYPE)
        html lang=(about.lang) {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    header {
                        h1 { (title) }
                        @for line in &about.meta { p { (line) } }
                    }
                    @if !contents.is_empty() {
                        nav aria-label="Contents" {
                            ol { @for (n, heading) in (1..).zip(&contents) { li { a href={ "#section-" (n) } { (heading) } } } }
                        }
                    }
                    (Page::File.blocks(blocks, &mut 0))
                    footer { p { (about.ident) ", " time datetime=(about.at.format("%Y-%m-%dT%H:%M:%SZ")) { (about.at.format("%-d %B %Y %H:%M UTC")) } } }
                }
            }
        }
    };
    page.into_string()
}

/// What follows the title, for a page or a mail that has a title of its own. Pictures are their words: few blogs and no mail readers let an
/// SVG pass.
pub fn html_fragment(document: &Document) -> String {
    Page::Part.blocks(&document.blocks, &mut 0).into_string()
}

/// [`html_fragment`] below its title, for a message in a conversation about something else.
pub fn html_letter(document: &Document) -> String {
    let title = markup! { h1 { (document.title) } };
    title.into_string() + "\n" + &html_fragment(document)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Page {
    File,
    Part,
}

impl Page {
    /// `sections` counts those of the document.
    fn blocks(self, blocks: &[Block], sections: &mut usize) -> Markup {
        markup! { @for block in blocks { (self.block(block, sections)) "\n" } }
    }

    fn block(self, block: &Block, sections: &mut usize) -> Markup {
        match block {
            Block::Heading { level: 2, text } if self == Self::File => {
                *sections += 1;
                markup! { h2 id={ "section-" (sections) } { (self.inlines(text)) } }
            }
            Block::Heading { level, text } => {
                let text = self.inlines(text);
                match level {
                    2 => markup! { h2 { (text) } },
                    3 => markup! { h3 { (text) } },
                    4 => markup! { h4 { (text) } },
                    5 => markup! { h5 { (text) } },
                    _ => markup! { h6 { (text) } },
                }
            }
            Block::Paragraph { text } => markup! { p { (self.inlines(text)) } },
            Block::Quote { blocks } => markup! { blockquote { (self.blocks(blocks, sections)) } },
            Block::List { start: None, items } => markup! { ul { (self.items(items, sections)) } },
            Block::List { start: Some(1), items } => markup! { ol { (self.items(items, sections)) } },
            Block::List { start: Some(start), items } => markup! { ol start=(start) { (self.items(items, sections)) } },
            Block::Code { text } => markup! { pre { code { (text) } } },
            Block::Table { columns, head, rows } => self.table(columns, head, rows),
            Block::Picture(picture) => self.picture(picture),
            Block::Rule => markup! { hr; },
        }
    }

    fn items(self, items: &[Vec<Block>], sections: &mut usize) -> Markup {
        markup! {
            @for item in items {
                li {
                    @match item.as_slice() {
                        [Block::Paragraph { text }, rest @ ..] if !rest.iter().any(|block| matches!(block, Block::Paragraph { .. })) => {
                            (self.inlines(text)) (self.blocks(rest, sections))
                        }
                        blocks => (self.blocks(blocks, sections)),
                    }
                }
            }
        }
    }

    fn picture(self, picture: &Picture) -> Markup {
        let words = markup! {
            p { strong { (picture.title) } }
            ul { @for line in &picture.words { li { (line) } } }
        };
        match self {
            Self::File => markup! { figure { (PreEscaped(&picture.svg)) figcaption { (words) } } },
            Self::Part => words,
        }
    }

    fn table(self, columns: &[Align], head: &[Vec<Inline>], rows: &[Vec<Vec<Inline>>]) -> Markup {
        let style = |column: usize| match columns.get(column) {
            Some(Align::Center) => Some("text-align: center"),
            Some(Align::End) => Some("text-align: right"),
            Some(Align::Start) | None => None,
        };
        markup! {
            table {
                thead { tr { @for (n, cell) in head.iter().enumerate() { th scope="col" style=[style(n)] { (self.inlines(cell)) } } } }
                tbody {
                    @for row in rows {
                        tr { @for (n, cell) in row.iter().enumerate() { td style=[style(n)] { (self.inlines(cell)) } } } "\n"
                    }
                }
            }
        }
    }

    fn inlines(self, text: &[Inline]) -> Markup {
        markup! {
            @for inline in text {
                @match inline {
                    Inline::Text { text } => (self.words(text)),
                    Inline::Code { text } => code { (self.words(text)) },
                    Inline::Emphasis { of } => em { (self.inlines(of)) },
                    Inline::Strong { of } => strong { (self.inlines(of)) },
                    Inline::Struck { of } => del { (self.inlines(of)) },
                    Inline::Link { to, of } => a href=(to) rel="noopener noreferrer nofollow" { (self.inlines(of)) },
                    Inline::Break => br;
                }
            }
        }
    }

    /// Long hashes and addresses may break in the middle. In a part of a page they don't: blogs and mail readers know too little HTML.
    fn words(self, text: &str) -> Markup {
        markup! {
            @for word in text.split_inclusive(' ') {
                @if self == Self::File && word.chars().count() > LONGEST_WORD {
                    @for part in word.chars().collect::<Vec<_>>().chunks(PART) { (part.iter().collect::<String>()) wbr; }
                } @else {
                    (word)
                }
            }
        }
    }
}
