//! Names for ids, as pages show them. A name is looked up when it is shown, never stored with access.

use app::backend::{AccountRef, Freshness, HitView, PrincipalRef, SetRef, UserRef, UserStanding};
use domain::{
    classification::{Classification, Environment, Pci, Source},
    directory::UserStatus,
    ids::{AccountId, GroupId, PermissionSetArn, Principal, UserId},
    snapshot::{Gap, Snapshot, Unread},
    time::{Duration, Timestamp},
    verdict::Hit,
};

/// An account. One that is gone is shown by its number and judged as production PCI.
pub fn account(snapshot: &Snapshot, id: &AccountId) -> AccountRef {
    let unknown = Classification {
        environment: Environment::Production,
        environment_source: Source::Nothing,
        pci: Pci::In,
        pci_source: Source::Nothing,
        waiting: None,
    };
    match snapshot.account(id) {
        Some((account, class)) => AccountRef {
            id: id.clone(),
            name: account.name.clone(),
            class: *class,
        },
        None => AccountRef {
            id: id.clone(),
            name: "unknown account".into(),
            class: unknown,
        },
    }
}

/// A user.
pub fn user(snapshot: &Snapshot, id: &UserId) -> UserRef {
    match snapshot.user(id) {
        Some(user) => UserRef {
            id: id.clone(),
            name: user.display_name.clone(),
            standing: match user.status {
                UserStatus::Enabled => UserStanding::Enabled,
                UserStatus::Disabled => UserStanding::Disabled,
            },
        },
        None => UserRef {
            id: id.clone(),
            name: "unknown user".into(),
            standing: UserStanding::Gone,
        },
    }
}

/// A group's name.
pub fn group(snapshot: &Snapshot, id: &GroupId) -> String {
    snapshot.group(id).map_or_else(
        || format!("unknown group {id}"),
        |group| group.display_name.clone(),
    )
}

/// A permission set.
pub fn set(snapshot: &Snapshot, arn: &PermissionSetArn) -> SetRef {
    match snapshot.set(arn) {
        Some(set) => SetRef {
            arn: arn.clone(),
            name: set.name.clone(),
            risks: set.analysis.risks().into_iter().collect(),
        },
        None => SetRef {
            arn: arn.clone(),
            name: "unknown permission set".into(),
            risks: vec![domain::permission_set::analysis::Risk::Unknown],
        },
    }
}

/// Who an assignment names.
pub fn principal(snapshot: &Snapshot, principal: &Principal) -> PrincipalRef {
    if !snapshot.exists(principal) {
        return PrincipalRef::Orphan(principal.clone());
    }
    match principal {
        Principal::User(id) => PrincipalRef::User(user(snapshot, id)),
        Principal::Group(id) => PrincipalRef::Group {
            id: id.to_string(),
            name: group(snapshot, id),
            members: snapshot.members(id).count(),
        },
    }
}

/// A guardrail's word.
pub fn hit(hit: &Hit) -> HitView {
    HitView {
        rule: hit.rule.clone(),
        reason: hit.reason.clone(),
        control: hit.control.clone(),
        outcome: hit.outcome(),
    }
}

/// What could not be read, and why, in words.
pub fn unread(snapshot: &Snapshot, unread: &Unread) -> String {
    // A set that was never read has no name.
    let named = |arn: &PermissionSetArn| {
        let key = arn.as_str().rsplit('/').next().unwrap_or_default();
        snapshot
            .set(arn)
            .map_or_else(|| key.to_owned(), |set| set.name.clone())
    };
    let what = match &unread.what {
        Gap::Organization => "the organization".to_owned(),
        Gap::DelegatedAdministrators => "delegated administrators".to_owned(),
        Gap::Units => "organizational units".to_owned(),
        Gap::Accounts => "the list of accounts".to_owned(),
        Gap::TagsOf(id) => format!("tags of account {id}"),
        Gap::Users => "the list of users".to_owned(),
        Gap::Groups => "the list of groups".to_owned(),
        Gap::MembersOf(id) => format!("members of {}", group(snapshot, id)),
        Gap::Sets => "the list of permission sets".to_owned(),
        Gap::ContentOf(arn) => format!("content of {}", named(arn)),
        Gap::AccountsOf(arn) => format!("accounts that hold {}", named(arn)),
        Gap::OutdatedAccountsOf(arn) => {
            format!("accounts that hold an older {}", named(arn))
        }
        Gap::AssignmentsOf(pair) => format!(
            "assignments of {} in {} {}",
            named(&pair.set),
            account(snapshot, &pair.account).name,
            pair.account
        ),
        Gap::Unknown => "something that an earlier version noted".to_owned(),
    };
    format!("{what} ({})", unread.why)
}

/// How fresh and complete a snapshot is. Stale is older than twice the crawl interval.
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
        stale: coverage
            .complete_at
            .is_none_or(|at| now.since(at).0 > 2 * every.0),
    }
}
