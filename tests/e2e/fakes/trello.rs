//! Trello: boards and cards.

use chrono::{DateTime, Utc};
use harness::fakes::TrelloFake;
use harness::fakes::trello::{BOARD, DONE, KIM, ME, OTHER_LIST, STRANGER, TODO};
use reqwest::Method;
use serde_json::{Value, json};

use super::{board, call, card, send};

#[tokio::test]
async fn wrong_credentials_are_refused_in_plain_text() {
    let fake = TrelloFake::start().await;
    let (key, token) = (harness::fakes::trello::KEY, harness::fakes::trello::TOKEN);
    let ask = async |query: &str| {
        let response = reqwest::get(format!("{}/1/members/me?{query}", fake.url())).await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    };
    assert_eq!(ask(&format!("key={key}&token={token}")).await.0, 200);
    assert_eq!(ask(&format!("key={key}")).await, (401, "invalid token".to_owned()));
    assert_eq!(ask(&format!("key=x&token={token}")).await, (401, "invalid key".to_owned()));
    let me = call(&fake, Method::GET, "members/me", &[]).await.json();
    assert_eq!(me["id"], ME);
}

#[tokio::test]
async fn what_a_card_mustn_t_be_is_refused_in_plain_text() {
    let fake = TrelloFake::start().await;
    let (long, unknown) = ("x".repeat(16_385), "0".repeat(24));
    for (arguments, status, words) in [
        (vec![("name", "a")], 400, "invalid value for idList"),
        (vec![("idList", "TODO")], 400, "invalid value for idList"),
        (vec![("idList", unknown.as_str())], 404, "could not find the list that the card belongs to"),
        (vec![("idList", TODO), ("desc", &long)], 400, "invalid value for desc"),
        (vec![("idList", TODO), ("due", "tomorrow")], 400, "invalid value for due"),
        (vec![("idList", TODO), ("pos", "middle")], 400, "invalid value for pos"),
        (vec![("idList", TODO), ("idMembers", STRANGER)], 400, "invalid value for idMembers"),
        (vec![("idList", TODO), ("title", "a")], 400, "the fake doesn't know the argument title here"),
    ] {
        let refused = call(&fake, Method::POST, "cards", &arguments).await;
        assert_eq!((refused.status, refused.text.as_str()), (status, words));
    }
    let with_body = send(board(&fake, Method::POST, "cards", &[("idList", TODO)]).json(&json!({ "name": "a" }))).await.unwrap();
    assert_eq!(with_body.status, 400);
    assert_eq!(call(&fake, Method::GET, "cards/42", &[]).await.text, "invalid id");
    assert_eq!(call(&fake, Method::GET, &format!("cards/{unknown}"), &[]).await.status, 404);
    assert_eq!(fake.cards().len(), 0);
}

#[tokio::test]
async fn a_card_from_its_making_to_its_end() {
    let fake = TrelloFake::start().await;
    let arguments = [("idList", TODO), ("name", "Write"), ("due", "2026-12-01"), ("idMembers", KIM), ("desc", &"x".repeat(16_384))];
    let made = call(&fake, Method::POST, "cards", &arguments).await.json();
    assert_eq!((&made["idBoard"], &made["idMembers"], &made["due"]), (&json!(BOARD), &json!([KIM]), &json!("2026-12-01T00:00:00.000Z")));
    let id = made["id"].as_str().unwrap();
    let born = i64::from_str_radix(&id[..8], 16).unwrap();
    let told: DateTime<Utc> = made["dateLastActivity"].as_str().unwrap().parse().unwrap();
    assert_eq!((id.len(), born), (24, told.timestamp()));
    let path = format!("cards/{id}");
    let set = async |arguments: &[(&str, &str)]| call(&fake, Method::PUT, &path, arguments).await.json();
    assert_eq!(set(&[("due", ""), ("dueComplete", "true")]).await["due"], Value::Null);
    assert_eq!(set(&[("due", "2026-12-02T10:00:00Z")]).await["due"], "2026-12-02T10:00:00.000Z");
    assert_eq!(set(&[("due", "null"), ("idList", DONE), ("name", "Written")]).await["idList"], DONE);
    assert_eq!(set(&[("closed", "true")]).await["closed"], true);
    let listed = async |path: String| call(&fake, Method::GET, &path, &[]).await.json().as_array().unwrap().len();
    assert_eq!([listed(format!("boards/{BOARD}/cards")).await, listed(format!("boards/{BOARD}/cards/all")).await], [0, 1]);
    assert_eq!([listed(format!("boards/{BOARD}/cards/closed")).await, listed(format!("lists/{DONE}/cards")).await], [1, 0]);
    let comment = call(&fake, Method::POST, &format!("{path}/actions/comments"), &[("text", "Good.")]).await.json();
    assert_eq!((&comment["type"], &comment["data"]["text"]), (&json!("commentCard"), &json!("Good.")));
    assert_eq!(call(&fake, Method::DELETE, &path, &[]).await.status, 200);
    assert_eq!(call(&fake, Method::PUT, &path, &[("name", "x")]).await.text, "The requested resource was not found.");
}

#[tokio::test]
async fn members_come_and_go() {
    let fake = TrelloFake::start().await;
    let path = format!("cards/{}/idMembers", card(&fake, TODO).await);
    let add = async |member: &str| call(&fake, Method::POST, &path, &[("value", member)]).await;
    assert_eq!(add(KIM).await.json(), json!([KIM]));
    assert_eq!(add(KIM).await.text, "member is already on the card");
    assert_eq!((add(STRANGER).await.status, add("kim").await.status), (400, 400));
    assert_eq!(call(&fake, Method::DELETE, &format!("{path}/{KIM}"), &[]).await.status, 200);
    assert_eq!(fake.cards()[0].members, [""; 0]);
    let found = call(&fake, Method::GET, "search/members/", &[("query", "kim"), ("idBoard", BOARD)]).await.json();
    assert_eq!((found.as_array().unwrap().len(), &found[0]["id"]), (1, &json!(KIM)));
    let on_board = call(&fake, Method::GET, &format!("boards/{BOARD}/members"), &[]).await.json();
    assert_eq!(on_board.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn only_fields_that_exist_can_be_asked_for() {
    let fake = TrelloFake::start().await;
    card(&fake, TODO).await;
    card(&fake, OTHER_LIST).await;
    let ask = async |fields: &str| call(&fake, Method::GET, &format!("boards/{BOARD}/cards/all"), &[("fields", fields)]).await;
    let cards = ask("name,closed").await.json();
    assert_eq!((cards.as_array().unwrap().len(), cards[0].as_object().unwrap().len()), (1, 3));
    assert_eq!(ask("name,colour").await.text, "invalid value for fields");
    let lists = call(&fake, Method::GET, &format!("boards/{BOARD}/lists"), &[]).await.json();
    assert_eq!(lists.as_array().unwrap().iter().map(|list| list["name"].as_str().unwrap()).collect::<Vec<_>>(), ["To do", "Doing", "Done"]);
}

#[tokio::test]
async fn a_person_with_curl_plays_the_board() {
    let fake = TrelloFake::start().await;
    let control = async |method: Method, path: &str, body: Value| {
        let request = harness::http().build().expect("a client can be made").request(method, format!("{}/_fake/{path}", fake.url()));
        let answer = send(request.body(body.to_string())).await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer
    };
    let id = control(Method::POST, "cards", json!({ "name": "a" })).await.json()["id"].as_str().unwrap().to_owned();
    control(Method::POST, &format!("cards/{id}/move"), json!({ "list": "done" })).await;
    control(Method::PUT, &format!("cards/{id}"), json!({ "name": "b", "closed": true })).await;
    control(Method::POST, &format!("cards/{id}/comments"), json!({ "text": "c" })).await;
    let card = fake.card(&id).unwrap();
    assert_eq!((card.list.as_str(), card.name.as_str(), card.closed, card.comments), (DONE, "b", true, vec!["c".to_owned()]));
    control(Method::POST, "webhooks", json!({ "deliver": "lose" })).await;
    control(Method::DELETE, &format!("cards/{id}"), Value::Null).await;
    assert_eq!(control(Method::GET, "cards", Value::Null).await.json(), json!([]));
}
