//! The form that classifies accounts. A link or the list of accounts chooses the accounts; the values are sent by POST, so that no
//! text of a person is in an address. The preview below shows what changes for each account, and the verdict. Nothing is
//! stored until the second form is sent, which is bound to the preview.

mod origin;
mod title;

use domain::{
    change::OPERATIONS,
    classification::{Environment, Pci},
    subject::account_classification::NEW_OWNER,
    verdict::Outcome,
};
use leptos::prelude::*;

use crate::{
    backend::{
        ACCOUNT, ClassifyForm, ClassifyOrigin, DECLARE, END, KEEP, NewClassification, PortResult,
        Preview, classify_field,
    },
    components::{
        AccountLink, Button, ButtonKind, Choice, Crumb, ErrorSummary, FieldCheck, FreshnessNotice,
        KeptNotice, Notice, PageHeader, PreviewSection, Requirement, Section, SelectField, Status,
        SubmitForm, TextArea, TextField, environment_name, pci_name, selection_errors,
    },
    routes::{FormState, Page, Visit},
};

use self::{
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

/// The fields of a declaration.
const VALUES: [&str; 6] = [
    classify_field::ENVIRONMENT,
    classify_field::PCI,
    classify_field::OWNER,
    classify_field::PURPOSE,
    classify_field::OUT_OF_SCOPE,
    classify_field::UNTIL,
];

/// Builds the page.
pub async fn page(visit: Visit) -> PortResult<Page> {
    let form = chosen_form(&visit).await?;
    let new = visit.backend.new_classification(&form).await?;
    let origin = origin(&visit).await;
    let (freshness, now) = (visit.backend.freshness(), visit.backend.now());
    let form = visit.form;
    Ok(Page::new("Classify accounts", move || {
        let detail = "A declaration states what an account is, and counts instead of its tags and OUs. Stricter values apply at once. Less strict values, an extension, and a new owner need two other people.";
        let action = action_of(origin.as_ref());
        view! {
            <PageHeader title="Classify accounts" crumbs=vec![Crumb::new("/accounts", "Accounts")] detail=view! { {detail} }.into_any() />
            <FreshnessNotice freshness now />
            <KeptNotice kept=form.kept />
            <ErrorSummary errors=errors(&form, &new) />
            {origin.map(Origin::notice)}
            {choose(&new, action)}
            {new.preview.as_ref().and_then(|_| left_out(&new))}
            {new.preview.clone().map(|preview| {
                let cure = without_new_owner(&new, &preview).into_any();
                let title = title(&new);
                view! { <PreviewSection preview form=submit_form(&new, &form) cure title now /> }
            })}
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

/// Offers to declare the rest now, if nothing but a new owner needs approval.
fn without_new_owner(new: &NewClassification, preview: &Preview) -> Option<AnyView> {
    let verdict = &preview.verdict;
    let only_owner = verdict.outcome == Outcome::NeedsApproval
        && verdict.hits.iter().all(|hit| hit.rule == NEW_OWNER);
    let fields = new.form.fields().map(|(name, value)| {
        let value = match name {
            classify_field::OWNER => KEEP,
            _ => value,
        };
        view! { <input type="hidden" name=name value=value.to_owned() /> }
    });
    only_owner.then(|| {
        view! {
            <Notice status=Status::Info title="Without the new owner, this applies at once">
                <p>"Only the owner needs the agreement of other people. Declare the rest now, and request the owner afterwards."</p>
                <form method="post" action=action_of(None) class="mt-2">
                    {fields.collect_view()}
                    <Button>"Preview without the new owner"</Button>
                </form>
            </Notice>
        }
        .into_any()
    })
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

/// Renders the first form. Its first button sends it as it is, also by the Enter key.
fn choose(new: &NewClassification, to: String) -> AnyView {
    let form = &new.form;
    let error = |name: &str| {
        let found = new.errors.iter().filter(|error| error.field == name);
        let found: Vec<&str> = found.map(|error| error.message.as_str()).collect();
        found.join(" ")
    };
    let again = new.preview.is_some();
    let kind = if again {
        ButtonKind::Secondary
    } else {
        ButtonKind::Primary
    };
    let values = (!form.ends()).then(|| declaration_fields(new, &error));
    let label = if again {
        "Update the preview"
    } else {
        "Preview"
    };
    let (title, action, other) = if form.ends() {
        let nothing = form.environment.is_empty() && form.purpose.is_empty();
        let declare = if nothing { "" } else { DECLARE };
        (
            "End the declaration",
            END,
            Some(("Declare instead", declare)),
        )
    } else {
        (
            "Accounts and classification",
            DECLARE,
            (new.declared > 0).then_some(("End the declaration instead", END)),
        )
    };
    let accounts = account_fields(new, error(classify_field::ACCOUNTS));
    // What was typed is not lost while declarations are ended.
    let unseen = form.ends().then(|| {
        let values = form.fields().into_iter();
        let values = values.filter(|(name, value)| VALUES.contains(name) && !value.is_empty());
        values
            .map(|(name, value)| view! { <input type="hidden" name=name value=value.to_owned() /> })
            .collect_view()
    });
    view! {
        <Section title>
            <form id="choose" method="post" action=to data-body data-narrow>
                {accounts}
                {values}
                {unseen}
                <div class="flex flex-wrap items-center gap-2">
                    <Button kind name=classify_field::ACTION value=action>{label}</Button>
                    {other.map(|(label, action)| view! {
                        <Button kind=ButtonKind::Quiet name=classify_field::ACTION value=action check=FieldCheck::Skipped>{label}</Button>
                    })}
                </div>
            </form>
        </Section>
    }
    .into_any()
}

/// Renders the accounts: the filters of the list as they are, or a list that can be edited.
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
        let more =
            (more > 0).then(|| view! { <li class="text-muted">{format!("and {more} more")}</li> });
        let list = view! { <ul data-plain data-chosen-accounts>{list}{more}</ul> };
        if open {
            list.into_any()
        } else {
            view! { <details data-fold class="mb-4"><summary>{title}</summary>{list}</details> }
                .into_any()
        }
    });
    if form.is_filtered() {
        return view! {
            <input type="hidden" name=classify_field::ONLY value=form.only.clone() />
            <input type="hidden" name=classify_field::WORDS value=form.words.clone() />
            <p class="mb-2">"All accounts that match the filters of the list:"</p>
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
            hint=format!("Account numbers or exact names, one on each line, at most {OPERATIONS}.")
            value=form.accounts.clone()
            error
            need=Requirement::Required
            rows=rows.clamp(2, 8)
        />
        {named}
    }
    .into_any()
}

fn declaration_fields(new: &NewClassification, error: &impl Fn(&str) -> String) -> AnyView {
    let form = &new.form;
    let unchanged = [
        Choice::new("", "Choose…"),
        Choice::new(KEEP, "Leave as it is"),
    ];
    let mut environments = unchanged.to_vec();
    environments.extend(ENVIRONMENTS.map(|one| Choice::new(one.as_str(), environment_name(one))));
    let mut scopes = unchanged.to_vec();
    scopes.extend(SCOPES.map(|one| Choice::new(one.as_str(), pci_name(one))));
    let until = format!("Confirmed again by then, at the latest on {}.", new.latest);
    view! {
        <div data-fields>
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
        />
        <div data-if-out>
            <TextArea
                name=classify_field::OUT_OF_SCOPE
                label="Reason for out of scope"
                hint="Why the account neither stores card data nor can reach it, in 10 to 500 characters."
                value=form.out_of_scope.clone()
                error=error(classify_field::OUT_OF_SCOPE)
                need=Requirement::If("required if out of scope")
            />
        </div>
    }
    .into_any()
}

/// Renders a drop-down list of users, or a text field if the list is too long.
fn owner_field(new: &NewClassification, error: String) -> AnyView {
    let chosen = &new.form.owner;
    if new.types_owner {
        let found = new.owners.iter().find(|choice| choice.value == *chosen);
        let hint = match found {
            _ if chosen == KEEP => {
                "The present owner of each account. Enter a name or ID to change it.".to_owned()
            }
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
    let mut list = vec![
        Choice::new("", "No owner"),
        Choice::new(KEEP, "Leave as it is"),
    ];
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

fn submit_form(new: &NewClassification, form: &FormState) -> SubmitForm {
    let chosen = new.form.fields();
    SubmitForm {
        action: "/do/changes/classify",
        chosen: chosen
            .map(|(name, value)| (name, value.to_owned()))
            .to_vec(),
        form_key: new.form_key.clone(),
        verb: match (new.form.ends(), new.total - new.unchanged) {
            (false, _) => "Classify",
            (true, 1) => "End the declaration",
            (true, _) => "End the declarations",
        },
        kind: ButtonKind::Primary,
        entered: form.clone(),
    }
}
