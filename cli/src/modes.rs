//! Who may do what with a file.

use std::fs::Metadata;
use std::os::unix::fs::PermissionsExt;

/// Rights of the group and of others.
const OTHERS: u32 = 0o077;

/// Whether anybody but its owner may do anything with a file.
pub fn is_open_to_others(file: &Metadata) -> bool {
    file.permissions().mode() & OTHERS != 0
}
