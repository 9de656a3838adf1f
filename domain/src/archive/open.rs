//! Reads an archive and says what is wrong with it. Nothing in it is believed: not its names, not its lengths.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};

use serde::Deserialize;
use sha2::{Digest, Sha256};
use zip::{CompressionMethod, ZipArchive};

use super::manifest::{FORMAT, Listed, Manifest};
use super::row::Members;
use super::{bytes_of, rows_of};
use crate::error::{Error, Result};
use crate::limits;

/// Bytes of a list of files.
const MANIFEST_BYTES: u64 = 16 * 1024 * 1024;

/// An archive that was opened. Everything blocks.
pub struct Archive {
    zip: ZipArchive<BufReader<File>>,
    /// What it has.
    pub manifest: Manifest,
}

/// What of a manifest every format has.
#[derive(Deserialize)]
struct Form {
    format: u32,
}

impl Archive {
    /// Opens the archive in `file` and reads its list.
    ///
    /// # Errors
    /// `BAD_USER_INPUT` if it is none, or was made by a newer Muster.
    pub fn open(file: File) -> Result<Self> {
        let zip = ZipArchive::new(BufReader::new(file));
        let mut zip = zip.map_err(|_| invalid("This is no archive of Muster, or it was cut off: it is not a whole ZIP file."))?;
        let listed = zip.by_name(Manifest::PATH).map_err(|_| invalid("This is no archive of Muster: it has no MANIFEST.json."))?;
        let mut bytes = Vec::new();
        listed.take(MANIFEST_BYTES).read_to_end(&mut bytes).map_err(|_| changed(Manifest::PATH))?;
        let Form { format } = serde_json::from_slice(&bytes).map_err(|_| changed(Manifest::PATH))?;
        if format > FORMAT {
            return Err(invalid(format!(
                "The archive was made by a newer Muster, in format {format}; this one reads up to {FORMAT}. Update this server first."
            )));
        }
        let manifest = serde_json::from_slice(&bytes).map_err(|_| changed(Manifest::PATH))?;
        Ok(Self { zip, manifest })
    }

    /// Checks that every file is as it was written, and that there is none more.
    ///
    /// # Errors
    /// `BAD_USER_INPUT` that names the first file that is not.
    pub fn check(&mut self) -> Result<()> {
        if self.zip.len() > self.manifest.files.len() + 1 {
            return Err(invalid("Files were added to the archive: it has more than its MANIFEST.json lists."));
        }
        for listed in self.manifest.files.clone() {
            if !is_ours(&listed.path) {
                return Err(invalid(format!("The archive lists a file that no archive has: {}.", listed.path.escape_debug())));
            }
            self.copy(&listed, &mut io::sink())?;
        }
        Ok(())
    }

    /// Copies a file that is listed into `into`.
    fn copy(&mut self, listed: &Listed, into: &mut impl Write) -> Result<()> {
        let missing = || invalid(format!("The archive has lost {}.", listed.path));
        let file = self.zip.by_name(&listed.path).map_err(|_| missing())?;
        let is_file = listed.path.starts_with("files/");
        // So that an archive is never much smaller than what comes out of it: texts are bounded, and files are not compressed.
        if is_file && file.compression() != CompressionMethod::Stored {
            return Err(changed(&listed.path));
        }
        let most = if is_file { limits::FILE_BYTES as u64 } else { limits::ARCHIVE_PART_BYTES };
        if listed.bytes > most {
            return Err(invalid(format!("{} is larger than {} MiB, and no archive has such a file.", listed.path, most >> 20)));
        }
        let mut hasher = Hashing { into, hasher: Sha256::new() };
        let copied = io::copy(&mut file.take(listed.bytes + 1), &mut hasher);
        let copied = match copied {
            // What the ZIP says of itself does not hold.
            Err(error)
                if matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof) =>
            {
                return Err(changed(&listed.path));
            }
            copied => copied.map_err(crate::files::not_stored)?,
        };
        let is_same = copied == listed.bytes && hex::encode(hasher.hasher.finalize()) == listed.sha256;
        if is_same { Ok(()) } else { Err(changed(&listed.path)) }
    }

    fn listed(&self, path: &str) -> Result<Listed> {
        let listed = self.manifest.files.iter().find(|listed| listed.path == path);
        listed.cloned().ok_or_else(|| invalid(format!("The archive has lost {path}.")))
    }

    /// The rows of a table, as they were written.
    ///
    /// # Errors
    /// `BAD_USER_INPUT` if they are not there or not as they were written.
    pub fn rows(&mut self, table: &str) -> Result<Rows> {
        let path = rows_of(table);
        let listed = self.listed(&path)?;
        let mut bytes = Vec::with_capacity(usize::try_from(listed.bytes).unwrap_or_default());
        self.copy(&listed, &mut bytes)?;
        Ok(Rows { path, bytes })
    }

    /// Copies the bytes with this hash into `into`.
    ///
    /// # Errors
    /// As [`Self::rows`]; `UNAVAILABLE` if the disk is full.
    pub fn file(&mut self, sha256: &str, into: &mut impl Write) -> Result<()> {
        let listed = self.listed(&bytes_of(sha256))?;
        if listed.sha256 != sha256 {
            return Err(changed(&listed.path));
        }
        self.copy(&listed, into)
    }

    /// The hashes of its files.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.manifest.files.iter().filter_map(|listed| listed.path.strip_prefix("files/"))
    }
}

/// Whether an archive of this format may have a file at `path`. Nothing is unpacked by its name; but whoever unpacks it by hand is safe, too.
fn is_ours(path: &str) -> bool {
    let plain = |name: &str| {
        let mut letters = name.bytes();
        !name.is_empty() && !name.starts_with('.') && letters.all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    match path.split_once('/') {
        None => ["README.txt", "verify.py", "timeline.csv"].contains(&path),
        Some(("files", name)) => name.len() == 64 && name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')),
        Some((folder, name)) => ["rows", "report"].contains(&folder) && plain(name),
    }
}

fn invalid(reason: impl Into<String>) -> Error {
    Error::invalid("file", reason)
}

fn changed(path: &str) -> Error {
    invalid(format!("The archive was changed or damaged after it was made: {path} is not as it was written."))
}

/// Hashes what it passes on.
struct Hashing<'a, W> {
    into: &'a mut W,
    hasher: Sha256,
}

impl<W: Write> Write for Hashing<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.into.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.into.flush()
    }
}

/// The rows of a table, as lines.
pub struct Rows {
    path: String,
    bytes: Vec<u8>,
}

impl Rows {
    /// One after the other.
    pub fn iter(&self) -> impl Iterator<Item = Result<Members>> {
        let lines = self.bytes.split_inclusive(|byte| *byte == b'\n');
        lines.map(|line| serde_json::from_slice(line).map_err(|_| invalid(format!("{} has a line that is no row.", self.path))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_out_of_an_archive() {
        let hash = "a".repeat(64);
        for ours in ["README.txt", "rows/incident.jsonl", "report/INC-1-report-full.pdf", &format!("files/{hash}")] {
            assert!(is_ours(ours), "{ours}");
        }
        let long = format!("files/{hash}a");
        for strange in
            ["", "..", "rows/..", "rows/../x", "rows//x", "/rows/x", "files/x", &long, "report/.htaccess", "rows\\x", "other.txt", "C:x"]
        {
            assert!(!is_ours(strange), "{strange}");
        }
    }
}
