//! A message in the page that stays: a verdict, stale or partial data, a refusal with its reasons. There are
//! no toasts; what matters does not fade.

use leptos::prelude::*;

use super::{Glyph, Icon, Status};

/// A message in a tinted box.
#[component]
pub fn Notice(
    /// Its colour and glyph.
    status: Status,
    /// One sentence.
    #[prop(into)]
    title: String,
    /// Whether a screen reader interrupts for it; for the answer to what was just done.
    #[prop(optional)]
    announce: Announce,
    /// Reasons, remedies, links.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let glyph = match status {
        Status::Ok => Glyph::Check,
        Status::Pending => Glyph::Clock,
        Status::Danger | Status::Drift => Glyph::Warning,
        Status::Info | Status::Off => Glyph::Info,
    };
    let role = match announce {
        Announce::No => None,
        Announce::Politely => Some("status"),
        Announce::AtOnce => Some("alert"),
    };
    view! {
        <div data-notice data-status=status.token() role=role>
            <Icon glyph />
            <div>
                <p class="font-semibold">{title}</p>
                {children.map(|children| view! { <div data-detail>{children()}</div> })}
            </div>
        </div>
    }
    .into_any()
}

/// Whether assistive technology reads a notice unasked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Announce {
    /// Part of the page.
    #[default]
    No,
    /// When it is idle.
    Politely,
    /// Now.
    AtOnce,
}
