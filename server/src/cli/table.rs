//! Tables on a terminal: each column is as wide as its widest cell, by the columns that its characters occupy.
//!
//! Names come from AWS and from people: control characters are replaced, so that none of them reaches the terminal.

use std::fmt;

use unicode_width::UnicodeWidthStr as _;

/// The space between two columns.
const GAP: usize = 2;

/// Rows of cells, printed with aligned columns.
#[derive(Debug, Default)]
pub struct Table {
    indent: usize,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub fn indented(indent: usize) -> Self {
        Self {
            indent,
            rows: Vec::new(),
        }
    }

    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let cells = cells.into_iter().map(|cell| printable(&cell));
        self.rows.push(cells.collect());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut widths = Widths::default();
        for row in &self.rows {
            widths.fit(row);
        }
        for row in &self.rows {
            writeln!(
                f,
                "{:indent$}{}",
                "",
                widths.line(row),
                indent = self.indent
            )?;
        }
        Ok(())
    }
}

/// The widths of columns, for rows that are printed one by one.
#[derive(Debug, Clone, Default)]
pub struct Widths(Vec<usize>);

impl From<Vec<usize>> for Widths {
    fn from(columns: Vec<usize>) -> Self {
        Self(columns)
    }
}

impl Widths {
    /// Makes each column at least as wide as its cell.
    pub fn fit<T: AsRef<str>>(&mut self, cells: &[T]) {
        if self.0.len() < cells.len() {
            self.0.resize(cells.len(), 0);
        }
        for (width, cell) in self.0.iter_mut().zip(cells) {
            *width = (*width).max(columns(cell.as_ref()));
        }
    }

    /// Returns a row without a line break. The last cell is not padded.
    pub fn line<T: AsRef<str>>(&self, cells: &[T]) -> String {
        let mut line = String::new();
        for (at, cell) in cells.iter().enumerate() {
            line.push_str(&printable(cell.as_ref()));
            if at + 1 < cells.len() {
                let width = self.0.get(at).copied().unwrap_or_default();
                let missing = width.saturating_sub(columns(cell.as_ref()));
                line.extend(std::iter::repeat_n(' ', missing + GAP));
            }
        }
        line
    }
}

/// Returns how many columns of a terminal a text occupies.
fn columns(text: &str) -> usize {
    printable(text).width()
}

/// Replaces control characters, which a terminal would obey.
pub fn printable(text: &str) -> String {
    let shown = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    text.chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_also_after_wide_characters_and_long_names() {
        let mut table = Table::indented(2);
        let long = "a name that is longer than every other name in this table";
        for (name, end) in [
            ("山田太郎", "a"),
            ("Zoë", "b"),
            (long, "c"),
            ("e\u{301}", "d"),
        ] {
            table.row([name.to_owned(), end.to_owned()]);
        }
        let text = table.to_string();
        let starts: Vec<usize> = text
            .lines()
            .map(|line| line[..line.len() - 1].width())
            .collect();
        assert_eq!(starts, vec![2 + long.len() + GAP; 4], "{text}");
    }

    #[test]
    fn a_name_cannot_control_the_terminal() {
        let mut table = Table::indented(0);
        table.row(["a\u{1b}[2Jb\n".to_owned()]);
        assert_eq!(table.to_string(), "a\u{fffd}[2Jb\u{fffd}\n");
    }
}
