//! The form that classifies accounts: a GET form whose values are part of the URL; the preview below shows what changes
//! for each account, and the verdict. Nothing is stored until the second form is sent, which is bound to the preview.

use domain::classification::{Environment, Pci};
use leptos::prelude::*;

use crate::{
    backend::{ClassifyForm, DECLARE, END, NewClassification, PortResult, classify_field},
    components::{
        AccountLink, Button, ButtonKind, Choice, Crumb, ErrorSummary, FreshnessNotice, PageHeader,
        PreviewSection, Requirement, Section, SelectField, SubmitForm, Tab, Tabs, TextArea,
        TextField, environment_name, pci_name, selection_errors,
    },
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
            <ErrorSummary errors=errors(&form, &new) />
            <Tabs label="What to do" tabs=actions(&new.form) />
            {choose(&new)}
            {new.preview.clone().map(|preview| view! { <PreviewSection preview form=submit_form(&new, &form) now /> })}
        }
        .into_any()
    }))
}

/// Returns the errors of the page. Those of a field that is not drawn lead to the first form.
fn errors(form: &FormState, new: &NewClassification) -> Vec<(String, String)> {
    selection_errors(form, &new.errors, |field| {
        let is_drawn = match field {
            classify_field::ACTION | classify_field::ONLY | classify_field::WORDS => false,
            field => new.preview.is_some() || classify_field::CHOSEN.contains(&field),
        };
        (!is_drawn).then_some("choose")
    })
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

fn submit_form(new: &NewClassification, form: &FormState) -> SubmitForm {
    let chosen = new.form.fields();
    SubmitForm {
        action: "/do/changes/classify",
        chosen: chosen
            .map(|(name, value)| (name, value.to_owned()))
            .to_vec(),
        form_key: new.form_key.clone(),
        verb: "Classify",
        kind: ButtonKind::Primary,
        entered: form.clone(),
    }
}
