//! Classification of an account: environment and PCI DSS scope, their sources, and how they change.
//!
//! A stricter discovery takes effect at once. A looser one does not, because somebody could remove a tag in
//! AWS to gain access: it is shown as *waiting* until two people confirm it. An account that cannot be classified
//! counts as production PCI.

use serde::{Deserialize, Serialize};

use crate::org::{Account, AccountState, OrganizationalUnit, SpecialAccounts};

/// The environment of an account. Ordered from least to most strict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Environment {
    /// For experiments; nothing depends on it.
    Sandbox,
    Development,
    Staging,
    Production,
    /// Security tooling, log archive, delegated administrators.
    Security,
    /// The management account of the organization.
    Management,
}

/// The PCI DSS scope of an account. Ordered from least to most strict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pci {
    /// Out of scope: neither stores card data nor can reach it.
    Out,
    /// Connected to the cardholder data environment, or able to impact it.
    Connected,
    /// In the cardholder data environment.
    In,
}

/// The source of a classification, in the order in which sources are consulted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The role of the account in the organization: management, delegated administrator, or hosting Leastwise.
    Role,
    /// The tags of the account.
    Tag,
    /// The name of an organizational unit that contains it.
    Ou,
    /// Recorded earlier, and stricter than what AWS reports now.
    Record,
    /// No source: the account counts as production PCI.
    Nothing,
}

/// The classification of an account, with the source of each half.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Classification {
    pub environment: Environment,
    pub environment_source: Source,
    pub pci: Pci,
    pub pci_source: Source,
    /// What AWS reports now, if that is looser than the record: it waits for confirmation by two people.
    pub waiting: Option<(Environment, Pci)>,
}

impl Classification {
    /// Whether the strictest policies apply: production in PCI scope, and the accounts that control access to
    /// production PCI (DESIGN 3).
    pub fn counts_as_production_pci(&self) -> bool {
        match self.environment {
            Environment::Management | Environment::Security => true,
            Environment::Production => self.pci == Pci::In,
            Environment::Sandbox | Environment::Development | Environment::Staging => false,
        }
    }

    /// Returns environment and PCI scope, the halves that are recorded.
    pub fn strictness(&self) -> (Environment, Pci) {
        (self.environment, self.pci)
    }
}

impl Environment {
    /// Returns the name used in tags, URLs, policies and the database.
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

    /// Parses the value of a tag or a word of an OU's name, in the common spellings.
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
    /// Returns the name used in tags, URLs, policies and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Out => "out",
            Self::Connected => "connected",
            Self::In => "in",
        }
    }

    /// Parses the value of a tag, in the common spellings.
    pub fn from_word(word: &str) -> Option<Self> {
        Some(match word.trim().to_ascii_lowercase().as_str() {
            "in" | "in-scope" | "true" | "yes" | "pci" | "cde" => Self::In,
            "connected" | "connected-to" | "security-impacting" => Self::Connected,
            "out" | "out-of-scope" | "false" | "no" | "non-pci" | "nonpci" => Self::Out,
            _ => return None,
        })
    }
}

/// The key of the tag for the environment.
pub const ENVIRONMENT_TAG: &str = "environment";
/// The key of the tag for the PCI scope.
pub const PCI_TAG: &str = "pci";

/// Classifies an account by its role in the organization, its tags, its organizational units and the earlier record.
/// `units` are the OUs that contain the account, from the root down.
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

/// Keeps the stricter of what was discovered and what is recorded, separately for each half.
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
    // The nearest OU whose name has a meaning wins; the root or the OU of a team has none.
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

/// Reads the PCI scope from the name of an OU. Only words that name PCI count, because an OU called "Sign-in" is not in
/// scope.
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

/// Tag keys are matched without regard to case, because AWS preserves the case as typed.
fn tag<'a>(account: &'a Account, key: &str) -> Option<&'a str> {
    account
        .tags
        .iter()
        .find(|(k, _)| k.eq_ignore_ascii_case(key))
        .map(|(_, v)| v.as_str())
}

/// Whether the account is active or being created, so that access to it can be changed.
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
