//! The dependency direction of the modules, checked in the sources.
//!
//! `store` and `aws` do not depend on each other; only `service`, `engine`, `jobs`, `state` and `cli` use both;
//! `http` uses `service`, and of `store` only sessions and persons; writes to AWS are called
//! from `engine/execute` and from nowhere else.

#![expect(
    clippy::unwrap_used,
    reason = "a test may fail where the tree cannot be read"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use app::backend::ChangeKind;
use domain::ledger::EventKind;

/// Returns the path and the text of every source file in a folder of this crate.
pub(super) fn sources(folder: &str) -> Vec<(PathBuf, String)> {
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

/// Returns the code of a file without its comments and without its tests.
pub(super) fn code(text: &str) -> String {
    let lines = text.lines().take_while(|line| *line != "#[cfg(test)]");
    let code = lines.map(|line| line.split("//").next().unwrap_or_default());
    code.collect::<Vec<_>>().join("\n")
}

/// Returns every path of this crate that some code names, such as `service::app_state::AppState`. The trees of `use` are
/// expanded.
fn crate_paths(code: &str) -> BTreeSet<String> {
    fn tree<'a>(code: &'a str, path: &str, found: &mut BTreeSet<String>) -> &'a str {
        let code = code.trim_start();
        if let Some(mut rest) = code.strip_prefix('{') {
            loop {
                rest = tree(rest, path, found).trim_start();
                match rest.strip_prefix(',') {
                    Some(after) => rest = after,
                    None => return rest.strip_prefix('}').unwrap_or(rest),
                }
            }
        }
        let end = code.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let (name, rest) = code.split_at(end.unwrap_or(code.len()));
        match rest.strip_prefix("::") {
            Some(rest) => tree(rest, &format!("{path}{name}::"), found),
            // Nothing follows the last comma of a tree.
            None if name.is_empty() => rest,
            None => {
                found.insert(format!("{path}{name}"));
                rest
            }
        }
    }
    let mut found = BTreeSet::new();
    for (at, start) in code.match_indices("crate::") {
        tree(&code[at + start.len()..], "", &mut found);
    }
    found
}

/// Returns the places in a folder that name a module of this crate, each as `file: path`.
fn naming_module(folder: &str, module: &str) -> Vec<String> {
    let mut named = Vec::new();
    for (path, text) in sources(folder) {
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        let paths = crate_paths(&code(&text));
        let of = |path: &String| path == module || path.starts_with(&format!("{module}::"));
        named.extend(
            paths
                .into_iter()
                .filter(of)
                .map(|path| format!("{file}: {path}")),
        );
    }
    named.sort_unstable();
    named
}

#[test]
fn paths_are_found_in_trees_of_use_and_in_code() {
    let code = "use crate::{\n    a::{b, c::D},\n    e,\n};\nfn f() { crate::g::h(1); }";
    assert_eq!(
        crate_paths(code).into_iter().collect::<Vec<_>>(),
        ["a::b", "a::c::D", "e", "g::h"]
    );
}

#[test]
fn http_calls_services_and_no_service_knows_http() {
    for folder in [
        "src/service",
        "src/engine",
        "src/jobs",
        "src/store",
        "src/aws",
    ] {
        assert_eq!(
            naming_module(folder, "http"),
            Vec::<String>::new(),
            "{folder}"
        );
    }
}

#[test]
fn the_engine_calls_services_and_services_know_only_what_a_start_waits_for() {
    let mut named = naming_module("src/service", "engine");
    named.retain(|place| !place.contains(": engine::pending_starts::"));
    assert_eq!(named, Vec::<String>::new());
}

/// They enqueue jobs: `service/jobs.rs` and `store/job.rs`.
#[test]
fn jobs_are_run_by_the_composition_root_and_nobody_else_names_their_bodies() {
    for folder in [
        "src/service",
        "src/engine",
        "src/store",
        "src/aws",
        "src/http",
    ] {
        assert_eq!(
            naming_module(folder, "jobs"),
            Vec::<String>::new(),
            "{folder}"
        );
    }
}

/// A change is loaded with its effect and the proof of its approvals. Its start uses one load, from `reconcile.rs`, or from
/// `execute.rs` if it is evaluated later than it was taken up; `reread.rs` loads it after it is done.
#[test]
fn the_engine_loads_a_change_once_to_start_it() {
    let loads = [
        "start::load(",
        "change::find(",
        "change::lock(",
        "change::in_states(",
        "change::requested_items(",
        "proof::decisions(",
    ];
    let named = naming("src/engine", &loads);
    let mut named: Vec<String> = named
        .iter()
        .map(|place| {
            let file = place.rsplit('/').next().unwrap_or_default();
            let load = loads.iter().find(|load| place.contains(*load)).unwrap();
            format!("{}: {load}", file.split(':').next().unwrap_or_default())
        })
        .collect();
    named.sort_unstable();
    let expected = [
        "execute.rs: start::load(",
        // Whether something is over, before it is locked.
        "expire.rs: change::find(",
        "expire.rs: change::lock(",
        "reconcile.rs: start::load(",
        "reread.rs: start::load(",
        "start.rs: change::find(",
        // The change that is sent back.
        "start.rs: change::lock(",
    ];
    assert_eq!(named, expected);
}

#[test]
fn the_modules_of_domain_form_no_cycle() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../domain/src");
    let mut uses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, text) in sources("../domain/src") {
        let inside = path.strip_prefix(&root).unwrap();
        let module = inside.iter().next().unwrap().to_string_lossy();
        let module = module.trim_end_matches(".rs").to_owned();
        let named = crate_paths(&code(&text));
        let named = named
            .iter()
            .filter_map(|path| path.split("::").next())
            .filter(|named| **named != module)
            .map(str::to_owned);
        uses.entry(module.clone()).or_default().extend(named);
    }
    let in_cycles: Vec<&String> = uses
        .keys()
        .filter(|module| reaches(&uses, module, module))
        .collect();
    assert_eq!(in_cycles, Vec::<&String>::new());
}

/// Whether a module uses another one, directly or through others.
fn reaches(uses: &BTreeMap<String, BTreeSet<String>>, from: &str, to: &str) -> bool {
    let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(module) = open.pop() {
        for next in uses.get(module).into_iter().flatten() {
            if next == to {
                return true;
            }
            if seen.insert(next.as_str()) {
                open.push(next);
            }
        }
    }
    false
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
    for folder in [
        "src/service",
        "src/http",
        "src/store",
        "src/cli",
        "src/jobs",
    ] {
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
    for folder in ["src", "../app/src"] {
        assert_eq!(naming(folder, &words), Vec::<String>::new(), "{folder}");
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

/// A page, an interface for programs and a test of either see the same data under the same names.
#[test]
fn everything_that_the_ports_return_is_serializable_in_snake_case() {
    // A file in chunks, which no page draws.
    let streamed = ["Download"];
    let mut bad = Vec::new();
    for (path, text) in sources("../app/src/backend") {
        let code = code(&text);
        let lines: Vec<&str> = code.lines().map(str::trim_end).collect();
        for (at, line) in lines.iter().enumerate() {
            let Some(name) = type_name(line) else {
                continue;
            };
            let attributes: Vec<&str> = lines[..at]
                .iter()
                .rev()
                .take_while(|line| !line.is_empty())
                .copied()
                .collect();
            let has = |word: &str| attributes.iter().any(|line| line.contains(word));
            let is_named = !line.starts_with("pub enum") || has("snake_case");
            if !(has("serde::Serialize") && is_named || streamed.contains(&name)) {
                bad.push(format!("{}: {name}", path.display()));
            }
        }
    }
    assert_eq!(bad, Vec::<String>::new());
}

/// A new kind is a form in server and in app, and one row in each of these tables.
#[test]
fn the_kinds_of_a_new_change_are_told_apart_in_two_tables() {
    let names = ChangeKind::ALL.map(|kind| format!("ChangeKind::{kind:?}"));
    let kinds: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut files = BTreeSet::new();
    for folder in ["src", "../app/src"] {
        for place in naming(folder, &kinds) {
            let path = place.split(".rs:").next().unwrap_or_default();
            files.insert(path.rsplit('/').next().unwrap_or_default().to_owned());
        }
    }
    let tables = ["change_form", "forms", "new_change"].map(str::to_owned);
    assert_eq!(files, BTreeSet::from(tables));
}

/// Returns the name of the public type that a line begins to declare.
fn type_name(line: &str) -> Option<&str> {
    let declared = ["pub struct ", "pub enum "]
        .into_iter()
        .find_map(|start| line.strip_prefix(start))?;
    declared.split(|c: char| !c.is_ascii_alphanumeric()).next()
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
