//! Handles AWS responses to writes, and missing responses.
//!
//! An accepted request or the status SUCCEEDED only leads to a read; neither proves that the access exists. A missing
//! response never proves that the write was not made.

use super::{
    DOUBT_LASTS,
    event::{AwsResponse, WriteStatus},
    failure::{Refusal, RefusalKind, hopeless, orphaned},
    resource::{AccessResource, OperationKind},
    resource_state::{DesiredAction, OpenOperation},
    rows::{Generation, ItemResult, OperationOutcome, Phase},
    state::{State, StepOutput, pause},
};
use crate::{
    ids::OperationId,
    time::{Duration, Timestamp},
};

/// The pause between attempts to remove an orphaned assignment. Nobody can use it, and AWS may accept a later attempt.
const ORPHAN_PAUSE: Duration = Duration::hours(1);
/// The failure reason of a removal that AWS refuses because the principal no longer exists, with the remedy.
const ORPHAN_STAYS: &str = "AWS refuses to remove it because its user or group no longer exists in the directory. \
     Ask AWS Support to remove it, or remove the permission set from the account. Leastwise retries every hour.";

impl State {
    pub(super) fn answered(
        &mut self,
        operation: &OperationId,
        generation: Generation,
        answer: AwsResponse,
        now: Timestamp,
        out: &mut StepOutput,
    ) {
        let first = self.pacing.poll_first;
        let Some((key, open)) = self.current(operation, generation) else {
            return;
        };
        if open.row.phase != Phase::Intended {
            return;
        }
        let kind = open.row.kind;
        out.touched.insert(key.clone());
        match answer {
            AwsResponse::Accepted(request) => {
                open.row.request = Some(request);
                open.row.phase = Phase::Accepted;
                open.next = now + first;
                out.operations.insert(operation.clone(), open.row.clone());
            }
            AwsResponse::Done => self.relist(&key, None, now, out),
            AwsResponse::Refused(Refusal {
                why: RefusalKind::NotFound,
                message,
            }) if kind == OperationKind::Delete => self.relist(&key, Some(message), now, out),
            AwsResponse::Refused(refusal) => self.refused(&key, &refusal, now, out),
            AwsResponse::NotSent => self.not_sent(operation, now, out),
            AwsResponse::Unknown(error) => self.doubt(&key, &error, now, out),
        }
    }

    pub(super) fn polled(
        &mut self,
        operation: &OperationId,
        generation: Generation,
        status: WriteStatus,
        now: Timestamp,
        out: &mut StepOutput,
    ) {
        let every = self.pacing.poll_every;
        let Some((key, open)) = self.current(operation, generation) else {
            return;
        };
        if open.row.phase != Phase::Accepted {
            return;
        }
        out.touched.insert(key.clone());
        match status {
            WriteStatus::InProgress => open.next = now + every,
            WriteStatus::Unreadable(_) => {
                open.looks += 1;
                open.next = now + every + super::backoff::look(open.looks);
            }
            WriteStatus::Succeeded => self.relist(&key, None, now, out),
            WriteStatus::Failed(reason) => self.relist(&key, Some(reason), now, out),
            WriteStatus::Lost => {
                self.doubt(&key, "AWS no longer recognizes the request ID", now, out);
            }
        }
    }

    /// Returns the open operation if the response belongs to it and to a call of this process.
    fn current(
        &mut self,
        operation: &OperationId,
        generation: Generation,
    ) -> Option<(AccessResource, &mut OpenOperation)> {
        if generation != self.generation {
            return None;
        }
        let key = self.operations.get(operation)?.clone();
        let open = self.tracks.get_mut(&key)?.open.as_mut()?;
        (open.row.operation == *operation).then_some((key, open))
    }

    /// Records that AWS reported the end of the operation, and requests the read that verifies it.
    fn relist(
        &mut self,
        key: &AccessResource,
        error: Option<String>,
        now: Timestamp,
        out: &mut StepOutput,
    ) {
        let track = self.track(key);
        track.row.last_write = Some(now);
        if let Some(open) = &mut track.open {
            open.row.phase = Phase::Relisting;
            open.row.ended_at = Some(now);
            open.row.error = error;
            open.next = now;
            open.looks = 0;
            out.operations
                .insert(open.row.operation.clone(), open.row.clone());
        }
        out.keys.insert(key.clone());
    }

    /// Marks the outcome of the operation as unknown; later reads decide it.
    pub(super) fn doubt(
        &mut self,
        key: &AccessResource,
        why: &str,
        now: Timestamp,
        out: &mut StepOutput,
    ) {
        let track = self.track(key);
        track.row.last_write = Some(now);
        if let Some(open) = &mut track.open {
            open.row.phase = Phase::InDoubt;
            open.row.ended_at = Some(now);
            open.row.error = Some(why.to_owned());
            open.next = now;
            open.looks = 0;
            if open.row.kind == OperationKind::Delete {
                track.row.doubt = Some(now + DOUBT_LASTS);
            }
            out.operations
                .insert(open.row.operation.clone(), open.row.clone());
        }
        out.keys.insert(key.clone());
    }

    /// Closes an operation whose call was not sent. It does not count as an attempt and needs no read.
    pub(super) fn not_sent(
        &mut self,
        operation: &OperationId,
        now: Timestamp,
        out: &mut StepOutput,
    ) {
        let Some(key) = self.operations.get(operation).cloned() else {
            return;
        };
        self.end(&key, OperationOutcome::NotSent, out);
        let track = self.track(&key);
        track.row.tries.next_try = Some(now + Duration::seconds(1));
        out.keys.insert(key.clone());
        out.touched.insert(key);
    }

    fn refused(
        &mut self,
        key: &AccessResource,
        refusal: &Refusal,
        now: Timestamp,
        out: &mut StepOutput,
    ) {
        if refusal.why == RefusalKind::Throttled {
            self.calm_until = Some(now + Duration::seconds(1));
        }
        let track = self.track(key);
        // Another client may have written to it, so the next attempt starts with a new read.
        track.row.last_write = Some(now);
        if let Some(open) = &mut track.open {
            open.row.error = Some(refusal.message.clone());
        }
        let limit = match refusal.why {
            RefusalKind::Conflict | RefusalKind::Throttled => self.pacing.busy_tries,
            RefusalKind::NotFound | RefusalKind::Permanent => 1,
        };
        self.failed_try(
            key,
            OperationOutcome::Refused,
            &refusal.message,
            limit,
            now,
            out,
        );
    }

    /// Records a failed attempt and schedules the next one. A grant that has used up its attempts is given up.
    pub(super) fn failed_try(
        &mut self,
        key: &AccessResource,
        ending: OperationOutcome,
        error: &str,
        limit: u32,
        now: Timestamp,
        out: &mut StepOutput,
    ) {
        let patience = self.pacing.grant_tries;
        let Some(open) = &self.track(key).open else {
            return;
        };
        let (kind, operation) = (open.row.kind, open.row.operation.clone());
        self.end(key, ending, out);
        let track = self.track(key);
        let want = track.want(now);
        let opposite = match kind {
            OperationKind::Create => want != DesiredAction::Deliver,
            OperationKind::Delete => want != DesiredAction::Remove,
        };
        out.keys.insert(key.clone());
        out.touched.insert(key.clone());
        if opposite {
            // The opposite is wanted now, which starts without failed attempts.
            return;
        }
        let tries = &mut track.row.tries;
        tries.count += 1;
        tries.last_error = Some(error.to_owned());
        tries.next_try = Some(now + pause(tries.count, &operation));
        if kind == OperationKind::Create && tries.count >= limit {
            self.give_up(key, error, now, out);
        } else if kind == OperationKind::Delete && orphaned(error) && tries.count >= patience {
            tries.next_try = Some(now + ORPHAN_PAUSE);
            let reason = format!("{ORPHAN_STAYS} AWS reported: {error}");
            self.resolve_removals(key, &ItemResult::Failed { at: now, reason }, out);
        }
    }

    /// Returns the number of attempts allowed after AWS accepted a create request and then failed it.
    pub(super) fn limit_after(&self, reason: &str) -> u32 {
        if hopeless(reason) {
            1
        } else {
            self.pacing.grant_tries
        }
    }

    /// Ends the access windows that could not be delivered. Other windows of the resource are unaffected. Without any,
    /// the resource is removed, including what a failed write may have left.
    pub(super) fn give_up(
        &mut self,
        key: &AccessResource,
        error: &str,
        now: Timestamp,
        out: &mut StepOutput,
    ) {
        let track = self.track(key);
        track.row.tries = super::rows::RetryState::default();
        let mut given_up = Vec::new();
        for row in &mut track.windows {
            if row.window.valid(now) && row.delivery.is_none() {
                row.window.ended = Some(now);
                out.windows.insert(row.window.grant.clone(), row.clone());
                given_up.push(row.window.clone());
            }
        }
        out.keys.insert(key.clone());
        out.touched.insert(key.clone());
        for window in given_up {
            let reason = error.to_owned();
            self.resolve_grant(&window, ItemResult::Failed { at: now, reason }, out);
        }
    }

    /// Closes the open operation.
    pub(super) fn end(
        &mut self,
        key: &AccessResource,
        ending: OperationOutcome,
        out: &mut StepOutput,
    ) {
        if let Some(mut open) = self.track(key).open.take() {
            open.row.phase = Phase::Over(ending);
            self.operations.remove(&open.row.operation);
            out.operations.insert(open.row.operation.clone(), open.row);
        }
    }
}
