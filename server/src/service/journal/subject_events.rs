//! The entries about links between sign-ins and Identity Center users.

use domain::{
    ids::{PersonId, UserId},
    ledger::{EntryTarget, EventKind, Outcome},
    person::{
        Subject,
        link::{IdentityLink, LinkMethod},
    },
    time::Timestamp,
};

use super::{EntryActor, EntryBuilder, Journal};
use crate::store::person::{Assignment, Claim, NewLink, ResolvedPerson};

/// The value of [`found_by`] if the method leads to no user.
pub const NO_USER: &str = "none";

/// Returns the name of the fact that holds the user to which a method of linking leads.
pub fn found_by(method: LinkMethod) -> String {
    format!("found_by_{}", method.as_str())
}

impl Journal {
    /// A sign-in claimed an Identity Center user that is or was another identity. It is linked to no user.
    pub fn subject_claimed(&self, who: &EntryActor, claim: &Claim) -> EntryBuilder {
        self.entry(EventKind::SubjectClaimed, Outcome::Denied, who)
            .target(EntryTarget {
                id: Some(claim.held_by.to_string()),
                principal_type: Some("USER".to_owned()),
                principal_id: Some(claim.user.to_string()),
                ..EntryTarget::new("person")
            })
            .reason("another identity is or was this directory user")
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
        for (from, (role, since)) in
            moved.flat_map(|(from, roles)| roles.iter().map(move |held| (from, held)))
        {
            let reason = "the sign-in was linked to the person of its directory user";
            entries.push(self.role_ended(who, from, *role, at).reason(reason));
            entries.push(self.role_granted(who, person, *role, *since).reason(reason));
        }
        entries
    }

    /// A sign-in that nobody used yet was assigned to an identity.
    pub fn subject_assigned(&self, subject: &Subject, person: &PersonId) -> EntryBuilder {
        let who = EntryActor {
            subject: Some(subject.clone()),
            ..EntryActor::default()
        };
        self.entry(EventKind::SubjectAssigned, Outcome::Success, &who)
            .target_id("person", person.as_str())
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
        let is_new = known.assignment == Assignment::New && known.linked.is_none();
        let assigned = is_new.then(|| self.subject_assigned(subject, &known.person).at(at));
        let claimed = known.claimed.iter();
        let claimed = claimed.map(|claim| self.subject_claimed(&who, claim));
        let linked = known.linked.iter();
        let linked = linked.flat_map(|link| self.subject_linked(&who, &known.person, link, at));
        assigned.into_iter().chain(claimed).chain(linked).collect()
    }

    /// It is not clear that a sign-in still belongs to the Identity Center user of its person.
    pub fn subject_unclear(&self, who: &EntryActor, user: &UserId, why: &str) -> EntryBuilder {
        self.entry(EventKind::SubjectUnclear, Outcome::Denied, who)
            .target(EntryTarget {
                id: who.person.as_ref().map(PersonId::to_string),
                principal_type: Some("USER".to_owned()),
                principal_id: Some(user.to_string()),
                ..EntryTarget::new("person")
            })
            .reason(why)
    }

    /// It is not clear which Identity Center user a sign-in belongs to, so it was linked to none. Names the users to which
    /// the methods lead.
    pub fn subject_not_linked(&self, who: &EntryActor, link: &IdentityLink) -> EntryBuilder {
        let target = who.person.as_ref().map_or("", PersonId::as_str);
        let why = link.obstacle().map(|why| why.to_string());
        let why = why.unwrap_or_default();
        let entry = self
            .entry(EventKind::SubjectNotLinked, Outcome::Denied, who)
            .target_id("person", target)
            .reason(&why);
        match link {
            IdentityLink::Contradictory(results) => results.iter().fold(entry, |entry, result| {
                let user = result.user.as_ref().map_or(NO_USER, UserId::as_str);
                entry.fact(&found_by(result.method), user)
            }),
            IdentityLink::Ambiguous(users) => {
                let users: Vec<&str> = users.iter().map(UserId::as_str).collect();
                entry.fact("users", users.join(" "))
            }
            IdentityLink::Linked(..) | IdentityLink::Unknown | IdentityLink::Unusable(_) => entry,
        }
    }
}
