//! What a change does, in words. Names come from the snapshot when they are shown, never from a form.

use app::backend::{AccountRef, EffectRow, PrincipalRef, change_field};
use domain::{
    access::Path,
    change::{Invalid, Operation, Proposal, State, holds_card_number},
    diff::{Gainer, Step},
    grant::Term,
    ids::{AccountId, PermissionSetArn, Principal},
    ledger::said::Altered,
    snapshot::Snapshot,
    time::Duration,
};

use crate::service::names;

/// The whole change in one line.
pub(super) fn title(snapshot: &Snapshot, operations: &[Operation]) -> String {
    match operations {
        [] => "Nothing".into(),
        [only] => operation(snapshot, only),
        [first, rest @ ..] => format!("{} and {} more", operation(snapshot, first), rest.len()),
    }
}

/// One operation in one line.
pub(super) fn operation(snapshot: &Snapshot, operation: &Operation) -> String {
    match operation {
        Operation::Assign { assignment, term } => format!(
            "Grant {} on {} to {} {}",
            set(snapshot, &assignment.pair.set),
            names::account(snapshot, &assignment.pair.account).name,
            principal(snapshot, &assignment.principal),
            self::term(*term),
        ),
        Operation::Unassign { assignment } => format!(
            "Remove {} on {} from {}",
            set(snapshot, &assignment.pair.set),
            names::account(snapshot, &assignment.pair.account).name,
            principal(snapshot, &assignment.principal),
        ),
        Operation::AddMember { group, user } => {
            format!(
                "Add {} to {}",
                names::user(snapshot, user).name,
                names::group(snapshot, group)
            )
        }
        Operation::RemoveMember { group, user } => {
            format!(
                "Take {} out of {}",
                names::user(snapshot, user).name,
                names::group(snapshot, group)
            )
        }
    }
}

fn set(snapshot: &Snapshot, arn: &PermissionSetArn) -> String {
    names::set(snapshot, arn).name
}

/// A user's or a group's name.
pub(super) fn principal(snapshot: &Snapshot, who: &Principal) -> String {
    match names::principal(snapshot, who) {
        PrincipalRef::User(user) => user.name,
        PrincipalRef::Group { name, .. } => name,
        PrincipalRef::Orphan(Principal::Group(id)) => format!("a group that is gone ({id})"),
        PrincipalRef::Orphan(Principal::User(id)) => format!("a user who is gone ({id})"),
    }
}

/// For how long.
pub(super) fn term(term: Term) -> String {
    match term {
        Term::Standing => "without an end".into(),
        Term::For(length) => format!("for {}", length_words(length)),
    }
}

/// "45 minutes", "1 hour", "2 hours 30 minutes".
pub(super) fn length_words(length: Duration) -> String {
    let minutes = length.as_seconds() / 60;
    let count = |n: i64, noun: &str| format!("{n} {noun}{}", if n == 1 { "" } else { "s" });
    match (minutes / 60, minutes % 60) {
        (0, minutes) => count(minutes, "minute"),
        (hours, 0) => count(hours, "hour"),
        (hours, minutes) => format!("{} {}", count(hours, "hour"), count(minutes, "minute")),
    }
}

/// One gain in words.
pub(super) fn gain(snapshot: &Snapshot, step: &Step) -> EffectRow {
    EffectRow {
        term: term(step.term),
        ..loss(snapshot, step)
    }
}

/// One loss in words; it has no term.
pub(super) fn loss(snapshot: &Snapshot, step: &Step) -> EffectRow {
    let (who, label) = match &step.gainer {
        Gainer::User(user) => {
            let known = names::principal(snapshot, &Principal::User(user.clone()));
            (
                Some(known),
                principal(snapshot, &Principal::User(user.clone())),
            )
        }
        Gainer::FutureMember(group) => (
            None,
            format!(
                "Whoever is put into {} later",
                names::group(snapshot, group)
            ),
        ),
    };
    EffectRow {
        who,
        label,
        account: Some(names::account(snapshot, &step.pair.account)),
        set: Some(names::set(snapshot, &step.pair.set)),
        via: path(snapshot, &step.path),
        term: String::new(),
    }
}

/// Through what.
pub(super) fn path(snapshot: &Snapshot, path: &Path) -> String {
    match path {
        Path::Direct => "directly".into(),
        Path::Group(group) => format!("through {}", names::group(snapshot, group)),
    }
}

/// The accounts that a change names or has an effect on, each once.
pub(super) fn accounts<'a>(
    snapshot: &Snapshot,
    operations: &'a [Operation],
    steps: impl Iterator<Item = &'a Step>,
) -> Vec<AccountRef> {
    let named = operations.iter().filter_map(account_of);
    let ids: std::collections::BTreeSet<&AccountId> =
        named.chain(steps.map(|step| &step.pair.account)).collect();
    ids.into_iter()
        .map(|id| names::account(snapshot, id))
        .collect()
}

/// The account that an operation names.
pub(super) fn account_of(operation: &Operation) -> Option<&AccountId> {
    match operation {
        Operation::Assign { assignment, .. } | Operation::Unassign { assignment } => {
            Some(&assignment.pair.account)
        }
        Operation::AddMember { .. } | Operation::RemoveMember { .. } => None,
    }
}

/// The field of the form that an invalid proposal is about.
pub(super) fn field_of(proposal: &Proposal, invalid: &Invalid) -> &'static str {
    match invalid {
        Invalid::CardNumber if !holds_card_number(&proposal.justification) => change_field::TICKET,
        Invalid::TooShort | Invalid::TooLong(_) | Invalid::CardNumber => {
            change_field::JUSTIFICATION
        }
        Invalid::Ticket => change_field::TICKET,
        Invalid::Window => change_field::TERM,
        Invalid::Empty | Invalid::Twice | Invalid::TooMany(_) => change_field::WHO,
    }
}

/// Why nobody can decide it any more.
pub(super) fn already(state: State) -> &'static str {
    match state {
        State::Refused => "The rules refused this. Nobody can approve it as it stands.",
        State::Waiting => "This waits for a decision.",
        State::Approved => "This is approved already and is about to be carried out.",
        State::Applying => "This is approved already and is being carried out.",
        State::Verified => "This has been carried out already.",
        State::Declined => "This has been declined already.",
        State::Expired => "The time of this is over. Ask for it again.",
        State::Withdrawn => "The requester has taken this back.",
        State::Failed => "This could not be carried out. Ask for it again.",
    }
}

/// Why nothing is done with a change whose row is not what the ledger holds.
pub(super) fn altered(why: Altered) -> String {
    format!(
        "The ledger does not bear this change out: {why}. Nothing was done. Ask for it again, and have \
         `leastwise ledger verify` run."
    )
}

/// Why what was approved long ago does not begin.
pub(super) const TOO_LATE: &str = "The time in which this could begin is over. Ask for it again.";

/// Why a change does not start a second time.
pub(super) const ONCE: &str =
    "By the ledger this was carried out or ended before. Ask for it again.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_told_in_hours_and_minutes() {
        assert_eq!(length_words(Duration::minutes(45)), "45 minutes");
        assert_eq!(length_words(Duration::hours(1)), "1 hour");
        assert_eq!(length_words(Duration::minutes(150)), "2 hours 30 minutes");
    }
}
