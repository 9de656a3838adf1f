//! Where the sites are at Airtable, and what their fields are called there.

use std::collections::BTreeMap;

use chrono::Duration;
use entity::SiteField;
use worker::airtable::{AirtableSettings, is_field_id};
use worker::outlets::client::base_url;

use super::Source;

/// Where Airtable's API is.
const API: &str = "https://api.airtable.com";
/// The table of fields.
const FIELDS: &str = "airtable.fields";
/// How often the sites are read if nobody says otherwise.
const EVERY: i64 = 15;
/// Minutes between two readings: more often costs requests that a plan counts, and less often than daily is a mistake.
const MINUTES: std::ops::RangeInclusive<i64> = 1..=1_440;
/// Characters of what a table, a view or a field is called: more than Airtable allows.
const NAME_CHARS: usize = 255;

/// A table at Airtable that is followed.
#[derive(Clone)]
pub struct FollowedTable {
    /// Where it is.
    pub place: AirtableSettings,
    /// How often it is read.
    pub every: Duration,
}

/// Says where it is: the settings hold a token.
impl std::fmt::Debug for FollowedTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FollowedTable({}, every {})", self.place.describe(), self.every)
    }
}

/// Reads the settings; `None` if the token, the base and the table are not named.
pub fn read(source: &mut Source<'_>) -> Option<FollowedTable> {
    let base_url = address(source);
    let every = every(source);
    let view = called(source, "airtable.view");
    let [token, base, table] = ["airtable.token", "airtable.base", "airtable.table"].map(|key| called(source, key));
    let fields = fields(source);
    if token.is_none() && base.is_none() && table.is_none() {
        if view.is_some() || !fields.is_empty() {
            source.problem("airtable.token", "is needed as well, and so are airtable.base and airtable.table");
        }
        return None;
    }
    for (key, value) in [("airtable.token", &token), ("airtable.base", &base), ("airtable.table", &table)] {
        if value.is_none() {
            source.problem(key, "is needed as well: token, base and table go together (docs/integrations/airtable.md)");
        }
    }
    if token.as_deref().is_some_and(|token| !token.bytes().all(|byte| byte.is_ascii_graphic())) {
        source.problem("airtable.token", "must be a personal access token, as Airtable shows it");
    }
    let is_base =
        |id: &str| id.strip_prefix("app").is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    if base.as_deref().is_some_and(|base| !is_base(base)) {
        source.problem("airtable.base", "must be the id of a base, such as appAbCdEfGhIjKlMn: the address of the base has it");
    }
    let ids = fields.values().filter(|name| is_field_id(name)).count();
    if !fields.contains_key(&SiteField::Name) {
        source.problem("airtable.fields.name", "is needed: it says which field has the sites' names");
    } else if ids > 0 && ids < fields.len() {
        source.problem("airtable.fields.name", "and the other fields must all be names, or all ids");
    }
    let place = AirtableSettings { base_url, token: token?, base: base?, table: table?, view, fields };
    Some(FollowedTable { place, every })
}

fn address(source: &mut Source<'_>) -> String {
    let address = source.text("airtable.base_url").unwrap_or_else(|| API.to_owned());
    if let Err(problem) = base_url(&address) {
        source.problem("airtable.base_url", problem);
    }
    address
}

fn every(source: &mut Source<'_>) -> Duration {
    let minutes = source.parsed("airtable.every_minutes", "a number of minutes").unwrap_or(EVERY);
    if !MINUTES.contains(&minutes) {
        source.problem("airtable.every_minutes", format_args!("must be between {} and {}", MINUTES.start(), MINUTES.end()));
    }
    Duration::minutes(minutes.clamp(*MINUTES.start(), *MINUTES.end()))
}

/// What each field is called there.
fn fields(source: &mut Source<'_>) -> BTreeMap<SiteField, String> {
    // Whom the team no longer looks after is left out by a view.
    let all = SiteField::ALL.iter().copied().filter(|field| *field != SiteField::Gone);
    all.filter_map(|field| Some((field, called(source, &format!("{FIELDS}.{}", field.as_str().to_lowercase()))?))).collect()
}

fn called(source: &mut Source<'_>, key: &str) -> Option<String> {
    let name = source.filled(key)?;
    if name.chars().count() > NAME_CHARS || name.chars().any(char::is_control) {
        source.problem(key, format_args!("must be one line of at most {NAME_CHARS} characters"));
    }
    Some(name)
}

#[cfg(test)]
mod tests {
    use crate::settings::{Settings, Source};

    use super::*;

    const WHOLE: &str = "token = 'pat1.hunter2'\nbase = 'appAbCdEfGhIjKlMn'\ntable = 'Sites'\n";

    fn read(settings: &str) -> Result<Option<FollowedTable>, Vec<String>> {
        Settings::of_file(&format!("[airtable]\n{settings}")).map(|settings| settings.airtable)
    }

    #[test]
    fn a_table_is_followed_by_token_base_and_table() {
        assert!(read("").unwrap().is_none());
        let fields = "[airtable.fields]\nname = 'Site'\nroutinely_attacked = 'Under attack?'";
        let followed = read(&format!("{WHOLE}view = 'Live'\nevery_minutes = 60\n{fields}")).unwrap().unwrap();
        assert_eq!(followed.place.describe(), "Airtable, base appAbCdEfGhIjKlMn, table Sites, view Live");
        assert_eq!((followed.every, followed.place.base_url.as_str()), (Duration::hours(1), API));
        assert_eq!(followed.place.fields[&SiteField::RoutinelyAttacked], "Under attack?");
        assert!(!format!("{followed:?}").contains("hunter2"));
        let environment = [("MUSTER_AIRTABLE__TOKEN", "pat2"), ("MUSTER_AIRTABLE__FIELDS__URL", "Address")];
        let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter().collect();
        let file = format!("[airtable]\n{WHOLE}{fields}");
        let settings = Source::read("muster.toml", &file, &environment, Settings::from_source).unwrap();
        let place = settings.airtable.unwrap().place;
        assert_eq!((place.token.as_str(), place.fields[&SiteField::Url].as_str()), ("pat2", "Address"));
    }

    #[test]
    fn what_is_missing_or_wrong_is_said_with_its_key_and_without_the_token() {
        let name = "[airtable.fields]\nname = 'Site'";
        for (settings, key) in [
            ("view = 'Live'".to_owned(), "airtable.token"),
            (format!("token = 'hunter2'\nbase = 'appX'\n{name}"), "airtable.table"),
            (format!("token = 'hunter 2'\nbase = 'appX'\ntable = 'Sites'\n{name}"), "airtable.token"),
            (format!("token = 'hunter2'\nbase = 'Sites'\ntable = 'Sites'\n{name}"), "airtable.base"),
            (WHOLE.to_owned(), "airtable.fields.name"),
            (format!("{WHOLE}every_minutes = 0\n{name}"), "airtable.every_minutes"),
            (format!("{WHOLE}every_minutes = 'soon'\n{name}"), "airtable.every_minutes"),
            (format!("{WHOLE}base_url = 'http://x.org'\n{name}"), "airtable.base_url"),
            (format!("{WHOLE}{name}\nurl = 'fldAbCdEfGhIjKlMn'"), "airtable.fields.name"),
            (format!("{WHOLE}{name}\nhosting = '{}'", "x".repeat(256)), "airtable.fields.hosting"),
            (format!("{WHOLE}{name}\nrunbok = 'Runbook'"), "unknown setting `airtable.fields.runbok`"),
        ] {
            let problems = read(&settings).unwrap_err();
            assert!(problems.len() == 1 && problems[0].starts_with(key), "{settings}: {problems:?}");
            assert!(!problems[0].contains("hunter"), "{problems:?}");
        }
    }
}
