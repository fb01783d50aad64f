//! What a change of 2,000 items costs, in steps and rows, and that its sagas delay no revocation. Counts, never times.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use domain::{
    engine::{
        AccessResource, AwsResponse, Coverage, DomainEvent, Effect, Event, Generation, Item,
        Listing, Observation, OperationKind, Pacing, Plan, ReadTarget, Rows, StartVerdict, State,
        StepAnswer, SubjectContent, Write, WriteStatus,
    },
    grant::Term,
    ids::{
        AccountId, Assignment, AwsRequestId, ChangeId, GrantId, OperationId, Pair,
        PermissionSetArn, PersonId, Principal, UserId,
    },
    permission_set::ContentHash,
    subject::{PlannedStep, SagaPlan, Step, SubjectKey, content_hash},
    time::{Duration, Timestamp},
};

const ITEMS: u64 = 2_000;

fn uuid(n: u64) -> String {
    format!("00000000-0000-4000-8000-{n:012x}")
}

fn change(n: u64) -> ChangeId {
    ChangeId::parse(&uuid(n)).expect("valid")
}

/// Twenty assignments in each of a hundred accounts.
fn assignment(n: u64) -> AccessResource {
    let arn = "arn:aws:sso:::permissionSet/ssoins-1234567890abcdef/ps-0000000000000001";
    AccessResource::Assignment(Assignment {
        pair: Pair {
            account: AccountId::parse(&format!("{:012}", n / 20 + 1)).expect("valid"),
            set: PermissionSetArn::parse(arn).expect("valid"),
        },
        principal: Principal::User(UserId::parse(&uuid(n)).expect("valid")),
    })
}

fn grant(n: u64) -> Item {
    Item::Open {
        grant: GrantId::parse(&uuid(n)).expect("valid"),
        key: assignment(n),
        term: Term::Standing,
        session: Duration::hours(1),
    }
}

fn removal(n: u64) -> Item {
    Item::Close {
        key: assignment(n),
        session: Duration::hours(1),
    }
}

fn saga(n: u64) -> Item {
    let person = PersonId::parse(&uuid(n)).expect("valid");
    let user = UserId::parse(&uuid(n)).expect("valid");
    Item::Saga {
        plan: SagaPlan {
            key: SubjectKey::IdentityLink {
                person: person.clone(),
            },
            seen: content_hash(&None::<UserId>).into(),
            steps: vec![PlannedStep {
                leaves: content_hash(&Some(&user)).into(),
                step: Step::Link {
                    person,
                    user: Some(user),
                },
            }],
        }
        .into(),
    }
}

/// A shell in a world where every call succeeds at once. Events are handled in the order of their effects.
struct Shell {
    state: State,
    now: Timestamp,
    events: VecDeque<Event>,
    present: BTreeSet<AccessResource>,
    subjects: BTreeMap<SubjectKey, ContentHash>,
    ids: u64,
    steps: usize,
    /// The number of rows written, by kind.
    rows: BTreeMap<&'static str, usize>,
    ended: Vec<DomainEvent>,
    /// The number of reads and steps of sagas that are not answered, and the most at once.
    asked: usize,
    most_asked: usize,
    /// The step that sent the first call to revoke.
    revoked_at: Option<usize>,
}

impl Shell {
    fn new() -> Self {
        let start = Timestamp(0);
        Self {
            state: State::restore(Rows::default(), Generation(1), Pacing::default(), start),
            now: start,
            events: VecDeque::from([Event::Tick]),
            present: BTreeSet::new(),
            subjects: BTreeMap::new(),
            ids: 0,
            steps: 0,
            rows: BTreeMap::new(),
            ended: Vec::new(),
            asked: 0,
            most_asked: 0,
            revoked_at: None,
        }
    }

    fn execute(&mut self, n: u64, items: Vec<Item>) {
        self.events.push_back(Event::Execute(Plan {
            change: change(n),
            items,
            not_before: None,
        }));
    }

    /// Runs until so many changes have ended.
    fn run(&mut self, changes: usize) {
        while self.ended.len() < changes {
            assert!(self.steps < 200_000, "the changes do not end");
            if let Some(event) = self.events.pop_front() {
                self.step(event);
            } else {
                self.now = self
                    .state
                    .next_wake(self.now)
                    .expect("something to wait for");
                self.step(Event::Tick);
            }
        }
    }

    fn step(&mut self, event: Event) {
        self.steps += 1;
        if matches!(event, Event::SubjectRead { .. } | Event::CarriedOut { .. }) {
            self.asked -= 1;
        }
        self.now = self.now + Duration(1);
        let ids = &mut self.ids;
        let mut fresh = || {
            *ids += 1;
            OperationId::parse(&uuid(*ids)).expect("valid")
        };
        for effect in self.state.step(event, self.now, &mut fresh) {
            self.carry_out(effect);
        }
    }

    fn carry_out(&mut self, effect: Effect) {
        let event = match effect {
            Effect::Commit(commit) => {
                for write in &commit.writes {
                    let kind = match write {
                        Write::Resource(_) => "resource",
                        Write::Window(_) => "window",
                        Write::Operation(_) => "operation",
                        Write::Change(_) => "change",
                        Write::Progress(_) => "progress",
                    };
                    *self.rows.entry(kind).or_default() += 1;
                }
                let over = |event: &DomainEvent| {
                    matches!(
                        event,
                        DomainEvent::Verified { .. } | DomainEvent::Failed { .. }
                    )
                };
                self.ended.extend(commit.events.into_iter().filter(over));
                // As the shell does: nothing comes between a commit and what it releases.
                let number = commit.number;
                self.events.push_front(Event::Committed { number });
                return;
            }
            Effect::Evaluate { change } => Event::Evaluated {
                change,
                answer: StartVerdict::StillAllowed,
            },
            Effect::Read { target, .. } => {
                let ReadTarget::Pair(pair) = target else {
                    unreachable!("no memberships here");
                };
                let principals = self.present.iter().filter_map(|key| match key {
                    AccessResource::Assignment(a) if a.pair == pair => Some(a.principal.clone()),
                    _ => None,
                });
                Event::Observed(Observation {
                    listing: Listing::Pair {
                        principals: principals.collect(),
                        pair: pair.clone(),
                    },
                    as_of: self.now,
                    coverage: Coverage::Complete,
                })
            }
            Effect::Call(call) => {
                match call.kind {
                    OperationKind::Create => self.present.insert(call.key),
                    OperationKind::Delete => {
                        self.revoked_at.get_or_insert(self.steps);
                        self.present.remove(&call.key)
                    }
                };
                let request = AwsRequestId::parse(call.operation.as_str()).expect("valid");
                Event::Answered {
                    operation: call.operation,
                    generation: call.generation,
                    answer: AwsResponse::Accepted(request),
                }
            }
            Effect::Poll(poll) => Event::Polled {
                operation: poll.operation,
                generation: poll.generation,
                status: WriteStatus::Succeeded,
            },
            Effect::ReadSubject(read) => {
                self.ask();
                let none = content_hash(&None::<UserId>);
                let content = self.subjects.get(&read.key).unwrap_or(&none);
                Event::SubjectRead {
                    change: read.change,
                    index: read.index,
                    content: SubjectContent::Is(content.clone()),
                    as_of: self.now,
                }
            }
            Effect::CarryOut(step) => {
                self.ask();
                let Step::Link { user, .. } = &step.step else {
                    unreachable!("only links here");
                };
                let content = content_hash(&user);
                self.subjects.insert(step.key, content);
                Event::CarriedOut {
                    change: step.change,
                    index: step.index,
                    number: step.number,
                    attempt: step.attempt,
                    generation: step.generation,
                    answer: StepAnswer::Done,
                }
            }
        };
        self.events.push_back(event);
    }

    fn ask(&mut self) {
        self.asked += 1;
        self.most_asked = self.most_asked.max(self.asked);
    }
}

fn ran(items: Vec<Item>) -> Shell {
    let mut shell = Shell::new();
    shell.execute(1, items);
    shell.run(1);
    assert_eq!(shell.ended, [DomainEvent::Verified { change: change(1) }]);
    shell
}

#[test]
fn a_change_of_two_thousand_sagas_costs_each_item_the_same_and_writes_its_own_row_three_times() {
    let few = ran((0..ITEMS / 100).map(saga).collect());
    let many = ran((0..ITEMS).map(saga).collect());
    println!("{} and {} steps, {:?}", few.steps, many.steps, many.rows);
    assert!(
        many.steps <= 100 * few.steps,
        "{} {}",
        few.steps,
        many.steps
    );
    assert!(many.steps <= 8 * 2_000, "{}", many.steps);
    assert_eq!(many.rows["change"], 3);
    // Intended, done.
    assert_eq!(many.rows["progress"], 2 * 2_000);
    assert_eq!(many.most_asked, Pacing::default().sagas);
}

#[test]
fn a_change_of_two_thousand_grants_or_removals_writes_its_own_row_three_times() {
    let grants = ran((0..ITEMS).map(grant).collect());
    println!("{} steps, {:?}", grants.steps, grants.rows);
    assert_eq!(grants.rows["change"], 3);
    assert!(grants.rows["progress"] < 2_000);
    assert!(grants.steps <= 16 * 2_000, "{}", grants.steps);

    let mut removals = Shell::new();
    removals.present = (0..ITEMS).map(assignment).collect();
    removals.execute(1, (0..ITEMS).map(removal).collect());
    removals.run(1);
    println!("{} steps, {:?}", removals.steps, removals.rows);
    assert_eq!(removals.rows["change"], 3);
    assert!(removals.steps <= 16 * 2_000, "{}", removals.steps);
}

#[test]
fn two_thousand_sagas_under_way_let_a_revocation_pass() {
    let steps_to_revoke = |sagas: u64| {
        let mut shell = Shell::new();
        shell.present.insert(assignment(1));
        if sagas > 0 {
            shell.execute(1, (0..sagas).map(saga).collect());
        }
        for _ in 0..500 {
            if let Some(event) = shell.events.pop_front() {
                shell.step(event);
            }
        }
        let before = shell.steps;
        shell.execute(2, vec![removal(1)]);
        while shell.revoked_at.is_none() {
            let event = shell.events.pop_front().unwrap_or(Event::Tick);
            shell.step(event);
        }
        shell.revoked_at.unwrap() - before
    };
    let (alone, beside) = (steps_to_revoke(0), steps_to_revoke(ITEMS));
    println!("{alone} steps alone, {beside} beside the sagas");
    // Each of its three answers waits for those of the sagas that were asked before, two steps for each.
    let others = 2 * Pacing::default().sagas * 4;
    assert!(beside <= alone + others, "{alone} {beside}");
}
