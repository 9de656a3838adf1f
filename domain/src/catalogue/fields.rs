//! A site field by field, each as one text: as lists have it, as people are shown a change, and as it is compared. Pure.
//!
//! [`checked`] brings what people or sources write into that form; [`Entry::put`] takes nothing else.

use entity::{Environment, Importance, SiteField, SiteId, Timestamp, site};
use serde_json::{Value, json};

use super::busy::BusyHours;
use super::freeze::CodeFreeze;
use super::matching::Address;
use crate::error::{Error, Result};
use crate::{limits, validate};

/// What stands between the entries of a field that has several.
const BETWEEN: &str = "; ";
/// What a field says that holds or does not.
pub const YES: &str = "yes";
/// The opposite.
pub const NO: &str = "no";

/// A site with what its row only points at.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The site. Its `client_id` follows `client` when it is written.
    pub site: site::Model,
    /// The name of its client.
    pub client: Option<String>,
}

/// A site of which nothing is known.
pub fn blank(id: SiteId, now: Timestamp) -> site::Model {
    site::Model {
        id,
        name: String::new(),
        url: None,
        repository: None,
        client_id: None,
        tooling: json!([]),
        runbook: None,
        importance: Importance::Normal,
        expected: None,
        routinely_attacked: false,
        busy_hours: None,
        last_synced_at: None,
        created_at: now,
        hosts: None,
        environment: None,
        hosting: None,
        code_freeze: None,
        gone_at: None,
        listed_by: None,
        source_key: None,
        origins: None,
    }
}

impl Entry {
    /// What a field says.
    pub fn text(&self, field: SiteField) -> String {
        let site = &self.site;
        let optional = |text: &Option<String>| text.clone().unwrap_or_default();
        match field {
            SiteField::Name => site.name.clone(),
            SiteField::Url => optional(&site.url),
            SiteField::Hosts => optional(&site.hosts),
            SiteField::Client => optional(&self.client),
            SiteField::Environment => site.environment.map(|tier| tier.to_string()).unwrap_or_default(),
            SiteField::Importance => site.importance.to_string(),
            SiteField::Hosting => optional(&site.hosting),
            SiteField::Repository => optional(&site.repository),
            SiteField::Runbook => optional(&site.runbook),
            SiteField::Tooling => {
                let links = tooling(site).map(|(label, url)| format!("{label} {url}"));
                links.collect::<Vec<_>>().join(BETWEEN)
            }
            SiteField::Expected => optional(&site.expected),
            SiteField::RoutinelyAttacked => yes_or_no(site.routinely_attacked),
            SiteField::BusyHours => optional(&site.busy_hours),
            SiteField::CodeFreeze => optional(&site.code_freeze),
            SiteField::Gone => yes_or_no(site.gone_at.is_some()),
        }
    }

    /// Has a field say `text`, which [`checked`] gave.
    pub fn put(&mut self, field: SiteField, text: &str, now: Timestamp) {
        let site = &mut self.site;
        let optional = || (!text.is_empty()).then(|| text.to_owned());
        match field {
            SiteField::Name => text.clone_into(&mut site.name),
            SiteField::Url => site.url = optional(),
            SiteField::Hosts => site.hosts = optional(),
            SiteField::Client => self.client = optional(),
            SiteField::Environment => site.environment = environment(text),
            SiteField::Importance => {
                site.importance = if text == Importance::High.as_str() { Importance::High } else { Importance::Normal }
            }
            SiteField::Hosting => site.hosting = optional(),
            SiteField::Repository => site.repository = optional(),
            SiteField::Runbook => site.runbook = optional(),
            SiteField::Tooling => {
                let links = text.split(BETWEEN).filter_map(|link| link.rsplit_once(' '));
                site.tooling = links.map(|(label, url)| json!({ "label": label, "url": url })).collect();
            }
            SiteField::Expected => site.expected = optional(),
            SiteField::RoutinelyAttacked => site.routinely_attacked = is_yes(text),
            SiteField::BusyHours => site.busy_hours = optional(),
            SiteField::CodeFreeze => site.code_freeze = optional(),
            SiteField::Gone => site.gone_at = is_yes(text).then(|| site.gone_at.unwrap_or(now)),
        }
    }
}

/// The links to a site's tools: label and address.
pub fn tooling(site: &site::Model) -> impl Iterator<Item = (&str, &str)> {
    fn link(value: &Value) -> Option<(&str, &str)> {
        Some((value["label"].as_str()?, value["url"].as_str()?))
    }
    site.tooling.as_array().into_iter().flatten().filter_map(link)
}

/// The further hosts of a site, each as it was written: with port and path where they matter.
pub fn hosts(column: Option<&str>) -> impl Iterator<Item = &str> {
    column.into_iter().flat_map(|hosts| hosts.split(BETWEEN))
}

/// The names of these hosts alone.
pub fn host_names(column: Option<&str>) -> impl Iterator<Item = String> {
    hosts(column).filter_map(Address::read).map(|address| address.host)
}

/// Whether a field says nothing: what it is as long as nobody set it.
pub fn is_blank(field: SiteField, text: &str) -> bool {
    text == unset(field)
}

/// What a field says as long as nobody set it.
fn unset(field: SiteField) -> &'static str {
    match field {
        SiteField::Importance => Importance::Normal.as_str(),
        SiteField::RoutinelyAttacked | SiteField::Gone => NO,
        SiteField::Name
        | SiteField::Url
        | SiteField::Hosts
        | SiteField::Client
        | SiteField::Environment
        | SiteField::Hosting
        | SiteField::Repository
        | SiteField::Runbook
        | SiteField::Tooling
        | SiteField::Expected
        | SiteField::BusyHours
        | SiteField::CodeFreeze => "",
    }
}

/// What a field says if `text` is written into it; blank text empties it.
///
/// # Errors
/// `BAD_USER_INPUT` on the name that the field has in inputs.
pub fn checked(field: SiteField, text: &str) -> Result<String> {
    let (text, input) = (text.trim(), input(field));
    if text.is_empty() && field != SiteField::Name {
        return Ok(unset(field).to_owned());
    }
    let cant = |reason: String| Error::invalid(input, format!("{input} can't be read: {reason}"));
    match field {
        SiteField::Name | SiteField::Client | SiteField::Hosting => validate::name(input, text),
        SiteField::Url | SiteField::Repository | SiteField::Runbook => validate::web_url(input, text),
        // Spreadsheets and browsers differ in their line breaks.
        SiteField::Expected => validate::text(input, &text.replace("\r\n", "\n")),
        SiteField::Hosts => checked_hosts(text),
        SiteField::Tooling => checked_tooling(text),
        SiteField::Environment => environment(text).map(|tier| tier.to_string()).ok_or_else(|| {
            Error::invalid(
                input,
                format!("{input} must be PRODUCTION, STAGING, TESTING or DEVELOPMENT, or empty, and not {}.", shown(text)),
            )
        }),
        SiteField::Importance => match text.to_lowercase().as_str() {
            "normal" => Ok(Importance::Normal.to_string()),
            "high" | "important" => Ok(Importance::High.to_string()),
            _ => Err(Error::invalid(input, format!("{input} must be HIGH or NORMAL, and not {}.", shown(text)))),
        },
        SiteField::RoutinelyAttacked | SiteField::Gone => match text.to_lowercase().as_str() {
            "yes" | "true" | "1" | "x" | "✓" => Ok(yes_or_no(true)),
            "no" | "false" | "0" => Ok(yes_or_no(false)),
            _ => Err(Error::invalid(input, format!("{input} must be yes or no, and not {}.", shown(text)))),
        },
        SiteField::BusyHours => text.parse::<BusyHours>().map(|hours| hours.to_string()).map_err(cant),
        SiteField::CodeFreeze => text.parse::<CodeFreeze>().map(|freeze| freeze.to_string()).map_err(cant),
    }
}

/// The name of a field in inputs.
pub fn input(field: SiteField) -> &'static str {
    match field {
        SiteField::Name => "name",
        SiteField::Url => "url",
        SiteField::Hosts => "hosts",
        SiteField::Client => "client",
        SiteField::Environment => "environment",
        SiteField::Importance => "importance",
        SiteField::Hosting => "hosting",
        SiteField::Repository => "repository",
        SiteField::Runbook => "runbook",
        SiteField::Tooling => "tooling",
        SiteField::Expected => "expected",
        SiteField::RoutinelyAttacked => "routinelyAttacked",
        SiteField::BusyHours => "busyHours",
        SiteField::CodeFreeze => "codeFreeze",
        SiteField::Gone => "isGone",
    }
}

/// A tier by its name, or by what many call it.
fn environment(text: &str) -> Option<Environment> {
    match text.to_lowercase().as_str() {
        "production" | "prod" | "live" => Some(Environment::Production),
        "staging" | "stage" | "uat" | "preview" | "demo" => Some(Environment::Staging),
        "testing" | "test" | "qa" => Some(Environment::Testing),
        "development" | "dev" | "local" => Some(Environment::Development),
        _ => None,
    }
}

/// Hosts that people separate by commas, semicolons or white space.
fn checked_hosts(text: &str) -> Result<String> {
    let mut hosts: Vec<String> = Vec::new();
    for word in text.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';')).filter(|word| !word.is_empty()) {
        let address = Address::read(word).ok_or_else(|| {
            Error::invalid(
                "hosts",
                format!("hosts must be hosts such as shop.example.org or example.net/shop, and {} is none.", shown(word)),
            )
        })?;
        let host = address.to_string();
        if !hosts.contains(&host) {
            hosts.push(host);
        }
        validate::at_most("hosts", hosts.len())?;
    }
    Ok(hosts.join(BETWEEN))
}

/// Links that people separate by line breaks or semicolons, each a label and an address.
fn checked_tooling(text: &str) -> Result<String> {
    let mut links = Vec::new();
    let links_in = text.lines().flat_map(|line| line.split(BETWEEN)).map(|link| link.trim().trim_end_matches(';'));
    for link in links_in.filter(|link| !link.is_empty()) {
        let (label, url) = link.rsplit_once(char::is_whitespace).ok_or_else(|| {
            Error::invalid("tooling", format!("tooling must be links such as Logs https://logs.example.org, and {} is none.", shown(link)))
        })?;
        links.push(link_text(label, url)?);
        if links.len() > limits::TOOLING_LINKS {
            return Err(Error::invalid("tooling", format!("tooling has more than {} links.", limits::TOOLING_LINKS)));
        }
    }
    Ok(links.join(BETWEEN))
}

/// A link to a tool, as the field `tooling` has it.
///
/// # Errors
/// `BAD_USER_INPUT`.
pub fn link_text(label: &str, url: &str) -> Result<String> {
    let label = validate::name("tooling.label", label)?;
    if label.contains(BETWEEN.trim()) {
        return Err(Error::invalid("tooling.label", "tooling.label can't contain a semicolon: lists have it between two links."));
    }
    let (label, url) = (label.split_whitespace().collect::<Vec<_>>().join(" "), validate::web_url("tooling.url", url)?);
    if url.ends_with(BETWEEN.trim()) {
        return Err(Error::invalid("tooling.url", "tooling.url can't end with a semicolon: lists have it between two links."));
    }
    Ok(format!("{label} {url}"))
}

fn yes_or_no(is: bool) -> String {
    if is { YES } else { NO }.to_owned()
}

fn is_yes(text: &str) -> bool {
    text == YES
}

/// The beginning of what somebody wrote, in quotation marks.
fn shown(text: &str) -> String {
    let start: String = text.chars().take(50).collect();
    format!("{start:?}")
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn what_people_write_is_brought_into_one_form() {
        use SiteField as F;
        for (field, written, kept) in [
            (F::Name, "  Museum shop ", "Museum shop"),
            (F::Url, "https://Example.org", "https://example.org/"),
            (
                F::Hosts,
                "www.example.net, https://shop.example.org/;shop.example.org:8443",
                "example.net; shop.example.org; shop.example.org:8443",
            ),
            (F::Environment, "Live", "PRODUCTION"),
            (F::Environment, "uat", "STAGING"),
            (F::Importance, "high", "HIGH"),
            (F::Importance, "", "NORMAL"),
            (F::RoutinelyAttacked, "TRUE", "yes"),
            (F::RoutinelyAttacked, "", "no"),
            (
                F::Tooling,
                "Logs  of it https://logs.example.org\nGraphs https://g.example.org; ",
                "Logs of it https://logs.example.org/; Graphs https://g.example.org/",
            ),
            (F::BusyHours, "mon-fri 8:00-20:00", "Mon-Fri 08:00-20:00"),
            (F::CodeFreeze, "2026-12-15 - 2027-01-05", "2026-12-15 to 2027-01-05"),
            (F::Hosting, "", ""),
        ] {
            assert_eq!(checked(field, written).unwrap(), kept, "{field} {written}");
            assert_eq!(checked(field, kept).unwrap(), kept, "{field} {kept}");
        }
    }

    #[test]
    fn what_is_wrong_is_refused_under_the_name_of_the_input() {
        use SiteField as F;
        let links = "Logs https://logs.example.org\n".repeat(limits::TOOLING_LINKS + 1);
        let hosts = (0..=limits::LIST_ITEMS).map(|number| format!("{number}.example.org")).collect::<Vec<_>>().join(" ");
        for (field, written) in [
            (F::Name, " "),
            (F::Url, "example.org"),
            (F::Hosts, "kim@example.org"),
            (F::Hosts, hosts.as_str()),
            (F::Environment, "the cloud"),
            (F::Importance, "very"),
            (F::RoutinelyAttacked, "sometimes"),
            (F::Tooling, "https://logs.example.org"),
            (F::Tooling, links.as_str()),
            (F::BusyHours, "always"),
            (F::CodeFreeze, "Christmas"),
        ] {
            let error = checked(field, written).unwrap_err();
            assert!(matches!(error, Error::Invalid { field: name, .. } if name == input(field)), "{field} {written:.50}: {error:?}");
        }
        assert!(matches!(checked(F::Tooling, "a;b https://logs.example.org"), Err(Error::Invalid { field: "tooling.label", .. })));
    }

    #[test]
    fn what_is_put_is_what_is_said() {
        let now = Timestamp::UNIX_EPOCH;
        let mut entry = Entry { site: blank(SiteId(Uuid::nil()), now), client: None };
        for field in SiteField::ALL.iter().copied() {
            assert!(is_blank(field, &entry.text(field)), "{field}");
        }
        for (field, text) in [
            (SiteField::Name, "Museum shop"),
            (SiteField::Url, "https://example.org/"),
            (SiteField::Hosts, "example.net; shop.example.org"),
            (SiteField::Client, "Example Ltd"),
            (SiteField::Environment, "STAGING"),
            (SiteField::Importance, "HIGH"),
            (SiteField::Hosting, "AWS eu-west-2"),
            (SiteField::Repository, "https://git.example.org/shop"),
            (SiteField::Runbook, "https://wiki.example.org/shop"),
            (SiteField::Tooling, "Logs of it https://logs.example.org/a;b; Graphs https://g.example.org/"),
            (SiteField::Expected, "404 for old leaflets\nand slow nights"),
            (SiteField::RoutinelyAttacked, "yes"),
            (SiteField::BusyHours, "Mon-Fri 08:00-20:00"),
            (SiteField::CodeFreeze, "2026-12-15 to 2027-01-05 Christmas"),
            (SiteField::Gone, "yes"),
        ] {
            assert_eq!(checked(field, text).unwrap(), text, "{field}");
            entry.put(field, text, now);
            assert_eq!(entry.text(field), text, "{field}");
            assert!(!is_blank(field, text), "{field}");
        }
        assert_eq!(hosts(entry.site.hosts.as_deref()).collect::<Vec<_>>(), ["example.net", "shop.example.org"]);
        assert_eq!(tooling(&entry.site).count(), 2);
        for field in SiteField::ALL.iter().copied().filter(|field| *field != SiteField::Name) {
            entry.put(field, &checked(field, "").unwrap(), now);
            assert!(is_blank(field, &entry.text(field)), "{field}");
        }
    }
}
