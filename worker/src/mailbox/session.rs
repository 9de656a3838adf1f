//! A session with an IMAP server, by a library: as much of it as reading a mailbox takes. Reasons are for people, worded to follow "it"; they
//! may hold what the server says.
//!
//! The library writes each command through the crate `log`, also the one with the password. Nothing collects that: see `logging` in `cli`.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use async_imap::Client;
use async_imap::error::Error;
use async_imap::imap_proto::{AttributeValue, MailboxDatum, Response, Status};
use chrono::Duration;
use entity::Timestamp;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::Account;

/// Bytes of a mail that are fetched. What is behind them is files and pictures.
const MAIL_BYTES: usize = 1024 * 1024;
/// Bytes that a server may say to one command: the head of a mail, and as much again.
const ANSWER_BYTES: usize = 2 * MAIL_BYTES;
/// How old an unread mail may be when a mailbox is read for the first time: older ones are history.
const OLDEST: Duration = Duration::days(1);

/// A connection, encrypted or not.
trait Wire: AsyncRead + AsyncWrite + Unpin + Send + fmt::Debug {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send + fmt::Debug> Wire for T {}

/// A connection on which a server may say so much, and no more.
#[derive(Debug)]
struct Bounded {
    wire: Box<dyn Wire>,
    left: usize,
}

impl AsyncRead for Bounded {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.left == 0 {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, "it says more than it was asked for")));
        }
        let before = buf.filled().len();
        let outcome = Pin::new(&mut self.wire).poll_read(cx, buf);
        self.left = self.left.saturating_sub(buf.filled().len() - before);
        outcome
    }
}

impl AsyncWrite for Bounded {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.wire).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_shutdown(cx)
    }
}

/// Somebody who is logged in.
pub struct Session(async_imap::Session<Bounded>);

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
        let mut client = Client::new(Bounded { wire, left: ANSWER_BYTES });
        let greeting = client.read_response().await.map_err(|error| explained(&Error::Io(error)))?;
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
        let opened =
            self.session().select(folder).await.map_err(|error| format!("can't open the folder {folder}: {}", explained(&error)))?;
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
        self.session().examine(folder).await.map(drop).map_err(|error| explained(&error))
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
        let mut uids: Vec<u32> = Vec::new();
        let listed = |told: &Response<'_>| {
            if let Response::MailboxData(MailboxDatum::Search(found)) = told {
                uids.extend(found);
            }
        };
        self.command(&format!("UID SEARCH {query}"), listed).await?;
        uids.retain(|uid| after.is_none_or(|after| *uid > after));
        uids.sort_unstable();
        uids.dedup();
        Ok(uids)
    }

    /// The head of a mail; `None` if it is no longer there. That does not mark it as read.
    ///
    /// # Errors
    /// Why that can't be.
    pub async fn mail(&mut self, uid: u32) -> Result<Option<Vec<u8>>, String> {
        let mut mail = None;
        let fetched = |told: &Response<'_>| {
            let Response::Fetch(_, values) = told else { return };
            let is_it = values.iter().any(|value| matches!(value, AttributeValue::Uid(known) if *known == uid));
            if let Some(body) = values.iter().find_map(part_of).filter(|_| is_it) {
                mail = Some(body.to_vec());
            }
        };
        self.command(&format!("UID FETCH {uid} (UID BODY.PEEK[]<0.{MAIL_BYTES}>)"), fetched).await?;
        Ok(mail)
    }

    /// Moves a mail to `folder`, or without one marks it as read.
    ///
    /// # Errors
    /// Why that can't be.
    pub async fn put_away(&mut self, uid: u32, folder: Option<&str>) -> Result<(), String> {
        match folder {
            Some(folder) => self.session().uid_mv(uid.to_string(), folder).await.map_err(|error| explained(&error)),
            None => self.command(&format!("UID STORE {uid} +FLAGS.SILENT (\\Seen)"), |_| ()).await,
        }
    }

    /// Says goodbye. Nothing is lost if that is not heard.
    pub async fn close(mut self) {
        let _ = self.session().logout().await;
    }

    /// The session, for one more command.
    fn session(&mut self) -> &mut async_imap::Session<Bounded> {
        self.0.get_mut().left = ANSWER_BYTES;
        &mut self.0
    }

    /// Gives a command, hands what the server tells to `take`, and waits until the server says that it is done. The library's own streams end
    /// alike whether it is done, refused or the connection is gone: a mail would seem not to be there, and be passed over.
    async fn command(&mut self, command: &str, mut take: impl FnMut(&Response<'_>) + Send) -> Result<(), String> {
        let session = self.session();
        let id = session.run_command(command).await.map_err(|error| explained(&error))?;
        loop {
            let answer = session.read_response().await.map_err(|error| explained(&Error::Io(error)))?;
            let answer = answer.ok_or_else(|| explained(&Error::ConnectionLost))?;
            if let Response::Done { tag, status, outcome } = answer.parsed()
                && *tag == id
            {
                return if *status == Status::Ok {
                    Ok(())
                } else {
                    Err(explained(&Error::No(outcome.information.as_deref().unwrap_or_default().to_owned())))
                };
            }
            take(answer.parsed());
        }
    }
}

/// What of a mail is in it.
fn part_of<'a>(value: &'a AttributeValue<'_>) -> Option<&'a [u8]> {
    if let AttributeValue::BodySection { section: None, data: Some(body), .. } = value { Some(body) } else { None }
}

/// Whether a server's first word lets somebody log in.
fn is_welcome(greeting: &Response<'_>) -> bool {
    matches!(greeting, Response::Data { status: Status::Ok, .. })
}

fn explained(error: &Error) -> String {
    match error {
        Error::No(why) | Error::Bad(why) => format!("says no: {why}"),
        Error::ConnectionLost => "closed the connection".to_owned(),
        // The library's words have the whole answer, and a mail may be in it.
        Error::Io(error) if error.kind() == io::ErrorKind::Other => "answers what can't be understood".to_owned(),
        Error::Io(error) => format!("can't be spoken to: {error}"),
        error => format!("answers what can't be understood: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
    use tokio::net::TcpListener;

    use super::*;
    use crate::outlets::client::tls;

    /// A session with a server that lets anybody in, answers each further command with the next of these, and hangs up. `TAG` stands for the
    /// command's.
    async fn with(answers: &'static [&'static str]) -> Session {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let mut wire = BufReader::new(listener.accept().await.unwrap().0);
            wire.write_all(b"* OK ready\r\n").await.unwrap();
            for answer in ["TAG OK come in\r\n"].iter().chain(answers) {
                let mut command = String::new();
                wire.read_line(&mut command).await.unwrap();
                let tag = command.split(' ').next().unwrap_or_default();
                wire.write_all(answer.replace("TAG", tag).as_bytes()).await.unwrap();
            }
        });
        let account = Account {
            host: "127.0.0.1".to_owned(),
            port,
            user: "alerts".to_owned(),
            password: "hunter2".to_owned(),
            folder: "INBOX".to_owned(),
            taken: None,
            is_encrypted: false,
        };
        Session::open(&account, &Arc::new(tls().unwrap())).await.unwrap()
    }

    #[tokio::test]
    async fn a_mail_is_the_one_that_was_asked_for() {
        let mut session = with(&[
            "* SEARCH 9 7 7\r\n* 3 EXISTS\r\nTAG OK done\r\n",
            "* 1 FETCH (UID 6 BODY[]<0> {2}\r\nno)\r\n* 2 FETCH (UID 7 BODY[]<0> {3}\r\nyes)\r\n* 2 FETCH (UID 7 FLAGS ())\r\nTAG OK done\r\n",
            "TAG OK it is no longer there\r\n",
        ])
        .await;
        assert_eq!(session.mails(Some(6), Timestamp::UNIX_EPOCH).await, Ok(vec![7, 9]));
        assert_eq!(session.mail(7).await, Ok(Some(b"yes".to_vec())));
        assert_eq!(session.mail(9).await, Ok(None));
    }

    /// What a server does not say is not taken for a mail, or a mailbox, that is empty.
    #[tokio::test]
    async fn a_server_that_refuses_or_hangs_up_has_not_answered() {
        let refused = Err("says no: busy".to_owned());
        assert_eq!(with(&["TAG NO busy\r\n"]).await.mail(7).await, refused);
        assert_eq!(with(&["TAG BAD busy\r\n"]).await.mails(None, Timestamp::UNIX_EPOCH).await.map(drop), refused.map(drop));
        assert!(with(&["* BYE\r\n"]).await.mail(7).await.is_err());
        assert!(with(&["* SEARCH 7\r\n"]).await.mails(Some(6), Timestamp::UNIX_EPOCH).await.is_err());
        assert!(with(&["* 1 FETCH (UID 7 BODY[]<0> {3}\r\nyes)\r\n"]).await.mail(7).await.is_err());
        let words = with(&["hunter2 and what else is in the mail\r\n"]).await.mail(7).await.unwrap_err();
        assert!(!words.contains("hunter2"), "{words}");
    }

    #[tokio::test]
    async fn no_more_is_read_than_an_answer_may_have() {
        let (ours, mut theirs) = tokio::io::duplex(64);
        theirs.write_all(&[b'x'; 48]).await.unwrap();
        let mut bounded = Bounded { wire: Box::new(ours), left: 16 };
        let error = bounded.read_to_end(&mut Vec::new()).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }
}
