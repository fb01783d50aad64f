//! People, groups and what is gone, as they stand everywhere: link, name, and a word when the directory
//! lets them sign in no longer.

use leptos::prelude::*;

use super::{Glyph, Icon, Status, StatusBadge, directory_link};
use crate::backend::{PrincipalRef, UserRef, UserStanding};

/// A word for somebody who cannot sign in; nothing for everybody else.
#[component]
pub fn StandingMark(
    /// Whether they can.
    standing: UserStanding,
) -> impl IntoView {
    match standing {
        UserStanding::Enabled => ().into_any(),
        UserStanding::Disabled => {
            view! { <StatusBadge status=Status::Off label="Disabled" /> }.into_any()
        }
        UserStanding::Gone => {
            view! { <StatusBadge status=Status::Drift label="Gone from the directory" /> }
                .into_any()
        }
    }
}

/// A person.
#[component]
pub fn PersonLink(
    /// Who.
    user: UserRef,
) -> impl IntoView {
    view! {
        <span class="inline-flex flex-wrap items-center gap-x-2">
            {directory_link(format!("/people/{}", user.id), user.name)}
            <StandingMark standing=user.standing />
        </span>
    }
    .into_any()
}

/// Who an assignment names, with an icon for what they are.
#[component]
pub fn PrincipalLink(
    /// Who.
    principal: PrincipalRef,
) -> impl IntoView {
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
        PrincipalRef::Orphan(principal) => view! {
            <span class="inline-flex flex-wrap items-center gap-x-2">
                <StatusBadge status=Status::Drift label=format!("Orphaned {}", principal.kind().to_lowercase()) />
                <span class="text-muted font-mono text-xs">{principal.id().to_owned()}</span>
            </span>
        }
        .into_any(),
    }
}
