//! Mailboxes, read by IMAP, whose mails mean alerts (S8).
//!
//! Called by the chore that reads them, which one worker at a time has, and by `muster check mailbox`. What a mail means says a function that
//! `cli` puts in. A mail is taken at least once: its place is kept after that, and the same mail twice is one alert. Mails stay in the
//! mailbox, as read or in another folder; those that can't be read stay as they are, for people. The inbox of alerts has a copy of each.
//!
//! Only the servers of the settings are spoken to, encrypted unless they are on this machine. Time, the mails of one reading and what is read
//! of each are bounded. A mail that can't be fetched however often it is tried is passed over: those behind it would wait for ever.

mod session;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::alerts::inbox;
use domain::alerts::mailbox::{self, Mail, Place};
use domain::ports::Finding;
use domain::{Ctx, Error};
use futures_util::future::join_all;
use rustls::ClientConfig;
use session::{Folder, Session};
use tokio::time::timeout;

use crate::outlets::client::tls;
use crate::outlets::readable;

/// How long the reading of one mailbox may take: less than a chore.
const PATIENCE: Duration = Duration::from_mins(2);
/// Mails of one reading. The next goes on.
const MAILS: usize = 200;
/// How often a mail is fetched in vain before it is passed over.
const TRIES: usize = 10;

/// What a mail means, and what is kept of it.
pub type Translate = Arc<dyn Fn(&[u8]) -> Mail + Send + Sync>;

/// Where a mailbox is.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// The server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Who reads.
    pub user: String,
    /// Their password.
    pub password: String,
    /// Which folder.
    pub folder: String,
    /// Where mails go that were taken; without it they stay and are marked as read.
    pub taken: Option<String>,
    /// Whether it speaks TLS from the first byte.
    pub is_encrypted: bool,
}

/// Without the password.
impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} at {}:{}", self.folder, self.user, self.host, self.port)
    }
}

/// As for people: it holds a password.
impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A mailbox of a source of alerts.
pub struct Mailbox {
    source: String,
    account: Account,
    translate: Translate,
    tls: Arc<ClientConfig>,
    /// The mail that was fetched last, and how often in vain.
    fetched: Mutex<(u32, usize)>,
}

impl Mailbox {
    /// The mailbox at `account`, whose mails are those of `source`.
    ///
    /// # Errors
    /// What is wrong, worded to follow the name of a setting.
    pub fn new(source: impl Into<String>, account: Account, translate: Translate) -> Result<Self, String> {
        let tls = tls().map_err(|error| format!("requires encryption, which can't be set up: {error}"))?;
        Ok(Self { source: source.into(), account, translate, tls: Arc::new(tls), fetched: Mutex::default() })
    }

    /// Takes what has arrived, and says how many mails that were.
    ///
    /// # Errors
    /// [`Error::Outside`] if the server does not do its part, and the database's. What was taken until then stays taken.
    pub async fn read(&self, ctx: &Ctx) -> Result<usize, Error> {
        let late = |_| Err(self.failed("it could not be read in time"));
        timeout(PATIENCE, Box::pin(self.read_on(ctx))).await.unwrap_or_else(late)
    }

    async fn read_on(&self, ctx: &Ctx) -> Result<usize, Error> {
        let failed = |why: String| self.failed(&why);
        let account = self.account.to_string();
        let known = mailbox::place(ctx, &self.source, &account).await?;
        let mut session = Session::open(&self.account, &self.tls).await.map_err(failed)?;
        let Folder { validity, next } = session.select(&self.account.folder).await.map_err(failed)?;
        let place = |uid: u32| Place { mailbox: account.clone(), validity, uid };
        let known = known.filter(|known| known.validity == validity);
        let after = known.as_ref().map(|known| known.uid);
        let uids = session.mails(after, ctx.now()).await.map_err(failed)?;
        // From here on every mail counts, also one that a person opens before us; those that somebody has read by now do not.
        let begins = (known.is_none() && uids.len() <= MAILS).then(|| next.saturating_sub(1).max(uids.last().copied().unwrap_or(0)));
        let (mut seen, mut taken) = (0, 0);
        for uid in uids.into_iter().take(MAILS) {
            // Nothing, if somebody moved it away meanwhile.
            let Some(mail) = self.fetch(&mut session, uid).await.map_err(failed)? else {
                mailbox::keep(ctx, &self.source, &place(uid)).await?;
                continue;
            };
            seen += 1;
            if !self.take(ctx, &place(uid), &mail).await? {
                continue;
            }
            taken += 1;
            if let Err(why) = session.put_away(uid, self.account.taken.as_deref()).await {
                let why = self.told(&why);
                tracing::warn!(source = self.source, uid, why, "a mail was taken and could not be put away; it stays where it is");
            }
        }
        if let Some(uid) = begins {
            mailbox::keep(ctx, &self.source, &place(uid)).await?;
        }
        session.close().await;
        if seen > 0 {
            inbox::make_room(ctx).await?;
        }
        Ok(taken)
    }

    /// A mail, unless it is gone, or was fetched in vain too often.
    async fn fetch(&self, session: &mut Session, uid: u32) -> Result<Option<Vec<u8>>, String> {
        // Counted before, because a server may hang as well.
        if self.tried(uid) > TRIES {
            tracing::error!(
                source = self.source,
                uid,
                "a mail can't be fetched, and is passed over: somebody must look at it in the mailbox"
            );
            return Ok(None);
        }
        let mail = session.mail(uid).await?;
        *self.fetched.lock().unwrap_or_else(PoisonError::into_inner) = (uid, 0);
        Ok(mail)
    }

    /// How often this mail is fetched in a row, with this time.
    fn tried(&self, uid: u32) -> usize {
        let mut fetched = self.fetched.lock().unwrap_or_else(PoisonError::into_inner);
        *fetched = (uid, if fetched.0 == uid { fetched.1 + 1 } else { 1 });
        fetched.1
    }

    /// Whether the mail could be read and taken.
    async fn take(&self, ctx: &Ctx, place: &Place, mail: &[u8]) -> Result<bool, Error> {
        let unreadable = if let Some(mail) = self.meaning(mail) {
            Box::pin(mailbox::take(ctx, &self.source, place, mail)).await?
        } else {
            mailbox::keep(ctx, &self.source, place).await?;
            Some("reading it panicked".to_owned())
        };
        if let Some(why) = unreadable.as_deref() {
            tracing::warn!(
                source = self.source,
                uid = place.uid,
                why,
                "a mail can't be read as an alert; it stays in the mailbox as it is"
            );
        }
        Ok(unreadable.is_none())
    }

    /// What a mail means. Strangers write mails, and one that makes their reader panic must not come up again and again.
    fn meaning(&self, mail: &[u8]) -> Option<Mail> {
        catch_unwind(AssertUnwindSafe(|| (self.translate)(mail))).ok()
    }

    /// A reason as people may see it: servers may say our password to us.
    fn told(&self, why: &str) -> String {
        let password = &self.account.password;
        readable(&if password.is_empty() { why.to_owned() } else { why.replace(password, "(hidden)") })
    }

    fn failed(&self, why: &str) -> Error {
        let why = self.told(why);
        tracing::warn!(source = self.source, mailbox = %self.account, why, "a mailbox can't be read; it is tried again");
        Error::Outside("A mailbox does not answer.")
    }

    /// Whether it can be read. Changes nothing in it.
    pub async fn check(&self) -> Vec<Finding> {
        let finding = |what: String, problem: Option<String>| Finding { what, problem };
        let looked = async {
            let mut session = match Session::open(&self.account, &self.tls).await {
                Ok(session) => session,
                Err(why) => return vec![finding(format!("{} lets us in", self.account.host), Some(format!("It {}.", self.told(&why))))],
            };
            let mut findings = Vec::new();
            for folder in [Some(&self.account.folder), self.account.taken.as_ref()].into_iter().flatten() {
                let problem = session.look_at(folder).await.err().map(|why| format!("It {}.", self.told(&why)));
                findings.push(finding(format!("the folder {folder} of {} can be opened", self.account.user), problem));
            }
            session.close().await;
            findings
        };
        let late = |_| vec![finding(format!("{} answers", self.account.host), Some("It did not in time.".to_owned()))];
        timeout(PATIENCE, Box::pin(looked)).await.unwrap_or_else(late)
    }
}

/// Reads all mailboxes, each by itself.
///
/// # Errors
/// The database's. That a mailbox does not answer was said, and is tried again.
pub(crate) async fn read_all(ctx: &Ctx, mailboxes: &[Arc<Mailbox>]) -> Result<(), Error> {
    let readings = join_all(mailboxes.iter().map(|mailbox| Box::pin(mailbox.read(ctx)))).await;
    for reading in readings {
        match reading {
            Ok(0) | Err(Error::Outside(_)) => {}
            Ok(mails) => tracing::debug!(mails, "mails were taken"),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn account() -> Account {
        Account {
            host: "imap.example.org".into(),
            port: 993,
            user: "alerts".into(),
            password: "hunter2".into(),
            folder: "INBOX".into(),
            taken: None,
            is_encrypted: true,
        }
    }

    /// Its mails mean nothing, but for empty ones, which are too much for their reader.
    fn mailbox() -> Mailbox {
        let translate: Translate = Arc::new(|mail: &[u8]| {
            assert!(!mail.is_empty(), "of a test");
            let (hook, bytes) = ("alerts/mail".to_owned(), mail.len());
            Mail { hook, kind: "mail", headers: BTreeMap::new(), body: Vec::new(), bytes, alarms: Ok(Vec::new()) }
        });
        Mailbox::new("mail", account(), translate).unwrap()
    }

    #[test]
    fn an_account_is_shown_without_its_password() {
        let account = account();
        assert_eq!(format!("{account} {account:?}"), ["INBOX of alerts at imap.example.org:993"; 2].join(" "));
    }

    #[test]
    fn a_reason_is_one_short_line_without_the_password() {
        let told = mailbox().told("says no: LOGIN alerts hunter2\r\nis no command");
        assert_eq!(told, "says no: LOGIN alerts (hidden) is no command");
        assert!(mailbox().told(&"x".repeat(1_000_000)).len() < 1_000);
    }

    #[test]
    fn a_mail_on_which_its_reader_panics_is_one_that_can_not_be_read() {
        assert!(mailbox().meaning(b"Subject: x").is_some_and(|mail| mail.alarms.is_ok_and(|alarms| alarms.is_empty())));
        assert!(mailbox().meaning(b"").is_none());
    }

    #[test]
    fn a_mail_is_counted_for_itself() {
        let mailbox = mailbox();
        assert_eq!([7, 7, 8, 7].map(|uid| mailbox.tried(uid)), [1, 2, 1, 1]);
    }
}
