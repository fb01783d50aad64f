//! Runs cargo and parses its messages: the test programs that it built, and the warnings of the compiler and clippy
//! about workspace crates. Warnings fail the lints but not the build, so that an unfinished edit can be run and tested.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::process::{self, ErrorContext, Failure};

/// A test program that cargo built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// The folder of its crate: `domain`, `server`, ...
    pub package: String,
    /// `lib` for unit tests, otherwise the name of the target.
    pub target: String,
    pub executable: PathBuf,
}

/// The result of a build command.
#[derive(Debug, Default)]
pub struct Build {
    pub programs: Vec<Program>,
    /// The rendered warnings of the compiler and of clippy, without duplicates.
    warnings: BTreeSet<String>,
}

impl Build {
    /// Returns an error if there are warnings.
    pub fn lints(&self) -> Result<(), Failure> {
        if self.warnings.is_empty() {
            return Ok(());
        }
        let each: Vec<String> = self.warnings.iter().map(|text| first_lines(text)).collect();
        Err(Failure::new(format!(
            "{} warnings\n{}",
            each.len(),
            each.join("\n")
        )))
    }
}

/// Runs a build command and prints its errors and warnings. Only errors make it fail.
pub fn compile(cargo: &mut Command) -> Result<Build, Failure> {
    let typed = process::spelled(cargo);
    // Diagnostics are JSON; cargo prints its progress on the terminal.
    let mut child = cargo
        .args(["--message-format", "json"])
        .stdout(Stdio::piped())
        .spawn()
        .context(format_args!("could not start `{typed}`"))?;
    let mut build = Build::default();
    let mut errors = Vec::new();
    if let Some(out) = child.stdout.take() {
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            match serde_json::from_str(&line).map(|message: Value| read(&message)) {
                Ok(Message::Program(program)) => build.programs.push(program),
                Ok(Message::Warning(text)) => {
                    if build.warnings.insert(text.clone()) {
                        eprintln!("{text}");
                    }
                }
                Ok(Message::Error(text)) => {
                    eprintln!("{text}");
                    errors.push(first_lines(&text));
                }
                Ok(Message::Other) | Err(_) => {}
            }
        }
    }
    let status = child.wait().context(&typed)?;
    if status.success() {
        // Cargo reports them in the order in which they were finished.
        build
            .programs
            .sort_by(|a, b| (&a.package, &a.target).cmp(&(&b.package, &b.target)));
        return Ok(build);
    }
    Err(Failure::new(format!(
        "`{typed}` failed ({status})\n{}",
        errors.join("\n")
    )))
}

enum Message {
    Program(Program),
    Error(String),
    Warning(String),
    Other,
}

fn read(message: &Value) -> Message {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    match message["reason"].as_str() {
        Some("compiler-message") => {
            let complaint = &message["message"];
            // Cargo ends with counts ("3 warnings emitted"), which have no source location.
            let located = complaint["spans"]
                .as_array()
                .is_some_and(|spans| !spans.is_empty());
            match complaint["level"].as_str() {
                Some("error") => Message::Error(text(&complaint["rendered"])),
                Some("warning") if located => Message::Warning(text(&complaint["rendered"])),
                _ => Message::Other,
            }
        }
        Some("compiler-artifact") if message["profile"]["test"] == true => {
            let Some(executable) = message["executable"].as_str() else {
                return Message::Other;
            };
            let manifest = PathBuf::from(text(&message["manifest_path"]));
            let package = manifest.parent().and_then(|dir| dir.file_name());
            let target = &message["target"];
            let is_lib = target["kind"]
                .as_array()
                .is_some_and(|kinds| kinds.iter().any(|kind| kind == "lib" || kind == "rlib"));
            Message::Program(Program {
                package: package.unwrap_or_default().to_string_lossy().into_owned(),
                target: if is_lib {
                    "lib".into()
                } else {
                    text(&target["name"])
                },
                executable: executable.into(),
            })
        }
        _ => Message::Other,
    }
}

/// Returns the title and location of a diagnostic.
fn first_lines(text: &str) -> String {
    text.lines().take(2).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn diagnostic(level: &str, spans: &Value) -> Value {
        json!({"reason": "compiler-message", "message": {"level": level, "rendered": "warning: x\n --> a.rs:1:1\n", "spans": spans}})
    }

    #[test]
    fn warnings_count_and_summaries_do_not() {
        let place = json!([{"file_name": "a.rs"}]);
        assert!(matches!(
            read(&diagnostic("warning", &place)),
            Message::Warning(_)
        ));
        assert!(matches!(
            read(&diagnostic("error", &json!([]))),
            Message::Error(_)
        ));
        assert!(matches!(
            read(&diagnostic("warning", &json!([]))),
            Message::Other
        ));
        assert!(matches!(read(&diagnostic("note", &place)), Message::Other));
    }

    #[test]
    fn a_test_program_is_named_by_its_crate_and_target() {
        let artifact = |kind: &str| {
            json!({
                "reason": "compiler-artifact", "profile": {"test": true}, "executable": "/t/deps/it-1",
                "manifest_path": "/w/domain/Cargo.toml", "target": {"kind": [kind], "name": "it"},
            })
        };
        let Message::Program(program) = read(&artifact("test")) else {
            panic!("a test program is one");
        };
        assert_eq!(
            (program.package.as_str(), program.target.as_str()),
            ("domain", "it")
        );
        let Message::Program(program) = read(&artifact("lib")) else {
            panic!("a library's unit tests are a program");
        };
        assert_eq!(program.target, "lib");
    }

    #[test]
    fn a_build_that_fails_without_a_diagnostic_is_a_failure() {
        assert!(compile(&mut Command::new("false")).is_err());
    }
}
