//! Writes CSV (RFC 4180) that no spreadsheet evaluates. The only user of the crate `csv`, so that
//! every cell of every table is protected (ASVS 1.2.10).

/// Returns rows as CSV, every cell protected and quoted. Quotes keep a semicolon or a tab, by which some spreadsheets
/// separate cells, inside its cell.
pub fn lines<R: IntoIterator<Item = String>>(rows: impl IntoIterator<Item = R>) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .quote_style(csv::QuoteStyle::Always)
        .from_writer(Vec::new());
    for row in rows {
        writer
            .write_record(row.into_iter().map(|cell| harmless(&cell)))
            .expect("writes to memory succeed, and all rows have the same length");
    }
    writer.into_inner().expect("writes to memory succeed")
}

/// Marks a cell that a spreadsheet could evaluate as text, by a leading apostrophe.
///
/// Programs trim what they do not show before they look for a formula, and there is no complete list of such
/// characters. So a cell is marked if a sign that begins a formula stands before its first letter or digit.
fn harmless(cell: &str) -> String {
    let mut before_text = cell
        .chars()
        .take_while(|c| is_invisible(*c) || !c.is_alphanumeric());
    if before_text.any(begins_formula) {
        format!("'{cell}")
    } else {
        cell.to_owned()
    }
}

/// Returns whether a character begins a formula, or a new cell or line, in any of its compatibility forms (NFKC): full
/// width, small, superscript and subscript.
fn begins_formula(c: char) -> bool {
    matches!(
        c,
        '=' | '\u{FF1D}'
            | '\u{FE66}'
            | '\u{207C}'
            | '\u{208C}'
            | '+'
            | '\u{FF0B}'
            | '\u{FE62}'
            | '\u{207A}'
            | '\u{208A}'
            | '\u{FB29}'
            | '-'
            | '\u{FF0D}'
            | '\u{FE63}'
            | '\u{207B}'
            | '\u{208B}'
            | '\u{2212}'
            | '@'
            | '\u{FF20}'
            | '\u{FE6B}'
            | '\t'
            | '\r'
            | '\n'
    )
}

/// Returns whether a character counts as a letter although nothing is shown: the fillers of Hangul.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{115F}' | '\u{1160}' | '\u{3164}' | '\u{FFA0}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_cell_that_begins_like_a_formula_is_marked_and_others_are_left_alone() {
        for formula in [
            "=1+1",
            "+cmd",
            "-2",
            "@SUM(A1)",
            "\tx",
            "\rx",
            "\nx",
            " =1+1",
            "\u{A0}=1+1",
            "\u{3000}=1+1",
            "\u{FEFF}=1+1",
            "\u{200B}=1+1",
            "\u{202E}=1+1",
            "\u{3164}=1+1",
            "\u{0}=1+1",
            "\"=1+1\"",
            "(=1+1)",
            "\u{FF1D}1+1",
            "\u{FF0B}1",
            "\u{FF0D}1",
            "\u{FF20}SUM(A1)",
            "\u{FE66}1",
            " \u{2003}\u{FE62}1",
            "\u{2212}1",
        ] {
            assert_eq!(harmless(formula), format!("'{formula}"));
        }
        for text in [
            "Ann = 1",
            "",
            "2026-11-28",
            "(none)",
            "Ödön",
            "李-雷",
            "through a+b",
            "'tis",
        ] {
            assert_eq!(harmless(text), text);
        }
    }

    /// Text of what programs trim, what begins a formula and what does neither.
    fn cell() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            prop::sample::select(vec![
                ' ', '\t', '\r', '\n', '\u{A0}', '\u{3000}', '\u{FEFF}', '\u{200B}', '\u{0}', '"',
                '\''
            ]),
            prop::sample::select(vec![
                '=', '+', '-', '@', '\u{FF1D}', '\u{FF0B}', '\u{FF0D}', '\u{FF20}', ';', ','
            ]),
            any::<char>(),
        ];
        prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.into_iter().collect())
    }

    proptest! {
        #[test]
        fn whatever_is_trimmed_from_a_cell_no_formula_is_left(cell in cell()) {
            let written = harmless(&cell);
            let trimmed = written.trim_start_matches(|c: char| c.is_whitespace() || c.is_control() || !c.is_ascii_graphic() && !c.is_alphanumeric());
            prop_assert!(!trimmed.starts_with(['=', '+', '-', '@']), "{written:?}");
            let is_marked = written == format!("'{cell}");
            prop_assert!(is_marked || written == cell);
        }

        #[test]
        fn a_program_reads_the_cells_that_were_written(row in [cell(), cell(), cell()]) {
            let written = lines([row.clone()]);
            let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(written.as_slice());
            let read: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
            prop_assert_eq!(read.len(), 1);
            for (read, cell) in read[0].iter().zip(&row) {
                let is_marked = read == format!("'{cell}");
                prop_assert!(is_marked || read == cell);
            }
        }
    }
}
