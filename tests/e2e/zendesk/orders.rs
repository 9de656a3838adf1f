//! Each order is carried out, and once, whatever gets lost.

use std::time::Duration;

use domain::ports::{DeskOrder, Effect, ProblemStatus, Refusal, Seen};
use harness::eventually;
use harness::fakes::Fault;
use harness::fakes::zendesk::AGENT;
use serde_json::json;

use super::{asked, assert_as_described, comment, done, fake, link, order, outlet, problem, refused, status, ticket, unlink};
use domain::ports::Outlet;

/// What happens to an answer: in some cases the work is done, in others not, and the caller can't tell.
const LOSSES: [Fault; 7] = [
    Fault::DoneThenCut,
    Fault::DoneThenSilent,
    Fault::DoneThenGarbage,
    Fault::Huge(5 << 20),
    Fault::ServerError,
    Fault::Cut,
    Fault::Garbage,
];

#[tokio::test]
async fn a_problem_ticket_is_made_once_whatever_gets_lost() {
    let fake = fake().await;
    let outlet = outlet(&fake);
    for (number, fault) in (1u128..).zip(LOSSES) {
        let key = format!("inc_{number}");
        fake.fail_next(1, "POST", "/api/v2/tickets", fault);
        let lost = refused(&outlet, order(number, 1, problem(&key))).await;
        assert!(matches!(lost, Refusal::Unclear(_)), "{fault:?}: {lost:?}");
        let receipt = done(&outlet, order(number, 2, problem(&key))).await;
        let all: Vec<_> = fake.tickets().into_iter().filter(|ticket| ticket.external_id.as_deref() == Some(&*key)).collect();
        let [made] = &all[..] else { panic!("{fault:?}: {all:?}") };
        assert_eq!(receipt.external_id, Some(made.id.to_string()));
        assert_eq!(receipt.external_url, Some(format!("{}/agent/tickets/{}", fake.url(), made.id)));
        assert_eq!((made.kind.as_deref(), made.priority.as_deref(), made.status.as_str()), (Some("problem"), Some("urgent"), "open"));
        assert_eq!((made.subject.as_str(), made.tags.as_slice()), ("INC-1: errors", &["muster".to_owned()][..]));
        assert!(made.comments.len() == 1 && !made.comments[0].public, "its first words are for colleagues only");
    }
    let bodies: Vec<_> = fake.requests_to("POST", "/api/v2/tickets").into_iter().map(|received| received.body).collect();
    assert!(bodies.len() > LOSSES.len(), "some were not done the first time");
    assert_as_described(&fake);
}

#[tokio::test]
async fn a_comment_is_written_once_whatever_gets_lost() {
    let fake = fake().await;
    let outlet = outlet(&fake);
    for (number, fault) in (1u128..).zip(LOSSES) {
        let (ticket_number, public) = (asked(&fake), number % 2 == 0);
        fake.fail_next(1, "PUT", "/api/v2/tickets", fault);
        let lost = refused(&outlet, order(number, 1, comment(ticket_number, "We are on it.", public))).await;
        assert!(matches!(lost, Refusal::Unclear(_)), "{fault:?}: {lost:?}");
        let receipt = done(&outlet, order(number, 2, comment(ticket_number, "We are on it.", public))).await;
        assert_eq!(receipt.external_id, Some(ticket_number.to_string()));
        done(&outlet, order(number, 3, comment(ticket_number, "We are on it.", public))).await;
        let comments = ticket(&fake, ticket_number).comments;
        assert_eq!(comments.iter().filter(|comment| comment.body == "We are on it.").count(), 1, "{fault:?}");
        assert_eq!(comments[1].public, public);
    }
    assert_as_described(&fake);
}

#[tokio::test]
async fn the_same_words_of_another_order_are_another_comment() {
    let fake = fake().await;
    let outlet = outlet(&fake);
    let number = asked(&fake);
    done(&outlet, order(1, 1, comment(number, "Still working on it.", true))).await;
    done(&outlet, order(2, 2, comment(number, "Still working on it.", true))).await;
    assert_eq!(ticket(&fake, number).comments.len(), 3);
}

#[tokio::test]
async fn a_trace_is_found_behind_many_later_ones() {
    let fake = fake().await;
    let outlet = outlet(&fake);
    let number = asked(&fake);
    for chatter in 0..120 {
        fake.add_comment(number, AGENT, &format!("chatter {chatter}"), false);
    }
    done(&outlet, order(1, 1, comment(number, "We are on it.", true))).await;
    for chatter in 120..250 {
        fake.add_comment(number, AGENT, &format!("chatter {chatter}"), false);
    }
    done(&outlet, order(1, 2, comment(number, "We are on it.", true))).await;
    assert_eq!(ticket(&fake, number).comments.iter().filter(|comment| comment.body == "We are on it.").count(), 1);
}

#[tokio::test]
async fn tickets_are_linked_to_their_problem_and_to_no_other() {
    let fake = fake().await;
    let outlet = outlet(&fake);
    let id = |receipt: domain::ports::Receipt| receipt.external_id.unwrap().parse::<u64>().unwrap();
    let (first, second) = (id(done(&outlet, order(1, 1, problem("inc_1"))).await), id(done(&outlet, order(2, 1, problem("inc_2"))).await));
    let number = asked(&fake);
    let receipt = done(&outlet, order(3, 1, link(number, first))).await;
    let Some(Seen::Ticket(seen)) = receipt.seen else { panic!("it was seen") };
    assert_eq!(
        (seen.problem, seen.subject.as_deref(), seen.organization.as_deref()),
        (Some(first.to_string()), Some("Site down"), Some("501"))
    );
    let changes = fake.changes().len();
    done(&outlet, order(3, 2, link(number, first))).await;
    assert_eq!(fake.changes().len(), changes, "it is as it should be, so nothing is written");
    let other = refused(&outlet, order(4, 1, link(number, second))).await;
    assert!(matches!(&other, Refusal::Never(reason) if reason.contains(&format!("#{first}"))), "{other:?}");
    assert!(
        matches!(refused(&outlet, order(5, 1, link(first, second))).await, Refusal::Never(_)),
        "a problem is never linked to a problem"
    );
    done(&outlet, order(6, 1, unlink(number, second))).await;
    assert_eq!(ticket(&fake, number).problem_id, Some(first), "it is linked to another one by now");
    done(&outlet, order(7, 1, unlink(number, first))).await;
    assert_eq!(ticket(&fake, number).problem_id, None);
    assert_as_described(&fake);
}

/// After a merge, or when the order to take it off the other one is still under way (R20).
#[tokio::test]
async fn a_ticket_goes_from_one_problem_of_ours_to_another() {
    let fake = fake().await;
    let outlet = outlet(&fake);
    let mut problems = Vec::new();
    for number in 1u128..=2 {
        let made = done(&outlet, order(number, 1, problem(&format!("inc_{number:032x}")))).await;
        problems.push(made.external_id.unwrap().parse::<u64>().unwrap());
    }
    let (number, first, second) = (asked(&fake), problems[0], problems[1]);
    done(&outlet, order(3, 1, link(number, first))).await;
    done(&outlet, order(4, 1, link(number, second))).await;
    assert_eq!(ticket(&fake, number).problem_id, Some(second));
    done(&outlet, order(5, 1, unlink(number, first))).await;
    assert_eq!(ticket(&fake, number).problem_id, Some(second), "the late order is about the other one");
    assert_as_described(&fake);
}

#[tokio::test]
async fn the_problem_ticket_follows_the_incident() {
    let fake = fake().await;
    let outlet = outlet(&fake);
    fake.refuse_to_solve_unassigned();
    let number: u64 =
        done(&outlet, order(1, 1, problem("inc_00000000000000000000000000000001"))).await.external_id.unwrap().parse().unwrap();
    let linked = asked(&fake);
    done(&outlet, order(2, 1, link(linked, number))).await;
    fake.fail_next(1, "PUT", "/api/v2/tickets", Fault::DoneThenCut);
    assert!(matches!(refused(&outlet, order(3, 1, status(number, true))).await, Refusal::Unclear(_)));
    done(&outlet, order(3, 2, status(number, true))).await;
    let solved = ticket(&fake, number);
    assert_eq!((solved.status.as_str(), solved.comments.len()), ("solved", 2));
    assert_eq!(ticket(&fake, linked).status, "solved", "Zendesk solves what is linked to it");
    done(&outlet, order(4, 1, status(number, false))).await;
    assert_eq!(ticket(&fake, number).status, "open");
    done(&outlet, order(5, 1, status(number, true))).await;
    fake.change_ticket(number, AGENT, json!({ "status": "closed" }));
    done(&outlet, order(6, 1, status(number, true))).await;
    for effect in [status(number, false), comment(999_999, "x", true)] {
        assert!(matches!(refused(&outlet, order(7, 1, effect)).await, Refusal::Never(_)));
    }
    assert_as_described(&fake);
}

/// Someone changes the ticket between our look and our change.
#[tokio::test]
async fn a_change_at_the_same_moment_is_not_overwritten() {
    let fake = fake().await;
    let outlet = outlet(&fake);
    let number = asked(&fake);
    fake.set_latency(Some(Duration::from_millis(400)));
    let first = order(1, 1, comment(number, "We are on it.", true));
    let meanwhile = async {
        let looked = async || (!fake.requests_to("GET", "/api/v2/tickets").is_empty()).then_some(());
        eventually("it looked", Duration::from_secs(10), looked).await;
        fake.change_ticket(number, AGENT, json!({ "priority": "high" }));
    };
    let (outcome, ()) = tokio::join!(outlet.carry_out(&first), meanwhile);
    let Err(Refusal::Later { after, .. }) = outcome else { panic!("{outcome:?}") };
    assert_eq!(after, Some(Duration::from_secs(1)));
    fake.set_latency(None);
    done(&outlet, order(1, 2, comment(number, "We are on it.", true))).await;
    assert_eq!(ticket(&fake, number).comments.len(), 2);
}

#[tokio::test]
async fn the_problem_ticket_of_a_merged_incident_is_solved_once_its_tickets_have_moved() {
    let fake = fake().await;
    let outlet = outlet(&fake);
    let first = done(&outlet, order(1, 1, problem("inc_00000000000000000000000000000001"))).await.external_id.unwrap().parse().unwrap();
    let second = done(&outlet, order(2, 1, problem("inc_00000000000000000000000000000002"))).await.external_id.unwrap().parse().unwrap();
    let client = asked(&fake);
    done(&outlet, order(3, 1, link(client, first))).await;
    let alone = ProblemStatus { ticket: first.to_string(), solved: true, text: "INC-1 is merged.".to_owned(), alone: true };
    let solve = Effect::Desk(DeskOrder::ProblemStatus(alone));
    let Refusal::Later { reason, .. } = refused(&outlet, order(4, 1, solve.clone())).await else { panic!("it waits") };
    assert!(reason.contains(&format!("#{client}")), "{reason}");
    done(&outlet, order(5, 1, link(client, second))).await;
    done(&outlet, order(4, 2, solve)).await;
    assert_eq!(
        (&*ticket(&fake, first).status, &*ticket(&fake, client).status),
        ("solved", "new"),
        "its client is not told that it is over"
    );
    assert_as_described(&fake);
}

#[tokio::test]
async fn a_closed_ticket_is_reported_and_not_written_on() {
    let fake = fake().await;
    let number = asked(&fake);
    fake.change_ticket(number, AGENT, json!({ "status": "solved" }));
    fake.change_ticket(number, AGENT, json!({ "status": "closed" }));
    let receipt = done(&outlet(&fake), order(1, 1, comment(number, "We are on it.", true))).await;
    assert!(matches!(receipt.seen, Some(Seen::TicketClosed(seen)) if seen.number == number.to_string()));
}
