//! Changes that raised an alarm, counted for the home page.
//!
//! The counts are made by the database, so that a flood of such changes costs the page no more than a few.

use domain::{
    change::{Aim, State},
    ids::PersonId,
    time::Timestamp,
};
use sqlx::AnyConnection;

use super::{ListedChange, summary::listed};
use crate::store::{StoreConnection, StoreError, id};

/// The changes of one requester with one aim, in one state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlarmCount {
    pub requester: PersonId,
    pub aim: Aim,
    pub state: State,
    pub count: usize,
    /// When the newest was submitted.
    pub last: Timestamp,
}

/// What an alarm is counted and found by. The engines share one SQL text; an empty requester matches everybody.
const ALARMED: &str = "from change_target a join change c on c.id = a.change_id left join change_target m \
     on m.change_id = c.id and m.kind = 'aim' where a.kind = 'alarm' and a.value = 'removal' \
     and c.submitted_at > $1 and ($2 = '' or c.requester = $2)";

/// Counts the changes with an alarm that were submitted after an instant, of everybody or of one requester.
pub async fn alarm_counts(
    conn: &mut AnyConnection,
    requester: Option<&PersonId>,
    since: Timestamp,
) -> Result<Vec<AlarmCount>, StoreError> {
    let sql = format!(
        "select c.requester, coalesce(m.value, ''), c.state, count(*), max(c.submitted_at) {ALARMED} \
         group by c.requester, coalesce(m.value, ''), c.state"
    );
    let rows: Vec<(String, String, String, i64, i64)> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(since.0)
        .bind(requester.map_or("", |person| person.as_str()))
        .fetch_all(conn)
        .await?;
    let count = |(requester, aim, state, count, last): (String, String, String, i64, i64)| {
        Ok(AlarmCount {
            requester: id("change", &requester)?,
            aim: Aim::from_word(&aim).unwrap_or(Aim::RemoveBoth),
            state: State::from_word(&state).ok_or(StoreError::Inconsistent {
                table: "change",
                what: state,
            })?,
            count: usize::try_from(count).unwrap_or(usize::MAX),
            last: Timestamp(last),
        })
    };
    rows.into_iter().map(count).collect()
}

/// Returns the newest change behind a count.
pub async fn newest_with_alarm(
    conn: &mut StoreConnection,
    of: &AlarmCount,
) -> Result<Option<ListedChange>, StoreError> {
    let sql = format!(
        "select c.* {ALARMED} and coalesce(m.value, $3) = $3 and c.state = $4 \
         order by c.submitted_at desc, c.id desc limit 1"
    );
    let row = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(of.last.0 - 1)
        .bind(of.requester.as_str())
        .bind(of.aim.as_str())
        .bind(of.state.as_str())
        .fetch_optional(&mut *conn)
        .await?;
    match row {
        Some(row) => Ok(listed(conn, &[row]).await?.pop()),
        None => Ok(None),
    }
}
