//! The page of an error, with its HTTP status. Never shows internal error text.

use std::borrow::Cow;

use domain::{
    authorize::{Action, sufficient_roles, writes},
    change::UnreadableCause,
};
use leptos::prelude::*;

use crate::{
    backend::{Denied, Load},
    components::{Glyph, LinkButton, NO_SECOND_FACTOR, PageHeader, SecondFactorHelp, whom_to_ask},
    lists::id,
    routes::Page,
};

/// The title of the page when somebody wrote to the ledger without Leastwise.
pub const LEDGER_NOT_AUTHENTIC: &str = "The ledger is not authentic";
/// What it means for the person who sees that page.
pub const LEDGER_WORDS: &str = "Somebody wrote to the database without Leastwise, so nothing can be recorded, and nothing was changed. Trying again does not help: tell an administrator of Leastwise, who has to look at it on the host (leastwise ledger verify).";

/// Returns the HTTP status of an error.
pub fn status(denied: &Denied) -> u16 {
    match denied {
        Denied::Role(_)
        | Denied::Forbidden(_)
        | Denied::Never(_)
        | Denied::SignInAgain
        | Denied::NoSecondFactor
        | Denied::Suspended => 403,
        Denied::NotFound => 404,
        Denied::Conflict(_) | Denied::NotUnderstood(_) => 409,
        Denied::Invalid(_) => 422,
        Denied::Busy(Load::Own) | Denied::TooMany { .. } => 429,
        Denied::Busy(Load::Overall) | Denied::Unavailable | Denied::LedgerNotAuthentic => 503,
        Denied::Broken => 500,
    }
}

/// Returns the title of an error and its explanation.
pub fn words(denied: &Denied) -> (Cow<'static, str>, String) {
    let (title, text) = match denied {
        Denied::Role(action) => return role_words(*action),
        Denied::Forbidden(reason) => ("Not allowed", (*reason).into()),
        Denied::Never(reason) => ("Nobody can do this", (*reason).into()),
        Denied::NoSecondFactor => (NO_SECOND_FACTOR, "Nothing was changed.".into()),
        Denied::Suspended => (
            "Your identity is suspended",
            "Your identity differs from the Identity Center directory. Nothing was changed. Until the operator of Leastwise confirms your identity on the host (leastwise identity confirm), you can only see your own access and changes. Roles and a new sign-in do not change this.".into(),
        ),
        Denied::NotFound => (
            "Not found",
            "This page does not exist, or you do not have permission to see it. Check the link, or go to the home page.".into(),
        ),
        Denied::SignInAgain => (
            "Sign in again",
            "This needs a more recent sign-in. Nothing was changed. Sign in again and repeat it.".into(),
        ),
        Denied::Conflict(what) => ("Changed in the meantime", what.clone()),
        Denied::NotUnderstood(UnreadableCause::NewerVersion) => (
            "Requested by a newer version",
            "A newer version of Leastwise requested this change, and this version does not understand all of it. Nothing was changed.".into(),
        ),
        Denied::NotUnderstood(UnreadableCause::Altered) => (
            "Altered, and not understood",
            "The items of this change are not those that the ledger records, and this version does not understand all of them. Nothing was changed. Tell the operator of Leastwise.".into(),
        ),
        Denied::Invalid(errors) => (
            "Invalid input",
            errors.iter().map(|e| e.message.clone()).collect::<Vec<_>>().join(" "),
        ),
        Denied::Busy(Load::Own) => (
            "Another change is being evaluated",
            "Leastwise is still evaluating a change that you opened before. Nothing was saved. Wait a moment, then try again.".into(),
        ),
        Denied::Busy(Load::Overall) => (
            "Too many changes are being evaluated",
            "Leastwise is evaluating as many changes as it can at once. Nothing was saved. Wait a moment, then try again.".into(),
        ),
        Denied::TooMany { message, .. } => ("Too many requests", message.clone()),
        Denied::Unavailable => (
            "The database is not available",
            "Leastwise cannot use its database at the moment. Try again in a few seconds. If you sent a form, check the list of changes before you send it again.".into(),
        ),
        Denied::LedgerNotAuthentic => (LEDGER_NOT_AUTHENTIC, LEDGER_WORDS.into()),
        Denied::Broken => (
            "Internal error",
            "The request could not be completed. Try again. If the error persists, report the request ID below to the operator of Leastwise.".into(),
        ),
    };
    (title.into(), text)
}

/// Returns what cannot be done, and which roles can.
fn role_words(action: Action) -> (Cow<'static, str>, String) {
    let roles = sufficient_roles(action).map(|role| format!("{}s", role.as_str()));
    let roles: Vec<String> = roles.collect();
    let roles = match roles.as_slice() {
        [rest @ .., last] if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        only => only.concat(),
    };
    let unchanged = if writes(action) {
        " Nothing was changed."
    } else {
        ""
    };
    let what = action.words();
    (
        format!("You cannot {what}").into(),
        format!("Only {roles} can {what}.{unchanged}"),
    )
}

/// Whether an administrator can help with an error.
pub fn needs_administrator(denied: &Denied) -> bool {
    matches!(denied, Denied::Role(_) | Denied::Forbidden(_))
}

/// Builds the page of an error. `administrators` are named if they can help.
pub fn page(denied: &Denied, administrators: &[String], request_id: String) -> Page {
    let (title, text) = words(denied);
    let help = matches!(denied, Denied::NoSecondFactor);
    let ask = needs_administrator(denied)
        .then(|| whom_to_ask(administrators, "if you need this for your work"));
    Page::new(title.clone(), move || {
        let help = help.then(|| view! { <SecondFactorHelp return_to="/" /> });
        let ask = ask.map(|ask| view! { <p>{ask}</p> });
        view! {
            <PageHeader title=title.into_owned() />
            <div class="grid gap-4 max-w-[64ch]">
                <p>{text}</p>
                {ask}
                {help}
                <p><LinkButton href="/" icon=Glyph::Home>"Go to the home page"</LinkButton></p>
                <p class="flex flex-wrap items-center gap-x-2 text-muted text-xs">"Request ID " {id(request_id, "the request ID")}</p>
            </div>
        }
        .into_any()
    })
}
