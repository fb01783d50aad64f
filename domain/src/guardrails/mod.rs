//! Evaluation of changes and of existing access by Cedar policies: guardrails and eligibility.
//!
//! The only module that depends on Cedar. Never stores anything and never reads a clock. An evaluation error blocks,
//! because Cedar would skip the failed policy and allow.

#[cfg(feature = "cedar")]
mod alike;
mod answer;
#[cfg(feature = "cedar")]
mod case;
#[cfg(feature = "cedar")]
mod evaluate;
#[cfg(feature = "cedar")]
mod hits;
#[cfg(feature = "cedar")]
mod hold;
#[cfg(feature = "cedar")]
mod judge;
#[cfg(feature = "cedar")]
mod late;
#[cfg(feature = "cedar")]
mod question;
#[cfg(feature = "cedar")]
mod quiet;
mod records;
#[cfg(feature = "cedar")]
mod rules;
#[cfg(feature = "cedar")]
mod statement;
#[cfg(feature = "cedar")]
mod system;
#[cfg(feature = "cedar")]
mod text;

#[cfg(feature = "cedar")]
pub use alike::{Said, Spoken, Whom};
pub use answer::{
    Asked, Gain, GainKind, Held, Holder, Judgement, Rule, RuleError, RuleKind, RuleText,
};
#[cfg(feature = "cedar")]
pub use hold::{Holds, hold};
#[cfg(feature = "cedar")]
pub use judge::judge;
#[cfg(feature = "cedar")]
pub use late::{OUT_OF_REACH, OVERDUE};
#[cfg(feature = "cedar")]
pub use quiet::{HELD_ALREADY, LEADS_NOWHERE, NAMED_BY_A_RULE};
pub use records::{Agreement, Record, Records};
#[cfg(feature = "cedar")]
pub use rules::Rules;
#[cfg(feature = "cedar")]
pub use system::{ELIGIBILITY_NONE, RULE_ERROR};
