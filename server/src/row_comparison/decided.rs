//! Compares the rows of decisions with their entries: a decision counts only with both.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::{
    approval::{Approval, Decision},
    ids::{ChangeId, PersonId},
    ledger::projection::{ReadChange, RecordedDecision},
    time::Timestamp,
};

use super::{difference::Difference, replay::Replay};
use crate::store::change::DecisionRow;

pub(super) fn compare(rows: &[DecisionRow], replay: &Replay, found: &mut BTreeSet<Difference>) {
    let changes = replay.changes.by_id();
    for row in rows {
        match status(changes, row) {
            Status::Counts(place) => {
                if differs(replay, row, place) {
                    found.insert(Difference::DecisionDiffers(words(row)));
                }
            }
            Status::FillsNoSlot => {
                found.insert(Difference::DecisionThatDoesNotCount(words(row)));
            }
            Status::NotEntered => {
                found.insert(Difference::DecisionWithoutEntry(words(row)));
            }
        }
    }
    let mut decided: HashMap<&str, Vec<&DecisionRow>> = HashMap::new();
    for row in rows {
        decided.entry(&row.change).or_default().push(row);
    }
    for (change, read) in changes {
        let rows = decided.get(change.as_str()).map_or(&[][..], Vec::as_slice);
        for given in &read.decisions.given {
            if !rows.iter().any(|row| is_of(row, given)) {
                found.insert(Difference::DecisionWithoutRow(entry_words(change, given)));
            }
        }
    }
}

/// The status of a row according to the entries.
enum Status {
    /// With the place of its entry among the decisions on its change.
    Counts(usize),
    FillsNoSlot,
    NotEntered,
}

/// Evaluates a decision as the server does, except that a declining row needs its entry here as well.
fn status(changes: &BTreeMap<ChangeId, ReadChange>, row: &DecisionRow) -> Status {
    let (Ok(change), Ok(approver), Ok(round)) = (
        ChangeId::parse(&row.change),
        PersonId::parse(&row.approver),
        u32::try_from(row.round),
    ) else {
        return Status::NotEntered;
    };
    let row = Approval {
        approver,
        decision: row.decision,
        reason: String::new(),
        effect: row.effect.clone(),
        round,
        at: Timestamp(0),
    };
    let decisions = changes.get(&change).map(|read| &read.decisions);
    match decisions.and_then(|of| Some((of, of.place_of(&row)?))) {
        Some((decisions, place)) if decisions.count(&row) => Status::Counts(place),
        Some(_) => Status::FillsNoSlot,
        None => Status::NotEntered,
    }
}

/// Whether the time or the reason of a row differs from its entry.
fn differs(replay: &Replay, row: &DecisionRow, place: usize) -> bool {
    let change = ChangeId::parse(&row.change).ok();
    let read = change.and_then(|change| replay.changes.by_id().get(&change));
    read.is_some_and(|read| {
        let reason = replay.text(read.record.reason(place));
        read.decisions.given[place].at.0 != row.at || reason.is_some_and(|text| text != row.reason)
    })
}

fn is_of(row: &DecisionRow, given: &RecordedDecision) -> bool {
    row.approver == given.approver.as_str()
        && row.decision == given.decision
        && row.effect == given.effect
        && row.round == i64::from(given.round)
}

fn entry_words(change: &ChangeId, given: &RecordedDecision) -> String {
    let did = noun(given.decision);
    format!(
        "the {did} of change {change} by person {} in round {}",
        given.approver, given.round
    )
}

fn words(row: &DecisionRow) -> String {
    let did = noun(row.decision);
    format!(
        "the {did} of change {} by person {} in round {}",
        row.change, row.approver, row.round
    )
}

fn noun(decision: Decision) -> &'static str {
    match decision {
        Decision::Approve => "approval",
        Decision::Decline => "decline",
    }
}
