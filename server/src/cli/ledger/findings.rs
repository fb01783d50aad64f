//! The findings of a verification for programs: one object for each, the same sentences that people read.
//!
//! The worst comes first: what Leastwise did not write, then what looks as if somebody had decided or may do something, then
//! what was altered or is missing, then what only finds entries.
//!
//! The codes never change. `docs/ledger-verify.md` describes the members.

use serde::Serialize;

use super::{Verified, rows::Difference};

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// A stable code.
    pub code: &'static str,
    /// The number of the entry, if the finding is about one.
    pub seq: Option<u64>,
    /// The table of the row, if the finding is about one.
    pub table: Option<&'static str>,
    /// One sentence, as people read it.
    pub message: String,
}

/// Returns all findings: the first of the entries and checkpoints, the manifest, then columns and rows.
pub fn of(verified: &Verified) -> Vec<Finding> {
    let report = &verified.report;
    let entries = report.reason.as_ref().map(|reason| Finding {
        code: reason.code(),
        seq: report.first_bad,
        table: None,
        message: match report.first_bad {
            Some(seq) => format!("Entry {seq} is invalid: {reason}."),
            None => format!("The entries are valid, but {reason}."),
        },
    });
    let manifest = verified.manifest.as_ref().map(|differs| Finding {
        code: "manifest_differs",
        seq: None,
        table: None,
        message: format!("{differs}."),
    });
    let rows = verified.rows.iter().map(|differs| Finding {
        code: code(differs),
        seq: match differs {
            Difference::ColumnDiffers { seq, .. } => u64::try_from(*seq).ok(),
            _ => None,
        },
        table: Some(table(differs)),
        message: format!("{differs}."),
    });
    entries.into_iter().chain(manifest).chain(rows).collect()
}

/// Returns the place of a difference among others: the worst have the smallest number.
pub fn severity(differs: &Difference) -> u8 {
    match differs {
        Difference::NotAuthentic(_) | Difference::Head(_) => 0,
        Difference::Words(_) | Difference::ColumnDiffers { .. } => 4,
        Difference::StoredProjection(_) => 3,
        other => match code(other) {
            "row_without_entry" | "end_removed" | "decision_does_not_count" => 1,
            _ => 2,
        },
    }
}

fn code(differs: &Difference) -> &'static str {
    match differs {
        Difference::DecisionWithoutEntry(_)
        | Difference::ChangeWithoutEntry(_)
        | Difference::RoleWithoutEntry(_)
        | Difference::WindowWithoutEntry(_)
        | Difference::SessionWithoutEntry(_)
        | Difference::SignInWithoutEntry(_)
        | Difference::IdentityUserWithoutEntry(_)
        | Difference::ItemsWithoutEntry(_)
        | Difference::DeclarationWithoutEntry(_) => "row_without_entry",
        Difference::DecisionWithoutRow(_)
        | Difference::ChangeWithoutRow(_)
        | Difference::RoleWithoutRow(_)
        | Difference::WindowWithoutRow(_)
        | Difference::SignInWithoutRow(_)
        | Difference::IdentityUserWithoutRow(_)
        | Difference::ItemsWithoutRow(_)
        | Difference::DeclarationWithoutRow(_) => "entry_without_row",
        Difference::EndWithoutEntry(_)
        | Difference::WindowOverWithoutEntry(_)
        | Difference::DeclarationEndWithoutEntry(_) => "end_without_entry",
        Difference::Revived(_)
        | Difference::WindowRevived(_)
        | Difference::SessionRevived(_)
        | Difference::DeclarationRevived(_) => "end_removed",
        Difference::DecisionThatDoesNotCount(_) => "decision_does_not_count",
        Difference::DecisionDiffers(_)
        | Difference::ChangeDiffers(..)
        | Difference::WindowDiffers(_)
        | Difference::LinkDiffers(_)
        | Difference::SignInDiffers(_)
        | Difference::ItemsDiffer(_)
        | Difference::ItemTextDiffers(_)
        | Difference::InlineItemsDiffer(_) => "row_differs",
        Difference::Words(_) => "words_differ",
        Difference::NotAuthentic(_) => "not_authentic",
        Difference::StoredProjection(_) => "stored_projection_differs",
        Difference::Head(_) => "head_differs",
        Difference::ColumnDiffers { .. } => "column_differs",
    }
}

fn table(differs: &Difference) -> &'static str {
    match differs {
        Difference::DecisionWithoutEntry(_)
        | Difference::DecisionThatDoesNotCount(_)
        | Difference::DecisionDiffers(_)
        | Difference::DecisionWithoutRow(_) => "approval",
        Difference::RoleWithoutEntry(_)
        | Difference::EndWithoutEntry(_)
        | Difference::Revived(_)
        | Difference::RoleWithoutRow(_) => "role_grant",
        Difference::WindowWithoutEntry(_)
        | Difference::WindowDiffers(_)
        | Difference::WindowRevived(_)
        | Difference::WindowOverWithoutEntry(_)
        | Difference::WindowWithoutRow(_) => "engine_window",
        Difference::SessionWithoutEntry(_) | Difference::SessionRevived(_) => "session",
        Difference::IdentityUserWithoutEntry(_) | Difference::IdentityUserWithoutRow(_) => {
            "identity_user"
        }
        Difference::ItemsWithoutEntry(_)
        | Difference::ItemsDiffer(_)
        | Difference::ItemsWithoutRow(_) => "change_item",
        Difference::ChangeWithoutEntry(_)
        | Difference::ChangeDiffers(..)
        | Difference::ChangeWithoutRow(_)
        | Difference::InlineItemsDiffer(_) => "change",
        Difference::ItemTextDiffers(_) => "ledger_private",
        Difference::DeclarationWithoutEntry(_)
        | Difference::DeclarationEndWithoutEntry(_)
        | Difference::DeclarationRevived(_)
        | Difference::DeclarationWithoutRow(_) => "account_declaration",
        Difference::LinkDiffers(_) => "person",
        Difference::SignInWithoutEntry(_)
        | Difference::SignInDiffers(_)
        | Difference::SignInWithoutRow(_) => "subject",
        Difference::Words(_) => "ledger_token",
        Difference::NotAuthentic(_) => "ledger_mac",
        Difference::StoredProjection(_) => "ledger_projection",
        Difference::Head(_) => "ledger_head",
        Difference::ColumnDiffers { .. } => "ledger_entry",
    }
}
