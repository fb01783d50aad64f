//! A confirmation in a native `<dialog>`, opened and closed by `command` attributes, so that it needs no
//! script (the boot script stands in on browsers without them). Focus, Esc and the top layer are the
//! browser's. It asks; the form inside it does.

use leptos::prelude::*;

use super::{ButtonKind, Glyph, Icon};

/// A button and the dialog that it opens.
#[component]
pub fn ConfirmDialog(
    /// Unique on the page.
    #[prop(into)]
    id: String,
    /// The words on the button that opens it: the verb and its object.
    #[prop(into)]
    trigger: String,
    /// How the opening button looks.
    #[prop(optional)]
    kind: ButtonKind,
    /// An icon on the opening button.
    #[prop(optional)]
    icon: Option<Glyph>,
    /// Names action and object, such as "Remove Card-Ops from payments-prod".
    #[prop(into)]
    title: String,
    /// What follows from it, and the form with its submit button that repeats the verb. The
    /// cross, Esc and a click beside it close without doing anything.
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
            <span>{trigger}</span>
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
