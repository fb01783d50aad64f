//! The form that classifies accounts, with the preview of what it changes beside it. A link or the list of accounts chooses
//! the accounts; what is entered is sent by POST, also for the preview, so that no text of a person is in an address. Nothing
//! is stored until the form is submitted, bound to the preview: what was edited since is another effect, and shown first.

mod fields;
mod origin;
mod title;

use domain::{
    classification::{Environment, Pci},
    subject::account_classification::NEW_OWNER,
    time::Timestamp,
    verdict::Outcome,
};
use leptos::prelude::*;

use crate::{
    backend::{
        ACCOUNT, ClassifyForm, ClassifyOrigin, DECLARE, END, KEEP_OWNER, NewClassification,
        PortResult, Preview, change_field, classify_field,
    },
    components::{
        BLOCKED, Button, ButtonKind, Crumb, ErrorSummary, FieldCheck, FreshnessNotice, KeptNotice,
        Notice, PREVIEW_HEADING, PageHeader, PreviewNotes, Requirement, Section, Status,
        justification_field, preview_heading, selection_errors, shown_preview, submit_button,
        ticket_field,
    },
    islands::outdated_preview::OutdatedPreview,
    routes::{FormState, Page, Visit},
};

use self::{
    fields::{account_fields, declaration_fields, unseen},
    origin::{Origin, action_of, origin},
    title::title,
};

/// The environments that people declare, strictest first. The management account is one by its role alone.
const ENVIRONMENTS: [Environment; 5] = [
    Environment::Security,
    Environment::Production,
    Environment::Staging,
    Environment::Development,
    Environment::Sandbox,
];
const SCOPES: [Pci; 3] = [Pci::In, Pci::Connected, Pci::Out];

/// The path of the action that submits the form.
const SUBMIT: &str = "/do/changes/classify";

/// Builds the page.
pub async fn page(visit: Visit) -> PortResult<Page> {
    let form = chosen_form(&visit).await?;
    let new = visit.backend.new_classification(&form).await?;
    let origin = origin(&visit).await;
    let (freshness, now) = (visit.backend.freshness(), visit.backend.now());
    let form = visit.form;
    Ok(Page::new("Classify accounts", move || {
        let detail = "A declaration states what an account is, and counts instead of its tags and OUs. Stricter values apply at once. Less strict values, an extension, and a new owner need two other people.";
        let to = action_of(origin.as_ref());
        view! {
            <PageHeader title="Classify accounts" crumbs=vec![Crumb::new("/accounts", "Accounts")] detail=view! { {detail} }.into_any() />
            <FreshnessNotice freshness now />
            <KeptNotice kept=form.kept />
            <ErrorSummary errors=errors(&form, &new) />
            {origin.map(Origin::notice)}
            <form id="choose" method="post" action=SUBMIT data-change-form data-classify>
                {selection(&new)}
                <div data-preview-column>
                    {preview_buttons(&new, &to)}
                    {preview(&new, &to, now)}
                </div>
                <div data-reason-column>{submission(&new, &form)}</div>
            </form>
        }
        .into_any()
    }))
}

/// Returns the form that was sent, or that a link fills.
async fn chosen_form(visit: &Visit) -> PortResult<ClassifyForm> {
    let sent = &visit.form.values;
    if classify_field::CHOSEN
        .iter()
        .any(|name| sent.contains_key(*name))
    {
        let value = |name: &str| sent.get(name).cloned().unwrap_or_default();
        return Ok(ClassifyForm::read(value));
    }
    match ClassifyOrigin::of_query(&visit.query) {
        Some(origin) => visit.backend.follow_up_form(&origin).await,
        None => Ok(ClassifyForm::of_query(&visit.query, &visit.all(ACCOUNT))),
    }
}

/// Returns the errors of the page. Those of a field that is not drawn lead to the form.
fn errors(form: &FormState, new: &NewClassification) -> Vec<(String, String)> {
    selection_errors(form, &new.errors, |field| {
        let is_hidden = matches!(
            field,
            classify_field::ACTION | classify_field::ONLY | classify_field::WORDS
        );
        is_hidden.then_some("choose")
    })
}

/// Renders the accounts and what is declared of them.
fn selection(new: &NewClassification) -> AnyView {
    let form = &new.form;
    let error = |name: &str| {
        let found = new.errors.iter().filter(|error| error.field == name);
        let found: Vec<&str> = found.map(|error| error.message.as_str()).collect();
        found.join(" ")
    };
    let accounts = account_fields(new, error(classify_field::ACCOUNTS));
    let (title, values) = if form.ends() {
        ("End the declaration", unseen(form))
    } else {
        (
            "Accounts and classification",
            declaration_fields(new, &error),
        )
    };
    view! {
        <div data-selection-column>
            <Section title>
                <div id="selection" data-body>{accounts} {values}</div>
            </Section>
        </div>
    }
    .into_any()
}

/// Renders the buttons above the preview. The first one is that of the Enter key, so it sends the form as it is.
fn preview_buttons(new: &NewClassification, to: &str) -> AnyView {
    let form = &new.form;
    let (kind, label) = if new.preview.is_some() {
        (ButtonKind::Secondary, "Update the preview")
    } else {
        (ButtonKind::Primary, "Preview")
    };
    let (action, other) = if form.ends() {
        let nothing = form.environment.is_empty() && form.purpose.is_empty();
        let declare = if nothing { "" } else { DECLARE };
        (END, Some(("Declare instead", declare)))
    } else {
        let ends = new.declared > 0;
        (
            DECLARE,
            ends.then_some(("End the declaration instead", END)),
        )
    };
    let (name, check) = (classify_field::ACTION, FieldCheck::Skipped);
    let other = other.map(|(label, action)| {
        view! { <Button kind=ButtonKind::Quiet name value=action to=to.to_owned() check>{label}</Button> }
    });
    view! {
        <div data-preview-buttons>
            <Button kind name value=action to=to.to_owned() check>{label}</Button>
            {other}
        </div>
    }
    .into_any()
}

/// Renders what the change would do, and marks it once something else is chosen.
fn preview(new: &NewClassification, to: &str, now: Timestamp) -> AnyView {
    let Some(preview) = new.preview.clone() else {
        return view! {
            <section id="preview" aria-labelledby=PREVIEW_HEADING data-preview-empty>
                <div data-card data-preview-card>
                    {preview_heading("Preview".to_owned())}
                    <p data-body>"What leaves or enters the production PCI report, what changes for each account, and the verdict appear here."</p>
                </div>
            </section>
        }
        .into_any();
    };
    let cure = without_new_owner(&preview, to);
    let notes = PreviewNotes {
        title: title(new).unwrap_or_else(|| preview.title.in_words()),
        cure,
        ..PreviewNotes::default()
    };
    view! {
        <section id="preview" aria-labelledby=PREVIEW_HEADING>
            {view! { <OutdatedPreview /> }.into_any()}
            {left_out(new)}
            {shown_preview(preview, notes, now)}
        </section>
    }
    .into_any()
}

/// Offers to declare the rest now, if nothing but a new owner needs approval.
fn without_new_owner(preview: &Preview, to: &str) -> Option<AnyView> {
    let verdict = &preview.verdict;
    let only_owner = verdict.outcome == Outcome::NeedsApproval
        && verdict.hits.iter().all(|hit| hit.rule == NEW_OWNER);
    let to = to.to_owned();
    only_owner.then(|| {
        view! {
            <Notice status=Status::Info title="Without the new owner, this applies at once">
                <p class="mb-2">"Only the owner needs the agreement of other people. Declare the rest now, and request the owner afterwards."</p>
                <Button name=classify_field::ACTION value=KEEP_OWNER to check=FieldCheck::Skipped>"Preview without the new owner"</Button>
            </Notice>
        }
        .into_any()
    })
}

/// Says how many accounts the change leaves out, and why.
fn left_out(new: &NewClassification) -> Option<AnyView> {
    let count = match new.unchanged {
        0 => return None,
        1 => "1 account".to_owned(),
        count => format!("{count} accounts"),
    };
    let title = format!("{count} left out");
    let why = match (new.form.ends(), new.unchanged) {
        (true, 1) => "It has no declaration that could be ended.",
        (true, _) => "They have no declaration that could be ended.",
        (false, 1) => "It is already declared exactly so, until the same day.",
        (false, _) => "They are already declared exactly so, until the same day.",
    };
    Some(view! { <Notice status=Status::Info title>{why}</Notice> }.into_any())
}

/// Renders why, by which ticket, and the button that submits what the preview shows.
fn submission(new: &NewClassification, form: &FormState) -> AnyView {
    let why = justification_field(
        form,
        "Why it is classified so now, in at least 10 characters. It is shown to approvers and kept with the change. Do not enter card numbers.",
        Requirement::Shown,
    );
    let ticket = ticket_field(form);
    let send = match &new.preview {
        None => view! {
            <div class="flex flex-wrap items-center gap-3">
                <Button disabled_reason="The preview shows first what this would change.">"Submit"</Button>
            </div>
        }
        .into_any(),
        Some(preview) => send(new, preview),
    };
    view! {
        <Section title="Submit">
            <div data-body>
                <div data-unless-out>{why}</div>
                {ticket}
                <div id="send">{send}</div>
            </div>
        </Section>
    }
    .into_any()
}

fn send(new: &NewClassification, preview: &Preview) -> AnyView {
    let outcome = preview.verdict.outcome;
    let (action, verb) = match (new.form.ends(), new.total - new.unchanged) {
        (false, _) => (DECLARE, "Classify"),
        (true, 1) => (END, "End the declaration"),
        (true, _) => (END, "End the declarations"),
    };
    let (kind, label) = submit_button(outcome, ButtonKind::Primary, verb);
    let blocked =
        (outcome == Outcome::Refused).then(|| view! { <p data-hint class="mt-2">{BLOCKED}</p> });
    view! {
        <input type="hidden" name=change_field::EFFECT value=preview.effect.0.clone() />
        <input type="hidden" name=change_field::FORM_KEY value=new.form_key.clone() />
        <Button kind name=classify_field::ACTION value=action>{label}</Button>
        {blocked}
    }
    .into_any()
}
