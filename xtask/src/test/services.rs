//! Provides what the tests depend on: PostgreSQL, moto, and the packages of the browser tests. Packages are downloaded
//! during compilation. The main thread starts the servers, and the kernel stops them when it ends.

use std::thread::{self, JoinHandle};

use super::{
    browser, moto,
    postgres::Cluster,
    python::Environment,
    run_folder::RunFolder,
    tools::{self, Tools},
};
use crate::process::Failure;

/// The tools, and packages that are being downloaded.
pub struct Preparation {
    tools: Tools,
    npm: JoinHandle<Result<(), Failure>>,
    python: JoinHandle<Result<Environment, Failure>>,
}

/// The running services, and the environment variables with which tests find them.
pub struct Services {
    pub tools: Tools,
    pub environment: Vec<(String, String)>,
    _postgres: Cluster,
    _moto: moto::Moto,
}

/// Finds the tools and starts downloading the packages.
pub fn prepare() -> Result<Preparation, Failure> {
    Ok(Preparation {
        tools: tools::find()?,
        npm: thread::spawn(browser::install_packages),
        python: thread::spawn(moto::environment),
    })
}

impl Preparation {
    /// Waits for the packages, then starts the servers.
    pub fn start(self, folder: &RunFolder) -> Result<Services, Failure> {
        joined(self.npm)?;
        let python = joined(self.python)?;
        let postgres = Cluster::start(self.tools.postgres.as_deref(), folder)?;
        let moto = moto::Moto::start(&python)?;
        let variable = |name: &str, value: String| (name.to_owned(), value);
        Ok(Services {
            environment: vec![
                variable("LEASTWISE_TEST_POSTGRES", postgres.url().to_owned()),
                variable("LEASTWISE_TEST_MOTO", moto.url()),
                variable(
                    "LEASTWISE_TEST_PYTHON",
                    python.python().display().to_string(),
                ),
            ],
            tools: self.tools,
            _postgres: postgres,
            _moto: moto,
        })
    }
}

/// Waits for work on another thread.
pub(super) fn joined<T>(work: JoinHandle<Result<T, Failure>>) -> Result<T, Failure> {
    work.join()
        .unwrap_or_else(|_| Err(Failure::new("xtask panicked; see the lines above")))
}
