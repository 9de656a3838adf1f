//! A report as its readers get it: a version of it, as canonical Markdown, with roles in the place of names (R27, R29).

use std::fmt::Write;

use entity::{ReportVersion, report};
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::names::Names;
use super::sections::{Section, sections_in};
use crate::blameless::{self, Doubt};
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::incident::reference::{link, reference};
use crate::record::{Facts, Whole};

/// What a section's own headings begin with: the report's title is the first level, the section's the second.
const BELOW: usize = 2;
/// The kinds of Markdown that are kept beyond the basic ones.
const OPTIONS: Options = Options::ENABLE_TABLES.union(Options::ENABLE_STRIKETHROUGH);

/// A report as its readers get it.
#[derive(Clone, Debug)]
pub struct Rendered {
    /// Canonical Markdown. Nobody is named in it.
    pub text: String,
    /// What only its author can decide, with the section in which it stands. It has names in it.
    pub doubts: Vec<(String, Doubt)>,
}

/// Renders a version of `report`, whose incident the caller has seen.
///
/// # Errors
/// `FAILED_PRECONDITION` for the client version, which nobody can approve yet.
pub async fn rendered(ctx: &Ctx, report: &report::Model, version: ReportVersion) -> Result<Rendered> {
    if version == ReportVersion::Client {
        return Err(Error::precondition(
            "A client version leaves only once it was approved, which Muster can't record yet: use FULL or ABRIDGED.",
        ));
    }
    let incident = crate::incident::find(ctx, report.incident_id).await?;
    let whole = Whole::load(ctx, incident.clone()).await?;
    let names = Names::load(ctx, report, &whole).await?;
    let sections = sections_in(ctx, whole).await?;
    let mut page = Page { names: &names, text: String::new(), doubts: Vec::new() };
    page.title(&format!("{}: {}", reference(&incident), incident.name));
    for section in sections.iter().filter(|section| section.versions.contains(version)) {
        page.section(section, version);
    }
    if version == ReportVersion::Abridged {
        let _ = write!(page.text, "\nThe full report: <{}/report>\n", link(ctx, &incident));
    }
    Ok(Rendered { text: page.text, doubts: page.doubts })
}

struct Page<'a> {
    names: &'a Names,
    text: String,
    doubts: Vec<(String, Doubt)>,
}

impl Page<'_> {
    fn title(&mut self, title: &str) {
        let blameless::Rendered { text, .. } = self.names.cast.render(title, &self.names.decisions);
        let _ = writeln!(self.text, "# {}", canonical(&text));
    }

    fn section(&mut self, section: &Section, version: ReportVersion) {
        let own = match version {
            ReportVersion::Full => None,
            ReportVersion::Abridged => section.abridged.as_ref(),
            ReportVersion::Client => section.client.as_ref(),
        };
        let body = own.unwrap_or(&section.body);
        if body.is_empty() {
            return;
        }
        let rendered = self.names.cast.render(body, &self.names.decisions);
        self.doubts.extend(rendered.doubts.into_iter().map(|doubt| (section.key.clone(), doubt)));
        let _ = write!(self.text, "\n## {}\n\n{}\n", canonical(&section.title), canonical(&rendered.text));
    }
}

/// `markdown` written in one way, so that nothing in it reaches beyond it: an open code block ends, HTML is text, and headings are
/// below those of the report.
fn canonical(markdown: &str) -> String {
    // Without a newline at its end, a code block that was left open stays open.
    let markdown = format!("{markdown}\n");
    let events = Parser::new_ext(&markdown, OPTIONS).flat_map(as_lines).map(|event| match event {
        Event::Start(Tag::Heading { level, id, classes, attrs }) => Event::Start(Tag::Heading { level: below(level), id, classes, attrs }),
        Event::End(TagEnd::Heading(level)) => Event::End(TagEnd::Heading(below(level))),
        Event::Start(Tag::HtmlBlock) => Event::Start(Tag::Paragraph),
        Event::End(TagEnd::HtmlBlock) => Event::End(TagEnd::Paragraph),
        event => event,
    });
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
    fn what_is_canonical_stays_as_it_is() {
        for written in ["- a\n  ```\n  df -h\n  ```\n- b", "1. a\n2. b\n\nc *d* **e**", "> x\n> y", "a  \nb"] {
            let once = canonical(written);
            assert_eq!(canonical(&once), once, "{written}");
        }
    }
}
