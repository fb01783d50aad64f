//! The preview of a change before it is submitted. Writes nothing.

use std::collections::{BTreeMap, BTreeSet};

use app::backend::{
    AffectedPeople, AlarmOnSubmit, ChangeForm, ChangeKind, Denied, EffectPage, EffectRow,
    GainedSet, PortResult, Preview, WaysOut,
};
use domain::{
    authorize::Action,
    change::{Operation, Proposal},
    diff::{Effect, Steps},
    directory::UserStatus,
    ids::{EffectHash, PermissionSetArn, PersonId, Principal, UserId},
    policies::{Evaluation, RequestContext, is_alarm_hit},
    snapshot::Snapshot,
    subject::SubjectStates,
    time::{Date, Timestamp},
    verdict::{Outcome, Verdict},
};

use super::{
    descriptions, evaluation::evaluate_now, identity_evidence, person_names::PersonNames,
    report_difference, scope::Scope, subject_effects,
};
use crate::{
    service::{Service, existing, moved_accounts::Current, names},
    store::{StoreConnection, StoreError},
};

/// A verdict to show, and the effect that it is about.
pub(super) struct ShownVerdict<'v> {
    pub effect: &'v Effect,
    pub verdict: Verdict,
    pub hash: EffectHash,
    pub review_on: Option<Date>,
    pub not_before: Option<Timestamp>,
    /// Who is not named as an approver.
    pub barred: &'v BTreeSet<PersonId>,
}

impl Service {
    /// Returns the default user of a form: the viewer, if the change gives them access or they may propose only for
    /// themselves.
    pub(super) fn own_for(&self, scope: &Scope, change_form: &ChangeForm) -> Option<UserId> {
        let gains = change_form.known_kind().is_some_and(ChangeKind::gives);
        match scope {
            Scope::Own { user, .. } => Some(user.clone()),
            Scope::Everybody if gains => {
                let own = self.caller.user().cloned();
                own.filter(|own| self.read_model.snapshot.user(own).is_some())
            }
            Scope::Everybody => None,
        }
    }

    /// Returns for whom the viewer may propose changes.
    pub(super) fn scope(&self) -> PortResult<Scope> {
        let Err(denial) = domain::authorize::may(&self.caller.actor(), Action::Propose) else {
            return Ok(Scope::Everybody);
        };
        match self.caller.user() {
            Some(own) => Ok(Scope::Own {
                user: own.clone(),
                reason: denial.reason(),
            }),
            None => Err(Denied::Forbidden(
                domain::authorize::Denial::NotLinked.reason(),
            )),
        }
    }

    /// Returns the request context of the viewer.
    pub(super) fn asked(
        &self,
        person: &PersonId,
        ticket: Option<&str>,
        review_on: Option<Date>,
    ) -> RequestContext {
        let actor = self.caller.actor();
        RequestContext {
            requester: person.clone(),
            roles: actor.roles.clone(),
            mfa: actor.mfa,
            ticket: ticket.is_some(),
            review_on,
            approvals: BTreeSet::new(),
            ours: BTreeSet::new(),
            new_persons: BTreeMap::new(),
            new_user: None,
            earlier_removals: BTreeSet::new(),
            states: SubjectStates::default(),
            agreed_removals: BTreeSet::new(),
        }
    }

    pub(super) async fn preview_of(
        &self,
        person: &PersonId,
        proposal: &Proposal,
    ) -> Result<Preview, StoreError> {
        let operations = &proposal.operations;
        let (review_on, not_before) = (proposal.review_on, proposal.not_before);
        let mut conn = self.connection().await?;
        let asked = self.asked(person, None, review_on);
        let evaluation = evaluate_now(
            &self.app_state,
            &mut conn,
            &Current::of(&self.app_state),
            operations,
            &asked,
            None,
        )
        .await?;
        let Evaluation {
            verdict,
            effect,
            hash,
            gaining,
            ..
        } = evaluation;
        let barred = gaining.into_iter().chain([person.clone()]).collect();
        let shown = ShownVerdict {
            effect: &effect,
            verdict,
            hash,
            review_on,
            not_before,
            barred: &barred,
        };
        let mut people = PersonNames::new(&self.read_model.snapshot);
        let preview = self
            .preview_with(&mut conn, &mut people, operations, shown)
            .await?;
        drop(conn);
        let now = self.app_state.clock.now();
        Ok(Preview {
            report: report_difference::of(&self.read_model, operations, now),
            related: self.related(person, proposal).await?,
            ..preview
        })
    }

    /// Builds a preview from a verdict, of now or of the submission.
    pub(super) async fn preview_with(
        &self,
        conn: &mut StoreConnection,
        people: &mut PersonNames<'_>,
        operations: &[Operation],
        shown: ShownVerdict<'_>,
    ) -> Result<Preview, StoreError> {
        let snapshot = &self.read_model.snapshot;
        let ShownVerdict {
            effect,
            verdict,
            hash,
            review_on,
            not_before,
            barred,
        } = shown;
        let approvers = if verdict.outcome == Outcome::NeedsApproval {
            people.approvers_but(conn, barred).await?
        } else {
            Vec::new()
        };
        let rules = &self.read_model.rules;
        let alarm = if verdict.hits.iter().any(|hit| is_alarm_hit(rules, hit)) {
            AlarmOnSubmit::Raised
        } else {
            AlarmOnSubmit::None
        };
        let in_force = verdict.rules == *rules.version();
        let evidence = identity_evidence::of(conn, snapshot, people, operations).await?;
        let named = people.of_items(conn, operations).await?;
        let first = effect_page(snapshot, &named, effect, 1);
        Ok(Preview {
            title: descriptions::title(snapshot, &named, operations, operations.len()),
            gained: first.gained,
            gainers: affected(&effect.gained),
            lost: first.lost,
            losers: affected(&effect.lost),
            others: first.others,
            other_count: effect.others.len(),
            sets: gained_sets(snapshot, &effect.gained),
            session_seconds: session_seconds(snapshot, operations, effect),
            policy_titles: verdict
                .hits
                .iter()
                .map(|hit| (hit.rule.clone(), rules.title(&hit.rule)))
                .collect(),
            policies: in_force.then(|| rules.count()),
            verdict,
            effect: hash,
            review_on,
            not_before,
            disabled: disabled(snapshot, operations),
            approvers,
            alarm,
            evidence,
            related: Vec::new(),
            report: None,
            ways_out: WaysOut::default(),
        })
    }
}

/// Returns the names of the users to whom items give access although the directory has disabled them.
fn disabled(snapshot: &Snapshot, operations: &[Operation]) -> Vec<String> {
    let given = operations.iter().filter_map(|operation| {
        let assigned = operation.assigns().and_then(|(assignment, _)| {
            let Principal::User(user) = &assignment.principal else {
                return None;
            };
            Some(user)
        });
        let joined = operation.joins().map(|(_, user)| user);
        snapshot.user(assigned.or(joined)?)
    });
    let disabled = given.filter(|user| user.status == UserStatus::Disabled);
    let names: BTreeSet<&str> = disabled.map(|user| user.display_name.as_str()).collect();
    names.into_iter().map(str::to_owned).collect()
}

fn affected(steps: &Steps) -> AffectedPeople {
    AffectedPeople {
        people: steps.people(),
        groups: steps.groups_with_future_members(),
        rows: steps.len(),
    }
}

/// Returns one page of the gains, then the losses, then what changes besides access. Rows are built for that page only.
pub(super) fn effect_page(
    snapshot: &Snapshot,
    people: &descriptions::People,
    effect: &Effect,
    number: usize,
) -> EffectPage {
    let (gains, losses) = (effect.gained.len(), effect.lost.len());
    let all = gains + losses + effect.others.len();
    let number = existing(number, all, EffectPage::SIZE);
    let before = (number - 1) * EffectPage::SIZE;
    let gained: Vec<EffectRow> = effect
        .gained
        .iter()
        .skip(before)
        .take(EffectPage::SIZE)
        .map(|step| descriptions::gain(snapshot, &step))
        .collect();
    let lost: Vec<EffectRow> = effect
        .lost
        .iter()
        .skip(before.saturating_sub(gains))
        .take(EffectPage::SIZE - gained.len())
        .map(|step| descriptions::loss(snapshot, &step))
        .collect();
    let others = effect
        .others
        .iter()
        .skip(before.saturating_sub(gains + losses))
        .take(EffectPage::SIZE - gained.len() - lost.len())
        .map(|other| subject_effects::row(snapshot, people, other))
        .collect();
    EffectPage {
        gained,
        lost,
        others,
        number,
    }
}

/// Returns the permission sets that somebody gains, with what they allow, the most dangerous first.
fn gained_sets(snapshot: &Snapshot, gained: &Steps) -> Vec<GainedSet> {
    let paths = gained.paths().iter();
    let sets: BTreeSet<&PermissionSetArn> = paths.map(|path| &path.pair.set).collect();
    let sets = sets.into_iter().filter_map(|arn| snapshot.set(arn));
    let mut sets: Vec<GainedSet> = sets
        .map(|set| GainedSet {
            set: names::set(snapshot, &set.arn),
            analysis: set.analysis.clone(),
        })
        .collect();
    sets.sort_by(|a, b| {
        (&a.set.capabilities, &a.set.name).cmp(&(&b.set.capabilities, &b.set.name))
    });
    sets
}

/// Returns the maximum duration of a session that is started through the change, in seconds.
fn session_seconds(snapshot: &Snapshot, operations: &[Operation], effect: &Effect) -> u32 {
    let named = operations.iter().filter_map(Operation::assignment);
    let named = named.map(|assignment| &assignment.pair.set);
    let touched: BTreeSet<&PermissionSetArn> = effect
        .gained
        .paths()
        .iter()
        .chain(effect.lost.paths())
        .map(|path| &path.pair.set)
        .collect();
    named
        .chain(touched)
        .filter_map(|arn| snapshot.set(arn))
        .map(|set| set.content.session_seconds)
        .max()
        .unwrap_or(0)
}
