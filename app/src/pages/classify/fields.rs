//! The fields of the form that classifies accounts: what is declared of them.

use leptos::prelude::*;

use super::{ENVIRONMENTS, SCOPES};
use crate::{
    backend::{ClassifyForm, KEEP, NewClassification, classify_field},
    components::{
        Choice, Requirement, SelectField, TextArea, TextField, environment_name, pci_name,
    },
};

/// The fields of a declaration.
const VALUES: [&str; 6] = [
    classify_field::ENVIRONMENT,
    classify_field::PCI,
    classify_field::OWNER,
    classify_field::PURPOSE,
    classify_field::OUT_OF_SCOPE,
    classify_field::UNTIL,
];

/// Keeps what was typed while declarations are ended.
pub(super) fn unseen(form: &ClassifyForm) -> AnyView {
    let values = form.fields().into_iter();
    let values = values.filter(|(name, value)| VALUES.contains(name) && !value.is_empty());
    values
        .map(|(name, value)| view! { <input type="hidden" name=name value=value.to_owned() /> })
        .collect_view()
        .into_any()
}

/// Renders what is declared of every account. Why one is out of scope is asked for with the reasons.
pub(super) fn declaration_fields(
    new: &NewClassification,
    error: &impl Fn(&str) -> String,
) -> AnyView {
    let form = &new.form;
    let unchanged = [
        Choice::new("", "Choose…"),
        Choice::new(KEEP, "Leave as it is"),
    ];
    let mut environments = unchanged.to_vec();
    environments.extend(ENVIRONMENTS.map(|one| Choice::new(one.as_str(), environment_name(one))));
    let mut scopes = unchanged.to_vec();
    scopes.extend(SCOPES.map(|one| Choice::new(one.as_str(), pci_name(one))));
    let until = format!("At the latest {}", new.latest);
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
                value=form.until.clone()
                hint=until
                error=error(classify_field::UNTIL)
                need=Requirement::Required
            />
        </div>
        <TextArea
            name=classify_field::PURPOSE
            label="Purpose"
            hint="What each account is for, in 10 to 500 characters. Their pages show this text."
            value=form.purpose.clone()
            error=error(classify_field::PURPOSE)
            need=Requirement::Required
        />
    }
    .into_any()
}

/// Renders the reason why accounts are out of scope. For accounts that all become so, it is the justification of the change.
pub(super) fn out_of_scope_field(new: &NewClassification, error: String) -> AnyView {
    view! {
        <TextArea
            name=classify_field::OUT_OF_SCOPE
            label="Reason for out of scope"
            hint="Why the account neither stores card data nor can reach it, in 10 to 500 characters. Approvers see it, and the page of the account shows it. Do not enter card numbers."
            value=new.form.out_of_scope.clone()
            error
            need=Requirement::Shown
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
