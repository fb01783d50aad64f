//! What the guardrails say of one production PCI account, in numbers: kept for each of them while the world
//! lasts. Never a line for each person: a large organisation has millions; who asks for one account has it
//! judged again.

use std::sync::Arc;

use domain::{
    guardrails::{Said, Spoken, Whom},
    ids::UserId,
    verdict::{Hit, Outcome, Tally, strictest},
};

/// One account.
#[derive(Debug, Default)]
pub struct Guarded {
    /// Assignments that something stands against.
    pub assignments: Tally,
    /// Paths of people that something stands against.
    pub paths: Tally,
    /// Rules that stand against something.
    pub broken: Vec<Broken>,
}

/// One rule that stands against something here.
#[derive(Debug)]
pub struct Broken {
    hits: Arc<[Hit]>,
    at: usize,
    /// Against how many assignments.
    pub assignments: u32,
    /// Whose: lists that are shared between accounts, each named once here.
    pub people: Vec<Arc<[UserId]>>,
    last: usize,
}

impl Broken {
    /// The rule, as it is shown: final if it is final for anybody here.
    pub fn hit(&self) -> &Hit {
        &self.hits[self.at]
    }
}

/// How an assignment stands: as the worst of those who hold by it.
fn outcome_of(said: &[Said]) -> Outcome {
    let hits = said.iter().flat_map(|said| said.hits.iter());
    strictest(hits.map(Hit::outcome))
}

impl Guarded {
    /// Counts what was said of every assignment of an account.
    pub fn of(spoken: &[Spoken<'_>]) -> Self {
        let mut found = Self::default();
        for (number, one) in spoken.iter().enumerate() {
            let against = one.said.iter().filter(|said| !said.hits.is_empty());
            found.assignments.add(outcome_of(&one.said), 1);
            for said in against {
                let people = match &said.whom {
                    Whom::People(people) => Some(people),
                    Whom::Newcomers | Whom::Orphan => None,
                };
                let outcome = strictest(said.hits.iter().map(Hit::outcome));
                found
                    .paths
                    .add(outcome, people.map_or(0, |people| people.len()));
                for at in 0..said.hits.len() {
                    found.note(number, &said.hits, at, people);
                }
            }
        }
        found.broken.shrink_to_fit();
        found
    }

    fn note(
        &mut self,
        assignment: usize,
        hits: &Arc<[Hit]>,
        at: usize,
        people: Option<&Arc<[UserId]>>,
    ) {
        let hit = &hits[at];
        let known = self
            .broken
            .iter()
            .position(|broken| broken.hit().rule == hit.rule);
        let place = known.unwrap_or_else(|| {
            self.broken.push(Broken {
                hits: Arc::clone(hits),
                at,
                assignments: 0,
                people: Vec::new(),
                last: usize::MAX,
            });
            self.broken.len() - 1
        });
        let broken = &mut self.broken[place];
        if broken.last != assignment {
            broken.last = assignment;
            broken.assignments += 1;
        }
        if hit.remedy.is_none() && broken.hit().remedy.is_some() {
            (broken.hits, broken.at) = (Arc::clone(hits), at);
        }
        if let Some(people) = people
            && !broken.people.iter().any(|known| Arc::ptr_eq(known, people))
        {
            broken.people.push(Arc::clone(people));
        }
    }
}
