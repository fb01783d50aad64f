//! The preview of a new change with the form that submits it, for every form of a change. Never evaluates anything.

use domain::{ids::EffectHash, time::Timestamp, verdict::Outcome};
use leptos::prelude::*;

use super::{
    AbsoluteTime, Button, ButtonKind, EffectPaging, EffectSection, LinkEvidenceSection, Notice,
    RelatedChanges, Requirement, Section, SetsShown, ShownEffect, Status, TextArea, TextField,
    VerdictBox, gained_sets,
};
use crate::{
    backend::{AlarmOnSubmit, FORM, FieldError, Preview, change_field},
    islands::outdated_preview::OutdatedPreview,
    routes::FormState,
};

/// The form that submits a change: what it sends besides what people type.
#[derive(Debug, Clone)]
pub struct SubmitForm {
    /// The path of the action.
    pub action: &'static str,
    /// The name and value of each field of the selection.
    pub chosen: Vec<(&'static str, String)>,
    pub form_key: String,
    /// The label of the button if no approval is needed.
    pub verb: &'static str,
    pub kind: ButtonKind,
    /// The values entered earlier and their errors.
    pub entered: FormState,
}

/// The id of the heading of a preview. The address of a form that shows one ends with it, so that the result is in view and
/// has the focus.
pub const PREVIEW_HEADING: &str = "preview-result";
/// The path of the form of a new change, which is also that of its preview without JavaScript.
pub const NEW_CHANGE: &str = "/changes/new";

/// The verdict, the effect, and the form that submits the change.
#[component]
pub fn PreviewSection(
    preview: Preview,
    form: SubmitForm,
    /// What would change the verdict, after it.
    #[prop(optional)]
    cure: Option<AnyView>,
    /// What it does, if that is shorter in other words than those of its first item.
    title: Option<String>,
    now: Timestamp,
) -> impl IntoView {
    let (outcome, effect) = (preview.verdict.outcome, preview.effect.clone());
    let title = title.unwrap_or_else(|| preview.title.in_words());
    view! {
        <section id="preview" aria-labelledby=PREVIEW_HEADING>
            {view! { <OutdatedPreview /> }.into_any()}
            {shown_preview(preview, PreviewNotes { title, cure, ..PreviewNotes::default() }, now)}
            {submit(form, outcome, effect)}
        </section>
    }
    .into_any()
}

/// What the page of a form adds to a preview.
#[derive(Default)]
pub struct PreviewNotes {
    /// What the change does.
    pub title: String,
    /// What is to be known before the verdict.
    pub before: Option<AnyView>,
    /// What would change the verdict.
    pub cure: Option<AnyView>,
    /// Until when sessions can last.
    pub session: Option<AnyView>,
}

/// Renders the heading of a preview.
pub fn preview_heading(title: String) -> AnyView {
    view! { <header><h2 id=PREVIEW_HEADING tabindex="-1">{title}</h2></header> }.into_any()
}

/// Renders the verdict and the effect.
pub fn shown_preview(mut preview: Preview, notes: PreviewNotes, now: Timestamp) -> AnyView {
    let PreviewNotes {
        title,
        before,
        cure,
        session,
    } = notes;
    let shown = ShownEffect::of(&mut preview, EffectPaging::Counted);
    let Preview {
        gainers,
        verdict,
        policy_titles,
        review_on,
        not_before,
        disabled,
        sets,
        approvers,
        alarm,
        evidence,
        related,
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
    let facts = known.then(|| view! { <ul data-facts>{session} {start} {review}</ul> });
    view! {
        <div data-card data-preview-card>
            {preview_heading(format!("Preview: {title}"))}
            {before}
            <RelatedChanges related now />
            <VerdictBox verdict titles=policy_titles gains approvers ways_out />
            {(alarm == AlarmOnSubmit::Raised).then(raises_alarm)}
            {disabled_notice(&disabled)}
            {facts}
        </div>
        {cure}
        {evidence.into_iter().map(|evidence| view! { <LinkEvidenceSection evidence now /> }).collect_view()}
        <EffectSection effect=shown />
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
const RECORD: &str = "Record this request anyway";

/// What a blocked request leads to.
pub const BLOCKED: &str =
    "Nothing changes in AWS: the ledger only keeps that it was requested and blocked.";

/// Renders the texts of the requester: why, and by which ticket.
pub fn reason_fields(entered: &FormState) -> AnyView {
    let value = |field: &str| entered.value(field).unwrap_or_default();
    let error = |field: &str| entered.error(field).unwrap_or_default();
    view! {
        <TextArea
            name=change_field::JUSTIFICATION
            label="Justification"
            hint="At least 10 characters. It is shown to approvers and kept with the change. Do not enter card numbers."
            value=value(change_field::JUSTIFICATION)
            error=error(change_field::JUSTIFICATION)
            need=Requirement::Required
        />
        <TextField
            name=change_field::TICKET
            label="Ticket"
            hint="For example, OPS-4711"
            value=value(change_field::TICKET)
            error=error(change_field::TICKET)
            need=Requirement::Optional
        />
    }
    .into_any()
}

/// Renders the form. The server validates it again and compares the effect with the one shown.
fn submit(form: SubmitForm, outcome: Outcome, effect: EffectHash) -> AnyView {
    let SubmitForm {
        action,
        chosen,
        form_key,
        verb,
        kind,
        entered,
    } = form;
    let (kind, verb) = submit_button(outcome, kind, verb);
    let chosen = chosen
        .into_iter()
        .map(|(name, value)| view! { <input type="hidden" name=name value=value /> })
        .collect_view();
    let fields = view! {
        <form method="post" action=action data-body>
            {chosen}
            <input type="hidden" name=change_field::EFFECT value=effect.0 />
            <input type="hidden" name=change_field::FORM_KEY value=form_key />
            {reason_fields(&entered)}
            <p data-hint class="mb-2">"Submits what the preview shows. What was changed above since then is not part of it."</p>
            <Button kind>{verb}</Button>
        </form>
    };
    if outcome != Outcome::Refused {
        return view! { <Section title="Submit">{fields}</Section> }.into_any();
    }
    // Open if the form was sent and came back, so that the text entered is visible.
    let open = !entered.errors.is_empty() || !entered.values.is_empty();
    view! {
        <Section title="Next steps">
            <div data-body>
                <p class="max-w-[72ch]">{BLOCKED}</p>
                <details data-fold open=open class="mt-3">
                    <summary>{RECORD}</summary>
                    {fields}
                </details>
            </div>
        </Section>
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
