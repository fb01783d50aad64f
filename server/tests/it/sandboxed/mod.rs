//! The server on the local AWS and Cognito, end to end: what the crawl holds, what the engine carries
//! out while AWS stumbles, what every route answers to whom, and that all forms of a report agree.

#![expect(
    clippy::unwrap_used,
    clippy::similar_names,
    clippy::match_bool,
    clippy::match_same_arms,
    clippy::unused_async,
    clippy::format_collect,
    reason = "a test may fail where its own world is wrong, and is written to be read as a story"
)]

mod begin;
mod company;
mod crawl;
mod engine_shell;
mod forged;
mod matrix;
mod past_leastwise;
mod reports;
mod site;

/// Runs each test on SQLite, and on PostgreSQL where `LEASTWISE_TEST_POSTGRES` names a server.
macro_rules! on_both_engines {
    ($($test:ident,)+) => {
        mod on_sqlite {
            use crate::{database::Database, sandboxed::company::Company};
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    let company = Company::on(Database::sqlite().await).await;
                    super::$test(&company).await;
                    company.close().await;
                }
            )+
        }
        mod on_postgres {
            use crate::{database::Database, sandboxed::company::Company};
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    let Some(database) = Database::postgres().await else { return };
                    let company = Company::on(database).await;
                    super::$test(&company).await;
                    company.close().await;
                }
            )+
        }
    };
}
pub(crate) use on_both_engines;
