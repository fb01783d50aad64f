//! Queries Cedar, and caches each answer under everything that it depends on.
//!
//! An answer is complete only after the remedies were tried: a guardrail is *lifted by approvals* if it no longer
//! matches once the approvals that it names are present. An evaluation error is never dropped, because Cedar answers as
//! if the failed policy did not exist.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    hash::Hash,
    rc::Rc,
};

use cedar_policy::{Authorizer, PolicySet};

use super::{
    cedar_request::CedarRequest,
    request_template::{PolicyAction, PolicyPrincipal, RequestTemplate},
    rules::Rules,
};
use crate::verdict::Remedies;

/// The policies' answer to one case. Policies are identified by their index in `Rules::list`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct PolicyResponse {
    /// The policies that make the person eligible. Empty for existing access, which needs no eligibility.
    pub permits: BTreeSet<usize>,
    /// The guardrails that matched, each with what lifts it; none if nothing does.
    pub forbids: BTreeMap<usize, Option<Remedies>>,
    /// Evaluation errors. If there are any, the result is *blocked*.
    pub errors: Vec<String>,
}

/// Evaluates cases under one version of the policies.
pub(super) struct Evaluator<'r> {
    pub rules: &'r Rules,
    authorizer: Authorizer,
    frames: Interned<RequestTemplate>,
    people: Interned<PolicyPrincipal>,
    answers: HashMap<(usize, usize), Rc<PolicyResponse>>,
}

/// Assigns a number to each distinct value, so that a long key is hashed only once.
struct Interned<T>(HashMap<T, usize>);

impl<T: Hash + Eq> Interned<T> {
    fn number(&mut self, value: T) -> usize {
        let next = self.0.len();
        *self.0.entry(value).or_insert(next)
    }
}

impl<'r> Evaluator<'r> {
    pub(super) fn new(rules: &'r Rules) -> Self {
        Self {
            rules,
            authorizer: Authorizer::new(),
            frames: Interned(HashMap::new()),
            people: Interned(HashMap::new()),
            answers: HashMap::new(),
        }
    }

    /// Returns how many distinct cases were evaluated so far.
    pub(super) fn evaluated(&self) -> usize {
        self.answers.len()
    }

    pub(super) fn frame(&mut self, frame: RequestTemplate) -> usize {
        self.frames.number(frame)
    }

    pub(super) fn who(&mut self, who: PolicyPrincipal) -> usize {
        self.people.number(who)
    }

    /// Returns the answer to a case whose halves already have numbers.
    pub(super) fn numbered(
        &mut self,
        (frame_number, frame): (usize, &RequestTemplate),
        (who_number, who): (usize, &PolicyPrincipal),
    ) -> Rc<PolicyResponse> {
        if let Some(answer) = self.answers.get(&(frame_number, who_number)) {
            return Rc::clone(answer);
        }
        let answer = Rc::new(self.evaluate(frame, who));
        self.answers
            .insert((frame_number, who_number), Rc::clone(&answer));
        answer
    }

    fn evaluate(&self, frame: &RequestTemplate, who: &PolicyPrincipal) -> PolicyResponse {
        let mut answer = PolicyResponse::default();
        let cedar_request = match frame.cedar_request(who, &self.rules.schema) {
            Ok(cedar_request) => cedar_request,
            Err(error) => {
                answer.errors.push(error);
                return answer;
            }
        };
        if frame.act != PolicyAction::Hold {
            answer.permits =
                self.reasons(&cedar_request, &self.rules.eligibility, &mut answer.errors);
        }
        let hit = self.reasons(&cedar_request, &self.rules.guardrails, &mut answer.errors);
        answer.forbids = self.with_remedies(frame, who, &hit, &mut answer.errors);
        answer
    }

    /// Tries the approvals of each remedy. A guardrail is lifted only if the approvals that it names lift it and the
    /// largest number tried does not bring it back. A guardrail that matches only because of approvals has no remedy.
    fn with_remedies(
        &self,
        frame: &RequestTemplate,
        who: &PolicyPrincipal,
        hit: &BTreeSet<usize>,
        errors: &mut Vec<String>,
    ) -> BTreeMap<usize, Option<Remedies>> {
        let approvals_needed: BTreeSet<u8> = hit
            .iter()
            .filter_map(|rule| self.approvals_needed(*rule))
            .collect();
        let mut still: BTreeMap<u8, BTreeSet<usize>> = BTreeMap::new();
        for count in &approvals_needed {
            let mut approved = frame.clone();
            saturate(&mut approved.record.approvals, *count);
            match approved.cedar_request(who, &self.rules.schema) {
                Ok(cedar_request) => {
                    let reasons = self.reasons(&cedar_request, &self.rules.guardrails, errors);
                    still.insert(*count, reasons);
                }
                Err(error) => errors.push(error),
            }
        }
        let most = still.values().next_back();
        let stands = |rule: &usize, count: u8| {
            still.get(&count).is_none_or(|hit| hit.contains(rule))
                || most.is_some_and(|hit| hit.contains(rule))
        };
        let brought_up = still.values().flatten().filter(|rule| !hit.contains(rule));
        let mut found: BTreeMap<usize, Option<Remedies>> =
            brought_up.map(|rule| (*rule, None)).collect();
        for rule in hit {
            let remedy = self.rules.list()[*rule].remedy.as_ref();
            let remedy = remedy.filter(|remedies| !stands(rule, remedies.approvals()));
            found.insert(*rule, remedy.cloned());
        }
        found
    }

    fn approvals_needed(&self, rule: usize) -> Option<u8> {
        let remedy = self.rules.list()[rule].remedy.as_ref();
        remedy.map(Remedies::approvals)
    }

    /// Returns the policies of one set that matched, and collects errors.
    fn reasons(
        &self,
        cedar_request: &CedarRequest,
        set: &PolicySet,
        errors: &mut Vec<String>,
    ) -> BTreeSet<usize> {
        let response =
            self.authorizer
                .is_authorized(&cedar_request.request, set, &cedar_request.entities);
        let mut messages: Vec<String> = response
            .diagnostics()
            .errors()
            .map(ToString::to_string)
            .collect();
        messages.sort();
        errors.extend(messages);
        response
            .diagnostics()
            .reason()
            .filter_map(|id| self.rules.place(id.as_ref()))
            .collect()
    }
}

/// Adds fictitious approvers, so that no policy about the requester or the beneficiary matches them.
fn saturate(approvals: &mut BTreeSet<String>, count: u8) {
    for n in 1..=count {
        if approvals.len() >= usize::from(count) {
            return;
        }
        approvals.insert(format!("approver {n}"));
    }
}
