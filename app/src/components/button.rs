//! Buttons and links that look like buttons. A button that cannot be used stays visible and says why;
//! it never merely greys out.

use leptos::prelude::*;

use super::{Glyph, Icon};

/// How much a button asks to be pressed. One `Primary` a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ButtonKind {
    /// The page's one main action.
    Primary,
    /// Everything else.
    #[default]
    Secondary,
    /// Takes something away.
    Danger,
    /// In a row or a toolbar, without a border.
    Quiet,
}

impl ButtonKind {
    const fn name(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Secondary => "secondary",
            Self::Danger => "danger",
            Self::Quiet => "quiet",
        }
    }
}

/// A submit button. With `name` and `value` it tells the form which of several decisions was taken.
#[component]
pub fn Button(
    /// How much it asks.
    #[prop(optional)]
    kind: ButtonKind,
    /// An icon before the words.
    #[prop(optional)]
    icon: Option<Glyph>,
    /// Sent with the form.
    #[prop(optional, into)]
    name: Option<String>,
    /// Sent with the form.
    #[prop(optional, into)]
    value: Option<String>,
    /// Why it cannot be used now. Shown beside it and read with it; the button then submits nothing.
    #[prop(optional, into)]
    disabled_reason: Option<String>,
    /// The key in `islands/shortcuts.rs` that presses it: `approve` or `deny`.
    #[prop(optional, into)]
    shortcut: Option<String>,
    /// The words: a verb and its object.
    children: Children,
) -> impl IntoView {
    let reason_id = disabled_reason.as_ref().map(|r| reason_id(r));
    let disabled = disabled_reason.is_some();
    view! {
        <button
            type=if disabled { "button" } else { "submit" }
            data-kind=kind.name()
            data-shortcut=shortcut
            name=name
            value=value
            aria-disabled=disabled.then_some("true")
            aria-describedby=reason_id.clone()
        >
            {icon.map(|glyph| view! { <Icon glyph /> })}
            <span>{children()}</span>
        </button>
        {disabled_reason.map(|reason| view! { <span id=reason_id data-reason>{reason}</span> })}
    }
    .into_any()
}

/// A link in a button's clothes; goes somewhere, changes nothing.
#[component]
pub fn LinkButton(
    /// Where to.
    #[prop(into)]
    href: String,
    /// How much it asks.
    #[prop(optional)]
    kind: ButtonKind,
    /// An icon before the words.
    #[prop(optional)]
    icon: Option<Glyph>,
    /// The words.
    children: Children,
) -> impl IntoView {
    view! {
        <a href=href data-kind=kind.name()>
            {icon.map(|glyph| view! { <Icon glyph /> })}
            <span>{children()}</span>
        </a>
    }
    .into_any()
}

/// An id for the sentence: the same sentence twice on a page describes both buttons alike.
fn reason_id(reason: &str) -> String {
    let hash = reason.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| {
        (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("why-{hash:x}")
}
