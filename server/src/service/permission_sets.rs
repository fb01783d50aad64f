//! Permission sets: the list, and one permission set with what it allows. Read-only.

use std::{cmp::Reverse, collections::BTreeMap};

use app::{
    backend::{
        CatalogueFacts, Denied, ListPage, OutdatedData, PermissionSetsPort, PolicyBody, PolicyView,
        PortResult, SetAccountRow, SetRow, SetView,
    },
    lists::{
        ListChoice,
        permission_sets::{PERMISSION_SETS, SetFacts},
    },
};
use async_trait::async_trait;
use catalogue::Catalogue;
use domain::{
    access::PeopleCounter,
    authorize::Action,
    ids::PermissionSetArn,
    permission_set::{
        Content, PermissionSet,
        analysis::{Catalogue as _, PolicyRef, against_standing, labels::boundary_note},
    },
    policies::{blocked_as_standing, in_production_pci},
    snapshot::{Knowledge, Provisioned},
    time::{Duration, Timestamp},
};

use super::{Service, app_state::ReadModel, index::powerful, names, page_of_list};

#[async_trait]
impl PermissionSetsPort for Service {
    async fn permission_sets(&self, choice: &ListChoice) -> PortResult<ListPage<SetRow>> {
        self.allowed(Action::SeeDirectory)?;
        let read_model = &self.read_model;
        Ok(page_of_list(
            &PERMISSION_SETS,
            facts(read_model),
            choice,
            |set| row(read_model, set),
        ))
    }

    async fn permission_set(&self, key: &str) -> PortResult<SetView> {
        self.allowed(Action::SeeDirectory)?;
        let snapshot = &self.read_model.snapshot;
        let set = snapshot.set_by_key(key).ok_or(Denied::NotFound)?;
        let (catalogue, rules) = (&self.app_state.catalogue, &self.read_model.rules);
        let sessions = Duration::seconds(i64::from(set.content.session_seconds));
        let facts = catalogue_facts(catalogue, self.app_state.clock.now());
        let (never, index) = (snapshot.never_read(), &self.read_model.index);
        let assigned = never.assignments_of(&set.arn);
        let entry = index.sets().find(|entry| entry.arn == set.arn);
        let people = entry.map_or(0, |entry| entry.people as usize);
        Ok(SetView {
            set: names::set(snapshot, &set.arn),
            description: set.description.clone(),
            analysis: set.analysis.clone(),
            needs: in_production_pci(rules, &set.analysis, sessions),
            against_standing: against_standing(
                &set.content,
                catalogue.as_ref(),
                &blocked_as_standing(rules, &set.analysis),
            ),
            boundary_note: boundary_note(&set.content, catalogue.as_ref()),
            policies: policies(&set.content, catalogue.as_ref()),
            boundary: set.content.boundary.clone(),
            session_seconds: set.content.session_seconds,
            hash: set.hash.0.clone(),
            holds: holds(&self.read_model, set),
            assignments: assigned,
            people: assigned.and(never.memberships()).figure(people),
            outdated: outdated(&facts, &set.content),
            catalogue: facts,
        })
    }
}

/// Returns the policies of a set in the order in which findings are sorted.
fn policies(content: &Content, catalogue: &Catalogue) -> Vec<PolicyView> {
    let managed = content.managed.iter().map(|arn| PolicyView {
        policy: PolicyRef::Managed(arn.clone()),
        body: catalogue
            .document(arn)
            .map_or(PolicyBody::NotInCatalogue, PolicyBody::of),
    });
    let customer = content.customer.iter().map(|policy| PolicyView {
        policy: PolicyRef::Customer(format!("{}{}", policy.path, policy.name)),
        body: PolicyBody::InEachAccount,
    });
    let inline = content.inline.iter().map(|text| PolicyView {
        policy: PolicyRef::Inline,
        body: PolicyBody::of(text),
    });
    managed.chain(customer).chain(inline).collect()
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

fn outdated(facts: &CatalogueFacts, content: &Content) -> Option<OutdatedData> {
    Some(OutdatedData {
        warning: facts.age.warning_about(content)?,
        oldest: facts.age.oldest_about(content)?,
    })
}

/// Returns what the list is sorted and filtered by, in its order: the most severe first, of them those with the most violations.
pub(super) fn facts(read_model: &ReadModel) -> impl Iterator<Item = SetFacts> {
    let snapshot = &read_model.snapshot;
    let never = snapshot.never_read();
    let violations = violations(read_model);
    let facts = read_model.index.sets().map(|entry| {
        let set = snapshot.set(&entry.arn);
        let assigned = never.assignments_of(&entry.arn);
        let classified = assigned.and(never.accounts());
        let evaluated = classified.and(never.memberships()).and(never.sets());
        SetFacts {
            arn: entry.arn.clone(),
            text: entry.text.clone(),
            capabilities: names::set(snapshot, &entry.arn).capabilities,
            powerful: set.is_some_and(|set| powerful(&set.analysis)),
            session_seconds: set.map_or(0, |set| set.content.session_seconds),
            accounts: assigned.figure(entry.accounts as usize),
            production_pci: classified.figure(entry.production_pci as usize),
            violations: evaluated.figure(violations.get(&entry.arn).copied().unwrap_or_default()),
            people: assigned
                .and(never.memberships())
                .figure(entry.people as usize),
            outdated: assigned.figure(entry.outdated as usize),
        }
    });
    let mut facts: Vec<SetFacts> = facts.collect();
    // Sets of one severity and as many violations stay in the order of their capabilities.
    facts.sort_by_key(|set| {
        let severity = set.capabilities.first().map(|worst| worst.severity());
        (
            severity.is_none(),
            severity,
            Reverse(set.violations.known()),
        )
    });
    facts.into_iter()
}

/// Returns how many assignments of each permission set violate policies in production PCI. None is zero.
fn violations(read_model: &ReadModel) -> BTreeMap<&PermissionSetArn, usize> {
    let mut found: BTreeMap<&PermissionSetArn, usize> = BTreeMap::new();
    let accounts = read_model.pci_findings.values();
    for (set, tally) in accounts.flat_map(|findings| &findings.by_set) {
        *found.entry(set).or_default() += tally.against;
    }
    found
}

pub(super) fn row(read_model: &ReadModel, set: &SetFacts) -> SetRow {
    let known = read_model.snapshot.set(&set.arn);
    SetRow {
        set: names::set(&read_model.snapshot, &set.arn),
        description: known.and_then(|set| set.description.clone()),
        session_seconds: set.session_seconds,
        accounts: set.accounts,
        production_pci: set.production_pci,
        violations: set.violations,
        people: set.people,
        outdated: set.outdated,
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
            let findings = read_model.pci_findings.get(&pair.account);
            let evaluated = known.and(snapshot.never_read().sets());
            let tally = findings.map(|findings| findings.by_set.get(&set.arn));
            let tally = tally.map(|found| found.copied().unwrap_or_default());
            SetAccountRow {
                account: names::account(snapshot, &pair.account),
                principals: read.principals.len(),
                people: known.figure(people),
                violations: tally.map(|tally| evaluated.figure(tally.against)),
                unapproved: tally.map(|tally| evaluated.figure(tally.unapproved)),
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
