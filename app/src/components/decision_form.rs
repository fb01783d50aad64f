//! The bar at the foot of a change: one reason with the buttons to approve and to decline, bound to the effect on the page; or
//! why the viewer does not decide, or what they decided.

use domain::{
    approval::{ApproverRefusal, Decision},
    grant::Term,
    ids::{ChangeId, EffectHash},
    time::Timestamp,
};
use leptos::prelude::*;

use super::{
    Button, ButtonKind, Glyph, Icon, KeptNotice, Requirement, SecondFactorNotice, Status, TextArea,
};
use crate::{
    backend::{
        ApprovalView, ChangeView, DecisionObstacle, StepUpView, comment_field, decision_field,
        decision_word, gains_and_losses, state_reason,
    },
    routes::{FormState, Kept},
};

/// The id of the reason.
pub const REASON_FIELD: &str = "reason";

/// Renders the bar of an undecided change.
pub fn decision_bar(view: &ChangeView, form: &FormState, now: Timestamp) -> AnyView {
    let id = view.row.id.clone();
    let only_decline = match view.decide {
        Ok(()) => None,
        Err(obstacle @ DecisionObstacle::MayDeclineOnly(_)) => Some(obstacle),
        Err(DecisionObstacle::Viewer(ApproverRefusal::NoMfa)) => {
            return view! {
                <section id="decision" aria-label="Your decision">
                    <SecondFactorNotice return_to=format!("/changes/{id}") />
                </section>
            }
            .into_any();
        }
        Err(DecisionObstacle::Viewer(ApproverRefusal::AlreadyDecided)) => {
            return said(Status::Ok, decided(view, now));
        }
        // Another reason would remain after a sign-in with a second factor.
        Err(obstacle) => return said(Status::Off, obstacle_words(obstacle).to_owned()),
    };
    let notes = notes(view, form, only_decline);
    let fields = fields(id, view.preview.effect.clone(), form, view, only_decline);
    view! {
        <section id="decision" data-decision aria-label="Your decision">
            {notes}
            {fields}
        </section>
    }
    .into_any()
}

/// Renders what stands in place of the form.
fn said(status: Status, words: String) -> AnyView {
    let glyph = match status {
        Status::Ok => Glyph::Check,
        _ => Glyph::Info,
    };
    view! {
        <section id="decision" data-decision aria-label="Your decision">
            <p data-decided data-status=status.token()><Icon glyph /> <span>{words}</span></p>
        </section>
    }
    .into_any()
}

/// Says what the viewer decided, and how many approvals there are.
fn decided(view: &ChangeView, now: Timestamp) -> String {
    let (have, need) = view.row.approvals;
    let own = view.approvals.iter().rev().find(|given| given.own);
    match own {
        Some(ApprovalView { decision, at, .. }) => {
            let did = match decision {
                Decision::Approve => "approved",
                Decision::Decline => "declined",
            };
            format!("You {did} at {}; {have} of {need}", clock_time(*at, now))
        }
        None => format!("Your decision is recorded; {have} of {need}"),
    }
}

/// Returns the time of a day, with its date if that is not the day of another time.
pub fn clock_time(at: Timestamp, day: Timestamp) -> String {
    let (minute, today) = (at.minute(), day.minute());
    match (minute.split_once(' '), today.split_once(' ')) {
        (Some((day, time)), Some((today, _))) if day == today => format!("{time} UTC"),
        _ => format!("{minute} UTC"),
    }
}

/// Renders what is to be known before the decision, in one line each.
fn notes(
    view: &ChangeView,
    form: &FormState,
    only_decline: Option<DecisionObstacle>,
) -> impl IntoView + use<> {
    let step_up = match &view.step_up {
        Some(StepUpView::TooOld { limit, signed_in }) => Some(format!(
            "This decision needs a sign-in that is at most {} old. Yours was at {} UTC. You sign in again when you send it. \
             Your reason is kept, and you decide after that.",
            limit.words(),
            signed_in.minute(),
        )),
        Some(StepUpView::NoFactor) | None => None,
    };
    // Values without an error were kept over an expired session: the effect may be another one by now.
    let restored = form.errors.is_empty() && form.value(decision_field::REASON).is_some();
    let review = restored.then(|| {
        view! { <p data-note-line role="status">"Your reason was restored. Review the change again before you decide."</p> }
    });
    let lost = (form.kept == Kept::Lost).then(|| view! { <KeptNotice kept=Kept::Lost /> });
    let barred =
        only_decline.map(|obstacle| format!("{} You may decline it.", obstacle_words(obstacle)));
    let lines = [step_up, barred].into_iter().flatten();
    let lines = lines
        .map(|words| view! { <p data-note-line>{words}</p> })
        .collect_view();
    view! { {lost} {review} {lines} }
}

/// Renders the reason and the buttons. Enter in the reason starts a new line, so that it sends neither decision.
fn fields(
    id: ChangeId,
    effect: EffectHash,
    form: &FormState,
    view: &ChangeView,
    only_decline: Option<DecisionObstacle>,
) -> impl IntoView + use<> {
    let (approve, decline) = match view.step_up {
        Some(_) => ("Sign in again, then approve", "Sign in again, then decline"),
        None => ("Approve", "Decline"),
    };
    let approve = only_decline.is_none().then(|| {
        view! {
            <Button kind=ButtonKind::Primary icon=Glyph::Check shortcut="approve" name=decision_field::DECISION value=decision_word(Decision::Approve)>{approve}</Button>
        }
    });
    let place = only_decline
        .is_none()
        .then(|| place_words(view.row.approvals));
    let deed = deed_words(view).map(|words| view! { <p data-deed>{words}</p> });
    let value = form.value(decision_field::REASON).unwrap_or_default();
    let error = form.error(decision_field::REASON).unwrap_or_default();
    view! {
        <form method="post" action=format!("/do/changes/{id}/decide")>
            <input type="hidden" name=decision_field::EFFECT value=effect.0 />
            {deed}
            <TextArea
                id=REASON_FIELD
                name=decision_field::REASON
                label="Reason"
                hint="On record, at least 5 characters. One decline ends the request."
                value
                error
                need=Requirement::Required
                rows=1
            />
            {place.map(|words| view! { <p data-place>{words}</p> })}
            <div data-decision-buttons>
                {approve}
                <Button kind=ButtonKind::Danger icon=Glyph::Cross shortcut="deny" name=decision_field::DECISION value=decision_word(Decision::Decline)>{decline}</Button>
            </div>
        </form>
    }
}

/// Returns who gains or loses access by the change, and what makes that serious; none if it is about something else.
fn deed_words(view: &ChangeView) -> Option<String> {
    let preview = &view.preview;
    if preview.gainers.rows + preview.losers.rows == 0 {
        return None;
    }
    let people = gains_and_losses(preview.gainers, preview.losers);
    let people = match only_access(view) {
        Some(access) => format!("{access}: {people}"),
        None => people,
    };
    let mut words = vec![people];
    let mut gained = preview.gained.iter();
    if gained.any(|row| row.term == Some(Term::Standing)) {
        words.push("standing".to_owned());
    }
    let mut accounts = view.row.accounts.iter();
    if accounts.any(|account| account.class.counts_as_production_pci()) {
        words.push("production PCI".to_owned());
    }
    Some(words.join(", "))
}

/// Returns the permission set and the account, such as *Reader on cards-prod*; none if a change is about several.
fn only_access(view: &ChangeView) -> Option<String> {
    let preview = &view.preview;
    let mut rows = preview.gained.iter().chain(&preview.lost);
    let shown = preview.gained.len() + preview.lost.len();
    let first = rows.next()?;
    let same = rows.all(|row| row.set.arn == first.set.arn && row.account.id == first.account.id);
    let all = shown == preview.gainers.rows + preview.losers.rows;
    (same && all).then(|| format!("{} on {}", first.set.name, first.account.name))
}

/// Returns which of the approvals that of the viewer would be.
fn place_words((have, need): (u8, u8)) -> String {
    let own = have.saturating_add(1);
    if own == need {
        format!("Yours would be approval {own} of {need}, the last that is needed.")
    } else {
        format!("Yours would be approval {own} of {need}.")
    }
}

/// Returns why no form is shown.
pub const fn obstacle_words(obstacle: DecisionObstacle) -> &'static str {
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

/// Returns the errors of a decision or a comment with the id of the field that each refers to.
pub fn decision_errors(form: &FormState, view: &ChangeView) -> Vec<(String, String)> {
    let open = view.may_decline();
    let anchor = |field: &str| match field {
        decision_field::REASON if open => REASON_FIELD,
        comment_field::COMMENT if view.comment.is_ok() => super::COMMENT_FIELD,
        comment_field::COMMENT | comment_field::KIND => "comments",
        _ => "decision",
    };
    form.errors
        .iter()
        .map(|error| (anchor(error.field).to_owned(), error.message.clone()))
        .collect()
}

#[cfg(test)]
mod tests {
    use domain::time::Duration;

    use super::*;

    #[test]
    fn a_decision_of_today_is_told_by_its_time() {
        let now = Timestamp(1_795_425_245_000);
        assert_eq!(clock_time(now - Duration::minutes(5), now), "09:09 UTC");
        assert_eq!(
            clock_time(now - Duration::hours(24), now),
            "2026-11-22 09:14 UTC"
        );
    }
}
