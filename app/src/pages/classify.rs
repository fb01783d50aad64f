//! The form that classifies accounts: a GET form whose values are part of the URL; the preview below shows what changes
//! for each account, and the verdict. Nothing is stored until the second form is sent, which is bound to the preview.

use domain::{
    classification::{Environment, Pci},
    verdict::Outcome,
};
use leptos::prelude::*;

use crate::{
    backend::{
        ClassifyForm, DECLARE, END, FORM, FieldError, NewClassification, PortResult, Preview,
        change_field, classify_field,
    },
    components::{
        AccountLink, Button, ButtonKind, Choice, Crumb, ErrorSummary, FreshnessNotice, PageHeader,
        Requirement, Section, SelectField, SubjectEffects, Tab, Tabs, TextArea, TextField,
        VerdictBox, environment_name, pci_name,
    },
    islands::outdated_preview::OutdatedPreview,
    routes::{FormState, Page, Visit},
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

/// The maximum number of characters of the purpose and of the reason for *out of scope*.
const TEXT_CHARS: u32 = 500;

/// Builds the page.
pub async fn page(visit: Visit) -> PortResult<Page> {
    let new = visit
        .backend
        .new_classification(&ClassifyForm::of_query(&visit.query))
        .await?;
    let (freshness, now) = (visit.backend.freshness(), visit.backend.now());
    let form = visit.form;
    Ok(Page::new("Classify accounts", move || {
        let detail = "Declare what accounts are. Stricter values apply at once. Less strict values, keeping them for longer, and another owner need two other people.";
        view! {
            <PageHeader title="Classify accounts" crumbs=vec![Crumb::new("/accounts", "Accounts")] detail=view! { {detail} }.into_any() />
            <FreshnessNotice freshness now />
            <ErrorSummary errors=all_errors(&form, &new) />
            <Tabs label="What to do" tabs=actions(&new.form) />
            {choose(&new)}
            {new.preview.clone().map(|preview| below(preview, &new, &form))}
        }
        .into_any()
    }))
}

/// Returns the errors of the submitted form, then those of the selection, without duplicates.
fn all_errors(form: &FormState, new: &NewClassification) -> Vec<(String, String)> {
    let mut errors: Vec<(String, String)> = Vec::new();
    for FieldError { field, message } in form.errors.iter().chain(&new.errors) {
        let anchor = match *field {
            _ if new.preview.is_none() && !classify_field::CHOSEN.contains(field) => "choose",
            classify_field::ACTION | classify_field::ONLY | classify_field::WORDS => "choose",
            change_field::EFFECT | FORM => "preview",
            field => field,
        };
        if !errors.iter().any(|(_, known)| known == message) {
            errors.push((anchor.to_owned(), message.clone()));
        }
    }
    errors
}

fn actions(form: &ClassifyForm) -> Vec<Tab> {
    let tab = |action: &str, label: &str| Tab {
        href: ClassifyForm {
            action: action.to_owned(),
            ..form.clone()
        }
        .href(),
        label: label.to_owned(),
        current: form.ends() == (action == END),
        count: None,
    };
    vec![tab(DECLARE, "Declare"), tab(END, "End the declaration")]
}

/// Renders the first form, a GET form.
fn choose(new: &NewClassification) -> AnyView {
    let form = &new.form;
    let error = |name: &str| {
        let found = new.errors.iter().find(|error| error.field == name);
        found.map(|error| error.message.clone()).unwrap_or_default()
    };
    let again = new.preview.is_some();
    let kind = if again {
        ButtonKind::Secondary
    } else {
        ButtonKind::Primary
    };
    let values = (!form.ends()).then(|| declaration_fields(new, &error));
    let (action, label) = (
        form.action.clone(),
        if again {
            "Update the preview"
        } else {
            "Preview"
        },
    );
    let accounts = account_fields(new, error(classify_field::ACCOUNTS));
    view! {
        <Section title="Accounts and classification">
            <form id="choose" method="get" action="/changes/classify" data-body>
                <input type="hidden" name=classify_field::ACTION value=action />
                {accounts}
                {values}
                <Button kind>{label}</Button>
            </form>
        </Section>
    }
    .into_any()
}

/// Renders the accounts: a filter of the board as it is, or a list that can be edited.
fn account_fields(new: &NewClassification, error: String) -> AnyView {
    let form = &new.form;
    let more = new.total.saturating_sub(new.accounts.len());
    let named = (!new.accounts.is_empty()).then(|| {
        let open = new.total <= 10;
        let title = if new.total == 1 {
            "1 account".to_owned()
        } else {
            format!("{} accounts", new.total)
        };
        let list = new
            .accounts
            .iter()
            .cloned()
            .map(|account| view! { <li><AccountLink account /></li> })
            .collect_view();
        view! {
            <details data-fold open=open class="mb-4">
                <summary>{title}</summary>
                <ul data-plain>{list}{(more > 0).then(|| view! { <li class="text-muted">{format!("and {more} more")}</li> })}</ul>
            </details>
        }
    });
    if form.is_filtered() {
        return view! {
            <input type="hidden" name=classify_field::ONLY value=form.only.clone() />
            <input type="hidden" name=classify_field::WORDS value=form.words.clone() />
            <p class="mb-2">"All accounts of the board that match its filter:"</p>
            {(!error.is_empty()).then(|| view! { <p id=classify_field::ACCOUNTS data-error>{error}</p> })}
            {named}
        }
        .into_any();
    }
    let rows = u32::try_from(form.accounts.lines().count()).unwrap_or(u32::MAX);
    view! {
        <TextArea
            name=classify_field::ACCOUNTS
            label="Accounts"
            hint="Account numbers or exact names, one on each line."
            value=form.accounts.clone()
            error
            need=Requirement::Required
            maxlength=30_000
            rows=rows.clamp(1, 8)
        />
        {named}
    }
    .into_any()
}

fn declaration_fields(new: &NewClassification, error: &impl Fn(&str) -> String) -> AnyView {
    let form = &new.form;
    let mut environments = vec![Choice::new("", "Choose…")];
    environments.extend(ENVIRONMENTS.map(|one| Choice::new(one.as_str(), environment_name(one))));
    let mut scopes = vec![Choice::new("", "Choose…")];
    scopes.extend(SCOPES.map(|one| Choice::new(one.as_str(), pci_name(one))));
    let until = format!(
        "The declaration is confirmed anew before this day, at the latest on {}. Afterwards it makes no account less strict.",
        new.latest
    );
    view! {
        <div class="grid grid-cols-1 md:grid-cols-2 gap-x-6">
            <SelectField
                name=classify_field::ENVIRONMENT
                label="Environment"
                choices=environments
                selected=form.environment.clone()
                error=error(classify_field::ENVIRONMENT)
                need=Requirement::Required
            />
            <SelectField
                name=classify_field::PCI
                label="PCI DSS scope"
                choices=scopes
                selected=form.pci.clone()
                error=error(classify_field::PCI)
                need=Requirement::Required
            />
            {owner_field(new, error(classify_field::OWNER))}
            <TextField
                name=classify_field::UNTIL
                label="Valid until"
                kind="date"
                value=form.until.clone()
                hint=until
                error=error(classify_field::UNTIL)
                need=Requirement::Required
            />
        </div>
        <TextArea
            name=classify_field::PURPOSE
            label="Purpose"
            hint="What the account is for, in 10 to 500 characters. Do not enter card numbers."
            value=form.purpose.clone()
            error=error(classify_field::PURPOSE)
            need=Requirement::Required
            maxlength=TEXT_CHARS
        />
        <TextArea
            name=classify_field::OUT_OF_SCOPE
            label="Reason for out of scope"
            hint="Required only if the account is out of PCI DSS scope: why it neither stores card data nor can reach it. Leave it empty otherwise."
            value=form.out_of_scope.clone()
            error=error(classify_field::OUT_OF_SCOPE)
            need=Requirement::Optional
            maxlength=TEXT_CHARS
        />
    }
    .into_any()
}

/// Renders a drop-down list of users, or a text field if the list is too long.
fn owner_field(new: &NewClassification, error: String) -> AnyView {
    let chosen = &new.form.owner;
    if new.types_owner {
        let found = new.owners.iter().find(|choice| choice.value == *chosen);
        let hint = match found {
            Some(choice) => format!(
                "Selected: {}. Enter another name or ID to change it.",
                choice.label
            ),
            None => "Who answers for the account: the exact name or user name.".to_owned(),
        };
        return view! {
            <TextField name=classify_field::OWNER label="Owner" value=chosen.clone() hint error need=Requirement::Optional />
        }
        .into_any();
    }
    let mut list = vec![Choice::new("", "Nobody")];
    let offered = new.owners.iter();
    list.extend(offered.map(|choice| Choice::new(choice.value.clone(), choice.label.clone())));
    view! {
        <SelectField
            name=classify_field::OWNER
            label="Owner"
            choices=list
            selected=chosen.clone()
            hint="Who answers for the account."
            error
            need=Requirement::Optional
        />
    }
    .into_any()
}

fn below(preview: Preview, new: &NewClassification, form: &FormState) -> AnyView {
    let Preview {
        title,
        others,
        other_count,
        verdict,
        policy_titles,
        effect,
        approvers,
        ..
    } = preview;
    let outcome = verdict.outcome;
    view! {
        <section id="preview" aria-label="Preview">
            <h2 class="mb-3">{title}</h2>
            {view! { <OutdatedPreview /> }.into_any()}
            <VerdictBox verdict titles=policy_titles gains=0 approvers />
            <Section title="What changes"><SubjectEffects rows=others total=other_count /></Section>
            {submit(new, form, outcome, effect.0)}
        </section>
    }
    .into_any()
}

/// Renders the second form. The server validates it again and compares the effect with the one shown.
fn submit(new: &NewClassification, form: &FormState, outcome: Outcome, effect: String) -> AnyView {
    let (kind, verb) = match outcome {
        Outcome::Refused => (ButtonKind::Secondary, "Record the blocked request"),
        Outcome::NeedsApproval => (ButtonKind::Primary, "Request approval"),
        Outcome::Allowed => (ButtonKind::Primary, "Classify"),
    };
    let chosen = new
        .form
        .fields()
        .map(|(name, value)| view! { <input type="hidden" name=name value=value.to_owned() /> })
        .collect_view();
    let value = |field: &str| form.value(field).unwrap_or_default();
    let error = |field: &str| form.error(field).unwrap_or_default();
    let fields = view! {
        <form method="post" action="/do/changes/classify" data-body>
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
    view! { <Section title="Submit">{fields}</Section> }.into_any()
}
