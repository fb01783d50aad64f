//! The forms that add a user to a group or remove one from it.

use leptos::prelude::*;

use super::{
    FormPage, Place,
    assignment::{after_gain, after_removal},
    selection::{Field, grid, pick, principal, review},
};
use crate::{
    backend::{NewChange, change_field},
    components::ButtonKind,
};

pub(super) const JOIN: FormPage = FormPage {
    title: "Add to group",
    place: Place::Tab,
    button: ButtonKind::Primary,
    drawn: &[
        change_field::WHO,
        change_field::SET,
        change_field::REVIEW_ON,
    ],
    choose,
    session: after_gain,
};

pub(super) const LEAVE: FormPage = FormPage {
    title: "Remove from group",
    place: Place::Tab,
    button: ButtonKind::Danger,
    drawn: &[change_field::WHO, change_field::SET],
    choose,
    session: after_removal,
};

fn choose(new: &NewChange) -> AnyView {
    let group = pick(
        new,
        Field {
            name: change_field::SET,
            label: "Group",
            offered: &new.choices.groups,
            chosen: &new.change_form.set,
            blocked: None,
        },
    );
    view! {
        {grid(vec![principal(new, "User"), group])}
        <div id="dependent">{review(new)}</div>
    }
    .into_any()
}
