//! Channels and messages come once, whatever becomes of an answer.

use domain::ports::{Posted, Refusal};
use harness::fakes::Fault;
use harness::fakes::slack::{BOT_USER, Done, GENERAL, KIM, SAM};

use super::*;

const CREATE: &str = "/api/conversations.create";
const POST: &str = "/api/chat.postMessage";

#[tokio::test]
async fn a_channel_is_made_and_found_again() {
    let fake = fake().await;
    let outlet = outlet(&fake);
    let receipt = done(&outlet, order(1, 1, channel(MARKER))).await;
    let made = fake.channel_named(NAME);
    assert_eq!(receipt.external_id.as_deref(), Some(&*made.id));
    assert!(receipt.external_url.is_some_and(|url| url.ends_with(&format!("/archives/{}", made.id))));
    assert!(made.members.contains(KIM) && made.members.contains(BOT_USER), "who is unknown is passed over: {:?}", made.members);
    assert!(made.purpose.contains(MARKER) && made.purpose.contains("&lt;!channel&gt;"), "{}", made.purpose);
    // Another worker, which knows nothing of it.
    let again = done(&super::outlet(&fake), order(1, 2, channel(MARKER))).await;
    assert_eq!((again.external_id, fake.channels_like("inc-").len()), (Some(made.id), 1));
    assert_eq!(fake.violations(), [""; 0]);
}

#[tokio::test]
async fn a_name_that_is_taken_gets_a_number() {
    let fake = fake().await;
    let outlet = outlet(&fake);
    fake.makes_channel(SAM, NAME);
    done(&outlet, order(1, 1, channel("inc_1"))).await;
    done(&outlet, order(2, 1, channel("inc_2"))).await;
    let [second, third] = [2, 3].map(|number| fake.channel_named(&format!("{NAME}-{number}")));
    assert!(second.purpose.contains("inc_1") && third.purpose.contains("inc_2"));
    // Both are found again, and the one of people is left alone.
    for (number, marker, channel_of) in [(1, "inc_1", &second), (2, "inc_2", &third)] {
        let found = done(&super::outlet(&fake), order(number, 2, channel(marker))).await;
        assert_eq!(found.external_id.as_ref(), Some(&channel_of.id));
    }
    assert_eq!((fake.channels_like("inc-").len(), fake.channel_named(NAME).purpose), (3, String::new()));
}

#[tokio::test]
async fn a_channel_whose_answer_got_lost_is_found() {
    for fault in [Fault::DoneThenCut, Fault::DoneThenGarbage] {
        let fake = fake().await;
        fake.fail_next(1, "POST", CREATE, fault);
        assert!(matches!(refused(&outlet(&fake), order(1, 1, channel(MARKER))).await, Refusal::Unclear(_)));
        // It may belong to an attempt for another incident of that name, which is about to say so.
        assert!(matches!(refused(&outlet(&fake), order(1, 2, channel(MARKER))).await, Refusal::Later { after: Some(_), .. }));
        let made = fake.channel_named(NAME);
        fake.changes(&made.id, "time_passed", |channel| channel.created -= 120);
        let found = done(&outlet(&fake), order(1, 3, channel(MARKER))).await;
        assert_eq!((found.external_id, fake.channels_like("inc-").len()), (Some(made.id), 1), "{fault:?}");
    }
}

#[tokio::test]
async fn what_was_made_here_and_not_marked_is_marked() {
    let fake = fake().await;
    let outlet = outlet(&fake);
    fake.refuse_next(1, "conversations.setPurpose", "internal_error", Done::No);
    assert!(matches!(refused(&outlet, order(1, 1, channel(MARKER))).await, Refusal::Unclear(_)));
    done(&outlet, order(1, 2, channel(MARKER))).await;
    assert!(fake.channels_like("inc-").len() == 1 && fake.channel_named(NAME).purpose.contains(MARKER));
}

/// The incident became restricted between two attempts.
#[tokio::test]
async fn what_everybody_reads_is_never_the_channel_of_a_restricted_incident() {
    let fake = fake().await;
    let outlet = outlet(&fake);
    fake.refuse_next(1, "conversations.setPurpose", "internal_error", Done::Yes);
    refused(&outlet, order(1, 1, channel(MARKER))).await;
    let mut restricted = channel(MARKER);
    restricted.is_private = true;
    for outlet in [outlet, super::outlet(&fake)] {
        let receipt = done(&outlet, order(1, 2, restricted.clone())).await;
        let made = fake.channel_named(&format!("{NAME}-2"));
        assert!(made.is_private && receipt.external_id.as_ref() == Some(&made.id), "{receipt:?} {made:?}");
    }
}

#[tokio::test]
async fn a_channel_that_is_there_is_taken() {
    let fake = fake().await;
    let theirs = fake.makes_channel(SAM, "war-room");
    let mut taken = channel(MARKER);
    taken.taken = Some(theirs.clone());
    let receipt = done(&outlet(&fake), order(1, 1, taken)).await;
    assert_eq!(receipt.external_id, Some(theirs.clone()));
    let channel = fake.channel_named("war-room");
    assert!(channel.members.contains(BOT_USER) && channel.members.contains(KIM) && fake.channels_like("inc-").is_empty());
}

#[tokio::test]
async fn a_message_is_posted_once_whatever_becomes_of_the_answer() {
    let fake = fake().await;
    let faults = [Fault::DoneThenCut, Fault::DoneThenGarbage, Fault::ServerError, Fault::Unavailable, Fault::Cut, Fault::Garbage];
    for (number, fault) in (1..).zip(faults) {
        fake.fail_next(1, "POST", POST, fault);
        let text = format!("number {number}");
        refused(&outlet(&fake), order(number, 1, notice(&text))).await;
        let receipt = done(&outlet(&fake), order(number, 2, notice(&text))).await;
        let found: Vec<_> = fake.messages(GENERAL).into_iter().filter(|message| message.words() == text).collect();
        assert_eq!(found.len(), 1, "{fault:?}");
        let at = Posted { channel: GENERAL.to_owned(), ts: found[0].ts.clone() };
        assert_eq!(receipt.external_id, Some(at.to_string()));
        fake.advance(Duration::from_secs(2));
    }
    for (number, error) in [(77, "fatal_error"), (78, "internal_error")] {
        fake.refuse_next(1, "chat.postMessage", error, Done::Yes);
        assert!(matches!(refused(&outlet(&fake), order(number, 1, letter(error))).await, Refusal::Unclear(_)));
        done(&outlet(&fake), order(number, 2, letter(error))).await;
        assert_eq!(fake.letters(KIM).iter().filter(|letter| letter.words().contains(error)).count(), 1);
        fake.advance(Duration::from_secs(2));
    }
    assert_eq!(fake.violations(), [""; 0]);
}

#[tokio::test]
async fn nothing_that_is_said_mentions_anybody_else() {
    let fake = fake().await;
    let hostile = "<!channel> & <@U0LEE> @here";
    let mut mine = message(GENERAL, hostile);
    mine.said.mentions = vec![KIM.to_owned()];
    mine.said.paragraphs = vec![hostile.repeat(600)];
    done(&outlet(&fake), order(1, 1, mine)).await;
    let [posted] = &fake.messages(GENERAL)[..] else { panic!() };
    for text in [posted.text.clone(), posted.words()] {
        assert_eq!(text.matches("<@").count(), 1, "{text}");
        assert!(text.contains("<@U0KIM>") && !text.contains("<!"), "{text}");
    }
    let sections = posted.blocks.as_array().unwrap().iter().filter(|block| block["type"] == "section");
    assert!(sections.into_iter().all(|section| section["text"]["verbatim"] == true));
}
