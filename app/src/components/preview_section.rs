//! The preview of a new change with the form that submits it, for every form of a change. Never evaluates anything.

use domain::{ids::EffectHash, time::Timestamp, verdict::Outcome};
use leptos::prelude::*;

use super::{
    Button, ButtonKind, EffectPaging, EffectSection, LinkEvidenceSection, Notice, RelatedChanges,
    Requirement, Section, ShownEffect, Status, TextArea, TextField, VerdictBox, gained_sets,
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

/// The verdict, the effect, and the form that submits the change.
#[component]
pub fn PreviewSection(
    preview: Preview,
    form: SubmitForm,
    /// What is to be known about the effect, after it.
    #[prop(optional)]
    note: Option<AnyView>,
    /// What would change the verdict, after it.
    #[prop(optional)]
    cure: Option<AnyView>,
    now: Timestamp,
) -> impl IntoView {
    let mut preview = preview;
    let shown = ShownEffect::of(&mut preview, EffectPaging::Counted);
    let Preview {
        title,
        gainers,
        verdict,
        policy_titles,
        effect,
        review_on,
        sets,
        approvers,
        alarm,
        evidence,
        related,
        ..
    } = preview;
    let outcome = verdict.outcome;
    let gains = gainers.rows;
    view! {
        <section id="preview" aria-labelledby=PREVIEW_HEADING>
            <h2 id=PREVIEW_HEADING tabindex="-1" class="mb-3"><span class="text-muted font-normal">"Preview: "</span> {title.in_words()}</h2>
            {view! { <OutdatedPreview /> }.into_any()}
            <RelatedChanges related now />
            <VerdictBox verdict titles=policy_titles gains approvers />
            {cure}
            {(alarm == AlarmOnSubmit::Raised).then(raises_alarm)}
            {evidence.into_iter().map(|evidence| view! { <LinkEvidenceSection evidence now /> }).collect_view()}
            <EffectSection effect=shown />
            {gained_sets(sets)}
            {note}
            {review_on.map(|date| view! { <p class="mb-3">"Review date: " {date.to_string()} ". Approvers agree to this date."</p> })}
            {submit(form, outcome, effect, &title.in_words())}
        </section>
    }
    .into_any()
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

/// Renders the form. The server validates it again and compares the effect with the one shown.
fn submit(form: SubmitForm, outcome: Outcome, effect: EffectHash, title: &str) -> AnyView {
    let SubmitForm {
        action,
        chosen,
        form_key,
        verb,
        kind,
        entered,
    } = form;
    let (kind, verb) = match outcome {
        Outcome::Refused => (ButtonKind::Secondary, "Record the blocked request"),
        Outcome::NeedsApproval => (kind, "Request approval"),
        Outcome::Allowed => (kind, verb),
    };
    let chosen = chosen
        .into_iter()
        .map(|(name, value)| view! { <input type="hidden" name=name value=value /> })
        .collect_view();
    let value = |field: &str| entered.value(field).unwrap_or_default();
    let error = |field: &str| entered.error(field).unwrap_or_default();
    let fields = view! {
        <form method="post" action=action data-body>
            {chosen}
            <input type="hidden" name=change_field::EFFECT value=effect.0 />
            <input type="hidden" name=change_field::FORM_KEY value=form_key />
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
            <p data-hint class="mb-2">
                "Submits what the preview shows: " <b>{title.to_owned()}</b> ". What was changed above since then is not part of it."
            </p>
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
                <p class="max-w-[72ch]">
                    "Change the selection above so that no policy blocks it. Submitting it unchanged changes nothing in AWS: "
                    "it only records that the change was requested and blocked."
                </p>
                <details data-fold open=open class="mt-3">
                    <summary>"Record the blocked request"</summary>
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
