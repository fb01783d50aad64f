//! Links to people and groups, with a badge for users who cannot sign in and for principals deleted from the directory.

use leptos::prelude::*;

use super::{Glyph, Icon, Status, StatusBadge, directory_link};
use crate::backend::{AccountStatus, PrincipalRef, UserRef};

/// A badge for a user who cannot sign in; empty for others.
#[component]
pub fn AccountStatusMark(status: AccountStatus) -> impl IntoView {
    match status {
        AccountStatus::Enabled => ().into_any(),
        AccountStatus::Disabled => {
            view! { <StatusBadge status=Status::Off label="Disabled" /> }.into_any()
        }
        AccountStatus::NotRead => {
            view! { <StatusBadge status=Status::Drift label="Not read" /> }.into_any()
        }
        AccountStatus::Gone => {
            view! { <StatusBadge status=Status::Drift label="Deleted from the directory" /> }
                .into_any()
        }
    }
}

#[component]
pub fn PersonLink(user: UserRef) -> impl IntoView {
    // A user of a list that was never read has no page yet.
    let name = if user.status == AccountStatus::NotRead {
        view! { <span class="font-mono text-xs">{user.name}</span> }.into_any()
    } else {
        directory_link(format!("/people/{}", user.id), user.name)
    };
    view! {
        <span class="inline-flex flex-wrap items-center gap-x-2">
            {name}
            <AccountStatusMark status=user.status />
        </span>
    }
    .into_any()
}

/// Returns the name of a principal, or its id if it has none.
pub fn principal_name(principal: &PrincipalRef) -> &str {
    match principal {
        PrincipalRef::User(user) => &user.name,
        PrincipalRef::Group { name, .. } => name,
        PrincipalRef::Orphan(principal) | PrincipalRef::NotRead(principal) => principal.id(),
    }
}

/// A link to the principal of an assignment, with an icon for its type.
#[component]
pub fn PrincipalLink(principal: PrincipalRef) -> impl IntoView {
    match principal {
        PrincipalRef::User(user) => view! {
            <span class="inline-flex items-center gap-x-2">
                <Icon glyph=Glyph::Person label="Person" />
                <PersonLink user />
            </span>
        }
        .into_any(),
        PrincipalRef::Group { id, name, members } => view! {
            <span class="inline-flex items-center gap-x-2">
                <Icon glyph=Glyph::Groups label="Group" />
                {directory_link(format!("/groups/{id}"), name)}
                {(members == 0).then(|| view! { <StatusBadge status=Status::Off label="Empty" /> })}
            </span>
        }
        .into_any(),
        PrincipalRef::NotRead(principal) => view! {
            <span class="inline-flex flex-wrap items-center gap-x-2">
                <StatusBadge status=Status::Drift label=format!("{}, not read", if principal.kind() == "USER" { "User" } else { "Group" }) />
                <span class="text-muted font-mono text-xs">{principal.id().to_owned()}</span>
            </span>
        }
        .into_any(),
        PrincipalRef::Orphan(principal) => view! {
            <span class="inline-flex flex-wrap items-center gap-x-2">
                <StatusBadge status=Status::Drift label=format!("Orphaned {}", principal.kind().to_lowercase()) />
                <span class="text-muted font-mono text-xs">{principal.id().to_owned()}</span>
            </span>
        }
        .into_any(),
    }
}
