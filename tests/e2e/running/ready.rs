//! `muster check people`: whether a page would reach somebody.

use std::path::Path;

use chrono::Duration;
use domain::clock::{Clock, SystemClock};
use harness::Engine;
use harness::database::TestDatabase;
use harness::process::Home;

use super::{Fresh, assert_says};

const TEAM: [(&str, &str); 2] = [("Kim", "kim@example.org"), ("Sam", "sam@example.org")];

/// The exit code of a check and what it prints. The time zone tables are those of a release that does not grow old.
fn check(home: &Home, arguments: &[&str]) -> (Option<i32>, String) {
    let zones = tempfile::TempDir::with_prefix("muster-zones-").unwrap();
    std::fs::create_dir(zones.path().join("Europe")).unwrap();
    std::fs::copy("/usr/share/zoneinfo/Europe/London", zones.path().join("Europe/London")).unwrap();
    std::fs::write(zones.path().join("tzdata.zi"), "# version 2999a\n").unwrap();
    let outcome = home.command(&[&["check"], arguments].concat()).env("TZDIR", zones.path()).output().unwrap();
    (outcome.status.code(), String::from_utf8(outcome.stdout).unwrap())
}

fn add_team(home: &Home) {
    for (name, email) in TEAM {
        home.run(&["person", "add", name, "--email", email, "--access", "responder"]);
    }
}

/// Puts a person on call from yesterday on, for so many days from now.
fn import(home: &Home, file: &Path, line: &str, name: &str, days: i64) {
    let time = |days: i64| (SystemClock.now() + Duration::days(days)).format("%Y%m%dT%H%M%SZ").to_string();
    let event = format!("BEGIN:VEVENT\nUID:{line}\nSUMMARY:{name}\nDTSTART:{}\nDTEND:{}\nEND:VEVENT", time(-1), time(days));
    std::fs::write(file, format!("BEGIN:VCALENDAR\n{event}\nEND:VCALENDAR\n").replace('\n', "\r\n")).unwrap();
    home.run(&["on-call", "import", &file.display().to_string(), "--line", line]);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_says_whom_a_page_would_not_reach_and_what_to_do() {
    let fresh = Fresh::new();
    let (home, rota) = (&fresh.home, &fresh.path("rota.ics"));
    let (code, said) = check(home, &[]);
    assert_eq!(code, Some(0), "without a database there is no team yet: {said}");
    assert_says(&said, &["people: not tested: there is no Muster database at", "muster migrate"]);
    assert_eq!(check(home, &["people"]).0, Some(1), "it was asked for");

    home.run(&["migrate"]);
    let (code, said) = check(home, &[]);
    assert_eq!(code, Some(1), "{said}");
    assert_says(
        &said,
        &[
            "email: not connected",
            "people: PROBLEM: Somebody is on first line now: no. A report or an alert pages second line instead, or nobody.",
            "people: PROBLEM: Somebody is on second line now: no. ",
            "people: PROBLEM: The CTO can be paged: no. Nobody is named",
            "people: ok: The time zone tables (2999a, ",
        ],
    );

    add_team(home);
    let contacts = |dpo: &str| format!("[contacts]\ncto = 'kim@example.org'\nhead_of_tech_ops = 'kim@example.org'\ndpo = '{dpo}'\n");
    std::fs::write(fresh.path("data/playbook.toml"), contacts("sma@example.org")).unwrap();
    import(home, rota, "first", "Kim", 3);
    import(home, rota, "second", "Sam", 20);
    let (code, said) = check(home, &["people"]);
    assert_eq!(code, Some(1), "{said}");
    assert_eq!(said.matches("PROBLEM").count(), 2, "{said}");
    let nobody = "PROBLEM: The Data Protection Officer, sma@example.org, is on the team: no. Nobody on the team has this address";
    assert_says(&said, &["The next 7 days of first line are planned: no. Nobody is on call from", nobody]);

    std::fs::write(fresh.path("data/playbook.toml"), contacts("sam@example.org")).unwrap();
    import(home, rota, "first", "Kim", 8);
    let (code, said) = check(home, &["people"]);
    assert_eq!(code, Some(0), "{said}");
    assert_says(&said, &["people: ok: Somebody is on first line now: Kim", "people: ok: Sam (second line) can be paged"]);

    std::fs::write(fresh.path("data/playbook.toml"), "[summary]\nevery = 'x'\n").unwrap();
    let (code, said) = check(home, &["people"]);
    assert_eq!(code, Some(1), "{said}");
    assert_says(&said, &["people: PROBLEM: Muster can look at the team: no. The playbook can't be read: see `muster playbook check`."]);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgresql_it_finds_the_end_of_a_rota_too() {
    let (data, database) = (tempfile::TempDir::with_prefix("muster-ready-").unwrap(), TestDatabase::create(Engine::Postgres).await);
    let home = &Home::new(data.path(), database.url());
    add_team(home);
    import(home, &data.path().join("rota.ics"), "first", "Kim", 3);
    let (code, said) = check(home, &["people"]);
    assert_eq!(code, Some(1), "{said}");
    assert_says(&said, &["people: ok: Kim (first line) can be paged", "Nobody is on call from"]);
}
