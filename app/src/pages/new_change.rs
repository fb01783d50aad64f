//! The form for a new change: the selection is part of the URL; the preview below shows the effect and the verdict.
//! Nothing is stored until the second form is sent, which is bound to the effect in the preview.

mod identity;

use domain::{authorize::Action, time::Timestamp, verdict::Outcome};
use leptos::prelude::*;

use crate::{
    backend::{
        AlarmOnSubmit, ChangeForm, ChangeKind, FORM, FieldError, FormOption as Offered, NewChange,
        PortResult, Preview, change_field, gains_and_losses,
    },
    components::{
        Button, ButtonKind, Choice, Crumb, DiffView, ErrorSummary, FreshnessNotice,
        LinkEvidenceSection, Notice, PageHeader, Requirement, Section, SelectField,
        SessionOverrunNotice, Status, SubjectEffects, Tab, Tabs, TextArea, TextField, VerdictBox,
        risks, session_hint, session_tail,
    },
    islands::outdated_preview::OutdatedPreview,
    routes::{FormState, Page, Visit},
};

/// Builds the page.
pub async fn page(visit: Visit) -> PortResult<Page> {
    let mut change_form = ChangeForm::read(|field| visit.query(field).to_owned());
    if change_form.kind.is_empty() {
        ChangeKind::Grant.word().clone_into(&mut change_form.kind);
    }
    let new = visit.backend.new_change(&change_form).await?;
    let own_only = visit.backend.may(Action::Propose).is_err();
    let (freshness, now) = (visit.backend.freshness(), visit.backend.now());
    let form = visit.form;
    Ok(Page::new("New change", move || {
        let errors = all_errors(&form, &new);
        let about = new
            .change_form
            .known_kind()
            .filter(|kind| kind.is_identity());
        let title = about.map_or("New change", identity::title);
        let detail = if let Some(kind) = about {
            identity::detail(kind)
        } else if own_only {
            "Request a change of your own access. The preview shows the verdict before anything is submitted."
        } else {
            "Select a change. The preview shows who gains or loses access, and the verdict, before anything is submitted."
        };
        let selection = match about {
            Some(kind) => identity::choose(&new, kind),
            None => {
                view! { <Tabs label="Kind of change" tabs=kinds(&new) /> {choose(&new)} }.into_any()
            }
        };
        let crumb = match about {
            Some(_) => Crumb::new("/identities", "Identities"),
            None => Crumb::new("/changes", "Changes"),
        };
        view! {
            <PageHeader title crumbs=vec![crumb] detail=view! { {detail} }.into_any() />
            <FreshnessNotice freshness now />
            <ErrorSummary errors=errors />
            {selection}
            {new.preview.clone().map(|preview| below(preview, &new, &form, now))}
        }
        .into_any()
    }))
}

/// Returns the errors of the submitted form, then those of the selection, without duplicates.
fn all_errors(form: &FormState, new: &NewChange) -> Vec<(String, String)> {
    let mut errors: Vec<(String, String)> = Vec::new();
    for FieldError { field, message } in form.errors.iter().chain(&new.errors) {
        let anchor = match *field {
            change_field::KIND => "choose",
            _ if new.preview.is_none() && !change_field::CHOSEN.contains(field) => "choose",
            change_field::EFFECT | FORM => "preview",
            field => field,
        };
        if !errors.iter().any(|(_, known)| known == message) {
            errors.push((anchor.to_owned(), message.clone()));
        }
    }
    errors
}

fn kinds(new: &NewChange) -> Vec<Tab> {
    let change_form = &new.change_form;
    let offered = new.choices.kinds.iter().copied();
    offered
        .map(|kind| {
            let other = ChangeForm {
                kind: kind.word().to_owned(),
                // `set` is a permission set for one kind and a group for the other, so it is not kept.
                set: if kind.is_membership() == change_form.is_membership() {
                    change_form.set.clone()
                } else {
                    String::new()
                },
                ..change_form.clone()
            };
            Tab {
                href: other.href(),
                label: kind_label(kind).to_owned(),
                current: Some(kind) == change_form.known_kind(),
                count: None,
            }
        })
        .collect()
}

const fn kind_label(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Grant => "Grant access",
        ChangeKind::Remove => "Remove access",
        ChangeKind::Join => "Add to group",
        ChangeKind::Leave => "Remove from group",
        ChangeKind::Link
        | ChangeKind::Unlink
        | ChangeKind::RefuseClaim
        | ChangeKind::WithdrawRefusal => identity::title(kind),
    }
}

/// Renders the first form, a GET form, so that the selection has a URL that can be shared.
fn choose(new: &NewChange) -> AnyView {
    let NewChange {
        change_form,
        choices,
        ..
    } = new;
    let again = new.preview.is_some();
    let membership = change_form.is_membership();
    let own_only = !choices.kinds.contains(&ChangeKind::Join);
    let term = change_form.known_kind() == Some(ChangeKind::Grant);
    let sets = if membership {
        &choices.groups
    } else {
        &choices.sets
    };
    let kind = if again {
        ButtonKind::Secondary
    } else {
        ButtonKind::Primary
    };
    let set_label = if membership {
        "Group"
    } else {
        "Permission set"
    };
    let change = change_form.kind.clone();
    let fields = [
        pick(
            new,
            change_field::WHO,
            if membership || own_only {
                "User"
            } else {
                "User or group"
            },
            &choices.who,
            &change_form.who,
            None,
        ),
        if membership {
            ().into_any()
        } else {
            pick(
                new,
                change_field::ACCOUNT,
                "Account",
                &choices.accounts,
                &change_form.account,
                None,
            )
        },
        pick(
            new,
            change_field::SET,
            set_label,
            sets,
            &change_form.set,
            term.then(|| session_hint(new.session.as_ref())),
        ),
        if term {
            pick(
                new,
                change_field::TERM,
                "Duration",
                &choices.terms,
                &change_form.term,
                Some("Leastwise removes the access when it ends.".to_owned()),
            )
        } else {
            ().into_any()
        },
    ];
    let overrun = new.session.as_ref();
    let overrun = overrun.and_then(|session| session.overrun.clone());
    let overrun = overrun.map(|overrun| view! { <SessionOverrunNotice overrun /> });
    view! {
        <Section title="Selection">
            <form id="choose" method="get" action="/changes/new" data-body>
                <input type="hidden" name=change_field::KIND value=change />
                <div class="grid grid-cols-1 md:grid-cols-2 gap-x-6">{fields.into_iter().collect_view()}</div>
                {overrun}
                <Button kind>{if again { "Update the preview" } else { "Preview" }}</Button>
            </form>
        </Section>
    }
    .into_any()
}

/// Renders a drop-down list, or a text field if the list is too long.
fn pick(
    new: &NewChange,
    name: &'static str,
    label: &'static str,
    offered: &[Offered],
    chosen: &str,
    hint: Option<String>,
) -> AnyView {
    let error = new
        .errors
        .iter()
        .find(|error| error.field == name)
        .map(|error| error.message.clone())
        .unwrap_or_default();
    if new.choices.typed.contains(&name) {
        let shown = offered
            .iter()
            .find(|choice| choice.value == chosen)
            .map(|choice| choice.label.clone());
        let hint = match shown {
            Some(label) => format!("Selected: {label}. Enter another name or ID to change it."),
            None => "Enter the exact name or ID, or start from the page of the object.".to_owned(),
        };
        return view! { <TextField name label value=chosen.to_owned() hint error need=Requirement::Required /> }.into_any();
    }
    let mut list = vec![Choice::new("", "Choose…")];
    list.extend(
        offered
            .iter()
            .map(|choice| Choice::new(choice.value.clone(), choice.label.clone())),
    );
    view! {
        <SelectField
            name
            label
            choices=list
            selected=chosen.to_owned()
            hint=hint.unwrap_or_default()
            error
            need=Requirement::Required
        />
    }
    .into_any()
}

fn below(preview: Preview, new: &NewChange, form: &FormState, now: Timestamp) -> AnyView {
    let Preview {
        title,
        gained,
        gainers,
        lost,
        losers,
        verdict,
        policy_titles,
        effect,
        others,
        other_count,
        findings,
        session_seconds,
        approvers,
        alarm,
        evidence,
    } = preview;
    let outcome = verdict.outcome;
    // The notice above the preview says it already.
    let overruns = new
        .session
        .as_ref()
        .is_some_and(|session| session.overrun.is_some());
    let tail = (!overruns)
        .then(|| session_tail(session_seconds, &new.change_form))
        .flatten();
    let detail = gains_and_losses(gainers, losers);
    let (gains, losses) = (gainers.rows, losers.rows);
    view! {
        <section id="preview" aria-label="Preview">
            <h2 class="mb-3">{title.clone()}</h2>
            {view! { <OutdatedPreview /> }.into_any()}
            <VerdictBox verdict titles=policy_titles gains approvers />
            {(alarm == AlarmOnSubmit::Raised).then(raises_alarm)}
            {evidence.into_iter().map(|evidence| view! { <LinkEvidenceSection evidence now /> }).collect_view()}
            {(gains + losses > 0 || other_count == 0)
                .then(|| view! { <Section title="Who gains and loses access" detail=detail><DiffView gained gains lost losses /></Section> })}
            {(other_count > 0).then(|| view! { <Section title="What changes"><SubjectEffects rows=others total=other_count /></Section> })}
            {risks(findings)}
            {tail}
            {submit(new, form, outcome, effect.0)}
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

/// Renders the second form. The server validates it again and compares the effect with the one shown.
fn submit(new: &NewChange, form: &FormState, outcome: Outcome, effect: String) -> AnyView {
    let change = new.change_form.known_kind();
    let verb = match (outcome, change) {
        (Outcome::Refused, _) => "Record the blocked request",
        (Outcome::NeedsApproval, _) => "Request approval",
        (Outcome::Allowed, Some(ChangeKind::Remove)) => "Remove access",
        (Outcome::Allowed, Some(ChangeKind::Join)) => "Add to group",
        (Outcome::Allowed, Some(ChangeKind::Leave)) => "Remove from group",
        (Outcome::Allowed, Some(ChangeKind::Grant) | None) => "Grant access",
        (
            Outcome::Allowed,
            Some(
                kind @ (ChangeKind::Link
                | ChangeKind::Unlink
                | ChangeKind::RefuseClaim
                | ChangeKind::WithdrawRefusal),
            ),
        ) => identity::title(kind),
    };
    let takes = change.is_some_and(|kind| !kind.gives() && kind != ChangeKind::Link);
    let kind = match outcome {
        Outcome::Refused => ButtonKind::Secondary,
        _ if takes => ButtonKind::Danger,
        _ => ButtonKind::Primary,
    };
    let chosen = new
        .change_form
        .fields()
        .map(|(name, value)| view! { <input type="hidden" name=name value=value.to_owned() /> })
        .collect_view();
    let value = |field: &str| form.value(field).unwrap_or_default();
    let error = |field: &str| form.error(field).unwrap_or_default();
    let fields = view! {
        <form method="post" action="/do/changes/submit" data-body>
            {chosen}
            <input type="hidden" name=change_field::EFFECT value=effect />
            <input type="hidden" name=change_field::FORM_KEY value=new.form_key.clone() />
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
                maxlength=64
            />
            <Button kind>{verb}</Button>
        </form>
    };
    if outcome != Outcome::Refused {
        return view! { <Section title="Submit">{fields}</Section> }.into_any();
    }
    // Open if the form was sent and came back, so that the text entered is visible.
    let open = !form.errors.is_empty() || !form.values.is_empty();
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
