//! The foot of a form whose preview is shown, which stays in view: the verdict in one line, what it leads to, and the button. What is
//! sent with it is bound to the effect in the preview. Never evaluates anything.

use leptos::prelude::*;

use super::{
    Icon,
    verdict::{VerdictLine, verdict_line},
};
use crate::backend::{Preview, change_field};

/// Renders the foot. `about` stands below the verdict.
pub fn submit_foot(preview: &Preview, form_key: &str, about: AnyView, button: AnyView) -> AnyView {
    let VerdictLine {
        status,
        glyph,
        words,
    } = verdict_line(&preview.verdict);
    view! {
        <div id="send" data-foot>
            <input type="hidden" name=change_field::EFFECT value=preview.effect.0.clone() />
            <input type="hidden" name=change_field::FORM_KEY value=form_key.to_owned() />
            <div>
                <div data-verdict-line data-status=status.token()><Icon glyph /> <span>{words}</span></div>
                {about}
            </div>
            {button}
        </div>
    }
    .into_any()
}
