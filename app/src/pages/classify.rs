//! The form that classifies accounts, with the preview of what it changes beside it. A link or the list of accounts chooses
//! the accounts; what is entered is sent by POST, also for the preview, so that no text of a person is in an address. Nothing
//! is stored until the form is submitted, bound to the preview: what was edited since is another effect, and shown first.

mod chosen_accounts;
mod fields;
mod origin;
mod send;
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
        PortResult, Preview, classify_field,
    },
    components::{
        Button, ButtonKind, Crumb, ErrorSummary, FieldCheck, FreshnessNotice, KeptNotice, Notice,
        PREVIEW_HEADING, PageHeader, PreviewNotes, Requirement, Section, Status,
        justification_field, preview_heading, selection_errors, shown_preview, ticket_field,
    },
    islands::outdated_preview::OutdatedPreview,
    routes::{FormState, Page, Visit},
};

use self::{
    chosen_accounts::chosen_accounts,
    fields::{declaration_fields, out_of_scope_field, unseen},
    origin::{Origin, action_of, origin},
    send::send,
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
            <form id="choose" method="post" action=SUBMIT>
                <div data-change-form data-classify>
                    {selection(&new)}
                    <div data-preview-column>
                        {preview(&new, &to, now)}
                        {instead(&new, &to)}
                    </div>
                    {reasons(&new, &form)}
                </div>
                {send(&new)}
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

/// Returns what is wrong with a field; empty if nothing is.
fn error_of(new: &NewClassification, name: &str) -> String {
    let found = new.errors.iter().filter(|error| error.field == name);
    let found: Vec<&str> = found.map(|error| error.message.as_str()).collect();
    found.join(" ")
}

/// Renders the accounts and what is declared of them.
fn selection(new: &NewClassification) -> AnyView {
    let accounts = chosen_accounts(new, error_of(new, classify_field::ACCOUNTS));
    let declaration = if new.form.ends() {
        let kept = unseen(&new.form);
        view! {
            <Section title="End the declaration">
                <p data-body>"Afterwards, the role, the tags and the OUs of each account classify it again." {kept}</p>
            </Section>
        }
        .into_any()
    } else {
        let fields = declaration_fields(new, &|name: &str| error_of(new, name));
        view! { <Section title="Classification"><div data-body>{fields}</div></Section> }.into_any()
    };
    view! { <div id="selection" data-selection-column data-previewed>{accounts} {declaration}</div> }
        .into_any()
}

/// Renders why it is classified so, as one text, and by which ticket.
fn reasons(new: &NewClassification, form: &FormState) -> AnyView {
    let out_of_scope = (!new.form.ends()).then(|| {
        let field = out_of_scope_field(new, error_of(new, classify_field::OUT_OF_SCOPE));
        view! { <div data-if-out data-previewed>{field}</div> }
    });
    let why = justification_field(
        form,
        "Why now, in at least 10 characters. Approvers see it, and it is kept with the change. Do not enter card numbers.",
        Requirement::Shown,
    );
    let ticket = ticket_field(form);
    view! {
        <div data-reason-column>
            <Section title="Reason">
                <div data-body>
                    {out_of_scope}
                    <div data-unless-out>{why}</div>
                    {ticket}
                </div>
            </Section>
        </div>
    }
    .into_any()
}

/// Renders the button that shows the preview of what the form holds. It is the first one that submits the form, so it is also
/// that of the Enter key.
fn preview_button(new: &NewClassification, to: &str) -> AnyView {
    let (kind, label) = if new.preview.is_some() {
        (ButtonKind::Secondary, "Update preview")
    } else {
        (ButtonKind::Primary, "Preview")
    };
    let action = if new.form.ends() { END } else { DECLARE };
    let (name, check) = (classify_field::ACTION, FieldCheck::Skipped);
    view! { <Button kind name value=action to=to.to_owned() check>{label}</Button> }.into_any()
}

/// Offers to end declarations instead of declaring, or the other way round. What was entered is kept.
fn instead(new: &NewClassification, to: &str) -> Option<AnyView> {
    let form = &new.form;
    let (words, label, action) = if form.ends() {
        let nothing = form.environment.is_empty() && form.purpose.is_empty();
        let declare = if nothing { "" } else { DECLARE };
        (None, "Declare instead", declare)
    } else {
        let words = match (new.declared, new.total) {
            (0, _) => return None,
            (1, 1) => "This account has a declaration.".to_owned(),
            (1, _) => "1 of these accounts has a declaration.".to_owned(),
            (count, _) => format!("{count} of these accounts have a declaration."),
        };
        (Some(words), "End the declaration instead", END)
    };
    let (name, check) = (classify_field::ACTION, FieldCheck::Skipped);
    Some(
        view! {
            <p data-instead>
                {words.map(|words| view! { <span class="text-muted">{words}</span> })}
                <Button kind=ButtonKind::Quiet name value=action to=to.to_owned() check>{label}</Button>
            </p>
        }
        .into_any(),
    )
}

/// Renders what the change would do, and marks it once something else is chosen.
fn preview(new: &NewClassification, to: &str, now: Timestamp) -> AnyView {
    let button = preview_button(new, to);
    let Some(preview) = new.preview.clone() else {
        return view! {
            <section id="preview" aria-labelledby=PREVIEW_HEADING data-preview-empty>
                <div data-card data-preview-card>
                    {preview_heading("Preview".to_owned(), Some(button))}
                    <p data-body>"It shows which accounts leave or enter the production PCI report, the verdict, and what changes for each account."</p>
                </div>
            </section>
        }
        .into_any();
    };
    let cure = without_new_owner(&preview, to);
    let notes = PreviewNotes {
        title: title(new).unwrap_or_else(|| preview.title.in_words()),
        actions: Some(button),
        cure,
        ..PreviewNotes::default()
    };
    view! {
        <section id="preview" aria-labelledby=PREVIEW_HEADING>
            {view! { <OutdatedPreview /> }.into_any()}
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
