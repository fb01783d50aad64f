//! The content of a permission set together with what it was found to allow: what approvals of access are bound to.
//!
//! The hash of the content alone does not say what people agreed to: a permission set refers to AWS managed policies by
//! ARN, so it stays the same when AWS publishes another version, and when a newer catalogue judges an action otherwise.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{ContentHash, PermissionSet, analysis::Capability};

/// The content of a permission set, and what it was found to allow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JudgedContent {
    pub hash: ContentHash,
    pub capabilities: BTreeSet<Capability>,
}

impl JudgedContent {
    /// Returns the content of a permission set as it is judged now.
    pub fn of(set: &PermissionSet) -> Self {
        Self {
            hash: set.hash.clone(),
            capabilities: set.analysis.capabilities(),
        }
    }

    /// Whether approvals of this content are approvals of a permission set as it is now: the content is the same, and it
    /// is found to allow nothing of another kind.
    pub fn covers(&self, now: &PermissionSet) -> bool {
        let mut found = now.analysis.extents.keys();
        self.hash == now.hash && found.all(|capability| self.capabilities.contains(capability))
    }
}
