//! Resolves ids to the names that pages show. Names are resolved for display and never stored with access.

use app::backend::{
    AccountRef, AccountStatus, Freshness, HitView, ListsRead, PrincipalRef, SetRef, UserRef, ViaRef,
};
use domain::{
    access::Path,
    classification::{Basis, Classification, Environment, Pci, Source},
    directory::UserStatus,
    ids::{AccountId, GroupId, PermissionSetArn, PersonId, Principal, UserId},
    ledger::ActorKind,
    policies::Rules,
    private::{Private, PrivateText},
    snapshot::{self, Figure, Gap, Knowledge, Snapshot, Unread},
    time::{Duration, Timestamp},
    verdict::Hit,
};

use crate::{aws::rights, service::journal::SELF_REPORTED_NAME};

/// Returns what somebody typed, or that it was erased or not read.
pub(super) fn typed(text: &Private) -> String {
    let text = match text.text() {
        PrivateText::Text(text) => text,
        PrivateText::Erased => "This text was erased.",
        PrivateText::NotRead => "This text was not read.",
    };
    text.to_owned()
}

/// Returns an account for display. An unknown account is shown by its id and treated as production PCI.
pub fn account(snapshot: &Snapshot, id: &AccountId) -> AccountRef {
    let unknown = Classification {
        environment: Environment::Production,
        environment_source: Source::Nothing,
        pci: Pci::In,
        pci_source: Source::Nothing,
        contradictory: false,
        waiting: None,
        basis: Basis::default(),
    };
    match snapshot.account(id) {
        Some((account, class)) => AccountRef {
            id: id.clone(),
            name: account.name.clone(),
            class: *class,
            state: Some(account.state),
        },
        None => AccountRef {
            id: id.clone(),
            name: "unknown account".into(),
            class: unknown,
            state: None,
        },
    }
}

/// Returns a path for display.
pub fn via(snapshot: &Snapshot, path: &Path) -> ViaRef {
    match path {
        Path::Direct => ViaRef::Direct,
        Path::Group(id) => ViaRef::Group {
            id: id.clone(),
            name: group(snapshot, id),
        },
    }
}

/// Returns a user for display.
pub fn user(snapshot: &Snapshot, id: &UserId) -> UserRef {
    match snapshot.user(id) {
        Some(user) => UserRef {
            id: id.clone(),
            name: user.display_name.clone(),
            status: match user.status {
                UserStatus::Enabled => AccountStatus::Enabled,
                UserStatus::Disabled => AccountStatus::Disabled,
            },
        },
        None if snapshot.never_read().users() == Knowledge::NeverRead => UserRef {
            id: id.clone(),
            name: id.to_string(),
            status: AccountStatus::NotRead,
        },
        None => UserRef {
            id: id.clone(),
            name: "unknown user".into(),
            status: AccountStatus::Gone,
        },
    }
}

/// Returns the name of a group.
pub fn group(snapshot: &Snapshot, id: &GroupId) -> String {
    snapshot.group(id).map_or_else(
        || match snapshot.never_read().groups() {
            Knowledge::Read => format!("unknown group {id}"),
            Knowledge::NeverRead => id.to_string(),
        },
        |group| group.display_name.clone(),
    )
}

/// Returns the number of members of a group.
pub fn members(snapshot: &Snapshot, id: &GroupId) -> Figure {
    let known = snapshot.never_read().members_of(id);
    known.figure(snapshot.members(id).count())
}

/// Returns a permission set for display.
pub fn set(snapshot: &Snapshot, arn: &PermissionSetArn) -> SetRef {
    match snapshot.set(arn) {
        Some(set) => SetRef {
            arn: arn.clone(),
            name: set.name.clone(),
            capabilities: set.analysis.capabilities().into_iter().collect(),
        },
        None => SetRef {
            arn: arn.clone(),
            name: "unknown permission set".into(),
            capabilities: vec![domain::permission_set::analysis::Capability::Unknown],
        },
    }
}

/// Returns the principal of an assignment for display.
pub fn principal(snapshot: &Snapshot, principal: &Principal) -> PrincipalRef {
    if snapshot.is_gone(principal) {
        return PrincipalRef::Orphan(principal.clone());
    }
    if !snapshot.exists(principal) {
        return PrincipalRef::NotRead(principal.clone());
    }
    match principal {
        Principal::User(id) => PrincipalRef::User(user(snapshot, id)),
        Principal::Group(id) => PrincipalRef::Group {
            id: id.to_string(),
            name: group(snapshot, id),
            members: members(snapshot, id),
        },
    }
}

/// Returns a policy finding for display.
pub fn hit(rules: &Rules, hit: &Hit) -> HitView {
    HitView {
        rule: hit.rule.clone(),
        title: rules.title(&hit.rule),
        reason: hit.reason.clone(),
        control: hit.control.clone(),
        outcome: hit.outcome(),
    }
}

/// What the name of an actor in an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordedName {
    /// The directory's name, or that of a sign-in without a directory user, which is marked.
    Checked,
    /// The name that the sign-in stated, which its owner may write: in entries of earlier versions.
    SelfReported,
}

impl RecordedName {
    /// Returns what the name of an actor is, by the names of the private values of its entry.
    pub fn of<'a>(actor: ActorKind, private: impl IntoIterator<Item = &'a String>) -> Self {
        let mut private = private.into_iter();
        if actor != ActorKind::Human || private.any(|name| name == SELF_REPORTED_NAME) {
            Self::Checked
        } else {
            Self::SelfReported
        }
    }
}

/// Returns the recorded name of the actor of an entry. A self-reported one is shown beside the directory's name, or
/// marked.
pub fn recorded_actor(
    snapshot: &Snapshot,
    person: Option<&PersonId>,
    name: &str,
    recorded: RecordedName,
) -> String {
    if recorded == RecordedName::Checked {
        return name.to_owned();
    }
    match person.and_then(|person| person_name(snapshot, person)) {
        Some(known) if known == name => known,
        Some(known) => format!("{known} (self-reported name: {name})"),
        None => format!("{name} (self-reported name)"),
    }
}

/// Returns the directory's name of a person.
pub fn person_name(snapshot: &Snapshot, person: &PersonId) -> Option<String> {
    let user = snapshot.user(snapshot.user_of(person)?)?;
    Some(user.display_name.clone())
}

/// Describes what could not be read, why, and which rights it needs if AWS denied it.
pub fn unread(snapshot: &Snapshot, unread: &Unread) -> String {
    let what = gap(snapshot, &unread.what);
    let needed = if is_denied(&unread.why) {
        format!(" {}", rights::needed(&unread.what, &unread.why))
    } else {
        String::new()
    };
    format!("{what} ({}).{needed}", unread.why)
}

/// Whether an error code means that AWS denied the call.
fn is_denied(why: &str) -> bool {
    why.starts_with("AccessDenied") || why.starts_with("NotAuthorized")
}

/// Names something that could not be read.
pub fn gap(snapshot: &Snapshot, gap: &Gap) -> String {
    // A permission set that was never read has no known name.
    let named = |arn: &PermissionSetArn| {
        let set = snapshot.set(arn);
        set.map_or_else(|| arn.key().to_owned(), |set| set.name.clone())
    };
    match gap {
        Gap::Organization => "the organization".to_owned(),
        Gap::DelegatedAdministrators => "delegated administrators".to_owned(),
        Gap::ServicesOf(id) => format!("services of delegated administrator {id}"),
        Gap::Units => "organizational units".to_owned(),
        Gap::Accounts => "the list of accounts".to_owned(),
        Gap::TagsOf(id) => format!("tags of account {id}"),
        Gap::Users => "the list of users".to_owned(),
        Gap::Groups => "the list of groups".to_owned(),
        Gap::MembersOf(id) => format!("members of {}", group(snapshot, id)),
        Gap::Sets => "the list of permission sets".to_owned(),
        Gap::ContentOf(arn) => format!("content of {}", named(arn)),
        Gap::AccountsOf(arn) => format!("accounts with {}", named(arn)),
        Gap::OutdatedAccountsOf(arn) => {
            format!("accounts with an outdated version of {}", named(arn))
        }
        Gap::AssignmentsOf(pair) => format!(
            "assignments of {} in {} {}",
            named(&pair.set),
            account(snapshot, &pair.account).name,
            pair.account
        ),
        Gap::Unknown => "a gap that an earlier version recorded".to_owned(),
    }
}

/// Describes what must be read before Leastwise is of use and was never read, with the reason of the last crawl.
pub fn missing(snapshot: &Snapshot) -> Vec<String> {
    let parts = snapshot.parts();
    let described = snapshot::missing(parts).into_iter().map(|missing| {
        let last = parts
            .coverage
            .unread
            .iter()
            .find(|one| one.what == *missing);
        let what = last.map_or_else(|| gap(snapshot, missing), |last| unread(snapshot, last));
        format!("AWS was never read completely: {what}")
    });
    described.collect()
}

fn lists(snapshot: &Snapshot) -> ListsRead {
    let never = snapshot.never_read();
    ListsRead {
        accounts: never.accounts(),
        users: never.users(),
        groups: never.groups(),
        sets: never.sets(),
        assignments: never.assignments(),
    }
}

/// Describes what could not be read without naming it, for a viewer who may not see the directory. The message of AWS is
/// left out, because it can contain names.
pub fn unread_kind(unread: &Unread) -> &'static str {
    match &unread.what {
        Gap::TagsOf(_) => "tags of an account",
        Gap::MembersOf(_) => "members of a group",
        Gap::ContentOf(_) => "content of a permission set",
        Gap::AccountsOf(_) | Gap::OutdatedAccountsOf(_) => "accounts of a permission set",
        Gap::AssignmentsOf(_) => "assignments in an account",
        _ => "a list of AWS",
    }
}

/// Returns how current and complete a snapshot is. It is stale if it is older than twice the crawl interval.
pub fn freshness(snapshot: &Snapshot, every: Duration, now: Timestamp) -> Freshness {
    let coverage = &snapshot.parts().coverage;
    Freshness {
        oldest: coverage.oldest,
        complete_at: coverage.complete_at,
        unread: coverage
            .unread
            .iter()
            .map(|one| unread(snapshot, one))
            .collect(),
        never_read: coverage
            .never_read
            .iter()
            .map(|one| gap(snapshot, one))
            .collect(),
        lists: lists(snapshot),
        stale: coverage
            .complete_at
            .is_none_or(|at| now.since(at).0 > 2 * every.0),
    }
}
