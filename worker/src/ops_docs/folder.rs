//! Ops docs in a folder.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use domain::known::ops::{Collected, Reading, is_page};
use domain::limits::OPS_PAGE_BYTES;

/// Folders within each other.
const DEEPEST: usize = 16;
/// Files and folders that are looked at.
const MOST: usize = 200_000;

/// Reads all pages in the folder `root`. A file may be a link, as in a folder that Kubernetes provides, but not to what is outside; folders that are
/// links are passed over.
pub async fn read(root: PathBuf) -> Result<Reading, String> {
    let reading = tokio::task::spawn_blocking(move || {
        let root = root.canonicalize().map_err(|error| format!("the folder {} can't be read: {error}", root.display()))?;
        let mut walk = Walk { root: root.clone(), collected: Collected::default(), left: MOST };
        walk.folder(&root, 0)?;
        Ok(walk.collected.finish(None))
    });
    reading.await.unwrap_or_else(|_| Err("reading them ended unexpectedly".to_owned()))
}

struct Walk {
    root: PathBuf,
    collected: Collected,
    left: usize,
}

impl Walk {
    fn folder(&mut self, folder: &Path, depth: usize) -> Result<(), String> {
        let unreadable = |error: std::io::Error| format!("the folder {} can't be read: {error}", folder.display());
        for entry in fs::read_dir(folder).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            self.left = self.left.checked_sub(1).ok_or_else(|| format!("there are more than {MOST} files"))?;
            let kind = entry.file_type().map_err(unreadable)?;
            let is_hidden = entry.file_name().to_string_lossy().starts_with('.');
            if kind.is_dir() && !is_hidden && depth < DEEPEST {
                self.folder(&entry.path(), depth + 1)?;
            } else if !kind.is_dir() {
                self.file(&entry.path())?;
            }
        }
        Ok(())
    }

    fn file(&mut self, file: &Path) -> Result<(), String> {
        let Some(path) = file.strip_prefix(&self.root).ok().and_then(Path::to_str).filter(|path| is_page(path)) else { return Ok(()) };
        let path = path.to_owned();
        let real = match file.canonicalize() {
            Ok(real) if real.starts_with(&self.root) => real,
            Ok(_) => {
                self.collected.refuse(&path, "it is a link to what is outside");
                return Ok(());
            }
            Err(error) => {
                self.collected.refuse(&path, format!("it can't be read: {error}"));
                return Ok(());
            }
        };
        match content(&real) {
            Ok(None) => {}
            Ok(Some(content)) => {
                if self.collected.admits(&path, content.len() as u64)? {
                    self.collected.take(path, content);
                }
            }
            Err(error) => self.collected.refuse(&path, format!("it can't be read: {error}")),
        }
        Ok(())
    }
}

/// The start of the file: a byte more than a page may have tells that it has too many. Nothing for a folder, a pipe or a device.
fn content(file: &Path) -> std::io::Result<Option<Vec<u8>>> {
    if !fs::metadata(file)?.is_file() {
        return Ok(None);
    }
    let mut content = Vec::new();
    File::open(file)?.take(OPS_PAGE_BYTES as u64 + 1).read_to_end(&mut content)?;
    Ok(Some(content))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[tokio::test]
    async fn pages_are_read_and_links_do_not_lead_out() {
        let (outside, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let root = folder.path();
        fs::write(outside.path().join("secret.md"), "# Secret").unwrap();
        for (path, text) in [("a.md", "# A"), ("sub/b.md", "# B"), (".git/c.md", "# C"), ("d.txt", "D"), ("..data/e.md", "# E")] {
            let file = root.join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        symlink(root.join("..data/e.md"), root.join("e.md")).unwrap();
        symlink(outside.path().join("secret.md"), root.join("out.md")).unwrap();
        symlink(outside.path(), root.join("outside")).unwrap();
        symlink(root, root.join("circle")).unwrap();
        symlink("nowhere.md", root.join("dangling.md")).unwrap();
        fs::write(root.join("large.md"), "x".repeat(OPS_PAGE_BYTES + 1)).unwrap();
        fs::write(root.join("latin.md"), [0xe9]).unwrap();
        let reading = read(root.to_owned()).await.unwrap();
        assert_eq!(reading.pages.keys().collect::<Vec<_>>(), ["a.md", "e.md", "sub/b.md"]);
        assert_eq!(reading.pages["e.md"], "# E");
        let mut unread: Vec<&str> = reading.unread.iter().map(|one| one.path.as_str()).collect();
        unread.sort_unstable();
        assert_eq!(unread, ["dangling.md", "large.md", "latin.md", "out.md"]);
    }

    #[tokio::test]
    async fn a_folder_that_is_not_there_is_said() {
        let problem = read(PathBuf::from("/nowhere/at/all")).await.unwrap_err();
        assert!(problem.starts_with("the folder /nowhere/at/all can't be read"), "{problem}");
    }
}
