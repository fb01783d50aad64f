//! A model of Identity Center: asynchronous writes, conflicts, throttling, failures and missing responses.

use std::collections::{BTreeSet, VecDeque};

use domain::{
    engine::{
        AccessResource, AwsResponse, Coverage, Listing, OperationKind, Presence, ReadTarget,
        Refusal, RefusalKind, WriteStatus,
    },
    ids::{AwsRequestId, OperationId, Principal},
};

use super::rng::TestRng;

/// The rate of each fault in per mille. All zero is a healthy AWS.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    pub crash: u32,
    pub conflict: u32,
    pub throttle: u32,
    pub denied: u32,
    pub fails: u32,
    pub never_ends: u32,
    pub lost_applied: u32,
    pub lost_not_applied: u32,
    /// Of the lost and applied writes: applied minutes later.
    pub very_late: u32,
    pub hollow_success: u32,
    pub lost_status: u32,
    pub unreadable: u32,
    pub incomplete: u32,
    pub zombie: u32,
    pub slow: u32,
    /// All calls are refused between these two instants.
    pub outage: Option<(i64, i64)>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Outcome {
    Applies,
    Fails(&'static str),
    /// Reports SUCCEEDED without effect.
    Hollow,
}

#[derive(Debug)]
pub struct AwsOperation {
    pub operation: OperationId,
    pub key: usize,
    pub kind: OperationKind,
    pub request: Option<AwsRequestId>,
    pub outcome: Outcome,
    /// Not applied yet, or in progress.
    pub open: bool,
    pub finished: bool,
    pub status_lost: bool,
}

pub struct Aws {
    pub keys: Vec<AccessResource>,
    pub present: Vec<bool>,
    /// When each key became present or absent, oldest first.
    pub history: Vec<Vec<(i64, bool)>>,
    pub operations: Vec<AwsOperation>,
    pub calls: usize,
    pub most_in_flight: usize,
    pub creates: Vec<usize>,
    recent: VecDeque<i64>,
    /// Principals that no longer exist in the directory. Deleting their assignments always fails.
    pub orphans: BTreeSet<usize>,
}

/// The outcome of a call: the response and its time, and the end of the operation.
pub struct Reply {
    pub answer: AwsResponse,
    pub after: i64,
    /// Index into `operations`, and when the operation is applied.
    pub ends: Option<(usize, i64)>,
}

impl Aws {
    pub fn new(keys: Vec<AccessResource>) -> Self {
        let n = keys.len();
        Self {
            keys,
            present: vec![false; n],
            history: vec![vec![(i64::MIN, false)]; n],
            operations: Vec::new(),
            calls: 0,
            most_in_flight: 0,
            creates: vec![0; n],
            recent: VecDeque::new(),
            orphans: BTreeSet::new(),
        }
    }

    pub fn index(&self, key: &AccessResource) -> usize {
        self.keys
            .iter()
            .position(|k| k == key)
            .expect("a key of this simulation")
    }

    pub fn set(&mut self, key: usize, present: bool, now: i64) {
        if self.present[key] != present {
            self.present[key] = present;
            self.history[key].push((now, present));
        }
    }

    /// Returns whether it had that state at any instant of the interval, including both ends.
    pub fn was(&self, key: usize, present: bool, from: i64, to: i64) -> bool {
        let history = &self.history[key];
        history.iter().enumerate().any(|(at, (since, state))| {
            let until = history.get(at + 1).map_or(i64::MAX, |(next, _)| *next);
            *state == present && *since <= to && until >= from
        })
    }

    fn too_many(&mut self, now: i64) -> bool {
        while self.recent.front().is_some_and(|at| *at <= now - 1_000) {
            self.recent.pop_front();
        }
        if self.recent.len() >= 20 {
            return true;
        }
        self.recent.push_back(now);
        false
    }

    #[expect(
        clippy::too_many_lines,
        reason = "the order of the checks is easiest to read in one function"
    )]
    pub fn call(
        &mut self,
        operation: OperationId,
        key: usize,
        kind: OperationKind,
        now: i64,
        faults: &Faults,
        rng: &mut TestRng,
    ) -> Reply {
        self.calls += 1;
        let refuse = |why, message: &str| Reply {
            answer: AwsResponse::Refused(Refusal {
                why,
                message: message.to_owned(),
            }),
            after: 50,
            ends: None,
        };
        if self.too_many(now) || rng.chance(faults.throttle) {
            return refuse(RefusalKind::Throttled, "ThrottlingException");
        }
        if faults.outage.is_some_and(|(a, b)| (a..b).contains(&now)) || rng.chance(faults.denied) {
            return refuse(RefusalKind::Permanent, "AccessDeniedException");
        }
        if rng.chance(faults.lost_not_applied) {
            return Reply {
                answer: AwsResponse::Unknown("time-out".into()),
                after: 5_000,
                ends: None,
            };
        }
        let in_flight = self.operations.iter().filter(|o| o.open).count();
        self.most_in_flight = self.most_in_flight.max(in_flight + 1);
        let same = self.operations.iter().any(|o| o.open && o.key == key);
        if same || rng.chance(faults.conflict) {
            return refuse(RefusalKind::Conflict, "ConflictException");
        }
        if in_flight >= 15 {
            return refuse(
                RefusalKind::Throttled,
                "ThrottlingException: too many requests processing",
            );
        }
        let synchronous = matches!(self.keys[key], AccessResource::Membership { .. });
        if synchronous {
            if kind == OperationKind::Create && self.present[key] {
                return refuse(RefusalKind::Conflict, "ConflictException: already a member");
            }
            if kind == OperationKind::Delete && !self.present[key] {
                return refuse(RefusalKind::NotFound, "ResourceNotFoundException");
            }
        }
        if kind == OperationKind::Create {
            self.creates[key] += 1;
        }
        let orphaned = self.orphans.contains(&key) && kind == OperationKind::Delete;
        let outcome = if orphaned {
            Outcome::Fails("Received a 404 status error: the USER assignee was not found")
        } else if !synchronous && rng.chance(faults.fails) {
            Outcome::Fails("the role could not be updated")
        } else if rng.chance(faults.hollow_success) {
            Outcome::Hollow
        } else {
            Outcome::Applies
        };
        let at = self.operations.len();
        let request = format!("00000000-0000-4000-a000-{at:012x}");
        let mut entry = AwsOperation {
            operation,
            key,
            kind,
            request: AwsRequestId::parse(&request).ok(),
            outcome,
            open: true,
            finished: false,
            status_lost: rng.chance(faults.lost_status),
        };
        if rng.chance(faults.lost_applied) {
            entry.request = None;
            self.operations.push(entry);
            let delay = if rng.chance(faults.very_late) {
                rng.between(10_000, 240_000)
            } else {
                rng.between(0, 9_000)
            };
            return Reply {
                answer: AwsResponse::Unknown("connection reset".into()),
                after: 5_000,
                ends: Some((at, now + delay)),
            };
        }
        let request = entry.request.clone().expect("a request id");
        self.operations.push(entry);
        if synchronous {
            return Reply {
                answer: AwsResponse::Done,
                after: 30,
                ends: Some((at, now)),
            };
        }
        let ends = if rng.chance(faults.never_ends) {
            // The status never changes, whatever happens to the operation.
            self.operations[at].status_lost = false;
            self.operations[at].request = None;
            now + rng.between(1_000, 600_000)
        } else if rng.chance(faults.slow) {
            now + rng.between(10_000, 120_000)
        } else {
            now + rng.between(500, 6_000)
        };
        Reply {
            answer: AwsResponse::Accepted(request),
            after: 50,
            ends: Some((at, ends)),
        }
    }

    /// Applies an operation.
    pub fn finish(&mut self, at: usize, now: i64) {
        let entry = &mut self.operations[at];
        entry.open = false;
        entry.finished = true;
        let (key, present) = (entry.key, entry.kind == OperationKind::Create);
        if entry.outcome == Outcome::Applies {
            self.set(key, present, now);
        }
    }

    pub fn status(
        &mut self,
        request: &AwsRequestId,
        now: i64,
        faults: &Faults,
        rng: &mut TestRng,
    ) -> WriteStatus {
        if self.too_many(now) || rng.chance(faults.unreadable) {
            return WriteStatus::Unreadable("ThrottlingException".into());
        }
        let Some(entry) = self
            .operations
            .iter()
            .find(|o| o.request.as_ref() == Some(request))
        else {
            return WriteStatus::InProgress;
        };
        if entry.status_lost {
            return WriteStatus::Lost;
        }
        match (entry.finished, entry.outcome) {
            (false, _) => WriteStatus::InProgress,
            (true, Outcome::Fails(reason)) => WriteStatus::Failed(reason.into()),
            (true, _) => WriteStatus::Succeeded,
        }
    }

    /// A read at this instant; `None` if it fails.
    pub fn read(
        &mut self,
        target: &ReadTarget,
        now: i64,
        faults: &Faults,
        rng: &mut TestRng,
    ) -> Option<(Listing, Coverage)> {
        if self.too_many(now) || rng.chance(faults.unreadable) {
            return None;
        }
        let coverage = if rng.chance(faults.incomplete) {
            Coverage::Incomplete
        } else {
            Coverage::Complete
        };
        match target {
            ReadTarget::Pair(pair) => {
                let mut principals = BTreeSet::<Principal>::new();
                for (key, present) in self.keys.iter().zip(&self.present) {
                    let left_out = coverage == Coverage::Incomplete && rng.chance(600);
                    if let AccessResource::Assignment(a) = key
                        && a.pair == *pair
                        && *present
                        && !left_out
                    {
                        principals.insert(a.principal.clone());
                    }
                }
                Some((
                    Listing::Pair {
                        pair: pair.clone(),
                        principals,
                    },
                    coverage,
                ))
            }
            ReadTarget::Membership { group, user } => {
                let key = AccessResource::Membership {
                    group: group.clone(),
                    user: user.clone(),
                };
                let presence = if self.present[self.index(&key)] {
                    Presence::Present
                } else {
                    Presence::Absent
                };
                Some((
                    Listing::Membership {
                        group: group.clone(),
                        user: user.clone(),
                        presence,
                    },
                    Coverage::Complete,
                ))
            }
        }
    }
}
