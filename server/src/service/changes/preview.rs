//! What a change would do, before anybody asks for it. Writes nothing.

use std::collections::BTreeSet;

use app::backend::{Answer, ChangeKind, Denied, Draft, FieldError, Preview, change_field};
use domain::{
    authorize::Action,
    change::Operation,
    diff::{Effect, EffectHash, Step},
    guardrails::{Asked, Judgement},
    ids::{PermissionSetArn, PersonId, UserId},
    permission_set::analysis::Finding,
    snapshot::Snapshot,
    verdict::{Outcome, Verdict},
};

use super::{choices::Scope, draft::Reading, judging::judge_now, people::People, words};
use crate::{service::Service, store::StoreError};

impl Service {
    /// Who is meant where nobody is named: whoever asks, if they gain by it or nobody else can be meant.
    pub(super) fn own_for(&self, scope: &Scope, draft: &Draft) -> Option<UserId> {
        let gains = draft.known_kind().is_some_and(ChangeKind::gives);
        match scope {
            Scope::Own(own) => Some(own.clone()),
            Scope::Everybody if gains => {
                let own = self.signed.user.clone();
                own.filter(|own| self.world.snapshot.user(own).is_some())
            }
            Scope::Everybody => None,
        }
    }

    /// For whom this person may propose.
    pub(super) fn scope(&self) -> Answer<Scope> {
        if self.allowed(Action::Propose).is_ok() {
            return Ok(Scope::Everybody);
        }
        match &self.signed.user {
            Some(own) => Ok(Scope::Own(own.clone())),
            None => Err(Denied::Forbidden(
                domain::authorize::Denial::NotJoined.reason(),
            )),
        }
    }

    /// Whether all of it is within what this person may propose.
    pub(super) fn within(&self, scope: &Scope, reading: &Reading) -> Result<(), FieldError> {
        if reading
            .operations
            .iter()
            .all(|operation| scope.covers(operation))
        {
            return Ok(());
        }
        let why = domain::authorize::may(&self.signed.actor, Action::Propose).err();
        let why = why.map_or("", domain::authorize::Denial::reason);
        Err(FieldError {
            field: change_field::WHO,
            message: format!(
                "You can ask for access of your own only. {why} Choose yourself, or ask an administrator; groups are theirs to fill."
            ),
        })
    }

    /// What is known of the one who asks.
    pub(super) fn asked(&self, person: &PersonId, ticket: Option<&str>) -> Asked {
        Asked {
            requester: person.clone(),
            roles: self.signed.actor.roles.clone(),
            mfa: self.signed.actor.mfa,
            ticket: ticket.is_some(),
            approvals: BTreeSet::new(),
            ours: BTreeSet::new(),
        }
    }

    pub(super) async fn preview_of(
        &self,
        person: &PersonId,
        operations: &[Operation],
    ) -> Result<Preview, StoreError> {
        let mut conn = self.core.store.read().acquire().await?;
        let asked = self.asked(person, None);
        let judgement =
            judge_now(&self.core, &mut conn, &self.world, operations, &asked, None).await?;
        drop(conn);
        let Judgement {
            verdict,
            effect,
            hash,
            gaining,
            ..
        } = judgement;
        self.preview_with(operations, &effect, verdict, hash, person, &gaining)
            .await
    }

    /// A preview of what was judged, now or when it was submitted.
    pub(super) async fn preview_with(
        &self,
        operations: &[Operation],
        effect: &Effect,
        verdict: Verdict,
        hash: EffectHash,
        requester: &PersonId,
        gaining: &BTreeSet<PersonId>,
    ) -> Result<Preview, StoreError> {
        let snapshot = &self.world.snapshot;
        let approvers = if verdict.outcome == Outcome::NeedsApproval {
            let mut barred = gaining.clone();
            barred.insert(requester.clone());
            People::new(&self.core.store, snapshot)
                .approvers_but(&barred)
                .await?
        } else {
            Vec::new()
        };
        Ok(Preview {
            title: words::title(snapshot, operations),
            gained: effect
                .gained
                .iter()
                .map(|step| words::gain(snapshot, step))
                .collect(),
            lost: effect
                .lost
                .iter()
                .map(|step| words::loss(snapshot, step))
                .collect(),
            findings: findings(snapshot, &effect.gained),
            session_seconds: session_seconds(snapshot, operations, effect),
            verdict,
            effect: hash,
            approvers,
        })
    }
}

/// What the sets that somebody gains could be abused for.
fn findings(snapshot: &Snapshot, gained: &[Step]) -> Vec<Finding> {
    let sets: BTreeSet<&PermissionSetArn> = gained.iter().map(|step| &step.pair.set).collect();
    sets.into_iter()
        .filter_map(|arn| snapshot.set(arn))
        .flat_map(|set| set.analysis.findings.clone())
        .collect()
}

/// The longest that a session begun through any of it may last.
fn session_seconds(snapshot: &Snapshot, operations: &[Operation], effect: &Effect) -> u32 {
    let named = operations.iter().filter_map(|operation| match operation {
        Operation::Assign { assignment, .. } | Operation::Unassign { assignment } => {
            Some(&assignment.pair.set)
        }
        Operation::AddMember { .. } | Operation::RemoveMember { .. } => None,
    });
    let touched = effect
        .gained
        .iter()
        .chain(&effect.lost)
        .map(|step| &step.pair.set);
    named
        .chain(touched)
        .filter_map(|arn| snapshot.set(arn))
        .map(|set| set.content.session_seconds)
        .max()
        .unwrap_or(0)
}
