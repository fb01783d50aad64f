//! When the engine requests the verdict on an approved change again.

use domain::{
    engine::{
        AccessResource, Effect, Event, Generation, Item, Pacing, Plan, Rows, StartVerdict, State,
    },
    grant::Term,
    ids::{ChangeId, GrantId, GroupId, OperationId, UserId},
    time::{Duration, Timestamp},
};

fn key() -> AccessResource {
    AccessResource::Membership {
        group: GroupId::parse("0e0d3d3e-0b3b-4b6c-9d6a-0f5f0e6d7c8b").expect("a UUID"),
        user: UserId::parse("1e0d3d3e-0b3b-4b6c-9d6a-0f5f0e6d7c8b").expect("a UUID"),
    }
}

fn gives() -> Item {
    Item::Open {
        grant: GrantId::parse("4e0d3d3e-0b3b-4b6c-9d6a-0f5f0e6d7c8b").expect("a UUID"),
        key: key(),
        term: Term::Standing,
        session: Duration::hours(1),
    }
}

fn removes() -> Item {
    Item::Close {
        key: key(),
        session: Duration::hours(1),
    }
}

/// An engine with one approved change, whose verdict it has requested.
struct Engine {
    state: State,
    now: Timestamp,
}

impl Engine {
    fn with(item: Item) -> Self {
        let now = Timestamp(0);
        let mut engine = Self {
            state: State::restore(Rows::default(), Generation(1), Pacing::default(), now),
            now,
        };
        engine.approve(item);
        engine
    }

    fn change() -> ChangeId {
        ChangeId::parse("2e0d3d3e-0b3b-4b6c-9d6a-0f5f0e6d7c8b").expect("a UUID")
    }

    fn approve(&mut self, item: Item) {
        let plan = Plan {
            change: Self::change(),
            items: vec![item],
            not_before: None,
        };
        assert!(self.step(Event::Execute(plan)), "a verdict is requested");
    }

    /// Sends an event and stores every commit. Returns whether a verdict was requested.
    fn step(&mut self, event: Event) -> bool {
        let mut ids =
            || OperationId::parse("3e0d3d3e-0b3b-4b6c-9d6a-0f5f0e6d7c8b").expect("a UUID");
        let mut events = vec![event];
        let mut asked = false;
        while let Some(event) = events.pop() {
            for effect in self.state.step(event, self.now, &mut ids) {
                match effect {
                    Effect::Commit(commit) => events.push(Event::Committed {
                        number: commit.number,
                    }),
                    Effect::Evaluate { .. } => asked = true,
                    _ => {}
                }
            }
        }
        asked
    }

    /// Answers the request, and returns the seconds after which the engine requests the verdict again.
    fn seconds_until_asked_again(&mut self, answer: StartVerdict) -> i64 {
        let change = Self::change();
        assert!(!self.step(Event::Evaluated { change, answer }));
        let answered = self.now;
        loop {
            self.now = self.state.next_wake(self.now).expect("it asks again");
            if self.step(Event::Tick) {
                return self.now.since(answered).0 / 1_000;
            }
        }
    }

    fn pauses(&mut self, answer: &StartVerdict, number: usize) -> Vec<i64> {
        (0..number)
            .map(|_| self.seconds_until_asked_again(answer.clone()))
            .collect()
    }
}

#[test]
fn a_grant_without_an_answer_is_evaluated_again_after_pauses_that_double_up_to_a_minute() {
    let mut engine = Engine::with(gives());
    let pauses = engine.pauses(&StartVerdict::Unanswered, 7);
    assert_eq!(pauses, [5, 10, 20, 40, 60, 60, 60]);
}

#[test]
fn a_removal_without_an_answer_is_evaluated_again_as_soon_as_the_first_time() {
    let mut engine = Engine::with(removes());
    assert_eq!(engine.pauses(&StartVerdict::Unanswered, 6), [5; 6]);
}

#[test]
fn what_leastwise_itself_records_is_noticed_at_once_however_long_a_change_waited() {
    let mut engine = Engine::with(gives());
    engine.pauses(&StartVerdict::Unanswered, 6);
    assert_eq!(engine.pauses(&StartVerdict::Held, 6), [5; 6]);
    assert_eq!(engine.pauses(&StartVerdict::Unanswered, 2), [5, 10]);
}

#[test]
fn a_new_decision_starts_without_the_pause_of_the_earlier_one() {
    let mut engine = Engine::with(gives());
    engine.pauses(&StartVerdict::Unanswered, 6);
    let (change, answer) = (Engine::change(), StartVerdict::EffectGrew);
    assert!(!engine.step(Event::Evaluated { change, answer }));
    engine.approve(gives());
    assert_eq!(engine.pauses(&StartVerdict::Unanswered, 2), [5, 10]);
}
