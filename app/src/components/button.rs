//! Buttons and links that look like buttons. A disabled button stays visible and always states the reason.

use leptos::prelude::*;

use super::{Glyph, Icon};

/// The visual weight of a button. A page has at most one `Primary`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ButtonKind {
    /// The main action of the page.
    Primary,
    /// Any other action.
    #[default]
    Secondary,
    /// An action that removes or declines something.
    Danger,
    /// Without a border, for rows and toolbars.
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

/// Whether the browser checks the fields of a form before it sends them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FieldCheck {
    #[default]
    Done,
    /// For a button that does not need the fields.
    Skipped,
}

/// A submit button. With `name` and `value` it identifies the chosen one of several decisions.
#[component]
pub fn Button(
    #[prop(optional)] kind: ButtonKind,
    /// An icon before the label.
    #[prop(optional)]
    icon: Option<Glyph>,
    #[prop(optional, into)] name: Option<String>,
    #[prop(optional, into)] value: Option<String>,
    /// The path that the form is sent to by this button, if it is not that of the form.
    #[prop(optional, into)]
    to: Option<String>,
    /// The reason why the button is disabled, shown beside it and linked by `aria-describedby`. The button then submits
    /// nothing.
    #[prop(optional, into)]
    disabled_reason: Option<String>,
    /// The shortcut in `islands/shortcuts.rs` that focuses the button: `approve` or `deny`.
    #[prop(optional, into)]
    shortcut: Option<String>,
    /// Whether the browser checks the fields before it sends the form.
    #[prop(optional)]
    check: FieldCheck,
    /// The label: a verb and its object.
    children: Children,
) -> impl IntoView {
    let reason_id = disabled_reason.as_ref().map(|r| reason_id(r));
    let disabled = disabled_reason.is_some();
    let unchecked = check == FieldCheck::Skipped;
    view! {
        <button
            type=if disabled { "button" } else { "submit" }
            data-kind=kind.name()
            data-shortcut=shortcut
            formnovalidate=unchecked
            formaction=to
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

/// A link that looks like a button. It only navigates.
#[component]
pub fn LinkButton(
    #[prop(into)] href: String,
    #[prop(optional)] kind: ButtonKind,
    /// An icon before the label.
    #[prop(optional)]
    icon: Option<Glyph>,
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

/// Derives an element id from the text of a reason.
fn reason_id(reason: &str) -> String {
    let hash = reason.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| {
        (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("why-{hash:x}")
}
