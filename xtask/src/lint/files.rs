//! Checks files: each opens with the reason why it exists, and none exceeds the maximum length.

use std::fs;

use crate::process::{self, ErrorContext, Failure};
use crate::watch::files_under;

const CRATES: [&str; 6] = ["domain", "catalogue", "app", "server", "sandbox", "xtask"];
/// The maximum number of lines, excluding tests.
const LONGEST: usize = 400;

/// Returns the findings in the Rust files of the workspace.
pub fn check() -> Result<Vec<String>, Failure> {
    let mut wrong = Vec::new();
    for name in CRATES {
        let folder = process::root().join(name);
        for file in ["src", "tests", "build.rs"].iter().flat_map(|part| {
            let path = folder.join(part);
            if path.is_file() {
                vec![path]
            } else {
                files_under(&path)
            }
        }) {
            if file.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&file).context(file.display())?;
                let path = file
                    .strip_prefix(process::root())
                    .unwrap_or(&file)
                    .display()
                    .to_string();
                wrong.extend(complaint(&path, &text));
            }
        }
    }
    Ok(wrong)
}

fn complaint(path: &str, text: &str) -> Option<String> {
    if !text.starts_with("//!") {
        return Some(format!(
            "{path}:1: does not open with a //! comment that states why the file exists"
        ));
    }
    let is_test = path
        .split('/')
        .any(|part| part == "tests" || part == "tests.rs");
    let lines = text
        .lines()
        .take_while(|line| line.trim() != "#[cfg(test)]")
        .count();
    (lines > LONGEST && !is_test)
        .then(|| format!("{path}:{LONGEST}: {lines} lines before the tests; split the file"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_its_reason_is_named() {
        assert!(
            complaint("a/src/b.rs", "use x;")
                .unwrap()
                .starts_with("a/src/b.rs:1:")
        );
        assert_eq!(complaint("a/src/b.rs", "//! Why.\n"), None);
    }

    #[test]
    fn length_is_counted_up_to_the_tests() {
        let long = format!("//! Why.\n{}", "x\n".repeat(400));
        assert!(complaint("a/src/b.rs", &long).is_some());
        assert_eq!(complaint("a/tests/b.rs", &long), None);
        let tested = format!("//! Why.\n#[cfg(test)]\n{}", "x\n".repeat(900));
        assert_eq!(complaint("a/src/b.rs", &tested), None);
    }
}
