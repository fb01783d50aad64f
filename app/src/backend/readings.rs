//! How accounts are classified, in words: each reading, the reason of the result, and what to do where an account is not
//! classified or its readings contradict each other.
//!
//! Describes what `domain::classification` decided and never decides.

use std::collections::BTreeSet;

use domain::{
    classification::{
        Assertion, Classification, Environment, Pci, ReadBy, Reading, ReadingSource, Source,
    },
    ids::AccountId,
};

/// What one source says about the classification of an account, for display.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ReadingRow {
    /// A role, a tag or an OU.
    pub source: String,
    /// None if the source says nothing about it.
    pub environment: Option<String>,
    /// None if the source says nothing about it.
    pub pci: Option<String>,
}

/// Returns the rows of a table of readings. A source that says nothing is listed as well.
pub fn reading_rows(readings: &[Reading]) -> Vec<ReadingRow> {
    readings
        .iter()
        .map(|reading| ReadingRow {
            source: source(&reading.source),
            environment: asserted(
                reading.environment,
                Environment::as_str,
                reading.environment_by,
            ),
            pci: asserted(reading.pci, Pci::as_str, reading.pci_by),
        })
        .collect()
}

fn asserted<T>(assertion: Assertion<T>, name: fn(T) -> &'static str, by: ReadBy) -> Option<String> {
    let words = match assertion {
        Assertion::Nothing => return None,
        Assertion::NotUnderstood => return Some("not understood".into()),
        Assertion::Value(value) => name(value).to_owned(),
        Assertion::AtMost(value) => format!("{} or below", name(value)),
    };
    Some(match by {
        ReadBy::Words => words,
        ReadBy::Mapping => format!("{words}, as mapped"),
    })
}

fn source(source: &ReadingSource) -> String {
    match source {
        ReadingSource::Management => "management account of the organization".into(),
        ReadingSource::DelegatedAdministrator(services) if services.is_empty() => {
            "delegated administrator of services that were not read".into()
        }
        ReadingSource::DelegatedAdministrator(services) => {
            let services: Vec<&str> = services.iter().map(String::as_str).collect();
            format!("delegated administrator of {}", services.join(", "))
        }
        ReadingSource::OwnAccount => "hosts Leastwise or its user pool, by configuration".into(),
        ReadingSource::Tag { key, value } if value.is_empty() => {
            format!("tag {}, empty", shown(key))
        }
        ReadingSource::Tag { key, value } => format!("tag {} = {}", shown(key), shown(value)),
        ReadingSource::Ou(path) => format!("OU {}", shown(&path.join(" / "))),
        ReadingSource::UnreadOu(id) => format!("OU {id}, whose name was not read"),
        ReadingSource::NoPath => "the OUs of the account, which AWS did not report".into(),
    }
}

/// Returns a text from AWS, with its code points if it contains more than printable ASCII: letters that look alike, and
/// invisible ones, are the reason why some names are not understood.
fn shown(text: &str) -> String {
    let plain = |c: char| c.is_ascii() && !c.is_ascii_control();
    if text.chars().all(plain) {
        return text.to_owned();
    }
    let escaped: String = text
        .chars()
        .flat_map(|c| -> Box<dyn Iterator<Item = char>> {
            if plain(c) {
                Box::new(std::iter::once(c))
            } else {
                Box::new(c.escape_unicode())
            }
        })
        .collect();
    let printed: String = text.chars().filter(|c| !c.is_control()).collect();
    format!("{printed} [{escaped}]")
}

/// Returns why an account is classified as it is: a sentence for each half.
pub fn classification_reason(class: &Classification, readings: &[Reading]) -> String {
    let environments = half(
        readings,
        |reading| reading.environment,
        (class.environment, class.environment_source),
    );
    let scopes = half(
        readings,
        |reading| reading.pci,
        (class.pci, class.pci_source),
    );
    format!(
        "Environment {} {environments} PCI scope {} {scopes}",
        class.environment.as_str(),
        class.pci.as_str()
    )
}

fn half<T: Copy + Ord>(
    readings: &[Reading],
    of: impl Fn(&Reading) -> Assertion<T>,
    (value, from): (T, Source),
) -> String {
    let named = |wanted: &dyn Fn(Assertion<T>) -> bool| {
        let found = readings.iter().filter(|reading| wanted(of(reading)));
        let names: BTreeSet<String> = found.map(|reading| source(&reading.source)).collect();
        names.into_iter().collect::<Vec<_>>().join("; ")
    };
    match from {
        Source::Nothing => "is assumed, because nothing names it.".into(),
        Source::NotUnderstood => {
            let strange = named(&|assertion| assertion == Assertion::NotUnderstood);
            format!("is assumed, because this is not understood: {strange}.")
        }
        Source::Record => "is on record, and AWS reports less.".into(),
        Source::Declared => "is declared.".into(),
        Source::Role | Source::Tag | Source::Ou => {
            let by = named(&|assertion| {
                assertion == Assertion::Value(value) || assertion == Assertion::AtMost(value)
            });
            let values: BTreeSet<T> = readings
                .iter()
                .filter(|reading| !reading.source.is_role())
                .filter_map(|reading| match of(reading) {
                    Assertion::Value(value) => Some(value),
                    _ => None,
                })
                .collect();
            let others = if values.len() > 1 {
                ", the strictest of contradictory readings"
            } else {
                ""
            };
            format!("by {by}{others}.")
        }
    }
}

/// Returns what to do about an account that is not classified, whose readings contradict each other, or that waits for
/// confirmation. Empty for any other.
pub fn classification_cures(
    account: &AccountId,
    class: &Classification,
    readings: &[Reading],
) -> Vec<String> {
    let mut cures = Vec::new();
    let environments = "sandbox, development, staging, production or security";
    let scopes = "in, connected or out";
    if class.environment_source == Source::Nothing {
        cures.push(format!(
            "Add the tag environment to the account: {environments}. Or map an OU that contains it.{}",
            ou_lines(readings, "environment = \"production\"")
        ));
    }
    if class.pci_source == Source::Nothing {
        cures.push(format!(
            "Add the tag pci to the account: {scopes}. Or map an OU that contains it.{}",
            ou_lines(readings, "pci = \"in\"")
        ));
    }
    for reading in readings {
        if reading.environment == Assertion::NotUnderstood
            && class.environment_source == Source::NotUnderstood
        {
            cures.push(not_understood(&reading.source, "environment", environments));
        }
        if reading.pci == Assertion::NotUnderstood && class.pci_source == Source::NotUnderstood {
            cures.push(not_understood(&reading.source, "pci", scopes));
        }
    }
    if class.contradictory {
        cures.push("Make tags and OUs agree: correct the tag, move the account, or map what is read wrongly.".into());
    }
    if let Some(lines) = confirmation(account, class) {
        cures.push(format!(
            "If the less strict classification is right, confirm it in the file that LEASTWISE_CLASSIFICATION names.\n{lines}"
        ));
    }
    let mut seen = BTreeSet::new();
    cures.retain(|cure| seen.insert(cure.clone()));
    cures
}

/// Returns the lines of the mapping that confirm what AWS reports of an account that waits for confirmation.
pub fn confirmation(account: &AccountId, class: &Classification) -> Option<String> {
    class.waiting.map(|(environment, pci)| {
        format!(
            "[[confirmed]]\naccount = \"{}\"\nenvironment = \"{}\"\npci = \"{}\"",
            account,
            environment.as_str(),
            pci.as_str()
        )
    })
}

/// Returns the lines of the mapping for the innermost OU, each after a line break. Empty for an account outside all OUs.
fn ou_lines(readings: &[Reading], value: &str) -> String {
    let mut paths = readings.iter().filter_map(|reading| match &reading.source {
        ReadingSource::Ou(path) => Some(path),
        _ => None,
    });
    paths
        .next_back()
        .map_or_else(String::new, |path| ou_entry(path, value))
}

fn ou_entry(path: &[String], value: &str) -> String {
    format!("\n[[ou]]\npath = {path:?}\n{value}   # or what it is")
}

fn not_understood(source: &ReadingSource, half: &str, allowed: &str) -> String {
    let strictest = if half == "pci" { "in" } else { "production" };
    match source {
        ReadingSource::Tag { key, value } => format!(
            "Change the tag {key} to {allowed}. Or map its value.\n[tags.{half}.values]\n{value:?} = \"{strictest}\"   # or what it is"
        ),
        ReadingSource::Ou(path) => {
            let value = format!("{half} = \"{strictest}\"");
            format!("Rename the OU, or map it.{}", ou_entry(path, &value))
        }
        _ => "Let Leastwise read the organization completely: `leastwise sync` lists what it cannot read.".into(),
    }
}
