//! Evaluates changes of the small company, with items referred to by name.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use catalogue::Catalogue;
use domain::{
    approval::Mfa,
    authorize::Role,
    budget::Budget,
    change::Operation,
    grant::Term,
    ids::{Assignment, Principal},
    permission_set::{Content, CustomerPolicy, analysis::analyse},
    policies::{Evaluation, RequestContext, Rules, evaluate},
    snapshot::Snapshot,
    time::{Date, Duration, Timestamp},
    verdict::Outcome,
};

#[path = "../../shared/company.rs"]
mod company;
pub use company::*;

pub const SCHEMA: &str = include_str!("../../../../server/policies/leastwise.cedarschema");
pub const ELIGIBILITY: &str = include_str!("../../../../server/policies/eligibility.cedar");
pub const GUARDRAILS: &str = include_str!("../../../../server/policies/guardrails.cedar");
pub const NOW: Timestamp = Timestamp(1_795_425_245_000);

/// Parsed once: in an unoptimized build parsing takes longer than most tests.
pub fn default_rules() -> &'static Rules {
    static RULES: LazyLock<Rules> = LazyLock::new(|| {
        Rules::parse(SCHEMA, ELIGIBILITY, GUARDRAILS).expect("the default policies are valid")
    });
    &RULES
}

pub fn with_guardrails(more: &str) -> Rules {
    Rules::parse(SCHEMA, ELIGIBILITY, &format!("{GUARDRAILS}\n{more}")).expect("valid policies")
}

/// A guardrail for a single test.
pub fn rule(id: &str, annotations: &str, rest: &str) -> String {
    format!("@id(\"{id}\") @reason(\"r\") @control(\"c\") {annotations}\nforbid ({rest};\n")
}

/// Unpacked once, because it is large.
pub fn catalogue() -> &'static Catalogue {
    static CATALOGUE: LazyLock<Catalogue> =
        LazyLock::new(|| Catalogue::embedded().expect("the embedded data is readable"));
    &CATALOGUE
}

impl Company {
    /// Adds a set with the result of the real analysis.
    pub fn analysed(&mut self, name: &str, content: Content) {
        let analysis = analyse(&content, catalogue());
        self.add_set(name, content, analysis);
    }

    pub fn assigned(&mut self, who: &Principal, account: &str, with: &str) {
        assign(
            &mut self.parts,
            pair(account, with),
            who.clone(),
            NOW,
            Timestamp(1),
        );
    }

    pub fn snapshot(&self) -> Snapshot {
        Snapshot::new(self.parts.clone())
    }

    /// Evaluates under the default policies, with no unfinished changes.
    pub fn evaluate(&self, operations: &[Operation], asked: &RequestContext) -> Evaluation {
        self.evaluate_under(default_rules(), &[], operations, asked)
    }

    pub fn evaluate_under(
        &self,
        rules: &Rules,
        under_way: &[Operation],
        operations: &[Operation],
        asked: &RequestContext,
    ) -> Evaluation {
        let snapshot = self.snapshot();
        evaluate(
            &snapshot,
            under_way,
            operations,
            asked,
            rules,
            NOW,
            Budget::UNLIMITED,
        )
        .expect("nothing ends it")
    }
}

/// Ann, an administrator, with a second factor and no ticket.
pub fn ann() -> RequestContext {
    RequestContext {
        requester: person("ann"),
        roles: [Role::Administrator].into(),
        mfa: Mfa::Proven,
        ticket: false,
        review_on: None,
        approvals: BTreeSet::new(),
        ours: BTreeSet::new(),
        new_persons: BTreeMap::new(),
        new_user: None,
        earlier_removals: BTreeSet::new(),
        states: domain::subject::SubjectStates::default(),
        agreed_removals: BTreeSet::new(),
    }
}

/// The same request with a date by which somebody reviews the access.
pub fn reviewed(asked: RequestContext) -> RequestContext {
    let review_on = Some(Date::parse("2027-05-31").expect("a date"));
    RequestContext { review_on, ..asked }
}

/// Somebody without any role.
pub fn requester(name: &str) -> RequestContext {
    RequestContext {
        requester: person(name),
        roles: BTreeSet::new(),
        ..ann()
    }
}

pub fn approved_by(asked: RequestContext, names: &[&str]) -> RequestContext {
    RequestContext {
        approvals: names.iter().map(|name| person(name)).collect(),
        ..asked
    }
}

pub fn the_user(name: &str) -> Principal {
    Principal::User(user(name))
}
pub fn the_group(name: &str) -> Principal {
    Principal::Group(group(name))
}

pub fn assignment(who: Principal, at: &str, with: &str) -> Assignment {
    Assignment {
        pair: pair(at, with),
        principal: who,
    }
}
pub fn standing(who: Principal, at: &str, with: &str) -> Operation {
    Operation::Assign {
        assignment: assignment(who, at, with),
        term: Term::Standing,
    }
}
pub fn window(who: Principal, at: &str, with: &str, minutes: i64) -> Operation {
    Operation::Assign {
        assignment: assignment(who, at, with),
        term: Term::For(Duration::minutes(minutes)),
    }
}
pub fn unassign(who: Principal, at: &str, with: &str) -> Operation {
    Operation::Unassign {
        assignment: assignment(who, at, with),
    }
}
pub fn join(whom: &str, to: &str) -> Operation {
    Operation::AddMember {
        group: group(to),
        user: user(whom),
    }
}
pub fn leave(whom: &str, from: &str) -> Operation {
    Operation::RemoveMember {
        group: group(from),
        user: user(whom),
    }
}

pub fn customer_managed(name: &str) -> Content {
    Content {
        customer: [CustomerPolicy {
            name: name.into(),
            path: "/".into(),
        }]
        .into(),
        session_seconds: 3_600,
        ..Content::default()
    }
}

/// Returns the ids of the policies that matched, in order.
pub fn hit(evaluation: &Evaluation) -> Vec<&str> {
    evaluation
        .verdict
        .hits
        .iter()
        .map(|hit| hit.rule.as_str())
        .collect()
}

#[track_caller]
pub fn refused_by(evaluation: &Evaluation, rule: &str) {
    let all = hit(evaluation);
    assert_eq!(evaluation.verdict.outcome, Outcome::Refused, "{all:?}");
    let finally = evaluation
        .verdict
        .hits
        .iter()
        .any(|hit| hit.rule == rule && hit.remedy.is_none());
    assert!(finally, "{rule} is not among {all:?}");
}

#[track_caller]
pub fn needs(evaluation: &Evaluation, approvals: u8) {
    assert_eq!(
        (evaluation.verdict.outcome, evaluation.verdict.approvals),
        (Outcome::NeedsApproval, approvals),
        "{:?}",
        hit(evaluation)
    );
}

#[track_caller]
pub fn allowed(evaluation: &Evaluation) {
    assert_eq!(
        evaluation.verdict.outcome,
        Outcome::Allowed,
        "{:?}",
        hit(evaluation)
    );
}
