//! Push messages to phones, by an ntfy server (R1, R18).

use std::sync::Arc;

use document::Press;
use entity::System;
use worker::outlets::client::base_url;
use worker::outlets::ntfy::{NtfyOutlet, NtfySettings};

use super::{Connector, Entry, Offer, SILENT};
use crate::settings::Source;

/// ntfy.
pub const NTFY: Entry = Entry {
    system: System::Ntfy,
    about: "Push messages to phones",
    needs: "ntfy.url",
    docs: "docs/integrations/ntfy.md",
    without: SILENT,
    read: |source| Arc::new(Ntfy(read(source))),
};

struct Ntfy(Option<NtfySettings>);

fn read(source: &mut Source<'_>) -> Option<NtfySettings> {
    let (url, token) = (source.filled("ntfy.url"), source.filled("ntfy.token"));
    if let Some(Err(problem)) = url.as_deref().map(base_url) {
        source.problem("ntfy.url", problem);
    }
    if token.as_deref().is_some_and(|token| !token.bytes().all(|byte| byte.is_ascii_graphic())) {
        source.problem("ntfy.token", "must be an access token as ntfy shows it, such as tk_…, without blanks");
    }
    if url.is_none() && token.is_some() {
        source.problem("ntfy.url", "is needed as well as ntfy.token, such as https://ntfy.example.org");
    }
    url.map(|url| NtfySettings { url, token })
}

impl Connector for Ntfy {
    fn is_connected(&self) -> bool {
        self.0.is_some()
    }

    fn connect(&self, _: &Arc<Press>) -> Result<Option<Offer>, String> {
        let Some(settings) = &self.0 else { return Ok(None) };
        Ok(Some(Offer::of(Arc::new(NtfyOutlet::connect(settings)?))))
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = vec!["whether Muster may write to a person's topic shows with the first message to it.".to_owned()];
        if self.0.as_ref().is_some_and(|settings| settings.token.is_none()) {
            notes
                .push("ntfy.token is not set: anyone who knows a person's topic can read what is sent there, and answer pages.".to_owned());
        }
        notes
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn ntfy(file: &str) -> Result<Ntfy, Vec<String>> {
        Source::read("muster.toml", file, &BTreeMap::new(), |source| Ntfy(read(source)))
    }

    #[test]
    fn ntfy_is_connected_by_its_address() {
        for (file, connected, notes) in [
            ("", false, 1),
            ("[ntfy]\nurl = 'https://ntfy.sh'", true, 2),
            ("[ntfy]\nurl = 'https://ntfy.example.org'\ntoken = 'tk_hunter2'", true, 1),
            ("[ntfy]\nurl = ''\ntoken = ''", false, 1),
        ] {
            let ntfy = ntfy(file).unwrap_or_else(|problems| panic!("{file}: {problems:?}"));
            assert_eq!((ntfy.is_connected(), ntfy.notes().len()), (connected, notes), "{file}");
        }
        for wrong in [
            "token = 'tk_hunter2'",
            "url = 'http://ntfy.sh'",
            "url = 'https://ntfy.sh/topic'",
            "url = 'https://ntfy.sh'\ntoken = 'tk_hunter2 '",
        ] {
            let problems = ntfy(&format!("[ntfy]\n{wrong}")).err();
            assert!(problems.is_none_or(|problems| problems.len() == 1 && !problems[0].contains("hunter2")), "{wrong}");
        }
    }
}
