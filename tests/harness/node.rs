//! Programs of other makers that run on Node.js.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// Runs `tests/npm/{script}` with `input` on its standard input, and returns what it prints.
///
/// # Panics
/// If it fails, or its packages are not installed (`make tools`).
pub fn node(script: &str, arguments: &[&str], input: &str) -> String {
    let mut node = Command::new("node")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("npm").join(script))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Node.js is installed (make tools)");
    node.stdin.take().expect("it is piped").write_all(input.as_bytes()).expect("it reads");
    let output = node.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{script} failed, see above");
    String::from_utf8(output.stdout).expect("it prints text")
}
