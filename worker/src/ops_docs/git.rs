//! Ops docs in a Git repository, by the program `git`.
//!
//! First it is asked which commit the branch is at; what was read already is not read again. Otherwise the commit alone is fetched into a new bare
//! repository, and its pages are read out of that: there is no work tree, so no link is followed, no filter or hook runs, and no large file is
//! written out. The bare repository is gone afterwards.
//!
//! `git` sees none of the machine's settings and nothing of our own, asks nobody for anything, speaks the one protocol that the address has, and
//! follows no redirect. A password goes to it by its environment, so that no list of processes shows it. It ends, with all that it started, when it takes too long, when
//! what it fetches gets too large, and when nobody waits for it any more.

use std::fmt;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::known::ops::{Collected, Reading, is_page};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use url::Url;

/// Bytes of what is fetched: the newest commit of a repository with pictures has less.
const FETCHED: u64 = 256 * 1024 * 1024;
/// How often it is looked how much that is.
const LOOK: Duration = Duration::from_millis(250);
/// Bytes of a list of all files.
const LIST_BYTES: u64 = 32 * 1024 * 1024;
/// Bytes of what `git` complains of.
const COMPLAINT_BYTES: u64 = 16 * 1024;
/// What the folder of a reading is called; nobody else's is.
const FOLDER: &str = ".muster-ops-docs-";
/// After so long, no reading still has its folder: longer than one may take.
const ABANDONED_AFTER: Duration = Duration::from_hours(1);
/// Variables for git that it sees all the same: who vouches for servers within a company.
const KEPT: [&str; 2] = ["GIT_SSL_CAINFO", "GIT_SSL_CAPATH"];
/// How git gets at a repository on this machine, which may be another user's: whoever named its path trusts it.
const SERVED_BY: &str = "--upload-pack=git -c safe.directory='*' upload-pack";
/// By ssh, through no connection of somebody else's, which would outlive git and keep its pipes open.
const SSH: &str = "ssh -oBatchMode=yes -oStrictHostKeyChecking=yes -oConnectTimeout=20 -oControlMaster=no -oControlPath=none";
/// What git says when it was told no more than that, or ssh has said why.
const UNREADABLE: &str = "Could not read from remote repository";
/// What a file is in Git that is a link, and a repository within.
const LINK: &str = "120000";
const SUBMODULE: &str = "160000";

/// A repository.
#[derive(Clone, PartialEq, Eq)]
pub struct Remote {
    /// Without a password.
    address: String,
    /// What git calls the way there.
    protocol: &'static str,
    /// The header that lets us in.
    authorization: Option<String>,
}

impl fmt::Display for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.address)
    }
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Remote").field(&self.address).finish()
    }
}

impl Remote {
    /// Reads the address of a repository: `https://…`, which may name a user and a password or token, `ssh://…`, `git@host:path`, or a path.
    ///
    /// # Errors
    /// What is wrong, worded to follow the name of the setting.
    pub fn read(text: &str) -> Result<Self, String> {
        let form = || "must be https://…, ssh://…, git@host:path or the absolute path of a repository".to_owned();
        let text = text.trim();
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) || text.starts_with('-') {
            return Err(form());
        }
        if text.starts_with('/') {
            return Ok(Self { address: text.to_owned(), protocol: "file", authorization: None });
        }
        if !text.contains("://") {
            // `git@host:path`, which is no URL.
            let Some((host, path)) = text.split_once(':') else { return Err(form()) };
            if host.is_empty() || path.is_empty() || host.contains('/') {
                return Err(form());
            }
            return Ok(Self { address: text.to_owned(), protocol: "ssh", authorization: None });
        }
        let mut url = Url::parse(text).map_err(|_| form())?;
        let protocol = match url.scheme() {
            "https" => "https",
            "ssh" if url.password().is_none() => "ssh",
            "http" => return Err("must not be http://: what is read there could be anybody's".to_owned()),
            _ => return Err(form()),
        };
        if url.query().is_some() || url.fragment().is_some() || url.host_str().is_none_or(|host| host.starts_with('-')) {
            return Err(form());
        }
        let plain = |part: &str| percent_encoding::percent_decode_str(part).decode_utf8_lossy().into_owned();
        let mut authorization = None;
        if protocol == "https" && (!url.username().is_empty() || url.password().is_some()) {
            let credentials = format!("{}:{}", plain(url.username()), plain(url.password().unwrap_or_default()));
            authorization = Some(format!("Authorization: Basic {}", STANDARD.encode(credentials)));
            // Fails only for addresses without a host.
            let _ = url.set_username("").and_then(|()| url.set_password(None));
        }
        Ok(Self { address: url.into(), protocol, authorization })
    }

    /// What git is asked to do there: `verb` with `options`, about `reference`.
    fn asked<'a>(&'a self, verb: &'a str, options: &[&'a str], reference: &'a str) -> Vec<&'a str> {
        let mut arguments = vec![verb];
        arguments.extend(options);
        if self.protocol == "file" {
            arguments.push(SERVED_BY);
        }
        arguments.extend(["--", self.address.as_str(), reference]);
        arguments
    }
}

/// A branch, or the one that the repository calls its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Branch(Option<String>);

impl fmt::Display for Branch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(name) => write!(f, "branch {name}"),
            None => f.write_str("its own branch"),
        }
    }
}

impl Branch {
    /// Reads the name of a branch.
    ///
    /// # Errors
    /// What is wrong, worded to follow the name of the setting.
    pub fn read(text: &str) -> Result<Self, String> {
        let is_one = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/');
        let is_fine = text.chars().all(is_one) && !text.starts_with(['-', '/', '.']) && !text.ends_with(['/', '.']) && !text.contains("..");
        if is_fine && !text.is_empty() {
            Ok(Self(Some(text.to_owned())))
        } else {
            Err("must be the name of a branch, such as main".to_owned())
        }
    }

    fn reference(&self) -> String {
        self.0.as_ref().map_or_else(|| "HEAD".to_owned(), |name| format!("refs/heads/{name}"))
    }
}

/// Reads the pages of the newest commit, unless that is `known`.
pub async fn read(remote: &Remote, branch: &Branch, known: Option<&str>, scratch: &Path) -> Result<Option<Reading>, String> {
    let reference = branch.reference();
    let listed = run(&mut command(remote, Path::new("/"), &remote.asked("ls-remote", &[], &reference)), None).await?;
    let newest = String::from_utf8_lossy(&listed).lines().find_map(|line| {
        let (commit, name) = line.split_once('\t')?;
        (name == reference).then(|| commit.to_owned())
    });
    let newest = newest.ok_or_else(|| format!("{remote} has no {branch}"))?;
    if known == Some(newest.as_str()) {
        return Ok(None);
    }
    forget_abandoned(scratch);
    let folder = tempfile::Builder::new().prefix(FOLDER).tempdir_in(scratch);
    let folder = folder.map_err(|error| format!("{}: no folder can be made there for what git fetches: {error}", scratch.display()))?;
    let bare = folder.path();
    // Without a template, there are no hooks.
    run(&mut command(remote, bare, &["init", "--bare", "--quiet", "--template=", "."]), None).await?;
    let options = ["--depth=1", "--no-tags", "--no-recurse-submodules", "--no-auto-maintenance", "--quiet"];
    run(&mut command(remote, bare, &remote.asked("fetch", &options, &reference)), Some(bare)).await?;
    let commit =
        String::from_utf8_lossy(&run(&mut command(remote, bare, &["rev-parse", "FETCH_HEAD^{commit}"]), None).await?).trim().to_owned();
    let reading = pages(remote, bare, &commit).await?;
    // Many small files take a moment to remove.
    let _ = tokio::task::spawn_blocking(move || folder.close()).await;
    Ok(Some(reading))
}

/// Removes what readings left that were cut off.
fn forget_abandoned(scratch: &Path) {
    for entry in std::fs::read_dir(scratch).into_iter().flatten().filter_map(Result::ok) {
        let is_ours = entry.file_name().to_string_lossy().starts_with(FOLDER);
        let changed = entry.metadata().and_then(|found| found.modified()).ok();
        let age = changed.and_then(|at| at.elapsed().ok()).unwrap_or_default();
        if is_ours && age > ABANDONED_AFTER {
            // What can't be removed now is tried by the next reading.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// Whether git is not to see a variable of our environment.
fn is_hidden(variable: &str) -> bool {
    variable.starts_with("MUSTER_") || (variable.starts_with("GIT_") && !KEPT.contains(&variable))
}

/// `git`, as it is run here.
fn command(remote: &Remote, folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    // Our secrets are not its business, and whatever else would lead it somewhere else.
    for (name, _) in std::env::vars_os() {
        if is_hidden(&name.to_string_lossy()) {
            command.env_remove(&name);
        }
    }
    command
        .current_dir(folder)
        .args(["-c", "core.hooksPath=/dev/null", "-c", "fetch.unpackLimit=1", "-c", "gc.auto=0", "-c", "http.followRedirects=false"])
        .args(["-c", "credential.helper=", "-c", "protocol.version=2"])
        .args(arguments)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_ASKPASS", "true")
        .env("SSH_ASKPASS_REQUIRE", "never")
        .env("GIT_SSH_COMMAND", SSH)
        .env("GIT_ALLOW_PROTOCOL", remote.protocol)
        .env("GIT_LFS_SKIP_SMUDGE", "1")
        .env("LC_ALL", "C")
        .kill_on_drop(true)
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if let Some(header) = &remote.authorization {
        command.env("GIT_CONFIG_COUNT", "1").env("GIT_CONFIG_KEY_0", "http.extraHeader").env("GIT_CONFIG_VALUE_0", header);
    }
    command
}

/// Ends `git` and all that it started, once it is dropped.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        Self(child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw))
    }

    /// They have ended: their number may be somebody else's by now.
    fn ended(mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // It fails when they have ended.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

/// Runs `git` to its end, and returns what it printed. `grows` is the folder that must not get too large meanwhile.
async fn run(command: &mut Command, grows: Option<&Path>) -> Result<Vec<u8>, String> {
    let mut child = command.spawn().map_err(|error| format!("the program git can't be run: {error}"))?;
    let group = Group::of(&child);
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let whole = async {
        let (printed, complaint) = tokio::join!(bounded(stdout, LIST_BYTES), bounded(stderr, COMPLAINT_BYTES));
        let status = child.wait().await.map_err(|error| format!("the program git was lost: {error}"))?;
        if status.success() { Ok(printed) } else { Err(complained(&complaint)) }
    };
    let outcome = tokio::select! {
        outcome = whole => outcome,
        () = too_large(grows) => return Err(format!("what is fetched has more than {} MiB", FETCHED / 1024 / 1024)),
    };
    group.ended();
    let printed = outcome?;
    if printed.len() as u64 > LIST_BYTES { Err("there are too many files".to_owned()) } else { Ok(printed) }
}

/// Everything up to a byte more than `limit`; what comes after is read and forgotten, so that nobody waits for us.
async fn bounded(from: Option<impl AsyncRead + Unpin>, limit: u64) -> Vec<u8> {
    let mut kept = Vec::new();
    let Some(mut from) = from else { return kept };
    // What broke off was told by the program's end.
    let _ = (&mut from).take(limit + 1).read_to_end(&mut kept).await;
    let _ = tokio::io::copy(&mut from, &mut tokio::io::sink()).await;
    kept
}

/// Completes once the folder has too much in it; never without one.
async fn too_large(folder: Option<&Path>) {
    let Some(folder) = folder else { return std::future::pending().await };
    loop {
        tokio::time::sleep(LOOK).await;
        let folder = folder.to_owned();
        let size = tokio::task::spawn_blocking(move || size(&folder)).await.unwrap_or(u64::MAX);
        if size > FETCHED {
            return;
        }
    }
}

/// Bytes of all files in a folder; of those that vanish meanwhile, none.
fn size(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    entries
        .map(|entry| match entry.metadata() {
            Ok(found) if found.is_dir() => size(&entry.path()),
            Ok(found) => found.len(),
            Err(_) => 0,
        })
        .sum()
}

/// What git complains of, in a line. Where it knows no more than that it could not read, ssh or the other end said why before. Its address has no
/// password.
fn complained(complaint: &[u8]) -> String {
    let text = String::from_utf8_lossy(complaint);
    let plain = |line: &str| line.trim_start_matches("remote:").trim().to_owned();
    let lines: Vec<String> = text.lines().map(plain).filter(|line| line.chars().any(char::is_alphabetic)).collect();
    let first = lines.iter().position(|line| line.starts_with("fatal:") || line.starts_with("ERROR"));
    let line = match first {
        Some(place) if place > 0 && lines[place].contains(UNREADABLE) => lines.get(place - 1),
        Some(place) => lines.get(place),
        None => lines.last(),
    };
    let line = line.map_or("it said nothing", String::as_str).trim_start_matches("fatal:").trim();
    format!("git says: {}", line.chars().filter(|c| !c.is_control()).take(300).collect::<String>())
}

/// A file of a commit.
struct Blob {
    path: String,
    id: String,
}

async fn pages(remote: &Remote, bare: &Path, commit: &str) -> Result<Reading, String> {
    let listed = run(&mut command(remote, bare, &["ls-tree", "-r", "-l", "-z", commit]), None).await?;
    let mut collected = Collected::default();
    let mut blobs = Vec::new();
    for line in listed.split(|byte| *byte == 0).filter(|line| !line.is_empty()) {
        // `<mode> <kind> <id> <size>\t<path>`, the size with blanks in front.
        let Ok(line) = std::str::from_utf8(line) else { continue };
        let Some((about, path)) = line.split_once('\t') else { continue };
        let about: Vec<&str> = about.split_ascii_whitespace().collect();
        let [mode, _, id, size] = about[..] else { continue };
        if !is_page(path) || mode == SUBMODULE {
            continue;
        }
        if mode == LINK {
            collected.refuse(path, "it is a link: links in a repository aren't followed");
        } else if collected.admits(path, size.parse().unwrap_or(u64::MAX))? {
            blobs.push(Blob { path: path.to_owned(), id: id.to_owned() });
        }
    }
    contents(remote, bare, blobs, &mut collected).await?;
    Ok(collected.finish(Some(commit.to_owned())))
}

/// Reads the content of `blobs`, one after the other.
async fn contents(remote: &Remote, bare: &Path, blobs: Vec<Blob>, collected: &mut Collected) -> Result<(), String> {
    let mut command = command(remote, bare, &["cat-file", "--batch"]);
    let mut child = command.stdin(Stdio::piped()).stderr(Stdio::null()).spawn();
    let child = child.as_mut().map_err(|error| format!("the program git can't be run: {error}"))?;
    let group = Group::of(child);
    let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return Err("the program git has no pipes".to_owned());
    };
    let mut stdout = BufReader::new(stdout);
    for blob in blobs {
        let content = content(&mut stdin, &mut stdout, &blob.id).await.map_err(|error| format!("{} can't be read: {error}", blob.path))?;
        collected.take(blob.path, content);
    }
    drop(stdin);
    child.wait().await.map_err(|error| format!("the program git was lost: {error}"))?;
    group.ended();
    Ok(())
}

async fn content(stdin: &mut ChildStdin, stdout: &mut BufReader<ChildStdout>, id: &str) -> std::io::Result<Vec<u8>> {
    stdin.write_all(format!("{id}\n").as_bytes()).await?;
    stdin.flush().await?;
    let mut head = String::new();
    stdout.read_line(&mut head).await?;
    // `<id> blob <size>`; sizes were looked at before.
    let size = head.split_ascii_whitespace().nth(2).and_then(|size| size.parse::<usize>().ok());
    let size = size.filter(|size| *size <= domain::limits::OPS_PAGE_BYTES).ok_or_else(|| std::io::Error::other("git has lost it"))?;
    let mut content = vec![0; size];
    stdout.read_exact(&mut content).await?;
    // The newline after it.
    stdout.read_u8().await?;
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_without_its_password() {
        for (text, address, protocol) in [
            ("https://bot:hunter2@git.example.org/ops.git", "https://git.example.org/ops.git", "https"),
            ("https://hunter2@git.example.org/ops", "https://git.example.org/ops", "https"),
            ("ssh://git@git.example.org:2222/ops.git", "ssh://git@git.example.org:2222/ops.git", "ssh"),
            ("git@git.example.org:team/ops.git", "git@git.example.org:team/ops.git", "ssh"),
            (" /srv/git/ops.git ", "/srv/git/ops.git", "file"),
        ] {
            let remote = Remote::read(text).unwrap();
            assert_eq!((remote.to_string().as_str(), remote.protocol), (address, protocol), "{text}");
            assert_eq!(remote.authorization.is_some(), text.contains("hunter2"), "{text}");
            assert!(!format!("{remote:?}").contains("hunter2"));
        }
        for bad in [
            "",
            "ops",
            "http://git.example.org/x",
            "ext::sh -c x",
            "file:///srv/x",
            "git://x/y",
            "-oProxyCommand=x:y",
            "https://",
            "a b:c",
            "ssh://u:p@h/x",
            "https://h/x?y",
            "ssh://-oProxyCommand=x/y",
        ] {
            assert!(Remote::read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn git_hears_nothing_of_ours_and_may_read_a_repository_of_another_user() {
        let remote = Remote::read("/srv/git/ops.git").unwrap();
        let asked = remote.asked("fetch", &["--quiet"], "HEAD");
        assert_eq!(asked, ["fetch", "--quiet", SERVED_BY, "--", "/srv/git/ops.git", "HEAD"]);
        let remote = Remote::read("https://bot:hunter2@h.example/ops").unwrap();
        let command = command(&remote, Path::new("/"), &remote.asked("ls-remote", &[], "HEAD"));
        assert!(command.as_std().get_args().all(|argument| !argument.to_string_lossy().contains("hunter2")));
        for (variable, hidden) in [("MUSTER_OPS_DOCS__GIT", true), ("GIT_DIR", true), ("GIT_SSL_CAINFO", false), ("HTTPS_PROXY", false)] {
            assert_eq!(is_hidden(variable), hidden, "{variable}");
        }
    }

    #[test]
    fn what_a_reading_left_that_was_cut_off_is_removed() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = |name: &str, hours: u64| {
            let path = scratch.path().join(name);
            std::fs::create_dir(&path).unwrap();
            let folder = std::fs::File::open(&path).unwrap();
            let made_at = folder.metadata().unwrap().modified().unwrap();
            folder.set_modified(made_at - Duration::from_hours(hours)).unwrap();
            path
        };
        let (old, new, other) = (folder(&format!("{FOLDER}a"), 2), folder(&format!("{FOLDER}b"), 0), folder("ops-docs-c", 2));
        forget_abandoned(scratch.path());
        assert!(!old.exists() && new.exists() && other.exists());
    }

    #[test]
    fn a_branch_is_no_option() {
        assert_eq!(Branch::read("ops/main-2").unwrap().reference(), "refs/heads/ops/main-2");
        assert_eq!(Branch::default().reference(), "HEAD");
        for bad in ["", "-x", "a..b", "a b", "a/", "/a", "a:b", "a*", ".a"] {
            assert!(Branch::read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_complaint_is_one_line() {
        let said = complained(b"hint: x\nfatal: repository 'https://h/x/' not found\n");
        assert_eq!(said, "git says: repository 'https://h/x/' not found");
        assert_eq!(complained(b""), "git says: it said nothing");
        let refused = complained(b"Host key verification failed.\nfatal: Could not read from remote repository.\n\nPlease make sure\n");
        assert_eq!(refused, "git says: Host key verification failed.");
        let unknown = complained(b"remote:\nremote: ERROR: No such project.\nremote:\nfatal: Could not read from remote repository.\n");
        assert_eq!(unknown, "git says: ERROR: No such project.");
    }
}
