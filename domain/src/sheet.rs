//! Lists for spreadsheets: CSV (RFC 4180) in UTF-8 with a header.
//!
//! Cells come from outside and are opened in spreadsheets, so none of them may be a formula.

use crate::error::{Error, Result};

/// A list that is being written.
pub struct Sheet(csv::Writer<Vec<u8>>);

impl Sheet {
    /// An empty list.
    ///
    /// # Errors
    /// None in practice: it is written into memory.
    pub fn new(header: &[&str]) -> Result<Self> {
        let mut list = Self::continued();
        list.line(header)?;
        Ok(list)
    }

    /// What comes after lines that were written already.
    pub fn continued() -> Self {
        Self(csv::Writer::from_writer(Vec::new()))
    }

    /// Adds a line.
    ///
    /// # Errors
    /// If it has not as many cells as the header.
    pub fn line<T: AsRef<str>>(&mut self, cells: &[T]) -> Result<()> {
        self.0.write_record(cells.iter().map(|cell| harmless(cell.as_ref()))).map_err(Error::internal)
    }

    /// The list.
    ///
    /// # Errors
    /// None in practice: it is written into memory.
    pub fn finish(self) -> Result<Vec<u8>> {
        self.0.into_inner().map_err(|error| Error::internal(error.into_error()))
    }
}

/// The text of a cell, such that no spreadsheet takes it for a formula.
fn harmless(cell: &str) -> String {
    if is_marked(cell) || is_formula(cell) { format!("{MARK}{cell}") } else { cell.to_owned() }
}

/// What a cell of a list said before it was made harmless.
pub fn plain(cell: &str) -> &str {
    if is_marked(cell) { &cell[MARK.len_utf8()..] } else { cell }
}

/// Stands before what would be a formula, as in spreadsheets themselves.
const MARK: char = '\'';

/// Whether marks, and nothing else, stand before what would be a formula. One that says so by itself gets a mark more, so that no two
/// texts become the same cell.
fn is_marked(cell: &str) -> bool {
    cell.starts_with(MARK) && is_formula(cell.trim_start_matches(MARK))
}

fn is_formula(cell: &str) -> bool {
    // The wide forms of the signs begin formulas in spreadsheets of East Asian languages.
    cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for evil in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\u{ff1d}1+1", "\u{ff0b}1", "\u{ff0d}1", "\u{ff20}SUM(A1)"] {
            assert_eq!(harmless(evil), format!("'{evil}"));
            assert_eq!(plain(&harmless(evil)), evil);
        }
        for plain in ["", "Example Ltd", "a=b", "kim+ops@example.org", "'quoted"] {
            assert_eq!(harmless(plain), plain);
        }
    }

    #[test]
    fn what_was_made_harmless_says_the_same_when_it_is_read() {
        for text in ["=1", "'=1", "''=1", "'quoted", "'", "''", "", "plain", "-5", "'\u{ff1d}1"] {
            assert_eq!(plain(&harmless(text)), text);
        }
    }
}
