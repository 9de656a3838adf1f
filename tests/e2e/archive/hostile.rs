//! Archives that were cut off, changed, forged, or made to hurt.

use std::io::{Cursor, Read, Write};

use harness::{Engine, TestApp, both_dbs};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::{closed, download, left, take_in, waiting};

both_dbs![nothing_is_left_of_an_archive_that_is_not_whole, what_waits_to_be_sent_is_not_sent_twice];

/// The files of an archive, in order.
type Files = Vec<(String, Vec<u8>)>;

fn read(archive: &[u8]) -> Files {
    let mut zip = ZipArchive::new(Cursor::new(archive)).unwrap();
    (0..zip.len())
        .map(|index| {
            let mut file = zip.by_index(index).unwrap();
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).unwrap();
            (file.name().unwrap().into_owned(), bytes)
        })
        .collect()
}

fn packed(files: &Files) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (path, bytes) in files {
        let method = if path.starts_with("files/") { CompressionMethod::Stored } else { CompressionMethod::Deflated };
        zip.start_file(path.as_str(), SimpleFileOptions::default().compression_method(method)).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// The archive with its manifest changed by `change`.
fn manifest(archive: &[u8], change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut files = read(archive);
    let (_, bytes) = files.iter_mut().find(|(path, _)| path == "MANIFEST.json").unwrap();
    let mut manifest: Value = serde_json::from_slice(bytes).unwrap();
    change(&mut manifest);
    *bytes = serde_json::to_vec(&manifest).unwrap();
    packed(&files)
}

/// The archive with a file changed by `change`, and the manifest to match: what somebody makes who knows how.
fn forged(archive: &[u8], path: &str, change: impl FnOnce(&str) -> String) -> Vec<u8> {
    let mut files = read(archive);
    let (_, bytes) = files.iter_mut().find(|(name, _)| name == path).unwrap();
    *bytes = change(std::str::from_utf8(bytes).unwrap()).into_bytes();
    let (length, sha256) = (bytes.len(), hex::encode(Sha256::digest(&*bytes)));
    manifest(&packed(&files), |manifest| {
        let listed = manifest["files"].as_array_mut().unwrap().iter_mut().find(|file| file["path"] == path).unwrap();
        (listed["bytes"], listed["sha256"]) = (json!(length), json!(sha256));
    })
}

async fn nothing_is_left_of_an_archive_that_is_not_whole(app: &TestApp) {
    closed(app).await;
    let whole = download(app, "INC-1").await;
    let mut flipped = whole.clone();
    let middle = flipped.windows(9).position(|window| window == b"at line 7").expect("files are stored as they are");
    flipped[middle] ^= 1;
    let mut more = read(&whole);
    more.push(("../../etc/cron.d/muster".to_owned(), b"x".to_vec()));
    let mut fewer = read(&whole);
    fewer.retain(|(path, _)| path != "rows/goal.jsonl");
    let listed = |path: &str| {
        let mut files = read(&whole);
        files.push((path.to_owned(), Vec::new()));
        let (path, sha256) = (path.to_owned(), hex::encode(Sha256::digest(b"")));
        manifest(&packed(&files), move |manifest| {
            manifest["files"].as_array_mut().unwrap().push(json!({ "path": path, "bytes": 0, "sha256": sha256 }));
        })
    };
    let rows = |table: &str, change: &dyn Fn(&str) -> String| forged(&whole, &format!("rows/{table}.jsonl"), change);
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("cut off", whole[..whole.len() - 100].to_vec(), "it is not a whole ZIP file"),
        ("no archive", packed(&vec![("a.txt".to_owned(), b"a".to_vec())]), "it has no MANIFEST.json"),
        ("one byte", flipped, "is not as it was written"),
        ("newer", manifest(&whole, |manifest| manifest["format"] = json!(2)), "made by a newer Muster"),
        ("added", packed(&more), "Files were added"),
        ("lost", packed(&fewer), "The archive has lost rows/goal.jsonl"),
        ("a way out", listed("../../etc/cron.d/muster"), "a file that no archive has"),
        ("too large", manifest(&whole, |manifest| manifest["files"][0]["bytes"] = json!(1_u64 << 40)), "no archive has such a file"),
        ("a forged event", rows("timeline_event", &|rows| rows.replace("the disk fill up", "nothing")), "broken at event"),
        ("a lost end", rows("timeline_event", &|rows| rows[..rows.trim_end().rfind('\n').unwrap() + 1].to_owned()), "broken at event"),
        ("another's row", rows("action", &|rows| rows.replace("\"incident_id\":\"0", "\"incident_id\":\"1")), "rows of another incident"),
        ("an unknown value", rows("action", &|rows| rows.replace("\"DONE\"", "\"MAYBE\"")), "a value that Muster does not know"),
        ("no row", rows("action", &|_| "[]\n".to_owned()), "a line that is no row"),
        ("no incident", rows("incident", &|_| String::new()), "has no incident"),
    ];
    app.elsewhere(app.engine(), async |there| {
        for (what, bytes, why) in cases {
            let refusal = take_in(there, &bytes).await.err().unwrap_or_else(|| panic!("{what} was taken in"));
            assert_eq!(refusal.code(), "BAD_USER_INPUT", "{what}: {refusal}");
            assert!(refusal.to_string().contains(why), "{what}: {refusal}");
            assert_eq!(left(there).await, Vec::<String>::new(), "{what}");
        }
        // Ten gigabytes in one: what is compressed well is not a file of ours, and a list says how long it is.
        take_in(there, &whole).await.unwrap();
    })
    .await;
}

async fn what_waits_to_be_sent_is_not_sent_twice(app: &TestApp) {
    closed(app).await;
    let waits = |rows: &str| {
        rows.replace("\"next_attempt_at\":null", "\"next_attempt_at\":\"2026-11-28T00:00:00.000000Z\"").replace("\"BY_HAND\"", "\"QUEUED\"")
    };
    let archive = forged(&download(app, "INC-1").await, "rows/delivery.jsonl", waits);
    app.elsewhere(Engine::Sqlite, async |there| {
        take_in(there, &archive).await.unwrap();
        assert_eq!(waiting(there).await, 0);
    })
    .await;
}
