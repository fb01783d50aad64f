//! The durable rows from which the engine is rebuilt.
//!
//! Each row is upserted as a whole. State that a later decision needs must be in a row; state that AWS can be asked for
//! again must not.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{
    resource::{AccessResource, OperationKind},
    saga::rows::{ProgressRow, SagaStop},
};
use crate::{
    grant::{Term, Window},
    hash::Hash,
    ids::{AwsRequestId, ChangeId, GrantId, OperationId, Principal},
    subject::{StoredPlan, plans_digest},
    time::{Duration, Timestamp},
};

/// The number of processes that have run the engine. Only the newest may commit, and responses to calls of an older one
/// are ignored.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default,
)]
#[serde(transparent)]
pub struct Generation(pub u64);

/// All durable rows, as the shell loads them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rows {
    pub keys: Vec<ResourceRow>,
    /// Windows whose `over` is empty. Others are ignored.
    pub windows: Vec<WindowRow>,
    /// Operations whose phase is not `Over`. Others are ignored.
    pub operations: Vec<OperationRow>,
    /// Changes whose phase is not `Over`. Others are ignored.
    pub changes: Vec<ChangeRow>,
    /// The items of those changes of which anything is done. Others are ignored.
    #[serde(default)]
    pub progress: Vec<ProgressRow>,
    /// The items of those changes whose saga differs from what was requested: see [`ChangeRow::as_requested`].
    #[serde(default)]
    pub altered: BTreeSet<(ChangeId, usize)>,
}

/// A row to upsert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "row")]
pub enum Write {
    /// Identified by `key`.
    Resource(ResourceRow),
    /// Identified by `window.grant`.
    Window(WindowRow),
    /// Identified by `operation`.
    Operation(OperationRow),
    /// Identified by `change`.
    Change(ChangeRow),
    /// Identified by `change` and `index`.
    Progress(ProgressRow),
}

/// The record of an access resource that Leastwise manages or has managed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceRow {
    pub key: AccessResource,
    /// When Leastwise began to manage it: first intent, first verified window, adoption or removal. A resource without
    /// this is never deleted.
    pub managed_since: Option<Timestamp>,
    /// The change that adopted it into the baseline.
    pub adopted: Option<ChangeId>,
    /// The maximum length of a session through it: the longest that any operation stated.
    pub session: Duration,
    /// The last trusted read that was not followed by a write of ours.
    pub confirmed: Option<ReadResult>,
    /// When the last write of ours ended or its outcome became unknown. Older reads prove nothing.
    pub last_write: Option<Timestamp>,
    /// Present while it has no reason to exist and its absence is not verified.
    pub closing: Option<PendingRemoval>,
    /// The read that showed it absent after its last reason ended.
    pub removed_at: Option<Timestamp>,
    /// Planned re-reads that detect delayed duplicate writes.
    pub watch: Option<FollowUpReads>,
    /// Until when a delete of unknown outcome may still take effect.
    pub doubt: Option<Timestamp>,
    pub tries: RetryState,
}

impl ResourceRow {
    /// Creates the row of a resource without any record.
    pub fn new(key: AccessResource) -> Self {
        Self {
            key,
            managed_since: None,
            adopted: None,
            session: Duration::default(),
            confirmed: None,
            last_write: None,
            closing: None,
            removed_at: None,
            watch: None,
            doubt: None,
            tries: RetryState::default(),
        }
    }
}

/// The result of a trusted read for one resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadResult {
    pub presence: Presence,
    pub as_of: Timestamp,
}

/// Whether a resource exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// AWS returned it.
    Present,
    /// AWS did not return it in a complete read.
    Absent,
}

/// A removal in progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingRemoval {
    /// When the removal was due: the end of the last window, the removal change, or when the resource reappeared.
    pub since: Timestamp,
    /// The number of alarms that were raised.
    pub alarms: u32,
}

/// Re-reads at fixed intervals, see [`REREADS`](super::REREADS).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowUpReads {
    /// The instant from which the intervals count.
    pub from: Timestamp,
    /// The number of re-reads made.
    pub done: u8,
}

/// Consecutive failed attempts, and the earliest time of the next one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct RetryState {
    pub count: u32,
    /// The error of the last attempt.
    pub last_error: Option<String>,
    /// The earliest time of the next attempt.
    pub next_try: Option<Timestamp>,
}

/// An access window of a resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowRow {
    pub key: AccessResource,
    /// The period, and the change that opened it.
    pub window: Window,
    /// The read that verified the access.
    pub delivery: Option<Delivery>,
    /// When the engine closed it permanently.
    pub over: Option<Timestamp>,
}

/// The verification that access exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// When the read that showed it began.
    pub at: Timestamp,
    pub how: Cause,
}

/// How a resource reached the wanted state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// By a write of Leastwise.
    #[serde(rename = "by_us")]
    OurWrite,
    /// It was in that state before Leastwise wrote anything.
    #[serde(rename = "found_so")]
    AlreadySo,
}

/// A write to AWS: the intent, which is committed before the call, and its outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperationRow {
    /// The id that Leastwise assigned.
    pub operation: OperationId,
    pub key: AccessResource,
    pub kind: OperationKind,
    /// The change that caused it. For an expiry, the change that opened the window.
    pub change: Option<ChangeId>,
    pub intended_at: Timestamp,
    /// The process that intended it or took it over after a restart.
    pub generation: Generation,
    /// The request id, once AWS has accepted the write.
    pub request: Option<AwsRequestId>,
    pub phase: Phase,
    /// When the response arrived or its absence was noticed. Only later reads verify the operation.
    pub ended_at: Option<Timestamp>,
    /// The error message from AWS.
    pub error: Option<String>,
    /// The number of the attempt for this resource, from 1.
    pub attempt: u32,
}

/// The phase of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Committed; the call may have been sent. After a restart it becomes in doubt.
    Intended,
    /// AWS returned a request id. The request is polled.
    Accepted,
    /// AWS reported the end. A read has to verify it.
    Relisting,
    /// The outcome is unknown. Reads decide it.
    InDoubt,
    /// Closed. Terminal.
    Over(OperationOutcome),
}

/// How an operation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OperationOutcome {
    /// A read showed the intended result.
    Verified,
    /// No read showed the intended result.
    NotSeen,
    /// AWS refused the call, so the write was not made.
    Refused,
    /// AWS accepted the write, then reported FAILED.
    Failed,
    /// The call was not sent.
    NotSent,
}

/// A change that the engine applies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeRow {
    pub change: ChangeId,
    /// One item per operation, in the order of the change.
    pub items: Vec<ItemRow>,
    pub phase: ChangePhase,
    /// When it may start at the earliest. Its verdict is requested then.
    #[serde(default)]
    pub not_before: Option<Timestamp>,
    /// When it started.
    #[serde(default)]
    pub started: Option<Timestamp>,
}

impl ChangeRow {
    /// Adds the results that are in the rows of its items.
    pub fn include(&mut self, progress: Vec<ProgressRow>) {
        for row in progress {
            if let Some(item) = self.items.get_mut(row.index)
                && row.change == self.change
            {
                item.result = item.result.take().or(row.result);
            }
        }
    }
}

impl ChangeRow {
    /// Returns the digest of the plans of its sagas, which the ledger records when it starts. None if it has no saga.
    pub fn plans_digest(&self) -> Option<Hash> {
        let items = self.items.iter().enumerate();
        plans_digest(items.filter_map(|(index, row)| match &row.item {
            Item::Saga { plan } => Some((index, plan)),
            Item::Open { .. } | Item::Close { .. } => None,
        }))
    }

    /// Whether the change only removes access.
    pub fn only_closes(&self) -> bool {
        let closes = |row: &ItemRow| matches!(row.item, Item::Close { .. });
        self.items.iter().all(closes)
    }
}

/// One operation of a change and its result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemRow {
    pub item: Item,
    /// The result, which never changes once set. Until the change is over, it is in the item's [`ProgressRow`] alone.
    pub result: Option<ItemResult>,
}

/// The phase of a change in the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangePhase {
    /// Accepted; waits for a new verdict.
    Queued,
    /// Being applied.
    Applying,
    /// Recorded as verified, failed or returned for approval, or dropped.
    Over,
}

/// The work that one operation of a change requires.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "item")]
pub enum Item {
    /// Grants access for a term that begins when the verdict is confirmed.
    Open {
        /// The id of the access window.
        grant: GrantId,
        key: AccessResource,
        term: Term,
        /// The maximum length of a session through it.
        session: Duration,
    },
    /// Ends every reason of the resource to exist.
    Close {
        key: AccessResource,
        /// The maximum length of a session through it.
        session: Duration,
    },
    /// Carries out what is no access, step by step.
    Saga { plan: StoredPlan },
}

impl Item {
    /// Returns the access that the item grants or removes.
    pub fn access(&self) -> Option<&AccessResource> {
        match self {
            Self::Open { key, .. } | Self::Close { key, .. } => Some(key),
            Self::Saga { .. } => None,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "result")]
pub enum ItemResult {
    /// A read showed the access.
    Granted {
        /// When the read that showed it began.
        verified_at: Timestamp,
        how: Cause,
        /// The other principals that the read showed on the pair. Empty for memberships.
        others: BTreeSet<Principal>,
    },
    /// A read showed the access absent.
    Removed {
        /// When the read that showed it absent began.
        verified_at: Timestamp,
        /// The latest instant at which a session that was started through it can still be active.
        last_use: Timestamp,
        /// Whether Leastwise removed it.
        how: Cause,
        /// The principals that the read still showed on the pair: paths that may remain.
        others: BTreeSet<Principal>,
    },
    /// A read showed what the last step of the saga leaves.
    Carried {
        /// When the read that showed it began.
        verified_at: Timestamp,
        how: Cause,
    },
    /// The saga stopped before its end.
    Stopped {
        /// When that was determined.
        at: Timestamp,
        stop: SagaStop,
        /// The number of steps that are done. They stay done.
        done: usize,
    },
    /// The item was not applied.
    Failed {
        /// When the failure was determined.
        at: Timestamp,
        /// The reason, for display.
        reason: String,
    },
}

impl ItemResult {
    /// Returns why the item was not carried out, for display.
    pub fn failure(&self) -> Option<String> {
        match self {
            Self::Failed { reason, .. } => Some(reason.clone()),
            Self::Stopped { stop, .. } => Some(stop.to_string()),
            Self::Granted { .. } | Self::Removed { .. } | Self::Carried { .. } => None,
        }
    }
}
