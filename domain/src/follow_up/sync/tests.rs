use chrono::TimeZone;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;

const BOARD: &str = "aaaaaaaaaaaaaaaaaaaaaaaa";
const TODO: &str = "bbbbbbbbbbbbbbbbbbbbbbbb";
const DONE: &str = "cccccccccccccccccccccccc";

fn person(number: u128) -> PersonId {
    PersonId(Uuid::from_u128(number))
}

fn face() -> Face {
    Face {
        title: "a".to_owned(),
        due_on: NaiveDate::from_ymd_opt(2026, 12, 1),
        state: ActionState::Open,
        owner: Some(person(1)),
        board: Some("incident-actions".to_owned()),
    }
}

fn titled(title: &str) -> Face {
    Face { title: title.to_owned(), ..face() }
}

fn card() -> SeenCard {
    SeenCard {
        id: "dddddddddddddddddddddddd".to_owned(),
        url: None,
        title: "a".to_owned(),
        text: String::new(),
        due_at: None,
        board: BOARD.to_owned(),
        list: TODO.to_owned(),
        complete: false,
        archived: false,
        members: Vec::new(),
        changed_at: Timestamp::UNIX_EPOCH,
    }
}

#[test]
fn a_change_of_one_side_wins_and_of_two_the_newer() {
    use MergeOutcome::{KeptOverTheirs, Taken, TakenOverOurs};
    // agreed, card, ours, the outcome if the card is newer, and if we are
    for (agreed, card, ours, newer, older) in [
        ("a", "a", "a", None, None),
        ("a", "b", "a", Some(Taken), Some(Taken)),
        ("a", "a", "b", None, None),
        ("a", "b", "b", None, None),
        ("a", "b", "c", Some(TakenOverOurs), Some(KeptOverTheirs)),
    ] {
        for (is_newer, expected) in [(true, newer), (false, older)] {
            let expected: Vec<_> = expected.map(|outcome| (CardField::Title, outcome)).into_iter().collect();
            assert_eq!(merge(&titled(agreed), &titled(card), &titled(ours), is_newer), expected, "{agreed} {card} {ours} {is_newer}");
        }
    }
}

#[test]
fn every_field_is_merged_on_its_own() {
    let theirs = Face { due_on: None, state: ActionState::Done, ..face() };
    let ours = Face { title: "b".to_owned(), state: ActionState::Dropped, owner: Some(person(2)), ..face() };
    let merged = merge(&face(), &theirs, &ours, false);
    assert_eq!(merged, [(CardField::Due, MergeOutcome::Taken), (CardField::State, MergeOutcome::KeptOverTheirs)]);
}

#[test]
fn unknown_members_are_ignored() {
    let owned = |owner: Option<u128>| Face { owner: owner.map(person), ..face() };
    let taken = vec![(CardField::Owner, MergeOutcome::Taken)];
    for (agreed, card, ours, is_newer, expected) in [
        (Some(1), None, Some(1), true, Vec::new()),
        (None, None, Some(1), true, Vec::new()),
        // Our owner is not on the board, and somebody takes the card.
        (None, Some(2), Some(1), true, taken.clone()),
        (None, Some(2), Some(1), false, Vec::new()),
        (Some(1), Some(2), Some(1), false, taken),
    ] {
        assert_eq!(merge(&owned(agreed), &owned(card), &owned(ours), is_newer), expected, "{agreed:?} {card:?}");
    }
}

#[test]
fn a_card_is_done_by_a_tick_or_by_its_list_and_reopened_by_undoing_either() {
    use ActionState::{Done, Dropped, Open};
    let at = |list: &str, complete: bool, archived: bool| SeenCard { list: list.to_owned(), complete, archived, ..card() };
    for (state, before, after, expected) in [
        (Open, at(TODO, false, false), at(TODO, false, false), Open),
        (Open, at(TODO, false, false), at("elsewhere", false, false), Open),
        (Open, at(TODO, false, false), at(DONE, false, false), Done),
        (Open, at(TODO, false, false), at(TODO, true, false), Done),
        (Done, at(DONE, true, false), at(TODO, true, false), Open),
        (Done, at(DONE, true, false), at(DONE, false, false), Open),
        (Open, at(TODO, true, false), at(TODO, true, false), Open),
        // Archived after it was done, it stays done.
        (Done, at(DONE, true, false), at(DONE, true, true), Done),
        (Open, at(TODO, false, false), at(TODO, false, true), Dropped),
        (Dropped, at(TODO, false, true), at(TODO, false, false), Open),
        (Dropped, at(TODO, false, true), at(DONE, false, true), Done),
    ] {
        let agreed = Agreed { card: before, state, text: String::new() };
        assert_eq!(state_of(&agreed, &after, Some(DONE)), expected, "{agreed:?} {after:?}");
    }
    assert_eq!(state_of(&Agreed { card: card(), state: Open, text: String::new() }, &at(DONE, false, false), None), Open);
}

#[test]
fn a_card_is_due_on_the_teams_day() {
    let playbook = Playbook::default();
    let hours = &playbook.working_hours;
    let night = Calendar { to: 1_440, ..hours.clone() };
    let day = NaiveDate::from_ymd_opt(2026, 7, 1).unwrap();
    assert_eq!(day_of(hours, hours.end_of(day)), day);
    // Work until midnight, which by the clock is the next day.
    assert_eq!(day_of(&night, night.end_of(day)), day);
    assert_eq!(day_of(hours, chrono::Utc.with_ymd_and_hms(2026, 6, 30, 23, 30, 0).unwrap()), day, "summer time");
}

#[test]
fn a_title_from_elsewhere_is_one_line_within_the_limit() {
    let long = format!(" two\nlines \u{202e}{} ", "x".repeat(300));
    let title = one_line(&long);
    assert!(title.starts_with("two lines") && title.chars().count() <= limits::NAME_CHARS, "{title}");
    assert!(crate::validate::name("title", &title).is_ok());
    assert_eq!(one_line(" \n"), "-");
}

/// The follow-up after the news.
fn after(ours: &Face, card: &Face, outcomes: &[(CardField, MergeOutcome)]) -> Face {
    let mut face = ours.clone();
    for (field, _) in outcomes.iter().filter(|(_, outcome)| *outcome != MergeOutcome::KeptOverTheirs) {
        match field {
            CardField::Title => face.title.clone_from(&card.title),
            CardField::Due => face.due_on = card.due_on,
            CardField::State => face.state = card.state,
            CardField::Owner => face.owner = card.owner,
            CardField::Board => face.board.clone_from(&card.board),
            CardField::Text => {}
        }
    }
    face
}

fn faces() -> impl Strategy<Value = Face> {
    let state = prop::sample::select(vec![ActionState::Open, ActionState::Done, ActionState::Dropped]);
    ("[ab]", prop::option::of(1_u32..3), state, prop::option::of(1_u128..3), prop::option::of("[xy]")).prop_map(
        |(title, day, state, owner, board)| Face {
            title,
            due_on: day.and_then(|day| NaiveDate::from_ymd_opt(2026, 12, day)),
            state,
            owner: owner.map(person),
            board,
        },
    )
}

/// Ours always has an owner and a board.
fn ours() -> impl Strategy<Value = Face> {
    faces().prop_map(|face| Face { owner: face.owner.or(Some(person(1))), board: face.board.or(Some("x".to_owned())), ..face })
}

proptest! {
    #[test]
    fn the_same_news_again_changes_nothing(agreed in faces(), card in faces(), ours in ours(), newer: bool) {
        let first = merge(&agreed, &card, &ours, newer);
        let then = after(&ours, &card, &first);
        // The card is agreed on now, no matter which side won.
        prop_assert_eq!(merge(&card, &card, &then, newer), Vec::new());
    }

    #[test]
    fn the_echo_of_our_own_order_changes_nothing(agreed in faces(), ours in ours(), newer: bool) {
        prop_assert_eq!(merge(&agreed, &ours, &ours, newer), Vec::new());
        let base = with_what_was_ordered(agreed, &ours, &ours);
        prop_assert_eq!(&base, &ours);
        prop_assert_eq!(changed(&base, &ours), Vec::new());
    }

    #[test]
    fn no_change_of_one_side_is_lost(agreed in ours(), other in ours(), newer: bool) {
        prop_assert_eq!(after(&agreed, &other, &merge(&agreed, &other, &agreed, newer)), other.clone());
        prop_assert_eq!(after(&other, &agreed, &merge(&agreed, &agreed, &other, newer)), other);
    }

    #[test]
    fn after_news_both_sides_are_alike_or_an_order_makes_them_so(agreed in ours(), card in ours(), ours in ours(), newer: bool) {
        let outcomes = merge(&agreed, &card, &ours, newer);
        let then = after(&ours, &card, &outcomes);
        for field in changed(&card, &then) {
            let only_ours = changed(&agreed, &ours).contains(&field) && !changed(&agreed, &card).contains(&field);
            prop_assert!(only_ours || outcomes.contains(&(field, MergeOutcome::KeptOverTheirs)), "{field:?}");
        }
    }
}
