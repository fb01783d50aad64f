//! Drift: changes in AWS that no change in Leastwise explains.
//!
//! Reports differences and never reverts them: assignments and memberships that appeared or disappeared, permission
//! sets that were edited, and accounts that were reclassified or say something else than before.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    classification::{Environment, Pci},
    ids::{AccountId, Assignment, GroupId, Pair, PermissionSetArn, UserId},
    permission_set::ContentHash,
    snapshot::{Knowledge, NeverRead, Parts},
    time::Timestamp,
};

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Drift {
    /// An assignment appeared.
    Assigned { assignment: Assignment },
    /// An assignment disappeared.
    Unassigned { assignment: Assignment },
    /// A user was added to a group.
    Joined { group: GroupId, user: UserId },
    /// A user was removed from a group.
    Left { group: GroupId, user: UserId },
    /// The content of a permission set changed.
    SetEdited {
        set: PermissionSetArn,
        from: ContentHash,
        to: ContentHash,
    },
    /// The classification of an account changed, through its tags or its OU.
    Reclassified {
        account: AccountId,
        from: (Environment, Pci),
        to: (Environment, Pci),
    },
    /// The role, the tags or the OU of an account say something else, and its classification stays: it is recorded, or
    /// declared, more strictly.
    ReportedOtherwise {
        account: AccountId,
        from: (Environment, Pci),
        to: (Environment, Pci),
    },
}

/// A difference, and the two reads between which it came about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DriftEvent {
    #[serde(rename = "outside")]
    pub drift: Drift,
    /// The time of the last read without it.
    pub after: Timestamp,
    /// The time of the first read with it.
    pub by: Timestamp,
}

impl DriftEvent {
    /// Whether it is about how an account is classified, or about what AWS reports of it.
    pub fn classifies(&self, id: &AccountId) -> bool {
        match &self.drift {
            Drift::Reclassified { account, .. } | Drift::ReportedOtherwise { account, .. } => {
                account == id
            }
            _ => false,
        }
    }
}

/// Returns what differs between two reads and was not caused by Leastwise. Empty before the first crawl, when there is
/// nothing to compare with.
pub fn detect(before: &Parts, after: &Parts, ours: impl Fn(&Drift) -> bool) -> Vec<DriftEvent> {
    let Some(since) = before.coverage.newest else {
        return Vec::new();
    };
    let by = after.coverage.newest.unwrap_or(since);
    let never = NeverRead::of(before);
    let mut seen = assignments(before, after, since, by);
    seen.extend(memberships(before, after, since, by));
    let other = sets(before, after).chain(accounts(before, after));
    seen.extend(other.map(|drift| DriftEvent {
        drift,
        after: since,
        by,
    }));
    seen.retain(|one| is_difference(&never, before, &one.drift) && !ours(&one.drift));
    seen
}

/// Whether something was known before that differs. What is read for the first time is not a change.
fn is_difference(never: &NeverRead, before: &Parts, drift: &Drift) -> bool {
    match drift {
        Drift::Assigned { assignment } => {
            let pair = &assignment.pair;
            before.pairs.contains_key(pair) || never.pair(pair) == Knowledge::Read
        }
        Drift::Joined { group, .. } => {
            before.members.contains_key(group) || never.members_of(group) == Knowledge::Read
        }
        Drift::Unassigned { .. }
        | Drift::Left { .. }
        | Drift::SetEdited { .. }
        | Drift::Reclassified { .. }
        | Drift::ReportedOtherwise { .. } => true,
    }
}

fn assignments(before: &Parts, after: &Parts, since: Timestamp, by: Timestamp) -> Vec<DriftEvent> {
    let pairs: BTreeSet<&Pair> = before.pairs.keys().chain(after.pairs.keys()).collect();
    let mut seen = Vec::new();
    for pair in pairs {
        let (then, now) = (before.pairs.get(pair), after.pairs.get(pair));
        let after_read = then.map_or(since, |read| read.as_of);
        let by_read = now.map_or(by, |read| read.as_of);
        let assignment = |principal: &crate::ids::Principal| Assignment {
            pair: pair.clone(),
            principal: principal.clone(),
        };
        let was =
            |p: &&crate::ids::Principal| then.is_some_and(|read| read.principals.contains_key(*p));
        let is =
            |p: &&crate::ids::Principal| now.is_some_and(|read| read.principals.contains_key(*p));
        for principal in now
            .into_iter()
            .flat_map(|read| read.principals.keys())
            .filter(|p| !was(p))
        {
            let drift = Drift::Assigned {
                assignment: assignment(principal),
            };
            seen.push(DriftEvent {
                drift,
                after: after_read,
                by: by_read,
            });
        }
        for principal in then
            .into_iter()
            .flat_map(|read| read.principals.keys())
            .filter(|p| !is(p))
        {
            let drift = Drift::Unassigned {
                assignment: assignment(principal),
            };
            seen.push(DriftEvent {
                drift,
                after: after_read,
                by: by_read,
            });
        }
    }
    seen
}

fn memberships(before: &Parts, after: &Parts, since: Timestamp, by: Timestamp) -> Vec<DriftEvent> {
    let groups: BTreeSet<&GroupId> = before.members.keys().chain(after.members.keys()).collect();
    let none = BTreeSet::new();
    let mut seen = Vec::new();
    for group in groups {
        let then = before.members.get(group).map_or(&none, |all| all);
        let now = after.members.get(group).map_or(&none, |all| all);
        let (group, gone) = (group.clone(), then.difference(now));
        let since = before.members_as_of.get(&group).copied().unwrap_or(since);
        let by = after.members_as_of.get(&group).copied().unwrap_or(by);
        for user in now.difference(then) {
            let drift = Drift::Joined {
                group: group.clone(),
                user: user.clone(),
            };
            seen.push(DriftEvent {
                drift,
                after: since,
                by,
            });
        }
        for user in gone {
            let drift = Drift::Left {
                group: group.clone(),
                user: user.clone(),
            };
            seen.push(DriftEvent {
                drift,
                after: since,
                by,
            });
        }
    }
    seen
}

/// A new or deleted permission set alone gives no access; edited content may.
fn sets(before: &Parts, after: &Parts) -> impl Iterator<Item = Drift> {
    let both = after
        .sets
        .values()
        .filter_map(|now| Some((before.sets.get(&now.arn)?, now)));
    both.filter(|(then, now)| then.hash != now.hash)
        .map(|(then, now)| Drift::SetEdited {
            set: now.arn.clone(),
            from: then.hash.clone(),
            to: now.hash.clone(),
        })
}

/// A declaration is a change of ours, and neither it nor its end is drift.
fn accounts(before: &Parts, after: &Parts) -> impl Iterator<Item = Drift> {
    after.accounts.iter().filter_map(|(id, (_, now))| {
        let then = before.accounts.get(id)?.1;
        let account = id.clone();
        let (from, to) = (
            then.undeclared().strictness(),
            now.undeclared().strictness(),
        );
        if from != to {
            return Some(Drift::Reclassified { account, from, to });
        }
        let (from, to) = (then.reported(), now.reported());
        (from != to).then_some(Drift::ReportedOtherwise { account, from, to })
    })
}
