//! What is kept in step: the look of a channel, messages that change, and what is read there.

use domain::ports::{ChatReplies, ChatRooms, Dress, Field, FieldKind, Form, FormKind, Posted, Refusal, SeenChatFile};
use harness::fakes::slack::{BOT_USER, Done, KIM, LEE, SAM};

use super::*;

pub(super) async fn dressed(outlet: &SlackOutlet, channel: &str, dress: &Dress) -> domain::ports::Dressed {
    outlet.dress(channel, dress).await.unwrap_or_else(|refusal| panic!("{refusal:?}"))
}

pub(super) fn dress(topic: &str, summary_at: Option<String>) -> Dress {
    Dress {
        marker: MARKER.to_owned(),
        topic: topic.to_owned(),
        link: ChatLink { text: "INC-7".to_owned(), url: "https://muster.example.org/incidents/INC-7".to_owned() },
        summary: said(topic),
        summary_at,
        is_archived: false,
    }
}

async fn made(fake: &SlackFake, outlet: &SlackOutlet) -> String {
    done(outlet, order(1, 1, channel(MARKER))).await;
    fake.channel_named(NAME).id
}

#[tokio::test]
async fn a_channel_is_dressed_once_and_kept_in_step() {
    let fake = fake().await;
    let outlet = outlet(&fake);
    let channel = made(&fake, &outlet).await;
    let first = dressed(&outlet, &channel, &dress("<!here> & down", None)).await;
    let look = || fake.channel_named(NAME);
    assert_eq!(look().topic, "&lt;!here&gt; &amp; down");
    assert_eq!((look().pins, look().bookmarks.len(), first.problem), (first.summary_at.clone().into_iter().collect::<Vec<_>>(), 1, None));
    // A worker that died before it could say where the summary is.
    let again = dressed(&outlet, &channel, &dress("it is up", None)).await;
    assert_eq!((again.summary_at.as_ref(), look().bookmarks.len(), fake.messages(&channel).len()), (first.summary_at.as_ref(), 1, 1));
    assert!(fake.messages(&channel)[0].words().contains("it is up"));
    fake.forget_requests();
    dressed(&outlet, &channel, &dress("it is up", first.summary_at.clone())).await;
    let calls: Vec<String> = fake.requests().into_iter().map(|request| request.path).collect();
    assert_eq!(calls, ["/api/conversations.info", "/api/chat.update"]);
    // Somebody deletes the summary.
    fake.deletes(&channel, first.summary_at.as_ref().unwrap());
    let anew = dressed(&outlet, &channel, &dress("it is up", first.summary_at.clone())).await;
    assert!(anew.summary_at != first.summary_at && look().pins.contains(anew.summary_at.as_ref().unwrap()));
    let over = Dress { is_archived: true, ..dress("it is over", anew.summary_at) };
    assert!(dressed(&outlet, &channel, &over).await.is_archived && look().is_archived);
    assert!(dressed(&outlet, &channel, &over).await.problem.is_none());
    assert_eq!(fake.violations(), [""; 0]);
}

#[tokio::test]
async fn what_people_did_to_a_channel_is_said() {
    let fake = fake().await;
    let outlet = outlet(&fake);
    let channel = made(&fake, &outlet).await;
    fake.take_scope("pins:write");
    let first = dressed(&outlet, &channel, &dress("down", None)).await;
    assert!(first.problem.is_some_and(|problem| problem.contains("pins:write")), "the rest is done");
    assert!(first.summary_at.is_some() && fake.channel_named(NAME).topic == "down");
    fake.throws_out(&channel);
    let out = dressed(&outlet, &channel, &dress("down", first.summary_at.clone())).await;
    assert!(out.is_gone && out.problem.is_some_and(|problem| problem.contains("invite")));
    fake.changes(&channel, "member_joined_channel", |channel| {
        channel.members.insert(BOT_USER.to_owned());
    });
    fake.changes(&channel, "group_converted", |channel| channel.is_private = true);
    let closed = dressed(&outlet, &channel, &dress("down", first.summary_at.clone())).await;
    assert_eq!((first.is_private, closed.is_private), (Some(false), Some(true)));
    fake.changes(&channel, "channel_archive", |channel| channel.is_archived = true);
    let archived = dressed(&outlet, &channel, &dress("still down", first.summary_at.clone())).await;
    assert!(archived.is_archived && archived.problem.is_some());
    let at = Posted { channel: channel.clone(), ts: first.summary_at.unwrap() };
    outlet.revise(&at, &said("nobody can see it")).await.unwrap();
    fake.deletes_channel(&channel);
    let gone = dressed(&outlet, &channel, &dress("down", None)).await;
    assert!(gone.is_gone && gone.problem.is_some());
    outlet.revise(&at, &said("it is gone")).await.unwrap();
}

#[tokio::test]
async fn people_are_known_by_address_and_account() {
    let fake = fake().await;
    let outlet = outlet(&fake);
    let kim = outlet.by_email("KIM@example.org").await.unwrap().unwrap();
    assert_eq!((&*kim.account, &*kim.name, kim.is_outsider), (KIM, "Kim", false));
    assert_eq!(outlet.by_email("nobody@example.org").await, Ok(None));
    fake.changes_user(LEE, |lee| lee.is_guest = true);
    fake.changes_user(SAM, |sam| sam.is_deleted = true);
    assert!(outlet.by_account(LEE).await.unwrap().unwrap().is_outsider);
    assert!(outlet.by_account(SAM).await.unwrap().unwrap().is_gone);
    assert_eq!(outlet.by_email("sam@example.org").await, Ok(None));
}

#[tokio::test]
async fn history_has_what_people_said_with_threads_and_files() {
    let fake = fake().await;
    let outlet = outlet(&fake);
    let channel = made(&fake, &outlet).await;
    dressed(&outlet, &channel, &dress("down", None)).await;
    let first = fake.says(KIM, &channel, "it &lt;is&gt; down, <@U0LEE>");
    fake.answers(LEE, &channel, &first, "since when?");
    let with_file = fake.shares(SAM, &channel, "see this", "log.txt", "disk full");
    let batch = outlet.history(&channel, None, None).await.unwrap();
    let texts: Vec<&str> = batch.items.iter().map(|message| message.text.as_str()).collect();
    assert_eq!((texts, batch.next), (vec!["it <is> down, @U0LEE", "since when?", "see this"], None));
    assert_eq!(batch.items[0].unnamed, ["U0LEE"]);
    assert!(batch.items[0].url.as_ref().is_some_and(|url| url.contains("/archives/")));
    let file = &batch.items[2].files[0];
    assert_eq!(outlet.file(file, 1024).await, Ok(b"disk full".to_vec()));
    assert!(matches!(outlet.file(file, 3).await, Err(Refusal::Never(_))), "it is too large");
    let unsized_file = SeenChatFile { bytes: None, ..file.clone() };
    assert!(matches!(outlet.file(&unsized_file, 3).await, Err(Refusal::Never(_))), "it turns out to be");
    let elsewhere = SeenChatFile { url: Some("https://files.example.org/log.txt".to_owned()), ..file.clone() };
    assert!(matches!(outlet.file(&elsewhere, 1024).await, Err(Refusal::Never(_))));
    let one = outlet.message(&Posted { channel: channel.clone(), ts: with_file.clone() }).await.unwrap().unwrap();
    assert_eq!((one.text.as_str(), one.account.as_deref()), ("see this", Some(SAM)));
    let later = outlet.history(&channel, Some(&with_file), None).await.unwrap();
    assert!(later.items.is_empty(), "{later:?}");
    for number in 0..50 {
        fake.says(KIM, &channel, &format!("more {number}"));
    }
    let page = outlet.history(&channel, Some(&with_file), None).await.unwrap();
    let rest = outlet.history(&channel, Some(&with_file), page.next.as_deref()).await.unwrap();
    assert_eq!((page.items.len(), rest.items.len(), rest.next), (40, 10, None));
}

#[tokio::test]
async fn a_form_opens_once_and_only_in_time() {
    let fake = fake().await;
    let outlet = outlet(&fake);
    let field = Field {
        key: "name".to_owned(),
        label: "What is wrong?".to_owned(),
        hint: None,
        kind: FieldKind::Text,
        required: true,
        initial: vec!["<!channel>".to_owned()],
        problem: None,
    };
    let form = Form {
        kind: FormKind::Declare,
        title: "A new incident".to_owned(),
        notes: Vec::new(),
        fields: vec![field],
        incident: None,
        version: None,
    };
    fake.refuse_next(1, "views.open", "expired_trigger_id", Done::No);
    assert!(matches!(outlet.open_form("any", &form).await, Err(Refusal::Never(reason)) if reason.contains("too long")));
    assert!(matches!(outlet.open_form("unknown", &form).await, Err(Refusal::Never(_))));
    assert!(fake.form_of(BOT_USER).is_none());
}

#[tokio::test]
async fn neither_the_channel_of_everybody_nor_a_conversation_is_taken() {
    let fake = fake().await;
    let outlet = outlet(&fake);
    done(&outlet, order(1, 1, letter("hello"))).await;
    for place in [GENERAL.to_owned(), fake.conversation_with(KIM)] {
        assert!(matches!(outlet.join(&place).await, Err(Refusal::Never(_))), "{place}");
    }
}

#[tokio::test]
async fn a_topic_that_comes_back_with_links_is_left_alone() {
    let fake = fake().await;
    let outlet = outlet(&fake);
    let channel = made(&fake, &outlet).await;
    let wanted = dress("minor & new · https://muster.example.org/incidents/INC-7", None);
    let first = dressed(&outlet, &channel, &wanted).await;
    let linked = "minor &amp; new · <https://muster.example.org/incidents/INC-7>";
    fake.changes(&channel, "links", |channel| channel.topic = linked.to_owned());
    dressed(&outlet, &channel, &Dress { summary_at: first.summary_at, ..wanted }).await;
    assert_eq!(fake.channel_named(NAME).topic, linked);
}
