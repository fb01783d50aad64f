//! A page inside the frame that signed-in people see: navigation by what they may open, who they
//! are, and how fresh what they look at is.

use domain::authorize::Action;
use leptos::prelude::*;

use crate::{
    backend::{Backend, Freshness, ViewerView},
    components::{Glyph, Leads, NavItem},
    routes::Page,
    shell::{self, Layout, Surroundings, Viewer},
};

/// Where the navigation leads, and what one must be allowed to do to see it.
const ENTRIES: [(&str, &str, Glyph, Action); 9] = [
    ("/", "Home", Glyph::Home, Action::SeeOwn),
    ("/inbox", "Inbox", Glyph::Inbox, Action::SeeInbox),
    ("/changes", "Changes", Glyph::Changes, Action::SeeOwn),
    (
        "/accounts",
        "Accounts",
        Glyph::Accounts,
        Action::SeeDirectory,
    ),
    ("/people", "People", Glyph::People, Action::SeeDirectory),
    ("/groups", "Groups", Glyph::Groups, Action::SeeDirectory),
    (
        "/permission-sets",
        "Permission sets",
        Glyph::PermissionSets,
        Action::SeeDirectory,
    ),
    (
        "/reports/production-pci",
        "Reports",
        Glyph::Report,
        Action::SeeReports,
    ),
    ("/ledger", "Ledger", Glyph::Ledger, Action::SeeLedger),
];

/// The text of a whole document with a page in the frame.
pub fn framed(
    page: Page,
    viewer: &ViewerView,
    backend: &dyn Backend,
    url: &str,
    around: Surroundings,
) -> String {
    let nav = navigation(viewer, backend, url);
    let who = Viewer {
        name: viewer.name.clone(),
        detail: roles(viewer),
    };
    let fresh = backend
        .may(Action::SeeDirectory)
        .is_ok()
        .then(|| backend.freshness());
    let url = url.to_owned();
    let leads = if fresh.is_some() {
        Leads::Everywhere
    } else {
        Leads::Nowhere
    };
    shell::render(
        Surroundings {
            title: page.title,
            ..around
        },
        move || {
            provide_context(leads);
            let body = (page.draw)();
            let freshness = fresh.map_or_else(|| ().into_any(), |fresh| freshness_line(&fresh));
            view! { <Layout nav viewer=who path=url freshness>{body}</Layout> }.into_any()
        },
    )
}

fn navigation(viewer: &ViewerView, backend: &dyn Backend, url: &str) -> Vec<NavItem> {
    let path = url.split('?').next().unwrap_or(url);
    ENTRIES
        .into_iter()
        .filter(|(.., action)| backend.may(*action).is_ok())
        .map(|(href, label, icon, _)| NavItem {
            href: href.into(),
            label: label.into(),
            icon,
            current: path == href || (href != "/" && path.starts_with(&format!("{href}/"))),
            count: (href == "/inbox").then(|| u32::try_from(viewer.inbox).unwrap_or(u32::MAX)),
        })
        .collect()
}

fn roles(viewer: &ViewerView) -> String {
    if viewer.roles.is_empty() {
        return "Requester".into();
    }
    let words: Vec<String> = viewer
        .roles
        .iter()
        .map(|role| {
            let word = role.as_str();
            format!("{}{}", word[..1].to_uppercase(), &word[1..])
        })
        .collect();
    words.join(", ")
}

fn freshness_line(fresh: &Freshness) -> AnyView {
    let Some(complete) = fresh.complete_at else {
        return view! { <span>"AWS has not been read completely yet."</span> }.into_any();
    };
    let unread = (!fresh.unread.is_empty()).then(|| {
        format!(
            " {} things could not be read at the last look.",
            fresh.unread.len()
        )
    });
    let stale = fresh.stale.then_some(" This is older than it should be.");
    view! {
        <span>"Read completely from AWS " {complete.minute()} " UTC." {unread} {stale}</span>
    }
    .into_any()
}
