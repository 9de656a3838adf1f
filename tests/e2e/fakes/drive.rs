//! The check against Google's descriptions of Drive finds planted mistakes, and they agree with each other.

use std::collections::BTreeSet;

use harness::fakes::{Contract, Received, contract};
use serde_json::{Value, json};

#[test]
fn mistakes_at_google_drive_are_found() {
    let contract = Contract::drive();
    let received = |method: &str, path: &str, query: &[(&str, &str)], body: Option<Value>| {
        let query = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let headers = body.iter().map(|_| ("content-type".to_owned(), "application/json".to_owned())).collect();
        let body = body.map(|body| body.to_string().into()).unwrap_or_default();
        contract.check(&Received { method: method.to_owned(), path: path.to_owned(), query, headers, body, status: None, fault: None })
    };
    let folder = json!({ "id": "1", "name": "INC-1", "mimeType": "application/vnd.google-apps.folder", "parents": ["2"], "appProperties": { "a": "b" } });
    let flags = [("supportsAllDrives", "true"), ("fields", "id")];
    assert_eq!(received("POST", "/drive/v3/files", &flags, Some(folder.clone())), [""; 0]);
    assert_eq!(
        received("GET", "/drive/v3/files", &[("q", "trashed=false"), ("pageSize", "1000"), ("corpora", "allDrives")], None),
        [""; 0]
    );
    let upload = [("uploadType", "multipart"), ("supportsAllDrives", "true")];
    assert_eq!(received("PATCH", "/upload/drive/v3/files/1", &upload, Some(json!({}))), [""; 0]);
    for (body, words) in [
        (json!({ "title": "INC-1" }), "title"),
        (json!({ "parents": "2" }), "parents"),
        (json!({ "appProperties": { "a": 1 } }), "appProperties"),
    ] {
        let found = received("POST", "/drive/v3/files", &flags, Some(body.clone()));
        assert!(found.len() == 1 && found[0].contains(words), "{body}: {found:?}");
    }
    for (query, words) in [(("supportsAllDrives", "perhaps"), "perhaps"), (("upload", "media"), "upload")] {
        let found = received("POST", "/drive/v3/files", &[query], Some(folder.clone()));
        assert!(found.len() == 1 && found[0].contains(words), "{query:?}: {found:?}");
    }
    assert_eq!(received("POST", "/upload/drive/v3/files", &[], Some(json!({}))), ["`uploadType` is missing"]);
    assert_eq!(received("GET", "/drive/v3/folders", &[], None), ["no such method and path"]);
}

#[test]
fn the_descriptions_of_google_drive_agree() {
    let (own, discovery) = (Contract::drive(), contract::load("google-drive.discovery.json"));
    let names = |of: &Value| of.as_object().expect("it has names").keys().cloned().collect::<BTreeSet<String>>();
    for method in ["create", "generateIds", "get", "list", "update"] {
        let told = &discovery["resources"]["files"]["methods"][method];
        let path = told["path"].as_str().unwrap();
        let mut theirs = names(&discovery["parameters"]);
        theirs.extend(names(&told["parameters"]).into_iter().filter(|name| !path.contains(&format!("{{{name}}}"))));
        assert_eq!(own.arguments(told["httpMethod"].as_str().unwrap(), path), theirs, "{method}");
    }
}
