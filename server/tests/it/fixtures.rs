//! Fixtures show what earlier versions stored. They are never edited: whoever changes one has to explain it here.

use std::{fmt::Write as _, fs, path::Path};

use domain::ledger::Hash;

/// Every file of every fixture, with its SHA-256. A new fixture adds its lines.
const HASHES: &str = include_str!("fixtures/SHA256SUMS");

fn add(folder: &Path, place: &str, found: &mut Vec<String>) {
    let entries = fs::read_dir(folder).expect("a fixture is a folder");
    for entry in entries {
        let path = entry.expect("a folder can be listed").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let place = format!("{place}/{name}");
        if path.is_dir() {
            add(&path, &place, found);
        } else if !["README.md", "SHA256SUMS"].contains(&&*name) {
            let bytes = fs::read(&path).expect("a fixture can be read");
            found.push(format!("{}  {place}", Hash::of(&bytes).hex()));
        }
    }
}

#[test]
fn no_fixture_was_edited() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    add(&root.join("tests/it/fixtures"), "server", &mut found);
    add(
        &root.join("../domain/tests/it/fixtures"),
        "domain",
        &mut found,
    );
    found.sort_by(|a, b| a[64..].cmp(&b[64..]));
    let mut lines = String::new();
    for line in found {
        writeln!(lines, "{line}").expect("a text grows");
    }
    assert_eq!(lines, HASHES, "a fixture was edited, added or removed");
}
