//! Applies reads to the state of resources.
//!
//! Only a read can verify an operation, and only if it was complete and began after the last write to the resource
//! ended. Any other read changes nothing.

use std::collections::BTreeSet;

use super::{
    advance::BLIND_AFTER,
    backoff::look,
    effect::DomainEvent,
    event::{Coverage, Listing, Observation},
    resource::{AccessResource, OperationKind, ReadTarget},
    resource_state::DesiredAction,
    rows::{
        Cause, FollowUpReads, OperationOutcome, PendingRemoval, Phase, Presence, ReadResult,
        RetryState,
    },
    state::{State, StepOutput},
};
use crate::{
    ids::Principal,
    time::{Duration, Timestamp},
};

/// The number of reads after SUCCEEDED that may contradict AWS before the attempt counts as failed.
const LOOKS: u32 = 5;
/// The time between the two reads that must agree that a resource is missing before its windows end. An administrator
/// who replaces an assignment deletes it and creates it again at once.
const MISSING_FOR: Duration = Duration::minutes(1);

impl State {
    pub(super) fn observed(&mut self, seen: &Observation, now: Timestamp, out: &mut StepOutput) {
        let answers = match &seen.listing {
            Listing::Pair { pair, .. } => Some(ReadTarget::Pair(pair.clone())),
            Listing::Membership { group, user, .. } => Some(ReadTarget::Membership {
                group: group.clone(),
                user: user.clone(),
            }),
            Listing::Group { .. } => None,
        };
        if seen.coverage == Coverage::Incomplete {
            if let Some(target) = answers {
                self.unreadable(&target, "the listing was incomplete", now, out);
            }
            return;
        }
        if let Some(target) = answers
            && self
                .reading
                .get(&target)
                .is_some_and(|since| seen.as_of >= *since)
        {
            self.reading.remove(&target);
        }
        for key in self.keys_of(&seen.listing) {
            let (presence, others) = look_up(&key, &seen.listing);
            let sight = ReadResult {
                presence,
                as_of: seen.as_of,
            };
            self.sighted(&key, sight, &others, now, out);
        }
    }

    /// Returns the tracked resources that the listing covers. Resources that Leastwise does not manage are ignored.
    fn keys_of(&self, listing: &Listing) -> Vec<AccessResource> {
        match listing {
            Listing::Pair { pair, .. } => self
                .tracks
                .range(AccessResource::first_of(pair)..)
                .map(|(key, _)| key)
                .take_while(|key| matches!(key, AccessResource::Assignment(a) if a.pair == *pair))
                .cloned()
                .collect(),
            Listing::Group { group, .. } => self
                .tracks
                .keys()
                .rev()
                .take_while(|key| matches!(key, AccessResource::Membership { .. }))
                .filter(
                    |key| matches!(key, AccessResource::Membership { group: g, .. } if g == group),
                )
                .cloned()
                .collect(),
            Listing::Membership { group, user, .. } => {
                let key = AccessResource::Membership {
                    group: group.clone(),
                    user: user.clone(),
                };
                Vec::from_iter(self.tracks.contains_key(&key).then_some(key))
            }
        }
    }

    fn sighted(
        &mut self,
        key: &AccessResource,
        sight: ReadResult,
        others: &BTreeSet<Principal>,
        now: Timestamp,
        out: &mut StepOutput,
    ) {
        let track = self.track(key);
        let too_old = track.row.last_write.is_some_and(|at| sight.as_of < at)
            || track.seen.is_some_and(|seen| sight.as_of < seen.as_of);
        out.touched.insert(key.clone());
        if too_old {
            // A stale crawl does not replace the read that is needed now.
            if let Some(open) = &mut track.open
                && matches!(open.row.phase, Phase::Relisting | Phase::InDoubt)
            {
                open.next = now;
            }
            return;
        }
        track.unreadable = 0;
        track.next_read = None;
        if let Some(open) = &track.open {
            let ended = open.row.ended_at.unwrap_or(now);
            if matches!(open.row.phase, Phase::Relisting | Phase::InDoubt) && sight.as_of >= ended {
                self.settle(key, sight, others, now, out);
            }
            // The read ran while a write was in flight, so it may show the state before or after the write.
            return;
        }
        self.noticed(key, sight, others, now, out);
    }

    /// Applies a read that began after the operation ended or its outcome became unknown.
    fn settle(
        &mut self,
        key: &AccessResource,
        sight: ReadResult,
        others: &BTreeSet<Principal>,
        now: Timestamp,
        out: &mut StepOutput,
    ) {
        let pacing = self.pacing.clone();
        let track = self.track(key);
        let Some(open) = &mut track.open else {
            return;
        };
        let achieved = match open.row.kind {
            OperationKind::Create => sight.presence == Presence::Present,
            OperationKind::Delete => sight.presence == Presence::Absent,
        };
        if achieved {
            let kind = open.row.kind;
            self.end(key, OperationOutcome::Verified, out);
            let track = self.track(key);
            track.seen = Some(sight);
            track.row.confirmed = Some(sight);
            track.row.tries = RetryState::default();
            out.keys.insert(key.clone());
            match (kind, self.track(key).want(now)) {
                (OperationKind::Create, DesiredAction::Deliver) => {
                    self.deliver(key, sight.as_of, Cause::OurWrite, Some(others), now, out);
                }
                // A read that began before the removal was requested leaves it to the next read.
                (OperationKind::Delete, DesiredAction::Remove)
                    if sight.as_of >= self.track(key).fresh_since(now) =>
                {
                    self.removed(key, sight.as_of, Cause::OurWrite, Some(others), now, out);
                }
                // The opposite is wanted in the meantime; the next turn handles it.
                _ => {}
            }
            return;
        }
        open.looks += 1;
        open.next = now + look(open.looks);
        let error = open.row.error.clone();
        match open.row.phase {
            Phase::InDoubt => {
                let until = open.doubt_until(&pacing);
                if now >= until {
                    self.came_to_nothing(
                        key,
                        OperationOutcome::NotSeen,
                        sight,
                        error.as_deref(),
                        now,
                        out,
                    );
                } else {
                    open.next = open.next.min(until);
                }
            }
            _ if error.is_some() => {
                self.came_to_nothing(
                    key,
                    OperationOutcome::Failed,
                    sight,
                    error.as_deref(),
                    now,
                    out,
                );
            }
            _ if open.looks >= LOOKS => {
                self.came_to_nothing(
                    key,
                    OperationOutcome::NotSeen,
                    sight,
                    error.as_deref(),
                    now,
                    out,
                );
            }
            _ => {}
        }
    }

    fn came_to_nothing(
        &mut self,
        key: &AccessResource,
        ending: OperationOutcome,
        sight: ReadResult,
        error: Option<&str>,
        now: Timestamp,
        out: &mut StepOutput,
    ) {
        let error =
            error.unwrap_or("AWS reported success, but a later read does not show the change");
        let limit = self.limit_after(error);
        self.track(key).seen = Some(sight);
        self.failed_try(key, ending, error, limit, now, out);
    }

    /// Applies a trusted read while no operation is in flight.
    fn noticed(
        &mut self,
        key: &AccessResource,
        sight: ReadResult,
        others: &BTreeSet<Principal>,
        now: Timestamp,
        out: &mut StepOutput,
    ) {
        let track = self.track(key);
        let want = track.want(now);
        let before = track.row.confirmed.map(|seen| seen.presence);
        let watch = track.row.watch;
        let watched = track.next_watch().is_some_and(|at| sight.as_of >= at);
        track.seen = Some(sight);
        if before != Some(sight.presence) {
            track.row.confirmed = Some(sight);
            out.keys.insert(key.clone());
        }
        if watched && let Some(watch) = &mut track.row.watch {
            watch.done += 1;
            out.keys.insert(key.clone());
        }
        match (want, sight.presence) {
            (DesiredAction::Keep, Presence::Absent)
                if before != Some(Presence::Absent) && track.want(now) == DesiredAction::Keep =>
            {
                // Read again: a manual replacement may have deleted the resource just before the read. Counted from
                // now, because a crawl may have begun long before it reached this resource.
                track.row.watch = Some(FollowUpReads { from: now, done: 0 });
                out.keys.insert(key.clone());
                out.events.push(DomainEvent::Missing {
                    key: key.clone(),
                    seen_at: sight.as_of,
                });
            }
            (DesiredAction::Keep, Presence::Absent)
                if track.row.adopted.is_none()
                    && track.want(now) == DesiredAction::Keep
                    && before == Some(Presence::Absent)
                    && watch.is_some_and(|watch| sight.as_of >= watch.from + MISSING_FOR) =>
            {
                // It stays missing, so its windows end. The same access created outside Leastwise later must not count
                // as approved.
                for row in &mut track.windows {
                    row.window.ended.get_or_insert(now);
                }
                self.removed(key, sight.as_of, Cause::AlreadySo, Some(others), now, out);
            }
            (DesiredAction::Rest, Presence::Present) if track.row.managed_since.is_some() => {
                track.row.removed_at = None;
                track.row.watch = None;
                track.row.closing = Some(PendingRemoval {
                    since: now,
                    alarms: 0,
                });
                track.row.tries = RetryState::default();
                // A second read must confirm it before anything is deleted.
                track.seen = None;
                track.row.confirmed = None;
                out.keys.insert(key.clone());
                out.events.push(DomainEvent::Reappeared {
                    key: key.clone(),
                    seen_at: sight.as_of,
                });
            }
            (DesiredAction::Deliver, Presence::Present)
                if sight.as_of >= track.fresh_since(now) =>
            {
                self.deliver(key, sight.as_of, Cause::AlreadySo, Some(others), now, out);
            }
            (DesiredAction::Remove, Presence::Absent) if sight.as_of >= track.fresh_since(now) => {
                self.removed(key, sight.as_of, Cause::AlreadySo, Some(others), now, out);
            }
            _ => {}
        }
    }

    /// Handles a failed or incomplete read: read again later, conclude nothing.
    pub(super) fn unreadable(
        &mut self,
        target: &ReadTarget,
        error: &str,
        now: Timestamp,
        out: &mut StepOutput,
    ) {
        self.reading.remove(target);
        let keys: Vec<AccessResource> = match target {
            ReadTarget::Pair(pair) => self.keys_of(&Listing::Pair {
                pair: pair.clone(),
                principals: BTreeSet::new(),
            }),
            ReadTarget::Membership { group, user } => {
                let key = AccessResource::Membership {
                    group: group.clone(),
                    user: user.clone(),
                };
                Vec::from_iter(self.tracks.contains_key(&key).then_some(key))
            }
        };
        let pacing = self.pacing.clone();
        for key in keys {
            out.touched.insert(key.clone());
            let track = self.track(&key);
            track.unreadable += 1;
            let (blind, pause) = (track.unreadable >= BLIND_AFTER, look(track.unreadable));
            track.next_read = Some(now + pause);
            let want = track.want(now);
            let Some(open) = &mut track.open else {
                if want == DesiredAction::Deliver && track.unreadable >= pacing.busy_tries {
                    let error = format!("AWS could not be read: {error}");
                    self.give_up(&key, &error, now, out);
                }
                continue;
            };
            open.next = now + pause;
            let (kind, phase) = (open.row.kind, open.row.phase);
            let settled = now >= open.doubt_until(&pacing);
            // A removal continues without a read once the doubt period has passed. A grant that cannot be verified is
            // given up. Only a delete that AWS reported as done is read without limit.
            let go_on =
                phase == Phase::InDoubt && settled && want == DesiredAction::Remove && blind;
            let give_up = kind == OperationKind::Create
                && matches!(phase, Phase::InDoubt | Phase::Relisting)
                && track.unreadable >= pacing.busy_tries;
            if go_on || give_up {
                let unreadable = track.unreadable;
                let error = format!("AWS could not be read: {error}");
                self.failed_try(&key, OperationOutcome::NotSeen, &error, 1, now, out);
                let track = self.track(&key);
                track.unreadable = unreadable;
                track.next_read = None;
            }
        }
    }
}

/// Returns whether the resource is in the listing, and the other principals of its pair.
fn look_up(key: &AccessResource, listing: &Listing) -> (Presence, BTreeSet<Principal>) {
    let (there, others) = match (key, listing) {
        (AccessResource::Assignment(assignment), Listing::Pair { principals, .. }) => {
            let mut others = principals.clone();
            (others.remove(&assignment.principal), others)
        }
        (AccessResource::Membership { user, .. }, Listing::Group { members, .. }) => {
            (members.contains(user), BTreeSet::new())
        }
        (_, Listing::Membership { presence, .. }) => {
            return (*presence, BTreeSet::new());
        }
        _ => (false, BTreeSet::new()),
    };
    let presence = if there {
        Presence::Present
    } else {
        Presence::Absent
    };
    (presence, others)
}
