//! Permission sets: the list, and one permission set with what it allows. Read-only.

use app::backend::{
    CatalogueFacts, Denied, ListQuery, Page, PermissionSetsPort, PortResult, SetAccountRow, SetRow,
    SetView,
};
use async_trait::async_trait;
use catalogue::Catalogue;
use domain::{
    access::PeopleCounter,
    authorize::Action,
    grant::outlasts_production_pci,
    permission_set::{
        PermissionSet,
        analysis::{Capability, against_standing, labels::boundary_note},
    },
    policies::{blocked_as_standing, in_production_pci},
    snapshot::{Knowledge, Provisioned},
    time::{Duration, Timestamp},
};

use super::{
    Service,
    app_state::ReadModel,
    index::{SearchTerms, SetEntry, powerful},
    names, page_of,
};

#[async_trait]
impl PermissionSetsPort for Service {
    async fn permission_sets(&self, query: &ListQuery) -> PortResult<Page<SetRow>> {
        self.allowed(Action::SeeDirectory)?;
        let words = SearchTerms::of(&query.words);
        let only = query.only.as_deref().unwrap_or_default();
        let rows = self
            .read_model
            .index
            .sets()
            .filter(|entry| words.occur_in(&entry.text));
        let found = rows
            .filter(|entry| kept(&self.read_model, only, entry))
            .collect();
        Ok(page_of(found, query.page, |entry| {
            row(&self.read_model, entry)
        }))
    }

    async fn permission_set(&self, key: &str) -> PortResult<SetView> {
        self.allowed(Action::SeeDirectory)?;
        let snapshot = &self.read_model.snapshot;
        let set = snapshot.set_by_key(key).ok_or(Denied::NotFound)?;
        let (catalogue, rules) = (&self.app_state.catalogue, &self.app_state.rules);
        Ok(SetView {
            set: names::set(snapshot, &set.arn),
            description: set.description.clone(),
            analysis: set.analysis.clone(),
            needs: in_production_pci(rules, &set.analysis),
            against_standing: against_standing(
                &set.content,
                catalogue.as_ref(),
                &blocked_as_standing(rules, &set.analysis),
            ),
            boundary_note: boundary_note(&set.content, catalogue.as_ref()),
            content: set.content.clone(),
            hash: set.hash.0.clone(),
            holds: holds(&self.read_model, set),
            assignments: snapshot.never_read().assignments_of(&set.arn),
            catalogue: catalogue_facts(catalogue, self.app_state.clock.now()),
        })
    }
}

fn catalogue_facts(catalogue: &Catalogue, now: Timestamp) -> CatalogueFacts {
    let (actions, policies) = (&catalogue.actions, &catalogue.policies);
    CatalogueFacts {
        actions: actions.actions(),
        services: actions.services(),
        reviewed: actions.reviewed(),
        policies: policies.len(),
        age: catalogue.age(now),
    }
}

fn kept(read_model: &ReadModel, only: &str, entry: &SetEntry) -> bool {
    let analysis = || read_model.snapshot.set(&entry.arn).map(|set| &set.analysis);
    match only {
        "production-pci" => entry.production_pci > 0,
        "powerful" => analysis().is_some_and(powerful),
        "outdated" => entry.outdated > 0,
        "long-sessions" => {
            let set = read_model.snapshot.set(&entry.arn);
            set.is_some_and(|set| {
                outlasts_production_pci(Duration::seconds(i64::from(set.content.session_seconds)))
            })
        }
        // Nearly every set reads metadata; the filter shows those that do nothing else.
        "metadata" => {
            analysis().is_some_and(|analysis| analysis.extents.keys().eq([&Capability::Metadata]))
        }
        other => Capability::parse(other)
            .is_none_or(|capability| analysis().is_some_and(|analysis| analysis.has(capability))),
    }
}

fn row(read_model: &ReadModel, entry: &SetEntry) -> SetRow {
    let set = read_model.snapshot.set(&entry.arn);
    let never = read_model.snapshot.never_read();
    let assigned = never.assignments_of(&entry.arn);
    SetRow {
        set: names::set(&read_model.snapshot, &entry.arn),
        description: set.and_then(|set| set.description.clone()),
        session_seconds: set.map_or(0, |set| set.content.session_seconds),
        accounts: assigned.figure(entry.accounts as usize),
        production_pci: assigned
            .and(never.accounts())
            .figure(entry.production_pci as usize),
        people: assigned
            .and(never.memberships())
            .figure(entry.people as usize),
        outdated: assigned.figure(entry.outdated as usize),
    }
}

/// Sorted: production PCI first, then the strictest account.
fn holds(read_model: &ReadModel, set: &PermissionSet) -> Vec<SetAccountRow> {
    let snapshot = &read_model.snapshot;
    let pairs = snapshot.parts().pairs.iter();
    let pairs = pairs.filter(|(pair, _)| pair.set == set.arn);
    // A set can be in thousands of accounts, with the same groups in each.
    let mut counter = PeopleCounter::new(snapshot);
    let mut rows: Vec<SetAccountRow> = pairs
        .map(|(pair, read)| {
            let people = usize::try_from(counter.in_pair(read)).unwrap_or(usize::MAX);
            let known = read
                .principals
                .keys()
                .fold(Knowledge::Read, |known, principal| {
                    known.and(snapshot.never_read().behind(principal))
                });
            SetAccountRow {
                account: names::account(snapshot, &pair.account),
                principals: read.principals.len(),
                people: known.figure(people),
                outdated: read.provisioned == Provisioned::Outdated,
                as_of: read.as_of,
            }
        })
        .collect();
    rows.sort_by(|a, b| {
        let weight = |row: &SetAccountRow| {
            (
                row.account.class.counts_as_production_pci(),
                row.account.class.pci,
                row.account.class.environment,
            )
        };
        weight(b)
            .cmp(&weight(a))
            .then_with(|| a.account.name.cmp(&b.account.name))
    });
    rows
}
