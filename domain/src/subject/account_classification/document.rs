//! The text of a declaration as it is stored. Its SHA-256, which the ledger records, is the content of the account's
//! declaration: a later version that knows more members finds the same content in the same text.

use serde_json::Value;

use super::Declaration;
use crate::{
    hash::Hash, permission_set::ContentHash, private::Private, stored_document::whole,
    subject::content_hash,
};

/// The version of the texts that are written now. A member that is added to a declaration increases it.
pub const DECLARATION_VERSION: u64 = 1;

/// The member of a text that holds its version.
const VERSION: &str = "version";

/// Returns the content of the declaration of an account: none, or the one with this text.
pub fn content(document: Option<&str>) -> ContentHash {
    match document {
        None => content_hash(&None::<()>),
        Some(text) => ContentHash(Hash::of(text.as_bytes()).hex()),
    }
}

impl Declaration {
    /// Returns its text. It contains no private value.
    ///
    /// # Panics
    /// Never: a declaration is made of strings, numbers and hashes.
    pub fn document(&self) -> String {
        let mut document = serde_json::to_value(self).expect("strings, numbers and hashes");
        if let Value::Object(members) = &mut document {
            members.insert(VERSION.to_owned(), DECLARATION_VERSION.into());
        }
        document.to_string()
    }

    /// Reads a text if all of it is understood. The private values are not opened.
    pub fn read(document: &str) -> Option<Self> {
        let mut stored: Value = serde_json::from_str(document).ok()?;
        let version = stored.as_object_mut()?.remove(VERSION)?.as_u64()?;
        (1..=DECLARATION_VERSION)
            .contains(&version)
            .then(|| whole(stored))?
    }

    /// Returns the texts that somebody typed, each with its JSON Pointer.
    pub fn private(&mut self) -> impl Iterator<Item = (&'static str, &mut Private)> {
        let purpose = [("/purpose", &mut self.purpose)].into_iter();
        let reason = self.out_of_scope.as_mut();
        purpose.chain(reason.map(|reason| ("/out_of_scope", reason)))
    }
}
