//! What Leastwise knows about AWS without asking AWS: its actions, their capabilities, and its managed policies.
//!
//! Data and how it is read; decides nothing. What is missing here is unknown to the analysis and never guessed.

pub mod actions;
pub mod managed_policies;
mod packed;

use domain::{
    permission_set::analysis::{self, ActionCatalogue, DataAge, LogBuckets},
    time::Timestamp,
};

use managed_policies::ManagedPolicies;
pub use packed::PackedError;

/// Everything that the analysis of permission sets looks up.
///
/// Unpacking takes time and memory: unpack it once and share it in an `Arc`.
#[derive(Debug)]
pub struct Catalogue {
    pub policies: ManagedPolicies,
    pub actions: ActionCatalogue,
    pub log_buckets: LogBuckets,
}

impl Catalogue {
    /// Unpacks the data embedded in the binary. No log bucket is declared.
    pub fn embedded() -> Result<Self, PackedError> {
        Ok(Self {
            policies: ManagedPolicies::embedded()?,
            actions: actions::embedded()?,
            log_buckets: LogBuckets::NotDeclared,
        })
    }

    /// Returns how old the data is.
    pub fn age(&self, now: Timestamp) -> DataAge {
        DataAge::of(self.actions.date(), self.policies.date(), now)
    }
}

impl analysis::Catalogue for Catalogue {
    fn document(&self, arn: &str) -> Option<&str> {
        self.policies.document(arn)
    }

    fn actions(&self) -> &ActionCatalogue {
        &self.actions
    }

    fn log_buckets(&self) -> &LogBuckets {
        &self.log_buckets
    }
}
