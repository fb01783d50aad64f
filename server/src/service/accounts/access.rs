//! The paths by which people reach one account, for the list on its page and its files, and the access that ended lately.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use app::{
    backend::{
        AccessHolder, AccountStatus, ChangeForm, EndedAccessRow, EndedListed, ListPage,
        OfferedValue, PersonAccessRow,
    },
    lists::{
        ListChoice,
        access::{ACCESS, AccessFacts, POLICY},
    },
};
use domain::{
    access::{Path, Reach},
    change::Operation,
    ids::{AccountId, Assignment, GroupId, PermissionSetArn, Principal, UserId},
    policies::{ExistingAccess, Holder, Rules},
    snapshot::Snapshot,
    time::{Duration, Timestamp},
    verdict::{Hit, Tally},
};

use crate::{
    service::{Service, app_state::ReadModel, names, page_of_list, refusals},
    store::{StoreError, observed},
};

/// How far back access that ended is listed, and how much of it.
const LATELY: Duration = Duration::days(90);
const ENDED: usize = 20;

impl Service {
    /// Returns a page of the paths to an account.
    pub(super) fn paths_to(
        &self,
        id: &AccountId,
        choice: &ListChoice,
    ) -> ListPage<PersonAccessRow> {
        let facts = self.access_facts(id);
        let read_model = &self.read_model;
        let offered = offered(&read_model.rules, &facts, choice);
        let page = page_of_list(&ACCESS, facts.into_iter(), choice, |one| {
            row(read_model, one)
        });
        ListPage { offered, ..page }
    }

    /// Returns what paths are sorted and filtered by: those of one assignment together, the assignments with the worst
    /// violations first, then by person.
    pub(in crate::service) fn access_facts(&self, id: &AccountId) -> Vec<AccessFacts> {
        let mut existing_access = self.app_state.existing_access(&self.read_model);
        let found = existing_access.of(id).into_iter();
        let mut facts: Vec<AccessFacts> = found.map(|one| facts(&self.read_model, one)).collect();
        let mut worst: BTreeMap<Assignment, Tally> = BTreeMap::new();
        for one in &facts {
            let (assignment, _) = assignment_of(&one.holder);
            let known = worst.entry(assignment).or_default();
            *known = (*known).max(one.tally);
        }
        facts.sort_by_cached_key(|one| {
            let (assignment, _) = assignment_of(&one.holder);
            let set = one.text.split('\n').nth(1).unwrap_or_default();
            (
                Reverse(worst.get(&assignment).copied()),
                set.to_owned(),
                assignment,
                Reverse(one.tally),
                Arc::clone(&one.text),
            )
        });
        facts
    }

    /// Returns the access to an account that ended lately: assignments that are gone, and people who left a group that is
    /// assigned now.
    pub(super) async fn ended_access(
        &self,
        id: &AccountId,
    ) -> Result<(Vec<EndedAccessRow>, EndedListed), StoreError> {
        let since = self.app_state.clock.now() - LATELY;
        let limit = i64::try_from(ENDED + 1).unwrap_or(i64::MAX);
        let snapshot = &self.read_model.snapshot;
        let mut assigned: BTreeMap<&GroupId, Vec<&PermissionSetArn>> = BTreeMap::new();
        for (pair, read) in snapshot.pairs_in(id) {
            for principal in read.principals.keys() {
                if let Principal::Group(group) = principal {
                    assigned.entry(group).or_default().push(&pair.set);
                }
            }
        }
        let groups: Vec<&GroupId> = assigned.keys().copied().collect();
        let mut conn = self.connection().await?;
        let removed = observed::ended_in(&mut conn, id, since, limit).await?;
        let left = observed::left(&mut conn, &groups, since, limit).await?;
        let removed = removed.into_iter().filter_map(|one| {
            Some(EndedAccessRow {
                principal: names::principal(snapshot, &one.assignment.principal),
                sets: vec![names::set(snapshot, &one.assignment.pair.set)],
                left: None,
                first_seen: one.span.first_seen,
                last_seen: one.span.last_confirmed,
                gone_by: one.span.gone_seen?,
            })
        });
        let left = left.into_iter().filter_map(|one| {
            let sets = assigned.get(&one.group)?.iter();
            let name = names::group(snapshot, &one.group);
            Some(EndedAccessRow {
                principal: names::principal(snapshot, &Principal::User(one.user)),
                sets: sets.map(|arn| names::set(snapshot, arn)).collect(),
                left: Some((one.group, name)),
                first_seen: one.span.first_seen,
                last_seen: one.span.last_confirmed,
                gone_by: one.span.gone_seen?,
            })
        });
        let mut ended: Vec<EndedAccessRow> = removed.chain(left).collect();
        ended.sort_by_key(|row| std::cmp::Reverse(row.gone_by));
        let listed = if ended.len() > ENDED {
            EndedListed::Latest
        } else {
            EndedListed::All
        };
        ended.truncate(ENDED);
        Ok((ended, listed))
    }
}

fn facts(read_model: &ReadModel, one: ExistingAccess) -> AccessFacts {
    let snapshot = &read_model.snapshot;
    let ExistingAccess { holder, hits } = one;
    let (assignment, since) = assignment_of(&holder);
    let person = match &holder {
        Holder::Person { reach } => Some(&reach.user),
        Holder::EmptyGroup { .. } | Holder::Orphan { .. } => None,
    };
    let user = person.map(|id| names::user(snapshot, id));
    let ends = read_model.ends(&assignment);
    let review_on = match ends {
        Some(_) => None,
        None => read_model.review_on(&assignment, person),
    };
    AccessFacts {
        text: text(snapshot, &assignment, person).into(),
        tally: Tally::of(hits.iter().map(Hit::outcome)),
        status: user.map_or(AccountStatus::Gone, |user| user.status),
        holder,
        hits,
        since,
        ends,
        review_on,
    }
}

/// Returns what words are searched in: person, permission set and group in one line each, then ids and the e-mail address.
fn text(snapshot: &Snapshot, assignment: &Assignment, person: Option<&UserId>) -> String {
    let name = person.map_or_else(String::new, |id| names::user(snapshot, id).name);
    let known = person.and_then(|id| snapshot.user(id));
    let group = match &assignment.principal {
        Principal::Group(id) => names::group(snapshot, id),
        Principal::User(_) => String::new(),
    };
    let lines = [
        name.as_str(),
        &names::set(snapshot, &assignment.pair.set).name,
        &group,
        known.map_or("", |user| &user.user_name),
        known
            .and_then(|user| user.email.as_deref())
            .unwrap_or_default(),
        person.map_or(assignment.principal.id(), UserId::as_str),
    ];
    lines.join("\n").to_lowercase()
}

fn assignment_of(holder: &Holder) -> (Assignment, Timestamp) {
    match holder {
        Holder::Person { reach } => (ReadModel::assignment(reach), reach.since),
        Holder::EmptyGroup { assignment, since } | Holder::Orphan { assignment, since } => {
            (assignment.clone(), *since)
        }
    }
}

/// Returns the values of the filter by policy: the policies that match any path, and those that are chosen.
fn offered(rules: &Rules, facts: &[AccessFacts], choice: &ListChoice) -> Vec<OfferedValue> {
    let hits = facts.iter().flat_map(|one| one.hits.iter());
    let mut found: BTreeSet<&str> = hits.map(|hit| hit.rule.as_str()).collect();
    found.extend(choice.values(POLICY));
    let offer = |rule: &str| OfferedValue {
        filter: POLICY,
        value: rule.to_owned(),
        label: rules.title(rule),
    };
    found.into_iter().map(offer).collect()
}

/// Returns the row of a path.
pub(in crate::service) fn row(read_model: &ReadModel, facts: &AccessFacts) -> PersonAccessRow {
    let snapshot = &read_model.snapshot;
    let (assignment, _) = assignment_of(&facts.holder);
    let group = match &assignment.principal {
        Principal::Group(id) => Some((id.clone(), names::group(snapshot, id))),
        Principal::User(_) => None,
    };
    let holder = match &facts.holder {
        Holder::Person { reach } => AccessHolder::Person(names::user(snapshot, &reach.user)),
        Holder::EmptyGroup { .. } | Holder::Orphan { .. } => {
            AccessHolder::Nobody(names::principal(snapshot, &assignment.principal))
        }
    };
    let (removal, operation) = removal(&facts.holder, &assignment);
    let windows = read_model.reasons.windows.get(&assignment);
    PersonAccessRow {
        holder,
        set: names::set(snapshot, &assignment.pair.set),
        group,
        since: facts.since,
        ends: facts.ends,
        review_on: facts.review_on,
        hits: facts
            .hits
            .iter()
            .map(|hit| names::hit(&read_model.rules, hit))
            .collect(),
        change: windows
            .and_then(|all| all.last())
            .map(|window| window.change.clone()),
        removal,
        refused: refusals::of(snapshot, &read_model.rules, &operation),
    }
}

/// Returns what ends one path: the membership of a person, or the assignment.
fn removal(holder: &Holder, assignment: &Assignment) -> (ChangeForm, Operation) {
    if let Holder::Person {
        reach:
            Reach {
                user,
                path: Path::Group(group),
                ..
            },
    } = holder
    {
        let operation = Operation::RemoveMember {
            group: group.clone(),
            user: user.clone(),
        };
        return (ChangeForm::leave(group, user), operation);
    }
    let operation = Operation::Unassign {
        assignment: assignment.clone(),
    };
    (ChangeForm::remove(assignment), operation)
}
