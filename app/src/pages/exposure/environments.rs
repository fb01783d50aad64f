//! Standing against temporary assignments, in production PCI and by environment, as bars and as numbers.

use domain::{
    classification::{Environment, Pci},
    snapshot::Figure,
};
use leptos::prelude::*;

use crate::{
    backend::{EnvironmentShare, Exposure},
    components::{EnvironmentBadge, PciBadge, environment_name},
    lists::{
        ListChoice,
        accounts::{ACCOUNTS, ENVIRONMENT},
    },
};

/// Renders the bars: production PCI first, then every environment that has assignments.
pub(super) fn environments(exposure: &Exposure, shares: Vec<EnvironmentShare>) -> AnyView {
    let pci = (
        exposure.standing_assignments,
        exposure.temporary_assignments,
    );
    let totals = shares.iter().map(|share| (share.standing, share.temporary));
    let most = totals.chain([pci]).filter_map(total).max().unwrap_or(1);
    let first = {
        let label = view! { <EnvironmentBadge environment=Environment::Production /> <PciBadge pci=Pci::In /> };
        row(
            label.into_any(),
            "production PCI",
            "/accounts?scope=production-pci".to_owned(),
            pci,
            most,
        )
    };
    let others = shares
        .into_iter()
        .map(|share| {
            let href = ListChoice::only(ENVIRONMENT, share.environment.as_str());
            row(
                view! { <EnvironmentBadge environment=share.environment /> }.into_any(),
                environment_name(share.environment),
                href.href(ACCOUNTS.path),
                (share.standing, share.temporary),
                most,
            )
        })
        .collect_view();
    view! {
        <div data-environments>
            <p>
                <b>"Assignments"</b>
                <span data-key="standing">"standing"</span>
                <span data-key="temporary">"temporary"</span>
                <span class="text-muted">"The goal is no standing assignment in production PCI."</span>
            </p>
            <ul data-plain>{first} {others}</ul>
        </div>
    }
    .into_any()
}

fn total((standing, temporary): (Figure, Figure)) -> Option<usize> {
    Some(standing.known()? + temporary.known()?)
}

fn row(
    badges: AnyView,
    name: &'static str,
    href: String,
    (standing, temporary): (Figure, Figure),
    most: usize,
) -> AnyView {
    let (words, bars) = match (standing, temporary) {
        (Figure::Known(standing), Figure::Known(temporary)) => {
            let percent = |part: usize| {
                let tenths = part * 1_000 / most.max(1);
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
            (
                format!("{standing} standing, {temporary} temporary"),
                Some(bars),
            )
        }
        _ => ("Not known".to_owned(), None),
    };
    view! {
        <li>
            <a href=href>
                <span class="sr-only">{name}": "</span>
                <span data-name>{badges}</span>
                <span data-bars>{bars}</span>
                <span data-numbers>{words}</span>
            </a>
        </li>
    }
    .into_any()
}
