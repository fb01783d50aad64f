//! What delays a grant and never what takes something away.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set up its case has failed"
)]

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    change::{
        Allowance, Change, DECIDE_WITHIN, Operation, Proposal, START_WITHIN, State as ChangeState,
    },
    classification::{
        Assertion, Classification, Environment, Pci, ReadBy, Reading, ReadingSource, fold,
    },
    diff::Effect,
    ids::{AccountId, ChangeId, EffectHash, GroupId, PersonId, UserId},
    org::{Account, AccountState},
    permission_set::ContentHash,
    private::{Private, Salt},
    second_factor::{Sensitivity, sensitivity},
    snapshot::{Parts, Snapshot},
    subject::{
        Objection, SubjectContext, SubjectState, SubjectStates,
        account_classification::{Declaration, LOOSENED, State, VALID_FOR, content},
        identity_link::ObservedIdentity,
    },
    time::{Duration, Timestamp},
    verdict::{Hit, Outcome, Persistence, Remedies, RulesVersion, Verdict},
};
use proptest::prelude::*;

const NOW: Timestamp = Timestamp(1_795_425_245_000);
const STRICT: (Environment, Pci) = (Environment::Production, Pci::In);
const MIDDLE: (Environment, Pci) = (Environment::Staging, Pci::Connected);
const LOOSE: (Environment, Pci) = (Environment::Development, Pci::Out);

fn account() -> AccountId {
    AccountId::parse("111122223333").unwrap()
}

fn person() -> PersonId {
    PersonId::parse("00000003-0000-4000-8000-000000000001").unwrap()
}

fn user() -> UserId {
    UserId::parse("00000000-0000-4000-8000-000000000001").unwrap()
}

fn group() -> GroupId {
    GroupId::parse("00000000-0000-4000-8000-000000000002").unwrap()
}

fn typed(text: &str) -> Private {
    Private::new(Salt([7; 32]), text)
}

/// Returns the content of an account with this declaration in force.
fn seen(declaration: Option<&Declaration>) -> ContentHash {
    content(declaration.map(Declaration::document).as_deref())
}

fn declaration(class: (Environment, Pci), without: (Environment, Pci), days: i64) -> Declaration {
    Declaration {
        environment: class.0,
        pci: class.1,
        owner: None,
        purpose: typed("cards of the example company"),
        out_of_scope: (class.1 == Pci::Out).then(|| typed("no card data is ever sent here")),
        valid_until: NOW + Duration::days(days),
        against: without,
        without,
    }
}

fn classify(before: Option<&Declaration>, after: Option<&Declaration>) -> Operation {
    Operation::Classify {
        account: account(),
        before: before.cloned(),
        after: after.cloned(),
        seen: seen(before),
    }
}

fn unlink() -> Operation {
    Operation::LinkIdentity {
        person: person(),
        before: Some(user()),
        after: None,
        seen: ObservedIdentity::default(),
        withdraws: Vec::new(),
    }
}

fn leave() -> Operation {
    Operation::RemoveMember {
        group: group(),
        user: user(),
    }
}

fn proposal(operations: Vec<Operation>) -> Proposal {
    Proposal {
        operations,
        justification: "because of an incident".into(),
        ticket: None,
        not_before: None,
        review_on: None,
    }
}

/// A verdict by which others must agree because of this rule.
fn needs(rule: &str) -> Verdict {
    let hit = Hit {
        rule: rule.into(),
        reason: String::new(),
        control: String::new(),
        remedy: Some(Remedies::approvals_of(2)),
        gains: BTreeSet::new(),
        affected: 0,
        people_together: None,
        persistence: Persistence::Lasting,
    };
    Verdict::of(vec![hit], RulesVersion("r".into()))
}

fn allowed() -> Verdict {
    Verdict::allowed(RulesVersion("r".into()))
}

fn may_be_delayed(operations: Vec<Operation>, verdict: &Verdict) -> bool {
    proposal(operations).may_be_delayed(verdict)
}

#[test]
fn what_tightens_or_ends_is_not_delayed_and_one_item_that_loosens_is_enough() {
    let strict = declaration(STRICT, LOOSE, 300);
    let tightens = classify(None, Some(&strict));
    let loosens = classify(None, Some(&declaration(LOOSE, STRICT, 300)));
    for alone in [&tightens, &unlink(), &leave()] {
        assert!(
            !may_be_delayed(vec![alone.clone()], &allowed()),
            "{alone:?}"
        );
    }
    let all = vec![tightens.clone(), unlink(), leave()];
    assert!(!may_be_delayed(all.clone(), &allowed()));
    let mut mixed = all;
    mixed.push(loosens.clone());
    assert!(may_be_delayed(mixed, &allowed()));
    assert!(may_be_delayed(vec![loosens], &allowed()));
    // The end of a link is not delayed by the agreement of others, and neither is a removal.
    let agreed = needs("system.identity-of-controller");
    assert!(!may_be_delayed(vec![unlink(), leave()], &agreed));
    // A link gives somebody the roles and the access of a user.
    let link = Operation::LinkIdentity {
        person: person(),
        before: None,
        after: Some(user()),
        seen: ObservedIdentity::default(),
        withdraws: Vec::new(),
    };
    assert!(may_be_delayed(vec![link], &agreed));
    // What others must agree to in spite of what the item says may wait for them.
    assert!(may_be_delayed(vec![tightens], &needs(LOOSENED)));
}

#[test]
fn a_declaration_in_force_and_its_end_count_for_what_a_next_one_does() {
    let loose = declaration(LOOSE, STRICT, 300);
    let strict = declaration(STRICT, LOOSE, 300);
    let delayed = |before, after| may_be_delayed(vec![classify(before, after)], &allowed());
    // It stays looser than without a declaration, and no longer than was agreed.
    let tighter = declaration(MIDDLE, STRICT, 300);
    assert!(!delayed(Some(&loose), Some(&tighter)));
    let longer = declaration(MIDDLE, STRICT, 301);
    assert!(delayed(Some(&loose), Some(&longer)));
    assert!(!delayed(Some(&loose), None), "the end of what loosens");
    assert!(delayed(Some(&strict), None), "the end of what tightens");
    let raised = Declaration {
        against: STRICT,
        without: STRICT,
        ..declaration(MIDDLE, LOOSE, 300)
    };
    let before = declaration(LOOSE, LOOSE, 300);
    assert!(delayed(Some(&before), Some(&raised)), "a tag counts since");
}

fn change(operations: Vec<Operation>, verdict: Verdict) -> Change {
    Change {
        id: ChangeId::parse("00000004-0000-4000-8000-000000000001").unwrap(),
        requester: person(),
        proposal: proposal(operations),
        submitted: NOW,
        decide_by: NOW + DECIDE_WITHIN,
        verdict,
        effect: EffectHash(String::new()),
        state: ChangeState::Approved,
        approvals: Vec::new(),
        round: 0,
    }
}

#[test]
fn what_must_not_wait_neither_expires_once_approved_nor_counts_as_a_grant() {
    let last = NOW + DECIDE_WITHIN + START_WITHIN;
    let strict = declaration(STRICT, LOOSE, 300);
    let tightens = change(vec![classify(None, Some(&strict))], allowed());
    let ends = change(vec![unlink()], needs("system.identity-link-ended"));
    let loose = declaration(LOOSE, STRICT, 300);
    let loosens = change(vec![classify(None, Some(&loose))], needs(LOOSENED));
    for change in [&tightens, &ends] {
        assert_eq!(change.expire(last), None);
    }
    assert_eq!(loosens.expire(last), Some(ChangeState::Expired));
    let counts = |change: &Change| change.proposal.allowance(&change.verdict);
    assert_eq!(counts(&tightens), None);
    assert_eq!(counts(&ends), Some(Allowance::Removals));
    assert_eq!(counts(&loosens), Some(Allowance::Grants));
}

#[test]
fn only_a_removal_of_access_starts_whatever_speaks_against_it() {
    let blocked = Hit {
        remedy: None,
        ..needs("system.changed-meanwhile").hits[0].clone()
    };
    let verdict = Verdict::of(vec![blocked], RulesVersion("r".into()));
    let start = |operations| {
        change(operations, allowed())
            .at_start(verdict.clone())
            .outcome
    };
    assert_eq!(start(vec![leave()]), Outcome::Allowed);
    assert_eq!(start(vec![unlink()]), Outcome::Refused);
    assert_eq!(start(vec![leave(), unlink()]), Outcome::Refused);
}

fn tagged((environment, pci): (Environment, Pci)) -> Classification {
    fold(&[Reading {
        source: ReadingSource::Tag {
            key: "env".into(),
            value: String::new(),
        },
        environment: Assertion::Value(environment),
        environment_by: ReadBy::Words,
        pci: Assertion::Value(pci),
        pci_by: ReadBy::Words,
    }])
}

fn snapshot(class: Classification) -> Snapshot {
    let known = Account {
        id: account(),
        name: "cards".into(),
        email: "cards@example.com".into(),
        state: AccountState::Active,
        ous: Vec::new(),
        tags: BTreeMap::new(),
    };
    Snapshot::new(Parts {
        accounts: BTreeMap::from([(account(), (known, class))]).into(),
        ..Parts::default()
    })
}

/// Returns the objections to an item while this declaration is in force.
fn objections(
    reported: (Environment, Pci),
    item: &Operation,
    before: Option<&Declaration>,
) -> Vec<Objection> {
    let declared = before.map(Declaration::declared);
    let snapshot = snapshot(tagged(reported).under(declared, NOW));
    let state = State {
        declaration: before.cloned(),
        content: seen(before),
        declared,
        at: NOW,
    };
    let state = SubjectState::AccountClassification(state);
    let states = SubjectStates([(item.key(), state)].into());
    item.subject().objections(SubjectContext {
        snapshot: &snapshot,
        states: &states,
    })
}

#[test]
fn an_account_that_only_its_declaration_loosens_is_decided_on_as_production_pci() {
    let loose = declaration(LOOSE, STRICT, 20);
    let longer = declaration(LOOSE, STRICT, 300);
    let items = [classify(Some(&loose), Some(&longer))];
    let of = |class: Classification| sensitivity(&snapshot(class), &items, &Effect::default());
    let loosened = tagged(STRICT).under(Some(loose.declared()), NOW);
    assert_eq!(loosened.strictness(), LOOSE);
    assert_eq!(of(loosened), Sensitivity::ProductionPci);
    assert_eq!(of(tagged(LOOSE)), Sensitivity::Other);
}

#[test]
fn the_end_of_a_declaration_is_in_the_future_and_at_most_twelve_months_away() {
    let end = |valid_until| {
        let after = Declaration {
            valid_until,
            ..declaration(STRICT, LOOSE, 0)
        };
        let found = objections(LOOSE, &classify(None, Some(&after)), None);
        found
            .into_iter()
            .map(|one| (one.rule, one.remedy))
            .collect::<Vec<_>>()
    };
    let blocked = [("system.declaration-end", None)];
    assert_eq!(end(NOW), blocked, "it is over when it begins");
    assert_eq!(end(NOW + VALID_FOR + Duration(1)), blocked);
    assert_eq!(end(NOW + VALID_FOR), []);
    let management = declaration((Environment::Management, Pci::In), LOOSE, 300);
    let invalid = classify(None, Some(&management)).subject().check();
    let words = invalid.unwrap_err().to_string();
    assert!(words.contains("management account"), "{words}");
}

fn any_class() -> impl Strategy<Value = (Environment, Pci)> {
    let environment = prop::sample::select(vec![
        Environment::Sandbox,
        Environment::Development,
        Environment::Staging,
        Environment::Production,
    ]);
    (
        environment,
        prop::sample::select(vec![Pci::Out, Pci::Connected, Pci::In]),
    )
}

proptest! {
    /// Whatever was declared before, when, and whatever AWS has said since.
    #[test]
    fn an_item_that_must_not_wait_loosens_nothing_and_one_that_needs_nobody_does_not_wait(
        (then, reported, earlier, next) in (any_class(), any_class(), prop::option::of(any_class()), any_class()),
        ends in -30_i64..300,
        until in 1_i64..300,
    ) {
        let before = earlier.map(|class| declaration(class, then, ends));
        let class = tagged(reported).under(before.as_ref().map(Declaration::declared), NOW);
        let after = Declaration {
            against: class.reported(),
            without: class.undeclared().strictness(),
            ..declaration(next, reported, until)
        };
        let item = classify(before.as_ref(), Some(&after));
        let now = class.strictness();
        let becomes = class.under(Some(after.declared()), NOW).strictness();
        let waits = may_be_delayed(vec![item.clone()], &allowed());
        let loosens = becomes.0 < now.0 || becomes.1 < now.1;
        prop_assert!(!loosens || waits, "{item:?}");
        let reasons = |one: &Objection| one.rule == LOOSENED;
        if !objections(reported, &item, before.as_ref()).iter().any(reasons) {
            prop_assert!(!waits, "{item:?}");
        }
    }
}
