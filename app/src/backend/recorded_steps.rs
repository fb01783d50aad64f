//! What the entries of a change record of its steps and decisions: when they happened, and by what proof.

use domain::{approval::Decision, ledger::EventKind, time::Timestamp};

use super::{ApprovalView, EntryAuthenticity, TimelineRow};

/// The second factor of whoever did something, as its entry records it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordedFactor {
    NotRecorded,
    /// Proven, by a sign-in at this time if that is recorded.
    Proven(Option<Timestamp>),
}

/// When a step of a change happened, and the entry that records it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct RecordedStep {
    pub entry: u64,
    pub at: Timestamp,
}

/// What the entries of a change record of its steps. What happens after its end, such as the removal of temporary access, is
/// not part of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct RecordedSteps {
    /// When the last of its writes was accepted, or the last of its steps done.
    pub sent: Option<RecordedStep>,
    /// The last read that showed something of it done.
    pub verified: Option<RecordedStep>,
    pub ended: Option<RecordedStep>,
}

impl RecordedSteps {
    /// Reads the history of a change, oldest first. Entries that do not count are left out.
    pub fn of(history: &[TimelineRow]) -> Self {
        let mut found = Self::default();
        let counting = history.iter().filter(|row| row.is_authentic());
        for row in counting {
            let step = Some(RecordedStep {
                entry: row.seq,
                at: row.at,
            });
            let open = found.ended.is_none();
            match row.kind {
                Some(EventKind::OperationAccepted) if open => found.sent = step,
                Some(EventKind::OperationVerified) if open => found.verified = step,
                Some(EventKind::StepDone) if open => (found.sent, found.verified) = (step, step),
                Some(EventKind::ChangeVerified) => {
                    found.verified = found.verified.or(step);
                    found.ended = step;
                }
                Some(
                    EventKind::ChangeRefused
                    | EventKind::ChangeDeclined
                    | EventKind::ChangeExpired
                    | EventKind::ChangeWithdrawn
                    | EventKind::ChangeFailed,
                ) => found.ended = step,
                Some(EventKind::ChangeSentBack) => found = Self::default(),
                _ => {}
            }
        }
        found
    }
}

impl TimelineRow {
    fn is_authentic(&self) -> bool {
        self.authenticity == EntryAuthenticity::Authentic
    }

    /// Whether it records a decision.
    pub fn records(&self, given: &ApprovalView) -> bool {
        let kind = match given.decision {
            Decision::Approve => EventKind::ChangeApproved,
            Decision::Decline => EventKind::ChangeDeclined,
        };
        self.is_authentic()
            && self.kind == Some(kind)
            && self.at == given.at
            && self.person.as_ref() == Some(&given.person)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(seq: u64, kind: EventKind) -> TimelineRow {
        TimelineRow {
            seq,
            authenticity: EntryAuthenticity::Authentic,
            at: Timestamp(0),
            kind: Some(kind),
            person: None,
            factor: RecordedFactor::NotRecorded,
            what: String::new(),
            account: None,
            who: None,
            aws_request_id: None,
            note: None,
        }
    }

    #[test]
    fn what_follows_the_end_of_a_change_is_none_of_its_steps() {
        use EventKind::{
            ChangeApproved, ChangeSubmitted, ChangeVerified, GrantEnded, OperationAccepted,
            OperationVerified,
        };
        let kinds = [
            ChangeSubmitted,
            ChangeApproved,
            OperationAccepted,
            OperationVerified,
            ChangeVerified,
            OperationAccepted,
            OperationVerified,
            GrantEnded,
        ];
        let mut history: Vec<TimelineRow> =
            (0..).zip(kinds).map(|(seq, kind)| row(seq, kind)).collect();
        let entries = |history: &[TimelineRow]| {
            let RecordedSteps {
                sent,
                verified,
                ended,
            } = RecordedSteps::of(history);
            [sent, verified, ended].map(|step| step.map(|step| step.entry))
        };
        assert_eq!(entries(&history), [Some(2), Some(3), Some(4)]);
        history[3].authenticity = EntryAuthenticity::NotAuthentic;
        assert_eq!(entries(&history), [Some(2), Some(4), Some(4)]);
        assert_eq!(entries(&history[..2]), [None, None, None]);
    }
}
