//! The dependency direction of the modules, checked in the sources.
//!
//! `store` and `aws` do not depend on each other; only `service`, `engine`, `state` and `cli` use both;
//! `http` uses `service`, and of `store` only sessions and persons; writes to AWS are called
//! from `engine/execute` and from nowhere else.

#![expect(
    clippy::unwrap_used,
    reason = "a test may fail where the tree cannot be read"
)]

use std::{
    fs,
    path::{Path, PathBuf},
};

use domain::ledger::EventKind;

fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    fn walk(path: &Path, found: &mut Vec<(PathBuf, String)>) {
        for entry in fs::read_dir(path).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                found.push((path.clone(), fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let mut found = Vec::new();
    walk(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join(folder),
        &mut found,
    );
    assert!(!found.is_empty(), "{folder} contains no sources");
    found
}

/// Returns the files of a folder that contain any of these words outside comments.
fn naming(folder: &str, words: &[&str]) -> Vec<String> {
    let mut bad = Vec::new();
    for (path, text) in sources(folder) {
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            if words.iter().any(|word| code.contains(word)) {
                bad.push(format!(
                    "{}:{}: {}",
                    path.display(),
                    number + 1,
                    line.trim()
                ));
            }
        }
    }
    bad
}

#[test]
fn the_store_does_not_know_aws_and_aws_does_not_know_the_store() {
    assert_eq!(
        naming("src/store", &["crate::aws", "aws_sdk"]),
        Vec::<String>::new()
    );
    assert_eq!(
        naming("src/aws", &["crate::store", "sqlx"]),
        Vec::<String>::new()
    );
}

#[test]
fn http_talks_to_services_and_knows_of_the_store_only_sessions_and_persons() {
    assert_eq!(
        naming(
            "src/http",
            &["crate::aws", "aws_sdk", "crate::engine", "sqlx"]
        ),
        Vec::<String>::new()
    );
    let other = [
        "store::change",
        "store::engine",
        "store::ledger",
        "store::observed",
        "store::crawl",
        "store::rules",
    ];
    assert_eq!(naming("src/http", &other), Vec::<String>::new());
}

#[test]
fn aws_is_written_to_from_one_file() {
    let writes = [
        ".create_assignment(",
        ".delete_assignment(",
        ".add_member(",
        ".remove_member(",
    ];
    for folder in ["src/service", "src/http", "src/store", "src/cli"] {
        assert_eq!(naming(folder, &writes), Vec::<String>::new(), "{folder}");
    }
    let engine = naming("src/engine", &writes);
    assert!(
        !engine.is_empty() && engine.iter().all(|line| line.contains("execute.rs")),
        "{engine:#?}"
    );
}

#[test]
fn tables_are_written_by_one_function_which_protects_every_cell() {
    let writers = naming("src", &["csv::Writer"]);
    assert!(
        !writers.is_empty() && writers.iter().all(|line| line.contains("service/csv.rs")),
        "{writers:#?}"
    );
}

#[test]
fn event_types_are_written_in_one_table() {
    let words: Vec<String> = EventKind::ALL
        .iter()
        .flat_map(|kind| ['"', '\''].map(|quote| format!("{quote}{}{quote}", kind.as_str())))
        .collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    // SQL cannot read the table.
    let in_sql = ["src/store/ledger/listed.rs", "src/store/ledger/proof.rs"];
    for folder in ["src", "../app/src"] {
        let mut named = naming(folder, &words);
        named.retain(|place| !in_sql.iter().any(|file| place.contains(file)));
        assert_eq!(named, Vec::<String>::new(), "{folder}");
    }
}

#[test]
fn event_types_in_sql_are_those_of_the_table() {
    for (path, text) in sources("src/store/ledger") {
        let code: Vec<&str> = text
            .lines()
            .map(|line| line.split("//").next().unwrap_or_default())
            .collect();
        for literal in code.join("\n").split('\'').filter(|literal| {
            let mut parts = literal.split('.');
            let word = |part: Option<&str>| {
                part.is_some_and(|part| {
                    !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c == '_')
                })
            };
            word(parts.next()) && word(parts.next()) && parts.next().is_none()
        }) {
            assert!(
                EventKind::from_word(literal).is_some(),
                "{}: {literal}",
                path.display()
            );
        }
    }
}

#[test]
fn domain_names_no_runtime_no_clock_and_no_io() {
    let words = [
        "tokio",
        "async fn",
        "SystemTime",
        "Instant::now",
        "std::fs",
        "std::net",
        "rand::",
        "println!",
    ];
    assert_eq!(naming("../domain/src", &words), Vec::<String>::new());
}

#[test]
fn the_ui_names_no_database_no_aws_and_no_web_server() {
    assert_eq!(
        naming(
            "../app/src",
            &["sqlx", "aws_sdk", "axum", "openidconnect", "tokio"]
        ),
        Vec::<String>::new()
    );
}

#[test]
fn the_sandbox_shares_nothing_with_what_it_tests() {
    assert_eq!(
        naming(
            "../sandbox/src",
            &["domain::", "server::", "leastwise_domain"]
        ),
        Vec::<String>::new()
    );
}
