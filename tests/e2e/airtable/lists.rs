//! Lists at Airtable: within its limits, and begun anew when it forgets them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::clock::ManualClock;
use harness::app::start_of_time;
use harness::fakes::Fault;
use harness::fakes::airtable::{BASE, TABLE, TOKEN};
use serde_json::json;
use worker::airtable::Airtable;

use super::{LIMITS, PAUSES, airtable, fake, settings, with_sites};

fn path() -> String {
    format!("/v0/{BASE}/{TABLE}")
}

#[tokio::test]
async fn a_long_list_keeps_to_the_limit() {
    let fake = fake().await;
    with_sites(&fake, 850);
    let read = airtable(&fake).read().await.unwrap();
    assert_eq!((read.listed.len(), read.notes.len()), (850, 0));
    let usage = fake.usage();
    assert!(usage.refused == 0 && usage.highest <= 5, "{usage:?}");
    assert_eq!(fake.requests_to("GET", &path()).len(), 10, "nine pages, and a look whether all fields are still there");
    assert_eq!(fake.violations(), [""; 0]);
}

#[tokio::test]
async fn a_list_that_airtable_forgot_is_begun_anew() {
    let fake = fake().await;
    with_sites(&fake, 120);
    fake.forget_lists_between_pages();
    let read = airtable(&fake).read().await.unwrap();
    assert_eq!(read.listed.len(), 120);
    let asked = fake.requests_to("GET", &path());
    let statuses: Vec<u16> = asked.iter().filter_map(|request| request.status).collect();
    assert_eq!(statuses, [200, 422, 200, 200, 200]);
}

/// What may pass is tried again, and a few times only.
#[tokio::test]
async fn what_may_pass_is_tried_again() {
    let fake = fake().await;
    with_sites(&fake, 3);
    let airtable = airtable(&fake);
    for fault in [Fault::TooMany { retry_after: 0 }, Fault::ServerError, Fault::Unavailable, Fault::Cut, Fault::Garbage, Fault::DoneThenCut]
    {
        fake.fail_next(2, "GET", "/v0/", fault);
        let read = airtable.read().await;
        assert_eq!(read.map(|read| read.listed.len()), Ok(3), "{fault:?}");
        fake.fail_next(3, "GET", "/v0/", fault);
        assert!(airtable.read().await.is_err(), "{fault:?}");
    }
    fake.fail_next(3, "GET", "/v0/", Fault::TooMany { retry_after: 0 });
    let problem = airtable.read().await.unwrap_err();
    assert!(problem.contains("429") && problem.contains("every_minutes"), "{problem}");
    fake.fail_next(3, "GET", "/v0/", Fault::Huge(9 << 20));
    let problem = airtable.read().await.unwrap_err();
    assert!(problem.contains("longer than 8 MiB"), "{problem}");
}

/// After a 429 without a word on how long, nothing is asked for as long as Airtable wants.
#[tokio::test]
async fn a_429_is_waited_out() {
    let fake = fake().await;
    with_sites(&fake, 3);
    // A clock that only the test moves.
    fake.follow(Arc::new(ManualClock::new(start_of_time())));
    fake.set_limit(1);
    let airtable = airtable(&fake);
    assert_eq!(airtable.read().await.unwrap().listed.len(), 3);
    // The next one is too many, and after the pause of the tests it still is: the fake's takes longer.
    let begun = Instant::now();
    assert!(airtable.read().await.unwrap_err().contains("429"));
    assert!(begun.elapsed() >= PAUSES.too_many * 2, "{:?}", begun.elapsed());
    fake.advance(Duration::from_secs(31));
    assert_eq!(airtable.read().await.unwrap().listed.len(), 3);
}

#[tokio::test]
async fn what_is_wrong_is_said_with_the_setting_and_without_the_token() {
    let fake = fake().await;
    with_sites(&fake, 3);
    let mut wrong = Vec::new();
    let mut other = settings(&fake);
    other.token = "pat.hunter2".to_owned();
    wrong.push((other, "airtable.token"));
    let mut other = settings(&fake);
    other.base = "appOther".to_owned();
    wrong.push((other, "airtable.base"));
    let mut other = settings(&fake);
    other.table = "Pages / EU?".to_owned();
    wrong.push((other, "no table “Pages / EU?”"));
    let mut other = settings(&fake);
    other.view = Some("Mine".to_owned());
    wrong.push((other, "airtable.view"));
    for (settings, part) in wrong {
        fake.advance(Duration::from_secs(1));
        let problem = Airtable::with_limits(&settings, LIMITS, PAUSES).unwrap().read().await.unwrap_err();
        assert!(problem.contains(part) && !problem.contains("hunter2") && !problem.contains(TOKEN), "{problem}");
    }
    let nowhere = ["http://example.org", "https://example.org/v0", "example.org"];
    for address in nowhere {
        let mut other = settings(&fake);
        other.base_url = address.to_owned();
        let problem = Airtable::with_limits(&other, LIMITS, PAUSES).err().unwrap();
        assert!(problem.starts_with("airtable.base_url"), "{problem}");
    }
}

#[tokio::test]
async fn a_table_and_a_view_may_have_any_name() {
    let fake = fake().await;
    fake.change(|base| {
        base.rename_table(TABLE, "Sites / EU? 100% & more");
        base.add("Sites / EU? 100% & more", &json!({ "Site": "Shop" }));
    });
    let mut other = settings(&fake);
    other.table = "Sites / EU? 100% & more".to_owned();
    let read = Airtable::with_limits(&other, LIMITS, PAUSES).unwrap().read().await.unwrap();
    assert_eq!(read.listed.len(), 1);
}

#[tokio::test]
async fn a_list_that_goes_in_a_circle_is_given_up() {
    let fake = fake().await;
    with_sites(&fake, 120);
    fake.repeat_pages();
    let problem = airtable(&fake).read().await.unwrap_err();
    assert!(problem.contains("a page that was there before"), "{problem}");
    assert_eq!(fake.requests_to("GET", &path()).len(), 2);
}

#[tokio::test]
async fn more_sites_than_a_catalogue_has_are_refused() {
    let fake = fake().await;
    fake.set_limit(1_000);
    fake.change(|base| {
        for number in 0..120 {
            base.add(TABLE, &json!({ "Site": format!("Site {number}"), "Notes": "x".repeat(49_000) }));
        }
    });
    assert!(airtable(&fake).read().await.is_ok());
    fake.change(|base| {
        for number in 120..240 {
            base.add(TABLE, &json!({ "Site": format!("Site {number}"), "Notes": "x".repeat(49_000) }));
        }
    });
    let problem = airtable(&fake).read().await.unwrap_err();
    assert!(problem.contains("8 MiB"), "{problem}");
}
