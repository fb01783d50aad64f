//! What the first forms have in common: a field with its options, and the frame with its button.

use leptos::prelude::*;

use crate::{
    backend::{FormOption, NewChange, ReviewDates, change_field},
    components::{
        Button, ButtonKind, Choice, PREVIEW_HEADING, Requirement, Section, SelectField, TextField,
    },
};

/// A field whose value is chosen.
pub(super) struct Field<'a> {
    pub name: &'static str,
    pub label: &'static str,
    pub offered: &'a [FormOption],
    pub chosen: &'a str,
    pub hint: String,
}

/// Renders a drop-down list, or a text field if the list is too long.
pub(super) fn pick(new: &NewChange, field: Field<'_>) -> AnyView {
    let Field {
        name,
        label,
        offered,
        chosen,
        hint,
    } = field;
    let error = error_of(new, name);
    if new.choices.typed.contains(&name) {
        let shown = offered
            .iter()
            .find(|choice| choice.value == chosen)
            .map(|choice| choice.label.clone());
        let hint = match shown {
            Some(label) => format!("Selected: {label}. Enter another name or ID to change it."),
            // No page of a user leads to the form of an identity.
            None if new.change_form.is_identity() => {
                "Enter the exact name or user name, or the ID.".to_owned()
            }
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
        <SelectField name label choices=list selected=chosen.to_owned() hint error need=Requirement::Required />
    }
    .into_any()
}

/// Renders the date by which somebody reviews standing access, if the form has a field for it.
pub(super) fn review(new: &NewChange) -> Option<AnyView> {
    let ReviewDates { first, last } = new.review?;
    let hint = format!(
        "Somebody reviews the access by then. From {first} to {last}. Approvers agree to this date."
    );
    Some(
        view! {
            <TextField
                name=change_field::REVIEW_ON
                label="Review date"
                kind="date"
                value=new.change_form.review_on.clone()
                hint
                error=error_of(new, change_field::REVIEW_ON)
                need=Requirement::Optional
            />
        }
        .into_any(),
    )
}

fn error_of(new: &NewChange, name: &str) -> String {
    let error = new.errors.iter().find(|error| error.field == name);
    error.map(|error| error.message.clone()).unwrap_or_default()
}

/// Renders the user or group of a change of access.
pub(super) fn principal(new: &NewChange, label: &'static str) -> AnyView {
    pick(
        new,
        Field {
            name: change_field::WHO,
            label,
            offered: &new.choices.who,
            chosen: &new.change_form.who,
            hint: String::new(),
        },
    )
}

/// Renders the first form around its fields. The kind of the change is sent with them.
pub(super) fn framed(new: &NewChange, fields: AnyView) -> AnyView {
    let (kind, label) = if new.preview.is_some() {
        (ButtonKind::Secondary, "Update the preview")
    } else {
        (ButtonKind::Primary, "Preview")
    };
    let change = new.change_form.kind.clone();
    view! {
        <Section title="Selection">
            <form id="choose" method="get" action=format!("/changes/new#{PREVIEW_HEADING}") data-body>
                <input type="hidden" name=change_field::KIND value=change />
                {fields}
                <Button kind>{label}</Button>
            </form>
        </Section>
    }
    .into_any()
}

/// Lays out fields side by side.
pub(super) fn grid(fields: Vec<AnyView>) -> AnyView {
    view! { <div data-fields>{fields}</div> }.into_any()
}
