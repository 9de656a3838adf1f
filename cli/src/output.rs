//! What commands print. `println!` and its kin panic when nothing can be written, as on a full disk or into a pipe whose reader has gone.

use std::fmt::Display;
use std::io::{self, Write};

/// Prints a line on standard output. When this returns, it is out of our hands.
///
/// # Errors
/// When it can't be written.
pub fn line(text: impl Display) -> io::Result<()> {
    let mut output = io::stdout().lock();
    writeln!(output, "{text}")?;
    output.flush()
}

/// Prints a line on standard error, if that can be written.
pub fn complain(text: impl Display) {
    let _ = writeln!(io::stderr(), "{text}");
}
