//! Every type of event that is written, in one table. A type once used keeps its meaning for ever.

use domain::ledger::EntryType;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)+) => {
        /// What kind of event.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Kind {
            $($(#[$doc])* $name,)+
        }

        impl Kind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The word for it, for ever.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)+
                }
            }
        }
    };
}

kinds! {
    /// Somebody asked for a change and the rules let it through, or wait for approvals.
    ChangeSubmitted = "change.submitted",
    /// Somebody asked for a change and the rules said no.
    ChangeRefused = "change.refused",
    /// An approver said yes.
    ChangeApproved = "change.approved",
    /// An approver said no.
    ChangeDeclined = "change.declined",
    /// The requester took it back.
    ChangeWithdrawn = "change.withdrawn",
    /// Nobody decided in time.
    ChangeExpired = "change.expired",
    /// The engine took it up.
    ChangeStarted = "change.started",
    /// It would do more than was approved, and waits for approvals again.
    ChangeSentBack = "change.sent_back",
    /// All of it was carried out and read back from AWS.
    ChangeVerified = "change.verified",
    /// It could not be carried out as a whole.
    ChangeFailed = "change.failed",
    /// A write to AWS is about to be made.
    OperationIntended = "operation.intended",
    /// AWS took the write.
    OperationAccepted = "operation.accepted",
    /// AWS refused the write, or could not carry it out.
    OperationFailed = "operation.failed",
    /// What the write was for was read back from AWS.
    OperationVerified = "operation.verified",
    /// A window of access began.
    GrantStarted = "grant.started",
    /// A window of access was ended before its time: by a removal, or because it could not be given.
    GrantStopped = "grant.stopped",
    /// The engine is done with a window: its access is gone, never came, or rests on another window.
    GrantClosed = "grant.closed",
    /// Access is to be taken away by a removal, whatever gave it; it is minded until it is seen gone.
    GrantRevoked = "grant.revoked",
    /// Access was seen gone from AWS.
    GrantEnded = "grant.ended",
    /// Access should be gone and is not.
    GrantOverdue = "grant.overdue",
    /// Access that had gone is there again.
    GrantReappeared = "grant.reappeared",
    /// Access that was given is gone without our doing.
    GrantMissing = "grant.missing",
    /// Somebody signed in.
    SessionStarted = "session.started",
    /// A session ended.
    SessionEnded = "session.ended",
    /// A sign-in was refused.
    SessionRefused = "session.refused",
    /// A sign-in claimed a directory user who is somebody already, by another sign-in.
    SubjectClaimed = "subject.claimed",
    /// Somebody was given a role in Leastwise.
    RoleGranted = "role.granted",
    /// Somebody lost a role in Leastwise.
    RoleEnded = "role.ended",
    /// Other rules judge from here on.
    RulesActivated = "rules.activated",
    /// A crawl of AWS ended.
    SyncCompleted = "sync.completed",
    /// AWS holds, or no longer holds, what nobody did through Leastwise.
    OutsideSeen = "outside.seen",
    /// A report left the server.
    ReportDownloaded = "report.downloaded",
    /// Somebody read the ledger.
    LedgerViewed = "ledger.viewed",
    /// Somebody wrote the ledger out as a bundle, on the command line.
    LedgerExported = "ledger.exported",
    /// The process began to write the log.
    LogStarted = "log.started",
    /// The process stopped writing the log in good order.
    LogStopped = "log.stopped",
    /// Somebody asked for what their roles do not include.
    AccessDenied = "access.denied",
}

impl Kind {
    /// The word as an entry holds it.
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

    /// The words in ledgers that exist. One that stands here is never changed or taken away.
    const WRITTEN: [&str; 37] = [
        "change.submitted",
        "change.refused",
        "change.approved",
        "change.declined",
        "change.withdrawn",
        "change.expired",
        "change.started",
        "change.sent_back",
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
        "session.started",
        "session.ended",
        "session.refused",
        "subject.claimed",
        "role.granted",
        "role.ended",
        "rules.activated",
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
        let words: Vec<_> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
        assert_eq!(words, WRITTEN);
    }

    #[test]
    fn what_proves_rows_is_written_by_these_words() {
        use domain::ledger::said::{self, grants, sessions};
        for (kind, read, word) in [
            (Kind::ChangeSubmitted, said::SUBMITTED, "change.submitted"),
            (Kind::ChangeRefused, said::REFUSED, "change.refused"),
            (Kind::ChangeStarted, said::BEGAN, "change.started"),
            (Kind::ChangeVerified, said::ENDINGS[0], "change.verified"),
            (Kind::ChangeFailed, said::ENDINGS[1], "change.failed"),
            (Kind::ChangeWithdrawn, said::ENDINGS[2], "change.withdrawn"),
            (Kind::ChangeExpired, said::ENDINGS[3], "change.expired"),
            (Kind::ChangeApproved, said::APPROVED, "change.approved"),
            (Kind::ChangeDeclined, said::DECLINED, "change.declined"),
            (Kind::ChangeSentBack, said::SENT_BACK, "change.sent_back"),
            (Kind::RoleGranted, said::GRANTED, "role.granted"),
            (Kind::RoleEnded, said::ENDED, "role.ended"),
            (Kind::GrantStarted, grants::STARTED, "grant.started"),
            (Kind::GrantStopped, grants::STOPPED, "grant.stopped"),
            (Kind::GrantClosed, grants::CLOSED, "grant.closed"),
            (Kind::GrantRevoked, grants::REVOKED, "grant.revoked"),
            (Kind::GrantEnded, grants::ENDED, "grant.ended"),
            (
                Kind::OperationIntended,
                grants::INTENDED,
                "operation.intended",
            ),
            (
                Kind::OperationVerified,
                grants::VERIFIED,
                "operation.verified",
            ),
            (Kind::SessionStarted, sessions::STARTED, "session.started"),
            (Kind::SessionEnded, sessions::ENDED, "session.ended"),
        ] {
            assert_eq!((kind.as_str(), read), (word, word));
        }
    }

    #[test]
    fn every_type_is_a_valid_word_and_stands_in_the_table_once() {
        let words: std::collections::BTreeSet<_> =
            Kind::ALL.iter().map(|kind| kind.entry_type()).collect();
        assert_eq!(words.len(), Kind::ALL.len());
    }
}
