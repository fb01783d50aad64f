//! The forms that grant or remove a permission set in an account.

use domain::verdict::Outcome;
use leptos::prelude::*;

use super::{
    FormPage, Place,
    duration::{duration, start},
    selection::{Field, error_of, grid, pick, principal, review},
};
use crate::{
    backend::{NewChange, change_field},
    components::{ButtonKind, Requirement, SESSION_HINT, SessionOverrunNotice, TextField},
};

pub(super) const GRANT: FormPage = FormPage {
    title: "Grant access",
    place: Place::Tab,
    button: ButtonKind::Primary,
    drawn: &[
        change_field::WHO,
        change_field::ACCOUNT,
        change_field::ALSO,
        change_field::SET,
        change_field::TERM,
        change_field::LENGTH,
        change_field::START,
        change_field::REVIEW_ON,
    ],
    choose: choose_grant,
    session: after_gain,
};

pub(super) const REMOVE: FormPage = FormPage {
    title: "Remove access",
    place: Place::Tab,
    button: ButtonKind::Danger,
    drawn: &[
        change_field::WHO,
        change_field::ACCOUNT,
        change_field::ALSO,
        change_field::SET,
    ],
    choose: choose_removal,
    session: after_removal,
};

/// Returns how long a session outlasts access that was gained.
pub(super) fn after_gain(length: &str) -> String {
    format!(
        "A role session that is started with this access can remain usable for up to {length}, even after the access is removed."
    )
}

/// Returns how long a session outlasts the removal of access.
pub(super) fn after_removal(length: &str) -> String {
    format!(
        "A role session that is active when the access is removed can remain usable for up to {length}. AWS does not end sessions early."
    )
}

fn choose_grant(new: &NewChange) -> AnyView {
    let hint = new.session.as_ref().map(|_| SESSION_HINT.to_owned());
    // A policy that blocks says beside the preview what it blocks, and what lifts it.
    let blocked = new.preview.as_ref();
    let blocked = blocked.is_some_and(|preview| preview.verdict.outcome == Outcome::Refused);
    let overrun = new.session.as_ref().filter(|_| !blocked);
    let overrun = overrun.and_then(|session| session.overrun.clone());
    let overrun = overrun.map(|overrun| view! { <SessionOverrunNotice overrun /> });
    view! {
        {grid(vec![who(new), account(new)])}
        {more_accounts(new)}
        {grid(vec![set(new, hint.unwrap_or_default())])}
        {duration(new)}
        {start(new)}
        <div id="dependent">{overrun} {review(new)}</div>
    }
    .into_any()
}

fn choose_removal(new: &NewChange) -> AnyView {
    view! {
        {grid(vec![who(new), account(new)])}
        {more_accounts(new)}
        {grid(vec![set(new, String::new())])}
    }
    .into_any()
}

/// Renders the other accounts of the same request.
fn more_accounts(new: &NewChange) -> AnyView {
    let (value, error) = (
        new.change_form.also.clone(),
        error_of(new, change_field::ALSO),
    );
    let open = !value.is_empty() || !error.is_empty();
    view! {
        <details data-fold data-optional open=open>
            <summary>"More accounts"</summary>
            <TextField
                name=change_field::ALSO
                label="More accounts"
                value
                hint="Names or numbers, separated by commas. All of them are one request."
                error
                need=Requirement::Optional
            />
        </details>
    }
    .into_any()
}

fn who(new: &NewChange) -> AnyView {
    principal(new, "User or group")
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
            blocked: None,
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
            blocked: Some(&new.blocked_sets),
        },
    )
}
