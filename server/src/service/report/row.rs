//! A row of the report, from the read model. Never evaluates, and never decides which rows there are.

use app::backend::{AccountStatus, ReportRow};
use domain::{
    access::Reach,
    ids::{Assignment, GroupId, Principal},
    org::AccountState,
    snapshot::Snapshot,
    time::Timestamp,
};

use super::findings::Findings;
use crate::service::{app_state::ReadModel, names};

/// Who a row is about.
pub(super) enum Subject<'a> {
    Person(&'a Reach),
    /// A user or group that no longer exists.
    Orphan,
}

/// Builds the row of an assignment, or of the path of one person.
pub(super) fn row(
    read_model: &ReadModel,
    assignment: &Assignment,
    since: Timestamp,
    subject: Subject<'_>,
    findings: Findings,
) -> ReportRow {
    let snapshot = &read_model.snapshot;
    let account = names::account(snapshot, &assignment.pair.account);
    let set = names::set(snapshot, &assignment.pair.set);
    let orphaned = matches!(subject, Subject::Orphan);
    let standing = read_model.ends(assignment).is_none();
    let person = match subject {
        Subject::Person(reach) => Some(&reach.user),
        Subject::Orphan => None,
    };
    let review_by = standing
        .then(|| read_model.review_on(assignment, person))
        .flatten()
        .map(|day| day.to_string());
    let title = person
        .and_then(|user| snapshot.user(user))
        .and_then(|user| user.title.clone());
    let (person_id, person, enabled) = match subject {
        Subject::Person(reach) => {
            let user = names::user(snapshot, &reach.user);
            let enabled = match user.status {
                AccountStatus::Enabled => Some(true),
                AccountStatus::Disabled | AccountStatus::Gone => Some(false),
                AccountStatus::NotRead => None,
            };
            (reach.user.to_string(), user.name, enabled)
        }
        Subject::Orphan => {
            let id = assignment.principal.id().to_owned();
            (id, orphan(&assignment.principal), Some(false))
        }
    };
    ReportRow {
        person_id,
        person,
        title,
        enabled,
        orphaned,
        account_id: account.id.to_string(),
        account: account.name,
        account_state: state_name(account.state).to_owned(),
        environment: account.class.environment.as_str().into(),
        pci: account.class.pci.as_str().into(),
        permission_set: set.name,
        permission_set_arn: set.arn.to_string(),
        path: match &assignment.principal {
            Principal::User(_) => DIRECT.into(),
            Principal::Group(group) => through(&names::group(snapshot, group)),
        },
        group: known_group(snapshot, &assignment.principal),
        standing,
        since: since.rfc3339(),
        review_by,
        capabilities: set.capabilities,
        start_known: read_model.is_granted(assignment),
        findings: findings.ids,
        finding_titles: findings.titles,
        finding_controls: findings.controls,
        finding_kinds: findings.kinds,
    }
}

/// Returns the id and name of a group that is in the directory; none for a user.
fn known_group(snapshot: &Snapshot, principal: &Principal) -> Option<(GroupId, String)> {
    let Principal::Group(id) = principal else {
        return None;
    };
    let group = snapshot.group(id)?;
    Some((id.clone(), group.display_name.clone()))
}

/// Returns the name under which the report lists a user or group that no longer exists.
pub(super) fn orphan(principal: &Principal) -> String {
    let kind = principal.kind().to_lowercase();
    format!("Orphaned {kind} {}", principal.id())
}

/// Returns AWS's name for the state of an account. An account that is not in the organization has none.
fn state_name(state: Option<AccountState>) -> &'static str {
    state.map_or("NOT_IN_ORGANIZATION", AccountState::as_str)
}

/// The path of a direct assignment.
pub(super) const DIRECT: &str = "direct";

/// Returns the path of a group's members.
pub(super) fn through(group: &str) -> String {
    format!("group: {group}")
}
