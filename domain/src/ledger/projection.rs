//! A projection of the ledger's entries: changes, decisions, roles, identities, sign-ins, access windows, sessions, declared
//! and recorded classifications, built entry by entry in order.
//!
//! Anyone with write access to the database can alter rows of other tables, but cannot alter entries undetected. A row
//! therefore counts only as far as this projection confirms it. The caller must ensure that the input consists of
//! entries of the ledger.
//!
//! It grows with what may still decide, and by a little for each change that ended. It is stored, so that a
//! start applies the newest entries only: [`Projection::FORMAT`] names its form and its meaning.
//!
//! Each part applies the types of entries of its list. A type that no list names changes nothing here, so a list cannot miss
//! one.

mod change_history;
mod change_record;
mod changes;
pub mod classes;
mod decision_mismatch;
pub mod declarations;
pub mod grants;
pub mod identities;
mod pairs;
pub mod sessions;
pub mod sign_ins;
mod use_of_identities;

pub use change_history::{
    BEGAN, ChangeHistory, ChangeMismatch, ENDINGS, Lifecycle, PresentedEffect, REFUSED, REQUESTS,
    RequestRow, SENT_BACK, SUBMITTED, SubmittedRequest,
};
pub use change_record::{ChangeRecord, Misstatement, RecordedText};
pub use changes::{AllChanges, ChangeEntries, Changes, OpenChange, ReadChange, RecordedChange};
pub use decision_mismatch::{DecisionMismatch, DecisionMismatchKind};

use serde::{Deserialize, Serialize};

use self::{
    classes::Classes, declarations::Declarations, grants::Grants, identities::Identities,
    sessions::Sessions, sign_ins::SignIns,
};
use super::{Entry, EventKind, Hash, Outcome};
use crate::{
    approval::{Approval, Decision},
    authorize::Role,
    ids::{EffectHash, PersonId},
    person::Subject,
    shared_map::SharedMap,
    time::Timestamp,
};

/// The event type of an approval.
pub const APPROVED: &str = EventKind::ChangeApproved.as_str();
/// The event type of a declining decision.
pub const DECLINED: &str = EventKind::ChangeDeclined.as_str();
/// The event type of a granted role.
pub const GRANTED: &str = EventKind::RoleGranted.as_str();
/// The event type of a revoked role.
pub const ENDED: &str = EventKind::RoleEnded.as_str();

/// Every event type that changes what is known of a change: its history, and the decisions on it.
pub const OF_A_CHANGE: [&str; 10] = [
    SUBMITTED,
    REFUSED,
    APPROVED,
    DECLINED,
    SENT_BACK,
    BEGAN,
    EventKind::ChangeVerified.as_str(),
    EventKind::ChangeFailed.as_str(),
    EventKind::ChangeWithdrawn.as_str(),
    EventKind::ChangeExpired.as_str(),
];

/// Every event type that changes a role.
pub const OF_ROLES: [&str; 2] = [GRANTED, ENDED];

/// The place of an entry in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryPlace {
    pub seq: u64,
    /// The leaf hash.
    pub leaf: Hash,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedDecision {
    pub approver: PersonId,
    /// The sign-in that made the decision.
    pub subject: Option<Subject>,
    pub decision: Decision,
    /// The effect that was decided on.
    pub effect: EffectHash,
    /// How many times the change had been sent back before.
    pub round: u32,
    pub at: Timestamp,
}

impl RecordedDecision {
    /// Returns whether this entry records the decision of the row.
    fn proves(&self, row: &Approval) -> bool {
        self.approver == row.approver
            && self.decision == row.decision
            && self.effect == row.effect
            && self.round == row.round
    }
}

/// The history and decisions of one change.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decisions {
    /// What was requested and shown, and the progress of the change.
    pub history: ChangeHistory,
    /// The decisions, oldest first.
    pub given: Vec<RecordedDecision>,
    /// How many times the change was sent back.
    pub round: u32,
}

impl Decisions {
    /// Returns whether a row counts. A declining decision always counts, even without an entry.
    pub fn count(&self, row: &Approval) -> bool {
        row.decision == Decision::Decline || self.is_proven(row)
    }

    /// Returns the declining decisions whose rows are missing. They block the change all the same.
    pub fn declines_without_row(&self, rows: &[Approval]) -> Vec<Approval> {
        let against = |given: &&RecordedDecision| given.decision == Decision::Decline;
        let gone = |given: &&RecordedDecision| !rows.iter().any(|row| given.proves(row));
        let row = |given: &RecordedDecision| Approval {
            approver: given.approver.clone(),
            decision: given.decision,
            reason: String::new(),
            effect: given.effect.clone(),
            round: given.round,
            at: given.at,
        };
        self.given
            .iter()
            .filter(against)
            .filter(gone)
            .map(row)
            .collect()
    }

    /// Returns whether an entry records the row, even if the decision fills no approval slot.
    pub fn has_entry(&self, row: &Approval) -> bool {
        self.place_of(row).is_some()
    }

    /// Returns the place of the entry of a row among the decisions.
    pub fn place_of(&self, row: &Approval) -> Option<usize> {
        self.given.iter().position(|given| given.proves(row))
    }

    /// Returns whether an entry records the decision and it may fill an approval slot. One sign-in fills at most one
    /// slot, and none on its own request, even if it was linked to another identity in between.
    fn is_proven(&self, row: &Approval) -> bool {
        let Some(at) = self.place_of(row) else {
            return false;
        };
        let entry = &self.given[at];
        let same = |subject: &Option<Subject>| subject.is_some() && subject == &entry.subject;
        let before = self.given[..at].iter();
        let seated = before
            .filter(|given| given.round == entry.round && given.approver != entry.approver)
            .any(|given| same(&given.subject));
        let asked = self.history.submitted.as_ref();
        !seated && !asked.is_some_and(|asked| same(&asked.subject))
    }
}

/// A role grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RolePeriod {
    pub granted_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

/// The projection of all entries so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Projection {
    changes: Changes,
    #[serde(with = "pairs")]
    roles: SharedMap<(PersonId, Role), Vec<RolePeriod>>,
    grants: Grants,
    sessions: Sessions,
    identities: Identities,
    sign_ins: SignIns,
    declarations: Declarations,
    classes: Classes,
}

impl Projection {
    /// The number of the form of a stored projection, and of what it makes of entries. It rises whenever either changes: a
    /// projection that another version stored is not used.
    pub const FORMAT: u32 = 3;

    /// Applies the next entry. Most entries do not affect the projection.
    pub fn apply(&mut self, place: EntryPlace, entry: &Entry) {
        let listed = |types: &[&str]| types.contains(&entry.kind.as_str());
        if listed(&grants::OF_WINDOWS) || listed(&grants::OF_WRITES) {
            self.grants.apply(entry);
        }
        if listed(&sessions::OF_SESSIONS) {
            self.sessions.apply(entry);
        }
        if listed(&identities::OF_ONE_IDENTITY) || listed(&identities::OF_THE_ALARM) {
            self.identities.apply(entry);
        }
        if listed(&sign_ins::OF_SIGN_INS) {
            self.sign_ins.apply(entry);
        }
        if listed(&declarations::OF_DECLARATIONS) {
            self.declarations.apply(entry);
        }
        if listed(&classes::OF_CLASSES) {
            self.classes.apply(entry);
        }
        if listed(&OF_A_CHANGE) {
            self.changes.apply(place, entry);
        }
        if listed(&OF_ROLES) {
            self.apply_to_role(entry);
        }
    }

    fn apply_to_role(&mut self, entry: &Entry) {
        match entry.kind.as_str() {
            GRANTED => {
                if let Some(key) = role(entry) {
                    self.roles.or_default(key).push(RolePeriod {
                        granted_at: entry.occurred_at,
                        ended_at: None,
                    });
                }
            }
            ENDED => {
                let held = role(entry).and_then(|key| self.roles.get_mut(&key));
                for held in held.into_iter().flatten() {
                    held.ended_at.get_or_insert(entry.occurred_at);
                }
            }
            _ => {}
        }
    }

    /// Returns the projection of changes.
    pub fn changes(&self) -> &Changes {
        &self.changes
    }

    /// Returns the projection of access windows.
    pub fn grants(&self) -> &Grants {
        &self.grants
    }

    /// Returns the projection of sessions.
    pub fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    /// Returns the projection of identities.
    pub fn identities(&self) -> &Identities {
        &self.identities
    }

    /// Returns the projection of sign-ins.
    pub fn sign_ins(&self) -> &SignIns {
        &self.sign_ins
    }

    /// Returns the projection of declared classifications.
    pub fn declarations(&self) -> &Declarations {
        &self.declarations
    }

    /// Returns the projection of what AWS was read to classify accounts as.
    pub fn classes(&self) -> &Classes {
        &self.classes
    }

    /// Returns all role grants, including ended ones, by person and role.
    pub fn roles(&self) -> &SharedMap<(PersonId, Role), Vec<RolePeriod>> {
        &self.roles
    }

    /// Returns the roles that have not ended, of everybody.
    pub fn held_roles(&self) -> impl Iterator<Item = (&PersonId, Role, RolePeriod)> {
        let roles = self.roles.iter();
        roles.filter_map(|((person, role), periods)| Some((person, *role, held(periods)?)))
    }

    /// Returns the roles of a person that have not ended.
    pub fn held_roles_of(&self, person: &PersonId) -> impl Iterator<Item = (Role, RolePeriod)> {
        let roles = Role::ALL.into_iter();
        roles.filter_map(|role| {
            let periods = self.roles.get(&(person.clone(), role))?;
            Some((role, held(periods)?))
        })
    }
}

/// Returns the grant that has not ended; a grant that repeats it changes nothing.
fn held(periods: &[RolePeriod]) -> Option<RolePeriod> {
    periods.iter().find(|held| held.ended_at.is_none()).copied()
}

fn subject(entry: &Entry) -> Option<Subject> {
    let both = entry.actor.iss.clone().zip(entry.actor.sub.clone());
    both.map(|(iss, sub)| Subject { iss, sub })
}

/// Returns the identity that an entry is about.
fn person_of_target(entry: &Entry) -> Option<PersonId> {
    let target = entry.target.as_ref().filter(|at| at.kind == "person")?;
    PersonId::parse(target.id.as_deref()?).ok()
}

fn role(entry: &Entry) -> Option<(PersonId, Role)> {
    let person = person_of_target(entry)?;
    let role = Role::from_word(entry.data.get("role")?.as_str()?)?;
    (entry.outcome == Outcome::Success).then_some((person, role))
}

#[cfg(test)]
mod listed_types;
#[cfg(test)]
mod stored;
#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ids::ChangeId,
        ledger::{Actor, ActorKind, EntryTarget, EntryType},
    };

    const CHANGE: &str = "00000004-0000-4000-8000-000000000001";

    fn apply(projection: &mut Projection, entry: &Entry) {
        let place = EntryPlace {
            seq: 0,
            leaf: Hash::ZERO,
        };
        projection.apply(place, entry);
    }

    fn of_change(projection: &Projection) -> Decisions {
        let id = ChangeId::parse(CHANGE).unwrap();
        projection.changes().open(&id).unwrap().clone()
    }

    fn person() -> PersonId {
        PersonId::parse("00000003-0000-4000-8000-000000000001").unwrap()
    }

    fn entry(kind: &str, at: i64) -> Entry {
        let kind = EntryType::parse(kind).unwrap();
        let actor = Actor::new(ActorKind::Human);
        Entry::new(kind, Timestamp(at), Outcome::Success, actor)
    }

    fn about_role(kind: &str, at: i64) -> Entry {
        let mut entry = entry(kind, at);
        entry.target = Some(EntryTarget {
            id: Some(person().to_string()),
            ..EntryTarget::new("person")
        });
        entry.data.insert("role".into(), "approver".into());
        entry
    }

    fn about_change(kind: &str, at: i64) -> Entry {
        let mut entry = entry(kind, at);
        entry.change_id = Some(ChangeId::parse(CHANGE).unwrap());
        entry.actor.person_id = Some(person());
        entry.data.insert("effect".into(), "e".into());
        entry
    }

    #[test]
    fn the_projection_of_changes_is_shared_until_an_entry_says_something_of_a_change() {
        let mut projection = Projection::default();
        apply(&mut projection, &about_change(APPROVED, 1));
        let before = projection.changes().clone();
        for kind in [GRANTED, ENDED] {
            apply(&mut projection, &about_role(kind, 2));
        }
        assert!(projection.changes().is_shared_with(&before));
        apply(&mut projection, &about_change(DECLINED, 3));
        assert!(!projection.changes().is_shared_with(&before));
        assert!(
            projection
                .changes()
                .is_shared_with(&projection.clone().changes)
        );
    }

    #[test]
    fn a_role_lasts_from_its_grant_to_its_end_and_a_later_grant_is_another() {
        let mut projection = Projection::default();
        let has_role = |projection: &Projection, at| {
            let held = RolePeriod {
                granted_at: Timestamp(at),
                ended_at: None,
            };
            let of_all = projection.held_roles().collect::<Vec<_>>();
            let of_one: Vec<_> = projection.held_roles_of(&person()).collect();
            assert_eq!(of_all.len(), of_one.len());
            of_one == [(Role::Approver, held)]
        };
        apply(&mut projection, &about_role(GRANTED, 1));
        assert!(has_role(&projection, 1) && !has_role(&projection, 2));
        apply(&mut projection, &about_role(ENDED, 3));
        assert!(!has_role(&projection, 1));
        apply(&mut projection, &about_role(GRANTED, 5));
        assert!(!has_role(&projection, 1) && has_role(&projection, 5));
    }

    #[test]
    fn a_decision_is_of_the_round_in_which_it_was_entered() {
        let mut projection = Projection::default();
        for (kind, at) in [(APPROVED, 1), (SENT_BACK, 2), (DECLINED, 3)] {
            apply(&mut projection, &about_change(kind, at));
        }
        let decisions = of_change(&projection);
        let rounds: Vec<u32> = decisions.given.iter().map(|given| given.round).collect();
        assert_eq!((rounds, decisions.round), (vec![0, 1], 1));
        let mut row = Approval {
            approver: person(),
            decision: Decision::Approve,
            reason: String::new(),
            effect: EffectHash("e".into()),
            round: 0,
            at: Timestamp(1),
        };
        assert!(decisions.given[0].proves(&row));
        row.round = 1;
        assert!(!decisions.has_entry(&row) && !decisions.count(&row));
        row.decision = Decision::Decline;
        assert!(!decisions.given[0].proves(&row) && decisions.count(&row));
        let taken_out = decisions.declines_without_row(&[]);
        assert_eq!(
            taken_out.len(),
            1,
            "a declining decision counts without its row"
        );
        assert!(decisions.declines_without_row(&taken_out).is_empty());
    }

    #[test]
    fn one_sign_in_fills_one_seat_and_none_on_what_it_asked_for() {
        let subject = |sub: &str| Subject {
            iss: "i".into(),
            sub: sub.into(),
        };
        let other = PersonId::parse("00000003-0000-4000-8000-000000000002").unwrap();
        let decided = |approver: &PersonId, sub: &str| RecordedDecision {
            approver: approver.clone(),
            subject: Some(subject(sub)),
            decision: Decision::Approve,
            effect: EffectHash("e".into()),
            round: 0,
            at: Timestamp(1),
        };
        let row = |approver: &PersonId| Approval {
            approver: approver.clone(),
            decision: Decision::Approve,
            reason: String::new(),
            effect: EffectHash("e".into()),
            round: 0,
            at: Timestamp(1),
        };
        let mut asks = about_change(SUBMITTED, 0);
        let both = subject("asks");
        (asks.actor.iss, asks.actor.sub) = (Some(both.iss), Some(both.sub));
        let mut projection = Projection::default();
        apply(&mut projection, &asks);
        let mut decisions = of_change(&projection);
        decisions.given = vec![decided(&person(), "a"), decided(&other, "a")];
        assert!(decisions.is_proven(&row(&person())));
        assert!(decisions.has_entry(&row(&other)) && !decisions.count(&row(&other)));
        assert!(!decisions.is_proven(&row(&other)), "the same sign-in again");
        decisions.given[1].subject = Some(subject("b"));
        assert!(decisions.is_proven(&row(&other)));
        decisions.given[1].subject = Some(subject("asks"));
        assert!(!decisions.is_proven(&row(&other)), "its own request");
    }

    #[test]
    fn what_was_not_done_proves_nothing() {
        let mut projection = Projection::default();
        for mut entry in [about_role(GRANTED, 1), about_change(APPROVED, 1)] {
            entry.outcome = Outcome::Denied;
            apply(&mut projection, &entry);
        }
        assert_eq!(projection, Projection::default());
    }
}
