//! The straightforward evaluation: every gain of every person is evaluated on its own.

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use super::{
    super::{
        change_evaluation::{access_path, minutes, set_attributes},
        evaluator::{Evaluator, PolicyResponse},
        hit_collector::eligible_by,
        request_template::{
            OnRecord, PolicyAction, PolicyPrincipal, PolicyResource, RequestTemplate,
            RequesterContext,
        },
        results::{GainKind, RequestContext},
        rules::Rules,
        system::{self, ELIGIBILITY_NONE, RULE_ERROR},
    },
    diff::{self, Rows, effect_hash},
};
use crate::{
    access::{self, Path},
    change::Operation,
    diff::{Gainer, Step},
    ids::{AccountId, EffectHash, GroupId, PersonId, Principal, UserId},
    snapshot::Snapshot,
    subject::{SubjectContext, SubjectStates},
    time::Timestamp,
    verdict::{Hit, Remedies, Verdict},
};

/// What the policies find for one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RowGain {
    pub step: Step,
    pub kind: GainKind,
    pub eligible_by: Vec<String>,
    pub hits: Vec<usize>,
}

#[derive(Debug)]
pub(super) struct RowEvaluation {
    pub verdict: Verdict,
    pub effect: Rows,
    pub hash: EffectHash,
    pub gains: Vec<RowGain>,
    pub gaining: BTreeSet<PersonId>,
}

pub(super) fn evaluate(
    before: &Snapshot,
    under_way: &[Operation],
    operations: &[Operation],
    asked: &RequestContext,
    rules: &Rules,
    now: Timestamp,
) -> RowEvaluation {
    let effect = diff::effect(before, under_way, operations);
    let hash = effect_hash(
        before,
        operations,
        &effect,
        asked.review_on,
        rules.version(),
    );
    let gaining: BTreeSet<PersonId> = effect
        .gaining()
        .into_iter()
        .filter_map(|user| before.person(user).cloned())
        .collect();
    let approvals: BTreeSet<String> = asked
        .approvals
        .iter()
        .filter(|person| **person != asked.requester && !gaining.contains(*person))
        .map(|person| person.as_str().to_owned())
        .collect();
    let mut system = refusals(before, operations, &effect);
    // Looks only at which operations lead anywhere, which the rows must agree with.
    let kept = effect.evaluated_steps().cloned().collect();
    let as_steps = crate::diff::Effect {
        gained: kept,
        ..crate::diff::Effect::default()
    };
    system.extend(super::super::indirect_effects::hits(
        before,
        operations,
        &as_steps,
        asked,
        rules,
        approvals.len(),
    ));
    let mut evaluation = RowByRow {
        evaluator: Evaluator::new(rules),
        snapshot: before,
        moves: [&[], under_way, operations],
        asked,
        approvals,
        people: people_by_account(before, &effect),
        now,
    };
    let answers: Vec<Vec<Rc<PolicyResponse>>> = effect
        .evaluated_steps()
        .map(|step| evaluation.answers(step))
        .collect();
    let hits = collected(rules, system, &effect, &answers);
    let gains = effect
        .evaluated_steps()
        .zip(&answers)
        .enumerate()
        .map(|(at, (step, answers))| RowGain {
            step: step.clone(),
            kind: evaluation.kind(step),
            eligible_by: eligible_by(rules, answers),
            hits: (0..hits.len())
                .filter(|hit| hits[*hit].gains.contains(&at))
                .collect(),
        })
        .collect();
    RowEvaluation {
        verdict: Verdict::of(hits, rules.version().clone()),
        effect,
        hash,
        gains,
        gaining,
    }
}

fn collected(
    rules: &Rules,
    mut system: Vec<Hit>,
    effect: &Rows,
    answers: &[Vec<Rc<PolicyResponse>>],
) -> Vec<Hit> {
    const UNKNOWN: &str = "system.unknown-account";
    let mut ineligible = BTreeSet::new();
    let mut failed: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    let mut by_rule: BTreeMap<(usize, Option<Remedies>), BTreeSet<usize>> = BTreeMap::new();
    for (gain, (step, answers)) in effect.evaluated_steps().zip(answers).enumerate() {
        if answers.is_empty() {
            let known = |hit: &Hit| hit.rule == UNKNOWN && hit.gains.contains(&gain);
            if !system.iter().any(known) {
                let reason = format!(
                    "This gives access to account {}, which is not in the organization as of the last complete read \
                     of AWS. Check what the group is assigned to, or try again after the next read.",
                    step.pair.account
                );
                system.push(system::hit(UNKNOWN, reason, "PCI 7.2.1", [gain].into()));
            }
            continue;
        }
        if eligible_by(rules, answers).is_empty() {
            ineligible.insert(gain);
        }
        for answer in answers {
            for error in &answer.errors {
                failed.entry(error.clone()).or_default().insert(gain);
            }
            for (rule, remedy) in &answer.forbids {
                by_rule
                    .entry((*rule, remedy.clone()))
                    .or_default()
                    .insert(gain);
            }
        }
    }
    let mut sorted = system;
    for (error, gains) in failed {
        let reason = format!(
            "A policy could not be evaluated, so this change is blocked. Report this error to the maintainer of the policies: {error}"
        );
        sorted.push(system::passing(system::hit(
            RULE_ERROR,
            reason,
            "PCI 7.3.3",
            gains,
        )));
    }
    if !ineligible.is_empty() {
        let reason = "No policy allows you to request this. You can request temporary access for yourself, and \
                      administrators can propose everything else.";
        sorted.push(system::hit(
            ELIGIBILITY_NONE,
            reason.to_owned(),
            "PCI 7.3.3",
            ineligible,
        ));
    }
    for ((rule, remedy), gains) in by_rule {
        let mut hit = rules.list()[rule].hit(remedy);
        hit.gains = gains;
        sorted.push(hit);
    }
    sorted
}

fn refusals(snapshot: &Snapshot, operations: &[Operation], effect: &Rows) -> Vec<Hit> {
    let mut found: Vec<Hit> = Vec::new();
    for operation in operations {
        let gains: BTreeSet<usize> = effect
            .evaluated_steps()
            .enumerate()
            .filter(|(_, step)| rests_on(step, operation))
            .map(|(at, _)| at)
            .collect();
        let context = SubjectContext {
            snapshot,
            states: &SubjectStates::default(),
        };
        for objection in operation.subject().objections(context) {
            match found
                .iter_mut()
                .find(|hit| hit.rule == objection.rule && hit.reason == objection.reason)
            {
                Some(hit) => hit.gains.extend(gains.iter().copied()),
                None => found.push(Hit {
                    gains: gains.clone(),
                    ..system::objected(objection)
                }),
            }
        }
    }
    found
}

fn rests_on(step: &Step, operation: &Operation) -> bool {
    if let Some((assignment, _)) = operation.assigns() {
        return step.pair == assignment.pair
            && match (&assignment.principal, &step.path, &step.gainer) {
                (Principal::Group(group), Path::Group(path), _) => group == path,
                (Principal::User(user), Path::Direct, Gainer::User(gainer)) => user == gainer,
                _ => false,
            };
    }
    operation.joins().is_some_and(|(group, user)| {
        step.path == Path::Group(group.clone()) && step.gainer == Gainer::User(user.clone())
    })
}

fn person_of<'a>(snapshot: &'a Snapshot, step: &Step) -> Option<&'a PersonId> {
    match &step.gainer {
        Gainer::User(user) => snapshot.person(user),
        Gainer::FutureMember(_) => None,
    }
}

fn people_by_account(snapshot: &Snapshot, effect: &Rows) -> BTreeMap<AccountId, i64> {
    let mut users: BTreeMap<AccountId, BTreeSet<UserId>> = BTreeMap::new();
    for step in effect.evaluated_steps() {
        let account = &step.pair.account;
        let there = users.entry(account.clone()).or_insert_with(|| {
            access::reaching(snapshot, account)
                .map(|reach| reach.user)
                .collect()
        });
        if let Gainer::User(user) = &step.gainer {
            there.insert(user.clone());
        }
    }
    users
        .into_iter()
        .map(|(account, users)| (account, i64::try_from(users.len()).unwrap_or(i64::MAX)))
        .collect()
}

struct RowByRow<'a> {
    evaluator: Evaluator<'a>,
    snapshot: &'a Snapshot,
    moves: [&'a [Operation]; 3],
    asked: &'a RequestContext,
    approvals: BTreeSet<String>,
    people: BTreeMap<AccountId, i64>,
    now: Timestamp,
}

impl RowByRow<'_> {
    fn kind(&self, step: &Step) -> GainKind {
        if person_of(self.snapshot, step) == Some(&self.asked.requester) {
            GainKind::Request
        } else {
            GainKind::Grant
        }
    }

    /// Returns one answer for every set of groups that the person is a member of before, during and after the change: a
    /// change must not lift a policy about a group by moving somebody in or out of it. Empty if the account is unknown,
    /// which is blocked elsewhere.
    fn answers(&mut self, step: &Step) -> Vec<Rc<PolicyResponse>> {
        let Some(frame) = self.frame(step) else {
            return Vec::new();
        };
        let people = self.people_gaining(step);
        people
            .iter()
            .map(|who| {
                let numbers = (
                    self.evaluator.frame(frame.clone()),
                    self.evaluator.who(who.clone()),
                );
                self.evaluator
                    .numbered((numbers.0, &frame), (numbers.1, who))
            })
            .collect()
    }

    fn frame(&self, step: &Step) -> Option<RequestTemplate> {
        let rules = self.evaluator.rules;
        let (account, class) = self.snapshot.account(&step.pair.account)?;
        let act = match self.kind(step) {
            GainKind::Request => PolicyAction::Request,
            GainKind::Grant => PolicyAction::Grant,
        };
        Some(RequestTemplate {
            act,
            place: PolicyResource::of(rules, account, *class),
            power: set_attributes(rules, self.snapshot, &step.pair),
            minutes: minutes(step.term),
            access_path: access_path(rules, self.snapshot, &step.path),
            latent: matches!(step.gainer, Gainer::FutureMember(_)),
            people: if rules.mentions.word(super::super::request_template::PEOPLE) {
                self.people.get(&step.pair.account).copied().unwrap_or(0)
            } else {
                0
            },
            record: OnRecord::requested(self.approvals.clone()),
            ask: Some(self.ask()),
        })
    }

    fn ask(&self) -> RequesterContext {
        let requester = &self.asked.requester;
        let user = self.snapshot.user_of(requester);
        let groups = user.map_or(&[][..], |user| self.snapshot.groups_of(user));
        let mut who = PolicyPrincipal::of(
            self.evaluator.rules,
            Some(requester.as_str()),
            user.and_then(|user| self.snapshot.user(user)),
            groups.iter().cloned(),
        );
        // Always with the person's own id, so that `principal == context.requester` works.
        requester.as_str().clone_into(&mut who.id);
        RequesterContext {
            requester: who,
            roles: self.asked.roles.clone(),
            ticket: self.asked.ticket,
            review_date: self.asked.review_on.is_some(),
            mfa: self.asked.mfa,
            at: self.now.0.div_euclid(1_000),
        }
    }

    fn people_gaining(&self, step: &Step) -> Vec<PolicyPrincipal> {
        let Gainer::User(user) = &step.gainer else {
            return vec![PolicyPrincipal::unknown()];
        };
        let mut groups: BTreeSet<GroupId> = self.snapshot.groups_of(user).iter().cloned().collect();
        let mut found: Vec<PolicyPrincipal> = Vec::new();
        for moves in self.moves {
            for operation in moves {
                if let Some((group, _)) = operation.joins().filter(|(_, whom)| *whom == user) {
                    groups.insert(group.clone());
                }
                if let Some((group, _)) = operation.leaves().filter(|(_, whom)| *whom == user) {
                    groups.remove(group);
                }
            }
            let person = person_of(self.snapshot, step).map(PersonId::as_str);
            let mut who = PolicyPrincipal::of(
                self.evaluator.rules,
                person,
                self.snapshot.user(user),
                groups.iter().cloned(),
            );
            if self.kind(step) == GainKind::Request {
                self.asked.requester.as_str().clone_into(&mut who.id);
            }
            if !found.contains(&who) {
                found.push(who);
            }
        }
        found
    }
}
