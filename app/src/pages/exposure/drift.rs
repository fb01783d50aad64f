//! What changed in AWS and no change of Leastwise explains, as lines of what needs action.

use domain::{
    classification::{Environment, Pci},
    time::Timestamp,
};
use leptos::prelude::*;

use crate::{
    backend::{DriftKind, DriftRow},
    components::{Glyph, RowAction, Status, clamped, principal_name, seen_between},
    pages::Proposing,
};

use super::line::{Line, account_facts, account_name, principal, principal_facts};

/// Changes outside Leastwise, and where all of them are.
pub(super) struct DriftList {
    pub(super) rows: Vec<DriftRow>,
    /// The number of them, including those not listed.
    pub(super) count: usize,
    /// The page that lists every one, if the viewer may see it.
    pub(super) all: Option<&'static str>,
}

/// Describes what changed in AWS, for the name of what undoes it.
fn drift_words(what: &DriftKind) -> String {
    match what {
        DriftKind::Assigned { set } => format!("{set} was assigned"),
        DriftKind::Unassigned { set } => format!("{set} was removed"),
        DriftKind::Joined { group } => format!("Added to {group}"),
        DriftKind::Left { group } => format!("Removed from {group}"),
        DriftKind::SetEdited { set } => format!("{set} was edited"),
        DriftKind::Reclassified { .. } | DriftKind::ReportedOtherwise { .. } => {
            "Classified otherwise".to_owned()
        }
    }
}

/// Formats a classification.
fn class_words((environment, pci): (Environment, Pci)) -> String {
    format!("{}, {}", environment.as_str(), pci.words())
}

/// Renders what changed in AWS as a sentence.
fn sentence(row: &DriftRow) -> AnyView {
    let account = row.account.as_ref().map(account_name);
    let on = account.map(|account| view! { " on " {account} });
    let whom = row.principal.as_ref().map(principal);
    match &row.what {
        DriftKind::Assigned { set } => {
            view! { {clamped(set.clone())} " was assigned to " {whom} {on} " outside Leastwise" }
                .into_any()
        }
        DriftKind::Unassigned { set } => {
            view! { {clamped(set.clone())} " was removed from " {whom} {on} " outside Leastwise" }
                .into_any()
        }
        DriftKind::Joined { group } => {
            view! { {whom} " was added to " {clamped(group.clone())} " outside Leastwise" }
                .into_any()
        }
        DriftKind::Left { group } => {
            view! { {whom} " was removed from " {clamped(group.clone())} " outside Leastwise" }
                .into_any()
        }
        DriftKind::SetEdited { set } => {
            view! { "Permission set " {clamped(set.clone())} " was edited outside Leastwise" }
                .into_any()
        }
        DriftKind::Reclassified { to, .. } => {
            let account = row.account.as_ref().map(account_name);
            view! { {account} " now counts as " {class_words(*to)} }.into_any()
        }
        DriftKind::ReportedOtherwise { to, .. } => {
            let account = row.account.as_ref().map(account_name);
            view! { "Tags and OUs now say " {class_words(*to)} " of " {account} }.into_any()
        }
    }
}

/// Returns what an account was before, if it is about that.
fn before(what: &DriftKind) -> Option<String> {
    match what {
        DriftKind::Reclassified { from, .. } => Some(format!("before: {}", class_words(*from))),
        DriftKind::ReportedOtherwise { from, .. } => Some(format!(
            "before: {}. It counts as it did.",
            class_words(*from)
        )),
        _ => None,
    }
}

/// Renders a line for each difference.
pub(super) fn drift_lines(list: DriftList, proposing: Proposing, now: Timestamp) -> AnyView {
    let DriftList { rows, count, all } = list;
    let more = count.saturating_sub(rows.len());
    let lines = rows
        .into_iter()
        .map(|row| line(row, proposing, now))
        .collect_view();
    let more = (more > 0).then(|| {
        let words = format!("and {more} earlier changes outside Leastwise");
        let words = match all {
            Some(href) => view! { <a href=href>{words}</a> }.into_any(),
            None => view! { <span class="text-muted">{words}</span> }.into_any(),
        };
        view! { <li data-rest-of><span></span>{words}</li> }
    });
    view! { {lines} {more} }.into_any()
}

fn line(row: DriftRow, proposing: Proposing, now: Timestamp) -> AnyView {
    let changed = drift_words(&row.what);
    let (undo, of) = match row.what {
        DriftKind::Assigned { .. } => ("Remove assignment", "of "),
        DriftKind::Joined { .. } => ("Remove from group", ""),
        _ => ("Restore", ""),
    };
    let object = match (&row.principal, &row.account) {
        (Some(principal), Some(account)) => {
            format!(
                "{of}{} on {}: {changed}",
                principal_name(principal),
                account.name
            )
        }
        (Some(principal), None) => format!("{}: {changed}", principal_name(principal)),
        (None, _) => changed,
    };
    let what = sentence(&row);
    let before = before(&row.what).map(IntoAny::into_any);
    let DriftRow {
        principal,
        account,
        after,
        by,
        undo: form,
        refused,
        ..
    } = row;
    let action = form
        .filter(|_| proposing == Proposing::Offered)
        .map(|form| view! { <RowAction label=undo object href=form.href() refused /> }.into_any());
    let facts = account.iter().flat_map(account_facts);
    let facts = facts.chain(principal.iter().flat_map(principal_facts));
    Line {
        mark: (Glyph::Drift, Status::Drift),
        what,
        facts: facts
            .chain(before)
            .chain([seen_between(after, by, now)])
            .collect(),
        action,
    }
    .draw()
}
