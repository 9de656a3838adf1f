//! A report as its readers get it: a version of it, as canonical Markdown, with roles in the place of names (R27, R29).

use std::fmt::Write;

use entity::{ClientId, ReportVersion, client, report, report_section, site};
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use sha2::{Digest, Sha256};

use super::difference::of_one;
use super::names::Names;
use super::others::{Known, Mention, Others};
use super::prefill::prefill;
use super::sections::{Section, stand, written_in};
use super::sources::Sources;
use crate::blameless::Doubt;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::incident::reference::{link, reference};
use crate::record::Whole;

/// What a section's own headings begin with: the report's title is the first level, the section's the second.
const BELOW: usize = 2;
/// The kinds of Markdown that are kept beyond the basic ones.
const OPTIONS: Options = Options::ENABLE_TABLES.union(Options::ENABLE_STRIKETHROUGH);

/// Who a rendering is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// The team.
    Team,
    /// Everybody in the company.
    Company,
    /// One affected client.
    Client(ClientId),
}

impl Audience {
    /// The version that they get.
    pub fn version(self) -> ReportVersion {
        match self {
            Self::Team => ReportVersion::Full,
            Self::Company => ReportVersion::Abridged,
            Self::Client(_) => ReportVersion::Client,
        }
    }
}

/// A report as its readers get it.
#[derive(Clone, Debug, Default)]
pub struct Rendered {
    /// Canonical Markdown. Nobody is named in it.
    pub text: String,
    /// What only its author can decide, with the section in which it stands. It has names in it.
    pub doubts: Vec<(String, Doubt)>,
    /// What it said about other clients, with the section. For the team: it has their names in it.
    pub others: Vec<(String, Mention)>,
    /// Sections that are left out because what is written there mixes facts about several clients: they need a text of their own for clients.
    pub mixed: Vec<String>,
}

impl Rendered {
    /// SHA-256 of the text, in hexadecimal: what an approval is of.
    pub fn sha256(&self) -> String {
        hex::encode(Sha256::digest(self.text.as_bytes()))
    }
}

/// All that a report is rendered from.
pub struct Manuscript {
    names: Names,
    sources: Sources,
    written: Vec<report_section::Model>,
    /// All clients and their sites.
    known: Vec<Known>,
    /// Where the team reads it.
    link: String,
}

impl Manuscript {
    /// Loads what belongs to `report`.
    pub async fn load(ctx: &Ctx, report: &report::Model, whole: Whole) -> Result<Self> {
        let names = Names::load(ctx, report, &whole).await?;
        let link = format!("{}/report", link(ctx, &whole.incident));
        let (written, known) = tokio::try_join!(written_in(ctx, report.incident_id), known(ctx))?;
        Ok(Self { names, sources: Sources::load(ctx, whole).await?, written, known, link })
    }

    /// The same with people's names in it, which must not leave.
    pub fn with_names(self) -> Self {
        Self { names: Names::default(), ..self }
    }

    /// The incident as it was loaded.
    pub fn whole(&self) -> &Whole {
        &self.sources.whole
    }

    /// What is known of the incident.
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// What people are called in it.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// Renders it. Pure.
    pub fn render(&self, audience: Audience) -> Rendered {
        let sections = stand(self.written.clone(), &self.sources);
        let version = audience.version();
        let mut page = Page { names: &self.names, others: None, rendered: Rendered::default() };
        let incident = &self.sources.whole.incident;
        let told = match audience {
            Audience::Client(client) => {
                page.others = Some(Others::of(&self.known, client));
                Some(self.sources.for_client(client))
            }
            Audience::Team | Audience::Company => None,
        };
        let name = told.as_ref().map_or(&incident.name, |told| &told.whole.incident.name);
        page.title(&format!("{}: {name}", reference(incident)));
        for section in sections.iter().filter(|section| section.versions.contains(version)) {
            match body(section, version, told.as_ref()) {
                Some(body) => page.section(section, &body),
                None => page.rendered.mixed.push(section.key.clone()),
            }
        }
        if audience == Audience::Company {
            let _ = write!(page.rendered.text, "\nThe full report: <{}>\n", self.link);
        }
        page.rendered
    }
}

/// All clients and their sites, by the names that people write.
async fn known(ctx: &Ctx) -> Result<Vec<Known>> {
    let clients = client::Entity::find().select_only().columns([client::Column::Id, client::Column::Name]);
    let sites = site::Entity::find().select_only().columns([site::Column::ClientId, site::Column::Name, site::Column::Url]);
    let clients = clients.into_tuple::<(ClientId, String)>().all(ctx.db.read());
    let sites = sites.filter(site::Column::ClientId.is_not_null()).into_tuple::<(ClientId, String, Option<String>)>().all(ctx.db.read());
    let (clients, sites) = tokio::try_join!(clients, sites)?;
    let host = |url: String| Some(url::Url::parse(&url).ok()?.host_str()?.trim_start_matches("www.").to_owned());
    let of_sites = sites
        .into_iter()
        .flat_map(|(client, name, url)| [Some(name), url.and_then(host)].into_iter().flatten().map(move |name| Known { client, name }));
    Ok(clients.into_iter().map(|(client, name)| Known { client, name }).chain(of_sites).collect())
}

/// What `section` says in `version`; `None` if that can't be told apart from what it says about other clients. `told` is what the client
/// who reads it may learn.
fn body(section: &Section, version: ReportVersion, told: Option<&Sources>) -> Option<String> {
    let own = match version {
        ReportVersion::Full => None,
        ReportVersion::Abridged => section.abridged.as_ref(),
        ReportVersion::Client => section.client.as_ref(),
    };
    if let Some(own) = own {
        return Some(own.clone());
    }
    let Some(told) = told else { return Some(section.body.clone()) };
    let theirs = prefill(&section.key, told);
    if section.version == 0 {
        return Some(theirs);
    }
    of_one(&section.written_from, &section.body, &theirs)
}

struct Page<'a> {
    names: &'a Names,
    /// Who may not be named, beside people.
    others: Option<Others>,
    rendered: Rendered,
}

impl Page<'_> {
    fn title(&mut self, title: &str) {
        let title = self.without_names("", title);
        let _ = writeln!(self.rendered.text, "# {}", canonical(&title));
    }

    fn section(&mut self, section: &Section, body: &str) {
        if body.is_empty() {
            return;
        }
        let body = self.without_names(&section.key, body);
        let _ = write!(self.rendered.text, "\n## {}\n\n{}\n", canonical(&section.title), canonical(&body));
    }

    fn without_names(&mut self, key: &str, text: &str) -> String {
        let blameless = self.names.cast.render(text, &self.names.decisions);
        self.rendered.doubts.extend(blameless.doubts.into_iter().map(|doubt| (key.to_owned(), doubt)));
        // After people, as contacts are called after their clients.
        let Some(others) = &self.others else { return blameless.text };
        let (text, mentions) = others.leave_out(&blameless.text);
        self.rendered.others.extend(mentions.into_iter().map(|mention| (key.to_owned(), mention)));
        text
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
