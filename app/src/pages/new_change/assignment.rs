//! The forms that grant or remove a permission set in an account.

use leptos::prelude::*;

use super::{
    FormPage, Place,
    duration::{duration, start},
    selection::{Field, error_of, grid, pick, principal, review},
    session,
};
use crate::{
    backend::{NewChange, change_field},
    components::{ButtonKind, Glyph, Icon, Requirement, SessionOverrunNotice, TextField},
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
    // With a preview, the sentence about sessions says it.
    let overrun = new.session.as_ref().filter(|_| new.preview.is_none());
    let overrun = overrun.and_then(|session| session.overrun.clone());
    let overrun = overrun.map(|overrun| view! { <SessionOverrunNotice overrun /> });
    let preview = new.preview.as_ref();
    let session = preview.and_then(|preview| session(&GRANT, new, preview));
    let session = session.map(|words| view! { <div data-hint>{words}</div> });
    view! {
        {grid(vec![who(new), account(new)])}
        {more_accounts(new)}
        {grid(vec![set(new)])}
        {duration(new)}
        <div id="dependent">{overrun} {session} {review(new)}</div>
        {start(new)}
    }
    .into_any()
}

fn choose_removal(new: &NewChange) -> AnyView {
    view! {
        {grid(vec![who(new), account(new)])}
        {more_accounts(new)}
        {grid(vec![set(new)])}
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
            <summary><Icon glyph=Glyph::Plus /> <span>"Add accounts"</span></summary>
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
            blocked: None,
        },
    )
}

fn set(new: &NewChange) -> AnyView {
    pick(
        new,
        Field {
            name: change_field::SET,
            label: "Permission set",
            offered: &new.choices.sets,
            chosen: &new.change_form.set,
            blocked: Some(&new.blocked_sets),
        },
    )
}
