//! A database for each test, on SQLite or on PostgreSQL.
//!
//! A template is created once per process and engine; each test gets a copy. The copy is removed when it is dropped,
//! also when the test panics. Databases that a killed run left behind are removed by the next run.

mod earlier;
mod files;
mod postgres;

use std::path::{Path, PathBuf};

use domain::engine::lease::LeaseLength;
pub use server::store::DatabaseEngine;
use server::{
    row_key::{KEY_FILE, RowKeys},
    store::{Durability, Store},
};
use sqlx::AssertSqlSafe;
use tokio::sync::OnceCell;

/// The migrated database of one test, and a folder for its files.
pub struct Database {
    pub store: Store,
    pub url: String,
    place: Place,
}

/// The location of a database. Dropping it removes the database.
struct Place {
    folder: files::Folder,
    /// The name on the PostgreSQL server; none for a file in the folder.
    on_server: Option<postgres::Name>,
}

/// A database that is only copied, never written to again.
pub struct Template {
    place: Place,
}

impl Database {
    /// Creates a database with the tables of this version and no rows.
    pub async fn fresh(engine: DatabaseEngine) -> Self {
        static MIGRATED: PerEngine<Template> = PerEngine::new();
        MIGRATED
            .get(engine, || async {
                let place = Place::new(engine).await;
                let database = place.open().await;
                database
                    .store
                    .migrate()
                    .await
                    .expect("an empty database migrates");
                database.into_template().await
            })
            .await
            .copy()
            .await
    }

    /// Creates a database as an earlier version left it, and upgrades it. `dump` is what SQLite prints. On PostgreSQL the
    /// migrations of that version create the tables, because the dump has none for it, and its rows are inserted.
    pub async fn upgraded(engine: DatabaseEngine, dump: &str) -> Self {
        let database = Place::new(engine).await.open().await;
        match engine {
            DatabaseEngine::Sqlite => {
                let all = sqlx::raw_sql(AssertSqlSafe(dump.to_owned()));
                let done = all.execute(database.store.read()).await;
                done.expect("a dump is restored");
            }
            DatabaseEngine::Postgres => {
                let created = earlier::migrator(dump)
                    .run(database.store.read().pool())
                    .await;
                created.expect("the tables of an earlier version are created");
                for row in earlier::rows(dump) {
                    database.by_hand(row).await.expect("a row is inserted");
                }
            }
        }
        let migrated = database.store.migrate().await;
        migrated.expect("the database of an earlier version migrates");
        database
    }

    /// Closes all connections, so that the database can be copied.
    pub async fn into_template(self) -> Template {
        self.store.close().await;
        // The last connection to a SQLite file moves the write-ahead log into it.
        assert!(!self.place.file().with_extension("db-wal").exists());
        Template { place: self.place }
    }

    /// Opens the database once more, as another process does.
    pub async fn open_again(&self) -> Store {
        open(&self.url).await
    }

    /// Returns a folder for files of this test.
    pub fn folder(&self) -> &Path {
        self.place.folder.path()
    }

    /// Runs a statement with full rights to the database.
    pub async fn by_hand(&self, statement: &str) -> Result<u64, sqlx::Error> {
        let done = sqlx::query(AssertSqlSafe(statement.to_owned()))
            .execute(self.store.read())
            .await?;
        Ok(done.rows_affected())
    }
}

impl Template {
    pub async fn copy(&self) -> Database {
        let folder = files::Folder::new();
        let on_server = if let Some(name) = &self.place.on_server {
            Some(name.copy().await)
        } else {
            std::fs::copy(self.place.file(), folder.path().join(FILE))
                .expect("a template is a file that can be copied");
            None
        };
        Place { folder, on_server }.open().await
    }
}

/// The row key of every test.
pub const ROW_KEY: &str = "7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a";

pub fn row_keys() -> RowKeys {
    RowKeys::parse(ROW_KEY).expect("it has the form of a key")
}

/// Writes the file of the row key to a folder of keys.
pub fn write_row_key(keys: &Path) {
    std::fs::create_dir_all(keys).expect("the folder of a test is writable");
    std::fs::write(keys.join(KEY_FILE), ROW_KEY).expect("the folder of a test is writable");
}

/// The name of the SQLite file in the folder.
const FILE: &str = "leastwise.db";

impl Place {
    async fn new(engine: DatabaseEngine) -> Self {
        Self {
            folder: files::Folder::new(),
            on_server: match engine {
                DatabaseEngine::Sqlite => None,
                DatabaseEngine::Postgres => Some(postgres::Name::create().await),
            },
        }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join(FILE)
    }

    async fn open(self) -> Database {
        let url = match &self.on_server {
            Some(name) => name.url(),
            None => format!("sqlite:{}", self.file().display()),
        };
        Database {
            store: open(&url).await,
            url,
            place: self,
        }
    }
}

async fn open(url: &str) -> Store {
    Store::open_with(url, Durability::Process, LeaseLength::DEFAULT)
        .await
        .expect("a test's database opens")
        .with_row_keys(row_keys())
}

/// One value per engine, computed when it is first used.
pub struct PerEngine<T> {
    sqlite: OnceCell<T>,
    postgres: OnceCell<T>,
}

impl<T> PerEngine<T> {
    pub const fn new() -> Self {
        Self {
            sqlite: OnceCell::const_new(),
            postgres: OnceCell::const_new(),
        }
    }

    pub async fn get<F: Future<Output = T>>(
        &self,
        engine: DatabaseEngine,
        make: impl FnOnce() -> F,
    ) -> &T {
        let cell = match engine {
            DatabaseEngine::Sqlite => &self.sqlite,
            DatabaseEngine::Postgres => &self.postgres,
        };
        cell.get_or_init(make).await
    }
}
