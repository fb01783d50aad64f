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
use sqlx::Row as _;

use super::{
    ChangeTarget, ListedChange,
    compared::rows_of,
    skipped,
    summary::{LISTED, listed},
};
use crate::store::{StoreConnection, StoreError, id};

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
    /// In one of these states; none is any.
    pub states: Vec<State>,
    /// Requested by one of these people; none is anybody.
    pub requesters: Vec<PersonId>,
    /// Affecting these accounts, permission sets, users or groups: one of each kind that is named.
    pub about: Vec<ChangeTarget>,
    /// Submitted at this instant or later.
    pub from: Option<Timestamp>,
    /// Submitted before this instant.
    pub until: Option<Timestamp>,
    pub folding: Folding,
    pub order: ListOrder,
}

/// The order of a list of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListOrder {
    pub column: OrderColumn,
    pub direction: Direction,
}

/// What changes are sorted by. Those that are equal are sorted by their submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderColumn {
    Submitted,
    DecideBy,
    State,
}

/// A direction of sorting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Ascending,
    Descending,
}

impl Default for ListOrder {
    fn default() -> Self {
        Self {
            column: OrderColumn::Submitted,
            direction: Direction::Descending,
        }
    }
}

impl ListOrder {
    fn sql(self) -> String {
        let column = match self.column {
            OrderColumn::Submitted => "submitted_at",
            OrderColumn::DecideBy => "decide_by",
            OrderColumn::State => "state",
        };
        let direction = match self.direction {
            Direction::Ascending => "asc",
            Direction::Descending => "desc",
        };
        match self.column {
            OrderColumn::Submitted => format!("submitted_at {direction}, id {direction}"),
            _ => format!("{column} {direction}, submitted_at desc, id desc"),
        }
    }
}

impl Filter {
    /// Returns the kinds of what changes are about, each with its values.
    fn targets(&self) -> BTreeMap<&'static str, Vec<&str>> {
        let mut targets: BTreeMap<&'static str, Vec<&str>> = BTreeMap::new();
        for target in &self.about {
            targets.entry(target.kind).or_default().push(&target.value);
        }
        targets
    }

    /// Binds the values that the condition names by number.
    fn bound<'q>(&'q self, query: Query<'q>) -> Query<'q> {
        let from = self.from.map_or(i64::MIN, |at| at.0);
        let until = self.until.map_or(i64::MAX, |at| at.0);
        let requesters = self.requesters.iter().map(PersonId::as_str);
        let values = self.targets().into_values().flatten();
        let query = query.bind(from).bind(until);
        requesters.chain(values).fold(query, Query::bind)
    }

    /// Returns the first number that the condition does not use.
    fn next(&self) -> usize {
        3 + self.requesters.len() + self.about.len()
    }

    /// Returns the condition for the rows of a table `change` under this name. Both engines use the same SQL; states and
    /// kinds are words of ours.
    fn matches(&self, name: &str) -> String {
        let mut all = vec![format!(
            "{name}.submitted_at >= $1 and {name}.submitted_at < $2"
        )];
        if !self.states.is_empty() {
            let states = self
                .states
                .iter()
                .map(|state| format!("'{}'", state.as_str()));
            let states: Vec<String> = states.collect();
            all.push(format!("{name}.state in ({})", states.join(", ")));
        }
        let mut next = 3;
        let mut numbered = |count: usize| {
            let numbers: Vec<String> = (next..next + count).map(|n| format!("${n}")).collect();
            next += count;
            numbers.join(", ")
        };
        if !self.requesters.is_empty() {
            let requesters = numbered(self.requesters.len());
            all.push(format!("{name}.requester in ({requesters})"));
        }
        for (kind, values) in self.targets() {
            let values = numbered(values.len());
            all.push(format!(
                "exists (select 1 from change_target t where t.change_id = {name}.id \
                 and t.kind = '{kind}' and t.value in ({values}))"
            ));
        }
        all.join(" and ")
    }

    /// Returns the condition of the list. A folded list has only the newest refused change of each requester, among those
    /// that match. The comparison with `>=` lets the index start at the change: without it, the time grows with the square
    /// of a requester's refused changes (11 s instead of 30 ms for 10,000).
    fn condition(&self) -> String {
        let matches = self.matches("change");
        match self.folding {
            Folding::EachChange => format!("where {matches}"),
            Folding::RefusedTogether => format!(
                "where {matches} and (change.state <> 'refused' or not exists (select 1 from change later \
                 where later.requester = change.requester and later.state = 'refused' \
                 and later.submitted_at >= change.submitted_at \
                 and (later.submitted_at > change.submitted_at or later.id > change.id) and {}))",
                self.matches("later")
            ),
        }
    }

    /// Returns how many changes a row of the list stands for: all refused changes of a requester that match.
    fn alike(&self) -> String {
        match self.folding {
            Folding::EachChange => "1".to_owned(),
            Folding::RefusedTogether => format!(
                "case when change.state = 'refused' then (select count(*) from change alike \
                 where alike.requester = change.requester and alike.state = 'refused' and {}) else 1 end",
                self.matches("alike")
            ),
        }
    }
}

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
    /// The changes that match the filter, in its order.
    pub rows: Vec<ListRow>,
    /// The number of rows of the list.
    pub total: i64,
    /// The number of changes that match the filter, each counted.
    pub matching: i64,
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
    let (condition, alike, order) = (filter.condition(), filter.alike(), filter.order.sql());
    let (limited, offset_by) = (filter.next(), filter.next() + 1);
    // Everything about a row is asked of the rows of the page only.
    let sql = format!(
        "select {LISTED}, (select count(*) from change {condition}) as total, \
         (select count(*) from change where {}) as matching, {alike} as alike \
         from (select * from change {condition} order by {order} limit ${limited} offset ${offset_by}) change \
         order by {order}",
        filter.matches("change")
    );
    let mut rows = filter
        .bound(sqlx::query(sqlx::AssertSqlSafe(sql)))
        .bind(limit)
        .bind(offset)
        .fetch_all(&mut *conn)
        .await?;
    let (total, matching) = match rows.first() {
        Some(row) => (row.try_get("total")?, row.try_get("matching")?),
        None if offset == 0 => (0, 0),
        // There is no such page.
        None => {
            let total = count(conn, filter).await?;
            (total, total)
        }
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
        matching,
        others: others
            .map(|one| (one.summary().id().clone(), one))
            .collect(),
    })
}

/// Returns the number of rows of the list of a filter.
pub async fn count(conn: &mut StoreConnection, filter: &Filter) -> Result<i64, StoreError> {
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
