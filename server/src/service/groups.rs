//! Groups: the list, and one group with its members and assignments.

use app::{
    backend::{
        Denied, GroupAccessRow, GroupRow, GroupView, GroupsPort, ListPage, PortResult, Refused,
    },
    lists::{
        ListChoice,
        groups::{GROUPS, GroupFacts},
    },
};
use async_trait::async_trait;
use domain::{
    authorize::Action,
    change::Operation,
    ids::{Assignment, GroupId, Principal},
};

use super::{
    Service, accounts::each_once, app_state::ReadModel, index::is_production_pci, names,
    page_of_list, refusals,
};

#[async_trait]
impl GroupsPort for Service {
    async fn groups(&self, choice: &ListChoice) -> PortResult<ListPage<GroupRow>> {
        self.allowed(Action::SeeDirectory)?;
        let read_model = &self.read_model;
        Ok(page_of_list(&GROUPS, facts(read_model), choice, |group| {
            row(read_model, group)
        }))
    }

    async fn group(&self, id: &GroupId) -> PortResult<GroupView> {
        self.allowed(Action::SeeDirectory)?;
        let snapshot = &self.read_model.snapshot;
        let group = snapshot.group(id).ok_or(Denied::NotFound)?;
        let mut members: Vec<_> = snapshot
            .members(id)
            .map(|user| names::user(snapshot, user))
            .collect();
        members.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(GroupView {
            id: id.clone(),
            name: group.display_name.clone(),
            description: group.description.clone(),
            origin: group.origin,
            members_fixed: self.members_fixed(id),
            members,
            members_as_of: snapshot.parts().members_as_of.get(id).copied(),
            opens: self.opens(id),
            assignments: snapshot.never_read().assignments(),
        })
    }
}

impl Service {
    /// Returns why every change of the members of a group would be refused: that is so for each user alike.
    pub(super) fn members_fixed(&self, id: &GroupId) -> Option<Refused> {
        let snapshot = &self.read_model.snapshot;
        let user = snapshot.parts().users.keys().next()?.clone();
        let group = id.clone();
        let addition = Operation::AddMember { group, user };
        refusals::of(snapshot, &self.read_model.rules, &addition)
    }

    /// Sorted: production PCI first, then by account and permission set.
    fn opens(&self, id: &GroupId) -> Vec<GroupAccessRow> {
        let (read_model, snapshot) = (&self.read_model, &self.read_model.snapshot);
        let principal = Principal::Group(id.clone());
        let mut pairs = snapshot.pairs_of(&principal).to_vec();
        pairs.sort_by_cached_key(|pair| {
            let class = snapshot
                .account(&pair.account)
                .map(|(_, class)| std::cmp::Reverse((class.pci, class.environment)));
            (
                !is_production_pci(snapshot, &pair.account),
                class,
                pair.clone(),
            )
        });
        let mut existing_access = self.app_state.existing_access(read_model);
        pairs
            .into_iter()
            .map(|pair| {
                let read = snapshot.pair(&pair);
                let since = read
                    .and_then(|read| read.principals.get(&principal))
                    .copied();
                let assignment = Assignment {
                    pair,
                    principal: principal.clone(),
                };
                let removal = Operation::Unassign {
                    assignment: assignment.clone(),
                };
                let findings = existing_access.findings_of(&assignment);
                let hits = each_once(&self.read_model.rules, &findings);
                GroupAccessRow {
                    adoption: self.adoption(&assignment, &hits),
                    refused: refusals::of(snapshot, &self.read_model.rules, &removal),
                    account: names::account(snapshot, &assignment.pair.account),
                    set: names::set(snapshot, &assignment.pair.set),
                    since: since.unwrap_or_default(),
                    hits,
                }
            })
            .collect()
    }
}

/// Returns what the list is sorted and filtered by, in its order.
pub(super) fn facts(read_model: &ReadModel) -> impl Iterator<Item = GroupFacts> {
    let never = read_model.snapshot.never_read();
    let assignments = never.assignments();
    let guarded = assignments.and(never.accounts());
    read_model.index.groups().map(move |entry| GroupFacts {
        id: entry.id.clone(),
        text: entry.text.clone(),
        origin: entry.origin,
        members: never.members_of(&entry.id).figure(entry.members as usize),
        accounts: assignments.figure(entry.accounts as usize),
        production_pci: guarded.figure(entry.production_pci as usize),
    })
}

pub(super) fn row(read_model: &ReadModel, group: &GroupFacts) -> GroupRow {
    let known = read_model.snapshot.group(&group.id);
    GroupRow {
        id: group.id.clone(),
        name: names::group(&read_model.snapshot, &group.id),
        description: known.and_then(|group| group.description.clone()),
        origin: group.origin,
        members: group.members,
        accounts: group.accounts,
        production_pci: group.production_pci,
    }
}
