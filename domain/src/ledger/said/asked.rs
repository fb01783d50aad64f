//! What the ledger says was asked for by a change, how far it has come, and what its approvers saw.
//!
//! A change's row is held against it: what nobody asked for so is not carried out, what was carried out
//! or ended once does not begin again, and nobody is said to have agreed to what they did not see.

use serde_json::Value;
use thiserror::Error;

use super::{Entry, subject};
use crate::{
    approval::Mfa,
    change::{Change, Operation},
    diff::EffectHash,
    ids::PersonId,
    ledger::Hash,
    person::Subject,
    time::Timestamp,
};

/// Somebody asked for a change.
pub const SUBMITTED: &str = "change.submitted";
/// Somebody asked for one, and the rules said no.
pub const REFUSED: &str = "change.refused";
/// It has to be decided anew.
pub const SENT_BACK: &str = "change.sent_back";
/// The engine began to carry it out.
pub const BEGAN: &str = "change.started";
/// How it ended.
pub const ENDINGS: [&str; 4] = [
    "change.verified",
    "change.failed",
    "change.withdrawn",
    "change.expired",
];

/// What somebody asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Who.
    pub by: Option<PersonId>,
    /// By which sign-in.
    pub subject: Option<Subject>,
    /// When.
    pub at: Timestamp,
    /// For what.
    pub operations: Vec<Operation>,
    /// For which ticket.
    pub ticket: Option<String>,
    /// Whether they had proven a second factor.
    pub mfa: Mfa,
}

/// What approvers were last shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// What approvals name.
    pub effect: EffectHash,
    /// SHA-256 of the effect as it is stored.
    pub document: Hash,
    /// When.
    pub at: Timestamp,
}

/// How far a change has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Life {
    /// It may still begin.
    #[default]
    Ahead,
    /// It is being carried out.
    Begun,
    /// It was carried out, or never will be.
    Over,
}

/// How a change's row is not as its entries say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Altered {
    /// Nobody asked for it.
    #[error("nobody asked for it through Leastwise")]
    NotAsked,
    /// Somebody asked for something else, or somebody else did.
    #[error("what it holds is not what was asked for")]
    Otherwise,
    /// Its effect is not the one that was shown.
    #[error("the effect it holds is not the one that was shown to its approvers")]
    Effect,
}

/// The part of a change's story that is not its decisions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Story {
    /// What was asked for.
    pub asked: Option<Asked>,
    /// How far it has come.
    pub life: Life,
    /// What was last shown.
    pub shown: Option<Shown>,
}

impl Story {
    pub(super) fn hear(&mut self, entry: &Entry) {
        match entry.kind.as_str() {
            SUBMITTED | REFUSED => {
                if self.asked.is_none() {
                    self.asked = Some(asked(entry));
                }
                if entry.kind.as_str() == REFUSED {
                    self.life = Life::Over;
                }
                self.see(entry);
            }
            SENT_BACK => self.see(entry),
            BEGAN if self.life == Life::Ahead => self.life = Life::Begun,
            ending if ENDINGS.contains(&ending) => self.life = Life::Over,
            _ => {}
        }
    }

    fn see(&mut self, entry: &Entry) {
        let effect = entry.data.get("effect").and_then(|effect| effect.as_str());
        if let (Some(effect), Some(document)) = (effect, entry.after) {
            self.shown = Some(Shown {
                effect: EffectHash(effect.to_owned()),
                document,
                at: entry.occurred_at,
            });
        }
    }

    /// How a row differs, if it does. `document` is SHA-256 of the effect as it is stored.
    pub fn altered(&self, row: &Change, mfa: Mfa, document: Hash) -> Option<Altered> {
        let Some(asked) = &self.asked else {
            return Some(Altered::NotAsked);
        };
        let as_asked = asked.by.as_ref() == Some(&row.requester)
            && asked.at == row.submitted
            && asked.operations == row.proposal.operations
            && asked.ticket == row.proposal.ticket
            && (asked.mfa == mfa || mfa == Mfa::NotProven);
        if !as_asked {
            return Some(Altered::Otherwise);
        }
        let seen = |shown: &Shown| shown.effect == row.effect && shown.document == document;
        (!self.shown.as_ref().is_some_and(seen)).then_some(Altered::Effect)
    }
}

/// Whether an entry is part of a change's story.
pub(super) fn tells(entry: &Entry) -> bool {
    let kind = entry.kind.as_str();
    [SUBMITTED, REFUSED, SENT_BACK, BEGAN].contains(&kind) || ENDINGS.contains(&kind)
}

fn asked(entry: &Entry) -> Asked {
    let operations = entry.data.get("operations").cloned();
    let proven = entry.data.get("second_factor_proven");
    Asked {
        by: entry.actor.person_id.clone(),
        subject: subject(entry),
        at: entry.occurred_at,
        // What cannot be read is nothing, which no change asks for.
        operations: operations
            .and_then(|operations| serde_json::from_value(operations).ok())
            .unwrap_or_default(),
        ticket: entry.ticket.clone(),
        mfa: if proven.and_then(Value::as_bool) == Some(true) {
            Mfa::Proven
        } else {
            Mfa::NotProven
        },
    }
}
