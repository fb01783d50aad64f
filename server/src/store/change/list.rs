//! Lists of changes: filtered, in pages, and with the refused changes of one requester folded into one row.
//!
//! A folded list counts a fold as one row, so that pages are full and their number is right. Folding hides nothing: the
//! filter by requester shows each change.

use domain::{
    change::{Allowance, State},
    ids::{ChangeId, PersonId},
    time::Timestamp,
};
use sqlx::{AnyConnection, Row as _};

use super::{ChangeTarget, ListedChange, skipped, summary::listed};
use crate::store::{StoreConnection, StoreError, id};

/// Whether a list shows each refused change, or one row for all refused changes of a requester.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Folding {
    #[default]
    EachChange,
    RefusedTogether,
}

/// The filter of a list of changes.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub state: Option<State>,
    /// Requested by this person.
    pub requester: Option<PersonId>,
    /// Affecting this account, permission set, user or group.
    pub about: Option<ChangeTarget>,
    pub folding: Folding,
}

/// The columns by which a list is filtered. An empty value matches everything; both engines use the same SQL.
const MATCHES: &str = "($1 = '' or change.state = $1) and ($2 = '' or change.requester = $2) and ($3 = '' or exists \
     (select 1 from change_target t where t.change_id = change.id and t.kind = $3 and t.value = $4))";
/// Leaves only the newest refused change of each requester, among those that match the filter. The comparison with `>=`
/// lets the index start at the change: without it, the time grows with the square of a requester's refused changes
/// (11 s instead of 30 ms for 10,000).
const NEWEST_REFUSED: &str = " and (change.state <> 'refused' or not exists (select 1 from change later \
     where later.requester = change.requester and later.state = 'refused' \
     and later.submitted_at >= change.submitted_at \
     and (later.submitted_at > change.submitted_at or later.id > change.id) and ($3 = '' or exists \
     (select 1 from change_target t where t.change_id = later.id and t.kind = $3 and t.value = $4))))";

impl Filter {
    fn state(&self) -> &'static str {
        self.state.map_or("", State::as_str)
    }

    fn requester(&self) -> &str {
        self.requester.as_ref().map_or("", |person| person.as_str())
    }

    fn about(&self) -> (&'static str, &str) {
        let about = self.about.as_ref();
        about.map_or(("", ""), |target| (target.kind, target.value.as_str()))
    }

    fn condition(&self) -> String {
        let folds = match self.folding {
            Folding::EachChange => "",
            Folding::RefusedTogether => NEWEST_REFUSED,
        };
        format!("where {MATCHES}{folds}")
    }
}

/// Returns the changes that match a filter, newest first, and their total number.
pub async fn list(
    conn: &mut StoreConnection,
    filter: &Filter,
    limit: i64,
    offset: i64,
) -> Result<(Vec<ListedChange>, i64), StoreError> {
    let condition = filter.condition();
    let (kind, value) = filter.about();
    let total: i64 = sqlx::query(sqlx::AssertSqlSafe(format!(
        "select count(*) as n from change {condition}"
    )))
    .bind(filter.state())
    .bind(filter.requester())
    .bind(kind)
    .bind(value)
    .fetch_one(&mut *conn)
    .await?
    .try_get("n")?;
    let sql = format!(
        "select * from change {condition} order by submitted_at desc, id desc limit $5 offset $6"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(filter.state())
        .bind(filter.requester())
        .bind(kind)
        .bind(value)
        .bind(limit)
        .bind(offset)
        .fetch_all(&mut *conn)
        .await?;
    Ok((listed(conn, &rows).await?, total))
}

/// Returns how many refused changes of a requester match a filter: those behind one row of a folded list.
pub async fn refused_of(
    conn: &mut AnyConnection,
    filter: &Filter,
    requester: &PersonId,
) -> Result<i64, StoreError> {
    let (kind, value) = filter.about();
    let (count,): (i64,) = sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "select count(*) from change where {MATCHES}"
    )))
    .bind(State::Refused.as_str())
    .bind(requester.as_str())
    .bind(kind)
    .bind(value)
    .fetch_one(conn)
    .await?;
    Ok(count)
}

/// Returns when the newest changes of a requester in one state that count against an allowance were submitted, newest
/// first, at most `limit` of them.
pub async fn submitted_since(
    conn: &mut AnyConnection,
    requester: &PersonId,
    (state, allowance): (State, Allowance),
    since: Timestamp,
    limit: i64,
) -> Result<Vec<Timestamp>, StoreError> {
    let rows: Vec<(i64,)> = sqlx::query_as(
        "select c.submitted_at from change c where c.requester = $1 and c.state = $2 and c.submitted_at > $3 \
         and exists (select 1 from change_target t where t.change_id = c.id and t.kind = 'allowance' \
         and t.value = $4) order by c.submitted_at desc limit $5",
    )
    .bind(requester.as_str())
    .bind(state.as_str())
    .bind(since.0)
    .bind(allowance.as_str())
    .bind(limit)
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|(at,)| Timestamp(at)).collect())
}

/// Returns the changes that wait for a decision or their start although the time to decide is over. Loads none of them.
pub async fn undecided_until(
    conn: &mut AnyConnection,
    now: Timestamp,
) -> Result<Vec<ChangeId>, StoreError> {
    let rows: Vec<(String,)> = sqlx::query_as(
        "select id from change where state in ($1, $2) and decide_by <= $3 order by submitted_at",
    )
    .bind(State::Waiting.as_str())
    .bind(State::Approved.as_str())
    .bind(now.0)
    .fetch_all(conn)
    .await?;
    let mut found = Vec::with_capacity(rows.len());
    for (change,) in rows {
        match id("change", &change) {
            Ok(change) => found.push(change),
            Err(error) => skipped(&error),
        }
    }
    Ok(found)
}
