//! Accounts: the list, and one account with all its assignments.

pub(super) mod access;
mod list;

pub(super) use list::{Owners, facts, row};

use std::collections::{BTreeSet, HashMap};

use app::{
    backend::{
        AccessRow, AccountList, AccountView, AccountWrites, AccountsPort, ChangeForm,
        DeclarationState, DeclarationText, DeclarationView, Denied, Download, FileFormat, HitView,
        ListPage, PersonAccessRow, PortResult, Refused,
    },
    lists::ListChoice,
};
use async_trait::async_trait;
use domain::{
    access::people_known,
    authorize::Action,
    change::Operation,
    classification::{Classification, DeclarationProof, readings},
    grant::Term,
    ids::{AccountId, Assignment, Pair, Principal},
    policies::{AssignmentFindings, PolicyFindings, Rules},
    snapshot::{Knowledge, Provisioned},
    verdict::{Outcome, Tally},
};

use super::{Service, broken, names, refusals};
use crate::store::{StoreError, change::ChangeTarget, declaration};

/// The maximum number of changes shown on the page of an account.
const CHANGES: usize = 10;

#[async_trait]
impl AccountsPort for Service {
    async fn accounts(&self, choice: &ListChoice) -> PortResult<AccountList> {
        self.allowed(Action::SeeDirectory)?;
        let found = list::page(self, choice).await;
        found.map_err(broken)
    }

    async fn account(&self, id: &AccountId) -> PortResult<AccountView> {
        self.allowed(Action::SeeDirectory)?;
        self.exists(id)?;
        let snapshot = &self.read_model.snapshot;
        let parts = snapshot.parts();
        let known = snapshot.account(id);
        let not_found: Vec<_> = self.not_found_in(id).collect();
        let account_ref = names::account(snapshot, id);
        let class = account_ref.class;
        let about = ChangeTarget {
            kind: "account",
            value: id.to_string(),
        };
        let people: BTreeSet<_> = domain::access::reaching(snapshot, id)
            .map(|one| one.user)
            .collect();
        // Before the last read, somebody may have had access to an account that AWS no longer finds.
        let found = if not_found.is_empty() {
            Knowledge::Read
        } else {
            Knowledge::NeverRead
        };
        let units = known.iter().flat_map(|(account, _)| &account.ous);
        let units = units.filter_map(|unit| parts.units.get(unit));
        let tags = known.iter().flat_map(|(account, _)| &account.tags);
        let context = self.app_state.classification(&self.read_model.special);
        let readings = known.map(|(account, _)| readings(account, &parts.units, context));
        let readings = readings.unwrap_or_default();
        let (ended, ended_listed) = self.ended_access(id).await.map_err(broken)?;
        let waiting = class.waiting.map(|_| id.clone());
        let changed = self.changed_in_aws(waiting.as_slice()).await;
        let changed = changed.map_err(broken)?.remove(id);
        Ok(AccountView {
            readings,
            changed,
            declaration: self.declaration(id, &class).await.map_err(broken)?,
            account: account_ref,
            units: units.map(|unit| unit.name.clone()).collect(),
            tags: tags
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect(),
            sources: (class.environment_source, class.pci_source),
            rows: self.rows_of(id),
            assignments: snapshot.never_read().assignments_in(id).and(found),
            not_found: not_found
                .into_iter()
                .map(|pair| names::set(snapshot, &pair.set))
                .collect(),
            findings: people_known(snapshot, id)
                .and(snapshot.never_read().sets())
                .and(found),
            people: people_known(snapshot, id).and(found).figure(people.len()),
            changes: self.recent_changes(about, CHANGES).await?,
            ended,
            ended_listed,
            writes: self.writes(id),
            grants_refused: self.grants_refused(id),
        })
    }

    async fn account_access(
        &self,
        id: &AccountId,
        choice: &ListChoice,
    ) -> PortResult<ListPage<PersonAccessRow>> {
        self.allowed(Action::SeeDirectory)?;
        self.exists(id)?;
        Ok(self.paths_to(id, choice))
    }

    async fn account_access_file(
        &self,
        id: &AccountId,
        choice: &ListChoice,
        format: FileFormat,
    ) -> PortResult<Download> {
        self.allowed(Action::SeeDirectory)?;
        self.exists(id)?;
        Ok(self.access_file(id, choice, format))
    }
}

impl Service {
    /// Checks that there is such an account. One that left the organization may still have assignments.
    fn exists(&self, id: &AccountId) -> PortResult<()> {
        let snapshot = &self.read_model.snapshot;
        let is_known = snapshot.account(id).is_some()
            || self.not_found_in(id).next().is_some()
            || snapshot.pairs_in(id).next().is_some();
        if is_known {
            Ok(())
        } else {
            Err(Denied::NotFound)
        }
    }

    /// Returns the pairs of an account that AWS lists and does not find.
    fn not_found_in<'a>(&'a self, id: &'a AccountId) -> impl Iterator<Item = &'a Pair> {
        let not_found = self.read_model.snapshot.parts().coverage.not_found.iter();
        not_found.filter(move |pair| pair.account == *id)
    }

    fn rows_of(&self, id: &AccountId) -> Vec<AccessRow> {
        let (read_model, snapshot) = (&self.read_model, &self.read_model.snapshot);
        let mut existing_access = self.app_state.existing_access(read_model);
        let mut rows = Vec::new();
        for AssignmentFindings {
            pair,
            principal,
            since,
            findings,
        } in existing_access.findings(id)
        {
            let Some(read) = snapshot.pair(pair) else {
                continue;
            };
            let assignment = Assignment {
                pair: pair.clone(),
                principal: principal.clone(),
            };
            let people = match principal {
                Principal::User(_) => usize::from(!snapshot.is_gone(principal)),
                Principal::Group(group) => snapshot.members(group).count(),
            };
            let people = snapshot.never_read().behind(principal).figure(people);
            let set = names::set(snapshot, &pair.set);
            let operation = Operation::Unassign {
                assignment: assignment.clone(),
            };
            let review_on = read_model.review_on(&assignment, None);
            let hits = each_once(&self.read_model.rules, &findings);
            rows.push(AccessRow {
                adoption: self.adoption(&assignment, &hits),
                members_fixed: match principal {
                    Principal::Group(group) => self.members_fixed(group),
                    Principal::User(_) => None,
                },
                removal: ChangeForm::remove(&assignment),
                refused: refusals::of(snapshot, &self.read_model.rules, &operation),
                review_on,
                set,
                principal: names::principal(snapshot, principal),
                people,
                since,
                as_of: read.as_of,
                ends: read_model.ends(&assignment),
                change: read_model
                    .reasons
                    .windows
                    .get(&assignment)
                    .and_then(|all| all.last())
                    .map(|window| window.change.clone()),
                outdated: read.provisioned == Provisioned::Outdated,
                hits,
            });
        }
        // Permission sets with the worst findings first, and rows with the same permission set together.
        let mut worst: HashMap<_, _> = HashMap::new();
        for row in &rows {
            let weight: &mut Tally = worst.entry(row.set.arn.clone()).or_default();
            *weight = (*weight).max(badness(&row.hits));
        }
        rows.sort_by(|a, b| {
            let of = |row: &AccessRow| worst.get(&row.set.arn).copied().unwrap_or_default();
            of(b)
                .cmp(&of(a))
                .then_with(|| a.set.name.cmp(&b.set.name))
                .then_with(|| badness(&b.hits).cmp(&badness(&a.hits)))
        });
        rows
    }

    /// Returns the declaration in force of an account.
    async fn declaration(
        &self,
        id: &AccountId,
        class: &Classification,
    ) -> Result<Option<DeclarationView>, StoreError> {
        let mut conn = self.connection().await?;
        let Some(mut found) = declaration::in_force(&mut conn, id).await? else {
            return Ok(None);
        };
        declaration::open_texts(&mut conn, [&mut found].into_iter()).await?;
        let (declared, now) = (found.declared, self.app_state.clock.now());
        let state = match declared.proof {
            DeclarationProof::Missing => DeclarationState::Unproven,
            DeclarationProof::NotUnderstood => DeclarationState::Newer,
            DeclarationProof::Confirmed if !declared.is_valid(now) => DeclarationState::Ended,
            DeclarationProof::Confirmed if declared.is_due(now) => DeclarationState::EndsSoon,
            DeclarationProof::Confirmed => DeclarationState::Valid,
        };
        let reported = class.reported();
        let snapshot = &self.read_model.snapshot;
        Ok(Some(DeclarationView {
            environment: declared.environment,
            pci: declared.pci,
            valid_until: declared.valid_until,
            reported: (reported != declared.strictness()).then_some(reported),
            state,
            text: found.proven.map(|(declaration, change)| DeclarationText {
                owner: declaration.owner.map(|owner| names::user(snapshot, &owner)),
                purpose: names::typed(&declaration.purpose),
                out_of_scope: declaration.out_of_scope.as_ref().map(names::typed),
                change,
            }),
        }))
    }

    /// Returns the form that has existing access approved, if nothing records it and an approval resolves all that policies find.
    pub(super) fn adoption(&self, assignment: &Assignment, hits: &[HitView]) -> Option<ChangeForm> {
        let read_model = &self.read_model;
        let lacks = HitView::strictest(hits) == Outcome::NeedsApproval;
        let windows = read_model.reasons.windows.get(assignment);
        let is_recorded = windows.and_then(|all| all.last()).is_some();
        let exists = read_model.snapshot.exists(&assignment.principal);
        let is_offered = lacks
            && exists
            && !is_recorded
            && self.grants_refused(&assignment.pair.account).is_none();
        is_offered.then(|| ChangeForm::grant(assignment))
    }

    /// Returns why every grant on the management account would be refused: that is so for each permission set alike.
    fn grants_refused(&self, id: &AccountId) -> Option<Refused> {
        let snapshot = &self.read_model.snapshot;
        if !snapshot.is_management(id) {
            return None;
        }
        let parts = snapshot.parts();
        let assignment = Assignment {
            pair: Pair {
                account: id.clone(),
                set: parts.sets.keys().next()?.clone(),
            },
            principal: Principal::User(parts.users.keys().next()?.clone()),
        };
        let grant = Operation::Assign {
            assignment,
            term: Term::Standing,
        };
        refusals::of(snapshot, &self.read_model.rules, &grant)
    }

    fn writes(&self, id: &AccountId) -> AccountWrites {
        let management = self.read_model.special.management.as_ref() == Some(id);
        let delegated = !self.read_model.special.delegated_administrators.is_empty();
        if management && delegated {
            AccountWrites::FromItselfOnly
        } else {
            AccountWrites::Possible
        }
    }
}

/// Returns the policy findings of everyone with access through one assignment: each policy once, in policy order, with
/// its strictest outcome.
pub(super) fn each_once(rules: &Rules, findings: &[PolicyFindings]) -> Vec<HitView> {
    let mut hits: Vec<HitView> = Vec::new();
    for hit in findings.iter().flat_map(|one| one.hits.iter()) {
        match hits.iter_mut().find(|view| view.rule == hit.rule) {
            Some(known) if known.outcome < hit.outcome() => *known = names::hit(rules, hit),
            Some(_) => {}
            None => hits.push(names::hit(rules, hit)),
        }
    }
    hits
}

/// The number of violations, then the number of unapproved findings.
fn badness(hits: &[HitView]) -> Tally {
    Tally::of(hits.iter().map(|hit| hit.outcome))
}
