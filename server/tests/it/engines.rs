//! The macro with which every test that uses a database runs on SQLite and on PostgreSQL.

use crate::database::DatabaseEngine;

/// Generates two tests for each function, `on_sqlite::NAME` and `on_postgres::NAME`. A function takes the engine.
/// Functions listed after `&TYPE:` take a reference to the value of `TYPE::on(engine)`, whose `close()` runs at the end.
///
/// PostgreSQL is not on every machine, so `cargo test` reports its tests as ignored; `cargo xtask test` starts a
/// PostgreSQL and runs them. A function that is in no list is dead code, which is a warning.
macro_rules! on_both_engines {
    ($($test:ident,)* $(&$scene:ident: $($with_scene:ident,)+)?) => {
        $crate::engines::on_both_engines! {
            @tests
            $(($test, super::$test))*
            $($(($with_scene, $crate::engines::on_both_engines!(@with $scene $with_scene)))+)?
        }
    };
    (@with $scene:ident $test:ident) => {
        async |engine| {
            let scene = super::$scene::on(engine).await;
            super::$test(&scene).await;
            scene.close().await;
        }
    };
    (@tests $(($test:ident, $body:expr))+) => {
        mod on_sqlite {
            $(
                #[test]
                fn $test() {
                    $crate::engines::run($crate::database::DatabaseEngine::Sqlite, $body);
                }
            )+
        }
        mod on_postgres {
            $(
                #[test]
                #[ignore = "needs PostgreSQL; run by cargo xtask test"]
                fn $test() {
                    $crate::engines::run($crate::database::DatabaseEngine::Postgres, $body);
                }
            )+
        }
    };
}
pub(crate) use on_both_engines;

/// Generates the test `on_postgres::NAME` for each function that concerns several processes, because one process serves a
/// SQLite database.
macro_rules! on_postgres {
    (&$scene:ident: $($test:ident,)+) => {
        mod on_postgres {
            $(
                #[test]
                #[ignore = "needs PostgreSQL; run by cargo xtask test"]
                fn $test() {
                    let engine = $crate::database::DatabaseEngine::Postgres;
                    $crate::engines::run(engine, async |engine| {
                        let scene = super::$scene::on(engine).await;
                        super::$test(&scene).await;
                        scene.close().await;
                    });
                }
            )+
        }
    };
}
pub(crate) use on_postgres;

/// Runs one test on a separate runtime.
pub fn run(engine: DatabaseEngine, test: impl AsyncFnOnce(DatabaseEngine)) {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime starts")
        .block_on(test(engine));
}
