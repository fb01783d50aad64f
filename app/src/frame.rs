//! Renders a page inside the layout for signed-in users: the navigation entries that they may open, their name and
//! roles, and the freshness of the data.

use domain::authorize::Action;
use leptos::prelude::*;

use crate::{
    backend::{Backend, CLASSIFY, Freshness, ViewerView},
    components::{DirectoryLinks, Glyph, LedgerLinks, NavItem},
    routes::Page,
    shell::{self, Layout, Surroundings, Viewer},
};

/// The navigation entries, each with the action that the user must be allowed to perform to see it.
const ENTRIES: [(&str, &str, Glyph, Action); 10] = [
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
    (
        "/operations",
        "Operations",
        Glyph::Running,
        Action::SeeOperations,
    ),
];

/// Renders a whole document with a page inside the layout.
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
        DirectoryLinks::Linked
    } else {
        DirectoryLinks::PlainText
    };
    let entries = match backend.may(Action::SeeLedger) {
        Ok(()) => LedgerLinks::Linked,
        Err(_) => LedgerLinks::NotAllowed,
    };
    shell::render(
        Surroundings {
            title: page.title,
            ..around
        },
        move || {
            provide_context(leads);
            provide_context(entries);
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
            current: is_within(path, href),
            count: (href == "/inbox").then(|| u32::try_from(viewer.inbox).unwrap_or(u32::MAX)),
        })
        .collect()
}

/// Whether a page belongs to an entry. Accounts are classified from their list, although that is a change, and people lead to
/// their identities.
fn is_within(path: &str, href: &str) -> bool {
    let path = match path {
        CLASSIFY => "/accounts",
        "/identities" => "/people",
        path => path,
    };
    path == href || (href != "/" && path.starts_with(&format!("{href}/")))
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
        return view! { <span>"No complete read of AWS has finished yet."</span> }.into_any();
    };
    let unread = (!fresh.unread.is_empty()).then(|| {
        format!(
            " Resources that could not be read in the last crawl: {}.",
            fresh.unread.len()
        )
    });
    let stale = fresh.stale.then_some(" This data is out of date.");
    view! {
        <span>"Last complete read of AWS: " {complete.minute()} " UTC." {unread} {stale}</span>
    }
    .into_any()
}
