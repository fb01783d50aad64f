//! The Identity Center instance from which this database was read.

use domain::{ids::InstanceArn, time::Timestamp};
use sqlx::Row as _;

use super::{StoreConnection, StoreError, Tx};

/// Returns the ARN of the recorded instance. A database that was read before instances were recorded has permission
/// sets, whose ARNs contain the id of their instance; then one of these is returned.
pub async fn recorded(conn: &mut StoreConnection) -> Result<Option<String>, StoreError> {
    for sql in [
        "select arn from identity_center limit 1",
        "select arn from permission_set limit 1",
    ] {
        if let Some(row) = sqlx::query(sql).fetch_optional(&mut *conn).await? {
            return Ok(Some(row.try_get("arn")?));
        }
    }
    Ok(None)
}

/// Records the instance, if none is recorded yet.
pub async fn record(tx: &mut Tx, arn: &InstanceArn, at: Timestamp) -> Result<(), StoreError> {
    let known = sqlx::query("select arn from identity_center limit 1")
        .fetch_optional(tx.conn())
        .await?;
    if known.is_some() {
        return Ok(());
    }
    sqlx::query("insert into identity_center (arn, recorded_at) values ($1, $2)")
        .bind(arn.as_str())
        .bind(at.0)
        .execute(tx.conn())
        .await?;
    Ok(())
}
