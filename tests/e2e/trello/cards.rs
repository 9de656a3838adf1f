//! Cards are made once and follow what people do here, whatever Trello answers.

use domain::delivery::{self, hold};
use domain::ports::{Boards, Outlet, Place};
use harness::both_dbs;
use harness::drive::{id, text};
use harness::fakes::Fault;
use harness::fakes::trello::{BOARD, DONE, KIM, OTHER_LIST, TODO};
use serde_json::{Value, json};
use worker::outlets::trello::{TrelloOutlet, TrelloSettings};

use super::{MINUTE, Scene, delivery_rows, play, settings};

both_dbs![by play:
    a_follow_up_becomes_a_card,
    a_card_follows_its_follow_up,
    a_card_is_made_once_whatever_becomes_of_the_answer,
    a_newer_order_finds_the_card_of_one_that_got_lost,
    a_card_goes_to_another_board,
    an_owner_who_is_not_a_member_is_named,
    a_refusal_for_now_waits_as_long_as_trello_says,
    unknown_credentials_hold_everything,
    a_missing_board_is_reported,
    a_card_whose_answer_got_lost_is_found_on_its_former_board,
    a_card_is_found_among_more_than_a_thousand,
];

async fn a_follow_up_becomes_a_card(scene: &Scene<'_>) {
    let (made, card) = scene.add_with_card("Add an alert").await;
    assert_eq!((&*card.name, &*card.list, card.closed, card.due_complete), ("Add an alert", TODO, false, false));
    assert_eq!(card.members, [KIM]);
    assert_eq!(card.due.unwrap().to_rfc3339(), "2026-11-24T18:00:00+00:00");
    let lines: Vec<&str> = card.desc.lines().collect();
    assert_eq!(lines.first(), Some(&"All of it."));
    assert!(lines.iter().any(|line| line.starts_with("From INC-1: ") && line.ends_with("/incidents/INC-1")), "{lines:?}");
    assert_eq!(lines.last(), Some(&&*format!("muster:{}", id(&made))));
    let row = scene.row(&made).await;
    assert!(text(&row, "cardUrl").contains(&card.short_link), "{row}");
    assert_eq!(row["cardDelivery"]["state"], "DELIVERED");
    let told = scene.told().await;
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[1].1.contains(&card.short_link) && told[1].0 == "TRELLO", "{told:?}");
    for request in scene.fake.requests() {
        assert!(!format!("{:?}", request.query).contains("trellofake"), "secrets are not in addresses");
    }
}

async fn a_card_follows_its_follow_up(scene: &Scene<'_>) {
    let (made, card) = scene.add_with_card("one").await;
    let look = async || {
        scene.work().await;
        scene.app.advance(MINUTE);
        scene.fake.card(&card.id).unwrap()
    };
    // Two changes, one order: each says everything.
    scene.update(&made, json!({ "title": "two" })).await;
    scene.update(&made, json!({ "dueOn": "2026-12-01" })).await;
    assert_eq!(delivery_rows(scene.app).await.len(), 1);
    let now = look().await;
    assert_eq!((&*now.name, now.due.unwrap().to_rfc3339()), ("two", "2026-12-01T18:00:00+00:00".to_owned()));
    scene.update(&made, json!({ "dueOn": null })).await;
    assert_eq!(look().await.due, None);
    scene.update(&made, json!({ "description": "More." })).await;
    assert!(look().await.desc.starts_with("More."));
    scene.settle(&made, "DONE").await;
    let now = look().await;
    assert_eq!((&*now.list, now.due_complete, now.closed), (DONE, true, false));
    scene.settle(&made, "OPEN").await;
    let now = look().await;
    assert_eq!((&*now.list, now.due_complete, now.closed), (TODO, false, false));
    scene.settle(&made, "DROPPED").await;
    let now = look().await;
    assert_eq!((now.due_complete, now.closed), (false, true));
    let before = scene.fake.changes().len();
    scene.settle(&made, "OPEN").await;
    assert!(!look().await.closed);
    assert_eq!(scene.fake.changes().len() - before, 1);
    assert_eq!(scene.fake.cards().len(), 1);
}

async fn a_card_is_made_once_whatever_becomes_of_the_answer(scene: &Scene<'_>) {
    for (number, fault) in
        [Fault::DoneThenCut, Fault::DoneThenGarbage, Fault::ServerError, Fault::Cut, Fault::Garbage].into_iter().enumerate()
    {
        scene.fake.fail_next(1, "POST", "/1/cards", fault);
        let made = scene.add(&format!("number {number}")).await;
        scene.work().await;
        scene.app.advance(10 * MINUTE);
        scene.work().await;
        assert_eq!(scene.fake.cards().len(), number + 1, "{fault:?}");
        assert_eq!(scene.row(&made).await["cardDelivery"]["state"], "DELIVERED", "{fault:?}");
    }
}

async fn a_newer_order_finds_the_card_of_one_that_got_lost(scene: &Scene<'_>) {
    scene.fake.fail_next(1, "POST", "/1/cards", Fault::DoneThenCut);
    let made = scene.add("one").await;
    scene.work().await;
    // The first order is cancelled by the newer one, which knows nothing of a card.
    scene.update(&made, json!({ "title": "two" })).await;
    scene.work().await;
    let cards = scene.fake.cards();
    assert_eq!(cards.iter().map(|card| &*card.name).collect::<Vec<_>>(), ["two"]);
    assert!(text(&scene.row(&made).await, "cardUrl").contains(&cards[0].short_link));
    // Two with the same marker: the older one is kept.
    scene.app.advance(MINUTE);
    let copy = scene.fake.person_adds(KIM, TODO, "copy");
    let other = scene.add("three").await;
    scene.fake.person_sets(KIM, &copy, &[("desc", &format!("x\n\nmuster:{}", id(&other)))]);
    scene.fake.fail_next(1, "POST", "/1/cards", Fault::DoneThenCut);
    scene.work().await;
    scene.app.advance(10 * MINUTE);
    scene.work().await;
    let cards = scene.fake.cards();
    let (kept, younger) = (cards.iter().find(|card| card.id == copy).unwrap(), cards.last().unwrap());
    assert_eq!((&*kept.name, kept.closed, younger.closed), ("three", false, true));
}

async fn a_card_goes_to_another_board(scene: &Scene<'_>) {
    let (made, card) = scene.add_with_card("one").await;
    let mut playbook = (*scene.app.domain.playbook()).clone();
    let other = playbook.boards.get_mut("internal-tech-tools").unwrap();
    other.trello_board = Some(harness::fakes::trello::OTHER_BOARD.to_owned());
    other.trello_list = Some(OTHER_LIST.to_owned());
    scene.app.domain.replace_playbook(playbook);
    scene.update(&made, json!({ "board": "internal-tech-tools" })).await;
    scene.work().await;
    assert_eq!(scene.fake.card(&card.id).unwrap().list, OTHER_LIST);
    scene.app.advance(MINUTE);
    // And back, by a person there.
    scene.fake.person_moves(KIM, &card.id, TODO);
    scene.reconcile().await;
    assert_eq!(scene.row(&made).await["board"], "incident-actions");
    assert!(delivery_rows(scene.app).await.is_empty());
}

async fn an_owner_who_is_not_a_member_is_named(scene: &Scene<'_>) {
    let (made, card) = scene.add_with_card("one").await;
    scene.update(&made, json!({ "ownerId": scene.sam.id() })).await;
    scene.work().await;
    let now = scene.fake.card(&card.id).unwrap();
    assert!(now.desc.contains("\nOwner: Sam\n") && now.members.is_empty(), "{now:?}");
    scene.app.advance(MINUTE);
    scene.update(&made, json!({ "ownerId": scene.kim })).await;
    scene.work().await;
    let now = scene.fake.card(&card.id).unwrap();
    assert_eq!((now.members, now.desc.contains("Owner:")), (vec![KIM.to_owned()], false));
}

async fn a_refusal_for_now_waits_as_long_as_trello_says(scene: &Scene<'_>) {
    // Longer than a minute, so that it is no pause of the outlet itself.
    scene.fake.fail_next(1, "POST", "/1/cards", Fault::TooMany { retry_after: 300 });
    let made = scene.add("one").await;
    scene.work().await;
    let row = scene.row(&made).await;
    assert_eq!(row["cardDelivery"]["state"], "RETRYING");
    assert!(text(&row["cardDelivery"], "lastError").contains("429"), "{row}");
    scene.app.advance(4 * MINUTE);
    scene.work().await;
    assert!(scene.fake.cards().is_empty());
    scene.app.advance(2 * MINUTE);
    scene.work().await;
    assert_eq!(scene.fake.cards().len(), 1);
}

async fn unknown_credentials_hold_everything(scene: &Scene<'_>) {
    let made = scene.add("one").await;
    let wrong = TrelloSettings { token: "withdrawn".to_owned(), ..settings(&scene.fake) };
    let wrong = TrelloOutlet::connect(&wrong).unwrap();
    let ctx = scene.app.system();
    let row = delivery_rows(scene.app).await.remove(0);
    let claim = domain::delivery::claim(&ctx, row.id).await.unwrap().unwrap();
    let outcome = wrong.carry_out(&claim.order).await;
    domain::delivery::record(&ctx, &claim, outcome).await.unwrap();
    let held = hold::held(&ctx).await.unwrap();
    assert_eq!(held.len(), 1);
    assert!(held[0].reason.contains("trello.token") && held[0].reason.contains("invalid token"), "{}", held[0].reason);
    assert!(!held[0].reason.contains("withdrawn"), "{}", held[0].reason);
    let findings = wrong.check().await;
    assert_eq!(findings.len(), 1);
    assert!(findings[0].problem.is_some());
    assert!(scene.outlet.check().await.iter().all(|finding| finding.problem.is_none()));
    delivery::release(&ctx, entity::System::Trello).await.unwrap();
    scene.work().await;
    assert_eq!(scene.row(&made).await["cardDelivery"]["state"], "DELIVERED");
}

async fn a_missing_board_is_reported(scene: &Scene<'_>) {
    let mut playbook = (*scene.app.domain.playbook()).clone();
    playbook.boards.get_mut(super::KEY_OF_BOARD).unwrap().trello_list = Some("0".repeat(24));
    scene.app.domain.replace_playbook(playbook);
    let made = scene.add("one").await;
    scene.work().await;
    let row = scene.row(&made).await;
    assert_eq!(row["cardDelivery"]["state"], "FAILED");
    assert!(text(&row["cardDelivery"], "lastError").contains("ids of the board “Incident actions” in the playbook"), "{row}");
    let right = Place { board: BOARD.to_owned(), list: TODO.to_owned(), done_list: Some(DONE.to_owned()) };
    assert_eq!(scene.outlet.inspect("x", &right).await.problem, None);
    let problem = scene.outlet.inspect("x", &Place { done_list: Some(OTHER_LIST.to_owned()), ..right.clone() }).await.problem.unwrap();
    assert!(problem.contains("trello_done_list") && problem.contains("Doing"), "{problem}");
    let problem = scene.outlet.inspect("x", &Place { board: "0".repeat(24), ..right }).await.problem.unwrap();
    assert!(problem.contains("no board with this id"), "{problem}");
    assert_eq!(scene.row(&made).await["cardUrl"], Value::Null);
}

async fn a_card_whose_answer_got_lost_is_found_on_its_former_board(scene: &Scene<'_>) {
    let elsewhere = |key: &str| {
        let mut playbook = (*scene.app.domain.playbook()).clone();
        let board = playbook.boards.get_mut(key).unwrap();
        board.trello_board = Some(harness::fakes::trello::OTHER_BOARD.to_owned());
        board.trello_list = Some(OTHER_LIST.to_owned());
        board.trello_done_list = None;
        scene.app.domain.replace_playbook(playbook);
    };
    elsewhere("internal-tech-tools");
    // By a person here.
    scene.fake.fail_next(1, "POST", "/1/cards", Fault::DoneThenCut);
    let made = scene.add("one").await;
    scene.work().await;
    scene.update(&made, json!({ "board": "internal-tech-tools" })).await;
    scene.app.advance(10 * MINUTE);
    scene.work().await;
    let cards = scene.fake.cards();
    assert_eq!(cards.iter().map(|card| (&*card.name, &*card.list)).collect::<Vec<_>>(), [("one", OTHER_LIST)]);
    // By another playbook.
    scene.fake.fail_next(1, "POST", "/1/cards", Fault::DoneThenCut);
    scene.add("two").await;
    scene.work().await;
    elsewhere("incident-actions");
    scene.app.advance(10 * MINUTE);
    scene.work().await;
    let lists: Vec<String> = scene.fake.cards().into_iter().map(|card| card.list).collect();
    assert_eq!(lists, [OTHER_LIST, OTHER_LIST]);
}

async fn a_card_is_found_among_more_than_a_thousand(scene: &Scene<'_>) {
    scene.fake.fail_next(1, "POST", "/1/cards", Fault::DoneThenCut);
    let made = scene.add("one").await;
    scene.work().await;
    for number in 0..1_001 {
        scene.fake.person_adds(KIM, TODO, &format!("card {number}"));
    }
    scene.app.advance(10 * MINUTE);
    scene.work().await;
    assert_eq!(scene.fake.cards().iter().filter(|card| card.name == "one").count(), 1);
    assert_eq!(scene.row(&made).await["cardDelivery"]["state"], "DELIVERED");
    assert_eq!(scene.outlet.cards(BOARD).await.unwrap().len(), 1_002);
}
