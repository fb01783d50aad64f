//! The verdict on a change: one request to Cedar for every gain; the strictest answer wins.
//!
//! Evaluates what people gain, and not operations. Removing access is not a gain: it needs no eligibility, and no
//! guardrail applies to it. Only the program's own checks (`system`, `quiet`) do.

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use super::{
    answer::{Asked, Gain, GainKind, Judgement},
    case::{Act, Ask, Frame, PEOPLE, Place, Power, Way, Who},
    evaluate::{Answer, Evaluator},
    hits::{Hits, eligible_by, verdict},
    quiet,
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
pub fn judge(
    before: &Snapshot,
    under_way: &[Operation],
    operations: &[Operation],
    asked: &Asked,
    rules: &Rules,
    now: Timestamp,
) -> Judgement {
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
    found.extend(quiet::hits(
        before, operations, &effect, asked, rules, agreed,
    ));
    let mut hits = Hits::new(found);
    let mut court = Court {
        evaluator: Evaluator::new(rules),
        snapshot: before,
        moves: [&[], under_way, operations],
        asked,
        approvals,
        people: people_by_account(before, &effect, rules),
        now,
    };
    let answers: Vec<Vec<Rc<Answer>>> = effect.judged().map(|step| court.answers(step)).collect();
    for (at, (step, answers)) in effect.judged().zip(&answers).enumerate() {
        hits.take(rules, before, at, step, answers);
    }
    let hits = hits.sorted(rules);
    let gains = effect
        .judged()
        .zip(&answers)
        .enumerate()
        .map(|(at, (step, answers))| Gain {
            step: step.clone(),
            person: person_of(before, step).cloned(),
            kind: court.kind(step),
            eligible_by: eligible_by(rules, answers),
            hits: (0..hits.len())
                .filter(|hit| hits[*hit].gains.contains(&at))
                .collect(),
        })
        .collect();
    Judgement {
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
fn counted(asked: &Asked, gaining: &BTreeSet<PersonId>) -> BTreeSet<String> {
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
    for step in effect.judged() {
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
struct Court<'a> {
    evaluator: Evaluator<'a>,
    snapshot: &'a Snapshot,
    /// Nothing, then the unfinished changes, then this change: a person's groups are determined after each.
    moves: [&'a [Operation]; 3],
    asked: &'a Asked,
    approvals: BTreeSet<String>,
    people: BTreeMap<AccountId, i64>,
    now: Timestamp,
}

impl Court<'_> {
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
    fn answers(&mut self, step: &Step) -> Vec<Rc<Answer>> {
        let Some(frame) = self.frame(step) else {
            return Vec::new();
        };
        let people = self.people_gaining(step);
        people
            .iter()
            .map(|who| self.evaluator.answer(&frame, who))
            .collect()
    }

    fn frame(&self, step: &Step) -> Option<Frame> {
        let rules = self.evaluator.rules;
        let (account, class) = self.snapshot.account(&step.pair.account)?;
        let act = match self.kind(step) {
            GainKind::Request => Act::Request,
            GainKind::Grant => Act::Grant,
        };
        Some(Frame {
            act,
            place: Place::of(rules, account, *class),
            power: power(rules, self.snapshot, &step.pair),
            minutes: minutes(step.term),
            way: way(rules, self.snapshot, &step.path),
            latent: matches!(step.gainer, Gainer::FutureMember(_)),
            people: self.people.get(&step.pair.account).copied().unwrap_or(0),
            approvals: self.approvals.clone(),
            ask: Some(self.ask()),
        })
    }

    fn ask(&self) -> Ask {
        let requester = &self.asked.requester;
        let user = self.snapshot.user_of(requester);
        let groups = user.map_or(&[][..], |user| self.snapshot.groups_of(user));
        let mut who = Who::of(
            self.evaluator.rules,
            Some(requester.as_str()),
            user.and_then(|user| self.snapshot.user(user)),
            groups.iter().cloned(),
        );
        // Always with the person's own id, so that `principal == context.requester` works.
        requester.as_str().clone_into(&mut who.id);
        Ask {
            requester: who,
            roles: self.asked.roles.clone(),
            ticket: self.asked.ticket,
            mfa: self.asked.mfa,
            at: self.now.0.div_euclid(1_000),
        }
    }

    fn people_gaining(&self, step: &Step) -> Vec<Who> {
        let Gainer::User(user) = &step.gainer else {
            return vec![Who::unknown()];
        };
        let mut groups: BTreeSet<GroupId> = self.snapshot.groups_of(user).iter().cloned().collect();
        let mut found: Vec<Who> = Vec::new();
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
            let mut who = Who::of(
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
pub(super) fn power(rules: &Rules, snapshot: &Snapshot, pair: &Pair) -> Power {
    let latest = snapshot
        .pair(pair)
        .is_none_or(|read| read.provisioned == Provisioned::Latest);
    match snapshot.set(&pair.set) {
        Some(set) => Power::of(
            rules,
            &pair.set,
            set.analysis.risks(),
            latest,
            set.content.session_seconds,
        ),
        None => Power::of(rules, &pair.set, [Risk::Unknown].into(), false, 0),
    }
}

pub(super) fn way(rules: &Rules, snapshot: &Snapshot, path: &Path) -> Way {
    match path {
        Path::Direct => Way::Direct,
        Path::Group(group) => Way::group(
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
