//! The list of accounts. Everything but the owner of an account is in the read model; owners are read for the rows of a
//! page, and for all declared accounts only if the list is filtered or sorted by them.

use std::collections::{BTreeMap, BTreeSet};

use app::{
    backend::{
        AccountList, AccountRow, DeclarationMark, ListPage, OfferedValue, UserRef, confirmation,
    },
    lists::{
        ListChoice,
        accounts::{ACCOUNTS, AccountFacts, CLASSIFICATION, OWNER, POLICY, WAITING},
    },
};
use domain::{
    access,
    ids::{AccountId, UserId},
    time::Timestamp,
};

use crate::{
    service::{Service, app_state::ReadModel, home::LOOKED_AT, names, page_of_list},
    store::{StoreError, crawl, declaration},
};

/// The maximum number of accounts whose confirmation the list writes out.
const CONFIRMATIONS: usize = 20;

/// The owners of accounts by the declarations in force.
pub type Owners = BTreeMap<AccountId, UserId>;

/// Returns a page of the list.
pub(super) async fn page(
    service: &Service,
    choice: &ListChoice,
) -> Result<AccountList, StoreError> {
    let (read_model, now) = (&service.read_model, service.app_state.clock.now());
    let mut owners = service.owners_for(choice).await?;
    let found = page_of_list(
        &ACCOUNTS,
        facts(read_model, &owners, choice, now),
        choice,
        Clone::clone,
    );
    if owners.is_empty() {
        let shown = found.rows.iter().filter(|one| one.declared_until.is_some());
        let shown = shown.map(|one| one.id.clone()).collect();
        owners = service.owners(&shown).await?;
    }
    let rows = found.rows.iter().map(|one| row(read_model, &owners, one));
    let offered = offered(service, &owners, choice);
    let confirmations = if choice.holds(CLASSIFICATION, WAITING) {
        let accounts = found.rows.iter();
        let known = accounts.filter_map(|one| read_model.snapshot.account(&one.id));
        let lines = known.filter_map(|(account, class)| confirmation(&account.id, class));
        lines.take(CONFIRMATIONS).collect()
    } else {
        Vec::new()
    };
    let changed = if choice.holds(CLASSIFICATION, WAITING) {
        let waiting: Vec<AccountId> = found.rows.iter().map(|one| one.id.clone()).collect();
        service.changed_in_aws(&waiting).await?
    } else {
        BTreeMap::new()
    };
    Ok(AccountList {
        page: ListPage {
            rows: rows.collect(),
            offered,
            number: found.number,
            total: found.total,
            known: found.known,
            size: found.size,
            counts: found.counts,
            sequence: None,
        },
        confirmations,
        changed,
    })
}

/// Returns what the list is sorted and filtered by, in its order.
pub fn facts(
    read_model: &ReadModel,
    owners: &Owners,
    choice: &ListChoice,
    now: Timestamp,
) -> impl Iterator<Item = AccountFacts> {
    let snapshot = &read_model.snapshot;
    let policies = choice.values(POLICY);
    let violated: Vec<_> = read_model
        .exposure
        .findings()
        .iter()
        .filter(|(rule, _)| policies.contains(&rule.as_str()))
        .collect();
    read_model.index.accounts().filter_map(move |entry| {
        let (account, class) = snapshot.account(&entry.id)?;
        let people = access::people_known(snapshot, &entry.id);
        let assignments = snapshot.never_read().assignments_in(&entry.id);
        let powers = people.and(snapshot.never_read().sets());
        let rules = violated
            .iter()
            .filter(|(_, found)| found.accounts.contains(&entry.id));
        Some(AccountFacts {
            id: entry.id.clone(),
            text: entry.text.clone(),
            class: *class,
            state: Some(account.state),
            owner: owners.get(&entry.id).map(|owner| {
                let name = names::user(snapshot, owner).name.to_lowercase();
                (owner.clone(), name.into())
            }),
            people: people.figure(entry.people as usize),
            standing: assignments.figure(entry.standing as usize),
            findings: entry.findings.map(|found| powers.figure(found)),
            rules: rules.map(|(rule, _)| rule.clone()).collect(),
            declaration: DeclarationMark::of(Some(class), now),
            declared_until: class.declared().map(|declared| declared.valid_until),
        })
    })
}

/// Returns the row of an account.
pub fn row(read_model: &ReadModel, owners: &Owners, account: &AccountFacts) -> AccountRow {
    let snapshot = &read_model.snapshot;
    let owner = owners.get(&account.id);
    AccountRow {
        account: names::account(snapshot, &account.id),
        owner: owner.map(|owner| names::user(snapshot, owner)),
        people: account.people,
        standing: account.standing,
        findings: account.findings,
        declaration: account.declaration,
        declared_until: account.declared_until,
    }
}

/// Returns the policies that are violated, and the owners of the page.
fn offered(service: &Service, owners: &Owners, choice: &ListChoice) -> Vec<OfferedValue> {
    let read_model = &service.read_model;
    let rules = &read_model.rules;
    let findings = read_model.exposure.findings().iter();
    let policies = findings.map(|(rule, _)| OfferedValue {
        filter: POLICY,
        label: rules.title(rule),
        value: rule.clone(),
    });
    let chosen = choice.values(OWNER).into_iter();
    let chosen = chosen.filter_map(|owner| UserId::parse(owner).ok());
    let owners: BTreeSet<UserId> = owners.values().cloned().chain(chosen).collect();
    let mut owners: Vec<UserRef> = owners
        .iter()
        .map(|owner| names::user(&read_model.snapshot, owner))
        .collect();
    owners.sort_by(|one, other| one.name.cmp(&other.name));
    let owners = owners.into_iter().map(|owner| OfferedValue {
        filter: OWNER,
        value: owner.id.to_string(),
        label: owner.name,
    });
    policies.chain(owners).collect()
}

impl Service {
    /// Returns when AWS began to report something else of accounts, as far as the latest differences show it: the last read before
    /// it, and the first one with it.
    pub(super) async fn changed_in_aws(
        &self,
        accounts: &[AccountId],
    ) -> Result<BTreeMap<AccountId, (Timestamp, Timestamp)>, StoreError> {
        if accounts.is_empty() {
            return Ok(BTreeMap::new());
        }
        let mut conn = self.connection().await?;
        let (seen, _) = crawl::drift_events(&mut conn, LOOKED_AT).await?;
        let changed = accounts.iter().filter_map(|id| {
            let one = seen.iter().find(|one| one.classifies(id))?;
            Some((id.clone(), (one.after, one.by)))
        });
        Ok(changed.collect())
    }

    /// Returns the owners of all declared accounts, if a choice filters or sorts by them.
    pub(in crate::service) async fn owners_for(
        &self,
        choice: &ListChoice,
    ) -> Result<Owners, StoreError> {
        let sorts = choice.sort.is_some_and(|sort| sort.column == OWNER);
        if !sorts && choice.values(OWNER).is_empty() {
            return Ok(Owners::new());
        }
        self.all_owners().await
    }

    /// Returns the owners of all declared accounts.
    pub(in crate::service) async fn all_owners(&self) -> Result<Owners, StoreError> {
        let accounts = self.read_model.snapshot.parts().accounts.iter();
        let declared = accounts.filter(|(_, (_, class))| class.declared().is_some());
        let declared = declared.map(|(id, _)| id.clone()).collect();
        self.owners(&declared).await
    }

    async fn owners(&self, accounts: &BTreeSet<AccountId>) -> Result<Owners, StoreError> {
        if accounts.is_empty() {
            return Ok(Owners::new());
        }
        let mut conn = self.connection().await?;
        let found = declaration::in_force_of(&mut conn, accounts).await?;
        let owned = found.into_iter().filter_map(|(account, found)| {
            let (declaration, _) = found.proven?;
            Some((account, declaration.owner?))
        });
        Ok(owned.collect())
    }
}
