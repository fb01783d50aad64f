//! Lists of changes: filtered, in pages, and with the refused changes of one requester folded into one row.
//!
//! A folded list counts a fold as one row, so that pages are full and their number is right. Folding hides nothing: the
//! filter by requester shows each change.

use std::collections::BTreeMap;

use domain::{
    change::{Allowance, State},
    ids::{ChangeId, PersonId},
    time::Timestamp,
};
use sqlx::{Row as _, any::AnyRow};

use super::{
    AT_ONCE, ChangeTarget, ListedChange, skipped,
    summary::{LISTED, listed},
};
use crate::store::{StoreConnection, StoreError, id, places};

type Query<'q> = sqlx::query::Query<'q, sqlx::Any, sqlx::any::AnyArguments>;

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

    fn bound<'q>(&'q self, query: Query<'q>) -> Query<'q> {
        let (kind, value) = self.about();
        let query = query.bind(self.state()).bind(self.requester());
        query.bind(kind).bind(value)
    }

    fn condition(&self) -> String {
        let folds = match self.folding {
            Folding::EachChange => "",
            Folding::RefusedTogether => NEWEST_REFUSED,
        };
        format!("where {MATCHES}{folds}")
    }
}

/// How many changes a row of a folded list stands for: all refused changes of a requester that match the filter.
const ALIKE: &str = "case when change.state = 'refused' then (select count(*) from change alike \
     where alike.requester = change.requester and alike.state = 'refused' and ($3 = '' or exists \
     (select 1 from change_target t where t.change_id = alike.id and t.kind = $3 and t.value = $4))) else 1 end";

/// A row of a list.
#[derive(Debug, Clone)]
pub struct ListRow {
    pub change: ListedChange,
    /// The number of changes that it stands for.
    pub stands_for: usize,
}

/// A page of a list, and other changes that are shown beside it.
#[derive(Debug, Clone, Default)]
pub struct ListPage {
    /// The changes that match the filter, newest first.
    pub rows: Vec<ListRow>,
    /// The number of all changes that match the filter.
    pub total: i64,
    pub others: BTreeMap<ChangeId, ListedChange>,
}

/// Returns a page of the changes that match a filter, and these other ones: what is read of all of them is read together.
pub async fn list(
    conn: &mut StoreConnection,
    filter: &Filter,
    limit: i64,
    offset: i64,
    others: &[ChangeId],
) -> Result<ListPage, StoreError> {
    let condition = filter.condition();
    let alike = match filter.folding {
        Folding::EachChange => "1",
        Folding::RefusedTogether => ALIKE,
    };
    // Everything about a row is asked of the rows of the page only.
    let sql = format!(
        "select {LISTED}, (select count(*) from change {condition}) as total, {alike} as alike \
         from (select * from change {condition} order by submitted_at desc, id desc limit $5 offset $6) change \
         order by submitted_at desc, id desc"
    );
    let mut rows = filter
        .bound(sqlx::query(sqlx::AssertSqlSafe(sql)))
        .bind(limit)
        .bind(offset)
        .fetch_all(&mut *conn)
        .await?;
    let total = match rows.first() {
        Some(row) => row.try_get("total")?,
        None if offset == 0 => 0,
        // There is no such page.
        None => count(conn, filter).await?,
    };
    let mut alike = Vec::with_capacity(rows.len());
    for row in &rows {
        alike.push(usize::try_from(row.try_get::<i64, _>("alike")?).unwrap_or(usize::MAX));
    }
    rows.extend(rows_of(conn, others).await?);
    let mut changes = listed(conn, &rows).await?;
    let others = changes.split_off(alike.len());
    let rows = changes.into_iter().zip(alike);
    let others = others.into_iter();
    Ok(ListPage {
        rows: rows
            .map(|(change, stands_for)| ListRow { change, stands_for })
            .collect(),
        total,
        others: others
            .map(|one| (one.summary().id().clone(), one))
            .collect(),
    })
}

/// Returns the rows of these changes.
async fn rows_of(
    conn: &mut StoreConnection,
    changes: &[ChangeId],
) -> Result<Vec<AnyRow>, StoreError> {
    let mut rows = Vec::with_capacity(changes.len());
    for some in changes.chunks(AT_ONCE) {
        let sql = format!(
            "select {LISTED} from change where id in ({})",
            places(some.len())
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(sql));
        let query = some
            .iter()
            .fold(query, |query, change| query.bind(change.as_str()));
        rows.extend(query.fetch_all(&mut *conn).await?);
    }
    Ok(rows)
}

/// Returns the number of changes that match a filter.
async fn count(conn: &mut StoreConnection, filter: &Filter) -> Result<i64, StoreError> {
    let sql = format!("select count(*) as n from change {}", filter.condition());
    let query = filter.bound(sqlx::query(sqlx::AssertSqlSafe(sql)));
    Ok(query.fetch_one(conn).await?.try_get("n")?)
}

/// Returns when the newest changes of a requester in one state that count against an allowance were submitted, newest
/// first, at most `limit` of them.
pub async fn submitted_since(
    conn: &mut StoreConnection,
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
    conn: &mut StoreConnection,
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
