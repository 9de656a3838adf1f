//! `muster slack import`: messages of an export of the workspace, each once.

use std::io::{Cursor, Write};

use harness::both_dbs;
use harness::drive::{id, text};
use harness::fakes::slack::LEE;
use harness::process::Home;
use serde_json::{Value, json};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;

both_dbs![what_was_said_is_taken_in_once];

fn export(files: &[(&str, Value)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (path, content) in files {
        zip.start_file(*path, SimpleFileOptions::default()).unwrap();
        zip.write_all(content.to_string().as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

async fn what_was_said_is_taken_in_once(app: &TestApp) {
    let watcher = app.responder("Watcher").await;
    let incident = watcher.declare("Shop is down").await;
    let user = |account: &str, name: &str| json!({ "id": account, "name": name, "profile": { "display_name": name } });
    let said = |ts: &str, user: &str, text: &str| json!({ "type": "message", "user": user, "text": text, "ts": ts });
    let archive = export(&[
        ("channels.json", json!([{ "id": "C1", "name": "war-room" }, { "id": "C2", "name": "lunch" }])),
        ("users.json", json!([user(KIM, "Kim"), user(LEE, "Lee")])),
        ("war-room/2026-01-02.json", json!([said("1767348000.000200", LEE, "The disk &amp; the fan.")])),
        (
            "war-room/2026-01-01.json",
            json!([
                said("1767261600.000100", KIM, "It began at ten, <@U0LEE>."),
                json!({ "type": "message", "subtype": "channel_join", "user": LEE, "text": "has joined", "ts": "1767261600.000200" }),
                json!({ "what": "this is no message" }),
            ]),
        ),
        ("lunch/2026-01-01.json", json!([said("1767261600.000300", KIM, "Lunch?")])),
    ]);
    let file = app.data_dir().join("export.zip");
    std::fs::write(&file, archive).unwrap();
    let (home, file) = (Home::new(app.data_dir(), app.database_url()), file.to_str().unwrap());
    let import = |more: &[&str]| home.run(&[&["slack", "import", "INC-1", "--channel"], more, &[file]].concat());
    assert_eq!(import(&["#war-room", "--until", "2026-01-01T12:00:00Z"]), "INC-1: messages taken in: 1, there already: 0");
    assert_eq!(import(&["war-room"]), "INC-1: messages taken in: 1, there already: 1");
    let events = watcher.timeline(id(&incident)).await;
    let messages: Vec<&str> = events.iter().filter(|event| event["kind"] == "MESSAGE").map(|event| text(event, "text")).collect();
    assert_eq!(messages, ["Kim: It began at ten, @Lee.", "Lee: The disk & the fan."]);
    let output = home.command(&["slack", "import", "INC-1", "--channel", "nowhere", file]).output().unwrap();
    assert!(!output.status.success() && String::from_utf8_lossy(&output.stderr).contains("war-room"), "{output:?}");
}
