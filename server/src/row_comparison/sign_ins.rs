//! Compares the stored person and claim of each sign-in with its entries.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    ids::PersonId,
    ledger::projection::{Projection, sign_ins::RecordedSignIn},
    person::Subject,
};

use super::difference::Difference;
use crate::store::person::AssignedRow;

/// The stored person of every sign-in.
pub(super) type SignInRows = BTreeMap<Subject, AssignedRow>;

/// Reports rows without an entry, entries without a row, and rows that name another person.
pub(super) fn compare(
    rows: &SignInRows,
    projection: &Projection,
    found: &mut BTreeSet<Difference>,
) {
    for (subject, row) in rows {
        match projection.sign_ins().get(subject) {
            None if is_of_an_earlier_version(projection, subject, row) => {}
            None => {
                found.insert(Difference::SignInWithoutEntry(words(subject)));
            }
            Some(recorded) if differs(row, recorded) => {
                found.insert(Difference::SignInDiffers(words(subject)));
            }
            Some(_) => {}
        }
    }
    for subject in projection.sign_ins().all().keys() {
        if !rows.contains_key(subject) {
            found.insert(Difference::SignInWithoutRow(words(subject)));
        }
    }
}

fn differs(row: &AssignedRow, recorded: &RecordedSignIn) -> bool {
    row.person != recorded.person.as_str()
        || row.from.as_deref() != recorded.from.as_ref().map(PersonId::as_str)
        || row.claims.as_deref() != recorded.claim.as_ref().map(|claim| claim.user.as_str())
}

/// Whether the next start of `leastwise serve` may record the assignment.
fn is_of_an_earlier_version(projection: &Projection, subject: &Subject, row: &AssignedRow) -> bool {
    PersonId::parse(&row.person)
        .is_ok_and(|person| projection.may_be_of_an_earlier_version(subject, &person))
}

fn words(subject: &Subject) -> String {
    format!("the sign-in {} of {}", subject.sub, subject.iss)
}
