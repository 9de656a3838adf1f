//! What is said back.

pub use crate::ports::{Answer, To};

/// A heading and a line for each of `lines`, or `none` if there are none.
pub(super) fn listed(heading: &str, lines: &[String], none: &str) -> String {
    if lines.is_empty() {
        return none.to_owned();
    }
    let lines: Vec<String> = lines.iter().map(|line| format!("- {line}")).collect();
    format!("{heading}\n{}", lines.join("\n"))
}
