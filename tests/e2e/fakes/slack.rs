//! The check against Slack's types finds planted mistakes, and the fake's table of methods is what Slack says of them.

use harness::fakes::slack::methods::{BOOKMARKS, CONNECT, METHODS, OPEN, POST};
use harness::fakes::{Contract, Received, contract};
use serde_json::{Value, json};

fn check(method: &str, name: &str, query: &[(&str, &str)], body: Option<Value>) -> Vec<String> {
    let query = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let headers = body.iter().map(|_| ("content-type".to_owned(), "application/json; charset=utf-8".to_owned())).collect();
    let body = body.map(|body| body.to_string().into()).unwrap_or_default();
    let (method, path) = (method.to_owned(), format!("/api/{name}"));
    Contract::slack().check(&Received { method, path, query, headers, body, status: None, fault: None })
}

#[test]
fn mistakes_at_slack_are_found() {
    let section = json!({ "type": "section", "text": { "type": "mrkdwn", "text": "hi", "verbatim": true } });
    let metadata = json!({ "event_type": "muster_delivery", "event_payload": { "key": "dlv_1" } });
    let right = json!({ "channel": "C1", "text": "hi", "blocks": [section], "metadata": metadata, "unfurl_links": false });
    assert_eq!(check("POST", POST, &[], Some(right)), [""; 0]);
    assert_eq!(check("GET", "conversations.history", &[("channel", "C1"), ("limit", "200")], None), [""; 0]);
    for wrong in [
        json!({ "channel": "C1", "text": "hi", "client_msg_id": "x" }),
        json!({ "text": "hi" }),
        json!({ "channel": "C1", "text": "hi", "blocks": [{ "type": "sektion" }] }),
        json!({ "channel": "C1", "text": "hi", "blocks": [{ "type": "section", "text": "plain" }] }),
    ] {
        assert!(!check("POST", POST, &[], Some(wrong.clone())).is_empty(), "{wrong}");
    }
    assert_eq!(check("GET", "conversations.history", &[], None), ["`channel` is missing"]);
    assert!(!check("POST", "conversations.invite", &[], Some(json!({ "channel": "C1", "users": ["U1"] }))).is_empty());
    assert_eq!(check("POST", "chat.delete", &[], Some(json!({}))), ["no such method and path"]);
}

#[test]
fn methods_are_as_slack_describes_them() {
    let text = std::fs::read_to_string(contract::folder().join("slack.methods.json")).unwrap();
    let described: Value = serde_json::from_str(&text).unwrap();
    for method in METHODS.iter().filter(|method| ![CONNECT, OPEN, BOOKMARKS, "auth.test"].contains(&method.name)) {
        let own = &described["methods"][method.name];
        let tier = match own["rate_limits"].as_str() {
            Some("t2") => Some(20),
            Some("t3") => Some(50),
            Some("t4") => Some(100),
            _ => None,
        };
        assert!(tier.is_none_or(|tier| tier == method.a_minute), "{}", method.name);
        // What only reads takes its arguments in the query, whether or not it would take JSON as well.
        assert!(!method.takes_json || own["json_input_supported"] == true, "{}", method.name);
        let scopes: Vec<&str> = own["scope"]["bot"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        for scope in method.scopes.iter().chain(method.private) {
            assert!(scopes.contains(scope), "{} and {scope}: {scopes:?}", method.name);
        }
        for argument in method.arguments {
            assert!(own["args"]["properties"].get(argument).is_some(), "{} and {argument}", method.name);
        }
    }
}
