//! What needs somebody to act, on the home page of those who see the directory.

use app::backend::{
    AssignmentRow, Attention, ChangeForm, EnvironmentShare, LooserAccount, OverdueRow, ReviewRow,
};
use domain::{
    change::Operation,
    drift::DriftEvent,
    engine::AccessResource,
    ids::{AccountId, Assignment},
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
        seen: &[DriftEvent],
    ) -> Result<Attention, StoreError> {
        let read_model = &self.read_model;
        let waiting = self.app_state.waiting_changes.now(conn).await?.len();
        let overdue = overdue(read_model);
        let now = self.app_state.clock.now();
        let reviews = reviews(read_model, now);
        let totals = &read_model.exposure.totals;
        let never = read_model.snapshot.never_read();
        let known = never.accounts().and(never.assignments());
        let known = known.and(never.users()).and(never.groups());
        Ok(Attention {
            waiting,
            overdue_count: overdue.len(),
            overdue: overdue.into_iter().take(ROWS).collect(),
            orphans: orphans(read_model),
            orphan_count: known.figure(totals.orphans),
            looser: looser(read_model, seen),
            looser_count: never.accounts().figure(totals.waiting_accounts),
            to_confirm: to_confirm(read_model, now),
            review_count: reviews.len(),
            reviews: reviews
                .into_iter()
                .take(ROWS)
                .map(|(on, assignment)| ReviewRow {
                    assignment: row(read_model, assignment),
                    on,
                })
                .collect(),
        })
    }
}

fn row(read_model: &ReadModel, assignment: &Assignment) -> AssignmentRow {
    let snapshot = &read_model.snapshot;
    let operation = Operation::Unassign {
        assignment: assignment.clone(),
    };
    AssignmentRow {
        account: names::account(snapshot, &assignment.pair.account),
        set: names::set(snapshot, &assignment.pair.set),
        principal: names::principal(snapshot, &assignment.principal),
        removal: ChangeForm::remove(assignment),
        refused: refusals::of(snapshot, &read_model.rules, &operation),
    }
}

/// Returns the first assignments in production PCI whose principal is gone.
fn orphans(read_model: &ReadModel) -> Vec<AssignmentRow> {
    let orphans = read_model.exposure.orphans.values();
    let orphans = orphans.flat_map(|assignments| assignments.iter());
    orphans.take(ROWS).map(|one| row(read_model, one)).collect()
}

/// Returns the first accounts that wait for a confirmation. `seen` are the latest differences, the newest first.
fn looser(read_model: &ReadModel, seen: &[DriftEvent]) -> Vec<LooserAccount> {
    if read_model.exposure.totals.waiting_accounts == 0 {
        return Vec::new();
    }
    let accounts = read_model.snapshot.parts().accounts.iter();
    let waiting = accounts.filter(|(_, (_, class))| class.waiting.is_some());
    let changed = |id: &AccountId| {
        let of_it = seen.iter().find(|one| one.classifies(id));
        of_it.map(|one| (one.after, one.by))
    };
    waiting
        .take(ROWS)
        .map(|(id, _)| LooserAccount {
            account: names::account(&read_model.snapshot, id),
            changed: changed(id),
        })
        .collect()
}

/// Returns the number of accounts whose declaration ends soon or has ended.
fn to_confirm(read_model: &ReadModel, now: Timestamp) -> usize {
    let classes = read_model.snapshot.parts().accounts.values();
    let declared = classes.filter_map(|(_, class)| class.declared());
    declared.filter(|declared| declared.is_due(now)).count()
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

/// Returns the environments that have assignments outside production PCI, the strictest first.
pub(super) fn environments(read_model: &ReadModel) -> Vec<EnvironmentShare> {
    let never = read_model.snapshot.never_read();
    let known = never.accounts().and(never.assignments());
    let strictest_first = read_model.exposure.environments.iter().rev();
    strictest_first
        .map(|(environment, counts)| EnvironmentShare {
            environment: *environment,
            standing: known.figure(counts.standing),
            temporary: known.figure(counts.temporary),
        })
        .collect()
}
