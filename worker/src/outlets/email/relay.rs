//! Parses and checks the settings of the mail server. Used by `cli` when it reads them.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv6Addr};

use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{CertificateStore, TlsParameters};
use lettre::transport::smtp::{Error as SmtpError, SMTP_PORT, SUBMISSION_PORT, SUBMISSIONS_PORT};
use url::{Host, Url};

/// A mail server, and how to talk to it.
pub struct Relay {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) tls: Tls,
    pub(super) credentials: Option<Credentials>,
}

/// When a connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tls {
    /// Never.
    Never,
    /// By STARTTLS after the greeting; without it, nothing is sent.
    Required,
    /// From the first byte.
    AtOnce,
}

impl Relay {
    /// Reads `smtps://user:password@host` (TLS, port 465), `smtp://user:password@host?tls=required` (STARTTLS, port 587) or
    /// `smtp://host` (not encrypted, port 25). Each may name another port; user and password are optional, and
    /// percent-encoded as in all URLs.
    ///
    /// Unencrypted mail must stay on the machine or in a private network: `smtp://host` is refused unless the host is `localhost`, a
    /// name without a dot or a private address, or `?tls=none` confirms that it is intended.
    ///
    /// # Errors
    /// What is wrong, worded to follow the name of the setting, without showing any of it.
    pub fn parse(url: &str) -> Result<Self, String> {
        const FORM: &str = "must look like smtps://user:password@mail.example.org or smtp://localhost:25";
        let url = Url::parse(url).map_err(|_| FORM.to_owned())?;
        let host = match url.host() {
            Some(Host::Ipv6(address)) => address.to_string(),
            Some(host) if !host.to_string().is_empty() => host.to_string(),
            _ => return Err(FORM.to_owned()),
        };
        if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return Err("may only have ?tls= after the host".to_owned());
        }
        let mut asked = None;
        for (key, value) in url.query_pairs() {
            match key.as_ref() {
                "tls" => asked = Some(value.into_owned()),
                _ => return Err("may only have ?tls= after the host".to_owned()),
            }
        }
        let (tls, port) = match (url.scheme(), asked.as_deref()) {
            ("smtps", None) => (Tls::AtOnce, SUBMISSIONS_PORT),
            ("smtp", Some("required")) => (Tls::Required, SUBMISSION_PORT),
            ("smtp", Some("none")) => (Tls::Never, SMTP_PORT),
            ("smtp", None) if is_near(&host) => (Tls::Never, SMTP_PORT),
            ("smtp", None) => {
                return Err(
                    "would send mail and password unencrypted over the network: use smtps:// or ?tls=required, or confirm with ?tls=none"
                        .to_owned(),
                );
            }
            ("smtp", Some(_)) => return Err("must have required or none after ?tls=".to_owned()),
            ("smtps", Some(_)) => return Err("must not have ?tls= with smtps://, which is always encrypted".to_owned()),
            _ => return Err("must begin with smtps:// or smtp://".to_owned()),
        };
        Ok(Self { host, port: url.port().unwrap_or(port), tls, credentials: credentials(&url)? })
    }

    /// The certificate authorities that this relay's encryption trusts, if it has any: this machine's, or Mozilla's list if it has none, as
    /// in a bare container. Reads files.
    pub(super) fn trust(&self) -> Result<Option<TlsParameters>, SmtpError> {
        if self.tls == Tls::Never {
            return Ok(None);
        }
        let bare = rustls_native_certs::load_native_certs().certs.is_empty();
        let store = if bare { CertificateStore::WebpkiRoots } else { CertificateStore::Default };
        TlsParameters::builder(self.host.clone()).certificate_store(store).build().map(Some)
    }
}

fn credentials(url: &Url) -> Result<Option<Credentials>, String> {
    let plain = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8().map(Cow::into_owned);
    match (url.username(), url.password().unwrap_or_default()) {
        ("", "") => Ok(None),
        ("", _) | (_, "") => Err("must have both user and password, or neither".to_owned()),
        (user, password) => match (plain(user), plain(password)) {
            (Ok(user), Ok(password)) => Ok(Some(Credentials::new(user, password))),
            _ => Err("must have user and password percent-encoded".to_owned()),
        },
    }
}

/// Whether mail to this host stays on the machine or in a private network, judging by its name.
fn is_near(host: &str) -> bool {
    match host.parse() {
        Ok(IpAddr::V4(address)) => address.is_loopback() || address.is_private() || address.is_link_local(),
        Ok(IpAddr::V6(address)) => address == Ipv6Addr::LOCALHOST || address.is_unique_local() || address.is_unicast_link_local(),
        Err(_) => !host.contains('.'),
    }
}

/// Reads the sender of mails: `Muster <muster@example.org>`, or just the address.
///
/// # Errors
/// What is wrong, worded to follow the name of the setting.
pub fn sender(from: &str) -> Result<Mailbox, String> {
    match from.trim().parse::<Mailbox>() {
        Ok(mailbox) if mailbox.email.to_string().is_ascii() && !from.chars().any(char::is_control) => Ok(mailbox),
        _ => Err("must be an address such as Muster <muster@example.org>".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> (String, u16, Tls, bool) {
        let relay = Relay::parse(url).unwrap();
        (relay.host, relay.port, relay.tls, relay.credentials.is_some())
    }

    #[test]
    fn urls_say_how_to_connect() {
        assert_eq!(read("smtps://u:p@mail.example.org"), ("mail.example.org".into(), 465, Tls::AtOnce, true));
        assert_eq!(read("smtp://u:p%40ss@mail.example.org?tls=required"), ("mail.example.org".into(), 587, Tls::Required, true));
        assert_eq!(read("smtp://mail.example.org:2525/?tls=none"), ("mail.example.org".into(), 2525, Tls::Never, false));
        for (url, host) in [
            ("smtp://localhost", "localhost"),
            ("smtp://mailpit:1025", "mailpit"),
            ("smtp://10.1.2.3", "10.1.2.3"),
            ("smtp://[::1]", "::1"),
        ] {
            assert_eq!((read(url).0.as_str(), read(url).2), (host, Tls::Never));
        }
    }

    #[test]
    fn invalid_urls_are_refused_without_showing_them() {
        for url in [
            "",
            "mail.example.org",
            "http://u:hunter2@mail.example.org",
            "smtp://u:hunter2@mail.example.org",
            "smtp://8.8.8.8",
            "smtp://hunter2@localhost",
            "smtp://:hunter2@localhost",
            "smtp://localhost?tls=hunter2",
            "smtps://localhost?tls=required",
            "smtp://localhost/hunter2",
            "smtp://localhost?hunter2=1",
            "smtp:///hunter2",
            "smtp://u:%ff@localhost",
        ] {
            let Err(problem) = Relay::parse(url) else { panic!("{url} should be refused") };
            assert!(!problem.contains("hunter2"), "{problem}");
        }
    }

    #[test]
    fn senders_are_addresses() {
        let from = sender("Müster, Team <muster@example.org>").or_else(|_| sender("\"Müster, Team\" <muster@example.org>")).unwrap();
        assert_eq!((from.name.as_deref(), from.email.domain()), (Some("Müster, Team"), "example.org"));
        assert_eq!(sender("muster@example.org").unwrap().name, None);
        for wrong in
            ["", "Muster", "muster@", "a@example.org, b@example.org", "müster@example.org", "M\r\nBcc: x@example.org <m@example.org>"]
        {
            assert!(sender(wrong).is_err(), "{wrong}");
        }
    }
}
