//! Who loses access by the removals of one requester: those that needed no approval, and those that got one.
//!
//! The limit of what one person removes alone counts the former without the latter. A removal that nobody carries out is
//! left out.

use std::collections::BTreeSet;

use domain::{
    change::Allowance,
    ids::{ChangeId, PersonId, UserId},
    time::Timestamp,
};

use crate::store::{StoreConnection, StoreError, id};

/// When changes were submitted.
#[derive(Debug, Clone, Copy)]
pub struct SubmittedWithin {
    /// The first instant is later than this one.
    pub after: Timestamp,
    /// The last instant.
    pub last: Timestamp,
}

/// Who loses access by the removals of a requester.
#[derive(Debug, Default)]
pub struct PeopleOfRemovals {
    /// By those that needed no approval.
    pub alone: BTreeSet<UserId>,
    /// By those that somebody else approved.
    pub agreed: BTreeSet<UserId>,
}

/// Returns the people who lose access by the removals of a requester that start or have started. A change has no allowance
/// if it is a removal that needed no approval; one with an allowance got its approvals. `except` does not count.
pub async fn people_of_removals(
    conn: &mut StoreConnection,
    requester: &PersonId,
    submitted: SubmittedWithin,
    except: Option<&ChangeId>,
) -> Result<PeopleOfRemovals, StoreError> {
    // `cross join` makes SQLite begin with the changes of the requester, not with every user of every change.
    let rows: Vec<(String, String)> = sqlx::query_as(
        "select distinct t.value, coalesce(m.value, '') from change c cross join change_target t \
         left join change_target m on m.change_id = c.id and m.kind = 'allowance' where c.requester = $1 \
         and c.submitted_at > $2 and c.submitted_at <= $3 and c.id <> $4 \
         and c.state in ('approved', 'applying', 'verified', 'failed') and t.change_id = c.id and t.kind = 'user' \
         and coalesce(m.value, '') <> $5",
    )
    .bind(requester.as_str())
    .bind(submitted.after.0)
    .bind(submitted.last.0)
    .bind(except.map_or("", |change| change.as_str()))
    .bind(Allowance::Grants.as_str())
    .fetch_all(conn)
    .await?;
    let mut people = PeopleOfRemovals::default();
    for (user, allowance) in &rows {
        let list = if allowance.is_empty() {
            &mut people.alone
        } else {
            &mut people.agreed
        };
        // A row that cannot be read must not stop the removals of its requester.
        match id("change_target", user) {
            Ok(user) => drop(list.insert(user)),
            Err(error) => tracing::error!(
                error = &error as &dyn std::error::Error,
                "a row is skipped because it cannot be read"
            ),
        }
    }
    Ok(people)
}
