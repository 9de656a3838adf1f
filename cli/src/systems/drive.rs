//! Google Drive: the incidents' folder (S6).

use std::path::Path;
use std::sync::Arc;

use document::Press;
use entity::System;
use worker::outlets::client::base_url;
use worker::outlets::drive::{Credentials, DriveOutlet, DriveSettings, GOOGLE};

use super::{Connector, Entry, Offer};
use crate::modes::is_open_to_others;
use crate::settings::Source;

/// Google Drive.
pub const DRIVE: Entry = Entry {
    system: System::Drive,
    about: "The incidents' folder",
    needs: "drive.folder and drive.credentials",
    docs: "docs/integrations/drive.md",
    without: "incidents are filed nowhere, unless a person does it",
    read: |source| Arc::new(read(source)),
};

struct Drive {
    settings: Option<DriveSettings>,
    /// Whether others on this machine can read the key.
    is_key_open: bool,
}

fn read(source: &mut Source<'_>) -> Drive {
    let (folder, file, subject) = (source.filled("drive.folder"), source.filled("drive.credentials"), source.filled("drive.subject"));
    let base_url = address(source);
    if folder.as_deref().is_some_and(|folder| !folder.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')) {
        source.problem("drive.folder", "must be what stands after /folders/ in the address of the folder");
    }
    if subject.as_deref().is_some_and(|subject| !subject.contains('@')) {
        source.problem("drive.subject", "must be the e-mail address of the person for whom Muster acts");
    }
    let credentials = file.as_deref().map(|file| {
        let text = std::fs::read_to_string(file).map_err(|error| format!("names a file that can't be read: {error}"))?;
        Credentials::read(&text)
    });
    if let Some(Err(problem)) = &credentials {
        source.problem("drive.credentials", problem);
    }
    let is_key_open = file.is_some_and(|file| is_open(Path::new(&file)));
    let settings = match (folder, credentials) {
        (None, None) => None,
        (Some(folder), Some(credentials)) => credentials.ok().map(|credentials| DriveSettings { folder, credentials, subject, base_url }),
        (folder, _) => {
            let lacking = if folder.is_none() { "drive.folder" } else { "drive.credentials" };
            source.problem(lacking, "is needed as well: Google Drive is connected by folder and credentials together");
            None
        }
    };
    Drive { settings, is_key_open }
}

/// Whether others on this machine may do anything with a file.
fn is_open(file: &Path) -> bool {
    file.metadata().is_ok_and(|file| is_open_to_others(&file))
}

fn address(source: &mut Source<'_>) -> String {
    let given = source.filled("drive.base_url").unwrap_or_else(|| GOOGLE.to_owned());
    if let Err(problem) = base_url(&given) {
        source.problem("drive.base_url", problem);
    }
    given
}

impl Connector for Drive {
    fn is_connected(&self) -> bool {
        self.settings.is_some()
    }

    fn connect(&self, press: &Arc<Press>) -> Result<Option<Offer>, String> {
        let Some(settings) = &self.settings else { return Ok(None) };
        Ok(Some(Offer::of(Arc::new(DriveOutlet::connect(settings, press.clone())?))))
    }

    fn notes(&self) -> Vec<String> {
        let readers =
            "whoever may read the incidents' folder reads all that is filed there. Restricted incidents are filed only at somebody's word.";
        let open = "drive.credentials names a key that others on this machine can read: take their rights away with chmod 600.";
        [Some(readers), self.is_key_open.then_some(open)].into_iter().flatten().map(str::to_owned).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn drive(file: &str) -> Result<Drive, Vec<String>> {
        Source::read("muster.toml", file, &BTreeMap::new(), read)
    }

    #[test]
    fn a_key_that_others_can_read_is_told() {
        let key = tempfile::NamedTempFile::new().unwrap();
        for (mode, open) in [(0o600, false), (0o640, true), (0o604, true)] {
            std::fs::set_permissions(key.path(), std::fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(is_open(key.path()), open, "{mode:o}");
            assert_eq!(Drive { settings: None, is_key_open: open }.notes().len(), 1 + usize::from(open));
        }
    }

    #[test]
    fn what_is_wrong_with_drive_is_told_at_once() {
        assert!(!drive("").unwrap().is_connected());
        let problems =
            drive("[drive]\nfolder = 'https://drive.google.com/x'\nsubject = 'kim'\nbase_url = 'http://example.org'").err().unwrap();
        assert_eq!(problems.len(), 4, "{problems:#?}");
        let problems = drive("[drive]\ncredentials = '/nowhere/key.json'").err().unwrap();
        assert_eq!(problems.len(), 2, "{problems:#?}");
    }
}
