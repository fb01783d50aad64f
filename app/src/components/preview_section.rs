//! The preview of a new change, and what submits it, for every form of a change. Never evaluates anything.

use domain::{time::Timestamp, verdict::Outcome};
use leptos::prelude::*;

use super::{
    AbsoluteTime, ButtonKind, EffectPaging, EffectSection, LinkEvidenceSection, Notice,
    RelatedChanges, ReportConsequence, Requirement, SetsShown, ShownEffect, Status, TextArea,
    TextField, VerdictBox, gained_sets, with_last_session,
};
use crate::{
    backend::{AlarmOnSubmit, FORM, FieldError, Preview, change_field},
    routes::FormState,
};

/// The id of the heading of a preview. The address of a form that shows one ends with it, so that the result is in view and
/// has the focus.
pub const PREVIEW_HEADING: &str = "preview-result";
/// The path of the form of a new change, which is also that of its preview without JavaScript.
pub const NEW_CHANGE: &str = "/changes/new";

/// What the page of a form adds to a preview.
#[derive(Default)]
pub struct PreviewNotes {
    /// What the change does.
    pub title: String,
    /// Buttons beside the heading.
    pub actions: Option<AnyView>,
    /// What is to be known before the verdict.
    pub before: Option<AnyView>,
    /// What would change the verdict.
    pub cure: Option<AnyView>,
    /// Until when sessions can last.
    pub session: Option<AnyView>,
    /// What gives less, beside the warning of what is serious about the gains.
    pub less: Option<AnyView>,
}

/// Renders the heading of a preview, with its buttons.
pub fn preview_heading(title: String, actions: Option<AnyView>) -> AnyView {
    view! { <header><h2 id=PREVIEW_HEADING tabindex="-1">{title}</h2> {actions}</header> }
        .into_any()
}

/// Renders the verdict and the effect.
pub fn shown_preview(mut preview: Preview, notes: PreviewNotes, now: Timestamp) -> AnyView {
    let PreviewNotes {
        title,
        actions,
        before,
        cure,
        session,
        less,
    } = notes;
    let lasts = with_last_session(&preview);
    let term = preview.only_term();
    let shown = ShownEffect::of(&mut preview, EffectPaging::Counted);
    let Preview {
        gainers,
        verdict,
        policy_titles,
        policies,
        review_on,
        not_before,
        disabled,
        sets,
        approvers,
        alarm,
        evidence,
        related,
        report,
        ways_out,
        ..
    } = preview;
    let gains = gainers.rows;
    let start = not_before.map(|at| {
        view! { <li>"Starts at " <AbsoluteTime at now /> ". The policies are applied again then, and until then nothing changes."</li> }
    });
    let review = review_on.map(|date| {
        view! { <li>"Review date: " <time>{date.to_string()}</time> ". Approvers agree to this date."</li> }
    });
    let session = session.map(|session| view! { <li>{session}</li> });
    let known = start.is_some() || review.is_some() || session.is_some();
    let facts = known.then(|| view! { <ul data-preview-facts>{session} {start} {review}</ul> });
    view! {
        <div data-card data-preview-card>
            {preview_heading(format!("Preview: {title}"), actions)}
            {before}
            {report.map(|difference| view! { <ReportConsequence difference /> })}
            <RelatedChanges related now />
            <VerdictBox verdict titles=policy_titles gains policies approvers ways_out lasts term />
            {(alarm == AlarmOnSubmit::Raised).then(raises_alarm)}
            {disabled_notice(&disabled)}
            {facts}
        </div>
        {cure}
        {evidence.into_iter().map(|evidence| view! { <LinkEvidenceSection evidence now /> }).collect_view()}
        <EffectSection effect=shown less />
        {gained_sets(sets, SetsShown::Open)}
    }
    .into_any()
}

/// Renders that the directory has disabled users to whom a change gives access.
pub fn disabled_notice(names: &[String]) -> Option<AnyView> {
    let (title, they) = match names {
        [] => return None,
        [one] => (
            format!("{one} is disabled in the directory"),
            "This user cannot sign in, and has the access as soon as somebody enables the user again.",
        ),
        several => (
            format!("{} users are disabled in the directory", several.len()),
            "They cannot sign in, and have the access as soon as somebody enables them again.",
        ),
    };
    let who = (names.len() > 1).then(|| format!("{}. ", names.join(", ")));
    Some(view! { <Notice status=Status::Pending title><p>{who} {they}</p></Notice> }.into_any())
}

/// Renders what the submission of a removal causes besides the request.
fn raises_alarm() -> AnyView {
    view! {
        <Notice status=Status::Danger title="Submitting this change raises an alarm">
            <p>
                "A policy on removals matched or could not be evaluated, or this concerns somebody who decides or administers here (see above). Administrators, approvers and auditors see it on their home pages, and the ledger records it, even if you withdraw the change."
            </p>
        </Notice>
    }
    .into_any()
}

/// Returns the weight and the label of the button that submits a change with this verdict.
pub fn submit_button(
    outcome: Outcome,
    kind: ButtonKind,
    verb: &'static str,
) -> (ButtonKind, &'static str) {
    match outcome {
        Outcome::Refused => (ButtonKind::Secondary, RECORD),
        Outcome::NeedsApproval => (kind, "Request approval"),
        Outcome::Allowed => (kind, verb),
    }
}

/// The label of the button that submits a blocked request.
pub const RECORD: &str = "Record this request anyway";

/// What a blocked request leads to.
pub const BLOCKED: &str = "Nothing changes in AWS. Only the ledger records it.";

/// Renders the texts of the requester: why, and by which ticket.
pub fn reason_fields(entered: &FormState) -> AnyView {
    let hint = "At least 10 characters. It is shown to approvers and kept with the change. Do not enter card numbers.";
    view! {
        {justification_field(entered, hint, Requirement::Required)}
        {ticket_field(entered)}
    }
    .into_any()
}

/// Renders the field of the justification.
pub fn justification_field(entered: &FormState, hint: &'static str, need: Requirement) -> AnyView {
    let (value, error) = (
        entered
            .value(change_field::JUSTIFICATION)
            .unwrap_or_default(),
        entered
            .error(change_field::JUSTIFICATION)
            .unwrap_or_default(),
    );
    view! {
        <TextArea name=change_field::JUSTIFICATION label="Justification" hint value error need />
    }
    .into_any()
}

/// Renders the field of the ticket.
pub fn ticket_field(entered: &FormState) -> AnyView {
    let (value, error) = (
        entered.value(change_field::TICKET).unwrap_or_default(),
        entered.error(change_field::TICKET).unwrap_or_default(),
    );
    view! {
        <TextField
            name=change_field::TICKET
            label="Ticket"
            hint="For example, OPS-4711"
            value
            error
            need=Requirement::Optional
        />
    }
    .into_any()
}

/// Returns the errors of the submitted form, then those of the selection, without duplicates, each with the place that it
/// leads to. `anchor` returns the place of an error of the selection, if that is not the field itself.
pub fn selection_errors(
    entered: &FormState,
    selection: &[FieldError],
    anchor: impl Fn(&'static str) -> Option<&'static str>,
) -> Vec<(String, String)> {
    let mut errors: Vec<(String, String)> = Vec::new();
    for FieldError { field, message } in entered.errors.iter().chain(selection) {
        let at = match (anchor(field), *field) {
            (Some(at), _) => at,
            (None, change_field::EFFECT | FORM) => "preview",
            (None, field) => field,
        };
        if !errors.iter().any(|(_, known)| known == message) {
            errors.push((at.to_owned(), message.clone()));
        }
    }
    errors
}
