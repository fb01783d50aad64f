//! The projection of declared classifications: which one is in force for each account, and which ended.
//!
//! A row counts only if the entry of the declaration in force has its digest. Where the row is missing or was altered,
//! what the entry states of the classification still tightens.

use serde::{Deserialize, Serialize};

use super::{Entry, Outcome};
use crate::{
    classification::{DeclarationProof, Declared, Environment, Pci},
    ids::AccountId,
    ledger::EventKind,
    shared_map::SharedMap,
    time::Timestamp,
};

/// The event type of a declaration.
pub const DECLARED: &str = EventKind::AccountDeclared.as_str();
/// The event type of the end of a declaration.
pub const ENDED: &str = EventKind::AccountDeclarationEnded.as_str();

/// Every event type that changes a declaration.
pub const OF_DECLARATIONS: [&str; 2] = [DECLARED, ENDED];

/// A declaration according to its entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedDeclaration {
    /// SHA-256 of the stored text.
    pub digest: String,
    pub at: Timestamp,
    /// When an entry ended or replaced it.
    pub ended_at: Option<Timestamp>,
    /// What it classifies the account as, without the proof of its text.
    pub declared: Declared,
}

/// The declarations of all accounts, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Declarations(SharedMap<AccountId, Vec<RecordedDeclaration>>);

impl Declarations {
    pub(super) fn apply(&mut self, entry: &Entry) {
        let kind = entry.kind.as_str();
        if entry.outcome != Outcome::Success || !(kind == DECLARED || kind == ENDED) {
            return;
        }
        let target = entry.target.as_ref().filter(|at| at.kind == "account");
        let Some(account) = target.and_then(|target| target.account_id.clone()) else {
            return;
        };
        let all = self.0.or_default(account);
        if let Some(last) = all.last_mut() {
            last.ended_at.get_or_insert(entry.occurred_at);
        }
        if kind == DECLARED {
            all.push(recorded(entry));
        }
    }

    /// Returns the declarations of all accounts, oldest first.
    pub fn all(&self) -> &SharedMap<AccountId, Vec<RecordedDeclaration>> {
        &self.0
    }

    /// Returns the declaration in force of an account.
    pub fn in_force(&self, account: &AccountId) -> Option<&RecordedDeclaration> {
        let last = self.0.get(account)?.last()?;
        last.ended_at.is_none().then_some(last)
    }
}

/// Reads an entry. What this version does not understand counts as the strictest value, and as over.
fn recorded(entry: &Entry) -> RecordedDeclaration {
    let word = |name: &str| entry.data.get(name).and_then(serde_json::Value::as_str);
    let environment = |name| {
        word(name)
            .and_then(Environment::parse)
            .unwrap_or(Environment::Production)
    };
    let pci = |name| word(name).and_then(Pci::parse).unwrap_or(Pci::In);
    let end = word("valid_until").and_then(Timestamp::parse_rfc3339);
    RecordedDeclaration {
        digest: word("digest").unwrap_or_default().to_owned(),
        at: entry.occurred_at,
        ended_at: None,
        declared: Declared {
            environment: environment("environment"),
            pci: pci("pci"),
            against: (environment("against_environment"), pci("against_pci")),
            without: (environment("without_environment"), pci("without_pci")),
            valid_until: end.unwrap_or(entry.occurred_at),
            proof: DeclarationProof::Missing,
        },
    }
}
