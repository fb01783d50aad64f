//! The machine words in entries, in words for people.
//!
//! The words in entries never change. A word that has no row here is shown as it is recorded, because a newer version may
//! have written it.

use domain::ledger::EventKind;

/// Why a sign-in was refused. `http::error` states the same to the person.
const REFUSED_SIGN_INS: [(&str, &str); 22] = [
    ("algorithm", "the ID token has an unexpected algorithm"),
    (
        "at_hash",
        "the access token does not belong to the ID token",
    ),
    ("audience", "the ID token is for another app client"),
    (
        "auth_time",
        "the time of authentication is missing or invalid",
    ),
    ("azp", "the ID token was issued to another app client"),
    ("claims", "the ID token failed a check"),
    ("client", "Cognito refused the token request"),
    ("code", "Cognito did not accept the authorization code"),
    (
        "disabled",
        "the user of the user pool is disabled or deleted",
    ),
    ("expired", "the ID token has expired"),
    (
        "iat",
        "the time of issue of the ID token is missing or invalid",
    ),
    ("issuer", "the ID token is from another issuer"),
    ("issuer_of_answer", "the response is from another issuer"),
    ("malformed", "Cognito's token response could not be read"),
    ("no_code", "Cognito's response has no authorization code"),
    ("no_id_token", "Cognito's token response has no ID token"),
    ("nonce", "the ID token belongs to another sign-in"),
    (
        "not_fresh",
        "Cognito reused an earlier sign-in, or its session is too old",
    ),
    ("refused_by_cognito", "Cognito refused it"),
    ("signature", "the signature of the ID token is invalid"),
    ("sub", "the subject of the token is missing or another one"),
    ("token_use", "the token is not an ID token"),
];

/// Why a session ended.
const ENDED_SESSIONS: [(&str, &str); 6] = [
    ("absolute", "it reached its maximum age"),
    ("administrator", "an administrator ended it"),
    ("idle", "there was no request for too long"),
    ("replaced", "the same browser signed in again"),
    (
        "revoked",
        "Cognito disabled or deleted the user, or signed them out",
    ),
    ("signed_out", "the person signed out"),
];

/// Why a write to AWS did not take effect.
const FAILED_OPERATIONS: [(&str, &str); 3] = [
    ("failed", "AWS reported that the request failed"),
    ("not_seen", "no read of AWS shows its result"),
    ("refused", "AWS rejected the request"),
];

/// Returns the recorded reason without the full stop of a sentence.
pub(super) fn reason(kind: Option<EventKind>, recorded: &str) -> String {
    let found = match kind {
        Some(EventKind::SessionRefused) => words(&REFUSED_SIGN_INS, recorded),
        Some(EventKind::SessionEnded) => words(&ENDED_SESSIONS, recorded),
        _ => recorded,
    };
    found.strip_suffix('.').unwrap_or(found).to_owned()
}

/// Returns why a write did not take effect.
pub(super) fn error_code(recorded: &str) -> String {
    words(&FAILED_OPERATIONS, recorded).to_owned()
}

fn words<'a>(table: &[(&str, &'static str)], recorded: &'a str) -> &'a str {
    let found = table.iter().find(|(word, _)| *word == recorded);
    found.map_or(recorded, |(_, words)| words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::session::Ending;

    #[test]
    fn every_reason_for_the_end_of_a_session_has_words() {
        for ending in [
            Ending::Idle,
            Ending::Absolute,
            Ending::SignedOut,
            Ending::Replaced,
            Ending::Revoked,
            Ending::Administrator,
        ] {
            let word = ending.as_str();
            assert_ne!(words(&ENDED_SESSIONS, word), word);
        }
    }

    #[test]
    fn a_reason_is_shown_without_its_stop_and_an_unknown_word_as_it_is_recorded() {
        let refused = Some(EventKind::SessionRefused);
        assert_eq!(reason(refused, "refused_by_cognito"), "Cognito refused it");
        assert_eq!(reason(refused, "of_next_year"), "of_next_year");
        assert_eq!(
            reason(Some(EventKind::AccessDenied), "Not yours."),
            "Not yours"
        );
        assert_eq!(error_code("refused"), "AWS rejected the request");
    }
}
