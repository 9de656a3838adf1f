//! Writes the files of an archive one after the other, and keeps the list of them.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, Write};
use std::path::Path;

use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::manifest::{Listed, Manifest};

/// Bytes that are copied at a time.
const CHUNK: usize = 64 * 1024;

/// An archive that is being written. Everything blocks.
pub struct Pack {
    zip: ZipWriter<BufWriter<File>>,
    listed: Vec<Listed>,
    hasher: Sha256,
}

impl Pack {
    /// Begins an archive in `file`, whatever is in it.
    pub fn begin(mut file: File) -> io::Result<Self> {
        file.set_len(0)?;
        file.rewind()?;
        Ok(Self { zip: ZipWriter::new(BufWriter::new(file)), listed: Vec::new(), hasher: Sha256::new() })
    }

    /// Adds a file.
    pub fn add(&mut self, path: &str, bytes: &[u8]) -> io::Result<()> {
        self.start(path)?;
        self.write(bytes)?;
        self.end();
        Ok(())
    }

    /// Begins a file that comes in pieces.
    pub fn start(&mut self, path: &str) -> io::Result<()> {
        self.start_as(path, CompressionMethod::Deflated)
    }

    fn start_as(&mut self, path: &str, method: CompressionMethod) -> io::Result<()> {
        // Of no time, so that the same content makes the same archive.
        let options = SimpleFileOptions::default().last_modified_time(DateTime::default()).compression_method(method);
        self.zip.start_file(path, options)?;
        self.hasher = Sha256::new();
        self.listed.push(Listed { path: path.to_owned(), bytes: 0, sha256: String::new() });
        Ok(())
    }

    /// Adds to the file that was begun.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.zip.write_all(bytes)?;
        self.hasher.update(bytes);
        if let Some(open) = self.listed.last_mut() {
            open.bytes += bytes.len() as u64;
        }
        Ok(())
    }

    /// Ends the file that was begun.
    pub fn end(&mut self) {
        let sha256 = hex::encode(std::mem::take(&mut self.hasher).finalize());
        if let Some(open) = self.listed.last_mut() {
            open.sha256 = sha256;
        }
    }

    /// Adds the file at `from`, as it is: pictures don't get smaller. Returns whether it is there and its content has the hash `sha256`.
    pub fn copy(&mut self, path: &str, from: &Path, sha256: &str) -> io::Result<bool> {
        let mut file = match File::open(from) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            opened => opened?,
        };
        self.start_as(path, CompressionMethod::Stored)?;
        let mut chunk = vec![0; CHUNK];
        loop {
            let read = file.read(&mut chunk)?;
            if read == 0 {
                break;
            }
            self.write(&chunk[..read])?;
        }
        self.end();
        Ok(self.listed.last().is_some_and(|copied| copied.sha256 == sha256))
    }

    /// Ends the archive with its list, as `manifest` with the files that were written. Returns the hash of the list, which covers everything.
    pub fn finish(mut self, manifest: Manifest) -> io::Result<String> {
        let list = serde_json::to_vec_pretty(&Manifest { files: std::mem::take(&mut self.listed), ..manifest })?;
        self.add(Manifest::PATH, &list)?;
        self.zip.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        Ok(hex::encode(Sha256::digest(&list)))
    }
}
