//! Mailboxes whose mails mean alerts (S8), at a real IMAP server: each mail is taken, whatever happens in between, and none twice.

use std::collections::BTreeMap;
use std::process::Output;
use std::sync::Arc;

use api::AlertSource;
use api::alert_sources::mail_rules::{Means, Pattern};
use api::alert_sources::{self, MailRule, kind};
use domain::alerts::inbox;
use domain::heartbeats;
use entity::{AlertPostId, alert};
use harness::database::TestDatabase;
use harness::dovecot::{Dovecot, PASSWORD, TAKEN, USER};
use harness::drive::{id, text};
use harness::process::Home;
use harness::{Engine, TestApp, both_dbs};
use sea_orm::EntityTrait;
use serde_json::{Value, json};
use worker::mailbox::{Account, Mailbox};

both_dbs![
    a_mail_in_a_mailbox_is_an_alert_and_is_marked_as_read,
    a_mail_that_somebody_opened_first_is_taken_as_well,
    a_mail_that_was_taken_is_moved_where_the_settings_say,
    a_mailbox_that_is_numbered_anew_brings_nothing_twice,
    a_worker_that_dies_after_a_mail_takes_it_again_without_harm,
    a_huge_mail_is_taken_by_its_head,
    what_is_old_when_a_mailbox_is_first_read_is_left_alone,
    a_mailbox_that_does_not_let_us_in_loses_nothing,
    a_mail_is_in_the_inbox_decoded_and_without_secrets,
];

fn account(dovecot: &Dovecot) -> Account {
    Account {
        host: "127.0.0.1".to_owned(),
        port: dovecot.port(),
        user: USER.to_owned(),
        password: PASSWORD.to_owned(),
        folder: "INBOX".to_owned(),
        taken: None,
        is_encrypted: false,
    }
}

/// The source `mail`.
fn source() -> AlertSource {
    let rule = |subject: &str, means: Means| MailRule {
        from: Pattern::read("*@checks.example").unwrap(),
        subject: Pattern::read(subject).unwrap(),
        means,
        level: None,
    };
    let mail = vec![rule("Down: {id}", Means::Fires), rule("Up: {id}", Means::Ends)];
    AlertSource { name: Some("mail".to_owned()), mail, ..AlertSource::plain(kind("mail").unwrap()) }
}

/// Its mailbox.
fn mailbox(account: Account) -> Mailbox {
    let (source, levels) = (source(), BTreeMap::new());
    Mailbox::new("mail", account, Arc::new(move |mail: &[u8]| source.mail(&levels, mail))).unwrap()
}

fn mail(number: u32, subject: &str) -> Vec<u8> {
    format!(
        "From: noreply@checks.example\r\nDate: Sun, 22 Nov 2026 02:{number:02}:00 +0000\r\nMessage-ID: <{number}@checks.example>\r\n\
         Subject: {subject}\r\n\r\nSeen from Frankfurt.\r\n"
    )
    .into_bytes()
}

/// Every alert: its title, whether it fires, and how often it was told.
async fn alerts(app: &TestApp) -> Vec<(String, bool, i32)> {
    let rows = alert::Entity::find().all(app.system().db.read()).await.unwrap();
    let mut alerts: Vec<(String, bool, i32)> = rows.into_iter().map(|row| (row.title, row.firing, row.count)).collect();
    alerts.sort();
    alerts
}

/// Reads, and says how many mails were taken.
async fn read(app: &TestApp, mailbox: &Mailbox) -> usize {
    mailbox.read(&app.system()).await.unwrap()
}

async fn a_mail_in_a_mailbox_is_an_alert_and_is_marked_as_read(app: &TestApp) {
    let (sam, dovecot) = (app.responder("Sam").await, Dovecot::start().await);
    let mailbox = mailbox(account(&dovecot));
    assert_eq!(read(app, &mailbox).await, 0);
    dovecot.deliver("1", &mail(1, "Down: shop.example.org"));
    assert_eq!(read(app, &mailbox).await, 1);
    assert_eq!(alerts(app).await, [("Down: shop.example.org".to_owned(), true, 1)]);
    assert_eq!(dovecot.inbox(), [("1".to_owned(), true)]);
    dovecot.deliver("2", &mail(2, "Up: shop.example.org"));
    dovecot.deliver("3", &mail(3, "Your invoice"));
    assert_eq!((read(app, &mailbox).await, read(app, &mailbox).await), (2, 0));
    let seen = sam.incident("INC-1", "name alerts { firing }").await;
    assert_eq!(seen, json!({ "name": "Down: shop.example.org", "alerts": [{ "firing": false }] }));
    assert_eq!(sam.query("{ incidents { totalCount } }", json!({})).await["incidents"]["totalCount"], 1);
    assert!(dovecot.inbox().iter().all(|(_, was_read)| *was_read), "{:?}", dovecot.inbox());
}

async fn a_mail_that_somebody_opened_first_is_taken_as_well(app: &TestApp) {
    let dovecot = Dovecot::start().await;
    let mailbox = mailbox(account(&dovecot));
    dovecot.deliver("1", &mail(1, "Down: shop.example.org"));
    read(app, &mailbox).await;
    dovecot.deliver_read("2", &mail(2, "Up: shop.example.org"));
    assert_eq!(read(app, &mailbox).await, 1);
    assert_eq!(alerts(app).await, [("Down: shop.example.org".to_owned(), false, 2)]);
}

async fn a_mail_that_was_taken_is_moved_where_the_settings_say(app: &TestApp) {
    let dovecot = Dovecot::start().await;
    let moving = mailbox(Account { taken: Some(TAKEN.to_owned()), ..account(&dovecot) });
    dovecot.deliver("1", &mail(1, "Down: shop.example.org"));
    assert_eq!((read(app, &moving).await, dovecot.inbox(), dovecot.taken()), (1, Vec::new(), 1));
    // What can't be moved is taken all the same, once.
    let nowhere = mailbox(Account { taken: Some("Nowhere".to_owned()), ..account(&dovecot) });
    dovecot.deliver("2", &mail(2, "Up: shop.example.org"));
    assert_eq!((read(app, &nowhere).await, read(app, &nowhere).await), (1, 0));
    assert_eq!(alerts(app).await, [("Down: shop.example.org".to_owned(), false, 2)]);
}

async fn a_mailbox_that_is_numbered_anew_brings_nothing_twice(app: &TestApp) {
    let dovecot = Dovecot::start().await;
    let mailbox = mailbox(account(&dovecot));
    dovecot.deliver("1", &mail(1, "Down: shop.example.org"));
    read(app, &mailbox).await;
    dovecot.renumber();
    dovecot.deliver("2", &mail(2, "Up: shop.example.org"));
    read(app, &mailbox).await;
    read(app, &mailbox).await;
    assert_eq!(alerts(app).await, [("Down: shop.example.org".to_owned(), false, 2)]);
}

async fn a_worker_that_dies_after_a_mail_takes_it_again_without_harm(app: &TestApp) {
    let dovecot = Dovecot::start().await;
    let mailbox = mailbox(account(&dovecot));
    dovecot.deliver("1", &mail(1, "Down: shop.example.org"));
    dovecot.deliver("2", &mail(2, "Up: shop.example.org"));
    read(app, &mailbox).await;
    // Its place was not kept: so it is after a crash between the two.
    let ctx = app.system();
    let place = domain::alerts::mailbox::place(&ctx, "mail", &account(&dovecot).to_string()).await.unwrap().unwrap();
    domain::alerts::mailbox::keep(&ctx, "mail", &domain::alerts::mailbox::Place { uid: 0, ..place }).await.unwrap();
    assert_eq!(read(app, &mailbox).await, 2);
    let seen = alerts(app).await;
    assert_eq!((seen.len(), seen[0].1), (1, false));
}

async fn a_huge_mail_is_taken_by_its_head(app: &TestApp) {
    let dovecot = Dovecot::start().await;
    let mailbox = mailbox(account(&dovecot));
    let mut huge = mail(1, "Down: shop.example.org");
    huge.extend(std::iter::repeat_n(*b"0123456789\r\n", 30 * 1024 * 1024 / 12).flatten());
    dovecot.deliver("1", &huge);
    assert_eq!(read(app, &mailbox).await, 1);
    assert_eq!(alerts(app).await, [("Down: shop.example.org".to_owned(), true, 1)]);
}

async fn what_is_old_when_a_mailbox_is_first_read_is_left_alone(app: &TestApp) {
    let dovecot = Dovecot::start().await;
    dovecot.deliver_read("1", &mail(1, "Down: shop.example.org"));
    let mailbox = mailbox(account(&dovecot));
    assert_eq!((read(app, &mailbox).await, alerts(app).await.len()), (0, 0));
    dovecot.deliver("2", &mail(2, "Down: blog.example.org"));
    assert_eq!((read(app, &mailbox).await, alerts(app).await.len()), (1, 1));
}

async fn a_mailbox_that_does_not_let_us_in_loses_nothing(app: &TestApp) {
    let dovecot = Dovecot::start().await;
    dovecot.deliver("1", &mail(1, "Down: shop.example.org"));
    let wrong = mailbox(Account { password: "wrong".to_owned(), ..account(&dovecot) });
    assert!(wrong.read(&app.system()).await.is_err());
    // Whoever can't show a certificate is not spoken to.
    let encrypted = mailbox(Account { is_encrypted: true, ..account(&dovecot) });
    assert!(encrypted.read(&app.system()).await.is_err());
    assert_eq!(dovecot.inbox(), [("1".to_owned(), false)]);
    assert_eq!(read(app, &mailbox(account(&dovecot))).await, 1);
}

async fn a_mail_is_in_the_inbox_decoded_and_without_secrets(app: &TestApp) {
    const POSTS: &str = "{ alertPosts { nodes { id hook source kind headers { value } outcome problem isWhole body began incident { reference } \
        takenAgainBy { id } } } }";
    let (ada, dovecot) = (app.admin().await, Dovecot::start().await);
    let mailbox = mailbox(account(&dovecot));
    let posts = async || ada.query(POSTS, json!({})).await["alertPosts"]["nodes"].take();
    let encoded = "From: noreply@checks.example\r\nDate: Sun, 22 Nov 2026 02:01:00 +0000\r\nMessage-ID: <1@checks.example>\r\n\
         Subject: Down: shop.example.org\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: base64\r\n\r\n\
         U2VlbiBmcm9tIEZyYW5rZvxydC4KcGFzc3dvcmQ9aHVudGVyMgo=\r\n";
    dovecot.deliver("1", encoded.as_bytes());
    assert_eq!(read(app, &mailbox).await, 1);
    let post = posts().await[0].take();
    assert_eq!((text(&post, "hook"), text(&post, "source"), text(&post, "kind")), ("alerts/mail", "mail", "mail"));
    assert_eq!((text(&post, "outcome"), &post["isWhole"], &post["began"]), ("TAKEN", &json!(true), &json!(1)));
    assert_eq!((&post["headers"][0]["value"], &post["incident"]["reference"]), (&json!("message/rfc822"), &json!("INC-1")));
    let body: Value = serde_json::from_str(text(&post, "body")).unwrap();
    assert_eq!(body["text"].as_str().map(str::trim), Some("Seen from Frankf\u{fc}rt.\npassword=(cut)"));
    assert!(!text(&post, "body").contains("aHVudGVyMg"), "{post}");
    // It can be taken again.
    let reader = alert_sources::reader(BTreeMap::from([("mail".to_owned(), Arc::new(source()))]), BTreeMap::new());
    let post_id = AlertPostId::parse(id(&post)).unwrap();
    inbox::again(&app.ctx(&ada).await, post_id, |kept| reader.read(kept)).await.unwrap();
    let post = posts().await[0].take();
    assert_eq!((text(&post, "outcome"), &post["began"], &post["takenAgainBy"]["id"]), ("TAKEN", &json!(0), &json!(ada.id())));
    // One that is no alert is there as well, and its source is heard of all the same.
    dovecot.deliver("2", b"Colour: red\r\n\r\nThe \xff secret=hunter2\r\n");
    assert_eq!(read(app, &mailbox).await, 0);
    let post = posts().await[0].take();
    assert_eq!((text(&post, "outcome"), text(&post, "body").contains("hunter2")), ("UNREADABLE", false));
    assert!(text(&post, "body").contains("secret=(cut)") && text(&post, "problem").contains("From or Subject"), "{post}");
    let source = heartbeats::sources(&app.system()).await.unwrap().remove("alerts/mail").unwrap();
    assert_eq!((source.last_heard_at, source.last_refused_at), (Some(app.now()), Some(app.now())));
}

/// The chore of the real binary reads it, and `muster check mailbox` says whether it could.
#[tokio::test(flavor = "multi_thread")]
async fn the_worker_reads_its_mailbox_and_check_says_whether_it_can() {
    let (dovecot, database) = (Dovecot::start().await, TestDatabase::create(Engine::Sqlite).await);
    let folder = tempfile::TempDir::with_prefix("muster-mailbox-").unwrap();
    let home = Home::new(folder.path(), database.url());
    let token = home.run(&["token", "create", "--name", "test", "--access", "responder", "--email", "sam@example.org"]);
    let port = dovecot.port().to_string();
    let set_up = |arguments: &[&str], password: &str| {
        let mut command = home.command(arguments);
        for (name, value) in [
            ("KIND", "mail"),
            ("IMAP__HOST", "127.0.0.1"),
            ("IMAP__PORT", &*port),
            ("IMAP__USER", USER),
            ("IMAP__PASSWORD", password),
            ("IMAP__TLS", "false"),
            ("IMAP__MOVE_TO", TAKEN),
            ("MAIL__1__FROM", "*@checks.example"),
            ("MAIL__1__SUBJECT", "Down: {id}"),
            ("MAIL__1__MEANS", "fires"),
        ] {
            command.env(format!("MUSTER_ALERTS__SOURCES__MAIL__{name}"), value);
        }
        command
    };
    let Output { status, stdout, .. } = set_up(&["check", "mailbox"], PASSWORD).output().unwrap();
    let said = String::from_utf8_lossy(&stdout).into_owned();
    assert!(status.success() && said.contains("ok: the folder INBOX") && said.contains("ok: the folder Taken"), "{said}");
    let Output { status, stdout, .. } = set_up(&["check", "mailbox"], "wrong").output().unwrap();
    let said = String::from_utf8_lossy(&stdout).into_owned();
    assert!(!status.success() && said.contains("refuses the user or the password") && !said.contains("wrong"), "{said}");
    dovecot.deliver("1", &mail(1, "Down: shop.example.org"));
    let mut serve = set_up(&["serve"], PASSWORD);
    // However much is asked for, the log has no command of the library for IMAP: one has the password.
    serve.env("MUSTER_LOG__FILTER", "info,worker=trace,async_imap=trace,log=trace");
    let server = home.start_by(serve).await;
    let client = server.client(&token);
    harness::eventually("the mail is an incident", std::time::Duration::from_secs(60), async || {
        let seen = client.query("{ incidents { totalCount } }", json!({})).await;
        (seen["incidents"]["totalCount"] == 1).then_some(())
    })
    .await;
    harness::eventually("it is moved", std::time::Duration::from_secs(20), async || (dovecot.taken() == 1).then_some(())).await;
    let log = std::fs::read_to_string(folder.path().join("log")).unwrap();
    assert!(!log.is_empty() && !log.contains(PASSWORD), "the password is in the log");
}
