//! Parses the configuration from flags and the environment. Every flag has a `LEASTWISE_*` variable. Secrets may also
//! come from a file (`…_FILE`), never from the command line.

use std::{net::SocketAddr, path::PathBuf};

use clap::Args;
use domain::{ids::AccountId, time::Duration};
use ipnet::IpNet;
use thiserror::Error;
use url::Url;

use crate::{aws::Access, http::client_ip::network};

/// An invalid configuration value, and how to correct it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{field}: {cure}")]
pub struct ConfigError {
    /// The name of the variable.
    pub field: &'static str,
    /// One sentence on how to correct the value.
    pub cure: String,
}

/// The location of the data.
#[derive(Debug, Clone, Args)]
pub struct DatabaseArgs {
    /// `sqlite:PATH` or `postgres://USER:PASSWORD@HOST/NAME`.
    #[arg(
        long = "database",
        env = "LEASTWISE_DATABASE_URL",
        hide_env_values = true,
        default_value = "sqlite:leastwise.db"
    )]
    pub url: String,
    /// The folder of the ledger's signing key and of the checkpoints kept outside the database.
    #[arg(long = "keys", env = "LEASTWISE_KEYS", default_value = "keys")]
    pub keys: PathBuf,
    /// The name of the ledger, in every entry and checkpoint. Cannot be changed later. Defaults to the name in the
    /// database, and to `leastwise/ledger` for a new ledger.
    #[arg(long = "log-name", env = "LEASTWISE_LOG_NAME")]
    pub log_name: Option<String>,
}

/// The location of AWS.
#[derive(Debug, Clone, Args)]
pub struct AwsArgs {
    /// The primary Region of Identity Center.
    #[arg(
        long = "region",
        env = "LEASTWISE_AWS_REGION",
        default_value = "eu-west-1"
    )]
    pub region: String,
    /// An endpoint for all AWS services, such as that of the sandbox.
    #[arg(long = "aws-endpoint", env = "LEASTWISE_AWS_ENDPOINT")]
    pub endpoint: Option<Url>,
    /// The maximum calls per second to each AWS service. AWS allows 20 for all clients together.
    #[arg(long = "aws-tps", env = "LEASTWISE_AWS_TPS", default_value_t = 10.0)]
    pub calls_per_second: f64,
    /// Accounts that hold Leastwise or its Cognito pool; they count as production PCI.
    #[arg(
        long = "own-account",
        env = "LEASTWISE_OWN_ACCOUNTS",
        value_delimiter = ','
    )]
    pub own_accounts: Vec<String>,
}

/// The configuration of `leastwise serve`.
#[derive(Debug, Clone, Args)]
pub struct ServeArgs {
    /// The address and port to listen on.
    #[arg(long, env = "LEASTWISE_LISTEN", default_value = "127.0.0.1:3000")]
    pub listen: SocketAddr,
    /// The public URL: scheme, host, port.
    #[arg(long, env = "LEASTWISE_PUBLIC_URL")]
    pub public_url: Url,
    /// The ID of the Cognito user pool, such as `eu-west-1_AbCdEfGhI`.
    #[arg(long, env = "LEASTWISE_COGNITO_POOL")]
    pub pool: String,
    /// The issuer of the pool. Defaults to the one derived from its ID and Region.
    #[arg(long, env = "LEASTWISE_OIDC_ISSUER")]
    pub issuer: Option<String>,
    /// The issuer that identifies people. Must never change. Defaults to the issuer.
    #[arg(long, env = "LEASTWISE_OIDC_SUBJECT_ISSUER")]
    pub subject_issuer: Option<String>,
    /// Other forms of the same pool's issuer.
    #[arg(long, env = "LEASTWISE_OIDC_ACCEPTED_ISSUERS", value_delimiter = ',')]
    pub accepted_issuers: Vec<String>,
    /// The domain of the pool, such as `https://acme.auth.eu-west-1.amazoncognito.com`.
    #[arg(long, env = "LEASTWISE_COGNITO_DOMAIN")]
    pub cognito_domain: Option<Url>,
    /// The ID of the app client.
    #[arg(long, env = "LEASTWISE_OIDC_CLIENT_ID")]
    pub client_id: String,
    /// The secret of the app client.
    #[arg(skip)]
    pub client_secret: String,
    /// Cognito subjects of the first administrators: at least two people.
    #[arg(long, env = "LEASTWISE_ADMINISTRATORS", value_delimiter = ',')]
    pub administrators: Vec<String>,
    /// Cognito subjects of the first approvers.
    #[arg(long, env = "LEASTWISE_APPROVERS", value_delimiter = ',')]
    pub approvers: Vec<String>,
    /// Cognito subjects of auditors.
    #[arg(long, env = "LEASTWISE_AUDITORS", value_delimiter = ',')]
    pub auditors: Vec<String>,
    /// Minutes between two complete reads of AWS.
    #[arg(long, env = "LEASTWISE_CRAWL_MINUTES", default_value_t = 15)]
    pub crawl_minutes: u32,
    /// Proxies whose `X-Forwarded-For` is trusted, as addresses or networks.
    #[arg(long, env = "LEASTWISE_TRUSTED_PROXIES", value_delimiter = ',')]
    pub trusted_proxies: Vec<String>,
    /// The bearer token that allows reading `/metrics` from other machines.
    #[arg(skip)]
    pub metrics_token: String,
    #[command(flatten)]
    pub database: DatabaseArgs,
    #[command(flatten)]
    pub aws: AwsArgs,
}

impl AwsArgs {
    /// Returns the settings of the AWS clients. At another endpoint they use the key that the sandbox knows as that of
    /// Leastwise; at AWS, the credentials of the environment.
    pub fn access(&self) -> Access {
        let credentials = self
            .endpoint
            .as_ref()
            .map(|_| ("sandbox".to_owned(), "sandbox".to_owned()));
        Access {
            region: self.region.clone(),
            endpoint: self
                .endpoint
                .as_ref()
                .map(|url| url.as_str().trim_end_matches('/').to_owned()),
            credentials,
            calls_per_second: self.calls_per_second,
            pool_region: self.region.clone(),
        }
    }

    /// Returns the accounts that hold Leastwise.
    pub fn own(&self) -> Result<Vec<AccountId>, ConfigError> {
        self.own_accounts
            .iter()
            .map(|text| {
                AccountId::parse(text).map_err(|error| ConfigError {
                    field: "LEASTWISE_OWN_ACCOUNTS",
                    cure: error.to_string(),
                })
            })
            .collect()
    }
}

impl ServeArgs {
    /// Returns the issuer of the pool.
    pub fn issuer(&self) -> String {
        self.issuer.clone().unwrap_or_else(|| {
            format!(
                "https://cognito-idp.{}.amazonaws.com/{}",
                self.aws.region, self.pool
            )
        })
    }

    /// Returns the time between two syncs.
    pub fn crawl_every(&self) -> Duration {
        Duration::minutes(i64::from(self.crawl_minutes.max(1)))
    }

    /// Returns the proxies whose `X-Forwarded-For` is trusted.
    pub fn proxies(&self) -> Result<Vec<IpNet>, ConfigError> {
        let parse = |text: &String| {
            network(text).ok_or_else(|| {
                let shown: String = text.chars().take(60).collect();
                ConfigError {
                    field: "LEASTWISE_TRUSTED_PROXIES",
                    cure: format!("`{shown}` is not a network or an address: use a form such as 10.0.0.0/8 or 2001:db8::/32"),
                }
            })
        };
        self.trusted_proxies.iter().map(parse).collect()
    }

    /// Checks everything that requires no network access.
    pub fn check(&self) -> Result<(), ConfigError> {
        if self.client_secret.is_empty() {
            let cure =
                "set it, or set LEASTWISE_OIDC_CLIENT_SECRET_FILE to the path of a file that contains it".into();
            return Err(ConfigError {
                field: "LEASTWISE_OIDC_CLIENT_SECRET",
                cure,
            });
        }
        let local = self
            .public_url
            .host_str()
            .is_some_and(|host| host == "localhost" || host == "127.0.0.1");
        if self.public_url.scheme() != "https" && !local {
            let cure = "must be an https URL; http is allowed for this machine only".into();
            return Err(ConfigError {
                field: "LEASTWISE_PUBLIC_URL",
                cure,
            });
        }
        let mut administrators = self.administrators.clone();
        administrators.sort();
        administrators.dedup();
        if administrators.len() < 2 {
            let cure =
                "list the Cognito subjects of at least two people, because one administrator alone is not allowed"
                    .into();
            return Err(ConfigError {
                field: "LEASTWISE_ADMINISTRATORS",
                cure,
            });
        }
        self.proxies()?;
        self.aws.own().map(drop)
    }
}

/// Returns a secret from its variable, or from the file named in `…_FILE`.
pub fn secret(variable: &'static str) -> Result<String, ConfigError> {
    if let Ok(value) = std::env::var(variable) {
        return Ok(value);
    }
    match std::env::var(format!("{variable}_FILE")) {
        Ok(path) => std::fs::read_to_string(&path)
            .map(|text| text.trim_end_matches(['\r', '\n']).to_owned())
            .map_err(|error| ConfigError {
                field: variable,
                cure: format!("the file {path} cannot be read: {error}"),
            }),
        Err(_) => Ok(String::new()),
    }
}
