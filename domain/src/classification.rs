//! What an account is: its environment and its PCI scope, where that was learned, and how it may change.
//!
//! What is discovered tightens at once. It never loosens by itself: a tag that somebody removes in
//! AWS must not open a door here, so a looser discovery only *waits*, shown, until two people
//! confirm it. An account that tells nothing is judged as production PCI.

use serde::{Deserialize, Serialize};

use crate::org::{Account, AccountState, OrganizationalUnit, SpecialAccounts};

/// What runs in an account. Ordered by how strictly it is guarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Environment {
    /// Playground; nothing depends on it.
    Sandbox,
    /// Development.
    Development,
    /// Staging.
    Staging,
    /// Production.
    Production,
    /// Security tooling, log archive, delegated administration.
    Security,
    /// The organization's management account.
    Management,
}

/// PCI DSS scope of an account. Ordered by how strictly it is guarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pci {
    /// Out of scope: neither holds card data nor can reach it.
    Out,
    /// Connected to, or able to impact, the card data environment.
    Connected,
    /// In the card data environment.
    In,
}

/// Where a classification was learned, in the order in which sources are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The account's part in the organization (management, delegated administrator, Leastwise's own).
    Role,
    /// The account's own tags.
    Tag,
    /// The name of a unit it is in.
    Ou,
    /// Confirmed earlier and stricter than what AWS says now.
    Record,
    /// Nothing told us: judged as production PCI.
    Nothing,
}

/// What an account is, with where each half was learned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Classification {
    /// Development, staging, production, …
    pub environment: Environment,
    /// Where the environment was learned.
    pub environment_source: Source,
    /// PCI scope.
    pub pci: Pci,
    /// Where the PCI scope was learned.
    pub pci_source: Source,
    /// What AWS says now, if that is looser than what is on record: it waits for two people.
    pub waiting: Option<(Environment, Pci)>,
}

impl Classification {
    /// Whether the strictest rules apply: production in PCI scope, and the accounts from which
    /// production PCI could be opened (DESIGN 3).
    pub fn counts_as_production_pci(&self) -> bool {
        match self.environment {
            Environment::Management | Environment::Security => true,
            Environment::Production => self.pci == Pci::In,
            Environment::Sandbox | Environment::Development | Environment::Staging => false,
        }
    }

    /// The two halves that the record keeps.
    pub fn strictness(&self) -> (Environment, Pci) {
        (self.environment, self.pci)
    }
}

impl Environment {
    /// The word for it in tags, URLs, rules and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sandbox => "sandbox",
            Self::Development => "development",
            Self::Staging => "staging",
            Self::Production => "production",
            Self::Security => "security",
            Self::Management => "management",
        }
    }

    /// From a tag's value or a unit's name, in the spellings people use.
    pub fn from_word(word: &str) -> Option<Self> {
        Some(match word.trim().to_ascii_lowercase().as_str() {
            "sandbox" | "sandboxes" | "playground" => Self::Sandbox,
            "development" | "dev" | "develop" => Self::Development,
            "staging" | "stage" | "stg" | "preprod" | "pre-production" | "test" | "qa" => {
                Self::Staging
            }
            "production" | "prod" | "prd" | "live" => Self::Production,
            "security" | "log-archive" | "logs" | "audit" | "infrastructure-security" => {
                Self::Security
            }
            "management" | "root" | "payer" => Self::Management,
            _ => return None,
        })
    }
}

impl Pci {
    /// The word for it in tags, URLs, rules and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Out => "out",
            Self::Connected => "connected",
            Self::In => "in",
        }
    }

    /// From a tag's value or a unit's name, in the spellings people use.
    pub fn from_word(word: &str) -> Option<Self> {
        Some(match word.trim().to_ascii_lowercase().as_str() {
            "in" | "in-scope" | "true" | "yes" | "pci" | "cde" => Self::In,
            "connected" | "connected-to" | "security-impacting" => Self::Connected,
            "out" | "out-of-scope" | "false" | "no" | "non-pci" | "nonpci" => Self::Out,
            _ => return None,
        })
    }
}

/// The tag that names the environment.
pub const ENVIRONMENT_TAG: &str = "environment";
/// The tag that names the PCI scope.
pub const PCI_TAG: &str = "pci";

/// Classifies an account from its part in the organization, its tags, its units and what was on
/// record before. `units` are the account's units, from the root down.
pub fn classify(
    account: &Account,
    units: &[&OrganizationalUnit],
    special: &SpecialAccounts,
    recorded: Option<(Environment, Pci)>,
) -> Classification {
    let (environment, environment_source) = discover_environment(account, units, special);
    let (pci, pci_source) = discover_pci(account, units);
    let discovered = Classification {
        environment,
        environment_source,
        pci,
        pci_source,
        waiting: None,
    };
    recorded.map_or(discovered, |held| hold(discovered, held))
}

/// Keeps the stricter of what was found and what is on record, half by half.
fn hold(found: Classification, held: (Environment, Pci)) -> Classification {
    let looser = found.environment < held.0 || found.pci < held.1;
    let mut kept = found;
    if found.environment < held.0 {
        (kept.environment, kept.environment_source) = (held.0, Source::Record);
    }
    if found.pci < held.1 {
        (kept.pci, kept.pci_source) = (held.1, Source::Record);
    }
    kept.waiting = looser.then_some((found.environment, found.pci));
    kept
}

fn discover_environment(
    account: &Account,
    units: &[&OrganizationalUnit],
    special: &SpecialAccounts,
) -> (Environment, Source) {
    if special.management.as_ref() == Some(&account.id) {
        return (Environment::Management, Source::Role);
    }
    if special.delegated_administrators.contains(&account.id)
        || special.leastwise.contains(&account.id)
    {
        return (Environment::Security, Source::Role);
    }
    if let Some(found) = tag(account, ENVIRONMENT_TAG).and_then(Environment::from_word) {
        return (found, Source::Tag);
    }
    // The nearest unit that says something wins; a root or a team's unit says nothing.
    units
        .iter()
        .rev()
        .find_map(|unit| words(&unit.name).find_map(Environment::from_word))
        .map_or((Environment::Production, Source::Nothing), |found| {
            (found, Source::Ou)
        })
}

fn discover_pci(account: &Account, units: &[&OrganizationalUnit]) -> (Pci, Source) {
    if let Some(found) = tag(account, PCI_TAG).and_then(Pci::from_word) {
        return (found, Source::Tag);
    }
    units
        .iter()
        .rev()
        .find_map(|unit| pci_of_unit(&unit.name))
        .map_or((Pci::In, Source::Nothing), |found| (found, Source::Ou))
}

/// A unit's name is read whole and word by word; only the words that name PCI count, because a
/// unit called "Sign-in" is not in scope.
fn pci_of_unit(name: &str) -> Option<Pci> {
    let name = name.trim().to_ascii_lowercase();
    if name.contains("non-pci") || name.contains("nonpci") || name.contains("non pci") {
        return Some(Pci::Out);
    }
    words(&name).find_map(|word| match word {
        "pci" | "cde" => Some(Pci::In),
        _ => None,
    })
}

fn words(name: &str) -> impl Iterator<Item = &str> {
    std::iter::once(name)
        .chain(name.split(|c: char| c.is_whitespace() || c == '/' || c == '_' || c == '-'))
}

/// Tag keys are matched without regard to case: AWS keeps the case people typed.
fn tag<'a>(account: &'a Account, key: &str) -> Option<&'a str> {
    account
        .tags
        .iter()
        .find(|(k, _)| k.eq_ignore_ascii_case(key))
        .map(|(_, v)| v.as_str())
}

/// Whether an account can hold access at all.
pub fn is_live(account: &Account) -> bool {
    matches!(
        account.state,
        AccountState::Active | AccountState::PendingActivation
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::ids::{AccountId, OuId};

    fn account(tags: &[(&str, &str)]) -> Account {
        Account {
            id: AccountId::parse("111122223333").unwrap(),
            name: "cards-prod".into(),
            email: "cards@example.com".into(),
            state: AccountState::Active,
            ous: vec![],
            tags: tags
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect::<BTreeMap<_, _>>(),
        }
    }

    fn unit(name: &str) -> OrganizationalUnit {
        OrganizationalUnit {
            id: OuId::parse("ou-ab12-cdef3456").unwrap(),
            name: name.into(),
            parent: None,
        }
    }

    #[test]
    fn tags_say_first_then_the_nearest_unit() {
        let prod = unit("Production");
        let found = classify(
            &account(&[("Environment", "dev")]),
            &[&prod],
            &SpecialAccounts::default(),
            None,
        );
        assert_eq!(
            (found.environment, found.environment_source),
            (Environment::Development, Source::Tag)
        );
        let found = classify(
            &account(&[]),
            &[&prod, &unit("PCI Staging")],
            &SpecialAccounts::default(),
            None,
        );
        assert_eq!(
            (found.environment, found.pci),
            (Environment::Staging, Pci::In)
        );
    }

    #[test]
    fn an_account_that_tells_nothing_is_judged_as_production_pci() {
        let found = classify(
            &account(&[]),
            &[&unit("Team Blue")],
            &SpecialAccounts::default(),
            None,
        );
        assert!(found.counts_as_production_pci());
        assert_eq!(found.environment_source, Source::Nothing);
    }

    #[test]
    fn a_unit_called_non_pci_is_out_of_scope_and_sign_in_says_nothing() {
        assert_eq!(pci_of_unit("Non-PCI"), Some(Pci::Out));
        assert_eq!(pci_of_unit("Sign-in"), None);
    }

    #[test]
    fn a_removed_tag_does_not_loosen_what_is_on_record() {
        let held = Some((Environment::Production, Pci::In));
        let found = classify(
            &account(&[("environment", "production"), ("pci", "out")]),
            &[],
            &SpecialAccounts::default(),
            held,
        );
        assert!(found.counts_as_production_pci());
        assert_eq!(found.pci_source, Source::Record);
        assert_eq!(found.waiting, Some((Environment::Production, Pci::Out)));
    }

    #[test]
    fn a_stricter_tag_tightens_at_once() {
        let held = Some((Environment::Development, Pci::Out));
        let found = classify(
            &account(&[("environment", "production"), ("pci", "in")]),
            &[],
            &SpecialAccounts::default(),
            held,
        );
        assert!(found.counts_as_production_pci());
        assert_eq!(found.waiting, None);
    }

    #[test]
    fn the_accounts_from_which_production_could_be_opened_are_guarded_whatever_their_tags() {
        let special = SpecialAccounts {
            delegated_administrators: vec![AccountId::parse("111122223333").unwrap()],
            ..SpecialAccounts::default()
        };
        let found = classify(
            &account(&[("environment", "dev"), ("pci", "out")]),
            &[],
            &special,
            None,
        );
        assert!(found.counts_as_production_pci());
    }
}
