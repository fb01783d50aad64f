//! Marks an entry of the ledger that does not count. Never shows it as an ordinary one.

use leptos::prelude::*;

use super::{Status, StatusBadge};
use crate::backend::EntryAuthenticity;

/// Renders the mark; none for an entry that counts.
pub fn not_authentic(authenticity: EntryAuthenticity) -> Option<AnyView> {
    match authenticity {
        EntryAuthenticity::Authentic => None,
        EntryAuthenticity::NotAuthentic => {
            Some(view! { <StatusBadge status=Status::Danger label="Not authentic" /> }.into_any())
        }
    }
}
