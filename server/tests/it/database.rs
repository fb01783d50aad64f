//! A fresh database for a test, on SQLite or on PostgreSQL.

use std::path::{Path, PathBuf};

use server::{clock, store::Store};
use sqlx::AssertSqlSafe;
use url::Url;

/// A fresh, migrated database and a folder of its own.
pub struct Database {
    pub store: Store,
    pub url: String,
    folder: PathBuf,
    /// Server and name, where it is to be dropped at the end.
    cluster: Option<(String, String)>,
}

impl Database {
    /// A file; not memory, so that another connection can open it.
    pub async fn sqlite() -> Self {
        let folder = folder();
        let url = format!("sqlite:{}", folder.join("leastwise.db").display());
        Self::open(url, folder, None).await
    }

    /// A database on `LEASTWISE_TEST_POSTGRES`; nothing where that is not set.
    pub async fn postgres() -> Option<Self> {
        let cluster = std::env::var("LEASTWISE_TEST_POSTGRES").ok()?;
        let name = format!("leastwise_{}", clock::row_id().replace('-', ""));
        administer(&cluster, format!("create database {name}")).await;
        let mut url = Url::parse(&cluster).expect("LEASTWISE_TEST_POSTGRES is a URL");
        url.set_path(&name);
        Some(Self::open(url.into(), folder(), Some((cluster, name))).await)
    }

    async fn open(url: String, folder: PathBuf, cluster: Option<(String, String)>) -> Self {
        let store = Store::open(&url).await.expect("a fresh database opens");
        store.migrate().await.expect("a fresh database migrates");
        Self {
            store,
            url,
            folder,
            cluster,
        }
    }

    /// A folder for files of this test.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Runs a statement as somebody with every right.
    pub async fn by_hand(&self, statement: &str) -> Result<u64, sqlx::Error> {
        let done = sqlx::query(AssertSqlSafe(statement.to_owned()))
            .execute(self.store.read())
            .await?;
        Ok(done.rows_affected())
    }

    /// Takes the database away. A test that fails leaves it, to be looked at.
    pub async fn drop_it(self) {
        self.store.close().await;
        if let Some((cluster, name)) = &self.cluster {
            administer(cluster, format!("drop database {name} with (force)")).await;
        }
        std::fs::remove_dir_all(&self.folder).expect("the test's folder can be removed");
    }
}

fn folder() -> PathBuf {
    let folder = std::env::temp_dir().join(format!("leastwise-test-{}", clock::row_id()));
    std::fs::create_dir_all(&folder).expect("the folder for temporary files is writable");
    folder
}

async fn administer(cluster: &str, statement: String) {
    let server = Store::open(cluster)
        .await
        .expect("LEASTWISE_TEST_POSTGRES answers");
    sqlx::query(AssertSqlSafe(statement))
        .execute(server.read())
        .await
        .expect("its user may create databases");
    server.close().await;
}
