//! Migrates a database to the schema of this build.
//!
//! SQLite has no migration lock: several processes that start on one empty file race (measured: 15 of 60 failed), so
//! there all migrations run inside one `BEGIN IMMEDIATE`.

use sqlx::{
    SqlStr,
    migrate::{Migration, MigrationType, Migrator},
};

use super::{DatabaseEngine, Store, StoreError, connect};

/// Embeds `migrations/{sqlite,postgres}/{name}.sql` for each name. `sqlx::migrate!` would do so without the list, but
/// its macro crate compiles both drivers, and SQLite itself, a second time.
macro_rules! embed {
    ($($name:literal,)+) => {
        const SQLITE: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../../migrations/sqlite/", $name, ".sql")))),+];
        const POSTGRES: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../../migrations/postgres/", $name, ".sql")))),+];
    };
}

embed! {
    "0001_ledger",
    "0002_observed",
    "0003_people",
    "0004_changes",
    "0005_engine",
    "0006_proof",
    "0007_seen_groups",
    "0008_grants_and_sessions",
    "0009_overdue",
    "0010_instance",
    "0011_identity_users",
    "0012_classification_mapping",
    "0013_link_keys",
    "0015_engine_item",
    "0016_change_items",
    "0017_account_declaration",
    "0018_agreed_links",
    "0019_ledger_mac",
    "0020_ledger_set_aside",
    "0021_job",
    "0022_entries_by_number",
    "0023_replicas",
    "0024_notify",
    "0025_never_read",
    "0026_ledger_projection",
}

/// A migrator over embedded files, with the versions and descriptions that sqlx derives from file names.
fn migrator(files: &[(&'static str, &'static str)]) -> Migrator {
    let migrations = files.iter().map(|(name, sql)| {
        let (version, description) = name
            .split_once('_')
            .expect("migration names are `version_description`");
        Migration::new(
            version.parse().expect("migration versions are numbers"),
            description.replace('_', " ").into(),
            MigrationType::Simple,
            SqlStr::from_static(sql),
            false,
        )
    });
    Migrator::with_migrations(migrations.collect())
}

impl Store {
    /// Applies the missing migrations. Idempotent.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        match self.engine {
            DatabaseEngine::Sqlite => {
                let mut tx = self.write().await?;
                migrator(SQLITE)
                    .run_direct(None, tx.conn().uncounted(), false)
                    .await?;
                tx.commit().await
            }
            DatabaseEngine::Postgres => {
                // sqlx takes an advisory lock, so that several processes migrate one after another. The connection has no
                // time limits, because a migration may take long and others wait for it; closing it releases the lock.
                let mut conn = connect::open(&self.url, &[]).await?;
                Ok(migrator(POSTGRES).run(&mut conn).await?)
            }
        }
    }
}

impl Store {
    /// Returns the number of migrations that [`migrate`](Self::migrate) would apply. Changes nothing. An error if a newer
    /// version of Leastwise has migrated the database.
    pub async fn missing_migrations(&self) -> Result<usize, StoreError> {
        let (exists, files) = match self.engine {
            DatabaseEngine::Sqlite => (
                "select count(*) from sqlite_master where type = 'table' and name = '_sqlx_migrations'",
                SQLITE,
            ),
            DatabaseEngine::Postgres => (
                "select count(*) from information_schema.tables where table_schema = current_schema() \
                 and table_name = '_sqlx_migrations'",
                POSTGRES,
            ),
        };
        let (tables,): (i64,) = sqlx::query_as(exists).fetch_one(self.read()).await?;
        let migrator = migrator(files);
        let known = migrator.iter().count();
        if tables == 0 {
            return Ok(known);
        }
        let applied: Vec<(i64,)> = sqlx::query_as("select version from _sqlx_migrations")
            .fetch_all(self.read())
            .await?;
        let newer = applied
            .iter()
            .find(|(version,)| !migrator.version_exists(*version));
        match newer {
            Some((version,)) => Err(StoreError::Inconsistent {
                table: "_sqlx_migrations",
                what: format!("this version of Leastwise has no migration {version}"),
            }),
            None => Ok(known.saturating_sub(applied.len())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_migration_file_is_embedded() {
        for (engine, embedded) in [("sqlite", SQLITE), ("postgres", POSTGRES)] {
            let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("../migrations")
                .join(engine);
            let mut files: Vec<String> = std::fs::read_dir(folder)
                .unwrap()
                .map(|file| file.unwrap().file_name().into_string().unwrap())
                .collect();
            files.sort();
            let names: Vec<String> = embedded
                .iter()
                .map(|(name, _)| format!("{name}.sql"))
                .collect();
            assert_eq!(files, names, "{engine}");
        }
    }
}
