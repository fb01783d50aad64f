//! The entries about identities: links to users, suspensions, confirmations, and the alarm about many of them.

use std::collections::BTreeSet;

use domain::{
    identity::{Agreement, ExternalIdDigest, IdentityAlarm, KeysDigest, LinkDifference},
    ids::{PersonId, UserId},
    ledger::{EventKind, Outcome},
    time::Timestamp,
};

use super::{EntryActor, EntryBuilder, Journal};

/// A user of an identity, and the external ids that it had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserOfIdentity {
    pub person: PersonId,
    pub user: UserId,
    pub external_ids: BTreeSet<ExternalIdDigest>,
}

impl Journal {
    /// An identity is linked to a user, or its user has another external id.
    pub fn identity_linked(
        &self,
        who: &EntryActor,
        linked: &UserOfIdentity,
        at: Timestamp,
    ) -> EntryBuilder {
        self.about_user(EventKind::IdentityLinked, who, linked, at)
    }

    /// Another user has an external id of an identity, and counts as the same human.
    pub fn identity_user_seen(&self, seen: &UserOfIdentity, at: Timestamp) -> EntryBuilder {
        let who = EntryActor::leastwise();
        self.about_user(EventKind::IdentityUserSeen, &who, seen, at)
    }

    /// A suspension ended on the host. The identity is this user from now on.
    pub fn identity_confirmed(
        &self,
        confirmed: &UserOfIdentity,
        reason: &str,
        at: Timestamp,
    ) -> EntryBuilder {
        let who = EntryActor::leastwise();
        self.about_user(EventKind::IdentityConfirmed, &who, confirmed, at)
            .justification(reason)
            .fact("by", "command_line")
    }

    /// People agreed that an identity is this user. `joins` is the identity whose sign-ins its own became.
    pub fn identity_link_agreed(
        &self,
        linked: &UserOfIdentity,
        keys: &BTreeSet<KeysDigest>,
        joins: Option<&PersonId>,
        agreement: &Agreement,
    ) -> EntryBuilder {
        let who = EntryActor::leastwise();
        let kind = EventKind::IdentityLinkAgreed;
        let builder = self
            .about_user(kind, &who, linked, agreement.at)
            .change(&agreement.change)
            .fact("keys", digests(keys));
        match joins {
            Some(holder) => builder.fact("joins", holder.as_str()),
            None => builder,
        }
    }

    /// Sign-ins of another identity became sign-ins of this one.
    pub fn identity_joined(
        &self,
        person: &PersonId,
        from: &PersonId,
        keys: &BTreeSet<KeysDigest>,
        agreement: &Agreement,
    ) -> EntryBuilder {
        self.about_agreement(EventKind::IdentityJoined, person, agreement)
            .fact("from", from.as_str())
            .fact("keys", digests(keys))
    }

    /// People agreed to end the link of an identity.
    pub fn identity_link_ended(
        &self,
        person: &PersonId,
        user: &UserId,
        agreement: &Agreement,
    ) -> EntryBuilder {
        self.about_agreement(EventKind::IdentityLinkEnded, person, agreement)
            .fact("user", user.as_str())
    }

    /// People agreed that an identity is none of the users that its sign-ins claimed.
    pub fn identity_claim_refused(
        &self,
        person: &PersonId,
        users: &[UserId],
        agreement: &Agreement,
    ) -> EntryBuilder {
        let all: Vec<&str> = users.iter().map(UserId::as_str).collect();
        let builder = self
            .about_agreement(EventKind::IdentityClaimRefused, person, agreement)
            .fact("users", all);
        match users.first() {
            Some(user) => builder.fact("user", user.as_str()),
            None => builder,
        }
    }

    /// People agreed that the sign-ins of an identity may claim these users again.
    pub fn identity_refusal_withdrawn(
        &self,
        person: &PersonId,
        users: &BTreeSet<UserId>,
        agreement: &Agreement,
    ) -> EntryBuilder {
        let all: Vec<&str> = users.iter().map(UserId::as_str).collect();
        let builder = self
            .about_agreement(EventKind::IdentityRefusalWithdrawn, person, agreement)
            .fact("users", all);
        match users.first() {
            Some(user) => builder.fact("user", user.as_str()),
            None => builder,
        }
    }

    fn about_agreement(
        &self,
        kind: EventKind,
        person: &PersonId,
        agreement: &Agreement,
    ) -> EntryBuilder {
        self.entry(kind, Outcome::Success, &EntryActor::leastwise())
            .target_id("person", person.as_str())
            .change(&agreement.change)
            .at(agreement.at)
    }

    fn about_user(
        &self,
        kind: EventKind,
        who: &EntryActor,
        user: &UserOfIdentity,
        at: Timestamp,
    ) -> EntryBuilder {
        let ids = user.external_ids.iter().map(ExternalIdDigest::as_str);
        self.entry(kind, Outcome::Success, who)
            .target_id("person", user.person.as_str())
            .at(at)
            .fact("user", user.user.as_str())
            .fact("external_ids", ids.collect::<Vec<_>>())
    }

    /// The directory shows that an identity is not the user that it was linked to.
    pub fn identity_suspended(
        &self,
        person: &PersonId,
        difference: &LinkDifference,
        at: Timestamp,
    ) -> EntryBuilder {
        self.about_difference(EventKind::IdentitySuspended, person, difference, at)
    }

    /// The difference of an identity belongs to the alarm, and suspends nobody.
    pub fn identity_alarm_included(
        &self,
        person: &PersonId,
        difference: &LinkDifference,
        at: Timestamp,
    ) -> EntryBuilder {
        self.about_difference(EventKind::IdentityAlarmIncluded, person, difference, at)
    }

    fn about_difference(
        &self,
        kind: EventKind,
        person: &PersonId,
        difference: &LinkDifference,
        at: Timestamp,
    ) -> EntryBuilder {
        let builder = self
            .entry(kind, Outcome::Success, &EntryActor::leastwise())
            .target_id("person", person.as_str())
            .at(at)
            .reason(difference.reason())
            .fact("difference", difference.as_str());
        match difference.other() {
            Some(other) => builder.fact("other", other.as_str()),
            None => builder,
        }
    }

    /// Many identities differ from the directory at once. Nobody decides on production PCI until somebody looks at them.
    pub fn identity_alarm_raised(&self, alarm: &IdentityAlarm) -> EntryBuilder {
        self.entry(
            EventKind::IdentityAlarmRaised,
            Outcome::Success,
            &EntryActor::leastwise(),
        )
        .target_id("identities", self.log().as_str())
        .at(alarm.at)
        .reason("many identities differ from the directory at once")
        .fact("differing", alarm.differing)
        .fact("linked", alarm.linked)
    }

    /// Somebody looked at the identities that differ, on the host.
    pub fn identity_alarm_ended(&self, reason: &str, at: Timestamp) -> EntryBuilder {
        self.entry(
            EventKind::IdentityAlarmEnded,
            Outcome::Success,
            &EntryActor::leastwise(),
        )
        .target_id("identities", self.log().as_str())
        .at(at)
        .justification(reason)
        .fact("by", "command_line")
    }
}

fn digests(keys: &BTreeSet<KeysDigest>) -> Vec<&str> {
    keys.iter().map(KeysDigest::as_str).collect()
}
