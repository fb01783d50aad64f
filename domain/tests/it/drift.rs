//! Drift of accounts: what tags and OUs say otherwise, whether or not it changes the classification.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set up its case has failed"
)]

use std::collections::BTreeMap;

use domain::{
    classification::{
        Assertion, DeclarationProof, Declared, Environment, Pci, ReadBy, Reading, ReadingSource,
        fold,
    },
    crawl::{SingleRead, take},
    drift::{Drift, detect},
    ids::AccountId,
    org::{Account, AccountState},
    snapshot::Parts,
    time::{Duration, Timestamp},
};

const NOW: Timestamp = Timestamp(1_795_425_245_000);
const STRICT: (Environment, Pci) = (Environment::Production, Pci::In);
const LOOSE: (Environment, Pci) = (Environment::Development, Pci::Out);

fn id() -> AccountId {
    AccountId::parse("111122223333").unwrap()
}

fn account() -> Account {
    Account {
        id: id(),
        name: "cards".into(),
        email: "cards@example.com".into(),
        state: AccountState::Active,
        ous: Vec::new(),
        tags: BTreeMap::new(),
    }
}

fn tagged((environment, pci): (Environment, Pci)) -> Reading {
    Reading {
        source: ReadingSource::Tag {
            key: "env".into(),
            value: String::new(),
        },
        environment: Assertion::Value(environment),
        environment_by: ReadBy::Words,
        pci: Assertion::Value(pci),
        pci_by: ReadBy::Words,
    }
}

/// Reads the account with these tags.
fn read(parts: &Parts, reported: (Environment, Pci)) -> Parts {
    let read = SingleRead::Account {
        account: Box::new(account()),
        class: fold(&[tagged(reported)]),
        units: Vec::new(),
    };
    take(parts, &read, NOW).unwrap_or_else(|| parts.clone())
}

fn drift(before: &Parts, after: &Parts) -> Vec<Drift> {
    let seen = detect(before, after, |_| false);
    seen.into_iter().map(|one| one.drift).collect()
}

/// An account that was read with these tags, and declared so when it was.
fn declared(reported: (Environment, Pci), class: Option<(Environment, Pci)>) -> Parts {
    let declared = class.map(|(environment, pci)| Declared {
        environment,
        pci,
        against: reported,
        without: reported,
        valid_until: NOW + Duration::days(300),
        proof: DeclarationProof::Confirmed,
    });
    let mut parts = Parts::default();
    parts.coverage.newest = Some(NOW);
    let class = fold(&[tagged(reported)]).under(declared, NOW);
    parts.accounts.insert(id(), (account(), class));
    parts
}

#[test]
fn a_tag_that_is_removed_is_drift_although_the_classification_stays() {
    for class in [None, Some(STRICT), Some(LOOSE)] {
        let before = declared(STRICT, class);
        let after = read(&before, LOOSE);
        let waits = Drift::ReportedOtherwise {
            account: id(),
            from: STRICT,
            to: LOOSE,
        };
        assert_eq!(drift(&before, &after), [waits], "{class:?}");
        assert_eq!(drift(&after, &read(&after, LOOSE)), [], "{class:?}");
        // The tag comes back: nothing was ever less strict.
        let back = Drift::ReportedOtherwise {
            account: id(),
            from: LOOSE,
            to: STRICT,
        };
        assert_eq!(drift(&after, &read(&after, STRICT)), [back], "{class:?}");
    }
}

#[test]
fn a_tag_that_makes_the_classification_stricter_is_one_drift() {
    let before = declared(LOOSE, None);
    let reclassified = Drift::Reclassified {
        account: id(),
        from: LOOSE,
        to: STRICT,
    };
    assert_eq!(drift(&before, &read(&before, STRICT)), [reclassified]);
}
