//! The policy findings of one production PCI account, as counts. Kept for each such account as long as the read model.
//! Never contains a row per person, because a large organization has millions of them; the page of an account evaluates
//! it again.

use std::sync::Arc;

use domain::{
    guardrails::{Said, Spoken, Whom},
    ids::UserId,
    verdict::{Hit, Outcome, Tally, strictest},
};

/// The findings of one account.
#[derive(Debug, Default)]
pub struct Guarded {
    /// The number of assignments with findings.
    pub assignments: Tally,
    /// The number of paths of people with findings.
    pub paths: Tally,
    /// The policies with findings.
    pub broken: Vec<Broken>,
}

/// A policy with findings in this account.
#[derive(Debug)]
pub struct Broken {
    hits: Arc<[Hit]>,
    at: usize,
    /// The number of affected assignments.
    pub assignments: u32,
    /// The affected people: lists that are shared between accounts, each at most once.
    pub people: Vec<Arc<[UserId]>>,
    last: usize,
}

impl Broken {
    /// Returns the policy as displayed, with its strictest outcome in this account.
    pub fn hit(&self) -> &Hit {
        &self.hits[self.at]
    }
}

/// Returns the outcome of an assignment: the strictest of everyone with access through it.
fn outcome_of(said: &[Said]) -> Outcome {
    let hits = said.iter().flat_map(|said| said.hits.iter());
    strictest(hits.map(Hit::outcome))
}

impl Guarded {
    /// Counts the findings of all assignments of an account.
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
