//! What a declaration may say at all, whoever states it, and whether an item may make an account less strict.

use super::{Classification, Declaration, LEAST_CHARS, TEXT_CHARS, VALID_FOR, is_looser};
use crate::{
    card_number::holds_card_number, classification::Pci, private::Private, subject::InvalidItem,
    time::Timestamp,
};

impl Declaration {
    /// Checks what the account is for.
    pub fn check_purpose(purpose: &Private) -> Result<(), InvalidItem> {
        check_text("purpose", purpose)
    }

    /// Checks the reason for *out of scope*, which is there exactly if the account is.
    pub fn check_reason(reason: Option<&Private>, pci: Pci) -> Result<(), InvalidItem> {
        match (reason, pci) {
            (Some(reason), Pci::Out) => check_text("reason for out of scope", reason),
            (None, Pci::Out) => Err(InvalidItem::OutOfScope),
            (Some(_), _) => Err(InvalidItem::InScope),
            (None, _) => Ok(()),
        }
    }

    /// Checks when a declaration made at `now` ends.
    pub fn check_end(end: Timestamp, now: Timestamp) -> Result<(), InvalidItem> {
        if end <= now {
            Err(InvalidItem::Ended)
        } else if end > now + VALID_FOR {
            Err(InvalidItem::ValidForTooLong(now))
        } else {
            Ok(())
        }
    }
}

/// A text that is not opened was checked when somebody typed it.
fn check_text(what: &'static str, text: &Private) -> Result<(), InvalidItem> {
    let Some(text) = text.value() else {
        return Ok(());
    };
    let chars = text.trim().chars().count();
    if holds_card_number(text) {
        Err(InvalidItem::CardNumber(what))
    } else if (LEAST_CHARS..=TEXT_CHARS).contains(&chars) {
        Ok(())
    } else {
        Err(InvalidItem::Text { what, chars })
    }
}

impl Classification<'_> {
    /// Whether something less strict may be in force after the item than before it, by what the item states itself. A
    /// declaration that may have ended before counts for both.
    pub(super) fn may_loosen(&self) -> bool {
        match (self.before, self.after) {
            (None, None) => false,
            (None, Some(after)) => is_looser(after.strictness(), after.without),
            (Some(before), None) => is_looser(before.without, before.strictness()),
            (Some(before), Some(after)) => {
                let (reported, without) = (after.against, after.without);
                let counted = before.declared().counts(reported, without);
                let ended = before.valid_until < after.valid_until;
                is_looser(after.strictness(), counted)
                    || ended && is_looser(after.strictness(), without)
            }
        }
    }
}
