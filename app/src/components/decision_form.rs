//! The forms to approve and to decline a change. There are two, so that Enter in one can never send the other; each is
//! bound to the effect on the page.

use domain::{diff::EffectHash, ids::ChangeId};
use leptos::prelude::*;

use super::{Button, ButtonKind, Glyph, Need, Notice, Status, TextArea};
use crate::{backend::ChangeView, routes::FormState};

/// Both forms, or the reason why the user may not decide.
#[component]
pub fn DecisionForms(
    id: ChangeId,
    /// The hash of the effect on the page.
    effect: EffectHash,
    /// Whether the user may decide; an error holds the reason why not.
    may: Result<(), &'static str>,
    /// The values entered earlier and their errors.
    form: FormState,
) -> impl IntoView {
    if let Err(reason) = may {
        return view! { <Notice status=Status::Off title=reason /> }.into_any();
    }
    let one = move |which: Which| decision(&id, &effect, &form, which);
    view! {
        <div class="grid grid-cols-1 md:grid-cols-2 gap-x-6 gap-y-4">{one(Which::Approve)} {one(Which::Decline)}</div>
    }
    .into_any()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Which {
    Approve,
    Decline,
}

fn decision(
    id: &ChangeId,
    effect: &EffectHash,
    form: &FormState,
    which: Which,
) -> impl IntoView + use<> {
    let (word, verb, label, hint, kind, icon, shortcut) = match which {
        Which::Approve => (
            "approve",
            "Approve",
            "Reason for approval",
            "At least 5 characters. Recorded in the ledger with your name.",
            ButtonKind::Primary,
            Glyph::Check,
            "approve",
        ),
        Which::Decline => (
            "decline",
            "Decline",
            "Reason for declining",
            "At least 5 characters. Shown to the requester. One decline ends the request.",
            ButtonKind::Danger,
            Glyph::Cross,
            "deny",
        ),
    };
    // The text belongs to the form that was sent. After a new sign-in that form is unknown and both show the text.
    let ours = form.value("decision").is_none_or(|sent| sent == word);
    let value = ours
        .then(|| form.value("reason"))
        .flatten()
        .unwrap_or_default();
    let error = ours
        .then(|| form.error("reason"))
        .flatten()
        .unwrap_or_default();
    view! {
        <form method="post" action=format!("/do/changes/{id}/decide")>
            <input type="hidden" name="decision" value=word />
            <input type="hidden" name="effect" value=effect.0.clone() />
            <TextArea id=format!("reason-{word}") name="reason" label value hint error need=Need::Required rows=2 />
            <Button kind icon=icon shortcut=shortcut>{verb}</Button>
        </form>
    }
}

/// The form to withdraw a change; empty for users who may not withdraw it.
#[component]
pub fn WithdrawForm(id: ChangeId, may: Result<(), &'static str>) -> impl IntoView {
    may.ok()
        .map(move |()| {
            view! {
                <form method="post" action=format!("/do/changes/{id}/withdraw")>
                    <Button>"Withdraw this request"</Button>
                </form>
            }
        })
        .into_any()
}

/// Returns the errors of a decision with the id of the field that each refers to.
pub fn decision_errors(form: &FormState, view: &ChangeView) -> Vec<(String, String)> {
    let word = form
        .value("decision")
        .filter(|word| word == "decline")
        .unwrap_or_else(|| "approve".into());
    let open = view.decide.is_ok();
    let anchor = |field: &str| match field {
        "reason" if open => format!("reason-{word}"),
        _ => "decision".into(),
    };
    form.errors
        .iter()
        .map(|error| (anchor(error.field), error.message.clone()))
        .collect()
}
