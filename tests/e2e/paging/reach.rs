//! People whom a page can't reach: nobody waits for them.

use entity::person;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, Set};

use super::*;

#[test]
fn what_can_not_leave_pages_the_next_at_once_and_is_not_called_paged() {
    without_mail(async |app| {
        let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
        let _lee = senior(app, "Lee", 7).await;
        on_call(app, &kim, None).await;
        change(app, &kim, UpdatePerson { phone: Some(Some("+44 20 7946 0018".into())), ..UpdatePerson::default() }).await;
        let report = app.viewer("Vic").await.report("errors").await;
        remind_all(&app.system()).await;
        assert_eq!(paged(&sam, "INC-1").await, ["Kim", "Lee"], "nobody waits five minutes for a mail that nobody sent");
        let said = texts(&sam, &report).await;
        assert!(said.iter().any(|text| text.starts_with("Could not page Kim: no mail server is connected")), "{said:?}");
        assert!(!said.iter().any(|text| text.starts_with("Paged")), "{said:?}");
        let page = pages(&sam, "INC-1").await[0].clone();
        assert_eq!((&page["lost"], &page["ways"][0]["state"]), (&json!("UNSENT"), &json!("BY_HAND")));
        // Done by hand is an answer: reached, or not.
        let mail = mail_to(&sam, "INC-1", "Kim").await.to_string();
        let waiting = sam.incident("INC-1", "deliveries(state: BY_HAND) { id instructions }").await;
        let todo = waiting["deliveries"].as_array().unwrap().iter().find(|row| row["id"] == *mail).unwrap();
        assert!(text(todo, "instructions").starts_with("Phone Kim: +44 20 7946 0018"), "{todo}");
        sam.mutate("settleDeliveryByHand", json!({ "deliveryId": mail, "reached": false }), "delivery { state }").await;
        assert_eq!(pages(&sam, "INC-1").await[0]["lost"], "UNREACHED");
        let mail = mail_to(&sam, "INC-1", "Lee").await.to_string();
        sam.mutate("settleDeliveryByHand", json!({ "deliveryId": mail }), "delivery { state }").await;
        let page = pages(&sam, "INC-1").await[1].clone();
        assert_eq!((&page["answeredHow"], &page["lost"]), (&json!("BY_HAND"), &Value::Null));
        let said = texts(&sam, &report).await;
        assert!(said.last().unwrap().contains("Lee was reached, says Sam"), "{said:?}");
        assert!(said.iter().any(|text| text.contains("Kim was not reached, says Sam")), "{said:?}");
        let before = said.len();
        pass(app, 5).await;
        assert_eq!(texts(&sam, &report).await.len(), before, "an answer ends the chain");
    });
}

#[test]
fn somebody_without_an_address_holds_up_nobody() {
    with_mail(async |app| {
        let (sam, kim, _lee) = (app.responder("Sam").await, app.responder("Kim").await, senior(app, "Lee", 7).await);
        on_call(app, &kim, None).await;
        let (row, which) = (person::ActiveModel { email: Set(None), ..Default::default() }, person::Column::Id.eq(kim.person_id()));
        person::Entity::update_many().set(row).filter(which).exec(app.domain.db.write()).await.unwrap();
        app.viewer("Vic").await.report("errors").await;
        remind_all(&app.system()).await;
        assert_eq!(paged(&sam, "INC-1").await, ["Kim", "Lee"]);
        assert_eq!(pages(&sam, "INC-1").await[0]["lost"], "UNSENT");
    });
}

#[test]
fn a_page_that_is_refused_pages_the_next_at_once() {
    with_mail(async |app| {
        app.expect_error_log("a page could not be delivered");
        let (sam, kim, lee) = (app.responder("Sam").await, app.responder("Kim").await, senior(app, "Lee", 7).await);
        on_call(app, &kim, None).await;
        app.viewer("Vic").await.report("errors").await;
        let claim = delivery::claim(&app.system(), mail_to(&sam, "INC-1", "Kim").await).await.unwrap().unwrap();
        delivery::record(&app.system(), &claim, Err(Refusal::Never("550 unknown".into()))).await.unwrap();
        remind_all(&app.system()).await;
        assert_eq!(paged(&sam, "INC-1").await, ["Kim", "Lee"]);
        let found = pages(&sam, "INC-1").await;
        assert_eq!(
            (&found[0]["lost"], &found[0]["ways"][0]["state"], &found[1]["lost"]),
            (&json!("UNSENT"), &json!("FAILED"), &Value::Null)
        );
        pass(app, 4).await;
        assert_eq!(paged(&sam, "INC-1").await.len(), 2, "Lee has five minutes");
        // Lee can't: nobody waits for the rest of them.
        let _mia = senior(app, "Mia", 6).await;
        answer(&lee, "INC-1", "Lee", "DECLINE").await;
        remind_all(&app.system()).await;
        assert_eq!(paged(&sam, "INC-1").await, ["Kim", "Lee", "Mia"]);
    });
}

#[test]
fn who_leaves_is_waited_for_nowhere() {
    with_mail(async |app| {
        let (sam, kim, _lee) = (app.responder("Sam").await, app.responder("Kim").await, senior(app, "Lee", 7).await);
        let browser = app.anonymous();
        on_call(app, &kim, None).await;
        app.viewer("Vic").await.report("errors").await;
        let led = led(&kim, "MINOR").await;
        let mail = mail_to(&sam, "INC-1", "Kim").await;
        let link = secret_in(&attempt(app, mail).await, "/answer?page=");
        change(app, &kim, UpdatePerson { deactivated: Some(true), ..UpdatePerson::default() }).await;
        assert!(sam.incident("INC-2", "lead { name }").await["lead"].is_null());
        assert!(texts(&sam, &led).await.last().unwrap().contains("Kim has left the team and is no longer incident lead"));
        remind_all(&app.system()).await;
        assert_eq!(paged(&sam, "INC-1").await, ["Kim", "Lee"]);
        let found = pages(&sam, "INC-1").await[0].clone();
        assert_eq!((&found["lost"], &found["ways"][0]["state"]), (&json!("LEFT"), &json!("CANCELLED")));
        for (status, said) in [
            {
                let (status, said, _) = press(&browser, "/answer", &format!("page={link}")).await;
                (status, said)
            },
            {
                let seen = browser.get(&format!("/answer?page={link}")).await;
                (seen.status().as_u16(), seen.text().await.unwrap())
            },
        ] {
            assert!(status == 403 && said.contains("Kim is no longer on the team"), "{said}");
        }
        assert!(pages(&sam, "INC-1").await[0]["answeredAt"].is_null());
        // The same for somebody who may only read from now on.
        let mia = app.responder("Mia").await;
        on_call(app, &mia, None).await;
        app.viewer("Vic").await.report("more errors").await;
        let link = secret_in(&attempt(app, mail_to(&sam, "INC-3", "Mia").await).await, "/answer?page=");
        change(app, &mia, UpdatePerson { access_level: Some(AccessLevel::Viewer), ..UpdatePerson::default() }).await;
        remind_all(&app.system()).await;
        assert_eq!(paged(&sam, "INC-3").await, ["Mia", "Lee"]);
        let (status, said, _) = press(&browser, "/answer", &format!("page={link}")).await;
        assert!(status == 403 && said.contains("Mia may only read"), "{said}");
        assert!(pages(&sam, "INC-3").await[0]["answeredAt"].is_null());
    });
}
