//! Reads users, groups and group memberships.

use domain::{
    crawl::Members,
    directory::{ExternalId, Group, Origin, User, UserStatus},
    ids::{GroupId, UserId},
    snapshot::{Gap, Unread},
};
use futures::{StreamExt as _, stream};

use super::{Aws, IN_FLIGHT, Visited, note, pages};
use crate::{
    aws::{Instance, error::CallError, paging::all_pages, read::malformed},
    clock::Clock,
};

#[derive(Default)]
pub(super) struct DirectoryRead {
    pub users: Option<Vec<User>>,
    pub groups: Option<Vec<Group>>,
    pub members: Vec<Members>,
    pub unread: Vec<Unread>,
    pub formula: u64,
}

pub(super) async fn read_directory(aws: &Aws, instance: &Instance, clock: &Clock) -> DirectoryRead {
    let mut out = DirectoryRead::default();
    let (users, groups) = tokio::join!(users(aws, instance), groups(aws, instance));
    out.users = note(&mut out.unread, Gap::Users, users);
    out.groups = note(&mut out.unread, Gap::Groups, groups);
    out.formula += out
        .users
        .as_ref()
        .map_or(0, |users| pages(users.len(), 100));
    let Some(groups) = &out.groups else {
        return out;
    };
    out.formula += pages(groups.len(), 100);
    let ids: Vec<GroupId> = groups.iter().map(|group| group.id.clone()).collect();
    let mut reads = stream::iter(ids)
        .map(|group| {
            let (aws, instance, clock) = (aws.clone(), instance.clone(), clock.clone());
            async move {
                let as_of = clock.now();
                let answer = aws.members(&instance, &group).await;
                (group, answer, as_of)
            }
        })
        .buffer_unordered(IN_FLIGHT);
    let mut met = Visited::none();
    for user in out.users.iter().flatten() {
        met.same(user.id.clone());
    }
    while let Some((group, answer, as_of)) = reads.next().await {
        if let Some(users) = note(&mut out.unread, Gap::MembersOf(group.clone()), answer) {
            out.formula += pages(users.len(), 100);
            out.members.push(Members {
                group,
                as_of,
                users: users.into_iter().map(|user| met.same(user)).collect(),
            });
        }
    }
    out
}

/// Returns all users of the directory.
pub(crate) async fn users(aws: &Aws, instance: &Instance) -> Result<Vec<User>, CallError> {
    let mut found = Vec::new();
    let send = |token| {
        aws.directory
            .list_users()
            .identity_store_id(&instance.identity_store)
            .max_results(100)
            .set_next_token(token)
            .send()
    };
    all_pages(&aws.budgets.directory, send, |page| {
        for user in page.users() {
            found.push(user_from_wire(user)?);
        }
        Ok(())
    })
    .await?;
    Ok(found)
}

fn user_from_wire(user: &aws_sdk_identitystore::types::User) -> Result<User, CallError> {
    let external_ids: Vec<ExternalId> = user
        .external_ids()
        .iter()
        .map(|ext| ExternalId {
            issuer: ext.issuer().to_owned(),
            id: ext.id().to_owned(),
        })
        .collect();
    let emails = user.emails();
    let email = emails
        .iter()
        .find(|email| email.primary())
        .or(emails.first());
    let id = UserId::parse(user.user_id()).map_err(|error| malformed(&error.to_string()))?;
    let (name, user_name) = (user.display_name(), user.user_name());
    Ok(User {
        display_name: first_named([name, user_name, Some(id.as_str())]),
        user_name: first_named([user_name, Some(id.as_str())]),
        id,
        email: email.and_then(|email| email.value()).map(str::to_owned),
        title: user.title().map(str::to_owned),
        status: match user
            .user_status()
            .map(aws_sdk_identitystore::types::UserStatus::as_str)
        {
            Some("DISABLED") => UserStatus::Disabled,
            _ => UserStatus::Enabled,
        },
        origin: if external_ids.is_empty() {
            Origin::IdentityCenter
        } else {
            Origin::External
        },
        external_ids,
    })
}

async fn groups(aws: &Aws, instance: &Instance) -> Result<Vec<Group>, CallError> {
    let mut found = Vec::new();
    let send = |token| {
        aws.directory
            .list_groups()
            .identity_store_id(&instance.identity_store)
            .max_results(100)
            .set_next_token(token)
            .send()
    };
    all_pages(&aws.budgets.directory, send, |page| {
        for group in page.groups() {
            let id =
                GroupId::parse(group.group_id()).map_err(|error| malformed(&error.to_string()))?;
            found.push(Group {
                display_name: first_named([group.display_name(), Some(id.as_str())]),
                id,
                description: group.description().map(str::to_owned),
                origin: if group.external_ids().is_empty() {
                    Origin::IdentityCenter
                } else {
                    Origin::External
                },
            });
        }
        Ok(())
    })
    .await?;
    Ok(found)
}

/// Returns the first name that is not blank; the last one is the id, so that nothing is shown without a name.
fn first_named<const N: usize>(names: [Option<&str>; N]) -> String {
    let mut given = names.into_iter().flatten();
    given
        .find(|name| !name.trim().is_empty())
        .unwrap_or_default()
        .to_owned()
}
