//! The simulation: AWS, the store, the process, which may crash, and a queue of future events.

use std::collections::BTreeMap;

use domain::{
    engine::{
        AccessResource, AwsResponse, Call, CarryOut, Coverage, Effect, Event, Generation, Item,
        Listing, Observation, OperationKind, OperationOutcome, Pacing, Phase, Plan, Poll, Presence,
        ReadSubject, ReadTarget, Refusal, RefusalKind, StartVerdict, State, StepAnswer, StepPhase,
        SubjectContent, Write,
    },
    ids::{Assignment, ChangeId, EffectHash, GroupId, OperationId, Pair, Principal},
    permission_set::ContentHash,
    subject::Content,
    time::{Duration, Timestamp},
};

use super::{
    aws::{Aws, Faults},
    reference_model::ReferenceModel,
    rng::TestRng,
    store::{PresenceInAws, Store},
    subjects::{StepReply, SubjectFaults, Subjects},
};

/// A defect that is injected between the engine and its environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Defect {
    None,
    /// Treats SUCCEEDED as verification.
    SkipsTheRelist,
    /// Assumes that the resource to create does not exist.
    CreatesBlindly,
    /// Keeps only one window per resource across a restart.
    ForgetsTheReferenceCount,
    /// Treats a lost response, or a call interrupted by a crash, as a refusal.
    TakesUnknownForFailed,
    /// Trusts incomplete listings.
    TrustsIncompleteReads,
    /// Assumes that a read reflects the instant of its response.
    TrustsStaleReads,
    /// Calls without a durable intent.
    ForgetsTheIntent,
    /// Starts although the effect exceeds the approved one.
    IgnoresTheVerdict,
    /// Raises no alarm for overdue removals.
    KeepsSilent,
    /// Assumes that a subject is as it was when its change was requested.
    WritesWithoutLooking,
    /// Treats every answer to a step as proof that it is done.
    TrustsStepAnswers,
    /// Takes a content of somebody else for the one that the step starts from.
    IgnoresForeignContent,
}

/// A future event.
enum What {
    Deliver(u64, Event),
    /// A read that a defect fabricated.
    Invented(Event),
    CallArrives(u64, Call),
    PollArrives(u64, Poll),
    ReadArrives(u64, ReadTarget, i64),
    Finish(usize),
    Wake(u64),
    Restart,
    Approve(Plan),
    Adopt(usize, ChangeId),
    Hand(usize),
    Crawl,
    CrawlRead(ReadTarget, i64),
    SubjectReadArrives(u64, ReadSubject, i64),
    StepArrives(u64, CarryOut),
    StepTakesEffect(CarryOut),
    /// Somebody else writes a subject, or deletes it.
    SomebodyElse(usize, Option<ContentHash>),
    Heal,
}

pub struct Simulation {
    pub now: i64,
    pub rng: TestRng,
    pub faults: Faults,
    pub defect: Defect,
    pub aws: Aws,
    pub subjects: Subjects,
    pub store: Store,
    pub reference: ReferenceModel,
    pub verdict_faults: u32,
    /// The number of effect boundaries passed, and those at which the process crashes.
    pub boundaries: u64,
    pub die_at: Vec<u64>,
    pub trace: Option<Vec<String>>,
    pub events: u64,
    process: Option<State>,
    epoch: u64,
    wake_at: Option<i64>,
    queue: BTreeMap<(i64, u64), What>,
    sequence: u64,
    ids: u64,
    violation: Option<String>,
}

pub fn uuid(n: u64) -> String {
    format!("00000000-0000-4000-8000-{n:012x}")
}

impl Simulation {
    pub fn new(seed: u64, keys: Vec<AccessResource>, faults: Faults, defect: Defect) -> Self {
        let n = keys.len();
        let mut simulation = Self {
            now: 0,
            rng: TestRng::new(seed),
            faults,
            defect,
            aws: Aws::new(keys),
            subjects: Subjects::default(),
            store: Store::default(),
            reference: ReferenceModel::new(n),
            verdict_faults: 0,
            boundaries: 0,
            die_at: Vec::new(),
            trace: None,
            events: 0,
            process: None,
            epoch: 0,
            wake_at: None,
            queue: BTreeMap::new(),
            sequence: 0,
            ids: 0,
            violation: None,
        };
        simulation.at(0, What::Restart);
        simulation
    }

    fn at(&mut self, when: i64, what: What) {
        self.sequence += 1;
        self.queue.insert((when.max(self.now), self.sequence), what);
    }

    pub fn approve(&mut self, when: i64, plan: Plan) {
        self.at(when, What::Approve(plan));
    }

    pub fn adopt(&mut self, when: i64, key: usize, change: ChangeId) {
        self.at(when, What::Adopt(key, change));
    }

    pub fn by_hand(&mut self, when: i64, key: usize) {
        self.at(when, What::Hand(key));
    }

    pub fn somebody_else(&mut self, when: i64, subject: usize, content: Option<ContentHash>) {
        self.at(when, What::SomebodyElse(subject, content));
    }

    pub fn crawl(&mut self, when: i64) {
        self.at(when, What::Crawl);
    }

    pub fn heal(&mut self, when: i64) {
        self.at(when, What::Heal);
    }

    fn log(&mut self, line: impl FnOnce() -> String) {
        let now = self.now;
        if let Some(trace) = &mut self.trace {
            trace.push(format!("{:>9} {}", now, line()));
        }
    }

    /// Runs until an instant or the first violation.
    pub fn run_until(&mut self, end: i64) -> Result<(), String> {
        while let Some(entry) = self.queue.first_entry() {
            if entry.key().0 > end {
                break;
            }
            let ((when, _), what) = entry.remove_entry();
            self.now = when;
            self.events += 1;
            if self.events > 100_000 {
                return Err(format!("at {when} ms: the engine does not become idle"));
            }
            self.happen(what);
            if let Some(violation) = self.violation.take() {
                return Err(format!("at {when} ms: {violation}"));
            }
            self.reference.tick(&self.store, &self.aws, self.now)?;
        }
        self.now = end;
        Ok(())
    }

    pub fn quiet(&self) -> Result<(), String> {
        self.reference.quiet(&self.store, &self.aws, self.now)
    }

    fn happen(&mut self, what: What) {
        match what {
            What::Deliver(epoch, event) => self.deliver(epoch, event),
            What::Invented(event) => self.step(event),
            What::CallArrives(epoch, call) => self.call_arrives(epoch, call),
            What::PollArrives(epoch, poll) => {
                let status = self
                    .aws
                    .status(&poll.request, self.now, &self.faults, &mut self.rng);
                let event = Event::Polled {
                    operation: poll.operation,
                    generation: poll.generation,
                    status,
                };
                let later = self.now + self.rng.between(10, 200);
                self.at(later, What::Deliver(epoch, event));
            }
            What::ReadArrives(epoch, target, as_of) => self.read_arrives(epoch, &target, as_of),
            What::Finish(at) => {
                self.aws.finish(at, self.now);
                let key = self.aws.operations[at].key;
                self.log(|| format!("aws: operation on key {key} takes effect"));
            }
            What::Wake(epoch) => {
                if epoch == self.epoch && self.wake_at == Some(self.now) {
                    self.wake_at = None;
                    self.deliver(epoch, Event::Tick);
                }
            }
            What::Restart => self.restart(),
            What::Approve(plan) => {
                let change = plan.change.clone();
                self.store
                    .plans
                    .insert(change, (plan.clone(), PresenceInAws::Approved));
                self.at(self.now, What::Deliver(self.epoch, Event::Execute(plan)));
            }
            What::Adopt(key, change) => {
                let event = Event::Adopted {
                    key: self.aws.keys[key].clone(),
                    change,
                    session: Duration::hours(1),
                };
                self.at(self.now, What::Deliver(self.epoch, event));
            }
            What::Hand(key) => {
                let present = !self.aws.present[key];
                self.aws.set(key, present, self.now);
                self.reference.touched_by_hand[key] = true;
                self.log(|| format!("outside: key {key} becomes {present}"));
            }
            What::Crawl => {
                let targets: std::collections::BTreeSet<ReadTarget> =
                    self.aws.keys.iter().map(AccessResource::target).collect();
                for target in targets {
                    let later = self.now + self.rng.between(0, 20_000);
                    self.at(later, What::CrawlRead(target, self.now));
                }
            }
            What::CrawlRead(target, as_of) => {
                let read = self
                    .aws
                    .read(&target, self.now, &self.faults, &mut self.rng);
                if let Some((listing, coverage)) = read {
                    // The crawl reports a membership as the listing of its group.
                    let listing = match listing {
                        Listing::Membership {
                            group,
                            user,
                            presence,
                        } => Listing::Group {
                            group,
                            members: (presence == Presence::Present)
                                .then_some(user)
                                .into_iter()
                                .collect(),
                        },
                        other => other,
                    };
                    let later = self.now + self.rng.between(10, 10_000);
                    self.hand_on(self.epoch, listing, coverage, as_of, later);
                }
            }
            What::SubjectReadArrives(epoch, read, as_of) => {
                self.subject_read_arrives(epoch, read, as_of);
            }
            What::StepArrives(epoch, step) => self.step_arrives(epoch, step),
            What::StepTakesEffect(step) => {
                self.subjects.finish(&step, self.now);
                self.log(|| format!("outside: step {} takes effect", step.number));
            }
            What::SomebodyElse(subject, content) => {
                self.log(|| format!("outside: subject {subject} becomes {content:?}"));
                self.subjects.all[subject].set(content, self.now);
            }
            What::Heal => {
                self.subjects.faults = SubjectFaults::default();
                self.faults = Faults::default();
                self.die_at.clear();
                self.log(|| "all faults end".into());
            }
        }
    }

    fn hand_on(&mut self, epoch: u64, listing: Listing, coverage: Coverage, as_of: i64, at: i64) {
        let (coverage, as_of) = match self.defect {
            Defect::TrustsIncompleteReads => (Coverage::Complete, as_of),
            Defect::TrustsStaleReads => (coverage, at),
            _ => (coverage, as_of),
        };
        let event = Event::Observed(Observation {
            listing,
            as_of: Timestamp(as_of),
            coverage,
        });
        self.at(at, What::Deliver(epoch, event));
    }

    fn restart(&mut self) {
        if self.process.is_some() {
            return;
        }
        self.reference.sagas.stopped();
        self.epoch += 1;
        self.store.generation += 1;
        let mut rows = self.store.rows();
        match self.defect {
            Defect::ForgetsTheReferenceCount => {
                let mut last = BTreeMap::new();
                for row in rows.windows.drain(..) {
                    last.insert(row.key.clone(), row);
                }
                rows.windows.extend(last.into_values());
            }
            Defect::TakesUnknownForFailed => {
                rows.operations.retain(|o| o.phase != Phase::Intended);
                for row in self.store.operations.values_mut() {
                    if row.phase == Phase::Intended {
                        row.phase = Phase::Over(OperationOutcome::Refused);
                    }
                }
            }
            _ => {}
        }
        let generation = Generation(self.store.generation);
        let now = Timestamp(self.now);
        self.log(|| "process starts".into());
        self.process = Some(State::restore(rows, generation, Pacing::default(), now));
        self.reference.up_since = Some(self.now);
        self.wake_at = None;
        self.deliver(self.epoch, Event::Tick);
        let approved: Vec<Plan> = self
            .store
            .plans
            .values()
            .filter(|(_, stands)| *stands == PresenceInAws::Approved)
            .map(|(plan, _)| plan.clone())
            .collect();
        for plan in approved {
            self.at(self.now, What::Deliver(self.epoch, Event::Execute(plan)));
        }
    }

    /// Kills the process and restarts it after the given time.
    pub fn stop(&mut self, down: i64) {
        self.process = None;
        self.reference.up_since = None;
        self.at(self.now + down, What::Restart);
    }

    fn die(&mut self) {
        self.log(|| "process crashes".into());
        let down = if self.die_at.is_empty() {
            self.rng.between(100, 60_000)
        } else {
            1_000
        };
        self.stop(down);
    }

    /// Crosses a boundary between two effects. Returns whether the process crashed there.
    fn dies_here(&mut self) -> bool {
        self.boundaries += 1;
        let dies = self.die_at.contains(&self.boundaries) || self.rng.chance(self.faults.crash);
        if dies {
            self.die();
        }
        dies
    }

    fn deliver(&mut self, epoch: u64, event: Event) {
        if self.process.is_none() {
            return;
        }
        // Events for a crashed process are lost, except for responses that a paused process may still deliver.
        let answer = matches!(
            event,
            Event::Answered { .. } | Event::Polled { .. } | Event::CarriedOut { .. }
        );
        if epoch != self.epoch && !(answer && self.rng.chance(self.faults.zombie)) {
            return;
        }
        match &event {
            Event::Evaluated { change, answer } => {
                let verdicts = self.reference.verdicts.entry(change.clone()).or_default();
                verdicts.push((self.now, answer.clone()));
            }
            Event::Observed(seen) if seen.coverage == Coverage::Complete => {
                for (at, key) in self.aws.keys.iter().enumerate() {
                    if let Some(there) = shows(&seen.listing, key) {
                        self.reference.reads[at].push((seen.as_of.0, there));
                    }
                }
            }
            Event::SubjectRead {
                change,
                index,
                content,
                as_of,
            } => {
                let id = (change.clone(), *index);
                self.reference.sagas.read(id, as_of.0, content.clone());
            }
            Event::CarriedOut {
                change,
                index,
                number,
                attempt,
                answer,
                ..
            } if epoch == self.epoch => {
                let (id, step) = ((change.clone(), *index), (*number, *attempt));
                self.reference.sagas.answered(id, step, answer, self.now);
            }
            _ => {}
        }
        let event = match (self.defect, event) {
            (
                Defect::IgnoresTheVerdict,
                Event::Evaluated {
                    change,
                    answer: StartVerdict::EffectGrew,
                },
            ) => Event::Evaluated {
                change,
                answer: StartVerdict::StillAllowed,
            },
            (
                Defect::TrustsStepAnswers | Defect::IgnoresForeignContent,
                Event::SubjectRead {
                    change,
                    index,
                    content: SubjectContent::Is(content),
                    as_of,
                },
            ) => Event::SubjectRead {
                content: SubjectContent::Is(self.misread(&change, index, content)),
                change,
                index,
                as_of,
            },
            (_, event) => event,
        };
        self.step(event);
    }

    fn step(&mut self, event: Event) {
        let Some(state) = &mut self.process else {
            return;
        };
        let ids = &mut self.ids;
        let mut fresh = || {
            *ids += 1;
            OperationId::parse(&uuid(*ids)).expect("a UUID")
        };
        let line = self.trace.is_some().then(|| short(&event));
        let effects = state.step(event, Timestamp(self.now), &mut fresh);
        let wake = state.next_wake(Timestamp(self.now)).map(|at| at.0);
        if let Some(line) = line {
            self.log(|| line);
        }
        if let Some(at) = wake
            && self.wake_at.is_none_or(|planned| at < planned)
        {
            self.wake_at = Some(at);
            self.at(at, What::Wake(self.epoch));
        }
        for effect in effects {
            if let Err(violation) = self.execute(effect) {
                self.violation = Some(violation);
            }
            if self.process.is_none() {
                break;
            }
        }
    }

    fn execute(&mut self, effect: Effect) -> Result<(), String> {
        if self.trace.is_some() {
            let line = format!("  -> {effect:?}");
            self.log(|| line);
        }
        let epoch = self.epoch;
        match effect {
            Effect::Commit(mut commit) => {
                if self.dies_here() {
                    return Ok(());
                }
                match self.defect {
                    Defect::ForgetsTheIntent => {
                        commit
                            .writes
                            .retain(|w| !matches!(w, Write::Operation(_) | Write::Progress(_)));
                    }
                    Defect::KeepsSilent => commit
                        .events
                        .retain(|t| !matches!(t, domain::engine::DomainEvent::Overdue { .. })),
                    _ => {}
                }
                let before = self.store.apply(&commit, self.now)?;
                self.reference
                    .committed(&commit, &before, &self.store, &self.aws, self.now)?;
                self.reference
                    .sagas
                    .committed(&commit, &self.store, &self.subjects, self.now)?;
                if self.dies_here() {
                    return Ok(());
                }
                let number = commit.number;
                let later = self.now + self.rng.between(0, 20);
                self.at(later, What::Deliver(epoch, Event::Committed { number }));
            }
            Effect::Evaluate { change } => self.evaluate(epoch, change)?,
            Effect::Read { target, .. } => {
                if let Some(invented) = self.invented(&target) {
                    let seen = Observation {
                        listing: invented,
                        as_of: Timestamp(self.now),
                        coverage: Coverage::Complete,
                    };
                    // `deliver` records reads for the check that each create request follows a read. A state that is
                    // assumed after SUCCEEDED counts there, because the test must detect the false assumption itself.
                    let event = Event::Observed(seen);
                    let what = match self.defect {
                        Defect::SkipsTheRelist => What::Deliver(epoch, event),
                        _ => What::Invented(event),
                    };
                    self.at(self.now, what);
                    return Ok(());
                }
                let later = self.now + self.rng.between(10, 300);
                self.at(later, What::ReadArrives(epoch, target, self.now));
            }
            Effect::Call(call) => {
                if self.dies_here() {
                    return Ok(());
                }
                self.reference
                    .calling(&call, &self.store, &self.aws, self.now)?;
                let later = self.now
                    + if self.rng.chance(self.faults.slow) {
                        self.rng.between(10, 12_000)
                    } else {
                        self.rng.between(10, 300)
                    };
                if Timestamp(later) > call.not_after {
                    let (operation, generation) = (call.operation, call.generation);
                    let event = Event::Answered {
                        operation,
                        generation,
                        answer: AwsResponse::NotSent,
                    };
                    self.at(later, What::Deliver(epoch, event));
                } else {
                    self.at(later, What::CallArrives(epoch, call));
                }
                self.dies_here();
            }
            Effect::ReadSubject(read) => self.ask_subject(epoch, read)?,
            Effect::CarryOut(step) => self.send_step(epoch, step)?,
            Effect::Poll(poll) => {
                let later = self.now + self.rng.between(10, 200);
                self.at(later, What::PollArrives(epoch, poll));
            }
        }
        Ok(())
    }

    /// The state that a defective engine would assume instead of reading.
    fn invented(&self, target: &ReadTarget) -> Option<Listing> {
        let wanted = match self.defect {
            Defect::SkipsTheRelist => self.store.operations.values().find_map(|o| {
                let ended = o.phase == Phase::Relisting && o.error.is_none();
                (ended && o.key.target() == *target)
                    .then_some((&o.key, o.kind == OperationKind::Create))
            }),
            Defect::CreatesBlindly => {
                let busy = |key: &AccessResource| {
                    let open =
                        |o: &domain::engine::OperationRow| !matches!(o.phase, Phase::Over(_));
                    self.store
                        .operations
                        .values()
                        .any(|o| o.key == *key && open(o))
                };
                self.store.windows.values().find_map(|w| {
                    let waits = w.delivery.is_none() && w.window.valid(Timestamp(self.now));
                    (waits && w.key.target() == *target && !busy(&w.key)).then_some((&w.key, false))
                })
            }
            _ => None,
        };
        let (key, there) = wanted?;
        Some(match key {
            AccessResource::Assignment(Assignment { pair, principal }) => {
                let others = self
                    .aws
                    .keys
                    .iter()
                    .enumerate()
                    .filter_map(|(at, k)| match k {
                        AccessResource::Assignment(a)
                            if a.pair == *pair && self.aws.present[at] =>
                        {
                            Some(a.principal.clone())
                        }
                        _ => None,
                    });
                let mut principals: std::collections::BTreeSet<Principal> = others.collect();
                principals.remove(principal);
                if there {
                    principals.insert(principal.clone());
                }
                Listing::Pair {
                    pair: Pair::clone(pair),
                    principals,
                }
            }
            AccessResource::Membership { group, user } => Listing::Membership {
                group: GroupId::clone(group),
                user: user.clone(),
                presence: if there {
                    Presence::Present
                } else {
                    Presence::Absent
                },
            },
        })
    }

    fn call_arrives(&mut self, epoch: u64, call: Call) {
        // Half of the calls that a crashed process had sent still arrive.
        if epoch != self.epoch && self.die_at.is_empty() && self.rng.chance(500) {
            return;
        }
        let key = self.aws.index(&call.key);
        let reply = self.aws.call(
            call.operation.clone(),
            key,
            call.kind,
            self.now,
            &self.faults,
            &mut self.rng,
        );
        self.log(|| format!("aws: {:?} of key {key}: {:?}", call.kind, reply.answer));
        if let Some((at, ends)) = reply.ends {
            self.at(ends, What::Finish(at));
        }
        let answer = match (self.defect, reply.answer) {
            (Defect::TakesUnknownForFailed, AwsResponse::Unknown(message)) => {
                AwsResponse::Refused(Refusal {
                    why: RefusalKind::Conflict,
                    message,
                })
            }
            (_, answer) => answer,
        };
        let event = Event::Answered {
            operation: call.operation,
            generation: call.generation,
            answer,
        };
        self.at(self.now + reply.after, What::Deliver(epoch, event));
    }

    fn evaluate(&mut self, epoch: u64, change: ChangeId) -> Result<(), String> {
        let plan = self.store.plans.get(&change).map(|(plan, _)| plan);
        if plan.is_some_and(|p| p.not_before.is_some_and(|at| self.now < at.0)) {
            return Err(format!("S7: {change} is evaluated before its time"));
        }
        let answer = if self.rng.chance(self.verdict_faults) {
            match self.rng.below(3) {
                0 => StartVerdict::EffectGrew,
                1 => StartVerdict::Refused("the policies changed".into()),
                _ => StartVerdict::Unanswered,
            }
        } else if self.now % 4 == 0 {
            StartVerdict::AllowedNarrower(EffectHash("narrower".into()))
        } else {
            StartVerdict::StillAllowed
        };
        let later = self.now + self.rng.between(5, 200);
        self.at(
            later,
            What::Deliver(epoch, Event::Evaluated { change, answer }),
        );
        Ok(())
    }

    fn ask_subject(&mut self, epoch: u64, read: ReadSubject) -> Result<(), String> {
        let id = (read.change.clone(), read.index);
        let begun = self.store.progress.contains_key(&id);
        if self.defect == Defect::WritesWithoutLooking && !begun {
            let content = match &self.store.plans[&id.0].0.items[id.1] {
                Item::Saga { plan } => hash(&plan.seen),
                other => return Err(format!("S1: {other:?} has no subject")),
            };
            let event = Event::SubjectRead {
                change: read.change,
                index: read.index,
                content: SubjectContent::Is(content),
                as_of: Timestamp(self.now),
            };
            self.at(self.now, What::Invented(event));
            return Ok(());
        }
        let later = self.now + self.rng.between(10, 300);
        self.at(later, What::SubjectReadArrives(epoch, read, self.now));
        Ok(())
    }

    fn subject_read_arrives(&mut self, epoch: u64, read: ReadSubject, as_of: i64) {
        let content = self.subjects.read(&read.key, &mut self.rng);
        let event = Event::SubjectRead {
            change: read.change,
            index: read.index,
            content,
            as_of: Timestamp(as_of),
        };
        let later = self.now + self.rng.between(10, 200);
        self.at(later, What::Deliver(epoch, event));
    }

    fn send_step(&mut self, epoch: u64, step: CarryOut) -> Result<(), String> {
        if self.dies_here() {
            return Ok(());
        }
        self.reference.sagas.calling(&step, &self.store)?;
        let delay = if self.rng.chance(self.faults.slow) {
            self.rng.between(10, 12_000)
        } else {
            self.rng.between(10, 300)
        };
        let later = self.now + delay;
        if Timestamp(later) > step.not_after {
            self.at(later, answered(epoch, &step, StepAnswer::NotSent));
        } else {
            self.at(later, What::StepArrives(epoch, step));
        }
        self.dies_here();
        Ok(())
    }

    fn step_arrives(&mut self, epoch: u64, step: CarryOut) {
        // Half of the steps that a crashed process had started still arrive.
        if epoch != self.epoch && self.die_at.is_empty() && self.rng.chance(500) {
            return;
        }
        let pacing = Pacing::default();
        let doubt_ends = step.not_after.0 - pacing.send_within.0 + pacing.doubt_step.0;
        let reply: StepReply = self
            .subjects
            .call(&step, self.now, doubt_ends, &mut self.rng);
        self.log(|| format!("subject: step {}: {:?}", step.number, reply.answer));
        if let Some(at) = reply.takes_effect {
            if at == self.now {
                self.subjects.finish(&step, self.now);
            } else {
                self.at(at, What::StepTakesEffect(step.clone()));
            }
        }
        if let Some((at, answer)) = reply.answer {
            self.at(at, answered(epoch, &step, answer));
        }
    }

    /// What a defective engine would take a content for.
    fn misread(&self, change: &ChangeId, index: usize, content: ContentHash) -> ContentHash {
        let Item::Saga { plan } = &self.store.plans[change].0.items[index] else {
            return content;
        };
        let row = self.store.progress.get(&(change.clone(), index));
        let steps = row.map_or(&[][..], |row| &row.steps);
        let intended = steps.iter().rposition(|s| s.phase == StepPhase::Intended);
        let done = steps.iter().filter(|s| s.phase == StepPhase::Done).count();
        match (self.defect, intended) {
            (Defect::TrustsStepAnswers, Some(number)) => hash(&plan.steps[number].leaves),
            (Defect::IgnoresForeignContent, _)
                if plan.position(&Content::Is(content.clone())).is_none() =>
            {
                hash(match done.checked_sub(1) {
                    Some(last) => &plan.steps[last].leaves,
                    None => &plan.seen,
                })
            }
            _ => content,
        }
    }

    fn read_arrives(&mut self, epoch: u64, target: &ReadTarget, as_of: i64) {
        let later = self.now + self.rng.between(10, 200);
        let read = self.aws.read(target, self.now, &self.faults, &mut self.rng);
        if let Some((listing, coverage)) = read {
            self.hand_on(epoch, listing, coverage, as_of, later);
        } else {
            let event = Event::Unreadable {
                target: target.clone(),
                error: "ThrottlingException".into(),
            };
            self.at(later, What::Deliver(epoch, event));
        }
    }
}

/// The answer to a step.
fn answered(epoch: u64, step: &CarryOut, answer: StepAnswer) -> What {
    let event = Event::CarriedOut {
        change: step.change.clone(),
        index: step.index,
        number: step.number,
        attempt: step.attempt,
        generation: step.generation,
        answer,
    };
    What::Deliver(epoch, event)
}

/// Returns what a complete listing shows for a resource, if it covers it.
fn shows(listing: &Listing, key: &AccessResource) -> Option<bool> {
    match (listing, key) {
        (Listing::Pair { pair, principals }, AccessResource::Assignment(a)) if a.pair == *pair => {
            Some(principals.contains(&a.principal))
        }
        (Listing::Group { group, members }, AccessResource::Membership { group: g, user })
            if g == group =>
        {
            Some(members.contains(user))
        }
        (
            Listing::Membership {
                group,
                user,
                presence,
            },
            AccessResource::Membership { group: g, user: u },
        ) if g == group && u == user => Some(*presence == Presence::Present),
        _ => None,
    }
}

fn short(event: &Event) -> String {
    let mut text = format!("{event:?}");
    text.truncate(400);
    text
}

/// The sagas of this simulation delete nothing.
fn hash(content: &Content) -> ContentHash {
    match content {
        Content::Is(hash) => hash.clone(),
        Content::Gone => unreachable!("no step of this simulation deletes"),
    }
}
