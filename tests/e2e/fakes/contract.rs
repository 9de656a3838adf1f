//! The check against the vendors' descriptions finds planted mistakes, and nothing else.

use harness::fakes::trello::{BOARD, KIM, TODO};
use harness::fakes::{Contract, Received, TrelloFake, ZendeskFake};
use reqwest::Method;
use serde_json::{Value, json};

use super::{call, card, get, post, put, ticket};

fn received(method: &str, path: &str, query: &[(&str, &str)], body: Option<Value>) -> Received {
    let query = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let headers = body.iter().map(|_| ("content-type".to_owned(), "application/json".to_owned())).collect();
    let body = body.map(|body| body.to_string().into()).unwrap_or_default();
    Received { method: method.to_owned(), path: path.to_owned(), query, headers, body, status: None, fault: None }
}

#[test]
fn mistakes_at_zendesk_are_found() {
    let contract = Contract::zendesk();
    let comment = json!({ "body": "x" });
    let create = |ticket: Value| contract.check(&received("POST", "/api/v2/tickets", &[], Some(json!({ "ticket": ticket }))));
    let right =
        json!({ "comment": comment, "priority": "high", "type": "problem", "external_id": "INC-1", "metadata": { "a": 1 }, "tags": ["a"] });
    assert_eq!(create(right), [""; 0]);
    for (wrong, words) in [
        (json!({ "priority": "high" }), "comment"),
        (json!({ "comment": comment, "priority": "P1" }), "P1"),
        (json!({ "comment": comment, "organization_id": "501" }), "501"),
        (json!({ "comment": comment, "severity": 1 }), "`ticket.severity` isn't described"),
        (json!({ "comment": { "body": "x", "visible": true } }), "`comment.visible` isn't described"),
    ] {
        let found = create(wrong.clone());
        assert!(found.len() == 1 && found[0].contains(words), "{wrong}: {found:?}");
    }
    let unwrapped = contract.check(&received("PUT", "/api/v2/tickets/5.json", &[], Some(json!({ "status": "open" }))));
    assert_eq!(unwrapped, ["`status` beside `ticket`", "`ticket` is missing"]);
    let changed = json!({ "ticket": { "status": "solved", "safe_update": true, "updated_stamp": "2026-11-22T18:00:00Z" } });
    assert_eq!(contract.check(&received("PUT", "/api/v2/tickets/5", &[], Some(changed.clone()))), [""; 0]);
    assert_eq!(contract.check(&received("PUT", "/api/v2/tickets/abc", &[], Some(changed.clone()))), ["`ticket_id` mustn't be \"abc\""]);
    assert_eq!(contract.check(&received("PATCH", "/api/v2/tickets/5", &[], Some(changed))), ["no such method and path"]);
    assert_eq!(contract.check(&received("GET", "/api/v2/search", &[], None)), ["`query` is missing"]);
    assert_eq!(contract.check(&received("GET", "/api/v2/users", &[("role", "boss")], None)), ["`role` mustn't be \"boss\""]);
    let as_form =
        Received { headers: Vec::new(), ..received("POST", "/api/v2/tickets", &[], Some(json!({ "ticket": { "comment": comment } }))) };
    assert_eq!(contract.check(&as_form), ["the body isn't declared as JSON"]);
    let upload = |query: &[(&str, &str)], kind: &str| {
        let headers = vec![("content-type".to_owned(), kind.to_owned())];
        contract.check(&Received { headers, body: "%PDF".into(), ..received("POST", "/api/v2/uploads", query, None) })
    };
    assert_eq!(upload(&[("filename", "a.pdf")], "application/pdf"), [""; 0]);
    assert_eq!(upload(&[("filename", ""), ("name", "a")], "pdf").len(), 3);
}

#[test]
fn mistakes_at_trello_are_found() {
    let contract = Contract::trello();
    let create = |query: &[(&str, &str)]| contract.check(&received("POST", "/1/cards", query, None));
    let members = format!("{KIM},{BOARD}");
    assert_eq!(
        create(&[("idList", TODO), ("name", "5"), ("pos", "top"), ("due", "2026-12-01T10:00:00Z"), ("idMembers", &members)]),
        [""; 0]
    );
    for (query, words) in [
        (vec![("name", "a")], "`idList` is missing"),
        (vec![("idList", "to do")], "`idList` mustn't be \"to do\""),
        (vec![("idList", TODO), ("idMembers", "kim")], "`idMembers` mustn't be \"kim\""),
        (vec![("idList", TODO), ("pos", "middle")], "`pos` mustn't be \"middle\""),
        (vec![("idList", TODO), ("dueComplete", "yes")], "`dueComplete` mustn't be \"yes\""),
        (vec![("idList", TODO), ("keepFromSource", "everything")], "`keepFromSource` mustn't be \"everything\""),
        (vec![("idList", TODO), ("title", "a")], "`title` isn't described"),
    ] {
        assert_eq!(create(&query), [words], "{query:?}");
    }
    let change = |query: &[(&str, &str)]| contract.check(&received("PUT", &format!("/1/cards/{TODO}"), query, None));
    assert_eq!(change(&[("due", ""), ("closed", "true"), ("idMembers", ""), ("pos", "3.5")]), [""; 0]);
    assert_eq!(change(&[("due", "null"), ("idMembers", &members)]), [""; 0]);
    assert_eq!(change(&[("closed", "1")]), ["`closed` mustn't be \"1\""]);
    assert_eq!(contract.check(&received("PUT", "/1/cards/42", &[], None)), ["`id` mustn't be \"42\""]);
    assert_eq!(contract.check(&received("POST", "/1/cards/42/idMembers", &[], None)).len(), 1);
    assert_eq!(contract.check(&received("GET", "/1/boards/x/cards/some", &[], None)), ["`filter` mustn't be \"some\""]);
    let with_body = contract.check(&received("POST", "/1/cards", &[("idList", TODO)], Some(json!({}))));
    assert_eq!(with_body, ["it has no body"]);
}

#[tokio::test]
async fn what_the_fakes_answer_for_is_described() {
    let desk = ZendeskFake::start().await.checked();
    let id = ticket(&desk, json!({ "subject": "a", "external_id": "INC-1" })).await;
    put(&desk, &format!("tickets/{id}.json"), json!({ "ticket": { "comment": { "body": "b", "public": false } } })).await;
    for path in [
        "users/me",
        "users",
        "users/7101",
        "organizations",
        "organizations/501",
        "tickets?external_id=INC-1",
        "tickets/101",
        "tickets/101/audits",
        "tickets/101/comments",
        "tickets/101/incidents",
        "search?query=type:ticket",
        "search/export?query=*&filter[type]=user&page[size]=5",
    ] {
        assert_eq!(get(&desk, path).await.status, 200, "{path}");
    }
    assert_eq!(desk.violations(), [""; 0]);
    post(&desk, "tickets", json!({ "colour": "red" })).await;
    assert_eq!(desk.violations(), ["POST /api/v2/tickets: `colour` beside `ticket`", "POST /api/v2/tickets: `ticket` is missing"]);

    let trello = TrelloFake::start().await.checked();
    let id = card(&trello, TODO).await;
    let search = [("query", "kim"), ("limit", "5")];
    for (path, arguments) in [
        ("members/me".to_owned(), &[][..]),
        (format!("boards/{BOARD}"), &[]),
        (format!("boards/{BOARD}/lists"), &[]),
        (format!("boards/{BOARD}/members"), &[]),
        (format!("boards/{BOARD}/cards/all"), &[]),
        (format!("lists/{TODO}/cards"), &[]),
        (format!("cards/{id}"), &[]),
        ("search/members/".to_owned(), &search),
    ] {
        assert_eq!(call(&trello, Method::GET, &path, arguments).await.status, 200, "{path}");
    }
    call(&trello, Method::PUT, &format!("cards/{id}"), &[("due", "2026-12-01T10:00:00.000Z"), ("name", "b")]).await;
    call(&trello, Method::POST, &format!("cards/{id}/actions/comments"), &[("text", "c")]).await;
    call(&trello, Method::POST, &format!("cards/{id}/idMembers"), &[("value", KIM)]).await;
    assert_eq!(trello.violations(), [""; 0]);
}
