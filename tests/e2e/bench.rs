//! `make bench` works: each of its measures is taken once, tiny. What they say is not looked at, for it depends on the machine.

use std::process::Command;

use harness::Engine;
use tempfile::TempDir;

#[test]
fn the_bench_measures_everything_on_sqlite() {
    measure(Engine::Sqlite);
}

#[test]
fn the_bench_measures_everything_on_postgres() {
    measure(Engine::Postgres);
}

fn measure(engine: Engine) {
    let folder = TempDir::with_prefix("muster-bench-").unwrap();
    let (only, database) = match engine {
        Engine::Sqlite => ("sqlite", "SQLite"),
        Engine::Postgres => ("pg", "PostgreSQL"),
    };
    let mut bench = Command::new(env!("CARGO_BIN_EXE_bench"));
    let output = bench.args(["--smoke", "--only", only, "--folder"]).arg(folder.path()).output().unwrap();
    let (page, log) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{log}");
    for figure in [
        "board",
        "page",
        "console's board",
        "console's page",
        "search, by LIKE",
        "append, bare",
        "page of 600 incidents while 16 clients append",
        "older than their version",
        "start to ready",
        "20 subscribers",
        "16 of 100 live incidents",
        "100 deliveries",
        "20 clients",
    ] {
        let row = |line: &str| line.starts_with(&format!("| {database} |")) && line.contains(figure);
        assert!(page.lines().any(row), "no row of {figure}:\n{page}\n{log}");
    }
}
