//! Standing against temporary assignments, in production PCI and in the other accounts by environment, as bars and as
//! numbers.

use domain::{permission_set::analysis::labels::counted, snapshot::Figure};
use leptos::prelude::*;

use super::history::top;
use crate::{
    backend::{EnvironmentShare, Exposure},
    components::{EnvironmentBadge, environment_name},
    lists::{
        ListChoice,
        accounts::{ACCOUNTS, ENVIRONMENT, OTHER, PRODUCTION_PCI, SCOPE},
    },
};

/// Renders the bars: production PCI first, then the other accounts by environment. Each assignment is in one bar.
pub(super) fn environments(
    exposure: &Exposure,
    shares: Vec<EnvironmentShare>,
    trend: Option<String>,
) -> AnyView {
    let pci = (
        exposure.standing_assignments,
        exposure.temporary_assignments,
    );
    let totals = shares.iter().map(|share| (share.standing, share.temporary));
    let all: Vec<_> = totals.chain([pci]).collect();
    let is_standing = all.iter().all(|(_, temporary)| *temporary == 0);
    let most = all.into_iter().filter_map(total).max();
    let top = top(most.unwrap_or_default());
    let accounts = match exposure.accounts {
        Figure::Known(1) => "1 account".to_owned(),
        Figure::Known(some) => format!("{some} accounts"),
        Figure::NotKnown => "accounts not known".to_owned(),
    };
    // Accounts that are only assumed to count are counted apart.
    let accounts = match exposure.unclassified {
        Figure::Known(0) | Figure::NotKnown => accounts,
        Figure::Known(some) => format!("{accounts}, {some} of them not classified"),
    };
    let label = view! { <b>"Production PCI"</b> " " <span>{accounts}</span> };
    let href = ListChoice::only(SCOPE, PRODUCTION_PCI).href(ACCOUNTS.path);
    let terms = if is_standing {
        Terms::Standing
    } else {
        Terms::Both
    };
    let first = row(label.into_any(), href, pci, (top, terms));
    let others = shares
        .into_iter()
        .map(|share| {
            let name = environment_name(share.environment);
            let label = view! { <EnvironmentBadge environment=share.environment /> <span class="sr-only">{name}</span> };
            let choice = ListChoice::only(ENVIRONMENT, share.environment.as_str());
            let href = choice.toggled(SCOPE, OTHER).href(ACCOUNTS.path);
            row(label.into_any(), href, (share.standing, share.temporary), (top, terms))
        })
        .collect_view();
    view! {
        <div data-environments>
            {heading(terms)}
            <ul data-plain>{first}</ul>
            <p class="text-muted">"Other accounts, by environment"</p>
            <ul data-plain data-others>{others}</ul>
            <div data-axis aria-hidden="true"><p><span>"0"</span><span>{top / 2}</span><span>{top}</span></p></div>
            <p data-trend>"The goal is no standing assignment in production PCI. " {trend}</p>
        </div>
    }
    .into_any()
}

/// What the bars show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Terms {
    /// No assignment is temporary, so that each bar has one part.
    Standing,
    Both,
}

fn heading(terms: Terms) -> AnyView {
    match terms {
        Terms::Standing => view! { <p><b>"Standing assignments"</b> <span class="text-muted">"none is temporary"</span></p> }
            .into_any(),
        Terms::Both => view! {
            <p>
                <b>"Assignments"</b>
                <span data-swatch="production">"standing in production PCI"</span>
                <span data-swatch="standing">"standing elsewhere"</span>
                <span data-swatch="temporary">"temporary"</span>
            </p>
        }
        .into_any(),
    }
}

fn total((standing, temporary): (Figure, Figure)) -> Option<usize> {
    Some(standing.known()? + temporary.known()?)
}

fn row(
    label: AnyView,
    href: String,
    (standing, temporary): (Figure, Figure),
    (top, terms): (usize, Terms),
) -> AnyView {
    let (words, bars) = match (standing, temporary) {
        (Figure::Known(standing), Figure::Known(temporary)) => {
            let percent = |part: usize| {
                let tenths = part * 1_000 / top.max(1);
                format!("{}.{}%", tenths / 10, tenths % 10)
            };
            let start = percent(standing);
            let bars = view! {
                <svg width="100%" height="10" aria-hidden="true" focusable="false">
                    <rect width="100%" height="10" rx="5" data-bar="none" />
                    {(standing > 0).then(|| view! { <rect width=percent(standing) height="10" rx="2" data-bar="standing" /> })}
                    {(temporary > 0).then(|| view! { <rect x=start width=percent(temporary) height="10" rx="2" data-bar="temporary" /> })}
                </svg>
            };
            let words = match temporary {
                0 if terms == Terms::Standing => counted(standing, "assignment"),
                0 => format!("{standing} standing"),
                some => format!("{standing} standing, {some} temporary"),
            };
            (words, Some(bars))
        }
        _ => ("Not known".to_owned(), None),
    };
    view! {
        <li>
            <a href=href>
                <span data-name>{label}</span>
                <span data-bars>{bars}</span>
                <span data-numbers>{words}</span>
            </a>
        </li>
    }
    .into_any()
}
