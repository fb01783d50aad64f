//! Users in forms: how one is named, and the list to choose from. Every form with a user follows these rules.

use app::backend::FormOption;
use domain::{
    directory::{User, UserStatus},
    ids::{Principal, UserId},
    snapshot::Snapshot,
};
use thiserror::Error;

use super::options::{LISTED, sorted};
use crate::service::changes::descriptions;

/// Why an entered text stands for no user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(in crate::service::changes) enum NotOneUser {
    #[error(
        "The directory contains no such user as of the last complete read of AWS. Choose another, or try again after the next read."
    )]
    Unknown,
    #[error("Several users have this name. Enter the user name, which only one has.")]
    Several,
}

/// Returns the user with this id, as `user:ID` or `ID`, or with this exact name, upper or lower case.
pub(in crate::service::changes) fn find(
    snapshot: &Snapshot,
    entered: &str,
) -> Result<UserId, NotOneUser> {
    let by_id = UserId::parse(entered.strip_prefix("user:").unwrap_or(entered)).ok();
    if let Some(user) = by_id.filter(|user| snapshot.user(user).is_some()) {
        return Ok(user);
    }
    let mut found = named(snapshot, entered);
    match (found.next(), found.next()) {
        (Some(user), None) => Ok(user.id.clone()),
        (Some(_), Some(_)) => Err(NotOneUser::Several),
        (None, _) => Err(NotOneUser::Unknown),
    }
}

/// Returns the users with this display name or user name.
pub(super) fn named<'a>(
    snapshot: &'a Snapshot,
    entered: &'a str,
) -> impl Iterator<Item = &'a User> {
    let users = snapshot.parts().users.values();
    users.filter(|user| same(&user.display_name, entered) || same(&user.user_name, entered))
}

/// Compares names case-insensitively. A match only selects an id, which is then shown.
pub(super) fn same(name: &str, typed: &str) -> bool {
    name.to_lowercase() == typed.to_lowercase()
}

/// Returns the value of a user in a form.
pub(in crate::service::changes) fn value(id: &UserId) -> String {
    format!("user:{id}")
}

/// Returns a user to choose. A disabled one is marked.
pub(super) fn option(snapshot: &Snapshot, id: &UserId) -> FormOption {
    let label = match snapshot.user(id) {
        Some(user) if user.status == UserStatus::Disabled => {
            format!("{} · {} · disabled", user.display_name, user.user_name)
        }
        Some(user) => format!("{} · {}", user.display_name, user.user_name),
        None => descriptions::principal(snapshot, &Principal::User(id.clone())),
    };
    FormOption {
        value: value(id),
        label,
    }
}

/// Returns the users to choose from, by name; none if they are too many for a list, so that one is typed instead.
pub(in crate::service::changes) fn list(snapshot: &Snapshot) -> Option<Vec<FormOption>> {
    let users = &snapshot.parts().users;
    (users.len() <= LISTED).then(|| {
        let mut list: Vec<FormOption> = users.keys().map(|id| option(snapshot, id)).collect();
        sorted(&mut list);
        list
    })
}

/// Returns the selected user alone, for a form into which users are typed.
pub(in crate::service::changes) fn selected(snapshot: &Snapshot, value: &str) -> Vec<FormOption> {
    let id = value.strip_prefix("user:").map(UserId::parse);
    let known = id.and_then(Result::ok);
    known.iter().map(|id| option(snapshot, id)).collect()
}
