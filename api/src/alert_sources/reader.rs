//! Reading kept bodies again, by the sources as the settings have them now.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use domain::alerts::Alarms;
use domain::alerts::inbox::Kept;
use entity::Severity;

use super::kind::Kind;
use super::source::AlertSource;

/// The sources that may have posted something.
#[derive(Clone)]
pub struct AlertReader {
    pub(super) plain: [Arc<AlertSource>; 2],
    pub(super) named: BTreeMap<String, Arc<AlertSource>>,
    pub(super) levels: BTreeMap<String, Severity>,
    pub(super) kinds: &'static [Kind],
}

impl AlertReader {
    /// Every source that may post: the hooks that need no settings, and then those of the settings, by name.
    pub fn sources(&self) -> impl Iterator<Item = &AlertSource> {
        self.plain.iter().chain(self.named.values()).map(|source| &**source)
    }

    /// The notifications in a kept body, by the settings of now.
    ///
    /// # Errors
    /// What is wrong and what to do, for whoever set it up.
    pub fn read(&self, kept: &Kept) -> Result<Vec<Alarms>, String> {
        let hook = &kept.post.hook;
        let source = self.sources().find(|source| source.hook() == *hook);
        let source = source.ok_or_else(|| format!("There is no source at /hooks/{hook} any more: put it back into the settings first."))?;
        let header = |(name, value): (&str, &str)| Some((name.parse::<HeaderName>().ok()?, HeaderValue::from_str(value).ok()?));
        let headers: HeaderMap = kept.headers().filter_map(header).collect();
        source.alarms(&self.levels, &headers, &kept.body, self.kinds)
    }
}
