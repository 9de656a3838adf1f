//! Where the team's ops docs are: a folder, or a branch of a Git repository.

use std::path::PathBuf;

use worker::ops_docs::{Branch, OpsDocs, Remote};

use super::Source;

/// Reads the settings; `None` if neither is named.
pub fn read(source: &mut Source<'_>) -> Option<OpsDocs> {
    let (path, git, branch) = (source.filled("ops_docs.path"), source.filled("ops_docs.git"), source.filled("ops_docs.branch"));
    if path.is_some() && git.is_some() {
        source.problem("ops_docs.path", "can't be set together with ops_docs.git: the ops docs are in one place");
    }
    if branch.is_some() && git.is_none() {
        source.problem("ops_docs.branch", "is for ops_docs.git, which is not set");
    }
    if let Some(path) = path {
        return Some(OpsDocs::Folder(PathBuf::from(path)));
    }
    let remote = Remote::read(&git?).map_err(|problem| source.problem("ops_docs.git", problem)).ok();
    let branch = branch.map_or_else(|| Ok(Branch::default()), |name| Branch::read(&name));
    let branch = branch.map_err(|problem| source.problem("ops_docs.branch", problem)).ok();
    Some(OpsDocs::Git(remote?, branch?))
}

#[cfg(test)]
mod tests {
    use crate::settings::Settings;

    fn read(settings: &str) -> Result<Option<String>, Vec<String>> {
        Settings::of_file(&format!("[ops_docs]\n{settings}")).map(|settings| settings.ops_docs.map(|docs| docs.describe()))
    }

    #[test]
    fn ops_docs_are_a_folder_or_a_repository() {
        assert_eq!(read(""), Ok(None));
        assert_eq!(read("path = '/srv/ops'"), Ok(Some("/srv/ops".to_owned())));
        assert_eq!(read("git = 'git@h:ops.git'"), Ok(Some("git@h:ops.git, its own branch".to_owned())));
        let named = "git = 'https://bot:hunter2@h.example/ops.git'\nbranch = 'main'";
        assert_eq!(read(named), Ok(Some("https://h.example/ops.git, branch main".to_owned())));
        let settings = Settings::of_file(&format!("[ops_docs]\n{named}")).unwrap();
        assert!(!format!("{settings:?}").contains("hunter2"));
    }

    #[test]
    fn what_can_not_be_is_refused_without_its_secrets() {
        for bad in [
            "path = '/srv/ops'\ngit = '/srv/git'",
            "path = '/srv/ops'\nbranch = 'main'",
            "git = 'http://bot:hunter2@h/x'",
            "git = 'https://bot:hunter2@h/x'\nbranch = '--upload-pack=x'",
        ] {
            let problems = read(bad).unwrap_err();
            assert!(problems.len() == 1 && !problems[0].contains("hunter2"), "{bad}: {problems:?}");
        }
    }
}
