//! A picture, and how its SVG is written.

use serde::Serialize;

use crate::text::escaped;

/// As wide as a page, in the units of the SVG.
pub const WIDTH: f64 = 680.0;
const INK: &str = "#1b2430";
const SOFT: &str = "#566072";
const RULE: &str = "#c3cad5";
/// Dark enough beside white, and unlike grey for every eye.
const ACCENT: &str = "#0a5c99";

/// A picture, and what it says in words.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Picture {
    /// What the text calls it.
    pub name: String,
    pub title: String,
    pub svg: String,
    /// What it shows, a line for each thing.
    pub words: Vec<String>,
    /// The same as PNG, for Word, which shows no SVG by itself. Without it the DOCX has the words alone.
    #[serde(skip)]
    pub png: Option<Vec<u8>>,
    /// In the units of the SVG.
    pub width: f64,
    pub height: f64,
}

impl Picture {
    /// For who can't see it.
    pub fn alt(&self) -> String {
        format!("{}. {}", self.title, self.words.join(" "))
    }
}

/// An SVG as it is written.
pub struct Drawing {
    body: String,
}

impl Drawing {
    pub fn new() -> Self {
        Self { body: String::new() }
    }

    pub fn line(&mut self, class: &str, (x1, y1): (f64, f64), (x2, y2): (f64, f64), width: f64) {
        let colour = if class == "rule" { RULE } else { ACCENT };
        self.add(&format!(
            r#"<line class="{class}-line" x1="{x1:.1}" y1="{y1:.1}" x2="{x2:.1}" y2="{y2:.1}" stroke="{colour}" stroke-width="{width}"/>"#
        ));
    }

    pub fn circle(&mut self, (x, y): (f64, f64), radius: f64) {
        self.add(&format!(r#"<circle class="accent" cx="{x:.1}" cy="{y:.1}" r="{radius}" fill="{ACCENT}"/>"#));
    }

    /// `anchor` is `start`, `middle` or `end`.
    pub fn text(&mut self, class: &str, (x, y): (f64, f64), anchor: &str, text: &str) {
        let (colour, weight) = match class {
            "ink" => (INK, "600"),
            "paper" => ("#ffffff", "700"),
            _ => (SOFT, "400"),
        };
        let text = escaped(text);
        self.add(&format!(
            r#"<text class="{class}" x="{x:.1}" y="{y:.1}" text-anchor="{anchor}" fill="{colour}" font-weight="{weight}">{text}</text>"#
        ));
    }

    fn add(&mut self, element: &str) {
        self.body.push_str(element);
        self.body.push('\n');
    }

    pub fn finish(self, name: &str, title: &str, words: Vec<String>, height: f64) -> Picture {
        let Self { body } = self;
        let (described, label) = (escaped(&words.join(" ")), escaped(title));
        let svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" role=\"img\" \
             aria-labelledby=\"{name}-title {name}-words\" font-family=\"Open Sans, system-ui, sans-serif\" font-size=\"12\">\n\
             <title id=\"{name}-title\">{label}</title>\n<desc id=\"{name}-words\">{described}</desc>\n{body}</svg>"
        );
        Picture { name: name.to_owned(), title: title.to_owned(), svg, words, png: None, width: WIDTH, height }
    }
}
