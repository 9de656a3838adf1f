//! Tables on standard output: a line of headings, then one line a row, columns padded and two spaces apart.

use std::fmt::Write;

use entity::Timestamp;

/// Lays out the rows under the headings.
pub fn layout<const N: usize>(headings: [&str; N], rows: &[[String; N]]) -> String {
    let widest = |column: usize| rows.iter().map(|row| row[column].chars().count()).chain([headings[column].len()]).max().unwrap_or(0);
    let widths: [usize; N] = std::array::from_fn(widest);
    let mut table = String::new();
    for row in std::iter::once(headings.map(str::to_owned)).chain(rows.iter().cloned()) {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            // Writing to a string does not fail.
            let _ = write!(line, "{cell:width$}  ");
        }
        table.push_str(line.trim_end());
        table.push('\n');
    }
    table
}

/// A time in a cell, to the second; a dash for none.
pub fn time(time: Option<Timestamp>) -> String {
    time.map_or_else(|| "-".to_owned(), |time| time.format("%Y-%m-%dT%H:%M:%SZ").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [["Zoë".to_owned(), "a".to_owned()], ["Sam Rivera".to_owned(), "-".to_owned()]];
        assert_eq!(layout(["NAME", "X"], &rows), "NAME        X\nZoë         a\nSam Rivera  -\n");
    }
}
