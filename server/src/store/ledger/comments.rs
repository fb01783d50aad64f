//! Comments on changes: how many there are, by whom, and the number of the newest. What a page shows of them is in `listed`.

use domain::{ids::ChangeId, ledger::EventKind};

use super::{
    count_of,
    listed::{COMMENT, type_list},
    number,
};
use crate::store::{StoreConnection, StoreError};

const TYPES: [&str; 2] = [
    EventKind::ChangeCommented.as_str(),
    EventKind::ChangeAsked.as_str(),
];

/// A comment on a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredComment {
    /// The type of its entry.
    pub kind: String,
    /// The id of the person who wrote it.
    pub actor: Option<String>,
    /// Its text, unless it was erased.
    pub text: Option<String>,
}

/// Returns the number of the newest comment on a change; none without a comment.
pub async fn newest_comment(
    conn: &mut StoreConnection,
    change: &ChangeId,
) -> Result<Option<u64>, StoreError> {
    let sql = format!(
        "select max(seq) from ledger_entry where change_id = $1 and type in ({})",
        type_list(&TYPES)
    );
    let (seq,): (Option<i64>,) = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(change.as_str())
        .fetch_one(conn)
        .await?;
    seq.map(|seq| count_of("ledger_entry", seq)).transpose()
}

/// Returns the newest comments on a change, newest first, at most `limit` of them.
pub async fn comments_on(
    conn: &mut StoreConnection,
    change: &ChangeId,
    limit: u64,
) -> Result<Vec<StoredComment>, StoreError> {
    let sql = format!(
        "select e.type, e.actor, p.value from ledger_entry e \
         left join ledger_private p on p.seq = e.seq and p.path = '{COMMENT}' \
         where e.change_id = $1 and e.type in ({}) order by e.seq desc limit $2",
        type_list(&TYPES)
    );
    let rows: Vec<(String, Option<String>, Option<String>)> =
        sqlx::query_as(sqlx::AssertSqlSafe(sql))
            .bind(change.as_str())
            .bind(number(limit)?)
            .fetch_all(conn)
            .await?;
    let rows = rows.into_iter();
    Ok(rows
        .map(|(kind, actor, text)| StoredComment { kind, actor, text })
        .collect())
}
