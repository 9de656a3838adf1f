//! E-mail (S10): the outlet alone, against a real mail server.

use std::process::Command;
use std::time::{Duration, Instant};

use chrono::TimeZone;
use domain::ports::{Effect, Email, MailOrder, Order, Outlet, Receipt, Refusal};
use entity::DeliveryId;
use futures_util::future::join_all;
use harness::eventually;
use harness::process::press;
use harness::smtp::{Encryption, Smtp};
use uuid::Uuid;
use worker::outlets::email::{EmailOutlet, Limits};

const FROM: &str = "Muster <muster@example.org>";
/// Limits that a test can wait for, and long enough for a slow machine to greet.
const SHORT: Limits = Limits { step: Duration::from_secs(5), whole: Duration::from_secs(8), idle: Duration::from_secs(30) };
/// By then a send with short limits has ended, and one with the usual limits has not.
const ENDED: Duration = Duration::from_secs(25);

fn outlet(server: &Smtp) -> EmailOutlet {
    EmailOutlet::connect(&server.url(), FROM, press()).unwrap()
}

fn short(server: &Smtp) -> EmailOutlet {
    EmailOutlet::with_limits(&server.url(), FROM, press(), SHORT).unwrap()
}

fn to_zoe() -> Email {
    Email {
        to_name: "Zoë Ågren".to_owned(),
        to: "zoe@example.com".to_owned(),
        subject: "INC-7 ist kritisch: „Shop“ antwortet nicht".to_owned(),
        text: "Hallo Zoë,\n\nder Shop antwortet nicht.\n.\n..und weiter = ja\n".to_owned(),
        thread: Some("inc_0198c0ffee".to_owned()),
        answers_to: None,
        paper: None,
        invitation: None,
    }
}

fn order(number: u128, attempt: i32, email: Email) -> Order {
    let created_at = chrono::Utc.with_ymd_and_hms(2026, 3, 1, 12, 30, 15).unwrap();
    Order {
        delivery: DeliveryId(Uuid::from_u128(number)),
        attempt,
        created_at,
        is_page: false,
        effect: Effect::Mail(MailOrder::Email(email)),
    }
}

async fn send(outlet: &EmailOutlet, number: u128) -> Result<Receipt, Refusal> {
    outlet.carry_out(&order(number, 1, to_zoe())).await
}

fn later(sent: Result<Receipt, Refusal>) -> String {
    match sent {
        Err(Refusal::Later { reason, .. }) => reason,
        other => panic!("should be for later: {other:?}"),
    }
}

#[tokio::test]
async fn a_mail_arrives_as_it_was_ordered() {
    let server = Smtp::start().await;
    let receipt = send(&outlet(&server), 7).await.unwrap();
    let mail = server.wait_for(1).await.remove(0);
    assert_eq!(receipt.external_id.as_deref(), Some("00000000-0000-0000-0000-000000000007@example.org"));
    assert_eq!(mail.message_id, "<00000000-0000-0000-0000-000000000007@example.org>");
    assert_eq!((mail.from.as_str(), mail.to), ("muster@example.org", vec!["zoe@example.com".to_owned()]));
    let Email { subject, text, .. } = to_zoe();
    assert_eq!((&mail.subject, mail.text.trim_end()), (&subject, text.trim_end()));
    assert_eq!(mail.date, "Sun, 01 Mar 2026 12:30:15 +0000");
    let header = |name: &str| mail.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    assert_eq!(header("From"), Some("Muster <muster@example.org>"));
    assert_eq!(header("To"), Some("Zoë Ågren <zoe@example.com>"));
    assert_eq!(header("References"), Some("<inc_0198c0ffee@example.org>"));
    assert_eq!(header("In-Reply-To"), Some("<inc_0198c0ffee@example.org>"));
    assert_eq!(header("MIME-Version"), Some("1.0"));
    assert_eq!(header("Auto-Submitted"), Some("auto-generated"));
    assert_eq!(header("Content-Type"), Some("text/plain; charset=\"utf-8\""));
    assert_eq!(header("Content-Transfer-Encoding"), Some("quoted-printable"));
}

#[tokio::test]
async fn a_refused_recipient_needs_a_person() {
    let server = Smtp::start().await;
    server.refuse("zoe@example.com");
    let outlet = outlet(&server);
    let Err(Refusal::Never(reason)) = send(&outlet, 1).await else { panic!("should be final") };
    assert_eq!(reason, "The mail server refused the mail: 550 5.1.1 No such person here");
    let other = Email { to: "yan@example.com".to_owned(), ..to_zoe() };
    outlet.carry_out(&order(2, 1, other)).await.unwrap();
    assert_eq!(server.wait_for(1).await.len(), 1);
    let Err(Refusal::Never(reason)) = outlet.carry_out(&order(3, 1, Email { to: "zoe".to_owned(), ..to_zoe() })).await else { panic!() };
    assert_eq!(reason, "zoe is not an e-mail address.");
}

#[tokio::test]
async fn a_busy_server_gets_the_mail_later() {
    let server = Smtp::start().await;
    let outlet = outlet(&server);
    server.postpone(true);
    assert_eq!(later(send(&outlet, 1).await), "The mail server refused the mail: 451 4.3.0 Come back later");
    server.postpone(false);
    outlet.carry_out(&order(1, 2, to_zoe())).await.unwrap();
    assert_eq!(server.wait_for(1).await.len(), 1);
}

#[tokio::test]
async fn a_server_that_hangs_holds_nobody_up() {
    let server = Smtp::start().await;
    let outlet = short(&server);
    let began = Instant::now();
    server.hang_at_connect(true);
    assert!(later(send(&outlet, 1).await).contains("did not answer in time"));
    assert!(began.elapsed() < ENDED, "{:?}", began.elapsed());
    server.hang(true);
    let began = Instant::now();
    let Err(Refusal::Unclear(reason)) = send(&outlet, 1).await else { panic!("its fate should be unclear") };
    assert!(reason.contains("did not say in time"), "{reason}");
    assert!(began.elapsed() < ENDED, "{:?}", began.elapsed());
    server.hang(false);
    send(&outlet, 1).await.unwrap();
    assert_eq!(server.wait_for(1).await.len(), 1);
}

#[tokio::test]
async fn a_mail_whose_answer_is_lost_is_the_same_mail_again() {
    let server = Smtp::start().await;
    let outlet = outlet(&server);
    server.cut(true);
    let Err(Refusal::Unclear(_)) = send(&outlet, 1).await else { panic!("its fate should be unclear") };
    server.cut(false);
    outlet.carry_out(&order(1, 2, to_zoe())).await.unwrap();
    let mails = server.wait_for(2).await;
    assert_eq!(mails[0].headers, mails[1].headers, "it is recognised by its Message-ID");
    assert_eq!((&mails[0].message_id, &mails[0].text), (&mails[1].message_id, &mails[1].text));
}

#[tokio::test]
async fn a_server_that_is_away_gets_the_mail_when_it_is_back() {
    let mut server = Smtp::start().await;
    let outlet = outlet(&server);
    send(&outlet, 1).await.unwrap();
    server.stop();
    assert!(later(send(&outlet, 2).await).starts_with("The mail server can't be reached: "));
    assert!(outlet.check().await.unwrap_err().contains("can't be reached"));
    server.restart().await;
    outlet.check().await.unwrap();
    send(&outlet, 2).await.unwrap();
    // It went away and came back unnoticed: the connection that was kept is dead.
    server.stop();
    server.restart().await;
    send(&outlet, 3).await.unwrap();
    let ids: Vec<String> = server.wait_for(3).await.into_iter().map(|mail| mail.message_id).collect();
    assert_eq!(ids, [1, 2, 3].map(|n| format!("<{}@example.org>", Uuid::from_u128(n))), "each once");
}

#[tokio::test]
async fn nobody_adds_headers_or_recipients() {
    let server = Smtp::start().await;
    let outlet = outlet(&server);
    let evil = "Zoë\r\nBcc: victim@example.com\r\nX-Evil: yes\r\n\r\nRead this instead\r\n.\r\nMAIL FROM:<evil@example.com>";
    let email = Email { to_name: evil.into(), subject: evil.into(), thread: Some(evil.into()), text: evil.into(), ..to_zoe() };
    outlet.carry_out(&order(1, 1, email)).await.unwrap();
    let mail = server.wait_for(1).await.remove(0);
    assert_eq!((mail.from.as_str(), mail.to), ("muster@example.org", vec!["zoe@example.com".to_owned()]));
    let mut names: Vec<&str> = mail.headers.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    let known = [
        "Auto-Submitted",
        "Content-Transfer-Encoding",
        "Content-Type",
        "Date",
        "From",
        "In-Reply-To",
        "Message-ID",
        "References",
        "Subject",
        "To",
    ];
    assert_eq!(names.into_iter().filter(|name| *name != "MIME-Version").collect::<Vec<_>>(), known);
    assert_eq!(mail.subject, evil.split_whitespace().collect::<Vec<_>>().join(" "));
    assert_eq!(mail.text.trim_end(), evil.replace("\r\n", "\n"));
    for to in ["zoe@example.com>\r\nRCPT TO:<victim@example.com", "zoe@example.com,victim@example.com"] {
        let refused = outlet.carry_out(&order(2, 1, Email { to: to.into(), ..to_zoe() })).await;
        assert!(matches!(refused, Err(Refusal::Never(_))), "{to}: {refused:?}");
    }
    assert_eq!(server.mails().len(), 1);
}

#[tokio::test]
async fn wrong_credentials_lose_no_mail() {
    let server = Smtp::start().await;
    server.require("muster", "right");
    for url in [server.url(), server.url_of("muster", "wr0ng-pass")] {
        let outlet = EmailOutlet::connect(&url, FROM, press()).unwrap();
        let reason = later(send(&outlet, 1).await);
        assert!(reason.contains("smtp.url") && reason.contains("53") && !reason.contains("wr0ng-pass"), "{reason}");
        assert!(!server.url().contains('@') && server.mails().is_empty());
    }
    let outlet = EmailOutlet::connect(&server.url_of("muster", "right"), FROM, press()).unwrap();
    send(&outlet, 1).await.unwrap();
    assert_eq!(server.wait_for(1).await.len(), 1);
}

#[tokio::test]
async fn encryption_that_is_asked_for_is_never_left_out() {
    let server = Smtp::start().await;
    for url in [format!("{}?tls=required", server.url()), server.url().replace("smtp://", "smtps://")] {
        let outlet = EmailOutlet::with_limits(&url, FROM, press(), SHORT).unwrap();
        assert!(later(send(&outlet, 1).await).starts_with("The mail server can't be reached: "));
    }
    assert!(server.mails().is_empty());
}

#[tokio::test]
async fn encrypted_mail_goes_only_to_servers_that_the_machine_trusts() {
    for encryption in [Encryption::AtOnce, Encryption::StartTls] {
        let server = Smtp::start_with(encryption).await;
        // Nobody vouches for the server.
        let reason = later(send(&outlet(&server), 1).await);
        assert!(reason.contains("certificate"), "{reason}");
        assert!(server.mails().is_empty());
        // What is trusted is set per process, so this needs another one.
        let sent = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "email::sends_one_mail_in_a_process_of_its_own", "--ignored"])
            .env("SSL_CERT_FILE", server.certificate())
            .env(URL, server.url())
            .output()
            .unwrap();
        assert!(sent.status.success(), "{encryption:?}: {}", String::from_utf8_lossy(&sent.stdout));
        assert_eq!(server.wait_for(1).await.len(), 1);
    }
}

/// Where [`sends_one_mail_in_a_process_of_its_own`] sends it.
const URL: &str = "MUSTER_TEST_SMTP_URL";

#[tokio::test]
#[ignore = "run by encrypted_mail_goes_only_to_servers_that_the_machine_trusts"]
async fn sends_one_mail_in_a_process_of_its_own() {
    let url = std::env::var(URL).unwrap();
    send(&EmailOutlet::connect(&url, FROM, press()).unwrap(), 1).await.unwrap();
    let elsewhere = EmailOutlet::connect(&url.replace("127.0.0.1", "localhost"), FROM, press()).unwrap();
    assert!(later(send(&elsewhere, 2).await).contains("certificate"), "another host's certificate");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_mails_share_a_few_connections_which_close_when_idle() {
    let server = Smtp::start().await;
    let outlet =
        EmailOutlet::with_limits(&server.url(), FROM, press(), Limits { idle: Duration::from_millis(500), ..Limits::default() }).unwrap();
    server.slow(Duration::from_millis(20));
    let sent = join_all((0..100).map(|number| send(&outlet, number)));
    let watched = async {
        let mut most = 0;
        server_has(&server, 100, || most = most.max(server.connections())).await;
        most
    };
    let (sent, most) = tokio::join!(sent, watched);
    assert!(sent.iter().all(Result::is_ok), "{sent:?}");
    assert!((2..=9).contains(&most), "{most} connections at once");
    let mut ids: Vec<String> = server.mails().into_iter().map(|mail| mail.message_id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((ids.len(), server.mails().len()), (100, 100));
    eventually("idle connections are closed", Duration::from_secs(20), async || (server.connections() == 0).then_some(())).await;
    send(&outlet, 100).await.unwrap();
}

/// Looks again and again until the server has taken `n` mails.
async fn server_has(server: &Smtp, n: usize, mut look: impl FnMut()) {
    eventually("all mails arrived", Duration::from_secs(30), async || {
        look();
        (server.mails().len() >= n).then_some(())
    })
    .await;
}

/// Exim only queues what comes after the tenth mail of a connection, while it answers as if it had sent it.
#[tokio::test]
async fn a_connection_carries_ten_mails_and_a_page_has_its_own() {
    let server = Smtp::start().await;
    let outlet = outlet(&server);
    for number in 1..=12 {
        send(&outlet, number).await.unwrap();
    }
    outlet.carry_out(&Order { is_page: true, ..order(13, 1, to_zoe()) }).await.unwrap();
    let connections: Vec<u64> = server.wait_for(13).await.into_iter().map(|mail| mail.connection).collect();
    let on = |connection: u64| connections.iter().filter(|known| **known == connection).count();
    assert_eq!((on(connections[0]), on(connections[10]), on(connections[12])), (10, 2, 1), "{connections:?}");
}
