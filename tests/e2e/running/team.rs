//! The team and its tokens, from the command line.

use super::{Fresh, assert_says, refused};

const HEADINGS: &str = "ID  NAME  KIND  EMAIL  PHONE  ACCESS  SINCE  LEFT";

/// The cells of a table, which has no cell with two spaces.
fn cells(table: &str) -> Vec<Vec<&str>> {
    table.lines().map(|line| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_added_and_listed() {
    let fresh = Fresh::new();
    fresh.home.run(&["migrate"]);
    assert_eq!(cells(&fresh.home.run(&["person", "list"])), cells(HEADINGS));
    let add = |name: &str, email: &str| fresh.home.command(&["person", "add", name, "--email", email, "--access", "responder"]);
    let phone = ["--phone", "+44 20 7946 0018"];
    let link = fresh.home.run(&[&["person", "add", "Zoë Rivera", "--email", "zoe@example.org", "--access", "admin"], &phone[..]].concat());
    assert!(link.starts_with("http") && link.contains("/sign-in?link=") && link.lines().count() == 1, "{link}");
    assert!(add("Abe", "abe@example.org").status().unwrap().success());
    assert_says(&refused(add("Abraham", "ABE@example.org")), &["already somebody with this e-mail address"]);
    assert_says(&refused(add("Eve", "eve")), &["email"]);
    let people = fresh.home.run(&["person", "list"]);
    let rows: Vec<Vec<&str>> = cells(&people).into_iter().skip(1).map(|row| row[1..6].to_vec()).collect();
    let abe = ["Abe", "human", "abe@example.org", "-", "RESPONDER"];
    assert_eq!(rows, [abe, ["Zoë Rivera", "human", "zoe@example.org", "+44 20 7946 0018", "ADMIN"]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_listed_and_revoked() {
    let fresh = Fresh::new();
    fresh.home.run(&["migrate"]);
    let secret = fresh.home.run(&["token", "create", "--name", "deploy bot", "--access", "responder"]);
    fresh.home.run(&["token", "create", "--name", "laptop", "--access", "viewer", "--email", "sam@example.org"]);
    let people = fresh.home.run(&["person", "list"]);
    let folder = tempfile::tempdir().unwrap();
    let document = folder.path().join("who.graphql");
    std::fs::write(&document, "{ viewer { can } }").unwrap();
    let bind = ["--document", document.to_str().unwrap(), "--from", "192.0.2.0/24", "--days", "30"];
    fresh.home.run(&[&["token", "create", "--name", "sensor", "--access", "viewer"], &bind[..]].concat());
    std::fs::write(&document, "{ viewer { can }").unwrap();
    let broken =
        refused(fresh.home.command(&["token", "create", "--name", "x", "--access", "viewer", "--document", document.to_str().unwrap()]));
    assert_says(&broken, &["who.graphql", "Syntax error"]);
    let rows: Vec<Vec<&str>> = cells(&people).into_iter().skip(1).map(|row| row[1..4].to_vec()).collect();
    assert_eq!(rows, [["deploy bot", "service", "-"], ["laptop", "human", "sam@example.org"]]);
    let list = fresh.home.run(&["token", "list"]);
    assert!(!list.contains(&secret));
    let rows = cells(&list);
    assert_eq!(rows[0], ["ID", "NAME", "PERSON", "ACCESS", "STATE", "CREATED", "EXPIRES", "LAST USED", "BOUND TO"]);
    assert_eq!(rows[1][1..5], ["deploy bot", "deploy bot", "RESPONDER", "valid"]);
    assert_eq!(rows[2][1..5], ["laptop", "laptop", "VIEWER", "valid"]);
    assert_eq!((rows[1].last(), rows[3].last()), (Some(&"-"), Some(&"1 document, 192.0.2.0/24")));
    assert_says(&fresh.home.run(&["token", "revoke", rows[1][0]]), &["deploy bot: revoked"]);
    let list = fresh.home.run(&["token", "list"]);
    assert_eq!((cells(&list)[1][4], cells(&list)[2][4]), ("revoked", "valid"));
    assert_says(&refused(fresh.home.command(&["token", "revoke", "deploy"])), &["deploy is not the id of a token", "muster token list"]);
    let unknown = "tok_00000000000000000000000000000000";
    assert_says(&refused(fresh.home.command(&["token", "revoke", unknown])), &[unknown, "muster token list"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn shells_can_complete_commands() {
    let fresh = Fresh::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = fresh.home.run(&["completions", shell]);
        assert_says(&script, &["sign-in-link", "backup", "despite-problems"]);
    }
    assert!(!fresh.database().exists());
}
