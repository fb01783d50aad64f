//! Policies on removals: who else must agree before access is removed.
//!
//! A text and a schema of their own, so that no policy on gains ever applies to a removal. A removal can be made to wait
//! for approvals and never be blocked: a policy without a remedy is refused when it is read, and a policy that cannot be
//! evaluated asks for one approval. Never applied to what the engine revokes, which is not a change; the end of oversight
//! access only raises an alarm.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use cedar_policy::{
    Authorizer, Context, Entities, Entity, PolicySet, Request, RestrictedExpression, Schema,
};

use super::{
    cedar_request::{uid, whole},
    lost_access::{self, LosingPeople, LostPair},
    oversight::{OversightMark, RemovalLimits},
    results::{RequestContext, Rule, RuleError, RuleText},
    rules::Rules,
    schema,
    statement::Loaded,
    system::{REMOVAL_POLICY_ERROR, hit},
};
use crate::{
    change::Operation,
    classification::{Classification, Environment, Pci},
    diff::Effect,
    engine::AccessResource,
    ids::PermissionSetArn,
    snapshot::{Knowledge, Snapshot},
    subject::identity_link::CONTROLLER,
    verdict::{Hit, Remedies},
};

/// The ids in a request about an account or a permission set that is not known.
const ANY_ACCOUNT: &str = "000000000000";
const ANY_SET: &str = "*";

/// The policies on removals, parsed and validated.
#[derive(Debug, Clone)]
pub struct RemovalPolicies {
    pub(super) list: Vec<Rule>,
    /// What the version of the policies covers.
    pub(super) texts: [String; 3],
    schema: Schema,
    policies: PolicySet,
    limits: RemovalLimits,
}

impl RemovalPolicies {
    /// Parses and validates schema and policies. Reports all errors.
    pub fn parse(
        schema: &str,
        policies: &str,
        limits: RemovalLimits,
    ) -> Result<Self, Vec<RuleError>> {
        let mut errors = Vec::new();
        let parsed = schema::parse(schema, RuleText::RemovalSchema, probe, &mut errors);
        let mut loaded = Loaded::default();
        let set = loaded.load(policies, RuleText::Removals, &mut errors);
        for rule in loaded.rules.iter().filter(|rule| rule.remedy.is_none()) {
            errors.push(RuleError {
                text: RuleText::Removals,
                line: rule.line,
                column: 1,
                policy: Some(rule.id.clone()),
                message: "a policy on removals needs `@remedy(\"approvals:N\")`, because a removal must never be impossible"
                    .into(),
            });
        }
        if let Some(schema) = &parsed {
            schema::validate(schema, &set, RuleText::Removals, policies, &mut errors);
        }
        errors.sort();
        errors.dedup();
        let (Some(parsed), true) = (parsed, errors.is_empty()) else {
            return Err(errors);
        };
        Ok(Self {
            texts: [
                schema.to_owned(),
                policies.to_owned(),
                format!("{limits:?}"),
            ],
            list: loaded.rules,
            schema: parsed,
            policies: set,
            limits,
        })
    }
}

/// Whether a schema describes the requests about removals.
fn probe(schema: &Schema) -> Result<(), String> {
    let lost = RemovalRequest {
        account: ANY_ACCOUNT,
        class: None,
        set: ANY_SET,
        oversight: true,
    };
    lost.request("requester", 1, 1, schema).map(|_| ())
}

/// Returns the hits for what people lose by operations. `agreed` is the number of valid approvals.
pub(super) fn hits(
    snapshot: &Snapshot,
    operations: &[Operation],
    effect: &Effect,
    asked: &RequestContext,
    rules: &Rules,
    agreed: usize,
) -> Vec<Hit> {
    let Some(removals) = &rules.removals else {
        return Vec::new();
    };
    let LosingPeople {
        by_change,
        together,
    } = lost_access::people(snapshot, operations, effect, asked);
    let pairs = lost_access::pairs(snapshot, operations, effect);
    let findings = |people| removals.findings(snapshot, &pairs, asked.requester.as_str(), people);
    let found = findings(together);
    let without_earlier = if together > by_change && !found.matching.is_empty() {
        findings(by_change).matching
    } else {
        found.matching.clone()
    };
    let matched = found.matching.into_iter().map(|(at, remedy)| {
        let hit = removals.list[at].hit(Some(remedy));
        if without_earlier.contains_key(&at) {
            hit
        } else {
            due_to_earlier_removals(hit, together)
        }
    });
    let failed = found.errors.into_iter().map(|error| Hit {
        remedy: Some(Remedies::approvals_of(1)),
        ..hit(
            REMOVAL_POLICY_ERROR,
            format!("A policy on removals could not be evaluated, so somebody else must approve. Report this error to the maintainer of the policies: {error}"),
            "PCI 7.3.3",
            BTreeSet::new(),
        )
    });
    matched
        .chain(failed)
        .filter(|hit| {
            !hit.remedy
                .as_ref()
                .is_some_and(|remedies| remedies.lifted_by(agreed))
        })
        .collect()
}

/// The text of a policy is the same for every change, so the number is added to it.
fn due_to_earlier_removals(hit: Hit, together: usize) -> Hit {
    Hit {
        reason: format!("{} Together, {together} people lose access.", hit.reason),
        people_together: Some(together),
        ..hit
    }
}

/// Whether a hit raises an alarm: one of a policy on removals, one of such a policy that could not be evaluated, and one of
/// an item about the identity of somebody who decides or administers.
pub fn is_alarm_hit(rules: &Rules, hit: &Hit) -> bool {
    let removals = rules.removals.as_ref();
    hit.rule == REMOVAL_POLICY_ERROR
        || hit.rule == CONTROLLER
        || removals.is_some_and(|removals| removals.list.iter().any(|rule| rule.id == hit.rule))
}

/// Returns how many people's access one person may remove within an hour; none if no policy limits it.
pub fn removal_limit(rules: &Rules) -> Option<u32> {
    rules
        .removals
        .as_ref()
        .map(|removals| removals.limits.people)
}

/// Returns the chosen oversight marks that mark no permission set, so that they protect nothing. None while permission sets
/// were not all read.
pub fn idle_oversight_marks<'a>(rules: &'a Rules, snapshot: &Snapshot) -> Vec<&'a OversightMark> {
    let Some(removals) = &rules.removals else {
        return Vec::new();
    };
    if snapshot.never_read().sets() == Knowledge::NeverRead {
        return Vec::new();
    }
    let marks_none = |mark: &&OversightMark| {
        let mut sets = snapshot.parts().sets.values();
        !sets.any(|set| mark.is_of(&set.arn, &set.name, &set.content.managed))
    };
    removals.limits.chosen().iter().filter(marks_none).collect()
}

/// Whether the end of an access resource ends oversight access, for the alarm. What was never read counts as oversight.
pub fn ends_oversight(rules: &Rules, snapshot: &Snapshot, resource: &AccessResource) -> bool {
    let Some(removals) = &rules.removals else {
        return false;
    };
    match resource {
        AccessResource::Assignment(assignment) => {
            removals.is_oversight(snapshot, Some(&assignment.pair.set))
        }
        AccessResource::Membership { group, .. } => lost_access::of_group(snapshot, group)
            .any(|pair| removals.is_oversight(snapshot, pair.set)),
    }
}

/// What the policies say about what people lose.
#[derive(Default)]
struct Findings {
    /// The matching policies, by their index.
    matching: BTreeMap<usize, Remedies>,
    /// The evaluation errors.
    errors: BTreeSet<String>,
}

impl RemovalPolicies {
    /// Whether a permission set is marked as oversight. It is none if it may be any.
    fn is_oversight(&self, snapshot: &Snapshot, set: Option<&PermissionSetArn>) -> bool {
        set.is_none_or(|set| self.limits.is_oversight(set, snapshot.set(set)))
    }

    /// Returns what the policies say if this many people lose access.
    fn findings(
        &self,
        snapshot: &Snapshot,
        pairs: &BTreeSet<LostPair<'_>>,
        requester: &str,
        people: usize,
    ) -> Findings {
        let people = i64::try_from(people).unwrap_or(i64::MAX);
        let mut findings = Findings::default();
        for pair in pairs {
            if let Err(error) = self.add_to(&mut findings, snapshot, *pair, requester, people) {
                findings.errors.insert(error);
            }
        }
        findings
    }

    fn add_to(
        &self,
        findings: &mut Findings,
        snapshot: &Snapshot,
        pair: LostPair<'_>,
        requester: &str,
        people: i64,
    ) -> Result<(), String> {
        let account = pair.account.and_then(|id| snapshot.account(id));
        let lost = RemovalRequest {
            account: pair.account.map_or(ANY_ACCOUNT, |id| id.as_str()),
            class: account.map(|(_, class)| *class),
            set: pair.set.map_or(ANY_SET, |set| set.as_str()),
            oversight: self.is_oversight(snapshot, pair.set),
        };
        let limit = i64::from(self.limits.people);
        let (request, entities) = lost.request(requester, people, limit, &self.schema)?;
        let response = Authorizer::new().is_authorized(&request, &self.policies, &entities);
        let diagnostics = response.diagnostics();
        let matched = diagnostics.reason().filter_map(|id| {
            let at = self.list.iter().position(|rule| rule.id == id.as_ref())?;
            Some((at, self.list[at].remedy.clone()?))
        });
        findings.matching.extend(matched);
        let errors = diagnostics.errors().map(ToString::to_string);
        findings.errors.extend(errors);
        Ok(())
    }
}

/// A request to Cedar about an account and a permission set that somebody loses.
struct RemovalRequest<'a> {
    account: &'a str,
    /// None if the account is not known or not in the organization, which counts as production PCI.
    class: Option<Classification>,
    set: &'a str,
    oversight: bool,
}

impl RemovalRequest<'_> {
    fn request(
        &self,
        requester: &str,
        people: i64,
        limit: i64,
        schema: &Schema,
    ) -> Result<(Request, Entities), String> {
        use RestrictedExpression as E;
        let (environment, pci, production_pci) = match self.class {
            Some(class) => (
                class.environment,
                class.pci,
                class.counts_as_production_pci(),
            ),
            None => (Environment::Production, Pci::In, true),
        };
        let account = uid("Account", self.account);
        let attributes = HashMap::from([
            (
                "environment".to_owned(),
                E::new_entity_uid(uid("Environment", environment.as_str())),
            ),
            (
                "pci".to_owned(),
                E::new_entity_uid(uid("Pci", pci.as_str())),
            ),
            ("production_pci".to_owned(), E::new_bool(production_pci)),
        ]);
        let entity = Entity::new(account.clone(), attributes, HashSet::new()).map_err(whole)?;
        let entities = Entities::from_entities([entity], Some(schema)).map_err(whole)?;
        let context = Context::from_pairs([
            (
                "set".to_owned(),
                E::new_entity_uid(uid("PermissionSet", self.set)),
            ),
            ("oversight".to_owned(), E::new_bool(self.oversight)),
            ("people".to_owned(), E::new_long(people)),
            ("people_limit".to_owned(), E::new_long(limit)),
        ])
        .map_err(whole)?;
        let request = Request::new(
            uid("Person", requester),
            uid("Action", "Remove"),
            account,
            context,
            Some(schema),
        )
        .map_err(whole)?;
        Ok((request, entities))
    }
}
