//! A report as its readers get it: a version of it, as canonical Markdown, with roles in the place of names (R27, R29).

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use entity::{ClientId, ContactId, ReportState, ReportVersion, client, contact, former_name, report, site};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use sha2::{Digest, Sha256};

use super::canonical::canonical;
use super::clients::{Clients, Known, Mention, Spelt};
use super::difference::of_one;
use super::names::Names;
use super::part::{Part, parts_of};
use super::sections::{Section, stand, written_in};
use super::sources::Sources;
use crate::blameless::{Doubt, Person, sure_forms};
use crate::catalogue::fields::host_names;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::incident::reference::{link, reference};
use crate::record::Whole;

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
    /// The readers of `version`, and for the client version of which client it is.
    ///
    /// # Errors
    /// `BAD_USER_INPUT` on `field` if a client is named where there is none, or the other way round.
    pub fn of(version: ReportVersion, client: Option<ClientId>, field: &'static str) -> Result<Self> {
        match (version, client) {
            (ReportVersion::Full, None) => Ok(Self::Team),
            (ReportVersion::Abridged, None) => Ok(Self::Company),
            (ReportVersion::Client, Some(client)) => Ok(Self::Client(client)),
            (ReportVersion::Client, None) => {
                Err(Error::invalid(field, format!("Each client has a version of its own: say whose with {field}.")))
            }
            (ReportVersion::Full | ReportVersion::Abridged, Some(_)) => {
                Err(Error::invalid(field, format!("Only the CLIENT version is for one client: leave {field} out, or ask for CLIENT.")))
            }
        }
    }

    /// The client, if it is one.
    pub fn client(self) -> Option<ClientId> {
        match self {
            Self::Client(client) => Some(client),
            Self::Team | Self::Company => None,
        }
    }

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
        sha256(&self.text)
    }
}

/// SHA-256 of `text`, in hexadecimal.
pub fn sha256(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

/// All that a report is rendered from.
pub struct Manuscript {
    names: Names,
    sources: Sources,
    sections: Vec<Section>,
    /// All clients, their sites and their people.
    clients: Clients,
    /// Of a final report, what each client's version says by itself.
    parts: BTreeMap<ClientId, Part>,
    /// Where the team reads it.
    link: String,
}

impl Manuscript {
    /// Loads what belongs to `report`, or to the report that an incident would have.
    pub async fn load(ctx: &Ctx, report: Option<&report::Model>, whole: Whole) -> Result<Self> {
        let link = format!("{}/report", link(ctx, &whole.incident));
        let id = whole.incident.id;
        let sources = Box::pin(Sources::load(ctx, whole));
        let (written, known, sources) = tokio::try_join!(written_in(ctx, id), known(ctx), sources)?;
        let (sections, clients) = (stand(written, &sources), Clients::of(known));
        let mentioned = mentioned(&sources, &sections, &clients);
        let names = Names::load(ctx, report, &sources.whole, &mentioned).await?;
        let parts = match report.filter(|report| report.state == ReportState::Final) {
            Some(report) => parts_of(ctx, report).await?,
            None => BTreeMap::new(),
        };
        Ok(Self { names, sources, sections, clients, parts, link })
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

    /// Its sections as they stand.
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// What `client`'s version says by itself: as it was when the report was finished, if it is, and the client was affected then.
    pub fn part(&self, client: ClientId) -> Cow<'_, Part> {
        match self.parts.get(&client) {
            Some(part) => Cow::Borrowed(part),
            None => Cow::Owned(Part::of(&self.sources, client, self.sections.iter().map(|section| section.key.as_str()))),
        }
    }

    /// `text`, Markdown about the incident for the team, with roles in the place of names (R27).
    pub fn blameless(&self, text: &str) -> String {
        let mut page = Page { names: &self.names, clients: &self.clients, reader: None, rendered: Rendered::default() };
        page.without_names("", text)
    }

    /// Renders it. Pure.
    pub fn render(&self, audience: Audience) -> Rendered {
        let version = audience.version();
        let reader = audience.client();
        let mut page = Page { names: &self.names, clients: &self.clients, reader, rendered: Rendered::default() };
        let incident = &self.sources.whole.incident;
        let part = reader.map(|client| self.part(client));
        let name = part.as_ref().map_or(&incident.name, |part| &part.name);
        page.title(&format!("{}: {name}", reference(incident)));
        for section in self.sections.iter().filter(|section| section.versions.contains(version)) {
            match body(section, version, part.as_deref()) {
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

/// Whom the report surely names of clients' people.
fn mentioned(sources: &Sources, sections: &[Section], clients: &Clients) -> BTreeSet<ContactId> {
    let incident = &sources.whole.incident;
    let bodies = sections.iter().flat_map(|section| [Some(&section.body), section.abridged.as_ref(), section.client.as_ref()]);
    let texts = bodies.chain([Some(&incident.name), incident.client_name.as_ref()]).flatten();
    let is_affected = |client: ClientId| sources.whole.client_names.contains_key(&client);
    texts.flat_map(|text| clients.people_in(&canonical(text), is_affected)).collect()
}

/// All clients, their sites and their people, as people write them and wrote them before.
async fn known(ctx: &Ctx) -> Result<Vec<Known>> {
    let db = ctx.db.read();
    let clients = client::Entity::find().select_only().columns([client::Column::Id, client::Column::Name]);
    let sites =
        site::Entity::find().select_only().columns([site::Column::ClientId, site::Column::Name, site::Column::Url, site::Column::Hosts]);
    let sites = sites.filter(site::Column::ClientId.is_not_null());
    let people = contact::Entity::find().select_only();
    let people = people.columns([contact::Column::ClientId, contact::Column::Id, contact::Column::Name, contact::Column::Email]);
    let clients = clients.into_tuple::<(ClientId, String)>().all(db);
    let sites = sites.into_tuple::<(ClientId, String, Option<String>, Option<String>)>().all(db);
    let people = people.into_tuple::<(ClientId, ContactId, String, String)>().all(db);
    let former = former_name::Entity::find().all(db);
    let (clients, sites, people, former) = tokio::try_join!(clients, sites, people, former)?;
    let host = |url: String| Some(url::Url::parse(&url).ok()?.host_str()?.to_owned());
    let as_name = |client: ClientId, name: String| Known { client, name, spelt: Spelt::Name };
    let of_sites = sites.into_iter().flat_map(|(client, name, url, hosts)| {
        let hosts: Vec<String> = url.and_then(host).into_iter().chain(host_names(hosts.as_deref())).collect();
        let hosts = hosts.into_iter().map(move |name| Known { client, name, spelt: Spelt::Host });
        std::iter::once(as_name(client, name)).chain(hosts)
    });
    let of_people = people.into_iter().flat_map(|(client, id, name, email)| {
        let person = Person { name: name.clone(), emails: vec![email], ..Person::default() };
        let forms: Vec<String> = sure_forms(&person).chain([name]).collect();
        forms.into_iter().map(move |name| Known { client, name, spelt: Spelt::Person(id) })
    });
    let former = former.into_iter().map(|row| as_name(row.client_id, row.name));
    let clients = clients.into_iter().map(|(client, name)| as_name(client, name));
    Ok(clients.chain(former).chain(of_sites).chain(of_people).collect())
}

/// What `section` says in `version`; `None` if that can't be told apart from what it says about other clients. `part` is what the version of
/// the client who reads it says by itself.
fn body(section: &Section, version: ReportVersion, part: Option<&Part>) -> Option<String> {
    let own = match version {
        ReportVersion::Full => None,
        ReportVersion::Abridged => section.abridged.as_ref(),
        ReportVersion::Client => section.client.as_ref(),
    };
    if let Some(own) = own {
        return Some(own.clone());
    }
    let Some(part) = part else { return Some(section.body.clone()) };
    let theirs = part.section(&section.key);
    if section.version == 0 || section.body == section.written_from {
        return Some(theirs.to_owned());
    }
    of_one(&section.written_from, &section.body, theirs)
}

struct Page<'a> {
    names: &'a Names,
    clients: &'a Clients,
    /// The client who reads it, and may read of no other.
    reader: Option<ClientId>,
    rendered: Rendered,
}

impl Page<'_> {
    fn title(&mut self, title: &str) {
        let title = self.without_names("", title);
        let _ = writeln!(self.rendered.text, "# {title}");
    }

    fn section(&mut self, section: &Section, body: &str) {
        if body.is_empty() {
            return;
        }
        let body = self.without_names(&section.key, body);
        let _ = write!(self.rendered.text, "\n## {}\n\n{body}\n", canonical(&section.title));
    }

    /// `markdown` in its canonical form, so that nothing hides in it, without names.
    fn without_names(&mut self, key: &str, markdown: &str) -> String {
        let mut text = canonical(markdown);
        if let Some(reader) = self.reader {
            let (without, mentions) = self.clients.leave_out(&text, reader);
            self.rendered.others.extend(mentions.into_iter().map(|mention| (key.to_owned(), mention)));
            text = without;
        }
        // The names of clients are no people's, whoever they are called after.
        let (text, shielded) = self.clients.shield(&text);
        let blameless = self.names.cast.render(&text, &self.names.decisions);
        self.rendered.doubts.extend(blameless.doubts.into_iter().map(|doubt| (key.to_owned(), doubt)));
        let text = shielded.restore(&blameless.text);
        match self.reader {
            // People at other clients are called after these.
            Some(reader) => self.clients.leave_out(&text, reader).0,
            None => text,
        }
    }
}
