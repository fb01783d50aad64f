//! People: the list, and one person with all their paths.

use std::collections::BTreeSet;

use app::{
    backend::{Denied, HitView, ListPage, PathRow, PeoplePort, PersonRow, PersonView, PortResult},
    lists::{
        ListChoice,
        people::{PEOPLE, PersonFacts},
    },
};
use async_trait::async_trait;
use domain::{
    access::{self, Path, Reach},
    authorize::Action,
    change::Operation,
    ids::{AccountId, UserId},
    verdict::Outcome,
};

use super::{
    Service, accounts::each_once, app_state::ReadModel, index::is_production_pci, names,
    page_of_list, refusals,
};
use crate::store::change::ChangeTarget;

/// The maximum number of changes shown on the page of a person.
const CHANGES: usize = 10;

#[async_trait]
impl PeoplePort for Service {
    async fn people(&self, choice: &ListChoice) -> PortResult<ListPage<PersonRow>> {
        self.allowed(Action::SeeDirectory)?;
        let read_model = &self.read_model;
        Ok(page_of_list(&PEOPLE, facts(read_model), choice, |person| {
            row(read_model, person)
        }))
    }

    async fn person(&self, id: &UserId) -> PortResult<PersonView> {
        self.allowed(Action::SeeOwn)?;
        // A viewer without the right to see a user must not learn whether the user exists.
        if !self.may_see(id) {
            return Err(Denied::NotFound);
        }
        let snapshot = &self.read_model.snapshot;
        let user = snapshot.user(id).ok_or(Denied::NotFound)?;
        let reaches: Vec<Reach> = access::reach_of(snapshot, id).collect();
        let accounts: BTreeSet<&AccountId> =
            reaches.iter().map(|reach| &reach.pair.account).collect();
        let production_pci = accounts
            .iter()
            .filter(|account| is_production_pci(snapshot, account))
            .count();
        let about = ChangeTarget {
            kind: "user",
            value: id.to_string(),
        };
        let never = snapshot.never_read();
        let mut groups: Vec<(String, String)> = snapshot
            .groups_of(id)
            .iter()
            .map(|group| (group.to_string(), names::group(snapshot, group)))
            .collect();
        groups.sort_by(|a, b| a.1.cmp(&b.1));
        Ok(PersonView {
            user: names::user(snapshot, id),
            user_name: user.user_name.clone(),
            email: user.email.clone(),
            title: user.title.clone(),
            origin: user.origin,
            groups,
            known: never.access(),
            findings: never.production_pci().and(never.sets()),
            accounts: never.access().figure(accounts.len()),
            production_pci: never.production_pci().figure(production_pci),
            changes: self.recent_changes(about, CHANGES).await?,
            paths: self.paths(reaches),
        })
    }
}

impl Service {
    /// Sorted: production PCI first, then by account and permission set.
    fn paths(&self, mut reaches: Vec<Reach>) -> Vec<PathRow> {
        let (read_model, snapshot) = (&self.read_model, &self.read_model.snapshot);
        reaches.sort_by_cached_key(|reach| {
            let class = snapshot
                .account(&reach.pair.account)
                .map(|(_, class)| std::cmp::Reverse((class.pci, class.environment)));
            (
                !is_production_pci(snapshot, &reach.pair.account),
                class,
                reach.pair.clone(),
            )
        });
        let mut existing_access = self.app_state.existing_access(read_model);
        let rules = &read_model.rules;
        reaches
            .iter()
            .map(|reach| {
                let assignment = ReadModel::assignment(reach);
                let held = existing_access.of_reach(reach);
                let hits: Vec<HitView> =
                    held.hits.iter().map(|hit| names::hit(rules, hit)).collect();
                // An approval is of the assignment, with everybody behind it.
                let lacks = HitView::strictest(&hits) == Outcome::NeedsApproval;
                let of_all =
                    lacks.then(|| each_once(rules, &existing_access.findings_of(&assignment)));
                PathRow {
                    adoption: of_all.and_then(|hits| self.adoption(&assignment, &hits)),
                    refused: refusals::of(snapshot, rules, &ended_by(reach)),
                    account: names::account(snapshot, &reach.pair.account),
                    set: names::set(snapshot, &reach.pair.set),
                    group: match &reach.path {
                        Path::Direct => None,
                        Path::Group(group) => Some((group.clone(), names::group(snapshot, group))),
                    },
                    since: reach.since,
                    ends: read_model.ends(&assignment),
                    hits,
                }
            })
            .collect()
    }
}

/// Returns what ends a path: the removal of the assignment, or of the membership.
fn ended_by(reach: &Reach) -> Operation {
    match &reach.path {
        Path::Direct => Operation::Unassign {
            assignment: ReadModel::assignment(reach),
        },
        Path::Group(group) => Operation::RemoveMember {
            group: group.clone(),
            user: reach.user.clone(),
        },
    }
}

/// Returns what the list is sorted and filtered by, in its order.
pub(super) fn facts(read_model: &ReadModel) -> impl Iterator<Item = PersonFacts> {
    let never = read_model.snapshot.never_read();
    let (memberships, access) = (never.memberships(), never.access());
    let guarded = never.production_pci();
    read_model.index.people().map(move |entry| PersonFacts {
        id: entry.id.clone(),
        text: entry.text.clone(),
        status: entry.status,
        origin: entry.origin,
        groups: memberships.figure(entry.groups as usize),
        accounts: access.figure(entry.accounts as usize),
        production_pci: guarded.figure(entry.production_pci as usize),
        powerful: entry.powerful,
        worst: entry.worst,
    })
}

pub(super) fn row(read_model: &ReadModel, person: &PersonFacts) -> PersonRow {
    let user = read_model.snapshot.user(&person.id);
    let never = read_model.snapshot.never_read();
    let findings = never.production_pci().and(never.sets());
    PersonRow {
        user: names::user(&read_model.snapshot, &person.id),
        user_name: user.map(|user| user.user_name.clone()).unwrap_or_default(),
        email: user.and_then(|user| user.email.clone()),
        title: user.and_then(|user| user.title.clone()),
        origin: person.origin,
        groups: person.groups,
        accounts: person.accounts,
        production_pci: person.production_pci,
        worst: person.worst,
        violated: findings.figure(read_model.exposure.violated_by(&person.id)),
        unapproved: findings.figure(read_model.exposure.unapproved_by(&person.id)),
    }
}
