//! The verdict on a change: one request to Cedar for every gain; the strictest answer wins.
//!
//! Evaluates what people gain, and not operations. Removing access is not a gain: it needs no eligibility, and no
//! guardrail applies to it. Only the program's own checks (`system`, `indirect_effects`) do. People whom the policies
//! cannot distinguish are evaluated once (`gainer_classes`); `reference/` compares the result with that of evaluating
//! everybody.

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
    sync::Arc,
};

use super::{
    evaluator::{Evaluator, PolicyResponse},
    gainer_classes::{GainerClass, GainerClasses},
    hit_collector::{HitCollector, eligible_by},
    indirect_effects, removals,
    request_template::{
        AccessPath, OnRecord, PEOPLE, PolicyAction, PolicyPrincipal, PolicyResource,
        RequestTemplate, RequesterContext, SetAttributes,
    },
    results::{Evaluation, Gain, GainKind, RequestContext},
    rules::Rules,
    system::Objections,
};
use crate::{
    access::{Path, PeopleCounter},
    budget::{Budget, Stopped},
    change::Operation,
    diff::{self, Effect, Gainers, SharedPath, effect_hash},
    grant::Term,
    ids::{AccountId, Pair, PersonId, UserId},
    permission_set::analysis::Capability,
    snapshot::{Provisioned, Snapshot},
    subject::SubjectContext,
    time::{Duration, Timestamp},
    verdict::{Hit, Verdict},
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
    budget: Budget<'_>,
) -> Result<Evaluation, Stopped> {
    let context = SubjectContext {
        snapshot: before,
        states: &asked.states,
    };
    let effect = diff::effect(context, under_way, operations, budget)?;
    let review_on = asked.review_on;
    let hash = effect_hash(
        before,
        operations,
        &effect,
        review_on,
        rules.version(),
        budget,
    )?;
    let gains = effect.gaining().into_iter();
    let gains = gains.filter_map(|user| asked.person_of(before, user).cloned());
    let barred = operations
        .iter()
        .flat_map(|item| item.subject().bars(context));
    let gaining: BTreeSet<PersonId> = gains.chain(barred).collect();
    let approvals = counted(asked, &gaining);
    let agreed = approvals.len();
    let objections = Objections::of(context, operations, asked, agreed);
    let mut indirect = indirect_effects::hits(before, operations, &effect, asked, rules, agreed);
    let at_the_end = indirect_effects::removals_at_the_end(before, operations, asked);
    let removing = [operations, &at_the_end].concat();
    indirect.extend(removals::hits(
        before, &removing, &effect, asked, rules, agreed,
    ));
    let evaluation = ChangeEvaluation {
        rules,
        snapshot: before,
        ask: ask(before, asked, rules, now),
        people: people_by_account(before, &effect, rules, budget)?,
        indirect,
        approvals,
        budget,
    };
    let classes = GainerClasses::new(
        before,
        asked,
        [under_way, operations],
        objections.users(),
        budget,
    );
    let (hits, gains) = evaluation.gains(&effect, classes, objections)?;
    Ok(Evaluation {
        verdict: Verdict::of(hits, rules.version().clone()),
        effect,
        hash,
        gains,
        gaining,
    })
}

impl RequestContext {
    /// Returns the person of a user.
    pub(super) fn person_of<'a>(
        &'a self,
        snapshot: &'a Snapshot,
        user: &UserId,
    ) -> Option<&'a PersonId> {
        self.new_persons.get(user).or_else(|| snapshot.person(user))
    }

    /// Returns the requester's own user.
    pub(super) fn own_user<'a>(&'a self, snapshot: &'a Snapshot) -> Option<&'a UserId> {
        let newer = self.new_user.as_ref();
        newer.or_else(|| snapshot.user_of(&self.requester))
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
    budget: Budget<'_>,
) -> Result<BTreeMap<AccountId, i64>, Stopped> {
    if !rules.mentions.word(PEOPLE) {
        return Ok(BTreeMap::new());
    }
    let mut gaining: BTreeMap<&AccountId, Vec<&Arc<[UserId]>>> = BTreeMap::new();
    for SharedPath { pair, gainers, .. } in effect.evaluated_paths() {
        let lists = gaining.entry(&pair.account).or_default();
        if let Gainers::Users(users) = gainers {
            lists.push(users);
        }
    }
    let mut counter = PeopleCounter::new(snapshot);
    let mut people = BTreeMap::new();
    for (account, lists) in gaining {
        budget.check()?;
        let count = counter.in_account_with(account, &lists);
        people.insert(account.clone(), count);
    }
    Ok(people)
}

fn ask(
    snapshot: &Snapshot,
    asked: &RequestContext,
    rules: &Rules,
    now: Timestamp,
) -> RequesterContext {
    let requester = &asked.requester;
    let user = asked.own_user(snapshot);
    let groups = user.map_or(&[][..], |user| snapshot.groups_of(user));
    let mut who = PolicyPrincipal::of(
        rules,
        Some(requester.as_str()),
        user.and_then(|user| snapshot.user(user)),
        groups.iter().cloned(),
    );
    // Always with the person's own id, so that `principal == context.requester` works.
    requester.as_str().clone_into(&mut who.id);
    RequesterContext {
        requester: who,
        roles: asked.roles.clone(),
        ticket: asked.ticket,
        review_date: asked.review_on.is_some(),
        mfa: asked.mfa,
        at: now.0.div_euclid(1_000),
    }
}

/// Everything that is the same for all gains of one change.
struct ChangeEvaluation<'a> {
    rules: &'a Rules,
    snapshot: &'a Snapshot,
    ask: RequesterContext,
    approvals: BTreeSet<String>,
    people: BTreeMap<AccountId, i64>,
    indirect: Vec<Hit>,
    budget: Budget<'a>,
}

impl<'a> ChangeEvaluation<'a> {
    /// Evaluates all gains, and returns them with the hits.
    fn gains(
        self,
        effect: &'a Effect,
        mut classes: GainerClasses<'a>,
        objections: Objections<'_>,
    ) -> Result<(Vec<Hit>, Vec<Gain>), Stopped> {
        let mut evaluator = Evaluator::new(self.rules);
        let mut gains: Vec<Gain> = Vec::new();
        let mut answers: Vec<Vec<Rc<PolicyResponse>>> = Vec::new();
        for path in effect.evaluated_paths() {
            self.budget.check()?;
            for class in classes.of(&path.gainers, &mut evaluator)?.iter() {
                let answered = self.answers(path, class, &mut evaluator);
                gains.push(Gain {
                    path: SharedPath {
                        gainers: class.gainers.clone(),
                        ..path.clone()
                    },
                    kind: class.kind,
                    eligible_by: eligible_by(self.rules, &answered),
                    hits: Vec::new(),
                });
                answers.push(answered);
            }
        }
        let mut found = objections.hits(gains.iter().map(|gain| &gain.path));
        found.extend(self.indirect);
        let mut hits = HitCollector::new(found);
        for (at, (gain, answers)) in gains.iter().zip(&answers).enumerate() {
            let account = &gain.path.pair.account;
            hits.take(self.rules, self.snapshot, at, account, answers);
        }
        let counts: Vec<usize> = gains.iter().map(|gain| gain.path.gainers.count()).collect();
        let hits = hits.sorted(self.rules, &counts);
        for (number, hit) in hits.iter().enumerate() {
            for gain in &hit.gains {
                gains[*gain].hits.push(number);
            }
        }
        Ok((hits, gains))
    }

    /// Returns the answers for one class. Empty if the account is unknown, which is blocked elsewhere.
    fn answers(
        &self,
        path: &SharedPath,
        class: &GainerClass,
        evaluator: &mut Evaluator<'_>,
    ) -> Vec<Rc<PolicyResponse>> {
        let Some(frame) = self.frame(path, class.kind) else {
            return Vec::new();
        };
        let number = evaluator.frame(frame.clone());
        class
            .people
            .iter()
            .map(|(who_number, who)| evaluator.numbered((number, &frame), (*who_number, who)))
            .collect()
    }

    fn frame(&self, gain: &SharedPath, kind: GainKind) -> Option<RequestTemplate> {
        let (account, class) = self.snapshot.account(&gain.pair.account)?;
        let act = match kind {
            GainKind::Request => PolicyAction::Request,
            GainKind::Grant => PolicyAction::Grant,
        };
        Some(RequestTemplate {
            act,
            place: PolicyResource::of(self.rules, account, *class),
            power: set_attributes(self.rules, self.snapshot, &gain.pair),
            minutes: minutes(gain.term),
            access_path: access_path(self.rules, self.snapshot, &gain.path),
            latent: matches!(gain.gainers, Gainers::FutureMembers(_)),
            people: self.people.get(&gain.pair.account).copied().unwrap_or(0),
            record: OnRecord::requested(self.approvals.clone()),
            ask: Some(self.ask.clone()),
        })
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
            set.analysis.capabilities(),
            latest,
            set.content.session_seconds,
        ),
        None => SetAttributes::of(rules, &pair.set, [Capability::Unknown].into(), false, 0),
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
