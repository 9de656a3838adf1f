//! The GraphQL documents that clients may name by id, from the files that their build tools write.

use std::collections::BTreeMap;
use std::path::Path;

use domain::documents::DocumentSet;
use serde::Deserialize;

use super::source::Source;

/// The documents in the files of `trusted_documents`, and whether tokens run nothing else.
pub(super) fn read(source: &mut Source<'_>) -> (DocumentSet, bool) {
    const KEY: &str = "trusted_documents";
    let files = source.filled(KEY);
    let mut set = DocumentSet::default();
    for file in files.iter().flat_map(|files| files.split(',')).map(|file| Path::new(file.trim())) {
        if let Err(reason) = add(&mut set, file) {
            source.problem(KEY, format_args!("names {}: {reason}", file.display()));
        }
    }
    let only = source.parsed("only_trusted_documents", "true or false").unwrap_or(false);
    if only && files.is_none() {
        source.problem("only_trusted_documents", "needs trusted_documents: without any, no token could run anything");
    }
    (set, only)
}

/// What build tools write.
#[derive(Deserialize)]
#[serde(untagged)]
enum Manifest {
    /// Apollo's `generate-persisted-query-manifest`.
    Apollo { operations: Vec<Operation> },
    /// Relay's compiler and GraphQL Code Generator: texts by id.
    ById(BTreeMap<String, String>),
}

#[derive(Deserialize)]
struct Operation {
    id: String,
    body: String,
}

fn add(set: &mut DocumentSet, file: &Path) -> Result<(), String> {
    let text = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
    let manifest = serde_json::from_str(&text).map_err(|_| {
        "it must be JSON with texts by id, as Relay and GraphQL Code Generator write them, or Apollo's persisted query manifest".to_owned()
    })?;
    let documents: Vec<(String, String)> = match manifest {
        Manifest::ById(texts) => texts.into_iter().collect(),
        Manifest::Apollo { operations } => operations.into_iter().map(|operation| (operation.id, operation.body)).collect(),
    };
    for (id, text) in documents {
        api::check_syntax(&text).map_err(|reason| format!("document {id} can't be read. {reason}"))?;
        set.add_named(&id, &text);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::settings::Settings;

    fn settings(content: &str, more: &str) -> Result<Settings, Vec<String>> {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("documents.json");
        std::fs::write(&file, content).expect("written");
        Settings::of_file(&format!("trusted_documents = {:?}\n{more}", file.display().to_string()))
    }

    #[test]
    fn manifests_of_every_kind_are_read() {
        for content in [
            r#"{"a1": "{ viewer { can } }"}"#,
            r#"{"format": "apollo-persisted-query-manifest", "version": 1, "operations":
                [{"id": "a1", "name": "Can", "type": "query", "body": "{ viewer { can } }"}]}"#,
        ] {
            let settings = settings(content, "only_trusted_documents = true").expect("valid");
            assert_eq!(settings.trusted_documents.find("a1").map(AsRef::as_ref), Some("{ viewer { can } }"));
            assert!(settings.only_trusted_documents);
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (content, said) in [
            ("[]", "must be JSON"),
            (r#"{"a1": 1}"#, "must be JSON"),
            (r#"{"a1": "{ viewer "}"#, "document a1 can't be read. Syntax error"),
        ] {
            let problems = settings(content, "").expect_err("refused");
            assert!(problems[0].contains(said), "{problems:?}");
        }
        let problems = Settings::of_file("only_trusted_documents = true").expect_err("refused");
        assert!(problems[0].contains("needs trusted_documents"), "{problems:?}");
        assert!(Settings::of_file("trusted_documents = \"/nowhere.json\"").is_err());
    }
}
