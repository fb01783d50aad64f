//! A readable title for each event type, for the list of the ledger. The type itself is what is recorded; a title is for
//! display only and may change.

use super::EventKind;

impl EventKind {
    /// Parses the type of an entry. Entries of later versions can have types that this version does not know.
    pub fn parse(word: &str) -> Option<Self> {
        let mut all = Self::ALL.iter().copied();
        all.find(|kind| kind.as_str() == word)
    }

    /// Returns what happened, in a few words.
    pub fn title(self) -> &'static str {
        match self {
            Self::ChangeSubmitted => "Change requested",
            Self::ChangeRefused => "Change blocked by policy",
            Self::ChangeApproved => "Change approved",
            Self::ChangeDeclined => "Change declined",
            Self::ChangeWithdrawn => "Change withdrawn",
            Self::ChangeExpired => "Change expired",
            Self::ChangeStarted => "Change started",
            Self::ChangeSentBack => "Change sent back for approval",
            Self::ChangeNarrowed => "Change starts with less than approved",
            Self::ChangeAlarm => "Alarm about a removal",
            Self::ChangeVerified => "Change verified in AWS",
            Self::ChangeFailed => "Change not carried out completely",
            Self::OperationIntended => "Write to AWS prepared",
            Self::OperationAccepted => "Write accepted by AWS",
            Self::OperationFailed => "Write to AWS failed",
            Self::OperationVerified => "Write verified in AWS",
            Self::GrantStarted => "Access window started",
            Self::GrantStopped => "Access window stopped early",
            Self::GrantClosed => "Access window closed",
            Self::GrantRevoked => "Access to be removed",
            Self::GrantEnded => "Access is gone from AWS",
            Self::GrantOverdue => "Removal of access is overdue",
            Self::GrantReappeared => "Removed access exists again",
            Self::GrantMissing => "Access removed outside Leastwise",
            Self::SessionStarted => "Signed in",
            Self::SessionEnded => "Signed out",
            Self::SessionRefused => "Sign-in refused",
            Self::SubjectClaimed => "Sign-in claims a linked user",
            Self::SubjectLinked => "Sign-in linked to a user",
            Self::SubjectNotLinked => "Sign-in linked to no user",
            Self::RoleGranted => "Role granted",
            Self::RoleEnded => "Role ended",
            Self::IdentityLinked => "Identity linked to a user",
            Self::IdentityUserSeen => "Another user of an identity",
            Self::IdentitySuspended => "Identity suspended",
            Self::IdentityConfirmed => "Identity confirmed",
            Self::IdentityAlarmRaised => "Alarm about identities raised",
            Self::IdentityAlarmEnded => "Alarm about identities ended",
            Self::RulesActivated => "Policies activated",
            Self::ClassificationMapped => "Mapping of tags and OUs activated",
            Self::SyncCompleted => "AWS read",
            Self::DriftDetected => "Changed outside Leastwise",
            Self::ReportDownloaded => "Report downloaded",
            Self::LedgerViewed => "Ledger viewed",
            Self::LedgerExported => "Ledger exported",
            Self::LogStarted => "Log started",
            Self::LogStopped => "Log stopped",
            Self::AccessDenied => "Action denied",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_type_is_parsed_and_has_a_title_of_its_own() {
        let mut titles = BTreeSet::new();
        for kind in EventKind::ALL {
            assert_eq!(EventKind::parse(kind.as_str()), Some(*kind));
            assert!(titles.insert(kind.title()), "{}", kind.title());
        }
        assert_eq!(EventKind::parse("change.unheard_of"), None);
    }
}
