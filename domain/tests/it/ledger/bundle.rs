//! Tests of bundles: writing and reading them as text.

use std::{collections::BTreeMap, convert::Infallible};

use domain::ledger::{
    Hash, Report,
    bundle::{self, BundleError, FileDigest, Manifest},
};

use super::support::{Log, name, verifier};

fn entries(log: &Log) -> String {
    log.leaves()
        .iter()
        .map(|leaf| String::from_utf8(leaf.clone()).unwrap() + "\n")
        .collect()
}

fn private(log: &Log) -> String {
    (0..)
        .zip(log.private())
        .flat_map(|(seq, values)| values.into_iter().map(move |v| (seq, v)))
        .map(|(seq, value)| bundle::private_line(seq, &value).unwrap())
        .collect()
}

fn without_line(text: &str, left_out: usize) -> String {
    let lines = text.split_inclusive('\n').enumerate();
    lines
        .filter(|(at, _)| *at != left_out)
        .map(|(_, line)| line)
        .collect()
}

fn checkpoints(log: &Log, sizes: &[u64]) -> String {
    log.checkpoints(sizes)
        .iter()
        .map(|note| bundle::checkpoint_line(note).unwrap())
        .collect()
}

fn verified(
    entries: &str,
    checkpoints: &str,
    private: &str,
) -> Result<Report, BundleError<Infallible>> {
    let own = bundle::parse_checkpoints::<Infallible>(checkpoints)?;
    bundle::verify(
        verifier(&own, &[]),
        entries.lines().map(Ok),
        private.lines().map(Ok),
    )
}

fn manifest(log: &Log, entries: &str) -> Manifest {
    let size = log.sealed.len() as u64;
    let digest = FileDigest {
        bytes: entries.len() as u64,
        sha256: Hash::of(entries.as_bytes()),
    };
    Manifest {
        format: bundle::FORMAT.to_owned(),
        log: name(),
        exported_at: "2026-11-23T09:14:05.007Z".to_owned(),
        entries: size,
        tree_size: size,
        root: log.root(size),
        first_not_authentic: None,
        files: BTreeMap::from([(bundle::ENTRIES.to_owned(), digest)]),
    }
}

#[test]
fn a_bundle_verifies_from_its_text_alone() {
    let log = Log::of(9);
    let report = verified(&entries(&log), &checkpoints(&log, &[4, 9]), &private(&log)).unwrap();
    assert!(report.holds(), "{report:?}");
    assert_eq!((report.entries, report.tree_size), (9, 9));
    manifest(&log, &entries(&log))
        .check_report(&report)
        .unwrap();
}

#[test]
fn each_line_of_the_entries_is_the_leaf_itself() {
    let log = Log::of(3);
    for (line, sealed) in entries(&log).lines().zip(&log.sealed) {
        assert_eq!(Hash::leaf(line.as_bytes()), sealed.hash);
    }
}

#[test]
fn private_values_may_be_left_out_in_part_or_as_a_whole() {
    let log = Log::of(9);
    let some: String = without_line(&private(&log), 4);
    assert!(
        verified(&entries(&log), &checkpoints(&log, &[9]), &some)
            .unwrap()
            .holds()
    );
    assert!(
        verified(&entries(&log), &checkpoints(&log, &[9]), "")
            .unwrap()
            .holds()
    );
    let wrong = private(&log).replace("Person 4", "Person 5");
    let report = verified(&entries(&log), &checkpoints(&log, &[9]), &wrong).unwrap();
    assert_eq!(
        (report.first_bad, report.reason.unwrap().code()),
        (Some(4), "private_value_differs")
    );
}

#[test]
fn a_line_taken_out_is_named_by_its_entry() {
    let log = Log::of(9);
    let text = without_line(&entries(&log), 5);
    let report = verified(&text, &checkpoints(&log, &[9]), "").unwrap();
    assert_eq!(
        (report.first_bad, report.reason.unwrap().code()),
        (Some(5), "deleted")
    );
}

#[test]
fn malformed_lines_are_named_by_file_and_number() {
    let log = Log::of(3);
    let lines = private(&log);
    let (first, rest) = lines.split_once('\n').unwrap();
    for (private, number) in [
        (format!("{first}\nno\n"), 2),
        (format!("{rest}{first}\n"), 3),
        (first.replace(r#""seq":0"#, r#""seq":7"#), 1),
    ] {
        let error = verified(&entries(&log), "", &private).unwrap_err();
        assert!(
            matches!(error, BundleError::Malformed { file: bundle::PRIVATE, line, .. } if line == number),
            "{error}: {private}"
        );
    }
    let error = verified(&entries(&log), "\"a note\"\nnot a string\n", "").unwrap_err();
    assert!(
        error.to_string().starts_with("checkpoints.jsonl line 2"),
        "{error}"
    );
}

#[test]
fn an_entry_line_that_cannot_be_read_is_an_error_and_not_a_verdict() {
    let lines = [Err::<&str, _>("disk gone")];
    let error = bundle::verify(
        verifier(&[], &[]),
        lines,
        std::iter::empty::<Result<&str, _>>(),
    )
    .unwrap_err();
    assert_eq!(error.to_string(), "cannot read entries.jsonl: disk gone");
}

#[test]
fn the_manifest_reads_back_and_tells_what_differs() {
    let log = Log::of(3);
    let text = entries(&log);
    let manifest = manifest(&log, &text);
    assert_eq!(
        Manifest::parse(&manifest.format().unwrap()).unwrap(),
        manifest
    );
    assert!(Manifest::parse(&manifest.format().unwrap().replace("bundle/1", "bundle/2")).is_err());

    let as_said = manifest.files[bundle::ENTRIES].clone();
    manifest.check_file(bundle::ENTRIES, &as_said).unwrap();
    let longer = FileDigest {
        bytes: as_said.bytes + 1,
        ..as_said
    };
    assert!(
        manifest
            .check_file(bundle::ENTRIES, &longer)
            .unwrap_err()
            .to_string()
            .contains("entries.jsonl")
    );
    assert_eq!(
        manifest
            .check_file("extra.txt", &longer)
            .unwrap_err()
            .stated,
        "absent"
    );

    let report = verified(&text, &checkpoints(&log, &[2]), "").unwrap();
    assert_eq!(
        manifest.check_report(&report).unwrap_err().what,
        "tree_size"
    );
}
