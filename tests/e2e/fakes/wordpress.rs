//! The fake of WordPress answers as the real one did, and the check against WordPress' description of itself finds planted mistakes.

use harness::fakes::contract::folder;
use harness::fakes::wordpress::{PASSWORD, USER};
use harness::fakes::{Contract, Received, WordpressFake};
use reqwest::Method;
use serde_json::{Value, json};

use super::send;

/// What a real WordPress was asked, in an order in which the fake can be asked the same, and the password that it was shown.
const ASKED: [(&str, &str); 11] = [
    ("users_me_200", PASSWORD),
    ("users_me_wrong_password_401", "wrong"),
    ("posts_create_201", PASSWORD),
    ("posts_create_same_slug_201", PASSWORD),
    ("posts_find_by_slug_status_list_200", PASSWORD),
    ("posts_update_200", PASSWORD),
    ("posts_update_404", PASSWORD),
    ("posts_create_empty_400", PASSWORD),
    ("posts_create_invalid_param_400", PASSWORD),
    ("posts_create_wrong_password_401", "wrong"),
    ("no_route_404", PASSWORD),
];

#[tokio::test]
async fn it_answers_as_the_real_one_did() {
    let fake = WordpressFake::start().await.checked();
    let http = harness::http().build().expect("a client can be made");
    let mut first = None;
    for (name, password) in ASKED {
        let text = std::fs::read_to_string(folder().join(format!("samples/wordpress/{name}.json"))).unwrap();
        let sample: Value = serde_json::from_str(&text).unwrap();
        let (request, expected) = (&sample["request"], &sample["response"]);
        let method: Method = request["method"].as_str().unwrap().parse().unwrap();
        // The fake numbers its posts in its own way, and takes lists in one form.
        let path = request["path"].as_str().unwrap().replace("/5", &format!("/{}", first.unwrap_or(5)));
        let path = path
            .replace("&status[]=publish&status[]=draft&status[]=future&status[]=private&status[]=pending", "&status=publish,draft,future");
        let call = http.request(method, format!("{}{path}", fake.url())).basic_auth(USER, Some(password));
        let answer = send(if request["body"].is_null() { call } else { call.json(&request["body"]) }).await.unwrap();
        assert_eq!(json!(answer.status), expected["status"], "{name}: {}", answer.text);
        let (told, real) = (answer.json(), &expected["body"]);
        if answer.status >= 400 {
            assert_eq!(&told, real, "{name}");
        } else {
            assert_same_form(name, &told, real);
        }
        if name == "posts_create_201" {
            first = told["id"].as_u64();
        }
        if name.starts_with("posts_create_same") {
            assert_eq!(told["slug"], real["slug"]);
        }
    }
    assert_eq!(fake.violations(), [""; 0]);
}

/// The fake gives no field that the real one did not give, and each in the same form.
fn assert_same_form(what: &str, told: &Value, real: &Value) {
    match (told, real) {
        (Value::Object(told), Value::Object(real)) => told.iter().for_each(|(name, value)| {
            let real = real.get(name).unwrap_or_else(|| panic!("{what}: {name}"));
            assert_same_form(&format!("{what}.{name}"), value, real);
        }),
        (Value::Array(told), Value::Array(real)) => {
            told.iter().zip(real).for_each(|(told, real)| assert_same_form(what, told, real));
        }
        _ => assert_eq!(std::mem::discriminant(told), std::mem::discriminant(real), "{what}: {told} and {real}"),
    }
}

#[test]
fn mistakes_at_wordpress_are_found() {
    let contract = Contract::wordpress();
    let received = |method: &str, path: &str, query: &[(&str, &str)], body: Option<Value>| {
        let query = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let headers = body.iter().map(|_| ("content-type".to_owned(), "application/json".to_owned())).collect();
        let body = body.map(|body| body.to_string().into()).unwrap_or_default();
        let path = format!("/wp-json/wp/v2/{path}");
        contract.check(&Received { method: method.to_owned(), path, query, headers, body, status: None, fault: None })
    };
    let right = json!({ "title": "a", "content": "<p>b</p>", "slug": "c", "status": "draft", "categories": [1, 2] });
    assert_eq!(received("POST", "posts", &[], Some(right.clone())), [""; 0]);
    assert_eq!(received("POST", "posts/5", &[], Some(right)), [""; 0]);
    assert_eq!(received("GET", "posts", &[("slug", "a,b"), ("status", "any,trash"), ("context", "edit")], None), [""; 0]);
    for (body, words) in [
        (json!({ "status": "nonsense" }), "nonsense"),
        (json!({ "categories": ["Incidents"] }), "Incidents"),
        (json!({ "heading": "a" }), "heading"),
        (json!({ "title": 5 }), "5"),
    ] {
        let found = received("POST", "posts", &[], Some(body.clone()));
        assert!(found.len() == 1 && found[0].contains(words), "{body}: {found:?}");
    }
    for (query, words) in [(("status", "any,gone"), "gone"), (("context", "all"), "all"), (("per_page", "many"), "many")] {
        let found = received("GET", "posts", &[query], None);
        assert!(found.len() == 1 && found[0].contains(words), "{query:?}: {found:?}");
    }
    assert_eq!(received("GET", "pages", &[], None), ["no such method and path"]);
}
