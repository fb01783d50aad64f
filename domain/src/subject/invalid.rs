//! Why an item is invalid whatever the organization holds, worded so that the requester can correct it.

use thiserror::Error;

use super::account_classification::{LEAST_CHARS, TEXT_CHARS, VALID_FOR};
use crate::time::Timestamp;

/// The reason why an item is invalid by itself.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidItem {
    /// The duration of temporary access is out of range.
    #[error("Temporary access lasts from 15 minutes to 12 hours.")]
    Window,
    /// A text of a declaration is too short or too long.
    #[error("{}", wrong_length(.what, *.chars))]
    Text { what: &'static str, chars: usize },
    /// A text of a declaration contains what looks like a card number.
    #[error(
        "The {0} contains what looks like a card number. Remove it: card data must never be stored here."
    )]
    CardNumber(&'static str),
    #[error("This changes nothing. Choose another value.")]
    NoDifference,
    /// A refusal is withdrawn that nobody agreed to, or together with something else.
    #[error(
        "Only the refusal of a claim can be withdrawn, from an identity without a user and without an open claim. Choose a user whose claim is refused."
    )]
    Withdrawal,
    #[error(
        "An account that is out of PCI scope needs the reason for it. Enter {LEAST_CHARS} to {TEXT_CHARS} characters."
    )]
    OutOfScope,
    #[error(
        "An account in PCI scope, or connected to it, has no reason for being out of scope. Remove the reason."
    )]
    InScope,
    /// The environment is one that only a role in the organization gives.
    #[error(
        "An account is the management account by its role in AWS Organizations. Select another environment."
    )]
    Management,
    /// A declaration has ended before it begins.
    #[error("A declaration needs an end in the future. Enter a later date.")]
    Ended,
    /// A declaration made at this time would be valid for too long.
    #[error(
        "A declaration is valid for at most 12 months. Enter {} or an earlier date.",
        day(*.0 + VALID_FOR)
    )]
    ValidForTooLong(Timestamp),
}

/// Says how long a text is, and how long it has to be.
fn wrong_length(what: &str, chars: usize) -> String {
    match chars {
        0 => format!("The {what} is missing. Enter {LEAST_CHARS} to {TEXT_CHARS} characters."),
        1..LEAST_CHARS => {
            let noun = if chars == 1 {
                "character"
            } else {
                "characters"
            };
            format!("The {what} has {chars} {noun}. Enter at least {LEAST_CHARS}.")
        }
        _ => format!("The {what} has {chars} characters. Shorten it to at most {TEXT_CHARS}."),
    }
}

/// Returns the day of an instant: `2026-11-23`.
fn day(at: Timestamp) -> String {
    at.rfc3339().chars().take(10).collect()
}
