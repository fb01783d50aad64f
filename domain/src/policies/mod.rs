//! Evaluation of changes and of existing access by Cedar policies: guardrails and eligibility.
//!
//! The only module that depends on Cedar. Never stores anything and never reads a clock. An evaluation error blocks,
//! because Cedar would skip the failed policy and allow.

#[cfg(feature = "cedar")]
mod cedar_request;
#[cfg(feature = "cedar")]
mod change_evaluation;
#[cfg(feature = "cedar")]
mod equivalence_classes;
#[cfg(feature = "cedar")]
mod evaluated;
#[cfg(feature = "cedar")]
mod evaluator;
#[cfg(feature = "cedar")]
mod existing_access;
#[cfg(feature = "cedar")]
mod gainer_classes;
#[cfg(feature = "cedar")]
mod hit_collector;
#[cfg(feature = "cedar")]
mod indirect_effects;
#[cfg(feature = "cedar")]
mod lost_access;
#[cfg(feature = "cedar")]
mod overdue_revocation;
#[cfg(feature = "cedar")]
mod oversight;
#[cfg(feature = "cedar")]
mod production_pci;
mod records;
#[cfg(all(test, feature = "cedar"))]
mod reference;
#[cfg(feature = "cedar")]
mod removals;
#[cfg(feature = "cedar")]
mod request_template;
mod results;
#[cfg(feature = "cedar")]
mod rules;
#[cfg(feature = "cedar")]
mod schema;
#[cfg(feature = "cedar")]
mod statement;
#[cfg(feature = "cedar")]
mod system;
#[cfg(feature = "cedar")]
mod text;
#[cfg(feature = "cedar")]
mod titles;

#[cfg(feature = "cedar")]
pub use change_evaluation::evaluate;
#[cfg(feature = "cedar")]
pub use equivalence_classes::{Affected, AssignmentFindings, PolicyFindings};
#[cfg(feature = "cedar")]
pub use evaluated::Evaluated;
#[cfg(feature = "cedar")]
pub use existing_access::{ExistingAccessEvaluator, evaluate_existing_access};
#[cfg(feature = "cedar")]
pub use indirect_effects::{HELD_ALREADY, LEADS_NOWHERE, NAMED_BY_A_RULE, USE_NOT_KNOWN};
#[cfg(feature = "cedar")]
pub use lost_access::may_lose;
#[cfg(feature = "cedar")]
pub use overdue_revocation::{OUT_OF_REACH, OVERDUE};
#[cfg(feature = "cedar")]
pub use oversight::{EARLIER, InvalidOversightMark, OversightMark, RemovalLimits};
#[cfg(feature = "cedar")]
pub use production_pci::{blocked_as_standing, in_production_pci};
pub use records::{Agreement, Record, Records};
#[cfg(feature = "cedar")]
pub use removals::{
    RemovalPolicies, ends_oversight, idle_oversight_marks, is_alarm_hit, removal_limit,
};
pub use results::{
    Evaluation, ExistingAccess, Gain, GainKind, Holder, RequestContext, Rule, RuleError, RuleKind,
    RuleText,
};
#[cfg(feature = "cedar")]
pub use rules::Rules;
#[cfg(feature = "cedar")]
pub use system::{
    ELIGIBILITY_NONE, NO_SECOND_FACTOR, NOT_ADMINISTRATOR, REMOVAL_POLICY_ERROR, RULE_ERROR,
    requester_objection,
};
