//! What a person does whose sign-in used no second factor: signing in again in the same way would lead back to the same
//! page. Never decides whether a factor was used.

use leptos::prelude::*;

use super::{LinkButton, Notice, Status};
use crate::backend::escape;

/// The title of every page and notice about a missing second factor.
pub const NO_SECOND_FACTOR: &str = "Your sign-in did not use a second factor";

/// How to set up a second factor, and links to sign in with it or as somebody else.
#[component]
pub fn SecondFactorHelp(
    /// The page to return to after the sign-in.
    #[prop(into)]
    return_to: String,
) -> impl IntoView {
    let again = format!("/sign-in?fresh=1&return_to={}", escape(&return_to));
    let other = format!(
        "/sign-in?fresh=1&account=other&return_to={}",
        escape(&return_to)
    );
    view! {
        <p>
            "You can view this, but approving, declining and proposing access for others need a second factor. Signing in again in the same way changes nothing: set up the factor first."
        </p>
        <ul>
            <li>
                "If you sign in with a password of the user pool: set up an authenticator app or a passkey when the sign-in page offers it. If it does not, ask the administrator of the user pool to require MFA."
            </li>
            <li>
                "If you sign in through your company: set up its authenticator app there. If you did, ask the administrator of the identity provider whether it requires the second factor of everybody for Leastwise."
            </li>
        </ul>
        <p class="flex flex-wrap gap-2 mt-3">
            <LinkButton href=again>"Sign in with a second factor"</LinkButton>
            <LinkButton href=other>"Use a different account"</LinkButton>
        </p>
    }
    .into_any()
}

/// The help as a notice within a page.
#[component]
pub fn SecondFactorNotice(#[prop(into)] return_to: String) -> impl IntoView {
    view! {
        <Notice status=Status::Pending title=NO_SECOND_FACTOR>
            <SecondFactorHelp return_to />
        </Notice>
    }
    .into_any()
}
