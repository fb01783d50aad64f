//! Classification of accounts: contradictory readings, readings that are not understood, words that look like others,
//! and the mapping in the configuration.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set up its case has failed"
)]

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    classification::{
        Assertion, Classification, ClassificationContext, Environment, Mapping, MappingError, Pci,
        ReadBy, Reading, ReadingSource, Source, classify, fold, readings,
    },
    ids::{AccountId, OuId},
    org::{Account, AccountState, OrganizationalUnit, SpecialAccounts},
};
use proptest::prelude::*;

type Tags<'a> = &'a [(&'a str, &'a str)];
type Units = BTreeMap<OuId, OrganizationalUnit>;

/// An account with these tags below these OUs, from the root down.
fn account(tags: Tags<'_>, ous: &[&str]) -> (Account, Units) {
    let mut path = vec![OuId::parse("r-ab12").unwrap()];
    let mut units = Units::new();
    for (at, name) in ous.iter().enumerate() {
        let id = OuId::parse(&format!("ou-ab12-{at:08}")).unwrap();
        let unit = OrganizationalUnit {
            id: id.clone(),
            name: (*name).into(),
            parent: path.last().cloned(),
        };
        units.insert(id.clone(), unit);
        path.push(id);
    }
    let account = Account {
        id: id(),
        name: "cards".into(),
        email: "cards@example.com".into(),
        state: AccountState::Active,
        ous: path,
        tags: tags
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect(),
    };
    (account, units)
}

fn id() -> AccountId {
    AccountId::parse("111122223333").unwrap()
}

fn by(
    (account, units): &(Account, Units),
    special: &SpecialAccounts,
    mapping: &Mapping,
    recorded: Option<(Environment, Pci)>,
) -> Classification {
    let context = ClassificationContext { special, mapping };
    classify(account, units, context, recorded)
}

fn class(tags: Tags<'_>, ous: &[&str]) -> Classification {
    let nothing = (SpecialAccounts::default(), Mapping::default());
    by(&account(tags, ous), &nothing.0, &nothing.1, None)
}

fn strictness(tags: Tags<'_>, ous: &[&str]) -> (Environment, Pci) {
    class(tags, ous).strictness()
}

const IN_PRODUCTION: (Environment, Pci) = (Environment::Production, Pci::In);

#[test]
fn the_strictest_of_contradictory_tags_wins_and_the_contradiction_is_stated() {
    let found = class(
        &[
            ("Environment", "dev"),
            ("environment", "production"),
            ("pci", "out"),
        ],
        &[],
    );
    assert_eq!(found.environment, Environment::Production);
    assert!(found.contradictory && !found.is_assumed());
    let found = class(
        &[("environment", "dev"), ("PCI", "out"), ("pci", "in")],
        &[],
    );
    assert_eq!(found.pci, Pci::In);
    assert!(found.contradictory);
    for other in ["env", "ENV", "Environment Type", "environment-name"] {
        let found = strictness(&[("environment", "dev"), (other, "production")], &[]);
        assert_eq!(found.0, Environment::Production, "{other}");
    }
    for other in ["pci-scope", "PCI DSS", "PciDss", "pci_in_scope", "CDE"] {
        let found = strictness(&[("pci", "out"), (other, "yes")], &[]);
        assert_eq!(found.1, Pci::In, "{other}");
    }
    assert!(!class(&[("environment", "prod"), ("env", "Production")], &[]).contradictory);
}

#[test]
fn a_tag_does_not_make_an_account_less_strict_than_its_ou() {
    let found = class(
        &[("environment", "dev"), ("pci", "out")],
        &["PCI", "Production"],
    );
    assert_eq!(found.strictness(), IN_PRODUCTION);
    assert!(found.contradictory);
    assert_eq!(
        (found.environment_source, found.pci_source),
        (Source::Ou, Source::Ou)
    );
    // An OU further up counts as well.
    assert_eq!(
        strictness(&[], &["Production", "Development"]).0,
        Environment::Production
    );
}

#[test]
fn a_value_that_is_not_understood_counts_as_production_pci() {
    let found = strictness(
        &[("environment", "prod-eu"), ("pci", "out")],
        &["Development"],
    );
    assert_eq!(found.0, Environment::Production);
    for value in [
        "Level 1",
        "pci-dss",
        "CDE-1",
        "",
        " ",
        "n/a",
        "out/in",
        "not out of scope",
        "in scope: no",
    ] {
        let found = class(
            &[("environment", "production"), ("pci", value)],
            &["Non-PCI Tools"],
        );
        assert_eq!(found.strictness(), IN_PRODUCTION, "{value}");
    }
    for value in [
        "",
        "dev-eu",
        "blue",
        "not dev",
        "development of production",
        "dev ops",
        "prod/dev",
    ] {
        let found = class(&[("environment", value), ("pci", "out")], &["Development"]);
        assert_eq!(found.environment, Environment::Production, "{value}");
    }
    assert!(class(&[("environment", "dev-eu"), ("pci", "out")], &[]).is_assumed());
}

#[test]
fn common_spellings_are_understood() {
    for (value, environment) in [
        ("Dev", Environment::Development),
        (" development ", Environment::Development),
        ("dev-2", Environment::Development),
        ("Sandbox account", Environment::Sandbox),
        ("PreProd", Environment::Staging),
        ("pre-production", Environment::Staging),
        ("QA", Environment::Staging),
        ("Non-Prod", Environment::Staging),
        ("PROD1", Environment::Production),
        ("log-archive", Environment::Security),
    ] {
        let found = class(&[("environment", value), ("pci", "out")], &["Team"]);
        assert_eq!(found.environment, environment, "{value}");
        assert!(!found.is_assumed() && !found.contradictory, "{value}");
    }
    for (value, pci) in [
        ("out-of-scope", Pci::Out),
        ("Out of scope", Pci::Out),
        ("not in scope", Pci::Out),
        ("Not_In_PCI_Scope", Pci::Out),
        ("no-pci", Pci::Out),
        ("NonPCI", Pci::Out),
        ("non pci", Pci::Out),
        ("false", Pci::Out),
        ("Connected-To", Pci::Connected),
        ("in scope", Pci::In),
        ("TRUE", Pci::In),
        ("P.C.I.", Pci::In),
    ] {
        let found = class(&[("environment", "dev"), ("pci", value)], &["Team"]);
        assert_eq!(found.pci, pci, "{value}");
        assert!(!found.is_assumed() && !found.contradictory, "{value}");
    }
}

#[test]
fn the_strictest_word_in_the_name_of_an_ou_wins() {
    for name in [
        "Dev-Ops Production",
        "Test-Payments-Production",
        "Sandbox Production",
        "QA Prod Cards",
        "DevProd",
        "cardsproduction",
        "Prods",
        "Production (no test)",
        "Non-Production Production",
    ] {
        assert_eq!(
            strictness(&[], &[name]).0,
            Environment::Production,
            "{name}"
        );
    }
    for name in [
        "NonPCI Cards PCI",
        "PCIs",
        "pcicards",
        "not non-pci",
        "C.D.E",
        "Cardholder data",
    ] {
        assert_eq!(strictness(&[], &[name]).1, Pci::In, "{name}");
    }
    assert!(class(&[], &["Test-Payments-Production"]).contradictory);
    assert!(!class(&[("pci", "in")], &["DevOps Production"]).contradictory);
}

#[test]
fn names_of_teams_and_products_say_nothing() {
    let tags: Tags<'_> = &[("environment", "dev"), ("pci", "out")];
    for name in [
        "Products",
        "Producer tools",
        "Sign-in",
        "Contest",
        "Delivery",
        "Team Blue",
        "DevOps",
        "App circle",
    ] {
        let found = class(tags, &[name]);
        assert_eq!(
            found.strictness(),
            (Environment::Development, Pci::Out),
            "{name}"
        );
        assert!(!found.contradictory, "{name}");
    }
    assert!(class(&[], &["Team Blue"]).is_assumed());
}

#[test]
fn a_name_that_means_not_production_agrees_with_everything_below_it() {
    let tags: Tags<'_> = &[("environment", "dev"), ("pci", "out")];
    assert!(!class(tags, &["NonProd"]).contradictory);
    assert!(class(&[("environment", "prod"), ("pci", "out")], &["NonProd"]).contradictory);
    assert_eq!(
        strictness(&[("pci", "out")], &["No Sandbox"]).0,
        Environment::Production
    );
}

#[test]
fn the_root_of_the_organization_says_nothing() {
    let found = class(&[], &[]);
    assert_eq!(found.strictness(), IN_PRODUCTION);
    assert_eq!(found.environment_source, Source::Nothing);
}

#[test]
fn letters_that_only_look_latin_are_not_understood() {
    for name in ["Nоn-РСІ", "ＰＣＩ tools", "P\u{200b}CI"] {
        let found = class(&[("environment", "production")], &[name]);
        assert_eq!(found.pci, Pci::In, "{name}");
        assert_eq!(found.pci_source, Source::NotUnderstood, "{name}");
    }
    // A Cyrillic letter in the value, in the key, and an invisible one.
    for tags in [
        [("environment", "dеv"), ("pci", "out")],
        [("environment", "dev"), ("pсi", "out")],
        [("environment", "dev"), ("pci", "o\u{ad}ut")],
    ] {
        let found = class(&tags, &["Team"]);
        assert!(
            found.environment == Environment::Production || found.pci == Pci::In,
            "{tags:?}"
        );
        assert!(found.is_assumed(), "{tags:?}");
    }
}

#[test]
fn an_ou_that_was_not_read_is_not_understood() {
    let tags: Tags<'_> = &[("environment", "dev"), ("pci", "out")];
    let nothing = (SpecialAccounts::default(), Mapping::default());
    let mut known = account(tags, &["Workloads", "Cards"]);
    known.1.pop_last();
    let found = by(&known, &nothing.0, &nothing.1, None);
    assert_eq!(found.strictness(), IN_PRODUCTION);
    known.0.ous.clear();
    assert!(by(&known, &nothing.0, &nothing.1, None).is_assumed());
}

#[test]
fn the_accounts_from_which_production_could_be_opened_are_guarded_whatever_their_tags() {
    let known = account(&[("environment", "dev"), ("pci", "out")], &["Team"]);
    let services = BTreeSet::from(["config.amazonaws.com".to_owned()]);
    let special = SpecialAccounts {
        delegated_administrators: BTreeMap::from([(id(), services.clone())]),
        ..SpecialAccounts::default()
    };
    let mapping = Mapping::default();
    let found = by(&known, &special, &mapping, None);
    assert!(found.counts_as_production_pci());
    assert!(!found.contradictory, "a role raises what tags say");
    let context = ClassificationContext {
        special: &special,
        mapping: &mapping,
    };
    let role = readings(&known.0, &known.1, context).swap_remove(0);
    assert_eq!(role.source, ReadingSource::DelegatedAdministrator(services));
    let own = SpecialAccounts {
        leastwise: vec![id()],
        ..SpecialAccounts::default()
    };
    assert!(by(&known, &own, &mapping, None).counts_as_production_pci());
}

#[test]
fn a_removed_tag_does_not_loosen_what_is_on_record_until_it_is_confirmed() {
    let known = account(&[("environment", "production"), ("pci", "out")], &[]);
    let special = SpecialAccounts::default();
    let mut mapping = Mapping::default();
    let held = by(&known, &special, &mapping, Some(IN_PRODUCTION));
    assert!(held.counts_as_production_pci());
    assert_eq!(held.pci_source, Source::Record);
    assert_eq!(held.waiting, Some((Environment::Production, Pci::Out)));

    mapping.confirm(id(), "production", "connected").unwrap();
    let held = by(&known, &special, &mapping, Some(IN_PRODUCTION));
    assert_eq!(
        held.pci,
        Pci::Connected,
        "down to what was confirmed and no further"
    );
    let strict = account(&[("environment", "production"), ("pci", "in")], &[]);
    let found = by(
        &strict,
        &special,
        &mapping,
        Some((Environment::Development, Pci::Out)),
    );
    assert_eq!(
        found.strictness(),
        IN_PRODUCTION,
        "a stricter tag counts at once"
    );
    assert_eq!(found.waiting, None);
}

#[test]
fn a_mapping_replaces_how_one_tag_or_ou_is_read_and_nothing_else() {
    let mut mapping = Mapping::default();
    mapping.environment_key("acme:stage").unwrap();
    mapping.environment_value("Dev-EU", "development").unwrap();
    mapping.pci_value("Level 3", "out").unwrap();
    let path = ["Workloads".to_owned(), "PCI".to_owned()];
    mapping.unit_path(&path, None, Some("none")).unwrap();
    let special = SpecialAccounts::default();
    let found = |tags: Tags<'_>, ous: &[&str]| by(&account(tags, ous), &special, &mapping, None);
    let mapped: Tags<'_> = &[("Acme:Stage", "dev-eu"), ("pci", "LEVEL 3")];
    let class = found(mapped, &["Workloads", "PCI"]);
    assert_eq!(class.strictness(), (Environment::Development, Pci::Out));
    assert!(!class.is_assumed() && !class.contradictory);
    // The same name elsewhere, and an OU below, are read as before.
    assert_eq!(found(mapped, &["PCI"]).pci, Pci::In);
    let below = found(mapped, &["Workloads", "PCI", "Production"]);
    assert_eq!(below.environment, Environment::Production);
    assert!(found(&[("acme:stage", "qa-eu")], &[]).is_assumed());
}

#[test]
fn a_mapping_that_contradicts_itself_or_loosens_an_understood_value_is_refused() {
    let mut mapping = Mapping::default();
    let path = ["A".to_owned()];
    mapping.environment_key("stage").unwrap();
    mapping.environment_value("blue", "production").unwrap();
    mapping.unit_path(&path, Some("production"), None).unwrap();
    mapping.confirm(id(), "development", "out").unwrap();
    for refused in [
        mapping.clone().environment_key("Stage"),
        mapping.clone().pci_key("STAGE"),
        mapping.clone().pci_key("environment"),
        mapping.clone().environment_key(" "),
        mapping.clone().environment_value("BLUE ", "development"),
        mapping.clone().environment_value("green", "prod"),
        mapping.clone().environment_value("prod", "development"),
        mapping.clone().environment_value("PRD", "none"),
        mapping.clone().pci_value("in scope", "connected"),
        mapping.clone().pci_value("gold", "yes"),
        mapping.clone().unit_path(&path, Some("staging"), None),
        mapping.clone().unit_path(&["B".to_owned()], None, None),
        mapping.clone().unit_path(&[], Some("staging"), None),
        mapping.clone().confirm(id(), "development", "out"),
        mapping.clone().confirm(id(), "none", "out"),
    ] {
        let error: MappingError = refused.unwrap_err();
        assert!(error.to_string().len() > 20, "{error}");
    }
    mapping.environment_value("prod", "security").unwrap();
    mapping.pci_value("connected", "in").unwrap();
}

fn any_said<T: Copy + std::fmt::Debug + 'static>(
    values: &'static [T],
) -> impl Strategy<Value = Assertion<T>> {
    prop_oneof![
        Just(Assertion::Nothing),
        Just(Assertion::NotUnderstood),
        prop::sample::select(values).prop_map(Assertion::Value),
        prop::sample::select(values).prop_map(Assertion::AtMost),
    ]
}

const ENVIRONMENTS: &[Environment] = &[
    Environment::Sandbox,
    Environment::Development,
    Environment::Staging,
    Environment::Production,
    Environment::Security,
    Environment::Management,
];
const SCOPES: &[Pci] = &[Pci::Out, Pci::Connected, Pci::In];

prop_compose! {
    fn any_reading()(
        role in any::<bool>(),
        environment in any_said(ENVIRONMENTS),
        pci in any_said(SCOPES),
    ) -> Reading {
        let source = if role {
            ReadingSource::OwnAccount
        } else {
            ReadingSource::Ou(vec!["Team".into()])
        };
        Reading { source, environment, environment_by: ReadBy::Words, pci, pci_by: ReadBy::Words }
    }
}

proptest! {
    #[test]
    fn a_further_reading_never_makes_what_is_said_less_strict(
        all in prop::collection::vec(any_reading(), 1..8),
        more in any_reading(),
        at in 0_usize..8,
    ) {
        let before = fold(&all);
        let mut with = all.clone();
        with.insert(at.min(all.len()), more);
        let after = fold(&with);
        // Before anything is said, the strictest value is assumed.
        if before.environment_source != Source::Nothing {
            prop_assert!(after.environment >= before.environment);
        }
        if before.pci_source != Source::Nothing {
            prop_assert!(after.pci >= before.pci);
        }
        prop_assert!(after.contradictory || !before.contradictory);
    }

    #[test]
    fn the_order_of_readings_does_not_matter(all in prop::collection::vec(any_reading(), 0..8)) {
        let mut reversed = all.clone();
        reversed.reverse();
        let (one, other) = (fold(&all), fold(&reversed));
        prop_assert_eq!(one.strictness(), other.strictness());
        prop_assert_eq!(one.contradictory, other.contradictory);
        prop_assert_eq!(one.is_assumed(), other.is_assumed());
    }

    #[test]
    fn words_added_to_a_strict_name_do_not_hide_it(before in "[A-Za-z -]{0,12}", after in "[A-Za-z -]{0,12}") {
        let name = format!("{before} production {after}");
        let squeezed = before.replace([' ', '-'], "").to_lowercase();
        let turned = ["non", "no", "not", "pre"].iter().any(|word| squeezed.ends_with(word));
        prop_assert!(
            turned || strictness(&[], &[&name]).0 >= Environment::Production,
            "{}", name
        );
    }
}
