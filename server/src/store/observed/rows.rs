//! Multi-row inserts. `QueryBuilder<Any>` writes `?`, which PostgreSQL rejects, so the placeholders are generated here;
//! values are always bound.

use sqlx::AssertSqlSafe;

use crate::store::{StoreError, Tx};

/// One bound value.
pub(super) enum Value {
    Text(String),
    Number(i64),
}

/// Rows that are created when their statement is built, because a large organization has hundreds of thousands.
pub(super) type Rows<'a> = Box<dyn Iterator<Item = Vec<Value>> + Send + 'a>;

/// Inserts rows, split into statements that stay below the parameter limits of both engines.
pub(super) async fn insert(
    tx: &mut Tx,
    into: &'static str,
    columns: usize,
    suffix: &'static str,
    rows: Rows<'_>,
) -> Result<(), StoreError> {
    let mut rows = rows.peekable();
    while rows.peek().is_some() {
        let chunk: Vec<Vec<Value>> = rows.by_ref().take(900 / columns).collect();
        let placeholders: Vec<String> = (0..chunk.len())
            .map(|row| {
                let row: Vec<String> = (1..=columns)
                    .map(|column| format!("${}", row * columns + column))
                    .collect();
                format!("({})", row.join(", "))
            })
            .collect();
        // The statement contains only constants and placeholders.
        let sql = format!(
            "insert into {into} values {} {suffix}",
            placeholders.join(", ")
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for value in chunk.into_iter().flatten() {
            query = match value {
                Value::Text(text) => query.bind(text),
                Value::Number(number) => query.bind(number),
            };
        }
        query.execute(tx.conn()).await?;
    }
    Ok(())
}
