//! Reads the files of `leastwise lint`. What is not a text in UTF-8 is an error with its position.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use domain::permission_set::analysis::policy_file::{self, PolicyFile, PolicyFileError};
use serde::Serialize;

/// The maximum size of a file. AWS accepts policies of some kilobytes, and a device has no end.
const MOST_BYTES: u64 = 16 * 1024 * 1024;

/// A file that cannot be read, and what was expected where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Unreadable {
    pub(super) file: String,
    /// The whole message, with the position if there is one.
    pub(super) error: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
}

/// Reads a file, and returns its name with its content.
pub(super) fn read(path: &Path) -> Result<(String, PolicyFile), Unreadable> {
    let name = path.to_string_lossy().into_owned();
    let bytes = bytes(path).map_err(|error| Unreadable {
        file: name.clone(),
        error,
        line: None,
        column: None,
    })?;
    match parse(&bytes) {
        Ok(file) => Ok((name, file)),
        Err(error) => Err(Unreadable {
            file: name,
            error: error.to_string(),
            line: Some(error.line),
            column: Some(error.column),
        }),
    }
}

fn bytes(path: &Path) -> Result<Vec<u8>, String> {
    if path.is_dir() {
        return Err("it is a folder: expected a file".to_owned());
    }
    let read = if path.as_os_str() == "-" {
        limited(io::stdin().lock())
    } else {
        File::open(path).and_then(limited)
    };
    let bytes = read.map_err(|error| format!("it cannot be read: {error}"))?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(format!("expected at most {MOST_BYTES} bytes"));
    }
    Ok(bytes)
}

fn limited(source: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Parses the bytes of a file. A byte order mark of UTF-8 is skipped.
fn parse(bytes: &[u8]) -> Result<PolicyFile, PolicyFileError> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    // Without a mark, every other byte of ASCII text is zero.
    let half_zero = matches!(bytes, [a, b, ..] if (*a == 0) != (*b == 0));
    if half_zero || bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF") {
        let expected = "text in UTF-8, and this looks like UTF-16: save it as UTF-8";
        return Err(PolicyFileError::at("", 0, expected));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) if text.trim().is_empty() => Err(PolicyFileError::at(
            "",
            0,
            "a policy, and the file is empty",
        )),
        Ok(text) => policy_file::read(text),
        Err(error) => {
            let valid = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
            Err(PolicyFileError::at(&valid, valid.len(), "text in UTF-8"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = "{\n \"Statement\": []\n}\n";

    fn error(bytes: &[u8]) -> String {
        parse(bytes).unwrap_err().to_string()
    }

    #[test]
    fn line_ends_of_windows_and_a_byte_order_mark_change_nothing() {
        let plain = parse(POLICY.as_bytes()).unwrap();
        let marked = parse(format!("\u{feff}{POLICY}").as_bytes()).unwrap();
        assert_eq!(plain, marked);
        let windows = POLICY.replace('\n', "\r\n");
        assert!(parse(windows.as_bytes()).is_ok());
        let broken = windows.replace("[]", "[,]");
        assert_eq!(
            error(broken.as_bytes()),
            "line 2, column 16: expected a value"
        );
        let after_mark = "\u{feff}{x";
        assert_eq!(
            error(after_mark.as_bytes()),
            "line 1, column 2: expected an element name in double quotes"
        );
    }

    #[test]
    fn utf_16_is_named() {
        for with_mark in [true, false] {
            let units = POLICY.encode_utf16();
            let mut little = if with_mark {
                vec![0xFF, 0xFE]
            } else {
                Vec::new()
            };
            let mut big = if with_mark {
                vec![0xFE, 0xFF]
            } else {
                Vec::new()
            };
            for unit in units {
                little.extend(unit.to_le_bytes());
                big.extend(unit.to_be_bytes());
            }
            for bytes in [little, big] {
                let error = error(&bytes);
                assert!(error.contains("looks like UTF-16"), "{error}");
            }
        }
    }

    #[test]
    fn bytes_that_are_no_text_and_nothing_at_all_are_errors_with_a_position() {
        assert_eq!(error(b"\x7FELF\x02"), "line 1, column 1: expected a value");
        assert_eq!(
            error(b"{\n \"Sid\": \"\xC3\xA9\xFF\"}"),
            "line 2, column 11: expected text in UTF-8"
        );
        for nothing in [&b""[..], b" \r\n", b"\xEF\xBB\xBF"] {
            let error = error(nothing);
            assert_eq!(
                error,
                "line 1, column 1: expected a policy, and the file is empty"
            );
        }
    }

    #[test]
    fn a_folder_a_missing_file_and_an_endless_one_are_errors() {
        let of = |path: &str| read(Path::new(path)).unwrap_err().error;
        assert_eq!(of("/"), "it is a folder: expected a file");
        assert!(of("/nowhere/policy.json").starts_with("it cannot be read"));
        assert_eq!(of("/dev/zero"), "expected at most 16777216 bytes");
    }
}
