//! Missing answers, refusals, and what plugins and servers add to WordPress' answers.

use std::time::Duration;

use domain::ports::{Finding, Outlet, Refusal};
use harness::fakes::Fault;
use harness::fakes::wordpress::Role;
use worker::outlets::wordpress::{PostStatus, WordpressOutlet};

use super::{LIMITS, WordpressSettings, done, fake, order, outlet, refused, settings};

const POSTS: &str = "/wp-json/wp/v2/posts";

fn kind(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::Never(_) => "never",
        Refusal::Later { .. } => "later",
        Refusal::Unclear(_) => "unclear",
        Refusal::Locked(_) => "locked",
    }
}

#[tokio::test]
async fn every_fault_has_its_meaning() {
    let fake = fake().await;
    let outlet = outlet(&fake);
    for (fault, look, change, made) in [
        (Fault::ServerError, "later", "unclear", 0),
        (Fault::Unavailable, "later", "later", 0),
        (Fault::Cut, "later", "unclear", 0),
        (Fault::Garbage, "later", "unclear", 0),
        (Fault::DoneThenSilent, "later", "unclear", 1),
        (Fault::DoneThenGarbage, "later", "unclear", 1),
        (Fault::Slow(Duration::from_secs(30)), "later", "unclear", 1),
    ] {
        for path in ["/wp-json/wp/v2/users/me", POSTS] {
            fake.fail_next(1, "GET", path, fault);
            let refusal = refused(&outlet, order(1, None, "<p>x</p>")).await;
            assert_eq!((kind(&refusal), fake.posts().len()), (look, 0), "{fault:?}: {refusal:?}");
        }
        fake.fail_next(1, "POST", POSTS, fault);
        let refusal = refused(&outlet, order(1, None, "<p>x</p>")).await;
        assert_eq!((kind(&refusal), fake.posts().len()), (change, made), "{fault:?}: {refusal:?}");
        fake.posts().iter().for_each(|post| fake.person_deletes(post.id));
    }
    fake.fail_next(1, "POST", POSTS, Fault::TooMany { retry_after: 93 });
    let refusal = refused(&outlet, order(1, None, "<p>x</p>")).await;
    assert!(matches!(refusal, Refusal::Later { after: Some(after), .. } if after == Duration::from_secs(93)), "{refusal:?}");
    assert_eq!(fake.violations(), [""; 0]);
}

#[tokio::test]
async fn a_wrong_password_stops_everything_until_it_is_right() {
    let fake = fake().await;
    let outlet = outlet(&fake);
    fake.set_password("another");
    for known in [None, Some("4")] {
        let refusal = refused(&outlet, order(1, known, "<p>x</p>")).await;
        assert!(matches!(&refusal, Refusal::Locked(why) if why.contains("wordpress.password") && why.contains("not currently logged in")));
    }
    let findings = outlet.check().await;
    assert!(matches!(&findings[..], [Finding { problem: Some(why), .. }] if why.contains("Authorization header")), "{findings:?}");
    assert_eq!(fake.requests_to("POST", "/").len(), 0, "nothing was tried");
    fake.set_password(harness::fakes::wordpress::PASSWORD);
    done(&outlet, order(2, None, "<p>x</p>")).await;
}

#[tokio::test]
async fn an_account_that_may_not_publish_stops_everything_until_it_may() {
    let fake = fake().await;
    fake.set_role(Role::Contributor);
    for status in [PostStatus::Publish, PostStatus::Draft] {
        let outlet = WordpressOutlet::with_limits(&WordpressSettings { status, ..settings(fake.url()) }, LIMITS).unwrap();
        let refusal = refused(&outlet, order(1, None, "<p>x</p>")).await;
        assert!(matches!(&refusal, Refusal::Locked(why) if why.contains("contributor") && why.contains("Author")), "{refusal:?}");
        assert!(outlet.check().await[1].problem.is_some());
    }
    assert_eq!(fake.posts(), []);
    fake.set_role(Role::Author);
    done(&outlet(&fake), order(2, None, "<p>x</p>")).await;
}

#[tokio::test]
async fn notices_of_plugins_do_no_harm() {
    let fake = fake().await;
    let outlet = outlet(&fake);
    fake.be_noisy(true);
    let made = done(&outlet, order(1, None, "<p>1</p>")).await;
    done(&outlet, order(1, made.external_id.as_deref(), "<p>2</p>")).await;
    fake.person_deletes(fake.posts()[0].id);
    let anew = done(&outlet, order(1, made.external_id.as_deref(), "<p>3</p>")).await;
    assert!(anew.external_id != made.external_id && fake.posts().len() == 1, "a 404 that came as a 200 is a 404");
    fake.set_password("another");
    assert_eq!(kind(&refused(&outlet, order(1, None, "<p>x</p>")).await), "locked", "a 401 that came as a 200 is a 401");
}

#[tokio::test]
async fn what_stands_in_the_place_of_wordpress_is_told() {
    let fake = fake().await;
    let outlet = outlet(&fake);
    let page = |text: &str| format!("<!DOCTYPE html><html><head><style>p {{}}</style></head><body><h1>{text}</h1></body></html>");
    for (status, text, expected) in [
        (200, "Welcome to the wifi of the hotel", "later"),
        (403, "Blocked by the firewall", "never"),
        (404, "No such page", "never"),
        (413, "Request entity too large", "never"),
        (500, "Error establishing a database connection", "later"),
        (503, "Briefly unavailable for scheduled maintenance", "later"),
    ] {
        fake.answer_with(Some((status, &page(text))));
        let refusal = refused(&outlet, order(1, None, "<p>x</p>")).await;
        assert_eq!(kind(&refusal), expected, "{status}: {refusal:?}");
        assert!(refusal.reason().contains(text) && !refusal.reason().contains('<'), "{refusal:?}");
    }
    fake.answer_with(Some((200, "<p>The password is fakeFAKE0123passWORD4567</p>")));
    let refusal = refused(&outlet, order(1, None, "<p>x</p>")).await;
    assert!(refusal.reason().contains("(hidden)"), "{refusal:?}");
    fake.answer_with(Some((404, "<p>x</p>")));
    assert!(outlet.check().await[0].problem.as_ref().is_some_and(|why| why.contains("permalinks")));
    fake.answer_with(None);
    fake.fail_next(1, "POST", POSTS, Fault::DoneThenGarbage);
    let refusal = refused(&outlet, order(1, None, "<p>x</p>")).await;
    assert!(matches!(&refusal, Refusal::Unclear(why) if why.contains("We'll be back soon")), "{refusal:?}");
}

#[tokio::test]
async fn the_check_changes_nothing_and_says_who_muster_is() {
    let fake = fake().await;
    let outlet = outlet(&fake);
    let told = async || outlet.check().await.into_iter().map(|Finding { what, problem }| (what, problem.is_some())).collect::<Vec<_>>();
    let [(reached, false), (account, false), (categories, false)] = &told().await[..] else { panic!("{:?}", told().await) };
    assert!(reached.contains(fake.url()) && account.contains("Muster (author)") && categories.contains("Incidents, R&D"));
    assert!(!account.contains("scripts"));
    fake.set_role(Role::Administrator);
    assert!(told().await[1].0.contains("the role Author is enough"), "{:?}", told().await);
    let unknown = WordpressSettings { categories: vec!["Reports".to_owned()], ..settings(fake.url()) };
    let findings = WordpressOutlet::with_limits(&unknown, LIMITS).unwrap().check().await;
    assert!(findings[2].problem.as_ref().is_some_and(|why| why.contains("“Reports”")), "{findings:?}");
    assert!(fake.requests().iter().all(|request| request.method == "GET"));
    assert_eq!(fake.violations(), [""; 0]);
}
