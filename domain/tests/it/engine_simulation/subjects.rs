//! A model of what sagas write: the links of identities, which others may change or delete at any time.

use domain::{
    engine::{CarryOut, Retry, StepAnswer, SubjectContent},
    ids::{PersonId, UserId},
    permission_set::ContentHash,
    subject::{Content, PlannedStep, SagaPlan, Step, SubjectKey, content_hash},
};

use super::{generator::user, rng::TestRng, simulation::uuid};

/// The rate of each fault in per mille. All zero is a healthy world.
#[derive(Debug, Clone, Copy, Default)]
pub struct SubjectFaults {
    pub refused: u32,
    pub refused_for_good: u32,
    pub lost_applied: u32,
    pub lost_not_applied: u32,
    /// Of the lost and applied steps: applied later.
    pub late: u32,
    /// Reported as done without effect.
    pub hollow: u32,
    pub not_sent: u32,
    pub unreadable: u32,
    /// Neither the step nor its answer arrives.
    pub silent: u32,
}

impl SubjectFaults {
    pub fn some(rng: &mut TestRng) -> Self {
        let mut some = |most: i64| {
            if rng.chance(400) {
                rng.between(1, most) as u32
            } else {
                0
            }
        };
        Self {
            refused: some(400),
            refused_for_good: some(80),
            lost_applied: some(400),
            lost_not_applied: some(300),
            late: some(500),
            hollow: some(200),
            not_sent: some(300),
            unreadable: some(400),
            silent: some(60),
        }
    }
}

/// Whether a write compares the content that it starts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteKind {
    Comparing,
    Blind,
}

pub struct Subject {
    pub key: SubjectKey,
    pub kind: WriteKind,
    /// What it contained, oldest first. None: it did not exist.
    pub history: Vec<(i64, Option<ContentHash>)>,
}

impl Subject {
    pub fn content(&self) -> Option<&ContentHash> {
        self.history
            .last()
            .and_then(|(_, content)| content.as_ref())
    }

    pub fn set(&mut self, content: Option<ContentHash>, now: i64) {
        if self.content() != content.as_ref() {
            self.history.push((now, content));
        }
    }

    /// Returns whether it had the content at any instant of the interval, including both ends.
    pub fn was(&self, content: Option<&ContentHash>, from: i64, to: i64) -> bool {
        self.history.iter().enumerate().any(|(at, (since, state))| {
            let until = self.history.get(at + 1).map_or(i64::MAX, |(next, _)| *next);
            state.as_ref() == content && *since <= to && until >= from
        })
    }
}

/// When a step takes effect, and its answer and when it arrives. None: never.
pub struct StepReply {
    pub takes_effect: Option<i64>,
    pub answer: Option<(i64, StepAnswer)>,
}

#[derive(Default)]
pub struct Subjects {
    pub all: Vec<Subject>,
    pub faults: SubjectFaults,
    /// The number of steps that arrived.
    pub calls: usize,
    /// The number of steps that changed a content.
    pub effects: usize,
}

pub fn person(n: u64) -> PersonId {
    PersonId::parse(&uuid(0xd000 + n)).expect("a UUID")
}

fn linked(n: u64) -> UserId {
    user(0xe000 + n)
}

/// The content of a subject, by number. Zero is no link.
pub fn content(n: u64) -> ContentHash {
    let user = (n > 0).then(|| linked(n));
    content_hash(&user)
}

pub fn link(n: u64) -> SubjectKey {
    SubjectKey::IdentityLink { person: person(n) }
}

/// A saga on a subject that was seen with one content and goes through others.
pub fn saga(n: u64, seen: u64, through: &[u64]) -> SagaPlan {
    let step = |to: &u64| PlannedStep {
        step: Step::Link {
            person: person(n),
            user: (*to > 0).then(|| linked(*to)),
        },
        leaves: content(*to).into(),
    };
    SagaPlan {
        key: link(n),
        seen: content(seen).into(),
        steps: through.iter().map(step).collect(),
    }
}

impl Subjects {
    /// Adds a subject with the content 0.
    pub fn add(&mut self, n: u64, kind: WriteKind) {
        self.all.push(Subject {
            key: link(n),
            kind,
            history: vec![(i64::MIN, Some(content(0)))],
        });
    }

    pub fn index(&self, key: &SubjectKey) -> usize {
        self.all
            .iter()
            .position(|subject| subject.key == *key)
            .expect("a subject of this simulation")
    }

    pub fn read(&self, key: &SubjectKey, rng: &mut TestRng) -> SubjectContent {
        if rng.chance(self.faults.unreadable) {
            return SubjectContent::Unreadable("the database does not respond".into());
        }
        match self.all[self.index(key)].content() {
            Some(content) => SubjectContent::Is(content.clone()),
            None => SubjectContent::Gone,
        }
    }

    /// Returns whether a write of the step would take effect now.
    fn accepts(&self, call: &CarryOut) -> bool {
        let subject = &self.all[self.index(&call.key)];
        let content = subject.content().cloned().map(Content::Is);
        content.is_some()
            && (subject.kind == WriteKind::Blind || content == Some(call.from.clone()))
    }

    /// Handles a step that arrives. `doubt_ends` is the last instant at which a blind write may take effect.
    pub fn call(
        &mut self,
        call: &CarryOut,
        now: i64,
        doubt_ends: i64,
        rng: &mut TestRng,
    ) -> StepReply {
        self.calls += 1;
        let faults = self.faults;
        let answered = |after: i64, answer| StepReply {
            takes_effect: None,
            answer: Some((now + after, answer)),
        };
        let refused = |reason: &str, retry| StepAnswer::Refused {
            reason: reason.to_owned(),
            retry,
        };
        if rng.chance(faults.silent) {
            return StepReply {
                takes_effect: None,
                answer: None,
            };
        }
        if rng.chance(faults.not_sent) {
            return answered(20, StepAnswer::NotSent);
        }
        if rng.chance(faults.refused_for_good) {
            return answered(20, refused("it is not allowed", Retry::Never));
        }
        if rng.chance(faults.refused) {
            return answered(20, refused("the database is busy", Retry::Later));
        }
        if rng.chance(faults.lost_not_applied) {
            return answered(3_000, StepAnswer::Unknown("time-out".into()));
        }
        if rng.chance(faults.lost_applied) {
            let delay = if rng.chance(faults.late) {
                rng.between(3_000, 240_000)
            } else {
                rng.between(0, 2_500)
            };
            let blind = self.all[self.index(&call.key)].kind == WriteKind::Blind;
            let at = if blind {
                (now + delay).min(doubt_ends)
            } else {
                now + delay
            };
            return StepReply {
                takes_effect: Some(at),
                answer: Some((now + 3_000, StepAnswer::Unknown("connection reset".into()))),
            };
        }
        if rng.chance(faults.hollow) {
            return answered(30, StepAnswer::Done);
        }
        if !self.accepts(call) {
            return answered(20, refused("it holds another content", Retry::Later));
        }
        StepReply {
            takes_effect: Some(now),
            answer: Some((now + 30, StepAnswer::Done)),
        }
    }

    /// Applies a step.
    pub fn finish(&mut self, call: &CarryOut, now: i64) {
        if !self.accepts(call) {
            return;
        }
        let at = self.index(&call.key);
        let Step::Link { user, .. } = &call.step else {
            unreachable!("the steps of this simulation link identities");
        };
        self.effects += 1;
        self.all[at].set(Some(content_hash(&user)), now);
    }
}
