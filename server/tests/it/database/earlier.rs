//! What a dump of SQLite says about an earlier version, to restore it on PostgreSQL: its migrations and its rows.

use std::{collections::BTreeSet, fs, path::Path};

use sqlx::{
    AssertSqlSafe, SqlSafeStr as _,
    migrate::{Migration, MigrationType, Migrator},
};

/// The start of the rows that list the migrations of the dump.
const APPLIED: &str = "INSERT INTO \"_sqlx_migrations\" VALUES(";

/// Returns the statements of a dump. A semicolon in a text ends none.
fn statements(dump: &str) -> impl Iterator<Item = &str> {
    let mut is_text = false;
    dump.split_inclusive(move |one| {
        is_text ^= one == '\'';
        one == ';' && !is_text
    })
    .map(str::trim)
}

/// Returns the statements that insert the rows of a dump, without those about migrations.
pub fn rows(dump: &str) -> impl Iterator<Item = &str> {
    statements(dump).filter(|one| one.starts_with("INSERT INTO") && !one.starts_with(APPLIED))
}

/// Returns the migrations for PostgreSQL that the version of the dump had.
pub fn migrator(dump: &str) -> Migrator {
    let applied: BTreeSet<i64> = statements(dump)
        .filter_map(|one| one.strip_prefix(APPLIED)?.split(',').next()?.parse().ok())
        .collect();
    assert!(!applied.is_empty(), "the dump lists its migrations");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations/postgres");
    let mut migrations: Vec<Migration> = Vec::new();
    for file in fs::read_dir(folder).expect("the migrations can be listed") {
        let path = file.expect("the migrations can be listed").path();
        let name = path.file_stem().and_then(|name| name.to_str());
        let (version, description) = name
            .and_then(|name| name.split_once('_'))
            .expect("migration names are `version_description`");
        let version = version.parse().expect("migration versions are numbers");
        if applied.contains(&version) {
            let sql = fs::read_to_string(&path).expect("a migration can be read");
            migrations.push(Migration::new(
                version,
                description.replace('_', " ").into(),
                MigrationType::Simple,
                AssertSqlSafe(sql).into_sql_str(),
                false,
            ));
        }
    }
    assert_eq!(
        migrations.len(),
        applied.len(),
        "PostgreSQL has every migration of the dump"
    );
    migrations.sort_by_key(|migration| migration.version);
    Migrator::with_migrations(migrations)
}
