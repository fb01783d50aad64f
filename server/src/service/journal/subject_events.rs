//! The entries about links between sign-ins and Identity Center users.

use domain::{
    ids::PersonId,
    ledger::{EntryTarget, EventKind, Outcome},
    person::Subject,
    time::Timestamp,
};

use super::{EntryActor, EntryBuilder, Journal};
use crate::store::person::{Claim, NewLink, ResolvedPerson};

impl Journal {
    /// A sign-in claimed an Identity Center user that is linked to another sign-in. It is linked to no user.
    pub fn subject_claimed(&self, who: &EntryActor, claim: &Claim) -> EntryBuilder {
        self.entry(EventKind::SubjectClaimed, Outcome::Denied, who)
            .target(EntryTarget {
                id: Some(claim.held_by.to_string()),
                principal_type: Some("USER".to_owned()),
                principal_id: Some(claim.user.to_string()),
                ..EntryTarget::new("person")
            })
            .reason("another sign-in is already linked to this directory user")
    }

    /// A sign-in was linked to an Identity Center user, with the roles that moved to the person of that user.
    pub fn subject_linked(
        &self,
        who: &EntryActor,
        person: &PersonId,
        link: &NewLink,
        at: Timestamp,
    ) -> Vec<EntryBuilder> {
        let methods: Vec<&str> = link.by.iter().map(|method| method.as_str()).collect();
        let linked = self
            .entry(EventKind::SubjectLinked, Outcome::Success, who)
            .target(EntryTarget {
                id: Some(person.to_string()),
                principal_type: Some("USER".to_owned()),
                principal_id: Some(link.user.to_string()),
                ..EntryTarget::new("person")
            })
            .at(at)
            .fact("methods", methods);
        let mut entries = vec![linked];
        let moved = link.moved.iter();
        for (from, role) in
            moved.flat_map(|(from, roles)| roles.iter().map(move |role| (from, role)))
        {
            let reason = "the sign-in was linked to the person of its directory user";
            entries.push(self.role_ended(who, from, *role, at).reason(reason));
            entries.push(self.role_granted(who, person, *role, at).reason(reason));
        }
        entries
    }

    /// What looking up the person of a subject changed, outside a sign-in.
    pub fn linking(
        &self,
        subject: &Subject,
        known: &ResolvedPerson,
        at: Timestamp,
    ) -> Vec<EntryBuilder> {
        let who = EntryActor {
            person: Some(known.person.clone()),
            subject: Some(subject.clone()),
            ..EntryActor::default()
        };
        let claimed = known.claimed.iter();
        let claimed = claimed.map(|claim| self.subject_claimed(&who, claim));
        let linked = known.linked.iter();
        let linked = linked.flat_map(|link| self.subject_linked(&who, &known.person, link, at));
        claimed.chain(linked).collect()
    }

    /// It is not clear which Identity Center user a sign-in belongs to, so it was linked to none.
    pub fn subject_not_linked(&self, who: &EntryActor, why: &str) -> EntryBuilder {
        let target = who.person.as_ref().map_or("", PersonId::as_str);
        self.entry(EventKind::SubjectNotLinked, Outcome::Denied, who)
            .target_id("person", target)
            .reason(why)
    }
}
