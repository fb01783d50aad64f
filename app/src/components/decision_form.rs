//! The forms to approve and to decline a change. There are two, so that Enter in one can never send the other; each is
//! bound to the effect on the page.

use domain::{
    approval::{ApproverRefusal, Decision},
    ids::{ChangeId, EffectHash},
};
use leptos::prelude::*;

use super::{
    Announce, Button, ButtonKind, Glyph, KeptNotice, Notice, Requirement, SecondFactorNotice,
    Status, TextArea,
};
use crate::{
    backend::{
        ChangeView, DecisionObstacle, StepUpView, WithdrawObstacle, decision_field, decision_of,
        decision_word, state_reason,
    },
    routes::{FormState, Kept},
};

/// Both forms, or the reason why the user may not decide.
#[component]
pub fn DecisionForms(
    id: ChangeId,
    /// The hash of the effect on the page.
    effect: EffectHash,
    /// Whether the user may decide; an error holds the reason why not.
    may: Result<(), DecisionObstacle>,
    /// What the user has to do before they decide.
    step_up: Option<StepUpView>,
    /// The values entered earlier and their errors.
    form: FormState,
) -> impl IntoView {
    let barred = match may {
        Ok(()) => None,
        Err(obstacle @ DecisionObstacle::MayDeclineOnly(_)) => Some(reason(obstacle)),
        Err(DecisionObstacle::Viewer(ApproverRefusal::NoMfa)) => {
            return view! { <SecondFactorNotice return_to=format!("/changes/{id}") /> }.into_any();
        }
        // Another reason would remain after a sign-in with a second factor.
        Err(obstacle) => {
            return view! { <Notice status=Status::Off title=reason(obstacle) /> }.into_any();
        }
    };
    let order = if step_up.is_some() {
        SignInOrder::First
    } else {
        SignInOrder::Done
    };
    let step_up = match step_up {
        Some(StepUpView::TooOld { limit, signed_in }) => Some(view! {
            <Notice
                status=Status::Pending
                title=format!(
                    "This decision needs a sign-in that is at most {} old. Yours was at {} UTC.",
                    limit.words(),
                    signed_in.minute(),
                )
            >
                "When you send your decision, you sign in again with your second factor. Your reason is kept, and you decide after the sign-in."
            </Notice>
        }),
        Some(StepUpView::NoFactor) | None => None,
    };
    // Values without an error were kept over an expired session: the effect may be another one by now.
    let restored = form.errors.is_empty() && form.value(decision_field::REASON).is_some();
    let review = restored.then(|| {
        view! { <Notice status=Status::Info announce=Announce::Politely title="Your reason was restored. Review the change again before you decide." /> }
    });
    let lost = (form.kept == Kept::Lost).then(|| view! { <KeptNotice kept=Kept::Lost /> });
    let one = move |which: Decision| decision(&id, &effect, &form, which, order);
    let (barred, approve) = match barred {
        None => (None, Some(one(Decision::Approve))),
        Some(reason) => (
            Some(view! { <Notice status=Status::Info title=reason>"You may decline it."</Notice> }),
            None,
        ),
    };
    view! {
        {lost}
        {review}
        {step_up}
        {barred}
        <div class="grid grid-cols-1 md:grid-cols-2 gap-x-6 gap-y-4">{approve} {one(Decision::Decline)}</div>
    }
    .into_any()
}

/// Returns why no form is shown.
const fn reason(obstacle: DecisionObstacle) -> &'static str {
    match obstacle {
        DecisionObstacle::Viewer(refusal) | DecisionObstacle::MayDeclineOnly(refusal) => {
            refusal.reason()
        }
        DecisionObstacle::Over(state) => state_reason(state),
        DecisionObstacle::LedgerMismatch => {
            "This change does not match the ledger, so nobody can decide on it."
        }
        DecisionObstacle::IdentityAlarm => {
            "Decisions on production PCI are stopped, because many identities differ from the directory at once. An administrator has to look at them on the host."
        }
    }
}

/// Whether a sign-in comes before the decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SignInOrder {
    /// The button leads to the sign-in first.
    First,
    /// The current sign-in is enough.
    Done,
}

fn decision(
    id: &ChangeId,
    effect: &EffectHash,
    form: &FormState,
    which: Decision,
    order: SignInOrder,
) -> impl IntoView + use<> {
    let verb = match (which, order) {
        (Decision::Approve, SignInOrder::Done) => "Approve",
        (Decision::Approve, SignInOrder::First) => "Sign in again, then approve",
        (Decision::Decline, SignInOrder::Done) => "Decline",
        (Decision::Decline, SignInOrder::First) => "Sign in again, then decline",
    };
    let (label, hint, kind, icon, shortcut) = match which {
        Decision::Approve => (
            "Reason for approval",
            "At least 5 characters. Recorded in the ledger with your name.",
            ButtonKind::Primary,
            Glyph::Check,
            "approve",
        ),
        Decision::Decline => (
            "Reason for declining",
            "At least 5 characters. Shown to the requester. One decline ends the request.",
            ButtonKind::Danger,
            Glyph::Cross,
            "deny",
        ),
    };
    let word = decision_word(which);
    // The text belongs to the form that was sent.
    let ours = form.value(decision_field::DECISION).as_deref() == Some(word);
    let value = ours
        .then(|| form.value(decision_field::REASON))
        .flatten()
        .unwrap_or_default();
    let error = ours
        .then(|| form.error(decision_field::REASON))
        .flatten()
        .unwrap_or_default();
    view! {
        <form method="post" action=format!("/do/changes/{id}/decide")>
            <input type="hidden" name=decision_field::DECISION value=word />
            <input type="hidden" name=decision_field::EFFECT value=effect.0.clone() />
            <TextArea id=format!("reason-{word}") name=decision_field::REASON label value hint error need=Requirement::Required rows=2 />
            <Button kind icon=icon shortcut=shortcut>{verb}</Button>
        </form>
    }
}

/// The form to withdraw a change; empty for users who may not withdraw it.
#[component]
pub fn WithdrawForm(id: ChangeId, may: Result<(), WithdrawObstacle>) -> impl IntoView {
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
    let sent = form.value(decision_field::DECISION);
    let sent = sent.as_deref().and_then(decision_of);
    let word = decision_word(sent.unwrap_or(Decision::Approve));
    let open = view.may_decline();
    let anchor = |field: &str| match field {
        decision_field::REASON if open => format!("reason-{word}"),
        _ => "decision".into(),
    };
    form.errors
        .iter()
        .map(|error| (anchor(error.field), error.message.clone()))
        .collect()
}
