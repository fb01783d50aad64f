//! The projection of identities: the users and external ids of each, whether it is suspended, and the alarm.
//!
//! A row that says otherwise has no effect: without an entry nobody is suspended, and without an entry no suspension
//! ends.

use std::{collections::BTreeSet, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{Entry, Outcome, person_of_target, sign_ins};
use crate::{
    identity::{
        Agreement, AlarmInclusion, ExternalIdDigest, IdentityAlarm, IdentityRecord, KeysDigest,
        LinkDifference, Suspension,
    },
    ids::{PersonId, UserId},
    ledger::EventKind,
    shared_map::SharedMap,
};

/// The event type of a link to a user.
pub const LINKED: &str = EventKind::IdentityLinked.as_str();
/// The event type of another user that has an external id of an identity.
pub const USER_SEEN: &str = EventKind::IdentityUserSeen.as_str();
/// The event type of a suspension.
pub const SUSPENDED: &str = EventKind::IdentitySuspended.as_str();
/// The event type of the end of a suspension.
pub const CONFIRMED: &str = EventKind::IdentityConfirmed.as_str();
/// The event type of an alarm.
pub const ALARM_RAISED: &str = EventKind::IdentityAlarmRaised.as_str();
/// The event type of a difference that belongs to an alarm and suspends nobody.
pub const ALARM_INCLUDED: &str = EventKind::IdentityAlarmIncluded.as_str();
/// The event type of the end of an alarm.
pub const ALARM_ENDED: &str = EventKind::IdentityAlarmEnded.as_str();
/// The event type of a link that people agreed to.
pub const LINK_AGREED: &str = EventKind::IdentityLinkAgreed.as_str();
/// The event type of sign-ins that became a part of an identity.
pub const JOINED: &str = EventKind::IdentityJoined.as_str();
/// The event type of the end of a link that people agreed to.
pub const LINK_ENDED: &str = EventKind::IdentityLinkEnded.as_str();
/// The event type of a claim that people refused.
pub const CLAIM_REFUSED: &str = EventKind::IdentityClaimRefused.as_str();
/// The event type of a refusal that people withdrew.
pub const REFUSAL_WITHDRAWN: &str = EventKind::IdentityRefusalWithdrawn.as_str();

/// Every event type that changes the record of one identity.
pub const OF_ONE_IDENTITY: [&str; 11] = [
    sign_ins::LINKED,
    LINKED,
    USER_SEEN,
    SUSPENDED,
    CONFIRMED,
    ALARM_INCLUDED,
    LINK_AGREED,
    JOINED,
    LINK_ENDED,
    CLAIM_REFUSED,
    REFUSAL_WITHDRAWN,
];

/// Every event type that begins or ends an alarm.
pub const OF_THE_ALARM: [&str; 2] = [ALARM_RAISED, ALARM_ENDED];

/// Identities according to their entries.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identities {
    records: SharedMap<PersonId, Arc<IdentityRecord>>,
    /// The identities that each user ever was.
    of_users: SharedMap<UserId, BTreeSet<PersonId>>,
    /// The identity that each of these joined.
    joined: SharedMap<PersonId, PersonId>,
    alarm: Option<IdentityAlarm>,
}

impl Identities {
    pub(super) fn apply(&mut self, entry: &Entry) {
        if entry.outcome != Outcome::Success {
            return;
        }
        match entry.kind.as_str() {
            sign_ins::LINKED => self.on(entry, |record, entry| {
                if let Some(user) = found_user(entry) {
                    record.found = Some(user);
                }
            }),
            LINKED => self.on(entry, |record, entry| {
                if let Some(user) = user(entry, "user") {
                    record.link(user, external_ids(entry));
                }
            }),
            USER_SEEN => self.on(entry, |record, entry| {
                if let Some(user) = user(entry, "user") {
                    record.see(user, external_ids(entry));
                }
            }),
            SUSPENDED => self.on(entry, |record, entry| {
                record.suspended.get_or_insert(Suspension {
                    at: entry.occurred_at,
                    // A difference that this version does not know suspends as well.
                    difference: difference(entry).unwrap_or(LinkDifference::LinkAltered),
                });
            }),
            ALARM_INCLUDED => self.on(entry, |record, entry| {
                // A difference that this version does not know is not excused.
                if let Some(difference) = difference(entry) {
                    record.included = Some(AlarmInclusion {
                        at: entry.occurred_at,
                        difference,
                    });
                }
            }),
            CONFIRMED => self.on(entry, |record, entry| {
                if let Some(user) = user(entry, "user") {
                    record.confirm(user, external_ids(entry));
                }
            }),
            LINK_AGREED => self.on(entry, |record, entry| {
                if let (Some(user), Some(agreement)) = (user(entry, "user"), agreement(entry)) {
                    let keys = keys(entry);
                    record.agree(user, external_ids(entry), keys, joins(entry), agreement);
                }
            }),
            JOINED => self.on(entry, |record, entry| record.join(keys(entry))),
            LINK_ENDED => self.on(entry, |record, entry| {
                if let Some(agreement) = agreement(entry) {
                    record.end(agreement);
                }
            }),
            CLAIM_REFUSED => self.on(entry, |record, entry| {
                let users = texts(entry, "users");
                record.refuse(users.filter_map(|id| UserId::parse(id).ok()));
            }),
            REFUSAL_WITHDRAWN => self.on(entry, |record, entry| {
                let users = texts(entry, "users");
                record.withdraw_refusal(users.filter_map(|id| UserId::parse(id).ok()));
            }),
            ALARM_RAISED => {
                let count = |name| entry.data.get(name).and_then(serde_json::Value::as_u64);
                self.alarm = Some(IdentityAlarm {
                    at: entry.occurred_at,
                    differing: count("differing").unwrap_or_default(),
                    linked: count("linked").unwrap_or_default(),
                });
            }
            ALARM_ENDED => self.alarm = None,
            _ => {}
        }
    }

    fn on(&mut self, entry: &Entry, change: impl FnOnce(&mut IdentityRecord, &Entry)) {
        let Some(person) = person_of_target(entry) else {
            return;
        };
        let record = Arc::make_mut(self.records.or_default(person.clone()));
        change(record, entry);
        let users = user(entry, "user").into_iter().chain(found_user(entry));
        for user in users.filter(|user| record.ever_was(user)) {
            self.of_users.or_default(user).insert(person.clone());
        }
        match &record.joined {
            Some(holder) => self.joined.insert(person, holder.clone()),
            None => self.joined.remove(&person),
        };
    }

    /// Returns every identity that a user ever was.
    pub fn ever_were(&self, user: &UserId) -> impl Iterator<Item = &PersonId> {
        self.of_users.get(user).into_iter().flatten()
    }

    /// Returns the identities that are a user now.
    pub fn linked_to(&self, user: &UserId) -> impl Iterator<Item = &PersonId> {
        let is_linked = move |person: &&PersonId| {
            let record = self.records.get(*person);
            record.and_then(|record| record.user()) == Some(user)
        };
        self.ever_were(user).filter(is_linked)
    }

    /// Returns the identities that joined another one, each with that one.
    pub fn joined(&self) -> &SharedMap<PersonId, PersonId> {
        &self.joined
    }

    /// Returns the record of an identity.
    pub fn record(&self, person: &PersonId) -> IdentityRecord {
        let known = self.records.get(person);
        known
            .map(|record| IdentityRecord::clone(record))
            .unwrap_or_default()
    }

    /// Returns all records.
    pub fn records(&self) -> &SharedMap<PersonId, Arc<IdentityRecord>> {
        &self.records
    }

    /// Returns the alarm, if it has not ended.
    pub fn alarm(&self) -> Option<&IdentityAlarm> {
        self.alarm.as_ref()
    }
}

fn text<'a>(entry: &'a Entry, name: &str) -> Option<&'a str> {
    entry.data.get(name)?.as_str()
}

/// Returns the user that keys of a sign-in found.
fn found_user(entry: &Entry) -> Option<UserId> {
    UserId::parse(entry.target.as_ref()?.principal_id.as_deref()?).ok()
}

/// Returns the identity that another one joined by an agreement.
pub(super) fn joins(entry: &Entry) -> Option<PersonId> {
    PersonId::parse(text(entry, "joins")?).ok()
}

fn user(entry: &Entry, name: &str) -> Option<UserId> {
    UserId::parse(text(entry, name)?).ok()
}

fn difference(entry: &Entry) -> Option<LinkDifference> {
    LinkDifference::from_parts(text(entry, "difference")?, user(entry, "other"))
}

/// Returns the agreement behind an entry. An entry without its change is no agreement.
fn agreement(entry: &Entry) -> Option<Agreement> {
    Some(Agreement {
        change: entry.change_id.clone()?,
        at: entry.occurred_at,
    })
}

fn external_ids(entry: &Entry) -> BTreeSet<ExternalIdDigest> {
    texts(entry, "external_ids")
        .filter_map(ExternalIdDigest::parse)
        .collect()
}

fn keys(entry: &Entry) -> BTreeSet<KeysDigest> {
    texts(entry, "keys").map(KeysDigest::recorded).collect()
}

fn texts<'a>(entry: &'a Entry, name: &str) -> impl Iterator<Item = &'a str> {
    let listed = entry.data.get(name).and_then(serde_json::Value::as_array);
    listed
        .into_iter()
        .flatten()
        .filter_map(serde_json::Value::as_str)
}
