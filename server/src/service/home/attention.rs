//! What needs somebody to act, on the home page of those who see the directory.

use std::collections::BTreeMap;

use app::backend::{AssignmentRow, Attention, ChangeForm, EnvironmentShare, OverdueRow, ReviewRow};
use domain::{
    access,
    change::Operation,
    classification::Environment,
    engine::AccessResource,
    ids::Assignment,
    policies::Rules,
    time::{Date, Duration, Timestamp},
};

use crate::{
    service::{Service, app_state::ReadModel, names, refusals},
    store::{StoreConnection, StoreError},
};

/// The number of rows of each kind.
const ROWS: usize = 3;
/// How long before its date a review is due.
const NEAR: Duration = Duration::days(14);

impl Service {
    pub(super) async fn attention(
        &self,
        conn: &mut StoreConnection,
    ) -> Result<Attention, StoreError> {
        let (read_model, rules) = (&self.read_model, &self.app_state.rules);
        let waiting = self.app_state.waiting_changes.now(conn).await?.len();
        let overdue = overdue(read_model);
        let reviews = reviews(read_model, self.app_state.clock.now());
        let totals = &read_model.exposure.totals;
        let never = read_model.snapshot.never_read();
        let known = never.accounts().and(never.assignments());
        let known = known.and(never.users()).and(never.groups());
        Ok(Attention {
            waiting,
            overdue_count: overdue.len(),
            overdue: overdue.into_iter().take(ROWS).collect(),
            orphans: orphans(read_model, rules),
            orphan_count: known.figure(totals.orphans),
            review_count: reviews.len(),
            reviews: reviews
                .into_iter()
                .take(ROWS)
                .map(|(on, assignment)| ReviewRow {
                    assignment: row(read_model, rules, assignment),
                    on,
                })
                .collect(),
        })
    }
}

fn row(read_model: &ReadModel, rules: &Rules, assignment: &Assignment) -> AssignmentRow {
    let snapshot = &read_model.snapshot;
    let operation = Operation::Unassign {
        assignment: assignment.clone(),
    };
    AssignmentRow {
        account: names::account(snapshot, &assignment.pair.account),
        set: names::set(snapshot, &assignment.pair.set),
        principal: names::principal(snapshot, &assignment.principal),
        removal: ChangeForm::remove(assignment),
        refused: refusals::of(snapshot, rules, &operation),
    }
}

/// Returns the first assignments in production PCI whose principal is gone.
fn orphans(read_model: &ReadModel, rules: &Rules) -> Vec<AssignmentRow> {
    // Looking for them costs as much as there are assignments.
    if read_model.exposure.totals.orphans == 0 {
        return Vec::new();
    }
    let orphans = access::orphans(&read_model.snapshot);
    let guarded = orphans.filter(|(pair, _)| read_model.pci_findings.contains_key(&pair.account));
    let assignments = guarded.map(|(pair, principal)| Assignment {
        pair: pair.clone(),
        principal: principal.clone(),
    });
    let first = assignments.take(ROWS);
    first.map(|one| row(read_model, rules, &one)).collect()
}

/// Returns the standing access whose review date has passed or is near, the first date first.
fn reviews(read_model: &ReadModel, now: Timestamp) -> Vec<(Date, &Assignment)> {
    let until = Date::of(now + NEAR);
    let records = read_model.reasons.records.assignments.iter();
    let dated = records.filter_map(|(assignment, record)| {
        let on = record.agreed.review_on?;
        let is_there = read_model.snapshot.pair(&assignment.pair);
        let is_there =
            is_there.is_some_and(|read| read.principals.contains_key(&assignment.principal));
        (is_there && until.is_some_and(|until| on <= until)).then_some((on, assignment))
    });
    let mut dated: Vec<_> = dated.collect();
    dated.sort();
    dated
}

/// Returns the removals that are late, the longest overdue first.
fn overdue(read_model: &ReadModel) -> Vec<OverdueRow> {
    let snapshot = &read_model.snapshot;
    let overdue = read_model.reasons.records.overdue.iter();
    let mut rows: Vec<OverdueRow> = overdue
        .map(|(resource, due)| match resource {
            AccessResource::Assignment(assignment) => OverdueRow {
                what: format!(
                    "{} on {}",
                    names::set(snapshot, &assignment.pair.set).name,
                    names::account(snapshot, &assignment.pair.account).name
                ),
                href: format!("/accounts/{}", assignment.pair.account),
                due: *due,
            },
            AccessResource::Membership { group, user } => OverdueRow {
                what: format!(
                    "The membership of {} in {}",
                    names::user(snapshot, user).name,
                    names::group(snapshot, group)
                ),
                href: format!("/people/{user}"),
                due: *due,
            },
        })
        .collect();
    rows.sort_by_key(|row| row.due);
    rows
}

/// Returns the environments that have assignments, the strictest first.
pub(super) fn environments(read_model: &ReadModel) -> Vec<EnvironmentShare> {
    let snapshot = &read_model.snapshot;
    let never = snapshot.never_read();
    let known = never.accounts().and(never.assignments());
    let mut totals: BTreeMap<Environment, (usize, usize)> = BTreeMap::new();
    for entry in read_model.index.accounts() {
        if let Some((_, class)) = snapshot.account(&entry.id) {
            let (standing, temporary) = totals.entry(class.environment).or_default();
            *standing += entry.standing as usize;
            *temporary += entry.temporary as usize;
        }
    }
    let totals = totals.into_iter().rev();
    totals
        .filter(|(_, (standing, temporary))| standing + temporary > 0)
        .map(|(environment, (standing, temporary))| EnvironmentShare {
            environment,
            standing: known.figure(standing),
            temporary: known.figure(temporary),
        })
        .collect()
}
