//! Permission sets with a known truth, one file each. A file states the policies, what a right evaluation shows, and why.

use std::{collections::BTreeSet, fs, path::Path};

use catalogue::Catalogue;
use domain::permission_set::{
    Boundary, Content,
    analysis::{Analysis, Capability, analyse, capability::Need},
};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    inline: Option<Value>,
    #[serde(default)]
    managed: Vec<String>,
    boundary: Option<String>,
    expect: Expected,
    #[serde(rename = "why")]
    _why: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    standing_in_production_pci: Option<String>,
    temporary_in_production_pci: Option<String>,
    #[serde(default)]
    capabilities: Vec<String>,
    #[serde(default)]
    not_capabilities: Vec<String>,
    /// Whether `capabilities` names all of them.
    #[serde(default)]
    exactly: bool,
}

fn word(need: Need) -> &'static str {
    match need {
        Need::Blocked => "blocked",
        Need::TwoApprovals | Need::ReviewDate | Need::StepUp => "needs_approval",
    }
}

fn objections(case: &Case, analysis: &Analysis) -> Vec<String> {
    let mut wrong = Vec::new();
    let expect = &case.expect;
    for (what, expected, found) in [
        (
            "standing",
            &expect.standing_in_production_pci,
            analysis.standing_in_production_pci(),
        ),
        (
            "temporary",
            &expect.temporary_in_production_pci,
            analysis.temporary_in_production_pci(),
        ),
    ] {
        if let Some(expected) = expected
            && expected != word(found)
        {
            wrong.push(format!("{what} is {}, not {expected}", word(found)));
        }
    }
    let found = analysis.capabilities();
    let parsed = |words: &[String]| -> BTreeSet<Capability> {
        words
            .iter()
            .map(|word| Capability::parse(word).unwrap_or_else(|| panic!("{word}")))
            .collect()
    };
    let (wanted, unwanted) = (
        parsed(&expect.capabilities),
        parsed(&expect.not_capabilities),
    );
    for missing in wanted.difference(&found) {
        wrong.push(format!("{} is missing", missing.as_str()));
    }
    for extra in found
        .iter()
        .filter(|one| unwanted.contains(one) || (expect.exactly && !wanted.contains(one)))
    {
        wrong.push(format!("{} is too much", extra.as_str()));
    }
    wrong
}

#[test]
fn every_case_comes_out_as_its_file_says() {
    let catalogue = Catalogue::embedded().unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/cases");
    let mut wrong = Vec::new();
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let file = entry.unwrap().path();
        let text = fs::read_to_string(&file).unwrap();
        let case: Case = serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        assert_eq!(file.file_stem().unwrap().to_str(), Some(&*case.name));
        let analysis = analyse(
            &Content {
                inline: case.inline.as_ref().map(|inline| match inline {
                    Value::String(text) => text.clone(),
                    policy => policy.to_string(),
                }),
                managed: case.managed.iter().cloned().collect(),
                boundary: case.boundary.clone().map(Boundary::Managed),
                session_seconds: 3_600,
                ..Content::default()
            },
            &catalogue,
        );
        let objections = objections(&case, &analysis);
        if !objections.is_empty() {
            wrong.push(format!(
                "{}: {}\n  {}",
                case.name,
                objections.join(", "),
                analysis
                    .findings
                    .iter()
                    .map(|finding| format!("{} {:?}", finding.capability.as_str(), finding.actions))
                    .collect::<Vec<_>>()
                    .join("\n  ")
            ));
        }
        count += 1;
    }
    assert!(
        wrong.is_empty(),
        "{} of {count}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(count >= 130, "{count} cases");
}
