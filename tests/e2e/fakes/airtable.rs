//! The fake of Airtable: its pages, its limits and both forms of its errors, held to what is known of the real one.

use std::sync::Arc;
use std::time::Duration;

use domain::clock::ManualClock;
use harness::app::start_of_time;
use harness::fakes::airtable::{BASE, TABLE, TOKEN, VIEW};
use harness::fakes::{AirtableFake, Contract, Received, contract};
use jsonschema::{Draft, Validator};
use serde_json::{Value, json};

use super::{Answer, send};

async fn ask(fake: &AirtableFake, path: &str, token: &str) -> Answer {
    let http = harness::http().build().expect("a client can be made");
    send(http.get(format!("{}/v0/{path}", fake.url())).bearer_auth(token)).await.unwrap()
}

/// Lists sites, within the limit of requests.
async fn list(fake: &AirtableFake, query: &str) -> Answer {
    fake.advance(Duration::from_secs(1));
    ask(fake, &format!("{BASE}/{TABLE}?{query}"), TOKEN).await
}

fn with_sites(fake: &AirtableFake, count: usize) {
    fake.change(|base| {
        for number in 1..=count {
            base.add(TABLE, &json!({ "Site": format!("Site {number}"), "Important": number == 1, "Notes": "" }));
        }
    });
}

/// What is known of the real one's answers with this status.
fn answers(status: &str) -> Validator {
    let document = contract::load("airtable.assembled.json");
    let schema = &document["paths"]["/{baseId}/{tableIdOrName}"]["get"]["responses"][status]["content"]["application/json"]["schema"];
    assert!(schema.is_object(), "{status} is described");
    jsonschema::options().with_draft(Draft::Draft4).build(schema).unwrap()
}

#[test]
fn mistakes_at_airtable_are_found() {
    let contract = Contract::airtable();
    let check = |path: &str, query: &[(&str, &str)]| {
        let query = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let (method, path) = ("GET".to_owned(), path.to_owned());
        contract.check(&Received { method, path, query, headers: Vec::new(), body: "".into(), status: None, fault: None })
    };
    let right = [("pageSize", "100"), ("fields[]", "Site"), ("view", "Live"), ("offset", "itr1/rec1"), ("returnFieldsByFieldId", "true")];
    assert_eq!(check("/v0/appAbc/Sites", &right), [""; 0]);
    assert_eq!(check("/v0/meta/bases/appAbc/tables", &[]), [""; 0]);
    for (path, query, wrong) in [
        ("/v0/appAbc/Sites", ("pageSize", "101"), "`pageSize` mustn't be \"101\""),
        ("/v0/appAbc/Sites", ("returnFieldsByFieldId", "perhaps"), "`returnFieldsByFieldId` mustn't be \"perhaps\""),
        ("/v0/Sites/Sites", ("pageSize", "1"), "`baseId` mustn't be \"Sites\""),
        ("/v0/appAbc", ("pageSize", "1"), "no such method and path"),
    ] {
        assert_eq!(check(path, &[query]), [wrong], "{path}");
    }
}

#[tokio::test]
async fn a_list_comes_in_pages_and_each_is_as_described() {
    let fake = AirtableFake::start().await.checked();
    with_sites(&fake, 5);
    let page = answers("200");
    let (mut names, mut offset) = (Vec::new(), String::new());
    for expected in [2, 2, 1] {
        let answer = list(&fake, &format!("pageSize=2&fields[]=Site&view={VIEW}{offset}")).await.json();
        assert!(page.is_valid(&answer), "{answer}");
        let records = answer["records"].as_array().unwrap();
        assert_eq!(records.len(), expected);
        names.extend(records.iter().map(|record| record["fields"]["Site"].as_str().unwrap().to_owned()));
        offset = answer["offset"].as_str().map(|offset| format!("&offset={offset}")).unwrap_or_default();
    }
    assert_eq!(names, ["Site 1", "Site 2", "Site 3", "Site 4", "Site 5"]);
    assert_eq!(offset, "", "the last page has none");
    let whole = list(&fake, "").await.json();
    assert_eq!(whole["records"][0]["fields"], json!({ "Site": "Site 1", "Important": true }), "what says nothing is left out");
    assert_eq!(whole["records"][1]["fields"], json!({ "Site": "Site 2" }));
    assert_eq!(fake.violations(), [""; 0]);
}

#[tokio::test]
async fn errors_have_both_forms_and_each_is_as_described() {
    let fake = AirtableFake::start().await;
    with_sites(&fake, 3);
    let of_type = |answer: &Answer| {
        let answer = answer.json();
        let error = &answer["error"];
        error.as_str().or_else(|| error["type"].as_str()).unwrap_or_default().to_owned()
    };
    let offset = list(&fake, "pageSize=1").await.json()["offset"].as_str().unwrap().to_owned();
    for (path, token, status, kind) in [
        (format!("{BASE}/{TABLE}"), "hunter2", 401, "AUTHENTICATION_REQUIRED"),
        (format!("appOther/{TABLE}"), TOKEN, 404, "NOT_FOUND"),
        (format!("{BASE}/Pages"), TOKEN, 403, "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND"),
        (format!("{BASE}/{TABLE}?fields[]=Name"), TOKEN, 422, "UNKNOWN_FIELD_NAME"),
        (format!("{BASE}/{TABLE}?view=Mine"), TOKEN, 422, "VIEW_NAME_NOT_FOUND"),
        (format!("{BASE}/{TABLE}?pageSize=101"), TOKEN, 422, "INVALID_PAGE_SIZE"),
        (format!("{BASE}/{TABLE}?colour=red"), TOKEN, 422, "INVALID_REQUEST_UNKNOWN"),
        (format!("{BASE}/{TABLE}?offset=guessed"), TOKEN, 422, "LIST_RECORDS_ITERATOR_NOT_AVAILABLE"),
    ] {
        fake.advance(Duration::from_secs(1));
        let answer = ask(&fake, &path, token).await;
        assert_eq!((answer.status, of_type(&answer).as_str()), (status, kind), "{path}");
        assert!(answers(&status.to_string()).is_valid(&answer.json()), "{path}: {}", answer.text);
    }
    fake.advance(Duration::from_mins(5));
    let forgotten = list(&fake, &format!("pageSize=1&offset={offset}")).await;
    assert_eq!(of_type(&forgotten), "LIST_RECORDS_ITERATOR_NOT_AVAILABLE");
    fake.show_schema(false);
    assert_eq!(ask(&fake, &format!("meta/bases/{BASE}/tables"), TOKEN).await.status, 403);
}

#[tokio::test]
async fn it_takes_five_requests_in_a_second_and_then_nothing_for_half_a_minute() {
    let fake = AirtableFake::start().await;
    // A clock that only the test moves.
    fake.follow(Arc::new(ManualClock::new(start_of_time())));
    fake.set_limit(2);
    let status = async || ask(&fake, &format!("{BASE}/{TABLE}"), TOKEN).await.status;
    assert_eq!([status().await, status().await, status().await], [200, 200, 429]);
    fake.advance(Duration::from_secs(20));
    assert_eq!(status().await, 429);
    fake.advance(Duration::from_secs(11));
    assert_eq!(status().await, 200);
    assert_eq!(fake.usage().refused, 1);
}

#[tokio::test]
async fn a_field_that_is_renamed_between_two_pages_is_missing_from_the_second() {
    let fake = AirtableFake::start().await;
    with_sites(&fake, 3);
    fake.change_between_pages(|base| base.rename_field(TABLE, "Site", "Name"));
    let first = list(&fake, "pageSize=2&fields[]=Site").await.json();
    let offset = first["offset"].as_str().unwrap();
    let second = list(&fake, &format!("pageSize=2&fields[]=Site&offset={offset}")).await.json();
    assert_eq!((&first["records"][0]["fields"], &second["records"][0]["fields"]), (&json!({ "Site": "Site 1" }), &json!({})));
    assert_eq!(list(&fake, "fields[]=Site").await.status, 422);
    let id = fake.change(|base| base.field_id(TABLE, "Name"));
    let by_id = list(&fake, &format!("fields[]={id}&returnFieldsByFieldId=true")).await.json();
    assert_eq!(by_id["records"][0]["fields"], json!({ (id.as_str()): "Site 1" }));
}

#[tokio::test]
async fn a_person_with_curl_plays_the_base() {
    let fake = AirtableFake::start().await;
    let control = async |method: reqwest::Method, path: &str, body: Value| {
        let request = harness::http().build().expect("a client can be made").request(method, format!("{}/_fake/{path}", fake.url()));
        let answer = send(request.body(body.to_string())).await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer
    };
    let made = control(reqwest::Method::POST, "sites", json!({ "Site": "Shop" })).await.json();
    control(reqwest::Method::POST, "rename", json!({ "from": "Runbook", "to": "What to do" })).await;
    control(reqwest::Method::POST, "hide", json!({ "but": 0 })).await;
    assert_eq!(list(&fake, &format!("view={VIEW}")).await.json()["records"], json!([]));
    control(reqwest::Method::POST, "show", Value::Null).await;
    assert_eq!(list(&fake, &format!("view={VIEW}&fields[]=What%20to%20do")).await.json()["records"].as_array().unwrap().len(), 1);
    control(reqwest::Method::DELETE, &format!("sites/{}", made["id"].as_str().unwrap()), Value::Null).await;
    assert_eq!(list(&fake, "").await.json()["records"], json!([]));
}
