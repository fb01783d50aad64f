//! All event types, in one table. The meaning of a type never changes once it has been used.

use domain::ledger::EntryType;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)+) => {
        /// The type of an event.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum EventKind {
            $($(#[$doc])* $name,)+
        }

        impl EventKind {
            /// All types.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// Returns the type as it is stored. Never changes.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)+
                }
            }
        }
    };
}

kinds! {
    /// A change was requested and is allowed or needs approval.
    ChangeSubmitted = "change.submitted",
    /// A change was requested and is blocked by policy.
    ChangeRefused = "change.refused",
    /// An approver approved a change.
    ChangeApproved = "change.approved",
    /// An approver declined a change.
    ChangeDeclined = "change.declined",
    /// The requester withdrew a change.
    ChangeWithdrawn = "change.withdrawn",
    /// A change was not decided in time, or not started in time.
    ChangeExpired = "change.expired",
    /// The engine started a change.
    ChangeStarted = "change.started",
    /// The effect of a change differs from what was approved, and it needs new decisions.
    ChangeSentBack = "change.sent_back",
    /// A change is about to start with an effect that is narrower than the approved one.
    ChangeNarrowed = "change.narrowed",
    /// A change removes oversight access, or the access of many people, or a policy on removals could not be evaluated.
    ChangeAlarm = "change.alarm",
    /// Every item was carried out and verified by reading AWS.
    ChangeVerified = "change.verified",
    /// The change could not be carried out completely.
    ChangeFailed = "change.failed",
    /// A write to AWS is about to be sent.
    OperationIntended = "operation.intended",
    /// AWS accepted the write.
    OperationAccepted = "operation.accepted",
    /// AWS rejected the write, or failed to carry it out.
    OperationFailed = "operation.failed",
    /// A read of AWS verified the result of the write.
    OperationVerified = "operation.verified",
    /// An access window started.
    GrantStarted = "grant.started",
    /// An access window was ended early: by a removal, or because its access could not be granted.
    GrantStopped = "grant.stopped",
    /// The engine closed an access window: its access is removed, was never granted, or continues through another
    /// window.
    GrantClosed = "grant.closed",
    /// A removal requires that access is removed, whatever granted it. The engine continues until a read shows it gone.
    GrantRevoked = "grant.revoked",
    /// A read showed that access is gone from AWS.
    GrantEnded = "grant.ended",
    /// Access that should be removed still exists.
    GrantOverdue = "grant.overdue",
    /// Removed access exists again.
    GrantReappeared = "grant.reappeared",
    /// Granted access disappeared without a write of Leastwise.
    GrantMissing = "grant.missing",
    /// Temporary oversight access reached its end and is removed.
    GrantAlarm = "grant.alarm",
    /// A person signed in.
    SessionStarted = "session.started",
    SessionEnded = "session.ended",
    SessionRefused = "session.refused",
    /// A sign-in claimed an Identity Center user that is or was another identity.
    SubjectClaimed = "subject.claimed",
    /// A sign-in was linked to an Identity Center user.
    SubjectLinked = "subject.linked",
    /// It is not clear which Identity Center user a sign-in belongs to, so it was linked to none.
    SubjectNotLinked = "subject.not_linked",
    /// It is not clear that a sign-in still belongs to the Identity Center user of its person.
    SubjectUnclear = "subject.unclear",
    /// A person was granted a role in Leastwise.
    RoleGranted = "role.granted",
    /// A person lost a role in Leastwise.
    RoleEnded = "role.ended",
    /// An identity was linked to an Identity Center user, or its user has another external id.
    IdentityLinked = "identity.linked",
    /// Another user has an external id of an identity, and counts as the same human.
    IdentityUserSeen = "identity.user_seen",
    /// The directory shows that an identity is not the user that it was linked to.
    IdentitySuspended = "identity.suspended",
    /// A suspension ended on the host, or an identity became another user.
    IdentityConfirmed = "identity.confirmed",
    /// Many identities differ from the directory at once.
    IdentityAlarmRaised = "identity.alarm_raised",
    /// A difference of an identity belongs to the alarm, and suspends nobody.
    IdentityAlarmIncluded = "identity.alarm_included",
    /// Somebody looked at the identities that differ, on the host.
    IdentityAlarmEnded = "identity.alarm_ended",
    /// Other policies are in force from now on.
    RulesActivated = "rules.activated",
    /// Another mapping of tags and OUs is in force from now on.
    ClassificationMapped = "classification.mapped",
    SyncCompleted = "sync.completed",
    /// Drift: AWS differs from the last read, and no change of Leastwise explains it.
    DriftDetected = "outside.seen",
    /// A report was downloaded.
    ReportDownloaded = "report.downloaded",
    /// A person viewed the ledger.
    LedgerViewed = "ledger.viewed",
    /// The ledger was exported as a bundle, on the command line.
    LedgerExported = "ledger.exported",
    /// The process started to write the log.
    LogStarted = "log.started",
    /// The process shut down in an orderly way and stopped writing the log.
    LogStopped = "log.stopped",
    /// A person requested an action that their roles do not include.
    AccessDenied = "access.denied",
}

impl EventKind {
    /// Returns the type as it is stored in entries.
    #[expect(
        clippy::missing_panics_doc,
        reason = "a test parses every word of the table"
    )]
    pub fn entry_type(self) -> EntryType {
        EntryType::parse(self.as_str()).expect("the table holds dotted words only")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The event types in existing ledgers. Never change or remove one.
    const WRITTEN: [&str; 51] = [
        "change.submitted",
        "change.refused",
        "change.approved",
        "change.declined",
        "change.withdrawn",
        "change.expired",
        "change.started",
        "change.sent_back",
        "change.narrowed",
        "change.alarm",
        "change.verified",
        "change.failed",
        "operation.intended",
        "operation.accepted",
        "operation.failed",
        "operation.verified",
        "grant.started",
        "grant.stopped",
        "grant.closed",
        "grant.revoked",
        "grant.ended",
        "grant.overdue",
        "grant.reappeared",
        "grant.missing",
        "grant.alarm",
        "session.started",
        "session.ended",
        "session.refused",
        "subject.claimed",
        "subject.linked",
        "subject.not_linked",
        "subject.unclear",
        "role.granted",
        "role.ended",
        "identity.linked",
        "identity.user_seen",
        "identity.suspended",
        "identity.confirmed",
        "identity.alarm_raised",
        "identity.alarm_included",
        "identity.alarm_ended",
        "rules.activated",
        "classification.mapped",
        "sync.completed",
        "outside.seen",
        "report.downloaded",
        "ledger.viewed",
        "ledger.exported",
        "log.started",
        "log.stopped",
        "access.denied",
    ];

    #[test]
    fn every_type_is_the_word_that_existing_ledgers_hold() {
        let words: Vec<_> = EventKind::ALL.iter().map(|kind| kind.as_str()).collect();
        assert_eq!(words, WRITTEN);
    }

    #[test]
    fn what_proves_rows_is_written_by_these_words() {
        use domain::ledger::projection::{self, grants, sessions};
        for (kind, read, word) in [
            (
                EventKind::ChangeSubmitted,
                projection::SUBMITTED,
                "change.submitted",
            ),
            (
                EventKind::ChangeRefused,
                projection::REFUSED,
                "change.refused",
            ),
            (
                EventKind::ChangeStarted,
                projection::BEGAN,
                "change.started",
            ),
            (
                EventKind::ChangeVerified,
                projection::ENDINGS[0],
                "change.verified",
            ),
            (
                EventKind::ChangeFailed,
                projection::ENDINGS[1],
                "change.failed",
            ),
            (
                EventKind::ChangeWithdrawn,
                projection::ENDINGS[2],
                "change.withdrawn",
            ),
            (
                EventKind::ChangeExpired,
                projection::ENDINGS[3],
                "change.expired",
            ),
            (
                EventKind::ChangeApproved,
                projection::APPROVED,
                "change.approved",
            ),
            (
                EventKind::ChangeDeclined,
                projection::DECLINED,
                "change.declined",
            ),
            (
                EventKind::ChangeSentBack,
                projection::SENT_BACK,
                "change.sent_back",
            ),
            (EventKind::RoleGranted, projection::GRANTED, "role.granted"),
            (EventKind::RoleEnded, projection::ENDED, "role.ended"),
            (EventKind::GrantStarted, grants::STARTED, "grant.started"),
            (EventKind::GrantStopped, grants::STOPPED, "grant.stopped"),
            (EventKind::GrantClosed, grants::CLOSED, "grant.closed"),
            (EventKind::GrantRevoked, grants::REVOKED, "grant.revoked"),
            (EventKind::GrantEnded, grants::ENDED, "grant.ended"),
            (
                EventKind::OperationIntended,
                grants::INTENDED,
                "operation.intended",
            ),
            (
                EventKind::OperationVerified,
                grants::VERIFIED,
                "operation.verified",
            ),
            (
                EventKind::SessionStarted,
                sessions::STARTED,
                "session.started",
            ),
            (EventKind::SessionEnded, sessions::ENDED, "session.ended"),
        ] {
            assert_eq!((kind.as_str(), read), (word, word));
        }
    }

    #[test]
    fn what_is_known_of_identities_is_written_by_these_words() {
        use domain::ledger::projection::identities;
        for (kind, read, word) in [
            (
                EventKind::IdentityLinked,
                identities::LINKED,
                "identity.linked",
            ),
            (
                EventKind::IdentityUserSeen,
                identities::USER_SEEN,
                "identity.user_seen",
            ),
            (
                EventKind::IdentitySuspended,
                identities::SUSPENDED,
                "identity.suspended",
            ),
            (
                EventKind::IdentityConfirmed,
                identities::CONFIRMED,
                "identity.confirmed",
            ),
            (
                EventKind::IdentityAlarmRaised,
                identities::ALARM_RAISED,
                "identity.alarm_raised",
            ),
            (
                EventKind::IdentityAlarmIncluded,
                identities::ALARM_INCLUDED,
                "identity.alarm_included",
            ),
            (
                EventKind::IdentityAlarmEnded,
                identities::ALARM_ENDED,
                "identity.alarm_ended",
            ),
        ] {
            assert_eq!((kind.as_str(), read), (word, word));
        }
    }

    #[test]
    fn every_type_is_a_valid_word_and_stands_in_the_table_once() {
        let words: std::collections::BTreeSet<_> = EventKind::ALL
            .iter()
            .map(|kind| kind.entry_type())
            .collect();
        assert_eq!(words.len(), EventKind::ALL.len());
    }
}
