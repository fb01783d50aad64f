//! A line of what needs action: a sentence that names what, for whom and on which account, the facts that belong to it, and the
//! one thing to do about it.

use leptos::prelude::*;

use crate::{
    backend::{AccountRef, AccountStatus, PrincipalRef},
    components::{AccountMarks, AccountStateMark, Glyph, Icon, Status, directory_link},
    lists::id,
};

/// A line. Its icon says how urgent it is.
pub(super) struct Line {
    pub(super) mark: (Glyph, Status),
    pub(super) what: AnyView,
    pub(super) facts: Vec<AnyView>,
    pub(super) action: Option<AnyView>,
}

impl Line {
    pub(super) fn draw(self) -> AnyView {
        let Self {
            mark: (glyph, status),
            what,
            facts,
            action,
        } = self;
        let facts = (!facts.is_empty()).then(|| {
            let facts = facts.into_iter().map(|fact| view! { <span>{fact}</span> });
            view! { <p data-row-facts>{facts.collect_view()}</p> }
        });
        let is_drift = (glyph == Glyph::Drift).then_some("");
        view! {
            <li data-status=status.token() data-drift=is_drift>
                <Icon glyph />
                <div>
                    <p data-what>{what}</p>
                    {facts}
                </div>
                {action}
            </li>
        }
        .into_any()
    }
}

/// Renders the name of an account within a sentence.
pub(super) fn account_name(account: &AccountRef) -> AnyView {
    directory_link(format!("/accounts/{}", account.id), account.name.clone())
}

/// Returns the facts about an account: how it is classified, its number, and its state if it is not in use.
pub(super) fn account_facts(account: &AccountRef) -> Vec<AnyView> {
    let marks = view! {
        <span class="inline-flex flex-wrap items-center gap-x-1"><AccountMarks class=account.class /> <AccountStateMark state=account.state /></span>
    };
    vec![marks.into_any(), code(account.id.to_string())]
}

/// Renders an id.
pub(super) fn code(id: String) -> AnyView {
    view! { <span class="font-mono">{id}</span> }.into_any()
}

/// Renders a principal within a sentence.
pub(super) fn principal(principal: &PrincipalRef) -> AnyView {
    match principal {
        PrincipalRef::User(user) if user.status == AccountStatus::NotRead => {
            "a user that was not read".into_any()
        }
        PrincipalRef::User(user) => {
            directory_link(format!("/people/{}", user.id), user.name.clone())
        }
        PrincipalRef::Group { id, name, .. } => {
            directory_link(format!("/groups/{id}"), name.clone())
        }
        PrincipalRef::Orphan(principal) => {
            format!("a deleted {}", principal.kind().to_lowercase()).into_any()
        }
        PrincipalRef::NotRead(principal) => {
            format!("a {} that was not read", principal.kind().to_lowercase()).into_any()
        }
    }
}

/// Returns the facts about a principal.
pub(super) fn principal_facts(principal: &PrincipalRef) -> Vec<AnyView> {
    let fact = match principal {
        PrincipalRef::User(user) => match user.status {
            AccountStatus::Enabled => return Vec::new(),
            AccountStatus::Disabled => "disabled user".into_any(),
            AccountStatus::Gone => "user deleted from the directory".into_any(),
            AccountStatus::NotRead => code(user.name.clone()),
        },
        PrincipalRef::Group { members, .. } if *members == 0 => "group without members".into_any(),
        PrincipalRef::Group { members, .. } => match members.known() {
            Some(1) => "group of 1".into_any(),
            Some(some) => format!("group of {some}").into_any(),
            None => "group".into_any(),
        },
        PrincipalRef::Orphan(principal) | PrincipalRef::NotRead(principal) => {
            let value = principal.id().to_owned();
            view! { "ID " {id(value, "the ID")} }.into_any()
        }
    };
    vec![fact]
}
