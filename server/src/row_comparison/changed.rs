//! Compares the rows of changes with the entries of their request and of what became of them.
//!
//! The items have rows of their own (`items`).

use std::collections::BTreeSet;

use domain::{
    change::State,
    ids::ChangeId,
    ledger::projection::{ReadChange, SubmittedRequest},
};

use super::{difference::Difference, replay::Replay};
use crate::store::change::VerifiedRow;

pub(super) fn compare(rows: &[VerifiedRow], replay: &Replay, found: &mut BTreeSet<Difference>) {
    let of_id = |id: &str| {
        let read = replay.changes.by_id().get(&ChangeId::parse(id).ok()?)?;
        Some((read, read.decisions.history.submitted.as_ref()?))
    };
    for row in rows {
        let Some((read, submitted)) = of_id(&row.id) else {
            found.insert(Difference::ChangeWithoutEntry(words(&row.id)));
            continue;
        };
        let mut differing = request(replay, row, read, submitted);
        differing.extend(progress(replay, row, read));
        if !differing.is_empty() {
            let what = differing.join(", ");
            found.insert(Difference::ChangeDiffers(words(&row.id), what));
        }
    }
    let stored: BTreeSet<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    for (id, read) in replay.changes.by_id() {
        if read.decisions.history.submitted.is_some() && !stored.contains(id.as_str()) {
            found.insert(Difference::ChangeWithoutRow(words(id.as_str())));
        }
    }
}

/// Returns what differs from the request, which never changes.
fn request(
    replay: &Replay,
    row: &VerifiedRow,
    read: &ReadChange,
    submitted: &SubmittedRequest,
) -> Vec<String> {
    let texts = row.texts.as_ref();
    let reason = replay.text(read.record.justification());
    let compared = [
        ("requester", row.requester == submitted.by),
        ("time of the request", row.submitted == submitted.at),
        (
            "reason",
            texts.is_some_and(|row| reason.is_none_or(|text| text == row.justification)),
        ),
        (
            "ticket",
            texts.is_some_and(|row| row.ticket == submitted.ticket),
        ),
        (
            "earliest start",
            texts.is_some_and(|row| row.not_before == submitted.not_before),
        ),
        (
            "review date",
            texts.is_some_and(|row| row.review_on == submitted.review_on),
        ),
        (
            "second factor",
            row.mfa.is_some_and(|mfa| submitted.allows(mfa)),
        ),
    ];
    let differing = compared.into_iter().filter(|(_, is_same)| !is_same);
    differing.map(|(what, _)| what.to_owned()).collect()
}

/// Returns what differs from the entries so far.
fn progress(replay: &Replay, row: &VerifiedRow, read: &ReadChange) -> Vec<String> {
    let mut differing = Vec::new();
    let states = read.record.states(&read.decisions);
    if !row.state.is_some_and(|state| states.contains(&state)) {
        let in_row = row.state.map_or("not a state", State::as_str);
        let states: Vec<&str> = states.iter().map(|state| state.as_str()).collect();
        differing.push(format!("state ({in_row}, not {})", states.join(" or ")));
    }
    let decide_by = read.record.decide_by();
    if decide_by.is_some_and(|at| at != row.decide_by) {
        differing.push("end of the time to decide".to_owned());
    }
    let presented = read.decisions.history.presented.as_ref();
    if presented.is_none_or(|shown| shown.effect != row.effect || shown.document != row.document) {
        differing.push("effect".to_owned());
    }
    let is_same_result = match (read.record.result(), row.result) {
        (None, row) => row.is_none(),
        (Some(recorded), row) => match replay.text(Some(recorded)) {
            Some(text) => row == Some(text),
            // It was erased.
            None => true,
        },
    };
    if !is_same_result {
        differing.push("reason why it failed".to_owned());
    }
    differing
}

fn words(id: &str) -> String {
    format!("change {id}")
}
