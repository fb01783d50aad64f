//! The forms that grant or remove a permission set in an account.

use leptos::prelude::*;

use super::{
    FormPage, Place,
    selection::{Field, framed, grid, pick, principal, review},
};
use crate::{
    backend::{ChangeForm, NewChange, change_field},
    components::{ButtonKind, SessionOverrunNotice, session_hint},
};

pub(super) const GRANT: FormPage = FormPage {
    title: "Grant access",
    place: Place::Tab,
    button: ButtonKind::Primary,
    choose: choose_grant,
    session: |length, form| {
        let end = if form.term == "standing" {
            "even after the access is removed"
        } else {
            "even after temporary access ends"
        };
        format!(
            "A role session that is started with this access can remain usable for up to {length}, {end}."
        )
    },
};

pub(super) const REMOVE: FormPage = FormPage {
    title: "Remove access",
    place: Place::Tab,
    button: ButtonKind::Danger,
    choose: choose_removal,
    session: after_removal,
};

/// Returns how long a session outlasts the removal of access.
pub(super) fn after_removal(length: &str, _: &ChangeForm) -> String {
    format!(
        "A role session that is active when the access is removed can remain usable for up to {length}. AWS does not end sessions early."
    )
}

fn choose_grant(new: &NewChange) -> AnyView {
    let term = pick(
        new,
        Field {
            name: change_field::TERM,
            label: "Duration",
            offered: &new.choices.terms,
            chosen: &new.change_form.term,
            hint: "Leastwise removes the access when it ends.".to_owned(),
        },
    );
    let hint = session_hint(new.session.as_ref());
    let fields = vec![who(new), account(new), set(new, hint), term];
    let fields = fields.into_iter().chain(review(new)).collect();
    let overrun = new.session.as_ref();
    let overrun = overrun.and_then(|session| session.overrun.clone());
    let overrun = overrun.map(|overrun| view! { <SessionOverrunNotice overrun /> });
    framed(new, view! { {grid(fields)} {overrun} }.into_any())
}

fn choose_removal(new: &NewChange) -> AnyView {
    framed(
        new,
        grid(vec![who(new), account(new), set(new, String::new())]),
    )
}

fn who(new: &NewChange) -> AnyView {
    // Who proposes for themselves only is offered no form about a group.
    let own_only = !new.choices.kinds.iter().any(|kind| kind.is_membership());
    principal(new, if own_only { "User" } else { "User or group" })
}

fn account(new: &NewChange) -> AnyView {
    pick(
        new,
        Field {
            name: change_field::ACCOUNT,
            label: "Account",
            offered: &new.choices.accounts,
            chosen: &new.change_form.account,
            hint: String::new(),
        },
    )
}

fn set(new: &NewChange, hint: String) -> AnyView {
    pick(
        new,
        Field {
            name: change_field::SET,
            label: "Permission set",
            offered: &new.choices.sets,
            chosen: &new.change_form.set,
            hint,
        },
    )
}
