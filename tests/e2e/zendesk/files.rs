//! A document on a ticket (R29): its text as HTML and one file, whatever gets lost, and the text in any case.

use document::About;
use domain::clock::{Clock, SystemClock};
use domain::ports::{Comment, DeskOrder, Effect, Paper, Refusal};
use harness::fakes::{Fault, ZendeskFake};
use harness::process::press_at;
use worker::outlets::zendesk::ZendeskOutlet;

use super::{LIMITS, asked, assert_as_described, done, fake, order, refused, settings, ticket};

/// What happens to the answer to an upload.
const LOSSES: [Fault; 8] = [
    Fault::TooMany { retry_after: 1 },
    Fault::ServerError,
    Fault::Unavailable,
    Fault::Cut,
    Fault::Garbage,
    Fault::DoneThenCut,
    Fault::DoneThenGarbage,
    Fault::Huge(5 << 20),
];

/// Without a typesetter: files are DOCX, and there at once.
fn outlet(fake: &ZendeskFake) -> ZendeskOutlet {
    ZendeskOutlet::with_limits(&settings(fake), press_at("/nowhere/typeset"), LIMITS).unwrap()
}

fn letter(ticket: u64) -> Effect {
    let about = About { lang: "en".to_owned(), ident: "INC-7 report".to_owned(), meta: Vec::new(), at: SystemClock.now() };
    let markdown = "# INC-7: R&amp;D was down\n\n- For [two](https://example.org/a) hours\n";
    let paper = Some(Paper::new("INC-7-report-example".to_owned(), String::new(), markdown, about));
    let (text, to) = ("INC-7: R&D was down".to_owned(), "Example plc".to_owned());
    Effect::Desk(DeskOrder::Comment(Comment { ticket: ticket.to_string(), text, public: true, to, paper }))
}

/// The names of the files of each public comment but the client's.
fn replies(fake: &ZendeskFake, number: u64) -> Vec<Vec<String>> {
    let comments = ticket(fake, number).comments;
    comments[1..].iter().map(|comment| comment.attachments.iter().map(|file| file.file_name.clone()).collect()).collect()
}

#[tokio::test]
async fn an_upload_that_fails_is_made_again_and_the_reply_has_one_file() {
    let fake = fake().await;
    let outlet = outlet(&fake);
    for (number, fault) in (1u128..).zip(LOSSES) {
        let asked = asked(&fake);
        fake.fail_next(1, "POST", "/api/v2/uploads", fault);
        let lost = refused(&outlet, order(number, 1, letter(asked))).await;
        assert!(matches!(lost, Refusal::Later { .. }), "{fault:?}: nothing was written, so nothing is unclear: {lost:?}");
        assert_eq!(replies(&fake, asked), [[""; 0]; 0], "{fault:?}");
        done(&outlet, order(number, 2, letter(asked))).await;
        assert_eq!(replies(&fake, asked), [["INC-7-report-example.docx"]], "{fault:?}");
    }
    let audits = fake.requests().iter().filter(|received| received.path.ends_with("/audits")).count();
    assert_eq!(audits, 0, "no comment was sent before, so there is no trace to look for");
    assert_as_described(&fake);
}

#[tokio::test]
async fn a_reply_whose_answer_is_lost_is_not_made_again() {
    let fake = fake().await;
    let outlet = outlet(&fake);
    for (number, fault) in (1u128..).zip([Fault::DoneThenCut, Fault::DoneThenGarbage, Fault::Cut, Fault::ServerError]) {
        let asked = asked(&fake);
        fake.fail_next(1, "PUT", "/api/v2/tickets", fault);
        assert!(matches!(refused(&outlet, order(number, 1, letter(asked))).await, Refusal::Unclear(_)), "{fault:?}");
        for attempt in [2, 3] {
            done(&outlet, order(number, attempt, letter(asked))).await;
        }
        assert_eq!(replies(&fake, asked), [["INC-7-report-example.docx"]], "{fault:?}: with a token that was good");
    }
    let reply = ticket(&fake, 101).comments.pop().unwrap();
    assert!(reply.html_body.contains("<h1>INC-7: R&amp;D was down</h1>") && reply.html_body.contains("<ul><li>For <a"), "{reply:?}");
    assert_as_described(&fake);
}

#[tokio::test]
async fn a_reply_goes_out_without_a_file_that_is_not_taken() {
    let too_large = fake().await;
    too_large.set_upload_limit(100);
    let none_allowed = fake().await;
    none_allowed.refuse_uploads();
    for fake in [too_large, none_allowed] {
        let asked = asked(&fake);
        done(&outlet(&fake), order(1, 1, letter(asked))).await;
        assert_eq!(replies(&fake, asked), [[""; 0]]);
        assert!(ticket(&fake, asked).comments[1].body.contains("INC-7: R&D was down"));
        assert_as_described(&fake);
    }
}
