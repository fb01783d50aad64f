//! A persistent message in the page: a verdict, stale or partial data, an error with its reasons. There are no toasts,
//! because a message that matters must not disappear.

use leptos::prelude::*;

use super::{Glyph, Icon, Status};

/// A message in a tinted box.
#[component]
pub fn Notice(
    /// The color and icon.
    status: Status,
    /// One sentence.
    #[prop(into)]
    title: String,
    /// Whether screen readers announce it; for the result of the user's last action.
    #[prop(optional)]
    announce: Announce,
    /// The icon, if the message means something else than the status.
    #[prop(default = None, into)]
    glyph: Option<Glyph>,
    /// Reasons, remedies, links.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let glyph = glyph.unwrap_or(match status {
        Status::Ok => Glyph::Check,
        Status::Pending | Status::Danger | Status::Drift => Glyph::Warning,
        Status::Info | Status::Off => Glyph::Info,
    });
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

/// Whether assistive technology announces a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Announce {
    /// Not announced.
    #[default]
    No,
    /// `role="status"`: announced when the screen reader is idle.
    Politely,
    /// `role="alert"`: announced immediately.
    AtOnce,
}
