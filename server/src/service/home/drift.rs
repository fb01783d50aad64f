//! What changed outside Leastwise and still is so, on the home page: what somebody undid or adopted is not listed.

use std::collections::BTreeSet;

use app::backend::{ChangeForm, DriftKind, DriftRow};
use domain::{
    change::Operation,
    drift::{Drift, DriftEvent},
    grant::Term,
    ids::{GroupId, PermissionSetArn, Principal},
    time::{Duration, Timestamp},
};

use crate::service::{app_state::ReadModel, names, refusals};

/// The number of latest differences that are looked at.
pub(in crate::service) const LOOKED_AT: i64 = 200;
/// How long a difference is listed that nobody can undo by a change, or whose undoing would give access.
const NEWS: Duration = Duration::days(14);

/// Returns the differences that still are there, each once, the newest first.
pub(super) fn unmended<'a>(
    read_model: &ReadModel,
    seen: &'a [DriftEvent],
    now: Timestamp,
) -> Vec<&'a DriftEvent> {
    let mut known: BTreeSet<&Drift> = BTreeSet::new();
    let still = seen.iter().filter(|one| {
        let is_news = now.since(one.by) <= NEWS;
        stands(read_model, &one.drift, is_news) && known.insert(&one.drift)
    });
    still.collect()
}

/// Whether a difference is there as it was observed, and nobody adopted it since.
fn stands(read_model: &ReadModel, drift: &Drift, is_news: bool) -> bool {
    let snapshot = &read_model.snapshot;
    let is_assigned = |assignment: &domain::ids::Assignment| {
        let read = snapshot.pair(&assignment.pair);
        read.is_some_and(|read| read.principals.contains_key(&assignment.principal))
    };
    let is_member = |group: &GroupId, user| snapshot.members(group).any(|member| member == user);
    let reasons = &read_model.reasons;
    match drift {
        Drift::Assigned { assignment } => {
            is_assigned(assignment) && reasons.windows.get(assignment).is_none()
        }
        Drift::Unassigned { assignment } => {
            is_news && !is_assigned(assignment) && snapshot.exists(&assignment.principal)
        }
        Drift::Joined { group, user } => {
            let recorded = reasons.records.memberships.get(group);
            let is_recorded = recorded.is_some_and(|joined| joined.contains_key(user));
            is_member(group, user) && !is_recorded
        }
        Drift::Left { group, user } => {
            is_news && !is_member(group, user) && snapshot.exists(&Principal::User(user.clone()))
        }
        Drift::SetEdited { set, to, .. } => {
            is_news && snapshot.set(set).is_some_and(|set| set.hash == *to)
        }
        // One that waits for a confirmation needs action as an account, and is not told twice.
        Drift::Reclassified { account, .. } | Drift::ReportedOtherwise { account, .. } => {
            let class = snapshot.account(account).map(|(_, class)| class);
            is_news && class.is_none_or(|class| class.waiting.is_none())
        }
    }
}

/// Returns the form that undoes a difference, if it is access, and the item that the form requests.
fn undo(drift: &Drift) -> Option<(ChangeForm, Operation)> {
    Some(match drift {
        Drift::Assigned { assignment } => (
            ChangeForm::remove(assignment),
            Operation::Unassign {
                assignment: assignment.clone(),
            },
        ),
        Drift::Unassigned { assignment } => (
            ChangeForm::grant(assignment),
            Operation::Assign {
                assignment: assignment.clone(),
                term: Term::Standing,
            },
        ),
        Drift::Joined { group, user } => (
            ChangeForm::leave(group, user),
            Operation::RemoveMember {
                group: group.clone(),
                user: user.clone(),
            },
        ),
        Drift::Left { group, user } => (
            ChangeForm {
                who: format!("user:{user}"),
                ..ChangeForm::join(group)
            },
            Operation::AddMember {
                group: group.clone(),
                user: user.clone(),
            },
        ),
        Drift::SetEdited { .. } | Drift::Reclassified { .. } | Drift::ReportedOtherwise { .. } => {
            return None;
        }
    })
}

/// Returns the row of a difference, with the form that undoes it.
pub(super) fn row(read_model: &ReadModel, seen: &DriftEvent) -> DriftRow {
    let snapshot = &read_model.snapshot;
    let set = |arn: &PermissionSetArn| names::set(snapshot, arn).name;
    let group = |id: &GroupId| names::group(snapshot, id);
    let (what, principal, account) = match &seen.drift {
        Drift::Assigned { assignment } => (
            DriftKind::Assigned {
                set: set(&assignment.pair.set),
            },
            Some(assignment.principal.clone()),
            Some(&assignment.pair.account),
        ),
        Drift::Unassigned { assignment } => (
            DriftKind::Unassigned {
                set: set(&assignment.pair.set),
            },
            Some(assignment.principal.clone()),
            Some(&assignment.pair.account),
        ),
        Drift::Joined { group: id, user } => (
            DriftKind::Joined { group: group(id) },
            Some(Principal::User(user.clone())),
            None,
        ),
        Drift::Left { group: id, user } => (
            DriftKind::Left { group: group(id) },
            Some(Principal::User(user.clone())),
            None,
        ),
        Drift::SetEdited { set: arn, .. } => (DriftKind::SetEdited { set: set(arn) }, None, None),
        Drift::Reclassified { account, from, to } => (
            DriftKind::Reclassified {
                from: *from,
                to: *to,
            },
            None,
            Some(account),
        ),
        Drift::ReportedOtherwise { account, from, to } => (
            DriftKind::ReportedOtherwise {
                from: *from,
                to: *to,
            },
            None,
            Some(account),
        ),
    };
    let undo = undo(&seen.drift);
    DriftRow {
        refused: undo
            .as_ref()
            .and_then(|(_, operation)| refusals::of(snapshot, &read_model.rules, operation)),
        undo: undo.map(|(form, _)| form),
        what,
        principal: principal.map(|who| names::principal(snapshot, &who)),
        account: account.map(|id| names::account(snapshot, id)),
        after: seen.after,
        by: seen.by,
    }
}
