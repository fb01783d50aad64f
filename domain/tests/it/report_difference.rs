//! What leaves and enters the report of production PCI when accounts are classified, in the small company.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set up its case has failed"
)]
#![cfg(feature = "cedar")]

use std::collections::BTreeMap;

use domain::{
    classification::{Classification, Environment, Pci},
    ids::{AccountId, Principal},
    report_difference::{CountedAssignments, ReportDifference, ReportPart},
    snapshot::{Figure, Gap},
};

use crate::policy_scenarios::fixture::{Company, account, group, set, user};

const NOTHING: ReportPart = ReportPart {
    accounts: 0,
    people: Figure::Known(0),
    people_of_others: Figure::Known(0),
    standing: Figure::Known(0),
    violations: Figure::Known(0),
};

/// `cards-prod` is reached by Bob, Eve and Fay, and Eve also reaches `master`.
fn company() -> Company {
    let mut company = Company::new();
    let person = |name| Principal::User(user(name));
    company.assigned(&Principal::Group(group("operators")), "cards-prod", "admin");
    company.assigned(&person("fay"), "cards-prod", "viewer");
    company.assigned(&person("eve"), "master", "viewer");
    company.assigned(&person("dan"), "web-dev", "viewer");
    company.assigned(&person("eve"), "web-dev", "viewer");
    company
}

/// Each account has two standing assignments, one of them a violation.
fn difference(company: &Company, classes: &[(&str, Environment, Pci)]) -> ReportDifference {
    let snapshot = company.snapshot();
    let classified = classes.iter().map(|(name, environment, pci)| {
        let (id, (_, class)) = (account(name), snapshot.account(&account(name)).unwrap());
        let class = Classification {
            environment: *environment,
            pci: *pci,
            ..*class
        };
        (id, class)
    });
    let classified: BTreeMap<AccountId, Classification> = classified.collect();
    ReportDifference::of(&snapshot, &classified, |_| CountedAssignments {
        standing: 2,
        violations: 1,
    })
}

fn known(number: usize) -> Figure {
    Figure::Known(number)
}

const OUT: (Environment, Pci) = (Environment::Development, Pci::Out);
const IN: (Environment, Pci) = (Environment::Production, Pci::In);

#[test]
fn whoever_reaches_another_production_pci_account_stays_in_the_report() {
    let found = difference(&company(), &[("cards-prod", OUT.0, OUT.1)]);
    let leaves = ReportPart {
        accounts: 1,
        people: Figure::Known(2),
        people_of_others: Figure::Known(1),
        standing: Figure::Known(2),
        violations: Figure::Known(1),
    };
    assert_eq!((found.leaves, found.enters), (leaves, NOTHING));
    // Nobody is left if the other account leaves as well.
    let both = [("cards-prod", OUT.0, OUT.1), ("master", OUT.0, OUT.1)];
    let found = difference(&company(), &both);
    assert_eq!(found.leaves.accounts, 2);
    assert_eq!(
        (found.leaves.people, found.leaves.standing),
        (known(3), known(4))
    );
    assert_eq!(found.leaves.people_of_others, known(0));
}

#[test]
fn whoever_is_in_the_report_already_does_not_enter_it() {
    let found = difference(&company(), &[("web-dev", IN.0, IN.1)]);
    assert_eq!((found.leaves, found.enters.accounts), (NOTHING, 1));
    assert_eq!(found.enters.people, known(1));
    assert_eq!(found.enters.people_of_others, known(1));
}

#[test]
fn an_account_that_counts_before_and_after_neither_leaves_nor_enters() {
    for same in [
        ("cards-prod", Environment::Security, Pci::Out),
        ("cards-staging", OUT.0, OUT.1),
    ] {
        let found = difference(&company(), &[same]);
        assert_eq!((found.leaves, found.enters), (NOTHING, NOTHING), "{same:?}");
    }
}

#[test]
fn somebody_who_loses_one_account_and_gets_another_is_in_the_report_throughout() {
    let mut company = company();
    company.assigned(&Principal::User(user("fay")), "web-dev", "viewer");
    let swapped = [("cards-prod", OUT.0, OUT.1), ("web-dev", IN.0, IN.1)];
    let found = difference(&company, &swapped);
    // Bob leaves, Dan enters, and Eve and Fay stay.
    assert_eq!(
        (found.leaves.people, found.enters.people),
        (known(1), known(1))
    );
    assert_eq!(found.leaves.people_of_others, known(2));
    assert_eq!(found.enters.people_of_others, known(2));
}

#[test]
fn what_rests_on_something_that_was_never_read_is_not_known() {
    let mut company = company();
    company.parts.coverage.never_read = vec![Gap::ContentOf(set("unheard"))];
    let found = difference(&company, &[("cards-prod", OUT.0, OUT.1)]).leaves;
    assert_eq!(
        (found.people, found.violations),
        (known(2), Figure::NotKnown)
    );
    assert_eq!(found.standing, known(2));
    company.parts.coverage.never_read = vec![Gap::Sets];
    let found = difference(&company, &[("cards-prod", OUT.0, OUT.1)]);
    assert_eq!(found.leaves.people, Figure::NotKnown);
    assert_eq!(found.leaves.standing, Figure::NotKnown);
    assert_eq!((found.leaves.accounts, found.enters), (1, NOTHING));
}
