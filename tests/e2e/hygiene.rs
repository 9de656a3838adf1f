//! Rules about the code that no compiler checks.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The root of the workspace.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Each package of the workspace with what it depends on, except for its own tests.
fn dependencies() -> BTreeMap<String, Vec<String>> {
    let output =
        Command::new(env!("CARGO")).args(["metadata", "--no-deps", "--format-version=1", "--offline"]).current_dir(root()).output();
    let metadata: Value = serde_json::from_slice(&output.unwrap().stdout).unwrap();
    let of_package = |package: &Value| {
        let needed = package["dependencies"].as_array().unwrap().iter().filter(|dependency| dependency["kind"] != "dev");
        needed.map(|dependency| dependency["name"].as_str().unwrap().to_owned()).collect()
    };
    let packages = metadata["packages"].as_array().unwrap().iter();
    packages.map(|package| (package["name"].as_str().unwrap().to_owned(), of_package(package))).collect()
}

#[test]
fn dependencies_point_one_way() {
    let allowed: [(&str, &[&str]); 9] = [
        ("entity", &[]),
        ("migration", &[]),
        ("document", &[]),
        ("typeset", &[]),
        ("domain", &["document", "entity"]),
        ("api", &["document", "domain", "entity"]),
        ("worker", &["document", "domain", "entity"]),
        ("muster", &["api", "document", "domain", "entity", "migration", "worker"]),
        ("tests", &["api", "document", "domain", "entity", "migration", "worker", "muster"]),
    ];
    let all = dependencies();
    let ours: Vec<&str> = allowed.iter().map(|(name, _)| *name).chain(["cli"]).collect();
    for (package, needed) in &all {
        let name = if package == "cli" { "muster" } else { package };
        let (_, may) = allowed.iter().find(|(allowed, _)| *allowed == name).unwrap_or_else(|| panic!("{package} is not on the list"));
        for other in needed.iter().filter(|other| ours.contains(&other.as_str())) {
            assert!(may.contains(&other.as_str()), "{package} must not depend on {other}");
        }
    }
}

#[test]
fn the_rules_know_nothing_about_the_edges() {
    let all = dependencies();
    for (package, banned) in [
        ("domain", &["axum", "async-graphql", "apalis", "reqwest", "hyper", "tower", "clap"][..]),
        ("document", &["sea-orm", "axum", "reqwest", "clap"]),
        ("entity", &["axum", "async-graphql", "apalis", "reqwest", "tokio"]),
        ("api", &["apalis", "apalis-sqlite", "apalis-postgres", "reqwest", "clap"]),
        ("worker", &["axum", "async-graphql", "clap"]),
    ] {
        for name in banned {
            assert!(!all[package].iter().any(|needed| needed == name), "{package} must not depend on {name}");
        }
    }
}

/// Times come from the clock (R16 has two of them), ids from the id source: the database makes neither. A mark that its triggers draw is no id.
#[test]
fn migrations_leave_times_and_ids_to_the_application() {
    for (path, text) in rust_files("migration/src") {
        let text = text.to_lowercase().replace("set mark = gen_random_uuid()", "").replace("set mark = randomblob(16)", "");
        for banned in ["current_timestamp", "now()", "gen_random_uuid", "randomblob", "auto_increment"] {
            assert!(!text.contains(banned), "{} contains {banned}", path.display());
        }
        assert!(!text.contains("entity::"), "{} must not use entities: those describe the newest schema", path.display());
    }
}

#[test]
fn no_file_is_too_long_to_be_read_in_one_go() {
    for folder in ["api/src", "cli/src", "document", "domain/src", "entity/src", "migration/src", "tests", "typeset", "worker/src"] {
        for (path, text) in rust_files(folder) {
            let lines = text.lines().count();
            assert!(lines <= 550, "{} has {lines} lines: split it", path.display());
        }
    }
}

pub fn rust_files(folder: &str) -> Vec<(PathBuf, String)> {
    let (mut files, mut folders) = (Vec::new(), vec![root().join(folder)]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                files.push((path, text));
            }
        }
    }
    files
}
