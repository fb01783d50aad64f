//! What people declare an account to be. A declaration never weakens what AWS says after it, and loosening an account
//! needs two other people, as does to keep it loose for longer. Tightening needs nobody.
//!
//! `classification::declared` states how a declaration counts.

mod document;
mod items;
mod limits;

use std::{borrow::Cow, collections::BTreeSet};

pub use document::{DECLARATION_VERSION, content};
use serde::{Deserialize, Serialize};

use super::{
    AccessChange, Delay, InvalidItem, NoUndo, Objection, Operation, Part, PlannedStep,
    PropertyChange, PropertyValue, SagaPlan, Step, Subject, SubjectContext, SubjectEffect,
    SubjectKey, Work, named, unknown,
};
use crate::{
    classification::{DeclarationProof, Declared, Environment, Pci},
    ids::{AccountId, PersonId, Principal, UserId},
    permission_set::ContentHash,
    private::Private,
    snapshot::Snapshot,
    time::{Duration, Timestamp},
};

/// How long a declaration is valid: PCI DSS 12.5.2 asks to confirm the scope at least every 12 months.
pub const VALID_FOR: Duration = Duration::days(365);
/// The maximum length of the purpose and of the reason for *out of scope*, in characters.
pub const TEXT_CHARS: usize = 500;
/// The minimum length of these texts, in characters.
pub const LEAST_CHARS: usize = 10;

/// An account would be classified less strictly than it is.
pub const LOOSENED: &str = "system.classification-loosened";
/// Somebody else would answer for an account.
pub const NEW_OWNER: &str = "system.new-owner";
/// A declaration would have ended before it begins, or be valid for too long.
pub const END: &str = "system.declaration-end";
/// Another purpose or reason would be given for an account that two people agreed to classify less strictly.
pub const NEW_REASON: &str = "system.new-reason";
/// A newer version declared the account.
pub const NEWER: &str = "system.newer-declaration";

/// The declared classification of an account.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Declaration {
    pub environment: Environment,
    pub pci: Pci,
    /// Who answers for the account, if somebody does.
    pub owner: Option<UserId>,
    /// What the account is for.
    pub purpose: Private,
    /// Why the account is out of PCI scope. Present exactly if it is.
    pub out_of_scope: Option<Private>,
    /// When it has to be declared anew. Afterwards it loosens nothing.
    pub valid_until: Timestamp,
    /// What roles, tags and OUs said at the time. What they say later counts if it is stricter than this.
    pub against: (Environment, Pci),
    /// What counted without a declaration at the time, record included. It loosens only against this.
    pub without: (Environment, Pci),
}

/// What is known of an account besides its classification in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// The declaration in force, if the ledger confirms its text and this version understands it.
    pub declaration: Option<Declaration>,
    /// What a read of it shows: the digest of its text, if the ledger confirms that.
    pub content: ContentHash,
    /// What counts of it, also where the ledger does not confirm its text: then it still tightens.
    pub declared: Option<Declared>,
    /// When this was read.
    pub at: Timestamp,
}

/// An item that replaces the declaration of an account.
pub struct Classification<'a> {
    pub account: &'a AccountId,
    pub before: Option<&'a Declaration>,
    pub after: Option<&'a Declaration>,
    /// The content of the declaration when the item was requested.
    pub seen: &'a ContentHash,
}

impl Declaration {
    /// Returns what of it classifies the account.
    pub fn declared(&self) -> Declared {
        Declared {
            environment: self.environment,
            pci: self.pci,
            against: self.against,
            without: self.without,
            valid_until: self.valid_until,
            proof: DeclarationProof::Confirmed,
        }
    }

    pub fn strictness(&self) -> (Environment, Pci) {
        (self.environment, self.pci)
    }

    /// Returns when a new declaration ends: as chosen, except that one which only tightens `before` does not keep the
    /// account looser for longer than was agreed. `without` is what counts without a declaration.
    pub fn end(
        before: Option<&Self>,
        next: (Environment, Pci),
        without: (Environment, Pci),
        chosen: Timestamp,
    ) -> Timestamp {
        let agreed = before.filter(|before| {
            let (from, to) = (before.strictness(), next);
            from != to && !is_looser(to, from) && is_looser(to, without)
        });
        agreed.map_or(chosen, |before| before.valid_until.min(chosen))
    }

    /// Validates everything but its end, which depends on the time: [`Self::check_end`].
    fn check(&self) -> Result<(), InvalidItem> {
        if self.environment == Environment::Management && self.without.0 < Environment::Management {
            return Err(InvalidItem::Management);
        }
        Self::check_purpose(&self.purpose)?;
        Self::check_reason(self.out_of_scope.as_ref(), self.pci)
    }
}

/// Whether either half is less strict.
fn is_looser(one: (Environment, Pci), other: (Environment, Pci)) -> bool {
    one.0 < other.0 || one.1 < other.1
}

impl Classification<'_> {
    /// Returns what is in force before and after the item. None if it was not read.
    fn in_force(&self, context: SubjectContext<'_>) -> [Option<(Environment, Pci)>; 2] {
        let declared = self.after.map(Declaration::declared);
        let Some(state) = context.states.classification(self.account) else {
            return [None, declared.map(|declared| declared.strictness())];
        };
        let class = context.snapshot.account(self.account);
        let under = |declared| class.map(|(_, class)| class.under(declared, state.at).strictness());
        [under(state.declared), under(declared)]
    }

    /// Returns what the item loosens, whom it makes responsible, and what it says instead of the reasons that people
    /// agreed to, all of which need two other people. `now` is the classification in force, `without` the one without a
    /// declaration. The reasons name no account, so that those of many accounts are one.
    fn needs_agreement(
        &self,
        now: (Environment, Pci),
        without: (Environment, Pci),
    ) -> Vec<Objection> {
        let next = self.after.map_or(without, Declaration::strictness);
        let end = |declaration: Option<&Declaration>| declaration.map(|d| d.valid_until);
        let reason = if is_looser(next, now) {
            Some(format!(
                "An account that is {} would become {}. Two other people must agree to classify an account less \
                 strictly.",
                class_words(now),
                class_words(next)
            ))
        } else if end(self.after) > end(self.before) && is_looser(next, without) {
            Some(format!(
                "An account would stay {} for longer, and is {} without a declaration. Two other people must agree.",
                class_words(next),
                class_words(without)
            ))
        } else {
            None
        };
        let loosened = reason.map(|reason| Objection::needs(2, LOOSENED, reason, "PCI 12.5.2"));
        let needs = |rule, reason: &str| Objection::needs(2, rule, reason.to_owned(), "PCI 12.5.2");
        let owner = |declaration: Option<&Declaration>| declaration.and_then(|d| d.owner.clone());
        let owns = owner(self.after);
        let present = owner(self.before);
        let new_owner = (owns.is_some() && owns != present).then(|| {
            let reason = match present {
                Some(_) => "An account gets another owner. Two other people must agree.",
                None => "An account gets an owner, and has none now. Two other people must agree.",
            };
            needs(NEW_OWNER, reason)
        });
        let explained_otherwise = self.before.zip(self.after).is_some_and(|(before, after)| {
            let reasons = (before.out_of_scope.as_ref()).zip(after.out_of_scope.as_ref());
            before.purpose != after.purpose || reasons.is_some_and(|(one, other)| one != other)
        });
        let new_reason = (explained_otherwise && is_looser(next, without)).then(|| {
            needs(
                NEW_REASON,
                "An account stays less strict than without a declaration, for another purpose or reason. Two other \
                 people must agree.",
            )
        });
        let objections = loosened.into_iter().chain(new_owner);
        objections.chain(new_reason).collect()
    }
}

/// Returns a classification in words, for a sentence.
fn class_words((environment, pci): (Environment, Pci)) -> String {
    format!("{} and {}", environment.as_str(), pci.words())
}

impl<'a> Subject<'a> for Classification<'a> {
    fn key(&self) -> SubjectKey {
        SubjectKey::AccountClassification {
            account: self.account.clone(),
        }
    }

    fn access(&self) -> Option<AccessChange<'a>> {
        None
    }

    fn account(&self) -> Option<&'a AccountId> {
        Some(self.account)
    }

    fn order(&self) -> Vec<Part> {
        let account = Part::Account(self.account.clone());
        match self.after {
            Some(after) => vec![
                Part::Text("Classify "),
                account,
                Part::Text(" as "),
                Part::Value(after.environment.as_str().to_owned()),
                Part::Text(", PCI scope "),
                Part::Value(after.pci.as_str().to_owned()),
            ],
            None => vec![Part::Text("End the declared classification of "), account],
        }
    }

    fn thing(&self) -> Vec<Part> {
        let text = match self.after {
            Some(_) => "the classification of ",
            None => "the end of the declared classification of ",
        };
        vec![Part::Text(text), Part::Account(self.account.clone())]
    }

    fn check(&self) -> Result<(), InvalidItem> {
        if self.before == self.after {
            return Err(InvalidItem::NoDifference);
        }
        self.after.map_or(Ok(()), Declaration::check)
    }

    fn objections(&self, context: SubjectContext<'_>) -> Vec<Objection> {
        let account = self.account;
        let unknown = unknown::account(context.snapshot, account);
        let (Some((_, class)), None) = (context.snapshot.account(account), &unknown) else {
            return unknown.into_iter().collect();
        };
        let Some(state) = context.states.classification(account) else {
            return vec![Objection::not_read(format!(
                "The declared classification of {} could not be read.",
                named::account(context.snapshot, account)
            ))];
        };
        let (aws, without) = (class.reported(), class.undeclared().strictness());
        let read_otherwise = |after: &Declaration| after.against != aws || after.without != without;
        if state
            .declared
            .is_some_and(|declared| declared.proof == DeclarationProof::NotUnderstood)
        {
            let reason = format!(
                "A newer version of Leastwise declared account {account}, and this version does not understand all of \
                 it. Change the declaration with that version."
            );
            return vec![Objection::blocks(NEWER, reason, "PCI 6.5.1")];
        }
        if state.content != *self.seen || self.after.is_some_and(read_otherwise) {
            return vec![Objection::changed_meanwhile(format!(
                "The classification of {} has changed since this was requested.",
                named::account(context.snapshot, account)
            ))];
        }
        let owner = self.after.and_then(|after| after.owner.clone());
        let owner =
            owner.and_then(|owner| unknown::principal(context.snapshot, &Principal::User(owner)));
        let ends = (self.after).map(|after| Declaration::check_end(after.valid_until, state.at));
        let end = ends.and_then(Result::err);
        let end = end.map(|wrong| Objection::blocks(END, wrong.to_string(), "PCI 12.5.2"));
        let mut found: Vec<Objection> = owner.into_iter().chain(end).collect();
        // The class in the snapshot may not know a declaration that was recorded a moment ago.
        let now = class.under(state.declared, state.at).strictness();
        found.extend(self.needs_agreement(now, without));
        found
    }

    /// Environment and PCI scope are those in force before and after, because the declaration in force may not exist,
    /// or may count together with what AWS says.
    fn effect(&self, context: SubjectContext<'_>) -> Option<SubjectEffect> {
        let of = |read: fn(&Declaration) -> Option<PropertyValue>, name| {
            let (before, after) = (self.before.and_then(read), self.after.and_then(read));
            (before != after).then_some(PropertyChange {
                name: Cow::Borrowed(name),
                before,
                after,
            })
        };
        let [before, after] = self.in_force(context);
        let counts = |name, value: fn((Environment, Pci)) -> &'static str| {
            let value = |class: Option<_>| Some(PropertyValue::Text(value(class?).to_owned()));
            let (before, after) = (value(before), value(after));
            (before != after).then_some(PropertyChange {
                name: Cow::Borrowed(name),
                before,
                after,
            })
        };
        let properties = [
            counts("environment", |class| class.0.as_str()),
            counts("PCI scope", |class| class.1.as_str()),
            of(|d| d.owner.clone().map(PropertyValue::User), "owner"),
            of(
                |d| Some(PropertyValue::Private(d.purpose.clone())),
                "purpose",
            ),
            of(
                |d| d.out_of_scope.clone().map(PropertyValue::Private),
                "reason for out of scope",
            ),
            of(|d| Some(PropertyValue::Time(d.valid_until)), "valid until"),
        ];
        Some(SubjectEffect {
            key: self.key(),
            properties: properties.into_iter().flatten().collect(),
        })
    }

    fn bars(&self, _: SubjectContext<'_>) -> Vec<PersonId> {
        Vec::new()
    }

    fn may_decline(&self, _: &Snapshot) -> BTreeSet<PersonId> {
        BTreeSet::new()
    }

    fn delay(&self) -> Delay {
        if self.may_loosen() {
            Delay::May
        } else {
            Delay::NeverUnless(&[LOOSENED, NEW_OWNER, NEW_REASON])
        }
    }

    fn work(&self) -> Work {
        let document = self.after.map(Declaration::document);
        Work::Saga(SagaPlan {
            key: self.key(),
            seen: self.seen.clone().into(),
            steps: vec![PlannedStep {
                leaves: content(document.as_deref()).into(),
                step: Step::Declare {
                    account: self.account.clone(),
                    document,
                },
            }],
        })
    }

    fn undo(&self) -> Result<Operation, NoUndo> {
        let document = self.after.map(Declaration::document);
        Ok(Operation::Classify {
            account: self.account.clone(),
            before: self.after.cloned(),
            after: self.before.cloned(),
            seen: content(document.as_deref()),
        })
    }
}
