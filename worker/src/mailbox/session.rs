//! A session with an IMAP server, by a library: as much of it as reading a mailbox takes. Reasons are for people, worded to follow "it".

use std::fmt;
use std::sync::Arc;

use async_imap::error::Error;
use async_imap::types::Fetch;
use async_imap::{Client, imap_proto};
use chrono::Duration;
use entity::Timestamp;
use futures_util::TryStreamExt;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::Account;

/// Bytes of a mail that are fetched. What is behind them is files and pictures.
const MAIL_BYTES: usize = 1024 * 1024;
/// How old an unread mail may be when a mailbox is read for the first time: older ones are history.
const OLDEST: Duration = Duration::days(1);

/// A connection, encrypted or not.
trait Wire: AsyncRead + AsyncWrite + Unpin + Send + fmt::Debug {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send + fmt::Debug> Wire for T {}

/// Somebody who is logged in.
pub struct Session(async_imap::Session<Box<dyn Wire>>);

/// What a folder says of its mails' numbers.
pub struct Folder {
    /// What they belong to.
    pub validity: u32,
    /// The one that the next mail gets.
    pub next: u32,
}

impl Session {
    /// Connects and logs in.
    ///
    /// # Errors
    /// Why that can't be.
    pub async fn open(account: &Account, tls: &Arc<ClientConfig>) -> Result<Self, String> {
        let wire = TcpStream::connect((account.host.as_str(), account.port)).await.map_err(|error| format!("can't be reached: {error}"))?;
        let wire: Box<dyn Wire> = if account.is_encrypted {
            let name = ServerName::try_from(account.host.clone()).map_err(|_| "has a name that no certificate can have".to_owned())?;
            let encrypted = TlsConnector::from(Arc::clone(tls)).connect(name, wire).await;
            Box::new(encrypted.map_err(|error| format!("can't be spoken to encrypted: {error}"))?)
        } else {
            Box::new(wire)
        };
        let mut client = Client::new(wire);
        let greeting = client.read_response().await.map_err(|error| format!("does not greet as an IMAP server does: {error}"))?;
        if !greeting.is_some_and(|greeting| is_welcome(greeting.parsed())) {
            return Err("does not greet as an IMAP server does".to_owned());
        }
        client.login(&account.user, &account.password).await.map(Self).map_err(|(error, _)| match error {
            Error::No(why) => format!("refuses the user or the password: {why}"),
            error => explained(&error),
        })
    }

    /// Opens a folder.
    ///
    /// # Errors
    /// Why that can't be.
    pub async fn select(&mut self, folder: &str) -> Result<Folder, String> {
        let opened = self.0.select(folder).await.map_err(|error| format!("can't open the folder {folder}: {}", explained(&error)))?;
        let (Some(validity), Some(next)) = (opened.uid_validity, opened.uid_next) else {
            return Err(format!("does not number the mails in {folder} for good"));
        };
        Ok(Folder { validity, next })
    }

    /// Opens a folder and changes nothing in it.
    ///
    /// # Errors
    /// Why that can't be.
    pub async fn look_at(&mut self, folder: &str) -> Result<(), String> {
        self.0.examine(folder).await.map(drop).map_err(|error| explained(&error))
    }

    /// The numbers of the mails after that number, in order; without one, of those that nobody has read and that came not long before `now`.
    ///
    /// # Errors
    /// Why that can't be.
    pub async fn mails(&mut self, after: Option<u32>, now: Timestamp) -> Result<Vec<u32>, String> {
        let query = match after {
            // If there is none, servers answer with the last one.
            Some(uid) => format!("UID {}:*", uid.saturating_add(1)),
            None => format!("UNSEEN SINCE {}", (now - OLDEST).format("%d-%b-%Y")),
        };
        let found = self.0.uid_search(query).await.map_err(|error| explained(&error))?;
        let mut uids: Vec<u32> = found.into_iter().filter(|uid| after.is_none_or(|after| *uid > after)).collect();
        uids.sort_unstable();
        Ok(uids)
    }

    /// The head of a mail; `None` if it is no longer there. That does not mark it as read.
    ///
    /// # Errors
    /// Why that can't be.
    pub async fn mail(&mut self, uid: u32) -> Result<Option<Vec<u8>>, String> {
        let fetched = self.0.uid_fetch(uid.to_string(), format!("(UID BODY.PEEK[]<0.{MAIL_BYTES}>)")).await;
        let fetched: Vec<Fetch> = fetched.map_err(|error| explained(&error))?.try_collect().await.map_err(|error| explained(&error))?;
        Ok(fetched.iter().find(|mail| mail.uid == Some(uid)).and_then(|mail| mail.body()).map(<[u8]>::to_vec))
    }

    /// Moves a mail to `folder`, or without one marks it as read.
    ///
    /// # Errors
    /// Why that can't be.
    pub async fn put_away(&mut self, uid: u32, folder: Option<&str>) -> Result<(), String> {
        match folder {
            Some(folder) => self.0.uid_mv(uid.to_string(), folder).await.map_err(|error| explained(&error)),
            None => {
                let marked = self.0.uid_store(uid.to_string(), "+FLAGS.SILENT (\\Seen)").await.map_err(|error| explained(&error))?;
                marked.try_collect::<Vec<Fetch>>().await.map(drop).map_err(|error| explained(&error))
            }
        }
    }

    /// Says goodbye. Nothing is lost if that is not heard.
    pub async fn close(mut self) {
        let _ = self.0.logout().await;
    }
}

/// Whether a server's first word lets somebody log in.
fn is_welcome(greeting: &imap_proto::Response<'_>) -> bool {
    matches!(greeting, imap_proto::Response::Data { status: imap_proto::Status::Ok, .. })
}

fn explained(error: &Error) -> String {
    match error {
        Error::No(why) | Error::Bad(why) => format!("says no: {why}"),
        Error::ConnectionLost => "closed the connection".to_owned(),
        Error::Io(error) => format!("can't be spoken to: {error}"),
        error => format!("answers what can't be understood: {error}"),
    }
}
