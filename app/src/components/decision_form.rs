//! Approve and decline: two forms, so that Enter in one can never send the other, each bound to the effect
//! that is on the page. Whoever may not decide reads why.

use domain::{diff::EffectHash, ids::ChangeId};
use leptos::prelude::*;

use super::{Button, ButtonKind, Glyph, Need, Notice, Status, TextArea};
use crate::{backend::ChangeView, routes::FormState};

/// Both forms, or the reason why there are none.
#[component]
pub fn DecisionForms(
    /// Which change.
    id: ChangeId,
    /// What the approver is looking at.
    effect: EffectHash,
    /// Whether they may; otherwise why not.
    may: Result<(), &'static str>,
    /// What was typed before and what was wrong with it.
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
            "Why you approve",
            "At least 5 characters. Kept in the ledger with your name.",
            ButtonKind::Primary,
            Glyph::Check,
            "approve",
        ),
        Which::Decline => (
            "decline",
            "Decline",
            "Why you decline",
            "At least 5 characters. The requester reads it. One refusal is enough.",
            ButtonKind::Danger,
            Glyph::Cross,
            "deny",
        ),
    };
    // What was typed belongs to the form that was sent; after a new sign-in that is no longer known.
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

/// Takes a change back; nothing for whoever may not.
#[component]
pub fn WithdrawForm(
    /// Which change.
    id: ChangeId,
    /// Whether they may.
    may: Result<(), &'static str>,
) -> impl IntoView {
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

/// The ids of the fields that errors of a decision are about.
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
