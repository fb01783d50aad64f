//! Databases on the PostgreSQL server that `LEASTWISE_TEST_POSTGRES` names.
//!
//! Two connections, each on a separate thread, serve all tests of the process. One creates databases, because
//! PostgreSQL allows only one copy of a template at a time, and one drops them. Both have the name of this run as
//! application name, so that another run can detect databases that were left behind.

use std::{
    sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering},
        mpsc,
    },
    thread,
};

use server::clock;
use sqlx::{AssertSqlSafe, Connection as _, Row as _};
use tokio::sync::{mpsc as tasks, oneshot};
use url::Url;

const VARIABLE: &str = "LEASTWISE_TEST_POSTGRES";
const PREFIX: &str = "leastwise_test_";

struct Server {
    url: Url,
    /// The prefix of the names of this process's databases.
    run: String,
    creates: tasks::UnboundedSender<Task>,
    drops: tasks::UnboundedSender<Task>,
}

struct Task {
    statement: String,
    done: Box<dyn FnOnce(Result<(), sqlx::Error>) + Send>,
}

/// Returns the server that all tests of this process use. Panics with the reason if it is not available.
fn server() -> &'static Server {
    static SERVER: LazyLock<Result<Server, String>> = LazyLock::new(Server::connect);
    match &*SERVER {
        Ok(server) => server,
        Err(reason) => panic!("{reason}"),
    }
}

impl Server {
    fn connect() -> Result<Self, String> {
        let url = std::env::var(VARIABLE).map_err(|_| {
            format!(
                "{VARIABLE} is not set: run `cargo xtask test`, which starts a PostgreSQL, or set the variable to the \
                 URL of a database whose user may create others"
            )
        })?;
        let url = Url::parse(&url).map_err(|error| format!("{VARIABLE} is not a URL: {error}"))?;
        let run = format!("{PREFIX}{}", &hex::encode(clock::random())[..16]);
        let connect = || {
            let opened = connection(&url, &run);
            opened.map_err(|error| format!("{VARIABLE} does not respond: {error}"))
        };
        Ok(Self {
            creates: connect()?,
            drops: connect()?,
            url,
            run,
        })
    }
}

/// Opens a connection on a separate thread, which outlives the runtime of any test. It drops the databases of ended
/// runs before its first task.
fn connection(url: &Url, run: &str) -> Result<tasks::UnboundedSender<Task>, sqlx::Error> {
    let (sender, mut receiver) = tasks::unbounded_channel::<Task>();
    let (url, run) = (url.to_string(), run.to_owned());
    let (ready, connected) = mpsc::channel();
    let work = async move {
        sqlx::any::install_default_drivers();
        let opened = async {
            let mut connection = sqlx::AnyConnection::connect(&url).await?;
            let name = format!("set application_name = '{run}'");
            sqlx::query(AssertSqlSafe(name))
                .execute(&mut connection)
                .await?;
            drop_left_behind(&mut connection).await?;
            Ok::<_, sqlx::Error>(connection)
        };
        let mut connection = match opened.await {
            Ok(connection) => connection,
            Err(error) => return drop(ready.send(Err(error))),
        };
        let _ = ready.send(Ok(()));
        while let Some(task) = receiver.recv().await {
            let done = sqlx::query(AssertSqlSafe(task.statement))
                .execute(&mut connection)
                .await;
            (task.done)(done.map(drop));
        }
    };
    thread::spawn(|| {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime starts")
            .block_on(work);
    });
    connected.recv().expect("the thread responds")?;
    Ok(sender)
}

/// Drops the databases of runs that have no open connection.
async fn drop_left_behind(connection: &mut sqlx::AnyConnection) -> Result<(), sqlx::Error> {
    let left = format!(
        "select datname::text from pg_database where starts_with(datname::text, '{PREFIX}') and not exists \
         (select 1 from pg_stat_activity where application_name = substring(datname::text, '^{PREFIX}[0-9a-f]+'))"
    );
    let rows = sqlx::query(AssertSqlSafe(left))
        .fetch_all(&mut *connection)
        .await?;
    for row in rows {
        let drop = format!(
            "drop database if exists {} with (force)",
            row.get::<String, _>(0)
        );
        // Another run may drop it at the same time.
        let _ = sqlx::query(AssertSqlSafe(drop))
            .execute(&mut *connection)
            .await;
    }
    Ok(())
}

/// The name of a database of this process. Dropping it drops the database.
pub struct Name(String);

impl Name {
    pub async fn create() -> Self {
        Self::made("template0").await
    }

    /// Copies this database. It must have no open connection.
    pub async fn copy(&self) -> Self {
        Self::made(&self.0).await
    }

    async fn made(template: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}_{number}", server().run);
        // Copying files takes half the time of copying blocks through the log, which nothing here reads.
        let statement = format!("create database {name} template {template} strategy file_copy");
        let (done, created) = oneshot::channel();
        let task = Task {
            statement,
            done: Box::new(|result| drop(done.send(result))),
        };
        let sent = server().creates.send(task);
        assert!(sent.is_ok(), "the thread runs");
        created
            .await
            .expect("the thread runs")
            .unwrap_or_else(|error| {
                panic!("the user in {VARIABLE} cannot create a database: {error}")
            });
        Self(name)
    }

    pub fn url(&self) -> String {
        let mut url = server().url.clone();
        url.set_path(&self.0);
        url.into()
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        let (done, dropped) = mpsc::channel();
        let task = Task {
            statement: format!("drop database if exists {} with (force)", self.0),
            done: Box::new(move |result| drop(done.send(result))),
        };
        if server().drops.send(task).is_ok() {
            // The next run drops it if this fails.
            let _ = dropped.recv();
        }
    }
}
