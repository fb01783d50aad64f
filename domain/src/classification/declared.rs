//! How a declaration counts in the classification of an account.
//!
//! A declaration states what counted without it when it was proposed: what roles, tags and OUs said (`against`), and
//! what they and the record of strictest readings made of it (`without`). It loosens only against that, because that is
//! what two people agreed to; one that was equal or stricter needed nobody, and never loosens. While it is valid, it
//! counts separately for environment and PCI scope:
//!
//! - What AWS says now counts in addition if it is stricter than what AWS said then: a tag that is tightened later
//!   tightens at once, and a tag that is loosened never loosens below what was declared.
//! - What counts without it now, record included, counts in addition if it is stricter than what counted without it
//!   then. The record only rises, so a tag that is tightened and loosened again after a declaration stays tightened,
//!   unless two people had agreed to be less strict than that.
//! - The role of an account (management, delegated administrator, hosting Leastwise) always raises it.
//! - It confirms: while it is valid, nothing waits for a confirmation, unless the record counts nevertheless.
//!
//! After its end, and if the ledger does not confirm its text, it loosens nothing: what there is without it counts, and
//! the declared value only where it is stricter.

use serde::{Deserialize, Serialize};

use super::{Classification, Environment, Pci, Source};
use crate::time::{Duration, Timestamp};

/// How long before its end a declaration has to be confirmed.
pub const CONFIRM_BEFORE: Duration = Duration::days(30);

/// A declaration, as far as it classifies an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Declared {
    pub environment: Environment,
    pub pci: Pci,
    /// What roles, tags and OUs said when it was declared.
    pub against: (Environment, Pci),
    /// What counted without a declaration when it was declared, record included.
    pub without: (Environment, Pci),
    pub valid_until: Timestamp,
    pub proof: DeclarationProof,
}

/// Whether the stored text of a declaration is the one that the ledger records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeclarationProof {
    Confirmed,
    /// The row is missing or was altered. What its entry states still tightens.
    Missing,
    /// A newer version wrote it, and this version does not understand all of it. What its entry states still tightens.
    NotUnderstood,
}

/// What roles, tags and OUs say, without the record and a declaration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reported {
    pub environment: (Environment, Source),
    pub pci: (Pci, Source),
    /// What the roles alone demand.
    pub roles: (Option<Environment>, Option<Pci>),
}

/// What counts without the declaration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Undeclared {
    environment: (Environment, Source),
    pci: (Pci, Source),
    waiting: Option<(Environment, Pci)>,
}

/// What a classification was derived from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Basis {
    reported: Option<Reported>,
    /// The declaration that was taken into account, and what counts without it.
    declared: Option<(Declared, Undeclared)>,
}

impl Basis {
    pub(super) fn of(reported: Reported) -> Self {
        Self {
            reported: Some(reported),
            declared: None,
        }
    }
}

impl Declared {
    /// Whether it counts instead of what AWS said at the time.
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.proof == DeclarationProof::Confirmed && now < self.valid_until
    }

    /// Whether it has to be confirmed: it ends soon, has ended, or its text is not the one in the ledger.
    pub fn is_due(&self, now: Timestamp) -> bool {
        !self.is_valid(now + CONFIRM_BEFORE)
    }

    pub fn strictness(&self) -> (Environment, Pci) {
        (self.environment, self.pci)
    }

    /// Returns what counts while it is valid, roles apart, if AWS says `reported` and `without` counts without it.
    pub fn counts(
        &self,
        reported: (Environment, Pci),
        without: (Environment, Pci),
    ) -> (Environment, Pci) {
        fn half<T: Copy + Ord>(declared: T, then_and_now: [(T, T); 2]) -> T {
            let raised = then_and_now.into_iter().filter(|(then, now)| now > then);
            raised.fold(declared, |known, (_, now)| known.max(now))
        }
        let (environments, pci) = (
            [(self.against.0, reported.0), (self.without.0, without.0)],
            [(self.against.1, reported.1), (self.without.1, without.1)],
        );
        (half(self.environment, environments), half(self.pci, pci))
    }
}

impl Classification {
    /// Returns the declaration that was taken into account.
    pub fn declared(&self) -> Option<Declared> {
        self.basis.declared.map(|(declared, _)| declared)
    }

    /// Returns what roles, tags and OUs say now, without the record and a declaration.
    pub fn reported(&self) -> (Environment, Pci) {
        if let Some(reported) = self.basis.reported {
            return (reported.environment.0, reported.pci.0);
        }
        let undeclared = self.undeclared();
        undeclared.waiting.unwrap_or(undeclared.strictness())
    }

    /// Returns what the role of the account demands of each half, whatever is declared.
    pub fn demanded_by_role(&self) -> (Option<Environment>, Option<Pci>) {
        if let Some(reported) = self.basis.reported {
            return reported.roles;
        }
        let class = self.undeclared();
        let by_role = |source| source == Source::Role;
        (
            by_role(class.environment_source).then_some(class.environment),
            by_role(class.pci_source).then_some(class.pci),
        )
    }

    /// Returns the classification without its declaration: by AWS and the record.
    #[must_use]
    pub fn undeclared(mut self) -> Self {
        if let Some((_, undeclared)) = self.basis.declared.take() {
            (self.environment, self.environment_source) = undeclared.environment;
            (self.pci, self.pci_source) = undeclared.pci;
            self.waiting = undeclared.waiting;
        }
        self
    }

    /// Returns the classification to which approvals are bound: where its declaration changes no value, the source is
    /// the one without it.
    #[must_use]
    pub(crate) fn hashed(self) -> Self {
        let undeclared = self.undeclared();
        if self.strictness() == undeclared.strictness() {
            return undeclared;
        }
        let mut hashed = self;
        if self.environment == undeclared.environment {
            hashed.environment_source = undeclared.environment_source;
        }
        if self.pci == undeclared.pci {
            hashed.pci_source = undeclared.pci_source;
        }
        hashed
    }

    /// Returns the classification with this declaration in force, instead of any other.
    #[must_use]
    pub fn under(self, declared: Option<Declared>, now: Timestamp) -> Self {
        let mut class = self.undeclared();
        let Some(declared) = declared else {
            return class;
        };
        let undeclared = Undeclared {
            environment: (class.environment, class.environment_source),
            pci: (class.pci, class.pci_source),
            waiting: class.waiting,
        };
        let (environment, pci) = if declared.is_valid(now) {
            let reported = class.basis.reported.unwrap_or(Reported {
                environment: undeclared.environment,
                pci: undeclared.pci,
                roles: (None, None),
            });
            (
                valid(
                    declared.environment,
                    [
                        (declared.against.0, reported.environment),
                        (declared.without.0, undeclared.environment),
                    ],
                    reported.roles.0,
                ),
                valid(
                    declared.pci,
                    [
                        (declared.against.1, reported.pci),
                        (declared.without.1, undeclared.pci),
                    ],
                    reported.roles.1,
                ),
            )
        } else {
            (
                stricter(undeclared.environment, declared.environment),
                stricter(undeclared.pci, declared.pci),
            )
        };
        if declared.is_valid(now) && environment.1 != Source::Record && pci.1 != Source::Record {
            class.waiting = None;
        }
        (class.environment, class.environment_source) = environment;
        (class.pci, class.pci_source) = pci;
        class.basis.declared = Some((declared, undeclared));
        class
    }
}

/// Returns one half under a valid declaration. Each value of now counts in addition if it is stricter than it was then.
/// A role is named as the source where it demands as much as is declared.
fn valid<T: Copy + Ord>(
    declared: T,
    then_and_now: [(T, (T, Source)); 2],
    role: Option<T>,
) -> (T, Source) {
    let counts = then_and_now
        .into_iter()
        .filter(|(then, now)| now.0 > *then)
        .fold((declared, Source::Declared), |known, (_, now)| {
            if now.0 > known.0 { now } else { known }
        });
    match role {
        Some(role) if role >= counts.0 => (role, Source::Role),
        _ => counts,
    }
}

/// Returns one half under a declaration that loosens nothing.
fn stricter<T: Copy + Ord>(undeclared: (T, Source), declared: T) -> (T, Source) {
    if declared > undeclared.0 {
        (declared, Source::Declared)
    } else {
        undeclared
    }
}
