//! Migrates a database to the schema of this build.
//!
//! SQLite has no migration lock: several processes that start on one empty file race (measured: 15 of 60 failed), so
//! there all migrations run inside one `BEGIN IMMEDIATE`.

use sqlx::migrate::Migrator;

use super::{Engine, Store, StoreError};

static SQLITE: Migrator = sqlx::migrate!("../migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("../migrations/postgres");

impl Store {
    /// Applies the missing migrations. Idempotent.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        match self.engine {
            Engine::Sqlite => {
                let mut tx = self.write().await?;
                SQLITE.run_direct(None, tx.conn(), false).await?;
                tx.commit().await
            }
            Engine::Postgres => {
                // A failed migration leaves its advisory lock on the pooled connection. The caller exits on error,
                // which releases it.
                Ok(POSTGRES.run(&self.pool).await?)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_second_migration_does_nothing_and_the_ledger_refuses_to_be_edited() {
        let store = Store::open("sqlite::memory:").await.unwrap();
        store.migrate().await.unwrap();
        store.migrate().await.unwrap();
        let mut tx = store.write().await.unwrap();
        sqlx::query("insert into ledger_hash (idx, hash) values (0, 'a')")
            .execute(tx.conn())
            .await
            .unwrap();
        assert!(
            sqlx::query("update ledger_hash set hash = 'b'")
                .execute(tx.conn())
                .await
                .is_err()
        );
        assert!(
            sqlx::query("delete from ledger_hash")
                .execute(tx.conn())
                .await
                .is_err()
        );
    }
}
