//! A change that differs from the ledger: the notice on its page, and the mark in lists. Displays differences and never
//! finds them.

use domain::{
    approval::Decision,
    ledger::projection::{ChangeMismatch, DecisionMismatchKind, Misstatement},
};
use leptos::prelude::*;

use super::{Notice, Status, StatusBadge};
use crate::backend::{
    DecisionMismatchView, LedgerComparison, LedgerMismatchView, MismatchConsequence,
    UnreadableConsequence,
};

/// What differs, what follows, and whom to call.
#[component]
pub fn LedgerMismatchNotice(mismatch: LedgerMismatchView) -> impl IntoView {
    let LedgerMismatchView {
        content,
        row,
        decisions,
        consequence,
    } = mismatch;
    let content = content.map(content_words).map(str::to_owned);
    let differences = content
        .into_iter()
        .chain(row.into_iter().map(row_words).map(str::to_owned))
        .chain(decisions.iter().map(decision_words))
        .map(|difference| view! { <li>{difference}</li> })
        .collect_view();
    view! {
        <Notice status=Status::Danger title="This change does not match the ledger">
            <ul>{differences}</ul>
            <p class="mt-2 font-semibold">{consequence_words(consequence)}</p>
            <p class="mt-2">
                "Somebody may have edited the database. Call an administrator of Leastwise, and do not modify the database. On the host, "
                <code>"leastwise ledger verify"</code>
                " names every difference. Request the change again when the cause is known."
            </p>
        </Notice>
    }
    .into_any()
}

const fn content_words(mismatch: ChangeMismatch) -> &'static str {
    match mismatch {
        ChangeMismatch::NeverSubmitted => "No entry of the ledger requested this change.",
        ChangeMismatch::DifferentRequest => {
            "What the change contains differs from the request that the ledger records."
        }
        ChangeMismatch::DifferentEffect => {
            "Who gains and loses access differs from what was shown to the approvers."
        }
    }
}

const fn row_words(mismatch: Misstatement) -> &'static str {
    match mismatch {
        Misstatement::State => {
            "The database contains another state of this change than the ledger records. This page shows the one of the ledger."
        }
        Misstatement::DecideBy => {
            "The database contains another end of the time to decide than the ledger records. This page shows the one of the ledger."
        }
        Misstatement::Justification => {
            "The database contains another reason for this change than the ledger records. This page shows the one of the ledger."
        }
        Misstatement::JustificationNotHeld => {
            "The ledger no longer holds the reason for this change, so nothing proves the one in the database."
        }
        Misstatement::Result => {
            "The database contains another reason why this change failed than the ledger records. This page shows the one of the ledger."
        }
    }
}

fn decision_words(mismatch: &DecisionMismatchView) -> String {
    let name = &mismatch.approver;
    match mismatch.kind {
        DecisionMismatchKind::NoEntry(Decision::Approve) => {
            format!("The approval by {name} has no entry in the ledger.")
        }
        DecisionMismatchKind::NoEntry(Decision::Decline) => {
            format!("The declining decision by {name} has no entry in the ledger.")
        }
        DecisionMismatchKind::SignInUsedTwice => format!(
            "The approval by {name} was given with a sign-in that also requested this change, or decided on it for somebody else."
        ),
        DecisionMismatchKind::NoRow(Decision::Approve) => {
            format!("The ledger records an approval by {name} that is missing in the database.")
        }
        DecisionMismatchKind::NoRow(Decision::Decline) => format!(
            "The ledger records a declining decision by {name} that is missing in the database."
        ),
        DecisionMismatchKind::DifferentRow(_) => format!(
            "The database contains another reason or time of the decision by {name} than the ledger records. This page shows those of the ledger."
        ),
    }
}

const fn consequence_words(consequence: MismatchConsequence) -> &'static str {
    match consequence {
        MismatchConsequence::Over => {
            "The change is over. The ledger counts, and this page may differ from what happened."
        }
        MismatchConsequence::Started => {
            "The change had started before. This page may differ from what is carried out."
        }
        MismatchConsequence::NeverStarts => "It will not start, and nobody can decide on it.",
        MismatchConsequence::CarriedOut => {
            "It only removes access and needs no approval, so it is carried out."
        }
        MismatchConsequence::TakesAway => {
            "It only takes something away and needs no approval, so it is carried out."
        }
        MismatchConsequence::DeclineCounts => {
            "It will not start: a declining decision counts even if only one of them contains it."
        }
        MismatchConsequence::ApprovalDoesNotCount => {
            "It will not start with such an approval, which does not count."
        }
        MismatchConsequence::NobodyDecides => "Nobody can decide on it, so it will not start.",
        MismatchConsequence::LedgerShown => "What the ledger records counts.",
        MismatchConsequence::Unreadable(consequence) => unreadable_words(consequence),
    }
}

/// Returns what follows for a change that is not understood as a whole.
pub const fn unreadable_words(consequence: UnreadableConsequence) -> &'static str {
    match consequence {
        UnreadableConsequence::Over => "The change is over.",
        UnreadableConsequence::Started => {
            "It had started before. What was started is still carried out, as far as it is understood."
        }
        UnreadableConsequence::NeverStarts => {
            "Nobody can decide on it here and it does not start. Its requester can withdraw it."
        }
    }
}

/// The mark of such a change in a list; empty for others.
#[component]
pub fn LedgerMismatchMark(comparison: LedgerComparison) -> impl IntoView {
    match comparison {
        LedgerComparison::Matches => None,
        LedgerComparison::Differs => {
            Some(view! { <StatusBadge status=Status::Danger label="Does not match the ledger" /> })
        }
    }
}
