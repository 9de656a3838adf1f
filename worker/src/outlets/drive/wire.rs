//! What Google Drive writes.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::outlets::client::{Cause, Failed};

/// The type of folders.
pub const FOLDER: &str = "application/vnd.google-apps.folder";
/// The property, seen by nobody but this account, that names the incident.
pub const MARKER: &str = "muster";
/// The property that names a file among those of its incident.
pub const PART: &str = "part";
/// What is asked for of an item.
pub const FIELDS: &str =
    "id,name,mimeType,trashed,createdTime,appProperties,sha256Checksum,webViewLink,driveId,capabilities(canAddChildren)";

/// Refusals that ask us to be slower, although they come as 403.
const TOO_FAST: [&str; 3] = ["rateLimitExceeded", "userRateLimitExceeded", "sharingRateLimitExceeded"];

/// A folder or file.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    pub id: String,
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub mime_type: String,
    #[serde(default)]
    pub trashed: bool,
    #[serde(default)]
    created_time: String,
    #[serde(default)]
    app_properties: BTreeMap<String, String>,
    pub sha256_checksum: Option<String>,
    pub web_view_link: Option<String>,
    drive_id: Option<String>,
    #[serde(default)]
    capabilities: Capabilities,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Capabilities {
    #[serde(default)]
    can_add_children: bool,
}

impl Item {
    /// Which file of its incident it is; the folder is none.
    pub fn part(&self) -> Option<&str> {
        self.app_properties.get(PART).map(String::as_str)
    }

    /// What keeps `who` from filing incidents in this folder, and what to do about it. Somebody's own folder will do for somebody `personal`.
    pub fn problem(&self, who: &str, personal: bool) -> Option<String> {
        let name = &self.name;
        if self.mime_type != FOLDER {
            return Some(format!(
                "“{name}” is no folder: set drive.folder to what stands after /folders/ in the address of the incidents' folder."
            ));
        }
        if self.trashed {
            return Some(format!("The folder “{name}” is in the bin: restore it, or set drive.folder to another."));
        }
        if self.drive_id.is_none() && !personal {
            return Some(format!(
                "The folder “{name}” is not in a shared drive, and service accounts have no storage of their own: move it to a shared drive, \
                 or set drive.subject."
            ));
        }
        (!self.capabilities.can_add_children)
            .then(|| format!("{who} may not add files to “{name}”: make it a Content manager of the shared drive."))
    }
}

/// The one of several of one kind that counts: one that is not in the bin, and of those the oldest.
pub fn chosen<'a>(items: impl Iterator<Item = &'a Item>) -> Option<&'a Item> {
    items.min_by_key(|item| (item.trashed, &item.created_time, &item.id))
}

/// A page of a list.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Page {
    pub files: Vec<Item>,
    pub next_page_token: Option<String>,
    /// Whether some drives were not looked into.
    #[serde(default)]
    pub incomplete_search: bool,
}

/// Ids that nothing has yet.
#[derive(Debug, Deserialize)]
pub struct Ids {
    pub ids: Vec<String>,
}

/// Google's own name for why it refused.
pub fn reason(failed: &Failed) -> Option<String> {
    #[derive(Deserialize)]
    struct Refused {
        error: Errors,
    }
    #[derive(Deserialize)]
    struct Errors {
        errors: Vec<Reason>,
    }
    #[derive(Deserialize)]
    struct Reason {
        reason: String,
    }
    let Cause::Answered(answered) = &failed.cause else { return None };
    let refused: Refused = serde_json::from_slice(&answered.body).ok()?;
    Some(refused.error.errors.into_iter().next()?.reason)
}

/// Whether we are to come back later, whatever the status.
pub fn is_too_fast(failed: &Failed) -> bool {
    failed.status() == Some(403) && reason(failed).is_some_and(|reason| TOO_FAST.contains(&reason.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_the_oldest_that_is_not_in_the_bin_counts() {
        let item = |id: &str, created: &str, trashed: bool| -> Item {
            serde_json::from_value(serde_json::json!({ "id": id, "createdTime": created, "trashed": trashed })).unwrap()
        };
        let items = [
            item("a", "2026-01-03T00:00:00.000Z", false),
            item("b", "2026-01-02T00:00:00.000Z", false),
            item("c", "2026-01-01T00:00:00.000Z", true),
        ];
        assert_eq!(chosen(items.iter()).map(|item| &*item.id), Some("b"));
        assert_eq!(chosen(items[2..].iter()).map(|item| &*item.id), Some("c"));
        assert!(chosen([].iter()).is_none());
    }

    #[test]
    fn what_is_wrong_with_a_folder_says_what_to_do() {
        let folder = |fields: serde_json::Value| -> Option<String> {
            let mut item = serde_json::json!({ "id": "1", "name": "Incidents", "mimeType": FOLDER, "driveId": "0A", "capabilities": { "canAddChildren": true } });
            item.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            serde_json::from_value::<Item>(item).unwrap().problem("muster@example.org", false)
        };
        assert_eq!(folder(serde_json::json!({})), None);
        for (fields, words) in [
            (serde_json::json!({ "mimeType": "text/plain" }), "no folder"),
            (serde_json::json!({ "trashed": true }), "bin"),
            (serde_json::json!({ "driveId": null }), "shared drive"),
            (serde_json::json!({ "capabilities": {} }), "Content manager"),
        ] {
            assert!(folder(fields).unwrap().contains(words), "{words}");
        }
    }
}
