//! Zendesk: credentials, lists, pages and the search.

use std::time::Duration;

use harness::fakes::ZendeskFake;
use harness::fakes::zendesk::{AGENT, CLIENT, ME};
use serde_json::{Value, json};

use super::{get, post, put, send, ticket};

#[tokio::test]
async fn wrong_credentials_are_nobody_or_refused() {
    let fake = ZendeskFake::start().await;
    let me = get(&fake, "users/me.json").await.json();
    assert_eq!((me["user"]["id"].as_u64(), me["user"]["role"].as_str()), (Some(ME), Some("agent")));
    let http = harness::http().build().expect("a client can be made");
    for credentials in [None, Some("wrong")] {
        let ask = |path: &str| {
            let request = http.get(format!("{}/api/v2/{path}", fake.url()));
            send(credentials.into_iter().fold(request, |request, token| request.basic_auth("muster@support.example/token", Some(token))))
        };
        let nobody = ask("users/me").await.unwrap();
        assert_eq!((nobody.status, &nobody.json()["user"]["name"]), (200, &json!("Anonymous user")));
        assert_eq!(nobody.json()["user"]["id"], Value::Null);
        let refused = ask("tickets/1").await.unwrap();
        assert_eq!((refused.status, refused.json()), (401, json!({ "error": "Couldn't authenticate you" })));
    }
}

#[tokio::test]
async fn lists_come_in_pages() {
    let fake = ZendeskFake::start().await;
    let id = ticket(&fake, json!({})).await;
    for n in 0..7 {
        put(&fake, &format!("tickets/{id}"), json!({ "ticket": { "comment": { "body": format!("{n}") } } })).await;
    }
    let (mut next, mut sizes, mut bodies) = (format!("tickets/{id}/audits?page[size]=3"), Vec::new(), Vec::new());
    loop {
        let page = get(&fake, &next).await.json();
        sizes.push(page["audits"].as_array().unwrap().len());
        bodies.extend(page["audits"].as_array().unwrap().iter().map(|audit| audit["events"][0]["body"].as_str().unwrap().to_owned()));
        if page["meta"]["has_more"] == false {
            assert_eq!(page["links"]["next"], Value::Null);
            break;
        }
        next = page["links"]["next"].as_str().unwrap().split("/api/v2/").nth(1).unwrap().to_owned();
        assert!(next.contains(&page["meta"]["after_cursor"].as_str().unwrap().replace('=', "%3D")), "{next}");
    }
    assert_eq!(sizes, [3, 3, 2]);
    assert_eq!(bodies, ["It is down.", "0", "1", "2", "3", "4", "5", "6"]);
    assert_eq!(get(&fake, "users?page[size]=101").await.status, 400);
    let clients = get(&fake, "users?role=end-user&page[size]=100").await.json();
    assert_eq!(clients["users"].as_array().unwrap().iter().map(|user| user["id"].as_u64().unwrap()).collect::<Vec<_>>(), [7101, 7102]);
    assert_eq!(get(&fake, "organizations/501").await.json()["organization"]["name"], "Example plc");
    let missing = get(&fake, "users/1").await;
    assert_eq!((missing.status, &missing.json()["error"]), (404, &json!("RecordNotFound")));
}

#[tokio::test]
async fn a_search_finds_what_is_old_enough() {
    let fake = ZendeskFake::start().await;
    let down = fake.add_ticket(CLIENT, "Site down", "Nothing works", json!({ "priority": "urgent" }));
    let solved = fake.add_ticket(7102, "Site slow", "Very slow", json!({}));
    fake.change_ticket(solved, AGENT, json!({ "status": "solved" }));
    let found = async |query: &str| {
        let query: String = url::form_urlencoded::byte_serialize(query.as_bytes()).collect();
        let answer = get(&fake, &format!("search?query={query}")).await.json();
        let ids: Vec<u64> = answer["results"].as_array().unwrap().iter().map(|result| result["id"].as_u64().unwrap()).collect();
        assert_eq!(answer["count"].as_u64().unwrap(), ids.len() as u64);
        ids
    };
    assert_eq!(found("type:ticket").await, [0; 0]);
    fake.advance(Duration::from_mins(2));
    assert_eq!(found("type:ticket site").await, [down, solved]);
    assert_eq!(found("type:ticket status<solved site").await, [down]);
    assert_eq!(found("type:ticket organization:502").await, [solved]);
    assert_eq!(found("type:ticket works").await, [down]);
    assert_eq!(get(&fake, "search?query=type:ticket+colour:red").await.status, 422);
    assert_eq!(get(&fake, "search?query=site&page=11&per_page=100").await.status, 422);
    fake.set_index_lag(Duration::ZERO);
    let third = fake.add_ticket(CLIENT, "Site gone", "Gone", json!({}));
    assert_eq!(found("type:ticket gone").await, [third]);
}

#[tokio::test]
async fn an_export_has_one_kind_by_cursor() {
    let fake = ZendeskFake::start().await;
    let first = get(&fake, "search/export?query=*&filter[type]=organization&page[size]=1").await.json();
    assert_eq!((&first["results"][0]["name"], &first["results"][0]["result_type"]), (&json!("Example plc"), &json!("organization")));
    let after = first["meta"]["after_cursor"].as_str().unwrap();
    let second = get(&fake, &format!("search/export?query=*&filter[type]=organization&page[size]=1&page[after]={after}")).await.json();
    assert_eq!((&second["results"][0]["id"], &second["meta"]["has_more"]), (&json!(502), &json!(false)));
    assert_eq!(get(&fake, "search/export?query=*").await.status, 422);
}

#[tokio::test]
async fn webhooks_can_be_registered() {
    let fake = ZendeskFake::start().await;
    let webhook = json!({
        "name": "Muster", "endpoint": "https://muster.example/hook", "http_method": "POST", "request_format": "json", "status": "active",
    });
    let made = post(&fake, "webhooks", json!({ "webhook": webhook })).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let id = made.json()["webhook"]["id"].as_str().unwrap().to_owned();
    let secret = get(&fake, &format!("webhooks/{id}/signing_secret")).await.json();
    assert_eq!(secret["signing_secret"]["secret"], harness::fakes::zendesk::WEBHOOK_SECRET);
    assert_eq!(post(&fake, "webhooks", json!({ "webhook": { "name": "Muster" } })).await.status, 422);
}
