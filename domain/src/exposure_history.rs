//! How many people could reach some accounts at earlier reads, by what was observed.
//!
//! Answers only for the times of complete reads: a complete read shows what was there and what was not. Where the
//! observations do not say it, the answer is *not known*, never a guess between two reads. Only the people whose access
//! differs from today's are looked at, so the cost follows what changed and not the size of the organization.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    ids::{AccountId, Assignment, GroupId, Principal, UserId},
    snapshot::{Figure, Snapshot},
    span::{PointInTime, Span},
    time::Timestamp,
};

/// A complete read of AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompleteRead {
    pub started: Timestamp,
    pub ended: Timestamp,
}

impl CompleteRead {
    /// Returns whether the read showed what a span is of.
    fn shows(self, span: Span) -> PointInTime {
        if span.first_seen > self.ended || span.gone_seen.is_some_and(|gone| gone <= self.ended) {
            return PointInTime::Absent;
        }
        // Without an end it was confirmed by every read since.
        if span.gone_seen.is_none() || span.last_confirmed >= self.started {
            return PointInTime::Present;
        }
        PointInTime::NotKnown
    }
}

/// What differs between the first read and today, besides the open assignments of the snapshot.
#[derive(Debug, Clone, Default)]
pub struct Observations {
    /// The assignments in the accounts that are gone.
    pub ended: Vec<(Assignment, Span)>,
    /// The memberships that began after the first read or are gone, of the groups that are or were assigned.
    pub memberships: Vec<(GroupId, UserId, Span)>,
    /// When users who are no longer in the directory were gone.
    pub gone: BTreeMap<UserId, Timestamp>,
}

/// Returns the number of people at each read. `accounts` are those that count today; `people` are those who reach them
/// today.
pub fn people_at<'a>(
    snapshot: &'a Snapshot,
    accounts: &BTreeSet<&'a AccountId>,
    people: impl Fn(&UserId) -> bool,
    total: usize,
    observations: &'a Observations,
    reads: &[CompleteRead],
) -> Vec<Figure> {
    let Some(first) = reads.first() else {
        return Vec::new();
    };
    let assigned = assigned(snapshot, accounts, observations);
    let touched = touched(snapshot, &assigned, observations, *first);
    // Everybody else reached the accounts at each read as today.
    let steady = total - touched.iter().filter(|user| people(user)).count();
    let mut memberships: BTreeMap<&UserId, Vec<(&GroupId, Span)>> = BTreeMap::new();
    for (group, user, span) in &observations.memberships {
        memberships.entry(user).or_default().push((group, *span));
    }
    let paths: Vec<Vec<ObservedPath>> = touched
        .iter()
        .map(|user| {
            let known = memberships.get(user).map_or(&[][..], Vec::as_slice);
            paths(snapshot, user, &assigned, known, observations)
        })
        .collect();
    let at = |read: &CompleteRead| {
        let mut count = steady;
        for paths in &paths {
            match reached(paths, *read) {
                PointInTime::Present => count += 1,
                PointInTime::Absent => {}
                PointInTime::NotKnown => return Figure::NotKnown,
            }
        }
        Figure::Known(count)
    };
    reads.iter().map(at).collect()
}

/// The spans of the assignments of each principal in the accounts.
type Assigned<'a> = BTreeMap<&'a Principal, Vec<Span>>;

fn assigned<'a>(
    snapshot: &'a Snapshot,
    accounts: &BTreeSet<&'a AccountId>,
    observations: &'a Observations,
) -> Assigned<'a> {
    let mut assigned = Assigned::new();
    for account in accounts {
        for (_, read) in snapshot.pairs_in(account) {
            for (principal, since) in &read.principals {
                let span = Span::begin(*since);
                assigned.entry(principal).or_default().push(span);
            }
        }
    }
    for (assignment, span) in &observations.ended {
        let spans = assigned.entry(&assignment.principal).or_default();
        spans.push(*span);
    }
    assigned
}

/// Returns the people whose access may differ between the reads and today.
fn touched<'a>(
    snapshot: &'a Snapshot,
    assigned: &Assigned<'a>,
    observations: &'a Observations,
    first: CompleteRead,
) -> BTreeSet<&'a UserId> {
    let differs = |span: &Span| span.first_seen > first.ended || span.gone_seen.is_some();
    let mut touched = BTreeSet::new();
    for (principal, spans) in assigned {
        let is_gone = snapshot.is_gone(principal);
        if !is_gone && !spans.iter().any(differs) {
            continue;
        }
        match principal {
            Principal::User(user) => drop(touched.insert(user)),
            Principal::Group(group) => touched.extend(snapshot.members(group)),
        }
    }
    touched.extend(observations.memberships.iter().map(|(_, user, _)| user));
    touched
}

/// One way to reach the accounts: the spans of which all must be there.
struct ObservedPath {
    assignment: Span,
    membership: Option<Span>,
    gone: Option<Timestamp>,
}

fn paths(
    snapshot: &Snapshot,
    user: &UserId,
    assigned: &Assigned<'_>,
    changed: &[(&GroupId, Span)],
    observations: &Observations,
) -> Vec<ObservedPath> {
    let own = Principal::User(user.clone());
    let gone = if snapshot.is_gone(&own) {
        // If it is not known when they were gone, they count at no time.
        let at = observations.gone.get(user).copied();
        Some(at.unwrap_or(Timestamp(i64::MIN)))
    } else {
        None
    };
    let mut paths = Vec::new();
    let mut add = |principal: &Principal, membership: Option<Span>| {
        let spans = assigned.get(principal).into_iter().flatten();
        paths.extend(spans.map(|assignment| ObservedPath {
            assignment: *assignment,
            membership,
            gone,
        }));
    };
    add(&own, None);
    for (group, span) in changed {
        add(&Principal::Group((*group).clone()), Some(*span));
    }
    // A membership that is open and did not change was there at each read.
    let is_open = |group: &GroupId| {
        let mut of_it = changed.iter().filter(|(id, _)| *id == group);
        of_it.any(|(_, span)| span.gone_seen.is_none())
    };
    for group in snapshot.groups_of(user).iter().filter(|id| !is_open(id)) {
        add(&Principal::Group(group.clone()), None);
    }
    paths
}

fn reached(paths: &[ObservedPath], read: CompleteRead) -> PointInTime {
    let mut best = PointInTime::Absent;
    for path in paths {
        if path.gone.is_some_and(|gone| gone <= read.ended) {
            continue;
        }
        let member = path
            .membership
            .map_or(PointInTime::Present, |span| read.shows(span));
        match (read.shows(path.assignment), member) {
            (PointInTime::Present, PointInTime::Present) => return PointInTime::Present,
            (PointInTime::Absent, _) | (_, PointInTime::Absent) => {}
            _ => best = PointInTime::NotKnown,
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ids::{Pair, PermissionSetArn},
        shared_map::SharedMap,
        snapshot::{Coverage, PairRead, Parts, Provisioned},
    };

    fn t(n: i64) -> Timestamp {
        Timestamp(n)
    }

    fn read(at: i64) -> CompleteRead {
        CompleteRead {
            started: t(at - 2),
            ended: t(at),
        }
    }

    fn user(n: u8) -> UserId {
        UserId::parse(&format!("0e0d3d3e-0b3b-4b6c-9d6a-0000000000{n:02}")).unwrap()
    }

    fn group() -> GroupId {
        GroupId::parse("0e0d3d3e-0b3b-4b6c-9d6a-0f5f0e6d7c8b").unwrap()
    }

    fn pair() -> Pair {
        Pair {
            account: AccountId::parse("111122223333").unwrap(),
            set: PermissionSetArn::parse(
                "arn:aws:sso:::permissionSet/ssoins-7223da1aa8587c47/ps-0000000000000001",
            )
            .unwrap(),
        }
    }

    /// The users are in the directory; the group has the members, and the principals are assigned since a time.
    fn snapshot(users: &[u8], members: &[u8], principals: &[(Principal, i64)]) -> Snapshot {
        let mut parts = Parts::default();
        for n in users {
            let known: crate::directory::User = serde_json::from_value(serde_json::json!({
                "id": user(*n), "user_name": "u", "display_name": "U", "email": null, "title": null,
                "status": "enabled", "origin": "identity_center", "external_ids": [],
            }))
            .unwrap();
            parts.users.insert(user(*n), known);
        }
        let known: crate::directory::Group = serde_json::from_value(serde_json::json!({
            "id": group(), "display_name": "G", "description": null, "origin": "identity_center",
        }))
        .unwrap();
        parts.groups.insert(group(), known);
        let members: BTreeSet<UserId> = members.iter().map(|n| user(*n)).collect();
        parts.members.insert(group(), members.into());
        let principals: SharedMap<Principal, Timestamp> = principals
            .iter()
            .map(|(principal, since)| (principal.clone(), t(*since)))
            .collect();
        parts.pairs.insert(
            pair(),
            PairRead {
                as_of: t(100),
                principals,
                provisioned: Provisioned::Latest,
            },
        );
        parts.coverage = Coverage {
            newest: Some(t(100)),
            complete_at: Some(t(100)),
            ..Coverage::default()
        }
        .into();
        Snapshot::new(parts)
    }

    fn count(
        snapshot: &Snapshot,
        people: &[u8],
        observations: &Observations,
        reads: &[i64],
    ) -> Vec<Figure> {
        let pair = pair();
        let reads: Vec<CompleteRead> = reads.iter().map(|at| read(*at)).collect();
        let people: BTreeSet<UserId> = people.iter().map(|n| user(*n)).collect();
        people_at(
            snapshot,
            &BTreeSet::from([&pair.account]),
            |user| people.contains(user),
            people.len(),
            observations,
            &reads,
        )
    }

    fn gone(first: i64, last: i64, by: i64) -> Span {
        Span::begin(t(first)).confirm(t(last)).close(t(by))
    }

    #[test]
    fn people_count_from_the_read_that_showed_their_access_to_the_one_that_no_longer_did() {
        let (own, all) = (Principal::User(user(1)), Principal::Group(group()));
        let snapshot = snapshot(&[1, 2, 3], &[2], &[(own, 39), (all.clone(), 9)]);
        let observations = Observations {
            // User 3 was assigned, and user 1 was a member besides.
            ended: vec![(
                Assignment {
                    pair: pair(),
                    principal: Principal::User(user(3)),
                },
                gone(9, 29, 49),
            )],
            memberships: vec![(group(), user(1), gone(9, 19, 29))],
            gone: BTreeMap::new(),
        };
        let counts = count(&snapshot, &[1, 2], &observations, &[10, 20, 30, 40, 50]);
        // The reads at 30 and 40: user 3 was last seen by the read that ended at 30.
        assert_eq!(
            counts,
            [
                Figure::Known(3),
                Figure::Known(3),
                Figure::Known(2),
                Figure::NotKnown,
                Figure::Known(2)
            ]
        );
    }

    #[test]
    fn without_differences_each_read_has_todays_number() {
        let all = Principal::Group(group());
        let snapshot = snapshot(&[1, 2], &[1, 2], &[(all, 5)]);
        let counts = count(&snapshot, &[1, 2], &Observations::default(), &[10, 20]);
        assert_eq!(counts, [Figure::Known(2), Figure::Known(2)]);
        assert!(count(&snapshot, &[1, 2], &Observations::default(), &[]).is_empty());
    }

    #[test]
    fn a_deleted_user_counts_until_they_were_gone_and_a_new_member_from_the_first_read_of_it() {
        let all = Principal::Group(group());
        // User 9 is assigned and no longer in the directory.
        let snapshot = snapshot(&[1, 2], &[1, 2], &[(all, 5), (Principal::User(user(9)), 5)]);
        let observations = Observations {
            ended: Vec::new(),
            memberships: vec![(group(), user(2), Span::begin(t(25)))],
            gone: BTreeMap::from([(user(9), t(35))]),
        };
        let counts = count(&snapshot, &[1, 2], &observations, &[10, 30, 40]);
        assert_eq!(
            counts,
            [Figure::Known(2), Figure::Known(3), Figure::Known(2)]
        );
        let unknown_end = Observations {
            gone: BTreeMap::new(),
            ..observations
        };
        let counts = count(&snapshot, &[1, 2], &unknown_end, &[10, 30, 40]);
        assert_eq!(
            counts,
            [Figure::Known(1), Figure::Known(2), Figure::Known(2)]
        );
    }
}
