//! What jobs are for, why they fail, and what to do, on the page of operations.

use domain::job::{JobFailure, JobKind};

/// Returns what the jobs of a kind do.
pub(super) const fn purpose(kind: JobKind) -> &'static str {
    match kind {
        JobKind::Crawl => "Reads accounts, access, groups and permission sets",
        JobKind::ChangeExpiry => "Ends changes that nobody decided or started in time",
        JobKind::Sealing => "Signs new entries",
        JobKind::RowComparison => "Finds records that somebody altered by hand",
        JobKind::PoolCheck => "Compares the settings of sign-ins with the configuration",
    }
}

/// Returns what it means that a job of a kind is done: one that found something else has failed, or the page says what it found.
pub(super) const fn done(kind: JobKind) -> &'static str {
    match kind {
        JobKind::Crawl => "Everything was read",
        JobKind::ChangeExpiry => "Overdue changes were ended",
        JobKind::Sealing => "New entries were signed",
        JobKind::RowComparison => "No record differs",
        JobKind::PoolCheck => "As configured",
    }
}

/// Returns why an attempt failed, and what to do.
pub(super) const fn reason(why: JobFailure) -> &'static str {
    match why {
        JobFailure::DatabaseUnavailable => {
            "The database was locked, full or not reachable. Try again when it is available."
        }
        JobFailure::OtherInstance => {
            "The configuration leads to another Identity Center instance. Correct LEASTWISE_AWS_REGION and the credentials."
        }
        JobFailure::ProcessEnded => "The server that ran it ended, or lost the database.",
        JobFailure::NoProgress => "It made no progress for too long and was stopped.",
        JobFailure::PayloadTooOld => {
            "An earlier version of Leastwise requested it, and this version does not understand the request. Dismiss it."
        }
        JobFailure::NoAnswerFromAws => {
            "AWS answered nothing that it needs. The log of the server has the errors: check the network, the credentials and the quotas."
        }
        JobFailure::PoolDiffers => {
            "The user pool no longer fits the configuration. The log of the server says how. `leastwise check-config` checks it again."
        }
        JobFailure::NotSealed => {
            "New entries of the ledger could not be signed. /readyz and the log of the server say why."
        }
        JobFailure::Internal => {
            "An internal error. The log of the server has it, with the id of the job."
        }
    }
}
