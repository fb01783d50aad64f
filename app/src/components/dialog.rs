//! A confirmation in a native `<dialog>`, opened and closed by `command` attributes without JavaScript (the boot script
//! polyfills them). The browser handles focus, Esc and the top layer. The form inside the dialog performs the action.

use leptos::prelude::*;

use super::{ButtonKind, Glyph, Icon};

#[component]
pub fn ConfirmDialog(
    /// Unique on the page.
    #[prop(into)]
    id: String,
    /// The label of the button that opens the dialog: a verb and its object.
    #[prop(into)]
    trigger: String,
    /// What the button is about, for screen readers, if several buttons of the page have the same label.
    #[prop(optional, into)]
    object: Option<String>,
    /// The visual weight of that button.
    #[prop(optional)]
    kind: ButtonKind,
    /// An icon on that button.
    #[prop(optional)]
    icon: Option<Glyph>,
    /// The action and its object, such as "Remove Card-Ops from payments-prod".
    #[prop(into)]
    title: String,
    /// The consequences, and the form whose submit button repeats the verb. The Close button, Esc and a click outside
    /// close the dialog without an effect.
    children: Children,
) -> impl IntoView {
    let heading = format!("{id}-title");
    let kind = match kind {
        ButtonKind::Primary => "primary",
        ButtonKind::Secondary => "secondary",
        ButtonKind::Danger => "danger",
        ButtonKind::Quiet => "quiet",
    };
    let (opens, closes, labelled_by) = (id.clone(), id.clone(), heading.clone());
    view! {
        <button type="button" data-kind=kind command="show-modal" commandfor=opens>
            {icon.map(|glyph| view! { <Icon glyph /> })}
            <span>{trigger} {object.map(|object| view! { <span class="sr-only">" " {object}</span> })}</span>
        </button>
        <dialog id=id role="alertdialog" aria-labelledby=labelled_by closedby="any">
            <header>
                <h2 id=heading>{title}</h2>
                <button type="button" data-kind="quiet" command="close" commandfor=closes aria-label="Close" autofocus>
                    <Icon glyph=Glyph::Cross />
                </button>
            </header>
            <div data-dialog-body>{children()}</div>
        </dialog>
    }
    .into_any()
}
