//! Horizontal bars for a few numbers, drawn by the server: each label and number is text, so that the chart reads without its
//! bars, and in print.

use domain::classification::Environment;
use leptos::prelude::*;

use super::EnvironmentBadge;

/// A bar.
#[derive(Debug, Clone)]
pub struct Bar {
    pub label: String,
    /// The 12 digits of the account that it is about.
    pub id: String,
    /// Its environment.
    pub environment: Environment,
    /// Where the label leads.
    pub href: String,
    pub value: u32,
}

/// The bars, of which the longest has the whole width.
#[component]
pub fn BarChart(
    /// What the numbers are.
    #[prop(into)]
    caption: String,
    bars: Vec<Bar>,
) -> impl IntoView {
    let most = bars.iter().map(|bar| bar.value).max().unwrap_or(0).max(1);
    let lines = bars
        .into_iter()
        .map(|bar| {
            let Bar {
                label,
                id,
                environment,
                href,
                value,
            } = bar;
            let share = u64::from(value) * 1_000 / u64::from(most);
            let width = format!("{}.{}%", share / 10, share % 10);
            view! {
                <li>
                    <span data-bar-label><a href=href>{label}</a> <EnvironmentBadge environment /> <span class="text-muted font-mono text-xs">{id}</span></span>
                    <svg width="100%" height="10" aria-hidden="true" focusable="false">
                        <rect width="100%" height="10" rx="2" data-track />
                        <rect width=width height="10" rx="2" />
                    </svg>
                    <span>{value}</span>
                </li>
            }
        })
        .collect_view();
    view! {
        <figure data-bars>
            <figcaption class="sr-only">{caption}</figcaption>
            <ul>{lines}</ul>
        </figure>
    }
    .into_any()
}
