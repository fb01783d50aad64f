//! The rows of one moment, and their comparison with the entries of the same moment.

use std::collections::BTreeSet;

use super::{
    changed,
    classes::{self, ClassRows},
    decided, declarations as declared,
    difference::Difference,
    identities::{self, IdentityRows},
    items, open_sessions,
    replay::Replay,
    roles,
    sign_ins::{self, SignInRows},
    windows,
};
use crate::store::{
    StoreConnection, StoreError,
    change::{DecisionRow, VerifiedRow, decision_rows, item_digests, verified_rows},
    declaration::{DeclarationRow, declaration_rows},
    engine::{StoredWindow, window_rows},
    identity::{identity_rows, stored_links},
    mapping,
    observed::class_rows,
    person::{RoleRow, assigned_rows, role_rows},
    session::{StoredSession, session_rows},
};

/// All rows that need an entry.
pub(super) struct LedgerBackedRows {
    changes: Vec<VerifiedRow>,
    decisions: Vec<DecisionRow>,
    roles: Vec<RoleRow>,
    windows: Vec<StoredWindow>,
    sessions: Vec<StoredSession>,
    identities: IdentityRows,
    sign_ins: SignInRows,
    items: items::Digests,
    declarations: Vec<DeclarationRow>,
    classes: ClassRows,
}

impl LedgerBackedRows {
    pub async fn read(snapshot: &mut StoreConnection) -> Result<Self, StoreError> {
        Ok(Self {
            changes: verified_rows(snapshot).await?,
            decisions: decision_rows(snapshot).await?,
            roles: role_rows(snapshot).await?,
            windows: window_rows(snapshot).await?,
            sessions: session_rows(snapshot).await?,
            identities: IdentityRows {
                index: identity_rows(snapshot).await?,
                links: stored_links(snapshot).await?,
            },
            sign_ins: assigned_rows(snapshot).await?,
            items: item_digests(snapshot).await?,
            declarations: declaration_rows(snapshot).await?,
            classes: ClassRows {
                accounts: class_rows(snapshot).await?,
                mapping: mapping::in_force(snapshot).await?,
            },
        })
    }
}

/// Returns all differences between rows and entries, in ascending order.
pub(super) fn compare(rows: &LedgerBackedRows, replay: &Replay) -> Vec<Difference> {
    let (projection, changes) = (&replay.projection, replay.changes.by_id());
    let mut found = BTreeSet::new();
    changed::compare(&rows.changes, replay, &mut found);
    decided::compare(&rows.decisions, replay, &mut found);
    roles::compare(&rows.roles, projection, &mut found);
    windows::compare(&rows.windows, projection.grants(), &mut found);
    identities::compare(&rows.identities, projection, &mut found);
    sign_ins::compare(&rows.sign_ins, projection, &mut found);
    let declarations = projection.declarations();
    declared::compare(&rows.declarations, declarations, &mut found);
    open_sessions::compare(&rows.sessions, projection.sessions(), &mut found);
    classes::compare(&rows.classes, projection.classes(), &mut found);
    items::compare(&rows.items, &rows.changes, changes, &mut found);
    found.into_iter().collect()
}
