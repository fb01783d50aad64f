//! Groups: the list, and one group with its members and assignments.

use app::backend::{
    Denied, GroupAccessRow, GroupRow, GroupView, GroupsPort, ListQuery, Page, PortResult,
};
use async_trait::async_trait;
use domain::{
    authorize::Action,
    directory::Origin,
    ids::{Assignment, GroupId, Principal},
};

use super::{
    Service,
    accounts::each_once,
    app_state::ReadModel,
    index::{GroupEntry, SearchTerms, is_production_pci},
    names, page_of,
};

#[async_trait]
impl GroupsPort for Service {
    async fn groups(&self, query: &ListQuery) -> PortResult<Page<GroupRow>> {
        self.allowed(Action::SeeDirectory)?;
        let words = SearchTerms::of(&query.words);
        let only = query.only.as_deref().unwrap_or_default();
        let rows = self
            .read_model
            .index
            .groups()
            .filter(|entry| words.occur_in(&entry.text));
        let found = rows
            .filter(|entry| kept(&self.read_model, only, entry))
            .collect();
        Ok(page_of(found, query.page, |entry| {
            row(&self.read_model, entry)
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
            members,
            members_as_of: snapshot.parts().members_as_of.get(id).copied(),
            opens: self.opens(id),
            assignments: snapshot.never_read().assignments(),
        })
    }
}

impl Service {
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
                GroupAccessRow {
                    account: names::account(snapshot, &assignment.pair.account),
                    set: names::set(snapshot, &assignment.pair.set),
                    since: since.unwrap_or_default(),
                    hits: each_once(
                        &self.app_state.rules,
                        &existing_access.findings_of(&assignment),
                    ),
                }
            })
            .collect()
    }
}

fn kept(read_model: &ReadModel, only: &str, entry: &GroupEntry) -> bool {
    match only {
        "production-pci" => entry.production_pci > 0,
        "external" => read_model
            .snapshot
            .group(&entry.id)
            .is_some_and(|group| group.origin == Origin::External),
        "empty" => names::members(&read_model.snapshot, &entry.id) == 0,
        _ => true,
    }
}

fn row(read_model: &ReadModel, entry: &GroupEntry) -> GroupRow {
    let never = read_model.snapshot.never_read();
    let guarded = never.assignments().and(never.accounts());
    GroupRow {
        id: entry.id.clone(),
        name: names::group(&read_model.snapshot, &entry.id),
        origin: read_model
            .snapshot
            .group(&entry.id)
            .map_or(Origin::IdentityCenter, |group| group.origin),
        members: names::members(&read_model.snapshot, &entry.id),
        accounts: never.assignments().figure(entry.accounts as usize),
        production_pci: guarded.figure(entry.production_pci as usize),
    }
}
