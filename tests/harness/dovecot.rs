//! A real IMAP server (Dovecot) with one user, whose mailbox is a folder of files.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};

use domain::clock::{Clock, SystemClock};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::net::TcpStream;

use crate::app::start_of_time;
use crate::wait::eventually;

/// Its place in Debian.
const PROGRAM: &str = "/usr/sbin/dovecot";
/// The user.
pub const USER: &str = "alerts";
/// Their password.
pub const PASSWORD: &str = "password-of-the-tests";
/// A folder besides the inbox.
pub const TAKEN: &str = "Taken";

/// A running server; it ends when this is dropped.
pub struct Dovecot {
    process: Child,
    port: u16,
    folder: TempDir,
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        // Its children end with it only if it is asked to.
        let _ = kill_process(Pid::from_child(&self.process), Signal::TERM);
        let _ = self.process.wait();
    }
}

impl Dovecot {
    /// Starts one with an empty mailbox.
    pub async fn start() -> Self {
        let folder = TempDir::with_prefix("muster-dovecot-").expect("a temporary folder can be made");
        let port = crate::port::free();
        for of_mailbox in
            ["mail", "mail/cur", "mail/new", "mail/tmp", "mail/.Taken", "mail/.Taken/cur", "mail/.Taken/new", "mail/.Taken/tmp"]
        {
            make(&folder.path().join(of_mailbox));
        }
        open(folder.path());
        let file = folder.path().join("dovecot.conf");
        fs::write(&file, configuration(folder.path(), port)).expect("the folder can be written");
        let process = Command::new(PROGRAM).arg("-F").arg("-c").arg(&file).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let process = process.unwrap_or_else(|error| panic!("{PROGRAM} can't be started ({error}): make tools"));
        let dovecot = Self { process, port, folder };
        eventually("Dovecot is ready", Duration::from_secs(20), async || TcpStream::connect(("127.0.0.1", port)).await.ok()).await;
        dovecot
    }

    /// Its port. It speaks without encryption.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// A mail arrives: now, or when tests with a clock of their own begin, whichever is later. Names tell mails apart.
    ///
    /// # Panics
    /// If it can't be written.
    pub fn deliver(&self, name: &str, mail: &[u8]) {
        self.put(&format!("new/{name}"), mail);
    }

    /// A mail arrives, and somebody opens it.
    ///
    /// # Panics
    /// If it can't be written.
    pub fn deliver_read(&self, name: &str, mail: &[u8]) {
        self.put(&format!("cur/{name}:2,S"), mail);
    }

    fn put(&self, place: &str, mail: &[u8]) {
        let part = self.path("tmp/part");
        fs::write(&part, mail).expect("the mailbox can be written");
        open(&part);
        let at = SystemTime::from(SystemClock.now()).max(start_of_time().into());
        File::options().write(true).open(&part).and_then(|file| file.set_modified(at)).expect("the mailbox can be written");
        fs::rename(part, self.path(place)).expect("the mailbox can be written");
    }

    /// The mails in the inbox, each with whether it was read.
    ///
    /// # Panics
    /// If the mailbox can't be read.
    pub fn inbox(&self) -> Vec<(String, bool)> {
        let mut mails = list(&self.path("new"));
        mails.extend(list(&self.path("cur")));
        mails.sort();
        mails
    }

    /// How many mails are in the other folder.
    pub fn taken(&self) -> usize {
        list(&self.path(".Taken/new")).len() + list(&self.path(".Taken/cur")).len()
    }

    /// Numbers all mails anew, as a server does that was set up again.
    ///
    /// # Panics
    /// If the mailbox can't be written.
    pub fn renumber(&self) {
        for file in fs::read_dir(self.path("")).expect("the mailbox can be read").flatten() {
            if file.file_name().to_string_lossy().starts_with("dovecot") {
                fs::remove_file(file.path()).expect("the mailbox can be written");
            }
        }
    }

    fn path(&self, of_mailbox: &str) -> PathBuf {
        self.folder.path().join("mail").join(of_mailbox)
    }
}

/// The names of the mails in a folder, and whether each was read.
fn list(folder: &Path) -> Vec<(String, bool)> {
    let files = fs::read_dir(folder).expect("the mailbox can be read").flatten();
    let name = |file: fs::DirEntry| {
        let whole = file.file_name().to_string_lossy().into_owned();
        let (name, flags) = whole.split_once(":2,").unwrap_or((&whole, ""));
        // What the server appends: the size.
        let name = name.split(',').next().unwrap_or_default().to_owned();
        (name, flags.contains('S'))
    };
    files.map(name).collect()
}

fn make(folder: &Path) {
    fs::create_dir(folder).expect("the folder can be made");
    open(folder);
}

/// Whoever runs the tests, the server's user may come in.
fn open(path: &Path) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o777)).expect("it is ours");
}

/// Run by root, it changes to its own users; run by anybody else, it stays theirs.
fn configuration(folder: &Path, port: u16) -> String {
    let base = folder.display();
    let is_root = rustix::process::geteuid().is_root();
    let user = || {
        let name = Command::new("id").arg("-un").output().expect("id can be run").stdout;
        String::from_utf8_lossy(&name).trim().to_owned()
    };
    let (login, internal, mail) =
        if is_root { ("dovenull".to_owned(), "dovecot".to_owned(), "nobody".to_owned()) } else { (user(), user(), user()) };
    format!(
        "base_dir = {base}/run\nlog_path = {base}/log\nprotocols = imap\nlisten = 127.0.0.1\nssl = no\n\
         disable_plaintext_auth = no\nauth_mechanisms = plain login\n\
         default_login_user = {login}\ndefault_internal_user = {internal}\ndefault_internal_group = {group}\nfirst_valid_uid = 1\n\
         mail_location = maildir:{base}/mail\nmail_uid = {mail}\nmail_gid = {mail_group}\n\
         namespace inbox {{\n  inbox = yes\n  separator = /\n}}\n\
         service imap-login {{\n  chroot =\n  inet_listener imap {{\n    port = {port}\n  }}\n  inet_listener imaps {{\n    port = 0\n  }}\n}}\n\
         service anvil {{\n  chroot =\n}}\nservice stats {{\n  chroot =\n}}\n\
         passdb {{\n  driver = static\n  args = user={USER} password={PASSWORD}\n}}\n\
         userdb {{\n  driver = static\n  args = uid={mail} gid={mail_group} home={base}/mail\n}}\n",
        group = group_of(&internal),
        mail_group = group_of(&mail),
    )
}

/// The group of a user of this machine.
fn group_of(user: &str) -> String {
    let name = Command::new("id").args(["-gn", user]).output().expect("id can be run").stdout;
    String::from_utf8_lossy(&name).trim().to_owned()
}
