//! The row of a change as its entries say it should be: its state, the time to decide, and the texts that people typed.
//!
//! Whatever a page shows of them went through here, so a row that somebody altered is shown as it was. What decides is
//! compared in `proven`.

use domain::{
    change::State,
    ledger::{
        PrivateValue,
        projection::{ChangeRecord, Decisions, Misstatement, RecordedText},
    },
    time::Timestamp,
};

/// What is shown instead of a text that the ledger no longer holds: nothing proves what a row contains.
const ERASED: &str = "This text was erased.";

/// A text of a row according to its entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LedgerText<'a> {
    /// No entry records one, or the entries cannot be read.
    NotRecorded,
    /// Its entry is there, and the text is not.
    NotHeld,
    Held(&'a str),
}

impl LedgerText<'_> {
    /// Whether the text of a row is known to be another one.
    pub fn differs(self, row: &str) -> bool {
        matches!(self, Self::Held(text) if text != row)
    }

    /// Replaces the text of a row by this one.
    pub fn put_in(self, row: &mut String) {
        match self {
            Self::Held(text) => text.clone_into(row),
            Self::NotHeld => ERASED.clone_into(row),
            Self::NotRecorded => {}
        }
    }
}

/// The texts of the entries of one change.
#[derive(Debug, Clone, Copy)]
pub(super) struct RecordedTexts<'a> {
    pub record: Option<&'a ChangeRecord>,
    pub held: &'a [PrivateValue],
}

impl<'a> RecordedTexts<'a> {
    fn text(self, recorded: Option<&RecordedText>) -> LedgerText<'a> {
        match recorded {
            None => LedgerText::NotRecorded,
            Some(recorded) => match recorded.among(self.held) {
                Some(value) => LedgerText::Held(&value.value),
                None => LedgerText::NotHeld,
            },
        }
    }

    /// Returns the reason of a decision by its place among [`Decisions::given`].
    pub fn reason(self, place: usize) -> LedgerText<'a> {
        self.text(self.record.and_then(|record| record.reason(place)))
    }

    fn justification(self) -> LedgerText<'a> {
        self.text(self.record.and_then(ChangeRecord::justification))
    }

    fn result(self) -> LedgerText<'a> {
        self.text(self.record.and_then(ChangeRecord::result))
    }
}

/// What of the row of a change is shown, and does not decide what the change does.
#[derive(Debug)]
pub(super) struct RowTexts {
    pub state: State,
    pub decide_by: Timestamp,
    pub justification: String,
    pub result: Option<String>,
}

impl RowTexts {
    /// Replaces what differs from the entries by what they say, and returns what differed.
    pub fn corrected(
        &mut self,
        decisions: &Decisions,
        recorded: RecordedTexts<'_>,
    ) -> Vec<Misstatement> {
        let mut found = Vec::new();
        let Some(record) = recorded.record else {
            // Its entries were altered. Those who could still approve would rely on a text that nothing proves.
            if decisions.history.submitted.is_some() && self.state == State::Waiting {
                found.push(Misstatement::JustificationNotHeld);
            }
            return found;
        };
        let states = record.states(decisions);
        if let Some(state) = states.first()
            && !states.contains(&self.state)
        {
            self.state = *state;
            found.push(Misstatement::State);
        }
        if let Some(decide_by) = record.decide_by()
            && decide_by != self.decide_by
        {
            self.decide_by = decide_by;
            found.push(Misstatement::DecideBy);
        }
        let justification = recorded.justification();
        if justification.differs(&self.justification) {
            found.push(Misstatement::Justification);
        } else if justification == LedgerText::NotHeld && self.state == State::Waiting {
            // It may have been erased, and what the row contains may be anything.
            found.push(Misstatement::JustificationNotHeld);
        }
        justification.put_in(&mut self.justification);
        found.extend(self.corrected_result(recorded.result()));
        found
    }

    fn corrected_result(&mut self, recorded: LedgerText<'_>) -> Option<Misstatement> {
        if recorded == LedgerText::NotRecorded {
            return self.result.take().map(|_| Misstatement::Result);
        }
        let row = self.result.take();
        let differs = row.as_deref().is_none_or(|row| recorded.differs(row));
        let mut result = row.unwrap_or_default();
        recorded.put_in(&mut result);
        self.result = Some(result);
        differs.then_some(Misstatement::Result)
    }
}
