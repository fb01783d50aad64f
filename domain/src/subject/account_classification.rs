//! What people declare an account to be. Never weakens what AWS says after the declaration.

use serde::{Deserialize, Serialize};

use super::content_hash;
use crate::{
    classification::{Environment, Pci},
    ids::UserId,
    permission_set::ContentHash,
    time::Timestamp,
};

/// The declared classification of an account.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Declaration {
    pub environment: Environment,
    pub pci: Pci,
    /// Who answers for the account.
    pub owner: UserId,
    /// What the account is for.
    pub purpose: String,
    /// Why the account is out of PCI scope. Present exactly if it is.
    pub out_of_scope: Option<String>,
    /// When it has to be declared anew. Afterwards it loosens nothing.
    pub valid_until: Timestamp,
    /// What tags, OUs and roles said at the time. What they say later counts if it is stricter than this.
    pub against: (Environment, Pci),
}

/// Hashes the declaration in force of an account.
pub fn content(declaration: Option<&Declaration>) -> ContentHash {
    content_hash(&declaration)
}
