//! The present state of subjects that the snapshot does not hold. What is missing was not read, and is never taken for
//! absent.

use std::collections::BTreeMap;

use super::{SubjectKey, SubjectState};

/// The states of the subjects of one change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SubjectStates(pub BTreeMap<SubjectKey, SubjectState>);

impl SubjectStates {
    pub fn get(&self, key: &SubjectKey) -> Option<&SubjectState> {
        self.0.get(key)
    }
}
