//! Files of incidents: uploaded by form, shown on the timeline, stored once, and served so that nothing in them can run.

use std::path::{Path, PathBuf};

use harness::drive::{EVENT, id, text};
use harness::{TestApp, both_dbs};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

both_dbs![
    a_file_appears_on_the_timeline_and_can_be_downloaded,
    a_held_file_waits_for_the_event_that_names_it,
    a_browser_is_never_made_to_run_a_file,
    a_file_has_a_maximum_size,
    the_same_content_is_kept_once,
    strange_file_names_do_no_harm,
    an_incomplete_form_is_refused,
    fields_of_a_form_come_in_any_order,
    only_responders_upload_files,
    a_refused_file_leaves_nothing_behind,
];

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0";
const MIB: usize = 1024 * 1024;

/// Everything in the data folder.
fn stored(app: &TestApp) -> Vec<PathBuf> {
    fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() { walk(&path, files) } else { files.push(path) }
        }
    }
    let mut files = Vec::new();
    walk(app.data_dir(), &mut files);
    files
}

async fn a_file_appears_on_the_timeline_and_can_be_downloaded(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare("errors").await;
    let content = "GET / 500\n".repeat(1_000).into_bytes();
    let response = sam.try_upload_with(id(&incident), &[("text", "the log of web1")], "access.log", content.clone()).await;
    assert_eq!(response.status(), 201);
    let file: Value = response.json().await.unwrap();
    let sha256 = hex::encode(Sha256::digest(&content));
    assert_eq!((&file["fileName"], &file["contentType"]), (&json!("access.log"), &json!("text/plain")));
    assert_eq!((&file["bytes"], &file["sha256"]), (&json!(content.len()), &json!(sha256)));
    let event = sam.timeline(id(&incident)).await.pop().unwrap();
    assert_eq!((&event["kind"], &event["text"]), (&json!("FILE"), &json!("the log of web1")));
    // What was attached is part of the record that the hash covers.
    assert_eq!(event["details"]["attachments"], json!([{ "fileName": "access.log", "bytes": content.len(), "sha256": sha256 }]));
    let seen = sam.incident("INC-1", "attachments { id downloadUrl }").await;
    assert_eq!(seen["attachments"][0]["id"], file["id"]);
    assert_eq!(seen["attachments"][0]["downloadUrl"], file["downloadUrl"]);
    let of_event = sam.node(id(&event), "TimelineEvent { attachments { id fileName sha256 } }").await;
    assert_eq!(of_event["attachments"][0]["id"], file["id"]);
    let response = sam.get(&format!("/files/{}", id(&file))).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-length"], content.len().to_string().as_str());
    assert_eq!(response.bytes().await.unwrap(), content);
}

/// A form as a script may write it, with its fields in this order.
async fn posted(sam: &harness::Client, fields: &[(&'static str, String)]) -> (u16, Value) {
    let mut form = reqwest::multipart::Form::new();
    for (field, value) in fields {
        form = match *field {
            "file" => form.part("file", reqwest::multipart::Part::bytes(value.clone().into_bytes()).file_name("access.log")),
            field => form.text(field, value.clone()),
        };
    }
    let response = sam.request(reqwest::Method::POST, "/files").multipart(form).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

async fn fields_of_a_form_come_in_any_order(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare("errors").await;
    let before = sam.timeline(id(&incident)).await.len();
    let field = |name: &'static str, value: &str| (name, value.to_owned());
    let (file, of) = (field("file", "GET / 500"), field("incident", id(&incident)));
    // A held file that became public would be on the timeline for ever.
    let (status, held) = posted(&sam, &[file.clone(), of.clone(), field("held", "true")]).await;
    assert_eq!(status, 201, "{held}");
    assert_eq!(sam.timeline(id(&incident)).await.len(), before);
    let (status, _) = posted(&sam, &[file.clone(), field("text", "the log of web1"), of.clone()]).await;
    assert_eq!(status, 201);
    assert_eq!(sam.timeline(id(&incident)).await.pop().unwrap()["text"], "the log of web1");
    for (fields, said) in [
        (vec![of.clone(), file.clone(), file.clone()], "one file"),
        (vec![of.clone(), file.clone(), field("held", "yes")], "true or false"),
        (vec![file.clone()], "no field incident"),
        (vec![of.clone(), field("held", "true")], "no field file"),
    ] {
        let (status, told) = posted(&sam, &fields).await;
        assert!(status == 400 && told["error"]["message"].as_str().unwrap().contains(said), "{told}");
    }
    assert_eq!(sam.timeline(id(&incident)).await.len(), before + 1);
}

async fn a_held_file_waits_for_the_event_that_names_it(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare("errors").await;
    let held = async |name: &str| -> Value {
        let response = sam.try_upload_with(id(&incident), &[("held", "true")], name, PNG.to_vec()).await;
        assert_eq!(response.status(), 201);
        response.json().await.unwrap()
    };
    let (one, two) = (held("one.png").await, held("two.png").await);
    assert_eq!(sam.timeline(id(&incident)).await.len(), 1);
    let add = |files: Vec<&Value>| json!({ "incidentId": incident["id"], "kind": "FINDING", "text": "look", "attachmentIds": files });
    let selection = format!("event {{ {EVENT} attachments {{ fileName }} }}");
    let event = sam.mutate("addTimelineEvent", add(vec![&one["id"], &two["id"], &one["id"]]), &selection).await;
    assert_eq!(event["event"]["attachments"], json!([{ "fileName": "one.png" }, { "fileName": "two.png" }]));
    let refusal = sam.refused("addTimelineEvent", add(vec![&one["id"]])).await;
    assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", "attachmentIds"));
    let other = sam.declare("other").await;
    let mut elsewhere = add(vec![&held("three.png").await["id"]]);
    elsewhere["incidentId"] = other["id"].clone();
    assert_eq!(sam.refused("addTimelineEvent", elsewhere).await.field(), "attachmentIds");
}

async fn a_browser_is_never_made_to_run_a_file(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare("errors").await;
    let script = "<script>fetch('/graphql')</script>";
    for (name, content, inline) in [
        ("page.html", format!("<!DOCTYPE html><html>{script}</html>").into_bytes(), false),
        ("page.png", format!("<html>{script}</html>").into_bytes(), false),
        ("picture.svg", format!("<svg xmlns=\"http://www.w3.org/2000/svg\">{script}</svg>").into_bytes(), true),
        ("picture.svg", format!("<?xml version=\"1.0\"?><svg>{script}</svg>").into_bytes(), false),
        ("paper.pdf", b"%PDF-1.7 ...".to_vec(), false),
        ("run.js", b"alert(1)".to_vec(), true),
        ("noise.bin", vec![0, 1, 2, 3], false),
        ("picture.png", PNG.to_vec(), true),
    ] {
        let file = sam.upload(id(&incident), name, content).await;
        let response = sam.get(&format!("/files/{}", id(&file))).await;
        let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
        assert_eq!(header("x-content-type-options"), "nosniff", "{name}");
        assert!(header("content-security-policy").contains("sandbox"), "{name}");
        let shown = header("content-disposition").starts_with("inline");
        let kind = header("content-type");
        // Text is shown as text, whatever it looks like; everything else that is not a picture is saved.
        assert!(!shown || inline || kind.starts_with("text/plain"), "{name}: {kind}");
        assert!(!shown || ["text/plain", "image/png"].iter().any(|safe| kind.starts_with(safe)), "{name}: {kind} is shown");
    }
}

async fn a_file_has_a_maximum_size(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare("errors").await;
    let file = sam.upload(id(&incident), "full.bin", vec![7; 25 * MIB]).await;
    assert_eq!(file["bytes"], 25 * MIB);
    let fullness = stored(app).len();
    let response = sam.try_upload(id(&incident), "fuller.bin", vec![7; 25 * MIB + 1]).await;
    assert!([400, 413].contains(&response.status().as_u16()), "{}", response.status());
    let refusal: Value = response.json().await.unwrap();
    assert!(text(&refusal["error"], "message").contains("25 MiB"), "{refusal}");
    let response = sam.try_upload(id(&incident), "empty", Vec::new()).await;
    assert_eq!(response.status(), 400);
    assert_eq!(stored(app).len(), fullness, "{:?}", stored(app));
    assert_eq!(sam.timeline(id(&incident)).await.len(), 2);
}

async fn the_same_content_is_kept_once(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let (one, two) = (sam.declare("one").await, sam.declare("two").await);
    let mut files = Vec::new();
    for (incident, name) in [(&one, "a.txt"), (&one, "b.txt"), (&two, "c.txt")] {
        files.push(sam.upload(id(incident), name, b"the same".to_vec()).await);
    }
    assert_eq!(stored(app).len(), 1);
    for file in &files {
        let response = sam.get(&format!("/files/{}", id(file))).await;
        assert!(response.headers()["content-disposition"].to_str().unwrap().contains(text(file, "fileName")));
        assert_eq!(response.bytes().await.unwrap(), "the same");
    }
}

async fn strange_file_names_do_no_harm(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare("errors").await;
    for (name, kept) in
        [("../../etc/passwd", "passwd"), ("C:\\temp\\a.txt", "a.txt"), ("grüße 🦀.txt", "grüße 🦀.txt"), ("a;b=c.txt", "a;b=c.txt")]
    {
        let file = sam.upload(id(&incident), name, b"text".to_vec()).await;
        assert_eq!(file["fileName"], kept, "{name}");
        let response = sam.get(&format!("/files/{}", id(&file))).await;
        assert_eq!(response.status(), 200);
        let disposition = response.headers()["content-disposition"].to_str().unwrap();
        assert!(disposition.starts_with("inline; filename*=UTF-8''") && !disposition[25..].contains([';', ' ', '"']), "{disposition}");
    }
    let response = sam.try_upload(id(&incident), &"n".repeat(201), b"text".to_vec()).await;
    assert_eq!(response.status(), 400);
}

async fn an_incomplete_form_is_refused(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare("errors").await;
    for incident in ["", "INC-1", "per_00000000000000000000000000000001"] {
        assert_eq!(sam.try_upload(incident, "a.txt", b"text".to_vec()).await.status(), 400, "{incident}");
    }
    let part = || reqwest::multipart::Part::bytes(b"text".to_vec()).file_name("a.txt");
    let form = || reqwest::multipart::Form::new();
    for (what, form) in [("none", form().part("file", part())), ("no file", form().text("incident", id(&incident).to_owned()))] {
        let response = sam.request(reqwest::Method::POST, "/files").multipart(form).send().await.unwrap();
        assert_eq!(response.status(), 400, "{what}");
    }
    let broken = sam.request(reqwest::Method::POST, "/files").header("content-type", "multipart/form-data; boundary=b");
    assert_eq!(broken.body("--b\r\nContent-Disposition: form-data; name=\"incident\"\r\n\r\nx").send().await.unwrap().status(), 400);
    let json = sam.request(reqwest::Method::POST, "/files").json(&json!({}));
    assert!(json.send().await.unwrap().status().is_client_error());
    assert!(stored(app).is_empty(), "{:?}", stored(app));
}

async fn only_responders_upload_files(app: &TestApp) {
    let incident = app.responder("Sam").await.declare("errors").await;
    let vic = app.viewer("Vic").await;
    assert_eq!(vic.try_upload(id(&incident), "a.txt", b"text".to_vec()).await.status(), 403);
    assert_eq!(app.anonymous().try_upload(id(&incident), "a.txt", b"text".to_vec()).await.status(), 401);
    let file = app.responder("Kim").await.upload(id(&incident), "a.txt", b"text".to_vec()).await;
    assert_eq!(vic.get(&format!("/files/{}", id(&file))).await.status(), 200);
    assert_eq!(app.anonymous().get(&format!("/files/{}", id(&file))).await.status(), 401);
}

/// Otherwise anyone with a token could fill the disk with files that nobody can see.
async fn a_refused_file_leaves_nothing_behind(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let (from, into) = (sam.declare("from").await, sam.declare("into").await);
    sam.incident_of("mergeIncident", json!({ "incidentId": id(&from), "intoIncidentId": id(&into) })).await;
    sam.upload(id(&into), "kept.txt", b"kept".to_vec()).await;
    assert_eq!(sam.try_upload(id(&from), "late.txt", b"late".to_vec()).await.status(), 409);
    assert_eq!(sam.try_upload("inc_00000000000000000000000000000001", "nowhere.txt", b"nowhere".to_vec()).await.status(), 404);
    // Refusing a copy of an existing file must not delete the original.
    assert_eq!(sam.try_upload(id(&from), "kept.txt", b"kept".to_vec()).await.status(), 409);
    assert_eq!(stored(app).len(), 1, "{:?}", stored(app));
}
