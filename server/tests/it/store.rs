//! Guarantees of the store for every database that it opens.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use domain::engine::lease::LeaseLength;
use server::store::{Durability, Store};

use crate::database::{Database, DatabaseEngine};

crate::engines::on_both_engines! {
    a_second_migration_does_nothing_and_the_ledger_refuses_to_be_edited,
    a_commit_survives_a_power_failure_unless_a_test_says_otherwise,
}

async fn a_second_migration_does_nothing_and_the_ledger_refuses_to_be_edited(
    engine: DatabaseEngine,
) {
    let database = Database::fresh(engine).await;
    database.store.migrate().await.unwrap();
    for (statement, allowed) in [
        ("insert into ledger_hash (idx, hash) values (0, 'a')", true),
        ("update ledger_hash set hash = 'b'", false),
        ("delete from ledger_hash", false),
    ] {
        let done = database.by_hand(statement).await;
        assert_eq!(done.is_ok(), allowed, "{statement}");
    }
}

/// Returns the setting that controls what a commit waits for.
async fn setting(store: &Store) -> String {
    let ask = match store.engine() {
        DatabaseEngine::Sqlite => "select cast(synchronous as text) from pragma_synchronous",
        DatabaseEngine::Postgres => "show synchronous_commit",
    };
    sqlx::query_scalar(ask)
        .fetch_one(store.read())
        .await
        .unwrap()
}

async fn a_commit_survives_a_power_failure_unless_a_test_says_otherwise(engine: DatabaseEngine) {
    let database = Database::fresh(engine).await;
    let production = Store::open(&database.url).await.unwrap();
    let full = Store::open_with(&database.url, Durability::Full, LeaseLength::DEFAULT)
        .await
        .unwrap();
    assert_eq!(setting(&production).await, setting(&full).await);
    match engine {
        // FULL, and OFF.
        DatabaseEngine::Sqlite => {
            assert_eq!(setting(&production).await, "2");
            assert_eq!(setting(&database.store).await, "0");
        }
        // `Full` keeps the configuration of the PostgreSQL server, which a test cannot assume.
        DatabaseEngine::Postgres => assert_eq!(setting(&database.store).await, "off"),
    }
    production.close().await;
    full.close().await;
}

#[tokio::test]
async fn a_file_whose_url_is_percent_encoded_is_found_and_opened() {
    let folder = std::env::temp_dir().join(format!("leastwise My Data {}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let encoded = folder.display().to_string().replace(' ', "%20");
    let url = format!("sqlite:{encoded}/a.db");
    assert!(Store::open_existing(&url).await.unwrap().is_none());
    Store::open(&url).await.unwrap().close().await;
    assert!(folder.join("a.db").is_file());
    let opened = Store::open_existing(&url).await.unwrap().unwrap();
    opened.close().await;
    std::fs::remove_dir_all(&folder).unwrap();
}
