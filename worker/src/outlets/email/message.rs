//! An order as a mail. The same order, with the same file, always yields the same bytes.

use std::time::SystemTime;

use domain::calendar::Party;
use domain::ports::{Email, Invitation, Order};
use lettre::address::Address;
use lettre::message::header::{ContentTransferEncoding, ContentType, Date, HeaderName, HeaderValue, MIME_VERSION_1_0};
use lettre::message::{Attachment, Mailbox, Message, MultiPart, SinglePart};
use url::Host;

use crate::outlets::paper::File;

/// A mail, ready to be sent.
pub(super) struct Mail {
    /// The Message-ID, without brackets.
    pub(super) id: String,
    pub(super) from: Address,
    pub(super) to: Address,
    /// Whether only a server that knows SMTPUTF8 can take it.
    pub(super) needs_utf8: bool,
    pub(super) bytes: Vec<u8>,
}

/// What a mail with a document has besides its text.
pub(super) struct Letter {
    pub html: String,
    pub file: File,
}

/// Writes the mail.
///
/// # Errors
/// Why the mail can't be composed, for people.
pub(super) fn compose(order: &Order, email: &Email, letter: Option<Letter>, from: &Mailbox) -> Result<Mail, String> {
    let to = address(&email.to).ok_or_else(|| format!("{} is not an e-mail address.", one_line(&email.to)))?;
    let name = Some(one_line(&email.to_name)).filter(|name| !name.is_empty());
    let domain = from.email.domain();
    let id = format!("{}@{domain}", order.delivery.0);
    // Clients see who speaks to them, and their answers go where somebody reads them.
    let answers_to: Option<Mailbox> = email.answers_to.as_deref().and_then(|sender| sender.parse().ok());
    let shown = answers_to.as_ref().and_then(|sender| sender.name.clone()).or_else(|| from.name.clone());
    let mut message = Message::builder()
        .header(MIME_VERSION_1_0)
        .from(Mailbox::new(shown, from.email.clone()))
        .to(Mailbox::new(name, to.clone()))
        .subject(one_line(&email.subject))
        .message_id(Some(format!("<{id}>")))
        .header(Date::new(SystemTime::from(order.created_at)))
        // Keeps auto-responders quiet.
        .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()));
    if let Some(sender) = answers_to {
        message = message.reply_to(sender);
    }
    if let Some(thread) = email.thread.as_deref().map(token).filter(|thread| !thread.is_empty()) {
        // No mail has this id; replying to it is what makes them one thread.
        let root = format!("<{thread}@{domain}>");
        message = message.in_reply_to(root.clone()).references(root);
    }
    let text = email.text.replace("\r\n", "\n");
    let message = match (letter, &email.invitation) {
        (Some(letter), _) => message.multipart(parts(order, text, letter)),
        (None, Some(invitation)) => message.multipart(invited(order, text, invitation, from, &email.to)),
        (None, None) => message.header(ContentType::TEXT_PLAIN).header(ContentTransferEncoding::QuotedPrintable).body(text),
    };
    let message = message.map_err(|error| format!("The mail can't be written: {error}"))?;
    let bytes = message.formatted();
    let needs_utf8 = !to.user().is_ascii();
    Ok(Mail { id, from: from.email.clone(), to, needs_utf8, bytes })
}

/// The text, the same as HTML, and the file. What stands between them comes from the order: lettre would take it from chance.
fn parts(order: &Order, text: String, Letter { html, file }: Letter) -> MultiPart {
    let alternatives = MultiPart::alternative()
        .boundary(format!("text-{}", order.delivery.0))
        .singlepart(readable(ContentType::TEXT_PLAIN, text))
        .singlepart(readable(ContentType::TEXT_HTML, html));
    let kind = ContentType::parse(file.media_type).expect("media types are well formed");
    let attached = Attachment::new(file.name).body(file.bytes.to_vec(), kind);
    MultiPart::mixed().boundary(format!("mail-{}", order.delivery.0)).multipart(alternatives).singlepart(attached)
}

/// The text, and the meeting for a calendar. Programs take it for an invitation if its method is that of the part.
fn invited(order: &Order, text: String, invitation: &Invitation, from: &Mailbox, to: &str) -> MultiPart {
    let address = from.email.to_string();
    let organizer = Party { name: from.name.as_deref().unwrap_or("Muster"), address: &address };
    let (method, calendar) = invitation.calendar(organizer, to);
    let kind = ContentType::parse(&format!("text/calendar; method={method}; charset=utf-8")).expect("the type is well formed");
    MultiPart::alternative()
        .boundary(format!("text-{}", order.delivery.0))
        .singlepart(readable(ContentType::TEXT_PLAIN, text))
        .singlepart(readable(kind, calendar))
}

fn readable(kind: ContentType, body: String) -> SinglePart {
    SinglePart::builder().header(kind).header(ContentTransferEncoding::QuotedPrintable).body(body)
}

/// Reads an address. An internationalised domain is converted to ASCII.
fn address(text: &str) -> Option<Address> {
    let (user, domain) = text.trim().rsplit_once('@')?;
    let domain = if domain.is_ascii() { domain.to_owned() } else { Host::parse(domain).ok()?.to_string() };
    Address::new(user, domain).ok()
}

/// The text as a header value: line breaks become spaces.
fn one_line(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c }).collect();
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The text as part of a message id.
fn token(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')).collect::<String>().trim_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use entity::DeliveryId;
    use uuid::Uuid;

    use super::*;

    fn email() -> Email {
        Email {
            to_name: "Zoë Ågren".to_owned(),
            to: "zoe@example.org".to_owned(),
            subject: "INC-7 is critical".to_owned(),
            text: "Hello\n.\nBye".to_owned(),
            thread: Some("inc_07".to_owned()),
            answers_to: None,
            paper: None,
            invitation: None,
        }
    }

    fn composed(email: &Email) -> Result<Mail, String> {
        composed_with(email, None)
    }

    fn composed_with(email: &Email, letter: Option<Letter>) -> Result<Mail, String> {
        let created_at = entity::Timestamp::UNIX_EPOCH;
        let order =
            Order { delivery: DeliveryId(Uuid::from_u128(7)), attempt: 1, created_at, is_page: false, effect: email.clone().into() };
        compose(&order, email, letter, &"Muster <muster@example.net>".parse().unwrap())
    }

    fn written(email: &Email) -> String {
        String::from_utf8(composed(email).unwrap().bytes).unwrap()
    }

    #[test]
    fn the_same_order_yields_the_same_mail() {
        let mail = composed(&email()).unwrap();
        assert_eq!(mail.bytes, composed(&email()).unwrap().bytes);
        assert_eq!(mail.id, "00000000-0000-0000-0000-000000000007@example.net");
        let text = written(&email());
        for line in [
            "MIME-Version: 1.0",
            "From: Muster <muster@example.net>",
            "Subject: INC-7 is critical",
            "Message-ID: <00000000-0000-0000-0000-000000000007@example.net>",
            "Date: Thu, 01 Jan 1970 00:00:00 +0000",
            "In-Reply-To: <inc_07@example.net>",
            "References: <inc_07@example.net>",
            "Auto-Submitted: auto-generated",
            "Content-Type: text/plain; charset=utf-8",
            "Content-Transfer-Encoding: quoted-printable",
        ] {
            assert!(text.contains(&format!("{line}\r\n")), "{line} is not in {text}");
        }
    }

    #[test]
    fn the_same_letter_yields_the_same_mail() {
        let letter = || {
            let file = File { name: "INC-7-report-acme.pdf".to_owned(), media_type: "application/pdf", bytes: vec![0, 255, 13, 10].into() };
            Some(Letter { html: "<p>Hello é</p>".to_owned(), file })
        };
        let mail = composed_with(&email(), letter()).unwrap();
        assert_eq!(mail.bytes, composed_with(&email(), letter()).unwrap().bytes);
        let text = String::from_utf8(mail.bytes).unwrap();
        let id = "00000000-0000-0000-0000-000000000007";
        for line in [
            &format!("Content-Type: multipart/mixed; boundary=\"mail-{id}\""),
            &format!("Content-Type: multipart/alternative; boundary=\"text-{id}\""),
            "Content-Type: text/plain; charset=utf-8",
            "Content-Type: text/html; charset=utf-8",
            "<p>Hello =C3=A9</p>",
            "Content-Type: application/pdf",
            "Content-Disposition: attachment; filename=\"INC-7-report-acme.pdf\"",
            "AP8NCg==",
            &format!("--mail-{id}--"),
        ] {
            assert!(text.replace("\r\n ", " ").contains(&format!("{line}\r\n")), "{line} is not in {text}");
        }
    }

    #[test]
    fn a_client_sees_who_speaks_and_can_answer() {
        let text = written(&Email { answers_to: Some("Example Support <support@example.org>".to_owned()), ..email() });
        for line in ["From: \"Example Support\" <muster@example.net>", "Reply-To: \"Example Support\" <support@example.org>"] {
            assert!(text.contains(&format!("{line}\r\n")), "{line} is not in {text}");
        }
        assert!(!written(&email()).contains("\r\nReply-To"));
    }

    #[test]
    fn text_never_becomes_a_header() {
        let evil = "x\r\nBcc: victim@example.org\r\n\r\nbody\0\u{85}\u{2028}";
        let mail = Email { to_name: evil.to_owned(), subject: evil.to_owned(), thread: Some(evil.to_owned()), ..email() };
        let text = written(&mail);
        let (headers, body) = text.split_once("\r\n\r\n").unwrap();
        for line in headers.split("\r\n") {
            let known = [
                "From",
                "To",
                "Subject",
                "Message-ID",
                "Date",
                "Auto-Submitted",
                "Content-",
                "In-Reply-To",
                "References",
                "MIME-Version",
                " ",
            ];
            assert!(known.iter().any(|name| line.starts_with(name)), "{line}");
        }
        assert!(!headers.replace("\r\n", "").contains(['\r', '\n', '\0']));
        assert!(body.starts_with("Hello"));
    }

    #[test]
    fn invalid_addresses_are_refused() {
        for to in [
            "",
            "zoe",
            "zoe@",
            "zoe@example.org\r\nRCPT TO:<victim@example.org>",
            "a b@example.org",
            "<zoe@example.org>",
            "zoe@exam ple.org",
        ] {
            assert!(composed(&Email { to: to.to_owned(), ..email() }).is_err(), "{to}");
        }
        let idn = composed(&Email { to: "zoe@bücher.example".to_owned(), ..email() }).unwrap();
        assert_eq!((idn.to.domain(), idn.needs_utf8), ("xn--bcher-kva.example", false));
        assert!(composed(&Email { to: "zoë@example.org".to_owned(), ..email() }).unwrap().needs_utf8);
    }
}
