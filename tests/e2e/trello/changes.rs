//! What people do with cards in Trello is taken over, whether a webhook reported it or a comparison found it.

use harness::both_dbs;
use harness::drive::text;
use harness::fakes::Fault;
use harness::fakes::trello::{Card, DOING, DONE, Delivering, KIM, ME, OTHER_LIST, TODO};
use serde_json::{Value, json};

use super::{MINUTE, Scene, delivery_rows, play};

both_dbs![by play:
    changes_come_by_webhook,
    unreported_changes_are_found,
    our_own_echoes_change_nothing,
    of_two_changes_the_newer_wins_and_both_are_recorded,
    a_change_that_an_order_meets_is_not_overwritten,
    what_only_we_changed_is_written_although_the_card_moved,
    a_deleted_card_drops_its_follow_up,
    an_archived_card_drops_its_follow_up_unless_it_was_done,
    one_board_that_fails_does_not_hold_up_the_others,
];

/// One thing after another is done to the card; `tell` makes it known. The result must be the same either way.
async fn plays(scene: &Scene<'_>, made: &Value, card: &Card, tell: impl AsyncFn()) {
    let (fake, id) = (&scene.fake, &*card.id);
    let told = async |count: usize| {
        tell().await;
        scene.app.advance(MINUTE);
        let events = scene.told().await;
        assert_eq!(events.len(), count + 2, "{events:?}");
        assert!(delivery_rows(scene.app).await.is_empty(), "no order goes back");
        let (source, text) = events.last().unwrap().clone();
        assert_eq!(source, "TRELLO");
        (scene.row(made).await, text)
    };
    fake.person_renames(KIM, id, "better");
    let (row, text) = told(1).await;
    assert_eq!(row["title"], "better");
    assert!(text.contains("title “one” → “better”"), "{text}");
    fake.person_sets_due(KIM, id, Some("2026-11-30T09:00:00Z"));
    assert_eq!(told(2).await.0["dueOn"], "2026-11-30");
    fake.person_sets_due(KIM, id, None);
    assert_eq!(told(3).await.0["dueOn"], Value::Null);
    fake.person_sets(ME, id, &[("idMembers", ME)]);
    tell().await;
    scene.app.advance(MINUTE);
    assert_eq!(scene.row(made).await["owner"]["name"], "Kim", "nobody on the team is that member");
    fake.person_moves(KIM, id, DOING);
    tell().await;
    scene.app.advance(MINUTE);
    fake.person_moves(KIM, id, DONE);
    assert_eq!(told(4).await.0["state"], "DONE");
    fake.person_moves(KIM, id, DOING);
    assert_eq!(told(5).await.0["state"], "OPEN");
    fake.person_sets(KIM, id, &[("dueComplete", "true")]);
    let (row, _) = told(6).await;
    assert!(row["state"] == "DONE" && row["settledAt"].is_string(), "{row}");
    fake.person_sets(KIM, id, &[("dueComplete", "false")]);
    assert_eq!(told(7).await.0["state"], "OPEN");
    fake.person_comments(KIM, id, "a word");
    tell().await;
    assert_eq!(scene.told().await.len(), 9);
}

async fn changes_come_by_webhook(scene: &Scene<'_>) {
    scene.reconcile().await;
    let (made, card) = scene.add_with_card("one").await;
    scene.bring_webhooks().await;
    plays(scene, &made, &card, async || assert!(scene.bring_webhooks().await.iter().all(|status| *status == 200))).await;
    // The comparison finds nothing that was not reported.
    let before = scene.told().await.len();
    scene.reconcile().await;
    assert_eq!(scene.told().await.len(), before);
}

async fn unreported_changes_are_found(scene: &Scene<'_>) {
    scene.fake.deliver(Delivering::Lose);
    let (made, card) = scene.add_with_card("one").await;
    plays(scene, &made, &card, async || scene.reconcile().await).await;
}

async fn our_own_echoes_change_nothing(scene: &Scene<'_>) {
    scene.reconcile().await;
    let (made, _) = scene.add_with_card("one").await;
    for change in
        [json!({ "title": "two" }), json!({ "dueOn": "2026-12-01" }), json!({ "ownerId": scene.sam.id() }), json!({ "description": "x" })]
    {
        scene.update(&made, change).await;
        scene.work().await;
        scene.app.advance(MINUTE);
    }
    for state in ["DONE", "OPEN", "DROPPED", "OPEN"] {
        scene.settle(&made, state).await;
        scene.work().await;
        scene.app.advance(MINUTE);
    }
    let (before, row) = (scene.told().await, scene.row(&made).await);
    let echoes = scene.fake.collected();
    assert!(echoes.len() > 8, "{}", echoes.len());
    // All at the end, the newest first, and then once more.
    for echo in echoes.iter().rev().take(1).chain(&echoes[echoes.len() - 1..]) {
        assert_eq!(scene.post(echo).await, 200);
    }
    scene.reconcile().await;
    assert_eq!((scene.told().await, scene.row(&made).await), (before, row));
    assert!(delivery_rows(scene.app).await.is_empty());
}

async fn of_two_changes_the_newer_wins_and_both_are_recorded(scene: &Scene<'_>) {
    scene.fake.deliver(Delivering::Lose);
    let (made, card) = scene.add_with_card("one").await;
    // Ours is newer.
    scene.fake.person_renames(KIM, &card.id, "theirs");
    scene.app.advance(MINUTE);
    scene.update(&made, json!({ "title": "ours" })).await;
    scene.reconcile().await;
    let (source, text) = scene.told().await.pop().unwrap();
    assert!(source == "TRELLO" && text.contains("stays “ours”") && text.contains("“theirs”"), "{text}");
    scene.work().await;
    assert_eq!((scene.row(&made).await["title"].clone(), scene.fake.card(&card.id).unwrap().name), (json!("ours"), "ours".to_owned()));
    scene.app.advance(MINUTE);
    // Theirs is newer.
    scene.update(&made, json!({ "title": "ours again" })).await;
    scene.app.advance(MINUTE);
    scene.fake.person_renames(KIM, &card.id, "theirs again");
    scene.reconcile().await;
    let (_, text) = scene.told().await.pop().unwrap();
    assert!(text.contains("is now “theirs again”") && text.contains("“ours again”"), "{text}");
    scene.work().await;
    assert_eq!(scene.row(&made).await["title"], "theirs again");
    assert_eq!(scene.fake.card(&card.id).unwrap().name, "theirs again");
    let before = scene.told().await.len();
    scene.app.advance(MINUTE);
    scene.reconcile().await;
    assert_eq!(scene.told().await.len(), before);
}

/// A change went unreported until our order came.
async fn a_change_that_an_order_meets_is_not_overwritten(scene: &Scene<'_>) {
    scene.fake.deliver(Delivering::Lose);
    let (made, card) = scene.add_with_card("one").await;
    // Another field: both hold.
    scene.fake.person_sets_due(KIM, &card.id, Some("2026-12-24T12:00:00Z"));
    scene.app.advance(MINUTE);
    scene.update(&made, json!({ "title": "two" })).await;
    scene.work().await;
    let (row, now) = (scene.row(&made).await, scene.fake.card(&card.id).unwrap());
    assert_eq!((&row["title"], &row["dueOn"], &*now.name), (&json!("two"), &json!("2026-12-24"), "two"));
    assert_eq!(now.due.unwrap().to_rfc3339(), "2026-12-24T12:00:00+00:00");
    scene.app.advance(MINUTE);
    // The same field, and theirs is newer.
    scene.update(&made, json!({ "title": "ours" })).await;
    scene.app.advance(MINUTE);
    scene.fake.person_renames(KIM, &card.id, "theirs");
    scene.work().await;
    assert_eq!((scene.row(&made).await["title"].clone(), scene.fake.card(&card.id).unwrap().name), (json!("theirs"), "theirs".to_owned()));
    scene.app.advance(MINUTE);
    // The same field, and ours is newer.
    scene.fake.person_renames(KIM, &card.id, "theirs again");
    scene.app.advance(MINUTE);
    scene.update(&made, json!({ "title": "ours again" })).await;
    scene.work().await;
    assert_eq!(scene.fake.card(&card.id).unwrap().name, "ours again");
    let (_, text) = scene.told().await.pop().unwrap();
    assert!(text.contains("stays “ours again”"), "{text}");
}

async fn what_only_we_changed_is_written_although_the_card_moved(scene: &Scene<'_>) {
    scene.fake.deliver(Delivering::Lose);
    let (made, card) = scene.add_with_card("one").await;
    // Another time on the same day, another list that means nothing, and another word in the description.
    scene.fake.person_sets(KIM, &card.id, &[("due", "2026-11-24T09:00:00Z"), ("idList", DOING), ("desc", "my notes")]);
    scene.app.advance(MINUTE);
    scene.update(&made, json!({ "dueOn": "2026-12-01" })).await;
    scene.settle(&made, "DONE").await;
    scene.work().await;
    let now = scene.fake.card(&card.id).unwrap();
    assert_eq!((now.due.unwrap().to_rfc3339(), &*now.list, &*now.desc), ("2026-12-01T18:00:00+00:00".to_owned(), DONE, "my notes"));
    scene.settle(&made, "OPEN").await;
    scene.work().await;
    assert_eq!(scene.fake.card(&card.id).unwrap().list, TODO);
}

async fn a_deleted_card_drops_its_follow_up(scene: &Scene<'_>) {
    scene.reconcile().await;
    let (one, card) = scene.add_with_card("one").await;
    scene.fake.person_deletes(KIM, &card.id);
    scene.bring_webhooks().await;
    let row = scene.row(&one).await;
    assert_eq!((&row["state"], &row["cardUrl"]), (&json!("DROPPED"), &Value::Null));
    assert!(scene.told().await.pop().unwrap().1.contains("was deleted in Trello"));
    // Opened again, it gets another card.
    scene.settle(&one, "OPEN").await;
    scene.work().await;
    assert_eq!(scene.fake.cards().len(), 1);
    assert!(text(&scene.row(&one).await, "cardUrl").contains(&scene.fake.cards()[0].short_link));
    // Nothing reports it.
    scene.fake.deliver(Delivering::Lose);
    scene.app.advance(MINUTE);
    scene.fake.person_deletes(KIM, &scene.fake.cards()[0].id);
    scene.reconcile().await;
    assert_eq!(scene.row(&one).await["state"], "DROPPED");
    // An order finds it.
    let (two, card) = scene.add_with_card("two").await;
    scene.fake.person_deletes(KIM, &card.id);
    scene.update(&two, json!({ "title": "deux" })).await;
    scene.work().await;
    assert_eq!(scene.row(&two).await["state"], "DROPPED");
    // What was done stays done, and opening it again makes another card.
    let (three, card) = scene.add_with_card("three").await;
    scene.settle(&three, "DONE").await;
    scene.work().await;
    scene.fake.person_deletes(KIM, &card.id);
    scene.app.advance(MINUTE);
    scene.reconcile().await;
    assert_eq!(scene.row(&three).await["state"], "DONE");
    scene.settle(&three, "OPEN").await;
    scene.work().await;
    let row = scene.row(&three).await;
    assert_eq!((&row["state"], scene.fake.cards().len()), (&json!("OPEN"), 1), "{row}");
    // Moved away is not deleted.
    let (four, card) = scene.add_with_card("four").await;
    scene.fake.person_moves(KIM, &card.id, OTHER_LIST);
    scene.app.advance(MINUTE);
    scene.reconcile().await;
    assert_eq!(scene.row(&four).await["state"], "OPEN");
}

async fn an_archived_card_drops_its_follow_up_unless_it_was_done(scene: &Scene<'_>) {
    scene.reconcile().await;
    let (made, card) = scene.add_with_card("one").await;
    let states = async |closed: bool| {
        scene.fake.person_archives(KIM, &card.id, closed);
        scene.bring_webhooks().await;
        scene.app.advance(MINUTE);
        scene.row(&made).await["state"].clone()
    };
    assert_eq!((states(true).await, states(false).await), (json!("DROPPED"), json!("OPEN")));
    scene.fake.person_moves(KIM, &card.id, DONE);
    scene.bring_webhooks().await;
    assert_eq!((states(true).await, states(false).await), (json!("DONE"), json!("DONE")));
}

async fn one_board_that_fails_does_not_hold_up_the_others(scene: &Scene<'_>) {
    scene.fake.deliver(Delivering::Lose);
    let (made, card) = scene.add_with_card("one").await;
    let mut playbook = (*scene.app.domain.playbook()).clone();
    // Comes first.
    let broken = domain::playbook::Board { title: "Broken".into(), trello_board: Some("0".repeat(24)), ..Default::default() };
    playbook.boards.insert("a-broken-one".to_owned(), broken);
    scene.app.domain.replace_playbook(playbook);
    scene.fake.person_renames(KIM, &card.id, "two");
    scene.fake.fail_next(1, "POST", "/1/webhooks", Fault::ServerError);
    scene.reconcile().await;
    assert_eq!(scene.row(&made).await["title"], "two");
}
