//! Positions in a policy text: lines, columns, statements.
//!
//! Never interprets a policy; Cedar does that.

use std::ops::Range;

/// Returns line and column of a byte offset, both counted from 1; columns in characters.
pub(super) fn position(text: &str, offset: usize) -> (usize, usize) {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    let before = &text[..offset];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (
        before.matches('\n').count() + 1,
        before[line_start..].chars().count() + 1,
    )
}

/// Returns the byte ranges of the statements of a policy text, in order and without comments between them. Cedar
/// preserves neither the order of policies nor the positions of annotations, and error messages need both.
pub(super) fn statements(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut start = None;
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'/' if bytes.get(at + 1) == Some(&b'/') => {
                at = end_of_line(bytes, at);
                continue;
            }
            b'"' => {
                start.get_or_insert(at);
                at = end_of_string(bytes, at);
                continue;
            }
            b';' => {
                if let Some(start) = start.take() {
                    found.push(start..at + 1);
                }
            }
            other if !other.is_ascii_whitespace() => {
                start.get_or_insert(at);
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// Returns the first occurrence of `needle` outside strings and comments.
pub(super) fn find_outside_strings(text: &str, needle: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at..].starts_with(needle.as_bytes()) {
            return Some(at);
        }
        at = match bytes[at] {
            b'"' => end_of_string(bytes, at),
            b'/' if bytes.get(at + 1) == Some(&b'/') => end_of_line(bytes, at),
            _ => at + 1,
        };
    }
    None
}

fn end_of_line(bytes: &[u8], from: usize) -> usize {
    bytes[from..]
        .iter()
        .position(|b| *b == b'\n')
        .map_or(bytes.len(), |n| from + n)
}

/// Returns the index after the string that begins at `from`.
fn end_of_string(bytes: &[u8], from: usize) -> usize {
    let mut at = from + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_semicolon_in_a_string_or_a_comment_ends_nothing() {
        let text =
            "// a; b\n@reason(\"x; \\\" y;\") permit(principal);\n\nforbid(principal); // c;\n";
        let found: Vec<&str> = statements(text).into_iter().map(|r| &text[r]).collect();
        assert_eq!(
            found,
            [
                "@reason(\"x; \\\" y;\") permit(principal);",
                "forbid(principal);"
            ]
        );
    }

    #[test]
    fn a_word_inside_a_string_is_not_found() {
        let text = "@reason(\"permit\") // permit\npermit (";
        assert_eq!(find_outside_strings(text, "permit"), Some(28));
        assert_eq!(find_outside_strings(text, "forbid"), None);
    }

    #[test]
    fn columns_count_characters_from_one() {
        assert_eq!(position("ä\nöx", 0), (1, 1));
        assert_eq!(position("ä\nöx", 5), (2, 2));
        assert_eq!(position("ab", 99), (1, 3));
    }
}
