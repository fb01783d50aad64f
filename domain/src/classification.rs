//! Classification of an account: environment and PCI DSS scope, their sources, and how they change.
//!
//! The strictest of all readings wins, and what is not understood counts as production PCI. A stricter discovery takes
//! effect at once. A looser one does not, because somebody could remove a tag in AWS to gain access: it is shown as
//! *waiting* until it is confirmed in the configuration, or by a declaration. `declared` states how a declaration
//! counts.

mod declared;
mod fold;
mod letters;
mod mapping;
mod reading;
mod vocabulary;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    ids::OuId,
    org::{Account, AccountState, OrganizationalUnit, SpecialAccounts},
};

pub use declared::{Basis, CONFIRM_BEFORE, DeclarationProof, Declared};
pub use fold::fold;
pub use mapping::{Mapping, MappingError};
pub use reading::{Assertion, ReadBy, Reading, ReadingSource, readings};

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

/// The source of a half of a classification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The role of the account in the organization: management, delegated administrator, or hosting Leastwise.
    Role,
    /// A tag of the account.
    Tag,
    /// The name of an organizational unit that contains it.
    Ou,
    /// Recorded earlier, and stricter than what AWS reports now.
    Record,
    /// Declared by people.
    Declared,
    /// A tag or the name of an OU is not understood, so the strictest value is assumed.
    NotUnderstood,
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
    /// Whether tags and OUs say different things. The strictest of them counts.
    #[serde(default, skip_serializing_if = "is_false")]
    pub contradictory: bool,
    /// What AWS reports now, if that is looser than the record: it waits for confirmation.
    pub waiting: Option<(Environment, Pci)>,
    /// What it was derived from. Neither stored nor hashed: only what is in force is.
    #[serde(skip)]
    pub basis: Basis,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature that serde requires"
)]
fn is_false(value: &bool) -> bool {
    !value
}

/// What is known about accounts besides tags and OUs.
#[derive(Debug, Clone, Copy)]
pub struct ClassificationContext<'a> {
    /// The accounts with a special role.
    pub special: &'a SpecialAccounts,
    /// How the organization names environments and PCI scope.
    pub mapping: &'a Mapping,
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

    /// Whether the environment or the PCI scope is assumed: nothing classifies the account, or what does is not
    /// understood.
    pub fn is_assumed(&self) -> bool {
        let assumed = |source| matches!(source, Source::NotUnderstood | Source::Nothing);
        assumed(self.environment_source) || assumed(self.pci_source)
    }

    /// Returns the stricter of this and of what is recorded, separately for each half.
    pub(crate) fn held(self, recorded: (Environment, Pci)) -> Self {
        let mut kept = self;
        if self.environment < recorded.0 {
            (kept.environment, kept.environment_source) = (recorded.0, Source::Record);
        }
        if self.pci < recorded.1 {
            (kept.pci, kept.pci_source) = (recorded.1, Source::Record);
        }
        let looser = kept.strictness() != self.strictness();
        kept.waiting = looser.then_some(self.strictness());
        kept
    }

    /// Returns environment and PCI scope, the halves that are recorded.
    pub fn strictness(&self) -> (Environment, Pci) {
        (self.environment, self.pci)
    }
}

impl Environment {
    /// Returns the name used in policies, URLs, the configuration and the database.
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

    /// Parses that name.
    pub fn parse(name: &str) -> Option<Self> {
        let all = [
            Self::Sandbox,
            Self::Development,
            Self::Staging,
            Self::Production,
            Self::Security,
            Self::Management,
        ];
        all.into_iter().find(|one| one.as_str() == name)
    }
}

impl Pci {
    /// Returns the name used in policies, URLs, the configuration and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Out => "out",
            Self::Connected => "connected",
            Self::In => "in",
        }
    }

    /// Describes an account with this scope, in the middle of a sentence.
    pub fn words(self) -> &'static str {
        match self {
            Self::Out => "out of PCI scope",
            Self::Connected => "connected to PCI",
            Self::In => "in PCI scope",
        }
    }

    /// Parses that name.
    pub fn parse(name: &str) -> Option<Self> {
        let all = [Self::Out, Self::Connected, Self::In];
        all.into_iter().find(|one| one.as_str() == name)
    }
}

/// Classifies an account by its readings and the earlier record. [`Classification::under`] adds its declaration.
pub fn classify(
    account: &Account,
    units: &BTreeMap<OuId, OrganizationalUnit>,
    context: ClassificationContext<'_>,
    recorded: Option<(Environment, Pci)>,
) -> Classification {
    let found = fold(&readings(account, units, context));
    let held = recorded.map(|recorded| context.mapping.held(&account.id, recorded));
    held.map_or(found, |held| found.held(held))
}

/// A classification on record: the strictest values, and what of them was read and not only assumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    pub strictest: (Environment, Pci),
    pub read: (Option<Environment>, Option<Pci>),
}

impl Recorded {
    /// Returns the record after a classification was derived, without its declaration. What was read earlier, and is not read
    /// now, stays read.
    pub fn after(earlier: Option<Self>, class: &Classification) -> Self {
        let was_read = |source| matches!(source, Source::Role | Source::Tag | Source::Ou);
        let before = earlier.map_or((None, None), |earlier| earlier.read);
        Self {
            strictest: class.strictness(),
            read: (
                Some(class.environment)
                    .filter(|_| was_read(class.environment_source))
                    .or(before.0),
                Some(class.pci)
                    .filter(|_| was_read(class.pci_source))
                    .or(before.1),
            ),
        }
    }
}

/// Returns the record of an account after the mapping changed. `before` and `now` are what its readings give by the old
/// and the new mapping. A half that was read, or that waits for confirmation, is not loosened.
pub fn remapped(
    recorded: Recorded,
    before: (Environment, Pci),
    now: (Environment, Pci),
) -> (Environment, Pci) {
    fn half<T: Copy + Ord>(strictest: T, read: Option<T>, before: T, now: T) -> T {
        if strictest > before {
            strictest.max(now)
        } else {
            read.map_or(now, |read| read.max(now))
        }
    }
    let (strictest, read) = (recorded.strictest, recorded.read);
    (
        half(strictest.0, read.0, before.0, now.0),
        half(strictest.1, read.1, before.1, now.1),
    )
}

/// Whether the account is active or being created, so that access to it can be changed.
pub fn is_live(account: &Account) -> bool {
    matches!(
        account.state,
        AccountState::Active | AccountState::PendingActivation
    )
}
