//! What an approved change waits for before it starts. Nothing is decided by it.

use serde::Serialize;

/// What is required before a change can be evaluated for the last time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StartDependency {
    /// A crawl that reads every list: the last read is too old or incomplete.
    Crawl,
    /// A response from AWS to a read that the change depends on.
    Aws,
    /// A response of the user pool and the directory that shows whether the people of the change are still who they were.
    Pool,
    /// The end of the alarm about identities, which stops production PCI.
    IdentityAlarm,
    /// The confirmation of the requester or of an approver, whose difference belongs to that alarm.
    PeopleOfTheAlarm,
    /// A clear sign-in of the requester or of an approver whose keys contradict the directory or could not be read.
    PeopleUnclear,
    /// The database.
    Store,
}
