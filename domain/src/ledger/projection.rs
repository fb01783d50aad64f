//! A projection of the ledger's entries: changes, decisions, roles, identities, access windows, sessions and declared
//! classifications, built entry by entry in order.
//!
//! Anyone with write access to the database can alter rows of other tables, but cannot alter entries undetected. A row
//! therefore counts only as far as this projection confirms it. The caller must ensure that the input consists of
//! entries of the ledger.
//!
//! Each part applies the types of entries of its list. A type that no list names changes nothing here, so a list cannot miss
//! one.

mod change_history;
mod decision_mismatch;
pub mod declarations;
pub mod grants;
pub mod identities;
pub mod sessions;

pub use change_history::{
    BEGAN, ChangeHistory, ChangeMismatch, ENDINGS, Lifecycle, PresentedEffect, REFUSED, REQUESTS,
    RequestRow, SENT_BACK, SUBMITTED, SubmittedRequest,
};
pub use decision_mismatch::{DecisionMismatch, DecisionMismatchKind};

use std::collections::BTreeMap;

use self::{
    declarations::Declarations, grants::Grants, identities::Identities, sessions::Sessions,
};
use super::{Entry, EventKind, Outcome};
use crate::{
    approval::{Approval, Decision},
    authorize::Role,
    ids::{ChangeId, EffectHash, PersonId},
    person::Subject,
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

/// Every event type that may change what a row says, which `ledger verify` compares with its entries.
pub fn of_rows() -> impl Iterator<Item = &'static str> {
    let lists: [&[&str]; 6] = [
        &OF_A_CHANGE,
        &OF_ROLES,
        &grants::OF_WINDOWS,
        &sessions::OF_SESSIONS,
        &identities::OF_ONE_IDENTITY,
        &declarations::OF_DECLARATIONS,
    ];
    lists.into_iter().flatten().copied()
}

#[derive(Debug, Clone, PartialEq, Eq)]
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
#[derive(Debug, Clone, Default, PartialEq, Eq)]
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
        self.given.iter().any(|given| given.proves(row))
    }

    /// Returns whether an entry records the decision and it may fill an approval slot. One sign-in fills at most one
    /// slot, and none on its own request, even if it was linked to another identity in between.
    fn is_proven(&self, row: &Approval) -> bool {
        let Some(at) = self.given.iter().position(|given| given.proves(row)) else {
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RolePeriod {
    pub granted_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

/// How many entries of a kind there were so far. What is read from rows that change only together with such entries, in the
/// same transaction, is up to date as long as their number is the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EntryCounts {
    /// About changes: each transition of a change has one.
    pub changes: u64,
    /// About identities, their sign-ins, and reads of the directory.
    pub identities: u64,
}

impl EntryCounts {
    fn count(&mut self, kind: &str) {
        let about = kind.split_once('.').map_or(kind, |(about, _)| about);
        match about {
            "change" => self.changes += 1,
            "identity" | "subject" | "sync" => self.identities += 1,
            _ => {}
        }
    }
}

/// The projection of all entries so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Projection {
    counts: EntryCounts,
    changes: BTreeMap<ChangeId, Decisions>,
    roles: BTreeMap<(PersonId, Role), Vec<RolePeriod>>,
    grants: Grants,
    sessions: Sessions,
    identities: Identities,
    declarations: Declarations,
}

impl Projection {
    /// Applies the next entry. Most entries do not affect the projection.
    pub fn apply(&mut self, entry: &Entry) {
        self.counts.count(entry.kind.as_str());
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
        if listed(&declarations::OF_DECLARATIONS) {
            self.declarations.apply(entry);
        }
        if listed(&OF_A_CHANGE) {
            self.apply_to_change(entry);
        }
        if listed(&OF_ROLES) {
            self.apply_to_role(entry);
        }
    }

    fn apply_to_change(&mut self, entry: &Entry) {
        if let Some(change) = entry
            .change_id
            .as_ref()
            .filter(|_| change_history::concerns_history(entry))
        {
            let decisions = self.changes.entry(change.clone()).or_default();
            decisions.history.apply(entry);
        }
        match entry.kind.as_str() {
            APPROVED => self.decided(entry, Decision::Approve),
            DECLINED => self.decided(entry, Decision::Decline),
            SENT_BACK => {
                if let Some(change) = &entry.change_id {
                    self.changes.entry(change.clone()).or_default().round += 1;
                }
            }
            _ => {}
        }
    }

    fn apply_to_role(&mut self, entry: &Entry) {
        match entry.kind.as_str() {
            GRANTED => {
                if let Some(key) = role(entry) {
                    self.roles.entry(key).or_default().push(RolePeriod {
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

    fn decided(&mut self, entry: &Entry, decision: Decision) {
        let effect = entry.data.get("effect").and_then(|effect| effect.as_str());
        let (Some(change), Some(approver), Some(effect), Outcome::Success) = (
            &entry.change_id,
            &entry.actor.person_id,
            effect,
            entry.outcome,
        ) else {
            return;
        };
        let decisions = self.changes.entry(change.clone()).or_default();
        decisions.given.push(RecordedDecision {
            approver: approver.clone(),
            subject: subject(entry),
            decision,
            effect: EffectHash(effect.to_owned()),
            round: decisions.round,
            at: entry.occurred_at,
        });
    }

    /// Returns how many entries of each kind there were.
    pub fn counts(&self) -> EntryCounts {
        self.counts
    }

    /// Returns the changes by id.
    pub fn changes(&self) -> &BTreeMap<ChangeId, Decisions> {
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

    /// Returns the projection of declared classifications.
    pub fn declarations(&self) -> &Declarations {
        &self.declarations
    }

    /// Returns all role grants, including ended ones, by person and role.
    pub fn roles(&self) -> &BTreeMap<(PersonId, Role), Vec<RolePeriod>> {
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

fn role(entry: &Entry) -> Option<(PersonId, Role)> {
    let target = entry.target.as_ref().filter(|at| at.kind == "person")?;
    let person = PersonId::parse(target.id.as_deref()?).ok()?;
    let role = Role::from_word(entry.data.get("role")?.as_str()?)?;
    (entry.outcome == Outcome::Success).then_some((person, role))
}

#[cfg(test)]
mod listed_types;
#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Actor, ActorKind, EntryTarget, EntryType};

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
        entry.change_id = Some(ChangeId::parse("00000004-0000-4000-8000-000000000001").unwrap());
        entry.actor.person_id = Some(person());
        entry.data.insert("effect".into(), "e".into());
        entry
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
        projection.apply(&about_role(GRANTED, 1));
        assert!(has_role(&projection, 1) && !has_role(&projection, 2));
        projection.apply(&about_role(ENDED, 3));
        assert!(!has_role(&projection, 1));
        projection.apply(&about_role(GRANTED, 5));
        assert!(!has_role(&projection, 1) && has_role(&projection, 5));
    }

    #[test]
    fn each_entry_about_a_change_or_an_identity_is_counted() {
        let mut projection = Projection::default();
        for kind in EventKind::ALL {
            projection.apply(&entry(kind.as_str(), 1));
        }
        let of = |about: [&str; 3]| {
            let words = EventKind::ALL.iter().map(|kind| kind.as_str());
            let of = words.filter(|word| about.iter().any(|about| word.starts_with(about)));
            u64::try_from(of.count()).unwrap()
        };
        let counts = EntryCounts {
            changes: of(["change."; 3]),
            identities: of(["identity.", "subject.", "sync."]),
        };
        assert_eq!(projection.counts(), counts);
        // A type of a newer version counts as well.
        projection.apply(&entry("change.newer", 2));
        assert_eq!(projection.counts().changes, counts.changes + 1);
    }

    #[test]
    fn a_decision_is_of_the_round_in_which_it_was_entered() {
        let mut projection = Projection::default();
        for (kind, at) in [(APPROVED, 1), (SENT_BACK, 2), (DECLINED, 3)] {
            projection.apply(&about_change(kind, at));
        }
        let decisions = projection.changes().values().next().unwrap();
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
        projection.apply(&asks);
        let mut decisions = projection.changes().values().next().unwrap().clone();
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
            projection.apply(&entry);
        }
        assert_eq!(projection, Projection::default());
    }
}
