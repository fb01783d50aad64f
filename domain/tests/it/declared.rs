//! How a declaration counts in the classification of an account, and what needs the agreement of other people.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set up its case has failed"
)]

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    change::{Operation, StoredItem},
    classification::{
        Assertion, Classification, DeclarationProof, Declared, Environment, Pci, ReadBy, Reading,
        ReadingSource, Source, fold,
    },
    ids::{AccountId, UserId},
    ledger::items,
    org::{Account, AccountState},
    permission_set::ContentHash,
    private::{Private, Salt},
    snapshot::{Parts, Snapshot},
    subject::{
        InvalidItem, Objection, PropertyValue, SubjectContext, SubjectState, SubjectStates,
        account_classification::{
            Declaration, LOOSENED, NEW_OWNER, NEW_REASON, NEWER, State, VALID_FOR, content,
        },
    },
    time::Timestamp,
    verdict::Remedies,
};
use proptest::prelude::*;

const NOW: Timestamp = Timestamp(1_795_425_245_000);
const PRODUCTION_IN: (Environment, Pci) = (Environment::Production, Pci::In);
const DEVELOPMENT_OUT: (Environment, Pci) = (Environment::Development, Pci::Out);
const STAGING_CONNECTED: (Environment, Pci) = (Environment::Staging, Pci::Connected);

fn tagged((environment, pci): (Environment, Pci)) -> Reading {
    said(
        ReadingSource::Tag {
            key: "env".into(),
            value: String::new(),
        },
        environment,
        Assertion::Value(pci),
    )
}

fn said(source: ReadingSource, environment: Environment, pci: Assertion<Pci>) -> Reading {
    Reading {
        source,
        environment: Assertion::Value(environment),
        environment_by: ReadBy::Words,
        pci,
        pci_by: ReadBy::Words,
    }
}

fn declared(class: (Environment, Pci), against: (Environment, Pci)) -> Declared {
    Declared {
        environment: class.0,
        pci: class.1,
        against,
        without: against,
        valid_until: NOW + VALID_FOR,
        proof: DeclarationProof::Confirmed,
    }
}

fn under(reported: (Environment, Pci), declared: Declared) -> Classification {
    fold(&[tagged(reported)]).under(Some(declared), NOW)
}

#[test]
fn a_valid_declaration_counts_instead_of_what_aws_said_at_the_time() {
    // Declared, against, reported now, result, sources.
    let cases = [
        (
            DEVELOPMENT_OUT,
            PRODUCTION_IN,
            PRODUCTION_IN,
            DEVELOPMENT_OUT,
            Source::Declared,
        ),
        (
            PRODUCTION_IN,
            DEVELOPMENT_OUT,
            DEVELOPMENT_OUT,
            PRODUCTION_IN,
            Source::Declared,
        ),
        // A tag that is loosened later never loosens below what was declared.
        (
            STAGING_CONNECTED,
            PRODUCTION_IN,
            DEVELOPMENT_OUT,
            STAGING_CONNECTED,
            Source::Declared,
        ),
        // A tag that is tightened later tightens at once.
        (
            DEVELOPMENT_OUT,
            DEVELOPMENT_OUT,
            PRODUCTION_IN,
            PRODUCTION_IN,
            Source::Tag,
        ),
        (
            DEVELOPMENT_OUT,
            STAGING_CONNECTED,
            PRODUCTION_IN,
            PRODUCTION_IN,
            Source::Tag,
        ),
        // What was declared is stricter than the tightened tag.
        (
            PRODUCTION_IN,
            DEVELOPMENT_OUT,
            STAGING_CONNECTED,
            PRODUCTION_IN,
            Source::Declared,
        ),
    ];
    for (class, against, reported, result, source) in cases {
        let found = under(reported, declared(class, against));
        assert_eq!(
            found.strictness(),
            result,
            "{class:?} {against:?} {reported:?}"
        );
        assert_eq!(
            (found.environment_source, found.pci_source),
            (source, source)
        );
        assert!(!found.is_assumed());
        assert_eq!(found.undeclared().strictness(), reported);
        assert_eq!(found.reported(), reported);
    }
}

#[test]
fn each_half_counts_by_itself() {
    let against = (Environment::Production, Pci::Out);
    let found = under(PRODUCTION_IN, declared(DEVELOPMENT_OUT, against));
    assert_eq!(found.strictness(), (Environment::Development, Pci::In));
    assert_eq!(
        (found.environment_source, found.pci_source),
        (Source::Declared, Source::Tag)
    );
}

#[test]
fn the_role_of_an_account_always_raises() {
    let nothing = Assertion::Nothing;
    for (source, environment) in [
        (ReadingSource::Management, Environment::Management),
        (
            ReadingSource::DelegatedAdministrator(BTreeSet::new()),
            Environment::Security,
        ),
        (ReadingSource::OwnAccount, Environment::Security),
    ] {
        let readings = [tagged(DEVELOPMENT_OUT), said(source, environment, nothing)];
        // What was declared knew of the role.
        let against = (environment, Pci::Out);
        for class in [DEVELOPMENT_OUT, (environment, Pci::Out)] {
            let found = fold(&readings).under(Some(declared(class, against)), NOW);
            assert_eq!(found.strictness(), (environment, Pci::Out));
            assert_eq!(found.environment_source, Source::Role);
        }
    }
}

#[test]
fn what_ended_or_is_not_in_the_ledger_loosens_nothing_and_still_tightens() {
    let over = |class, against| Declared {
        valid_until: NOW,
        ..declared(class, against)
    };
    let unproven = |class, against| Declared {
        proof: DeclarationProof::Missing,
        ..declared(class, against)
    };
    for weak in [over, unproven] {
        let loose = under(PRODUCTION_IN, weak(DEVELOPMENT_OUT, PRODUCTION_IN));
        assert_eq!(loose.strictness(), PRODUCTION_IN);
        assert_eq!(loose.environment_source, Source::Tag);
        let strict = under(DEVELOPMENT_OUT, weak(PRODUCTION_IN, DEVELOPMENT_OUT));
        assert_eq!(strict.strictness(), PRODUCTION_IN);
        assert_eq!(strict.pci_source, Source::Declared);
        assert!(strict.declared().unwrap().is_due(NOW));
    }
}

#[test]
fn a_declaration_confirms_what_waits_and_its_end_lets_it_wait_again() {
    // The record is stricter than what AWS reports.
    let parts = one_account(fold(&[tagged(PRODUCTION_IN)]), None);
    let read = domain::crawl::SingleRead::Account {
        account: Box::new(account()),
        class: fold(&[tagged(DEVELOPMENT_OUT)]),
        units: Vec::new(),
    };
    let parts = domain::crawl::take(&parts, &read, NOW).unwrap();
    let (_, waits) = parts.accounts[&id()];
    assert_eq!(
        (waits.strictness(), waits.waiting),
        (PRODUCTION_IN, Some(DEVELOPMENT_OUT))
    );
    let agreed = Declared {
        without: PRODUCTION_IN,
        ..declared(STAGING_CONNECTED, DEVELOPMENT_OUT)
    };
    let found = waits.under(Some(agreed), NOW);
    assert_eq!(
        (found.strictness(), found.waiting),
        (STAGING_CONNECTED, None)
    );
    assert_eq!(found.reported(), DEVELOPMENT_OUT);
    assert_eq!(
        found.under(found.declared(), NOW + VALID_FOR).waiting,
        waits.waiting
    );
    assert_eq!(found.under(None, NOW), waits);
}

#[test]
fn a_single_read_keeps_the_declaration_and_the_record_without_it() {
    let before = one_account(
        fold(&[tagged(PRODUCTION_IN)]),
        Some(declared(STAGING_CONNECTED, PRODUCTION_IN)),
    );
    let read = domain::crawl::SingleRead::Account {
        account: Box::new(account()),
        class: fold(&[tagged(DEVELOPMENT_OUT)]),
        units: Vec::new(),
    };
    let after = domain::crawl::take(&before, &read, NOW).unwrap();
    let (_, class) = after.accounts[&id()];
    assert_eq!(class.strictness(), STAGING_CONNECTED);
    assert_eq!(class.undeclared().strictness(), PRODUCTION_IN);
    assert_eq!(class.reported(), DEVELOPMENT_OUT);
}

const ENVIRONMENTS: [Environment; 6] = [
    Environment::Sandbox,
    Environment::Development,
    Environment::Staging,
    Environment::Production,
    Environment::Security,
    Environment::Management,
];
const SCOPES: [Pci; 3] = [Pci::Out, Pci::Connected, Pci::In];

prop_compose! {
    fn any_class()(
        environment in prop::sample::select(&ENVIRONMENTS[..]),
        pci in prop::sample::select(&SCOPES[..]),
    ) -> (Environment, Pci) {
        (environment, pci)
    }
}

proptest! {
    #[test]
    fn a_declaration_never_makes_an_account_less_strict_than_agreed(
        reported in any_class(),
        class in any_class(),
        against in any_class(),
        role in prop::option::of(prop::sample::select(&ENVIRONMENTS[..])),
        valid in any::<bool>(),
        proven in any::<bool>(),
    ) {
        let mut readings = vec![tagged(reported)];
        readings.extend(role.map(|role| said(ReadingSource::OwnAccount, role, Assertion::Nothing)));
        let without = fold(&readings);
        let declared = Declared {
            valid_until: if valid { NOW + VALID_FOR } else { NOW },
            proof: if proven { DeclarationProof::Confirmed } else { DeclarationProof::Missing },
            ..declared(class, against)
        };
        let found = without.under(Some(declared), NOW);
        prop_assert_eq!(found.under(None, NOW), without);
        prop_assert!(found.environment >= class.0 && found.pci >= class.1);
        prop_assert!(role.is_none_or(|role| found.environment >= role));
        if !(valid && proven) {
            prop_assert!(found.environment >= without.environment && found.pci >= without.pci);
        }
        if without.environment > against.0 {
            prop_assert!(found.environment >= without.environment);
        }
        if without.pci > against.1 {
            prop_assert!(found.pci >= without.pci);
        }
    }
}

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

fn one_account(class: Classification, declared: Option<Declared>) -> Parts {
    let mut parts = Parts::default();
    let class = class.under(declared, NOW);
    parts.accounts.insert(id(), (account(), class));
    parts
}

/// A text that somebody typed. Here, the same text has the same salt.
fn typed(text: &str) -> Private {
    Private::new(Salt([7; 32]), text)
}

fn declaration(class: (Environment, Pci), against: (Environment, Pci)) -> Declaration {
    Declaration {
        environment: class.0,
        pci: class.1,
        owner: None,
        purpose: typed("cards of the example company"),
        out_of_scope: (class.1 == Pci::Out).then(|| typed("no card data is ever sent here")),
        valid_until: NOW + VALID_FOR,
        against,
        without: against,
    }
}

/// Returns the objections to an item while AWS reports `reported` and `before` is in force.
fn objections(
    reported: (Environment, Pci),
    before: Option<&Declaration>,
    after: Option<&Declaration>,
) -> Vec<Objection> {
    let class = fold(&[tagged(reported)]);
    let parts = one_account(class, before.map(Declaration::declared));
    objections_in(parts, before, after)
}

fn objections_in(
    parts: Parts,
    before: Option<&Declaration>,
    after: Option<&Declaration>,
) -> Vec<Objection> {
    let item = classify(before, after);
    let (snapshot, states) = (Snapshot::new(parts), states(before));
    item.subject().objections(SubjectContext {
        snapshot: &snapshot,
        states: &states,
    })
}

/// Returns the state of the account with this declaration in force.
fn states(declaration: Option<&Declaration>) -> SubjectStates {
    let state = State {
        declaration: declaration.cloned(),
        content: seen(declaration),
        declared: declaration.map(Declaration::declared),
        at: NOW,
    };
    let mut states = SubjectStates::default();
    let key = classify(None, None).key();
    states
        .0
        .insert(key, SubjectState::AccountClassification(state));
    states
}

fn classify(before: Option<&Declaration>, after: Option<&Declaration>) -> Operation {
    Operation::Classify {
        account: id(),
        before: before.cloned(),
        after: after.cloned(),
        seen: seen(before),
    }
}

fn seen(declaration: Option<&Declaration>) -> ContentHash {
    content(declaration.map(Declaration::document).as_deref())
}

fn rules(objections: &[Objection]) -> Vec<&'static str> {
    for objection in objections {
        assert_eq!(
            objection.remedy,
            Some(Remedies::approvals_of(2)),
            "{objection:?}"
        );
    }
    objections.iter().map(|one| one.rule).collect()
}

#[test]
fn tightening_needs_nobody_and_loosening_needs_two_other_people() {
    let strict = declaration(PRODUCTION_IN, DEVELOPMENT_OUT);
    assert_eq!(
        rules(&objections(DEVELOPMENT_OUT, None, Some(&strict))),
        [""; 0]
    );
    let loose = declaration(DEVELOPMENT_OUT, PRODUCTION_IN);
    assert_eq!(
        rules(&objections(PRODUCTION_IN, None, Some(&loose))),
        [LOOSENED]
    );
    // Its end loosens what it tightened, and tightens what it loosened.
    assert_eq!(
        rules(&objections(DEVELOPMENT_OUT, Some(&strict), None)),
        [LOOSENED]
    );
    assert_eq!(
        rules(&objections(PRODUCTION_IN, Some(&loose), None)),
        [""; 0]
    );
    // One half looser is looser.
    let half = declaration((Environment::Management, Pci::Connected), PRODUCTION_IN);
    assert_eq!(
        rules(&objections(PRODUCTION_IN, None, Some(&half))),
        [LOOSENED]
    );
}

#[test]
fn to_keep_an_account_loose_for_longer_needs_two_other_people() {
    let loose = Declaration {
        valid_until: NOW + domain::time::Duration::days(20),
        ..declaration(DEVELOPMENT_OUT, PRODUCTION_IN)
    };
    let longer = declaration(DEVELOPMENT_OUT, PRODUCTION_IN);
    assert_eq!(
        rules(&objections(PRODUCTION_IN, Some(&loose), Some(&longer))),
        [LOOSENED]
    );
    // A tightening ends when what was agreed ends, so that nobody has to agree to it.
    let next = STAGING_CONNECTED;
    let end = Declaration::end(Some(&loose), next, PRODUCTION_IN, NOW + VALID_FOR);
    assert_eq!(end, loose.valid_until);
    let tighter = Declaration {
        valid_until: end,
        ..declaration(next, PRODUCTION_IN)
    };
    assert_eq!(
        rules(&objections(PRODUCTION_IN, Some(&loose), Some(&tighter))),
        [""; 0]
    );
    let end = Declaration::end(Some(&loose), PRODUCTION_IN, PRODUCTION_IN, NOW + VALID_FOR);
    assert_eq!(end, NOW + VALID_FOR);
}

#[test]
fn another_owner_needs_two_other_people_and_must_exist() {
    let eve = UserId::parse("00000000-0000-4000-8000-000000000002").unwrap();
    let owned = Declaration {
        owner: Some(eve),
        ..declaration(PRODUCTION_IN, PRODUCTION_IN)
    };
    let found = objections(PRODUCTION_IN, None, Some(&owned));
    assert_eq!(found[0].rule, "system.unknown-principal");
    assert_eq!(rules(&found[1..]), [NEW_OWNER]);
}

#[test]
fn to_end_or_tighten_what_has_an_owner_needs_nobody() {
    let eve = UserId::parse("00000000-0000-4000-8000-000000000002").unwrap();
    let owned = Declaration {
        owner: Some(eve),
        ..declaration(DEVELOPMENT_OUT, PRODUCTION_IN)
    };
    let strict = declaration(PRODUCTION_IN, PRODUCTION_IN);
    for after in [None, Some(&strict)] {
        assert_eq!(
            rules(&objections(PRODUCTION_IN, Some(&owned), after)),
            [""; 0]
        );
    }
}

#[test]
fn another_reason_to_be_less_strict_needs_two_other_people() {
    let loose = declaration(DEVELOPMENT_OUT, PRODUCTION_IN);
    let out = Declaration {
        out_of_scope: Some(typed("because somebody wrote so")),
        ..loose.clone()
    };
    let purpose = Declaration {
        purpose: typed("something else entirely"),
        ..loose.clone()
    };
    for other in [&out, &purpose] {
        assert_eq!(
            rules(&objections(PRODUCTION_IN, Some(&loose), Some(other))),
            [NEW_REASON]
        );
        // Nobody had to agree to what loosens nothing.
        let (before, after) = (
            declaration(DEVELOPMENT_OUT, DEVELOPMENT_OUT),
            Declaration {
                against: DEVELOPMENT_OUT,
                without: DEVELOPMENT_OUT,
                ..other.clone()
            },
        );
        assert_eq!(
            rules(&objections(DEVELOPMENT_OUT, Some(&before), Some(&after))),
            [""; 0]
        );
    }
    // To tighten one half takes its reason away, and needs nobody.
    let tighter = Declaration {
        pci: Pci::Connected,
        out_of_scope: None,
        ..loose.clone()
    };
    assert_eq!(
        rules(&objections(PRODUCTION_IN, Some(&loose), Some(&tighter))),
        [""; 0]
    );
}

#[test]
fn a_declaration_that_the_snapshot_does_not_know_yet_is_not_loosened_by_one_person() {
    let strict = declaration(PRODUCTION_IN, DEVELOPMENT_OUT);
    let shorter = Declaration {
        valid_until: NOW + domain::time::Duration::days(1),
        ..declaration(DEVELOPMENT_OUT, DEVELOPMENT_OUT)
    };
    for after in [None, Some(&shorter)] {
        let stale = one_account(fold(&[tagged(DEVELOPMENT_OUT)]), None);
        assert_eq!(
            rules(&objections_in(stale, Some(&strict), after)),
            [LOOSENED]
        );
    }
}

#[test]
fn the_effect_states_what_counts_before_and_after() {
    let loose = declaration(DEVELOPMENT_OUT, PRODUCTION_IN);
    let environment = |before: Option<&Declaration>, after: Option<&Declaration>| {
        let class = fold(&[tagged(PRODUCTION_IN)]);
        let parts = one_account(class, before.map(Declaration::declared));
        let (snapshot, states) = (Snapshot::new(parts), states(before));
        let effect = classify(before, after).subject().effect(SubjectContext {
            snapshot: &snapshot,
            states: &states,
        });
        let found = effect.unwrap().properties.into_iter();
        let found = found.filter(|one| one.name == "environment");
        found.map(|one| (one.before, one.after)).collect::<Vec<_>>()
    };
    let value = |word: &str| Some(PropertyValue::Text(word.into()));
    let (strict, weak) = (value("production"), value("development"));
    assert_eq!(
        environment(None, Some(&loose)),
        [(strict.clone(), weak.clone())]
    );
    assert_eq!(environment(Some(&loose), None), [(weak, strict)]);
    // A declaration of what counts already changes neither.
    let same = declaration(PRODUCTION_IN, PRODUCTION_IN);
    assert_eq!(environment(None, Some(&same)), []);
    // What has ended counts no more.
    let over = Declaration {
        valid_until: NOW,
        ..loose
    };
    assert_eq!(environment(Some(&over), None), []);
}

/// Reads the account as tagged so.
fn read(parts: &Parts, reported: (Environment, Pci)) -> Parts {
    let read = domain::crawl::SingleRead::Account {
        account: Box::new(account()),
        class: fold(&[tagged(reported)]),
        units: Vec::new(),
    };
    // None if it changes nothing.
    domain::crawl::take(parts, &read, NOW).unwrap_or_else(|| parts.clone())
}

#[test]
fn a_tag_that_is_tightened_after_a_declaration_of_the_present_class_stays_tightened() {
    let parts = one_account(fold(&[tagged(DEVELOPMENT_OUT)]), None);
    let same = declaration(DEVELOPMENT_OUT, DEVELOPMENT_OUT);
    assert_eq!(
        rules(&objections(DEVELOPMENT_OUT, None, Some(&same))),
        [""; 0]
    );
    let mut parts = one_account(parts.accounts[&id()].1, Some(same.declared()));
    for reported in [PRODUCTION_IN, DEVELOPMENT_OUT] {
        parts = read(&parts, reported);
        assert_eq!(parts.accounts[&id()].1.strictness(), PRODUCTION_IN);
    }
    let class = parts.accounts[&id()].1;
    assert_eq!(class.environment_source, Source::Record);
    assert_eq!(class.waiting, Some(DEVELOPMENT_OUT));
}

proptest! {
    #[test]
    fn declarations_to_which_nobody_agreed_never_make_an_account_less_strict(
        first in any_class(),
        steps in prop::collection::vec(
            (any_class(), prop::option::of(prop::option::of(any_class()))),
            1..8,
        ),
    ) {
        let mut with = one_account(fold(&[tagged(first)]), None);
        let mut without = with.clone();
        let mut before: Option<Declaration> = None;
        for (reported, proposed) in steps {
            (with, without) = (read(&with, reported), read(&without, reported));
            if let Some(next) = proposed {
                let class = with.accounts[&id()].1;
                let after = next.map(|next| Declaration {
                    without: class.undeclared().strictness(),
                    ..declaration(next, class.reported())
                });
                if objections_in(with.clone(), before.as_ref(), after.as_ref()).is_empty() {
                    with = one_account(class.undeclared(), after.as_ref().map(Declaration::declared));
                    before = after;
                }
            }
            let class = with.accounts[&id()].1;
            let floor = without.accounts[&id()].1;
            prop_assert_eq!(class.undeclared(), floor);
            for at in [NOW, NOW + VALID_FOR] {
                let class = class.under(class.declared(), at);
                prop_assert!(class.environment >= floor.environment && class.pci >= floor.pci);
            }
        }
    }
}

#[test]
fn what_changed_meanwhile_or_was_not_read_is_objected_to() {
    let after = declaration(PRODUCTION_IN, DEVELOPMENT_OUT);
    // The tags say something else than when it was requested.
    let found = objections(STAGING_CONNECTED, None, Some(&after));
    assert_eq!(found[0].rule, "system.changed-meanwhile");
    assert_eq!(found[0].remedy, None);
    let class = fold(&[tagged(DEVELOPMENT_OUT)]);
    let snapshot = Snapshot::new(one_account(class, None));
    let item = classify(None, Some(&after));
    let other = declaration(STAGING_CONNECTED, DEVELOPMENT_OUT);
    let rule = |states: &SubjectStates| {
        let context = SubjectContext {
            snapshot: &snapshot,
            states,
        };
        item.subject().objections(context)[0].rule
    };
    assert_eq!(rule(&SubjectStates::default()), "system.not-read");
    assert_eq!(rule(&states(Some(&other))), "system.changed-meanwhile");
    // The record without a declaration is stricter than when it was requested.
    let without = Declaration {
        without: STAGING_CONNECTED,
        ..after
    };
    let found = objections(DEVELOPMENT_OUT, None, Some(&without));
    assert_eq!(found[0].rule, "system.changed-meanwhile");
}

#[test]
fn a_declaration_is_complete_and_changes_something() {
    let valid = declaration(DEVELOPMENT_OUT, PRODUCTION_IN);
    let check = |after: &Declaration| classify(None, Some(after)).subject().check();
    assert_eq!(check(&valid), Ok(()));
    let unchanged = classify(Some(&valid), Some(&valid));
    assert_eq!(unchanged.subject().check(), Err(InvalidItem::NoDifference));
    let no_reason = Declaration {
        out_of_scope: None,
        ..valid.clone()
    };
    assert_eq!(check(&no_reason), Err(InvalidItem::OutOfScope));
    let needless = Declaration {
        pci: Pci::In,
        ..valid.clone()
    };
    assert_eq!(check(&needless), Err(InvalidItem::InScope));
    let short = Declaration {
        purpose: typed("cards"),
        ..valid
    };
    assert_eq!(
        check(&short),
        Err(InvalidItem::Text {
            what: "purpose",
            chars: 5
        })
    );
}

#[test]
fn a_declaration_of_a_newer_version_is_read_only() {
    let loose = declaration(DEVELOPMENT_OUT, PRODUCTION_IN);
    let newer = loose
        .document()
        .replace(r#""purpose""#, r#""team":"a","purpose""#);
    assert_eq!(Declaration::read(&newer), None);
    assert_eq!(Declaration::read(&loose.document()), Some(loose.clone()));
    let declared = Declared {
        proof: DeclarationProof::NotUnderstood,
        ..loose.declared()
    };
    let class = fold(&[tagged(PRODUCTION_IN)]).under(Some(declared), NOW);
    assert_eq!(class.strictness(), PRODUCTION_IN, "it loosens nothing");
    let state = State {
        declaration: None,
        content: content(Some(&newer)),
        declared: Some(declared),
        at: NOW,
    };
    let mut states = SubjectStates::default();
    let key = classify(None, None).key();
    states
        .0
        .insert(key, SubjectState::AccountClassification(state));
    let mut parts = Parts::default();
    parts.accounts.insert(id(), (account(), class));
    let snapshot = Snapshot::new(parts);
    let tighter = declaration(PRODUCTION_IN, PRODUCTION_IN);
    let objections = classify(None, Some(&tighter))
        .subject()
        .objections(SubjectContext {
            snapshot: &snapshot,
            states: &states,
        });
    let found: Vec<_> = objections
        .iter()
        .map(|one| (one.rule, &one.remedy))
        .collect();
    assert_eq!(found, [(NEWER, &None)], "nothing lifts it");
}

#[test]
fn an_item_holds_the_hashes_of_its_texts_and_is_read_with_what_was_not_erased() {
    let before = declaration(STAGING_CONNECTED, PRODUCTION_IN);
    let mut after = declaration(DEVELOPMENT_OUT, PRODUCTION_IN);
    after.purpose = typed("something else entirely");
    let item = classify(Some(&before), Some(&after));
    let stored = StoredItem::of_all(std::slice::from_ref(&item));
    let texts = items::texts(std::slice::from_ref(&item), &stored);
    let places: Vec<_> = texts.iter().map(|text| text.path.as_str()).collect();
    assert_eq!(
        places,
        [
            "/data/operations/0/before/purpose",
            "/data/operations/0/after/purpose",
            "/data/operations/0/after/out_of_scope"
        ]
    );
    let typed = ["example company", "something else", "no card data"];
    assert!(typed.iter().all(|text| !stored[0].document.contains(text)));
    for text in &texts {
        let pointer = text.path.strip_prefix("/data/operations/0").unwrap();
        assert!(items::holds_text(&stored[0], pointer, text));
    }
    let mut read = stored[0].read().unwrap();
    assert_eq!(read, item);
    let values = |operation: &mut Operation| -> Vec<Option<String>> {
        let texts = operation.private().into_iter();
        texts
            .map(|(_, text)| text.value().map(str::to_owned))
            .collect()
    };
    assert_eq!(values(&mut read), [None, None, None]);
    read.open(&texts.into_iter().skip(1).collect());
    let after = values(&mut read);
    assert_eq!(after[0], None, "it was erased");
    assert_eq!(after[1].as_deref(), Some("something else entirely"));
    assert_eq!(read, item);
}
