//! The verdict on a change: one question for every gain, and the strictest answer wins.
//!
//! Judges what people gain, never what operations are called. Taking access away is no gain, needs
//! no eligibility and is never held up by a guardrail.

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use serde::{Deserialize, Serialize};

use super::{
    case::{Act, Ask, Frame, PEOPLE, Place, Power, Way, Who},
    evaluate::{Answer, Evaluator},
    rules::Rules,
    system::{self, ELIGIBILITY_NONE, RULE_ERROR},
};
use crate::{
    access::{self, Path},
    approval::Mfa,
    authorize::Role,
    change::Operation,
    diff::{self, Effect, EffectHash, Gainer, Step, effect_hash},
    grant::Term,
    ids::{AccountId, GroupId, Pair, PersonId, UserId},
    permission_set::analysis::Risk,
    snapshot::{Provisioned, Snapshot},
    time::{Duration, Timestamp},
    verdict::{Hit, Outcome, Remedy, Verdict},
};

/// Who asks, and what is known of the asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Who.
    pub requester: PersonId,
    /// What they are in Leastwise.
    pub roles: BTreeSet<Role>,
    /// Whether a second factor is proven.
    pub mfa: Mfa,
    /// Whether a ticket is named.
    pub ticket: bool,
    /// Who has approved this very effect so far. The requester and whoever gains are not counted,
    /// whatever stands here.
    pub approvals: BTreeSet<PersonId>,
}

/// Whether somebody gains by what they asked for themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GainKind {
    /// They asked for it themselves.
    Request,
    /// Another person asked for it.
    Grant,
}

/// One gain, and what the rules say of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gain {
    /// What is gained; the same as in the effect, at the same place.
    pub step: Step,
    /// The human who gains; none if the user is joined to nobody, or nobody gains today.
    pub person: Option<PersonId>,
    /// Who asked.
    pub kind: GainKind,
    /// The rules that make them eligible; none means refused.
    pub eligible_by: Vec<String>,
    /// What stands against it, as indexes into the verdict's hits.
    pub hits: Vec<usize>,
}

/// The whole answer to a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judgement {
    /// What may happen, and why.
    pub verdict: Verdict,
    /// Who gains and loses what.
    pub effect: Effect,
    /// What approvals are bound to.
    pub hash: EffectHash,
    /// Every gain, explained.
    pub gains: Vec<Gain>,
    /// The humans who gain, groups expanded: none of them may approve.
    pub gaining: BTreeSet<PersonId>,
}

/// Judges operations against what is there and what is under way.
///
/// `under_way` are the operations of every change that is approved and not finished. `now` is told
/// to rules that hold only at certain times.
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
    let mut hits = Hits::new(system::refusals(before, operations, &effect));
    let mut court = Court {
        evaluator: Evaluator::new(rules),
        snapshot: before,
        moves: [&[], under_way, operations],
        asked,
        approvals: counted(asked, &gaining),
        people: people_by_account(before, &effect, rules),
        now,
    };
    let answers: Vec<Vec<Rc<Answer>>> = effect
        .gained
        .iter()
        .map(|step| court.answers(step))
        .collect();
    for (at, (step, answers)) in effect.gained.iter().zip(&answers).enumerate() {
        hits.take(rules, before, at, step, answers);
    }
    let hits = hits.sorted(rules);
    let gains = effect
        .gained
        .iter()
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

fn verdict(hits: Vec<Hit>, rules: &Rules) -> Verdict {
    let seats = hits.iter().filter_map(|hit| match hit.remedy {
        Some(Remedy::Approvals(count)) => Some(count),
        None => None,
    });
    let (outcome, approvals) = if hits.iter().any(|hit| hit.remedy.is_none()) {
        (Outcome::Refused, 0)
    } else {
        seats.max().map_or((Outcome::Allowed, 0), |count| {
            (Outcome::NeedsApproval, count)
        })
    };
    Verdict {
        outcome,
        approvals,
        hits,
        rules: rules.version().clone(),
    }
}

fn person_of<'a>(snapshot: &'a Snapshot, step: &Step) -> Option<&'a PersonId> {
    match &step.gainer {
        Gainer::User(user) => snapshot.person(user),
        Gainer::FutureMember(_) => None,
    }
}

/// Approvals that count: nobody decides what they asked for or gain by.
fn counted(asked: &Asked, gaining: &BTreeSet<PersonId>) -> BTreeSet<String> {
    asked
        .approvals
        .iter()
        .filter(|person| **person != asked.requester && !gaining.contains(*person))
        .map(|person| person.as_str().to_owned())
        .collect()
}

/// How many people reach each account that somebody gains on, after it; only if a rule asks.
fn people_by_account(
    snapshot: &Snapshot,
    effect: &Effect,
    rules: &Rules,
) -> BTreeMap<AccountId, i64> {
    if !rules.mentions.word(PEOPLE) {
        return BTreeMap::new();
    }
    let mut users: BTreeMap<AccountId, BTreeSet<UserId>> = BTreeMap::new();
    for step in &effect.gained {
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

fn eligible_by(rules: &Rules, answers: &[Rc<Answer>]) -> Vec<String> {
    let Some((first, rest)) = answers.split_first() else {
        return Vec::new();
    };
    if rest.iter().any(|answer| answer.permits.is_empty()) {
        return Vec::new();
    }
    first
        .permits
        .iter()
        .map(|rule| rules.list()[*rule].id.clone())
        .collect()
}

/// Everything that is the same for all gains of one change.
struct Court<'a> {
    evaluator: Evaluator<'a>,
    snapshot: &'a Snapshot,
    /// Nothing, then what is under way, then the change: a person's groups are looked at after each.
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

    /// One answer for every set of groups that the person is in before, meanwhile and after: a
    /// change must not lift a rule about a group by moving somebody in or out of it. Nothing, if
    /// nothing is known of the account: that is refused elsewhere.
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
            place: Place::of(rules, account, class),
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
        // Always by their own name: `principal == context.requester` must mean what it says.
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

/// What a set is on an account. Nothing is known of a set that was not read, and of an account that
/// still holds an older content.
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

/// Whole minutes, rounded up: a window of 240 minutes and a second is longer than 240 minutes.
pub(super) fn minutes(term: Term) -> Option<i64> {
    match term {
        Term::For(Duration(ms)) => {
            Some(ms.div_euclid(60_000) + i64::from(ms.rem_euclid(60_000) != 0))
        }
        Term::Standing => None,
    }
}

/// Hits by rule and remedy, gathered over all gains.
struct Hits {
    system: Vec<Hit>,
    ineligible: BTreeSet<usize>,
    failed: BTreeMap<String, BTreeSet<usize>>,
    by_rule: BTreeMap<(usize, Option<Remedy>), BTreeSet<usize>>,
}

impl Hits {
    fn new(system: Vec<Hit>) -> Self {
        Self {
            system,
            ineligible: BTreeSet::new(),
            failed: BTreeMap::new(),
            by_rule: BTreeMap::new(),
        }
    }

    fn take(
        &mut self,
        rules: &Rules,
        snapshot: &Snapshot,
        gain: usize,
        step: &Step,
        answers: &[Rc<Answer>],
    ) {
        if answers.is_empty() {
            self.not_judged(snapshot, gain, step);
            return;
        }
        if eligible_by(rules, answers).is_empty() {
            self.ineligible.insert(gain);
        }
        for answer in answers {
            for error in &answer.errors {
                self.failed.entry(error.clone()).or_default().insert(gain);
            }
            for (rule, remedy) in &answer.forbids {
                self.by_rule
                    .entry((*rule, remedy.clone()))
                    .or_default()
                    .insert(gain);
            }
        }
    }

    /// A membership can lead to an account that the organization does not list.
    fn not_judged(&mut self, snapshot: &Snapshot, gain: usize, step: &Step) {
        const RULE: &str = "system.unknown-account";
        let known = self
            .system
            .iter_mut()
            .find(|hit| hit.rule == RULE && hit.gains.contains(&gain));
        if known.is_none() {
            debug_assert!(snapshot.account(&step.pair.account).is_none());
            let reason = format!(
                "This leads to account {}, which is not in the organization as last read. Sync, and look at \
                 what the group is assigned to.",
                step.pair.account
            );
            self.system
                .push(system::hit(RULE, reason, "PCI 7.2.1", [gain].into()));
        }
    }

    /// The program's own refusals first, then the rules in the order of their text.
    fn sorted(self, rules: &Rules) -> Vec<Hit> {
        let mut sorted = self.system;
        for (error, gains) in self.failed {
            sorted.push(system::hit(
                RULE_ERROR,
                format!("A rule could not be evaluated, so this is refused. Tell whoever keeps the rules: {error}"),
                "PCI 7.3.3",
                gains,
            ));
        }
        if !self.ineligible.is_empty() {
            sorted.push(system::hit(
                ELIGIBILITY_NONE,
                "No rule makes this possible for you: people ask for windows of access for themselves, and \
                 administrators propose the rest."
                    .to_owned(),
                "PCI 7.3.3",
                self.ineligible,
            ));
        }
        for ((rule, remedy), gains) in self.by_rule {
            let mut hit = rules.list()[rule].hit(remedy);
            hit.gains = gains;
            sorted.push(hit);
        }
        sorted
    }
}
