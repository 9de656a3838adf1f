//! Runs the program `typeset`: documents to PDF, pictures to PNG.
//!
//! The one part of this crate that does anything. It keeps nothing, bounds what it runs in time and in what it writes (the program itself
//! bounds its memory), and leaves no process behind: not even when whoever waited went away. What is wrong is told in words for the person
//! who can put it right.

use std::io;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

use crate::document::Document;
use crate::picture::Picture;
use crate::request::pdf_request;

/// A report of 500 events takes less than a second; a slow machine with a very long one, some more.
const PATIENCE: Duration = Duration::from_secs(30);
/// What is taken of a PDF or PNG; of what is said about it, far less is ever needed.
const MOST_OUTPUT: u64 = 64 << 20;
const MOST_WORDS: u64 = 16 << 10;
/// A server has more to do than to typeset.
const THREADS: &str = "2";

/// The program, by its full path, and how long it may take.
#[derive(Clone, Debug)]
pub struct Typesetter {
    pub program: PathBuf,
    pub limit: Duration,
}

/// A PDF, tagged in any case.
#[derive(Clone, Debug)]
pub struct Pdf {
    pub bytes: Vec<u8>,
    pub standard: Standard,
}

/// What a PDF claims to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standard {
    /// The standards that it meets, such as `PDF/UA-1, PDF/A-2a`.
    Met(String),
    /// None, and why.
    Unmet(String),
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("There is no program {}: `make typeset` builds it. HTML, DOCX and Markdown do without.", .0.display())]
    Missing(PathBuf),
    #[error("{} can't be run: {reason}", .program.display())]
    NotRun { program: PathBuf, reason: io::Error },
    #[error("Typesetting took longer than {} seconds and was stopped.", .0.as_secs_f32())]
    TooSlow(Duration),
    #[error("Typesetting was killed ({0}): the document may need more memory than there is.")]
    Killed(ExitStatus),
    #[error("Typesetting failed: {0}")]
    Failed(String),
    #[error("What the program wrote is larger than {MOST_OUTPUT} bytes.")]
    TooLarge,
    #[error("What the program wrote is not what was asked for: is it `typeset`, in this version?")]
    Garbage,
}

impl Typesetter {
    /// The program at `path`, with the time that a very long report needs.
    pub fn at(program: PathBuf) -> Self {
        Self { program, limit: PATIENCE }
    }

    /// A PDF of `document`.
    pub async fn pdf(&self, document: &Document) -> Result<Pdf, Error> {
        let (bytes, words) = self.run(&[], &pdf_request(document)).await?;
        let said = words.lines().next().and_then(|line| line.strip_prefix("standard: "));
        let standard = match (bytes.starts_with(b"%PDF-"), said) {
            (true, Some(said)) => said.strip_prefix("none: ").map_or_else(|| Standard::Met(said.into()), |why| Standard::Unmet(why.into())),
            _ => return Err(Error::Garbage),
        };
        Ok(Pdf { bytes, standard })
    }

    /// `picture` with its PNG, for Word.
    pub async fn with_png(&self, mut picture: Picture) -> Result<Picture, Error> {
        let (bytes, _) = self.run(&["png"], picture.svg.as_bytes()).await?;
        if !bytes.starts_with(b"\x89PNG\r\n") {
            return Err(Error::Garbage);
        }
        picture.png = Some(bytes);
        Ok(picture)
    }

    /// What the program writes, and what it says.
    async fn run(&self, args: &[&str], input: &[u8]) -> Result<(Vec<u8>, String), Error> {
        let mut child = self.start(args)?;
        let result = match tokio::time::timeout(self.limit, self.talk(&mut child, input)).await {
            Ok(result) => result,
            Err(_) => Err(Error::TooSlow(self.limit)),
        };
        // It is there still if it was too slow or said too much. Dropping it would kill it as well; this also leaves no zombie.
        let _ = child.kill().await;
        result
    }

    fn start(&self, args: &[&str]) -> Result<Child, Error> {
        let mut command = Command::new(&self.program);
        command.args(args).env_clear().env("RAYON_NUM_THREADS", THREADS).kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().map_err(|reason| match reason.kind() {
            io::ErrorKind::NotFound => Error::Missing(self.program.clone()),
            _ => self.not_run(reason),
        })
    }

    async fn talk(&self, child: &mut Child, input: &[u8]) -> Result<(Vec<u8>, String), Error> {
        let (Some(mut stdin), Some(stdout), Some(mut stderr)) = (child.stdin.take(), child.stdout.take(), child.stderr.take()) else {
            unreachable!("all three are piped")
        };
        let write = async {
            // If it does not listen to the end, its status says why.
            let _ = stdin.write_all(input).await;
            drop(stdin);
            Ok(())
        };
        let read = async {
            let mut output = Vec::new();
            let size = stdout.take(MOST_OUTPUT + 1).read_to_end(&mut output).await.map_err(|reason| self.not_run(reason))?;
            if size as u64 > MOST_OUTPUT { Err(Error::TooLarge) } else { Ok(output) }
        };
        let hear = async {
            let mut words = Vec::new();
            (&mut stderr).take(MOST_WORDS).read_to_end(&mut words).await.map_err(|reason| self.not_run(reason))?;
            tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await.map_err(|reason| self.not_run(reason))?;
            Ok(String::from_utf8_lossy(&words).into_owned())
        };
        let ((), output, words) = tokio::try_join!(write, read, hear)?;
        let status = child.wait().await.map_err(|reason| self.not_run(reason))?;
        match status.code() {
            Some(0) => Ok((output, words)),
            Some(_) => Err(Error::Failed(words.trim().strip_prefix("typeset: ").unwrap_or(words.trim()).to_owned())),
            None => Err(Error::Killed(status)),
        }
    }

    fn not_run(&self, reason: io::Error) -> Error {
        Error::NotRun { program: self.program.clone(), reason }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use super::*;

    /// A program that does what `script` says.
    struct Pretended {
        folder: tempfile::TempDir,
        typesetter: Typesetter,
    }

    fn pretend(script: &str) -> Pretended {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("typeset");
        std::fs::write(&program, format!("#!/bin/sh\necho $$ >{}/pid\n{script}\n", folder.path().display())).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).unwrap();
        Pretended { folder, typesetter: Typesetter { program, limit: Duration::from_secs(20) } }
    }

    async fn said(script: &str) -> String {
        let pretended = pretend(script);
        pretended.typesetter.run(&[], b"{}").await.unwrap_err().to_string()
    }

    fn document(markdown: &str) -> Document {
        let about = crate::About { lang: "en".to_owned(), ident: "INC-1".to_owned(), meta: Vec::new(), at: chrono::DateTime::UNIX_EPOCH };
        Document::parse(markdown, about, Vec::new())
    }

    #[tokio::test]
    async fn what_is_wrong_is_told_in_words() {
        let missing = Typesetter { program: "/nowhere/typeset".into(), limit: Duration::from_secs(20) };
        let error = missing.pdf(&document("a")).await.unwrap_err().to_string();
        assert_eq!(error, "There is no program /nowhere/typeset: `make typeset` builds it. HTML, DOCX and Markdown do without.");
        assert_eq!(said("echo 'typeset: no such luck' >&2; exit 1").await, "Typesetting failed: no such luck");
        assert!(said("kill -9 $$").await.starts_with("Typesetting was killed (signal: 9"));
        assert!(said("exec head -c 70000000 /dev/zero").await.starts_with("What the program wrote is larger than"));
        let folder = tempfile::tempdir().unwrap();
        let locked = Typesetter { program: folder.path().to_owned(), limit: Duration::from_secs(20) };
        assert!(locked.pdf(&document("a")).await.unwrap_err().to_string().contains("can't be run: "));
    }

    #[tokio::test]
    async fn what_is_no_pdf_is_not_taken_for_one() {
        for script in ["echo hello; echo 'standard: PDF/UA-1' >&2", "printf '%%PDF-1.7'", "true"] {
            let pretended = pretend(script);
            assert!(matches!(pretended.typesetter.pdf(&document("a")).await, Err(Error::Garbage)), "{script}");
        }
        let pretended = pretend("cat >/dev/null; printf '%%PDF-1.7'; echo 'standard: none: it has no title' >&2");
        let pdf = pretended.typesetter.pdf(&document("a")).await.unwrap();
        assert_eq!((pdf.bytes.as_slice(), pdf.standard), (&b"%PDF-1.7"[..], Standard::Unmet("it has no title".to_owned())));
    }

    #[tokio::test]
    async fn whoever_takes_too_long_is_stopped_and_gone() {
        // Neither reads nor ends; the document is larger than a pipe holds.
        let mut pretended = pretend("while :; do :; done");
        pretended.typesetter.limit = Duration::from_millis(500);
        let long = document(&"word ".repeat(100_000));
        assert!(matches!(pretended.typesetter.pdf(&long).await, Err(Error::TooSlow(_))));
        let pid = std::fs::read_to_string(pretended.folder.path().join("pid")).unwrap();
        assert!(!Path::new("/proc").join(pid.trim()).exists());
    }

    #[tokio::test]
    async fn what_it_complains_of_at_length_holds_nothing_up() {
        let pretended = pretend("head -c 1000000 /dev/zero >&2; cat >/dev/null; echo done");
        let (output, words) = pretended.typesetter.run(&[], b"{}").await.unwrap();
        assert_eq!((output.as_slice(), words.len() as u64), (&b"done\n"[..], MOST_WORDS));
    }
}
