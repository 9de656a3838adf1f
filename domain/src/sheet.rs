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
    // The wide forms of the signs begin formulas in spreadsheets of East Asian languages.
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}']) {
        format!("'{cell}")
    } else {
        cell.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for evil in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\u{ff1d}1+1", "\u{ff0b}1", "\u{ff0d}1", "\u{ff20}SUM(A1)"] {
            assert_eq!(harmless(evil), format!("'{evil}"));
        }
        for plain in ["", "Example Ltd", "a=b", "kim+ops@example.org", "'quoted"] {
            assert_eq!(harmless(plain), plain);
        }
    }
}
