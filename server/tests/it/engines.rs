//! Every test that uses a database runs on both engines.

use crate::database::Engine;

/// Makes two tests of each function, `on_sqlite::NAME` and `on_postgres::NAME`. A function takes the engine; those that
/// stand after `&TYPE:` take what `TYPE::on(engine)` makes, which is closed at the end by `close()`.
///
/// PostgreSQL is not on every machine, so its tests are ignored by `cargo test`, which says so; `cargo xtask test`
/// starts a PostgreSQL and runs them. A function that stands in no list is dead code, which is a warning.
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
                    $crate::engines::run($crate::database::Engine::Sqlite, $body);
                }
            )+
        }
        mod on_postgres {
            $(
                #[test]
                #[ignore = "needs PostgreSQL; run by cargo xtask test"]
                fn $test() {
                    $crate::engines::run($crate::database::Engine::Postgres, $body);
                }
            )+
        }
    };
}
pub(crate) use on_both_engines;

/// Runs one test on a runtime of its own.
pub fn run(engine: Engine, test: impl AsyncFnOnce(Engine)) {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime starts")
        .block_on(test(engine));
}
