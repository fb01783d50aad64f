//! The verdict on a change: one request to Cedar for every gain; the strictest answer wins.
//!
//! Evaluates what people gain, and not operations. Removing access is not a gain: it needs no eligibility, and no
//! guardrail applies to it. Only the program's own checks (`system`, `indirect_effects`) do.

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use super::{
    evaluator::{Evaluator, PolicyResponse},
    hit_collector::{HitCollector, eligible_by, verdict},
    indirect_effects, removals,
    request_template::{
        AccessPath, PEOPLE, PolicyAction, PolicyPrincipal, PolicyResource, RequestTemplate,
        RequesterContext, SetAttributes,
    },
    results::{Evaluation, Gain, GainKind, RequestContext},
    rules::Rules,
    system,
};
use crate::{
    access::{self, Path},
    change::Operation,
    diff::{self, Effect, Gainer, Step, effect_hash},
    grant::Term,
    ids::{AccountId, GroupId, Pair, PersonId, UserId},
    permission_set::analysis::Risk,
    snapshot::{Provisioned, Snapshot},
    time::{Duration, Timestamp},
};

/// Evaluates operations against existing access and unfinished changes.
///
/// `under_way` contains the operations of every change that is approved and unfinished. `now` is for policies that
/// depend on the time.
pub fn evaluate(
    before: &Snapshot,
    under_way: &[Operation],
    operations: &[Operation],
    asked: &RequestContext,
    rules: &Rules,
    now: Timestamp,
) -> Evaluation {
    let effect = diff::effect(before, under_way, operations);
    let hash = effect_hash(before, operations, &effect, rules.version());
    let gaining: BTreeSet<PersonId> = effect
        .gaining()
        .into_iter()
        .filter_map(|user| before.person(user).cloned())
        .collect();
    let approvals = counted(asked, &gaining);
    let mut found = system::refusals(before, operations, &effect);
    let agreed = approvals.len();
    found.extend(indirect_effects::hits(
        before, operations, &effect, asked, rules, agreed,
    ));
    found.extend(removals::hits(
        before, operations, &effect, asked, rules, agreed,
    ));
    let mut hits = HitCollector::new(found);
    let mut evaluation = ChangeEvaluation {
        evaluator: Evaluator::new(rules),
        snapshot: before,
        moves: [&[], under_way, operations],
        asked,
        approvals,
        people: people_by_account(before, &effect, rules),
        now,
    };
    let answers: Vec<Vec<Rc<PolicyResponse>>> = effect
        .evaluated_steps()
        .map(|step| evaluation.answers(step))
        .collect();
    for (at, (step, answers)) in effect.evaluated_steps().zip(&answers).enumerate() {
        hits.take(rules, before, at, step, answers);
    }
    let hits = hits.sorted(rules);
    let gains = effect
        .evaluated_steps()
        .zip(&answers)
        .enumerate()
        .map(|(at, (step, answers))| Gain {
            step: step.clone(),
            person: person_of(before, step).cloned(),
            kind: evaluation.kind(step),
            eligible_by: eligible_by(rules, answers),
            hits: (0..hits.len())
                .filter(|hit| hits[*hit].gains.contains(&at))
                .collect(),
        })
        .collect();
    Evaluation {
        verdict: verdict(hits, rules),
        effect,
        hash,
        gains,
        gaining,
    }
}

fn person_of<'a>(snapshot: &'a Snapshot, step: &Step) -> Option<&'a PersonId> {
    match &step.gainer {
        Gainer::User(user) => snapshot.person(user),
        Gainer::FutureMember(_) => None,
    }
}

/// Returns the approvals that count: those by neither the requester nor a beneficiary.
fn counted(asked: &RequestContext, gaining: &BTreeSet<PersonId>) -> BTreeSet<String> {
    asked
        .approvals
        .iter()
        .filter(|person| **person != asked.requester && !gaining.contains(*person))
        .map(|person| person.as_str().to_owned())
        .collect()
}

/// Counts the people with access to each account in which somebody gains, after the change. Empty if no policy uses it.
fn people_by_account(
    snapshot: &Snapshot,
    effect: &Effect,
    rules: &Rules,
) -> BTreeMap<AccountId, i64> {
    if !rules.mentions.word(PEOPLE) {
        return BTreeMap::new();
    }
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

/// Everything that is the same for all gains of one change.
struct ChangeEvaluation<'a> {
    evaluator: Evaluator<'a>,
    snapshot: &'a Snapshot,
    /// Nothing, then the unfinished changes, then this change: a person's groups are determined after each.
    moves: [&'a [Operation]; 3],
    asked: &'a RequestContext,
    approvals: BTreeSet<String>,
    people: BTreeMap<AccountId, i64>,
    now: Timestamp,
}

impl ChangeEvaluation<'_> {
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
            .map(|who| self.evaluator.answer(&frame, who))
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
            people: self.people.get(&step.pair.account).copied().unwrap_or(0),
            approvals: self.approvals.clone(),
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
                match operation {
                    Operation::AddMember { group, user: whom } if whom == user => {
                        groups.insert(group.clone());
                    }
                    Operation::RemoveMember { group, user: whom } if whom == user => {
                        groups.remove(group);
                    }
                    _ => {}
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

/// Returns what is known about a permission set in an account. The content is unknown if the set was not read or if the
/// account holds an older content.
pub(super) fn set_attributes(rules: &Rules, snapshot: &Snapshot, pair: &Pair) -> SetAttributes {
    let latest = snapshot
        .pair(pair)
        .is_none_or(|read| read.provisioned == Provisioned::Latest);
    match snapshot.set(&pair.set) {
        Some(set) => SetAttributes::of(
            rules,
            &pair.set,
            set.analysis.risks(),
            latest,
            set.content.session_seconds,
        ),
        None => SetAttributes::of(rules, &pair.set, [Risk::Unknown].into(), false, 0),
    }
}

pub(super) fn access_path(rules: &Rules, snapshot: &Snapshot, path: &Path) -> AccessPath {
    match path {
        Path::Direct => AccessPath::Direct,
        Path::Group(group) => AccessPath::group(
            rules,
            group,
            snapshot.group(group).map(|known| known.origin),
        ),
    }
}

/// Returns whole minutes, rounded up: a duration of 240 minutes and one second exceeds 240 minutes.
pub(super) fn minutes(term: Term) -> Option<i64> {
    match term {
        Term::For(Duration(ms)) => {
            Some(ms.div_euclid(60_000) + i64::from(ms.rem_euclid(60_000) != 0))
        }
        Term::Standing => None,
    }
}
