//! Groups: the list, and one group with its members and assignments.

use app::backend::{Answer, Denied, GroupRow, GroupView, GroupsPort, ListQuery, OpensRow, Page};
use async_trait::async_trait;
use domain::{
    authorize::Action,
    directory::Origin,
    ids::{Assignment, GroupId, Principal},
};

use super::{
    Service,
    accounts::each_once,
    core::World,
    index::{GroupEntry, Words, guarded},
    names, page_of,
};

#[async_trait]
impl GroupsPort for Service {
    async fn groups(&self, query: &ListQuery) -> Answer<Page<GroupRow>> {
        self.allowed(Action::SeeDirectory)?;
        let words = Words::of(&query.words);
        let only = query.only.as_deref().unwrap_or_default();
        let rows = self
            .world
            .index
            .groups
            .iter()
            .filter(|entry| words.occur_in(&entry.text));
        let found = rows
            .filter(|entry| kept(&self.world, only, entry))
            .collect();
        Ok(page_of(found, query.page, |entry| row(&self.world, entry)))
    }

    async fn group(&self, id: &GroupId) -> Answer<GroupView> {
        self.allowed(Action::SeeDirectory)?;
        let snapshot = &self.world.snapshot;
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
        })
    }
}

impl Service {
    /// Sorted: production PCI first, then by account and permission set.
    fn opens(&self, id: &GroupId) -> Vec<OpensRow> {
        let (world, snapshot) = (&self.world, &self.world.snapshot);
        let principal = Principal::Group(id.clone());
        let mut pairs = snapshot.pairs_of(&principal).to_vec();
        pairs.sort_by_cached_key(|pair| {
            let class = snapshot
                .account(&pair.account)
                .map(|(_, class)| std::cmp::Reverse((class.pci, class.environment)));
            (!guarded(snapshot, &pair.account), class, pair.clone())
        });
        let mut holds = self.core.holds(world);
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
                OpensRow {
                    account: names::account(snapshot, &assignment.pair.account),
                    set: names::set(snapshot, &assignment.pair.set),
                    since: since.unwrap_or_default(),
                    hits: each_once(&holds.spoken_of(&assignment)),
                }
            })
            .collect()
    }
}

fn kept(world: &World, only: &str, entry: &GroupEntry) -> bool {
    match only {
        "production-pci" => entry.production_pci > 0,
        "external" => world
            .snapshot
            .group(&entry.id)
            .is_some_and(|group| group.origin == Origin::External),
        "empty" => world.snapshot.members(&entry.id).next().is_none(),
        _ => true,
    }
}

fn row(world: &World, entry: &GroupEntry) -> GroupRow {
    GroupRow {
        id: entry.id.clone(),
        name: names::group(&world.snapshot, &entry.id),
        origin: world
            .snapshot
            .group(&entry.id)
            .map_or(Origin::IdentityCenter, |group| group.origin),
        members: world.snapshot.members(&entry.id).count(),
        accounts: entry.accounts as usize,
        production_pci: entry.production_pci as usize,
    }
}
