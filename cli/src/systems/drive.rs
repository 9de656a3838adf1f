//! Google Drive: the incidents' folder (S6).

use std::sync::Arc;

use document::Press;
use entity::System;
use worker::outlets::client::base_url;
use worker::outlets::drive::{Credentials, DriveOutlet, DriveSettings, GOOGLE};

use super::{Connector, Entry, Offer};
use crate::settings::Source;

/// Google Drive.
pub const DRIVE: Entry = Entry {
    system: System::Drive,
    about: "The incidents' folder",
    needs: "drive.folder and drive.credentials",
    docs: "docs/integrations/drive.md",
    without: "incidents are filed nowhere, unless a person does it",
    read: |source| Arc::new(Drive(read(source))),
};

struct Drive(Option<DriveSettings>);

fn read(source: &mut Source<'_>) -> Option<DriveSettings> {
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
    match (folder, credentials) {
        (None, None) => None,
        (Some(folder), Some(credentials)) => Some(DriveSettings { folder, credentials: credentials.ok()?, subject, base_url }),
        (folder, _) => {
            let lacking = if folder.is_none() { "drive.folder" } else { "drive.credentials" };
            source.problem(lacking, "is needed as well: Google Drive is connected by folder and credentials together");
            None
        }
    }
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
        self.0.is_some()
    }

    fn connect(&self, press: &Arc<Press>) -> Result<Option<Offer>, String> {
        let Some(settings) = &self.0 else { return Ok(None) };
        Ok(Some(Offer::of(Arc::new(DriveOutlet::connect(settings, press.clone())?))))
    }

    fn notes(&self) -> Vec<String> {
        let readers =
            "whoever may read the incidents' folder reads all that is filed there. Restricted incidents are filed only at somebody's word.";
        if self.is_connected() { vec![readers.to_owned()] } else { Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn drive(file: &str) -> Result<Drive, Vec<String>> {
        Source::read("muster.toml", file, &BTreeMap::new(), |source| Drive(read(source)))
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
