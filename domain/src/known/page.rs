//! A page of the ops docs: Markdown, with front matter that may say what it is about. Pure.
//!
//! ```text
//! ---
//! alert: [DiskAlmostFull, DiskFull]
//! site: shop.example.org
//! severity: major
//! ---
//! # A disk is filling up
//! ```
//!
//! Keys that Muster does not know are for others. A page whose front matter can't be used is a page all the same.

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use serde::{Deserialize, Serialize};

use super::words::{Place, Weighed};
use crate::limits;

/// The line before front matter, and after it.
const FENCE: &str = "---";
/// Severities that a page may name.
const SEVERITIES: [&str; 4] = ["critical", "major", "minor", "trivial"];

/// A page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Its first heading, or its file's name.
    pub title: String,
    /// Markdown, without front matter.
    pub text: String,
    /// What its front matter says.
    pub about: About,
    /// What is wrong with the front matter.
    pub problem: Option<String>,
}

/// What a page is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// The names or titles of alerts.
    #[serde(default)]
    pub alerts: Vec<String>,
    /// The names, addresses or hosts of sites.
    #[serde(default)]
    pub sites: Vec<String>,
    /// Severities, in lower case.
    #[serde(default)]
    pub severities: Vec<String>,
}

#[derive(Default, Deserialize)]
struct Front {
    title: Option<String>,
    alert: Option<OneOrMany>,
    site: Option<OneOrMany>,
    severity: Option<OneOrMany>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

/// Reads the file at `path`.
pub fn read(path: &str, file: &str) -> Page {
    let (front, text) = cut(file);
    let read = front.map_or_else(|| Ok((None, About::default())), facts);
    let ((title, about), problem) = match read {
        Ok(facts) => (facts, None),
        Err(problem) => ((None, About::default()), Some(problem)),
    };
    let title = title.or_else(|| heading(text)).unwrap_or_else(|| name_of(path));
    let title = title.chars().filter(|c| !c.is_control()).take(limits::NAME_CHARS).collect();
    Page { title, text: text.replace('\0', "\u{fffd}"), about, problem }
}

/// Front matter, if there is any, and what follows it.
fn cut(file: &str) -> (Option<&str>, &str) {
    let file = file.strip_prefix('\u{feff}').unwrap_or(file);
    let Some((first, rest)) = file.split_once('\n') else { return (None, file) };
    if first.trim_end() != FENCE {
        return (None, file);
    }
    let mut at = 0;
    for line in rest.split_inclusive('\n') {
        if line.trim_end() == FENCE {
            return (Some(&rest[..at]), &rest[at + line.len()..]);
        }
        at += line.len();
    }
    // A rule, and no front matter: it never ends.
    (None, file)
}

fn facts(front: &str) -> Result<(Option<String>, About), String> {
    if front.len() > limits::FRONT_MATTER_BYTES {
        return Err(format!("its front matter has more than {} bytes", limits::FRONT_MATTER_BYTES));
    }
    if front.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        return Ok((None, About::default()));
    }
    let front: Front = serde_saphyr::from_str(front).map_err(|error| {
        // Lines are those of the file, which has the fence before them. No excerpt: it would show the text itself.
        let error = error.render_with_options(serde_saphyr::render_options! { snippets: serde_saphyr::SnippetMode::Off, line_offset: 1 });
        let first = error.lines().next().unwrap_or_default().chars();
        let reason: String = first.filter(|c| !c.is_control()).take(limits::NAME_CHARS).collect();
        format!("its front matter can't be read ({reason}); alert, site and severity must be a text or a list of texts")
    })?;
    let about = About {
        alerts: list("alert", front.alert)?,
        sites: list("site", front.site)?,
        severities: list("severity", front.severity)?.into_iter().map(|severity| severity.to_lowercase()).collect(),
    };
    match about.severities.iter().find(|severity| !SEVERITIES.contains(&severity.as_str())) {
        Some(other) => Err(format!("its severity {other} is none of {}", SEVERITIES.join(", "))),
        None => Ok((front.title.filter(|title| !title.trim().is_empty()), about)),
    }
}

fn list(key: &str, given: Option<OneOrMany>) -> Result<Vec<String>, String> {
    let given = match given {
        None => Vec::new(),
        Some(OneOrMany::One(one)) => vec![one],
        Some(OneOrMany::Many(many)) => many,
    };
    if given.len() > limits::LIST_ITEMS || given.iter().any(|one| one.chars().count() > limits::NAME_CHARS || one.contains('\0')) {
        return Err(format!(
            "its {key} has more than {} entries, or one with more than {} characters",
            limits::LIST_ITEMS,
            limits::NAME_CHARS
        ));
    }
    Ok(given.into_iter().map(|one| one.trim().to_owned()).filter(|one| !one.is_empty()).collect())
}

fn name_of(path: &str) -> String {
    let file = path.rsplit('/').next().unwrap_or(path);
    let name = file.rsplit_once('.').map_or(file, |(name, _)| name);
    name.replace(['-', '_'], " ")
}

fn heading(text: &str) -> Option<String> {
    let first = passages(text).into_iter().find(|passage| matches!(passage.place, Place::Title | Place::Heading))?;
    Some(first.text).filter(|text| !text.is_empty())
}

/// What a page or another Markdown text says, in a piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passage {
    /// Without marks.
    pub text: String,
    /// Where it stands.
    pub place: Place,
}

/// The passages of a Markdown text: headings, paragraphs, entries of lists, cells of tables, blocks of code.
pub fn passages(markdown: &str) -> Vec<Passage> {
    let mut passages: Vec<Passage> = Vec::new();
    let (mut text, mut place) = (String::new(), Place::Body);
    let mut end = |text: &mut String, place: Place| {
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        text.clear();
        if !words.is_empty() {
            passages.push(Passage { text: words, place });
        }
    };
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH) {
        match event {
            Event::Start(Tag::Heading { level, .. }) => {
                end(&mut text, place);
                place = if level == HeadingLevel::H1 { Place::Title } else { Place::Heading };
            }
            Event::Start(Tag::CodeBlock(_)) => {
                end(&mut text, place);
                place = Place::Code;
            }
            Event::End(TagEnd::Heading(_) | TagEnd::CodeBlock) => {
                end(&mut text, place);
                place = Place::Body;
            }
            Event::Start(Tag::Paragraph | Tag::Item | Tag::TableCell | Tag::List(_))
            | Event::End(TagEnd::Paragraph | TagEnd::Item | TagEnd::TableCell | TagEnd::HtmlBlock)
            | Event::Rule => end(&mut text, place),
            Event::Text(words) | Event::Code(words) => text.push_str(&words),
            Event::SoftBreak | Event::HardBreak => text.push(' '),
            _ => {}
        }
    }
    end(&mut text, place);
    passages
}

/// What `page` can be found by.
pub fn weigh(page: &Page) -> Weighed {
    let mut weighed = Weighed::default();
    weighed.add(&page.title, Place::Title);
    for passage in passages(&page.text).into_iter().filter(|passage| passage.text != page.title) {
        // Of further titles, each is a heading.
        let place = if passage.place == Place::Title { Place::Heading } else { passage.place };
        weighed.add(&passage.text, place);
    }
    for about in page.about.alerts.iter().chain(&page.about.sites) {
        weighed.add(about, Place::Heading);
    }
    weighed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn front_matter_says_what_a_page_is_about() {
        let page = read(
            "a/disk.md",
            "---\nalert: [One, Two]\nsite: shop.example.org\nseverity: Major\ntags: [x]\n---\n# Disks\n\nLook at `df`.\n",
        );
        let about =
            About { alerts: vec!["One".into(), "Two".into()], sites: vec!["shop.example.org".into()], severities: vec!["major".into()] };
        assert_eq!((page.title.as_str(), &page.about, &page.problem), ("Disks", &about, &None));
        assert_eq!(page.text, "# Disks\n\nLook at `df`.\n");
    }

    #[test]
    fn a_page_with_front_matter_that_can_not_be_used_is_a_page_all_the_same() {
        for (front, said) in
            [("alert: [One", "can't be read"), ("alert: {name: One}", "can't be read"), ("severity: awful", "none of critical, major")]
        {
            let page = read("a.md", &format!("---\n{front}\n---\n# Title\ntext"));
            assert!(page.problem.as_ref().is_some_and(|problem| problem.contains(said)), "{front}: {:?}", page.problem);
            assert_eq!((page.title.as_str(), page.about), ("Title", About::default()), "{front}");
        }
    }

    #[test]
    fn a_problem_is_in_a_line_of_the_file() {
        let problem = read("a.md", "---\nsite: a\ntitle: [One]\n---\n").problem.unwrap();
        assert!(problem.contains("line 3") && !problem.contains("error:"), "{problem}");
    }

    #[test]
    fn a_page_needs_neither_front_matter_nor_heading() {
        let title = |path: &str, file: &str| read(path, file).title;
        assert_eq!(title("howto/roll-back.md", "Do it."), "roll back");
        assert_eq!(title("x.md", "---\nnever ends"), "x");
        assert_eq!(title("x.md", "\u{feff}---\n---\n## Second\n"), "Second");
        assert_eq!(title("x.md", "---\ntitle: Given\n---\n# Other"), "Given");
        assert_eq!(read("x.md", "---\n# nothing\n---\ntext").problem, None);
    }

    #[test]
    fn passages_are_without_marks() {
        let texts: Vec<(String, Place)> =
            passages("# A *b*\n\n1. Do `this`\n2. Then\n   that\n\n```sh\nrm x\n```\n\n| a | b |\n|---|---|\n| c | d |\n")
                .into_iter()
                .map(|passage| (passage.text, passage.place))
                .collect();
        let of = |text: &str, place| (text.to_owned(), place);
        assert_eq!(
            texts,
            [
                of("A b", Place::Title),
                of("Do this", Place::Body),
                of("Then that", Place::Body),
                of("rm x", Place::Code),
                of("a", Place::Body),
                of("b", Place::Body),
                of("c", Place::Body),
                of("d", Place::Body),
            ]
        );
    }
}
