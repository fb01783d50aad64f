//! Guardrails and eligibility: whether a change may happen, and what is wrong with what exists.
//!
//! The rules are Cedar policies, data that a customer may edit; this module turns every gain of a
//! change into one Cedar request and the answers into one verdict. Two sets are evaluated apart:
//! *eligibility* only permits, and what nothing permits is refused; *guardrails* only forbid, and
//! every one that is hit is named. Cedar skips a policy that fails to evaluate, which would open
//! the door that a guardrail was meant to shut, so here any evaluation error refuses.
//!
//! Must never: allow because something could not be looked up, compare names or e-mail addresses,
//! or judge an operation instead of what it brings to whom.

mod case;
mod evaluate;
mod hold;
mod judge;
mod rules;
mod system;
mod text;

pub use hold::{Held, Holder, Holds, Record, hold};
pub use judge::{Asked, Gain, GainKind, Judgement, judge};
pub use rules::{Rule, RuleError, RuleKind, RuleText, Rules};
pub use system::{ELIGIBILITY_NONE, RULE_ERROR};
