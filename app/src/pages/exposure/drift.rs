//! What changed in AWS and no change of Leastwise explains, as lines of what needs action.

use domain::{
    classification::{Environment, Pci},
    time::Timestamp,
};
use leptos::prelude::*;

use crate::{
    backend::{DriftKind, DriftRow},
    components::{
        AbsoluteTime, AccountLink, Glyph, Icon, PrincipalLink, RowAction, Status, principal_name,
    },
    pages::Proposing,
};

/// Changes outside Leastwise, and where all of them are.
pub(super) struct DriftList {
    pub(super) rows: Vec<DriftRow>,
    /// The number of them, including those not listed.
    pub(super) count: usize,
    /// The page that lists every one, if the viewer may see it.
    pub(super) all: Option<&'static str>,
}

/// Describes what changed in AWS.
fn drift_words(what: &DriftKind) -> String {
    match what {
        DriftKind::Assigned { set } => format!("{set} was assigned"),
        DriftKind::Unassigned { set } => format!("{set} was removed"),
        DriftKind::Joined { group } => format!("Added to {group}"),
        DriftKind::Left { group } => format!("Removed from {group}"),
        DriftKind::SetEdited { set } => format!("{set} was edited"),
        DriftKind::Reclassified { from, to } => {
            format!("Now {}, was {}", class_words(*to), class_words(*from))
        }
        DriftKind::ReportedOtherwise { from, to } => format!(
            "Tags and OUs say {}, and said {}",
            class_words(*to),
            class_words(*from)
        ),
    }
}

/// Formats a classification.
fn class_words((environment, pci): (Environment, Pci)) -> String {
    format!("{}, {}", environment.as_str(), pci.words())
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
    let before = match row.what {
        DriftKind::Assigned { .. } | DriftKind::Joined { .. } => "absent",
        DriftKind::Unassigned { .. } | DriftKind::Left { .. } => "present",
        _ => "previous read",
    };
    let what = drift_words(&row.what);
    let undo = match row.what {
        DriftKind::Assigned { .. } | DriftKind::Joined { .. } => "Remove",
        _ => "Restore",
    };
    let object = match (&row.principal, &row.account) {
        (Some(principal), Some(account)) => {
            format!("{} on {}: {what}", principal_name(principal), account.name)
        }
        (Some(principal), None) => format!("{}: {what}", principal_name(principal)),
        (None, _) => what.clone(),
    };
    let action = row
        .undo
        .filter(|_| proposing == Proposing::Offered)
        .map(|form| view! { <RowAction label=undo object href=form.href() refused=row.refused /> });
    view! {
        <li data-drift data-status=Status::Drift.token()>
            <Icon glyph=Glyph::Diamond />
            <div>
                <span class="inline-flex flex-wrap items-center gap-x-2">
                    <span>{what}</span>
                    {row.principal.map(|principal| view! { <PrincipalLink principal /> })}
                    {row.account.map(|account| view! { <AccountLink account /> })}
                </span>
                <span class="block text-muted text-xs">
                    "Changed outside Leastwise: detected " <AbsoluteTime at=row.by now /> ", " {before} " " <AbsoluteTime at=row.after now />
                </span>
            </div>
            {action}
        </li>
    }
    .into_any()
}
