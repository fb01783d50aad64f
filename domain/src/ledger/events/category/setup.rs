//! The events of the setup: what Leastwise records by itself before anybody has signed in. Lists fold them. A finding or a
//! refusal is never one of them, whenever it is recorded.

use crate::ledger::EventKind;

impl EventKind {
    /// The kinds of events that belong to the setup if they are recorded before anybody has signed in.
    pub const SETUP: [Self; 9] = [
        Self::LogStarted,
        Self::LogStopped,
        Self::RulesActivated,
        Self::ClassificationMapped,
        Self::ClassificationRecorded,
        Self::RoleGranted,
        Self::SubjectAssigned,
        Self::SubjectLinked,
        Self::IdentityLinked,
    ];
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Agency, Severity};

    #[test]
    fn nothing_of_the_setup_is_what_a_person_did_or_a_finding() {
        for kind in EventKind::SETUP {
            let meaning = kind.meaning();
            assert_ne!(meaning.agency, Agency::Person, "{kind:?}");
            assert!(meaning.severity < Severity::High, "{kind:?}");
        }
    }
}
