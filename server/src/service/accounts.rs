//! Accounts: the board, and one account with all its assignments.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use app::backend::{
    AccessRow, AccountCard, AccountView, AccountWrites, AccountsPort, Board, BoardCell, ChangeForm,
    DeclarationCounts, DeclarationMark, DeclarationState, DeclarationText, DeclarationView, Denied,
    HitView, ListQuery, PortResult, confirmation, is_declared_otherwise,
};
use app::pages::{
    CELL,
    accounts::{DECLARED, DECLARED_OTHERWISE, TO_CONFIRM, UNDECLARED},
    cell,
};
use async_trait::async_trait;
use domain::{
    access,
    authorize::Action,
    classification::{Classification, DeclarationProof, readings},
    ids::{AccountId, Assignment, Principal},
    policies::{AssignmentFindings, PolicyFindings, Rules},
    snapshot::{Knowledge, Provisioned},
    time::Timestamp,
    verdict::Tally,
};

use super::{
    Service,
    app_state::ReadModel,
    broken, existing,
    index::{AccountEntry, SearchTerms},
    names,
};
use crate::store::{StoreError, change::ChangeTarget, declaration};

/// The maximum number of changes shown on the page of an account.
const CHANGES: usize = 10;
/// The maximum number of accounts whose confirmation the board writes out.
const CONFIRMATIONS: usize = 20;

#[async_trait]
impl AccountsPort for Service {
    async fn board(&self, query: &ListQuery) -> PortResult<Board> {
        self.allowed(Action::SeeDirectory)?;
        Ok(board(&self.read_model, query, self.app_state.clock.now()))
    }

    async fn account(&self, id: &AccountId) -> PortResult<AccountView> {
        self.allowed(Action::SeeDirectory)?;
        let snapshot = &self.read_model.snapshot;
        let parts = snapshot.parts();
        let known = snapshot.account(id);
        // An account that left the organization may still have assignments.
        let not_found = parts.coverage.not_found.iter();
        let not_found: Vec<_> = not_found.filter(|pair| pair.account == *id).collect();
        if known.is_none() && not_found.is_empty() && snapshot.pairs_in(id).next().is_none() {
            return Err(Denied::NotFound);
        }
        let account_ref = names::account(snapshot, id);
        let class = account_ref.class;
        let about = ChangeTarget {
            kind: "account",
            value: id.to_string(),
        };
        let people: BTreeSet<_> = access::reaching(snapshot, id).map(|one| one.user).collect();
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
        Ok(AccountView {
            readings,
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
            findings: access::people_known(snapshot, id)
                .and(snapshot.never_read().sets())
                .and(found),
            people: access::people_known(snapshot, id)
                .and(found)
                .figure(people.len()),
            changes: self.recent_changes(about, CHANGES).await?,
            writes: self.writes(id),
        })
    }
}

fn board(read_model: &ReadModel, query: &ListQuery, now: Timestamp) -> Board {
    let known = read_model.index.account_count();
    let class_of = |entry: &AccountEntry| {
        read_model
            .snapshot
            .account(&entry.id)
            .map(|(_, class)| *class)
    };
    let count = |counted: fn(&Classification) -> bool| {
        let classes = read_model.index.accounts().filter_map(class_of);
        classes.filter(counted).count()
    };
    let unclassified = count(Classification::is_assumed);
    let contradictory = count(|class| class.contradictory);
    let waiting = count(|class| class.waiting.is_some());
    let declarations = DeclarationCounts::of(read_model.index.accounts().filter_map(class_of), now);
    let mut fields: BTreeMap<_, Vec<&AccountEntry>> = BTreeMap::new();
    for (entry, class) in entries(read_model, query, now) {
        fields.entry(class.strictness()).or_default().push(entry);
    }
    let total = fields.values().map(Vec::len).sum();
    let confirmations = fields
        .values()
        .flatten()
        .filter_map(|entry| read_model.snapshot.account(&entry.id))
        .filter_map(|(account, class)| confirmation(&account.id, class))
        .take(CONFIRMATIONS)
        .collect();
    // A single cell is paged. If there are several, each shows its most exposed accounts.
    let skip = if fields.len() == 1 {
        (existing(query.page, total, CELL) - 1) * CELL
    } else {
        0
    };
    let cells = fields
        .into_iter()
        .rev()
        .map(|((environment, pci), entries)| BoardCell {
            environment,
            pci,
            total: entries.len(),
            accounts: entries
                .into_iter()
                .skip(skip)
                .take(CELL)
                .map(|entry| card(read_model, entry, now))
                .collect(),
        });
    Board {
        cells: cells.collect(),
        total,
        known,
        unclassified,
        contradictory,
        waiting,
        declarations,
        confirmations,
    }
}

/// Returns the accounts that the board shows for this query, in its order within each cell.
pub(super) fn entries<'a>(
    read_model: &'a ReadModel,
    query: &ListQuery,
    now: Timestamp,
) -> impl Iterator<Item = (&'a AccountEntry, Classification)> {
    let words = SearchTerms::of(&query.words);
    let only = query.only.clone().unwrap_or_default();
    read_model.index.accounts().filter_map(move |entry| {
        let (_, class) = read_model.snapshot.account(&entry.id)?;
        let shown = words.occur_in(&entry.text) && kept(read_model, &only, entry, *class, now);
        shown.then_some((entry, *class))
    })
}

/// Whether a filter keeps an account. An unknown filter keeps all.
fn kept(
    read_model: &ReadModel,
    only: &str,
    entry: &AccountEntry,
    class: Classification,
    now: Timestamp,
) -> bool {
    if let Some(rule) = only.strip_prefix("rule:") {
        let found = read_model
            .exposure
            .findings()
            .iter()
            .find(|(id, _)| id == rule);
        return found.is_some_and(|(_, found)| found.accounts.contains(&entry.id));
    }
    match only {
        "production-pci" => class.counts_as_production_pci(),
        "findings" => entry.findings.is_some_and(|tally| tally.against > 0),
        "unapproved" => entry.findings.is_some_and(|tally| tally.unapproved > 0),
        "unclassified" => class.is_assumed(),
        "contradictory" => class.contradictory,
        "waiting" => class.waiting.is_some(),
        DECLARED => class.declared().is_some(),
        UNDECLARED => class.declared().is_none(),
        DECLARED_OTHERWISE => is_declared_otherwise(&class),
        TO_CONFIRM => class
            .declared()
            .is_some_and(|declared| declared.is_due(now)),
        _ => cell(only).is_none_or(|field| field == class.strictness()),
    }
}

fn card(read_model: &ReadModel, entry: &AccountEntry, now: Timestamp) -> AccountCard {
    let snapshot = &read_model.snapshot;
    let people = access::people_known(snapshot, &entry.id);
    let assignments = snapshot.never_read().assignments_in(&entry.id);
    let powers = people.and(snapshot.never_read().sets());
    AccountCard {
        declaration: DeclarationMark::of(snapshot.account(&entry.id).map(|(_, class)| class), now),
        account: names::account(snapshot, &entry.id),
        people: people.figure(entry.people as usize),
        standing: assignments.figure(entry.standing as usize),
        findings: entry.findings.map(|found| powers.figure(found)),
    }
}

impl Service {
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
            let mut people: Vec<_> = match principal {
                Principal::User(user) => (!snapshot.is_gone(principal))
                    .then(|| names::user(snapshot, user))
                    .into_iter()
                    .collect(),
                Principal::Group(group) => snapshot
                    .members(group)
                    .map(|user| names::user(snapshot, user))
                    .collect(),
            };
            people.sort_by(|a, b| a.name.cmp(&b.name));
            let set = names::set(snapshot, &pair.set);
            rows.push(AccessRow {
                removal: ChangeForm::remove(&assignment),
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
                hits: each_once(&self.app_state.rules, &findings),
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
