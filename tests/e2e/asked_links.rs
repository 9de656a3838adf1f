//! Sign-in links that people ask for by mail.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::ports::{Effect, Email, MailOrder};
use domain::{limits, people};
use entity::{DeliveryState, Operation, System, delivery, sign_in_link};
use harness::worker::Outside;
use harness::{TestApp, both_dbs, eventually, run_with};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};

both_dbs![by with_mail: a_link_that_is_asked_for_signs_in_once, what_is_answered_says_nothing_about_who_is_there, one_person_gets_three_an_hour];
both_dbs![without_mail_none_can_be_asked_for];

const SOON: Duration = Duration::from_secs(30);

fn with_mail(engine: harness::Engine, test: impl AsyncFnOnce(&TestApp)) {
    run_with(TestApp::builder(engine).connected(System::Email), test);
}

/// Status and page of the answer to somebody behind a proxy.
async fn ask(app: &TestApp, caller: &str, email: &str) -> (u16, String) {
    let form = harness::browser().post(format!("{}/sign-in/mail", app.url()));
    let form = form.header("content-type", "application/x-www-form-urlencoded").header("x-forwarded-for", caller.to_owned());
    let answer = form.body(format!("email={}", email.replace('+', "%2B"))).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

async fn mails(app: &TestApp) -> Vec<delivery::Model> {
    let mails = delivery::Entity::find().filter(delivery::Column::Operation.eq(Operation::SignIn));
    mails.all(app.domain.db.read()).await.unwrap()
}

async fn a_link_that_is_asked_for_signs_in_once(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let address = people::find(&app.system(), sam.person_id()).await.unwrap().email.unwrap();
    let outside = Outside::new();
    let worker = app.worker(&outside).await;
    let page = app.anonymous().get("/").await.text().await.unwrap();
    assert!(page.contains("Your e-mail address"), "{page}");
    assert_eq!(ask(app, "203.0.113.7", &address.to_uppercase()).await.0, 200);
    let order = eventually("the mail leaves", SOON, async || outside.orders().pop()).await;
    let Effect::Mail(MailOrder::Email(Email { to, text, .. })) = order.effect else { panic!("it is a mail") };
    assert_eq!(to, address);
    let (_, link) = text.split_once("/sign-in?link=").expect("it has a link");
    let link = link.split_whitespace().next().unwrap();
    let row = eventually("it is recorded", SOON, async || mails(app).await.pop().filter(|row| row.state == DeliveryState::Delivered)).await;
    assert!(!format!("{row:?}").contains(link), "no row has the secret: {row:?}");
    let ctx = app.system();
    assert!(people::access::sign_in(&ctx, link).await.is_ok());
    assert!(people::access::sign_in(&ctx, link).await.is_err(), "it works once");

    ask(app, "203.0.113.7", &address).await;
    let order = eventually("another mail leaves", SOON, async || Some(outside.orders()).filter(|orders| orders.len() == 2)).await.remove(1);
    let Effect::Mail(MailOrder::Email(Email { text, .. })) = order.effect else { panic!("it is a mail") };
    let link = text.split_once("/sign-in?link=").unwrap().1.split_whitespace().next().unwrap().to_owned();
    app.advance(Duration::from_hours(1));
    assert!(people::access::sign_in(&ctx, &link).await.is_err(), "an hour is over");
    worker.stop().await;
}

async fn what_is_answered_says_nothing_about_who_is_there(app: &TestApp) {
    let (ada, sam, kim) = (app.admin().await, app.responder("Sam").await, app.responder("Kim").await);
    let address = async |client: &harness::Client| people::find(&app.system(), client.person_id()).await.unwrap().email.unwrap();
    let left = address(&kim).await;
    ada.mutate("updatePerson", serde_json::json!({ "personId": kim.id(), "deactivated": true }), "person { id }").await;
    let answers: BTreeSet<(u16, String)> = [
        ask(app, "203.0.113.7", "nobody@example.org").await,
        ask(app, "203.0.113.7", &left).await,
        ask(app, "203.0.113.7", &address(&sam).await).await,
    ]
    .into();
    assert_eq!(answers.len(), 1, "{answers:?}");
    // The queue is worked off in order.
    eventually("the last one is ordered", SOON, async || mails(app).await.pop()).await;
    let ordered: Vec<_> = mails(app).await.into_iter().map(|row| row.person_id).collect();
    assert_eq!(ordered, [Some(sam.person_id())]);
    assert_eq!(ask(app, "203.0.113.7", "no address").await.0, 400);

    let form = harness::browser().post(format!("{}/sign-in/mail", app.url())).header("sec-fetch-site", "cross-site");
    let form = form.header("content-type", "application/x-www-form-urlencoded").body("email=sam%40example.org");
    assert_eq!(form.send().await.unwrap().status(), 403, "a page of another site");
}

async fn one_person_gets_three_an_hour(app: &TestApp) {
    let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
    let address = async |client: &harness::Client| people::find(&app.system(), client.person_id()).await.unwrap().email.unwrap();
    let (sams, kims) = (address(&sam).await, address(&kim).await);
    let of = async |client: &harness::Client| mails(app).await.iter().filter(|row| row.person_id == Some(client.person_id())).count();
    for caller in ["203.0.113.1", "203.0.113.2", "203.0.113.3", "203.0.113.4"] {
        assert_eq!(ask(app, caller, &sams).await.0, 200);
    }
    ask(app, "203.0.113.1", &kims).await;
    eventually("the one after them is ordered", SOON, async || Some(of(&kim).await).filter(|n| *n == 1)).await;
    assert_eq!(of(&sam).await, 3);
    // Nothing has left, and after a quarter of an hour nothing does.
    app.advance(Duration::from_mins(16));
    let outside = Outside::new();
    let worker = app.worker(&outside).await;
    let cancelled = async || Some(mails(app).await).filter(|mails| mails.iter().all(|row| row.state == DeliveryState::Cancelled));
    eventually("they are no longer wanted", SOON, cancelled).await;
    assert_eq!((outside.orders().len(), sign_in_link::Entity::find().count(app.domain.db.read()).await.unwrap()), (0, 0));
    worker.stop().await;

    for _ in 0..limits::ASKED_LINKS_OF_CALLER {
        assert_eq!(ask(app, "203.0.113.9", "nobody@example.org").await.0, 200);
    }
    assert_eq!(ask(app, "203.0.113.9", "nobody@example.org").await.0, 429);
    assert_eq!(ask(app, "203.0.113.10", "nobody@example.org").await.0, 200);
    app.advance(Duration::from_hours(1));
    assert_eq!(ask(app, "203.0.113.9", "nobody@example.org").await.0, 200);
}

async fn without_mail_none_can_be_asked_for(app: &TestApp) {
    let page = app.anonymous().get("/").await.text().await.unwrap();
    assert!(!page.contains("Your e-mail address"), "{page}");
    assert_eq!(ask(app, "203.0.113.7", "sam@example.org").await.0, 404);
}
