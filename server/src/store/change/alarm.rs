//! Changes that raised an alarm, counted for the home page.
//!
//! The counts are made by the database, so that a flood of such changes costs the page no more than a few.

use domain::{
    change::{Aim, State},
    ids::{ChangeId, PersonId},
    time::Timestamp,
};

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
    /// The newest.
    pub newest: ChangeId,
}

/// What an alarm is counted and found by. The engines share one SQL text; an empty requester matches everybody.
const ALARMED: &str = "from change_target a join change c on c.id = a.change_id left join change_target m \
     on m.change_id = c.id and m.kind = 'aim' where a.kind = 'alarm' and a.value = 'removal' \
     and c.submitted_at > $1 and ($2 = '' or c.requester = $2)";

/// Counts the changes with an alarm that were submitted after an instant, of everybody or of one requester.
pub async fn alarm_counts(
    conn: &mut StoreConnection,
    requester: Option<&PersonId>,
    since: Timestamp,
) -> Result<Vec<AlarmCount>, StoreError> {
    let sql = format!(
        "select requester, aim, state, alike, submitted_at, id from (select c.requester, c.state, c.submitted_at, c.id, \
         coalesce(m.value, '') as aim, \
         count(*) over (partition by c.requester, coalesce(m.value, ''), c.state) as alike, \
         row_number() over (partition by c.requester, coalesce(m.value, ''), c.state \
         order by c.submitted_at desc, c.id desc) as place {ALARMED}) alarmed where place = 1"
    );
    let rows: Vec<(String, String, String, i64, i64, String)> =
        sqlx::query_as(sqlx::AssertSqlSafe(sql))
            .bind(since.0)
            .bind(requester.map_or("", |person| person.as_str()))
            .fetch_all(conn)
            .await?;
    let count = |(requester, aim, state, count, last, newest): (
        String,
        String,
        String,
        i64,
        i64,
        String,
    )| {
        Ok(AlarmCount {
            requester: id("change", &requester)?,
            aim: Aim::from_word(&aim).unwrap_or(Aim::RemoveBoth),
            state: State::from_word(&state).ok_or(StoreError::Inconsistent {
                table: "change",
                what: state,
            })?,
            count: usize::try_from(count).unwrap_or(usize::MAX),
            last: Timestamp(last),
            newest: id("change", &newest)?,
        })
    };
    rows.into_iter().map(count).collect()
}
