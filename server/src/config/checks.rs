//! Checks the configuration of `serve`, as far as no network access is needed. Finds every invalid value, so that an
//! operator corrects all of them at once.

use super::{
    ConfigError, ServeArgs,
    build::{self, SandboxBuild},
};
use crate::clock::Clock;

impl ServeArgs {
    /// Checks everything that requires no network access.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.problems().into_iter().next().map_or(Ok(()), Err)
    }

    /// Returns every invalid value that can be found without network access.
    pub fn problems(&self) -> Vec<ConfigError> {
        let checks = [
            self.check_client_secret(),
            self.check_public_url(),
            self.check_administrators(),
            self.proxies().map(drop),
            self.aws.removal_limits().map(drop),
            self.aws.mapping().map(drop),
            self.aws.analysis.check(Clock::System.now()),
            self.identities.alarm_percent().map(drop),
            self.database.engine_lease().map(drop),
            self.sign_in.check(),
            self.check_endpoint(),
            self.aws.own().map(drop),
        ];
        checks.into_iter().filter_map(Result::err).collect()
    }

    /// Checks that this build may call the AWS endpoint. Must hold before anything is called or created.
    pub fn check_endpoint(&self) -> Result<(), ConfigError> {
        self.aws.access()?;
        let allowed = if self.allow_sandbox_build {
            SandboxBuild::OnAws
        } else {
            SandboxBuild::OnSandboxOnly
        };
        build::check(self.aws.endpoint.as_ref(), allowed)
    }

    fn check_client_secret(&self) -> Result<(), ConfigError> {
        if !self.client_secret.is_empty() {
            return Ok(());
        }
        let cure =
            "set it, or set LEASTWISE_OIDC_CLIENT_SECRET_FILE to the path of a file that contains it".into();
        Err(ConfigError {
            field: "LEASTWISE_OIDC_CLIENT_SECRET",
            cure,
        })
    }

    fn check_public_url(&self) -> Result<(), ConfigError> {
        let local = self
            .public_url
            .host_str()
            .is_some_and(|host| host == "localhost" || host == "127.0.0.1");
        if self.public_url.scheme() == "https" || local {
            return Ok(());
        }
        let cure = "must be an https URL; http is allowed for this machine only".into();
        Err(ConfigError {
            field: "LEASTWISE_PUBLIC_URL",
            cure,
        })
    }

    fn check_administrators(&self) -> Result<(), ConfigError> {
        let mut administrators = self.administrators.clone();
        administrators.sort();
        administrators.dedup();
        if administrators.len() >= 2 {
            return Ok(());
        }
        let cure =
            "list the Cognito subjects of at least two people, because one administrator alone is not allowed"
                .into();
        Err(ConfigError {
            field: "LEASTWISE_ADMINISTRATORS",
            cure,
        })
    }
}
