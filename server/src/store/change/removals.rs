//! Who loses access by the removals of one requester that needed no approval.
//!
//! The limit of what one person removes alone counts them. A removal that nobody carries out is left out.

use std::collections::BTreeSet;

use domain::{
    ids::{ChangeId, PersonId, UserId},
    time::Timestamp,
};
use sqlx::AnyConnection;

use crate::store::{StoreError, id};

/// When changes were submitted.
#[derive(Debug, Clone, Copy)]
pub struct SubmittedWithin {
    /// The first instant is later than this one.
    pub after: Timestamp,
    /// The last instant.
    pub last: Timestamp,
}

/// Returns the people who lose access by the removals of a requester that needed no approval. A change has no allowance
/// if, and only if, it is such a removal. `except` does not count.
pub async fn people_of_removals(
    conn: &mut AnyConnection,
    requester: &PersonId,
    submitted: SubmittedWithin,
    except: Option<&ChangeId>,
) -> Result<BTreeSet<UserId>, StoreError> {
    // `cross join` makes SQLite begin with the changes of the requester, not with every user of every change.
    let rows: Vec<(String,)> = sqlx::query_as(
        "select distinct t.value from change c cross join change_target t where c.requester = $1 \
         and c.submitted_at > $2 and c.submitted_at <= $3 and c.id <> $4 \
         and c.state in ('approved', 'applying', 'verified', 'failed') and t.change_id = c.id and t.kind = 'user' \
         and not exists (select 1 from change_target m where m.change_id = c.id and m.kind = 'allowance')",
    )
    .bind(requester.as_str())
    .bind(submitted.after.0)
    .bind(submitted.last.0)
    .bind(except.map_or("", |change| change.as_str()))
    .fetch_all(conn)
    .await?;
    let users = rows.iter().map(|(user,)| id("change_target", user));
    users.collect()
}
