//! The part of a DOCX that has the text.

use std::fmt::Write;

use crate::document::Document;
use crate::picture::Picture;
use crate::text::escaped;
use crate::tree::{Align, Block, Inline, plain};

pub const WORD: &str = "http://schemas.openxmlformats.org/wordprocessingml/2006/main";
pub const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
/// Of lists within each other; the tree has no more.
pub const LEVELS: usize = 9;
/// How far a list or a quote is moved in, in twentieths of a point.
pub const STEP: usize = 400;
/// From margin to margin.
const WIDTH: usize = 9_638;
/// The same in English Metric Units, of which a twentieth of a point has 635.
const WIDTH_EMU: f64 = 9_638.0 * 635.0;

/// The text, and what it refers to in other parts.
#[derive(Default)]
pub struct Body {
    xml: String,
    /// Where `link1`, `link2` … lead.
    pub links: Vec<String>,
    /// The numbered lists, from number 2 on: level, and what they start from.
    pub numbered: Vec<(usize, u64)>,
    /// `picture1`, `picture2` …, as PNG.
    pub pictures: Vec<Vec<u8>>,
}

/// What a block stands in.
#[derive(Clone, Copy, Default)]
struct Place {
    /// Lists and quotes around it.
    depth: usize,
    /// Lists alone.
    lists: usize,
    quoted: bool,
}

/// How a run of text looks.
#[derive(Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is there or not, whatever the others are, as in Word")]
struct Face {
    link: bool,
    code: bool,
    strong: bool,
    emphasis: bool,
    struck: bool,
}

impl Body {
    pub fn of(document: &Document) -> Self {
        let mut body = Self::default();
        body.paragraph("Title", "", &[Inline::Text { text: document.title.clone() }]);
        for line in &document.about.meta {
            body.paragraph("Subtitle", "", &[Inline::Text { text: line.clone() }]);
        }
        body.blocks(&document.blocks, Place::default());
        body
    }

    pub fn document(&self) -> String {
        let Self { xml, .. } = self;
        format!(
            r#"<w:document xmlns:w="{WORD}" xmlns:r="{OFFICE}" xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture"><w:body>{xml}<w:sectPr><w:footerReference w:type="default" r:id="footer1"/><w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:top="1247" w:right="1134" w:bottom="1247" w:left="1134" w:header="624" w:footer="624" w:gutter="0"/></w:sectPr></w:body></w:document>"#
        )
    }

    fn blocks(&mut self, blocks: &[Block], place: Place) {
        for block in blocks {
            self.block(block, place);
        }
    }

    fn block(&mut self, block: &Block, place: Place) {
        match block {
            Block::Heading { level, text } => self.paragraph(&format!("Heading{}", level - 1), &indent(place), text),
            Block::Paragraph { text } => self.paragraph(if place.quoted { "Quote" } else { "Normal" }, &indent(place), text),
            Block::Quote { blocks } => self.blocks(blocks, Place { depth: place.depth + 1, quoted: true, ..place }),
            Block::List { start, items } => self.list(*start, items, place),
            Block::Code { text } => self.code(text, place),
            Block::Table { columns, head, rows } => self.table(columns, head, rows, place),
            Block::Picture(picture) => self.picture(picture),
            Block::Rule => self.paragraph("Divider", "", &[]),
        }
    }

    fn list(&mut self, start: Option<u64>, items: &[Vec<Block>], place: Place) {
        let (level, inside) = (place.lists, Place { depth: place.depth + 1, lists: place.lists + 1, ..place });
        let number = match start {
            None => 1,
            Some(start) => {
                self.numbered.push((level, start));
                self.numbered.len() + 1
            }
        };
        let left = STEP * inside.depth;
        let marked = format!(
            r#"<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{number}"/></w:numPr><w:ind w:left="{left}" w:hanging="{STEP}"/>"#
        );
        for item in items {
            match item.as_slice() {
                [Block::Paragraph { text }, rest @ ..] => {
                    self.paragraph("ListParagraph", &marked, text);
                    self.blocks(rest, inside);
                }
                // Its mark stands on a line of its own.
                blocks => {
                    self.paragraph("ListParagraph", &marked, &[]);
                    self.blocks(blocks, inside);
                }
            }
        }
    }

    fn code(&mut self, text: &str, place: Place) {
        self.open("CodeBlock", &indent(place));
        for (n, line) in text.split('\n').enumerate() {
            if n > 0 {
                self.xml.push_str("<w:r><w:br/></w:r>");
            }
            self.run(line, Face::default());
        }
        self.xml.push_str("</w:p>");
    }

    fn table(&mut self, columns: &[Align], head: &[Vec<Inline>], rows: &[Vec<Vec<Inline>>], place: Place) {
        let left = STEP * place.depth;
        let widths = widths(head, rows, WIDTH - left);
        let names: Vec<String> = head.iter().map(|cell| plain(cell)).filter(|name| !name.trim().is_empty()).collect();
        let described = escaped(&format!("Columns: {}", names.join(", ")));
        let width: usize = widths.iter().sum();
        let _ = write!(
            self.xml,
            r#"<w:tbl><w:tblPr><w:tblStyle w:val="Facts"/><w:tblW w:w="{width}" w:type="dxa"/><w:tblInd w:w="{left}" w:type="dxa"/><w:tblLayout w:type="fixed"/><w:tblLook w:val="0020" w:firstRow="1" w:lastRow="0" w:firstColumn="0" w:lastColumn="0" w:noHBand="1" w:noVBand="1"/><w:tblDescription w:val="{described}"/></w:tblPr><w:tblGrid>"#
        );
        for width in &widths {
            let _ = write!(self.xml, r#"<w:gridCol w:w="{width}"/>"#);
        }
        self.xml.push_str("</w:tblGrid>");
        self.row("<w:tblHeader/>", columns, &widths, head);
        for row in rows {
            self.row("", columns, &widths, row);
        }
        self.xml.push_str("</w:tbl>");
        // Without it, two tables in a row become one.
        self.paragraph("AfterTable", "", &[]);
    }

    fn row(&mut self, repeated: &str, columns: &[Align], widths: &[usize], cells: &[Vec<Inline>]) {
        let _ = write!(self.xml, "<w:tr><w:trPr><w:cantSplit/>{repeated}</w:trPr>");
        for ((cell, width), align) in cells.iter().zip(widths).zip(columns) {
            let _ = write!(self.xml, r#"<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/></w:tcPr>"#);
            let align = match align {
                Align::Start => "",
                Align::Center => r#"<w:jc w:val="center"/>"#,
                Align::End => r#"<w:jc w:val="right"/>"#,
            };
            self.paragraph("TableText", align, cell);
            self.xml.push_str("</w:tc>");
        }
        self.xml.push_str("</w:tr>");
    }

    fn picture(&mut self, picture: &Picture) {
        if let Some(png) = &picture.png {
            self.pictures.push(png.clone());
            let n = self.pictures.len();
            let (width, height) = (WIDTH_EMU, WIDTH_EMU * picture.height / picture.width);
            let (name, alt) = (escaped(&picture.title), escaped(&picture.alt()));
            let size = format!(r#"cx="{width:.0}" cy="{height:.0}""#);
            self.open("Figure", "");
            let _ = write!(
                self.xml,
                r#"<w:r><w:drawing><wp:inline distT="0" distB="0" distL="0" distR="0"><wp:extent {size}/><wp:docPr id="{n}" name="{name}" descr="{alt}"/><a:graphic><a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/picture"><pic:pic><pic:nvPicPr><pic:cNvPr id="{n}" name="{name}" descr="{alt}"/><pic:cNvPicPr/></pic:nvPicPr><pic:blipFill><a:blip r:embed="picture{n}"/><a:stretch><a:fillRect/></a:stretch></pic:blipFill><pic:spPr><a:xfrm><a:off x="0" y="0"/><a:ext {size}/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom></pic:spPr></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r></w:p>"#
            );
        }
        let mut text = vec![Inline::Strong { of: vec![Inline::Text { text: picture.title.clone() }] }];
        text.extend(picture.words.iter().flat_map(|line| [Inline::Break, Inline::Text { text: line.clone() }]));
        self.paragraph("Caption", "", &text);
    }

    /// `properties` are those that follow the style, in the schema's order.
    fn paragraph(&mut self, style: &str, properties: &str, text: &[Inline]) {
        self.open(style, properties);
        self.inlines(text, Face::default());
        self.xml.push_str("</w:p>");
    }

    fn open(&mut self, style: &str, properties: &str) {
        let _ = write!(self.xml, r#"<w:p><w:pPr><w:pStyle w:val="{style}"/>{properties}</w:pPr>"#);
    }

    fn inlines(&mut self, text: &[Inline], face: Face) {
        for inline in text {
            match inline {
                Inline::Text { text } => self.run(text, face),
                Inline::Code { text } => self.run(text, Face { code: true, ..face }),
                Inline::Emphasis { of } => self.inlines(of, Face { emphasis: true, ..face }),
                Inline::Strong { of } => self.inlines(of, Face { strong: true, ..face }),
                Inline::Struck { of } => self.inlines(of, Face { struck: true, ..face }),
                Inline::Link { to, of } => {
                    self.links.push(to.clone());
                    let _ = write!(self.xml, r#"<w:hyperlink r:id="link{}" w:history="1">"#, self.links.len());
                    self.inlines(of, Face { link: true, ..face });
                    self.xml.push_str("</w:hyperlink>");
                }
                Inline::Break => self.xml.push_str("<w:r><w:br/></w:r>"),
            }
        }
    }

    fn run(&mut self, text: &str, face: Face) {
        for (n, part) in text.split('\t').enumerate() {
            let tab = if n > 0 { "<w:tab/>" } else { "" };
            if part.is_empty() && tab.is_empty() {
                continue;
            }
            let _ = write!(self.xml, r#"<w:r>{}{tab}<w:t xml:space="preserve">{}</w:t></w:r>"#, face.properties(), escaped(part));
        }
    }
}

impl Face {
    /// In the order of the schema.
    fn properties(self) -> String {
        let Self { link, code, strong, emphasis, struck } = self;
        let parts = [
            (link, r#"<w:rStyle w:val="Hyperlink"/>"#),
            (code && !link, r#"<w:rStyle w:val="Code"/>"#),
            (code && link, r#"<w:rFonts w:ascii="DejaVu Sans Mono" w:hAnsi="DejaVu Sans Mono" w:cs="DejaVu Sans Mono"/>"#),
            (strong, "<w:b/>"),
            (emphasis, "<w:i/>"),
            (struck, "<w:strike/>"),
        ];
        let properties: String = parts.into_iter().filter(|(is_set, _)| *is_set).map(|(_, xml)| xml).collect();
        if properties.is_empty() { properties } else { format!("<w:rPr>{properties}</w:rPr>") }
    }
}

fn indent(place: Place) -> String {
    if place.depth == 0 { String::new() } else { format!(r#"<w:ind w:left="{}"/>"#, STEP * place.depth) }
}

/// How wide each column is: room for its longest word, and of what is left the more, the more it has to say.
fn widths(head: &[Vec<Inline>], rows: &[Vec<Vec<Inline>>], whole: usize) -> Vec<usize> {
    /// Of a character of a table's text, with some to spare, and of a cell's margins.
    const CHARACTER: usize = 110;
    const MARGINS: usize = 230;
    const LONGEST_WORD: usize = 20;
    const LONGEST_LINE: usize = 80;
    let room = |column: usize, of: fn(&str) -> usize, most: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).chain(head.get(column));
        cells.map(|cell| of(&plain(cell))).max().unwrap_or_default().min(most) * CHARACTER + MARGINS
    };
    let word = |text: &str| text.split_whitespace().map(|word| word.chars().count()).max().unwrap_or_default();
    let words: Vec<usize> = (0..head.len()).map(|column| room(column, word, LONGEST_WORD)).collect();
    let lines: Vec<usize> = (0..head.len()).map(|column| room(column, |text| text.chars().count(), LONGEST_LINE)).collect();
    let (least, most): (usize, usize) = (words.iter().sum(), lines.iter().sum());
    let between = |(word, line): (&usize, &usize)| match () {
        () if most <= whole => line * whole / most,
        () if least >= whole => word * whole / least,
        () => word + (whole - least) * (line - word) / (most - least),
    };
    words.iter().zip(&lines).map(between).collect()
}
