//! The words that name an environment or a PCI scope, and how texts with several of them are read.
//!
//! A strict word counts wherever it occurs, also inside a longer word. A lenient one counts only if the words around it
//! are understood.

use super::{Assertion, Environment, Pci, letters};
use letters::{Part, Word};

/// A phrase of lower-case words, and what it says. Longer phrases come before their beginnings.
type Phrase<T> = (&'static [&'static str], Assertion<T>);

const PRODUCTION: Assertion<Environment> = Assertion::Value(Environment::Production);
const STAGING: Assertion<Environment> = Assertion::Value(Environment::Staging);
const DEVELOPMENT: Assertion<Environment> = Assertion::Value(Environment::Development);
const SANDBOX: Assertion<Environment> = Assertion::Value(Environment::Sandbox);
const SECURITY: Assertion<Environment> = Assertion::Value(Environment::Security);
const MANAGEMENT: Assertion<Environment> = Assertion::Value(Environment::Management);
const BELOW_PRODUCTION: Assertion<Environment> = Assertion::AtMost(Environment::Staging);

const ENVIRONMENT: &[Phrase<Environment>] = &[
    (&["dev", "sec", "ops"], Assertion::Nothing),
    (&["devsecops"], Assertion::Nothing),
    (&["dev", "ops"], Assertion::Nothing),
    (&["devops"], Assertion::Nothing),
    (&["pre", "production"], STAGING),
    (&["pre", "prod"], STAGING),
    (&["preproduction"], STAGING),
    (&["preprod"], STAGING),
    (&["non", "production"], BELOW_PRODUCTION),
    (&["non", "prod"], BELOW_PRODUCTION),
    (&["nonproduction"], BELOW_PRODUCTION),
    (&["nonprod"], BELOW_PRODUCTION),
    (&["no", "production"], BELOW_PRODUCTION),
    (&["no", "prod"], BELOW_PRODUCTION),
    (&["not", "production"], BELOW_PRODUCTION),
    (&["not", "prod"], BELOW_PRODUCTION),
    (&["production"], PRODUCTION),
    (&["prod"], PRODUCTION),
    (&["prd"], PRODUCTION),
    (&["live"], PRODUCTION),
    (&["staging"], STAGING),
    (&["stage"], STAGING),
    (&["stg"], STAGING),
    (&["test"], STAGING),
    (&["qa"], STAGING),
    (&["development"], DEVELOPMENT),
    (&["develop"], DEVELOPMENT),
    (&["dev"], DEVELOPMENT),
    (&["sandboxes"], SANDBOX),
    (&["sandbox"], SANDBOX),
    (&["playground"], SANDBOX),
    (&["log", "archive"], SECURITY),
    (&["logarchive"], SECURITY),
    (&["logs"], SECURITY),
    (&["audit"], SECURITY),
    (&["security"], SECURITY),
    (&["management"], MANAGEMENT),
    (&["payer"], MANAGEMENT),
    (&["root"], MANAGEMENT),
];

const IN: Assertion<Pci> = Assertion::Value(Pci::In);
const OUT: Assertion<Pci> = Assertion::Value(Pci::Out);
const CONNECTED: Assertion<Pci> = Assertion::Value(Pci::Connected);

/// Phrases in the names of OUs. Only those that name PCI count: an OU called *Sign-in* is not in scope.
const PCI_OF_UNITS: &[Phrase<Pci>] = &[
    (&["non", "pci"], OUT),
    (&["no", "pci"], OUT),
    (&["not", "pci"], OUT),
    (&["nonpci"], OUT),
    (&["non", "cde"], OUT),
    (&["no", "cde"], OUT),
    (&["not", "cde"], OUT),
    (&["noncde"], OUT),
    (&["pci"], IN),
    (&["cde"], IN),
    (&["cardholder"], IN),
];

/// Whole values of tags for the PCI scope.
const PCI_OF_TAGS: &[Phrase<Pci>] = &[
    (&["in"], IN),
    (&["in", "scope"], IN),
    (&["in", "pci", "scope"], IN),
    (&["true"], IN),
    (&["yes"], IN),
    (&["connected"], CONNECTED),
    (&["connected", "to"], CONNECTED),
    (&["connected", "to", "pci"], CONNECTED),
    (&["connected", "to", "cde"], CONNECTED),
    (&["security", "impacting"], CONNECTED),
    (&["out"], OUT),
    (&["out", "of", "scope"], OUT),
    (&["out", "of", "pci", "scope"], OUT),
    (&["not", "in", "scope"], OUT),
    (&["not", "in", "pci", "scope"], OUT),
    (&["non", "pci"], OUT),
    (&["no", "pci"], OUT),
    (&["not", "pci"], OUT),
    (&["nonpci"], OUT),
    (&["non", "cde"], OUT),
    (&["no", "cde"], OUT),
    (&["noncde"], OUT),
    (&["false"], OUT),
    (&["no"], OUT),
];

/// Words that turn what follows into its opposite.
const NEGATIONS: &[&str] = &[
    "non", "no", "not", "never", "without", "ex", "former", "anti",
];

/// Words beside an environment in the value of a tag that change nothing.
const NEUTRAL: &[&str] = &["account", "accounts", "env", "environment"];

/// Returns what the value of a tag says about the environment, one statement per phrase. Every word must be understood.
pub(super) fn environment_of_tag(value: &str) -> Vec<Assertion<Environment>> {
    let parts = letters::parts(value);
    let mut found = scan(&parts, ENVIRONMENT);
    found
        .assertions
        .extend(hidden(&parts, &["prod", "prd"], &found));
    let strange = found.ignored.iter().any(|word| {
        let number = word.text.chars().all(|c| c.is_ascii_digit());
        word.disguised || !(number || NEUTRAL.contains(&word.text.as_str()))
    });
    found
        .assertions
        .retain(|assertion| *assertion != Assertion::Nothing);
    if strange || found.assertions.is_empty() {
        found.assertions.push(Assertion::NotUnderstood);
    }
    distinct(found.assertions)
}

/// Returns what the name of an OU says about the environment. Other words are names of teams and products.
pub(super) fn environment_of_unit(name: &str) -> Vec<Assertion<Environment>> {
    let parts = letters::parts(name);
    let mut found = scan(&parts, ENVIRONMENT);
    found
        .assertions
        .extend(hidden(&parts, &["prod", "prd"], &found));
    found
        .assertions
        .retain(|assertion| *assertion != Assertion::Nothing);
    distinct(found.assertions)
}

/// Returns what the value of a tag says about the PCI scope. The value is one phrase, or it is not understood; then it
/// is in scope where it names PCI.
pub(super) fn pci_of_tag(value: &str) -> Vec<Assertion<Pci>> {
    let parts = letters::parts(value);
    let words: Vec<&Word> = parts.iter().flat_map(|part| &part.words).collect();
    let undisguised = words.iter().all(|word| !word.disguised);
    let texts: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
    let whole = PCI_OF_TAGS.iter().find(|(phrase, _)| *phrase == texts);
    if let Some((_, assertion)) = whole.filter(|_| undisguised) {
        return vec![*assertion];
    }
    let found = scan(&parts, PCI_OF_UNITS);
    if found.assertions.contains(&IN) {
        return vec![IN];
    }
    vec![Assertion::NotUnderstood]
}

/// Returns what the name of an OU says about the PCI scope.
pub(super) fn pci_of_unit(name: &str) -> Vec<Assertion<Pci>> {
    let parts = letters::parts(name);
    let mut found = scan(&parts, PCI_OF_UNITS);
    found
        .assertions
        .extend(hidden(&parts, &["pci", "cde"], &found));
    distinct(found.assertions)
}

/// What the key of a tag is about, in the common spellings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyTopic {
    Environment,
    Pci,
}

/// Returns the topic of a tag key, and whether the key only looks like one of that topic.
pub(super) fn topic(key: &str) -> Option<(KeyTopic, bool)> {
    let parts = letters::parts(key);
    let words: Vec<&Word> = parts.iter().flat_map(|part| &part.words).collect();
    let disguised = words.iter().any(|word| word.disguised);
    let texts: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
    let about = |names: &[&str], beside: &[&str]| {
        texts.iter().any(|text| names.contains(text))
            && texts
                .iter()
                .all(|text| names.contains(text) || beside.contains(text))
    };
    if about(&["environment", "env"], &["type", "name", "class"]) {
        return Some((KeyTopic::Environment, disguised));
    }
    let beside = ["dss", "in", "scope", "status", "compliance", "data"];
    about(&["pci", "cde", "pcidss"], &beside).then_some((KeyTopic::Pci, disguised))
}

struct Scan<'a, T> {
    assertions: Vec<Assertion<T>>,
    /// The words of the phrases that were found.
    used: Vec<&'a Word>,
    ignored: Vec<&'a Word>,
}

/// Finds phrases. One with a disguised word, or after a negation that is not part of it, is not understood.
fn scan<'a, T: Copy>(parts: &'a [Part], phrases: &[Phrase<T>]) -> Scan<'a, T> {
    let words: Vec<&Word> = parts.iter().flat_map(|part| &part.words).collect();
    let (mut assertions, mut used, mut ignored) = (Vec::new(), Vec::new(), Vec::<&Word>::new());
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let found = phrases.iter().find(|(phrase, _)| {
            let texts = words[at..].iter().map(|word| word.text.as_str());
            texts.take(phrase.len()).eq(phrase.iter().copied())
        });
        let Some((phrase, meaning)) = found else {
            ignored.push(word);
            at += 1;
            continue;
        };
        let these = &words[at..at + phrase.len()];
        let negated = at > 0 && NEGATIONS.contains(&words[at - 1].text.as_str());
        let understood = !negated && these.iter().all(|word| !word.disguised);
        assertions.push(if understood {
            *meaning
        } else {
            Assertion::NotUnderstood
        });
        used.extend(these);
        at += phrase.len();
    }
    Scan {
        assertions,
        used,
        ignored,
    }
}

/// Returns *not understood* if a strict stem occurs more often in the parts than in the phrases that were found, as in
/// `cardsprod` or `PCIs`.
fn hidden<T, U>(parts: &[Part], stems: &[&str], found: &Scan<'_, T>) -> Option<Assertion<U>> {
    let everywhere: usize = parts
        .iter()
        .map(|part| count(&part.whole.text, stems))
        .sum();
    let read: usize = found.used.iter().map(|word| count(&word.text, stems)).sum();
    (everywhere > read).then_some(Assertion::NotUnderstood)
}

/// Counts stems in a word. Products, producers and prodigies have nothing to do with production.
fn count(word: &str, stems: &[&str]) -> usize {
    let of = |stem: &str| {
        let found = word.match_indices(stem);
        found
            .filter(|(at, _)| {
                let rest = &word[at + stem.len()..];
                let other = (rest.starts_with("uct") && !rest.starts_with("uction"))
                    || rest.starts_with("uce")
                    || rest.starts_with("ig");
                stem != "prod" || !other
            })
            .count()
    };
    stems.iter().map(|stem| of(stem)).sum()
}

fn distinct<T: Copy + PartialEq>(assertions: Vec<Assertion<T>>) -> Vec<Assertion<T>> {
    let mut kept = Vec::new();
    for one in assertions {
        if !kept.contains(&one) {
            kept.push(one);
        }
    }
    kept
}
