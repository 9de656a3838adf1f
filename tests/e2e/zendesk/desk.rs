//! Looking for tickets, and reading clients and contacts.

use std::time::Duration;

use domain::clock::Clock;
use domain::ports::{Batch, ClientDirectory, Refusal, TicketDesk};
use harness::fakes::zendesk::{AGENT, CLIENT, ORGANIZATION};
use harness::process::press;
use serde_json::json;
use worker::outlets::zendesk::ZendeskOutlet;

use super::{LIMITS, ZendeskSettings, asked, assert_as_described, done, fake, order, outlet, problem, settings};

fn numbers(found: Vec<domain::ports::SeenTicket>) -> Vec<u64> {
    found.into_iter().map(|ticket| ticket.number.parse().unwrap()).collect()
}

#[tokio::test]
async fn tickets_are_found_by_number_address_and_words() {
    let fake = fake().await;
    let outlet = outlet(&fake);
    let (number, solved) = (asked(&fake), asked(&fake));
    fake.change_ticket(solved, AGENT, json!({ "status": "solved" }));
    done(&outlet, order(1, 1, problem("inc_1"))).await;
    for text in [number.to_string(), format!("#{number}"), format!("{}/agent/tickets/{number}", fake.url())] {
        let found = outlet.search(&text).await.unwrap();
        assert_eq!((found.len(), found[0].subject.as_deref(), found[0].status.as_deref()), (1, Some("Site down"), Some("new")), "{text}");
    }
    assert!(outlet.search("999999").await.unwrap().is_empty());
    assert!(outlet.search("site").await.unwrap().is_empty(), "the search learns of it later");
    fake.advance(Duration::from_mins(3));
    for text in ["site", "down site", "\"site\" OR status>open (x:", "Site: down!"] {
        let found = outlet.search(text).await;
        assert!(found.is_ok(), "{text}: {found:?}");
    }
    assert_eq!(numbers(outlet.search("site down").await.unwrap()), [number], "neither what is over nor problems");
    assert!(outlet.search("*:\"").await.unwrap().is_empty());
    assert_as_described(&fake);
}

#[tokio::test]
async fn open_tickets_of_clients_are_suggested() {
    let fake = fake().await;
    let outlet = outlet(&fake);
    let (first, second) = (asked(&fake), fake.add_ticket(7102, "Slow", "Very slow", json!({})));
    let elsewhere = fake.add_organization("Elsewhere Ltd", None);
    fake.advance(Duration::from_mins(3));
    let ids = |ids: &[u64]| ids.iter().map(u64::to_string).collect::<Vec<_>>();
    assert_eq!(numbers(outlet.open_tickets(&ids(&[ORGANIZATION])).await.unwrap()), [first]);
    let mut both = numbers(outlet.open_tickets(&ids(&[ORGANIZATION, 502])).await.unwrap());
    both.sort_unstable();
    assert_eq!(both, [first, second]);
    assert!(outlet.open_tickets(&ids(&[elsewhere])).await.unwrap().is_empty());
    let before = fake.requests().len();
    assert!(outlet.open_tickets(&["1 status:closed".to_owned()]).await.unwrap().is_empty(), "what is no number is not asked for");
    assert_eq!(fake.requests().len(), before);
    assert_as_described(&fake);
}

/// All pages of a list.
async fn all<T>(mut page: impl AsyncFnMut(Option<&str>) -> Result<Batch<T>, Refusal>) -> Vec<T> {
    let (mut items, mut next) = (Vec::new(), None::<String>);
    loop {
        let read = page(next.as_deref()).await.unwrap();
        items.extend(read.items);
        next = read.next;
        if next.is_none() {
            return items;
        }
    }
}

#[tokio::test]
async fn clients_and_contacts_come_page_by_page_and_then_only_what_changed() {
    let fake = fake().await;
    let plain = outlet(&fake);
    for number in 0..230 {
        fake.add_organization(&format!("Client {number}"), None);
    }
    let organizations = all(async |page| plain.organizations(None, page).await).await;
    assert_eq!(organizations.len(), 232);
    assert_eq!(fake.requests_to("GET", "/api/v2/organizations").len(), 3);
    let people = all(async |page| plain.people(None, page).await).await;
    assert_eq!(people.iter().map(|person| person.id.as_str()).collect::<Vec<_>>(), ["7101", "7102"], "no agents");
    assert_eq!((people[0].senior, people[0].active, people[0].organization.as_deref()), (None, true, Some("501")));

    let since = domain::clock::SystemClock.now() + chrono::Duration::minutes(1);
    fake.advance(Duration::from_mins(2));
    fake.tag_user(CLIENT, "vip");
    let new = fake.add_organization("New Ltd", None);
    let marking =
        ZendeskOutlet::with_limits(&ZendeskSettings { senior_tag: Some("vip".into()), ..settings(&fake) }, press(), LIMITS).unwrap();
    let changed = all(async |page| marking.people(Some(since), page).await).await;
    assert_eq!(changed.iter().map(|person| (person.id.as_str(), person.senior)).collect::<Vec<_>>(), [("7101", Some(true))]);
    let changed = all(async |page| marking.organizations(Some(since), page).await).await;
    assert_eq!(changed.iter().map(|organization| organization.id.clone()).collect::<Vec<_>>(), [new.to_string()]);
    assert_as_described(&fake);
}
