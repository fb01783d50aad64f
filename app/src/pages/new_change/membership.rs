//! The forms that add a user to a group or remove one from it.

use leptos::prelude::*;

use super::{
    FormPage, Place,
    assignment::after_removal,
    selection::{Field, framed, grid, pick, principal, review},
};
use crate::{
    backend::{NewChange, change_field},
    components::ButtonKind,
};

pub(super) const JOIN: FormPage = FormPage {
    title: "Add to group",
    place: Place::Tab,
    button: ButtonKind::Primary,
    choose,
    session: |length, _| {
        format!(
            "A role session that is started with this access can remain usable for up to {length}, even after the access is removed."
        )
    },
};

pub(super) const LEAVE: FormPage = FormPage {
    title: "Remove from group",
    place: Place::Tab,
    button: ButtonKind::Danger,
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
            hint: String::new(),
        },
    );
    let fields = [principal(new, "User"), group];
    framed(new, grid(fields.into_iter().chain(review(new)).collect()))
}
