//! What became of the input of a form whose sender had to sign in again.

use leptos::prelude::*;

use super::{Announce, Notice, Status};
use crate::routes::Kept;

/// The notice; empty for a form that was opened as usual.
#[component]
pub fn KeptNotice(kept: Kept) -> impl IntoView {
    let (status, title, detail) = match kept {
        Kept::Nothing => return ().into_any(),
        Kept::Restored => (
            Status::Info,
            "Your input was restored",
            "It was sent after your session had ended, and nothing was saved. Review it before you submit it.",
        ),
        Kept::RestoredInPart => (
            Status::Pending,
            "A part of your input was restored",
            "A text that is far too long, or that looks like a card number, is not kept. Nothing was saved. Review the form before you submit it.",
        ),
        Kept::Lost => (
            Status::Pending,
            "What you entered could not be kept",
            "Your session had ended when you sent the form, and nothing was saved. Enter it again.",
        ),
    };
    view! { <Notice status title announce=Announce::Politely>{detail}</Notice> }.into_any()
}
