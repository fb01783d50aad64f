//! What changed in AWS and no change of Leastwise explains, on the page of the exposure.

use domain::{
    classification::{Environment, Pci},
    time::Timestamp,
};
use leptos::prelude::*;

use crate::{
    backend::{DriftKind, DriftRow},
    components::{
        AbsoluteTime, AccountLink, Empty, Glyph, PrincipalLink, RowAction, Section, Status,
        StatusBadge, principal_name,
    },
    pages::Proposing,
};

pub(super) fn no_drift() -> AnyView {
    view! {
        <Section title="Changed outside Leastwise">
            <Empty title="No changes outside Leastwise" icon=Glyph::Drift>"Changes in AWS that no Leastwise change explains appear here after the next read."</Empty>
        </Section>
    }
    .into_any()
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

pub(super) fn drift_section(
    drift: Vec<DriftRow>,
    count: usize,
    all: Option<&'static str>,
    proposing: Proposing,
    now: Timestamp,
) -> AnyView {
    let more = count.saturating_sub(drift.len());
    let lines = drift
        .into_iter()
        .map(|row| {
            let before = match row.what {
                DriftKind::Assigned { .. } | DriftKind::Joined { .. } => ", absent ",
                DriftKind::Unassigned { .. } | DriftKind::Left { .. } => ", present ",
                _ => ", previous read ",
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
            let action = row.undo.filter(|_| proposing == Proposing::Offered).map(|form| {
                view! { <RowAction label=undo object href=form.href() refused=row.refused /> }
            });
            view! {
                <li data-drift>
                    <div class="flex flex-wrap items-center gap-x-2">
                        <StatusBadge status=Status::Drift label=what />
                        {row.principal.map(|principal| view! { <PrincipalLink principal /> })}
                        {row.account.map(|account| view! { <AccountLink account /> })}
                    </div>
                    <p class="text-muted text-xs">"Detected " <AbsoluteTime at=row.by now /> {before} <AbsoluteTime at=row.after now /></p>
                    {action}
                </li>
            }
        })
        .collect_view();
    view! {
        <Section title="Changed outside Leastwise" detail=count.to_string()>
            <ul data-lines>{lines}</ul>
            {(more > 0)
                .then(|| {
                    let more = format!("and {more} earlier");
                    match all {
                        Some(href) => view! { <p data-more><a href=href>{more}</a></p> }.into_any(),
                        None => view! { <p data-more>{more}</p> }.into_any(),
                    }
                })}
        </Section>
    }
    .into_any()
}
