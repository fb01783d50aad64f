//! What the forms have in common: a field with its options, and who gains or loses access.

use std::collections::BTreeSet;

use leptos::prelude::*;

use crate::{
    backend::{FormOption, NewChange, ReviewDates, change_field},
    components::{Choice, Requirement, SelectField, TextField},
    islands::suggestions::{Suggestions, list_of},
};

/// A field whose value is chosen.
pub(super) struct Field<'a> {
    pub name: &'static str,
    pub label: &'static str,
    pub offered: &'a [FormOption],
    pub chosen: &'a str,
    /// The values that the policies block, whatever else is chosen.
    pub blocked: Option<&'a BTreeSet<String>>,
}

/// The heading over what the policies block.
const BLOCKED: &str = "Blocked by policy";

/// Renders a drop-down list, or a text field if the list is too long.
pub(super) fn pick(new: &NewChange, field: Field<'_>) -> AnyView {
    let Field {
        name,
        label,
        offered,
        chosen,
        blocked,
    } = field;
    let error = error_of(new, name);
    if new.choices.typed.contains(&name) {
        let shown = offered
            .iter()
            .find(|choice| choice.value == chosen)
            .map(|choice| choice.label.clone());
        let hint = match shown {
            Some(label) => format!("Selected: {label}. Type to change it."),
            // No page of a user leads to the form of an identity.
            None if new.change_form.is_identity() => {
                "Type a part of the name and choose, or enter the exact user name or ID.".to_owned()
            }
            None => "Type a part of the name and choose, or enter the exact name or ID.".to_owned(),
        };
        let (list, kind) = (list_of(name), new.change_form.kind.clone());
        return view! {
            <TextField name label value=chosen.to_owned() hint error need=Requirement::Required list=list.clone() />
            <datalist id=list></datalist>
            <Suggestions kind field=name.to_owned() />
        }
        .into_any();
    }
    let mut list = vec![Choice::new("", "Choose…")];
    list.extend(offered.iter().map(|option| {
        let choice = Choice::new(option.value.clone(), option.label.clone());
        if blocked.is_some_and(|blocked| blocked.contains(&option.value)) {
            choice.under(BLOCKED)
        } else {
            choice
        }
    }));
    view! {
        <SelectField name label choices=list selected=chosen.to_owned() error need=Requirement::Required />
    }
    .into_any()
}

/// Renders the date by which somebody reviews standing access, if the form has a field for it.
pub(super) fn review(new: &NewChange) -> Option<AnyView> {
    let ReviewDates {
        first,
        last,
        because,
    } = new.review.clone()?;
    let dates = format!("From {first} to {last} (year-month-day): at least once every six months.");
    let (need, hint) = match because {
        Some(because) => (Requirement::If("required"), format!("{because}. {dates}")),
        None if new.preview.is_none() => (
            Requirement::If("required where a policy asks for it"),
            dates,
        ),
        None => (
            Requirement::Optional,
            format!("Somebody reviews the access by then. {dates}"),
        ),
    };
    Some(
        view! {
            <TextField
                name=change_field::REVIEW_ON
                label="Review date"
                kind="date"
                value=new.change_form.review_on.clone()
                hint
                error=error_of(new, change_field::REVIEW_ON)
                need
            />
        }
        .into_any(),
    )
}

/// Returns the error of a field.
pub(super) fn error_of(new: &NewChange, name: &str) -> String {
    let error = new.errors.iter().find(|error| error.field == name);
    error.map(|error| error.message.clone()).unwrap_or_default()
}

/// Whether the viewer proposes for themselves only. They are offered no form about a group.
pub(super) fn own_only(new: &NewChange) -> bool {
    !new.choices.kinds.is_empty() && !new.choices.kinds.iter().any(|kind| kind.is_membership())
}

/// Renders the user or group of a change of access. Who proposes for themselves only has no choice.
pub(super) fn principal(new: &NewChange, label: &'static str) -> AnyView {
    if own_only(new) {
        let who = new.change_form.who.clone();
        return view! { <input type="hidden" name=change_field::WHO value=who /> }.into_any();
    }
    pick(
        new,
        Field {
            name: change_field::WHO,
            label,
            offered: &new.choices.who,
            chosen: &new.change_form.who,
            blocked: None,
        },
    )
}

/// Lays out fields side by side.
pub(super) fn grid(fields: Vec<AnyView>) -> AnyView {
    view! { <div data-fields>{fields}</div> }.into_any()
}

/// Renders the fields with which somebody requests access, for the home page.
pub(in crate::pages) fn request_fields(new: &NewChange) -> AnyView {
    let kind = new.change_form.kind.clone();
    view! {
        <input type="hidden" name=change_field::KIND value=kind />
        {(super::assignment::GRANT.choose)(new)}
    }
    .into_any()
}
