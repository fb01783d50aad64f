//! What the principal of a form holds already of what it asks for.

use domain::time::Timestamp;

use super::{ChangeForm, ViaRef};

/// Access that somebody holds already.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Held {
    pub holder: Holder,
    pub what: HeldAccess,
}

/// Who holds it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Holder {
    Viewer,
    /// By name.
    Other(String),
}

#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HeldAccess {
    /// Until a time, by an access window that the requested one, which ends at `until`, overlaps.
    Until {
        ends: Timestamp,
        until: Timestamp,
        /// The form that asks for a window of the same length after it.
        extend: ChangeForm,
    },
    /// Until a time, and the form extends it.
    Extended { ends: Timestamp, until: Timestamp },
    /// Without an end.
    Standing,
    /// Through a group; `ends` is none for standing access.
    Through {
        via: ViaRef,
        ends: Option<Timestamp>,
    },
}
